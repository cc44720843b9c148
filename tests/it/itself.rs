//! What the program tells of itself: for shells, for `man`, for editors; and which Pythons it sees.

use std::path::Path;

use crate::case::Case;
use crate::json;
use crate::judges;
use crate::place::{self, IRONWHEEL};
use crate::shell::Shell;

fn said(arguments: &[&str]) -> String {
    let answer = Shell::new(IRONWHEEL).args(arguments.iter().copied()).run();
    assert_eq!(answer.stderr, "", "{}", answer.line);
    answer.succeeded()
}

#[test]
fn the_schema_in_docs_is_the_one_that_the_program_prints() {
    let path = place::repository().join("docs/ironwheel.schema.json");
    let kept = std::fs::read_to_string(path).expect("docs/ironwheel.schema.json");
    assert!(
        kept == said(&["schema"]),
        "write it again: `ironwheel schema > docs/ironwheel.schema.json`"
    );
}

/// What a JSON schema's own library says of the schema, and of one pyproject.toml after the other.
const VALIDATOR: &str = "
import json, sys, tomllib
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
for path in sys.argv[2:]:
    errors = sorted(Draft7Validator(schema).iter_errors(tomllib.load(open(path, 'rb'))), key=str)
    print('; '.join('.'.join(map(str, error.absolute_path)) + ': ' + error.message for error in errors) or 'good')
";

/// Each file that the validator looks at, with what it says.
fn validated(folder: &Path, texts: &[&str]) -> Vec<String> {
    let mut call = judges::judge_named("python")
        .args(["-c", VALIDATOR])
        .arg(place::repository().join("docs/ironwheel.schema.json"));
    for (index, text) in texts.iter().enumerate() {
        let path = folder.join(format!("{index}.toml"));
        std::fs::write(&path, text).expect("a file");
        call = call.arg(path);
    }
    call.run().succeeded().lines().map(str::to_owned).collect()
}

/// Whether the program itself takes the settings, as far as they can be told without a crate that fits them.
fn taken(text: &str) -> bool {
    let case = Case::of("no-pyproject");
    case.write("pyproject.toml", text);
    let answer = case.ironwheel(["plan", "--locked"]).run();
    !["is not a setting", "must be", "has no `"].iter().any(|words| {
        answer
            .stderr
            .lines()
            .any(|line| line.starts_with("error: `tool.") && line.contains(words))
    })
}

#[test]
fn the_schema_and_the_program_agree_on_what_is_good() {
    let good = [
        "",
        "[tool.ironwheel]\nstrip = true\nfeatures = [\"a\", { feature = \"b\", python-version = \">=3.11\" }]\n",
        "[tool.maturin]\nauditwheel = \"skip\"\nno-such-key = 1\n",
        "[tool.ironwheel]\nbins = true\ninclude = [{ path = \"*.txt\", format = [\"sdist\"] }]\n",
        "[tool.ironwheel]\nbins = [\"tool\"]\nbuild-tag = \"1\"\nexclude-libs = [\"cuda\"]\n",
        "[tool.maturin.target.aarch64-apple-darwin]\nmacos-deployment-target = \"11.0\"\n",
        "[tool.maturin]\ntargets = [{ name = \"x\", kind = \"cdylib\", bindings = \"pyo3\" }]\n",
    ];
    let bad = [
        "[tool.ironwheel]\nno-such-key = 1\n",
        "[tool.ironwheel]\nstrip = \"yes\"\n",
        "[tool.maturin]\nstrip = 1\n",
        "[tool.maturin]\nauditwheel = \"never\"\n",
        "[tool.ironwheel]\ninclude = [{ path = \"*.txt\", form = \"sdist\" }]\n",
        "[tool.ironwheel]\ninclude = [{ format = \"sdist\" }]\n",
        "[tool.maturin]\ninclude = [3]\n",
        "[tool.ironwheel]\nbins = \"tool\"\n",
        "[tool.ironwheel]\nextensions = [{ module = \"a._b\" }]\n",
        "[tool.ironwheel]\nversion = { hg = true }\n",
        "[tool.maturin.target.aarch64-apple-darwin]\nmacos-deployment-target = 11.0\n",
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (text, said) in good.iter().zip(validated(folder.path(), &good)) {
        assert_eq!(said, "good", "{text}");
        assert!(taken(text), "{text}");
    }
    for (text, said) in bad.iter().zip(validated(folder.path(), &bad)) {
        assert_ne!(said, "good", "{text}");
        assert!(!taken(text), "{text}");
    }
}

#[test]
fn completions_are_there_for_every_shell() {
    for (shell, part) in [
        ("bash", "complete -F _ironwheel"),
        ("elvish", "set edit:completion:arg-completer[ironwheel]"),
        ("fish", "complete -c ironwheel"),
        ("powershell", "Register-ArgumentCompleter"),
        ("zsh", "#compdef ironwheel"),
    ] {
        let script = said(&["completions", shell]);
        assert!(script.contains(part), "{shell}: {script}");
        assert!(script.contains("manifest-path"), "{shell}");
    }
}

#[test]
fn completions_complete() {
    let script = "source <(\"$1\" completions bash)
COMP_WORDS=(ironwheel build --manif) COMP_CWORD=2 COMP_LINE='ironwheel build --manif'
_ironwheel ironwheel --manif build
echo \"${COMPREPLY[@]}\"";
    let said = Shell::new("bash").args(["-c", script, "bash", IRONWHEEL]).run();
    assert_eq!(said.stderr, "");
    assert_eq!(said.succeeded(), "--manifest-path\n");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    for command in ["completions zsh", "man", "schema"] {
        let script = format!("set -o pipefail; \"$1\" {command} | head -n 1");
        let answer = Shell::new("bash").args(["-c", &script, "bash", IRONWHEEL]).run();
        assert_eq!(answer.stderr, "", "{command}");
        assert_eq!(answer.succeeded().lines().count(), 1, "{command}");
    }
}

#[test]
fn manual_pages_are_written_as_man_wants_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("share/man/man1");
    let told = said(&["man", "--out", out.to_str().expect("UTF-8")]);
    let pages: Vec<&str> = told.lines().collect();
    assert!(pages.len() > 10, "{told}");
    for page in pages {
        let rendered = Shell::new("groff")
            .args(["-man", "-Tascii", "-P-cbou", "-ww", "-rLL=80n", page])
            .run();
        // Letters, not overstruck ones: what the program says is looked at, not how it looks.
        assert_eq!(rendered.stderr, "", "{page}");
        let words = rendered.succeeded();
        for part in ["NAME", "SYNOPSIS", "EXIT STATUS"] {
            assert!(words.contains(part), "{page}: {words}");
        }
    }
    let first = std::fs::read_to_string(out.join("ironwheel.1")).expect("a page");
    assert_eq!(first, said(&["man"]));
}

#[test]
fn pythons_are_listed_as_words_and_as_events() {
    let case = Case::of("pure");
    let python = place::python();
    let words = case.run(["list-python"]).succeeds_on_stdout(None);
    let line = format!("CPython {} at ", python.version);
    assert!(words.lines().any(|found| found.starts_with(&line)), "{words}");
    let events = json::checked(
        &case
            .run(["list-python", "--message-format", "json"])
            .succeeds_on_stdout(None),
    );
    assert_eq!(events.len(), words.lines().count());
    assert!(events.iter().all(|event| event["event"] == "python"));
    assert!(
        events
            .iter()
            .any(|event| event["suffix"] == python.suffix.as_str())
    );
}

#[test]
fn pythons_for_another_machine_need_not_be_here() {
    let case = Case::of("pure");
    let target = "aarch64-unknown-linux-musl";
    let told = case
        .run(["list-python", "--target", target, "--message-format", "json"])
        .succeeds_on_stdout(None);
    let events = json::checked(&told);
    let free = events
        .iter()
        .find(|event| event["abi_tag"] == "cp314t")
        .expect("CPython 3.14t");
    assert_eq!(free["suffix"], ".cpython-314t-aarch64-linux-musl.so");
    assert!(free["executable"].is_null());
}

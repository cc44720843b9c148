//! The same crates through maturin: every difference is listed here with its reason, an unlisted one fails.
//!
//! Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does; maturin comes from the judges' environment, the comparison
//! from the folder `shared/corpus` beside the checkout.

use std::path::{Path, PathBuf};

use crate::case::Case;
use crate::expect::Expect;
use crate::shell::{Shell, variable};
use crate::{judges, place};

/// Differences that are meant to be: crate (`*` for all), the comparison's check and the beginning of its words, reason.
const ACCEPTED: &[(&str, &str, &str)] = &[
    (
        "import-names",
        "metadata.header:import-name",
        "maturin drops `import-names`",
    ),
    (
        "import-names",
        "metadata.header:metadata-version",
        "`Import-Name` is a field of 2.5",
    ),
    (
        "license-text",
        "metadata.header:license",
        "maturin folds with a carriage return, which the specification does not ask for",
    ),
    (
        "ignored-files",
        "files.missing",
        "maturin ships ignored and compiled files where there is no repository",
    ),
    (
        "*",
        "size.compressed",
        "another deflate; wheels here are small, so that the bill of materials weighs",
    ),
    (
        "*",
        "sbom.components",
        "named by their package URLs, and without the path of the build folder",
    ),
];

/// Crates that maturin cannot build at all, with the reason.
const BEYOND: &[(&str, &str)] = &[(
    "tool-ironwheel",
    "its settings are only right where `[tool.ironwheel]` is read",
)];

fn comparison() -> PathBuf {
    let script = place::repository().join("../shared/corpus/compare.py");
    assert!(
        script.is_file(),
        "IRONWHEEL_TEST_PEERS=1 needs the comparison at {}",
        script.display()
    );
    script
}

fn by_maturin(case: &Case, arguments: &[String]) -> PathBuf {
    let out = case.out().with_file_name("by-maturin");
    let maturin = judges::environment().join("bin/maturin");
    let shell = case
        .shell(maturin.to_str().expect("UTF-8"))
        .set("CARGO_TARGET_DIR", place::kept("maturin"));
    let shell = shell
        .args(["build", "--release", "--locked", "-o"])
        .arg(&out)
        .args(arguments.iter().cloned());
    shell.run().succeeded();
    out
}

fn unexplained(folder: &str, reference: &Path, candidate: &Path) -> Vec<String> {
    let mut compare = Shell::new(&place::python().executable)
        .arg(comparison())
        .args(["--strict", "--quiet"]);
    for (crate_name, difference, _) in ACCEPTED {
        if *crate_name == "*" || *crate_name == folder {
            compare = compare.args(["--allow", difference]);
        }
    }
    let answer = compare.arg(reference).arg(candidate).run();
    assert!(answer.status < 2, "{}\n{}", answer.stdout, answer.stderr);
    let lines = answer.stdout.lines().filter(|line| line.starts_with("FAIL"));
    lines.map(|line| format!("{folder}: {line}")).collect()
}

#[test]
fn the_same_crates_through_maturin() {
    if variable("IRONWHEEL_TEST_PEERS").is_none() {
        // Not a promise of the program's alone: it needs a comparison that lies outside the checkout.
        return;
    }
    let mut differences = Vec::new();
    for folder in crate::crates::FOLDERS {
        if BEYOND.iter().any(|(beyond, _)| beyond == folder) {
            continue;
        }
        let expect = Expect::of(folder);
        let case = Case::of(folder);
        expect.create(&case);
        case.build(&expect.arguments).report();
        let reference = by_maturin(&case, &expect.arguments);
        let names = crate::case::names(&reference);
        assert_eq!(names, case.made(), "{folder}");
        for name in names {
            differences.extend(unexplained(
                folder,
                &reference.join(&name),
                &case.out().join(&name),
            ));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

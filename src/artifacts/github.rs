//! What a step of a workflow wants to know of its run: outputs for later steps, and a summary for people.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Artifact, Beside, Made};
use crate::event::{WheelMade, size_in_words};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::zip::deflate::Digest;

/// Appends to the files that `GITHUB_OUTPUT` and `GITHUB_STEP_SUMMARY` name, where they name any. Gives what could not be written:
/// what was made stands, so that is for the user to weigh.
#[must_use]
pub fn tell(made: Made<'_>, beside: &Beside, host: &Host) -> Vec<FileError> {
    let told: [(&str, &dyn Fn() -> String); 2] = [
        ("GITHUB_OUTPUT", &|| outputs(made, beside)),
        ("GITHUB_STEP_SUMMARY", &|| summary(made)),
    ];
    told.into_iter()
        .filter_map(|(variable, text)| {
            let path = host.absolute(Path::new(host.variable(variable)?));
            fs::append(&path, text().as_bytes()).err()
        })
        .collect()
}

/// The outputs of the step. All keys always stand there, so that a later run of the same step leaves none of an earlier one behind.
fn outputs(made: Made<'_>, beside: &Beside) -> String {
    let paths = |path: Option<&Path>| path.map_or_else(String::new, |path| path.display().to_string());
    let file = |path: &Option<PathBuf>| paths(path.as_deref());
    let first = made.wheels.first();
    let hashes: Map<String, Value> = made
        .artifacts()
        .iter()
        .map(|artifact| (artifact.filename.to_owned(), artifact.sha256.into()))
        .collect();
    let wheels: Vec<String> = made
        .wheels
        .iter()
        .map(|wheel| wheel.path.display().to_string())
        .collect();
    let tags: Vec<&String> = made.wheels.iter().flat_map(|wheel| &wheel.tags).collect();
    let mut text = String::new();
    for (key, value) in [
        ("wheel", paths(first.map(|wheel| wheel.path.as_path()))),
        ("wheels", json!(wheels).to_string()),
        (
            "sha256",
            first.map_or_else(String::new, |wheel| wheel.sha256.clone()),
        ),
        ("tags", json!(tags).to_string()),
        ("sdist", paths(made.sdist.map(|sdist| sdist.path.as_path()))),
        ("hashes", Value::Object(hashes).to_string()),
        ("checksums", file(&beside.checksums)),
        ("report", file(&beside.report)),
    ] {
        push_output(&mut text, key, &value);
    }
    text
}

/// One output. A value of several lines, which only a strange path can have, stands between lines that it cannot hold.
fn push_output(text: &mut String, key: &str, value: &str) {
    if value.contains(['\n', '\r']) {
        let end = format!("end-{}", Digest::of(value.as_bytes()).sha256_hex());
        let _ = writeln!(text, "{key}<<{end}\n{value}\n{end}");
    } else {
        let _ = writeln!(text, "{key}={value}");
    }
}

/// A table of what was made.
fn summary(made: Made<'_>) -> String {
    let mut text = String::from(
        "### Built by ironwheel\n\n\
         | file | size | runs on | libraries put in | SHA-256 |\n|---|---|---|---|---|\n",
    );
    for artifact in made.artifacts() {
        let wheel = made.wheels.iter().find(|wheel| wheel.path == artifact.path);
        push_row(&mut text, &artifact, wheel);
    }
    text.push('\n');
    text
}

fn push_row(text: &mut String, artifact: &Artifact<'_>, wheel: Option<&WheelMade>) {
    let runs_on = wheel.map_or_else(|| "source".to_owned(), runs_on);
    let libraries: Vec<String> = wheel
        .into_iter()
        .flat_map(|wheel| &wheel.libraries)
        .map(|library| match &library.package {
            Some(package) => format!("`{}` ({} {})", library.soname, package.name, package.version),
            None => format!("`{}`", library.soname),
        })
        .collect();
    let _ = writeln!(
        text,
        "| `{}` | {} | {} | {} | `{}` |",
        cell(artifact.filename),
        size_in_words(artifact.size),
        cell(&runs_on),
        cell(&libraries.join(", ")),
        artifact.sha256
    );
}

/// Text that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// What a wheel's name promises, in words: `CPython 3.9 and later; glibc 2.34 and later on x86_64`.
fn runs_on(wheel: &WheelMade) -> String {
    let name = wheel.filename.trim_end_matches(".whl");
    let mut parts = name.rsplitn(4, '-');
    let (platforms, abi, python) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let platforms: Vec<String> = platforms.split('.').filter_map(platform_in_words).collect();
    format!("{}; {}", python_in_words(python, abi), platforms.join("; "))
}

fn python_in_words(python: &str, abi: &str) -> String {
    let version = |tag: &str| {
        let digits = tag.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let (major, minor) = digits.split_at_checked(1)?;
        (!minor.is_empty()).then(|| format!("{major}.{minor}"))
    };
    let name = if python.starts_with("pp") {
        "PyPy"
    } else {
        "CPython"
    };
    match (abi, version(python)) {
        ("none", _) | (_, None) => "any Python 3".to_owned(),
        ("abi3", Some(version)) => format!("{name} {version} and later"),
        (abi, Some(version)) if abi.contains("abi3") => {
            format!("{name} {version} and later, free-threaded too")
        }
        (abi, Some(version)) if abi.ends_with('t') => format!("{name} {version} free-threaded"),
        (_, Some(version)) => format!("{name} {version}"),
    }
}

/// What a platform tag promises; nothing for an older alias of another.
fn platform_in_words(tag: &str) -> Option<String> {
    for (prefix, library) in [("manylinux_", "glibc"), ("musllinux_", "musl")] {
        let Some(rest) = tag.strip_prefix(prefix) else {
            continue;
        };
        let (major, rest) = rest.split_once('_')?;
        let (minor, machine) = rest.split_once('_')?;
        return Some(format!("{library} {major}.{minor} and later on {machine}"));
    }
    match tag.strip_prefix("linux_") {
        Some(machine) => Some(format!("systems like this one on {machine}, nothing promised")),
        None if tag.starts_with("manylinux") => None,
        None if tag == "any" => Some("any system".to_owned()),
        None => Some(tag.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tests::{sdist, wheel};
    use super::*;

    #[test]
    fn outputs_are_one_line_each_with_lists_as_json() {
        let wheels = [wheel("demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl")];
        let made = Made {
            sdist: None,
            wheels: &wheels,
        };
        let hash = "ab".repeat(32);
        assert_eq!(
            outputs(made, &Beside::default()),
            format!(
                "wheel=/out/demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl\n\
                 wheels=[\"/out/demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl\"]\n\
                 sha256={hash}\ntags=[\"cp39-abi3-manylinux_2_34_x86_64\"]\nsdist=\n\
                 hashes={{\"demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl\":\"{hash}\"}}\nchecksums=\nreport=\n"
            )
        );
    }

    #[test]
    fn a_value_of_several_lines_cannot_pretend_to_be_another_output() {
        let mut text = String::new();
        push_output(&mut text, "wheel", "/a\nsecret=1");
        let lines: Vec<&str> = text.lines().collect();
        let end = lines[0].strip_prefix("wheel<<").unwrap();
        assert_eq!(lines, [&format!("wheel<<{end}"), "/a", "secret=1", end]);
    }

    #[test]
    fn the_summary_is_a_table_with_a_row_for_each_file() {
        let (wheels, sdist) = ([wheel("demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl")], sdist());
        let text = summary(Made {
            sdist: Some(&sdist),
            wheels: &wheels,
        });
        let (wheel, source) = ("ab".repeat(32), "ef".repeat(32));
        assert_eq!(
            text,
            format!(
                "### Built by ironwheel\n\n| file | size | runs on | libraries put in | SHA-256 |\n|---|---|---|---|---|\n\
                 | `demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl` | 120.5 KiB | CPython 3.9 and later; glibc 2.34 and \
                 later on x86_64 | `libpq.so.5` (libpq5 15.14-0+deb12u1) | `{wheel}` |\n\
                 | `demo-0.1.0.tar.gz` | 1000 B | source |  | `{source}` |\n\n"
            )
        );
        assert_eq!(cell("a|b\nc"), "a\\|b c");
    }

    #[test]
    fn names_are_told_as_promises() {
        for (name, words) in [
            (
                "d-1-cp312-cp312-linux_x86_64.whl",
                "CPython 3.12; systems like this one on x86_64, nothing promised",
            ),
            (
                "d-1-1-cp313-cp313t-musllinux_1_2_aarch64.whl",
                "CPython 3.13 free-threaded; musl 1.2 and later on aarch64",
            ),
            (
                "d-1-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                "any Python 3; glibc 2.17 and later on x86_64",
            ),
            (
                "d-1-pp311-pypy311_pp73-manylinux_2_28_x86_64.whl",
                "PyPy 3.11; glibc 2.28 and later on x86_64",
            ),
            ("d-1-py3-none-any.whl", "any Python 3; any system"),
        ] {
            assert_eq!(runs_on(&wheel(name)), words, "{name}");
        }
    }

    #[test]
    fn nothing_is_told_where_nobody_listens() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        std::fs::write(&output, "before=1\n").unwrap();
        let host = |variables: &[(&str, &Path)]| {
            let variables = variables
                .iter()
                .map(|(name, path)| ((*name).to_owned(), path.display().to_string()));
            Host::new(variables.collect::<BTreeMap<_, _>>(), "/".into()).unwrap()
        };
        assert!(tell(Made::default(), &Beside::default(), &host(&[])).is_empty());
        let told = tell(
            Made::default(),
            &Beside::default(),
            &host(&[("GITHUB_OUTPUT", &output)]),
        );
        assert!(told.is_empty());
        assert!(
            std::fs::read_to_string(&output)
                .unwrap()
                .starts_with("before=1\nwheel=\n")
        );
        let gone = folder.path().join("gone/summary");
        let told = tell(
            Made::default(),
            &Beside::default(),
            &host(&[("GITHUB_STEP_SUMMARY", &gone)]),
        );
        assert_eq!(told.len(), 1);
    }
}

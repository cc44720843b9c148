//! The same crates through maturin: every difference is listed here with its reason, an unlisted one fails.
//!
//! Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does; maturin comes from the judges' environment, the comparison
//! from the folder `shared/corpus` beside the checkout.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::case::Case;
use crate::expect::Expect;
use crate::shell::{Shell, variable};
use crate::{judges, place};

/// Differences that are meant to be: crate (`*` for all), the comparison's check and the beginning of its words, reason.
const ACCEPTED: &[(&str, &str, &str)] = &[
    (
        "*",
        "sbom.components:",
        "packages are named by their package URLs, without the path of the build folder",
    ),
    (
        "*",
        "size.compressed:",
        "another deflate, and a shorter bill of materials: both weigh in wheels as small as these",
    ),
    (
        "data-and-scripts",
        "zip.order:",
        "entries stand in the order of their bytes",
    ),
    (
        "ignored-files",
        "files.missing:",
        "maturin ships ignored files where there is no repository",
    ),
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
        "include-exclude",
        "files.missing:",
        "maturin ships ignored files where there is no repository",
    ),
];

/// Crates that maturin cannot build at all, with the reason.
const BEYOND: &[(&str, &str)] = &[
    (
        "beside-the-project",
        "its settings are only right where `[tool.ironwheel]` is read",
    ),
    (
        "library-and-programs",
        "it asks for a library and a program in one wheel",
    ),
    (
        "programs-and-python",
        "it has programs and scripts of Python, which maturin refuses together",
    ),
    (
        "several-extensions",
        "it asks for several extensions in one wheel",
    ),
    (
        "tool-ironwheel",
        "its settings are only right where `[tool.ironwheel]` is read",
    ),
];

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

/// The comparison's complaints: its check and its words.
fn differences(reference: &Path, candidate: &Path) -> Vec<String> {
    let compare = Shell::new(&place::python().executable)
        .arg(comparison())
        .args(["--strict", "--quiet"]);
    let answer = compare.arg(reference).arg(candidate).run();
    assert!(answer.status < 2, "{}\n{}", answer.stdout, answer.stderr);
    let complaints = answer.stdout.lines().filter_map(|line| line.strip_prefix("FAIL"));
    let parted = complaints.filter_map(|complaint| complaint.trim_start().split_once(' '));
    parted
        .map(|(check, words)| format!("{check}:{}", words.trim_start()))
        .collect()
}

#[test]
fn the_same_crates_through_maturin() {
    if variable("IRONWHEEL_TEST_PEERS").is_none() {
        // Not a promise of the program's alone: it needs a comparison that lies outside the checkout.
        return;
    }
    let mut unexplained = Vec::new();
    let mut met = BTreeSet::new();
    for folder in crate::crates::FOLDERS {
        if BEYOND.iter().any(|(beyond, _)| beyond == folder) {
            continue;
        }
        let expect = Expect::of(folder);
        let case = Case::of(folder);
        expect.create(&case);
        let notices: Vec<&str> = expect.notices.iter().map(String::as_str).collect();
        case.build(&expect.arguments).succeeds_with(&notices);
        let reference = by_maturin(&case, &expect.arguments);
        let names = crate::case::names(&reference);
        assert_eq!(names, case.made(), "{folder}");
        for difference in names
            .iter()
            .flat_map(|name| differences(&reference.join(name), &case.out().join(name)))
        {
            let explains = |(of, beginning, _): &(&str, &str, &str)| {
                (*of == "*" || of == folder) && difference.starts_with(beginning)
            };
            match ACCEPTED.iter().position(explains) {
                Some(at) => drop(met.insert(at)),
                None => unexplained.push(format!("{folder}: {difference}")),
            }
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let unmet: Vec<_> = (0..ACCEPTED.len())
        .filter(|at| !met.contains(at))
        .map(|at| ACCEPTED[at])
        .collect();
    assert!(unmet.is_empty(), "differences that are no more: {unmet:#?}");
}

/// Files of source distributions that only one of the two packs, as it should be: crate, file (`+` for ours, `-` for maturin's), reason.
const SOURCES: &[(&str, &str, &str)] = &[
    (
        "dynamic-metadata",
        "-WORDS.md",
        "maturin packs a readme in a folder of the crate twice",
    ),
    (
        "ignored-files",
        "-debug.log",
        "maturin ships ignored files where there is no repository",
    ),
    (
        "ignored-files",
        "-ignored_files/",
        "maturin ships ignored files where there is no repository",
    ),
    (
        "include-exclude",
        "-python/include_exclude/made/one.csv",
        "maturin ships ignored files where there is no repository",
    ),
    (
        "workspace-and-strangers",
        "+.cargo/config.toml",
        "cargo's configuration decides how the crate is compiled",
    ),
];

/// Crates whose sources maturin cannot pack, with the reason.
const UNPACKED: &[(&str, &str)] = &[
    ("beside-the-project", "its settings stand in `[tool.ironwheel]`"),
    ("odd-names", "cargo refuses names that a Windows would not take"),
    ("programs-and-python", "its settings stand in `[tool.ironwheel]`"),
    ("tool-ironwheel", "its settings stand in `[tool.ironwheel]`"),
];

/// The files of the one archive in a folder, without their common folder.
fn packed(folder: &Path) -> BTreeSet<String> {
    let names = crate::case::names(folder);
    let name = names.iter().find(|name| name.ends_with(".tar.gz"));
    let archive = folder.join(name.unwrap_or_else(|| panic!("no archive: {names:?}")));
    let list = Shell::new("tar")
        .args(["--list", "--quoting-style=literal", "-zf"])
        .arg(archive);
    let inside = |path: &str| path.split_once('/').expect("a folder").1.to_owned();
    list.run().succeeded().lines().map(inside).collect()
}

#[test]
fn the_same_sources_through_maturin() {
    if variable("IRONWHEEL_TEST_PEERS").is_none() {
        // Not a promise of the program's alone: maturin may change its mind.
        return;
    }
    let mut unexplained = Vec::new();
    let mut met = BTreeSet::new();
    for folder in crate::crates::FOLDERS {
        let expect = Expect::of(folder);
        if expect.sdist.is_empty() || UNPACKED.iter().any(|(unpacked, _)| unpacked == folder) {
            continue;
        }
        let case = Case::of(folder);
        expect.create(&case);
        let which = crate::sdist::which(&expect);
        let ours = case.ironwheel(["sdist", "--locked", "-q", "-o"]).arg(case.out());
        ours.args(which.iter().copied()).run().succeeded();
        let theirs = case.out().with_file_name("by-maturin");
        let maturin = judges::environment().join("bin/maturin");
        let shell = case.shell(maturin.to_str().expect("UTF-8"));
        let shell = shell.set("CARGO_TARGET_DIR", place::kept("maturin"));
        let shell = shell.args(["sdist", "-o"]).arg(&theirs);
        shell.args(which.iter().copied()).run().succeeded();
        let (ours, theirs) = (packed(&case.out()), packed(&theirs));
        let added = ours.difference(&theirs).map(|file| format!("+{file}"));
        let missing = theirs.difference(&ours).map(|file| format!("-{file}"));
        for difference in added.chain(missing) {
            let explains = |(of, file, _): &(&str, &str, &str)| of == folder && difference.starts_with(file);
            match SOURCES.iter().position(explains) {
                Some(at) => drop(met.insert(at)),
                None => unexplained.push(format!("{folder}: {difference}")),
            }
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let unmet: Vec<_> = (0..SOURCES.len())
        .filter(|at| !met.contains(at))
        .map(|at| SOURCES[at])
        .collect();
    assert!(unmet.is_empty(), "differences that are no more: {unmet:#?}");
}

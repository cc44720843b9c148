//! What lies beside the wheels: checksums, the report, and what a workflow is told.

use std::path::Path;

use serde_json::Value;

use crate::case::Case;
use crate::shell::Shell;
use crate::{judges, place};

/// What a JSON schema's own library says of a report.
const VALIDATOR: &str = "
import json, sys
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
errors = sorted(Draft7Validator(schema).iter_errors(json.load(open(sys.argv[2]))), key=str)
print('; '.join('.'.join(map(str, error.absolute_path)) + ': ' + error.message for error in errors) or 'good')
";

/// A report that is as its schema says.
fn report(path: &Path) -> Value {
    let said = judges::judge_named("python")
        .args(["-c", VALIDATOR])
        .arg(place::repository().join("docs/build-report.schema.json"))
        .arg(path)
        .run()
        .succeeded();
    assert_eq!(said, "good\n");
    let text = std::fs::read_to_string(path).expect("a report");
    serde_json::from_str(&text).expect("JSON")
}

fn names<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item[key].as_str().expect("a text")).collect()
}

fn sum_of(path: &Path) -> String {
    let sum = Shell::new("sha256sum").arg(path).run().succeeded();
    sum.split(' ').next().expect("a sum").to_owned()
}

#[test]
fn checksums_are_those_that_sha256sum_finds() {
    let case = Case::of("path-dependency");
    case.build(["--sdist", "--checksums"]).succeeds();
    let sums = std::fs::read_to_string(case.out().join("SHA256SUMS")).expect("checksums");
    assert!(!sums.contains('/') && !sums.contains('\r') && sums.ends_with('\n'));
    let named: Vec<&str> = sums
        .lines()
        .map(|line| line.split_once("  ").expect("two blanks").1)
        .collect();
    let mut made = case.made();
    made.retain(|name| name != "SHA256SUMS");
    assert_eq!(named, made, "all that was made, sorted");
    let check = Shell::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]);
    check.folder(case.out()).run().succeeded();
}

#[test]
fn nothing_is_laid_beside_unasked() {
    let case = Case::of("pure");
    case.build([""; 0]).succeeds();
    assert_eq!(case.made().len(), 1, "{:?}", case.made());
}

#[test]
fn a_report_tells_of_what_and_how_a_wheel_was_made() {
    let mut case = Case::of("path-dependency");
    case.set("SOURCE_DATE_EPOCH", "1700000000");
    case.set("CARGO_REGISTRY_TOKEN", "a secret");
    let elsewhere = case.out().with_file_name("reports/one.json");
    let flag = format!("--report={}", elsewhere.display());
    case.build([flag.as_str()]).succeeds();
    let first = report(&elsewhere);
    let sources = names(&first["inputs"], "path");
    for wanted in ["Cargo.lock", "Cargo.toml", "pyproject.toml", "src/lib.rs"] {
        assert!(sources.contains(&wanted), "{wanted} is not among {sources:?}");
    }
    assert!(
        sources
            .iter()
            .any(|path| path.starts_with("helper/") || path.starts_with("../")),
        "the crate that it depends on: {sources:?}"
    );
    let lib = first["inputs"]
        .as_array()
        .and_then(|inputs| inputs.iter().find(|input| input["path"] == "src/lib.rs"));
    assert_eq!(
        lib.expect("src/lib.rs")["sha256"],
        sum_of(&case.path("src/lib.rs"))
    );
    let wheel = &case.wheels()[0];
    assert_eq!(first["wheels"][0]["sha256"], sum_of(wheel));
    assert_eq!(first["wheels"][0]["outside"][0]["reason"], "platform");
    assert_eq!(first["variables"]["SOURCE_DATE_EPOCH"], "1700000000");
    assert!(!first.to_string().contains("a secret"));
    assert!(
        first["tools"]["rustc"]
            .as_str()
            .is_some_and(|rustc| rustc.starts_with("rustc 1."))
    );
    assert!(
        first["tools"]["cargo"]
            .as_str()
            .is_some_and(|cargo| cargo.starts_with("cargo 1."))
    );
    let call = first["calls"][0].as_str().expect("a call");
    assert!(call.contains("cargo rustc --lib"), "{call}");
    assert!(first["timings"]["compile"].is_u64());

    // The second time nothing is compiled, and all else is the same.
    case.build([flag.as_str()]).succeeds();
    let without_timings = |mut report: Value| {
        report["timings"] = Value::Null;
        report
    };
    assert_eq!(without_timings(report(&elsewhere)), without_timings(first));
}

#[test]
fn a_report_on_sources_and_their_wheel_tells_of_both() {
    let case = Case::of("workspace-and-strangers");
    let arguments = ["--sdist", "--report", "-m", "crates/extension/Cargo.toml"];
    let notices = [
        "travels without targets whose sources stay behind",
        "`exclude` pattern `python/workspace_and_strangers/only_in_the_tree.py` takes nothing away",
    ];
    case.build(arguments).succeeds_with(&notices);
    let report = report(&case.out().join("build-report.json"));
    assert_eq!(
        report["sdist"]["filename"],
        "workspace_and_strangers-1.2.0.tar.gz"
    );
    assert_eq!(report["wheels"].as_array().map(Vec::len), Some(1));
    let sources = names(&report["inputs"], "path");
    for wanted in [
        ".cargo/config.toml",
        "Cargo.lock",
        "Cargo.toml",
        "crates/deeper/src/lib.rs",
        "crates/extension/pyproject.toml",
        "crates/extension/python/workspace_and_strangers/__init__.py",
        "crates/helper/src/lib.rs",
    ] {
        assert!(sources.contains(&wanted), "{wanted} is not among {sources:?}");
    }
    let warnings = names(&report["warnings"], "message");
    assert_eq!(warnings.len(), 2);
    for (warning, notice) in warnings.iter().zip(notices) {
        assert!(warning.contains(notice), "{warning}");
    }
}

#[test]
fn an_sdist_has_checksums_and_a_report_too() {
    let case = Case::of("pure");
    let out = case.out().display().to_string();
    case.run(["sdist", "--locked", "--checksums", "--report", "-o", &out])
        .succeeds();
    assert_eq!(
        case.made(),
        ["SHA256SUMS", "build-report.json", "pure-0.1.0.tar.gz"]
    );
    let report = report(&case.out().join("build-report.json"));
    assert!(report["wheels"].as_array().is_some_and(Vec::is_empty));
    assert!(names(&report["inputs"], "path").contains(&"src/lib.rs"));
}

#[test]
fn a_repaired_wheel_s_report_names_the_wheel_that_it_was_made_of() {
    let case = Case::with_library("reported");
    let libraries = case.path("libraries").display().to_string();
    let flags = [
        format!("-Clink-arg=-L{libraries}"),
        "-Clink-arg=-lreported".to_owned(),
    ];
    let build = ["-q", "--auditwheel", "skip", "--", &flags[0], &flags[1]];
    case.build(build).succeeds();
    let soname = case.path("libraries/libreported.so.1.0");
    std::fs::copy(case.path("libraries/libreported.so"), &soname).expect("a copy");
    let wheel = case.wheels()[0].display().to_string();
    let repaired = case.out().with_file_name("repaired");
    let to = repaired.display().to_string();
    case.run([
        "repair",
        "--report",
        "--checksums",
        "--lib-dir",
        &libraries,
        "-w",
        &to,
        &wheel,
    ])
    .succeeds();
    let report = report(&repaired.join("build-report.json"));
    assert!(report["project"].is_null());
    assert_eq!(report["inputs"][0]["sha256"], sum_of(Path::new(&wheel)));
    let library = &report["wheels"][0]["libraries"][0];
    assert_eq!(library["soname"], "libreported.so.1.0");
    assert_eq!(library["sha256"], sum_of(&soname));
    assert!(library["package"].is_null(), "no package manager knows it");
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let case = Case::of("pure");
    case.write("in-the-way", "a file");
    let said = case.build(["-q", "--report=in-the-way/report.json"]).report();
    assert!(said.starts_with("status: 1\n"), "{said}");
    assert!(
        said.contains("cannot create the folder [CASE]/pure/in-the-way"),
        "{said}"
    );
    assert!(said.contains("hint: "), "{said}");
}

#[test]
fn a_workflow_is_told_what_was_made() {
    let mut case = Case::of("pure");
    let (output, summary) = (case.path("output.txt"), case.path("summary.md"));
    std::fs::write(&output, "earlier=1\n").expect("a file");
    case.set("GITHUB_OUTPUT", &output)
        .set("GITHUB_STEP_SUMMARY", &summary);
    case.build(["--sdist", "--checksums"]).succeeds();
    let told = case.read("output.txt");
    let value = |key: &str| {
        let lines = told
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{key}=")));
        lines
            .unwrap_or_else(|| panic!("no `{key}` in:\n{told}"))
            .to_owned()
    };
    let path = |name: &str| case.out().join(name).display().to_string();
    let wheel = case
        .wheels()
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .expect("a wheel");
    assert_eq!(value("earlier"), "1");
    assert_eq!(value("wheel"), wheel.display().to_string());
    assert_eq!(value("sha256"), sum_of(&wheel));
    assert_eq!(value("sdist"), path("pure-0.1.0.tar.gz"));
    assert_eq!(value("checksums"), path("SHA256SUMS"));
    assert_eq!(value("report"), "");
    let wheels: Vec<String> = serde_json::from_str(&value("wheels")).expect("a list");
    assert_eq!(wheels, [wheel.display().to_string()]);
    let hashes: Value = serde_json::from_str(&value("hashes")).expect("an object");
    assert_eq!(
        hashes["pure-0.1.0.tar.gz"],
        sum_of(&case.out().join("pure-0.1.0.tar.gz"))
    );
    let table = case.read("summary.md");
    assert_eq!(
        table.lines().filter(|line| line.starts_with("| `")).count(),
        2,
        "{table}"
    );
    assert!(table.contains("| `pure-0.1.0.tar.gz` |"), "{table}");
}

#[test]
fn a_workflow_that_cannot_be_told_does_not_fail_the_build() {
    let mut case = Case::of("pure");
    case.set("GITHUB_OUTPUT", "/nowhere/output");
    case.build([""; 0])
        .succeeds_with(&["notice: cannot append to /nowhere/output: "]);
    assert_eq!(case.made().len(), 1);
}

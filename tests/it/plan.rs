//! `plan` says before anything is compiled what `build` makes.

use insta::assert_snapshot;

use crate::case::{Case, names};
use crate::place;

fn planned(crate_name: &str, arguments: &[&str]) -> String {
    let mut case = Case::of(crate_name);
    // Which other Pythons a machine has must not show.
    case.only(&["cargo", "rustc", "python3"]);
    let all = ["plan", "--locked"].iter().chain(arguments);
    let report = case.run(all).report();
    assert!(report.starts_with("status: 0"), "{report}");
    report
}

#[test]
fn a_pure_crate() {
    assert_snapshot!(planned("pure", &[]));
}

#[test]
fn a_package_with_data_and_scripts() {
    assert_snapshot!(planned("data-and-scripts", &[]));
}

#[test]
fn settings_of_several_origins() {
    assert_snapshot!(planned("tool-ironwheel", &["--compatibility", "linux"]));
    assert_snapshot!(planned("tool-ironwheel", &["-v"]));
}

#[test]
fn a_project_whose_crate_lies_below_it() {
    assert_snapshot!(planned(
        "container-stage",
        &["-m", "backend/Cargo.toml", "-i", "3.11"]
    ));
}

#[test]
fn two_interpreters_and_their_features() {
    let case = Case::of("conditional-features");
    let text = case
        .run(["plan", "--locked", "-i", "3.11", "-i", "3.12"])
        .succeeds_on_stdout(None);
    let suffix = place::python()
        .suffix
        .split('-')
        .skip(2)
        .collect::<Vec<_>>()
        .join("-");
    for line in [
        "conditional_features-0.1.0-cp311-cp311-*.whl",
        &format!("    conditional_features/conditional_features.cpython-311-{suffix}  the extension"),
        "conditional_features-0.1.0-cp312-abi3-*.whl",
        "  abi          abi3: the feature `abi3-py312` asks for the stable ABI of Python 3.12 and later",
        "    conditional_features/conditional_features.abi3.so  the extension",
    ] {
        assert!(
            text.lines().any(|found| found.trim_end() == line),
            "no `{line}` in:\n{text}"
        );
    }
}

#[test]
fn a_stable_abi_for_all() {
    assert_snapshot!(planned("abi3", &["-i", "3.9", "-i", "3.13"]));
}

#[test]
fn a_plan_compiles_nothing_and_writes_nothing() {
    let mut case = Case::of("mixed");
    let target = case.out().with_file_name("target");
    case.set("CARGO_TARGET_DIR", &target);
    let before = names(&case.root());
    let report = case.run(["plan", "--locked"]).report();
    assert!(report.starts_with("status: 0"), "{report}");
    assert_eq!(names(&case.root()), before);
    assert!(!target.join("release").exists(), "{:?}", names(&target));
    assert!(case.made().is_empty());
}

#[test]
fn a_plan_for_a_machine_without_that_python() {
    let mut case = Case::of("abi3");
    case.set("PATH", place::kept("empty"));
    // Without cargo there is no plan, and it says so.
    assert_snapshot!(case.run(["plan", "--locked"]).report());
}

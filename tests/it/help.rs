//! What `-h` and `--help` say, letter by letter.

use insta::assert_snapshot;

use crate::case::Case;

fn said(arguments: &[&str]) -> String {
    let case = Case::of("pure");
    let text = case.run(arguments).report();
    assert!(
        text.lines().all(|line| line.chars().count() <= 110),
        "a line is too long for a terminal:\n{text}"
    );
    text
}

#[test]
fn the_program_s_help() {
    assert_snapshot!(said(&["-h"]));
    assert_snapshot!(said(&["--help"]));
}

#[test]
fn the_help_of_build() {
    assert_snapshot!(said(&["build", "-h"]));
    assert_snapshot!(said(&["build", "--help"]));
}

#[test]
fn the_help_of_plan() {
    assert_snapshot!(said(&["plan", "-h"]));
    assert_snapshot!(said(&["plan", "--help"]));
}

#[test]
fn the_help_of_repair() {
    assert_snapshot!(said(&["repair", "-h"]));
    assert_snapshot!(said(&["repair", "--help"]));
}

#[test]
fn the_help_of_docker() {
    assert_snapshot!(said(&["docker", "--help"]));
    assert_snapshot!(said(&["docker", "init", "--help"]));
    assert_snapshot!(said(&["docker", "context", "--help"]));
    assert_snapshot!(said(&["docker", "check", "--help"]));
}

#[test]
fn the_version() {
    assert_eq!(
        said(&["--version"]),
        format!("status: 0\n--- stdout\nironwheel {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn nothing_asked_is_wrong_usage() {
    assert_snapshot!(said(&[]));
}

#[test]
fn the_help_of_check() {
    assert_snapshot!(said(&["check", "-h"]));
    assert_snapshot!(said(&["check", "--help"]));
}

#[test]
fn the_help_of_sdist() {
    assert_snapshot!(said(&["sdist", "-h"]));
    assert_snapshot!(said(&["sdist", "--help"]));
}

#[test]
fn the_help_of_ci() {
    assert_snapshot!(said(&["ci", "-h"]));
    assert_snapshot!(said(&["ci", "--help"]));
}

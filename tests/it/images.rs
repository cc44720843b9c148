//! What is known before cargo compiles: whether the wheel could run in the image that it is for, and whether the tools are there.

use crate::case::{COMPILERS, Case};

/// Runs `build` and gives its status and what it says.
fn built(case: &Case, arguments: &[&str]) -> (i32, String) {
    let answer = case
        .ironwheel(["build", "--locked", "-o"])
        .arg(case.out())
        .args(arguments.iter().copied())
        .run();
    (answer.status, answer.stderr)
}

fn refused_before_compiling(case: &Case, arguments: &[&str], words: &[&str]) {
    let (status, said) = built(case, arguments);
    assert_eq!(status, 1, "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in:\n{said}");
    }
    assert!(!said.contains("Compil"), "cargo was started:\n{said}");
    assert!(case.made().is_empty());
}

#[test]
fn an_image_that_is_not_known_or_has_another_c_library_is_refused_before_cargo_compiles() {
    let case = Case::of("pure");
    refused_before_compiling(
        &case,
        &["--for-image", "debain:12"],
        &["no image of that name is known: `debain:12`", "`debian:12`"],
    );
    refused_before_compiling(
        &case,
        &["--for-image", "python:3.12-alpine"],
        &[
            "does not run in `python:3.12-alpine`, which has musl 1.2",
            "hint: build for the image's own kind",
        ],
    );
    refused_before_compiling(&case, &["--for-image", "scratch"], &["which has no C library"]);
    let plan = case.ironwheel(["plan", "--for-image", "alpine:3.20"]).run();
    assert_eq!(plan.status, 1);
}

#[test]
fn a_wheel_is_held_to_the_image_that_it_is_for() {
    let case = Case::of("pure");
    case.append(
        "pyproject.toml",
        "\n[tool.ironwheel]\nfor-image = \"ubuntu:26.04\"\n",
    );
    case.build::<&str>([]).succeeds();
    // Code for a system older than any Rust: whatever this machine is, it asks for more.
    let (status, said) = built(&case, &["--for-image", "amazonlinux:2"]);
    assert!(
        said.contains("`amazonlinux:2` has 2.26: it may ask for more"),
        "{said}"
    );
    if status != 0 {
        assert_eq!(status, 3, "{said}");
        assert!(said.contains("and `amazonlinux:2` has glibc 2.26"), "{said}");
    }
}

#[test]
fn a_library_that_the_image_is_not_known_to_have_is_told() {
    let case = Case::with_library("inside");
    let (status, said) = built(
        &case,
        &[
            "--for-image",
            "ubuntu:26.04",
            "--compatibility",
            "linux",
            "--",
            "-L",
            "libraries",
            "-l",
            "inside",
        ],
    );
    assert_eq!(status, 0, "{said}");
    assert!(
        said.contains("`ubuntu:26.04` is not known to have what the wheel needs there: libinside.so.1.0"),
        "{said}"
    );
}

#[test]
fn tools_that_are_missing_are_told_before_cargo_compiles() {
    let mut case = Case::of("pure");
    case.only(&["cargo", "rustc", "python3"]);
    refused_before_compiling(
        &case,
        &[],
        &["there is none on `PATH`: cc", "apt-get install gcc"],
    );
    case.set("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "some-linker");
    case.set("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "some-linker");
    refused_before_compiling(&case, &[], &["`PATH`: some-linker", "correct `linker`"]);

    // Two cases of one crate would wait for each other.
    drop(case);
    let mut case = Case::of("pure");
    case.only(&COMPILERS);
    refused_before_compiling(
        &case,
        &["--target", "s390x-unknown-linux-gnu", "-i", "3.12"],
        &[
            "the standard library for `s390x-unknown-linux-gnu` is not installed",
            "rustup target add",
        ],
    );
}

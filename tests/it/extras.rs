//! What a wheel can have beyond what was compiled for it: type stubs, debug information, optimisation by a profile.

use crate::case::Case;
use crate::expect;
use crate::place;
use crate::shell::{Shell, variable};

/// The files of the only wheel.
fn files(case: &Case) -> Vec<String> {
    let wheels = case.wheels();
    let [wheel] = wheels.as_slice() else {
        panic!("one wheel: {wheels:?}");
    };
    expect::look(wheel).files
}

/// A file of the only wheel.
fn content(case: &Case, path: &str) -> String {
    let script =
        "import sys, zipfile; sys.stdout.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())";
    Shell::new(&place::python().executable)
        .args(["-c", script])
        .arg(&case.wheels()[0])
        .arg(path)
        .run()
        .succeeded()
}

fn is_extension(path: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "so")
}

fn with_inspection(name: &str) -> Case {
    let case = Case::of(name);
    case.edit(
        "Cargo.toml",
        "pyo3 = \"0.30.1\"",
        "pyo3 = { version = \"0.30.1\", features = [\"experimental-inspect\"] }",
    );
    case
}

#[test]
fn stubs_of_a_crate_alone_make_its_package_typed() {
    let case = with_inspection("pure");
    case.build(["--generate-stubs"]).succeeds();
    assert_eq!(
        files(&case)
            .iter()
            .filter(|path| !is_extension(path))
            .collect::<Vec<_>>(),
        ["pure/__init__.py", "pure/__init__.pyi", "pure/py.typed"]
    );
    let stub = content(&case, "pure/__init__.pyi");
    assert!(stub.contains("def add("), "{stub}");
}

#[test]
fn a_stub_beside_python_files_replaces_the_one_that_lies_there() {
    let case = with_inspection("mixed");
    case.build(["--generate-stubs"])
        .succeeds_with(&["the project's own `mixed/_native.pyi` makes way for the one that is generated"]);
    let stub = content(&case, "mixed/_native.pyi");
    assert!(stub.contains("def add("), "{stub}");
}

#[test]
fn stubs_can_be_written_without_a_wheel() {
    let case = with_inspection("mixed");
    case.run(["generate-stubs", "--out", "stubs"]).succeeds();
    assert!(case.read("stubs/mixed/_native.pyi").contains("def add("));
    let refused = case.run(["generate-stubs"]).report();
    assert!(
        refused.contains("error: `generate-stubs` needs a folder to write to"),
        "{refused}"
    );
}

#[test]
fn an_extension_that_tells_nothing_of_its_types_has_no_stubs() {
    let case = Case::of("pure");
    let refused = case.build(["--generate-stubs"]).report();
    assert!(
        refused.contains("error: no type stubs can be made of the extension"),
        "{refused}"
    );
    assert!(
        refused.contains("hint: turn on PyO3's feature `experimental-inspect`"),
        "{refused}"
    );
}

#[test]
fn debug_information_lies_beside_the_extension_under_the_name_that_debuggers_know() {
    let case = Case::of("pure");
    case.build(["--include-debuginfo"])
        .succeeds_with(&["there is no debug information of the extension `pure`"]);
    case.edit("Cargo.toml", "opt-level = 1\n", "opt-level = 1\ndebug = true\n");
    case.build(["--include-debuginfo"]).succeeds();
    let files = files(&case);
    let extension = files
        .iter()
        .find(|path| is_extension(path))
        .expect("an extension");
    assert!(files.contains(&format!("{extension}.dwp")), "{files:?}");
}

#[test]
fn a_profile_needs_a_command_that_uses_the_wheel() {
    let case = Case::of("pure");
    let refused = case.build(["--pgo"]).report();
    assert!(
        refused.contains("error: `--pgo` needs `pgo-command`, which says how to put the wheel to work"),
        "{refused}"
    );
}

/// Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does: everything is compiled three times, and Rust's own `llvm-profdata`
/// has to be there.
#[test]
fn a_wheel_is_optimised_by_how_it_runs() {
    if variable("IRONWHEEL_TEST_PEERS").is_none() {
        return;
    }
    let case = Case::of("pure");
    case.append(
        "pyproject.toml",
        "\n[tool.ironwheel]\npgo-command = \"python -c 'print(1); import pure; assert pure.add(1, 2) == 3; print(7, file=open(\\\"worked\\\", \\\"w\\\"))'\"\n",
    );
    case.build(["--pgo"]).succeeds();
    assert_eq!(case.read("worked"), "7\n");
    let made = case.made();
    let tag = place::python().tag();
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(
        made[0].starts_with(&format!("pure-0.1.0-{tag}-{tag}-manylinux")),
        "{made:?}"
    );
    let first = std::fs::read(&case.wheels()[0]).expect("a wheel");
    optimises_an_editable_installation(&case);
    case.append("pyproject.toml", "pgo-dependency-group = \"absent\"\n");
    let refused = case.build(["--pgo"]).report();
    assert!(refused.contains("absent"), "{refused}");
    case.edit("pyproject.toml", "pgo-dependency-group = \"absent\"\n", "");
    case.edit("pyproject.toml", "import pure;", "");
    case.edit("pyproject.toml", "assert pure.add(1, 2) == 3;", "");
    let refused = case.build(["--pgo"]).report();
    assert!(refused.contains("what was built recorded nothing"), "{refused}");
    case.remove("worked");
    assert!(!first.is_empty());
}

fn optimises_an_editable_installation(case: &Case) {
    let mut case = case.twin();
    case.append(
        "pyproject.toml",
        "\n[tool.ironwheel]\npgo-command = \"python -c 'import pure; pure.add(1, 2); print(7, file=open(\\\"worked\\\", \\\"w\\\"))'\"\n",
    );
    let environment = tempfile::tempdir().expect("a folder");
    let folder = environment.path().join("venv");
    let python = place::python().executable.to_string_lossy().into_owned();
    case.shell(&python)
        .args(["-m", "venv", "--without-pip", &folder.to_string_lossy()])
        .run()
        .succeeded();
    case.set("VIRTUAL_ENV", &folder);
    let words = case.run(["develop", "--pgo", "--verbose"]).succeeds();
    assert_eq!(case.read("worked"), "7\n");
    let calls: Vec<&str> = words
        .lines()
        .filter(|line| line.contains("cargo rustc"))
        .collect();
    let last = calls.last().expect("a call of cargo's");
    assert!(
        last.contains("-Cprofile-use=") && last.contains("--release"),
        "{words}"
    );
    let imported = case
        .shell(&folder.join("bin/python").to_string_lossy())
        .args(["-c", "import pure"])
        .run();
    assert_eq!(imported.status, 0, "{}", imported.stderr);
}

//! Bad input: each kind has its own words and its own exit status, and leaves nothing in the output folder.

use std::path::Path;

use insta::assert_snapshot;

use crate::case::{COMPILERS, Case};
use crate::place::{self, IRONWHEEL};

/// The readme that the test crates have.
const README: &str =
    "readme = { text = \"A crate that shows one behaviour.\", content-type = \"text/markdown\" }";

/// Runs `build`, which must fail and leave nothing behind. Gives all that it said.
fn refused(case: &Case, arguments: &[&str]) -> String {
    let ran = case.build(arguments);
    assert!(
        case.made().is_empty(),
        "something was left in the output folder: {:?}",
        case.made()
    );
    let report = ran.report();
    assert!(!report.starts_with("status: 0"), "it must not succeed:\n{report}");
    report
}

/// Cargo's own words differ from version to version: checks that they are there with cargo's status, and gives ours.
fn refused_by_cargo(case: &Case, arguments: &[&str], theirs: &str) -> String {
    let report = refused(case, arguments);
    assert!(report.starts_with("status: 101\n"), "{report}");
    let (before, ours) = report
        .rsplit_once("\nerror: ")
        .unwrap_or_else(|| panic!("no words of ours:\n{report}"));
    assert!(
        before.contains(theirs),
        "cargo does not say `{theirs}`:\n{report}"
    );
    format!("error: {ours}")
}

/// `refused` for a crate with one file changed.
fn refused_after(crate_name: &str, file: &str, from: &str, to: &str) -> String {
    let case = Case::of(crate_name);
    case.edit(file, from, to);
    refused(&case, &[])
}

/// `refused` for the crate `pure` with more text at the end of its pyproject.toml.
fn refused_with(text: &str) -> String {
    let case = Case::of("pure");
    case.append("pyproject.toml", text);
    refused(&case, &[])
}

#[test]
fn no_cargo_toml() {
    let case = Case::of("pure");
    case.remove("Cargo.toml");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
    error: there is no Cargo.toml: [CASE]/pure/Cargo.toml
      hint: run in the crate's folder, or name its manifest: `--manifest-path <path>/Cargo.toml`
    ");
    assert_snapshot!(refused(&case, &["-m", "nowhere/Cargo.toml"]), @"
    status: 1
    --- stderr
    error: there is no Cargo.toml: [CASE]/pure/nowhere/Cargo.toml
      hint: run in the crate's folder, or name its manifest: `--manifest-path <path>/Cargo.toml`
    ");
}

#[test]
fn a_cargo_toml_that_does_not_parse() {
    let case = Case::of("pure");
    case.edit("Cargo.toml", "[lib]", "[lib");
    assert_snapshot!(refused_by_cargo(&case, &[], "Cargo.toml:6"), @"error: cargo cannot read the project (status 101)");
}

#[test]
fn a_pyproject_that_does_not_parse() {
    assert_snapshot!(refused_after("pure", "pyproject.toml", "[project]", "[project"), @"
    status: 1
    --- stderr
    error: not valid TOML: unclosed table, expected `]`: [CASE]/pure/pyproject.toml:5:9
    ");
}

#[test]
fn a_lock_file_that_is_out_of_date() {
    let case = Case::of("pure");
    case.append("Cargo.toml", "\n[build-dependencies]\nlibc = \"0.2\"\n");
    assert_snapshot!(refused_by_cargo(&case, &[], "--locked"), @"error: cargo cannot read the project (status 101)");
}

#[test]
fn no_library_at_all() {
    let case = Case::of("pure");
    case.edit(
        "Cargo.toml",
        "[lib]\nname = \"pure\"\ncrate-type = [\"cdylib\"]\n",
        "",
    );
    case.remove("src/lib.rs");
    case.write("src/main.rs", "fn main() {}\n");
    assert_snapshot!(refused(&case, &["-b", "pyo3"]), @r#"
    status: 1
    --- stderr
    error: `pure` has no library that Python could import
      hint: add a library (`src/lib.rs` and `[lib] crate-type = ["cdylib"]`) with a `#[pymodule]` in it
    "#);
}

#[test]
fn no_pyo3() {
    let case = Case::of("pure");
    case.edit("Cargo.toml", "pyo3 = \"0.30.1\"\n", "");
    case.write("src/lib.rs", "\n");
    case.remove("Cargo.lock");
    case.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"pure\"\nversion = \"0.1.0\"\n",
    );
    assert_snapshot!(refused(&case, &[]), @r#"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, cffi in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
        Compiled pure 0.1.0 for every Python: [CRATES] in [N] s
    error: the library of `pure` exports no function, so Python could call nothing in it
      hint: for PyO3, add `pyo3` to `[dependencies]` and write a `#[pymodule]`; for cffi, write functions with `#[unsafe(no_mangle)] pub extern "C"`
    "#);
}

#[test]
fn several_candidates() {
    assert_snapshot!(refused(&Case::of("workspace-member"), &[]), @"
    status: 1
    --- stderr
    error: the manifest is a workspace without a package of its own: [CASE]/workspace-member/Cargo.toml
      hint: name the member to build: `--manifest-path [CASE]/workspace-member/crates/extension/Cargo.toml`
    ");
}

#[test]
fn a_module_name_with_a_hyphen() {
    assert_snapshot!(refused_with("\n[tool.maturin]\nmodule-name = \"my-module\"\n"), @"
    status: 1
    --- stderr
    error: the module name, taken from `module-name` of [tool.maturin], is not one that Python can import
      because: `my-module` is not a valid module name: `my-module` is not a Python identifier
      hint: set `[lib] name` in Cargo.toml, or `module-name` in `[tool.ironwheel]`, to the name that Python shall import
    ");
}

#[test]
fn a_name_that_python_cannot_express() {
    let hidden = || {
        let case = Case::of("no-pyproject");
        case.edit("Cargo.toml", "name = \"no-pyproject\"", "name = \"_hidden\"");
        case.edit("Cargo.lock", "name = \"no-pyproject\"", "name = \"_hidden\"");
        refused(&case, &[])
    };
    assert_snapshot!(hidden(), @"
    status: 1
    --- stderr
    error: `package.name` cannot be the name of a Python project: [CASE]/no-pyproject/Cargo.toml
      because: `_hidden` is not a valid project name: letters, digits, `.`, `-` and `_` only, with a letter or digit at both ends
      hint: give the project a name of its own in pyproject.toml: `project.name`
    ");
    assert_snapshot!(refused_after(
        "pure",
        "pyproject.toml",
        "\"pure\"",
        "\"pure python\""
    ), @"
    status: 1
    --- stderr
    error: `project.name` is not a valid name (`pure python`): letters, digits, `.`, `-` and `_` only, with a letter or digit at both ends: [CASE]/pure/pyproject.toml:6:8
    ");
}

#[test]
fn a_version_that_python_cannot_express() {
    let version = |to: &str| {
        let case = Case::of("pre-release");
        for file in ["Cargo.toml", "Cargo.lock"] {
            case.edit(file, "1.0.0-alpha.2", to);
        }
        refused(&case, &[])
    };
    assert_snapshot!(version("1.0.0-nightly.1"), @"
    status: 1
    --- stderr
    error: `package.version` cannot be the version of a Python project: [CASE]/pre-release/Cargo.toml
      because: `1.0.0-nightly.1` has the pre-release `nightly.1`, for which Python has no counterpart
      hint: use `-alpha.N`, `-beta.N`, `-rc.N` or `-dev.N`, or give `project.version` in pyproject.toml
    ");
    assert_snapshot!(version("1.0.0-1"), @"
    status: 1
    --- stderr
    error: `package.version` cannot be the version of a Python project: [CASE]/pre-release/Cargo.toml
      because: `1.0.0-1` has the pre-release `1`, which Python would read as a version after 1.0.0 instead of before it
      hint: write it as `-alpha.N`, `-beta.N`, `-rc.N` or `-dev.N`, or give `project.version` in pyproject.toml
    ");
    assert_snapshot!(version("1.0.0-alpha.1.2"), @"
    status: 1
    --- stderr
    error: `package.version` cannot be the version of a Python project: [CASE]/pre-release/Cargo.toml
      because: `1.0.0-alpha.1.2` has the pre-release `alpha.1.2`, for which Python has no counterpart
      hint: use `-alpha.N`, `-beta.N`, `-rc.N` or `-dev.N`, or give `project.version` in pyproject.toml
    ");
    assert_snapshot!(refused_after("pure", "pyproject.toml", "\"0.1.0\"", "\"one\""), @"
    status: 1
    --- stderr
    error: `project.version` is not a version that Python can express (`one`): [CASE]/pure/pyproject.toml:7:11
    ");
}

#[test]
fn a_wrong_type_shows_line_and_column() {
    assert_snapshot!(refused_after(
        "pure",
        "pyproject.toml",
        "name = \"pure\"",
        "name = 3"
    ), @"
    status: 1
    --- stderr
    error: `project.name` is a number, but must be a string: [CASE]/pure/pyproject.toml:6:8
    ");
    assert_snapshot!(refused_after(
        "optional-dependencies",
        "pyproject.toml",
        "plain = []",
        "plain = \"rich\""
    ), @"
    status: 1
    --- stderr
    error: `project.optional-dependencies.plain` is a string, but must be an array of strings: [CASE]/optional-dependencies/pyproject.toml:13:9
    ");
    assert_snapshot!(refused_with("\n[tool.maturin]\ninclude = \"data/*\"\n"), @"
    status: 1
    --- stderr
    error: `tool.maturin.include` is a string, but must be an array: [CASE]/pure/pyproject.toml:11:11
    ");
    assert_snapshot!(refused_with("\n[tool.maturin]\nstrip = \"yes\"\n"), @"
    status: 1
    --- stderr
    error: `tool.maturin.strip` is a string, but must be a boolean: [CASE]/pure/pyproject.toml:11:9
    ");
    assert_snapshot!(refused_with("\n[tool.ironwheel]\nfeatures = [1]\n"), @"
    status: 1
    --- stderr
    error: `tool.ironwheel.features[0]` is a number, but must be a string or a table: [CASE]/pure/pyproject.toml:11:13
    ");
}

#[test]
fn an_unknown_key_of_ours_asks_what_was_meant() {
    assert_snapshot!(refused_with("\n[tool.ironwheel]\nmodule-nam = \"pure\"\n"), @"
    status: 1
    --- stderr
    error: `tool.ironwheel.module-nam` is not a setting: [CASE]/pure/pyproject.toml:11:1
      hint: did you mean `module-name`?
    ");
    assert_snapshot!(refused_with("\n[tool.ironwheel]\nwindows = true\n"), @"
    status: 1
    --- stderr
    error: `tool.ironwheel.windows` is not a setting: [CASE]/pure/pyproject.toml:11:1
    ");
}

#[test]
fn an_interpreter_that_is_not_there() {
    let case = Case::of("pure");
    assert_snapshot!(refused(&case, &["-i", "python3.99"]), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
    error: no Python interpreter found for `python3.99`
      hint: name one that is installed, as a program (`-i python3.12`), a path or a version (`-i 3.12`); `-f` takes all there are
    ");
    assert_snapshot!(refused(&case, &["-i", "nowhere/python"]), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
    error: no Python interpreter found for `nowhere/python`
      hint: name one that is installed, as a program (`-i python3.12`), a path or a version (`-i 3.12`); `-f` takes all there are
    ");
}

#[test]
fn an_interpreter_that_is_too_old() {
    let case = Case::of("pure");
    assert_snapshot!(refused(&case, &["-i", "3.5"]), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
    error: CPython 3.5 is too old: 3.7 or later is needed
      hint: name a later one: `-i 3.12`
    ");
    // A program that says it is an old Python.
    script(
        &case,
        "old/python3.5",
        "#!/bin/sh\nfor script; do :; done\nexec python3 -c \"import sys; sys.version_info = (3, 5, 2, 'final', 0); exec(sys.argv[1])\" \"$script\"\n",
    );
    let report = refused(&case, &["-i", "old/python3.5"]);
    assert!(report.contains("too old") && report.contains("3.5"), "{report}");
}

#[test]
fn an_interpreter_that_is_broken() {
    let case = Case::of("pure");
    script(
        &case,
        "broken/python3",
        "#!/bin/sh\necho 'python: error while loading shared libraries: libz.so.1' >&2\nexit 127\n",
    );
    assert_snapshot!(refused(&case, &["-i", "broken/python3"]), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
    error: the Python interpreter [CASE]/pure/broken/python3 does not work: python: error while loading shared libraries: libz.so.1
      hint: see what it says: run it with `-c 'import sysconfig'`; `-i` names another
    ");
    script(&case, "broken/python3.12", "#!/bin/sh\necho hello\n");
    assert_snapshot!(refused(&case, &["-i", "broken/python3.12"]), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
    error: the Python interpreter [CASE]/pure/broken/python3.12 does not work: it does not answer as Python does
      hint: see what it says: run it with `-c 'import sysconfig'`; `-i` names another
    ");
}

#[test]
fn no_interpreter_at_all() {
    let mut case = Case::of("pure");
    case.only(&COMPILERS);
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
    error: no Python interpreter found: tried `python3` and `python` on `PATH`
      hint: install Python 3, or name the version to build for: `-i 3.12`
    ");
}

#[test]
fn a_readme_that_is_not_there() {
    assert_snapshot!(refused_after(
        "pure",
        "pyproject.toml",
        README,
        "readme = \"docs/README.md\""
    ), @"
    status: 1
    --- stderr
    error: `project.readme` names a file that does not exist (`docs/README.md`): [CASE]/pure/pyproject.toml:8:10
    ");
    assert_snapshot!(refused_after(
        "no-pyproject",
        "Cargo.toml",
        "readme = \"README.md\"",
        "readme = \"READ.md\""
    ), @"
    status: 1
    --- stderr
    error: `package.readme` names a file that does not exist (`[CASE]/no-pyproject/READ.md`): [CASE]/no-pyproject/Cargo.toml
    ");
}

#[test]
fn a_readme_of_unknown_kind() {
    let case = Case::of("pure");
    case.write("README.foo", "words\n");
    case.edit("pyproject.toml", README, "readme = \"README.foo\"");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
    error: `project.readme` has a type that nobody knows (`README.foo`): use `.md`, `.rst` or `.txt`: [CASE]/pure/pyproject.toml:8:10
    ");
    case.edit(
        "pyproject.toml",
        "readme = \"README.foo\"",
        "readme = { file = \"README.foo\", content-type = \"text/foo\" }",
    );
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
    error: `project.readme.content-type` must be `text/markdown`, `text/x-rst` or `text/plain`, not `text/foo`: [CASE]/pure/pyproject.toml:8:48
    ");
}

#[test]
fn a_readme_outside_the_project() {
    let case = Case::of("pure");
    case.write("../README.md", "words\n");
    case.edit("pyproject.toml", README, "readme = \"../README.md\"");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
    error: `project.readme` leads out of the project (`../README.md`): [CASE]/pure/pyproject.toml:8:10
    ");
}

#[test]
fn a_license_that_is_not_there() {
    let case = Case::of("license-file-table");
    case.remove("TERMS.txt");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
    error: `project.license.file` names a file that does not exist (`TERMS.txt`): [CASE]/license-file-table/pyproject.toml:9:20
    ");
    assert_snapshot!(refused_after(
        "license-expression",
        "pyproject.toml",
        "\"NOTICE\"",
        "\"NOTICES*\""
    ), @"
    status: 1
    --- stderr
    error: `project.license-files[1]` matches no file (`NOTICES*`): [CASE]/license-expression/pyproject.toml:10:36
    ");
}

#[test]
fn a_license_outside_the_project() {
    assert_snapshot!(refused_after(
        "license-expression",
        "pyproject.toml",
        "\"NOTICE\"",
        "\"../LICENSE\""
    ), @"
    status: 1
    --- stderr
    error: `project.license-files[1]` is not a valid pattern (`../LICENSE`): it must not hold `..`: [CASE]/license-expression/pyproject.toml:10:36
    ");
    let case = Case::of("license-file-table");
    case.write("../TERMS.txt", "terms\n");
    case.edit("pyproject.toml", "TERMS.txt", "../TERMS.txt");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
    error: `project.license.file` leads out of the project (`../TERMS.txt`): [CASE]/license-file-table/pyproject.toml:9:20
    ");
}

#[test]
fn a_license_that_spdx_does_not_know() {
    assert_snapshot!(refused_after(
        "license-expression",
        "pyproject.toml",
        "MIT OR Apache-2.0",
        "MIT OR Mine"
    ), @"
    status: 1
    --- stderr
    error: `project.license` is not a valid SPDX license expression (`MIT OR Mine`): unknown license `Mine`: [CASE]/license-expression/pyproject.toml:9:11
    ");
}

#[test]
fn a_requirement_that_does_not_parse() {
    assert_snapshot!(refused_after(
        "optional-dependencies",
        "pyproject.toml",
        "packaging >= 20",
        "packaging >= twenty"
    ), @"
    status: 1
    --- stderr
    error: `project.dependencies[0]` is not a dependency specifier (`packaging >= twenty`): expected version to start with a number, but no leading ASCII digits were found: [CASE]/optional-dependencies/pyproject.toml:9:17
    ");
}

#[test]
fn two_files_for_one_place() {
    let case = Case::of("include-exclude");
    case.write("include_exclude/kept.py", "another\n");
    case.edit("pyproject.toml", "\"extras/*.txt\"", "\"include_exclude/*.py\"");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
            Read include-exclude 0.1.0, mixed, pyo3 0.30.1 in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
    error: `include_exclude/kept.py` would come twice: from [CASE]/include-exclude/python/include_exclude/kept.py and from [CASE]/include-exclude/include_exclude/kept.py
      hint: take one of the two out of `include`, or `exclude` it
    ");
}

#[test]
fn names_that_differ_only_in_case() {
    let case = Case::of("mixed");
    case.write("mixed/Table.py", "");
    case.write("mixed/table.py", "");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
            Read mixed 0.1.0, mixed, pyo3 0.30.1 in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
    error: `mixed/Table.py` and `mixed/table.py` differ only in case, which many file systems do not keep apart
      hint: rename one of the two
    ");
}

#[test]
fn a_symbolic_link_out_of_the_project() {
    let case = Case::of("mixed");
    case.write("../secret.txt", "secret\n");
    std::os::unix::fs::symlink("../../secret.txt", case.path("mixed/secret.txt")).expect("a link");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
            Read mixed 0.1.0, mixed, pyo3 0.30.1 in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
    error: a symbolic link leads out of the project: [CASE]/mixed/mixed/secret.txt → [CASE]/secret.txt
      hint: put the file itself into the project, or `exclude` the link
    ");
}

#[test]
fn a_python_source_that_is_not_there_or_holds_nothing() {
    assert_snapshot!(refused_after(
        "python-packages",
        "pyproject.toml",
        "python-source = \"python\"",
        "python-source = \"pyton\""
    ), @"
    status: 1
    --- stderr
    error: `python-source` ([tool.maturin]) names a folder that does not exist: [CASE]/python-packages/pyton
      hint: create the folder, or correct `python-source`
    ");
    let case = Case::of("namespace-package");
    case.remove("python/family/member/__init__.py");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
            Read namespace-package 0.1.0, mixed, pyo3 0.30.1 in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
    error: `python-source` is set, but the wheel would hold no Python file of it: [CASE]/namespace-package/python
      hint: see which ignore rule or `exclude` pattern takes them away: `ironwheel plan`
    ");
}

#[test]
fn a_module_that_python_would_not_find() {
    let case = Case::of("pure");
    case.edit("src/lib.rs", "mod pure", "mod other");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
        Compiled pure 0.1.0 for CPython [PY]: [CRATES] in [N] s
    error: the extension exports neither `PyInit_pure` nor `PyModExport_pure`, so Python could not import it
      hint: it exports `PyInit_other`: give `#[pymodule]`, `[lib] name` and `module-name` the same last name
    ");
    case.write(
        "src/lib.rs",
        "//! The empty library of a layer that only compiles dependencies.\n",
    );
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
        Compiled pure 0.1.0 for CPython [PY]: [CRATES] in [N] s
    error: the extension exports neither `PyInit_pure` nor `PyModExport_pure`, so Python could not import it
      hint: write a `#[pymodule]` of that name; a library without one is what a layer of dependencies alone leaves behind
    ");
}

#[test]
fn a_policy_that_does_not_hold_or_does_not_exist() {
    let case = Case::of("pure");
    // Which symbols stand against it is the machine's; that they are told with their versions is ours.
    let report = refused(&case, &["--compatibility", "manylinux_2_5"]);
    assert!(report.starts_with("status: 3\n"), "{report}");
    for part in [
        "the shared object does not hold to `manylinux_2_[X]`: it needs `GLIBC_2.",
        "of libc.so.6 (for `",
        "hint: build on a system as old as the platform",
        ", which is too new, is asked for by the crate `std`",
    ] {
        assert!(report.contains(part), "no `{part}` in:\n{report}");
    }
    assert_snapshot!(refused(&case, &["--compatibility", "musllinux_1_2"]), @"
    status: 3
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
        Compiled pure 0.1.0 for CPython [PY]: [CRATES] in [N] s
    error: the shared object does not hold to `musllinux_1_2`: it is made for another C library
      hint: build on a system as old as the platform, for instance in its container, or ask for what holds: `--compatibility manylinux_2_[X]`
    ");
    assert_snapshot!(refused(&case, &["--compatibility", "solaris"]), @"
    status: 2
    --- stderr
    error: invalid value 'solaris' for '--compatibility [<TAG>...]': `solaris` is not a platform tag: expected `linux`, `pypi`, `manylinux2014`, `manylinux_X_Y` or `musllinux_X_Y`

    For more information, try '--help'.
    ");
}

#[test]
fn a_library_outside_the_policy() {
    let case = Case::with_library("foreign");
    let linked = ["--", "-L", "libraries", "-l", "dylib=foreign"];
    let report = refused(&case, &linked);
    for part in [
        "status: 3\n",
        "error: cannot find `libforeign.so.1.0`, which `pure/pure[SUFFIX]` needs\n",
        "hint: install what has it, name its folder with `--lib-dir`, or leave it out with `--exclude-lib`; searched: /",
        "[CASE]/pure/libraries\n",
    ] {
        assert!(report.contains(part), "no `{part}` in:\n{report}");
    }
    // Whoever wants the wheel as it is gets it, and the tag promises nothing.
    let plain = format!("-linux_{}.whl", place::python().machine);
    for (flags, platform, words) in [
        (["--auditwheel", "warn"], plain.as_str(), "libforeign.so.1.0"),
        (["--compatibility", "linux"], &plain, ""),
        (["--exclude-lib", "libforeign.so.*"], ".whl", ""),
    ] {
        let report = case.build(flags.iter().chain(&linked)).report();
        assert!(
            report.starts_with("status: 0") && report.contains(words),
            "{report}"
        );
        let made = case.made();
        assert_eq!(made.len(), 1, "{made:?}");
        assert!(made[0].ends_with(platform), "{made:?}");
        assert_eq!(
            made[0].ends_with(&plain),
            platform == plain,
            "what is left out speaks against no tag: {made:?}"
        );
        std::fs::remove_file(case.out().join(&made[0])).expect("the wheel goes");
    }
}

#[test]
fn a_library_that_links_python() {
    let case = Case::with_library("python3.11");
    assert_snapshot!(refused(
        &case,
        &[
            "--compatibility",
            "pypi",
            "--",
            "-L",
            "libraries",
            "-l",
            "dylib=python3.11"
        ]
    ), @"
    status: 3
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
        Compiled pure 0.1.0 for CPython [PY]: [CRATES] in [N] s
    error: the shared object does not hold to `pypi`: it is linked to `libpython3.11.so.1.0`, which an extension must leave to the interpreter
      hint: turn on PyO3's feature `extension-module`, and do not link Python by hand
    ");
}

#[test]
fn an_output_folder_that_cannot_be() {
    let case = Case::of("pure");
    assert_snapshot!(case.run(["build", "--locked", "-o", "Cargo.toml"]).report(), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
    error: cannot create the folder [CASE]/pure/Cargo.toml
      because: File exists (os error 17)
      hint: a file stands where a folder is needed: move it, or choose another folder
    ");
    // Whether it is forbidden or impossible there depends on who asks.
    let report = case.run(["build", "--locked", "-o", "/proc/wheels"]).report();
    assert!(report.starts_with("status: 1\n"), "{report}");
    assert!(
        report.contains("error: cannot create the folder /proc/wheels\n  because: "),
        "{report}"
    );
}

#[test]
fn a_disk_that_is_full() {
    let case = Case::of("pure");
    case.build::<&str>([]).succeeds();
    std::fs::remove_dir_all(case.out()).expect("an output folder");
    // A limit on the size of files: what is written beyond it fails as on a full disk. Cargo has nothing to do by now.
    let script = format!(
        "trap '' XFSZ; ulimit -f 16; exec {} build --locked -o {}",
        place::IRONWHEEL,
        case.out().display()
    );
    let answer = case.shell("sh").args(["-c", &script]).run();
    assert_snapshot!(case.look_at(answer).report(), @"
    status: 1
    --- stderr
            Read pure 0.1.0, pure, pyo3 0.30.1 in [N] s
           Found CPython [PY] at [PYTHON] in [N] s
        Compiled pure 0.1.0 for CPython [PY]: [CRATES] in [N] s
         Audited pure/pure[SUFFIX]: manylinux_2_[X]_[MACHINE] in [N] s
    error: cannot write [CASE]/out/pure-0.1.0-cp[PY]-cp[PY]-manylinux_2_[X]_[MACHINE].whl
      because: File too large (os error 27)
    ");
    assert!(case.made().is_empty(), "{:?}", case.made());
}

#[test]
fn no_cargo() {
    let mut case = Case::of("pure");
    case.only(&["python3"]);
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
    error: `cargo` was not found on `PATH`
      hint: install Rust with rustup, and see that `cargo` is on PATH
    ");
}

#[test]
fn cargo_fails_with_its_own_words_and_its_own_status() {
    let case = Case::of("pure");
    case.edit("src/lib.rs", "left + right", "left + rihgt");
    assert_snapshot!(refused_by_cargo(&case, &[], "error[E0425]: cannot find value `rihgt`"), @"
    error: cargo failed with status 101
      hint: cargo's own words stand above
    ");
}

#[test]
fn a_feature_that_does_not_exist() {
    assert_snapshot!(refused_by_cargo(&Case::of("pure"), &["-F", "nothing"], "nothing"), @"error: cargo cannot read the project (status 101)");
}

#[test]
fn a_date_that_is_no_date() {
    let mut case = Case::of("pure");
    case.set("SOURCE_DATE_EPOCH", "yesterday");
    assert_snapshot!(refused(&case, &[]), @"
    status: 1
    --- stderr
    error: `SOURCE_DATE_EPOCH` is not a number of seconds since 1970: yesterday
      hint: unset it, or set it to a number: `SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`
    ");
}

#[test]
fn wrong_usage() {
    let case = Case::of("pure");
    assert_snapshot!(case.run(["build", "--no-such-flag"]).report(), @"
    status: 2
    --- stderr
    error: unexpected argument '--no-such-flag' found

      tip: to pass '--no-such-flag' as a value, use '-- --no-such-flag'

    Usage: ironwheel build [OPTIONS] [-- <RUSTC ARGUMENTS>...]

    For more information, try '--help'.
    ");
    assert_snapshot!(case.run(["biuld"]).report(), @"
    status: 2
    --- stderr
    error: unrecognized subcommand 'biuld'

      tip: some similar subcommands exist: 'b', 'build'

    Usage: ironwheel [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(case.run(["build", "--release", "--profile", "dev"]).report(), @"
    status: 2
    --- stderr
    error: the argument '--release' cannot be used with '--profile <NAME>'

    Usage: ironwheel build --release [-- <RUSTC ARGUMENTS>...]

    For more information, try '--help'.
    ");
    assert_snapshot!(case.run(["build", "--zig"]).report(), @"
    status: 2
    --- stderr
    error: `--zig` is understood, but this version of ironwheel cannot do it: linking with zig
      hint: build on a system with an old enough C library, and ask for the tag by `--compatibility`
    ");
}

/// What `plan` says on standard error of a crate with a changed pyproject.toml; it must succeed.
fn noticed(crate_name: &str, from: &str, to: &str) -> String {
    let case = Case::of(crate_name);
    case.edit("pyproject.toml", from, to);
    let report = case.run(["plan", "--locked"]).report();
    assert!(report.starts_with("status: 0\n"), "{report}");
    let words = report.split("--- stderr\n").nth(1).unwrap_or_default();
    let notices = words
        .lines()
        .filter(|line| line.starts_with("notice:") || line.starts_with("  hint:"));
    notices.collect::<Vec<_>>().join("\n")
}

#[test]
fn doubtful_settings_are_notices() {
    let table = "[build-system]\nrequires = [\"maturin>=1.0,<2.0\"]\nbuild-backend = \"maturin\"\n";
    assert_snapshot!(noticed("pure", table, ""), @"
    notice: pyproject.toml has no `[build-system]`, so other tools would build the project with setuptools
      hint: add `[build-system]` with `requires` and `build-backend`
    ");
    let version = "version = \"0.1.0\"";
    assert_snapshot!(noticed("pure", version, "version = \"0.1.0\"\nlicence = \"MIT\""), @"
    notice: `project.licence` is no field of [project] and is ignored
      hint: did you mean `license`?
    ");
    assert_snapshot!(noticed("pure", version, ""), @r#"
    notice: `project.version` is neither given nor in `project.dynamic`; Cargo.toml's is used
      hint: add `dynamic = ["version"]` to [project]
    "#);
    assert_snapshot!(noticed("pure", version, "version = \"0.1.0\"\ndynamic = [\"version\"]"), @"
    notice: `project.version` is given and also in `project.dynamic`; the value given is used
      hint: take `version` out of `dynamic`
    ");
    assert_snapshot!(noticed("pure", README, "[tool.maturin]\ninclude = [\"nothing/*.txt\"]"), @"
    notice: `include` pattern `nothing/*.txt` matches no file
      hint: for all files of a folder write `folder/**/*`; correct the pattern, or remove it
    ");
    assert_snapshot!(noticed("pure", README, "[tool.maturin]\nexclude = [\"nothing/*.txt\"]"), @"
    notice: `exclude` pattern `nothing/*.txt` takes nothing away
      hint: correct the pattern, or remove it
    ");
    assert_snapshot!(noticed("python-packages", "\"first\", \"second\"", "\"first\", \"secund\""), @"
    notice: `python-packages` names a folder that does not exist: [CASE]/python-packages/python/secund
      hint: names are relative to `python-source`
    ");
}

#[test]
fn a_doubtful_setting_does_not_stop_a_wheel() {
    let case = Case::of("pure");
    let table = "[build-system]\nrequires = [\"maturin>=1.0,<2.0\"]\nbuild-backend = \"maturin\"\n";
    case.edit("pyproject.toml", table, "");
    case.build::<&str>([]).succeeds_with(&["build-system"]);
    assert_eq!(case.made().len(), 1);
}

#[test]
fn an_ignored_python_file_is_a_notice() {
    let case = Case::of("ignored-files");
    case.append(".gitignore", "generated.py\n");
    case.write("ignored_files/generated.py", "");
    case.build::<&str>([]).succeeds_with(&["generated.py"]);
}

#[test]
fn a_signal_ends_cargo_and_leaves_nothing() {
    for (signal, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let case = Case::of("build-script-files");
        let pid = case.path("pid");
        let sleep = "fn main() {\n    let pid = std::path::Path::new(env!(\"CARGO_MANIFEST_DIR\")).join(\"pid\");\n    \
                     std::fs::write(pid, std::process::id().to_string()).expect(\"a file\");\n    \
                     std::thread::sleep(std::time::Duration::from_secs(60));\n";
        case.edit("build.rs", "fn main() {\n", sleep);
        // Whoever runs the tests may ignore signals, and what is ignored at the start stays ignored.
        let shell = case
            .shell("env")
            .args([
                "--default-signal=INT,TERM,HUP",
                IRONWHEEL,
                "build",
                "--locked",
                "-o",
            ])
            .arg(case.out());
        let child = shell.start();
        let script_id = wait_for(&pid);
        case.shell("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .run()
            .succeeded();
        let output = child.wait_with_output().expect("a child can be waited for");
        let answer = crate::shell::answer("ironwheel build".to_owned(), output);
        assert_eq!(
            (answer.status, answer.stdout.as_str()),
            (status, ""),
            "SIG{signal}: {}",
            answer.stderr
        );
        assert!(
            ends_soon(&script_id),
            "cargo's build script {script_id} runs on after SIG{signal}"
        );
        assert!(case.made().is_empty(), "{:?}", case.made());
    }
}

fn wait_for(path: &Path) -> String {
    for _ in 0..1200 {
        if let Ok(text) = std::fs::read_to_string(path)
            && !text.is_empty()
        {
            return text;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the build script never started");
}

fn ends_soon(id: &str) -> bool {
    let status = Path::new("/proc").join(id).join("status");
    (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        // Ended and not yet collected by its parent is ended.
        std::fs::read_to_string(&status).map_or(true, |text| text.contains("State:\tZ"))
    })
}

fn script(case: &Case, path: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    case.write(path, text);
    std::fs::set_permissions(case.path(path), std::fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// Runs `sdist`, which must fail and leave nothing behind. Gives all that it said.
fn refused_sources(case: &Case, arguments: &[&str]) -> String {
    let shell = case.ironwheel(["sdist", "-o"]).arg(case.out());
    let report = case.look_at(shell.args(arguments.iter().copied()).run()).report();
    assert!(case.made().is_empty(), "something was left: {:?}", case.made());
    assert!(!report.starts_with("status: 0"), "it must not succeed:\n{report}");
    report
}

#[test]
fn sources_without_a_pyproject() {
    assert_snapshot!(refused_sources(&Case::of("no-pyproject"), &[]));
}

#[test]
fn sources_without_a_lock_file_where_it_must_not_change() {
    let case = Case::of("pure");
    case.remove("Cargo.lock");
    let report = refused_sources(&case, &["--locked"]);
    assert!(
        report.starts_with("status: 101\n") && report.contains("--locked"),
        "{report}"
    );
}

#[test]
fn a_crate_that_no_archive_of_the_project_reaches() {
    let case = Case::of("path-dependency");
    // A file system's root is all that the two share.
    let far = place::kept("far-away").join("helper");
    let _ = std::fs::remove_dir_all(&far);
    crate::shell::copy_folder(&case.path("helper"), &far, &[]);
    let path = far.display().to_string();
    assert!(
        !path.starts_with("/tmp/"),
        "the tests' target directory must not lie below /tmp: {path}"
    );
    case.edit("Cargo.toml", "path = \"helper\"", &format!("path = \"{path}\""));
    let told = crate::case::steady(&path, &case.root());
    assert_snapshot!(refused_sources(&case, &[]).replace(&told, "[FAR]/helper"));
}

#[test]
fn a_link_out_of_what_is_packed() {
    let case = Case::of("pure");
    std::os::unix::fs::symlink("/etc/hostname", case.path("src/name.txt")).expect("a link");
    assert_snapshot!(refused_sources(&case, &[]));
    case.remove("src/name.txt");
    std::os::unix::fs::symlink("nowhere", case.path("src/name.txt")).expect("a link");
    assert_snapshot!(refused_sources(&case, &[]));
}

#[test]
fn sources_whose_names_differ_only_in_case() {
    let case = Case::of("pure");
    case.write("notes.txt", "");
    case.write("Notes.txt", "");
    assert_snapshot!(refused_sources(&case, &[]));
}

#[test]
fn sources_that_lack_what_cargo_needs() {
    let case = Case::of("path-dependency");
    case.append(
        "pyproject.toml",
        "\n[tool.ironwheel]\nexclude = [\"helper/src/**\"]\n",
    );
    let report = refused_sources(&case, &[]);
    let is_ours = |line: &&str| line.starts_with("error:") || line.starts_with("  hint:");
    assert_snapshot!(report.lines().filter(is_ours).collect::<Vec<_>>().join("\n"));
    assert!(report.contains("  because: failed to get `helper"), "{report}");
}

#[test]
fn a_folder_where_the_dependencies_would_go() {
    let case = Case::of("pure");
    case.write("vendor/notes.txt", "");
    assert_snapshot!(refused_sources(&case, &["--vendor"]));
}

#[test]
fn a_wrong_pattern_of_cargo_s() {
    let case = Case::of("pure");
    case.edit(
        "Cargo.toml",
        "edition = \"2024\"",
        "edition = \"2024\"\nexclude = [\"[z-a]\"]",
    );
    assert_snapshot!(refused_sources(&case, &[]));
}

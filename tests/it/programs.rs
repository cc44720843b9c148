//! Programs in wheels, beyond what `test-crates` shows by their expectations alone.

use crate::case::Case;
use crate::expect;
use crate::place;
use crate::shell::Shell;

/// Unpacks a wheel and gives the path of a script in it.
fn script(case: &Case, name: &str) -> std::path::PathBuf {
    let folder = case.path("unpacked");
    let wheels = case.wheels();
    let [wheel] = wheels.as_slice() else {
        panic!("one wheel: {wheels:?}");
    };
    Shell::new(&place::python().executable)
        .args(["-m", "zipfile", "-e"])
        .arg(wheel)
        .arg(&folder)
        .run()
        .succeeded();
    let found = Shell::new("find")
        .arg(&folder)
        .args(["-path", &format!("*.data/scripts/{name}")])
        .run()
        .succeeded();
    let path = std::path::PathBuf::from(found.trim());
    Shell::new("chmod").arg("+x").arg(&path).run().succeeded();
    path
}

#[test]
fn a_program_that_embeds_python_is_for_one_version_of_it() {
    let case = Case::of("embedded-python");
    let python = place::python();
    case.build([] as [&str; 0]).succeeds();
    let wheel = &case.wheels()[0];
    let name = wheel.file_name().and_then(|name| name.to_str()).expect("UTF-8");
    let tag = python.tag();
    assert!(
        name.starts_with(&format!("embedded_python-0.1.0-{tag}-{tag}-")),
        "{name}"
    );
    let look = expect::look(wheel);
    let needed: Vec<&String> = look.elf.values().flat_map(|elf| &elf.needed).collect();
    assert!(
        needed
            .iter()
            .any(|library| library.starts_with(&format!("libpython{}", python.version))),
        "{needed:?}"
    );
    // Its own Python's library is where that Python was installed, which need not be a place that the loader knows.
    let folder = Shell::new(&python.executable)
        .args([
            "-c",
            "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))",
        ])
        .run()
        .succeeded();
    let said = Shell::new(script(&case, "embedded-python"))
        .set("LD_LIBRARY_PATH", folder.trim())
        .run()
        .succeeded();
    assert_eq!(said, format!("Python {} inside\n", python.version));
}

/// Cargo describes a workspace with the features that all members together turn on.
#[test]
fn a_program_is_for_every_python_though_another_member_binds_one() {
    let case = Case::of("program");
    let member = |name: &str, more: &str| {
        let text = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}");
        case.write(&format!("{name}/Cargo.toml"), &text);
        case.write(&format!("{name}/src/lib.rs"), "");
    };
    case.append(
        "Cargo.toml",
        "\n[dependencies]\nshared = { path = \"shared\" }\n\n[workspace]\nmembers = [\"binding\"]\n",
    );
    member(
        "shared",
        "[features]\npython = [\"dep:pyo3\"]\n[dependencies]\npyo3 = { version = \"0.30.1\", optional = true }\n",
    );
    member(
        "binding",
        "[dependencies]\nshared = { path = \"../shared\", features = [\"python\"] }\n",
    );
    case.shell("cargo")
        .args(["generate-lockfile", "--offline"])
        .run()
        .succeeded();
    case.build([] as [&str; 0]).succeeds();
    let made = case.made();
    assert!(made[0].starts_with("program-0.1.0-py3-none-"), "{made:?}");
}

#[test]
fn every_program_of_the_crate_goes_with_the_library_where_all_are_asked_for() {
    let case = Case::of("library-and-programs");
    case.edit("pyproject.toml", "bins = [\"count-words\"]", "bins = true");
    let report = case.run(["plan"]).report();
    for name in ["count-words", "only-for-developers"] {
        assert!(report.contains(&format!(".data/scripts/{name}")), "{report}");
    }
}

#[test]
fn a_program_listed_among_the_targets_goes_with_the_library() {
    let case = Case::of("library-and-programs");
    case.edit(
        "pyproject.toml",
        "[tool.ironwheel]\nbins = [\"count-words\"]",
        "[tool.maturin]\ntargets = [\n  { name = \"library_and_programs\", kind = \"cdylib\" },\n  \
         { name = \"only-for-developers\", kind = \"bin\" },\n]",
    );
    let report = case.run(["plan"]).report();
    assert!(report.contains(".data/scripts/only-for-developers"), "{report}");
    assert!(!report.contains("count-words"), "{report}");
}

#[test]
fn a_library_or_a_program_alone_can_be_chosen() {
    let case = Case::of("library-and-programs");
    let report = case.run(["plan", "-b", "bin"]).report();
    assert!(
        report.contains("-py3-none-*.whl") || report.contains("-cp"),
        "{report}"
    );
    assert!(report.contains(".data/scripts/count-words"), "{report}");
    assert!(!report.contains("library_and_programs/__init__.py"), "{report}");
}

#[test]
fn a_script_of_python_and_a_program_cannot_have_one_name() {
    let case = Case::of("programs-and-python");
    case.edit("pyproject.toml", "list-tools =", "first-tool =");
    let refused = case.run(["plan"]).report();
    assert!(
        refused
            .contains("error: a program and a script of `[project.scripts]` have the same name: first-tool"),
        "{refused}"
    );
}

#[test]
fn one_wheel_for_every_python_looks_for_none_of_them() {
    let case = Case::of("program");
    let report = case.run(["plan", "--find-interpreter"]).report();
    assert!(report.contains("interpreter  none needed"), "{report}");
    let case = Case::of("cffi-pure");
    let report = case.run(["plan", "--find-interpreter"]).report();
    assert!(report.contains("-py3-none-*.whl"), "{report}");
}

#[test]
fn code_beside_generated_code_travels_and_generated_code_of_an_earlier_build_does_not() {
    let case = Case::of("cffi-mixed");
    case.write("python/cffi_mixed/_native/helpers.py", "HELP = 1\n");
    case.write("python/cffi_mixed/_native/ffi.py", "# auto-generated file\nold\n");
    case.build([] as [&str; 0]).succeeds();
    let look = expect::look(&case.wheels()[0]);
    assert!(
        look.files.contains(&"cffi_mixed/_native/helpers.py".to_owned()),
        "{:?}",
        look.files
    );
    case.write("python/cffi_mixed/_native/__init__.py", "from .ffi import ffi\n");
    case.build([] as [&str; 0]).succeeds_with(&[
        "the project's own `cffi_mixed/_native/__init__.py` stays in place of the generated one",
    ]);
}

#[test]
fn programs_beside_a_library_are_listed_by_their_kind() {
    let case = Case::of("library-and-programs");
    case.edit(
        "pyproject.toml",
        "[tool.ironwheel]\nbins = [\"count-words\"]",
        "[tool.maturin]\ntargets = [{ name = \"library_and_programs\" }, { name = \"count-words\" }]",
    );
    let report = case.run(["plan"]).report();
    assert!(!report.contains("count-words"), "{report}");
}

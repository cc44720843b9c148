//! What is compiled again, and what never is.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::case::{COMPILERS, Case};
use crate::place::{self, Python};
use crate::shell::Shell;

/// Builds without a notice, and gives the crates that cargo compiled rather than took from its cache.
fn compiled(case: &Case, arguments: &[&str]) -> BTreeSet<String> {
    compiled_with(case, arguments, None)
}

/// `compiled`, where cargo would have packed what is stale: that is told.
fn compiled_again(case: &Case) -> BTreeSet<String> {
    compiled_with(case, &[], Some("compiling them again"))
}

fn compiled_with(case: &Case, arguments: &[&str], notice: Option<&str>) -> BTreeSet<String> {
    let all = ["--message-format", "json"].iter().chain(arguments);
    let events = case.build(all).succeeds_on_stdout(notice);
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let messages = events
        .iter()
        .filter(|event| event["event"] == "cargo")
        .map(|event| &event["message"]);
    let artifacts: Vec<&Value> = messages
        .filter(|message| message["reason"] == "compiler-artifact")
        .collect();
    assert!(!artifacts.is_empty(), "cargo says what it has at every build");
    artifacts
        .iter()
        .filter(|message| message["fresh"] == false)
        .map(|message| message["target"]["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn nothing() -> BTreeSet<String> {
    BTreeSet::new()
}

fn only(name: &str) -> BTreeSet<String> {
    [name.to_owned()].into()
}

fn only_wheel(case: &Case) -> PathBuf {
    let wheels = case.wheels();
    assert_eq!(wheels.len(), 1, "one wheel: {wheels:?}");
    wheels[0].clone()
}

fn wheel_bytes(case: &Case) -> Vec<u8> {
    let wheel = only_wheel(case);
    std::fs::read(wheel).expect("a wheel")
}

/// What `add(2, 5)` of the one wheel gives.
fn add_of(case: &Case) -> String {
    let wheel = only_wheel(case);
    let folder = tempfile::tempdir().expect("a folder");
    let python = &place::python().executable;
    let unpack = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    Shell::new(python)
        .args(["-c", unpack])
        .arg(wheel)
        .arg(folder.path())
        .run()
        .succeeded();
    let run = Shell::new(python)
        .args(["-c", "import pure; print(pure.add(2, 5))"])
        .set("PYTHONPATH", folder.path());
    run.run().succeeded().trim().to_owned()
}

/// Writes a file and gives it a time long before anything was built.
fn write_with_old_time(case: &Case, path: &str, text: &str) {
    case.write(path, text);
    let file = File::options()
        .append(true)
        .open(case.path(path))
        .expect("a file");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(31 * 365 * 24 * 60 * 60))
        .expect("a time");
}

#[test]
fn a_second_unchanged_build_of_two_interpreters_compiles_nothing() {
    let case = Case::of("two-interpreters");
    let both = ["-i", "3.11", "-i", "3.12"];
    compiled(&case, &both);
    assert_eq!(compiled(&case, &both), nothing());
    assert_eq!(compiled(&case, &["-i", "3.12", "-i", "3.11"]), nothing());
    assert_eq!(compiled(&case, &["-i", "3.11"]), nothing());
    assert_eq!(case.made().len(), 2);
}

#[test]
fn neither_the_environment_s_path_nor_the_spelling_of_the_interpreter_compiles_anything() {
    let mut case = Case::of("pure");
    compiled(&case, &[]);
    let bytes = wheel_bytes(&case);
    let python = place::python();
    let path = python.executable.to_str().expect("UTF-8");
    for spelling in [
        path,
        &python.version,
        &format!("python{}", python.version),
        "python3",
    ] {
        assert_eq!(compiled(&case, &["-i", spelling]), nothing(), "{spelling}");
    }
    for name in ["one", "another/one"] {
        let environment = environment(&case, name, python);
        case.set("VIRTUAL_ENV", &environment);
        assert_eq!(compiled(&case, &[]), nothing(), "{name}");
        let inside = environment.join("bin/python");
        assert_eq!(
            compiled(&case, &["-i", inside.to_str().expect("UTF-8")]),
            nothing(),
            "{name}"
        );
        case.unset("VIRTUAL_ENV").set("PYO3_PYTHON", &inside);
        assert_eq!(compiled(&case, &[]), nothing(), "{name}");
        case.unset("PYO3_PYTHON");
    }
    assert_eq!(wheel_bytes(&case), bytes, "nor does any of it change the wheel");
}

fn environment(case: &Case, name: &str, python: &Python) -> PathBuf {
    let folder = case.out().with_file_name("environments").join(name);
    let venv = Shell::new(&python.executable)
        .args(["-m", "venv", "--without-pip"])
        .arg(&folder);
    venv.run().succeeded();
    folder
}

#[test]
fn a_plain_cargo_build_in_between_evicts_nothing() {
    let case = Case::of("pure");
    compiled(&case, &[]);
    let bytes = wheel_bytes(&case);
    let cargo = || {
        case.shell("cargo").args([
            "build",
            "--release",
            "--locked",
            "--message-format",
            "json-render-diagnostics",
        ])
    };
    cargo().run().succeeded();
    assert_eq!(compiled(&case, &[]), nothing());
    let fresh = cargo().run().succeeded();
    assert!(
        !fresh.contains("\"fresh\":false"),
        "nor does ours evict what cargo made:\n{fresh}"
    );
    assert_eq!(wheel_bytes(&case), bytes);
}

#[test]
fn an_editor_s_cargo_check_in_between_evicts_nothing() {
    let case = Case::of("pure");
    compiled(&case, &[]);
    case.shell("cargo")
        .args(["check", "--locked", "--all-targets"])
        .run();
    assert_eq!(compiled(&case, &[]), nothing());
}

#[test]
fn changed_sources_with_an_old_time_are_compiled_again() {
    let case = Case::of("pure");
    let plus = case.read("src/lib.rs");
    compiled(&case, &[]);
    assert_eq!(add_of(&case), "7");
    write_with_old_time(&case, "src/lib.rs", &plus.replace("left + right", "left * right"));
    compiled_again(&case);
    assert_eq!(add_of(&case), "10");
    write_with_old_time(&case, "src/lib.rs", &plus);
    compiled_again(&case);
    assert_eq!(add_of(&case), "7");
    assert_eq!(compiled(&case, &[]), nothing());
}

#[test]
fn another_checkout_over_the_same_target_directory_is_never_packed_stale() {
    let first = Case::of("pure");
    compiled(&first, &[]);
    let second = first.twin();
    let text = second
        .read("src/lib.rs")
        .replace("left + right", "left + 100 * right");
    for file in ["Cargo.toml", "Cargo.lock", "pyproject.toml"] {
        write_with_old_time(&second, file, &second.read(file));
    }
    write_with_old_time(&second, "src/lib.rs", &text);
    let again = compiled_again(&second);
    assert_eq!(
        again,
        only("pure"),
        "dependencies do not hang on the project's folder"
    );
    assert_eq!(add_of(&second), "502");
    compiled_again(&first);
    assert_eq!(add_of(&first), "7");
}

#[test]
fn a_changed_file_that_the_sources_include_is_seen_too() {
    let case = Case::of("pure");
    let text = case.read("src/lib.rs").replace(
        "left + right",
        "left + right + include_bytes!(\"../offset.txt\")[0] as u32 - 48",
    );
    case.write("src/lib.rs", &text);
    case.write("offset.txt", "0");
    compiled(&case, &[]);
    assert_eq!(add_of(&case), "7");
    write_with_old_time(&case, "offset.txt", "3");
    compiled_again(&case);
    assert_eq!(add_of(&case), "10");
}

#[test]
fn a_changed_path_dependency_with_an_old_time_is_compiled_again() {
    let case = Case::of("path-dependency");
    compiled(&case, &[]);
    let before = wheel_bytes(&case);
    let text = case
        .read("helper/src/lib.rs")
        .replace("\"help\"", "\"helped by another word\"");
    write_with_old_time(&case, "helper/src/lib.rs", &text);
    let again = compiled_again(&case);
    assert!(
        again.contains("helper_of_path_dependency") && again.contains("path_dependency"),
        "{again:?}"
    );
    assert_ne!(wheel_bytes(&case), before);
}

#[test]
fn a_new_version_compiles_the_crate_alone() {
    let case = Case::of("pre-release");
    compiled(&case, &[]);
    for file in ["Cargo.toml", "Cargo.lock"] {
        case.edit(file, "1.0.0-alpha.2", "1.0.0-alpha.3");
    }
    assert_eq!(compiled(&case, &[]), only("pre_release"));
    let made = case.made();
    assert!(
        made.len() == 2 && made[1].starts_with("pre_release-1.0.0a3-"),
        "{made:?}"
    );
}

#[test]
fn changed_python_files_compile_nothing_and_change_the_wheel() {
    let case = Case::of("mixed");
    compiled(&case, &[]);
    let before = wheel_bytes(&case);
    case.append("mixed/__init__.py", "\nNEW = True\n");
    assert_eq!(compiled(&case, &[]), nothing());
    assert_ne!(wheel_bytes(&case), before);
}

#[test]
fn a_file_that_goes_away_goes_from_the_wheel() {
    let case = Case::of("mixed");
    compiled(&case, &[]);
    case.remove("mixed/deeper/table.json");
    assert_eq!(compiled(&case, &[]), nothing());
    assert!(
        !crate::expect::look(&case.wheels()[0])
            .files
            .contains(&"mixed/deeper/table.json".to_owned())
    );
}

#[test]
fn a_stable_abi_for_five_interpreters_is_one_wheel() {
    let case = Case::of("abi3");
    let five = [
        "-i", "3.9", "-i", "3.10", "-i", "3.11", "-i", "3.12", "-i", "3.13",
    ];
    compiled(&case, &five);
    let made = case.made();
    assert!(
        made.len() == 1 && made[0].starts_with("abi3-0.1.0-cp39-abi3-"),
        "{made:?}"
    );
    let bytes = wheel_bytes(&case);
    assert_eq!(
        compiled(&case, &[]),
        nothing(),
        "nor does it matter which interpreter asks"
    );
    assert_eq!(wheel_bytes(&case), bytes);
}

#[test]
fn a_stable_abi_needs_no_python() {
    let mut case = Case::of("abi3");
    compiled(&case, &[]);
    let bytes = wheel_bytes(&case);
    case.only(&COMPILERS);
    assert_eq!(compiled(&case, &[]), nothing());
    assert_eq!(wheel_bytes(&case), bytes);
}

#[test]
fn cargo_s_output_is_read_and_never_changed() {
    let case = Case::of("pure");
    compiled(&case, &[]);
    let library = place::shared_target().join("release/libpure.so");
    let seen = |path: &PathBuf| {
        let meta = path
            .metadata()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (
            std::fs::read(path).expect("a library"),
            meta.modified().expect("a time"),
        )
    };
    let before = seen(&library);
    compiled(&case, &["--compression-level", "1"]);
    assert!(seen(&library) == before, "cargo's own file is another one");
}

#[test]
fn a_library_is_grafted_again_because_cargo_s_output_stays_as_it_is() {
    let case = Case::with_library("word");
    std::os::unix::fs::symlink("libword.so", case.path("libraries/libword.so.1.0")).expect("a symbolic link");
    let arguments = ["--", "-L", "libraries", "-l", "dylib=word"];
    compiled(&case, &arguments);
    let first = wheel_bytes(&case);
    let name = only_wheel(&case);
    assert!(
        name.to_str().is_some_and(|name| name.contains("manylinux")),
        "with the library inside it holds: {}",
        name.display()
    );
    assert_eq!(compiled(&case, &arguments), nothing());
    assert!(wheel_bytes(&case) == first, "the second wheel is the first");
    std::fs::remove_dir_all(case.path("libraries")).expect("the library goes");
    assert_eq!(add_of(&case), "7", "the wheel has what it needs");
}

#[test]
fn what_another_tool_has_done_to_cargo_s_output_does_not_get_into_a_wheel() {
    let case = Case::with_library("word");
    std::os::unix::fs::symlink("libword.so", case.path("libraries/libword.so.1.0")).expect("a symbolic link");
    let arguments = ["--", "-L", "libraries", "-l", "dylib=word"];
    compiled(&case, &arguments);
    let first = wheel_bytes(&case);
    // maturin's way: the file is edited where it lies, and with it cargo's own, which is the same file under another name.
    let cargos = place::shared_target().join("release/libpure.so");
    let prepared = case.path("prepared.so");
    Shell::new(place::IRONWHEEL)
        .args([
            "elf",
            "--replace-needed",
            "libword.so.1.0",
            "libword-0123abcd.so.1.0",
            "--output",
        ])
        .arg(&prepared)
        .arg(&cargos)
        .run()
        .succeeded();
    std::fs::write(&cargos, std::fs::read(&prepared).expect("a library")).expect("written in place");
    let again = compiled_with(&case, &arguments, Some("compiling them again"));
    assert_eq!(again, only("pure"));
    assert!(
        wheel_bytes(&case) == first,
        "the wheel is the one that was made before"
    );
}

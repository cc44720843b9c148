//! What `new` and `init` make builds, imports and passes its own tests at once, and nothing is overwritten.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::case::{names, steady, told};
use crate::json;
use crate::judges;
use crate::place::{self, IRONWHEEL};
use crate::shell::{Answer, Shell};

/// A folder, and the program run in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("ironwheel-").tempdir();
        Self(folder.expect("a temporary folder"))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn run(&self, folder: &str, arguments: &[&str]) -> Answer {
        Shell::new(IRONWHEEL)
            .args(arguments.iter().copied())
            .folder(self.path(folder))
            .set("CARGO_TARGET_DIR", place::shared_target())
            .set("CARGO_TERM_COLOR", "never")
            .run()
    }

    /// What was said, with status, without what changes from run to run.
    fn said(&self, arguments: &[&str]) -> String {
        let answer = self.run("", arguments);
        let words = format!("status: {}\n{}{}", answer.status, answer.stdout, answer.stderr);
        steady(&words, self.0.path())
    }

    /// Builds a project, which nothing must be said about, installs the wheel and runs the project's own tests.
    fn builds_imports_and_tests(&self, project: &str, test: &str) -> String {
        self.compiles_as_the_test_crates_do(project);
        // What is needed was fetched for the test crates; a lock file is not yet there.
        let python = judges::environment().join("bin/python");
        let python = python.to_str().expect("UTF-8");
        let answer = self.run(project, &["build", "--offline", "-o", "dist", "-i", python]);
        assert_eq!(told(&answer.stderr), [""; 0], "{}", answer.stderr);
        answer.succeeded();
        let dist = self.path(project).join("dist");
        let [wheel] = names(&dist).try_into().expect("one wheel");
        self.passes_its_tests(project, &dist.join(&wheel), test);
        self.run(project, &["check", &format!("dist/{wheel}")])
            .succeeded();
        wheel
    }

    /// What the test crates have compiled need not be compiled again.
    fn compiles_as_the_test_crates_do(&self, project: &str) {
        let folder = if self.path(project).join("rust").is_dir() {
            format!("{project}/rust")
        } else {
            project.to_owned()
        };
        let manifest = format!("{folder}/Cargo.toml");
        let profile = "\n[profile.release]\nopt-level = 1\ncodegen-units = 16\n";
        self.write(&manifest, &(self.read(&manifest) + profile));
    }

    fn passes_its_tests(&self, project: &str, wheel: &Path, test: &str) {
        let environment = self.path("environment");
        Shell::new(&place::python().executable)
            .args(["-m", "venv", "--without-pip", "--clear"])
            .arg(&environment)
            .run()
            .succeeded();
        let python = environment.join("bin/python");
        judges::judge_named("python")
            .args(["-m", "pip", "--quiet", "--python"])
            .arg(&python)
            .args(["install", "--no-index", "--no-deps"])
            .arg(wheel)
            .run()
            .succeeded();
        let script = format!(
            "import {test} as tests
found = [value for name, value in vars(tests).items() if name.startswith('test_')]
for function in found: function()
print(len(found))"
        );
        let tests = self.path(project).join("tests");
        // Behind what is installed lies what the judges need, cffi among it.
        let where_they_lie = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let site_packages = judges::judge_named("python")
            .args(["-c", where_they_lie])
            .run()
            .succeeded();
        let ran = Shell::new(&python)
            .args(["-c", &script])
            .set(
                "PYTHONPATH",
                format!("{}:{}", tests.display(), site_packages.trim()),
            )
            .run();
        assert_eq!(ran.succeeded(), "1\n");
    }
}

#[test]
fn a_new_project_of_rust_alone_works_at_once() {
    let desk = Desk::new();
    assert_snapshot!(desk.said(&["new", "my-demo"]), @"
    status: 0
    create  [CASE]/my-demo/.gitignore
    create  [CASE]/my-demo/Cargo.toml
    create  [CASE]/my-demo/README.md
    create  [CASE]/my-demo/my_demo.pyi
    create  [CASE]/my-demo/pyproject.toml
    create  [CASE]/my-demo/src/lib.rs
    create  [CASE]/my-demo/tests/test_my_demo.py
    ");
    let wheel = desk.builds_imports_and_tests("my-demo", "test_my_demo");
    assert!(wheel.starts_with("my_demo-0.1.0-cp310-abi3-"), "{wheel}");
}

#[test]
fn a_new_project_with_a_package_works_at_once() {
    let desk = Desk::new();
    desk.run("", &["new", "--mixed", "--name", "mixed-demo", "elsewhere"])
        .succeeded();
    desk.builds_imports_and_tests("elsewhere", "test_mixed_demo");
}

#[test]
fn a_new_project_with_python_first_works_at_once() {
    let desk = Desk::new();
    desk.run("", &["new", "--src", "sources"]).succeeded();
    desk.builds_imports_and_tests("sources", "test_sources");
}

#[test]
fn a_new_program_works_at_once() {
    let desk = Desk::new();
    for (name, flags) in [
        ("tool", &[][..]),
        ("tool-mixed", &["--mixed"]),
        ("tool-src", &["--src"]),
    ] {
        desk.run("", &[&["new", "-b", "bin", name], flags].concat())
            .succeeded();
        let test = format!("test_{}", name.replace('-', "_"));
        let wheel = desk.builds_imports_and_tests(name, &test);
        assert!(wheel.contains("-py3-none-"), "{wheel}");
    }
}

#[test]
fn a_new_library_for_cffi_works_at_once() {
    let desk = Desk::new();
    for (name, flags) in [
        ("c-alone", &[][..]),
        ("c-mixed", &["--mixed"]),
        ("c-src", &["--src"]),
    ] {
        desk.run("", &[&["new", "-b", "cffi", name], flags].concat())
            .succeeded();
        let test = format!("test_{}", name.replace('-', "_"));
        let wheel = desk.builds_imports_and_tests(name, &test);
        assert!(wheel.contains("-py3-none-"), "{wheel}");
    }
}

#[test]
fn a_new_library_for_uniffi_works_at_once() {
    let desk = Desk::new();
    for (name, flags) in [
        ("u-alone", &[][..]),
        ("u-mixed", &["--mixed"]),
        ("u-src", &["--src"]),
    ] {
        desk.run("", &[&["new", "-b", "uniffi", name], flags].concat())
            .succeeded();
        let test = format!("test_{}", name.replace('-', "_"));
        let wheel = desk.builds_imports_and_tests(name, &test);
        assert!(wheel.contains("-py3-none-"), "{wheel}");
    }
}

#[test]
fn a_crate_that_is_there_gets_what_it_lacks() {
    let desk = Desk::new();
    let manifest = "[package]\nname = \"old-crate\" # ours\nversion = \"2.3.4\"\nedition = \"2021\"\n\n[features]\nextra = []\n";
    desk.write("old/Cargo.toml", manifest);
    desk.write("old/README.md", "It is old.\n");
    desk.write("old/src/lib.rs", "pub fn ours() -> u32 {\n    42\n}\n");
    assert_snapshot!(desk.said(&["init", "old", "--dry-run"]), @"
    status: 0
    create  [CASE]/old/.gitignore
    extend  [CASE]/old/Cargo.toml
    keep    [CASE]/old/README.md
    create  [CASE]/old/pyproject.toml
    notice: there is nothing that Python can see: [CASE]/old/src/lib.rs
      hint: add to it: `#[pyo3::pymodule] mod old_crate { }`
    ");
    assert_eq!(desk.read("old/Cargo.toml"), manifest);
    assert_eq!(names(&desk.path("old")), ["Cargo.toml", "README.md", "src"]);
    desk.run("old", &["init"]).succeeded();
    assert!(desk.read("old/Cargo.toml").starts_with(manifest));
    assert_eq!(desk.read("old/README.md"), "It is old.\n");
    assert_eq!(desk.read("old/src/lib.rs"), "pub fn ours() -> u32 {\n    42\n}\n");
    // What was said to be left is done.
    desk.write(
        "old/src/lib.rs",
        "#[pyo3::pymodule]\nmod old_crate {\n    #[pyo3::pyfunction]\n    fn ours() -> u32 {\n        42\n    }\n}\n",
    );
    desk.write("old/old_crate.pyi", "def ours() -> int: ...\n");
    desk.write(
        "old/tests/test_ours.py",
        "import old_crate\n\ndef test_ours():\n    assert old_crate.ours() == 42\n",
    );
    let wheel = desk.builds_imports_and_tests("old", "test_ours");
    assert!(wheel.starts_with("old_crate-2.3.4-cp310-abi3-"), "{wheel}");
}

#[test]
fn an_empty_folder_becomes_a_project() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("empty")).expect("a folder");
    let told = desk
        .run("empty", &["init", "--message-format", "json"])
        .succeeded();
    let events = json::checked(&told);
    assert!(
        events
            .iter()
            .all(|event| event["event"] == "file" && event["action"] == "create" && event["written"] == true)
    );
    desk.builds_imports_and_tests("empty", "test_empty");
    // Nothing is written twice.
    let told = desk
        .run("empty", &["init", "--message-format", "json"])
        .succeeded();
    let events = json::checked(&told);
    assert!(
        events
            .iter()
            .all(|event| event["action"] == "keep" && event["written"] == false),
        "{told}"
    );
}

#[test]
fn a_program_that_is_there_becomes_a_wheel() {
    let desk = Desk::new();
    desk.write(
        "there/Cargo.toml",
        "[package]\nname = \"there\"\nversion = \"0.2.0\"\nedition = \"2024\"\n",
    );
    desk.write("there/src/main.rs", "fn main() {\n    println!(\"mine\");\n}\n");
    desk.run("there", &["init", "--bindings", "bin"]).succeeded();
    assert_eq!(
        names(&desk.path("there")),
        [".gitignore", "Cargo.toml", "README.md", "pyproject.toml", "src"]
    );
    desk.run("there", &["build", "--offline", "-o", "dist"])
        .succeeded();
    assert!(names(&desk.path("there/dist"))[0].starts_with("there-0.2.0-py3-none-"));
}

#[test]
fn what_cannot_be_made_is_refused() {
    let desk = Desk::new();
    desk.write("here/Cargo.toml", "[workspace]\nmembers = [\"a\"]\n");
    assert_snapshot!(desk.said(&["new", "here"]), @"
    status: 1
    error: there is something already: [CASE]/here
      hint: add to what is there: `ironwheel init [CASE]/here`
    ");
    assert_snapshot!(desk.said(&["init", "here"]), @"
    status: 1
    error: the manifest has no package of its own: [CASE]/here/Cargo.toml
      hint: name the folder of a package
    ");
    assert_snapshot!(desk.said(&["new", "here/b"]), @r#"
    status: 0
    create  [CASE]/here/b/.gitignore
    create  [CASE]/here/b/Cargo.toml
    create  [CASE]/here/b/README.md
    create  [CASE]/here/b/b.pyi
    create  [CASE]/here/b/pyproject.toml
    create  [CASE]/here/b/src/lib.rs
    create  [CASE]/here/b/tests/test_b.py
    notice: the folder lies in the workspace of [CASE]/here/Cargo.toml
      hint: add `"b"` to `members` in it, or to `exclude`
    "#);
    assert_snapshot!(desk.said(&["new", "class"]), @"
    status: 1
    error: `class` cannot be the name of the project: `class` is not a valid module name: `class` is not a Python identifier
      hint: give another one: `--name`
    ");
    assert_snapshot!(desk.said(&["new", "there", "--name", "a b"]), @"
    status: 1
    error: `a b` cannot be the name of the project: letters, digits, `-` and `_` only, with a letter or digit at both ends
      hint: give another one: `--name`
    ");
    assert_snapshot!(desk.said(&["new", "there", "-b", "swig"]), @"
    status: 2
    error: invalid value 'swig' for '--bindings <pyo3|cffi|uniffi|bin>'
      [possible values: pyo3, cffi, uniffi, bin]

    For more information, try '--help'.
    ");
    assert!(!desk.path("class").exists() && !desk.path("there").exists());
}

#[test]
fn a_project_of_maturin_s_is_told_what_to_change() {
    let desk = Desk::new();
    desk.run("", &["new", "demo"]).succeeded();
    let text = desk.read("demo/pyproject.toml").replace("ironwheel", "maturin");
    desk.write("demo/pyproject.toml", &text);
    let said = desk.said(&["init", "demo"]);
    assert!(said.contains("build-backend = \"ironwheel\""), "{said}");
    assert_eq!(desk.read("demo/pyproject.toml"), text);
}

//! Judges nobody here wrote: what the tools that people use say of a wheel.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::expect::ExpectedWheel;
use crate::place::{self, Python};
use crate::shell::{Answer, Shell};

/// Findings of `check-wheel-contents` that are meant to be so in some crate, each with its reason.
const CONTENTS_IGNORED: [(&str, &str, &str); 5] = [
    ("W007,W008", "program", "there is nothing but the program"),
    ("W009", "python_packages", "its `python-packages` ask for two"),
    ("W009", "import_names", "its `import-names` name two"),
    (
        "W009,W010",
        "include_exclude",
        "`include` lets in a folder beside the package",
    ),
    (
        "W009,W003",
        "tool_ironwheel",
        "`include` lets in a file beside the package",
    ),
];

/// A virtual environment below `target/` with the judges that `tests/judges.txt` pins, made once.
pub fn environment() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| pinned("judges"))
}

/// A virtual environment below `target/` with what `tests/linters.txt` pins, made once, for tests that are asked for.
fn linters() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| pinned("linters"))
}

/// A virtual environment with what a file of that name below `tests/` pins.
fn pinned(name: &str) -> PathBuf {
    let _lock = place::lock(name);
    let folder = place::kept(name);
    let pins = place::repository().join(format!("tests/{name}.txt"));
    let wanted =
        std::fs::read_to_string(&pins).expect("the pins") + &place::python().executable.display().to_string();
    let stamp = folder.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return folder;
    }
    let python = &place::python().executable;
    Shell::new(python)
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .run()
        .succeeded();
    let pip = folder.join("bin/python");
    Shell::new(pip)
        .args(["-m", "pip", "install", "--quiet", "--requirement"])
        .arg(&pins)
        .run()
        .succeeded();
    std::fs::write(&stamp, wanted).expect("a stamp");
    folder
}

/// A linter, by the name of its program.
pub fn linter_named(program: &str) -> Shell {
    Shell::new(linters().join("bin").join(program))
}

/// A judge, by the name of its program.
pub fn judge_named(program: &str) -> Shell {
    let folder = environment().join("bin");
    let path = crate::shell::variable("PATH").unwrap_or_default();
    Shell::new(folder.join(program)).set("PATH", format!("{}:{path}", folder.display()))
}

/// What the program says at the end is true: the wheel's path, its size and its hash.
pub fn says_what_it_made(wheel: &Path, words: &str) {
    let sum = Shell::new("sha256sum").arg(wheel).run().succeeded();
    let (sha256, _) = sum.split_once(' ').expect("sha256sum prints a sum and a name");
    assert!(
        words.contains(sha256),
        "the words do not tell the hash {sha256}:\n{words}"
    );
    let path = wheel.to_str().expect("UTF-8");
    assert!(
        words.contains(path),
        "the words do not tell the path {path}:\n{words}"
    );
}

/// Puts a wheel before every judge.
pub fn judge(wheel: &Path, expected: &ExpectedWheel) {
    container(wheel, None);
    metadata(wheel);
    contents(wheel);
    record(wheel);
    platform(wheel);
    if wheel.to_str().is_some_and(|path| path.contains("-abi3-")) {
        stable_abi(wheel);
    }
    installs_without_running(wheel, expected);
    if let Some(python) = expected.python() {
        installs_with_pip(wheel, expected, python);
        installs_with_uv(wheel, expected, python);
    }
}

/// The package index's own rules for archives, and more: `tests/judge_zip.py`.
pub fn container(wheel: &Path, epoch: Option<u64>) {
    let script = place::repository().join("tests/judge_zip.py");
    let epoch = epoch.map(|epoch| ["--epoch".to_owned(), epoch.to_string()]);
    let answer = judge_named("python")
        .arg(script)
        .arg(wheel)
        .args(epoch.into_iter().flatten())
        .run();
    approved("judge_zip.py", &answer);
}

fn metadata(wheel: &Path) {
    approved(
        "twine",
        &judge_named("twine").args(["check", "--strict"]).arg(wheel).run(),
    );
    let script = "
import os, sys, zipfile
from packaging.metadata import Metadata
from packaging.utils import parse_wheel_filename
parse_wheel_filename(os.path.basename(sys.argv[1]), validate_order=True)
archive = zipfile.ZipFile(sys.argv[1])
[path] = [name for name in archive.namelist() if name.endswith('.dist-info/METADATA')]
Metadata.from_email(archive.read(path), validate=True)
";
    approved(
        "packaging",
        &judge_named("python").args(["-c", script]).arg(wheel).run(),
    );
}

fn contents(wheel: &Path) {
    let name = wheel.file_name().and_then(|name| name.to_str()).expect("UTF-8");
    let ignored: Vec<&str> = CONTENTS_IGNORED
        .iter()
        .filter(|(_, project, _)| name.starts_with(&format!("{project}-")))
        .map(|(finding, _, _)| *finding)
        .collect();
    let mut judge = judge_named("check-wheel-contents").arg("--no-config");
    if !ignored.is_empty() {
        judge = judge.arg("--ignore").arg(ignored.join(","));
    }
    approved("check-wheel-contents", &judge.arg(wheel).run());
}

fn record(wheel: &Path) {
    let nowhere = tempfile::tempdir().expect("a temporary folder");
    let installer = judge_named("python").args([
        "-m",
        "installer",
        "--validate-record",
        "all",
        "--no-compile-bytecode",
        "--destdir",
    ]);
    approved("installer", &installer.arg(nowhere.path()).arg(wheel).run());
    let unpack = judge_named("python").args(["-m", "wheel", "unpack", "--dest"]);
    approved(
        "wheel",
        &unpack.arg(nowhere.path().join("unpacked")).arg(wheel).run(),
    );
}

fn stable_abi(wheel: &Path) {
    approved(
        "abi3audit",
        &judge_named("abi3audit")
            .args(["--strict", "--summary"])
            .arg(wheel)
            .run(),
    );
}

/// auditwheel's verdict is our tag, unless nothing but `linux` was asked for.
fn platform(wheel: &Path) {
    let answer = judge_named("auditwheel").arg("show").arg(wheel).run();
    let words = answer.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    approved("auditwheel", &answer);
    let ours = wheel
        .file_stem()
        .and_then(|name| name.to_str())
        .and_then(|name| name.rsplit('-').next())
        .expect("a tag");
    let newest = ours.split('.').max().expect("a tag has a part");
    if ours.starts_with("linux_") {
        return;
    }
    let verdict = format!("is consistent with the following platform tag: \"{newest}\"");
    assert!(
        words.contains(&verdict),
        "auditwheel does not say `{verdict}`:\n{words}"
    );
}

/// pip takes the wheel for the interpreter it is meant for, whether that is on this machine or not.
fn installs_without_running(wheel: &Path, expected: &ExpectedWheel) {
    let nowhere = tempfile::tempdir().expect("a temporary folder");
    let name = wheel.file_stem().and_then(|name| name.to_str()).expect("UTF-8");
    let platforms = name
        .rsplit('-')
        .next()
        .expect("a tag")
        .split('.')
        .flat_map(|platform| ["--platform", platform]);
    let pip = judge_named("python").args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--only-binary=:all:",
    ]);
    let pip = pip
        .args(["--python-version", expected.version()])
        .args(platforms)
        .arg("--target")
        .arg(nowhere.path());
    approved("pip", &pip.arg(wheel).run());
}

fn installs_with_pip(wheel: &Path, expected: &ExpectedWheel, python: &Python) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pip = judge_named("python")
        .args(["-m", "pip", "--python"])
        .arg(&python.executable);
    let pip = pip
        .args([
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--no-compile",
            "--target",
        ])
        .arg(folder.path());
    let answer = pip.arg(wheel).run();
    assert_eq!(
        (answer.status, answer.stdout.as_str(), answer.stderr.as_str()),
        (0, "", ""),
        "pip"
    );
    let run = Shell::new(&python.executable)
        .args(["-c", &expected.run])
        .set("PYTHONPATH", beside(folder.path(), expected));
    approved("import after pip", &run.run());
}

fn installs_with_uv(wheel: &Path, expected: &ExpectedWheel, python: &Python) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let environment = folder.path().join("environment");
    let uv = || judge_named("uv").args(["--quiet", "--offline", "--no-config"]);
    let venv = uv()
        .args(["venv", "--no-managed-python", "--python"])
        .arg(&python.executable)
        .arg(&environment);
    approved("uv venv", &venv.run());
    let install = uv()
        .args([
            "pip",
            "install",
            "--no-index",
            "--no-deps",
            "--strict",
            "--python",
        ])
        .arg(&environment)
        .arg(wheel);
    approved("uv pip install", &install.run());
    let program = |name: &str| Shell::new(environment.join("bin").join(name));
    approved(
        "import after uv",
        &program("python")
            .args(["-c", &expected.run])
            .set("PYTHONPATH", beside(Path::new(""), expected))
            .run(),
    );
    for (name, printed) in &expected.commands {
        assert_eq!(&program(name).run().succeeded(), printed, "what `{name}` prints");
    }
}

/// A `PYTHONPATH` of a folder and what the wheel needs beside it, which is installed once.
fn beside(folder: &Path, expected: &ExpectedWheel) -> String {
    let mut paths = vec![folder.display().to_string()];
    for package in &expected.packages {
        let _lock = place::lock("packages");
        let home = place::kept("packages").join(package);
        if !home.is_dir() {
            let pip =
                Shell::new(&place::python().executable).args(["-m", "pip", "install", "--quiet", "--target"]);
            pip.arg(&home).arg(package).run().succeeded();
        }
        paths.push(home.display().to_string());
    }
    paths.retain(|path| !path.is_empty());
    paths.join(":")
}

fn approved(judge: &str, answer: &Answer) {
    assert!(
        answer.status == 0,
        "{judge} objects with status {}:\n{}\n{}\n`{}`",
        answer.status,
        answer.stdout,
        answer.stderr,
        answer.line
    );
}

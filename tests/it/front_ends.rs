//! What tests of front ends share: ironwheel's own wheel, and environments to install into.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::case::Case;
use crate::judges;
use crate::place::{self, IRONWHEEL};
use crate::shell::{Shell, variable};

/// A folder that holds nothing but a wheel of the program under test with its hooks, made once for each program.
pub fn own_wheel() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let _lock = place::lock("own-wheel");
        let folder = place::kept("own-wheel");
        let script = place::repository().join("tests/own_wheel.py");
        Shell::new(&place::python().executable)
            .arg(script)
            .arg(IRONWHEEL)
            .arg(place::repository().join("python"))
            .arg(&folder)
            .run()
            .succeeded();
        folder
    })
}

/// Makes a crate one that is built by ironwheel's hooks.
pub fn change_one_word(case: &Case) {
    case.edit("pyproject.toml", "maturin>=1.0,<2.0", "ironwheel");
    case.edit(
        "pyproject.toml",
        "build-backend = \"maturin\"",
        "build-backend = \"ironwheel\"",
    );
}

/// A virtual environment of the default Python, without pip.
pub struct Environment {
    folder: TempDir,
}

impl Environment {
    pub fn new() -> Self {
        Self::of(&place::python().executable)
    }

    /// Of another Python.
    pub fn of(python: &Path) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("environment-")
            .tempdir()
            .expect("a temporary folder");
        Shell::new(python)
            .args(["-m", "venv", "--without-pip"])
            .arg(folder.path().join("venv"))
            .run()
            .succeeded();
        Self { folder }
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("venv")
    }

    /// A program of the environment.
    pub fn program(&self, name: &str) -> Shell {
        Shell::new(self.root().join("bin").join(name))
    }

    /// What a line of Python prints.
    pub fn python(&self, code: &str) -> String {
        self.program("python").args(["-c", code]).run().succeeded()
    }

    /// pip, at work on this environment.
    pub fn pip(&self, arguments: &[&str]) -> Shell {
        judges::judge_named("python")
            .args(["-m", "pip", "--python"])
            .arg(self.root().join("bin/python"))
            .args(arguments.iter().copied())
    }

    /// The folder that packages are installed into.
    pub fn packages(&self) -> PathBuf {
        let version = &place::python().version;
        self.root().join(format!("lib/python{version}/site-packages"))
    }
}

/// The program with the case's environment and cargo's target directory, for front ends that build in the case's folder.
pub fn front_end(case: &Case, shell: &Shell) -> Shell {
    let path = variable("PATH").unwrap_or_default();
    shell
        .clone()
        .folder(case.root())
        .set("PATH", path)
        .set("CARGO_TARGET_DIR", place::shared_target())
        .set("CARGO_NET_OFFLINE", "true")
}

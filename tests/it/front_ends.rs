//! What tests of front ends share: ironwheel's own wheel, and environments to install into.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::case::{self, Case};
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
        let made = Self { folder };
        // A neighbour: pip would remove the folder of the packages when it is empty.
        std::fs::write(made.packages().join("neighbour.py"), "").expect("a neighbour");
        made
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

    /// uv's pip, at work on this environment.
    pub fn uv_pip(&self, arguments: &[&str]) -> Shell {
        judges::judge_named("uv")
            .args(["--offline", "--no-config", "pip"])
            .args(arguments.iter().copied())
            .arg("--python")
            .arg(self.root())
    }

    /// The folder that packages are installed into.
    pub fn packages(&self) -> PathBuf {
        let library = self.root().join("lib");
        let [version] = &case::names(&library)[..] else {
            panic!("one Python has one folder in {}", library.display());
        };
        library.join(version).join("site-packages")
    }

    /// Every file and link of the environment but compiled Python, by path from its root, with what tells whether it was written
    /// to: its inode and its time.
    pub fn files(&self) -> Vec<(String, (u64, i64, i64))> {
        files_below(&self.root())
    }
}

/// Every file and link below a folder but compiled Python, by path, with its inode and its time of change.
pub fn files_below(root: &Path) -> Vec<(String, (u64, i64, i64))> {
    use std::os::unix::fs::MetadataExt as _;
    fn walk(folder: &Path, root: &Path, found: &mut Vec<(String, (u64, i64, i64))>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.ends_with("__pycache__") {
                continue;
            }
            let facts = path.symlink_metadata().expect("facts");
            let name = path.strip_prefix(root).expect("below the root");
            let name = name.to_str().expect("UTF-8").to_owned();
            if facts.is_dir() {
                found.push((format!("{name}/"), (0, 0, 0)));
                walk(&path, root, found);
            } else {
                found.push((name, (facts.ino(), facts.mtime(), facts.mtime_nsec())));
            }
        }
    }
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort();
    found
}

/// The names alone, those of folders not among them, because pip leaves empty ones behind, whoever installed; nor uv's own lock.
pub fn names_of(files: &[(String, (u64, i64, i64))]) -> Vec<&str> {
    let names = files.iter().map(|(name, _)| name.as_str());
    names
        .filter(|name| !name.ends_with('/') && *name != ".lock")
        .collect()
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

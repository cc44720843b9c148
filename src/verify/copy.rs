//! A copy of a project, with all that lies beside it and belongs to it, in the same places relative to each other.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::archive::Content;
use crate::fs::{self, FileError};
use crate::project::Project;
use crate::project::settings::VersionWish;
use crate::sdist;

/// Which times the files of a copy have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ages {
    /// Now.
    Fresh,
    /// A year ago, all the same.
    Old,
}

/// What cargo and rustup look for in every folder above a crate.
const CONFIGURATION: [&str; 4] = [
    ".cargo/config.toml",
    ".cargo/config",
    "rust-toolchain.toml",
    "rust-toolchain",
];

/// A copy of a project.
#[derive(Debug)]
pub(super) struct Copy {
    /// Where the root of the file system would be.
    root: PathBuf,
    /// The folders that were copied whole.
    pieces: Vec<PathBuf>,
}

impl Copy {
    /// Copies the project below a folder, where every file has its absolute path.
    ///
    /// # Errors
    /// Where a file cannot be read or written.
    pub fn of(project: &Project, root: &Path, ages: Ages) -> Result<Self, FileError> {
        let copy = Self {
            root: root.to_owned(),
            pieces: pieces(project),
        };
        let walk = Walk {
            target_directory: &project.cargo.target_directory,
            with_git: matches!(project.settings.version.value, Some(VersionWish::Git { .. })),
            ages,
        };
        for piece in &copy.pieces {
            walk.folder(piece, &copy.path_of(piece))?;
        }
        for folder in copy.pieces.iter().flat_map(|piece| piece.ancestors()) {
            for name in CONFIGURATION {
                copy.stray(&folder.join(name), &walk)?;
            }
            if walk.with_git {
                let repository = folder.join(".git");
                let place = copy.path_of(&repository);
                if repository.exists() && !place.exists() {
                    walk.any(&repository, &place)?;
                }
            }
        }
        // A readme or a licence may lie where nothing else of the project does. Where the list cannot be had, the build says why.
        if let Ok(sdist) = sdist::collect(project) {
            for (_, entry) in sdist.files() {
                if let Content::File(source) = &entry.content {
                    copy.stray(source, &walk)?;
                }
            }
        }
        Ok(copy)
    }

    /// Copies a file that is there and was not copied yet.
    fn stray(&self, file: &Path, walk: &Walk<'_>) -> Result<(), FileError> {
        let place = self.path_of(file);
        if file.is_file() && !place.exists() {
            walk.any(file, &place)?;
        }
        Ok(())
    }

    /// Where the root of the file system would be.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where an absolute path lies in the copy.
    pub fn path_of(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// An argument as the copy needs it: the path of something that was copied leads into the copy, that of anything else to where it
    /// is. `folder` is where relative paths begin.
    pub fn argument(&self, word: &str, folder: &Path) -> String {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) if word.starts_with("--") => (Some(flag), value),
            _ => (None, word),
        };
        let path = fs::normalize(&folder.join(value));
        if value.starts_with('-') || !value.contains('/') || !path.exists() {
            return word.to_owned();
        }
        let place = self.path_of(&path);
        let place = if place.exists() { place } else { path };
        match flag {
            Some(flag) => format!("{flag}={}", place.display()),
            None => place.to_string_lossy().into_owned(),
        }
    }
}

/// The folders that hold the project, none inside another.
fn pieces(project: &Project) -> Vec<PathBuf> {
    let settings = &project.settings;
    let mut all: Vec<PathBuf> = project
        .cargo
        .local()
        .filter_map(|package| package.manifest.parent().map(Path::to_owned))
        .chain([project.root.clone(), project.cargo.workspace_root.clone()])
        .chain(settings.python_source.value.clone())
        .chain(settings.data.value.clone())
        .filter(|folder| folder.is_dir())
        .collect();
    all.sort();
    all.dedup();
    let whole = all.clone();
    all.retain(|folder| {
        !whole
            .iter()
            .any(|other| other != folder && folder.starts_with(other))
    });
    all
}

/// How folders are copied.
struct Walk<'a> {
    target_directory: &'a Path,
    with_git: bool,
    ages: Ages,
}

impl Walk<'_> {
    fn folder(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        fs::create_folder(to)?;
        let entries = std::fs::read_dir(from).map_err(FileError::new("read", from))?;
        for entry in entries {
            let path = entry.map_err(FileError::new("read", from))?.path();
            if !self.is_left_out(&path) {
                self.any(&path, &to.join(path.file_name().unwrap_or_default()))?;
            }
        }
        Ok(())
    }

    fn any(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        let kind = from
            .symlink_metadata()
            .map_err(FileError::new("read", from))?
            .file_type();
        if kind.is_symlink() {
            let target = std::fs::read_link(from).map_err(FileError::new("read", from))?;
            return link(&target, to);
        }
        if kind.is_dir() {
            return self.folder(from, to);
        }
        if !kind.is_file() {
            return Ok(());
        }
        if let Some(folder) = to.parent() {
            fs::create_folder(folder)?;
        }
        std::fs::copy(from, to).map_err(FileError::new("copy", from))?;
        if self.ages == Ages::Old {
            const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
            let aged = std::fs::File::options()
                .append(true)
                .open(to)
                .and_then(|file| file.set_modified(SystemTime::now() - YEAR));
            // A file that may not be written keeps its time, which is of no harm.
            drop(aged);
        }
        Ok(())
    }

    /// What is no source: what cargo and others keep, and environments.
    fn is_left_out(&self, path: &Path) -> bool {
        let is_kept = |mark: &str| path.join(mark).is_file();
        path == self.target_directory
            || is_kept("CACHEDIR.TAG")
            || is_kept("pyvenv.cfg")
            || path.ends_with("__pycache__")
            || (path.ends_with(".git") && !self.with_git)
    }
}

/// Makes a link that leads to `target`.
#[cfg(unix)]
pub(super) fn link(target: &Path, at: &Path) -> Result<(), FileError> {
    if let Some(folder) = at.parent() {
        fs::create_folder(folder)?;
    }
    std::os::unix::fs::symlink(target, at).map_err(FileError::new("create", at))
}

/// Makes a link that leads to `target`.
#[cfg(not(unix))]
pub(super) fn link(_: &Path, at: &Path) -> Result<(), FileError> {
    let error = std::io::Error::from(std::io::ErrorKind::Unsupported);
    Err(FileError::new("create", at)(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_name_what_was_copied_lead_into_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        let root = folder.path().join("copy");
        let copy = Copy {
            root: root.clone(),
            pieces: Vec::new(),
        };
        for path in [project.join("a/b.toml"), project.join("venv/python")] {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let place = copy.path_of(&project.join("a/b.toml"));
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, "").unwrap();
        let argument = |word: &str| copy.argument(word, &project);
        assert_eq!(argument("a/b.toml"), place.display().to_string());
        assert_eq!(
            argument("--manifest-path=a/b.toml"),
            format!("--manifest-path={}", place.display())
        );
        // What was not copied is used where it is.
        let python = project.join("venv/python").display().to_string();
        assert_eq!(argument("venv/python"), python);
        // Words that happen to name something.
        for word in ["a", "pyo3/abi3", "--locked", "3.12"] {
            assert_eq!(argument(word), word);
        }
    }

    #[test]
    fn what_is_no_source_is_not_copied() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for path in [
            "src/lib.rs",
            "venv/pyvenv.cfg",
            "cache/CACHEDIR.TAG",
            ".git/config",
            "built/x",
            "src/__pycache__/x.pyc",
        ] {
            let path = from.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let walk = Walk {
            target_directory: &from.join("built"),
            with_git: false,
            ages: Ages::Old,
        };
        walk.folder(&from, &to).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&to)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["src"]);
        assert!(!to.join("src/__pycache__").exists());
        let age = to.join("src/lib.rs").metadata().unwrap().modified().unwrap();
        assert!(age < SystemTime::now() - Duration::from_secs(1_000_000));
    }
}

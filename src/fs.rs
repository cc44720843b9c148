//! Files: read, walk in a fixed order, write whole or not at all. Every error has its path.

use std::path::{Path, PathBuf};

/// An operation on a file that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}", path = path.display())]
pub struct FileError {
    /// What was tried: `read`, `write`, `create the folder`.
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub source: std::io::Error,
}

impl FileError {
    /// For `map_err`: wraps an I/O error with what was tried on which path.
    pub fn new(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { action, path, source }
    }
}

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(FileError::new("read", path))
}

/// Reads a whole file that must be UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path).map_err(FileError::new("read", path))
}

/// Writes a file whole or not at all: a temporary file beside it, synchronised, then renamed over it with mode 0644 (less the
/// umask). Returns only when the name stands.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let _ = (path, bytes);
    todo!()
}

/// Writes a file only if it does not hold these bytes already; says whether it wrote.
pub fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool, FileError> {
    let _ = (path, bytes);
    todo!()
}

/// Creates a folder and its parents.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(FileError::new("create the folder", path))
}

/// Removes every temporary file that is being written; called when a signal ends the program.
pub fn remove_unfinished() {
    todo!()
}

/// Whether the owner may execute the file.
#[must_use]
pub fn is_executable(path: &Path) -> bool {
    let _ = path;
    todo!()
}

/// A path without `.` and `..`, by its text alone.
#[must_use]
pub fn normalize(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                if !out.pop() {
                    out.push("..");
                }
            }
            other => out.push(other),
        }
    }
    out
}

//! Files: read, write whole or not at all. Every error has its path.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

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

/// Reads at most `length` bytes from a file's beginning.
pub fn read_beginning(path: &Path, length: usize) -> Result<Vec<u8>, FileError> {
    let read = || {
        let mut bytes = Vec::with_capacity(length);
        std::io::Read::take(File::open(path)?, length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(FileError::new("read", path))
}

/// Reads a whole file that must be UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path).map_err(FileError::new("read", path))
}

/// Writes a file whole or not at all: a temporary file beside it, synchronised, then renamed over it with mode 0644 (less the
/// umask). Returns only when the name stands.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let unfinished = Unfinished::create(path).map_err(FileError::new("write", path))?;
    unfinished
        .synchronised(bytes)
        .and_then(|file| file.rename(path))
        .map_err(FileError::new("write", path))
}

/// Writes a file whole or not at all, with the mode and, where we may, the owner of another file, which may be the one that is
/// replaced. Other names (hard links) of a replaced file keep the old bytes. Does not wait for the disk: what is replaced so can
/// be made again, and waiting takes many times longer than an edit.
pub fn write_like(path: &Path, bytes: &[u8], like: &Path) -> Result<(), FileError> {
    let metadata = like.metadata().map_err(FileError::new("read", like))?;
    let unfinished = Unfinished::create(path).map_err(FileError::new("write", path))?;
    unfinished
        .take_over(&metadata)
        .and_then(|()| unfinished.filled(bytes))
        .and_then(|file| file.rename(path))
        .map_err(FileError::new("write", path))
}

/// Puts a file in its place whole or not at all, with mode 0755 or 0644 (less the umask). Other names (hard links) of a file that
/// is replaced keep the old bytes. Does not wait for the disk: what is put in place so can be made again.
pub fn put_in_place(path: &Path, bytes: &[u8], executable: bool) -> Result<(), FileError> {
    let mode = if executable { 0o755 } else { 0o644 };
    let unfinished = Unfinished::create_with(path, mode).map_err(FileError::new("write", path))?;
    unfinished
        .filled(bytes)
        .and_then(|file| file.rename(path))
        .map_err(FileError::new("write", path))
}

/// Writes a file only if it does not hold these bytes already; says whether it wrote.
pub fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool, FileError> {
    if std::fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(false);
    }
    write_atomically(path, bytes).map(|()| true)
}

/// Appends to a file, which is made where it is not there.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    File::options()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(FileError::new("append to", path))
}

/// Removes a file.
pub fn remove(path: &Path) -> Result<(), FileError> {
    std::fs::remove_file(path).map_err(FileError::new("remove", path))
}

/// Creates a folder and its parents.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(FileError::new("create the folder", path))
}

/// Removes every temporary file that is being written; called when a signal ends the program.
/// From then on no file is begun and none gets its name: whoever tries waits for the end.
pub fn remove_unfinished() {
    let mut unfinished = unfinished();
    remove_all(&mut unfinished);
    std::mem::forget(unfinished);
}

/// What tells, without reading it, whether a file was written to: its length and its time of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    length: u64,
    modified: SystemTime,
}

/// The file's stamp; nothing where the file system tells none, or there is no file.
#[must_use]
pub fn stamp(path: &Path) -> Option<Stamp> {
    let meta = path.metadata().ok()?;
    Some(Stamp {
        length: meta.len(),
        modified: meta.modified().ok()?,
    })
}

/// Whether the owner may execute the file.
#[cfg(unix)]
#[must_use]
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o100 != 0)
}

/// Whether the owner may execute the file; nobody tells, so no.
#[cfg(not(unix))]
#[must_use]
pub fn is_executable(_: &Path) -> bool {
    false
}

/// Sets a file's mode to 0755 or 0644.
#[cfg(unix)]
pub fn set_executable(path: &Path, executable: bool) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if executable { 0o755 } else { 0o644 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .map_err(FileError::new("change the mode of", path))
}

/// Sets a file's mode; there is none here.
#[cfg(not(unix))]
pub fn set_executable(_: &Path, _: bool) -> Result<(), FileError> {
    Ok(())
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

/// The temporary files of this process. Held while one of them is created or renamed, so that a signal finds either a file
/// that is in the list or none.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remove_all(files: &mut BTreeSet<PathBuf>) {
    for path in std::mem::take(files) {
        // The program is ending: nobody is left to hear of a failure.
        let _ = std::fs::remove_file(path);
    }
}

/// A temporary file. Removed when it is dropped before it got its name.
struct Unfinished {
    path: PathBuf,
    file: File,
}

impl Unfinished {
    /// Creates one in the folder of the file that it will become.
    fn create(target: &Path) -> std::io::Result<Self> {
        Self::create_with(target, 0o644)
    }

    /// The same with a mode, less the umask.
    fn create_with(target: &Path, mode: u32) -> std::io::Result<Self> {
        let mut list = unfinished();
        let mut attempt = 0_u32;
        loop {
            let path = target.with_file_name(temporary_name(target, attempt));
            match open_new(&path, mode) {
                Ok(file) => {
                    list.insert(path.clone());
                    return Ok(Self { path, file });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && attempt < 1000 => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the owner over, which only the superuser may do, and then the mode, which a new owner may have reset.
    #[cfg(unix)]
    fn take_over(&self, metadata: &std::fs::Metadata) -> std::io::Result<()> {
        use std::os::unix::fs::MetadataExt as _;
        let _ = std::os::unix::fs::fchown(&self.file, Some(metadata.uid()), Some(metadata.gid()));
        self.file.set_permissions(metadata.permissions())
    }

    #[cfg(not(unix))]
    fn take_over(&self, metadata: &std::fs::Metadata) -> std::io::Result<()> {
        self.file.set_permissions(metadata.permissions())
    }

    fn filled(mut self, bytes: &[u8]) -> std::io::Result<Self> {
        self.file.write_all(bytes)?;
        Ok(self)
    }

    /// Filled, and on the disk.
    fn synchronised(self, bytes: &[u8]) -> std::io::Result<Self> {
        let filled = self.filled(bytes)?;
        filled.file.sync_all()?;
        Ok(filled)
    }

    fn rename(self, target: &Path) -> std::io::Result<()> {
        let mut list = unfinished();
        std::fs::rename(&self.path, target)?;
        list.remove(&self.path);
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if unfinished().remove(&self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// `.<name>.<process>-<attempt>.part`, cut to what file systems take.
fn temporary_name(target: &Path, attempt: u32) -> OsString {
    const LONGEST_NAME: usize = 200;
    let name: String = target
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii)
        .take(LONGEST_NAME)
        .collect();
    format!(".{name}.{}-{attempt}.part", std::process::id()).into()
}

#[cfg_attr(not(unix), expect(unused_variables, reason = "modes are Unix's"))]
fn open_new(path: &Path, mode: u32) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.whl");
        write_atomically(&path, b"a longer first version").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["a.whl"]);
    }

    #[test]
    fn a_failure_names_the_file_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir_all(path.join("by a folder")).unwrap();
        let error = write_atomically(&path, b"x").unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}", path.display()));
        assert_eq!(names(folder.path()), ["taken"]);
        let error = write_atomically(&folder.path().join("missing/file"), b"x").unwrap_err();
        assert!(error.to_string().ends_with("missing/file"), "{error}");
    }

    #[test]
    fn unchanged_bytes_are_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.txt");
        assert!(write_if_changed(&path, b"one").unwrap());
        assert!(!write_if_changed(&path, b"one").unwrap());
        assert!(write_if_changed(&path, b"two").unwrap());
        assert_eq!(read_text(&path).unwrap(), "two");
    }

    #[test]
    fn an_unfinished_file_is_listed_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.whl");
        let first = Unfinished::create(&target).unwrap();
        let second = Unfinished::create(&target).unwrap();
        assert_ne!(first.path, second.path);
        assert!(unfinished().contains(&first.path));
        let mut list = BTreeSet::from([first.path.clone()]);
        remove_all(&mut list);
        assert!(!first.path.exists());
        drop(second);
        drop(first);
        assert_eq!(names(folder.path()), [] as [&str; 0]);
        assert!(!unfinished().iter().any(|path| path.starts_with(folder.path())));
    }

    #[test]
    fn a_stamp_changes_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(stamp(&path), None);
        std::fs::write(&path, "one").unwrap();
        let before = stamp(&path);
        assert!(before.is_some());
        assert_eq!(stamp(&path), before);
        std::fs::write(&path, "three").unwrap();
        assert_ne!(stamp(&path), before);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_readable_by_all_and_not_executable() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomically(&path, b"").unwrap();
        // Whatever the umask: no bit beyond 0644, and the owner's own.
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o777 & !0o044,
            0o600
        );
        assert!(!is_executable(&path));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(is_executable(&path));
        assert!(!is_executable(folder.path()));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_replaced_keeps_its_mode_and_its_other_names_keep_the_old_bytes() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.so"), folder.path().join("b.so"));
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o751)).unwrap();
        std::fs::hard_link(&path, &other).unwrap();
        write_like(&path, b"new", &path).unwrap();
        assert_eq!(
            (read(&path).unwrap(), read(&other).unwrap()),
            (b"new".to_vec(), b"old".to_vec())
        );
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o751);
        assert_eq!(names(folder.path()), ["a.so", "b.so"]);
    }

    #[test]
    fn paths_are_cleaned_by_their_text() {
        for (path, clean) in [("/a/./b/../c", "/a/c"), ("../a", "../a"), ("a/..", "")] {
            assert_eq!(normalize(Path::new(path)), Path::new(clean), "{path}");
        }
    }
}

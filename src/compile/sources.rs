//! The files that packages are compiled from, as they are now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::zip::deflate::Digest;

/// A file, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    #[serde(flatten)]
    pub stamp: Stamp,
    /// SHA-256, lower-case hexadecimal.
    pub content: String,
}

/// What a file's folder says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub size: u64,
    /// When its content was last written: whatever wrote it may set this to any time. Nanoseconds since 1970.
    pub modified: u64,
    /// When anything about it last changed: only the system sets this. Nanoseconds since 1970; 0 where the system does not tell.
    pub changed: u64,
}

/// Files by path.
pub(super) type Files = BTreeMap<PathBuf, Seen>;

/// How long a file must have been left alone before its stamp is trusted: clocks of file systems tick slowly, and a write within
/// the same tick leaves no trace in the stamp.
const SETTLED: u64 = 2_000_000_000;

impl Stamp {
    /// The stamp of whatever a path leads to.
    pub fn of(path: &Path) -> Option<Self> {
        let facts = path.metadata().ok()?;
        Some(Self {
            size: facts.len(),
            modified: facts.modified().ok().map_or(0, nanoseconds),
            changed: changed(&facts),
        })
    }

    /// Whether a file that had this stamp when it was looked at, at `looked`, and has it again, has not been written meanwhile.
    fn is_trusted(&self, looked: u64) -> bool {
        self.changed != 0 && self.changed.saturating_add(SETTLED) < looked
    }
}

#[cfg(unix)]
fn changed(facts: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let (seconds, rest) = (u64::try_from(facts.ctime()), u64::try_from(facts.ctime_nsec()));
    match (seconds, rest) {
        (Ok(seconds), Ok(rest)) => seconds.saturating_mul(1_000_000_000).saturating_add(rest),
        _ => 0,
    }
}

#[cfg(not(unix))]
fn changed(_: &std::fs::Metadata) -> u64 {
    0
}

/// Whether all files had been left alone long enough when they were looked at.
pub(super) fn are_settled(files: &Files, looked: u64) -> bool {
    files.values().all(|seen| seen.stamp.is_trusted(looked))
}

/// The time now, in nanoseconds since 1970.
pub(super) fn now() -> u64 {
    nanoseconds(SystemTime::now())
}

fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}

/// SHA-256 of a file's content, lower-case hexadecimal; nothing where it cannot be read.
pub(super) fn content(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    Some(Digest::of(&bytes).sha256_hex())
}

/// The files at these paths, folders with all that lies in them. One that cannot be read is as if it were not there.
///
/// `known` are files as they were at `looked`: what has the same stamp since then is not read again.
pub(super) fn see(paths: &BTreeSet<PathBuf>, known: &Files, looked: u64) -> Files {
    let mut files = Files::new();
    for path in paths {
        if path.is_dir() {
            // A cache in it is nobody's source; cargo's own target directory is one.
            see_all(
                path,
                &|path| !path.join("CACHEDIR.TAG").exists(),
                known,
                looked,
                &mut files,
            );
        } else {
            see_one(path, known, looked, &mut files);
        }
    }
    files
}

/// The files of a package that cargo may watch where its build script does not say what to watch: all but hidden ones, other
/// packages below, Python's, and what is made rather than written.
pub(super) fn see_package(folder: &Path, known: &Files, looked: u64) -> Files {
    let mut files = Files::new();
    see_all(folder, &is_watched, known, looked, &mut files);
    files
}

fn is_watched(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with('.') || name == "__pycache__" {
        return false;
    }
    if path.is_dir() {
        // A target directory, a virtual environment, another package.
        return !["CACHEDIR.TAG", "pyvenv.cfg", "Cargo.toml"]
            .iter()
            .any(|mark| path.join(mark).exists());
    }
    !path.extension().is_some_and(|extension| {
        ["py", "pyi", "pyc", "so", "pyd"]
            .iter()
            .any(|other| extension == *other)
    })
}

fn see_all(folder: &Path, admits: &dyn Fn(&Path) -> bool, known: &Files, looked: u64, files: &mut Files) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if !admits(&path) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => see_all(&path, admits, known, looked, files),
            // A link to a folder could lead round in circles.
            Ok(kind) if kind.is_symlink() && path.is_dir() => {}
            _ => see_one(&path, known, looked, files),
        }
    }
}

fn see_one(path: &Path, known: &Files, looked: u64, files: &mut Files) {
    let Some(stamp) = Stamp::of(path) else { return };
    let before = known
        .get(path)
        .filter(|before| before.stamp == stamp && stamp.is_trusted(looked));
    let seen = match before {
        Some(before) => Some(before.clone()),
        None => content(path).map(|content| Seen { stamp, content }),
    };
    if let Some(seen) = seen {
        files.insert(path.to_owned(), seen);
    }
}

/// The paths that a dependency file of rustc's or cargo's names: `output: first second`, with `\ ` for a space in a name.
pub(super) fn dependencies(text: &str) -> BTreeSet<PathBuf> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, names)| words(names))
        .map(PathBuf::from)
        .collect()
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&' ') => word.extend(letters.next()),
            ' ' if word.is_empty() => {}
            ' ' => words.push(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn names(files: &Files, folder: &Path) -> Vec<String> {
        files
            .keys()
            .map(|path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn reads_dependency_files() {
        let text = "/t/lib a.so: /p/src/lib.rs /p/a\\ b.rs /p/c\\d.rs\n\n/p/src/lib.rs:\n# env-dep:X=a: b\n";
        let paths: Vec<_> = dependencies(text).into_iter().collect();
        assert_eq!(
            paths,
            ["/p/a b.rs", "/p/c\\d.rs", "/p/src/lib.rs"].map(PathBuf::from)
        );
    }

    #[test]
    fn sees_files_and_all_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "one.rs",
            "data/a.txt",
            "data/.hidden/b.txt",
            "data/target/CACHEDIR.TAG",
            "other.rs",
        ] {
            write(&root.join(name), name);
        }
        let paths = ["one.rs", "data", "gone.rs"].map(|name| root.join(name)).into();
        let files = see(&paths, &Files::new(), 0);
        assert_eq!(
            names(&files, root),
            ["data/.hidden/b.txt", "data/a.txt", "one.rs"]
        );
        assert_eq!(
            files[&root.join("one.rs")].content,
            Digest::of(b"one.rs").sha256_hex()
        );
    }

    #[test]
    fn a_package_is_what_cargo_may_watch_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "Cargo.toml",
            "build.rs",
            "schema/a.proto",
            ".git/index",
            "target/CACHEDIR.TAG",
            "target/x.d",
            "venv/pyvenv.cfg",
            "venv/lib/x",
            "inner/Cargo.toml",
            "inner/src/lib.rs",
            "python/a.py",
            "python/a.abi3.so",
            "__pycache__/a",
        ] {
            write(&root.join(name), name);
        }
        let files = see_package(root, &Files::new(), 0);
        assert_eq!(names(&files, root), ["Cargo.toml", "build.rs", "schema/a.proto"]);
    }

    #[test]
    fn what_lies_long_untouched_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, "a");
        let paths = BTreeSet::from([path.clone()]);
        let mut known = see(&paths, &Files::new(), 0);
        known.get_mut(&path).unwrap().content = "remembered".to_owned();
        let later = now() + 2 * SETTLED;
        assert_eq!(see(&paths, &known, later)[&path].content, "remembered");
        assert_ne!(
            see(&paths, &known, now())[&path].content,
            "remembered",
            "it was written a moment before"
        );
        write(&path, "b");
        assert_ne!(see(&paths, &known, later)[&path].content, "remembered");
    }
}

//! Reads one ELF file, or puts an edited one in its place: a new file renamed over the old.

use std::path::{Path, PathBuf};

use crate::elf::{self, Edits, ElfError, Facts, RunPath, RunPathTag};
use crate::fs::{self, FileError};
use crate::process;

/// Why a file could not be read or edited.
#[derive(Debug, thiserror::Error)]
pub enum ElfFileError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The bytes are not what they should be, or cannot be edited so.
    #[error("cannot {action} {path}", path = path.display())]
    Elf {
        /// What was tried: `read`, `edit`, `print the interpreter of`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: ElfError,
    },
    /// No sane shared object is that large.
    #[error("{path} is larger than the 4 GiB that are read: {size} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
}

/// What to do to a file: edits whose run path may depend on the libraries that are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileEdits {
    /// The edits.
    pub edits: Edits,
    /// Whether the run path keeps only what is of use.
    pub shrink: Option<Shrink>,
}

/// How a run path is shrunk: relative entries and those of `$ORIGIN` stay, absolute ones stay where they hold a needed library.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shrink {
    /// Absolute entries must begin with one of these; any may stay where there is none.
    pub allowed_prefixes: Vec<String>,
}

/// What came of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edited {
    /// Whether any byte is another.
    pub changed: bool,
    /// The size before, in bytes.
    pub size_before: u64,
    /// The size now, in bytes.
    pub size: u64,
}

const LARGEST_FILE: u64 = 1 << 32;

/// The facts of a file.
///
/// # Errors
/// Where it cannot be read, or is no sane ELF file.
pub fn facts(path: &Path) -> Result<Facts, ElfFileError> {
    inspect(path, &read(path)?)
}

/// The interpreter that starts a program.
///
/// # Errors
/// Where it names none.
pub fn interpreter<'a>(facts: &'a Facts, path: &Path) -> Result<&'a str, ElfFileError> {
    let found = facts.interpreter.as_deref();
    found
        .ok_or_else(ElfError::without_interpreter)
        .map_err(failed("print the interpreter of", path))
}

/// Edits a file and writes the result to `output`, which may be the file itself. Nothing is written where nothing changes in
/// place, and nothing but a whole, verified file ever has the name. Through a symbolic link the file it leads to is edited.
///
/// # Errors
/// Where the file cannot be read, edited or written; it is untouched then.
pub fn edit(path: &Path, output: Option<&Path>, wanted: &FileEdits) -> Result<Edited, ElfFileError> {
    let bytes = read(path)?;
    let mut edits = wanted.edits.clone();
    if let Some(shrink) = &wanted.shrink {
        let facts = inspect(path, &bytes)?;
        edits.run_path = shrunk(&facts, shrink);
        if facts.rpath.is_none() && facts.runpath.is_none() {
            (edits.run_path, edits.run_path_tag) = (RunPath::Keep, RunPathTag::AsItIs);
        }
    }
    let edited = elf::apply(&bytes, &edits).map_err(failed("edit", path))?;
    let changed = !elf::is_same(&bytes, &edited);
    if changed || output.is_some() {
        let target = output.unwrap_or(path);
        // What a link leads to is replaced, not the link.
        let target = std::fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let _held = process::hold_signals().map_err(FileError::new("write", &target))?;
        fs::write_like(&target, &edited, path)?;
    }
    let size = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(Edited {
        changed,
        size_before: size(&bytes),
        size: size(&edited),
    })
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(ElfError) -> ElfFileError {
    let path = path.to_owned();
    move |source| ElfFileError::Elf { action, path, source }
}

fn inspect(path: &Path, bytes: &[u8]) -> Result<Facts, ElfFileError> {
    elf::inspect(bytes).map_err(failed("read", path))
}

fn read(path: &Path) -> Result<Vec<u8>, ElfFileError> {
    let size = path.metadata().map_err(FileError::new("read", path))?.len();
    if size > LARGEST_FILE {
        return Err(ElfFileError::TooLarge {
            path: path.to_owned(),
            size,
        });
    }
    Ok(fs::read(path)?)
}

/// The run path without the entries that hold nothing which the file needs. Each library counts where it is found first.
fn shrunk(facts: &Facts, shrink: &Shrink) -> RunPath {
    let present = facts
        .runpath
        .as_ref()
        .or(facts.rpath.as_ref())
        .map(String::as_str)
        .unwrap_or_default();
    let mut wanted: Vec<&str> = facts.needed.iter().map(String::as_str).collect();
    let mut kept: Vec<&str> = Vec::new();
    for folder in present.split(':').filter(|entry| !entry.is_empty()) {
        let is_of_use = if folder.starts_with('/') {
            let prefixes = &shrink.allowed_prefixes;
            let is_allowed = prefixes.is_empty() || prefixes.iter().any(|prefix| folder.starts_with(prefix));
            let before = wanted.len();
            if is_allowed {
                wanted.retain(|library| !is_library_for(facts, &Path::new(folder).join(library)));
            }
            wanted.len() < before
        } else {
            true
        };
        if is_of_use && !kept.contains(&folder) {
            kept.push(folder);
        }
    }
    RunPath::Set(kept.join(":"))
}

/// Whether there is a library of the same machine.
fn is_library_for(facts: &Facts, path: &Path) -> bool {
    self::facts(path).is_ok_and(|library| {
        (library.machine.number, library.machine.is_64) == (facts.machine.number, facts.machine.is_64)
    })
}

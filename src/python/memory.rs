//! Interpreters that answered before, so that they need not be asked again.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::Interpreter;
use super::probe::configuration_path;

/// Raised when entries come to mean something else, or the questions change.
const FORMAT: u32 = 1;

/// How many interpreters are remembered: more than anybody builds for, so that stale entries go at last.
const CAPACITY: usize = 64;

/// What must not have changed for an answer to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// The program, as found.
    path: PathBuf,
    /// The file that it really is.
    real: PathBuf,
    size: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    /// When the `pyvenv.cfg` of its environment was last written, where it lies in one.
    environment_modified: Option<u64>,
}

impl Identity {
    /// The program's identity; nothing where it is no compiled program: what a script answers can change with anything.
    pub fn of(path: &Path) -> Option<Self> {
        let real = path.canonicalize().ok()?;
        let facts = real.metadata().ok()?;
        if !is_compiled(&real) {
            return None;
        }
        Some(Self {
            environment_modified: configuration_path(path).and_then(|path| modified(&path.metadata().ok()?)),
            path: path.to_owned(),
            size: facts.len(),
            modified: modified(&facts)?,
            real,
        })
    }

    /// Whether both are what was found at one path.
    pub fn is_of_same_program(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

fn modified(facts: &std::fs::Metadata) -> Option<u64> {
    let since = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// Whether the file begins as ELF, Mach-O or PE programs do.
fn is_compiled(path: &Path) -> bool {
    use std::io::Read;
    let mut start = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok()
        && (start.starts_with(b"MZ")
            || matches!(
                start,
                [0x7f, b'E', b'L', b'F']
                    | [0xcf | 0xce, 0xfa, 0xed, 0xfe]
                    | [0xfe, 0xed, 0xfa, 0xcf | 0xce]
                    | [0xca, 0xfe, 0xba, 0xbe]
            ))
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    identity: Identity,
    interpreter: Interpreter,
}

/// The file's content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Memory {
    format: u32,
    /// The latest last.
    entries: Vec<Entry>,
}

impl Memory {
    fn empty() -> Self {
        Self {
            format: FORMAT,
            entries: Vec::new(),
        }
    }

    /// Reads what is remembered in a folder; a file that is missing or makes no sense means nothing.
    pub fn load(folder: &Path) -> Self {
        std::fs::read(file(folder))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .filter(|memory: &Self| memory.format == FORMAT)
            .unwrap_or_else(Self::empty)
    }

    /// What a program answered when it was the same as now.
    pub fn recall(&self, identity: &Identity) -> Option<&Interpreter> {
        let entry = self.entries.iter().find(|entry| entry.identity == *identity)?;
        let base = entry.interpreter.base_executable.as_ref()?;
        base.exists().then_some(&entry.interpreter)
    }

    /// Adds answers, in place of older ones of the same programs, and writes the file. That it may be impossible to write is of
    /// no harm: the interpreters are asked again next time.
    ///
    /// An answer that names another program than the one asked came through a program that chooses, and may choose another next
    /// time; it is not kept.
    pub fn learn(mut self, folder: &Path, answers: Vec<(Identity, Interpreter)>) {
        for (identity, interpreter) in answers {
            let answering = interpreter
                .executable
                .as_ref()
                .and_then(|path| path.canonicalize().ok());
            if answering.as_ref() == Some(&identity.real) {
                self.entries.retain(|entry| entry.identity.path != identity.path);
                self.entries.push(Entry {
                    identity,
                    interpreter,
                });
            }
        }
        let excess = self.entries.len().saturating_sub(CAPACITY);
        self.entries.drain(..excess);
        if let Ok(bytes) = serde_json::to_vec(&self)
            && std::fs::create_dir_all(folder).is_ok()
        {
            let _ = crate::fs::write_if_changed(&file(folder), &bytes);
        }
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("interpreters.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::{Implementation, known};

    /// A file that begins as a program does, and the interpreter that it claims to be.
    fn program(folder: &Path) -> (Identity, Interpreter) {
        let path = folder.join("python3.12");
        std::fs::write(&path, b"\x7fELF...").unwrap();
        let mut interpreter = known(Implementation::CPython, 12, false, "x86_64-unknown-linux-gnu").unwrap();
        interpreter.executable = Some(path.clone());
        interpreter.base_executable = Some(path.clone());
        (Identity::of(&path).unwrap(), interpreter)
    }

    #[test]
    fn recalls_what_has_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (identity, interpreter) = program(folder.path());
        let memory = folder.path().join("not/yet/there");
        Memory::load(&memory).learn(&memory, vec![(identity.clone(), interpreter.clone())]);
        assert_eq!(Memory::load(&memory).recall(&identity), Some(&interpreter));
        std::fs::write(folder.path().join("pyvenv.cfg"), "home = /usr/bin").unwrap();
        let changed = Identity::of(&folder.path().join("python3.12")).unwrap();
        assert_eq!(Memory::load(&memory).recall(&changed), None);
    }

    #[test]
    fn keeps_no_answer_of_a_program_that_chooses() {
        let folder = tempfile::tempdir().unwrap();
        let (identity, mut interpreter) = program(folder.path());
        interpreter.executable = Some(folder.path().join("another"));
        std::fs::write(folder.path().join("another"), "").unwrap();
        Memory::empty().learn(folder.path(), vec![(identity.clone(), interpreter)]);
        assert_eq!(Memory::load(folder.path()).recall(&identity), None);
    }

    #[test]
    fn a_script_has_no_identity() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("python");
        std::fs::write(&path, "#!/bin/sh\nexec python3 \"$@\"\n").unwrap();
        assert_eq!(Identity::of(&path), None);
    }

    #[test]
    fn what_makes_no_sense_means_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (identity, interpreter) = program(folder.path());
        for wrong in ["", "{", "{\"format\": 999, \"entries\": []}", "[]"] {
            std::fs::write(file(folder.path()), wrong).unwrap();
            assert!(Memory::load(folder.path()).entries.is_empty(), "{wrong}");
        }
        Memory::load(folder.path()).learn(folder.path(), vec![(identity.clone(), interpreter.clone())]);
        assert_eq!(Memory::load(folder.path()).recall(&identity), Some(&interpreter));
    }

    #[test]
    fn forgets_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let (identity, interpreter) = program(folder.path());
        let answers = (0..=CAPACITY)
            .map(|number| {
                let mut identity = identity.clone();
                identity.path = PathBuf::from(format!("/{number}"));
                (identity, interpreter.clone())
            })
            .collect();
        Memory::empty().learn(folder.path(), answers);
        let memory = Memory::load(folder.path());
        assert_eq!(memory.entries.len(), CAPACITY);
        assert_eq!(memory.entries[0].identity.path, PathBuf::from("/1"));
    }
}

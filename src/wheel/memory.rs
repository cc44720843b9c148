//! Deflated files that are kept between builds, so that an unchanged library is not compressed again.
//!
//! A file is found by the hash of its content, its level and the packer's identity: with a memory, an archive holds the same
//! bytes as without. The folder may be removed at any time, and what is damaged is not believed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::fs;
use crate::zip::deflate::{Compression, Digest, IDENTITY};

/// Files below this size are compressed sooner than found.
const WORTH_KEEPING: u64 = 256 * 1024;

/// As many libraries as a project builds in a row, one for each interpreter.
const MOST_FILES: usize = 8;

/// The folder, and the level that is asked for.
pub(super) struct Memory {
    folder: PathBuf,
    level: u8,
}

impl Memory {
    /// The memory below a folder; nothing where there is none, or nothing is compressed.
    pub fn open(folder: Option<&Path>, compression: Compression) -> Option<Self> {
        match (folder, compression) {
            (Some(folder), Compression::Deflated(level @ 1..)) => Some(Self {
                folder: folder.join("deflate"),
                level,
            }),
            _ => None,
        }
    }

    /// The compressed bytes of a file with this digest, if they are there and sound.
    pub fn recall(&self, digest: &Digest) -> Option<Vec<u8>> {
        if digest.size < WORTH_KEEPING {
            return None;
        }
        let path = self.path(digest);
        let mut bytes = fs::read(&path).ok()?;
        let (deflated, checksum) = bytes.split_last_chunk()?;
        if *checksum != crc32fast::hash(deflated).to_le_bytes() {
            return None;
        }
        bytes.truncate(bytes.len() - checksum.len());
        mark_as_used(&path);
        Some(bytes)
    }

    /// Keeps the compressed bytes of a file with this digest. A memory that cannot be written is no harm.
    pub fn remember(&self, digest: &Digest, deflated: &[u8]) {
        if digest.size < WORTH_KEEPING || fs::create_folder(&self.folder).is_err() {
            return;
        }
        let checksum = crc32fast::hash(deflated).to_le_bytes();
        let _ = fs::write_atomically(&self.path(digest), &[deflated, &checksum].concat());
        self.forget_the_oldest();
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder
            .join(format!("{}-{}-{IDENTITY}", digest.sha256_hex(), self.level))
    }

    fn forget_the_oldest(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        let mut files: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(MOST_FILES);
        for (_, path) in files.iter().take(surplus) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Makes a file the youngest, so that it is the last to be forgotten.
fn mark_as_used(path: &Path) {
    if let Ok(file) = std::fs::File::open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(seed: u8) -> Digest {
        Digest {
            crc32: 0,
            sha256: [seed; 32],
            size: WORTH_KEEPING,
        }
    }

    fn memory(folder: &Path, level: u8) -> Memory {
        Memory::open(Some(folder), Compression::Deflated(level)).unwrap()
    }

    #[test]
    fn what_was_remembered_is_recalled() {
        let folder = tempfile::tempdir().unwrap();
        let six = memory(folder.path(), 6);
        assert_eq!(six.recall(&digest(1)), None);
        six.remember(&digest(1), b"deflated");
        assert_eq!(six.recall(&digest(1)).unwrap(), b"deflated");
        assert_eq!(six.recall(&digest(2)), None, "another content");
        assert_eq!(memory(folder.path(), 9).recall(&digest(1)), None, "another level");
    }

    #[test]
    fn small_and_stored_files_are_not_worth_it() {
        let folder = tempfile::tempdir().unwrap();
        let small = Digest {
            size: WORTH_KEEPING - 1,
            ..digest(1)
        };
        memory(folder.path(), 6).remember(&small, b"deflated");
        assert!(!folder.path().join("deflate").exists());
        assert!(Memory::open(Some(folder.path()), Compression::Stored).is_none());
        assert!(Memory::open(Some(folder.path()), Compression::Deflated(0)).is_none());
        assert!(Memory::open(None, Compression::default()).is_none());
    }

    #[test]
    fn damage_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let memory = memory(folder.path(), 6);
        memory.remember(&digest(1), b"deflated");
        let path = memory.path(&digest(1));
        let sound = fs::read(&path).unwrap();
        for index in 0..sound.len() {
            let mut damaged = sound.clone();
            damaged[index] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            assert_eq!(memory.recall(&digest(1)), None, "a bit at {index}");
            std::fs::write(&path, &sound[..index]).unwrap();
            assert_eq!(memory.recall(&digest(1)), None, "cut at {index}");
        }
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let folder = tempfile::tempdir().unwrap();
        let memory = memory(folder.path(), 6);
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        for seed in 0..u8::try_from(MOST_FILES).unwrap() {
            memory.remember(&digest(seed), b"deflated");
            let file = std::fs::File::open(memory.path(&digest(seed))).unwrap();
            let age = std::time::Duration::from_secs(u64::from(seed));
            file.set_modified(long_ago + age).unwrap();
        }
        assert!(memory.recall(&digest(0)).is_some(), "used again");
        memory.remember(&digest(100), b"deflated");
        assert!(memory.recall(&digest(0)).is_some());
        assert!(memory.recall(&digest(100)).is_some());
        assert!(memory.recall(&digest(1)).is_none());
        let left = std::fs::read_dir(folder.path().join("deflate")).unwrap().count();
        assert_eq!(left, MOST_FILES);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let memory = memory(&file, 6);
        memory.remember(&digest(1), b"deflated");
        assert_eq!(memory.recall(&digest(1)), None);
    }
}

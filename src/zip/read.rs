//! A strict reader: what the package index refuses is an error here.

use super::parallel;
use super::structure::{self, Outline};
use super::unpack::unpack;

/// An archive that unpacks to more than this must not do so from less than a fiftieth: the index's limit.
const LARGE: u64 = 64 * 1024 * 1024;
const HIGHEST_RATIO: u64 = 50;

/// One file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEntry {
    /// Its path.
    pub path: String,
    /// Its bytes, checked against the CRC.
    pub bytes: Vec<u8>,
    /// How many bytes of the archive its content takes.
    pub compressed: u64,
    /// Its Unix mode.
    pub mode: u32,
}

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// Not a zip archive, or damaged.
    #[error("not a readable zip archive: {0}")]
    Unreadable(String),
    /// Readable, but as a whole not as the package index wants it.
    #[error("the archive {0}")]
    Archive(String),
    /// Readable, but one of its files is not as the package index wants it.
    #[error("`{path}` {reason}")]
    Refused {
        /// The entry.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ZipError {
    /// A fault of one file.
    pub(super) fn refused(path: &str, reason: impl Into<String>) -> Self {
        Self::Refused {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

/// Reads every file, in the archive's order, on up to `cores` threads. Folders are checked and left out.
///
/// Everything that [`structure::read`] checks holds, and each file has the size and the CRC that its headers say.
pub fn read(bytes: &[u8], cores: usize) -> Result<Vec<ReadEntry>, ZipError> {
    let mut outlines = structure::read(bytes)?;
    refuse_bomb(bytes, &outlines)?;
    outlines.retain(|outline| !outline.is_folder);
    parallel::map(cores, &outlines, |outline| entry(bytes, outline))
        .into_iter()
        .collect()
}

fn entry(bytes: &[u8], outline: &Outline<'_>) -> Result<ReadEntry, ZipError> {
    let packed = bytes.get(outline.data.clone()).unwrap_or_default();
    let content = unpack(packed, outline.method, outline.size, outline.crc32);
    Ok(ReadEntry {
        path: outline.name.to_owned(),
        bytes: content.map_err(|words| ZipError::refused(outline.name, words))?,
        compressed: packed.len() as u64,
        mode: outline.mode,
    })
}

fn refuse_bomb(bytes: &[u8], outlines: &[Outline<'_>]) -> Result<(), ZipError> {
    let unpacked = outlines
        .iter()
        .fold(0_u64, |sum, outline| sum.saturating_add(outline.size));
    if unpacked > LARGE && unpacked > (bytes.len() as u64).saturating_mul(HIGHEST_RATIO) {
        return Err(ZipError::Archive(format!(
            "unpacks to more than {HIGHEST_RATIO} times its size: {unpacked} bytes"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::ArchivePath;
    use crate::zip::deflate::{Compression, pack};
    use crate::zip::write::{Member, Timestamp, write};

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let members: Vec<Member> = files
            .iter()
            .map(|(path, content)| Member {
                path: ArchivePath::parse(path).unwrap(),
                executable: path.starts_with("bin/"),
                packed: pack(&[content], Compression::default(), 1, &|_| {}).remove(0),
            })
            .collect();
        let mut out = Vec::new();
        write(&mut out, &members, Timestamp::EARLIEST).unwrap();
        out
    }

    #[test]
    fn reads_back_what_the_writer_wrote() {
        let large = vec![b'x'; 400_000];
        let bytes = archive(&[("ö.py", b"pass\n"), ("bin/run", &large), ("empty", b"")]);
        let entries = read(&bytes, 2).unwrap();
        let seen: Vec<_> = entries
            .iter()
            .map(|entry| (entry.path.as_str(), entry.mode))
            .collect();
        assert_eq!(
            seen,
            [("ö.py", 0o100_644), ("bin/run", 0o100_755), ("empty", 0o100_644)]
        );
        assert_eq!(entries[1].bytes, large);
    }

    #[test]
    fn a_wrong_byte_in_a_file_is_seen() {
        let sound = archive(&[("a", b"some text, some text, some text, some more text")]);
        // A bit of the compressed bytes, behind the header and the one letter of the name.
        let mut bytes = sound.clone();
        bytes[33] ^= 4;
        assert!(matches!(read(&bytes, 2), Err(ZipError::Refused { .. })));
        assert!(read(&sound, 2).is_ok());
    }

    #[test]
    fn a_size_that_is_a_lie_is_seen() {
        for lie in [47_u32, 49, 0, 2000] {
            let mut bytes = archive(&[("a", b"some text, some text, some text, some more text!")]);
            let central = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
            bytes[22..26].copy_from_slice(&lie.to_le_bytes());
            bytes[central + 24..central + 28].copy_from_slice(&lie.to_le_bytes());
            let message = read(&bytes, 2).unwrap_err().to_string();
            assert!(message.contains("`a` "), "{lie}: {message}");
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        assert_eq!(
            read(&archive(&[("zeros", &vec![0; 70_000_000])]), 2)
                .unwrap_err()
                .to_string(),
            "the archive unpacks to more than 50 times its size: 70000000 bytes"
        );
    }

    #[test]
    fn no_damage_ends_in_a_panic() {
        let sound = archive(&[("a.py", b"pass\n"), ("b", b"more"), ("c", b"")]);
        for index in 0..sound.len() {
            for value in [0x00, 0x01, 0x7f, 0xff, b'P'] {
                let mut bytes = sound.clone();
                bytes[index] = value;
                let _ = read(&bytes, 2);
            }
            assert!(read(&sound[..index], 2).is_err(), "cut at {index}");
            assert!(read(&sound[index + 1..], 2).is_err(), "begun at {}", index + 1);
        }
        assert!(read(&sound, 2).is_ok());
    }
}

//! From a tree to the archive: PKG-INFO first, then by path, with nothing in it that tells when, where and by whom it was made.

use std::path::{Path, PathBuf};

use super::{Sdist, SdistError};
use crate::archive::{ArchivePath, Content, Entry};
use crate::fs;
use crate::tar::{self, Member};
use crate::zip::deflate::Digest;

/// The time that files carry where `SOURCE_DATE_EPOCH` says nothing: 1980-01-01, as in wheels.
const DEFAULT_TIME: u64 = 315_532_800;

/// A source distribution that stands in its place.
#[derive(Debug, Clone)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Its size.
    pub size: u64,
}

impl Sdist {
    /// Every file, in the archive's order.
    #[must_use]
    pub fn files(&self) -> Vec<(&ArchivePath, &Entry)> {
        let mut files: Vec<_> = self.tree.iter().collect();
        files.sort_by_key(|(path, _)| path.as_str() != "PKG-INFO");
        files
    }
}

/// The archive's bytes.
pub fn pack(sdist: &Sdist, source_date_epoch: Option<u64>) -> Result<Vec<u8>, SdistError> {
    let files = sdist.files();
    let mut contents = Vec::with_capacity(files.len());
    for (path, entry) in files {
        let bytes = match &entry.content {
            Content::Bytes(bytes) => bytes.as_ref().clone(),
            Content::File(source) => fs::read(source)?,
        };
        contents.push((format!("{}/{path}", sdist.name), bytes, entry.executable));
    }
    let members: Vec<Member<'_>> = contents
        .iter()
        .map(|(path, bytes, executable)| Member {
            path,
            bytes,
            executable: *executable,
        })
        .collect();
    Ok(tar::gzip(&tar::write(
        &members,
        source_date_epoch.unwrap_or(DEFAULT_TIME),
    )))
}

/// Puts the archive's bytes in their place, whole.
pub fn write(file_name: &str, bytes: &[u8], out: &Path) -> Result<Written, SdistError> {
    let path = out.join(file_name);
    fs::create_folder(out)?;
    fs::write_atomically(&path, bytes)?;
    Ok(Written {
        path,
        sha256: Digest::of(bytes).sha256_hex(),
        size: bytes.len() as u64,
    })
}

//! From a tree to a wheel file: compress in parallel, write once, rename.

use std::path::{Path, PathBuf};

use crate::archive::{ArchivePath, Entry, Tree};
use crate::tag::WheelFilename;
use crate::zip::deflate::{Compression, Packed};
use crate::zip::write::Timestamp;

/// A wheel before it is written: a name, and a tree without RECORD.
#[derive(Debug)]
pub struct Wheel {
    /// Its file name.
    pub filename: WheelFilename,
    /// Its files, RECORD not among them.
    pub tree: Tree,
}

/// How a wheel is written.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// The folder it goes to.
    pub out: &'a Path,
    /// How its files are compressed.
    pub compression: Compression,
    /// The time that all its files carry.
    pub timestamp: Timestamp,
    /// Threads that may work at once.
    pub cores: usize,
    /// Where compressed files are remembered by the hash of their content; of no harm when it cannot be written.
    pub memory: Option<&'a Path>,
}

/// Files compressed before the wheel's name was known, while cargo was at work.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Compressed, by path.
    pub packed: std::collections::BTreeMap<ArchivePath, (Entry, Packed)>,
}

/// A wheel that stands in its place.
#[derive(Debug, Clone)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Its size.
    pub size: u64,
}

/// Why a wheel could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] crate::fs::FileError),
    /// Our own strict reading of the finished bytes found a fault.
    #[error("the finished wheel does not pass its own check: {0}")]
    SelfCheck(String),
}

/// Compresses files ahead of time; safe to run beside cargo.
pub fn prepare(tree: &Tree, options: &Options<'_>) -> Result<Prepared, WriteError> {
    let _ = (tree, options);
    todo!()
}

/// Compresses what is not prepared, appends RECORD, checks the result and puts it in its place.
/// Entries are sorted by the bytes of their paths, `.dist-info` behind all others, RECORD last.
pub fn write(
    wheel: Wheel,
    prepared: Prepared,
    options: &Options<'_>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Written, WriteError> {
    let _ = (wheel, prepared, options, progress);
    todo!()
}

//! A strict reader: what the package index refuses is an error here.

/// One file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEntry {
    /// Its path.
    pub path: String,
    /// Its bytes, checked against the CRC.
    pub bytes: Vec<u8>,
    /// Its Unix mode.
    pub mode: u32,
}

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// Not a zip archive, or damaged.
    #[error("not a readable zip archive: {0}")]
    Unreadable(String),
    /// Readable, but not as the package index wants it.
    #[error("`{path}` {reason}")]
    Refused {
        /// The entry.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads every entry, in the archive's order.
pub fn read(bytes: &[u8]) -> Result<Vec<ReadEntry>, ZipError> {
    let _ = bytes;
    todo!()
}

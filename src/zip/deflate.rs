//! Deflate in chunks with fixed boundaries: as many cores as there are, the same bytes on one.

/// How a file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    Stored,
    /// Deflated at a level from 0 to 9.
    Deflated(u8),
}

impl Default for Compression {
    fn default() -> Self {
        Self::Deflated(6)
    }
}

/// A file's bytes as an archive holds them, with what its headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The compressed bytes.
    pub bytes: Vec<u8>,
    /// How they are compressed.
    pub compression: Compression,
    /// CRC-32 of the uncompressed bytes.
    pub crc32: u32,
    /// SHA-256 of the uncompressed bytes.
    pub sha256: [u8; 32],
    /// Length of the uncompressed bytes.
    pub size: u64,
}

/// Compresses bytes; `progress` is told how many bytes of the input are done, from any thread.
#[must_use]
pub fn pack(bytes: &[u8], compression: Compression, progress: &(dyn Fn(u64) + Sync)) -> Packed {
    let _ = (bytes, compression, progress);
    todo!()
}

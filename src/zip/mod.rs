//! Takes entries. Gives an archive with the same bytes everywhere, and reads archives strictly.
//! Knows nothing of wheels.
//! The only room that names the zip crate, which is the second opinion of its tests.
//!
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>

// Hostile bytes give an error, never a panic; in a test a panic is what tells.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

pub mod deflate;
pub mod parallel;
pub mod read;
pub mod structure;
pub mod survey;
mod unpack;
pub mod write;

/// Signatures, flags and sentinels that the writer and the reader share.
mod format {
    /// Begins the header in front of a file's bytes.
    pub const LOCAL: u32 = 0x0403_4b50;
    /// Begins a file's header in the central directory.
    pub const CENTRAL: u32 = 0x0201_4b50;
    /// Begins the record that ends an archive.
    pub const END: u32 = 0x0605_4b50;
    /// Begins the same record of an archive that outgrew 32 bits.
    pub const END64: u32 = 0x0606_4b50;
    /// Begins the record that says where the one before is.
    pub const END64_LOCATOR: u32 = 0x0706_4b50;

    /// Length of [`END`]'s record without a comment.
    pub const END_LENGTH: usize = 22;
    /// Length of [`END64`]'s record without its extensible part.
    pub const END64_LENGTH: usize = 56;
    /// What that record says of its own length.
    pub const END64_REMAINDER: u64 = 44;
    /// Length of [`END64_LOCATOR`]'s record.
    pub const END64_LOCATOR_LENGTH: usize = 20;

    /// The extra field that holds what does not fit into 32 bits.
    pub const ZIP64_EXTRA: u16 = 0x0001;
    /// Says that a name is UTF-8.
    pub const FLAG_UTF8: u16 = 1 << 11;
    /// The host system "Unix" in "version made by".
    pub const UNIX: u16 = 3;
    /// A regular file, in a Unix mode.
    pub const REGULAR: u32 = 0o100_000;
    /// A folder, in a Unix mode.
    pub const FOLDER: u32 = 0o040_000;
    /// The bits of a Unix mode that tell what kind of file it is.
    pub const KIND: u32 = 0o170_000;

    /// Method 0.
    pub const STORED: u16 = 0;
    /// Method 8.
    pub const DEFLATED: u16 = 8;
}

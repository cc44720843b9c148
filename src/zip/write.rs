//! A zip writer with nothing in it that depends on where, when or by whom it runs.

use super::deflate::Packed;
use crate::archive::ArchivePath;

/// One file of the archive, ready to be written.
#[derive(Debug)]
pub struct Member {
    /// Where it goes.
    pub path: ArchivePath,
    /// Mode 0755 rather than 0644.
    pub executable: bool,
    /// Its bytes.
    pub packed: Packed,
}

/// A time as the archive's headers hold it: no earlier than 1980, even seconds, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// MS-DOS date.
    pub date: u16,
    /// MS-DOS time.
    pub time: u16,
}

impl Timestamp {
    /// 1980-01-01 00:00:00, for want of another.
    pub const EARLIEST: Self = Self { date: 0x21, time: 0 };

    /// Takes seconds since 1970; clamps to what the format can say.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Self {
        let _ = seconds;
        todo!()
    }
}

/// Writes the members in the order given.
pub fn write(
    out: &mut impl std::io::Write,
    members: &[Member],
    timestamp: Timestamp,
) -> Result<(), std::io::Error> {
    let _ = (out, members, timestamp);
    todo!()
}

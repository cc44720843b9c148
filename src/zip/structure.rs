//! The skeleton of an archive: every header, twice told and once believed. Nothing is decompressed here.
//!
//! There are two ways to read a zip archive, by the directory at its end or by the headers in front of the files. An archive
//! that gives two answers is a hiding place, so the package index refuses it, and so does this reader.

use std::collections::BTreeSet;
use std::ops::Range;

use super::format;
use super::read::ZipError;
use crate::archive::ArchivePath;

/// Deflate makes at most 1032 bytes out of one.
pub(super) const DEFLATE_RATIO: u64 = 1032;

/// A file as both of its headers describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline<'a> {
    /// Its path; a folder's without the `/` at its end.
    pub name: &'a str,
    /// Whether it is a folder, which archives need not name.
    pub is_folder: bool,
    /// Its Unix mode; 0100644 where the archive knows none.
    pub mode: u32,
    /// How it is compressed: 0 or 8.
    pub method: u16,
    /// CRC-32 of its content.
    pub crc32: u32,
    /// Length of its content.
    pub size: u64,
    /// Where its compressed bytes lie in the archive.
    pub data: Range<usize>,
}

/// Reads and checks all headers, in the order of the files' bytes.
///
/// What holds for an archive that passes: it begins with the first file and ends with its end record; files lie side by side;
/// each file's two headers agree; no name comes twice, leads out, or is spelled in a way that readers see differently; only
/// stored and deflated files, no links, no encryption, no data descriptors, no comments; sizes that can be true.
pub fn read(bytes: &[u8]) -> Result<Vec<Outline<'_>>, ZipError> {
    if looks_like_tar(bytes) {
        return Err(archive("could be taken for a tar archive"));
    }
    let end = End::read(bytes)?;
    let mut central = directory(bytes, &end)?;
    refuse_duplicates(&central)?;
    central.sort_by_key(|header| header.offset);
    let mut position = 0;
    let mut outlines = Vec::with_capacity(central.len());
    for header in &central {
        let outline = local(bytes, header, position)?;
        position = outline.data.end as u64;
        outlines.push(outline);
    }
    if position != end.directory_offset {
        return Err(archive("has bytes between its last file and its directory"));
    }
    Ok(outlines)
}

fn archive(reason: &str) -> ZipError {
    ZipError::Archive(reason.to_owned())
}

fn cut_short() -> ZipError {
    ZipError::Unreadable("it is cut short or damaged".to_owned())
}

/// Where the directory lies.
struct End {
    entries: u64,
    directory_offset: u64,
    directory_size: u64,
}

impl End {
    fn read(bytes: &[u8]) -> Result<Self, ZipError> {
        let (before, record) = bytes
            .split_last_chunk::<{ format::END_LENGTH }>()
            .ok_or_else(|| ZipError::Unreadable("it is too short to be one".to_owned()))?;
        let mut fields = Fields(record);
        if fields.u32()? != format::END {
            return Err(Self::missing(bytes));
        }
        let disks = fields.u32()?;
        let entries_here = fields.u16()?;
        let entries = fields.u16()?;
        let directory_size = fields.u32()?;
        let directory_offset = fields.u32()?;
        if fields.u16()? != 0 {
            return Err(cut_short());
        }
        if disks != 0 || entries_here != entries {
            return Err(archive("is a part of several"));
        }
        let end = Self {
            entries: u64::from(entries),
            directory_offset: u64::from(directory_offset),
            directory_size: u64::from(directory_size),
        };
        let (end, before) = match before.split_last_chunk::<{ format::END64_LOCATOR_LENGTH }>() {
            Some((before, locator)) if locator.starts_with(&format::END64_LOCATOR.to_le_bytes()) => {
                end.extended(before, locator)?
            }
            _ => (end, before),
        };
        if end.directory_offset.checked_add(end.directory_size) != Some(before.len() as u64) {
            return Err(archive(
                "has bytes in front of its beginning, or its end record tells its directory wrong",
            ));
        }
        Ok(end)
    }

    /// The same with the values of the 64-bit record that the locator points at; and the bytes before that record.
    fn extended<'a>(self, before: &'a [u8], locator: &[u8]) -> Result<(Self, &'a [u8]), ZipError> {
        let (before, record) = before
            .split_last_chunk::<{ format::END64_LENGTH }>()
            .ok_or_else(cut_short)?;
        let mut fields = Fields(locator);
        fields.u32()?;
        let disk = fields.u32()?;
        let offset = fields.u64()?;
        let disks = fields.u32()?;
        let mut fields = Fields(record);
        let signature = fields.u32()?;
        let length = fields.u64()?;
        if offset != before.len() as u64
            || signature != format::END64
            || length != format::END64_REMAINDER
            || disk != 0
            || disks > 1
        {
            return Err(archive("has a wrong or an extended 64-bit end record"));
        }
        fields.u32()?; // the versions
        let disks = fields.u64()?;
        let entries_here = fields.u64()?;
        let large = Self {
            entries: fields.u64()?,
            directory_size: fields.u64()?,
            directory_offset: fields.u64()?,
        };
        if disks != 0 || entries_here != large.entries {
            return Err(archive("is a part of several"));
        }
        let agree = |small: u64, large: u64, sentinel: u64| small == sentinel || small == large;
        let short = u64::from(u16::MAX);
        let long = u64::from(u32::MAX);
        if agree(self.entries, large.entries, short)
            && agree(self.directory_size, large.directory_size, long)
            && agree(self.directory_offset, large.directory_offset, long)
        {
            Ok((large, before))
        } else {
            Err(archive("has two end records that disagree"))
        }
    }

    /// Why there is no end record where it should be.
    fn missing(bytes: &[u8]) -> ZipError {
        const LONGEST_COMMENT: usize = 65_535;
        let tail_length = LONGEST_COMMENT.saturating_add(format::END_LENGTH);
        let tail = bytes
            .get(bytes.len().saturating_sub(tail_length)..)
            .unwrap_or_default();
        let signature = format::END.to_le_bytes();
        let found = tail.windows(4).rposition(|four| four == signature);
        let Some(record) = found.and_then(|start| tail.get(start..)) else {
            return ZipError::Unreadable("it has no end record".to_owned());
        };
        let comment_length = record
            .get(20..22)
            .map(|two| two.iter().rfold(0, |sum, byte| sum << 8 | usize::from(*byte)));
        if comment_length == record.len().checked_sub(format::END_LENGTH) {
            archive("carries a comment")
        } else {
            archive("has bytes after its end")
        }
    }
}

/// A file's header in the directory.
struct Central<'a> {
    raw_name: &'a [u8],
    name: &'a str,
    is_folder: bool,
    mode: u32,
    flags: u16,
    method: u16,
    crc32: u32,
    packed_size: u64,
    size: u64,
    offset: u64,
}

/// Every header of the directory, which must be nothing but headers.
fn directory<'a>(bytes: &'a [u8], end: &End) -> Result<Vec<Central<'a>>, ZipError> {
    let bounds = |offset: u64| usize::try_from(offset).map_err(|_| cut_short());
    let begin = bounds(end.directory_offset)?;
    let stop = bounds(end.directory_offset.saturating_add(end.directory_size))?;
    let mut fields = Fields(bytes.get(begin..stop).ok_or_else(cut_short)?);
    let mut headers = Vec::new();
    while !fields.0.is_empty() {
        headers.push(Central::read(&mut fields)?);
    }
    if headers.len() as u64 == end.entries {
        Ok(headers)
    } else {
        Err(archive("does not hold as many files as its end record says"))
    }
}

impl<'a> Central<'a> {
    fn read(fields: &mut Fields<'a>) -> Result<Self, ZipError> {
        if fields.u32()? != format::CENTRAL {
            return Err(cut_short());
        }
        let made_by = fields.u16()?;
        fields.u16()?; // version needed
        let flags = fields.u16()?;
        let method = fields.u16()?;
        fields.u32()?; // time and date
        let crc32 = fields.u32()?;
        let packed_size = fields.u32()?;
        let size = fields.u32()?;
        let name_length = fields.u16()?;
        let extra_length = fields.u16()?;
        let comment_length = fields.u16()?;
        let disk = fields.u16()?;
        fields.u16()?; // internal attributes
        let attributes = fields.u32()?;
        let offset = fields.u32()?;
        let raw_name = fields.take(name_length.into())?;
        let extra = fields.take(extra_length.into())?;
        fields.take(comment_length.into())?;

        let (name, is_folder) = name(raw_name, flags)?;
        refuse_flags(name, flags)?;
        if comment_length != 0 {
            return Err(ZipError::refused(name, "carries a comment"));
        }
        if disk != 0 {
            return Err(ZipError::refused(name, "is said to lie in another archive"));
        }
        let beyond = Beyond::read(name, extra, &[size, packed_size, offset])?;
        Ok(Self {
            raw_name,
            name,
            is_folder,
            mode: mode(name, is_folder, made_by, attributes)?,
            flags,
            method,
            crc32,
            packed_size: beyond.value(1, packed_size),
            size: beyond.value(0, size),
            offset: beyond.value(2, offset),
        })
    }
}

/// A name that every reader reads the same way and unpacks to the same place; and whether it is a folder's.
fn name(raw: &[u8], flags: u16) -> Result<(&str, bool), ZipError> {
    let shown = String::from_utf8_lossy(raw);
    let text =
        std::str::from_utf8(raw).map_err(|_| ZipError::refused(&shown, "has a name that is not UTF-8"))?;
    if !text.is_ascii() && flags & format::FLAG_UTF8 == 0 {
        return Err(ZipError::refused(text, "has a name that is not said to be UTF-8"));
    }
    let (path, is_folder) = match text.strip_suffix('/') {
        Some(path) => (path, true),
        None => (text, false),
    };
    match ArchivePath::parse(path) {
        Ok(_) => Ok((path, is_folder)),
        Err(crate::archive::ArchiveError::Path { reason, .. }) => Err(ZipError::refused(
            text,
            format!("is no path for a file: {reason}"),
        )),
        Err(other) => Err(ZipError::refused(text, other.to_string())),
    }
}

/// Only the flags that say how hard the packer tried, and how the name is spelled.
fn refuse_flags(name: &str, flags: u16) -> Result<(), ZipError> {
    const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
    const DATA_DESCRIPTOR: u16 = 1 << 3;
    const HARMLESS: u16 = 1 << 1 | 1 << 2 | format::FLAG_UTF8;
    if flags & ENCRYPTED != 0 {
        return Err(ZipError::refused(name, "is encrypted"));
    }
    if flags & DATA_DESCRIPTOR != 0 {
        return Err(ZipError::refused(
            name,
            "has its size behind its bytes (a data descriptor)",
        ));
    }
    if flags & !HARMLESS != 0 {
        return Err(ZipError::refused(
            name,
            format!("has flags that wheels do not use: {flags:#06x}"),
        ));
    }
    Ok(())
}

/// The Unix mode, which must be a regular file's or, for a name that ends in `/`, a folder's.
fn mode(name: &str, is_folder: bool, made_by: u16, attributes: u32) -> Result<u32, ZipError> {
    let kind = if is_folder {
        format::FOLDER
    } else {
        format::REGULAR
    };
    let mode = if made_by >> 8 == format::UNIX {
        attributes >> 16
    } else {
        0
    };
    if mode == 0 {
        return Ok(kind | if is_folder { 0o755 } else { 0o644 });
    }
    if mode & format::KIND == 0 || mode & format::KIND == kind {
        Ok(kind | mode & !format::KIND)
    } else {
        Err(ZipError::refused(
            name,
            format!("is a link or another special file: mode {mode:o}"),
        ))
    }
}

/// What did not fit into a header's 32-bit fields.
struct Beyond(Vec<Option<u64>>);

impl Beyond {
    /// Takes the extra fields and the 32-bit values in the order in which the format extends them.
    ///
    /// Only values that are not there may be extended, and each of those must be: readers differ about the rest.
    fn read(name: &str, extra: &[u8], small: &[u32]) -> Result<Self, ZipError> {
        let wrong = || ZipError::refused(name, "has extra fields that cannot be read one way only");
        let wanted = small.iter().filter(|value| **value == u32::MAX).count();
        let mut zip64: Option<&[u8]> = None;
        let mut rest = Fields(extra);
        while !rest.0.is_empty() {
            let kind = rest.u16().map_err(|_| wrong())?;
            let length = rest.u16().map_err(|_| wrong())?;
            let content = rest.take(length.into()).map_err(|_| wrong())?;
            if kind == UNICODE_PATH || (kind == format::ZIP64_EXTRA && zip64.is_some()) {
                return Err(wrong());
            }
            if kind == format::ZIP64_EXTRA {
                zip64 = Some(content);
            }
        }
        let zip64 = zip64.unwrap_or_default();
        if zip64.len() != wanted.saturating_mul(8) {
            return Err(wrong());
        }
        let mut large = Fields(zip64);
        small
            .iter()
            .map(|value| {
                if *value == u32::MAX {
                    large.u64().map(Some)
                } else {
                    Ok(None)
                }
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The value at an index, extended or as it was.
    fn value(&self, index: usize, small: u32) -> u64 {
        self.0.get(index).copied().flatten().unwrap_or(u64::from(small))
    }
}

/// Info-ZIP's second name for a file, which some readers prefer and others do not know.
const UNICODE_PATH: u16 = 0x7075;

/// The header in front of a file's bytes, which must stand at `position` and say what the directory says.
fn local<'a>(bytes: &'a [u8], central: &Central<'a>, position: u64) -> Result<Outline<'a>, ZipError> {
    let name = central.name;
    if central.offset != position {
        return Err(ZipError::refused(
            name,
            "does not begin where the file before it ends",
        ));
    }
    let start = usize::try_from(position).map_err(|_| cut_short())?;
    let mut fields = Fields(bytes.get(start..).ok_or_else(cut_short)?);
    if fields.u32()? != format::LOCAL {
        return Err(ZipError::refused(name, "is not where the directory says"));
    }
    fields.u16()?; // version needed
    let flags = fields.u16()?;
    let method = fields.u16()?;
    fields.u32()?; // time and date
    let crc32 = fields.u32()?;
    let packed_size = fields.u32()?;
    let size = fields.u32()?;
    let name_length = fields.u16()?;
    let extra_length = fields.u16()?;
    let raw_name = fields.take(name_length.into())?;
    let extra = fields.take(extra_length.into())?;
    let beyond = Beyond::read(name, extra, &[size, packed_size])?;
    let here = (
        raw_name,
        flags,
        method,
        crc32,
        beyond.value(1, packed_size),
        beyond.value(0, size),
    );
    let there = (
        central.raw_name,
        central.flags,
        central.method,
        central.crc32,
        central.packed_size,
        central.size,
    );
    if here != there {
        return Err(ZipError::refused(name, "has two headers that disagree"));
    }
    let begin = bytes.len().saturating_sub(fields.0.len());
    let packed = fields.take(usize::try_from(central.packed_size).map_err(|_| cut_short())?)?;
    refuse_content(central)?;
    Ok(Outline {
        name,
        is_folder: central.is_folder,
        mode: central.mode,
        method: central.method,
        crc32: central.crc32,
        size: central.size,
        data: begin..begin.saturating_add(packed.len()),
    })
}

/// Methods that installers know, and sizes that can be true.
fn refuse_content(header: &Central<'_>) -> Result<(), ZipError> {
    let name = header.name;
    let possible = match header.method {
        format::STORED => header.size == header.packed_size,
        format::DEFLATED => header.size <= header.packed_size.saturating_mul(DEFLATE_RATIO),
        other => {
            return Err(ZipError::refused(
                name,
                format!("is compressed by a method other than deflate: {other}"),
            ));
        }
    };
    if !possible {
        return Err(ZipError::refused(
            name,
            format!(
                "cannot hold as many bytes as its headers say: {} from {}",
                header.size, header.packed_size
            ),
        ));
    }
    if header.is_folder && header.size != 0 {
        return Err(ZipError::refused(name, "is a folder with bytes of its own"));
    }
    Ok(())
}

fn refuse_duplicates(central: &[Central<'_>]) -> Result<(), ZipError> {
    let mut seen = BTreeSet::new();
    match central.iter().find(|header| !seen.insert(header.name)) {
        None => Ok(()),
        Some(header) => Err(ZipError::refused(header.name, "comes twice")),
    }
}

/// Whether the first block has a checksum as tar's headers have it.
pub(super) fn looks_like_tar(bytes: &[u8]) -> bool {
    const BLOCK: usize = 512;
    const CHECKSUM: Range<usize> = 148..156;
    let Some(block) = bytes.first_chunk::<BLOCK>() else {
        return false;
    };
    let told = block
        .get(CHECKSUM)
        .and_then(|field| std::str::from_utf8(field).ok())
        .and_then(|field| u64::from_str_radix(field.trim_matches(['\0', ' ']), 8).ok());
    // The checksum is taken with its own field full of spaces.
    let counted = block.iter().enumerate().fold(0_u64, |sum, (index, byte)| {
        let byte = if CHECKSUM.contains(&index) { b' ' } else { *byte };
        sum.saturating_add(u64::from(byte))
    });
    told == Some(counted)
}

/// Numbers in the order of the format, low byte first.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ZipError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], ZipError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, ZipError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, ZipError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, ZipError> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::deflate::{Compression, pack};
    use crate::zip::write::{Member, Timestamp, write};

    /// Two deflated files, `a` and `b`, of eight bytes each.
    fn sound() -> Vec<u8> {
        let members = ["a", "b"].map(|name| Member {
            path: ArchivePath::parse(name).unwrap(),
            executable: false,
            packed: pack(&[b"8 bytes!"], Compression::default(), 1, &|_| {}).remove(0),
        });
        let mut out = Vec::new();
        write(&mut out, &members, Timestamp::EARLIEST).unwrap();
        out
    }

    fn find(bytes: &[u8], signature: u32) -> usize {
        let signature = signature.to_le_bytes();
        bytes.windows(4).position(|four| four == signature).unwrap()
    }

    fn put16(bytes: &mut [u8], at: usize, value: u16) {
        bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }

    fn put32(bytes: &mut [u8], at: usize, value: u32) {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Puts bytes in and corrects the end record where it is told to.
    fn insert(bytes: &mut Vec<u8>, at: usize, what: &[u8], moves: [bool; 2]) {
        let end = bytes.len() - 22;
        let [size, offset] =
            [12, 16].map(|field| u32::from_le_bytes(bytes[end + field..end + field + 4].try_into().unwrap()));
        let length = u32::try_from(what.len()).unwrap();
        put32(bytes, end + 12, size + if moves[0] { length } else { 0 });
        put32(bytes, end + 16, offset + if moves[1] { length } else { 0 });
        bytes.splice(at..at, what.iter().copied());
    }

    /// The message for a sound archive after a change.
    fn refusal(change: impl FnOnce(&mut Vec<u8>, usize, usize)) -> String {
        let mut bytes = sound();
        let central = find(&bytes, format::CENTRAL);
        let end = bytes.len() - 22;
        change(&mut bytes, central, end);
        read(&bytes).expect_err("the change goes unseen").to_string()
    }

    #[test]
    fn a_sound_archive_is_outlined() {
        let bytes = sound();
        let outlines = read(&bytes).unwrap();
        let seen: Vec<_> = outlines
            .iter()
            .map(|outline| (outline.name, outline.mode, outline.size, outline.method))
            .collect();
        assert_eq!(seen, [("a", 0o100_644, 8, 8), ("b", 0o100_644, 8, 8)]);
        assert_eq!(outlines[0].data.start, 31);
    }

    #[test]
    fn bytes_outside_the_archive_are_refused() {
        assert_eq!(
            refusal(|bytes, _, _| bytes.push(0)),
            "the archive has bytes after its end"
        );
        assert_eq!(
            refusal(|bytes, _, _| bytes.insert(0, 0)),
            "the archive has bytes in front of its beginning, or its end record tells its directory wrong"
        );
        // Well hidden: every offset is right.
        assert_eq!(
            refusal(|bytes, central, _| {
                put32(bytes, central + 42, 1);
                insert(bytes, 0, b"x", [false, true]);
            }),
            "`a` does not begin where the file before it ends"
        );
        assert_eq!(
            refusal(|bytes, central, _| insert(bytes, central, b"x", [false, true])),
            "the archive has bytes between its last file and its directory"
        );
        assert!(refusal(|bytes, _, end| insert(bytes, end, b"xyz!", [true, false])).contains("damaged"));
    }

    #[test]
    fn comments_are_refused() {
        assert_eq!(
            refusal(|bytes, _, end| {
                put16(bytes, end + 20, 2);
                bytes.extend_from_slice(b"hi");
            }),
            "the archive carries a comment"
        );
        assert_eq!(
            refusal(|bytes, central, _| {
                put16(bytes, central + 32, 2);
                insert(bytes, central + 47, b"hi", [true, false]);
            }),
            "`a` carries a comment"
        );
    }

    #[test]
    fn headers_that_disagree_are_refused() {
        for (field, value) in [(6, 0x2), (8, 0), (14, 77), (18, 77), (22, 77), (30, 0x62)] {
            let message = refusal(|bytes, _, _| put16(bytes, field, value));
            assert_eq!(message, "`a` has two headers that disagree", "{field}");
        }
    }

    #[test]
    fn a_file_only_one_reader_sees_is_refused() {
        // Without its header in the directory …
        let message = refusal(|bytes, central, end| {
            let length = 46 + 1;
            put16(bytes, end + 8, 1);
            put16(bytes, end + 10, 1);
            put32(bytes, end + 12, u32::try_from(length).unwrap());
            bytes.drain(central..central + length);
        });
        assert_eq!(message, "`b` does not begin where the file before it ends");
        // … or with one entry counted less.
        let message = refusal(|bytes, _, end| {
            put16(bytes, end + 8, 1);
            put16(bytes, end + 10, 1);
        });
        assert_eq!(
            message,
            "the archive does not hold as many files as its end record says"
        );
    }

    #[test]
    fn names_that_come_twice_or_lead_out_are_refused() {
        let renamed = |name: u8| {
            refusal(|bytes, central, _| {
                let second_local = bytes[4..]
                    .windows(4)
                    .position(|four| four == b"PK\x03\x04")
                    .unwrap()
                    + 4;
                bytes[second_local + 30] = name;
                bytes[central + 47 + 46] = name;
            })
        };
        assert_eq!(renamed(b'a'), "`a` comes twice");
        assert_eq!(
            renamed(b'.'),
            "`.` is no path for a file: it is not a plain relative path"
        );
        assert_eq!(renamed(b'/'), "`/` is no path for a file: it is empty");
        assert!(renamed(0x07).ends_with("it holds a control character"));
        assert!(renamed(0xe4).ends_with("has a name that is not UTF-8"));
    }

    #[test]
    fn flags_beyond_the_harmless_are_refused() {
        let flagged = |flags: u16| {
            refusal(|bytes, central, _| {
                put16(bytes, 6, flags);
                put16(bytes, central + 8, flags);
            })
        };
        assert_eq!(flagged(1), "`a` is encrypted");
        assert_eq!(
            flagged(8),
            "`a` has its size behind its bytes (a data descriptor)"
        );
        assert_eq!(flagged(32), "`a` has flags that wheels do not use: 0x0020");
    }

    #[test]
    fn methods_and_sizes_that_cannot_be_are_refused() {
        let changed = |local: usize, central_field: usize, value: u16| {
            refusal(|bytes, central, _| {
                put16(bytes, local, value);
                put16(bytes, central + central_field, value);
            })
        };
        assert_eq!(
            changed(8, 10, 12),
            "`a` is compressed by a method other than deflate: 12"
        );
        assert_eq!(
            changed(8, 10, 0),
            "`a` cannot hold as many bytes as its headers say: 8 from 10"
        );
        assert!(changed(22, 24, 60_000).contains("cannot hold as many bytes"));
    }

    #[test]
    fn links_are_refused_and_modes_kept() {
        let with_mode = |mode: u32| {
            let mut bytes = sound();
            let central = find(&bytes, format::CENTRAL);
            put32(&mut bytes, central + 38, mode << 16);
            read(&bytes).map(|outlines| outlines[0].mode)
        };
        assert_eq!(
            with_mode(0o120_777).unwrap_err().to_string(),
            "`a` is a link or another special file: mode 120777"
        );
        assert_eq!(with_mode(0o100_755).unwrap(), 0o100_755);
        assert_eq!(with_mode(0o600).unwrap(), 0o100_600);
        assert_eq!(with_mode(0).unwrap(), 0o100_644);
    }

    #[test]
    fn extra_fields_are_read_one_way_or_not_at_all() {
        let with_extra = |extra: &[u8]| {
            let mut bytes = sound();
            let central = find(&bytes, format::CENTRAL);
            put16(&mut bytes, central + 30, u16::try_from(extra.len()).unwrap());
            insert(&mut bytes, central + 47, extra, [true, false]);
            read(&bytes).map(|outlines| outlines.len())
        };
        assert_eq!(with_extra(b"UT\x01\x00x").unwrap(), 2);
        for wrong in [
            b"UT\x02\x00x".as_slice(),
            b"UT\x01",
            b"\x01\x00\x08\x00\x08\x00\x00\x00\x00\x00\x00\x00",
            b"\x75\x70\x06\x00\x01\x00\x00\x00\x00c",
        ] {
            let message = with_extra(wrong).unwrap_err().to_string();
            assert_eq!(
                message, "`a` has extra fields that cannot be read one way only",
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_tar_archive_in_disguise_is_refused() {
        let mut bytes = sound();
        bytes.resize(512, 0);
        let sum: u64 = bytes
            .iter()
            .enumerate()
            .map(|(index, byte)| u64::from(if (148..156).contains(&index) { b' ' } else { *byte }))
            .sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(
            read(&bytes).unwrap_err().to_string(),
            "the archive could be taken for a tar archive"
        );
    }

    #[test]
    fn archives_beyond_32_bits_need_records_that_agree() {
        // The directory's offset only in the 64-bit record, as a large archive has it.
        let large = |locator_offset: u64, entries: u64, length: u64| {
            let mut bytes = sound();
            let central = find(&bytes, format::CENTRAL);
            let end = bytes.len() - 22;
            put32(&mut bytes, end + 16, u32::MAX);
            let mut record = Vec::new();
            record.extend_from_slice(&format::END64.to_le_bytes());
            record.extend_from_slice(&length.to_le_bytes());
            record.extend_from_slice(&[45, 3, 45, 0]);
            record.extend_from_slice(&[0; 8]);
            record.extend_from_slice(&entries.to_le_bytes());
            record.extend_from_slice(&entries.to_le_bytes());
            record.extend_from_slice(&((end - central) as u64).to_le_bytes());
            record.extend_from_slice(&(central as u64).to_le_bytes());
            record.extend_from_slice(&format::END64_LOCATOR.to_le_bytes());
            record.extend_from_slice(&[0; 4]);
            record.extend_from_slice(&(end as u64 + locator_offset).to_le_bytes());
            record.extend_from_slice(&1_u32.to_le_bytes());
            bytes.splice(end..end, record);
            read(&bytes).map(|outlines| outlines.len())
        };
        assert_eq!(large(0, 2, 44).unwrap(), 2);
        assert!(large(1, 2, 44).is_err(), "locator off by one");
        assert!(large(0, 3, 44).is_err(), "another number of files");
        assert!(large(0, 2, 60).is_err(), "an extended record");
    }
}

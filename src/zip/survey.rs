//! A patient reader: all that is wrong with an archive, not only the first, and what can be read of it all the same.
//!
//! For judging archives of others. Who wants an archive that is right or none takes [`super::structure`].

use std::collections::BTreeSet;
use std::ops::Range;

use super::format;
use super::structure;
use super::unpack::unpack;
use crate::archive::{ArchiveError, ArchivePath};

/// What kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// No archive, or one whose directory cannot be read.
    Unreadable,
    /// It could be taken for a tar archive.
    Tar,
    /// Bytes that belong to no file: before, behind or between.
    Outside,
    /// The end record, or the one for large archives, says what is not so.
    EndRecord,
    /// A comment, of the archive or of a file.
    Comment,
    /// A name that comes twice.
    Duplicate,
    /// Two headers of a file that disagree, or a file that only one reader would find.
    Disagreement,
    /// A method other than stored and deflated.
    Method,
    /// A name that is not UTF-8 or holds control characters.
    Name,
    /// A name beyond ASCII that is not said to be UTF-8.
    NotSaidUtf8,
    /// A path that leads out or that not everybody unpacks to the same place.
    Path,
    /// Encrypted.
    Encrypted,
    /// Sizes behind the bytes.
    DataDescriptor,
    /// Extra fields that can be read in two ways.
    Extra,
    /// Flags that no wheel needs.
    Flags,
    /// A symbolic link or another special file.
    Link,
    /// A date or time that no calendar has.
    Time,
    /// A file that does not unpack to what its headers say.
    Damaged,
    /// It unpacks to many times its size.
    Bomb,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault.
    pub flaw: Flaw,
    /// The file, where it concerns one.
    pub member: Option<String>,
    /// What is wrong, as the rest of a sentence about the file or the archive.
    pub words: String,
}

/// A file or folder as the directory at the archive's end describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name, a folder's without the `/` at its end; unreadable letters are replaced.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Its Unix mode, where it has one.
    pub mode: Option<u32>,
    /// Its date and time, as MS-DOS writes them.
    pub modified: [u16; 2],
    /// How it is compressed.
    pub method: u16,
    /// CRC-32 of its content.
    pub crc32: u32,
    /// Length of its content.
    pub size: u64,
    /// Whether its bytes can be had: they lie in the archive, and are not encrypted.
    pub is_readable: bool,
    /// Where its compressed bytes lie.
    data: Range<usize>,
}

/// An archive, looked over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Its files and folders, in the order of their bytes.
    pub members: Vec<Found>,
    /// All that is wrong, apart from what only unpacking tells.
    pub faults: Vec<Fault>,
}

/// An archive that unpacks to more than this must not do so from less than a fiftieth: the index's limit.
const LARGE: u64 = 64 * 1024 * 1024;
const HIGHEST_RATIO: u64 = 50;

/// Looks an archive over. Never more memory than a small multiple of the archive's own size, whatever it says.
#[must_use]
pub fn survey(bytes: &[u8]) -> Survey {
    let mut surveyor = Surveyor {
        bytes,
        faults: Vec::new(),
    };
    let members = surveyor.members();
    let mut faults = surveyor.faults;
    // The strict reader has the last word: what it refuses is wrong, in whatever words.
    if faults.is_empty()
        && let Err(error) = structure::read(bytes)
    {
        faults.push(Fault {
            flaw: Flaw::Disagreement,
            member: None,
            words: format!("cannot be read in one way only: {error}"),
        });
    }
    faults.extend(bomb(bytes, &members));
    Survey { members, faults }
}

fn bomb(bytes: &[u8], members: &[Found]) -> Option<Fault> {
    let unpacked = members
        .iter()
        .fold(0_u64, |sum, member| sum.saturating_add(member.size));
    let is_bomb = unpacked > LARGE && unpacked > (bytes.len() as u64).saturating_mul(HIGHEST_RATIO);
    is_bomb.then(|| Fault {
        flaw: Flaw::Bomb,
        member: None,
        words: format!("unpacks to more than {HIGHEST_RATIO} times its size: {unpacked} bytes"),
    })
}

/// A file's content: never more than its header says, whatever the compressed bytes hold.
///
/// # Errors
/// Where it cannot be unpacked, or not to the size and the CRC of its header.
pub fn content(bytes: &[u8], found: &Found) -> Result<Vec<u8>, Fault> {
    let fault = |flaw, words: String| Fault {
        flaw,
        member: Some(found.name.clone()),
        words,
    };
    let packed = bytes
        .get(found.data.clone())
        .filter(|_| found.is_readable)
        .ok_or_else(|| fault(Flaw::Damaged, "has no bytes that could be read".to_owned()))?;
    let flaw = match found.method {
        format::STORED | format::DEFLATED => Flaw::Damaged,
        _ => Flaw::Method,
    };
    unpack(packed, found.method, found.size, found.crc32).map_err(|words| fault(flaw, words))
}

/// A header of the directory, not judged yet.
struct Header<'a> {
    raw_name: &'a [u8],
    made_by: u16,
    flags: u16,
    method: u16,
    time: u16,
    date: u16,
    crc32: u32,
    packed_size: u64,
    size: u64,
    attributes: u32,
    offset: u64,
}

/// Where the directory lies.
struct Directory {
    entries: u64,
    start: usize,
    end: usize,
    /// What has to be added to every offset, where something stands in front of the archive.
    shift: u64,
}

struct Surveyor<'a> {
    bytes: &'a [u8],
    faults: Vec<Fault>,
}

const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const DATA_DESCRIPTOR: u16 = 1 << 3;
const HARMLESS: u16 = 1 << 1 | 1 << 2 | format::FLAG_UTF8;
const UNICODE_PATH: u16 = 0x7075;
/// Lengths of a data descriptor: with or without signature, with sizes of 32 or 64 bits.
const DESCRIPTOR_LENGTHS: [u64; 4] = [12, 16, 20, 24];

impl<'a> Surveyor<'a> {
    fn fault(&mut self, flaw: Flaw, member: Option<&str>, words: impl Into<String>) {
        self.faults.push(Fault {
            flaw,
            member: member.map(str::to_owned),
            words: words.into(),
        });
    }

    fn members(&mut self) -> Vec<Found> {
        if structure::looks_like_tar(self.bytes) {
            self.fault(Flaw::Tar, None, "could be taken for a tar archive");
        }
        let Some(directory) = self.directory() else {
            return Vec::new();
        };
        let mut headers = self.headers(&directory);
        headers.sort_by_key(|header| header.offset);
        let mut names = BTreeSet::new();
        let mut position = 0_u64;
        let mut members = Vec::with_capacity(headers.len());
        for header in &headers {
            let member = self.member(header, &mut position, directory.shift);
            if !names.insert(member.name.clone()) {
                self.fault(Flaw::Duplicate, Some(&member.name), "comes twice");
            }
            members.push(member);
        }
        if position < (directory.start as u64).saturating_sub(directory.shift) {
            self.fault(
                Flaw::Outside,
                None,
                "has bytes between its last file and its directory",
            );
        }
        members
    }

    /// Finds the directory through the record at the end.
    fn directory(&mut self) -> Option<Directory> {
        let at = self.end_record()?;
        let mut fields = Fields(self.bytes.get(at..)?);
        fields.u32()?;
        let disks = fields.u32()?;
        let entries_here = u64::from(fields.u16()?);
        let mut entries = u64::from(fields.u16()?);
        let mut size = u64::from(fields.u32()?);
        let mut offset = u64::from(fields.u32()?);
        let mut end = at;
        if disks != 0 || entries_here != entries {
            self.fault(Flaw::EndRecord, None, "says that it is a part of several");
        }
        if let Some((large_entries, large_size, large_offset, large_at)) = self.large_record(at) {
            let agree = |small: u64, large: u64, sentinel: u64| small == sentinel || small == large;
            if !(agree(entries, large_entries, u64::from(u16::MAX))
                && agree(size, large_size, u64::from(u32::MAX))
                && agree(offset, large_offset, u64::from(u32::MAX)))
            {
                self.fault(Flaw::EndRecord, None, "has two end records that disagree");
            }
            (entries, size, offset, end) = (large_entries, large_size, large_offset, large_at);
        }
        let start = usize::try_from(size).ok().and_then(|size| end.checked_sub(size));
        let Some(start) = start.filter(|start| *start as u64 >= offset) else {
            self.fault(
                Flaw::Unreadable,
                None,
                "has an end record that points outside: it is cut short or damaged",
            );
            return None;
        };
        let shift = (start as u64).saturating_sub(offset);
        if shift > 0 {
            self.fault(
                Flaw::Outside,
                None,
                format!("has {shift} bytes in front of its beginning, or an end record that tells its directory wrong"),
            );
        }
        Some(Directory {
            entries,
            start,
            end,
            shift,
        })
    }

    /// The offset of the end record: the last one whose comment fits into what follows.
    fn end_record(&mut self) -> Option<usize> {
        const LONGEST_COMMENT: usize = 65_535;
        let tail = LONGEST_COMMENT.saturating_add(format::END_LENGTH);
        let first = self.bytes.len().saturating_sub(tail);
        let signature = format::END.to_le_bytes();
        let windows = self.bytes.get(first..).unwrap_or_default().windows(4);
        let candidates: Vec<usize> = windows
            .enumerate()
            .filter(|(_, four)| *four == signature)
            .map(|(at, _)| at.saturating_add(first))
            .collect();
        for at in candidates.into_iter().rev() {
            let Some(record) = self.bytes.get(at..) else {
                continue;
            };
            let mut fields = Fields(record.get(20..).unwrap_or_default());
            let Some(comment) = fields.u16().map(usize::from) else {
                continue;
            };
            let Some(behind) = record
                .len()
                .checked_sub(format::END_LENGTH.saturating_add(comment))
            else {
                continue;
            };
            if behind > 0 {
                self.fault(Flaw::Outside, None, format!("has {behind} bytes after its end"));
            }
            if comment > 0 {
                self.fault(Flaw::Comment, None, "carries a comment");
            }
            return Some(at);
        }
        self.fault(
            Flaw::Unreadable,
            None,
            "is no zip archive, or is cut short: it has no end record",
        );
        None
    }

    /// What the record for large archives says, and its offset.
    fn large_record(&mut self, end: usize) -> Option<(u64, u64, u64, usize)> {
        let locator_at = end.checked_sub(format::END64_LOCATOR_LENGTH)?;
        let mut locator = Fields(self.bytes.get(locator_at..end)?);
        if locator.u32()? != format::END64_LOCATOR {
            return None;
        }
        locator.u32()?;
        let told = locator.u64()?;
        let at = locator_at.checked_sub(format::END64_LENGTH)?;
        let mut fields = Fields(self.bytes.get(at..locator_at)?);
        if fields.u32()? != format::END64 || fields.u64()? != format::END64_REMAINDER {
            self.fault(
                Flaw::Extra,
                None,
                "has a wrong or an extended end record for large archives",
            );
            return None;
        }
        if told != at as u64 {
            self.fault(
                Flaw::Extra,
                None,
                "has a locator that does not point at its end record for large archives",
            );
        }
        fields.u32()?;
        fields.u64()?;
        fields.u64()?;
        Some((fields.u64()?, fields.u64()?, fields.u64()?, at))
    }

    fn headers(&mut self, directory: &Directory) -> Vec<Header<'a>> {
        let mut fields = Fields(self.bytes.get(directory.start..directory.end).unwrap_or_default());
        let mut headers = Vec::new();
        while !fields.0.is_empty() {
            let Some(header) = self.header(&mut fields) else {
                self.fault(Flaw::EndRecord, None, "has a damaged directory");
                return headers;
            };
            headers.push(header);
        }
        if headers.len() as u64 != directory.entries {
            let words = format!(
                "says that it holds {} files and folders, and holds {}",
                directory.entries,
                headers.len()
            );
            self.fault(Flaw::EndRecord, None, words);
        }
        headers
    }

    fn header(&mut self, fields: &mut Fields<'a>) -> Option<Header<'a>> {
        if fields.u32()? != format::CENTRAL {
            return None;
        }
        let made_by = fields.u16()?;
        fields.u16()?;
        let flags = fields.u16()?;
        let method = fields.u16()?;
        let time = fields.u16()?;
        let date = fields.u16()?;
        let crc32 = fields.u32()?;
        let packed_size = fields.u32()?;
        let size = fields.u32()?;
        let name_length = fields.u16()?;
        let extra_length = fields.u16()?;
        let comment_length = fields.u16()?;
        fields.u16()?;
        fields.u16()?;
        let attributes = fields.u32()?;
        let offset = fields.u32()?;
        let raw_name = fields.take(name_length.into())?;
        let extra = fields.take(extra_length.into())?;
        fields.take(comment_length.into())?;
        let shown = String::from_utf8_lossy(raw_name);
        if comment_length != 0 {
            self.fault(Flaw::Comment, Some(&shown), "carries a comment");
        }
        let [size, packed_size, offset] = self.extended(&shown, extra, [size, packed_size, offset]);
        Some(Header {
            raw_name,
            made_by,
            flags,
            method,
            time,
            date,
            crc32,
            packed_size,
            size,
            attributes,
            offset,
        })
    }

    /// The values of a header with those that only the extra field holds.
    fn extended<const COUNT: usize>(
        &mut self,
        name: &str,
        extra: &[u8],
        small: [u32; COUNT],
    ) -> [u64; COUNT] {
        let mut large: Option<&[u8]> = None;
        let mut is_sound = true;
        let mut rest = Fields(extra);
        while !rest.0.is_empty() {
            let field = rest.u16().zip(rest.u16());
            let Some((kind, content)) =
                field.and_then(|(kind, length)| Some((kind, rest.take(length.into())?)))
            else {
                is_sound = false;
                break;
            };
            if kind == UNICODE_PATH || (kind == format::ZIP64_EXTRA && large.is_some()) {
                is_sound = false;
            }
            if kind == format::ZIP64_EXTRA {
                large = Some(content);
            }
        }
        let wanted = small.iter().filter(|value| **value == u32::MAX).count();
        let mut fields = Fields(large.unwrap_or_default());
        if fields.0.len() != wanted.saturating_mul(8) {
            is_sound = false;
        }
        if !is_sound {
            let words = "has extra fields that cannot be read one way only";
            self.fault(Flaw::Extra, Some(name), words);
        }
        small.map(|value| {
            if value == u32::MAX {
                fields.u64().unwrap_or(u64::from(value))
            } else {
                u64::from(value)
            }
        })
    }

    /// Judges a header, and what stands in front of the file's bytes. `position` is where the file should begin.
    fn member(&mut self, header: &Header<'_>, position: &mut u64, shift: u64) -> Found {
        let (name, is_folder) = self.name(header);
        self.judge_flags(&name, header);
        self.judge_time(&name, header);
        let mode = self.mode(&name, is_folder, header);
        let data = self.local(&name, header, position, shift);
        if is_folder && header.size != 0 {
            let words = "is a folder with bytes of its own";
            self.fault(Flaw::Disagreement, Some(&name), words);
        }
        if !matches!(header.method, format::STORED | format::DEFLATED) {
            let words = format!("is compressed by a method other than deflate: {}", header.method);
            self.fault(Flaw::Method, Some(&name), words);
        }
        Found {
            is_folder,
            mode,
            modified: [header.date, header.time],
            method: header.method,
            crc32: header.crc32,
            size: header.size,
            is_readable: data.is_some() && header.flags & ENCRYPTED == 0,
            data: data.unwrap_or_default(),
            name,
        }
    }

    fn name(&mut self, header: &Header<'_>) -> (String, bool) {
        let text = String::from_utf8_lossy(header.raw_name).into_owned();
        let (path, is_folder) = match text.strip_suffix('/') {
            Some(path) => (path.to_owned(), true),
            None => (text.clone(), false),
        };
        if std::str::from_utf8(header.raw_name).is_err() {
            self.fault(Flaw::Name, Some(&text), "has a name that is not UTF-8");
            return (path, is_folder);
        }
        if text.chars().any(char::is_control) {
            self.fault(Flaw::Name, Some(&text), "has a control character in its name");
            return (path, is_folder);
        }
        if !text.is_ascii() && header.flags & format::FLAG_UTF8 == 0 {
            let words = "has a name beyond ASCII that is not said to be UTF-8";
            self.fault(Flaw::NotSaidUtf8, Some(&text), words);
        }
        if let Err(ArchiveError::Path { reason, .. }) = ArchivePath::parse(&path) {
            let words = format!("is no path that every installer unpacks to one place: {reason}");
            self.fault(Flaw::Path, Some(&text), words);
        }
        (path, is_folder)
    }

    fn judge_flags(&mut self, name: &str, header: &Header<'_>) {
        if header.flags & ENCRYPTED != 0 {
            self.fault(Flaw::Encrypted, Some(name), "is encrypted");
        } else if header.flags & DATA_DESCRIPTOR != 0 {
            let words = "has its size behind its bytes (a data descriptor)";
            self.fault(Flaw::DataDescriptor, Some(name), words);
        } else if header.flags & !HARMLESS != 0 {
            let words = format!("has flags that no wheel needs: {:#06x}", header.flags);
            self.fault(Flaw::Flags, Some(name), words);
        }
    }

    fn judge_time(&mut self, name: &str, header: &Header<'_>) {
        let (month, day) = (header.date >> 5 & 0xf, header.date & 0x1f);
        let (hour, minute, second) = (header.time >> 11, header.time >> 5 & 0x3f, header.time & 0x1f);
        let is_real = (1..=12).contains(&month) && day >= 1 && hour < 24 && minute < 60 && second < 30;
        if !is_real {
            let words = "carries a date or a time that no calendar has";
            self.fault(Flaw::Time, Some(name), words);
        }
    }

    fn mode(&mut self, name: &str, is_folder: bool, header: &Header<'_>) -> Option<u32> {
        let mode = header.attributes >> 16;
        if header.made_by >> 8 != format::UNIX || mode == 0 {
            return None;
        }
        let kind = mode & format::KIND;
        let expected = if is_folder {
            format::FOLDER
        } else {
            format::REGULAR
        };
        if kind != 0 && kind != expected {
            let words = format!("is a link or another special file: mode {mode:o}");
            self.fault(Flaw::Link, Some(name), words);
        }
        Some(mode)
    }

    /// Where the file's bytes lie; nothing where the archive does not hold them.
    fn local(
        &mut self,
        name: &str,
        header: &Header<'_>,
        position: &mut u64,
        shift: u64,
    ) -> Option<Range<usize>> {
        if header.offset < *position {
            let words = "lies over the file before it";
            self.fault(Flaw::Disagreement, Some(name), words);
        } else if header.offset > *position {
            let words = "does not begin where the file before it ends";
            self.fault(Flaw::Outside, Some(name), words);
        }
        let missing = |surveyor: &mut Self| {
            let words = "is not where the directory says";
            surveyor.fault(Flaw::Disagreement, Some(name), words);
        };
        let Some((begin, agrees)) = self.local_header(header, shift) else {
            missing(self);
            return None;
        };
        if !agrees {
            self.fault(Flaw::Disagreement, Some(name), "has two headers that disagree");
        }
        let end = usize::try_from(header.packed_size)
            .ok()
            .and_then(|length| begin.checked_add(length))
            .filter(|end| *end <= self.bytes.len());
        let Some(end) = end else {
            missing(self);
            return None;
        };
        *position = (*position).max((end as u64).saturating_sub(shift));
        if header.flags & DATA_DESCRIPTOR != 0 {
            *position = self.behind_descriptor(end, shift);
        }
        Some(begin..end)
    }

    /// Where the bytes behind the header in front of a file begin, and whether that header agrees with the directory's.
    fn local_header(&mut self, header: &Header<'_>, shift: u64) -> Option<(usize, bool)> {
        let start = usize::try_from(header.offset.checked_add(shift)?).ok()?;
        let mut fields = Fields(self.bytes.get(start..)?);
        if fields.u32()? != format::LOCAL {
            return None;
        }
        fields.u16()?;
        let flags = fields.u16()?;
        let method = fields.u16()?;
        fields.u32()?;
        let crc32 = fields.u32()?;
        let packed_size = fields.u32()?;
        let size = fields.u32()?;
        let name_length = fields.u16()?;
        let extra_length = fields.u16()?;
        let raw_name = fields.take(name_length.into())?;
        let extra = fields.take(extra_length.into())?;
        let begin = self.bytes.len().checked_sub(fields.0.len())?;
        let same = raw_name == header.raw_name && flags == header.flags && method == header.method;
        if header.flags & DATA_DESCRIPTOR != 0 {
            return Some((begin, same));
        }
        let shown = String::from_utf8_lossy(raw_name).into_owned();
        let [size, packed_size] = self.extended(&shown, extra, [size, packed_size]);
        let numbers = (crc32, packed_size, size) == (header.crc32, header.packed_size, header.size);
        Some((begin, same && numbers))
    }

    /// The position behind a data descriptor, of whichever length leads to a next header.
    fn behind_descriptor(&self, end: usize, shift: u64) -> u64 {
        let end = end as u64;
        let leads_on = |length: &&u64| {
            let at = usize::try_from(end.saturating_add(**length)).unwrap_or(usize::MAX);
            let next = self.bytes.get(at..).unwrap_or_default();
            next.starts_with(&format::LOCAL.to_le_bytes()) || next.starts_with(&format::CENTRAL.to_le_bytes())
        };
        let length = DESCRIPTOR_LENGTHS.iter().find(leads_on).copied().unwrap_or(0);
        end.saturating_add(length).saturating_sub(shift)
    }
}

/// Numbers in the order of the format, low byte first.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::deflate::{Compression, pack};
    use crate::zip::write::{Member, Timestamp, write};

    fn sound() -> Vec<u8> {
        let members = ["a.py", "b", "c"].map(|name| Member {
            path: ArchivePath::parse(name).unwrap(),
            executable: false,
            packed: pack(&[name.repeat(20).as_bytes()], Compression::default(), 1, &|_| {}).remove(0),
        });
        let mut out = Vec::new();
        write(&mut out, &members, Timestamp::EARLIEST).unwrap();
        out
    }

    fn flaws(bytes: &[u8]) -> Vec<Flaw> {
        survey(bytes).faults.iter().map(|fault| fault.flaw).collect()
    }

    #[test]
    fn a_sound_archive_has_no_fault_and_gives_its_files() {
        let bytes = sound();
        let survey = survey(&bytes);
        assert_eq!(survey.faults, []);
        let contents: Vec<Vec<u8>> = survey
            .members
            .iter()
            .map(|member| content(&bytes, member).unwrap())
            .collect();
        assert_eq!(contents[1], "b".repeat(20).as_bytes());
        assert_eq!(survey.members[0].mode, Some(0o100_644));
    }

    #[test]
    fn bytes_in_front_do_not_hide_the_files() {
        let mut bytes = b"#!/bin/sh\n".to_vec();
        bytes.extend(sound());
        let survey = survey(&bytes);
        assert_eq!(survey.faults.len(), 1, "{:?}", survey.faults);
        assert_eq!(survey.faults[0].flaw, Flaw::Outside);
        assert!(content(&bytes, &survey.members[2]).is_ok());
    }

    #[test]
    fn bytes_behind_and_a_comment_are_told_apart() {
        let mut bytes = sound();
        bytes.push(0);
        assert_eq!(flaws(&bytes), [Flaw::Outside]);
        let mut bytes = sound();
        let length = bytes.len();
        bytes[length - 2] = 2;
        bytes.extend(b"hi");
        assert_eq!(flaws(&bytes), [Flaw::Comment]);
    }

    #[test]
    fn a_wrong_byte_in_a_file_is_seen_when_it_is_unpacked() {
        let mut bytes = sound();
        bytes[40] ^= 0x55;
        let survey = survey(&bytes);
        assert_eq!(survey.faults, []);
        assert_eq!(
            content(&bytes, &survey.members[0]).unwrap_err().flaw,
            Flaw::Damaged
        );
    }

    #[test]
    fn no_damage_ends_in_a_panic_or_goes_past_the_strict_reader() {
        let sound = sound();
        for index in 0..sound.len() {
            for value in [0x00, 0x01, 0x7f, 0xff, b'P'] {
                let mut bytes = sound.clone();
                bytes[index] = value;
                let survey = survey(&bytes);
                for member in &survey.members {
                    let _ = content(&bytes, member);
                }
                assert!(
                    !survey.faults.is_empty() || structure::read(&bytes).is_ok(),
                    "{index} {value}"
                );
            }
            assert!(!flaws(&sound[..index]).is_empty(), "cut at {index}");
        }
    }
}

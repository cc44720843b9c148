//! Tar archives: a patient reader that tells what they hold and all that is wrong with them, and a writer that gives the same bytes
//! for the same files. Nothing is unpacked to disk.
//!
//! <https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13>

// Hostile bytes give an error, never a panic; in a test a panic is what tells.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic or a hard link, and what it leads to.
    Link {
        /// What it leads to.
        target: String,
        /// Whether it is a hard link, whose target counts from the archive's root.
        is_hard: bool,
    },
    /// A device, a pipe or another thing that is no file.
    Special(u8),
    /// A file with holes, as GNU tar writes it.
    Sparse,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its path, as written; a folder's without the `/` at its end.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its mode.
    pub mode: u64,
    /// Its bytes; none but for files.
    pub bytes: &'a [u8],
}

/// What kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// No tar archive, or damaged from here on.
    Damaged,
    /// Long names or numbers in GNU's own way.
    Gnu,
    /// A name that is not UTF-8 or is none at all.
    Name,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault.
    pub flaw: Flaw,
    /// The entry, where it concerns one.
    pub member: Option<String>,
    /// What is wrong, as the rest of a sentence.
    pub words: String,
}

/// Why an archive is not decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GzipError {
    /// Not gzip, or damaged.
    #[error("cannot be decompressed: {0}")]
    Damaged(String),
    /// More than the limit.
    #[error("decompresses to more than {0} bytes")]
    TooLarge(u64),
}

/// Decompresses; also says how many bytes stand behind the compressed data.
///
/// # Errors
/// Where it is no gzip, is damaged, or decompresses to more than `limit` bytes.
pub fn gunzip(bytes: &[u8], limit: u64) -> Result<(Vec<u8>, usize), GzipError> {
    let mut out = Vec::new();
    let mut rest = bytes;
    loop {
        let mut decoder = flate2::bufread::GzDecoder::new(rest);
        let room = limit.saturating_sub(out.len() as u64);
        (&mut decoder)
            .take(room.saturating_add(1))
            .read_to_end(&mut out)
            .map_err(|error| GzipError::Damaged(error.to_string()))?;
        if out.len() as u64 > limit {
            return Err(GzipError::TooLarge(limit));
        }
        rest = decoder.into_inner();
        // A file may be made of several, one after the other.
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Ok((out, rest.len()));
        }
    }
}

const BLOCK: usize = 512;

/// Reads an archive as far as it can be read.
#[must_use]
pub fn survey(bytes: &[u8]) -> (Vec<Entry<'_>>, Vec<Fault>) {
    let mut reader = Reader {
        rest: bytes,
        entries: Vec::new(),
        faults: Vec::new(),
        global: BTreeMap::new(),
    };
    reader.read();
    (reader.entries, reader.faults)
}

struct Reader<'a> {
    rest: &'a [u8],
    entries: Vec<Entry<'a>>,
    faults: Vec<Fault>,
    /// What pax says for all entries.
    global: BTreeMap<String, String>,
}

/// What comes in front of an entry's own header.
#[derive(Default)]
struct Ahead {
    pax: BTreeMap<String, String>,
    long_name: Option<String>,
    long_link: Option<String>,
}

impl<'a> Reader<'a> {
    fn fault(&mut self, flaw: Flaw, member: Option<&str>, words: impl Into<String>) {
        self.faults.push(Fault {
            flaw,
            member: member.map(str::to_owned),
            words: words.into(),
        });
    }

    fn read(&mut self) {
        let mut ahead = Ahead::default();
        loop {
            let Some((block, rest)) = self.rest.split_first_chunk::<BLOCK>() else {
                self.fault(Flaw::Damaged, None, "is cut short: it has no end");
                return;
            };
            if block.iter().all(|byte| *byte == 0) {
                return;
            }
            self.rest = rest;
            let Some(header) = Header::read(block) else {
                self.fault(
                    Flaw::Damaged,
                    None,
                    "holds a damaged header: its checksum is wrong",
                );
                return;
            };
            let size = ahead
                .pax
                .get("size")
                .and_then(|text| text.parse().ok())
                .or(header.size);
            let Some(content) = size.and_then(|size| self.content(size, header.kind)) else {
                let words = "has a size that leads out of the archive";
                self.fault(Flaw::Damaged, Some(&header.name), words);
                return;
            };
            match header.kind {
                b'x' | b'g' => {
                    let records = pax_records(content);
                    if records.is_none() {
                        self.fault(
                            Flaw::Damaged,
                            Some(&header.name),
                            "is a pax header that cannot be read",
                        );
                    }
                    let records = records.unwrap_or_default();
                    if header.kind == b'x' {
                        ahead.pax = records;
                    } else {
                        self.global.extend(records);
                    }
                }
                b'L' | b'K' => {
                    let text = until_zero(content);
                    self.fault(Flaw::Gnu, Some(&text), "has its long name in GNU's own way");
                    if header.kind == b'L' {
                        ahead.long_name = Some(text);
                    } else {
                        ahead.long_link = Some(text);
                    }
                }
                _ => {
                    let ahead = std::mem::take(&mut ahead);
                    self.entry(&header, ahead, content);
                }
            }
        }
    }

    /// Takes the bytes of an entry and the zeros that fill its last block.
    fn content(&mut self, size: u64, kind: u8) -> Option<&'a [u8]> {
        if matches!(kind, b'1'..=b'6') {
            return Some(&[]);
        }
        let size = usize::try_from(size).ok()?;
        let (content, rest) = self.rest.split_at_checked(size)?;
        let filling = size.wrapping_neg() & BLOCK.saturating_sub(1);
        self.rest = rest.get(filling..)?;
        Some(content)
    }

    fn entry(&mut self, header: &Header, ahead: Ahead, bytes: &'a [u8]) {
        let of_pax = |name: &str| ahead.pax.get(name).or_else(|| self.global.get(name)).cloned();
        let path = of_pax("path")
            .or(ahead.long_name)
            .unwrap_or_else(|| header.name.clone());
        let target = of_pax("linkpath")
            .or(ahead.long_link)
            .unwrap_or_else(|| header.link.clone());
        let is_sparse = ahead.pax.keys().any(|key| key.starts_with("GNU.sparse"));
        let kind = match header.kind {
            _ if is_sparse => Kind::Sparse,
            b'0' | 0 | b'7' if path.ends_with('/') => Kind::Folder,
            b'0' | 0 | b'7' => Kind::File,
            b'5' => Kind::Folder,
            b'1' | b'2' => Kind::Link {
                target,
                is_hard: header.kind == b'1',
            },
            b'S' => Kind::Sparse,
            other => Kind::Special(other),
        };
        if path.contains('\u{fffd}') || path.contains('\0') || path.is_empty() {
            self.fault(Flaw::Name, Some(&path), "has a name that is not UTF-8, or none");
        }
        if header.has_gnu_numbers {
            self.fault(Flaw::Gnu, Some(&path), "has numbers in GNU's own way");
        }
        self.entries.push(Entry {
            path: path.strip_suffix('/').unwrap_or(&path).to_owned(),
            kind,
            mode: header.mode,
            bytes,
        });
    }
}

struct Header {
    name: String,
    link: String,
    mode: u64,
    /// Nothing where it is none, or less than none.
    size: Option<u64>,
    kind: u8,
    has_gnu_numbers: bool,
}

impl Header {
    /// Nothing where the checksum is wrong.
    fn read(block: &[u8; BLOCK]) -> Option<Self> {
        let field =
            |start: usize, length: usize| block.get(start..start.saturating_add(length)).unwrap_or_default();
        let told = octal(field(148, 8))?;
        let counted = block.iter().enumerate().fold(0_u64, |sum, (index, byte)| {
            // The checksum is taken with its own field full of spaces.
            let byte = if (148..156).contains(&index) { b' ' } else { *byte };
            sum.saturating_add(u64::from(byte))
        });
        if told != counted {
            return None;
        }
        let name = until_zero(field(0, 100));
        let prefix = until_zero(field(345, 155));
        let is_posix = field(257, 6) == b"ustar\0";
        let has_gnu_numbers = [field(124, 12), field(108, 8), field(116, 8), field(136, 12)]
            .iter()
            .any(|number| number.first().is_some_and(|first| first & 0x80 != 0));
        Some(Self {
            name: if is_posix && !prefix.is_empty() {
                format!("{prefix}/{name}")
            } else {
                name
            },
            link: until_zero(field(157, 100)),
            mode: octal(field(100, 8)).unwrap_or(0),
            size: number(field(124, 12)),
            kind: field(156, 1).first().copied().unwrap_or(0),
            has_gnu_numbers,
        })
    }
}

fn until_zero(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

fn octal(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(text, 8).ok()
}

/// Octal digits, or GNU's binary numbers; nothing for one below zero.
fn number(bytes: &[u8]) -> Option<u64> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0x80 => rest.iter().try_fold(0_u64, |value, byte| {
            value.checked_mul(256)?.checked_add(u64::from(*byte))
        }),
        first if first & 0x80 != 0 => None,
        _ => octal(bytes),
    }
}

/// `length key=value` lines.
fn pax_records(mut bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut records = BTreeMap::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(bytes.get(..space)?).ok()?.parse().ok()?;
        let (record, rest) = bytes.split_at_checked(length)?;
        let text = record.get(space.checked_add(1)?..)?.strip_suffix(b"\n")?;
        let equals = text.iter().position(|byte| *byte == b'=')?;
        let (key, value) = text.split_at_checked(equals)?;
        records.insert(
            String::from_utf8_lossy(key).into_owned(),
            String::from_utf8_lossy(value.get(1..)?).into_owned(),
        );
        bytes = rest;
    }
    Some(records)
}

/// A file to be written.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its path, with `/` between its parts.
    pub path: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Mode 0755 rather than 0644.
    pub executable: bool,
}

/// Writes an archive of plain files in the order given, all with the time `modified`, in seconds since 1970. Owners are numbers,
/// and zero; what a header of 1988 cannot spell (paths that are long or not ASCII, times and sizes beyond eleven octal digits)
/// stands in a pax header before it.
#[must_use]
pub fn write(members: &[Member<'_>], modified: u64) -> Vec<u8> {
    let content: usize = members
        .iter()
        .map(|member| member.bytes.len().saturating_add(BLOCK.saturating_mul(4)))
        .fold(0, usize::saturating_add);
    let mut out = Vec::with_capacity(content);
    for member in members {
        write_member(&mut out, member, modified);
    }
    // Two empty blocks are the end, and the whole fills records of twenty.
    out.extend_from_slice(&[0; 2 * BLOCK]);
    fill(&mut out, RECORD);
    out
}

/// Compresses, with nothing in the header that tells of time, name or system.
///
/// <https://www.rfc-editor.org/rfc/rfc1952>
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), flate2::Compression::default());
    // Writing to memory cannot fail; were it to, what is read back afterwards would tell.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Twenty blocks, as tar has written since there were tapes.
const RECORD: usize = 20 * BLOCK;
/// The largest number that eleven octal digits hold.
const LARGEST_OCTAL: u64 = 0o777_7777_7777;

fn write_member(out: &mut Vec<u8>, member: &Member<'_>, modified: u64) {
    let size = member.bytes.len() as u64;
    let split = split_path(member.path);
    let mut records = Vec::new();
    if split.is_none() {
        push_record(&mut records, "path", member.path);
    }
    for (key, number) in [("mtime", modified), ("size", size)] {
        if number > LARGEST_OCTAL {
            push_record(&mut records, key, &number.to_string());
        }
    }
    if !records.is_empty() {
        let name = short_name(member.path);
        let header = Numbers {
            mode: 0o644,
            size: records.len() as u64,
            modified,
            kind: b'x',
        };
        out.extend_from_slice(&header.block("PaxHeaders", &name));
        out.extend_from_slice(&records);
        fill(out, BLOCK);
    }
    let short = short_name(member.path);
    let (prefix, name) = split.unwrap_or(("", &short));
    let header = Numbers {
        mode: if member.executable { 0o755 } else { 0o644 },
        size,
        modified,
        kind: b'0',
    };
    out.extend_from_slice(&header.block(prefix, name));
    out.extend_from_slice(member.bytes);
    fill(out, BLOCK);
}

/// Adds zeros up to a multiple of `block`.
fn fill(out: &mut Vec<u8>, block: usize) {
    out.resize(out.len().next_multiple_of(block), 0);
}

/// Prefix and name of a path that a header can spell by itself.
fn split_path(path: &str) -> Option<(&str, &str)> {
    if !path.is_ascii() {
        return None;
    }
    if path.len() <= NAME {
        return Some(("", path));
    }
    // As much as fits stands in the prefix.
    path.match_indices('/')
        .filter_map(|(at, _)| Some((path.get(..at)?, path.get(at.checked_add(1)?..)?)))
        .rfind(|(prefix, name)| prefix.len() <= PREFIX && name.len() <= NAME && !name.is_empty())
}

const NAME: usize = 100;
const PREFIX: usize = 155;

/// What readers that know no pax headers see: the end of the path, in ASCII.
fn short_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name: String = name
        .chars()
        .map(|letter| if letter.is_ascii() { letter } else { '_' })
        .collect();
    let surplus = name.len().saturating_sub(NAME);
    name.get(surplus..).unwrap_or_default().to_owned()
}

/// `length key=value` and a line break, where the length counts its own digits.
fn push_record(out: &mut Vec<u8>, key: &str, value: &str) {
    let bare = key.len().saturating_add(value.len()).saturating_add(3);
    let mut length = bare;
    loop {
        let whole = bare.saturating_add(length.to_string().len());
        if whole == length {
            break;
        }
        length = whole;
    }
    out.extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
}

/// The numbers of a header.
struct Numbers {
    mode: u64,
    size: u64,
    modified: u64,
    kind: u8,
}

impl Numbers {
    /// The header's block. A number that is too large stands in the pax header before it.
    fn block(&self, prefix: &str, name: &str) -> [u8; BLOCK] {
        let octal = |number: u64| if number > LARGEST_OCTAL { 0 } else { number };
        let mut fields = Vec::with_capacity(BLOCK);
        let mut text = |bytes: &[u8], width: usize| {
            let end = fields.len().saturating_add(width);
            fields.extend_from_slice(bytes);
            fields.resize(end, 0);
        };
        text(name.as_bytes(), NAME);
        text(format!("{:07o}", self.mode).as_bytes(), 8);
        text(b"0000000", 8);
        text(b"0000000", 8);
        text(format!("{:011o}", octal(self.size)).as_bytes(), 12);
        text(format!("{:011o}", octal(self.modified)).as_bytes(), 12);
        // The checksum is taken with its own field full of spaces.
        text(b"        ", 8);
        text(&[self.kind], 1);
        text(b"", 100);
        text(b"ustar\x0000", 8);
        text(b"", 32);
        text(b"", 32);
        text(b"0000000", 8);
        text(b"0000000", 8);
        text(prefix.as_bytes(), PREFIX);
        let mut block = [0; BLOCK];
        for (byte, field) in block.iter_mut().zip(fields) {
            *byte = field;
        }
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        let checksum = format!("{sum:06o}\0 ");
        for (byte, digit) in block.iter_mut().skip(148).zip(checksum.bytes()) {
            *byte = digit;
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, kind: u8, size: usize) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[100..107].copy_from_slice(b"0000644");
        block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        block[156] = kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        seal(&mut block);
        block
    }

    fn seal(block: &mut [u8; BLOCK]) {
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }

    fn member(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut out = header(name, kind, content.len()).to_vec();
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
        out
    }

    fn archive(members: &[Vec<u8>]) -> Vec<u8> {
        let mut out = members.concat();
        out.resize(out.len() + 2 * BLOCK, 0);
        out
    }

    #[test]
    fn files_links_and_long_names_are_read() {
        let bytes = archive(&[
            member("a/", b'5', b""),
            member("a/b", b'0', b"words"),
            member("x", b'x', b"15 path=a/long\n"),
            member("short", b'0', b"more"),
            member("l", b'2', b""),
        ]);
        let (entries, faults) = survey(&bytes);
        assert_eq!(faults, []);
        let seen: Vec<_> = entries
            .iter()
            .map(|entry| (entry.path.as_str(), entry.bytes))
            .collect();
        let expected: [(&str, &[u8]); 4] = [("a", b""), ("a/b", b"words"), ("a/long", b"more"), ("l", b"")];
        assert_eq!(seen, expected);
        assert!(matches!(entries[3].kind, Kind::Link { is_hard: false, .. }));
    }

    #[test]
    fn gnu_s_ways_are_told() {
        let bytes = archive(&[member("././@LongLink", b'L', b"a/long\0"), member("s", b'0', b"")]);
        let (entries, faults) = survey(&bytes);
        assert_eq!(entries[0].path, "a/long");
        assert_eq!(faults[0].flaw, Flaw::Gnu);
    }

    #[test]
    fn no_damage_ends_in_a_panic() {
        let sound = archive(&[
            member("x", b'x', b"15 path=a/long\n"),
            member("a", b'0', b"words"),
        ]);
        for index in 0..sound.len() {
            for value in [0, 1, 0x7f, 0xff, b'9'] {
                let mut bytes = sound.clone();
                bytes[index] = value;
                if index < BLOCK {
                    let mut first: [u8; BLOCK] = bytes[..BLOCK].try_into().unwrap();
                    seal(&mut first);
                    bytes[..BLOCK].copy_from_slice(&first);
                }
                let _ = survey(&bytes);
            }
            let _ = survey(&sound[..index]);
        }
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packed, &vec![0; 100_000]).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(gunzip(&packed, 1000), Err(GzipError::TooLarge(1000)));
        assert_eq!(gunzip(&packed, 100_000).unwrap().0.len(), 100_000);
        assert!(matches!(
            gunzip(&packed[..50], 1 << 20),
            Err(GzipError::Damaged(_))
        ));
        let mut longer = packed.clone();
        longer.extend(b"tail");
        assert_eq!(gunzip(&longer, 1 << 20).unwrap().1, 4);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let long = format!("demo-0.1.0/{}/file.txt", "folder".repeat(40));
        let prefixed = format!("demo-0.1.0/{}/{}", "p".repeat(90), "n".repeat(90));
        let paths = ["demo-0.1.0/a", "demo-0.1.0/größe.py", &long, &prefixed];
        let members: Vec<Member<'_>> = paths
            .iter()
            .map(|path| Member {
                path,
                bytes: path.as_bytes(),
                executable: path.contains("größe"),
            })
            .collect();
        let bytes = write(&members, 1_000_000_000);
        assert_eq!(bytes.len() % RECORD, 0);
        let (entries, faults) = survey(&bytes);
        assert_eq!(faults, []);
        for (entry, member) in entries.iter().zip(&members) {
            assert_eq!((entry.path.as_str(), entry.bytes), (member.path, member.bytes));
            assert_eq!(entry.mode, if member.executable { 0o755 } else { 0o644 });
            assert_eq!(entry.kind, Kind::File);
        }
        assert_eq!(entries.len(), members.len());
        // Only what a plain header cannot spell has one of pax before it.
        let pax = bytes
            .chunks(BLOCK)
            .filter(|block| block[156] == b'x' && block[257..262] == *b"ustar");
        assert_eq!(pax.count(), 2);
        assert_eq!(gunzip(&gzip(&bytes), 1 << 20).unwrap(), (bytes.clone(), 0));
        assert_eq!(gzip(&bytes)[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    }

    #[test]
    fn a_record_counts_its_own_length() {
        for length in 1..200 {
            let mut out = Vec::new();
            push_record(&mut out, "path", &"x".repeat(length));
            assert_eq!(pax_records(&out).unwrap()["path"].len(), length);
        }
    }

    #[test]
    fn times_beyond_eleven_digits_stand_in_a_pax_header() {
        let member = Member {
            path: "a",
            bytes: b"",
            executable: false,
        };
        let bytes = write(&[member], LARGEST_OCTAL + 1);
        assert!(bytes[BLOCK..].starts_with(b"20 mtime=8589934592\n"));
    }
}

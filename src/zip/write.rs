//! A zip writer with nothing in it that depends on where, when or by whom it runs.
//!
//! Files only, each with its sizes in front of its bytes (no data descriptors), no comments, and no extra fields but the one
//! that archives beyond 32 bits need.

use std::io::{Error, Write};

use super::deflate::{Compression, Packed};
use super::format;
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

    /// 2107-12-31 23:59:58, the last that the format can say.
    pub const LATEST: Self = Self {
        date: 0xff9f,
        time: 0xbf7d,
    };

    /// Takes seconds since 1970; clamps to what the format can say.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Self {
        let second_of_day = seconds % 86_400;
        let (year, month, day) = civil_date(seconds / 86_400);
        let Some(years) = year.checked_sub(1980) else {
            return Self::EARLIEST;
        };
        if years > 127 {
            return Self::LATEST;
        }
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        let narrow = |bits: u64| u16::try_from(bits).unwrap_or(u16::MAX);
        Self {
            date: narrow(years << 9 | month << 5 | day),
            time: narrow(hour << 11 | minute << 5 | second >> 1),
        }
    }
}

/// Year, month and day of a number of days since 1970-01-01.
#[must_use]
pub fn civil_date(days: u64) -> (u64, u64, u64) {
    // 1970 lies 719 468 days after 0000-03-01, where each cycle of 400 years begins with a March.
    let days = days.saturating_add(719_468);
    let cycle = days / 146_097;
    let day_of_cycle = days % 146_097;
    let leap_days = (day_of_cycle / 1460)
        .saturating_add(day_of_cycle / 146_096)
        .saturating_sub(day_of_cycle / 36_524);
    let year_of_cycle = day_of_cycle.saturating_sub(leap_days) / 365;
    let days_before = year_of_cycle
        .saturating_mul(365)
        .saturating_add(year_of_cycle / 4)
        .saturating_sub(year_of_cycle / 100);
    let day_of_year = day_of_cycle.saturating_sub(days_before);
    let month_from_march = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    let day = day_of_year
        .saturating_sub(month_from_march.saturating_mul(153).saturating_add(2) / 5)
        .saturating_add(1);
    let (month, years) = if month_from_march < 10 {
        (month_from_march.saturating_add(3), 0)
    } else {
        (month_from_march.saturating_sub(9), 1)
    };
    let year = cycle
        .saturating_mul(400)
        .saturating_add(year_of_cycle)
        .saturating_add(years);
    (year, month, day)
}

/// Writes the members in the order given.
pub fn write(out: &mut impl Write, members: &[Member], timestamp: Timestamp) -> Result<(), Error> {
    let mut offset = 0_u64;
    let mut directory = Vec::new();
    for member in members {
        let header = Header::of(member, timestamp)?;
        directory.extend_from_slice(&header.central(offset));
        let local = header.local();
        out.write_all(&local)?;
        out.write_all(&member.packed.bytes)?;
        offset = offset
            .saturating_add(local.len() as u64)
            .saturating_add(member.packed.bytes.len() as u64);
    }
    out.write_all(&directory)?;
    out.write_all(&end(members.len() as u64, directory.len() as u64, offset))
}

/// How many bytes [`write()`] will write, or a little more.
#[must_use]
pub fn size(members: &[Member]) -> usize {
    const HEADERS: usize = 160;
    members.iter().fold(HEADERS, |sum, member| {
        let names = member.path.as_str().len().saturating_mul(2);
        sum.saturating_add(member.packed.bytes.len())
            .saturating_add(names)
            .saturating_add(HEADERS)
    })
}

/// What a member's two headers have in common.
struct Header<'a> {
    name: &'a str,
    name_length: u16,
    mode: u32,
    method: u16,
    timestamp: Timestamp,
    crc32: u32,
    packed_size: u64,
    size: u64,
}

impl<'a> Header<'a> {
    fn of(member: &'a Member, timestamp: Timestamp) -> Result<Self, Error> {
        let name = member.path.as_str();
        let packed = &member.packed;
        Ok(Self {
            name,
            name_length: u16::try_from(name.len())
                .map_err(|_| Error::other(format!("a name is longer than archives take: {name}")))?,
            mode: format::REGULAR | if member.executable { 0o755 } else { 0o644 },
            method: match packed.compression {
                Compression::Stored => format::STORED,
                Compression::Deflated(_) => format::DEFLATED,
            },
            timestamp,
            crc32: packed.digest.crc32,
            packed_size: packed.bytes.len() as u64,
            size: packed.digest.size,
        })
    }

    /// What both headers hold in the same order: from the version needed to the length of the name.
    fn common(&self, large: bool) -> Fields {
        let flags = if self.name.is_ascii() {
            0
        } else {
            format::FLAG_UTF8
        };
        Fields::default()
            .u16(version(large))
            .u16(flags)
            .u16(self.method)
            .u16(self.timestamp.time)
            .u16(self.timestamp.date)
            .u32(self.crc32)
    }

    /// The header in front of the bytes.
    fn local(&self) -> Vec<u8> {
        // Here the specification wants both sizes in the extra field or none.
        let large = !fits(self.packed_size) || !fits(self.size);
        let extra = if large {
            zip64_extra(&[self.size, self.packed_size])
        } else {
            Fields::default()
        };
        let (packed_size, size) = if large {
            (u32::MAX, u32::MAX)
        } else {
            (saturated(self.packed_size), saturated(self.size))
        };
        Fields::default()
            .u32(format::LOCAL)
            .bytes(&self.common(large).0)
            .u32(packed_size)
            .u32(size)
            .u16(self.name_length)
            .u16(extra.length())
            .bytes(self.name.as_bytes())
            .bytes(&extra.0)
            .0
    }

    /// The header in the central directory.
    fn central(&self, offset: u64) -> Vec<u8> {
        let beyond: Vec<u64> = [self.size, self.packed_size, offset]
            .into_iter()
            .filter(|value| !fits(*value))
            .collect();
        let large = !beyond.is_empty();
        let extra = if large {
            zip64_extra(&beyond)
        } else {
            Fields::default()
        };
        Fields::default()
            .u32(format::CENTRAL)
            .u16(format::UNIX << 8 | version(large))
            .bytes(&self.common(large).0)
            .u32(saturated(self.packed_size))
            .u32(saturated(self.size))
            .u16(self.name_length)
            .u16(extra.length())
            .u16(0) // length of the comment
            .u16(0) // disk
            .u16(0) // internal attributes
            .u32(self.mode << 16)
            .u32(saturated(offset))
            .bytes(self.name.as_bytes())
            .bytes(&extra.0)
            .0
    }
}

/// The records that end the archive.
fn end(entries: u64, directory_size: u64, directory_offset: u64) -> Vec<u8> {
    let few = u16::try_from(entries).ok().filter(|entries| *entries != u16::MAX);
    let mut fields = Fields::default();
    if few.is_none() || !fits(directory_size) || !fits(directory_offset) {
        fields = fields
            .u32(format::END64)
            .u64(format::END64_REMAINDER)
            .u16(format::UNIX << 8 | version(true))
            .u16(version(true))
            .u32(0) // this disk
            .u32(0) // the directory's disk
            .u64(entries)
            .u64(entries)
            .u64(directory_size)
            .u64(directory_offset)
            .u32(format::END64_LOCATOR)
            .u32(0) // the record's disk
            .u64(directory_offset.saturating_add(directory_size))
            .u32(1); // disks in all
    }
    fields
        .u32(format::END)
        .u16(0) // this disk
        .u16(0) // the directory's disk
        .u16(few.unwrap_or(u16::MAX))
        .u16(few.unwrap_or(u16::MAX))
        .u32(saturated(directory_size))
        .u32(saturated(directory_offset))
        .u16(0) // length of the comment
        .0
}

/// The version of the format that a reader must know: 2.0 for deflate, 4.5 beyond 32 bits.
fn version(large: bool) -> u16 {
    if large { 45 } else { 20 }
}

/// Whether a value can stand in a field of 32 bits; the highest is taken as "see the extra field".
fn fits(value: u64) -> bool {
    value < u64::from(u32::MAX)
}

fn saturated(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn zip64_extra(values: &[u64]) -> Fields {
    let values = values
        .iter()
        .fold(Fields::default(), |fields, value| fields.u64(*value));
    Fields::default()
        .u16(format::ZIP64_EXTRA)
        .u16(values.length())
        .bytes(&values.0)
}

/// Numbers in the order of the format, low byte first.
#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u16(self, value: u16) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u64(self, value: u64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// For the extra fields made here: at most 28 bytes.
    fn length(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::deflate::pack;

    fn member(path: &str, content: &[u8], executable: bool) -> Member {
        Member {
            path: ArchivePath::parse(path).unwrap(),
            executable,
            packed: pack(&[content], Compression::default(), 1, &|_| {}).remove(0),
        }
    }

    fn archive(members: &[Member]) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, members, Timestamp::EARLIEST).unwrap();
        assert!(out.len() <= size(members));
        out
    }

    #[test]
    fn the_zip_crate_reads_what_was_written() {
        let bytes = archive(&[
            member("a.py", b"print()\n", false),
            member("naïve.txt", b"", false),
            member("bin/run", &vec![7; 300_000], true),
        ]);
        let mut read = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
        let mut seen = Vec::new();
        for index in 0..read.len() {
            let mut file = read.by_index(index).unwrap();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut content).unwrap();
            assert_eq!(file.compression(), zip::CompressionMethod::Deflated);
            assert_eq!(file.last_modified().unwrap().to_string(), "1980-01-01 00:00:00");
            assert_eq!(file.extra_data().unwrap_or_default(), b"");
            seen.push((file.name().to_owned(), content.len(), file.unix_mode().unwrap()));
        }
        assert_eq!(
            seen,
            [
                ("a.py".to_owned(), 8, 0o100_644),
                ("naïve.txt".to_owned(), 0, 0o100_644),
                ("bin/run".to_owned(), 300_000, 0o100_755),
            ]
        );
    }

    #[test]
    fn headers_hold_what_the_index_wants() {
        let bytes = archive(&[member("ä", b"x", false), member("b", b"x", false)]);
        let flags = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        assert_eq!(flags(4), 20, "version needed");
        assert_eq!(flags(6), format::FLAG_UTF8);
        let second = bytes[4..]
            .windows(4)
            .position(|four| four == b"PK\x03\x04")
            .unwrap()
            + 4;
        assert_eq!(flags(second + 6), 0, "no flag where none is needed");
        assert_eq!(flags(second + 28), 0, "no extra field");
        let central = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        assert_eq!(flags(central + 4), 3 << 8 | 0x14, "made by");
    }

    #[test]
    fn an_empty_archive_is_its_end_record() {
        assert_eq!(archive(&[]).len(), format::END_LENGTH);
    }

    #[test]
    fn more_files_than_sixteen_bits_can_count_are_no_harm() {
        let packed = pack(&[b""], Compression::default(), 1, &|_| {}).remove(0);
        for count in [65_534, 65_535, 70_000] {
            let members: Vec<Member> = (0..count)
                .map(|index| Member {
                    path: ArchivePath::parse(&format!("{index}")).unwrap(),
                    executable: false,
                    packed: packed.clone(),
                })
                .collect();
            let bytes = archive(&members);
            let read = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
            assert_eq!(read.len(), count);
            assert_eq!(
                bytes.windows(4).any(|four| four == b"PK\x06\x06"),
                count >= 65_535
            );
            assert_eq!(crate::zip::structure::read(&bytes).unwrap().len(), count);
        }
    }

    #[test]
    fn sizes_and_offsets_beyond_32_bits_go_into_the_extra_field() {
        let header = Header {
            name: "big",
            name_length: 3,
            mode: format::REGULAR,
            method: format::DEFLATED,
            timestamp: Timestamp::EARLIEST,
            crc32: 1,
            packed_size: 10,
            size: 5 << 32,
        };
        let local = header.local();
        assert_eq!(local.len(), 30 + 3 + 20);
        assert_eq!(local[18..26], [0xff; 8]);
        assert_eq!(local[33..37], [1, 0, 16, 0]);
        assert_eq!(local[37..45], (5_u64 << 32).to_le_bytes());
        assert_eq!(local[45..53], 10_u64.to_le_bytes());
        let central = header.central(u64::from(u32::MAX));
        assert_eq!(central[20..24], 10_u32.to_le_bytes());
        assert_eq!(central[49..53], [1, 0, 16, 0]);
        assert_eq!(central[53..61], (5_u64 << 32).to_le_bytes());
        assert_eq!(central[61..69], u64::from(u32::MAX).to_le_bytes());
        assert_eq!(central.len(), 69);
    }

    #[test]
    fn times_are_clamped_and_even() {
        assert_eq!(Timestamp::from_unix(0), Timestamp::EARLIEST);
        assert_eq!(Timestamp::from_unix(315_532_799), Timestamp::EARLIEST);
        assert_eq!(Timestamp::from_unix(315_532_801), Timestamp::EARLIEST);
        assert_eq!(Timestamp::from_unix(4_354_819_199), Timestamp::LATEST);
        assert_eq!(Timestamp::from_unix(u64::MAX), Timestamp::LATEST);
        // 2024-02-29 23:59:59 and 2000-03-01 00:00:02
        assert_eq!(
            Timestamp::from_unix(1_709_251_199),
            Timestamp {
                date: (44 << 9) + (2 << 5) + 29,
                time: (23 << 11) + (59 << 5) + 29
            }
        );
        assert_eq!(
            Timestamp::from_unix(951_868_802),
            Timestamp {
                date: (20 << 9) + (3 << 5) + 1,
                time: 1
            }
        );
    }
}

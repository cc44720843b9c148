//! The edited file read again: what was asked for is there, and everything else is as it was.
//!
//! Shares no step with the editing but the reading.

use std::collections::BTreeMap;

use goblin::elf::dynamic as dt;
use goblin::elf::program_header as ph;
use goblin::elf::section_header as sh;

use super::ElfError;
use super::edit::{Edits, RunPath, RunPathTag};
use super::format::{self, as_u64, slice};
use super::image::{Image, Segment, Strings, dt_mips};
use super::layout;
use super::symver::Versions;

/// Compares an edited file with the original and with what was asked for.
pub(super) fn compare(before: &Image<'_>, edited: &[u8], edits: &Edits) -> Result<(), ElfError> {
    let after = Image::read(edited)?;
    let pair = Pair {
        before,
        after: &after,
        edits,
    };
    pair.interpreter()?;
    pair.segments()?;
    pair.sections()?;
    pair.loaded_bytes()?;
    if let (Some(old), Some(new)) = (before.strings()?, after.strings()?) {
        pair.dynamic(&old, &new)?;
        pair.symbols(&old, &new)?;
    }
    Ok(())
}

fn unfaithful(what: impl Into<String>) -> ElfError {
    ElfError::Unfaithful(what.into())
}

fn ensure(holds: bool, what: &str) -> Result<(), ElfError> {
    if holds { Ok(()) } else { Err(unfaithful(what)) }
}

fn dynamic_address(image: &Image<'_>) -> Option<u64> {
    image.segments_of(ph::PT_DYNAMIC).next().map(|it| it.address)
}

/// Every entry but those that only say where tables are.
fn meanings(image: &Image<'_>, strings: &Strings<'_>) -> Vec<Meaning> {
    let mut out = Vec::new();
    let Some(dynamic) = &image.dynamic else { return out };
    let address = dynamic_address(image).unwrap_or(0);
    for entry in &dynamic.entries {
        let number = match entry.tag {
            dt::DT_STRTAB | dt::DT_STRSZ | dt::DT_VERSYM | dt::DT_VERNEED | dt::DT_VERDEF => 0,
            dt_mips::RLD_MAP_REL if image.is_mips() => {
                let target = address
                    .wrapping_add(entry.at.wrapping_sub(dynamic.offset))
                    .wrapping_add(entry.value);
                if image.encoding.is_64 {
                    target
                } else {
                    target & u64::from(u32::MAX)
                }
            }
            tag if super::edit::names_a_string(image, tag) => {
                // A tag of another system's with that number is no string where it leads out of the table.
                if let Ok(text) = strings.get(entry.value, "d_val", entry.at) {
                    out.push(Meaning::Text(tag, text.to_vec()));
                    continue;
                }
                entry.value
            }
            _ => entry.value,
        };
        out.push(Meaning::Number(entry.tag, number));
    }
    out
}

/// How far apart address and offset are, as far as pages do not care.
fn skew(segment: &Segment) -> u64 {
    segment
        .address
        .wrapping_sub(segment.offset)
        .checked_rem(segment.alignment.max(1))
        .unwrap_or(0)
}

/// Whether loaded segments follow each other without sharing memory.
fn are_apart(image: &Image<'_>) -> bool {
    let loads: Vec<&Segment> = image.segments_of(ph::PT_LOAD).collect();
    loads.windows(2).all(|pair| match pair {
        [one, other] => one.address.saturating_add(one.memory_size) <= other.address,
        _ => true,
    })
}

/// What a dynamic entry means, apart from where tables are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    Text(u64, Vec<u8>),
    Number(u64, u64),
}

struct Pair<'a, 'b> {
    before: &'a Image<'a>,
    after: &'a Image<'b>,
    edits: &'a Edits,
}

impl Pair<'_, '_> {
    fn interpreter(&self) -> Result<(), ElfError> {
        let expected = match &self.edits.interpreter {
            Some(name) => Some(name.clone()),
            None => super::interpreter(self.before)?,
        };
        ensure(
            super::interpreter(self.after)? == expected,
            "the interpreter is another one",
        )
    }

    /// Segments keep their addresses and kinds; only loaded ones grow, and only a new one may come.
    fn segments(&self) -> Result<(), ElfError> {
        let fixed = |image: &Image<'_>| -> Vec<(u32, u32, u64, u64, u64)> {
            let movable = [
                ph::PT_LOAD,
                ph::PT_DYNAMIC,
                ph::PT_PHDR,
                ph::PT_INTERP,
                ph::PT_GNU_STACK,
                ph::PT_NULL,
            ];
            let fixed = image.segments.iter().filter(|it| !movable.contains(&it.kind));
            fixed
                .map(|it| (it.kind, it.flags, it.address, it.memory_size, it.alignment))
                .collect()
        };
        ensure(
            fixed(self.before) == fixed(self.after),
            "a segment that is not loaded by itself has moved",
        )?;
        ensure(
            self.before.segment_table == self.after.segment_table,
            "the program headers have moved",
        )?;
        let mut loads = self.after.segments_of(ph::PT_LOAD);
        for old in self.before.segments_of(ph::PT_LOAD) {
            let new = loads
                .next()
                .ok_or_else(|| unfaithful("a loaded segment is gone"))?;
            let same = old.address == new.address && old.flags == new.flags && old.alignment == new.alignment;
            let longer = old.file_size <= new.file_size && old.memory_size <= new.memory_size;
            ensure(same && longer, "a loaded segment has changed")?;
        }
        ensure(
            are_apart(self.after) || !are_apart(self.before),
            "loaded segments overlap",
        )?;
        for segment in self.after.segments_of(ph::PT_LOAD) {
            let old = self
                .before
                .segments_of(ph::PT_LOAD)
                .find(|it| it.address == segment.address);
            let was = old.map_or(0, skew);
            ensure(
                skew(segment) == was,
                "a loaded segment is not aligned in the file as in memory",
            )?;
        }
        Ok(())
    }

    /// Sections keep their order; those that are not loaded keep their bytes.
    fn sections(&self) -> Result<(), ElfError> {
        ensure(
            self.before.sections.len() == self.after.sections.len(),
            "the number of sections has changed",
        )?;
        let mut dynamic_moved = false;
        if let (Some(old), Some(new)) = (dynamic_address(self.before), dynamic_address(self.after)) {
            dynamic_moved = old != new;
        }
        for (old, new) in self.before.sections.iter().zip(&self.after.sections) {
            let same = (
                old.name,
                old.flags,
                old.link,
                old.info,
                old.alignment,
                old.entry_size,
            ) == (
                new.name,
                new.flags,
                new.link,
                new.info,
                new.alignment,
                new.entry_size,
            );
            ensure(same, "a section has changed its kind")?;
            if layout::is_loaded(old) || !layout::occupies_file(old) {
                continue;
            }
            if dynamic_moved && old.kind == sh::SHT_SYMTAB {
                continue;
            }
            let (was, is) = (
                slice(self.before.bytes, old.offset, old.size),
                slice(self.after.bytes, new.offset, new.size),
            );
            let kept = match (was, is) {
                (Some(was), Some(is)) => format::same(was, is),
                // A header that lies about its section did so before, too.
                (was, is) => old.size == new.size && was == is,
            };
            ensure(kept, "a section that is not loaded has changed")?;
        }
        Ok(())
    }

    /// What is loaded is loaded as before, byte for byte, but for what the edit is about.
    fn loaded_bytes(&self) -> Result<(), ElfError> {
        let pardoned = self.pardoned();
        for old in self.before.segments_of(ph::PT_LOAD).filter(|it| it.file_size > 0) {
            let mut at = old.address;
            let end = old.address.saturating_add(old.file_size);
            let mut holes = pardoned
                .iter()
                .filter(|(from, to)| *from < end && *to > old.address);
            loop {
                let hole = holes.next();
                let stop = hole.map_or(end, |(from, _)| (*from).clamp(at, end));
                self.same_bytes(at, stop)?;
                let Some((_, to)) = hole else { break };
                at = at.max(*to).min(end);
            }
        }
        Ok(())
    }

    fn same_bytes(&self, from: u64, to: u64) -> Result<(), ElfError> {
        let size = to.saturating_sub(from);
        if size == 0 {
            return Ok(());
        }
        let bytes = |image: &Image<'_>| image.offset_of(from).map(|(offset, _)| offset);
        let old = bytes(self.before).and_then(|offset| slice(self.before.bytes, offset, size));
        let new = bytes(self.after).and_then(|offset| slice(self.after.bytes, offset, size));
        if let (Some(old), Some(new)) = (old, new)
            && format::same(old, new)
        {
            return Ok(());
        }
        Err(unfaithful(format!(
            "bytes from address {from:#x} on have changed"
        )))
    }

    /// Pieces of memory, sorted, that an edit may change.
    fn pardoned(&self) -> Vec<(u64, u64)> {
        let image = self.before;
        let mut pieces = Vec::new();
        let header = image.encoding.segment_header_size();
        let segment_table = as_u64(image.segments.len())
            .saturating_add(1)
            .saturating_mul(header);
        let section_table = as_u64(image.sections.len()).saturating_mul(image.encoding.section_header_size());
        let tables = [
            (0, 64),
            (image.segment_table, segment_table),
            (image.section_table, section_table),
        ];
        for (offset, size) in tables {
            for load in image.segments_of(ph::PT_LOAD) {
                if offset >= load.offset && offset < load.offset.saturating_add(load.file_size) {
                    let from = load.address.saturating_add(offset.saturating_sub(load.offset));
                    pieces.push((from, from.saturating_add(size)));
                }
            }
        }
        for it in image
            .segments
            .iter()
            .filter(|it| matches!(it.kind, ph::PT_DYNAMIC | ph::PT_INTERP))
        {
            pieces.push((it.address, it.address.saturating_add(it.file_size)));
        }
        let value =
            |image: &Image<'_>, tag: u64| image.dynamic.as_ref().and_then(|dynamic| dynamic.value(tag));
        if let (Some(from), Some(size)) = (value(image, dt::DT_STRTAB), value(self.after, dt::DT_STRSZ))
            && value(self.after, dt::DT_STRTAB) == Some(from)
        {
            pieces.push((from, from.saturating_add(size)));
        }
        pieces.extend(self.version_tables());
        pieces.sort_unstable();
        pieces
    }

    /// Where the version tables were, those that follow each other as one piece: they may have made way for each other, and
    /// are compared wherever they are now.
    fn version_tables(&self) -> Vec<(u64, u64)> {
        let strings = self.before.strings().ok().flatten();
        let versions = strings.and_then(|strings| Versions::read(self.before, &strings).ok());
        let mut tables = versions
            .and_then(|versions| versions.tables(self.before).ok())
            .unwrap_or_default();
        tables.sort_by_key(|table| table.address);
        let mut pieces: Vec<(u64, u64)> = Vec::new();
        for table in tables {
            match pieces.last_mut() {
                Some((_, end)) if table.address.saturating_sub(*end) <= 15 => *end = (*end).max(table.end()),
                _ => pieces.push((table.address, table.end())),
            }
        }
        pieces
    }

    fn dynamic(&self, old: &Strings<'_>, new: &Strings<'_>) -> Result<(), ElfError> {
        let mut expected = meanings(self.before, old);
        self.edit_meanings(&mut expected);
        let mut found = meanings(self.after, new);
        let needed = |meanings: &[Meaning]| -> Vec<Meaning> {
            meanings
                .iter()
                .filter(|it| matches!(it, Meaning::Text(dt::DT_NEEDED, _)))
                .cloned()
                .collect()
        };
        ensure(
            needed(&expected) == needed(&found),
            "the needed libraries are not the ones asked for",
        )?;
        expected.sort();
        found.sort();
        ensure(
            expected == found,
            "the dynamic section does not say what was asked for",
        )
    }

    fn edit_meanings(&self, meanings: &mut Vec<Meaning>) {
        let edits = self.edits;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let find = |meanings: &[Meaning], wanted: u64| {
            meanings.iter().rev().find_map(|it| match it {
                Meaning::Text(tag, bytes) if *tag == wanted => Some((*tag, bytes.clone())),
                _ => None,
            })
        };
        if edits.run_path != RunPath::Keep || edits.run_path_tag != RunPathTag::AsItIs {
            let present = find(meanings, dt::DT_RUNPATH).or_else(|| find(meanings, dt::DT_RPATH));
            meanings.retain(|it| !matches!(it, Meaning::Text(dt::DT_RPATH | dt::DT_RUNPATH, _)));
            let tag = match edits.run_path_tag {
                RunPathTag::Rpath => dt::DT_RPATH,
                RunPathTag::Runpath => dt::DT_RUNPATH,
                RunPathTag::AsItIs => present.as_ref().map_or(dt::DT_RPATH, |it| it.0),
            };
            let path = match (&edits.run_path, present) {
                (RunPath::Keep, present) => present.map(|it| it.1),
                (_, present) => edits
                    .run_path_from(present.map(|it| text(&it.1)).as_deref())
                    .map(String::into_bytes),
            };
            meanings.extend(path.map(|path| Meaning::Text(tag, path)));
        }
        if let Some(soname) = &edits.soname {
            meanings.retain(|it| !matches!(it, Meaning::Text(dt::DT_SONAME, _)));
            meanings.push(Meaning::Text(dt::DT_SONAME, soname.clone().into_bytes()));
        }
        meanings.retain(|it| !matches!(it, Meaning::Text(dt::DT_NEEDED, name) if edits.remove_needed.contains(&text(name))));
        for meaning in meanings.iter_mut() {
            if let Meaning::Text(dt::DT_NEEDED, name) = meaning
                && let Some(new) = std::str::from_utf8(name)
                    .ok()
                    .and_then(|name| edits.replace_needed.get(name))
            {
                *name = new.clone().into_bytes();
            }
        }
        for name in &edits.add_needed {
            let meaning = Meaning::Text(dt::DT_NEEDED, name.clone().into_bytes());
            if !meanings.contains(&meaning) {
                meanings.push(meaning);
            }
        }
    }

    /// The version tables are the same byte for byte, wherever they are, but for the names of needed libraries.
    fn version_bytes(&self, old: &Versions<'_>, new: &Versions<'_>) -> Result<(), ElfError> {
        let (before, after) = (old.tables(self.before)?, new.tables(self.after)?);
        let same = before.len() == after.len()
            && before.iter().zip(&after).all(|(one, other)| {
                one.size == other.size
                    && old.nameless_bytes(self.before, *one) == new.nameless_bytes(self.after, *other)
            });
        ensure(same, "a version table has changed")
    }

    /// Every dynamic symbol has the name and the version that it had.
    fn symbols(&self, old: &Strings<'_>, new: &Strings<'_>) -> Result<(), ElfError> {
        let (old_versions, new_versions) = (
            Versions::read(self.before, old)?,
            Versions::read(self.after, new)?,
        );
        let renamed = |name: &[u8]| -> Vec<u8> {
            let new = std::str::from_utf8(name)
                .ok()
                .and_then(|name| self.edits.replace_needed.get(name));
            new.map_or_else(|| name.to_vec(), |new| new.clone().into_bytes())
        };
        let needed = |versions: &Versions<'_>,
                      rename: &dyn Fn(&[u8]) -> Vec<u8>|
         -> BTreeMap<(Vec<u8>, Vec<u8>), (u16, bool)> {
            let entry = |it: &super::symver::Needed<'_>| {
                ((rename(it.library), it.version.to_vec()), (it.index, it.weak))
            };
            versions.needed.iter().map(entry).collect()
        };
        self.version_bytes(&old_versions, &new_versions)?;
        let same_needed = needed(&old_versions, &renamed) == needed(&new_versions, &<[u8]>::to_vec);
        ensure(same_needed, "the needed versions have changed")?;
        let provided = |versions: &Versions<'_>| -> Vec<(Vec<u8>, u16, bool)> {
            versions
                .provided
                .iter()
                .map(|it| (it.name.to_vec(), it.index, it.base))
                .collect()
        };
        ensure(
            provided(&old_versions) == provided(&new_versions),
            "the provided versions have changed",
        )?;
        let (Some(old_table), Some(new_table)) = (self.before.symbol_table()?, self.after.symbol_table()?)
        else {
            return Ok(());
        };
        ensure(
            old_table.count == new_table.count,
            "the number of symbols has changed",
        )?;
        for index in 0..old_table.count {
            let (one, other) = (
                self.before.symbol(old_table, index, old)?,
                self.after.symbol(new_table, index, new)?,
            );
            let versions = (
                old_versions.of_symbol(self.before, index)?,
                new_versions.of_symbol(self.after, index)?,
            );
            ensure(
                one.name == other.name && versions.0 == versions.1,
                "a symbol has another name or version",
            )?;
        }
        Ok(())
    }
}

//! Takes symbols and debugging information out of a file. What is loaded stays byte for byte where it is.

use std::collections::BTreeMap;

use goblin::elf::section_header as sh;

use super::format::{self, Field, as_u64, round_up, slice, slice_mut};
use super::image::{Image, Section};
use super::{ElfError, inspect};

/// Beginnings of the names of sections that only debuggers and linkers read.
const OF_NO_USE: [&[u8]; 7] = [
    b".debug",
    b".zdebug",
    b".gdb_index",
    b".stab",
    b".gnu.lto_",
    b".llvm_addrsig",
    b".gnu.debuglto_",
];

/// Gives a copy without the symbol table, its names and the debugging information. Notes, build ids, debug links and
/// `.comment` are kept. A file without section headers, or with a payload behind all that its headers name, stays as it is;
/// so does one in which there is nothing to strip.
///
/// # Errors
/// Where the file is damaged, or is an object file, which is nothing without its symbols.
pub fn strip(bytes: &[u8]) -> Result<Vec<u8>, ElfError> {
    let image = Image::read(bytes)?;
    if image.segments.is_empty() {
        return Err(ElfError::Refused(
            "it is an object file, which is nothing without its symbols".to_owned(),
        ));
    }
    let Some(stripped) = Plan::of(&image).and_then(|plan| plan.carried_out(&image)) else {
        return Ok(bytes.to_vec());
    };
    let mut before = inspect(bytes)?;
    before.is_stripped = true;
    if inspect(&stripped)? != before {
        return Err(ElfError::Unfaithful(
            "stripping changed what it says of itself".to_owned(),
        ));
    }
    Ok(stripped)
}

/// Which sections stay, and where.
struct Plan {
    /// Sections that stay, in order, by their old index.
    kept: Vec<(usize, Section)>,
    /// Where the loaded part of the file ends: everything before it stays.
    loaded: u64,
    /// The old index of the sections' names.
    names: usize,
}

impl Plan {
    /// Nothing where there is nothing to do.
    fn of(image: &Image<'_>) -> Option<Self> {
        let names = usize::try_from(image.get(0, &format::E_SHSTRNDX).ok()?).ok()?;
        let name_table = image.sections.get(names)?;
        // The header cannot count more sections; nobody has seen such a library.
        if image.sections.len() >= 0xff00 || ends_behind_sections(image)? {
            return None;
        }
        let strings = slice(image.bytes, name_table.offset, name_table.size)?;
        let kept: Vec<(usize, Section)> = image
            .sections
            .iter()
            .copied()
            .enumerate()
            .filter(|(index, section)| *index == names || stays(section, strings))
            .collect();
        let loaded = image
            .segments
            .iter()
            .map(|segment| segment.offset.checked_add(segment.file_size))
            .chain(
                kept.iter()
                    .filter(|(_, section)| is_loaded(section))
                    .map(|(_, section)| end_of(section)),
            )
            .chain([headers_end(image)])
            .try_fold(0, |most, end| Some(u64::max(most, end?)))?;
        (kept.len() < image.sections.len()).then_some(Self { kept, loaded, names })
    }

    fn carried_out(self, image: &Image<'_>) -> Option<Vec<u8>> {
        let encoding = image.encoding;
        let mut out = slice(image.bytes, 0, self.loaded)?.to_vec();
        let new_index: BTreeMap<usize, u32> =
            (0..).zip(&self.kept).map(|(new, (old, _))| (*old, new)).collect();
        let name_table = *image.sections.get(self.names)?;
        let old_names = slice(image.bytes, name_table.offset, name_table.size)?;
        let mut names = vec![0];
        let mut headers = Vec::with_capacity(self.kept.len());
        for (old, section) in &self.kept {
            let mut header = *section;
            header.name = added(&mut names, name_of(section, old_names)?)?;
            header.link = renumbered(section.link, &new_index)?;
            if section.flags & u64::from(sh::SHF_INFO_LINK) != 0 {
                header.info = renumbered(section.info, &new_index)?;
            }
            headers.push((*old, header));
        }
        for (old, header) in &mut headers {
            if *old == 0 || is_loaded(header) || header.kind == sh::SHT_NOBITS {
                continue;
            }
            let content = if *old == self.names {
                names.as_slice()
            } else {
                slice(image.bytes, header.offset, header.size)?
            };
            pad(&mut out, header.alignment.clamp(1, 64))?;
            if out.len().checked_add(content.len())? > image.bytes.len() {
                // Sections that lie over each other: nothing would be saved.
                return None;
            }
            header.offset = as_u64(out.len());
            header.size = as_u64(content.len());
            out.extend_from_slice(content);
        }
        pad(&mut out, encoding.word())?;
        let table = as_u64(out.len());
        let entry = encoding.section_header_size();
        let count = as_u64(headers.len());
        out.resize(
            out.len()
                .checked_add(usize::try_from(entry.checked_mul(count)?).ok()?)?,
            0,
        );
        for (position, (_, header)) in (0_u64..).zip(&headers) {
            let at = table.checked_add(entry.checked_mul(position)?)?;
            // Fields that no one here names come along.
            let old = slice(image.bytes, header.at, entry)?;
            slice_mut(&mut out, at, entry)?.copy_from_slice(old);
            let mut put = |field: &Field, value| encoding.put(&mut out, at, field, value);
            put(&format::SH_NAME, header.name.into())?;
            put(&format::SH_OFFSET, header.offset)?;
            put(&format::SH_SIZE, header.size)?;
            put(&format::SH_LINK, header.link.into())?;
            put(&format::SH_INFO, header.info.into())?;
        }
        encoding.put(&mut out, 0, &format::E_SHOFF, table)?;
        encoding.put(&mut out, 0, &format::E_SHNUM, count)?;
        encoding.put(
            &mut out,
            0,
            &format::E_SHSTRNDX,
            (*new_index.get(&self.names)?).into(),
        )?;
        Some(out)
    }
}

fn is_loaded(section: &Section) -> bool {
    section.flags & u64::from(sh::SHF_ALLOC) != 0
}

/// Whether somebody may need a section who does not debug.
fn stays(section: &Section, names: &[u8]) -> bool {
    let of_no_use = || {
        let symbols = matches!(
            section.kind,
            sh::SHT_SYMTAB | sh::SHT_STRTAB | sh::SHT_SYMTAB_SHNDX | sh::SHT_REL | sh::SHT_RELA
        );
        let name = name_of(section, names).unwrap_or_default();
        symbols || OF_NO_USE.iter().any(|beginning| name.starts_with(beginning))
    };
    section.kind == sh::SHT_NULL || is_loaded(section) || !of_no_use()
}

fn name_of<'a>(section: &Section, names: &'a [u8]) -> Option<&'a [u8]> {
    let tail = names.get(usize::try_from(section.name).ok()?..)?;
    tail.split(|byte| *byte == 0).next()
}

/// Where a section's bytes end in the file.
fn end_of(section: &Section) -> Option<u64> {
    match section.kind {
        sh::SHT_NOBITS | sh::SHT_NULL => Some(0),
        _ => section.offset.checked_add(section.size),
    }
}

/// Where the ELF header and the program headers end.
fn headers_end(image: &Image<'_>) -> Option<u64> {
    let size = image.encoding.segment_header_size();
    let table = size.checked_mul(as_u64(image.segments.len()))?;
    let headers = image.encoding.position(0, &format::E_SHSTRNDX)?.checked_add(2)?;
    Some(image.segment_table.checked_add(table)?.max(headers))
}

/// Whether bytes come behind everything that a header names.
fn ends_behind_sections(image: &Image<'_>) -> Option<bool> {
    let size = image.encoding.section_header_size();
    let table = size.checked_mul(as_u64(image.sections.len()))?;
    let segments = image
        .segments
        .iter()
        .map(|segment| segment.offset.checked_add(segment.file_size));
    let end = image
        .sections
        .iter()
        .map(end_of)
        .chain(segments)
        .chain([image.section_table.checked_add(table)])
        .try_fold(0, |most, end| Some(u64::max(most, end?)))?;
    Some(as_u64(image.bytes.len()) > end)
}

/// Adds a name to a table of names; gives where it begins.
fn added(names: &mut Vec<u8>, name: &[u8]) -> Option<u32> {
    if name.is_empty() {
        return Some(0);
    }
    let start = u32::try_from(names.len()).ok()?;
    names.extend_from_slice(name);
    names.push(0);
    Some(start)
}

/// A section's new index; 0 for one that is gone.
fn renumbered(index: u32, new_index: &BTreeMap<usize, u32>) -> Option<u32> {
    let index = usize::try_from(index).ok()?;
    Some(new_index.get(&index).copied().unwrap_or(0))
}

fn pad(out: &mut Vec<u8>, alignment: u64) -> Option<()> {
    let end = round_up(as_u64(out.len()), alignment)?;
    out.resize(usize::try_from(end).ok()?, 0);
    Some(())
}

//! What takes the space in a file: its sections, and the symbols in them where the file still has their names.

use std::collections::{BTreeMap, BTreeSet};

use goblin::elf::section_header as sh;

use super::format::{self, as_u64, slice};
use super::image::{Image, Section};
use super::{ElfError, shown};

/// Sizes in bytes of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weighed {
    /// Each section that takes space, by name; several of one name together.
    pub sections: BTreeMap<String, u64>,
    /// Symbols of `.symtab`, each with the section that it is in and its size; of several names for one place, the first. Empty
    /// for a stripped file.
    pub symbols: Vec<WeighedSymbol>,
    /// What no section names: headers, and room between sections.
    pub rest: u64,
}

/// A symbol that takes space in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WeighedSymbol {
    /// Its name, as the file spells it.
    pub name: String,
    /// The section that it is in.
    pub section: String,
    /// In bytes.
    pub size: u64,
}

/// Weighs the parts of a file by its section headers.
///
/// # Errors
/// Where the file is damaged.
pub fn weigh(bytes: &[u8]) -> Result<Weighed, ElfError> {
    let image = Image::read(bytes)?;
    let mut weighed = Weighed::default();
    let names = Names::of(&image);
    for section in image.sections.iter().filter(|section| takes_space(section)) {
        let sum = weighed.sections.entry(names.name(section)).or_default();
        *sum = sum.saturating_add(section.size);
    }
    let told = weighed
        .sections
        .values()
        .fold(0_u64, |sum, size| sum.saturating_add(*size));
    weighed.rest = as_u64(bytes.len()).saturating_sub(told);
    let tables = image
        .sections
        .iter()
        .filter(|section| section.kind == sh::SHT_SYMTAB);
    for table in tables {
        weighed.symbols.extend(symbols(&image, &names, table));
    }
    Ok(weighed)
}

/// Where each section with bytes in the file lies, by name, in the order of the section headers. Nothing for a damaged file.
#[must_use]
pub fn sections(bytes: &[u8]) -> Vec<(String, std::ops::Range<usize>)> {
    let Ok(image) = Image::read(bytes) else {
        return Vec::new();
    };
    let names = Names::of(&image);
    image
        .sections
        .iter()
        .filter(|section| takes_space(section))
        .filter_map(|section| {
            let start = usize::try_from(section.offset).ok()?;
            let end = usize::try_from(section.offset.checked_add(section.size)?).ok()?;
            Some((names.name(section), start..end))
        })
        .collect()
}

/// The symbols that `.symtab` names and the file does not define: what an object file asks others for. Nothing for bytes that are
/// no such file.
#[must_use]
pub fn undefined(bytes: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let Ok(image) = Image::read(bytes) else {
        return found;
    };
    for table in image
        .sections
        .iter()
        .filter(|section| section.kind == sh::SHT_SYMTAB)
    {
        let strings = linked_strings(&image, table);
        let step = image.encoding.symbol_size();
        for index in 1..table.size.checked_div(step).unwrap_or(0) {
            let base = index.saturating_mul(step).saturating_add(table.offset);
            let (Ok(name), Ok(0)) = (
                image.get(base, &format::ST_NAME),
                image.get(base, &format::ST_SHNDX),
            ) else {
                continue;
            };
            let name = string(strings, name);
            found.insert(shown(name.get(..LONGEST_NAME).unwrap_or(name)));
        }
    }
    found.remove("");
    found
}

fn linked_strings<'a>(image: &Image<'a>, table: &Section) -> &'a [u8] {
    usize::try_from(table.link)
        .ok()
        .and_then(|index| image.sections.get(index))
        .and_then(|section| slice(image.bytes, section.offset, section.size))
        .unwrap_or_default()
}

fn takes_space(section: &Section) -> bool {
    section.kind != sh::SHT_NULL && section.kind != sh::SHT_NOBITS && section.size > 0
}

/// The table of section names.
struct Names<'a> {
    bytes: &'a [u8],
}

impl<'a> Names<'a> {
    fn of(image: &Image<'a>) -> Self {
        let index = image.get(0, &format::E_SHSTRNDX).unwrap_or(0);
        let section = usize::try_from(index)
            .ok()
            .and_then(|index| image.sections.get(index));
        Self {
            bytes: section
                .and_then(|section| slice(image.bytes, section.offset, section.size))
                .unwrap_or_default(),
        }
    }

    fn name(&self, section: &Section) -> String {
        shown(string(self.bytes, u64::from(section.name)))
    }
}

fn string(table: &[u8], start: u64) -> &[u8] {
    let tail = usize::try_from(start).ok().and_then(|start| table.get(start..));
    tail.unwrap_or_default()
        .split(|byte| *byte == 0)
        .next()
        .unwrap_or_default()
}

/// `STT_OBJECT`, `STT_FUNC` and `STT_TLS`.
const WEIGHTY: [u8; 3] = [1, 2, 6];
/// Nobody has longer names; a hostile file could name one long string from each of its symbols.
const LONGEST_NAME: usize = 1 << 12;

fn symbols(image: &Image<'_>, names: &Names<'_>, table: &Section) -> Vec<WeighedSymbol> {
    let strings = linked_strings(image, table);
    let step = image.encoding.symbol_size();
    let mut seen = BTreeSet::new();
    let mut symbols = Vec::new();
    for index in 0..table.size.checked_div(step).unwrap_or(0) {
        let base = index.saturating_mul(step).saturating_add(table.offset);
        let field = |field| image.get(base, field).ok();
        let (Some(name), Some(info), Some(at), Some(value), Some(size)) = (
            field(&format::ST_NAME),
            field(&format::ST_INFO),
            field(&format::ST_SHNDX),
            field(&format::ST_VALUE),
            field(&format::ST_SIZE),
        ) else {
            break;
        };
        let kind = u8::try_from(info & 0xf).unwrap_or(0);
        let section = usize::try_from(at).ok().and_then(|at| image.sections.get(at));
        let Some(section) = section.filter(|section| takes_space(section)) else {
            continue;
        };
        if size == 0 || !WEIGHTY.contains(&kind) || size > section.size || !seen.insert((at, value)) {
            continue;
        }
        let name = string(strings, name);
        symbols.push(WeighedSymbol {
            name: shown(name.get(..LONGEST_NAME).unwrap_or(name)),
            section: names.name(section),
            size,
        });
    }
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/elf");
        std::fs::read(folder.join(name)).unwrap()
    }

    #[test]
    fn sections_and_the_rest_are_the_whole_file() {
        for name in ["gnu-x86_64.so", "lld-s390x.so", "lld-mips.so"] {
            let bytes = fixture(name);
            let weighed = weigh(&bytes).unwrap();
            let sections: u64 = weighed.sections.values().sum();
            assert_eq!(sections + weighed.rest, bytes.len() as u64, "{name}");
            assert!(weighed.sections.contains_key(".text"), "{name}: {weighed:?}");
        }
    }

    #[test]
    fn every_damaged_byte_gives_an_answer() {
        let sound = fixture("gnu-x86_64.so");
        for at in (0..sound.len()).step_by(97) {
            let mut damaged = sound.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 0xff;
            }
            let _ = (weigh(&damaged), undefined(&damaged));
            let cut = sound.get(..at).unwrap_or_default();
            let _ = (weigh(cut), undefined(cut));
        }
    }
}

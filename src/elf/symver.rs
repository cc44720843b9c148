//! Needed and provided symbol versions.
//!
//! <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>

use goblin::elf::dynamic as dt;
use goblin::elf::symver as ver;

use super::ElfError;
use super::format::{self, as_u64};
use super::image::{Image, Strings, Table, malformed};

/// A version that the file needs of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needed<'a> {
    /// Where its `Vernaux` structure stands in the file.
    pub at: u64,
    pub library: &'a [u8],
    pub version: &'a [u8],
    /// What `DT_VERSYM` has for symbols of this version.
    pub index: u16,
    pub weak: bool,
}

/// A library that the file needs versions of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Library<'a> {
    /// Where its `Verneed` structure stands in the file.
    pub at: u64,
    pub name: &'a [u8],
}

/// A version that the file provides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Provided<'a> {
    /// Where its `Verdef` structure stands in the file.
    pub at: u64,
    /// Where its `Verdaux` structures stand: its own name's and its parents'.
    pub names_at: Vec<u64>,
    pub name: &'a [u8],
    pub index: u16,
    /// `VER_FLG_BASE`: the file itself, not a version of its symbols.
    pub base: bool,
}

/// The three version tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Versions<'a> {
    pub libraries: Vec<Library<'a>>,
    pub needed: Vec<Needed<'a>>,
    pub provided: Vec<Provided<'a>>,
    /// Where `DT_VERSYM`'s table begins in the file.
    by_symbol: Option<u64>,
}

/// An index has 15 bits, so that no file has more versions than these.
const MOST_VERSIONS: usize = 1 << 15;

impl<'a> Versions<'a> {
    /// Reads what the dynamic table points at.
    pub fn read(image: &Image<'a>, strings: &Strings<'a>) -> Result<Self, ElfError> {
        let mut versions = Self {
            by_symbol: image
                .table_of(dt::DT_VERSYM, "DT_VERSYM")?
                .map(|(offset, _)| offset),
            ..Self::default()
        };
        if let Some((offset, available)) = image.table_of(dt::DT_VERNEED, "DT_VERNEED")? {
            versions.read_needed(image, strings, offset, offset.saturating_add(available))?;
        }
        if let Some((offset, available)) = image.table_of(dt::DT_VERDEF, "DT_VERDEF")? {
            versions.read_provided(image, strings, offset, offset.saturating_add(available))?;
        }
        Ok(versions)
    }

    fn read_needed(
        &mut self,
        image: &Image<'a>,
        strings: &Strings<'a>,
        offset: u64,
        end: u64,
    ) -> Result<(), ElfError> {
        let count = image
            .dynamic
            .as_ref()
            .and_then(|dynamic| dynamic.value(dt::DT_VERNEEDNUM));
        let mut at = offset;
        for _ in 0..count.unwrap_or(u64::MAX) {
            let library = string(image, strings, at, &format::VN_FILE)?;
            self.libraries.push(Library { at, name: library });
            let mut aux = step(image, at, &format::VN_AUX, end)?;
            for _ in 0..image.get(at, &format::VN_CNT)? {
                self.needed.push(Needed {
                    at: aux,
                    library,
                    version: string(image, strings, aux, &format::VNA_NAME)?,
                    index: index(image.get(aux, &format::VNA_OTHER)?),
                    weak: image.get(aux, &format::VNA_FLAGS)? & u64::from(ver::VER_FLG_WEAK) != 0,
                });
                bounded(self.needed.len(), "vn_cnt", at)?;
                if image.get(aux, &format::VNA_NEXT)? == 0 {
                    break;
                }
                aux = step(image, aux, &format::VNA_NEXT, end)?;
            }
            bounded(self.libraries.len(), "DT_VERNEEDNUM", at)?;
            if image.get(at, &format::VN_NEXT)? == 0 {
                break;
            }
            at = step(image, at, &format::VN_NEXT, end)?;
        }
        Ok(())
    }

    fn read_provided(
        &mut self,
        image: &Image<'a>,
        strings: &Strings<'a>,
        offset: u64,
        end: u64,
    ) -> Result<(), ElfError> {
        let count = image
            .dynamic
            .as_ref()
            .and_then(|dynamic| dynamic.value(dt::DT_VERDEFNUM));
        let mut at = offset;
        for _ in 0..count.unwrap_or(u64::MAX) {
            // The first name is the version's own, those behind it are its parents'.
            if image.get(at, &format::VD_CNT)? > 0 {
                let aux = step(image, at, &format::VD_AUX, end)?;
                self.provided.push(Provided {
                    at,
                    names_at: names_of(image, at, aux, end)?,
                    name: string(image, strings, aux, &format::VDA_NAME)?,
                    index: index(image.get(at, &format::VD_NDX)?),
                    base: image.get(at, &format::VD_FLAGS)? & u64::from(ver::VER_FLG_BASE) != 0,
                });
                bounded(self.provided.len(), "DT_VERDEFNUM", at)?;
            }
            if image.get(at, &format::VD_NEXT)? == 0 {
                break;
            }
            at = step(image, at, &format::VD_NEXT, end)?;
        }
        Ok(())
    }

    /// The start of every version's name and of its parents', as far as the file itself spells them; libraries excepted.
    pub fn strings(&self, image: &Image<'a>) -> Result<Vec<u64>, ElfError> {
        let mut out = Vec::new();
        for entry in &self.needed {
            out.push(image.get(entry.at, &format::VNA_NAME)?);
        }
        for at in self.provided.iter().flat_map(|it| &it.names_at) {
            out.push(image.get(*at, &format::VDA_NAME)?);
        }
        Ok(out)
    }

    /// Where the three tables are in memory, as far as there are some.
    pub fn tables(&self, image: &Image<'a>) -> Result<Vec<Table>, ElfError> {
        let mut tables = Vec::new();
        for (tag, name) in [
            (dt::DT_VERSYM, "DT_VERSYM"),
            (dt::DT_VERNEED, "DT_VERNEED"),
            (dt::DT_VERDEF, "DT_VERDEF"),
        ] {
            let address = image.dynamic.as_ref().and_then(|dynamic| dynamic.value(tag));
            if let (Some(address), Some((offset, _))) = (address, image.table_of(tag, name)?) {
                let size = self.extent(image, tag, offset)?;
                tables.push(Table { address, size });
            }
        }
        Ok(tables)
    }

    /// How many bytes one of the three tables takes that begins at `offset`.
    fn extent(&self, image: &Image<'a>, tag: u64, offset: u64) -> Result<u64, ElfError> {
        let end = match tag {
            dt::DT_VERSYM => {
                let count = image.symbol_table()?.map_or(0, |table| table.count);
                return Ok(count.saturating_mul(2));
            }
            dt::DT_VERNEED => {
                let libraries = self.libraries.iter().map(|it| it.at);
                libraries
                    .chain(self.needed.iter().map(|it| it.at))
                    .max()
                    .map(|last| last.saturating_add(16))
            }
            _ => {
                let definitions = self.provided.iter().map(|it| it.at.saturating_add(20));
                let names = self
                    .provided
                    .iter()
                    .flat_map(|it| &it.names_at)
                    .map(|at| at.saturating_add(8));
                definitions.chain(names).max()
            }
        };
        Ok(end.unwrap_or(offset).saturating_sub(offset))
    }

    /// The bytes of one of the tables, without those that say which name a needed library has.
    pub fn nameless_bytes(&self, image: &Image<'a>, table: Table) -> Option<Vec<u8>> {
        let (start, _) = image.offset_of(table.address)?;
        let mut bytes = format::slice(image.bytes, start, table.size)?.to_vec();
        for library in &self.libraries {
            if let Some(inside) = library
                .at
                .checked_sub(start)
                .filter(|inside| *inside < table.size)
            {
                image.encoding.put(&mut bytes, inside, &format::VN_FILE, 0)?;
            }
        }
        Some(bytes)
    }

    /// The version index of a symbol: 0 is local, 1 has no version.
    pub fn of_symbol(&self, image: &Image<'a>, symbol: u64) -> Result<u16, ElfError> {
        let Some(table) = self.by_symbol else {
            return Ok(ver::VER_NDX_GLOBAL);
        };
        let at = symbol.saturating_mul(2).saturating_add(table);
        let value = image.encoding.get_number(image.bytes, at, 2).ok_or_else(|| {
            malformed(
                "DT_VERSYM",
                at,
                format!("the file ends before the version of symbol {symbol}"),
            )
        })?;
        Ok(index(value))
    }
}

/// Where the names of a provided version stand: its own and its parents'.
fn names_of(image: &Image<'_>, at: u64, first: u64, end: u64) -> Result<Vec<u64>, ElfError> {
    let mut names = vec![first];
    let mut aux = first;
    for _ in 1..image.get(at, &format::VD_CNT)? {
        if image.get(aux, &format::VDA_NEXT)? == 0 {
            break;
        }
        aux = step(image, aux, &format::VDA_NEXT, end)?;
        names.push(aux);
    }
    Ok(names)
}

#[expect(clippy::cast_possible_truncation, reason = "masked to 15 bits")]
fn index(value: u64) -> u16 {
    (value & u64::from(ver::VERSYM_VERSION)) as u16
}

fn string<'a>(
    image: &Image<'a>,
    strings: &Strings<'a>,
    at: u64,
    field: &format::Field,
) -> Result<&'a [u8], ElfError> {
    strings.get(image.get(at, field)?, field.name, at)
}

/// Follows a field that says how far away the next structure is: always forward, never out of the segment.
fn step(image: &Image<'_>, at: u64, field: &'static format::Field, end: u64) -> Result<u64, ElfError> {
    let distance = image.get(at, field)?;
    at.checked_add(distance)
        .filter(|next| *next < end && distance > 0)
        .ok_or_else(|| {
            let position = image.encoding.position(at, field).unwrap_or(at);
            malformed(
                field.name,
                position,
                format!("{distance:#x} leads out of its segment"),
            )
        })
}

fn bounded(count: usize, field: &'static str, at: u64) -> Result<(), ElfError> {
    if count > MOST_VERSIONS {
        let reason = format!(
            "there are more than the {} versions that an index can name",
            as_u64(MOST_VERSIONS)
        );
        return Err(malformed(field, at, reason));
    }
    Ok(())
}

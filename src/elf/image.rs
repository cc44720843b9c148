//! One ELF file as the loader sees it: segments, the dynamic table, its strings and symbols.
//! Section headers are kept beside them for what nothing else tells.

use std::cell::Cell;

use goblin::elf::dynamic as dt;
use goblin::elf::header as eh;
use goblin::elf::program_header as ph;
use goblin::elf::section_header as sh;

use super::ElfError;
use super::format::{self, Encoding, Field, as_u64, slice};

/// A piece of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Table {
    pub address: u64,
    pub size: u64,
}

impl Table {
    /// The address behind it.
    pub fn end(self) -> u64 {
        self.address.saturating_add(self.size)
    }
}

/// A program header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    /// Where the header itself stands in the file.
    pub at: u64,
    pub kind: u32,
    pub flags: u32,
    pub offset: u64,
    pub address: u64,
    pub physical_address: u64,
    pub file_size: u64,
    pub memory_size: u64,
    pub alignment: u64,
}

/// A section header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Section {
    /// Where the header itself stands in the file.
    pub at: u64,
    pub name: u32,
    pub kind: u32,
    pub flags: u64,
    pub address: u64,
    pub offset: u64,
    pub size: u64,
    pub link: u32,
    pub info: u32,
    pub alignment: u64,
    pub entry_size: u64,
}

/// An entry of the dynamic table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DynamicEntry {
    /// Where it stands in the file.
    pub at: u64,
    pub tag: u64,
    pub value: u64,
}

/// The dynamic table.
#[derive(Debug, Clone)]
pub(super) struct Dynamic {
    /// Where it begins in the file.
    pub offset: u64,
    /// How many bytes the file keeps for it, the spare entries behind `DT_NULL` included.
    pub size: u64,
    /// Its entries before `DT_NULL`.
    pub entries: Vec<DynamicEntry>,
}

impl Dynamic {
    /// A tag's value; the last one counts where it stands twice, as it does for loaders.
    pub fn value(&self, tag: u64) -> Option<u64> {
        self.entries
            .iter()
            .rev()
            .find(|entry| entry.tag == tag)
            .map(|entry| entry.value)
    }

    /// Every entry of a tag, in order.
    pub fn all(&self, tag: u64) -> impl Iterator<Item = DynamicEntry> {
        self.entries.iter().copied().filter(move |entry| entry.tag == tag)
    }
}

/// A table of strings that each end with NUL.
#[derive(Debug, Clone)]
pub(super) struct Strings<'a> {
    pub bytes: &'a [u8],
    /// Where it stands in the file.
    pub offset: u64,
    /// How many bytes of names may still be read: a hostile file names one long string from each of its symbols.
    left: Cell<usize>,
}

impl<'a> Strings<'a> {
    fn new(bytes: &'a [u8], offset: u64) -> Self {
        let generous = bytes.len().saturating_mul(16).saturating_add(1 << 20);
        Self {
            bytes,
            offset,
            left: Cell::new(generous),
        }
    }

    /// The string that begins at `start`, without its NUL. `field`, which stands at `at`, names it.
    pub fn get(&self, start: u64, field: &'static str, at: u64) -> Result<&'a [u8], ElfError> {
        let tail = usize::try_from(start)
            .ok()
            .and_then(|start| self.bytes.get(start..))
            .filter(|tail| !tail.is_empty())
            .ok_or_else(|| {
                let size = self.bytes.len();
                malformed(
                    field,
                    at,
                    format!("{start:#x} is outside the string table of {size:#x} bytes"),
                )
            })?;
        let string = tail
            .split(|byte| *byte == 0)
            .next()
            .filter(|string| string.len() < tail.len())
            .ok_or_else(|| malformed(field, at, "the string it names has no end".to_owned()))?;
        let left = self.left.get().checked_sub(string.len()).ok_or_else(|| {
            malformed(
                field,
                at,
                "the names overlap more than a sane file's do".to_owned(),
            )
        })?;
        self.left.set(left);
        Ok(string)
    }
}

/// The table of the sections' names.
#[derive(Debug, Clone, Copy)]
pub(super) struct SectionNames<'a> {
    bytes: &'a [u8],
}

impl SectionNames<'_> {
    /// Whether a section has that name.
    pub fn is(&self, section: &Section, name: &[u8]) -> bool {
        let start = usize::try_from(section.name).ok();
        let tail = start
            .and_then(|start| self.bytes.get(start..))
            .unwrap_or_default();
        tail.strip_prefix(name).and_then(|rest| rest.first()) == Some(&0)
    }
}

/// Where the dynamic symbols are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SymbolTable {
    pub offset: u64,
    pub count: u64,
}

/// A dynamic symbol, as the file spells it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawSymbol<'a> {
    pub name: &'a [u8],
    pub binding: u8,
    pub visibility: u8,
    pub section: u16,
}

/// One file, its headers read and their bounds checked.
#[derive(Debug, Clone)]
pub(super) struct Image<'a> {
    pub bytes: &'a [u8],
    pub encoding: Encoding,
    pub segments: Vec<Segment>,
    pub sections: Vec<Section>,
    pub dynamic: Option<Dynamic>,
    pub object_type: u16,
    pub machine: u16,
    pub flags: u32,
    /// Where the program headers begin.
    pub segment_table: u64,
    /// Where the section headers begin; 0 without any.
    pub section_table: u64,
}

/// An error about a field.
pub(super) fn malformed(field: &'static str, offset: u64, reason: String) -> ElfError {
    ElfError::Malformed {
        field,
        offset,
        reason,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the field is four bytes wide")]
fn four_bytes(value: u64) -> u32 {
    value as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the field is two bytes wide")]
fn two_bytes(value: u64) -> u16 {
    value as u16
}

#[expect(clippy::cast_possible_truncation, reason = "the field is one byte wide")]
fn one_byte(value: u64) -> u8 {
    value as u8
}

impl<'a> Image<'a> {
    /// Reads the header, the program headers, the section headers and the dynamic table.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ElfError> {
        let encoding = read_encoding(bytes)?;
        let mut image = Self {
            bytes,
            encoding,
            segments: Vec::new(),
            sections: Vec::new(),
            dynamic: None,
            object_type: 0,
            machine: 0,
            flags: 0,
            segment_table: 0,
            section_table: 0,
        };
        image.object_type = two_bytes(image.get(0, &format::E_TYPE)?);
        image.machine = two_bytes(image.get(0, &format::E_MACHINE)?);
        image.flags = four_bytes(image.get(0, &format::E_FLAGS)?);
        image.get(0, &format::E_SHSTRNDX)?;
        image.segment_table = image.get(0, &format::E_PHOFF)?;
        image.section_table = image.get(0, &format::E_SHOFF)?;
        image.sections = image.read_sections()?;
        image.segments = image.read_segments()?;
        image.dynamic = image.read_dynamic()?;
        Ok(image)
    }

    /// A field of the structure at `base`.
    pub fn get(&self, base: u64, field: &Field) -> Result<u64, ElfError> {
        self.encoding.get(self.bytes, base, field).ok_or_else(|| {
            let at = self.encoding.position(base, field).unwrap_or(base);
            let size = self.bytes.len();
            malformed(field.name, at, format!("the file ends before it, at {size:#x}"))
        })
    }

    fn read_sections(&self) -> Result<Vec<Section>, ElfError> {
        let table = self.section_table;
        if table == 0 {
            return Ok(Vec::new());
        }
        let mut count = self.get(0, &format::E_SHNUM)?;
        if count == 0 {
            // More sections than the header can count: the first section's size tells.
            count = self
                .encoding
                .get(self.bytes, table, &format::SH_SIZE)
                .unwrap_or(0);
        }
        let headers = self.table(
            &format::E_SHOFF,
            table,
            &format::E_SHENTSIZE,
            count,
            self.encoding.section_header_size(),
        )?;
        headers.map(|at| self.read_section(at)).collect()
    }

    fn read_section(&self, at: u64) -> Result<Section, ElfError> {
        Ok(Section {
            at,
            name: four_bytes(self.get(at, &format::SH_NAME)?),
            kind: four_bytes(self.get(at, &format::SH_TYPE)?),
            flags: self.get(at, &format::SH_FLAGS)?,
            address: self.get(at, &format::SH_ADDR)?,
            offset: self.get(at, &format::SH_OFFSET)?,
            size: self.get(at, &format::SH_SIZE)?,
            link: four_bytes(self.get(at, &format::SH_LINK)?),
            info: four_bytes(self.get(at, &format::SH_INFO)?),
            alignment: self.get(at, &format::SH_ADDRALIGN)?,
            entry_size: self.get(at, &format::SH_ENTSIZE)?,
        })
    }

    fn read_segments(&self) -> Result<Vec<Segment>, ElfError> {
        let table = self.segment_table;
        let mut count = self.get(0, &format::E_PHNUM)?;
        if count == 0xffff {
            // PN_XNUM: the first section's `sh_info` tells.
            count = self.sections.first().map_or(count, |first| u64::from(first.info));
        }
        let headers = self.table(
            &format::E_PHOFF,
            table,
            &format::E_PHENTSIZE,
            count,
            self.encoding.segment_header_size(),
        )?;
        headers.map(|at| self.read_segment(at)).collect()
    }

    fn read_segment(&self, at: u64) -> Result<Segment, ElfError> {
        let segment = Segment {
            at,
            kind: four_bytes(self.get(at, &format::P_TYPE)?),
            flags: four_bytes(self.get(at, &format::P_FLAGS)?),
            offset: self.get(at, &format::P_OFFSET)?,
            address: self.get(at, &format::P_VADDR)?,
            physical_address: self.get(at, &format::P_PADDR)?,
            file_size: self.get(at, &format::P_FILESZ)?,
            memory_size: self.get(at, &format::P_MEMSZ)?,
            alignment: self.get(at, &format::P_ALIGN)?,
        };
        let needs_bytes = matches!(segment.kind, ph::PT_LOAD | ph::PT_DYNAMIC | ph::PT_INTERP);
        if needs_bytes && slice(self.bytes, segment.offset, segment.file_size).is_none() {
            let position = self.encoding.position(at, &format::P_FILESZ).unwrap_or(at);
            return Err(malformed(
                format::P_FILESZ.name,
                position,
                format!(
                    "{:#x} bytes from {:#x} on are more than the file's {:#x}",
                    segment.file_size,
                    segment.offset,
                    self.bytes.len()
                ),
            ));
        }
        if segment.kind == ph::PT_LOAD && segment.address.checked_add(segment.memory_size).is_none() {
            let position = self.encoding.position(at, &format::P_MEMSZ).unwrap_or(at);
            return Err(malformed(
                format::P_MEMSZ.name,
                position,
                "it leaves the address space".to_owned(),
            ));
        }
        Ok(segment)
    }

    /// The positions of a header table's entries, once it is known to lie in the file.
    fn table(
        &self,
        field: &'static Field,
        table: u64,
        size_field: &'static Field,
        count: u64,
        entry_size: u64,
    ) -> Result<impl Iterator<Item = u64> + use<>, ElfError> {
        let told = self.get(0, size_field)?;
        if count > 0 && told != entry_size {
            let at = self.encoding.position(0, size_field).unwrap_or(0);
            return Err(malformed(
                size_field.name,
                at,
                format!("{told} is not {entry_size}"),
            ));
        }
        let end = count
            .checked_mul(entry_size)
            .and_then(|size| size.checked_add(table));
        if count > 0 && end.is_none_or(|end| end > as_u64(self.bytes.len())) {
            let at = self.encoding.position(0, field).unwrap_or(0);
            let length = self.bytes.len();
            let reason =
                format!("{count} headers from {table:#x} on are more than the file's {length:#x} bytes");
            return Err(malformed(field.name, at, reason));
        }
        Ok((0..count).map(move |index| index.saturating_mul(entry_size).saturating_add(table)))
    }

    fn read_dynamic(&self) -> Result<Option<Dynamic>, ElfError> {
        let Some(segment) = self
            .segments_of(ph::PT_DYNAMIC)
            .next()
            .filter(|segment| segment.file_size > 0)
        else {
            return Ok(None);
        };
        // Loaders take the address. Files whose PT_DYNAMIC has an offset of its own are read as they will be run.
        let (offset, available) = self
            .offset_of(segment.address)
            .unwrap_or((segment.offset, segment.file_size));
        let step = self.encoding.dynamic_entry_size();
        let size = segment.file_size.min(available);
        let count = size.checked_div(step).unwrap_or(0);
        let mut entries = Vec::new();
        for index in 0..count {
            let at = index.saturating_mul(step).saturating_add(offset);
            let tag = self.get(at, &format::D_TAG)?;
            if tag == dt::DT_NULL {
                return Ok(Some(Dynamic {
                    offset,
                    size,
                    entries,
                }));
            }
            entries.push(DynamicEntry {
                at,
                tag,
                value: self.get(at, &format::D_VAL)?,
            });
        }
        Err(malformed(
            "PT_DYNAMIC",
            offset,
            "there is no `DT_NULL` at its end".to_owned(),
        ))
    }

    /// The segments of a kind, in order.
    pub fn segments_of(&self, kind: u32) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(move |segment| segment.kind == kind)
    }

    /// Where an address lies in the file, and how many bytes of its segment follow there.
    pub fn offset_of(&self, address: u64) -> Option<(u64, u64)> {
        self.segments_of(ph::PT_LOAD).find_map(|segment| {
            let inside = address.checked_sub(segment.address)?;
            let left = segment.file_size.checked_sub(inside).filter(|left| *left > 0)?;
            Some((segment.offset.checked_add(inside)?, left))
        })
    }

    /// Where the table lies that a dynamic tag points at, and how many bytes follow there; nothing without the tag.
    pub fn table_of(&self, tag: u64, name: &'static str) -> Result<Option<(u64, u64)>, ElfError> {
        let Some(dynamic) = &self.dynamic else {
            return Ok(None);
        };
        let Some(entry) = dynamic.all(tag).last() else {
            return Ok(None);
        };
        let found = self.offset_of(entry.value).ok_or_else(|| {
            malformed(
                name,
                entry.at,
                format!("the address {:#x} is in no loaded part of the file", entry.value),
            )
        })?;
        Ok(Some(found))
    }

    /// The names of the sections; nothing where there are none.
    pub fn section_names(&self) -> Option<SectionNames<'a>> {
        let index = self.get(0, &format::E_SHSTRNDX).ok()?;
        let index = match index {
            0xffff => u64::from(self.sections.first()?.link),
            index => index,
        };
        let table = self.sections.get(usize::try_from(index).ok()?)?;
        Some(SectionNames {
            bytes: slice(self.bytes, table.offset, table.size)?,
        })
    }

    /// The strings of the dynamic table.
    pub fn strings(&self) -> Result<Option<Strings<'a>>, ElfError> {
        let Some((offset, available)) = self.table_of(dt::DT_STRTAB, "DT_STRTAB")? else {
            return Ok(None);
        };
        let entry = self
            .dynamic
            .as_ref()
            .and_then(|dynamic| dynamic.all(dt::DT_STRSZ).last());
        let size = entry.map_or(available, |entry| entry.value);
        let bytes = Some(size)
            .filter(|size| *size <= available)
            .and_then(|size| slice(self.bytes, offset, size))
            .ok_or_else(|| {
                let at = entry.map_or(offset, |entry| entry.at);
                malformed(
                    "DT_STRSZ",
                    at,
                    format!("{size:#x} bytes are more than the {available:#x} of its segment"),
                )
            })?;
        Ok(Some(Strings::new(bytes, offset)))
    }

    /// Where the dynamic symbols are and how many, counted as loaders would: through the hash tables.
    pub fn symbol_table(&self) -> Result<Option<SymbolTable>, ElfError> {
        let Some((offset, available)) = self.table_of(dt::DT_SYMTAB, "DT_SYMTAB")? else {
            return Ok(None);
        };
        let size = self.encoding.symbol_size();
        let entry = self
            .dynamic
            .as_ref()
            .and_then(|dynamic| dynamic.all(dt::DT_SYMENT).last());
        if let Some(entry) = entry.filter(|entry| entry.value != size) {
            return Err(malformed(
                "DT_SYMENT",
                entry.at,
                format!("{} is not {size}", entry.value),
            ));
        }
        let count = self.symbol_count()?;
        if count.checked_mul(size).is_none_or(|bytes| bytes > available) {
            let reason = format!("{count} symbols are more than the {available:#x} bytes of its segment");
            return Err(malformed("DT_SYMTAB", offset, reason));
        }
        Ok(Some(SymbolTable { offset, count }))
    }

    fn symbol_count(&self) -> Result<u64, ElfError> {
        if let Some(count) = self.count_in_hash()? {
            return Ok(count);
        }
        if let Some(count) = self.count_in_gnu_hash()? {
            return Ok(count);
        }
        let mips = self
            .dynamic
            .as_ref()
            .and_then(|dynamic| dynamic.value(dt_mips::SYMTABNO));
        if let Some(count) = mips.filter(|_| self.is_mips()) {
            return Ok(count);
        }
        // No hash table lists a symbol: neither the loader nor we can tell how many there are, but the section header or the
        // relocations can.
        match self.count_in_section() {
            Some(count) => Ok(count),
            None => self.count_in_relocations(),
        }
    }

    /// Whether the number of dynamic symbols is certain: a hash table or a section header tells it.
    pub fn knows_symbol_count(&self) -> Result<bool, ElfError> {
        let has_table = self
            .dynamic
            .as_ref()
            .is_some_and(|dynamic| dynamic.value(dt::DT_SYMTAB).is_some());
        let is_told = self.count_in_section().is_some()
            || self.count_in_hash()?.is_some()
            || self.count_in_gnu_hash()?.is_some()
            || (self.is_mips()
                && self
                    .dynamic
                    .as_ref()
                    .is_some_and(|it| it.value(dt_mips::SYMTABNO).is_some()));
        Ok(!has_table || is_told)
    }

    /// Where the name of a symbol begins in the string table.
    pub fn symbol_name(&self, table: SymbolTable, index: u64) -> Result<u64, ElfError> {
        let at = index
            .saturating_mul(self.encoding.symbol_size())
            .saturating_add(table.offset);
        self.get(at, &format::ST_NAME)
    }

    /// Whether some of the dynamic tags mean what they only mean on MIPS.
    pub fn is_mips(&self) -> bool {
        matches!(self.machine, eh::EM_MIPS | eh::EM_MIPS_RS3_LE)
    }

    /// `nchain` of `DT_HASH`, which is the number of symbols.
    fn count_in_hash(&self) -> Result<Option<u64>, ElfError> {
        let Some((offset, available)) = self.table_of(dt::DT_HASH, "DT_HASH")? else {
            return Ok(None);
        };
        let fits = |width: u64| -> Option<u64> {
            let buckets = self.encoding.get_number(self.bytes, offset, width)?;
            let chains = self
                .encoding
                .get_number(self.bytes, offset.checked_add(width)?, width)?;
            let words = buckets.checked_add(chains)?.checked_add(2)?;
            (words.checked_mul(width)? <= available).then_some(chains)
        };
        let widths: &[u64] = if self.has_wide_hash() { &[8, 4] } else { &[4] };
        match widths.iter().find_map(|width| fits(*width)) {
            Some(count) => Ok(Some(count)),
            None => Err(malformed(
                "DT_HASH",
                offset,
                "its chains are longer than its segment".to_owned(),
            )),
        }
    }

    /// `DT_HASH` has entries of eight bytes on two architectures, although some linkers write four there too.
    pub fn has_wide_hash(&self) -> bool {
        let table = self
            .dynamic
            .as_ref()
            .and_then(|dynamic| dynamic.value(dt::DT_HASH));
        let told = self
            .sections
            .iter()
            .find(|section| section.kind == sh::SHT_HASH && Some(section.address) == table)
            .map(|section| section.entry_size);
        match told {
            Some(4) => false,
            Some(8) => true,
            _ => self.encoding.is_64 && matches!(self.machine, eh::EM_S390 | eh::EM_FAKE_ALPHA | EM_ALPHA),
        }
    }

    /// The symbol behind the last one that `DT_GNU_HASH` lists; nothing where it lists none.
    fn count_in_gnu_hash(&self) -> Result<Option<u64>, ElfError> {
        let Some((offset, available)) = self.table_of(dt::DT_GNU_HASH, "DT_GNU_HASH")? else {
            return Ok(None);
        };
        let wrong = || {
            malformed(
                "DT_GNU_HASH",
                offset,
                "its chains are longer than its segment".to_owned(),
            )
        };
        let end = offset.saturating_add(available);
        let word = |at: u64| -> Result<u64, ElfError> {
            let inside = at.checked_add(4).is_some_and(|last| last <= end);
            self.encoding
                .get_number(self.bytes, at, 4)
                .filter(|_| inside)
                .ok_or_else(wrong)
        };
        let place = |base: u64, index: u64, width: u64| -> Result<u64, ElfError> {
            index
                .checked_mul(width)
                .and_then(|far| far.checked_add(base))
                .ok_or_else(wrong)
        };
        let buckets = word(offset)?;
        let first_hashed = word(place(offset, 1, 4)?)?;
        let filter_words = word(place(offset, 2, 4)?)?;
        let bucket_table = place(place(offset, 4, 4)?, filter_words, self.encoding.word())?;
        let chain_table = place(bucket_table, buckets, 4)?;
        if chain_table > end {
            return Err(wrong());
        }
        let mut last = 0;
        for index in 0..buckets {
            last = last.max(word(place(bucket_table, index, 4)?)?);
        }
        let Some(mut chain) = last.checked_sub(first_hashed).filter(|_| last > 0) else {
            return Ok(None);
        };
        while word(place(chain_table, chain, 4)?)? & 1 == 0 {
            chain = chain.saturating_add(1);
        }
        Ok(Some(chain.saturating_add(first_hashed).saturating_add(1)))
    }

    fn count_in_section(&self) -> Option<u64> {
        let table = self.dynamic.as_ref()?.value(dt::DT_SYMTAB)?;
        self.sections
            .iter()
            .find(|section| section.kind == sh::SHT_DYNSYM && section.address == table)?
            .size
            .checked_div(self.encoding.symbol_size())
    }

    /// The highest symbol that a relocation names: all that a loader will ever look at.
    fn count_in_relocations(&self) -> Result<u64, ElfError> {
        let Some(dynamic) = &self.dynamic else {
            return Ok(0);
        };
        let (rel, rela) = if self.encoding.is_64 { (16, 24) } else { (8, 12) };
        let of_jumps = if dynamic.value(dt::DT_PLTREL) == Some(dt::DT_RELA) {
            rela
        } else {
            rel
        };
        let tables = [
            (dt::DT_REL, "DT_REL", dt::DT_RELSZ, rel),
            (dt::DT_RELA, "DT_RELA", dt::DT_RELASZ, rela),
            (dt::DT_JMPREL, "DT_JMPREL", dt::DT_PLTRELSZ, of_jumps),
        ];
        let mut highest = 0;
        for (tag, name, size_tag, step) in tables {
            let Some((offset, available)) = self.table_of(tag, name)? else {
                continue;
            };
            let size = dynamic.value(size_tag).unwrap_or(0);
            if size > available {
                return Err(malformed(
                    name,
                    offset,
                    "its relocations are longer than its segment".to_owned(),
                ));
            }
            let info = offset.saturating_add(self.encoding.word());
            for index in 0..size.checked_div(step).unwrap_or(0) {
                let at = index.saturating_mul(step).saturating_add(info);
                let value = self
                    .encoding
                    .get_number(self.bytes, at, self.encoding.word())
                    .unwrap_or(0);
                let symbol = if self.encoding.is_64 {
                    value >> 32
                } else {
                    value >> 8
                };
                highest = highest.max(symbol);
            }
        }
        Ok(highest.saturating_add(1))
    }

    /// The symbol at an index of the table.
    pub fn symbol(
        &self,
        table: SymbolTable,
        index: u64,
        strings: &Strings<'a>,
    ) -> Result<RawSymbol<'a>, ElfError> {
        let at = index
            .saturating_mul(self.encoding.symbol_size())
            .saturating_add(table.offset);
        let info = one_byte(self.get(at, &format::ST_INFO)?);
        let name = self.get(at, &format::ST_NAME)?;
        Ok(RawSymbol {
            name: strings.get(name, format::ST_NAME.name, at)?,
            binding: info >> 4,
            visibility: one_byte(self.get(at, &format::ST_OTHER)?) & 3,
            section: two_bytes(self.get(at, &format::ST_SHNDX)?),
        })
    }
}

/// The machine that alpha's files really name; goblin knows the number first given to it.
pub(super) const EM_ALPHA: u16 = 0x9026;

/// Tags that mean something on MIPS only.
pub(super) mod dt_mips {
    /// `DT_MIPS_SYMTABNO`: how many dynamic symbols there are.
    pub(in crate::elf) const SYMTABNO: u64 = 0x7000_0011;
    /// `DT_MIPS_IVERSION`: a string.
    pub(in crate::elf) const IVERSION: u64 = 0x7000_0004;
    /// `DT_MIPS_LIBLIST`: a table with strings.
    pub(in crate::elf) const LIBLIST: u64 = 0x7000_0009;
    /// `DT_MIPS_RLD_MAP_REL`: where the debugger's pointer is, counted from this very entry.
    pub(in crate::elf) const RLD_MAP_REL: u64 = 0x7000_0035;
}

fn read_encoding(bytes: &[u8]) -> Result<Encoding, ElfError> {
    if !super::is_elf(bytes) {
        return Err(ElfError::NotElf(super::first_bytes(bytes)));
    }
    let ident = |index: usize, field: &'static str| {
        bytes
            .get(index)
            .copied()
            .ok_or_else(|| malformed(field, as_u64(index), "the file ends before it".to_owned()))
    };
    let is_64 = match ident(eh::EI_CLASS, "EI_CLASS")? {
        eh::ELFCLASS32 => false,
        eh::ELFCLASS64 => true,
        other => {
            return Err(malformed(
                "EI_CLASS",
                as_u64(eh::EI_CLASS),
                format!("{other} is neither 32 nor 64 bit"),
            ));
        }
    };
    let is_little_endian = match ident(eh::EI_DATA, "EI_DATA")? {
        eh::ELFDATA2LSB => true,
        eh::ELFDATA2MSB => false,
        other => {
            return Err(malformed(
                "EI_DATA",
                as_u64(eh::EI_DATA),
                format!("{other} is no byte order"),
            ));
        }
    };
    Ok(Encoding {
        is_64,
        is_little_endian,
    })
}

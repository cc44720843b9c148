//! The edited file while it is made: the old bytes with room in between, and headers that tell the truth about it.

use goblin::elf::program_header as ph;
use goblin::elf::section_header as sh;

use super::format::{self, Field, as_u64, slice_mut};
use super::image::{Image, Section, Segment};
use super::layout::{self, Appended, Growth, Layout};

/// A file in the making.
pub(super) struct Draft<'a> {
    before: &'a Image<'a>,
    bytes: Vec<u8>,
    /// The segments as they will be.
    pub segments: Vec<Segment>,
    /// The sections as they will be.
    pub sections: Vec<Section>,
    segment_table: u64,
    section_table: u64,
    has_new_header: bool,
}

impl<'a> Draft<'a> {
    /// Makes the room that a layout asks for. Nothing where its numbers do not fit the file.
    pub fn new(before: &'a Image<'a>, layout: &Layout) -> Option<Self> {
        let growths = &layout.growths;
        let mut draft = Self {
            before,
            bytes: with_room(before.bytes, growths, layout.appended.as_ref())?,
            segments: before.segments.clone(),
            sections: before.sections.clone(),
            segment_table: shifted(before.segment_table, growths),
            section_table: if before.section_table == 0 {
                0
            } else {
                shifted(before.section_table, growths)
            },
            has_new_header: false,
        };
        draft.grow_segments(growths)?;
        draft.shift_sections(growths)?;
        if let Some(appended) = &layout.appended {
            draft.append(appended)?;
        }
        Some(draft)
    }

    fn grow_segments(&mut self, growths: &[Growth]) -> Option<()> {
        for segment in &mut self.segments {
            if segment.kind == ph::PT_LOAD && segment.file_size > 0 {
                segment.offset = shifted(segment.offset, growths);
            }
        }
        for growth in growths {
            let segment = self.segments.get_mut(growth.segment)?;
            segment.file_size = growth.end.checked_sub(segment.address)?;
            segment.memory_size = segment.memory_size.max(segment.file_size);
        }
        let loads: Vec<(Segment, Segment)> = self.loads().collect();
        for segment in &mut self.segments {
            if segment.kind == ph::PT_LOAD {
                continue;
            }
            let inside = loads
                .iter()
                .find_map(|pair| moved_with(pair, segment.address, segment.offset));
            segment.offset = inside.unwrap_or_else(|| shifted(segment.offset, growths));
        }
        Some(())
    }

    /// Each segment that is loaded, as it was and as it is.
    fn loads(&self) -> impl Iterator<Item = (Segment, Segment)> {
        let pairs = self
            .before
            .segments
            .iter()
            .copied()
            .zip(self.segments.iter().copied());
        pairs.filter(|(was, _)| was.kind == ph::PT_LOAD)
    }

    fn shift_sections(&mut self, growths: &[Growth]) -> Option<()> {
        let loads: Vec<(Segment, Segment)> = self.loads().collect();
        for section in &mut self.sections {
            if section.kind == sh::SHT_NULL {
                continue;
            }
            let inside = layout::is_loaded(section)
                .then(|| {
                    loads
                        .iter()
                        .find_map(|pair| moved_with(pair, section.address, section.offset))
                })
                .flatten();
            section.offset = inside.unwrap_or_else(|| shifted(section.offset, growths));
        }
        // What was in memory only and lies in the grown part is in the file now; padding there has become shorter.
        for growth in growths {
            let was = self.before.segments.get(growth.segment)?;
            let is = *self.segments.get(growth.segment)?;
            let memory_end = was.address.checked_add(was.memory_size)?;
            let file_end = was.address.checked_add(was.file_size)?;
            let names = self.before.section_names();
            for section in &mut self.sections {
                let inside = section.address >= file_end && section.address < memory_end && section.size > 0;
                if !layout::is_bss(section) || !inside {
                    continue;
                }
                if names.is_some_and(|names| names.is(section, b".relro_padding")) {
                    let end = section.address.checked_add(section.size)?;
                    section.address = growth.end.min(end);
                    section.size = end.checked_sub(section.address)?;
                } else {
                    section.kind = sh::SHT_PROGBITS;
                }
                section.offset = section.address.checked_sub(is.address)?.checked_add(is.offset)?;
            }
        }
        Some(())
    }

    fn append(&mut self, appended: &Appended) -> Option<()> {
        let segment = Segment {
            at: 0,
            kind: ph::PT_LOAD,
            flags: ph::PF_R | if appended.writable { ph::PF_W } else { 0 },
            offset: appended.offset,
            address: appended.address,
            physical_address: appended.address,
            file_size: appended.size,
            memory_size: appended.size,
            alignment: appended.alignment,
        };
        if let Some(spare) = appended.spare_header {
            self.segments.remove(spare);
        } else {
            let header = self.before.encoding.segment_header_size();
            for table in self.segments.iter_mut().filter(|it| it.kind == ph::PT_PHDR) {
                table.file_size = table.file_size.checked_add(header)?;
                table.memory_size = table.memory_size.checked_add(header)?;
            }
        }
        let last = self.segments.iter().rposition(|it| it.kind == ph::PT_LOAD)?;
        self.segments.insert(last.checked_add(1)?, segment);
        self.has_new_header = true;
        Some(())
    }

    /// Where an address lies in the file that is being made.
    pub fn offset_of(&self, address: u64) -> Option<u64> {
        self.segments
            .iter()
            .filter(|it| it.kind == ph::PT_LOAD)
            .find_map(|segment| {
                let inside = address.checked_sub(segment.address)?;
                (inside < segment.file_size).then(|| segment.offset.checked_add(inside))?
            })
    }

    /// Writes bytes to an address that the file holds.
    pub fn write_at(&mut self, address: u64, content: &[u8]) -> Option<()> {
        if content.is_empty() {
            return Some(());
        }
        let offset = self.offset_of(address)?;
        slice_mut(&mut self.bytes, offset, as_u64(content.len()))?.copy_from_slice(content);
        Some(())
    }

    /// Writes a field of the structure at an address.
    pub fn put_at(&mut self, address: u64, field: &Field, value: u64) -> Option<()> {
        let base = self.offset_of(address)?;
        self.before.encoding.put(&mut self.bytes, base, field, value)
    }

    /// Writes a field of the structure at an offset of the file.
    pub fn put(&mut self, base: u64, field: &Field, value: u64) -> Option<()> {
        self.before.encoding.put(&mut self.bytes, base, field, value)
    }

    /// Writes every header that changed, and gives the file out.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        let encoding = self.before.encoding;
        let bytes = &mut self.bytes;
        let mut put = |base: u64, field: &Field, value: u64| encoding.put(bytes, base, field, value);
        put(0, &format::E_PHOFF, self.segment_table)?;
        if self.section_table != 0 {
            put(0, &format::E_SHOFF, self.section_table)?;
        }
        if self.has_new_header {
            put(0, &format::E_PHNUM, as_u64(self.segments.len()))?;
        }
        for (index, segment) in self.segments.iter().enumerate() {
            let base = header_at(self.segment_table, index, encoding.segment_header_size())?;
            put(base, &format::P_TYPE, u64::from(segment.kind))?;
            put(base, &format::P_FLAGS, u64::from(segment.flags))?;
            put(base, &format::P_OFFSET, segment.offset)?;
            put(base, &format::P_VADDR, segment.address)?;
            put(base, &format::P_PADDR, segment.physical_address)?;
            put(base, &format::P_FILESZ, segment.file_size)?;
            put(base, &format::P_MEMSZ, segment.memory_size)?;
            put(base, &format::P_ALIGN, segment.alignment)?;
        }
        for (index, (section, was)) in self.sections.iter().zip(&self.before.sections).enumerate() {
            if section == was {
                continue;
            }
            let base = header_at(self.section_table, index, encoding.section_header_size())?;
            put(base, &format::SH_TYPE, u64::from(section.kind))?;
            put(base, &format::SH_ADDR, section.address)?;
            put(base, &format::SH_OFFSET, section.offset)?;
            put(base, &format::SH_SIZE, section.size)?;
        }
        Some(self.bytes)
    }
}

fn header_at(table: u64, index: usize, size: u64) -> Option<u64> {
    as_u64(index).checked_mul(size)?.checked_add(table)
}

/// The old bytes with zeros where something was inserted.
fn with_room(bytes: &[u8], growths: &[Growth], appended: Option<&Appended>) -> Option<Vec<u8>> {
    let inserted = growths
        .iter()
        .try_fold(0_u64, |sum, growth| sum.checked_add(growth.inserted))?;
    let end = appended.map_or(Some(0), |segment| segment.offset.checked_add(segment.size))?;
    let length = as_u64(bytes.len()).checked_add(inserted)?.max(end);
    let length = usize::try_from(length).ok()?;
    let mut out = Vec::with_capacity(length);
    let mut copied = 0_usize;
    for growth in growths {
        let at = usize::try_from(growth.at).ok()?;
        out.extend_from_slice(bytes.get(copied..at)?);
        copied = at;
        out.resize(out.len().checked_add(usize::try_from(growth.inserted).ok()?)?, 0);
    }
    out.extend_from_slice(bytes.get(copied..)?);
    out.resize(length, 0);
    Some(out)
}

/// Where something that stood at an offset stands now.
fn shifted(offset: u64, growths: &[Growth]) -> u64 {
    let before = growths.iter().filter(|growth| growth.at <= offset);
    before.fold(offset, |offset, growth| offset.saturating_add(growth.inserted))
}

/// The new offset of something at an address inside a loaded segment, as long as its offset agreed with that.
fn moved_with((was, is): &(Segment, Segment), address: u64, offset: u64) -> Option<u64> {
    let inside = address
        .checked_sub(was.address)
        .filter(|inside| *inside < was.memory_size)?;
    (was.offset.checked_add(inside)? == offset).then(|| is.offset.checked_add(inside))?
}

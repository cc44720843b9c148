//! Notes: the build id, and the instruction set an x86-64 file asks for.
//!
//! A note that cannot be read tells nothing; it stops neither a loader nor us.

use goblin::elf::program_header as ph;

use super::format::slice;
use super::image::{Image, Segment};

const NT_GNU_BUILD_ID: u64 = 3;
const NT_GNU_PROPERTY_TYPE_0: u64 = 5;
const GNU_PROPERTY_X86_ISA_1_NEEDED: u64 = 0xc000_8002;

/// The GNU build id as lower-case hexadecimal.
pub(super) fn build_id(image: &Image<'_>) -> Option<String> {
    let id = image
        .segments_of(ph::PT_NOTE)
        .find_map(|segment| gnu_note(image, segment, NT_GNU_BUILD_ID))
        .filter(|id| !id.is_empty())?;
    Some(super::hexadecimal(id, ""))
}

/// The level of x86-64 that the file's property note says it needs; 1 where it says nothing.
///
/// <https://gitlab.com/x86-psABIs/x86-64-ABI>
pub(super) fn x86_64_level(image: &Image<'_>) -> u8 {
    let segments = image
        .segments_of(ph::PT_GNU_PROPERTY)
        .chain(image.segments_of(ph::PT_NOTE));
    let needed = segments
        .filter_map(|segment| gnu_note(image, segment, NT_GNU_PROPERTY_TYPE_0))
        .filter_map(|properties| needed_levels(image, properties))
        .fold(0, |all, some| all | some);
    match needed {
        bits if bits & 8 != 0 => 4,
        bits if bits & 4 != 0 => 3,
        bits if bits & 2 != 0 => 2,
        _ => 1,
    }
}

/// The bits of `GNU_PROPERTY_X86_ISA_1_NEEDED` in a list of properties.
fn needed_levels(image: &Image<'_>, properties: &[u8]) -> Option<u64> {
    let mut at = 0_u64;
    loop {
        let kind = image.encoding.get_number(properties, at, 4)?;
        let size = image.encoding.get_number(properties, at.checked_add(4)?, 4)?;
        let value = at.checked_add(8)?;
        if kind == GNU_PROPERTY_X86_ISA_1_NEEDED && size == 4 {
            return image.encoding.get_number(properties, value, 4);
        }
        at = value
            .checked_add(size)?
            .checked_next_multiple_of(image.encoding.word())?;
    }
}

/// The descriptor of the first note of GNU's with that type.
fn gnu_note<'a>(image: &Image<'a>, segment: &Segment, wanted: u64) -> Option<&'a [u8]> {
    let notes = slice(image.bytes, segment.offset, segment.file_size)?;
    let alignment = if segment.alignment == 8 { 8 } else { 4 };
    let mut at = 0_u64;
    loop {
        let number = |place: u64| image.encoding.get_number(notes, at.checked_add(place)?, 4);
        let (name_size, size, kind) = (number(0)?, number(4)?, number(8)?);
        let name_at = at.checked_add(12)?;
        let descriptor_at = name_at
            .checked_add(name_size)?
            .checked_next_multiple_of(alignment)?;
        if kind == wanted && slice(notes, name_at, name_size)? == b"GNU\0" {
            return slice(notes, descriptor_at, size);
        }
        at = descriptor_at
            .checked_add(size)?
            .checked_next_multiple_of(alignment)?;
    }
}

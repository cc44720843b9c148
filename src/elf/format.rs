//! How ELF spells its structures: where each field stands in both classes, in either byte order.
//!
//! <https://gabi.xinuos.com/>

/// Class and byte order of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    /// 64-bit class.
    pub is_64: bool,
    /// Least significant byte first.
    pub is_little_endian: bool,
}

/// Where a field stands in its structure, and how many bytes it takes.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: u64,
    width: u64,
}

/// A field of one of ELF's structures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// Its name in the specification.
    pub name: &'static str,
    narrow: Place,
    wide: Place,
}

impl Field {
    const fn new(name: &'static str, narrow: (u64, u64), wide: (u64, u64)) -> Self {
        Self {
            name,
            narrow: Place {
                at: narrow.0,
                width: narrow.1,
            },
            wide: Place {
                at: wide.0,
                width: wide.1,
            },
        }
    }

    const fn same(name: &'static str, at: u64, width: u64) -> Self {
        Self::new(name, (at, width), (at, width))
    }
}

impl Encoding {
    fn place(self, field: &Field) -> Place {
        if self.is_64 { field.wide } else { field.narrow }
    }

    /// Where a field of the structure at `base` stands in the file.
    pub fn position(self, base: u64, field: &Field) -> Option<u64> {
        base.checked_add(self.place(field).at)
    }

    /// A field of the structure at `base`; nothing where the file ends before it does.
    pub fn get(self, bytes: &[u8], base: u64, field: &Field) -> Option<u64> {
        let place = self.place(field);
        self.get_number(bytes, base.checked_add(place.at)?, place.width)
    }

    /// A number of 1, 2, 4 or 8 bytes.
    pub fn get_number(self, bytes: &[u8], at: u64, width: u64) -> Option<u64> {
        let slice = slice(bytes, at, width)?;
        let little = self.is_little_endian;
        match *slice {
            [a] => Some(u64::from(a)),
            [a, b] => {
                let pair = [a, b];
                Some(u64::from(if little {
                    u16::from_le_bytes(pair)
                } else {
                    u16::from_be_bytes(pair)
                }))
            }
            [a, b, c, d] => {
                let four = [a, b, c, d];
                Some(u64::from(if little {
                    u32::from_le_bytes(four)
                } else {
                    u32::from_be_bytes(four)
                }))
            }
            _ => {
                let eight: [u8; 8] = slice.try_into().ok()?;
                Some(if little {
                    u64::from_le_bytes(eight)
                } else {
                    u64::from_be_bytes(eight)
                })
            }
        }
    }

    /// Writes a field of the structure at `base`; nothing where it does not fit the field or the file.
    pub fn put(self, bytes: &mut [u8], base: u64, field: &Field, value: u64) -> Option<()> {
        let place = self.place(field);
        self.put_number(bytes, base.checked_add(place.at)?, place.width, value)
    }

    /// Writes a number of 1, 2, 4 or 8 bytes; nothing where it is too large for them.
    pub fn put_number(self, bytes: &mut [u8], at: u64, width: u64, value: u64) -> Option<()> {
        let start = usize::try_from(at).ok()?;
        let width = usize::try_from(width).ok()?;
        let target = bytes.get_mut(start..start.checked_add(width)?)?;
        if self.is_little_endian {
            let spelled = value.to_le_bytes();
            target.copy_from_slice(spelled.get(..width)?);
            spelled.get(width..)?.iter().all(|byte| *byte == 0).then_some(())
        } else {
            let spelled = value.to_be_bytes();
            let unused = spelled.len().checked_sub(width)?;
            target.copy_from_slice(spelled.get(unused..)?);
            spelled.get(..unused)?.iter().all(|byte| *byte == 0).then_some(())
        }
    }

    /// How many bytes an address takes.
    pub fn word(self) -> u64 {
        if self.is_64 { 8 } else { 4 }
    }

    /// `e_phentsize`.
    pub fn segment_header_size(self) -> u64 {
        if self.is_64 { 56 } else { 32 }
    }

    /// `e_shentsize`.
    pub fn section_header_size(self) -> u64 {
        if self.is_64 { 64 } else { 40 }
    }

    /// The size of `Elf_Sym`.
    pub fn symbol_size(self) -> u64 {
        if self.is_64 { 24 } else { 16 }
    }

    /// The size of `Elf_Dyn`.
    pub fn dynamic_entry_size(self) -> u64 {
        if self.is_64 { 16 } else { 8 }
    }
}

/// The bytes from `at` on; nothing where the file ends before.
pub(super) fn slice(bytes: &[u8], at: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(at).ok()?;
    let length = usize::try_from(length).ok()?;
    bytes.get(start..start.checked_add(length)?)
}

/// Whether two slices hold the same. Whole files are compared with it, and not every C library is quick at that, so none is
/// asked.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    let ((one, one_rest), (other, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut pairs = one.iter().zip(other);
    one.len() == other.len()
        && one_rest == other_rest
        && pairs.all(|(one, other)| u64::from_ne_bytes(*one) == u64::from_ne_bytes(*other))
}

/// The bytes from `at` on, to be written; nothing where the file ends before.
pub(super) fn slice_mut(bytes: &mut [u8], at: u64, length: u64) -> Option<&mut [u8]> {
    let start = usize::try_from(at).ok()?;
    let length = usize::try_from(length).ok()?;
    bytes.get_mut(start..start.checked_add(length)?)
}

/// The first multiple of `alignment` from `value` on.
pub(super) fn round_up(value: u64, alignment: u64) -> Option<u64> {
    value.checked_next_multiple_of(alignment.max(1))
}

/// A length in memory as a number of the file's.
pub(super) fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

pub(super) const E_TYPE: Field = Field::same("e_type", 16, 2);
pub(super) const E_MACHINE: Field = Field::same("e_machine", 18, 2);
pub(super) const E_PHOFF: Field = Field::new("e_phoff", (28, 4), (32, 8));
pub(super) const E_SHOFF: Field = Field::new("e_shoff", (32, 4), (40, 8));
pub(super) const E_FLAGS: Field = Field::new("e_flags", (36, 4), (48, 4));
pub(super) const E_PHENTSIZE: Field = Field::new("e_phentsize", (42, 2), (54, 2));
pub(super) const E_PHNUM: Field = Field::new("e_phnum", (44, 2), (56, 2));
pub(super) const E_SHENTSIZE: Field = Field::new("e_shentsize", (46, 2), (58, 2));
pub(super) const E_SHNUM: Field = Field::new("e_shnum", (48, 2), (60, 2));
pub(super) const E_SHSTRNDX: Field = Field::new("e_shstrndx", (50, 2), (62, 2));

pub(super) const P_TYPE: Field = Field::same("p_type", 0, 4);
pub(super) const P_FLAGS: Field = Field::new("p_flags", (24, 4), (4, 4));
pub(super) const P_OFFSET: Field = Field::new("p_offset", (4, 4), (8, 8));
pub(super) const P_VADDR: Field = Field::new("p_vaddr", (8, 4), (16, 8));
pub(super) const P_PADDR: Field = Field::new("p_paddr", (12, 4), (24, 8));
pub(super) const P_FILESZ: Field = Field::new("p_filesz", (16, 4), (32, 8));
pub(super) const P_MEMSZ: Field = Field::new("p_memsz", (20, 4), (40, 8));
pub(super) const P_ALIGN: Field = Field::new("p_align", (28, 4), (48, 8));

pub(super) const SH_NAME: Field = Field::same("sh_name", 0, 4);
pub(super) const SH_TYPE: Field = Field::same("sh_type", 4, 4);
pub(super) const SH_FLAGS: Field = Field::new("sh_flags", (8, 4), (8, 8));
pub(super) const SH_ADDR: Field = Field::new("sh_addr", (12, 4), (16, 8));
pub(super) const SH_OFFSET: Field = Field::new("sh_offset", (16, 4), (24, 8));
pub(super) const SH_SIZE: Field = Field::new("sh_size", (20, 4), (32, 8));
pub(super) const SH_LINK: Field = Field::new("sh_link", (24, 4), (40, 4));
pub(super) const SH_INFO: Field = Field::new("sh_info", (28, 4), (44, 4));
pub(super) const SH_ADDRALIGN: Field = Field::new("sh_addralign", (32, 4), (48, 8));
pub(super) const SH_ENTSIZE: Field = Field::new("sh_entsize", (36, 4), (56, 8));

pub(super) const D_TAG: Field = Field::new("d_tag", (0, 4), (0, 8));
pub(super) const D_VAL: Field = Field::new("d_val", (4, 4), (8, 8));

pub(super) const ST_NAME: Field = Field::same("st_name", 0, 4);
pub(super) const ST_VALUE: Field = Field::new("st_value", (4, 4), (8, 8));
pub(super) const ST_SIZE: Field = Field::new("st_size", (8, 4), (16, 8));
pub(super) const ST_INFO: Field = Field::new("st_info", (12, 1), (4, 1));
pub(super) const ST_OTHER: Field = Field::new("st_other", (13, 1), (5, 1));
pub(super) const ST_SHNDX: Field = Field::new("st_shndx", (14, 2), (6, 2));

pub(super) const VN_CNT: Field = Field::same("vn_cnt", 2, 2);
pub(super) const VN_FILE: Field = Field::same("vn_file", 4, 4);
pub(super) const VN_AUX: Field = Field::same("vn_aux", 8, 4);
pub(super) const VN_NEXT: Field = Field::same("vn_next", 12, 4);
pub(super) const VNA_FLAGS: Field = Field::same("vna_flags", 4, 2);
pub(super) const VNA_OTHER: Field = Field::same("vna_other", 6, 2);
pub(super) const VNA_NAME: Field = Field::same("vna_name", 8, 4);
pub(super) const VNA_NEXT: Field = Field::same("vna_next", 12, 4);
pub(super) const VD_FLAGS: Field = Field::same("vd_flags", 2, 2);
pub(super) const VD_NDX: Field = Field::same("vd_ndx", 4, 2);
pub(super) const VD_CNT: Field = Field::same("vd_cnt", 6, 2);
pub(super) const VD_AUX: Field = Field::same("vd_aux", 12, 4);
pub(super) const VD_NEXT: Field = Field::same("vd_next", 16, 4);
pub(super) const VDA_NAME: Field = Field::same("vda_name", 0, 4);
pub(super) const VDA_NEXT: Field = Field::same("vda_next", 4, 4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts_in_a_comparison() {
        let bytes: Vec<u8> = (0..=200).collect();
        assert!(same(&bytes, &bytes.clone()) && same(&[], &[]));
        for (index, byte) in bytes.iter().enumerate() {
            let mut other = bytes.clone();
            other.splice(index..=index, [!byte]);
            assert!(!same(&bytes, &other), "{index}");
            other.truncate(index);
            assert!(!same(&bytes, &other), "{index}");
        }
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for is_little_endian in [true, false] {
            let encoding = Encoding {
                is_64: true,
                is_little_endian,
            };
            for (width, value) in [
                (1, 0xfe),
                (2, 0xfedc),
                (4, 0xfedc_ba98),
                (8, 0xfedc_ba98_7654_3210),
            ] {
                let mut bytes = [0; 9];
                assert_eq!(encoding.put_number(&mut bytes, 1, width, value), Some(()));
                assert_eq!(encoding.get_number(&bytes, 1, width), Some(value));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let encoding = Encoding {
            is_64: false,
            is_little_endian: false,
        };
        assert_eq!(encoding.put_number(&mut [0; 4], 0, 4, 1 << 32), None);
        assert_eq!(encoding.put_number(&mut [0; 4], 1, 4, 1), None);
        assert_eq!(encoding.get_number(&[0; 4], u64::MAX, 4), None);
        assert_eq!(encoding.get(&[0; 4], u64::MAX, &SH_ENTSIZE), None);
    }
}

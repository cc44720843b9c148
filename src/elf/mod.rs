//! Takes the bytes of one ELF file. Gives facts about it.
//! Knows nothing of paths, wheels or policies.
//! The only room that names goblin.
//!
//! Everything is read through the program headers, as loaders do, with one accessor for both classes and byte orders, so that
//! each error names its field and offset; goblin gives the numbers their names, and tests hold our reading against its own.

#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};

use goblin::elf::dynamic as dt;
use goblin::elf::header as eh;
use goblin::elf::program_header as ph;
use goblin::elf::section_header as sh;

mod draft;
mod edit;
mod format;
mod image;
mod layout;
mod note;
mod pool;
mod strip;
mod symver;
mod verify;
mod weigh;

pub use edit::{Edits, RunPath, RunPathTag, apply};
pub use strip::strip;
pub use weigh::{Weighed, WeighedSymbol, sections, undefined, weigh};

use image::{Image, RawSymbol, Strings};
use symver::Versions;

/// What kind of machine and ABI a file is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// `e_machine`.
    pub number: u16,
    /// 64-bit class.
    pub is_64: bool,
    /// Little-endian byte order.
    pub is_little_endian: bool,
    /// `e_flags`: the float ABI of ARM and RISC-V, the ABI version of PowerPC.
    pub flags: u32,
}

impl Machine {
    /// The architecture as platform tags spell it (`x86_64`, `i686`, `aarch64`, `armv7l`, `ppc64le`, …); nothing for one that
    /// no tag names.
    ///
    /// An ARM file says its float ABI but not how new an instruction set it asks for: `armv7l` stands for hard float, `armv6l`
    /// for soft.
    #[must_use]
    pub fn architecture(&self) -> Option<&'static str> {
        let name = match (self.number, self.is_64, self.is_little_endian) {
            (eh::EM_386, false, true) => "i686",
            (eh::EM_X86_64, true, true) => "x86_64",
            (eh::EM_AARCH64, true, true) => "aarch64",
            (eh::EM_AARCH64, true, false) => "aarch64_be",
            (eh::EM_ARM, false, true) if self.flags & EF_ARM_EABIMASK != EF_ARM_EABI_VER5 => return None,
            (eh::EM_ARM, false, true) if self.flags & EF_ARM_ABI_FLOAT_HARD != 0 => "armv7l",
            (eh::EM_ARM, false, true) => "armv6l",
            (eh::EM_PPC, false, false) => "ppc",
            (eh::EM_PPC64, true, false) => "ppc64",
            (eh::EM_PPC64, true, true) => "ppc64le",
            (eh::EM_S390, true, false) => "s390x",
            (eh::EM_RISCV, true, true) => "riscv64",
            (eh::EM_RISCV, false, true) => "riscv32",
            (EM_LOONGARCH, true, true) => "loongarch64",
            (eh::EM_MIPS, false, _) => "mips",
            (eh::EM_MIPS, true, _) => "mips64",
            (eh::EM_SPARCV9, true, false) => "sparc64",
            (eh::EM_68K, false, false) => "m68k",
            (eh::EM_IA_64, true, true) => "ia64",
            (image::EM_ALPHA, true, true) => "alpha",
            _ => return None,
        };
        Some(name)
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(architecture) = self.architecture() {
            return f.write_str(architecture);
        }
        let bits = if self.is_64 { 64 } else { 32 };
        let end = if self.is_little_endian { "little" } else { "big" };
        write!(f, "machine {} ({bits}-bit, {end}-endian)", self.number)
    }
}

const EF_ARM_EABIMASK: u32 = 0xff00_0000;
const EF_ARM_EABI_VER5: u32 = 0x0500_0000;
const EF_ARM_ABI_FLOAT_HARD: u32 = 0x400;
const EM_LOONGARCH: u16 = 258;

/// A versioned symbol that the file needs: `name@version` from `library`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeededVersion {
    /// The library's soname, as `vn_file` has it.
    pub library: String,
    /// `GLIBC_2.34`.
    pub version: String,
    /// Names of undefined dynamic symbols bound to this version, sorted.
    pub symbols: Vec<String>,
    /// `VER_FLG_WEAK`.
    pub weak: bool,
}

/// A dynamic symbol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// Whether its binding is weak.
    pub weak: bool,
}

/// What one read of one file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent fact about a file"
)]
pub struct Facts {
    /// What it runs on.
    pub machine: Machine,
    /// `e_type`: 1 relocatable, 2 executable, 3 shared, 4 core.
    pub object_type: u16,
    /// `DT_SONAME`.
    pub soname: Option<String>,
    /// `DT_NEEDED`, in order.
    pub needed: Vec<String>,
    /// `DT_RPATH`.
    pub rpath: Option<String>,
    /// `DT_RUNPATH`.
    pub runpath: Option<String>,
    /// `PT_INTERP`.
    pub interpreter: Option<String>,
    /// Versions it needs, with the library each comes from.
    pub needed_versions: Vec<NeededVersion>,
    /// Versions it provides (`DT_VERDEF`), without the base entry.
    pub provided_versions: Vec<String>,
    /// Undefined dynamic symbols, sorted by name.
    pub undefined: Vec<Symbol>,
    /// Exported dynamic symbols, sorted by name.
    pub exported: Vec<Symbol>,
    /// `DT_FLAGS`.
    pub flags: u64,
    /// `DT_FLAGS_1`.
    pub flags_1: u64,
    /// The GNU build id, as lower-case hexadecimal.
    pub build_id: Option<String>,
    /// Whether there is a dynamic section.
    pub is_dynamic: bool,
    /// Whether `.symtab` is gone.
    pub is_stripped: bool,
    /// A position-independent executable.
    pub is_pie: bool,
    /// Whether `PT_GNU_STACK` asks for an executable stack.
    pub has_executable_stack: bool,
    /// The level of x86-64 whose instructions it says it needs: 2, 3 or 4 for `x86-64-v2` and on, else 1.
    pub x86_64_level: u8,
}

impl Facts {
    /// The defined dynamic symbols whose names begin so: `PyInit_`.
    pub fn exports_with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.exported
            .iter()
            .map(|symbol| symbol.name.as_str())
            .filter(move |name| name.starts_with(prefix))
    }
}

/// What is wrong with a file: the field, where it stands, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// Not an ELF file.
    #[error("not an ELF file: it begins with {0}")]
    NotElf(String),
    /// A field points outside the file or holds what it cannot.
    #[error("{field} at offset {offset:#x}: {reason}")]
    Malformed {
        /// The field, as the specification names it.
        field: &'static str,
        /// Its offset in the file.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// A text that the format cannot hold.
    #[error("this cannot be written into an ELF file: {0}")]
    Text(String),
    /// A file that cannot be edited so.
    #[error("{0}")]
    Refused(String),
    /// The edited file does not read as it was asked for. It is a fault of ours, and nobody gets the file.
    #[error("the edited file would not be what was asked for, so it was not made: {0}")]
    Unfaithful(String),
}

impl ElfError {
    /// Somebody wants the interpreter of a file that names none.
    #[must_use]
    pub fn without_interpreter() -> Self {
        Self::Refused("it has no `PT_INTERP`: it is not a program that a loader starts".to_owned())
    }
}

/// Whether bytes begin like an ELF file.
#[must_use]
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Whether an edit changed nothing, quicker than `==` is in some builds.
#[must_use]
pub fn is_same(before: &[u8], after: &[u8]) -> bool {
    format::same(before, after)
}

/// The bytes a file begins with, for an error.
fn first_bytes(bytes: &[u8]) -> String {
    match bytes.get(..bytes.len().min(4)) {
        None | Some([]) => "nothing".to_owned(),
        Some(first) => format!("`{}`", hexadecimal(first, " ")),
    }
}

/// Bytes as lower-case hexadecimal.
fn hexadecimal(bytes: &[u8], between: &str) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(between)
}

/// Reads the facts of one file through its program headers; section headers are only consulted for what nothing else tells
/// (whether it is stripped).
///
/// # Errors
/// Where a field points outside the file or holds what it cannot, with the field's name and offset.
pub fn inspect(bytes: &[u8]) -> Result<Facts, ElfError> {
    let image = Image::read(bytes)?;
    let strings = image.strings()?;
    let symbols = match &strings {
        Some(strings) => DynamicSymbols::read(&image, strings)?,
        None => DynamicSymbols::default(),
    };
    let text = |tag: u64, name: &'static str| dynamic_strings(&image, strings.as_ref(), tag, name);
    let value = |tag: u64| image.dynamic.as_ref().and_then(|dynamic| dynamic.value(tag));
    let soname = text(dt::DT_SONAME, "DT_SONAME")?.pop();
    let interpreter = interpreter(&image)?;
    let flags_1 = value(dt::DT_FLAGS_1).unwrap_or(0);
    let runs_through_loader = interpreter.is_some() && value(dt::DT_DEBUG).is_some() && soname.is_none();
    Ok(Facts {
        machine: Machine {
            number: image.machine,
            is_64: image.encoding.is_64,
            is_little_endian: image.encoding.is_little_endian,
            flags: image.flags,
        },
        object_type: image.object_type,
        needed: text(dt::DT_NEEDED, "DT_NEEDED")?,
        rpath: text(dt::DT_RPATH, "DT_RPATH")?.pop(),
        runpath: text(dt::DT_RUNPATH, "DT_RUNPATH")?.pop(),
        needed_versions: symbols.needed_versions,
        provided_versions: symbols.provided_versions,
        undefined: symbols.undefined,
        exported: symbols.exported,
        flags: value(dt::DT_FLAGS).unwrap_or(0),
        flags_1,
        build_id: note::build_id(&image),
        is_dynamic: image.dynamic.is_some(),
        is_stripped: !image
            .sections
            .iter()
            .any(|section| section.kind == sh::SHT_SYMTAB),
        is_pie: image.object_type == eh::ET_DYN && (flags_1 & dt::DF_1_PIE != 0 || runs_through_loader),
        has_executable_stack: image
            .segments_of(ph::PT_GNU_STACK)
            .any(|stack| stack.flags & ph::PF_X != 0),
        x86_64_level: if image.machine == eh::EM_X86_64 {
            note::x86_64_level(&image)
        } else {
            1
        },
        soname,
        interpreter,
    })
}

/// Names need not be UTF-8; those that are not are shown as well as can be.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn dynamic_strings(
    image: &Image<'_>,
    strings: Option<&Strings<'_>>,
    tag: u64,
    name: &'static str,
) -> Result<Vec<String>, ElfError> {
    let Some(dynamic) = &image.dynamic else {
        return Ok(Vec::new());
    };
    dynamic
        .all(tag)
        .map(|entry| match strings {
            Some(strings) => Ok(shown(strings.get(entry.value, name, entry.at)?)),
            None => Err(image::malformed(
                name,
                entry.at,
                "there is no `DT_STRTAB` for its string".to_owned(),
            )),
        })
        .collect()
}

fn interpreter(image: &Image<'_>) -> Result<Option<String>, ElfError> {
    let Some(segment) = image.segments_of(ph::PT_INTERP).next() else {
        return Ok(None);
    };
    let text = format::slice(image.bytes, segment.offset, segment.file_size)
        .and_then(|bytes| bytes.split_last())
        .filter(|(last, _)| **last == 0)
        .map(|(_, text)| text.split(|byte| *byte == 0).next().unwrap_or_default())
        .ok_or_else(|| image::malformed("PT_INTERP", segment.offset, "its string has no end".to_owned()))?;
    Ok(Some(shown(text)))
}

/// What the symbol table and the version tables say together.
#[derive(Debug, Default)]
struct DynamicSymbols {
    needed_versions: Vec<NeededVersion>,
    provided_versions: Vec<String>,
    undefined: Vec<Symbol>,
    exported: Vec<Symbol>,
}

impl DynamicSymbols {
    fn read(image: &Image<'_>, strings: &Strings<'_>) -> Result<Self, ElfError> {
        let versions = Versions::read(image, strings)?;
        let mut undefined = BTreeSet::new();
        let mut exported = BTreeSet::new();
        let mut by_version: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
        if let Some(table) = image.symbol_table()? {
            for index in 1..table.count {
                let symbol = image.symbol(table, index, strings)?;
                if !is_visible(&symbol) {
                    continue;
                }
                let version = versions.of_symbol(image, index)?;
                let entry = Symbol {
                    name: shown(symbol.name),
                    weak: symbol.binding == STB_WEAK,
                };
                if symbol.section == SHN_UNDEF {
                    by_version.entry(version).or_default().insert(entry.name.clone());
                    undefined.insert(entry);
                } else if version != goblin::elf::symver::VER_NDX_LOCAL {
                    exported.insert(entry);
                }
            }
        }
        Ok(Self {
            needed_versions: needed_versions(&versions, &by_version),
            provided_versions: versions
                .provided
                .iter()
                .filter(|it| !it.base)
                .map(|it| shown(it.name))
                .collect(),
            undefined: undefined.into_iter().collect(),
            exported: exported.into_iter().collect(),
        })
    }
}

const SHN_UNDEF: u16 = 0;
const STB_GLOBAL: u8 = 1;
const STB_WEAK: u8 = 2;
const STB_GNU_UNIQUE: u8 = 10;
const STV_DEFAULT: u8 = 0;
const STV_PROTECTED: u8 = 3;

/// Whether other objects take part in the binding of a symbol.
fn is_visible(symbol: &RawSymbol<'_>) -> bool {
    !symbol.name.is_empty()
        && matches!(symbol.binding, STB_GLOBAL | STB_WEAK | STB_GNU_UNIQUE)
        && matches!(symbol.visibility, STV_DEFAULT | STV_PROTECTED)
}

fn needed_versions(
    versions: &Versions<'_>,
    by_version: &BTreeMap<u16, BTreeSet<String>>,
) -> Vec<NeededVersion> {
    versions
        .needed
        .iter()
        .map(|needed| NeededVersion {
            library: shown(needed.library),
            version: shown(needed.version),
            symbols: by_version
                .get(&needed.index)
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            weak: needed.weak,
        })
        .collect()
}

//! Takes the bytes of one ELF file. Gives facts about it.
//! Knows nothing of paths, wheels or policies.
//! The only room that names goblin.

pub mod symver;

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
    #[must_use]
    pub fn architecture(&self) -> Option<&'static str> {
        todo!()
    }
}

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
}

/// Whether bytes begin like an ELF file.
#[must_use]
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Reads the facts of one file through its program headers; section headers are only consulted for what nothing else tells
/// (whether it is stripped).
pub fn inspect(bytes: &[u8]) -> Result<Facts, ElfError> {
    let _ = bytes;
    todo!()
}

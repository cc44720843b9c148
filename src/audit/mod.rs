//! Takes the facts of one shared object. Gives a verdict for each policy, and the best platform that holds.
//! Knows nothing of wheels; reads no file.

pub mod policy;

use crate::elf::Facts;
use crate::tag::{PlatformTag, PlatformWish};

/// What stands against a policy. Data, never an error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Objection {
    /// A symbol version newer than the policy has.
    TooNew {
        /// The library that has the symbols: `libc.so.6`.
        library: String,
        /// `GLIBC_2.34`.
        version: String,
        /// Symbols bound to that version.
        symbols: Vec<String>,
    },
    /// A library that the policy does not promise.
    ForeignLibrary {
        /// Its soname.
        library: String,
    },
    /// A symbol that a promised library must not be asked for.
    BlockedSymbol {
        /// The library.
        library: String,
        /// The symbol.
        symbol: String,
    },
    /// The policy does not exist for the file's architecture.
    Architecture {
        /// The architecture.
        architecture: String,
    },
    /// The file is linked to libpython, which extensions must not be.
    LinksPython {
        /// `libpython3.11.so.1.0`.
        library: String,
    },
    /// The file is made for the other C library.
    OtherLibc,
}

/// What one policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The policy's platform.
    pub platform: PlatformTag,
    /// What stands against it; nothing where it holds.
    pub objections: Vec<Objection>,
}

/// The outcome of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// A verdict for each policy of the file's C library, the most portable first.
    pub verdicts: Vec<Verdict>,
    /// The best platform that holds; `linux_*` where none does.
    pub platform: PlatformTag,
    /// What stands against the least demanding policy: why it is `linux_*`, if it is.
    pub remaining: Vec<Objection>,
}

/// Why there is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The file is not for the machine that was asked for.
    #[error("the shared object is made for {found}, but the wheel is for {wanted}")]
    Machine {
        /// The file's architecture.
        found: String,
        /// The target's architecture.
        wanted: String,
    },
    /// No policy has that name.
    #[error("there is no policy `{wish}`: the ones for {architecture} are {known}")]
    UnknownPolicy {
        /// What was asked.
        wish: String,
        /// For which architecture.
        architecture: String,
        /// What could be asked.
        known: String,
    },
    /// What was asked does not hold.
    #[error("the shared object does not hold to `{wish}`: {first}")]
    NotHeld {
        /// What was asked.
        wish: String,
        /// The objections in words, joined.
        first: String,
        /// All of them.
        objections: Vec<Objection>,
        /// The best that would hold.
        best: PlatformTag,
    },
}

/// Judges a shared object against every policy of its architecture and C library.
pub fn audit(facts: &Facts) -> Audit {
    let _ = facts;
    todo!()
}

/// Chooses the platforms for a wheel: what was wished where it holds, else the best. `architecture` is the target's.
/// Several wishes (one manylinux and one musllinux) give several tags.
pub fn choose(
    audit: &Audit,
    wishes: &[PlatformWish],
    architecture: &str,
) -> Result<Vec<PlatformTag>, AuditError> {
    let _ = (audit, wishes, architecture);
    todo!()
}

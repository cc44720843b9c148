//! The manylinux and musllinux policies, small enough to read.
//!
//! `policies.json` says for each symbol version which policy is the oldest that has it; `tests/refresh_policies.py` writes it.
//!
//! <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::elf::Facts;
use crate::tag::PlatformTag;

/// The C library that a file is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CLibrary {
    /// The GNU C library: manylinux.
    Gnu,
    /// musl: musllinux.
    Musl,
}

/// Every policy of one C library.
#[derive(Debug, Deserialize)]
pub struct Policies {
    major: u16,
    minors: Vec<u16>,
    /// Architecture → its oldest and newest policy.
    architectures: BTreeMap<String, (u16, u16)>,
    /// Oldest policy → libraries that it and all newer ones promise.
    libraries: BTreeMap<u16, Vec<String>>,
    /// Library → `oldest-newest` policy → symbols that must not be asked of it there.
    blocked: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Architecture → namespace → oldest policy → versions.
    versions: BTreeMap<String, BTreeMap<String, BTreeMap<u16, Vec<String>>>>,
}

#[derive(Debug, Deserialize)]
struct Both {
    manylinux: Policies,
    musllinux: Policies,
}

static BOTH: LazyLock<Both> = LazyLock::new(|| {
    serde_json::from_str(include_str!("policies.json")).expect("the embedded policies are valid JSON")
});

/// The policies of a C library.
#[must_use]
pub fn policies(c_library: CLibrary) -> &'static Policies {
    match c_library {
        CLibrary::Gnu => &BOTH.manylinux,
        CLibrary::Musl => &BOTH.musllinux,
    }
}

impl CLibrary {
    /// Told by the file alone: what it is linked to, else the interpreter it asks for, else whose versions it names.
    /// Nothing for a file that needs no C library.
    #[must_use]
    pub fn of(facts: &Facts) -> Option<Self> {
        let interpreter = facts
            .interpreter
            .iter()
            .filter_map(|path| path.rsplit('/').next());
        let libraries = facts.needed.iter().map(String::as_str).chain(interpreter);
        for library in libraries {
            if library.starts_with("libc.so.") || is_loader(library) {
                return Some(Self::Gnu);
            }
            if is_musl_itself(library) {
                return Some(Self::Musl);
            }
        }
        let versions = facts
            .needed_versions
            .iter()
            .any(|needed| needed.version.starts_with("GLIBC_"));
        versions.then_some(Self::Gnu)
    }

    /// Whether every policy of the architecture has a library; of an architecture without any, the oldest policy of all.
    #[must_use]
    pub fn always_has(self, architecture: &str, library: &str) -> bool {
        let table = policies(self);
        let oldest = table
            .minors(architecture)
            .next()
            .or(table.minors.first().copied());
        oldest.is_some_and(|minor| self.has(minor, library))
    }

    /// Whether a policy has a library: one that it promises, the loader, or musl under any of its names.
    #[must_use]
    pub fn has(self, minor: u16, library: &str) -> bool {
        let is_musl = self == Self::Musl && is_musl_itself(library);
        is_musl || is_loader(library) || policies(self).promises(minor, library)
    }

    /// The tag of one of its policies.
    #[must_use]
    pub fn tag(self, major: u16, minor: u16, architecture: &str) -> PlatformTag {
        let architecture = architecture.to_owned();
        match self {
            Self::Gnu => PlatformTag::Manylinux {
                major,
                minor,
                architecture,
            },
            Self::Musl => PlatformTag::Musllinux {
                major,
                minor,
                architecture,
            },
        }
    }
}

impl Policies {
    /// The major version of the C library, which all policies share.
    #[must_use]
    pub fn major(&self) -> u16 {
        self.major
    }

    /// The minor versions of the policies for an architecture, the most portable first.
    pub fn minors(&self, architecture: &str) -> impl Iterator<Item = u16> {
        let span = self.architectures.get(architecture).copied();
        self.minors
            .iter()
            .copied()
            .filter(move |minor| span.is_some_and(|(oldest, newest)| (oldest..=newest).contains(minor)))
    }

    /// The policy that decides what a C library of that version promises: the newest one not above it; nothing for a version
    /// older than the architecture's first policy.
    #[must_use]
    pub fn deciding(&self, architecture: &str, minor: u16) -> Option<u16> {
        self.minors(architecture).filter(|known| *known <= minor).last()
    }

    /// Whether a policy promises a library.
    #[must_use]
    pub fn promises(&self, minor: u16, library: &str) -> bool {
        self.libraries
            .range(..=minor)
            .any(|(_, libraries)| libraries.iter().any(|name| name == library))
    }

    /// Whether a policy keeps a symbol of a promised library from being asked for.
    #[must_use]
    pub fn blocks(&self, minor: u16, library: &str, symbol: &str) -> bool {
        let Some(spans) = self.blocked.get(library) else {
            return false;
        };
        spans
            .iter()
            .filter(|(span, _)| span_contains(span, minor))
            .any(|(_, symbols)| symbols.iter().any(|name| name == symbol))
    }

    /// Whether any policy blocks a symbol of that name.
    #[must_use]
    pub fn blocks_anywhere(&self, symbol: &str) -> bool {
        self.blocked
            .values()
            .flat_map(BTreeMap::values)
            .flatten()
            .any(|name| name == symbol)
    }

    /// The libraries that have symbols which must not be asked for.
    pub fn libraries_with_blocked_symbols(&self) -> impl Iterator<Item = &str> {
        self.blocked.keys().map(String::as_str)
    }

    /// Whether a policy has a symbol version. Namespaces that it does not list hold nothing it could promise or refuse.
    #[must_use]
    pub fn has_version(&self, architecture: &str, minor: u16, namespace: &str, version: &str) -> bool {
        let Some(known) = self
            .versions
            .get(architecture)
            .and_then(|namespaces| namespaces.get(namespace))
        else {
            return true;
        };
        if known.keys().next().is_some_and(|first| minor < *first) {
            return true;
        }
        known
            .range(..=minor)
            .any(|(_, versions)| versions.iter().any(|name| name == version))
    }
}

/// The dynamic loader, which is on every system that can run the file at all.
pub(super) fn is_loader(library: &str) -> bool {
    library.contains("ld-linux") || matches!(library, "ld64.so.1" | "ld64.so.2")
}

/// musl is its own loader, and has another name on the distributions that name it after the architecture.
fn is_musl_itself(library: &str) -> bool {
    library == "libc.so" || library.starts_with("libc.musl-") || library.starts_with("ld-musl-")
}

/// Parts of the GNU C library that not every policy promises, and that work with no other release than their own: nobody can take
/// them along.
pub(super) fn is_part_of_glibc(library: &str) -> bool {
    [
        "libmvec.so.",
        "libthread_db.so.",
        "libBrokenLocale.so.",
        "libc_malloc_debug.so.",
    ]
    .iter()
    .any(|part| library.starts_with(part))
}

/// `libpython3.11.so.1.0`, `libpython3.13t.so`, `libpypy3.10-c.so`.
#[must_use]
pub fn is_libpython(library: &str) -> bool {
    library.contains(".so") && (library.starts_with("libpython") || library.starts_with("libpypy"))
}

fn span_contains(span: &str, minor: u16) -> bool {
    let Some((oldest, newest)) = span.split_once('-') else {
        return false;
    };
    let (Ok(oldest), Ok(newest)) = (oldest.parse::<u16>(), newest.parse::<u16>()) else {
        return false;
    };
    (oldest..=newest).contains(&minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_of_the_table_is_whole() {
        for c_library in [CLibrary::Gnu, CLibrary::Musl] {
            let policies = policies(c_library);
            assert!(policies.minors.is_sorted());
            for (architecture, (oldest, newest)) in &policies.architectures {
                assert!(
                    policies.minors.contains(oldest) && policies.minors.contains(newest),
                    "{architecture}"
                );
            }
            for span in policies.blocked.values().flat_map(BTreeMap::keys) {
                assert!(
                    policies.minors.iter().any(|minor| span_contains(span, *minor)),
                    "{span}"
                );
            }
        }
    }

    #[test]
    fn versions_appear_with_their_policy_and_stay() {
        let gnu = policies(CLibrary::Gnu);
        assert!(!gnu.has_version("x86_64", 28, "GLIBC", "2.29"));
        assert!(gnu.has_version("x86_64", 31, "GLIBC", "2.29"));
        assert!(gnu.has_version("x86_64", 41, "GLIBC", "2.29"));
        assert!(gnu.has_version("aarch64", 17, "GLIBC", "2.18"));
        assert!(!gnu.has_version("x86_64", 17, "GLIBC", "2.18"));
        assert!(!gnu.has_version("x86_64", 41, "GLIBC", "PRIVATE"));
        assert!(gnu.has_version("x86_64", 5, "OPENSSL", "3.0.0"));
        assert!(gnu.has_version("x86_64", 5, "ZLIB", "1.2.9"));
    }

    #[test]
    fn blocked_symbols_end_with_their_span() {
        let gnu = policies(CLibrary::Gnu);
        assert!(gnu.blocks(17, "libc.so.6", "__cxa_thread_atexit_impl"));
        assert!(!gnu.blocks(24, "libc.so.6", "__cxa_thread_atexit_impl"));
        assert!(!gnu.blocks(17, "libm.so.6", "__cxa_thread_atexit_impl"));
    }
}

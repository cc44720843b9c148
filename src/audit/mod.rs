//! Takes the facts of one shared object. Gives a verdict for each policy, and the best platform that holds.
//! Knows nothing of wheels; reads no file.

pub mod closure;
pub mod policy;

use std::collections::BTreeSet;
use std::fmt;

use crate::elf::{Facts, NeededVersion};
use crate::tag::{PlatformTag, PlatformWish};

pub use policy::CLibrary;
use policy::policies;

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
    /// The file says that it needs more than every processor of its architecture has.
    InstructionSet {
        /// `x86-64-v3`.
        level: String,
    },
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooNew {
                library,
                version,
                symbols,
            } => {
                write!(f, "needs `{version}` of {library}")?;
                if symbols.is_empty() {
                    Ok(())
                } else {
                    write!(f, " (for {})", listed(symbols))
                }
            }
            Self::ForeignLibrary { library } => {
                write!(f, "needs `{library}`, which not every such system has")
            }
            Self::BlockedSymbol { library, symbol } => {
                write!(
                    f,
                    "needs `{symbol}` of {library}, which not every such system's has"
                )
            }
            Self::Architecture { architecture } => {
                write!(f, "is for {architecture}, which has no such policy")
            }
            Self::LinksPython { library } => {
                write!(
                    f,
                    "is linked to `{library}`, which an extension must leave to the interpreter"
                )
            }
            Self::OtherLibc => f.write_str("is made for another C library"),
            Self::InstructionSet { level } => write!(f, "needs a processor of level {level}"),
        }
    }
}

/// As many names as a line takes.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
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
    /// What the file asks of a system: enough to judge a policy that no list has.
    demands: Demands,
}

/// What a file asks of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Demands {
    /// As the tags spell it, or a description where no tag names it.
    architecture: String,
    /// The C library it is made for; nothing where it needs none.
    c_library: Option<CLibrary>,
    needed: Vec<String>,
    versions: Vec<NeededVersion>,
    /// Undefined symbols that are not weak, as far as a policy may block them or they tell musl's version.
    symbols: BTreeSet<String>,
    x86_64_level: u8,
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
#[must_use]
pub fn audit(facts: &Facts) -> Audit {
    let demands = Demands::of(facts);
    // A file that needs no C library runs beside either; manylinux is the tag that serves more systems.
    let c_library = demands.c_library.unwrap_or(CLibrary::Gnu);
    let table = policies(c_library);
    let verdicts: Vec<Verdict> = table
        .minors(&demands.architecture)
        .map(|minor| Verdict {
            platform: c_library.tag(table.major(), minor, &demands.architecture),
            objections: demands.objections(c_library, minor),
        })
        .collect();
    let mut holding = verdicts.iter().filter(|verdict| verdict.objections.is_empty());
    // musl's symbols have no versions: nothing in a file proves that it runs on the older one, so that only the newest is
    // claimed unasked.
    let best = match c_library {
        CLibrary::Gnu => holding.next(),
        CLibrary::Musl => holding.next_back(),
    };
    let platform = best.map_or_else(
        || linux(&demands.architecture),
        |verdict| verdict.platform.clone(),
    );
    let remaining = match verdicts.last() {
        Some(verdict) => verdict.objections.clone(),
        None => vec![Objection::Architecture {
            architecture: demands.architecture.clone(),
        }],
    };
    Audit {
        verdicts,
        platform,
        remaining,
        demands,
    }
}

/// Chooses the platforms for a wheel: what was wished where it holds, else the best. `architecture` is the target's.
/// Several wishes (one manylinux and one musllinux) give several tags.
///
/// Any `manylinux_2_Y` may be wished for, also one between two policies: it promises what the GNU C library of that version
/// has, and of everything else what the policy below it has.
///
/// # Errors
/// Where the file is for another machine, or a wish is unknown for the architecture or does not hold.
pub fn choose(
    audit: &Audit,
    wishes: &[PlatformWish],
    architecture: &str,
) -> Result<Vec<PlatformTag>, AuditError> {
    let found = &audit.demands.architecture;
    if !is_same_machine(found, architecture) {
        return Err(AuditError::Machine {
            found: found.clone(),
            wanted: architecture.to_owned(),
        });
    }
    // Where the target's name is another than the file's own (an ARM file does not tell v6 from v7), the file's policies would
    // promise too much.
    let best = if found == architecture {
        audit.platform.clone()
    } else {
        linux(architecture)
    };
    let (for_index, others): (Vec<_>, Vec<_>) = wishes.iter().partition(|wish| **wish == PlatformWish::Pypi);
    let mut tags = Vec::new();
    for wish in others {
        let tag = match *wish {
            PlatformWish::Manylinux(major, minor) => {
                granted(audit, wish, CLibrary::Gnu, (major, minor), architecture)?
            }
            PlatformWish::Musllinux(major, minor) => {
                granted(audit, wish, CLibrary::Musl, (major, minor), architecture)?
            }
            PlatformWish::Linux | PlatformWish::Pypi => linux(architecture),
        };
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.is_empty() {
        tags.push(best.clone());
    }
    let refused =
        |tag: &PlatformTag| matches!(tag, PlatformTag::Linux { .. }) && !is_index_taking_linux(architecture);
    if !for_index.is_empty() && tags.iter().any(refused) {
        return Err(not_held(&PlatformWish::Pypi, audit.remaining.clone(), best));
    }
    Ok(tags)
}

/// The public index takes plain `linux_*` wheels for the two architectures of small boards that have no policy of their own.
fn is_index_taking_linux(architecture: &str) -> bool {
    matches!(architecture, "armv6l" | "armv7l")
}

fn granted(
    audit: &Audit,
    wish: &PlatformWish,
    c_library: CLibrary,
    (major, minor): (u16, u16),
    architecture: &str,
) -> Result<PlatformTag, AuditError> {
    let table = policies(c_library);
    let has_policies = audit.demands.architecture == architecture && major == table.major();
    if !has_policies || table.deciding(architecture, minor).is_none() {
        let known: Vec<String> = table
            .minors(architecture)
            .map(|minor| c_library.tag(table.major(), minor, architecture).to_string())
            .collect();
        return Err(AuditError::UnknownPolicy {
            wish: wish.to_string(),
            architecture: architecture.to_owned(),
            known: if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            },
        });
    }
    let objections = audit.demands.objections(c_library, minor);
    if objections.is_empty() {
        return Ok(c_library.tag(major, minor, architecture));
    }
    Err(not_held(wish, objections, audit.platform.clone()))
}

fn not_held(wish: &PlatformWish, objections: Vec<Objection>, best: PlatformTag) -> AuditError {
    let words: Vec<String> = objections.iter().map(Objection::to_string).collect();
    let first = if words.is_empty() {
        format!("its tag is `{best}`")
    } else {
        format!("it {}", words.join("; it "))
    };
    AuditError::NotHeld {
        wish: wish.to_string(),
        first,
        objections,
        best,
    }
}

fn linux(architecture: &str) -> PlatformTag {
    PlatformTag::Linux {
        architecture: architecture.to_owned(),
    }
}

/// Whether a file of the architecture `found` may go into a wheel for `wanted`: some machines have more than one name.
fn is_same_machine(found: &str, wanted: &str) -> bool {
    let family = |name: &str| {
        ["armv", "mips64", "mips"]
            .into_iter()
            .find(|family| name.starts_with(family))
    };
    found == wanted || family(found).is_some_and(|family_found| family(wanted) == Some(family_found))
}

impl Audit {
    /// The best platform, where it serves more systems than a tag that was chosen.
    #[must_use]
    pub fn better_than(&self, chosen: &PlatformTag) -> Option<&PlatformTag> {
        match (&self.platform, chosen) {
            (PlatformTag::Manylinux { minor: best, .. }, PlatformTag::Manylinux { minor, .. })
                if best < minor =>
            {
                Some(&self.platform)
            }
            (PlatformTag::Manylinux { .. } | PlatformTag::Musllinux { .. }, PlatformTag::Linux { .. }) => {
                Some(&self.platform)
            }
            _ => None,
        }
    }

    /// The C library that the file is made for; nothing where it needs none.
    #[must_use]
    pub fn c_library(&self) -> Option<CLibrary> {
        self.demands.c_library
    }
}

impl Demands {
    fn of(facts: &Facts) -> Self {
        let watched = |name: &str| {
            is_time64(name)
                || [CLibrary::Gnu, CLibrary::Musl]
                    .iter()
                    .any(|it| policies(*it).blocks_anywhere(name))
        };
        let strong = facts.undefined.iter().filter(|symbol| !symbol.weak);
        Self {
            architecture: facts.machine.to_string(),
            c_library: c_library(facts),
            needed: facts.needed.clone(),
            versions: facts
                .needed_versions
                .iter()
                .filter(|it| !is_loader(&it.library))
                .cloned()
                .collect(),
            symbols: strong
                .map(|symbol| &symbol.name)
                .filter(|name| watched(name))
                .cloned()
                .collect(),
            x86_64_level: facts.x86_64_level,
        }
    }

    /// What stands against a policy, which need not be one of the list.
    fn objections(&self, c_library: CLibrary, minor: u16) -> Vec<Objection> {
        let Some(deciding) = policies(c_library).deciding(&self.architecture, minor) else {
            return vec![Objection::Architecture {
                architecture: self.architecture.clone(),
            }];
        };
        if self.c_library.is_some_and(|own| own != c_library) {
            return vec![Objection::OtherLibc];
        }
        let mut objections = self.against_processors();
        objections.extend(self.against_libraries(c_library, deciding));
        objections.extend(self.against_symbols(c_library, deciding));
        match c_library {
            CLibrary::Gnu => objections.extend(self.against_versions(deciding, minor)),
            CLibrary::Musl => objections.extend(self.against_old_musl(minor)),
        }
        objections
    }

    fn against_processors(&self) -> Vec<Objection> {
        match self.x86_64_level {
            0 | 1 => Vec::new(),
            level => vec![Objection::InstructionSet {
                level: format!("x86-64-v{level}"),
            }],
        }
    }

    fn against_libraries(&self, c_library: CLibrary, deciding: u16) -> impl Iterator<Item = Objection> {
        let promised = move |name: &str| {
            let is_musl = c_library == CLibrary::Musl && is_musl_itself(name);
            is_musl || is_loader(name) || policies(c_library).promises(deciding, name)
        };
        self.needed
            .iter()
            .filter(move |library| !promised(library))
            .map(|library| {
                let library = library.clone();
                if is_libpython(&library) {
                    Objection::LinksPython { library }
                } else {
                    Objection::ForeignLibrary { library }
                }
            })
    }

    fn against_symbols(&self, c_library: CLibrary, deciding: u16) -> impl Iterator<Item = Objection> {
        let table = policies(c_library);
        table
            .libraries_with_blocked_symbols()
            .filter(|library| self.needed.iter().any(|needed| needed == library))
            .flat_map(move |library| {
                self.symbols
                    .iter()
                    .filter(move |symbol| table.blocks(deciding, library, symbol))
                    .map(|symbol| Objection::BlockedSymbol {
                        library: library.to_owned(),
                        symbol: symbol.clone(),
                    })
            })
    }

    fn against_versions(&self, deciding: u16, minor: u16) -> impl Iterator<Item = Objection> {
        let held = move |version: &str| {
            let (namespace, number) = version.split_once('_').unwrap_or((version, ""));
            policies(CLibrary::Gnu).has_version(&self.architecture, deciding, namespace, number)
                || (namespace == "GLIBC"
                    && deciding != minor
                    && glibc_minor(number).is_some_and(|it| it <= minor))
        };
        self.versions
            .iter()
            .filter(move |needed| !held(&needed.version))
            .map(|needed| Objection::TooNew {
                library: needed.library.clone(),
                version: needed.version.clone(),
                symbols: needed.symbols.clone(),
            })
    }

    /// musl 1.2 gave the functions that know the time new names where the old ones end in 2038.
    fn against_old_musl(&self, minor: u16) -> Option<Objection> {
        let symbols: Vec<String> = self
            .symbols
            .iter()
            .filter(|name| is_time64(name))
            .cloned()
            .collect();
        (minor < 2 && !symbols.is_empty()).then(|| Objection::TooNew {
            library: "libc.so".to_owned(),
            version: "musl 1.2".to_owned(),
            symbols,
        })
    }
}

/// `2.34` → 34; `2.3.4` → 3.
fn glibc_minor(version: &str) -> Option<u16> {
    version.strip_prefix("2.")?.split('.').next()?.parse().ok()
}

fn is_time64(symbol: &str) -> bool {
    symbol.starts_with("__") && symbol.ends_with("64") && symbol.contains("time")
}

/// The dynamic loader, which is on every system that can run the file at all.
fn is_loader(library: &str) -> bool {
    library.contains("ld-linux") || matches!(library, "ld64.so.1" | "ld64.so.2")
}

/// musl is its own loader, and has another name on the distributions that name it after the architecture.
fn is_musl_itself(library: &str) -> bool {
    library == "libc.so" || library.starts_with("libc.musl-") || library.starts_with("ld-musl-")
}

/// `libpython3.11.so.1.0`, `libpython3.13t.so`, `libpypy3.10-c.so`.
fn is_libpython(library: &str) -> bool {
    library.contains(".so") && (library.starts_with("libpython") || library.starts_with("libpypy"))
}

/// Told by the file alone: what it is linked to, else the interpreter it asks for, else whose versions it names.
fn c_library(facts: &Facts) -> Option<CLibrary> {
    let interpreter = facts
        .interpreter
        .iter()
        .filter_map(|path| path.rsplit('/').next());
    let libraries = facts.needed.iter().map(String::as_str).chain(interpreter);
    for library in libraries {
        if library.starts_with("libc.so.") || is_loader(library) {
            return Some(CLibrary::Gnu);
        }
        if is_musl_itself(library) {
            return Some(CLibrary::Musl);
        }
    }
    let versions = facts
        .needed_versions
        .iter()
        .any(|needed| needed.version.starts_with("GLIBC_"));
    versions.then_some(CLibrary::Gnu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::{Machine, Symbol};

    const X86_64: Machine = Machine {
        number: 62,
        is_64: true,
        is_little_endian: true,
        flags: 0,
    };
    const ARM_HARD_FLOAT: Machine = Machine {
        number: 40,
        is_64: false,
        is_little_endian: true,
        flags: 0x0500_0400,
    };

    /// A shared object that needs these libraries, and `(library, version, symbol)`.
    fn facts(needed: &[&str], versions: &[(&str, &str, &str)]) -> Facts {
        let undefined = versions.iter().map(|(_, _, symbol)| Symbol {
            name: (*symbol).to_owned(),
            weak: false,
        });
        Facts {
            machine: X86_64,
            object_type: 3,
            soname: None,
            needed: needed.iter().map(|name| (*name).to_owned()).collect(),
            rpath: None,
            runpath: None,
            interpreter: None,
            needed_versions: versions
                .iter()
                .filter(|(_, version, _)| !version.is_empty())
                .map(|(library, version, symbol)| NeededVersion {
                    library: (*library).to_owned(),
                    version: (*version).to_owned(),
                    symbols: vec![(*symbol).to_owned()],
                    weak: false,
                })
                .collect(),
            provided_versions: Vec::new(),
            undefined: undefined.collect(),
            exported: Vec::new(),
            flags: 0,
            flags_1: 0,
            build_id: None,
            is_dynamic: true,
            is_stripped: true,
            is_pie: false,
            has_executable_stack: false,
            x86_64_level: 1,
        }
    }

    fn wish(text: &str) -> PlatformWish {
        PlatformWish::parse(text).unwrap()
    }

    fn chosen(facts: &Facts, wishes: &[&str], architecture: &str) -> Result<Vec<String>, String> {
        let wishes: Vec<PlatformWish> = wishes.iter().map(|text| wish(text)).collect();
        choose(&audit(facts), &wishes, architecture)
            .map(|tags| tags.iter().map(ToString::to_string).collect())
            .map_err(|error| error.to_string())
    }

    fn glibc(version: &str) -> Facts {
        facts(&["libc.so.6"], &[("libc.so.6", version, "stat")])
    }

    #[test]
    fn the_most_portable_policy_that_holds_wins() {
        for (version, platform) in [
            ("GLIBC_2.2.5", "manylinux_2_5_x86_64"),
            ("GLIBC_2.17", "manylinux_2_17_x86_64"),
            ("GLIBC_2.18", "manylinux_2_24_x86_64"),
            ("GLIBC_2.34", "manylinux_2_34_x86_64"),
            ("GLIBC_ABI_DT_RELR", "manylinux_2_36_x86_64"),
            ("GLIBC_PRIVATE", "linux_x86_64"),
            ("GLIBC_2.99", "linux_x86_64"),
            ("OPENSSL_3.0.0", "manylinux_2_5_x86_64"),
        ] {
            assert_eq!(audit(&glibc(version)).platform.to_string(), platform, "{version}");
        }
    }

    #[test]
    fn what_is_too_new_is_named_with_library_version_and_symbol() {
        assert_eq!(
            chosen(&glibc("GLIBC_2.34"), &["2014"], "x86_64"),
            Err("the shared object does not hold to `manylinux_2_17`: it needs `GLIBC_2.34` of libc.so.6 (for `stat`)".to_owned())
        );
    }

    #[test]
    fn long_lists_of_symbols_are_cut() {
        let symbols = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
        let objection = Objection::TooNew {
            library: "libm.so.6".to_owned(),
            version: "GLIBC_2.29".to_owned(),
            symbols,
        };
        assert_eq!(
            objection.to_string(),
            "needs `GLIBC_2.29` of libm.so.6 (for `a`, `b`, `c`, `d` and 2 more)"
        );
    }

    #[test]
    fn a_version_between_two_policies_is_judged_by_what_that_c_library_has() {
        assert_eq!(
            chosen(&glibc("GLIBC_2.29"), &["2_29"], "x86_64"),
            Ok(vec!["manylinux_2_29_x86_64".to_owned()])
        );
        assert_eq!(
            chosen(&glibc("GLIBC_2.30"), &["2_30"], "x86_64"),
            Ok(vec!["manylinux_2_30_x86_64".to_owned()])
        );
        assert_eq!(
            chosen(&glibc("GLIBC_2.99"), &["2_99"], "x86_64"),
            Ok(vec!["manylinux_2_99_x86_64".to_owned()])
        );
        assert!(
            chosen(&glibc("GLIBC_2.30"), &["2_29"], "x86_64")
                .unwrap_err()
                .contains("`GLIBC_2.30`")
        );
        assert!(chosen(&glibc("GLIBC_PRIVATE"), &["2_29"], "x86_64").is_err());
        let newer_compiler = facts(
            &["libstdc++.so.6", "libc.so.6"],
            &[("libstdc++.so.6", "GLIBCXX_3.4.25", "f")],
        );
        assert!(
            chosen(&newer_compiler, &["2_29"], "x86_64").is_err(),
            "only the policy at 2.31 has that compiler"
        );
    }

    #[test]
    fn a_policy_older_than_the_architecture_is_unknown() {
        let mut facts = glibc("GLIBC_2.17");
        facts.machine.number = 183;
        let error = chosen(&facts, &["2_12"], "aarch64").unwrap_err();
        assert!(
            error.starts_with(
                "there is no policy `manylinux_2_12`: the ones for aarch64 are manylinux_2_17_aarch64, "
            ),
            "{error}"
        );
        assert!(chosen(&glibc("GLIBC_2.5"), &["manylinux_3_0"], "x86_64").is_err());
    }

    #[test]
    fn a_foreign_library_leaves_the_plain_tag_and_says_why() {
        let facts = facts(
            &["libfoo.so.1", "libc.so.6"],
            &[("libc.so.6", "GLIBC_2.5", "stat")],
        );
        let audit = audit(&facts);
        assert_eq!(audit.platform.to_string(), "linux_x86_64");
        assert_eq!(
            audit.remaining,
            [Objection::ForeignLibrary {
                library: "libfoo.so.1".to_owned()
            }]
        );
        assert!(chosen(&facts, &["2_28"], "x86_64").is_err());
        assert_eq!(
            chosen(&facts, &["linux"], "x86_64"),
            Ok(vec!["linux_x86_64".to_owned()])
        );
    }

    #[test]
    fn libpython_is_never_promised() {
        for library in [
            "libpython3.11.so.1.0",
            "libpython3.13t.so.1.0",
            "libpypy3.10-c.so",
        ] {
            let audit = audit(&facts(&[library, "libc.so.6"], &[]));
            assert_eq!(audit.platform.to_string(), "linux_x86_64");
            assert_eq!(
                audit.remaining,
                [Objection::LinksPython {
                    library: library.to_owned()
                }]
            );
        }
    }

    #[test]
    fn the_loader_is_on_every_system() {
        let facts = facts(
            &["libc.so.6", "ld-linux-x86-64.so.2"],
            &[("ld-linux-x86-64.so.2", "GLIBC_2.35", "_dl_find_object")],
        );
        assert_eq!(audit(&facts).platform.to_string(), "manylinux_2_5_x86_64");
    }

    #[test]
    fn blocked_symbols_count_where_their_library_is_needed_and_they_are_not_weak() {
        let mut facts = facts(&["libz.so.1", "libc.so.6"], &[("libz.so.1", "", "uncompress2")]);
        assert_eq!(audit(&facts).platform.to_string(), "manylinux_2_34_x86_64");
        facts.undefined[0].weak = true;
        assert_eq!(audit(&facts).platform.to_string(), "manylinux_2_5_x86_64");
        facts.undefined[0].weak = false;
        facts.needed = vec!["libc.so.6".to_owned()];
        assert_eq!(audit(&facts).platform.to_string(), "manylinux_2_5_x86_64");
    }

    #[test]
    fn musl_is_told_by_the_file() {
        for library in ["libc.musl-x86_64.so.1", "libc.so"] {
            let musl = facts(&[library], &[]);
            assert_eq!(audit(&musl).platform.to_string(), "musllinux_1_2_x86_64");
            assert_eq!(
                chosen(&musl, &["musllinux_1_1"], "x86_64"),
                Ok(vec!["musllinux_1_1_x86_64".to_owned()])
            );
            assert!(
                chosen(&musl, &["2_28"], "x86_64")
                    .unwrap_err()
                    .contains("another C library")
            );
        }
        assert!(chosen(&glibc("GLIBC_2.5"), &["musllinux_1_2"], "x86_64").is_err());
    }

    #[test]
    fn musl_with_the_later_time_functions_is_not_the_old_one() {
        let mut musl = facts(&["libc.so"], &[("libc.so", "", "__clock_gettime64")]);
        musl.machine = ARM_HARD_FLOAT;
        assert!(
            chosen(&musl, &["musllinux_1_1"], "armv7l")
                .unwrap_err()
                .contains("musl 1.2")
        );
        assert!(chosen(&musl, &["musllinux_1_2"], "armv7l").is_ok());
    }

    #[test]
    fn a_file_that_needs_no_c_library_serves_both() {
        let bare = facts(&[], &[]);
        assert_eq!(
            chosen(&bare, &["manylinux2014", "musllinux_1_2"], "x86_64"),
            Ok(vec![
                "manylinux_2_17_x86_64".to_owned(),
                "musllinux_1_2_x86_64".to_owned()
            ])
        );
        assert_eq!(
            chosen(&bare, &[], "x86_64"),
            Ok(vec!["manylinux_2_5_x86_64".to_owned()])
        );
    }

    #[test]
    fn a_file_for_another_machine_is_refused() {
        assert_eq!(
            chosen(&glibc("GLIBC_2.5"), &[], "aarch64"),
            Err("the shared object is made for x86_64, but the wheel is for aarch64".to_owned())
        );
        let mut x32 = glibc("GLIBC_2.16");
        x32.machine.is_64 = false;
        assert!(
            chosen(&x32, &[], "x86_64")
                .unwrap_err()
                .contains("made for machine 62 (32-bit, little-endian)")
        );
    }

    #[test]
    fn an_arm_file_for_the_older_boards_gets_the_plain_tag() {
        let mut arm = glibc("GLIBC_2.4");
        arm.machine = ARM_HARD_FLOAT;
        assert_eq!(
            chosen(&arm, &[], "armv7l"),
            Ok(vec!["manylinux_2_17_armv7l".to_owned()])
        );
        assert_eq!(chosen(&arm, &[], "armv6l"), Ok(vec!["linux_armv6l".to_owned()]));
        assert_eq!(
            chosen(&arm, &["pypi"], "armv6l"),
            Ok(vec!["linux_armv6l".to_owned()])
        );
        assert!(
            chosen(&arm, &["2014"], "armv6l")
                .unwrap_err()
                .ends_with("the ones for armv6l are none")
        );
    }

    #[test]
    fn the_index_takes_no_plain_tag() {
        assert_eq!(
            chosen(&glibc("GLIBC_2.34"), &["pypi"], "x86_64"),
            Ok(vec!["manylinux_2_34_x86_64".to_owned()])
        );
        assert_eq!(
            chosen(&glibc("GLIBC_2.34"), &["pypi", "2_39"], "x86_64"),
            Ok(vec!["manylinux_2_39_x86_64".to_owned()])
        );
        assert!(
            chosen(&glibc("GLIBC_2.99"), &["pypi"], "x86_64")
                .unwrap_err()
                .contains("`GLIBC_2.99`")
        );
        assert!(chosen(&glibc("GLIBC_2.5"), &["pypi", "linux"], "x86_64").is_err());
    }

    #[test]
    fn a_better_platform_than_the_wished_one_is_told() {
        let audit = audit(&glibc("GLIBC_2.17"));
        let tag = |text: &str| choose(&audit, &[wish(text)], "x86_64").unwrap().remove(0);
        assert_eq!(
            audit.better_than(&tag("2_28")).map(ToString::to_string),
            Some("manylinux_2_17_x86_64".to_owned())
        );
        assert_eq!(audit.better_than(&tag("2_17")), None);
    }

    #[test]
    fn an_instruction_set_that_not_every_processor_has_leaves_the_plain_tag() {
        let mut facts = glibc("GLIBC_2.5");
        facts.x86_64_level = 3;
        let audit = audit(&facts);
        assert_eq!(audit.platform.to_string(), "linux_x86_64");
        assert_eq!(
            audit.remaining,
            [Objection::InstructionSet {
                level: "x86-64-v3".to_owned()
            }]
        );
    }
}

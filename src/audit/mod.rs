//! Takes the ELF files of a wheel and their closure. Gives a verdict for each policy, and the best platform that holds.
//! Knows nothing of archives; reads no file but in `close` and `packages`.

pub mod bringers;
pub mod closure;
pub mod image;
pub mod packages;
pub mod policy;
mod run_path;
mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use crate::archive::ArchivePath;
use crate::elf::{Facts, NeededVersion};
use crate::tag::{PlatformTag, PlatformWish};

pub use closure::{Closure, ClosureError, Object, Place, Search, close};
pub use policy::CLibrary;
pub use policy::is_libpython;
use policy::{is_loader, policies};
pub use run_path::among_packages;

/// Whether libraries that a policy does not promise may be copied into the wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grafting {
    /// They will be: what counts is whether the wheel holds then.
    Allowed,
    /// The wheel is judged as it is.
    Forbidden,
}

/// Whose fault it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A file of the wheel.
    Object(ArchivePath),
    /// A library of this machine that would be copied into the wheel.
    Library(PathBuf),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(path) => path.fmt(f),
            Self::Library(path) => path.display().fmt(f),
        }
    }
}

/// What stands against a policy. Data, never an error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Objection {
    /// The file that asks for too much.
    pub subject: Subject,
    /// What it asks for.
    pub cause: Cause,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.subject, self.cause)
    }
}

/// What a file asks for that a policy does not give. Prints as the end of a sentence about the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
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
    /// A library that the policy does not promise, and that is nowhere.
    MissingLibrary {
        /// Its soname.
        library: String,
        /// Where it was looked for.
        searched: Vec<PathBuf>,
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
    /// The file is for another machine than the rest of the wheel.
    OtherMachine {
        /// Its own.
        architecture: String,
    },
    /// The file is linked to libpython, which extensions must not be.
    LinksPython {
        /// `libpython3.11.so.1.0`.
        library: String,
    },
    /// The file asks for symbols that only Pythons of long ago had, and only some of them.
    OldPython {
        /// `PyUnicodeUCS2_…` or `PyFPE_jbuf`.
        symbol: String,
    },
    /// The file is made for the other C library.
    OtherLibc,
    /// The file says that it needs more than every processor of its architecture has.
    InstructionSet {
        /// `x86-64-v3`.
        level: String,
    },
}

impl Cause {
    /// A word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TooNew { .. } => "too-new",
            Self::ForeignLibrary { .. } => "foreign-library",
            Self::MissingLibrary { .. } => "missing-library",
            Self::BlockedSymbol { .. } => "blocked-symbol",
            Self::Architecture { .. } => "architecture",
            Self::OtherMachine { .. } => "other-machine",
            Self::LinksPython { .. } => "links-python",
            Self::OldPython { .. } => "old-python",
            Self::OtherLibc => "other-libc",
            Self::InstructionSet { .. } => "instruction-set",
        }
    }
}

impl fmt::Display for Cause {
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
            Self::MissingLibrary { library, searched } => {
                write!(
                    f,
                    "needs `{library}`, which is in none of the {} folders searched",
                    searched.len()
                )
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
            Self::OtherMachine { architecture } => {
                write!(f, "is for {architecture}, and others of the wheel are not")
            }
            Self::LinksPython { library } => {
                write!(
                    f,
                    "is linked to `{library}`, which an extension must leave to the interpreter"
                )
            }
            Self::OldPython { symbol } => {
                write!(f, "needs `{symbol}`, which only some Pythons of long ago had")
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
    /// What stands against it even once its [`Verdict::libraries`] are in the wheel, those libraries' own faults among it.
    pub objections: Vec<Objection>,
    /// What else stands against it as long as they are not.
    pub foreign: Vec<Objection>,
    /// The libraries, by real path, that the wheel would have to bring: those that the policy does not promise, and those behind
    /// them.
    pub libraries: BTreeSet<PathBuf>,
}

impl Verdict {
    /// What stands against the policy.
    pub fn against(&self, grafting: Grafting) -> impl Iterator<Item = &Objection> {
        let foreign = match grafting {
            Grafting::Allowed => [].as_slice(),
            Grafting::Forbidden => self.foreign.as_slice(),
        };
        self.objections.iter().chain(foreign)
    }

    /// Whether nothing stands against it.
    #[must_use]
    pub fn holds(&self, grafting: Grafting) -> bool {
        self.against(grafting).next().is_none()
    }
}

/// The outcome of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// A verdict for each policy of the wheel's C library, the most portable first.
    pub verdicts: Vec<Verdict>,
    /// As the tags spell it, or a description where no tag names it; nothing where no file counts.
    architecture: String,
    /// The C library the wheel is made for; nothing where it needs none.
    c_library: Option<CLibrary>,
    /// What each file asks of a system: enough to judge a policy that no list has.
    demands: BTreeMap<Subject, Demands>,
}

/// What a file asks of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Demands {
    architecture: String,
    c_library: Option<CLibrary>,
    needs: Vec<Need>,
    versions: Vec<NeededVersion>,
    /// Undefined symbols that are not weak, as far as a policy may block them or they tell the version of musl or Python.
    symbols: BTreeSet<String>,
    x86_64_level: u8,
}

/// A needed library.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Need {
    library: String,
    /// Nothing where nobody looked for it.
    place: Option<Place>,
    /// Where it was looked for in vain.
    searched: Vec<PathBuf>,
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
    #[error("the {what} does not hold to `{wish}`: {first}")]
    NotHeld {
        /// `shared object`, or `wheel` where it has several.
        what: &'static str,
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

/// Judges the ELF files of a wheel against every policy of their architecture and C library. What no loader loads (object files,
/// static programs, code for graphics processors) asks nothing of a system but the processor it runs on.
///
/// Where the closure says nothing of a needed library, it is nowhere.
#[must_use]
pub fn audit(objects: &[Object], closure: &Closure) -> Audit {
    let counted: Vec<&Object> = objects.iter().filter(|object| is_loaded(&object.facts)).collect();
    let programs = objects
        .iter()
        .filter(|object| object.facts.object_type == PROGRAM);
    let c_library = commonest(counted.iter().filter_map(|object| CLibrary::of(&object.facts)));
    let architecture = commonest(counted.iter().map(|object| object.facts.machine.to_string()))
        .or_else(|| commonest(programs.map(|object| object.facts.machine.to_string())))
        .unwrap_or_default();
    let of_objects = counted.iter().map(|object| {
        let needs = closure.objects.get(&object.path);
        (
            Subject::Object(object.path.clone()),
            Demands::of(&object.facts, needs, closure),
        )
    });
    let of_libraries = closure.libraries.iter().map(|(path, library)| {
        let demands = Demands::of(&library.facts, Some(&library.needs), closure);
        (Subject::Library(path.clone()), demands)
    });
    let mut audit = Audit {
        verdicts: Vec::new(),
        architecture,
        c_library,
        demands: of_objects.chain(of_libraries).collect(),
    };
    let c_library = audit.judged_by();
    audit.verdicts = policies(c_library)
        .minors(&audit.architecture)
        .map(|minor| audit.verdict(c_library, minor))
        .collect();
    audit
}

/// `ET_EXEC`.
const PROGRAM: u16 = 2;
/// `ET_DYN`.
const SHARED: u16 = 3;

/// Whether a loader has anything to do with a file.
fn is_loaded(facts: &Facts) -> bool {
    facts.is_dynamic && matches!(facts.object_type, PROGRAM | SHARED)
}

/// What comes up most often, the first of those that come up as often.
fn commonest<T: Ord + Clone>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let most = counts.values().copied().max()?;
    counts
        .into_iter()
        .find(|(_, count)| *count == most)
        .map(|(value, _)| value)
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
    grafting: Grafting,
) -> Result<Vec<PlatformTag>, AuditError> {
    let found = &audit.architecture;
    if !is_same_machine(found, architecture) {
        return Err(AuditError::Machine {
            found: found.clone(),
            wanted: architecture.to_owned(),
        });
    }
    // Where the target's name is another than the file's own (an ARM file does not tell v6 from v7), the file's policies would
    // promise too much.
    let best = if found == architecture {
        audit.best(grafting)
    } else {
        linux(architecture)
    };
    let (for_index, others): (Vec<_>, Vec<_>) = wishes.iter().partition(|wish| **wish == PlatformWish::Pypi);
    let mut tags = Vec::new();
    for wish in others {
        let granted = |c_library, version| granted(audit, wish, c_library, version, architecture, grafting);
        let tag = match *wish {
            PlatformWish::Manylinux(major, minor) => granted(CLibrary::Gnu, (major, minor))?,
            PlatformWish::Musllinux(major, minor) => granted(CLibrary::Musl, (major, minor))?,
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
        return Err(audit.not_held(&PlatformWish::Pypi, audit.remaining(grafting), best));
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
    grafting: Grafting,
) -> Result<PlatformTag, AuditError> {
    let table = policies(c_library);
    let has_policies = audit.architecture == architecture && major == table.major();
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
    let verdict = audit.verdict(c_library, minor);
    if verdict.holds(grafting) {
        return Ok(c_library.tag(major, minor, architecture));
    }
    let objections = verdict.against(grafting).cloned().collect();
    Err(audit.not_held(wish, objections, audit.best(grafting)))
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
    /// The best platform that holds: of those for which the fewest libraries have to be copied, the most portable one. `linux_*`
    /// where none holds.
    #[must_use]
    pub fn best(&self, grafting: Grafting) -> PlatformTag {
        let holding = || self.verdicts.iter().filter(|verdict| verdict.holds(grafting));
        let fewest = holding().map(|verdict| verdict.libraries.len()).min();
        let mut best = holding().filter(|verdict| Some(verdict.libraries.len()) == fewest);
        // musl's symbols have no versions: nothing in a file proves that it runs on the older one, so that only the newest is
        // claimed unasked.
        let best = match self.judged_by() {
            CLibrary::Gnu => best.next(),
            CLibrary::Musl => best.next_back(),
        };
        best.map_or_else(|| linux(&self.architecture), |verdict| verdict.platform.clone())
    }

    /// What stands against the least demanding policy: why the platform is `linux_*`, if it is.
    #[must_use]
    pub fn remaining(&self, grafting: Grafting) -> Vec<Objection> {
        match self.verdicts.last() {
            Some(verdict) => verdict.against(grafting).cloned().collect(),
            None => self
                .demands
                .keys()
                .take(1)
                .map(|subject| Objection {
                    subject: subject.clone(),
                    cause: Cause::Architecture {
                        architecture: self.architecture.clone(),
                    },
                })
                .collect(),
        }
    }

    /// The libraries, by real path, that have to be copied into a wheel of these tags. `linux_*` promises nothing, so that nothing
    /// is copied for it.
    #[must_use]
    pub fn to_graft(&self, tags: &[PlatformTag]) -> BTreeSet<PathBuf> {
        tags.iter()
            .flat_map(|tag| match *tag {
                PlatformTag::Manylinux { minor, .. } => self.verdict(CLibrary::Gnu, minor).libraries,
                PlatformTag::Musllinux { minor, .. } => self.verdict(CLibrary::Musl, minor).libraries,
                PlatformTag::Linux { .. } | PlatformTag::Verbatim(_) => BTreeSet::new(),
            })
            .collect()
    }

    /// The best platform, where it serves more systems than a tag that was chosen.
    #[must_use]
    pub fn better_than(&self, chosen: &PlatformTag, grafting: Grafting) -> Option<PlatformTag> {
        let best = self.best(grafting);
        let is_better = match (&best, chosen) {
            (PlatformTag::Manylinux { minor: best, .. }, PlatformTag::Manylinux { minor, .. }) => {
                best < minor
            }
            (best, PlatformTag::Linux { .. }) => !matches!(best, PlatformTag::Linux { .. }),
            _ => false,
        };
        is_better.then_some(best)
    }

    /// The C library that the wheel is made for; nothing where it needs none.
    #[must_use]
    pub fn c_library(&self) -> Option<CLibrary> {
        self.c_library
    }

    /// The architecture that most of the wheel's files are for, as tags spell it.
    #[must_use]
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// Files that need no C library run beside either; manylinux is the tag that serves more systems.
    fn judged_by(&self) -> CLibrary {
        self.c_library.unwrap_or(CLibrary::Gnu)
    }

    /// What a policy says, which need not be one of the list.
    fn verdict(&self, c_library: CLibrary, minor: u16) -> Verdict {
        let table = policies(c_library);
        let mut verdict = Verdict {
            platform: c_library.tag(table.major(), minor, &self.architecture),
            objections: Vec::new(),
            foreign: Vec::new(),
            libraries: BTreeSet::new(),
        };
        let is_object = |subject: &&Subject| matches!(subject, Subject::Object(_));
        let mut waiting: Vec<Subject> = self.demands.keys().filter(is_object).cloned().collect();
        waiting.reverse();
        while let Some(subject) = waiting.pop() {
            let Some(demands) = self.demands.get(&subject) else {
                continue;
            };
            let policy = table.deciding(&self.architecture, minor).map(|deciding| Policy {
                c_library,
                minor,
                deciding,
                architecture: &self.architecture,
            });
            let objection = |cause| Objection {
                subject: subject.clone(),
                cause,
            };
            let Some(policy) = policy else {
                verdict.objections.push(objection(Cause::Architecture {
                    architecture: self.architecture.clone(),
                }));
                continue;
            };
            verdict
                .objections
                .extend(demands.against(policy).into_iter().map(objection));
            for (library, path) in demands.outside(policy) {
                if matches!(subject, Subject::Object(_)) {
                    let library = library.to_owned();
                    verdict.foreign.push(objection(Cause::ForeignLibrary { library }));
                }
                if verdict.libraries.insert(path.clone()) {
                    waiting.push(Subject::Library(path.clone()));
                }
            }
        }
        verdict
    }

    fn not_held(&self, wish: &PlatformWish, objections: Vec<Objection>, best: PlatformTag) -> AuditError {
        const SHOWN: usize = 8;
        let objects = self.demands.keys().filter(|it| matches!(it, Subject::Object(_)));
        let is_alone = objects.count() == 1;
        let mut words: Vec<String> = objections
            .iter()
            .take(SHOWN)
            .map(|objection| match &objection.subject {
                Subject::Object(_) if is_alone => format!("it {}", objection.cause),
                _ => objection.to_string(),
            })
            .collect();
        if let Some(more) = objections.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            words.push(format!("and {more} more objections"));
        }
        let first = if words.is_empty() {
            format!("its tag is `{best}`")
        } else {
            words.join("; ")
        };
        AuditError::NotHeld {
            what: if is_alone { "shared object" } else { "wheel" },
            wish: wish.to_string(),
            first,
            objections,
            best,
        }
    }
}

/// The newest policy, for a platform that is newer than all of them; nothing for one that policies speak of.
#[must_use]
pub fn newest_before(platform: &PlatformTag) -> Option<PlatformTag> {
    let (c_library, major, minor, architecture) = match platform {
        PlatformTag::Manylinux {
            major,
            minor,
            architecture,
        } => (CLibrary::Gnu, *major, *minor, architecture),
        PlatformTag::Musllinux {
            major,
            minor,
            architecture,
        } => (CLibrary::Musl, *major, *minor, architecture),
        PlatformTag::Linux { .. } | PlatformTag::Verbatim(_) => return None,
    };
    let newest = policies(c_library).minors(architecture).last()?;
    (newest < minor).then(|| c_library.tag(major, newest, architecture))
}

/// A policy, or a version of the C library between two.
#[derive(Debug, Clone, Copy)]
struct Policy<'a> {
    c_library: CLibrary,
    minor: u16,
    /// The newest policy that is not above it.
    deciding: u16,
    /// The wheel's.
    architecture: &'a str,
}

impl Demands {
    fn of(facts: &Facts, needs: Option<&BTreeMap<String, Place>>, closure: &Closure) -> Self {
        let watched = |name: &str| {
            is_time64(name)
                || is_of_old_python(name)
                || [CLibrary::Gnu, CLibrary::Musl]
                    .iter()
                    .any(|it| policies(*it).blocks_anywhere(name))
        };
        let strong = facts.undefined.iter().filter(|symbol| !symbol.weak);
        Self {
            architecture: facts.machine.to_string(),
            c_library: CLibrary::of(facts),
            needs: facts
                .needed
                .iter()
                .map(|library| Need {
                    library: library.clone(),
                    // A program that embeds Python brings no interpreter along, so it has to be linked to one.
                    place: if facts.interpreter.is_some() && is_libpython(library) {
                        Some(Place::Excluded)
                    } else {
                        needs.and_then(|needs| needs.get(library)).cloned()
                    },
                    searched: closure.searched.get(library).cloned().unwrap_or_default(),
                })
                .collect(),
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

    /// What stands against a policy, but for the libraries that could be copied.
    fn against(&self, policy: Policy<'_>) -> Vec<Cause> {
        if self.architecture != policy.architecture {
            return vec![Cause::OtherMachine {
                architecture: self.architecture.clone(),
            }];
        }
        if self.c_library.is_some_and(|own| own != policy.c_library) {
            return vec![Cause::OtherLibc];
        }
        let mut causes = self.against_processors();
        causes.extend(self.against_libraries(policy));
        causes.extend(self.against_symbols(policy));
        match policy.c_library {
            CLibrary::Gnu => causes.extend(self.against_versions(policy)),
            CLibrary::Musl => causes.extend(self.against_old_musl(policy.minor)),
        }
        causes
    }

    fn against_processors(&self) -> Vec<Cause> {
        match self.x86_64_level {
            0 | 1 => Vec::new(),
            level => vec![Cause::InstructionSet {
                level: format!("x86-64-v{level}"),
            }],
        }
    }

    /// Needed libraries that neither the policy has nor the wheel, nor are they to be left out.
    fn unpromised(&self, policy: Policy<'_>) -> impl Iterator<Item = &Need> {
        let is_settled = |need: &Need| matches!(need.place, Some(Place::Wheel(_) | Place::Excluded));
        self.needs
            .iter()
            .filter(move |need| !is_settled(need) && !policy.c_library.has(policy.deciding, &need.library))
    }

    /// Libraries that could be copied: the name each is needed by, and its real path.
    fn outside(&self, policy: Policy<'_>) -> impl Iterator<Item = (&str, &PathBuf)> {
        self.unpromised(policy).filter_map(|need| match &need.place {
            Some(Place::Machine(path)) => Some((need.library.as_str(), path)),
            _ => None,
        })
    }

    fn against_libraries(&self, policy: Policy<'_>) -> impl Iterator<Item = Cause> {
        self.unpromised(policy)
            .filter(|need| !matches!(need.place, Some(Place::Machine(_))))
            .map(|need| {
                let library = need.library.clone();
                if is_libpython(&library) {
                    Cause::LinksPython { library }
                } else if need.searched.is_empty() {
                    Cause::ForeignLibrary { library }
                } else {
                    let searched = need.searched.clone();
                    Cause::MissingLibrary { library, searched }
                }
            })
    }

    /// Whether a library is the system's: needed, and neither in the wheel nor left out.
    fn asks_system_for(&self, library: &str) -> bool {
        self.needs
            .iter()
            .filter(|need| need.library == library)
            .any(|need| !matches!(need.place, Some(Place::Wheel(_) | Place::Excluded)))
    }

    fn against_symbols(&self, policy: Policy<'_>) -> impl Iterator<Item = Cause> {
        let table = policies(policy.c_library);
        let of_python = self
            .symbols
            .iter()
            .filter(|symbol| is_of_old_python(symbol))
            .map(|symbol| Cause::OldPython {
                symbol: symbol.clone(),
            });
        table
            .libraries_with_blocked_symbols()
            .filter(|library| self.asks_system_for(library))
            .flat_map(move |library| {
                self.symbols
                    .iter()
                    .filter(move |symbol| table.blocks(policy.deciding, library, symbol))
                    .map(|symbol| Cause::BlockedSymbol {
                        library: library.to_owned(),
                        symbol: symbol.clone(),
                    })
            })
            .chain(of_python)
    }

    fn against_versions(&self, policy: Policy<'_>) -> impl Iterator<Item = Cause> {
        let Policy { minor, deciding, .. } = policy;
        let held = move |version: &str| {
            let (namespace, number) = version.split_once('_').unwrap_or((version, ""));
            policies(CLibrary::Gnu).has_version(&self.architecture, deciding, namespace, number)
                || (namespace == "GLIBC"
                    && deciding != minor
                    && glibc_minor(number).is_some_and(|it| it <= minor))
        };
        let is_brought = |library: &str| {
            self.needs.iter().any(|need| need.library == library) && !self.asks_system_for(library)
        };
        self.versions
            .iter()
            .filter(move |needed| !is_brought(&needed.library) && !held(&needed.version))
            .map(|needed| Cause::TooNew {
                library: needed.library.clone(),
                version: needed.version.clone(),
                symbols: needed.symbols.clone(),
            })
    }

    /// musl 1.2 gave the functions that know the time new names where the old ones end in 2038.
    fn against_old_musl(&self, minor: u16) -> Option<Cause> {
        let symbols: Vec<String> = self
            .symbols
            .iter()
            .filter(|name| is_time64(name))
            .cloned()
            .collect();
        (minor < 2 && !symbols.is_empty()).then(|| Cause::TooNew {
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

/// Symbols of Pythons whose Unicode has two bytes a character, or whose floating point is guarded: others do not have them.
fn is_of_old_python(symbol: &str) -> bool {
    symbol.starts_with("PyUnicodeUCS2_") || symbol == "PyFPE_jbuf"
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

    fn object(path: &str, facts: Facts) -> Object {
        Object {
            path: ArchivePath::parse(path).unwrap(),
            facts,
        }
    }

    /// The audit of one extension that nobody has followed.
    fn judged(facts: &Facts) -> Audit {
        audit(&[object("demo.so", facts.clone())], &Closure::default())
    }

    fn best(facts: &Facts) -> String {
        judged(facts).best(Grafting::Forbidden).to_string()
    }

    fn causes(audit: &Audit, grafting: Grafting) -> Vec<Cause> {
        audit.remaining(grafting).into_iter().map(|it| it.cause).collect()
    }

    fn chosen(facts: &Facts, wishes: &[&str], architecture: &str) -> Result<Vec<String>, String> {
        let wishes: Vec<PlatformWish> = wishes.iter().map(|text| wish(text)).collect();
        choose(&judged(facts), &wishes, architecture, Grafting::Forbidden)
            .map(|tags| tags.iter().map(ToString::to_string).collect())
            .map_err(|error| error.to_string())
    }

    fn glibc(version: &str) -> Facts {
        facts(&["libc.so.6"], &[("libc.so.6", version, "stat")])
    }

    #[test]
    fn a_platform_beyond_all_policies_is_known_as_such() {
        let beyond = |minor: u16| newest_before(&CLibrary::Gnu.tag(2, minor, "x86_64"));
        assert_eq!(beyond(17), None);
        let newest = beyond(99).expect("no policy has that number");
        assert!(newest.to_string().starts_with("manylinux_2_"), "{newest}");
        assert_eq!(newest_before(&newest), None);
        assert_eq!(newest_before(&CLibrary::Gnu.tag(2, 99, "z80")), None);
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
            assert_eq!(best(&glibc(version)), platform, "{version}");
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
        let cause = Cause::TooNew {
            library: "libm.so.6".to_owned(),
            version: "GLIBC_2.29".to_owned(),
            symbols,
        };
        assert_eq!(
            cause.to_string(),
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
        assert_eq!(best(&facts), "linux_x86_64");
        assert_eq!(
            causes(&judged(&facts), Grafting::Forbidden),
            [Cause::ForeignLibrary {
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
            let facts = facts(&[library, "libc.so.6"], &[]);
            assert_eq!(best(&facts), "linux_x86_64");
            assert_eq!(
                causes(&judged(&facts), Grafting::Forbidden),
                [Cause::LinksPython {
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
        assert_eq!(best(&facts), "manylinux_2_5_x86_64");
    }

    #[test]
    fn blocked_symbols_count_where_their_library_is_needed_and_they_are_not_weak() {
        let mut facts = facts(&["libz.so.1", "libc.so.6"], &[("libz.so.1", "", "uncompress2")]);
        assert_eq!(best(&facts), "manylinux_2_34_x86_64");
        facts.undefined[0].weak = true;
        assert_eq!(best(&facts), "manylinux_2_5_x86_64");
        facts.undefined[0].weak = false;
        facts.needed = vec!["libc.so.6".to_owned()];
        assert_eq!(best(&facts), "manylinux_2_5_x86_64");
    }

    #[test]
    fn musl_is_told_by_the_file() {
        for library in ["libc.musl-x86_64.so.1", "libc.so"] {
            let musl = facts(&[library], &[]);
            assert_eq!(best(&musl), "musllinux_1_2_x86_64");
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
        let audit = judged(&glibc("GLIBC_2.17"));
        let better = |text: &str| {
            let tag = choose(&audit, &[wish(text)], "x86_64", Grafting::Forbidden)
                .unwrap()
                .remove(0);
            audit
                .better_than(&tag, Grafting::Forbidden)
                .map(|tag| tag.to_string())
        };
        assert_eq!(better("2_28"), Some("manylinux_2_17_x86_64".to_owned()));
        assert_eq!(better("2_17"), None);
    }

    #[test]
    fn an_instruction_set_that_not_every_processor_has_leaves_the_plain_tag() {
        let mut facts = glibc("GLIBC_2.5");
        facts.x86_64_level = 3;
        assert_eq!(best(&facts), "linux_x86_64");
        assert_eq!(
            causes(&judged(&facts), Grafting::Forbidden),
            [Cause::InstructionSet {
                level: "x86-64-v3".to_owned()
            }]
        );
    }

    /// A closure in which `demo.so` finds `libfoo.so.1`, which finds `libbar.so.2`; and what those two ask for.
    fn found(libraries: &[(&str, &str, Facts)]) -> Closure {
        let places: BTreeMap<String, Place> = libraries
            .iter()
            .map(|(name, path, _)| ((*name).to_owned(), Place::Machine(PathBuf::from(path))))
            .collect();
        let needs = |facts: &Facts| {
            facts
                .needed
                .iter()
                .map(|name| (name.clone(), places.get(name).cloned().unwrap_or(Place::Promised)))
                .collect()
        };
        let mut closure = Closure::default();
        closure
            .objects
            .insert(ArchivePath::parse("demo.so").unwrap(), places.clone());
        for (_, path, facts) in libraries {
            closure.libraries.insert(
                PathBuf::from(path),
                closure::Library {
                    found_as: PathBuf::from(path),
                    facts: facts.clone(),
                    bytes: std::sync::Arc::default(),
                    needs: needs(facts),
                },
            );
        }
        closure
    }

    #[test]
    fn a_found_library_stands_against_the_wheel_only_as_long_as_it_is_outside() {
        let extension = facts(
            &["libfoo.so.1", "libc.so.6"],
            &[("libc.so.6", "GLIBC_2.5", "stat")],
        );
        let foo = facts(
            &["libbar.so.2", "libc.so.6"],
            &[("libc.so.6", "GLIBC_2.28", "fcntl64")],
        );
        let bar = facts(&["libc.so.6"], &[("libc.so.6", "GLIBC_2.17", "clock_gettime")]);
        let closure = found(&[("libfoo.so.1", "/opt/foo", foo), ("libbar.so.2", "/opt/bar", bar)]);
        let audit = audit(&[object("demo.so", extension)], &closure);
        assert_eq!(audit.best(Grafting::Forbidden).to_string(), "linux_x86_64");
        let tag = audit.best(Grafting::Allowed);
        assert_eq!(tag.to_string(), "manylinux_2_28_x86_64");
        let both = BTreeSet::from(["/opt/bar", "/opt/foo"].map(PathBuf::from));
        assert_eq!(audit.to_graft(&[tag]), both);
        assert_eq!(audit.to_graft(&[linux("x86_64")]), BTreeSet::new());
        assert_eq!(
            choose(&audit, &[wish("2014")], "x86_64", Grafting::Allowed)
                .unwrap_err()
                .to_string(),
            "the shared object does not hold to `manylinux_2_17`: `/opt/foo` needs `GLIBC_2.28` of libc.so.6 (for `fcntl64`)"
        );
        assert_eq!(
            causes(&audit, Grafting::Forbidden),
            [Cause::ForeignLibrary {
                library: "libfoo.so.1".to_owned()
            }]
        );
        assert!(causes(&audit, Grafting::Allowed).is_empty());
    }

    #[test]
    fn of_two_policies_the_one_for_which_less_is_copied_is_better() {
        let extension = facts(
            &["libexpat.so.1", "libc.so.6"],
            &[("libc.so.6", "GLIBC_2.5", "stat")],
        );
        let expat = facts(&["libc.so.6"], &[]);
        let closure = found(&[("libexpat.so.1", "/usr/lib/libexpat.so.1", expat)]);
        let audit = audit(&[object("demo.so", extension)], &closure);
        assert_eq!(audit.best(Grafting::Allowed).to_string(), "manylinux_2_12_x86_64");
        let tags = choose(&audit, &[wish("manylinux1")], "x86_64", Grafting::Allowed).unwrap();
        assert_eq!(audit.to_graft(&tags).len(), 1);
    }

    #[test]
    fn a_part_of_the_c_library_cannot_be_copied_where_a_policy_does_not_promise_it() {
        let extension = facts(
            &["libmvec.so.1", "libc.so.6"],
            &[("libc.so.6", "GLIBC_2.5", "stat")],
        );
        let mut closure = found(&[]);
        let needs = BTreeMap::from([("libmvec.so.1".to_owned(), Place::Promised)]);
        closure
            .objects
            .insert(ArchivePath::parse("demo.so").unwrap(), needs);
        let audit = audit(&[object("demo.so", extension)], &closure);
        assert_eq!(audit.best(Grafting::Allowed).to_string(), "manylinux_2_24_x86_64");
        assert!(
            choose(&audit, &[wish("2014")], "x86_64", Grafting::Allowed)
                .unwrap_err()
                .to_string()
                .contains("`libmvec.so.1`")
        );
    }

    #[test]
    fn a_missing_library_says_where_it_was_looked_for() {
        let extension = facts(&["libfoo.so.1", "libc.so.6"], &[]);
        let mut closure = found(&[]);
        let needs = BTreeMap::from([("libfoo.so.1".to_owned(), Place::Missing)]);
        closure
            .objects
            .insert(ArchivePath::parse("demo.so").unwrap(), needs);
        let searched = vec![PathBuf::from("/lib"), PathBuf::from("/usr/lib")];
        closure
            .searched
            .insert("libfoo.so.1".to_owned(), searched.clone());
        let audit = audit(&[object("demo.so", extension)], &closure);
        assert_eq!(
            causes(&audit, Grafting::Allowed),
            [Cause::MissingLibrary {
                library: "libfoo.so.1".to_owned(),
                searched
            }]
        );
    }

    #[test]
    fn what_the_wheel_brings_is_not_asked_of_the_system() {
        let extension = facts(
            &["libstdc++.so.6", "libz.so.1", "libc.so.6"],
            &[
                ("libstdc++.so.6", "GLIBCXX_3.4.33", "f"),
                ("libz.so.1", "", "uncompress2"),
            ],
        );
        let mut closure = found(&[]);
        let needs = ["libstdc++.so.6", "libz.so.1"].map(|name| {
            let inside = ArchivePath::parse(&format!("demo.libs/{name}")).unwrap();
            (name.to_owned(), Place::Wheel(inside))
        });
        closure
            .objects
            .insert(ArchivePath::parse("demo.so").unwrap(), needs.into());
        let objects = [object("demo.so", extension.clone())];
        assert_eq!(
            audit(&objects, &closure).best(Grafting::Forbidden).to_string(),
            "manylinux_2_5_x86_64"
        );
        assert_eq!(best(&extension), "manylinux_2_39_x86_64");
    }

    #[test]
    fn an_excluded_library_is_no_objection() {
        let extension = facts(&["libcuda.so.1", "libc.so.6"], &[]);
        let mut closure = found(&[]);
        let needs = BTreeMap::from([("libcuda.so.1".to_owned(), Place::Excluded)]);
        closure
            .objects
            .insert(ArchivePath::parse("demo.so").unwrap(), needs);
        let audit = audit(&[object("demo.so", extension)], &closure);
        assert_eq!(
            audit.best(Grafting::Forbidden).to_string(),
            "manylinux_2_5_x86_64"
        );
    }

    #[test]
    fn a_wheel_is_as_portable_as_its_least_portable_file() {
        let objects = [
            object("demo/a.so", glibc("GLIBC_2.5")),
            object("demo/b.so", glibc("GLIBC_2.28")),
        ];
        let audit = audit(&objects, &Closure::default());
        assert_eq!(
            audit.best(Grafting::Forbidden).to_string(),
            "manylinux_2_28_x86_64"
        );
        assert_eq!(
            choose(&audit, &[wish("2014")], "x86_64", Grafting::Forbidden)
                .unwrap_err()
                .to_string(),
            "the wheel does not hold to `manylinux_2_17`: `demo/b.so` needs `GLIBC_2.28` of libc.so.6 (for `stat`)"
        );
    }

    #[test]
    fn files_for_another_machine_or_c_library_stand_against_every_policy() {
        let mut arm = glibc("GLIBC_2.17");
        arm.machine.number = 183;
        let (x86, musl) = (glibc("GLIBC_2.5"), facts(&["libc.so"], &[]));
        for (other, cause) in [
            (
                arm,
                Cause::OtherMachine {
                    architecture: "aarch64".to_owned(),
                },
            ),
            (musl, Cause::OtherLibc),
        ] {
            let objects = [
                object("a.so", x86.clone()),
                object("b.so", x86.clone()),
                object("c.so", other),
            ];
            let audit = audit(&objects, &Closure::default());
            assert_eq!(audit.best(Grafting::Allowed).to_string(), "linux_x86_64");
            assert_eq!(causes(&audit, Grafting::Allowed), [cause]);
        }
    }

    #[test]
    fn what_no_loader_loads_does_not_count() {
        let mut program = facts(&[], &[]);
        (program.is_dynamic, program.object_type) = (false, PROGRAM);
        program.machine = ARM_HARD_FLOAT;
        let mut graphics = program.clone();
        graphics.machine.number = 190;
        let objects = [
            object("a.so", glibc("GLIBC_2.17")),
            object("program", program.clone()),
            object("kernel.cubin", graphics),
        ];
        assert_eq!(
            audit(&objects, &Closure::default())
                .best(Grafting::Forbidden)
                .to_string(),
            "manylinux_2_17_x86_64"
        );
        let alone = audit(&[object("program", program)], &Closure::default());
        assert_eq!(
            alone.best(Grafting::Forbidden).to_string(),
            "manylinux_2_17_armv7l"
        );
    }

    #[test]
    fn symbols_of_pythons_of_long_ago_leave_the_plain_tag() {
        for symbol in ["PyUnicodeUCS2_AsASCIIString", "PyFPE_jbuf"] {
            let facts = facts(&["libc.so.6"], &[("", "", symbol)]);
            assert_eq!(
                causes(&judged(&facts), Grafting::Forbidden),
                [Cause::OldPython {
                    symbol: symbol.to_owned()
                }]
            );
        }
    }
}

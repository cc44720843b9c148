//! The errand that `build` and `repair` share: a wheel's tree is audited, and what its platform does not promise is put into it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::archive::{ArchiveError, ArchivePath, Content, Entry, Tree};
use crate::audit::packages::{Package, Packages};
use crate::audit::{self, Audit, AuditError, Cause, Closure, ClosureError, Grafting, Object, Place, Search};
use crate::event::{Carried, Outside, Reason, SystemPackage};
use crate::graft::objects::Objects;
use crate::graft::{self, GraftError, Naming, Traveller};
use crate::project::settings::AuditMode;
use crate::tag::{PlatformTag, PlatformWish};

/// Why a tree does not become a wheel.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The platform that was asked for does not hold.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// What the loader would find cannot be told.
    #[error(transparent)]
    Closure(#[from] ClosureError),
    /// A library cannot be put in.
    #[error(transparent)]
    Graft(#[from] GraftError),
    /// Two files for one place.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The plain tag of this machine and a promise about others at once.
    #[error("`linux` cannot be asked for together with another platform tag")]
    MixedWishes,
    /// A library outside the policy, where `check` was asked for.
    #[error("the wheel needs libraries that no policy promises: {libraries}")]
    ForeignLibraries {
        /// Their names.
        libraries: String,
    },
    /// A library that is nowhere.
    #[error("cannot find {}, which {} needs", listed(missing.keys()), listed(needed_by))]
    NotFound {
        /// Soname → the folders that were searched.
        missing: BTreeMap<String, Vec<PathBuf>>,
        /// Who needs them.
        needed_by: BTreeSet<String>,
        /// Packages that would bring them, as far as this system's lists tell.
        packages: BTreeSet<String>,
    },
}

fn listed<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

impl BundleError {
    /// Whether the result breaks the policy that was asked for, rather than that anything went wrong.
    #[must_use]
    pub fn breaks_policy(&self) -> bool {
        matches!(
            self,
            Self::Audit(AuditError::NotHeld { .. }) | Self::ForeignLibraries { .. } | Self::NotFound { .. }
        )
    }
}

/// What is wished of the wheel.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// What may be done about libraries.
    pub mode: AuditMode,
    /// The platforms asked for; none for the best that holds.
    pub platforms: &'a [PlatformWish],
    /// Whether a better platform that holds too is named beside those that were asked for.
    pub also_better: bool,
    /// The architecture that the wheel is for, as tags spell it.
    pub architecture: &'a str,
    /// Where libraries are looked for.
    pub search: &'a Search,
    /// `<name>-<version>.data`.
    pub data: &'a str,
    /// The folder for libraries that travel: `demo.libs`.
    pub folder: &'a str,
    /// Folders among the packages with libraries that were left out.
    pub run_path: &'a [String],
    /// Sonames that nothing shall need any more.
    pub drop_needed: &'a BTreeSet<String>,
    /// What libraries that travel are named after.
    pub naming: Naming,
    /// Whether symbols go.
    pub strip: bool,
    /// Threads that may work at once.
    pub cores: usize,
}

impl Wish<'_> {
    /// Whether libraries may be put in. The plain tag promises nothing, so nothing is put in for it.
    #[must_use]
    pub fn grafting(&self) -> Grafting {
        if self.mode == AuditMode::Repair && self.platforms != [PlatformWish::Linux] {
            Grafting::Allowed
        } else {
            Grafting::Forbidden
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Bundled {
    /// The platforms that the wheel holds to.
    pub platforms: Vec<PlatformTag>,
    /// What each policy says.
    pub audit: Audit,
    /// Who needs what.
    pub closure: Closure,
    /// Libraries that were put in.
    pub travellers: Vec<Traveller>,
    /// Files of the wheel that were edited.
    pub edited: Vec<ArchivePath>,
    /// The packages that the libraries belong to that were put in, by the libraries' real paths.
    pub owners: BTreeMap<PathBuf, Package>,
}

impl Bundled {
    /// What came of it, for people: `manylinux_2_28_x86_64, 3 libraries put in`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let platforms: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        let platforms = platforms.join(", ");
        match self.travellers.len() {
            0 => platforms,
            1 => format!("{platforms}, 1 library put in"),
            count => format!("{platforms}, {count} libraries put in"),
        }
    }

    /// What is doubtful about the platforms and the libraries that were put in, a sentence each.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let put_in: BTreeSet<&PathBuf> = self
            .travellers
            .iter()
            .map(|traveller| &traveller.source)
            .collect();
        let clashes = self.closure.clashes.iter().filter_map(|(soname, paths)| {
            let paths: Vec<String> = paths
                .iter()
                .filter(|path| put_in.contains(path))
                .map(|path| path.display().to_string())
                .collect();
            (paths.len() > 1).then(|| {
                format!(
                    "two libraries go by the name `{soname}`, and a process that loads both has every symbol twice: {}",
                    paths.join(", ")
                )
            })
        });
        let beyond = self.platforms.iter().filter_map(|platform| {
            let newest = audit::newest_before(platform)?;
            Some(format!(
                "`{platform}` asks for more than any policy, the newest being `{newest}`: hardly a system installs the wheel"
            ))
        });
        clashes.chain(beyond).collect()
    }

    /// The libraries that were put in, for those who want to know.
    #[must_use]
    pub fn carried(&self) -> Vec<Carried> {
        self.travellers
            .iter()
            .map(|traveller| Carried {
                soname: traveller.soname.clone(),
                path: traveller.path.to_string(),
                source: traveller.source.clone(),
                sha256: traveller.sha256.clone(),
                package: self.owners.get(&traveller.source).map(|owner| SystemPackage {
                    name: owner.name.clone(),
                    version: owner.version.clone(),
                    url: owner.url(),
                }),
            })
            .collect()
    }

    /// What the wheel needs of the system and why that does not travel, sorted by name.
    #[must_use]
    pub fn outside(&self) -> Vec<Outside> {
        let sources: BTreeSet<&PathBuf> = self
            .travellers
            .iter()
            .map(|traveller| &traveller.source)
            .collect();
        let travelling = self
            .closure
            .libraries
            .iter()
            .filter(|(path, _)| sources.contains(path));
        let needs = self
            .closure
            .objects
            .values()
            .chain(travelling.map(|(_, library)| &library.needs));
        let promises = self.platforms.iter().all(|platform| {
            matches!(
                platform,
                PlatformTag::Manylinux { .. } | PlatformTag::Musllinux { .. }
            )
        });
        let mut reasons: BTreeMap<&String, Reason> = BTreeMap::new();
        for (name, place) in needs.flatten() {
            let reason = match place {
                Place::Wheel(_) => continue,
                Place::Machine(path) if sources.contains(path) => continue,
                // The audit found that the platform has it.
                Place::Machine(_) if promises => Reason::Platform,
                Place::Machine(_) => Reason::System,
                Place::Promised => Reason::Platform,
                Place::Interpreter => Reason::Interpreter,
                Place::Excluded => Reason::LeftOut,
                Place::Missing => Reason::Missing,
            };
            let known = reasons.entry(name).or_insert(reason);
            *known = reason.max(*known);
        }
        reasons
            .into_iter()
            .map(|(library, reason)| Outside {
                library: library.clone(),
                reason,
            })
            .collect()
    }
}

/// Audits a tree, whose ELF files are `found`, and puts into it the libraries that its platform does not promise.
///
/// # Errors
/// Where the platform asked for does not hold, a library cannot be found or put in, or a file cannot be read. The tree is not
/// to be used then.
pub fn bundle(tree: &mut Tree, found: &Objects, wish: &Wish<'_>) -> Result<Bundled, BundleError> {
    let mixes = wish.platforms.contains(&PlatformWish::Linux)
        && wish.platforms.iter().any(|wish| *wish != PlatformWish::Linux);
    if mixes {
        return Err(BundleError::MixedWishes);
    }
    let judged = without_dropped(&found.objects, wish.drop_needed);
    let closure = audit::close(&judged, wish.search)?;
    let audit = audit::audit(&judged, &closure);
    if wish.grafting() == Grafting::Allowed {
        refuse_missing(&closure, wish.search)?;
    }
    let mut platforms = chosen(&audit, wish)?;
    if wish.also_better
        && let [only] = platforms.as_slice()
        && let Some(better) = audit.better_than(only, wish.grafting())
    {
        platforms.insert(0, better);
    }
    if wish.mode == AuditMode::Check {
        refuse_foreign(&audit)?;
    }
    let libraries = audit.to_graft(&platforms);
    let mut bundled = Bundled {
        platforms,
        audit,
        closure,
        travellers: Vec::new(),
        edited: Vec::new(),
        owners: BTreeMap::new(),
    };
    if wish.grafting() == Grafting::Allowed {
        put_in(tree, found, &libraries, wish, &mut bundled)?;
    }
    Ok(bundled)
}

/// Where nothing may be put in, the wheel must need nothing that is not promised.
fn refuse_foreign(audit: &Audit) -> Result<(), BundleError> {
    let foreign: BTreeSet<String> = audit
        .remaining(Grafting::Forbidden)
        .into_iter()
        .filter_map(|objection| match objection.cause {
            Cause::ForeignLibrary { library } | Cause::LinksPython { library } => Some(library),
            _ => None,
        })
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let libraries = foreign.into_iter().collect::<Vec<_>>().join(", ");
    Err(BundleError::ForeignLibraries { libraries })
}

/// The files as they will be, without what they need no more. Programs keep it: see [`graft::Request::drop_needed`].
fn without_dropped<'a>(objects: &'a [Object], drop_needed: &BTreeSet<String>) -> Cow<'a, [Object]> {
    if drop_needed.is_empty() {
        return Cow::Borrowed(objects);
    }
    let mut judged = objects.to_vec();
    for object in judged
        .iter_mut()
        .filter(|object| object.facts.interpreter.is_none())
    {
        object.facts.needed.retain(|needed| !drop_needed.contains(needed));
    }
    Cow::Owned(judged)
}

fn chosen(audit: &Audit, wish: &Wish<'_>) -> Result<Vec<PlatformTag>, BundleError> {
    let grafting = wish.grafting();
    if wish.mode != AuditMode::Skip {
        return Ok(audit::choose(audit, wish.platforms, wish.architecture, grafting)?);
    }
    let plain: &[PlatformWish] = if wish.platforms.is_empty() {
        &[PlatformWish::Linux]
    } else {
        wish.platforms
    };
    match audit::choose(audit, plain, wish.architecture, grafting) {
        // Whoever skips the audit answers for the tag that was asked for.
        Err(AuditError::NotHeld { .. }) => Ok(claimed(plain, wish.architecture)),
        other => Ok(other?),
    }
}

/// Tags as they were asked for, nobody having looked.
fn claimed(wishes: &[PlatformWish], architecture: &str) -> Vec<PlatformTag> {
    let architecture = architecture.to_owned();
    wishes
        .iter()
        .map(|wish| match *wish {
            PlatformWish::Manylinux(major, minor) => PlatformTag::Manylinux {
                major,
                minor,
                architecture: architecture.clone(),
            },
            PlatformWish::Musllinux(major, minor) => PlatformTag::Musllinux {
                major,
                minor,
                architecture: architecture.clone(),
            },
            PlatformWish::Linux | PlatformWish::Pypi => PlatformTag::Linux {
                architecture: architecture.clone(),
            },
        })
        .collect()
}

/// A library that is nowhere cannot travel, and a wheel without it cannot be imported.
fn refuse_missing(closure: &Closure, search: &Search) -> Result<(), BundleError> {
    let mut missing = BTreeMap::new();
    let mut needed_by = BTreeSet::new();
    let objects = closure
        .objects
        .iter()
        .map(|(path, needs)| (path.to_string(), needs));
    let libraries = closure
        .libraries
        .iter()
        .map(|(path, library)| (path.display().to_string(), &library.needs));
    for (who, needs) in objects.chain(libraries) {
        for (soname, place) in needs {
            if *place == Place::Missing {
                let places = closure.searched.get(soname).cloned().unwrap_or_default();
                missing.insert(soname.clone(), places);
                needed_by.insert(who.clone());
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let known = Packages::at(&search.sysroot);
    let packages = missing
        .keys()
        .filter_map(|soname| known.bringing(soname))
        .collect();
    Err(BundleError::NotFound {
        missing,
        needed_by,
        packages,
    })
}

fn put_in(
    tree: &mut Tree,
    found: &Objects,
    libraries: &BTreeSet<PathBuf>,
    wish: &Wish<'_>,
    bundled: &mut Bundled,
) -> Result<(), BundleError> {
    let grafted = graft::graft(&graft::Request {
        data: wish.data,
        folder: wish.folder,
        objects: &found.objects,
        contents: &found.contents,
        closure: &bundled.closure,
        libraries,
        run_path: wish.run_path,
        drop_needed: wish.drop_needed,
        naming: wish.naming,
        strip: wish.strip,
        cores: wish.cores,
    })?;
    for (path, bytes) in grafted.edited {
        if let Some(mut entry) = tree.remove(path.as_str()) {
            entry.content = bytes.into();
            tree.put(path.clone(), entry);
            bundled.edited.push(path);
        }
    }
    for (path, moved) in grafted.moved {
        tree.remove(path.as_str());
        let wrapper = Entry {
            content: moved.wrapper.into(),
            executable: true,
            rule: "runs the program, which lies beside the packages".to_owned(),
        };
        tree.put(path.clone(), wrapper);
        let program = Entry {
            content: moved.bytes.into(),
            executable: true,
            rule: format!("the program of {path}"),
        };
        tree.add(moved.path, program)?;
        bundled.edited.push(path);
    }
    for traveller in &grafted.travellers {
        let entry = Entry {
            content: Content::Bytes(Arc::clone(&traveller.bytes)),
            executable: true,
            rule: format!(
                "{}, which the platform does not promise",
                traveller.source.display()
            ),
        };
        tree.add(traveller.path.clone(), entry)?;
    }
    let packages = Packages::at(&wish.search.sysroot);
    let sources = grafted.travellers.iter().map(|traveller| &traveller.source);
    bundled.owners = sources
        .filter_map(|source| Some((source.clone(), packages.owner(source)?)))
        .collect();
    bundled.travellers = grafted.travellers;
    Ok(())
}

//! Takes the ELF files of a wheel, their closure, and which libraries shall travel along. Gives the files that change, with the
//! libraries under names of their own. Knows nothing of policies; writes no file.
//!
//! Cargo's output and the libraries of the machine are read only: every edit is of a copy in memory, applied once.

pub mod objects;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::{ArchiveError, ArchivePath, Installed};
use crate::audit::{Closure, Object, Place, among_packages};
use crate::elf::{self, Edits, ElfError, Facts, RunPath, RunPathTag};
use crate::zip::deflate::Digest;
use crate::zip::parallel;

/// What shall be grafted, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `<name>-<version>.data`, whose folders are installed elsewhere than they lie.
    pub data: &'a str,
    /// The folder of the travelling libraries, at the wheel's root: `demo.libs`.
    pub folder: &'a str,
    /// The wheel's ELF files.
    pub objects: &'a [Object],
    /// Their bytes.
    pub contents: &'a BTreeMap<ArchivePath, Arc<Vec<u8>>>,
    /// What each needs and where it is.
    pub closure: &'a Closure,
    /// The libraries that shall travel, by their real paths: keys of [`Closure::libraries`].
    pub libraries: &'a BTreeSet<PathBuf>,
    /// Folders, as seen from the wheel's root when it is installed, where libraries lie that were left out: they come into the run
    /// path of every file of the wheel, which may also open one by name, and of every traveller that needs one. Those that begin
    /// with `$` or `/` are taken as they are.
    pub run_path: &'a [String],
    /// Sonames that no library shall need any more; programs keep them.
    pub drop_needed: &'a BTreeSet<String>,
    /// What libraries are named after.
    pub naming: Naming,
    /// Whether symbols and debugging information go.
    pub strip: bool,
    /// Threads that may work at once.
    pub cores: usize,
}

/// What a library that travels is named after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// The name it was found by, which is mostly its soname: `libpq.so.5`. So does maturin.
    Found,
    /// Its file: `libpq.so.5.15`. So does auditwheel.
    File,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grafted {
    /// Files of the wheel with other bytes than before.
    pub edited: BTreeMap<ArchivePath, Vec<u8>>,
    /// Programs that had to leave the folder of scripts, by where they were.
    pub moved: BTreeMap<ArchivePath, Moved>,
    /// Libraries that travel along, sorted by path.
    pub travellers: Vec<Traveller>,
}

/// A program that is installed beside the packages, because no relative path leads there from a folder of scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where it is now.
    pub path: ArchivePath,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The script that stands in its old place and runs it.
    pub wrapper: String,
}

/// A library that travels in the wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traveller {
    /// Where it lies in the wheel.
    pub path: ArchivePath,
    /// Its bytes, edited.
    pub bytes: Arc<Vec<u8>>,
    /// Its real path on this machine.
    pub source: PathBuf,
    /// The name it had.
    pub soname: String,
    /// SHA-256 of the file as it was, lower-case hexadecimal.
    pub sha256: String,
}

/// Why a library cannot be grafted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraftError {
    /// A file cannot be edited so.
    #[error("`{path}` cannot be edited")]
    Elf {
        /// The file in the wheel, or a library's path.
        path: String,
        /// Why.
        #[source]
        source: ElfError,
    },
    /// The folder that a file is installed to has no fixed place beside the packages.
    #[error(
        "`{path}` needs {library}, but from where it is installed no relative path leads to the libraries of the wheel"
    )]
    NoWay {
        /// The file.
        path: String,
        /// What it needs.
        library: String,
    },
    /// A name that no archive can hold.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Grafts libraries: gives each a name that tells its content, renames it in every file that needs it, and leads the run paths
/// to it.
///
/// A library's name has the first eight digits of its SHA-256 in it: `libpq-0123abcd.so.5`. Run paths are
/// `DT_RPATH`, which libraries inherit from whoever loads them, as `DT_RUNPATH` would forbid. Entries that lead out of the
/// folder of packages are dropped.
///
/// # Errors
/// Where a file cannot be edited, or is installed where nothing relative leads to the libraries.
pub fn graft(request: &Request<'_>) -> Result<Grafted, GraftError> {
    let travellers = Names::of(request)?;
    let grafting = Grafting {
        request,
        names: &travellers,
    };
    let work: Vec<Work<'_>> = request
        .objects
        .iter()
        .map(Work::Object)
        .chain(travellers.sources().map(Work::Library))
        .collect();
    let mut grafted = Grafted::default();
    for done in parallel::map(request.cores, &work, |piece| grafting.work(*piece)) {
        match done? {
            Done::Same => {}
            Done::Edited(path, bytes) => {
                grafted.edited.insert(path, bytes);
            }
            Done::Moved(path, moved) => {
                grafted.moved.insert(path, moved);
            }
            Done::Traveller(traveller) => grafted.travellers.push(traveller),
        }
    }
    grafted.travellers.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(grafted)
}

/// The new names of the libraries that travel. Files of one content share one.
struct Names {
    /// Real path → file name in the wheel.
    by_path: BTreeMap<PathBuf, String>,
    /// File name in the wheel → the real path that its bytes are taken from.
    sources: BTreeMap<String, PathBuf>,
    /// Real path → SHA-256 in hexadecimal.
    digests: BTreeMap<PathBuf, String>,
}

impl Names {
    fn of(request: &Request<'_>) -> Result<Self, GraftError> {
        let libraries: Vec<_> = request
            .libraries
            .iter()
            .filter_map(|path| request.closure.libraries.get_key_value(path))
            .collect();
        let digests = parallel::map(request.cores, &libraries, |(_, library)| {
            Digest::of(&library.bytes).sha256_hex()
        });
        let mut all = Self {
            by_path: BTreeMap::new(),
            sources: BTreeMap::new(),
            digests: BTreeMap::new(),
        };
        for ((path, library), digest) in libraries.into_iter().zip(digests) {
            let called = match request.naming {
                Naming::Found => &library.found_as,
                Naming::File => path,
            };
            let name = hashed_name(called, &digest);
            // What cannot be the name of a file in an archive is found here, once.
            ArchivePath::parse(&format!("{}/{name}", request.folder))?;
            all.sources.entry(name.clone()).or_insert_with(|| path.clone());
            all.by_path.insert(path.clone(), name);
            all.digests.insert(path.clone(), digest);
        }
        Ok(all)
    }

    fn get(&self, path: &Path) -> Option<&str> {
        self.by_path.get(path).map(String::as_str)
    }

    fn sources(&self) -> impl Iterator<Item = &Path> {
        self.sources.values().map(PathBuf::as_path)
    }
}

/// `libpq.so.5.15` of content `0123abcd…` → `libpq-0123abcd.so.5.15`; a name that ends so already stays.
fn hashed_name(path: &Path, digest: &str) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (base, rest) = name.split_at(name.find('.').unwrap_or(name.len()));
    let hash = digest.get(..8).unwrap_or(digest);
    if base
        .strip_suffix(hash)
        .is_some_and(|before| before.ends_with('-'))
    {
        name.into_owned()
    } else {
        format!("{base}-{hash}{rest}")
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A file to be edited.
#[derive(Clone, Copy)]
enum Work<'a> {
    Object(&'a Object),
    Library(&'a Path),
}

enum Done {
    Same,
    Edited(ArchivePath, Vec<u8>),
    Moved(ArchivePath, Moved),
    Traveller(Traveller),
}

struct Grafting<'a> {
    request: &'a Request<'a>,
    names: &'a Names,
}

impl Grafting<'_> {
    fn work(&self, work: Work<'_>) -> Result<Done, GraftError> {
        match work {
            Work::Object(object) => self.object(object),
            Work::Library(path) => self.library(path),
        }
    }

    /// A file of the wheel.
    fn object(&self, object: &Object) -> Result<Done, GraftError> {
        let request = self.request;
        let none = BTreeMap::new();
        let needs = request.closure.objects.get(&object.path).unwrap_or(&none);
        let Some(bytes) = request.contents.get(&object.path) else {
            return Ok(Done::Same);
        };
        let replace_needed = self.renamed(needs);
        let installed = Installed::of(object.path.as_str());
        let unreached = self.unreached(object);
        let moved_to;
        let folder = match installed {
            Installed::Packages(path) => parent(path),
            _ if replace_needed.is_empty() && unreached.is_empty() => return Ok(Done::Same),
            Installed::Scripts(name) => {
                moved_to = format!("{}/{name}", scripts_folder(request.folder));
                parent(&moved_to)
            }
            Installed::Elsewhere => {
                return Err(GraftError::NoWay {
                    path: object.path.to_string(),
                    library: needs.keys().cloned().collect::<Vec<_>>().join(", "),
                });
            }
        };
        let mut entries = kept(&object.facts, folder);
        if !replace_needed.is_empty() {
            entries.push(from_origin(folder, request.folder));
        }
        entries.extend(unreached.iter().map(|target| from_origin(folder, target)));
        entries.extend(self.asked(folder));
        let edits = Edits {
            replace_needed,
            remove_needed: self.dropped(&object.facts),
            ..run_path(&object.facts, entries)
        };
        let edited = self.edited(bytes, &edits, object.path.as_str())?;
        if let Installed::Scripts(name) = installed {
            let path = format!("{}/{name}", scripts_folder(request.folder));
            let moved = Moved {
                wrapper: wrapper(request.data, &path),
                path: ArchivePath::parse(&path)?,
                bytes: edited.unwrap_or_else(|| bytes.to_vec()),
            };
            return Ok(Done::Moved(object.path.clone(), moved));
        }
        Ok(match edited {
            Some(edited) => Done::Edited(object.path.clone(), edited),
            None => Done::Same,
        })
    }

    /// A library from outside.
    fn library(&self, path: &Path) -> Result<Done, GraftError> {
        let request = self.request;
        let (Some(library), Some(name)) = (request.closure.libraries.get(path), self.names.get(path)) else {
            return Ok(Done::Same);
        };
        let replace_needed = self.renamed(&library.needs);
        let mut entries = Vec::new();
        if !replace_needed.is_empty() {
            entries.push("$ORIGIN".to_owned());
        }
        for place in library.needs.values() {
            if let Place::Wheel(inside) = place
                && let Installed::Packages(inside) = Installed::of(inside.as_str())
            {
                entries.push(from_origin(request.folder, parent(inside)));
            }
        }
        if library.needs.values().any(|place| *place == Place::Excluded) {
            entries.extend(self.asked(request.folder));
        }
        let edits = Edits {
            soname: Some(name.to_owned()),
            replace_needed,
            remove_needed: self.dropped(&library.facts),
            ..run_path(&library.facts, entries)
        };
        let shown = path.display().to_string();
        let edited = self.edited(&library.bytes, &edits, &shown)?;
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Done::Traveller(Traveller {
            path: ArchivePath::parse(&format!("{}/{name}", request.folder))?,
            bytes: edited.map_or_else(|| Arc::clone(&library.bytes), Arc::new),
            source: path.to_owned(),
            soname: library
                .facts
                .soname
                .clone()
                .unwrap_or_else(|| file_name.into_owned()),
            sha256: self.names.digests.get(path).cloned().unwrap_or_default(),
        }))
    }

    /// `DT_NEEDED` old → new, for those that travel.
    fn renamed(&self, needs: &BTreeMap<String, Place>) -> BTreeMap<String, String> {
        needs
            .iter()
            .filter_map(|(needed, place)| match place {
                Place::Machine(path) => Some((needed.clone(), self.names.get(path)?.to_owned())),
                _ => None,
            })
            .collect()
    }

    /// The folders of libraries of the wheel that no run path leads to, whoever the process begins with.
    fn unreached(&self, object: &Object) -> BTreeSet<String> {
        let unreached = self.request.closure.unreached.get(&object.path);
        let folders = unreached
            .into_iter()
            .flatten()
            .filter_map(|path| match Installed::of(path.as_str()) {
                Installed::Packages(path) => Some(parent(path).to_owned()),
                Installed::Scripts(_) | Installed::Elsewhere => None,
            });
        folders.collect()
    }

    /// A program keeps what it asks for: unlike an extension, nobody has loaded it before.
    fn dropped(&self, facts: &Facts) -> BTreeSet<String> {
        if facts.interpreter.is_some() {
            return BTreeSet::new();
        }
        let dropped = facts
            .needed
            .iter()
            .filter(|it| self.request.drop_needed.contains(*it));
        dropped.cloned().collect()
    }

    /// The folders that were asked for, as seen from a file's folder.
    fn asked(&self, folder: &str) -> impl Iterator<Item = String> {
        self.request.run_path.iter().map(move |asked| {
            if asked.starts_with(['$', '/']) {
                asked.clone()
            } else {
                from_origin(folder, asked.trim_matches('/'))
            }
        })
    }

    fn edited(&self, bytes: &[u8], edits: &Edits, path: &str) -> Result<Option<Vec<u8>>, GraftError> {
        let failed = |source| GraftError::Elf {
            path: path.to_owned(),
            source,
        };
        let stripped = if self.request.strip {
            Some(elf::strip(bytes).map_err(failed)?)
        } else {
            None
        };
        if *edits == Edits::default() {
            return Ok(stripped.filter(|stripped| stripped != bytes));
        }
        let edited = elf::apply(stripped.as_deref().unwrap_or(bytes), edits).map_err(failed)?;
        Ok((edited != bytes).then_some(edited))
    }
}

/// The entries of the run path that stay: those that lead somewhere among the packages. What lies there may be another wheel's,
/// and may be opened by name or needed by a library that inherits the path, which this file does not tell.
fn kept(facts: &Facts, folder: &str) -> Vec<String> {
    let existing = facts.runpath.as_ref().or(facts.rpath.as_ref());
    let entries = existing.map(String::as_str).unwrap_or_default().split(':');
    entries
        .filter(|entry| among_packages(entry, folder).is_some())
        .map(str::to_owned)
        .collect()
}

/// The edits that give a file this run path, and none where it has it.
fn run_path(facts: &Facts, entries: Vec<String>) -> Edits {
    let mut wanted: Vec<String> = Vec::with_capacity(entries.len());
    for entry in entries {
        if !wanted.contains(&entry) {
            wanted.push(entry);
        }
    }
    let wanted = wanted.join(":");
    let existing = facts.runpath.as_ref().or(facts.rpath.as_ref());
    match existing {
        None if wanted.is_empty() => Edits::default(),
        Some(_) if wanted.is_empty() => Edits {
            run_path: RunPath::Remove,
            ..Edits::default()
        },
        // A run path that is right already keeps its tag too.
        Some(existing) if *existing == wanted => Edits::default(),
        _ => Edits {
            run_path: RunPath::Set(wanted),
            run_path_tag: RunPathTag::Rpath,
            ..Edits::default()
        },
    }
}

/// The way from a file's folder to another, both among the packages: `$ORIGIN/../demo.libs`.
fn from_origin(folder: &str, target: &str) -> String {
    let parts = |path: &str| -> Vec<String> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (from, to) = (parts(folder), parts(target));
    let shared = from
        .iter()
        .zip(&to)
        .take_while(|(one, other)| one == other)
        .count();
    let mut way = "$ORIGIN".to_owned();
    for _ in from.iter().skip(shared) {
        way.push_str("/..");
    }
    for part in to.iter().skip(shared) {
        way.push('/');
        way.push_str(part);
    }
    way
}

/// `demo.libs` → `demo.scripts`.
fn scripts_folder(libraries: &str) -> String {
    let stem = libraries.rsplit_once('.').map_or(libraries, |(stem, _)| stem);
    format!("{stem}.scripts")
}

/// A script that runs a program among the packages. It asks the installation where they are, since they may be the user's own
/// or in a folder given to the installer.
fn wrapper(data: &str, program: &str) -> String {
    let distribution = data.split_once('-').map_or(data, |(name, _)| name);
    format!(
        "#!python\n\
         import os\n\
         import sys\n\
         from importlib.metadata import distribution\n\
         \n\
         if __name__ == \"__main__\":\n    \
             program = os.fspath(distribution({distribution:?}).locate_file({program:?}))\n    \
             os.execv(program, sys.argv)\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_named_after_its_content_once() {
        let named = |path: &str| hashed_name(Path::new(path), "062bb940ffff");
        assert_eq!(
            named("/usr/lib/libldap-2.5.so.0.1.8"),
            "libldap-2-062bb940.5.so.0.1.8"
        );
        assert_eq!(named("/usr/lib/libpq.so.5.15"), "libpq-062bb940.so.5.15");
        assert_eq!(named("/usr/lib/libodd"), "libodd-062bb940");
        assert_eq!(named("/x/libpq-062bb940.so.5"), "libpq-062bb940.so.5");
    }

    #[test]
    fn the_way_to_the_libraries_is_relative() {
        for (folder, target, way) in [
            ("", "demo.libs", "$ORIGIN/demo.libs"),
            ("demo", "demo.libs", "$ORIGIN/../demo.libs"),
            ("a/b/c", "demo.libs", "$ORIGIN/../../../demo.libs"),
            ("demo.libs", "demo.libs", "$ORIGIN"),
            ("a/b", "a/c", "$ORIGIN/../c"),
            ("a/b", "a", "$ORIGIN/.."),
            ("demo", "nvidia/cublas/lib", "$ORIGIN/../nvidia/cublas/lib"),
        ] {
            assert_eq!(from_origin(folder, target), way, "{folder} → {target}");
        }
    }

    #[test]
    fn entries_that_lead_out_of_the_packages_lead_nowhere() {
        for (entry, folder, target) in [
            ("$ORIGIN", "a/b", Some("a/b")),
            ("${ORIGIN}/../c", "a/b", Some("a/c")),
            ("$ORIGIN/..", "a", Some("")),
            ("$ORIGIN/../..", "a", None),
            ("$ORIGINAL", "a", None),
            ("/usr/lib", "a", None),
            ("lib", "a", None),
            ("", "a", None),
        ] {
            assert_eq!(
                among_packages(entry, folder).as_deref(),
                target,
                "{entry} from {folder}"
            );
        }
    }

    #[test]
    fn a_program_beside_the_packages_is_run_by_a_script() {
        assert_eq!(scripts_folder("demo.libs"), "demo.scripts");
        let text = wrapper("demo-1.data", "demo.scripts/run");
        assert!(text.starts_with("#!python\nimport os\n"), "{text}");
        assert!(
            text.contains(
                "\n    program = os.fspath(distribution(\"demo\").locate_file(\"demo.scripts/run\"))\n"
            ),
            "{text}"
        );
    }
}

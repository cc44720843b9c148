//! Takes the ELF files of a wheel and the places where a loader looks. Gives the libraries that it would find: the closure.
//! Runs no loader; knows nothing of policies but which libraries all of them promise.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::policy::{CLibrary, is_libpython, is_part_of_glibc};
use super::run_path::{self, Folder, Meaning};
use super::system::Sysroot;
use crate::archive::{ArchivePath, Installed};
use crate::elf::{self, ElfError, Facts};
use crate::fs::{self, FileError};

/// An ELF file of the wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where it lies in the wheel.
    pub path: ArchivePath,
    /// What one read of it told.
    pub facts: Facts,
}

/// Where a needed library is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the wheel.
    Wheel(ArchivePath),
    /// On this machine, by its real path: a key of [`Closure::libraries`].
    Machine(PathBuf),
    /// Promised by every policy of the architecture, or a part of the C library: nobody looked for it, because it cannot travel.
    Promised,
    /// Python's own library, which an extension must leave to the interpreter, so nobody looked for it.
    Interpreter,
    /// Asked to be left where it is.
    Excluded,
    /// Nowhere; [`Closure::searched`] has the places.
    Missing,
}

/// A library outside of the wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// The path it was found by, which may be a symbolic link.
    pub found_as: PathBuf,
    /// What one read of it told.
    pub facts: Facts,
    /// The file.
    pub bytes: Arc<Vec<u8>>,
    /// Each `DT_NEEDED` and where it is.
    pub needs: BTreeMap<String, Place>,
}

/// Every library that the loader would bring in for the files of a wheel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure {
    /// Each ELF file of the wheel with each `DT_NEEDED` and where it is.
    pub objects: BTreeMap<ArchivePath, BTreeMap<String, Place>>,
    /// Libraries outside of the wheel by real path, those behind promised ones not among them.
    pub libraries: BTreeMap<PathBuf, Library>,
    /// The folders that were searched in vain, in order, for each missing library.
    pub searched: BTreeMap<String, Vec<PathBuf>>,
    /// Libraries of the wheel that a file of it needs and no run path leads to.
    pub unreached: BTreeMap<ArchivePath, BTreeSet<ArchivePath>>,
    /// Libraries outside of the wheel that differ and yet go by one soname: a process would get only one of them.
    pub clashes: BTreeMap<String, BTreeSet<PathBuf>>,
}

/// Where to look, and what to leave.
#[derive(Debug, Clone)]
pub struct Search {
    /// The root of the system that the wheel is made for: what absolute run paths and the loader's configuration begin with.
    pub sysroot: PathBuf,
    /// `LD_LIBRARY_PATH`, as paths of this machine.
    pub library_path: Vec<PathBuf>,
    /// Folders that no loader knows, looked into last: where the linker found its libraries.
    pub extra: Vec<PathBuf>,
    /// Sonames and paths of libraries that shall be left where they are.
    pub exclude: Vec<glob::Pattern>,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            sysroot: PathBuf::from("/"),
            library_path: Vec::new(),
            extra: Vec::new(),
            exclude: Vec::new(),
        }
    }
}

/// Why there is no closure.
#[derive(Debug, thiserror::Error)]
pub enum ClosureError {
    /// A library is there but cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A library is there but is no sane ELF file.
    #[error("cannot read the library {path}, which `{needed_by}` needs", path = path.display())]
    Elf {
        /// The library.
        path: PathBuf,
        /// Who needs it.
        needed_by: String,
        /// What is wrong with it.
        #[source]
        source: ElfError,
    },
}

/// Follows every `DT_NEEDED` of the wheel's files as the loader of their own C library would, whatever this machine's is:
///
/// - glibc: `DT_RPATH` of the file and of whoever loaded it, all the way up, unless the file has a `DT_RUNPATH`;
///   `LD_LIBRARY_PATH`; the file's `DT_RUNPATH`; the loader's configuration and default folders;
/// - musl: `LD_LIBRARY_PATH`; the run path (of either kind) of the file and of whoever loaded it; its path file.
///
/// Then, where that leads nowhere, whatever the wheel has under that soname, and at last [`Search::extra`]. A process loads a
/// name once: what is loaded already is found by its soname. A library that every policy of the architecture promises is looked
/// for in the wheel alone.
///
/// <https://man7.org/linux/man-pages/man8/ld.so.8.html>
///
/// # Errors
/// Where a library that would be loaded cannot be read. A library that is nowhere is no error: it is in the closure.
pub fn close(objects: &[Object], search: &Search) -> Result<Closure, ClosureError> {
    let mut walk = Walk::new(objects, search);
    let is_start = |object: &Object| is_extension(&object.facts) || object.facts.interpreter.is_some();
    let wanted: BTreeSet<&str> = objects
        .iter()
        .flat_map(|object| object.facts.needed.iter().map(String::as_str))
        .collect();
    let is_wanted = |object: &Object| names_of(object).any(|name| wanted.contains(name));
    // What Python or a shell starts with comes first, then what nobody needs by name, and then whatever was not reached.
    for rule in [
        &is_start as &dyn Fn(&Object) -> bool,
        &|object| !is_wanted(object),
        &|_| true,
    ] {
        for (index, object) in objects.iter().enumerate() {
            let is_reached = walk.closure.objects.contains_key(&object.path);
            if rule(object) && (!is_reached || is_start(object)) {
                walk.start_with(index)?;
            }
        }
    }
    Ok(walk.closed())
}

/// Whether Python imports it.
fn is_extension(facts: &Facts) -> bool {
    ["PyInit_", "PyInitU_", "PyModExport_", "_cffi_pypyinit_"]
        .into_iter()
        .any(|prefix| facts.exports_with_prefix(prefix).next().is_some())
}

/// The names by which a file of the wheel may be needed: its soname and its file name.
fn names_of(object: &Object) -> impl Iterator<Item = &str> {
    let file_name = object.path.as_str().rsplit('/').next();
    object.facts.soname.as_deref().into_iter().chain(file_name)
}

/// The folder that a path of the wheel lies in.
fn folder_of(path: &str) -> Folder {
    Folder::Wheel(path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned())
}

/// A file that a process has loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
enum File {
    /// The index of the wheel's object.
    Wheel(usize),
    /// Its real path.
    Machine(PathBuf),
}

/// What one process loads, beginning with one file of the wheel.
struct Process {
    c_library: CLibrary,
    /// Each file with the index of the one that it was loaded for.
    loaded: Vec<(File, Option<usize>)>,
    names: BTreeMap<String, Place>,
}

impl Process {
    /// A loaded file and whoever it was loaded for, up to the first.
    fn chain(&self, index: usize) -> impl Iterator<Item = &File> {
        std::iter::successors(Some(index), |index| self.loaded[*index].1).map(|index| &self.loaded[index].0)
    }
}

struct Walk<'a> {
    objects: &'a [Object],
    search: &'a Search,
    sysroot: Sysroot,
    /// Objects by where they are installed.
    by_path: BTreeMap<&'a str, usize>,
    /// Objects by soname and file name, the first of each.
    by_name: BTreeMap<&'a str, usize>,
    /// The C library of most files, for those that do not tell.
    usual_c_library: CLibrary,
    /// The folders of each kind of loader, read when the first library is looked for on the machine.
    system_folders: BTreeMap<(CLibrary, String), Vec<PathBuf>>,
    closure: Closure,
}

impl<'a> Walk<'a> {
    fn new(objects: &'a [Object], search: &'a Search) -> Self {
        let indices = || objects.iter().enumerate();
        let mut by_name = BTreeMap::new();
        for (index, object) in indices() {
            for name in names_of(object) {
                by_name.entry(name).or_insert(index);
            }
        }
        let musl = |object: &&Object| CLibrary::of(&object.facts) == Some(CLibrary::Musl);
        let gnu = |object: &&Object| CLibrary::of(&object.facts) == Some(CLibrary::Gnu);
        let is_musl = objects.iter().filter(musl).count() > objects.iter().filter(gnu).count();
        Self {
            objects,
            search,
            sysroot: Sysroot::new(&search.sysroot),
            by_path: indices()
                .map(|(index, object)| (Installed::unpacked(object.path.as_str()), index))
                .collect(),
            by_name,
            usual_c_library: if is_musl { CLibrary::Musl } else { CLibrary::Gnu },
            system_folders: BTreeMap::new(),
            closure: Closure::default(),
        }
    }

    /// Loads a file of the wheel and all that comes with it, breadth first, as loaders do.
    fn start_with(&mut self, index: usize) -> Result<(), ClosureError> {
        let object = &self.objects[index];
        let mut process = Process {
            c_library: CLibrary::of(&object.facts).unwrap_or(self.usual_c_library),
            loaded: vec![(File::Wheel(index), None)],
            names: BTreeMap::new(),
        };
        if let Some(soname) = &object.facts.soname {
            process
                .names
                .insert(soname.clone(), Place::Wheel(object.path.clone()));
        }
        let mut current = 0;
        while let Some((file, _)) = process.loaded.get(current).cloned() {
            self.begin(&file);
            for name in self.facts(&file).needed.clone() {
                let place = match process.names.get(&name) {
                    Some(place) => place.clone(),
                    None => self.locate(&process, current, &name)?,
                };
                self.load(&mut process, current, &name, &place);
                self.note(&file, name, place);
            }
            current += 1;
        }
        Ok(())
    }

    fn facts(&self, file: &File) -> &Facts {
        match file {
            File::Wheel(index) => &self.objects[*index].facts,
            File::Machine(path) => &self.closure.libraries[path].facts,
        }
    }

    /// A file that needs nothing is in the closure all the same.
    fn begin(&mut self, file: &File) {
        if let File::Wheel(index) = file {
            self.closure
                .objects
                .entry(self.objects[*index].path.clone())
                .or_default();
        }
    }

    /// Puts what was found into the process, under the name it was asked for by and its own.
    fn load(&self, process: &mut Process, needed_by: usize, name: &str, place: &Place) {
        let file = match place {
            Place::Wheel(path) => File::Wheel(self.by_path[Installed::unpacked(path.as_str())]),
            Place::Machine(path) => File::Machine(path.clone()),
            // What is missing for one may be found for the next.
            Place::Missing => return,
            Place::Promised | Place::Interpreter | Place::Excluded => {
                process.names.insert(name.to_owned(), place.clone());
                return;
            }
        };
        process
            .names
            .entry(name.to_owned())
            .or_insert_with(|| place.clone());
        if let Some(soname) = &self.facts(&file).soname {
            process
                .names
                .entry(soname.clone())
                .or_insert_with(|| place.clone());
        }
        if process.loaded.iter().all(|(loaded, _)| *loaded != file) {
            process.loaded.push((file, Some(needed_by)));
        }
    }

    /// Writes down where a needed library is. What one process finds counts more than what another misses.
    fn note(&mut self, file: &File, name: String, place: Place) {
        let needs = match file {
            File::Wheel(index) => self.closure.objects.get_mut(&self.objects[*index].path),
            File::Machine(path) => self.closure.libraries.get_mut(path).map(|it| &mut it.needs),
        };
        let Some(needs) = needs else { return };
        let noted = needs.entry(name).or_insert(Place::Missing);
        if *noted == Place::Missing {
            *noted = place;
        }
    }

    /// Looks for a library as the loader of the process does.
    fn locate(&mut self, process: &Process, needed_by: usize, name: &str) -> Result<Place, ClosureError> {
        let file = &process.loaded[needed_by].0;
        if is_libpython(name) {
            return Ok(Place::Interpreter);
        }
        let wanted = self.facts(file).machine.clone();
        let architecture = wanted.to_string();
        let is_promised = process.c_library.always_has(&architecture, name)
            || (process.c_library == CLibrary::Gnu && is_part_of_glibc(name));
        let is_excluded = self.search.exclude.iter().any(|pattern| pattern.matches(name));
        let stays_in_wheel = is_promised || is_excluded;
        let (folders, name_in_folder) = self.folders(process, needed_by, &architecture, name, stays_in_wheel);
        for folder in &folders {
            match folder {
                Folder::Wheel(folder) => {
                    if let Some(index) = self.in_wheel(folder, name_in_folder, file) {
                        return Ok(Place::Wheel(self.objects[index].path.clone()));
                    }
                }
                Folder::Machine(folder) if !stays_in_wheel => {
                    let found = self.on_machine(process.c_library, file, &folder.join(name_in_folder))?;
                    if let Some(place) = found {
                        return Ok(place);
                    }
                }
                Folder::Machine(_) | Folder::Beyond(_) => {}
            }
        }
        if is_excluded {
            return Ok(Place::Excluded);
        }
        if is_promised {
            return Ok(Place::Promised);
        }
        if let Some(index) = self.by_name.get(name_in_folder).copied()
            && self.is_same_kind(index, file)
        {
            if let File::Wheel(asking) = file {
                let asking = self.objects[*asking].path.clone();
                let found = self.objects[index].path.clone();
                self.closure.unreached.entry(asking).or_default().insert(found);
            }
            return Ok(Place::Wheel(self.objects[index].path.clone()));
        }
        for folder in &self.search.extra {
            let found = self.on_machine(process.c_library, file, &folder.join(name_in_folder))?;
            if let Some(place) = found {
                return Ok(place);
            }
        }
        let extra = self.search.extra.iter().cloned();
        self.closure
            .searched
            .entry(name.to_owned())
            .or_insert_with(|| without_repetition(folders.iter().map(Folder::shown).chain(extra)));
        Ok(Place::Missing)
    }

    /// Every folder in which the loader looks, in its order, and the file name it looks for there.
    fn folders<'n>(
        &mut self,
        process: &Process,
        needed_by: usize,
        architecture: &str,
        name: &'n str,
        stays_in_wheel: bool,
    ) -> (Vec<Folder>, &'n str) {
        let file = &process.loaded[needed_by].0;
        if let Some((folder, file_name)) = name.rsplit_once('/') {
            return (
                self.expanded(file, folder, process.c_library, architecture),
                file_name,
            );
        }
        let library_path = self.search.library_path.iter().cloned().map(Folder::Machine);
        let mut folders = match process.c_library {
            CLibrary::Gnu => {
                let mut folders = Vec::new();
                if self.facts(file).runpath.is_none() {
                    for loader in process.chain(needed_by) {
                        folders.extend(self.run_path(loader, process.c_library, architecture, |facts| {
                            facts.rpath.as_ref().filter(|_| facts.runpath.is_none())
                        }));
                    }
                }
                folders.extend(library_path);
                folders.extend(self.run_path(file, process.c_library, architecture, |facts| {
                    facts.runpath.as_ref()
                }));
                folders
            }
            CLibrary::Musl => {
                let mut folders: Vec<Folder> = library_path.collect();
                for loader in process.chain(needed_by) {
                    folders.extend(self.run_path(loader, process.c_library, architecture, |facts| {
                        facts.runpath.as_ref().or(facts.rpath.as_ref())
                    }));
                }
                folders
            }
        };
        if !stays_in_wheel {
            folders.extend(
                self.system_folders(process.c_library, architecture)
                    .iter()
                    .cloned()
                    .map(Folder::Machine),
            );
        }
        (folders, name)
    }

    fn run_path(
        &self,
        file: &File,
        c_library: CLibrary,
        architecture: &str,
        which: impl Fn(&Facts) -> Option<&String>,
    ) -> Vec<Folder> {
        which(self.facts(file))
            .map(|run_path| self.expanded(file, run_path, c_library, architecture))
            .unwrap_or_default()
    }

    fn expanded(&self, file: &File, run_path: &str, c_library: CLibrary, architecture: &str) -> Vec<Folder> {
        let origin = match file {
            File::Wheel(index) => folder_of(Installed::unpacked(self.objects[*index].path.as_str())),
            File::Machine(path) => {
                let found_as = &self.closure.libraries[path].found_as;
                Folder::Machine(found_as.parent().unwrap_or(found_as).to_owned())
            }
        };
        let meaning = Meaning {
            origin: &origin,
            architecture,
            sysroot: &self.sysroot,
            is_musl: c_library == CLibrary::Musl,
        };
        run_path::folders(run_path, meaning)
    }

    fn system_folders(&mut self, c_library: CLibrary, architecture: &str) -> &[PathBuf] {
        self.system_folders
            .entry((c_library, architecture.to_owned()))
            .or_insert_with(|| self.sysroot.folders(c_library, architecture))
    }

    /// The wheel's file of that path, if a loader would take it for that one.
    fn in_wheel(&self, folder: &str, name: &str, needed_by: &File) -> Option<usize> {
        let path = if folder.is_empty() {
            name.to_owned()
        } else {
            format!("{folder}/{name}")
        };
        let index = self.by_path.get(path.as_str()).copied()?;
        self.is_same_kind(index, needed_by).then_some(index)
    }

    fn is_same_kind(&self, index: usize, needed_by: &File) -> bool {
        runs_with(&self.objects[index].facts, self.facts(needed_by))
    }

    /// The file at a path, if a loader would take it. As for the loader, a path that does not exist or may not be read, and a file
    /// that is none of its kind (the texts that linkers read, libraries for other processors), is as good as none.
    fn on_machine(
        &mut self,
        c_library: CLibrary,
        needed_by: &File,
        path: &Path,
    ) -> Result<Option<Place>, ClosureError> {
        let Ok(real) = self.sysroot.real(path) else {
            return Ok(None);
        };
        let fits = |facts: &Facts, other: &Facts| {
            runs_with(facts, other) && CLibrary::of(facts).is_none_or(|own| own == c_library)
        };
        let is_excluded = |path: &Path| {
            let text = path.to_string_lossy();
            self.search.exclude.iter().any(|pattern| pattern.matches(&text))
        };
        if let Some(known) = self.closure.libraries.get(&real) {
            let fits = fits(&known.facts, self.facts(needed_by));
            return Ok(fits.then_some(Place::Machine(real)));
        }
        let Some(bytes) = elf_bytes(&real)? else {
            return Ok(None);
        };
        let facts = elf::inspect(&bytes).map_err(|source| ClosureError::Elf {
            path: path.to_owned(),
            needed_by: self.shown(needed_by),
            source,
        })?;
        if !fits(&facts, self.facts(needed_by)) {
            return Ok(None);
        }
        if is_excluded(path) || is_excluded(&real) {
            return Ok(Some(Place::Excluded));
        }
        let library = Library {
            found_as: path.to_owned(),
            facts,
            bytes: Arc::new(bytes),
            needs: BTreeMap::new(),
        };
        self.closure.libraries.insert(real.clone(), library);
        Ok(Some(Place::Machine(real)))
    }

    fn shown(&self, file: &File) -> String {
        match file {
            File::Wheel(index) => self.objects[*index].path.to_string(),
            File::Machine(path) => path.display().to_string(),
        }
    }

    fn closed(self) -> Closure {
        let mut closure = self.closure;
        find_by_name(&mut closure);
        let missing: BTreeSet<String> = needs(&closure)
            .filter(|(_, place)| **place == Place::Missing)
            .map(|(name, _)| name.clone())
            .collect();
        closure.searched.retain(|name, _| missing.contains(name));
        closure.clashes = clashes(&closure.libraries);
        closure
    }
}

/// Every need of the closure.
fn needs(closure: &Closure) -> impl Iterator<Item = (&String, &Place)> {
    let of_libraries = closure.libraries.values().map(|library| &library.needs);
    closure.objects.values().chain(of_libraries).flatten()
}

/// What one file of the wheel brings, the others find by its name once it is loaded.
fn find_by_name(closure: &mut Closure) {
    let found: BTreeMap<String, Place> = needs(closure)
        .filter(|(_, place)| matches!(place, Place::Wheel(_) | Place::Machine(_)))
        .map(|(name, place)| (name.clone(), place.clone()))
        .collect();
    let of_libraries = closure.libraries.values_mut().map(|library| &mut library.needs);
    for (name, place) in closure.objects.values_mut().chain(of_libraries).flatten() {
        if *place == Place::Missing
            && let Some(found) = found.get(name)
        {
            place.clone_from(found);
        }
    }
}

fn clashes(libraries: &BTreeMap<PathBuf, Library>) -> BTreeMap<String, BTreeSet<PathBuf>> {
    let mut by_soname: BTreeMap<&str, Vec<(&PathBuf, &Library)>> = BTreeMap::new();
    for (path, library) in libraries {
        if let Some(soname) = &library.facts.soname {
            by_soname.entry(soname).or_default().push((path, library));
        }
    }
    by_soname
        .into_iter()
        .filter(|(_, found)| found.iter().any(|(_, library)| library.bytes != found[0].1.bytes))
        .map(|(soname, found)| {
            let paths = found.iter().map(|(path, _)| (*path).clone()).collect();
            (soname.to_owned(), paths)
        })
        .collect()
}

fn without_repetition(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    paths.filter(|path| seen.insert(path.clone())).collect()
}

/// Whether a loader that runs one file would load the other: class, byte order and machine.
fn runs_with(library: &Facts, other: &Facts) -> bool {
    const SHARED: u16 = 3;
    let (one, two) = (&library.machine, &other.machine);
    library.object_type == SHARED
        && one.number == two.number
        && one.is_64 == two.is_64
        && one.is_little_endian == two.is_little_endian
}

/// The bytes of an ELF file; nothing where there is none that could be read.
fn elf_bytes(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    // Whoever reads a pipe may wait for ever.
    if !path.is_file() {
        return Ok(None);
    }
    match fs::read(path) {
        Ok(bytes) => Ok(elf::is_elf(&bytes).then_some(bytes)),
        Err(error) => match error.source.kind() {
            ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::IsADirectory
            | ErrorKind::NotADirectory => Ok(None),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const X86_64: u16 = 62;
    const AARCH64: u16 = 183;

    /// What a small shared object says.
    #[derive(Default, Clone, Copy)]
    struct Made<'a> {
        machine: u16,
        soname: &'a str,
        needed: &'a [&'a str],
        rpath: &'a str,
        runpath: &'a str,
    }

    /// A 64-bit little-endian shared object with a dynamic section and nothing else.
    fn shared_object(made: Made<'_>) -> Vec<u8> {
        let mut strings = vec![0_u8];
        let mut entries: Vec<(u64, u64)> = Vec::new();
        let tagged = made.needed.iter().map(|name| (1, *name)).chain([
            (14, made.soname),
            (15, made.rpath),
            (29, made.runpath),
        ]);
        for (tag, text) in tagged.filter(|(_, text)| !text.is_empty()) {
            entries.push((tag, strings.len() as u64));
            strings.extend(text.bytes().chain([0]));
        }
        let strings_at = 64 + 2 * 56;
        let dynamic_at = (strings_at + strings.len()).next_multiple_of(8);
        entries.extend([(5, strings_at as u64), (10, strings.len() as u64), (0, 0)]);
        let dynamic_size = entries.len() * 16;
        let size = (dynamic_at + dynamic_size) as u64;
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        let machine = if made.machine == 0 { X86_64 } else { made.machine };
        for half in [3, machine] {
            bytes.extend(half.to_le_bytes());
        }
        bytes.extend(1_u32.to_le_bytes());
        for long in [0_u64, 64, 0] {
            bytes.extend(long.to_le_bytes());
        }
        bytes.extend(0_u32.to_le_bytes());
        for half in [64_u16, 56, 2, 64, 0, 0] {
            bytes.extend(half.to_le_bytes());
        }
        let at = dynamic_at as u64;
        for (kind, offset, length) in [(1_u32, 0, size), (2, at, dynamic_size as u64)] {
            bytes.extend(kind.to_le_bytes());
            bytes.extend(6_u32.to_le_bytes());
            for long in [offset, offset, offset, length, length, 8] {
                bytes.extend(long.to_le_bytes());
            }
        }
        bytes.extend(&strings);
        bytes.resize(dynamic_at, 0);
        for (tag, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes
    }

    fn object(path: &str, made: Made<'_>) -> Object {
        Object {
            path: ArchivePath::parse(path).unwrap(),
            facts: elf::inspect(&shared_object(made)).unwrap(),
        }
    }

    /// A system of its own, with these libraries.
    struct System {
        folder: tempfile::TempDir,
        search: Search,
    }

    impl System {
        fn new(libraries: &[(&str, Made<'_>)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let search = Search {
                sysroot: folder.path().canonicalize().unwrap(),
                ..Search::default()
            };
            let system = Self { folder, search };
            for (path, made) in libraries {
                system.write(path, &shared_object(*made));
            }
            system
        }

        fn write(&self, path: &str, bytes: &[u8]) {
            let path = self.path(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }

        fn path(&self, path: &str) -> PathBuf {
            self.search.sysroot.join(path)
        }

        fn close(&self, objects: &[Object]) -> Closure {
            close(objects, &self.search).unwrap()
        }

        fn machine(&self, path: &str) -> Place {
            Place::Machine(self.path(path))
        }
    }

    fn named<'a>(soname: &'a str, needed: &'a [&'a str]) -> Made<'a> {
        Made {
            soname,
            needed,
            ..Made::default()
        }
    }

    fn place(closure: &Closure, object: &str, name: &str) -> Place {
        closure.objects[object][name].clone()
    }

    fn in_wheel(path: &str) -> Place {
        Place::Wheel(ArchivePath::parse(path).unwrap())
    }

    #[test]
    fn an_ordinary_extension_costs_no_look_at_the_machine() {
        let system = System::new(&[("usr/lib/libgcc_s.so.1", named("libgcc_s.so.1", &[]))]);
        let needed = &[
            "libgcc_s.so.1",
            "libc.so.6",
            "ld-linux-x86-64.so.2",
            "libmvec.so.1",
            "libpython3.11.so.1.0",
        ];
        let objects = [object("demo.so", named("", needed))];
        let mut walk = Walk::new(&objects, &system.search);
        walk.start_with(0).unwrap();
        assert!(
            walk.system_folders.is_empty(),
            "the loader's configuration was read"
        );
        let closure = walk.closed();
        assert!(closure.libraries.is_empty());
        for (name, expected) in needed.iter().zip([
            Place::Promised,
            Place::Promised,
            Place::Promised,
            Place::Promised,
            Place::Interpreter,
        ]) {
            assert_eq!(place(&closure, "demo.so", name), expected, "{name}");
        }
    }

    #[test]
    fn the_order_is_rpath_library_path_runpath_configuration_defaults_and_at_last_the_linkers() {
        let names = [
            "opt/rpath",
            "opt/env",
            "opt/runpath",
            "opt/conf",
            "usr/lib",
            "opt/linked",
        ];
        for (skipped, expected) in (0..names.len()).map(|index| (index, names[index])) {
            let present: Vec<(String, Made<'_>)> = names[skipped..]
                .iter()
                .map(|folder| (format!("{folder}/libfoo.so.1"), named("libfoo.so.1", &[])))
                .collect();
            let present: Vec<(&str, Made<'_>)> = present
                .iter()
                .map(|(path, made)| (path.as_str(), *made))
                .collect();
            let mut system = System::new(&present);
            system.write("etc/ld.so.conf", b"/opt/conf\n");
            system.search.library_path = vec![system.path("opt/env")];
            system.search.extra = vec![system.path("opt/linked")];
            let needed = &["libfoo.so.1", "libc.so.6"];
            let by_rpath = Made {
                rpath: "/opt/rpath",
                ..named("", needed)
            };
            let by_runpath = Made {
                runpath: "/opt/runpath",
                ..named("", needed)
            };
            let made = if skipped < 2 { by_rpath } else { by_runpath };
            let closure = system.close(&[object("demo.so", made)]);
            assert_eq!(
                place(&closure, "demo.so", "libfoo.so.1"),
                system.machine(&format!("{expected}/libfoo.so.1"))
            );
        }
    }

    #[test]
    fn a_run_path_of_the_older_kind_is_inherited_through_the_whole_chain() {
        let system = System::new(&[
            ("opt/x/liba.so", named("liba.so", &["libb.so"])),
            ("opt/x/libb.so", named("libb.so", &["libc-own.so", "libd.so"])),
            ("opt/x/libc-own.so", named("libc-own.so", &[])),
            (
                "opt/x/libd.so",
                Made {
                    runpath: "/opt/none",
                    ..named("libd.so", &["libe.so"])
                },
            ),
            ("opt/x/libe.so", named("libe.so", &[])),
        ]);
        let with = |rpath, runpath| {
            let made = Made {
                rpath,
                runpath,
                ..named("", &["liba.so", "libc.so.6"])
            };
            system.close(&[object("demo.so", made)])
        };
        let closure = with("/opt/x", "");
        let needs = |name: &str| &closure.libraries[&system.path(&format!("opt/x/{name}"))].needs;
        assert_eq!(
            needs("libb.so")["libc-own.so"],
            system.machine("opt/x/libc-own.so")
        );
        assert_eq!(
            needs("libd.so")["libe.so"],
            Place::Missing,
            "it has a run path of the newer kind"
        );
        assert_eq!(
            with("", "/opt/x").libraries.len(),
            1,
            "the newer kind is not inherited"
        );
        assert_eq!(
            with("/opt/x", "/opt/none").libraries.len(),
            0,
            "the newer kind switches the older off"
        );
    }

    #[test]
    fn musl_inherits_run_paths_of_either_kind_and_has_its_own_folders() {
        let system = System::new(&[
            ("opt/x/liba.so", named("liba.so", &["libb.so"])),
            ("opt/x/libb.so", named("libb.so", &[])),
            ("opt/musl/libs.so", named("libs.so", &["libc.musl-x86_64.so.1"])),
            ("lib/libs.so", named("libs.so", &["libc.so.6"])),
        ]);
        system.write("etc/ld-musl-x86_64.path", b"/lib\n/opt/musl\n");
        let made = Made {
            runpath: "/opt/x",
            ..named("", &["liba.so", "libs.so", "libc.so"])
        };
        let closure = system.close(&[object("demo.so", made)]);
        assert_eq!(place(&closure, "demo.so", "libc.so"), Place::Promised);
        assert_eq!(
            place(&closure, "demo.so", "libs.so"),
            system.machine("opt/musl/libs.so"),
            "the other is glibc's"
        );
        assert!(closure.libraries.contains_key(&system.path("opt/x/libb.so")));
    }

    #[test]
    fn texts_and_libraries_for_other_machines_are_passed_over() {
        let other = Made {
            machine: AARCH64,
            ..named("libfoo.so", &[])
        };
        let system = System::new(&[
            ("opt/b/libfoo.so", other),
            ("opt/c/libfoo.so", named("libfoo.so", &[])),
        ]);
        system.write("etc/ld.so.conf", b"/opt/a\n/opt/b\n/opt/c\n");
        system.write("opt/a/libfoo.so", b"/* GNU ld script */ GROUP ( libfoo.so.1 )");
        let closure = system.close(&[object("demo.so", named("", &["libfoo.so", "libc.so.6"]))]);
        assert_eq!(
            place(&closure, "demo.so", "libfoo.so"),
            system.machine("opt/c/libfoo.so")
        );
    }

    #[test]
    fn links_lead_to_one_library() {
        let system = System::new(&[("opt/libfoo.so.1.2", named("libfoo.so.1", &["libfoo.so.2"]))]);
        for name in ["libfoo.so", "libfoo.so.1", "libfoo.so.2"] {
            symlink("/opt/libfoo.so.1.2", system.path(&format!("opt/{name}"))).unwrap();
        }
        system.write("etc/ld.so.conf", b"/opt\n");
        let objects = [
            object("a.so", named("", &["libfoo.so", "libc.so.6"])),
            object("b.so", named("", &["libfoo.so.1", "libc.so.6"])),
        ];
        let closure = system.close(&objects);
        let real = system.path("opt/libfoo.so.1.2");
        assert_eq!(closure.libraries.keys().collect::<Vec<_>>(), [&real]);
        assert_eq!(closure.libraries[&real].found_as, system.path("opt/libfoo.so"));
        assert_eq!(
            closure.libraries[&real].needs["libfoo.so.2"],
            Place::Machine(real.clone()),
            "it needs itself"
        );
    }

    #[test]
    fn run_paths_lead_to_other_files_of_the_wheel() {
        let system = System::new(&[]);
        let extension = Made {
            runpath: "$ORIGIN/../../demo.libs",
            ..named("", &["liba-12345678.so", "libc.so.6"])
        };
        let objects = [
            object("demo-1.0.data/platlib/demo/deep/x.so", extension),
            object(
                "demo.libs/liba-12345678.so",
                named("liba-12345678.so", &["libb.so"]),
            ),
            object("demo.libs/libb.so", named("libb.so", &["liba-12345678.so"])),
        ];
        let closure = system.close(&objects);
        assert_eq!(
            place(
                &closure,
                "demo-1.0.data/platlib/demo/deep/x.so",
                "liba-12345678.so"
            ),
            in_wheel("demo.libs/liba-12345678.so")
        );
        assert_eq!(
            place(&closure, "demo.libs/liba-12345678.so", "libb.so"),
            in_wheel("demo.libs/libb.so"),
            "no run path leads there, but the wheel has it"
        );
        assert_eq!(
            place(&closure, "demo.libs/libb.so", "liba-12345678.so"),
            in_wheel("demo.libs/liba-12345678.so")
        );
    }

    #[test]
    fn a_promised_library_that_the_wheel_brings_is_the_wheels() {
        let system = System::new(&[]);
        let extension = Made {
            rpath: "$ORIGIN",
            ..named("", &["libz.so.1", "libc.so.6"])
        };
        let objects = [
            object("demo/x.so", extension),
            object("demo/libz.so.1", named("libz.so.1", &[])),
            object("y.so", named("", &["libz.so.1", "libc.so.6"])),
        ];
        let closure = system.close(&objects);
        assert_eq!(
            place(&closure, "demo/x.so", "libz.so.1"),
            in_wheel("demo/libz.so.1")
        );
        assert_eq!(place(&closure, "y.so", "libz.so.1"), Place::Promised);
    }

    #[test]
    fn what_is_missing_is_told_with_the_folders_that_were_searched() {
        let system = System::new(&[]);
        system.write("etc/ld.so.conf", b"/opt/conf\n");
        let made = Made {
            rpath: "$ORIGIN/libs:$ORIGIN/../../out:/opt/x",
            ..named("", &["libfoo.so.1", "libc.so.6"])
        };
        let closure = system.close(&[object("demo/x.so", made)]);
        assert_eq!(place(&closure, "demo/x.so", "libfoo.so.1"), Place::Missing);
        let searched = &closure.searched["libfoo.so.1"];
        assert_eq!(
            searched[..4],
            [
                PathBuf::from("demo/libs"),
                PathBuf::from("$ORIGIN/../../out"),
                system.path("opt/x"),
                system.path("opt/conf"),
            ]
        );
    }

    #[test]
    fn what_shall_be_left_is_named_by_soname_or_path() {
        let mut system = System::new(&[
            ("usr/lib/libfoo.so.1", named("libfoo.so.1", &["libgone.so"])),
            ("usr/lib/libbar.so.1", named("libbar.so.1", &[])),
        ]);
        let pattern = |text: &str| glob::Pattern::new(text).unwrap();
        system.search.exclude = vec![pattern("libfoo.so.*"), pattern("*/usr/lib/libbar*")];
        let made = named("", &["libfoo.so.1", "libbar.so.1", "libc.so.6"]);
        let closure = system.close(&[object("x.so", made)]);
        for name in ["libfoo.so.1", "libbar.so.1"] {
            assert_eq!(place(&closure, "x.so", name), Place::Excluded, "{name}");
        }
        assert!(closure.libraries.is_empty() && closure.searched.is_empty());
    }

    #[test]
    fn two_libraries_of_one_soname_are_told_unless_they_are_the_same() {
        let other = Made {
            runpath: "/other",
            ..named("libfoo.so.1", &[])
        };
        let system = System::new(&[
            ("one/libfoo.so.1", named("libfoo.so.1", &[])),
            ("two/libfoo.so.1", other),
            ("one/libbar.so.1", named("libbar.so.1", &[])),
            ("two/libbar.so.1", named("libbar.so.1", &[])),
        ]);
        let needed = &["libfoo.so.1", "libbar.so.1", "libc.so.6"];
        let from = |runpath| Made {
            runpath,
            ..named("", needed)
        };
        let closure = system.close(&[object("a.so", from("/one")), object("b.so", from("/two"))]);
        let both = ["one/libfoo.so.1", "two/libfoo.so.1"].map(|path| system.path(path));
        assert_eq!(closure.libraries.len(), 4);
        assert_eq!(
            closure.clashes,
            BTreeMap::from([("libfoo.so.1".to_owned(), BTreeSet::from(both))])
        );
    }

    #[test]
    fn a_library_that_is_damaged_is_an_error_that_names_it() {
        let system = System::new(&[]);
        let mut damaged = shared_object(named("libfoo.so.1", &[]));
        damaged.truncate(100);
        system.write("usr/lib/libfoo.so.1", &damaged);
        let made = named("", &["libfoo.so.1", "libc.so.6"]);
        let error = close(&[object("x.so", made)], &system.search)
            .unwrap_err()
            .to_string();
        let path = system
            .folder
            .path()
            .canonicalize()
            .unwrap()
            .join("usr/lib/libfoo.so.1");
        assert_eq!(
            error,
            format!("cannot read the library {}, which `x.so` needs", path.display())
        );
    }
}

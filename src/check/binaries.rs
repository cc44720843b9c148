//! Shared objects: against the tag, against each other, against CPython.

use std::collections::{BTreeMap, BTreeSet};

use super::file_name::oldest_cpython;
use super::layout::is_native;
use super::members::{Glance, Member, Members};
use super::{Findings, listed, rules, stable_abi};
use crate::archive::{ArchivePath, Installed};
use crate::audit::{self, AuditError, Cause, Closure, Grafting, Object, Objection};
use crate::elf::Facts;
use crate::tag::{PlatformWish, WheelFilename};

/// A shared object for other programs, as `e_type` says it.
const SHARED: u16 = 3;

pub(super) fn judge(members: &Members, filename: &WheelFilename, findings: &mut Findings) {
    let wheel = Binaries::of(members, filename);
    wheel.judge_bare(members, findings);
    for member in &members.files {
        if let Glance::Elf(read) = &member.glance
            && let Err(error) = read.as_ref()
        {
            let message = format!("`{}` cannot be read: {error}", member.path);
            findings.within(&rules::ELF_001, &member.path, message);
        }
        wheel.judge_extension(member, findings);
    }
    for (path, facts) in &wheel.objects {
        wheel.judge_object(path, facts, findings);
    }
    wheel.judge_file_names(members, findings);
    wheel.judge_sonames(findings);
}

/// What a wheel's shared objects are held against.
struct Binaries<'a> {
    filename: &'a WheelFilename,
    /// Path in the wheel and facts of all that the loader takes.
    objects: Vec<(&'a str, &'a Facts)>,
    /// Every folder of the wheel that holds a file, as it is unpacked.
    folders: BTreeSet<String>,
    /// Where a file with a name or a soname lies, as it is unpacked.
    places: BTreeMap<&'a str, BTreeSet<String>>,
    /// The Linux platforms of the tag, older names made new ones.
    platforms: BTreeSet<(PlatformWish, String)>,
    /// Sonames of libraries that somebody else brings.
    left_out: &'a [glob::Pattern],
}

impl<'a> Binaries<'a> {
    fn of(members: &'a Members, filename: &'a WheelFilename) -> Self {
        let mut folders = BTreeSet::new();
        let mut places: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut objects = Vec::new();
        for member in &members.files {
            let path = Installed::unpacked(&member.path);
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let mut above = folder;
            while folders.insert(above.to_owned()) {
                above = above.rsplit_once('/').map_or("", |(above, _)| above);
            }
            places.entry(name).or_default().insert(folder.to_owned());
            if let Some(facts) = member.facts().filter(|facts| facts.is_dynamic) {
                objects.push((member.path.as_str(), facts));
                if let Some(soname) = &facts.soname {
                    places.entry(soname).or_default().insert(folder.to_owned());
                }
            }
        }
        let platforms = filename.tag().platform().filter_map(linux_platform).collect();
        Self {
            filename,
            objects,
            folders,
            places,
            platforms,
            left_out: &members.left_out,
        }
    }

    fn is_for_linux(&self) -> bool {
        !self.platforms.is_empty()
    }

    /// An extension's entry point, its platform and what it takes of CPython.
    fn judge_extension(&self, member: &Member, findings: &mut Findings) {
        if !is_extension(member) {
            return;
        }
        let path = member.path.as_str();
        let Some(facts) = member.facts() else {
            if self.is_for_linux() && !matches!(member.glance, Glance::Elf(_)) {
                let what = if is_native(&member.glance) {
                    "is made for another system"
                } else {
                    "is no shared object"
                };
                findings.within(&rules::ELF_009, path, format!("`{path}` {what}"));
            }
            return;
        };
        if !self.is_for_linux() {
            return;
        }
        if facts.object_type != SHARED {
            findings.within(
                &rules::ELF_009,
                path,
                format!("`{path}` is no shared object that Python could load"),
            );
            return;
        }
        if !is_bare(facts) {
            judge_entry_point(path, facts, findings);
        }
        if let Some(library) = facts.needed.iter().find(|library| audit::is_libpython(library)) {
            findings.within(
                &rules::ELF_008,
                path,
                format!("`{path}` is linked to `{library}`"),
            );
        }
        self.judge_stable_abi(path, facts, findings);
    }

    /// Files that are named as extensions and have nothing to do with Python: they are loaded by other means.
    fn judge_bare(&self, members: &Members, findings: &mut Findings) {
        let bare: Vec<&str> = members
            .files
            .iter()
            .filter(|member| self.is_for_linux() && is_extension(member))
            .filter(|member| {
                member
                    .facts()
                    .is_some_and(|facts| facts.object_type == SHARED && is_bare(facts))
            })
            .map(|member| member.path.as_str())
            .collect();
        if let Some(first) = bare.first() {
            let message = format!(
                "these have the names of extensions, but Python cannot import them: {}",
                listed(&bare)
            );
            findings.within(&rules::ELF_011, first, message);
        }
    }

    fn judge_stable_abi(&self, path: &str, facts: &Facts, findings: &mut Findings) {
        let is_stable = self.filename.tag().abi().any(|abi| abi.starts_with("abi3"));
        let Some(floor) = oldest_cpython(self.filename).filter(|_| is_stable) else {
            return;
        };
        let used = facts.undefined.iter().filter(|symbol| !symbol.weak);
        let used = used
            .map(|symbol| symbol.name.as_str())
            .filter(|name| stable_abi::is_of_cpython(name));
        let (mut foreign, mut newer) = (Vec::new(), Vec::new());
        for name in used {
            match stable_abi::since(name) {
                None => foreign.push(name.to_owned()),
                Some(since) if since > floor => newer.push(format!("{name} (3.{since})")),
                Some(_) => {}
            }
        }
        if !foreign.is_empty() {
            let message = format!(
                "`{path}` uses what is not in the stable ABI: {}",
                listed(&foreign)
            );
            findings.within(&rules::ELF_007, path, message);
        }
        if !newer.is_empty() {
            let message = format!(
                "`{path}` uses what CPython 3.{floor} does not have in its stable ABI: {}",
                listed(&newer)
            );
            findings.within(&rules::ELF_007, path, message);
        }
    }

    fn judge_object(&self, path: &str, facts: &Facts, findings: &mut Findings) {
        if facts.has_executable_stack {
            findings.within(
                &rules::ELF_006,
                path,
                format!("`{path}` asks for an executable stack"),
            );
        }
        self.judge_run_path(path, facts, findings);
        self.judge_needed(path, facts, findings);
        self.judge_platform(path, facts, findings);
        if let Some((folder, name)) = path.rsplit_once('/')
            && folder.ends_with(".libs")
            && let Some(soname) = facts.soname.as_ref().filter(|soname| *soname != name)
        {
            findings.within(
                &rules::TAG_20,
                path,
                format!("the bundled library `{path}` has another soname: `{soname}`"),
            );
        }
    }

    fn judge_run_path(&self, path: &str, facts: &Facts, findings: &mut Findings) {
        // Scripts go to a folder of which the wheel does not know where it is.
        let is_elsewhere = path.contains(".data/");
        for entry in run_path(facts) {
            match Self::resolved(path, entry) {
                None => {
                    let message = if entry.is_empty() {
                        format!(
                            "the run path of `{path}` has an empty entry, which means the working directory"
                        )
                    } else {
                        format!("the run path of `{path}` leads out of the wheel: `{entry}`")
                    };
                    if entry.starts_with('$') && is_elsewhere {
                        continue;
                    }
                    findings.within(&rules::ELF_005, path, message);
                }
                Some(folder) => {
                    if !is_elsewhere && !self.folders.contains(&folder) {
                        let message =
                            format!("the run path of `{path}` leads to no folder of the wheel: `{entry}`");
                        findings.within(&rules::ELF_004, path, message);
                    }
                }
            }
        }
    }

    /// The folder that an entry of a run path means, as the wheel is unpacked; nothing for one outside.
    fn resolved(path: &str, entry: &str) -> Option<String> {
        let origin = Installed::unpacked(path)
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        audit::among_packages(entry, origin)
    }

    /// Libraries that lie in the wheel and that nobody who needs them is led to.
    fn judge_needed(&self, path: &str, facts: &Facts, findings: &mut Findings) {
        for library in &facts.needed {
            let Some(folders) = self.places.get(library.as_str()) else {
                continue;
            };
            let is_led = self
                .objects
                .iter()
                .filter(|(_, other)| other.needed.contains(library))
                .any(|(other, facts)| self.leads(other, facts, folders));
            let is_promised = self.platforms.iter().any(|(wish, _)| promises(wish, library));
            if !is_led && !is_promised {
                findings.within(
                    &rules::ELF_003,
                    path,
                    format!("`{path}` needs `{library}`, which the wheel holds, but no run path leads to it"),
                );
            }
        }
    }

    /// Whether a file is led to one of the folders by its own run path, or by a `DT_RPATH` of whoever loads it.
    fn leads(&self, path: &'a str, facts: &Facts, folders: &BTreeSet<String>) -> bool {
        let own = |path: &str, facts: &Facts| {
            run_path(facts)
                .filter_map(|entry| Self::resolved(path, entry))
                .any(|folder| folders.contains(&folder))
        };
        if own(path, facts) || facts.runpath.is_some() {
            return own(path, facts);
        }
        let mut above = BTreeSet::from([path]);
        let mut open = vec![(path, facts)];
        while let Some((path, facts)) = open.pop() {
            let file_name = path.rsplit('/').next().unwrap_or_default();
            let names = [Some(file_name), facts.soname.as_deref()];
            for (other, others) in &self.objects {
                let loads = names
                    .iter()
                    .flatten()
                    .any(|name| others.needed.iter().any(|needed| needed == name));
                if loads && above.insert(other) {
                    if others.runpath.is_none() && own(other, others) {
                        return true;
                    }
                    open.push((other, others));
                }
            }
        }
        false
    }

    fn judge_platform(&self, path: &str, facts: &Facts, findings: &mut Findings) {
        // A path that is none has been told.
        let Ok(place) = ArchivePath::parse(path) else {
            return;
        };
        let object = Object {
            path: place,
            facts: self.without_own_libraries(facts),
        };
        // Each on its own: that one library is in the way says nothing about the next.
        let audit = audit::audit(std::slice::from_ref(&object), &Closure::default());
        for (wish, architecture) in &self.platforms {
            match audit::choose(
                &audit,
                std::slice::from_ref(wish),
                architecture,
                Grafting::Forbidden,
            ) {
                Ok(_) => {}
                Err(AuditError::Machine { found, wanted }) => {
                    let message = format!("`{path}` is made for {found}, the tag is for {wanted}");
                    findings.within(&rules::ELF_002, path, message);
                    return;
                }
                Err(AuditError::UnknownPolicy { .. }) => {
                    let message = format!("there is no `{wish}_{architecture}`");
                    findings.about(&rules::TAG_17, message);
                }
                Err(AuditError::NotHeld { objections, .. }) => {
                    // Said in words of its own.
                    let words: Vec<String> = objections
                        .iter()
                        .map(|objection: &Objection| &objection.cause)
                        .filter(|cause| !matches!(cause, Cause::LinksPython { .. }))
                        .map(Cause::to_string)
                        .collect();
                    if !words.is_empty() {
                        let message = format!(
                            "`{path}` does not hold to `{wish}_{architecture}`: it {}",
                            words.join("; it ")
                        );
                        findings.within(&rules::TAG_19, path, message);
                    }
                }
            }
        }
    }

    /// The facts as if libraries that the wheel or somebody else brings were not asked of the system.
    fn without_own_libraries(&self, facts: &Facts) -> Facts {
        let mut facts = facts.clone();
        let is_left_out = |library: &str| self.left_out.iter().any(|pattern| pattern.matches(library));
        let is_own = |library: &str| {
            is_left_out(library) || (self.places.contains_key(library) && !is_of_c_library(library))
        };
        facts.needed.retain(|library| !is_own(library));
        facts.needed_versions.retain(|needed| !is_own(&needed.library));
        facts
    }

    /// Extensions of which no file name is for a Python of the tag.
    fn judge_file_names(&self, members: &Members, findings: &mut Findings) {
        let mut modules: BTreeMap<(&str, &str), Vec<(&str, &str)>> = BTreeMap::new();
        for member in members.files.iter().filter(|member| is_extension(member)) {
            let (folder, name) = member.path.rsplit_once('/').unwrap_or(("", &member.path));
            if let Some((module, suffix)) = extension_name(name) {
                modules
                    .entry((folder, module))
                    .or_default()
                    .push((suffix, &member.path));
            }
        }
        for files in modules.values() {
            if files.iter().any(|(suffix, _)| self.imports(suffix)) {
                continue;
            }
            let Some((suffix, path)) = files.first() else {
                continue;
            };
            let is_long_stable = suffix.starts_with("abi3-") || suffix.starts_with("abi3t-");
            let rule = if is_long_stable {
                &rules::TAG_15
            } else {
                &rules::TAG_16
            };
            let tag = self.filename.tag();
            findings.within(
                rule,
                path,
                format!("no Python of `{tag}` imports `{path}` by its name"),
            );
        }
    }

    /// Whether every Python of the tag, or for a version-specific wheel its Python, imports files with that suffix.
    fn imports(&self, suffix: &str) -> bool {
        let tag = self.filename.tag();
        if suffix.is_empty() || tag.abi().any(|abi| abi == "none") {
            return true;
        }
        let floor = oldest_cpython(self.filename);
        tag.abi().any(|abi| {
            let is_free_threaded = abi == "abi3t" || (abi.starts_with("cp") && abi.ends_with('t'));
            match suffix.split_once('-').unwrap_or((suffix, "")) {
                ("abi3", "") => !is_free_threaded,
                ("abi3t", "") => floor.is_some_and(|floor| floor >= 15),
                ("abi3" | "abi3t", _) => floor.is_some_and(|floor| floor >= 15),
                ("cpython", rest) => {
                    let (version, machine) = rest.split_once('-').unwrap_or((rest, ""));
                    abi.strip_prefix("cp") == Some(version) && self.is_machine_of_tag(machine)
                }
                _ => !abi.starts_with("cp") && !abi.starts_with("abi3"),
            }
        })
    }

    /// Whether the machine in an extension's file name is one of the tag's.
    fn is_machine_of_tag(&self, multiarch: &str) -> bool {
        let machine = multiarch.split('-').next().unwrap_or_default();
        let spelled = match machine {
            "i386" | "i486" | "i586" => "i686",
            "powerpc64le" => "ppc64le",
            "powerpc64" => "ppc64",
            "arm" => "armv",
            other => other,
        };
        machine.is_empty()
            || !self.is_for_linux()
            || self
                .platforms
                .iter()
                .any(|(_, architecture)| architecture.starts_with(spelled))
    }

    fn judge_sonames(&self, findings: &mut Findings) {
        let needed: BTreeSet<&str> = self
            .objects
            .iter()
            .flat_map(|(_, facts)| facts.needed.iter().map(String::as_str))
            .collect();
        let mut owners: BTreeMap<&str, (&str, Option<&str>)> = BTreeMap::new();
        for (path, facts) in &self.objects {
            let Some(soname) = facts.soname.as_deref().filter(|soname| needed.contains(soname)) else {
                continue;
            };
            let build_id = facts.build_id.as_deref();
            match owners.get(soname) {
                // The same library under two names is no harm.
                Some((first, first_id)) if first_id.is_none() || *first_id != build_id => {
                    let message = format!(
                        "`{first}` and `{path}` both have the soname `{soname}`: only one of them is loaded"
                    );
                    findings.within(&rules::ELF_010, path, message);
                }
                Some(_) => {}
                None => {
                    owners.insert(soname, (path, build_id));
                }
            }
        }
    }
}

/// The entries of a run path; an empty one means the working directory.
fn run_path(facts: &Facts) -> impl Iterator<Item = &str> {
    facts
        .runpath
        .as_ref()
        .or(facts.rpath.as_ref())
        .filter(|text| !text.is_empty())
        .into_iter()
        .flat_map(|text| text.split(':'))
}

/// The wish and the architecture of a Linux platform tag.
pub(super) fn linux_platform(tag: &str) -> Option<(PlatformWish, String)> {
    if let Some(architecture) = tag.strip_prefix("linux_") {
        return Some((PlatformWish::Linux, architecture.to_owned()));
    }
    let parts: Vec<&str> = tag.splitn(4, '_').collect();
    let (policy, architecture) = match parts.as_slice() {
        ["manylinux" | "musllinux", major, minor, architecture] => {
            let family = parts.first().copied().unwrap_or_default();
            (format!("{family}_{major}_{minor}"), (*architecture).to_owned())
        }
        [
            family @ ("manylinux1" | "manylinux2010" | "manylinux2014"),
            architecture @ ..,
        ] => ((*family).to_owned(), architecture.join("_")),
        _ => return None,
    };
    Some((PlatformWish::parse(&policy).ok()?, architecture))
}

/// Libraries of the C library itself, which a wheel that carries its own loader may hold.
fn is_of_c_library(library: &str) -> bool {
    [
        "libc.so",
        "libc.musl",
        "ld-linux",
        "ld-musl",
        "libm.so",
        "libpthread.so",
        "libdl.so",
    ]
    .iter()
    .any(|prefix| library.starts_with(prefix))
}

/// Whether a platform brings a library, so that a copy in the wheel need not be found.
fn promises(wish: &PlatformWish, library: &str) -> bool {
    match wish {
        PlatformWish::Manylinux(_, minor) => {
            audit::policy::policies(audit::CLibrary::Gnu).promises(*minor, library)
        }
        PlatformWish::Musllinux(_, minor) => {
            audit::policy::policies(audit::CLibrary::Musl).promises(*minor, library)
        }
        PlatformWish::Linux | PlatformWish::Pypi => false,
    }
}

/// Whether a file is an extension: by its suffix, or where that does not tell, by what it exports. A folder with a dot in its name
/// is no package, so that nothing in `demo.libs` is one.
pub(super) fn is_extension(member: &Member) -> bool {
    let path = Installed::unpacked(&member.path);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if folder.contains('.') {
        return false;
    }
    match extension_name(name) {
        None => false,
        Some((_, "")) => member.facts().is_some_and(|facts| {
            ["PyInit_", "PyInitU_", "PyModExport_", "PyModExportU_"]
                .iter()
                .any(|prefix| facts.exports_with_prefix(prefix).next().is_some())
        }),
        Some(_) => true,
    }
}

/// `_x` and `cpython-311-x86_64-linux-gnu` of `_x.cpython-311-x86_64-linux-gnu.so`; nothing for a name that no Python imports.
fn extension_name(name: &str) -> Option<(&str, &str)> {
    let stem = name.strip_suffix(".so")?;
    let (module, suffix) = stem.split_once('.').unwrap_or((stem, ""));
    let known = ["", "abi3", "abi3t"].contains(&suffix)
        || ["abi3-", "abi3t-", "cpython-", "pypy", "graalpy"]
            .iter()
            .any(|prefix| suffix.starts_with(prefix));
    (known && !module.is_empty()).then_some((module, suffix))
}

/// Whether a shared object neither offers anything to Python nor takes anything from it.
fn is_bare(facts: &Facts) -> bool {
    let offers = ["PyInit", "PyModExport"]
        .iter()
        .any(|prefix| facts.exports_with_prefix(prefix).next().is_some());
    let takes = facts
        .undefined
        .iter()
        .any(|symbol| stable_abi::is_of_cpython(&symbol.name));
    !offers && !takes
}

/// <https://peps.python.org/pep-0489/#export-hook-name>, <https://peps.python.org/pep-0793/>
fn judge_entry_point(path: &str, facts: &Facts, findings: &mut Findings) {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let Some((module, _)) = extension_name(name) else {
        return;
    };
    let exported: Vec<&str> = ["PyInit", "PyModExport"]
        .iter()
        .flat_map(|prefix| facts.exports_with_prefix(prefix))
        .collect();
    let fits = |symbol: &&str| {
        if module.is_ascii() {
            [format!("PyInit_{module}"), format!("PyModExport_{module}")]
                .iter()
                .any(|wanted| wanted == symbol)
        } else {
            symbol.starts_with("PyInitU_") || symbol.starts_with("PyModExportU_")
        }
    };
    if exported.iter().any(fits) {
        return;
    }
    let message = if exported.is_empty() {
        format!("`{path}` exports no `PyInit_{module}`, so Python cannot import it")
    } else {
        format!("`{path}` exports no `PyInit_{module}` but {}", listed(&exported))
    };
    findings.within(&rules::PYO_09, path, message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_told_by_their_names() {
        for (name, told) in [
            (
                "_x.cpython-311-x86_64-linux-gnu.so",
                Some(("_x", "cpython-311-x86_64-linux-gnu")),
            ),
            ("_x.abi3.so", Some(("_x", "abi3"))),
            ("_x.so", Some(("_x", ""))),
            ("libz-0123.so.1", None),
            ("libfoo.1.2.so", None),
            ("_x.pyd", None),
        ] {
            assert_eq!(extension_name(name), told, "{name}");
        }
    }

    #[test]
    fn platforms_are_read_in_every_spelling() {
        let x86 = || "x86_64".to_owned();
        assert_eq!(
            linux_platform("manylinux2014_x86_64"),
            Some((PlatformWish::Manylinux(2, 17), x86()))
        );
        assert_eq!(
            linux_platform("manylinux_2_28_x86_64"),
            Some((PlatformWish::Manylinux(2, 28), x86()))
        );
        assert_eq!(
            linux_platform("musllinux_1_2_x86_64"),
            Some((PlatformWish::Musllinux(1, 2), x86()))
        );
        assert_eq!(linux_platform("linux_x86_64"), Some((PlatformWish::Linux, x86())));
        assert_eq!(linux_platform("any"), None);
    }

    #[test]
    fn paths_are_those_of_the_unpacked_wheel() {
        assert_eq!(Installed::unpacked("a-1.data/platlib/a/b.so"), "a/b.so");
        assert_eq!(
            Installed::unpacked("a-1.data/scripts/run"),
            "a-1.data/scripts/run"
        );
        assert_eq!(Installed::unpacked("a/b.so"), "a/b.so");
    }
}

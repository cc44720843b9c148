//! Takes a finished wheel, whoever made it. Gives what there is to tell about it: a report, and a page to look at.
//! Knows nothing of screens; changes nothing.

mod crates;
pub mod page;
mod treemap;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::archive::ArchivePath;
use crate::audit::packages::{Package, Packages};
use crate::audit::{self, Audit, Closure, ClosureError, Object, Place, Search};
use crate::elf;
use crate::fs::FileError;
use crate::tag::WheelFilename;
use crate::wheel::read::{self, Files, ReadError};
use crate::zip::parallel;

/// Everything there is to tell about a wheel.
#[derive(Debug)]
pub struct Report {
    /// The file.
    pub path: PathBuf,
    /// Its name.
    pub filename: WheelFilename,
    /// Its length in bytes.
    pub size: u64,
    /// Its files, in the archive's order.
    pub members: Vec<Member>,
    /// `Name` and `Version` of METADATA.
    pub project: String,
    /// `Generator` of WHEEL.
    pub generator: Option<String>,
    /// Its entry points.
    pub entry_points: Vec<EntryPoint>,
    /// Its bills of materials.
    pub sboms: Vec<Sbom>,
    /// Its ELF files.
    pub objects: Vec<Object>,
    /// Files that begin like ELF files and are none: path and reason. Nothing is judged by them.
    pub unreadable: Vec<(String, String)>,
    /// What the loader would bring.
    pub closure: Closure,
    /// What the policies say; nothing where there is no ELF file that they speak of.
    pub audit: Option<Audit>,
    /// The packages that own the libraries outside of the wheel.
    pub owners: BTreeMap<PathBuf, Package>,
    /// Packages that would bring what is missing.
    pub bringing: BTreeMap<String, String>,
}

/// A file of the wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many bytes of the wheel it takes.
    pub compressed: u64,
}

/// A line of `entry_points.txt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// `console_scripts`.
    pub group: String,
    /// Its name.
    pub name: String,
    /// `package.module:function`.
    pub target: String,
}

/// A bill of materials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sbom {
    /// Its path in the wheel.
    pub path: String,
    /// `CycloneDX 1.5`, `SPDX-2.3`; nothing where it tells neither.
    pub format: Option<String>,
    /// How many components it lists.
    pub components: usize,
}

/// Why there is nothing to tell.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// One page for several wheels.
    #[error("a page shows one wheel, and {0} were given")]
    OnePage(usize),
    /// The file cannot be read as a wheel.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The page cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A library outside of the wheel cannot be read.
    #[error("cannot follow what {path} needs", path = path.display())]
    Closure {
        /// The wheel.
        path: PathBuf,
        /// Why.
        #[source]
        source: ClosureError,
    },
}

impl ShowError {
    /// The program's exit status.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::OnePage(_) => 2,
            _ => 1,
        }
    }
}

/// Reads a wheel, on up to `cores` threads, and all that the loader would bring for it.
///
/// # Errors
/// Where the file is no wheel that an installer should open, or a library that it needs cannot be read.
pub fn report(path: &Path, search: &Search, cores: usize) -> Result<Report, ShowError> {
    let Files {
        filename,
        dist_info,
        entries,
        size,
    } = read::files(path, cores)?;
    let members: Vec<Member> = entries
        .into_iter()
        .map(|entry| Member {
            path: entry.path,
            bytes: entry.bytes,
            compressed: entry.compressed,
        })
        .collect();
    let text = |name: &str| text_of(&members, &format!("{dist_info}/{name}"));
    let metadata = text("METADATA");
    let field = |name| header(&metadata, name).unwrap_or("?");
    let (objects, unreadable) = objects(&members, cores);
    let closure = audit::close(&objects, search).map_err(|source| ShowError::Closure {
        path: path.to_owned(),
        source,
    })?;
    let (owners, bringing) = packages(&closure, search);
    Ok(Report {
        path: path.to_owned(),
        filename,
        size,
        project: format!("{} {}", field("Name"), field("Version")),
        generator: header(&text("WHEEL"), "Generator").map(str::to_owned),
        entry_points: entry_points(&text("entry_points.txt")),
        sboms: sboms(&members, &format!("{dist_info}/sboms/")),
        audit: Some(audit::audit(&objects, &closure)).filter(|audit| !audit.architecture().is_empty()),
        members,
        objects,
        unreadable,
        closure,
        owners,
        bringing,
    })
}

fn text_of(members: &[Member], path: &str) -> String {
    let member = members.iter().find(|member| member.path == path);
    member.map_or_else(String::new, |member| {
        String::from_utf8_lossy(&member.bytes).into_owned()
    })
}

/// A header of METADATA or WHEEL.
fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// <https://packaging.python.org/en/latest/specifications/entry-points/#file-format>
fn entry_points(text: &str) -> Vec<EntryPoint> {
    let mut group = "";
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            group = name.trim();
        } else if let Some((name, target)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';'])) {
            found.push(EntryPoint {
                group: group.to_owned(),
                name: name.trim().to_owned(),
                target: target.trim().to_owned(),
            });
        }
    }
    found
}

/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#the-dist-info-sboms-directory>
fn sboms(members: &[Member], folder: &str) -> Vec<Sbom> {
    members
        .iter()
        .filter(|member| member.path.starts_with(folder))
        .map(|member| {
            let json: serde_json::Value = serde_json::from_slice(&member.bytes).unwrap_or_default();
            let text = |key: &str| json.get(key).and_then(serde_json::Value::as_str);
            let format = match (text("bomFormat"), text("specVersion")) {
                (Some(format), Some(version)) => Some(format!("{format} {version}")),
                _ => text("spdxVersion").map(str::to_owned),
            };
            let listed = |key: &str| json.get(key).and_then(serde_json::Value::as_array).map(Vec::len);
            Sbom {
                path: member.path.clone(),
                format,
                components: listed("components").or_else(|| listed("packages")).unwrap_or(0),
            }
        })
        .collect()
}

fn objects(members: &[Member], cores: usize) -> (Vec<Object>, Vec<(String, String)>) {
    let files: Vec<&Member> = members
        .iter()
        .filter(|member| elf::is_elf(&member.bytes))
        .collect();
    let looked = parallel::map(cores, &files, |member| {
        let path = ArchivePath::parse(&member.path).map_err(|error| error.to_string())?;
        let facts = elf::inspect(&member.bytes).map_err(|error| error.to_string())?;
        Ok(Object { path, facts })
    });
    let mut objects = Vec::new();
    let mut unreadable = Vec::new();
    for (member, look) in files.into_iter().zip(looked) {
        match look {
            Ok(object) => objects.push(object),
            Err(reason) => unreadable.push((member.path.clone(), reason)),
        }
    }
    (objects, unreadable)
}

type Owners = BTreeMap<PathBuf, Package>;

/// Whose the libraries outside are, and who would bring those that are missing.
fn packages(closure: &Closure, search: &Search) -> (Owners, BTreeMap<String, String>) {
    if closure.libraries.is_empty() && closure.searched.is_empty() {
        return Default::default();
    }
    let packages = Packages::at(&search.sysroot);
    let owned = |path: &PathBuf| Some((path.clone(), packages.owner(path)?));
    let brought = |name: &String| Some((name.clone(), packages.bringing(name)?));
    (
        closure.libraries.keys().filter_map(owned).collect(),
        closure.searched.keys().filter_map(brought).collect(),
    )
}

/// Who needs whom: a file, by whatever name the one above needs it, and what it needs itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The name it is needed by; a root's path.
    pub name: String,
    /// Where it is; nothing for a root.
    pub place: Option<Place>,
    /// What it needs.
    pub needs: Vec<Branch>,
    /// Whether what it needs was told above already.
    pub is_told: bool,
}

impl Report {
    /// How many bytes all files have when they are unpacked.
    #[must_use]
    pub fn unpacked(&self) -> u64 {
        self.members.iter().map(|member| member.bytes.len() as u64).sum()
    }

    /// The files, the one that takes most of the wheel first.
    #[must_use]
    pub fn largest(&self) -> Vec<&Member> {
        let mut members: Vec<&Member> = self.members.iter().collect();
        members.sort_by(|one, two| two.compressed.cmp(&one.compressed).then(one.path.cmp(&two.path)));
        members
    }

    /// A tree for each ELF file that no other file of the wheel needs, or that all need each other. What a file needs is told
    /// once, where it first comes up.
    #[must_use]
    pub fn tree(&self) -> Vec<Branch> {
        let needed: Vec<&Place> = self.closure.objects.values().flat_map(BTreeMap::values).collect();
        let mut told = std::collections::BTreeSet::new();
        let mut roots = Vec::new();
        for only_unneeded in [true, false] {
            for path in self.closure.objects.keys() {
                let place = Place::Wheel(path.clone());
                if told.contains(&place) || (only_unneeded && needed.contains(&&place)) {
                    continue;
                }
                told.insert(place.clone());
                roots.push(Branch {
                    name: path.to_string(),
                    place: None,
                    needs: self.branches(&place, &mut told),
                    is_told: false,
                });
            }
        }
        roots
    }

    fn branches(&self, of: &Place, told: &mut std::collections::BTreeSet<Place>) -> Vec<Branch> {
        let needs = match of {
            Place::Wheel(path) => self.closure.objects.get(path),
            Place::Machine(path) => self.closure.libraries.get(path).map(|library| &library.needs),
            _ => None,
        };
        let mut branches = Vec::new();
        for (name, place) in needs.into_iter().flatten() {
            let has_more = matches!(place, Place::Wheel(_) | Place::Machine(_));
            let is_told = has_more && !told.insert(place.clone());
            let needs = if is_told {
                Vec::new()
            } else {
                self.branches(place, told)
            };
            branches.push(Branch {
                name: name.clone(),
                place: Some(place.clone()),
                needs,
                is_told,
            });
        }
        branches
    }
}

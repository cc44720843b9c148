//! Which crates travel: the project's own, and those it depends on by a path, wherever they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, Package};

use super::manifest::Manifest;
use super::{Deed, SdistError};
use crate::fs;
use crate::process;
use crate::project::Project;
use crate::project::cargo;

/// A crate whose sources travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The root folder of its workspace; its own where it is alone.
    pub workspace: PathBuf,
    /// The file that `package.readme` names.
    pub readme: Option<PathBuf>,
    /// The file that `package.license-file` names.
    pub license_file: Option<PathBuf>,
}

/// All crates that travel, and what is left of their workspaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crates {
    /// By folder.
    pub all: BTreeMap<PathBuf, Crate>,
    /// Members of each workspace that a crate belongs to, by its root; those that stay behind among them.
    pub workspaces: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Crates {
    /// Asks cargo for the project's crate and follows its path dependencies: of every kind and for every target, optional ones
    /// too, because the manifest that travels names them all. Nothing is resolved, so nothing is downloaded.
    pub fn find(project: &Project) -> Result<Self, SdistError> {
        let mut finder = Finder {
            project,
            packages: BTreeMap::new(),
            workspaces: BTreeMap::new(),
        };
        let mut waiting = patches(project)?;
        waiting.push(folder_of(&project.manifest));
        let mut all = BTreeMap::new();
        while let Some(folder) = waiting.pop() {
            if all.contains_key(&folder) {
                continue;
            }
            let (package, workspace) = finder.package(&folder)?;
            waiting.extend(finder.dependencies(&package, &workspace));
            all.insert(folder.clone(), Crate::new(&package, folder, workspace));
        }
        let mut workspaces = finder.workspaces;
        workspaces.retain(|workspace, _| all.values().any(|one| one.workspace == *workspace));
        Ok(Self { all, workspaces })
    }

    /// Members of a workspace that travel, as paths from its root, sorted. The root's own crate is not among them: cargo counts it
    /// unasked.
    pub fn members(&self, workspace: &Path) -> Vec<PathBuf> {
        let members = self.workspaces.get(workspace).into_iter().flatten();
        members
            .filter(|member| member.as_path() != workspace && self.all.contains_key(*member))
            .filter_map(|member| relative(workspace, member))
            .collect()
    }

    /// Whether a member of the workspace stays behind.
    pub fn leaves_members(&self, workspace: &Path) -> bool {
        let members = self.workspaces.get(workspace).into_iter().flatten();
        members.into_iter().any(|member| !self.all.contains_key(member))
    }
}

impl Crate {
    fn new(package: &Package, folder: PathBuf, workspace: PathBuf) -> Self {
        let named = |path: &Option<cargo_metadata::camino::Utf8PathBuf>| {
            path.as_ref()
                .map(|path| fs::normalize(&folder.join(path)))
                .filter(|path| path.is_file())
        };
        Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
            readme: named(&package.readme),
            license_file: named(&package.license_file),
            folder,
            workspace,
        }
    }
}

struct Finder<'a> {
    project: &'a Project,
    /// Every package that cargo told of, by folder, with its workspace.
    packages: BTreeMap<PathBuf, (Package, PathBuf)>,
    workspaces: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Finder<'_> {
    fn package(&mut self, folder: &Path) -> Result<(Package, PathBuf), SdistError> {
        if !self.packages.contains_key(folder) {
            let metadata = self.ask(&folder.join("Cargo.toml"))?;
            let workspace = fs::normalize(metadata.workspace_root.as_std_path());
            for package in metadata.packages {
                let folder = folder_of(package.manifest_path.as_std_path());
                self.workspaces
                    .entry(workspace.clone())
                    .or_default()
                    .insert(folder.clone());
                self.packages.insert(folder, (package, workspace.clone()));
            }
        }
        self.packages
            .get(folder)
            .cloned()
            .ok_or_else(|| SdistError::NoPackage(folder.join("Cargo.toml")))
    }

    /// Folders of the path dependencies.
    ///
    /// Cargo looks at development dependencies only in the workspace that it builds, so those of others may not be there.
    fn dependencies(&self, package: &Package, workspace: &Path) -> Vec<PathBuf> {
        let is_ours = workspace == self.project.cargo.workspace_root;
        let wanted = package
            .dependencies
            .iter()
            .filter(|dependency| is_ours || dependency.kind != DependencyKind::Development);
        wanted
            .filter_map(|dependency| dependency.path.as_ref())
            .map(|path| fs::normalize(path.as_std_path()))
            .filter(|folder| is_ours || folder.join("Cargo.toml").is_file())
            .collect()
    }

    fn ask(&self, manifest: &Path) -> Result<Metadata, SdistError> {
        let settings = &self.project.settings;
        let mut arguments: Vec<String> = ["metadata", "--format-version", "1", "--no-deps"]
            .map(str::to_owned)
            .into();
        arguments.extend(["--manifest-path".to_owned(), manifest.display().to_string()]);
        arguments.extend(cargo::configuration_flags(settings));
        // In the project's folder, whose configuration counts.
        let invocation = cargo::cargo(&self.project.manifest, arguments);
        let finished = process::capture(&invocation)?;
        if finished.status != 0 {
            return Err(SdistError::cargo(Deed::Describe, &invocation, &finished));
        }
        serde_json::from_slice(&finished.stdout).map_err(SdistError::Unreadable)
    }
}

/// Folders of crates that `[patch]` and `[replace]` put in the place of others: cargo looks at each, used or not.
fn patches(project: &Project) -> Result<Vec<PathBuf>, SdistError> {
    let root = &project.cargo.workspace_root;
    let manifest = Manifest::read(&root.join("Cargo.toml"))?;
    let folders = manifest
        .patches()
        .into_iter()
        .map(|path| fs::normalize(&root.join(path)));
    Ok(folders.collect())
}

/// The folder of a file.
pub fn folder_of(file: &Path) -> PathBuf {
    fs::normalize(file.parent().unwrap_or(Path::new("/")))
}

/// A path below a folder, as seen from it.
pub fn relative(folder: &Path, path: &Path) -> Option<PathBuf> {
    path.strip_prefix(folder).ok().map(Path::to_owned)
}

//! The files that a project is made of, as far as they are known before anything is compiled.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::archive::{Content, Tree};
use crate::event::ProjectSeen;
use crate::project::Project;

/// Files that tell cargo how to compile, in a project's folder or above it.
const CONFIGURATION: [&str; 4] = [
    ".cargo/config.toml",
    ".cargo/config",
    "rust-toolchain.toml",
    "rust-toolchain",
];

/// The project, for those who keep a record, with what is packed of it.
pub(super) fn seen(project: &Project, packed: &Tree) -> ProjectSeen {
    let base = base(project);
    let mut files = manifests(project);
    files.extend(packed.iter().filter_map(|(_, entry)| match &entry.content {
        Content::File(path) => Some(path.clone()),
        Content::Bytes(_) => None,
    }));
    files.extend(project.license_files.iter().map(|file| file.source.clone()));
    files.extend(project.settings.sbom_include.value.iter().cloned());
    let folders = project
        .root
        .ancestors()
        .take_while(|folder| folder.starts_with(&base));
    let configuration = folders.flat_map(|folder| CONFIGURATION.map(|name| folder.join(name)));
    files.extend(configuration.filter(|path| path.is_file()));
    // Neither what was generated nor what was brought from elsewhere: Cargo.lock has the hashes of that.
    files.retain(|file| !file.starts_with(&project.cargo.target_directory));
    ProjectSeen {
        name: project.metadata.name.to_string(),
        version: project.version.to_string(),
        root: project.root.clone(),
        base,
        target: project.cargo.target_triple.clone(),
        files,
    }
}

fn manifests(project: &Project) -> BTreeSet<PathBuf> {
    let workspace = &project.cargo.workspace_root;
    let mut files: BTreeSet<PathBuf> = project
        .cargo
        .local()
        .map(|package| package.manifest.clone())
        .collect();
    files.extend(project.pyproject.clone());
    files.extend(
        ["Cargo.toml", "Cargo.lock"]
            .map(|name| workspace.join(name))
            .into_iter()
            .filter(|path| path.is_file()),
    );
    files
}

/// The folder that holds both the workspace and the project, where one lies in the other.
fn base(project: &Project) -> PathBuf {
    let workspace: &Path = &project.cargo.workspace_root;
    if project.root.starts_with(workspace) {
        workspace.to_owned()
    } else {
        project.root.clone()
    }
}

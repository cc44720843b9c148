//! Which crates of the user's own a build needs, read off manifests alone: cargo would want their sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::CookError;
use crate::fs;

/// Tables that hold dependencies, in both of cargo's spellings.
pub(super) const DEPENDENCY_TABLES: [&str; 5] = [
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "build-dependencies",
    "build_dependencies",
];

/// The crates of the user's own.
#[derive(Debug, Default)]
pub(super) struct Crates {
    /// Their manifests, by path; that of the workspace is among them.
    pub manifests: BTreeMap<PathBuf, Table>,
    /// The folder of the workspace, where Cargo.lock lies.
    pub workspace: PathBuf,
    /// Folders of those that stand in for a package of a registry or repository: other people's crates are compiled against
    /// them, so they have to be there themselves.
    pub patches: BTreeSet<PathBuf>,
    /// The manifest that the members of the workspace have in common; nothing for a crate that is alone.
    shared: Option<PathBuf>,
    /// The manifest that was asked for.
    asked: PathBuf,
}

impl Crates {
    /// Reads the manifest, its workspace, and every crate that either names by a path. `configuration` are cargo's configuration
    /// files, each with the folder that its paths are relative to.
    pub fn of(manifest: &Path, configuration: &[(PathBuf, Table)]) -> Result<Self, CookError> {
        let table = read(manifest)?;
        let root = workspace_of(manifest, &table)?;
        let mut crates = Self {
            workspace: folder_of(&root).to_owned(),
            shared: read(&root)?.contains_key("workspace").then(|| root.clone()),
            asked: manifest.to_owned(),
            ..Self::default()
        };
        crates.take(manifest, false)?;
        crates.take(&root, false)?;
        let workspace = crates.manifests[&root].clone();
        for member in members(&root, &workspace)? {
            crates.take(&member, false)?;
        }
        for patch in patches(folder_of(&root), &workspace) {
            crates.take_named(patch, &root, true)?;
        }
        for (folder, table) in configuration {
            for patch in patches(folder, table) {
                crates.take_named(patch, &folder.join(".cargo/config.toml"), true)?;
            }
        }
        Ok(crates)
    }

    /// The folder that holds all of them.
    pub fn common_folder(&self) -> PathBuf {
        let mut common = self.workspace.clone();
        for manifest in self.manifests.keys() {
            while !manifest.starts_with(&common) && common.pop() {}
        }
        common
    }

    /// Whether a manifest lies in the folder of one that stands in for somebody else's package.
    pub fn is_patch(&self, manifest: &Path) -> bool {
        self.patches.contains(folder_of(manifest))
    }

    fn take(&mut self, manifest: &Path, is_patch: bool) -> Result<(), CookError> {
        let is_new_patch = is_patch && self.patches.insert(folder_of(manifest).to_owned());
        if self.manifests.contains_key(manifest) && !is_new_patch {
            return Ok(());
        }
        let table = read(manifest)?;
        self.manifests.insert(manifest.to_owned(), table.clone());
        // A crate of another workspace may inherit from that one's manifest.
        let workspace = workspace_of(manifest, &table)?;
        let is_member = manifest == self.asked || self.shared.as_ref() == Some(&workspace);
        for mut named in named_by(folder_of(manifest), &table) {
            // What the tests of a stand-in need is nobody else's concern.
            let is_patch = is_patch && !named.is_for_tests;
            // Cargo looks at what tests need in the members of the workspace alone.
            named.is_optional |= named.is_for_tests && !is_member;
            self.take_named(named, manifest, is_patch)?;
        }
        self.take(&workspace, false)
    }

    fn take_named(&mut self, named: Named, by: &Path, is_patch: bool) -> Result<(), CookError> {
        let manifest = fs::normalize(&named.folder).join("Cargo.toml");
        if manifest.is_file() {
            return self.take(&manifest, is_patch);
        }
        if named.is_optional {
            return Ok(());
        }
        Err(CookError::MissingDependency {
            manifest: by.to_owned(),
            name: named.name,
            path: manifest,
        })
    }
}

/// A crate that a manifest names by a path.
struct Named {
    name: String,
    folder: PathBuf,
    is_for_tests: bool,
    /// Whether cargo does not mind that it is not there: nobody inherits it, or only tests that are nobody's concern need it.
    is_optional: bool,
}

/// Reads a manifest, or another file in its language.
pub(super) fn read(manifest: &Path) -> Result<Table, CookError> {
    fs::read_text(manifest)?
        .parse()
        .map_err(|source| CookError::Manifest {
            path: manifest.to_owned(),
            source: Box::new(source),
        })
}

/// The folder of a manifest.
pub(super) fn folder_of(manifest: &Path) -> &Path {
    manifest.parent().unwrap_or(Path::new("/"))
}

/// The manifest of the workspace that a package belongs to: its own, where there is none.
///
/// <https://doc.rust-lang.org/cargo/reference/workspaces.html>
fn workspace_of(manifest: &Path, table: &Table) -> Result<PathBuf, CookError> {
    if table.contains_key("workspace") {
        return Ok(manifest.to_owned());
    }
    let folder = folder_of(manifest);
    if let Some(named) = text_at(table, &["package", "workspace"]) {
        return Ok(fs::normalize(&folder.join(named)).join("Cargo.toml"));
    }
    for above in folder.ancestors().skip(1) {
        let candidate = above.join("Cargo.toml");
        if !candidate.is_file() {
            continue;
        }
        let table = read(&candidate)?;
        if let Some(workspace) = table.get("workspace")
            && !is_excluded(above, workspace, folder)
        {
            return Ok(candidate);
        }
    }
    Ok(manifest.to_owned())
}

/// Whether a workspace wants to know nothing of a folder. What it names as a member it does not exclude.
fn is_excluded(root: &Path, workspace: &Value, folder: &Path) -> bool {
    let holds =
        |key| texts(workspace.get(key)).any(|path| folder.starts_with(fs::normalize(&root.join(path))));
    holds("exclude") && !holds("members")
}

/// The manifests of a workspace's members.
fn members(root: &Path, table: &Table) -> Result<Vec<PathBuf>, CookError> {
    let folder = folder_of(root);
    let Some(workspace) = table.get("workspace") else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for pattern in texts(workspace.get("members")).chain(texts(workspace.get("default-members"))) {
        let is_glob = pattern.contains(['*', '?', '[']);
        let path = fs::normalize(&folder.join(pattern));
        if is_glob {
            let matches = glob::glob(&path.to_string_lossy())
                .into_iter()
                .flatten()
                .flatten();
            // What a pattern happens to find need not be a crate.
            let manifests = matches
                .map(|path| path.join("Cargo.toml"))
                .filter(|path| path.is_file());
            found.extend(manifests.filter(|manifest| !is_excluded(folder, workspace, folder_of(manifest))));
        } else if path.join("Cargo.toml").is_file() {
            found.push(path.join("Cargo.toml"));
        } else {
            return Err(CookError::MissingMember {
                manifest: root.to_owned(),
                member: pattern.to_owned(),
            });
        }
    }
    Ok(found)
}

/// What `[patch]` and `[replace]` put in the place of other people's packages.
fn patches(folder: &Path, table: &Table) -> Vec<Named> {
    let sources = table.get("patch").and_then(Value::as_table);
    let patched = sources.into_iter().flat_map(Table::values);
    let tables = patched.chain(table.get("replace")).filter_map(Value::as_table);
    tables.flat_map(|table| in_table(folder, table, false)).collect()
}

/// Crates that a manifest names by a path, but for those of `[patch]`.
fn named_by(folder: &Path, table: &Table) -> Vec<Named> {
    let mut named = Vec::new();
    let targets = table.get("target").and_then(Value::as_table);
    let for_targets = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    for table in std::iter::once(table).chain(for_targets) {
        for key in DEPENDENCY_TABLES {
            if let Some(dependencies) = table.get(key).and_then(Value::as_table) {
                named.extend(in_table(folder, dependencies, key.starts_with("dev")));
            }
        }
    }
    let inherited = table
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies")?.as_table());
    named.extend(
        inherited
            .into_iter()
            .flat_map(|table| in_table(folder, table, false))
            .map(|named| Named {
                is_optional: true,
                ..named
            }),
    );
    named
}

fn in_table(folder: &Path, dependencies: &Table, is_for_tests: bool) -> Vec<Named> {
    let with_path = dependencies
        .iter()
        .filter_map(|(name, value)| Some((name, value.get("path")?.as_str()?)));
    with_path
        .map(|(name, path)| Named {
            name: name.clone(),
            folder: folder.join(path),
            is_for_tests,
            is_optional: false,
        })
        .collect()
}

/// The texts of an array.
pub(super) fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The text at a place in nested tables.
pub(super) fn text_at<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a str> {
    let (last, above) = keys.split_last()?;
    let mut table = table;
    for key in above {
        table = table.get(*key)?.as_table()?;
    }
    table.get(*last)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn names(crates: &Crates, root: &Path) -> Vec<String> {
        let relative = |path: &PathBuf| path.strip_prefix(root).unwrap().display().to_string();
        crates.manifests.keys().map(relative).collect()
    }

    #[test]
    fn members_and_what_they_name_by_a_path_are_found_without_a_source() {
        let tree = tree(&[
            (
                "w/Cargo.toml",
                "[workspace]\nmembers = ['crates/*', 'app']\nexclude = ['crates/old']\n[workspace.dependencies]\nfar = { path = '../far' }\ngone = { path = 'gone' }",
            ),
            (
                "w/app/Cargo.toml",
                "[package]\nname = 'app'\n[target.'cfg(unix)'.dependencies]\nunder = { path = '../under' }",
            ),
            ("w/under/Cargo.toml", "[package]\nname = 'under'"),
            ("w/crates/a/Cargo.toml", "[package]\nname = 'a'"),
            ("w/crates/old/Cargo.toml", "[package]\nname = 'old'"),
            ("w/crates/notes/text.md", ""),
            ("far/Cargo.toml", "[package]\nname = 'far'"),
        ]);
        let root = tree.path();
        let crates = Crates::of(&root.join("w/crates/a/Cargo.toml"), &[]).unwrap();
        assert_eq!(
            names(&crates, root),
            [
                "far/Cargo.toml",
                "w/Cargo.toml",
                "w/app/Cargo.toml",
                "w/crates/a/Cargo.toml",
                "w/under/Cargo.toml"
            ]
        );
        assert_eq!(crates.workspace, root.join("w"));
        assert_eq!(crates.common_folder(), root);
        assert!(crates.patches.is_empty());
        let alone = Crates::of(&root.join("w/crates/old/Cargo.toml"), &[]).unwrap();
        assert_eq!(alone.workspace, root.join("w/crates/old"));
    }

    #[test]
    fn what_is_put_in_the_place_of_others_is_told_with_all_that_it_needs() {
        let tree = tree(&[
            (
                "Cargo.toml",
                "[package]\nname = 'demo'\n[patch.crates-io]\nserde = { path = 'vendor/serde' }",
            ),
            (
                "vendor/serde/Cargo.toml",
                "[package]\nname = 'serde'\n[dependencies]\ncore = { path = '../core' }\n[dev-dependencies]\nkit = { path = '../kit' }",
            ),
            ("vendor/core/Cargo.toml", "[package]\nname = 'core'"),
            ("vendor/kit/Cargo.toml", "[package]\nname = 'kit'"),
            (
                ".cargo/config.toml",
                "[patch.crates-io]\nitoa = { path = 'itoa' }",
            ),
            ("itoa/Cargo.toml", "[package]\nname = 'itoa'"),
        ]);
        let root = tree.path();
        let configuration = fs::read_text(&root.join(".cargo/config.toml"))
            .unwrap()
            .parse()
            .unwrap();
        let crates = Crates::of(&root.join("Cargo.toml"), &[(root.to_owned(), configuration)]).unwrap();
        let patches: Vec<_> = crates
            .patches
            .iter()
            .map(|path| path.strip_prefix(root).unwrap())
            .collect();
        assert_eq!(patches, ["itoa", "vendor/core", "vendor/serde"].map(Path::new));
        assert_eq!(crates.manifests.len(), 5);
    }

    #[test]
    fn what_tests_need_may_be_missing_in_a_crate_that_is_no_member() {
        let files = [
            (
                "Cargo.toml",
                "[package]\nname = 'app'\n[dependencies]\nlib = { path = 'lib' }",
            ),
            (
                "lib/Cargo.toml",
                "[package]\nname = 'lib'\n[dev-dependencies]\ntools = { path = 'tools' }",
            ),
        ];
        let alone = tree(&files);
        let crates = Crates::of(&alone.path().join("Cargo.toml"), &[]).unwrap();
        assert_eq!(names(&crates, alone.path()), ["Cargo.toml", "lib/Cargo.toml"]);
        let workspace = tree(&files);
        let text = format!("{}\n[workspace]\n", files[0].1);
        std::fs::write(workspace.path().join("Cargo.toml"), text).unwrap();
        let error = Crates::of(&workspace.path().join("Cargo.toml"), &[]).unwrap_err();
        assert!(matches!(error, CookError::MissingDependency { name, .. } if name == "tools"));
    }

    #[test]
    fn a_manifest_that_is_missing_is_named() {
        let tree = tree(&[
            ("Cargo.toml", "[workspace]\nmembers = ['a', 'b']"),
            (
                "a/Cargo.toml",
                "[package]\nname = 'a'\n[dependencies]\nc = { path = '../c' }",
            ),
        ]);
        let manifest = tree.path().join("a/Cargo.toml");
        assert!(matches!(
            Crates::of(&manifest, &[]),
            Err(CookError::MissingDependency { name, .. }) if name == "c"
        ));
        std::fs::write(&manifest, "[package]\nname = 'a'").unwrap();
        assert!(matches!(
            Crates::of(&manifest, &[]),
            Err(CookError::MissingMember { member, .. }) if member == "b"
        ));
    }
}

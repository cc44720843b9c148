//! All that dependencies hang on, in one file: the same as long as they are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::CookError;
use super::crates::{self, Crates, folder_of};
use super::manifest;
use super::stand_ins::{self, StandIn};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::project::load::Manifests;
use crate::project::reduced::{self, Kept};
use crate::zip::deflate::Digest;

/// Raised when recipes come to mean something else.
const FORMAT: u32 = 1;

/// Files by which a folder tells cargo or rustup what to do there and below.
pub(super) const CONFIGURATION: [&str; 4] = [
    ".cargo/config",
    ".cargo/config.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
];

/// All that a project's dependencies hang on. Paths are relative to one folder that holds all crates of the user's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    format: u32,
    /// SHA-256 of the rest, lower-case hexadecimal.
    digest: String,
    /// Where the recipe was made, below the folder that holds all crates; empty where it is that folder.
    pub(super) working_directory: PathBuf,
    /// The manifest of the crate that becomes a wheel.
    pub(super) manifest: PathBuf,
    /// Files that cargo reads.
    pub(super) files: BTreeMap<PathBuf, Content>,
    /// Sources that cargo would miss.
    pub(super) stand_ins: BTreeMap<PathBuf, StandIn>,
    /// Folders of crates that stand in for a package of a registry or repository; their files are among the files.
    pub(super) patches: BTreeSet<PathBuf>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Content {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Base64(String),
}

impl Content {
    fn of(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(
            |error| Self::Base64(STANDARD.encode(error.as_bytes())),
            Self::Text,
        )
    }

    /// The bytes; nothing where they cannot be read.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }
}

impl Recipe {
    /// What the dependencies of a project hang on, and the folder that its paths are relative to.
    ///
    /// # Errors
    /// Where a manifest is missing or cannot be read.
    pub fn of(manifests: &Manifests, host: &Host) -> Result<(Self, PathBuf), CookError> {
        let above = folder_of(&manifests.manifest).ancestors();
        let configuration: Vec<(PathBuf, Table)> = above
            .filter_map(|folder| Some((folder.to_owned(), configuration_of(folder)?)))
            .collect();
        let crates = Crates::of(&manifests.manifest, &configuration)?;
        let mut root = crates.common_folder();
        let pyproject = manifests.pyproject.as_deref().map(folder_of);
        for folder in pyproject.into_iter().chain([host.working_directory()]) {
            while !folder.starts_with(&root) && root.pop() {}
        }
        let mut recipe = Self {
            format: FORMAT,
            digest: String::new(),
            working_directory: below(&root, host.working_directory()),
            manifest: below(&root, &manifests.manifest),
            files: BTreeMap::new(),
            stand_ins: BTreeMap::new(),
            patches: crates.patches.iter().map(|folder| below(&root, folder)).collect(),
        };
        recipe.add_crates(&crates, &root)?;
        if let Some(path) = &manifests.pyproject {
            let reduced = reduced::pyproject(&crates::read(path)?, Kept::Dependencies);
            recipe.add(&root, path, reduced.to_string().into_bytes());
        }
        for folder in folder_of(&manifests.manifest)
            .ancestors()
            .take_while(|folder| folder.starts_with(&root))
        {
            for path in CONFIGURATION.map(|name| folder.join(name)) {
                if path.is_file() {
                    recipe.add(&root, &path, without_tokens(fs::read(&path)?));
                }
            }
        }
        recipe.digest = recipe.compute_digest();
        Ok((recipe, root))
    }

    fn add_crates(&mut self, crates: &Crates, root: &Path) -> Result<(), CookError> {
        let in_patches: Vec<_> = crates
            .manifests
            .iter()
            .filter(|(path, _)| crates.is_patch(path))
            .collect();
        let is_inherited = in_patches.iter().any(|(_, table)| manifest::inherits(table));
        let names = in_patches
            .iter()
            .filter_map(|(_, table)| table.get("package")?.get("name")?.as_str())
            .collect();
        for (path, table) in &crates.manifests {
            if crates.is_patch(path) {
                self.add_folder(root, path, table)?;
                continue;
            }
            let sources = stand_ins::of_package(path, table);
            self.stand_ins
                .extend(sources.iter().map(|(path, kind)| (below(root, path), *kind)));
            let reduced = manifest::cargo(table, is_inherited);
            self.add(root, path, reduced.to_string().into_bytes());
        }
        let lock = crates.workspace.join("Cargo.lock");
        if lock.is_file() {
            let reduced = manifest::lock(&crates::read(&lock)?, &names);
            self.add(root, &lock, reduced.to_string().into_bytes());
        }
        Ok(())
    }

    /// Adds all files of a crate that others are compiled against.
    fn add_folder(&mut self, root: &Path, manifest: &Path, table: &Table) -> Result<(), CookError> {
        let folder = folder_of(manifest);
        let missing = stand_ins::of_package(manifest, table)
            .into_keys()
            .find(|path| !path.is_file());
        // A crate that says nothing of its kind is taken for a library and a program, and needs to be only one of them.
        if let Some(path) = missing.filter(|path| !path.ends_with("src/main.rs")) {
            return Err(CookError::MissingSources {
                folder: folder.to_owned(),
                path,
            });
        }
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).map_err(FileError::new("read", &folder))? {
                let path = entry.map_err(FileError::new("read", &folder))?.path();
                let meta = path.symlink_metadata().map_err(FileError::new("read", &path))?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                // Hidden files are for tools and may be secrets; a link may lead anywhere.
                if name.starts_with('.') {
                    continue;
                }
                if meta.is_dir() && !path.join("CACHEDIR.TAG").exists() {
                    waiting.push(path);
                } else if meta.is_file() {
                    self.add(root, &path, fs::read(&path)?);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, root: &Path, path: &Path, bytes: Vec<u8>) {
        self.files.insert(below(root, path), Content::of(bytes));
    }

    /// Reads a recipe.
    ///
    /// # Errors
    /// Where it cannot be read, is of another format, or was changed.
    pub fn read(path: &Path) -> Result<Self, CookError> {
        let value: serde_json::Value =
            serde_json::from_slice(&fs::read(path)?).map_err(|source| CookError::NoRecipe {
                path: path.to_owned(),
                source,
            })?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        if let Some(format) = format.filter(|format| *format != u64::from(FORMAT)) {
            return Err(CookError::OtherFormat {
                path: path.to_owned(),
                format,
                ours: FORMAT,
            });
        }
        let recipe: Self = serde_json::from_value(value).map_err(|source| CookError::NoRecipe {
            path: path.to_owned(),
            source,
        })?;
        if !recipe.is_whole() {
            return Err(CookError::Damaged(path.to_owned()));
        }
        Ok(recipe)
    }

    /// Whether it says what it said when it was written, and leads nowhere else.
    fn is_whole(&self) -> bool {
        let is_inside = |path: &PathBuf| {
            let mut components = path.components();
            components.all(|component| matches!(component, std::path::Component::Normal(_)))
        };
        let mut paths = self
            .files
            .keys()
            .chain(self.stand_ins.keys())
            .chain(&self.patches)
            .chain([&self.manifest, &self.working_directory]);
        self.digest == self.compute_digest()
            && paths.all(is_inside)
            && self.files.values().all(|content| content.bytes().is_some())
    }

    /// Writes it, unless it lies there already: the same project gives the same bytes.
    pub fn write(&self, path: &Path) -> Result<(), CookError> {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        fs::write_if_changed(path, text.as_bytes())?;
        Ok(())
    }

    /// SHA-256 of what it says, lower-case hexadecimal: equal where dependencies are.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    fn compute_digest(&self) -> String {
        let nameless = Self {
            digest: String::new(),
            ..self.clone()
        };
        let bytes = serde_json::to_vec(&nameless).unwrap_or_default();
        Digest::of(&bytes).sha256_hex()
    }

    /// The folder that its paths are relative to, for somebody who stands where it was made.
    pub(super) fn root(&self, working_directory: &Path) -> Result<PathBuf, CookError> {
        if !working_directory.ends_with(&self.working_directory) {
            return Err(CookError::Elsewhere {
                made_in: self.working_directory.clone(),
                here: working_directory.to_owned(),
            });
        }
        let depth = self.working_directory.components().count();
        Ok(working_directory
            .ancestors()
            .nth(depth)
            .unwrap_or(Path::new("/"))
            .to_owned())
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &Path) -> Option<&str> {
        match self.files.get(path)? {
            Content::Text(text) => Some(text),
            Content::Base64(_) => None,
        }
    }
}

/// A configuration without the tokens that some keep there: a recipe stays in an image.
fn without_tokens(bytes: Vec<u8>) -> Vec<u8> {
    const SECRETS: [&str; 2] = ["token", "secret-key"];
    let text = std::str::from_utf8(&bytes).ok();
    let Some(mut table) = text.and_then(|text| text.parse::<Table>().ok()) else {
        return bytes;
    };
    let mut is_changed = false;
    let mut clean = |registry: &mut toml::Value| {
        for key in SECRETS {
            let removed = registry.as_table_mut().and_then(|registry| registry.remove(key));
            is_changed |= removed.is_some();
        }
    };
    if let Some(registry) = table.get_mut("registry") {
        clean(registry);
    }
    let registries = table.get_mut("registries").and_then(toml::Value::as_table_mut);
    for (_, registry) in registries.into_iter().flat_map(Table::iter_mut) {
        clean(registry);
    }
    if is_changed {
        table.to_string().into_bytes()
    } else {
        bytes
    }
}

/// Cargo's configuration in a folder; one that does not parse is left for cargo to complain about.
fn configuration_of(folder: &Path) -> Option<Table> {
    // Where both exist, cargo reads the one without extension.
    let path = [".cargo/config", ".cargo/config.toml"].map(|name| folder.join(name));
    let path = path.into_iter().find(|path| path.is_file())?;
    fs::read_text(&path).ok()?.parse().ok()
}

fn below(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_gets_into_a_recipe() {
        let cleaned = |text: &str| String::from_utf8(without_tokens(text.as_bytes().to_vec())).unwrap();
        let told = "[registry]\ntoken = 'a'\n[registries.mine]\nindex = 'i'\ntoken = 'b'\nsecret-key = 'c'\n";
        let table: Table = cleaned(told).parse().unwrap();
        assert_eq!(
            table,
            "registry = {}\nregistries.mine.index = 'i'".parse().unwrap()
        );
        let plain = "# why\nbuild.jobs = 2\n";
        assert_eq!(cleaned(plain), plain);
    }

    #[test]
    #[cfg(unix)]
    fn a_crate_that_stands_for_another_s_travels_without_links_and_hidden_files() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("patched");
        std::fs::create_dir_all(folder.join("src")).unwrap();
        let manifest = folder.join("Cargo.toml");
        std::fs::write(&manifest, "[package]\nname = 'patched'\n").unwrap();
        for file in ["src/lib.rs", ".env"] {
            std::fs::write(folder.join(file), "").unwrap();
        }
        std::os::unix::fs::symlink("..", folder.join("round")).unwrap();
        let mut recipe = Recipe {
            format: FORMAT,
            digest: String::new(),
            working_directory: PathBuf::new(),
            manifest: PathBuf::from("Cargo.toml"),
            files: BTreeMap::new(),
            stand_ins: BTreeMap::new(),
            patches: BTreeSet::new(),
        };
        recipe
            .add_folder(tree.path(), &manifest, &crates::read(&manifest).unwrap())
            .unwrap();
        let files: Vec<&Path> = recipe.files.keys().map(PathBuf::as_path).collect();
        assert_eq!(files, ["patched/Cargo.toml", "patched/src/lib.rs"].map(Path::new));
        recipe.digest = recipe.compute_digest();
        assert!(recipe.is_whole());
        recipe.patches.insert(PathBuf::from("../elsewhere"));
        recipe.digest = recipe.compute_digest();
        assert!(!recipe.is_whole(), "it leads out of the folder");
    }
}

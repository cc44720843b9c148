//! What cargo knows of the crate and its dependencies: one call of `cargo metadata`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cargo_metadata::semver;

/// A package of the dependency graph.
#[derive(Debug, Clone)]
pub struct PackageFacts {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: semver::Version,
    /// `license`, as its manifest has it.
    pub license: Option<String>,
    /// Where it comes from; nothing for path dependencies.
    pub source: Option<String>,
    /// Its Cargo.toml.
    pub manifest: PathBuf,
    /// Whether it has a build script.
    pub has_build_script: bool,
    /// Features turned on, as far as cargo metadata can tell.
    pub features: Vec<String>,
    /// Packages it is compiled against (normal dependencies for this target), by id.
    pub normal_dependencies: Vec<String>,
    /// Packages its build script or, for a procedural macro, nothing else uses, by id.
    pub build_dependencies: Vec<String>,
    /// Whether it is a procedural macro.
    pub is_proc_macro: bool,
}

/// A target of the root package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    /// Its name.
    pub name: String,
    /// `lib`, `cdylib`, `bin` …
    pub kinds: Vec<String>,
    /// `cdylib`, `rlib`, `bin` …
    pub crate_types: Vec<String>,
    /// `required-features`.
    pub required_features: Vec<String>,
}

/// The crate and its dependencies.
#[derive(Debug, Clone)]
pub struct CargoFacts {
    /// The root package's id; opaque.
    pub root_id: String,
    /// The root package's targets that a wheel can hold.
    pub targets: Vec<TargetFacts>,
    /// Every package reachable from the root for this target, by id.
    pub packages: BTreeMap<String, PackageFacts>,
    /// The workspace's root folder.
    pub workspace_root: PathBuf,
    /// Cargo's target directory.
    pub target_directory: PathBuf,
    /// The triple that code is compiled for.
    pub target_triple: String,
    /// The triple of this machine's compiler.
    pub host_triple: String,
}

impl CargoFacts {
    /// The root package.
    ///
    /// # Panics
    /// Never: `load` only makes facts that hold their root.
    #[must_use]
    pub fn root(&self) -> &PackageFacts {
        &self.packages[&self.root_id]
    }

    /// The folder where ironwheel keeps what it remembers between builds.
    #[must_use]
    pub fn memory(&self) -> PathBuf {
        self.target_directory.join("ironwheel")
    }

    /// The package of that name nearest to the root, if the crate is built on one.
    #[must_use]
    pub fn package(&self, name: &str) -> Option<&PackageFacts> {
        self.packages.values().find(|package| package.name == name)
    }

    /// Packages without a registry or repository: those whose sources the user edits.
    pub fn local(&self) -> impl Iterator<Item = &PackageFacts> {
        self.packages.values().filter(|package| package.source.is_none())
    }
}

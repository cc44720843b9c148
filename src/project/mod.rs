//! Takes a manifest and what was asked. Gives the project: names, metadata, layout, settings, each known for good.
//! Knows nothing of interpreters and of compiling.

mod answers;
pub mod bindings;
pub mod cargo;
pub mod git;
pub mod keys;
pub mod groups;
pub mod layout;
pub mod license;
pub mod load;
pub mod metadata;
pub mod notice;
pub mod products;
pub mod pyproject;
pub mod reduced;
pub mod settings;
mod unpacked;

use std::path::PathBuf;

pub use load::{ProjectError, is_of_cffi, load, load_to_compile, uses_base_python};
pub use notice::Notice;

use crate::name::ModulePath;
use crate::version::Version;

/// A crate that becomes a wheel, with everything that can be known without compiling.
#[derive(Debug)]
pub struct Project {
    /// The folder of pyproject.toml, or of Cargo.toml where there is none.
    pub root: PathBuf,
    /// The crate's Cargo.toml.
    pub manifest: PathBuf,
    /// pyproject.toml, where there is one.
    pub pyproject: Option<PathBuf>,
    /// What cargo knows of the crate and its dependencies.
    pub cargo: cargo::CargoFacts,
    /// The version, in Python's spelling.
    pub version: Version,
    /// METADATA's content.
    pub metadata: metadata::CoreMetadata,
    /// `entry_points.txt`'s groups, in the order they are written.
    pub entry_points: metadata::EntryPoints,
    /// Files for `licenses/`.
    pub license_files: Vec<metadata::LicenseFile>,
    /// The import path of the extension, or of the package that goes with the programs.
    pub module: ModulePath,
    /// Where things lie in the tree and go in the wheel.
    pub layout: layout::Layout,
    /// How the crate speaks Python.
    pub bindings: bindings::Bindings,
    /// What cargo makes for the wheel; never empty.
    pub products: Vec<products::Product>,
    /// All settings, each with its origin.
    pub settings: settings::Settings,
    /// What the user should know.
    pub notices: Vec<Notice>,
}

impl Project {
    /// The name of the wheel's data folder, which does not hang on its tags: `demo-1.0.data`.
    #[must_use]
    pub fn data_folder(&self) -> String {
        format!("{}-{}.data", self.metadata.name.escaped(), self.version)
    }

    /// Whether the project is an unpacked source distribution, whose files were chosen when it was packed.
    #[must_use]
    pub fn is_unpacked(&self) -> bool {
        unpacked::package_information(&self.root, self.metadata.name.as_written()).is_some()
    }
}

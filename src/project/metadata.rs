//! METADATA's content, as values; `wheel::metadata` writes them down.
//!
//! <https://packaging.python.org/en/latest/specifications/core-metadata/>

use std::path::PathBuf;

use crate::archive::ArchivePath;
use crate::name::ProjectName;
use crate::version::Version;

/// The fields of METADATA. Every value is checked when it is made: no value holds a line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreMetadata {
    /// `Name`.
    pub name: ProjectName,
    /// `Version`.
    pub version: Version,
    /// `Summary`.
    pub summary: Option<String>,
    /// `Description`, with its content type.
    pub description: Option<Description>,
    /// `Keywords`.
    pub keywords: Vec<String>,
    /// `Home-Page`.
    pub home_page: Option<String>,
    /// `Author`.
    pub author: Option<String>,
    /// `Author-email`.
    pub author_email: Option<String>,
    /// `Maintainer`.
    pub maintainer: Option<String>,
    /// `Maintainer-email`.
    pub maintainer_email: Option<String>,
    /// `License-Expression`.
    pub license_expression: Option<String>,
    /// `License`: free text, may hold line breaks.
    pub license: Option<String>,
    /// `License-File`, as paths below `licenses/`.
    pub license_files: Vec<String>,
    /// `Classifier`.
    pub classifiers: Vec<String>,
    /// `Requires-Dist`.
    pub requires_dist: Vec<String>,
    /// `Requires-Python`.
    pub requires_python: Option<String>,
    /// `Requires-Python`, as a set that versions are tested against.
    pub requires_python_specifiers: Option<pep440_rs::VersionSpecifiers>,
    /// `Provides-Extra`.
    pub provides_extra: Vec<String>,
    /// `Project-URL`: label and address.
    pub project_urls: Vec<(String, String)>,
    /// `Import-Name`; `Some` of nothing says that the wheel provides no module.
    pub import_names: Option<Vec<String>>,
    /// `Import-Namespace`.
    pub import_namespaces: Option<Vec<String>>,
}

/// The long description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The text.
    pub text: String,
    /// `text/markdown; charset=UTF-8; variant=GFM`.
    pub content_type: Option<String>,
}

/// The groups of `entry_points.txt` in the order they are written, each with its names and object references.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryPoints(pub Vec<(String, Vec<(String, String)>)>);

/// A license file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseFile {
    /// Its path below `licenses/`.
    pub path: ArchivePath,
    /// Where it lies.
    pub source: PathBuf,
    /// The rule that admits it, for people.
    pub rule: String,
}

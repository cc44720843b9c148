//! METADATA's content, as values; `wheel::metadata` writes them down.
//!
//! Static values of `[project]` win; a field that `dynamic` names, or every field where there is no `[project]`, comes from
//! Cargo.toml.
//!
//! <https://packaging.python.org/en/latest/specifications/core-metadata/> and
//! <https://packaging.python.org/en/latest/specifications/pyproject-toml/>

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep508_rs::{ExtraName, Requirement, VerbatimUrl};

use super::cargo::RootManifest;
use super::license;
use super::load::ProjectError;
use super::notice::Notice;
use super::pyproject::{Document, DocumentError, Item, Table, Text, nearest};
use crate::archive::ArchivePath;
use crate::fs;
use crate::name::{self, ProjectName};
use crate::version::Version;

/// The fields of METADATA. Every value is checked when it is made: no value but `license` and the description's text holds a line
/// break.
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

impl EntryPoints {
    /// Whether installers write a script of that name for one of them.
    #[must_use]
    pub fn has_script(&self, name: &str) -> bool {
        let groups = self.0.iter();
        groups
            .filter(|(group, _)| matches!(group.as_str(), "console_scripts" | "gui_scripts"))
            .any(|(_, entries)| entries.iter().any(|(script, _)| script == name))
    }
}

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

/// What the manifests say about the package itself.
#[derive(Debug)]
pub struct Described {
    /// METADATA's content.
    pub metadata: CoreMetadata,
    /// `entry_points.txt`'s content.
    pub entry_points: EntryPoints,
    /// Files for `licenses/`.
    pub license_files: Vec<LicenseFile>,
}

/// The keys that the specification gives `[project]`.
const PROJECT_KEYS: [&str; 20] = [
    "authors",
    "classifiers",
    "dependencies",
    "description",
    "dynamic",
    "entry-points",
    "gui-scripts",
    "import-names",
    "import-namespaces",
    "keywords",
    "license",
    "license-files",
    "maintainers",
    "name",
    "optional-dependencies",
    "readme",
    "requires-python",
    "scripts",
    "urls",
    "version",
];

/// Fields that Cargo.toml has a counterpart for.
const FROM_CARGO: [&str; 8] = [
    "authors",
    "description",
    "keywords",
    "license",
    "license-files",
    "readme",
    "urls",
    "version",
];

/// Where paths of a manifest may lead.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'a> {
    /// The folder that paths are relative to.
    pub root: &'a Path,
    /// The folder they must not leave: the workspace's root where the project lies in it, else the project's.
    pub limit: &'a Path,
}

/// A version that somebody asked for, instead of what the manifests say.
#[derive(Debug, Clone)]
pub struct WishedVersion {
    /// The version.
    pub version: Version,
    /// Who asked: `` `--build-version` ``.
    pub origin: String,
}

/// What the manifests and the front doors say.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// pyproject.toml.
    pub document: Option<&'a Document>,
    /// Cargo.toml.
    pub cargo: &'a RootManifest,
    /// The version, where it comes from elsewhere.
    pub version: Option<&'a WishedVersion>,
}

impl Sources<'_> {
    /// The version where pyproject.toml has none.
    fn version(&self) -> Result<Version, ProjectError> {
        match self.version {
            Some(wished) => Ok(wished.version.clone()),
            None => self.cargo.python_version(),
        }
    }
}

/// Reads what the manifests say about the package.
pub fn describe(
    sources: Sources<'_>,
    bounds: Bounds<'_>,
    notices: &mut Vec<Notice>,
) -> Result<Described, ProjectError> {
    let project = match sources.document {
        Some(document) => document.root().table("project")?,
        None => None,
    };
    let Some(table) = project else {
        return from_cargo_alone(sources, bounds);
    };
    let dynamic = dynamic(&table, notices)?;
    let fields = Fields {
        table: &table,
        dynamic: &dynamic,
        bounds,
    };
    fields.complain(sources, notices)?;
    fields.describe(sources, notices)
}

fn from_cargo_alone(sources: Sources<'_>, bounds: Bounds<'_>) -> Result<Described, ProjectError> {
    let cargo = sources.cargo;
    let name = ProjectName::parse(&cargo.name).map_err(|error| ProjectError::CargoName {
        source: error,
        manifest: cargo.manifest.clone(),
    })?;
    let (author, author_email) = cargo_authors(cargo);
    let license_files = cargo_license_file(cargo, bounds)?.into_iter().collect::<Vec<_>>();
    Ok(Described {
        metadata: CoreMetadata {
            name,
            version: sources.version()?,
            summary: cargo.description.as_deref().map(one_line),
            description: cargo_readme(cargo, bounds)?,
            keywords: cargo.keywords.clone(),
            home_page: cargo.homepage.clone(),
            author,
            author_email,
            maintainer: None,
            maintainer_email: None,
            license_expression: None,
            license: cargo.license.clone(),
            license_files: license_files.iter().map(|file| file.path.to_string()).collect(),
            classifiers: Vec::new(),
            requires_dist: Vec::new(),
            requires_python: None,
            requires_python_specifiers: None,
            provides_extra: Vec::new(),
            project_urls: cargo_urls(cargo),
            import_names: None,
            import_namespaces: None,
        },
        entry_points: EntryPoints::default(),
        license_files,
    })
}

/// `project.dynamic`, checked.
fn dynamic(table: &Table<'_>, notices: &mut Vec<Notice>) -> Result<BTreeSet<String>, ProjectError> {
    let mut names = BTreeSet::new();
    for text in table.texts("dynamic")?.unwrap_or_default() {
        if text.value == "name" {
            return Err(text.invalid("names `name`, which must never be dynamic").into());
        }
        if !PROJECT_KEYS.contains(&text.value) {
            let notice = Notice::new(format!(
                "`project.dynamic` names `{}`, which is no field of [project] and is ignored",
                text.value
            ));
            notices.push(match nearest(text.value, &PROJECT_KEYS) {
                Some(meant) => notice.hint(format!("did you mean `{meant}`?")),
                None => notice.hint("take it out of `dynamic`"),
            });
            continue;
        }
        if !FROM_CARGO.contains(&text.value) {
            notices.push(
                Notice::new(format!(
                    "`project.dynamic` names `{}`, which Cargo.toml cannot tell",
                    text.value
                ))
                .hint("write the field into [project], or take it out of `dynamic`"),
            );
        }
        names.insert(text.value.to_owned());
    }
    Ok(names)
}

/// `[project]`, read field by field.
struct Fields<'a> {
    table: &'a Table<'a>,
    dynamic: &'a BTreeSet<String>,
    bounds: Bounds<'a>,
}

impl Fields<'_> {
    /// What a strict reader would refuse and a helpful one mentions.
    fn complain(&self, sources: Sources<'_>, notices: &mut Vec<Notice>) -> Result<(), DocumentError> {
        for key in self.table.keys().filter(|key| !PROJECT_KEYS.contains(key)) {
            let notice = Notice::new(format!("`project.{key}` is no field of [project] and is ignored"));
            notices.push(match nearest(key, &PROJECT_KEYS) {
                Some(meant) => notice.hint(format!("did you mean `{meant}`?")),
                None => notice,
            });
        }
        for key in ["version", "description", "readme", "requires-python", "license"] {
            if self.table.has(key) && self.dynamic.contains(key) {
                notices.push(
                    Notice::new(format!(
                        "`project.{key}` is given and also in `project.dynamic`; the value given is used"
                    ))
                    .hint(format!("take `{key}` out of `dynamic`")),
                );
            }
        }
        if !self.table.has("version") && !self.dynamic.contains("version") {
            let used = match sources.version {
                Some(wished) => format!("that of {}", wished.origin),
                None => "Cargo.toml's".to_owned(),
            };
            notices.push(
                Notice::new(format!(
                    "`project.version` is neither given nor in `project.dynamic`; {used} is used",
                ))
                .hint("add `dynamic = [\"version\"]` to [project]"),
            );
        }
        let license_is_table = matches!(self.table.text_or_table("license")?, Some(Item::Table(_)));
        if license_is_table && self.table.has("license-files") {
            notices.push(
                Notice::new("`project.license-files` goes with a license expression, but `project.license` is a table")
                    .hint("write `license = \"<SPDX expression>\"`"),
            );
        }
        Ok(())
    }

    fn describe(&self, sources: Sources<'_>, notices: &mut Vec<Notice>) -> Result<Described, ProjectError> {
        let cargo = sources.cargo;
        let authors = self.people("authors")?;
        let (author, author_email) = if authors.is_none() && self.dynamic.contains("authors") {
            cargo_authors(cargo)
        } else {
            joined(authors)
        };
        let (maintainer, maintainer_email) = joined(self.people("maintainers")?);
        let (license_expression, license, license_file) = self.license(cargo)?;
        let license_files = self.license_files(license_file, cargo, notices)?;
        let (requires_dist, provides_extra) = self.requirements()?;
        let requires_python_specifiers = self.requires_python()?;
        let (import_names, import_namespaces) = self.imports()?;
        let described = Described {
            metadata: CoreMetadata {
                name: self.name()?,
                version: self.version(sources)?,
                summary: self.summary(cargo)?,
                description: self.readme(cargo, notices)?,
                keywords: self.lines("keywords", &cargo.keywords)?,
                // As maturin has it: the crate's home page stays, whatever `urls` says.
                home_page: cargo.homepage.clone(),
                author,
                author_email,
                maintainer,
                maintainer_email,
                license_expression,
                license,
                license_files: license_files.iter().map(|file| file.path.to_string()).collect(),
                classifiers: self.lines("classifiers", &[])?,
                requires_dist,
                requires_python: requires_python_specifiers.as_ref().map(ToString::to_string),
                requires_python_specifiers,
                provides_extra,
                project_urls: self.urls(cargo)?,
                import_names,
                import_namespaces,
            },
            entry_points: self.entry_points()?,
            license_files,
        };
        index_would_refuse(&described.metadata, notices);
        Ok(described)
    }

    fn name(&self) -> Result<ProjectName, DocumentError> {
        let text = self
            .table
            .text("name")?
            .ok_or_else(|| self.table.invalid("", "has no `name`"))?;
        ProjectName::parse(text.value).map_err(|_| {
            text.invalid(format!(
                "is not a valid name (`{}`): letters, digits, `.`, `-` and `_` only, with a letter or digit at both ends",
                text.value
            ))
        })
    }

    fn version(&self, sources: Sources<'_>) -> Result<Version, ProjectError> {
        let Some(text) = self.table.text("version")? else {
            return sources.version();
        };
        let version = Version::parse(text.value).map_err(|_| {
            text.invalid(format!(
                "is not a version that Python can express (`{}`)",
                text.value
            ))
        })?;
        match sources.version {
            Some(wished) if wished.version != version => Err(ProjectError::TwoVersions {
                written: version.to_string(),
                place: text.place(),
                wished: wished.version.to_string(),
                origin: wished.origin.clone(),
            }),
            _ => Ok(version),
        }
    }

    fn summary(&self, cargo: &RootManifest) -> Result<Option<String>, DocumentError> {
        Ok(match self.table.text("description")? {
            Some(text) => Some(one_line(text.value)),
            None if self.dynamic.contains("description") => cargo.description.as_deref().map(one_line),
            None => None,
        })
    }

    fn lines(&self, key: &str, of_cargo: &[String]) -> Result<Vec<String>, DocumentError> {
        match self.table.texts(key)? {
            Some(texts) => texts.iter().map(|text| plain(text).map(str::to_owned)).collect(),
            None if self.dynamic.contains(key) => Ok(of_cargo.to_vec()),
            None => Ok(Vec::new()),
        }
    }

    fn requires_python(&self) -> Result<Option<pep440_rs::VersionSpecifiers>, DocumentError> {
        self.table
            .text("requires-python")?
            .map(|text| {
                pep440_rs::VersionSpecifiers::from_str(text.value)
                    .map_err(|_| text.invalid(format!("is not a version specifier (`{}`)", text.value)))
            })
            .transpose()
    }

    fn readme(
        &self,
        cargo: &RootManifest,
        notices: &mut Vec<Notice>,
    ) -> Result<Option<Description>, ProjectError> {
        match self.table.text_or_table("readme")? {
            None if self.dynamic.contains("readme") => cargo_readme(cargo, self.bounds),
            None => Ok(None),
            Some(Item::Text(text)) => {
                let content_type = content_type_of(text.value).ok_or_else(|| {
                    text.invalid(format!(
                        "has a type that nobody knows (`{}`): use `.md`, `.rst` or `.txt`",
                        text.value
                    ))
                })?;
                self.described(&text, Some(content_type.to_owned())).map(Some)
            }
            Some(Item::Table(readme)) => {
                if !readme.has("content-type") && readme.has("file") {
                    notices.push(
                        Notice::new("`project.readme` has no `content-type`, so the package index would take it for reStructuredText")
                            .hint("write `readme = \"<file>\"`, whose ending tells the type, or add `content-type`"),
                    );
                }
                self.readme_table(&readme).map(Some)
            }
        }
    }

    fn readme_table(&self, readme: &Table<'_>) -> Result<Description, ProjectError> {
        let content_type = readme.text("content-type")?;
        if let Some(text) = &content_type {
            let kind = text
                .value
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            if !matches!(kind.as_str(), "text/markdown" | "text/x-rst" | "text/plain") {
                return Err(text
                    .invalid(format!(
                        "must be `text/markdown`, `text/x-rst` or `text/plain`, not `{}`",
                        text.value
                    ))
                    .into());
            }
        }
        let declared = content_type
            .as_ref()
            .map(|text| plain(text).map(str::to_owned))
            .transpose()?;
        match (readme.text("file")?, readme.text("text")?) {
            (Some(_), Some(_)) => Err(readme
                .invalid("", "has both `file` and `text`: only one may be there")
                .into()),
            (None, None) => Err(readme.invalid("", "has neither `file` nor `text`").into()),
            (None, Some(_)) if declared.is_none() => {
                Err(readme.invalid("", "has `text` but no `content-type`").into())
            }
            (None, Some(text)) => Ok(Description {
                text: text.value.to_owned(),
                content_type: declared,
            }),
            (Some(file), None) => self.described(&file, declared),
        }
    }

    fn described(&self, file: &Text<'_>, content_type: Option<String>) -> Result<Description, ProjectError> {
        let path = self.inside(file)?;
        Ok(Description {
            text: fs::read_text(&path)?,
            content_type,
        })
    }

    /// The file that a value names; it must lie within bounds and exist.
    fn inside(&self, text: &Text<'_>) -> Result<PathBuf, ProjectError> {
        let path = fs::normalize(&self.bounds.root.join(text.value));
        if Path::new(text.value).is_absolute() || !path.starts_with(self.bounds.limit) {
            return Err(text
                .invalid(format!("leads out of the project (`{}`)", text.value))
                .into());
        }
        if !path.is_file() {
            return Err(text
                .invalid(format!("names a file that does not exist (`{}`)", text.value))
                .into());
        }
        self.within(&path)
            .map_err(|reason| text.invalid(format!("{reason} (`{}`)", text.value)))?;
        Ok(path)
    }

    /// Whether a file, links followed, lies within bounds; what is wrong, as the rest of a sentence, where it does not.
    fn within(&self, path: &Path) -> Result<(), &'static str> {
        let unreadable = "names a file that cannot be read";
        let real = path.canonicalize().map_err(|_| unreadable)?;
        let limit = self.bounds.limit.canonicalize().map_err(|_| unreadable)?;
        if real.starts_with(limit) {
            Ok(())
        } else {
            Err("leads out of the project through a symbolic link")
        }
    }

    /// `License-Expression`, `License`, and a license file that `license = { file = … }` names.
    #[expect(
        clippy::type_complexity,
        reason = "three fields that only the caller puts together"
    )]
    fn license(
        &self,
        cargo: &RootManifest,
    ) -> Result<(Option<String>, Option<String>, Option<LicenseFile>), ProjectError> {
        match self.table.text_or_table("license")? {
            None if self.dynamic.contains("license") => Ok((None, cargo.license.clone(), None)),
            None => Ok((None, None, None)),
            Some(Item::Text(text)) => match license::normalize(text.value) {
                Ok(expression) => Ok((Some(expression), None, None)),
                Err(reason) => Err(text
                    .invalid(format!(
                        "is not a valid SPDX license expression (`{}`): {reason}",
                        text.value
                    ))
                    .into()),
            },
            Some(Item::Table(license)) => match (license.text("file")?, license.text("text")?) {
                (Some(_), Some(_)) => Err(license
                    .invalid("", "has both `file` and `text`: only one may be there")
                    .into()),
                (None, None) => Err(license.invalid("", "has neither `file` nor `text`").into()),
                (None, Some(text)) => Ok((None, Some(text.value.to_owned()), None)),
                (Some(file), None) => {
                    let source = self.inside(&file)?;
                    let file = license_file(self.bounds.root, source, "`project.license.file`".to_owned())?;
                    Ok((None, None, Some(file)))
                }
            },
        }
    }

    /// All license files, in the order METADATA lists them.
    fn license_files(
        &self,
        named: Option<LicenseFile>,
        cargo: &RootManifest,
        notices: &mut Vec<Notice>,
    ) -> Result<Vec<LicenseFile>, ProjectError> {
        let mut files: Vec<LicenseFile> = Vec::new();
        files.extend(cargo_license_file(cargo, self.bounds)?);
        files.extend(named);
        match self.table.texts("license-files")? {
            Some(globs) => {
                for glob in globs {
                    let found = license::matching(self.bounds.root, glob.value).map_err(|reason| {
                        glob.invalid(format!("is not a valid pattern (`{}`): {reason}", glob.value))
                    })?;
                    if found.is_empty() {
                        return Err(glob.invalid(format!("matches no file (`{}`)", glob.value)).into());
                    }
                    for source in found {
                        files.push(license_file(
                            self.bounds.root,
                            source,
                            format!("`project.license-files` pattern `{}`", glob.value),
                        )?);
                    }
                }
            }
            None => {
                for source in license::discover(self.bounds.root)? {
                    let rule = "license file found in the project's root".to_owned();
                    files.push(license_file(self.bounds.root, source, rule)?);
                }
            }
        }
        let mut seen = BTreeSet::new();
        files.retain(|file| seen.insert(file.path.clone()));
        for file in &files {
            self.within(&file.source).map_err(|reason| {
                self.table
                    .invalid("license-files", format!("{reason} (`{}`)", file.source.display()))
            })?;
            if fs::read(&file.source)?.is_empty() {
                notices.push(Notice::new(format!(
                    "the license file is empty: {}",
                    file.source.display()
                )));
            }
        }
        Ok(files)
    }

    /// `authors` or `maintainers`: names and addresses.
    fn people(&self, key: &str) -> Result<Option<Vec<Person>>, DocumentError> {
        let Some(tables) = self.table.tables(key)? else {
            return Ok(None);
        };
        tables
            .iter()
            .map(|table| {
                let name = table
                    .text("name")?
                    .map(|text| plain(&text).map(str::to_owned))
                    .transpose()?;
                let email = table
                    .text("email")?
                    .map(|text| plain(&text).map(str::to_owned))
                    .transpose()?;
                if name.is_none() && email.is_none() {
                    return Err(table.invalid("", "has neither `name` nor `email`"));
                }
                Ok(Person { name, email })
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn requirements(&self) -> Result<(Vec<String>, Vec<String>), DocumentError> {
        let mut requires = Vec::new();
        for text in self.table.texts("dependencies")?.unwrap_or_default() {
            requires.push(requirement(&text)?.to_string());
        }
        let mut extras: BTreeMap<String, String> = BTreeMap::new();
        let mut provides = Vec::new();
        if let Some(optional) = self.table.table("optional-dependencies")? {
            for key in optional.keys() {
                let invalid = || optional.invalid(key, "is not a valid name for an extra");
                let extra = ExtraName::from_str(key).map_err(|_| invalid())?;
                let normalized = name::normalize(key);
                if let Some(first) = extras.insert(normalized.clone(), key.to_owned()) {
                    return Err(
                        optional.invalid(key, format!("is the same extra as `{first}`, spelt differently"))
                    );
                }
                for text in optional.texts(key)?.unwrap_or_default() {
                    requires.push(requirement(&text)?.with_extra_marker(&extra).to_string());
                }
                provides.push(normalized);
            }
        }
        Ok((requires, provides))
    }

    fn urls(&self, cargo: &RootManifest) -> Result<Vec<(String, String)>, DocumentError> {
        let Some(table) = self.table.table("urls")? else {
            return Ok(if self.dynamic.contains("urls") {
                cargo_urls(cargo)
            } else {
                Vec::new()
            });
        };
        let mut urls = Vec::new();
        for label in table.keys() {
            let Some(text) = table.text(label)? else { continue };
            if label.is_empty() || label.contains(',') || label.chars().any(char::is_control) {
                return Err(text.invalid("has a label that METADATA cannot hold"));
            }
            urls.push((label.to_owned(), plain(&text)?.to_owned()));
        }
        Ok(urls)
    }

    fn entry_points(&self) -> Result<EntryPoints, DocumentError> {
        let mut groups = Vec::new();
        for (key, group) in [("scripts", "console_scripts"), ("gui-scripts", "gui_scripts")] {
            if let Some(table) = self.table.table(key)? {
                groups.push((group.to_owned(), entry_point_group(&table, true)?));
            }
        }
        if let Some(all) = self.table.table("entry-points")? {
            for group in all.keys() {
                if matches!(group, "console_scripts" | "gui_scripts") {
                    let key = if group == "gui_scripts" {
                        "gui-scripts"
                    } else {
                        "scripts"
                    };
                    return Err(all.invalid(group, format!("must be written as `project.{key}`")));
                }
                let word =
                    |part: &str| !part.is_empty() && part.chars().all(|c| c == '_' || c.is_alphanumeric());
                if !group.split('.').all(word) {
                    return Err(all.invalid(group, "is not a valid name for a group of entry points"));
                }
                if let Some(table) = all.table(group)? {
                    groups.push((group.to_owned(), entry_point_group(&table, false)?));
                }
            }
        }
        groups.retain(|(_, entries)| !entries.is_empty());
        Ok(EntryPoints(groups))
    }

    /// `import-names` and `import-namespaces`.
    #[expect(
        clippy::type_complexity,
        reason = "two fields that only the caller puts together"
    )]
    fn imports(&self) -> Result<(Option<Vec<String>>, Option<Vec<String>>), DocumentError> {
        let names = self.import_list("import-names")?;
        let namespaces = self.import_list("import-namespaces")?;
        if namespaces.as_ref().is_some_and(Vec::is_empty) {
            return Err(self.table.invalid("import-namespaces", "is empty"));
        }
        let bare = |entry: &String| entry.split(';').next().unwrap_or_default().trim().to_owned();
        let in_names: BTreeSet<String> = names.iter().flatten().map(bare).collect();
        if let Some(both) = namespaces
            .iter()
            .flatten()
            .map(bare)
            .find(|name| in_names.contains(name))
        {
            return Err(self.table.invalid(
                "import-namespaces",
                format!("names `{both}`, which `import-names` names too"),
            ));
        }
        Ok((names, namespaces))
    }

    fn import_list(&self, key: &str) -> Result<Option<Vec<String>>, DocumentError> {
        let Some(texts) = self.table.texts(key)? else {
            return Ok(None);
        };
        let mut out = Vec::new();
        for text in &texts {
            let (module, rest) = match text.value.split_once(';') {
                Some((module, rest)) => (module.trim(), Some(rest.trim())),
                None => (text.value.trim(), None),
            };
            if !module.split('.').all(name::is_identifier) || rest.is_some_and(|rest| rest != "private") {
                return Err(text.invalid(format!("is not an import name (`{}`)", text.value)));
            }
            out.push(match rest {
                Some(rest) => format!("{module} ; {rest}"),
                None => module.to_owned(),
            });
        }
        Ok(Some(out))
    }
}

/// Mentions what is right by the specification and refused all the same when it is uploaded.
fn index_would_refuse(metadata: &CoreMetadata, notices: &mut Vec<Notice>) {
    const LABEL: usize = 32;
    const SUMMARY: usize = 512;
    for (label, _) in metadata
        .project_urls
        .iter()
        .filter(|(label, _)| label.chars().count() > LABEL)
    {
        notices.push(Notice::new(format!(
            "`project.urls` has a label of more than {LABEL} characters, which the package index refuses: `{label}`"
        )));
    }
    if metadata
        .summary
        .as_ref()
        .is_some_and(|summary| summary.chars().count() > SUMMARY)
    {
        notices.push(Notice::new(format!(
            "`project.description` has more than {SUMMARY} characters, which the package index refuses"
        )));
    }
    if metadata.version.is_local() {
        notices.push(Notice::new(format!(
            "the version has a local part, which the package index refuses: {}",
            metadata.version
        )));
    }
    let classified = metadata
        .classifiers
        .iter()
        .find(|classifier| classifier.starts_with("License ::"));
    if let (Some(_), Some(classifier)) = (&metadata.license_expression, classified) {
        notices.push(
            Notice::new(format!(
                "`project.classifiers` holds `{classifier}` beside a license expression"
            ))
            .hint("remove the classifier: the expression says it all"),
        );
    }
}

#[derive(Debug, Clone)]
struct Person {
    name: Option<String>,
    email: Option<String>,
}

/// `Author` and `Author-email`, or their counterparts for maintainers.
fn joined(people: Option<Vec<Person>>) -> (Option<String>, Option<String>) {
    let mut names = Vec::new();
    let mut emails = Vec::new();
    for person in people.unwrap_or_default() {
        match (person.name, person.email) {
            (Some(name), Some(email)) => emails.push(format!("{} <{email}>", quoted(&name))),
            (Some(name), None) => names.push(name),
            (None, Some(email)) => emails.push(email),
            (None, None) => {}
        }
    }
    let join = |list: Vec<String>| (!list.is_empty()).then(|| list.join(", "));
    (join(names), join(emails))
}

/// A display name as mail headers spell it.
fn quoted(name: &str) -> String {
    if name.contains(|c| "()<>@,;:\\\".[]".contains(c)) {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        name.to_owned()
    }
}

/// A value that must fit on one line of a header.
fn plain<'a>(text: &Text<'a>) -> Result<&'a str, DocumentError> {
    if text
        .value
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}'))
    {
        return Err(text.invalid("holds a line break or another control character"));
    }
    Ok(text.value)
}

/// A text on one line, as `Summary` must be.
fn one_line(text: &str) -> String {
    text.split(|c: char| (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}'))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn requirement(text: &Text<'_>) -> Result<Requirement<VerbatimUrl>, DocumentError> {
    plain(text)?;
    Requirement::from_str(text.value).map_err(|error| {
        let reason = error.message.to_string();
        text.invalid(format!(
            "is not a dependency specifier (`{}`): {reason}",
            text.value
        ))
    })
}

fn entry_point_group(table: &Table<'_>, is_script: bool) -> Result<Vec<(String, String)>, DocumentError> {
    let mut entries = Vec::new();
    for name in table.keys() {
        let Some(text) = table.text(name)? else { continue };
        let word = |c: char| c == '_' || c == '.' || c == '-' || c.is_alphanumeric();
        let odd = name.is_empty()
            || name.contains(['=', '\n', '\r'])
            || name.starts_with('[')
            || name.trim() != name
            || (is_script && !name.chars().all(word));
        if odd {
            return Err(text.invalid("has a name that installers refuse"));
        }
        let reference = plain(&text)?.trim();
        let bare = reference.split('[').next().unwrap_or_default().trim();
        let (module, attribute) = match bare.split_once(':') {
            Some((module, attribute)) => (module.trim(), Some(attribute.trim())),
            None => (bare, None),
        };
        let dotted = |path: &str| path.split('.').all(|part| name::is_identifier(part.trim()));
        if !dotted(module) || attribute.is_some_and(|path| !dotted(path)) {
            return Err(text.invalid(format!(
                "is not an object reference such as `package.module:function` (`{reference}`)"
            )));
        }
        if is_script && attribute.is_none() {
            return Err(text.invalid(format!(
                "names a module but no function in it (`{reference}`): write `module:function`"
            )));
        }
        entries.push((name.to_owned(), reference.to_owned()));
    }
    Ok(entries)
}

/// The content type that a file name tells, as the specification lists them.
fn content_type_of(file: &str) -> Option<&'static str> {
    match Path::new(file)
        .extension()?
        .to_str()?
        .to_ascii_lowercase()
        .as_str()
    {
        "md" | "markdown" => Some("text/markdown; charset=UTF-8; variant=GFM"),
        "rst" => Some("text/x-rst; charset=UTF-8"),
        "txt" => Some("text/plain; charset=UTF-8"),
        _ => None,
    }
}

/// A license file with its path below `licenses/`: relative to the root, or its bare name where it lies outside.
fn license_file(root: &Path, source: PathBuf, rule: String) -> Result<LicenseFile, ProjectError> {
    let relative = source
        .strip_prefix(root)
        .ok()
        .map(Path::to_owned)
        .or_else(|| source.file_name().map(PathBuf::from));
    let spelled = relative
        .unwrap_or_default()
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join("/");
    Ok(LicenseFile {
        path: ArchivePath::parse(&spelled)?,
        source,
        rule,
    })
}

fn cargo_license_file(cargo: &RootManifest, bounds: Bounds<'_>) -> Result<Option<LicenseFile>, ProjectError> {
    let Some(file) = &cargo.license_file else {
        return Ok(None);
    };
    let folder = cargo.manifest.parent().unwrap_or(Path::new("/"));
    let source = fs::normalize(&folder.join(file));
    let escapes = || ProjectError::CargoPath {
        key: "package.license-file",
        path: file.display().to_string(),
        reason: "leads out of the workspace",
        manifest: cargo.manifest.clone(),
    };
    if !source.starts_with(bounds.limit) && !source.starts_with(&cargo.workspace_root) {
        return Err(escapes());
    }
    if !source.is_file() {
        return Err(ProjectError::CargoPath {
            key: "package.license-file",
            path: file.display().to_string(),
            reason: "names a file that does not exist",
            manifest: cargo.manifest.clone(),
        });
    }
    license_file(folder, source, "`package.license-file` of Cargo.toml".to_owned()).map(Some)
}

fn cargo_readme(cargo: &RootManifest, bounds: Bounds<'_>) -> Result<Option<Description>, ProjectError> {
    let folder = cargo.manifest.parent().unwrap_or(Path::new("/"));
    let path = if let Some(readme) = &cargo.readme {
        fs::normalize(&folder.join(readme))
    } else {
        let names = ["README.md", "README.txt", "README.rst", "README"];
        match names
            .iter()
            .map(|name| folder.join(name))
            .find(|path| path.is_file())
        {
            Some(path) if !cargo.readme_is_off => path,
            _ => return Ok(None),
        }
    };
    let wrong = |reason| ProjectError::CargoPath {
        key: "package.readme",
        path: path.display().to_string(),
        reason,
        manifest: cargo.manifest.clone(),
    };
    if !path.starts_with(bounds.limit) && !path.starts_with(&cargo.workspace_root) {
        return Err(wrong("leads out of the workspace"));
    }
    if !path.is_file() {
        return Err(wrong("names a file that does not exist"));
    }
    let name = path.to_string_lossy();
    let content_type = content_type_of(&name).unwrap_or("text/plain; charset=UTF-8");
    Ok(Some(Description {
        text: fs::read_text(&path)?,
        content_type: Some(content_type.to_owned()),
    }))
}

fn cargo_authors(cargo: &RootManifest) -> (Option<String>, Option<String>) {
    if cargo.authors.is_empty() {
        return (None, None);
    }
    let all = cargo
        .authors
        .iter()
        .map(|author| one_line(author))
        .collect::<Vec<_>>()
        .join(", ");
    let email = all.contains('@').then(|| all.clone());
    (Some(all), email)
}

fn cargo_urls(cargo: &RootManifest) -> Vec<(String, String)> {
    [
        ("Homepage", &cargo.homepage),
        ("Documentation", &cargo.documentation),
        ("Source Code", &cargo.repository),
    ]
    .into_iter()
    .filter_map(|(label, url)| Some((label.to_owned(), url.clone()?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cargo() -> RootManifest {
        RootManifest {
            name: "demo".into(),
            version: cargo_metadata::semver::Version::new(1, 2, 3),
            description: Some("first\nsecond".into()),
            authors: vec!["Ann <ann@example.com>".into()],
            license: Some("MIT".into()),
            license_file: None,
            homepage: Some("https://example.com".into()),
            documentation: None,
            repository: Some("https://example.com/repo".into()),
            keywords: vec!["a".into(), "b".into()],
            readme: None,
            readme_is_off: true,
            lib_name: None,
            manifest: "/nowhere/Cargo.toml".into(),
            workspace_root: "/nowhere".into(),
        }
    }

    fn described(text: &str) -> Result<(Described, Vec<Notice>), ProjectError> {
        described_as(text, None)
    }

    fn described_as(
        text: &str,
        version: Option<&WishedVersion>,
    ) -> Result<(Described, Vec<Notice>), ProjectError> {
        let folder = tempfile::tempdir().unwrap();
        let document = Document::parse(Path::new("pyproject.toml"), text.to_owned())?;
        let mut notices = Vec::new();
        let bounds = Bounds {
            root: folder.path(),
            limit: folder.path(),
        };
        std::fs::write(folder.path().join("README.md"), "# hello\n").unwrap();
        let sources = Sources {
            document: Some(&document),
            cargo: &cargo(),
            version,
        };
        describe(sources, bounds, &mut notices).map(|described| (described, notices))
    }

    #[test]
    fn a_version_that_is_asked_for_counts_where_none_is_written() {
        let wished = WishedVersion {
            version: Version::parse("2.0rc1").unwrap(),
            origin: "`--build-version`".to_owned(),
        };
        let version = |text: &str| {
            described_as(text, Some(&wished)).map(|(found, _)| found.metadata.version.to_string())
        };
        assert_eq!(version("").unwrap(), "2.0rc1");
        assert_eq!(
            version("[project]\nname = \"x\"\ndynamic = [\"version\"]\n").unwrap(),
            "2.0rc1"
        );
        assert_eq!(
            version("[project]\nname = \"x\"\nversion = \"2.0.rc.1\"\n").unwrap(),
            "2.0rc1"
        );
        assert_eq!(
            version("[project]\nname = \"x\"\nversion = \"1\"\n")
                .unwrap_err()
                .to_string(),
            "`project.version` is `1`, but `--build-version` says `2.0rc1`: pyproject.toml:3:11"
        );
    }

    fn refused(text: &str) -> String {
        described(text).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_field_comes_from_cargo_only_where_it_is_dynamic() {
        let (found, _) = described("[project]\nname = \"x\"\ndynamic = [\"version\"]\n").unwrap();
        assert_eq!(found.metadata.version.to_string(), "1.2.3");
        assert_eq!(
            (
                found.metadata.summary,
                found.metadata.author,
                found.metadata.license
            ),
            (None, None, None)
        );
        let text = "[project]\nname = \"x\"\ndynamic = [\"version\", \"description\", \"authors\", \"license\", \"urls\", \"keywords\"]\n";
        let (found, _) = described(text).unwrap();
        assert_eq!(found.metadata.summary.as_deref(), Some("first second"));
        assert_eq!(
            found.metadata.author_email.as_deref(),
            Some("Ann <ann@example.com>")
        );
        assert_eq!(found.metadata.license.as_deref(), Some("MIT"));
        assert_eq!(found.metadata.project_urls.len(), 2);
        assert_eq!(found.metadata.keywords, ["a", "b"]);
    }

    #[test]
    fn people_are_spread_over_names_and_addresses() {
        let text = "[project]\nname = \"x\"\nversion = \"1\"\nauthors = [{ name = \"C. Schultz\", email = \"a@b.c\" }, { name = \"Ann\" }, { email = \"d@e.f\" }]\n";
        let (found, _) = described(text).unwrap();
        assert_eq!(found.metadata.author.as_deref(), Some("Ann"));
        assert_eq!(
            found.metadata.author_email.as_deref(),
            Some("\"C. Schultz\" <a@b.c>, d@e.f")
        );
    }

    #[test]
    fn requirements_of_extras_carry_their_marker() {
        let text = "[project]\nname = \"x\"\nversion = \"1\"\ndependencies = [\"A>=1\"]\n[project.optional-dependencies]\nFoo_Bar = [\"b; sys_platform=='win32' or os_name=='nt'\"]\n";
        let (found, _) = described(text).unwrap();
        assert_eq!(found.metadata.provides_extra, ["foo-bar"]);
        assert_eq!(found.metadata.requires_dist[0], "a>=1");
        assert!(
            found.metadata.requires_dist[1].contains("extra == 'foo-bar'"),
            "{}",
            found.metadata.requires_dist[1]
        );
    }

    #[test]
    fn wrong_fields_name_their_key() {
        let head = "[project]\nname = \"x\"\nversion = \"1\"\n";
        for (text, message) in [
            (
                "[project]\nname = \"-x\"\n".to_owned(),
                "`project.name` is not a valid name",
            ),
            (
                "[project]\nversion = \"1\"\n".to_owned(),
                "`project` has no `name`",
            ),
            (
                "[project]\nname = \"x\"\nversion = \"one\"\n".to_owned(),
                "`project.version` is not a version",
            ),
            (
                format!("{head}dynamic = [\"name\"]\n"),
                "`project.dynamic[0]` names `name`",
            ),
            (
                format!("{head}readme = \"README.foo\"\n"),
                "`project.readme` has a type that nobody knows",
            ),
            (
                format!("{head}readme = \"docs/README.md\"\n"),
                "`project.readme` names a file that does not exist",
            ),
            (
                format!("{head}readme = \"../README.md\"\n"),
                "`project.readme` leads out of the project",
            ),
            (
                format!("{head}license = \"Not-A-License\"\n"),
                "`project.license` is not a valid SPDX",
            ),
            (
                format!("{head}license-files = [\"NOPE*\"]\n"),
                "`project.license-files[0]` matches no file",
            ),
            (
                format!("{head}license-files = [\"../x\"]\n"),
                "`project.license-files[0]` is not a valid pattern",
            ),
            (
                format!("{head}dependencies = [\"a b c\"]\n"),
                "`project.dependencies[0]` is not a dependency",
            ),
            (
                format!("{head}keywords = [\"a\\nEvil: b\"]\n"),
                "`project.keywords[0]` holds a line break",
            ),
            (
                format!("{head}requires-python = \"three\"\n"),
                "`project.requires-python` is not a version",
            ),
            (
                format!("{head}authors = [{{}}]\n"),
                "`project.authors[0]` has neither",
            ),
            (
                format!("{head}[project.scripts]\n\"../evil\" = \"a:b\"\n"),
                "`project.scripts.../evil` has a name",
            ),
            (
                format!("{head}[project.scripts]\nrun = \"a\"\n"),
                "`project.scripts.run` names a module but no function",
            ),
            (
                format!("{head}[project.entry-points.console_scripts]\na = \"a:b\"\n"),
                "`project.entry-points.console_scripts` must be",
            ),
            (
                format!("{head}import-names = [\"a-b\"]\n"),
                "`project.import-names[0]` is not an import name",
            ),
            (
                format!("{head}import-names = [\"a\"]\nimport-namespaces = [\"a\"]\n"),
                "`project.import-namespaces` names `a`",
            ),
            (
                format!("{head}[project.optional-dependencies]\nfoo_bar = []\n\"foo.bar\" = []\n"),
                "`project.optional-dependencies.foo.bar` is the same extra",
            ),
        ] {
            let error = refused(&text);
            assert!(error.starts_with(message), "{error}\n    is not: {message}");
        }
    }

    #[test]
    fn the_readme_is_read_with_its_type() {
        let (found, _) =
            described("[project]\nname = \"x\"\nversion = \"1\"\nreadme = \"README.md\"\n").unwrap();
        let description = found.metadata.description.unwrap();
        assert_eq!(description.text, "# hello\n");
        assert_eq!(
            description.content_type.as_deref(),
            Some("text/markdown; charset=UTF-8; variant=GFM")
        );
    }

    #[test]
    fn an_unknown_field_is_a_notice() {
        let (_, notices) =
            described("[project]\nname = \"x\"\nversion = \"1\"\nlicence = \"MIT\"\n").unwrap();
        assert_eq!(notices[0].hint.as_deref(), Some("did you mean `license`?"));
        // METADATA has a `Summary`, [project] has a `description`.
        let text = "[project]\nname = \"x\"\nversion = \"1\"\ndynamic = [\"summary\", \"verson\"]\n";
        let (_, notices) = described(text).unwrap();
        assert_eq!(
            notices[0].message,
            "`project.dynamic` names `summary`, which is no field of [project] and is ignored"
        );
        assert_eq!(notices[1].hint.as_deref(), Some("did you mean `version`?"));
    }

    #[test]
    fn what_the_index_refuses_is_mentioned() {
        let text = format!(
            "[project]\nname = \"x\"\nversion = \"1+local\"\ndescription = \"{}\"\nlicense = \"MIT\"\n\
             classifiers = [\"License :: OSI Approved :: MIT License\"]\n[project.urls]\n\"{}\" = \"https://e.org\"\n",
            "s".repeat(513),
            "l".repeat(33)
        );
        assert_eq!(described(&text).unwrap().1.len(), 4);
        let text = format!(
            "[project]\nname = \"x\"\nversion = \"1\"\ndescription = \"{}\"\nlicense = \"MIT\"\n[project.urls]\n\"{}\" = \"https://e.org\"\n",
            "s".repeat(512),
            "l".repeat(32)
        );
        assert_eq!(described(&text).unwrap().1, []);
    }

    #[test]
    fn a_summary_is_one_line() {
        assert_eq!(one_line("  a\r\n b\n\nc\td "), "a b c\td");
    }
}

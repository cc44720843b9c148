//! From a manifest to a project.

use std::path::{Path, PathBuf};

use super::bindings::{Bindings, Kind};
use super::git::{self, GitError};
use super::notice::Notice;
use super::products::Role;
use super::pyproject::{Document, DocumentError, Place};
use super::reduced::{self, Kept};
use super::settings::{self, Origin, Overrides, Settings, Tables, VersionWish};
use super::{Project, bindings, cargo, layout, metadata, products, unpacked};
use crate::archive::ArchiveError;
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::name::{ModulePath, NameError};
use crate::process::ProcessError;
use crate::version::{Version, VersionError};

/// What stops a project from being understood.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// pyproject.toml or Cargo.toml is wrong.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A program cannot be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A path that archives cannot spell.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// There is no manifest.
    #[error("there is no Cargo.toml: {}", .0.display())]
    NoManifest(PathBuf),
    /// `--manifest-path` names something else.
    #[error("`--manifest-path` must name a Cargo.toml: {}", .0.display())]
    NotAManifest(PathBuf),
    /// The toolchain does not answer.
    #[error("`cargo -vV` failed with status {status}: {words}")]
    Toolchain {
        /// Its status.
        status: i32,
        /// Its own words.
        words: String,
    },
    /// Cargo cannot make sense of the manifest; it said why.
    #[error("cargo cannot read the project (status {status})")]
    Metadata {
        /// Its status.
        status: i32,
        /// The call.
        line: String,
    },
    /// Cargo's answer is not what it should be.
    #[error("cargo's description of the project cannot be read")]
    MetadataUnreadable(#[source] serde_json::Error),
    /// The manifest is a workspace without a package.
    #[error("the manifest is a workspace without a package of its own: {path}", path = manifest.display())]
    VirtualWorkspace {
        /// The manifest.
        manifest: PathBuf,
        /// Manifests of members that could be meant.
        members: Vec<String>,
    },
    /// The crate's name is no project name.
    #[error("`package.name` cannot be the name of a Python project: {path}", path = manifest.display())]
    CargoName {
        /// Why.
        source: NameError,
        /// The manifest.
        manifest: PathBuf,
    },
    /// The crate's version has no counterpart.
    #[error("`package.version` cannot be the version of a Python project: {path}", path = manifest.display())]
    CargoVersion {
        /// Why.
        source: VersionError,
        /// The manifest.
        manifest: PathBuf,
    },
    /// A file that Cargo.toml names.
    #[error("`{key}` {reason} (`{path}`): {manifest}", manifest = manifest.display())]
    CargoPath {
        /// The key.
        key: &'static str,
        /// Its value.
        path: String,
        /// What is wrong, as the rest of a sentence about the key.
        reason: &'static str,
        /// The manifest.
        manifest: PathBuf,
    },
    /// The history has no version.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A version that is written, and a wish to take it from git.
    #[error("`project.version` is given, but `version` of {origin} takes it from git: {place}")]
    WrittenAndGit {
        /// Where it is written.
        place: Place,
        /// Where the wish stands.
        origin: String,
    },
    /// The PKG-INFO of an unpacked source distribution has no version.
    #[error("PKG-INFO has no `Version` that Python can express: {}", .0.display())]
    PackageInformation(PathBuf),
    /// Two versions, of which one cannot be taken for the other.
    #[error("`project.version` is `{written}`, but {origin} says `{wished}`: {place}")]
    TwoVersions {
        /// What pyproject.toml has.
        written: String,
        /// Where.
        place: Place,
        /// What was asked for.
        wished: String,
        /// Who asked.
        origin: String,
    },
    /// The extension's name is no module name.
    #[error("the module name, taken from {origin}, is not one that Python can import")]
    ModuleName {
        /// Why.
        source: NameError,
        /// Where the name comes from.
        origin: String,
    },
    /// Neither pyo3 nor pyo3-ffi is among the dependencies.
    #[error(
        "`{package}` uses neither `pyo3` nor `pyo3-ffi` and makes no program and no shared object, so Python could do nothing with it"
    )]
    NoBindings {
        /// The package.
        package: String,
        /// Whether it has a library at all.
        has_library: bool,
    },
    /// Two versions of PyO3.
    #[error(
        "the crate is built on several versions of `{name}`, which cannot be linked together: {versions}"
    )]
    SeveralBindings {
        /// Which crate.
        name: String,
        /// Its versions.
        versions: String,
    },
    /// `bin` bindings without a program.
    #[error("`{package}` has no program that a wheel could hold")]
    NoProgram {
        /// The package.
        package: String,
    },
    /// Programs are for features that are off.
    #[error("{programs} can only be built with features that are off: {features}")]
    ProgramsNeedFeatures {
        /// The programs.
        programs: String,
        /// The features.
        features: String,
    },
    /// `bins` names what is not there.
    #[error("`bins` names a program that the crate does not have: {name}")]
    NoSuchProgram {
        /// What is asked for.
        name: String,
        /// What there is.
        there: String,
    },
    /// A program and an entry point that would be installed as one file.
    #[error("a program and a script of `[project.scripts]` have the same name: {name}")]
    SameScript {
        /// The name.
        name: String,
    },
    /// `extensions` beside something else than an extension.
    #[error("`extensions` can only be added to a project with pyo3 bindings, and this one has {bindings}")]
    ExtensionsWithout {
        /// What it has.
        bindings: String,
    },
    /// `extensions` names a crate that is not there.
    #[error("`extensions` names a crate that is no member of the workspace: {name}")]
    NoSuchMember {
        /// What is asked for.
        name: String,
        /// What there is.
        there: String,
    },
    /// There is only a program.
    #[error("`{package}` has no library that Python could import")]
    NoLibrary {
        /// The package.
        package: String,
    },
    /// `targets` leaves the library out.
    #[error("`targets` names {wished}, but the crate's targets are {there}")]
    NoSuchTarget {
        /// What is asked for.
        wished: String,
        /// What there is.
        there: String,
    },
    /// `python-source` does not exist.
    #[error("`python-source` ({origin}) names a folder that does not exist: {path}", path = path.display())]
    NoPythonSource {
        /// The folder.
        path: PathBuf,
        /// Where the setting stands.
        origin: String,
    },
    /// `python-source` is there, but the package in it is not.
    #[error("`python-source` is set, but there is no such package: {package}", package = package.display())]
    EmptyPythonSource {
        /// The package's folder.
        package: PathBuf,
    },
    /// A dotted module needs a package to lie in.
    #[error("the module `{module}` lies in a package that does not exist: {package}", package = package.display())]
    NoPackageForModule {
        /// The module.
        module: String,
        /// The package's folder.
        package: PathBuf,
    },
    /// `data` does not exist.
    #[error("`data` ({origin}) names a folder that does not exist: {path}", path = path.display())]
    NoData {
        /// The folder.
        path: PathBuf,
        /// Where the setting stands.
        origin: String,
    },
}

impl ProjectError {
    /// What to do next, where there is something better than reading the error again.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoManifest(_) => "run in the crate's folder, or name its manifest: `--manifest-path <path>/Cargo.toml`".to_owned(),
            Self::NotAManifest(_) => "name the file itself: `--manifest-path <path>/Cargo.toml`".to_owned(),
            Self::Document(DocumentError::UnknownKey { suggestion: Some(meant), .. }) => format!("did you mean `{meant}`?"),
            Self::VirtualWorkspace { members, .. } if members.is_empty() => {
                "no member of it has a `cdylib` library".to_owned()
            }
            Self::VirtualWorkspace { members, .. } => {
                format!("name the member to build: {}", members.iter().map(|path| format!("`--manifest-path {path}`")).collect::<Vec<_>>().join(" or "))
            }
            Self::CargoVersion { source: VersionError::Inverted { .. }, .. } => {
                "write it as `-alpha.N`, `-beta.N`, `-rc.N` or `-dev.N`, or give `project.version` in pyproject.toml".to_owned()
            }
            Self::CargoVersion { .. } => {
                "use `-alpha.N`, `-beta.N`, `-rc.N` or `-dev.N`, or give `project.version` in pyproject.toml".to_owned()
            }
            Self::CargoName { .. } => "give the project a name of its own in pyproject.toml: `project.name`".to_owned(),
            Self::Git(error) => return error.hint(),
            Self::PackageInformation(_) => {
                "unpack the source distribution again, or remove the file if this is none".to_owned()
            }
            Self::TwoVersions { .. } | Self::WrittenAndGit { .. } => {
                "take `version` out of [project] and write `dynamic = [\"version\"]` there".to_owned()
            }
            Self::Document(DocumentError::Variable(error)) => error.hint(),
            Self::ModuleName { .. } => {
                "set `[lib] name` in Cargo.toml, or `module-name` in `[tool.ironwheel]`, to the name that Python shall import".to_owned()
            }
            Self::NoProgram { .. } => "add `src/main.rs`, or leave `bindings` to be found out".to_owned(),
            Self::SameScript { .. } => "rename one of them: only one can be installed".to_owned(),
            Self::ExtensionsWithout { .. } => "make the project's own crate one of the extensions".to_owned(),
            Self::NoSuchMember { there, .. } => format!("its members are {there}"),
            Self::NoSuchProgram { there, .. } if there.is_empty() => "it has none: add `src/main.rs`".to_owned(),
            Self::NoSuchProgram { there, .. } => format!("its programs are {there}"),
            Self::ProgramsNeedFeatures { .. } => "turn them on: `--features`, or `features` in `[tool.ironwheel]`".to_owned(),
            Self::NoBindings { has_library: true, .. } => "add `pyo3` to `[dependencies]`".to_owned(),
            Self::NoBindings { has_library: false, .. } | Self::NoLibrary { .. } => {
                "add a library (`src/lib.rs` and `[lib] crate-type = [\"cdylib\"]`) with a `#[pymodule]` in it".to_owned()
            }
            Self::SeveralBindings { name, .. } => format!("see which crate wants which: `cargo tree --invert {name}`"),
            Self::NoSuchTarget { .. } => "correct `name` and `kind` in `targets`, or remove it".to_owned(),
            Self::NoPythonSource { .. } => "create the folder, or correct `python-source`".to_owned(),
            Self::EmptyPythonSource { .. } => {
                "create the folder with an `__init__.py`, correct `python-source`, or set `module-name` to the package that is there".to_owned()
            }
            Self::NoPackageForModule { .. } => {
                "create the folder with an `__init__.py`, or correct `module-name` or `python-source`".to_owned()
            }
            Self::Process(ProcessError::Missing(_)) => "install Rust with rustup, and see that `cargo` is on PATH".to_owned(),
            _ => return None,
        };
        Some(hint)
    }

    /// Cargo's own exit status, where it is cargo that failed.
    #[must_use]
    pub fn cargo_status(&self) -> Option<i32> {
        match self {
            Self::Metadata { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// The manifests of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifests {
    /// The crate's Cargo.toml.
    pub manifest: PathBuf,
    /// pyproject.toml, where there is one.
    pub pyproject: Option<PathBuf>,
    /// `src`, where the manifest lies in `rust/`.
    src_root: Option<PathBuf>,
}

/// Reads the project that the overrides name, or the one in the working directory.
pub fn load(overrides: &Overrides, host: &Host) -> Result<Project, ProjectError> {
    let found = find(overrides, host)?;
    let document = found.pyproject.as_deref().map(Document::read).transpose()?;
    understand(&found, document.as_ref(), overrides, host, false)
}

/// The same as far as it can be known where nothing but manifests and Rust's sources are there: without a readme, licences, and a
/// package that the extension lies in.
pub fn load_to_compile(overrides: &Overrides, host: &Host) -> Result<Project, ProjectError> {
    let found = find(overrides, host)?;
    let document = found.pyproject.as_deref().map(reduced_document).transpose()?;
    understand(&found, document.as_ref(), overrides, host, true)
}

fn reduced_document(path: &Path) -> Result<Document, ProjectError> {
    let whole = Document::read(path)?;
    // What does not parse, the line above has complained about.
    let table = fs::read_text(path)?.parse().unwrap_or_default();
    let reduced = reduced::pyproject(&table, Kept::Crate).to_string();
    Ok(Document::parse(whole.path(), reduced)?)
}

fn understand(
    found: &Manifests,
    document: Option<&Document>,
    overrides: &Overrides,
    host: &Host,
    is_to_compile: bool,
) -> Result<Project, ProjectError> {
    let mut notices = Vec::new();
    let root = project_root(found);
    let tables = match document {
        Some(document) => Tables::of(document, &mut notices)?,
        None => Tables::default(),
    };
    let settings = settings::resolve(overrides, &tables, &root, host)?;
    let (facts, mut manifest) = cargo::ask(&found.manifest, &settings, host)?;
    if is_to_compile {
        manifest.readme = None;
        manifest.readme_is_off = true;
        manifest.license_file = None;
    } else if let Some(document) = document {
        build_system(document, &mut notices)?;
    }
    let limit = if root.starts_with(&facts.workspace_root) {
        facts.workspace_root.clone()
    } else {
        root.clone()
    };
    let bounds = metadata::Bounds {
        root: &root,
        limit: &limit,
    };
    let version = wished_version(&settings, document, &manifest.name, &root)?;
    let sources = metadata::Sources {
        document,
        cargo: &manifest,
        version: version.as_ref(),
    };
    let described = metadata::describe(sources, bounds, &mut notices)?;
    let bindings = bindings::detect(&facts, &settings)?;
    let module = module_name(&settings, &manifest, document, bindings.kind)?;
    let mut layout = layout::detect(
        &root,
        found.src_root.clone(),
        &module,
        bindings.kind,
        &settings,
        &mut notices,
    )?;
    let products = products::list(&facts, &bindings, &module, &settings)?;
    for product in &products {
        match &product.role {
            Role::Extension(module) => layout.make_room(module)?,
            Role::Program(name) if described.entry_points.has_script(name) => {
                return Err(ProjectError::SameScript { name: name.clone() });
            }
            Role::Library { .. } | Role::Program(_) => {}
        }
    }
    notices.extend(without_extension_module(&bindings, &facts, &settings));
    Ok(Project {
        root,
        manifest: found.manifest.clone(),
        pyproject: found.pyproject.clone(),
        version: described.metadata.version.clone(),
        cargo: facts,
        metadata: described.metadata,
        entry_points: described.entry_points,
        license_files: described.license_files,
        module,
        layout,
        bindings,
        products,
        settings,
        notices,
    })
}

/// The version that comes from neither manifest: the one that is asked for, else that of the source distribution that this tree
/// was unpacked from, else git's.
fn wished_version(
    settings: &Settings,
    document: Option<&Document>,
    crate_name: &str,
    root: &Path,
) -> Result<Option<metadata::WishedVersion>, ProjectError> {
    let wished = |version, origin| Ok(Some(metadata::WishedVersion { version, origin }));
    let origin = &settings.version.origin;
    if let Some(VersionWish::Given(version)) = &settings.version.value {
        let origin = match origin {
            Origin::Environment(name) => format!("`{name}`"),
            _ => "`--build-version`".to_owned(),
        };
        return wished(version.clone(), origin);
    }
    let project = document
        .map(|document| document.root().table("project"))
        .transpose()?;
    let project = project.flatten();
    let text = |key| project.as_ref().map_or(Ok(None), |project| project.text(key));
    let (name, written) = (text("name")?, text("version")?);
    let name = name.map_or(crate_name, |name| name.value);
    match (&settings.version.value, written) {
        (Some(_), Some(written)) => Err(ProjectError::WrittenAndGit {
            place: written.place(),
            origin: origin.to_string(),
        }),
        (None, Some(_)) => Ok(None),
        (wish, None) => {
            if let Some(version) = unpacked_version(root, name)? {
                return wished(version, "PKG-INFO".to_owned());
            }
            match wish {
                Some(VersionWish::Git {
                    tag_prefix,
                    names_commit,
                }) => wished(git::version(root, tag_prefix, *names_commit)?, origin.to_string()),
                _ => Ok(None),
            }
        }
    }
}

/// The version that PKG-INFO has, where the tree is an unpacked source distribution of the project of this name.
fn unpacked_version(root: &Path, name: &str) -> Result<Option<Version>, ProjectError> {
    let Some(text) = unpacked::package_information(root, name) else {
        return Ok(None);
    };
    let version = unpacked::header(&text, "Version").and_then(|version| Version::parse(version).ok());
    let path = root.join("PKG-INFO");
    version.map(Some).ok_or(ProjectError::PackageInformation(path))
}

/// Whether the project asks for the Python that a virtual environment was made with.
pub fn uses_base_python(overrides: &Overrides, host: &Host) -> Result<bool, ProjectError> {
    Ok(settings_alone(&find(overrides, host)?, overrides, host)?
        .use_base_python
        .value)
}

/// The settings, without asking cargo; what is doubtful in them is told when the project is loaded.
fn settings_alone(found: &Manifests, overrides: &Overrides, host: &Host) -> Result<Settings, ProjectError> {
    let document = found.pyproject.as_deref().map(Document::read).transpose()?;
    let tables = match &document {
        Some(document) => Tables::of(document, &mut Vec::new())?,
        None => Tables::default(),
    };
    Ok(settings::resolve(overrides, &tables, &project_root(found), host)?)
}

/// Whether the project is one of cffi's. Cargo is asked only where neither settings nor dependencies tell; what cannot be
/// understood is told when it is built.
pub fn is_of_cffi(overrides: &Overrides, host: &Host) -> Result<bool, ProjectError> {
    let found = find(overrides, host)?;
    let settings = settings_alone(&found, overrides, host)?;
    if let Some(asked) = settings.bindings.value {
        return Ok(asked == "cffi");
    }
    let manifest = Document::read(&found.manifest)?;
    let dependencies = manifest.root().table("dependencies")?;
    let binds = |name: &&str| dependencies.as_ref().is_some_and(|table| table.has(name));
    if ["pyo3", "pyo3-ffi", "uniffi"].iter().any(binds) || host.find_program("cargo").is_none() {
        return Ok(false);
    }
    Ok(load(overrides, host).is_ok_and(|project| project.bindings.kind == bindings::Kind::Cffi))
}

fn project_root(found: &Manifests) -> PathBuf {
    let file = found.pyproject.as_ref().unwrap_or(&found.manifest);
    file.parent().unwrap_or(Path::new("/")).to_owned()
}

/// The manifests that the overrides name, or those in the working directory.
pub fn find(overrides: &Overrides, host: &Host) -> Result<Manifests, ProjectError> {
    match &overrides.manifest_path {
        Some(path) => find_named(&fs::normalize(&host.absolute(path))),
        None => find_here(host.working_directory()),
    }
}

/// The manifest that was named, with the nearest pyproject.toml above it.
fn find_named(path: &Path) -> Result<Manifests, ProjectError> {
    if path.file_name().is_some_and(|name| name == "pyproject.toml") && path.is_file() {
        return find_here(path.parent().unwrap_or(Path::new("/")));
    }
    let manifest = if path.is_dir() {
        path.join("Cargo.toml")
    } else {
        path.to_owned()
    };
    if !manifest.is_file() {
        return Err(ProjectError::NoManifest(manifest));
    }
    if manifest.file_name().is_none_or(|name| name != "Cargo.toml") {
        return Err(ProjectError::NotAManifest(manifest));
    }
    let pyproject = pyproject_of(&manifest)?;
    let src_root = pyproject
        .as_deref()
        .map(|path| src_layout(path, &manifest))
        .transpose()?
        .flatten();
    Ok(Manifests {
        manifest,
        pyproject,
        src_root,
    })
}

/// The nearest pyproject.toml above a manifest. One above the folder that holds the workspace belongs to somebody else, unless its
/// `manifest-path` names this very manifest.
fn pyproject_of(manifest: &Path) -> Result<Option<PathBuf>, ProjectError> {
    let beside = manifest.parent();
    let nearest = manifest
        .ancestors()
        .skip(1)
        .find(|folder| folder.join("pyproject.toml").is_file());
    let Some(folder) = nearest else { return Ok(None) };
    if Some(folder) != beside {
        let workspace = cargo::workspace_root(manifest)?;
        let highest = workspace.as_deref().map(|root| root.parent().unwrap_or(root));
        let is_outside = highest.is_some_and(|highest| !folder.starts_with(highest));
        if is_outside && !names_manifest(folder, manifest) {
            return Ok(None);
        }
    }
    Ok(Some(folder.join("pyproject.toml")))
}

/// Whether the pyproject.toml of a folder names the manifest as its own; one that cannot be read does not.
fn names_manifest(folder: &Path, manifest: &Path) -> bool {
    let named = || -> Option<PathBuf> {
        let document = Document::read(&folder.join("pyproject.toml")).ok()?;
        let named = Tables::of(&document, &mut Vec::new())
            .ok()?
            .manifest_path()
            .ok()??;
        Some(fs::normalize(&folder.join(named.value)))
    };
    named().is_some_and(|named| named == manifest)
}

/// The manifest of the working directory: what pyproject.toml names, `rust/Cargo.toml` of a src layout, or Cargo.toml.
fn find_here(folder: &Path) -> Result<Manifests, ProjectError> {
    let pyproject = Some(folder.join("pyproject.toml")).filter(|path| path.is_file());
    if let Some(path) = &pyproject {
        let document = Document::read(path)?;
        let tables = Tables::of(&document, &mut Vec::new())?;
        if let Some(named) = tables.manifest_path()? {
            let manifest = fs::normalize(&folder.join(named.value));
            if !manifest.is_file() {
                return Err(named
                    .invalid(format!("names a file that does not exist (`{}`)", named.value))
                    .into());
            }
            let src_root = src_layout(path, &manifest)?;
            return Ok(Manifests {
                manifest,
                pyproject,
                src_root,
            });
        }
        let in_rust = folder.join("rust").join("Cargo.toml");
        if in_rust.is_file() {
            let src_root = src_layout(path, &in_rust)?;
            if src_root.is_some() || tables.python_source()?.is_some() {
                return Ok(Manifests {
                    manifest: in_rust,
                    pyproject,
                    src_root,
                });
            }
        }
    }
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(ProjectError::NoManifest(manifest));
    }
    Ok(Manifests {
        manifest,
        pyproject,
        src_root: None,
    })
}

/// `src`, where the manifest lies in `rust/` and `src/` holds a package that pyproject.toml names.
fn src_layout(pyproject: &Path, manifest: &Path) -> Result<Option<PathBuf>, ProjectError> {
    let folder = pyproject.parent().unwrap_or(Path::new("/"));
    if manifest != folder.join("rust").join("Cargo.toml") {
        return Ok(None);
    }
    let document = Document::read(pyproject)?;
    let tables = Tables::of(&document, &mut Vec::new())?;
    let mut names = tables.python_packages()?;
    if let Some(project) = document.root().table("project")? {
        names.extend(project.text("name")?.map(|name| name.value.replace('-', "_")));
    }
    let src = folder.join("src");
    let holds = names
        .iter()
        .any(|name| src.join(name).join("__init__.py").is_file());
    Ok(holds.then_some(src))
}

/// What the extension is called, by the order of precedence that maturin has.
fn module_name(
    settings: &Settings,
    manifest: &cargo::RootManifest,
    document: Option<&Document>,
    kind: Kind,
) -> Result<ModulePath, ProjectError> {
    let project_name = match document {
        Some(document) => match document.root().table("project")? {
            Some(project) => project.text("name")?.map(|name| name.value.to_owned()),
            None => None,
        },
        None => None,
    };
    let (name, origin) = if let Some(name) = &settings.module_name.value {
        (
            name.clone(),
            format!("`module-name` of {}", settings.module_name.origin),
        )
    } else if let Some(name) = &manifest.lib_name {
        (name.clone(), "`lib.name` of Cargo.toml".to_owned())
    } else if let Some(name) = project_name {
        (name, "`project.name` of pyproject.toml".to_owned())
    } else {
        (manifest.name.clone(), "`package.name` of Cargo.toml".to_owned())
    };
    let parsed = ModulePath::parse(&name);
    match parsed {
        // Nobody imports a program; the name only tells which Python package goes with it.
        Err(_) if kind == Kind::Bin && !settings.module_name.is_explicit() => {
            let importable: String = name
                .chars()
                .map(|c| if c.is_alphanumeric() { c } else { '_' })
                .collect();
            ModulePath::parse(&importable).or_else(|_| ModulePath::parse(&format!("_{importable}")))
        }
        parsed => parsed,
    }
    .map_err(|source| ProjectError::ModuleName { source, origin })
}

fn build_system(document: &Document, notices: &mut Vec<Notice>) -> Result<(), DocumentError> {
    let Some(table) = document.root().table("build-system")? else {
        notices.push(
            Notice::new("pyproject.toml has no `[build-system]`, so other tools would build the project with setuptools")
                .hint("add `[build-system]` with `requires` and `build-backend`"),
        );
        return Ok(());
    };
    let requires = table.texts("requires")?;
    if requires.is_none() {
        notices.push(Notice::new("`build-system.requires` is missing").hint("the specification asks for it"));
    }
    table.text("build-backend")?;
    Ok(())
}

/// An extension of an older PyO3 that may be linked to libpython.
fn without_extension_module(
    bindings: &Bindings,
    facts: &cargo::CargoFacts,
    settings: &Settings,
) -> Option<Notice> {
    let pyo3 = bindings.pyo3.as_ref().filter(|_| bindings.kind == Kind::Pyo3)?;
    let is_old = pyo3.version.major == 0 && pyo3.version.minor < 26;
    (is_old && !has_extension_module(facts, settings)).then(|| {
        Notice::new(format!(
            "`{}` {} is used without its feature `extension-module`, so the extension may be linked to libpython",
            pyo3.crate_name, pyo3.version
        ))
        .hint("turn the feature on: `features = [\"pyo3/extension-module\"]` in `[tool.ironwheel]`")
    })
}

fn has_extension_module(facts: &cargo::CargoFacts, settings: &Settings) -> bool {
    let on = |name: &str| {
        facts.package(name).is_some_and(|package| {
            package
                .features
                .iter()
                .any(|feature| feature == "extension-module")
        })
    };
    on("pyo3")
        || on("pyo3-ffi")
        || settings
            .features
            .value
            .iter()
            .any(|feature| feature.name.ends_with("/extension-module"))
}

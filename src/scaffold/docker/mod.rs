//! Takes a project and the folder that a container is built in. Gives a Dockerfile, an ignore file and a compose file.
//! Knows nothing of builders: nothing is run.

mod packages;
mod sources;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use crate::fs::{self, FileError};
use crate::project::Project;
use crate::project::settings::AuditMode;
use sources::RustAlone;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct DockerWish {
    /// The folder that is the build context, absolute.
    pub context: PathBuf,
    /// The folder in it for the Dockerfile and the compose file: `docker`; empty for the context itself.
    pub folder: String,
    /// Python's version in the images: `3.12`.
    pub python: Option<String>,
    /// The release of Debian that the images have: `bookworm`.
    pub debian: Option<String>,
    /// Whether caches are mounted.
    pub mounts: bool,
}

/// Why there is nothing to write.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// A crate that the builder cannot see.
    #[error("the crate lies outside of the build context {context}: {crate_folder}", context = context.display(), crate_folder = crate_folder.display())]
    Outside {
        /// The context.
        context: PathBuf,
        /// The crate's folder.
        crate_folder: PathBuf,
    },
    /// No crate in the folder, nor directly below.
    #[error("there is no crate in the folder, nor in one directly below it: {}", .0.display())]
    NoCrate(PathBuf),
    /// More than one.
    #[error("there are several crates below the folder: {}", .0.join(", "))]
    SeveralCrates(Vec<String>),
    /// `--python` is no version, or none that the project takes.
    #[error("`--python` {reason}: {written}")]
    Python {
        /// As written.
        written: String,
        /// What is wrong, as the rest of a sentence.
        reason: String,
    },
    /// `--debian` is no name of a release.
    #[error("`--debian` takes the name of a release, in small letters: {0}")]
    Debian(String),
    /// Files that are there already.
    #[error("there is something already, and nothing was written: {}", names(.0))]
    Exists(Vec<PathBuf>),
    /// A file that cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

fn names(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(", ")
}

impl DockerError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Outside { .. } => {
                Some("name a folder that holds the crate and all crates it depends on by a path".to_owned())
            }
            Self::NoCrate(_) => Some("name its manifest: `--manifest-path <path>/Cargo.toml`".to_owned()),
            Self::SeveralCrates(manifests) => manifests
                .first()
                .map(|manifest| format!("name the one that becomes the wheel: `--manifest-path {manifest}`")),
            Self::Python { .. } => Some("write it as `3.12`".to_owned()),
            Self::Debian(_) => Some("`bookworm` is Debian 12, `trixie` is Debian 13".to_owned()),
            Self::Exists(_) => {
                Some("`--print` shows what would be written, `--force` writes over what is there".to_owned())
            }
            Self::File(_) => None,
        }
    }
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerFile {
    /// Its path in the build context.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What the texts are made of.
#[derive(Debug)]
struct Facts {
    /// The project's name.
    name: String,
    /// Where the Dockerfile lies, relative to the context.
    dockerfile: String,
    /// The context, as seen from the Dockerfile's folder.
    context: String,
    python: String,
    rust: String,
    debian: String,
    mounts: bool,
    /// The project's folder in the context; empty for the context itself.
    project: String,
    /// The manifest, relative to the context.
    manifest: String,
    /// What the dependencies are known from, relative to the context; empty where it takes the whole context.
    manifests: Vec<String>,
    /// Folders of vendored crates, relative to the context.
    vendored: Vec<String>,
    /// What Rust compiles from without the Python files beside it, where that is known.
    rust_alone: Option<RustAlone>,
    /// The toolchain file, relative to the context.
    toolchain: Option<String>,
    /// Packages that compiling takes, with the crates that need them.
    build: BTreeMap<String, Vec<String>>,
    /// Libraries that the wheel brings.
    grafted: Vec<String>,
    /// Packages that running takes.
    run: Vec<String>,
    /// Files of requirements for what runs.
    base: Vec<String>,
    /// Those for developers, too.
    dev: Vec<String>,
    /// The folder with the application, where there is one beside the crate.
    application: Option<Application>,
}

/// Python beside the crate, which runs with it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Application {
    /// Its folder: `src`.
    folder: String,
    /// Whether the folder holds packages, and is none itself.
    holds_packages: bool,
    /// The module that `python -m` takes.
    module: Option<String>,
}

/// The Python of the images where nothing says otherwise, and the oldest one.
const PYTHON: &str = "3.12";
const OLDEST_PYTHON: u64 = 10;
const NEWEST_PYTHON: u64 = 14;

/// The Rust of the images where nothing asks for another.
const RUST: &str = "1.95";

/// Debian 12: what is linked there also runs where Debian 13 is.
const DEBIAN: &str = "bookworm";

/// The manifest that is meant where none is named: pyproject.toml in the folder, which may name a Cargo.toml anywhere, else the
/// Cargo.toml there, else the only one directly below.
///
/// # Errors
/// None, or several.
pub fn manifest_in(folder: &Path) -> Result<PathBuf, DockerError> {
    if let Some(own) = project_in(folder)? {
        return Ok(own);
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(FileError::new("read", folder))? {
        let below = entry.map_err(FileError::new("read", folder))?.path();
        if below.is_dir() {
            found.extend(project_in(&below)?);
        }
    }
    found.sort();
    match <[PathBuf; 1]>::try_from(found) {
        Ok([manifest]) => Ok(manifest),
        Err(found) if found.is_empty() => Err(DockerError::NoCrate(folder.to_owned())),
        Err(found) => Err(DockerError::SeveralCrates(
            found
                .iter()
                .map(|path| relative(path, folder).unwrap_or_default())
                .collect(),
        )),
    }
}

/// What tells of a project in a folder: pyproject.toml where there is a crate beside it or it names one, else Cargo.toml.
fn project_in(folder: &Path) -> Result<Option<PathBuf>, FileError> {
    let (pyproject, manifest) = (folder.join("pyproject.toml"), folder.join("Cargo.toml"));
    if !pyproject.is_file() {
        return Ok(manifest.is_file().then_some(manifest));
    }
    // What is no TOML is told by who reads it as a project.
    let table = fs::read_text(&pyproject)?
        .parse::<toml::Table>()
        .unwrap_or_default();
    let names_one = ["ironwheel", "maturin"].iter().any(|tool| {
        let settings = table.get("tool").and_then(|tools| tools.get(tool));
        settings.is_some_and(|settings| settings.get("manifest-path").is_some())
    });
    let is_project = names_one || manifest.is_file() || folder.join("rust/Cargo.toml").is_file();
    Ok(is_project.then_some(pyproject))
}

/// Decides what to write. Nothing is written.
///
/// # Errors
/// A crate outside of the context, a version that is none, a file that cannot be read.
pub fn propose(project: &Project, wish: &DockerWish) -> Result<Vec<DockerFile>, DockerError> {
    let facts = facts(project, wish)?;
    let place = |name: &str| match wish.folder.as_str() {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    Ok(vec![
        DockerFile {
            path: ".dockerignore".to_owned(),
            text: text::ignore_file(&facts),
        },
        DockerFile {
            path: facts.dockerfile.clone(),
            text: text::dockerfile(&facts),
        },
        DockerFile {
            path: place("compose.yaml"),
            text: text::compose(&facts),
        },
    ])
}

/// Writes all files or none: what is there already is only written over where that is asked for.
///
/// # Errors
/// Files that are there, a file that cannot be written.
pub fn write(context: &Path, files: &[DockerFile], force: bool) -> Result<(), DockerError> {
    let there: Vec<PathBuf> = files
        .iter()
        .map(|file| context.join(&file.path))
        .filter(|path| path.symlink_metadata().is_ok())
        .collect();
    if !there.is_empty() && !force {
        return Err(DockerError::Exists(there));
    }
    for file in files {
        let path = context.join(&file.path);
        if let Some(folder) = path.parent() {
            fs::create_folder(folder)?;
        }
        fs::write_atomically(&path, file.text.as_bytes())?;
    }
    Ok(())
}

fn facts(project: &Project, wish: &DockerWish) -> Result<Facts, DockerError> {
    let inside = |path: &Path| {
        relative(path, &wish.context).ok_or_else(|| DockerError::Outside {
            context: wish.context.clone(),
            crate_folder: path.parent().unwrap_or(path).to_owned(),
        })
    };
    for local in project.cargo.local() {
        inside(&local.manifest)?;
    }
    let manifest = inside(&project.manifest)?;
    let toolchain = toolchain_file(project, &wish.context);
    let dependencies = project
        .cargo
        .packages
        .values()
        .map(|package| (package.name.as_str(), package.features.as_slice()));
    let needed = packages::needed(dependencies);
    let travels = project.settings.audit_mode.value == AuditMode::Repair
        && project.settings.exclude_libs.value.is_empty();
    let requirements = Requirements::of(&wish.context);
    let depth = wish.folder.split('/').filter(|part| !part.is_empty()).count();
    Ok(Facts {
        name: project.metadata.name.as_written().to_lowercase(),
        dockerfile: match wish.folder.as_str() {
            "" => "Dockerfile".to_owned(),
            folder => format!("{folder}/Dockerfile"),
        },
        context: match depth {
            0 => ".".to_owned(),
            depth => vec![".."; depth].join("/"),
        },
        python: python(project, wish)?,
        rust: rust(
            project,
            toolchain
                .as_deref()
                .map(|path| wish.context.join(path))
                .as_deref(),
        )?,
        debian: debian(wish)?,
        mounts: wish.mounts,
        project: inside(&project.root.join("x"))?
            .rsplit_once('/')
            .map_or_else(String::new, |(folder, _)| folder.to_owned()),
        rust_alone: sources::rust_alone(project, &wish.context, toolchain.as_deref())?,
        vendored: vendored(project, &wish.context)?,
        manifests: manifests(project, &wish.context, toolchain.as_deref()),
        manifest,
        toolchain,
        build: needed
            .build
            .iter()
            .map(|(package, crates)| ((*package).to_owned(), crates.iter().cloned().collect()))
            .collect(),
        grafted: if travels {
            needed.libraries.keys().map(|name| (*name).to_owned()).collect()
        } else {
            Vec::new()
        },
        run: if travels {
            Vec::new()
        } else {
            needed.libraries.values().map(|name| (*name).to_owned()).collect()
        },
        base: requirements.base,
        dev: requirements.dev,
        application: application(project, &wish.context),
    })
}

/// A path within a folder, with `/` between its parts; nothing for one outside.
fn relative(path: &Path, folder: &Path) -> Option<String> {
    let inside = path.strip_prefix(folder).ok()?;
    let parts: Vec<String> = inside
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    Some(parts.join("/"))
}

fn debian(wish: &DockerWish) -> Result<String, DockerError> {
    match &wish.debian {
        None => Ok(DEBIAN.to_owned()),
        Some(name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            Ok(name.clone())
        }
        Some(name) => Err(DockerError::Debian(name.clone())),
    }
}

/// What was asked for, else `.python-version`, else the oldest that the project takes and that there are images of.
fn python(project: &Project, wish: &DockerWish) -> Result<String, DockerError> {
    let takes = |minor: u64| {
        let version = pep440_rs::Version::new([3, minor]);
        project
            .metadata
            .requires_python_specifiers
            .as_ref()
            .is_none_or(|specifiers| specifiers.contains(&version))
    };
    if let Some(written) = &wish.python {
        let refuse = |reason: String| DockerError::Python {
            written: written.clone(),
            reason,
        };
        let minor = minor(written).ok_or_else(|| refuse("is no version of Python".to_owned()))?;
        if !takes(minor) {
            let wanted = project.metadata.requires_python.as_deref().unwrap_or_default();
            return Err(refuse(format!("is none that the project takes (`{wanted}`)")));
        }
        return Ok(written.clone());
    }
    for folder in [&wish.context, &project.root] {
        let path = folder.join(".python-version");
        if !path.is_file() {
            continue;
        }
        let text = fs::read_text(&path)?;
        let written = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'));
        if let Some(minor) = written.and_then(minor).filter(|minor| takes(*minor)) {
            return Ok(format!("3.{minor}"));
        }
    }
    if project.metadata.requires_python.is_none() {
        return Ok(PYTHON.to_owned());
    }
    let oldest = (OLDEST_PYTHON..=NEWEST_PYTHON).find(|minor| takes(*minor));
    Ok(oldest.map_or_else(|| PYTHON.to_owned(), |minor| format!("3.{minor}")))
}

/// The second number of `3.12` or `3.12.4`.
fn minor(version: &str) -> Option<u64> {
    let version = pep440_rs::Version::from_str(version).ok()?;
    match version.release() {
        [3, minor] | [3, minor, _] => Some(*minor),
        _ => None,
    }
}

const TOOLCHAIN_FILES: [&str; 2] = ["rust-toolchain.toml", "rust-toolchain"];

/// The toolchain file that counts for the crate, relative to the context.
fn toolchain_file(project: &Project, context: &Path) -> Option<String> {
    let folders = project.manifest.parent()?.ancestors();
    let mut inside = folders.take_while(|folder| folder.starts_with(context));
    inside.find_map(|folder| {
        let name = TOOLCHAIN_FILES.iter().find(|name| folder.join(name).is_file())?;
        relative(&folder.join(name), context)
    })
}

/// The version that the toolchain file names, else the crate's `rust-version` where that is newer than ours.
fn rust(project: &Project, toolchain: Option<&Path>) -> Result<String, DockerError> {
    if let Some(path) = toolchain {
        let text = fs::read_text(path)?;
        let table = text.parse::<toml::Table>().ok();
        let named = table
            .as_ref()
            .and_then(|table| table.get("toolchain")?.get("channel")?.as_str());
        let channel = named.unwrap_or_else(|| text.trim());
        return Ok(if is_version(channel) {
            channel.to_owned()
        } else {
            RUST.to_owned()
        });
    }
    let wanted = rust_version(&project.manifest, "package")?.map_or_else(
        || rust_version(&project.cargo.workspace_root.join("Cargo.toml"), "workspace"),
        |found| Ok(Some(found)),
    )?;
    let newer = wanted.filter(|wanted| numbers(wanted) > numbers(RUST));
    Ok(newer.unwrap_or_else(|| RUST.to_owned()))
}

/// `rust-version` of a manifest's package, or of what its workspace hands on.
fn rust_version(manifest: &Path, table: &str) -> Result<Option<String>, FileError> {
    let Ok(parsed) = fs::read_text(manifest)?.parse::<toml::Table>() else {
        return Ok(None);
    };
    let package = match table {
        "workspace" => parsed
            .get("workspace")
            .and_then(|workspace| workspace.get("package")),
        table => parsed.get(table),
    };
    let version = package.and_then(|package| package.get("rust-version")?.as_str());
    Ok(version.filter(|version| is_version(version)).map(str::to_owned))
}

fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(is_number)
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

/// What tells the dependencies of a single crate, as far as it is there; nothing for several crates, whose manifests may lie
/// anywhere.
fn manifests(project: &Project, context: &Path, toolchain: Option<&str>) -> Vec<String> {
    let folder = project.manifest.parent().unwrap_or(context);
    let is_single = project.cargo.members.len() == 1
        && project.cargo.local().count() == 1
        && project.cargo.workspace_root == folder
        && project.cargo.further.is_empty();
    if !is_single {
        return Vec::new();
    }
    let mut files = vec![
        folder.join("Cargo.toml"),
        folder.join("Cargo.lock"),
        // A build script that is not there would have no dependencies.
        folder.join("build.rs"),
    ];
    files.extend(project.pyproject.clone());
    files.extend(configurations(folder, context));
    let mut found: Vec<String> = files
        .iter()
        .filter(|path| path.is_file())
        .filter_map(|path| relative(path, context))
        .collect();
    found.extend(toolchain.map(str::to_owned));
    found.sort();
    found.dedup();
    found
}

/// Where cargo's configuration for a folder may lie in the context.
fn configurations(folder: &Path, context: &Path) -> impl Iterator<Item = PathBuf> {
    let inside = folder
        .ancestors()
        .take_while(move |folder| folder.starts_with(context));
    inside.flat_map(|folder| [".cargo/config.toml", ".cargo/config"].map(|name| folder.join(name)))
}

/// The folders in the context that cargo's configuration takes crates from: `[source.NAME] directory = "vendor"`.
///
/// <https://doc.rust-lang.org/cargo/reference/source-replacement.html#directory-sources>
fn vendored(project: &Project, context: &Path) -> Result<Vec<String>, FileError> {
    let mut found = Vec::new();
    let folder = project.manifest.parent().unwrap_or(context);
    for path in configurations(folder, context) {
        if !path.is_file() {
            continue;
        }
        // What is no TOML, cargo has told by now.
        let table = fs::read_text(&path)?.parse::<toml::Table>().unwrap_or_default();
        let sources = table.get("source").and_then(toml::Value::as_table);
        let folders = sources
            .into_iter()
            .flat_map(toml::Table::values)
            .flat_map(|source| [source.get("directory"), source.get("local-registry")])
            .filter_map(|folder| folder?.as_str());
        // Cargo takes such a path from the folder that holds `.cargo`.
        let Some(above) = path.parent().and_then(Path::parent) else {
            continue;
        };
        found.extend(
            folders
                .filter_map(|folder| relative(&fs::normalize(&above.join(folder)), context))
                .filter(|folder| !folder.is_empty() && context.join(folder).is_dir()),
        );
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Files that name what pip installs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Requirements {
    base: Vec<String>,
    dev: Vec<String>,
}

impl Requirements {
    fn of(context: &Path) -> Self {
        let first = |names: &[&str]| {
            names
                .iter()
                .find(|name| context.join(name).is_file())
                .map(|name| (*name).to_owned())
        };
        Self {
            base: first(&[
                "requirements.base.txt",
                "requirements-base.txt",
                "requirements.txt",
                "requirements/base.txt",
            ])
            .into_iter()
            .collect(),
            dev: first(&[
                "requirements.dev.txt",
                "requirements-dev.txt",
                "dev-requirements.txt",
                "requirements/dev.txt",
            ])
            .into_iter()
            .collect(),
        }
    }
}

/// Python that lies in the context and does not travel in the wheel.
fn application(project: &Project, context: &Path) -> Option<Application> {
    let is_python = |path: &Path| path.extension().is_some_and(|ending| ending == "py");
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        paths.sort();
        paths
    };
    for name in ["src", "app"] {
        let folder = context.join(name);
        let holds_crate = folder.join("lib.rs").is_file() || folder.join("Cargo.toml").is_file();
        if !folder.is_dir()
            || holds_crate
            || project.layout.python_root == folder
            || project.root.starts_with(&folder)
        {
            continue;
        }
        let inside = entries(&folder);
        let packages: Vec<&PathBuf> = inside
            .iter()
            .filter(|path| path.join("__init__.py").is_file())
            .collect();
        let holds_packages = !folder.join("__init__.py").is_file() && !packages.is_empty();
        if packages.is_empty() && !inside.iter().any(|path| is_python(path)) {
            continue;
        }
        let runs = |path: &Path| path.join("__main__.py").is_file();
        let module = if holds_packages {
            let package = packages.iter().find(|path| runs(path));
            package.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        } else if runs(&folder) {
            Some(name.to_owned())
        } else {
            None
        };
        return Some(Application {
            folder: name.to_owned(),
            holds_packages,
            module,
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_directly_below_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let write_file = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        assert!(matches!(manifest_in(folder.path()), Err(DockerError::NoCrate(_))));
        write_file("backend/Cargo.toml");
        assert_eq!(
            manifest_in(folder.path()).unwrap(),
            folder.path().join("backend/Cargo.toml")
        );
        write_file("other/Cargo.toml");
        let error = manifest_in(folder.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there are several crates below the folder: backend/Cargo.toml, other/Cargo.toml"
        );
        // Somebody else's pyproject.toml says nothing of a crate.
        write_file("pyproject.toml");
        assert!(matches!(
            manifest_in(folder.path()),
            Err(DockerError::SeveralCrates(_))
        ));
        std::fs::write(
            folder.path().join("pyproject.toml"),
            "[tool.maturin]\nmanifest-path = \"other/Cargo.toml\"\n",
        )
        .unwrap();
        assert_eq!(
            manifest_in(folder.path()).unwrap(),
            folder.path().join("pyproject.toml")
        );
        std::fs::remove_file(folder.path().join("pyproject.toml")).unwrap();
        write_file("Cargo.toml");
        assert_eq!(
            manifest_in(folder.path()).unwrap(),
            folder.path().join("Cargo.toml")
        );
    }

    #[test]
    fn nothing_is_written_where_something_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["a", "docker/b"].map(|path| DockerFile {
            path: path.to_owned(),
            text: path.to_owned(),
        });
        std::fs::write(folder.path().join("a"), "mine").unwrap();
        let error = write(folder.path(), &files, false).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with(&format!("{}/a", folder.path().display())),
            "{error}"
        );
        assert!(!folder.path().join("docker").exists());
        write(folder.path(), &files, true).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("a")).unwrap(), "a");
        assert_eq!(
            std::fs::read_to_string(folder.path().join("docker/b")).unwrap(),
            "docker/b"
        );
    }

    #[test]
    fn versions_are_told_from_names() {
        for (text, is) in [
            ("1.95", true),
            ("1.95.0", true),
            ("stable", false),
            ("nightly-2026-01-01", false),
            ("1", false),
        ] {
            assert_eq!(is_version(text), is, "{text}");
        }
        assert!(numbers("1.100") > numbers("1.95"));
        assert_eq!(
            (minor("3.12.4"), minor("3.9"), minor("2.7"), minor("x")),
            (Some(12), Some(9), None, None)
        );
    }
}

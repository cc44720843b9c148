//! Takes a name, a layout and what lies in the folder already. Gives the files of a project that builds, imports and tests at once.
//! Knows nothing of building.

mod additions;
pub mod ci;
pub mod docker;
mod templates;

use std::path::{Path, PathBuf};

use self::ci::CiError;
use self::templates::There;
use crate::fs::{self, FileError};
use crate::name::{ModulePath, ProjectName};

/// How the new crate speaks Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `PyO3`.
    Pyo3,
    /// Functions with C's calling convention, opened by cffi.
    Cffi,
    /// `UniFFI`.
    Uniffi,
    /// A program.
    Bin,
}

/// Where the sources lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Rust alone: `src/lib.rs`.
    Rust,
    /// A Python package beside it: `python/NAME`.
    Mixed,
    /// Python first: `src/NAME`, and the crate in `rust/`.
    Src,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The project's folder, absolute.
    pub folder: PathBuf,
    /// The project's name; the crate's or the folder's where nothing is said.
    pub name: Option<String>,
    /// Where the sources lie.
    pub layout: Layout,
    /// How the crate speaks Python.
    pub kind: Kind,
    /// Whether the folder must not be there yet.
    pub is_new: bool,
}

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// `new` makes new folders only.
    #[error("there is something already: {}", .0.display())]
    Exists(PathBuf),
    /// The name cannot be a crate's, a project's and a module's.
    #[error("`{name}` cannot be the name of the project: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why.
        reason: String,
    },
    /// A manifest that no package can be read from.
    #[error("{reason}: {path}", path = path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file that somebody may have written.
    #[error("there is such a file already: {}", .0.display())]
    InTheWay(PathBuf),
    /// There is no workflow.
    #[error(transparent)]
    Ci(#[from] CiError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl ScaffoldError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exists(path) => Some(format!(
                "add to what is there: `ironwheel init {}`",
                path.display()
            )),
            Self::Name { .. } => Some("give another one: `--name`".to_owned()),
            Self::Manifest { .. } => Some("name the folder of a package".to_owned()),
            Self::InTheWay(_) => {
                Some("look at the new one with `--print`; `--force` takes its place".to_owned())
            }
            Self::Ci(error) => Some(error.hint()),
            Self::File(_) => None,
        }
    }
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It is there and stays as it is.
    Keep,
    /// Lines are added to it.
    Extend,
}

/// A file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedFile {
    /// Its path in the project's folder.
    pub path: String,
    /// What becomes of it.
    pub action: Action,
    /// Its whole text afterwards.
    pub text: String,
}

/// Something that is left to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What is missing.
    pub message: String,
    /// What to write.
    pub hint: String,
}

/// What would be written, and what is left to do.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The project's folder.
    pub folder: PathBuf,
    /// The files, sorted.
    pub files: Vec<ProposedFile>,
    /// What is left to do.
    pub advice: Vec<Advice>,
}

/// The names of a project, which are one name in several spellings.
#[derive(Debug, Clone)]
struct Names {
    /// The project's: `my-project`.
    project: String,
    /// What Python imports: `my_project`.
    module: String,
}

/// The crate that is there already.
struct Existing {
    text: String,
    manifest: toml::Table,
}

impl Existing {
    /// Where its library is, or would be.
    fn library(&self, folder: &Path) -> PathBuf {
        folder.join(text_at(&self.manifest, "lib", "path").unwrap_or("src/lib.rs"))
    }
}

/// Decides what a project needs beside what it has. Nothing is written.
///
/// # Errors
/// A folder that must not be there, a name that does not do, a manifest without a package.
pub fn propose(wish: &Wish) -> Result<Proposal, ScaffoldError> {
    if wish.is_new && wish.folder.exists() {
        return Err(ScaffoldError::Exists(wish.folder.clone()));
    }
    let existing = existing(&wish.folder)?;
    // A crate that is there lies where it lies.
    let layout = match (&existing, wish.layout) {
        (Some(_), Layout::Src) => Layout::Mixed,
        (_, layout) => layout,
    };
    let names = names(wish, existing.as_ref())?;
    let there = match &existing {
        None => There::Nothing,
        Some(existing) if existing.library(&wish.folder).is_file() => There::Library,
        Some(_) => There::Crate,
    };
    let mut files: Vec<ProposedFile> = templates::files(&names, layout, wish.kind, there)
        .into_iter()
        .map(|(path, text)| ProposedFile {
            action: if wish.folder.join(&path).exists() {
                Action::Keep
            } else {
                Action::Create
            },
            path,
            text,
        })
        .collect();
    let mut advice = Vec::new();
    if let Some(existing) = existing {
        let found = additions::to(&existing.text, &existing.manifest, wish.kind);
        advice.extend(found.advice);
        let manifest = ProposedFile {
            path: "Cargo.toml".to_owned(),
            action: if found.text == existing.text {
                Action::Keep
            } else {
                Action::Extend
            },
            text: found.text,
        };
        files.push(manifest);
        advice.extend(of_library(wish, layout, &names, &existing.library(&wish.folder))?);
    }
    advice.extend(of_pyproject(wish)?);
    advice.extend(of_workspace(&wish.folder)?);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Proposal {
        folder: wish.folder.clone(),
        files,
        advice,
    })
}

/// Writes what was proposed: files that are there stay as they are, but for the lines that were proposed for them.
///
/// # Errors
/// A file that cannot be written.
pub fn write(proposal: &Proposal) -> Result<(), FileError> {
    for file in &proposal.files {
        if file.action == Action::Keep {
            continue;
        }
        let path = proposal.folder.join(&file.path);
        if let Some(folder) = path.parent() {
            fs::create_folder(folder)?;
        }
        fs::write_atomically(&path, file.text.as_bytes())?;
    }
    Ok(())
}

fn existing(folder: &Path) -> Result<Option<Existing>, ScaffoldError> {
    let path = folder.join("Cargo.toml");
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_text(&path)?;
    let refuse = |reason: String| ScaffoldError::Manifest {
        path: path.clone(),
        reason,
    };
    let manifest: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| refuse(format!("not valid TOML: {}", error.message())))?;
    if !manifest.contains_key("package") {
        return Err(refuse("the manifest has no package of its own".to_owned()));
    }
    Ok(Some(Existing { text, manifest }))
}

fn text_at<'a>(manifest: &'a toml::Table, table: &str, key: &str) -> Option<&'a str> {
    manifest.get(table)?.get(key)?.as_str()
}

fn names(wish: &Wish, existing: Option<&Existing>) -> Result<Names, ScaffoldError> {
    let of_crate = existing.and_then(|existing| text_at(&existing.manifest, "package", "name"));
    let of_folder = wish
        .folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let project = match (&wish.name, of_crate, of_folder) {
        (Some(name), _, _) => name.clone(),
        (None, Some(name), _) => name.to_owned(),
        (None, None, name) => name.unwrap_or_default(),
    };
    let library = existing.and_then(|existing| text_at(&existing.manifest, "lib", "name"));
    let module = library.unwrap_or(&project).replace('-', "_");
    let refuse = |reason: String| ScaffoldError::Name {
        name: project.clone(),
        reason,
    };
    ProjectName::parse(&project).map_err(|_| {
        refuse("letters, digits, `-` and `_` only, with a letter or digit at both ends".to_owned())
    })?;
    if existing.is_none() && project.contains('.') {
        return Err(refuse("a crate's name holds no `.`".to_owned()));
    }
    ModulePath::parse(&module).map_err(|error| refuse(error.to_string()))?;
    if RUST_WORDS.contains(&module.as_str()) {
        return Err(refuse("it is a word of Rust's".to_owned()));
    }
    if RESERVED.contains(&module.as_str()) {
        return Err(refuse(
            "a crate or module of that name is needed by every project".to_owned(),
        ));
    }
    Ok(Names { project, module })
}

/// Words that no crate can be called.
const RUST_WORDS: [&str; 35] = [
    "Self", "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "type", "use", "where",
];

/// Names whose owner could not be reached any more.
const RESERVED: [&str; 11] = [
    "alloc",
    "cffi",
    "core",
    "proc_macro",
    "pyo3",
    "pytest",
    "std",
    "sys",
    "test",
    "tests",
    "uniffi",
];

/// What an existing library lacks: nothing is written into sources.
fn of_library(
    wish: &Wish,
    layout: Layout,
    names: &Names,
    source: &Path,
) -> Result<Option<Advice>, ScaffoldError> {
    if !source.is_file() {
        return Ok(None);
    }
    let text = fs::read_text(source)?;
    let (word, line) = match wish.kind {
        Kind::Pyo3 => (
            "pymodule",
            format!(
                "#[pyo3::pymodule] mod {} {{ }}",
                templates::extension(names, layout)
            ),
        ),
        Kind::Cffi => (
            "no_mangle",
            "#[unsafe(no_mangle)] pub extern \"C\" fn …".to_owned(),
        ),
        Kind::Uniffi => ("setup_scaffolding", "uniffi::setup_scaffolding!();".to_owned()),
        Kind::Bin => return Ok(None),
    };
    if text.contains(word) {
        return Ok(None);
    }
    Ok(Some(Advice {
        message: format!("there is nothing that Python can see: {}", source.display()),
        hint: format!("add to it: `{line}`"),
    }))
}

/// What an existing pyproject.toml lacks.
fn of_pyproject(wish: &Wish) -> Result<Option<Advice>, ScaffoldError> {
    let path = wish.folder.join("pyproject.toml");
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_text(&path)?;
    let backend = text.parse::<toml::Table>().ok();
    let backend = backend
        .as_ref()
        .and_then(|table| text_at(table, "build-system", "build-backend"));
    Ok((backend != Some("ironwheel")).then(|| Advice {
        message: "pyproject.toml does not name ironwheel as its build backend".to_owned(),
        hint: format!(
            "write `requires = [\"{}\"]` and `build-backend = \"ironwheel\"` into [build-system]",
            templates::requirement()
        ),
    }))
}

/// Cargo refuses a crate below a workspace that does not know it.
fn of_workspace(folder: &Path) -> Result<Option<Advice>, ScaffoldError> {
    for above in folder.ancestors().skip(1) {
        let path = above.join("Cargo.toml");
        if !path.is_file() {
            continue;
        }
        let manifest = fs::read_text(&path)?.parse::<toml::Table>().unwrap_or_default();
        let Some(workspace) = manifest.get("workspace") else {
            continue;
        };
        let inside = folder
            .strip_prefix(above)
            .unwrap_or(folder)
            .to_string_lossy()
            .into_owned();
        let fits = |key: &str| {
            let globs = workspace.get(key).and_then(toml::Value::as_array);
            globs
                .into_iter()
                .flatten()
                .filter_map(toml::Value::as_str)
                .any(|glob| glob::Pattern::new(glob).is_ok_and(|pattern| pattern.matches(&inside)))
        };
        if fits("members") || fits("exclude") {
            return Ok(None);
        }
        return Ok(Some(Advice {
            message: format!("the folder lies in the workspace of {}", path.display()),
            hint: format!("add `\"{inside}\"` to `members` in it, or to `exclude`"),
        }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(folder: &Path) -> Wish {
        Wish {
            folder: folder.to_owned(),
            name: None,
            layout: Layout::Rust,
            kind: Kind::Pyo3,
            is_new: true,
        }
    }

    fn actions(proposal: &Proposal) -> Vec<(&str, Action)> {
        let files = proposal.files.iter();
        files.map(|file| (file.path.as_str(), file.action)).collect()
    }

    #[test]
    fn names_that_neither_language_takes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (name, words) in [
            ("a b", "letters, digits"),
            ("a.b", "no `.`"),
            ("1a", "not a Python identifier"),
            ("class", "not a Python identifier"),
            ("fn", "word of Rust's"),
            ("pyo3", "needed by every project"),
        ] {
            let asked = Wish {
                name: Some(name.to_owned()),
                ..wish(&folder.path().join("x"))
            };
            let said = propose(&asked).unwrap_err().to_string();
            assert!(said.contains(words) && said.contains(name), "{said}");
        }
        let proposal = propose(&wish(&folder.path().join("my-project"))).unwrap();
        assert!(actions(&proposal).contains(&("my_project.pyi", Action::Create)));
    }

    #[test]
    fn a_new_project_takes_no_folder_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            propose(&wish(folder.path())),
            Err(ScaffoldError::Exists(_))
        ));
    }

    #[test]
    fn what_is_there_is_kept_and_what_is_missing_is_added() {
        let folder = tempfile::tempdir().unwrap();
        let write_file = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write_file("Cargo.toml", "[package]\nname = \"there\"\n");
        write_file("README.md", "mine");
        write_file("src/lib.rs", "pub fn mine() {}\n");
        let asked = Wish {
            is_new: false,
            ..wish(folder.path())
        };
        let proposal = propose(&asked).unwrap();
        assert_eq!(
            actions(&proposal),
            [
                (".gitignore", Action::Create),
                ("Cargo.toml", Action::Extend),
                ("README.md", Action::Keep),
                ("pyproject.toml", Action::Create),
            ]
        );
        let [advice] = proposal.advice.as_slice() else {
            panic!("{:?}", proposal.advice)
        };
        assert!(advice.hint.contains("#[pyo3::pymodule] mod there"), "{advice:?}");
        write(&proposal).unwrap();
        assert_eq!(
            std::fs::read_to_string(folder.path().join("README.md")).unwrap(),
            "mine"
        );
        // A second time there is nothing to write.
        let again = propose(&asked).unwrap();
        assert!(
            again.files.iter().all(|file| file.action == Action::Keep),
            "{:?}",
            actions(&again)
        );
    }

    #[test]
    fn a_workspace_around_is_mentioned_unless_it_knows_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        std::fs::write(&manifest, "[workspace]\nmembers = [\"other\"]\n").unwrap();
        let asked = wish(&folder.path().join("crates/demo"));
        let advice = propose(&asked).unwrap().advice;
        assert!(advice[0].hint.contains("`\"crates/demo\"`"), "{advice:?}");
        std::fs::write(&manifest, "[workspace]\nmembers = [\"crates/*\"]\n").unwrap();
        assert_eq!(propose(&asked).unwrap().advice, []);
    }
}

//! Which files of the project go into the wheel, each with the rule that admits it.
//!
//! Ignore files are read from the project's root downwards, whether or not there is a repository: a build in a container sees the
//! same files as a build in a checkout.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::archive::{ArchiveError, ArchivePath, Content, Entry, Installed, Tree};
use crate::fs::{self, FileError};
use crate::glue;
use crate::name::ModulePath;
use crate::project::layout::Kind;
use crate::project::products::Role;
use crate::project::settings::Pattern;
use crate::project::{Notice, Project};

/// Why the files cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Two files for one place, or a name that archives cannot spell.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A pattern is wrong.
    #[error("`{setting}` has a pattern that {reason}: {pattern}")]
    Pattern {
        /// `include` or `exclude`.
        setting: &'static str,
        /// The pattern.
        pattern: String,
        /// What is wrong, as the rest of a sentence about it.
        reason: String,
    },
    /// A link to something that is not the project's.
    #[error("a symbolic link leads out of the project: {link} → {target}", link = link.display(), target = target.display())]
    LinkOut {
        /// The link.
        link: PathBuf,
        /// What it leads to.
        target: PathBuf,
    },
    /// A link to nothing.
    #[error("a symbolic link leads to nothing: {link} → {target}", link = link.display(), target = target.display())]
    BrokenLink {
        /// The link.
        link: PathBuf,
        /// What it names.
        target: PathBuf,
    },
    /// The data folder holds something else than the five schemes.
    #[error("the data folder may only hold the folders `data`, `headers`, `platlib`, `purelib` and `scripts`: {}", .0.display())]
    DataScheme(PathBuf),
    /// `python-source` is set and yields nothing.
    #[error("`python-source` is set, but the wheel would hold no Python file of it: {}", .0.display())]
    NoPythonFiles(PathBuf),
    /// A file name that is not Unicode.
    #[error("a file name is not Unicode, so no archive can hold it: {}", .0.display())]
    NotUnicode(PathBuf),
}

impl FilesError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::LinkOut { .. } => "put the file itself into the project, or `exclude` the link".to_owned(),
            Self::BrokenLink { .. } => "put the file there, remove the link, or `exclude` it".to_owned(),
            Self::NoPythonFiles(_) => {
                "see which ignore rule or `exclude` pattern takes them away: `ironwheel plan`".to_owned()
            }
            Self::Pattern { .. } => {
                "patterns are relative to the project and use `/`, `*`, `?`, `[…]` and `**`".to_owned()
            }
            Self::DataScheme(_) => {
                "files for the environment's root go to `data`, programs to `scripts`".to_owned()
            }
            Self::Archive(ArchiveError::Collision { .. }) => {
                "take one of the two out of `include`, or `exclude` it".to_owned()
            }
            _ => return None,
        })
    }
}

/// The project's own files for a wheel.
#[derive(Debug, Default)]
pub struct Selected {
    /// The files.
    pub tree: Tree,
    /// What the user should know.
    pub notices: Vec<Notice>,
}

/// What files are chosen for.
#[derive(Clone, Copy)]
enum Purpose<'a> {
    /// A wheel, whose data folder has this name.
    Wheel(&'a str),
    /// A source distribution, in which each file has a place of its own.
    Sdist(&'a dyn Fn(&Path) -> PathBuf),
}

impl Purpose<'_> {
    fn is_meant_by(self, pattern: &Pattern) -> bool {
        match self {
            Self::Wheel(_) => pattern.wheel,
            Self::Sdist(_) => pattern.sdist,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Wheel(_) => "wheel",
            Self::Sdist(_) => "source distribution",
        }
    }
}

/// The files of the data folder alone, for a wheel that leaves the packages where they lie.
pub fn select_data(project: &Project, data: &str) -> Result<Selected, FilesError> {
    let mut selection = Selection::new(project, Purpose::Wheel(data))?;
    if let Some(folder) = &project.layout.data {
        selection.add_data(folder)?;
    }
    Ok(Selected {
        tree: selection.tree,
        notices: selection.notices,
    })
}

/// Tells which files go into the wheel, beside the extension and the metadata. `data` is the name of the wheel's data folder.
pub fn select(project: &Project, data: &str) -> Result<Selected, FilesError> {
    select_for(project, Purpose::Wheel(data))
}

/// Tells which files that a wheel is made of go into the source distribution, beside those of the crates. `place` tells where.
pub fn select_sources(project: &Project, place: &dyn Fn(&Path) -> PathBuf) -> Result<Selected, FilesError> {
    select_for(project, Purpose::Sdist(place))
}

fn select_for(project: &Project, purpose: Purpose<'_>) -> Result<Selected, FilesError> {
    let mut selection = Selection::new(project, purpose)?;
    selection.add_packages(&project.layout.packages)?;
    if let Kind::Pure { stub } = &project.layout.kind {
        selection.add_stub(stub.as_deref())?;
    }
    selection.add_includes()?;
    if let Some(folder) = &project.layout.data {
        selection.add_data(folder)?;
    }
    selection.mention_unused();
    Ok(Selected {
        tree: selection.tree,
        notices: selection.notices,
    })
}

/// Adds files of build scripts that `include` patterns with `from = "out-dir"` ask for.
pub fn add_from_out_dirs(
    project: &Project,
    out_dir_of: impl Fn(Option<&str>) -> Option<PathBuf>,
    tree: &mut Tree,
    notices: &mut Vec<Notice>,
) -> Result<(), FilesError> {
    for pattern in project
        .settings
        .include
        .value
        .iter()
        .filter(|pattern| pattern.wheel)
    {
        let Some(wanted) = &pattern.from_out_dir else {
            continue;
        };
        let Some(out_dir) = out_dir_of(wanted.crate_name.as_deref()) else {
            return Err(FilesError::Pattern {
                setting: "include",
                pattern: pattern.glob.clone(),
                reason: "is for files of a build script, but there is none that ran".to_owned(),
            });
        };
        let found = files_matching(&out_dir, &pattern.glob)?;
        if found.is_empty() {
            notices.push(matches_nothing("include", &pattern.glob));
        }
        for path in found {
            let relative = spelled(path.strip_prefix(&out_dir).unwrap_or(&path))?;
            let to = wanted.to.trim_matches('/');
            let place = if to.is_empty() {
                relative
            } else {
                format!("{to}/{relative}")
            };
            let rule = format!(
                "`include` pattern `{}` from the build script's folder",
                pattern.glob
            );
            let entry = Entry {
                executable: fs::is_executable(&path),
                content: Content::File(path),
                rule,
            };
            tree.add(ArchivePath::parse(&place)?, entry)?;
        }
    }
    Ok(())
}

struct Selection<'a> {
    project: &'a Project,
    purpose: Purpose<'a>,
    /// Whether the project is an unpacked source distribution.
    is_sdist: bool,
    exclude: Excluder,
    tree: Tree,
    notices: Vec<Notice>,
    /// Python files that an ignore rule took away.
    ignored_python: Vec<(PathBuf, String)>,
}

impl<'a> Selection<'a> {
    fn new(project: &'a Project, purpose: Purpose<'a>) -> Result<Self, FilesError> {
        let patterns = project.settings.exclude.value.iter();
        Ok(Self {
            project,
            purpose,
            is_sdist: project.is_unpacked(),
            exclude: Excluder::new(
                &project.root,
                patterns.filter(|pattern| purpose.is_meant_by(pattern)),
            )?,
            tree: Tree::default(),
            notices: Vec::new(),
            ignored_python: Vec::new(),
        })
    }

    fn add_packages(&mut self, packages: &[String]) -> Result<(), FilesError> {
        let python_root = self.project.layout.python_root.clone();
        let base = if python_root.starts_with(&self.project.root) {
            self.project.root.clone()
        } else {
            python_root.clone()
        };
        let is_sdist = self.is_sdist;
        for package in packages {
            let folder = python_root.join(package);
            let mut rules = Vec::new();
            let above = folder
                .parent()
                .unwrap_or(&base)
                .strip_prefix(&base)
                .unwrap_or(Path::new(""));
            let mut place = base.clone();
            rules.extend(ignore_rules(&place, is_sdist));
            for part in above.components() {
                place.push(part);
                rules.extend(ignore_rules(&place, is_sdist));
            }
            self.walk(&folder, &mut rules, &format!("package `{package}`"))?;
        }
        let has_python = self.tree.iter().any(|(path, _)| {
            Path::new(path.as_str())
                .extension()
                .is_some_and(|extension| extension == "py" || extension == "pyi")
        });
        if !has_python && self.project.settings.python_source.value.is_some() {
            return Err(FilesError::NoPythonFiles(python_root));
        }
        Ok(())
    }

    /// Walks a package's folder, in the order of names.
    fn walk(&mut self, folder: &Path, rules: &mut Vec<Gitignore>, rule: &str) -> Result<(), FilesError> {
        if is_cache(self.project, folder) {
            return Ok(());
        }
        let own = ignore_rules(folder, self.is_sdist);
        let added = own.len();
        rules.extend(own);
        for path in sorted(folder)? {
            let link = path
                .symlink_metadata()
                .map_err(FileError::new("read", &path))?
                .is_symlink();
            let is_folder = path.is_dir();
            if is_folder && link {
                self.notices.push(
                    Notice::new(format!("a link to a folder is not followed: {}", path.display()))
                        .hint("put the folder itself into the package"),
                );
                continue;
            }
            if never_travels(&path, is_folder) || is_leftover(self.project, &path) {
                continue;
            }
            if let Some(line) = ignored_by(&path, is_folder, rules) {
                self.note_ignored(&path, is_folder, &line);
                continue;
            }
            if is_folder {
                self.walk(&path, rules, rule)?;
            } else if path.exists() && !path.is_file() {
                self.notices.push(Notice::new(format!(
                    "only files and folders can be packed: {}",
                    path.display()
                )));
            } else {
                self.add_below_python_root(&path, rule)?;
            }
        }
        rules.truncate(rules.len() - added);
        Ok(())
    }

    fn add_below_python_root(&mut self, path: &Path, rule: &str) -> Result<(), FilesError> {
        let relative = path
            .strip_prefix(&self.project.layout.python_root)
            .unwrap_or(path)
            .to_owned();
        self.add(path, &spelled(&relative)?, rule)
    }

    /// Adds a file unless an `exclude` pattern takes it away. `place` is where a wheel holds it.
    fn add(&mut self, path: &Path, place: &str, rule: &str) -> Result<(), FilesError> {
        let place = match self.purpose {
            Purpose::Wheel(_) => place.to_owned(),
            Purpose::Sdist(place) => spelled(&place(path))?,
        };
        self.put(path, &place, rule)
    }

    fn put(&mut self, path: &Path, place: &str, rule: &str) -> Result<(), FilesError> {
        if self.exclude.takes(path, &self.project.root.join(place)) {
            return Ok(());
        }
        self.inside(path)?;
        let entry = Entry {
            content: Content::File(path.to_owned()),
            executable: fs::is_executable(path) || self.puts_on_path(place),
            rule: rule.to_owned(),
        };
        self.tree.add(ArchivePath::parse(place)?, entry)?;
        Ok(())
    }

    /// Whether installers put a file onto `PATH`.
    fn puts_on_path(&self, place: &str) -> bool {
        matches!(self.purpose, Purpose::Wheel(_)) && Installed::is_program(place)
    }

    /// A file behind a link must be the project's own, or the workspace's.
    fn inside(&self, path: &Path) -> Result<(), FilesError> {
        let real = match (path.canonicalize(), path.read_link()) {
            (Ok(real), _) => real,
            (Err(_), Ok(target)) => {
                return Err(FilesError::BrokenLink {
                    link: path.to_owned(),
                    target,
                });
            }
            (Err(error), Err(_)) => return Err(FileError::new("read", path)(error).into()),
        };
        let homes = [
            &self.project.root,
            &self.project.cargo.workspace_root,
            &self.project.layout.python_root,
        ];
        let within = homes
            .iter()
            .filter_map(|home| home.canonicalize().ok())
            .chain(
                self.project
                    .layout
                    .data
                    .iter()
                    .filter_map(|data| data.canonicalize().ok()),
            )
            .any(|home| real.starts_with(home));
        if within {
            Ok(())
        } else {
            Err(FilesError::LinkOut {
                link: path.to_owned(),
                target: real,
            })
        }
    }

    fn note_ignored(&mut self, path: &Path, is_folder: bool, line: &str) {
        let is_python = |path: &Path| {
            path.extension()
                .is_some_and(|extension| extension == "py" || extension == "pyi")
        };
        if !is_folder {
            if is_python(path) {
                self.ignored_python.push((path.to_owned(), line.to_owned()));
            }
            return;
        }
        // One file stands for the folder: a line for each would bury the others.
        if let Some(first) = first_below(path, &is_python) {
            self.ignored_python.push((first, line.to_owned()));
        }
    }

    fn add_stub(&mut self, stub: Option<&Path>) -> Result<(), FilesError> {
        let Some(stub) = stub else { return Ok(()) };
        let folder = self.project.module.last().to_owned();
        let rule = "type stub of the extension";
        self.add(stub, &format!("{folder}/__init__.pyi"), rule)?;
        if let Purpose::Wheel(_) = self.purpose {
            self.tree.add(
                ArchivePath::parse(&format!("{folder}/py.typed"))?,
                Entry::generated(Vec::new(), rule),
            )?;
        }
        Ok(())
    }

    fn add_includes(&mut self) -> Result<(), FilesError> {
        let purpose = self.purpose;
        let patterns: Vec<Pattern> = self.project.settings.include.value.clone();
        for pattern in patterns
            .iter()
            .filter(|pattern| purpose.is_meant_by(pattern) && pattern.from_out_dir.is_none())
        {
            let root = self.project.root.clone();
            let python_root = self.project.layout.python_root.clone();
            let mut found = files_matching(&root, &pattern.glob)?;
            if found.is_empty() && python_root != root {
                found = files_matching(&python_root, &pattern.glob)?;
            }
            if found.is_empty() {
                self.notices.push(matches_nothing("include", &pattern.glob));
            }
            for path in found {
                let home = if path.starts_with(&python_root) {
                    &python_root
                } else {
                    &root
                };
                let place = spelled(path.strip_prefix(home).unwrap_or(&path))?;
                self.add(&path, &place, &format!("`include` pattern `{}`", pattern.glob))?;
            }
        }
        Ok(())
    }

    fn add_data(&mut self, folder: &Path) -> Result<(), FilesError> {
        for scheme in sorted(folder)? {
            let name = scheme
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if !scheme.is_dir() || !["data", "headers", "platlib", "purelib", "scripts"].contains(&name) {
                return Err(FilesError::DataScheme(scheme));
            }
            self.add_data_folder(folder, &scheme)?;
        }
        Ok(())
    }

    fn add_data_folder(&mut self, top: &Path, folder: &Path) -> Result<(), FilesError> {
        let data = match self.purpose {
            Purpose::Wheel(data) => data,
            Purpose::Sdist(_) => "",
        };
        for path in sorted(folder)? {
            if path.is_dir() {
                self.add_data_folder(top, &path)?;
                continue;
            }
            let relative = spelled(path.strip_prefix(top).unwrap_or(&path))?;
            self.add(&path, &format!("{data}/{relative}"), "data folder")?;
        }
        Ok(())
    }

    /// Patterns that did nothing, and Python files that an ignore rule took away.
    fn mention_unused(&mut self) {
        for pattern in self.exclude.unused() {
            let folder = self.project.root.join(pattern.trim_matches('/'));
            // What a source distribution leaves out, the files of the crates among it, is not all looked at here.
            if let Purpose::Sdist(_) = self.purpose {
                continue;
            }
            let notice = Notice::new(format!("`exclude` pattern `{pattern}` takes nothing away"));
            self.notices.push(if folder.is_dir() {
                notice.hint(format!(
                    "it names a folder: write `{}/**`",
                    pattern.trim_end_matches('/')
                ))
            } else {
                notice.hint("correct the pattern, or remove it")
            });
        }
        let archive = self.purpose.name();
        for (path, line) in &self.ignored_python {
            let shown = path.strip_prefix(&self.project.root).unwrap_or(path).display();
            self.notices.push(
                Notice::new(format!("`{shown}` stays out of the {archive}: {line} ignores it")).hint(
                    format!("if it belongs in the {archive}: `include = [\"{shown}\"]`"),
                ),
            );
        }
    }
}

/// A cargo target directory or another folder that says of itself that it can be thrown away.
pub(crate) fn is_cache(project: &Project, folder: &Path) -> bool {
    const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";
    folder == project.cargo.target_directory
        || std::fs::read(folder.join("CACHEDIR.TAG")).is_ok_and(|tag| tag.starts_with(SIGNATURE))
}

/// The extension of an earlier build, left beside the Python files by an editable install.
pub(crate) fn is_leftover(project: &Project, path: &Path) -> bool {
    project.products.iter().any(|product| match &product.role {
        Role::Extension(module) => is_leftover_of(project, module, path),
        Role::Library { module, name } => is_generated_for(project, module, name, path),
        Role::Program(_) => false,
    })
}

/// Code and library of an earlier build: they are generated, and come from this one. What somebody wrote there stays.
fn is_generated_for(project: &Project, module: &ModulePath, library: &str, path: &Path) -> bool {
    let folder = project
        .layout
        .python_root
        .join(project.layout.code_folder(module));
    if path.parent() != Some(&folder) {
        return false;
    }
    let has_extension = |wanted: &str| path.extension().is_some_and(|extension| extension == wanted);
    path.file_name()
        .is_some_and(|name| name == format!("lib{library}.so").as_str())
        || (has_extension("py") && std::fs::read_to_string(path).is_ok_and(|text| glue::is_generated(&text)))
}

fn is_leftover_of(project: &Project, module: &ModulePath, path: &Path) -> bool {
    let mut home = project.layout.python_root.clone();
    home.extend(&module.parts()[..module.parts().len() - 1]);
    if !module.is_dotted() {
        home.push(module.last());
    }
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let of_extension = name.strip_prefix("lib").into_iter().chain([name]).any(|name| {
        name.strip_prefix(module.last())
            .is_some_and(|rest| rest.starts_with('.'))
    });
    let is_library = ["so", "pyd", "dll", "dylib", "pdb", "dwp"]
        .iter()
        .any(|extension| {
            Path::new(name)
                .extension()
                .is_some_and(|found| found == *extension)
        });
    of_extension && is_library && path.parent() == Some(&home)
}

fn matches_nothing(setting: &str, pattern: &str) -> Notice {
    Notice::new(format!("`{setting}` pattern `{pattern}` matches no file"))
        .hint("for all files of a folder write `folder/**/*`; correct the pattern, or remove it")
}

/// Files that a pattern matches below a folder, sorted.
fn files_matching(root: &Path, pattern: &str) -> Result<Vec<PathBuf>, FilesError> {
    let wrong = |reason: &str| FilesError::Pattern {
        setting: "include",
        pattern: pattern.to_owned(),
        reason: reason.to_owned(),
    };
    if Path::new(pattern).is_absolute() {
        return Err(wrong("is absolute"));
    }
    if pattern.split('/').any(|part| part == "..") {
        return Err(wrong("leads out of the project"));
    }
    let whole = format!("{}/{pattern}", glob::Pattern::escape(&root.to_string_lossy()));
    let mut found: Vec<PathBuf> = glob::glob(&whole)
        .map_err(|error| wrong(&format!("cannot be read ({})", error.msg)))?
        .filter_map(Result::ok)
        .filter(|path| path.is_file() && !never_travels(path, false))
        .collect();
    found.sort();
    Ok(found)
}

/// The first file below a folder, in the order of names, that is wanted.
fn first_below(folder: &Path, wanted: &impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let paths = sorted(folder).ok()?;
    let here = paths.iter().find(|path| path.is_file() && wanted(path)).cloned();
    here.or_else(|| {
        let folders = paths
            .iter()
            .filter(|path| path.is_dir() && !path.is_symlink() && !never_travels(path, true));
        folders.into_iter().find_map(|path| first_below(path, wanted))
    })
}

/// What no wheel wants, whatever the rules say: compiled Python and repositories.
pub(crate) fn never_travels(path: &Path, is_folder: bool) -> bool {
    let name = path.file_name().unwrap_or_default();
    if is_folder {
        return name == "__pycache__" || name == ".git" || name == ".hg" || name == ".svn";
    }
    path.extension()
        .is_some_and(|extension| extension == "pyc" || extension == "pyo")
        || path
            .parent()
            .and_then(Path::file_name)
            .is_some_and(|parent| parent == "__pycache__")
}

pub(crate) fn sorted(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let read = |error| FileError::new("read the folder", folder)(error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        paths.push(entry.map_err(FileError::new("read the folder", folder))?.path());
    }
    paths.sort();
    Ok(paths)
}

/// A relative path with `/` between its parts.
pub(crate) fn spelled(path: &Path) -> Result<String, FilesError> {
    path.components()
        .map(|part| part.as_os_str().to_str())
        .collect::<Option<Vec<_>>>()
        .map(|parts| parts.join("/"))
        .ok_or_else(|| FilesError::NotUnicode(path.to_owned()))
}

/// The rules of a folder's own ignore files; the later of two has more to say.
///
/// In an unpacked source distribution a `.gitignore` has no say: whoever packed it chose the files already, and among them may be
/// some that are generated and never committed.
pub(crate) fn ignore_rules(folder: &Path, is_sdist: bool) -> Vec<Gitignore> {
    [".gitignore", ".ignore"]
        .iter()
        .skip(usize::from(is_sdist))
        .map(|name| folder.join(name))
        .filter(|path| path.is_file())
        .map(|path| {
            let mut builder = GitignoreBuilder::new(folder);
            // A line that cannot be read takes nothing away, as git has it.
            let _ = builder.add(path);
            builder.build().unwrap_or_else(|_| Gitignore::empty())
        })
        .collect()
}

/// Which rule ignores the path, in words; nothing where none does.
pub(crate) fn ignored_by(path: &Path, is_folder: bool, rules: &[Gitignore]) -> Option<String> {
    for rule in rules.iter().rev() {
        match rule.matched(path, is_folder) {
            Match::Ignore(glob) => {
                let file = glob
                    .from()
                    .and_then(Path::file_name)
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                return Some(format!("`{}` in {file}", glob.original()));
            }
            Match::Whitelist(_) => return None,
            Match::None => {}
        }
    }
    None
}

/// `exclude` patterns: as in a `.gitignore` at the project's root, the last that matches decides.
pub(crate) struct Excluder {
    patterns: Vec<(String, Gitignore, std::cell::Cell<bool>)>,
}

impl Excluder {
    pub(crate) fn new<'p>(
        root: &Path,
        patterns: impl Iterator<Item = &'p Pattern>,
    ) -> Result<Self, FilesError> {
        let patterns = patterns
            .map(|pattern| {
                let wrong = |error: ignore::Error| FilesError::Pattern {
                    setting: "exclude",
                    pattern: pattern.glob.clone(),
                    reason: format!("cannot be read ({error})"),
                };
                let mut builder = GitignoreBuilder::new(root);
                builder.add_line(None, &pattern.glob).map_err(wrong)?;
                let matcher = builder.build().map_err(wrong)?;
                Ok((pattern.glob.clone(), matcher, std::cell::Cell::new(false)))
            })
            .collect::<Result<_, FilesError>>()?;
        Ok(Self { patterns })
    }

    /// Whether a file stays out; it is asked for by where it lies and by where it would go.
    pub(crate) fn takes(&self, source: &Path, target: &Path) -> bool {
        let mut taken = false;
        for (_, matcher, used) in &self.patterns {
            for path in [source, target] {
                match matcher.matched(path, false) {
                    Match::Ignore(_) => {
                        taken = true;
                        used.set(true);
                    }
                    Match::Whitelist(_) => {
                        taken = false;
                        used.set(true);
                    }
                    Match::None => {}
                }
            }
        }
        taken
    }

    pub(crate) fn unused(&self) -> Vec<String> {
        self.patterns
            .iter()
            .filter(|(_, _, used)| !used.get())
            .map(|(pattern, _, _)| pattern.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(glob: &str) -> Pattern {
        Pattern {
            glob: glob.to_owned(),
            wheel: true,
            sdist: true,
            from_out_dir: None,
        }
    }

    #[test]
    fn exclude_patterns_read_like_a_gitignore() {
        let root = Path::new("/p");
        let excluder = Excluder::new(
            root,
            [pattern("*.md"), pattern("/a/x.py"), pattern("!keep.md")].iter(),
        )
        .unwrap();
        let takes = |path: &str| excluder.takes(&root.join(path), &root.join(path));
        assert!(takes("a/b/c.md") && takes("a/x.py"));
        assert!(!takes("b/a/x.py") && !takes("a/keep.md") && !takes("a/y.py"));
        assert!(excluder.unused().is_empty());
        let folder = Excluder::new(root, [pattern("pkg/tests")].iter()).unwrap();
        assert!(!folder.takes(&root.join("pkg/tests/a.py"), &root.join("pkg/tests/a.py")));
        assert_eq!(folder.unused(), ["pkg/tests"]);
    }

    #[test]
    fn include_patterns_stay_inside_the_project() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        for file in ["a/x.txt", "a/b/y.txt", "a/z.pyc"] {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let names = |glob: &str| {
            files_matching(folder.path(), glob)
                .unwrap()
                .iter()
                .map(|path| spelled(path.strip_prefix(folder.path()).unwrap()).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("a/*"), ["a/x.txt"]);
        assert_eq!(names("a/**/*"), ["a/b/y.txt", "a/x.txt"]);
        assert_eq!(names("a"), [""; 0]);
        assert!(files_matching(folder.path(), "../*").is_err());
        assert!(files_matching(folder.path(), "/etc/*").is_err());
    }

    #[test]
    fn compiled_python_never_travels() {
        assert!(never_travels(Path::new("a/__pycache__"), true));
        assert!(never_travels(Path::new("a/b.pyc"), false));
        assert!(never_travels(Path::new("a/__pycache__/x.py"), false));
        assert!(!never_travels(Path::new("a/.hidden"), false));
    }
}

//! Takes a project. Gives its source distribution: every file with the rule that admits it, and the archive that holds them.
//! Knows nothing of git and of compiling.
//!
//! <https://packaging.python.org/en/latest/specifications/source-distribution-format/>

mod configuration;
mod crates;
mod listing;
mod lock;
mod manifest;
mod pyproject;
mod unpack;
mod vendor;
mod write;

use std::path::{Path, PathBuf};

use crate::archive::{ArchiveError, ArchivePath, Content, Entry, Tree};
use crate::fs::{self, FileError};
use crate::process::{Finished, Invocation, ProcessError};
use crate::project::git;
use crate::project::settings::SdistGenerator;
use crate::project::{Notice, Project, license};
use crate::wheel::files::{self, Excluder, FilesError, spelled};
use crate::wheel::metadata;
use crates::{Crate, Crates};
use listing::Scope;
use manifest::Manifest;
use pyproject::Moves;

pub use unpack::unpack;
pub use write::{Written, pack, write};

/// A source distribution before it is written.
#[derive(Debug)]
pub struct Sdist {
    /// `demo-0.1.0`: the archive's name without its ending, and the one folder in it.
    pub name: String,
    /// Its files, by their path in that folder.
    pub tree: Tree,
    /// Where the project's Cargo.toml lies in it.
    pub manifest: String,
    /// Where Cargo.lock lies in it, if there is one.
    pub lock: Option<String>,
    /// Whether Cargo.lock names crates that do not travel.
    pub lock_is_too_long: bool,
    /// Whether the project brings the sources of its dependencies.
    pub brings_crates: bool,
    /// What the user should know.
    pub notices: Vec<Notice>,
}

/// Why there is no source distribution.
#[derive(Debug, thiserror::Error)]
pub enum SdistError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file of the project cannot travel.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Two files for one place, or a name that archives cannot spell.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Cargo cannot be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Front ends need a pyproject.toml to build from.
    #[error("a source distribution needs a pyproject.toml, but there is none: {}", .0.display())]
    NoPyproject(PathBuf),
    /// A manifest is not TOML.
    #[error("not valid TOML: {path}", path = path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        source: Box<toml_edit::TomlError>,
    },
    /// A pattern of Cargo.toml's.
    #[error("`{setting}` has a pattern that cannot be read ({reason}): `{pattern}` in {manifest}", manifest = manifest.display())]
    Pattern {
        /// `package.include` or `package.exclude`.
        setting: &'static str,
        /// The pattern.
        pattern: String,
        /// What is wrong.
        reason: String,
        /// The manifest.
        manifest: PathBuf,
    },
    /// A path dependency that has no package.
    #[error("a path dependency has no package of its own: {}", .0.display())]
    NoPackage(PathBuf),
    /// A build script that would not be there.
    #[error("the build script of the crate `{name}` would not travel, and without it other code would be built: {path}", path = path.display())]
    BuildScript {
        /// The crate.
        name: String,
        /// The script.
        path: PathBuf,
    },
    /// Nothing but the file system's root holds all that has to travel.
    #[error("`{name}` lies where no archive of the project reaches: {path}", path = path.display())]
    OutOfReach {
        /// The crate, or the setting that names the folder.
        name: String,
        /// Its folder.
        path: PathBuf,
    },
    /// Cargo said no.
    #[error("cargo cannot {deed} (status {status})", deed = deed.in_words())]
    Cargo {
        /// What it was asked to do.
        deed: Deed,
        /// Its status.
        status: i32,
        /// The call.
        line: String,
        /// Its own words.
        #[source]
        words: CargoWords,
    },
    /// Cargo's answer is not what it should be.
    #[error("cargo's description of the crates cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// The project has something where the dependencies would go.
    #[error("the dependencies would go to `vendor`, where the project has files of its own: {0}")]
    VendorTaken(String),
    /// Cargo found other versions than those that are locked.
    #[error("Cargo.lock cannot be reduced to what travels: `{package}` would come from elsewhere")]
    OtherLock {
        /// A package that was not in the lock file.
        package: String,
    },
}

/// What cargo is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Tell of the crates that travel.
    Describe,
    /// Leave in the lock file what travels.
    ReduceLock,
    /// Fetch the sources of the dependencies.
    Vendor,
    /// Read what was packed, as whoever unpacks it will.
    Read,
}

impl Deed {
    fn in_words(self) -> &'static str {
        match self {
            Self::Describe => "describe a crate that would travel",
            Self::ReduceLock => "reduce Cargo.lock to what travels",
            Self::Vendor => "fetch the sources of the dependencies",
            Self::Read => "read what was packed",
        }
    }
}

/// What cargo said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CargoWords(String);

impl SdistError {
    fn cargo(deed: Deed, invocation: &Invocation, finished: &Finished) -> Self {
        let words = String::from_utf8_lossy(&finished.stderr);
        // What it did before it failed is no reason.
        let reason = words
            .find("error: ")
            .and_then(|at| words.get(at + "error: ".len()..));
        Self::Cargo {
            deed,
            status: finished.status,
            line: invocation.to_string(),
            words: CargoWords(reason.unwrap_or(&words).trim().to_owned()),
        }
    }

    /// What to do next, where there is something better than reading the error again.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoPyproject(_) => {
                "write one with `[build-system]`: `requires` and `build-backend` say what builds the project".to_owned()
            }
            Self::Pattern { .. } => "patterns read like lines of a `.gitignore`".to_owned(),
            Self::NoPackage(_) => "name the folder of a package in `path`".to_owned(),
            Self::OutOfReach { name, .. } => {
                format!("move `{name}` beside or below the project, or publish it and depend on its version")
            }
            Self::BuildScript { name, .. } => {
                format!("move the script into the folder of `{name}`, and name it there in `package.build`")
            }
            Self::Cargo { deed: Deed::Vendor, .. } => {
                "where there is no network, all must have been fetched before: `cargo fetch`".to_owned()
            }
            Self::Cargo { deed: Deed::Read, .. } => {
                "see that nothing that cargo needs is taken away by `exclude` or an ignore file: `ironwheel plan --sdist`"
                    .to_owned()
            }
            Self::VendorTaken(_) => "rename the project's folder, or `exclude` it".to_owned(),
            Self::OtherLock { .. } => "bring Cargo.lock up to date: `cargo update --workspace`".to_owned(),
            _ => return None,
        })
    }
}

/// Tells which files go into the source distribution, and rewrites the manifests for what is left of the workspace. Cargo.lock is
/// as it is in the project.
pub fn collect(project: &Project) -> Result<Sdist, SdistError> {
    let Some(pyproject) = &project.pyproject else {
        return Err(SdistError::NoPyproject(project.root.join("pyproject.toml")));
    };
    let crates = Crates::find(project)?;
    let mut collection = Collection {
        project,
        root: root(project, &crates)?,
        exclude: Excluder::new(
            &project.root,
            project
                .settings
                .exclude
                .value
                .iter()
                .filter(|pattern| pattern.sdist),
        )?,
        crates: &crates,
        manifests: Vec::new(),
        tree: Tree::default(),
        brings_crates: false,
        notices: Vec::new(),
        ignored: Vec::new(),
    };
    collection.mention_generator();
    collection.add_metadata()?;
    for one in crates.all.values() {
        collection.add_crate(one)?;
    }
    collection.add_workspaces()?;
    collection.add_configuration()?;
    collection.add_sources()?;
    collection.add_papers()?;
    collection.add_pyproject(pyproject)?;
    collection.add_manifests()?;
    collection.mention_tracked();
    collection.finish()
}

/// The folder that the archive is made of: the lowest that holds all that has to travel.
fn root(project: &Project, crates: &Crates) -> Result<PathBuf, SdistError> {
    let mut root = project.root.clone();
    let layout = &project.layout;
    let folders = crates.all.values().map(|one| (one.name.as_str(), &one.folder));
    let sources = (!layout.packages.is_empty()).then_some(("python-source", &layout.python_root));
    let data = layout.data.as_ref().map(|data| ("data", data));
    let workspace = [("workspace", &project.cargo.workspace_root)];
    for (name, folder) in workspace.into_iter().chain(folders).chain(sources).chain(data) {
        while !folder.starts_with(&root) {
            if !root.pop() {
                break;
            }
        }
        if root.parent().is_none() {
            return Err(SdistError::OutOfReach {
                name: name.to_owned(),
                path: folder.clone(),
            });
        }
    }
    Ok(root)
}

struct Collection<'a> {
    project: &'a Project,
    /// The folder that the archive is made of.
    root: PathBuf,
    exclude: Excluder,
    crates: &'a Crates,
    /// Manifests of the crates, which hang on what else travels.
    manifests: Vec<(&'a Crate, Manifest)>,
    tree: Tree,
    brings_crates: bool,
    notices: Vec<Notice>,
    /// What ignore files leave out of the crates.
    ignored: Vec<PathBuf>,
}

impl<'a> Collection<'a> {
    /// Whether pyproject.toml comes to lie in another folder than it does in the project.
    fn is_moved(&self) -> bool {
        self.root != self.project.root
    }

    /// Where a folder that pyproject.toml names lies in the archive, where it has to say so: one outside of the project does not
    /// move with it.
    fn renamed(&self, folder: &Path) -> Option<String> {
        let is_outside = !folder.starts_with(&self.project.root);
        is_outside.then(|| self.natural(folder).to_string_lossy().into_owned())
    }

    /// A path as it is below the archive's root.
    fn natural(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_owned()
    }

    /// Where a file that pyproject.toml names or implies lies in the archive: as far from pyproject.toml as in the project.
    fn place(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.project.root) {
            Ok(relative) => relative.to_owned(),
            Err(_) => self.natural(path),
        }
    }

    fn add(&mut self, place: &Path, entry: Entry) -> Result<(), SdistError> {
        let path = ArchivePath::parse(&spelled(place)?)?;
        Ok(self.tree.add(path, entry)?)
    }

    fn add_file(&mut self, place: &Path, source: &Path, rule: impl Into<String>) -> Result<(), SdistError> {
        let entry = Entry {
            executable: fs::is_executable(source),
            content: Content::File(source.to_owned()),
            rule: rule.into(),
        };
        self.add(place, entry)
    }

    fn mention_generator(&mut self) {
        if self.project.settings.sdist_generator.value == SdistGenerator::Git {
            self.notices.push(
                Notice::new("`sdist-generator = \"git\"` is not needed: files are chosen by ignore files and Cargo.toml, whether or not there is a repository")
                    .hint("see which they are: `ironwheel plan --sdist`"),
            );
        }
    }

    /// Files that somebody gave to git against its own ignore files would be packed by whoever asks git. Here they stay at home,
    /// for an archive shall be the same without a repository; nobody shall find that out from a build that fails elsewhere.
    fn mention_tracked(&mut self) {
        const SHOWN: usize = 3;
        let left: Vec<String> = git::tracked(&self.root, &self.ignored)
            .into_iter()
            .filter(|path| !self.travels(path))
            .map(|path| format!("`{}`", self.natural(&path).display()))
            .collect();
        if left.is_empty() {
            return;
        }
        let more = match left.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let shown = left.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>();
        self.notices.push(
            Notice::new(format!(
                "git has files that ignore files leave out, and they stay at home: {}{more}",
                shown.join(", ")
            ))
            .hint("name them in `include`, or let the ignore file admit them: a line `!name`"),
        );
    }

    fn add_metadata(&mut self) -> Result<(), SdistError> {
        let text = metadata::render(&self.project.metadata);
        self.add(Path::new("PKG-INFO"), Entry::generated(text, "core metadata"))
    }

    /// A crate's files; its manifest waits for those of the others.
    fn add_crate(&mut self, one: &'a Crate) -> Result<(), SdistError> {
        let mut manifest = Manifest::read(&one.folder.join("Cargo.toml"))?;
        let has_workspace = one.workspace != one.folder;
        let workspace = has_workspace
            .then(|| Manifest::read(&one.workspace.join("Cargo.toml")))
            .transpose()?;
        let scope = Scope {
            project: self.project,
            limit: &self.root,
            exclude: &self.exclude,
        };
        let listed = listing::files(scope, &one.folder, &manifest, workspace.as_ref())?;
        let rule = format!("crate `{}`", one.name);
        self.ignored.extend(listed.ignored);
        for path in listed.files {
            if self.is_placed_otherwise(&path) {
                continue;
            }
            self.add_file(&self.natural(&path), &path, rule.as_str())?;
        }
        self.add_named(one, "readme", one.readme.as_deref(), &mut manifest)?;
        self.add_named(one, "license-file", one.license_file.as_deref(), &mut manifest)?;
        if let Some(workspace) = workspace.filter(|_| !one.workspace.starts_with(&self.root)) {
            manifest.inherit(&workspace, &one.folder, &one.workspace);
        }
        if !has_workspace && self.crates.leaves_members(&one.folder) {
            manifest.keep_members(&self.crates.members(&one.folder));
        }
        self.manifests.push((one, manifest));
        Ok(())
    }

    /// Whether the archive holds a file of the project already.
    fn travels(&self, path: &Path) -> bool {
        spelled(&self.natural(path)).is_ok_and(|place| self.tree.get(&place).is_some())
    }

    /// The manifests of the crates, which name no target that has no source in the archive.
    fn add_manifests(&mut self) -> Result<(), SdistError> {
        let manifests = std::mem::take(&mut self.manifests);
        for (one, manifest) in &manifests {
            self.add_build_script(one, manifest)?;
        }
        for (one, mut manifest) in manifests {
            let dropped = manifest.drop_targets(&one.folder, &|path| self.travels(path));
            if !dropped.is_empty() {
                let words = format!(
                    "the crate `{}` travels without targets whose sources stay behind: {}",
                    one.name,
                    dropped.join(", ")
                );
                self.notices
                    .push(Notice::new(words).hint("see what travels: `ironwheel plan --sdist`"));
            }
            let rule = format!("manifest of the crate `{}`", one.name);
            self.add_manifest(&one.folder, manifest, &rule)?;
        }
        Ok(())
    }

    /// The build script, wherever it lies and whatever takes it away: the crate is another without it.
    fn add_build_script(&mut self, one: &Crate, manifest: &Manifest) -> Result<(), SdistError> {
        let script = manifest.build_script(&one.folder);
        let Some(script) = script.filter(|path| path.is_file() && !self.travels(path)) else {
            return Ok(());
        };
        if !script.starts_with(&self.root) {
            return Err(SdistError::BuildScript {
                name: one.name.clone(),
                path: script,
            });
        }
        if script.starts_with(&one.folder) {
            let words = format!(
                "the build script of the crate `{}` travels although an `exclude`, an `include` or an ignore file leaves it out, because the crate is another without it: {}",
                one.name,
                script.display()
            );
            self.notices
                .push(Notice::new(words).hint("write `build = false` to `[package]` if it is not needed"));
        }
        let rule = format!("build script of the crate `{}`", one.name);
        self.add_file(&self.natural(&script), &script, rule)
    }

    /// What the archive holds anyway, in another form or, because it moves with pyproject.toml, in another place.
    fn is_placed_otherwise(&self, path: &Path) -> bool {
        let layout = &self.project.layout;
        let mut packages = layout
            .packages
            .iter()
            .map(|package| layout.python_root.join(package));
        if self.is_moved() && packages.any(|package| path.starts_with(package)) {
            return true;
        }
        let folder = path.parent();
        let in_root = folder == Some(&self.root) || folder == Some(&self.project.root);
        in_root
            && ["PKG-INFO", "pyproject.toml"]
                .iter()
                .any(|name| path.file_name().is_some_and(|found| found == *name))
    }

    /// A readme or a license that lies outside of its crate goes beside the manifest, which is told.
    fn add_named(
        &mut self,
        one: &Crate,
        key: &str,
        path: Option<&Path>,
        manifest: &mut Manifest,
    ) -> Result<(), SdistError> {
        let Some(path) = path else { return Ok(()) };
        let rule = format!("`package.{key}` of the crate `{}`", one.name);
        if path.starts_with(&one.folder) {
            return self.add_file(&self.natural(path), path, rule);
        }
        let name = path.file_name().unwrap_or_default();
        manifest.set_package(key, &name.to_string_lossy());
        self.add_file(&self.natural(&one.folder).join(name), path, rule)
    }

    fn add_manifest(&mut self, folder: &Path, manifest: Manifest, rule: &str) -> Result<(), SdistError> {
        let source = folder.join("Cargo.toml");
        let place = self.natural(&source);
        let (text, is_changed) = manifest.finish();
        if is_changed {
            self.add(&place, Entry::generated(text, format!("{rule}, rewritten")))
        } else {
            self.add_file(&place, &source, rule)
        }
    }

    /// Manifests of workspaces whose root is no crate that travels.
    fn add_workspaces(&mut self) -> Result<(), SdistError> {
        for workspace in self.crates.workspaces.keys() {
            if self.crates.all.contains_key(workspace) || !workspace.starts_with(&self.root) {
                continue;
            }
            let mut manifest = Manifest::read(&workspace.join("Cargo.toml"))?;
            if self.crates.leaves_members(workspace) {
                manifest.keep_members(&self.crates.members(workspace));
            }
            manifest.keep_workspace_only();
            self.add_manifest(workspace, manifest, "manifest of the workspace")?;
        }
        Ok(())
    }

    /// What decides how the crate is compiled: Cargo.lock, the toolchain and cargo's configuration.
    fn add_configuration(&mut self) -> Result<(), SdistError> {
        let lock = self.project.cargo.workspace_root.join("Cargo.lock");
        if lock.is_file() {
            self.add_file(&self.natural(&lock), &lock, "versions of the dependencies")?;
        } else {
            self.notices.push(
                Notice::new("there is no Cargo.lock, so whoever builds the source distribution gets other versions of the dependencies")
                    .hint("let cargo write one: `cargo generate-lockfile`"),
            );
        }
        let mut folder = crates::folder_of(&self.project.manifest);
        while folder.starts_with(&self.root) {
            for (name, rule) in [
                ("rust-toolchain.toml", "toolchain of the crate"),
                ("rust-toolchain", "toolchain of the crate"),
            ] {
                let path = folder.join(name);
                if path.is_file() && !self.exclude.takes(&path, &path) {
                    self.add_file(&self.natural(&path), &path, rule)?;
                }
            }
            self.add_cargo_configuration(&folder.join(".cargo/config.toml"))?;
            if !folder.pop() {
                break;
            }
        }
        Ok(())
    }

    /// A configuration file of cargo's, with the crates that it takes from a folder of the project.
    fn add_cargo_configuration(&mut self, path: &Path) -> Result<(), SdistError> {
        if !path.is_file() || self.exclude.takes(path, path) {
            return Ok(());
        }
        let rule = "cargo's configuration";
        let read = configuration::read(path)?;
        let place = self.natural(path);
        match read.rewritten {
            None => self.add_file(&place, path, rule)?,
            Some(text) => {
                // An `include` of Cargo.toml's may have let it in as it is.
                self.tree.remove(&spelled(&place)?);
                self.add(&place, Entry::generated(text, format!("{rule}, without tokens")))?;
            }
        }
        for folder in read.folders {
            if !folder.starts_with(&self.root) {
                self.notices.push(
                    Notice::new(format!(
                        "cargo's configuration takes crates from a folder that does not travel: {}",
                        folder.display()
                    ))
                    .hint("move it into the project, or leave the configuration out: `exclude = [\".cargo/config.toml\"]`"),
                );
                continue;
            }
            self.brings_crates = true;
            let mut files = Vec::new();
            vendor::list(&folder, &mut files)?;
            for file in files {
                self.add_file(
                    &self.natural(&file),
                    &file,
                    "crates that cargo's configuration names",
                )?;
            }
        }
        Ok(())
    }

    /// Python packages, the stub, data and what `include` names.
    fn add_sources(&mut self) -> Result<(), SdistError> {
        let selected = files::select_sources(self.project, &|path| self.place(path))?;
        for (path, entry) in selected.tree {
            if !self.is_manifest(&entry) {
                self.tree.add(path, entry)?;
            }
        }
        self.notices.extend(selected.notices);
        Ok(())
    }

    /// Whether a file is a manifest that travels as such, rewritten or not, wherever a package may hold it too.
    fn is_manifest(&self, entry: &Entry) -> bool {
        let Content::File(path) = &entry.content else {
            return false;
        };
        let is_manifest = path.file_name().is_some_and(|name| name == "Cargo.toml");
        let folder = path.parent().unwrap_or(path);
        is_manifest
            && (self.crates.workspaces.contains_key(folder)
                || self.crates.all.values().any(|one| one.folder == folder))
    }

    /// License files, where the metadata says that they are, and further bills of materials.
    fn add_papers(&mut self) -> Result<(), SdistError> {
        for file in &self.project.license_files {
            self.add_file(Path::new(file.path.as_str()), &file.source, file.rule.as_str())?;
        }
        for path in &self.project.settings.sbom_include.value {
            if path.starts_with(&self.root) {
                self.add_file(&self.place(path), path, "`sbom.include`")?;
            }
        }
        Ok(())
    }

    /// pyproject.toml, in the archive's root, with the files that it names.
    fn add_pyproject(&mut self, path: &Path) -> Result<(), SdistError> {
        let text = fs::read_text(path)?;
        let mut moves = Moves {
            manifest: self.manifest_path(),
            is_elsewhere: self.is_moved(),
            folders: Vec::new(),
            files: Vec::new(),
            license_files: self.is_moved().then(|| self.licenses_to_name()).flatten(),
        };
        let layout = &self.project.layout;
        let packages = (!layout.packages.is_empty()).then_some(&layout.python_root);
        for (key, folder) in [("python-source", packages), ("data", layout.data.as_ref())] {
            let renamed = folder.and_then(|folder| self.renamed(folder));
            moves.folders.extend(renamed.map(|place| (key, place)));
        }
        for (key, written) in pyproject::named_files(path, &text)? {
            let source = fs::normalize(&self.project.root.join(&written));
            if !source.is_file() || !source.starts_with(&self.root) {
                continue;
            }
            let place = self.free_place(&source);
            self.add_file(&place, &source, format!("`project.{key}`"))?;
            let place = spelled(&place)?;
            if self.is_moved() && place != written {
                moves.files.push((key, written, place));
            }
        }
        let entry = match pyproject::rewrite(path, &text, &moves)? {
            rewritten if rewritten == text => Entry {
                content: Content::File(path.to_owned()),
                executable: false,
                rule: "the project's settings".to_owned(),
            },
            rewritten => Entry::generated(rewritten, "the project's settings, rewritten"),
        };
        self.add(Path::new("pyproject.toml"), entry)
    }

    /// The project's license files, where others lie in the archive's root that would be taken for them.
    fn licenses_to_name(&self) -> Option<Vec<String>> {
        let own: Vec<&str> = self
            .project
            .license_files
            .iter()
            .map(|file| file.path.as_str())
            .collect();
        let mut others = self
            .tree
            .iter()
            .map(|(path, _)| path.as_str())
            .filter(|path| !path.contains('/') && license::is_usual_name(path) && !own.contains(path));
        others.next()?;
        Some(own.into_iter().map(str::to_owned).collect())
    }

    /// Where a file that pyproject.toml names can lie: where it is looked for already, else where it is anyway.
    fn free_place(&self, source: &Path) -> PathBuf {
        let place = self.place(source);
        let taken = spelled(&place)
            .ok()
            .and_then(|place| self.tree.get(&place).cloned());
        match taken {
            Some(entry) if entry.content != Content::File(source.to_owned()) => self.natural(source),
            _ => place,
        }
    }

    /// Where Cargo.toml lies in the archive, if whoever finds pyproject.toml would not find it.
    fn manifest_path(&self) -> Option<String> {
        let place = self
            .natural(&self.project.manifest)
            .to_string_lossy()
            .into_owned();
        let in_rust = place == "rust/Cargo.toml"
            && (self.project.settings.python_source.is_explicit()
                || self.project.layout.python_root == self.project.root.join("src"));
        (place != "Cargo.toml" && !in_rust).then_some(place)
    }

    fn finish(self) -> Result<Sdist, SdistError> {
        let project = self.project;
        let place = |path: &Path| spelled(&self.natural(path));
        let lock = project.cargo.workspace_root.join("Cargo.lock");
        let lock = lock.is_file().then_some(lock);
        let lock_is_too_long = match &lock {
            Some(lock) => lock::is_too_long(&fs::read_text(lock)?, self.crates),
            None => false,
        };
        Ok(Sdist {
            name: format!("{}-{}", project.metadata.name.escaped(), project.version),
            manifest: place(&project.manifest)?,
            lock: lock.map(|lock| place(&lock)).transpose()?,
            lock_is_too_long,
            brings_crates: self.brings_crates,
            tree: self.tree,
            notices: self.notices,
        })
    }
}

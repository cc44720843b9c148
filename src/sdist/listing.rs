//! The files of a crate, by cargo's rules for packages, whether or not there is a repository: `include` and `exclude` of
//! `[package]`, ignore files, no hidden files, no other packages below, nothing that a build left behind.
//!
//! <https://doc.rust-lang.org/cargo/reference/manifest.html#the-exclude-and-include-fields>

use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::SdistError;
use super::manifest::Manifest;
use crate::fs::FileError;
use crate::project::Project;
use crate::wheel::files::{self, Excluder, FilesError, ignore_rules, ignored_by, never_travels, sorted};

/// What `include` and `exclude` of `[package]` say.
enum Choice {
    /// These and no others; ignore files have no say.
    Only(Gitignore),
    /// All but these.
    AllBut(Gitignore),
}

/// What all crates of a project share.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The project.
    pub project: &'a Project,
    /// The folder that the archive is made of.
    pub limit: &'a Path,
    /// What the project's settings leave out.
    pub exclude: &'a Excluder,
}

/// What a crate's folder holds.
pub struct Listed {
    /// Its files, its Cargo.toml and Cargo.lock not among them.
    pub files: Vec<PathBuf>,
    /// Files and folders that would be among them but for an ignore file.
    pub ignored: Vec<PathBuf>,
}

/// Lists a crate's files.
pub fn files(
    scope: Scope<'_>,
    folder: &Path,
    manifest: &Manifest,
    workspace: Option<&Manifest>,
) -> Result<Listed, SdistError> {
    let limit = scope.limit;
    let mut listing = Listing {
        scope,
        folder,
        choice: Choice::of(folder, manifest, workspace)?,
        found: Vec::new(),
        ignored: Vec::new(),
        is_unpacked: scope.project.is_unpacked(),
    };
    let mut rules = Vec::new();
    let mut above = limit.to_owned();
    for part in folder.strip_prefix(limit).unwrap_or(Path::new("")).components() {
        rules.extend(ignore_rules(&above, listing.is_unpacked));
        above.push(part);
    }
    listing.walk(folder, &mut rules)?;
    Ok(Listed {
        files: listing.found,
        ignored: listing.ignored,
    })
}

impl Choice {
    fn of(folder: &Path, manifest: &Manifest, workspace: Option<&Manifest>) -> Result<Self, SdistError> {
        let matcher = |setting: &'static str, lines: &[String]| {
            let mut builder = GitignoreBuilder::new(folder);
            for line in lines {
                builder
                    .add_line(None, line)
                    .map_err(|error| SdistError::Pattern {
                        setting,
                        pattern: line.clone(),
                        reason: error.to_string(),
                        manifest: folder.join("Cargo.toml"),
                    })?;
            }
            builder.build().map_err(|error| SdistError::Pattern {
                setting,
                pattern: String::new(),
                reason: error.to_string(),
                manifest: folder.join("Cargo.toml"),
            })
        };
        match manifest.patterns("include", workspace) {
            Some(lines) if !lines.is_empty() => Ok(Self::Only(matcher("package.include", &lines)?)),
            _ => {
                // Hidden files are mostly nobody's business; a `!.name` in `exclude` lets one in.
                let mut lines = vec![".*".to_owned()];
                lines.extend(manifest.patterns("exclude", workspace).unwrap_or_default());
                Ok(Self::AllBut(matcher("package.exclude", &lines)?))
            }
        }
    }

    /// Whether a path stays out. Ignore files are asked only where `include` does not say all.
    fn takes_away(&self, relative: &Path, is_folder: bool) -> bool {
        match self {
            Self::Only(include) => {
                !is_folder && !include.matched_path_or_any_parents(relative, false).is_ignore()
            }
            Self::AllBut(exclude) => exclude
                .matched_path_or_any_parents(relative, is_folder)
                .is_ignore(),
        }
    }
}

struct Listing<'a> {
    scope: Scope<'a>,
    folder: &'a Path,
    choice: Choice,
    found: Vec<PathBuf>,
    ignored: Vec<PathBuf>,
    /// Whether this is an unpacked source distribution already, whose files were chosen when it was packed.
    is_unpacked: bool,
}

impl Listing<'_> {
    fn walk(&mut self, folder: &Path, rules: &mut Vec<Gitignore>) -> Result<(), SdistError> {
        let own = ignore_rules(folder, self.is_unpacked);
        let added = own.len();
        rules.extend(own);
        for path in sorted(folder)? {
            let is_folder = path.is_dir();
            if never_travels(&path, is_folder) || self.is_left_behind(&path, is_folder) {
                continue;
            }
            let relative = path.strip_prefix(self.folder).unwrap_or(&path);
            if self.choice.takes_away(relative, is_folder) {
                continue;
            }
            let heeds_ignores = matches!(self.choice, Choice::AllBut(_));
            if heeds_ignores && ignored_by(&path, is_folder, rules).is_some() {
                self.ignored.push(path);
                continue;
            }
            if (!is_folder || path.is_symlink()) && self.scope.exclude.takes(&path, &path) {
                continue;
            }
            self.stays_inside(&path)?;
            if is_folder {
                if !self.leads_back(&path)? {
                    self.walk(&path, rules)?;
                }
            } else if path.is_file() {
                self.found.push(path);
            }
        }
        rules.truncate(rules.len() - added);
        Ok(())
    }

    /// What tools leave behind, other packages, and what is added in another way.
    fn is_left_behind(&self, path: &Path, is_folder: bool) -> bool {
        let at_root = path.parent() == Some(self.folder);
        let name = path.file_name().unwrap_or_default();
        if is_folder {
            return (at_root && name == "target")
                || path.join("Cargo.toml").is_file()
                || path.join("pyvenv.cfg").is_file()
                || files::is_cache(self.scope.project, path);
        }
        let is_ours = at_root
            && ["Cargo.toml", "Cargo.lock", "Cargo.toml.orig"]
                .iter()
                .any(|own| name == *own);
        is_ours || files::is_leftover(self.scope.project, path) || self.is_earlier_result(path)
    }

    /// An archive of this project in the folder that archives go to.
    fn is_earlier_result(&self, path: &Path) -> bool {
        let begins = format!("{}-", self.scope.project.metadata.name.escaped());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.parent() == Some(&self.scope.project.settings.out.value)
            && name.starts_with(&begins)
            && (name.ends_with(".tar.gz") || name.ends_with(".whl"))
    }

    /// A link must lead to something that can travel.
    fn stays_inside(&self, path: &Path) -> Result<(), SdistError> {
        let Ok(target) = path.read_link() else {
            return Ok(());
        };
        let link = path.to_owned();
        let Ok(real) = path.canonicalize() else {
            return Err(FilesError::BrokenLink { link, target }.into());
        };
        let limit = self.scope.limit;
        let limit = limit.canonicalize().map_err(FileError::new("read", limit))?;
        if real.starts_with(limit) {
            Ok(())
        } else {
            Err(FilesError::LinkOut { link, target: real }.into())
        }
    }

    /// Whether a folder is a link to one that it lies in.
    fn leads_back(&self, folder: &Path) -> Result<bool, SdistError> {
        if !folder.is_symlink() {
            return Ok(false);
        }
        let real = folder.canonicalize().map_err(FileError::new("read", folder))?;
        let home = folder.parent().unwrap_or(self.folder);
        let home = home.canonicalize().map_err(FileError::new("read", home))?;
        Ok(home.starts_with(real))
    }
}

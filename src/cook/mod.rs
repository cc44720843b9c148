//! Takes manifests. Gives compiled dependencies in the target directory, where `build` finds them: the layer of a container that
//! edits of the sources leave as it is. Knows nothing of wheels.
//!
//! Sources that are missing are stood in for in a copy of the manifests elsewhere; the user's own files are read and never
//! touched. What cargo is told comes from where `build` has it from, so what it makes is what `build` asks for.

mod crates;
mod manifest;
mod recipe;
mod scratch;
mod stand_ins;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use recipe::Recipe;
use scratch::Scratch;

use crate::compile::{self, CompileError, Mirror};
use crate::event::{Event, Listener, Stage};
use crate::fs::FileError;
use crate::glue::{self, GlueError};
use crate::host::{Host, HostError};
use crate::make::{self, MakeError};
use crate::project::settings::Overrides;
use crate::project::{self, Project, ProjectError};

/// Why there are no compiled dependencies.
#[derive(Debug, thiserror::Error)]
pub enum CookError {
    /// The project cannot be understood.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// There is no interpreter, or nothing to build.
    #[error(transparent)]
    Make(#[from] Box<MakeError>),
    /// Cargo failed.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The generator of Python code cannot be compiled.
    #[error(transparent)]
    Glue(#[from] GlueError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The environment is wrong.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A manifest, a lock or pyproject.toml is no TOML.
    #[error("the file is not TOML that can be read: {path}", path = path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A workspace lists a member whose manifest is not there.
    #[error("the workspace lists a member that has no Cargo.toml here (`{member}`): {manifest}", manifest = manifest.display())]
    MissingMember {
        /// The workspace's manifest.
        manifest: PathBuf,
        /// The member, as it is listed.
        member: String,
    },
    /// A manifest names a crate by a path that leads nowhere.
    #[error("`{name}`, which {manifest} names by a path, has no Cargo.toml: {path}", manifest = manifest.display(), path = path.display())]
    MissingDependency {
        /// Who names it.
        manifest: PathBuf,
        /// Its name there.
        name: String,
        /// Where its manifest should be.
        path: PathBuf,
    },
    /// A crate that others are compiled against has no sources.
    #[error("other people's crates are compiled against the one in {folder}, so its sources are needed: {path}", folder = folder.display(), path = path.display())]
    MissingSources {
        /// The crate's folder.
        folder: PathBuf,
        /// A source that is missing.
        path: PathBuf,
    },
    /// Cargo.lock is not what cargo would write.
    #[error("Cargo.lock does not fit the manifests: {difference}")]
    Lock {
        /// What cargo would have otherwise.
        difference: String,
    },
    /// A file is no recipe.
    #[error("the file is no recipe of `ironwheel cook`: {path}", path = path.display())]
    NoRecipe {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A recipe of another version.
    #[error("the recipe is of format {format}, and this version of ironwheel reads format {ours}: {path}", path = path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u64,
        /// Ours.
        ours: u32,
    },
    /// A recipe that does not hold what it held when it was written.
    #[error("the recipe was changed after it was written: {}", .0.display())]
    Damaged(PathBuf),
    /// A recipe from a folder that stands otherwise among the crates.
    #[error("the recipe was made in a folder `{made_in}`, so it is of no use here: {here}", made_in = made_in.display(), here = here.display())]
    Elsewhere {
        /// Where it was made, below the folder that holds all crates.
        made_in: PathBuf,
        /// Where it is to be used.
        here: PathBuf,
    },
}

impl CookError {
    /// The program's exit status: cargo's own where cargo failed, else 1.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Make(error) => error.exit_status(),
            Self::Compile(CompileError::Cargo { status, .. }) => make::cargo_status(*status),
            Self::Project(error) => error.cargo_status().map_or(1, make::cargo_status),
            _ => 1,
        }
    }

    /// What to do next, where there is something better than reading the error again.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Manifest { .. } => "correct it, or copy it again",
            Self::MissingMember { .. } | Self::MissingDependency { .. } => {
                "copy the manifests of all members and path dependencies, or write a recipe where the whole tree is: `ironwheel cook --recipe recipe.json`"
            }
            Self::MissingSources { .. } => {
                "copy that crate whole, or write a recipe where the whole tree is, which takes it along: `ironwheel cook --recipe recipe.json`"
            }
            Self::Lock { .. } => "run `cargo update --workspace`, and commit Cargo.lock",
            Self::NoRecipe { .. } | Self::Damaged(_) => "write it anew: `ironwheel cook --recipe <FILE>`",
            Self::OtherFormat { .. } => {
                "use one version of ironwheel in all stages, and write it anew: `ironwheel cook --recipe <FILE>`"
            }
            Self::Elsewhere { .. } => "give both stages the same `WORKDIR`",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cooked {
    /// Crates that the project is built on.
    pub dependencies: usize,
    /// Those that had to be compiled.
    pub compiled: usize,
    /// Where they lie.
    pub target_directory: PathBuf,
    /// How long it took.
    pub duration: Duration,
}

/// What the dependencies of the project hang on.
///
/// # Errors
/// Where there is no project, or a manifest is missing.
pub fn recipe(overrides: &Overrides, host: &Host) -> Result<Recipe, CookError> {
    Ok(Recipe::of(&project::load::find(overrides, host)?, host)?.0)
}

/// Compiles the dependencies of the project whose manifests lie here, whether its sources do or not.
///
/// # Errors
/// Where a manifest is missing, or cargo fails.
pub fn cook(overrides: &Overrides, host: &Host, listener: Listener<'_>) -> Result<Cooked, CookError> {
    let (recipe, root) = Recipe::of(&project::load::find(overrides, host)?, host)?;
    Kitchen {
        overrides,
        host,
        listener,
    }
    .cook(&recipe, &root)
}

/// Compiles the dependencies that a recipe tells of, for the project whose sources will lie where the working directory is.
///
/// # Errors
/// Where the recipe is of no use here, or cargo fails.
pub fn cook_from(
    recipe: &Path,
    overrides: &Overrides,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Cooked, CookError> {
    let recipe = Recipe::read(&host.absolute(recipe))?;
    let root = recipe.root(host.working_directory())?;
    Kitchen {
        overrides,
        host,
        listener,
    }
    .cook(&recipe, &root)
}

/// What all steps share.
struct Kitchen<'a> {
    overrides: &'a Overrides,
    host: &'a Host,
    listener: Listener<'a>,
}

impl Kitchen<'_> {
    fn cook(&self, recipe: &Recipe, root: &Path) -> Result<Cooked, CookError> {
        let start = Instant::now();
        (self.listener)(Event::Started {
            stage: Stage::Project,
            subject: "manifests".to_owned(),
        });
        let scratch = Scratch::lay_out(recipe, root, self.host)?;
        let project = self.understand(recipe, root, &scratch)?;
        (self.listener)(Event::Finished {
            stage: Stage::Project,
            outcome: format!("recipe {}", &recipe.digest()[..12]),
            duration: start.elapsed(),
        });
        self.compare_locks(recipe, root, &scratch, &project)?;
        let plan = make::decide(&project, self.host, self.listener).map_err(Box::new)?;
        let _alone = compile::alone(&project.cargo, self.listener)?;
        let mut cooked = Cooked {
            dependencies: 0,
            compiled: 0,
            target_directory: project.cargo.target_directory.clone(),
            duration: Duration::ZERO,
        };
        let mirror = Mirror {
            beginning: scratch.beginning(),
            originals: &recipe
                .patches
                .iter()
                .map(|folder| scratch.at(&root.join(folder)))
                .collect(),
        };
        let mut dependencies = BTreeSet::new();
        for job in &plan.jobs {
            let made = compile::dependencies(&project, job, mirror, self.host, self.listener)?;
            cooked.compiled += made.compiled;
            dependencies.extend(made.packages);
        }
        glue::prepare(&project, &plan, self.host, self.listener)?;
        cooked.dependencies = dependencies.len();
        cooked.duration = start.elapsed();
        Ok(cooked)
    }

    /// Reads the project where it is laid out, and has it compiled into the target directory that the real one has.
    fn understand(&self, recipe: &Recipe, root: &Path, scratch: &Scratch) -> Result<Project, CookError> {
        let working_directory = scratch.at(self.host.working_directory());
        std::fs::create_dir_all(&working_directory)
            .map_err(FileError::new("create the folder", &working_directory))?;
        let variables = self
            .host
            .variables()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let host = Host::new(variables.collect(), working_directory)?;
        let overrides = Overrides {
            manifest_path: Some(scratch.at(&root.join(&recipe.manifest))),
            target_dir: self
                .overrides
                .target_dir
                .as_ref()
                .map(|folder| self.host.absolute(folder)),
            config: self
                .overrides
                .config
                .iter()
                .map(|value| configuration(value, root.join(&recipe.manifest).parent()))
                .collect(),
            // Whether the lock fits is compared here, with better words than about files that are not the user's.
            locked: false,
            frozen: false,
            offline: self.overrides.offline || self.overrides.frozen,
            // They concern the crate itself.
            rustc_args: Vec::new(),
            strip: None,
            include_debuginfo: false,
            ..self.overrides.clone()
        };
        let mut project = project::load(&overrides, &host)?;
        let target_directory = scratch.outside(&project.cargo.target_directory);
        project.settings.passed.target_dir = Some(target_directory.clone());
        project.cargo.target_directory = target_directory;
        project.settings.strip.value = false;
        project.settings.locked.value = false;
        Ok(project)
    }

    /// Compares the lock with what cargo made of it: what is compiled by a lock that does not hold is of no use to a build.
    fn compare_locks(
        &self,
        recipe: &Recipe,
        root: &Path,
        scratch: &Scratch,
        project: &Project,
    ) -> Result<(), CookError> {
        let lock = project.cargo.workspace_root.join("Cargo.lock");
        let relative = scratch.outside(&lock);
        let relative = relative.strip_prefix(root).unwrap_or(&relative);
        let parse = |text: &str| text.parse::<toml::Table>().map(|table| manifest::locked(&table));
        let difference = match recipe.text(relative).and_then(|text| parse(text).ok()) {
            None => Some("there is none".to_owned()),
            Some(before) => {
                let after = std::fs::read_to_string(&lock)
                    .ok()
                    .and_then(|text| parse(&text).ok())
                    .unwrap_or_default();
                let added = after
                    .difference(&before)
                    .next()
                    .map(|package| format!("`{package}` is missing in it"));
                let removed = || {
                    before
                        .difference(&after)
                        .next()
                        .map(|package| format!("nothing needs its `{package}`"))
                };
                added.or_else(removed)
            }
        };
        let Some(difference) = difference else {
            return Ok(());
        };
        if self.overrides.locked || self.overrides.frozen {
            return Err(CookError::Lock { difference });
        }
        (self.listener)(Event::Notice {
            message: format!(
                "Cargo.lock does not fit the manifests, so a build may need other versions than these: {difference}"
            ),
            hint: Some("run `cargo update --workspace`, and copy Cargo.lock beside the manifests".to_owned()),
        });
        Ok(())
    }
}

/// A value for `--config`, in the words of whoever stands in the manifest's folder, where `build` runs cargo: that of a file is
/// its path, which leads to the same file from wherever cargo runs.
fn configuration(value: &str, folder: Option<&Path>) -> String {
    let path = folder.unwrap_or(Path::new("/")).join(value);
    if path.is_file() {
        path.to_string_lossy().into_owned()
    } else {
        value.to_owned()
    }
}

//! Wheels that are optimised by how they run: each is built to record that, installed into an environment of its own, put to work
//! by the project's `pgo-command`, and built again by what was recorded.
//!
//! <https://doc.rust-lang.org/rustc/profile-guided-optimization.html>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::develop::dependencies::{self, Asked, DependencyError};
use crate::develop::installer::{self, InstallerError, InstallerWish};
use crate::event::{Event, Listener, WheelMade};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::make::{self, MakeError};
use crate::plan::{Abi, Job, Plan};
use crate::process::{self, Invocation, ProcessError};
use crate::project::Project;
use crate::project::pyproject::{Document, DocumentError};
use crate::project::settings::{AuditMode, Overrides, Profiling};
use crate::python::environment::{self, Environment, EnvironmentError};
use crate::tag::PlatformWish;
use crate::zip::deflate::Digest;

/// The program that joins what was recorded.
const TOOL: &str = "llvm-profdata";

/// Why there is no optimised wheel.
#[derive(Debug, thiserror::Error)]
pub enum PgoError {
    /// A wheel cannot be built.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// pyproject.toml is wrong.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Nobody says what to do with the wheel.
    #[error("`--pgo` needs `pgo-command`, which says how to put the wheel to work")]
    NoCommand,
    /// What was recorded cannot be joined.
    #[error("`{TOOL}`, which comes with Rust's own LLVM, is not there: {}", .0.display())]
    NoTool(PathBuf),
    /// Nothing runs the wheel.
    #[error("no Python on this machine runs a wheel for {0}")]
    NoPython(String),
    /// The environment does not work.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// What the command needs is not known.
    #[error(transparent)]
    Dependency(#[from] DependencyError),
    /// What the command needs cannot be installed.
    #[error(transparent)]
    Installer(#[from] InstallerError),
    /// The environment cannot be made.
    #[error("cannot make an environment: {0}")]
    NoEnvironment(String),
    /// The command failed.
    #[error("`pgo-command` failed with status {status}")]
    Command {
        /// Its status.
        status: i32,
        /// The command.
        command: String,
    },
    /// The command did not use the extension.
    #[error("`pgo-command` ran, but what was built recorded nothing: {command}")]
    NothingRecorded {
        /// The command.
        command: String,
    },
    /// The records cannot be joined.
    #[error("`{TOOL}` cannot join what was recorded: {0}")]
    Merge(String),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program cannot be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl PgoError {
    /// The program's exit status.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Make(error) => error.exit_status(),
            _ => 1,
        }
    }

    /// What to do next, but where another room knows it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoCommand => {
                "set it in `[tool.ironwheel]`, for instance `pgo-command = \"python benchmarks/run.py\"`"
                    .to_owned()
            }
            Self::NoTool(_) => "add it: `rustup component add llvm-tools`".to_owned(),
            Self::NoPython(_) => "name an interpreter that is installed: `-i`".to_owned(),
            Self::NoEnvironment(_) => "see that `python -m venv` works with that Python".to_owned(),
            Self::Command { command, .. } => format!("try it in an environment with the wheel: {command}"),
            Self::NothingRecorded { .. } => {
                "let it import the extension and use it as its users do".to_owned()
            }
            Self::Merge(_) => {
                format!("use the `{TOOL}` of the Rust that compiles: `rustup component add llvm-tools`")
            }
            _ => return None,
        })
    }
}

/// Makes every wheel of the plan, each optimised by its own record.
pub fn wheels(
    overrides: &Overrides,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Vec<WheelMade>, PgoError> {
    let (project, plan) = make::survey(overrides, host, listener)?;
    let training = Training::of(&project, &plan, overrides, host, listener)?;
    let mut made = Vec::new();
    for job in &plan.jobs {
        made.extend(make::wheels(&training.optimised(job)?, host, listener)?);
    }
    Ok(made)
}

/// What was asked of an editable installation into the environment that is active or near, with the record of how the extension
/// runs in a fresh one. It is compiled as for others, unless a profile is named.
pub fn for_environment(
    overrides: &Overrides,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Overrides, PgoError> {
    let folder = temporary_folder()?;
    let recording = Overrides {
        interpreters: vec![environment::find(host)?.python.to_string_lossy().into_owned()],
        profile: overrides.profile.clone().or_else(|| Some("release".to_owned())),
        out: Some(folder.path().to_owned()),
        ..overrides.clone()
    };
    let (project, plan) = make::survey(&recording, host, listener)?;
    let training = Training::of(&project, &plan, &recording, host, listener)?;
    let job = plan
        .jobs
        .first()
        .ok_or(PgoError::NoPython("nothing".to_owned()))?;
    Ok(Overrides {
        out: overrides.out.clone(),
        interpreters: overrides.interpreters.clone(),
        ..training.optimised(job)?
    })
}

fn temporary_folder() -> Result<TempDir, FileError> {
    tempfile::Builder::new()
        .prefix("ironwheel-pgo-")
        .tempdir()
        .map_err(FileError::new(
            "create a folder in",
            Path::new("the temporary folder"),
        ))
}

/// `llvm-profdata` of the toolchain that compiles, whose format no other reads; else that on `PATH`.
fn tool(project: &Project, host: &Host) -> Result<PathBuf, PgoError> {
    let call = Invocation {
        program: host.variable("RUSTC").unwrap_or("rustc").to_owned(),
        arguments: ["--print", "target-libdir"].map(str::to_owned).to_vec(),
        set: BTreeMap::new(),
        unset: Vec::new(),
        working_directory: project.root.clone(),
    };
    let told = process::capture(&call)?.stdout;
    let libraries = PathBuf::from(String::from_utf8_lossy(&told).trim());
    let own = libraries.with_file_name("bin").join(TOOL);
    if own.is_file() {
        return Ok(own);
    }
    host.find_program(TOOL).ok_or(PgoError::NoTool(own))
}

/// What it takes to have a wheel record how it runs.
struct Training<'a> {
    project: &'a Project,
    overrides: &'a Overrides,
    command: String,
    tool: PathBuf,
    host: &'a Host,
    listener: Listener<'a>,
}

impl<'a> Training<'a> {
    /// Looks whether everything is there before anything is compiled.
    fn of(
        project: &'a Project,
        plan: &Plan,
        overrides: &'a Overrides,
        host: &'a Host,
        listener: Listener<'a>,
    ) -> Result<Self, PgoError> {
        for job in &plan.jobs {
            let is_named_only = job.interpreter.as_ref().is_some_and(|it| it.executable.is_none());
            if job.abi == Abi::Version && is_named_only {
                return Err(PgoError::NoPython(job.subject()));
            }
        }
        let command = project.settings.pgo_command.value.clone();
        Ok(Self {
            project,
            overrides,
            command: command
                .filter(|command| !command.trim().is_empty())
                .ok_or(PgoError::NoCommand)?,
            tool: tool(project, host)?,
            host,
            listener,
        })
    }

    /// What was asked, for one job alone and with its record.
    fn optimised(&self, job: &Job) -> Result<Overrides, PgoError> {
        let profile = self.profile(job)?;
        Ok(Overrides {
            profiling: Some(Profiling::Use(profile)),
            ..self.only(job)
        })
    }

    /// What was asked, for one job alone.
    fn only(&self, job: &Job) -> Overrides {
        let python = job.interpreter.as_ref().and_then(|it| it.executable.as_ref());
        let mut overrides = self.overrides.clone();
        if let Some(python) = python {
            overrides.interpreters = vec![python.to_string_lossy().into_owned()];
            overrides.find_interpreters = false;
        }
        overrides
    }

    /// Has a wheel recorded; gives the file that says how it ran.
    fn profile(&self, job: &Job) -> Result<PathBuf, PgoError> {
        let records = self.project.cargo.memory().join("pgo").join(&job.configuration);
        let folder = temporary_folder()?;
        let recording = Overrides {
            profiling: Some(Profiling::Record(records.clone())),
            compatibility: vec![PlatformWish::Linux],
            audit_mode: Some(AuditMode::Skip),
            out: Some(folder.path().join("wheels")),
            ..self.only(job)
        };
        let made = make::wheels(&recording, self.host, self.listener)?;
        let wheels: Vec<&Path> = made.iter().map(|wheel| wheel.path.as_path()).collect();
        let environment = self.environment(job, &folder.path().join("environment"), &wheels)?;
        // Build scripts and procedural macros recorded themselves while cargo worked.
        if records.exists() {
            std::fs::remove_dir_all(&records).map_err(FileError::new("empty", &records))?;
        }
        fs::create_folder(&records)?;
        self.work(&environment, &records)?;
        self.join(&records)
    }

    /// An environment with the wheel in it, and what `pgo-dependency-group` asks for.
    fn environment(&self, job: &Job, folder: &Path, wheels: &[&Path]) -> Result<Environment, PgoError> {
        let python = job
            .interpreter
            .as_ref()
            .and_then(|it| it.executable.clone())
            .or_else(|| self.host.find_program("python3"))
            .ok_or_else(|| PgoError::NoPython(job.subject()))?;
        let place = folder.to_string_lossy().into_owned();
        let call = self.call(&python.to_string_lossy(), &["-m", "venv", &place]);
        let finished = process::capture(&call)?;
        if finished.status != 0 {
            let words = String::from_utf8_lossy(&finished.stderr).trim().to_owned();
            return Err(PgoError::NoEnvironment(words));
        }
        let found = environment::at(folder, "the environment for `pgo-command`");
        let environment = found.ask(folder, self.host)?;
        let asked = Asked {
            extras: Vec::new(),
            groups: self.groups()?,
        };
        let mut wanted: Vec<String> = wheels
            .iter()
            .map(|wheel| wheel.to_string_lossy().into_owned())
            .collect();
        let needed = dependencies::wanted(self.project, &asked, &environment)?;
        wanted.extend(needed.iter().map(ToString::to_string));
        installer::install(
            &wanted,
            &InstallerWish::default(),
            &environment,
            self.host,
            self.listener,
        )?;
        Ok(environment)
    }

    /// The dependency group that the command needs: one that is asked for by name has to be there, the usual one need not.
    fn groups(&self) -> Result<Vec<String>, PgoError> {
        let group = &self.project.settings.pgo_dependency_group;
        let document = self
            .project
            .pyproject
            .as_deref()
            .map(Document::read)
            .transpose()?;
        let is_there = match &document {
            Some(document) => match document.root().table("dependency-groups")? {
                Some(groups) => groups.texts(&group.value).is_ok_and(|list| list.is_some()),
                None => false,
            },
            None => false,
        };
        Ok(if is_there || group.is_explicit() {
            vec![group.value.clone()]
        } else {
            Vec::new()
        })
    }

    /// Runs the command, in the project's folder and with the environment's programs before all others.
    fn work(&self, environment: &Environment, records: &Path) -> Result<(), PgoError> {
        let mut call = self.call("sh", &["-c", &self.command]);
        let path = self.host.variable("PATH").unwrap_or_default();
        let scripts = environment.places.scripts.to_string_lossy();
        let python = environment.python.to_string_lossy().into_owned();
        call.set = BTreeMap::from([
            (
                "LLVM_PROFILE_FILE".to_owned(),
                records.join("%m_%p.profraw").to_string_lossy().into_owned(),
            ),
            ("PATH".to_owned(), format!("{scripts}:{path}")),
            (
                "VIRTUAL_ENV".to_owned(),
                environment.root.to_string_lossy().into_owned(),
            ),
            ("UV_PYTHON".to_owned(), python),
        ]);
        call.unset = ["PYTHONHOME", "PYTHONPATH"]
            .into_iter()
            .filter(|name| self.host.variable(name).is_some())
            .map(str::to_owned)
            .collect();
        (self.listener)(Event::Running {
            line: call.line_from(self.host.working_directory()),
        });
        let finished = process::stream(&call, &mut |line| {
            (self.listener)(Event::Words {
                line: String::from_utf8_lossy(line).into_owned(),
            });
        })?;
        match finished.status {
            0 => Ok(()),
            status => Err(PgoError::Command {
                status,
                command: self.command.clone(),
            }),
        }
    }

    /// Joins what was recorded into one file, named after its content: cargo compiles again where the name changes.
    fn join(&self, records: &Path) -> Result<PathBuf, PgoError> {
        let mut raw: Vec<String> = std::fs::read_dir(records)
            .map_err(FileError::new("read", records))?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "profraw"))
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        raw.sort();
        if raw.is_empty() {
            return Err(PgoError::NothingRecorded {
                command: self.command.clone(),
            });
        }
        let joined = records.join("joined");
        let out = joined.to_string_lossy().into_owned();
        let mut arguments = vec!["merge", "--output", &out];
        arguments.extend(raw.iter().map(String::as_str));
        let finished = process::capture(&self.call(&self.tool.to_string_lossy(), &arguments))?;
        if finished.status != 0 {
            return Err(PgoError::Merge(
                String::from_utf8_lossy(&finished.stderr).trim().to_owned(),
            ));
        }
        let digest = Digest::of(&fs::read(&joined)?).sha256_hex();
        let profile = records.with_extension(format!("{}.profdata", digest.get(..16).unwrap_or_default()));
        std::fs::rename(&joined, &profile).map_err(FileError::new("move to", &profile))?;
        Ok(profile)
    }

    fn call(&self, program: &str, arguments: &[&str]) -> Invocation {
        Invocation {
            program: program.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            set: BTreeMap::new(),
            unset: Vec::new(),
            working_directory: self.project.root.clone(),
        }
    }
}

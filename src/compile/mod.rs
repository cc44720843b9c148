//! Takes a job. Gives the shared object that cargo made of it, which nobody here ever changes.
//! Knows nothing of wheels.

mod alone;
mod freshness;
mod invocation;
mod linked;
mod messages;
mod remap;
mod rustflags;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use alone::{Alone, alone};
use freshness::Watch;
use invocation::Subject;
use messages::Messages;

use crate::event::{Event, Listener};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::plan::Job;
use crate::process::{self, Invocation, ProcessError};
use crate::project::Project;
use crate::project::products::Product;

/// What cargo made.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// Cargo's own files, one for each part of the job in its order: read them, never write them.
    pub files: Vec<PathBuf>,
    /// Files with their debug information, where there are any, in the same order.
    pub debug_files: Vec<Option<PathBuf>>,
    /// Crates that cargo compiled rather than took from its cache.
    pub compiled: usize,
    /// Folders that build scripts and flags asked the linker to search.
    pub link_search: Vec<PathBuf>,
    /// The archives of the crates that it was linked from.
    pub archives: Vec<PathBuf>,
    /// `OUT_DIR` of each package with a build script, by package id.
    pub out_dirs: BTreeMap<String, PathBuf>,
    /// The packages whose code is in the files, by id.
    pub linked: BTreeSet<String>,
    /// Features that PyO3's crates were really compiled with, by crate name.
    pub pyo3_features: BTreeMap<String, Vec<String>>,
    /// How long cargo took.
    pub duration: Duration,
}

/// Why there is no shared object.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Cargo said why on standard error already.
    #[error("cargo failed with status {status}")]
    Cargo {
        /// Its exit status.
        status: i32,
        /// The call.
        line: String,
    },
    /// Cargo could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Cargo was content but named no shared object.
    #[error("cargo was content, but named no file for {product}")]
    NoArtifact {
        /// What it should have made.
        product: String,
    },
}

/// Compiles the parts of one job, one after the other. The files stay what they are until the next job of the same project is
/// compiled: cargo gives both one name.
pub fn compile(
    project: &Project,
    job: &Job,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Compiled, CompileError> {
    let start = Instant::now();
    let folders = rustflags::link_folders(Subject::from(project), host)?;
    let cargo = Cargo {
        project,
        host,
        listener,
    };
    let mut compiled = Compiled::default();
    for (part, (call, identity)) in job.parts.iter().zip(calls(project, job, host)?) {
        let messages = cargo.compile(&call, &job.configuration, &identity, &part.product)?;
        compiled.add(project, &part.product, &messages)?;
    }
    compiled.link_search.extend(folders);
    compiled.duration = start.elapsed();
    Ok(compiled)
}

/// A copy of a project's tree elsewhere, in which sources are stood in for.
#[derive(Debug, Clone, Copy)]
pub struct Mirror<'a> {
    /// The beginning that paths of the copy have before the path of what they stand for.
    pub beginning: &'a Path,
    /// Folders of crates in the copy that have their own sources.
    pub originals: &'a BTreeSet<PathBuf>,
}

/// The dependencies that were compiled.
#[derive(Debug, Clone, Default)]
pub struct Dependencies {
    /// Their package ids; opaque.
    pub packages: BTreeSet<String>,
    /// Crates that cargo compiled rather than took from its cache.
    pub compiled: usize,
}

/// Compiles what the parts of a job are built on, in a copy of the project. Nothing is left of what is made of stand-ins.
pub fn dependencies(
    project: &Project,
    job: &Job,
    mirror: Mirror<'_>,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Dependencies, CompileError> {
    let subject = Subject::from(project);
    let cargo = Cargo {
        project,
        host,
        listener,
    };
    let mut dependencies = Dependencies::default();
    for (part, (call, identity)) in job.parts.iter().zip(calls(project, job, host)?) {
        let watch = Watch::begin(subject, &job.configuration, &identity, &part.product);
        let messages = cargo.run(&call)?;
        watch.end_in_mirror(&messages, mirror);
        for artifact in &messages.artifacts {
            match project.cargo.packages.get(&artifact.package_id) {
                Some(package) if package.source.is_none() => {
                    if !freshness::is_original(package, mirror) {
                        remove(&artifact.filenames)?;
                    }
                }
                _ => {
                    dependencies.compiled += usize::from(!artifact.fresh);
                    dependencies.packages.insert(artifact.package_id.clone());
                }
            }
        }
    }
    Ok(dependencies)
}

/// The call that compiles each part of a job, with what tells it from other builds. What calls lead to is put in place.
fn calls(project: &Project, job: &Job, host: &Host) -> Result<Vec<(Invocation, Vec<String>)>, CompileError> {
    mark_as_cache(&project.cargo.target_directory)?;
    let configuration = write_configuration(project, job)?;
    let subject = Subject::from(project);
    let flags = rustflags::flags(subject, job, host)?;
    if let Some(wrapper) = &flags.wrapper {
        wrapper.write()?;
    }
    let products = job.parts.iter().map(|part| &part.product);
    Ok(products
        .map(|product| {
            let configuration = configuration.as_deref();
            let call = invocation::cargo_rustc(subject, job, product, host, configuration, &flags);
            (call, invocation::identity(subject, job, product))
        })
        .collect())
}

fn remove(paths: &[PathBuf]) -> Result<(), FileError> {
    paths
        .iter()
        .filter(|path| path.is_file())
        .try_for_each(|path| fs::remove(path))
}

/// The archives of the standard library for the project's target; none where rustc does not tell.
#[must_use]
pub fn standard_library(project: &Project, host: &Host) -> Vec<PathBuf> {
    let Some(folder) = target_libraries(project, host) else {
        return Vec::new();
    };
    let mut archives: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rlib"))
        .collect();
    archives.sort();
    archives
}

/// Where rustc keeps the standard library for the project's target, installed or not; nothing where rustc does not tell.
#[must_use]
pub fn target_libraries(project: &Project, host: &Host) -> Option<PathBuf> {
    let target = &project.cargo.target_triple;
    let call = Invocation {
        program: host.variable("RUSTC").unwrap_or("rustc").to_owned(),
        arguments: ["--print", "target-libdir", "--target", target]
            .map(str::to_owned)
            .to_vec(),
        set: BTreeMap::new(),
        unset: Vec::new(),
        working_directory: project.root.clone(),
    };
    let told = process::capture(&call).ok()?;
    let text = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    (told.status == 0 && !text.is_empty()).then(|| PathBuf::from(text))
}

/// The linker that somebody names for the project's target, where one does; rustc's own choice is `cc`.
///
/// # Errors
/// Where a configuration file of cargo's cannot be read.
pub fn linker(project: &Project, host: &Host) -> Result<Option<String>, FileError> {
    rustflags::linker(Subject::from(project), host)
}

/// Leaves in the target directory the mark by which backups and others know a cache. Cargo leaves it only in one that it creates
/// itself, and what is remembered between builds may lie there earlier.
///
/// <https://bford.info/cachedir/>
fn mark_as_cache(folder: &Path) -> Result<(), FileError> {
    let path = folder.join("CACHEDIR.TAG");
    if !path.exists() {
        fs::create_folder(folder)?;
        fs::write_if_changed(&path, b"Signature: 8a477f597d28d172789f06886806bc55\n")?;
    }
    Ok(())
}

/// Writes down for PyO3 what it is compiled for, unless that stands there already: a new time would compile it again.
fn write_configuration(project: &Project, job: &Job) -> Result<Option<PathBuf>, FileError> {
    let Some(text) = &job.pyo3_config else {
        return Ok(None);
    };
    let folder = project.cargo.memory().join("pyo3");
    let path = folder.join(format!("{}.txt", job.configuration));
    fs::create_folder(&folder)?;
    fs::write_if_changed(&path, text.as_bytes())?;
    Ok(Some(path))
}

impl Compiled {
    /// Takes over what the messages about one product come to.
    fn add(&mut self, project: &Project, product: &Product, messages: &Messages) -> Result<(), CompileError> {
        let file = messages
            .file_of(product)
            .ok_or_else(|| CompileError::NoArtifact {
                product: product.describe(),
            })?;
        self.files.push(file.to_owned());
        let debug_file = messages.debug_file_of(product).filter(|file| file.is_file());
        self.debug_files.push(debug_file.map(Path::to_owned));
        self.compiled += messages.compiled();
        self.linked
            .extend(linked::linked(&project.cargo, product, messages));
        for (known, more) in [
            (&mut self.archives, messages.archives()),
            (&mut self.link_search, messages.link_search()),
        ] {
            for path in more {
                if !known.contains(&path) {
                    known.push(path);
                }
            }
        }
        self.out_dirs.extend(messages.out_dirs());
        let bindings = project
            .cargo
            .packages
            .iter()
            .filter(|(_, package)| matches!(package.name.as_str(), "pyo3" | "pyo3-ffi"))
            .map(|(id, package)| (id.as_str(), package.name.as_str()))
            .collect();
        for (name, features) in messages.features_of(&bindings) {
            self.pyo3_features.entry(name).or_insert(features);
        }
        Ok(())
    }
}

/// Cargo, at work on a project.
struct Cargo<'a> {
    project: &'a Project,
    host: &'a Host,
    listener: Listener<'a>,
}

impl Cargo<'_> {
    /// Compiles one product, and sees to it that what cargo takes from its cache was made of the sources as they are.
    fn compile(
        &self,
        call: &Invocation,
        configuration: &str,
        identity: &[String],
        product: &Product,
    ) -> Result<Messages, CompileError> {
        let mut watch = Watch::begin(self.project.into(), configuration, identity, product);
        let hidden = watch.hidden_changes();
        self.forget(
            &hidden,
            &mut watch,
            "changed although their times did not move forward",
        )?;
        let mut messages = self.run(call)?;
        let unvouched = watch.unvouched(&messages);
        if !unvouched.is_empty() {
            self.forget(
                &unvouched,
                &mut watch,
                "may differ from those that cargo's cache was made of",
            )?;
            messages = self.run(call)?;
        }
        (self.listener)(Event::Compiled {
            call: call.line_from(self.host.working_directory()),
            sources: watch.end(&messages),
        });
        Ok(messages)
    }

    /// Compiles, and gives cargo's messages.
    fn run(&self, call: &Invocation) -> Result<Messages, CompileError> {
        let mut messages = Messages::default();
        self.call(call, &mut |line| {
            messages.read(line);
            (self.listener)(Event::Cargo {
                line: String::from_utf8_lossy(line).into_owned(),
            });
        })?;
        Ok(messages)
    }

    /// Makes cargo compile packages again, and says why.
    fn forget(
        &self,
        packages: &BTreeSet<String>,
        watch: &mut Watch<'_>,
        reason: &str,
    ) -> Result<(), CompileError> {
        let facts = &self.project.cargo.packages;
        let names: BTreeSet<String> = packages
            .iter()
            .filter_map(|id| facts.get(id).map(|package| package.name.clone()))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = names.into_iter().collect();
        (self.listener)(Event::Aside {
            message: format!(
                "the sources of `{}` {reason}: compiling them again",
                names.join("`, `")
            ),
        });
        self.call(
            &invocation::cargo_clean(self.project.into(), self.host, &names),
            &mut |_| (),
        )?;
        watch.cleaned(packages);
        Ok(())
    }

    fn call(&self, call: &Invocation, line: &mut dyn FnMut(&[u8])) -> Result<(), CompileError> {
        let text = call.line_from(self.host.working_directory());
        (self.listener)(Event::Running { line: text.clone() });
        let finished = process::stream(call, line)?;
        match finished.status {
            0 => Ok(()),
            status => Err(CompileError::Cargo { status, line: text }),
        }
    }
}

//! Takes a job. Gives the shared object that cargo made of it, which nobody here ever changes.
//! Knows nothing of wheels.

pub mod freshness;
pub mod invocation;
pub mod messages;

use std::path::PathBuf;
use std::time::Duration;

use crate::event::Listener;
use crate::host::Host;
use crate::plan::Job;
use crate::project::Project;

/// What cargo made.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Cargo's own file: read it, never write it.
    pub library: PathBuf,
    /// Crates that cargo compiled rather than took from its cache.
    pub compiled: usize,
    /// Folders that build scripts asked the linker to search.
    pub link_search: Vec<PathBuf>,
    /// `OUT_DIR` of each package with a build script, by package id.
    pub out_dirs: std::collections::BTreeMap<String, PathBuf>,
    /// Features that PyO3's crates were really compiled with, by crate name.
    pub pyo3_features: std::collections::BTreeMap<String, Vec<String>>,
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
    Process(#[from] crate::process::ProcessError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] crate::fs::FileError),
    /// Cargo was content but named no shared object.
    #[error("cargo named no shared object for the library of `{package}`")]
    NoArtifact {
        /// The package.
        package: String,
    },
}

/// Compiles one job.
pub fn compile(
    project: &Project,
    job: &Job,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Compiled, CompileError> {
    let _ = (project, job, host, listener);
    todo!()
}

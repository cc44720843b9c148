//! Calls to other programs: as data first, then run.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A call to another program. Prints as a line that can be pasted into a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program's name or path.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables set for it, over those it inherits.
    pub set: BTreeMap<String, String>,
    /// Variables it shall not inherit.
    pub unset: Vec<String>,
    /// Where it runs.
    pub working_directory: PathBuf,
}

impl std::fmt::Display for Invocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let _ = f;
        todo!()
    }
}

/// What a call came to.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The exit status; 128 + N where signal N ended it.
    pub status: i32,
    /// What it printed to standard output.
    pub stdout: Vec<u8>,
    /// What it printed to standard error, where that was captured.
    pub stderr: Vec<u8>,
}

/// Why a program did not run.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is no such program.
    #[error("`{0}` was not found on `PATH`")]
    Missing(String),
    /// It could not be started or waited for.
    #[error("cannot run `{program}`")]
    Failed {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Runs a program to its end and keeps what it printed on both streams.
pub fn capture(invocation: &Invocation) -> Result<Finished, ProcessError> {
    let _ = invocation;
    todo!()
}

/// Runs a program to its end: its standard error goes to ours untouched, each line of its standard output to `line`.
pub fn stream(invocation: &Invocation, line: &mut dyn FnMut(&[u8])) -> Result<Finished, ProcessError> {
    let _ = (invocation, line);
    todo!()
}

/// From now on SIGINT, SIGTERM and SIGHUP end the children that run, remove unfinished files, and end the program with 128 + N.
pub fn end_cleanly_on_signals() -> std::io::Result<()> {
    todo!()
}

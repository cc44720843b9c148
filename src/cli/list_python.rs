//! `ironwheel list-python`: the Pythons that `build -f` would consider.

use std::path::Path;

use serde::Serialize;

use super::render::Screen;
use crate::fs::FileError;
use crate::host::Host;
use crate::make::MakeError;
use crate::project::cargo;
use crate::python::{self, Interpreter};

/// What `list-python` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct ListPythonArguments {
    /// Triple of the machine to build for: the Pythons known for it, whether or not they are on this machine
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,
}

/// Prints every Python found, the newest last.
///
/// # Errors
/// There is none, or no Rust to say what machine this is.
pub fn run(arguments: &ListPythonArguments, host: &Host, screen: &Screen) -> Result<(), MakeError> {
    let host_triple = cargo::host_triple(host.working_directory())?;
    // There is no project whose folder could remember them.
    let memory = tempfile::tempdir().map_err(FileError::new("create", Path::new("a temporary folder")))?;
    let search = python::Search {
        target: arguments.target.as_deref().unwrap_or(&host_triple),
        host_triple: &host_triple,
        cpython: python::CPYTHON_MINORS,
        pypy: python::PYPY_MINORS,
        requires_python: None,
        memory: memory.path(),
    };
    let mut found = python::find_all(search, host)?;
    if search.target == search.host_triple
        && let Ok(usual) = python::default(search, host)
        && !found
            .iter()
            .any(|one| one.base_executable == usual.base_executable)
    {
        found.push(usual);
    }
    for interpreter in &found {
        screen.result(
            &format!("{}\n", interpreter.describe()),
            "python",
            &PythonEvent::from(interpreter),
        );
    }
    Ok(())
}

/// An interpreter, for scripts.
#[derive(Serialize)]
struct PythonEvent<'a> {
    implementation: &'static str,
    version: String,
    free_threaded: bool,
    debug: bool,
    python_tag: String,
    abi_tag: String,
    suffix: &'a str,
    executable: Option<String>,
}

impl<'a> From<&'a Interpreter> for PythonEvent<'a> {
    fn from(interpreter: &'a Interpreter) -> Self {
        Self {
            implementation: interpreter.implementation.name(),
            version: interpreter.version(),
            free_threaded: interpreter.free_threaded,
            debug: interpreter.debug,
            python_tag: interpreter.python_tag(),
            abi_tag: interpreter.abi_tag(),
            suffix: &interpreter.ext_suffix,
            executable: interpreter
                .executable
                .as_ref()
                .map(|path| path.display().to_string()),
        }
    }
}

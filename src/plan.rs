//! Takes a project and interpreters. Gives a job a wheel: the only place where the ABI is decided.

use crate::project::Project;
use crate::python::Interpreter;

/// Which interface of Python's the extension is compiled against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Abi {
    /// One version's own.
    Version,
    /// The limited one, good from `floor` on.
    Abi3 {
        /// The oldest Python it serves.
        floor: (u8, u8),
    },
    /// The limited one with and without the interpreter lock, good from `floor` on.
    Abi3t {
        /// The oldest Python it serves.
        floor: (u8, u8),
    },
}

/// One wheel to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The interpreter it is for; none where the stable ABI needs none.
    pub interpreter: Option<Interpreter>,
    /// The interface.
    pub abi: Abi,
    /// Why this interface, for people.
    pub reason: String,
    /// The wheel's Python tag.
    pub python_tag: String,
    /// The wheel's ABI tags.
    pub abi_tags: Vec<String>,
    /// The extension's path in the wheel: `package/_native.abi3.so`.
    pub extension: crate::archive::ArchivePath,
    /// What the extension's own name is: the one in `PyInit_<name>`.
    pub extension_name: String,
    /// Cargo features for this interpreter.
    pub features: Vec<String>,
    /// PyO3's configuration, as the text of its file.
    pub pyo3_config: String,
    /// The configuration's name, the same for the same text on every machine: `cpython-3.12`, `cpython-3.8-abi3`.
    pub pyo3_config_name: String,
    /// A number from 17 to 255 that differs between configurations which may live in one target directory.
    pub pyo3_config_number: u8,
}

/// Every wheel that a build would make.
#[derive(Debug)]
pub struct Plan {
    /// In the order they are built.
    pub jobs: Vec<Job>,
    /// What the user should know.
    pub notices: Vec<crate::project::Notice>,
}

/// Why there is nothing to build.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// TODO
    #[error("todo")]
    Todo,
}

/// Decides what is built. `interpreters` are those found; none where the project needs none.
pub fn plan(project: &Project, interpreters: &[Interpreter]) -> Result<Plan, PlanError> {
    let _ = (project, interpreters);
    todo!()
}

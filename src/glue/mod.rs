//! Takes what cargo made. Gives the Python code that goes with it: the package around an extension, the loader of a library, type
//! stubs. Knows nothing of tags and metadata.

mod cffi;
mod package;
mod stubs;
mod uniffi;

use std::path::{Path, PathBuf};

use crate::archive::{ArchiveError, ArchivePath, Entry};
use crate::event::Listener;
use crate::fs::FileError;
use crate::host::Host;
use crate::plan::{Job, Part, Plan};
use crate::process::ProcessError;
use crate::project::bindings::Kind;
use crate::project::products::Role;
use crate::project::{Notice, Project};

/// Why there is no Python code.
#[derive(Debug, thiserror::Error)]
pub enum GlueError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program cannot be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A path that archives cannot spell.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// cbindgen cannot read the crate.
    #[error("the header of `{package}` cannot be generated")]
    Header {
        /// The package.
        package: String,
        /// Its words.
        #[source]
        source: Words,
    },
    /// No interpreter that could run cffi.
    #[error("cffi needs a Python that runs on this machine, not only the name of one")]
    NoPython,
    /// cffi is not there, and cannot be had.
    #[error("the Python package `cffi` cannot be imported by {}", python.display())]
    NoCffi {
        /// The interpreter.
        python: PathBuf,
        /// What was said when it was to be installed.
        #[source]
        source: Words,
    },
    /// cffi does not take the header.
    #[error("cffi does not understand the header: {}", header.display())]
    Cffi {
        /// The header.
        header: PathBuf,
        /// Its words.
        #[source]
        source: Words,
    },
    /// No generator for uniffi.
    #[error("neither the workspace nor `PATH` has a program `uniffi-bindgen`")]
    NoUniffiBindgen,
    /// The generator failed; it said why.
    #[error("`uniffi-bindgen` failed with status {status}")]
    Uniffi {
        /// Its status.
        status: i32,
        /// The call.
        line: String,
    },
    /// The generator wrote nothing.
    #[error("`uniffi-bindgen` found no interface in the library: {}", library.display())]
    NoInterface {
        /// The library.
        library: PathBuf,
    },
    /// The extension tells nothing of its types.
    #[error("no type stubs can be made of the extension: {}", library.display())]
    Stubs {
        /// The extension.
        library: PathBuf,
        /// Why.
        #[source]
        source: Words,
    },
}

/// What another program or library said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Words(String);

impl Words {
    fn new(words: impl std::fmt::Display) -> Self {
        Self(words.to_string().trim().to_owned())
    }
}

/// Python code for one product: files with their places in the wheel.
#[derive(Debug, Default)]
pub struct Glue {
    /// The files.
    pub files: Vec<(ArchivePath, Entry)>,
    /// What the user should know.
    pub notices: Vec<Notice>,
}

impl Glue {
    fn add(&mut self, path: &str, text: impl Into<Vec<u8>>, rule: &str) -> Result<(), ArchiveError> {
        let entry = Entry::generated(text.into(), rule);
        self.files.push((ArchivePath::parse(path)?, entry));
        Ok(())
    }
}

/// What it takes to write the code for one product.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The project.
    pub project: &'a Project,
    /// The job it was made for.
    pub job: &'a Job,
    /// The product.
    pub part: &'a Part,
    /// Cargo's own file.
    pub file: &'a Path,
    /// The machine.
    pub host: &'a Host,
    /// Who listens.
    pub listener: Listener<'a>,
}

/// Writes the Python code that goes with a product.
pub fn write(request: Request<'_>) -> Result<Glue, GlueError> {
    let mut glue = Glue::default();
    match &request.part.product.role {
        Role::Extension(module) => {
            if !request.project.layout.has_package(module) {
                package::add(module, &mut glue)?;
            }
            if request.project.settings.generate_stubs.value {
                stubs::add(request, module, &mut glue)?;
            }
        }
        Role::Library { .. } if request.project.bindings.kind == Kind::Uniffi => {
            uniffi::add(request, &mut glue)?;
        }
        Role::Library { .. } => cffi::add(request, &mut glue)?,
        Role::Program(_) => {}
    }
    Ok(glue)
}

/// Compiles what [`write()`] will run, where that is a program of the project's own.
pub fn prepare(project: &Project, plan: &Plan, host: &Host, listener: Listener<'_>) -> Result<(), GlueError> {
    let parts = plan.jobs.iter().flat_map(|job| &job.parts);
    let mut libraries = parts.filter(|part| matches!(part.product.role, Role::Library { .. }));
    match libraries.next() {
        Some(part) if project.bindings.kind == Kind::Uniffi => uniffi::prepare(project, part, host, listener),
        _ => Ok(()),
    }
}

/// Type stubs alone, read off an extension; none for anything else.
pub fn stubs(request: Request<'_>) -> Result<Glue, GlueError> {
    let mut glue = Glue::default();
    if let Role::Extension(module) = &request.part.product.role {
        stubs::add(request, module, &mut glue)?;
    }
    // It says that a package is typed, which a folder of stubs alone is anyway.
    glue.files
        .retain(|(path, _)| !path.as_str().ends_with("/py.typed"));
    Ok(glue)
}

/// Whether a file's text is that of generated code: of this program, cffi, uniffi, or another tool that uses them.
#[must_use]
pub fn is_generated(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    let beginning: Vec<&str> = text.lines().take(40).collect();
    let says = |words: &str| beginning.iter().any(|line| line.contains(words));
    says("# auto-generated file")
        || says("lib = ffi.dlopen(os.path.join(os.path.dirname(__file__), 'lib")
        || says("This file was autogenerated by some hot garbage in the `uniffi` crate")
        || (lines.peek().is_some()
            && lines.all(|line| line.starts_with("from .") && line.ends_with(" import *  # NOQA")))
}

/// The places of the files that [`write()`] would give, as far as they are known before anything is compiled.
pub fn places(project: &Project, part: &Part) -> Result<Vec<(ArchivePath, &'static str)>, ArchiveError> {
    let place = |path: String, rule| Ok((ArchivePath::parse(&path)?, rule));
    match &part.product.role {
        Role::Extension(module) if !project.layout.has_package(module) => {
            Ok(vec![place(package::path(module), package::RULE)?])
        }
        Role::Library { module, .. } => {
            let folder = project.layout.code_folder(module);
            let code = match project.bindings.kind {
                Kind::Uniffi => place(format!("{folder}/*.py"), uniffi::RULE)?,
                Kind::Cffi | Kind::Pyo3 | Kind::Bin => place(format!("{folder}/ffi.py"), cffi::RULE)?,
            };
            Ok(vec![place(format!("{folder}/__init__.py"), code.1)?, code])
        }
        Role::Extension(_) | Role::Program(_) => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_code_is_told_from_code_that_somebody_wrote() {
        for generated in [
            "# auto-generated file\nimport _cffi_backend\n",
            "__all__ = [\"lib\", \"ffi\"]\n\nimport os\nfrom .ffi import ffi\n\n\
             lib = ffi.dlopen(os.path.join(os.path.dirname(__file__), 'libx.so'))\ndel os\n",
            "\n\n# This file was autogenerated by some hot garbage in the `uniffi` crate.\n",
            "from .one import *  # NOQA\nfrom .two import *  # NOQA\n",
        ] {
            assert!(is_generated(generated), "{generated}");
        }
        for written in [
            "",
            "from .one import *\n",
            "import os\n",
            "from .one import *  # NOQA\nX = 1\n",
        ] {
            assert!(!is_generated(written), "{written}");
        }
    }
}

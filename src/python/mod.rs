//! Takes what was asked (`-i 3.12`, `-f`, nothing). Gives interpreters with all that naming an extension needs.
//! Knows nothing of projects and of cargo.

use std::path::{Path, PathBuf};

use crate::host::Host;

/// Who made the interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Implementation {
    /// `CPython`.
    CPython,
    /// `PyPy`.
    PyPy,
    /// `GraalPy`.
    GraalPy,
}

impl Implementation {
    /// As `sys.implementation.name` and users spell it: `cpython`, `pypy`, `graalpy`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CPython => "cpython",
            Self::PyPy => "pypy",
            Self::GraalPy => "graalpy",
        }
    }

    /// As PyO3's configuration files spell it.
    #[must_use]
    pub fn pyo3_name(self) -> &'static str {
        match self {
            Self::CPython => "CPython",
            Self::PyPy => "PyPy",
            Self::GraalPy => "GraalVM",
        }
    }
}

/// A Python that extensions can be built for; it need not be on this machine.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Interpreter {
    /// Who made it.
    pub implementation: Implementation,
    /// Language version, first part.
    pub major: u8,
    /// Language version, second part.
    pub minor: u8,
    /// Built without the global interpreter lock.
    pub free_threaded: bool,
    /// Built with `Py_DEBUG`.
    pub debug: bool,
    /// What its version-specific extensions end in, with the leading dot: `.cpython-312-x86_64-linux-gnu.so`.
    pub ext_suffix: String,
    /// `sysconfig`'s `SOABI`, where it has one.
    pub soabi: Option<String>,
    /// `sys.abiflags`.
    pub abiflags: String,
    /// 64 or 32.
    pub pointer_width: u8,
    /// `sysconfig.get_platform()`: `linux-x86_64`; nothing when cross building.
    pub platform: Option<String>,
    /// The program, as found; nothing when cross building.
    pub executable: Option<PathBuf>,
    /// The interpreter behind a virtual environment, symbolic links resolved; nothing when cross building.
    pub base_executable: Option<PathBuf>,
}

impl Interpreter {
    /// The wheel's Python tag: `cp312`, `pp311`, `graalpy311`.
    #[must_use]
    pub fn python_tag(&self) -> String {
        todo!()
    }

    /// The wheel's ABI tag for version-specific extensions: `cp312`, `cp314t`, `cp312d`, `pypy311_pp73`.
    #[must_use]
    pub fn abi_tag(&self) -> String {
        todo!()
    }

    /// For people: `CPython 3.12 at /usr/bin/python3.12`.
    #[must_use]
    pub fn describe(&self) -> String {
        todo!()
    }

    /// `3.12`.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

/// What the project allows and where it is built for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The target triple.
    pub target: &'a str,
    /// The machine's own triple. When the two differ nothing is run.
    pub host_triple: &'a str,
    /// Oldest and newest CPython minor that the project's PyO3 takes.
    pub cpython: (u8, u8),
    /// Oldest and newest PyPy minor that the project's PyO3 takes.
    pub pypy: (u8, u8),
    /// `requires-python`, which `find_all` and `default` obey.
    pub requires_python: Option<&'a pep440_rs::VersionSpecifiers>,
    /// Where probed interpreters are remembered; created when needed, and of no harm when it cannot be written.
    pub memory: &'a Path,
}

/// Why there is no interpreter.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// A request that names nothing.
    #[error("no Python interpreter found for `{request}`")]
    NotFound {
        /// As typed.
        request: String,
    },
    /// Nothing was asked and nothing lies in the usual places.
    #[error("no Python interpreter found: tried {tried}")]
    NoDefault {
        /// Where it was looked for.
        tried: String,
    },
    /// It does not answer as Python does.
    #[error("the Python interpreter {path} does not work: {reason}", path = path.display())]
    Broken {
        /// The program.
        path: PathBuf,
        /// Its own words, or what is missing.
        reason: String,
    },
    /// Older than anything supported.
    #[error("{found} is too old: {oldest} or later is needed")]
    TooOld {
        /// What was found.
        found: String,
        /// The oldest that would do.
        oldest: String,
    },
    /// An implementation nobody knows.
    #[error("the Python interpreter {path} is a `{implementation}`, which is not supported", path = path.display())]
    UnknownImplementation {
        /// The program.
        path: PathBuf,
        /// Its `sys.implementation.name`.
        implementation: String,
    },
}

/// Finds what each request names, all probed at once: a path, a program name (`python3.12`), a version (`3.12`, `3.14t`,
/// `pypy3.11`, `pypy-3.11`, `graalpy3.11`). What is not on this machine is computed where it can be.
/// Two requests for the same interpreter give it once; the order of the requests is kept.
pub fn find(requests: &[String], search: Search<'_>, host: &Host) -> Result<Vec<Interpreter>, PythonError> {
    let _ = (requests, search, host);
    todo!()
}

/// Finds every supported interpreter on `PATH` (`-f`), oldest first.
pub fn find_all(search: Search<'_>, host: &Host) -> Result<Vec<Interpreter>, PythonError> {
    let _ = (search, host);
    todo!()
}

/// Finds the one interpreter that is meant when nothing is said: `PYO3_PYTHON`, the active virtual environment's, `pythonLocation`'s,
/// `python3`, `python`.
pub fn default(search: Search<'_>, host: &Host) -> Result<Interpreter, PythonError> {
    let _ = (search, host);
    todo!()
}

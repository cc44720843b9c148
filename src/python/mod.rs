//! Takes what was asked (`-i 3.12`, `-f`, nothing). Gives interpreters with all that naming an extension needs.
//! Knows nothing of projects and of cargo.

pub mod environment;
pub mod given;
mod known;
mod memory;
mod probe;
mod request;
mod search;

use std::path::{Path, PathBuf};

pub use known::known;
pub use search::{default, find, find_all};

/// Who made the interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Implementation {
    /// CPython.
    CPython,
    /// PyPy.
    PyPy,
    /// GraalPy.
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

    /// The implementation of that `sys.implementation.name`, if it is known here.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::CPython, Self::PyPy, Self::GraalPy]
            .into_iter()
            .find(|known| known.name() == name)
    }

    /// As its makers spell it: `CPython`, `PyPy`, `GraalPy`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::CPython => "CPython",
            Self::PyPy => "PyPy",
            Self::GraalPy => "GraalPy",
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
    /// The program, as it calls itself; nothing when cross building.
    pub executable: Option<PathBuf>,
    /// The interpreter behind a virtual environment, symbolic links resolved; nothing when cross building.
    pub base_executable: Option<PathBuf>,
}

impl Interpreter {
    /// The wheel's Python tag: `cp312`, `pp311`, `graalpy311`.
    #[must_use]
    pub fn python_tag(&self) -> String {
        let implementation = match self.implementation {
            Implementation::CPython => "cp",
            Implementation::PyPy => "pp",
            Implementation::GraalPy => "graalpy",
        };
        format!("{implementation}{}{}", self.major, self.minor)
    }

    /// The wheel's ABI tag for version-specific extensions: `cp312`, `cp314t`, `cp312d`, `pypy311_pp73`.
    ///
    /// <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/#abi-tag>
    #[must_use]
    pub fn abi_tag(&self) -> String {
        match self.implementation {
            Implementation::CPython => format!("{}{}", self.python_tag(), self.abi_flags()),
            Implementation::PyPy => self.abi_of_suffix(2),
            Implementation::GraalPy => self.abi_of_suffix(3),
        }
    }

    /// What sets the ABI of a CPython apart from the usual one of its version: `t`, `d`, and `m` before 3.8.
    fn abi_flags(&self) -> String {
        let flags = [
            (self.free_threaded, 't'),
            (self.debug, 'd'),
            (self.minor <= 7, 'm'),
        ];
        flags
            .into_iter()
            .filter_map(|(holds, flag)| holds.then_some(flag))
            .collect()
    }

    /// The first parts of the word between the dots of the suffix: `pypy311_pp73` of `.pypy311-pp73-x86_64-linux-gnu.so`.
    fn abi_of_suffix(&self, parts: usize) -> String {
        let word = self.ext_suffix.split('.').nth(1).unwrap_or_default();
        word.split('-').take(parts).collect::<Vec<_>>().join("_")
    }

    /// For people: `CPython 3.12 at /usr/bin/python3.12`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.executable {
            Some(path) => format!("{} at {}", self.short_name(), path.display()),
            None => format!("{} (not on PATH)", self.short_name()),
        }
    }

    /// For people, in short: `CPython 3.12`, `CPython 3.14t`, `CPython 3.12 (debug build)`.
    #[must_use]
    pub fn short_name(&self) -> String {
        let flag = if self.free_threaded { "t" } else { "" };
        let debug = if self.debug { " (debug build)" } else { "" };
        format!("{} {}{flag}{debug}", self.implementation.title(), self.version())
    }

    /// `3.12`.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

/// Oldest and newest minor of CPython that any PyO3 takes.
pub const CPYTHON_MINORS: (u8, u8) = (7, 15);

/// Oldest and newest minor of PyPy that any PyO3 takes.
pub const PYPY_MINORS: (u8, u8) = (7, 11);

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
    /// `PYO3_CONFIG_FILE` names something that describes no Python.
    #[error("`PYO3_CONFIG_FILE` names a file that {reason}: {path}", path = path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What is wrong, as the rest of a sentence about it.
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
    /// A version that the project excludes.
    #[error("{found} is excluded by `requires-python`: {requires_python}")]
    NotAllowed {
        /// What was found.
        found: String,
        /// The project's words.
        requires_python: String,
    },
    /// Nothing is run when cross building, and the request says no version.
    #[error(
        "building for `{target}` on another machine needs a Python version{}",
        said(request.as_deref())
    )]
    NoVersion {
        /// As typed, if anything was.
        request: Option<String>,
        /// The target triple.
        target: String,
    },
}

/// The end of a sentence that says what a request lacks.
fn said(request: Option<&str>) -> String {
    request.map_or_else(String::new, |request| {
        format!(", which `{request}` does not name")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpython(minor: u8) -> Interpreter {
        known(Implementation::CPython, minor, false, "x86_64-unknown-linux-gnu").unwrap()
    }

    #[test]
    fn tags_say_version_and_build() {
        let tags = |interpreter: &Interpreter| (interpreter.python_tag(), interpreter.abi_tag());
        let of = |python: &str, abi: &str| (python.to_owned(), abi.to_owned());
        assert_eq!(tags(&cpython(12)), of("cp312", "cp312"));
        let mut debug = cpython(14);
        debug.debug = true;
        assert_eq!(tags(&debug), of("cp314", "cp314d"));
        debug.free_threaded = true;
        assert_eq!(tags(&debug), of("cp314", "cp314td"));
        let mut other = cpython(11);
        other.implementation = Implementation::PyPy;
        other.ext_suffix = ".pypy311-pp73-x86_64-linux-gnu.so".to_owned();
        assert_eq!(tags(&other), of("pp311", "pypy311_pp73"));
        other.implementation = Implementation::GraalPy;
        other.ext_suffix = ".graalpy242-311-native-x86_64-linux.so".to_owned();
        assert_eq!(tags(&other), of("graalpy311", "graalpy242_311_native"));
    }

    #[test]
    fn describes_itself_for_people() {
        let mut interpreter = cpython(14);
        assert_eq!(interpreter.describe(), "CPython 3.14 (not on PATH)");
        interpreter.free_threaded = true;
        interpreter.executable = Some(PathBuf::from("/usr/bin/python3.14t"));
        assert_eq!(interpreter.describe(), "CPython 3.14t at /usr/bin/python3.14t");
        interpreter.debug = true;
        assert_eq!(interpreter.short_name(), "CPython 3.14t (debug build)");
    }
}

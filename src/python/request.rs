//! What a request for an interpreter may say besides a path: an implementation and a version.

use super::{Implementation, Interpreter};

/// An interpreter by version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub implementation: Implementation,
    pub major: u8,
    pub minor: u8,
    pub free_threaded: bool,
}

impl Version {
    /// Takes `3.12`, `3.14t`, `python3.12`, `cpython-3.12`, `pypy3.11`, `pypy-3.11`, `graalpy@3.11`; gives nothing for all else.
    pub fn parse(request: &str) -> Option<Self> {
        let digits = request.find(|c: char| c.is_ascii_digit())?;
        let (name, version) = request.split_at(digits);
        let implementation = match name.strip_suffix(['-', '@']).unwrap_or(name) {
            "" if name.is_empty() => Implementation::CPython,
            "python" | "cpython" => Implementation::CPython,
            "pypy" => Implementation::PyPy,
            "graalpy" => Implementation::GraalPy,
            _ => return None,
        };
        let (numbers, free_threaded) = match version.strip_suffix('t') {
            Some(numbers) => (numbers, true),
            None => (version, false),
        };
        let (major, minor) = numbers.split_once('.')?;
        if ![major, minor]
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return None;
        }
        Some(Self {
            implementation,
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
            free_threaded,
        })
    }

    /// An interpreter's version.
    pub fn of(interpreter: &Interpreter) -> Self {
        Self {
            implementation: interpreter.implementation,
            major: interpreter.major,
            minor: interpreter.minor,
            free_threaded: interpreter.free_threaded,
        }
    }

    /// What such an interpreter's program is called.
    pub fn program(self) -> String {
        let name = match self.implementation {
            Implementation::CPython => "python",
            Implementation::PyPy => "pypy",
            Implementation::GraalPy => "graalpy",
        };
        let flag = if self.free_threaded { "t" } else { "" };
        format!("{name}{}.{}{flag}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_in_every_spelling() {
        for (request, program) in [
            ("3.12", "python3.12"),
            ("3.14t", "python3.14t"),
            ("python3.9", "python3.9"),
            ("python-3.9", "python3.9"),
            ("cpython3.13t", "python3.13t"),
            ("cpython@3.13", "python3.13"),
            ("pypy3.11", "pypy3.11"),
            ("pypy-3.11", "pypy3.11"),
            ("graalpy3.11", "graalpy3.11"),
            ("2.7", "python2.7"),
        ] {
            assert_eq!(Version::parse(request).unwrap().program(), program, "{request}");
        }
    }

    #[test]
    fn all_else_is_no_version() {
        for request in [
            "",
            "python",
            "python3",
            "3",
            "3.",
            "-3.12",
            "3.12.1",
            "3.+1",
            "3.12tt",
            "jython3.1",
            "./python3.12",
            "3.999",
        ] {
            assert_eq!(Version::parse(request), None, "{request}");
        }
    }
}

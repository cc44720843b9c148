//! Asking an interpreter what it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Implementation, Interpreter, PythonError};
use crate::host::Host;
use crate::process::{self, Invocation, ProcessError};

/// What the interpreter is given to run.
const SCRIPT: &str = include_str!("probe.py");

/// The word before the answer: whatever a wrapper prints on its way is not taken for it.
const MARK: &str = "ironwheel ";

/// The status with which shells, and the stand-ins of version managers, say that there is no such program.
const NO_SUCH_PROGRAM: i32 = 127;

/// The oldest minor of Python 3 that any supported PyO3 takes.
pub(super) const OLDEST_MINOR: u8 = 7;

/// What came of asking.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is one.
    Interpreter(Box<Interpreter>),
    /// It only holds an interpreter's place: a version manager's stand-in for a version that is not chosen.
    StandIn(PythonError),
}

/// The script's words.
#[derive(Debug, serde::Deserialize)]
struct Facts {
    implementation: String,
    major: u8,
    minor: u8,
    #[serde(default)]
    free_threaded: bool,
    #[serde(default)]
    debug: bool,
    ext_suffix: Option<String>,
    soabi: Option<String>,
    #[serde(default)]
    abiflags: String,
    pointer_width: Option<u8>,
    platform: Option<String>,
    executable: Option<PathBuf>,
    base_executable: Option<PathBuf>,
}

/// Asks the program at `path`.
pub(super) fn probe(path: &Path, host: &Host) -> Result<Answer, PythonError> {
    let broken = |reason: String| PythonError::Broken {
        path: path.to_owned(),
        reason,
    };
    let finished = process::capture(&invocation(path, host)).map_err(|error| match error {
        ProcessError::Failed { source, .. } => broken(source.to_string()),
        missing @ ProcessError::Missing(_) => broken(missing.to_string()),
    })?;
    if finished.status != 0 {
        let error = broken(last_words(&finished.stderr, finished.status));
        return if finished.status == NO_SUCH_PROGRAM {
            Ok(Answer::StandIn(error))
        } else {
            Err(error)
        };
    }
    let facts =
        read(&finished.stdout).ok_or_else(|| broken("it does not answer as Python does".to_owned()))?;
    interpreter(path, facts).map(|interpreter| Answer::Interpreter(Box::new(interpreter)))
}

/// The call: without the user's variables and packages (`-E -s`), without `site` (`-S`, the slow part of starting), and without
/// leaving bytecode behind (`-B`). `-I` would be shorter, but Pythons that are to be called too old do not know it.
fn invocation(path: &Path, host: &Host) -> Invocation {
    Invocation {
        program: path.to_string_lossy().into_owned(),
        arguments: ["-E", "-s", "-S", "-B", "-c", SCRIPT].map(str::to_owned).to_vec(),
        set: BTreeMap::new(),
        unset: vec!["__PYVENV_LAUNCHER__".to_owned()],
        working_directory: host.working_directory().to_owned(),
    }
}

/// Why it failed, in one line: the first of its own, which in a traceback is the last.
fn last_words(stderr: &[u8], status: i32) -> String {
    let text = String::from_utf8_lossy(stderr);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next();
    let line = if first.is_some_and(|line| line.starts_with("Traceback")) {
        lines.next_back()
    } else {
        first
    };
    line.map_or_else(
        || format!("it ends with status {status} and says nothing"),
        str::to_owned,
    )
}

/// The answer among what the program printed.
fn read(stdout: &[u8]) -> Option<Facts> {
    let text = String::from_utf8_lossy(stdout);
    let answer = text
        .lines()
        .filter_map(|line| line.strip_prefix(MARK))
        .next_back()?;
    serde_json::from_str(answer).ok()
}

/// An interpreter, if the facts are those of a supported one.
fn interpreter(path: &Path, facts: Facts) -> Result<Interpreter, PythonError> {
    let Some(implementation) = Implementation::parse(&facts.implementation) else {
        return Err(PythonError::UnknownImplementation {
            path: path.to_owned(),
            implementation: facts.implementation,
        });
    };
    if (facts.major, facts.minor) < (3, OLDEST_MINOR) {
        return Err(PythonError::TooOld {
            found: format!(
                "{} {}.{} at {}",
                implementation.title(),
                facts.major,
                facts.minor,
                path.display()
            ),
            oldest: format!("3.{OLDEST_MINOR}"),
        });
    }
    let lacking = |what: &str| PythonError::Broken {
        path: path.to_owned(),
        reason: format!("it has no {what}"),
    };
    let executable = facts
        .executable
        .filter(|executable| executable.is_absolute())
        .ok_or_else(|| lacking("`sys.executable`"))?;
    let base = facts.base_executable.unwrap_or_else(|| executable.clone());
    Ok(Interpreter {
        implementation,
        major: facts.major,
        minor: facts.minor,
        free_threaded: facts.free_threaded,
        debug: facts.debug,
        ext_suffix: facts
            .ext_suffix
            .filter(|suffix| suffix.starts_with('.'))
            .ok_or_else(|| lacking("suffix for extension modules"))?,
        soabi: facts.soabi,
        abiflags: facts.abiflags,
        pointer_width: facts.pointer_width.ok_or_else(|| lacking("pointer width"))?,
        platform: facts.platform,
        base_executable: Some(behind_environment(&base, facts.minor)),
        executable: Some(executable),
    })
}

/// The interpreter behind a virtual environment, symbolic links resolved.
///
/// Mostly the environment's program is a link and resolving it is enough. Where it is a copy, `pyvenv.cfg` says where the
/// original lies; Pythons before 3.11 do not tell it themselves.
///
/// <https://docs.python.org/3/library/venv.html#how-venvs-work>
fn behind_environment(executable: &Path, minor: u8) -> PathBuf {
    let real = executable
        .canonicalize()
        .unwrap_or_else(|_| executable.to_owned());
    let Some(home) = environment_configuration(&real).and_then(|text| home(&text)) else {
        return real;
    };
    let own_name = real.file_name().map(|name| home.join(name));
    let usual_names = [format!("python3.{minor}"), "python3".to_owned()].map(|name| home.join(name));
    own_name
        .into_iter()
        .chain(usual_names)
        .find_map(|path| path.canonicalize().ok())
        .unwrap_or(real)
}

/// The text of the `pyvenv.cfg` of the environment that a program lies in: beside it or one folder above.
fn environment_configuration(executable: &Path) -> Option<String> {
    let path = configuration_path(executable)?;
    std::fs::read_to_string(path).ok()
}

/// The `pyvenv.cfg` of the environment that a program lies in.
pub(super) fn configuration_path(executable: &Path) -> Option<PathBuf> {
    let folder = executable.parent()?;
    [Some(folder), folder.parent()]
        .into_iter()
        .flatten()
        .map(|folder| folder.join("pyvenv.cfg"))
        .find(|path| path.is_file())
}

/// `home` of a `pyvenv.cfg`.
fn home(configuration: &str) -> Option<PathBuf> {
    configuration.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "home").then(|| PathBuf::from(value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"implementation": "cpython", "major": 3, "minor": 13, "free_threaded": true, "debug": false,
        "ext_suffix": ".cpython-313t-x86_64-linux-gnu.so", "soabi": "cpython-313t-x86_64-linux-gnu", "abiflags": "t",
        "pointer_width": 64, "platform": "linux-x86_64", "executable": "/nowhere/bin/python3.13t",
        "base_executable": "/nowhere/bin/python3.13t"}"#;

    fn answered(changes: &[(&str, serde_json::Value)]) -> Result<Interpreter, PythonError> {
        let mut facts: serde_json::Map<String, serde_json::Value> = serde_json::from_str(ANSWER).unwrap();
        for (name, value) in changes {
            facts.insert((*name).to_owned(), value.clone());
        }
        let line = format!(
            "a wrapper's greeting\n{MARK}{}\n",
            serde_json::to_string(&facts).unwrap()
        );
        interpreter(Path::new("/nowhere/python"), read(line.as_bytes()).unwrap())
    }

    #[test]
    fn finds_the_answer_behind_a_greeting() {
        let found = answered(&[]).unwrap();
        assert_eq!((found.minor, found.free_threaded), (13, true));
        assert_eq!(
            found.executable.as_deref(),
            Some(Path::new("/nowhere/bin/python3.13t"))
        );
    }

    #[test]
    fn another_answer_is_none() {
        assert!(read(b"Python 3.12.1\n").is_none());
        assert!(read(b"ironwheel {}\n").is_none());
    }

    #[test]
    fn says_what_it_cannot_use() {
        for (change, message) in [
            (
                ("implementation", "ironpython".into()),
                "the Python interpreter /nowhere/python is a `ironpython`, which is not supported",
            ),
            (
                ("minor", 6.into()),
                "CPython 3.6 at /nowhere/python is too old: 3.7 or later is needed",
            ),
            (
                ("executable", "".into()),
                "the Python interpreter /nowhere/python does not work: it has no `sys.executable`",
            ),
            (
                ("ext_suffix", serde_json::Value::Null),
                "the Python interpreter /nowhere/python does not work: it has no suffix for extension modules",
            ),
        ] {
            assert_eq!(answered(&[change]).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn repeats_a_broken_interpreters_own_words() {
        assert_eq!(
            last_words(
                b"\npyenv: python3.12: command not found\n\nThe command exists\n",
                127
            ),
            "pyenv: python3.12: command not found"
        );
        assert_eq!(
            last_words(
                b"Traceback (most recent call last):\n  File\nImportError: no\n",
                1
            ),
            "ImportError: no"
        );
        assert_eq!(last_words(b" \n", 3), "it ends with status 3 and says nothing");
    }

    #[test]
    fn a_copied_environment_leads_to_its_original() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (original, copy) = (root.join("base/bin/python3.9"), root.join("venv/bin/python"));
        for file in [&original, &copy] {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        assert_eq!(behind_environment(&copy, 9), copy);
        std::fs::write(
            root.join("venv/pyvenv.cfg"),
            format!("home = {}\nversion = 3.9\n", original.parent().unwrap().display()),
        )
        .unwrap();
        assert_eq!(behind_environment(&copy, 9), original);
    }
}

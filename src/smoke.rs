//! Tries a finished wheel: installs it into a fresh virtual environment and runs a line of Python there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::check::{Finding, rules};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::process::{self, Finished, Invocation, ProcessError};
use crate::tag::{TagError, WheelFilename};
use crate::zip::read::{self, ReadEntry, ZipError};

/// Why a wheel could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum SmokeError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The name is none of a wheel.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// It cannot be unpacked.
    #[error("the wheel cannot be unpacked: {path}", path = path.display())]
    Zip {
        /// The wheel.
        path: PathBuf,
        /// Why.
        source: ZipError,
    },
    /// Nothing here runs it.
    #[error("no Python on `PATH` is one that `{tag}` is for; tried {tried}")]
    NoPython {
        /// The wheel's tag.
        tag: String,
        /// The programs that were tried.
        tried: String,
    },
    /// The environment could not be made or filled.
    #[error("cannot {deed}: {words}")]
    Environment {
        /// What was tried.
        deed: &'static str,
        /// The last words of the program that failed.
        words: String,
    },
}

/// A Python that was asked about itself.
struct Python {
    program: String,
    minor: u64,
    is_free_threaded: bool,
    /// As platform tags spell it: `x86_64`.
    machine: String,
}

/// What Python is asked for: its version, whether it has a lock, its machine.
const PROBE: &str = "import sys, sysconfig; assert sys.implementation.name == 'cpython' and sys.version_info[0] == 3; \
                     print(sys.version_info[1], sysconfig.get_config_var('Py_GIL_DISABLED') or 0, \
                     sysconfig.get_platform().split('-', 1)[1].replace('-', '_').replace('.', '_'))";

/// Where an environment's modules, programs and data go.
const SCHEME: &str = "import sysconfig; print(*(sysconfig.get_path(key) for key in ('platlib', 'scripts', 'data')), sep='\\n')";

/// Runs `code` with the wheel installed; gives what is to be objected to, if anything.
///
/// The environment is made by the Python that the wheel is for, the first on `PATH` that is one. A wheel that asks for nothing is
/// unpacked into it; one with requirements is installed by pip, which may fetch them.
///
/// # Errors
/// Where nothing here runs the wheel, or there is no environment to run it in.
pub fn smoke(wheel: &Path, code: &str, host: &Host) -> Result<Option<Finding>, SmokeError> {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy();
    let filename = WheelFilename::parse(&name)?;
    let bytes = fs::read(wheel)?;
    let entries = read::read(&bytes, host.cores()).map_err(|source| SmokeError::Zip {
        path: wheel.to_owned(),
        source,
    })?;
    let python = find(&filename, host)?;
    let folder = tempfile::Builder::new()
        .prefix("ironwheel-smoke-")
        .tempdir()
        .map_err(FileError::new(
            "create a folder in",
            Path::new("the temporary folder"),
        ))?;
    let environment = folder.path().join("environment");
    let inside = fill(&python, &filename, &entries, wheel, &environment)?;
    let ran = run(&inside, &["-I", "-c", code], folder.path())?;
    if ran.status == 0 {
        return Ok(None);
    }
    Ok(Some(Finding {
        rule: &rules::SMOKE_001,
        member: None,
        message: format!(
            "`{code}` ends with status {} under CPython 3.{}:\n{}",
            ran.status,
            python.minor,
            String::from_utf8_lossy(&ran.stderr).trim_end()
        ),
    }))
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<Finished, ProcessError> {
    process::capture(&Invocation {
        program: program.to_owned(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        set: BTreeMap::new(),
        unset: ["PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"]
            .map(str::to_owned)
            .to_vec(),
        working_directory: folder.to_owned(),
    })
}

/// The first Python on `PATH` that the wheel is for.
fn find(filename: &WheelFilename, host: &Host) -> Result<Python, SmokeError> {
    let mut tried = Vec::new();
    let of_tag = filename.tag().python().filter_map(|tag| {
        let minor = tag.strip_prefix("cp3")?;
        Some(format!("python3.{minor}"))
    });
    let free_threaded = filename
        .tag()
        .abi()
        .filter_map(|abi| Some(format!("python3.{}", abi.strip_prefix("cp3")?)));
    let later = (9..=20).map(|minor| format!("python3.{minor}"));
    let names = free_threaded
        .chain(["python3".to_owned(), "python".to_owned()])
        .chain(of_tag)
        .chain(later);
    for name in names {
        if tried.contains(&name) {
            continue;
        }
        let program = host.find_program(&name);
        tried.push(name);
        if let Some(python) = program.and_then(|program| Python::probe(&program, host))
            && python.runs(filename)
        {
            return Ok(python);
        }
    }
    tried.truncate(4);
    Err(SmokeError::NoPython {
        tag: filename.tag().to_string(),
        tried: tried
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    })
}

impl Python {
    /// Nothing for a program that is no CPython or does not work.
    fn probe(program: &Path, host: &Host) -> Option<Self> {
        let program = program.to_str()?.to_owned();
        let ran = run(&program, &["-I", "-c", PROBE], host.working_directory()).ok()?;
        let words = String::from_utf8(ran.stdout).ok()?;
        let mut words = words.split_whitespace().filter(|_| ran.status == 0);
        Some(Self {
            minor: words.next()?.parse().ok()?,
            is_free_threaded: words.next()? == "1",
            machine: words.next()?.to_owned(),
            program,
        })
    }

    fn runs(&self, filename: &WheelFilename) -> bool {
        let tag = filename.tag();
        let machine = tag
            .platform()
            .any(|platform| platform == "any" || platform.ends_with(&format!("_{}", self.machine)));
        let own = format!("3{}", self.minor);
        let python = tag.python().any(|python| {
            let digits = python.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let minor = digits
                .strip_prefix('3')
                .and_then(|minor| minor.parse::<u64>().ok());
            let is_floor = tag.abi().all(|abi| abi == "none" || abi.starts_with("abi3"));
            digits == "3" || digits == own || (is_floor && minor.is_some_and(|minor| minor <= self.minor))
        });
        let abi = tag.abi().any(|abi| match abi {
            "none" => true,
            "abi3" => !self.is_free_threaded,
            "abi3t" => self.minor >= 15,
            abi => abi.ends_with('t') == self.is_free_threaded,
        });
        machine && python && abi
    }
}

/// Makes the environment and puts the wheel into it; gives the environment's own Python.
fn fill(
    python: &Python,
    filename: &WheelFilename,
    entries: &[ReadEntry],
    wheel: &Path,
    environment: &Path,
) -> Result<String, SmokeError> {
    let home = environment.parent().unwrap_or(environment);
    let place = environment.to_string_lossy().into_owned();
    let asks_for_more = requires_more(filename, entries);
    let mut arguments = vec!["-m", "venv", place.as_str()];
    if !asks_for_more {
        arguments.push("--without-pip");
    }
    made(
        "make a virtual environment",
        &run(&python.program, &arguments, home)?,
    )?;
    let inside = environment.join("bin/python").to_string_lossy().into_owned();
    if asks_for_more {
        let wheel = wheel.to_string_lossy();
        let arguments = [
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            wheel.as_ref(),
        ];
        made("install the wheel", &run(&inside, &arguments, home)?)?;
        return Ok(inside);
    }
    let told = run(&inside, &["-I", "-c", SCHEME], home)?;
    made("ask the environment for its folders", &told)?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let folders: Vec<&str> = told.lines().collect();
    let [modules, scripts, data] = folders.as_slice() else {
        return Err(SmokeError::Environment {
            deed: "ask the environment for its folders",
            words: told,
        });
    };
    for entry in entries {
        let (folder, rest) = match entry.path.strip_prefix(&format!("{}/", filename.data())) {
            None => (modules, entry.path.as_str()),
            Some(inner) => match inner.split_once('/') {
                Some(("purelib" | "platlib", rest)) => (modules, rest),
                Some(("scripts", rest)) => (scripts, rest),
                Some(("data", rest)) => (data, rest),
                // Headers are of no use to anybody here.
                _ => continue,
            },
        };
        let target = Path::new(folder).join(rest);
        fs::create_folder(target.parent().unwrap_or(&target))?;
        std::fs::write(&target, &entry.bytes).map_err(FileError::new("write", &target))?;
    }
    Ok(inside)
}

/// Whether the wheel has requirements that hold without an extra.
fn requires_more(filename: &WheelFilename, entries: &[ReadEntry]) -> bool {
    let path = format!("{}/METADATA", filename.dist_info());
    let metadata = entries.iter().find(|entry| entry.path == path);
    metadata.is_some_and(|entry| {
        String::from_utf8_lossy(&entry.bytes)
            .lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.strip_prefix("Requires-Dist:"))
            .any(|requirement| !requirement.contains("extra"))
    })
}

fn made(deed: &'static str, ran: &Finished) -> Result<(), SmokeError> {
    if ran.status == 0 {
        return Ok(());
    }
    let text = [ran.stdout.as_slice(), &ran.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    Err(SmokeError::Environment {
        deed,
        words: text
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("no words")
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(minor: u64, is_free_threaded: bool) -> Python {
        Python {
            program: String::new(),
            minor,
            is_free_threaded,
            machine: "x86_64".to_owned(),
        }
    }

    #[test]
    fn a_python_runs_what_its_tags_are_for() {
        let runs = |python: &Python, tag: &str| {
            python.runs(&WheelFilename::parse(&format!("a-1-{tag}.whl")).unwrap())
        };
        let (plain, free) = (python(12, false), python(14, true));
        for tag in [
            "py3-none-any",
            "cp312-cp312-linux_x86_64",
            "cp39-abi3-manylinux_2_17_x86_64",
            "py2.py3-none-manylinux2014_x86_64",
        ] {
            assert!(runs(&plain, tag), "{tag}");
        }
        for tag in [
            "cp311-cp311-linux_x86_64",
            "cp313-abi3-linux_x86_64",
            "cp312-cp312-linux_aarch64",
            "cp312-cp312-win_amd64",
            "cp315-abi3.abi3t-linux_x86_64",
        ] {
            assert!(!runs(&plain, tag), "{tag}");
        }
        assert!(runs(&free, "cp314-cp314t-linux_x86_64"));
        assert!(!runs(&free, "cp314-cp314-linux_x86_64"));
        assert!(!runs(&free, "cp39-abi3-linux_x86_64"));
    }
}

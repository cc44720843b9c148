//! The virtual environment that a package is installed into.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::memory::Identity;
use crate::fs;
use crate::host::Host;
use crate::process::{self, Invocation, ProcessError};

/// What its Python is given to run.
const SCRIPT: &str = include_str!("environment.py");

/// The word before the answer.
const MARK: &str = "ironwheel ";

/// Raised when answers come to mean something else, or the questions change.
const FORMAT: u32 = 1;

/// How many environments are remembered for one target directory.
const CAPACITY: usize = 16;

/// Why there is no environment to install into.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// Two are active.
    #[error(
        "`VIRTUAL_ENV` and `CONDA_PREFIX` name two environments: {} and {}",
        virtual_env.display(),
        conda_prefix.display()
    )]
    Two {
        /// The one.
        virtual_env: PathBuf,
        /// The other.
        conda_prefix: PathBuf,
    },
    /// None is active and none is near.
    #[error(
        "there is no virtual environment: none is active, and there is no `.venv` in this folder or above: {}",
        .0.display()
    )]
    None(PathBuf),
    /// A folder that is none.
    #[error("{origin} is no virtual environment, because it {reason}: {root}", root = root.display())]
    Broken {
        /// What names it.
        origin: String,
        /// Why, as the rest of a sentence about it.
        reason: String,
        /// The folder.
        root: PathBuf,
    },
    /// A Python that the system keeps for itself.
    #[error("{origin} is managed by the system, which lets nobody else install into it: {root}", root = root.display())]
    Managed {
        /// What names it.
        origin: String,
        /// The folder.
        root: PathBuf,
    },
    /// Its Python does not work.
    #[error("the Python of {origin} does not work: {python}: {reason}", python = python.display())]
    Python {
        /// What names the environment.
        origin: String,
        /// The program.
        python: PathBuf,
        /// Its own words.
        reason: String,
    },
}

impl EnvironmentError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Two { .. } => "unset one of them, or deactivate one of the two environments",
            Self::None(_) => {
                "make one with `python3 -m venv .venv` or `uv venv`; `. .venv/bin/activate` makes it the active one"
            }
            Self::Managed { .. } => "make an environment beside it: `python3 -m venv .venv`",
            Self::Broken { .. } | Self::Python { .. } => {
                "make it again with a Python that is there (`python3 -m venv --clear <folder>`), or activate another"
            }
        }
    }
}

/// Where an environment's files go, without symbolic links.
///
/// <https://docs.python.org/3/library/sysconfig.html#installation-paths>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Packages without machine code.
    pub purelib: PathBuf,
    /// Packages with machine code; mostly the same folder.
    pub platlib: PathBuf,
    /// Programs.
    pub scripts: PathBuf,
    /// All else: the environment's root.
    pub data: PathBuf,
    /// Headers of C, a folder for each project in it.
    pub headers: PathBuf,
}

/// A virtual environment that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its folder, without symbolic links.
    pub root: PathBuf,
    /// Its Python, as its scripts are to name it.
    pub python: PathBuf,
    /// Where its files go.
    pub places: Places,
    /// What environment markers are evaluated by.
    pub markers: BTreeMap<String, String>,
    /// Whether uv made it, which then has no pip of its own.
    pub is_made_by_uv: bool,
}

/// A folder that is to be an environment, and what names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    root: PathBuf,
    origin: String,
}

/// Its Python's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Facts {
    prefix: PathBuf,
    is_environment: bool,
    is_managed: bool,
    #[serde(flatten)]
    places: Places,
    markers: BTreeMap<String, String>,
}

/// Finds the environment that is meant: the active one, of venv's kind or of Conda's, else `.venv` in the working directory or
/// above. Nothing is built for one that does not work.
pub fn find(host: &Host) -> Result<Found, EnvironmentError> {
    let candidate = candidate(host)?;
    let broken = |reason: &str| EnvironmentError::Broken {
        origin: candidate.origin.clone(),
        reason: reason.to_owned(),
        root: candidate.root.clone(),
    };
    if !candidate.root.is_dir() {
        return Err(broken("does not exist"));
    }
    if !is_environment(&candidate.root) {
        return Err(broken("has no `pyvenv.cfg`"));
    }
    let python = candidate.root.join("bin/python");
    if python.symlink_metadata().is_err() {
        return Err(broken("has no `bin/python`"));
    }
    if !python.exists() {
        let target = python.read_link().unwrap_or_default();
        return Err(broken(&format!(
            "was made with a Python that is gone (`{}`)",
            target.display()
        )));
    }
    Ok(Found { candidate, python })
}

/// An environment that was made by us, whose folder is known. `origin` names it in errors.
#[must_use]
pub fn at(root: &Path, origin: &str) -> Found {
    Found {
        python: root.join("bin/python"),
        candidate: Candidate {
            root: root.to_owned(),
            origin: origin.to_owned(),
        },
    }
}

/// An environment that is there, its Python not asked yet.
#[derive(Debug, Clone)]
pub struct Found {
    candidate: Candidate,
    /// Its Python.
    pub python: PathBuf,
}

impl Found {
    /// Asks the environment's Python about it, unless it answered before and is the same as then. `memory` is the folder for what
    /// is remembered; it is of no harm when it cannot be written.
    pub fn ask(self, memory: &Path, host: &Host) -> Result<Environment, EnvironmentError> {
        let identity = Identity::of(&self.python);
        let remembered = identity
            .as_ref()
            .and_then(|identity| Memory::load(memory).recall(identity));
        let facts = if let Some(facts) = remembered {
            facts
        } else {
            let facts = self.probe(host)?;
            if let Some(identity) = identity {
                Memory::load(memory).learn(memory, identity, facts.clone());
            }
            facts
        };
        self.environment(facts)
    }

    fn probe(&self, host: &Host) -> Result<Facts, EnvironmentError> {
        let broken = |reason: String| EnvironmentError::Python {
            origin: self.candidate.origin.clone(),
            python: self.python.clone(),
            reason,
        };
        let call = Invocation {
            program: self.python.to_string_lossy().into_owned(),
            arguments: ["-I", "-B", "-c", SCRIPT].map(str::to_owned).to_vec(),
            set: BTreeMap::new(),
            unset: vec!["__PYVENV_LAUNCHER__".to_owned()],
            working_directory: host.working_directory().to_owned(),
        };
        let finished = process::capture(&call).map_err(|error| match error {
            ProcessError::Failed { source, .. } => broken(source.to_string()),
            missing @ ProcessError::Missing(_) => broken(missing.to_string()),
        })?;
        let stderr = String::from_utf8_lossy(&finished.stderr);
        if finished.status != 0 {
            let words = stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
            let words = words.map_or_else(
                || format!("it ends with status {}", finished.status),
                str::to_owned,
            );
            return Err(broken(words));
        }
        let text = String::from_utf8_lossy(&finished.stdout);
        text.lines()
            .filter_map(|line| line.strip_prefix(MARK))
            .next_back()
            .and_then(|answer| serde_json::from_str(answer).ok())
            .ok_or_else(|| broken("it does not answer as Python does".to_owned()))
    }

    /// The environment, if what its Python says is what was expected.
    fn environment(self, facts: Facts) -> Result<Environment, EnvironmentError> {
        let Candidate { root, origin } = self.candidate;
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if facts.is_managed && !facts.is_environment {
            return Err(EnvironmentError::Managed { origin, root });
        }
        if real(&facts.prefix) != real(&root) {
            return Err(EnvironmentError::Broken {
                reason: format!(
                    "has a Python that belongs elsewhere (`{}`)",
                    facts.prefix.display()
                ),
                origin,
                root,
            });
        }
        let configuration = std::fs::read_to_string(root.join("pyvenv.cfg")).unwrap_or_default();
        Ok(Environment {
            python: self.python,
            places: facts.places.real(),
            markers: facts.markers,
            is_made_by_uv: configuration
                .lines()
                .any(|line| line.split_once('=').is_some_and(|(key, _)| key.trim() == "uv")),
            root: real(&root),
        })
    }
}

impl Places {
    /// Without symbolic links: where `lib64` is another name of `lib`, a file has one path all the same.
    fn real(self) -> Self {
        let real = |path: PathBuf| {
            let there = path.ancestors().find_map(|folder| {
                let rest = path.strip_prefix(folder).ok()?;
                Some(folder.canonicalize().ok()?.join(rest))
            });
            // An empty rest leaves a slash at the end.
            there.unwrap_or(path).components().collect()
        };
        Self {
            purelib: real(self.purelib),
            platlib: real(self.platlib),
            scripts: real(self.scripts),
            data: real(self.data),
            headers: real(self.headers),
        }
    }
}

fn candidate(host: &Host) -> Result<Candidate, EnvironmentError> {
    let named = |variable: &str| {
        host.variable(variable)
            .map(|folder| fs::normalize(&host.absolute(Path::new(folder))))
    };
    let of = |root: PathBuf, variable: &str| Candidate {
        root,
        origin: format!("what `{variable}` names"),
    };
    match (named("VIRTUAL_ENV"), named("CONDA_PREFIX")) {
        (Some(virtual_env), Some(conda_prefix)) if virtual_env != conda_prefix => {
            Err(EnvironmentError::Two {
                virtual_env,
                conda_prefix,
            })
        }
        (Some(root), _) => Ok(of(root, "VIRTUAL_ENV")),
        (None, Some(root)) => Ok(of(root, "CONDA_PREFIX")),
        (None, None) => nearest(host.working_directory())
            .map(|root| Candidate {
                root,
                origin: "the nearest `.venv`".to_owned(),
            })
            .ok_or_else(|| EnvironmentError::None(host.working_directory().to_owned())),
    }
}

/// The nearest `.venv` that is an environment; where there is none, the nearest that is a folder, which tells what is wrong.
fn nearest(folder: &Path) -> Option<PathBuf> {
    let folders = || folder.ancestors().map(|folder| folder.join(".venv"));
    let environment = folders().find(|root| is_environment(root));
    environment.or_else(|| folders().find(|root| root.is_dir()))
}

/// Whether the folder has what makes an environment, of venv's kind or of Conda's.
fn is_environment(root: &Path) -> bool {
    root.join("conda-meta").is_dir() || root.join("pyvenv.cfg").is_file()
}

/// Environments that answered before.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    format: u32,
    /// The latest last.
    entries: Vec<(Identity, Facts)>,
}

impl Memory {
    fn load(folder: &Path) -> Self {
        std::fs::read(file(folder))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .filter(|memory: &Self| memory.format == FORMAT)
            .unwrap_or(Self {
                format: FORMAT,
                entries: Vec::new(),
            })
    }

    fn recall(&self, identity: &Identity) -> Option<Facts> {
        let (_, facts) = self.entries.iter().find(|(known, _)| known == identity)?;
        Some(facts.clone())
    }

    fn learn(mut self, folder: &Path, identity: Identity, facts: Facts) {
        self.entries
            .retain(|(known, _)| !known.is_of_same_program(&identity));
        self.entries.push((identity, facts));
        let excess = self.entries.len().saturating_sub(CAPACITY);
        self.entries.drain(..excess);
        if let Ok(bytes) = serde_json::to_vec(&self)
            && std::fs::create_dir_all(folder).is_ok()
        {
            let _ = fs::write_if_changed(&file(folder), &bytes);
        }
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("environments.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(variables: &[(&str, &Path)], folder: &Path) -> Host {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.display().to_string()))
            .collect();
        Host::new(variables, folder.to_owned()).unwrap()
    }

    fn refused(host: &Host) -> String {
        find(host).unwrap_err().to_string()
    }

    #[test]
    fn the_active_environment_goes_before_one_that_is_near() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::create_dir_all(folder.path().join(".venv")).unwrap();
        let active = folder.path().join("active");
        let found = |variables: &[(&str, &Path)]| candidate(&host(variables, &below)).unwrap().root;
        assert_eq!(found(&[]), folder.path().join(".venv"));
        assert_eq!(found(&[("VIRTUAL_ENV", &active)]), active);
        assert_eq!(found(&[("CONDA_PREFIX", &active)]), active);
        assert_eq!(
            found(&[("VIRTUAL_ENV", &active), ("CONDA_PREFIX", &active)]),
            active
        );
        let two = host(
            &[("VIRTUAL_ENV", &active), ("CONDA_PREFIX", folder.path())],
            &below,
        );
        assert!(refused(&two).contains("name two environments"));
    }

    #[test]
    fn a_folder_that_only_has_the_name_of_an_environment_does_not_hide_one_above() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        let (above, broken) = (folder.path().join(".venv"), below.join(".venv"));
        for root in [&above, &broken] {
            std::fs::create_dir_all(root).unwrap();
        }
        // No environment anywhere: the nearest folder is told of.
        let words = refused(&host(&[], &below));
        assert!(
            words.contains("has no `pyvenv.cfg`") && words.contains("a/b/.venv"),
            "{words}"
        );
        std::fs::write(above.join("pyvenv.cfg"), "").unwrap();
        assert_eq!(candidate(&host(&[], &below)).unwrap().root, above);
    }

    #[test]
    fn a_folder_without_what_makes_an_environment_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("venv");
        let host = host(&[("VIRTUAL_ENV", &root)], folder.path());
        assert!(refused(&host).contains("because it does not exist"));
        std::fs::create_dir_all(root.join("bin")).unwrap();
        assert!(refused(&host).contains("has no `pyvenv.cfg`"));
        std::fs::write(root.join("pyvenv.cfg"), "home = /nowhere\n").unwrap();
        assert!(refused(&host).contains("has no `bin/python`"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/nowhere/python3.9", root.join("bin/python")).unwrap();
            assert!(refused(&host).contains("a Python that is gone (`/nowhere/python3.9`)"));
        }
    }

    #[test]
    fn what_belongs_elsewhere_or_to_the_system_is_refused() {
        let facts = |prefix: &str, is_environment, is_managed| Facts {
            prefix: prefix.into(),
            is_environment,
            is_managed,
            places: Places {
                purelib: "p".into(),
                platlib: "p".into(),
                scripts: "s".into(),
                data: "d".into(),
                headers: "h".into(),
            },
            markers: BTreeMap::new(),
        };
        let found = Found {
            candidate: Candidate {
                root: "/nowhere/venv".into(),
                origin: "the nearest `.venv`".to_owned(),
            },
            python: "/nowhere/venv/bin/python".into(),
        };
        let of = |facts: Facts| found.clone().environment(facts);
        // An environment made of a managed Python is not managed.
        assert!(of(facts("/nowhere/venv", true, true)).is_ok());
        assert!(matches!(
            of(facts("/nowhere/venv", false, true)),
            Err(EnvironmentError::Managed { .. })
        ));
        let error = of(facts("/usr", false, false)).unwrap_err().to_string();
        assert!(error.contains("belongs elsewhere (`/usr`)"), "{error}");
    }
}

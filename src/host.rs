//! The world outside, captured once: variables, working directory, clock, cores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What the environment gets wrong.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There is no working directory to stand in.
    #[error("cannot tell the working directory")]
    WorkingDirectory(#[source] std::io::Error),
    /// `SOURCE_DATE_EPOCH` holds no number.
    #[error("`SOURCE_DATE_EPOCH` is not a number of seconds since 1970: {0}")]
    SourceDateEpoch(String),
}

/// The environment of this run.
#[derive(Debug, Clone)]
pub struct Host {
    variables: BTreeMap<String, String>,
    working_directory: PathBuf,
    source_date_epoch: Option<u64>,
    /// Counted when somebody asks: the system tells it slowly.
    cores: OnceLock<usize>,
}

impl Host {
    /// Looks around, once.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub fn capture() -> Result<Self, HostError> {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let working_directory = std::env::current_dir().map_err(HostError::WorkingDirectory)?;
        Self::new(variables, working_directory)
    }

    /// A host with the given variables and working directory.
    pub fn new(variables: BTreeMap<String, String>, working_directory: PathBuf) -> Result<Self, HostError> {
        let source_date_epoch = match variables.get("SOURCE_DATE_EPOCH").map(|text| text.trim()) {
            None | Some("") => None,
            Some(text) => Some(
                text.parse()
                    .map_err(|_| HostError::SourceDateEpoch(text.to_owned()))?,
            ),
        };
        Ok(Self {
            variables,
            working_directory,
            source_date_epoch,
            cores: OnceLock::new(),
        })
    }

    /// A variable's value; an empty one counts as unset.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// All variables, sorted by name.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let variables = self.variables.iter();
        variables.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Where relative paths begin.
    #[must_use]
    pub fn working_directory(&self) -> &Path {
        &self.working_directory
    }

    /// A path made absolute, without looking at the file system.
    #[must_use]
    pub fn absolute(&self, path: &Path) -> PathBuf {
        self.working_directory.join(path)
    }

    /// Folders that stand between colons, made absolute; an empty one is nothing.
    #[must_use]
    pub fn folders(&self, written: &str) -> Vec<PathBuf> {
        let folders = written.split(':').filter(|folder| !folder.is_empty());
        folders.map(|folder| self.absolute(Path::new(folder))).collect()
    }

    /// The time that archives shall carry, in seconds since 1970.
    ///
    /// <https://reproducible-builds.org/specs/source-date-epoch/>
    #[must_use]
    pub fn source_date_epoch(&self) -> Option<u64> {
        self.source_date_epoch
    }

    /// Where a tool keeps what it has: the folder that a variable names, else one of that name in the user's home.
    #[must_use]
    pub fn tool_folder(&self, variable: &str, name: &str) -> Option<PathBuf> {
        let named = self.variable(variable).map(PathBuf::from);
        let folder = named.or_else(|| Some(Path::new(self.variable("HOME")?).join(name)))?;
        Some(self.absolute(&folder))
    }

    /// The file of the program that runs.
    ///
    /// # Errors
    /// Where the system does not tell.
    pub fn own_program(&self) -> std::io::Result<PathBuf> {
        std::env::current_exe()
    }

    /// How many threads may work at once.
    #[must_use]
    pub fn cores(&self) -> usize {
        *self
            .cores
            .get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }

    /// The first executable file of that name on `PATH`; a name with a `/` is taken relative to the working directory.
    #[must_use]
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        if name.contains('/') {
            let path = self.absolute(Path::new(name));
            return is_executable(&path).then_some(path);
        }
        self.variable("PATH")?
            .split(':')
            .filter(|folder| !folder.is_empty())
            .map(|folder| self.absolute(Path::new(folder)).join(name))
            .find(|path| is_executable(path))
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

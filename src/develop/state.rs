//! What was installed last, so that nothing is done where nothing changed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs::{self, Stamp};
use crate::zip::deflate::Digest;

/// Raised when entries come to mean something else.
const FORMAT: u32 = 1;

/// The last installation of a project into an environment.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    format: u32,
    fingerprint: String,
    /// Every file, with what tells whether it was written to since.
    files: Vec<(PathBuf, Stamp)>,
}

impl State {
    /// The state after an installation; nothing where the file system tells no times.
    pub fn of(fingerprint: &str, files: &[PathBuf]) -> Option<Self> {
        let files = files
            .iter()
            .map(|path| Some((path.clone(), fs::stamp(path)?)))
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            format: FORMAT,
            fingerprint: fingerprint.to_owned(),
            files,
        })
    }

    /// Reads what is remembered; a file that is missing or makes no sense means nothing.
    pub fn load(file: &Path) -> Option<Self> {
        let state: Self = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        (state.format == FORMAT).then_some(state)
    }

    /// Whether the outcome would be the same, and all of it is still there.
    pub fn holds(&self, fingerprint: &str) -> bool {
        self.fingerprint == fingerprint
            && self
                .files
                .iter()
                .all(|(path, known)| fs::stamp(path).as_ref() == Some(known))
    }

    /// Writes it down. That it may be impossible to write is of no harm: the next run installs again.
    pub fn remember(&self, file: &Path) {
        if let Ok(bytes) = serde_json::to_vec(self)
            && let Some(folder) = file.parent()
            && std::fs::create_dir_all(folder).is_ok()
        {
            let _ = fs::write_if_changed(file, &bytes);
        }
    }
}

/// Where the state of a project in an environment is remembered.
pub(super) fn file(memory: &Path, project: &Path, environment: &Path, what: &str) -> PathBuf {
    let identity = format!("{}\n{}\n{what}", project.display(), environment.display());
    let digest = Digest::of(identity.as_bytes()).sha256_hex();
    memory.join("develop").join(format!("{}.json", &digest[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_holds_until_a_file_or_the_outcome_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.so");
        std::fs::write(&path, "one").unwrap();
        let file = file(folder.path(), Path::new("/p"), Path::new("/e"), "");
        assert_eq!(State::load(&file), None);
        State::of("f", std::slice::from_ref(&path))
            .unwrap()
            .remember(&file);
        let state = State::load(&file).unwrap();
        assert!(state.holds("f"));
        assert!(!state.holds("g"));
        std::fs::write(&path, "other").unwrap();
        assert!(!state.holds("f"));
        std::fs::remove_file(&path).unwrap();
        assert!(!state.holds("f"));
        assert_eq!(State::of("f", &[path]), None);
    }
}

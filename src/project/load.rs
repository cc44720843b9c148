//! From a manifest to a project.

use super::Project;
use super::settings::Overrides;
use crate::host::Host;

/// What stops a project from being understood.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// TODO
    #[error("todo")]
    Todo,
}

/// Reads the project that the overrides name, or the one in the working directory.
pub fn load(overrides: &Overrides, host: &Host) -> Result<Project, ProjectError> {
    let _ = (overrides, host);
    todo!()
}

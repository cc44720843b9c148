//! Takes a project, a job and a shared object's bytes. Gives the wheel's name and its ordered tree, then its file.
//! Knows nothing of cargo and of interpreters' whereabouts.

pub mod files;
pub mod info;
mod memory;
pub mod metadata;
pub mod papers;
pub mod read;
pub mod record;
pub mod sbom;
pub mod write;

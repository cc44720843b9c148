//! What the crate beside it stands on.

/// A word of help.
pub const HELP: &str = "help";

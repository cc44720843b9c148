//! What another member stands on.

/// A word of help.
pub const HELP: &str = "help";

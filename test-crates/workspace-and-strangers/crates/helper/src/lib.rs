//! Helps.

/// Helps.
pub fn help() -> &'static str {
    deeper_of_workspace_and_strangers::help()
}

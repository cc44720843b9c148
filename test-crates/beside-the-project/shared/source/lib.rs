//! Helps.

/// Helps.
pub fn help() -> &'static str {
    "help"
}

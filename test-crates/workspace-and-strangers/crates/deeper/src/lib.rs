//! Helps those who help.

/// Helps.
pub fn help() -> &'static str {
    "help"
}

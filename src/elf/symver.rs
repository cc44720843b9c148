//! Needed and provided symbol versions.

//! Another package: it stays at home.

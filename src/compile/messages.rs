//! Cargo's messages, read.

//! METADATA, written down.

//! RECORD: every file with its hash and size, as real CSV.

//! ironwheel turns a PyO3 crate into an audited, spec-compliant, byte-reproducible Python wheel.
//!
//! From a crate to a wheel in a few values, each made once, handed on, never changed:
//! `Project → Plan → Compiled → Audit → Wheel → file`.
//!
//! The modules below stand in the order the data walks through them. A module may use those above it, never one below;
//! `tests/it/tidy.rs` holds that.

// ── words: plain values, no I/O
pub mod name;
pub mod version;
pub mod tag;
pub mod archive;
pub mod url;
pub mod event;

// ── formats: bytes in, facts or bytes out; no paths, no policy
pub mod elf;
pub mod zip;
pub mod tar;

// ── hands: what the outside tells us or does for us
pub mod fs;
pub mod host;
pub mod process;

// ── rooms, in the order the data walks through them
pub mod project;
pub mod python;
pub mod plan;
pub mod compile;
pub mod glue;
pub mod audit;
pub mod graft;
pub mod wheel;
pub mod sdist;

// ── judges: what is true of a finished file
pub mod check;

// ── errands: whole walks through the rooms
pub mod bundle;
pub mod make;
pub mod install;
pub mod develop;
pub mod pgo;
pub mod cook;
pub mod repair;
pub mod elf_file;
pub mod show;
pub mod smoke;
pub mod artifacts;
pub mod container;
pub mod verify;
pub mod scaffold;

// ── front door: flags in, words out
pub mod cli;

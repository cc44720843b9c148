//! One binary, one file per promise.
//!
//! Nothing is skipped: what a test needs is put in place by the test itself, or it fails and says what is missing.

mod artifacts;
mod audit;
mod bills;
mod case;
mod check;
mod check_archives;
mod ci;
mod crates;
mod develop;
mod cook;
mod docker;
mod docs;
mod elf_command;
mod elf_corpus;
mod elf_patchelf_bugs;
mod errors;
mod expect;
mod extras;
mod front_ends;
mod help;
mod images;
mod itself;
mod json;
mod judges;
mod peers;
mod pep517;
mod place;
mod plan;
mod postgres;
mod programs;
mod rebuilds;
mod repair;
mod reproducible;
mod sdist;
mod scaffold;
mod shell;
mod show;
mod tidy;
mod verify;
mod versions;

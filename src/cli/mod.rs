//! The front door: flags in, words out.

pub mod args;
pub mod check;
pub mod cook;
pub mod ci;
pub mod develop;
pub mod docker;
pub mod elf;
pub mod commands;
pub mod hints;
pub mod itself;
pub mod list_python;
pub mod manual;
pub mod pep517;
pub mod render;
pub mod scaffold;
pub mod show;
mod verify;

//! What the program tells of itself: its grammar for shells, its manual for `man`, its settings for editors.

use std::path::PathBuf;

use clap::CommandFactory;

use super::args::Arguments;
use super::manual;
use super::render::Screen;
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::project::keys;

/// What `completions` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct CompletionsArguments {
    /// The shell
    #[arg(
        value_name = "bash|elvish|fish|powershell|zsh",
        value_enum,
        hide_possible_values = true
    )]
    pub shell: clap_complete::Shell,
}

/// What `man` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct ManArguments {
    /// Write the pages of all commands into this folder, instead of the first to standard output
    #[arg(short, long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// Prints what a shell needs to complete the flags.
pub fn completions(arguments: &CompletionsArguments, screen: &Screen) {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "ironwheel",
        &mut script,
    );
    let script = String::from_utf8_lossy(&script);
    screen.answer(&[script.trim_end().to_owned()]);
}

/// Prints the program's page, or writes a page for each command and prints their paths.
///
/// # Errors
/// A page that cannot be written.
pub fn man(arguments: &ManArguments, host: &Host, screen: &Screen) -> Result<(), FileError> {
    let pages = manual::pages();
    let Some(folder) = &arguments.out else {
        let first = pages.first().map(|page| page.text.trim_end().to_owned());
        screen.answer(first.as_slice());
        return Ok(());
    };
    let folder = host.absolute(folder);
    fs::create_folder(&folder)?;
    for page in &pages {
        let path = folder.join(&page.file_name);
        fs::write_atomically(&path, page.text.as_bytes())?;
        screen.answer(&[path.display().to_string()]);
    }
    Ok(())
}

/// Prints the JSON schema of `[tool.ironwheel]` and `[tool.maturin]`.
pub fn schema(screen: &Screen) {
    screen.answer(&[format!("{:#}", keys::schema())]);
}

//! `ironwheel new` and `ironwheel init`: the files of a project.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::render::Screen;
use crate::event::Event;
use crate::fs;
use crate::host::Host;
use crate::scaffold::{self, Action, Kind, Layout, ScaffoldError, Wish};

/// What `new` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct NewArguments {
    /// The folder to make
    #[arg(value_name = "PATH", help_heading = "Arguments")]
    pub path: PathBuf,
    /// What the project is like.
    #[command(flatten)]
    pub project: ProjectArguments,
}

/// What `init` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct InitArguments {
    /// The folder, with or without a crate in it [default: the one here]
    #[arg(value_name = "PATH", help_heading = "Arguments")]
    pub path: Option<PathBuf>,
    /// What the project is like.
    #[command(flatten)]
    pub project: ProjectArguments,
}

/// What a project is like.
#[derive(Debug, Clone, clap::Args)]
pub struct ProjectArguments {
    /// Name of the project [default: that of the crate, or of the folder]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// With a Python package, in python/
    #[arg(long)]
    pub mixed: bool,
    /// With a Python package, in src/, and the crate in rust/
    #[arg(long)]
    pub src: bool,
    /// How the crate speaks Python
    #[arg(
        short,
        long,
        value_name = "pyo3|cffi|uniffi|bin",
        value_enum,
        default_value = "pyo3",
        hide_possible_values = true
    )]
    pub bindings: KindArgument,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `--bindings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindArgument {
    /// PyO3.
    #[value(help = None)]
    Pyo3,
    /// Functions with C's calling convention.
    #[value(help = None)]
    Cffi,
    /// `UniFFI`.
    #[value(help = None)]
    Uniffi,
    /// A program.
    #[value(help = None)]
    Bin,
}

impl ProjectArguments {
    fn wish(&self, folder: &Path, is_new: bool) -> Wish {
        Wish {
            folder: fs::normalize(folder),
            name: self.name.clone(),
            layout: match (self.src, self.mixed) {
                (true, _) => Layout::Src,
                (false, true) => Layout::Mixed,
                (false, false) => Layout::Rust,
            },
            kind: match self.bindings {
                KindArgument::Pyo3 => Kind::Pyo3,
                KindArgument::Cffi => Kind::Cffi,
                KindArgument::Uniffi => Kind::Uniffi,
                KindArgument::Bin => Kind::Bin,
            },
            is_new,
        }
    }
}

/// Makes a folder with a project in it.
///
/// # Errors
/// A folder that is there, a name that does not do, a file that cannot be written.
pub fn make_new(arguments: &NewArguments, host: &Host, screen: &Screen) -> Result<(), ScaffoldError> {
    let wish = arguments.project.wish(&host.absolute(&arguments.path), true);
    run(&wish, arguments.project.dry_run, screen)
}

/// Makes a project of a folder.
///
/// # Errors
/// A manifest without a package, a name that does not do, a file that cannot be written.
pub fn init(arguments: &InitArguments, host: &Host, screen: &Screen) -> Result<(), ScaffoldError> {
    let folder = arguments.path.clone().unwrap_or_default();
    let wish = arguments.project.wish(&host.absolute(&folder), false);
    run(&wish, arguments.project.dry_run, screen)
}

fn run(wish: &Wish, is_dry: bool, screen: &Screen) -> Result<(), ScaffoldError> {
    let proposal = scaffold::propose(wish)?;
    if !is_dry {
        scaffold::write(&proposal)?;
    }
    for file in &proposal.files {
        let path = proposal.folder.join(&file.path).display().to_string();
        let action = match file.action {
            Action::Create => "create",
            Action::Keep => "keep",
            Action::Extend => "extend",
        };
        let body = FileEvent {
            path: &path,
            action,
            written: !is_dry && file.action != Action::Keep,
        };
        screen.result(&format!("{action:<6}  {path}\n"), "file", &body);
    }
    for advice in &proposal.advice {
        screen.tell(&Event::Notice {
            message: advice.message.clone(),
            hint: Some(advice.hint.clone()),
        });
    }
    Ok(())
}

/// A file of the project, for scripts.
#[derive(Serialize)]
struct FileEvent<'a> {
    path: &'a str,
    action: &'static str,
    written: bool,
}

//! The hooks that front ends call, behind the Python package `ironwheel`: a hook is a build with other defaults.
//!
//! What a hook gives back stands on standard output, a line each; all words go to standard error.
//!
//! <https://peps.python.org/pep-0517/>, <https://peps.python.org/pep-0660/>

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::args::{BuildArguments, ScreenArguments, UsageError};
use crate::event::{Event, Listener};
use crate::host::Host;
use crate::make::{self, MakeError, SdistWish};
use crate::pgo::{self, PgoError};
use crate::project::settings::{self, Overrides, Purpose};
use crate::project::{self, Notice};

/// A hook.
#[derive(Debug, Clone, clap::Args)]
#[command(subcommand_required = true)]
pub struct Pep517Arguments {
    /// Which.
    #[command(subcommand)]
    pub hook: Hook,
}

/// The hooks.
#[derive(Debug, Clone, Subcommand)]
pub enum Hook {
    /// Build one wheel, and print its path
    BuildWheel(BuildWheelArguments),
    /// Write the metadata of the wheel that would be built, and print the folder's name
    WriteDistInfo(WriteDistInfoArguments),
    /// Pack the sources, and print the path
    WriteSdist(WriteSdistArguments),
    /// Print what has to be installed before a wheel is built, a requirement a line
    Requires(RequiresArguments),
}

/// What every hook takes.
#[derive(Debug, Clone, clap::Args)]
pub struct HookArguments {
    /// The Python that asks, which is built for unless the flags name another
    #[arg(long, value_name = "PYTHON")]
    pub python: Option<String>,
    /// The Python that the one that asks is a virtual environment of, for projects with `use-base-python`
    #[arg(long, value_name = "PYTHON")]
    pub base_python: Option<String>,
    /// Keep the sources where they are
    #[arg(long)]
    pub editable: bool,
    /// The flags of `build`.
    #[command(flatten)]
    pub build: BuildArguments,
}

/// `pep517 build-wheel`.
#[derive(Debug, Clone, clap::Args)]
pub struct BuildWheelArguments {
    /// What every hook takes.
    #[command(flatten)]
    pub hook: HookArguments,
    /// Folder for the wheel, whatever `--out` says
    #[arg(long, value_name = "FOLDER")]
    pub wheel_directory: Option<PathBuf>,
    /// Folder with the metadata that the wheel has to have: a dist-info folder, or the one that holds it
    #[arg(long, value_name = "FOLDER")]
    pub metadata_directory: Option<PathBuf>,
}

/// `pep517 write-dist-info`.
#[derive(Debug, Clone, clap::Args)]
pub struct WriteDistInfoArguments {
    /// What every hook takes.
    #[command(flatten)]
    pub hook: HookArguments,
    /// Folder to write the dist-info folder to
    #[arg(long, value_name = "FOLDER")]
    pub metadata_directory: PathBuf,
}

/// `pep517 write-sdist`.
#[derive(Debug, Clone, clap::Args)]
pub struct WriteSdistArguments {
    /// What every hook takes.
    #[command(flatten)]
    pub hook: HookArguments,
    /// Folder for the source distribution
    #[arg(long, value_name = "FOLDER")]
    pub sdist_directory: PathBuf,
}

/// `pep517 requires`.
#[derive(Debug, Clone, clap::Args)]
pub struct RequiresArguments {
    /// What every hook takes.
    #[command(flatten)]
    pub hook: HookArguments,
}

impl Pep517Arguments {
    /// What was asked: what the flags ask, for the Python that asks where they name none.
    pub fn overrides(&self, screen: &ScreenArguments) -> Result<Overrides, UsageError> {
        let hook = self.shared();
        let mut overrides = hook.build.overrides(screen)?;
        if overrides.interpreters.is_empty() && !overrides.find_interpreters {
            overrides.interpreters.extend(hook.python.clone());
        }
        if let Some(folder) = self.folder() {
            overrides.out = Some(folder.to_owned());
        }
        overrides.purpose = if hook.editable {
            Purpose::Editable
        } else {
            Purpose::Install
        };
        Ok(overrides)
    }

    fn shared(&self) -> &HookArguments {
        match &self.hook {
            Hook::BuildWheel(arguments) => &arguments.hook,
            Hook::WriteDistInfo(arguments) => &arguments.hook,
            Hook::WriteSdist(arguments) => &arguments.hook,
            Hook::Requires(arguments) => &arguments.hook,
        }
    }

    /// Where the front end looks for what is made.
    fn folder(&self) -> Option<&Path> {
        match &self.hook {
            Hook::BuildWheel(arguments) => arguments.wheel_directory.as_deref(),
            Hook::WriteSdist(arguments) => Some(&arguments.sdist_directory),
            Hook::WriteDistInfo(_) | Hook::Requires(_) => None,
        }
    }

    /// What the user should know of flags that a front end leaves no room for.
    fn notices(&self) -> Vec<Notice> {
        let asked = &self.shared().build.out;
        let (Some(asked), Some(folder)) = (asked, self.folder()) else {
            return Vec::new();
        };
        let words = format!(
            "`--out` is passed over, because the front end says where it looks for what is made: `{}` instead of `{}`",
            folder.display(),
            asked.display()
        );
        vec![
            Notice::new(words)
                .hint("take `--out` out of the build arguments, and tell the front end the folder"),
        ]
    }

    /// What was asked, with the Python that a virtual environment was made with where the project wants that one.
    fn settled(&self, overrides: &Overrides, host: &Host) -> Result<Overrides, MakeError> {
        let mut overrides = overrides.clone();
        let hook = self.shared();
        let is_free = hook.build.interpreter.is_empty() && !hook.build.find_interpreter;
        if let Some(base) = &hook.base_python
            && is_free
            && project::uses_base_python(&overrides, host)?
        {
            overrides.interpreters = vec![base.clone()];
        }
        Ok(overrides)
    }
}

/// Does what a hook asks, and gives the lines that it answers with.
pub fn run(
    arguments: &Pep517Arguments,
    overrides: &Overrides,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Vec<String>, PgoError> {
    for notice in arguments.notices() {
        let Notice { message, hint } = notice;
        listener(Event::Notice { message, hint });
    }
    let overrides = &arguments.settled(overrides, host)?;
    match &arguments.hook {
        Hook::BuildWheel(asked) => {
            let promised = asked
                .metadata_directory
                .as_ref()
                .map(|folder| host.absolute(folder));
            let promised = promised.as_deref();
            let made = if asked.hook.editable {
                make::editable_wheel(overrides, promised, host, listener)?
            } else if settings::wants_profile(overrides, host).is_ok_and(|wants| wants) {
                make::keep_promises(overrides, promised, host, listener)?;
                let made = pgo::wheels(overrides, host, listener)?;
                return Ok(made
                    .iter()
                    .map(|wheel| wheel.path.display().to_string())
                    .collect());
            } else {
                make::wheel_for_front_end(overrides, promised, host, listener)?
            };
            Ok(vec![made.path.display().to_string()])
        }
        Hook::WriteDistInfo(asked) => {
            let folder = host.absolute(&asked.metadata_directory);
            Ok(vec![make::dist_info(overrides, &folder, host, listener)?])
        }
        Hook::WriteSdist(_) => {
            let made = make::sdist(overrides, SdistWish::default(), host, listener)?;
            Ok(vec![made.path.display().to_string()])
        }
        Hook::Requires(_) => Ok(make::build_requirements(overrides, host)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Command, parse};

    fn overrides(line: &str) -> Overrides {
        let arguments = parse(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}"));
        match arguments.command {
            Command::Pep517(hook) => hook.overrides(&arguments.screen).unwrap(),
            _ => panic!("{line}: no hook"),
        }
    }

    #[test]
    fn the_python_that_asks_is_built_for_unless_the_flags_name_another() {
        let line = "ironwheel pep517 build-wheel --python /env/bin/python -o out";
        assert_eq!(overrides(line).interpreters, ["/env/bin/python"]);
        assert_eq!(overrides(&format!("{line} -i 3.12")).interpreters, ["3.12"]);
        assert!(overrides(&format!("{line} -f")).interpreters.is_empty());
    }

    #[test]
    fn the_front_end_s_folder_goes_before_that_of_the_flags() {
        let line = "ironwheel pep517 build-wheel --wheel-directory there --out here";
        assert_eq!(overrides(line).out, Some("there".into()));
        match parse(line.split_whitespace()).unwrap().command {
            Command::Pep517(hook) => {
                let [notice] = hook.notices().try_into().unwrap();
                assert!(notice.message.ends_with("`there` instead of `here`"), "{notice}");
            }
            _ => panic!("{line}: no hook"),
        }
    }

    #[test]
    fn the_base_python_is_built_for_where_the_project_wants_it_and_no_flag_names_another() {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::new(std::collections::BTreeMap::new(), folder.path().to_owned()).unwrap();
        std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"a\"\n").unwrap();
        let interpreters = |flags: &str| {
            let line = format!("ironwheel pep517 build-wheel --python env --base-python base {flags}");
            match parse(line.split_whitespace()).unwrap().command {
                Command::Pep517(hook) => hook.settled(&overrides(&line), &host).unwrap().interpreters,
                _ => panic!("{line}: no hook"),
            }
        };
        let settings = folder.path().join("pyproject.toml");
        std::fs::write(&settings, "[tool.maturin]\n").unwrap();
        assert_eq!(interpreters(""), ["env"]);
        std::fs::write(&settings, "[tool.maturin]\nuse-base-python = true\n").unwrap();
        assert_eq!(interpreters(""), ["base"]);
        assert_eq!(interpreters("-i 3.12"), ["3.12"]);
    }

    #[test]
    fn hooks_differ_from_a_build_in_what_they_are_for() {
        assert_eq!(
            overrides("ironwheel pep517 build-wheel --features a").purpose,
            Purpose::Install
        );
        assert_eq!(
            overrides("ironwheel pep517 write-dist-info --editable --metadata-directory x").purpose,
            Purpose::Editable
        );
    }
}

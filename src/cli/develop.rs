//! `ironwheel develop`: maturin's flags with maturin's meaning.

use std::path::PathBuf;

use clap::ArgAction;

use super::args::{BuildArguments, CargoArguments, LaterArguments, ScreenArguments, UsageError};
use crate::develop::Request;
use crate::develop::dependencies::Asked;
use crate::develop::installer::InstallerWish;

/// What `develop` takes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Installation")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of maturin's own")]
pub struct DevelopArguments {
    /// Cargo.toml of the crate [default: the one here]
    #[arg(short, long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Extras whose requirements are installed too
    #[arg(short = 'E', long, value_name = "EXTRA", value_delimiter = ',', action = ArgAction::Append)]
    pub extras: Vec<String>,
    /// Dependency groups that are installed too [default: dev, where there is one]
    #[arg(short = 'G', long = "group", value_name = "GROUP", value_delimiter = ',', action = ArgAction::Append)]
    pub groups: Vec<String>,
    /// Put the extension into the source tree, and install nothing
    #[arg(long)]
    pub skip_install: bool,
    /// Install dependencies with uv
    #[arg(long, conflicts_with = "pip_path")]
    pub uv: bool,
    /// Install dependencies with this pip
    #[arg(long, value_name = "PATH")]
    pub pip_path: Option<PathBuf>,
    /// Crate that binds Python, where it is not clear
    #[arg(
        short,
        long,
        visible_alias = "binding-crate",
        value_name = "BINDINGS",
        hide_short_help = true
    )]
    pub bindings: Option<String>,
    /// Strip symbols from the extension
    #[arg(long, hide_short_help = true)]
    pub strip: bool,
    /// Read type stubs off the extension, and put them beside it
    #[arg(long, hide_short_help = true)]
    pub generate_stubs: bool,
    /// Optimise by what `pgo-command` shows of how the extension runs
    #[arg(long, hide_short_help = true)]
    pub pgo: bool,
    /// Taken for maturin's sake: nothing is compressed here
    #[arg(long, value_name = "METHOD", hide = true)]
    pub compression_method: Option<String>,
    /// Taken for maturin's sake: nothing is compressed here
    #[arg(long, value_name = "LEVEL", hide = true, allow_hyphen_values = true)]
    pub compression_level: Option<String>,
    /// Taken for maturin's sake: nothing is compressed here
    #[arg(long, hide = true)]
    pub compression_enable_large_file_support: bool,
    /// What goes to cargo.
    #[command(flatten)]
    pub cargo: CargoArguments,
    /// What a later version brings.
    #[command(flatten)]
    pub later: LaterArguments,
}

impl DevelopArguments {
    /// What was asked.
    pub fn request(&self, screen: &ScreenArguments) -> Result<Request, UsageError> {
        let build = BuildArguments {
            manifest_path: self.manifest_path.clone(),
            bindings: self.bindings.clone(),
            strip: self.strip.then_some(true),
            generate_stubs: self.generate_stubs,
            cargo: self.cargo.clone(),
            later: self.later.clone(),
            ..BuildArguments::default()
        };
        Ok(Request {
            overrides: build.overrides(screen)?,
            asked: Asked {
                extras: self.extras.clone(),
                groups: self.groups.clone(),
            },
            installer: InstallerWish {
                uv: self.uv,
                pip: self.pip_path.clone(),
            },
            skip_install: self.skip_install,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::args::{Command, parse};
    use crate::develop::Request;

    fn request(line: &str) -> Request {
        let arguments = parse(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}"));
        match arguments.command {
            Command::Develop(develop) => develop.request(&arguments.screen).unwrap(),
            _ => panic!("{line}: not `develop`"),
        }
    }

    #[test]
    fn a_line_for_maturin_means_the_same() {
        let asked = request(
            "ironwheel develop -r --uv -E a,b --extras c -G test,lint --binding-crate pyo3 -F x --compression-level 9",
        );
        assert_eq!(asked.asked.extras, ["a", "b", "c"]);
        assert_eq!(asked.asked.groups, ["test", "lint"]);
        assert_eq!(asked.overrides.profile.as_deref(), Some("release"));
        assert_eq!(asked.overrides.bindings.as_deref(), Some("pyo3"));
        assert_eq!(asked.overrides.features, ["x"]);
        assert!(asked.installer.uv && !asked.skip_install);
        assert!(request("ironwheel dev --skip-install").skip_install);
        assert!(request("ironwheel dev --generate-stubs").overrides.generate_stubs);
        assert!(parse(["ironwheel", "dev", "--uv", "--pip-path", "x"]).is_err());
    }
}

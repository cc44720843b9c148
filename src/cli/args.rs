//! The command line as typed: nothing resolved, nothing looked up.
//!
//! A further command is a variant of [`Command`] with a struct of its own; what several commands share is a flattened group.

#![expect(
    clippy::doc_markdown,
    reason = "the comments on flags are help for a terminal, where backticks mean nothing"
)]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::StyledStr;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::check::CheckArguments;
use super::ci::CiArguments;
use super::cook::CookArguments;
use super::develop::DevelopArguments;
use super::docker::DockerArguments;
use super::elf::ElfArguments;
use super::itself::{CompletionsArguments, ManArguments};
use super::list_python::ListPythonArguments;
use super::pep517::Pep517Arguments;
use super::scaffold::{InitArguments, NewArguments};
use super::show::ShowArguments;
use super::verify::VerifyArguments;
use crate::artifacts;
use crate::audit::Search;
use crate::host::Host;
use crate::make::SdistWish;
use crate::project::settings::{AuditMode, Overrides, Purpose, VariableError, Variables, excluded_globs};
use crate::repair;
use crate::tag::{BuildTag, PlatformWish, TagError};
use crate::version::{Version, VersionError};
use crate::zip::deflate::Compression;

/// What the command line gets wrong beyond what its grammar can say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// A flag or value of maturin's that this version cannot serve.
    #[error("`{written}` is understood, but this version of ironwheel cannot do it: {subject}")]
    NotYet {
        /// As typed.
        written: &'static str,
        /// What it would do.
        subject: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// A variable that stands for a flag and holds something else.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// A variable that stands for `--plat` and holds no platform.
    #[error("`{name}` is no platform tag: {value}")]
    PlatformVariable {
        /// Its name.
        name: &'static str,
        /// What it holds.
        value: String,
    },
    /// A level for files that are not compressed.
    #[error("`--compression-method stored` compresses nothing, so it takes no level but 0: {0}")]
    LevelOfStored(u8),
    /// Two wishes that exclude each other.
    #[error("`{0}` and `{1}` cannot be asked for at once")]
    Together(&'static str, &'static str),
    /// Stubs without a place for them.
    #[error("`generate-stubs` needs a folder to write to")]
    NoOutput,
    /// One name for several edited files.
    #[error("`--output` is the name of one edited file, not of {0}")]
    OutputOfSeveral(usize),
}

impl UsageError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotYet { instead, .. } => (*instead).to_owned(),
            Self::Variable(error) => error.hint(),
            Self::PlatformVariable { name, .. } => format!("correct it, or unset it: `unset {name}`"),
            Self::LevelOfStored(_) => "leave `--compression-level` out".to_owned(),
            Self::Together(_, second) => {
                format!("leave one of them out; `{second}` may also come from a variable")
            }
            Self::NoOutput => "name it: `-o <folder>`".to_owned(),
            Self::OutputOfSeveral(_) => "name one FILE, or edit all of them in place".to_owned(),
        }
    }
}

/// The whole command line.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "ironwheel",
    version,
    about = "Turn a PyO3 crate into an audited, reproducible Python wheel",
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// What is said, and how.
    #[command(flatten)]
    pub screen: ScreenArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What ironwheel can be asked to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Build wheels
    #[command(visible_alias = "b")]
    Build(BuildArguments),
    /// Print which wheels `build` would make, and why, without compiling anything
    Plan(BuildArguments),
    /// Compile, and write type stubs of the extension into the folder of `--out`
    GenerateStubs(BuildArguments),
    /// Install the crate here into the active virtual environment, editable
    #[command(visible_alias = "dev")]
    Develop(DevelopArguments),
    /// Build twice, elsewhere and as somebody else, and explain what differs
    Verify(VerifyArguments),
    /// Pack the sources, and those of all crates they depend on by a path
    Sdist(SdistArguments),
    /// Compile the dependencies alone, from manifests: a container layer that edits leave as it is
    Cook(CookArguments),
    /// Judge wheels and source distributions by the packaging standards
    Check(CheckArguments),
    /// Put into finished wheels the libraries they lack, with the flags of auditwheel
    Repair(RepairArguments),
    /// Show and edit what a shared object asks of the loader, with the flags of patchelf
    Elf(ElfArguments),
    /// Explain finished wheels: where they run and why not elsewhere, who needs whom, what is big
    Show(ShowArguments),
    /// Make a new project that builds, imports and tests at once
    New(NewArguments),
    /// Make a project of a folder or a crate, and overwrite nothing
    Init(InitArguments),
    /// Write a workflow that builds, tests and publishes wheels, for GitHub or GitLab
    #[command(alias = "generate-ci")]
    Ci(CiArguments),
    /// Write and judge files for containers: Dockerfile, .dockerignore, compose.yaml
    Docker(DockerArguments),
    /// List the Pythons that wheels can be built for
    ListPython(ListPythonArguments),
    /// Print what a shell needs to complete the flags
    Completions(CompletionsArguments),
    /// Print the manual, or write a page for each command
    Man(ManArguments),
    /// Print the JSON schema of [tool.ironwheel], for editors
    Schema,
    /// What the hooks for front ends call
    #[command(hide = true)]
    Pep517(Pep517Arguments),
}

/// What is said while a command runs, and how.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct ScreenArguments {
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Show the calls of cargo, twice: all that cargo can tell
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "auto|always|never",
        value_enum,
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub color: Option<ColorArgument>,
    /// Words, or also JSON events on standard output
    #[arg(
        long,
        global = true,
        value_name = "human|json",
        value_enum,
        default_value = "human",
        hide_possible_values = true
    )]
    pub message_format: MessageFormat,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorArgument {
    /// On a terminal.
    #[value(help = None)]
    Auto,
    /// Always.
    #[value(help = None)]
    Always,
    /// Never.
    #[value(help = None)]
    Never,
}

impl ColorArgument {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// How events are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// As words on standard error.
    #[default]
    #[value(help = None)]
    Human,
    /// Also as one line of JSON an event on standard output.
    #[value(help = None)]
    Json,
}

/// What `build` and `plan` share: maturin's flags with maturin's meaning.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Wheel")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct BuildArguments {
    /// Cargo.toml of the crate [default: the one here]
    #[arg(short, long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Folder for the wheels [default: /tmp/wheels]
    #[arg(short, long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Pythons to build for: 3.12, 3.14t, pypy3.11, python3, a path
    #[arg(short, long, value_name = "PYTHON", num_args = 0.., action = ArgAction::Append)]
    pub interpreter: Vec<String>,
    /// Every supported Python on this machine
    #[arg(short, long, conflicts_with = "interpreter")]
    pub find_interpreter: bool,
    /// Crate that binds Python, where it is not clear
    #[arg(short, long, value_name = "BINDINGS", hide_short_help = true)]
    pub bindings: Option<String>,
    /// Platform to hold to: manylinux_2_28, pypi, linux
    #[arg(long, visible_alias = "manylinux", value_name = "TAG", num_args = 0.., action = ArgAction::Append,
          value_parser = platform_wish)]
    pub compatibility: Vec<PlatformWish>,
    /// Container image that the wheel is for: debian:12, python:3.12-slim
    #[arg(long, value_name = "IMAGE")]
    pub for_image: Option<String>,
    /// What to do about libraries that are not everywhere
    #[arg(
        long,
        value_name = "repair|check|warn|skip",
        value_enum,
        hide_possible_values = true,
        conflicts_with = "skip_auditwheel",
        hide_short_help = true
    )]
    pub auditwheel: Option<AuditArgument>,
    /// `--auditwheel skip`
    #[arg(long, hide = true)]
    pub skip_auditwheel: bool,
    /// Strip symbols from the extension [env: IRONWHEEL_STRIP, MATURIN_STRIP]
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    pub strip: Option<bool>,
    /// Keep this machine's paths out of what is compiled [default: true, but for the profile dev]
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true, hide_short_help = true)]
    pub remap_paths: Option<bool>,
    /// How files are compressed [default: deflated]
    #[arg(
        long,
        value_name = "deflated|stored",
        value_enum,
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub compression_method: Option<CompressionArgument>,
    /// How hard files are compressed, from 0 to 9 [default: 6]
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=9), hide_short_help = true)]
    pub compression_level: Option<u8>,
    /// Taken for maturin's sake: archives that need large sizes get them unasked
    #[arg(long, hide = true)]
    pub compression_enable_large_file_support: bool,
    /// Bill of materials to put into the wheel
    #[arg(long, value_name = "PATH", num_args = 1.., action = ArgAction::Append, hide_short_help = true)]
    pub sbom_include: Vec<PathBuf>,
    /// Version of the wheel, where `project.version` is dynamic [env: IRONWHEEL_BUILD_VERSION]
    #[arg(long, value_name = "VERSION", value_parser = python_version, hide_short_help = true)]
    pub build_version: Option<Version>,
    /// Build tag in the wheel's file name: 1, 2.rc [env: IRONWHEEL_BUILD_TAG]
    #[arg(long, value_name = "TAG", value_parser = BuildTag::parse, hide_short_help = true)]
    pub build_tag: Option<BuildTag>,
    /// Pack the sources too, and build the wheels from what was packed
    #[arg(long)]
    pub sdist: bool,
    /// What is laid beside the wheels.
    #[command(flatten)]
    pub artifacts: ArtifactArguments,
    /// Python that must run in a fresh environment: 'import demo'
    #[arg(long, value_name = "CODE", hide_short_help = true)]
    pub smoke: Option<String>,
    /// Compile and make no wheel: Python files need not be there
    #[arg(long, hide_short_help = true, conflicts_with_all = ["sdist", "smoke", "pgo"])]
    pub compile_only: bool,
    /// What is done about libraries.
    #[command(flatten)]
    pub libraries: LibraryArguments,
    /// What goes to cargo.
    #[command(flatten)]
    pub cargo: CargoArguments,
    /// Optimise by what `pgo-command` shows of how the wheel runs
    #[arg(long, hide_short_help = true, help_heading = "Extras")]
    pub pgo: bool,
    /// Read type stubs off the extension, and pack them
    #[arg(long, hide_short_help = true, help_heading = "Extras")]
    pub generate_stubs: bool,
    /// Pack debug information in a file of its own
    #[arg(long, hide_short_help = true, help_heading = "Extras")]
    pub include_debuginfo: bool,
    /// What a later version brings.
    #[command(flatten)]
    pub later: LaterArguments,
}

/// What is laid beside what is made.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Artifacts")]
pub struct ArtifactArguments {
    /// Write SHA256SUMS beside what is made
    #[arg(long)]
    pub checksums: bool,
    /// Write what was built of what and how, as JSON [default: build-report.json]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub report: Option<Option<PathBuf>>,
}

impl ArtifactArguments {
    /// What was asked.
    #[must_use]
    pub fn wish(&self) -> artifacts::Wish {
        artifacts::Wish {
            checksums: self.checksums,
            report: self.report.clone(),
        }
    }
}

/// What is done about libraries that the extension needs and not every system has.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Libraries")]
pub struct LibraryArguments {
    /// Libraries to leave out: a soname such as libfoo.so.*, or cuda
    #[arg(long, value_name = "GLOB", action = ArgAction::Append, value_parser = soname_glob)]
    pub exclude_lib: Vec<String>,
    /// Folder to look for libraries in, behind the loader's own
    #[arg(long, value_name = "FOLDER", action = ArgAction::Append)]
    pub lib_dir: Vec<PathBuf>,
    /// Root of the system that libraries are taken from [default: /]
    #[arg(long, value_name = "FOLDER", hide_short_help = true)]
    pub sysroot: Option<PathBuf>,
    /// Folder beside the packages with libraries that are left out: nvidia/cublas/lib
    #[arg(long, value_name = "FOLDER", action = ArgAction::Append, hide_short_help = true)]
    pub run_path: Vec<String>,
}

/// What goes to cargo.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Cargo")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of cargo's own")]
pub struct CargoArguments {
    /// Build in release mode, which is the default here
    #[arg(short, long, conflicts_with = "profile")]
    pub release: bool,
    /// Build with this profile [default: release]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Features to turn on
    #[arg(short = 'F', long, value_name = "FEATURES", action = ArgAction::Append)]
    pub features: Vec<String>,
    /// Turn on all features
    #[arg(long)]
    pub all_features: bool,
    /// Leave the default features off
    #[arg(long)]
    pub no_default_features: bool,
    /// Build for this target triple [env: CARGO_BUILD_TARGET]
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,
    /// Folder for what cargo generates
    #[arg(long, value_name = "FOLDER", hide_short_help = true)]
    pub target_dir: Option<PathBuf>,
    /// Fail rather than change Cargo.lock
    #[arg(long)]
    pub locked: bool,
    /// `--locked` and `--offline` together
    #[arg(long)]
    pub frozen: bool,
    /// Stay off the network
    #[arg(long)]
    pub offline: bool,
    /// How many jobs run at once
    #[arg(
        short,
        long,
        value_name = "N",
        allow_hyphen_values = true,
        hide_short_help = true
    )]
    pub jobs: Option<String>,
    /// A value or a file of cargo's configuration
    #[arg(long, value_name = "KEY=VALUE|PATH", action = ArgAction::Append, hide_short_help = true)]
    pub config: Vec<String>,
    /// Unstable flags of cargo's
    #[arg(short = 'Z', value_name = "FLAG", action = ArgAction::Append, hide_short_help = true)]
    pub unstable_flags: Vec<String>,
    /// Do not look at `rust-version`
    #[arg(long, hide_short_help = true)]
    pub ignore_rust_version: bool,
    /// Let cargo report how long each crate took
    #[arg(long, hide_short_help = true)]
    pub timings: bool,
    /// Let cargo report what a later Rust will refuse
    #[arg(long, hide_short_help = true)]
    pub future_incompat_report: bool,
    /// Arguments for the crate's own rustc
    #[arg(last = true, value_name = "RUSTC ARGUMENTS", help_heading = "Arguments")]
    pub rustc_args: Vec<String>,
}

/// Flags of maturin's that a later version brings: taken, so that they can be refused by name.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct LaterArguments {
    #[arg(long, hide = true)]
    zig: bool,
}

impl LaterArguments {
    fn refuse(&self) -> Result<(), UsageError> {
        if !self.zig {
            return Ok(());
        }
        Err(UsageError::NotYet {
            written: "--zig",
            subject: "linking with zig",
            instead: "build on a system with an old enough C library, and ask for the tag by `--compatibility`",
        })
    }
}

/// What `sdist` takes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Source distribution")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct SdistArguments {
    /// Cargo.toml of the crate [default: the one here]
    #[arg(short, long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Folder for the archive [default: /tmp/wheels]
    #[arg(short, long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Pack the sources of all dependencies too, so that it builds without a network
    #[arg(long)]
    pub vendor: bool,
    /// What is laid beside the archive.
    #[command(flatten)]
    pub artifacts: ArtifactArguments,
    /// Version of the project, where `project.version` is dynamic
    #[arg(long, value_name = "VERSION", value_parser = python_version, hide_short_help = true)]
    pub build_version: Option<Version>,
    /// Fail rather than change Cargo.lock
    #[arg(long, help_heading = "Cargo")]
    pub locked: bool,
    /// `--locked` and `--offline` together
    #[arg(long, help_heading = "Cargo")]
    pub frozen: bool,
    /// Stay off the network
    #[arg(long, help_heading = "Cargo")]
    pub offline: bool,
    /// Folder for what cargo generates
    #[arg(long, value_name = "FOLDER", help_heading = "Cargo")]
    pub target_dir: Option<PathBuf>,
    /// A value or a file of cargo's configuration
    #[arg(long, value_name = "KEY=VALUE|PATH", action = ArgAction::Append, hide_short_help = true, help_heading = "Cargo")]
    pub config: Vec<String>,
}

impl SdistArguments {
    /// What was asked, for the project to weigh against its files.
    #[must_use]
    pub fn overrides(&self, screen: &ScreenArguments) -> Overrides {
        Overrides {
            manifest_path: self.manifest_path.clone(),
            out: self.out.clone(),
            target_dir: self.target_dir.clone(),
            locked: self.locked,
            frozen: self.frozen,
            offline: self.offline,
            config: self.config.clone(),
            build_version: self.build_version.clone(),
            quiet: screen.quiet,
            verbose: screen.verbose,
            ..Overrides::default()
        }
    }

    /// What goes into the archive beside the project's own files.
    #[must_use]
    pub fn wish(&self) -> SdistWish {
        SdistWish { vendor: self.vendor }
    }
}

/// What `repair` takes: auditwheel's flags with auditwheel's meaning.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Wheel")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of auditwheel's own")]
pub struct RepairArguments {
    /// Wheels to repair
    #[arg(required = true, value_name = "WHEEL", help_heading = "Arguments")]
    pub wheels: Vec<PathBuf>,
    /// Folder for the repaired wheels
    #[arg(short, long, value_name = "FOLDER", default_value = "wheelhouse")]
    pub wheel_dir: PathBuf,
    /// Platform to hold to: manylinux_2_28, auto [default: auto] [env: AUDITWHEEL_PLAT]
    #[arg(long, value_name = "TAG", value_parser = repair_platform)]
    pub plat: Option<RepairPlatform>,
    /// Name no better platform beside the one that was asked for
    #[arg(long)]
    pub only_plat: bool,
    /// What is laid beside the wheels.
    #[command(flatten)]
    pub artifacts: ArtifactArguments,
    /// Leave the tags as they are
    #[arg(long, hide_short_help = true)]
    pub no_update_tags: bool,
    /// Take wheels without machine code for repaired
    #[arg(long, hide_short_help = true)]
    pub allow_pure_python_wheel: bool,
    /// Strip symbols from all libraries
    #[arg(long)]
    pub strip: bool,
    /// How hard files are compressed, from 0 to 9 [default: 6]
    #[arg(short = 'z', long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=9), hide_short_help = true)]
    pub zip_compression_level: Option<u8>,
    /// Libraries to leave out: a soname such as libfoo.so.*, or cuda
    #[arg(long, value_name = "GLOB", action = ArgAction::Append, value_parser = soname_glob, help_heading = "Libraries")]
    pub exclude: Vec<String>,
    /// Folders with libraries, between colons [default: LD_LIBRARY_PATH]
    #[arg(long, value_name = "FOLDERS", help_heading = "Libraries")]
    pub ldpaths: Option<String>,
    /// Folder to look for libraries in, behind the loader's own
    #[arg(long, value_name = "FOLDER", action = ArgAction::Append, help_heading = "Libraries")]
    pub lib_dir: Vec<PathBuf>,
    /// Root of the system that libraries are taken from [default: /]
    #[arg(
        long,
        value_name = "FOLDER",
        hide_short_help = true,
        help_heading = "Libraries"
    )]
    pub sysroot: Option<PathBuf>,
    /// What the folder of libraries in the wheel ends in
    #[arg(
        short = 'L',
        long,
        value_name = "SUFFIX",
        default_value = ".libs",
        value_parser = folder_suffix,
        help_heading = "Libraries"
    )]
    pub lib_sdir: String,
    /// Folder beside the packages with libraries that are left out: nvidia/cublas/lib
    #[arg(long, value_name = "FOLDER", action = ArgAction::Append, hide_short_help = true, help_heading = "Libraries")]
    pub run_path: Vec<String>,
}

/// `--plat`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepairPlatform {
    /// The platform; none for the best that holds.
    wish: Option<PlatformWish>,
    /// The architecture behind it.
    architecture: Option<String>,
}

/// What makes another folder of the distribution's name, beside its packages.
fn folder_suffix(written: &str) -> Result<String, &'static str> {
    let is_an_end = written.starts_with(['.', '_', '-']) && written.len() > 1;
    if is_an_end && !written.contains(['/', '\\']) && !written.contains("..") {
        Ok(written.to_owned())
    } else {
        Err("it begins with `.`, `_` or `-` and is the end of one folder's name")
    }
}

/// A platform with its architecture, which the wheel has anyway, or without.
fn repair_platform(written: &str) -> Result<RepairPlatform, TagError> {
    if written == "auto" {
        return Ok(RepairPlatform::default());
    }
    if let Ok(wish) = PlatformWish::parse(written) {
        return Ok(RepairPlatform {
            wish: Some(wish),
            architecture: None,
        });
    }
    // `manylinux_2_28_x86_64`, `manylinux2014_aarch64`, `linux_x86_64`: the longest beginning that is a wish, then the machine.
    let cuts = written
        .match_indices('_')
        .map(|(at, _)| written.split_at(at))
        .rev();
    let mut parsed =
        cuts.filter_map(|(beginning, rest)| Some((PlatformWish::parse(beginning).ok()?, rest.get(1..)?)));
    match parsed.next() {
        Some((wish, architecture)) => Ok(RepairPlatform {
            wish: Some(wish),
            architecture: Some(architecture.to_owned()),
        }),
        None => Err(TagError::Wish(written.to_owned())),
    }
}

impl RepairArguments {
    /// What was asked, with what the environment says of libraries.
    pub fn request(&self, host: &Host) -> Result<repair::Request, UsageError> {
        let level = self.zip_compression_level;
        let variable = "AUDITWHEEL_PLAT";
        let platform = match (&self.plat, host.variable(variable)) {
            (Some(asked), _) => asked.clone(),
            (None, None) => RepairPlatform::default(),
            (None, Some(value)) => repair_platform(value).map_err(|_| UsageError::PlatformVariable {
                name: variable,
                value: value.to_owned(),
            })?,
        };
        Ok(repair::Request {
            wheels: self.wheels.iter().map(|wheel| host.absolute(wheel)).collect(),
            out: host.absolute(&self.wheel_dir),
            platforms: platform.wish.into_iter().collect(),
            architecture: platform.architecture,
            only_those: self.only_plat,
            keep_tags: self.no_update_tags,
            allow_pure: self.allow_pure_python_wheel,
            search: Search {
                sysroot: self
                    .sysroot
                    .as_ref()
                    .map_or_else(|| PathBuf::from("/"), |path| host.absolute(path)),
                library_path: library_path(self.ldpaths.as_deref(), host),
                extra: self.lib_dir.iter().map(|path| host.absolute(path)).collect(),
                exclude: excluded_globs(&self.exclude),
            },
            folder_suffix: self.lib_sdir.clone(),
            run_path: self.run_path.clone(),
            strip: self.strip,
            compression: level.map_or_else(Compression::default, Compression::Deflated),
        })
    }
}

/// Where libraries are looked for first: `--ldpaths`, else what the environment says.
pub(super) fn library_path(ldpaths: Option<&str>, host: &Host) -> Vec<PathBuf> {
    let written = ldpaths
        .or_else(|| host.variable("AUDITWHEEL_LD_LIBRARY_PATH"))
        .or_else(|| host.variable("LD_LIBRARY_PATH"));
    host.folders(written.unwrap_or_default())
}

/// `--auditwheel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditArgument {
    /// Bundle what is missing.
    #[value(help = None)]
    Repair,
    /// Refuse what is missing.
    #[value(help = None)]
    Check,
    /// Say what is missing.
    #[value(help = None)]
    Warn,
    /// Do not look.
    #[value(help = None)]
    Skip,
}

impl From<AuditArgument> for AuditMode {
    fn from(argument: AuditArgument) -> Self {
        match argument {
            AuditArgument::Repair => Self::Repair,
            AuditArgument::Check => Self::Check,
            AuditArgument::Warn => Self::Warn,
            AuditArgument::Skip => Self::Skip,
        }
    }
}

/// `--compression-method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompressionArgument {
    /// Deflate, which every installer reads.
    #[value(help = None)]
    Deflated,
    /// As it is.
    #[value(help = None)]
    Stored,
    /// Refused: no installer has to read it.
    #[value(hide = true)]
    Bzip2,
    /// Refused: no installer has to read it.
    #[value(hide = true)]
    Zstd,
}

/// Looks at the variables that stand for flags as clap looks at flags; what they mean is decided with the other settings.
pub fn check_variables(host: &Host) -> Result<(), UsageError> {
    Variables::read(host)?;
    Ok(())
}

/// A pattern of sonames, checked here so that a wrong one is wrong usage.
pub(super) fn soname_glob(written: &str) -> Result<String, glob::PatternError> {
    glob::Pattern::new(written).map(|_| written.to_owned())
}

fn python_version(written: &str) -> Result<Version, VersionError> {
    Version::parse(written)
}

fn platform_wish(written: &str) -> Result<PlatformWish, TagError> {
    PlatformWish::parse(written)
}

impl BuildArguments {
    /// What was asked, for the project to weigh against its files; `screen` belongs to it because cargo is told too.
    pub fn overrides(&self, screen: &ScreenArguments) -> Result<Overrides, UsageError> {
        self.later.refuse()?;
        let cargo = &self.cargo;
        Ok(Overrides {
            manifest_path: self.manifest_path.clone(),
            out: self.out.clone(),
            interpreters: self.interpreter.clone(),
            find_interpreters: self.find_interpreter,
            bindings: self.bindings.clone(),
            profile: cargo
                .profile
                .clone()
                .or_else(|| cargo.release.then(|| "release".to_owned())),
            features: cargo.features.clone(),
            all_features: cargo.all_features,
            no_default_features: cargo.no_default_features,
            target: cargo.target.clone(),
            target_dir: cargo.target_dir.clone(),
            locked: cargo.locked,
            frozen: cargo.frozen,
            offline: cargo.offline,
            jobs: cargo.jobs.clone(),
            quiet: screen.quiet,
            verbose: screen.verbose,
            config: cargo.config.clone(),
            unstable_flags: cargo.unstable_flags.clone(),
            ignore_rust_version: cargo.ignore_rust_version,
            timings: cargo.timings,
            future_incompat_report: cargo.future_incompat_report,
            color: screen.color.map(|color| color.name().to_owned()),
            strip: self.strip,
            remap_paths: self.remap_paths,
            for_image: self.for_image.clone(),
            compatibility: self.compatibility.clone(),
            audit_mode: self.audit_mode(),
            compression: self.compression()?,
            rustc_args: cargo.rustc_args.clone(),
            sbom_include: self.sbom_include.clone(),
            exclude_libs: self.libraries.exclude_lib.clone(),
            lib_dirs: self.libraries.lib_dir.clone(),
            sysroot: self.libraries.sysroot.clone(),
            run_path: self.libraries.run_path.clone(),
            pgo: self.pgo,
            profiling: None,
            generate_stubs: self.generate_stubs,
            include_debuginfo: self.include_debuginfo,
            build_version: self.build_version.clone(),
            build_tag: self.build_tag.clone(),
            purpose: Purpose::Distribution,
        })
    }

    fn audit_mode(&self) -> Option<AuditMode> {
        if self.skip_auditwheel {
            return Some(AuditMode::Skip);
        }
        self.auditwheel.map(AuditMode::from)
    }

    fn compression(&self) -> Result<Option<Compression>, UsageError> {
        let refused = |written| {
            Err(UsageError::NotYet {
                written,
                subject: "a compression that installers need not understand",
                instead: "leave it out: `deflated` is what every installer reads",
            })
        };
        match (self.compression_method, self.compression_level) {
            (None, None) => Ok(None),
            (None | Some(CompressionArgument::Deflated), Some(level)) => {
                Ok(Some(Compression::Deflated(level)))
            }
            (Some(CompressionArgument::Deflated), None) => Ok(Some(Compression::default())),
            (Some(CompressionArgument::Stored), None | Some(0)) => Ok(Some(Compression::Stored)),
            (Some(CompressionArgument::Stored), Some(level)) => Err(UsageError::LevelOfStored(level)),
            (Some(CompressionArgument::Bzip2), _) => refused("--compression-method bzip2"),
            (Some(CompressionArgument::Zstd), _) => refused("--compression-method zstd"),
        }
    }
}

const BUILD_EXAMPLES: &[(&str, &str)] = &[
    ("ironwheel build", "the crate here, for the default Python"),
    (
        "ironwheel build -m backend/Cargo.toml -o dist --locked",
        "another crate, another folder",
    ),
    ("ironwheel build -i 3.10 -i 3.12", "a wheel for each Python"),
    (
        "ironwheel build --compatibility manylinux_2_28",
        "this platform or none",
    ),
    (
        "ironwheel build --message-format json",
        "path, tags, sha256 and more for scripts",
    ),
    (
        "ironwheel build -- -C target-cpu=x86-64-v3",
        "an argument for the crate's rustc",
    ),
];

const PLAN_EXAMPLES: &[(&str, &str)] = &[
    ("ironwheel plan", "wheels, layout, files, and what was set"),
    ("ironwheel plan -v", "also the settings nobody touched"),
    (
        "ironwheel plan -f --message-format json",
        "one event a wheel, for scripts",
    ),
];

const CHECK_EXAMPLES: &[(&str, &str)] = &[
    ("ironwheel check dist/*", "by the packaging standards"),
    (
        "ironwheel check --profile pypi dist/*",
        "also by what the public index refuses",
    ),
    (
        "ironwheel check --fix -o mended old.whl",
        "a mended copy, where that needs no build",
    ),
    (
        "ironwheel check --message-format json a.whl",
        "one event a finding, for scripts",
    ),
];

const CI_EXAMPLES: &[(&str, &str)] = &[
    ("ironwheel ci github", "for x86_64 and aarch64, with attestations"),
    ("ironwheel ci gitlab --print", "only shown"),
    (
        "ironwheel ci github --apt libpq-dev --pytest",
        "with a library, and the project's tests",
    ),
    (
        "ironwheel ci github --arch x86_64,s390x=our-runner",
        "with a machine of one's own",
    ),
];

const SDIST_EXAMPLES: &[(&str, &str)] = &[
    ("ironwheel sdist -o dist", "the project here"),
    ("ironwheel sdist --vendor", "with the sources of all dependencies"),
    ("ironwheel plan --sdist", "what it would hold, and why"),
];

/// Exit statuses, and what they mean.
pub(super) const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "done"),
    ("1", "failed"),
    ("2", "wrong usage"),
    ("3", "the result breaks the requested policy"),
    ("101", "cargo failed"),
    ("128+N", "ended by signal N"),
];

/// Lines to start from, for the command of that name; the program's own where it is empty.
pub(super) fn examples(command: &str) -> &'static [(&'static str, &'static str)] {
    match command {
        "" | "build" => BUILD_EXAMPLES,
        "plan" => PLAN_EXAMPLES,
        "sdist" => SDIST_EXAMPLES,
        "check" => CHECK_EXAMPLES,
        "ci" => CI_EXAMPLES,
        _ => &[],
    }
}

const TEMPLATE: &str = "{about-with-newline}\n{usage-heading} {usage}{after-help}";

/// The grammar of the command line, with its help.
///
/// `-h` shows what is used every day, `--help` every flag, examples and the exit statuses. Clap would give each flag of its
/// long help three lines; here a flag has one line in both, so both lists are drawn the short way and stand as the ending.
#[must_use]
pub fn grammar() -> clap::Command {
    let mut grammar = Arguments::command();
    grammar.build();
    // `ironwheel help build` works, but the list of commands need not say so beside `--help`.
    let grammar = grammar.mut_subcommand("help", |command| command.hide(true));
    with_help(grammar, examples(""))
        .mut_subcommand("build", |command| with_help(command, examples("build")))
        .mut_subcommand("plan", |command| with_help(command, examples("plan")))
        .mut_subcommand("sdist", |command| with_help(command, examples("sdist")))
        .mut_subcommand("check", |command| with_help(command, examples("check")))
}

fn with_help(command: clap::Command, examples: &[(&str, &str)]) -> clap::Command {
    let mut everyday = command.clone().help_template("{all-args}");
    let mut every_flag = everyday
        .clone()
        .mut_args(|argument| argument.hide_short_help(false));
    let short = everyday.render_help();
    let mut long = every_flag.render_help();
    push_table(&mut long, "Examples", examples);
    push_table(&mut long, "Exit status", EXIT_STATUS);
    command
        .help_template(TEMPLATE)
        .after_help(short)
        .after_long_help(long)
}

fn push_table(text: &mut StyledStr, heading: &str, rows: &[(&str, &str)]) {
    use std::fmt::Write as _;
    let style = clap::builder::Styles::styled();
    let (header, literal) = (style.get_header(), style.get_literal());
    let width = rows.iter().map(|(left, _)| left.len()).max().unwrap_or(0);
    // Writing to a string in memory cannot fail.
    let _ = writeln!(text, "\n{header}{heading}:{header:#}");
    for (left, right) in rows {
        let _ = writeln!(text, "  {literal}{left:width$}{literal:#}  {right}");
    }
}

/// Reads the command line; an error of clap's also stands for `--help` and `--version`.
pub fn parse<I, T>(arguments: I) -> Result<Arguments, clap::Error>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    if let [_, command, rest @ ..] = arguments.as_slice()
        && command == "elf"
        && let Some(elf) = ElfArguments::quickly(rest)
    {
        return Ok(Arguments {
            screen: ScreenArguments::default(),
            command: Command::Elf(elf),
        });
    }
    by_the_grammar(arguments)
}

/// What a line means, or what is wrong with it.
pub(super) fn by_the_grammar(arguments: Vec<OsString>) -> Result<Arguments, clap::Error> {
    let matches = grammar().try_get_matches_from(arguments)?;
    Arguments::from_arg_matches(&matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(line: &str) -> Overrides {
        try_overrides(line).expect("usage that holds")
    }

    fn try_overrides(line: &str) -> Result<Overrides, UsageError> {
        let arguments = parse(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}"));
        match arguments.command {
            Command::Build(build) | Command::Plan(build) => build.overrides(&arguments.screen),
            _ => panic!("{line}: no build"),
        }
    }

    fn refused(line: &str) -> String {
        let error = parse(line.split_whitespace()).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
        error.to_string()
    }

    #[test]
    fn the_grammar_holds_together() {
        grammar().debug_assert();
    }

    #[test]
    fn a_line_of_a_dockerfile_means_the_same() {
        let asked = overrides("ironwheel build --release --manifest-path backend/Cargo.toml -o /tmp/wheels");
        assert_eq!(asked.manifest_path, Some("backend/Cargo.toml".into()));
        assert_eq!(asked.out, Some("/tmp/wheels".into()));
        assert_eq!(asked.profile.as_deref(), Some("release"));
    }

    #[test]
    fn nothing_asked_is_nothing_overridden() {
        let asked = overrides("ironwheel b");
        assert_eq!(format!("{asked:?}"), format!("{:?}", Overrides::default()));
    }

    #[test]
    fn interpreters_come_at_once_or_one_by_one_and_keep_their_order() {
        let asked = overrides("ironwheel build -i 3.12 3.9 -i pypy3.11 -o x");
        assert_eq!(asked.interpreters, ["3.12", "3.9", "pypy3.11"]);
        assert!(overrides("ironwheel build -i").interpreters.is_empty());
        assert!(refused("ironwheel build -i 3.9 -f").contains("cannot be used with"));
    }

    #[test]
    fn every_flag_of_cargo_s_arrives() {
        let asked = overrides(
            "ironwheel build --profile dist -F a,b --features c --all-features --no-default-features --target t \
             --target-dir d --locked --frozen --offline -j -1 -q -vv --config a.b=1 -Z x --color never \
             --ignore-rust-version --timings --future-incompat-report -- -C opt-level=3",
        );
        assert_eq!(asked.profile.as_deref(), Some("dist"));
        assert_eq!(asked.features, ["a,b", "c"]);
        assert!(asked.all_features && asked.no_default_features);
        assert!(asked.locked && asked.frozen && asked.offline);
        assert!(asked.ignore_rust_version && asked.timings && asked.future_incompat_report);
        assert_eq!(asked.target.as_deref(), Some("t"));
        assert_eq!(asked.target_dir, Some("d".into()));
        assert_eq!(asked.jobs.as_deref(), Some("-1"));
        assert!(asked.quiet);
        assert_eq!(asked.verbose, 2);
        assert_eq!(asked.color.as_deref(), Some("never"));
        assert_eq!(asked.config, ["a.b=1"]);
        assert_eq!(asked.unstable_flags, ["x"]);
        assert_eq!(asked.rustc_args, ["-C", "opt-level=3"]);
    }

    #[test]
    fn flags_for_the_screen_stand_before_or_behind_the_command() {
        for line in [
            "ironwheel -v build --message-format json",
            "ironwheel --message-format json build -v",
        ] {
            let arguments = parse(line.split_whitespace()).unwrap();
            assert_eq!(arguments.screen.verbose, 1, "{line}");
            assert_eq!(arguments.screen.message_format, MessageFormat::Json, "{line}");
        }
    }

    #[test]
    fn strip_takes_a_word_or_none() {
        assert_eq!(overrides("ironwheel build").strip, None);
        assert_eq!(overrides("ironwheel build --strip").strip, Some(true));
        assert_eq!(overrides("ironwheel build --strip -o x").strip, Some(true));
        assert_eq!(overrides("ironwheel build --strip false").strip, Some(false));
    }

    #[test]
    fn platforms_are_read_as_they_are_typed() {
        let asked = overrides("ironwheel build --manylinux 2014 --compatibility musllinux_1_2 pypi");
        assert_eq!(
            asked.compatibility,
            [
                PlatformWish::Manylinux(2, 17),
                PlatformWish::Musllinux(1, 2),
                PlatformWish::Pypi
            ]
        );
        assert!(refused("ironwheel build --compatibility solaris").contains("is not a platform tag"));
    }

    #[test]
    fn a_variable_that_stands_for_a_flag_is_checked_like_one() {
        let check = |value: &str| {
            let variables = [("MATURIN_STRIP".to_owned(), value.to_owned())].into();
            check_variables(&Host::new(variables, "/".into()).unwrap())
        };
        assert_eq!(check("true"), Ok(()));
        assert_eq!(check(""), Ok(()));
        assert!(check("yes").unwrap_err().to_string().contains("`MATURIN_STRIP`"));
    }

    #[test]
    fn the_old_name_for_no_audit_still_works() {
        assert_eq!(
            overrides("ironwheel build --skip-auditwheel").audit_mode,
            Some(AuditMode::Skip)
        );
        assert_eq!(
            overrides("ironwheel build --auditwheel check").audit_mode,
            Some(AuditMode::Check)
        );
    }

    #[test]
    fn compression_is_a_method_and_a_level() {
        let compression = |flags: &str| overrides(&format!("ironwheel build {flags}")).compression;
        assert_eq!(
            compression("--compression-level 9"),
            Some(Compression::Deflated(9))
        );
        assert_eq!(
            compression("--compression-method stored"),
            Some(Compression::Stored)
        );
        assert_eq!(
            compression("--compression-method deflated --compression-enable-large-file-support"),
            Some(Compression::default())
        );
        assert_eq!(
            try_overrides("ironwheel build --compression-method stored --compression-level 3").unwrap_err(),
            UsageError::LevelOfStored(3)
        );
        refused("ironwheel build --compression-level 10");
    }

    #[test]
    fn what_a_later_version_brings_is_refused_by_name() {
        for flag in ["--zig", "--compression-method bzip2", "--compression-method zstd"] {
            let error = try_overrides(&format!("ironwheel build {flag}")).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{flag}`")), "{error}");
            assert!(!error.hint().is_empty());
        }
    }

    #[test]
    fn short_help_is_shorter_and_long_help_has_examples_and_statuses() {
        let short = parse(["ironwheel", "build", "-h"]).unwrap_err().to_string();
        let long = parse(["ironwheel", "build", "--help"]).unwrap_err().to_string();
        assert!(short.lines().count() < long.lines().count());
        assert!(short.contains("--manifest-path") && !short.contains("--timings"));
        for part in [
            "--manifest-path",
            "--timings",
            "Examples:",
            "Exit status:",
            "128+N",
        ] {
            assert!(long.contains(part), "{part}");
        }
        assert!(long.contains("--pgo") && !long.contains("--zig"));
        assert_eq!(
            parse(["ironwheel", "help", "build"]).unwrap_err().to_string(),
            long
        );
    }
}

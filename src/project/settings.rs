//! What was asked (`Overrides`) and what it means (`Settings`): flags, then `[tool.ironwheel]`, then `[tool.maturin]`, then the
//! environment's and our own defaults. Every setting knows where it comes from.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::tag::PlatformWish;
use crate::zip::deflate::Compression;

/// What flags and front doors ask; nothing resolved, all optional.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `-m`.
    pub manifest_path: Option<PathBuf>,
    /// `-o`.
    pub out: Option<PathBuf>,
    /// `-i`, in order.
    pub interpreters: Vec<String>,
    /// `-f`.
    pub find_interpreters: bool,
    /// `-b`.
    pub bindings: Option<String>,
    /// `--profile`, or `-r` (`release`).
    pub profile: Option<String>,
    /// `-F`, as typed.
    pub features: Vec<String>,
    /// `--all-features`.
    pub all_features: bool,
    /// `--no-default-features`.
    pub no_default_features: bool,
    /// `--target`.
    pub target: Option<String>,
    /// `--target-dir`.
    pub target_dir: Option<PathBuf>,
    /// `--locked`.
    pub locked: bool,
    /// `--frozen`.
    pub frozen: bool,
    /// `--offline`.
    pub offline: bool,
    /// `-j`.
    pub jobs: Option<String>,
    /// `-q`.
    pub quiet: bool,
    /// `-v`, counted.
    pub verbose: u8,
    /// `--config`, as typed.
    pub config: Vec<String>,
    /// `-Z`, as typed.
    pub unstable_flags: Vec<String>,
    /// `--ignore-rust-version`.
    pub ignore_rust_version: bool,
    /// `--timings`.
    pub timings: bool,
    /// `--future-incompat-report`.
    pub future_incompat_report: bool,
    /// `--color`.
    pub color: Option<String>,
    /// `--strip`.
    pub strip: Option<bool>,
    /// `--compatibility`.
    pub compatibility: Vec<PlatformWish>,
    /// `--auditwheel`.
    pub audit_mode: Option<AuditMode>,
    /// `--compression-level` and `--compression-method`.
    pub compression: Option<Compression>,
    /// After `--`.
    pub rustc_args: Vec<String>,
    /// `--sbom-include`.
    pub sbom_include: Vec<PathBuf>,
}

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// A table of pyproject.toml: `tool.ironwheel`.
    File(&'static str),
    /// A variable.
    Environment(&'static str),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("command line"),
            Self::File(table) => write!(f, "[{table}]"),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A value that nobody asked for.
    pub fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }

    /// Whether somebody asked for it.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.origin != Origin::Default
    }
}

/// What the audit's verdict may do to the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditMode {
    /// Bundle what is missing.
    Repair,
    /// Refuse what is missing.
    Check,
    /// Say what is missing.
    Warn,
    /// Do not look.
    Skip,
}

/// A cargo feature, perhaps for some interpreters only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// As cargo takes it: `pyo3/abi3-py311`.
    pub name: String,
    /// Interpreters it is for, by version.
    pub python_version: Option<pep440_rs::VersionSpecifiers>,
    /// Interpreters it is for, by `sys.implementation.name`.
    pub python_implementation: Option<String>,
}

/// An `include` or `exclude` pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The glob.
    pub glob: String,
    /// Whether it concerns wheels.
    pub wheel: bool,
    /// Whether it concerns source distributions.
    pub sdist: bool,
    /// `from = "out-dir"`.
    pub from_out_dir: Option<OutDir>,
}

/// Where files of a build script go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutDir {
    /// The folder in the wheel.
    pub to: String,
    /// Whose build script; the root crate's where nothing is said.
    pub crate_name: Option<String>,
}

/// All settings, each with its origin.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where wheels go.
    pub out: Setting<PathBuf>,
    /// The cargo profile.
    pub profile: Setting<String>,
    /// Cargo features.
    pub features: Setting<Vec<Feature>>,
    /// `--all-features`.
    pub all_features: Setting<bool>,
    /// `--no-default-features`.
    pub no_default_features: Setting<bool>,
    /// `--locked`.
    pub locked: Setting<bool>,
    /// `--frozen`.
    pub frozen: Setting<bool>,
    /// `--offline`.
    pub offline: Setting<bool>,
    /// `--config` for cargo.
    pub config: Setting<Vec<String>>,
    /// `-Z` for cargo.
    pub unstable_flags: Setting<Vec<String>>,
    /// Arguments for the last rustc alone.
    pub rustc_args: Setting<Vec<String>>,
    /// The target triple, where one is asked for.
    pub target: Setting<Option<String>>,
    /// Strip symbols.
    pub strip: Setting<bool>,
    /// Wished platform tags; empty: the best that holds.
    pub compatibility: Setting<Vec<PlatformWish>>,
    /// What the audit may do.
    pub audit_mode: Setting<AuditMode>,
    /// How files are compressed.
    pub compression: Setting<Compression>,
    /// `include`.
    pub include: Setting<Vec<Pattern>>,
    /// `exclude`.
    pub exclude: Setting<Vec<Pattern>>,
    /// `python-source`.
    pub python_source: Setting<Option<PathBuf>>,
    /// `python-packages`.
    pub python_packages: Setting<Vec<String>>,
    /// `module-name`.
    pub module_name: Setting<Option<String>>,
    /// `bindings`.
    pub bindings: Setting<Option<String>>,
    /// `data`.
    pub data: Setting<Option<PathBuf>>,
    /// Interpreters asked for.
    pub interpreters: Setting<Vec<String>>,
    /// `-f`.
    pub find_interpreters: Setting<bool>,
    /// A bill of materials of the crates compiled in.
    pub sbom_rust: Setting<bool>,
    /// Further bills of materials.
    pub sbom_include: Setting<Vec<PathBuf>>,
    /// What goes to cargo as typed.
    pub passed: Passed,
}

/// Flags that only cargo cares for.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of cargo's own")]
pub struct Passed {
    /// `-j`.
    pub jobs: Option<String>,
    /// `-q`.
    pub quiet: bool,
    /// `-v`, counted.
    pub verbose: u8,
    /// `--ignore-rust-version`.
    pub ignore_rust_version: bool,
    /// `--timings`.
    pub timings: bool,
    /// `--future-incompat-report`.
    pub future_incompat_report: bool,
    /// `--color`.
    pub color: Option<String>,
    /// `--target-dir`, made absolute.
    pub target_dir: Option<PathBuf>,
}

//! What was asked (`Overrides`) and what it means (`Settings`): flags, then `[tool.ironwheel]`, then `[tool.maturin]`, then the
//! environment's and our own defaults. Every setting knows where it comes from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use super::keys::{self, Whose};
use super::notice::Notice;
use super::pyproject::{Content, Document, DocumentError, Item, Table, Text};
use crate::fs;
use crate::host::Host;
use crate::name::ModulePath;
use crate::tag::{BuildTag, PlatformWish};
use crate::version::Version;
use crate::zip::deflate::Compression;

/// What flags and front doors ask; nothing resolved, all optional.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
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
    /// `--remap-paths`.
    pub remap_paths: Option<bool>,
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
    /// `--exclude-lib`.
    pub exclude_libs: Vec<String>,
    /// `--lib-dir`.
    pub lib_dirs: Vec<PathBuf>,
    /// `--sysroot`.
    pub sysroot: Option<PathBuf>,
    /// `--run-path`.
    pub run_path: Vec<String>,
    /// `--pgo`.
    pub pgo: bool,
    /// Which half of a build with `--pgo` this is.
    pub profiling: Option<Profiling>,
    /// `--generate-stubs`.
    pub generate_stubs: bool,
    /// `--include-debuginfo`.
    pub include_debuginfo: bool,
    /// `--build-version`.
    pub build_version: Option<Version>,
    /// `--build-tag`.
    pub build_tag: Option<BuildTag>,
    /// `--for-image`.
    pub for_image: Option<String>,
    /// What the build is for.
    pub purpose: Purpose,
}

/// What a build is for: it decides what holds where nobody asked for anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A wheel for others: the audit finds the best platform.
    #[default]
    Distribution,
    /// A wheel that a front end installs on this machine: nothing is promised to others unless somebody asks for it.
    Install,
    /// An editable wheel that a front end installs on this machine.
    Editable,
    /// An editable installation by `develop`.
    Develop,
}

impl Purpose {
    /// Whether the sources are to stay where they are.
    #[must_use]
    pub fn is_editable(self) -> bool {
        matches!(self, Self::Editable | Self::Develop)
    }
}

/// What a build has to do with a profile of how the program runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profiling {
    /// What is built records how it runs, into this folder.
    Record(PathBuf),
    /// What is built is optimised by this file.
    Use(PathBuf),
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

/// A target of the crate that `targets` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetWish {
    /// Its name.
    pub name: String,
    /// `cdylib`, `bin` …
    pub kind: Option<String>,
}

/// Who says which files belong to a source distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SdistGenerator {
    /// Cargo, as for `cargo package`.
    Cargo,
    /// Git: what is tracked.
    Git,
}

/// Which binaries go into the wheel beside the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bins {
    /// None; a crate without a library has all of them in its wheel whatever this says.
    None,
    /// All there are.
    All,
    /// These.
    Named(Vec<String>),
}

/// A further extension module that the wheel shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionWish {
    /// What Python imports it as: `package._other`.
    pub module: String,
    /// The crate of the workspace that it is made from.
    pub crate_name: String,
}

/// A version that neither pyproject.toml nor Cargo.toml has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionWish {
    /// This one.
    Given(Version),
    /// That of the nearest tag.
    Git {
        /// What stands before the version in the tags that count.
        tag_prefix: String,
        /// Whether the commit is named behind the version of what has no tag.
        names_commit: bool,
    },
}

/// The oldest macOS that one target triple is built for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacosDeploymentTarget {
    /// The triple.
    pub triple: String,
    /// The version of macOS: `11.0`.
    pub version: String,
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
    /// The crate's targets that are asked for; empty: whatever there is.
    pub targets: Setting<Vec<TargetWish>>,
    /// The target triple, where one is asked for.
    pub target: Setting<Option<String>>,
    /// Strip symbols.
    pub strip: Setting<bool>,
    /// Keep the paths of this machine out of what is compiled.
    pub remap_paths: Setting<bool>,
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
    /// A bill of materials of the libraries that travel in the wheel.
    pub sbom_libraries: Setting<bool>,
    /// Libraries that stay out of the wheel: globs of sonames, or the names of presets.
    pub exclude_libs: Setting<Vec<String>>,
    /// Folders where libraries are looked for that the loader would not look in.
    pub lib_dirs: Setting<Vec<PathBuf>>,
    /// The root of the system that the wheel is built for, where it is not this one's.
    pub sysroot: Setting<Option<PathBuf>>,
    /// Folders among the packages where libraries lie that stay out of the wheel.
    pub run_path: Setting<Vec<String>>,
    /// The cargo profile of editable installs; without one it is `profile`, and the front door has the last word.
    pub editable_profile: Setting<Option<String>>,
    /// Whether a profile is recorded first and used for the build.
    pub pgo: Setting<bool>,
    /// What runs while the profile is recorded.
    pub pgo_command: Setting<Option<String>>,
    /// The dependency group that `pgo_command` needs.
    pub pgo_dependency_group: Setting<String>,
    /// Write a type stub from what PyO3 records.
    pub generate_stubs: Setting<bool>,
    /// Put separate debug information into the wheel.
    pub include_debuginfo: Setting<bool>,
    /// Put the import library of Windows into the wheel.
    pub include_import_lib: Setting<bool>,
    /// Who says which files belong to a source distribution.
    pub sdist_generator: Setting<SdistGenerator>,
    /// In a build environment, build for the Python that it was made from.
    pub use_base_python: Setting<bool>,
    /// The oldest macOS to run on, by target triple.
    pub macos_deployment_targets: Setting<Vec<MacosDeploymentTarget>>,
    /// Binaries that go into the wheel beside the library.
    pub bins: Setting<Bins>,
    /// Further extension modules.
    pub extensions: Setting<Vec<ExtensionWish>>,
    /// Where the version comes from, if not from pyproject.toml or Cargo.toml.
    pub version: Setting<Option<VersionWish>>,
    /// The build tag in the wheel's file name.
    pub build_tag: Setting<Option<BuildTag>>,
    /// The container image that wheels are installed into, by name.
    pub for_image: Setting<Option<String>>,
    /// What the build is for.
    pub purpose: Purpose,
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
    /// Which half of a build with `--pgo` this is.
    pub profiling: Option<Profiling>,
}

/// Where settings come from in a file: `[tool.ironwheel]` first, `[tool.maturin]` behind it.
#[derive(Debug, Clone, Default)]
pub struct Tables<'a> {
    tables: Vec<(&'static str, Table<'a>)>,
}

impl<'a> Tables<'a> {
    /// Finds the tables of a document and checks them against [`keys::KEYS`]. An unknown key of our own table is an error, one
    /// of `[tool.maturin]` a notice.
    pub fn of(document: &'a Document, notices: &mut Vec<Notice>) -> Result<Self, DocumentError> {
        let mut tables = Vec::new();
        if let Some(tool) = document.root().table("tool")? {
            for (key, name) in [("ironwheel", "tool.ironwheel"), ("maturin", "tool.maturin")] {
                let Some(table) = tool.table(key)? else { continue };
                let whose = if key == "ironwheel" {
                    Whose::Ours
                } else {
                    Whose::Both
                };
                for unknown in keys::check(&table, whose)? {
                    if whose == Whose::Ours {
                        return Err(unknown);
                    }
                    notices
                        .push(Notice::new(format!("{unknown}")).hint("it is ignored, as maturin ignores it"));
                }
                tables.push((name, table));
            }
        }
        Ok(Self { tables })
    }

    /// The first table's value, with the table it stands in.
    fn first<T>(
        &self,
        read: impl Fn(&Table<'a>) -> Result<Option<T>, DocumentError>,
    ) -> Result<Option<Setting<T>>, DocumentError> {
        let mut found = None;
        for (name, table) in &self.tables {
            // Later tables are read as well: a wrong value is an error even where it does not count.
            if let Some(value) = read(table)? {
                found.get_or_insert(Setting {
                    value,
                    origin: Origin::File(name),
                });
            }
        }
        Ok(found)
    }

    fn text(&self, key: &str) -> Result<Option<Setting<Text<'a>>>, DocumentError> {
        self.first(|table| table.text(key))
    }

    fn boolean(&self, key: &str) -> Result<Option<Setting<bool>>, DocumentError> {
        self.first(|table| table.boolean(key))
    }

    fn texts(&self, key: &str) -> Result<Option<Setting<Vec<String>>>, DocumentError> {
        self.first(|table| {
            Ok(table
                .texts(key)?
                .map(|texts| texts.iter().map(|text| text.value.to_owned()).collect()))
        })
    }

    /// `manifest-path`, as it is written.
    pub fn manifest_path(&self) -> Result<Option<Text<'a>>, DocumentError> {
        Ok(self.text("manifest-path")?.map(|setting| setting.value))
    }

    /// `python-source`, as it is written.
    pub fn python_source(&self) -> Result<Option<Text<'a>>, DocumentError> {
        Ok(self.text("python-source")?.map(|setting| setting.value))
    }

    /// `python-packages`, as they are written.
    pub fn python_packages(&self) -> Result<Vec<String>, DocumentError> {
        Ok(self
            .texts("python-packages")?
            .map(|setting| setting.value)
            .unwrap_or_default())
    }
}

/// Resolves all settings: what flags ask, else what the tables say, else the environment, else our defaults.
/// `root` is the folder that relative paths of the file are relative to.
#[expect(
    clippy::too_many_lines,
    reason = "a list of all settings, one after the other"
)]
pub fn resolve(
    overrides: &Overrides,
    tables: &Tables<'_>,
    root: &Path,
    host: &Host,
) -> Result<Settings, DocumentError> {
    let path_setting = |key: &str| -> Result<Setting<Option<PathBuf>>, DocumentError> {
        Ok(optional(
            None,
            tables.text(key)?.map(|text| Setting {
                value: fs::normalize(&root.join(text.value.value)),
                origin: text.origin,
            }),
        ))
    };
    let text_setting = |flag: Option<String>, key: &str| -> Result<Setting<Option<String>>, DocumentError> {
        Ok(optional(
            flag,
            tables.text(key)?.map(|text| Setting {
                value: text.value.value.to_owned(),
                origin: text.origin,
            }),
        ))
    };
    let flag = |asked: bool, key: &str| -> Result<Setting<bool>, DocumentError> {
        Ok(chosen(asked.then_some(true), tables.boolean(key)?, false))
    };
    let list = |asked: &[String], key: &str| -> Result<Setting<Vec<String>>, DocumentError> {
        let asked = (!asked.is_empty()).then(|| asked.to_vec());
        Ok(chosen(asked, tables.texts(key)?, Vec::new()))
    };
    let variables = Variables::read(host)?;
    let platform = platform(overrides, tables)?;
    let features = tables.first(features)?;
    let asked_features = (!overrides.features.is_empty()).then(|| split_features(&overrides.features));
    let sbom = tables.first(|table| table.table("sbom"))?;
    let profile = profile(
        overrides,
        text_setting(None, "profile")?.explicit(),
        text_setting(None, "editable-profile")?.explicit(),
    );
    Ok(Settings {
        out: chosen(
            overrides.out.as_ref().map(|out| host.absolute(out)),
            None,
            PathBuf::from("/tmp/wheels"),
        ),
        features: chosen(asked_features, features, Vec::new()),
        all_features: flag(overrides.all_features, "all-features")?,
        no_default_features: flag(overrides.no_default_features, "no-default-features")?,
        locked: flag(overrides.locked, "locked")?,
        frozen: flag(overrides.frozen, "frozen")?,
        offline: flag(overrides.offline, "offline")?,
        config: config(overrides, tables, root, host)?,
        unstable_flags: list(&overrides.unstable_flags, "unstable-flags")?,
        rustc_args: list(&overrides.rustc_args, "rustc-args")?,
        targets: chosen(None, tables.first(targets)?, Vec::new()),
        target: optional(
            overrides.target.clone(),
            host.variable("CARGO_BUILD_TARGET").map(|triple| Setting {
                value: triple.to_owned(),
                origin: Origin::Environment("CARGO_BUILD_TARGET"),
            }),
        ),
        strip: chosen(
            overrides.strip,
            variables.strip.or(tables.boolean("strip")?),
            false,
        ),
        // Debuggers want the real paths.
        remap_paths: chosen(
            overrides.remap_paths,
            tables.boolean("remap-paths")?,
            !matches!(profile.value.as_str(), "dev" | "test"),
        ),
        profile,
        compatibility: platform.0,
        audit_mode: platform.1,
        compression: chosen(overrides.compression, None, Compression::default()),
        include: patterns(tables, "include")?,
        exclude: patterns(tables, "exclude")?,
        python_source: path_setting("python-source")?,
        python_packages: list(&[], "python-packages")?,
        module_name: text_setting(None, "module-name")?,
        bindings: text_setting(overrides.bindings.clone(), "bindings")?,
        data: path_setting("data")?,
        interpreters: chosen(
            (!overrides.interpreters.is_empty()).then(|| overrides.interpreters.clone()),
            None,
            Vec::new(),
        ),
        find_interpreters: chosen(overrides.find_interpreters.then_some(true), None, false),
        sbom_rust: sbom_switch(sbom.as_ref(), "rust")?,
        sbom_libraries: sbom_switch(sbom.as_ref(), "auditwheel")?,
        exclude_libs: exclude_libs(overrides, tables)?,
        lib_dirs: lib_dirs(overrides, tables, root, host)?,
        sysroot: optional(
            overrides.sysroot.as_ref().map(|path| host.absolute(path)),
            path_setting("sysroot")?.explicit(),
        ),
        run_path: list(&overrides.run_path, "run-path")?,
        sbom_include: sbom_include(overrides, sbom.as_ref(), root, host)?,
        editable_profile: text_setting(None, "editable-profile")?,
        pgo: chosen(overrides.pgo.then_some(true), variables.pgo, false),
        pgo_command: text_setting(None, "pgo-command")?,
        pgo_dependency_group: chosen(
            None,
            text_setting(None, "pgo-dependency-group")?.explicit(),
            "dev".to_owned(),
        ),
        generate_stubs: flag(overrides.generate_stubs, "generate-stubs")?,
        include_debuginfo: flag(overrides.include_debuginfo, "include-debuginfo")?,
        include_import_lib: flag(false, "include-import-lib")?,
        sdist_generator: sdist_generator(tables)?,
        use_base_python: chosen(
            None,
            variables.use_base_python.or(tables.boolean("use-base-python")?),
            false,
        ),
        macos_deployment_targets: chosen(None, tables.first(macos_deployment_targets)?, Vec::new()),
        bins: chosen(None, tables.first(bins)?, Bins::None),
        extensions: chosen(None, tables.first(extensions)?, Vec::new()),
        version: optional(
            overrides.build_version.clone().map(VersionWish::Given),
            variables.build_version.or(tables.first(version)?),
        ),
        build_tag: optional(
            overrides.build_tag.clone(),
            variables.build_tag.or(tables.first(build_tag)?),
        ),
        for_image: text_setting(overrides.for_image.clone(), "for-image")?,
        purpose: overrides.purpose,
        passed: Passed {
            jobs: overrides.jobs.clone(),
            quiet: overrides.quiet,
            verbose: overrides.verbose,
            ignore_rust_version: overrides.ignore_rust_version,
            timings: overrides.timings,
            future_incompat_report: overrides.future_incompat_report,
            color: overrides.color.clone(),
            target_dir: overrides
                .target_dir
                .as_ref()
                .map(|folder| fs::normalize(&host.absolute(folder))),
            profiling: overrides.profiling.clone(),
        },
    })
}

/// Whether a build is to be optimised by how it runs: `--pgo`, or the variable of that name.
///
/// # Errors
/// Where a variable has a value that it cannot have.
pub fn wants_profile(overrides: &Overrides, host: &Host) -> Result<bool, VariableError> {
    let variable = Variables::read(host)?.pgo;
    Ok(overrides.pgo || variable.is_some_and(|setting| setting.value))
}

fn chosen<T>(asked: Option<T>, filed: Option<Setting<T>>, default: T) -> Setting<T> {
    match (asked, filed) {
        (Some(value), _) => Setting {
            value,
            origin: Origin::Flag,
        },
        (None, Some(filed)) => filed,
        (None, None) => Setting::default(default),
    }
}

fn optional<T>(asked: Option<T>, filed: Option<Setting<T>>) -> Setting<Option<T>> {
    let some = |setting: Setting<T>| Setting {
        value: Some(setting.value),
        origin: setting.origin,
    };
    chosen(asked.map(Some), filed.map(some), None)
}

impl<T> Setting<Option<T>> {
    /// The setting without the outer doubt, if somebody made it.
    fn explicit(self) -> Option<Setting<T>> {
        self.value.map(|value| Setting {
            value,
            origin: self.origin,
        })
    }
}

fn profile(
    overrides: &Overrides,
    profile: Option<Setting<String>>,
    editable_profile: Option<Setting<String>>,
) -> Setting<String> {
    let filed = if overrides.purpose.is_editable() {
        editable_profile.or(profile)
    } else {
        profile
    };
    let default = if overrides.purpose == Purpose::Develop {
        "dev"
    } else {
        "release"
    };
    chosen(overrides.profile.clone(), filed, default.to_owned())
}

/// The platforms that are wished for and what the audit may do. What stays on this machine is audited where somebody asks for it;
/// what stays in its source tree never is.
fn platform(
    overrides: &Overrides,
    tables: &Tables<'_>,
) -> Result<(Setting<Vec<PlatformWish>>, Setting<AuditMode>), DocumentError> {
    let asked = (compatibility(overrides, tables)?, audit_mode(overrides, tables)?);
    let is_asked = asked.0.is_explicit() || asked.1.is_explicit();
    if overrides.purpose.is_editable() || (overrides.purpose == Purpose::Install && !is_asked) {
        return Ok((
            Setting::default(vec![PlatformWish::Linux]),
            Setting::default(AuditMode::Skip),
        ));
    }
    Ok(asked)
}

fn config(
    overrides: &Overrides,
    tables: &Tables<'_>,
    root: &Path,
    host: &Host,
) -> Result<Setting<Vec<String>>, DocumentError> {
    let within = |values: &[String], folder: &Path| -> Vec<String> {
        values.iter().map(|value| config_value(value, folder)).collect()
    };
    let asked = (!overrides.config.is_empty()).then(|| within(&overrides.config, host.working_directory()));
    let filed = tables.texts("config")?.map(|filed| Setting {
        value: within(&filed.value, root),
        origin: filed.origin,
    });
    Ok(chosen(asked, filed, Vec::new()))
}

/// `--config` takes `KEY=VALUE` or a file; cargo runs in the manifest's folder, so a file's path is made absolute here.
fn config_value(value: &str, folder: &Path) -> String {
    if value.contains('=') {
        value.to_owned()
    } else {
        fs::normalize(&folder.join(value)).to_string_lossy().into_owned()
    }
}

/// `-F "a b,c"` names three features.
fn split_features(typed: &[String]) -> Vec<Feature> {
    typed
        .iter()
        .flat_map(|text| text.split([' ', ',']))
        .filter(|name| !name.is_empty())
        .map(|name| Feature {
            name: name.to_owned(),
            python_version: None,
            python_implementation: None,
        })
        .collect()
}

fn features(table: &Table<'_>) -> Result<Option<Vec<Feature>>, DocumentError> {
    let Some(items) = table.items("features")? else {
        return Ok(None);
    };
    items.iter().map(feature).collect::<Result<_, _>>().map(Some)
}

fn feature(item: &Item<'_>) -> Result<Feature, DocumentError> {
    match item {
        Item::Text(text) => Ok(Feature {
            name: text.value.to_owned(),
            python_version: None,
            python_implementation: None,
        }),
        Item::Table(table) => {
            let name = table
                .text("feature")?
                .ok_or_else(|| table.invalid("", "has no `feature`"))?;
            let python_version = table
                .text("python-version")?
                .map(|text| {
                    pep440_rs::VersionSpecifiers::from_str(text.value)
                        .map_err(|_| text.invalid(format!("is not a version specifier (`{}`)", text.value)))
                })
                .transpose()?;
            let python_implementation = table
                .text("python-implementation")?
                .map(|text| text.value.to_ascii_lowercase());
            Ok(Feature {
                name: name.value.to_owned(),
                python_version,
                python_implementation,
            })
        }
    }
}

fn targets(table: &Table<'_>) -> Result<Option<Vec<TargetWish>>, DocumentError> {
    let Some(items) = table.tables("targets")? else {
        return Ok(None);
    };
    let wish = |item: &Table<'_>| {
        let name = item
            .text("name")?
            .ok_or_else(|| item.invalid("", "has no `name`"))?;
        Ok(TargetWish {
            name: name.value.to_owned(),
            kind: item.text("kind")?.map(|kind| kind.value.to_owned()),
        })
    };
    items.iter().map(wish).collect::<Result<_, _>>().map(Some)
}

fn patterns(tables: &Tables<'_>, key: &str) -> Result<Setting<Vec<Pattern>>, DocumentError> {
    let filed = tables.first(|table| {
        let Some(items) = table.items(key)? else {
            return Ok(None);
        };
        items.iter().map(pattern).collect::<Result<_, _>>().map(Some)
    })?;
    Ok(chosen(None, filed, Vec::new()))
}

fn pattern(item: &Item<'_>) -> Result<Pattern, DocumentError> {
    let table = match item {
        Item::Text(text) => {
            return Ok(Pattern {
                glob: text.value.to_owned(),
                wheel: true,
                sdist: true,
                from_out_dir: None,
            });
        }
        Item::Table(table) => table,
    };
    let glob = table
        .text("path")?
        .ok_or_else(|| table.invalid("", "has no `path`"))?;
    let formats = table.text_or_texts("format")?;
    let has = |format: &str| {
        formats
            .as_ref()
            .is_none_or(|all| all.iter().any(|one| one.value == format))
    };
    let mut from_out_dir = None;
    if table.has("from") {
        let crate_name = match table.text("crate-name")? {
            Some(name) => Some(name),
            None => table.text("crate_name")?,
        };
        from_out_dir = Some(OutDir {
            to: table
                .text("to")?
                .map_or_else(String::new, |to| to.value.to_owned()),
            crate_name: crate_name.map(|name| name.value.to_owned()),
        });
    }
    let sdist = has("sdist") && from_out_dir.is_none();
    Ok(Pattern {
        glob: glob.value.to_owned(),
        wheel: has("wheel"),
        sdist,
        from_out_dir,
    })
}

fn sdist_generator(tables: &Tables<'_>) -> Result<Setting<SdistGenerator>, DocumentError> {
    let filed = tables.text("sdist-generator")?.map(|text| Setting {
        value: if text.value.value == "git" {
            SdistGenerator::Git
        } else {
            SdistGenerator::Cargo
        },
        origin: text.origin,
    });
    Ok(chosen(None, filed, SdistGenerator::Cargo))
}

fn macos_deployment_targets(table: &Table<'_>) -> Result<Option<Vec<MacosDeploymentTarget>>, DocumentError> {
    let Some(targets) = table.table("target")? else {
        return Ok(None);
    };
    let mut all = Vec::new();
    for triple in targets.keys() {
        let Some(target) = targets.table(triple)? else {
            continue;
        };
        let written = match target.text("macos-deployment-target")? {
            Some(version) => Some(version),
            None => target.text("macosx-deployment-target")?,
        };
        let Some(version) = written else { continue };
        let is_version = version.value.split('.').all(|part| part.parse::<u16>().is_ok());
        if !is_version {
            return Err(version.invalid(format!("is not a version of macOS (`{}`)", version.value)));
        }
        all.push(MacosDeploymentTarget {
            triple: triple.to_owned(),
            version: version.value.to_owned(),
        });
    }
    Ok(Some(all))
}

fn bins(table: &Table<'_>) -> Result<Option<Bins>, DocumentError> {
    let Some(node) = table.node("bins") else {
        return Ok(None);
    };
    Ok(Some(match node.content() {
        Content::Boolean(true) => Bins::All,
        Content::Boolean(false) => Bins::None,
        _ => Bins::Named(
            table
                .texts("bins")?
                .unwrap_or_default()
                .iter()
                .map(|name| name.value.to_owned())
                .collect(),
        ),
    }))
}

fn extensions(table: &Table<'_>) -> Result<Option<Vec<ExtensionWish>>, DocumentError> {
    let Some(items) = table.tables("extensions")? else {
        return Ok(None);
    };
    let mut all: Vec<ExtensionWish> = Vec::new();
    for item in &items {
        let text = |key: &str| {
            item.text(key)?
                .ok_or_else(|| item.invalid("", format!("has no `{key}`")))
        };
        let module = text("module")?;
        ModulePath::parse(module.value)
            .map_err(|error| module.invalid(format!("cannot be imported: {error}")))?;
        if all.iter().any(|other| other.module == module.value) {
            return Err(module.invalid(format!("is the name of two extensions (`{}`)", module.value)));
        }
        all.push(ExtensionWish {
            module: module.value.to_owned(),
            crate_name: text("crate")?.value.to_owned(),
        });
    }
    Ok(Some(all))
}

fn version(table: &Table<'_>) -> Result<Option<VersionWish>, DocumentError> {
    let Some(table) = table.table("version")? else {
        return Ok(None);
    };
    let git = |tag_prefix: &str, names_commit: bool| {
        Some(VersionWish::Git {
            tag_prefix: tag_prefix.to_owned(),
            names_commit,
        })
    };
    Ok(match table.node("git").map(|node| node.content()) {
        Some(Content::Boolean(true)) => git("v", true),
        Some(Content::Table(table)) => git(
            table.text("tag-prefix")?.map_or("v", |prefix| prefix.value),
            table.boolean("local")?.unwrap_or(true),
        ),
        _ => None,
    })
}

fn build_tag(table: &Table<'_>) -> Result<Option<BuildTag>, DocumentError> {
    let Some(text) = table.text("build-tag")? else {
        return Ok(None);
    };
    match BuildTag::parse(text.value) {
        Ok(tag) => Ok(Some(tag)),
        Err(_) => Err(text.invalid(format!(
            "must be a digit, perhaps with letters, digits, `.` and `_` behind it, not `{}`",
            text.value
        ))),
    }
}

/// A variable that stands for a flag and holds something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` must be {expected}: {value}")]
pub struct VariableError {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub expected: &'static str,
    /// What it holds.
    pub value: String,
}

impl VariableError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        format!("correct it, or unset it: `unset {}`", self.name)
    }
}

/// The variables that stand for flags. They count before the files; our spelling counts before maturin's.
#[derive(Debug, Clone)]
pub struct Variables {
    strip: Option<Setting<bool>>,
    pgo: Option<Setting<bool>>,
    use_base_python: Option<Setting<bool>>,
    build_version: Option<Setting<VersionWish>>,
    build_tag: Option<Setting<BuildTag>>,
}

impl Variables {
    /// Reads them all. Front doors call this as well, for what is wrong with a variable is wrong usage.
    pub fn read(host: &Host) -> Result<Self, VariableError> {
        let version = |value: &str| Version::parse(value).ok().map(VersionWish::Given);
        Ok(Self {
            strip: read_variable(host, &["IRONWHEEL_STRIP", "MATURIN_STRIP"], TRUTH, truth)?,
            pgo: read_variable(host, &["IRONWHEEL_PGO", "MATURIN_PGO"], TRUTH, anything_but_no)?,
            use_base_python: read_variable(
                host,
                &[
                    "IRONWHEEL_PEP517_USE_BASE_PYTHON",
                    "MATURIN_PEP517_USE_BASE_PYTHON",
                ],
                "`1` or `true`, `0` or `false`",
                number_or_truth,
            )?,
            build_version: read_variable(
                host,
                &["IRONWHEEL_BUILD_VERSION"],
                "a version by Python's rules",
                version,
            )?,
            build_tag: read_variable(
                host,
                &["IRONWHEEL_BUILD_TAG"],
                "a digit, perhaps with letters, digits, `.` and `_` behind it",
                |value| BuildTag::parse(value).ok(),
            )?,
        })
    }
}

const TRUTH: &str = "`true` or `false`";

fn truth(value: &str) -> Option<bool> {
    value.parse().ok()
}

/// Whatever is none of the usual ways of saying no.
#[expect(
    clippy::unnecessary_wraps,
    reason = "one shape for every reader of a variable"
)]
fn anything_but_no(value: &str) -> Option<bool> {
    let word = value.to_lowercase();
    Some(!matches!(
        word.as_str(),
        "" | "0" | "f" | "false" | "n" | "no" | "off"
    ))
}

fn number_or_truth(value: &str) -> Option<bool> {
    match value {
        "1" => Some(true),
        "0" => Some(false),
        word => truth(word),
    }
}

fn read_variable<T>(
    host: &Host,
    names: &[&'static str],
    expected: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<Setting<T>>, VariableError> {
    let set = names
        .iter()
        .find_map(|name| host.variable(name).map(|value| (*name, value)));
    let Some((name, value)) = set else {
        return Ok(None);
    };
    match read(value) {
        Some(value) => Ok(Some(Setting {
            value,
            origin: Origin::Environment(name),
        })),
        None => Err(VariableError {
            name,
            expected,
            value: value.to_owned(),
        }),
    }
}

fn compatibility(
    overrides: &Overrides,
    tables: &Tables<'_>,
) -> Result<Setting<Vec<PlatformWish>>, DocumentError> {
    let asked = (!overrides.compatibility.is_empty()).then(|| overrides.compatibility.clone());
    let mut filed = None;
    for key in ["compatibility", "manylinux"] {
        if let Some(text) = tables.text(key)? {
            let wish = PlatformWish::parse(text.value.value).map_err(|error| {
                text.value.invalid(
                    error
                        .to_string()
                        .replacen(&format!("`{}` ", text.value.value), "", 1),
                )
            })?;
            filed.get_or_insert(Setting {
                value: vec![wish],
                origin: text.origin,
            });
        }
    }
    Ok(chosen(asked, filed, Vec::new()))
}

fn audit_mode(overrides: &Overrides, tables: &Tables<'_>) -> Result<Setting<AuditMode>, DocumentError> {
    let mut filed = tables.text("auditwheel")?.map(|text| Setting {
        value: match text.value.value {
            "check" => AuditMode::Check,
            "warn" => AuditMode::Warn,
            "skip" => AuditMode::Skip,
            _ => AuditMode::Repair,
        },
        origin: text.origin,
    });
    if let Some(skip) = tables.boolean("skip-auditwheel")?.filter(|skip| skip.value) {
        filed.get_or_insert(Setting {
            value: AuditMode::Skip,
            origin: skip.origin,
        });
    }
    Ok(chosen(overrides.audit_mode, filed, AuditMode::Repair))
}

/// What is left out by the name of a preset: libraries that come with a driver or with packages of their own.
const PRESETS: [(&str, &[&str]); 1] = [(
    "cuda",
    &[
        "libcuda.so.*",
        "libcudart.so.*",
        "libcublas.so.*",
        "libcublasLt.so.*",
        "libcudnn*.so.*",
        "libcufft.so.*",
        "libcufftw.so.*",
        "libcufile*.so.*",
        "libcupti.so.*",
        "libcurand.so.*",
        "libcusolver.so.*",
        "libcusolverMg.so.*",
        "libcusparse.so.*",
        "libcusparseLt.so.*",
        "libcutensor*.so.*",
        "libnccl.so.*",
        "libnpp*.so.*",
        "libnvJitLink.so.*",
        "libnvToolsExt.so.*",
        "libnvidia-*.so.*",
        "libnvinfer*.so.*",
        "libnvjpeg.so.*",
        "libnvrtc*.so.*",
    ],
)];

/// The globs of sonames that an entry of `exclude-libs` stands for: those of a preset, or the entry itself.
///
/// What is no pattern is left out: whoever reads entries has refused it.
#[must_use]
pub fn excluded_globs(entries: &[String]) -> Vec<glob::Pattern> {
    let globs = |entry: &String| match PRESETS.iter().find(|(name, _)| name == entry) {
        Some((_, globs)) => globs.iter().map(|glob| (*glob).to_owned()).collect(),
        None => vec![entry.clone()],
    };
    entries
        .iter()
        .flat_map(globs)
        .filter_map(|glob| glob::Pattern::new(&glob).ok())
        .collect()
}

fn exclude_libs(overrides: &Overrides, tables: &Tables<'_>) -> Result<Setting<Vec<String>>, DocumentError> {
    let key = "exclude-libs";
    let filed = tables.first(|table| {
        let Some(texts) = table.texts(key)? else {
            return Ok(None);
        };
        for text in &texts {
            glob::Pattern::new(text.value)
                .map_err(|error| text.invalid(format!("is no pattern: {error}")))?;
        }
        Ok(Some(texts.iter().map(|text| text.value.to_owned()).collect()))
    })?;
    let asked = (!overrides.exclude_libs.is_empty()).then(|| overrides.exclude_libs.clone());
    Ok(chosen(asked, filed, Vec::new()))
}

fn lib_dirs(
    overrides: &Overrides,
    tables: &Tables<'_>,
    root: &Path,
    host: &Host,
) -> Result<Setting<Vec<PathBuf>>, DocumentError> {
    let asked: Vec<PathBuf> = overrides
        .lib_dirs
        .iter()
        .map(|path| host.absolute(path))
        .collect();
    let filed = tables.texts("lib-dirs")?.map(|setting| Setting {
        value: setting
            .value
            .iter()
            .map(|path| fs::normalize(&root.join(path)))
            .collect(),
        origin: setting.origin,
    });
    Ok(chosen((!asked.is_empty()).then_some(asked), filed, Vec::new()))
}

/// A switch of the table of bills of materials; on unless somebody turns it off.
fn sbom_switch(sbom: Option<&Setting<Table<'_>>>, key: &str) -> Result<Setting<bool>, DocumentError> {
    let Some(sbom) = sbom else {
        return Ok(Setting::default(true));
    };
    let filed = sbom.value.boolean(key)?.map(|value| Setting {
        value,
        origin: sbom.origin.clone(),
    });
    Ok(chosen(None, filed, true))
}

fn sbom_include(
    overrides: &Overrides,
    sbom: Option<&Setting<Table<'_>>>,
    root: &Path,
    host: &Host,
) -> Result<Setting<Vec<PathBuf>>, DocumentError> {
    let mut value: Vec<PathBuf> = overrides
        .sbom_include
        .iter()
        .map(|path| fs::normalize(&host.absolute(path)))
        .collect();
    let mut origin = if value.is_empty() {
        Origin::Default
    } else {
        Origin::Flag
    };
    if let Some(sbom) = sbom {
        for text in sbom.value.texts("include")?.into_iter().flatten() {
            let path = fs::normalize(&root.join(text.value));
            if !Path::new(text.value).is_absolute() && !path.starts_with(root) {
                return Err(text.invalid(format!("leads out of the project (`{}`)", text.value)));
            }
            if !value.contains(&path) {
                value.push(path);
            }
            if origin == Origin::Default {
                origin = sbom.origin.clone();
            }
        }
    }
    Ok(Setting { value, origin })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn resolved(text: &str, overrides: &Overrides) -> Result<Settings, DocumentError> {
        let document = Document::parse(Path::new("pyproject.toml"), text.to_owned())?;
        let host = Host::new(BTreeMap::new(), "/work".into()).unwrap();
        let tables = Tables::of(&document, &mut Vec::new())?;
        resolve(overrides, &tables, Path::new("/project"), &host)
    }

    #[test]
    fn a_flag_beats_our_table_which_beats_maturins() {
        let text = "[tool.maturin]\nprofile = \"a\"\nstrip = true\n[tool.ironwheel]\nprofile = \"b\"\n";
        let settings = resolved(text, &Overrides::default()).unwrap();
        assert_eq!(
            settings.profile,
            Setting {
                value: "b".into(),
                origin: Origin::File("tool.ironwheel")
            }
        );
        assert_eq!(
            settings.strip,
            Setting {
                value: true,
                origin: Origin::File("tool.maturin")
            }
        );
        assert_eq!(settings.locked, Setting::default(false));
        let asked = Overrides {
            profile: Some("c".into()),
            strip: Some(false),
            ..Overrides::default()
        };
        let settings = resolved(text, &asked).unwrap();
        assert_eq!(
            settings.profile,
            Setting {
                value: "c".into(),
                origin: Origin::Flag
            }
        );
        assert_eq!(
            settings.strip,
            Setting {
                value: false,
                origin: Origin::Flag
            }
        );
    }

    #[test]
    fn the_defaults_are_a_release_build_into_tmp_wheels() {
        let settings = resolved("", &Overrides::default()).unwrap();
        assert_eq!(settings.profile.value, "release");
        assert_eq!(settings.out.value, PathBuf::from("/tmp/wheels"));
    }

    #[test]
    fn features_on_the_command_line_drop_those_of_the_file() {
        let text = "[tool.maturin]\nfeatures = [\"x\", { feature = \"y\", python-version = \">=3.11\" }]\n";
        let names = |settings: Settings| {
            settings
                .features
                .value
                .into_iter()
                .map(|feature| feature.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(resolved(text, &Overrides::default()).unwrap()), ["x", "y"]);
        let asked = Overrides {
            features: vec!["a b,c".into()],
            ..Overrides::default()
        };
        assert_eq!(names(resolved(text, &asked).unwrap()), ["a", "b", "c"]);
    }

    #[test]
    fn a_configuration_file_is_found_from_wherever_cargo_runs() {
        let asked = Overrides {
            config: vec!["a.b=1".into(), "sub/extra.toml".into()],
            ..Overrides::default()
        };
        assert_eq!(
            resolved("", &asked).unwrap().config.value,
            ["a.b=1", "/work/sub/extra.toml"]
        );
        let filed = resolved(
            "[tool.maturin]\nconfig = [\"extra.toml\"]\n",
            &Overrides::default(),
        )
        .unwrap();
        assert_eq!(filed.config.value, ["/project/extra.toml"]);
    }

    #[test]
    fn patterns_say_which_archive_they_are_for() {
        let text = "[tool.maturin]\ninclude = [\"a\", { path = \"b\", format = \"sdist\" }, \
                    { path = \"c\", from = \"out-dir\", to = \"pkg/\", crate_name = \"dep\" }]\n";
        let include = resolved(text, &Overrides::default()).unwrap().include.value;
        assert_eq!(
            include.iter().map(|p| (p.wheel, p.sdist)).collect::<Vec<_>>(),
            [(true, true), (false, true), (true, false)]
        );
        let out_dir = include[2].from_out_dir.clone().unwrap();
        assert_eq!(
            (out_dir.to.as_str(), out_dir.crate_name.as_deref()),
            ("pkg/", Some("dep"))
        );
    }

    #[test]
    fn wrong_values_name_key_and_place() {
        for (text, message) in [
            (
                "[tool.maturin]\nbindings = \"py\"\n",
                "`tool.maturin.bindings` must be `pyo3`",
            ),
            (
                "[tool.maturin]\nstrip = \"yes\"\n",
                "`tool.maturin.strip` is a string, but must be a boolean: pyproject.toml:2:9",
            ),
            (
                "[tool.ironwheel.sbom]\nrusty = true\n",
                "`tool.ironwheel.sbom.rusty` is not a setting: pyproject.toml:2:1",
            ),
            (
                "[tool.ironwheel]\nmanylinux = \"many\"\n",
                "`tool.ironwheel.manylinux` is not a platform tag",
            ),
            (
                "[tool.ironwheel]\nfeature = []\n",
                "`tool.ironwheel.feature` is not a setting: pyproject.toml:2:1",
            ),
            (
                "[tool.maturin]\ninclude = [{ path = \"a\", format = \"egg\" }]\n",
                "`tool.maturin.include[0].format` must be",
            ),
        ] {
            let error = resolved(text, &Overrides::default()).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn every_setting_of_the_file_arrives() {
        let text = "[tool.ironwheel]\neditable-profile = \"e\"\npgo-command = \"python run.py\"\n\
                    pgo-dependency-group = \"bench\"\ngenerate-stubs = true\ninclude-debuginfo = true\n\
                    include-import-lib = true\nsdist-generator = \"git\"\nuse-base-python = true\n\
                    bins = [\"tool\"]\nbuild-tag = \"1abc\"\nversion = { git = { tag-prefix = \"py-\" } }\n\
                    extensions = [{ module = \"a._b\", crate = \"b\" }]\n\
                    target.aarch64-apple-darwin.macos-deployment-target = \"11.0\"\n";
        let settings = resolved(text, &Overrides::default()).unwrap();
        assert_eq!(settings.editable_profile.value.as_deref(), Some("e"));
        assert_eq!(settings.pgo_command.value.as_deref(), Some("python run.py"));
        assert_eq!(settings.pgo_dependency_group.value, "bench");
        assert!(settings.generate_stubs.value && settings.include_debuginfo.value);
        assert!(settings.include_import_lib.value && settings.use_base_python.value);
        assert_eq!(settings.sdist_generator.value, SdistGenerator::Git);
        assert_eq!(settings.bins.value, Bins::Named(vec!["tool".to_owned()]));
        assert_eq!(settings.build_tag.value, BuildTag::parse("1abc").ok());
        let wish = VersionWish::Git {
            tag_prefix: "py-".to_owned(),
            names_commit: true,
        };
        assert_eq!(settings.version.value, Some(wish));
        assert_eq!(settings.extensions.value[0].module, "a._b");
        assert_eq!(settings.extensions.value[0].crate_name, "b");
        let [macos] = settings.macos_deployment_targets.value.as_slice() else {
            panic!("one triple")
        };
        assert_eq!(
            (macos.triple.as_str(), macos.version.as_str()),
            ("aarch64-apple-darwin", "11.0")
        );
        assert_eq!(settings.bins.origin, Origin::File("tool.ironwheel"));
    }

    #[test]
    fn variables_stand_for_flags_and_ours_count_first() {
        let settings = |variables: &[(&str, &str)]| {
            let variables = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let host = Host::new(variables.collect(), "/work".into()).unwrap();
            let text = "[tool.maturin]\nstrip = true\n".to_owned();
            let document = Document::parse(Path::new("pyproject.toml"), text).unwrap();
            let tables = Tables::of(&document, &mut Vec::new()).unwrap();
            resolve(&Overrides::default(), &tables, Path::new("/project"), &host)
        };
        let found = settings(&[("MATURIN_STRIP", "true"), ("IRONWHEEL_STRIP", "false")]).unwrap();
        assert_eq!(
            found.strip,
            Setting {
                value: false,
                origin: Origin::Environment("IRONWHEEL_STRIP")
            }
        );
        let found = settings(&[
            ("MATURIN_PGO", "true"),
            ("IRONWHEEL_BUILD_VERSION", "1.0-rc1"),
            ("IRONWHEEL_BUILD_TAG", "7"),
            ("MATURIN_PEP517_USE_BASE_PYTHON", "1"),
        ])
        .unwrap();
        assert!(found.pgo.value && found.use_base_python.value);
        assert_eq!(found.build_tag.value, BuildTag::parse("7").ok());
        let given = Version::parse("1.0rc1").ok().map(VersionWish::Given);
        assert_eq!(found.version.value, given);
        for (name, value, words) in [
            ("IRONWHEEL_STRIP", "yes", "must be `true` or `false`: yes"),
            (
                "IRONWHEEL_BUILD_VERSION",
                "one",
                "must be a version by Python's rules: one",
            ),
            ("IRONWHEEL_BUILD_TAG", "a1", "behind it: a1"),
        ] {
            let said = settings(&[(name, value)]).unwrap_err().to_string();
            assert!(
                said.starts_with(&format!("`{name}`")) && said.ends_with(words),
                "{said}"
            );
        }
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_their_place() {
        for (line, words) in [
            ("build-tag = \"a1\"", "`tool.ironwheel.build-tag` must be a digit"),
            (
                "extensions = [{ module = \"a-b\", crate = \"b\" }]",
                "`tool.ironwheel.extensions[0].module` cannot be imported",
            ),
            (
                "extensions = [{ module = \"a\", crate = \"b\" }, { module = \"a\", crate = \"c\" }]",
                "`tool.ironwheel.extensions[1].module` is the name of two extensions",
            ),
            (
                "target.x.macos-deployment-target = \"new\"",
                "`tool.ironwheel.target.x.macos-deployment-target` is not a version of macOS",
            ),
        ] {
            let text = format!("[tool.ironwheel]\n{line}\n");
            let said = resolved(&text, &Overrides::default()).unwrap_err().to_string();
            assert!(
                said.starts_with(words) && said.contains("pyproject.toml:2:"),
                "{said}"
            );
        }
    }
}

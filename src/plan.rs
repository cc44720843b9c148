//! Takes a project and interpreters. Gives a job a wheel: the only place where the ABI is decided.
//!
//! <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::semver;

use crate::archive::{ArchiveError, ArchivePath};
use crate::name::ModulePath;
use crate::project::bindings::{Kind, Pyo3, StableAbi};
use crate::project::products::{Product, Role};
use crate::project::settings::Feature;
use crate::project::{Notice, Project};
use crate::python::{Implementation, Interpreter};

/// Which interface of Python's the extension is compiled against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abi {
    /// None: Python's own interface is not used, so that any Python will do.
    Any,
    /// One version's own.
    Version,
    /// The limited one, good from `floor` on.
    Abi3 {
        /// The oldest Python it serves.
        floor: (u8, u8),
    },
    /// The limited one with and without the interpreter lock, good from `floor` on.
    ///
    /// <https://peps.python.org/pep-0803/>
    Abi3t {
        /// The oldest Python it serves.
        floor: (u8, u8),
    },
}

/// The first of the numbers that tell configurations apart: below lie those that people write themselves.
const FIRST_NUMBER: u8 = 17;

/// The first Python with an interface that serves both kinds of interpreters.
const FIRST_ABI3T: (u8, u8) = (3, 15);

/// One wheel to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The interpreter it is for; none where the stable ABI needs none.
    pub interpreter: Option<Interpreter>,
    /// The interface.
    pub abi: Abi,
    /// Why this interface, for people.
    pub reason: String,
    /// The wheel's Python tag.
    pub python_tag: String,
    /// The wheel's ABI tags.
    pub abi_tags: Vec<String>,
    /// What cargo makes, and where it goes; never empty.
    pub parts: Vec<Part>,
    /// Cargo features for this interpreter.
    pub features: Vec<String>,
    /// `PyO3`'s configuration, as the text of its file; none where `PyO3` asks the interpreter itself, or there is no `PyO3`.
    pub pyo3_config: Option<String>,
    /// What the job is built for, in a name that is the same on every machine: `x86_64-unknown-linux-gnu-cpython-3.12`.
    pub configuration: String,
    /// A number from 17 to 255 that differs between configurations which may live in one target directory.
    pub configuration_number: u8,
}

/// Something that cargo makes, and its place in the wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub product: Product,
    /// Its path in the wheel: `package/_native.abi3.so`.
    pub path: ArchivePath,
}

impl Job {
    /// The first of what cargo makes: the library, if there is one.
    ///
    /// # Panics
    /// Never: a job is only made of a project that makes something.
    #[must_use]
    pub fn main(&self) -> &Part {
        &self.parts[0]
    }

    /// For people: `CPython 3.12`, or `CPython 3.9 and later`.
    #[must_use]
    pub fn subject(&self) -> String {
        match (&self.abi, &self.interpreter) {
            (
                Abi::Abi3 {
                    floor: (major, minor),
                }
                | Abi::Abi3t {
                    floor: (major, minor),
                },
                _,
            ) => {
                format!("CPython {major}.{minor} and later")
            }
            (Abi::Version, Some(interpreter)) => interpreter.short_name(),
            (Abi::Version, None) => "Python".to_owned(),
            (Abi::Any, _) => "every Python".to_owned(),
        }
    }
}

/// Every wheel that a build would make.
#[derive(Debug)]
pub struct Plan {
    /// In the order they are built.
    pub jobs: Vec<Job>,
    /// What the user should know.
    pub notices: Vec<Notice>,
}

/// Why there is nothing to build.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// `PyO3` does not take the interpreter.
    #[error("`{bindings}` {version} takes {implementation} {oldest} to {newest}, not {interpreter}")]
    Unsupported {
        /// `pyo3` or `pyo3-ffi`.
        bindings: &'static str,
        /// Its version.
        version: semver::Version,
        /// Whose Python.
        implementation: &'static str,
        /// The oldest it takes.
        oldest: String,
        /// The newest it takes.
        newest: String,
        /// The interpreter.
        interpreter: String,
    },
    /// No interpreter, and the crate needs one.
    #[error("there is no interpreter to build for")]
    NoInterpreter,
    /// Several interpreters, for a wheel that serves them all.
    #[error("one wheel serves every Python, so one interpreter is enough to build it, not {count}")]
    OneIsEnough {
        /// How many were asked for.
        count: usize,
    },
    /// The extension's path cannot be spelt.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Whether the jobs can be decided without any interpreter: the stable ABI has a floor, whichever Python there is.
#[must_use]
pub fn needs_no_interpreter(project: &Project) -> bool {
    let conditional = project
        .settings
        .features
        .value
        .iter()
        .any(|feature| feature.python_version.is_some() || feature.python_implementation.is_some());
    let is_without = match project.bindings.kind {
        Kind::Pyo3 => project
            .bindings
            .stable()
            .is_some_and(|stable| stable.floor.is_some()),
        // Python itself writes a part of the wheel.
        Kind::Cffi => false,
        Kind::Uniffi => true,
        Kind::Bin => !project.bindings.depend_on_python(),
    };
    !conditional && is_without
}

/// Decides what is built. `interpreters` are those found; none where the project needs none. `asked` tells whether the user named
/// them: an interpreter that only happened to be found gets no wheel of its own beside a stable one.
pub fn plan(project: &Project, interpreters: &[Interpreter], asked: bool) -> Result<Plan, PlanError> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut notices = Vec::new();
    if !project.bindings.depend_on_python() {
        jobs.push(job_for_any(project, interpreters)?);
        return Ok(Plan { jobs, notices });
    }
    if interpreters.is_empty() {
        let stable = project.bindings.stable().ok_or(PlanError::NoInterpreter)?;
        let floor = stable.floor.ok_or(PlanError::NoInterpreter)?;
        jobs.push(stable_job(project, stable, floor, None)?);
        return Ok(Plan { jobs, notices });
    }
    let any_stable = interpreters.iter().any(|one| served(project, one).is_some());
    for interpreter in interpreters {
        let job = match (stable_for(project, interpreter), served(project, interpreter)) {
            (_, Some(stable)) => {
                let floor = stable
                    .floor
                    .unwrap_or_else(|| lowest(project, interpreters, interpreter));
                stable_job(project, stable, floor, Some(interpreter))?
            }
            (Some(_), None) if any_stable && !asked => continue,
            (Some(_), None) => {
                let reason = "the stable ABI that the crate asks for does not serve this interpreter";
                notices.push(
                    Notice::new(format!(
                        "the stable ABI that the crate asks for does not serve {}, so it gets a wheel of its own",
                        interpreter.describe()
                    ))
                    .hint("leave it out of `-i` if one wheel for all others is what you want"),
                );
                version_job(project, interpreter, reason)?
            }
            (None, None) => match version_job(project, interpreter, unstable_reason(project)) {
                // An interpreter that only happened to be found is no reason to stop.
                Err(error @ PlanError::Unsupported { .. }) if !asked && interpreters.len() > 1 => {
                    notices.push(Notice::new(format!(
                        "{} is left out: {error}",
                        interpreter.describe()
                    )));
                    continue;
                }
                job => job?,
            },
        };
        let twin = |other: &Job| {
            other.abi == job.abi && other.features == job.features && other.configuration == job.configuration
        };
        if !jobs.iter().any(twin) {
            jobs.push(job);
        }
    }
    if jobs.is_empty() {
        return Err(PlanError::NoInterpreter);
    }
    Ok(Plan { jobs, notices })
}

/// The oldest of the interpreters that a stable ABI without a floor serves: one wheel then serves them all.
fn lowest(project: &Project, interpreters: &[Interpreter], fallback: &Interpreter) -> (u8, u8) {
    interpreters
        .iter()
        .filter(|one| served(project, one).is_some_and(|stable| stable.floor.is_none()))
        .map(|one| (one.major, one.minor))
        .min()
        .unwrap_or((fallback.major, fallback.minor))
}

/// The stable ABI that the crate asks for, where a wheel with it could be imported by the interpreter.
fn served(project: &Project, interpreter: &Interpreter) -> Option<StableAbi> {
    stable_for(project, interpreter).filter(|stable| serves(*stable, interpreter))
}

/// The stable ABI that the crate asks for when built for this interpreter, conditional features among what asks.
fn stable_for(project: &Project, interpreter: &Interpreter) -> Option<StableAbi> {
    let asked = features_for(&project.settings.features.value, Some(interpreter));
    let names = turned_on(&asked, &project.cargo.feature_table);
    let of_bindings = names.iter().filter_map(|name| {
        name.strip_prefix("pyo3/")
            .or_else(|| name.strip_prefix("pyo3-ffi/"))
            .or_else(|| name.strip_prefix("pyo3?/"))
            .or_else(|| name.strip_prefix("pyo3-ffi?/"))
    });
    match project.bindings.kind {
        Kind::Pyo3 => StableAbi::joined(project.bindings.stable(), StableAbi::from_features(of_bindings)),
        Kind::Cffi | Kind::Uniffi | Kind::Bin => None,
    }
}

fn unstable_reason(project: &Project) -> &'static str {
    match project.bindings.kind {
        Kind::Bin => "the program embeds one version of Python",
        Kind::Pyo3 | Kind::Cffi | Kind::Uniffi => "the crate asks for no stable ABI",
    }
}

/// Features and what they turn on, directly and through each other.
fn turned_on<'a>(asked: &'a [String], table: &'a BTreeMap<String, Vec<String>>) -> BTreeSet<&'a str> {
    let mut on = BTreeSet::new();
    let mut open: Vec<&str> = asked.iter().map(String::as_str).collect();
    while let Some(feature) = open.pop() {
        if on.insert(feature) {
            open.extend(table.get(feature).into_iter().flatten().map(String::as_str));
        }
    }
    on
}

/// Whether a wheel with that stable ABI could be imported by the interpreter.
#[must_use]
pub fn serves(stable: StableAbi, interpreter: &Interpreter) -> bool {
    let version = (interpreter.major, interpreter.minor);
    interpreter.implementation == Implementation::CPython
        && stable.floor.is_none_or(|floor| version >= floor)
        && ((stable.abi3t && version >= FIRST_ABI3T) || (stable.abi3 && !interpreter.free_threaded))
}

/// Features whose conditions hold; without an interpreter only those without conditions.
fn features_for(features: &[Feature], interpreter: Option<&Interpreter>) -> Vec<String> {
    let holds = |feature: &&Feature| match interpreter {
        None => feature.python_version.is_none() && feature.python_implementation.is_none(),
        Some(interpreter) => {
            let version =
                pep440_rs::Version::new([u64::from(interpreter.major), u64::from(interpreter.minor)]);
            feature
                .python_version
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&version))
                && feature
                    .python_implementation
                    .as_ref()
                    .is_none_or(|wanted| wanted == interpreter.implementation.name())
        }
    };
    features
        .iter()
        .filter(holds)
        .map(|feature| feature.name.clone())
        .collect()
}

/// The one wheel of a project that does not use Python's own interface.
fn job_for_any(project: &Project, interpreters: &[Interpreter]) -> Result<Job, PlanError> {
    let interpreter = match interpreters {
        [] if project.bindings.kind == Kind::Cffi => return Err(PlanError::NoInterpreter),
        [] => None,
        [one] => Some(one),
        several => {
            return Err(PlanError::OneIsEnough { count: several.len() });
        }
    };
    let reason = match project.bindings.kind {
        Kind::Cffi => "the library is loaded through cffi",
        Kind::Uniffi => "the library is loaded through ctypes",
        Kind::Bin | Kind::Pyo3 => "programs need no Python",
    };
    Ok(Job {
        interpreter: interpreter.cloned(),
        abi: Abi::Any,
        reason: reason.to_owned(),
        python_tag: "py3".to_owned(),
        abi_tags: vec!["none".to_owned()],
        parts: parts(project, "")?,
        features: features_for(&project.settings.features.value, interpreter),
        pyo3_config: None,
        configuration: format!("{}-any", project.cargo.target_triple),
        configuration_number: FIRST_NUMBER,
    })
}

fn stable_job(
    project: &Project,
    stable: StableAbi,
    floor: (u8, u8),
    interpreter: Option<&Interpreter>,
) -> Result<Job, PlanError> {
    let pyo3 = project.bindings.pyo3.as_ref().ok_or(PlanError::NoInterpreter)?;
    let version = interpreter.map_or(floor, |one| (one.major, one.minor));
    let both = stable.abi3t && (version >= FIRST_ABI3T || !stable.abi3);
    let floor = if both { floor.max(FIRST_ABI3T) } else { floor };
    let (abi, kind, suffix) = if both {
        (Abi::Abi3t { floor }, "abi3t", ".abi3t.so")
    } else {
        (Abi::Abi3 { floor }, "abi3", ".abi3.so")
    };
    let shown = format!("{}.{}", floor.0, floor.1);
    let reason = if stable.floor.is_some() {
        format!(
            "the feature `{kind}-py{}{}` asks for the stable ABI of Python {shown} and later",
            floor.0, floor.1
        )
    } else {
        format!(
            "the feature `{kind}` asks for the stable ABI, here of the Python it is built with, {shown}, and later"
        )
    };
    let target = &project.cargo.target_triple;
    let config = Config {
        implementation: Implementation::CPython,
        version: floor,
        kind: if both { ConfigKind::Abi3t } else { ConfigKind::Abi3 },
        debug: false,
        pointer_width: pointer_width(target),
    };
    Ok(Job {
        interpreter: interpreter.cloned(),
        abi,
        reason,
        python_tag: format!("cp{}{}", floor.0, floor.1),
        abi_tags: if both {
            vec!["abi3".to_owned(), "abi3t".to_owned()]
        } else {
            vec!["abi3".to_owned()]
        },
        parts: parts(project, suffix)?,
        features: features_for(&project.settings.features.value, interpreter),
        pyo3_config: Some(config.text(pyo3)),
        configuration: config.name(target),
        configuration_number: config.number(),
    })
}

fn version_job(project: &Project, interpreter: &Interpreter, reason: &str) -> Result<Job, PlanError> {
    let pyo3 = project.bindings.pyo3.as_ref().ok_or(PlanError::NoInterpreter)?;
    supported(pyo3, interpreter)?;
    let config = Config {
        implementation: interpreter.implementation,
        version: (interpreter.major, interpreter.minor),
        kind: if interpreter.free_threaded {
            ConfigKind::FreeThreaded
        } else {
            ConfigKind::Locked
        },
        debug: interpreter.debug,
        pointer_width: interpreter.pointer_width,
    };
    Ok(Job {
        abi: Abi::Version,
        reason: reason.to_owned(),
        python_tag: interpreter.python_tag(),
        abi_tags: vec![interpreter.abi_tag()],
        parts: parts(project, &interpreter.ext_suffix)?,
        features: features_for(&project.settings.features.value, Some(interpreter)),
        // A program that embeds Python is linked to it: where its library lies, only the interpreter itself can tell.
        pyo3_config: (project.bindings.kind == Kind::Pyo3).then(|| config.text(pyo3)),
        configuration: config.name(&project.cargo.target_triple),
        configuration_number: config.number(),
        interpreter: Some(interpreter.clone()),
    })
}

/// `PyO3`'s own build script would refuse it after minutes of compiling; this refuses it at once.
fn supported(bindings: &Pyo3, interpreter: &Interpreter) -> Result<(), PlanError> {
    let (oldest, newest) = match interpreter.implementation {
        Implementation::CPython => bindings.cpython,
        Implementation::PyPy => bindings.pypy,
        Implementation::GraalPy => return Ok(()),
    };
    // From 0.29 on PyO3 takes no CPython without the interpreter lock before 3.14.
    let first_free_threaded = if bindings.version >= semver::Version::new(0, 29, 0) {
        14
    } else {
        13
    };
    let oldest = if interpreter.free_threaded {
        oldest.max(first_free_threaded)
    } else {
        oldest
    };
    if (oldest..=newest).contains(&interpreter.minor) {
        return Ok(());
    }
    let threads = if interpreter.free_threaded { "t" } else { "" };
    Err(PlanError::Unsupported {
        bindings: bindings.crate_name,
        version: bindings.version.clone(),
        implementation: if interpreter.implementation == Implementation::PyPy {
            "PyPy"
        } else {
            "CPython"
        },
        oldest: format!("3.{oldest}{threads}"),
        newest: format!("3.{newest}{threads}"),
        interpreter: interpreter.describe(),
    })
}

/// Where everything goes that cargo makes. `suffix` is that of extension modules.
fn parts(project: &Project, suffix: &str) -> Result<Vec<Part>, ArchiveError> {
    let part = |product: &Product| {
        let path = match &product.role {
            Role::Extension(module) => extension_path(project, module, suffix),
            Role::Library { module, name } => {
                let folder = project.layout.code_folder(module);
                ArchivePath::parse(&format!("{folder}/lib{name}.so"))
            }
            Role::Program(name) => ArchivePath::parse(&format!("{}/scripts/{name}", project.data_folder())),
        }?;
        Ok(Part {
            product: product.clone(),
            path,
        })
    };
    project.products.iter().map(part).collect()
}

/// Where an extension goes: beside the Python files, or into a package of its own.
fn extension_path(project: &Project, module: &ModulePath, suffix: &str) -> Result<ArchivePath, ArchiveError> {
    let parts = module.parts();
    let folder = if project.layout.has_package(module) && parts.len() > 1 {
        parts[..parts.len() - 1].join("/")
    } else {
        module.last().to_owned()
    };
    ArchivePath::parse(&format!("{folder}/{}{suffix}", module.last()))
}

fn pointer_width(target: &str) -> u8 {
    let architecture = target.split('-').next().unwrap_or_default();
    let narrow = [
        "i586",
        "i686",
        "arm",
        "mips",
        "mipsel",
        "powerpc",
        "riscv32gc",
        "sparc",
        "thumbv7neon",
    ];
    let is_narrow =
        narrow.contains(&architecture) || architecture.starts_with("armv") || target.ends_with("gnux32");
    if is_narrow { 32 } else { 64 }
}

/// What `PyO3` must know of a Python in place of asking it. It names no path: the same text on every machine, so that moving or
/// renaming an environment compiles nothing again.
struct Config {
    implementation: Implementation,
    version: (u8, u8),
    kind: ConfigKind,
    debug: bool,
    pointer_width: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ConfigKind {
    Locked,
    FreeThreaded,
    Abi3,
    Abi3t,
}

impl Config {
    /// The file's text. From 0.29 on `PyO3` knows `target_abi`; earlier ones know `abi3`; the later ones refuse both at once.
    fn text(&self, bindings: &Pyo3) -> String {
        let maker = self.implementation.pyo3_name();
        let version = format!("{}.{}", self.version.0, self.version.1);
        let abi = if bindings.version >= semver::Version::new(0, 29, 0) {
            let kind = match self.kind {
                ConfigKind::Locked => "gil_enabled",
                ConfigKind::FreeThreaded => "free_threaded",
                ConfigKind::Abi3 => "abi3",
                ConfigKind::Abi3t => "abi3t",
            };
            let debug = if self.debug && bindings.version >= semver::Version::new(0, 30, 0) {
                "-debug"
            } else {
                ""
            };
            format!("target_abi={maker}-{kind}-{version}{debug}")
        } else {
            format!("abi3={}", self.kind == ConfigKind::Abi3)
        };
        let mut flags = Vec::new();
        if self.kind == ConfigKind::FreeThreaded {
            flags.push("Py_GIL_DISABLED");
        }
        if self.debug {
            flags.push("Py_DEBUG");
        }
        format!(
            "implementation={maker}\nversion={version}\nshared=true\n{abi}\npointer_width={}\nbuild_flags={}\n\
             suppress_build_script_link_lines=false\n",
            self.pointer_width,
            flags.join(",")
        )
    }

    fn name(&self, target: &str) -> String {
        let kind = match self.kind {
            ConfigKind::Locked => "",
            ConfigKind::FreeThreaded => "t",
            ConfigKind::Abi3 => "-abi3",
            ConfigKind::Abi3t => "-abi3t",
        };
        let debug = if self.debug { "-debug" } else { "" };
        format!(
            "{target}-{}-{}.{}{kind}{debug}",
            self.implementation.name(),
            self.version.0,
            self.version.1
        )
    }

    /// Six kinds of forty numbers each, from 17 on: below lie the numbers that people write themselves.
    fn number(&self) -> u8 {
        let kind = match (self.implementation, self.kind) {
            (Implementation::PyPy, _) => 4,
            (Implementation::GraalPy, _) => 5,
            (_, ConfigKind::Locked) => 0,
            (_, ConfigKind::FreeThreaded) => 1,
            (_, ConfigKind::Abi3) => 2,
            (_, ConfigKind::Abi3t) => 3,
        };
        let within = (self.version.1 + if self.debug { 20 } else { 0 }) % 39;
        FIRST_NUMBER + kind * 39 + within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bindings(version: &str) -> Pyo3 {
        Pyo3 {
            crate_name: "pyo3",
            version: semver::Version::parse(version).unwrap(),
            stable: None,
            cpython: (8, 15),
            pypy: (11, 11),
        }
    }

    fn config(kind: ConfigKind) -> Config {
        Config {
            implementation: Implementation::CPython,
            version: (3, 12),
            kind,
            debug: false,
            pointer_width: 64,
        }
    }

    #[test]
    fn the_configuration_is_spelt_as_each_pyo3_reads_it() {
        let old = config(ConfigKind::Abi3).text(&bindings("0.28.1"));
        assert!(
            old.contains("\nabi3=true\n") && !old.contains("target_abi"),
            "{old}"
        );
        let new = config(ConfigKind::FreeThreaded).text(&bindings("0.29.0"));
        assert!(
            new.contains("\ntarget_abi=CPython-free_threaded-3.12\n") && !new.contains("abi3="),
            "{new}"
        );
        assert!(new.contains("\nbuild_flags=Py_GIL_DISABLED\n"), "{new}");
        assert!(
            new.lines().all(|line| line.contains('=')),
            "a blank or comment line is an error to PyO3: {new}"
        );
    }

    #[test]
    fn no_two_configurations_share_a_number() {
        let kinds = [
            ConfigKind::Locked,
            ConfigKind::FreeThreaded,
            ConfigKind::Abi3,
            ConfigKind::Abi3t,
        ];
        let mut numbers = BTreeSet::new();
        let mut count = 0;
        for minor in 7..20 {
            for kind in kinds {
                numbers.insert(
                    Config {
                        version: (3, minor),
                        ..config(kind)
                    }
                    .number(),
                );
                count += 1;
            }
            for implementation in [Implementation::PyPy, Implementation::GraalPy] {
                let config = Config {
                    implementation,
                    version: (3, minor),
                    ..config(ConfigKind::Locked)
                };
                numbers.insert(config.number());
                count += 1;
            }
        }
        assert_eq!(numbers.len(), count);
        assert!(numbers.iter().all(|number| (17..=251).contains(number)));
    }

    #[test]
    fn conditional_features_hold_for_the_interpreters_they_name() {
        let feature = |name: &str, version: Option<&str>, implementation: Option<&str>| Feature {
            name: name.to_owned(),
            python_version: version.map(|text| text.parse().unwrap()),
            python_implementation: implementation.map(str::to_owned),
        };
        let features = [
            feature("always", None, None),
            feature("pyo3/abi3-py311", Some(">=3.11"), Some("cpython")),
            feature("pypy", None, Some("pypy")),
        ];
        let interpreter = |minor| Interpreter {
            implementation: Implementation::CPython,
            major: 3,
            minor,
            free_threaded: false,
            debug: false,
            ext_suffix: ".so".into(),
            soabi: None,
            abiflags: String::new(),
            pointer_width: 64,
            platform: None,
            executable: None,
            base_executable: None,
        };
        assert_eq!(features_for(&features, None), ["always"]);
        assert_eq!(features_for(&features, Some(&interpreter(10))), ["always"]);
        assert_eq!(
            features_for(&features, Some(&interpreter(11))),
            ["always", "pyo3/abi3-py311"]
        );
    }

    #[test]
    fn a_feature_of_the_crate_may_ask_for_the_stable_abi() {
        let table = BTreeMap::from([
            ("stable".to_owned(), vec!["abi".to_owned()]),
            (
                "abi".to_owned(),
                vec!["pyo3/abi3-py310".to_owned(), "stable".to_owned()],
            ),
        ]);
        let asked = ["stable".to_owned()];
        assert_eq!(
            turned_on(&asked, &table),
            BTreeSet::from(["abi", "pyo3/abi3-py310", "stable"])
        );
    }

    #[test]
    fn a_stable_abi_serves_the_interpreters_it_is_made_for() {
        let stable = |features: &[&str]| StableAbi::from_features(features.iter().copied()).unwrap();
        let python = |minor, free_threaded| {
            crate::python::known(
                Implementation::CPython,
                minor,
                free_threaded,
                "x86_64-unknown-linux-gnu",
            )
            .unwrap()
        };
        let abi3 = stable(&["abi3-py310"]);
        assert!(serves(abi3, &python(10, false)) && serves(abi3, &python(14, false)));
        assert!(!serves(abi3, &python(9, false)), "it is older than the floor");
        assert!(
            !serves(abi3, &python(14, true)),
            "without the interpreter lock there is no abi3"
        );
        let abi3t = stable(&["abi3t-py315"]);
        assert!(serves(abi3t, &python(15, true)) && serves(abi3t, &python(15, false)));
        assert!(!serves(abi3t, &python(14, true)));
        let pypy = crate::python::known(Implementation::PyPy, 11, false, "x86_64-unknown-linux-gnu").unwrap();
        assert!(!serves(abi3, &pypy));
    }

    #[test]
    fn an_interpreter_that_pyo3_refuses_is_refused_before_compiling() {
        let python = |minor, free_threaded| {
            crate::python::known(
                Implementation::CPython,
                minor,
                free_threaded,
                "x86_64-unknown-linux-gnu",
            )
            .unwrap()
        };
        assert!(supported(&bindings("0.29.0"), &python(8, false)).is_ok());
        assert!(supported(&bindings("0.29.0"), &python(7, false)).is_err());
        assert!(supported(&bindings("0.29.0"), &python(16, false)).is_err());
        assert!(supported(&bindings("0.29.0"), &python(13, true)).is_err());
        assert!(supported(&bindings("0.28.0"), &python(13, true)).is_ok());
        assert!(supported(&bindings("0.29.0"), &python(14, true)).is_ok());
    }

    #[test]
    fn pointers_are_as_wide_as_the_target_says() {
        for (target, width) in [
            ("x86_64-unknown-linux-gnu", 64),
            ("i686-unknown-linux-gnu", 32),
            ("armv7-unknown-linux-gnueabihf", 32),
            ("aarch64-unknown-linux-musl", 64),
            ("s390x-unknown-linux-gnu", 64),
        ] {
            assert_eq!(pointer_width(target), width, "{target}");
        }
    }
}

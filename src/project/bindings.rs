//! How a crate speaks Python: which crate binds it, and which ABI that crate's features ask for.

use std::fmt;

use cargo_metadata::semver;

use super::cargo::{CargoFacts, PackageFacts, TargetFacts};
use super::load::ProjectError;
use super::settings::Settings;

/// A stable ABI that PyO3's features ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StableAbi {
    /// `abi3` is among the features.
    pub abi3: bool,
    /// `abi3t` is among the features.
    pub abi3t: bool,
    /// The lowest `abi3-pyXY`, as (major, minor); nothing for bare `abi3`.
    pub floor: Option<(u8, u8)>,
}

/// The ways of speaking Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An extension module, written with `pyo3` or `pyo3-ffi`.
    Pyo3,
    /// A library with a C interface, which Python loads through `cffi`.
    Cffi,
    /// A library whose Python side `uniffi-bindgen` writes.
    Uniffi,
    /// Programs alone.
    Bin,
}

/// How a crate speaks Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bindings {
    /// The way.
    pub kind: Kind,
    /// The crate that binds Python itself: always there for [`Kind::Pyo3`], and for programs that embed a Python.
    pub pyo3: Option<Pyo3>,
}

/// `pyo3` or `pyo3-ffi` among the dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pyo3 {
    /// `pyo3` or `pyo3-ffi`.
    pub crate_name: &'static str,
    /// The version of that crate.
    pub version: semver::Version,
    /// The stable ABI that features ask for without regard to the interpreter.
    pub stable: Option<StableAbi>,
    /// Oldest and newest CPython minor that this PyO3 takes.
    pub cpython: (u8, u8),
    /// Oldest and newest PyPy minor that this PyO3 takes.
    pub pypy: (u8, u8),
}

/// Oldest and newest CPython minor that is looked for where no PyO3 says what it takes.
const CPYTHON: (u8, u8) = (7, 15);
/// The same of PyPy.
const PYPY: (u8, u8) = (7, 11);

impl Bindings {
    /// Whether a wheel is for certain interpreters only.
    #[must_use]
    pub fn depend_on_python(&self) -> bool {
        self.pyo3.is_some()
    }

    /// Oldest and newest CPython minor, oldest and newest PyPy minor that it can be built for.
    #[must_use]
    pub fn pythons(&self) -> ((u8, u8), (u8, u8)) {
        self.pyo3
            .as_ref()
            .map_or((CPYTHON, PYPY), |pyo3| (pyo3.cpython, pyo3.pypy))
    }

    /// The stable ABI that an extension asks for without regard to the interpreter. A program that embeds a Python is linked to
    /// one version of it.
    #[must_use]
    pub fn stable(&self) -> Option<StableAbi> {
        match self.kind {
            Kind::Pyo3 => self.pyo3.as_ref()?.stable,
            Kind::Cffi | Kind::Uniffi | Kind::Bin => None,
        }
    }
}

impl fmt::Display for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, &self.pyo3) {
            (Kind::Pyo3, Some(pyo3)) => write!(f, "{} {}", pyo3.crate_name, pyo3.version),
            (Kind::Bin, Some(pyo3)) => write!(f, "bin with {} {}", pyo3.crate_name, pyo3.version),
            (Kind::Bin, None) => f.write_str("bin"),
            (Kind::Cffi, _) => f.write_str("cffi"),
            (Kind::Uniffi, _) => f.write_str("uniffi"),
            (Kind::Pyo3, None) => f.write_str("pyo3"),
        }
    }
}

impl StableAbi {
    /// Reads the features `abi3`, `abi3t`, `abi3-pyXY` and `abi3t-pyXY`; nothing where none is among them.
    #[must_use]
    pub fn from_features<'a>(features: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut found = Self {
            abi3: false,
            abi3t: false,
            floor: None,
        };
        for feature in features {
            let (kind, version) = match feature.split_once("-py") {
                Some((kind, version)) => (kind, Some(version)),
                None => (feature, None),
            };
            match kind {
                "abi3" => found.abi3 = true,
                "abi3t" => found.abi3t = true,
                _ => continue,
            }
            if let Some(floor) = version.and_then(split_version) {
                found.floor = Some(found.floor.map_or(floor, |lowest: (u8, u8)| lowest.min(floor)));
            }
        }
        (found.abi3 || found.abi3t).then_some(found)
    }

    /// Both wishes together.
    #[must_use]
    pub fn joined(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(a), Some(b)) => Some(Self {
                abi3: a.abi3 || b.abi3,
                abi3t: a.abi3t || b.abi3t,
                floor: match (a.floor, b.floor) {
                    (Some(x), Some(y)) => Some(x.min(y)),
                    (x, y) => x.or(y),
                },
            }),
            (a, b) => a.or(b),
        }
    }
}

/// `39` → (3, 9), `310` → (3, 10).
fn split_version(digits: &str) -> Option<(u8, u8)> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (major, minor) = digits.split_at_checked(1)?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Finds out how the crate speaks Python: as it is asked to, or by what it is built on and made into.
pub fn detect(cargo: &CargoFacts, settings: &Settings) -> Result<Bindings, ProjectError> {
    let pyo3 = pyo3(cargo)?;
    let asked = settings.bindings.value.as_deref();
    let kind = match asked {
        Some("cffi") => Kind::Cffi,
        Some("uniffi") => Kind::Uniffi,
        Some("bin") => Kind::Bin,
        Some(_) => Kind::Pyo3,
        None => guess(cargo, pyo3.is_some())?,
    };
    let package = || cargo.root().name.clone();
    let has = |test: fn(&TargetFacts) -> bool| cargo.targets.iter().any(test);
    match kind {
        Kind::Bin if !has(is_program) => Err(ProjectError::NoProgram { package: package() }),
        Kind::Pyo3 if pyo3.is_none() => Err(ProjectError::NoBindings {
            package: package(),
            has_library: has(is_library),
        }),
        Kind::Pyo3 | Kind::Cffi | Kind::Uniffi if !has(is_library) => {
            Err(ProjectError::NoLibrary { package: package() })
        }
        Kind::Cffi | Kind::Uniffi => Ok(Bindings { kind, pyo3: None }),
        Kind::Pyo3 | Kind::Bin => Ok(Bindings { kind, pyo3 }),
    }
}

/// What nobody said is told by the dependencies and the targets.
fn guess(cargo: &CargoFacts, has_pyo3: bool) -> Result<Kind, ProjectError> {
    let has = |test: fn(&TargetFacts) -> bool| cargo.targets.iter().any(test);
    let (has_cdylib, has_program) = (has(is_cdylib), has(is_program));
    if has_pyo3 {
        return Ok(if has_program && !has_cdylib {
            Kind::Bin
        } else {
            Kind::Pyo3
        });
    }
    if cargo.package("uniffi").is_some() && has_cdylib {
        return Ok(Kind::Uniffi);
    }
    match (has_cdylib, has_program) {
        (true, _) => Ok(Kind::Cffi),
        (false, true) => Ok(Kind::Bin),
        (false, false) => Err(ProjectError::NoBindings {
            package: cargo.root().name.clone(),
            has_library: has(is_library),
        }),
    }
}

/// The crate that binds Python, if the project is built on one.
fn pyo3(cargo: &CargoFacts) -> Result<Option<Pyo3>, ProjectError> {
    let (crate_name, package) = match (sole(cargo, "pyo3")?, sole(cargo, "pyo3-ffi")?) {
        (Some(package), _) => ("pyo3", package),
        (None, Some(package)) => ("pyo3-ffi", package),
        (None, None) => return Ok(None),
    };
    let stable = ["pyo3", "pyo3-ffi"]
        .iter()
        .filter_map(|name| cargo.package(name))
        .map(|package| StableAbi::from_features(package.features.iter().map(String::as_str)))
        .fold(None, StableAbi::joined);
    let ffi = cargo.package("pyo3-ffi");
    Ok(Some(Pyo3 {
        crate_name,
        version: package.version.clone(),
        stable,
        cpython: supported(ffi, "cpython", CPYTHON),
        pypy: supported(ffi, "pypy", PYPY),
    }))
}

pub(super) fn is_library(target: &TargetFacts) -> bool {
    !is_program(target)
}

pub(super) fn is_cdylib(target: &TargetFacts) -> bool {
    target.crate_types.iter().any(|kind| kind == "cdylib")
}

pub(crate) fn is_program(target: &TargetFacts) -> bool {
    target.kinds.iter().any(|kind| kind == "bin")
}

/// The one package of that name; two versions of PyO3 cannot be linked together.
fn sole<'a>(cargo: &'a CargoFacts, name: &str) -> Result<Option<&'a PackageFacts>, ProjectError> {
    let found: Vec<&PackageFacts> = cargo
        .packages
        .values()
        .filter(|package| package.name == name)
        .collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => Err(ProjectError::SeveralBindings {
            name: name.to_owned(),
            versions: several
                .iter()
                .map(|package| package.version.to_string())
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// The minors that pyo3-ffi's manifest says it takes: `[package.metadata.cpython] min-version = "3.8"`.
fn supported(ffi: Option<&PackageFacts>, implementation: &str, fallback: (u8, u8)) -> (u8, u8) {
    let minor = |key: &str| -> Option<u8> {
        ffi?.extra
            .get(implementation)?
            .get(key)?
            .as_str()?
            .strip_prefix("3.")?
            .parse()
            .ok()
    };
    (
        minor("min-version").unwrap_or(fallback.0),
        minor("max-version").unwrap_or(fallback.1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stable(features: &[&str]) -> Option<StableAbi> {
        StableAbi::from_features(features.iter().copied())
    }

    #[test]
    fn the_lowest_floor_wins() {
        let expected = StableAbi {
            abi3: true,
            abi3t: false,
            floor: Some((3, 9)),
        };
        assert_eq!(
            stable(&["macros", "abi3-py310", "abi3-py39", "abi3"]),
            Some(expected)
        );
        assert_eq!(
            stable(&["abi3"]),
            Some(StableAbi {
                floor: None,
                ..expected
            })
        );
        assert_eq!(
            stable(&["abi3t-py315", "abi3-py38"]),
            Some(StableAbi {
                abi3: true,
                abi3t: true,
                floor: Some((3, 8))
            })
        );
        assert_eq!(stable(&["macros", "abi4", "abi3x"]), None);
    }

    #[test]
    fn wishes_of_two_crates_are_joined() {
        let joined = StableAbi::joined(stable(&["abi3"]), stable(&["abi3-py311"]));
        assert_eq!(joined.unwrap().floor, Some((3, 11)));
        assert_eq!(StableAbi::joined(None, None), None);
    }
}

//! How a crate speaks Python: which crate binds it, and which ABI that crate's features ask for.

use cargo_metadata::semver;

use super::cargo::{CargoFacts, PackageFacts};
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

/// How a crate speaks Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bindings {
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

/// Finds out how the crate speaks Python.
pub fn detect(cargo: &CargoFacts, settings: &Settings) -> Result<Bindings, ProjectError> {
    let asked = settings.bindings.value.as_deref();
    if let Some(other @ ("cffi" | "uniffi" | "bin")) = asked {
        return Err(ProjectError::UnsupportedBindings {
            bindings: other.to_owned(),
        });
    }
    let root = cargo.root();
    let has_library = cargo.targets.iter().any(is_library);
    let (crate_name, package) = match (sole(cargo, "pyo3")?, sole(cargo, "pyo3-ffi")?) {
        (Some(package), _) => ("pyo3", package),
        (None, Some(package)) => ("pyo3-ffi", package),
        (None, None) => {
            return Err(ProjectError::NoBindings {
                package: root.name.clone(),
                has_library,
            });
        }
    };
    if !has_library {
        return Err(ProjectError::NoLibrary {
            package: root.name.clone(),
        });
    }
    if !cargo.targets.iter().any(is_cdylib) {
        return Err(ProjectError::NoCdylib {
            package: root.name.clone(),
        });
    }
    asked_for(cargo, settings)?;
    let names = ["pyo3", "pyo3-ffi"];
    let stable = names
        .iter()
        .filter_map(|name| cargo.package(name))
        .map(|package| StableAbi::from_features(package.features.iter().map(String::as_str)))
        .fold(None, StableAbi::joined);
    let ffi = cargo.package("pyo3-ffi");
    Ok(Bindings {
        crate_name,
        version: package.version.clone(),
        stable,
        cpython: supported(ffi, "cpython", (7, 15)),
        pypy: supported(ffi, "pypy", (7, 11)),
    })
}

/// The library must be among `targets`, where that is set.
fn asked_for(cargo: &CargoFacts, settings: &Settings) -> Result<(), ProjectError> {
    let wishes = &settings.targets.value;
    let granted = |target: &super::cargo::TargetFacts| {
        wishes.iter().any(|wish| {
            wish.name == target.name
                && wish
                    .kind
                    .as_ref()
                    .is_none_or(|kind| target.crate_types.contains(kind))
        })
    };
    if wishes.is_empty()
        || cargo
            .targets
            .iter()
            .any(|target| is_cdylib(target) && granted(target))
    {
        return Ok(());
    }
    Err(ProjectError::NoSuchTarget {
        wished: wishes
            .iter()
            .map(|wish| format!("`{}`", wish.name))
            .collect::<Vec<_>>()
            .join(", "),
        there: cargo
            .targets
            .iter()
            .map(|target| format!("`{}`", target.name))
            .collect::<Vec<_>>()
            .join(", "),
    })
}

fn is_library(target: &super::cargo::TargetFacts) -> bool {
    !target.kinds.iter().any(|kind| kind == "bin")
}

fn is_cdylib(target: &super::cargo::TargetFacts) -> bool {
    target.crate_types.iter().any(|kind| kind == "cdylib")
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

//! How a crate speaks Python: which crate binds it, and which ABI that crate's features ask for.

use cargo_metadata::semver;

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

//! Takes the ELF files of a wheel and the places where a loader looks. Gives the libraries that it would find: the closure.
//! Runs no loader; knows nothing of policies but which libraries all of them promise.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::archive::ArchivePath;
use crate::elf::Facts;

/// An ELF file of the wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where it lies in the wheel.
    pub path: ArchivePath,
    /// What one read of it told.
    pub facts: Facts,
}

/// Where a needed library is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the wheel.
    Wheel(ArchivePath),
    /// On this machine, by its real path: a key of [`Closure::libraries`].
    Machine(PathBuf),
    /// Promised by every policy of the architecture, so nobody looked for it.
    Promised,
    /// Asked to be left where it is.
    Excluded,
    /// Nowhere; [`Closure::searched`] has the places.
    Missing,
}

/// A library outside of the wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// The path it was found by, which may be a symbolic link.
    pub found_as: PathBuf,
    /// What one read of it told.
    pub facts: Facts,
    /// The file.
    pub bytes: Arc<Vec<u8>>,
    /// Each `DT_NEEDED` and where it is.
    pub needs: BTreeMap<String, Place>,
}

/// Every library that the loader would bring in for the files of a wheel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure {
    /// Each ELF file of the wheel with each `DT_NEEDED` and where it is.
    pub objects: BTreeMap<ArchivePath, BTreeMap<String, Place>>,
    /// Libraries outside of the wheel by real path, those behind promised ones not among them.
    pub libraries: BTreeMap<PathBuf, Library>,
    /// The folders that were searched in vain, in order, for each missing library.
    pub searched: BTreeMap<String, Vec<PathBuf>>,
}

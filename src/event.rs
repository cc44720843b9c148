//! What happens during a walk, as values: `cli::render` says them as words or as JSON.

use std::path::PathBuf;
use std::time::Duration;

/// A part of the walk that takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Reading manifests.
    Project,
    /// Finding interpreters.
    Python,
    /// cargo at work.
    Compile,
    /// Judging the shared object.
    Audit,
    /// Packing sources.
    Pack,
    /// Compressing and writing.
    Write,
    /// Bringing what a project needs into an environment.
    Dependencies,
    /// Putting a project into an environment.
    Install,
}

impl Stage {
    /// The stage's name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Python => "python",
            Self::Compile => "compile",
            Self::Audit => "audit",
            Self::Pack => "pack",
            Self::Write => "write",
            Self::Dependencies => "dependencies",
            Self::Install => "install",
        }
    }
}

/// A finished wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelMade {
    /// Where it is.
    pub path: PathBuf,
    /// Its file name.
    pub filename: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its expanded tags.
    pub tags: Vec<String>,
    /// What the extension needs (`DT_NEEDED`).
    pub needed: Vec<String>,
    /// Libraries that were put into it.
    pub libraries: Vec<Carried>,
    /// How many files it holds.
    pub files: usize,
}

/// A library that was put into a wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The name it was needed by: `libpq.so.5`.
    pub soname: String,
    /// Where it lies in the wheel.
    pub path: String,
    /// Where it came from.
    pub source: PathBuf,
    /// SHA-256 of the file as it was, lower-case hexadecimal.
    pub sha256: String,
}

/// A finished source distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdistMade {
    /// Where it is.
    pub path: PathBuf,
    /// Its file name.
    pub filename: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// How many files it holds.
    pub files: usize,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The user should know.
    Notice {
        /// What was seen.
        message: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// A stage begins.
    Started {
        /// Which.
        stage: Stage,
        /// On what, for people: `demo 0.1.0 for CPython 3.12`.
        subject: String,
    },
    /// A stage is done.
    Finished {
        /// Which.
        stage: Stage,
        /// What came of it, for people: `nothing to compile`, `manylinux_2_34_x86_64`.
        outcome: String,
        /// How long it took.
        duration: Duration,
    },
    /// Bytes compressed so far.
    Progress {
        /// Bytes done.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A program is about to run, as a line for a shell.
    Running {
        /// The line.
        line: String,
    },
    /// What another program says to people.
    Words {
        /// One line.
        line: String,
    },
    /// A message of cargo's, as it came, for those who asked for JSON.
    Cargo {
        /// One line of JSON.
        line: String,
    },
    /// A wheel is whole and in its place.
    Wheel(WheelMade),
    /// A source distribution is whole and in its place.
    Sdist(SdistMade),
}

/// Who listens.
pub type Listener<'a> = &'a (dyn Fn(Event) + Sync);

/// A size in binary units, one digit after the point: `412 B`, `1.4 MiB`.
#[must_use]
pub fn size_in_words(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // In tenths of a unit, so that no floating point is needed.
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

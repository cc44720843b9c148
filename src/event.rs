//! What happens during a walk, as values: `cli::render` says them as words or as JSON.

use std::collections::BTreeSet;
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
    /// The Python that it was built for; nothing where it serves many, or where nobody was asked.
    pub interpreter: Option<String>,
    /// What the extension needs (`DT_NEEDED`).
    pub needed: Vec<String>,
    /// Libraries that were put into it.
    pub libraries: Vec<Carried>,
    /// Libraries that it takes from wherever it is installed, sorted by name.
    pub outside: Vec<Outside>,
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
    /// The package of the system that it belongs to, as far as the package manager knows it.
    pub package: Option<SystemPackage>,
}

/// A package of the system that a library came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemPackage {
    /// `libpq5`.
    pub name: String,
    /// `15.14-0+deb12u1`.
    pub version: String,
    /// Its package URL: `pkg:deb/debian/libpq5@15.14-0%2Bdeb12u1?arch=amd64&distro=debian-12`.
    pub url: String,
}

/// A library that a wheel takes from wherever it is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// The name it is needed by: `libc.so.6`.
    pub library: String,
    /// Why it does not travel.
    pub reason: Reason,
}

/// Why a library does not travel, the better reasons first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Every system that the wheel's platform tag speaks of has it.
    Platform,
    /// The interpreter has it loaded.
    Interpreter,
    /// It was asked to be left out.
    LeftOut,
    /// This system has it, and the wheel's tag promises nothing about others.
    System,
    /// It is nowhere.
    Missing,
}

impl Reason {
    /// The reason's name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Interpreter => "interpreter",
            Self::LeftOut => "excluded",
            Self::System => "system",
            Self::Missing => "missing",
        }
    }
}

/// A project that something is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectSeen {
    /// Its name, as written.
    pub name: String,
    /// Its version, in Python's spelling.
    pub version: String,
    /// Its folder, where cargo is called.
    pub root: PathBuf,
    /// The folder that holds all of it: that of the workspace, or the project's.
    pub base: PathBuf,
    /// The triple that code is compiled for.
    pub target: String,
    /// The files that it is made of, as far as they are known before anything is compiled.
    pub files: BTreeSet<PathBuf>,
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
    /// The user should know, but only of this machine and its caches: it says nothing of what is made.
    Aside {
        /// What was seen.
        message: String,
    },
    /// A project is read, and something is made of it.
    Project(ProjectSeen),
    /// A product was compiled.
    Compiled {
        /// The call of cargo, as a line for a shell.
        call: String,
        /// The files that it was made of, as far as people edit them.
        sources: Vec<PathBuf>,
    },
    /// A finished wheel was read, of which another is made.
    Read(PathBuf),
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

//! The rules of `docker check`.

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What is built does not work, or gives away what it must not.
    Error,
    /// It costs time, size or safety with every build.
    Warning,
    /// It can be better.
    Note,
}

impl Severity {
    /// For people and scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// What a finding costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// The image does not build, or does not run.
    Failure,
    /// Somebody gets what he must not have, or may do what he must not.
    Safety,
    /// A build takes longer.
    Time,
    /// The image is larger.
    Size,
}

impl Cost {
    /// For people and scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Safety => "safety",
            Self::Time => "time",
            Self::Size => "size",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, by which it can be left out.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it costs.
    pub cost: Cost,
    /// What it costs, in a sentence.
    pub price: &'static str,
}

macro_rules! rules {
    ($($name:ident $id:literal $severity:ident $cost:ident $price:literal;)*) => {
        $(pub(super) const $name: Rule = Rule {
            id: $id,
            severity: Severity::$severity,
            cost: Cost::$cost,
            price: $price,
        };)*
        /// Every rule, in the order of the documentation.
        pub const RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    CACHE_PLACE "cache-place" Warning Time "nothing is kept there, so everything is downloaded again in each build";
    CACHE_HIDES "cache-hides" Error Failure "what the image has there cannot be seen while the mount is";
    CACHE_SHARING "cache-sharing" Note Failure "two builds at once may write the same file, for the lock lies outside of the mount";
    CACHE_LOST "cache-lost" Warning Failure "what lies in a cache mount is not in the image: the next instruction does not find it";
    CACHE_UNUSED "cache-unused" Note Time "`--no-cache-dir` neither reads nor fills the cache that is mounted";
    REGISTRY_ALONE "registry-alone" Warning Time "a registry mount saves the download alone: after each edit every dependency is compiled again";
    NO_DEPENDENCY_LAYER "no-dependency-layer" Warning Time "after each edit every dependency is downloaded and compiled again";
    SOURCES_FIRST "sources-first" Warning Time "each edit of any file makes what follows run again";
    DEBUG_BUILD "debug-build" Warning Time "without `--release` the extension is not optimised, and runs many times slower";
    UNLOCKED "unlocked" Note Safety "without `--locked` other versions of dependencies may be compiled in tomorrow";
    OTHER_TOOLS "other-tools" Note Time "tools to install that ironwheel does not need: it builds, audits and grafts by itself";
    RENAMED_WHEEL "renamed-wheel" Error Failure "pip takes a wheel's version, Python and platform from its file name, and refuses one without them";
    OTHER_PYTHON "other-python" Warning Failure "pip refuses a wheel for another Python, unless it is for the stable ABI";
    NEWER_C_LIBRARY "newer-c-library" Warning Failure "what is linked with a newer C library may not start with an older one";
    OTHER_C_LIBRARY "other-c-library" Error Failure "what is linked with glibc does not start with musl, nor the other way round";
    FOREIGN_PLATFORM "foreign-platform" Error Failure "on a machine of another kind the wheel is for that one, not for the image";
    FIXED_PLATFORM "fixed-platform" Note Time "on every other machine all of it runs in an emulator, many times slower";
    COMPILER_IN_RUNTIME "compiler-in-runtime" Warning Size "compilers and headers are hundreds of megabytes, and of use to whoever breaks in";
    DEV_IN_RUNTIME "dev-in-runtime" Warning Size "what only tests and linters need travels with every image";
    CONTEXT_IN_RUNTIME "context-in-runtime" Warning Size "sources, tests, notes and whatever else lies in the folder travel with every image";
    REMOVED_LATER "removed-later" Warning Size "a layer that removes what an earlier one holds frees nothing: both are in the image";
    APT_LISTS "apt-lists" Warning Size "the lists of packages are some 20 MB that nobody reads again";
    APT_UPDATE_ALONE "apt-update-alone" Warning Failure "the layer is kept while the archive moves on: later installations ask for versions that are gone";
    APT_RECOMMENDS "apt-recommends" Warning Size "packages come along that nobody asked for";
    APT_ASKS "apt-asks" Error Failure "apt-get asks whether to go on, and nobody answers";
    PIP_CACHE "pip-cache" Warning Size "pip's cache holds a second copy of all it downloads";
    UNPINNED "unpinned" Warning Safety "another image tomorrow, perhaps with another Python, Rust or C library";
    SECRET "secret" Error Safety "whoever has the image can read it, in its history or its environment";
    ROOT "root" Note Safety "who breaks out of the program is root in the container";
    NO_IGNORE_FILE "no-ignore-file" Warning Time "all that lies in the folder is sent: history, `target`, environments, secrets";
    UNWANTED_IN_CONTEXT "unwanted-in-context" Warning Safety "it is sent with each build, and copied by `COPY . .`";
}

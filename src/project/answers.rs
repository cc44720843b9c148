//! What cargo answered before, so that it need not be asked again where nothing changed that its answer hangs on.
//!
//! Asking cargo takes longer than all that a build without changes does beside. Only those who build again and again are served:
//! see [`Purpose::Develop`](super::settings::Purpose::Develop).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::load::ProjectError;
use super::settings::{Purpose, Settings};
use crate::fs::{self, Stamp};
use crate::host::Host;
use crate::process::Invocation;
use crate::zip::deflate::Digest;

/// Raised when entries come to mean something else.
const FORMAT: u32 = 1;

/// How many projects are remembered in one target directory.
const CAPACITY: usize = 16;

/// Files beside a manifest, or in a folder above it, that cargo or rustup reads.
const READ_UPWARDS: [&str; 5] = [
    "Cargo.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
    ".cargo/config",
    ".cargo/config.toml",
];

/// Cargo's answers about one project.
pub(super) struct Answers<'a> {
    manifest: &'a Path,
    settings: &'a Settings,
    host: &'a Host,
    is_kept: bool,
    known: BTreeMap<String, String>,
    learned: RefCell<BTreeMap<String, String>>,
}

/// What is remembered of a project.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    format: u32,
    surroundings: Surroundings,
    /// Calls and what cargo answered.
    answers: BTreeMap<String, String>,
}

/// All that cargo's answers hang on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Surroundings {
    cargo: Option<(PathBuf, Stamp)>,
    /// The hash of the variables that cargo and rustup read.
    variables: String,
    /// The hash of a file's content; nothing where there is none.
    files: BTreeMap<PathBuf, Option<String>>,
    /// The names in a folder, by which cargo finds programs; nothing where there is none.
    folders: BTreeMap<PathBuf, Option<BTreeSet<String>>>,
}

impl<'a> Answers<'a> {
    /// Reads what is remembered, if all of its surroundings are as they were.
    pub fn open(manifest: &'a Path, settings: &'a Settings, host: &'a Host) -> Self {
        let is_kept = settings.purpose == Purpose::Develop;
        let known = is_kept
            .then(|| places(manifest, settings, host))
            .into_iter()
            .flatten()
            .find_map(|folder| Remembered::load(&file(&folder, manifest)))
            .filter(|remembered| remembered.surroundings.are_the_same(host))
            .map(|remembered| remembered.answers);
        Self {
            manifest,
            settings,
            host,
            is_kept,
            known: known.unwrap_or_default(),
            learned: RefCell::default(),
        }
    }

    /// What cargo answers to a call: what it answered before, or what `run` comes to.
    pub fn ask(
        &self,
        call: &Invocation,
        run: impl FnOnce(&Invocation) -> Result<Vec<u8>, ProjectError>,
    ) -> Result<Vec<u8>, ProjectError> {
        let question = call.to_string();
        if let Some(answer) = self.known.get(&question) {
            return Ok(answer.clone().into_bytes());
        }
        let answer = run(call)?;
        if self.is_kept
            && let Ok(text) = String::from_utf8(answer.clone())
        {
            self.learned.borrow_mut().insert(question, text);
        }
        Ok(answer)
    }

    /// Writes down what was learned. `local` are the manifests of all packages that users edit. That it may be impossible to write
    /// is of no harm: cargo is asked again next time.
    pub fn remember(self, target: &Path, workspace: &Path, local: &[PathBuf]) {
        let learned = self.learned.into_inner();
        if learned.is_empty() {
            return;
        }
        let mut answers = self.known;
        answers.extend(learned);
        let remembered = Remembered {
            format: FORMAT,
            surroundings: Surroundings::of(self.manifest, self.settings, workspace, local, self.host),
            answers,
        };
        let folder = target.join("ironwheel/cargo");
        if let Ok(bytes) = serde_json::to_vec(&remembered)
            && std::fs::create_dir_all(&folder).is_ok()
        {
            let _ = fs::write_if_changed(&file(&folder, self.manifest), &bytes);
            forget_the_oldest(&folder);
        }
    }
}

impl Remembered {
    fn load(file: &Path) -> Option<Self> {
        let remembered: Self = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        (remembered.format == FORMAT).then_some(remembered)
    }
}

/// Where answers may lie: in the target directory, which only cargo's answer tells for sure.
fn places(manifest: &Path, settings: &Settings, host: &Host) -> Vec<PathBuf> {
    let beside = manifest.parent().unwrap_or(Path::new("/"));
    let named = settings.passed.target_dir.clone().or_else(|| {
        ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
            .iter()
            .find_map(|name| host.variable(name))
            .map(|folder| beside.join(folder))
    });
    let near = beside.ancestors().map(|folder| folder.join("target"));
    let targets: Vec<PathBuf> = match named {
        Some(folder) => vec![folder],
        None => near.collect(),
    };
    targets
        .into_iter()
        .map(|target| target.join("ironwheel/cargo"))
        .collect()
}

fn file(folder: &Path, manifest: &Path) -> PathBuf {
    let digest = Digest::of(manifest.to_string_lossy().as_bytes()).sha256_hex();
    folder.join(format!("{}.json", &digest[..16]))
}

fn forget_the_oldest(folder: &Path) {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let excess = files.len().saturating_sub(CAPACITY);
    for (_, path) in files.into_iter().take(excess) {
        // Another run may have been faster.
        let _ = std::fs::remove_file(path);
    }
}

impl Surroundings {
    fn of(manifest: &Path, settings: &Settings, workspace: &Path, local: &[PathBuf], host: &Host) -> Self {
        let mut files: BTreeSet<PathBuf> = BTreeSet::new();
        let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
        let above = manifest.parent().into_iter().flat_map(Path::ancestors);
        files.extend(above.flat_map(|folder| READ_UPWARDS.map(|name| folder.join(name))));
        if let Some(home) = host.tool_folder("CARGO_HOME", ".cargo") {
            files.extend(["config", "config.toml"].map(|name| home.join(name)));
        }
        files.extend(
            host.tool_folder("RUSTUP_HOME", ".rustup")
                .map(|home| home.join("settings.toml")),
        );
        files.extend(["Cargo.toml", "Cargo.lock"].map(|name| workspace.join(name)));
        // `--config` takes files too.
        files.extend(
            settings
                .config
                .value
                .iter()
                .filter(|value| !value.contains('='))
                .map(PathBuf::from),
        );
        for manifest in local {
            let Some(folder) = manifest.parent() else { continue };
            files.extend([manifest.clone(), folder.join("build.rs")]);
            let programs = folder.join("src/bin");
            folders.extend(
                names(&programs)
                    .into_iter()
                    .flatten()
                    .map(|name| programs.join(name)),
            );
            folders.extend([folder.join("src"), programs]);
        }
        Self {
            cargo: cargo(host),
            variables: variables(host),
            files: files
                .into_iter()
                .map(|path| {
                    let content = content(&path);
                    (path, content)
                })
                .collect(),
            folders: folders
                .into_iter()
                .map(|path| {
                    let names = names(&path);
                    (path, names)
                })
                .collect(),
        }
    }

    fn are_the_same(&self, host: &Host) -> bool {
        self.cargo == cargo(host)
            && self.variables == variables(host)
            && self.files.iter().all(|(path, known)| content(path) == *known)
            && self.folders.iter().all(|(path, known)| names(path) == *known)
    }
}

fn cargo(host: &Host) -> Option<(PathBuf, Stamp)> {
    let path = host.find_program("cargo")?.canonicalize().ok()?;
    let stamp = fs::stamp(&path)?;
    Some((path, stamp))
}

fn variables(host: &Host) -> String {
    let heeded = host
        .variables()
        .filter(|(name, _)| name.starts_with("CARGO") || name.starts_with("RUST"));
    let mut text = String::new();
    for (name, value) in heeded {
        text.extend([name, "=", value, "\n"]);
    }
    Digest::of(text.as_bytes()).sha256_hex()
}

fn content(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    Some(Digest::of(&bytes).sha256_hex())
}

fn names(folder: &Path) -> Option<BTreeSet<String>> {
    let entries = std::fs::read_dir(folder).ok()?;
    Some(
        entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::settings::{Overrides, Tables, resolve};

    struct Stage {
        folder: tempfile::TempDir,
        settings: Settings,
    }

    impl Stage {
        fn new(purpose: Purpose) -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(folder.path().join("a/src")).unwrap();
            std::fs::write(folder.path().join("a/Cargo.toml"), "one").unwrap();
            let overrides = Overrides {
                purpose,
                ..Overrides::default()
            };
            let host = Host::new(BTreeMap::new(), folder.path().to_owned()).unwrap();
            let settings = resolve(&overrides, &Tables::default(), folder.path(), &host).unwrap();
            Self { folder, settings }
        }

        fn path(&self, path: &str) -> PathBuf {
            self.folder.path().join(path)
        }

        /// Whether cargo had to be asked.
        fn asks(&self, question: &str, variables: &[(&str, &str)]) -> bool {
            let variables = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let host = Host::new(variables, self.folder.path().to_owned()).unwrap();
            let manifest = self.path("a/Cargo.toml");
            let answers = Answers::open(&manifest, &self.settings, &host);
            let call = crate::project::cargo::cargo(&manifest, vec![question.to_owned()]);
            let mut is_asked = false;
            let answer = answers.ask(&call, |_| {
                is_asked = true;
                Ok(b"answer".to_vec())
            });
            assert_eq!(answer.unwrap(), b"answer");
            answers.remember(
                &self.path("target"),
                &self.path("a"),
                std::slice::from_ref(&manifest),
            );
            is_asked
        }
    }

    #[test]
    fn what_nothing_changed_about_is_not_asked_again() {
        let stage = Stage::new(Purpose::Develop);
        assert!(stage.asks("metadata", &[]));
        assert!(!stage.asks("metadata", &[]));
        assert!(stage.asks("-vV", &[]));
        assert!(!stage.asks("metadata", &[]) && !stage.asks("-vV", &[]));
        // What cargo does not read is of no account.
        std::fs::write(stage.path("a/src/.keep"), "").unwrap();
        assert!(stage.asks("metadata", &[]));
        std::fs::write(stage.path("a/notes.txt"), "").unwrap();
        assert!(!stage.asks("metadata", &[("EDITOR", "x")]));
    }

    #[test]
    fn whatever_cargo_reads_makes_it_be_asked() {
        let stage = Stage::new(Purpose::Develop);
        let write = |path: &str, text: &str| {
            std::fs::create_dir_all(stage.path(path).parent().unwrap()).unwrap();
            std::fs::write(stage.path(path), text).unwrap();
        };
        assert!(stage.asks("metadata", &[]));
        for (path, text) in [
            // The same length, and with some file systems the same time.
            ("a/Cargo.toml", "two"),
            ("a/Cargo.lock", "x"),
            ("Cargo.toml", "[workspace]"),
            (".cargo/config.toml", "x"),
            ("a/rust-toolchain.toml", "x"),
            ("a/build.rs", ""),
            ("a/src/main.rs", ""),
            ("a/src/bin/tool.rs", ""),
        ] {
            write(path, text);
            assert!(stage.asks("metadata", &[]), "{path}");
            assert!(!stage.asks("metadata", &[]), "{path}");
        }
        assert!(stage.asks("metadata", &[("CARGO_NET_OFFLINE", "true")]));
    }

    #[test]
    fn nobody_else_takes_old_answers() {
        let stage = Stage::new(Purpose::Distribution);
        assert!(stage.asks("metadata", &[]) && stage.asks("metadata", &[]));
        assert!(!stage.path("target").exists());
    }
}

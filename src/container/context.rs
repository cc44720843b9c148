//! A build context, walked as the builder walks it: what `COPY . .` would bring, what is big in it, and what should stay at home.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ignore_file::{Fits, IgnoreError, IgnoreFile, literal};
use crate::fs::{self, FileError};

/// Why a context cannot be walked.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// There is no such folder.
    #[error("the build context is no folder: {}", .0.display())]
    NoFolder(PathBuf),
    /// The ignore file.
    #[error(transparent)]
    Ignore(#[from] IgnoreError),
    /// Something in the context cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl ContextError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoFolder(_) => {
                Some("name the folder that stands at the end of `docker build`, often `.`".to_owned())
            }
            Self::Ignore(error) => error.hint(),
            Self::File(_) => None,
        }
    }
}

/// What would be sent, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Bytes of a tar stream of it: for each entry a header of 512, and the content filled up to a multiple of 512. The
    /// emptiness at the stream's end is not counted.
    pub bytes: u64,
    /// Files and links.
    pub files: u64,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.files += other.files;
    }
}

/// A file, or all that lies at one place of the context's top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the context; a folder's ends in `/`.
    pub path: String,
    /// What it comes to.
    pub amount: Amount,
}

/// Why something should stay at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Who has the image has it.
    Secret,
    /// The history of the sources, which changes with every commit.
    History,
    /// It is compiled again.
    Compiled,
    /// A virtual environment, which is made again.
    Environment,
    /// Packages of node's, which are installed again.
    NodeModules,
    /// What tools keep for themselves.
    Cache,
    /// Finished wheels and source distributions.
    Distribution,
}

impl Reason {
    /// For scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::History => "history",
            Self::Compiled => "compiled",
            Self::Environment => "environment",
            Self::NodeModules => "node-modules",
            Self::Cache => "cache",
            Self::Distribution => "distribution",
        }
    }

    /// For people: why it should stay at home.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Secret => "a secret: who has the image, or its cache, has it",
            Self::History => "the history: it changes with every commit, and the layer with it",
            Self::Compiled => "compiled code: made again in the image, and large",
            Self::Environment => "a virtual environment: its paths are those of this machine",
            Self::NodeModules => "packages of node's: installed again in the image",
            Self::Cache => "a tool's cache: of no use in the image",
            Self::Distribution => {
                "finished distributions: an old wheel may be installed in place of the new one"
            }
        }
    }
}

/// Something that should be ignored and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwanted {
    /// Why.
    pub reason: Reason,
    /// The line for `.dockerignore`.
    pub line: String,
    /// What the line is about, sorted.
    pub paths: Vec<String>,
    /// What that comes to.
    pub amount: Amount,
}

/// A build context.
#[derive(Debug, Clone)]
pub struct Context {
    /// Its folder.
    pub folder: PathBuf,
    /// The ignore file that counts; nothing where there is none.
    pub ignore_file: Option<PathBuf>,
    /// What would be sent.
    pub sent: Amount,
    /// What lies at the top, largest first.
    pub top: Vec<Entry>,
    /// The largest files, largest first.
    pub largest: Vec<Entry>,
    /// What should be ignored: secrets first, then what is largest.
    pub unwanted: Vec<Unwanted>,
}

/// How many of the largest files are kept.
const LARGEST: usize = 20;

/// A tar header.
const BLOCK: u64 = 512;

/// Walks a context with the ignore file that counts for a Dockerfile.
///
/// # Errors
/// A folder that is none, a bad pattern, something that cannot be read.
pub fn walk(folder: &Path, dockerfile: Option<&Path>) -> Result<Context, ContextError> {
    if !folder.is_dir() {
        return Err(ContextError::NoFolder(folder.to_owned()));
    }
    let ignore_file = IgnoreFile::find(folder, dockerfile)?;
    let mut walk = Walk {
        ignore_file: &ignore_file,
        sent: Amount::default(),
        top: BTreeMap::new(),
        largest: Vec::new(),
        unwanted: BTreeMap::new(),
    };
    walk.folder(folder, "", &Fits::default(), None)?;
    let mut top: Vec<Entry> = walk
        .top
        .into_iter()
        .map(|(path, amount)| Entry { path, amount })
        .collect();
    largest_first(&mut top);
    largest_first(&mut walk.largest);
    walk.largest.truncate(LARGEST);
    let mut unwanted: Vec<Unwanted> = walk.unwanted.into_values().collect();
    unwanted.sort_by(|one, other| {
        let key = |unwanted: &Unwanted| {
            (
                unwanted.reason != Reason::Secret,
                u64::MAX - unwanted.amount.bytes,
            )
        };
        key(one).cmp(&key(other)).then_with(|| one.line.cmp(&other.line))
    });
    Ok(Context {
        folder: folder.to_owned(),
        sent: walk.sent,
        top,
        largest: walk.largest,
        unwanted,
        ignore_file: ignore_file.path,
    })
}

fn largest_first(entries: &mut [Entry]) {
    entries.sort_by(|one, other| {
        other
            .amount
            .bytes
            .cmp(&one.amount.bytes)
            .then_with(|| one.path.cmp(&other.path))
    });
}

struct Walk<'a> {
    ignore_file: &'a IgnoreFile,
    sent: Amount,
    top: BTreeMap<String, Amount>,
    largest: Vec<Entry>,
    /// By line.
    unwanted: BTreeMap<String, Unwanted>,
}

/// Something in a folder.
struct Found {
    path: PathBuf,
    metadata: std::fs::Metadata,
    /// In the context.
    relative: String,
}

impl Walk<'_> {
    /// All that lies in a folder. `within` is the line about an unwanted folder above.
    fn folder(
        &mut self,
        path: &Path,
        relative: &str,
        fits: &Fits,
        within: Option<&str>,
    ) -> Result<(), ContextError> {
        for found in list(path, relative)? {
            let (ignored, fits) = self.ignore_file.judge(&found.relative, fits);
            let is_folder = found.metadata.is_dir();
            if ignored && !(is_folder && self.ignore_file.may_except_in(&found.relative)) {
                continue;
            }
            if ignored {
                self.folder(&found.path, &found.relative, &fits, within)?;
                continue;
            }
            let unwanted = match within {
                Some(_) => None,
                None => unwanted(&found)?,
            };
            let line = match (&unwanted, within) {
                (Some((_, line)), _) => Some(line.as_str()),
                (None, within) => within,
            };
            if let Some((reason, line)) = &unwanted {
                self.remember(*reason, line, &found.relative);
            }
            self.count(&found, line);
            if is_folder {
                self.folder(&found.path, &found.relative, &fits, line)?;
            }
        }
        Ok(())
    }

    fn remember(&mut self, reason: Reason, line: &str, path: &str) {
        let unwanted = self.unwanted.entry(line.to_owned()).or_insert_with(|| Unwanted {
            reason,
            line: line.to_owned(),
            paths: Vec::new(),
            amount: Amount::default(),
        });
        unwanted.paths.push(path.to_owned());
    }

    fn count(&mut self, found: &Found, line: Option<&str>) {
        let amount = amount(&found.metadata);
        self.sent.add(amount);
        let (top, is_folder) = match found.relative.split_once('/') {
            Some((top, _)) => (top, true),
            None => (found.relative.as_str(), found.metadata.is_dir()),
        };
        let top = if is_folder {
            format!("{top}/")
        } else {
            top.to_owned()
        };
        self.top.entry(top).or_default().add(amount);
        if found.metadata.is_file() {
            self.largest.push(Entry {
                path: found.relative.clone(),
                amount,
            });
            if self.largest.len() > 50 * LARGEST {
                largest_first(&mut self.largest);
                self.largest.truncate(LARGEST);
            }
        }
        if let Some(unwanted) = line.and_then(|line| self.unwanted.get_mut(line)) {
            unwanted.amount.add(amount);
        }
    }
}

/// What lies in a folder, by name.
fn list(folder: &Path, relative: &str) -> Result<Vec<Found>, FileError> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(FileError::new("read", folder))? {
        let entry = entry.map_err(FileError::new("read", folder))?;
        let path = entry.path();
        // A link is sent as a link.
        let metadata = path.symlink_metadata().map_err(FileError::new("read", &path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let relative = if relative.is_empty() {
            name
        } else {
            format!("{relative}/{name}")
        };
        all.push(Found {
            path,
            metadata,
            relative,
        });
    }
    all.sort_by(|one, other| one.relative.cmp(&other.relative));
    Ok(all)
}

fn amount(metadata: &std::fs::Metadata) -> Amount {
    let content = if metadata.is_file() { metadata.len() } else { 0 };
    Amount {
        bytes: BLOCK + content.div_ceil(BLOCK) * BLOCK,
        files: u64::from(!metadata.is_dir()),
    }
}

/// Whether something should stay at home: why, and the line that keeps it there.
fn unwanted(found: &Found) -> Result<Option<(Reason, String)>, FileError> {
    let name = found.relative.rsplit('/').next().unwrap_or_default();
    if found.metadata.is_dir() {
        return Ok(unwanted_folder(found, name));
    }
    if name == ".git" {
        return Ok(Some((Reason::History, everywhere(found, name))));
    }
    if let Some(line) = secret_by_name(found, name) {
        return Ok(Some((Reason::Secret, line)));
    }
    if found.metadata.is_file() && holds_private_key(found, name)? {
        return Ok(Some((Reason::Secret, literal(&found.relative))));
    }
    let has_ending = |ending: &str| name.len() > ending.len() && name.ends_with(ending);
    if has_ending(".whl") {
        return Ok(Some((Reason::Distribution, "**/*.whl".to_owned())));
    }
    if name == ".coverage" || name == ".DS_Store" {
        return Ok(Some((Reason::Cache, format!("**/{name}"))));
    }
    if has_ending(".pyc") || has_ending(".pyo") {
        return Ok(Some((Reason::Cache, "**/*.py[cod]".to_owned())));
    }
    Ok(None)
}

/// A line for a name wherever it is found; at the top, the name alone.
fn everywhere(found: &Found, name: &str) -> String {
    if found.relative == name && name == ".git" {
        return name.to_owned();
    }
    format!("**/{}", literal(name))
}

/// Folders that tools keep for themselves.
const CACHES: [&str; 14] = [
    ".cache",
    ".eggs",
    ".hypothesis",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".terraform",
    ".tox",
    ".uv-cache",
    "__pycache__",
    "htmlcov",
];

fn unwanted_folder(found: &Found, name: &str) -> Option<(Reason, String)> {
    let has = |file: &str| found.path.join(file).is_file();
    let exactly = || literal(&found.relative);
    match name {
        ".git" | ".hg" | ".svn" => Some((Reason::History, everywhere(found, name))),
        "node_modules" => Some((Reason::NodeModules, "**/node_modules".to_owned())),
        name if CACHES.contains(&name) => Some((Reason::Cache, everywhere(found, name))),
        ".ssh" | ".gnupg" | ".aws" | ".kube" => Some((Reason::Secret, everywhere(found, name))),
        name if has("pyvenv.cfg") => Some(match name {
            ".venv" | "venv" | ".env" | "env" => (Reason::Environment, everywhere(found, name)),
            _ => (Reason::Environment, exactly()),
        }),
        // Cargo marks what it makes; so do others that keep what can be made again.
        "target" if has("CACHEDIR.TAG") || has(".rustc_info.json") => {
            Some((Reason::Compiled, "**/target".to_owned()))
        }
        _ if has(".rustc_info.json") => Some((Reason::Compiled, exactly())),
        _ if has("CACHEDIR.TAG") => Some((Reason::Cache, exactly())),
        name if name.ends_with(".egg-info") => Some((Reason::Cache, "**/*.egg-info".to_owned())),
        "dist" | "wheels" | "wheelhouse" if holds_wheels(&found.path) => {
            Some((Reason::Distribution, exactly()))
        }
        _ => None,
    }
}

fn holds_wheels(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.any(|name| Path::new(&name).extension().is_some_and(|ending| ending == "whl"))
}

/// Files that hold passwords or keys by their name; nothing else is called so.
const SECRETS: [&str; 13] = [
    ".env",
    ".envrc",
    ".git-credentials",
    ".htpasswd",
    ".netrc",
    ".pgpass",
    ".pypirc",
    "_netrc",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "secrets.env",
];

/// Paths that end so.
const SECRET_PATHS: [&str; 4] = [
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".docker/config.json",
    ".config/gcloud/application_default_credentials.json",
];

fn secret_by_name(found: &Found, name: &str) -> Option<String> {
    if SECRETS.contains(&name) {
        return Some(format!("**/{name}"));
    }
    let is_example = |ending: &str| {
        ["example", "sample", "template", "dist", "defaults", "md"]
            .iter()
            .any(|word| ending.ends_with(word))
    };
    if name
        .strip_prefix(".env.")
        .is_some_and(|ending| !is_example(ending))
    {
        return Some(everywhere(found, name));
    }
    let below = format!("/{}", found.relative);
    if SECRET_PATHS
        .iter()
        .any(|path| below.ends_with(&format!("/{path}")))
    {
        return Some(literal(&found.relative));
    }
    ["p12", "pfx", "jks", "kdbx"]
        .iter()
        .find(|ending| name.ends_with(&format!(".{ending}")))
        .map(|ending| format!("**/*.{ending}"))
}

/// Files up to this size are looked into: keys are short.
const LONGEST_KEY_FILE: u64 = 64 * 1024;

/// How a key in text begins, and what its first line says.
const MARK: &[u8] = b"-----BEGIN ";
const KEY: &str = "PRIVATE KEY";

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let ending = Path::new(name).extension();
    ending.is_some_and(|ending| endings.iter().any(|known| ending == *known))
}

/// Whether a file is a private key, or an account's file with one in it.
fn holds_private_key(found: &Found, name: &str) -> Result<bool, FileError> {
    if found.metadata.len() > LONGEST_KEY_FILE {
        return Ok(false);
    }
    let length = usize::try_from(LONGEST_KEY_FILE).unwrap_or(usize::MAX);
    if has_ending(name, &["json"]) {
        let text = fs::read_beginning(&found.path, length)?;
        let text = String::from_utf8_lossy(&text);
        return Ok(text.contains("\"private_key\"") && text.contains(KEY));
    }
    let beginning = fs::read_beginning(&found.path, MARK.len())?;
    if beginning != MARK && !has_ending(name, &["pem", "key"]) {
        return Ok(beginning.starts_with(b"PuTTY-User"));
    }
    let text = fs::read_beginning(&found.path, length)?;
    let text = String::from_utf8_lossy(&text);
    // A file of certificates is public; one with a key among them is not.
    Ok(text
        .lines()
        .any(|line| line.starts_with("-----BEGIN ") && line.contains(KEY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Desk(tempfile::TempDir);

    impl Desk {
        fn new(files: &[(&str, &str)]) -> Self {
            let desk = Self(tempfile::tempdir().unwrap());
            for (path, text) in files {
                desk.write(path, text);
            }
            desk
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn walk(&self) -> Context {
            walk(self.0.path(), None).unwrap()
        }
    }

    #[test]
    fn the_size_is_that_of_a_tar_stream() {
        let desk = Desk::new(&[("a", ""), ("b", "x"), ("c/d", &"x".repeat(513))]);
        let context = desk.walk();
        // Four headers, one block, two blocks.
        assert_eq!(
            context.sent,
            Amount {
                bytes: 7 * 512,
                files: 3
            }
        );
        let top: Vec<_> = context
            .top
            .iter()
            .map(|entry| (entry.path.as_str(), entry.amount.bytes))
            .collect();
        assert_eq!(top, [("c/", 4 * 512), ("b", 1024), ("a", 512)]);
        assert_eq!(context.largest[0].path, "c/d");
    }

    #[test]
    fn a_link_is_not_followed() {
        let desk = Desk::new(&[("a", &"x".repeat(5000))]);
        std::os::unix::fs::symlink("a", desk.0.path().join("b")).unwrap();
        std::os::unix::fs::symlink("nowhere", desk.0.path().join("c")).unwrap();
        assert_eq!(
            desk.walk().sent,
            Amount {
                bytes: 512 + 5120 + 2 * 512,
                files: 3
            }
        );
    }

    #[test]
    fn exceptions_below_ignored_folders_are_found() {
        let desk = Desk::new(&[
            (".dockerignore", "*\n!backend/src\n"),
            ("backend/src/lib.rs", "x"),
            ("backend/notes", "x"),
            ("other/a", "x"),
        ]);
        let context = desk.walk();
        let paths: Vec<&str> = context.largest.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["backend/src/lib.rs"]);
    }

    #[test]
    fn what_should_stay_at_home_is_named_with_the_line_that_keeps_it_there() {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n";
        let desk = Desk::new(&[
            ("backend/target/CACHEDIR.TAG", "Signature"),
            ("backend/target/release/a", "xxxx"),
            (".git/HEAD", "ref"),
            ("my env/pyvenv.cfg", "home = /usr"),
            (".venv/pyvenv.cfg", "home = /usr"),
            ("web/node_modules/a.js", ""),
            ("src/a/__pycache__/b.pyc", ""),
            (".mypy_cache/x", ""),
            ("dist/a-1-py3-none-any.whl", ""),
            ("b-1-py3-none-any.whl", ""),
            (".env", "A=b"),
            (".env.example", "A="),
            ("deploy/.env.production", "A=b"),
            ("deploy/server.pem", key),
            ("deploy/public.pem", "-----BEGIN CERTIFICATE-----\n"),
            ("deploy/hidden", key),
            (
                "deploy/account.json",
                "{\"private_key\": \"-----BEGIN PRIVATE KEY-----\"}",
            ),
            ("src/key.py", "TEXT = '-----BEGIN PRIVATE KEY-----'"),
            (".cargo/credentials.toml", ""),
            (".cargo/config.toml", ""),
            ("target/notes", "a folder of that name without cargo's mark"),
        ]);
        let context = desk.walk();
        let found: Vec<_> = context
            .unwanted
            .iter()
            .map(|unwanted| (unwanted.reason, unwanted.line.as_str()))
            .collect();
        let mut expected = vec![
            (Reason::Secret, "**/.env"),
            (Reason::Secret, "**/.env.production"),
            (Reason::Secret, ".cargo/credentials.toml"),
            (Reason::Secret, "deploy/account.json"),
            (Reason::Secret, "deploy/hidden"),
            (Reason::Secret, "deploy/server.pem"),
            (Reason::History, ".git"),
            (Reason::Compiled, "**/target"),
            (Reason::Environment, "**/.venv"),
            (Reason::Environment, "my env"),
            (Reason::NodeModules, "**/node_modules"),
            (Reason::Cache, "**/.mypy_cache"),
            (Reason::Cache, "**/__pycache__"),
            (Reason::Distribution, "**/*.whl"),
            (Reason::Distribution, "dist"),
        ];
        expected.sort();
        let mut sorted = found.clone();
        sorted.sort();
        assert_eq!(sorted, expected);
        assert!(
            found[..6].iter().all(|(reason, _)| *reason == Reason::Secret),
            "{found:?}"
        );
        let target = context
            .unwanted
            .iter()
            .find(|unwanted| unwanted.line == "**/target")
            .unwrap();
        assert_eq!(target.paths, ["backend/target"]);
        assert_eq!(
            target.amount,
            Amount {
                bytes: 2 * 512 + 2 * 1024,
                files: 2
            }
        );

        let lines: Vec<&str> = context
            .unwanted
            .iter()
            .map(|unwanted| unwanted.line.as_str())
            .collect();
        desk.write(".dockerignore", &lines.join("\n"));
        assert_eq!(desk.walk().unwanted, []);
    }

    #[test]
    fn what_is_ignored_is_not_complained_about() {
        let desk = Desk::new(&[
            (".dockerignore", ".env\n**/.git\n"),
            (".env", "A=b"),
            (".git/HEAD", ""),
        ]);
        assert_eq!(desk.walk().unwanted, []);
        desk.write(".dockerignore", "*\n!.env\n");
        assert_eq!(desk.walk().unwanted[0].line, "**/.env");
    }

    #[test]
    fn a_folder_that_is_none_is_an_error() {
        let error = walk(Path::new("/nowhere/at all"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the build context is no folder: /nowhere/at all"
        );
    }
}

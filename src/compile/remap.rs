//! Paths of the machine that compiles, kept out of what is compiled: panics and debug information name source files, and rustc
//! writes down where it found them.
//!
//! What every rustc is told speaks of the tools' own folders alone. Did it speak of the project's, a dependency would be compiled
//! anew wherever the project moves to. The project's own folders are told to the last rustc alone, which is the project's. Where
//! other crates lie at a path too, no flag of cargo's reaches them alone, and a wrapper around rustc tells them.
//!
//! Cargo passes these flags over when it names its results, so they have no part in any symbol either.
//!
//! <https://doc.rust-lang.org/rustc/remap-source-paths.html>

use std::path::{Path, PathBuf};

use toml::Table;

use super::invocation::Subject;
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::project::cargo::PackageFacts;

/// The flag, which may also stand before its value as a word of its own.
const FLAG: &str = "--remap-path-prefix";

/// What cargo mixes into the name of everything that it makes for us. With and without remapping it is another one, so that
/// neither evicts the other's results.
pub(super) fn mark(subject: Subject<'_>) -> &'static str {
    if subject.settings.remap_paths.value {
        "ironwheel"
    } else {
        "ironwheel-real-paths"
    }
}

/// What every rustc is told: where cargo keeps what it downloads, and rustup its toolchains with the standard library's sources.
///
/// Nothing where `words`, the flags that the user gives to every rustc, remap already: ours would come behind them and count.
pub(super) fn everywhere(subject: Subject<'_>, host: &Host, words: &[String]) -> Vec<String> {
    if !subject.settings.remap_paths.value || words.iter().any(|word| word.starts_with(FLAG)) {
        return Vec::new();
    }
    [
        ("CARGO_HOME", ".cargo", "/cargo"),
        ("RUSTUP_HOME", ".rustup", "/rustup"),
    ]
    .into_iter()
    .filter_map(|(variable, name, place)| Some(flag(&folder(host, variable, name)?, place)))
    .collect()
}

/// What the last rustc alone is told: where the project and the target directory lie. Of two flags that fit the later one counts.
/// Whatever the user tells that rustc comes behind.
pub(super) fn last(subject: Subject<'_>) -> Vec<String> {
    if !subject.settings.remap_paths.value {
        return Vec::new();
    }
    [
        (&subject.cargo.workspace_root, "/project"),
        (&subject.cargo.target_directory, "/target"),
    ]
    .into_iter()
    .filter(|(folder, _)| folder.parent().is_some())
    .map(|(folder, place)| flag(folder, place))
    .collect()
}

/// A program that stands between cargo and rustc.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrapper {
    /// Where it lies: in the target directory, so that it is the same for whoever looks at its path.
    pub path: PathBuf,
    /// What it does, for the shell.
    pub text: String,
}

impl Wrapper {
    /// Puts it in place.
    pub fn write(&self) -> Result<(), FileError> {
        if let Some(folder) = self.path.parent() {
            fs::create_folder(folder)?;
        }
        fs::write_if_changed(&self.path, self.text.as_bytes())?;
        fs::set_executable(&self.path, true)
    }
}

/// The wrapper around rustc, where another crate than the project's own lies neither where cargo downloads to nor in the standard
/// library. `words` as for `everywhere`; `configuration` is cargo's, each table with the folder that its paths are relative to.
pub(super) fn wrapper(
    subject: Subject<'_>,
    host: &Host,
    words: &[String],
    configuration: &[(PathBuf, Table)],
) -> Option<Wrapper> {
    if !subject.settings.remap_paths.value || words.iter().any(|word| word.starts_with(FLAG)) {
        return None;
    }
    let cargo = subject.cargo;
    let downloads = folder(host, "CARGO_HOME", ".cargo")?;
    let others: Vec<&PackageFacts> = cargo
        .packages
        .iter()
        .filter(|(id, package)| **id != cargo.root_id && !package.manifest.starts_with(&downloads))
        .map(|(_, package)| package)
        .collect();
    if others.is_empty() || cargo.workspace_root.parent().is_none() {
        return None;
    }
    let is_moved = others
        .iter()
        .any(|package| package.source.is_none() && !package.manifest.starts_with(&cargo.workspace_root));
    let wrapped = wrapped(host, configuration);
    // The crate `cc` compiles through a cache that it knows by its file name.
    let name = wrapped
        .as_deref()
        .and_then(|program| Path::new(program).file_name())
        .map_or_else(|| "rustc".into(), std::ffi::OsStr::to_owned);
    let quoted = |path: &Path| quoted(&path.to_string_lossy());
    let text = [
        ("@WRAPPED@", self::quoted(wrapped.as_deref().unwrap_or_default())),
        ("@DOWNLOADS@", quoted(&downloads)),
        ("@WORKSPACE@", quoted(&cargo.workspace_root)),
        ("@TARGET@", quoted(&cargo.target_directory)),
        (
            "@IS_MOVED@",
            if is_moved { "yes".to_owned() } else { String::new() },
        ),
    ]
    .into_iter()
    .fold(
        include_str!("rustc_wrapper.sh").to_owned(),
        |text, (name, value)| text.replacen(name, &value, 1),
    );
    Some(Wrapper {
        path: cargo.memory().join("wrapper").join(name),
        text,
    })
}

/// The wrapper that the user has around rustc, as cargo finds it.
///
/// <https://doc.rust-lang.org/cargo/reference/config.html#buildrustc-wrapper>
fn wrapped(host: &Host, configuration: &[(PathBuf, Table)]) -> Option<String> {
    if host.variables().any(|(name, _)| name == "RUSTC_WRAPPER") {
        // Set to nothing it turns off what a file asks for.
        return host.variable("RUSTC_WRAPPER").map(str::to_owned);
    }
    if let Some(program) = host.variable("CARGO_BUILD_RUSTC_WRAPPER") {
        return Some(program.to_owned());
    }
    let (folder, program) = configuration.iter().rev().find_map(|(folder, table)| {
        let program = table.get("build")?.get("rustc-wrapper")?.as_str()?;
        Some((folder, program))
    })?;
    Some(if program.contains('/') {
        folder.join(program).to_string_lossy().into_owned()
    } else {
        program.to_owned()
    })
    .filter(|program| !program.is_empty())
}

/// A word for the shell. What no shell can hold, a text with a zero byte, is no path either.
fn quoted(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned)
}

/// A tool's own folder, unless that is the root.
fn folder(host: &Host, variable: &str, name: &str) -> Option<PathBuf> {
    let folder = host.tool_folder(variable, name)?;
    // Everything would be remapped.
    folder.parent().is_some().then_some(folder)
}

fn flag(folder: &Path, place: &str) -> String {
    format!("{FLAG}={}={place}", folder.display())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_wrapper_of_the_user_is_the_one_that_cargo_would_take() {
        let document = |folder: &str, text: &str| (PathBuf::from(folder), text.parse::<Table>().unwrap());
        let documents = [
            document("/users/me", "build.rustc-wrapper = 'sccache'"),
            document("/work", "build.rustc-wrapper = 'tools/wrap'"),
        ];
        let with = |name: &str, value: &str, documents: &[(PathBuf, Table)]| {
            let variables = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            wrapped(&Host::new(variables, PathBuf::from("/work")).unwrap(), documents)
        };
        assert_eq!(with("A", "b", &[]), None);
        assert_eq!(with("A", "b", &documents[..1]).as_deref(), Some("sccache"));
        assert_eq!(with("A", "b", &documents).as_deref(), Some("/work/tools/wrap"));
        assert_eq!(
            with("CARGO_BUILD_RUSTC_WRAPPER", "c", &documents).as_deref(),
            Some("c")
        );
        assert_eq!(with("RUSTC_WRAPPER", "d", &documents).as_deref(), Some("d"));
        assert_eq!(with("RUSTC_WRAPPER", "", &documents), None);
    }

    #[test]
    fn every_value_of_the_wrapper_has_its_place() {
        let text = include_str!("rustc_wrapper.sh");
        for name in [
            "@WRAPPED@",
            "@DOWNLOADS@",
            "@WORKSPACE@",
            "@TARGET@",
            "@IS_MOVED@",
        ] {
            assert_eq!(text.matches(name).count(), 1, "{name}");
        }
        assert_eq!(quoted("/a b/it's"), "\"/a b/it's\"");
    }

    #[test]
    fn folders_are_those_of_the_variables_or_lie_in_the_users_own() {
        let folders = |variables: &[(&str, &str)]| {
            let variables: BTreeMap<String, String> = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let host = Host::new(variables, PathBuf::from("/work")).unwrap();
            folder(&host, "CARGO_HOME", ".cargo")
        };
        assert_eq!(folders(&[]), None);
        assert_eq!(
            folders(&[("HOME", "/users/me")]),
            Some(PathBuf::from("/users/me/.cargo"))
        );
        assert_eq!(
            folders(&[("HOME", "/users/me"), ("CARGO_HOME", "cargo")]),
            Some(PathBuf::from("/work/cargo"))
        );
        assert_eq!(folders(&[("CARGO_HOME", "/")]), None);
    }
}

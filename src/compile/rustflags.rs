//! Flags that every rustc of a build must have, joined with those that the user gives.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use cargo_metadata::cargo_platform::{Cfg, Platform};
use toml::{Table, Value};

use super::invocation::Subject;
use super::remap::{self, Wrapper};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::plan::Job;
use crate::project::products::Role;
use crate::project::settings::Profiling;

/// Without it musl targets link the C library statically, and then there can be no shared object at all. It must reach every
/// rustc that cargo asks about the target; as an argument of the last one alone it does nothing.
const DYNAMIC_MUSL: [&str; 2] = ["-C", "target-feature=-crt-static"];

/// How the flags reach cargo.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// A variable to be set, with its value.
    pub set: Option<(String, String)>,
    /// Variables to be unset.
    pub unset: Vec<String>,
    /// A value for `--config`.
    pub config: Option<String>,
    /// What stands between cargo and rustc; it must be written before cargo is called.
    pub wrapper: Option<Wrapper>,
}

/// The flags that a build needs over those that the user gives.
///
/// <https://doc.rust-lang.org/cargo/reference/config.html#buildrustflags>
pub(super) fn flags(subject: Subject<'_>, job: &Job, host: &Host) -> Result<Flags, FileError> {
    let mut own = own(subject, job);
    let documents = configuration(subject, host)?;
    let words = words_of_user(subject, host, &documents);
    own.extend(remap::everywhere(subject, host, &words));
    let wrapper = remap::wrapper(subject, host, &words, &documents);
    if own.is_empty() {
        return Ok(Flags {
            wrapper,
            ..Flags::default()
        });
    }
    let flags = in_environment(host, &own).unwrap_or_else(|| {
        let tables: Vec<Table> = documents.into_iter().map(|(_, table)| table).collect();
        in_configuration(
            &subject.cargo.target_triple,
            &tables,
            host.variable("CARGO_BUILD_RUSTFLAGS"),
            &own,
        )
    });
    Ok(Flags { wrapper, ..flags })
}

/// What a build needs of every rustc.
pub(super) fn own(subject: Subject<'_>, job: &Job) -> Vec<String> {
    let mut flags = Vec::new();
    // Programs alone are better off with the C library inside; beside a library they share its dependencies.
    let only_programs = job
        .parts
        .iter()
        .all(|part| matches!(part.product.role, Role::Program(_)));
    if subject.cargo.target_triple.contains("-musl") && !only_programs {
        flags.extend(DYNAMIC_MUSL.map(str::to_owned));
    }
    match &subject.settings.passed.profiling {
        Some(Profiling::Record(folder)) => flags.push(format!("-Cprofile-generate={}", folder.display())),
        Some(Profiling::Use(file)) => flags.push(format!("-Cprofile-use={}", file.display())),
        None => {}
    }
    flags
}

/// Where a variable holds all flags, ours come at its end.
fn in_environment(host: &Host, ours: &[String]) -> Option<Flags> {
    [("CARGO_ENCODED_RUSTFLAGS", "\x1f"), ("RUSTFLAGS", " ")]
        .into_iter()
        .find_map(|(name, between)| {
            let own = host.variable(name)?;
            let has_space = |word: &String| word.contains(char::is_whitespace);
            if name == "RUSTFLAGS" && ours.iter().any(has_space) {
                let words = own.split_whitespace().map(str::to_owned);
                let all: Vec<String> = words.chain(ours.iter().cloned()).collect();
                return Some(Flags {
                    set: Some(("CARGO_ENCODED_RUSTFLAGS".to_owned(), all.join("\x1f"))),
                    ..Flags::default()
                });
            }
            Some(Flags {
                set: Some((name.to_owned(), [&[own.to_owned()], ours].concat().join(between))),
                ..Flags::default()
            })
        })
}

/// Where configuration files hold them, cargo joins ours with those of the target's own tables; but then it looks at
/// `build.rustflags` no longer, so where those would have counted they are handed on with ours.
fn in_configuration(
    target: &str,
    documents: &[Table],
    build_variable: Option<&str>,
    ours: &[String],
) -> Flags {
    let mut flags = Vec::new();
    if !documents.iter().any(|document| has_flags_for(document, target)) {
        for document in documents {
            flags.extend(document.get("build").map(words_of).unwrap_or_default());
        }
        flags.extend(
            build_variable
                .into_iter()
                .flat_map(str::split_whitespace)
                .map(str::to_owned),
        );
    }
    flags.extend(ours.iter().cloned());
    let list = Value::from(flags);
    Flags {
        set: None,
        // Set to nothing they would still keep cargo from reading its configuration.
        unset: vec!["CARGO_ENCODED_RUSTFLAGS".to_owned(), "RUSTFLAGS".to_owned()],
        config: Some(format!("target.{target}.rustflags={list}")),
        wrapper: None,
    }
}

/// Whether a table of the target's own, by name or by `cfg(…)`, holds flags.
fn has_flags_for(document: &Table, target: &str) -> bool {
    let Some(Value::Table(tables)) = document.get("target") else {
        return false;
    };
    tables.iter().any(|(name, table)| {
        !words_of(table).is_empty()
            && Platform::from_str(name).is_ok_and(|platform| platform.matches(target, &cfg_of(target)))
    })
}

/// The flags that the user gives to every rustc of the target.
fn words_of_user(subject: Subject<'_>, host: &Host, documents: &[(PathBuf, Table)]) -> Vec<String> {
    if let Some(flags) = host.variable("CARGO_ENCODED_RUSTFLAGS") {
        return flags.split('\x1f').map(str::to_owned).collect();
    }
    if let Some(flags) = host.variable("RUSTFLAGS") {
        return flags.split_whitespace().map(str::to_owned).collect();
    }
    let target = &subject.cargo.target_triple;
    let mut words = Vec::new();
    for (_, document) in documents {
        let own = document.get("target").and_then(|tables| tables.get(target));
        for table in document.get("build").into_iter().chain(own) {
            words.extend(words_of(table));
        }
    }
    words
}

/// The linker that somebody names, in the flags of every rustc, in a variable or in cargo's configuration, where one does.
///
/// # Errors
/// Where a configuration file cannot be read.
///
/// <https://doc.rust-lang.org/cargo/reference/config.html#targettriplelinker>
pub(super) fn linker(subject: Subject<'_>, host: &Host) -> Result<Option<String>, FileError> {
    let target = &subject.cargo.target_triple;
    let documents = configuration(subject, host)?;
    let mut words = words_of_user(subject, host, &documents);
    words.extend(subject.settings.rustc_args.value.iter().cloned());
    let of_word = |word: &String| {
        let option = word.strip_prefix("-C").unwrap_or(word);
        option.strip_prefix("linker=").map(str::to_owned)
    };
    if let Some(linker) = words.iter().rev().find_map(of_word) {
        return Ok(Some(linker));
    }
    let name = target.to_uppercase().replace(['-', '.'], "_");
    if let Some(linker) = host.variable(&format!("CARGO_TARGET_{name}_LINKER")) {
        return Ok(Some(linker.to_owned()));
    }
    let of_target = |(_, document): &(PathBuf, Table)| {
        let tables = document.get("target")?.as_table()?;
        tables.iter().find_map(|(name, table)| {
            let linker = table.get("linker")?.as_str()?;
            let platform = Platform::from_str(name).ok()?;
            platform
                .matches(target, &cfg_of(target))
                .then(|| linker.to_owned())
        })
    };
    Ok(documents.iter().rev().find_map(of_target))
}

/// The folders that the flags of the user and the arguments of the last rustc make the linker search, each once.
///
/// # Errors
/// Where a configuration file cannot be read.
pub(super) fn link_folders(subject: Subject<'_>, host: &Host) -> Result<Vec<PathBuf>, FileError> {
    let mut words: Vec<String> = subject.settings.rustc_args.value.clone();
    words.extend(words_of_user(subject, host, &configuration(subject, host)?));
    let root = &subject.cargo.workspace_root;
    let mut folders = Vec::new();
    for folder in folders_of(&words).map(|folder| root.join(folder)) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// What `-L` names among rustc's arguments, and among those that it hands to the linker.
fn folders_of(words: &[String]) -> impl Iterator<Item = &str> {
    let pairs = words.iter().zip(words.iter().skip(1).map(Some).chain([None]));
    pairs.flat_map(|(word, next)| {
        let codegen = match word.as_str() {
            "-C" | "--codegen" => next.map(String::as_str),
            word => word
                .strip_prefix("-C")
                .or_else(|| word.strip_prefix("--codegen=")),
        };
        let linker = codegen
            .and_then(|option| {
                option
                    .strip_prefix("link-arg=")
                    .or_else(|| option.strip_prefix("link-args="))
            })
            .unwrap_or_default();
        let own = match word.as_str() {
            "-L" => next.map(String::as_str),
            word => word.strip_prefix("-L"),
        };
        let own = own.and_then(|place| match place.split_once('=') {
            Some(("native" | "all", folder)) => Some(folder),
            Some(("crate" | "dependency" | "framework", _)) => None,
            _ => Some(place),
        });
        own.into_iter()
            .chain(
                linker
                    .split_whitespace()
                    .filter_map(|argument| argument.strip_prefix("-L")),
            )
            .filter(|folder| !folder.is_empty())
    })
}

/// `rustflags` of a table, as words.
fn words_of(table: &Value) -> Vec<String> {
    match table.get("rustflags") {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(words)) => words
            .iter()
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// What `cfg(…)` may ask of a target.
fn cfg_of(target: &str) -> Vec<Cfg> {
    let architecture = match target.split('-').next().unwrap_or_default() {
        "i586" | "i686" => "x86",
        "riscv64gc" => "riscv64",
        "powerpc64le" => "powerpc64",
        other if other.starts_with("arm") || other.starts_with("thumb") => "arm",
        other => other,
    };
    let environment = if target.contains("-musl") { "musl" } else { "gnu" };
    [
        "unix".to_owned(),
        "target_family=\"unix\"".to_owned(),
        "target_os=\"linux\"".to_owned(),
        format!("target_env=\"{environment}\""),
        format!("target_arch=\"{architecture}\""),
    ]
    .iter()
    .filter_map(|cfg| Cfg::from_str(cfg).ok())
    .collect()
}

/// Every configuration that cargo reads, the one that counts most last: `CARGO_HOME`'s, those of the manifest's folder and all
/// above it, and what `--config` says; each with the folder that its paths are relative to. What does not parse is left for cargo to
/// complain about.
fn configuration(subject: Subject<'_>, host: &Host) -> Result<Vec<(PathBuf, Table)>, FileError> {
    let home = host.tool_folder("CARGO_HOME", ".cargo");
    let mut folders: Vec<PathBuf> = subject
        .manifest
        .ancestors()
        .skip(1)
        .map(|folder| folder.join(".cargo"))
        .chain(home)
        .collect();
    folders.dedup();
    folders.reverse();
    let mut texts = Vec::new();
    for folder in folders {
        // Where both exist, cargo reads the one without extension.
        let files = ["config", "config.toml"].map(|name| folder.join(name));
        if let Some(path) = files.iter().find(|path| path.is_file()) {
            let beside = folder.parent().unwrap_or(&folder);
            texts.push((beside.to_owned(), fs::read_text(path)?));
        }
    }
    for argument in &subject.settings.config.value {
        let folder = subject.manifest.parent().unwrap_or(Path::new("/"));
        let path = folder.join(argument);
        texts.push(if path.is_file() {
            let folder = path.parent().and_then(Path::parent).unwrap_or(folder);
            (folder.to_owned(), fs::read_text(&path)?)
        } else {
            (folder.to_owned(), argument.clone())
        });
    }
    let parsed = texts
        .into_iter()
        .filter_map(|(folder, text)| Some((folder, text.parse().ok()?)));
    Ok(parsed.collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const TARGET: &str = "x86_64-unknown-linux-musl";

    fn config(documents: &[&str], build_variable: Option<&str>) -> String {
        let documents: Vec<Table> = documents.iter().map(|text| text.parse().unwrap()).collect();
        in_configuration(
            TARGET,
            &documents,
            build_variable,
            &DYNAMIC_MUSL.map(str::to_owned),
        )
        .config
        .unwrap()
    }

    #[test]
    fn folders_that_the_linker_searches_are_told_by_flags() {
        let folders = |flags: &str| -> Vec<String> {
            let words: Vec<String> = flags.split('|').map(str::to_owned).collect();
            folders_of(&words).map(str::to_owned).collect()
        };
        assert_eq!(
            folders("-L|/a|-L/b|-Lnative=/c|-L|all=/d|-Lcrate=/e|--cfg|x"),
            ["/a", "/b", "/c", "/d"]
        );
        assert_eq!(
            folders("-C|link-arg=-L/a|-Clink-args=-L/b -lz -L/c|--codegen=link-arg=-L/d"),
            ["/a", "/b", "/c", "/d"]
        );
        assert!(folders("-L").is_empty());
    }

    #[test]
    fn joins_the_flags_of_a_variable() {
        let with = |name: &str, value: &str| {
            let variables = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            in_environment(
                &Host::new(variables, PathBuf::from("/")).unwrap(),
                &DYNAMIC_MUSL.map(str::to_owned),
            )
            .and_then(|flags| flags.set)
        };
        assert_eq!(
            with("RUSTFLAGS", "-C debuginfo=1").unwrap().1,
            "-C debuginfo=1 -C target-feature=-crt-static"
        );
        assert_eq!(
            with("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1fa").unwrap().1,
            "--cfg\x1fa\x1f-C\x1ftarget-feature=-crt-static"
        );
        assert_eq!(with("RUSTFLAGS", ""), None);
        let host = Host::new(
            BTreeMap::from([("RUSTFLAGS".to_owned(), "--cfg a".to_owned())]),
            PathBuf::from("/"),
        );
        let spaced = in_environment(&host.unwrap(), &["--x=/a b".to_owned()]);
        assert_eq!(
            spaced.and_then(|flags| flags.set),
            Some((
                "CARGO_ENCODED_RUSTFLAGS".to_owned(),
                "--cfg\x1fa\x1f--x=/a b".to_owned()
            ))
        );
    }

    #[test]
    fn stands_alone_where_nobody_says_anything() {
        assert_eq!(
            config(&[], None),
            r#"target.x86_64-unknown-linux-musl.rustflags=["-C", "target-feature=-crt-static"]"#
        );
    }

    #[test]
    fn hands_on_the_flags_that_cargo_would_look_at_no_longer() {
        assert_eq!(
            config(
                &[
                    "build.rustflags = '--cfg a'",
                    "[target.'cfg(windows)']\nrustflags = ['--cfg', 'w']\n[build]\nrustflags = ['--cfg', 'b']",
                ],
                Some("--cfg c")
            ),
            r#"target.x86_64-unknown-linux-musl.rustflags=["--cfg", "a", "--cfg", "b", "--cfg", "c", "-C", "target-feature=-crt-static"]"#
        );
    }

    #[test]
    fn leaves_it_to_cargo_to_join_the_targets_own_flags() {
        for own in [
            "[target.x86_64-unknown-linux-musl]\nrustflags = ['--cfg', 'm']",
            "[target.'cfg(all(unix, target_env = \"musl\"))']\nrustflags = '--cfg m'",
        ] {
            assert_eq!(
                config(&["build.rustflags = '--cfg a'", own], None),
                r#"target.x86_64-unknown-linux-musl.rustflags=["-C", "target-feature=-crt-static"]"#,
                "{own}"
            );
        }
    }
}

//! The report of a run, as JSON. `docs/build-report.schema.json` says what may stand in it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::{Made, Seen};
use crate::event::{Carried, SdistMade, WheelMade};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::process::{self, Invocation};
use crate::zip::deflate::Digest;

/// Raised when a reader of the report would be misled by a change.
const SCHEMA: u32 = 1;

/// Variables that change what is compiled. Others are left out: they are many, and some are secrets.
const VARIABLES: [&str; 17] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CC",
    "CFLAGS",
    "CXX",
    "CXXFLAGS",
    "LDFLAGS",
    "PYO3_CONFIG_FILE",
    "PYO3_PYTHON",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "SOURCE_DATE_EPOCH",
    "_PYTHON_HOST_PLATFORM",
];

/// The report. The same run in the same place gives the same text but for `timings`.
pub(super) fn render(seen: &Seen, made: Made<'_>, host: &Host) -> Result<String, FileError> {
    let inputs: Result<Vec<Input<'_>>, FileError> = seen
        .inputs
        .iter()
        .map(|(name, path)| Input::of(name, path))
        .collect();
    let project = seen.project.as_ref();
    let ask = |program: &str| version(program, project?.root.as_path());
    let rustc = host.variable("RUSTC").unwrap_or("rustc");
    let report = Report {
        schema: SCHEMA,
        project: project.map(|project| Project {
            name: &project.name,
            version: &project.version,
            target: &project.target,
        }),
        inputs: inputs?,
        tools: Tools {
            ironwheel: env!("CARGO_PKG_VERSION"),
            cargo: ask("cargo"),
            rustc: ask(rustc),
            linker: project.and_then(|project| linker(&project.target, host)),
        },
        variables: host
            .variables()
            .filter(|(name, value)| !value.is_empty() && matters(name))
            .collect(),
        calls: seen.calls.iter().map(|call| without_secrets(call)).collect(),
        wheels: made.wheels.iter().map(Wheel::from).collect(),
        sdist: made.sdist.map(Sdist::from),
        warnings: seen
            .notices
            .iter()
            .map(|(message, hint)| Warning {
                message,
                hint: hint.as_deref(),
            })
            .collect(),
        timings: seen
            .timings
            .iter()
            .map(|(stage, duration)| {
                let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
                (stage.name(), milliseconds)
            })
            .collect(),
    };
    // Strings, numbers and lists of them always have a spelling in JSON.
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    Ok(text)
}

/// Whether a variable changes what is compiled.
fn matters(name: &str) -> bool {
    let of_target = name.starts_with("CARGO_TARGET_")
        && (name.ends_with("_LINKER") || name.ends_with("_RUSTFLAGS") || name.ends_with("_RUNNER"));
    VARIABLES.contains(&name) || name.starts_with("CARGO_PROFILE_") || of_target
}

/// A line for the shell in which no value of a configuration is told that a name like `token` gives away, or that a variable is set
/// to.
fn without_secrets(line: &str) -> String {
    let Some(words) = shlex::split(line) else {
        return line.to_owned();
    };
    let mut is_changed = false;
    let words: Vec<String> = words
        .into_iter()
        .map(|word| match word.split_once('=') {
            Some((key, _)) if is_secret(key) => {
                is_changed = true;
                format!("{key}=...")
            }
            _ => word,
        })
        .collect();
    // What is not changed stays as it was written.
    match shlex::try_join(words.iter().map(String::as_str)) {
        Ok(joined) if is_changed => joined,
        _ => line.to_owned(),
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.trim().to_ascii_lowercase();
    let words = ["token", "secret", "password", "credential"];
    key.starts_with("env.") || words.iter().any(|word| key.contains(word))
}

/// What a program calls its version, asked where a toolchain file may choose it; nothing where it does not tell.
fn version(program: &str, folder: &Path) -> Option<String> {
    let call = Invocation {
        program: program.to_owned(),
        arguments: vec!["-V".to_owned()],
        set: BTreeMap::new(),
        unset: Vec::new(),
        working_directory: folder.to_owned(),
    };
    let finished = process::capture(&call).ok()?;
    let text = String::from_utf8_lossy(&finished.stdout);
    let line = text.lines().next()?.trim().to_owned();
    (finished.status == 0).then_some(line)
}

/// The linker, where a variable names it. rustc's own choice is part of rustc.
fn linker<'a>(target: &str, host: &'a Host) -> Option<&'a str> {
    let target = target.to_uppercase().replace(['-', '.'], "_");
    host.variable(&format!("CARGO_TARGET_{target}_LINKER"))
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    project: Option<Project<'a>>,
    inputs: Vec<Input<'a>>,
    tools: Tools<'a>,
    variables: BTreeMap<&'a str, &'a str>,
    calls: Vec<String>,
    wheels: Vec<Wheel<'a>>,
    sdist: Option<Sdist<'a>>,
    warnings: Vec<Warning<'a>>,
    timings: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Project<'a> {
    name: &'a str,
    version: &'a str,
    target: &'a str,
}

#[derive(Serialize)]
struct Input<'a> {
    path: &'a str,
    sha256: String,
}

impl<'a> Input<'a> {
    fn of(name: &'a str, path: &Path) -> Result<Self, FileError> {
        Ok(Self {
            path: name,
            sha256: Digest::of(&fs::read(path)?).sha256_hex(),
        })
    }
}

#[derive(Serialize)]
struct Tools<'a> {
    ironwheel: &'static str,
    cargo: Option<String>,
    rustc: Option<String>,
    linker: Option<&'a str>,
}

#[derive(Serialize)]
struct Wheel<'a> {
    filename: &'a str,
    sha256: &'a str,
    size: u64,
    files: usize,
    tags: &'a [String],
    interpreter: Option<&'a str>,
    libraries: Vec<Library<'a>>,
    outside: Vec<Outside<'a>>,
}

impl<'a> From<&'a WheelMade> for Wheel<'a> {
    fn from(wheel: &'a WheelMade) -> Self {
        Self {
            filename: &wheel.filename,
            sha256: &wheel.sha256,
            size: wheel.size,
            files: wheel.files,
            tags: &wheel.tags,
            interpreter: wheel.interpreter.as_deref(),
            libraries: wheel.libraries.iter().map(Library::from).collect(),
            outside: wheel
                .outside
                .iter()
                .map(|outside| Outside {
                    library: &outside.library,
                    reason: outside.reason.name(),
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Library<'a> {
    soname: &'a str,
    path: &'a str,
    source: String,
    sha256: &'a str,
    package: Option<Package<'a>>,
}

impl<'a> From<&'a Carried> for Library<'a> {
    fn from(library: &'a Carried) -> Self {
        Self {
            soname: &library.soname,
            path: &library.path,
            source: library.source.display().to_string(),
            sha256: &library.sha256,
            package: library.package.as_ref().map(|package| Package {
                name: &package.name,
                version: &package.version,
                url: &package.url,
            }),
        }
    }
}

#[derive(Serialize)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct Outside<'a> {
    library: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Sdist<'a> {
    filename: &'a str,
    sha256: &'a str,
    size: u64,
    files: usize,
}

impl<'a> From<&'a SdistMade> for Sdist<'a> {
    fn from(sdist: &'a SdistMade) -> Self {
        Self {
            filename: &sdist.filename,
            sha256: &sdist.sha256,
            size: sdist.size,
            files: sdist.files,
        }
    }
}

#[derive(Serialize)]
struct Warning<'a> {
    message: &'a str,
    hint: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_told() {
        for name in [
            "RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
            "RUSTC_WRAPPER",
        ] {
            assert!(matters(name), "{name}");
        }
        for name in [
            "CARGO_REGISTRY_TOKEN",
            "CARGO_REGISTRIES_OURS_TOKEN",
            "CARGO_TARGET_DIR",
            "GITHUB_TOKEN",
            "PATH",
        ] {
            assert!(!matters(name), "{name}");
        }
    }

    #[test]
    fn the_linker_is_the_one_of_the_target() {
        let variable = "CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER";
        let host = Host::new(
            BTreeMap::from([(variable.to_owned(), "arm-gcc".to_owned())]),
            "/".into(),
        )
        .unwrap();
        assert_eq!(linker("armv7-unknown-linux-gnueabihf", &host), Some("arm-gcc"));
        assert_eq!(linker("x86_64-unknown-linux-gnu", &host), None);
    }

    #[test]
    fn calls_tell_no_secret() {
        let line = "cd /w && cargo rustc --config env.KEY=abc --config 'registries.x.token=\"t\"' --config net.offline=true";
        assert_eq!(
            without_secrets(line),
            "cd /w '&&' cargo rustc --config 'env.KEY=...' --config 'registries.x.token=...' --config 'net.offline=true'"
        );
        let plain = "cd '/a b' && FLAGS='x y' cargo rustc --lib";
        assert_eq!(without_secrets(plain), plain);
    }
}

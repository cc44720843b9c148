//! Which sources cargo would miss, and what stands in for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::crates::{folder_of, text_at};
use crate::fs;

/// What a missing source is the root of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StandIn {
    /// A library, of any crate type.
    Library,
    /// A program, or a build script.
    Program,
}

impl StandIn {
    /// What it says: nothing, and it is silent about that whatever lints are on.
    pub fn text(self) -> &'static str {
        match self {
            Self::Library => "//! Stands in for a source.\n#![allow(warnings)]\n",
            Self::Program => "//! Stands in for a source.\n#![allow(warnings)]\nfn main() {}\n",
        }
    }
}

/// The sources that a package's manifest needs for cargo to read it, by path. Where they lie there already, they tell what the
/// manifest leaves unsaid.
///
/// <https://doc.rust-lang.org/cargo/guide/project-layout.html>
pub(super) fn of_package(manifest: &Path, table: &Table) -> BTreeMap<PathBuf, StandIn> {
    let folder = folder_of(manifest);
    let Some(package) = table.get("package").and_then(Value::as_table) else {
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    let library = text_at(table, &["lib", "path"]).unwrap_or("src/lib.rs");
    let library = fs::normalize(&folder.join(library));
    if table.contains_key("lib") || library.is_file() && is_on(package, "autolib") {
        found.insert(library.clone(), StandIn::Library);
    }
    for program in programs(folder, table) {
        found.insert(program, StandIn::Program);
    }
    if is_on(package, "autobins") {
        for program in found_programs(folder) {
            found.insert(program, StandIn::Program);
        }
    }
    if found.is_empty() {
        // Nothing tells what the package is, so it is both.
        found.insert(library, StandIn::Library);
        found.insert(folder.join("src/main.rs"), StandIn::Program);
    }
    if let Some(script) = build_script(folder, package, table) {
        found.insert(script, StandIn::Program);
    }
    found
}

fn is_on(package: &Table, key: &str) -> bool {
    package.get(key).and_then(Value::as_bool) != Some(false)
}

/// The programs that a manifest lists.
fn programs(folder: &Path, table: &Table) -> Vec<PathBuf> {
    let package = text_at(table, &["package", "name"]);
    let listed = table.get("bin").and_then(Value::as_array).into_iter().flatten();
    listed
        .filter_map(|program| {
            if let Some(path) = program.get("path").and_then(Value::as_str) {
                return Some(fs::normalize(&folder.join(path)));
            }
            let name = program.get("name")?.as_str()?;
            let of_the_package = (Some(name) == package).then(|| folder.join("src/main.rs"));
            let places = [
                folder.join(format!("src/bin/{name}.rs")),
                folder.join(format!("src/bin/{name}/main.rs")),
            ];
            let lies_there = places
                .iter()
                .chain(&of_the_package)
                .find(|place| place.is_file())
                .cloned();
            lies_there.or(of_the_package).or_else(|| places.first().cloned())
        })
        .collect()
}

/// The programs that cargo finds by itself.
fn found_programs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("src/bin"))
        .into_iter()
        .flatten()
        .flatten();
    let in_folder = entries
        .map(|entry| entry.path())
        .map(|path| if path.is_dir() { path.join("main.rs") } else { path });
    let is_program = |path: &PathBuf| path.is_file() && path.extension().is_some_and(|end| end == "rs");
    in_folder
        .chain([folder.join("src/main.rs")])
        .filter(is_program)
        .collect()
}

/// The build script: what it is compiled against has to be compiled too.
fn build_script(folder: &Path, package: &Table, table: &Table) -> Option<PathBuf> {
    let usual = folder.join("build.rs");
    match package.get("build") {
        Some(Value::String(path)) => Some(fs::normalize(&folder.join(path))),
        Some(Value::Boolean(false)) => None,
        _ => {
            let targets = table.get("target").and_then(Value::as_table);
            let mut tables = targets
                .into_iter()
                .flat_map(Table::values)
                .filter_map(Value::as_table)
                .chain([table]);
            let is_needed = package.contains_key("links")
                || tables.any(|table| {
                    table.contains_key("build-dependencies") || table.contains_key("build_dependencies")
                });
            (is_needed || usual.is_file()).then_some(usual)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[&str], manifest: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = of_package(&folder.path().join("p/Cargo.toml"), &manifest.parse().unwrap());
        let relative = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().display().to_string();
        found.keys().map(relative).collect()
    }

    #[test]
    fn a_manifest_alone_tells_enough() {
        assert_eq!(
            sources(&[], "[package]\nname = 'p'\n[lib]\ncrate-type = ['cdylib']"),
            ["p/src/lib.rs"]
        );
        assert_eq!(
            sources(
                &[],
                "[package]\nname = 'p'\nbuild = 'make/build.rs'\n[lib]\npath = '../odd/root.rs'\n[[bin]]\nname = 'p'\n[[bin]]\nname = 'q'\n[[bin]]\nname = 'r'\npath = 'r.rs'"
            ),
            [
                "odd/root.rs",
                "p/make/build.rs",
                "p/r.rs",
                "p/src/bin/q.rs",
                "p/src/main.rs"
            ]
        );
        assert_eq!(
            sources(
                &[],
                "[package]\nname = 'p'\n[target.'cfg(unix)'.build-dependencies]\ncc = '1'"
            ),
            ["p/build.rs", "p/src/lib.rs", "p/src/main.rs"]
        );
        assert!(sources(&[], "[workspace]\nmembers = []").is_empty());
    }

    #[test]
    fn sources_that_lie_there_tell_the_rest() {
        let files = [
            "p/src/lib.rs",
            "p/src/main.rs",
            "p/src/bin/a.rs",
            "p/src/bin/b/main.rs",
            "p/src/bin/b/more.rs",
            "p/build.rs",
        ];
        assert_eq!(
            sources(&files, "[package]\nname = 'p'"),
            [
                "p/build.rs",
                "p/src/bin/a.rs",
                "p/src/bin/b/main.rs",
                "p/src/lib.rs",
                "p/src/main.rs"
            ]
        );
        assert_eq!(
            sources(
                &files,
                "[package]\nname = 'p'\nautobins = false\nbuild = false\n[[bin]]\nname = 'b'"
            ),
            ["p/src/bin/b/main.rs", "p/src/lib.rs"]
        );
    }
}

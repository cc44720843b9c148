//! What the crates compile from, where nothing else is there: their manifests and their folders of sources. A layer of it outlives
//! every edit of a Python file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{configurations, relative};
use crate::fs::{self, FileError};
use crate::project::Project;
use crate::project::cargo::PackageFacts;

/// Packages whose macros read files of the crate that is compiled: templates, migrations, translations, schemas.
const READING_FILES: [&str; 20] = [
    "askama",
    "cynic",
    "diesel_migrations",
    "fluent-templates",
    "graphql_client",
    "i18n-embed",
    "include_dir",
    "include_flate",
    "minijinja-embed",
    "pest_derive",
    "refinery",
    "rinja",
    "rosetta-i18n",
    "rust-embed",
    "rust-i18n",
    "sailfish",
    "sqlx",
    "toml_const",
    "typify",
    "wit-bindgen",
];

/// What is copied before the Python files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RustAlone {
    /// Manifests, the lock, the toolchain and cargo's configuration, relative to the context.
    pub(super) manifests: Vec<String>,
    /// The folders of sources, relative to the context.
    pub(super) folders: Vec<String>,
}

/// The crates that cargo has to read, where there are Python files beside them and nothing in them asks for files elsewhere: no
/// build script, no `include_str!`, no macro that is known to read files, no target and no dependency in another place. Nothing where one of them does: a stage that lacks
/// a file fails, and one that copies all is only slower.
pub(super) fn rust_alone(
    project: &Project,
    context: &Path,
    toolchain: Option<&str>,
) -> Result<Option<RustAlone>, FileError> {
    if !project.layout.is_mixed() {
        return Ok(None);
    }
    let cargo = &project.cargo;
    let reads_files = |package: &PackageFacts| READING_FILES.contains(&package.name.as_str());
    if cargo.packages.values().any(reads_files) {
        return Ok(None);
    }
    let workspace = cargo.workspace_root.as_path();
    let members = cargo.members.iter().map(|member| &member.manifest);
    let crates: BTreeSet<PathBuf> = cargo
        .local()
        .map(|local| &local.manifest)
        .chain(members)
        .filter_map(|manifest| Some(manifest.parent()?.to_owned()))
        .collect();
    let mut files = vec![workspace.join("Cargo.toml"), workspace.join("Cargo.lock")];
    files.extend(project.pyproject.clone());
    files.extend(configurations(
        project.manifest.parent().unwrap_or(workspace),
        context,
    ));
    let mut folders = Vec::new();
    for folder in &crates {
        let sources = folder.join("src");
        let manifest = folder.join("Cargo.toml");
        // What is no TOML, cargo has refused by now.
        let table = fs::read_text(&manifest)?.parse::<Table>().unwrap_or_default();
        let is_alone = is_usual(folder, &table)
            && names_only(&table, folder, &crates)
            && !project.layout.python_root.starts_with(&sources)
            && includes_nothing(&sources)?;
        if !is_alone {
            return Ok(None);
        }
        files.push(manifest);
        folders.push(sources);
    }
    let table = fs::read_text(&workspace.join("Cargo.toml"))?
        .parse::<Table>()
        .unwrap_or_default();
    if !names_only(&table, workspace, &crates) {
        return Ok(None);
    }
    files.retain(|path| path.is_file());
    let inside = |paths: &[PathBuf]| -> Option<Vec<String>> {
        paths.iter().map(|path| relative(path, context)).collect()
    };
    let (Some(mut manifests), Some(folders)) = (inside(&files), inside(&folders)) else {
        return Ok(None);
    };
    manifests.extend(toolchain.map(str::to_owned));
    manifests.sort();
    manifests.dedup();
    Ok(Some(RustAlone { manifests, folders }))
}

/// Whether a crate's targets are where cargo finds them by itself, and are all in `src`.
fn is_usual(folder: &Path, manifest: &Table) -> bool {
    let has_sources = ["src/lib.rs", "src/main.rs"]
        .iter()
        .any(|name| folder.join(name).is_file());
    let package = manifest.get("package").and_then(Value::as_table);
    let has_script = match package.and_then(|package| package.get("build")) {
        Some(build) => build.as_bool() != Some(false),
        None => folder.join("build.rs").exists(),
    };
    let names_others = ["test", "bench", "example"]
        .iter()
        .any(|kind| manifest.contains_key(*kind));
    let is_in_sources = |target: &Value| {
        let path = target.get("path").and_then(Value::as_str);
        path.is_none_or(|path| fs::normalize(Path::new(path)).starts_with("src"))
    };
    let programs = manifest.get("bin").and_then(Value::as_array);
    has_sources
        && !has_script
        && !names_others
        && manifest.get("lib").is_none_or(is_in_sources)
        && programs.is_none_or(|programs| programs.iter().all(is_in_sources))
}

/// Whether every path that dependencies and patches name leads to one of the crates.
fn names_only(manifest: &Table, folder: &Path, crates: &BTreeSet<PathBuf>) -> bool {
    fn paths<'a>(value: &'a Value, is_dependencies: bool, found: &mut Vec<&'a str>) {
        let Value::Table(table) = value else { return };
        for (key, value) in table {
            if let (true, Some(path)) = (is_dependencies, value.get("path").and_then(Value::as_str)) {
                found.push(path);
            }
            let names_crates = key.ends_with("dependencies") || key == "patch" || key == "replace";
            paths(value, is_dependencies || names_crates, found);
        }
    }
    let mut found = Vec::new();
    for (key, value) in manifest {
        let names_crates = key.ends_with("dependencies") || key == "patch" || key == "replace";
        paths(value, names_crates, &mut found);
    }
    found
        .iter()
        .all(|path| crates.contains(&fs::normalize(&folder.join(path))))
}

/// Whether no file of sources asks for one that may lie elsewhere.
fn includes_nothing(sources: &Path) -> Result<bool, FileError> {
    const ASKING: [&str; 5] = [
        "include_str!",
        "include_bytes!",
        "include!",
        "#[path",
        "CARGO_MANIFEST_DIR",
    ];
    let mut folders = vec![sources.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(FileError::new("read", &folder))? {
            let path = entry.map_err(FileError::new("read", &folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_text(&path)?;
                if ASKING.iter().any(|word| text.contains(word)) {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_to_another_folder_is_noticed_wherever_it_stands() {
        let crates = BTreeSet::from([PathBuf::from("/w/a"), PathBuf::from("/w/b")]);
        for (text, is_only) in [
            ("[dependencies]\nb = { path = '../b' }\nserde = '1'", true),
            ("[dependencies.b]\npath = '../b/.'", true),
            ("[dev-dependencies]\nc = { path = '../c' }", false),
            (
                "[target.'cfg(unix)'.build-dependencies]\nc = { path = '../c' }",
                false,
            ),
            ("[workspace.dependencies]\nc = { path = '../c' }", false),
            ("[patch.there]\nc = { path = '../c' }", false),
            ("[lib]\npath = 'src/x.rs'", true),
        ] {
            let table = text.parse().unwrap();
            assert_eq!(names_only(&table, Path::new("/w/a"), &crates), is_only, "{text}");
        }
    }

    #[test]
    fn a_crate_with_targets_elsewhere_is_not_usual() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("src/lib.rs"), "").unwrap();
        for (text, usual) in [
            ("[package]\nname = 'a'", true),
            ("[lib]\npath = 'src/a.rs'", true),
            ("[lib]\npath = 'a.rs'", false),
            ("[[bin]]\nname = 'a'\npath = 'src/bin/../a.rs'", true),
            ("[[bin]]\nname = 'a'\npath = 'a.rs'", false),
            ("[[test]]\nname = 'a'", false),
            ("[package]\nbuild = 'x.rs'", false),
            ("[package]\nbuild = false", true),
        ] {
            assert_eq!(is_usual(folder.path(), &text.parse().unwrap()), usual, "{text}");
        }
        std::fs::write(folder.path().join("build.rs"), "").unwrap();
        assert!(!is_usual(folder.path(), &Table::new()));
    }
}

//! Manifests reduced to what dependencies hang on, so that nothing else makes a layer stale.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::crates::DEPENDENCY_TABLES;
use crate::project::reduced::sorted;

/// The version that crates of the user's own have in a recipe. None that is released, so what is made of a stand-in can never be
/// taken for what is made of the crate itself.
pub(super) const STAND_IN_VERSION: &str = "0.0.0+cook";

/// Tables of a manifest that matter.
const TABLES: [&str; 15] = [
    "bin",
    "build-dependencies",
    "build_dependencies",
    "cargo-features",
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "features",
    "lib",
    "package",
    "patch",
    "profile",
    "replace",
    "target",
    "workspace",
];

/// Keys of `[package]` that matter.
const PACKAGE: [&str; 12] = [
    "autobins",
    "autolib",
    "build",
    "default-run",
    "edition",
    "forced-target",
    "links",
    "name",
    "resolver",
    "rust-version",
    "version",
    "workspace",
];

/// Keys of `[workspace]` that do not matter.
const WORKSPACE: [&str; 2] = ["lints", "metadata"];

/// Keys of `[workspace.package]` that matter.
const INHERITED: [&str; 3] = ["edition", "rust-version", "version"];

/// A manifest less all that compiling dependencies does not hang on. `is_inherited` says that a crate which others are compiled
/// against takes something from the workspace, which is then left as it is.
pub(super) fn cargo(manifest: &Table, is_inherited: bool) -> Table {
    let mut table = manifest.clone();
    table.retain(|key, _| TABLES.contains(&key));
    if let Some(Value::Table(package)) = table.get_mut("package") {
        package.retain(|key, _| PACKAGE.contains(&key));
        if package.contains_key("version") {
            package.insert("version".to_owned(), STAND_IN_VERSION.into());
        }
        for key in ["autoexamples", "autotests", "autobenches"] {
            package.insert(key.to_owned(), false.into());
        }
    }
    if let Some(Value::Table(workspace)) = table.get_mut("workspace") {
        if !is_inherited {
            workspace.retain(|key, _| !WORKSPACE.contains(&key));
            if let Some(Value::Table(package)) = workspace.get_mut("package") {
                package.retain(|key, _| INHERITED.contains(&key));
                if package.contains_key("version") {
                    package.insert("version".to_owned(), STAND_IN_VERSION.into());
                }
            }
        }
        if let Some(Value::Table(dependencies)) = workspace.get_mut("dependencies") {
            without_requirements(dependencies);
        }
    }
    for_each_dependency_table(&mut table, &without_requirements);
    sorted(table)
}

/// Whether a manifest takes anything from the workspace.
pub(super) fn inherits(manifest: &Table) -> bool {
    let is_inherited = |value: &Value| value.get("workspace").and_then(Value::as_bool) == Some(true);
    manifest
        .values()
        .filter_map(Value::as_table)
        .any(|table| table.values().any(is_inherited))
        || manifest.get("lints").is_some_and(is_inherited)
}

fn for_each_dependency_table(table: &mut Table, act: &dyn Fn(&mut Table)) {
    for key in DEPENDENCY_TABLES {
        if let Some(Value::Table(dependencies)) = table.get_mut(key) {
            act(dependencies);
        }
    }
    if let Some(Value::Table(targets)) = table.get_mut("target") {
        for (_, target) in targets.iter_mut() {
            if let Value::Table(target) = target {
                for_each_dependency_table(target, act);
            }
        }
    }
}

/// Lets what lies at a path have any version: those that are required there would not be those of a stand-in.
fn without_requirements(dependencies: &mut Table) {
    for (_, dependency) in dependencies.iter_mut() {
        if let Value::Table(dependency) = dependency
            && dependency.contains_key("path")
        {
            dependency.remove("version");
        }
    }
}

/// Cargo.lock with the versions of stand-ins. `patches` are the names of crates that keep theirs.
pub(super) fn lock(lock: &Table, patches: &BTreeSet<&str>) -> Table {
    let mut table = lock.clone();
    let Some(Value::Array(packages)) = table.get_mut("package") else {
        return table;
    };
    let mut renamed = BTreeSet::new();
    for package in packages.iter_mut().filter_map(Value::as_table_mut) {
        let text = |key| package.get(key).and_then(Value::as_str);
        if let (Some(name), Some(version), None) = (text("name"), text("version"), text("source"))
            && !patches.contains(name)
        {
            renamed.insert(format!("{name} {version}"));
            package.insert("version".to_owned(), STAND_IN_VERSION.into());
        }
    }
    // Where a name is not enough, dependencies are listed by name and version; a registry's also by their source.
    for package in packages.iter_mut().filter_map(Value::as_table_mut) {
        if let Some(Value::Array(dependencies)) = package.get_mut("dependencies") {
            for dependency in dependencies {
                if let Some(written) = dependency.as_str().filter(|written| renamed.contains(*written)) {
                    let name = written.split(' ').next().unwrap_or_default();
                    *dependency = format!("{name} {STAND_IN_VERSION}").into();
                }
            }
        }
    }
    table
}

/// The packages of a lock that come from somewhere, each as `name version`.
pub(super) fn locked(lock: &Table) -> BTreeSet<String> {
    let packages = lock.get("package").and_then(Value::as_array);
    packages
        .into_iter()
        .flatten()
        .filter_map(|package| {
            package.get("source")?;
            let text = |key| package.get(key)?.as_str();
            Some(format!("{} {}", text("name")?, text("version")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn a_manifest_keeps_what_dependencies_hang_on() {
        let reduced = cargo(
            &table(
                "[package]\nversion = '1.2.3'\nname = 'demo'\ndescription = 'x'\nreadme = 'README.md'\nlints.workspace = true\n\
                 [lib]\ncrate-type = ['cdylib']\n[[example]]\nname = 'e'\n[lints.rust]\nunsafe_code = 'forbid'\n\
                 [dependencies]\nserde = '1'\nmine = { path = '../mine', version = '1.2' }\n\
                 [target.'cfg(unix)'.dependencies]\nmore = { path = '../more', version = '2' }\n\
                 [workspace]\nmetadata.x = 1\n[workspace.package]\nversion = '1.2.3'\nauthors = ['Ada']\nedition = '2024'\n\
                 [workspace.dependencies]\nmine = { path = '../mine', version = '1.2' }",
            ),
            false,
        );
        assert_eq!(
            reduced,
            table(
                "[dependencies]\nmine = { path = '../mine' }\nserde = '1'\n[lib]\ncrate-type = ['cdylib']\n\
                 [package]\nautobenches = false\nautoexamples = false\nautotests = false\nname = 'demo'\nversion = '0.0.0+cook'\n\
                 [target.'cfg(unix)'.dependencies]\nmore = { path = '../more' }\n\
                 [workspace.dependencies]\nmine = { path = '../mine' }\n\
                 [workspace.package]\nedition = '2024'\nversion = '0.0.0+cook'"
            )
        );
    }

    #[test]
    fn order_and_comments_are_nothing() {
        let one = cargo(
            &table("[package]\nname = 'a'\nversion = '1.0.0'\n[dependencies]\nb = '1'\nc = '2'"),
            false,
        );
        let other = cargo(
            &table("[dependencies]\nc = '2' # why\nb = '1'\n[package]\nversion = '2.0.0'\nname = 'a'"),
            false,
        );
        assert_eq!(one.to_string(), other.to_string());
    }

    #[test]
    fn what_a_patch_inherits_stays() {
        assert!(inherits(&table(
            "[package]
version.workspace = true"
        )));
        assert!(inherits(&table(
            "[lints]
workspace = true"
        )));
        assert!(!inherits(&table(
            "[package]
version = '1'
workspace = '..'"
        )));
        let workspace = "[workspace]
[workspace.lints.rust]
unsafe_code = 'forbid'
[workspace.package]
version = '1'";
        assert_eq!(cargo(&table(workspace), true), table(workspace));
    }

    #[test]
    fn a_lock_has_the_versions_of_stand_ins_where_it_speaks_of_them() {
        let reduced = lock(
            &table(
                "version = 4\n\
                 [[package]]\nname = 'demo'\nversion = '1.2.3'\ndependencies = ['itoa', 'log 0.1.0', 'log 0.4.2 (registry+x)', 'patched']\n\
                 [[package]]\nname = 'log'\nversion = '0.1.0'\n\
                 [[package]]\nname = 'log'\nversion = '0.4.2'\nsource = 'registry+x'\n\
                 [[package]]\nname = 'patched'\nversion = '3.0.0'",
            ),
            &BTreeSet::from(["patched"]),
        );
        assert_eq!(
            reduced,
            table(
                "version = 4\n\
                 [[package]]\nname = 'demo'\nversion = '0.0.0+cook'\ndependencies = ['itoa', 'log 0.0.0+cook', 'log 0.4.2 (registry+x)', 'patched']\n\
                 [[package]]\nname = 'log'\nversion = '0.0.0+cook'\n\
                 [[package]]\nname = 'log'\nversion = '0.4.2'\nsource = 'registry+x'\n\
                 [[package]]\nname = 'patched'\nversion = '3.0.0'"
            )
        );
        assert_eq!(locked(&reduced), BTreeSet::from(["log 0.4.2".to_owned()]));
    }
}

//! Cargo.toml, read and rewritten with its comments and its order kept.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

use super::SdistError;
use crate::fs;

/// A Cargo.toml.
#[derive(Debug, Clone)]
pub struct Manifest {
    document: DocumentMut,
    original: String,
}

/// Keys of a manifest that are about its own package, and mean nothing where only its workspace is of use.
const OF_PACKAGE: [&str; 15] = [
    "badges",
    "bench",
    "bin",
    "build-dependencies",
    "build_dependencies",
    "cargo-features",
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "example",
    "features",
    "lib",
    "lints",
    "package",
    "target",
];

/// Where cargo looks for targets of a kind that name no path.
const TARGETS: [(&str, &str); 4] = [
    ("bench", "benches"),
    ("bin", "src/bin"),
    ("example", "examples"),
    ("test", "tests"),
];

impl Manifest {
    /// Reads one.
    pub fn read(path: &Path) -> Result<Self, SdistError> {
        let original = fs::read_text(path)?;
        let document = original
            .parse::<DocumentMut>()
            .map_err(|source| SdistError::Manifest {
                path: path.to_owned(),
                source: Box::new(source),
            })?;
        Ok(Self { document, original })
    }

    /// The text, and whether it is another than was read.
    pub fn finish(self) -> (String, bool) {
        let text = self.document.to_string();
        let changed = text != self.original;
        (text, changed)
    }

    fn table(&self, keys: &[&str]) -> Option<&dyn TableLike> {
        let mut item = self.document.as_item();
        for key in keys {
            item = item.as_table_like()?.get(key)?;
        }
        item.as_table_like()
    }

    fn table_mut(&mut self, keys: &[&str]) -> Option<&mut dyn TableLike> {
        let mut item = self.document.as_item_mut();
        for key in keys {
            item = item.as_table_like_mut()?.get_mut(key)?;
        }
        item.as_table_like_mut()
    }

    /// `package.include` or `package.exclude`; nothing where it is not written. Inherited ones stand in the workspace's manifest.
    pub fn patterns(&self, key: &str, workspace: Option<&Self>) -> Option<Vec<String>> {
        let item = self.table(&["package"])?.get(key)?;
        if let Some(array) = item.as_array() {
            return Some(
                array
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            );
        }
        let inherited = workspace?.table(&["workspace", "package"])?.get(key)?;
        let array = inherited.as_array()?;
        Some(
            array
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Paths that `[patch]` and `[replace]` name.
    pub fn patches(&self) -> Vec<String> {
        let path = |item: &Item| {
            let path = item.as_table_like()?.get("path")?.as_str()?;
            Some(path.to_owned())
        };
        let sources = self.table(&["patch"]).into_iter().flat_map(TableLike::iter);
        let patches = sources
            .filter_map(|(_, source)| source.as_table_like())
            .flat_map(TableLike::iter);
        let replaced = self.table(&["replace"]).into_iter().flat_map(TableLike::iter);
        patches
            .chain(replaced)
            .filter_map(|(_, item)| path(item))
            .collect()
    }

    /// Sets a key of `[package]` that is there already.
    pub fn set_package(&mut self, key: &str, value: &str) {
        let Some(package) = self.table_mut(&["package"]) else {
            return;
        };
        // `readme.workspace = true` is a table of its own: what is written instead stands in its place.
        if let Some(item) = package.get_mut(key) {
            let decor = item.as_value().map(|old| old.decor().clone());
            let mut new = Value::from(value);
            if let Some(decor) = decor {
                *new.decor_mut() = decor;
            }
            *item = Item::Value(new);
        } else {
            package.insert(key, toml_edit::value(value));
        }
    }

    /// Leaves of the workspace only these members, as paths from its root.
    pub fn keep_members(&mut self, members: &[PathBuf]) {
        let Some(workspace) = self.table_mut(&["workspace"]) else {
            return;
        };
        workspace.remove("default-members");
        if members.is_empty() {
            workspace.remove("members");
            return;
        }
        let mut array = Array::new();
        for member in members {
            array.push(member.to_string_lossy().as_ref());
        }
        workspace.insert("members", toml_edit::value(array));
    }

    /// Writes out what is inherited from a workspace whose manifest does not travel.
    pub fn inherit(&mut self, workspace: &Self, folder: &Path, root: &Path) {
        let Some(shared) = workspace.document.get("workspace").and_then(Item::as_table_like) else {
            return;
        };
        let values = |key: &str| shared.get(key).and_then(Item::as_table_like);
        if let (Some(package), Some(values)) = (self.table_mut(&["package"]), values("package")) {
            inherit_keys(package, values);
        }
        if let Some(lints) = shared.get("lints")
            && self.document.get("lints").is_some_and(is_inherited)
        {
            self.document.insert("lints", lints.clone());
        }
        let Some(values) = values("dependencies") else {
            return;
        };
        for_each_dependency_table(self.document.as_table_mut(), &mut |dependencies| {
            for (name, item) in dependencies.iter_mut() {
                if let Some(shared) = values.get(name.get()).filter(|_| is_inherited(item)) {
                    *item = merged(item, shared, folder, root);
                }
            }
        });
    }

    /// Leaves only what is about the workspace.
    pub fn keep_workspace_only(&mut self) {
        for key in OF_PACKAGE {
            self.document.remove(key);
        }
    }

    /// The build script: the one that is named, else the one that cargo finds itself. It need not be there.
    ///
    /// <https://doc.rust-lang.org/cargo/reference/manifest.html#the-build-field>
    pub fn build_script(&self, folder: &Path) -> Option<PathBuf> {
        let written = self.table(&["package"])?.get("build");
        let name = match written {
            Some(written) if written.as_bool() == Some(false) => return None,
            Some(written) => written.as_str().unwrap_or("build.rs"),
            None => "build.rs",
        };
        Some(fs::normalize(&folder.join(name)))
    }

    /// Removes targets whose sources are in the folder but do not travel, and names them in words: ``example `shown` ``.
    pub fn drop_targets(&mut self, folder: &Path, travels: &dyn Fn(&Path) -> bool) -> Vec<String> {
        let stays = |path: &Path| path.is_file() && !travels(path);
        let name = self
            .table(&["package"])
            .and_then(|package| package.get("name")?.as_str())
            .unwrap_or_default()
            .to_owned();
        let mut dropped = Vec::new();
        let mut programs = BTreeSet::new();
        for (kind, place) in TARGETS {
            let Some(targets) = self.document.get_mut(kind).and_then(Item::as_array_of_tables_mut) else {
                continue;
            };
            targets.retain(|target| {
                let sources = sources(target, folder, place, &name);
                let is_left = sources.iter().any(|path| stays(path))
                    && !sources.iter().any(|path| path.is_file() && travels(path));
                if is_left {
                    let target = target.get("name").and_then(Item::as_str).unwrap_or_default();
                    dropped.push(format!("{kind} `{target}`"));
                    programs.extend((kind == "bin").then(|| target.to_owned()));
                }
                !is_left
            });
            if targets.is_empty() {
                self.document.remove(kind);
            }
        }
        if let Some(package) = self.table_mut(&["package"]) {
            let default = package.get("default-run").and_then(Item::as_str);
            if default.is_some_and(|name| programs.contains(name)) {
                package.remove("default-run");
            }
        }
        dropped
    }
}

/// Where the source of a target can be.
fn sources(target: &Table, folder: &Path, place: &str, package: &str) -> Vec<PathBuf> {
    if let Some(path) = target.get("path").and_then(Item::as_str) {
        return vec![fs::normalize(&folder.join(path))];
    }
    let Some(name) = target.get("name").and_then(Item::as_str) else {
        return Vec::new();
    };
    let mut sources = vec![
        folder.join(place).join(format!("{name}.rs")),
        folder.join(place).join(name).join("main.rs"),
    ];
    if place == "src/bin" && name == package {
        sources.push(folder.join("src/main.rs"));
    }
    sources
}

/// `{ workspace = true }`, perhaps with more beside it.
fn is_inherited(item: &Item) -> bool {
    item.as_table_like()
        .and_then(|table| table.get("workspace")?.as_bool())
        .unwrap_or(false)
}

fn inherit_keys(table: &mut dyn TableLike, values: &dyn TableLike) {
    for (key, item) in table.iter_mut() {
        if let Some(value) = values.get(key.get()).filter(|_| is_inherited(item)) {
            *item = value.clone();
        }
    }
}

/// Every table of dependencies: of all kinds, for all targets.
fn for_each_dependency_table(document: &mut Table, visit: &mut dyn FnMut(&mut dyn TableLike)) {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut visit_kinds = |table: &mut dyn TableLike| {
        for kind in KINDS {
            if let Some(dependencies) = table.get_mut(kind).and_then(Item::as_table_like_mut) {
                visit(dependencies);
            }
        }
    };
    visit_kinds(document);
    if let Some(targets) = document.get_mut("target").and_then(Item::as_table_like_mut) {
        for (_, target) in targets.iter_mut() {
            if let Some(target) = target.as_table_like_mut() {
                visit_kinds(target);
            }
        }
    }
}

/// A dependency as the workspace has it, with what the member adds.
///
/// <https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html#inheriting-a-dependency-from-a-workspace>
fn merged(own: &Item, shared: &Item, folder: &Path, root: &Path) -> Item {
    let mut table = toml_edit::InlineTable::new();
    match shared.as_table_like() {
        Some(shared) => {
            for (key, item) in shared.iter() {
                if let Ok(value) = item.clone().into_value() {
                    table.insert(key, value);
                }
            }
        }
        None => {
            table.insert("version", shared.as_str().unwrap_or("*").into());
        }
    }
    if let Some(path) = table.get("path").and_then(Value::as_str) {
        let path = fs::normalize(&root.join(path));
        table.insert("path", from(folder, &path).to_string_lossy().as_ref().into());
    }
    let mut features: Vec<String> = strings(table.get("features"));
    for (key, item) in own.as_table_like().into_iter().flat_map(TableLike::iter) {
        match key {
            "workspace" => {}
            "features" => {
                for feature in strings(item.as_value()) {
                    if !features.contains(&feature) {
                        features.push(feature);
                    }
                }
            }
            _ => {
                if let Ok(value) = item.clone().into_value() {
                    table.insert(key, value);
                }
            }
        }
    }
    if !features.is_empty() {
        table.insert("features", Value::Array(features.into_iter().collect()));
    }
    table.fmt();
    toml_edit::value(table)
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let array = value.and_then(Value::as_array);
    let items = array.into_iter().flat_map(Array::iter);
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The way from one folder to another, both absolute.
fn from(folder: &Path, to: &Path) -> PathBuf {
    let shared = folder
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = folder.components().skip(shared).map(|_| "..");
    let mut way: PathBuf = up.collect();
    way.extend(to.components().skip(shared));
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Cargo.toml");
        std::fs::write(&path, text).unwrap();
        Manifest::read(&path).unwrap()
    }

    #[test]
    fn what_is_inherited_from_a_workspace_that_stays_at_home_is_written_out() {
        let workspace = manifest(
            "[workspace.package]\nversion = \"1.2.3\"\nauthors = [\"Ada\"]\n\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n\n\
             [workspace.dependencies]\nplain = \"1\"\nrich = { version = \"2\", features = [\"a\"], default-features = false }\n\
             near = { path = \"crates/near\" }\n",
        );
        let mut member = manifest(
            "[package]\nname = \"m\" # its name\nversion.workspace = true\nauthors = { workspace = true }\n\n[lints]\nworkspace = true\n\n\
             [dependencies]\nplain.workspace = true\nown = \"3\"\n\n[dependencies.rich]\nworkspace = true\noptional = true\nfeatures = [\"b\", \"a\"]\n\n\
             [target.'cfg(unix)'.build-dependencies]\nnear = { workspace = true }\n",
        );
        member.inherit(&workspace, Path::new("/r/ws/crates/m"), Path::new("/r/ws"));
        let (text, is_changed) = member.finish();
        assert!(is_changed && text.contains("name = \"m\" # its name"), "{text}");
        let read: toml::Table = text.parse().unwrap();
        let wanted: toml::Table = "[package]\nname = \"m\"\nversion = \"1.2.3\"\nauthors = [\"Ada\"]\n[lints.rust]\nunsafe_code = \"forbid\"\n\
             [dependencies]\nplain = { version = \"1\" }\nown = \"3\"\n\
             rich = { version = \"2\", features = [\"a\", \"b\"], default-features = false, optional = true }\n\
             [target.'cfg(unix)'.build-dependencies]\nnear = { path = \"../near\" }\n"
            .parse()
            .unwrap();
        assert_eq!(read, wanted);
    }

    #[test]
    fn members_that_stay_at_home_are_taken_out_and_nothing_else() {
        let text = "# Ours.\n[workspace]\nmembers = [\"crates/*\"] # all\ndefault-members = [\"crates/a\"]\nresolver = \"3\"\n\n\
                    [package]\nname = \"root\"\n\n[[bin]]\nname = \"x\"\n\n[profile.release]\nlto = true\n";
        let mut kept = manifest(text);
        kept.keep_members(&[PathBuf::from("crates/a"), PathBuf::from("crates/b")]);
        kept.keep_workspace_only();
        assert_eq!(
            kept.finish().0,
            "# Ours.\n[workspace]\nmembers = [\"crates/a\", \"crates/b\"]\nresolver = \"3\"\n\n[profile.release]\nlto = true\n"
        );
        let mut alone = manifest(text);
        alone.keep_members(&[]);
        assert!(
            alone
                .finish()
                .0
                .starts_with("# Ours.\n[workspace]\nresolver = \"3\"\n")
        );
        assert!(!manifest(text).finish().1);
    }

    #[test]
    fn targets_go_whose_sources_stay_at_home() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "src/bin/a.rs",
            "src/bin/b.rs",
            "benches/c/main.rs",
            "build.rs",
            "tests/d.rs",
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let mut manifest = manifest(
            "[package]\nname = \"p\"\nbuild = \"build.rs\"\ndefault-run = \"b\"\n\n[[bin]]\nname = \"a\"\n\n[[bin]]\nname = \"b\"\n\n\
             [[bench]]\nname = \"c\"\n\n[[test]]\nname = \"e\"\npath = \"tests/d.rs\"\n",
        );
        manifest.drop_targets(folder.path(), &|path| {
            path.ends_with("a.rs") || path.ends_with("d.rs")
        });
        assert_eq!(
            manifest.finish().0,
            "[package]\nname = \"p\"\nbuild = \"build.rs\"\n\n[[bin]]\nname = \"a\"\n\n[[test]]\nname = \"e\"\npath = \"tests/d.rs\"\n"
        );
    }

    #[test]
    fn patterns_and_patches_are_found_where_cargo_finds_them() {
        let workspace = manifest(
            "[workspace.package]\nexclude = [\"x\"]\n[patch.crates-io]\nfoo = { path = \"../foo\" }\nbar = { git = \"g\" }\n\
             [patch.\"sparse+y\"]\nbaz = { path = \"baz\" }\n",
        );
        assert_eq!(workspace.patches(), ["../foo", "baz"]);
        let member = manifest("[package]\nexclude.workspace = true\ninclude = [\"a\", \"b\"]\n");
        assert_eq!(member.patterns("exclude", Some(&workspace)).unwrap(), ["x"]);
        assert_eq!(member.patterns("include", None).unwrap(), ["a", "b"]);
        assert_eq!(member.patterns("readme", None), None);
    }

    #[test]
    fn ways_lead_up_and_down() {
        for (folder, to, way) in [
            ("/a/b", "/a/c", "../c"),
            ("/a", "/a/b/c", "b/c"),
            ("/a/b/c", "/a", "../.."),
        ] {
            assert_eq!(from(Path::new(folder), Path::new(to)), Path::new(way));
        }
    }

    #[test]
    fn a_build_script_is_found_where_cargo_finds_it() {
        for (line, expected) in [
            ("", Some("/a/crate/build.rs")),
            ("build = true", Some("/a/crate/build.rs")),
            ("build = \"../shared_build.rs\"", Some("/a/shared_build.rs")),
            ("build = false", None),
        ] {
            let manifest = manifest(&format!("[package]\nname = \"a\"\n{line}\n"));
            let found = manifest.build_script(Path::new("/a/crate"));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{line}");
        }
    }

    #[test]
    fn targets_without_a_source_in_the_archive_are_dropped_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = manifest(
            "[package]\nname = \"a\"\ndefault-run = \"left\"\n\n[[bin]]\nname = \"left\"\n\n[[bin]]\nname = \"taken\"\n\n[[example]]\nname = \"shown\"\npath = \"shown.rs\"\n",
        );
        std::fs::create_dir_all(folder.path().join("src/bin")).unwrap();
        for path in ["src/bin/left.rs", "src/bin/taken.rs", "shown.rs"] {
            std::fs::write(folder.path().join(path), "").unwrap();
        }
        let dropped = manifest.drop_targets(folder.path(), &|path| path.ends_with("taken.rs"));
        assert_eq!(dropped, ["bin `left`", "example `shown`"]);
        assert_eq!(
            manifest.finish(),
            (
                "[package]\nname = \"a\"\n\n[[bin]]\nname = \"taken\"\n".to_owned(),
                true
            )
        );
    }
}

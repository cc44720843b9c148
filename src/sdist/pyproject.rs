//! pyproject.toml, rewritten for the archive's root where it did not lie there: what it names lies elsewhere as seen from there.

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, TableLike};

use super::SdistError;

/// What moved.
pub struct Moves {
    /// Where Cargo.toml lies in the archive; nothing where it is found without being named.
    pub manifest: Option<String>,
    /// Whether pyproject.toml itself lies in another folder than it did.
    pub is_elsewhere: bool,
    /// Settings that name a folder which lies elsewhere as seen from pyproject.toml, and where it lies.
    pub folders: Vec<(&'static str, String)>,
    /// Fields that name a file which lies elsewhere as seen from pyproject.toml: the field, what it says, and where the file lies.
    pub files: Vec<(&'static str, String, String)>,
}

/// Rewrites a pyproject.toml. Comments and order stay.
pub fn rewrite(path: &Path, text: &str, moves: &Moves) -> Result<String, SdistError> {
    let mut document = text
        .parse::<DocumentMut>()
        .map_err(|source| SdistError::Manifest {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
    // Where nothing moved, what is written is right.
    if let Some(place) = &moves.manifest
        && (moves.is_elsewhere || !is_set(&mut document, MANIFEST))
    {
        set(&mut document, MANIFEST, place);
    }
    for (key, place) in &moves.folders {
        set(&mut document, key, place);
    }
    for (key, from, to) in &moves.files {
        rename(&mut document, key, from, to);
    }
    Ok(document.to_string())
}

/// The setting that names Cargo.toml.
const MANIFEST: &str = "manifest-path";
/// The tables that settings stand in.
const TOOLS: [&str; 2] = ["ironwheel", "maturin"];

fn is_set(document: &mut DocumentMut, key: &str) -> bool {
    TOOLS
        .iter()
        .any(|table| tool(document, table).is_some_and(|tool| tool.contains_key(key)))
}

fn tool<'a>(document: &'a mut DocumentMut, name: &str) -> Option<&'a mut dyn TableLike> {
    let tool = document.get_mut("tool")?.as_table_like_mut()?;
    tool.get_mut(name)?.as_table_like_mut()
}

/// Sets a key where it is set already, else in the table that every tool reads which may build the project.
fn set(document: &mut DocumentMut, key: &str, value: &str) {
    if is_set(document, key) {
        for table in TOOLS {
            if let Some(item) = tool(document, table).and_then(|tool| tool.get_mut(key)) {
                *item = toml_edit::value(value);
            }
        }
        return;
    }
    let is_maturins = document
        .get("build-system")
        .and_then(|system| system.get("build-backend")?.as_str())
        .is_some_and(|backend| backend.starts_with("maturin"));
    let has = |document: &mut DocumentMut, name: &str| tool(document, name).is_some();
    let home = if has(document, "maturin") || (is_maturins && !has(document, "ironwheel")) {
        "maturin"
    } else {
        "ironwheel"
    };
    let tools = document.entry("tool").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    if let Some(tools) = tools.as_table_like_mut()
        && let Some(table) = tools
            .entry(home)
            .or_insert_with(|| Item::Table(Table::new()))
            .as_table_like_mut()
    {
        table.insert(key, toml_edit::value(value));
    }
}

/// Puts another path in the place of one that `project.<key>` names, as itself or as `file` of a table.
fn rename(document: &mut DocumentMut, key: &str, from: &str, to: &str) {
    let Some(item) = document
        .get_mut("project")
        .and_then(Item::as_table_like_mut)
        .and_then(|project| project.get_mut(key))
    else {
        return;
    };
    if item.as_str() == Some(from) {
        *item = toml_edit::value(to);
    } else if let Some(table) = item.as_table_like_mut()
        && table.get("file").and_then(Item::as_str) == Some(from)
    {
        table.insert("file", toml_edit::value(to));
    }
}

/// Files that `project.readme` and `project.license` name, as they are written.
pub fn named_files(path: &Path, text: &str) -> Result<Vec<(&'static str, String)>, SdistError> {
    let document = text
        .parse::<DocumentMut>()
        .map_err(|source| SdistError::Manifest {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
    let project = document.get("project").and_then(Item::as_table_like);
    let named = |key: &'static str, may_be_text: bool| {
        let item = project?.get(key)?;
        let file = item.as_str().filter(|_| may_be_text);
        let in_table = || item.as_table_like()?.get("file")?.as_str();
        Some((key, file.or_else(in_table)?.to_owned()))
    };
    Ok([named("readme", true), named("license", false)]
        .into_iter()
        .flatten()
        .collect())
}

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
    /// License files, where those of others lie beside pyproject.toml now and would be taken for the project's.
    pub license_files: Option<Vec<String>>,
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
    if let Some(files) = &moves.license_files {
        name_licenses(&mut document, files);
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

/// Names the license files, unless that is done: in `license-files`, or by a table in `license`, which the specification does not let
/// stand beside it.
fn name_licenses(document: &mut DocumentMut, files: &[String]) {
    let Some(project) = document.get_mut("project").and_then(Item::as_table_like_mut) else {
        return;
    };
    let is_table = project.get("license").is_some_and(Item::is_table_like);
    if !is_table && !project.contains_key("license-files") {
        let array: toml_edit::Array = files.iter().map(String::as_str).collect();
        project.insert("license-files", toml_edit::value(array));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn moves() -> Moves {
        Moves {
            manifest: Some("crates/x/Cargo.toml".to_owned()),
            is_elsewhere: true,
            folders: Vec::new(),
            files: Vec::new(),
            license_files: None,
        }
    }

    fn rewritten(text: &str, moves: &Moves) -> String {
        rewrite(Path::new("pyproject.toml"), text, moves).unwrap()
    }

    #[test]
    fn settings_are_written_where_they_stand_already_or_where_all_tools_read_them() {
        let text = "[tool.maturin]\nmanifest-path = \"Cargo.toml\" # here\n\n[tool.ironwheel]\nmanifest-path = \"./Cargo.toml\"\n";
        let both = rewritten(text, &moves());
        assert_eq!(
            both.matches("manifest-path = \"crates/x/Cargo.toml\"").count(),
            2,
            "{both}"
        );
        let maturins = rewritten("[build-system]\nbuild-backend = \"maturin\"\n", &moves());
        assert!(
            maturins.ends_with("[tool.maturin]\nmanifest-path = \"crates/x/Cargo.toml\"\n"),
            "{maturins}"
        );
        let ours = rewritten("[build-system]\nbuild-backend = \"ironwheel\"\n", &moves());
        assert!(
            ours.ends_with("[tool.ironwheel]\nmanifest-path = \"crates/x/Cargo.toml\"\n"),
            "{ours}"
        );
    }

    #[test]
    fn what_did_not_move_stays_letter_by_letter() {
        let text = "[tool.maturin]\nmanifest-path='./rust/Cargo.toml'\n";
        let moves = Moves {
            is_elsewhere: false,
            manifest: Some("rust/Cargo.toml".to_owned()),
            ..moves()
        };
        assert_eq!(rewritten(text, &moves), text);
    }

    #[test]
    fn files_of_the_project_are_named_where_they_lie_now() {
        let text = "[project]\nreadme = { file = \"../README.md\", content-type = \"text/plain\" }\nlicense = { file = \"../LICENSE\" }\n";
        assert_eq!(
            named_files(Path::new("p"), text).unwrap(),
            [
                ("readme", "../README.md".to_owned()),
                ("license", "../LICENSE".to_owned())
            ]
        );
        let moves = Moves {
            manifest: None,
            files: vec![("readme", "../README.md".to_owned(), "README.md".to_owned())],
            license_files: Some(vec!["LICENSE".to_owned()]),
            ..moves()
        };
        assert_eq!(
            rewritten(text, &moves),
            text.replace("\"../README.md\"", "\"README.md\""),
            "a table in `license` forbids `license-files`"
        );
        assert_eq!(
            rewritten("[project]\nname = \"x\"\n", &moves),
            "[project]\nname = \"x\"\nlicense-files = [\"LICENSE\"]\n"
        );
    }
}

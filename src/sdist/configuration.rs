//! Cargo's configuration, which decides how a crate is compiled: without what is nobody else's business, and with the crates
//! that it takes from a folder of the project.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, TableLike};

use super::SdistError;
use crate::fs;

/// What is made of a `.cargo/config.toml`.
pub struct Configuration {
    /// Its text, where that is another than was read.
    pub rewritten: Option<String>,
    /// Folders that it takes crates from.
    pub folders: Vec<PathBuf>,
}

/// Reads a configuration file and takes tokens out.
pub fn read(path: &Path) -> Result<Configuration, SdistError> {
    let text = fs::read_text(path)?;
    let mut document = text
        .parse::<DocumentMut>()
        .map_err(|source| SdistError::Manifest {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
    // Paths count from the folder that holds `.cargo`.
    let home = path.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    let folders = document
        .get("source")
        .and_then(Item::as_table_like)
        .into_iter()
        .flat_map(TableLike::iter)
        .filter_map(|(_, source)| source.as_table_like()?.get("directory")?.as_str())
        .map(|folder| fs::normalize(&home.join(folder)))
        .collect();
    let mut found = false;
    if let Some(registry) = document.get_mut("registry").and_then(Item::as_table_like_mut) {
        found |= drop_secrets(registry);
    }
    if let Some(registries) = document.get_mut("registries").and_then(Item::as_table_like_mut) {
        for (_, registry) in registries.iter_mut() {
            if let Some(registry) = registry.as_table_like_mut() {
                found |= drop_secrets(registry);
            }
        }
    }
    Ok(Configuration {
        rewritten: found.then(|| document.to_string()),
        folders,
    })
}

/// Takes out what lets somebody in.
fn drop_secrets(registry: &mut dyn TableLike) -> bool {
    let found = ["token", "secret-key", "secret-key-subject"].map(|key| registry.remove(key).is_some());
    found.contains(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stay_at_home_and_folders_of_crates_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".cargo/config.toml");
        std::fs::create_dir(folder.path().join(".cargo")).unwrap();
        let text = "# kept\n[build]\nrustflags = [\"-Cdebuginfo=0\"]\n\n[registries.ours]\nindex = \"sparse+x\"\ntoken = \"t\"\n\n\
                    [source.vendored]\ndirectory = \"third-party/crates\"\n";
        std::fs::write(&path, text).unwrap();
        let read = read(&path).unwrap();
        assert_eq!(read.rewritten.unwrap(), text.replace("token = \"t\"\n", ""));
        assert_eq!(read.folders, [folder.path().join("third-party/crates")]);
        std::fs::write(&path, "[net]\noffline = true\n").unwrap();
        assert!(super::read(&path).unwrap().rewritten.is_none());
    }
}

//! The sources of all dependencies, and the configuration that makes cargo take them and nothing from elsewhere.
//!
//! <https://doc.rust-lang.org/cargo/commands/cargo-vendor.html>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table};

use super::{Deed, Sdist, SdistError};
use crate::archive::{ArchivePath, Content, Entry};
use crate::event::{Event, Listener};
use crate::fs;
use crate::process;
use crate::project::cargo;
use crate::project::{Notice, Project};
use crate::wheel::files::{sorted, spelled};

/// Where the sources lie in the archive.
const FOLDER: &str = "vendor";
/// Where cargo looks for configuration, whoever stands in the archive's root or below.
const CONFIGURATION: &str = ".cargo/config.toml";

impl Sdist {
    /// Puts the sources of all dependencies in, as cargo lists and checks them. `folder` holds the unpacked tree; `store` is where
    /// cargo keeps the sources until next time.
    pub fn vendor(
        &mut self,
        project: &Project,
        folder: &Path,
        store: &Path,
        listener: Listener<'_>,
    ) -> Result<(), SdistError> {
        if self.brings_crates {
            self.notices.push(Notice::new(
                "the project brings its dependencies already: its `.cargo/config.toml` names their folder",
            ));
            return Ok(());
        }
        if let Some((path, _)) = self.tree.iter().find(|(path, _)| is_below(path.as_str(), FOLDER)) {
            return Err(SdistError::VendorTaken(path.to_string()));
        }
        let configuration = self.fetch(project, folder, store, listener)?;
        let mut files = Vec::new();
        list(store, &mut files)?;
        for path in files {
            let inside = path.strip_prefix(store).unwrap_or(&path);
            let place = ArchivePath::parse(&format!("{FOLDER}/{}", spelled(inside)?))?;
            let entry = Entry {
                executable: fs::is_executable(&path),
                content: Content::File(path),
                rule: "sources of the dependencies".to_owned(),
            };
            // Their names are as their authors chose them, and checksums name each of them.
            self.tree.put(place, entry);
        }
        self.configure(&configuration)
    }

    /// Has cargo put the sources into the store, and gives the configuration that it prints.
    fn fetch(
        &self,
        project: &Project,
        folder: &Path,
        store: &Path,
        listener: Listener<'_>,
    ) -> Result<String, SdistError> {
        let mut arguments: Vec<String> = ["vendor", "--respect-source-config"].map(str::to_owned).into();
        if self.lock.is_some() {
            arguments.push("--locked".to_owned());
        }
        let settings = &project.settings;
        if settings.offline.value || settings.frozen.value {
            arguments.push("--offline".to_owned());
        }
        arguments.extend(cargo::configuration_flags(settings));
        let manifest = folder.join(&self.manifest);
        arguments.extend(["--manifest-path".to_owned(), manifest.display().to_string()]);
        arguments.push(store.display().to_string());
        // In the project's folder, whose configuration says where crates come from.
        let invocation = cargo::cargo(&project.manifest, arguments);
        listener(Event::Running {
            line: invocation.to_string(),
        });
        let finished = process::capture(&invocation)?;
        match finished.status {
            0 => Ok(String::from_utf8_lossy(&finished.stdout).replace(&store.display().to_string(), FOLDER)),
            _ => Err(SdistError::cargo(Deed::Vendor, &invocation, &finished)),
        }
    }

    /// Adds what cargo printed to the configuration that travels.
    fn configure(&mut self, printed: &str) -> Result<(), SdistError> {
        let before = match self.tree.remove(CONFIGURATION).map(|entry| entry.content) {
            None => String::new(),
            Some(Content::File(path)) => fs::read_text(&path)?,
            Some(Content::Bytes(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        let parse = |text: &str| {
            text.parse::<DocumentMut>()
                .map_err(|source| SdistError::Manifest {
                    path: PathBuf::from(CONFIGURATION),
                    source: Box::new(source),
                })
        };
        let mut document = parse(&before)?;
        let printed = parse(printed)?;
        let sources: BTreeMap<&str, &Item> = printed
            .get("source")
            .and_then(Item::as_table_like)
            .into_iter()
            .flat_map(toml_edit::TableLike::iter)
            .collect();
        if !sources.is_empty() {
            let mut table = Table::new();
            table.set_implicit(true);
            for (name, source) in sources {
                let mut source = source.clone();
                if let Some(source) = source.as_table_mut() {
                    // The places of what is written anew hang on nothing but its order.
                    source.set_position(None);
                }
                table.insert(name, source);
            }
            document.insert("source", Item::Table(table));
        }
        let entry = Entry::generated(
            document.to_string(),
            "makes cargo take the dependencies that are here",
        );
        self.tree.add(ArchivePath::parse(CONFIGURATION)?, entry)?;
        Ok(())
    }

    /// Has cargo read the unpacked tree with nothing but what is in it: no network, and an empty `CARGO_HOME`.
    pub fn verify_alone(&self, folder: &Path, home: &Path) -> Result<(), SdistError> {
        fs::create_folder(home)?;
        let manifest = folder.join(&self.manifest);
        let mut arguments: Vec<String> = ["metadata", "--format-version", "1", "--offline"]
            .map(str::to_owned)
            .into();
        if self.lock.is_some() {
            arguments.push("--locked".to_owned());
        }
        arguments.extend(["--manifest-path".to_owned(), manifest.display().to_string()]);
        let mut invocation = cargo::cargo(&manifest, arguments);
        invocation
            .set
            .insert("CARGO_HOME".to_owned(), home.display().to_string());
        let finished = process::capture(&invocation)?;
        match finished.status {
            0 => Ok(()),
            _ => Err(SdistError::cargo(Deed::Read, &invocation, &finished)),
        }
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Every file below a folder.
pub fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), SdistError> {
    for path in sorted(folder)? {
        if path.is_dir() {
            list(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

//! A place where cargo finds all that dependencies hang on, and nothing of the user's is touched.
//!
//! The whole way to the project is laid out again below a temporary folder: whatever cargo and rustup look for in the folders
//! above a manifest they find there, and a path of the one tree is a path of the other with another beginning.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use toml::{Table, Value};

use super::CookError;
use super::crates::folder_of;
use super::recipe::{CONFIGURATION, Recipe};
use crate::fs::{self, FileError};
use crate::host::Host;

/// The tree that cargo works in.
pub(super) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// Lays out a recipe for a project whose crates lie below `root`.
    pub fn lay_out(recipe: &Recipe, root: &Path, host: &Host) -> Result<Self, CookError> {
        let folder = tempfile::Builder::new()
            .prefix("ironwheel-cook-")
            .tempdir()
            .map_err(FileError::new(
                "create a folder below",
                Path::new("the temporary folder"),
            ))?;
        let scratch = Self { folder };
        for (path, content) in &recipe.files {
            let bytes = content.bytes().unwrap_or_default();
            scratch.put(&root.join(path), &configured(path, bytes, root))?;
        }
        for (path, stand_in) in &recipe.stand_ins {
            scratch.put(&root.join(path), stand_in.text().as_bytes())?;
        }
        // Cargo reads those above the scratch folder anyway, and twice is not the same as once.
        let above_both = |path: &Path| scratch.folder.path().starts_with(path);
        let above = root.ancestors().skip(1);
        for folder in above.filter(|folder| !is_home(folder, host) && !above_both(folder)) {
            for path in CONFIGURATION.map(|name| folder.join(name)) {
                if path.is_file() {
                    let relative = path.strip_prefix(folder).unwrap_or(&path);
                    scratch.put(&path, &configured(relative, fs::read(&path)?, folder))?;
                }
            }
        }
        scratch.lead_out(recipe, root)?;
        Ok(scratch)
    }

    /// Where a path of the project's is here.
    pub fn at(&self, path: &Path) -> PathBuf {
        self.folder.path().join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The path of the project's that one here stands for; one that lies elsewhere is what it is.
    pub fn outside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.folder.path())
            .map_or_else(|_| path.to_owned(), |path| Path::new("/").join(path))
    }

    /// The beginning of every path here.
    pub fn beginning(&self) -> &Path {
        self.folder.path()
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), CookError> {
        let path = self.at(path);
        fs::create_folder(folder_of(&path))?;
        std::fs::write(&path, bytes).map_err(FileError::new("write", &path))?;
        Ok(())
    }

    /// Links what lies beside the manifests and is not here, such as a folder of vendored crates that a configuration names.
    fn lead_out(&self, recipe: &Recipe, root: &Path) -> Result<(), CookError> {
        let beside: BTreeSet<PathBuf> = recipe
            .files
            .keys()
            .filter(|path| !recipe.patches.iter().any(|patch| path.starts_with(patch)))
            .map(|path| folder_of(&root.join(path)).to_owned())
            .chain([root.to_owned()])
            .collect();
        for folder in beside {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let here = self.at(&path);
                if is_of_no_use(&path) || here.symlink_metadata().is_ok() {
                    continue;
                }
                link(&path, &here).map_err(FileError::new("link", &here))?;
            }
        }
        Ok(())
    }
}

/// What cargo makes, what git keeps, and sources that are stood in for elsewhere.
fn is_of_no_use(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    matches!(
        name.as_ref(),
        ".git" | "Cargo.toml" | "Cargo.lock" | "pyproject.toml" | "src" | "tests" | "examples" | "benches"
    ) || path.join("CACHEDIR.TAG").exists()
}

/// Whether a folder holds `CARGO_HOME` under the name of a project's configuration: cargo reads that one anyway, and twice is not
/// the same as once.
fn is_home(folder: &Path, host: &Host) -> bool {
    let home = host.tool_folder("CARGO_HOME", ".cargo");
    home.is_some_and(|home| home == folder.join(".cargo"))
}

/// A configuration whose paths lead to what they lead to in the project; other files are what they are.
fn configured(path: &Path, bytes: Vec<u8>, root: &Path) -> Vec<u8> {
    let is_configuration = path.ends_with(".cargo/config") || path.ends_with(".cargo/config.toml");
    let text = is_configuration
        .then(|| std::str::from_utf8(&bytes).ok())
        .flatten();
    let Some(mut table) = text.and_then(|text| text.parse::<Table>().ok()) else {
        return bytes;
    };
    // `<root>/<folder>/.cargo/config.toml` speaks of what lies in `<root>/<folder>`.
    let folder = root.join(path.parent().and_then(Path::parent).unwrap_or(Path::new("")));
    let absolute = |value: &mut Value| {
        if let Some(text) = value.as_str() {
            *value = fs::normalize(&folder.join(text))
                .to_string_lossy()
                .into_owned()
                .into();
        }
    };
    // Variables that cargo makes absolute are seen by build scripts, which run again where they differ.
    let variables = table.get_mut("env").and_then(Value::as_table_mut);
    for (_, variable) in variables.into_iter().flat_map(Table::iter_mut) {
        if let Value::Table(variable) = variable
            && variable
                .remove("relative")
                .and_then(|relative| relative.as_bool())
                == Some(true)
            && let Some(value) = variable.get_mut("value")
        {
            absolute(value);
        }
    }
    let sources = table.get_mut("source").and_then(Value::as_table_mut);
    for (_, source) in sources.into_iter().flat_map(Table::iter_mut) {
        for key in ["directory", "local-registry"] {
            if let Some(value) = source.get_mut(key) {
                absolute(value);
            }
        }
    }
    // A program without a folder is looked for on PATH.
    let has_folder = |value: &Value| value.as_str().is_some_and(|text| text.contains('/'));
    for key in ["rustc", "rustc-wrapper", "rustc-workspace-wrapper"] {
        let program = table.get_mut("build").and_then(|build| build.get_mut(key));
        if let Some(program) = program.filter(|program| has_folder(program)) {
            absolute(program);
        }
    }
    for path in table
        .get_mut("paths")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        absolute(path);
    }
    let targets = table.get_mut("target").and_then(Value::as_table_mut);
    for (_, target) in targets.into_iter().flat_map(Table::iter_mut) {
        if let Some(linker) = target
            .get_mut("linker")
            .filter(|linker| linker.as_str().is_some_and(|text| text.contains('/')))
        {
            absolute(linker);
        }
    }
    table.to_string().into_bytes()
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

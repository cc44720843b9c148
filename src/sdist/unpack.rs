//! The tree, in a folder: where cargo can read it, and wheels are built from it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Sdist, SdistError};
use crate::archive::{Content, Entry};
use crate::fs::{self, FileError};
use crate::wheel::files::sorted;

/// Puts the tree into a folder that is always the same, so that what is compiled of it is compiled once. Files that are there
/// already, with the same bytes, keep their times; what does not belong goes.
pub fn unpack(sdist: &Sdist, folder: &Path) -> Result<(), SdistError> {
    let mut wanted = BTreeSet::new();
    for (path, entry) in sdist.tree.iter() {
        let path = folder.join(path.as_str());
        put(&path, entry)?;
        wanted.insert(path);
    }
    sweep(folder, &wanted)?;
    Ok(())
}

fn put(path: &Path, entry: &Entry) -> Result<(), FileError> {
    if path.is_dir() && !path.is_symlink() {
        std::fs::remove_dir_all(path).map_err(FileError::new("remove", path))?;
    }
    if let Some(folder) = path.parent() {
        fs::create_folder(folder)?;
    }
    let bytes = match &entry.content {
        Content::Bytes(bytes) => bytes.clone(),
        Content::File(source) => fs::read(source)?.into(),
    };
    // Not waiting for the disk: what a crash leaves in halves differs, and is written again.
    if std::fs::read(path).ok().as_ref() != Some(&*bytes) {
        std::fs::write(path, bytes.as_slice()).map_err(FileError::new("write", path))?;
    }
    if fs::is_executable(path) != entry.executable {
        fs::set_executable(path, entry.executable)?;
    }
    Ok(())
}

/// Removes files that do not belong, and folders that they leave empty.
fn sweep(folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<bool, FileError> {
    let mut is_empty = true;
    for path in sorted(folder)? {
        let is_folder = path.is_dir() && !path.is_symlink();
        if is_folder && !sweep(&path, wanted)? || wanted.contains(&path) {
            is_empty = false;
        } else if is_folder {
            std::fs::remove_dir(&path).map_err(FileError::new("remove", &path))?;
        } else {
            std::fs::remove_file(&path).map_err(FileError::new("remove", &path))?;
        }
    }
    Ok(is_empty)
}

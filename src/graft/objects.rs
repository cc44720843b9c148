//! The ELF files of a wheel.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::archive::{ArchivePath, Content, Entry, Tree};
use crate::audit::Object;
use crate::elf::{self, ElfError};
use crate::fs::{self, FileError};
use crate::zip::parallel;

/// What a tree holds of ELF.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// Programs and libraries that a loader brings together, sorted by path.
    pub objects: Vec<Object>,
    /// Their bytes.
    pub contents: BTreeMap<ArchivePath, Arc<Vec<u8>>>,
    /// Files that begin like ELF and cannot be read: nobody can judge them.
    pub unreadable: Vec<(ArchivePath, ElfError)>,
}

/// Finds them. Object files, and programs that need no loader, are left out: they are nothing that a policy speaks of.
///
/// # Errors
/// Where a file cannot be read.
pub fn find(tree: &Tree, cores: usize) -> Result<Objects, FileError> {
    let entries: Vec<(&ArchivePath, &Entry)> = tree.iter().collect();
    let read = parallel::map(cores, &entries, |(_, entry)| content(entry));
    let mut found = Objects::default();
    let mut files = Vec::new();
    for ((path, _), bytes) in entries.into_iter().zip(read) {
        if let Some(bytes) = bytes? {
            files.push((path, bytes));
        }
    }
    let facts = parallel::map(cores, &files, |(_, bytes)| elf::inspect(bytes));
    for ((path, bytes), facts) in files.into_iter().zip(facts) {
        match facts {
            Ok(facts) if facts.is_dynamic => {
                found.objects.push(Object {
                    path: path.clone(),
                    facts,
                });
                found.contents.insert(path.clone(), bytes);
            }
            Ok(_) => {}
            Err(error) => found.unreadable.push((path.clone(), error)),
        }
    }
    Ok(found)
}

/// The bytes of an entry, if they are ELF.
fn content(entry: &Entry) -> Result<Option<Arc<Vec<u8>>>, FileError> {
    match &entry.content {
        Content::Bytes(bytes) => Ok(elf::is_elf(bytes).then(|| Arc::clone(bytes))),
        Content::File(path) => from_file(path),
    }
}

fn from_file(path: &Path) -> Result<Option<Arc<Vec<u8>>>, FileError> {
    if !elf::is_elf(&fs::read_beginning(path, 4)?) {
        return Ok(None);
    }
    let bytes = fs::read(path)?;
    // It may have become another between the two looks.
    Ok(elf::is_elf(&bytes).then(|| Arc::new(bytes)))
}

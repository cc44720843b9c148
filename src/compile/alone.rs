//! One build at a time in a target directory.

use std::fs::File;

use crate::event::{Event, Listener};
use crate::fs::{self, FileError};
use crate::project::cargo::CargoFacts;

/// As long as it lives, no other ironwheel builds in the same target directory.
#[derive(Debug)]
#[must_use]
pub struct Alone {
    /// Open, and thereby locked.
    _file: File,
}

/// Waits until no other ironwheel builds in the target directory.
///
/// Cargo locks it too, but only while cargo runs, and it gives the shared objects for all interpreters one name: between cargo's
/// end and the reading of the file another build could put its own there.
pub fn alone(cargo: &CargoFacts, listener: Listener<'_>) -> Result<Alone, FileError> {
    let folder = cargo.memory();
    fs::create_folder(&folder)?;
    let path = folder.join("lock");
    let file = File::create(&path).map_err(FileError::new("create", &path))?;
    if is_taken(&file) {
        listener(Event::Aside {
            message: format!(
                "waiting for another build in {}",
                cargo.target_directory.display()
            ),
        });
        wait(&file);
    }
    Ok(Alone { _file: file })
}

/// Takes the lock, and says whether another has it. File systems that know no locks let everybody in.
#[cfg(unix)]
fn is_taken(file: &File) -> bool {
    use rustix::fs::{FlockOperation, flock};
    flock(file, FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK)
}

#[cfg(unix)]
fn wait(file: &File) {
    use rustix::fs::{FlockOperation, flock};
    while flock(file, FlockOperation::LockExclusive) == Err(rustix::io::Errno::INTR) {}
}

#[cfg(not(unix))]
fn is_taken(_: &File) -> bool {
    false
}

#[cfg(not(unix))]
fn wait(_: &File) {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_second_build_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = File::create(&path).unwrap();
        let second = File::create(&path).unwrap();
        assert!(!is_taken(&first));
        assert!(is_taken(&second));
        drop(first);
        wait(&second);
        assert!(is_taken(&File::create(&path).unwrap()));
    }
}

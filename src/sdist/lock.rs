//! Cargo.lock, reduced to what the crates that travel are built from.
//!
//! Which dependencies are needed hangs on the features that members turn on in each other's dependencies, which only cargo knows.
//! So cargo itself reduces the file, off the network, in the unpacked tree; what comes of it is held against what was there.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::crates::Crates;
use super::{Deed, Sdist, SdistError};
use crate::archive::Entry;
use crate::fs;
use crate::process;
use crate::project::Project;
use crate::project::cargo;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

fn packages(text: &str) -> BTreeSet<Package> {
    toml::from_str::<Lock>(text).map_or_else(|_| BTreeSet::new(), |lock| lock.package.into_iter().collect())
}

/// Whether the lock file names local crates that do not travel.
pub fn is_too_long(text: &str, crates: &Crates) -> bool {
    let local = packages(text)
        .into_iter()
        .filter(|package| package.source.is_none());
    local.into_iter().any(|package| {
        !crates
            .all
            .values()
            .any(|one| one.name == package.name && one.version == package.version)
    })
}

impl Sdist {
    /// Reduces Cargo.lock, if it names crates that do not travel. `folder` holds the unpacked tree.
    pub fn reduce_lock(&mut self, project: &Project, folder: &Path) -> Result<(), SdistError> {
        let Some(place) = self.lock.clone().filter(|_| self.lock_is_too_long) else {
            return Ok(());
        };
        let path = folder.join(&place);
        let before = fs::read_text(&project.cargo.workspace_root.join("Cargo.lock"))?;
        // A copy of its own: what was unpacked may be a link's target or older than this build.
        fs::write_if_changed(&path, before.as_bytes())?;
        self.run(
            Deed::ReduceLock,
            project,
            folder,
            &["update", "--workspace", "--offline", "--quiet"],
        )?;
        let after = fs::read_text(&path)?;
        let known = packages(&before);
        if let Some(new) = packages(&after)
            .into_iter()
            .find(|package| !known.contains(package))
        {
            return Err(SdistError::OtherLock {
                package: format!("{} {}", new.name, new.version),
            });
        }
        self.tree.remove(&place);
        let entry = Entry::generated(after, "versions of the dependencies, reduced to what travels");
        self.tree
            .add(crate::archive::ArchivePath::parse(&place)?, entry)?;
        self.lock_is_too_long = false;
        Ok(())
    }

    /// Has cargo read the unpacked tree, with the lock file as it is and off the network: what cargo cannot read, nobody can build.
    pub fn verify(&self, project: &Project, folder: &Path) -> Result<(), SdistError> {
        let settings = &project.settings;
        let features = cargo::plain_features(&settings.features.value);
        // The features that the project was read with: what others need may never have been fetched.
        let flags = cargo::feature_flags(settings, &features);
        let mut arguments = vec![
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--filter-platform",
            &project.cargo.target_triple,
        ];
        if self.lock.is_some() {
            arguments.push("--locked");
        }
        arguments.extend(flags.iter().map(String::as_str));
        self.run(Deed::Read, project, folder, &arguments)
    }

    fn run(
        &self,
        deed: Deed,
        project: &Project,
        folder: &Path,
        arguments: &[&str],
    ) -> Result<(), SdistError> {
        let mut arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let manifest = folder.join(&self.manifest);
        arguments.extend(["--manifest-path".to_owned(), manifest.display().to_string()]);
        arguments.extend(cargo::configuration_flags(&project.settings));
        // In the project's folder, whose configuration says where crates come from.
        let invocation = cargo::cargo(&project.manifest, arguments);
        let finished = process::capture(&invocation)?;
        match finished.status {
            0 => Ok(()),
            _ => Err(SdistError::cargo(deed, &invocation, &finished)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::sdist::crates::Crate;

    #[test]
    fn a_lock_file_is_too_long_when_it_names_crates_that_stay_at_home() {
        let one = Crate {
            name: "one".to_owned(),
            version: "0.1.0".to_owned(),
            folder: PathBuf::from("/p"),
            workspace: PathBuf::from("/p"),
            readme: None,
            license_file: None,
        };
        let crates = Crates {
            all: BTreeMap::from([(one.folder.clone(), one)]),
            workspaces: BTreeMap::new(),
        };
        let text = "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.1.0\"\n\n\
                    [[package]]\nname = \"far\"\nversion = \"2.0.0\"\nsource = \"registry+x\"\nchecksum = \"c\"\n";
        assert!(!is_too_long(text, &crates));
        let longer = format!("{text}\n[[package]]\nname = \"stranger\"\nversion = \"0.1.0\"\n");
        assert!(is_too_long(&longer, &crates));
    }
}

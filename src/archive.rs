//! What goes into an archive, before it is written: paths, entries and the tree that refuses collisions.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a path or an entry may not go into an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// A path that would land outside the folder it is unpacked into, or that archives cannot spell.
    #[error("`{path}` cannot be the path of a file in an archive: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two files want one place.
    #[error("`{path}` would come twice: from {first} and from {second}")]
    Collision {
        /// The place.
        path: String,
        /// Where the first comes from.
        first: String,
        /// Where the second comes from.
        second: String,
    },
    /// A file where others need a folder.
    #[error("`{path}` would be a file and a folder: {first} and {second}")]
    FileAndFolder {
        /// The place.
        path: String,
        /// What was there first.
        first: String,
        /// What came then.
        second: String,
    },
    /// Two files whose names some file systems cannot tell apart.
    #[error("`{first}` and `{second}` differ only in case, which many file systems do not keep apart")]
    CaseCollision {
        /// The one already there.
        first: String,
        /// The one that came later.
        second: String,
    },
}

/// A relative path with `/` between its components and nothing in it that could lead out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchivePath(String);

impl ArchivePath {
    /// Takes a path with `/` between its components.
    pub fn parse(path: &str) -> Result<Self, ArchiveError> {
        let wrong = |reason| {
            Err(ArchiveError::Path {
                path: path.to_owned(),
                reason,
            })
        };
        if path.is_empty() {
            return wrong("it is empty");
        }
        if path.contains('\\') {
            return wrong("it holds a backslash");
        }
        if path.chars().any(char::is_control) {
            return wrong("it holds a control character");
        }
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return wrong("it is not a plain relative path");
        }
        if path.as_bytes().get(1) == Some(&b':') {
            return wrong("it begins with a drive letter");
        }
        if path.len() > usize::from(u16::MAX) {
            return wrong("it is longer than archives take");
        }
        Ok(Self(path.to_owned()))
    }

    /// The path with `/` between its components.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for ArchivePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArchivePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a file of the wheel comes to lie when the wheel is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installed<'a> {
    /// Among the packages, at this path.
    Packages(&'a str),
    /// In the folder of programs, under this name.
    Scripts(&'a str),
    /// Somewhere that hangs on the installation.
    Elsewhere,
}

impl<'a> Installed<'a> {
    /// Installers take any folder that ends in `.data` for the data folder, however its name is spelled.
    ///
    /// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#the-data-directory>
    #[must_use]
    pub fn of(path: &'a str) -> Self {
        let below = path
            .split_once('/')
            .filter(|(first, _)| first.strip_suffix(".data").is_some())
            .and_then(|(_, rest)| rest.split_once('/'));
        match below {
            None => Self::Packages(path),
            Some(("platlib" | "purelib", rest)) => Self::Packages(rest),
            Some(("scripts", rest)) => Self::Scripts(rest),
            Some(_) => Self::Elsewhere,
        }
    }

    /// Whether installers put it among the programs as one: a file such as `.gitkeep`, which is there to keep the folder, is none.
    #[must_use]
    pub fn is_program(path: &'a str) -> bool {
        matches!(Self::of(path), Self::Scripts(name) if !name.rsplit('/').next().unwrap_or(name).starts_with('.'))
    }

    /// The path below the folder of the packages; the path itself for what is installed elsewhere.
    #[must_use]
    pub fn unpacked(path: &'a str) -> &'a str {
        match Self::of(path) {
            Self::Packages(inside) => inside,
            Self::Scripts(_) | Self::Elsewhere => path,
        }
    }
}

/// Where an entry's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// In memory.
    Bytes(Arc<Vec<u8>>),
    /// In a file, not read yet.
    File(PathBuf),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Arc::new(bytes))
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its bytes.
    pub content: Content,
    /// Mode 0755 rather than 0644.
    pub executable: bool,
    /// The rule that admits it, for people: `` the package `demo` ``, `` `include` pattern `data/*` ``.
    pub rule: String,
}

impl Entry {
    /// A plain file made by ourselves.
    #[must_use]
    pub fn generated(content: impl Into<Content>, rule: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            executable: false,
            rule: rule.into(),
        }
    }

    /// Where it comes from, in words.
    #[must_use]
    pub fn origin(&self) -> String {
        match &self.content {
            Content::Bytes(_) => self.rule.clone(),
            Content::File(path) => path.display().to_string(),
        }
    }
}

/// An archive's files by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    entries: BTreeMap<ArchivePath, Entry>,
    /// Lower-case spelling → path, to see names that only case tells apart.
    folded: BTreeMap<String, ArchivePath>,
}

impl Tree {
    /// Adds a file. The same source for the same path again is no harm; another source is an error.
    pub fn add(&mut self, path: ArchivePath, entry: Entry) -> Result<(), ArchiveError> {
        if let Some(first) = self.entries.get(&path) {
            if first.content == entry.content {
                return Ok(());
            }
            return Err(ArchiveError::Collision {
                path: path.to_string(),
                first: first.origin(),
                second: entry.origin(),
            });
        }
        self.refuse_file_and_folder(&path, &entry)?;
        let folded = path.as_str().to_lowercase();
        if let Some(first) = self.folded.get(&folded) {
            return Err(ArchiveError::CaseCollision {
                first: first.to_string(),
                second: path.to_string(),
            });
        }
        self.folded.insert(folded, path.clone());
        self.entries.insert(path, entry);
        Ok(())
    }

    /// No path may be a file to one and a folder to another: nobody could unpack it.
    fn refuse_file_and_folder(&self, path: &ArchivePath, entry: &Entry) -> Result<(), ArchiveError> {
        let text = path.as_str();
        let above = text.match_indices('/').filter_map(|(at, _)| text.get(..at));
        let below = format!("{text}/");
        let beside = self.entries.range(ArchivePath(below.clone())..).next();
        let found = above
            .filter_map(|folder| Some((folder, self.entries.get(folder)?)))
            .chain(
                beside
                    .filter(|(other, _)| other.as_str().starts_with(&below))
                    .map(|(_, other)| (text, other)),
            )
            .next();
        match found {
            None => Ok(()),
            Some((place, first)) => Err(ArchiveError::FileAndFolder {
                path: place.to_owned(),
                first: first.origin(),
                second: entry.origin(),
            }),
        }
    }

    /// Puts a file in its place, whatever lies there or beside it: for archives that others made, whose names are as they are.
    pub fn put(&mut self, path: ArchivePath, entry: Entry) {
        self.folded
            .entry(path.as_str().to_lowercase())
            .or_insert_with(|| path.clone());
        self.entries.insert(path, entry);
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) -> Option<Entry> {
        let entry = self.entries.remove(path)?;
        self.folded.retain(|_, kept| kept.as_str() != path);
        Some(entry)
    }

    /// The entry at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// Every path and entry, sorted by the path's bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&ArchivePath, &Entry)> {
        self.entries.iter()
    }

    /// How many files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl IntoIterator for Tree {
    type Item = (ArchivePath, Entry);
    type IntoIter = std::collections::btree_map::IntoIter<ArchivePath, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_refused() {
        for wrong in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            "C:/x",
            "a\\b",
            "a\nb",
        ] {
            assert!(ArchivePath::parse(wrong).is_err(), "{wrong:?}");
        }
        for right in ["a", "a/b.py", "naïve, \"quoted\".txt", ".gitkeep"] {
            assert!(ArchivePath::parse(right).is_ok(), "{right:?}");
        }
    }

    #[test]
    fn files_of_the_data_folder_are_installed_elsewhere() {
        let of = Installed::of;
        assert_eq!(of("demo/x.so"), Installed::Packages("demo/x.so"));
        assert_eq!(
            of("demo-1.data/platlib/demo/x.so"),
            Installed::Packages("demo/x.so")
        );
        assert_eq!(of("demo-1.data/scripts/run"), Installed::Scripts("run"));
        assert_eq!(of("demo-1.data/data/lib/x.so"), Installed::Elsewhere);
        assert!(Installed::is_program("demo-1.data/scripts/run"));
        assert!(!Installed::is_program("demo-1.data/scripts/.gitkeep"));
        assert!(!Installed::is_program("demo-1.data/data/run"));
        assert_eq!(
            of("demo-1.database/x.so"),
            Installed::Packages("demo-1.database/x.so")
        );
    }

    #[test]
    fn nothing_is_both_a_file_and_a_folder() {
        let path = |text: &str| ArchivePath::parse(text).unwrap();
        let file = || Entry::generated(String::new(), "made");
        for (first, second) in [
            ("a/b", "a/b/c"),
            ("a/b/c", "a/b"),
            ("a/b/c/d", "a"),
            ("a", "a/b/c/d"),
        ] {
            let mut tree = Tree::default();
            tree.add(path(first), file()).unwrap();
            let error = tree.add(path(second), file()).unwrap_err();
            assert!(
                matches!(error, ArchiveError::FileAndFolder { .. }),
                "{first} {second}"
            );
            tree.add(path("a-b"), file()).unwrap();
        }
    }

    #[test]
    fn collisions_name_both_sides() {
        let mut tree = Tree::default();
        let path = |text: &str| ArchivePath::parse(text).unwrap();
        let file = |from: &str| Entry {
            content: Content::File(from.into()),
            executable: false,
            rule: String::new(),
        };
        tree.add(path("a/b.py"), file("/one/b.py")).unwrap();
        tree.add(path("a/b.py"), file("/one/b.py")).unwrap();
        assert_eq!(
            tree.add(path("a/b.py"), file("/two/b.py"))
                .unwrap_err()
                .to_string(),
            "`a/b.py` would come twice: from /one/b.py and from /two/b.py"
        );
        assert!(matches!(
            tree.add(path("A/b.py"), file("/x")),
            Err(ArchiveError::CaseCollision { .. })
        ));
        assert_eq!(tree.len(), 1);
    }
}

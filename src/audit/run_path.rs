//! Takes the run path of a file and where that file lies. Gives the folders it stands for. Reads nothing.

use std::path::{Path, PathBuf};

use super::system::{Sysroot, meanings_of_lib, meanings_of_platform};

/// A folder in which the loader looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Folder {
    /// In the wheel, relative to where packages are installed, without a slash at either end.
    Wheel(String),
    /// On this machine.
    Machine(PathBuf),
    /// Out of the wheel, where nobody knows what lies: as it is written.
    Beyond(String),
}

impl Folder {
    /// As people shall read it.
    pub fn shown(&self) -> PathBuf {
        match self {
            Self::Wheel(folder) if folder.is_empty() => PathBuf::from("."),
            Self::Wheel(folder) | Self::Beyond(folder) => PathBuf::from(folder),
            Self::Machine(path) => path.clone(),
        }
    }
}

/// What the words in a run path stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning<'a> {
    /// `$ORIGIN`: the folder of the file that has the run path.
    pub origin: &'a Folder,
    /// As tags spell it.
    pub architecture: &'a str,
    /// Where absolute paths begin.
    pub sysroot: &'a Sysroot,
    /// musl knows `$ORIGIN` alone, and drops a run path that says more.
    pub is_musl: bool,
}

/// The folders of a run path, in order.
pub(super) fn folders(run_path: &str, meaning: Meaning<'_>) -> Vec<Folder> {
    let entries: Vec<&str> = run_path.split(':').filter(|entry| !entry.is_empty()).collect();
    if meaning.is_musl && entries.iter().any(|entry| says_more_than_origin(entry)) {
        return Vec::new();
    }
    entries
        .iter()
        .flat_map(|entry| folder_of(entry, meaning))
        .collect()
}

/// What one path may stand for: an entry of a run path, or a needed library that is named with its path.
pub(super) fn folder_of(entry: &str, meaning: Meaning<'_>) -> Vec<Folder> {
    spellings(entry, meaning.architecture)
        .iter()
        .filter_map(|spelling| placed(spelling, meaning))
        .collect()
}

fn says_more_than_origin(entry: &str) -> bool {
    let rest = after_origin(entry).unwrap_or(entry);
    rest.contains('$')
}

/// What stands behind `$ORIGIN`: nothing, or a path with a slash before it.
fn after_origin(entry: &str) -> Option<&str> {
    let rest = entry
        .strip_prefix("$ORIGIN")
        .or_else(|| entry.strip_prefix("${ORIGIN}"))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// An entry with `$LIB` and `$PLATFORM` spelled out, in every way they may be meant.
fn spellings(entry: &str, architecture: &str) -> Vec<String> {
    let mut spellings = vec![entry.to_owned()];
    if entry.contains("LIB") {
        spellings = replaced(&spellings, &["${LIB}", "$LIB"], &meanings_of_lib(architecture));
    }
    if entry.contains("PLATFORM") {
        let meanings: Vec<String> = meanings_of_platform(architecture)
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        spellings = replaced(&spellings, &["${PLATFORM}", "$PLATFORM"], &meanings);
    }
    spellings
}

fn replaced(spellings: &[String], words: &[&str], meanings: &[String]) -> Vec<String> {
    spellings
        .iter()
        .flat_map(|spelling| {
            let has_word = words.iter().any(|word| spelling.contains(word));
            let meant = |meaning: &String| {
                words
                    .iter()
                    .fold(spelling.clone(), |text, word| text.replace(word, meaning))
            };
            if has_word {
                meanings.iter().map(meant).collect()
            } else {
                vec![spelling.clone()]
            }
        })
        .collect()
}

/// A relative entry is taken from wherever the process stands: nobody can tell.
fn placed(entry: &str, meaning: Meaning<'_>) -> Option<Folder> {
    if let Some(rest) = after_origin(entry) {
        return Some(match meaning.origin {
            Folder::Wheel(origin) => match below(origin, rest) {
                Some(folder) => Folder::Wheel(folder),
                None => Folder::Beyond(entry.to_owned()),
            },
            Folder::Machine(origin) => Folder::Machine(origin.join(rest.trim_start_matches('/'))),
            Folder::Beyond(origin) => Folder::Beyond(format!("{origin}{rest}")),
        });
    }
    let path = Path::new(entry);
    path.is_absolute()
        .then(|| Folder::Machine(meaning.sysroot.inside(path)))
}

/// Where an entry of a run path leads, among the packages; nothing where it leads out or is not relative.
/// `folder` is that of the file that has the run path.
#[must_use]
pub fn among_packages(entry: &str, folder: &str) -> Option<String> {
    below(folder, after_origin(entry)?)
}

/// A path from a folder of the wheel on; nothing where it leads out.
fn below(folder: &str, rest: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(run_path: &str, is_musl: bool) -> Vec<String> {
        let meaning = Meaning {
            origin: &Folder::Wheel("demo/deep".to_owned()),
            architecture: "x86_64",
            sysroot: &Sysroot::new(Path::new("/no/such/system")),
            is_musl,
        };
        folders(run_path, meaning)
            .iter()
            .map(|folder| format!("{folder:?}"))
            .collect()
    }

    #[test]
    fn entries_from_the_origin_on_stay_in_the_wheel() {
        assert_eq!(
            shown("$ORIGIN:${ORIGIN}/../../demo.libs/.:$ORIGIN/../..", false),
            ["Wheel(\"demo/deep\")", "Wheel(\"demo.libs\")", "Wheel(\"\")",]
        );
        assert_eq!(
            shown("$ORIGIN/../../../lib", false),
            ["Beyond(\"$ORIGIN/../../../lib\")"]
        );
    }

    #[test]
    fn empty_and_relative_entries_say_nothing() {
        assert!(shown("::lib:$ORIGINAL:./x", false).is_empty());
    }

    #[test]
    fn the_other_words_mean_what_distributions_make_of_them() {
        assert_eq!(
            shown("/opt/$LIB:/opt/${PLATFORM}/x", false),
            [
                "Machine(\"/no/such/system/opt/lib/x86_64-linux-gnu\")",
                "Machine(\"/no/such/system/opt/lib64\")",
                "Machine(\"/no/such/system/opt/lib\")",
                "Machine(\"/no/such/system/opt/x86_64/x\")",
                "Machine(\"/no/such/system/opt/haswell/x\")",
                "Machine(\"/no/such/system/opt/xeon_phi/x\")",
            ]
        );
    }

    #[test]
    fn musl_drops_a_run_path_with_other_words() {
        assert!(shown("$ORIGIN:/opt/$LIB", true).is_empty());
        assert_eq!(shown("$ORIGIN:/opt", true).len(), 2);
    }
}

//! The version of the nearest tag of a git repository.
//!
//! Git itself is asked, for only it knows all the ways in which it keeps its history. What is not committed is not looked at:
//! a checkout, a copy of it in a container and a colleague's clone shall give the same version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::process::{self, Invocation, ProcessError};
use crate::version::Version;

/// Why the history has no version.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// Git did not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Git does not take the folder for a part of a repository.
    #[error("the version shall come from git, which says of {folder}: {words}", folder = folder.display())]
    NoRepository {
        /// The folder.
        folder: PathBuf,
        /// Git's own words.
        words: String,
    },
    /// No commit behind this one has a fitting tag.
    #[error("the version shall come from git, but no tag `{prefix}<version>` leads to the commit that is checked out: {folder}", folder = folder.display())]
    NoTag {
        /// The folder.
        folder: PathBuf,
        /// What the tags begin with.
        prefix: String,
        /// Whether only a part of the history is there.
        is_shallow: bool,
    },
    /// What stands behind the prefix is no version.
    #[error("the nearest tag holds no version that Python can express: {tag}")]
    NoVersion {
        /// The tag.
        tag: String,
    },
    /// Git said something else than it should.
    #[error("`{line}` gave an answer that cannot be read: {words}")]
    Unreadable {
        /// The call.
        line: String,
        /// The answer.
        words: String,
    },
}

impl GitError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let given = "or give the version: `--build-version`, or the variable `IRONWHEEL_BUILD_VERSION`";
        let first = match self {
            Self::Process(ProcessError::Missing(_)) => "install git".to_owned(),
            Self::NoRepository { folder, words } if words.contains("dubious ownership") => format!(
                "trust it: `git config --global --add safe.directory {}`",
                folder.display()
            ),
            Self::NoRepository { .. } => {
                "see that `.git` is there (a `.dockerignore` may leave it out)".to_owned()
            }
            Self::NoTag { is_shallow: true, .. } => {
                "the clone has only a part of the history: `git fetch --unshallow --tags`".to_owned()
            }
            Self::NoTag { prefix, .. } => format!("make a tag: `git tag {prefix}0.1.0`"),
            Self::NoVersion { .. } => "name tags that hold versions with `tag-prefix`".to_owned(),
            Self::Process(_) | Self::Unreadable { .. } => return None,
        };
        Some(format!("{first}; {given}"))
    }
}

/// The tag nearest to the commit that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Nearest {
    tag: String,
    distance: u64,
    commit: String,
}

/// How many tags that hold no version may lie before one that does.
const MOST_PASSED_OVER: usize = 64;

/// The version of the commit that is checked out in a folder: that of its tag, or else the next one with the number of commits
/// since the nearest tag, `1.2.4.dev3+g1a2b3c4d5`.
pub fn version(folder: &Path, prefix: &str, names_commit: bool) -> Result<Version, GitError> {
    let is_shallow = ask(folder, &["rev-parse", "--is-shallow-repository"])?;
    let is_shallow = match is_shallow {
        Answer::Words(words) => words == "true",
        Answer::Refusal(words) => {
            return Err(GitError::NoRepository {
                folder: folder.to_owned(),
                words,
            });
        }
    };
    let pattern = format!("{}[0-9]*", escaped(prefix));
    let mut passed_over: Vec<String> = Vec::new();
    loop {
        let mut describe = ["describe", "--tags", "--long", "--abbrev=40", "--match", &pattern]
            .map(str::to_owned)
            .to_vec();
        for tag in &passed_over {
            describe.extend(["--exclude".to_owned(), escaped(tag)]);
        }
        let describe: Vec<&str> = describe.iter().map(String::as_str).collect();
        let Answer::Words(words) = ask(folder, &describe)? else {
            return Err(match passed_over.into_iter().next() {
                Some(tag) => GitError::NoVersion { tag },
                None => GitError::NoTag {
                    folder: folder.to_owned(),
                    prefix: prefix.to_owned(),
                    is_shallow,
                },
            });
        };
        let nearest = parse(&words).ok_or_else(|| GitError::Unreadable {
            line: call(folder, &describe).to_string(),
            words,
        })?;
        let beside = format!("{}^{{commit}}", nearest.tag);
        let beside = match ask(folder, &["tag", "--list", &pattern, "--points-at", &beside])? {
            Answer::Words(words) => words,
            Answer::Refusal(_) => String::new(),
        };
        if let Some(tagged) = highest(beside.lines().chain([nearest.tag.as_str()]), prefix) {
            return Ok(tagged.after(nearest.distance, names_commit.then_some(nearest.commit.as_str())));
        }
        // A name that only looks like a version (`3-old-parser`) hides no tag behind it.
        if passed_over.contains(&nearest.tag) || passed_over.len() >= MOST_PASSED_OVER {
            return Err(GitError::NoVersion { tag: nearest.tag });
        }
        passed_over.push(nearest.tag);
    }
}

/// Those of some files, and those in some folders, that a repository holds; none where there is no repository, or no git that
/// would answer.
#[must_use]
pub fn tracked(folder: &Path, paths: &[PathBuf]) -> Vec<PathBuf> {
    let has_repository = folder.ancestors().any(|above| above.join(".git").exists());
    if paths.is_empty() || !has_repository {
        return Vec::new();
    }
    let mut arguments = vec!["--literal-pathspecs", "ls-files", "-z", "--cached", "--"];
    arguments.extend(paths.iter().filter_map(|path| path.to_str()));
    let Ok(finished) = process::capture(&call(folder, &arguments)) else {
        return Vec::new();
    };
    if finished.status != 0 {
        return Vec::new();
    }
    String::from_utf8_lossy(&finished.stdout)
        .split_terminator('\0')
        .map(|path| folder.join(path))
        .collect()
}

enum Answer {
    Words(String),
    Refusal(String),
}

fn ask(folder: &Path, arguments: &[&str]) -> Result<Answer, GitError> {
    let finished = process::capture(&call(folder, arguments))?;
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok(if finished.status == 0 {
        Answer::Words(words(&finished.stdout))
    } else {
        let said = words(&finished.stderr);
        let first = said.lines().next().unwrap_or_default();
        Answer::Refusal(first.trim_start_matches("fatal: ").to_owned())
    })
}

fn call(folder: &Path, arguments: &[&str]) -> Invocation {
    Invocation {
        program: "git".to_owned(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        // Its words are looked at, so they must not be translated.
        set: BTreeMap::from([("LC_ALL".to_owned(), "C".to_owned())]),
        unset: Vec::new(),
        working_directory: folder.to_owned(),
    }
}

/// A text as a glob that matches nothing else.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Takes `v1.2.3-4-g<hash>` apart.
fn parse(described: &str) -> Option<Nearest> {
    let (rest, commit) = described.rsplit_once("-g")?;
    let (tag, distance) = rest.rsplit_once('-')?;
    Some(Nearest {
        tag: tag.to_owned(),
        distance: distance.parse().ok()?,
        commit: commit.to_owned(),
    })
}

/// The highest version among tags of one commit: `v1.0` rather than `v1.0rc1`.
fn highest<'a>(tags: impl Iterator<Item = &'a str>, prefix: &str) -> Option<Version> {
    tags.filter_map(|tag| Version::parse(tag.strip_prefix(prefix)?).ok())
        .max_by(|one, other| one.as_pep440().cmp(other.as_pep440()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_from_its_end() {
        let nearest = parse("v1.0-rc1-12-g0123abcd").unwrap();
        assert_eq!(
            nearest,
            Nearest {
                tag: "v1.0-rc1".to_owned(),
                distance: 12,
                commit: "0123abcd".to_owned()
            }
        );
        assert_eq!(parse("v1.0"), None);
    }

    #[test]
    fn of_several_tags_of_a_commit_the_highest_version_counts() {
        let found = highest(["v1.0rc1", "v1.0", "v1-old", "w2.0"].into_iter(), "v").unwrap();
        assert_eq!(found.to_string(), "1.0");
        assert_eq!(highest(["v1-old"].into_iter(), "v"), None);
    }

    #[test]
    fn a_prefix_is_no_pattern() {
        assert_eq!(escaped("a[1]*\\"), "a\\[1]\\*\\\\");
    }

    #[test]
    fn a_repository_that_somebody_else_owns_is_to_be_trusted() {
        let error = GitError::NoRepository {
            folder: "/io".into(),
            words: "detected dubious ownership in repository at '/io'".to_owned(),
        };
        assert!(error.hint().unwrap().contains("--add safe.directory /io`"));
    }
}

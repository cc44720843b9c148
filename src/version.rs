//! From Cargo's semantic version to the version that Python understands.

use std::fmt;
use std::str::FromStr;

/// Why a version has no counterpart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not a version by Python's rules.
    #[error("`{0}` is not a version that Python can express")]
    Unparsable(String),
    /// Cargo's order and Python's would disagree.
    #[error(
        "`{version}` has the pre-release `{pre}`, which Python would read as a version after {release} instead of before it"
    )]
    Inverted {
        /// The version as Cargo.toml has it.
        version: String,
        /// Its pre-release part.
        pre: String,
        /// Its release part.
        release: String,
    },
    /// A pre-release word that Python has no place for.
    #[error("`{version}` has the pre-release `{pre}`, for which Python has no counterpart")]
    Inexpressible {
        /// The version as Cargo.toml has it.
        version: String,
        /// Its pre-release part.
        pre: String,
    },
}

/// A version in Python's normal form.
///
/// <https://packaging.python.org/en/latest/specifications/version-specifiers/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pep440_rs::Version);

impl Version {
    /// Takes a version as pyproject.toml spells it.
    pub fn parse(written: &str) -> Result<Self, VersionError> {
        pep440_rs::Version::from_str(written)
            .map(Self)
            .map_err(|_| VersionError::Unparsable(written.to_owned()))
    }

    /// Takes Cargo's version; gives Python's such that the order of any two is kept.
    ///
    /// `alpha`, `beta`, `rc` (also `a`, `b`, `c`, `pre`, `preview`) and `dev`, each with or without a number, have a
    /// counterpart; `1.0.0-1` or `1.0.0-post.1` come *before* 1.0.0 in Cargo's order and after it in Python's, so they
    /// are refused rather than turned round.
    pub fn from_cargo(cargo: &cargo_metadata::semver::Version) -> Result<Self, VersionError> {
        let release = format!("{}.{}.{}", cargo.major, cargo.minor, cargo.patch);
        let pre = cargo.pre.as_str();
        let mut written = release.clone();
        if !pre.is_empty() {
            written.push_str(&pre_release(pre).ok_or_else(|| {
                let word: String = pre.chars().take_while(char::is_ascii_alphabetic).collect();
                if matches!(word.to_ascii_lowercase().as_str(), "" | "r" | "rev" | "post")
                    && pep440_rs::Version::from_str(&format!("{release}-{pre}")).is_ok()
                {
                    VersionError::Inverted {
                        version: cargo.to_string(),
                        pre: pre.to_owned(),
                        release: release.clone(),
                    }
                } else {
                    VersionError::Inexpressible {
                        version: cargo.to_string(),
                        pre: pre.to_owned(),
                    }
                }
            })?);
        }
        if !cargo.build.is_empty() {
            written.push('+');
            written.push_str(cargo.build.as_str());
        }
        Self::parse(&written).map_err(|_| VersionError::Unparsable(cargo.to_string()))
    }

    /// The version of a commit that lies some commits behind the one that this version was given to; itself where none does.
    ///
    /// It sorts behind this version and before the next one that anybody would give: `1.2` becomes `1.2.1.dev3`, `1.2rc1`
    /// becomes `1.2rc2.dev3`, and `1.2.dev1` becomes `1.2.dev4`. A commit's name follows as `+g1a2b3c4d5`, always as long, for
    /// git shortens it to a length that depends on the clone.
    #[must_use]
    pub fn after(&self, commits: u64, name: Option<&str>) -> Self {
        if commits == 0 {
            return self.clone();
        }
        let written = self.0.clone().without_local();
        let next = match (written.dev(), written.pre()) {
            (Some(dev), _) => written.with_dev(Some(dev.saturating_add(commits))),
            (None, Some(pre)) => {
                let number = pre.number.saturating_add(1);
                let pre = pep440_rs::Prerelease { number, ..pre };
                written
                    .with_pre(Some(pre))
                    .with_post(None)
                    .with_dev(Some(commits))
            }
            (None, None) => {
                let mut release = written.release().to_vec();
                release.resize(release.len().max(3), 0);
                if let Some(last) = release.last_mut() {
                    *last = last.saturating_add(1);
                }
                written
                    .with_release(release)
                    .with_post(None)
                    .with_dev(Some(commits))
            }
        };
        let local = name.map(|name| {
            let short: String = name.chars().take(9).collect();
            pep440_rs::LocalSegment::String(format!("g{short}"))
        });
        Self(next.with_local(local.into_iter().collect()))
    }

    /// Whether it has a local part (`+…`), which the public index refuses.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.0.is_local()
    }

    /// The version as a specifier set compares it.
    #[must_use]
    pub fn as_pep440(&self) -> &pep440_rs::Version {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Cargo's pre-release identifiers in Python's spelling; nothing where there is no counterpart.
fn pre_release(pre: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = pre;
    loop {
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(letters);
        let tail_digits = tail.strip_prefix(['.', '-']).unwrap_or(tail);
        let digits = tail_digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail_digits.len());
        let (number, after) = if digits == 0 {
            ("0", tail)
        } else {
            tail_digits.split_at(digits)
        };
        let number: u64 = number.parse().ok()?;
        match (word.to_ascii_lowercase().as_str(), out.is_empty()) {
            ("alpha" | "a", true) => append(&mut out, "a", number),
            ("beta" | "b", true) => append(&mut out, "b", number),
            ("rc" | "c" | "pre" | "preview", true) => append(&mut out, "rc", number),
            ("dev", _) if !out.contains("dev") => append(&mut out, ".dev", number),
            _ => return None,
        }
        if after.is_empty() {
            return Some(out);
        }
        // Only `.dev` may follow, and it sorts below what it follows in both worlds only when written after a dash,
        // as part of the same identifier: `rc.1-dev`.
        rest = after.strip_prefix('-')?;
        if !rest.to_ascii_lowercase().starts_with("dev") {
            return None;
        }
    }
}

fn append(out: &mut String, word: &str, number: u64) {
    out.push_str(word);
    out.push_str(&number.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use cargo_metadata::semver;

    fn python(cargo: &str) -> Result<String, VersionError> {
        Version::from_cargo(&semver::Version::parse(cargo).unwrap()).map(|version| version.to_string())
    }

    #[test]
    fn maps_what_has_a_counterpart() {
        for (cargo, expected) in [
            ("1.2.3", "1.2.3"),
            ("1.0.0-alpha.1", "1.0.0a1"),
            ("1.0.0-alpha", "1.0.0a0"),
            ("1.0.0-alpha1", "1.0.0a1"),
            ("1.0.0-alpha-1", "1.0.0a1"),
            ("1.0.0-beta.2", "1.0.0b2"),
            ("1.0.0-rc.1", "1.0.0rc1"),
            ("1.0.0-rc.10", "1.0.0rc10"),
            ("1.0.0-pre.1", "1.0.0rc1"),
            ("1.0.0-preview.3", "1.0.0rc3"),
            ("1.0.0-c.1", "1.0.0rc1"),
            ("1.0.0-dev.4", "1.0.0.dev4"),
            ("1.0.0-rc.1-dev", "1.0.0rc1.dev0"),
            ("1.0.0+a-b", "1.0.0+a.b"),
            ("1.0.0+001", "1.0.0+1"),
        ] {
            assert_eq!(python(cargo).as_deref(), Ok(expected), "{cargo}");
        }
    }

    #[test]
    fn refuses_what_would_turn_the_order_round() {
        for cargo in ["1.0.0-1", "1.0.0-0", "1.0.0-r.3", "1.0.0-rev.3", "1.0.0-post.1"] {
            assert!(
                matches!(python(cargo), Err(VersionError::Inverted { .. })),
                "{cargo}"
            );
        }
    }

    #[test]
    fn refuses_what_python_has_no_place_for() {
        for cargo in [
            "1.0.0-nightly.1",
            "1.0.0-alpha.beta",
            "1.0.0-alpha.1.2",
            "1.0.0-snapshot",
            "1.0.0-x86",
            "1.0.0-0.3.7",
        ] {
            assert!(
                matches!(python(cargo), Err(VersionError::Inexpressible { .. })),
                "{cargo}"
            );
        }
    }

    #[test]
    fn python_spellings_are_normalized() {
        assert_eq!(Version::parse("v1.0-ALPHA").unwrap().to_string(), "1.0a0");
        assert!(Version::parse("1.x").is_err());
    }

    #[test]
    fn commits_behind_a_version_have_one_that_sorts_between_it_and_the_next() {
        let commit = Some("1a2b3c4d5e6f7081");
        for (tagged, after, next) in [
            ("1.2.3", "1.2.4.dev3+g1a2b3c4d5", "1.2.4a1"),
            ("1.2", "1.2.1.dev3+g1a2b3c4d5", "1.2.1a1"),
            ("1", "1.0.1.dev3+g1a2b3c4d5", "1.0.1"),
            ("1.2.3.4", "1.2.3.5.dev3+g1a2b3c4d5", "1.2.3.5"),
            ("1.2.post4", "1.2.1.dev3+g1a2b3c4d5", "1.2.1"),
            ("1.2rc1", "1.2rc2.dev3+g1a2b3c4d5", "1.2rc2"),
            ("1.2rc1.post1", "1.2rc2.dev3+g1a2b3c4d5", "1.2rc2"),
            ("1.2.dev1", "1.2.dev4+g1a2b3c4d5", "1.2a1"),
            ("2!1.2.3+linux", "2!1.2.4.dev3+g1a2b3c4d5", "2!1.2.4"),
        ] {
            let tagged = Version::parse(tagged).unwrap();
            let found = tagged.after(3, commit);
            assert_eq!(found.to_string(), after);
            assert!(tagged.as_pep440() < found.as_pep440(), "{after}");
            assert!(
                found.as_pep440() < Version::parse(next).unwrap().as_pep440(),
                "{after}"
            );
            assert!(!tagged.after(3, None).is_local());
            assert_eq!(tagged.after(0, commit), tagged);
        }
    }
}

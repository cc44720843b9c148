//! Compatibility tags and the wheel file name that carries them.
//!
//! <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>

use std::collections::BTreeSet;
use std::fmt;

use crate::name::ProjectName;
use crate::version::Version;

/// What is wrong with a tag or a wheel file name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// A wish that is no tag.
    #[error(
        "`{0}` is not a platform tag: expected `linux`, `pypi`, `manylinux2014`, `manylinux_X_Y` or `musllinux_X_Y`"
    )]
    Wish(String),
    /// A file name that is no wheel's.
    #[error("`{name}` is not a wheel file name: {reason}")]
    Filename {
        /// The file name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A build tag that file names cannot hold.
    #[error(
        "`{0}` is not a build tag: expected a digit, perhaps with letters, digits, `.` and `_` behind it"
    )]
    Build(String),
}

/// What a user may ask of the platform tag: `--compatibility`, `compatibility = …`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlatformWish {
    /// `linux` or `off`: the plain tag of this machine, nothing promised.
    Linux,
    /// `pypi`: whatever the public index accepts.
    Pypi,
    /// At most this version of the GNU C library.
    Manylinux(u16, u16),
    /// At most this version of musl.
    Musllinux(u16, u16),
}

impl PlatformWish {
    /// Reads a wish: `off`, `linux`, `pypi`, `1`, `2010`, `2014`, `manylinux2014`, `2_28`, `manylinux_2_28`,
    /// `musllinux_1_2`, in any case.
    pub fn parse(written: &str) -> Result<Self, TagError> {
        let lower = written.to_ascii_lowercase();
        let wrong = || TagError::Wish(written.to_owned());
        let pair = |text: &str| -> Option<(u16, u16)> {
            let (major, minor) = text.split_once('_')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        };
        match lower.as_str() {
            "off" | "linux" => return Ok(Self::Linux),
            "pypi" => return Ok(Self::Pypi),
            "1" | "manylinux1" => return Ok(Self::Manylinux(2, 5)),
            "2010" | "manylinux2010" => return Ok(Self::Manylinux(2, 12)),
            "2014" | "manylinux2014" => return Ok(Self::Manylinux(2, 17)),
            _ => {}
        }
        if let Some(rest) = lower.strip_prefix("musllinux_") {
            return pair(rest).map(|(x, y)| Self::Musllinux(x, y)).ok_or_else(wrong);
        }
        let rest = lower.strip_prefix("manylinux_").unwrap_or(&lower);
        pair(rest).map(|(x, y)| Self::Manylinux(x, y)).ok_or_else(wrong)
    }
}

impl fmt::Display for PlatformWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linux => f.write_str("linux"),
            Self::Pypi => f.write_str("pypi"),
            Self::Manylinux(x, y) => write!(f, "manylinux_{x}_{y}"),
            Self::Musllinux(x, y) => write!(f, "musllinux_{x}_{y}"),
        }
    }
}

/// One platform that a wheel names, without its older aliases.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlatformTag {
    /// `linux_<architecture>`: this machine, nothing promised.
    Linux {
        /// As the tags spell it: `x86_64`, `i686`, `aarch64`, `armv7l` …
        architecture: String,
    },
    /// `manylinux_<major>_<minor>_<architecture>`: any system with at least this GNU C library.
    Manylinux {
        /// The C library's major version.
        major: u16,
        /// The C library's minor version.
        minor: u16,
        /// As the tags spell it.
        architecture: String,
    },
    /// `musllinux_<major>_<minor>_<architecture>`: any system with at least this musl.
    Musllinux {
        /// musl's major version.
        major: u16,
        /// musl's minor version.
        minor: u16,
        /// As the tags spell it.
        architecture: String,
    },
    /// Given whole, for instance by `_PYTHON_HOST_PLATFORM`.
    Verbatim(String),
}

impl PlatformTag {
    /// The tag with every older alias that means the same, in the order a file name wants them.
    ///
    /// `manylinux_2_17_x86_64` also goes by `manylinux2014_x86_64`, on the architectures that PEP 599 names.
    #[must_use]
    pub fn with_aliases(&self) -> Vec<String> {
        let mut tags = vec![self.to_string()];
        if let Self::Manylinux {
            major: 2,
            minor,
            architecture,
        } = self
        {
            let x86 = matches!(architecture.as_str(), "x86_64" | "i686");
            let pep599 = x86
                || matches!(
                    architecture.as_str(),
                    "aarch64" | "armv7l" | "ppc64" | "ppc64le" | "s390x"
                );
            match minor {
                5 if x86 => tags.push(format!("manylinux1_{architecture}")),
                12 if x86 => tags.push(format!("manylinux2010_{architecture}")),
                17 if pep599 => tags.push(format!("manylinux2014_{architecture}")),
                _ => {}
            }
        }
        tags.sort();
        tags
    }
}

impl fmt::Display for PlatformTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linux { architecture } => write!(f, "linux_{architecture}"),
            Self::Manylinux {
                major,
                minor,
                architecture,
            } => write!(f, "manylinux_{major}_{minor}_{architecture}"),
            Self::Musllinux {
                major,
                minor,
                architecture,
            } => write!(f, "musllinux_{major}_{minor}_{architecture}"),
            Self::Verbatim(tag) => f.write_str(tag),
        }
    }
}

/// The three compressed tag sets of a wheel, each sorted and without duplicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelTag {
    python: BTreeSet<String>,
    abi: BTreeSet<String>,
    platform: BTreeSet<String>,
}

impl WheelTag {
    /// Takes each set in any order; `-` and `.` inside a tag become `_`, as the specification asks.
    pub fn new<S: AsRef<str>>(
        python: impl IntoIterator<Item = S>,
        abi: impl IntoIterator<Item = S>,
        platform: impl IntoIterator<Item = S>,
    ) -> Self {
        let clean = |tag: S| tag.as_ref().replace(['-', '.', ' '], "_");
        Self {
            python: python.into_iter().map(clean).collect(),
            abi: abi.into_iter().map(clean).collect(),
            platform: platform.into_iter().map(clean).collect(),
        }
    }

    /// Every `python-abi-platform` triple, sorted: the `Tag:` lines of WHEEL.
    #[must_use]
    pub fn expanded(&self) -> Vec<String> {
        let mut out = Vec::new();
        for python in &self.python {
            for abi in &self.abi {
                for platform in &self.platform {
                    out.push(format!("{python}-{abi}-{platform}"));
                }
            }
        }
        out
    }

    /// The Python tags.
    pub fn python(&self) -> impl Iterator<Item = &str> {
        self.python.iter().map(String::as_str)
    }

    /// The ABI tags.
    pub fn abi(&self) -> impl Iterator<Item = &str> {
        self.abi.iter().map(String::as_str)
    }

    /// The platform tags.
    pub fn platform(&self) -> impl Iterator<Item = &str> {
        self.platform.iter().map(String::as_str)
    }
}

impl fmt::Display for WheelTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(".");
        write!(
            f,
            "{}-{}-{}",
            join(&self.python),
            join(&self.abi),
            join(&self.platform)
        )
    }
}

/// A wheel's build tag: of two wheels that are otherwise equal, installers take the one with the higher.
///
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildTag(String);

impl BuildTag {
    /// Takes a text that begins with a digit and holds only ASCII letters, digits, `.` and `_`.
    pub fn parse(written: &str) -> Result<Self, TagError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        if written.starts_with(|c: char| c.is_ascii_digit()) && written.chars().all(fits) {
            Ok(Self(written.to_owned()))
        } else {
            Err(TagError::Build(written.to_owned()))
        }
    }
}

impl fmt::Display for BuildTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A wheel's file name, the one place its tags are kept.
///
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelFilename {
    distribution: String,
    version: String,
    build: Option<String>,
    tag: WheelTag,
}

impl WheelFilename {
    /// Takes the parts, escapes them; the result has four or five dashes and fits a file system.
    pub fn new(
        name: &ProjectName,
        version: &Version,
        build: Option<&BuildTag>,
        tag: WheelTag,
    ) -> Result<Self, TagError> {
        let filename = Self {
            distribution: name.escaped(),
            version: version.to_string().replace('-', "_"),
            build: build.map(ToString::to_string),
            tag,
        };
        let shown = filename.to_string();
        let wrong = |reason: &str| {
            Err(TagError::Filename {
                name: shown.clone(),
                reason: reason.to_owned(),
            })
        };
        // The index stores `<name>.metadata` beside the wheel, in a file system that ends names at 255 bytes.
        if shown.len() + ".metadata".len() > 255 {
            return wrong("it is longer than file systems take");
        }
        let odd = |c: char| !c.is_ascii() || c.is_ascii_control() || matches!(c, '/' | '\\');
        if shown.contains(odd) {
            return wrong("it holds a character that does not belong in a file name");
        }
        Ok(filename)
    }

    /// Reads a file name such as `pkg-1.0-cp39-abi3-linux_x86_64.whl`.
    pub fn parse(name: &str) -> Result<Self, TagError> {
        let wrong = |reason: &str| TagError::Filename {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        let stem = name
            .strip_suffix(".whl")
            .ok_or_else(|| wrong("it does not end in `.whl`"))?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (head, build, tags) = match parts.as_slice() {
            [name, version, python, abi, platform] => ((name, version), None, (python, abi, platform)),
            [name, version, build, python, abi, platform] => (
                (name, version),
                Some((*build).to_owned()),
                (python, abi, platform),
            ),
            _ => return Err(wrong("it has neither five nor six parts between dashes")),
        };
        let set = |text: &str| text.split('.').map(str::to_owned).collect();
        Ok(Self {
            distribution: (*head.0).to_owned(),
            version: (*head.1).to_owned(),
            build,
            tag: WheelTag {
                python: set(tags.0),
                abi: set(tags.1),
                platform: set(tags.2),
            },
        })
    }

    /// The same wheel's name for other platforms, which are sorted as tags are.
    #[must_use]
    pub fn for_platforms(self, platforms: Vec<String>) -> Self {
        let tag = WheelTag::new(self.tag.python.clone(), self.tag.abi.clone(), platforms);
        Self { tag, ..self }
    }

    /// The version, as the file name spells it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The tags.
    #[must_use]
    pub fn tag(&self) -> &WheelTag {
        &self.tag
    }

    /// The build number, where there is one.
    #[must_use]
    pub fn build(&self) -> Option<&str> {
        self.build.as_deref()
    }

    /// `<name>-<version>`: what `.dist-info`, `.data` and the file name itself begin with.
    #[must_use]
    pub fn stem(&self) -> String {
        format!("{}-{}", self.distribution, self.version)
    }

    /// The escaped project name.
    #[must_use]
    pub fn distribution(&self) -> &str {
        &self.distribution
    }

    /// The name of the metadata directory.
    #[must_use]
    pub fn dist_info(&self) -> String {
        format!("{}.dist-info", self.stem())
    }

    /// The name of the data directory.
    #[must_use]
    pub fn data(&self) -> String {
        format!("{}.data", self.stem())
    }
}

impl fmt::Display for WheelFilename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stem())?;
        if let Some(build) = &self.build {
            write!(f, "-{build}")?;
        }
        write!(f, "-{}.whl", self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filename(name: &str, version: &str, tag: WheelTag) -> String {
        WheelFilename::new(
            &ProjectName::parse(name).unwrap(),
            &Version::parse(version).unwrap(),
            None,
            tag,
        )
        .unwrap()
        .to_string()
    }

    #[test]
    fn aliases_come_sorted_and_only_where_they_exist() {
        let tag = |minor, architecture: &str| PlatformTag::Manylinux {
            major: 2,
            minor,
            architecture: architecture.to_owned(),
        };
        assert_eq!(
            tag(17, "x86_64").with_aliases(),
            ["manylinux2014_x86_64", "manylinux_2_17_x86_64"]
        );
        assert_eq!(tag(17, "riscv64").with_aliases(), ["manylinux_2_17_riscv64"]);
        assert_eq!(tag(12, "aarch64").with_aliases(), ["manylinux_2_12_aarch64"]);
        assert_eq!(tag(34, "x86_64").with_aliases(), ["manylinux_2_34_x86_64"]);
    }

    #[test]
    fn file_names_are_normalized_and_sorted() {
        let tag = WheelTag::new(["cp315"], ["abi3t", "abi3"], ["linux_x86_64"]);
        assert_eq!(
            filename("T1.Bin", "1.0.0-alpha.1", tag),
            "t1_bin-1.0.0a1-cp315-abi3.abi3t-linux_x86_64.whl"
        );
        let tag = WheelTag::new(["cp311"], ["cp311"], ["linux-x86.64"]);
        assert_eq!(
            filename("a", "1!2+ab.1", tag),
            "a-1!2+ab.1-cp311-cp311-linux_x86_64.whl"
        );
    }

    #[test]
    fn reads_back_what_it_wrote() {
        for name in [
            "a-1.0-cp39-abi3-linux_x86_64.whl",
            "a-1.0-1x-py2.py3-none-any.whl",
        ] {
            assert_eq!(WheelFilename::parse(name).unwrap().to_string(), name);
        }
        for wrong in [
            "a-1.0.whl",
            "a-1.0-cp39-abi3-linux_x86_64.zip",
            "a-1-1-a-b-c-d.whl",
        ] {
            assert!(WheelFilename::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn expands_every_triple() {
        let tag = WheelTag::new(["py2", "py3"], ["none"], ["b", "a"]);
        assert_eq!(
            tag.expanded(),
            ["py2-none-a", "py2-none-b", "py3-none-a", "py3-none-b"]
        );
    }

    #[test]
    fn wishes_are_read_in_every_spelling() {
        for (written, wish) in [
            ("2014", PlatformWish::Manylinux(2, 17)),
            ("ManyLinux2014", PlatformWish::Manylinux(2, 17)),
            ("2_28", PlatformWish::Manylinux(2, 28)),
            ("manylinux_2_28", PlatformWish::Manylinux(2, 28)),
            ("musllinux_1_2", PlatformWish::Musllinux(1, 2)),
            ("off", PlatformWish::Linux),
            ("PyPI", PlatformWish::Pypi),
        ] {
            assert_eq!(PlatformWish::parse(written), Ok(wish), "{written}");
        }
        for wrong in ["", "many", "manylinux_2", "musllinux_x_y", "2_28_x86_64"] {
            assert!(PlatformWish::parse(wrong).is_err(), "{wrong}");
        }
    }
}

//! Container images by name: the C library and the libraries that are in them, as far as a wheel cares.
//!
//! What a tag means changes as time goes by: one without a name of the system means the newest at the time when this was written.

use std::path::Path;

use super::policy::CLibrary;
use super::system::Sysroot;
use crate::elf::{self, Facts};

/// Why an image tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no image of that name is known: `{name}`")]
pub struct ImageError {
    /// As it was given.
    pub name: String,
    /// Names that are known and look like it, the most alike first.
    pub nearest: Vec<String>,
}

impl ImageError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        format!(
            "known are for instance `{}`; for any other name what it is made from, or give its C library: `--compatibility manylinux_2_36`",
            self.nearest.join("`, `")
        )
    }
}

/// An image that wheels are installed into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// As it was given.
    pub name: String,
    /// `Debian 12`.
    pub system: String,
    /// Its C library with major and minor version; none where it has none.
    pub c_library: Option<(CLibrary, u16, u16)>,
    /// Sonames of the libraries that it surely has beside the C library's own.
    libraries: Vec<&'static str>,
    /// What installs a package there: `apt-get install`.
    pub installer: Option<&'static str>,
    /// The second number of the CPython that it is named for.
    pub python: Option<u16>,
}

/// What a file asks a C library for that is too old to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beyond {
    /// `GLIBC_2.38`.
    pub version: String,
    /// One symbol that is asked for in that version.
    pub symbol: String,
}

/// A system that images are made from.
struct System {
    /// Names of its own image, `|` between them.
    images: &'static str,
    /// Tags of that image, the number of the version first.
    tags: &'static [&'static str],
    name: &'static str,
    c_library: (CLibrary, u16, u16),
    family: Family,
    libraries: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Debian,
    Ubuntu,
    Alpine,
    RedHat,
}

const GNU: CLibrary = CLibrary::Gnu;
const MUSL: CLibrary = CLibrary::Musl;

/// What every Debian and Ubuntu has, since its package manager needs it.
const APT: [&str; 9] = [
    "libgcc_s.so.1",
    "libstdc++.so.6",
    "libz.so.1",
    "liblzma.so.5",
    "libbz2.so.1.0",
    "libzstd.so.1",
    "libcrypt.so.1",
    "libtinfo.so.6",
    "libuuid.so.1",
];
/// What every system of Red Hat's kind has.
const RPM: [&str; 8] = [
    "libgcc_s.so.1",
    "libstdc++.so.6",
    "libz.so.1",
    "liblzma.so.5",
    "libbz2.so.1",
    "libxml2.so.2",
    "libcurl.so.4",
    "libsqlite3.so.0",
];
const OPENSSL_1_0: [&str; 2] = ["libssl.so.10", "libcrypto.so.10"];
const OPENSSL_1_1: [&str; 2] = ["libssl.so.1.1", "libcrypto.so.1.1"];
const OPENSSL_3: [&str; 2] = ["libssl.so.3", "libcrypto.so.3"];
/// What CPython in its official image stands on, beside OpenSSL and libffi.
const PYTHON: [&str; 3] = ["libsqlite3.so.0", "libreadline.so.8", "libncursesw.so.6"];
/// What the full official image has beside that: the tools to build with, and what they bring.
const BUILD_TOOLS: [&str; 10] = [
    "libpq.so.5",
    "libxml2.so.2",
    "libxslt.so.1",
    "libcurl.so.4",
    "libpng16.so.16",
    "libfreetype.so.6",
    "libglib-2.0.so.0",
    "libgmp.so.10",
    "libyaml-0.so.2",
    "libgssapi_krb5.so.2",
];

/// Each with the newest of its family first.
const SYSTEMS: [System; 32] = [
    debian(&["13", "trixie", "stable", "latest"], "Debian 13", 41, &OPENSSL_3),
    debian(&["12", "bookworm", "oldstable"], "Debian 12", 36, &[]),
    debian(&["11", "bullseye", "oldoldstable"], "Debian 11", 31, &[]),
    debian(&["10", "buster"], "Debian 10", 28, &[]),
    ubuntu(&["26.04", "resolute"], "Ubuntu 26.04", 43),
    ubuntu(&["25.10", "questing"], "Ubuntu 25.10", 42),
    ubuntu(&["25.04", "plucky"], "Ubuntu 25.04", 41),
    ubuntu(&["24.04", "noble", "latest"], "Ubuntu 24.04", 39),
    ubuntu(&["22.04", "jammy"], "Ubuntu 22.04", 35),
    ubuntu(&["20.04", "focal"], "Ubuntu 20.04", 31),
    ubuntu(&["18.04", "bionic"], "Ubuntu 18.04", 27),
    alpine(&["3.23", "latest"], "Alpine 3.23", &OPENSSL_3),
    alpine(&["3.22"], "Alpine 3.22", &OPENSSL_3),
    alpine(&["3.21"], "Alpine 3.21", &OPENSSL_3),
    alpine(&["3.20"], "Alpine 3.20", &OPENSSL_3),
    alpine(&["3.19"], "Alpine 3.19", &OPENSSL_3),
    alpine(&["3.18"], "Alpine 3.18", &OPENSSL_3),
    alpine(&["3.17"], "Alpine 3.17", &OPENSSL_3),
    alpine(&["3.16"], "Alpine 3.16", &OPENSSL_1_1),
    red_hat(EL, &["10"], "Enterprise Linux 10", 39, &OPENSSL_3),
    red_hat(EL, &["9"], "Enterprise Linux 9", 34, &OPENSSL_3),
    red_hat(EL, &["8"], "Enterprise Linux 8", 28, &OPENSSL_1_1),
    red_hat(
        "ubi10|ubi10/ubi|ubi10/ubi-minimal|ubi10-minimal",
        &["10", "latest"],
        "UBI 10",
        39,
        &OPENSSL_3,
    ),
    red_hat(
        "ubi9|ubi9/ubi|ubi9/ubi-minimal|ubi9-minimal",
        &["9", "latest"],
        "UBI 9",
        34,
        &OPENSSL_3,
    ),
    red_hat(
        "ubi8|ubi8/ubi|ubi8/ubi-minimal|ubi8-minimal",
        &["8", "latest"],
        "UBI 8",
        28,
        &OPENSSL_1_1,
    ),
    red_hat(
        "amazonlinux",
        &["2023", "latest"],
        "Amazon Linux 2023",
        34,
        &OPENSSL_3,
    ),
    red_hat("amazonlinux", &["2"], "Amazon Linux 2", 26, &OPENSSL_1_0),
    red_hat("fedora", &["44", "latest"], "Fedora 44", 43, &OPENSSL_3),
    red_hat("fedora", &["43"], "Fedora 43", 42, &OPENSSL_3),
    red_hat("fedora", &["42"], "Fedora 42", 41, &OPENSSL_3),
    red_hat("fedora", &["41"], "Fedora 41", 40, &OPENSSL_3),
    red_hat("fedora", &["40"], "Fedora 40", 39, &OPENSSL_3),
];

const EL: &str = "rockylinux|almalinux|rockylinux/rockylinux|oraclelinux";

const fn debian(
    tags: &'static [&'static str],
    name: &'static str,
    minor: u16,
    libraries: &'static [&'static str],
) -> System {
    system("debian", tags, name, (GNU, 2, minor), Family::Debian, libraries)
}

const fn ubuntu(tags: &'static [&'static str], name: &'static str, minor: u16) -> System {
    system("ubuntu", tags, name, (GNU, 2, minor), Family::Ubuntu, &[])
}

/// All have a musl 1.2: no tag knows the third part of its version.
const fn alpine(
    tags: &'static [&'static str],
    name: &'static str,
    libraries: &'static [&'static str],
) -> System {
    system("alpine", tags, name, (MUSL, 1, 2), Family::Alpine, libraries)
}

const fn red_hat(
    images: &'static str,
    tags: &'static [&'static str],
    name: &'static str,
    minor: u16,
    libraries: &'static [&'static str],
) -> System {
    system(images, tags, name, (GNU, 2, minor), Family::RedHat, libraries)
}

const fn system(
    images: &'static str,
    tags: &'static [&'static str],
    name: &'static str,
    c_library: (CLibrary, u16, u16),
    family: Family,
    libraries: &'static [&'static str],
) -> System {
    System {
        images,
        tags,
        name,
        c_library,
        family,
        libraries,
    }
}

impl System {
    fn image(&self, name: &str) -> Image {
        let (base, installer): (&[&str], &str) = match self.family {
            Family::Debian | Family::Ubuntu => (&APT, "apt-get install"),
            Family::Alpine => (&["libz.so.1"], "apk add"),
            Family::RedHat => (&RPM, "dnf install"),
        };
        Image {
            name: name.to_owned(),
            system: self.name.to_owned(),
            c_library: Some(self.c_library),
            libraries: base.iter().chain(self.libraries).copied().collect(),
            installer: Some(installer),
            python: None,
        }
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.tags.contains(&tag)
    }
}

impl Image {
    /// Looks up a name such as `debian:12`, `python:3.12-slim-bookworm`, `alpine:3.20` or `scratch`, with or without a registry
    /// in front and a digest behind.
    ///
    /// # Errors
    /// Where the image is not known.
    pub fn find(name: &str) -> Result<Self, ImageError> {
        let plain = name.split('@').next().unwrap_or(name);
        let plain = without_registry(plain);
        let (image, tag) = plain.rsplit_once(':').unwrap_or((plain, "latest"));
        let found = match image {
            "scratch" => Some(empty(name, "an empty image")),
            "python" => python(name, tag),
            _ if image.starts_with("distroless/") => {
                distroless(name, image.trim_start_matches("distroless/"))
            }
            _ => plain_system(name, image, tag),
        };
        found.ok_or_else(|| ImageError {
            name: name.to_owned(),
            nearest: nearest(plain),
        })
    }

    /// Whether it surely has a library, given by its soname; the C library's own are not asked for.
    #[must_use]
    pub fn has(&self, library: &str) -> bool {
        self.libraries.contains(&library)
    }

    /// Whether it is not known to have a library that is no part of the C library either.
    #[must_use]
    pub fn lacks(&self, library: &str) -> bool {
        !self.has(library) && !is_of_c_library(library)
    }

    /// The newest version of the GNU C library's symbols that a file cannot do without and that the image does not have.
    #[must_use]
    pub fn beyond(&self, facts: &Facts) -> Option<Beyond> {
        let Some((CLibrary::Gnu, major, minor)) = self.c_library else {
            return None;
        };
        let needed = facts.needed_versions.iter().filter(|needed| !needed.weak);
        let newest = needed
            .filter_map(|needed| Some((numbers_of(&needed.version)?, needed)))
            .filter(|(version, _)| *version > (major, minor))
            .max_by(|(one, _), (other, _)| one.cmp(other));
        newest.map(|(_, needed)| Beyond {
            version: needed.version.clone(),
            symbol: needed.symbols.first().cloned().unwrap_or_default(),
        })
    }

    /// `glibc 2.36`, `musl 1.2`, `no C library`.
    #[must_use]
    pub fn c_library_in_words(&self) -> String {
        match self.c_library {
            Some((CLibrary::Gnu, major, minor)) => format!("glibc {major}.{minor}"),
            Some((CLibrary::Musl, major, minor)) => format!("musl {major}.{minor}"),
            None => "no C library".to_owned(),
        }
    }
}

/// The version of the GNU C library of a system, given by its root and its architecture as tags spell it; nothing where none is
/// found.
#[must_use]
pub fn glibc_of(root: &Path, architecture: &str) -> Option<(u16, u16)> {
    let system = Sysroot::new(root);
    let file = system
        .folders(CLibrary::Gnu, architecture)
        .into_iter()
        .map(|folder| folder.join("libc.so.6"))
        .find(|path| path.is_file())?;
    let facts = elf::inspect(&std::fs::read(file).ok()?).ok()?;
    let provided = facts.provided_versions.iter();
    provided.filter_map(|version| numbers_of(version)).max()
}

/// `GLIBC_2.34` is 2.34; `GLIBC_2.2.5` is 2.2.
fn numbers_of(version: &str) -> Option<(u16, u16)> {
    let mut numbers = version.strip_prefix("GLIBC_")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Whether a library is a part of the C library itself.
fn is_of_c_library(library: &str) -> bool {
    let stem = library.split(".so").next().unwrap_or(library);
    library.contains("ld-linux")
        || library.starts_with("ld-musl")
        || library.starts_with("libc.musl")
        || [
            "libc",
            "libm",
            "libdl",
            "libpthread",
            "librt",
            "libutil",
            "libresolv",
            "libanl",
            "ld64",
        ]
        .contains(&stem)
}

/// The second number of glibc's version in the release of Debian or Ubuntu that a word of a tag names for good: `bookworm`, `12`,
/// `24.04`.
#[must_use]
pub fn glibc_of_release(word: &str) -> Option<u16> {
    const MOVING: [&str; 4] = ["latest", "stable", "oldstable", "oldoldstable"];
    let of_family = |system: &&System| matches!(system.family, Family::Debian | Family::Ubuntu);
    SYSTEMS
        .iter()
        .filter(of_family)
        .find(|system| system.has_tag(word) && !MOVING.contains(&word))
        .map(|system| system.c_library.2)
}

/// `docker.io/library/debian` is `debian`; `gcr.io/distroless/cc` keeps the last two parts.
fn without_registry(name: &str) -> &str {
    let is_registry =
        |part: &str| part.contains('.') || part.contains(':') || matches!(part, "library" | "localhost");
    let mut rest = name;
    while let Some((part, behind)) = rest.split_once('/') {
        if !is_registry(part) {
            break;
        }
        rest = behind;
    }
    rest
}

fn plain_system(name: &str, image: &str, tag: &str) -> Option<Image> {
    let tag = tag.strip_suffix("-slim").unwrap_or(tag);
    let of_image = || {
        SYSTEMS
            .iter()
            .filter(|system| system.images.split('|').any(|own| own == image))
    };
    // `9.4`, `9-minimal`, `12.5`, `bookworm-20250101`: what is in front counts.
    let beginning = tag.split('-').next().unwrap_or(tag);
    let major = beginning.split('.').next().unwrap_or(beginning);
    // Alpine and Ubuntu count by two numbers.
    let two = || {
        let mut parts = beginning.splitn(3, '.');
        Some(format!("{}.{}", parts.next()?, parts.next()?))
    };
    let numbers = if matches!(image, "alpine" | "ubuntu") {
        two().unwrap_or_default()
    } else {
        major.to_owned()
    };
    of_image()
        .find(|system| system.has_tag(tag))
        .or_else(|| of_image().find(|system| system.has_tag(beginning)))
        .or_else(|| of_image().find(|system| system.has_tag(&numbers)))
        .map(|system| system.image(name))
}

/// `python:3.12`, `python:3.12-slim`, `python:3.12.1-slim-bookworm`, `python:3.13-alpine3.20`, `python:slim`.
fn python(name: &str, tag: &str) -> Option<Image> {
    let mut words: Vec<&str> = tag.split('-').collect();
    let version = words
        .first()
        .filter(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
        .copied();
    if version.is_some() || words.first() == Some(&"latest") {
        words.remove(0);
    }
    let minor: Option<u16> = version.and_then(|version| version.split('.').nth(1)?.parse().ok());
    let is_python_3 = version.is_none_or(|version| version == "3" || version.starts_with("3."));
    words.retain(|word| !word.starts_with("rc") && !word.starts_with("beta"));
    let is_slim = words.contains(&"slim");
    words.retain(|word| *word != "slim");
    if !is_python_3 || words.len() > 1 {
        return None;
    }
    let system = match words.first() {
        // No later system was given to a Python that was no longer kept up.
        None if minor.is_some_and(|minor| minor < 9) => by_tag(Family::Debian, "bookworm"),
        None => by_tag(Family::Debian, "trixie"),
        Some(&"alpine") => by_tag(Family::Alpine, "latest"),
        Some(word) => match word.strip_prefix("alpine") {
            Some(version) => by_tag(Family::Alpine, version),
            None => by_tag(Family::Debian, word),
        },
    }?;
    let mut image = system.image(name);
    image.libraries.extend(PYTHON);
    image.libraries.extend(match system.name {
        "Debian 10" => ["libffi.so.6", OPENSSL_1_1[0], OPENSSL_1_1[1]],
        "Debian 11" => ["libffi.so.7", OPENSSL_1_1[0], OPENSSL_1_1[1]],
        "Alpine 3.16" => ["libffi.so.8", OPENSSL_1_1[0], OPENSSL_1_1[1]],
        _ => ["libffi.so.8", OPENSSL_3[0], OPENSSL_3[1]],
    });
    if system.family == Family::Debian && !is_slim {
        image.libraries.extend(BUILD_TOOLS);
    }
    image.python = minor;
    image.system = format!("Python on {}", image.system);
    Some(image)
}

fn by_tag(family: Family, tag: &str) -> Option<&'static System> {
    SYSTEMS
        .iter()
        .find(|system| system.family == family && system.has_tag(tag))
}

/// `cc-debian12`, `python3-debian12`, `base`, `static`.
fn distroless(name: &str, kind: &str) -> Option<Image> {
    let (kind, version) = kind.rsplit_once("-debian").unwrap_or((kind, "12"));
    let system = by_tag(Family::Debian, version)?;
    let mut image = match kind {
        "static" => return Some(empty(name, "distroless, without a C library")),
        "base" | "base-nossl" | "cc" | "python3" => system.image(name),
        _ => return None,
    };
    image.installer = None;
    image.system = format!("distroless {}", system.name);
    image.libraries = match kind {
        "base-nossl" => Vec::new(),
        "base" => OPENSSL_3.to_vec(),
        "cc" => [&OPENSSL_3[..], &["libgcc_s.so.1", "libstdc++.so.6"]].concat(),
        _ => [
            &OPENSSL_3[..],
            &[
                "libgcc_s.so.1",
                "libstdc++.so.6",
                "libz.so.1",
                "libffi.so.8",
                "libsqlite3.so.0",
                "libbz2.so.1.0",
                "liblzma.so.5",
            ],
        ]
        .concat(),
    };
    Some(image)
}

fn empty(name: &str, system: &str) -> Image {
    Image {
        name: name.to_owned(),
        system: system.to_owned(),
        c_library: None,
        libraries: Vec::new(),
        installer: None,
        python: None,
    }
}

/// Names that are known, for who asks for another.
fn known() -> Vec<String> {
    let plain = SYSTEMS.iter().flat_map(|system| {
        let images = system.images.split('|').take(2);
        images.flat_map(|image| system.tags.iter().map(move |tag| format!("{image}:{tag}")))
    });
    let bases = [
        "",
        "-slim",
        "-slim-bookworm",
        "-slim-trixie",
        "-bookworm",
        "-alpine",
    ];
    let pythons = (9..=14)
        .rev()
        .flat_map(|minor| bases.map(|base| format!("python:3.{minor}{base}")));
    let others = ["scratch", "distroless/cc-debian12", "distroless/python3-debian12"];
    plain.chain(pythons).chain(others.map(str::to_owned)).collect()
}

fn nearest(name: &str) -> Vec<String> {
    const SHOWN: usize = 3;
    let mut known = known();
    known.sort_by_key(|other| distance(name, other));
    known.truncate(SHOWN);
    known
}

/// How many letters have to be put in, taken out or changed to make one text of another.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = line + 1;
        for (column, against) in other.iter().enumerate() {
            let changed = before + usize::from(letter != *against);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> String {
        let image = Image::find(name).unwrap_or_else(|error| panic!("{error}"));
        format!("{}, {}", image.system, image.c_library_in_words())
    }

    #[test]
    fn images_are_known_by_every_name_that_they_have() {
        for (name, expected) in [
            ("debian:12", "Debian 12, glibc 2.36"),
            ("debian:bookworm-slim", "Debian 12, glibc 2.36"),
            ("debian:12.5-slim", "Debian 12, glibc 2.36"),
            ("debian:bullseye-20250101-slim", "Debian 11, glibc 2.31"),
            ("debian", "Debian 13, glibc 2.41"),
            ("ubuntu:18.04", "Ubuntu 18.04, glibc 2.27"),
            ("docker.io/library/ubuntu:noble", "Ubuntu 24.04, glibc 2.39"),
            ("python:3.11-slim", "Python on Debian 13, glibc 2.41"),
            ("python:3.11.4-slim-bookworm", "Python on Debian 12, glibc 2.36"),
            ("python:3.8", "Python on Debian 12, glibc 2.36"),
            (
                "python:slim-bullseye@sha256:00",
                "Python on Debian 11, glibc 2.31",
            ),
            ("python:3.13-alpine3.20", "Python on Alpine 3.20, musl 1.2"),
            ("python:3-alpine", "Python on Alpine 3.23, musl 1.2"),
            ("python", "Python on Debian 13, glibc 2.41"),
            ("alpine:3.19.1", "Alpine 3.19, musl 1.2"),
            ("rockylinux:9-minimal", "Enterprise Linux 9, glibc 2.34"),
            ("almalinux:8.9", "Enterprise Linux 8, glibc 2.28"),
            (
                "registry.access.redhat.com/ubi9/ubi-minimal:9.4",
                "UBI 9, glibc 2.34",
            ),
            ("amazonlinux:2", "Amazon Linux 2, glibc 2.26"),
            ("fedora:42", "Fedora 42, glibc 2.41"),
            (
                "gcr.io/distroless/cc-debian12:nonroot",
                "distroless Debian 12, glibc 2.36",
            ),
            (
                "gcr.io/distroless/static",
                "distroless, without a C library, no C library",
            ),
            ("scratch", "an empty image, no C library"),
        ] {
            assert_eq!(told(name), expected, "{name}");
        }
    }

    #[test]
    fn other_names_are_refused_with_those_that_look_like_them() {
        for (name, nearest) in [
            ("debian:21", "debian:11"),
            ("debain:12", "debian:12"),
            ("python:3.11-slm", "python:3.11-slim"),
            ("ubuntu:24.40", "ubuntu:24.04"),
            ("alpine:3.2", "alpine:3.22"),
        ] {
            let error = Image::find(name).unwrap_err();
            assert!(error.nearest.contains(&nearest.to_owned()), "{name}: {error:?}");
        }
        for name in [
            "python:2.7",
            "python:3.11-windowsservercore",
            "",
            "my/app:1",
            "distroless/java",
        ] {
            assert!(Image::find(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_full_image_of_python_has_more_than_the_slim_one() {
        let [full, slim, alpine] = [
            "python:3.12-bookworm",
            "python:3.12-slim-bookworm",
            "python:3.12-alpine",
        ]
        .map(|name| Image::find(name).unwrap());
        assert!(full.has("libpq.so.5") && !slim.has("libpq.so.5"));
        assert!(slim.has("libssl.so.3") && !Image::find("debian:12").unwrap().has("libssl.so.3"));
        assert!(slim.has("libstdc++.so.6") && !alpine.has("libstdc++.so.6"));
    }

    #[test]
    fn every_known_name_is_found() {
        for name in known() {
            assert!(Image::find(&name).is_ok(), "{name}");
        }
    }

    #[test]
    fn versions_of_symbols_are_read_as_far_as_they_count() {
        assert_eq!(numbers_of("GLIBC_2.34"), Some((2, 34)));
        assert_eq!(numbers_of("GLIBC_2.2.5"), Some((2, 2)));
        assert_eq!(numbers_of("GLIBC_PRIVATE"), None);
        assert_eq!(numbers_of("CXXABI_1.3"), None);
    }

    #[test]
    fn the_c_librarys_own_parts_are_in_every_image_that_has_it() {
        for library in [
            "libc.so.6",
            "libm.so.6",
            "ld-linux-x86-64.so.2",
            "libc.musl-x86_64.so.1",
            "libc.so",
        ] {
            assert!(is_of_c_library(library), "{library}");
        }
        for library in ["libcrypt.so.1", "libcrypto.so.3", "libmagic.so.1"] {
            assert!(!is_of_c_library(library), "{library}");
        }
    }
}

//! A wheel's file name and the tags in it.

use std::collections::BTreeSet;

use pep440_rs::VersionSpecifiers;

use super::{Findings, rules, version_of};
use crate::name::{self, ProjectName};
use crate::tag::WheelFilename;
use crate::version::Version;

/// Judges the name; gives what it says, where it is a wheel's at all.
pub(super) fn judge(written: &str, findings: &mut Findings) -> Option<WheelFilename> {
    let filename = match WheelFilename::parse(written) {
        Ok(filename) => filename,
        Err(error) => {
            findings.about(&rules::FN_01, error.to_string());
            return None;
        }
    };
    let stem = written.strip_suffix(".whl").unwrap_or(written);
    if stem.split('-').any(str::is_empty) {
        findings.about(
            &rules::FN_01,
            format!("the file name has an empty part: {written}"),
        );
        return None;
    }
    judge_characters(written, findings);
    judge_head(&filename, findings);
    judge_spelling(stem, findings);
    judge_interfaces(&filename, findings);
    for platform in filename.tag().platform().filter(|tag| is_plain(tag)) {
        judge_platform(platform, findings);
    }
    Some(filename)
}

fn judge_characters(written: &str, findings: &mut Findings) {
    const LONGEST: usize = 255 - ".metadata".len();
    if !written.is_ascii() || written.chars().any(char::is_control) {
        findings.about(
            &rules::FN_06,
            format!("the file name holds characters beyond plain ASCII: {written}"),
        );
    }
    if written.len() > LONGEST {
        let message = format!("the file name is longer than {LONGEST} bytes: {}", written.len());
        findings.about(&rules::FN_06, message);
    }
}

fn judge_head(filename: &WheelFilename, findings: &mut Findings) {
    let distribution = filename.distribution();
    match ProjectName::parse(distribution) {
        Ok(name) if name.escaped() == distribution => {}
        Ok(name) => findings.about(
            &rules::FN_02,
            format!(
                "the file name begins with `{distribution}`, normalized that is `{}`",
                name.escaped()
            ),
        ),
        Err(_) => findings.about(
            &rules::FN_02,
            format!("the file name begins with what is no name: {distribution}"),
        ),
    }
    let version = version_of(filename);
    match Version::parse(&version.replace('_', "-")) {
        Ok(parsed) if parsed.to_string() == version => {
            if parsed.is_local() {
                findings.about(&rules::MD_31, format!("the version has a local part: {version}"));
            }
        }
        Ok(parsed) => findings.about(
            &rules::FN_03,
            format!("the file name has the version `{version}`, normalized that is `{parsed}`"),
        ),
        Err(_) => findings.about(
            &rules::FN_03,
            format!("the file name has a version that is none: {version}"),
        ),
    }
    if let Some(build) = filename
        .build()
        .filter(|build| !build.starts_with(|c: char| c.is_ascii_digit()))
    {
        findings.about(
            &rules::FN_04,
            format!("the build tag does not begin with a digit: {build}"),
        );
    }
}

fn judge_spelling(stem: &str, findings: &mut Findings) {
    let mut parts: Vec<&str> = stem.rsplitn(4, '-').take(3).collect();
    parts.reverse();
    for part in parts {
        let tags: Vec<&str> = part.split('.').collect();

        if let Some(odd) = tags.iter().find(|tag| !is_plain(tag)) {
            findings.about(
                &rules::FN_07,
                format!("a tag holds more than letters, digits and `_`, or nothing: `{odd}`"),
            );
        }
        if !tags.is_sorted() {
            let sorted: BTreeSet<&str> = tags.iter().copied().collect();
            let sorted: Vec<&str> = sorted.into_iter().collect();
            findings.about(
                &rules::FN_08,
                format!("the tags `{part}` are not sorted: `{}`", sorted.join(".")),
            );
        } else if tags.windows(2).any(|two| two[0] == two[1]) {
            findings.about(&rules::FN_08, format!("a tag comes twice: `{part}`"));
        }
    }
}

fn is_plain(tag: &str) -> bool {
    !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A Python tag with a version: `cp39`, `py3`.
struct Python<'a> {
    implementation: &'a str,
    /// Major and minor; minor is nothing in `py3`.
    version: (u64, Option<u64>),
    rest: &'a str,
}

impl<'a> Python<'a> {
    fn parse(tag: &'a str) -> Option<Self> {
        let digits = tag.find(|c: char| c.is_ascii_digit())?;
        let (implementation, rest) = tag.split_at(digits);
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, rest) = rest.split_at(end);
        let (major, minor) = number.split_at(1);
        Some(Self {
            implementation,
            version: (
                major.parse().ok()?,
                if minor.is_empty() {
                    None
                } else {
                    Some(minor.parse().ok()?)
                },
            ),
            rest,
        })
    }

    fn is_cpython_since(&self, minor: u64) -> bool {
        self.implementation == "cp" && self.version.0 == 3 && self.version.1.is_some_and(|own| own >= minor)
    }
}

fn judge_interfaces(filename: &WheelFilename, findings: &mut Findings) {
    let tag = filename.tag();
    let abis: Vec<&str> = tag.abi().collect();
    for python in tag.python() {
        let parsed = Python::parse(python);
        if let Some(parsed) = parsed.as_ref().filter(|it| it.implementation == "cp")
            && parsed.rest == "t"
        {
            findings.about(
                &rules::TAG_02,
                format!("the Python tag carries the `t` of free threading: `{python}`"),
            );
            continue;
        }
        let fitting = abis.iter().filter(|abi| fits(parsed.as_ref(), abi)).count();
        let is_too_old = abis.contains(&"abi3t") && !fits(parsed.as_ref(), "abi3t");
        if fitting == 0 || is_too_old {
            judge_misfit(python, parsed.as_ref(), &abis, findings);
        } else if fitting < abis.len() {
            findings.about(
                &rules::FN_09,
                format!(
                    "no interpreter has `{python}` together with each of {}",
                    super::listed(&abis)
                ),
            );
        }
    }
    for abi in &abis {
        judge_abi(abi, findings);
    }
    if abis.contains(&"abi3t") && !abis.contains(&"abi3") {
        findings.about(&rules::TAG_13, "the wheel is for `abi3t` alone");
    }
}

/// Whether an interpreter of that tag may have that ABI.
fn fits(python: Option<&Python<'_>>, abi: &str) -> bool {
    if abi == "none" {
        return true;
    }
    let Some(python) = python else { return true };
    match abi {
        "abi3" => python.is_cpython_since(2),
        "abi3t" => python.is_cpython_since(15),
        _ => match Python::parse(abi) {
            Some(own) if own.implementation == "cp" => {
                python.implementation == "cp" && own.version == python.version
            }
            Some(own) if own.implementation == "pypy" => {
                python.implementation == "pp" && own.version == python.version
            }
            _ => true,
        },
    }
}

fn judge_misfit(python: &str, parsed: Option<&Python<'_>>, abis: &[&str], findings: &mut Findings) {
    let of_cpython = parsed.is_some_and(|it| it.is_cpython_since(2));
    if abis.contains(&"abi3t") && of_cpython {
        findings.about(
            &rules::TAG_12,
            format!("`abi3t` is for CPython 3.15 and later, the Python tag is `{python}`"),
        );
    } else if abis.contains(&"abi3") {
        findings.about(
            &rules::TAG_03,
            format!("no interpreter has `{python}` together with `abi3`"),
        );
    } else {
        findings.about(
            &rules::TAG_01,
            format!(
                "no interpreter has `{python}` together with {}",
                super::listed(abis)
            ),
        );
    }
}

fn judge_abi(abi: &str, findings: &mut Findings) {
    let Some(own) = Python::parse(abi).filter(|it| it.implementation == "cp") else {
        return;
    };
    if own.rest.contains('d') {
        findings.about(
            &rules::TAG_10,
            format!("the wheel is for a debug build of Python: `{abi}`"),
        );
    }
    if own.is_cpython_since(8) && own.rest.contains('m') {
        findings.about(
            &rules::TAG_01,
            format!("the ABI tag has an `m`, which CPython 3.8 and later have not: `{abi}`"),
        );
    }
}

/// Whether the wheel's Python tags and `Requires-Python` go together.
pub(super) fn judge_requires_python(
    filename: &WheelFilename,
    requires: &VersionSpecifiers,
    findings: &mut Findings,
) {
    /// No release of Python has as many.
    const LAST_MICRO: u64 = 999;
    for python in filename.tag().python() {
        let Some(Python {
            version: (major, Some(minor)),
            ..
        }) = Python::parse(python)
        else {
            continue;
        };
        let versions = [0, LAST_MICRO].map(|micro| pep440_rs::Version::new([major, minor, micro]));
        if !versions.iter().any(|version| requires.contains(version)) {
            findings.about(
                &rules::TAG_09,
                format!("the Python tag is `{python}`, but `Requires-Python` is `{requires}`"),
            );
        }
    }
}

/// Architectures that the older manylinux names were defined for.
const OF_MANYLINUX1: [&str; 2] = ["x86_64", "i686"];
const OF_MANYLINUX2014: [&str; 7] = ["x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x"];

fn judge_platform(platform: &str, findings: &mut Findings) {
    if let Some(rule) = misspelled(platform) {
        findings.about(rule, format!("there is no platform of that name: `{platform}`"));
    }
    if let Some(architecture) = platform.strip_prefix("linux_")
        && !matches!(architecture, "armv6l" | "armv7l")
    {
        findings.about(
            &rules::TAG_29,
            format!("the plain platform tag promises nothing about other machines: `{platform}`"),
        );
    } else if !is_taken_by_index(platform) {
        findings.about(
            &rules::UP_04,
            format!("the index takes no wheel for this platform: `{platform}`"),
        );
    }
}

/// The rule that a platform tag breaks by its spelling.
fn misspelled(platform: &str) -> Option<&'static super::Rule> {
    const ELSEWHERE: [&str; 16] = [
        "linux_",
        "freebsd_",
        "openbsd_",
        "netbsd_",
        "dragonfly_",
        "solaris_",
        "sunos_",
        "aix_",
        "haiku_",
        "cygwin_",
        "mingw_",
        "wasi_",
        "emscripten_",
        "pyodide_",
        "msys_",
        "gnu_",
    ];
    let (head, rest) = platform.split_once('_').unwrap_or((platform, ""));
    match head {
        "any" | "win32" if rest.is_empty() => None,
        "win" if matches!(rest, "amd64" | "arm64" | "arm32" | "ia64") => None,
        "manylinux1" | "manylinux2010" if OF_MANYLINUX1.contains(&rest) => None,
        "manylinux2014" if OF_MANYLINUX2014.contains(&rest) => None,
        "manylinux" if versioned(rest).is_some() => None,
        _ if head.starts_with("manylinux") => Some(&rules::TAG_17),
        "musllinux" => versioned(rest).is_none().then_some(&rules::TAG_22),
        "macosx" => {
            let is_real = versioned(rest)
                .is_some_and(|(major, minor, _)| (major == 10 && minor <= 16) || (major >= 11 && minor == 0));
            (!is_real).then_some(&rules::TAG_23)
        }
        "ios" => {
            let is_real = versioned(rest).is_some_and(|(.., machine)| {
                machine.ends_with("_iphoneos") || machine.ends_with("_iphonesimulator")
            });
            (!is_real).then_some(&rules::TAG_25)
        }
        "android" => (!is_android(rest)).then_some(&rules::TAG_25),
        "pyemscripten" => versioned(rest)
            .is_none_or(|(.., machine)| machine != "wasm32")
            .then_some(&rules::TAG_25),
        _ if ELSEWHERE.iter().any(|known| platform.starts_with(known)) => None,
        _ => Some(&rules::TAG_25),
    }
}

/// `2_28_x86_64` in parts.
fn versioned(rest: &str) -> Option<(u16, u16, &str)> {
    let (major, rest) = rest.split_once('_')?;
    let (minor, machine) = rest.split_once('_')?;
    if machine.is_empty() {
        return None;
    }
    Some((major.parse().ok()?, minor.parse().ok()?, machine))
}

fn is_android(rest: &str) -> bool {
    rest.split_once('_').is_some_and(|(level, machine)| {
        level.parse::<u16>().is_ok() && matches!(machine, "armeabi_v7a" | "arm64_v8a" | "x86" | "x86_64")
    })
}

/// The list of platforms that the index had on 2026-08-21.
fn is_taken_by_index(platform: &str) -> bool {
    const OF_MANYLINUX: [&str; 8] = [
        "x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64", "ppc64",
    ];
    const OF_MACOS: [&str; 10] = [
        "ppc",
        "ppc64",
        "i386",
        "x86_64",
        "arm64",
        "intel",
        "fat",
        "fat32",
        "fat64",
        "universal2",
    ];
    if misspelled(platform).is_some() {
        return false;
    }
    let (head, rest) = platform.split_once('_').unwrap_or((platform, ""));
    let machine = versioned(rest).map(|(.., machine)| machine);
    match head {
        "any" | "win32" | "manylinux1" | "manylinux2010" | "manylinux2014" | "android" | "pyemscripten" => {
            true
        }
        "win" => rest != "arm32",
        "linux" => matches!(rest, "armv6l" | "armv7l"),
        "manylinux" => machine.is_some_and(|machine| OF_MANYLINUX.contains(&machine)),
        "musllinux" => machine.is_some_and(|machine| machine != "ppc64" && OF_MANYLINUX.contains(&machine)),
        "macosx" => versioned(rest).is_some_and(|(major, _, machine)| {
            let has_version = matches!(major, 10..=15 | 26..);
            has_version && (OF_MACOS.contains(&machine) || machine == "universal")
        }),
        "ios" => machine.is_some_and(|machine| {
            matches!(
                machine,
                "arm64_iphoneos" | "arm64_iphonesimulator" | "x86_64_iphonesimulator"
            )
        }),
        _ => false,
    }
}

/// The oldest minor version of CPython 3 that the Python tags name; nothing where they name none.
pub(super) fn oldest_cpython(filename: &WheelFilename) -> Option<u64> {
    filename
        .tag()
        .python()
        .filter_map(Python::parse)
        .filter(|python| python.implementation == "cp" && python.version.0 == 3)
        .filter_map(|python| python.version.1)
        .min()
}

/// Whether two names are one project's.
pub(super) fn is_same_project(one: &str, other: &str) -> bool {
    name::normalize(one) == name::normalize(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(file_name: &str) -> Vec<&'static str> {
        let mut findings = Findings::default();
        judge(file_name, &mut findings);
        findings.iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn names_that_are_right_are_left_alone() {
        for name in [
            "a-1.0-py3-none-any.whl",
            "a-1.0-1x-py2.py3-none-any.whl",
            "a_b-1.0a1-cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            "a-1.0-cp314-cp314t-musllinux_1_2_aarch64.whl",
            "a-1.0-cp315-abi3.abi3t-win_amd64.whl",
            "a-1.0-cp36.cp37.cp38-none-macosx_11_0_arm64.whl",
            "a-1!2-pp311-pypy311_pp73-macosx_10_12_x86_64.whl",
            "a-1.0-cp313-cp313-android_21_arm64_v8a.whl",
            "a-1.0-cp313-cp313-ios_13_0_arm64_iphoneos.whl",
            "a-1.0-cp313-cp313-pyemscripten_2026_0_wasm32.whl",
            "a-1.0-graalpy312-graalpy250_312_native-manylinux_2_28_x86_64.whl",
            "a-1.0-cp37-cp37m-manylinux1_i686.whl",
        ] {
            assert_eq!(ids(name), [""; 0], "{name}");
        }
    }

    #[test]
    fn each_wrong_name_breaks_its_rule() {
        for (name, rule) in [
            ("a-1.0.whl", "FN-01"),
            ("A.b-1.0-py3-none-any.whl", "FN-02"),
            ("a-1.0-alpha-py3-none-any.whl", "FN-04"),
            ("a-01.0-py3-none-any.whl", "FN-03"),
            ("a-1.0-py3.py2-none-any.whl", "FN-08"),
            ("a-1.0-cp310.cp39-abi3-any.whl", ""),
            ("a-1.0-py3-none-any+x.whl", "FN-07"),
            ("a-1.0-cp311-cp312-win32.whl", "TAG-01"),
            ("a-1.0-cp314t-cp314t-win32.whl", "TAG-02"),
            ("a-1.0-py3-abi3-win32.whl", "TAG-03"),
            ("a-1.0-cp313-cp313d-win32.whl", "TAG-10"),
            ("a-1.0-cp314-abi3t-win32.whl", "TAG-12"),
            ("a-1.0-cp38-cp38m-win32.whl", "TAG-01"),
            ("a-1.0-cp311-cp311-manylinux2014_riscv64.whl", "TAG-17"),
            ("a-1.0-cp311-cp311-manylinux_2_x86_64.whl", "TAG-17"),
            ("a-1.0-cp311-cp311-musllinux_1_x86_64.whl", "TAG-22"),
            ("a-1.0-cp311-cp311-macosx_11_3_arm64.whl", "TAG-23"),
            ("a-1.0-cp311-cp311-win64.whl", "TAG-25"),
            ("a-1.0-cp311-cp311-linux_x86_64.whl", "TAG-29"),
            ("a-1.0-cp311-cp311-manylinux_2_36_loongarch64.whl", "UP-04"),
        ] {
            let found = ids(name);
            assert!(rule.is_empty() || found.contains(&rule), "{name}: {found:?}");
        }
    }
}

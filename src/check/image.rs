//! Wheels against a container image that they are to be installed into.

use std::collections::BTreeSet;

use super::binaries::linux_platform;
use super::members::Members;
use super::{Findings, listed, rules};
use crate::audit::image::Image;
use crate::audit::{self, CLibrary};
use crate::tag::{PlatformWish, WheelFilename, WheelTag};

pub(super) fn judge(members: &Members, filename: &WheelFilename, image: &Image, findings: &mut Findings) {
    judge_tag(filename.tag(), image, findings);
    let objects = || {
        members
            .files
            .iter()
            .filter_map(|member| Some((member.path.as_str(), member.facts()?)))
            .filter(|(_, facts)| facts.is_dynamic)
    };
    for (path, facts) in objects() {
        if let Some(beyond) = image.beyond(facts) {
            let message = format!(
                "`{path}` asks for {} (`{}`), and `{}` has {}",
                beyond.version,
                beyond.symbol,
                image.name,
                image.c_library_in_words()
            );
            findings.within(&rules::IMAGE_002, path, message);
        }
    }
    let held: BTreeSet<&str> = members
        .files
        .iter()
        .filter_map(|member| member.path.rsplit('/').next())
        .chain(objects().filter_map(|(_, facts)| facts.soname.as_deref()))
        .collect();
    let is_brought = |library: &str| members.left_out.iter().any(|glob| glob.matches(library));
    let missing: BTreeSet<&str> = objects()
        .flat_map(|(_, facts)| &facts.needed)
        .map(String::as_str)
        .filter(|library| !held.contains(library) && !is_brought(library) && !audit::is_libpython(library))
        .filter(|library| image.lacks(library))
        .collect();
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.into_iter().collect();
        let message = format!(
            "`{}` is not known to have what the wheel needs there: {}",
            image.name,
            listed(&missing)
        );
        findings.about(&rules::IMAGE_003, message);
    }
}

/// Whether pip in the image takes a wheel of that tag.
fn judge_tag(tag: &WheelTag, image: &Image, findings: &mut Findings) {
    let platforms: Vec<&str> = tag.platform().collect();
    if !platforms.iter().any(|platform| is_taken(platform, image)) {
        let message = format!(
            "pip in `{}` ({}) takes none of {}",
            image.name,
            image.c_library_in_words(),
            listed(&platforms)
        );
        findings.about(&rules::IMAGE_001, message);
    }
    if let Some(minor) = image.python.filter(|minor| !runs_on(tag, *minor)) {
        let message = format!("`{}` has CPython 3.{minor}, and the tag is `{tag}`", image.name);
        findings.about(&rules::IMAGE_001, message);
    }
}

/// By the C library alone: a name tells an image's machine to nobody.
fn is_taken(platform: &str, image: &Image) -> bool {
    if platform == "any" {
        return true;
    }
    let Some((wish, _)) = linux_platform(platform) else {
        return false;
    };
    match (wish, image.c_library) {
        (PlatformWish::Linux, Some(_)) => true,
        (PlatformWish::Manylinux(major, minor), Some((CLibrary::Gnu, own_major, own_minor)))
        | (PlatformWish::Musllinux(major, minor), Some((CLibrary::Musl, own_major, own_minor))) => {
            major == own_major && minor <= own_minor
        }
        _ => false,
    }
}

/// Whether a CPython with its lock, 3.`minor`, takes the tag.
///
/// <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/#use>
fn runs_on(tag: &WheelTag, minor: u16) -> bool {
    let number = |tag: &str, prefix: &str| tag.strip_prefix(prefix).and_then(|rest| rest.parse::<u16>().ok());
    let own = format!("cp3{minor}");
    tag.python().any(|python| {
        tag.abi().any(|abi| match abi {
            "none" => {
                python == "py3" || python == own || number(python, "py3").is_some_and(|floor| floor <= minor)
            }
            "abi3" => number(python, "cp3").is_some_and(|floor| floor <= minor),
            abi => python == own && (abi == own || (minor < 8 && abi == format!("{own}m"))),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(image: &str, name: &str) -> Vec<String> {
        let mut findings = Findings::default();
        let filename = WheelFilename::parse(name).unwrap();
        judge_tag(filename.tag(), &Image::find(image).unwrap(), &mut findings);
        findings.iter().map(|finding| finding.message.clone()).collect()
    }

    #[test]
    fn a_tag_is_taken_where_the_c_library_and_python_are_new_enough() {
        let none: [&str; 0] = [];
        for (image, tag) in [
            ("debian:12", "cp311-cp311-manylinux_2_36_x86_64"),
            (
                "debian:12",
                "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
            ),
            ("debian:12", "cp311-cp311-linux_x86_64"),
            ("python:3.11-slim-bookworm", "cp38-abi3-manylinux1_x86_64"),
            ("python:3.11-slim-bookworm", "py2.py3-none-any"),
            ("python:3.11-slim-bookworm", "py310-none-any"),
            ("python:3.12-alpine", "cp312-cp312-musllinux_1_2_x86_64"),
            ("python:3.7", "cp37-cp37m-manylinux2014_x86_64"),
        ] {
            assert_eq!(
                told(image, &format!("demo-1.0-{tag}.whl")),
                none,
                "{image}, {tag}"
            );
        }
    }

    #[test]
    fn another_c_library_or_python_refuses_it() {
        for (image, tag, expected) in [
            (
                "debian:12",
                "cp311-cp311-manylinux_2_38_x86_64",
                "pip in `debian:12` (glibc 2.36) takes none of `manylinux_2_38_x86_64`",
            ),
            (
                "alpine:3.20",
                "cp311-cp311-manylinux_2_17_x86_64",
                "pip in `alpine:3.20` (musl 1.2) takes none of `manylinux_2_17_x86_64`",
            ),
            (
                "debian:12",
                "cp311-cp311-macosx_11_0_arm64",
                "pip in `debian:12` (glibc 2.36) takes none of `macosx_11_0_arm64`",
            ),
            (
                "scratch",
                "py3-none-linux_x86_64",
                "pip in `scratch` (no C library) takes none of `linux_x86_64`",
            ),
            (
                "python:3.11-slim",
                "cp312-abi3-manylinux_2_17_x86_64",
                "`python:3.11-slim` has CPython 3.11, and the tag is `cp312-abi3-manylinux_2_17_x86_64`",
            ),
            (
                "python:3.14-slim",
                "cp314-cp314t-manylinux_2_17_x86_64",
                "`python:3.14-slim` has CPython 3.14, and the tag is `cp314-cp314t-manylinux_2_17_x86_64`",
            ),
        ] {
            assert_eq!(told(image, &format!("demo-1.0-{tag}.whl")), [expected]);
        }
    }
}

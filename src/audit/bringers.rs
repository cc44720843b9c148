//! Takes the archives that a linker was given. Gives the members that ask for a symbol: whose fault a symbol is.
//!
//! A linked file no longer tells which of its parts needs a symbol. The archives that it was made of do: the `.rlib` of each crate,
//! and the `.a` of libraries in C.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::elf;

/// A member of an archive, as people shall read it: `libz_sys-0123.rlib: zutil.o`.
pub type Bringer = String;

/// The archives' members that ask for these symbols. An archive that cannot be read tells nothing.
#[must_use]
pub fn bringers(archives: &[PathBuf], symbols: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<Bringer>> {
    let mut found: BTreeMap<String, BTreeSet<Bringer>> = BTreeMap::new();
    for path in archives {
        let Ok(bytes) = std::fs::read(path) else { continue };
        for (name, content) in members(&bytes) {
            for symbol in elf::undefined(content) {
                if symbols.contains(&symbol) {
                    found.entry(symbol).or_default().insert(shown(path, &name));
                }
            }
        }
    }
    found
}

/// The archive's crate without its hash says all there is to say of a crate; of another archive, the member says more.
fn shown(archive: &Path, member: &str) -> Bringer {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let crate_name = name
        .strip_suffix(".rlib")
        .and_then(|name| name.strip_prefix("lib"))
        .and_then(|name| name.rsplit_once('-'))
        .map(|(crate_name, _)| crate_name);
    match crate_name {
        // Codegen units are named after their crate and a hash; what else lies in an `.rlib` is C.
        Some(crate_name) if member.starts_with(crate_name) && member.contains("-cgu.") => {
            format!("the crate `{crate_name}`")
        }
        Some(crate_name) => format!("{member} of the crate `{crate_name}`"),
        None => format!("{member} of {name}"),
    }
}

/// The members of an archive: each with its name and bytes, those that only linkers read left out.
///
/// <https://man.freebsd.org/cgi/man.cgi?query=ar&sektion=5>
fn members(bytes: &[u8]) -> Vec<(String, &[u8])> {
    const HEADER: usize = 60;
    let mut found = Vec::new();
    let mut long_names: &[u8] = &[];
    let Some(mut rest) = bytes.strip_prefix(b"!<arch>\n") else {
        return found;
    };
    while let Some((header, behind)) = rest.split_at_checked(HEADER) {
        let text = |from: usize, to: usize| String::from_utf8_lossy(&header[from..to]).trim_end().to_owned();
        let (name, size) = (text(0, 16), text(48, 58));
        let Some((content, after)) = size.parse().ok().and_then(|size| behind.split_at_checked(size)) else {
            break;
        };
        // Members begin at even places.
        rest = after.get(content.len() % 2..).unwrap_or_default();
        match name.as_str() {
            "//" => long_names = content,
            "/" | "/SYM64/" | "__.SYMDEF" | "__.SYMDEF SORTED" => {}
            name => {
                if let Some((name, content)) = named(name, long_names, content) {
                    found.push((name, content));
                }
            }
        }
    }
    found
}

/// A member's name: in its header, in the table of long names (`/12`), or in front of its bytes (`#1/20`).
fn named<'a>(name: &str, long_names: &[u8], content: &'a [u8]) -> Option<(String, &'a [u8])> {
    if let Some(length) = name.strip_prefix("#1/") {
        let (name, content) = content.split_at_checked(length.parse().ok()?)?;
        let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
        return Some((name, content));
    }
    if let Some(start) = name.strip_prefix('/') {
        let tail = long_names.get(start.parse::<usize>().ok()?..)?;
        let name = tail.split(|byte| matches!(byte, b'\n' | 0)).next()?;
        return Some((
            String::from_utf8_lossy(name).trim_end_matches('/').to_owned(),
            content,
        ));
    }
    Some((name.trim_end_matches('/').to_owned(), content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = b"!<arch>\n".to_vec();
        for (name, content) in members {
            bytes.extend(
                format!(
                    "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
                    0,
                    0,
                    0,
                    644,
                    content.len()
                )
                .bytes(),
            );
            bytes.extend(*content);
            if content.len() % 2 == 1 {
                bytes.push(b'\n');
            }
        }
        bytes
    }

    #[test]
    fn members_are_named_in_each_of_the_three_ways() {
        let bytes = archive(&[
            ("/", b"symbols"),
            ("//", b"a_name_longer_than_its_field.o/\nanother.o/\n"),
            ("/0", b"one"),
            ("/32", b"two"),
            ("#1/8", b"three.o\0three"),
            ("short.o/", b"four"),
        ]);
        let found: Vec<(String, &[u8])> = members(&bytes);
        let expected: [(&str, &[u8]); 4] = [
            ("a_name_longer_than_its_field.o", b"one"),
            ("another.o", b"two"),
            ("three.o", b"three"),
            ("short.o", b"four"),
        ];
        assert_eq!(found, expected.map(|(name, content)| (name.to_owned(), content)));
        for end in 0..bytes.len() {
            let _ = members(&bytes[..end]);
        }
    }

    #[test]
    fn a_crate_is_named_without_its_hash() {
        let shown = |archive: &str, member: &str| shown(Path::new(archive), member);
        assert_eq!(
            shown(
                "/x/liblibz_sys-0123abcd.rlib",
                "libz_sys-0123abcd.libz_sys.7d.cgu.0-cgu.0.rcgu.o"
            ),
            "the crate `libz_sys`"
        );
        assert_eq!(
            shown("/x/liblibz_sys-0123abcd.rlib", "zutil.o"),
            "zutil.o of the crate `libz_sys`"
        );
        assert_eq!(shown("/x/libfoo.a", "foo.o"), "foo.o of libfoo.a");
    }

    #[test]
    fn what_is_no_archive_tells_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libx.a");
        std::fs::write(&path, "words").unwrap();
        let wanted = BTreeSet::from(["stat".to_owned()]);
        assert!(bringers(&[path, folder.path().join("absent")], &wanted).is_empty());
    }
}

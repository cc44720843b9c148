//! License expressions and license files.
//!
//! <https://packaging.python.org/en/latest/specifications/license-expression/> and
//! <https://packaging.python.org/en/latest/specifications/glob-patterns/>

use std::path::{Path, PathBuf};

use crate::fs::FileError;

/// A license expression in the list's own spelling: identifiers in their case, operators in capitals.
/// What is wrong with it, in words, where it is none.
pub fn normalize(expression: &str) -> Result<String, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    let mut out = String::new();
    let mut after_with = false;
    for word in spaced.split_whitespace() {
        let spelled = spelled(word, after_with)?;
        after_with = spelled == "WITH";
        let tight = out.is_empty() || out.ends_with('(') || spelled == ")";
        if !tight {
            out.push(' ');
        }
        out.push_str(&spelled);
    }
    let mode = spdx::ParseMode {
        allow_slash_as_or_operator: false,
        allow_imprecise_license_names: false,
        allow_postfix_plus_on_gpl: true,
        allow_deprecated: true,
        allow_unknown: false,
    };
    spdx::Expression::parse_mode(&out, mode).map_err(|error| error.reason.to_string())?;
    Ok(out)
}

fn spelled(word: &str, after_with: bool) -> Result<String, String> {
    let upper = word.to_ascii_uppercase();
    if matches!(upper.as_str(), "AND" | "OR" | "WITH" | "(" | ")") {
        return Ok(upper);
    }
    if after_with {
        return spdx::identifiers::EXCEPTIONS
            .iter()
            .map(|exception| exception.name)
            .find(|name| name.eq_ignore_ascii_case(word))
            .map(str::to_owned)
            .ok_or_else(|| format!("unknown exception `{word}`"));
    }
    if let Some(own) = word
        .get(..11)
        .filter(|head| head.eq_ignore_ascii_case("LicenseRef-"))
    {
        let name = &word[own.len()..];
        let valid = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        return if valid {
            Ok(format!("LicenseRef-{name}"))
        } else {
            Err(format!("`{word}` may hold letters, digits, `.` and `-` only"))
        };
    }
    let (bare, plus) = match word.strip_suffix('+') {
        Some(bare) => (bare, "+"),
        None => (word, ""),
    };
    let find = |wanted: &str| {
        spdx::identifiers::LICENSES
            .iter()
            .map(|license| license.name)
            .find(|name| name.eq_ignore_ascii_case(wanted))
    };
    find(word)
        .map(str::to_owned)
        .or_else(|| find(bare).map(|name| format!("{name}{plus}")))
        .ok_or_else(|| format!("unknown license `{word}`"))
}

/// Files that a `license-files` pattern matches, sorted. What is wrong with the pattern, in words, where it is none.
pub fn matching(root: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    if pattern.starts_with('/') {
        return Err("it must be relative".to_owned());
    }
    if pattern.split('/').any(|part| part == "..") {
        return Err("it must not hold `..`".to_owned());
    }
    if let Some(odd) = pattern
        .chars()
        .find(|c| !c.is_alphanumeric() && !"_-. */?[]".contains(*c))
    {
        return Err(format!("it must not hold `{odd}`"));
    }
    // The specification's closing `**` matches files too; the library's matches folders only.
    let every_file = if pattern.ends_with("**") { "/*" } else { "" };
    let whole = format!(
        "{}/{pattern}{every_file}",
        glob::Pattern::escape(&root.to_string_lossy())
    );
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: false,
    };
    let mut found: Vec<PathBuf> = glob::glob_with(&whole, options)
        .map_err(|error| error.msg.to_owned())?
        .filter_map(Result::ok)
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    Ok(found)
}

/// What the names of license files begin with, where nobody names any; in the order in which they are listed.
const USUAL_NAMES: [&[&str]; 4] = [&["LICENSE", "LICENCE"], &["COPYING"], &["NOTICE"], &["AUTHORS"]];

/// Whether a file of that name in the root is taken for a license file, where nobody names any.
#[must_use]
pub fn is_usual_name(name: &str) -> bool {
    USUAL_NAMES
        .iter()
        .flat_map(|heads| heads.iter())
        .any(|head| name.starts_with(head))
}

/// License files that lie in the root under the names everybody uses, where nobody names any.
pub fn discover(root: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut names: Vec<String> = std::fs::read_dir(root)
        .map_err(FileError::new("read the folder", root))?
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| root.join(name).is_file())
        .collect();
    names.sort();
    let mut found = Vec::new();
    for heads in USUAL_NAMES {
        let matching = names
            .iter()
            .filter(|name| heads.iter().any(|head| name.starts_with(head)));
        found.extend(matching.map(|name| root.join(name)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_spelled_as_the_list_spells_them() {
        for (written, expected) in [
            ("MIT", "MIT"),
            ("mit or apache-2.0", "MIT OR Apache-2.0"),
            (
                "(mit AND bsd-3-clause) or gpl-2.0-only with classpath-exception-2.0",
                "(MIT AND BSD-3-Clause) OR GPL-2.0-only WITH Classpath-exception-2.0",
            ),
            ("licenseref-My.Own", "LicenseRef-My.Own"),
            ("Apache-2.0+", "Apache-2.0+"),
        ] {
            assert_eq!(normalize(written).as_deref(), Ok(expected), "{written}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for wrong in [
            "",
            "Not-A-License",
            "MIT/Apache-2.0",
            "MIT Apache-2.0",
            "MIT OR",
            "(MIT",
            "LicenseRef-a_b",
            "MIT WITH Nothing",
        ] {
            assert!(normalize(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn patterns_follow_the_specification() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("licenses")).unwrap();
        for file in ["LICENSE", "licenses/a.txt", "COPYING.md", "AUTHORS", "README"] {
            std::fs::write(folder.path().join(file), "x").unwrap();
        }
        let names = |found: Vec<PathBuf>| {
            found
                .iter()
                .map(|path| {
                    path.strip_prefix(folder.path())
                        .unwrap()
                        .to_string_lossy()
                        .into_owned()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(matching(folder.path(), "licenses/**").unwrap()),
            ["licenses/a.txt"]
        );
        assert_eq!(
            names(matching(folder.path(), "LICEN[CS]E*").unwrap()),
            ["LICENSE"]
        );
        assert!(matching(folder.path(), "*.none").unwrap().is_empty());
        for wrong in ["/etc/passwd", "../x", "a\\b", "{a,b}"] {
            assert!(matching(folder.path(), wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            names(discover(folder.path()).unwrap()),
            ["LICENSE", "COPYING.md", "AUTHORS"]
        );
    }
}

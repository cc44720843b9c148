//! Names as the packaging standards spell them: of projects, of extras and of Python modules.

use std::fmt;

/// What is wrong with a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The project name does not match the pattern that the name specification gives.
    #[error(
        "`{0}` is not a valid project name: letters, digits, `.`, `-` and `_` only, with a letter or digit at both ends"
    )]
    Project(String),
    /// A component of a module path is no Python identifier.
    #[error("`{name}` is not a valid module name: `{component}` is not a Python identifier")]
    Module {
        /// The whole dotted name.
        name: String,
        /// The component that is no identifier.
        component: String,
    },
}

/// A distribution's name, kept as its author wrote it.
///
/// <https://packaging.python.org/en/latest/specifications/name-normalization/>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProjectName(String);

impl ProjectName {
    /// Takes a name as written; gives it back if the specification allows it.
    pub fn parse(written: &str) -> Result<Self, NameError> {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if written.chars().all(inner) && edge(written.chars().next()) && edge(written.chars().next_back()) {
            Ok(Self(written.to_owned()))
        } else {
            Err(NameError::Project(written.to_owned()))
        }
    }

    /// The name as its author wrote it, for METADATA.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.0
    }

    /// Lower case, runs of `-`, `_` and `.` made one `-`: for comparing.
    #[must_use]
    pub fn normalized(&self) -> String {
        normalize(&self.0)
    }

    /// The normalized name with `_` for `-`: for file names inside and outside an archive.
    #[must_use]
    pub fn escaped(&self) -> String {
        self.normalized().replace('-', "_")
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lower case, runs of `-`, `_` and `.` made one `-`; also how extras and dependency groups are compared.
#[must_use]
pub fn normalize(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

/// Whether Python takes `word` as an identifier that is no keyword.
#[must_use]
pub fn is_identifier(word: &str) -> bool {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
        && !KEYWORDS.contains(&word)
}

/// The import path of an extension module: `native` or `package.sub._native`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModulePath(Vec<String>);

impl ModulePath {
    /// Takes a dotted name; every component must be a Python identifier.
    pub fn parse(dotted: &str) -> Result<Self, NameError> {
        let parts: Vec<String> = dotted.split('.').map(str::to_owned).collect();
        match parts.iter().find(|part| !is_identifier(part)) {
            None => Ok(Self(parts)),
            Some(component) => Err(NameError::Module {
                name: dotted.to_owned(),
                component: component.clone(),
            }),
        }
    }

    /// The components in order; never empty.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// The first component: the top-level package.
    #[must_use]
    pub fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The last component: the extension's own name, the one in `PyInit_<name>`.
    #[must_use]
    pub fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// Whether the extension lies inside a package.
    #[must_use]
    pub fn is_dotted(&self) -> bool {
        self.0.len() > 1
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizes_as_the_specification_does() {
        for (written, escaped) in [
            ("Foo.Bar--baz_Q", "foo_bar_baz_q"),
            ("A", "a"),
            ("T1.Bin", "t1_bin"),
            ("a._-b", "a_b"),
        ] {
            assert_eq!(ProjectName::parse(written).unwrap().escaped(), escaped);
        }
    }

    #[test]
    fn refuses_names_the_specification_refuses() {
        for wrong in ["", "-x", "x_", "a\n", "a b", "é", ".", "a/b"] {
            assert_eq!(
                ProjectName::parse(wrong),
                Err(NameError::Project(wrong.to_owned()))
            );
        }
    }

    #[test]
    fn a_module_path_is_made_of_identifiers() {
        let path = ModulePath::parse("package.sub._native").unwrap();
        assert_eq!(
            (path.first(), path.last(), path.is_dotted()),
            ("package", "_native", true)
        );
        assert!(ModulePath::parse("größe").is_ok());
        for wrong in ["my-module", "a..b", "1a", "a.class", ""] {
            assert!(ModulePath::parse(wrong).is_err(), "{wrong}");
        }
    }
}

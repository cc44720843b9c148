//! `.dockerignore`: which paths of a build context stay at home.
//!
//! Its language is not that of `.gitignore`: a pattern counts from the context's root, a folder that is ignored may be entered for
//! the sake of an exception, and the last pattern that says anything wins. Each pattern becomes what the builder makes of it: a
//! text to compare with, or a regular expression.
//!
//! <https://docs.docker.com/build/concepts/context/#dockerignore-files>

use std::path::{Path, PathBuf};

use regex::Regex;

use crate::fs::{self, FileError};

/// Why an ignore file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IgnoreError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line that no pattern can be made of: the builder refuses it, too.
    #[error("{path}:{line}: the pattern {reason}: {written}", path = path.display())]
    Pattern {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The line as written.
        written: String,
        /// What is wrong, as the rest of a sentence about it.
        reason: &'static str,
    },
}

impl IgnoreError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Pattern { .. } => Some(
                "the builder refuses the whole context for such a line; a backslash before a character takes its meaning away"
                    .to_owned(),
            ),
            Self::File(_) => None,
        }
    }
}

/// The patterns of an ignore file, in their order.
#[derive(Debug, Clone, Default)]
pub struct IgnoreFile {
    /// Where it lies; nothing where there is none, and then nothing is ignored.
    pub path: Option<PathBuf>,
    patterns: Vec<Pattern>,
}

/// Which patterns fit a folder, which those of what lies in it begin with.
#[derive(Debug, Clone, Default)]
pub struct Fits(Vec<bool>);

#[derive(Debug, Clone)]
struct Pattern {
    is_exception: bool,
    cleaned: String,
    test: Test,
}

/// How a path is held against a pattern.
#[derive(Debug, Clone)]
enum Test {
    /// The path is this text.
    Exact,
    /// The path begins with this text: `dir/**`.
    Prefix(String),
    /// The path ends with this text, or is it without its `/`: `**/dir`.
    Suffix(String),
    Expression(Regex),
}

impl IgnoreFile {
    /// Reads the file that counts for a Dockerfile: `<Dockerfile>.dockerignore` beside it, else `.dockerignore` in the context.
    ///
    /// # Errors
    /// A file that cannot be read, a pattern that is none.
    pub fn find(context: &Path, dockerfile: Option<&Path>) -> Result<Self, IgnoreError> {
        let own = dockerfile.and_then(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some(path.with_file_name(format!("{name}.dockerignore")))
        });
        let candidates = own.into_iter().chain([context.join(".dockerignore")]);
        for path in candidates {
            if path.is_file() {
                return Self::parse(&fs::read_text(&path)?, &path);
            }
        }
        Ok(Self::default())
    }

    /// Takes the text of an ignore file apart; `path` is what errors name.
    ///
    /// # Errors
    /// A pattern that is none.
    pub fn parse(text: &str, path: &Path) -> Result<Self, IgnoreError> {
        let mut patterns = Vec::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            // Only a `#` at the very beginning makes a comment.
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let pattern = Pattern::parse(line.trim()).map_err(|reason| IgnoreError::Pattern {
                path: path.to_owned(),
                line: index + 1,
                written: line.trim().to_owned(),
                reason,
            })?;
            patterns.push(pattern);
        }
        Ok(Self {
            path: Some(path.to_owned()),
            patterns,
        })
    }

    /// Whether a path stays at home. It is relative to the context, with `/` between its parts.
    #[must_use]
    pub fn ignores(&self, path: &str) -> bool {
        let mut fits = Fits::default();
        let mut ignored = false;
        for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
            (ignored, fits) = self.judge(&path[..end], &fits);
        }
        ignored
    }

    /// Whether a path stays at home, with what its folder's patterns came to; gives the same for what lies in it.
    ///
    /// A pattern that fits a folder fits all that is in it. One that could change nothing any more is not looked at, and then does
    /// not count for what lies below either.
    #[must_use]
    pub fn judge(&self, path: &str, folder: &Fits) -> (bool, Fits) {
        let mut ignored = false;
        let mut fits = vec![false; self.patterns.len()];
        for (index, (pattern, fits)) in self.patterns.iter().zip(&mut fits).enumerate() {
            let inherited = folder.0.get(index).copied().unwrap_or(false);
            if !inherited && pattern.is_exception != ignored {
                continue;
            }
            *fits = inherited || pattern.fits(path);
            if *fits {
                ignored = !pattern.is_exception;
            }
        }
        (ignored, Fits(fits))
    }

    /// Whether something in a folder that is ignored may be wanted all the same.
    #[must_use]
    pub fn may_except_in(&self, folder: &str) -> bool {
        let exceptions = || self.patterns.iter().filter(|pattern| pattern.is_exception);
        let has_wildcard = |pattern: &Pattern| {
            pattern
                .without_trailing_wildcard()
                .contains(['*', '[', ']', '?', '^', '\\'])
        };
        let below = format!("{folder}/");
        exceptions().any(has_wildcard)
            || exceptions()
                .any(|pattern| format!("{}/", pattern.without_trailing_wildcard()).starts_with(&below))
    }
}

impl Pattern {
    fn parse(written: &str) -> Result<Self, &'static str> {
        let (is_exception, rest) = match written.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, written),
        };
        if rest.is_empty() {
            return Err("makes an exception of nothing");
        }
        let cleaned = clean(rest);
        let cleaned = match cleaned.strip_prefix('/') {
            Some(rest) if !rest.is_empty() => rest.to_owned(),
            _ => cleaned,
        };
        is_well_formed(&cleaned)?;
        let test = Test::of(&cleaned)?;
        Ok(Self {
            is_exception,
            cleaned,
            test,
        })
    }

    fn fits(&self, path: &str) -> bool {
        match &self.test {
            Test::Exact => path == self.cleaned,
            Test::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Test::Suffix(suffix) => path.ends_with(suffix.as_str()) || suffix.strip_prefix('/') == Some(path),
            Test::Expression(expression) => expression.is_match(path),
        }
    }

    fn without_trailing_wildcard(&self) -> &str {
        let text = self.cleaned.strip_suffix("/**").unwrap_or(&self.cleaned);
        text.strip_suffix("/*").unwrap_or(text)
    }
}

impl Test {
    /// What the builder makes of a pattern.
    fn of(pattern: &str) -> Result<Self, &'static str> {
        let mut expression = String::from("^");
        let mut rest = pattern.chars().peekable();
        let mut test = Plain::Exact;
        let mut is_first = true;
        while let Some(character) = rest.next() {
            match character {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    let _ = rest.next_if_eq(&'/');
                    let is_last = rest.peek().is_none();
                    test = match (is_last, test) {
                        (true, Plain::Exact) => Plain::Prefix,
                        _ => Plain::None,
                    };
                    expression.push_str(if is_last { ".*" } else { "(.*/)?" });
                    if is_first {
                        test = Plain::Suffix;
                    }
                }
                '*' => {
                    expression.push_str("[^/]*");
                    test = Plain::None;
                }
                '?' => {
                    expression.push_str("[^/]");
                    test = Plain::None;
                }
                '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => {
                    expression.push('\\');
                    expression.push(character);
                }
                '\\' => {
                    let escaped = rest.next().ok_or(LONE_BACKSLASH)?;
                    // To the expression, a letter behind a backslash is a class of characters or a mistake.
                    if !escaped.is_ascii() || escaped.is_ascii_alphanumeric() {
                        return Err("has a backslash before a letter or a digit");
                    }
                    expression.push_str(&regex::escape(&escaped.to_string()));
                    test = Plain::None;
                }
                '[' | ']' => {
                    expression.push(character);
                    test = Plain::None;
                }
                other => expression.push(other),
            }
            is_first = false;
        }
        expression.push('$');
        match test {
            Plain::Exact => Ok(Self::Exact),
            Plain::Prefix => Ok(Self::Prefix(
                pattern.strip_suffix("**").unwrap_or(pattern).to_owned(),
            )),
            Plain::Suffix => Ok(Self::Suffix(pattern[2..].to_owned())),
            Plain::None => Regex::new(&without_nested_classes(&expression))
                .map(Self::Expression)
                .map_err(|_| "has a range of characters that is none"),
        }
    }
}

/// What a pattern can be held against without an expression.
#[derive(Clone, Copy)]
enum Plain {
    Exact,
    Prefix,
    Suffix,
    None,
}

const LONE_BACKSLASH: &str = "ends in a backslash with nothing behind it";

/// In the builder's dialect a `[` within brackets is a character like others, as are `&` and `~`; in ours they begin something.
fn without_nested_classes(expression: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    let mut characters = expression.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                out.push('\\');
                out.extend(characters.next());
                continue;
            }
            '[' if !inside => inside = true,
            ']' => inside = false,
            '[' | '&' | '~' if inside => out.push('\\'),
            _ => {}
        }
        out.push(character);
    }
    out
}

/// Whether brackets are closed, ranges have two ends and a backslash has something behind it.
///
/// <https://pkg.go.dev/path/filepath#Match>
fn is_well_formed(pattern: &str) -> Result<(), &'static str> {
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                rest.next().ok_or(LONE_BACKSLASH)?;
            }
            '[' => {
                let _ = rest.next_if_eq(&'^');
                let mut ranges = 0;
                while ranges == 0 || rest.next_if_eq(&']').is_none() {
                    end_of_range(&mut rest)?;
                    if rest.next_if_eq(&'-').is_some() {
                        end_of_range(&mut rest)?;
                    }
                    ranges += 1;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn end_of_range(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), &'static str> {
    const OPEN: &str = "has a bracket that is not closed";
    match rest.next().ok_or(OPEN)? {
        '-' | ']' => return Err("has a range of characters without a beginning or an end"),
        '\\' => {
            rest.next().ok_or(LONE_BACKSLASH)?;
        }
        _ => {}
    }
    rest.peek().map(|_| ()).ok_or(OPEN)
}

/// A path without `.`, `..` and doubled slashes, by its text alone; `.` where nothing is left.
///
/// <https://pkg.go.dev/path/filepath#Clean>
fn clean(path: &str) -> String {
    let is_rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_rooted => {}
            other => parts.push(other),
        }
    }
    match (is_rooted, parts.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".to_owned(),
        (false, rest) => rest,
    }
}

/// A line that fits exactly this path.
#[must_use]
pub fn literal(path: &str) -> String {
    let mut out = String::new();
    for (index, character) in path.char_indices() {
        let begins_otherwise = index == 0 && matches!(character, '#' | '!');
        if begins_otherwise || matches!(character, '*' | '?' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lines: &[&str]) -> IgnoreFile {
        IgnoreFile::parse(&lines.join("\n"), Path::new(".dockerignore")).unwrap()
    }

    /// Pattern, path, and whether it stays at home.
    const SINGLE: &[(&str, &str, bool)] = &[
        // Plain paths count from the root, with and without slashes at their ends.
        ("target", "target", true),
        ("target", "target/debug/a", true),
        ("target", "backend/target", false),
        ("/target", "target", true),
        ("target/", "target/a", true),
        ("./target", "target", true),
        ("a/./b//c/../d", "a/b/d", true),
        ("../a", "a", false),
        // One star stays in its folder, a question mark is one character.
        ("*.pem", "a.pem", true),
        ("*.pem", "keys/a.pem", false),
        ("*/*.pem", "keys/a.pem", true),
        ("*", "a/b/c", true),
        (".*", ".env", true),
        (".*", "env", false),
        ("abc?def", "abcZdef", true),
        ("abc?def", "abc/def", false),
        ("a?b", "a☺b", true),
        ("a*b?c*x", "abxbbxdbxebxczzx", true),
        ("a*b?c*x", "abxbbxdbxebxczzy", false),
        // Two stars are any number of folders, none among them.
        ("**", "dir/file", true),
        ("**/", "file", true),
        ("**/**", "dir/file", true),
        ("dir/**", "dir/dir2/file", true),
        ("dir/**", "dir", false),
        ("**/dir", "dir", true),
        ("**/dir", "a/b/dir/file", true),
        ("**/dir", "a/subdir", false),
        ("**dir", "a/subdir", true),
        ("**/dir2/*", "dir/dir2/file", true),
        ("**/dir2/**", "dir/dir2/dir3/file", true),
        ("**/*.txt", "file.txt", true),
        ("**/**/*.txt", "dir/dir/file.txt", true),
        ("**/**/*.txt2", "dir/dir/file.txt", false),
        ("**/file*.txt*", "dir/dir/file.txt", true),
        ("a**/*.txt", "a/dir/dir/file.txt", true),
        ("a/*.txt", "a/dir/file.txt", false),
        ("a/*.txt**", "a/file.txt", true),
        ("**/foo/bar", "dir/dir2/foo/bar", true),
        ("**/.foo", "bar.foo", false),
        ("**/*.py[cod]", "a/b.pyc", true),
        ("**/*.py[cod]", "a/b.py", false),
        // Classes, and characters that mean something elsewhere.
        ("a[b-d]e", "ace", true),
        ("a[b-d]e", "aae", false),
        ("a[^b-d]e", "aze", true),
        ("a[^b-d]e", "a/e", true),
        ("[a-ζ]*", "α", true),
        ("[x\\-]", "-", true),
        ("[\\]a]", "]", true),
        ("[[a]x", "[x", true),
        ("[a&&b]", "&", true),
        ("a\\*b", "a*b", true),
        ("a\\*b", "axb", false),
        ("a\\ b*", "a bc", true),
        ("a(b)c/def", "a(b)c/def", true),
        ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
        ("abc.d*", "abcxd", false),
        ("dist/*.whl", "dist/a-1+b-py3-none-any.whl", true),
        ("  # no comment", "# no comment", true),
        ("a b", "a b", true),
        ("x^y", "x^y", true),
    ];

    #[test]
    fn single_patterns_mean_what_they_mean_to_the_builder() {
        for (pattern, path, ignored) in SINGLE {
            assert_eq!(
                file(&[pattern]).ignores(path),
                *ignored,
                "`{pattern}` and `{path}`"
            );
        }
    }

    /// Patterns, path, and whether it stays at home.
    const SEVERAL: &[(&[&str], &str, bool)] = &[
        (&["*.go", "!a.go"], "a.go", false),
        (&["!a.go", "*.go"], "a.go", true),
        (&["docs", "!docs/README.md"], "docs/README.md", false),
        (&["docs", "!docs/README.md"], "docs/a.md", true),
        (&["docs/", " ! docs/README.md "], "docs/README.md", false),
        (&["docs/*", "!/docs/README.md"], "docs/README.md", false),
        (&["**", "!util/web"], "util/web/foo", false),
        (&["**", "!util/web", "util/web/foo"], "util/web/foo", true),
        (&["*", "!backend", "**/target"], "backend/target/x", true),
        (&["*", "!backend", "**/target"], "backend/src/lib.rs", false),
        (
            &["*", "!backend", "**/target", "!backend/target/keep"],
            "backend/target/keep",
            false,
        ),
        (&["# all", "*", "", "!*.md"], "a.md", false),
        (&["a", "!a/b", "a/b/c"], "a/b/c/d", true),
        (&["a", "!a/b", "a/b/c"], "a/b/d", false),
        (&["\u{feff}a"], "a", true),
    ];

    #[test]
    fn the_last_pattern_that_says_anything_wins() {
        for (patterns, path, ignored) in SEVERAL {
            assert_eq!(
                file(patterns).ignores(path),
                *ignored,
                "{patterns:?} and `{path}`"
            );
        }
    }

    #[test]
    fn a_pattern_that_is_none_is_named_with_its_line() {
        for (pattern, words) in [
            ("!", "an exception of nothing"),
            ("! ", "an exception of nothing"),
            ("[", "not closed"),
            ("a[", "not closed"),
            ("[^bc", "not closed"),
            ("[]a]", "without a beginning"),
            ("[-x]", "without a beginning"),
            ("[x-]", "without a beginning or an end"),
            ("[a-b-c]", "without a beginning"),
            ("[z-a]", "that is none"),
            ("a\\", "nothing behind it"),
            ("a\\d", "before a letter"),
        ] {
            let text = format!("# fine\ntarget\n{pattern}\n");
            let error = IgnoreFile::parse(&text, Path::new("x/.dockerignore")).unwrap_err();
            let said = error.to_string();
            assert!(
                said.starts_with("x/.dockerignore:3: the pattern ") && said.contains(words),
                "{said}"
            );
            assert!(said.ends_with(&format!(": {}", pattern.trim())), "{said}");
        }
    }

    #[test]
    fn folders_are_entered_only_where_an_exception_may_be() {
        let plain = file(&["*", "!backend/src", "!docs/**"]);
        for (folder, may) in [
            ("backend", true),
            ("backend/src", true),
            ("docs", true),
            ("other", false),
        ] {
            assert_eq!(plain.may_except_in(folder), may, "{folder}");
        }
        assert!(file(&["*", "!**/*.rs"]).may_except_in("other"));
        assert!(!file(&["*"]).may_except_in("other"));
    }

    #[test]
    fn the_file_beside_the_dockerfile_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
        let dockerfile = folder.path().join("dev.Dockerfile");
        let found = || IgnoreFile::find(folder.path(), Some(&dockerfile)).unwrap();
        assert!(found().path.is_none() && !found().ignores("a"));
        write(".dockerignore", "a");
        assert!(found().ignores("a"));
        write("dev.Dockerfile.dockerignore", "b");
        assert!(found().ignores("b") && !found().ignores("a"));
        assert!(IgnoreFile::find(folder.path(), None).unwrap().ignores("a"));
    }

    #[test]
    fn a_literal_line_fits_its_path_alone() {
        for path in ["a/b", "#a", "!a", "a*[b]?", "a\\b"] {
            let line = literal(path);
            assert!(file(&[&line]).ignores(path), "{line}");
            assert!(!file(&[&line]).ignores("axb"), "{line}");
        }
    }
}

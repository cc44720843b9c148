//! Dockerfiles, read: stages, their instructions with flags and lines, and the commands within `RUN`.
//!
//! <https://docs.docker.com/reference/dockerfile/>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why a Dockerfile cannot be read; the builder would refuse it, too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {reason}", path = path.display())]
pub struct DockerfileError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl DockerfileError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some("see what the builder says: `docker build --check -f <FILE> .`".to_owned())
    }
}

/// A Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// `ARG`s before the first stage, with their values where they have any.
    pub arguments: BTreeMap<String, Option<String>>,
    /// The stages, in their order; never empty.
    pub stages: Vec<Stage>,
}

/// What stands between one `FROM` and the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The line of its `FROM`.
    pub line: usize,
    /// What it begins with, as far as arguments have values: an image, or the name of a stage above.
    pub base: String,
    /// Its own name.
    pub name: Option<String>,
    /// `--platform`, as written.
    pub platform: Option<String>,
    /// What is done in it.
    pub instructions: Vec<Instruction>,
}

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The line that it begins in.
    pub line: usize,
    /// `RUN`, `COPY`, …, in capitals.
    pub keyword: String,
    /// Flags, in their order: `--mount=…` is `("mount", "…")`.
    pub flags: Vec<(String, String)>,
    /// The rest, on one line.
    pub text: String,
    /// Documents that stand in the file itself: `<<EOF`.
    pub documents: Vec<String>,
}

/// A mount of `RUN`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mount {
    /// `cache`, `bind`, …
    pub kind: String,
    /// Where it is mounted.
    pub target: String,
    /// All its settings.
    pub settings: BTreeMap<String, String>,
}

const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

impl Dockerfile {
    /// Takes the text of a Dockerfile apart; `path` is what errors name.
    ///
    /// # Errors
    /// What is no Dockerfile: an unknown instruction, a document without an end, nothing to begin with.
    pub fn parse(text: &str, path: &Path) -> Result<Self, DockerfileError> {
        let fault = |line: usize, reason: String| DockerfileError {
            path: path.to_owned(),
            line,
            reason,
        };
        let mut arguments = BTreeMap::new();
        let mut stages: Vec<Stage> = Vec::new();
        for instruction in (Lines::new(text))
            .instructions()
            .map_err(|(line, reason)| fault(line, reason))?
        {
            let line = instruction.line;
            match (instruction.keyword.as_str(), stages.last_mut()) {
                ("FROM", _) => {
                    let stage = stage(&instruction, &arguments).map_err(|reason| fault(line, reason))?;
                    stages.push(stage);
                }
                ("ARG", None) => arguments.extend(instruction.declared()),
                (keyword, None) => {
                    return Err(fault(line, format!("`{keyword}` stands before the first `FROM`")));
                }
                (_, Some(stage)) => stage.instructions.push(instruction),
            }
        }
        if stages.is_empty() {
            return Err(fault(
                1,
                "there is no `FROM`, so there is nothing to build on".to_owned(),
            ));
        }
        Ok(Self { arguments, stages })
    }

    /// The stage that a name or a number stands for, as `FROM` and `--from` have it.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<usize> {
        let by_name = |stage: &Stage| {
            stage
                .name
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        self.stages
            .iter()
            .rposition(by_name)
            .or_else(|| name.parse().ok().filter(|index| *index < self.stages.len()))
    }

    /// A stage and those that it is built on, the outermost first.
    #[must_use]
    pub fn chain(&self, index: usize) -> Vec<&Stage> {
        let mut chain = vec![&self.stages[index]];
        let mut below = index;
        while let Some(above) = self.named_above(&self.stages[below].base, below) {
            chain.insert(0, &self.stages[above]);
            below = above;
        }
        chain
    }

    fn named_above(&self, name: &str, below: usize) -> Option<usize> {
        self.stages[..below].iter().rposition(|stage| {
            stage
                .name
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        })
    }
}

fn stage(from: &Instruction, arguments: &BTreeMap<String, Option<String>>) -> Result<Stage, String> {
    let words: Vec<&str> = from.text.split_whitespace().collect();
    let (base, name) = match words[..] {
        [base] => (base, None),
        [base, word, name] if word.eq_ignore_ascii_case("as") => (base, Some(name)),
        _ => {
            return Err(format!(
                "`FROM` takes an image, and a name behind `AS`: {}",
                from.text
            ));
        }
    };
    Ok(Stage {
        line: from.line,
        base: expand(base, &|name| arguments.get(name).cloned().flatten()),
        name: name.map(str::to_owned),
        platform: from.flag("platform").map(str::to_owned),
        instructions: Vec::new(),
    })
}

impl Instruction {
    /// The value of a flag.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// The mounts of a `RUN`.
    #[must_use]
    pub fn mounts(&self) -> Vec<Mount> {
        let written = self.flags.iter().filter(|(name, _)| name == "mount");
        written.map(|(_, value)| Mount::parse(value)).collect()
    }

    /// What `ARG` and `ENV` declare, with values where they are given.
    #[must_use]
    pub fn declared(&self) -> Vec<(String, Option<String>)> {
        let words = shlex::split(&self.text).unwrap_or_default();
        if self.keyword == "ENV"
            && let Some(first) = words.first()
            && !first.contains('=')
        {
            return vec![(first.clone(), Some(words[1..].join(" ")))];
        }
        words
            .iter()
            .map(|word| match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word.clone(), None),
            })
            .collect()
    }

    /// What is copied, and where to; both forms are the same here. Documents in the file are not among it.
    #[must_use]
    pub fn copied(&self) -> Option<(Vec<String>, String)> {
        let mut words = match serde_json::from_str::<Vec<String>>(&self.text) {
            Ok(words) => words,
            Err(_) => shlex::split(&self.text)?,
        };
        let target = words.pop()?;
        words.retain(|word| !word.starts_with("<<"));
        Some((words, target))
    }

    /// The commands of a `RUN`, each as its words, in either form; those of a document, too.
    #[must_use]
    pub fn commands(&self) -> Vec<Vec<String>> {
        if let Ok(words) = serde_json::from_str::<Vec<String>>(&self.text) {
            return match &words[..] {
                [shell, flag, line] if shell.ends_with("sh") && flag.starts_with('-') => commands(line),
                _ => vec![words],
            };
        }
        let documents = self.documents.iter().flat_map(|document| commands(document));
        commands(&self.text).into_iter().chain(documents).collect()
    }
}

impl Mount {
    fn parse(written: &str) -> Self {
        let settings: BTreeMap<String, String> = written
            .split(',')
            .map(|setting| {
                let (name, value) = setting.split_once('=').unwrap_or((setting, "true"));
                (
                    name.trim().to_ascii_lowercase(),
                    value.trim_matches(['"', '\'']).to_owned(),
                )
            })
            .collect();
        let setting = |names: &[&str]| names.iter().find_map(|name| settings.get(*name)).cloned();
        Self {
            kind: setting(&["type"]).unwrap_or_else(|| "bind".to_owned()),
            target: setting(&["target", "dst", "destination"])
                .map(|target| match target.trim_end_matches('/') {
                    "" => "/".to_owned(),
                    target => target.to_owned(),
                })
                .unwrap_or_default(),
            settings,
        }
    }
}

/// Puts values in the place of `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`; what has none stays as it is.
#[must_use]
pub fn expand(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (written, expression, left) = if let Some(inner) = after.strip_prefix('{') {
            let Some((inside, left)) = inner.split_once('}') else {
                out.push('$');
                rest = after;
                continue;
            };
            (&after[..inside.len() + 2], inside, left)
        } else {
            let end = after
                .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                .unwrap_or(after.len());
            (&after[..end], &after[..end], &after[end..])
        };
        let found = match expression.split_once(':') {
            Some((name, other)) => match (
                value(name).filter(|value| !value.is_empty()),
                other.split_at_checked(1),
            ) {
                (Some(value), Some(("-", _))) => Some(value),
                (None, Some(("-", default))) => Some(default.to_owned()),
                (Some(_), Some(("+", other))) => Some(other.to_owned()),
                (None, Some(("+", _))) => Some(String::new()),
                _ => None,
            },
            None => value(expression),
        };
        if let Some(value) = found {
            out.push_str(&value);
        } else {
            out.push('$');
            out.push_str(written);
        }
        rest = left;
    }
    out + rest
}

/// The commands of a shell's line: divided at `&&`, `||`, `;`, `|`, `&` and the ends of lines, outside of quotes.
#[must_use]
pub fn commands(line: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut current = String::new();
    let mut quote = None;
    let mut characters = line.chars().peekable();
    let mut previous = ' ';
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None | Some('"'), '\\') => {
                current.push(character);
                current.extend(characters.next());
                previous = ' ';
                continue;
            }
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            // A number sign begins a comment, but not in the middle of a word.
            (None, '#') if previous.is_whitespace() => {
                while characters.peek().is_some_and(|next| *next != '\n') {
                    characters.next();
                }
                continue;
            }
            // `2>&1` and `&>file` are no ends.
            (None, '&') if previous == '>' || characters.peek() == Some(&'>') => {}
            (None, '&' | '|' | ';' | '\n') => {
                all.push(std::mem::take(&mut current));
                previous = ' ';
                continue;
            }
            _ => {}
        }
        previous = character;
        current.push(character);
    }
    all.push(current);
    all.iter()
        .map(|text| {
            shlex::split(text).unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect())
        })
        .map(without_grammar)
        .filter(|words| !words.is_empty())
        .collect()
}

/// A command without what the shell's grammar and its own environment put before it.
fn without_grammar(words: Vec<String>) -> Vec<String> {
    let is_before = |word: &String| {
        matches!(
            word.as_str(),
            "if" | "then"
                | "else"
                | "elif"
                | "do"
                | "while"
                | "until"
                | "!"
                | "{"
                | "("
                | "exec"
                | "sudo"
                | "env"
        ) || word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric() || character == '_')
        })
    };
    words.into_iter().skip_while(is_before).collect()
}

/// The lines of a file, read one after the other.
struct Lines<'a> {
    all: Vec<&'a str>,
    next: usize,
    escape: char,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut lines = Self {
            all: text.trim_start_matches('\u{feff}').lines().collect(),
            next: 0,
            escape: '\\',
        };
        lines.directives();
        lines
    }

    /// `# escape=…` counts only above everything else.
    fn directives(&mut self) {
        for line in &self.all {
            let Some((name, value)) = line
                .trim()
                .strip_prefix('#')
                .and_then(|rest| rest.split_once('='))
            else {
                return;
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "escape" => self.escape = value.trim().chars().next().unwrap_or('\\'),
                "syntax" | "check" => {}
                _ => return,
            }
        }
    }

    fn instructions(mut self) -> Result<Vec<Instruction>, (usize, String)> {
        let mut all = Vec::new();
        while let Some(line) = self.all.get(self.next) {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                self.next += 1;
                continue;
            }
            all.push(self.instruction()?);
        }
        Ok(all)
    }

    /// One instruction, with the lines that continue it and the documents behind it.
    fn instruction(&mut self) -> Result<Instruction, (usize, String)> {
        let begin = self.next + 1;
        let mut text = String::new();
        let mut continues = true;
        while continues && let Some(line) = self.all.get(self.next) {
            self.next += 1;
            // Comments and empty lines may stand between the lines of an instruction.
            if line.trim_start().starts_with('#') || (line.trim().is_empty() && !text.is_empty()) {
                continue;
            }
            let trimmed = line.trim_end();
            let without = trimmed.strip_suffix(self.escape);
            continues = without.is_some_and(|without| !without.ends_with(self.escape));
            let part = if continues {
                without.unwrap_or(trimmed)
            } else {
                trimmed
            };
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(part.trim());
        }
        let (keyword, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
        let keyword = keyword.to_ascii_uppercase();
        if !KEYWORDS.contains(&keyword.as_str()) {
            return Err((begin, format!("there is no such instruction: {keyword}")));
        }
        let (flags, rest) = flags(rest.trim());
        let mut documents = Vec::new();
        if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") {
            for (name, strips_tabs) in here_documents(&rest) {
                documents.push(self.document(begin, &name, strips_tabs)?);
            }
        }
        Ok(Instruction {
            line: begin,
            keyword,
            flags,
            text: rest,
            documents,
        })
    }

    fn document(&mut self, begin: usize, name: &str, strips_tabs: bool) -> Result<String, (usize, String)> {
        let mut out = String::new();
        while let Some(line) = self.all.get(self.next) {
            self.next += 1;
            let line = if strips_tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if line == name {
                return Ok(out);
            }
            out.push_str(line);
            out.push('\n');
        }
        Err((begin, format!("a document that begins here has no end: {name}")))
    }
}

/// Flags at the beginning, and the rest.
fn flags(text: &str) -> (Vec<(String, String)>, String) {
    let mut flags = Vec::new();
    let mut rest = text;
    while let Some(flag) = rest.strip_prefix("--") {
        let end = flag.find(char::is_whitespace).unwrap_or(flag.len());
        let (name, value) = flag[..end].split_once('=').unwrap_or((&flag[..end], "true"));
        flags.push((name.to_ascii_lowercase(), value.to_owned()));
        rest = flag[end..].trim_start();
    }
    (flags, rest.to_owned())
}

/// The names of documents that begin in a text, and whether tabs before their lines count for nothing.
fn here_documents(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        let word = word.trim_start_matches(|character: char| character.is_ascii_digit());
        let Some(name) = word.strip_prefix("<<").filter(|rest| !rest.starts_with('<')) else {
            continue;
        };
        let (name, strips_tabs) = match name.strip_prefix('-') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let name = name.trim_matches(['"', '\'']);
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if !name.is_empty() && name.chars().all(is_name) {
            found.push((name.to_owned(), strips_tabs));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Dockerfile {
        Dockerfile::parse(text, Path::new("Dockerfile")).unwrap()
    }

    fn refused(text: &str) -> String {
        Dockerfile::parse(text, Path::new("docker/Dockerfile"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn stages_have_names_bases_and_platforms() {
        let file = parse(
            "# syntax=docker/dockerfile:1\nARG V=3.11\nARG D\nfrom --platform=$BUILDPLATFORM python:${V}-slim as One\n\
             RUN a\nFROM one\nCOPY --from=One /a /b\nFROM base:$D AS last\n",
        );
        let told: Vec<_> = file
            .stages
            .iter()
            .map(|stage| {
                (
                    stage.line,
                    stage.base.as_str(),
                    stage.name.as_deref(),
                    stage.platform.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (4, "python:3.11-slim", Some("One"), Some("$BUILDPLATFORM")),
                (6, "one", None, None),
                (8, "base:$D", Some("last"), None)
            ]
        );
        assert_eq!(file.stage("ONE"), Some(0));
        assert_eq!(file.stage("1"), Some(1));
        assert_eq!(file.stage("9"), None);
        assert_eq!(
            file.chain(1).iter().map(|stage| stage.line).collect::<Vec<_>>(),
            [4, 6]
        );
    }

    #[test]
    fn lines_are_joined_and_comments_between_them_are_not_theirs() {
        let file = parse(
            "FROM a\nRUN --mount=type=cache,target=/x/ \\\n  # why\n\n    one \\\n && two # three\nUSER app\n",
        );
        let [run, user] = &file.stages[0].instructions[..] else {
            panic!()
        };
        assert_eq!((run.line, run.text.as_str()), (2, "one && two # three"));
        assert_eq!(run.mounts()[0].target, "/x");
        assert_eq!(run.commands(), [["one"], ["two"]]);
        assert_eq!((user.line, user.keyword.as_str()), (7, "USER"));
    }

    #[test]
    fn the_escape_character_can_be_another() {
        let file = parse("# escape=`\nFROM a\nRUN one `\n  two c:\\\nUSER b\n");
        assert_eq!(file.stages[0].instructions[0].text, "one two c:\\");
        assert_eq!(file.stages[0].instructions.len(), 2);
    }

    #[test]
    fn documents_belong_to_their_instruction() {
        let file = parse(
            "FROM a\nRUN <<EOF\napt-get update\n# no comment of the file's\napt-get install -y x\nEOF\nCOPY <<-'A' <<B /to/\n\tone\n\tA\ntwo\nB\nUSER u\n",
        );
        let [run, copy, user] = &file.stages[0].instructions[..] else {
            panic!()
        };
        assert_eq!(
            run.commands()[1..],
            [vec!["apt-get", "update"], vec!["apt-get", "install", "-y", "x"]]
        );
        assert_eq!(copy.documents, ["one\n", "two\n"]);
        assert_eq!(copy.copied(), Some((vec![], "/to/".to_owned())));
        assert_eq!(user.line, 12);
    }

    #[test]
    fn commands_are_divided_where_the_shell_divides_them() {
        for (line, expected) in [
            ("a && b || c; d | e & f", vec!["a", "b", "c", "d", "e", "f"]),
            ("a 'b && c' \"d; e\" f\\;g", vec!["a b && c d; e f;g"]),
            ("A=1 B=\"2 3\" a b 2>&1", vec!["a b 2>&1"]),
            ("if a; then b; fi # c && d", vec!["a", "b", "fi"]),
            ("set -eux; a x#y", vec!["set -eux", "a x#y"]),
        ] {
            let found: Vec<String> = commands(line).iter().map(|words| words.join(" ")).collect();
            assert_eq!(found, expected, "{line}");
        }
        let file = parse(
            "FROM a\nRUN [\"sh\", \"-c\", \"a && b\"]\nRUN [\"a\", \"&&\"]\nCOPY [\"a b\", \"c\", \"/d\"]\n",
        );
        let instructions = &file.stages[0].instructions;
        assert_eq!(instructions[0].commands(), [["a"], ["b"]]);
        assert_eq!(instructions[1].commands(), [["a", "&&"]]);
        assert_eq!(instructions[2].copied().unwrap().0, ["a b", "c"]);
    }

    #[test]
    fn variables_are_declared_in_two_ways() {
        let file = parse("FROM a\nENV A=1 B=\"2 3\"\nENV C 4 5\nARG D\n");
        let declared: Vec<_> = file.stages[0]
            .instructions
            .iter()
            .flat_map(Instruction::declared)
            .collect();
        let told: Vec<_> = declared
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("A", Some("1")),
                ("B", Some("2 3")),
                ("C", Some("4 5")),
                ("D", None)
            ]
        );
    }

    #[test]
    fn values_take_the_place_of_names() {
        let value = |name: &str| (name == "A").then(|| "1".to_owned());
        for (text, expanded) in [
            ("x$A-${A}y", "x1-1y"),
            ("${B:-2}${A:-2}${A:+3}${B:+3}", "213"),
            ("$B ${B} $", "$B ${B} $"),
            ("${A", "${A"),
        ] {
            assert_eq!(expand(text, &value), expanded);
        }
    }

    #[test]
    fn what_is_no_dockerfile_is_refused_with_its_line() {
        assert_eq!(
            refused("FROM a\n\nRUNN b\n"),
            "docker/Dockerfile:3: there is no such instruction: RUNN"
        );
        assert_eq!(
            refused("RUN b\n"),
            "docker/Dockerfile:1: `RUN` stands before the first `FROM`"
        );
        assert!(refused("# nothing\n").contains("there is no `FROM`"));
        assert!(refused("FROM a b\n").contains("behind `AS`: a b"));
        assert!(
            refused("FROM a\nRUN <<EOF\nx\n").contains(":2: a document that begins here has no end: EOF")
        );
    }
}

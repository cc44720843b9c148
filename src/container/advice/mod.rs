//! Takes a Dockerfile and the context that it is built in. Gives what costs time, size or safety, and what to write instead.
//! Knows nothing of the project.

mod build;
mod caches;
mod images;
mod packages;
mod runtime;

use std::collections::BTreeMap;

use super::context::{Context, Reason};
use super::dockerfile::{Dockerfile, Instruction, Stage, expand};
pub use super::rules::{Cost, RULES, Rule, Severity};
use super::rules::{NO_IGNORE_FILE, UNWANTED_IN_CONTEXT};

/// Something that can be better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// By which rule.
    pub rule: &'static Rule,
    /// The line of the instruction, from 1.
    pub line: usize,
    /// The stage: its name, else its base.
    pub stage: String,
    /// What was seen.
    pub message: String,
    /// What to write instead.
    pub instead: String,
}

/// Judges a Dockerfile, with the context that it is built in where that is known. Findings stand in the order of their lines.
#[must_use]
pub fn advise(file: &Dockerfile, context: Option<&Context>) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    for index in 0..file.stages.len() {
        let view = View::new(file, index);
        caches::advise(&view, &mut findings);
        build::advise(&view, &mut findings);
        packages::advise(&view, &mut findings);
        images::advise(&view, &mut findings);
    }
    runtime::advise(file, &mut findings);
    if let Some(context) = context {
        of_context(file, context, &mut findings);
    }
    let mut findings = findings.0;
    findings.sort_by(|one, other| {
        (one.line, one.rule.severity, one.rule.id).cmp(&(other.line, other.rule.severity, other.rule.id))
    });
    findings
}

/// What is found, each once.
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, rule: &'static Rule, stage: &Stage, line: usize, message: String, instead: String) {
        let finding = Finding {
            rule,
            line,
            stage: stage.name.clone().unwrap_or_else(|| stage.base.clone()),
            message,
            instead,
        };
        let is_known = |known: &Finding| {
            (known.rule, known.line, &known.message) == (finding.rule, finding.line, &finding.message)
        };
        if !self.0.iter().any(is_known) {
            self.0.push(finding);
        }
    }
}

/// A stage with all that it is built on.
struct View<'a> {
    file: &'a Dockerfile,
    index: usize,
    stage: &'a Stage,
    chain: Vec<&'a Stage>,
}

impl<'a> View<'a> {
    fn new(file: &'a Dockerfile, index: usize) -> Self {
        Self {
            file,
            index,
            stage: &file.stages[index],
            chain: file.chain(index),
        }
    }

    /// The image at the bottom.
    fn image(&self) -> &'a str {
        &self.chain[0].base
    }

    /// The instructions of the stage and of those below it, in the order they are done in.
    fn all(&self) -> impl Iterator<Item = &'a Instruction> + use<'a, '_> {
        self.chain.iter().flat_map(|stage| &stage.instructions)
    }

    /// The variables that are set before a line of the stage.
    fn variables(&self, line: usize) -> BTreeMap<String, String> {
        let mut variables: BTreeMap<String, String> = BTreeMap::new();
        for instruction in self.all().filter(|instruction| instruction.line < line) {
            if !matches!(instruction.keyword.as_str(), "ENV" | "ARG") {
                continue;
            }
            for (name, value) in instruction.declared() {
                let outer = self.file.arguments.get(&name).cloned().flatten();
                let Some(value) = value.or(outer) else { continue };
                let value = expand(&value, &|name| variables.get(name).cloned());
                variables.insert(name, value);
            }
        }
        variables
    }

    /// The `RUN`s of the stage itself, each with its commands.
    fn runs(&self) -> impl Iterator<Item = (&'a Instruction, Vec<Call>)> + use<'a> {
        runs(self.stage)
    }

    fn is_runtime(&self) -> bool {
        runtime::stages(self.file).contains(&self.index)
    }
}

fn runs(stage: &Stage) -> impl Iterator<Item = (&Instruction, Vec<Call>)> + use<'_> {
    let runs = stage
        .instructions
        .iter()
        .filter(|instruction| instruction.keyword == "RUN");
    runs.map(|run| (run, calls(run)))
}

fn calls(run: &Instruction) -> Vec<Call> {
    run.commands().into_iter().filter_map(Call::of).collect()
}

/// A command: the program, without its folder, and what is said to it. `python -m pip` is `pip`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    program: String,
    words: Vec<String>,
}

impl Call {
    fn of(words: Vec<String>) -> Option<Self> {
        let mut words = words.into_iter().peekable();
        let name = |word: String| word.rsplit('/').next().unwrap_or_default().to_owned();
        let mut program = name(words.next()?);
        if program.starts_with("python") && words.next_if(|word| word == "-m").is_some() {
            program = name(words.next()?);
        }
        if program == "uv" && words.next_if(|word| word == "pip").is_some() {
            "uv pip".clone_into(&mut program);
        }
        if program == "pip3" || program.starts_with("pip3.") {
            "pip".clone_into(&mut program);
        }
        Some(Self {
            program,
            words: words.collect(),
        })
    }

    /// The first word that is no flag.
    fn verb(&self) -> Option<&str> {
        self.words
            .iter()
            .map(String::as_str)
            .find(|word| !word.starts_with('-') && !word.starts_with('+'))
    }

    fn is(&self, program: &str, verbs: &[&str]) -> bool {
        self.program == program && self.verb().is_some_and(|verb| verbs.contains(&verb))
    }

    fn has(&self, flags: &[&str]) -> bool {
        self.words.iter().any(|word| {
            flags
                .iter()
                .any(|flag| word == flag || word.starts_with(&format!("{flag}=")))
        })
    }

    /// The values of a flag, written in either way.
    fn values(&self, flags: &[&str]) -> Vec<&str> {
        let mut values = Vec::new();
        for (index, word) in self.words.iter().enumerate() {
            if flags.contains(&word.as_str()) {
                values.extend(self.words.get(index + 1).map(String::as_str));
            }
            values.extend(
                flags
                    .iter()
                    .filter(|flag| flag.starts_with("--"))
                    .filter_map(|flag| word.strip_prefix(&format!("{flag}="))),
            );
        }
        values
    }

    fn installs_with_pip(&self) -> bool {
        self.is("pip", &["install"]) || self.is("uv pip", &["install"])
    }

    fn installs_with_apt(&self) -> bool {
        self.is("apt-get", &["install"]) || self.is("apt", &["install"])
    }

    /// What a package manager is told to install: names without versions.
    fn packages(&self) -> Vec<&str> {
        const TAKE_VALUES: [&str; 10] = [
            "-r",
            "--requirement",
            "-c",
            "--constraint",
            "-i",
            "--index-url",
            "--extra-index-url",
            "-t",
            "-o",
            "--target",
        ];
        let mut packages = Vec::new();
        let mut is_value = false;
        for word in &self.words {
            if !is_value && !word.starts_with('-') {
                let end = word
                    .find(['=', '<', '>', '~', '!', '[', ';', ' '])
                    .unwrap_or(word.len());
                packages.push(&word[..end]);
            }
            is_value = TAKE_VALUES.contains(&word.as_str());
        }
        packages
            .iter()
            .skip_while(|word| **word != "install")
            .skip(1)
            .copied()
            .collect()
    }

    /// Whether it compiles Rust, and the crate's own with it.
    fn compiles(&self) -> bool {
        let is_folder =
            |package: &&str| package.starts_with('.') || package.starts_with('/') && !is_wheel(package);
        self.is("cargo", &["build", "b", "install", "rustc", "test"])
            || self.is("maturin", &["build", "develop", "b", "dev"])
            || self.is("ironwheel", &["build", "develop", "b", "dev"])
            || self.program == "build"
            || self.is("uv", &["build"])
            || self.is("pip", &["wheel"])
            || self.installs_with_pip() && self.packages().iter().any(is_folder)
    }

    /// Whether it compiles dependencies from manifests alone.
    fn cooks(&self) -> bool {
        self.is("ironwheel", &["cook"]) && !self.has(&["--recipe"])
            || self.program == "cargo" && self.words.starts_with(&["chef".to_owned(), "cook".to_owned()])
            || self.program == "cargo-chef" && self.verb() == Some("cook")
    }

    /// Whether it only looks at manifests.
    fn plans(&self) -> bool {
        self.is("ironwheel", &["cook"]) && self.has(&["--recipe"])
            || self.program == "cargo" && self.words.starts_with(&["chef".to_owned(), "prepare".to_owned()])
    }
}

fn is_wheel(path: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|ending| ending == "whl")
}

/// What a `COPY` or `ADD` of the context copies; nothing where it copies from elsewhere.
fn from_context(instruction: &Instruction) -> Option<(Vec<String>, String)> {
    let is_copy = matches!(instruction.keyword.as_str(), "COPY" | "ADD");
    if !is_copy || instruction.flag("from").is_some() {
        return None;
    }
    instruction.copied().filter(|(sources, _)| !sources.is_empty())
}

/// Whether a `COPY` copies the whole context.
fn copies_all(instruction: &Instruction) -> bool {
    from_context(instruction).is_some_and(|(sources, _)| {
        sources
            .iter()
            .any(|source| matches!(source.as_str(), "." | "./" | "/" | "*" | "./*"))
    })
}

/// How many of the lines for an ignore file are told.
const SHOWN: usize = 5;

fn of_context(file: &Dockerfile, context: &Context, findings: &mut Findings) {
    let mut copies = file
        .stages
        .iter()
        .flat_map(|stage| stage.instructions.iter().map(move |copy| (stage, copy)));
    let Some((stage, copy)) = copies.find(|(_, copy)| from_context(copy).is_some()) else {
        return;
    };
    if context.ignore_file.is_none() {
        findings.add(
            &NO_IGNORE_FILE,
            stage,
            copy.line,
            format!(
                "there is no `.dockerignore` in the build context: {}",
                context.folder.display()
            ),
            "`ironwheel docker init` writes one; `ironwheel docker context` shows what it has to hold"
                .to_owned(),
        );
    }
    let whole = file.stages.iter().find_map(|stage| {
        let copy = stage.instructions.iter().find(|copy| copies_all(copy))?;
        Some((stage, copy))
    });
    let (stage, line) = whole.map_or((stage, copy.line), |(stage, copy)| (stage, copy.line));
    // Who copies by name copies what he names; a secret is one wherever it is sent.
    let told: Vec<&str> = context
        .unwanted
        .iter()
        .filter(|unwanted| whole.is_some() || unwanted.reason == Reason::Secret)
        .map(|unwanted| unwanted.line.as_str())
        .collect();
    if told.is_empty() {
        return;
    }
    let more = if told.len() > SHOWN { ", …" } else { "" };
    let shown: Vec<&str> = told.iter().copied().take(SHOWN).collect();
    findings.add(
        &UNWANTED_IN_CONTEXT,
        stage,
        line,
        format!(
            "the build context holds what no image needs: {}{more}",
            shown.join(", ")
        ),
        "add the lines that `ironwheel docker context` shows to `.dockerignore`".to_owned(),
    );
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The findings in a Dockerfile: rule and line.
    pub(super) fn found(text: &str) -> Vec<(&'static str, usize)> {
        let file = Dockerfile::parse(text, Path::new("Dockerfile")).unwrap();
        let findings = advise(&file, None);
        for finding in &findings {
            assert!(
                !finding.message.is_empty() && !finding.instead.is_empty(),
                "{finding:?}"
            );
            assert!(
                !finding.message.ends_with('.') && !finding.instead.ends_with('.'),
                "{finding:?}"
            );
        }
        findings
            .iter()
            .map(|finding| (finding.rule.id, finding.line))
            .collect()
    }

    /// The lines that one rule objects to.
    pub(super) fn lines(rule: &str, text: &str) -> Vec<usize> {
        assert!(RULES.iter().any(|known| known.id == rule), "{rule}");
        let all = found(text);
        all.iter()
            .filter(|(id, _)| *id == rule)
            .map(|(_, line)| *line)
            .collect()
    }

    #[test]
    fn a_command_is_known_by_its_program_however_it_is_called() {
        for (words, program, verb) in [
            ("/usr/bin/python3 -m pip install x", "pip", "install"),
            ("pip3.12 --quiet install x", "pip", "install"),
            ("uv pip install x", "uv pip", "install"),
            ("/opt/bin/maturin build", "maturin", "build"),
            ("cargo +nightly build", "cargo", "build"),
        ] {
            let call = Call::of(words.split(' ').map(str::to_owned).collect()).unwrap();
            assert_eq!(
                (call.program.as_str(), call.verb()),
                (program, Some(verb)),
                "{words}"
            );
        }
        let call = Call::of(
            "pip install -r a.txt -i URL x==1 y[z]"
                .split(' ')
                .map(str::to_owned)
                .collect(),
        );
        assert_eq!(call.unwrap().packages(), ["x", "y"]);
    }

    #[test]
    fn a_context_without_an_ignore_file_is_told_where_something_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "A=b").unwrap();
        let rules = |text: &str| {
            let context = super::super::context::walk(folder.path(), None).unwrap();
            let file = Dockerfile::parse(text, Path::new("Dockerfile")).unwrap();
            let all = advise(&file, Some(&context));
            all.iter()
                .filter(|finding| finding.rule == &NO_IGNORE_FILE || finding.rule == &UNWANTED_IN_CONTEXT)
                .map(|finding| (finding.rule.id, finding.line))
                .collect::<Vec<_>>()
        };
        let text = "FROM a:1\nCOPY x x\nCOPY . .\n";
        assert_eq!(rules("FROM a:1\nCOPY --from=b:1 /x /x\n"), []);
        assert_eq!(rules(text), [("no-ignore-file", 2), ("unwanted-in-context", 3)]);
        std::fs::write(folder.path().join(".dockerignore"), "target").unwrap();
        assert_eq!(rules(text), [("unwanted-in-context", 3)]);
        std::fs::write(folder.path().join(".dockerignore"), ".env").unwrap();
        assert_eq!(rules(text), []);
    }
}

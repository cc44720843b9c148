//! `ironwheel docker`: files for containers, written and judged.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::ArgAction;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use super::render::{BAD, DOUBTFUL, STRONG, Screen};
use crate::container::advice::{self, Finding, RULES, Severity};
use crate::container::context::{self, Amount, Context, ContextError, Entry, Unwanted};
use crate::container::dockerfile::{Dockerfile, DockerfileError};
use crate::event::{Event, size_in_words};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::make::MakeError;
use crate::project;
use crate::project::settings::Overrides;
use crate::scaffold::docker::{self, DockerError, DockerFile, DockerWish};

/// Why a command about containers came to nothing, or to something bad.
#[derive(Debug, thiserror::Error)]
pub enum DockerCommandError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The project cannot be read.
    #[error(transparent)]
    Make(Box<MakeError>),
    /// The files cannot be written.
    #[error(transparent)]
    Scaffold(#[from] DockerError),
    /// The build context.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The Dockerfile.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
    /// What was found in Dockerfiles.
    #[error("{} that must not be there: {}", findings(*.count), .files.join(", "))]
    Findings {
        /// How many.
        count: usize,
        /// In which files.
        files: Vec<String>,
    },
    /// What was found in a context.
    #[error("the build context holds what should be ignored: {}", .0.display())]
    Unwanted(PathBuf),
}

fn findings(count: usize) -> String {
    match count {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    }
}

impl DockerCommandError {
    /// 3 where a file or a context is wrong, else what the errand says.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Findings { .. } | Self::Unwanted(_) => 3,
            Self::Make(error) => error.exit_status(),
            Self::File(_) | Self::Scaffold(_) | Self::Context(_) | Self::Dockerfile(_) => 1,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Findings { .. } => Some(
                "`docs/containers.md` lists the rules; `--ignore <RULE>` leaves one out, `ironwheel docker init --print` shows \
                 a file without findings"
                    .to_owned(),
            ),
            Self::Unwanted(_) => Some("add the lines above to `.dockerignore`".to_owned()),
            Self::Scaffold(error) => error.hint(),
            Self::Context(error) => error.hint(),
            Self::Dockerfile(error) => error.hint(),
            Self::Make(_) | Self::File(_) => None,
        }
    }
}

/// Files for containers.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "No builder is run, and none is needed.\n\n\
                  Examples:\n  ironwheel docker init --into docker\n  ironwheel docker context --strict .\n  \
                  ironwheel docker check docker/Dockerfile")]
pub struct DockerArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: DockerCommand,
}

/// What can be done with files for containers.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum DockerCommand {
    /// Write a Dockerfile, a .dockerignore and a compose.yaml for the project
    Init(DockerInitArguments),
    /// Show what a build context holds: its size, what is largest, what should be ignored
    Context(DockerContextArguments),
    /// Tell what costs time, size or safety in a Dockerfile, and what to write instead
    Check(DockerCheckArguments),
}

/// What `docker init` takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Files")]
pub struct DockerInitArguments {
    /// The build context [default: the folder here]
    #[arg(value_name = "FOLDER", help_heading = "Arguments")]
    pub folder: Option<PathBuf>,
    /// Cargo.toml of the crate [default: the one in FOLDER, or directly below]
    #[arg(short, long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Folder in FOLDER for the Dockerfile and compose.yaml: docker
    #[arg(long, value_name = "NAME", value_parser = folder_name)]
    pub into: Option<String>,
    /// Python in the images [default: of .python-version, or the oldest of requires-python]
    #[arg(long, value_name = "VERSION")]
    pub python: Option<String>,
    /// Release of Debian in the images [default: bookworm]
    #[arg(long, value_name = "NAME")]
    pub debian: Option<String>,
    /// Mount no caches, for a CI that keeps layers and nothing else
    #[arg(long)]
    pub no_mounts: bool,
    /// Show the files, and write nothing
    #[arg(long)]
    pub print: bool,
    /// Write over files that are there
    #[arg(long, conflicts_with = "print")]
    pub force: bool,
}

/// A folder within another.
fn folder_name(written: &str) -> Result<String, String> {
    let name = written.trim_end_matches('/');
    let is_within = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if is_within {
        Ok(name.to_owned())
    } else {
        Err("it must be the name of a folder in the build context".to_owned())
    }
}

/// What `docker context` takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Context")]
pub struct DockerContextArguments {
    /// The build context [default: the folder here]
    #[arg(value_name = "FOLDER", help_heading = "Arguments")]
    pub folder: Option<PathBuf>,
    /// Dockerfile, which may have an ignore file of its own beside it
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Tell everything, however much
    #[arg(long)]
    pub all: bool,
    /// Fail where something should be ignored
    #[arg(long)]
    pub strict: bool,
}

/// What `docker check` takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Check")]
pub struct DockerCheckArguments {
    /// Dockerfiles
    #[arg(required = true, value_name = "FILE", help_heading = "Arguments")]
    pub files: Vec<PathBuf>,
    /// The build context [default: the folder here]
    #[arg(long, value_name = "FOLDER")]
    pub context: Option<PathBuf>,
    /// Rules to leave out
    #[arg(long, value_name = "RULE", action = ArgAction::Append, hide_possible_values = true,
          value_parser = PossibleValuesParser::new(RULES.iter().map(|rule| rule.id)))]
    pub ignore: Vec<String>,
    /// Fail for warnings, too
    #[arg(long)]
    pub strict: bool,
}

/// Does what is asked.
///
/// # Errors
/// A file or project that cannot be read or written, something bad that was found.
pub fn run(arguments: &DockerArguments, host: &Host, screen: &Screen) -> Result<(), DockerCommandError> {
    match &arguments.command {
        DockerCommand::Init(asked) => init(asked, host, screen),
        DockerCommand::Context(asked) => show_context(asked, host, screen),
        DockerCommand::Check(asked) => check(asked, host, screen),
    }
}

fn init(asked: &DockerInitArguments, host: &Host, screen: &Screen) -> Result<(), DockerCommandError> {
    let context = fs::normalize(&host.absolute(asked.folder.as_deref().unwrap_or(Path::new(""))));
    let manifest = match &asked.manifest_path {
        Some(manifest) => fs::normalize(&host.absolute(manifest)),
        None => docker::manifest_in(&context)?,
    };
    let overrides = Overrides {
        manifest_path: Some(manifest),
        ..Overrides::default()
    };
    let project =
        project::load(&overrides, host).map_err(|error| DockerCommandError::Make(Box::new(error.into())))?;
    let wish = DockerWish {
        context: context.clone(),
        folder: asked.into.clone().unwrap_or_default(),
        python: asked.python.clone(),
        debian: asked.debian.clone(),
        mounts: !asked.no_mounts,
    };
    let files = docker::propose(&project, &wish)?;
    let there: Vec<bool> = files
        .iter()
        .map(|file| context.join(&file.path).exists())
        .collect();
    if !asked.print {
        docker::write(&context, &files, asked.force)?;
    }
    for (file, is_there) in files.iter().zip(there) {
        tell_file(file, &context, asked.print, is_there, screen);
    }
    let has_lock = project.cargo.workspace_root.join("Cargo.lock").is_file();
    if !has_lock {
        screen.tell(&Event::Notice {
            message: "there is no Cargo.lock, and the Dockerfile builds with `--locked`".to_owned(),
            hint: Some("write it with `cargo generate-lockfile`, and commit it".to_owned()),
        });
    }
    Ok(())
}

fn tell_file(file: &DockerFile, context: &Path, is_shown: bool, is_there: bool, screen: &Screen) {
    let path = context.join(&file.path).display().to_string();
    let action = if is_there { "replace" } else { "create" };
    let body = FileEvent {
        path: &path,
        action,
        written: !is_shown,
        text: is_shown.then_some(file.text.as_str()),
    };
    let words = if is_shown {
        format!("{STRONG}==> {} <=={STRONG:#}\n{}\n", file.path, file.text)
    } else {
        format!("{action:<7} {path}\n")
    };
    screen.result(&words, "docker-file", &body);
}

#[derive(Serialize)]
struct FileEvent<'a> {
    path: &'a str,
    action: &'static str,
    written: bool,
    text: Option<&'a str>,
}

/// As many of anything as a person reads.
const SHOWN: usize = 8;

fn show_context(
    asked: &DockerContextArguments,
    host: &Host,
    screen: &Screen,
) -> Result<(), DockerCommandError> {
    let folder = fs::normalize(&host.absolute(asked.folder.as_deref().unwrap_or(Path::new(""))));
    let dockerfile = asked.file.as_ref().map(|file| host.absolute(file));
    let context = context::walk(&folder, dockerfile.as_deref())?;
    let shown = if asked.all { usize::MAX } else { SHOWN };
    screen.result(
        &context_in_words(&context, shown),
        "context",
        &ContextEvent::of(&context),
    );
    if asked.strict && !context.unwanted.is_empty() {
        return Err(DockerCommandError::Unwanted(folder));
    }
    Ok(())
}

fn amount_in_words(amount: Amount) -> String {
    format!(
        "{} in {}",
        size_in_words(amount.bytes),
        files_in_words(amount.files)
    )
}

fn files_in_words(files: u64) -> String {
    match files {
        1 => "1 file".to_owned(),
        files => format!("{files} files"),
    }
}

fn context_in_words(context: &Context, shown: usize) -> String {
    let mut out = format!(
        "{STRONG}{}{STRONG:#}: {}, as a tar stream\n",
        context.folder.display(),
        amount_in_words(context.sent)
    );
    let ignore_file = context
        .ignore_file
        .as_ref()
        .map(|path| path.display().to_string());
    // Writing to a string in memory cannot fail.
    let _ = writeln!(
        out,
        "  ignored by  {}",
        ignore_file
            .as_deref()
            .unwrap_or("nothing: there is no .dockerignore")
    );
    push_entries(&mut out, "at the top", &context.top, shown);
    push_entries(&mut out, "largest files", &context.largest, shown);
    if context.unwanted.is_empty() {
        out.push_str("  nothing of it should be ignored\n");
        return out;
    }
    out.push_str("  should be ignored: lines for .dockerignore\n");
    let width = context
        .unwanted
        .iter()
        .map(|unwanted| unwanted.line.chars().count())
        .max()
        .unwrap_or(0);
    for unwanted in &context.unwanted {
        let style = if unwanted.reason == context::Reason::Secret {
            BAD
        } else {
            DOUBTFUL
        };
        let _ = writeln!(
            out,
            "    {style}{:width$}{style:#}  {}; {}",
            unwanted.line,
            amount_in_words(unwanted.amount),
            unwanted.reason.words()
        );
    }
    out
}

fn push_entries(out: &mut String, heading: &str, entries: &[Entry], shown: usize) {
    let _ = writeln!(out, "  {heading}");
    for entry in entries.iter().take(shown) {
        let files = if entry.path.ends_with('/') {
            format!("  {}", files_in_words(entry.amount.files))
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "    {:>10}  {}{files}",
            size_in_words(entry.amount.bytes),
            entry.path
        );
    }
    if entries.len() > shown {
        let _ = writeln!(out, "    {:>10}  and {} more", "", entries.len() - shown);
    }
}

#[derive(Serialize)]
struct ContextEvent<'a> {
    path: String,
    ignore_file: Option<String>,
    bytes: u64,
    files: u64,
    top: Vec<EntryBody<'a>>,
    largest: Vec<EntryBody<'a>>,
    unwanted: Vec<UnwantedBody<'a>>,
}

#[derive(Serialize)]
struct EntryBody<'a> {
    path: &'a str,
    bytes: u64,
    files: u64,
}

impl<'a> EntryBody<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            path: &entry.path,
            bytes: entry.amount.bytes,
            files: entry.amount.files,
        }
    }
}

#[derive(Serialize)]
struct UnwantedBody<'a> {
    line: &'a str,
    reason: &'static str,
    paths: &'a [String],
    bytes: u64,
    files: u64,
}

impl<'a> UnwantedBody<'a> {
    fn of(unwanted: &'a Unwanted) -> Self {
        Self {
            line: &unwanted.line,
            reason: unwanted.reason.name(),
            paths: &unwanted.paths,
            bytes: unwanted.amount.bytes,
            files: unwanted.amount.files,
        }
    }
}

impl<'a> ContextEvent<'a> {
    fn of(context: &'a Context) -> Self {
        Self {
            path: context.folder.display().to_string(),
            ignore_file: context
                .ignore_file
                .as_ref()
                .map(|path| path.display().to_string()),
            bytes: context.sent.bytes,
            files: context.sent.files,
            top: context.top.iter().map(EntryBody::of).collect(),
            largest: context.largest.iter().map(EntryBody::of).collect(),
            unwanted: context.unwanted.iter().map(UnwantedBody::of).collect(),
        }
    }
}

fn check(asked: &DockerCheckArguments, host: &Host, screen: &Screen) -> Result<(), DockerCommandError> {
    let folder = fs::normalize(&host.absolute(asked.context.as_deref().unwrap_or(Path::new(""))));
    let mut count = 0;
    let mut wrong = Vec::new();
    for file in &asked.files {
        let path = host.absolute(file);
        let parsed = Dockerfile::parse(&fs::read_text(&path)?, file)?;
        let context = context::walk(&folder, Some(&path))?;
        let mut found = advice::advise(&parsed, Some(&context));
        found.retain(|finding| !asked.ignore.iter().any(|id| id == finding.rule.id));
        tell_findings(file, &found, screen);
        let least = if asked.strict {
            Severity::Warning
        } else {
            Severity::Error
        };
        let bad = found
            .iter()
            .filter(|finding| finding.rule.severity <= least)
            .count();
        if bad > 0 {
            count += bad;
            wrong.push(file.display().to_string());
        }
    }
    if count == 0 {
        return Ok(());
    }
    Err(DockerCommandError::Findings { count, files: wrong })
}

fn tell_findings(file: &Path, found: &[Finding], screen: &Screen) {
    let path = file.display().to_string();
    for finding in found {
        screen.result("", "docker-finding", &FindingEvent::of(&path, finding));
    }
    let count = |wanted| {
        found
            .iter()
            .filter(|finding| finding.rule.severity == wanted)
            .count()
    };
    let event = CheckedEvent {
        path: &path,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
    };
    let mut words = format!("{STRONG}{path}{STRONG:#}: {}\n", counted(&event));
    for finding in found {
        push_finding(&mut words, finding);
    }
    screen.result(&words, "docker-checked", &event);
}

/// `2 errors, 1 warning`.
fn counted(event: &CheckedEvent<'_>) -> String {
    let counts = [
        (event.errors, "error"),
        (event.warnings, "warning"),
        (event.notes, "note"),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    if told.is_empty() {
        "nothing to object to".to_owned()
    } else {
        told.join(", ")
    }
}

fn push_finding(out: &mut String, finding: &Finding) {
    let style = match finding.rule.severity {
        Severity::Error => BAD,
        Severity::Warning => DOUBTFUL,
        Severity::Note => STRONG,
    };
    let _ = writeln!(
        out,
        "  {style}{:<7}{style:#} line {:<4} {}: {}",
        finding.rule.severity.name(),
        finding.line,
        finding.rule.id,
        finding.message
    );
    let _ = writeln!(
        out,
        "{:20}{}: {}",
        "",
        finding.rule.cost.name(),
        finding.rule.price
    );
    let _ = writeln!(out, "{:20}instead: {}", "", finding.instead);
}

#[derive(Serialize)]
struct FindingEvent<'a> {
    path: &'a str,
    line: usize,
    stage: &'a str,
    rule: &'static str,
    severity: &'static str,
    cost: &'static str,
    message: &'a str,
    price: &'static str,
    instead: &'a str,
}

impl<'a> FindingEvent<'a> {
    fn of(path: &'a str, finding: &'a Finding) -> Self {
        Self {
            path,
            line: finding.line,
            stage: &finding.stage,
            rule: finding.rule.id,
            severity: finding.rule.severity.name(),
            cost: finding.rule.cost.name(),
            message: &finding.message,
            price: finding.rule.price,
            instead: &finding.instead,
        }
    }
}

#[derive(Serialize)]
struct CheckedEvent<'a> {
    path: &'a str,
    errors: usize,
    warnings: usize,
    notes: usize,
}

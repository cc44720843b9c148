//! The only place that prints: events, notices, errors and reports, as words for people or as JSON for scripts.
//!
//! Words go to standard error. Standard output holds what was asked for: the report of `plan`, or one JSON event a line as
//! `docs/json-events.md` describes them. A reader that goes away early (`| head`) is no reason to stop: what cannot be printed
//! is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::args::{ColorArgument, MessageFormat, ScreenArguments};
use crate::develop::Developed;
use crate::event::{Carried, Event, Outside, SdistMade, Stage, WheelMade, size_in_words};
use crate::make::{PlanReport, PlannedFile, PlannedWheel, SettingLine};

/// The version of the JSON events' schema; a change that breaks a reader raises it.
pub const SCHEMA: u32 = 1;

/// Files below this size are compressed before a progress bar could be read.
const BAR_FROM_BYTES: u64 = 8 * 1024 * 1024;
const BAR_WIDTH: usize = 30;
const VERB_WIDTH: usize = 12;
const WIDEST_CELL: usize = 60;

const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
const ADVICE: Style = AnsiColor::Cyan.on_default().bold();
pub(super) const STRONG: Style = Style::new().bold();

/// Where words and events go.
pub struct Screen {
    format: MessageFormat,
    quiet: bool,
    verbose: bool,
    terminal: bool,
    sheet: Mutex<Sheet>,
}

struct Sheet {
    words: Box<dyn Write + Send>,
    results: Box<dyn Write + Send>,
    told: BTreeSet<String>,
    subjects: BTreeMap<Stage, String>,
    timings: BTreeMap<Stage, Duration>,
    writing: bool,
    bar: Option<Bar>,
    /// Why results did not reach standard output.
    lost: Option<std::io::Error>,
}

/// A progress bar as it stands on the screen.
struct Bar {
    done: u64,
    total: u64,
    painted: String,
}

impl Screen {
    /// The process's own streams, as the flags want them.
    #[must_use]
    pub fn new(arguments: &ScreenArguments) -> Self {
        let choice = match arguments.color {
            None | Some(ColorArgument::Auto) => anstream::ColorChoice::Auto,
            Some(ColorArgument::Always) => anstream::ColorChoice::Always,
            Some(ColorArgument::Never) => anstream::ColorChoice::Never,
        };
        let results: Box<dyn Write + Send> = match arguments.message_format {
            MessageFormat::Human => Box::new(anstream::AutoStream::new(std::io::stdout(), choice)),
            MessageFormat::Json => Box::new(std::io::stdout()),
        };
        Self::on(
            arguments,
            std::io::stderr().is_terminal(),
            Box::new(anstream::AutoStream::new(std::io::stderr(), choice)),
            results,
        )
    }

    fn on(
        arguments: &ScreenArguments,
        terminal: bool,
        words: Box<dyn Write + Send>,
        results: Box<dyn Write + Send>,
    ) -> Self {
        Self {
            format: arguments.message_format,
            quiet: arguments.quiet,
            verbose: arguments.verbose > 0,
            terminal,
            sheet: Mutex::new(Sheet {
                words,
                results,
                told: BTreeSet::new(),
                subjects: BTreeMap::new(),
                timings: BTreeMap::new(),
                writing: false,
                bar: None,
                lost: None,
            }),
        }
    }

    /// Why results did not reach standard output, if they did not.
    pub fn lost(&self) -> Option<std::io::Error> {
        self.sheet().lost.take()
    }

    /// Tells one event; called from any thread.
    pub fn tell(&self, event: &Event) {
        let mut sheet = self.sheet();
        match event {
            Event::Notice { message, hint } => self.notice(&mut sheet, message, hint.as_deref()),
            Event::Aside { message } => self.notice(&mut sheet, message, None),
            // For those who keep a record.
            Event::Project(_) | Event::Compiled { .. } | Event::Read(_) => {}
            Event::Started { stage, subject } => self.started(&mut sheet, *stage, subject),
            Event::Finished {
                stage,
                outcome,
                duration,
            } => self.finished(&mut sheet, *stage, outcome, *duration),
            Event::Progress { done, total } => self.progress(&mut sheet, *done, *total),
            Event::Running { line } => self.running(&mut sheet, line),
            Event::Words { line } => self.words(&mut sheet, line),
            Event::Cargo { line } => self.cargo(&mut sheet, line),
            Event::Wheel(wheel) => self.wheel(&mut sheet, wheel),
            Event::Sdist(sdist) => self.sdist_made(&mut sheet, sdist),
        }
    }

    /// Says at the end what was made.
    pub fn wheels(&self, wheels: &[WheelMade]) {
        let mut sheet = self.sheet();
        if self.quiet {
            return;
        }
        for wheel in wheels {
            let path = wheel.path.display();
            sheet.verb(GOOD, "Wheel", &format!("{STRONG}{path}{STRONG:#}"));
            let about = [
                ("tag", wheel_tag(&wheel.filename).to_owned()),
                ("size", size_in_words(wheel.size)),
                ("sha256", wheel.sha256.clone()),
            ];
            let libraries = wheel.libraries.iter().map(|library| {
                (
                    "holds",
                    format!("{} of {}", library.path, library.source.display()),
                )
            });
            for (name, value) in about.into_iter().chain(libraries) {
                sheet.say(&format!("{:VERB_WIDTH$} {name:<6} {value}", ""));
            }
        }
    }

    /// Says at the end which source distribution was made.
    pub fn sdist(&self, sdist: &SdistMade) {
        let mut sheet = self.sheet();
        if self.quiet {
            return;
        }
        let path = sdist.path.display();
        sheet.verb(GOOD, "Sources", &format!("{STRONG}{path}{STRONG:#}"));
        for (name, value) in [
            ("size", size_in_words(sdist.size)),
            ("sha256", sdist.sha256.clone()),
        ] {
            sheet.say(&format!("{:VERB_WIDTH$} {name:<6} {value}", ""));
        }
    }

    /// Says which files were written.
    pub fn files<'a>(&self, files: impl Iterator<Item = &'a PathBuf>) {
        let mut sheet = self.sheet();
        for file in files {
            let path = file.display().to_string();
            if !self.quiet {
                sheet.verb(GOOD, "Wrote", &format!("{STRONG}{path}{STRONG:#}"));
            }
            let body = FileWritten {
                path: &path,
                action: "create",
                written: true,
            };
            self.emit(&mut sheet, "file", &body);
        }
    }

    /// Says what is installed where, and whether anything had to be done for it.
    pub fn developed(&self, developed: &Developed) {
        let mut sheet = self.sheet();
        if !self.quiet {
            let (verb, end) = if developed.changed {
                ("Ready", "")
            } else {
                ("Unchanged", ": nothing to do")
            };
            let project = format!("{} {}", developed.name, developed.version);
            let place = developed.environment.display();
            sheet.verb(
                GOOD,
                verb,
                &format!("{STRONG}{project}{STRONG:#} in {place}{end}"),
            );
        }
        let environment = developed.environment.display().to_string();
        self.emit(
            &mut sheet,
            "developed",
            &DevelopedEvent {
                name: &developed.name,
                version: &developed.version,
                environment: &environment,
                changed: developed.changed,
                in_place: developed
                    .in_place
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect(),
            },
        );
    }

    /// Says what would be made: the report is what was asked for, so it stands on standard output.
    pub fn plan(&self, report: &PlanReport) {
        let mut sheet = self.sheet();
        if self.format == MessageFormat::Human {
            let text = plan_in_words(report, self.verbose);
            sheet.print_result(&text);
            return;
        }
        self.emit(
            &mut sheet,
            "project",
            &ProjectEvent {
                name: &report.name,
                version: &report.version,
                root: report.root.display().to_string(),
                module: &report.module,
                bindings: &report.bindings,
                layout: &report.layout,
                layout_reason: &report.layout_reason,
                settings: report.settings.iter().map(SettingBody::from).collect(),
            },
        );
        if let Some(sdist) = &report.sdist {
            let body = PlannedSdistEvent {
                filename: &sdist.filename,
                files: sdist.files.iter().map(FileBody::from).collect(),
            };
            self.emit(&mut sheet, "plan-sdist", &body);
        }
        for wheel in &report.wheels {
            self.emit(&mut sheet, "plan", &PlanEvent::from(wheel));
        }
    }

    /// Prints what was asked for: as words for people, or as an event for scripts.
    pub fn result(&self, words: &str, event: &str, body: &impl Serialize) {
        let mut sheet = self.sheet();
        match self.format {
            MessageFormat::Human => sheet.print_result(words),
            MessageFormat::Json => self.emit(&mut sheet, event, body),
        }
    }

    /// Says what was done, the first line with a verb, and tells it as an event.
    pub fn done(&self, verb: &str, lines: &[String], event: &str, body: &impl Serialize) {
        let mut sheet = self.sheet();
        for (number, line) in lines.iter().enumerate().filter(|_| !self.quiet) {
            if number == 0 {
                sheet.verb(GOOD, verb, &format!("{STRONG}{line}{STRONG:#}"));
            } else {
                sheet.say(&format!("{:VERB_WIDTH$} {line}", ""));
            }
        }
        self.emit(&mut sheet, event, body);
    }

    /// Prints what a hook gives back: the last line on standard output, whatever format events have.
    pub fn answer(&self, lines: &[String]) {
        let mut sheet = self.sheet();
        for line in lines {
            sheet.print_result(&format!("{line}\n"));
        }
    }

    /// Says why nothing came of it: the error, its causes, and what to do next.
    pub fn error(&self, error: &(dyn Error + 'static), hint: Option<&str>, status: u8) {
        let mut sheet = self.sheet();
        let message = error.to_string();
        let causes = causes(error, &message);
        sheet.say(&format!("{BAD}error{BAD:#}: {}", indented(&message)));
        for cause in &causes {
            sheet.say(&format!("  {STRONG}because{STRONG:#}: {}", indented(cause)));
        }
        sheet.advise(hint);
        self.emit(
            &mut sheet,
            "error",
            &ErrorEvent {
                message: &message,
                causes: &causes,
                hint,
                status,
            },
        );
    }

    fn sheet(&self) -> MutexGuard<'_, Sheet> {
        // A thread that panicked while printing leaves at worst half a line behind.
        self.sheet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notice(&self, sheet: &mut Sheet, message: &str, hint: Option<&str>) {
        if !sheet
            .told
            .insert(format!("{message}\n{}", hint.unwrap_or_default()))
        {
            return;
        }
        if !self.quiet {
            sheet.say(&format!("{DOUBTFUL}notice{DOUBTFUL:#}: {}", indented(message)));
            sheet.advise(hint);
        }
        self.emit(sheet, "notice", &NoticeEvent { message, hint });
    }

    fn started(&self, sheet: &mut Sheet, stage: Stage, subject: &str) {
        sheet.subjects.insert(stage, subject.to_owned());
        sheet.writing = stage == Stage::Write;
        self.emit(
            sheet,
            "started",
            &StartedEvent {
                stage: stage.name(),
                subject,
            },
        );
    }

    fn finished(&self, sheet: &mut Sheet, stage: Stage, outcome: &str, duration: Duration) {
        sheet.writing = false;
        *sheet.timings.entry(stage).or_default() += duration;
        let subject = sheet.subjects.remove(&stage).unwrap_or_default();
        if !self.quiet {
            let what = what_came_of_it(stage, &subject, outcome);
            let text = format!("{what} in {}", duration_in_words(duration));
            sheet.verb(GOOD, past_tense(stage), &text);
        }
        self.emit(
            sheet,
            "finished",
            &FinishedEvent {
                stage: stage.name(),
                subject: &subject,
                outcome,
                milliseconds: milliseconds(duration),
            },
        );
    }

    fn progress(&self, sheet: &mut Sheet, done: u64, total: u64) {
        // Files are also compressed while cargo draws its own bar: two bars on one line would be none.
        if self.quiet || !self.terminal || !sheet.writing || total < BAR_FROM_BYTES {
            return;
        }
        // Threads report out of order; a bar only grows, unless another begins.
        let bar_of_these = sheet.bar.as_ref().filter(|bar| bar.total == total);
        let done = bar_of_these.map_or(done, |bar| bar.done.max(done)).min(total);
        let painted = bar(done, total);
        if sheet.bar.as_ref().is_some_and(|bar| bar.painted == painted) {
            return;
        }
        if bar_of_these.is_none() {
            sheet.wipe();
        }
        // Each painting covers the one before: for one total all are of one length.
        sheet.print(&format!("\r{painted}"));
        sheet.bar = Some(Bar { done, total, painted });
        if done == total {
            sheet.wipe();
        }
    }

    fn running(&self, sheet: &mut Sheet, line: &str) {
        if self.verbose && !self.quiet {
            sheet.verb(GOOD, "Running", line);
        }
        self.emit(sheet, "running", &RunningEvent { line });
    }

    /// Words of another program, as they are.
    fn words(&self, sheet: &mut Sheet, line: &str) {
        if !self.quiet {
            sheet.say(line);
        }
    }

    fn cargo(&self, sheet: &mut Sheet, line: &str) {
        let line = line.trim();
        if self.format == MessageFormat::Json && line.starts_with('{') {
            // Passed through letter by letter: reading and writing it again could only lose something.
            let envelope = format!("{{\"event\":\"cargo\",\"schema\":{SCHEMA},\"message\":{line}}}\n");
            sheet.print_result(&envelope);
        }
    }

    fn wheel(&self, sheet: &mut Sheet, wheel: &WheelMade) {
        let timings = sheet
            .timings
            .iter()
            .map(|(stage, duration)| (stage.name(), milliseconds(*duration)))
            .collect();
        let path = wheel.path.display().to_string();
        self.emit(
            sheet,
            "wheel",
            &WheelEvent {
                path: &path,
                filename: &wheel.filename,
                sha256: &wheel.sha256,
                size: wheel.size,
                tags: &wheel.tags,
                interpreter: wheel.interpreter.as_deref(),
                needed: &wheel.needed,
                libraries: wheel.libraries.iter().map(LibraryBody::from).collect(),
                outside: wheel.outside.iter().map(OutsideBody::from).collect(),
                files: wheel.files,
                timings,
            },
        );
        // What comes before the first interpreter counts for every wheel, the rest for one.
        sheet
            .timings
            .retain(|stage, _| matches!(stage, Stage::Project | Stage::Python));
    }

    fn sdist_made(&self, sheet: &mut Sheet, sdist: &SdistMade) {
        let path = sdist.path.display().to_string();
        let body = SdistEvent {
            path: &path,
            filename: &sdist.filename,
            sha256: &sdist.sha256,
            size: sdist.size,
            files: sdist.files,
        };
        self.emit(sheet, "sdist", &body);
    }

    fn emit(&self, sheet: &mut Sheet, event: &str, body: &impl Serialize) {
        if self.format != MessageFormat::Json {
            return;
        }
        let envelope = Envelope {
            event,
            schema: SCHEMA,
            body,
        };
        // Every body is made of strings, numbers and lists of them, which all have a spelling in JSON.
        if let Ok(mut line) = serde_json::to_string(&envelope) {
            line.push('\n');
            sheet.print_result(&line);
        }
    }
}

impl Sheet {
    fn say(&mut self, line: &str) {
        self.wipe();
        self.print(&format!("{line}\n"));
    }

    fn verb(&mut self, style: Style, verb: &str, text: &str) {
        self.say(&format!("{style}{verb:>VERB_WIDTH$}{style:#} {text}"));
    }

    fn advise(&mut self, hint: Option<&str>) {
        if let Some(hint) = hint {
            self.say(&format!("  {ADVICE}hint{ADVICE:#}: {}", indented(hint)));
        }
    }

    /// Takes the bar off the screen with blanks, since a terminal without colours may know no control sequences either.
    fn wipe(&mut self) {
        if let Some(bar) = self.bar.take() {
            let blanks = " ".repeat(bar.painted.chars().count());
            self.print(&format!("\r{blanks}\r"));
        }
    }

    fn print(&mut self, text: &str) {
        let _ = self.words.write_all(text.as_bytes());
        let _ = self.words.flush();
    }

    fn print_result(&mut self, line: &str) {
        let written = self
            .results
            .write_all(line.as_bytes())
            .and_then(|()| self.results.flush());
        match written {
            // A reader that has seen enough is no failure.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => self.lost = Some(error),
            _ => {}
        }
    }
}

/// Prints what clap has to say, help and version on standard output, wrong usage on standard error; gives the exit status.
#[must_use]
pub fn usage(answer: &clap::Error) -> u8 {
    let _ = answer.print();
    u8::try_from(answer.exit_code()).unwrap_or(2)
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    event: &'a str,
    schema: u32,
    #[serde(flatten)]
    body: &'a T,
}

#[derive(Serialize)]
struct NoticeEvent<'a> {
    message: &'a str,
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct StartedEvent<'a> {
    stage: &'a str,
    subject: &'a str,
}

#[derive(Serialize)]
struct FinishedEvent<'a> {
    stage: &'a str,
    subject: &'a str,
    outcome: &'a str,
    milliseconds: u64,
}

#[derive(Serialize)]
struct FileWritten<'a> {
    path: &'a str,
    action: &'static str,
    written: bool,
}

#[derive(Serialize)]
struct RunningEvent<'a> {
    line: &'a str,
}

#[derive(Serialize)]
struct WheelEvent<'a> {
    path: &'a str,
    filename: &'a str,
    sha256: &'a str,
    size: u64,
    tags: &'a [String],
    interpreter: Option<&'a str>,
    needed: &'a [String],
    libraries: Vec<LibraryBody<'a>>,
    outside: Vec<OutsideBody<'a>>,
    files: usize,
    timings: BTreeMap<&'a str, u64>,
}

#[derive(Serialize)]
struct LibraryBody<'a> {
    soname: &'a str,
    path: &'a str,
    source: String,
    sha256: &'a str,
    package: Option<PackageBody<'a>>,
}

#[derive(Serialize)]
struct PackageBody<'a> {
    name: &'a str,
    version: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct OutsideBody<'a> {
    library: &'a str,
    reason: &'a str,
}

impl<'a> From<&'a Outside> for OutsideBody<'a> {
    fn from(outside: &'a Outside) -> Self {
        Self {
            library: &outside.library,
            reason: outside.reason.name(),
        }
    }
}

impl<'a> From<&'a Carried> for LibraryBody<'a> {
    fn from(library: &'a Carried) -> Self {
        Self {
            soname: &library.soname,
            path: &library.path,
            source: library.source.display().to_string(),
            sha256: &library.sha256,
            package: library.package.as_ref().map(|package| PackageBody {
                name: &package.name,
                version: &package.version,
                url: &package.url,
            }),
        }
    }
}

#[derive(Serialize)]
struct DevelopedEvent<'a> {
    name: &'a str,
    version: &'a str,
    environment: &'a str,
    changed: bool,
    in_place: Vec<String>,
}

#[derive(Serialize)]
struct ErrorEvent<'a> {
    message: &'a str,
    causes: &'a [String],
    hint: Option<&'a str>,
    status: u8,
}

#[derive(Serialize)]
struct ProjectEvent<'a> {
    name: &'a str,
    version: &'a str,
    root: String,
    module: &'a str,
    bindings: &'a str,
    layout: &'a str,
    layout_reason: &'a str,
    settings: Vec<SettingBody<'a>>,
}

#[derive(Serialize)]
struct SettingBody<'a> {
    name: &'a str,
    value: &'a str,
    origin: &'a str,
    default: bool,
}

impl<'a> From<&'a SettingLine> for SettingBody<'a> {
    fn from(line: &'a SettingLine) -> Self {
        Self {
            name: line.name,
            value: &line.value,
            origin: &line.origin,
            default: line.is_default,
        }
    }
}

#[derive(Serialize)]
struct SdistEvent<'a> {
    path: &'a str,
    filename: &'a str,
    sha256: &'a str,
    size: u64,
    files: usize,
}

#[derive(Serialize)]
struct PlannedSdistEvent<'a> {
    filename: &'a str,
    files: Vec<FileBody<'a>>,
}

#[derive(Serialize)]
struct PlanEvent<'a> {
    filename: &'a str,
    interpreter: Option<&'a str>,
    abi: &'a str,
    reason: &'a str,
    extension: &'a str,
    files: Vec<FileBody<'a>>,
}

#[derive(Serialize)]
struct FileBody<'a> {
    path: &'a str,
    rule: &'a str,
    source: Option<String>,
}

impl<'a> From<&'a PlannedFile> for FileBody<'a> {
    fn from(file: &'a PlannedFile) -> Self {
        Self {
            path: &file.path,
            rule: &file.rule,
            source: file.source.as_ref().map(|path| path.display().to_string()),
        }
    }
}

impl<'a> From<&'a PlannedWheel> for PlanEvent<'a> {
    fn from(wheel: &'a PlannedWheel) -> Self {
        Self {
            filename: &wheel.filename,
            interpreter: wheel.interpreter.as_deref(),
            abi: &wheel.abi,
            reason: &wheel.reason,
            extension: &wheel.extension,
            files: wheel.files.iter().map(FileBody::from).collect(),
        }
    }
}

/// The report of `plan`. Files that all wheels share are listed once; sources and untouched settings only where `verbose`.
fn plan_in_words(report: &PlanReport, verbose: bool) -> String {
    let mut text = format!("{STRONG}{} {}{STRONG:#}\n", report.name, report.version);
    let facts = [
        vec!["folder".to_owned(), report.root.display().to_string()],
        vec!["module".to_owned(), report.module.clone()],
        vec!["bindings".to_owned(), report.bindings.clone()],
        vec![
            "layout".to_owned(),
            format!("{}: {}", report.layout, report.layout_reason),
        ],
    ];
    push_rows(&mut text, "  ", &facts);
    let settings: Vec<Vec<String>> = report
        .settings
        .iter()
        .filter(|setting| verbose || !setting.is_default)
        .map(|setting| {
            vec![
                setting.name.to_owned(),
                or_dash(&setting.value),
                setting.origin.clone(),
            ]
        })
        .collect();
    if !settings.is_empty() {
        push_heading(&mut text, "settings");
        push_rows(&mut text, "  ", &settings);
    }
    if let Some(sdist) = &report.sdist {
        push_heading(&mut text, &sdist.filename);
        text.push_str("  files\n");
        push_files(&mut text, sdist.files.iter(), verbose);
    }
    let shared = shared_files(&report.wheels);
    let is_shared = |file: &&PlannedFile| shared.contains(&(file.path.as_str(), file.rule.as_str()));
    for wheel in &report.wheels {
        push_heading(&mut text, &wheel.filename);
        let interpreter = wheel.interpreter.as_deref().unwrap_or("none needed");
        let facts = [
            vec!["interpreter".to_owned(), interpreter.to_owned()],
            vec!["abi".to_owned(), format!("{}: {}", wheel.abi, wheel.reason)],
        ];
        push_rows(&mut text, "  ", &facts);
        text.push_str("  files\n");
        let own = wheel.files.iter().filter(|file| !is_shared(file));
        push_files(&mut text, own, verbose);
    }
    if let (false, Some(first)) = (shared.is_empty(), report.wheels.first()) {
        push_heading(&mut text, "files in every wheel");
        push_files(&mut text, first.files.iter().filter(is_shared), verbose);
    }
    text
}

/// Path and rule of the files that all of several wheels hold.
fn shared_files(wheels: &[PlannedWheel]) -> BTreeSet<(&str, &str)> {
    match wheels {
        [first, others @ ..] if !others.is_empty() => {
            others.iter().fold(path_and_rule(first), |shared, other| {
                &shared & &path_and_rule(other)
            })
        }
        _ => BTreeSet::new(),
    }
}

fn path_and_rule(wheel: &PlannedWheel) -> BTreeSet<(&str, &str)> {
    let files = wheel.files.iter();
    files
        .map(|file| (file.path.as_str(), file.rule.as_str()))
        .collect()
}

fn push_heading(text: &mut String, heading: &str) {
    use std::fmt::Write as _;
    // Writing to a string in memory cannot fail, here and below.
    let _ = writeln!(text, "\n{STRONG}{heading}{STRONG:#}");
}

fn push_files<'a>(text: &mut String, files: impl Iterator<Item = &'a PlannedFile>, verbose: bool) {
    let row = |file: &PlannedFile| {
        let mut row = vec![file.path.clone(), file.rule.clone()];
        if let (true, Some(source)) = (verbose, &file.source) {
            row.push(source.display().to_string());
        }
        row
    };
    let rows: Vec<Vec<String>> = files.map(row).collect();
    push_rows(text, "    ", &rows);
}

/// Rows in columns as wide as their widest cell; one that is wider than most terminals stands out rather than widening all.
fn push_rows(text: &mut String, indent: &str, rows: &[Vec<String>]) {
    use std::fmt::Write as _;
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widths = cells.map(|cell| cell.chars().count());
        widths.filter(|width| *width <= WIDEST_CELL).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        let _ = writeln!(text, "{indent}{}", cells.join("  ").trim_end());
    }
}

fn or_dash(value: &str) -> String {
    if value.is_empty() { "-" } else { value }.to_owned()
}

fn past_tense(stage: Stage) -> &'static str {
    match stage {
        Stage::Project => "Read",
        Stage::Python => "Found",
        Stage::Compile => "Compiled",
        Stage::Audit => "Audited",
        Stage::Pack => "Packed",
        Stage::Write => "Wrote",
        Stage::Dependencies => "Added",
        Stage::Install => "Installed",
    }
}

/// Of a stage that finds something, what was found says all; of one that works on something, both sides count.
fn what_came_of_it(stage: Stage, subject: &str, outcome: &str) -> String {
    let both = matches!(stage, Stage::Compile | Stage::Audit);
    match (subject, outcome) {
        ("", one) | (one, "") => one.to_owned(),
        (subject, outcome) if both => format!("{subject}: {outcome}"),
        (_, outcome) => outcome.to_owned(),
    }
}

/// Every cause in words, but for those that only say again what stands before them.
fn causes(error: &(dyn Error + 'static), message: &str) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        let before = causes.last().map_or(message, String::as_str);
        if !before.ends_with(&words) {
            causes.push(words);
        }
        next = cause.source();
    }
    causes
}

/// Lines after the first stand under it, so that the words in front of the first stay visible.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}

/// `cp312-cp312-linux_x86_64` of a wheel's file name.
fn wheel_tag(filename: &str) -> &str {
    let stem = filename.strip_suffix(".whl").unwrap_or(filename);
    stem.rmatch_indices('-')
        .nth(2)
        .map_or(stem, |(at, _)| stem.split_at(at + 1).1)
}

fn bar(done: u64, total: u64) -> String {
    let width = BAR_WIDTH as u64;
    let filled = usize::try_from(done.saturating_mul(width) / total.max(1)).unwrap_or(BAR_WIDTH);
    let full = "=".repeat(filled);
    let left = " ".repeat(BAR_WIDTH.saturating_sub(filled));
    let percent = done.saturating_mul(100) / total.max(1);
    format!(
        "{:>VERB_WIDTH$} [{full}{left}] {percent:>3} % of {}",
        "Compressing",
        size_in_words(total)
    )
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn duration_in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.2} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A reader that has gone away.
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }

    fn screen(arguments: &ScreenArguments, terminal: bool) -> (Screen, Paper, Paper) {
        let (words, events) = (Paper::default(), Paper::default());
        let plain = anstream::StripStream::new(Box::new(words.clone()) as Box<dyn Write + Send>);
        let screen = Screen::on(arguments, terminal, Box::new(plain), Box::new(events.clone()));
        (screen, words, events)
    }

    fn json() -> ScreenArguments {
        ScreenArguments {
            message_format: MessageFormat::Json,
            ..ScreenArguments::default()
        }
    }

    fn wheel() -> WheelMade {
        WheelMade {
            path: "/tmp/wheels/demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl".into(),
            filename: "demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl".to_owned(),
            sha256: "ab".repeat(32),
            size: 123_456,
            tags: vec!["cp39-abi3-manylinux_2_34_x86_64".to_owned()],
            needed: vec!["libc.so.6".to_owned()],
            libraries: Vec::new(),
            outside: Vec::new(),
            interpreter: None,
            files: 7,
        }
    }

    fn finished(stage: Stage, outcome: &str, millis: u64) -> Event {
        Event::Finished {
            stage,
            outcome: outcome.to_owned(),
            duration: Duration::from_millis(millis),
        }
    }

    fn started(stage: Stage, subject: &str) -> Event {
        Event::Started {
            stage,
            subject: subject.to_owned(),
        }
    }

    #[test]
    fn a_finished_stage_is_one_line_with_its_time() {
        let (screen, words, events) = screen(&ScreenArguments::default(), false);
        screen.tell(&started(Stage::Compile, "demo 0.1.0 for CPython 3.12"));
        screen.tell(&finished(Stage::Compile, "nothing to compile", 33));
        assert_eq!(
            words.text(),
            "    Compiled demo 0.1.0 for CPython 3.12: nothing to compile in 0.03 s\n"
        );
        assert_eq!(events.text(), "");
    }

    #[test]
    fn what_was_found_is_said_without_what_was_searched() {
        assert_eq!(
            what_came_of_it(Stage::Project, "manifests", "demo 0.1.0"),
            "demo 0.1.0"
        );
        assert_eq!(what_came_of_it(Stage::Write, "demo.whl", ""), "demo.whl");
        assert_eq!(
            what_came_of_it(Stage::Audit, "demo.so", "linux_x86_64"),
            "demo.so: linux_x86_64"
        );
    }

    #[test]
    fn the_same_notice_is_told_once() {
        let (screen, words, events) = screen(&json(), false);
        for _ in 0..2 {
            screen.tell(&Event::Notice {
                message: "`include` pattern matches nothing: data/*".to_owned(),
                hint: Some("remove it".to_owned()),
            });
        }
        assert_eq!(
            words.text(),
            "notice: `include` pattern matches nothing: data/*\n  hint: remove it\n"
        );
        assert_eq!(events.text().lines().count(), 1);
    }

    #[test]
    fn quiet_leaves_only_errors() {
        let arguments = ScreenArguments {
            quiet: true,
            ..ScreenArguments::default()
        };
        let (screen, words, _) = screen(&arguments, true);
        screen.tell(&Event::Notice {
            message: "doubtful".to_owned(),
            hint: None,
        });
        screen.tell(&started(Stage::Write, "demo"));
        screen.tell(&Event::Progress {
            done: 1,
            total: 1 << 30,
        });
        screen.tell(&finished(Stage::Write, "", 1));
        screen.wheels(&[wheel()]);
        assert_eq!(words.text(), "");
        screen.error(&std::io::Error::other("broken"), None, 1);
        assert_eq!(words.text(), "error: broken\n");
    }

    #[test]
    fn an_error_tells_its_causes_and_what_to_do() {
        let (screen, words, events) = screen(&json(), false);
        let error = crate::fs::FileError {
            action: "read",
            path: "Cargo.toml".into(),
            source: std::io::Error::other("the disk\nis gone"),
        };
        screen.error(&error, Some("plug it in"), 1);
        assert_eq!(
            words.text(),
            "error: cannot read Cargo.toml\n  because: the disk\n    is gone\n  hint: plug it in\n"
        );
        assert_eq!(
            events.text(),
            "{\"event\":\"error\",\"schema\":1,\"message\":\"cannot read Cargo.toml\",\
             \"causes\":[\"the disk\\nis gone\"],\"hint\":\"plug it in\",\"status\":1}\n"
        );
    }

    #[test]
    fn cargo_s_messages_pass_letter_by_letter() {
        let (screen, _, events) = screen(&json(), false);
        screen.tell(&Event::Cargo {
            line: "{\"reason\": \"x\" }".to_owned(),
        });
        screen.tell(&Event::Cargo {
            line: "a build script said something".to_owned(),
        });
        assert_eq!(
            events.text(),
            "{\"event\":\"cargo\",\"schema\":1,\"message\":{\"reason\": \"x\" }}\n"
        );
    }

    #[test]
    fn a_wheel_has_the_time_of_what_it_took_and_not_of_its_neighbour() {
        let (screen, _, events) = screen(&json(), false);
        screen.tell(&finished(Stage::Project, "", 5));
        screen.tell(&finished(Stage::Compile, "", 70));
        screen.tell(&Event::Wheel(wheel()));
        screen.tell(&finished(Stage::Compile, "", 30));
        screen.tell(&Event::Wheel(wheel()));
        let timings: Vec<serde_json::Value> = events
            .text()
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .filter(|event| event["event"] == "wheel")
            .map(|event| event["timings"].clone())
            .collect();
        assert_eq!(
            timings,
            [
                serde_json::json!({"project": 5, "compile": 70}),
                serde_json::json!({"project": 5, "compile": 30})
            ]
        );
    }

    #[test]
    fn wheels_are_said_with_path_tag_size_and_hash() {
        let (screen, words, _) = screen(&ScreenArguments::default(), false);
        screen.wheels(&[wheel()]);
        let hash = "ab".repeat(32);
        assert_eq!(
            words.text(),
            format!(
                "       Wheel /tmp/wheels/demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl\n             \
                 tag    cp39-abi3-manylinux_2_34_x86_64\n             size   120.5 KiB\n             sha256 {hash}\n"
            )
        );
    }

    #[test]
    fn the_bar_stands_only_on_a_terminal_and_only_while_a_wheel_is_written() {
        let progress = |done| Event::Progress { done, total: 1 << 24 };
        let (piped, words, _) = screen(&ScreenArguments::default(), false);
        piped.tell(&started(Stage::Write, "demo"));
        piped.tell(&progress(1 << 23));
        assert_eq!(words.text(), "");

        let (shown, words, _) = screen(&ScreenArguments::default(), true);
        shown.tell(&progress(1 << 23));
        assert_eq!(words.text(), "");
        shown.tell(&started(Stage::Write, "demo"));
        shown.tell(&progress(1 << 23));
        assert!(words.text().contains("50 % of 16.0 MiB"), "{}", words.text());
        shown.tell(&progress(1));
        assert_eq!(words.text().matches("of 16.0 MiB").count(), 1, "a bar only grows");
        shown.tell(&progress(1 << 24));
        assert!(words.text().ends_with(" \r"), "{:?}", words.text());
    }

    fn report(filenames: &[&str]) -> PlanReport {
        let file = |path: &str, rule: &str| PlannedFile {
            path: path.to_owned(),
            rule: rule.to_owned(),
            source: Some("/demo".into()),
        };
        let wheel = |filename: &&str| PlannedWheel {
            filename: (*filename).to_owned(),
            interpreter: None,
            abi: "abi3".to_owned(),
            reason: "feature `pyo3/abi3-py39`".to_owned(),
            extension: format!("demo/{filename}.so"),
            files: vec![
                file("demo/__init__.py", "package `demo`"),
                file(&format!("demo/{filename}.so"), "the extension"),
            ],
        };
        PlanReport {
            sdist: None,
            name: "demo".to_owned(),
            version: "0.1.0".to_owned(),
            root: "/demo".into(),
            module: "demo._native".to_owned(),
            bindings: "pyo3 0.30.1".to_owned(),
            layout: "mixed".to_owned(),
            layout_reason: "the folder `demo` holds the package `demo`".to_owned(),
            wheels: filenames.iter().map(wheel).collect(),
            settings: vec![
                SettingLine {
                    name: "strip",
                    value: "true".to_owned(),
                    origin: "[tool.maturin]".to_owned(),
                    is_default: false,
                },
                SettingLine {
                    name: "features",
                    value: String::new(),
                    origin: "default".to_owned(),
                    is_default: true,
                },
            ],
        }
    }

    #[test]
    fn a_plan_is_a_block_a_wheel_on_standard_output() {
        let (screen, words, results) = screen(&ScreenArguments::default(), false);
        screen.plan(&report(&["one"]));
        assert_eq!(words.text(), "");
        let plain = anstream::adapter::strip_str(&results.text()).to_string();
        assert_eq!(
            plain,
            "demo 0.1.0
  folder    /demo
  module    demo._native
  bindings  pyo3 0.30.1
  layout    mixed: the folder `demo` holds the package `demo`

settings
  strip  true  [tool.maturin]

one
  interpreter  none needed
  abi          abi3: feature `pyo3/abi3-py39`
  files
    demo/__init__.py  package `demo`
    demo/one.so       the extension
"
        );
    }

    #[test]
    fn a_verbose_plan_has_untouched_settings_and_sources() {
        let text = plan_in_words(&report(&["one"]), true);
        assert!(text.contains("  features  -     default\n"), "{text}");
        assert!(text.contains("  the extension   /demo\n"), "{text}");
    }

    #[test]
    fn files_that_every_wheel_holds_are_listed_once() {
        let text = plan_in_words(&report(&["one", "two"]), false);
        assert_eq!(text.matches("demo/__init__.py").count(), 1, "{text}");
        assert_eq!(text.matches("demo/two.so").count(), 1, "{text}");
    }

    #[test]
    fn a_plan_for_scripts_is_one_event_for_the_project_and_one_a_wheel() {
        let (screen, _, events) = screen(&json(), false);
        screen.plan(&report(&["one", "two"]));
        let events: Vec<serde_json::Value> = events
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let names: Vec<&str> = events
            .iter()
            .map(|event| event["event"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["project", "plan", "plan"]);
        assert_eq!(events[0]["settings"][0]["origin"], "[tool.maturin]");
        assert_eq!(events[2]["files"][1]["path"], "demo/two.so");
        assert!(events[1]["interpreter"].is_null());
    }

    #[test]
    fn a_reader_that_goes_away_is_no_reason_to_stop() {
        let screen = Screen::on(&json(), true, Box::new(Gone), Box::new(Gone));
        screen.tell(&Event::Wheel(wheel()));
        screen.wheels(&[wheel()]);
        screen.error(&std::io::Error::other("broken"), None, 1);
    }

    #[test]
    fn a_cause_that_says_nothing_new_is_left_out() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer: {0}")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("inner"));
        assert!(causes(&error, &error.to_string()).is_empty());
    }

    #[test]
    fn sizes_and_times_are_said_for_people() {
        assert_eq!(size_in_words(0), "0 B");
        assert_eq!(size_in_words(1023), "1023 B");
        assert_eq!(size_in_words(1536), "1.5 KiB");
        assert_eq!(size_in_words(1024 * 1024), "1.0 MiB");
        assert_eq!(
            size_in_words(u64::MAX),
            "16777216.0 TiB".replace("16777216.0", "16777215.9")
        );
        assert_eq!(duration_in_words(Duration::from_millis(580)), "0.58 s");
        assert_eq!(duration_in_words(Duration::from_secs(65)), "1 min 05 s");
    }
}

//! `ironwheel check`: wheels and source distributions, judged and mended.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{ArgAction, ValueEnum};
use serde::Serialize;

use super::args::soname_glob;
use super::render::{BAD, DOUBTFUL, STRONG, Screen};
use crate::audit::image::{Image, ImageError};
use crate::check::{self, Finding, Findings, Kind, Mended, Profile, Severity, Surroundings};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::project::settings::excluded_globs;
use crate::smoke::{self, SmokeError};
use crate::zip::write::Timestamp;

/// Why a check came to nothing, or to something bad.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A wheel cannot be tried.
    #[error("cannot try {path}", path = path.display())]
    Smoke {
        /// The wheel.
        path: PathBuf,
        /// Why.
        source: Box<SmokeError>,
    },
    /// An image of which nothing is known.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A file of another kind.
    #[error("by its name this is neither a wheel nor a source distribution: {}", .0.display())]
    Unknown(PathBuf),
    /// What was found.
    #[error("{wrong} of {all} files break rules of the profile `{profile}`")]
    Findings {
        /// How many files have errors.
        wrong: usize,
        /// How many files were judged.
        all: usize,
        /// By whose rules.
        profile: &'static str,
    },
}

impl CheckError {
    /// 3 where the files are wrong, 1 where they could not be judged.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Findings { .. } => 3,
            Self::File(_) | Self::Smoke { .. } | Self::Image(_) | Self::Unknown(_) => 1,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Findings { .. } => Some(
                "`docs/check.md` lists the rules; `--fix` mends what can be mended without building again"
                    .to_owned(),
            ),
            Self::Unknown(_) => {
                Some("a wheel's name ends in `.whl`, a source distribution's in `.tar.gz`".to_owned())
            }
            Self::Smoke { source, .. } => match source.as_ref() {
                SmokeError::NoPython { .. } => {
                    Some("put a Python that the wheel is for onto `PATH`, or leave `--smoke` out".to_owned())
                }
                _ => None,
            },
            Self::Image(error) => Some(error.hint()),
            Self::File(_) => None,
        }
    }
}

/// Judge wheels and source distributions.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Check")]
pub struct CheckArguments {
    /// Wheels and source distributions
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Whose rules count
    #[arg(
        long,
        value_name = "standards|pypi",
        value_enum,
        default_value = "standards",
        hide_possible_values = true
    )]
    pub profile: ProfileArgument,
    /// Libraries that somebody else brings: a soname such as libfoo.so.*, or cuda
    #[arg(long, value_name = "GLOB", action = ArgAction::Append, value_parser = soname_glob)]
    pub exclude: Vec<String>,
    /// Container image that wheels are for: debian:12, python:3.11-slim
    #[arg(long, value_name = "IMAGE")]
    pub for_image: Option<String>,
    /// Python that must run in a fresh environment: 'import demo'
    #[arg(long, value_name = "CODE")]
    pub smoke: Option<String>,
    /// Write a mended wheel, where that needs no build
    #[arg(long)]
    pub fix: bool,
    /// Folder for mended wheels [default: `fixed` beside the wheel]
    #[arg(short, long, value_name = "FOLDER", requires = "fix")]
    pub out: Option<PathBuf>,
}

/// `--profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProfileArgument {
    /// The standards.
    #[value(help = None)]
    Standards,
    /// The public index.
    #[value(help = None)]
    Pypi,
}

impl From<ProfileArgument> for Profile {
    fn from(argument: ProfileArgument) -> Self {
        match argument {
            ProfileArgument::Standards => Self::Standards,
            ProfileArgument::Pypi => Self::Pypi,
        }
    }
}

/// Judges every file, mends where that was asked for, and says so.
///
/// # Errors
/// Where a file cannot be read, or one has an error that is not mended.
pub fn run(arguments: &CheckArguments, host: &Host, screen: &Screen) -> Result<(), CheckError> {
    let profile = Profile::from(arguments.profile);
    let image = arguments.for_image.as_deref().map(Image::find).transpose()?;
    let surroundings = Surroundings {
        left_out: excluded_globs(&arguments.exclude),
        image,
    };
    let mut wrong = 0;
    for file in &arguments.files {
        if !check_one(file, arguments, &surroundings, host, screen)? {
            wrong += 1;
        }
    }
    if wrong == 0 {
        return Ok(());
    }
    Err(CheckError::Findings {
        wrong,
        all: arguments.files.len(),
        profile: profile.name(),
    })
}

/// Whether a file, or the mended one, has no error.
fn check_one(
    file: &Path,
    arguments: &CheckArguments,
    surroundings: &Surroundings,
    host: &Host,
    screen: &Screen,
) -> Result<bool, CheckError> {
    let profile = Profile::from(arguments.profile);
    let path = host.absolute(file);
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let kind = Kind::of(&file_name).ok_or_else(|| CheckError::Unknown(file.to_owned()))?;
    let bytes = fs::read(&path)?;
    let mut findings = check::judge_there(kind, &file_name, &bytes, host.cores(), surroundings);
    if let (Kind::Wheel, Some(code)) = (kind, &arguments.smoke)
        && let Some(finding) = try_it(&path, code, host)?
    {
        findings.push(finding);
    }
    tell(&Judged::of(file, kind, profile, &findings), screen);
    if !arguments.fix {
        return Ok(is_clean(&findings, profile));
    }
    let timestamp = host
        .source_date_epoch()
        .map_or(Timestamp::EARLIEST, Timestamp::from_unix);
    match check::mend(kind, &file_name, &bytes, timestamp, host.cores()) {
        Ok(None) => {
            if findings.under(profile).is_empty() {
                return Ok(true);
            }
            tell_unmended(file, "nothing of it can be mended without building again", screen);
            Ok(is_clean(&findings, profile))
        }
        Err(error) => {
            tell_unmended(file, &error.to_string(), screen);
            Ok(is_clean(&findings, profile))
        }
        Ok(Some(mended)) => {
            let folder = match &arguments.out {
                Some(folder) => host.absolute(folder),
                None => path.with_file_name("fixed"),
            };
            fs::create_folder(&folder)?;
            let target = folder.join(&mended.file_name);
            fs::write_atomically(&target, &mended.bytes)?;
            tell_mended(file, &target, &mended, profile, screen);
            Ok(is_clean(&mended.left, profile))
        }
    }
}

fn try_it(path: &Path, code: &str, host: &Host) -> Result<Option<Finding>, CheckError> {
    smoke::smoke(path, code, host).map_err(|source| CheckError::Smoke {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

/// Tries wheels that were just made. One that fails is taken away, and where one cannot be tried, all that were not: nobody shall
/// take them for good.
///
/// # Errors
/// Where one cannot be tried, or does not do what it was asked to do.
pub fn try_all(wheels: &[&Path], code: &str, host: &Host, screen: &Screen) -> Result<(), CheckError> {
    let mut wrong = 0;
    for (index, wheel) in wheels.iter().enumerate() {
        let tried = try_it(wheel, code, host);
        let unproven = match &tried {
            Ok(None) => &[],
            Ok(Some(_)) => &wheels[index..=index],
            Err(_) => &wheels[index..],
        };
        for wheel in unproven {
            fs::remove(wheel)?;
        }
        if let Some(finding) = tried? {
            let mut findings = Findings::default();
            findings.push(finding);
            tell(
                &Judged::of(wheel, Kind::Wheel, Profile::Standards, &findings),
                screen,
            );
            wrong += 1;
        }
    }
    if wrong == 0 {
        return Ok(());
    }
    Err(CheckError::Findings {
        wrong,
        all: wheels.len(),
        profile: Profile::Standards.name(),
    })
}

fn is_clean(findings: &Findings, profile: Profile) -> bool {
    findings
        .under(profile)
        .iter()
        .all(|(severity, _)| *severity != Severity::Error)
}

/// A file with its findings.
struct Judged<'a> {
    path: String,
    kind: Kind,
    profile: Profile,
    found: Vec<(Severity, &'a Finding)>,
}

impl<'a> Judged<'a> {
    fn of(file: &Path, kind: Kind, profile: Profile, findings: &'a Findings) -> Self {
        Self {
            path: file.display().to_string(),
            kind,
            profile,
            found: findings.under(profile),
        }
    }

    fn count(&self, wanted: Severity) -> usize {
        self.found
            .iter()
            .filter(|(severity, _)| *severity == wanted)
            .count()
    }
}

fn tell(judged: &Judged<'_>, screen: &Screen) {
    for (severity, finding) in &judged.found {
        screen.result("", "finding", &FindingEvent::of(&judged.path, *severity, finding));
    }
    let event = CheckedEvent {
        path: &judged.path,
        kind: judged.kind.name(),
        profile: judged.profile.name(),
        errors: judged.count(Severity::Error),
        warnings: judged.count(Severity::Warning),
    };
    screen.result(&in_words(judged), "checked", &event);
}

fn tell_unmended(file: &Path, reason: &str, screen: &Screen) {
    let event = MendedEvent {
        path: None,
        from: file.display().to_string(),
        mended: Vec::new(),
        reason: Some(reason),
    };
    screen.result(&format!("  not mended: {reason}\n"), "mended", &event);
}

fn tell_mended(file: &Path, target: &Path, mended: &Mended, profile: Profile, screen: &Screen) {
    let shown: Vec<&Finding> = mended
        .mended
        .iter()
        .filter(|finding| finding.rule.severity(profile).is_some())
        .collect();
    let mut words = format!("  mended: {}\n", target.display());
    for finding in &shown {
        let _ = writeln!(words, "    {:<9} {}", finding.rule.id, finding.message);
    }
    let left = mended.left.under(profile);
    let count = |wanted| left.iter().filter(|(severity, _)| *severity == wanted).count();
    let _ = writeln!(
        words,
        "  left: {}",
        counted(count(Severity::Error), count(Severity::Warning))
    );
    for (severity, finding) in &left {
        push_finding(&mut words, *severity, finding);
    }
    let event = MendedEvent {
        path: Some(target.display().to_string()),
        from: file.display().to_string(),
        mended: shown
            .iter()
            .map(|finding| MendedBody {
                rule: finding.rule.id,
                member: finding.member.as_deref(),
                message: &finding.message,
            })
            .collect(),
        reason: None,
    };
    screen.result(&words, "mended", &event);
    let path = target.display().to_string();
    for (severity, finding) in &left {
        screen.result("", "finding", &FindingEvent::of(&path, *severity, finding));
    }
}

/// `2 errors, 1 warning`.
fn counted(errors: usize, warnings: usize) -> String {
    let several = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    match (errors, warnings) {
        (0, 0) => "nothing to object to".to_owned(),
        (0, warnings) => several(warnings, "warning"),
        (errors, 0) => several(errors, "error"),
        _ => format!("{}, {}", several(errors, "error"), several(warnings, "warning")),
    }
}

fn in_words(judged: &Judged<'_>) -> String {
    let mut out = format!(
        "{STRONG}{}{STRONG:#}: {}\n",
        judged.path,
        counted(judged.count(Severity::Error), judged.count(Severity::Warning))
    );
    for (severity, finding) in &judged.found {
        push_finding(&mut out, *severity, finding);
    }
    out
}

fn push_finding(out: &mut String, severity: Severity, finding: &Finding) {
    let style = match severity {
        Severity::Error => BAD,
        Severity::Warning => DOUBTFUL,
    };
    let rule = finding.rule;
    // Writing to a string in memory cannot fail.
    let _ = writeln!(
        out,
        "  {style}{:<7}{style:#} {:<9} {}",
        severity.name(),
        rule.id,
        finding.message.replace('\n', &format!("\n{:20}", ""))
    );
    if let Some(member) = finding
        .member
        .as_ref()
        .filter(|member| !finding.message.contains(member.as_str()))
    {
        let _ = writeln!(out, "{:20}in {member}", "");
    }
    let _ = writeln!(out, "{:20}{} <{}>", "", rule.advice, rule.source);
}

#[derive(Serialize)]
struct FindingEvent<'a> {
    path: &'a str,
    rule: &'a str,
    severity: &'a str,
    member: Option<&'a str>,
    message: &'a str,
    title: &'a str,
    advice: &'a str,
    source: &'a str,
}

impl<'a> FindingEvent<'a> {
    fn of(path: &'a str, severity: Severity, finding: &'a Finding) -> Self {
        Self {
            path,
            rule: finding.rule.id,
            severity: severity.name(),
            member: finding.member.as_deref(),
            message: &finding.message,
            title: finding.rule.title,
            advice: finding.rule.advice,
            source: finding.rule.source,
        }
    }
}

#[derive(Serialize)]
struct CheckedEvent<'a> {
    path: &'a str,
    kind: &'a str,
    profile: &'a str,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct MendedEvent<'a> {
    path: Option<String>,
    from: String,
    mended: Vec<MendedBody<'a>>,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct MendedBody<'a> {
    rule: &'a str,
    member: Option<&'a str>,
    message: &'a str,
}

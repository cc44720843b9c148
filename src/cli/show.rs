//! `ironwheel show`: a finished wheel, explained.

#![expect(
    clippy::doc_markdown,
    reason = "the comments on flags are help for a terminal, where backticks mean nothing"
)]

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::args;
use super::render::Screen;
use crate::audit::{Cause, Grafting, Objection, Place, Search, Verdict};
use crate::event::size_in_words;
use crate::fs;
use crate::host::Host;
use crate::project::settings::excluded_globs;
use crate::show::{self, Branch, Report, ShowError};
use crate::tag::PlatformTag;

/// Explain finished wheels.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Nothing is changed. Libraries are looked for where the loader of the wheel's C library would look.\n\n\
                  Examples:\n  ironwheel show demo-1.0-cp311-cp311-linux_x86_64.whl\n  \
                  ironwheel show --message-format json *.whl"
)]
pub struct ShowArguments {
    /// The wheels
    #[arg(required = true, value_name = "WHEEL")]
    pub wheels: Vec<PathBuf>,
    /// Tell every policy, file and need, however many
    #[arg(long)]
    pub all: bool,
    /// Write a page about the wheel to look at in a browser: one file that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Folders in which libraries are looked for, divided by colons [env: LD_LIBRARY_PATH]
    #[arg(long, value_name = "FOLDERS")]
    pub ldpaths: Option<String>,
    /// Libraries that may stay outside: sonames with * and ?, or a set of them: cuda
    #[arg(long, value_name = "SONAME", action = clap::ArgAction::Append, value_parser = args::soname_glob)]
    pub exclude: Vec<String>,
    /// The system that the wheel is made for, where it is not this one
    #[arg(long, value_name = "FOLDER")]
    pub sysroot: Option<PathBuf>,
}

/// As many of anything as a person reads.
const SHOWN: usize = 10;

/// Explains each wheel.
///
/// # Errors
/// The first file that is no wheel; those before it are explained. A page that cannot be written.
pub fn run(arguments: &ShowArguments, host: &Host, screen: &Screen) -> Result<(), ShowError> {
    if arguments.html.is_some() && arguments.wheels.len() > 1 {
        return Err(ShowError::OnePage(arguments.wheels.len()));
    }
    let search = search(arguments, host);
    for (index, wheel) in arguments.wheels.iter().enumerate() {
        let report = show::report(&host.absolute(wheel), &search, host.cores())?;
        let shown = if arguments.all { usize::MAX } else { SHOWN };
        let gap = if index == 0 { "" } else { "\n" };
        screen.result(
            &format!("{gap}{}", in_words(&report, shown)),
            "show",
            &ShowEvent::of(&report),
        );
        if let Some(file) = &arguments.html {
            fs::write_atomically(&host.absolute(file), show::page::render(&report).as_bytes())?;
        }
    }
    Ok(())
}

fn search(arguments: &ShowArguments, host: &Host) -> Search {
    Search {
        sysroot: arguments
            .sysroot
            .as_ref()
            .map_or_else(|| PathBuf::from("/"), |folder| host.absolute(folder)),
        library_path: args::library_path(arguments.ldpaths.as_deref(), host),
        extra: Vec::new(),
        exclude: excluded_globs(&arguments.exclude),
    }
}

fn in_words(report: &Report, shown: usize) -> String {
    let mut out = format!("{}\n", report.filename);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<12} {value}");
    };
    line("project", &report.project);
    if let Some(generator) = &report.generator {
        line("made by", generator);
    }
    line(
        "size",
        &format!(
            "{}, {} unpacked, {} files",
            size_in_words(report.size),
            size_in_words(report.unpacked()),
            report.members.len()
        ),
    );
    for entry in &report.entry_points {
        line(
            "entry point",
            &format!("{} = {} ({})", entry.name, entry.target, entry.group),
        );
    }
    for sbom in &report.sboms {
        let format = sbom.format.as_deref().unwrap_or("unknown format");
        line(
            "materials",
            &format!("{}: {format}, {} components", sbom.path, sbom.components),
        );
    }
    platform_in_words(report, &mut line);
    out.push_str(&policies_in_words(report, shown));
    out.push_str(&tree_in_words(report, shown));
    out.push_str(&outside_in_words(report));
    out.push_str(&largest_in_words(report, shown));
    out
}

fn platform_in_words(report: &Report, line: &mut impl FnMut(&str, &str)) {
    let platforms: Vec<&str> = report.filename.tag().platform().collect();
    line("named for", &platforms.join(", "));
    for (path, reason) in &report.unreadable {
        line("not judged", &format!("{path}: {reason}"));
    }
    let Some(audit) = &report.audit else {
        line("runs on", "any platform, as far as ELF files tell: it has none");
        return;
    };
    let (now, then) = (audit.best(Grafting::Forbidden), audit.best(Grafting::Allowed));
    line("runs on", &now.to_string());
    if now != then {
        let count = audit.to_graft(std::slice::from_ref(&then)).len();
        line(
            "repaired",
            &format!("{then}, with {}", counted(count, "library", "libraries")),
        );
    }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Policies of which the same is to be told.
struct Told {
    platforms: Vec<String>,
    answer: &'static str,
    /// What stands against them first of all.
    objections: Vec<String>,
    /// How much more stands against the one that has least of it, and against the one that has most.
    more: (usize, usize),
}

impl Told {
    fn of(verdict: &Verdict, shown: usize) -> Self {
        let mut objections: Vec<&Objection> = verdict.against(Grafting::Forbidden).collect();
        objections.sort_by_key(|objection| std::cmp::Reverse(version_of(&objection.cause)));
        let more = objections.len().saturating_sub(shown);
        Self {
            platforms: vec![verdict.platform.to_string()],
            answer: match (objections.is_empty(), verdict.holds(Grafting::Allowed)) {
                (true, _) => "holds",
                (false, true) => "would hold once repaired",
                (false, false) => "does not hold",
            },
            objections: objections
                .into_iter()
                .take(shown)
                .map(Objection::to_string)
                .collect(),
            more: (more, more),
        }
    }

    /// Takes another in if the same is to be told of it.
    fn takes(&mut self, other: &Self) -> bool {
        let is_alike = self.answer == other.answer && self.objections == other.objections;
        if is_alike {
            self.platforms.extend_from_slice(&other.platforms);
            self.more = (self.more.0.min(other.more.0), self.more.1.max(other.more.1));
        }
        is_alike
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "  {}  {}", self.platforms.join(", "), self.answer)?;
        for objection in &self.objections {
            writeln!(f, "    {objection}")?;
        }
        match self.more {
            (_, 0) => Ok(()),
            (least, most) if least == most => writeln!(f, "    and {}", counted(most, "other", "others")),
            (least, most) => writeln!(f, "    and {least} to {most} others"),
        }
    }
}

/// The policies that do not hold, with what stands against them, and the first that does. What is the same for several that
/// follow each other is told once.
fn policies_in_words(report: &Report, shown: usize) -> String {
    let Some(audit) = &report.audit else {
        return String::new();
    };
    let mut out = String::from("\nPolicies\n");
    let all_hold_from = audit
        .verdicts
        .iter()
        .rposition(|verdict| !verdict.holds(Grafting::Forbidden))
        .map_or(0, |last| last + 1);
    let most = if shown < usize::MAX { 3 } else { shown };
    let told_one_by_one = if shown < usize::MAX {
        all_hold_from.saturating_add(1)
    } else {
        usize::MAX
    };
    let mut told: Vec<Told> = Vec::new();
    for verdict in audit.verdicts.iter().take(told_one_by_one) {
        let next = Told::of(verdict, most);
        if !told.last_mut().is_some_and(|last| last.takes(&next)) {
            told.push(next);
        }
    }
    for told in &told {
        let _ = write!(out, "{told}");
    }
    if let Some(newer) = audit
        .verdicts
        .len()
        .checked_sub(told_one_by_one)
        .filter(|newer| *newer > 0)
    {
        let _ = writeln!(out, "  and {newer} newer");
    }
    if audit.verdicts.is_empty() {
        let _ = writeln!(out, "  there are none for {}", audit.architecture());
    }
    out
}

/// The numbers of a version that is too new: the newest tells most. What nothing newer would mend comes before them all.
fn version_of(cause: &Cause) -> Vec<u32> {
    match cause {
        Cause::TooNew { version, .. } => version
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .collect(),
        _ => vec![u32::MAX],
    }
}

fn tree_in_words(report: &Report, shown: usize) -> String {
    let roots = report.tree();
    if roots.is_empty() {
        return String::new();
    }
    let mut out = String::from("\nWho needs whom\n");
    for root in roots.iter().take(shown) {
        let _ = writeln!(out, "  {}", root.name);
        branches_in_words(&root.needs, "  ", &mut out);
    }
    if let Some(more) = roots.len().checked_sub(shown).filter(|more| *more > 0) {
        let _ = writeln!(
            out,
            "  and {} (`--all` shows them)",
            counted(more, "other file", "other files")
        );
    }
    out
}

fn branches_in_words(branches: &[Branch], indent: &str, out: &mut String) {
    let (promised, others): (Vec<&Branch>, Vec<&Branch>) = branches
        .iter()
        .partition(|branch| branch.place == Some(Place::Promised));
    let mut lines: Vec<(String, &[Branch])> = others
        .iter()
        .map(|branch| (branch_in_words(branch), branch.needs.as_slice()))
        .collect();
    if !promised.is_empty() {
        let names: Vec<&str> = promised.iter().map(|branch| branch.name.as_str()).collect();
        lines.push((format!("the system's: {}", names.join(", ")), &[]));
    }
    let last = lines.len().saturating_sub(1);
    for (index, (line, needs)) in lines.into_iter().enumerate() {
        let (knee, next) = if index == last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let _ = writeln!(out, "{indent}{knee}{line}");
        branches_in_words(needs, &format!("{indent}{next}"), out);
    }
}

fn branch_in_words(branch: &Branch) -> String {
    let name = &branch.name;
    let above = if branch.is_told { " (above)" } else { "" };
    match &branch.place {
        Some(Place::Wheel(path)) => format!("{name} → {path}{above}"),
        Some(Place::Machine(path)) => format!("{name} → {} outside of the wheel{above}", path.display()),
        Some(Place::Interpreter) => format!("{name}: the interpreter's"),
        Some(Place::Excluded) => format!("{name}: left out"),
        Some(Place::Missing) => format!("{name}: missing"),
        Some(Place::Promised) | None => name.clone(),
    }
}

/// Libraries that are not in the wheel, whose they are, and where those that are missing were looked for.
fn outside_in_words(report: &Report) -> String {
    let mut out = String::new();
    let closure = &report.closure;
    if !closure.libraries.is_empty() {
        out.push_str("\nOutside of the wheel\n");
    }
    for (path, library) in &closure.libraries {
        let owner = match report.owners.get(path) {
            Some(owner) => format!("{} {}", owner.name, owner.version),
            None => "no package's".to_owned(),
        };
        let size = size_in_words(library.bytes.len() as u64);
        let _ = writeln!(out, "  {}  {size}, {owner}", path.display());
    }
    for (soname, paths) in &closure.clashes {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let _ = writeln!(
            out,
            "  `{soname}` is the name of more than one: {}",
            paths.join(", ")
        );
    }
    if !closure.searched.is_empty() {
        out.push_str("\nMissing\n");
    }
    for (name, folders) in &closure.searched {
        let hint = match report.bringing.get(name) {
            Some(package) => format!(" (the package `{package}` would bring it)"),
            None => String::new(),
        };
        let _ = writeln!(out, "  {name}{hint}, searched in:");
        for folder in folders {
            let _ = writeln!(out, "    {}", folder.display());
        }
    }
    out
}

fn largest_in_words(report: &Report, shown: usize) -> String {
    let mut out = String::from("\nLargest files, as they are and unpacked\n");
    for member in report.largest().into_iter().take(shown) {
        let _ = writeln!(
            out,
            "  {:>10}  {:>10}  {}",
            size_in_words(member.compressed),
            size_in_words(member.bytes.len() as u64),
            member.path
        );
    }
    if let Some(more) = report.members.len().checked_sub(shown).filter(|more| *more > 0) {
        let _ = writeln!(out, "  and {}", counted(more, "smaller one", "smaller ones"));
    }
    out
}

#[derive(Serialize)]
struct ShowEvent<'a> {
    path: String,
    filename: String,
    project: &'a str,
    generator: Option<&'a str>,
    tags: Vec<String>,
    size: u64,
    unpacked: u64,
    files: Vec<FileBody<'a>>,
    entry_points: Vec<EntryPointBody<'a>>,
    sboms: Vec<SbomBody<'a>>,
    architecture: Option<&'a str>,
    platform: String,
    platform_repaired: String,
    policies: Vec<PolicyBody>,
    objects: Vec<ObjectBody<'a>>,
    libraries: Vec<LibraryBody<'a>>,
    missing: Vec<MissingBody<'a>>,
    clashes: Vec<ClashBody<'a>>,
    unreadable: Vec<UnreadableBody<'a>>,
}

#[derive(Serialize)]
struct FileBody<'a> {
    path: &'a str,
    size: usize,
    compressed: u64,
}

#[derive(Serialize)]
struct EntryPointBody<'a> {
    group: &'a str,
    name: &'a str,
    target: &'a str,
}

#[derive(Serialize)]
struct SbomBody<'a> {
    path: &'a str,
    format: Option<&'a str>,
    components: usize,
}

#[derive(Serialize)]
struct PolicyBody {
    platform: String,
    holds: bool,
    holds_repaired: bool,
    objections: Vec<ObjectionBody>,
    libraries: Vec<String>,
}

#[derive(Serialize)]
struct ObjectionBody {
    kind: &'static str,
    subject: String,
    message: String,
    mended_by_repair: bool,
}

#[derive(Serialize)]
struct ObjectBody<'a> {
    path: &'a str,
    machine: String,
    soname: Option<&'a str>,
    needs: Vec<NeedBody<'a>>,
}

#[derive(Serialize)]
struct LibraryBody<'a> {
    path: String,
    soname: Option<&'a str>,
    size: usize,
    package: Option<&'a str>,
    package_version: Option<&'a str>,
    needs: Vec<NeedBody<'a>>,
}

#[derive(Serialize)]
struct NeedBody<'a> {
    name: &'a str,
    place: &'static str,
    path: Option<String>,
}

#[derive(Serialize)]
struct MissingBody<'a> {
    name: &'a str,
    searched: Vec<String>,
    package: Option<&'a str>,
}

#[derive(Serialize)]
struct ClashBody<'a> {
    soname: &'a str,
    paths: Vec<String>,
}

#[derive(Serialize)]
struct UnreadableBody<'a> {
    path: &'a str,
    reason: &'a str,
}

impl<'a> NeedBody<'a> {
    fn all(needs: impl IntoIterator<Item = (&'a String, &'a Place)>) -> Vec<Self> {
        let body = |(name, place): (&'a String, &'a Place)| {
            let (place, path) = match place {
                Place::Wheel(path) => ("wheel", Some(path.to_string())),
                Place::Machine(path) => ("machine", Some(path.display().to_string())),
                Place::Promised => ("promised", None),
                Place::Interpreter => ("interpreter", None),
                Place::Excluded => ("excluded", None),
                Place::Missing => ("missing", None),
            };
            Self { name, place, path }
        };
        needs.into_iter().map(body).collect()
    }
}

impl PolicyBody {
    fn of(verdict: &Verdict) -> Self {
        let body = |mended_by_repair| {
            move |objection: &Objection| ObjectionBody {
                kind: objection.cause.kind(),
                subject: objection.subject.to_string(),
                message: objection.to_string(),
                mended_by_repair,
            }
        };
        let lasting = verdict.objections.iter().map(body(false));
        Self {
            platform: verdict.platform.to_string(),
            holds: verdict.holds(Grafting::Forbidden),
            holds_repaired: verdict.holds(Grafting::Allowed),
            objections: lasting.chain(verdict.foreign.iter().map(body(true))).collect(),
            libraries: verdict
                .libraries
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
        }
    }
}

impl<'a> ShowEvent<'a> {
    fn of(report: &'a Report) -> Self {
        let audit = report.audit.as_ref();
        let platform = |grafting| {
            let best = audit.map(|audit| audit.best(grafting));
            best.as_ref()
                .map_or_else(|| "any".to_owned(), PlatformTag::to_string)
        };
        Self {
            path: report.path.display().to_string(),
            filename: report.filename.to_string(),
            project: &report.project,
            generator: report.generator.as_deref(),
            tags: report.filename.tag().expanded(),
            size: report.size,
            unpacked: report.unpacked(),
            files: report
                .members
                .iter()
                .map(|member| FileBody {
                    path: &member.path,
                    size: member.bytes.len(),
                    compressed: member.compressed,
                })
                .collect(),
            entry_points: report
                .entry_points
                .iter()
                .map(|it| EntryPointBody {
                    group: &it.group,
                    name: &it.name,
                    target: &it.target,
                })
                .collect(),
            sboms: report
                .sboms
                .iter()
                .map(|it| SbomBody {
                    path: &it.path,
                    format: it.format.as_deref(),
                    components: it.components,
                })
                .collect(),
            architecture: audit.map(crate::audit::Audit::architecture),
            platform: platform(Grafting::Forbidden),
            platform_repaired: platform(Grafting::Allowed),
            policies: audit
                .into_iter()
                .flat_map(|audit| audit.verdicts.iter().map(PolicyBody::of))
                .collect(),
            objects: objects(report),
            libraries: libraries(report),
            missing: missing(report),
            clashes: report
                .closure
                .clashes
                .iter()
                .map(|(soname, paths)| ClashBody {
                    soname,
                    paths: paths.iter().map(|path| path.display().to_string()).collect(),
                })
                .collect(),
            unreadable: report
                .unreadable
                .iter()
                .map(|(path, reason)| UnreadableBody { path, reason })
                .collect(),
        }
    }
}

fn objects(report: &Report) -> Vec<ObjectBody<'_>> {
    report
        .objects
        .iter()
        .map(|object| ObjectBody {
            path: object.path.as_str(),
            machine: object.facts.machine.to_string(),
            soname: object.facts.soname.as_deref(),
            needs: NeedBody::all(report.closure.objects.get(&object.path).into_iter().flatten()),
        })
        .collect()
}

fn libraries(report: &Report) -> Vec<LibraryBody<'_>> {
    report
        .closure
        .libraries
        .iter()
        .map(|(path, library)| {
            let owner = report.owners.get(path);
            LibraryBody {
                path: path.display().to_string(),
                soname: library.facts.soname.as_deref(),
                size: library.bytes.len(),
                package: owner.map(|owner| owner.name.as_str()),
                package_version: owner.map(|owner| owner.version.as_str()),
                needs: NeedBody::all(&library.needs),
            }
        })
        .collect()
}

fn missing(report: &Report) -> Vec<MissingBody<'_>> {
    report
        .closure
        .searched
        .iter()
        .map(|(name, folders)| MissingBody {
            name,
            searched: folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect(),
            package: report.bringing.get(name).map(String::as_str),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(platform: &str, objections: &[&str], more: usize) -> Told {
        Told {
            platforms: vec![platform.to_owned()],
            answer: "does not hold",
            objections: objections.iter().map(|&it| it.to_owned()).collect(),
            more: (more, more),
        }
    }

    #[test]
    fn what_is_the_same_for_several_policies_is_told_once() {
        let mut first = told("a", &["too new"], 7);
        assert!(first.takes(&told("b", &["too new"], 3)));
        assert!(first.takes(&told("c", &["too new"], 5)));
        assert!(!first.takes(&told("d", &["missing"], 5)));
        assert_eq!(
            first.to_string(),
            "  a, b, c  does not hold\n    too new\n    and 3 to 7 others\n"
        );
        assert_eq!(
            told("a", &["too new"], 1).to_string(),
            "  a  does not hold\n    too new\n    and 1 other\n"
        );
        assert_eq!(
            told("a", &["too new"], 0).to_string(),
            "  a  does not hold\n    too new\n"
        );
    }
}

//! `ironwheel elf`: what a shared object asks of the loader, shown and edited, with the flags of patchelf.

#![expect(
    clippy::doc_markdown,
    reason = "the comments on flags are help for a terminal, where backticks mean nothing"
)]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::UsageError;
use super::render::Screen;
use crate::elf::{Edits, Facts, NeededVersion, RunPath, RunPathTag};
use crate::elf_file::{self, ElfFileError, FileEdits, Shrink};
use crate::fs::{self, FileError};
use crate::host::Host;

/// Show and edit ELF files.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "A flag without `print` edits every FILE in place, all flags at once: a new file is renamed over the old one.\n\n\
                  Examples:\n  ironwheel elf show demo.so\n  ironwheel elf --set-rpath '$ORIGIN/../demo.libs' demo.so\n  \
                  ironwheel elf --replace-needed libz.so.1 libz-0123abcd.so.1 demo.so"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ElfArguments {
    /// Show everything about files
    #[command(subcommand)]
    pub command: Option<ElfCommand>,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the run path
    #[arg(long, help_heading = "Print")]
    pub print_rpath: bool,
    /// Print the soname
    #[arg(long, help_heading = "Print")]
    pub print_soname: bool,
    /// Print the needed libraries, one a line
    #[arg(long, help_heading = "Print")]
    pub print_needed: bool,
    /// Print the interpreter that starts the program
    #[arg(long, help_heading = "Print")]
    pub print_interpreter: bool,
    /// Print whether an executable stack is asked for
    #[arg(long, help_heading = "Print")]
    pub print_execstack: bool,
    /// Set the run path
    #[arg(long, value_name = "PATH", group = "run_path", help_heading = "Edit")]
    pub set_rpath: Option<String>,
    /// Add entries to the run path, each once
    #[arg(long, value_name = "PATH", group = "run_path", help_heading = "Edit")]
    pub add_rpath: Option<String>,
    /// Remove the run path
    #[arg(long, group = "run_path", help_heading = "Edit")]
    pub remove_rpath: bool,
    /// Remove folders from the run path that hold no needed library
    #[arg(long, group = "run_path", help_heading = "Edit")]
    pub shrink_rpath: bool,
    /// With --shrink-rpath: also remove folders that begin with none of these, divided by colons
    #[arg(
        long,
        value_name = "PREFIXES",
        requires = "shrink_rpath",
        help_heading = "Edit"
    )]
    pub allowed_rpath_prefixes: Option<String>,
    /// Keep the run path in DT_RPATH, which the libraries that are loaded inherit, not in DT_RUNPATH
    #[arg(long, help_heading = "Edit")]
    pub force_rpath: bool,
    /// Set the soname
    #[arg(long, value_name = "NAME", help_heading = "Edit")]
    pub set_soname: Option<String>,
    /// Need another library instead of one, and its symbol versions from there
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], action = clap::ArgAction::Append, help_heading = "Edit")]
    pub replace_needed: Vec<String>,
    /// Need one library more
    #[arg(long, value_name = "NAME", help_heading = "Edit")]
    pub add_needed: Vec<String>,
    /// Need one library less
    #[arg(long, value_name = "NAME", help_heading = "Edit")]
    pub remove_needed: Vec<String>,
    /// Set the interpreter that starts the program
    #[arg(long, alias = "interpreter", value_name = "FILE", help_heading = "Edit")]
    pub set_interpreter: Option<String>,
    /// Do not ask for an executable stack
    #[arg(long, help_heading = "Edit")]
    pub clear_execstack: bool,
    /// Write the edited file here and leave FILE as it is
    #[arg(long, value_name = "FILE", help_heading = "Edit")]
    pub output: Option<PathBuf>,
    /// The page size; taken from the file itself
    #[arg(long, value_name = "SIZE", hide = true)]
    pub page_size: Option<u64>,
    /// Nothing is sorted anyway
    #[arg(long, hide = true)]
    pub no_sort: bool,
    /// Nothing that an edit does not own is overwritten anyway
    #[arg(long, hide = true)]
    pub no_clobber_old_sections: bool,
    /// There is nothing more to tell
    #[arg(long, hide = true)]
    pub debug: bool,
}

/// What else can be done with files.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum ElfCommand {
    /// Show everything about files
    Show {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

impl ElfArguments {
    /// Reads a plain line of edits, as build scripts and Dockerfiles have them by the hundred, a file each: building the grammar
    /// and asking it takes longer than the edit. Nothing where anything about the line is special or wrong: the grammar knows
    /// more, and says it better.
    #[must_use]
    pub fn quickly(words: &[OsString]) -> Option<Self> {
        let mut asked = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()?
                    .to_str()
                    .filter(|it| !it.starts_with('-'))
                    .map(str::to_owned)
            };
            match word.to_str()? {
                "--set-rpath" => put(&mut asked.set_rpath, value()?)?,
                "--set-soname" => put(&mut asked.set_soname, value()?)?,
                "--set-interpreter" => put(&mut asked.set_interpreter, value()?)?,
                "--output" => put(&mut asked.output, value()?.into())?,
                "--replace-needed" => asked.replace_needed.extend([value()?, value()?]),
                "--add-needed" => asked.add_needed.push(value()?),
                "--remove-needed" => asked.remove_needed.push(value()?),
                "--force-rpath" if !asked.force_rpath => asked.force_rpath = true,
                "show" | "help" | "" => return None,
                flag if flag.starts_with('-') => return None,
                file => asked.files.push(file.into()),
            }
        }
        (!asked.files.is_empty()).then_some(asked)
    }

    /// # Errors
    /// Where several edited files would get one name.
    pub fn check(&self) -> Result<(), UsageError> {
        match (&self.output, self.files.len()) {
            (Some(_), several @ 2..) => Err(UsageError::OutputOfSeveral(several)),
            _ => Ok(()),
        }
    }

    /// The same where a value is not `@FILE` but what that file holds, for each flag of patchelf's that takes one so.
    fn with_values_read(&self, host: &Host) -> Result<Self, FileError> {
        let mut read = self.clone();
        let once = [
            &mut read.set_rpath,
            &mut read.add_rpath,
            &mut read.allowed_rpath_prefixes,
            &mut read.set_soname,
            &mut read.set_interpreter,
        ];
        let often = read.add_needed.iter_mut().chain(&mut read.remove_needed);
        for value in once.into_iter().flatten().chain(often) {
            if let Some(held) = held_by_file(value, host)? {
                *value = held;
            }
        }
        if let Some(output) = &mut read.output
            && let Some(held) = output
                .to_str()
                .map(|it| held_by_file(it, host))
                .transpose()?
                .flatten()
        {
            *output = held.into();
        }
        Ok(read)
    }

    fn edits(&self) -> FileEdits {
        let run_path = match (&self.set_rpath, &self.add_rpath, self.remove_rpath) {
            (Some(path), ..) => RunPath::Set(path.clone()),
            (_, Some(path), _) => RunPath::Add(path.clone()),
            (.., true) => RunPath::Remove,
            _ => RunPath::Keep,
        };
        let touches_run_path = run_path != RunPath::Keep || self.shrink_rpath;
        let run_path_tag = match (self.force_rpath, touches_run_path) {
            (true, _) => RunPathTag::Rpath,
            (false, true) => RunPathTag::Runpath,
            (false, false) => RunPathTag::AsItIs,
        };
        let pairs = self.replace_needed.chunks_exact(2);
        let prefixes = self.allowed_rpath_prefixes.as_deref().unwrap_or_default();
        FileEdits {
            edits: Edits {
                soname: self.set_soname.clone(),
                replace_needed: pairs.map(|pair| (pair[0].clone(), pair[1].clone())).collect(),
                add_needed: self.add_needed.clone(),
                remove_needed: self.remove_needed.iter().cloned().collect(),
                run_path,
                run_path_tag,
                interpreter: self.set_interpreter.clone(),
                clear_executable_stack: self.clear_execstack,
            },
            shrink: self.shrink_rpath.then(|| Shrink {
                allowed_prefixes: prefixes
                    .split(':')
                    .filter(|it| !it.is_empty())
                    .map(str::to_owned)
                    .collect(),
            }),
        }
    }

    fn asks_to_print(&self) -> bool {
        self.print_rpath
            || self.print_soname
            || self.print_needed
            || self.print_interpreter
            || self.print_execstack
    }

    /// What the `--print-…` flags ask for, a line each.
    fn printed(&self, facts: &Facts, path: &Path) -> Result<String, ElfFileError> {
        let mut out = String::new();
        let mut line = |text: &str| {
            out.push_str(text);
            out.push('\n');
        };
        if self.print_interpreter {
            line(elf_file::interpreter(facts, path)?);
        }
        if let Some(soname) = facts.soname.as_ref().filter(|_| self.print_soname) {
            line(soname);
        }
        if self.print_rpath {
            line(
                facts
                    .runpath
                    .as_ref()
                    .or(facts.rpath.as_ref())
                    .map_or("", String::as_str),
            );
        }
        if self.print_needed {
            facts.needed.iter().for_each(|library| line(library));
        }
        if self.print_execstack {
            line(if facts.has_executable_stack {
                "execstack: X"
            } else {
                "execstack: -"
            });
        }
        Ok(out)
    }
}

/// What the file holds that `@FILE` names, without a line break at its end; nothing where the value is one itself.
fn held_by_file(value: &str, host: &Host) -> Result<Option<String>, FileError> {
    let Some(file) = value.strip_prefix('@') else {
        return Ok(None);
    };
    let text = fs::read_text(&host.absolute(Path::new(file)))?;
    Ok(Some(text.strip_suffix('\n').unwrap_or(&text).to_owned()))
}

/// Fills a place that is still empty.
fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.is_none().then(|| *place = Some(value))
}

/// Shows or edits the files.
///
/// # Errors
/// The first file that cannot be read or edited; those before it are done, those behind it untouched.
pub fn run(arguments: &ElfArguments, host: &Host, screen: &Screen) -> Result<(), ElfFileError> {
    if let Some(ElfCommand::Show { files }) = &arguments.command {
        let all: Vec<(&PathBuf, Facts)> = files
            .iter()
            .map(|file| Ok((file, elf_file::facts(&host.absolute(file))?)))
            .collect::<Result<_, ElfFileError>>()?;
        for (index, (file, facts)) in all.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            screen.result(
                &format!("{gap}{}", in_words(file, facts)),
                "elf",
                &ElfEvent::of(file, facts),
            );
        }
        return Ok(());
    }
    let arguments = &arguments.with_values_read(host)?;
    let wanted = arguments.edits();
    for file in &arguments.files {
        let path = host.absolute(file);
        if arguments.asks_to_print() {
            let facts = elf_file::facts(&path)?;
            screen.result(
                &arguments.printed(&facts, &path)?,
                "elf",
                &ElfEvent::of(file, &facts),
            );
        }
        if wanted != FileEdits::default() || arguments.output.is_some() {
            let output = arguments.output.as_ref().map(|output| host.absolute(output));
            let edited = elf_file::edit(&path, output.as_deref(), &wanted)?;
            let event = EditedEvent {
                path: arguments.output.as_ref().unwrap_or(file).display().to_string(),
                changed: edited.changed,
                size: edited.size,
                size_before: edited.size_before,
            };
            screen.result("", "edited", &event);
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct EditedEvent {
    path: String,
    changed: bool,
    size: u64,
    size_before: u64,
}

#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent fact about a file"
)]
struct ElfEvent<'a> {
    path: String,
    machine: String,
    architecture: Option<&'a str>,
    bits: u8,
    little_endian: bool,
    kind: &'a str,
    soname: Option<&'a str>,
    interpreter: Option<&'a str>,
    rpath: Option<&'a str>,
    runpath: Option<&'a str>,
    needed: &'a [String],
    needed_versions: Vec<VersionBody<'a>>,
    provided_versions: &'a [String],
    exported: Vec<SymbolBody<'a>>,
    undefined: Vec<SymbolBody<'a>>,
    flags: u64,
    flags_1: u64,
    build_id: Option<&'a str>,
    dynamic: bool,
    stripped: bool,
    executable_stack: bool,
    x86_64_level: u8,
}

#[derive(Serialize)]
struct VersionBody<'a> {
    library: &'a str,
    version: &'a str,
    weak: bool,
    symbols: &'a [String],
}

#[derive(Serialize)]
struct SymbolBody<'a> {
    name: &'a str,
    weak: bool,
}

impl<'a> ElfEvent<'a> {
    fn of(path: &Path, facts: &'a Facts) -> Self {
        let symbols = |symbols: &'a [crate::elf::Symbol]| {
            symbols
                .iter()
                .map(|it| SymbolBody {
                    name: &it.name,
                    weak: it.weak,
                })
                .collect()
        };
        let version = |it: &'a NeededVersion| VersionBody {
            library: &it.library,
            version: &it.version,
            weak: it.weak,
            symbols: &it.symbols,
        };
        Self {
            path: path.display().to_string(),
            machine: facts.machine.to_string(),
            architecture: facts.machine.architecture(),
            bits: if facts.machine.is_64 { 64 } else { 32 },
            little_endian: facts.machine.is_little_endian,
            kind: kind(facts),
            soname: facts.soname.as_deref(),
            interpreter: facts.interpreter.as_deref(),
            rpath: facts.rpath.as_deref(),
            runpath: facts.runpath.as_deref(),
            needed: &facts.needed,
            needed_versions: facts.needed_versions.iter().map(version).collect(),
            provided_versions: &facts.provided_versions,
            exported: symbols(&facts.exported),
            undefined: symbols(&facts.undefined),
            flags: facts.flags,
            flags_1: facts.flags_1,
            build_id: facts.build_id.as_deref(),
            dynamic: facts.is_dynamic,
            stripped: facts.is_stripped,
            executable_stack: facts.has_executable_stack,
            x86_64_level: facts.x86_64_level,
        }
    }
}

/// What a file is, in a word or two.
fn kind(facts: &Facts) -> &'static str {
    match (facts.object_type, facts.is_pie, facts.interpreter.is_some()) {
        (1, ..) => "object file",
        (2, _, true) => "program",
        (2, _, false) => "static program",
        (3, true, true) => "position-independent program",
        (3, true, false) => "static position-independent program",
        (3, ..) => "shared object",
        (4, ..) => "core dump",
        _ => "unknown kind of file",
    }
}

fn in_words(path: &Path, facts: &Facts) -> String {
    let mut out = format!("{}\n", path.display());
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<13} {value}");
    };
    line("kind", &format!("{} for {}", kind(facts), facts.machine));
    for (name, value) in [
        ("soname", &facts.soname),
        ("interpreter", &facts.interpreter),
        ("rpath", &facts.rpath),
        ("runpath", &facts.runpath),
        ("build id", &facts.build_id),
    ] {
        if let Some(value) = value {
            line(name, value);
        }
    }
    list("needs", &facts.needed, &mut line);
    let versions: Vec<String> = facts.needed_versions.iter().map(version_in_words).collect();
    list("versions", &versions, &mut line);
    list("provides", &facts.provided_versions, &mut line);
    line(
        "symbols",
        &format!(
            "{} exported, {} undefined",
            facts.exported.len(),
            facts.undefined.len()
        ),
    );
    let mut notes = vec![if facts.is_stripped {
        "stripped"
    } else {
        "not stripped"
    }];
    if !facts.is_dynamic {
        notes.push("no dynamic section");
    }
    if facts.has_executable_stack {
        notes.push("asks for an executable stack");
    }
    line("notes", &notes.join(", "));
    out
}

/// One value a line, the name before the first.
fn list(name: &str, values: &[String], line: &mut impl FnMut(&str, &str)) {
    for (index, value) in values.iter().enumerate() {
        line(if index == 0 { name } else { "" }, value);
    }
}

/// `GLIBC_2.34 of libc.so.6: stat, fstat and 3 more`.
fn version_in_words(needed: &NeededVersion) -> String {
    const SHOWN: usize = 6;
    let mut out = format!("{} of {}", needed.version, needed.library);
    if !needed.symbols.is_empty() {
        let shown: Vec<&str> = needed.symbols.iter().take(SHOWN).map(String::as_str).collect();
        let _ = write!(out, ": {}", shown.join(", "));
    }
    if let Some(more) = needed.symbols.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = write!(out, " and {more} more");
    }
    if needed.weak {
        out.push_str(" (not required)");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{self, Command};

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn by_the_grammar(line: &str) -> Option<ElfArguments> {
        let arguments = args::by_the_grammar(words(&format!("ironwheel elf {line}"))).ok()?;
        match arguments.command {
            Command::Elf(elf) => Some(elf),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_plain_line_means_what_the_grammar_says() {
        for line in [
            "a.so",
            "--set-rpath $ORIGIN a.so b.so",
            "a.so --set-soname libx.so --output b.so",
            "--force-rpath --set-rpath x --replace-needed a b --replace-needed c d --add-needed e --remove-needed f g.so",
            "--set-interpreter /lib/ld.so a --add-needed e --add-needed f",
        ] {
            let quick = ElfArguments::quickly(&words(line));
            assert_eq!(quick, by_the_grammar(line), "{line}");
            assert!(quick.is_some(), "{line}");
        }
    }

    #[test]
    fn whatever_is_special_or_wrong_is_left_to_the_grammar() {
        for line in [
            "",
            "show a.so",
            "a.so show",
            "help",
            "--help",
            "--set-rpath",
            "--set-rpath a",
            "--set-rpath --output a.so",
            "--set-rpath=a a.so",
            "--set-rpath a --set-rpath b a.so",
            "--set-rpath a --add-rpath b a.so",
            "--force-rpath --force-rpath a.so",
            "--message-format json --set-soname a a.so",
            "--print-rpath a.so",
            "-- a.so",
            "-q a.so",
            "--replace-needed a",
        ] {
            assert_eq!(ElfArguments::quickly(&words(line)), None, "{line}");
        }
    }
}

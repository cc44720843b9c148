//! Manual pages, in the language of `man`, from the same grammar that `--help` comes from.
//!
//! <https://man7.org/linux/man-pages/man7/groff_man.7.html>

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};

use super::args::{Arguments, EXIT_STATUS, examples};

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its file's name: `ironwheel-build.1`.
    pub file_name: String,
    /// Its text.
    pub text: String,
}

/// The pages of the program and of all its commands, the program's first.
#[must_use]
pub fn pages() -> Vec<Page> {
    let mut program = Arguments::command();
    program.build();
    let mut pages = Vec::new();
    add(&program, &[], &mut pages);
    pages
}

fn add(command: &Command, above: &[&str], pages: &mut Vec<Page>) {
    let names: Vec<&str> = above.iter().copied().chain([command.get_name()]).collect();
    pages.push(Page {
        file_name: format!("{}.1", names.join("-")),
        text: page(command, &names),
    });
    for inner in shown(command) {
        add(inner, &names, pages);
    }
}

/// The commands within that help tells of.
fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set() && inner.get_name() != "help")
}

fn page(command: &Command, names: &[&str]) -> String {
    let name = names.join("-");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    // No date: the same program has the same pages whenever they are written.
    let mut out = format!(
        ".TH {} 1 \"\" \"ironwheel {}\" \"\"\n.SH NAME\n{} \\- {}\n",
        escaped(&name.to_uppercase()),
        env!("CARGO_PKG_VERSION"),
        escaped(&name),
        escaped(&about),
    );
    out.push_str(".SH SYNOPSIS\n");
    let usage = command.clone().render_usage().to_string();
    for line in usage
        .trim_start_matches("Usage:")
        .lines()
        .filter(|line| !line.trim().is_empty())
    {
        let _ = writeln!(out, ".B {}\n.br", escaped(line.trim()));
    }
    if let Some(note) = command.get_after_help() {
        let (words, rest) = divided(&note.to_string());
        let _ = writeln!(out, ".SH DESCRIPTION\n{}", escaped(&words));
        push_verbatim(&mut out, "EXAMPLES", &rest);
    }
    push_arguments(&mut out, command);
    let inner: Vec<&Command> = shown(command).collect();
    if !inner.is_empty() {
        out.push_str(".SH COMMANDS\n");
        for inner in &inner {
            let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(
                out,
                ".TP\n.BR {} (1)\n{}",
                escaped(&format!("{name}-{}", inner.get_name())),
                escaped(&about)
            );
        }
    }
    let rows = examples(&names[1..].join(" "));
    if !rows.is_empty() {
        out.push_str(".SH EXAMPLES\n");
        push_rows(&mut out, rows);
    }
    out.push_str(".SH EXIT STATUS\n");
    push_rows(&mut out, EXIT_STATUS);
    if names.len() > 1 {
        let above = names[..names.len() - 1].join("-");
        let _ = writeln!(out, ".SH SEE ALSO\n.BR {} (1)", escaped(&above));
    }
    out
}

/// What is said behind a command's flags: words first, then examples, which stand as they are.
fn divided(note: &str) -> (String, String) {
    match note.split_once("Examples:\n") {
        Some((words, rest)) => (words.trim().to_owned(), rest.trim_end().to_owned()),
        None => (note.trim().to_owned(), String::new()),
    }
}

fn push_verbatim(out: &mut String, heading: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let _ = writeln!(out, ".SH {heading}\n.nf");
    for line in text.lines() {
        let _ = writeln!(out, "{}", escaped(line.trim()));
    }
    out.push_str(".fi\n");
}

/// Arguments and flags below the headings that they have in `--help`.
fn push_arguments(out: &mut String, command: &Command) {
    let all: Vec<&Arg> = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set())
        .collect();
    let heading = |argument: &Arg| {
        let usual = if argument.is_positional() {
            "Arguments"
        } else {
            "Options"
        };
        argument.get_help_heading().unwrap_or(usual).to_owned()
    };
    let mut headings: Vec<String> = Vec::new();
    for argument in &all {
        if !headings.contains(&heading(argument)) {
            headings.push(heading(argument));
        }
    }
    for title in headings {
        let _ = writeln!(out, ".SH {}", escaped(&title.to_uppercase()));
        for argument in all.iter().filter(|argument| heading(argument) == title) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(out, ".TP\n.B {}\n{}", escaped(&spelled(argument)), escaped(&help));
        }
    }
}

/// A flag as it is typed: `-o, --out <FOLDER>`.
fn spelled(argument: &Arg) -> String {
    let mut names = Vec::new();
    names.extend(argument.get_short().map(|short| format!("-{short}")));
    names.extend(argument.get_long().map(|long| format!("--{long}")));
    let mut text = names.join(", ");
    if argument.is_positional() || argument.get_action().takes_values() {
        let values = argument.get_value_names().unwrap_or_default();
        let values: Vec<String> = values.iter().map(|value| format!("<{value}>")).collect();
        if !text.is_empty() && !values.is_empty() {
            text.push(' ');
        }
        text.push_str(&values.join(" "));
    }
    text
}

fn push_rows(out: &mut String, rows: &[(&str, &str)]) {
    for (left, right) in rows {
        let _ = writeln!(out, ".TP\n.B {}\n{}", escaped(left), escaped(right));
    }
}

/// A text that means nothing to roff.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if !out.is_empty() {
            out.push('\n');
        }
        if line.starts_with(['.', '\'']) {
            out.push_str("\\&");
        }
        for c in line.chars() {
            match c {
                '\\' => out.push_str("\\e"),
                '-' => out.push_str("\\-"),
                '"' => out.push_str("\\(dq"),
                '`' => out.push_str("\\(ga"),
                '\'' => out.push_str("\\(aq"),
                '^' => out.push_str("\\(ha"),
                '~' => out.push_str("\\(ti"),
                other => out.push(other),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_help_tells_of_has_a_page() {
        let pages = pages();
        let names: Vec<&str> = pages.iter().map(|page| page.file_name.as_str()).collect();
        assert_eq!(names[0], "ironwheel.1");
        for name in ["ironwheel-build.1", "ironwheel-elf-show.1", "ironwheel-man.1"] {
            assert!(names.contains(&name), "{names:?}");
        }
        assert!(
            !names
                .iter()
                .any(|name| name.contains("help") || name.contains("pep517"))
        );
        for page in &pages {
            assert!(
                page.text.contains("\\- ") && page.text.contains(".SH SYNOPSIS"),
                "{}",
                page.text
            );
            assert!(!page.text.contains('\u{1b}'), "{}", page.file_name);
        }
    }

    #[test]
    fn a_page_tells_every_flag_that_help_tells() {
        let pages = pages();
        let build = pages
            .iter()
            .find(|page| page.file_name == "ironwheel-build.1")
            .unwrap();
        for part in [
            ".B \\-o, \\-\\-out <FOLDER>\n",
            ".SH CARGO\n",
            ".B 128+N\n",
            ".B ironwheel build \\-i 3.10 \\-i 3.12\n",
            ".BR ironwheel (1)",
        ] {
            assert!(build.text.contains(part), "{part}\n{}", build.text);
        }
        assert!(!build.text.contains("zig"), "{}", build.text);
    }

    #[test]
    fn what_means_something_to_roff_is_escaped() {
        assert_eq!(
            escaped(".a-b\\n\n'c \"d\""),
            "\\&.a\\-b\\en\n\\&\\(aqc \\(dqd\\(dq"
        );
    }
}

//! `ironwheel verify`: whether a build makes the same bytes everywhere, and if not, why.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::args::BuildArguments;
use super::render::Screen;
use crate::event::Listener;
use crate::host::Host;
use crate::project::settings::Overrides;
use crate::verify::{self, Compared, Request, VerifyError};

/// Build twice and compare.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "The two builds have different folders, file times, homes, names of the user, time zones, locales, umasks and numbers of \
                  jobs.\n\nExamples:\n  ironwheel verify --locked\n  ironwheel verify demo-1.0-cp311-abi3-manylinux_2_34_x86_64.whl --locked"
)]
pub struct VerifyArguments {
    /// Wheels and source distributions to compare one build with [default: build twice]
    #[arg(value_name = "WHEEL")]
    pub given: Vec<PathBuf>,
    /// What the build is asked for.
    #[command(flatten)]
    pub build: BuildArguments,
}

/// Builds, compares and tells.
///
/// # Errors
/// Where a build fails, and where the files differ.
pub fn run(
    arguments: &VerifyArguments,
    overrides: &Overrides,
    typed: &[OsString],
    host: &Host,
    screen: &Screen,
    listener: Listener<'_>,
) -> Result<(), VerifyError> {
    let program = host.own_program().map_err(VerifyError::Program)?;
    let request = Request {
        overrides,
        typed: &build_arguments(typed, &arguments.given),
        program: &program,
        given: &arguments.given,
    };
    let compared = verify::verify(&request, host, listener)?;
    let words = words_of(&compared, !arguments.given.is_empty());
    for (file, words) in compared.iter().zip(words) {
        screen.result(&words, "verified", file);
    }
    let wrong = compared.iter().filter(|file| !file.is_same()).count();
    if wrong > 0 {
        return Err(VerifyError::Differs {
            wrong,
            all: compared.len(),
        });
    }
    Ok(())
}

/// What was typed behind the command's name, but for what is given and for where results go.
fn build_arguments(typed: &[OsString], given: &[PathBuf]) -> Vec<String> {
    let mut words = typed
        .iter()
        .skip(1)
        .skip_while(|word| *word != "verify")
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned());
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if word == "--" {
            kept.push(word);
            kept.extend(words);
            break;
        }
        match word.as_str() {
            // Each build has places and an audience of its own.
            "-o" | "--out" | "--target-dir" | "--message-format" => drop(words.next()),
            _ if ["--out=", "--target-dir=", "--message-format="]
                .iter()
                .any(|flag| word.starts_with(flag))
                || (word.starts_with("-o") && !word.starts_with("--"))
                || given.iter().any(|path| path.as_os_str() == word.as_str()) => {}
            _ => kept.push(word),
        }
    }
    kept
}

/// What is said of each file.
fn words_of(compared: &[Compared], was_given: bool) -> Vec<String> {
    let say = |file: &Compared| {
        if let (true, Some(sum)) = (file.is_same(), &file.first) {
            return format!("{}: the same bytes, sha256 {sum}\n", file.filename);
        }
        let sides = if was_given {
            "first: built now; second: as given"
        } else {
            "first and second build"
        };
        let mut words = format!("{}: differs ({sides})\n", file.filename);
        for difference in &file.differences {
            let member = difference.member.as_deref().unwrap_or("the archive");
            let _ = writeln!(words, "  {member}: {}", difference.words);
            for (label, text) in [("because", &difference.cause), ("remedy", &difference.remedy)] {
                if let Some(text) = text {
                    let _ = writeln!(words, "    {label}: {text}");
                }
            }
        }
        words
    };
    compared.iter().map(say).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_for_the_build_is_handed_on() {
        let of = |line: &str, given: &[&str]| {
            let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let given: Vec<PathBuf> = given.iter().map(PathBuf::from).collect();
            build_arguments(&typed, &given).join(" ")
        };
        assert_eq!(of("ironwheel verify", &[]), "");
        assert_eq!(
            of(
                "ironwheel -q verify a.whl --locked -o x -F a -m b/Cargo.toml --target-dir=t -- -o y",
                &["a.whl"]
            ),
            "--locked -F a -m b/Cargo.toml -- -o y"
        );
    }
}

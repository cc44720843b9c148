//! Takes what a build was asked for. Gives what two builds of it differ in, file by file, or one build and wheels that somebody
//! else made. Knows nothing of the screen.
//!
//! Each build is one of its own: a copy of the project in another folder, with other file times, another target directory, another
//! home, user's name, time zone, locale and umask, another number of jobs, and a later time of day. Only the
//! tools and what cargo has downloaded are shared.

mod copy;
mod explain;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

pub use explain::Difference;

use crate::event::{Event, Listener};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::process::{self, Invocation, ProcessError};
use crate::project::settings::Overrides;
use crate::project::{self, Project, ProjectError};
use crate::zip::deflate::Digest;
use copy::{Ages, Copy};
use explain::{Trace, Traces, explain};

/// What is asked.
#[derive(Debug)]
pub struct Request<'a> {
    /// What the build is asked for.
    pub overrides: &'a Overrides,
    /// The same as typed, without what says where the results go: the arguments behind `build`.
    pub typed: &'a [String],
    /// The program that builds: this one.
    pub program: &'a Path,
    /// Wheels and source distributions that one build is compared with; none where two builds are compared.
    pub given: &'a [PathBuf],
}

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The project cannot be understood.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program cannot be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The system does not tell which file this program is.
    #[error("cannot tell where ironwheel itself lies")]
    Program(#[source] std::io::Error),
    /// A build failed, which has said why.
    #[error("the {which} build failed with status {status}, in a copy of the project")]
    Build {
        /// `first` or `second`.
        which: &'static str,
        /// Its exit status.
        status: i32,
    },
    /// The builds differ.
    #[error("{wrong} of {all} files differ")]
    Differs {
        /// How many files differ.
        wrong: usize,
        /// How many files were compared.
        all: usize,
    },
}

impl VerifyError {
    /// The program's exit status: that of the build where one failed.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Build { status, .. } => u8::try_from(*status)
                .ok()
                .filter(|status| *status > 0)
                .unwrap_or(1),
            Self::Project(error) => error
                .cargo_status()
                .and_then(|status| u8::try_from(status).ok())
                .unwrap_or(1),
            _ => 1,
        }
    }
}

/// A file that was compared.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Its name.
    pub filename: String,
    /// The SHA-256 of the first; none where there is no such file.
    pub first: Option<String>,
    /// That of the second.
    pub second: Option<String>,
    /// What they differ in; nothing where they are the same.
    pub differences: Vec<Difference>,
}

impl Compared {
    /// Whether both are there and are the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.first.is_some() && self.first == self.second
    }
}

/// What lies between the end of one build and the start of the next: a time of day that got into a file is another one then, even
/// where it counts in steps of two seconds, as a ZIP archive does.
const APART: Duration = Duration::from_secs(2);

/// Builds, and compares all that was made by name.
///
/// # Errors
/// Where the project cannot be copied or a build fails. That the files differ is none.
pub fn verify(
    request: &Request<'_>,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Vec<Compared>, VerifyError> {
    let began = now();
    let project = project::load(request.overrides, host)?;
    let folder = tempfile::Builder::new()
        .prefix("ironwheel-verify-")
        .tempdir()
        .map_err(FileError::new(
            "create a folder in",
            Path::new("the temporary folder"),
        ))?;
    let builder = Builder {
        request,
        project: &project,
        host,
        listener,
    };
    let (first, first_traces) = builder.build(&folder.path().join("a"), &PLAIN)?;
    let (second, second_traces) = if request.given.is_empty() {
        std::thread::sleep(APART);
        builder.build(&folder.path().join("somewhere-else/and-deeper"), &OTHER)?
    } else {
        (
            request.given.iter().map(|path| host.absolute(path)).collect(),
            Vec::new(),
        )
    };
    let traces = Traces {
        words: [first_traces, second_traces],
        during: (began, now()),
    };
    // What was given comes first: it is older.
    compare(&first, &second, &traces)
}

/// In which ways a build is unlike another.
struct Variation {
    /// For people.
    which: &'static str,
    ages: Ages,
    umask: &'static str,
    /// Variables that every user and machine has other values of.
    variables: &'static [(&'static str, &'static str)],
    /// Whether it has a home of its own and fewer jobs.
    is_other: bool,
}

const PLAIN: Variation = Variation {
    which: "first",
    ages: Ages::Fresh,
    umask: "022",
    variables: &[],
    is_other: false,
};

const OTHER: Variation = Variation {
    which: "second",
    ages: Ages::Old,
    umask: "077",
    variables: &[
        ("TZ", "Asia/Kathmandu"),
        ("LANG", "tr_TR.UTF-8"),
        ("LC_ALL", "C"),
        ("USER", "somebody-else"),
        ("LOGNAME", "somebody-else"),
        ("HOSTNAME", "some-other-machine"),
    ],
    is_other: true,
};

/// What was made, sorted by name, and words that could only have come from this build.
type Built = (Vec<PathBuf>, Vec<Trace>);

struct Builder<'a> {
    request: &'a Request<'a>,
    project: &'a Project,
    host: &'a Host,
    listener: Listener<'a>,
}

impl Builder<'_> {
    /// Builds in a copy below a folder.
    fn build(&self, folder: &Path, variation: &Variation) -> Result<Built, VerifyError> {
        let copy = Copy::of(self.project, &folder.join("source"), variation.ages)?;
        let working_directory = copy.path_of(self.host.working_directory());
        fs::create_folder(&working_directory)?;
        let (out, target) = (folder.join("out"), folder.join("target"));
        let mut set: BTreeMap<String, String> = variation
            .variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        set.insert("CARGO_TARGET_DIR".to_owned(), text(&target));
        if variation.is_other {
            set.extend(self.another_home(folder)?);
        }
        let mut arguments: Vec<String> = ["-c", "umask $0; exec \"$@\"", variation.umask]
            .map(str::to_owned)
            .into();
        arguments.extend([text(self.request.program), "build".to_owned()]);
        arguments.extend(["--out".to_owned(), text(&out)]);
        let typed = self.request.typed.iter();
        arguments.extend(typed.map(|word| copy.argument(word, self.host.working_directory())));
        let call = Invocation {
            program: "sh".to_owned(),
            arguments,
            set,
            // What is compared is no product: the workflow that asks is told of none.
            unset: ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"].map(str::to_owned).into(),
            working_directory,
        };
        (self.listener)(Event::Running {
            line: call.line_from(self.host.working_directory()),
        });
        let finished = process::stream(&call, &mut |_| ())?;
        if finished.status != 0 {
            return Err(VerifyError::Build {
                which: variation.which,
                status: finished.status,
            });
        }
        let mut traces = vec![
            (text(copy.root()), "the folder of the sources"),
            (text(&target), "the target directory"),
            (text(folder), "the folder of the build"),
        ];
        let words = call.set.iter().filter(|(name, _)| {
            variation
                .variables
                .iter()
                .any(|(own, value)| own == name && value.len() > 5)
                || matches!(name.as_str(), "HOME" | "CARGO_HOME")
        });
        traces.extend(words.map(|(_, value)| (value.clone(), "the environment")));
        for (name, what) in [
            ("HOME", "the home folder"),
            ("USER", "the user's name"),
            ("HOSTNAME", "the machine's name"),
        ] {
            // A name such as `root` or `me` says nothing where it is found.
            let value = self.host.variable(name).filter(|value| value.len() > 5);
            if let (Some(value), false) = (value, variation.is_other) {
                traces.push((value.to_owned(), what));
            }
        }
        Ok((files_in(&out)?, traces))
    }

    /// A home with nothing in it, beside which tools and downloads are found as before, the latter by another path.
    fn another_home(&self, folder: &Path) -> Result<BTreeMap<String, String>, FileError> {
        let home = folder.join("home");
        fs::create_folder(&home)?;
        let mut set = BTreeMap::from([("HOME".to_owned(), text(&home))]);
        if let Some(rustup) = self.host.tool_folder("RUSTUP_HOME", ".rustup") {
            set.insert("RUSTUP_HOME".to_owned(), text(&rustup));
        }
        if let Some(cargo) = self.host.tool_folder("CARGO_HOME", ".cargo") {
            fs::create_folder(&cargo)?;
            let link = folder.join("cargo-home");
            copy::link(&cargo, &link)?;
            set.insert("CARGO_HOME".to_owned(), text(&link));
        }
        let asked = self.request.overrides.jobs.is_some();
        if !asked {
            let jobs = (self.host.cores() / 2).max(1);
            set.insert("CARGO_BUILD_JOBS".to_owned(), jobs.to_string());
        }
        Ok(set)
    }
}

/// Compares files by name. Of wheels that were given only those are looked at.
fn compare(first: &[PathBuf], second: &[PathBuf], traces: &Traces) -> Result<Vec<Compared>, VerifyError> {
    let mut pairs: BTreeMap<String, [Option<&Path>; 2]> = BTreeMap::new();
    for (side, paths) in [first, second].into_iter().enumerate() {
        for path in paths {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            pairs.entry(name).or_default()[side] = Some(path);
        }
    }
    pairs
        .into_iter()
        .map(|(filename, paths)| compare_one(filename, paths, traces))
        .collect()
}

fn compare_one(
    filename: String,
    paths: [Option<&Path>; 2],
    traces: &Traces,
) -> Result<Compared, VerifyError> {
    let read = |path: Option<&Path>| path.map(fs::read).transpose();
    let [first, second] = [read(paths[0])?, read(paths[1])?];
    let sum = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| Digest::of(bytes).sha256_hex());
    let differences = match (&first, &second) {
        (Some(first), Some(second)) if first == second => Vec::new(),
        (Some(first), Some(second)) => explain(&filename, first, second, traces),
        (first, _) => vec![Difference::missing(first.is_some())],
    };
    Ok(Compared {
        first: sum(&first),
        second: sum(&second),
        filename,
        differences,
    })
}

/// The files of a folder, sorted.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = std::fs::read_dir(folder).map_err(FileError::new("read", folder))?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            crate::check::Kind::of(&name).is_some()
        })
        .collect();
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs()
}

//! Takes what was made and what happened on the way. Gives what is laid beside it: checksums, a report, and what a workflow wants to
//! know of it. Knows nothing of how anything is made.

mod github;
mod report;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use github::tell;

use crate::event::{Event, ProjectSeen, SdistMade, Stage, WheelMade};
use crate::fs::{self, FileError};
use crate::host::Host;

/// The name of the file with checksums, in the folder of what was made.
pub const CHECKSUMS: &str = "SHA256SUMS";
/// The name of the report where none is given, in the folder of what was made.
pub const REPORT: &str = "build-report.json";

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Checksums.
    pub checksums: bool,
    /// A report, and where it goes if not to the usual place.
    pub report: Option<Option<PathBuf>>,
}

/// What one run made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Made<'a> {
    /// The source distribution.
    pub sdist: Option<&'a SdistMade>,
    /// The wheels, in the order they were made.
    pub wheels: &'a [WheelMade],
}

/// A finished file.
#[derive(Debug, Clone, Copy)]
struct Artifact<'a> {
    path: &'a Path,
    filename: &'a str,
    size: u64,
    sha256: &'a str,
}

impl<'a> Made<'a> {
    /// Every file, sorted by name.
    fn artifacts(self) -> Vec<Artifact<'a>> {
        let wheels = self.wheels.iter().map(|wheel| Artifact {
            path: &wheel.path,
            filename: &wheel.filename,
            size: wheel.size,
            sha256: &wheel.sha256,
        });
        let sdist = self.sdist.iter().map(|sdist| Artifact {
            path: &sdist.path,
            filename: &sdist.filename,
            size: sdist.size,
            sha256: &sdist.sha256,
        });
        let mut artifacts: Vec<Artifact<'_>> = wheels.chain(sdist).collect();
        artifacts.sort_by_key(|artifact| artifact.filename);
        artifacts
    }

    /// The folder that all of it lies in; nothing where nothing was made.
    fn folder(self) -> Option<&'a Path> {
        self.artifacts().first()?.path.parent()
    }
}

/// What is laid beside what was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// The file with checksums.
    pub checksums: Option<PathBuf>,
    /// The report.
    pub report: Option<PathBuf>,
}

impl Beside {
    /// All of it.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.checksums.iter().chain(&self.report)
    }
}

/// Keeps a record of a run, event by event, from any thread.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Seen>);

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    /// The project, as it was seen first: sources may be packed, unpacked and built from.
    project: Option<ProjectSeen>,
    /// The folder that paths are relative to now.
    base: PathBuf,
    /// Files that were read, by their path in the project.
    inputs: BTreeMap<String, PathBuf>,
    calls: Vec<String>,
    notices: Vec<(String, Option<String>)>,
    timings: BTreeMap<Stage, Duration>,
}

impl Recorder {
    /// Takes down what matters of an event.
    pub fn note(&self, event: &Event) {
        let mut seen = self.seen();
        match event {
            Event::Project(project) => {
                seen.base.clone_from(&project.base);
                seen.take(project.files.iter());
                seen.project.get_or_insert_with(|| project.clone());
            }
            Event::Compiled { call, sources } => {
                seen.take(sources.iter());
                if !seen.calls.contains(call) {
                    seen.calls.push(call.clone());
                }
            }
            Event::Read(path) => seen.take([path].into_iter()),
            Event::Notice { message, hint } => {
                let notice = (message.clone(), hint.clone());
                if !seen.notices.contains(&notice) {
                    seen.notices.push(notice);
                }
            }
            Event::Finished { stage, duration, .. } => {
                *seen.timings.entry(*stage).or_default() += *duration;
            }
            _ => {}
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn take<'a>(&mut self, files: impl Iterator<Item = &'a PathBuf>) {
        for file in files {
            let file = fs::normalize(file);
            let name = relative(&self.base, &file);
            self.inputs.entry(name).or_insert(file);
        }
    }
}

/// Lays beside what was made what was asked for. Nothing where nothing was made.
///
/// # Errors
/// A file that cannot be written, or one of the sources that cannot be read any more.
pub fn write(recorder: &Recorder, made: Made<'_>, wish: &Wish, host: &Host) -> Result<Beside, FileError> {
    let mut beside = Beside::default();
    let Some(folder) = made.folder() else {
        return Ok(beside);
    };
    if wish.checksums {
        let path = folder.join(CHECKSUMS);
        fs::write_atomically(&path, checksums(made).as_bytes())?;
        beside.checksums = Some(path);
    }
    if let Some(asked) = &wish.report {
        let path = match asked {
            Some(path) => host.absolute(path),
            None => folder.join(REPORT),
        };
        let text = report::render(&recorder.seen(), made, host)?;
        if let Some(folder) = path.parent() {
            fs::create_folder(folder)?;
        }
        fs::write_atomically(&path, text.as_bytes())?;
        beside.report = Some(path);
    }
    Ok(beside)
}

/// A line for each file, sorted by name, as `sha256sum --check` reads them in the folder of the files.
///
/// <https://www.gnu.org/software/coreutils/manual/html_node/md5sum-invocation.html>
fn checksums(made: Made<'_>) -> String {
    made.artifacts().iter().fold(String::new(), |mut text, artifact| {
        let _ = writeln!(text, "{}  {}", artifact.sha256, artifact.filename);
        text
    })
}

/// A path as it is written in a folder: `src/lib.rs`, `../other/Cargo.toml`. Always with `/`.
fn relative(base: &Path, path: &Path) -> String {
    let common = base
        .components()
        .zip(path.components())
        .take_while(|(one, other)| one == other)
        .count();
    if common <= 1 && path.is_absolute() {
        // Nothing in common but the root: the way there would only tell where the base is.
        return path.display().to_string();
    }
    let up = base.components().skip(common).map(|_| "..".to_owned());
    let down = path
        .components()
        .skip(common)
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Carried, Outside, Reason, SystemPackage};

    pub(super) fn wheel(filename: &str) -> WheelMade {
        WheelMade {
            path: Path::new("/out").join(filename),
            filename: filename.to_owned(),
            sha256: "ab".repeat(32),
            size: 123_456,
            tags: vec!["cp39-abi3-manylinux_2_34_x86_64".to_owned()],
            interpreter: None,
            needed: vec!["libc.so.6".to_owned(), "libpq.so.5".to_owned()],
            libraries: vec![Carried {
                soname: "libpq.so.5".to_owned(),
                path: "demo.libs/libpq-0123.so.5".to_owned(),
                source: "/usr/lib/libpq.so.5.15".into(),
                sha256: "cd".repeat(32),
                package: Some(SystemPackage {
                    name: "libpq5".to_owned(),
                    version: "15.14-0+deb12u1".to_owned(),
                    url: "pkg:deb/debian/libpq5@15.14-0%2Bdeb12u1?arch=amd64&distro=debian-12".to_owned(),
                }),
            }],
            outside: vec![Outside {
                library: "libc.so.6".to_owned(),
                reason: Reason::Platform,
            }],
            files: 7,
        }
    }

    pub(super) fn sdist() -> SdistMade {
        SdistMade {
            path: "/out/demo-0.1.0.tar.gz".into(),
            filename: "demo-0.1.0.tar.gz".to_owned(),
            sha256: "ef".repeat(32),
            size: 1_000,
            files: 5,
        }
    }

    #[test]
    fn checksums_are_sorted_by_name_and_say_nothing_of_folders() {
        let wheels = [
            wheel("demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl"),
            wheel("demo-0.1.0-cp313-cp313t-linux_x86_64.whl"),
        ];
        let sdist = sdist();
        let made = Made {
            sdist: Some(&sdist),
            wheels: &wheels,
        };
        let (wheel, source) = ("ab".repeat(32), "ef".repeat(32));
        assert_eq!(
            checksums(made),
            format!(
                "{wheel}  demo-0.1.0-cp313-cp313t-linux_x86_64.whl\n{wheel}  \
                 demo-0.1.0-cp39-abi3-manylinux_2_34_x86_64.whl\n{source}  demo-0.1.0.tar.gz\n"
            )
        );
    }

    #[test]
    fn nothing_is_laid_beside_nothing() {
        let host = Host::new(BTreeMap::new(), "/".into()).unwrap();
        let wish = Wish {
            checksums: true,
            report: Some(None),
        };
        let beside = write(&Recorder::default(), Made::default(), &wish, &host).unwrap();
        assert_eq!(beside, Beside::default());
    }

    #[test]
    fn paths_are_told_from_the_project() {
        let told = |base: &str, path: &str| relative(Path::new(base), Path::new(path));
        assert_eq!(told("/a/demo", "/a/demo/src/lib.rs"), "src/lib.rs");
        assert_eq!(told("/a/demo", "/a/other/Cargo.toml"), "../other/Cargo.toml");
        assert_eq!(told("/a/demo", "/etc/cargo.toml"), "/etc/cargo.toml");
        assert_eq!(told("", "/a/demo.whl"), "/a/demo.whl");
    }
}

//! What front ends ask for: one wheel, its metadata alone, and what has to be there before.

use std::path::{Path, PathBuf};

use super::{MakeError, Maker, announce, architecture_of, check_writable, decide, planned, understand};
use crate::archive::{Content, Tree};
use crate::compile;
use crate::event::{Listener, WheelMade};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::plan::{Job, Plan};
use crate::project::settings::Overrides;
use crate::project::{self, Project};
use crate::tag::{WheelFilename, WheelTag};
use crate::wheel::files::{self, Selected};
use crate::wheel::metadata;

/// What a front end cannot have.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// A hook gives back one wheel.
    #[error("a front end takes one wheel at a time, but {} were asked for: {}", .0.len(), .0.join(", "))]
    SeveralWheels(Vec<String>),
    /// Sources are used where they lie, which is this machine.
    #[error("an editable installation is for this machine, but the build is for another: {0}")]
    OtherMachine(String),
    /// The metadata directory holds no metadata.
    #[error("the metadata directory holds no METADATA: {}", .0.display())]
    NoMetadata(PathBuf),
    /// The metadata directory is another project's, or this one's of another time.
    #[error(
        "the metadata directory disagrees with the project: `{file}` has `{there}` there and `{here}` here: {path}",
        path = path.display()
    )]
    OtherMetadata {
        /// Which file of it.
        file: &'static str,
        /// The first line that differs, as it stands there.
        there: String,
        /// What the project makes of it.
        here: String,
        /// The folder.
        path: PathBuf,
    },
}

impl HookError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::SeveralWheels(_) => {
                "name one Python in the build arguments; `ironwheel build` makes several wheels".to_owned()
            }
            Self::OtherMachine(_) => {
                "leave `--target`, `CARGO_BUILD_TARGET` and `build.target` of cargo's configuration out".to_owned()
            }
            Self::NoMetadata(_) => {
                "give what `prepare_metadata_for_build_wheel` wrote: its `.dist-info` folder".to_owned()
            }
            Self::OtherMetadata { .. } => {
                "the project, or what it was asked with, changed since the metadata was prepared: prepare it again"
                    .to_owned()
            }
        }
    }
}

/// Makes the one wheel that a front end asks for. `promised` is the folder with the metadata that it was told before.
pub fn wheel_for_front_end(
    overrides: &Overrides,
    promised: Option<&Path>,
    host: &Host,
    listener: Listener<'_>,
) -> Result<WheelMade, MakeError> {
    let project = understand(overrides, host, listener)?;
    check_writable(&project.settings.out.value)?;
    if let Some(folder) = promised {
        check_promised(&project, folder)?;
    }
    let plan = decide(&project, host, listener)?;
    let job = only_job(&plan)?;
    let selected = files::select(&project, &project.data_folder())?;
    announce(&plan.notices, listener);
    announce(&selected.notices, listener);
    let _alone = compile::alone(&project.cargo, listener)?;
    let maker = Maker {
        project: &project,
        selected: &selected,
        host,
        listener,
    };
    maker.make(job)
}

/// Holds the project against the metadata that a front end was told before, and against what it can take.
///
/// # Errors
/// Where they disagree, and where several wheels would be made.
pub fn keep_promises(
    overrides: &Overrides,
    promised: Option<&Path>,
    host: &Host,
    listener: Listener<'_>,
) -> Result<(), MakeError> {
    let project = understand(overrides, host, listener)?;
    if let Some(folder) = promised {
        check_promised(&project, folder)?;
    }
    only_job(&decide(&project, host, listener)?)?;
    Ok(())
}

/// Writes the metadata of the wheel that would be built into a folder of its own below `folder`, and gives that folder's name.
/// Compiles nothing.
pub fn dist_info(
    overrides: &Overrides,
    folder: &Path,
    host: &Host,
    listener: Listener<'_>,
) -> Result<String, MakeError> {
    let project = understand(overrides, host, listener)?;
    check_writable(folder)?;
    let plan = decide(&project, host, listener)?;
    let filename = filename_as_far_as_known(&project, only_job(&plan)?)?;
    let selected = Selected::default();
    let maker = Maker {
        project: &project,
        selected: &selected,
        host,
        listener,
    };
    let mut tree = Tree::default();
    maker.add_descriptions(&filename, &mut tree)?;
    for (path, entry) in tree {
        let target = folder.join(path.as_str());
        fs::create_folder(target.parent().unwrap_or(folder))?;
        let bytes = match entry.content {
            Content::Bytes(bytes) => bytes,
            Content::File(source) => fs::read(&source)?.into(),
        };
        std::fs::write(&target, bytes.as_slice()).map_err(FileError::new("write", &target))?;
    }
    Ok(filename.dist_info())
}

/// What has to be installed where a wheel is built: for cffi's bindings, cffi.
pub fn build_requirements(overrides: &Overrides, host: &Host) -> Result<Vec<String>, MakeError> {
    let is_cffi = project::is_of_cffi(overrides, host)?;
    Ok(is_cffi.then(|| "cffi".to_owned()).into_iter().collect())
}

pub(super) fn only_job(plan: &Plan) -> Result<&Job, HookError> {
    match plan.jobs.as_slice() {
        [job] => Ok(job),
        jobs => Err(HookError::SeveralWheels(jobs.iter().map(Job::subject).collect())),
    }
}

/// The wheel's name before it is known what the audit would make of its platform.
pub(super) fn filename_as_far_as_known(project: &Project, job: &Job) -> Result<WheelFilename, MakeError> {
    let platform = planned::platform(project);
    let platform = if platform == "*" {
        format!("linux_{}", architecture_of(&project.cargo.target_triple))
    } else {
        platform
    };
    let tag = WheelTag::new(vec![job.python_tag.clone()], job.abi_tags.clone(), vec![platform]);
    Ok(WheelFilename::new(
        &project.metadata.name,
        &project.version,
        None,
        tag,
    )?)
}

/// The wheel has to have the very metadata that the front end was told: it may have resolved dependencies by it.
pub(super) fn check_promised(project: &Project, folder: &Path) -> Result<(), MakeError> {
    let name = format!(
        "{}-{}.dist-info",
        project.metadata.name.escaped(),
        project.version
    );
    let folder = if folder.join("METADATA").is_file() {
        folder.to_owned()
    } else {
        inner_dist_info(&folder.join(&name), folder)?
    };
    let there = fs::read_text(&folder.join("METADATA"))?;
    let here = metadata::render(&project.metadata);
    compare("METADATA", &there, &here, &folder)?;
    let there = std::fs::read_to_string(folder.join("entry_points.txt")).unwrap_or_default();
    let here = crate::wheel::info::entry_points(&project.entry_points).unwrap_or_default();
    compare("entry_points.txt", &there, &here, &folder)?;
    Ok(())
}

/// The dist-info folder in a folder that holds one: the expected one, or whichever is there, so that the difference can be told.
fn inner_dist_info(expected: &Path, folder: &Path) -> Result<PathBuf, HookError> {
    if expected.join("METADATA").is_file() {
        return Ok(expected.to_owned());
    }
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "dist-info"))
        .filter(|path| path.join("METADATA").is_file())
        .collect();
    found.sort();
    found
        .into_iter()
        .next()
        .ok_or_else(|| HookError::NoMetadata(folder.to_owned()))
}

fn compare(file: &'static str, there: &str, here: &str, folder: &Path) -> Result<(), HookError> {
    if there == here {
        return Ok(());
    }
    let (mut theirs, mut ours) = (there.lines(), here.lines());
    loop {
        let lines = (theirs.next(), ours.next());
        if lines.0 != lines.1 || lines.0.is_none() {
            let said = |line: Option<&str>| line.unwrap_or("nothing").to_owned();
            return Err(HookError::OtherMetadata {
                file,
                there: said(lines.0),
                here: said(lines.1),
                path: folder.to_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_told() {
        let difference = |there: &str, here: &str| {
            compare("METADATA", there, here, Path::new("/m"))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            difference("Name: a\nVersion: 1\n", "Name: a\nVersion: 2\n"),
            "the metadata directory disagrees with the project: `METADATA` has `Version: 1` there and `Version: 2` here: /m"
        );
        assert!(difference("Name: a\n", "Name: a\nVersion: 2\n").contains("`nothing` there"));
        compare("METADATA", "Name: a\n", "Name: a\n", Path::new("/m")).unwrap();
    }

    #[test]
    fn a_dist_info_folder_is_found_in_the_folder_that_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let expected = folder.path().join("a-1.dist-info");
        assert!(matches!(
            inner_dist_info(&expected, folder.path()),
            Err(HookError::NoMetadata(_))
        ));
        let other = folder.path().join("a-0.dist-info");
        for dist_info in [&other, &expected] {
            std::fs::create_dir(dist_info).unwrap();
            std::fs::write(dist_info.join("METADATA"), "").unwrap();
            assert_eq!(&inner_dist_info(&expected, folder.path()).unwrap(), dist_info);
        }
    }
}

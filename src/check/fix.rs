//! Mends what can be mended without building again: the archive is packed anew, with the names, modes and tables that its files
//! and its file name call for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::dist_info::WheelLines;
use super::members::is_in_dist_info;
use super::{Finding, Findings, Kind, judge, version_of};
use crate::archive::ArchivePath;
use crate::archive::Installed;
use crate::name::ProjectName;
use crate::tag::{BuildTag, WheelFilename, WheelTag};
use crate::version::Version;
use crate::wheel::record;
use crate::zip::deflate::{self, Compression, Digest, Packed};
use crate::zip::survey::{self, Flaw, Survey};
use crate::zip::write::{self, Member, Timestamp};

/// A mended wheel.
#[derive(Debug)]
pub struct Mended {
    /// Its file name, normalized.
    pub file_name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What was wrong and is no more.
    pub mended: Vec<Finding>,
    /// What is still wrong.
    pub left: Findings,
}

/// Why a file cannot be mended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be mended: {0}")]
pub struct Unmendable(String);

/// Mends a wheel; nothing where there is nothing to mend.
///
/// # Errors
/// Where a file cannot be read, or it is not clear what is meant.
pub fn mend(
    kind: Kind,
    written: &str,
    bytes: &[u8],
    timestamp: Timestamp,
    cores: usize,
) -> Result<Option<Mended>, Unmendable> {
    if kind == Kind::Sdist {
        return unmendable("only wheels can be packed anew, an sdist is to be built again");
    }
    let before = judge(kind, written, bytes, cores);
    if before.iter().next().is_none() {
        return Ok(None);
    }
    let filename = WheelFilename::parse(written)
        .ok()
        .and_then(|filename| normalized(&filename))
        .ok_or_else(|| Unmendable("the file name is none of a wheel".to_owned()))?;
    let survey = survey::survey(bytes);
    refuse(&survey)?;
    let mut files = contents(bytes, &survey)?;
    rename_folders(&mut files, &filename)?;
    leave_out(&mut files, &filename);
    mend_wheel(&mut files, &filename);
    let bytes = packed(files, &filename, timestamp, cores)?;
    let left = judge(kind, &filename.to_string(), &bytes, cores);
    let mended = difference(&before, &left);
    Ok((!mended.is_empty()).then_some(Mended {
        file_name: filename.to_string(),
        bytes,
        mended,
        left,
    }))
}

fn unmendable<T>(reason: impl Into<String>) -> Result<T, Unmendable> {
    Err(Unmendable(reason.into()))
}

/// The findings of which nothing of the same rule is left.
fn difference(before: &Findings, after: &Findings) -> Vec<Finding> {
    let left: BTreeMap<&str, usize> = after.iter().fold(BTreeMap::new(), |mut counts, finding| {
        *counts.entry(finding.rule.id).or_default() += 1;
        counts
    });
    let gone = |finding: &&Finding| {
        let same = |other: &Finding| other.rule == finding.rule && other.message == finding.message;
        !left.contains_key(finding.rule.id) || !after.iter().any(same)
    };
    before.iter().filter(gone).cloned().collect()
}

/// The name as the standards spell it.
fn normalized(filename: &WheelFilename) -> Option<WheelFilename> {
    let name = ProjectName::parse(filename.distribution()).ok()?;
    let version = Version::parse(&version_of(filename).replace('_', "-")).ok()?;
    let tag = filename.tag();
    let tag = WheelTag::new(tag.python(), tag.abi(), tag.platform());
    let build = filename.build().map(BuildTag::parse).transpose().ok()?;
    WheelFilename::new(&name, &version, build.as_ref(), tag).ok()
}

/// What nobody can make right but who built it.
fn refuse(survey: &Survey) -> Result<(), Unmendable> {
    let hopeless = [
        Flaw::Unreadable,
        Flaw::Bomb,
        Flaw::Encrypted,
        Flaw::Path,
        Flaw::Name,
        Flaw::Link,
        Flaw::Method,
    ];
    match survey.faults.iter().find(|fault| hopeless.contains(&fault.flaw)) {
        None => Ok(()),
        Some(fault) => match &fault.member {
            Some(member) => unmendable(format!("`{member}` {}", fault.words)),
            None => unmendable(format!("the archive {}", fault.words)),
        },
    }
}

struct File {
    bytes: Vec<u8>,
    executable: bool,
}

/// Every file once.
fn contents(bytes: &[u8], survey: &Survey) -> Result<BTreeMap<String, File>, Unmendable> {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    for found in survey.members.iter().filter(|found| !found.is_folder) {
        let content = survey::content(bytes, found)
            .map_err(|fault| Unmendable(format!("`{}` {}", found.name, fault.words)))?;
        let file = File {
            executable: found.mode.is_some_and(|mode| mode & 0o111 != 0)
                || Installed::is_program(&found.name),
            bytes: content,
        };
        match files.get(&found.name) {
            Some(first) if first.bytes != file.bytes => {
                return unmendable(format!("`{}` comes twice, with two contents", found.name));
            }
            Some(_) => {}
            None => {
                files.insert(found.name.clone(), file);
            }
        }
    }
    Ok(files)
}

/// Gives `.dist-info` and `.data` the names that the file name calls for.
fn rename_folders(files: &mut BTreeMap<String, File>, filename: &WheelFilename) -> Result<(), Unmendable> {
    for (ending, wanted) in [(".dist-info", filename.dist_info()), (".data", filename.data())] {
        let folders: BTreeSet<String> = files
            .keys()
            .filter_map(|path| path.split_once('/'))
            .filter(|(top, _)| top.ends_with(ending))
            .map(|(top, _)| top.to_owned())
            .collect();
        let folders: Vec<String> = folders.into_iter().collect();
        match folders.as_slice() {
            [] => {}
            [only] if *only == wanted => {}
            [only] => {
                let renamed = std::mem::take(files).into_iter().map(|(path, file)| {
                    match path
                        .strip_prefix(only.as_str())
                        .filter(|rest| rest.starts_with('/'))
                    {
                        Some(rest) => (format!("{wanted}{rest}"), file),
                        None => (path, file),
                    }
                });
                *files = renamed.collect();
            }
            _ => {
                return unmendable(format!(
                    "there are several `{ending}` folders: {}",
                    super::listed(&folders)
                ));
            }
        }
    }
    if files.keys().any(|path| is_in_dist_info(path)) {
        Ok(())
    } else {
        unmendable("there is no `.dist-info` folder")
    }
}

/// Takes out what does not belong into a built wheel.
fn leave_out(files: &mut BTreeMap<String, File>, filename: &WheelFilename) {
    let folder = filename.dist_info();
    for name in [
        "INSTALLER",
        "REQUESTED",
        "direct_url.json",
        "RECORD.jws",
        "RECORD.p7s",
        "RECORD",
    ] {
        files.remove(&format!("{folder}/{name}"));
    }
    files.retain(|path, _| !path.split('/').any(|part| part == "__pycache__"));
}

/// Writes WHEEL with the tags of the file name, each key once.
fn mend_wheel(files: &mut BTreeMap<String, File>, filename: &WheelFilename) {
    let Some(file) = files.get_mut(&format!("{}/WHEEL", filename.dist_info())) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(&file.bytes) else {
        return;
    };
    let (lines, _) = WheelLines::read(text);
    let told: BTreeSet<String> = lines.all("Tag").map(str::to_owned).collect();
    let wanted = filename.tag().expanded();
    // Writing to a string in memory cannot fail.
    let mut out = String::new();
    let mut seen = BTreeSet::new();
    if lines.all("Wheel-Version").next().is_none() {
        out.push_str("Wheel-Version: 1.0\n");
    }
    let others = lines
        .iter()
        .filter(|(key, _)| !matches!(key.to_ascii_lowercase().as_str(), "tag" | "build"));
    for (key, value) in others {
        if key.eq_ignore_ascii_case("Generator") || seen.insert(key.to_ascii_lowercase()) {
            let _ = writeln!(out, "{key}: {value}");
        }
    }
    for tag in &wanted {
        let _ = writeln!(out, "Tag: {tag}");
    }
    if let Some(build) = filename.build() {
        let _ = writeln!(out, "Build: {build}");
    }
    let lines_before = text.lines().filter(|line| !line.trim().is_empty()).count();
    let is_right = told == wanted.into_iter().collect()
        && lines_before == out.lines().count()
        && text.ends_with('\n')
        && text.is_ascii();
    if !is_right {
        file.bytes = out.into_bytes();
    }
}

/// The archive: sorted, `.dist-info` behind all others, RECORD last.
fn packed(
    files: BTreeMap<String, File>,
    filename: &WheelFilename,
    timestamp: Timestamp,
    cores: usize,
) -> Result<Vec<u8>, Unmendable> {
    let mut files: Vec<(String, File)> = files.into_iter().collect();
    files.sort_by_key(|(path, _)| is_in_dist_info(path));
    let contents: Vec<&[u8]> = files.iter().map(|(_, file)| file.bytes.as_slice()).collect();
    let packed = deflate::pack(&contents, Compression::default(), cores, &|_| {});
    let path = |path: &str| ArchivePath::parse(path).map_err(|error| Unmendable(error.to_string()));
    let mut members = Vec::with_capacity(files.len() + 1);
    for ((name, file), packed) in files.iter().zip(packed) {
        members.push(Member {
            path: path(name)?,
            executable: file.executable,
            packed,
        });
    }
    let record_path = format!("{}/RECORD", filename.dist_info());
    let rows = members
        .iter()
        .map(|member| (member.path.as_str(), &member.packed.digest));
    let text = record::render(rows, &record_path);
    members.push(Member {
        path: path(&record_path)?,
        executable: false,
        packed: Packed {
            bytes: deflate::compress(&[text.as_bytes()], Compression::default(), 1, &|_| {}).concat(),
            compression: Compression::default(),
            digest: Digest::of(text.as_bytes()),
        },
    });
    let mut out = Vec::with_capacity(write::size(&members));
    write::write(&mut out, &members, timestamp).map_err(|error| Unmendable(error.to_string()))?;
    Ok(out)
}

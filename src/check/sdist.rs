//! Source distributions.
//!
//! <https://packaging.python.org/en/latest/specifications/source-distribution-format/>

use std::collections::{BTreeMap, BTreeSet};

use super::file_name::is_same_project;
use super::metadata::{self, Place};
use super::{Findings, container, listed, rules};
use crate::name::ProjectName;
use crate::tar::{self, Entry, Flaw, Kind};
use crate::version::Version;

/// No sdist is unpacked beyond this.
const LARGEST: u64 = 2 << 30;
/// Nor beyond this many times its own size.
const HIGHEST_RATIO: u64 = 200;
/// Below this size the ratio tells nothing.
const SMALL: u64 = 64 * 1024 * 1024;

/// What a file name says.
struct Name {
    distribution: String,
    version: String,
}

pub(super) fn judge(file_name: &str, bytes: &[u8]) -> Findings {
    let mut findings = Findings::default();
    container::judge_size(bytes.len() as u64, &mut findings);
    let name = judge_name(file_name, &mut findings);
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        findings.about(&rules::SD_03, "the archive is not compressed by gzip");
        return findings;
    }
    let limit = (bytes.len() as u64)
        .saturating_mul(HIGHEST_RATIO)
        .clamp(SMALL, LARGEST);
    let (unpacked, behind) = match tar::gunzip(bytes, limit) {
        Ok(unpacked) => unpacked,
        Err(error @ tar::GzipError::TooLarge(_)) => {
            findings.about(&rules::ZIP_11, format!("the archive {error}"));
            return findings;
        }
        Err(error) => {
            findings.about(&rules::ARC_001, format!("the archive {error}"));
            return findings;
        }
    };
    if behind > 0 {
        findings.about(
            &rules::SD_04,
            format!("{behind} bytes stand behind the compressed data"),
        );
    }
    let (entries, faults) = tar::survey(&unpacked);
    let is_whole = faults.iter().all(|fault| fault.flaw != Flaw::Damaged);
    for fault in faults {
        let rule = match fault.flaw {
            Flaw::Damaged => &rules::ARC_001,
            Flaw::Gnu => &rules::SD_03,
            Flaw::Name => &rules::ZIP_06,
        };
        let message = match &fault.member {
            Some(member) => format!("`{member}` {}", fault.words),
            None => format!("the archive {}", fault.words),
        };
        findings.add(rule, fault.member.as_deref(), message);
    }
    for entry in &entries {
        judge_entry(entry, &mut findings);
    }
    judge_twice(&entries, &mut findings);
    if is_whole {
        judge_tree(&entries, name.as_ref(), &mut findings);
    }
    findings
}

fn judge_name(file_name: &str, findings: &mut Findings) -> Option<Name> {
    let Some(stem) = file_name.strip_suffix(".tar.gz") else {
        findings.about(
            &rules::SD_01,
            format!("the file name does not end in `.tar.gz`: {file_name}"),
        );
        return None;
    };
    let Some((distribution, version)) = stem.rsplit_once('-') else {
        findings.about(
            &rules::SD_01,
            format!("the file name is no name and version: {file_name}"),
        );
        return None;
    };
    let is_normal = ProjectName::parse(distribution).is_ok_and(|name| name.escaped() == distribution);
    if !is_normal {
        findings.about(
            &rules::SD_01,
            format!("the name in the file name is not normalized: `{distribution}`"),
        );
    }
    match Version::parse(version) {
        Ok(parsed) if parsed.to_string() == version => {
            if parsed.is_local() {
                findings.about(&rules::MD_31, format!("the version has a local part: {version}"));
            }
        }
        _ => findings.about(
            &rules::SD_01,
            format!("the version in the file name is not normalized, or none: `{version}`"),
        ),
    }
    Some(Name {
        distribution: distribution.to_owned(),
        version: version.to_owned(),
    })
}

fn judge_entry(entry: &Entry<'_>, findings: &mut Findings) {
    let path = entry.path.as_str();
    let leads_out = |path: &str| path.starts_with('/') || path.split('/').any(|part| part == "..");
    if leads_out(path) || path.contains('\\') || path.as_bytes().get(1) == Some(&b':') {
        findings.within(
            &rules::SD_07,
            path,
            format!("`{path}` is absolute or leads out of the archive"),
        );
    }
    match &entry.kind {
        Kind::Special(kind) => findings.within(
            &rules::SD_07,
            path,
            format!(
                "`{path}` is no file, folder or link: type `{}`",
                char::from(*kind)
            ),
        ),
        Kind::Sparse => findings.within(&rules::SD_04, path, format!("`{path}` is a sparse file")),
        Kind::Link { target, is_hard } => {
            let from = if *is_hard {
                ""
            } else {
                path.rsplit_once('/').map_or("", |(folder, _)| folder)
            };
            if is_outside(from, target) {
                findings.within(
                    &rules::SD_07,
                    path,
                    format!("`{path}` is a link that leads out of the archive: `{target}`"),
                );
            }
        }
        Kind::File => {
            if entry.mode & 0o7000 != 0 || entry.mode & 0o400 == 0 || entry.mode & 0o002 != 0 {
                findings.within(
                    &rules::SD_08,
                    path,
                    format!("`{path}` has the mode {:04o}", entry.mode & 0o7777),
                );
            }
        }
        Kind::Folder => {}
    }
}

fn is_outside(from: &str, target: &str) -> bool {
    if target.starts_with('/') {
        return true;
    }
    let mut depth = from.split('/').filter(|part| !part.is_empty()).count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    false
}

fn judge_twice(entries: &[Entry<'_>], findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for entry in entries.iter().filter(|entry| entry.kind != Kind::Folder) {
        if !seen.insert(entry.path.as_str()) {
            findings.within(
                &rules::ZIP_02,
                &entry.path,
                format!("`{}` comes twice", entry.path),
            );
        }
    }
}

fn judge_tree(entries: &[Entry<'_>], name: Option<&Name>, findings: &mut Findings) {
    let roots: BTreeSet<&str> = entries
        .iter()
        .map(|entry| entry.path.split('/').next().unwrap_or_default())
        .collect();
    let roots: Vec<&str> = roots.into_iter().collect();
    let root = match roots.as_slice() {
        [root] => *root,
        [] => {
            findings.about(&rules::SD_02, "the archive is empty");
            return;
        }
        _ => {
            findings.about(
                &rules::SD_02,
                format!("the archive holds more than one folder: {}", listed(&roots)),
            );
            let wanted = name.map(|name| format!("{}-{}", name.distribution, name.version));
            match roots.iter().find(|root| Some(**root) == wanted.as_deref()) {
                Some(root) => root,
                None => return,
            }
        }
    };
    if let Some(name) = name {
        let wanted = format!("{}-{}", name.distribution, name.version);
        if root != wanted {
            findings.within(
                &rules::SD_02,
                root,
                format!("the folder is `{root}`, by the file name it should be `{wanted}`"),
            );
        }
    }
    let files: BTreeMap<&str, &Entry<'_>> = entries
        .iter()
        .filter_map(|entry| Some((entry.path.strip_prefix(root)?.strip_prefix('/')?, entry)))
        .filter(|(_, entry)| entry.kind != Kind::Folder)
        .collect();
    judge_files(root, &files, name, findings);
}

fn judge_files(root: &str, files: &BTreeMap<&str, &Entry<'_>>, name: Option<&Name>, findings: &mut Findings) {
    for required in ["PKG-INFO", "pyproject.toml"] {
        if !files.contains_key(required) {
            findings.within(&rules::SD_02, root, format!("`{root}` holds no {required}"));
        }
    }
    let mut told = None;
    if let Some(entry) = files.get("PKG-INFO") {
        let has_license = |file: &str| files.contains_key(file);
        let place = Place {
            path: &entry.path,
            name: name.map(|name| name.distribution.as_str()),
            version: name.map(|name| name.version.as_str()),
            license_folder: root,
            has_license: &has_license,
            has_exact_license: &has_license,
        };
        metadata::judge(entry.bytes, &place, findings);
        let mut again = Findings::default();
        told = metadata::Fields::read(entry.bytes, &entry.path, &mut again);
    }
    if let Some(entry) = files.get("pyproject.toml") {
        judge_pyproject(entry, told.as_ref(), findings);
    }
}

fn judge_pyproject(entry: &Entry<'_>, told: Option<&metadata::Fields>, findings: &mut Findings) {
    let path = entry.path.as_str();
    let table = std::str::from_utf8(entry.bytes)
        .map_err(|_| "it is not UTF-8".to_owned())
        .and_then(|text| {
            text.parse::<toml::Table>().map_err(|error| {
                let words = error.to_string();
                words.lines().last().unwrap_or_default().to_owned()
            })
        });
    let table = match table {
        Ok(table) => table,
        Err(reason) => {
            findings.within(
                &rules::PP_01,
                path,
                format!("pyproject.toml is no TOML: {reason}"),
            );
            return;
        }
    };
    if let Some(system) = table.get("build-system")
        && system.get("requires").and_then(toml::Value::as_array).is_none()
    {
        findings.within(&rules::PP_01, path, "`build-system` has no `requires`");
    }
    let (Some(project), Some(told)) = (table.get("project"), told) else {
        return;
    };
    let text = |key: &str| project.get(key).and_then(toml::Value::as_str);
    if let (Some(name), Some(of_metadata)) = (text("name"), told.one("name"))
        && !is_same_project(name, of_metadata)
    {
        findings.within(
            &rules::PP_04,
            path,
            format!("pyproject.toml is of `{name}`, PKG-INFO of `{of_metadata}`"),
        );
    }
    if let (Some(version), Some(of_metadata)) = (text("version"), told.one("version")) {
        let same = match (Version::parse(version), Version::parse(of_metadata)) {
            (Ok(one), Ok(other)) => one == other,
            _ => version == of_metadata,
        };
        if !same {
            findings.within(
                &rules::PP_04,
                path,
                format!("pyproject.toml has the version `{version}`, PKG-INFO `{of_metadata}`"),
            );
        }
    }
}

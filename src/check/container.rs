//! The archive itself: its headers, names and modes.

use std::collections::BTreeMap;

use super::members::{Members, is_in_dist_info};
use super::{Findings, Rule, listed, rules};
use crate::archive::Installed;
use crate::zip::survey::{Fault, Flaw};

/// The index takes no larger file, unless a project was granted more.
const LARGEST_UPLOAD: u64 = 100 * 1024 * 1024;

pub(super) fn judge_faults(faults: &[Fault], findings: &mut Findings) {
    for fault in faults {
        let message = match &fault.member {
            Some(member) => format!("`{member}` {}", fault.words),
            None => format!("the archive {}", fault.words),
        };
        findings.add(rule(fault.flaw), fault.member.as_deref(), message);
    }
}

fn rule(flaw: Flaw) -> &'static Rule {
    match flaw {
        Flaw::Unreadable => &rules::ARC_001,
        Flaw::Damaged => &rules::ARC_002,
        Flaw::Tar => &rules::ZIP_10,
        Flaw::Outside | Flaw::EndRecord => &rules::ZIP_04,
        Flaw::Comment => &rules::ZIP_05,
        Flaw::Duplicate => &rules::ZIP_02,
        Flaw::Disagreement => &rules::ZIP_03,
        Flaw::Method => &rules::ZIP_01,
        Flaw::Name => &rules::ZIP_06,
        Flaw::NotSaidUtf8 => &rules::ZIP_07,
        Flaw::Path => &rules::ZIP_13,
        Flaw::Encrypted | Flaw::Flags => &rules::ZIP_22,
        Flaw::DataDescriptor => &rules::ZIP_09,
        Flaw::Extra => &rules::ZIP_08,
        Flaw::Link => &rules::ZIP_14,
        Flaw::Time => &rules::ZIP_16,
        Flaw::Bomb => &rules::ZIP_11,
    }
}

pub(super) fn judge_size(size: u64, findings: &mut Findings) {
    if size > LARGEST_UPLOAD {
        findings.about(
            &rules::UP_03,
            format!("the file is larger than 100 MiB: {size} bytes"),
        );
    }
}

pub(super) fn judge_members(members: &Members, findings: &mut Findings) {
    if let Some(folder) = members.folders.first() {
        let message = match members.folders.len() {
            1 => format!("a folder has an entry of its own: `{folder}/`"),
            more => format!("{more} folders have entries of their own, the first one being `{folder}/`"),
        };
        findings.about(&rules::ZIP_15, message);
    }
    judge_order(members, findings);
    judge_modes(members, findings);
    judge_spelling(members, findings);
}

fn judge_order(members: &Members, findings: &mut Findings) {
    let mut files = members
        .files
        .iter()
        .map(|member| member.path.as_str())
        .skip_while(|path| !is_in_dist_info(path));
    if let Some(late) = files.find(|path| !is_in_dist_info(path)) {
        let message = format!("`{late}` stands behind files of `.dist-info`");
        findings.within(&rules::ZIP_12, late, message);
        return;
    }
    let is_record = |path: &str| is_in_dist_info(path) && path.ends_with(".dist-info/RECORD");
    let last = members.files.last().map(|member| member.path.as_str());
    let has_record = members.files.iter().any(|member| is_record(&member.path));
    if let Some(last) = last.filter(|last| has_record && !is_record(last)) {
        let message = format!("`{last}` stands behind RECORD");
        findings.within(&rules::ZIP_12, last, message);
    }
}

fn judge_modes(members: &Members, findings: &mut Findings) {
    let mut doubtful: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for member in &members.files {
        let Some(mode) = member.mode.filter(|mode| !is_special(*mode)) else {
            continue;
        };
        let path = &member.path;
        if mode & 0o400 == 0 {
            let message = format!("`{path}` cannot be read by its owner: mode {:04o}", mode & 0o7777);
            findings.within(&rules::ARC_003, path, message);
        } else if mode & 0o022 != 0 || mode & 0o044 != 0o044 || mode & 0o7000 != 0 {
            let words = if mode & 0o022 != 0 {
                "the mode lets others than the owner write to"
            } else if mode & 0o7000 != 0 {
                "a set-user, set-group or sticky bit stands in the mode of"
            } else {
                "the mode keeps others than the owner from reading"
            };
            doubtful.entry(words).or_default().push(path);
        }
        if Installed::is_program(path) && mode & 0o111 == 0 {
            let message = format!("`{path}` is not executable: mode {:04o}", mode & 0o7777);
            findings.within(&rules::ZIP_18, path, message);
        }
    }
    for (words, paths) in doubtful {
        findings.add(
            &rules::ZIP_17,
            paths.first().copied(),
            format!("{words} {}", listed(&paths)),
        );
    }
}

/// A link's mode says nothing about a file.
fn is_special(mode: u32) -> bool {
    const KIND: u32 = 0o170_000;
    const REGULAR: u32 = 0o100_000;
    !matches!(mode & KIND, 0 | REGULAR)
}

fn judge_spelling(members: &Members, findings: &mut Findings) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for member in &members.files {
        let path = member.path.as_str();
        match seen.insert(path.to_lowercase(), path) {
            Some(first) if first != path => {
                let message = format!("`{first}` and `{path}` differ only in case");
                findings.within(&rules::ZIP_20, path, message);
            }
            _ => {}
        }
    }
}

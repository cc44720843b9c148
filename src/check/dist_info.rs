//! `.dist-info`: that there is one, what is in it, and WHEEL.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::VersionSpecifiers;

use super::members::{Members, is_in_dist_info};
use super::metadata::Place;
use super::{Findings, entry_points, layout, listed, metadata, rules, version_of};
use crate::tag::WheelFilename;

/// The one folder that metadata is read from; nothing where there is none.
pub(super) fn folder(
    members: &Members,
    filename: Option<&WheelFilename>,
    findings: &mut Findings,
) -> Option<String> {
    let folders: BTreeSet<&str> = members
        .files
        .iter()
        .filter(|member| is_in_dist_info(&member.path))
        .filter_map(|member| Some(member.path.split_once('/')?.0))
        .collect();
    let wanted = filename.map(WheelFilename::dist_info);
    if folders.len() > 1 {
        let names: Vec<&str> = folders.iter().copied().collect();
        let message = format!("there are several `.dist-info` folders: {}", listed(&names));
        findings.about(&rules::WM_01, message);
        return wanted.filter(|wanted| folders.contains(wanted.as_str()));
    }
    let Some(folder) = folders.first() else {
        findings.about(&rules::WM_01, "there is no `.dist-info` folder");
        return None;
    };
    if let Some(wanted) = wanted.filter(|wanted| wanted != folder) {
        let message = format!("the folder is `{folder}`, by the file name it should be `{wanted}`");
        findings.within(&rules::WM_01, folder, message);
    }
    Some((*folder).to_owned())
}

/// Judges what is in it, but for RECORD; gives what the metadata requires of Python.
pub(super) fn judge(
    members: &Members,
    folder: &str,
    filename: Option<&WheelFilename>,
    findings: &mut Findings,
) -> Option<VersionSpecifiers> {
    judge_names(members, folder, findings);
    let path = |name: &str| format!("{folder}/{name}");
    let whole = |name: &str| members.get(&path(name)).and_then(|member| member.whole());
    if let Some(bytes) = whole("WHEEL") {
        judge_wheel(&path("WHEEL"), bytes, members, filename, findings);
    }
    if let Some(bytes) = whole("entry_points.txt") {
        entry_points::judge(&path("entry_points.txt"), bytes, findings);
    }
    judge_sboms(members, folder, findings);
    let metadata_path = path("METADATA");
    let version = filename.map(version_of);
    let license_folder = path("licenses");
    let has_license = |file: &str| {
        // Before there was a place for them, they lay beside METADATA or in another folder of it.
        ["licenses", "LICENSES", "license_files", "."]
            .iter()
            .any(|place| {
                let candidate = match *place {
                    "." => path(file),
                    place => path(&format!("{place}/{file}")),
                };
                members.get(&candidate).is_some()
            })
    };
    let place = Place {
        path: &metadata_path,
        name: filename.map(WheelFilename::distribution),
        version: version.as_deref(),
        license_folder: &license_folder,
        has_license: &has_license,
        has_exact_license: &|file| members.get(&format!("{license_folder}/{file}")).is_some(),
    };
    metadata::judge(whole("METADATA")?, &place, findings)
}

fn judge_names(members: &Members, folder: &str, findings: &mut Findings) {
    for name in ["METADATA", "WHEEL", "RECORD"] {
        let awaited = name == "RECORD" && members.awaits_record;
        if !awaited && members.get(&format!("{folder}/{name}")).is_none() {
            findings.within(&rules::WM_02, folder, format!("`{folder}` holds no {name}"));
        }
    }
    let mut others = BTreeSet::new();
    for member in &members.files {
        let Some(name) = member
            .path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        if matches!(
            name,
            "INSTALLER" | "REQUESTED" | "direct_url.json" | "RECORD.jws" | "RECORD.p7s"
        ) {
            let message = format!("`{}` does not belong into a built wheel", member.path);
            findings.within(&rules::WM_03, &member.path, message);
        }
        if let Some((sub, _)) = name.split_once('/')
            && !matches!(sub, "licenses" | "sboms" | "license_files" | "LICENSES")
            && others.insert(sub)
        {
            let message = format!("`{folder}/{sub}` is a sub-folder that nobody gave a meaning");
            findings.within(&rules::WM_12, &member.path, message);
        }
    }
}

fn judge_sboms(members: &Members, folder: &str, findings: &mut Findings) {
    let sboms = format!("{folder}/sboms/");
    for member in members
        .files
        .iter()
        .filter(|member| member.path.starts_with(&sboms))
    {
        let path = member.path.as_str();
        let lower = path.to_ascii_lowercase();
        let Some(bytes) = member.whole() else { continue };
        if lower.ends_with(".json") {
            let document: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
            let is_known = document.is_some_and(|document| {
                ["bomFormat", "spdxVersion", "@context"]
                    .iter()
                    .any(|key| document.get(key).is_some())
            });
            if !is_known {
                let message = format!("`{path}` is neither CycloneDX nor SPDX in JSON");
                findings.within(&rules::SB_02, path, message);
            }
        } else if ![".xml", ".spdx", ".rdf", ".yaml", ".yml"]
            .iter()
            .any(|ending| lower.ends_with(ending))
        {
            let message = format!("`{path}` is no bill of materials by its name");
            findings.within(&rules::SB_01, path, message);
        }
    }
}

/// The `Key: value` lines of WHEEL.
pub(super) struct WheelLines(Vec<(String, String)>);

impl WheelLines {
    /// Reads what can be read; says what cannot.
    pub(super) fn read(text: &str) -> (Self, Vec<String>) {
        let mut odd = Vec::new();
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once(':') {
                Some((key, value)) if !key.is_empty() && !key.contains(char::is_whitespace) => {
                    lines.push((key.to_owned(), value.trim().to_owned()));
                }
                _ => odd.push(line.to_owned()),
            }
        }
        (Self(lines), odd)
    }

    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(key))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

fn judge_wheel(
    path: &str,
    bytes: &[u8],
    members: &Members,
    filename: Option<&WheelFilename>,
    findings: &mut Findings,
) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        findings.within(&rules::WM_04, path, "WHEEL is not UTF-8");
        return;
    };
    let (lines, odd) = WheelLines::read(text);
    if let Some(line) = odd.first() {
        findings.within(
            &rules::WM_04,
            path,
            format!("a line of WHEEL is no `Key: value`: `{line}`"),
        );
    }
    if !text.is_empty() && !text.ends_with('\n') {
        findings.within(&rules::WM_16, path, "the last line of WHEEL has no end");
    }
    judge_keys(path, &lines, findings);
    let is_purelib = lines
        .all("Root-Is-Purelib")
        .any(|value| value.eq_ignore_ascii_case("true"));
    judge_purity(members, filename, is_purelib, findings);
    let Some(filename) = filename else { return };
    let told: BTreeSet<String> = lines.all("Tag").map(str::to_owned).collect();
    let wanted: BTreeSet<String> = filename.tag().expanded().into_iter().collect();
    if told != wanted {
        let missing: Vec<&String> = wanted.difference(&told).collect();
        let extra: Vec<&String> = told.difference(&wanted).collect();
        let mut words = Vec::new();
        if !missing.is_empty() {
            words.push(format!("the file name has {}, WHEEL has not", listed(&missing)));
        }
        if !extra.is_empty() {
            words.push(format!("WHEEL has {}, the file name has not", listed(&extra)));
        }
        findings.within(&rules::WM_05, path, words.join("; "));
    }
    let builds: Vec<&str> = lines.all("Build").collect();
    if builds != filename.build().into_iter().collect::<Vec<_>>() {
        let message = format!(
            "the file name has {}, WHEEL has {}",
            filename.build().map_or_else(
                || "no build tag".to_owned(),
                |build| format!("the build tag `{build}`")
            ),
            if builds.is_empty() {
                "none".to_owned()
            } else {
                listed(&builds)
            }
        );
        findings.within(&rules::WM_06, path, message);
    }
}

fn judge_keys(path: &str, lines: &WheelLines, findings: &mut Findings) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (key, _) in lines.iter() {
        *counts.entry(key.to_ascii_lowercase()).or_default() += 1;
    }
    for key in ["Wheel-Version", "Root-Is-Purelib"] {
        if lines.all(key).next().is_none() {
            findings.within(&rules::WM_04, path, format!("WHEEL has no `{key}`"));
        }
    }
    for (key, count) in counts {
        // Each tool that had a hand in it may have added its name.
        if count > 1 && !matches!(key.as_str(), "tag" | "generator") {
            findings.within(&rules::WM_04, path, format!("WHEEL has `{key}` {count} times"));
        }
    }
    for version in lines.all("Wheel-Version") {
        if version
            .strip_prefix("1.")
            .is_none_or(|minor| minor.parse::<u16>().is_err())
        {
            let message =
                format!("WHEEL says that it is of a version that installers do not know: `{version}`");
            findings.within(&rules::WM_04, path, message);
        }
    }
    for value in lines.all("Root-Is-Purelib") {
        if !matches!(value.to_ascii_lowercase().as_str(), "true" | "false") {
            let message = format!("`Root-Is-Purelib` is neither `true` nor `false`: `{value}`");
            findings.within(&rules::WM_04, path, message);
        }
    }
}

/// Native code where none is said to be. Files of other systems in a package of theirs are data: only what Python imports counts.
fn judge_purity(
    members: &Members,
    filename: Option<&WheelFilename>,
    is_purelib: bool,
    findings: &mut Findings,
) {
    let is_any = filename.is_some_and(|filename| filename.tag().platform().any(|platform| platform == "any"));
    if !is_any && !is_purelib {
        return;
    }
    let native = members
        .files
        .iter()
        .find(|member| super::binaries::is_extension(member) && layout::is_native(&member.glance));
    if let Some(member) = native {
        let words = match (is_any, is_purelib) {
            (true, true) => "is for `any` platform and `Root-Is-Purelib`",
            (true, false) => "is for `any` platform",
            _ => "says `Root-Is-Purelib: true`",
        };
        let message = format!("the wheel {words}, but `{}` is native code", member.path);
        findings.within(&rules::TAG_08, &member.path, message);
    }
}

//! Which files a wheel may hold, and where.

use std::collections::{BTreeMap, BTreeSet};

use super::members::{Glance, Members, is_in_dist_info};
use super::{Findings, listed, rules};
use crate::tag::WheelFilename;

/// What may stand below `.data`.
const SCHEMES: [&str; 5] = ["purelib", "platlib", "headers", "scripts", "data"];

pub(super) fn judge(members: &Members, filename: Option<&WheelFilename>, findings: &mut Findings) {
    judge_data(members, filename, findings);
    judge_scripts(members, findings);
    judge_junk(members, findings);
    judge_top(members, filename, findings);
    judge_stubs(members, findings);
}

fn judge_data(members: &Members, filename: Option<&WheelFilename>, findings: &mut Findings) {
    let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for member in &members.files {
        let mut parts = member.path.splitn(3, '/');
        if let (Some(top), Some(scheme)) = (parts.next(), parts.next())
            && top.ends_with(".data")
        {
            // A file directly below it is of no scheme either.
            let scheme = if parts.next().is_some() { scheme } else { "" };
            folders.entry(top).or_default().insert(scheme);
            if !SCHEMES.contains(&scheme) {
                let message = format!("`{}` is of no scheme that installers know", member.path);
                findings.within(&rules::WM_08, &member.path, message);
            }
        }
    }
    let wanted = filename.map(WheelFilename::data);
    for folder in folders.keys() {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != folder) {
            let message = format!("the data folder is `{folder}`, by the file name it should be `{wanted}`");
            findings.within(&rules::WM_08, folder, message);
        }
    }
    let both = folders
        .values()
        .any(|schemes| schemes.contains("purelib") && schemes.contains("platlib"));
    if both {
        findings.about(&rules::WM_09, "the wheel installs to `purelib` and to `platlib`");
    }
}

fn judge_scripts(members: &Members, findings: &mut Findings) {
    for member in &members.files {
        let Some((top, script)) = member.path.split_once(".data/scripts/") else {
            continue;
        };
        if !top.contains('/') && script.contains('/') {
            let message = format!("`{}` lies in a sub-folder of `scripts`", member.path);
            findings.within(&rules::WM_10, &member.path, message);
        }
    }
}

fn judge_junk(members: &Members, findings: &mut Findings) {
    let is_junk = |path: &str| {
        let mut parts: Vec<&str> = path.split('/').collect();
        let name = parts.pop().unwrap_or_default();
        let folders = [
            "__pycache__",
            ".git",
            ".hg",
            ".svn",
            ".tox",
            ".nox",
            ".venv",
            ".mypy_cache",
            ".pytest_cache",
            ".ruff_cache",
        ];
        let of_build = parts.is_empty() && matches!(name, "setup.py" | "setup.cfg" | "pyproject.toml");
        parts.iter().any(|part| folders.contains(part))
            || matches!(name, ".DS_Store" | "CACHEDIR.TAG" | ".gitignore")
            || name.ends_with(".pyc")
            || name.ends_with(".pyo")
            || of_build
    };
    let junk: Vec<&str> = members
        .files
        .iter()
        .map(|member| member.path.as_str())
        .filter(|path| is_junk(path))
        .collect();
    if let Some(first) = junk.first() {
        let message = format!(
            "the wheel holds what nobody needs who installs it: {}",
            listed(&junk)
        );
        findings.within(&rules::WM_11, first, message);
    }
}

fn judge_top(members: &Members, filename: Option<&WheelFilename>, findings: &mut Findings) {
    let own = filename.map_or("", WheelFilename::distribution);
    let common = [
        "tests", "test", "docs", "doc", "examples", "example", "scripts", "src", "lib",
    ];
    let mut tops = BTreeSet::new();
    for member in &members.files {
        let path = member.path.as_str();
        let top = path.split_once('/').map(|(top, _)| top);
        let is_common = top.is_some_and(|top| common.contains(&top) && top != own) || path == "__init__.py";
        if is_common && tops.insert(top) {
            let what = top.map_or_else(|| path.to_owned(), |top| format!("{top}/"));
            let message = format!("`{what}` stands at the top, where every wheel puts its own");
            findings.within(&rules::WM_15, path, message);
        }
    }
}

fn judge_stubs(members: &Members, findings: &mut Findings) {
    let mut stubbed: BTreeMap<&str, &str> = BTreeMap::new();
    let mut marked = BTreeSet::new();
    for member in &members.files {
        let Some((package, rest)) = member.path.split_once('/') else {
            continue;
        };
        if is_in_dist_info(&member.path) || package.ends_with(".data") || package.ends_with("-stubs") {
            continue;
        }
        if rest == "py.typed" || rest.ends_with("/py.typed") {
            marked.insert(package);
        } else if std::path::Path::new(rest)
            .extension()
            .is_some_and(|extension| extension == "pyi")
        {
            stubbed.entry(package).or_insert(&member.path);
        }
    }
    for (package, stub) in stubbed {
        if !marked.contains(package) {
            let message =
                format!("`{stub}` is a stub, but `{package}` has no `py.typed`: type checkers pass it over");
            findings.within(&rules::WM_14, stub, message);
        }
    }
}

/// Whether a file holds machine code, of whatever system.
pub(super) fn is_native(glance: &Glance) -> bool {
    match glance {
        Glance::Elf(_) => true,
        Glance::Whole(_) => false,
        Glance::Beginning(bytes) => {
            let mach_o: [[u8; 4]; 4] = [
                [0xfe, 0xed, 0xfa, 0xce],
                [0xfe, 0xed, 0xfa, 0xcf],
                [0xce, 0xfa, 0xed, 0xfe],
                [0xcf, 0xfa, 0xed, 0xfe],
            ];
            bytes.starts_with(b"MZ") || mach_o.iter().any(|magic| bytes.starts_with(magic))
        }
    }
}

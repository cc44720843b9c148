//! `entry_points.txt`.

use std::collections::BTreeSet;

use super::{Findings, rules};
use crate::name;

pub(super) fn judge(path: &str, bytes: &[u8], findings: &mut Findings) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        findings.within(&rules::EP_01, path, "entry_points.txt is not UTF-8");
        return;
    };
    let mut group: Option<String> = None;
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if !seen.insert((name.to_owned(), None)) {
                findings.within(&rules::EP_01, path, format!("a section comes twice: `[{name}]`"));
            }
            judge_group(name, path, findings);
            group = Some(name.to_owned());
            continue;
        }
        let entry = trimmed.split_once('=').zip(group.as_ref());
        let Some(((entry, object), group)) = entry else {
            let message = format!("a line is neither a section nor `name = object`: `{trimmed}`");
            findings.within(&rules::EP_01, path, message);
            continue;
        };
        let (entry, object) = (entry.trim(), object.trim());
        if !seen.insert((group.clone(), Some(entry.to_owned()))) {
            let message = format!("`{entry}` comes twice in `[{group}]`");
            findings.within(&rules::EP_01, path, message);
        }
        judge_entry(group, entry, object, path, findings);
    }
}

fn judge_group(group: &str, path: &str, findings: &mut Findings) {
    let is_word = |part: &str| !part.is_empty() && part.chars().all(|c| c == '_' || c.is_alphanumeric());
    if !group.split('.').all(is_word) {
        findings.within(
            &rules::EP_03,
            path,
            format!("the name of a group is not dotted words: `[{group}]`"),
        );
    }
}

fn judge_entry(group: &str, entry: &str, object: &str, path: &str, findings: &mut Findings) {
    let is_script = matches!(group, "console_scripts" | "gui_scripts");
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    if is_script && (entry.is_empty() || !entry.chars().all(is_plain)) {
        findings.within(
            &rules::EP_02,
            path,
            format!("the name of a script holds what does not belong there: `{entry}`"),
        );
    }
    let (reference, extras) = match object.split_once('[') {
        Some((reference, extras)) => (reference.trim(), Some(extras)),
        None => (object, None),
    };
    if extras.is_some() {
        let message = format!("`{entry}` asks for extras: `{object}`");
        findings.within(&rules::EP_05, path, message);
    }
    let (module, attribute) = match reference.split_once(':') {
        Some((module, attribute)) => (module.trim(), Some(attribute.trim())),
        None => (reference, None),
    };
    let is_dotted = |text: &str| text.split('.').all(name::is_identifier);
    if !is_dotted(module) || attribute.is_some_and(|attribute| !is_dotted(attribute)) {
        let message = format!("`{entry}` names no object: `{object}`");
        findings.within(&rules::EP_04, path, message);
    } else if is_script && attribute.is_none() {
        let message = format!("the script `{entry}` names a module but nothing to call: `{object}`");
        findings.within(&rules::EP_04, path, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<&'static str> {
        let mut findings = Findings::default();
        judge("e", text.as_bytes(), &mut findings);
        findings.iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn each_wrong_line_breaks_its_rule() {
        assert_eq!(
            ids("# words\n[console_scripts]\na = b:main\n\n[x.y]\nz=m\n"),
            [""; 0]
        );
        for (text, rule) in [
            ("a = b\n", "EP-01"),
            ("[g]\na = b\na = c\n", "EP-01"),
            ("[console_scripts]\n../evil = a:b\n", "EP-02"),
            ("[a b]\n", "EP-03"),
            ("[console_scripts]\na = b\n", "EP-04"),
            ("[g]\na = b-c\n", "EP-04"),
            ("[g]\na = b:c [x]\n", "EP-05"),
        ] {
            assert_eq!(ids(text), [rule], "{text}");
        }
    }
}

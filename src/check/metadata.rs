//! METADATA and PKG-INFO.
//!
//! <https://packaging.python.org/en/latest/specifications/core-metadata/>

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use pep508_rs::{Requirement, VerbatimUrl, VersionOrUrl};

use super::file_name::is_same_project;
use super::{Findings, Rule, rules};
use crate::name::{self, ProjectName};
use crate::project::license;
use crate::version::Version;

/// What metadata is held against.
pub(super) struct Place<'a> {
    /// Its path in the archive.
    pub path: &'a str,
    /// The name in the archive's file name.
    pub name: Option<&'a str>,
    /// The version in the archive's file name.
    pub version: Option<&'a str>,
    /// Where license files have to lie.
    pub license_folder: &'a str,
    /// Whether a license file is there, wherever it may lie.
    pub has_license: &'a dyn Fn(&str) -> bool,
    /// Whether a license file is where metadata of version 2.4 says.
    pub has_exact_license: &'a dyn Fn(&str) -> bool,
}

/// The fields in their order, with lower-case names, and the body.
pub(super) struct Fields {
    fields: Vec<(String, String)>,
    body: String,
}

/// Field, the version that brought it, whether it may come several times.
const KNOWN: &[(&str, (u8, u8), bool)] = &[
    ("metadata-version", (1, 0), false),
    ("name", (1, 0), false),
    ("version", (1, 0), false),
    ("platform", (1, 0), true),
    ("summary", (1, 0), false),
    ("description", (1, 0), false),
    ("keywords", (1, 0), false),
    ("home-page", (1, 0), false),
    ("author", (1, 0), false),
    ("author-email", (1, 0), false),
    ("license", (1, 0), false),
    ("supported-platform", (1, 1), true),
    ("download-url", (1, 1), false),
    ("classifier", (1, 1), true),
    ("requires", (1, 1), true),
    ("provides", (1, 1), true),
    ("obsoletes", (1, 1), true),
    ("maintainer", (1, 2), false),
    ("maintainer-email", (1, 2), false),
    ("requires-dist", (1, 2), true),
    ("requires-python", (1, 2), false),
    ("requires-external", (1, 2), true),
    ("project-url", (1, 2), true),
    ("provides-dist", (1, 2), true),
    ("obsoletes-dist", (1, 2), true),
    ("description-content-type", (2, 1), false),
    ("provides-extra", (2, 1), true),
    ("dynamic", (2, 2), true),
    ("license-expression", (2, 4), false),
    ("license-file", (2, 4), true),
    ("import-name", (2, 5), true),
    ("import-namespace", (2, 5), true),
];

const VERSIONS: [(u8, u8); 10] = [
    (1, 0),
    (1, 1),
    (1, 2),
    (2, 1),
    (2, 2),
    (2, 3),
    (2, 4),
    (2, 5),
    (2, 6),
    (1, 3),
];

/// The newest that the index took on 2026-08-21.
const NEWEST_OF_INDEX: (u8, u8) = (2, 5);

struct Judge<'a> {
    place: &'a Place<'a>,
    fields: Fields,
    version: Option<(u8, u8)>,
    findings: &'a mut Findings,
}

/// Judges metadata; gives what it requires of Python.
pub(super) fn judge(bytes: &[u8], place: &Place<'_>, findings: &mut Findings) -> Option<VersionSpecifiers> {
    let fields = Fields::read(bytes, place.path, findings)?;
    let version = fields.one("metadata-version").and_then(metadata_version);
    let mut judge = Judge {
        place,
        fields,
        version,
        findings,
    };
    judge.identity();
    judge.fields();
    judge.summary();
    judge.description();
    judge.license();
    judge.requirements();
    judge.addresses();
    judge.imports();
    judge.requires_python()
}

fn metadata_version(text: &str) -> Option<(u8, u8)> {
    let (major, minor) = text.split_once('.')?;
    let version = (major.parse().ok()?, minor.parse().ok()?);
    (VERSIONS.contains(&version) && version != (1, 3)).then_some(version)
}

impl Fields {
    /// Reads what can be read; what cannot is a finding. Nothing where it is no text.
    pub(super) fn read(bytes: &[u8], path: &str, findings: &mut Findings) -> Option<Self> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            findings.within(&rules::MD_01, path, "the metadata is not UTF-8");
            return None;
        };
        if text.starts_with('\u{feff}') {
            findings.within(&rules::MD_01, path, "the metadata begins with a byte order mark");
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut rest = text.trim_start_matches('\u{feff}');
        while let Some((line, after)) = next_line(rest) {
            if line.is_empty() {
                rest = after;
                break;
            }
            rest = after;
            if line.starts_with([' ', '\t']) {
                if let Some((name, value)) = fields.last_mut() {
                    if name == "summary" {
                        findings.within(&rules::MD_05, path, "`Summary` goes over several lines");
                    }
                    value.push('\n');
                    value.push_str(line.trim());
                }
                continue;
            }
            match line.split_once(':') {
                Some((name, value)) if !name.is_empty() && !name.contains(char::is_whitespace) => {
                    fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
                _ => {
                    let after_summary = fields.last().is_some_and(|(name, _)| name == "summary");
                    let rule = if after_summary {
                        &rules::MD_05
                    } else {
                        &rules::MD_07
                    };
                    let message = format!(
                        "a line of the header is no field, and ends the header for readers: `{line}`"
                    );
                    findings.within(rule, path, message);
                }
            }
        }
        Some(Self {
            fields,
            body: rest.to_owned(),
        })
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first field of that name.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A line without its end, and the text behind it.
fn next_line(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        return None;
    }
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    Some((line.strip_suffix('\r').unwrap_or(line), rest))
}

impl Judge<'_> {
    fn add(&mut self, rule: &'static Rule, message: impl Into<String>) {
        self.findings.within(rule, self.place.path, message);
    }

    fn values(&self, name: &str) -> Vec<String> {
        self.fields.all(name).map(str::to_owned).collect()
    }

    fn value(&self, name: &str) -> Option<String> {
        self.fields.one(name).map(str::to_owned)
    }

    fn identity(&mut self) {
        for (field, shown) in [
            ("metadata-version", "Metadata-Version"),
            ("name", "Name"),
            ("version", "Version"),
        ] {
            if self.value(field).is_none_or(|value| value.is_empty()) {
                self.add(&rules::MD_01, format!("the metadata has no `{shown}`"));
            }
        }
        if let Some(text) = self.value("metadata-version").filter(|text| !text.is_empty()) {
            match self.version {
                None => self.add(&rules::MD_02, format!("there is no `Metadata-Version: {text}`")),
                Some(version) if version > NEWEST_OF_INDEX => {
                    self.add(
                        &rules::MD_33,
                        format!("the index does not know `Metadata-Version: {text}`"),
                    );
                }
                Some(_) => {}
            }
        }
        if let Some(name) = self.value("name").filter(|name| !name.is_empty()) {
            if let Err(error) = ProjectName::parse(&name) {
                self.add(&rules::MD_03, error.to_string());
            } else if let Some(of_file) = self.place.name.filter(|of_file| !is_same_project(of_file, &name)) {
                self.add(
                    &rules::MD_03,
                    format!("the file name is one of `{of_file}`, the metadata of `{name}`"),
                );
            }
        }
        if let Some(version) = self.value("version").filter(|version| !version.is_empty()) {
            self.judge_version(&version);
        }
        for dynamic in self.values("dynamic") {
            if matches!(
                dynamic.to_ascii_lowercase().as_str(),
                "name" | "version" | "metadata-version"
            ) {
                self.add(&rules::MD_28, format!("`{dynamic}` cannot be dynamic"));
            }
        }
    }

    fn judge_version(&mut self, version: &str) {
        let Ok(parsed) = Version::parse(version) else {
            self.add(&rules::MD_04, format!("`{version}` is no version"));
            return;
        };
        let Some(of_file) = self.place.version else { return };
        let same = Version::parse(&of_file.replace('_', "-")).is_ok_and(|other| other == parsed);
        if !same {
            self.add(
                &rules::FN_03,
                format!("the file name has the version `{of_file}`, the metadata `{version}`"),
            );
        }
    }

    fn fields(&mut self) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (name, _) in &self.fields.fields {
            *counts.entry(name.clone()).or_default() += 1;
        }
        for (name, count) in counts {
            match KNOWN.iter().find(|(known, ..)| *known == name) {
                None => self.add(&rules::MD_34, format!("there is no field `{name}`")),
                Some((_, since, several)) => {
                    if count > 1 && !several {
                        self.add(&rules::MD_32, format!("`{name}` is there {count} times"));
                    }
                    if let Some(version) = self.version.filter(|version| version < since) {
                        let message = format!(
                            "`{name}` came with version {}.{}, the metadata is of version {}.{}",
                            since.0, since.1, version.0, version.1
                        );
                        // The newer fields are read by whoever knows them; before 1.2 hardly anything was settled.
                        if *since >= (2, 2) {
                            self.add(&rules::MD_14, message);
                        }
                    }
                }
            }
        }
    }

    fn summary(&mut self) {
        const LONGEST: usize = 512;
        if let Some(summary) = self.value("summary") {
            let length = summary.chars().count();
            if length > LONGEST {
                self.add(&rules::MD_06, format!("`Summary` has {length} characters"));
            }
        }
        let private = |classifier: &String| classifier.starts_with("Private ::");
        if let Some(classifier) = self.values("classifier").into_iter().find(private) {
            self.add(
                &rules::MD_23,
                format!("the index refuses the classifier `{classifier}`"),
            );
        }
    }

    fn description(&mut self) {
        if self.value("description").is_some() && !self.fields.body.trim().is_empty() {
            self.add(
                &rules::MD_08,
                "there is a description in the header and another behind it",
            );
        }
        let Some(text) = self.value("description-content-type") else {
            return;
        };
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        if !matches!(kind.as_str(), "text/plain" | "text/x-rst" | "text/markdown") {
            self.add(
                &rules::MD_08,
                format!("the description is of a type that is none: `{text}`"),
            );
        }
        for parameter in parts {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
            let is_right = match name.as_str() {
                "charset" => value.eq_ignore_ascii_case("utf-8"),
                "variant" => kind != "text/markdown" || matches!(value, "GFM" | "CommonMark"),
                _ => true,
            };
            if !is_right {
                self.add(
                    &rules::MD_08,
                    format!("the description's `{name}` is none: `{value}`"),
                );
            }
        }
    }

    fn license(&mut self) {
        let expression = self.value("license-expression");
        if expression.is_some() && self.value("license").is_some() {
            self.add(&rules::MD_12, "there are both `License` and `License-Expression`");
        }
        if let Some(expression) = expression
            && let Err(reason) = license::normalize(&expression)
        {
            self.add(
                &rules::PP_12,
                format!("`License-Expression` is none: `{expression}` ({reason})"),
            );
        }
        for file in self.values("license-file") {
            let leads_out = file.is_empty()
                || file.starts_with('/')
                || file.contains(['\\', '*'])
                || file.split('/').any(|part| part == "..");
            // What older versions of the metadata meant by it, nobody wrote down.
            let is_settled = self.version.is_some_and(|version| version >= (2, 4));
            let is_there = if is_settled {
                (self.place.has_exact_license)(&file)
            } else {
                (self.place.has_license)(&file)
            };
            if leads_out {
                self.add(
                    &rules::MD_13,
                    format!("`License-File` is no plain relative path: `{file}`"),
                );
            } else if !is_there && is_settled {
                self.add(
                    &rules::MD_13,
                    format!(
                        "there is no `{}/{file}`, which `License-File` names",
                        self.place.license_folder
                    ),
                );
            }
        }
    }

    fn requirements(&mut self) {
        let extras = self.values("provides-extra");
        let provided: BTreeSet<String> = extras.iter().map(|extra| name::normalize(extra)).collect();
        if self.version.is_some_and(|version| version >= (2, 3)) {
            for extra in &extras {
                if name::normalize(extra) != *extra {
                    self.add(
                        &rules::MD_15,
                        format!("`Provides-Extra` is not normalized: `{extra}`"),
                    );
                }
            }
        }
        for text in self.values("requires-dist") {
            self.requirement(&text, &provided);
        }
    }

    fn requirement(&mut self, text: &str, provided: &BTreeSet<String>) {
        let before_marker = text.split(';').next().unwrap_or_default();
        if before_marker.contains('(') && !before_marker.contains('@') {
            self.add(
                &rules::MD_17,
                format!("a requirement has its versions in parentheses: `{text}`"),
            );
        }
        match Requirement::<VerbatimUrl>::from_str(text) {
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().next().unwrap_or_default();
                self.add(
                    &rules::MD_16,
                    format!("a requirement is none: `{text}` ({reason})"),
                );
            }
            Ok(requirement) => {
                if matches!(requirement.version_or_url, Some(VersionOrUrl::Url(_))) {
                    self.add(&rules::MD_18, format!("a requirement is an address: `{text}`"));
                }
            }
        }
        for extra in extras_of(text) {
            if !provided.contains(&name::normalize(extra)) {
                self.add(
                    &rules::MD_15,
                    format!("a requirement is for the extra `{extra}`, which is not provided: `{text}`"),
                );
            }
        }
    }

    fn addresses(&mut self) {
        const LONGEST_LABEL: usize = 32;
        let mut labels = BTreeSet::new();
        for text in self.values("project-url") {
            let (label, address) = text.split_once(',').unwrap_or(("", &text));
            let (label, address) = (label.trim(), address.trim());
            let is_address = address.split_once(':').is_some_and(|(scheme, rest)| {
                scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && scheme
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                    && !rest.is_empty()
                    && !rest.contains(char::is_whitespace)
            });
            if label.is_empty() || label.chars().count() > LONGEST_LABEL || !is_address {
                self.add(
                    &rules::MD_20,
                    format!("`Project-URL` is no label and address: `{text}`"),
                );
            } else if !labels.insert(label.to_owned()) {
                self.add(
                    &rules::MD_20,
                    format!("`Project-URL` has a label twice: `{label}`"),
                );
            }
        }
        for (field, shown) in [("home-page", "Home-page"), ("download-url", "Download-URL")] {
            let is_of_today = self.version.is_some_and(|version| version >= (2, 4));
            if is_of_today && self.value(field).is_some() {
                self.add(&rules::MD_21, format!("`{shown}` is deprecated"));
            }
        }
    }

    fn imports(&mut self) {
        let bare = |text: &String| text.split(';').next().unwrap_or_default().trim().to_owned();
        let names: Vec<String> = self.values("import-name").iter().map(bare).collect();
        let spaces: Vec<String> = self.values("import-namespace").iter().map(bare).collect();
        let is_dotted = |text: &str| text.split('.').all(name::is_identifier);
        let empty_alone = names.len() == 1 && spaces.is_empty();
        for name in &names {
            if !(is_dotted(name) || (name.is_empty() && empty_alone)) {
                self.add(&rules::MD_25, format!("`Import-Name` is no module: `{name}`"));
            }
            if spaces.contains(name) {
                self.add(
                    &rules::MD_25,
                    format!("`{name}` is both `Import-Name` and `Import-Namespace`"),
                );
            }
        }
        for name in spaces.iter().filter(|name| !is_dotted(name)) {
            self.add(
                &rules::MD_25,
                format!("`Import-Namespace` is no module: `{name}`"),
            );
        }
    }

    fn requires_python(&mut self) -> Option<VersionSpecifiers> {
        let text = self.value("requires-python")?;
        let specifiers = VersionSpecifiers::from_str(&text).ok();
        if specifiers.is_none() {
            self.add(
                &rules::MD_19,
                format!("`Requires-Python` is no set of versions: `{text}`"),
            );
        }
        specifiers
    }
}

/// The extras that a requirement's marker compares with.
fn extras_of(requirement: &str) -> Vec<&str> {
    let marker = requirement.split_once(';').map_or("", |(_, marker)| marker);
    let mut found = Vec::new();
    for (at, word) in marker.match_indices("extra") {
        let is_word = !marker[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = marker[at + word.len()..].trim_start();
        if let Some(value) = rest.strip_prefix("==").map(str::trim_start).filter(|_| is_word) {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            found.extend(quote.and_then(|quote| value[1..].split(quote).next()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<&'static str> {
        let mut findings = Findings::default();
        let place = Place {
            path: "METADATA",
            name: Some("demo"),
            version: Some("1.0"),
            license_folder: "demo-1.0.dist-info/licenses",
            has_license: &|file| file == "LICENSE",
            has_exact_license: &|file| file == "LICENSE",
        };
        judge(text.as_bytes(), &place, &mut findings);
        findings.iter().map(|finding| finding.rule.id).collect()
    }

    const HEAD: &str = "Metadata-Version: 2.4\nName: demo\nVersion: 1.0\n";

    #[test]
    fn right_metadata_is_left_alone() {
        let text = "Summary: words\nLicense-Expression: MIT\nLicense-File: LICENSE\nRequires-Python: >=3.9\n\
                    Provides-Extra: a-b\nRequires-Dist: x>=1; extra == 'a-b'\nProject-URL: Home, https://e.org/\n\
                    Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM\n\n# Title\n\nno: field\n";
        assert_eq!(ids(&format!("{HEAD}{text}")), [""; 0]);
    }

    #[test]
    fn each_wrong_field_breaks_its_rule() {
        for (text, rule) in [
            ("Summary: a\nb\n", "MD-05"),
            ("Author: a\nb\n", "MD-07"),
            ("Summary: a\nSummary: b\n", "MD-32"),
            ("Colour: red\n", "MD-34"),
            ("License: MIT\nLicense-Expression: MIT\n", "MD-12"),
            ("License-Expression: Not-A-License\n", "PP-12"),
            ("License-File: COPYING\n", "MD-13"),
            ("License-File: ../LICENSE\n", "MD-13"),
            ("Import-Name: a\n", "MD-14"),
            ("Provides-Extra: A_b\n", "MD-15"),
            ("Requires-Dist: x; extra == 'y'\n", "MD-15"),
            ("Requires-Dist: x >> 1\n", "MD-16"),
            ("Requires-Dist: x (>=1)\n", "MD-17"),
            ("Requires-Dist: x @ https://e.org/x.zip\n", "MD-18"),
            ("Requires-Python: 3.9 or so\n", "MD-19"),
            ("Project-URL: https://e.org/\n", "MD-20"),
            ("Home-page: https://e.org/\n", "MD-21"),
            ("Classifier: Private :: no\n", "MD-23"),
            ("Dynamic: Version\n", "MD-28"),
            ("Description-Content-Type: text/html\n", "MD-08"),
            ("Description: a\n\nb\n", "MD-08"),
        ] {
            assert_eq!(ids(&format!("{HEAD}{text}")), [rule], "{text}");
        }
        assert_eq!(
            ids("Metadata-Version: 2.4\nName: other\nVersion: 1.0\n"),
            ["MD-03"]
        );
        assert_eq!(ids("Metadata-Version: 2.4\nName: demo\nVersion: 2\n"), ["FN-03"]);
        assert_eq!(
            ids("Metadata-Version: 3.0\nName: demo\nVersion: 1.0\n"),
            ["MD-02"]
        );
        assert_eq!(
            ids("Metadata-Version: 2.6\nName: demo\nVersion: 1.0\n"),
            ["MD-33"]
        );
        assert_eq!(ids("Metadata-Version: 2.4\nVersion: 1.0\n"), ["MD-01"]);
    }
}

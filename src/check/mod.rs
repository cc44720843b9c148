//! Takes the name and the bytes of a wheel or an sdist, or the tree that is to become one. Gives findings: which rule, where, in
//! what way, and what to do about it.
//! Knows nothing of projects, interpreters and the screen.
//!
//! What the standards ask stands in [`rules`], each rule with its source. A finding is data, never an error.

#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "names in archives mean what is written, letter by letter"
)]

mod binaries;
mod container;
mod dist_info;
mod entry_points;
mod file_name;
mod fix;
mod image;
mod layout;
mod members;
mod metadata;
mod record;
pub mod rules;
mod sdist;
mod stable_abi;

use crate::audit::image::Image;
use crate::tag::WheelFilename;
use crate::zip::survey;

pub use fix::{Mended, mend};
pub use members::{Glance, Member, Members};
pub use rules::{Profile, Rule, Severity};

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that it breaks.
    pub rule: &'static Rule,
    /// The file inside the archive, where it concerns one.
    pub member: Option<String>,
    /// What is wrong, in a plain sentence.
    pub message: String,
}

/// All that is wrong with a file, in the order in which it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, rule: &'static Rule, member: Option<&str>, message: impl Into<String>) {
        let finding = Finding {
            rule,
            member: member.map(str::to_owned),
            message: message.into(),
        };
        if !self.0.contains(&finding) {
            self.0.push(finding);
        }
    }

    /// Something wrong with the file as a whole.
    fn about(&mut self, rule: &'static Rule, message: impl Into<String>) {
        self.add(rule, None, message);
    }

    /// Something wrong with one of its files.
    fn within(&mut self, rule: &'static Rule, member: &str, message: impl Into<String>) {
        self.add(rule, Some(member), message);
    }

    /// What counts under a profile, errors first.
    #[must_use]
    pub fn under(&self, profile: Profile) -> Vec<(Severity, &Finding)> {
        let mut counted: Vec<_> = self
            .0
            .iter()
            .filter_map(|finding| Some((finding.rule.severity(profile)?, finding)))
            .collect();
        counted.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
        counted
    }

    /// Every finding, whoever minds it.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// One more finding, of who looked at something else.
    pub fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }
}

impl Finding {
    /// Whether it is about what somebody packed rather than about how it was packed.
    #[must_use]
    pub fn is_about_content(&self) -> bool {
        rules::OF_CONTENT.contains(self.rule)
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.rule.id)
    }
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A wheel.
    Wheel,
    /// A source distribution.
    Sdist,
}

impl Kind {
    /// By the ending of its name; nothing for a name of neither.
    #[must_use]
    pub fn of(file_name: &str) -> Option<Self> {
        let lower = file_name.to_ascii_lowercase();
        if lower.ends_with(".whl") {
            Some(Self::Wheel)
        } else if [".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".tar"]
            .iter()
            .any(|ending| lower.ends_with(ending))
        {
            Some(Self::Sdist)
        } else {
            None
        }
    }

    /// The word for people and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wheel => "wheel",
            Self::Sdist => "sdist",
        }
    }
}

/// Judges a file by its name and its bytes, on up to `cores` threads.
#[must_use]
pub fn judge(kind: Kind, file_name: &str, bytes: &[u8], cores: usize) -> Findings {
    judge_there(kind, file_name, bytes, cores, &Surroundings::default())
}

/// What a wheel finds where it is installed.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Sonames of libraries that somebody else brings.
    pub left_out: Vec<glob::Pattern>,
    /// The container image.
    pub image: Option<Image>,
}

/// `judge`, with what is known of where a wheel is to be installed.
#[must_use]
pub fn judge_there(
    kind: Kind,
    file_name: &str,
    bytes: &[u8],
    cores: usize,
    surroundings: &Surroundings,
) -> Findings {
    match kind {
        Kind::Wheel => wheel(file_name, bytes, cores, surroundings),
        Kind::Sdist => sdist::judge(file_name, bytes),
    }
}

fn wheel(file_name: &str, bytes: &[u8], cores: usize, surroundings: &Surroundings) -> Findings {
    let mut findings = Findings::default();
    let survey = survey::survey(bytes);
    container::judge_faults(&survey.faults, &mut findings);
    container::judge_size(bytes.len() as u64, &mut findings);
    if survey
        .faults
        .iter()
        .any(|fault| matches!(fault.flaw, survey::Flaw::Unreadable | survey::Flaw::Bomb))
    {
        file_name::judge(file_name, &mut findings);
        return findings;
    }
    let (mut members, faults) = Members::of_archive(file_name, bytes, &survey, cores);
    members.left_out.clone_from(&surroundings.left_out);
    members.image.clone_from(&surroundings.image);
    container::judge_faults(&faults, &mut findings);
    judge_members(&members, &mut findings);
    findings
}

/// Judges names, modes and contents, wherever they come from: what is true of an archive of them but for its bytes.
/// Without `platform` nobody asks whether the shared objects hold to the tag.
#[must_use]
pub fn members(members: &Members, platform: bool) -> Findings {
    let mut findings = Findings::default();
    judge_members(members, &mut findings);
    if !platform {
        findings
            .0
            .retain(|finding| !rules::OF_PLATFORM.contains(finding.rule));
    }
    findings
}

fn judge_members(members: &Members, findings: &mut Findings) {
    let filename = file_name::judge(&members.file_name, findings);
    container::judge_members(members, findings);
    layout::judge(members, filename.as_ref(), findings);
    let Some(folder) = dist_info::folder(members, filename.as_ref(), findings) else {
        return;
    };
    let requires_python = dist_info::judge(members, &folder, filename.as_ref(), findings);
    if let (Some(filename), Some(requires_python)) = (&filename, &requires_python) {
        file_name::judge_requires_python(filename, requires_python, findings);
    }
    record::judge(members, &folder, findings);
    if let Some(filename) = &filename {
        binaries::judge(members, filename, findings);
        if let Some(image) = &members.image {
            image::judge(members, filename, image, findings);
        }
    }
}

/// As many names as a line takes, each in backticks.
fn listed<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The version in a wheel's file name, as it stands there.
fn version_of(filename: &WheelFilename) -> String {
    let stem = filename.stem();
    stem.strip_prefix(filename.distribution())
        .and_then(|rest| rest.strip_prefix('-'))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{ArchivePath, Entry, Tree};

    fn tree(wheel: &str) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in [
            ("demo/__init__.py", ""),
            (
                "demo-1.0.dist-info/METADATA",
                "Metadata-Version: 2.4\nName: demo\nVersion: 1.0\n",
            ),
            ("demo-1.0.dist-info/WHEEL", wheel),
        ] {
            let entry = Entry::generated(text.to_owned(), "a test");
            tree.add(ArchivePath::parse(path).unwrap(), entry).unwrap();
        }
        tree
    }

    #[test]
    fn a_tree_is_judged_before_it_is_a_wheel() {
        let name = "demo-1.0-py3-none-any.whl";
        let right = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        let findings = |wheel: &str| members(&Members::of_tree(name, &tree(wheel)).unwrap(), true);
        assert_eq!(findings(right), Findings::default());
        let found: Vec<String> = findings(&right.replace("py3-none-any", "py2-none-any"))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            found,
            [
                "the file name has `py3-none-any`, WHEEL has not; WHEEL has `py2-none-any`, the file name has not (WM-05)"
            ]
        );
    }
}

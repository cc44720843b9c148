//! Audits a finished wheel, whoever made it, puts into it what it lacks, and names it for where it really runs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::archive::{ArchiveError, ArchivePath, Content, Entry, Tree};
use crate::audit::{self, Search};
use crate::bundle::{self, BundleError, Bundled, Wish};
use crate::check::{self, Finding, Findings, Members, Profile, Severity, rules};
use crate::elf::ElfError;
use crate::event::{Event, Listener, Stage, WheelMade};
use crate::fs::FileError;
use crate::graft::Naming;
use crate::graft::objects;
use crate::host::Host;
use crate::project::settings::AuditMode;
use crate::tag::{PlatformTag, PlatformWish, TagError, WheelFilename};
use crate::wheel::papers::{self, Papers};
use crate::wheel::read::{self, ReadError, Unpacked};
use crate::wheel::write::{self, Options, Prepared, Wheel, WriteError};
use crate::zip::deflate::Compression;
use crate::zip::write::Timestamp;

/// What is asked.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Request {
    /// The wheels.
    pub wheels: Vec<PathBuf>,
    /// The folder for the new ones.
    pub out: PathBuf,
    /// The platforms asked for; none for the best that holds.
    pub platforms: Vec<PlatformWish>,
    /// The architecture that was asked for with them.
    pub architecture: Option<String>,
    /// Whether nothing but the platforms asked for is named.
    pub only_those: bool,
    /// Whether the file's tags stay as they are.
    pub keep_tags: bool,
    /// Whether a wheel without ELF files is no error.
    pub allow_pure: bool,
    /// Where libraries are looked for.
    pub search: Search,
    /// What the folder of travelling libraries ends in: `.libs`.
    pub folder_suffix: String,
    /// Folders among the packages with libraries that were left out.
    pub run_path: Vec<String>,
    /// Whether symbols go.
    pub strip: bool,
    /// How files are compressed.
    pub compression: Compression,
}

/// Why a wheel is not repaired. Nothing was written for it.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot be made to hold.
    #[error("cannot repair {path}", path = path.display())]
    Bundle {
        /// The wheel.
        path: PathBuf,
        /// Why.
        source: Box<BundleError>,
    },
    /// It has nothing that a policy speaks of.
    #[error("{path} holds no ELF file that a loader loads: it has no platform to hold to", path = path.display())]
    Pure {
        /// The wheel.
        path: PathBuf,
    },
    /// It is for another machine than the platform that was asked for.
    #[error("{path} is for {found}, but the platform asked for is for {wanted}", path = path.display())]
    OtherMachine {
        /// The wheel.
        path: PathBuf,
        /// Its architecture.
        found: String,
        /// The one asked for.
        wanted: String,
    },
    /// The new wheel would take the place of the one it is made from, or of one made just before.
    #[error("the repaired wheel would take the place of {path}", path = path.display())]
    InTheWay {
        /// The wheel that is there.
        path: PathBuf,
    },
    /// A file of it that begins like ELF is damaged.
    #[error("`{inside}` of {path} cannot be judged", path = path.display())]
    Damaged {
        /// The wheel.
        path: PathBuf,
        /// The file in it.
        inside: String,
        /// What is wrong with it.
        source: ElfError,
    },
    /// It is for another system.
    #[error("{path} is not for Linux: its platform is `{platform}`", path = path.display())]
    OtherSystem {
        /// The wheel.
        path: PathBuf,
        /// Its platform tag.
        platform: String,
    },
    /// Its WHEEL cannot be read.
    #[error("{path} has a WHEEL that is not UTF-8", path = path.display())]
    Info {
        /// The wheel.
        path: PathBuf,
    },
    /// The repaired wheel breaks a rule that the wheel did not break before.
    #[error("the wheel made from {path} is wrong, which is a fault of ironwheel's: {finding}", path = path.display())]
    Wrong {
        /// The wheel as it came.
        path: PathBuf,
        /// The first of what is wrong.
        finding: Finding,
    },
    /// It would have no name.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// Two files for one place.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl RepairError {
    /// What to do next, as far as the error itself tells.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Wrong { finding, .. } => Some(format!(
                "please report it, with the wheel; {} asks for this",
                finding.rule.source
            )),
            _ => None,
        }
    }

    /// The program's exit status: 3 where the wheel breaks the policy asked for, else 1.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Bundle { source, .. } if source.breaks_policy() => 3,
            _ => 1,
        }
    }
}

/// Repairs wheels, one after the other; each new one is whole and in its place before the next is begun.
///
/// # Errors
/// At the first wheel that cannot be read or does not hold.
pub fn repair(request: &Request, host: &Host, listener: Listener<'_>) -> Result<Vec<WheelMade>, RepairError> {
    let mut made = Vec::new();
    for path in &request.wheels {
        let unpacked = read::open(path, host.cores())?;
        listener(Event::Read(path.clone()));
        if let Some(wheel) = one(path, unpacked, &made, request, host, listener)? {
            listener(Event::Wheel(wheel.clone()));
            made.push(wheel);
        }
    }
    Ok(made)
}

fn one(
    path: &Path,
    mut unpacked: Unpacked,
    made: &[WheelMade],
    request: &Request,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Option<WheelMade>, RepairError> {
    let found = objects::find(&unpacked.tree, host.cores())?;
    if let Some((inside, source)) = found.unreadable.first() {
        return Err(RepairError::Damaged {
            path: path.to_owned(),
            inside: inside.to_string(),
            source: source.clone(),
        });
    }
    let Some(first) = found.objects.first() else {
        if !request.allow_pure {
            return Err(RepairError::Pure {
                path: path.to_owned(),
            });
        }
        listener(Event::Notice {
            message: format!(
                "{} holds no ELF file, so there is nothing to repair",
                path.display()
            ),
            hint: None,
        });
        return Ok(None);
    };
    let architecture = architecture(path, &unpacked.filename, &first.facts.machine.to_string())?;
    if let Some(wanted) = request
        .architecture
        .as_ref()
        .filter(|wanted| **wanted != architecture)
    {
        return Err(RepairError::OtherMachine {
            path: path.to_owned(),
            found: architecture,
            wanted: wanted.clone(),
        });
    }
    let before = unpacked.tree.clone();
    let libpython: BTreeSet<String> = found
        .objects
        .iter()
        .filter(|object| object.facts.interpreter.is_none())
        .flat_map(|object| &object.facts.needed)
        .filter(|needed| audit::is_libpython(needed))
        .cloned()
        .collect();
    for library in &libpython {
        listener(Event::Notice {
            message: format!("`{library}` is needed no more: the interpreter has what it has"),
            hint: None,
        });
    }
    let clock = Instant::now();
    listener(Event::Started {
        stage: Stage::Audit,
        subject: unpacked.filename.to_string(),
    });
    let data = format!("{}.data", unpacked.dist_info.trim_end_matches(".dist-info"));
    let folder = format!("{}{}", unpacked.filename.distribution(), request.folder_suffix);
    let wish = Wish {
        mode: AuditMode::Repair,
        platforms: &request.platforms,
        also_better: !request.only_those && !request.platforms.is_empty(),
        architecture: &architecture,
        search: &request.search,
        data: &data,
        folder: &folder,
        run_path: &request.run_path,
        drop_needed: &libpython,
        naming: Naming::File,
        strip: request.strip,
        cores: host.cores(),
    };
    let bundled =
        bundle::bundle(&mut unpacked.tree, &found, &wish).map_err(|source| RepairError::Bundle {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
    for message in bundled.doubts() {
        listener(Event::Notice { message, hint: None });
    }
    listener(Event::Finished {
        stage: Stage::Audit,
        outcome: bundled.in_words(),
        duration: clock.elapsed(),
    });
    let papers = Papers {
        dist_info: &unpacked.dist_info,
        folder: &folder,
        name: unpacked.filename.distribution(),
        version: unpacked.filename.version(),
        closure: &bundled.closure,
        owners: &bundled.owners,
        timestamp: host.source_date_epoch(),
        has_bill: true,
    };
    papers::add(&bundled.travellers, &papers, &mut unpacked.tree)?;
    let from = Origin { path, tree: &before };
    Ok(Some(finish(
        &from, unpacked, &bundled, made, request, host, listener,
    )?))
}

/// The wheel as it came.
struct Origin<'a> {
    path: &'a Path,
    tree: &'a Tree,
}

/// Names the wheel, brings WHEEL into line, judges what came of it, and writes it.
fn finish(
    from: &Origin<'_>,
    unpacked: Unpacked,
    bundled: &Bundled,
    made: &[WheelMade],
    request: &Request,
    host: &Host,
    listener: Listener<'_>,
) -> Result<WheelMade, RepairError> {
    let Unpacked {
        filename,
        dist_info,
        mut tree,
        ..
    } = unpacked;
    let old_name = filename.clone();
    let filename = if request.keep_tags {
        filename
    } else {
        let platforms: Vec<String> = bundled
            .platforms
            .iter()
            .flat_map(PlatformTag::with_aliases)
            .collect();
        filename.for_platforms(platforms)
    };
    refuse_overwriting(from.path, &request.out.join(filename.to_string()), made)?;
    retag(from.path, &mut tree, &dist_info, &filename)?;
    let left_out = &request.search.exclude;
    // Whoever keeps the tags answers for them.
    let before = judged(&old_name, from.tree, left_out, !request.keep_tags)?;
    let after = judged(&filename, &tree, left_out, !request.keep_tags)?;
    let news = news(&after, &filename, &before, &old_name);
    tell(from.path, &news, listener)?;
    let options = Options {
        out: &request.out,
        compression: request.compression,
        timestamp: host
            .source_date_epoch()
            .map_or(Timestamp::EARLIEST, Timestamp::from_unix),
        cores: host.cores(),
        memory: None,
    };
    let clock = Instant::now();
    listener(Event::Started {
        stage: Stage::Write,
        subject: filename.to_string(),
    });
    let name = filename.to_string();
    let tags = filename.tag().expanded();
    let files = tree.len() + 1;
    let progress = |done, total| listener(Event::Progress { done, total });
    let wheel = Wheel {
        filename,
        dist_info,
        tree,
    };
    let written = write::write(wheel, Prepared::default(), &options, &progress)?;
    listener(Event::Finished {
        stage: Stage::Write,
        outcome: name.clone(),
        duration: clock.elapsed(),
    });
    let outside = bundled.outside();
    Ok(WheelMade {
        path: written.path,
        filename: name,
        sha256: written.sha256,
        size: written.size,
        tags,
        interpreter: None,
        needed: outside.iter().map(|needed| needed.library.clone()).collect(),
        libraries: bundled.carried(),
        outside,
        files,
    })
}

/// What breaks the standards in a tree that is, or is to become, the wheel of that name.
fn judged(
    filename: &WheelFilename,
    tree: &Tree,
    left_out: &[glob::Pattern],
    platform: bool,
) -> Result<Findings, FileError> {
    let mut members = Members::of_tree(&filename.to_string(), tree)?;
    members.left_out = left_out.to_vec();
    Ok(check::members(&members, platform))
}

/// The errors of the new wheel that the old one did not have. One that only tells the new tags where it told the old ones is no
/// news; but that WHEEL has other tags than the file name is, for both have just been written.
fn news(
    after: &Findings,
    new_name: &WheelFilename,
    before: &Findings,
    old_name: &WheelFilename,
) -> Vec<Finding> {
    let nameless = |finding: &Finding, name: &WheelFilename| {
        let message = finding.message.replace(&name.tag().to_string(), "");
        (finding.rule.id, finding.member.clone(), message)
    };
    let brought: BTreeSet<_> = before.iter().map(|finding| nameless(finding, old_name)).collect();
    let errors = after.under(Profile::Standards).into_iter();
    errors
        .filter(|(severity, finding)| {
            *severity == Severity::Error
                && (finding.rule == &rules::WM_05 || !brought.contains(&nameless(finding, new_name)))
        })
        .map(|(_, finding)| finding.clone())
        .collect()
}

/// What is wrong with a library that was put in is told; anything else that is new is our own fault, and so is a file that cannot be
/// read, for all could be before.
fn tell(path: &Path, news: &[Finding], listener: Listener<'_>) -> Result<(), RepairError> {
    for finding in news {
        if !finding.is_about_content() || finding.rule == &rules::ELF_001 {
            return Err(RepairError::Wrong {
                path: path.to_owned(),
                finding: finding.clone(),
            });
        }
        listener(Event::Notice {
            message: finding.to_string(),
            hint: Some(finding.rule.advice.to_owned()),
        });
    }
    Ok(())
}

/// What a wheel is repaired from is still there afterwards, and so is what was repaired before it.
fn refuse_overwriting(from: &Path, to: &Path, made: &[WheelMade]) -> Result<(), RepairError> {
    let is_itself = match (std::fs::canonicalize(from), std::fs::canonicalize(to)) {
        (Ok(from), Ok(to)) => from == to,
        _ => false,
    };
    if is_itself || made.iter().any(|wheel| wheel.path == to) {
        return Err(RepairError::InTheWay { path: to.to_owned() });
    }
    Ok(())
}

/// The architecture of the wheel's platform tag; the first file's where the tag says `any`.
fn architecture(path: &Path, filename: &WheelFilename, first: &str) -> Result<String, RepairError> {
    let platform = filename.tag().platform().next().unwrap_or("any").to_owned();
    if platform == "any" {
        return Ok(first.to_owned());
    }
    let after_two_numbers = |rest: &str| {
        let mut parts = rest.splitn(3, '_');
        let is_number = |part: Option<&str>| part.is_some_and(|part| part.parse::<u16>().is_ok());
        (is_number(parts.next()) && is_number(parts.next()))
            .then(|| parts.next().map(str::to_owned))
            .flatten()
    };
    let found = ["linux_", "manylinux1_", "manylinux2010_", "manylinux2014_"]
        .iter()
        .find_map(|prefix| platform.strip_prefix(prefix).map(str::to_owned))
        .or_else(|| platform.strip_prefix("manylinux_").and_then(after_two_numbers))
        .or_else(|| platform.strip_prefix("musllinux_").and_then(after_two_numbers));
    found.ok_or_else(|| RepairError::OtherSystem {
        path: path.to_owned(),
        platform,
    })
}

/// Makes WHEEL say what the file name says; everything else in it stays. A wheel with libraries of a machine has a platform, so
/// it is no pure one.
fn retag(path: &Path, tree: &mut Tree, dist_info: &str, filename: &WheelFilename) -> Result<(), RepairError> {
    let place = format!("{dist_info}/WHEEL");
    let Some(Entry {
        content: Content::Bytes(bytes),
        executable,
        rule,
    }) = tree.remove(&place)
    else {
        return Ok(());
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| RepairError::Info {
        path: path.to_owned(),
    })?;
    let entry = Entry {
        content: retagged(text, filename).into(),
        executable,
        rule,
    };
    tree.put(ArchivePath::parse(&place)?, entry);
    Ok(())
}

fn retagged(text: &str, filename: &WheelFilename) -> String {
    let mut out = String::with_capacity(text.len());
    let mut tags = Some(filename.tag().expanded());
    let mut write_tags = |out: &mut String| {
        for tag in tags.take().into_iter().flatten() {
            let _ = writeln!(out, "Tag: {tag}");
        }
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        match key.trim().to_ascii_lowercase().as_str() {
            "tag" => write_tags(&mut out),
            "root-is-purelib" if value.trim().eq_ignore_ascii_case("true") => {
                out.push_str("Root-Is-Purelib: false\n");
            }
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    write_tags(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filename(name: &str) -> WheelFilename {
        WheelFilename::parse(name).unwrap()
    }

    #[test]
    fn wheel_says_what_the_file_name_says() {
        let text = "Wheel-Version: 1.0\nGenerator: x (1)\nRoot-Is-Purelib: true\nTag: cp311-cp311-linux_x86_64\nBuild: 1\n\n";
        let name = filename("a-1-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
        assert_eq!(
            retagged(text, &name),
            "Wheel-Version: 1.0\nGenerator: x (1)\nRoot-Is-Purelib: false\n\
             Tag: cp311-cp311-manylinux2014_x86_64\nTag: cp311-cp311-manylinux_2_17_x86_64\nBuild: 1\n"
        );
        assert!(retagged("Wheel-Version: 1.0\n", &name).ends_with(
            "1.0\nTag: cp311-cp311-manylinux2014_x86_64\nTag: cp311-cp311-manylinux_2_17_x86_64\n"
        ));
    }

    /// A wheel whose metadata asks for something that is no requirement, with those tags in WHEEL.
    fn faulty(tags: &str) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in [
            (
                "METADATA",
                "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: ((\n".to_owned(),
            ),
            (
                "WHEEL",
                format!("Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tags}\n"),
            ),
        ] {
            let path = ArchivePath::parse(&format!("demo-1.0.dist-info/{path}")).unwrap();
            tree.add(path, Entry::generated(text, "a test")).unwrap();
        }
        tree
    }

    /// What is new in a tree under that name beside the faulty wheel as it came.
    fn news_of(name: &str, tree: &Tree) -> Vec<&'static str> {
        let old = filename("demo-1.0-cp311-cp310-linux_x86_64.whl");
        let new = filename(name);
        let before = judged(&old, &faulty("cp311-cp310-linux_x86_64"), &[], true).unwrap();
        assert!(
            before.iter().any(|finding| finding.rule.id == "MD-16"),
            "{before:?}"
        );
        let after = judged(&new, tree, &[], true).unwrap();
        let news = news(&after, &new, &before, &old);
        news.iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn only_what_the_wheel_did_not_bring_is_our_fault() {
        let name = "demo-1.0-cp311-cp310-manylinux_2_17_x86_64.whl";
        let tag = "cp311-cp310-manylinux_2_17_x86_64";
        assert_eq!(news_of(name, &faulty(tag)), [""; 0]);
        assert_eq!(news_of(name, &faulty("cp311-cp310-linux_x86_64")), ["WM-05"]);
        let mut nowhere = faulty(tag);
        let path = ArchivePath::parse("demo-1.0.data/nowhere/words.txt").unwrap();
        nowhere.put(path, Entry::generated(String::new(), "a test"));
        assert_eq!(news_of(name, &nowhere), ["WM-08"]);
    }

    #[test]
    fn a_fault_of_ours_ends_in_an_error_and_one_of_a_library_is_told() {
        let finding = |rule| Finding {
            rule,
            member: None,
            message: "it is so".to_owned(),
        };
        let told = std::sync::Mutex::new(Vec::new());
        let listener = |event| told.lock().unwrap().push(event);
        let path = Path::new("a.whl");
        assert!(tell(path, &[finding(&rules::ELF_006)], &listener).is_ok());
        assert_eq!(told.lock().unwrap().len(), 1);
        assert!(tell(path, &[finding(&rules::ELF_001)], &listener).is_err());
        let error = tell(path, &[finding(&rules::WM_05)], &listener).unwrap_err();
        assert!(error.to_string().contains("a.whl is wrong"), "{error}");
        assert!(error.hint().unwrap().contains("https://"));
        assert_eq!(error.exit_status(), 1);
    }

    #[test]
    fn the_architecture_is_read_off_the_tag() {
        let of = |platform: &str| {
            architecture(
                Path::new("x"),
                &filename(&format!("a-1-cp311-cp311-{platform}.whl")),
                "s390x",
            )
        };
        for (platform, expected) in [
            ("linux_x86_64", "x86_64"),
            ("manylinux1_i686", "i686"),
            ("manylinux_2_17_aarch64.manylinux2014_aarch64", "aarch64"),
            ("musllinux_1_2_armv7l", "armv7l"),
            ("any", "s390x"),
        ] {
            assert_eq!(of(platform).unwrap(), expected, "{platform}");
        }
        assert!(of("win_amd64").is_err());
        assert!(of("macosx_11_0_arm64").is_err());
    }
}

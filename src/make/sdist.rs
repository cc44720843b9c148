//! The walk from a project to its source distribution, and from there to wheels.

use std::path::{Path, PathBuf};

use super::{MakeError, announce, begin, check_writable, end, inputs, understand, wheels};
use crate::check::{self, Kind, Profile, Severity};
use crate::compile;
use crate::event::{Event, Listener, SdistMade, Stage, WheelMade};
use crate::fs;
use crate::host::Host;
use crate::project::settings::Overrides;
use crate::project::{Notice, Project};
use crate::sdist::{self, Sdist};
use crate::zip::deflate::Digest;

/// What goes into a source distribution beside the project's own files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SdistWish {
    /// The sources of all dependencies, and the configuration that makes cargo take them.
    pub vendor: bool,
}

/// Makes the source distribution: chosen, unpacked for cargo to read, packed, judged, written.
pub fn sdist(
    overrides: &Overrides,
    wish: SdistWish,
    host: &Host,
    listener: Listener<'_>,
) -> Result<SdistMade, MakeError> {
    let project = understand(overrides, host, listener)?;
    Ok(make(&project, wish, host, listener)?.0)
}

/// Makes the source distribution and, of what it holds, every wheel of the plan.
///
/// It is unpacked to a folder that stays the same, and compiled with the project's target directory: no dependency is compiled that
/// a build of the project has compiled, and nothing is compiled twice.
pub fn sdist_and_wheels(
    overrides: &Overrides,
    wish: SdistWish,
    host: &Host,
    listener: Listener<'_>,
) -> Result<(SdistMade, Vec<WheelMade>), MakeError> {
    let project = understand(overrides, host, listener)?;
    let (made, sdist) = make(&project, wish, host, listener)?;
    let folder = stable_folder(&project, host);
    fs::create_folder(&folder)?;
    sdist::unpack(&sdist, &folder)?;
    let unpacked = Overrides {
        manifest_path: Some(folder.join("pyproject.toml")),
        target_dir: Some(project.cargo.target_directory.clone()),
        ..overrides.clone()
    };
    let wheels = wheels(&unpacked, host, listener)?;
    Ok((made, wheels))
}

fn make(
    project: &Project,
    wish: SdistWish,
    host: &Host,
    listener: Listener<'_>,
) -> Result<(SdistMade, Sdist), MakeError> {
    let out = &project.settings.out.value;
    check_writable(out)?;
    let clock = begin(Stage::Pack, "sources", listener);
    let mut sdist = sdist::collect(project)?;
    complete(project, &mut sdist, wish, listener)?;
    announce(&sdist.notices, listener);
    listener(Event::Project(inputs::seen(project, &sdist.tree)));
    let bytes = sdist::pack(&sdist, host.source_date_epoch())?;
    let filename = format!("{}.tar.gz", sdist.name);
    judge(&filename, &bytes, host, listener)?;
    let written = sdist::write(&filename, &bytes, out)?;
    end(Stage::Pack, filename.as_str(), clock, listener);
    let made = SdistMade {
        path: written.path,
        filename,
        sha256: written.sha256,
        size: written.size,
        files: sdist.tree.len(),
    };
    listener(Event::Sdist(made.clone()));
    Ok((made, sdist))
}

/// Where what was packed is compiled.
///
/// Not in the target directory: of sources that lie there cargo remembers where they lie, of others where they lie in their package.
/// The two packages, the project's and the unpacked one, are one to cargo, so a plain `cargo build` would look for changes in the
/// unpacked sources and take old code for new.
fn stable_folder(project: &Project, host: &Host) -> PathBuf {
    let named = |name: &str| host.variable(name).filter(|value| value.starts_with('/'));
    let caches = named("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| named("HOME").map(|home| Path::new(home).join(".cache")));
    let target = project.cargo.target_directory.display().to_string();
    let digest = Digest::of(target.as_bytes()).sha256_hex().split_off(48);
    caches
        .map_or_else(|| project.cargo.memory(), |caches| caches.join("ironwheel"))
        .join(digest)
        .join(project.metadata.name.escaped())
}

/// Unpacks the tree, completes it by what only cargo can tell, and has cargo read it.
fn complete(
    project: &Project,
    sdist: &mut Sdist,
    wish: SdistWish,
    listener: Listener<'_>,
) -> Result<(), MakeError> {
    let _alone = compile::alone(&project.cargo, listener)?;
    let name = &project.metadata.name.escaped();
    // Cargo looks for no workspace above a folder `target/package`, where it unpacks its own packages. The target directory may lie
    // in a workspace that the project has no part in.
    let folder = project.cargo.memory().join("sdist/target/package").join(name);
    fs::create_folder(&folder)?;
    sdist::unpack(sdist, &folder)?;
    sdist.reduce_lock(project, &folder)?;
    if wish.vendor {
        let memory = project.cargo.memory();
        sdist.vendor(project, &folder, &memory.join("vendor").join(name), listener)?;
        sdist::unpack(sdist, &folder)?;
        sdist.verify_alone(&folder, &memory.join("empty-home"))?;
    } else {
        sdist.verify(project, &folder)?;
    }
    Ok(())
}

/// Holds the archive against the standards before anybody gets it.
fn judge(filename: &str, bytes: &[u8], host: &Host, listener: Listener<'_>) -> Result<(), MakeError> {
    let findings = check::judge(Kind::Sdist, filename, bytes, host.cores());
    for (severity, finding) in findings.under(Profile::Standards) {
        if severity != Severity::Error {
            continue;
        }
        if !finding.is_about_content() {
            return Err(MakeError::Wrong {
                finding: finding.clone(),
            });
        }
        announce(
            &[Notice::new(finding.to_string()).hint(finding.rule.advice)],
            listener,
        );
    }
    Ok(())
}

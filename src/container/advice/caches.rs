//! Cache mounts: whether they lie where something is kept, and whether what they keep is of use.

use super::{Call, Findings, View};
use crate::container::dockerfile::{Instruction, Mount};
use crate::container::rules::{CACHE_HIDES, CACHE_LOST, CACHE_PLACE, CACHE_SHARING, CACHE_UNUSED};

pub(super) fn advise(view: &View<'_>, findings: &mut Findings) {
    for (run, calls) in view.runs() {
        for mount in run.mounts().iter().filter(|mount| mount.kind == "cache") {
            // Who writes it anew writes all of it.
            if !place(view, run, mount, findings) {
                sharing(view, run, mount, findings);
            }
            lost(view, run, &calls, mount, findings);
            unused(view, run, &calls, mount, findings);
        }
    }
}

/// Where cargo keeps what it downloads, and who says so.
struct Home {
    path: String,
    reason: String,
}

/// What the official image sets.
const OF_THE_RUST_IMAGE: &str = "/usr/local/cargo";

/// What cargo takes where nothing is set, as root.
const OF_ROOT: &str = "/root/.cargo";

/// Images that set nothing of cargo's.
const PLAIN_IMAGES: [&str; 13] = [
    "python",
    "debian",
    "ubuntu",
    "alpine",
    "buildpack-deps",
    "node",
    "gcc",
    "fedora",
    "almalinux",
    "rockylinux",
    "centos",
    "archlinux",
    "amazonlinux",
];

/// The name of an official image, or of one for wheels; nothing for those of others, who may have set anything.
pub(super) fn known_image(image: &str) -> Option<&str> {
    let without_digest = image.split('@').next().unwrap_or(image);
    let (folder, last) = without_digest.rsplit_once('/').unwrap_or(("", without_digest));
    let name = last.split(':').next().unwrap_or(last);
    let is_official = folder.is_empty() || folder == "library" || folder.ends_with("/library");
    let is_for_wheels = name.starts_with("manylinux") || name.starts_with("musllinux");
    (is_official || is_for_wheels).then_some(name)
}

fn home(view: &View<'_>, run: &Instruction) -> Option<Home> {
    let variables = view.variables(run.line);
    if let Some(path) = variables.get("CARGO_HOME") {
        return Some(Home {
            path: path.trim_end_matches('/').to_owned(),
            reason: "`CARGO_HOME` says so".to_owned(),
        });
    }
    let name = known_image(view.image())?;
    if name == "rust" {
        return Some(Home {
            path: OF_THE_RUST_IMAGE.to_owned(),
            reason: format!("the image `{}` sets `CARGO_HOME`", view.image()),
        });
    }
    let is_plain =
        PLAIN_IMAGES.contains(&name) || name.starts_with("manylinux") || name.starts_with("musllinux");
    // Another user has another home.
    let is_root = !view
        .all()
        .any(|user| user.line < run.line && user.keyword == "USER" && !super::runtime::is_root(&user.text));
    (is_plain && is_root).then(|| Home {
        path: variables
            .get("HOME")
            .map_or_else(|| OF_ROOT.to_owned(), |home| format!("{home}/.cargo")),
        reason: "it is where cargo keeps it unless `CARGO_HOME` says otherwise".to_owned(),
    })
}

/// The part of a mount's path behind cargo's folder: `registry`, `git/db`; empty where it is the folder itself.
fn within_cargo(target: &str) -> Option<String> {
    let parts: Vec<&str> = target.split('/').collect();
    let index = parts
        .iter()
        .rposition(|part| *part == ".cargo" || *part == "cargo")?;
    let rest = &parts[index + 1..];
    matches!(rest.first(), None | Some(&"registry" | &"git")).then(|| rest.join("/"))
}

pub(super) fn is_of_cargo(mount: &Mount) -> bool {
    mount.kind == "cache" && within_cargo(&mount.target).is_some()
}

/// Whether there is something to say about a mount's place.
fn place(view: &View<'_>, run: &Instruction, mount: &Mount, findings: &mut Findings) -> bool {
    let (Some(home), Some(rest)) = (home(view, run), within_cargo(&mount.target)) else {
        return false;
    };
    let part = if rest.is_empty() {
        "registry"
    } else {
        rest.as_str()
    };
    let instead = format!("--mount=type=cache,target={}/{part},sharing=locked", home.path);
    if rest.is_empty() && mount.target == home.path {
        findings.add(
            &CACHE_HIDES,
            view.stage,
            run.line,
            format!(
                "the mount on `{}` hides `cargo` itself, in its folder `bin`",
                mount.target
            ),
            instead,
        );
    } else if mount.target != home.path && !mount.target.starts_with(&format!("{}/", home.path)) {
        findings.add(
            &CACHE_PLACE,
            view.stage,
            run.line,
            format!(
                "the cache is mounted on `{}`, but cargo keeps what it downloads in `{}`: {}",
                mount.target, home.path, home.reason
            ),
            instead,
        );
    } else {
        return false;
    }
    true
}

fn sharing(view: &View<'_>, run: &Instruction, mount: &Mount, findings: &mut Findings) {
    let is_of_apt = ["/var/cache/apt", "/var/lib/apt"]
        .iter()
        .any(|folder| mount.target.starts_with(folder));
    let is_shared = mount
        .settings
        .get("sharing")
        .is_none_or(|sharing| sharing == "shared");
    if (is_of_cargo(mount) || is_of_apt) && is_shared {
        findings.add(
            &CACHE_SHARING,
            view.stage,
            run.line,
            format!(
                "the cache on `{}` is shared by all builds that run at once",
                mount.target
            ),
            "add `sharing=locked` to the mount".to_owned(),
        );
    }
}

/// Programs that can take something out of a cache.
const COPIERS: [&str; 7] = ["cp", "mv", "install", "rsync", "tar", "find", "zip"];

/// What cargo compiles into a cache has to be copied out of it by the same instruction.
fn lost(view: &View<'_>, run: &Instruction, calls: &[Call], mount: &Mount, findings: &mut Findings) {
    let variables = view.variables(run.line);
    let is_target = mount.target.rsplit('/').next() == Some("target")
        || variables
            .get("CARGO_TARGET_DIR")
            .is_some_and(|folder| *folder == mount.target);
    let Some(compiling) = calls.iter().position(Call::compiles).filter(|_| is_target) else {
        return;
    };
    let is_copied = calls[compiling + 1..]
        .iter()
        .any(|call| COPIERS.contains(&call.program.as_str()));
    let call = &calls[compiling];
    let outs = call.values(&[
        "-o",
        "--out",
        "--out-dir",
        "--outdir",
        "--artifact-dir",
        "-w",
        "--wheel-dir",
        "--root",
    ]);
    let goes_elsewhere = match outs.first() {
        Some(out) => !out.starts_with(&format!("{}/", mount.target)) && !out.starts_with("target"),
        // ironwheel's own default lies outside of every tree; what is installed is not in the target folder either.
        None => {
            call.program == "ironwheel"
                || call.installs_with_pip()
                || call.is("maturin", &["develop", "dev"])
                || call.is("cargo", &["install", "test"])
                || call.program == "build"
        }
    };
    if !is_copied && !goes_elsewhere {
        findings.add(
            &CACHE_LOST,
            view.stage,
            run.line,
            format!("what is compiled stays in the cache on `{}`", mount.target),
            "write wheels elsewhere, in the same `RUN`: `ironwheel build --release --locked -o /tmp/wheels`"
                .to_owned(),
        );
    }
}

fn unused(view: &View<'_>, run: &Instruction, calls: &[Call], mount: &Mount, findings: &mut Findings) {
    let is_of_pip = mount.target.ends_with("/.cache/pip") || mount.target.ends_with("/.cache");
    let refuses = calls
        .iter()
        .any(|call| call.is("pip", &["install"]) && call.has(&["--no-cache-dir"]));
    if is_of_pip && refuses {
        findings.add(
            &CACHE_UNUSED,
            view.stage,
            run.line,
            format!("pip is told not to use the cache on `{}`", mount.target),
            "leave `--no-cache-dir` out where the cache is mounted: nothing of a mount is in the image"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::lines;

    fn with(base: &str, target: &str) -> String {
        format!(
            "FROM {base} AS b\nRUN --mount=type=cache,target={target},sharing=locked cargo build --locked && cp a b\n"
        )
    }

    #[test]
    fn a_cargo_cache_lies_where_the_image_keeps_something() {
        for (base, target, wrong) in [
            ("rust:1.95", "/root/.cargo/registry", true),
            ("docker.io/library/rust:1.95-slim", "/root/.cargo/git", true),
            ("rust:1.95", "/usr/local/cargo/registry", false),
            ("rust:1.95", "/usr/local/cargo/git/db/", false),
            ("rust:1.95", "~/.cargo/registry", true),
            ("python:3.12-slim", "/root/.cargo/registry", false),
            ("python:3.12-slim", "/usr/local/cargo/registry", true),
            (
                "quay.io/pypa/manylinux_2_28_x86_64",
                "/root/.cargo/registry",
                false,
            ),
            ("somebody/rust:1", "/root/.cargo/registry", false),
            ("rust:1.95", "/var/cache/apt", false),
        ] {
            assert_eq!(
                !lines("cache-place", &with(base, target)).is_empty(),
                wrong,
                "{base} {target}"
            );
        }
    }

    #[test]
    fn what_is_set_counts_more_than_the_image() {
        let text = "FROM python:3.12 AS t\nENV H=/opt\nENV CARGO_HOME=$H/cargo\nFROM t\n\
                    RUN --mount=type=cache,target=/root/.cargo/registry cargo build\n\
                    RUN --mount=type=cache,target=/opt/cargo/registry cargo build\n";
        assert_eq!(lines("cache-place", text), [5]);
    }

    #[test]
    fn another_user_has_another_home() {
        let text =
            "FROM python:3.12\nUSER app\nRUN --mount=type=cache,target=/app/.cargo/registry cargo build\n";
        assert_eq!(lines("cache-place", text), [] as [usize; 0]);
    }

    #[test]
    fn a_mount_on_all_of_cargo_hides_cargo() {
        assert_eq!(lines("cache-hides", &with("rust:1", "/usr/local/cargo")), [2]);
        assert_eq!(
            lines("cache-hides", &with("rust:1", "/usr/local/cargo/registry")),
            [] as [usize; 0]
        );
    }

    #[test]
    fn caches_whose_lock_lies_elsewhere_are_locked_by_the_builder() {
        let text = "FROM rust:1\nRUN --mount=type=cache,target=/usr/local/cargo/registry a\n\
                    RUN --mount=type=cache,target=/usr/local/cargo/git,sharing=private a\n\
                    RUN --mount=type=cache,target=/var/lib/apt,sharing=shared a\n\
                    RUN --mount=type=cache,target=/root/.cache/pip a\n";
        assert_eq!(lines("cache-sharing", text), [2, 4]);
    }

    #[test]
    fn what_is_compiled_into_a_cache_is_copied_out() {
        let text = |command: &str| {
            format!("FROM rust:1\nWORKDIR /w\nRUN --mount=type=cache,target=/w/target {command}\n")
        };
        for (command, is_lost) in [
            ("cargo build --release", true),
            ("cargo build --release && cp target/release/a /a", false),
            ("maturin build --release", true),
            ("maturin build --release --out /tmp/wheels", false),
            ("maturin build -o /w/target/wheels", true),
            ("ironwheel build --release", false),
            ("ironwheel build -o target/wheels", true),
            ("pip install .", false),
            ("cargo fetch", false),
        ] {
            assert_eq!(
                !lines("cache-lost", &text(command)).is_empty(),
                is_lost,
                "{command}"
            );
        }
    }

    #[test]
    fn a_cache_that_pip_is_told_to_leave_alone_is_of_no_use() {
        let text = "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir x\n\
                    RUN --mount=type=cache,target=/root/.cache/pip pip install x\n";
        assert_eq!(lines("cache-unused", text), [2]);
    }
}

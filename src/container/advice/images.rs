//! Images: whether they stay the same, whether they fit together, and whether they give away what they must not.

use super::{Findings, View, from_context};
use crate::audit::image::glibc_of_release;
use crate::container::dockerfile::Instruction;
use crate::container::rules::{
    FIXED_PLATFORM, FOREIGN_PLATFORM, NEWER_C_LIBRARY, OTHER_C_LIBRARY, OTHER_PYTHON, SECRET, UNPINNED,
};

pub(super) fn advise(view: &View<'_>, findings: &mut Findings) {
    if view.chain.len() == 1 {
        pinned(view, view.stage.line, &view.stage.base, findings);
    }
    platform(view, findings);
    for instruction in &view.stage.instructions {
        secrets(view, instruction, findings);
        for from in sources(instruction) {
            match view.file.stage(&from).filter(|stage| *stage < view.index) {
                None => pinned(view, instruction.line, &from, findings),
                Some(other) if view.is_runtime() => {
                    fits(view, instruction, &View::new(view.file, other), findings);
                }
                Some(_) => {}
            }
        }
    }
}

/// The stages and images that an instruction takes something from.
fn sources(instruction: &Instruction) -> Vec<String> {
    match instruction.keyword.as_str() {
        "COPY" => instruction.flag("from").map(str::to_owned).into_iter().collect(),
        "RUN" => {
            let mounts = instruction.mounts();
            mounts
                .iter()
                .filter_map(|mount| mount.settings.get("from").cloned())
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Name and tag of an image, without its folder.
fn name_and_tag(image: &str) -> (&str, Option<&str>) {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    match last.split_once(':') {
        Some((name, tag)) => (name, Some(tag)),
        None => (last, None),
    }
}

fn pinned(view: &View<'_>, line: usize, image: &str, findings: &mut Findings) {
    let (name, tag) = name_and_tag(image);
    let is_open =
        image.contains('$') || image.contains('@') || name == "scratch" || name.parse::<usize>().is_ok();
    // Names of Debian's and Ubuntu's releases are versions, too.
    let is_version =
        |tag: &str| tag.contains(|character: char| character.is_ascii_digit()) || release(tag).is_some();
    if is_open || tag.is_some_and(is_version) {
        return;
    }
    let message = match tag {
        None => format!("`{image}` has no tag, which means `latest`"),
        Some(tag) => format!("`{image}`: the tag `{tag}` moves on to the next version"),
    };
    findings.add(
        &UNPINNED,
        view.stage,
        line,
        message,
        "name the versions: `python:3.12-slim-bookworm`, `rust:1.95-slim-bookworm`; a digest (`@sha256:…`) fixes every byte"
            .to_owned(),
    );
}

fn platform(view: &View<'_>, findings: &mut Findings) {
    let Some(platform) = view.stage.platform.as_deref() else {
        return;
    };
    let line = view.stage.line;
    if !platform.contains('$') {
        findings.add(
            &FIXED_PLATFORM,
            view.stage,
            line,
            format!("the stage is always for `{platform}`"),
            "leave `--platform` out, and choose when building: `docker build --platform …`".to_owned(),
        );
    }
    if platform.contains("BUILDPLATFORM") {
        let compiling = view.runs().find(|(_, calls)| {
            calls
                .iter()
                .any(|call| call.compiles() && !call.has(&["--target"]))
        });
        let has_target = view.variables(usize::MAX).contains_key("CARGO_BUILD_TARGET");
        if let Some((run, _)) = compiling.filter(|_| !has_target) {
            findings.add(
                &FOREIGN_PLATFORM,
                view.stage,
                run.line,
                "the stage runs on the builder's own machine and compiles for it, whatever the image is for".to_owned(),
                "leave `--platform=$BUILDPLATFORM` out, or compile for the other machine: `--target aarch64-unknown-linux-gnu`"
                    .to_owned(),
            );
        }
    }
}

/// Words in the names of variables that hold what must not be known.
const SECRET_WORDS: [&str; 9] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "PAT",
];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let words: Vec<&str> = name.split('_').collect();
    let ends_otherwise = matches!(
        words.last(),
        Some(&"FILE" | &"PATH" | &"DIR" | &"URL" | &"NAME" | &"ID" | &"TTL" | &"LENGTH" | &"TYPE")
    );
    let has_key = words.windows(2).any(|pair| {
        matches!(
            pair,
            ["API" | "ACCESS" | "PRIVATE" | "ENCRYPTION" | "SIGNING", "KEY"]
        )
    });
    !ends_otherwise && (has_key || words.iter().any(|word| SECRET_WORDS.contains(word)))
}

/// Whether an address has a password in it.
fn holds_password(word: &str) -> bool {
    let Some((_, rest)) = word.split_once("://") else {
        return false;
    };
    let host = rest.split('/').next().unwrap_or_default();
    host.rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':') || user.contains('$'))
}

const INSTEAD_OF_SECRETS: &str = "mount it while it is needed: `RUN --mount=type=secret,id=token,env=TOKEN …`, and `docker build --secret id=token,env=TOKEN .`";

fn secrets(view: &View<'_>, instruction: &Instruction, findings: &mut Findings) {
    let mut tell = |message: String| {
        findings.add(
            &SECRET,
            view.stage,
            instruction.line,
            message,
            INSTEAD_OF_SECRETS.to_owned(),
        );
    };
    if matches!(instruction.keyword.as_str(), "ARG" | "ENV") {
        for (name, value) in instruction.declared() {
            let is_given = instruction.keyword == "ARG" || value.is_some_and(|value| !value.is_empty());
            if is_given && is_secret(&name) {
                tell(format!(
                    "`{} {name}` puts a secret into the image",
                    instruction.keyword
                ));
            }
        }
    }
    if let Some((sources, _)) = from_context(instruction) {
        let is_file = |source: &&String| {
            let name = source.rsplit('/').next().unwrap_or_default();
            matches!(
                name,
                ".env" | ".netrc" | ".pypirc" | ".pgpass" | "id_rsa" | "id_ed25519" | ".git-credentials"
            )
        };
        for source in sources.iter().filter(is_file) {
            tell(format!("`{source}` is copied into the image"));
        }
    }
    if instruction.keyword == "RUN" {
        let words = instruction.commands().concat();
        if let Some(word) = words.iter().find(|word| holds_password(word)) {
            let host = word.rsplit_once('@').map_or("", |(_, host)| host);
            tell(format!(
                "an address with a password stays in the image's history: …@{host}"
            ));
        }
    }
}

/// The C library of an image: glibc with its second number, or musl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CLibrary {
    Glibc(u16),
    Musl,
}

/// The second number of glibc's version in a release of Debian or Ubuntu that a tag names.
fn release(tag: &str) -> Option<u16> {
    tag.split('-').find_map(glibc_of_release)
}

fn c_library(image: &str) -> Option<CLibrary> {
    let name = super::caches::known_image(image)?;
    let (_, tag) = name_and_tag(image);
    let tag = tag.unwrap_or_default();
    if name == "alpine"
        || name.starts_with("musllinux")
        || tag.split('-').any(|word| word.starts_with("alpine"))
    {
        return Some(CLibrary::Musl);
    }
    if let Some(policy) = name.strip_prefix("manylinux_2_") {
        let minor = policy.split('_').next()?.parse().ok()?;
        return Some(CLibrary::Glibc(minor));
    }
    match name {
        "manylinux2014_x86_64" | "manylinux2014_aarch64" => Some(CLibrary::Glibc(17)),
        // The number in a tag of theirs is their own version: only a release by its name tells Debian's.
        "python" | "rust" | "buildpack-deps" | "node" | "gcc" => tag
            .split('-')
            .filter(|word| word.starts_with(|character: char| character.is_ascii_alphabetic()))
            .find_map(release)
            .map(CLibrary::Glibc),
        "debian" | "ubuntu" => release(tag).map(CLibrary::Glibc),
        _ => None,
    }
}

/// Python's version in the tag of its own image: `3.11`.
fn python(image: &str) -> Option<&str> {
    let (name, tag) = name_and_tag(image);
    super::caches::known_image(image).filter(|_| name == "python")?;
    let version = tag?.split('-').next()?;
    let mut dots = version.match_indices('.');
    dots.next()?;
    Some(dots.next().map_or(version, |(at, _)| &version[..at]))
}

/// Whether what is compiled in one image runs in the other.
fn fits(view: &View<'_>, instruction: &Instruction, builder: &View<'_>, findings: &mut Findings) {
    let calls: Vec<_> = builder
        .all()
        .filter(|run| run.keyword == "RUN")
        .flat_map(super::calls)
        .collect();
    if !calls.iter().any(super::Call::compiles) {
        return;
    }
    let (from, to) = (builder.image(), view.image());
    let c_libraries = (c_library(from), c_library(to));
    let cross = calls.iter().any(|call| call.has(&["--target", "--zig"]));
    match c_libraries {
        (Some(CLibrary::Glibc(newer)), Some(CLibrary::Glibc(older))) if newer > older && !cross => findings.add(
            &NEWER_C_LIBRARY,
            view.stage,
            instruction.line,
            format!("it is compiled in `{from}` with glibc 2.{newer}, and runs in `{to}` with glibc 2.{older}"),
            format!(
                "compile in an image of the same release, or hold the wheel to it: `ironwheel build --compatibility manylinux_2_{older}`"
            ),
        ),
        (Some(CLibrary::Glibc(_)), Some(CLibrary::Musl)) | (Some(CLibrary::Musl), Some(CLibrary::Glibc(_))) if !cross => {
            findings.add(
                &OTHER_C_LIBRARY,
                view.stage,
                instruction.line,
                format!("it is compiled in `{from}` and runs in `{to}`, which has another C library"),
                "compile in an image of the same family".to_owned(),
            );
        }
        _ => {}
    }
    let chooses = calls
        .iter()
        .any(|call| call.compiles() && call.has(&["-i", "--interpreter", "-f", "--find-interpreter"]));
    if let (Some(one), Some(other)) = (python(from), python(to))
        && one != other
        && !chooses
    {
        findings.add(
            &OTHER_PYTHON,
            view.stage,
            instruction.line,
            format!("the wheel is built with Python {one}, and installed into Python {other}"),
            "give both stages one version, in an `ARG` before the first `FROM`, or build for the other: \
             `ironwheel build -i <VERSION>`"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::lines;

    const NONE: [usize; 0] = [];

    #[test]
    fn an_image_is_named_with_its_version() {
        for (image, moves) in [
            ("python", true),
            ("python:latest", true),
            ("python:slim", true),
            ("python:3.12-slim", false),
            ("debian:bookworm-slim", false),
            ("host:5000/python", true),
            ("python@sha256:0123", false),
            ("scratch", false),
            ("python:$V", false),
        ] {
            assert_eq!(
                !lines("unpinned", &format!("FROM {image}\n")).is_empty(),
                moves,
                "{image}"
            );
        }
        let text =
            "FROM a:1 AS one\nFROM one\nCOPY --from=one /a /a\nCOPY --from=0 /a /a\nCOPY --from=uv /a /a\n";
        assert_eq!(lines("unpinned", text), [5]);
    }

    #[test]
    fn secrets_are_mounted_and_not_declared() {
        for (line, told) in [
            ("ARG INDEX_TOKEN", true),
            ("ENV DB_PASSWORD=x", true),
            ("ENV DB_PASSWORD=", false),
            ("ENV AWS_SECRET_ACCESS_KEY x", true),
            ("ARG OPENAI_API_KEY=", true),
            ("ENV TOKENIZERS_PARALLELISM=1 PASSWORD_FILE=/run/a", false),
            ("ENV PATH=/a", false),
            ("COPY a .env /app/", true),
            ("RUN pip install -i https://user:pass@host/simple x", true),
            ("RUN pip install -i https://$TOKEN@host/simple x", true),
            ("RUN git clone git+ssh://git@host/x", false),
        ] {
            assert_eq!(
                !lines("secret", &format!("FROM a:1\n{line}\n")).is_empty(),
                told,
                "{line}"
            );
        }
    }

    #[test]
    fn a_platform_is_chosen_when_building() {
        assert_eq!(lines("fixed-platform", "FROM --platform=linux/amd64 a:1\n"), [1]);
        assert_eq!(
            lines("fixed-platform", "FROM --platform=$TARGETPLATFORM a:1\n"),
            NONE
        );
        let text = |run: &str| format!("FROM --platform=$BUILDPLATFORM rust:1.95\nRUN {run}\n");
        assert_eq!(lines("foreign-platform", &text("ironwheel build")), [2]);
        assert_eq!(
            lines("foreign-platform", &text("ironwheel build --target a")),
            NONE
        );
        assert_eq!(lines("foreign-platform", &text("npm ci")), NONE);
    }

    #[test]
    fn what_is_compiled_fits_where_it_runs() {
        let text = |one: &str, other: &str| {
            format!("FROM {one} AS b\nRUN maturin build -r\nFROM {other} AS runtime\nCOPY --from=b /a /a\n")
        };
        for (one, other, newer, other_library, other_python) in [
            (
                "rust:1.95-trixie",
                "python:3.12-slim-bookworm",
                true,
                false,
                false,
            ),
            (
                "rust:1.95-bookworm",
                "python:3.12-slim-bookworm",
                false,
                false,
                false,
            ),
            (
                "rust:1.95-bookworm",
                "python:3.12-slim-trixie",
                false,
                false,
                false,
            ),
            ("ubuntu:24.04", "debian:12-slim", true, false, false),
            (
                "rust:1.95-alpine",
                "python:3.12-slim-bookworm",
                false,
                true,
                false,
            ),
            ("rust:1.95-bookworm", "python:3.12-alpine3.20", false, true, false),
            (
                "quay.io/pypa/manylinux_2_28_x86_64",
                "debian:11",
                false,
                false,
                false,
            ),
            (
                "python:3.12-slim-bookworm",
                "python:3.11-slim-bookworm",
                false,
                false,
                true,
            ),
            ("python:3.12.4-slim", "python:3.12-slim", false, false, false),
            ("rust:1.95-slim", "python:3.12-slim", false, false, false),
        ] {
            let text = text(one, other);
            assert_eq!(!lines("newer-c-library", &text).is_empty(), newer, "{text}");
            assert_eq!(
                !lines("other-c-library", &text).is_empty(),
                other_library,
                "{text}"
            );
            assert_eq!(!lines("other-python", &text).is_empty(), other_python, "{text}");
        }
        let plain = "FROM debian:13 AS b\nRUN npm ci\nFROM debian:12 AS runtime\nCOPY --from=b /a /a\n";
        assert_eq!(lines("newer-c-library", plain), NONE);
    }
}

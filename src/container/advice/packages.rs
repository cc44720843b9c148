//! Packages of the system and of Python: how they are installed, and what stays behind.

use super::{Call, Findings, View};
use crate::container::dockerfile::Instruction;
use crate::container::rules::{APT_ASKS, APT_LISTS, APT_RECOMMENDS, APT_UPDATE_ALONE, PIP_CACHE};

pub(super) fn advise(view: &View<'_>, findings: &mut Findings) {
    for (run, calls) in view.runs() {
        lists(view, run, &calls, findings);
        for call in calls.iter().filter(|call| call.installs_with_apt()) {
            installation(view, run, call, findings);
        }
        pip(view, run, &calls, findings);
    }
}

fn is_apt(call: &Call, verbs: &[&str]) -> bool {
    call.is("apt-get", verbs) || call.is("apt", verbs)
}

fn lists(view: &View<'_>, run: &Instruction, calls: &[Call], findings: &mut Findings) {
    if !calls.iter().any(|call| is_apt(call, &["update"])) {
        return;
    }
    let installs = [
        "install",
        "upgrade",
        "dist-upgrade",
        "full-upgrade",
        "build-dep",
        "satisfy",
    ];
    if !calls.iter().any(|call| is_apt(call, &installs)) {
        findings.add(
            &APT_UPDATE_ALONE,
            view.stage,
            run.line,
            "`apt-get update` has a layer of its own".to_owned(),
            "RUN apt-get update && apt-get install -y --no-install-recommends … && rm -rf /var/lib/apt/lists/*".to_owned(),
        );
        return;
    }
    let is_removed = calls.iter().any(|call| {
        call.program == "rm" && call.words.iter().any(|word| word.starts_with("/var/lib/apt"))
            || is_apt(call, &["dist-clean", "distclean"])
    });
    let is_mounted = run
        .mounts()
        .iter()
        .any(|mount| mount.target.starts_with("/var/lib/apt"));
    if !is_removed && !is_mounted {
        findings.add(
            &APT_LISTS,
            view.stage,
            run.line,
            "the lists that `apt-get update` fetches stay in the layer".to_owned(),
            "end the same `RUN` with `&& rm -rf /var/lib/apt/lists/*`".to_owned(),
        );
    }
}

fn installation(view: &View<'_>, run: &Instruction, call: &Call, findings: &mut Findings) {
    let is_configured = view
        .all()
        .filter(|instruction| instruction.line <= run.line)
        .any(|instruction| {
            instruction
                .text
                .to_ascii_lowercase()
                .contains("install-recommends")
        });
    if !is_configured {
        findings.add(
            &APT_RECOMMENDS,
            view.stage,
            run.line,
            format!("`{} install` brings recommended packages", call.program),
            format!("{} install -y --no-install-recommends …", call.program),
        );
    }
    let is_yes = |word: &String| {
        matches!(word.as_str(), "--yes" | "--assume-yes" | "-qq")
            || word.starts_with('-') && !word.starts_with("--") && (word.contains('y') || word.contains("qq"))
    };
    if !call.words.iter().any(is_yes) {
        findings.add(
            &APT_ASKS,
            view.stage,
            run.line,
            format!("`{} install` without `-y`", call.program),
            format!("{} install -y --no-install-recommends …", call.program),
        );
    }
}

fn pip(view: &View<'_>, run: &Instruction, calls: &[Call], findings: &mut Findings) {
    let fills = |call: &Call| call.is("pip", &["install"]) && !call.has(&["--no-cache-dir"]);
    if !calls.iter().any(fills) {
        return;
    }
    let variables = view.variables(run.line);
    let is_off = variables.get("PIP_NO_CACHE_DIR").is_some_and(|value| {
        !matches!(
            value.to_ascii_lowercase().as_str(),
            "" | "0" | "false" | "off" | "no"
        )
    });
    let folder = variables.get("PIP_CACHE_DIR").map(String::as_str);
    let is_mounted = run.mounts().iter().any(|mount| {
        mount.target.ends_with("/.cache")
            || mount.target.ends_with("/.cache/pip")
            || folder == Some(mount.target.as_str())
    });
    let is_removed = calls.iter().any(|call| {
        call.program == "rm" && call.words.iter().any(|word| word.contains(".cache"))
            || call.is("pip", &["cache"])
    });
    if !is_off && !is_mounted && !is_removed {
        findings.add(
            &PIP_CACHE,
            view.stage,
            run.line,
            "what `pip install` downloads stays in the layer".to_owned(),
            "`--no-cache-dir`, or keep it out of the image: `RUN --mount=type=cache,target=/root/.cache/pip pip install …`"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::lines;

    fn run(command: &str) -> String {
        format!("FROM a:1\nRUN {command}\n")
    }

    #[test]
    fn the_lists_of_packages_go_in_the_same_layer() {
        for (command, kept) in [
            ("apt-get update && apt-get install -y x", true),
            (
                "apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*",
                false,
            ),
            ("apt update; apt install -y x; rm -rf /var/lib/apt/lists", false),
            (
                "--mount=type=cache,target=/var/lib/apt apt-get update && apt-get install -y x",
                false,
            ),
            ("apt-get install -y x", false),
        ] {
            assert_eq!(!lines("apt-lists", &run(command)).is_empty(), kept, "{command}");
        }
        assert_eq!(
            lines(
                "apt-update-alone",
                "FROM a:1\nRUN apt-get update\nRUN apt-get install -y x\n"
            ),
            [2]
        );
    }

    #[test]
    fn apt_get_brings_what_was_asked_for_and_asks_nothing() {
        for (command, recommends, asks) in [
            ("apt-get install -y x", true, false),
            ("apt-get install --no-install-recommends x", false, true),
            ("apt-get -qy install --no-install-recommends x", false, false),
            (
                "apt-get install -y -o APT::Install-Recommends=false x",
                false,
                false,
            ),
            ("apt-get install -yqq x", true, false),
        ] {
            assert_eq!(
                !lines("apt-recommends", &run(command)).is_empty(),
                recommends,
                "{command}"
            );
            assert_eq!(!lines("apt-asks", &run(command)).is_empty(), asks, "{command}");
        }
    }

    #[test]
    fn what_pip_downloads_stays_out_of_the_image() {
        for (text, kept) in [
            (run("pip install x"), true),
            (run("python3 -m pip install -r a.txt"), true),
            (run("pip install --no-cache-dir x"), false),
            (
                run("--mount=type=cache,target=/root/.cache/pip pip install x"),
                false,
            ),
            (run("pip install x && rm -rf /root/.cache"), false),
            (
                format!("FROM a:1\nENV PIP_NO_CACHE_DIR=1\n{}", "RUN pip install x\n"),
                false,
            ),
            (
                format!("FROM a:1\nENV PIP_NO_CACHE_DIR=0\n{}", "RUN pip install x\n"),
                true,
            ),
        ] {
            assert_eq!(!lines("pip-cache", &text).is_empty(), kept, "{text}");
        }
    }
}

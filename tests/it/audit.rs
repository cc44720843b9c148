//! The verdicts are those of auditwheel, but where auditwheel has none or a wrong one; and they come in a tenth of its time.

use std::path::PathBuf;

use serde_json::Value;

use crate::judges;
use crate::place::{self, IRONWHEEL};
use crate::shell::{Shell, variable};

/// Wheels of the corpus, by the beginning of their names, of which auditwheel says something else: what, and why ours is right.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "orjson-3.11.9-cp311-cp311-musllinux_1_2_armv7l",
        "Magic number does not match",
        "it needs musl by the name `libc.so`; auditwheel opens the host's file of that name, which is a text for linkers",
    ),
    (
        "pydantic_core-2.50.4-cp311-cp311-musllinux_1_1_aarch64",
        "Magic number does not match",
        "the same",
    ),
    (
        "rpds_py-2026.9.1-cp311-cp311-musllinux_1_2_i686",
        "Magic number does not match",
        "the same",
    ),
];

/// What `ironwheel show` says of a wheel.
pub fn shown(wheel: &std::path::Path, arguments: &[&str]) -> Value {
    let shell = Shell::new(IRONWHEEL)
        .args(["show", "--message-format", "json"])
        .args(arguments.iter().copied())
        .arg(wheel)
        .unset("LD_LIBRARY_PATH");
    let line = shell.run().succeeded();
    let mut events = crate::json::checked(&line);
    assert_eq!(events.len(), 1, "{line}");
    events.remove(0)
}

/// The wheels of the open ELF corpus, brought once.
fn corpus() -> Vec<PathBuf> {
    let script = place::repository().join("../shared/elf/fetch.py");
    assert!(
        script.is_file(),
        "IRONWHEEL_TEST_PEERS=1 needs the corpus at {}",
        script.display()
    );
    let folder = place::kept("elf-corpus");
    let _lock = place::lock("elf-corpus");
    let names = Shell::new(judges::environment().join("bin/python"))
        .arg(script)
        .arg(&folder)
        .run()
        .succeeded();
    names.lines().map(|name| folder.join(name)).collect()
}

#[test]
fn the_verdict_on_every_wheel_of_the_corpus_is_auditwheel_s() {
    if variable("IRONWHEEL_TEST_PEERS").is_none() {
        // Not a promise of the program's alone: it needs wheels that lie outside of the checkout.
        return;
    }
    let wheels = corpus();
    assert!(wheels.len() > 30, "{wheels:?}");
    let mut unexplained = Vec::new();
    let mut met = 0;
    for wheel in &wheels {
        let name = wheel.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let ours = shown(wheel, &[]);
        let answer = judges::judge_named("auditwheel")
            .args(["show", "--json"])
            .arg(wheel)
            .run();
        let theirs = match serde_json::from_str::<Value>(&answer.stdout) {
            Ok(told) => told["overall_tag"].as_str().unwrap_or_default().to_owned(),
            Err(_) => answer.stderr.lines().last().unwrap_or_default().to_owned(),
        };
        if ours["platform"] == theirs {
            continue;
        }
        let explains = |(beginning, theirs_is, _): &&(&str, &str, &str)| {
            name.starts_with(beginning) && theirs.contains(theirs_is)
        };
        match DIFFERENCES.iter().find(explains) {
            // Where auditwheel says nothing, the wheel's own name is what its maker found out.
            Some(_) => {
                met += 1;
                let platform = ours["platform"].as_str().expect("a platform");
                assert!(
                    name.contains(platform)
                        || (name.contains("musllinux_1_1") && platform.starts_with("musllinux_1_2")),
                    "{name}: {platform}"
                );
            }
            None => unexplained.push(format!(
                "{name}: {}, but auditwheel says {theirs}",
                ours["platform"]
            )),
        }
        assert!(ours["missing"].as_array().expect("a list").is_empty(), "{name}");
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert_eq!(met, DIFFERENCES.len(), "differences that are no more");
}

#[test]
fn the_policies_are_those_of_auditwheel() {
    let script = place::repository().join("tests/refresh_policies.py");
    judges::judge_named("python")
        .arg(script)
        .arg("--check")
        .run()
        .succeeded();
}

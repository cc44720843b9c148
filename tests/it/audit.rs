//! The verdicts are those of auditwheel, but where auditwheel has none or a wrong one; and they come in a tenth of its time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ironwheel::archive::ArchivePath;
use ironwheel::audit::{Object, Place, Search, close};
use ironwheel::elf;
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
pub fn shown(wheel: &Path, arguments: &[&str]) -> Value {
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
pub fn corpus() -> Vec<PathBuf> {
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

/// What the loader of this machine finds for a file, by name; nothing for what it does not find.
fn found_by_loader(file: &Path) -> BTreeMap<String, Option<PathBuf>> {
    let answer = Shell::new("ldd").arg(file).unset("LD_LIBRARY_PATH").run();
    let lines = answer
        .stdout
        .lines()
        .filter_map(|line| line.trim().split_once(" => "));
    lines
        .map(|(name, place)| {
            let path = place.split(" (").next().filter(|path| path.starts_with('/'));
            let real = path.map(|path| Path::new(path).canonicalize().expect("a library"));
            (name.to_owned(), real)
        })
        .collect()
}

/// The shared objects in the folder of this machine's C library, links left out.
fn libraries_of_this_machine() -> Vec<PathBuf> {
    let own = found_by_loader(Path::new(IRONWHEEL));
    let c_library = own
        .values()
        .flatten()
        .next()
        .expect("the program is linked to something");
    let folder = c_library.parent().expect("a folder");
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().contains(".so") && !path.is_symlink() && path.is_file())
        .collect();
    files.sort();
    files
}

#[test]
fn the_closure_of_every_library_of_this_machine_is_what_the_loader_finds() {
    let mut compared = 0;
    for file in libraries_of_this_machine() {
        let bytes = std::fs::read(&file).expect("a library");
        let Ok(facts) = elf::inspect(&bytes) else {
            // A text for linkers.
            continue;
        };
        let of_its_own = |path: &Option<String>| path.as_ref().is_some_and(|path| path.contains("ORIGIN"));
        if of_its_own(&facts.rpath) || of_its_own(&facts.runpath) {
            // Its place in a wheel would be another than here.
            continue;
        }
        let object = Object {
            path: ArchivePath::parse("library.so").expect("a path"),
            facts,
        };
        let closure = close(&[object], &Search::default()).expect("a closure");
        let of_libraries = closure.libraries.values().map(|library| &library.needs);
        let needs: Vec<(&String, &Place)> = closure.objects.values().chain(of_libraries).flatten().collect();
        if needs.iter().all(|(_, place)| **place == Place::Promised) {
            continue;
        }
        let theirs = found_by_loader(&file);
        for (name, place) in needs {
            let ours = match place {
                Place::Machine(path) => Some(path.clone()),
                Place::Missing => None,
                _ => continue,
            };
            let theirs = theirs.get(name.as_str()).cloned().flatten();
            assert_eq!(ours, theirs, "{name}, for {}", file.display());
            compared += 1;
        }
    }
    assert!(compared > 0, "no library of this machine needs another");
}

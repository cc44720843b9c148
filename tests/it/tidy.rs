//! The laws of the house that no compiler holds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::place;
use crate::shell::Shell;

/// The modules of `src/lib.rs`, in the order they stand in.
fn modules() -> Vec<String> {
    let text = read("src/lib.rs");
    let names: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 10, "src/lib.rs lists the modules: {names:?}");
    names
}

fn read(path: impl AsRef<Path>) -> String {
    let path = place::repository().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// Every Rust file below `src`, by its path from there, sorted.
fn sources() -> Vec<PathBuf> {
    fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                gather(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = place::repository().join("src");
    let mut found = Vec::new();
    gather(&root, &mut found);
    found.sort();
    let relative = |path: PathBuf| path.strip_prefix(&root).expect("below src").to_owned();
    found.into_iter().map(relative).collect()
}

/// The code of a file: no comments, and nothing of the tests at its foot.
fn code_of(path: &Path) -> String {
    let text = read(Path::new("src").join(path));
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The module a file belongs to: `audit` for `audit/policy.rs`.
fn room_of(path: &Path) -> String {
    let first = path.iter().next().and_then(|part| part.to_str()).expect("UTF-8");
    first.trim_end_matches(".rs").to_owned()
}

/// The modules that a piece of code names through `crate::`, in either spelling.
fn named(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for after in code.split("crate::").skip(1) {
        let group = after
            .strip_prefix('{')
            .map(|rest| rest.split("};").next().unwrap_or(rest));
        let heads: Vec<&str> = match group {
            Some(group) => top_level(group),
            None => vec![after],
        };
        for head in heads {
            let name: String = head
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            names.push(name);
        }
    }
    names
}

/// `a::{b, c}, d` → `a::{b, c}` and `d`.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts
}

#[test]
fn a_module_uses_only_those_above_it() {
    let modules = modules();
    let place_of = |name: &str| modules.iter().position(|module| module == name);
    let mut wrong = Vec::new();
    for path in sources() {
        let room = room_of(&path);
        let Some(own) = place_of(&room) else {
            assert!(
                room == "lib" || room == "main",
                "src/{} is in no module of src/lib.rs",
                path.display()
            );
            continue;
        };
        for used in named(&code_of(&path)) {
            if place_of(&used).is_some_and(|place| place > own) {
                wrong.push(format!(
                    "src/{} uses `{used}`, which stands below `{room}`",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_order_of_modules_is_read_right() {
    let code =
        "use crate::{archive::{Entry, Tree}, tag};\nuse crate::host::Host;\nfn f() -> crate::elf::Facts {}\n";
    assert_eq!(named(code), ["archive", "tag", "host", "elf"]);
}

/// Files other than `allowed` whose code holds one of `words`.
fn holding(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in sources() {
        let name = path.to_str().expect("UTF-8");
        if allowed
            .iter()
            .any(|allowed| name == *allowed || (allowed.ends_with('/') && name.starts_with(allowed)))
        {
            continue;
        }
        let code = code_of(&path);
        found.extend(
            words
                .iter()
                .filter(|word| code.contains(*word))
                .map(|word| format!("src/{name}: `{word}`")),
        );
    }
    found
}

#[test]
fn only_render_prints() {
    let words = [
        "println!",
        "eprintln!",
        "print!(",
        "eprint!(",
        "dbg!",
        "stdout()",
        "stderr()",
    ];
    assert_eq!(holding(&words, &["cli/render.rs"]), [""; 0]);
}

#[test]
fn only_host_reads_the_environment() {
    assert_eq!(
        holding(&["env::", "available_parallelism"], &["host.rs", "main.rs"]),
        [""; 0]
    );
    assert!(!code_of(Path::new("main.rs")).contains("env::var"));
}

#[test]
fn only_process_starts_programs() {
    assert_eq!(
        holding(&["Command::new", "std::process::Command"], &["process.rs"]),
        [""; 0]
    );
}

#[test]
fn only_elf_names_goblin_and_only_zip_names_the_zip_crate() {
    assert_eq!(holding(&["goblin"], &["elf/"]), [""; 0]);
    let words = [
        "use zip::",
        "use ::zip::",
        "ZipArchive",
        "ZipWriter",
        "FileOptions",
    ];
    assert_eq!(holding(&words, &["zip/"]), [""; 0]);
}

#[test]
fn the_readers_of_hostile_bytes_cannot_panic_on_an_index() {
    for room in ["elf", "zip"] {
        let text = read(format!("src/{room}/mod.rs"));
        assert!(
            text.contains("clippy::indexing_slicing") && text.contains("clippy::arithmetic_side_effects"),
            "{room}"
        );
    }
}

#[test]
fn nothing_is_left_to_do() {
    assert_eq!(
        holding(&["todo!", "unimplemented!", "FIXME", "unsafe "], &[]),
        [""; 0]
    );
}

#[test]
fn every_lint_is_declined_with_a_reason() {
    // A stand-in is silenced whole: it is somebody else's source, whose lints are not ours.
    let stand_ins = ["cook/stand_ins.rs"];
    assert_eq!(holding(&["#[allow(", "#![allow("], &stand_ins), [""; 0]);
    for path in sources() {
        let code = code_of(&path);
        let declined = code.matches("[expect(").count();
        assert!(
            code.matches("reason = \"").count() >= declined,
            "src/{}: a lint is declined without a reason",
            path.display()
        );
    }
}

#[test]
fn every_room_that_is_a_folder_says_what_it_takes_and_gives() {
    for path in sources()
        .iter()
        .filter(|path| path.ends_with("mod.rs") && !path.starts_with("cli"))
    {
        let text = read(Path::new("src").join(path));
        let opening: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        for word in ["Takes", "Gives", "Knows nothing of"] {
            assert!(
                opening.contains(word),
                "src/{} does not say what it `{word}`",
                path.display()
            );
        }
    }
}

#[test]
fn every_dependency_has_a_line_in_the_decisions() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).expect("Cargo.toml");
    let decisions = read("docs/DECISIONS.md");
    for table in ["dependencies", "dev-dependencies"] {
        for name in manifest[table].as_table().expect("a table").keys() {
            assert!(
                decisions.contains(&format!("`{name}`")),
                "docs/DECISIONS.md has no word on `{name}`"
            );
        }
    }
}

#[test]
fn the_lock_file_stays_small() {
    let packages = read("Cargo.lock").matches("[[package]]").count();
    assert!(packages < 150, "{packages} packages");
    let decisions = read("docs/DECISIONS.md");
    assert!(
        decisions.contains(&format!("{packages} packages")),
        "docs/DECISIONS.md tells another number than {packages}"
    );
    assert!(
        read("README.md").contains(&format!("| {packages} | `tests/it/tidy.rs` |")),
        "README.md tells another number than {packages}"
    );
}

/// The fuzz targets are built by a lock of their own, which nobody looks at until they are.
#[test]
fn the_lock_of_the_fuzz_targets_has_what_the_crate_is_built_on() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).expect("Cargo.toml");
    let lock = |path: &str| -> BTreeSet<(String, String)> {
        let table: toml::Table = toml::from_str(&read(path)).expect("a lock");
        let packages = table["package"].as_array().expect("packages").iter();
        let text = |package: &toml::Value, key: &str| package[key].as_str().expect("a text").to_owned();
        packages
            .map(|package| (text(package, "name"), text(package, "version")))
            .collect()
    };
    let (own, other) = (lock("Cargo.lock"), lock("fuzz/Cargo.lock"));
    let direct = manifest["dependencies"].as_table().expect("a table");
    let wanted = own
        .iter()
        .filter(|(name, _)| direct.contains_key(name) || name == "ironwheel");
    let missing: Vec<_> = wanted.filter(|package| !other.contains(package)).collect();
    assert!(
        missing.is_empty(),
        "`cp Cargo.lock fuzz/ && cargo metadata --manifest-path fuzz/Cargo.toml` brings {missing:?}"
    );
}

#[test]
fn no_tracked_file_names_a_registry_or_a_place_of_one_machine() {
    // Spelt in two pieces, so that this file does not find itself.
    let words = [
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("static.", "crates.io"),
        concat!("index.", "crates.io"),
        concat!("deb.", "debian.org"),
        concat!("registry.", "npmjs"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/main"),
        concat!("/wo", "rk/wt"),
        concat!("/wo", "rk/shared"),
        concat!("artif", "actory"),
        concat!("/ho", "me/"),
    ];
    let git = |arguments: &[&str]| {
        Shell::new("git")
            .folder(place::repository())
            .args(arguments.iter().copied())
            .run()
    };
    let tracked = git(&["ls-files", "-z"]).succeeded();
    let mut found = Vec::new();
    for name in tracked
        .split('\0')
        .filter(|name| !name.is_empty() && !name.ends_with("Cargo.lock"))
    {
        let Ok(bytes) = std::fs::read(place::repository().join(name)) else {
            continue;
        };
        // The user of an image is root, and these are its folders there, on whatever machine.
        let text = String::from_utf8_lossy(&bytes)
            .replace(concat!("/ro", "ot/.cargo"), "")
            .replace(concat!("/ro", "ot/.cache"), "");
        found.extend(
            words
                .iter()
                .filter(|word| text.contains(*word))
                .map(|word| format!("{name}: {word}")),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The beginnings of the two commands of README.md.
const COMMANDS: [&str; 2] = ["cargo run --release -- build", "cargo test"];

#[test]
fn the_readme_s_commands_are_those_that_continuous_integration_runs() {
    let readme = read("README.md");
    let script = read(".ci/run");
    for command in COMMANDS {
        let told = readme
            .lines()
            .any(|line| line.trim_start_matches("$ ").starts_with(command));
        assert!(told, "README.md does not tell `{command}`");
        assert!(script.contains(command), ".ci/run does not run `{command}`");
    }
}

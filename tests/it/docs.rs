//! Every command of the user guide works as it stands there, and README.md tells the commands that are run.

use tempfile::TempDir;

use crate::place::{self, IRONWHEEL};
use crate::shell::{Shell, copy_folder, variable};

/// The commands in the `console` blocks of a document, in order.
fn commands(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(place::repository().join(document)).expect("a document");
    let mut inside = false;
    let mut commands = Vec::new();
    for line in text.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if inside => commands.extend(line.strip_prefix("$ ").map(str::to_owned)),
            _ => assert!(
                !line.starts_with("$ "),
                "{document}: a command outside a `console` block: {line}"
            ),
        }
    }
    commands
}

/// A checkout as far as the documents look at it.
fn checkout() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy_folder(
        &place::repository().join("test-crates"),
        &folder.path().join("checkout/test-crates"),
        &["target", "expect.toml"],
    );
    std::fs::create_dir(folder.path().join("tmp")).expect("a folder");
    folder
}

#[test]
fn the_guide_s_commands_work_in_their_order() {
    work_in_their_order("docs/guide.md", 10);
}

#[test]
fn the_commands_about_platforms_work_in_their_order() {
    work_in_their_order("docs/audit.md", 3);
}

#[test]
fn the_commands_about_libraries_work_in_their_order() {
    work_in_their_order("docs/libraries.md", 2);
}

#[test]
fn the_commands_about_continuous_integration_work_in_their_order() {
    work_in_their_order("docs/ci.md", 1);
}

#[test]
fn the_commands_about_containers_work_in_their_order() {
    work_in_their_order("docs/containers.md", 5);
}

fn work_in_their_order(document: &str, more_than: usize) {
    let commands = commands(document);
    assert!(commands.len() > more_than, "{commands:?}");
    let folder = checkout();
    let used = crate::crates::FOLDERS
        .iter()
        .filter(|name| commands.iter().any(|line| line.contains(&format!("/{name}/"))));
    let _locks: Vec<_> = used.map(|name| place::lock(&format!("crate-{name}"))).collect();
    let programs = std::path::Path::new(IRONWHEEL)
        .parent()
        .expect("a program lies in a folder")
        .display()
        .to_string();
    let python = place::python().folder().display().to_string();
    for command in commands {
        // What the guide puts into /tmp goes where nothing of an earlier run lies.
        let line = command.replace("/tmp/", &format!("{}/tmp/", folder.path().display()));
        let answer = Shell::new("bash")
            .args(["-euo", "pipefail", "-c", &line])
            .folder(folder.path().join("checkout"))
            .set(
                "PATH",
                format!("{programs}:{python}:{}", variable("PATH").unwrap_or_default()),
            )
            .set("CARGO_TARGET_DIR", place::shared_target())
            .set("XDG_CACHE_HOME", place::kept("cache"))
            .run();
        assert!(
            answer.status == 0,
            "`{command}` ends with {}:\n{}\n{}",
            answer.status,
            answer.stdout,
            answer.stderr
        );
        assert!(
            !answer.stderr.contains("error"),
            "`{command}` says:\n{}",
            answer.stderr
        );
        if command.contains("pure.add(1, 2)") {
            assert_eq!(answer.stdout, "3\n", "`{command}`");
        }
    }
}

#[test]
fn every_document_that_is_linked_is_there() {
    let root = place::repository();
    let mut documents = vec![root.join("README.md")];
    documents.extend(
        crate::case::names(&root.join("docs"))
            .iter()
            .map(|name| root.join("docs").join(name)),
    );
    for document in documents {
        let text = std::fs::read_to_string(&document).expect("a document");
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next())
        {
            if link.is_empty() || link.starts_with("http") {
                continue;
            }
            let target = document.parent().expect("a folder").join(link);
            assert!(
                target.exists(),
                "{} links to {link}, which is not there",
                document.display()
            );
        }
    }
}

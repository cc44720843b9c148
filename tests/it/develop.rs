//! `develop`: an editable installation without pip, that pip and uv take for one of their own.

use std::path::{Path, PathBuf};

use crate::case::{Case, Ran, names};
use crate::front_ends::{Environment, files_below, names_of};
use crate::judges;
use crate::place;
use crate::shell::{Shell, variable};

/// A copy of a crate, with an environment that is active.
fn active(name: &str) -> (Case, Environment) {
    let mut case = Case::of(name);
    let environment = Environment::new();
    case.set("VIRTUAL_ENV", environment.root());
    (case, environment)
}

fn develop(case: &Case, arguments: &[&str]) -> Ran {
    case.run(["develop", "--locked"].iter().chain(arguments).copied())
}

/// Runs `develop`, which must find that there is nothing to do and touch no file, neither of the environment nor of the project.
fn is_done(case: &Case, environment: &Environment, arguments: &[&str]) {
    let before = (environment.files(), files_below(&case.root()));
    let words = develop(case, arguments).succeeds();
    assert!(words.contains(": nothing to do"), "{words}");
    assert!(words.contains(": nothing to compile in"), "{words}");
    assert_eq!((environment.files(), files_below(&case.root())), before);
}

fn extension(case: &Case, path: &str) -> PathBuf {
    case.path(&format!("{path}{}", place::python().suffix))
}

#[test]
fn a_second_run_does_nothing_and_an_uninstallation_leaves_nothing() {
    let (case, environment) = active("mixed");
    let before = environment.files();
    let uninstalls = [
        environment.pip(&["uninstall", "-y", "mixed"]),
        environment.uv_pip(&["uninstall", "mixed"]),
    ];
    for uninstall in uninstalls {
        let words = develop(&case, &[]).succeeds();
        assert!(words.contains("mixed 0.1.0"), "{words}");
        assert!(extension(&case, "mixed/_native").is_file());
        let code = "import mixed; print(mixed.add(1, 2), mixed.__file__)";
        let expected = format!("3 {}\n", case.path("mixed/__init__.py").display());
        assert_eq!(environment.python(code), expected);
        is_done(&case, &environment, &[]);

        let packages = environment.packages();
        let pth = std::fs::read_to_string(packages.join("mixed.pth")).expect("mixed.pth");
        assert_eq!(pth, format!("{}\n", case.root().display()));
        let listed = environment
            .pip(&["list", "--editable", "--format=json"])
            .run()
            .succeeded();
        let root = case.root().display().to_string();
        assert!(
            listed.contains("\"name\": \"mixed\"") && listed.contains(&root),
            "{listed}"
        );
        assert_eq!(
            std::fs::read_to_string(packages.join("mixed-0.1.0.dist-info/INSTALLER")).expect("INSTALLER"),
            "ironwheel\n"
        );

        uninstall.run().succeeded();
        assert_eq!(names_of(&environment.files()), names_of(&before));
    }
}

#[test]
fn programs_data_and_headers_are_uninstalled_too() {
    let (case, environment) = active("data-and-scripts");
    let before = environment.files();
    let uninstalls = [
        environment.pip(&["uninstall", "-y", "data-and-scripts"]),
        environment.uv_pip(&["uninstall", "data-and-scripts"]),
    ];
    for uninstall in uninstalls {
        develop(&case, &[]).succeeds();
        let there = environment.files();
        assert!(there.len() > before.len() + 8, "{there:#?}");
        is_done(&case, &environment, &[]);
        uninstall.run().succeeded();
        assert_eq!(names_of(&environment.files()), names_of(&before));
    }
}

#[test]
fn what_changed_is_done_and_nothing_else() {
    let (case, environment) = active("mixed");
    develop(&case, &[]).succeeds();
    let library = extension(&case, "mixed/_native");
    let old = std::fs::metadata(&library).expect("the extension");

    // Python's files are used where they lie.
    case.append("mixed/__init__.py", "\nANSWER = 42\n");
    let words = develop(&case, &[]).succeeds();
    assert!(words.contains(": nothing to do"), "{words}");
    assert_eq!(environment.python("import mixed; print(mixed.ANSWER)"), "42\n");

    // The extension gets a new inode: whoever has the old one loaded keeps it.
    case.edit("src/lib.rs", "left + right", "left + right + 1");
    develop(&case, &[]).succeeds();
    assert_eq!(environment.python("import mixed; print(mixed.add(1, 2))"), "4\n");
    let new = std::fs::metadata(&library).expect("the extension");
    assert_ne!(
        std::os::unix::fs::MetadataExt::ino(&old),
        std::os::unix::fs::MetadataExt::ino(&new)
    );

    // Another version replaces the one that is there.
    case.edit("pyproject.toml", "version = \"0.1.0\"", "version = \"0.2.0\"");
    develop(&case, &[]).succeeds();
    let found = names(&environment.packages());
    assert!(found.contains(&"mixed-0.2.0.dist-info".to_owned()), "{found:?}");
    assert!(!found.contains(&"mixed-0.1.0.dist-info".to_owned()), "{found:?}");

    // What somebody took away is put back.
    std::fs::remove_file(environment.packages().join("mixed.pth")).expect("mixed.pth");
    develop(&case, &[]).succeeds();
    assert_eq!(environment.python("import mixed; print(mixed.add(1, 2))"), "4\n");
    std::fs::remove_file(&library).expect("the extension");
    develop(&case, &[]).succeeds();
    is_done(&case, &environment, &[]);
}

#[test]
fn a_wheel_that_pip_installed_is_replaced() {
    let (case, environment) = active("mixed");
    case.build([] as [&str; 0]).succeeds();
    let before = environment.files();
    let wheel = case.wheels().remove(0).display().to_string();
    environment
        .pip(&["install", "--no-index", "--no-deps", &wheel])
        .run()
        .succeeded();
    develop(&case, &[]).succeeds();
    assert!(!environment.packages().join("mixed").exists());
    environment.pip(&["uninstall", "-y", "mixed"]).run().succeeded();
    assert_eq!(names_of(&environment.files()), names_of(&before));
}

#[test]
fn the_profile_is_dev_unless_somebody_says_another() {
    let (case, _environment) = active("pure");
    let profile_of = |case: &Case, arguments: &[&str]| {
        let words = develop(case, &[&["-v"], arguments].concat()).succeeds();
        let line = words
            .lines()
            .find(|line| line.contains("cargo rustc"))
            .unwrap_or_else(|| panic!("no call of cargo:\n{words}"))
            .to_owned();
        match line {
            line if line.contains(" --release") => "release",
            line if line.contains(" --profile dev") => "dev",
            line if line.contains(" --profile quick") => "quick",
            line => panic!("no profile: {line}"),
        }
    };
    assert_eq!(profile_of(&case, &[]), "dev");
    assert_eq!(profile_of(&case, &["-r"]), "release");
    case.append("pyproject.toml", "\n[tool.maturin]\nprofile = \"release\"\n");
    assert_eq!(profile_of(&case, &[]), "release");
    case.append("Cargo.toml", "\n[profile.quick]\ninherits = \"dev\"\n");
    case.append("pyproject.toml", "editable-profile = \"quick\"\n");
    assert_eq!(profile_of(&case, &[]), "quick");
    assert_eq!(profile_of(&case, &["--profile", "dev"]), "dev");
}

#[test]
fn without_installing_the_extension_is_put_into_place() {
    let (case, environment) = active("mixed");
    let before = environment.files();
    develop(&case, &["--skip-install"]).succeeds();
    assert!(extension(&case, "mixed/_native").is_file());
    assert_eq!(environment.files(), before);
    is_done(&case, &environment, &["--skip-install"]);
    develop(&case, &[]).succeeds();
    assert!(environment.packages().join("mixed.pth").is_file());
}

#[test]
fn an_environment_that_does_not_work_is_refused_before_anything_is_built() {
    let mut case = Case::of("pure");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("venv");
    case.unset("CARGO_TARGET_DIR");
    let refused = |case: &Case, words: &str| {
        let report = develop(case, &[]).report();
        assert!(report.starts_with("status: 1\n"), "{report}");
        assert!(
            report.contains(words) && report.contains("\n  hint: "),
            "{report}"
        );
        assert!(!case.path("target/debug").exists(), "something was built");
    };
    refused(&case, "error: there is no virtual environment: none is active");
    case.set("VIRTUAL_ENV", &root);
    refused(
        &case,
        "error: what `VIRTUAL_ENV` names is no virtual environment, because it does not exist:",
    );
    std::fs::create_dir_all(root.join("bin")).expect("a folder");
    refused(&case, "because it has no `pyvenv.cfg`:");
    std::fs::write(root.join("pyvenv.cfg"), "home = /nowhere\n").expect("pyvenv.cfg");
    refused(&case, "because it has no `bin/python`:");
    std::os::unix::fs::symlink("/nowhere/python3.9", root.join("bin/python")).expect("a link");
    refused(
        &case,
        "was made with a Python that is gone (`/nowhere/python3.9`):",
    );
    std::fs::remove_file(root.join("bin/python")).expect("a link");
    std::fs::write(root.join("bin/python"), "#!/bin/sh\necho no Python >&2\nexit 1\n").expect("a script");
    Shell::new("chmod")
        .arg("755")
        .arg(root.join("bin/python"))
        .run()
        .succeeded();
    refused(&case, "no Python");
    case.set("CONDA_PREFIX", folder.path());
    refused(
        &case,
        "error: `VIRTUAL_ENV` and `CONDA_PREFIX` name two environments:",
    );
}

#[test]
fn an_environment_of_this_machine_takes_nothing_for_another() {
    let (mut case, environment) = active("pure");
    let before = environment.files();
    case.set("CARGO_BUILD_TARGET", "aarch64-unknown-linux-gnu");
    let report = develop(&case, &[]).report();
    assert!(
        report.contains(
            "error: an editable installation is for this machine, but the build is for another: aarch64-unknown-linux-gnu"
        ),
        "{report}"
    );
    assert_eq!(environment.files(), before);
}

#[test]
fn the_nearest_venv_is_taken_where_none_is_active() {
    let case = Case::of("workspace-member");
    let python = &place::python().executable;
    Shell::new(python)
        .args(["-m", "venv", "--without-pip"])
        .arg(case.path(".venv"))
        .run()
        .succeeded();
    let member = case.path("crates/extension");
    let shell = case.ironwheel(["develop", "--locked"]).folder(member);
    let ran = case.look_at(shell.run()).succeeds();
    assert!(ran.contains(".venv"), "{ran}");
}

#[test]
fn libraries_that_only_the_linker_was_told_of_are_found() {
    let case = Case::with_library("secret");
    let environment = Environment::new();
    case.write(
        "build.rs",
        "fn main() {\n    println!(\"cargo::rustc-link-search={}/libraries\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap());\n    \
         println!(\"cargo::rustc-link-lib=secret\");\n}\n",
    );
    std::os::unix::fs::symlink("libsecret.so", case.path("libraries/libsecret.so.1.0")).expect("a link");
    let mut case = case;
    case.set("VIRTUAL_ENV", environment.root());
    let cargo_made = || {
        let folder = place::shared_target().join("debug");
        std::fs::read(folder.join("libpure.so")).expect("what cargo made")
    };
    develop(&case, &[]).succeeds();
    assert_eq!(environment.python("import pure; print(pure.add(1, 2))"), "3\n");
    let run_paths = |path: &Path| {
        let answer = Shell::new("readelf").arg("-d").arg(path).run().succeeded();
        answer
            .matches(&case.path("libraries").display().to_string())
            .count()
    };
    let installed = environment
        .packages()
        .join(format!("pure/pure{}", place::python().suffix));
    assert_eq!(run_paths(&installed), 1);
    assert!(
        std::fs::read(&installed).expect("the extension") != cargo_made(),
        "cargo's own file has no run path"
    );
    is_done(&case, &environment, &[]);
}

/// Empty wheels in a folder, and the variables by which pip and uv find nothing else.
fn shop(case: &mut Case, wheels: &[(&str, &str, &str)]) -> PathBuf {
    let folder = case.path("shop");
    std::fs::create_dir_all(&folder).expect("a folder");
    let script = "
import sys, zipfile
name, version, requires, folder = sys.argv[1:]
info = f'{name}-{version}.dist-info'
with zipfile.ZipFile(f'{folder}/{name}-{version}-py3-none-any.whl', 'w') as wheel:
    wheel.writestr(f'{name}.py', '')
    lines = [f'Requires-Dist: {line}' for line in requires.split(',') if line]
    wheel.writestr(f'{info}/METADATA', '\\n'.join(['Metadata-Version: 2.1', f'Name: {name}', f'Version: {version}', *lines]) + '\\n')
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(f'{info}/RECORD', f'{name}.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n')
";
    for (name, version, requires) in wheels {
        Shell::new(&place::python().executable)
            .args(["-c", script, name, version, requires])
            .arg(&folder)
            .run()
            .succeeded();
    }
    for (name, value) in [
        ("UV_FIND_LINKS", folder.to_str().expect("UTF-8")),
        ("UV_OFFLINE", "1"),
        ("UV_NO_INDEX", "1"),
        ("UV_NO_CONFIG", "1"),
    ] {
        case.set(name, value);
    }
    folder
}

fn with_uv(case: &mut Case) {
    let uv = judges::environment().join("bin/uv");
    let folder = case.path("tools");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::os::unix::fs::symlink(uv, folder.join("uv")).expect("a link");
    let path = variable("PATH").unwrap_or_default();
    case.set("PATH", format!("{}:{path}", folder.display()));
}

#[test]
fn dependencies_extras_and_groups_are_brought_where_they_are_missing() {
    let (mut case, environment) = active("pure");
    shop(
        &mut case,
        &[
            ("first", "1.5", "second>=2"),
            ("second", "2.1", ""),
            ("of_extra", "1.0", ""),
            ("of_dev", "1.0", ""),
            ("of_lint", "1.0", ""),
            ("of_typing", "1.0", ""),
        ],
    );
    case.edit(
        "pyproject.toml",
        "version = \"0.1.0\"\n",
        "version = \"0.1.0\"\ndependencies = [\"first>=1\", \"never; sys_platform == 'win32'\"]\n",
    );
    case.append(
        "pyproject.toml",
        "\n[project.optional-dependencies]\nmore = [\"of-extra\"]\nall = [\"pure[more]\"]\n\n[dependency-groups]\ndev = \
         [\"of-dev\"]\nlint = [\"of-lint\", { include-group = \"typing\" }]\ntyping = [\"of-typing\"]\n",
    );
    let report = develop(&case, &[]).report();
    assert!(
        report.contains("error: the environment has no pip, and there is no `uv` on `PATH`"),
        "{report}"
    );
    with_uv(&mut case);
    let modules = |names: &[&str]| {
        let found = names_of(&environment.files())
            .iter()
            .filter_map(|path| path.strip_suffix(".py")?.rsplit_once("site-packages/"))
            .map(|(_, name)| name.to_owned())
            .filter(|name| !name.contains('/'))
            .collect::<Vec<_>>();
        assert_eq!(found, names);
    };
    develop(&case, &[]).succeeds();
    modules(&["first", "neighbour", "of_dev", "second"]);
    // Whoever starts an installer now fails.
    case.remove("tools/uv");
    is_done(&case, &environment, &[]);

    std::os::unix::fs::symlink(judges::environment().join("bin/uv"), case.path("tools/uv")).expect("a link");
    develop(&case, &["-E", "all", "-G", "lint", "--uv"]).succeeds();
    modules(&[
        "first",
        "neighbour",
        "of_dev",
        "of_extra",
        "of_lint",
        "of_typing",
        "second",
    ]);
    case.remove("tools/uv");
    is_done(&case, &environment, &["-E", "all", "-G", "lint"]);

    let refused = |arguments: &[&str], words: &str| {
        let report = develop(&case, arguments).report();
        assert!(report.contains(words), "{report}");
    };
    refused(
        &["-E", "most"],
        "error: the project has no extra `most`; its extras are",
    );
    refused(
        &["-G", "tests"],
        "error: the project has no dependency group `tests`; its groups are dev, lint, typing",
    );
    std::fs::remove_dir_all(environment.packages().join("second-2.1.dist-info")).expect("a folder");
    refused(&["--uv"], "error: `--uv` is asked for, but `uv` is neither");
    develop(&case, &["--skip-install"]).succeeds();
}

#[test]
fn programs_and_several_extensions_come_into_their_places() {
    for name in [
        "library-and-programs",
        "programs-and-python",
        "several-extensions",
    ] {
        let (case, environment) = active(name);
        let before = environment.files();
        develop(&case, &[]).succeeds();
        for wheel in crate::expect::Expect::of(name).wheel {
            environment.python(&wheel.run);
            for (command, printed) in wheel.commands {
                assert_eq!(
                    environment.program(&command).run().succeeded(),
                    printed,
                    "{command}"
                );
            }
        }
        is_done(&case, &environment, &[]);
        let project = case.read("pyproject.toml");
        let project = project
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
            .expect("a name");
        environment.pip(&["uninstall", "-y", project]).run().succeeded();
        assert_eq!(names_of(&environment.files()), names_of(&before), "{name}");
    }
}

#[test]
fn an_old_extension_does_not_hide_one_with_the_stable_abi() {
    let (case, environment) = active("mixed");
    develop(&case, &[]).succeeds();
    let old = extension(&case, "mixed/_native");
    assert!(old.is_file());
    case.edit(
        "Cargo.toml",
        "pyo3 = \"0.30.1\"",
        "pyo3 = { version = \"0.30.1\", features = [\"abi3-py39\"] }",
    );
    let words = develop(&case, &[]).succeeds_with(&["an extension of an earlier build"]);
    assert!(words.contains("_native"), "{words}");
    assert!(!old.exists() && case.path("mixed/_native.abi3.so").is_file());
    assert_eq!(environment.python("import mixed; print(mixed.add(1, 2))"), "3\n");
}

#[test]
fn generated_stubs_lie_beside_the_extension() {
    let (case, environment) = active("mixed");
    case.edit(
        "Cargo.toml",
        "pyo3 = \"0.30.1\"",
        "pyo3 = { version = \"0.30.1\", features = [\"experimental-inspect\"] }",
    );
    case.write("mixed/_native.pyi", "# of an earlier build\n");
    case.run(["develop", "--generate-stubs"]).succeeds();
    let stub = case.read("mixed/_native.pyi");
    assert!(stub.contains("def add("), "{stub}");
    assert_eq!(environment.python("import mixed; print(mixed.add(1, 2))"), "3\n");
}

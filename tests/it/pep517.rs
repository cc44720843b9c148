//! The hooks by which front ends build: what they give, what they honour, what they refuse.

use std::path::{Path, PathBuf};

use crate::case::{Case, names};
use crate::front_ends::{Environment, change_one_word, front_end, names_of, own_wheel};
use crate::place::{self, IRONWHEEL};
use crate::shell::{Answer, Shell};

/// A hook, called as a front end calls it: in the project's folder, by the Python that is built for.
struct Hook<'a> {
    case: &'a Case,
    python: &'a Path,
    variables: Vec<(&'a str, String)>,
}

impl<'a> Hook<'a> {
    fn of(case: &'a Case) -> Self {
        Self {
            case,
            python: &place::python().executable,
            variables: Vec::new(),
        }
    }

    fn set(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Calls, and prints what the hook gives back as the last line.
    fn call(&self, call: &str) -> Answer {
        let programs = Path::new(IRONWHEEL).parent().expect("a folder");
        let path = format!(
            "{}:{}",
            programs.display(),
            crate::shell::variable("PATH").unwrap_or_default()
        );
        let code = format!("import ironwheel; print(ironwheel.{call})");
        let mut shell = self
            .case
            .shell(self.python.to_str().expect("UTF-8"))
            .args(["-B", "-c", &code])
            .set("PYTHONPATH", place::repository().join("python"))
            .set("PATH", path);
        for (name, value) in &self.variables {
            shell = shell.set(name, value);
        }
        shell.run()
    }

    fn gives(&self, call: &str) -> String {
        self.call(call).succeeded().trim().to_owned()
    }

    fn refuses(&self, call: &str) -> String {
        let answer = self.call(call);
        assert!(answer.status != 0, "`{call}` must fail: {}", answer.stdout);
        assert!(
            !answer.stderr.contains("Traceback"),
            "`{call}` says why in words:\n{}",
            answer.stderr
        );
        answer.stderr
    }
}

fn ours(name: &str) -> Case {
    let case = Case::of(name);
    change_one_word(&case);
    case
}

fn folder(case: &Case, name: &str) -> PathBuf {
    let folder = case.path(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn linux_name(project: &str, version: &str) -> String {
    let python = place::python();
    let tag = python.tag();
    format!("{project}-{version}-{tag}-{tag}-linux_{}.whl", python.machine)
}

/// A file of a wheel.
fn member(wheel: &Path, path: &str) -> String {
    let code =
        "import sys, zipfile; sys.stdout.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())";
    Shell::new(&place::python().executable)
        .args(["-c", code])
        .arg(wheel)
        .arg(path)
        .run()
        .succeeded()
}

#[test]
fn metadata_is_prepared_without_compiling_and_the_wheel_has_the_same() {
    let case = ours("license-expression");
    let target = case.path("fresh-target");
    let hook = Hook::of(&case).set("CARGO_TARGET_DIR", target.to_str().expect("UTF-8"));
    let prepared = folder(&case, "prepared");
    let name = hook.gives("prepare_metadata_for_build_wheel('prepared')");
    let dist_info = prepared.join(&name);
    assert!(dist_info.join("METADATA").is_file());
    assert!(dist_info.join("WHEEL").is_file());
    assert!(dist_info.join("licenses").is_dir());
    assert!(!dist_info.join("RECORD").exists());
    let compiled: Vec<String> = names(&target)
        .into_iter()
        .filter(|name| ["debug", "release", "tmp"].contains(&name.as_str()))
        .collect();
    assert_eq!(compiled, [""; 0], "nothing is compiled");

    // pip names the dist-info folder, the specification's text the one above it.
    for directory in [format!("prepared/{name}"), "prepared".to_owned()] {
        let wheel = Hook::of(&case).gives(&format!("build_wheel('out', None, '{directory}')"));
        let metadata = std::fs::read_to_string(dist_info.join("METADATA")).expect("METADATA");
        assert_eq!(
            member(&case.path("out").join(&wheel), &format!("{name}/METADATA")),
            metadata
        );
        assert_eq!(
            member(&case.path("out").join(&wheel), &format!("{name}/WHEEL")),
            std::fs::read_to_string(dist_info.join("WHEEL")).expect("WHEEL")
        );
    }
}

#[test]
fn metadata_of_another_project_or_time_is_refused_before_anything_is_compiled() {
    let case = ours("pure");
    let hook = Hook::of(&case);
    folder(&case, "prepared");
    let name = hook.gives("prepare_metadata_for_build_wheel('prepared')");
    case.edit("pyproject.toml", "version = \"0.1.0\"", "version = \"0.2.0\"");
    let words = hook.refuses(&format!("build_wheel('out', {{}}, 'prepared/{name}')"));
    assert!(
        words.contains("`METADATA` has `Version: 0.1.0` there and `Version: 0.2.0` here"),
        "{words}"
    );
    assert!(words.contains("hint: the project"), "{words}");
    let words = hook.refuses("build_wheel('out', {}, 'out')");
    assert!(
        words.contains("error: the metadata directory holds no METADATA:"),
        "{words}"
    );
    assert_eq!(names(&case.path("out")), [""; 0]);
}

#[test]
fn a_wheel_for_this_machine_promises_nothing_to_others_unless_it_is_asked_to() {
    let case = ours("pure");
    let hook = Hook::of(&case);
    assert_eq!(hook.gives("build_wheel('out')"), linux_name("pure", "0.1.0"));
    // A setting of the project, whatever front end builds it.
    case.append(
        "pyproject.toml",
        "\n[tool.maturin]\ncompatibility = \"manylinux_2_40\"\n",
    );
    assert!(hook.gives("build_wheel('out')").contains("-manylinux_2_40_"));
    // And what whoever asks says.
    let arguments = "{'build-args': '--compatibility linux'}";
    assert_eq!(
        hook.gives(&format!("build_wheel('out', {arguments})")),
        linux_name("pure", "0.1.0")
    );
    case.edit(
        "pyproject.toml",
        "compatibility = \"manylinux_2_40\"",
        "auditwheel = \"repair\"",
    );
    assert!(hook.gives("build_wheel('out')").contains("-manylinux_2_"));
}

#[test]
fn build_arguments_come_as_a_text_a_list_or_a_variable() {
    let case = ours("pure");
    let too_new = "--compatibility manylinux_2_5";
    for settings in [
        format!("{{'build-args': '{too_new}'}}"),
        "{'ironwheel.build-args': ['--compatibility', 'manylinux_2_5'], 'build-args': ''}".to_owned(),
        "{'maturin.build-args': ['--compatibility=manylinux_2_5']}".to_owned(),
    ] {
        let words = Hook::of(&case).refuses(&format!("build_wheel('out', {settings})"));
        assert!(words.contains("manylinux_2_5"), "{settings}: {words}");
    }
    for variable in ["IRONWHEEL_PEP517_ARGS", "MATURIN_PEP517_ARGS"] {
        let answer = Hook::of(&case).set(variable, too_new).call("build_wheel('out')");
        assert_eq!(answer.status, 3, "{variable}: {}", answer.stderr);
        // A setting goes before a variable.
        let hook = Hook::of(&case).set(variable, "--no-such-flag");
        hook.gives("build_wheel('out', {'build-args': []})");
    }
    let words = Hook::of(&case).refuses("build_wheel('out', {'build-args': True})");
    assert!(
        words.contains("error: the config setting `build-args` must be"),
        "{words}"
    );
    let answer = Hook::of(&case).call("build_wheel('out', {'biuld-args': 'x'})");
    assert!(
        answer
            .stderr
            .contains("notice: the config setting `biuld-args` is none of ironwheel's"),
        "{}",
        answer.stderr
    );
}

#[test]
fn the_front_end_s_folder_goes_before_that_of_the_arguments() {
    let case = Case::of("program");
    let answer = Hook::of(&case)
        .set("MATURIN_PEP517_ARGS", "--out dist")
        .call("build_wheel('out')");
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert!(case.path("out").join(answer.stdout.trim()).is_file());
    assert!(!case.path("dist").exists());
    assert!(
        answer.stderr.contains("notice: `--out` is passed over"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_hook_makes_one_wheel_into_a_folder_that_can_be_written_to() {
    let case = ours("two-interpreters");
    let words = Hook::of(&case).refuses("build_wheel('out', {'build-args': '-i 3.10 -i 3.11'})");
    assert!(
        words.contains(
            "a front end takes one wheel at a time, but 2 were asked for: CPython 3.10, CPython 3.11"
        ),
        "{words}"
    );
    case.write("taken", "");
    let words = Hook::of(&case).refuses("build_wheel('taken')");
    assert!(words.contains("/taken"), "{words}");
    let words = Hook::of(&case).refuses("prepare_metadata_for_build_wheel('taken')");
    assert!(words.contains("/taken"), "{words}");
}

#[test]
fn without_cargo_rust_is_asked_for_unless_nobody_wants_that() {
    let mut case = ours("pure");
    case.only(&["cc"]);
    let tools = case.shell("x").variable("PATH");
    let script = |call: &str| {
        format!(
            "import os; os.environ['PATH'] = {tools:?}; import ironwheel; ironwheel.program = lambda: {IRONWHEEL:?}; \
             print(ironwheel.{call})"
        )
    };
    let call = |call: &str, variable: Option<&str>| {
        let mut shell = case
            .shell(place::python().executable.to_str().expect("UTF-8"))
            .args(["-B", "-c", &script(call)])
            .set("PYTHONPATH", place::repository().join("python"));
        if let Some(variable) = variable {
            shell = shell.set(variable, "1");
        }
        shell.run()
    };
    for hook in ["wheel", "sdist", "editable"] {
        let hook = format!("get_requires_for_build_{hook}()");
        assert_eq!(call(&hook, None).succeeded(), "['puccinialin']\n", "{hook}");
        for variable in ["IRONWHEEL_NO_INSTALL_RUST", "MATURIN_NO_INSTALL_RUST"] {
            assert_eq!(call(&hook, Some(variable)).succeeded(), "[]\n", "{hook}");
        }
    }
    let answer = call("build_wheel('out')", Some("MATURIN_NO_INSTALL_RUST"));
    assert_eq!(answer.status, 1);
    assert!(
        answer.stderr.contains("error: `cargo` was not found on `PATH`"),
        "{}",
        answer.stderr
    );
}

#[test]
fn nothing_is_required_where_pyo3_is_used() {
    let case = ours("pure");
    assert_eq!(Hook::of(&case).gives("get_requires_for_build_wheel()"), "[]");
    assert_eq!(Hook::of(&case).gives("get_requires_for_build_sdist({})"), "[]");
}

#[test]
fn pip_builds_in_isolation_with_nothing_but_a_folder_of_wheels() {
    let case = ours("mixed");
    let environment = Environment::new();
    let own = own_wheel().display().to_string();
    let pip = environment.pip(&["install", "--no-index", "--find-links", &own, "."]);
    front_end(&case, &pip).run().succeeded();
    assert_eq!(
        environment.python("import mixed; print(mixed.add(1, 2))").trim(),
        "3"
    );
    let found = names(&environment.packages());
    assert!(found.contains(&"mixed-0.1.0.dist-info".to_owned()), "{found:?}");
    environment.pip(&["uninstall", "-y", "mixed"]).run().succeeded();
    let left: Vec<String> = names(&environment.packages())
        .into_iter()
        .filter(|name| name.starts_with("mixed"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn an_editable_wheel_says_where_the_sources_lie_and_the_extension_lies_there() {
    let case = ours("mixed");
    let hook = Hook::of(&case);
    folder(&case, "prepared");
    let name = hook.gives("prepare_metadata_for_build_editable('prepared')");
    let wheel = hook.gives(&format!("build_editable('out', None, 'prepared/{name}')"));
    assert_eq!(wheel, linux_name("mixed", "0.1.0"));
    let wheel = case.path("out").join(wheel);
    let code = "import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep='\\n')";
    let python = &place::python().executable;
    let listed = Shell::new(python)
        .args(["-c", code])
        .arg(&wheel)
        .run()
        .succeeded();
    let outside: Vec<&str> = listed
        .lines()
        .filter(|path| !path.starts_with("mixed-0.1.0.dist-info/"))
        .collect();
    assert_eq!(outside, ["mixed.pth"]);
    assert_eq!(
        member(&wheel, "mixed.pth"),
        format!("{}\n", case.root().display())
    );
    let extension = format!("mixed/_native{}", place::python().suffix);
    assert!(case.path(&extension).is_file());

    let environment = Environment::new();
    let before = environment.files();
    let wheel = wheel.display().to_string();
    environment
        .pip(&["install", "--no-index", "--no-deps", &wheel])
        .run()
        .succeeded();
    assert_eq!(
        environment.python("import mixed; print(mixed.add(1, 2))").trim(),
        "3"
    );
    environment.pip(&["uninstall", "-y", "mixed"]).run().succeeded();
    assert_eq!(names_of(&environment.files()), names_of(&before));
}

#[test]
fn a_source_distribution_is_made_with_the_same_arguments_as_the_wheel() {
    let case = ours("mixed");
    let hook = Hook::of(&case).set("MATURIN_PEP517_ARGS", "--release --locked -i 3.12");
    assert_eq!(hook.gives("build_sdist('out')"), "mixed-0.1.0.tar.gz");
    assert_eq!(names(&case.path("out")), ["mixed-0.1.0.tar.gz"]);
    let words = Hook::of(&case).refuses("build_sdist('out', {'build-args': '--no-such-flag'})");
    assert!(words.contains("--no-such-flag"), "{words}");
}

/// Programs that build by hooks, in an environment below `target/` that is made once; they come from the package index.
fn front_end_programs() -> PathBuf {
    let _lock = place::lock("front-ends");
    let folder = place::kept("front-ends");
    let stamp = folder.join("installed.txt");
    let wanted = ["build", "nox", "tox", "uv", "virtualenv"];
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted.join(" ")) {
        return folder.join("bin");
    }
    Shell::new(&place::python().executable)
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .run()
        .succeeded();
    Shell::new(folder.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet"])
        .args(wanted)
        .run()
        .succeeded();
    std::fs::write(&stamp, wanted.join(" ")).expect("a stamp");
    folder.join("bin")
}

/// Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does.
#[test]
fn every_front_end_builds_with_nothing_but_a_folder_of_wheels() {
    if crate::shell::variable("IRONWHEEL_TEST_PEERS").is_none() {
        return;
    }
    let programs = front_end_programs();
    let own = own_wheel().display().to_string();
    let case = ours("mixed");
    case.write(
        "noxfile.py",
        "import nox\n\n\n@nox.session(venv_backend='virtualenv')\ndef imports(session):\n    session.install('.')\n    \
         session.chdir(session.create_tmp())\n    session.run('python', '-c', 'import mixed; print(mixed.add(1, 2))')\n",
    );
    case.write(
        "tox.ini",
        "[testenv]\npass_env = *\nchange_dir = {envtmpdir}\ncommands = python -c 'import mixed; print(mixed.add(1, 2))'\n",
    );
    let shell = |program: &str, arguments: &[&str]| {
        let shell = front_end(&case, &Shell::new(programs.join(program))).args(arguments.iter().copied());
        let path = shell.variable("PATH");
        shell
            .set("PATH", format!("{}:{path}", programs.display()))
            .set("PIP_FIND_LINKS", &own)
            .set("PIP_NO_INDEX", "1")
            .set("UV_FIND_LINKS", &own)
            // A cache may hold another ironwheel of the same version.
            .set("UV_CACHE_DIR", case.path("../cache-of-uv"))
            .set("UV_NO_INDEX", "1")
            .set("UV_OFFLINE", "1")
            .set("VIRTUALENV_NO_PERIODIC_UPDATE", "1")
    };
    let out = |name: &str| case.path(name).display().to_string();
    let wheel = linux_name("mixed", "0.1.0");
    let made = |program: &str, arguments: &[&str], folder: &str, files: &[&str]| {
        shell(program, arguments).run().succeeded();
        let found = names(&case.path(folder));
        let found: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .filter(|name| !name.starts_with('.'))
            .collect();
        assert_eq!(found, files, "{program} {arguments:?}");
    };
    let both = [wheel.as_str(), "mixed-0.1.0.tar.gz"];
    made("pip", &["wheel", ".", "-w", &out("by-pip")], "by-pip", &[&wheel]);
    made(
        "python",
        &["-m", "build", "--outdir", &out("by-build")],
        "by-build",
        &both,
    );
    made("uv", &["build", "--out-dir", &out("by-uv")], "by-uv", &both);

    // Without isolation, the hooks lie in the environment that pip lies in.
    let environment = Environment::new();
    let wheels = names(own_wheel());
    let own_file = own_wheel().join(&wheels[0]).display().to_string();
    environment
        .pip(&["install", "--no-index", &own_file])
        .run()
        .succeeded();
    let pip = environment.pip(&["wheel", ".", "--no-build-isolation", "-w", &out("by-pip-alone")]);
    front_end(&case, &pip).run().succeeded();
    assert_eq!(names(&case.path("by-pip-alone")), [wheel.as_str()]);
    let version = environment
        .program("python")
        .args(["-m", "ironwheel", "--version"])
        .run()
        .succeeded();
    assert!(version.starts_with("ironwheel "), "{version}");

    // Whoever builds, and whether the sources were packed on the way, the wheel is the same.
    let bytes = |folder: &str| std::fs::read(case.path(folder).join(&wheel)).expect("a wheel");
    for folder in ["by-build", "by-uv", "by-pip-alone"] {
        assert!(bytes(folder) == bytes("by-pip"), "{folder} holds another wheel");
    }

    let editable = |install: Shell, uninstall: Shell, environment: &Environment| {
        let before = environment.files();
        install.run().succeeded();
        let code = "import mixed; print(mixed.add(1, 2), mixed.__file__)";
        let expected = format!("3 {}\n", case.path("mixed/__init__.py").display());
        assert_eq!(environment.python(code), expected);
        uninstall.run().succeeded();
        assert_eq!(names_of(&environment.files()), names_of(&before));
    };
    let environment = Environment::new();
    let pip = front_end(
        &case,
        &environment.pip(&["install", "--no-index", "--find-links", &own, "-e", "."]),
    );
    editable(pip, environment.pip(&["uninstall", "-y", "mixed"]), &environment);
    let python = environment.root().display().to_string();
    editable(
        shell("uv", &["pip", "install", "--python", &python, "-e", "."]),
        shell("uv", &["pip", "uninstall", "--python", &python, "mixed"]),
        &environment,
    );
    for (program, arguments) in [("nox", vec![]), ("tox", vec!["-e", "py"])] {
        let answer = shell(program, &arguments).run();
        assert_eq!(
            answer.status, 0,
            "{program}:\n{}\n{}",
            answer.stdout, answer.stderr
        );
    }
}

#[test]
fn its_own_wheel_holds_the_program_and_the_hooks() {
    let plan = Shell::new(IRONWHEEL)
        .arg("plan")
        .folder(place::repository())
        .run()
        .succeeded();
    assert!(plan.contains("-py3-none-"), "{plan}");
    for file in [
        ".data/scripts/ironwheel ",
        "    ironwheel/__init__.py ",
        "    ironwheel/__main__.py ",
        "/licenses/LICENSE-MIT ",
    ] {
        assert!(plan.contains(file), "{file} is not among\n{plan}");
    }
    assert!(
        !plan.contains("    bootstrap.py "),
        "only the sources need it:\n{plan}"
    );
}

/// ironwheel builds ironwheel, and what it built builds a crate through pip. Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run`
/// does.
#[test]
fn the_program_builds_its_own_wheel_which_builds_others() {
    if crate::shell::variable("IRONWHEEL_TEST_PEERS").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    Shell::new(IRONWHEEL)
        .args([
            "build",
            "--profile",
            "dev",
            "--strip",
            "--compatibility",
            "linux",
            "-o",
        ])
        .arg(folder.path())
        .folder(place::repository())
        .set("CARGO_TARGET_DIR", place::kept("own-target"))
        .run()
        .succeeded();
    let environment = Environment::new();
    let found = names(folder.path());
    let [own] = found.as_slice() else {
        panic!("one wheel: {found:?}");
    };
    let own_file = folder.path().join(own).display().to_string();
    environment
        .pip(&["install", "--no-index", &own_file])
        .run()
        .succeeded();
    environment
        .program("ironwheel")
        .arg("--version")
        .run()
        .succeeded();

    let case = ours("pure");
    let links = folder.path().display().to_string();
    let pip = environment.pip(&["install", "--no-index", "--find-links", &links, "."]);
    front_end(&case, &pip).run().succeeded();
    assert_eq!(environment.python("import pure; print(pure.add(1, 2))"), "3\n");
}

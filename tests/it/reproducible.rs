//! The same bytes whatever the folder, the time, the time zone, the locale, the umask, the cores or a repository around it.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::case::Case;
use crate::judges;
use crate::place::{self, IRONWHEEL};
use crate::shell::Shell;

/// Target directories of their own, so that cargo really compiles twice: what it compiled for one cannot serve the other.
fn targets() -> [std::path::PathBuf; 2] {
    [
        place::kept("reproducible/first"),
        place::kept("reproducible/second target"),
    ]
}

fn build_in(case: &Case, target: &Path, shell: impl Fn(&str) -> Shell) -> Vec<(String, String)> {
    let line = format!("{IRONWHEEL} build --locked -o '{}'", case.out().display());
    let answer = shell(&line).set("CARGO_TARGET_DIR", target).run();
    // The old times are seen where an earlier run left its target directory.
    let printed = case
        .look_at(answer)
        .succeeds_on_stdout(Some("compiling them again"));
    assert_eq!(printed, "");
    let wheels = case.wheels();
    assert!(!wheels.is_empty(), "no wheel was made");
    wheels
        .iter()
        .map(|wheel| (name_of(wheel), sum_of(wheel)))
        .collect()
}

fn name_of(wheel: &Path) -> String {
    wheel
        .file_name()
        .and_then(|name| name.to_str())
        .expect("UTF-8")
        .to_owned()
}

fn sum_of(wheel: &Path) -> String {
    let sum = Shell::new("sha256sum").arg(wheel).run().succeeded();
    sum.split(' ').next().expect("a sum").to_owned()
}

/// Gives every file of a folder another time.
fn touch_all(folder: &Path, time: SystemTime) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            touch_all(&path, time);
        } else {
            File::options()
                .append(true)
                .open(&path)
                .and_then(|file| file.set_modified(time))
                .expect("a time");
        }
    }
}

fn same_bytes(name: &str, variables: &[(&str, &str)]) -> Vec<std::path::PathBuf> {
    let _lock = place::lock("reproducible");
    let [first_target, second_target] = targets();
    let with = |mut shell: Shell| {
        for (name, value) in variables {
            shell = shell.set(name, *value);
        }
        shell
    };

    let first = Case::of(name);
    let plain = build_in(&first, &first_target, |line| {
        with(first.shell("sh").args(["-c", line]))
    });

    let second = first.twin();
    let git = |arguments: &[&str]| {
        let author = [
            "-c",
            "user.name=Nobody",
            "-c",
            "user.email=nobody@example.org",
            "-c",
            "init.defaultBranch=main",
        ];
        second
            .shell("git")
            .args(author)
            .args(arguments.iter().copied())
            .run()
            .succeeded();
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "All"]);
    touch_all(
        &second.root(),
        SystemTime::now() - Duration::from_secs(400 * 24 * 60 * 60),
    );
    let other = build_in(&second, &second_target, |line| {
        let line = format!("umask 077; exec taskset -c 0 {line}");
        let shell = with(second.shell("sh").args(["-c", &line]));
        shell
            .set("TZ", "Asia/Kathmandu")
            .set("LC_ALL", "C")
            .set("LANG", "tr_TR.UTF-8")
            .set("HOSTNAME", "elsewhere")
            .set("USER", "nobody")
    });

    assert_eq!(plain, other, "two builds of `{name}` differ");
    let by_mode = |wheel: &Path| {
        use std::os::unix::fs::PermissionsExt;
        wheel.metadata().expect("a wheel").permissions().mode() & 0o777
    };
    for wheel in second.wheels() {
        assert_eq!(by_mode(&wheel), 0o600, "the wheel's own mode follows the umask");
    }
    let epoch = variables
        .iter()
        .find(|(name, _)| *name == "SOURCE_DATE_EPOCH")
        .and_then(|(_, value)| value.parse().ok());
    for wheel in first.wheels() {
        judges::container(&wheel, epoch);
        has_no_path_in_it(
            &wheel,
            &[&first.root(), &second.root(), &first_target, &second_target],
        );
    }
    first.wheels()
}

/// No path of the build is in the wheel, in any file.
fn has_no_path_in_it(wheel: &Path, paths: &[&Path]) {
    let home = crate::shell::variable("HOME").expect("HOME");
    let script = "
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
for name in archive.namelist():
    content = archive.read(name)
    for path in sys.argv[2:]:
        if path.encode() in content:
            print(f'{name} holds {path}')
";
    let paths = paths
        .iter()
        .map(|path| path.display().to_string())
        .chain([format!("{home}/")]);
    let python = Shell::new(&place::python().executable)
        .args(["-c", script])
        .arg(wheel);
    let found = python.args(paths).run().succeeded();
    assert_eq!(found, "", "paths of the build");
}

#[test]
fn a_mixed_project_twice() {
    same_bytes("mixed", &[]);
}

#[test]
fn odd_names_twice() {
    same_bytes("odd-names", &[]);
}

#[test]
fn data_and_scripts_twice() {
    same_bytes("data-and-scripts", &[]);
}

#[test]
fn a_workspace_member_twice() {
    // The member is named by its folder, so that the same call serves both copies.
    let _lock = place::lock("reproducible");
    let [first_target, second_target] = targets();
    let first = Case::of("workspace-member");
    let second = first.twin();
    let build = |case: &Case, target: &Path| {
        build_in(case, target, |line| {
            case.shell("sh")
                .folder(case.path("crates/extension"))
                .args(["-c", line])
        })
    };
    assert_eq!(build(&first, &first_target), build(&second, &second_target));
}

/// Code that fails in every way that names a source file: in a crate beside the project, in one of its generic functions, which is
/// compiled by whoever calls it, and in what build scripts write.
fn with_failures(case: &Case) {
    let script = "fn main() {
    println!(\"cargo:rerun-if-changed=build.rs\");
    let out = std::env::var(\"OUT_DIR\").unwrap();
    let code = \"pub fn made(at: usize) { assert!(at < 3, \\\"made {at}\\\"); }\";
    std::fs::write(format!(\"{out}/made.rs\"), code).unwrap();
}
";
    let made =
        "mod made {\n    include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\n}\npub use made::made;\n";
    for folder in ["shared", "extension"] {
        case.write(&format!("{folder}/build.rs"), script);
    }
    case.append("shared/source/lib.rs", made);
    case.append("extension/src/lib.rs", made);
    case.append(
        "shared/source/lib.rs",
        "pub fn fails(at: usize) {\n    assert!(at < 4, \"fails {at}\");\n}\npub fn at<T: Copy>(values: &[T], at: usize) -> T {\n    values[at]\n}\n",
    );
    case.edit(
        "extension/src/lib.rs",
        "fn helped() -> &'static str {",
        "fn helped(at: usize) -> &'static str {
        crate::made(at);
        shared_beside_the_project::made(at);
        shared_beside_the_project::fails(at);
        shared_beside_the_project::at(&[\"a\", \"b\"], at);",
    );
}

#[test]
fn crates_outside_of_the_project_and_another_cargo_home_leave_no_trace() {
    let _lock = place::lock("reproducible");
    let [first_target, second_target] = targets();
    let home = crate::shell::variable("HOME").expect("HOME");
    let cargo = crate::shell::variable("CARGO_HOME").unwrap_or_else(|| format!("{home}/.cargo"));
    let first = Case::of("beside-the-project");
    let second = first.twin();
    let other_cargo = second.out().with_file_name("another cargo home");
    std::os::unix::fs::symlink(&cargo, &other_cargo).expect("a link");
    let build = |case: &Case, target: &Path, cargo: &Path| {
        with_failures(case);
        build_in(case, target, |line| {
            case.shell("sh")
                .folder(case.path("extension"))
                .set("CARGO_HOME", cargo)
                .args(["-c", line])
        })
    };
    let plain = build(&first, &first_target, Path::new(&cargo));
    assert_eq!(plain, build(&second, &second_target, &other_cargo));
    for wheel in first.wheels() {
        has_no_path_in_it(
            &wheel,
            &[
                &first.root(),
                &second.root(),
                &first_target,
                &second_target,
                Path::new(&cargo),
                &other_cargo,
            ],
        );
    }
}

#[test]
fn the_paths_of_this_machine_stay_where_they_are_asked_for() {
    let case = Case::of("beside-the-project");
    with_failures(&case);
    let real = case.path("shared/source/lib.rs").display().to_string();
    let other = "/path/shared-beside-the-project-0.1.0/source/lib.rs";
    let found = |arguments: &[&str]| {
        let ran = case.ironwheel(["build", "--locked", "-o"]).arg(case.out());
        let ran = ran.args(arguments.iter().copied()).folder(case.path("extension"));
        case.look_at(ran.run()).succeeds();
        let script = "import sys, zipfile; archive = zipfile.ZipFile(sys.argv[1]); \
                      content = b''.join(map(archive.read, archive.namelist())); \
                      print(*(path for path in sys.argv[2:] if path.encode() in content))";
        let python = Shell::new(&place::python().executable).args(["-c", script]);
        python
            .arg(&case.wheels()[0])
            .args([&*real, other])
            .run()
            .succeeded()
    };
    assert_eq!(found(&["--remap-paths", "false"]).trim(), real);
    assert_eq!(found(&[]).trim(), other);
}

#[test]
fn a_date_is_carried_by_all_files_and_by_nothing_else() {
    same_bytes("pure", &[("SOURCE_DATE_EPOCH", "1700000001")]);
    // Times that the format cannot say become the earliest that it can.
    same_bytes("pure", &[("SOURCE_DATE_EPOCH", "0")]);
}

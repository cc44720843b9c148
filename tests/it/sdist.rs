//! Source distributions: what they hold, that they are the same everywhere, and that cargo can build from them.

use std::path::{Path, PathBuf};

use crate::case::{COMPILERS, Case};
use crate::expect::Expect;
use crate::place;
use crate::shell::Shell;

/// Prints every file of an archive with its mode, unpacks it the way installers do, and prints nothing else.
const UNPACK: &str = "
import sys, tarfile
with tarfile.open(sys.argv[1], 'r:gz') as archive:
    for member in archive:
        assert member.isfile() and (member.uid, member.gid, member.uname, member.gname) == (0, 0, '', ''), member
        assert member.mode in (0o644, 0o755), oct(member.mode)
        print(f'{member.mode:o} {member.name}')
    archive.extractall(sys.argv[2], filter='data')
";

/// A source distribution, unpacked.
struct Unpacked {
    /// Its one folder.
    folder: PathBuf,
    /// Every file with its mode, in the archive's order: `644 src/lib.rs`.
    files: Vec<String>,
}

impl Unpacked {
    /// Unpacks with Python's own library, which refuses what leads out.
    fn new(archive: &Path) -> Self {
        let out = archive.with_file_name("unpacked");
        let text = Shell::new(&place::python().executable)
            .args(["-c", UNPACK])
            .args([archive, &out])
            .run()
            .succeeded();
        let name = archive.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let top = name.strip_suffix(".tar.gz").expect("the ending of an archive");
        let file = |line: &str| {
            let (mode, path) = line.split_once(' ').expect("a mode and a path");
            let inside = path.strip_prefix(top).and_then(|path| path.strip_prefix('/'));
            format!(
                "{mode} {}",
                inside.unwrap_or_else(|| panic!("{path} is not below {top}"))
            )
        };
        Self {
            folder: out.join(top),
            files: text.lines().map(file).collect(),
        }
    }

    fn paths(&self) -> Vec<&str> {
        let path = |file: &'_ String| file.split_once(' ').map(|(_, path)| path.len());
        self.files
            .iter()
            .map(|file| &file[file.len() - path(file).expect("a path")..])
            .collect()
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Asserts that cargo reads it as it is, off the network, and gives the names of the local crates.
    fn locked(&self, case: &Case, manifest: &str) -> Vec<String> {
        let cargo = case.shell("cargo").folder(&self.folder).args([
            "metadata",
            "--locked",
            "--offline",
            "--format-version",
            "1",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
            "--manifest-path",
            manifest,
        ]);
        let description: serde_json::Value = serde_json::from_str(&cargo.run().succeeded()).expect("JSON");
        let packages = description["packages"].as_array().expect("packages");
        let mut local: Vec<String> = packages
            .iter()
            .filter(|package| package["source"].is_null())
            .map(|package| package["name"].as_str().expect("a name").to_owned())
            .collect();
        local.sort();
        local
    }
}

/// Makes the source distribution of a case into its output folder.
fn pack(case: &Case, arguments: &[&str]) -> PathBuf {
    pack_telling(case, arguments, &[])
}

/// The same, with these notices.
fn pack_telling(case: &Case, arguments: &[&str], notices: &[&str]) -> PathBuf {
    let shell = case.ironwheel(["sdist", "--locked", "-o"]).arg(case.out());
    case.look_at(shell.args(arguments.iter().copied()).run())
        .succeeds_with(notices);
    only_archive(case)
}

fn only_archive(case: &Case) -> PathBuf {
    let mut made = case.made();
    made.retain(|name| name.ends_with(".tar.gz"));
    assert_eq!(made.len(), 1, "one archive: {made:?}");
    case.out().join(&made[0])
}

/// The flags of a crate's build that say which crate it is.
pub fn which(expect: &Expect) -> Vec<&str> {
    let mut arguments = expect.arguments.iter().map(String::as_str);
    arguments
        .find(|argument| *argument == "-m")
        .into_iter()
        .chain(arguments.next())
        .collect()
}

#[test]
fn every_crate_s_sources_are_what_its_folder_says_and_cargo_reads_them() {
    for folder in crate::crates::FOLDERS {
        let expect = Expect::of(folder);
        if expect.sdist.is_empty() {
            let has_pyproject = place::repository()
                .join("test-crates")
                .join(folder)
                .join("pyproject.toml");
            assert!(
                !has_pyproject.exists(),
                "test-crates/{folder}/expect.toml must say with `sdist = […]` what its sources are"
            );
            continue;
        }
        let case = Case::of(folder);
        expect.create(&case);
        let notices: Vec<&str> = expect.sdist_notices.iter().map(String::as_str).collect();
        let archive = pack_telling(&case, &which(&expect), &notices);
        let unpacked = Unpacked::new(&archive);
        assert_eq!(unpacked.paths(), expect.sdist, "{folder}");
        let paths = unpacked.paths();
        let manifests = paths.iter().filter(|path| path.ends_with("Cargo.toml"));
        let first = manifests.min_by_key(|path| path.len()).expect("a manifest");
        unpacked.locked(&case, which(&expect).last().unwrap_or(first));
        assert!(unpacked.read("PKG-INFO").contains("\nName: "), "{folder}");
        case.run(
            ["check"]
                .map(str::to_owned)
                .into_iter()
                .chain([archive.display().to_string()]),
        )
        .succeeds_on_stdout(None);
    }
}

#[test]
fn the_wheel_from_the_sources_is_the_wheel_from_the_tree() {
    for (folder, arguments) in [
        ("mixed", &[] as &[&str]),
        ("path-dependency", &[]),
        ("workspace-inheritance", &["-m", "extension/Cargo.toml"]),
        ("workspace-member", &["-m", "crates/extension/Cargo.toml"]),
    ] {
        let case = Case::of(folder);
        case.build(arguments.iter().copied()).succeeds();
        let [wheel] = case.wheels().try_into().expect("one wheel");
        let direct = std::fs::read(&wheel).expect("a wheel");
        std::fs::remove_file(&wheel).expect("to remove it");
        let build = || {
            let shell = case.ironwheel(["build", "--locked", "--sdist", "-o"]);
            shell.arg(case.out()).args(arguments.iter().copied()).run()
        };
        // Nothing vouches for the crates in the folder that they are unpacked to.
        let first = build();
        assert_eq!(first.status, 0, "{}", first.stderr);
        assert!(
            !first.stderr.contains("Compiling pyo3"),
            "dependencies are compiled once:\n{}",
            first.stderr
        );
        assert!(
            std::fs::read(&wheel).expect("a wheel") == direct,
            "{folder}: other bytes"
        );
        let second = build();
        assert!(second.stderr.contains("nothing to compile"), "{}", second.stderr);
        // Any front end gets the same from the archive alone.
        let unpacked = Unpacked::new(&only_archive(&case));
        let out = case.out().join("from-the-archive");
        let shell = case
            .ironwheel(["build", "--locked", "-o"])
            .arg(&out)
            .folder(&unpacked.folder);
        let answer = shell.run();
        assert_eq!(answer.status, 0, "{}", answer.stderr);
        let again = out.join(wheel.file_name().expect("a name"));
        assert!(
            std::fs::read(again).expect("a wheel") == direct,
            "{folder}: other bytes"
        );
    }
}

#[test]
fn a_plain_build_after_it_sees_what_changed() {
    let mut case = Case::of("path-dependency");
    case.set("CARGO_TARGET_DIR", case.path("../target-of-its-own"));
    let build = case
        .ironwheel(["build", "--sdist", "--locked", "-q", "-o"])
        .arg(case.out());
    build.run().succeeded();
    case.append("helper/src/lib.rs", "compile_error!(\"this is new\");\n");
    let plain = case.shell("cargo").args(["build", "--release", "--locked"]).run();
    assert!(plain.stderr.contains("this is new"), "{}", plain.stderr);
}

#[test]
fn neither_folder_nor_repository_nor_umask_nor_order_changes_a_byte() {
    let case = Case::of("include-exclude");
    let other = case.twin();
    for case in [&case, &other] {
        Expect::of("include-exclude").create(case);
    }
    let bytes = |archive: &Path| std::fs::read(archive).expect("an archive");
    let first = bytes(&pack(&case, &[]));
    let git = |arguments: &[&str]| {
        let shell = other
            .shell("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        shell.args(arguments.iter().copied()).run().succeeded();
    };
    git(&["init", "--quiet"]);
    git(&["add", "src/lib.rs"]);
    git(&["commit", "--quiet", "-m", "only one file"]);
    let script = format!("umask 077; exec {} sdist --locked -q -o out", place::IRONWHEEL);
    other.shell("sh").args(["-c", &script]).run().succeeded();
    let second = bytes(&other.path("out/include_exclude-0.1.0.tar.gz"));
    assert!(first == second, "other bytes in another folder");
    // What lies in the output folder is no source.
    other.shell("sh").args(["-c", &script]).run().succeeded();
    assert!(
        first == bytes(&other.path("out/include_exclude-0.1.0.tar.gz")),
        "other bytes the second time"
    );
}

#[test]
fn the_time_is_that_of_source_date_epoch() {
    let mut case = Case::of("pure");
    let time = |archive: &Path| {
        let script = "import sys, tarfile; print({member.mtime for member in tarfile.open(sys.argv[1])})";
        let shell = Shell::new(&place::python().executable).args(["-c", script]);
        shell.arg(archive).run().succeeded()
    };
    assert_eq!(time(&pack(&case, &[])), "{315532800}\n");
    case.set("SOURCE_DATE_EPOCH", "1700000000");
    assert_eq!(time(&pack(&case, &[])), "{1700000000}\n");
}

#[test]
fn nothing_but_cargo_is_needed() {
    let mut case = Case::of("path-dependency");
    case.only(&COMPILERS);
    pack(&case, &[]);
}

#[test]
fn what_may_be_executed_stays_so() {
    let case = Case::of("data-and-scripts");
    let unpacked = Unpacked::new(&pack(&case, &[]));
    let executable: Vec<&String> = unpacked
        .files
        .iter()
        .filter(|file| file.starts_with("755"))
        .collect();
    let scripts = ["greet", "greet-in-python"].map(|name| format!("755 wheel-data/scripts/{name}"));
    assert_eq!(executable, scripts.each_ref());
}

#[test]
fn what_was_unpacked_packs_to_the_same_again() {
    let case = Case::of("workspace-member");
    let archive = pack(&case, &["-m", "crates/extension/Cargo.toml"]);
    let unpacked = Unpacked::new(&archive);
    let shell = case
        .ironwheel(["sdist", "--locked", "-q", "-o", "again"])
        .folder(&unpacked.folder);
    shell.run().succeeded();
    let again = unpacked
        .folder
        .join("again")
        .join(archive.file_name().expect("a name"));
    assert!(
        std::fs::read(archive).expect("an archive") == std::fs::read(again).expect("an archive"),
        "other bytes"
    );
}

#[test]
fn strangers_of_the_workspace_stay_at_home() {
    let case = Case::of("workspace-and-strangers");
    let unpacked = Unpacked::new(&pack_telling(
        &case,
        &["-m", "crates/extension/Cargo.toml"],
        &["without targets whose sources stay behind: example `shown`"],
    ));
    let manifest = "crates/extension/Cargo.toml";
    assert_eq!(
        unpacked.locked(&case, manifest),
        [
            "deeper-of-workspace-and-strangers",
            "helper-of-workspace-and-strangers",
            "only-for-tests",
            "only-on-windows",
            "workspace-and-strangers"
        ]
    );
    // What only a stranger's features need is gone too, and all else is as it was.
    let lock =
        |text: String| -> Vec<String> { text.split("\n\n").map(|part| part.trim().to_owned()).collect() };
    let (before, after) = (lock(case.read("Cargo.lock")), lock(unpacked.read("Cargo.lock")));
    let gone = |name: &str| {
        let line = format!("name = \"{name}\"");
        let holds = |parts: &[String]| parts.iter().any(|part| part.contains(&line));
        holds(&before) && !holds(&after)
    };
    assert!(["stranger", "tool-of-a-stranger", "indexmap", "equivalent"].map(gone) == [true; 4]);
    let is_pyo3 = |part: &&String| part.contains("name = \"pyo3\"");
    assert_eq!(
        after
            .iter()
            .filter(|part| !is_pyo3(part))
            .find(|part| !before.contains(part)),
        None
    );
    // Comments and order stay, targets whose sources stay at home go.
    let manifest = unpacked.read(manifest);
    assert_eq!(
        manifest,
        case.read("crates/extension/Cargo.toml")
            .replace("readme = \"../../README.md\"", "readme = \"README.md\"")
            .replace("license-file = \"../../LICENSE\"", "license-file = \"LICENSE\"")
            .replace(
                "[[example]]\nname = \"shown\"\npath = \"examples/shown.rs\"\n\n",
                ""
            )
    );
    let workspace = unpacked.read("Cargo.toml");
    assert!(
        !workspace.contains("stranger") && !workspace.contains("default-members"),
        "{workspace}"
    );
    let settings = unpacked.read("pyproject.toml");
    assert!(settings.contains("# Where the package lies."), "{settings}");
    assert!(
        settings.contains("manifest-path = \"crates/extension/Cargo.toml\""),
        "{settings}"
    );
}

/// The crate `program` with another below it, whose manifest has this in `[package]`. There is nothing to download.
fn with_another(of_other: &str) -> Case {
    let case = Case::of("program");
    case.append("Cargo.toml", "\n[dependencies]\nother = { path = \"other\" }\n");
    case.write(
        "other/Cargo.toml",
        &format!("[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{of_other}\n"),
    );
    case.write("other/src/lib.rs", "");
    case.shell("cargo")
        .args(["generate-lockfile", "--offline"])
        .run()
        .succeeded();
    case
}

#[test]
fn a_workspace_inside_of_a_package_travels_with_the_members_that_do() {
    let case = Case::of("mixed");
    let member =
        |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    case.write(
        "mixed/core/Cargo.toml",
        "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n",
    );
    for name in ["one", "two"] {
        case.write(&format!("mixed/core/{name}/Cargo.toml"), &member(name));
        case.write(&format!("mixed/core/{name}/src/lib.rs"), "");
    }
    case.edit(
        "Cargo.toml",
        "[dependencies]\n",
        "[dependencies]\none = { path = \"mixed/core/one\" }\n",
    );
    case.shell("cargo")
        .args(["generate-lockfile", "--offline"])
        .run()
        .succeeded();
    let archive = pack(&case, &[]);
    let unpacked = Unpacked::new(&archive);
    let workspace = unpacked.read("mixed/core/Cargo.toml");
    assert!(
        workspace.contains("\"one\"") && !workspace.contains("\"two\""),
        "{workspace}"
    );
    let crates = unpacked.locked(&case, "Cargo.toml");
    assert_eq!(crates, ["mixed", "one"]);
}

#[test]
fn a_build_script_travels_from_wherever_the_archive_reaches() {
    let case = with_another("build = \"../shared_build.rs\"");
    case.write("shared_build.rs", "fn main() {}\n");
    // Another crate's folder, which is read later.
    case.append(
        "Cargo.toml",
        "\n[[example]]\nname = \"far\"\npath = \"other/far.rs\"\n",
    );
    case.write("other/far.rs", "fn main() {}\n");
    let unpacked = Unpacked::new(&pack(&case, &[]));
    for path in ["Cargo.toml", "other/Cargo.toml"] {
        assert_eq!(unpacked.read(path), case.read(path), "{path} is as it was");
    }
    assert!(unpacked.paths().contains(&"shared_build.rs"));
}

#[test]
fn a_build_script_that_is_left_out_travels_all_the_same() {
    let case = with_another("exclude = [\"build.rs\"]");
    case.write("other/build.rs", "fn main() {}\n");
    let notice = "the build script of the crate `other` travels although";
    let unpacked = Unpacked::new(&pack_telling(&case, &[], &[notice]));
    assert!(unpacked.paths().contains(&"other/build.rs"));
}

#[test]
fn a_build_script_out_of_reach_is_refused() {
    let case = with_another("build = \"../../outside.rs\"");
    case.write("../outside.rs", "fn main() {}\n");
    let answer = case.ironwheel(["sdist", "-o"]).arg(case.out()).run();
    assert_eq!(answer.status, 1);
    for words in [
        "the build script of the crate `other` would not travel",
        "hint: move the script into the folder of `other`",
    ] {
        assert!(answer.stderr.contains(words), "{}", answer.stderr);
    }
}

#[test]
fn what_only_features_need_that_are_off_need_not_be_there() {
    let case = Case::of("program");
    case.append(
        "Cargo.toml",
        "\n[features]\ndefault = [\"dep:missing\"]\n\n[dependencies]\nmissing = { version = \"1\", optional = true }\n",
    );
    case.append("pyproject.toml", "\n[tool.maturin]\nno-default-features = true\n");
    // A registry that knows of a crate and does not have it.
    let entry = format!(
        "{{\"name\":\"missing\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"{}\",\"features\":{{}},\"yanked\":false}}\n",
        "0".repeat(64)
    );
    case.write("../registry/index/mi/ss/missing", &entry);
    let registry = case.path("../registry");
    case.write(
        "../.cargo/config.toml",
        &format!(
            "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\nlocal-registry = {:?}\n",
            registry.to_str().expect("UTF-8")
        ),
    );
    let lock = case.shell("cargo").args(["generate-lockfile", "--offline"]);
    lock.run().succeeded();
    let unpacked = Unpacked::new(&pack(&case, &[]));
    assert!(unpacked.read("Cargo.lock").contains("name = \"missing\""));
}

#[test]
fn a_lock_that_cargo_does_not_read_stays_at_home() {
    let case = Case::of("path-dependency");
    case.write("helper/Cargo.lock", "version = 4\n");
    let unpacked = Unpacked::new(&pack(&case, &[]));
    assert!(unpacked.read("Cargo.lock").contains("helper-of-path-dependency"));
    assert!(
        !unpacked.paths().contains(&"helper/Cargo.lock"),
        "{:?}",
        unpacked.paths()
    );
}

#[test]
fn files_that_git_has_against_its_ignore_files_stay_at_home_and_are_told() {
    let case = Case::of("program");
    case.write(".gitignore", "lib/\n*.log\n");
    for path in ["src/lib/words.rs", "tests.log", "brought.log", "other.log"] {
        case.write(path, "// Ours.\n");
    }
    case.append(
        "pyproject.toml",
        "\n[tool.maturin]\ninclude = [\"brought.log\"]\n",
    );
    let git = |arguments: &[&str]| {
        case.shell("git")
            .args(arguments.iter().copied())
            .run()
            .succeeded()
    };
    git(&["init", "--quiet"]);
    git(&["add", "--force", "src/lib/words.rs", "tests.log", "brought.log"]);
    let words =
        "git has files that ignore files leave out, and they stay at home: `src/lib/words.rs`, `tests.log`";
    let unpacked = Unpacked::new(&pack_telling(&case, &[], &[words]));
    assert!(unpacked.paths().contains(&"brought.log"));
    assert!(!unpacked.paths().contains(&"tests.log"));
}

#[test]
fn a_workspace_around_the_target_directory_is_none_of_the_project_s() {
    let mut case = Case::of("program");
    case.write(
        "../Cargo.toml",
        "[workspace]\nmembers = [\"core\"]\nexclude = [\"program\"]\nresolver = \"3\"\n",
    );
    case.write(
        "../core/Cargo.toml",
        "[package]\nname = \"of-the-core\"\nversion = \"0.1.0\"\n",
    );
    case.write("../core/src/lib.rs", "");
    let target = case.path("../artefacts");
    case.set("CARGO_TARGET_DIR", target);
    case.build(["--sdist"]).succeeds();
    assert_eq!(case.made().len(), 2, "an archive and a wheel: {:?}", case.made());
    let unpacked = Unpacked::new(&only_archive(&case));
    assert_eq!(unpacked.read("Cargo.toml"), case.read("Cargo.toml"));
}

#[test]
fn metadata_of_another_project_makes_no_unpacked_source_distribution() {
    let case = Case::of("program");
    case.write(".gitignore", "notes.txt\n");
    case.write("notes.txt", "");
    for (name, is_there) in [("other", false), ("Program", true)] {
        case.write(
            "PKG-INFO",
            &format!("Metadata-Version: 2.4\nName: {name}\nVersion: 0.1.0\n"),
        );
        let unpacked = Unpacked::new(&pack(&case, &[]));
        assert_eq!(unpacked.paths().contains(&"notes.txt"), is_there, "{name}");
    }
}

/// A crate in a git repository, which another may depend on; its folder.
fn repository(case: &Case) -> String {
    let folder = case.path("../in-a-repository");
    std::fs::create_dir_all(folder.join("src")).expect("a folder");
    let manifest = "[package]\nname = \"in-a-repository\"\nversion = \"0.3.0\"\nedition = \"2024\"\n";
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
    std::fs::write(folder.join("src/lib.rs"), "pub const ZERO: u32 = 0;\n").expect("a library");
    for arguments in [
        &["init", "--quiet"] as &[&str],
        &["add", "."],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "commit",
            "--quiet",
            "-m",
            "all",
        ],
    ] {
        let git = case.shell("git").folder(&folder);
        git.args(arguments.iter().copied()).run().succeeded();
    }
    format!("file://{}", folder.canonicalize().expect("a folder").display())
}

#[test]
fn with_its_dependencies_it_builds_without_a_network() {
    let case = Case::of("pure");
    let address = repository(&case);
    let dependency = format!("[dependencies]\nin-a-repository = {{ git = \"{address}\" }}");
    case.edit("Cargo.toml", "[dependencies]", &dependency);
    case.edit(
        "src/lib.rs",
        "left + right",
        "left + right + in_a_repository::ZERO",
    );
    case.write(".cargo/config.toml", "# Kept.\n[build]\nincremental = false\n");
    case.run(["sdist", "--vendor", "-o", "../out"]).succeeds();
    let archive = only_archive(&case);
    let bytes = std::fs::read(&archive).expect("an archive");
    case.run(["sdist", "--vendor", "--locked", "--offline", "-o", "../out"])
        .succeeds();
    assert!(
        bytes == std::fs::read(&archive).expect("an archive"),
        "other bytes the second time"
    );
    case.run(["check", &archive.display().to_string()])
        .succeeds_on_stdout(None);

    let unpacked = Unpacked::new(&archive);
    let configuration = unpacked.read(".cargo/config.toml");
    assert!(
        configuration.starts_with("# Kept.\n[build]\nincremental = false\n"),
        "{configuration}"
    );
    assert!(
        configuration.contains("directory = \"vendor\""),
        "{configuration}"
    );
    for path in ["vendor/pyo3/src/lib.rs", "vendor/in-a-repository/src/lib.rs"] {
        assert!(unpacked.paths().contains(&path), "{path}");
    }
    // No interface at all, and nothing of what cargo keeps at home.
    let home = case.path("../empty-home");
    std::fs::create_dir(&home).expect("a folder");
    let shell = case
        .shell("unshare")
        .folder(&unpacked.folder)
        .set("CARGO_HOME", &home);
    let shell = shell
        .set("CARGO_TARGET_DIR", place::kept("vendored"))
        .args([
            "--map-root-user",
            "--net",
            place::IRONWHEEL,
            "build",
            "--locked",
            "--offline",
            "-o",
        ])
        .arg(case.out());
    let answer = shell.run();
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let [wheel] = case
        .made()
        .into_iter()
        .filter(|name| name.contains("-cp"))
        .collect::<Vec<_>>()
        .try_into()
        .expect("one wheel");
    assert!(wheel.starts_with("pure-0.1.0"), "{wheel}");
}

#[test]
fn crates_that_a_project_brings_already_travel_with_it() {
    let case = Case::of("pure");
    let vendor = case
        .shell("cargo")
        .args(["vendor", "--locked", "third-party/crates"]);
    let configuration = vendor.run().succeeded();
    case.write(".cargo/config.toml", &configuration);
    case.append(
        ".cargo/config.toml",
        "\n[registries.ours]\nindex = \"sparse+file:///nowhere/\"\ntoken = \"secret\"\n",
    );
    let unpacked = Unpacked::new(&pack(&case, &[]));
    assert!(unpacked.paths().contains(&"third-party/crates/pyo3/src/lib.rs"));
    let packed = unpacked.read(".cargo/config.toml");
    assert!(
        packed.contains("third-party/crates") && !packed.contains("secret"),
        "{packed}"
    );
}

#[test]
fn what_maturin_leaves_to_git_or_forgets_is_decided_here() {
    let case = Case::of("data-and-scripts");
    // Cargo does not list the data folder.
    case.edit(
        "Cargo.toml",
        "edition = \"2024\"",
        "edition = \"2024\"\ninclude = [\"src\"]",
    );
    case.write("rust-toolchain.toml", "[toolchain]\nprofile = \"minimal\"\n");
    case.append(
        "pyproject.toml",
        "\n[tool.ironwheel]\nsdist-generator = \"git\"\ninclude = [{ path = \".notes/*\", format = \"sdist\" }]\n",
    );
    case.write(".notes/one.txt", "");
    case.write(".hidden/one.txt", "");
    let shell = case.ironwheel(["sdist", "--locked", "-o"]).arg(case.out());
    case.look_at(shell.run())
        .succeeds_with(&["`sdist-generator = \"git\"` is not needed"]);
    let unpacked = Unpacked::new(&only_archive(&case));
    for path in [
        ".notes/one.txt",
        "rust-toolchain.toml",
        "wheel-data/headers/add.h",
    ] {
        assert!(unpacked.paths().contains(&path), "{path}: {:?}", unpacked.files);
    }
    assert!(!unpacked.paths().iter().any(|path| path.contains("hidden")));
}

#[test]
fn scripts_are_told_of_sources_and_of_what_they_would_hold() {
    let case = Case::of("path-dependency");
    let shell = case.ironwheel([
        "build",
        "--sdist",
        "--locked",
        "--message-format",
        "json",
        "-q",
        "-o",
    ]);
    let answer = shell.arg(case.out()).run();
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let events = crate::json::checked(&answer.stdout);
    let [sdist] = events
        .iter()
        .filter(|event| event["event"] == "sdist")
        .collect::<Vec<_>>()
        .try_into()
        .expect("one source distribution");
    let archive = only_archive(&case);
    assert_eq!(sdist["path"], archive.display().to_string());
    let sum = Shell::new("sha256sum").arg(&archive).run().succeeded();
    assert_eq!(sum.split(' ').next(), sdist["sha256"].as_str());
    let expect = Expect::of("path-dependency");
    assert_eq!(sdist["files"], expect.sdist.len());
    assert!(events.iter().any(|event| event["event"] == "wheel"));

    let plan = case
        .ironwheel(["plan", "--sdist", "--message-format", "json", "-q"])
        .run();
    let events = crate::json::checked(&plan.stdout);
    let planned = events
        .iter()
        .find(|event| event["event"] == "plan-sdist")
        .expect("a plan");
    let files = planned["files"].as_array().expect("files");
    let paths: Vec<&str> = files.iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(paths, expect.sdist);
    assert!(
        files
            .iter()
            .any(|file| file["rule"] == "crate `helper-of-path-dependency`"),
        "{files:?}"
    );
}

#[test]
fn licenses_of_others_are_not_taken_for_the_project_s() {
    // The workspace's root is a crate that travels, with a license of its own; the project's folder has none.
    let case = Case::of("beside-the-project");
    case.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"extension\"]\nresolver = \"3\"\n\n[package]\nname = \"root-beside-the-project\"\nversion = \"0.1.0\"\n\
         edition = \"2024\"\n",
    );
    case.write("src/lib.rs", "pub const ZERO: u32 = 0;\n");
    case.write("COPYING", "Another's.\n");
    case.edit(
        "extension/Cargo.toml",
        "[dependencies]",
        "[dependencies]\nroot-beside-the-project = { path = \"..\" }",
    );
    case.remove("extension/Cargo.lock");
    let flags = ["sdist", "--offline", "-m", "extension/Cargo.toml", "-o"];
    case.ironwheel(flags).arg(case.out()).run().succeeded();
    let unpacked = Unpacked::new(&only_archive(&case));
    assert!(unpacked.paths().contains(&"COPYING") && unpacked.paths().contains(&"LICENSE"));
    let settings = unpacked.read("pyproject.toml");
    assert!(settings.contains("license-files = [\"LICENSE\"]"), "{settings}");
}

#[test]
fn a_hundred_and_more_letters_and_many_alphabets_are_read_by_everybody() {
    let case = Case::of("mixed");
    let long = format!("mixed/{}/{}.txt", "folder".repeat(20), "file".repeat(40));
    case.write(&long, "far away");
    case.write("mixed/größe 日本.txt", "wide");
    let unpacked = Unpacked::new(&pack(&case, &[]));
    assert_eq!(unpacked.read(&long), "far away");
    assert_eq!(unpacked.read("mixed/größe 日本.txt"), "wide");
    let list = Shell::new("tar")
        .args(["--list", "--quoting-style=literal", "-zf"])
        .arg(only_archive(&case));
    assert!(list.run().succeeded().contains("mixed/größe 日本.txt"));
}

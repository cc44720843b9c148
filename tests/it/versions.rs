//! The version and the build tag come from flags, variables, git or an unpacked source distribution; Cargo.toml stays as it is.

use insta::assert_snapshot;

use crate::case::Case;
use crate::judges;
use crate::shell::Shell;

/// The crate `pure`, whose version git knows, in a repository without a commit.
fn of_git(setting: &str) -> Case {
    let case = Case::of("pure");
    case.edit("pyproject.toml", "version = \"0.1.0\"", "dynamic = [\"version\"]");
    case.append(
        "pyproject.toml",
        &format!("[tool.ironwheel]\nversion = {{ git = {setting} }}\n"),
    );
    git(&case, &["init", "--quiet", "--initial-branch", "main"]);
    case
}

/// Git, whatever this machine's settings are, with times that make the same commits each time.
fn git(case: &Case, arguments: &[&str]) {
    let call = |arguments: &[&str]| {
        case.shell("git")
            .set("GIT_CONFIG_GLOBAL", "/dev/null")
            .set("GIT_CONFIG_NOSYSTEM", "1")
            .set("GIT_AUTHOR_NAME", "Ann")
            .set("GIT_AUTHOR_EMAIL", "ann@example.org")
            .set("GIT_AUTHOR_DATE", "2024-01-01T00:00:00Z")
            .set("GIT_COMMITTER_NAME", "Ann")
            .set("GIT_COMMITTER_EMAIL", "ann@example.org")
            .set("GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z")
            .args(arguments.iter().copied())
            .run()
            .succeeded()
    };
    call(arguments);
}

fn commit(case: &Case, words: &str) {
    git(case, &["commit", "--quiet", "--allow-empty", "--message", words]);
}

/// What `plan` calls the wheel, up to its platform, or all that it says where it fails.
fn planned(case: &Case, arguments: &[&str]) -> String {
    let all = ["plan", "--locked", "-i", "3.11"].iter().chain(arguments);
    let answer = case.ironwheel(all).run();
    if answer.status != 0 {
        return case.look_at(answer).report();
    }
    let name = answer.stdout.lines().find(|line| line.contains(".whl"));
    let name = name.expect("a wheel is planned");
    name.split("-cp311-").next().expect("a name").trim().to_owned()
}

#[test]
fn git_s_tags_give_the_version() {
    let case = of_git("true");
    commit(&case, "one");
    git(&case, &["tag", "v1.2.0"]);
    assert_eq!(planned(&case, &[]), "pure-1.2.0");
    // Of tags on one commit the highest version counts, and what is no version does not.
    git(&case, &["tag", "v1.2.0rc1"]);
    git(&case, &["tag", "v1-old"]);
    assert_eq!(planned(&case, &[]), "pure-1.2.0");
    // Nor does what is not committed, nor a tag of another kind.
    case.append("src/lib.rs", "// edited\n");
    git(&case, &["tag", "other-9.0"]);
    assert_eq!(planned(&case, &[]), "pure-1.2.0");
    commit(&case, "two");
    commit(&case, "three");
    let version = planned(&case, &[]);
    let (before, hash) = version.split_once("+g").expect("the commit's name");
    assert_eq!(before, "pure-1.2.1.dev2");
    // Nor do names nearer by that are none.
    git(&case, &["tag", "v2-before-the-parser"]);
    git(&case, &["tag", "v2-x", "HEAD~1"]);
    assert_eq!(planned(&case, &[]), version);
    assert_eq!(hash.len(), 9, "{hash}");
    git(&case, &["tag", "--annotate", "--message", "words", "v1.3rc1"]);
    assert_eq!(planned(&case, &[]), "pure-1.3rc1");
}

#[test]
fn tags_may_have_another_prefix_and_the_commit_may_stay_unnamed() {
    let case = of_git("{ tag-prefix = \"py[x]-\", local = false }");
    commit(&case, "one");
    // No reference of git's can hold a bracket, so nothing fits: the prefix is no pattern.
    git(&case, &["tag", "pyx-1.0"]);
    assert!(planned(&case, &[]).contains("no tag `py[x]-<version>` leads"));
    case.edit("pyproject.toml", "py[x]-", "pyx-");
    assert_eq!(planned(&case, &[]), "pure-1.0");
    commit(&case, "two");
    assert_eq!(planned(&case, &[]), "pure-1.0.1.dev1");
}

#[test]
fn a_wheel_with_git_s_version_leaves_the_manifests_alone() {
    let case = of_git("true");
    commit(&case, "one");
    git(&case, &["tag", "v3.4.5"]);
    let before = (case.read("Cargo.toml"), case.read("Cargo.lock"));
    case.build(["--build-tag", "7rc", "-i", "3.11"]).succeeds();
    let [wheel] = case.wheels().try_into().expect("one wheel");
    let name = wheel.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with("pure-3.4.5-7rc-cp311-cp311-"), "{name}");
    assert_eq!(before, (case.read("Cargo.toml"), case.read("Cargo.lock")));
    let script = "import sys, zipfile
from packaging.utils import parse_wheel_filename
name, version, build, tags = parse_wheel_filename(sys.argv[1].rpartition('/')[2])
archive = zipfile.ZipFile(sys.argv[1])
print(version, build, archive.read('pure-3.4.5.dist-info/WHEEL').decode().count('Build: 7rc\\n'))
print(archive.read('pure-3.4.5.dist-info/METADATA').decode().count('\\nVersion: 3.4.5\\n'))
";
    let said = judges::judge_named("python")
        .args(["-c", script])
        .arg(&wheel)
        .run()
        .succeeded();
    assert_eq!(said, "3.4.5 (7, 'rc') 1\n1\n");
}

#[test]
fn a_source_distribution_carries_git_s_version_to_where_there_is_no_git() {
    let mut case = of_git("true");
    git(&case, &["add", "."]);
    commit(&case, "one");
    git(&case, &["tag", "v5.1"]);
    commit(&case, "two");
    let version = planned(&case, &[]);
    assert!(version.starts_with("pure-5.1.1.dev1+g"), "{version}");
    let out = case.out();
    let out = out.to_str().expect("UTF-8");
    case.run(["sdist", "--locked", "-o", out])
        .succeeds_with(&["the version has a local part"]);
    assert_eq!(case.made(), [format!("{version}.tar.gz")]);
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    Shell::new("tar")
        .args(["-xzf"])
        .arg(case.out().join(&case.made()[0]))
        .arg("-C")
        .arg(elsewhere.path())
        .run()
        .succeeded();
    let manifest = elsewhere.path().join(&version).join("Cargo.toml");
    let manifest = manifest.to_str().expect("UTF-8");
    // No git there, and no git on this PATH.
    case.only(&["cargo", "rustc", "python3"]);
    assert_eq!(planned(&case, &["-m", manifest]), version);
    // A version that was given goes the same way.
    case.run(["sdist", "--locked", "-o", out, "--build-version", "6"])
        .succeeds();
    assert!(
        case.made().contains(&"pure-6.tar.gz".to_owned()),
        "{:?}",
        case.made()
    );
}

#[test]
fn a_version_can_be_given() {
    let mut case = Case::of("dynamic-metadata");
    let named = |case: &Case, arguments: &[&str]| {
        let name = planned(case, arguments);
        name.rsplit_once('-').expect("a version").1.to_owned()
    };
    assert_eq!(named(&case, &["--build-version", "2024.7-rc.1"]), "2024.7rc1");
    case.set("IRONWHEEL_BUILD_VERSION", "8.1");
    assert_eq!(named(&case, &[]), "8.1");
    assert_eq!(named(&case, &["--build-version", "8.2"]), "8.2");
    case.set("IRONWHEEL_BUILD_VERSION", "eight");
    assert_snapshot!(planned(&case, &[]), @"
    status: 2
    --- stderr
    error: `IRONWHEEL_BUILD_VERSION` must be a version by Python's rules: eight
      hint: correct it, or unset it: `unset IRONWHEEL_BUILD_VERSION`
    ");
}

#[test]
fn an_unpacked_source_distribution_keeps_its_version() {
    let case = of_git("true");
    std::fs::remove_dir_all(case.path(".git")).expect("a folder");
    case.write(
        "PKG-INFO",
        "Metadata-Version: 2.4\nName: pure\nVersion: 6.5\n\nVersion: 1\n",
    );
    assert_eq!(planned(&case, &[]), "pure-6.5");
    // Whoever asks for another has reasons.
    assert_eq!(planned(&case, &["--build-version", "7"]), "pure-7");
    case.write("PKG-INFO", "Metadata-Version: 2.4\nName: pure\n\nVersion: 1\n");
    assert_snapshot!(planned(&case, &[]), @"
    status: 1
    --- stderr
    error: PKG-INFO has no `Version` that Python can express: [CASE]/pure/PKG-INFO
      hint: unpack the source distribution again, or remove the file if this is none
    ");
}

#[test]
fn what_git_cannot_tell_is_said_with_what_to_do() {
    let mut case = of_git("true");
    assert_snapshot!(planned(&case, &[]), @"
    status: 1
    --- stderr
    error: the version shall come from git, but no tag `v<version>` leads to the commit that is checked out: [CASE]/pure
      hint: make a tag: `git tag v0.1.0`; or give the version: `--build-version`, or the variable `IRONWHEEL_BUILD_VERSION`
    ");
    commit(&case, "one");
    git(&case, &["tag", "v1-old"]);
    assert_snapshot!(planned(&case, &[]), @"
    status: 1
    --- stderr
    error: the nearest tag holds no version that Python can express: v1-old
      hint: name tags that hold versions with `tag-prefix`; or give the version: `--build-version`, or the variable `IRONWHEEL_BUILD_VERSION`
    ");
    commit(&case, "two");
    let deep = case.path(".").canonicalize().expect("a folder");
    let shallow = tempfile::tempdir().expect("a temporary folder");
    git(&case, &["add", "."]);
    commit(&case, "three");
    Shell::new("git")
        .args(["clone", "--quiet", "--depth", "1"])
        .arg(format!("file://{}", deep.display()))
        .arg(shallow.path().join("clone"))
        .run()
        .succeeded();
    let manifest = shallow.path().join("clone/Cargo.toml");
    let said = planned(&case, &["-m", manifest.to_str().expect("UTF-8")]);
    assert!(said.contains("`git fetch --unshallow --tags`"), "{said}");
    std::fs::remove_dir_all(case.path(".git")).expect("a folder");
    assert_snapshot!(planned(&case, &[]), @"
    status: 1
    --- stderr
    error: the version shall come from git, which says of [CASE]/pure: not a git repository (or any of the parent directories): .git
      hint: see that `.git` is there (a `.dockerignore` may leave it out); or give the version: `--build-version`, or the variable `IRONWHEEL_BUILD_VERSION`
    ");
    case.only(&["cargo", "rustc", "python3"]);
    assert_snapshot!(planned(&case, &[]), @"
    status: 1
    --- stderr
    error: `git` was not found on `PATH`
      hint: install git; or give the version: `--build-version`, or the variable `IRONWHEEL_BUILD_VERSION`
    ");
}

#[test]
fn two_versions_are_one_too_many() {
    let case = Case::of("pure");
    assert_eq!(planned(&case, &["--build-version", "0.1"]), "pure-0.1.0");
    assert_snapshot!(planned(&case, &["--build-version", "2"]), @r#"
    status: 1
    --- stderr
    error: `project.version` is `0.1.0`, but `--build-version` says `2`: [CASE]/pure/pyproject.toml:7:11
      hint: take `version` out of [project] and write `dynamic = ["version"]` there
    "#);
    case.append("pyproject.toml", "[tool.ironwheel]\nversion = { git = true }\n");
    assert_snapshot!(planned(&case, &[]), @r#"
    status: 1
    --- stderr
    error: `project.version` is given, but `version` of [tool.ironwheel] takes it from git: [CASE]/pure/pyproject.toml:7:11
      hint: take `version` out of [project] and write `dynamic = ["version"]` there
    "#);
}

#[test]
fn a_build_tag_begins_with_a_digit() {
    let case = Case::of("pure");
    assert_eq!(planned(&case, &["--build-tag", "1abc"]), "pure-0.1.0-1abc");
    assert_snapshot!(planned(&case, &["--build-tag", "abc"]), @"
    status: 2
    --- stderr
    error: invalid value 'abc' for '--build-tag <TAG>': `abc` is not a build tag: expected a digit, perhaps with letters, digits, `.` and `_` behind it

    For more information, try '--help'.
    ");
    case.append("pyproject.toml", "[tool.ironwheel]\nbuild-tag = \"1-2\"\n");
    assert_snapshot!(planned(&case, &[]), @"
    status: 1
    --- stderr
    error: `tool.ironwheel.build-tag` must be a digit, perhaps with letters, digits, `.` and `_` behind it, not `1-2`: [CASE]/pure/pyproject.toml:10:13
    ");
}

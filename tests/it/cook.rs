//! `ironwheel cook`: the dependencies alone, so that a layer of a container outlives every edit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::Value;

use crate::case::{Case, names};
use crate::json::checked;
use crate::place::{self, IRONWHEEL};
use crate::shell::{Shell, copy_folder};

/// Builds, and gives the crates that were compiled: those of the project, and all others.
fn compiled(case: &Case, arguments: &[&str]) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = ["--message-format", "json"].iter().chain(arguments);
    let events = case.build(all).succeeds_on_stdout(None);
    let mut own = BTreeSet::new();
    let mut others = BTreeSet::new();
    let root = case.root().display().to_string();
    for line in events.lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let message = &event["message"];
        if message["reason"] != "compiler-artifact" || message["fresh"] != false {
            continue;
        }
        let id = message["package_id"].as_str().expect("an id");
        let name = message["target"]["name"].as_str().expect("a name").to_owned();
        let is_own = id.starts_with("path+") && id.contains(&root) && !id.contains("/vendor/");
        if is_own {
            own.insert(name)
        } else {
            others.insert(name)
        };
    }
    (own, others)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Every file below a folder with its bytes.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            found.extend(tree(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).expect("a file")));
        }
    }
    found
}

/// Takes everything out of a case's folder, and keeps it.
fn taken_out(case: &Case) -> tempfile::TempDir {
    let kept = tempfile::tempdir().expect("a folder");
    copy_folder(&case.root(), &kept.path().join("all"), &[]);
    for name in names(&case.root()) {
        let path = case.path(&name);
        if path.is_dir() {
            std::fs::remove_dir_all(path).expect("a folder less");
        } else {
            std::fs::remove_file(path).expect("a file less");
        }
    }
    kept
}

fn put_back(case: &Case, kept: &tempfile::TempDir, only: &[&str]) {
    for path in only {
        let (from, to) = (kept.path().join("all").join(path), case.path(path));
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        if from.is_dir() {
            copy_folder(&from, &to, &[]);
        } else {
            std::fs::copy(from, to).expect("a copy");
        }
    }
}

fn target(case: &mut Case) -> tempfile::TempDir {
    let target = tempfile::tempdir().expect("a folder");
    case.set("CARGO_TARGET_DIR", target.path());
    target
}

/// As maturin has it: whoever keeps the library for other crates need not name what Python loads.
#[test]
fn a_library_for_rust_alone_is_compiled_for_python_too() {
    let mut case = Case::of("pure");
    let _target = target(&mut case);
    case.edit(
        "Cargo.toml",
        "crate-type = [\"cdylib\"]",
        "crate-type = [\"rlib\"]",
    );
    case.run(["cook", "--release", "--locked"]).succeeds();
    let (own, others) = compiled(&case, &["--smoke", "import pure; assert pure.add(1, 2) == 3"]);
    assert_eq!((own, others), (set(&["pure"]), set(&[])));
}

/// A pyproject.toml far above is the crate's only by what it says itself.
#[test]
fn a_crate_that_pyproject_names_deep_below_is_cooked_with_what_it_asks_for() {
    let mut case = Case::of("pure");
    let _target = target(&mut case);
    for name in ["Cargo.toml", "Cargo.lock", "src"] {
        std::fs::create_dir_all(case.path("bindings/python")).expect("a folder");
        std::fs::rename(case.path(name), case.path("bindings/python").join(name)).expect("it moves");
    }
    case.append(
        "pyproject.toml",
        "\n[tool.maturin]\nmanifest-path = \"bindings/python/Cargo.toml\"\nfeatures = [\"pyo3/multiple-pymethods\"]\n",
    );
    case.run(["cook", "--release"]).succeeds();
    assert_eq!(compiled(&case, &[]), (set(&["pure"]), set(&[])));
    std::fs::remove_dir_all(case.path("../kept")).ok();
    let recipe = case.path("../recipe.json");
    let recipe = recipe.to_str().expect("UTF-8");
    case.run(["cook", "--recipe", recipe]).succeeds();
    let text = std::fs::read_to_string(recipe).expect("a recipe");
    assert!(text.contains("manifest-path"), "{text}");
}

#[test]
fn two_manifests_are_enough_and_edits_compile_one_crate() {
    let mut case = Case::of("mixed");
    let _target = target(&mut case);
    let kept = taken_out(&case);
    put_back(&case, &kept, &["Cargo.toml", "Cargo.lock", "pyproject.toml"]);
    let before = tree(&case.root());
    let words = case.run(["cook", "--release", "--locked"]).succeeds();
    assert!(words.contains("Cooked"), "{words}");
    assert_eq!(tree(&case.root()), before, "nothing of the user's is touched");
    put_back(&case, &kept, &["."]);
    let name = "mixed";
    assert_eq!(
        compiled(&case, &[]),
        (set(&[name]), set(&[])),
        "no dependency is compiled again"
    );
    case.append("src/lib.rs", "\n// edited\n");
    assert_eq!(compiled(&case, &[]), (set(&[name]), set(&[])));
    let again = case.run(["cook", "--release", "--locked", "--message-format", "json"]);
    let events = checked(&again.succeeds_on_stdout(None));
    let cooked = events.last().expect("an event");
    assert!(cooked["dependencies"].as_u64() > Some(5), "{cooked}");
    assert_eq!(cooked["compiled"], 0, "{cooked}");
    assert_eq!(
        compiled(&case, &[]),
        (set(&[]), set(&[])),
        "cooking again takes nothing away from a build"
    );
}

#[test]
fn what_is_compiled_without_python_files_is_not_compiled_again_with_them() {
    let mut case = Case::of("mixed");
    let _target = target(&mut case);
    case.append("Cargo.toml", "\n[lints.rust]\nmissing_docs = \"allow\"\n");
    case.edit("Cargo.toml", "[package]", "[package]\nreadme = \"README.md\"");
    case.write("README.md", "# Read me\n");
    case.append("pyproject.toml", "strip = true\n");
    let kept = taken_out(&case);
    put_back(
        &case,
        &kept,
        &["Cargo.toml", "Cargo.lock", "pyproject.toml", "src"],
    );
    let words = case.run(["build", "--compile-only", "--locked"]).succeeds();
    assert!(words.contains("crates compiled"), "{words}");
    assert_eq!(case.made(), [""; 0], "no wheel is made");
    put_back(&case, &kept, &["."]);
    as_old_as_outside(&case);
    assert_eq!(compiled(&case, &[]), (set(&[]), set(&[])));
    assert_eq!(case.made().len(), 1);
}

/// The files that a Dockerfile of `docker init` copies before it compiles without Python are all that it takes, and nothing is
/// compiled again when the rest comes.
#[test]
fn the_layer_of_a_workspace_without_its_python_files_compiles_all_of_it() {
    let mut case = Case::of("workspace-member");
    let _target = target(&mut case);
    case.write(
        "crates/extension/workspace_member/__init__.py",
        "from .workspace_member import *\n",
    );
    let said = case.run(["docker", "init", "-m", "crates/extension/Cargo.toml", "--print"]);
    let text = said.succeeds_on_stdout(None);
    let (_, layer) = text.split_once("# Rust before Python").expect("a layer");
    let (copies, _) = layer.split_once("--compile-only").expect("a call");
    let kept = taken_out(&case);
    let words = copies.lines().filter_map(|line| line.strip_prefix("COPY "));
    for words in words {
        let mut sources: Vec<&str> = words.split(' ').collect();
        sources.pop();
        for source in sources {
            put_back(&case, &kept, &[source.trim_end_matches('/')]);
        }
    }
    as_old_as_outside(&case);
    let manifest = ["-m", "crates/extension/Cargo.toml"];
    case.run(["build", "--compile-only", "--locked"].iter().chain(&manifest))
        .succeeds();
    assert_eq!(case.made(), [""; 0], "no wheel is made");
    put_back(&case, &kept, &["."]);
    as_old_as_outside(&case);
    assert_eq!(compiled(&case, &manifest), (set(&[]), set(&[])));
    assert_eq!(case.made().len(), 1);
}

/// The digest of the recipe that a project has now.
fn digest(case: &Case) -> String {
    let told = case.run(["cook", "--recipe", "recipe.json", "--message-format", "json"]);
    let events = checked(&told.succeeds_on_stdout(None));
    let digest = events.last().expect("an event")["digest"].clone();
    let recipe: Value = serde_json::from_str(&case.read("recipe.json")).expect("JSON");
    assert_eq!(recipe["digest"], digest);
    digest.as_str().expect("a digest").to_owned()
}

#[test]
fn a_recipe_changes_with_the_dependencies_and_with_nothing_else() {
    let case = Case::of("mixed");
    let first = digest(&case);
    let bytes = case.read("recipe.json");
    case.append("src/lib.rs", "\n// edited\n");
    for name in names(&case.path("python/mixed")) {
        if Path::new(&name).extension().is_some_and(|end| end == "py") {
            case.append(&format!("python/mixed/{name}"), "\n# edited\n");
        }
    }
    case.write("README.md", "edited");
    let manifest = case.read("Cargo.toml");
    let version = manifest
        .lines()
        .find(|line| line.starts_with("version"))
        .expect("a version");
    case.edit("Cargo.toml", version, "version = \"77.1.2\" # bumped");
    let lock = case.read("Cargo.lock");
    let own = lock
        .split("\n\n")
        .find(|package| package.contains("name = \"mixed\""))
        .expect("the crate");
    let old = own
        .lines()
        .find(|line| line.starts_with("version"))
        .expect("a version");
    case.edit("Cargo.lock", own, &own.replace(old, "version = \"77.1.2\""));
    assert_eq!(digest(&case), first);
    assert_eq!(
        case.read("recipe.json"),
        bytes,
        "byte for byte, for whoever caches by content"
    );
    case.edit("Cargo.toml", "opt-level = 1", "opt-level = 2");
    assert_ne!(digest(&case), first);
}

#[test]
fn a_workspace_with_all_that_cargo_knows_is_cooked_from_a_recipe() {
    let mut case = Case::of("mixed");
    let target = target(&mut case);
    let kept = taken_out(&case);
    drop(kept);
    everything(&case);
    case.shell("cargo")
        .args(["generate-lockfile", "--manifest-path", "app/extension/Cargo.toml"])
        .run()
        .succeeded();
    case.run([
        "cook",
        "--recipe",
        "recipe.json",
        "-m",
        "app/extension/Cargo.toml",
    ])
    .succeeds();
    let kept = taken_out(&case);
    put_back(&case, &kept, &["recipe.json"]);
    let before = tree(&case.root());
    case.run(["cook", "--from-recipe", "recipe.json", "--locked"])
        .succeeds();
    assert_eq!(tree(&case.root()), before, "nothing of the user's is touched");
    put_back(&case, &kept, &["."]);
    as_old_as_outside(&case);
    let arguments = ["-m", "app/extension/Cargo.toml"];
    let (own, others) = compiled(&case, &arguments);
    assert_eq!(
        others,
        set(&[]),
        "no dependency is compiled again, and no crate in the place of another's"
    );
    assert_eq!(
        own,
        set(&["build-script-build", "far", "macros", "odd_extension"])
    );
    drop(target);
}

/// As `COPY` does it: files keep the time that they have outside.
fn as_old_as_outside(case: &Case) {
    for (path, _) in tree(&case.root()) {
        let file = std::fs::File::options().append(true).open(&path).expect("a file");
        let before = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
        file.set_modified(before).expect("a time");
    }
}

/// A workspace with a proc macro, a build script, a path dependency outside of it, a git dependency, a crate in the place of
/// one that others are compiled against, and a library in an odd place.
fn everything(case: &Case) {
    let git = case.path("../repository");
    std::fs::create_dir_all(git.join("src")).expect("a folder");
    std::fs::write(
        git.join("Cargo.toml"),
        "[package]\nname = \"greeting\"\nversion = \"0.3.0\"\nedition = \"2021\"\n",
    )
    .expect("a file");
    std::fs::write(
        git.join("src/lib.rs"),
        "pub fn greeting() -> &'static str { \"hello\" }\n",
    )
    .expect("a file");
    for arguments in [
        ["init", "-q", "-b", "main"].as_slice(),
        &["add", "."],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.invalid",
            "commit",
            "-q",
            "-m",
            "x",
        ],
    ] {
        Shell::new("git")
            .args(arguments)
            .folder(git.clone())
            .run()
            .succeeded();
    }
    let url = format!(
        "file://{}",
        std::fs::canonicalize(&git).expect("a folder").display()
    );
    case.write("app/Cargo.toml", "[workspace]\nmembers = [\"extension\", \"crates/*\"]\nresolver = \"2\"\n[workspace.package]\nversion = \"1.4.0\"\nedition = \"2021\"\n[patch.crates-io]\ncfg-if = { path = \"vendor/cfg-if\" }\n[profile.release]\nlto = \"thin\"\n");
    case.write(
        "app/extension/Cargo.toml",
        &format!(
            "[package]\nname = \"odd\"\nversion.workspace = true\nedition.workspace = true\ndescription = \"x\"\nreadme = \"README.md\"\n\
             [lib]\nname = \"odd_extension\"\npath = \"../sources/root.rs\"\ncrate-type = [\"cdylib\"]\n\
             [dependencies]\npyo3 = {{ version = \"0.30\", features = [\"abi3-py310\"] }}\ncrc32fast = \"1\"\n\
             macros = {{ path = \"../crates/macros\", version = \"1.4\" }}\nfar = {{ path = \"../../far\" }}\n\
             [build-dependencies]\ngreeting = {{ git = \"{url}\" }}\n"
        ),
    );
    case.write("app/extension/README.md", "# odd\n");
    case.write("app/extension/build.rs", "fn main() { println!(\"cargo:rustc-env=GREETING={}\", greeting::greeting()); println!(\"cargo:rerun-if-changed=build.rs\"); }\n");
    case.write(
        "app/sources/root.rs",
        "//! Odd.\nuse pyo3::prelude::*;\n/// A module.\n#[pymodule]\nmod odd_extension {\n    use pyo3::prelude::*;\n    /// A number.\n    #[pyfunction]\n    fn number() -> u32 {\n        macros::one!() + far::two() + crc32fast::hash(env!(\"GREETING\").as_bytes())\n    }\n}\n",
    );
    case.write("app/crates/macros/Cargo.toml", "[package]\nname = \"macros\"\nversion.workspace = true\nedition = \"2021\"\n[lib]\nproc-macro = true\n");
    case.write("app/crates/macros/src/lib.rs", "#[proc_macro]\npub fn one(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"1\".parse().unwrap() }\n");
    case.write(
        "far/Cargo.toml",
        "[package]\nname = \"far\"\nversion = \"9.0.0\"\nedition = \"2021\"\n",
    );
    case.write("far/src/lib.rs", "pub fn two() -> u32 { 2 }\n");
    case.write("app/vendor/cfg-if/Cargo.toml", "[package]\nname = \"cfg-if\"\nversion = \"1.0.99\"\nedition = \"2021\"\n[lints.rust]\nunused = \"allow\"\n");
    case.write(
        "app/vendor/cfg-if/src/lib.rs",
        "#[macro_export]\nmacro_rules! cfg_if {\n    ($(if #[cfg($m:meta)] { $($t:tt)* }) else+ else { $($e:tt)* }) => { $crate::cfg_if!(@ () ; $(($m) { $($t)* })+ ; { $($e)* }); };\n    (@ ($($not:meta),*) ; ; { $($e:tt)* }) => { #[cfg(not(any($($not),*)))] $crate::same! { $($e)* } };\n    (@ ($($not:meta),*) ; ($m:meta) { $($t:tt)* } $($rest:tt)*) => {\n        #[cfg(all($m, not(any($($not),*))))] $crate::same! { $($t)* }\n        $crate::cfg_if!(@ ($($not,)* $m) ; $($rest)*);\n    };\n}\n#[macro_export]\nmacro_rules! same { ($($t:tt)*) => { $($t)* }; }\n",
    );
}

#[test]
fn what_is_wrong_with_manifests_and_recipes_is_told_before_cargo_is_asked() {
    let case = Case::of("workspace-member");
    let arguments = ["-m", "crates/extension/Cargo.toml"];
    case.run(["cook", "--recipe", "recipe.json"].iter().chain(&arguments))
        .succeeds();
    let recipe = case.read("recipe.json");
    let mut reports = Vec::new();
    let from = ["cook", "--from-recipe", "recipe.json"];
    case.write("recipe.json", &recipe.replace("\"format\": 1", "\"format\": 99"));
    reports.push(case.run(from).report());
    case.write("recipe.json", &recipe.replace("cdylib", "rlib"));
    reports.push(case.run(from).report());
    case.write("recipe.json", "{");
    reports.push(case.run(from).report());
    case.write("recipe.json", &recipe);
    case.append("Cargo.toml", "\n[profile.dev]\n");
    case.edit("Cargo.toml", "members = [", "members = [\"crates/gone\", ");
    reports.push(case.run(["cook"].iter().chain(&arguments)).report());
    case.edit("Cargo.toml", "\"crates/gone\", ", "");
    case.append(
        "crates/extension/Cargo.toml",
        "\n[target.'cfg(unix)'.dependencies]\nnowhere = { path = \"../nowhere\" }\n",
    );
    reports.push(case.run(["cook"].iter().chain(&arguments)).report());
    case.edit(
        "crates/extension/Cargo.toml",
        "nowhere = { path = \"../nowhere\" }",
        "unindent = \"=0.2.3\"",
    );
    reports.push(case.run(["cook", "--locked"].iter().chain(&arguments)).report());
    assert_snapshot!(reports.join("\n"));
}

#[test]
fn a_recipe_is_for_the_place_where_it_was_made() {
    let case = Case::of("workspace-member");
    let inside = |arguments: &[&str]| {
        let shell = Shell::new(IRONWHEEL)
            .args(arguments)
            .folder(case.path("crates/extension"));
        shell.set("CARGO_TARGET_DIR", place::shared_target()).run()
    };
    let written = inside(&["cook", "--recipe", "recipe.json"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    let recipe: Value = serde_json::from_str(&case.read("crates/extension/recipe.json")).expect("JSON");
    assert_eq!(recipe["working_directory"], "crates/extension");
    assert_snapshot!(
        case.run(["cook", "--from-recipe", "crates/extension/recipe.json"])
            .report()
    );
}

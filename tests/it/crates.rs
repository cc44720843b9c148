//! A folder is a test: each crate of `test-crates` is built, held against its `expect.toml`, and put before every judge.

use crate::case::{Case, names};
use crate::expect::Expect;
use crate::shell::variable;
use crate::{judges, place};

/// Declares a test for each folder, and a list to hold against what is there.
macro_rules! folders {
    ($($test:ident = $folder:literal,)*) => {
        pub const FOLDERS: &[&str] = &[$($folder),*];
        $(
            #[test]
            fn $test() {
                holds($folder);
            }
        )*
    };
}

folders! {
    abi3 = "abi3",
    abi3_without_version = "abi3-without-version",
    beside_the_project = "beside-the-project",
    build_script_files = "build-script-files",
    cffi_mixed = "cffi-mixed",
    cffi_pure = "cffi-pure",
    conditional_features = "conditional-features",
    data_and_scripts = "data-and-scripts",
    dynamic_metadata = "dynamic-metadata",
    ignored_files = "ignored-files",
    import_names = "import-names",
    include_exclude = "include-exclude",
    library_and_programs = "library-and-programs",
    license_expression = "license-expression",
    license_file_table = "license-file-table",
    license_text = "license-text",
    mixed = "mixed",
    namespace_package = "namespace-package",
    no_pyproject = "no-pyproject",
    odd_names = "odd-names",
    optional_dependencies = "optional-dependencies",
    package_include = "package-include",
    path_dependency = "path-dependency",
    pre_release = "pre-release",
    program = "program",
    programs_and_python = "programs-and-python",
    pure = "pure",
    pyo3_ffi_alone = "pyo3-ffi-alone",
    python_packages = "python-packages",
    readme_rst = "readme-rst",
    readme_table = "readme-table",
    several_extensions = "several-extensions",
    src_layout = "src-layout",
    stubs = "stubs",
    tool_ironwheel = "tool-ironwheel",
    two_interpreters = "two-interpreters",
    workspace_and_strangers = "workspace-and-strangers",
    workspace_inheritance = "workspace-inheritance",
    workspace_member = "workspace-member",
}

/// Folders that a test of their own builds, because they need more than a compiler or more than a moment.
const OTHERS: [&str; 4] = [
    "container-stage",
    "embedded-python",
    "postgres-client",
    "uniffi-mixed",
];

#[test]
fn every_folder_is_a_test() {
    let mut folders = names(&place::repository().join("test-crates"));
    folders.retain(|name| !OTHERS.contains(&name.as_str()));
    assert_eq!(folders, FOLDERS);
}

/// Some eighty crates for the library, and as many for the generator: asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does.
#[test]
fn uniffi_mixed() {
    if variable("IRONWHEEL_TEST_PEERS").is_some() {
        holds("uniffi-mixed");
    }
}

fn holds(folder: &str) {
    let expect = Expect::of(folder);
    let case = Case::of(folder);
    expect.create(&case);
    let notices: Vec<&str> = expect.notices.iter().map(String::as_str).collect();
    let mut cook = vec!["cook", "--locked"];
    cook.extend(expect.arguments.iter().map(String::as_str));
    case.run(cook).succeeds();
    let words = case.build(&expect.arguments).succeeds_with(&notices);
    // Cargo names the folder of what lies at a path.
    let of_others = words
        .lines()
        .filter(|line| line.trim_start().starts_with("Compiling ") && !line.contains("(/"));
    assert_eq!(
        of_others.collect::<Vec<_>>(),
        [""; 0],
        "`cook` compiles every dependency that `build` needs"
    );
    for (wheel, expected) in expect.pair(&case) {
        judges::says_what_it_made(&wheel, &words);
        expected.check(&wheel);
        judges::judge(&wheel, expected);
    }
}

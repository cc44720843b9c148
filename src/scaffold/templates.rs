//! The texts of a new project: pure functions of its names, its layout and its kind.

use super::{Kind, Layout, Names};

/// The newest version when this was written, and the one that the test crates are built with.
const PYO3: &str = "pyo3 = { version = \"0.30\", features = [\"abi3-py310\"] }";
const UNIFFI: &str = "uniffi = \"0.32\"";

/// What front ends need to build the project: this version and those that mean the same.
pub(super) fn requirement() -> String {
    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    let next = minor.parse::<u32>().unwrap_or_default() + 1;
    format!("ironwheel>={major}.{minor},<{major}.{next}")
}

/// What a crate of that kind depends on: names, and the lines of Cargo.toml.
pub(super) fn dependencies(kind: Kind) -> Vec<(&'static str, &'static str)> {
    match kind {
        Kind::Pyo3 => vec![("pyo3", PYO3)],
        Kind::Uniffi => vec![("uniffi", UNIFFI)],
        Kind::Cffi | Kind::Bin => Vec::new(),
    }
}

/// What the extension is called within its package, or alone.
pub(super) fn extension(names: &Names, layout: Layout) -> &str {
    match layout {
        Layout::Rust => &names.module,
        Layout::Mixed | Layout::Src => "_native",
    }
}

/// What is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// Nothing.
    Nothing,
    /// A crate without a library.
    Crate,
    /// A crate with a library, which holds nobody knows what.
    Library,
}

/// All files of a project, by their paths in its folder. A crate that is there keeps its manifest and its sources, and what they
/// hold is described by nobody else.
pub(super) fn files(names: &Names, layout: Layout, kind: Kind, there: There) -> Vec<(String, String)> {
    let crate_folder = if layout == Layout::Src { "rust/" } else { "" };
    let mut files = vec![
        (".gitignore".to_owned(), ignored(crate_folder)),
        ("README.md".to_owned(), readme(names)),
        ("pyproject.toml".to_owned(), pyproject(names, layout, kind)),
    ];
    if there == There::Nothing {
        files.push((format!("{crate_folder}Cargo.toml"), manifest(names, kind)));
        if kind == Kind::Uniffi {
            files.push((format!("{crate_folder}uniffi-bindgen.rs"), BINDGEN.to_owned()));
        }
    }
    // A program that is there does what it does, and so does a library.
    let is_ours = match kind {
        Kind::Bin => there == There::Nothing,
        Kind::Pyo3 | Kind::Cffi | Kind::Uniffi => there != There::Library,
    };
    if is_ours {
        let name = if kind == Kind::Bin { "main" } else { "lib" };
        files.push((
            format!("{crate_folder}src/{name}.rs"),
            source(names, layout, kind),
        ));
        files.push((
            format!("tests/test_{}.py", names.module),
            test(names, layout, kind),
        ));
    }
    files.extend(package(names, layout, kind, is_ours));
    files
}

/// The Python package, or the stub of an extension that stands alone.
fn package(names: &Names, layout: Layout, kind: Kind, is_ours: bool) -> Vec<(String, String)> {
    let has_stub = is_ours && kind == Kind::Pyo3;
    let stub = |path: String| has_stub.then(|| (path, STUB.to_owned()));
    if layout == Layout::Rust {
        return stub(format!("{}.pyi", names.module)).into_iter().collect();
    }
    let folder = format!("{}/{}", python_source(layout), names.module);
    let mut files = vec![(format!("{folder}/__init__.py"), initial(names, kind, is_ours))];
    if has_stub {
        files.push((format!("{folder}/py.typed"), String::new()));
    }
    files.extend(stub(format!("{folder}/_native.pyi")));
    files
}

fn manifest(names: &Names, kind: Kind) -> String {
    let Names { project, module } = names;
    let about = about(kind);
    let package = format!(
        "[package]\nname = \"{project}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         description = \"{about}\"\npublish = false\n"
    );
    let library = format!("\n[lib]\nname = \"{module}\"\n# What Python loads.\ncrate-type = [\"cdylib\"]\n");
    match kind {
        Kind::Bin => package,
        Kind::Cffi => package + &library,
        Kind::Pyo3 => format!(
            "{package}{library}\n[dependencies]\n# One wheel for CPython 3.10 and all that come after it.\n{PYO3}\n"
        ),
        Kind::Uniffi => format!(
            "{package}{library}\n[dependencies]\n{UNIFFI}\n\n[features]\nbindgen = [\"uniffi/cli\"]\n\n\
             # Writes the Python side, from what the library says of itself.\n[[bin]]\nname = \"uniffi-bindgen\"\n\
             path = \"uniffi-bindgen.rs\"\nrequired-features = [\"bindgen\"]\n"
        ),
    }
}

fn about(kind: Kind) -> &'static str {
    match kind {
        Kind::Pyo3 | Kind::Cffi | Kind::Uniffi => "A Python module written in Rust",
        Kind::Bin => "A program written in Rust, installed by Python's tools",
    }
}

fn pyproject(names: &Names, layout: Layout, kind: Kind) -> String {
    let requirement = requirement();
    let project = &names.project;
    let dependencies = match kind {
        Kind::Cffi => "dependencies = [\"cffi\"]\n",
        Kind::Pyo3 | Kind::Uniffi | Kind::Bin => "",
    };
    let about = about(kind);
    let settings = settings(names, layout, kind);
    format!(
        "[build-system]\nrequires = [\"{requirement}\"]\nbuild-backend = \"ironwheel\"\n\n\
         [project]\nname = \"{project}\"\ndescription = \"{about}\"\nreadme = \"README.md\"\n\
         requires-python = \">=3.10\"\n# Cargo.toml has it.\ndynamic = [\"version\"]\n{dependencies}\n\
         [dependency-groups]\ndev = [\"pytest\"]\n\n[tool.ironwheel]\n{settings}\n\
         # uv builds again when one of these has changed.\n[tool.uv]\n\
         cache-keys = [{{ file = \"pyproject.toml\" }}, {{ file = \"**/Cargo.toml\" }}, {{ file = \"**/*.rs\" }}]\n"
    )
}

fn settings(names: &Names, layout: Layout, kind: Kind) -> String {
    let module = &names.module;
    let bindings = match kind {
        Kind::Pyo3 => "pyo3",
        Kind::Cffi => "cffi",
        Kind::Uniffi => "uniffi",
        Kind::Bin => "bin",
    };
    let manifest = match layout {
        Layout::Src => "manifest-path = \"rust/Cargo.toml\"\n",
        Layout::Rust | Layout::Mixed => "",
    };
    let module = match (layout, kind) {
        (Layout::Rust, Kind::Bin) => String::new(),
        (Layout::Rust, _) => format!("module-name = \"{module}\"\n"),
        (_, Kind::Bin) => format!(
            "module-name = \"{module}\"\npython-source = \"{}\"\n",
            python_source(layout)
        ),
        _ => format!(
            "module-name = \"{module}._native\"\npython-source = \"{}\"\n",
            python_source(layout)
        ),
    };
    format!("bindings = \"{bindings}\"\n{manifest}{module}")
}

fn python_source(layout: Layout) -> &'static str {
    match layout {
        Layout::Src => "src",
        Layout::Rust | Layout::Mixed => "python",
    }
}

fn source(names: &Names, layout: Layout, kind: Kind) -> String {
    let extension = extension(names, layout);
    match kind {
        Kind::Pyo3 => format!(
            "/// What Python sees.\n#[pyo3::pymodule]\nmod {extension} {{\n    use pyo3::prelude::*;\n\n    \
             /// A greeting.\n    #[pyfunction]\n    fn greet(name: &str) -> String {{\n        \
             format!(\"Hello, {{name}}!\")\n    }}\n}}\n"
        ),
        Kind::Cffi => "/// The sum of two numbers, which wraps around where it is too large.\n\
             #[unsafe(no_mangle)]\npub extern \"C\" fn add(left: i32, right: i32) -> i32 {\n    \
             left.wrapping_add(right)\n}\n"
            .to_owned(),
        Kind::Uniffi => "uniffi::setup_scaffolding!();\n\n/// A greeting.\n#[uniffi::export]\n\
             pub fn greet(name: String) -> String {\n    format!(\"Hello, {name}!\")\n}\n"
            .to_owned(),
        Kind::Bin => MAIN.to_owned(),
    }
}

/// Spelt in two pieces, for a test sees to it that nothing here prints.
const MAIN: &str = concat!("fn main() {\n    print", "ln!(\"Hello from Rust!\");\n}\n");

const BINDGEN: &str = "fn main() {\n    uniffi::uniffi_bindgen_main();\n}\n";

const STUB: &str = "def greet(name: str) -> str:\n    \"\"\"A greeting.\"\"\"\n";

fn initial(names: &Names, kind: Kind, is_ours: bool) -> String {
    let Names { project, module } = names;
    match kind {
        Kind::Bin if !is_ours => format!("\"\"\"{}.\"\"\"\n", about(kind)),
        Kind::Pyo3 | Kind::Uniffi | Kind::Cffi if !is_ours => {
            format!(
                "\"\"\"{}.\"\"\"\n\nfrom {module}._native import *  # noqa: F403\n",
                about(kind)
            )
        }
        Kind::Pyo3 | Kind::Uniffi => format!(
            "\"\"\"{}.\"\"\"\n\nfrom {module}._native import greet\n\n__all__ = [\"greet\"]\n",
            about(kind)
        ),
        Kind::Cffi => format!(
            "\"\"\"{}.\"\"\"\n\nfrom {module}._native import lib\n\n__all__ = [\"add\"]\n\n\n\
             def add(left: int, right: int) -> int:\n    \"\"\"The sum of two numbers.\"\"\"\n    \
             return lib.add(left, right)\n",
            about(kind)
        ),
        Kind::Bin => format!(
            "\"\"\"{}.\"\"\"\n\nimport os\nimport sysconfig\n\n__all__ = [\"program\"]\n\n\n\
             def program() -> str:\n    \"\"\"The path of the program.\"\"\"\n    \
             return os.path.join(sysconfig.get_path(\"scripts\"), \"{project}\")\n",
            about(kind)
        ),
    }
}

fn test(names: &Names, layout: Layout, kind: Kind) -> String {
    let Names { project, module } = names;
    match (kind, layout) {
        (Kind::Pyo3 | Kind::Uniffi, _) => format!(
            "import {module}\n\n\ndef test_greets():\n    assert {module}.greet(\"you\") == \"Hello, you!\"\n"
        ),
        (Kind::Cffi, Layout::Rust) => {
            format!("import {module}\n\n\ndef test_adds():\n    assert {module}.lib.add(20, 22) == 42\n")
        }
        (Kind::Cffi, _) => {
            format!("import {module}\n\n\ndef test_adds():\n    assert {module}.add(20, 22) == 42\n")
        }
        (Kind::Bin, Layout::Rust) => format!(
            "import os\nimport subprocess\nimport sysconfig\n\n\ndef test_greets():\n    \
             program = os.path.join(sysconfig.get_path(\"scripts\"), \"{project}\")\n    \
             assert subprocess.check_output([program], text=True) == \"Hello from Rust!\\n\"\n"
        ),
        (Kind::Bin, _) => format!(
            "import subprocess\n\nimport {module}\n\n\ndef test_greets():\n    \
             assert subprocess.check_output([{module}.program()], text=True) == \"Hello from Rust!\\n\"\n"
        ),
    }
}

fn ignored(crate_folder: &str) -> String {
    format!(
        "# What cargo makes.\n/{crate_folder}target/\n\n# What Python makes.\n__pycache__/\n*.py[cod]\n*.so\n/.venv/\n/dist/\n"
    )
}

fn readme(names: &Names) -> String {
    format!(
        "# {}\n\nTo try it while it is written:\n\n```console\n$ python3 -m venv .venv\n$ . .venv/bin/activate\n\
         $ ironwheel develop\n$ pytest\n```\n\nTo make and look at what is given away, here or on a machine that does it for each \
         commit:\n\n```console\n$ ironwheel build --locked -o dist\n$ ironwheel check dist/*\n```\n\n\
         Cargo.lock belongs to the sources: commit it.\n",
        names.project
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            project: "my-demo".to_owned(),
            module: "my_demo".to_owned(),
        }
    }

    #[test]
    fn the_lines_for_a_manifest_that_is_there_are_those_of_a_new_one() {
        for kind in [Kind::Pyo3, Kind::Uniffi] {
            for (_, line) in dependencies(kind) {
                assert!(manifest(&names(), kind).contains(line), "{line}");
            }
        }
    }

    #[test]
    fn every_text_is_what_its_name_says() {
        for kind in [Kind::Pyo3, Kind::Cffi, Kind::Uniffi, Kind::Bin] {
            for layout in [Layout::Rust, Layout::Mixed, Layout::Src] {
                for (path, text) in files(&names(), layout, kind, There::Nothing) {
                    if path.contains(".toml") {
                        text.parse::<toml::Table>()
                            .unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
                    }
                    assert!(text.is_empty() || text.ends_with('\n'), "{path}");
                    assert!(
                        !text.contains("  \n") && !text.contains("\n\n\n\n"),
                        "{path}: {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_source_layout_has_its_crate_in_a_folder_of_its_own() {
        let files = files(&names(), Layout::Src, Kind::Pyo3, There::Nothing);
        let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        for path in ["rust/Cargo.toml", "rust/src/lib.rs", "src/my_demo/__init__.py"] {
            assert!(paths.contains(&path), "{paths:?}");
        }
    }
}

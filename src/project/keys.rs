//! Every key of `[tool.ironwheel]` and `[tool.maturin]`, once: what it is called, what it takes, what it does.
//!
//! The reader checks tables against this list before a value is used, and the JSON schema is printed from it, so the two
//! cannot say different things.

use serde_json::{Map, Value, json};

use super::pyproject::{Content, DocumentError, Node, Table};

/// What a value must look like.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// Any text.
    Text,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// An array whose items all have one shape.
    Array(&'static Shape),
    /// A table with known keys.
    Table(&'static [Key]),
    /// A table whose keys are names of the user's, and whose values have one shape.
    Named(&'static Shape),
    /// Any of several shapes, of which no two begin with the same type.
    Either(&'static [Shape]),
}

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// maturin has it, so both tables take it.
    Both,
    /// Only `[tool.ironwheel]` takes it.
    Ours,
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Who knows it.
    pub whose: Whose,
    /// Whether the table makes no sense without it.
    pub required: bool,
    /// What it takes.
    pub shape: Shape,
    /// What it does, in one sentence.
    pub description: &'static str,
}

/// A key that both tables take.
const fn key(name: &'static str, shape: Shape, description: &'static str) -> Key {
    Key {
        name,
        whose: Whose::Both,
        required: false,
        shape,
        description,
    }
}

/// A key that only `[tool.ironwheel]` takes.
const fn ours(name: &'static str, shape: Shape, description: &'static str) -> Key {
    Key {
        whose: Whose::Ours,
        ..key(name, shape, description)
    }
}

/// A key that its table cannot do without.
const fn required(name: &'static str, shape: Shape, description: &'static str) -> Key {
    Key {
        required: true,
        ..key(name, shape, description)
    }
}

const TEXTS: Shape = Shape::Array(&Shape::Text);

/// What `bindings` and `--bindings` take.
pub const BINDINGS: &[&str] = &["pyo3", "pyo3-ffi", "cffi", "uniffi", "bin"];

/// Every key, in the order of the alphabet.
pub const KEYS: &[Key] = &[
    key(
        "all-features",
        Shape::Boolean,
        "Turn on all of the crate's features.",
    ),
    key(
        "auditwheel",
        Shape::Choice(&["repair", "check", "warn", "skip"]),
        "What to do about libraries that are not on every system: copy them into the wheel, refuse them, warn, or do not look.",
    ),
    key(
        "bindings",
        Shape::Choice(BINDINGS),
        "How the crate speaks Python, where its dependencies do not tell.",
    ),
    ours(
        "bins",
        Shape::Either(&[Shape::Boolean, TEXTS]),
        "Binaries of the crate that go into the wheel beside its library: all of them, or those that are named.",
    ),
    ours(
        "build-tag",
        Shape::Text,
        "The build tag in the wheel's file name, which begins with a digit: of two wheels that are otherwise equal, the higher one is installed.",
    ),
    key(
        "compatibility",
        Shape::Text,
        "The platform tag to hold to: manylinux_2_28, musllinux_1_2, pypi, linux.",
    ),
    key(
        "config",
        TEXTS,
        "Values (`key=value`) or files of cargo's configuration.",
    ),
    key(
        "data",
        Shape::Text,
        "The folder whose subfolders `scripts`, `headers`, `data`, `purelib` and `platlib` are installed where their names say.",
    ),
    key(
        "editable-profile",
        Shape::Text,
        "The cargo profile of editable installs.",
    ),
    key(
        "exclude",
        Shape::Array(&Shape::Either(&[Shape::Text, Shape::Table(EXCLUDE)])),
        "Files that stay out of wheels and source distributions: patterns in the manner of .gitignore.",
    ),
    ours(
        "exclude-libs",
        TEXTS,
        "Libraries that are never copied into the wheel: patterns of their names such as libfoo.so.*, or the preset cuda.",
    ),
    ours(
        "extensions",
        Shape::Array(&Shape::Table(EXTENSION)),
        "Further extension modules in the same wheel, each from a crate of the workspace.",
    ),
    key(
        "features",
        Shape::Array(&Shape::Either(&[Shape::Text, Shape::Table(FEATURE)])),
        "Features of the crate to turn on, always or for some Pythons.",
    ),
    ours(
        "for-image",
        Shape::Text,
        "The container image that wheels are installed into: debian:12, python:3.12-slim.",
    ),
    key("frozen", Shape::Boolean, "`locked` and `offline` together."),
    key(
        "generate-ci",
        Shape::Table(GENERATE_CI),
        "What maturin writes into a workflow; checked, but without effect here.",
    ),
    ours(
        "generate-stubs",
        Shape::Boolean,
        "Write a type stub beside the extension, from what PyO3 records of it.",
    ),
    key(
        "include",
        Shape::Array(&Shape::Either(&[Shape::Text, Shape::Table(INCLUDE)])),
        "Further files for wheels and source distributions: patterns relative to pyproject.toml.",
    ),
    ours(
        "include-debuginfo",
        Shape::Boolean,
        "Put separate debug information into the wheel, where the profile makes any.",
    ),
    key(
        "include-import-lib",
        Shape::Boolean,
        "Put the import library of Windows beside the extension.",
    ),
    ours(
        "lib-dirs",
        TEXTS,
        "Folders where libraries are looked for behind the loader's own.",
    ),
    key("locked", Shape::Boolean, "Fail rather than change Cargo.lock."),
    key("manifest-path", Shape::Text, "The crate's Cargo.toml."),
    key("manylinux", Shape::Text, "The older name of `compatibility`."),
    key(
        "module-name",
        Shape::Text,
        "What Python imports the extension as: `package._native`.",
    ),
    key(
        "no-default-features",
        Shape::Boolean,
        "Leave the crate's default features off.",
    ),
    ours("offline", Shape::Boolean, "Keep cargo off the network."),
    key(
        "pgo-command",
        Shape::Text,
        "The shell command that exercises the extension while a profile is recorded.",
    ),
    key(
        "pgo-dependency-group",
        Shape::Text,
        "The dependency group that is installed before `pgo-command` runs.",
    ),
    key("profile", Shape::Text, "The cargo profile."),
    key(
        "python-packages",
        TEXTS,
        "Further packages below `python-source` that go into the wheel.",
    ),
    key(
        "python-source",
        Shape::Text,
        "The folder that holds the Python package.",
    ),
    ours(
        "remap-paths",
        Shape::Boolean,
        "Keep the paths of the machine that builds out of what is compiled; not for the profile `dev` where nothing is said.",
    ),
    ours(
        "run-path",
        TEXTS,
        "Folders among the installed packages with libraries that stay out of the wheel: nvidia/cublas/lib.",
    ),
    key(
        "rustc-args",
        TEXTS,
        "Arguments for the compilation of the crate itself.",
    ),
    key(
        "sbom",
        Shape::Table(SBOM),
        "Which bills of materials the wheel carries.",
    ),
    key(
        "sdist-generator",
        Shape::Choice(&["cargo", "git"]),
        "Whether cargo or git says which files belong to the source distribution.",
    ),
    key(
        "skip-auditwheel",
        Shape::Boolean,
        "The older name of `auditwheel = \"skip\"`.",
    ),
    key("strip", Shape::Boolean, "Strip symbols from the extension."),
    ours(
        "sysroot",
        Shape::Text,
        "The root of the system that libraries are taken from.",
    ),
    key(
        "target",
        Shape::Named(&Shape::Table(TARGET)),
        "What holds for one target triple only.",
    ),
    key(
        "targets",
        Shape::Array(&Shape::Table(TARGETS)),
        "Those of the crate's targets that are built.",
    ),
    key("unstable-flags", TEXTS, "Flags for cargo's `-Z`."),
    key(
        "use-base-python",
        Shape::Boolean,
        "In a build environment, build for the Python that the environment was made from.",
    ),
    ours(
        "version",
        Shape::Table(VERSION),
        "Where the version comes from, if not from pyproject.toml or Cargo.toml.",
    ),
];

const FORMAT: Shape = Shape::Either(&[
    Shape::Choice(&["sdist", "wheel"]),
    Shape::Array(&Shape::Choice(&["sdist", "wheel"])),
]);

const EXCLUDE: &[Key] = &[
    key(
        "format",
        FORMAT,
        "Which archives it concerns; both where nothing is said.",
    ),
    required("path", Shape::Text, "The pattern."),
];

const INCLUDE: &[Key] = &[
    key(
        "crate-name",
        Shape::Text,
        "Whose build script wrote the files; the crate's own where nothing is said.",
    ),
    key("crate_name", Shape::Text, "Another spelling of `crate-name`."),
    key(
        "format",
        FORMAT,
        "Which archives it concerns; both where nothing is said.",
    ),
    key(
        "from",
        Shape::Choice(&["out-dir"]),
        "Take files that a build script wrote to its OUT_DIR.",
    ),
    required("path", Shape::Text, "The pattern."),
    key(
        "to",
        Shape::Text,
        "The folder in the wheel for files of a build script.",
    ),
];

const EXTENSION: &[Key] = &[
    required(
        "crate",
        Shape::Text,
        "The crate's name, as its Cargo.toml in the workspace has it.",
    ),
    required(
        "module",
        Shape::Text,
        "What Python imports it as: `package._other`.",
    ),
];

const FEATURE: &[Key] = &[
    required("feature", Shape::Text, "The feature."),
    key(
        "python-implementation",
        Shape::Text,
        "The interpreters it is for, by `sys.implementation.name`: cpython.",
    ),
    key(
        "python-version",
        Shape::Text,
        "The interpreters it is for, by a version specifier: >=3.11.",
    ),
];

const SBOM: &[Key] = &[
    key(
        "auditwheel",
        Shape::Boolean,
        "One of the libraries that were copied into the wheel; on unless turned off.",
    ),
    key("include", TEXTS, "Files with further ones."),
    key(
        "rust",
        Shape::Boolean,
        "One of the crates that were compiled in; on unless turned off.",
    ),
];

const TARGET: &[Key] = &[
    key(
        "macos-deployment-target",
        Shape::Text,
        "The oldest macOS to run on, where MACOSX_DEPLOYMENT_TARGET does not say.",
    ),
    key(
        "macosx-deployment-target",
        Shape::Text,
        "Another spelling of `macos-deployment-target`.",
    ),
];

const TARGETS: &[Key] = &[
    key(
        "kind",
        Shape::Choice(&["bin", "cdylib", "dylib", "lib", "rlib", "staticlib"]),
        "The kind of target.",
    ),
    required("name", Shape::Text, "The target's name."),
];

const VERSION: &[Key] = &[required(
    "git",
    Shape::Either(&[Shape::Boolean, Shape::Table(VERSION_GIT)]),
    "Take it from the nearest tag of the git repository.",
)];

const VERSION_GIT: &[Key] = &[
    key(
        "local",
        Shape::Boolean,
        "Name the commit behind the version of what has no tag (`+g1a2b3c4d5`), which package indexes refuse; on unless turned off.",
    ),
    key(
        "tag-prefix",
        Shape::Text,
        "What stands before the version in the tags that count; `v` where nothing is said.",
    ),
];

const GENERATE_CI: &[Key] = &[key(
    "github",
    Shape::Table(GENERATE_CI_GITHUB),
    "Workflows for GitHub.",
)];

const GENERATE_CI_GITHUB: &[Key] = &[
    key("android", PLATFORM, "Builds for Android."),
    key("args", Shape::Text, "Arguments for maturin."),
    key("emscripten", PLATFORM, "Builds for Emscripten."),
    key("linux", PLATFORM, "Builds for Linux with the GNU C library."),
    key("macos", PLATFORM, "Builds for macOS."),
    key("musllinux", PLATFORM, "Builds for Linux with musl."),
    key(
        "publishing-environment",
        Shape::Text,
        "The environment that publishes.",
    ),
    key("pytest", Shape::Boolean, "Run the tests."),
    key("skip-attestation", Shape::Boolean, "Attest nothing."),
    key("trusted-publishing", Shape::Boolean, "Publish without a token."),
    key("windows", PLATFORM, "Builds for Windows."),
    key("zig", Shape::Boolean, "Link with zig."),
];

const PLATFORM: Shape = Shape::Table(&[
    key("args", Shape::Text, "Arguments for maturin."),
    key(
        "before-script-linux",
        Shape::Text,
        "What runs in the container first.",
    ),
    key("container", Shape::Text, "The container's image."),
    key("docker-options", Shape::Text, "Options for the container."),
    key("manylinux", Shape::Text, "The platform tag."),
    key("runner", Shape::Text, "The machine."),
    key("rust-toolchain", Shape::Text, "The toolchain."),
    key("rustup-components", Shape::Text, "Components of the toolchain."),
    key(
        "target",
        Shape::Array(&Shape::Table(CI_TARGET)),
        "Architectures with settings of their own.",
    ),
    key("targets", TEXTS, "Architectures."),
]);

const CI_TARGET: &[Key] = &[
    required("arch", Shape::Text, "The architecture."),
    key("args", Shape::Text, "Arguments for maturin."),
    key(
        "before-script-linux",
        Shape::Text,
        "What runs in the container first.",
    ),
    key("container", Shape::Text, "The container's image."),
    key("docker-options", Shape::Text, "Options for the container."),
    key("manylinux", Shape::Text, "The platform tag."),
    key("runner", Shape::Text, "The machine."),
    key("rust-toolchain", Shape::Text, "The toolchain."),
    key("rustup-components", Shape::Text, "Components of the toolchain."),
];

/// Checks a whole table, and those within it, against the list: types, choices, keys that are missing.
///
/// `whose` says which of the two tables it is. Keys that nobody knows are given back, each as the error that a strict reader
/// makes of it.
pub fn check(table: &Table<'_>, whose: Whose) -> Result<Vec<DocumentError>, DocumentError> {
    let known: Vec<Key> = KEYS
        .iter()
        .filter(|key| whose == Whose::Ours || key.whose == Whose::Both)
        .copied()
        .collect();
    let mut unknown = Vec::new();
    check_table(table, &known, &mut unknown)?;
    Ok(unknown)
}

fn check_table(
    table: &Table<'_>,
    known: &[Key],
    unknown: &mut Vec<DocumentError>,
) -> Result<(), DocumentError> {
    let names: Vec<&str> = known.iter().map(|key| key.name).collect();
    unknown.extend(table.unknown_keys(&names));
    for key in known {
        match table.node(key.name) {
            Some(node) => check_value(&node, &key.shape, unknown)?,
            None if key.required => return Err(table.invalid("", format!("has no `{}`", key.name))),
            None => {}
        }
    }
    Ok(())
}

fn check_value(
    node: &Node<'_>,
    shape: &Shape,
    unknown: &mut Vec<DocumentError>,
) -> Result<(), DocumentError> {
    match (node.content(), shape) {
        (Content::Boolean(_), Shape::Boolean) | (Content::Text(_), Shape::Text) => Ok(()),
        (Content::Text(text), Shape::Choice(words)) => {
            if words.contains(&text.value) {
                return Ok(());
            }
            Err(text.invalid(format!("must be {}, not `{}`", one_of(words), text.value)))
        }
        (Content::Array(items), Shape::Array(shape)) => items
            .iter()
            .try_for_each(|item| check_value(item, shape, unknown)),
        (Content::Table(table), Shape::Table(keys)) => check_table(&table, keys, unknown),
        (Content::Table(table), Shape::Named(shape)) => table
            .nodes()
            .try_for_each(|value| check_value(&value, shape, unknown)),
        (content, Shape::Either(shapes)) => match shapes.iter().find(|shape| begins(&content, shape)) {
            Some(shape) => check_value(node, shape, unknown),
            None => Err(node.wrong_type(expected(shape))),
        },
        _ => Err(node.wrong_type(expected(shape))),
    }
}

/// Whether a value has the type that a shape begins with.
fn begins(content: &Content<'_>, shape: &Shape) -> bool {
    match (content, shape) {
        (Content::Boolean(_), Shape::Boolean)
        | (Content::Text(_), Shape::Text | Shape::Choice(_))
        | (Content::Array(_), Shape::Array(_))
        | (Content::Table(_), Shape::Table(_) | Shape::Named(_)) => true,
        (_, Shape::Either(shapes)) => shapes.iter().any(|shape| begins(content, shape)),
        _ => false,
    }
}

/// A shape's name with its article.
fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Boolean => "a boolean".to_owned(),
        Shape::Text | Shape::Choice(_) => "a string".to_owned(),
        Shape::Array(Shape::Text | Shape::Choice(_)) => "an array of strings".to_owned(),
        Shape::Array(Shape::Table(_)) => "an array of tables".to_owned(),
        Shape::Array(_) => "an array".to_owned(),
        Shape::Table(_) | Shape::Named(_) => "a table".to_owned(),
        Shape::Either(shapes) => shapes.iter().map(expected).collect::<Vec<_>>().join(" or "),
    }
}

/// `` `a`, `b` or `c` ``.
fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The JSON schema of a pyproject.toml, as far as it is ours: `tool.ironwheel` and `tool.maturin`.
///
/// Editors that know JSON schemas complete and check the keys with it. Each table is also a definition of its own.
///
/// <https://json-schema.org/draft-07>
#[must_use]
pub fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "pyproject.toml with ironwheel's settings",
        "type": "object",
        "properties": {
            "tool": {
                "type": "object",
                "properties": {
                    "ironwheel": { "$ref": "#/definitions/ironwheel" },
                    "maturin": { "$ref": "#/definitions/maturin" },
                },
            },
        },
        "definitions": {
            "ironwheel": table_schema(KEYS, Whose::Ours),
            "maturin": table_schema(KEYS, Whose::Both),
        },
    })
}

/// Unknown keys are errors in our table and pass in maturin's, as they do when they are read.
fn table_schema(keys: &[Key], whose: Whose) -> Value {
    let known = keys
        .iter()
        .filter(|key| whose == Whose::Ours || key.whose == Whose::Both);
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in known {
        let mut property = value_schema(&key.shape, whose);
        property.insert("description".to_owned(), key.description.into());
        properties.insert(key.name.to_owned(), property.into());
        if key.required {
            required.push(key.name);
        }
    }
    let mut table = json!({ "type": "object", "properties": properties });
    if let Some(table) = table.as_object_mut() {
        if !required.is_empty() {
            table.insert("required".to_owned(), json!(required));
        }
        if whose == Whose::Ours {
            table.insert("additionalProperties".to_owned(), false.into());
        }
    }
    table
}

fn value_schema(shape: &Shape, whose: Whose) -> Map<String, Value> {
    let value = match shape {
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Choice(words) => json!({ "type": "string", "enum": words }),
        Shape::Array(items) => json!({ "type": "array", "items": value_schema(items, whose) }),
        Shape::Table(keys) => table_schema(keys, whose),
        Shape::Named(shape) => {
            json!({ "type": "object", "additionalProperties": value_schema(shape, whose) })
        }
        Shape::Either(shapes) => {
            let any: Vec<_> = shapes.iter().map(|shape| value_schema(shape, whose)).collect();
            json!({ "anyOf": any })
        }
    };
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::super::pyproject::Document;
    use super::super::settings::{Overrides, Tables, resolve};
    use super::*;
    use crate::host::Host;

    /// Reads a document with one key in one of the tables, all the way to the settings.
    fn read(table: &str, key: &str, value: &str) -> Result<usize, DocumentError> {
        let text = format!("[tool.{table}]\n{key} = {value}\n");
        let document = Document::parse(Path::new("pyproject.toml"), text)?;
        let mut notices = Vec::new();
        let tables = Tables::of(&document, &mut notices)?;
        let host = Host::new(BTreeMap::new(), "/work".into()).unwrap();
        resolve(&Overrides::default(), &tables, Path::new("/project"), &host)?;
        Ok(notices.len())
    }

    /// Values that a shape takes, as TOML: every word of every choice among them.
    fn good(name: &str, shape: &Shape) -> Vec<String> {
        match shape {
            Shape::Boolean => vec!["true".to_owned(), "false".to_owned()],
            Shape::Text => {
                let word = match name {
                    "compatibility" | "manylinux" => "manylinux_2_28",
                    "build-tag" => "1_a",
                    "python-version" => ">=3.11",
                    "macos-deployment-target" | "macosx-deployment-target" => "11.0",
                    "module" => "package.other",
                    _ => "word",
                };
                vec![format!("\"{word}\"")]
            }
            Shape::Choice(words) => words.iter().map(|word| format!("\"{word}\"")).collect(),
            Shape::Array(items) => {
                let items = good(name, items).into_iter().map(|item| format!("[{item}]"));
                items.chain(["[]".to_owned()]).collect()
            }
            Shape::Table(keys) => {
                let first = |key: &Key| format!("{} = {}", key.name, good(key.name, &key.shape)[0]);
                let all: Vec<String> = keys.iter().map(first).collect();
                vec![format!("{{ {} }}", all.join(", "))]
            }
            Shape::Named(shape) => {
                let values = good(name, shape).into_iter();
                values.map(|value| format!("{{ any-name = {value} }}")).collect()
            }
            Shape::Either(shapes) => shapes.iter().flat_map(|shape| good(name, shape)).collect(),
        }
    }

    /// Values that a shape does not take, each with the beginning of what is said about it.
    fn bad(shape: &Shape) -> Vec<(String, String)> {
        let types = [
            ("true", "a boolean", Content::Boolean(true)),
            ("[]", "an array", Content::Array(Vec::new())),
            ("3", "a number", Content::Other),
        ];
        let mut all: Vec<(String, String)> = types
            .into_iter()
            .filter(|(_, _, content)| !begins(content, shape))
            .map(|(value, found, _)| (value.to_owned(), format!(" is {found}, but must be ")))
            .collect();
        match shape {
            Shape::Boolean | Shape::Text => {}
            Shape::Choice(_) => all.push(("\"no-such-word\"".to_owned(), " must be `".to_owned())),
            Shape::Array(items) => {
                let items = bad(items).into_iter();
                all.extend(items.map(|(value, words)| (format!("[{value}]"), words)));
            }
            Shape::Table(keys) => {
                for key in *keys {
                    let others = keys
                        .iter()
                        .filter(|other| other.required && other.name != key.name);
                    let mut given: Vec<String> = others
                        .map(|other| format!("{} = {}", other.name, good(other.name, &other.shape)[0]))
                        .collect();
                    if key.required {
                        all.push((
                            format!("{{ {} }}", given.join(", ")),
                            format!(" has no `{}`", key.name),
                        ));
                    }
                    given.push(String::new());
                    let others = given.join(", ");
                    for (value, words) in bad(&key.shape) {
                        all.push((format!("{{ {others}{} = {value} }}", key.name), words));
                    }
                }
            }
            Shape::Named(shape) => {
                let values = bad(shape).into_iter();
                all.extend(values.map(|(value, words)| (format!("{{ any-name = {value} }}"), words)));
            }
            Shape::Either(shapes) => {
                for shape in *shapes {
                    let inner = bad(shape).into_iter();
                    // What one alternative refuses as a whole, another may take.
                    all.extend(inner.filter(|(value, _)| value.starts_with(['[', '{']) && value != "[]"));
                }
            }
        }
        all
    }

    fn tables_of(key: &Key) -> &'static [&'static str] {
        match key.whose {
            Whose::Both => &["ironwheel", "maturin"],
            Whose::Ours => &["ironwheel"],
        }
    }

    #[test]
    fn every_key_takes_what_it_shall() {
        for key in KEYS {
            for table in tables_of(key) {
                for value in good(key.name, &key.shape) {
                    let notices = read(table, key.name, &value);
                    assert_eq!(notices.unwrap_or_else(|error| panic!("{value}: {error}")), 0);
                }
            }
        }
    }

    #[test]
    fn every_key_refuses_what_it_cannot_take_and_says_where() {
        for key in KEYS {
            for table in tables_of(key) {
                let wrong = bad(&key.shape);
                assert!(!wrong.is_empty(), "{}", key.name);
                for (value, words) in wrong {
                    let Err(error) = read(table, key.name, &value) else {
                        panic!("{table}.{} takes {value}", key.name)
                    };
                    let said = error.to_string();
                    assert!(said.contains(&words), "{value}: {said}");
                    assert!(
                        said.starts_with(&format!("`tool.{table}.{}", key.name)),
                        "{value}: {said}"
                    );
                    let (_, place) = said.rsplit_once("pyproject.toml:").expect("a place");
                    let (line, column) = place.split_once(':').expect("a line and a column");
                    assert_eq!(line, "2", "{said}");
                    assert!(column.parse::<usize>().unwrap() > key.name.len(), "{said}");
                }
            }
        }
    }

    #[test]
    fn an_unknown_key_within_a_table_is_an_error_in_ours_and_a_notice_in_maturins() {
        let error = read("ironwheel", "include", "[{ path = \"a\", form = \"sdist\" }]").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`tool.ironwheel.include[0].form` is not a setting: pyproject.toml:2:26"
        );
        assert_eq!(
            read("maturin", "include", "[{ path = \"a\", form = \"sdist\" }]").unwrap(),
            1
        );
        assert_eq!(read("maturin", "bins", "true").unwrap(), 1);
    }

    #[test]
    fn the_guide_tells_of_every_key() {
        let guide = include_str!("../../docs/guide.md");
        for key in KEYS {
            let is_told = ["`", ".", " ="].map(|end| format!("`{}{end}", key.name));
            assert!(is_told.iter().any(|word| guide.contains(word)), "{}", key.name);
        }
    }

    #[test]
    fn keys_stand_in_the_order_of_the_alphabet_and_have_words() {
        fn look(keys: &[Key]) {
            assert!(keys.is_sorted_by(|one, next| one.name < next.name));
            for key in keys {
                assert!(key.description.ends_with('.'), "{}", key.name);
                inner(&key.shape);
            }
        }
        fn inner(shape: &Shape) {
            match shape {
                Shape::Table(keys) => look(keys),
                Shape::Array(shape) | Shape::Named(shape) => inner(shape),
                Shape::Either(shapes) => shapes.iter().for_each(inner),
                Shape::Boolean | Shape::Text | Shape::Choice(_) => {}
            }
        }
        look(KEYS);
    }
}

//! pyproject.toml, reduced to what compiling hangs on: for those who compile where Python files, a README and licences are not
//! there yet.

use toml::{Table, Value};

/// What shall be compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// What the crate is built on.
    Dependencies,
    /// The crate itself too.
    Crate,
}

/// Keys that the last rustc alone hangs on.
const OF_THE_CRATE: [&str; 3] = ["include-debuginfo", "rustc-args", "strip"];

/// Keys of `[tool.ironwheel]` and `[tool.maturin]` that only the wheel hangs on.
const OF_THE_WHEEL: [&str; 27] = [
    "auditwheel",
    "build-tag",
    "compatibility",
    "data",
    "exclude",
    "exclude-libs",
    "for-image",
    "generate-ci",
    "generate-stubs",
    "include",
    "include-import-lib",
    "lib-dirs",
    "manylinux",
    "module-name",
    "pgo-command",
    "pgo-dependency-group",
    "python-packages",
    "python-source",
    "run-path",
    "sbom",
    "sdist-generator",
    "sdist-include",
    "skip-auditwheel",
    "sysroot",
    "use-base-python",
    "use-cross",
    "version",
];

/// pyproject.toml less all that compiling does not hang on.
#[must_use]
pub fn pyproject(document: &Table, kept: Kept) -> Table {
    let mut reduced = Table::new();
    if let Some(Value::Table(project)) = document.get("project") {
        let mut project = project.clone();
        project.retain(|key, _| matches!(key, "name" | "requires-python" | "version"));
        match (kept, project.contains_key("version")) {
            (Kept::Crate, true) => {}
            (Kept::Crate, false) => {
                project.insert("dynamic".to_owned(), Value::Array(vec!["version".into()]));
            }
            (Kept::Dependencies, _) => {
                project.insert("version".to_owned(), "0".into());
            }
        }
        project.insert("license-files".to_owned(), Value::Array(Vec::new()));
        reduced.insert("project".to_owned(), project.into());
    }
    let mut tools = Table::new();
    let mut is_offline = false;
    for name in ["ironwheel", "maturin"] {
        let tool = document.get("tool").and_then(|tool| tool.get(name)?.as_table());
        if let Some(tool) = tool {
            let mut tool = tool.clone();
            tool.retain(|key, _| {
                let is_kept = kept == Kept::Crate || !OF_THE_CRATE.contains(&key);
                is_kept && !OF_THE_WHEEL.contains(&key)
            });
            without_packages(&mut tool);
            if kept == Kept::Dependencies {
                is_offline |= tool.remove("frozen").and_then(|value| value.as_bool()) == Some(true);
                tool.remove("locked");
            }
            tools.insert(name.to_owned(), tool.into());
        }
    }
    let ours = tools.entry("ironwheel").or_insert_with(|| Table::new().into());
    if let Value::Table(ours) = ours {
        // Not every project's name is one of a module, and the package that it may lie in is not there.
        ours.insert("module-name".to_owned(), "cook".into());
        // Whether the lock fits is looked at here; cargo is to stay off the network all the same.
        if is_offline {
            ours.insert("offline".to_owned(), true.into());
        }
    }
    reduced.insert("tool".to_owned(), tools.into());
    sorted(reduced)
}

/// Further extensions lie in no package, since there is none to lie in.
fn without_packages(tool: &mut Table) {
    if let Some(Value::Array(extensions)) = tool.get_mut("extensions") {
        let tables = extensions.iter_mut().filter_map(Value::as_table_mut);
        for (number, extension) in tables.enumerate() {
            extension.insert("module".to_owned(), format!("extension_{number}").into());
        }
    }
}

/// A table in the order of the alphabet, so that the order in which it is written matters to nobody.
#[must_use]
pub fn sorted(table: Table) -> Table {
    let mut entries: Vec<(String, Value)> = table.into_iter().collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    let sort = |(key, value)| match value {
        Value::Table(table) => (key, Value::Table(sorted(table))),
        value => (key, value),
    };
    entries.into_iter().map(sort).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn a_pyproject_keeps_what_cargo_is_told() {
        let document = table(
            "[project]\nname = 'demo'\nversion = '1.2'\nreadme = 'README.md'\nrequires-python = '>=3.10'\ndependencies = ['x']\n\
             [tool.ruff]\nline-length = 100\n\
             [tool.maturin]\nfrozen = true\nfeatures = ['pyo3/abi3']\npython-source = 'python'\nmodule-name = 'demo._demo'\n\
             [tool.ironwheel]\nstrip = true\nextensions = [{ module = 'demo._more', crate = 'more' }]",
        );
        let reduced = pyproject(&document, Kept::Dependencies);
        assert_eq!(
            reduced,
            table(
                "[project]\nlicense-files = []\nname = 'demo'\nrequires-python = '>=3.10'\nversion = '0'\n\
                 [tool.ironwheel]\nextensions = [{ module = 'extension_0', crate = 'more' }]\nmodule-name = 'cook'\noffline = true\n\
                 [tool.maturin]\nfeatures = ['pyo3/abi3']"
            )
        );
        let with_the_crate = pyproject(&document, Kept::Crate);
        assert_eq!(with_the_crate["project"]["version"].as_str(), Some("1.2"));
        assert_eq!(with_the_crate["tool"]["ironwheel"]["strip"].as_bool(), Some(true));
        assert_eq!(with_the_crate["tool"]["maturin"]["frozen"].as_bool(), Some(true));
    }
}

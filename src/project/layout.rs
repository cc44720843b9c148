//! Where things lie in the tree, where they go in the wheel, and why.

use std::path::PathBuf;

/// Pure (the extension alone) or mixed (a Python package with an extension in it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Only Rust: the extension gets a package of its own, with a generated `__init__.py`.
    Pure {
        /// `<root>/<name>.pyi`, which makes the package typed.
        stub: Option<PathBuf>,
        /// Why this layout was chosen, for people.
        reason: String,
        /// `<module>.data` or the `data` setting.
        data: Option<PathBuf>,
    },
    /// Python files beside the extension.
    Mixed {
        /// The folder that holds the packages: `python-source`, `src` or the root.
        python_root: PathBuf,
        /// Top-level packages (folders or single modules below `python_root`) that go into the wheel.
        packages: Vec<String>,
        /// Why this layout was chosen, for people.
        reason: String,
        /// `<module>.data` or the `data` setting.
        data: Option<PathBuf>,
    },
}

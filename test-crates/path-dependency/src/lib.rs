//! Stands on a crate beside it.

/// What Python imports.
#[pyo3::pymodule]
mod path_dependency {
    /// What the crate beside it says.
    #[pyo3::pyfunction]
    fn helped() -> &'static str {
        helper_of_path_dependency::HELP
    }
}

//! A function for Python.

/// What Python imports.
#[pyo3::pymodule]
mod package_include {
    /// Adds two numbers.
    #[pyo3::pyfunction]
    fn add(left: u32, right: u32) -> u32 {
        left + right
    }
}

//! Which features are on is seen from Python.

/// What Python imports.
#[pyo3::pymodule]
mod conditional_features {
    /// Whether `shout` is on.
    #[pyo3::pyfunction]
    fn shouts() -> bool {
        cfg!(feature = "shout")
    }
}

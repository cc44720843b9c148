//! A crate that shows one behaviour.

use pyo3::prelude::*;

#[pymodule(name = "_native")]
mod native {
    use super::*;

    #[pyfunction]
    fn helped() -> &'static str {
        other_name::help()
    }

    #[pyfunction]
    fn configured() -> &'static str {
        env!("WORKSPACE_AND_STRANGERS")
    }
}

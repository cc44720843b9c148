//! A crate that shows one behaviour.

use pyo3::prelude::*;

#[pymodule(name = "_native")]
mod native {
    use super::*;

    #[pyfunction]
    fn helped() -> &'static str {
        shared_beside_the_project::help()
    }
}

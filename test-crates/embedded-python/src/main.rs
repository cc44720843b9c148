use pyo3::prelude::*;

fn main() -> PyResult<()> {
    Python::attach(|python| {
        let version = python.version_info();
        println!("Python {}.{} inside", version.major, version.minor);
        Ok(())
    })
}

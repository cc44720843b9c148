#[pyo3::pymodule]
mod _second {
    /// A number.
    #[pyo3::pyfunction]
    fn second() -> u32 {
        7
    }
}

#[pyo3::pymodule]
mod _first {
    /// A number.
    #[pyo3::pyfunction]
    fn first() -> u32 {
        7
    }
}

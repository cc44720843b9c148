//! One crate, for Python and for the shell.

/// How many words there are.
#[must_use]
pub fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

#[pyo3::pymodule]
mod library_and_programs {
    #[pyo3::pyfunction]
    fn count_words(text: &str) -> usize {
        super::count(text)
    }
}

//! Sums over arrays that NumPy owns.

use ndarray::Axis;
use ndarray::parallel::prelude::*;
use numpy::{IntoPyArray as _, PyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

/// The mean of each row.
#[pyfunction]
pub fn summary<'py>(py: Python<'py>, values: PyReadonlyArray2<'py, f64>) -> Bound<'py, PyArray1<f64>> {
    let values = values.as_array();
    let means: Vec<f64> = values
        .axis_iter(Axis(0))
        .into_par_iter()
        .map(|row| row.mean().unwrap_or(f64::NAN))
        .collect();
    means.into_pyarray(py)
}

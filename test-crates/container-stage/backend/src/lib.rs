//! What is quicker in Rust: reading what stations send, checking it, and summing it up.

mod address;
mod summary;

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use regex::Regex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// How stations are called: three letters, a dash, digits.
static STATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?P<site>[A-Z]{3})-(?P<number>\d{1,4})$").expect("a pattern without faults"));

/// Why a text is no list of readings.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("line {line} cannot be read: {source}")]
    Line { line: usize, source: csv::Error },
    #[error("`{0}` is no station")]
    Station(String),
    #[error("`{0}` is no address of a database")]
    Address(String),
    #[error("the settings cannot be read: {0}")]
    Settings(#[from] toml::de::Error),
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        PyValueError::new_err(fault.to_string())
    }
}

/// One reading.
#[pyclass(frozen, get_all)]
#[derive(Clone, Serialize, Deserialize)]
struct Reading {
    station: String,
    at: DateTime<Utc>,
    value: f64,
}

#[pymethods]
impl Reading {
    /// The same reading has the same number everywhere.
    fn identity(&self) -> String {
        let name = format!("{}/{}", self.station, self.at.timestamp_millis());
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }

    fn json(&self) -> PyResult<String> {
        serde_json::to_string(self).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

/// Reads lines of `station,time,value`.
#[pyfunction]
fn read(text: &str) -> Result<Vec<Reading>, Fault> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut readings = Vec::new();
    for (index, row) in reader.deserialize::<Reading>().enumerate() {
        let reading = row.map_err(|source| Fault::Line { line: index + 1, source })?;
        if !STATION.is_match(&reading.station) {
            return Err(Fault::Station(reading.station));
        }
        readings.push(reading);
    }
    Ok(readings)
}

/// The limits in a TOML text, as JSON.
#[pyfunction]
fn limits(text: &str) -> Result<String, Fault> {
    let table: indexmap::IndexMap<String, f64> = toml::from_str(text)?;
    Ok(serde_json::to_string(&table).expect("numbers by name are always JSON"))
}

/// SHA-256 of a text, in hexadecimal digits.
#[pyfunction]
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{Reading, digest, limits, read};

    #[pymodule_export]
    use crate::address::{client_version, database};

    #[pymodule_export]
    use crate::summary::summary;
}

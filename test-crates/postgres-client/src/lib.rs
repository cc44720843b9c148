//! Asks a PostgreSQL server, through the client library that C programs use.

use std::ffi::{CStr, CString};

use pq_sys::{
    ConnStatusType, ExecStatusType, PQclear, PQconnectdb, PQerrorMessage, PQexec, PQfinish, PQgetvalue,
    PQlibVersion, PQresultStatus, PQstatus,
};
use pyo3::exceptions::{PyConnectionError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// The first value of the first row of an answer.
#[pyfunction]
fn ask(server: &str, query: &str) -> PyResult<String> {
    let text = |text: &str| CString::new(text).map_err(|error| PyValueError::new_err(error.to_string()));
    let (server, query) = (text(server)?, text(query)?);
    // SAFETY: every pointer comes from the library, is used before it is freed, and is freed once.
    unsafe {
        let connection = PQconnectdb(server.as_ptr());
        let failed = || CStr::from_ptr(PQerrorMessage(connection)).to_string_lossy().into_owned();
        if PQstatus(connection) != ConnStatusType::CONNECTION_OK {
            let error = PyConnectionError::new_err(failed());
            PQfinish(connection);
            return Err(error);
        }
        let result = PQexec(connection, query.as_ptr());
        let answer = if PQresultStatus(result) == ExecStatusType::PGRES_TUPLES_OK {
            Ok(CStr::from_ptr(PQgetvalue(result, 0, 0)).to_string_lossy().into_owned())
        } else {
            Err(PyRuntimeError::new_err(failed()))
        };
        PQclear(result);
        PQfinish(connection);
        answer
    }
}

/// The version of the client library.
#[pyfunction]
fn library_version() -> i32 {
    // SAFETY: it asks for nothing and changes nothing.
    unsafe { PQlibVersion() }
}

#[pymodule]
#[pyo3(name = "postgres_client")]
mod module {
    #[pymodule_export]
    use super::{ask, library_version};
}

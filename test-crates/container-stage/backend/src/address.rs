//! Where the database is, in the words of its own client library.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};

use pq_sys::{PQconninfoFree, PQconninfoParse, PQlibVersion};
use pyo3::prelude::*;
use url::Url;

use crate::Fault;

/// Takes an address such as `postgresql://user@host/name` apart.
#[pyfunction]
pub fn database(address: &str) -> Result<BTreeMap<String, String>, Fault> {
    let fault = || Fault::Address(address.to_owned());
    Url::parse(address).map_err(|_| fault())?;
    let text = CString::new(address).map_err(|_| fault())?;
    let mut parts = BTreeMap::new();
    // SAFETY: the list ends in an entry without a keyword, its texts end in a zero, and it is freed once, after its last use.
    unsafe {
        let list = PQconninfoParse(text.as_ptr(), std::ptr::null_mut());
        if list.is_null() {
            return Err(fault());
        }
        let own = |text| CStr::from_ptr(text).to_string_lossy().into_owned();
        let mut entry = list;
        while !(*entry).keyword.is_null() {
            if !(*entry).val.is_null() {
                parts.insert(own((*entry).keyword), own((*entry).val));
            }
            entry = entry.add(1);
        }
        PQconninfoFree(list);
    }
    Ok(parts)
}

/// The version of the client library.
#[pyfunction]
pub fn client_version() -> i32 {
    // SAFETY: it asks for nothing and changes nothing.
    unsafe { PQlibVersion() }
}

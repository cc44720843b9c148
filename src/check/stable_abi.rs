//! CPython's stable ABI: which symbol came with which version.
//!
//! `stable_abi.json` is written by `tests/refresh_stable_abi.py`. <https://docs.python.org/3/c-api/stable.html>

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    /// Minor version of CPython 3 → symbols that it brought.
    since: BTreeMap<u64, Vec<String>>,
}

static SINCE: LazyLock<BTreeMap<String, u64>> = LazyLock::new(|| {
    let table: Table =
        serde_json::from_str(include_str!("stable_abi.json")).expect("the embedded table is valid JSON");
    let pairs = table.since.into_iter().flat_map(|(minor, names)| {
        names
            .into_iter()
            .map(move |name| (name, minor))
            .collect::<Vec<_>>()
    });
    pairs.collect()
});

/// The minor version of CPython 3 that brought a symbol into the stable ABI; nothing for one that is not in it.
pub(super) fn since(symbol: &str) -> Option<u64> {
    SINCE.get(symbol).copied()
}

/// Whether a symbol is one of CPython's, by its name.
pub(super) fn is_of_cpython(symbol: &str) -> bool {
    ["Py", "_Py"].iter().any(|prefix| {
        symbol
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(|c: char| c == '_' || c.is_ascii_uppercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_have_the_version_they_came_with() {
        assert_eq!(since("PyModule_Create2"), Some(2));
        assert_eq!(since("PyObject_GetBuffer"), Some(11));
        assert_eq!(since("PyUnicode_AsUTF8"), None);
    }

    #[test]
    fn symbols_of_cpython_are_told_by_their_names() {
        for name in ["PyLong_FromLong", "_Py_NoneStruct", "Py_IncRef", "_PyObject_New"] {
            assert!(is_of_cpython(name), "{name}");
        }
        for name in ["Python", "_Pyro", "malloc", "PyramidNew"] {
            assert!(!is_of_cpython(name), "{name}");
        }
    }
}

//! The interpreter that the user describes in a configuration file of PyO3's own: `PYO3_CONFIG_FILE`.

use std::path::Path;

use super::{Implementation, Interpreter, PythonError, known};
use crate::fs;

/// Reads the file; what it does not say is computed for `target`, a triple.
///
/// # Errors
/// Where the file cannot be read, or does not say which Python it describes.
pub fn read(path: &Path, target: &str) -> Result<Interpreter, PythonError> {
    let wrong = |reason: String| PythonError::Configuration {
        path: path.to_owned(),
        reason,
    };
    let text = fs::read_text(path).map_err(|error| wrong(format!("cannot be read ({})", error.source)))?;
    interpreter(&text, target)
        .ok_or_else(|| wrong("tells no `implementation` with a `version` such as `3.12`".to_owned()))
}

fn interpreter(text: &str, target: &str) -> Option<Interpreter> {
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(found, _)| found.trim() == key)
            .map(|(_, value)| value.trim())
    };
    let implementation = match value("implementation").unwrap_or("CPython") {
        "CPython" => Implementation::CPython,
        "PyPy" => Implementation::PyPy,
        "GraalVM" => Implementation::GraalPy,
        _ => return None,
    };
    let minor = value("version")?.strip_prefix("3.")?.parse().ok()?;
    let flags = value("build_flags").unwrap_or_default();
    let free_threaded = flags.split(',').any(|flag| flag.trim() == "Py_GIL_DISABLED");
    let computed = known(implementation, minor, free_threaded, target);
    let Some(suffix) = value("ext_suffix") else {
        return computed;
    };
    let pointer_width = value("pointer_width").and_then(|width| width.parse().ok());
    Some(Interpreter {
        implementation,
        major: 3,
        minor,
        free_threaded,
        debug: flags.split(',').any(|flag| flag.trim() == "Py_DEBUG"),
        ext_suffix: suffix.to_owned(),
        soabi: None,
        abiflags: value("abiflags").unwrap_or_default().to_owned(),
        pointer_width: pointer_width
            .or(computed.map(|one| one.pointer_width))
            .unwrap_or(64),
        platform: None,
        executable: None,
        base_executable: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "x86_64-unknown-linux-gnu";

    #[test]
    fn a_configuration_names_its_python() {
        let found = interpreter("implementation=CPython\nversion=3.12\nshared=true\n", TARGET).unwrap();
        assert_eq!(
            (found.minor, found.ext_suffix.as_str()),
            (12, ".cpython-312-x86_64-linux-gnu.so")
        );
        let given = "implementation=CPython\nversion=3.14\nbuild_flags=Py_GIL_DISABLED\next_suffix=.own.so\npointer_width=32\n";
        let found = interpreter(given, TARGET).unwrap();
        assert!(found.free_threaded);
        assert_eq!((found.ext_suffix.as_str(), found.pointer_width), (".own.so", 32));
    }

    #[test]
    fn a_configuration_without_a_version_names_nothing() {
        assert_eq!(interpreter("implementation=CPython\n", TARGET), None);
        assert_eq!(interpreter("version=2.7\n", TARGET), None);
        assert_eq!(interpreter("implementation=Other\nversion=3.12\n", TARGET), None);
    }
}

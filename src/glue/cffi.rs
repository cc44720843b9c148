//! Python code for a library with a C interface: the header, and what cffi makes of it.
//!
//! <https://cffi.readthedocs.io/en/latest/cdef.html>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Glue, GlueError, Request, Words};
use crate::event::Event;
use crate::fs;
use crate::process::{self, Finished, Invocation, ProcessError};
use crate::project::products::Role;

/// Why the files are there, for people.
pub(super) const RULE: &str = "generated from the library's header by cffi";

/// What Python is told. Ends with status 77 where there is no cffi.
const SCRIPT: &str = "\
import sys
try:
    import cffi
    from cffi import recompiler
except ImportError:
    sys.exit(77)
ffi = cffi.FFI()
with open(sys.argv[1], encoding='utf-8') as header:
    text = header.read()
try:
    ffi.cdef(text)
except Exception as error:
    sys.exit(f'{type(error).__name__}: {error}')
recompiler.make_py_source(ffi, 'ffi', sys.argv[2])
";

/// The script's status where there is no cffi.
const NO_CFFI: i32 = 77;

/// Adds `ffi.py` and the `__init__.py` that loads the library.
pub(super) fn add(request: Request<'_>, glue: &mut Glue) -> Result<(), GlueError> {
    let Role::Library { module, name } = &request.part.product.role else {
        return Ok(());
    };
    let header = header(request)?;
    let code = code(request, &header)?;
    let folder = request.project.layout.code_folder(module);
    glue.add(&format!("{folder}/__init__.py"), init_py(name), RULE)?;
    glue.add(&format!("{folder}/ffi.py"), code, RULE)?;
    Ok(())
}

/// `name` is the library's, without `lib` and `.so`.
fn init_py(name: &str) -> String {
    format!(
        "__all__ = [\"lib\", \"ffi\"]\n\
         \n\
         import os\n\
         from .ffi import ffi\n\
         \n\
         lib = ffi.dlopen(os.path.join(os.path.dirname(__file__), 'lib{name}.so'))\n\
         del os\n"
    )
}

/// The header: one that a build script left in the target directory, or what cbindgen makes of the crate.
fn header(request: Request<'_>) -> Result<PathBuf, GlueError> {
    let cargo = &request.project.cargo;
    let own = cargo.target_directory.join("header.h");
    if own.is_file() {
        return Ok(own);
    }
    let package = &cargo.root().name;
    let failed = |words: String| GlueError::Header {
        package: package.clone(),
        source: Words::new(words),
    };
    let crate_folder = request.part.product.manifest.parent().unwrap_or(Path::new("/"));
    let configuration = crate_folder.join("cbindgen.toml");
    let mut config = if configuration.is_file() {
        cbindgen::Config::from_file(&configuration).map_err(failed)?
    } else {
        cbindgen::Config::default()
    };
    // cffi reads declarations of C, and nothing that a preprocessor would have to look at.
    config.language = cbindgen::Language::C;
    config.no_includes = true;
    config.includes.clear();
    config.sys_includes.clear();
    config.after_includes = None;
    config.defines.clear();
    config.include_guard = None;
    config.pragma_once = false;
    config.cpp_compat = false;
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_crate(crate_folder)
        .generate()
        .map_err(|error| failed(error.to_string()))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let folder = cargo.memory().join("cffi");
    fs::create_folder(&folder)?;
    let path = folder.join(format!("{package}.h"));
    fs::write_if_changed(&path, &text)?;
    Ok(path)
}

/// `ffi.py`, as Python's cffi writes it.
fn code(request: Request<'_>, header: &Path) -> Result<Vec<u8>, GlueError> {
    let interpreter = request.job.interpreter.as_ref();
    let python = interpreter
        .and_then(|interpreter| interpreter.executable.clone())
        .ok_or(GlueError::NoPython)?;
    let folder =
        tempfile::tempdir().map_err(fs::FileError::new("create a temporary folder", Path::new("")))?;
    let out = folder.path().join("ffi.py");
    let mut finished = run(request, &python, header, &out)?;
    if finished.status == NO_CFFI {
        let private = with_cffi(request, &python)?;
        finished = run(request, &private, header, &out)?;
    }
    match finished.status {
        0 => Ok(fs::read(&out)?),
        _ => Err(GlueError::Cffi {
            header: header.to_owned(),
            source: Words::new(String::from_utf8_lossy(&finished.stderr)),
        }),
    }
}

fn run(request: Request<'_>, python: &Path, header: &Path, out: &Path) -> Result<Finished, ProcessError> {
    let call = call(
        request,
        python,
        &["-c", SCRIPT, &header.to_string_lossy(), &out.to_string_lossy()],
    );
    process::capture(&call)
}

/// A Python with cffi: an environment below the target directory, made once. The user's own is never changed.
fn with_cffi(request: Request<'_>, python: &Path) -> Result<PathBuf, GlueError> {
    let missing = |words: &str| GlueError::NoCffi {
        python: python.to_owned(),
        source: Words::new(words),
    };
    let settings = &request.project.settings;
    let version = request
        .job
        .interpreter
        .as_ref()
        .map_or((3, 0), |it| (it.major, it.minor));
    let folder = request
        .project
        .cargo
        .memory()
        .join(format!("cffi/python{}.{}", version.0, version.1));
    let own = folder.join("bin/python");
    let is_ready = own.is_file()
        && process::capture(&call(request, &own, &["-c", "import cffi"])).is_ok_and(|it| it.status == 0);
    if is_ready {
        return Ok(own);
    }
    if settings.offline.value || settings.frozen.value {
        return Err(missing("nothing may be downloaded (`--offline`)"));
    }
    let place = folder.to_string_lossy().into_owned();
    for (program, arguments) in [
        (python, vec!["-m", "venv", "--clear", place.as_str()]),
        (
            own.as_path(),
            vec![
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "cffi",
            ],
        ),
    ] {
        let call = call(request, program, &arguments);
        (request.listener)(Event::Running {
            line: call.line_from(request.host.working_directory()),
        });
        let finished = process::capture(&call)?;
        if finished.status != 0 {
            return Err(missing(&String::from_utf8_lossy(&finished.stderr)));
        }
    }
    Ok(own)
}

fn call(request: Request<'_>, python: &Path, arguments: &[&str]) -> Invocation {
    Invocation {
        program: python.to_string_lossy().into_owned(),
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        set: BTreeMap::new(),
        unset: Vec::new(),
        working_directory: request.project.root.clone(),
    }
}

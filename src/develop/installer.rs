//! Whoever brings dependencies into an environment: uv or pip.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::dependencies::has_package;
use crate::event::{Event, Listener};
use crate::host::Host;
use crate::process::{self, Invocation, ProcessError};
use crate::python::environment::Environment;

/// Which installer is wished for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallerWish {
    /// `--uv`.
    pub uv: bool,
    /// `--pip-path`.
    pub pip: Option<PathBuf>,
}

/// Why dependencies are not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallerError {
    /// `--uv`, but there is none.
    #[error("`--uv` is asked for, but `uv` is neither on `PATH` nor in the environment")]
    NoUv,
    /// Neither.
    #[error("the environment has no pip, and there is no `uv` on `PATH`, to install its dependencies: {}", .0.display())]
    None(PathBuf),
    /// It could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It said why.
    #[error("the dependencies were not installed: `{program}` failed with status {status}")]
    Failed {
        /// The program.
        program: String,
        /// Its status.
        status: i32,
    },
}

impl InstallerError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoUv => Some("install uv, or leave `--uv` out"),
            Self::None(_) => {
                Some("install uv, bring pip with `python -m ensurepip`, or name one with `--pip-path`")
            }
            Self::Failed { .. } => Some(
                "its own words stand above; `--skip-install` puts the extension into place without installing anything",
            ),
            Self::Process(_) => None,
        }
    }
}

/// Installs requirements into an environment.
pub fn install(
    requirements: &[String],
    wish: &InstallerWish,
    environment: &Environment,
    host: &Host,
    listener: Listener<'_>,
) -> Result<(), InstallerError> {
    let (program, mut arguments) = installer(wish, environment, host)?;
    arguments.extend(requirements.iter().cloned());
    let call = Invocation {
        program,
        arguments,
        set: BTreeMap::new(),
        unset: vec!["__PYVENV_LAUNCHER__".to_owned()],
        working_directory: host.working_directory().to_owned(),
    };
    listener(Event::Running {
        line: call.line_from(host.working_directory()),
    });
    let finished = process::stream(&call, &mut |line| {
        listener(Event::Words {
            line: String::from_utf8_lossy(line).into_owned(),
        });
    })?;
    match finished.status {
        0 => Ok(()),
        status => Err(InstallerError::Failed {
            program: call.program,
            status,
        }),
    }
}

/// The program that installs, and its arguments up to the requirements. An environment that uv made has no pip of its own.
fn installer(
    wish: &InstallerWish,
    environment: &Environment,
    host: &Host,
) -> Result<(String, Vec<String>), InstallerError> {
    let python = environment.python.to_string_lossy().into_owned();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let uv = || {
        let call = words(&["pip", "install", "--python", &python]);
        let program = host.find_program("uv")?;
        Some((program.to_string_lossy().into_owned(), call))
    };
    if wish.uv {
        let in_environment = || {
            let call = words(&["-m", "uv", "pip", "install", "--python", &python]);
            has_package("uv", &environment.places).then(|| (python.clone(), call))
        };
        return uv().or_else(in_environment).ok_or(InstallerError::NoUv);
    }
    if let Some(pip) = &wish.pip {
        let program = host.absolute(pip).to_string_lossy().into_owned();
        return Ok((program, words(&["--python", &python, "install"])));
    }
    let pip = || {
        let call = words(&["-m", "pip", "--disable-pip-version-check", "install"]);
        has_package("pip", &environment.places).then(|| (python.clone(), call))
    };
    let found = if environment.is_made_by_uv {
        uv().or_else(pip)
    } else {
        pip().or_else(uv)
    };
    found.ok_or_else(|| InstallerError::None(environment.root.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::environment::Places;
    use std::path::Path;

    fn environment(root: &Path, is_made_by_uv: bool) -> Environment {
        Environment {
            root: root.to_owned(),
            python: root.join("bin/python"),
            places: Places {
                purelib: root.join("p"),
                platlib: root.join("p"),
                scripts: root.join("bin"),
                data: root.to_owned(),
                headers: root.join("h"),
            },
            markers: BTreeMap::new(),
            is_made_by_uv,
        }
    }

    #[test]
    fn uv_serves_the_environments_that_it_made_and_those_without_pip() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let host =
            |path: &str| Host::new([("PATH".to_owned(), path.to_owned())].into(), root.to_owned()).unwrap();
        let bare = host("");
        let (plain, of_uv) = (environment(root, false), environment(root, true));
        let chosen = |wish: &InstallerWish, environment: &Environment, host: &Host| {
            installer(wish, environment, host).map(|(program, arguments)| {
                let name = Path::new(&program).file_name().unwrap().to_str().unwrap();
                format!("{name} {}", arguments.join(" ")).replace(root.to_str().unwrap(), "")
            })
        };
        let any = InstallerWish::default();
        let uv = InstallerWish { uv: true, pip: None };
        assert!(matches!(
            chosen(&any, &plain, &bare),
            Err(InstallerError::None(_))
        ));
        assert!(matches!(chosen(&uv, &plain, &bare), Err(InstallerError::NoUv)));

        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::copy("/bin/true", root.join("bin/uv")).unwrap();
        let with_uv = host(root.join("bin").to_str().unwrap());
        let by_uv = "uv pip install --python /bin/python";
        assert_eq!(chosen(&any, &plain, &with_uv).unwrap(), by_uv);

        std::fs::create_dir_all(root.join("p/pip")).unwrap();
        std::fs::write(root.join("p/pip/__init__.py"), "").unwrap();
        let by_pip = "python -m pip --disable-pip-version-check install";
        assert_eq!(chosen(&any, &plain, &with_uv).unwrap(), by_pip);
        assert_eq!(chosen(&any, &of_uv, &with_uv).unwrap(), by_uv);
        assert_eq!(chosen(&any, &of_uv, &bare).unwrap(), by_pip);
        assert_eq!(chosen(&uv, &plain, &with_uv).unwrap(), by_uv);
        let named = InstallerWish {
            uv: false,
            pip: Some("tools/pip".into()),
        };
        assert_eq!(
            chosen(&named, &of_uv, &with_uv).unwrap(),
            "pip --python /bin/python install"
        );
    }
}

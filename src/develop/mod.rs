//! Takes what was asked and the environment that is active. Gives an editable installation, or finds that it is there already.
//! Knows nothing of archives: nothing is packed.

pub mod dependencies;
pub mod installer;
mod state;

use std::path::PathBuf;
use std::time::Instant;

use dependencies::{Asked, DependencyError};
use installer::{InstallerError, InstallerWish};
use state::State;

use crate::event::{Event, Listener, Stage};
use crate::host::Host;
use crate::install::{self, InstallError, Origin};
use crate::make::{self, Editing, MakeError};
use crate::project::settings::{Overrides, Purpose};
use crate::python::environment::{self, Environment, EnvironmentError};

/// What `develop` is asked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What a build would be asked.
    pub overrides: Overrides,
    /// Extras and groups.
    pub asked: Asked,
    /// Who installs dependencies.
    pub installer: InstallerWish,
    /// Whether the extension is only put into the source tree.
    pub skip_install: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Developed {
    /// The project's name, as written.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The environment's folder.
    pub environment: PathBuf,
    /// Whether anything was done.
    pub changed: bool,
    /// What was put into the source tree.
    pub in_place: Vec<PathBuf>,
}

/// Why nothing is installed.
#[derive(Debug, thiserror::Error)]
pub enum DevelopError {
    /// There is no environment.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Nothing could be built.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// What is asked for is not the project's.
    #[error(transparent)]
    Dependency(#[from] DependencyError),
    /// Dependencies are missing.
    #[error(transparent)]
    Installer(#[from] InstallerError),
    /// The wheel could not be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
}

impl DevelopError {
    /// The program's exit status.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Make(error) => error.exit_status(),
            _ => 1,
        }
    }
}

/// Builds the project here for the environment that is active or near, and installs it so that its sources are used where they
/// lie. Where nothing changed since the last time, nothing is done.
pub fn develop(request: &Request, host: &Host, listener: Listener<'_>) -> Result<Developed, DevelopError> {
    // Before anything is built, before even cargo is asked.
    let found = environment::find(host)?;
    let mut overrides = request.overrides.clone();
    overrides.purpose = Purpose::Develop;
    overrides.interpreters = vec![found.python.to_string_lossy().into_owned()];
    let editing = make::edit(&overrides, host, listener)?;
    let memory = editing.project().cargo.memory();
    let environment = found.ask(&memory, host)?;
    if !request.skip_install {
        bring_dependencies(request, &editing, &environment, host, listener)?;
    }
    put(request, &editing, &environment, listener)
}

/// Installs what the project needs and the environment has not.
fn bring_dependencies(
    request: &Request,
    editing: &Editing<'_>,
    environment: &Environment,
    host: &Host,
    listener: Listener<'_>,
) -> Result<(), DevelopError> {
    let wanted = dependencies::wanted(editing.project(), &request.asked, environment)?;
    if dependencies::are_met(&wanted, environment) {
        return Ok(());
    }
    let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let stage = Stage::Dependencies;
    listener(Event::Started {
        stage,
        subject: wanted.join(", "),
    });
    let clock = Instant::now();
    installer::install(&wanted, &request.installer, environment, host, listener)?;
    listener(Event::Finished {
        stage,
        outcome: wanted.join(", "),
        duration: clock.elapsed(),
    });
    Ok(())
}

/// Compiles, and puts everything into its place unless it lies there already.
fn put(
    request: &Request,
    editing: &Editing<'_>,
    environment: &Environment,
    listener: Listener<'_>,
) -> Result<Developed, DevelopError> {
    let project = editing.project();
    let editable = editing.compile()?;
    let what = if request.skip_install { "in place" } else { "" };
    let file = state::file(&project.cargo.memory(), &project.root, &environment.root, what);
    let fingerprint = editable.fingerprint();
    let mut developed = Developed {
        name: project.metadata.name.as_written().to_owned(),
        version: project.version.to_string(),
        environment: environment.root.clone(),
        changed: false,
        in_place: Vec::new(),
    };
    if State::load(&file).is_some_and(|state| state.holds(&fingerprint)) {
        return Ok(developed);
    }
    let finished = editable.finish()?;
    let mut files = finished.in_place.clone();
    if !request.skip_install {
        let stage = Stage::Install;
        listener(Event::Started {
            stage,
            subject: finished.wheel.filename.to_string(),
        });
        let clock = Instant::now();
        let origin = Origin {
            root: &project.root,
            is_editable: true,
        };
        files.extend(install::install(&finished.wheel, origin, environment)?);
        listener(Event::Finished {
            stage,
            outcome: environment.root.display().to_string(),
            duration: clock.elapsed(),
        });
    }
    if let Some(state) = State::of(&fingerprint, &files) {
        state.remember(&file);
    }
    developed.changed = true;
    developed.in_place = finished.in_place;
    Ok(developed)
}

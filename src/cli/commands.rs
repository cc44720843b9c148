//! One thin function a command: what was asked goes to the errand, what comes back to the screen.

use std::error::Error;
use std::ffi::OsString;

use super::args::{
    self, Arguments, ArtifactArguments, BuildArguments, Command, RepairArguments, SdistArguments, UsageError,
};
use super::check::{self, CheckError};
use super::ci;
use super::cook;
use super::docker::{self, DockerCommandError};
use super::elf;
use super::hints;
use super::itself;
use super::list_python;
use super::pep517;
use super::render::{self, Screen};
use super::scaffold;
use super::show;
use super::verify;
use crate::artifacts::{self, Made, Recorder};
use crate::cook::CookError;
use crate::develop::{self, DevelopError};
use crate::elf_file::ElfFileError;
use crate::event::Event;
use crate::host::{Host, HostError};
use crate::make::{self, MakeError, SdistWish};
use crate::pgo::{self, PgoError};
use crate::process;
use crate::project;
use crate::project::settings::{self, Overrides};
use crate::repair::{self, RepairError};
use crate::scaffold::ScaffoldError;
use crate::show::ShowError;
use crate::verify::VerifyError;

/// The exit statuses that are decided here; those of errands come with their errors. `--help` lists them all.
const DONE: u8 = 0;
const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

/// Why a command came to nothing.
pub(super) enum Failure {
    Usage(UsageError),
    Host(HostError),
    Make(Box<MakeError>),
    Develop(Box<DevelopError>),
    Pgo(Box<PgoError>),
    Cook(Box<CookError>),
    Repair(Box<RepairError>),
    Elf(Box<ElfFileError>),
    Check(CheckError),
    Docker(DockerCommandError),
    Show(Box<ShowError>),
    Scaffold(ScaffoldError),
    Verify(Box<VerifyError>),
}

/// Standard output took not all that was printed.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct ResultsLost(#[source] std::io::Error);

impl Failure {
    fn error(&self) -> &(dyn Error + 'static) {
        match self {
            Self::Usage(error) => error,
            Self::Host(error) => error,
            Self::Make(error) => error.as_ref(),
            Self::Develop(error) => error.as_ref(),
            Self::Pgo(error) => error.as_ref(),
            Self::Cook(error) => error.as_ref(),
            Self::Repair(error) => error.as_ref(),
            Self::Elf(error) => error.as_ref(),
            Self::Check(error) => error,
            Self::Docker(error) => error,
            Self::Show(error) => error.as_ref(),
            Self::Scaffold(error) => error,
            Self::Verify(error) => error.as_ref(),
        }
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => WRONG_USAGE,
            Self::Host(_) | Self::Elf(_) | Self::Scaffold(_) => FAILED,
            Self::Show(error) => error.exit_status(),
            Self::Verify(error) => error.exit_status(),
            Self::Make(error) => error.exit_status(),
            Self::Check(error) => error.exit_status(),
            Self::Docker(error) => error.exit_status(),
            Self::Develop(error) => error.exit_status(),
            Self::Pgo(error) => error.exit_status(),
            Self::Cook(error) => error.exit_status(),
            Self::Repair(error) => error.exit_status(),
        }
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

impl From<MakeError> for Failure {
    fn from(error: MakeError) -> Self {
        Self::Make(Box::new(error))
    }
}

impl From<CookError> for Failure {
    fn from(error: CookError) -> Self {
        Self::Cook(Box::new(error))
    }
}

impl From<ElfFileError> for Failure {
    fn from(error: ElfFileError) -> Self {
        Self::Elf(Box::new(error))
    }
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        Self::Check(error)
    }
}

impl From<DockerCommandError> for Failure {
    fn from(error: DockerCommandError) -> Self {
        Self::Docker(error)
    }
}

impl From<ScaffoldError> for Failure {
    fn from(error: ScaffoldError) -> Self {
        Self::Scaffold(error)
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::Verify(Box::new(error))
    }
}

impl From<ShowError> for Failure {
    fn from(error: ShowError) -> Self {
        Self::Show(Box::new(error))
    }
}

/// Does what the command line asks and gives the exit status. The first argument is the program's own name.
#[must_use]
pub fn run(command_line: impl IntoIterator<Item = OsString>) -> u8 {
    let typed: Vec<OsString> = command_line.into_iter().collect();
    let arguments = match args::parse(typed.clone()) {
        Ok(arguments) => arguments,
        Err(answer) => return render::usage(&answer),
    };
    let screen = Screen::new(&arguments.screen);
    // `elf` starts no program and holds signals itself, while it writes.
    let is_elf = matches!(arguments.command, Command::Elf(_));
    if let Some(error) = (!is_elf)
        .then(process::end_cleanly_on_signals)
        .and_then(Result::err)
    {
        screen.error(&error, None, FAILED);
        return FAILED;
    }
    match act(&arguments, &typed, &screen) {
        Ok(()) => match screen.lost() {
            None => DONE,
            Some(source) => {
                screen.error(&ResultsLost(source), None, FAILED);
                FAILED
            }
        },
        Err(failure) => {
            let status = failure.exit_status();
            screen.error(failure.error(), hints::hint(failure.error()).as_deref(), status);
            status
        }
    }
}

fn act(arguments: &Arguments, typed: &[OsString], screen: &Screen) -> Result<(), Failure> {
    match &arguments.command {
        Command::Build(asked) => build(arguments, asked, screen)?,
        Command::GenerateStubs(build) => {
            let (overrides, host) = asked(arguments, build)?;
            let out = build.out.as_ref().ok_or(UsageError::NoOutput)?;
            let out = host.absolute(out);
            let written = make::stubs(&overrides, &out, &host, &|event| screen.tell(&event))?;
            screen.files(written.iter());
        }
        Command::Plan(build) => {
            let (overrides, host) = asked(arguments, build)?;
            screen.plan(&make::plan(&overrides, build.sdist, &host, &|event| {
                screen.tell(&event);
            })?);
        }
        Command::Verify(verify) => {
            let (overrides, host) = asked(arguments, &verify.build)?;
            verify::run(verify, &overrides, typed, &host, screen, &|event| {
                screen.tell(&event);
            })?;
        }
        Command::Sdist(asked) => sdist(arguments, asked, screen)?,
        Command::Develop(asked) => {
            let mut request = asked.request(&arguments.screen)?;
            let host = Host::capture()?;
            args::check_variables(&host)?;
            if asked.pgo {
                let tell = |event| screen.tell(&event);
                let optimised = pgo::for_environment(&request.overrides, &host, &tell);
                request.overrides = optimised.map_err(|error| Failure::Pgo(Box::new(error)))?;
            }
            let developed = develop::develop(&request, &host, &|event| screen.tell(&event)).map_err(Box::new);
            screen.developed(&developed.map_err(Failure::Develop)?);
        }
        Command::Cook(asked) => cook::run(asked, &arguments.screen, &Host::capture()?, screen)?,
        Command::Check(check) => check::run(check, &Host::capture()?, screen)?,
        Command::Repair(asked) => mend(asked, screen)?,
        Command::Show(show) => show::run(show, &Host::capture()?, screen)?,
        Command::Pep517(hook) => {
            let host = Host::capture()?;
            args::check_variables(&host)?;
            let overrides = hook.overrides(&arguments.screen)?;
            let answer = pep517::run(hook, &overrides, &host, &|event| screen.tell(&event)).map_err(Box::new);
            let answer = answer.map_err(Failure::Pgo)?;
            screen.answer(&answer);
        }
        Command::New(asked) => scaffold::make_new(asked, &Host::capture()?, screen)?,
        Command::Init(asked) => scaffold::init(asked, &Host::capture()?, screen)?,
        Command::Ci(asked) => {
            asked.check()?;
            let host = Host::capture()?;
            let project = project::load(&asked.overrides(), &host).map_err(MakeError::Project)?;
            ci::run(asked, &project, &host, screen)?;
        }
        Command::Docker(asked) => docker::run(asked, &Host::capture()?, screen)?,
        Command::ListPython(asked) => list_python::run(asked, &Host::capture()?, screen)?,
        Command::Completions(asked) => itself::completions(asked, screen),
        Command::Man(asked) => itself::man(asked, &Host::capture()?, screen).map_err(MakeError::File)?,
        Command::Schema => itself::schema(screen),
        Command::Elf(elf) => {
            elf.check()?;
            elf::run(elf, &Host::capture()?, screen)?;
        }
    }
    Ok(())
}

fn build(arguments: &Arguments, build: &BuildArguments, screen: &Screen) -> Result<(), Failure> {
    let (overrides, host) = asked(arguments, build)?;
    let recorder = Recorder::default();
    let tell = |event| note(&recorder, screen, &event);
    if build.compile_only {
        make::compile_only(&overrides, &host, &tell)?;
        return Ok(());
    }
    let is_profiled = settings::wants_profile(&overrides, &host).map_err(UsageError::from)?;
    if build.sdist && is_profiled {
        return Err(UsageError::Together("--sdist", "--pgo").into());
    }
    let (sdist, wheels) = if build.sdist {
        let (sdist, wheels) = make::sdist_and_wheels(&overrides, SdistWish::default(), &host, &tell)?;
        screen.sdist(&sdist);
        (Some(sdist), wheels)
    } else if is_profiled {
        let wheels = pgo::wheels(&overrides, &host, &tell);
        (None, wheels.map_err(|error| Failure::Pgo(Box::new(error)))?)
    } else {
        (None, make::wheels(&overrides, &host, &tell)?)
    };
    if let Some(code) = &build.smoke {
        let paths: Vec<_> = wheels.iter().map(|wheel| wheel.path.as_path()).collect();
        check::try_all(&paths, code, &host, screen)?;
    }
    screen.wheels(&wheels);
    let made = Made {
        sdist: sdist.as_ref(),
        wheels: &wheels,
    };
    lay_beside(&recorder, made, &build.artifacts, &host, screen)
}

fn sdist(arguments: &Arguments, asked: &SdistArguments, screen: &Screen) -> Result<(), Failure> {
    let overrides = asked.overrides(&arguments.screen);
    let host = Host::capture()?;
    let recorder = Recorder::default();
    let sdist = make::sdist(&overrides, asked.wish(), &host, &|event| {
        note(&recorder, screen, &event);
    })?;
    screen.sdist(&sdist);
    let made = Made {
        sdist: Some(&sdist),
        wheels: &[],
    };
    lay_beside(&recorder, made, &asked.artifacts, &host, screen)
}

fn mend(asked: &RepairArguments, screen: &Screen) -> Result<(), Failure> {
    let host = Host::capture()?;
    let request = asked.request(&host)?;
    let recorder = Recorder::default();
    let tell = |event| note(&recorder, screen, &event);
    let wheels = repair::repair(&request, &host, &tell).map_err(Box::new);
    let wheels = wheels.map_err(Failure::Repair)?;
    screen.wheels(&wheels);
    let made = Made {
        sdist: None,
        wheels: &wheels,
    };
    lay_beside(&recorder, made, &asked.artifacts, &host, screen)
}

fn note(recorder: &Recorder, screen: &Screen, event: &Event) {
    recorder.note(event);
    screen.tell(event);
}

/// Lays beside what was made what is asked for, and tells a workflow of all of it.
fn lay_beside(
    recorder: &Recorder,
    made: Made<'_>,
    asked: &ArtifactArguments,
    host: &Host,
    screen: &Screen,
) -> Result<(), Failure> {
    let beside = artifacts::write(recorder, made, &asked.wish(), host).map_err(MakeError::File)?;
    screen.files(beside.files());
    for error in artifacts::tell(made, &beside, host) {
        screen.tell(&Event::Notice {
            message: format!("{error}: {}", error.source),
            hint: Some("what was made is whole, but later steps are not told of it".to_owned()),
        });
    }
    Ok(())
}

fn asked(arguments: &Arguments, build: &BuildArguments) -> Result<(Overrides, Host), Failure> {
    let overrides = build.overrides(&arguments.screen)?;
    let host = Host::capture()?;
    args::check_variables(&host)?;
    Ok((overrides, host))
}

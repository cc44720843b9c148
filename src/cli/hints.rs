//! What to do about each error: the line behind `hint:`.
//!
//! The rooms say what is wrong. Advice that only needs the error itself may stand beside it (`ProjectError::hint`); the rest is
//! here, matched without a catch-all, so that a new variant does not compile until somebody has thought about its advice.

#![expect(
    clippy::unnecessary_wraps,
    reason = "one shape for every room, whether or not it has advice on everything"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::args::UsageError;
use super::check::CheckError;
use super::docker::DockerCommandError;
use crate::archive::ArchiveError;
use crate::audit::{AuditError, Cause, ClosureError, Objection};
use crate::bundle::BundleError;
use crate::compile::CompileError;
use crate::cook::CookError;
use crate::develop::DevelopError;
use crate::develop::dependencies::DependencyError;
use crate::develop::installer::InstallerError;
use crate::elf::ElfError;
use crate::fs::FileError;
use crate::glue::GlueError;
use crate::graft::GraftError;
use crate::host::HostError;
use crate::install::InstallError;
use crate::make::MakeError;
use crate::pgo::PgoError;
use crate::plan::PlanError;
use crate::process::ProcessError;
use crate::project::ProjectError;
use crate::python::PythonError;
use crate::repair::RepairError;
use crate::scaffold::ScaffoldError;
use crate::sdist::SdistError;
use crate::show::ShowError;
use crate::verify::VerifyError;
use crate::wheel::files::FilesError;
use crate::wheel::write::WriteError;

/// Advice on an error, or on the nearest of its causes for which there is any.
#[must_use]
pub fn hint(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(hint) = of_one(error) {
            return Some(hint);
        }
        next = error.source();
    }
    None
}

fn of_one(error: &(dyn Error + 'static)) -> Option<String> {
    fn on<E: Error + 'static>(
        error: &(dyn Error + 'static),
        advise: fn(&E) -> Option<String>,
    ) -> Option<String> {
        error.downcast_ref::<E>().and_then(advise)
    }
    on::<UsageError>(error, |error| Some(error.hint()))
        .or_else(|| on(error, CheckError::hint))
        .or_else(|| on(error, DockerCommandError::hint))
        .or_else(|| on(error, host))
        .or_else(|| on(error, make))
        .or_else(|| on(error, develop))
        .or_else(|| on(error, CookError::hint))
        .or_else(|| on(error, repair))
        .or_else(|| on(error, show))
        .or_else(|| on(error, scaffold))
        .or_else(|| on(error, verify))
        .or_else(|| on(error, project))
        .or_else(|| on(error, python))
        .or_else(|| on(error, plan))
        .or_else(|| on(error, compile))
        .or_else(|| on(error, pgo))
        .or_else(|| on(error, glue))
        .or_else(|| on(error, |error| bundle(error, &BUILD)))
        .or_else(|| on(error, |error| audit(error, &BUILD)))
        .or_else(|| on(error, files))
        .or_else(|| on(error, sdist))
        .or_else(|| on(error, write))
        .or_else(|| on(error, process))
        .or_else(|| on(error, archive))
        .or_else(|| on(error, elf))
        .or_else(|| on(error, file))
}

fn host(error: &HostError) -> Option<String> {
    match error {
        HostError::WorkingDirectory(_) => Some("change to a folder that exists".to_owned()),
        HostError::SourceDateEpoch(_) => {
            Some("unset it, or set it to a number: `SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`".to_owned())
        }
    }
}

fn make(error: &MakeError) -> Option<String> {
    match error {
        MakeError::Project(error) => project(error),
        MakeError::Python(error) => python(error),
        MakeError::Plan(error) => plan(error),
        MakeError::Compile(error) => compile(error),
        MakeError::Files(error) => files(error),
        MakeError::Bundle(error) => bundle(error, &BUILD),
        MakeError::Archive(error) => archive(error),
        MakeError::Write(error) => write(error),
        MakeError::Sdist(error) => sdist(error),
        MakeError::File(error) => file(error),
        MakeError::Glue(error) => glue(error),
        MakeError::NoFunctions { .. } => Some(
            "for PyO3, add `pyo3` to `[dependencies]` and write a `#[pymodule]`; for cffi, write functions with \
             `#[unsafe(no_mangle)] pub extern \"C\"`"
                .to_owned(),
        ),
        MakeError::Elf { .. } => Some(
            "see what it is, for instance with `file`; ironwheel builds for Linux, which has ELF files"
                .to_owned(),
        ),
        MakeError::Image(_)
        | MakeError::OtherCLibrary { .. }
        | MakeError::TooNewForImage { .. }
        | MakeError::NoLinker { .. }
        | MakeError::NoStandardLibrary { .. }
        | MakeError::Tag(_)
        | MakeError::NoEntryPoint { .. }
        | MakeError::AbiMismatch { .. }
        | MakeError::Hook(_)
        | MakeError::PathFile(_)
        | MakeError::Wrong { .. } => error.hint(),
    }
}

fn develop(error: &DevelopError) -> Option<String> {
    match error {
        DevelopError::Environment(error) => Some(error.hint().to_owned()),
        DevelopError::Make(error) => make(error),
        DevelopError::Dependency(DependencyError::Document(_)) => {
            Some("groups are lists of requirements and of `{ include-group = \"…\" }`".to_owned())
        }
        DevelopError::Dependency(DependencyError::NoExtra { .. } | DependencyError::NoGroup { .. }) => {
            Some("name one that is in pyproject.toml, or leave it out".to_owned())
        }
        DevelopError::Installer(InstallerError::Process(error)) => process(error),
        DevelopError::Installer(error) => error.hint().map(str::to_owned),
        DevelopError::Install(InstallError::File(error)) => file(error),
        DevelopError::Install(error) => error.hint(),
    }
}

fn pgo(error: &PgoError) -> Option<String> {
    match error {
        PgoError::Make(error) => make(error),
        PgoError::Environment(error) => Some(error.hint().to_owned()),
        PgoError::Installer(InstallerError::Process(error)) | PgoError::Process(error) => process(error),
        PgoError::Installer(error) => error.hint().map(str::to_owned),
        PgoError::Dependency(_) => Some("correct `pgo-dependency-group`, or the group".to_owned()),
        PgoError::File(error) => file(error),
        error => error.hint(),
    }
}

fn verify(error: &VerifyError) -> Option<String> {
    match error {
        VerifyError::Project(error) => project(error),
        VerifyError::File(error) => file(error),
        VerifyError::Process(error) => process(error),
        VerifyError::Program(_) => Some("run it by its path".to_owned()),
        VerifyError::Build { which: "second", .. } => Some(
            "the first build in a copy worked: something hangs on the home, the user, the time zone or the locale".to_owned(),
        ),
        VerifyError::Build { .. } => Some(
            "where `ironwheel build` works here, a file outside of the project's folders is missing in the copy".to_owned(),
        ),
        VerifyError::Differs { .. } => {
            Some("the causes above come first; what else differs may follow from them".to_owned())
        }
    }
}

fn glue(error: &GlueError) -> Option<String> {
    Some(match error {
        GlueError::File(error) => return file(error),
        GlueError::Process(error) => return process(error),
        GlueError::Archive(error) => return archive(error),
        GlueError::Header { .. } => {
            "correct what cbindgen complains of, or let a build script write `header.h` into the target directory".to_owned()
        }
        GlueError::NoPython => "name one that is installed: `-i python3`".to_owned(),
        GlueError::NoCffi { python, .. } => format!("install it: `{} -m pip install cffi`", python.display()),
        GlueError::Cffi { .. } => {
            "leave out of the header what is no plain declaration of C: `exclude` in cbindgen.toml".to_owned()
        }
        GlueError::NoUniffiBindgen => {
            "add a program `uniffi-bindgen` to the workspace (`fn main() { uniffi::uniffi_bindgen_main() }`, with uniffi's feature \
             `cli`), or install `uniffi-bindgen`"
                .to_owned()
        }
        GlueError::Uniffi { line, .. } => format!("run it by hand: {line}"),
        GlueError::NoInterface { .. } => "write `uniffi::setup_scaffolding!()` and export something".to_owned(),
        GlueError::Stubs { .. } => {
            "turn on PyO3's feature `experimental-inspect`, and declare the module with `#[pymodule] mod`".to_owned()
        }
    })
}

/// What a command calls the flags that advice on libraries and platforms names.
struct Flags {
    /// A library stays out.
    exclude: &'static str,
    /// The platform that is asked for.
    platform: &'static str,
    /// The wheel may be as it is, where the command allows that.
    leave: Option<&'static str>,
}

const BUILD: Flags = Flags {
    exclude: "--exclude-lib",
    platform: "--compatibility",
    leave: Some("--auditwheel warn"),
};

const REPAIR: Flags = Flags {
    exclude: "--exclude",
    platform: "--plat",
    leave: None,
};

fn bundle(error: &BundleError, flags: &Flags) -> Option<String> {
    let exclude = flags.exclude;
    let hint = match error {
        BundleError::Audit(error) => return audit(error, flags),
        BundleError::Closure(ClosureError::File(error)) => return file(error),
        BundleError::Graft(GraftError::Archive(error)) | BundleError::Archive(error) => {
            return archive(error);
        }
        BundleError::Closure(ClosureError::Elf { .. }) => {
            format!("leave it out with `{exclude}`, or install it again")
        }
        BundleError::Graft(GraftError::Elf { .. }) => {
            let otherwise = flags.leave.map(|leave| format!(", or build with `{leave}`"));
            format!("leave it out with `{exclude}`{}", otherwise.unwrap_or_default())
        }
        BundleError::Graft(GraftError::NoWay { .. }) => {
            "put the file into the package, or link the library statically".to_owned()
        }
        BundleError::MixedWishes => format!("give `{}` once", flags.platform),
        BundleError::ForeignLibraries { .. } => {
            "`--auditwheel repair` puts them into the wheel, `--auditwheel warn` leaves it as it is"
                .to_owned()
        }
        BundleError::NotFound {
            missing, packages, ..
        } => not_found(missing, packages, exclude),
    };
    Some(hint)
}

fn not_found(missing: &BTreeMap<String, Vec<PathBuf>>, packages: &BTreeSet<String>, exclude: &str) -> String {
    let packages: Vec<String> = packages.iter().map(|name| format!("`{name}`")).collect();
    let install = if packages.is_empty() {
        "install what has it".to_owned()
    } else {
        format!("install {}", packages.join(", "))
    };
    let mut hint = format!("{install}, name its folder with `--lib-dir`, or leave it out with `{exclude}`");
    if let Some(places) = missing.values().next().filter(|places| !places.is_empty()) {
        let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        hint.push_str("; searched: ");
        hint.push_str(&places.join(", "));
    }
    hint
}

fn show(error: &ShowError) -> Option<String> {
    match error {
        ShowError::Read(error) => error.hint(),
        ShowError::OnePage(_) => Some("give each wheel a page of its own".to_owned()),
        ShowError::File(error) => file(error),
        ShowError::Closure { source, .. } => match source {
            ClosureError::File(error) => file(error),
            ClosureError::Elf { .. } => Some("leave it out with `--exclude`, or install it again".to_owned()),
        },
    }
}

fn scaffold(error: &ScaffoldError) -> Option<String> {
    match error {
        ScaffoldError::Exists(_)
        | ScaffoldError::Name { .. }
        | ScaffoldError::Manifest { .. }
        | ScaffoldError::InTheWay(_)
        | ScaffoldError::Ci(_) => error.hint(),
        ScaffoldError::File(error) => file(error),
    }
}

fn repair(error: &RepairError) -> Option<String> {
    match error {
        RepairError::Read(error) => error.hint(),
        RepairError::Bundle { source, .. } => match source.as_ref() {
            BundleError::Audit(AuditError::Machine { .. }) => {
                Some("its name and its files are for different machines: build it again".to_owned())
            }
            source => bundle(source, &REPAIR),
        },
        RepairError::OtherMachine { .. } => {
            Some("leave the architecture out: the wheel has its own".to_owned())
        }
        RepairError::InTheWay { .. } => Some("name another folder with `--wheel-dir`".to_owned()),
        RepairError::Damaged { .. } => {
            Some("build the wheel again, without that file if nobody needs it".to_owned())
        }
        RepairError::Pure { .. } => {
            Some("it runs anywhere as it is; `--allow-pure-python-wheel` makes it no error".to_owned())
        }
        RepairError::OtherSystem { .. } => {
            Some("wheels for other systems are repaired by their own tools".to_owned())
        }
        RepairError::Info { .. } => Some("build the wheel again".to_owned()),
        RepairError::Wrong { .. } => error.hint(),
        RepairError::Tag(_) => None,
        RepairError::Archive(error) => archive(error),
        RepairError::Write(error) => write(error),
        RepairError::File(error) => file(error),
    }
}

fn project(error: &ProjectError) -> Option<String> {
    error.hint().or_else(|| match error {
        ProjectError::File(error) => file(error),
        ProjectError::Process(error) => process(error),
        ProjectError::Archive(error) => archive(error),
        _ => None,
    })
}

fn python(error: &PythonError) -> Option<String> {
    let hint = match error {
        PythonError::NotFound { .. } => {
            "name one that is installed, as a program (`-i python3.12`), a path or a version (`-i 3.12`); `-f` takes all there are"
        }
        PythonError::NoDefault { .. } => "install Python 3, or name the version to build for: `-i 3.12`",
        PythonError::Broken { .. } => {
            "see what it says: run it with `-c 'import sysconfig'`; `-i` names another"
        }
        PythonError::Configuration { .. } => "correct the variable or the file, or unset it",
        PythonError::TooOld { .. } => "name a later one: `-i 3.12`",
        PythonError::UnknownImplementation { .. } => "name a CPython, PyPy or GraalPy with `-i`",
        PythonError::NotAllowed { .. } => {
            "name another with `-i`, or change `requires-python` in pyproject.toml"
        }
        PythonError::NoVersion { .. } => "name the version: `-i 3.12`",
    };
    Some(hint.to_owned())
}

fn plan(error: &PlanError) -> Option<String> {
    let hint = match error {
        PlanError::Unsupported { bindings, .. } => {
            format!("name another with `-i`, or use a version of `{bindings}` that takes this one")
        }
        PlanError::NoInterpreter => {
            "install Python 3 or name a version (`-i 3.12`), or turn on an `abi3-py…` feature of PyO3, which needs none".to_owned()
        }
        PlanError::OneIsEnough { .. } => "name one of them: `-i <python>`".to_owned(),
        PlanError::Archive(error) => return archive(error),
    };
    Some(hint)
}

fn compile(error: &CompileError) -> Option<String> {
    match error {
        CompileError::Cargo { .. } => Some("cargo's own words stand above".to_owned()),
        CompileError::Process(error) => process(error),
        CompileError::File(error) => file(error),
        CompileError::NoArtifact { .. } => {
            Some("see that `[lib]` in Cargo.toml has `crate-type = [\"cdylib\"]`".to_owned())
        }
    }
}

fn audit(error: &AuditError, flags: &Flags) -> Option<String> {
    let hint = match error {
        AuditError::Machine { .. } => {
            "see that `--target`, `CARGO_BUILD_TARGET` and cargo's configuration name the same machine"
                .to_owned()
        }
        AuditError::UnknownPolicy { .. } => {
            format!(
                "name one of these, or leave `{}` out to get the best that holds",
                flags.platform
            )
        }
        AuditError::NotHeld { objections, best, .. } => not_held(objections, &best.to_string(), flags),
    };
    Some(hint)
}

fn not_held(objections: &[Objection], best: &str, flags: &Flags) -> String {
    let what_holds = format!("{} {}", flags.platform, wish(best));
    let any = |test: fn(&Cause) -> bool| objections.iter().any(|objection| test(&objection.cause));
    if any(|cause| matches!(cause, Cause::LinksPython { .. })) {
        return "turn on PyO3's feature `extension-module`, and do not link Python by hand".to_owned();
    }
    if any(|cause| matches!(cause, Cause::ForeignLibrary { .. })) {
        return format!("link the library statically, or ask for what holds: `{what_holds}`");
    }
    format!(
        "build on a system as old as the platform, for instance in its container, or ask for what holds: `{what_holds}`"
    )
}

/// A platform tag as `--compatibility` and `--plat` take it: without the architecture.
fn wish(platform: &str) -> String {
    let parts: Vec<&str> = platform.splitn(4, '_').collect();
    match parts.as_slice() {
        [family @ ("manylinux" | "musllinux"), major, minor, ..] => format!("{family}_{major}_{minor}"),
        _ => "linux".to_owned(),
    }
}

fn files(error: &FilesError) -> Option<String> {
    error.hint().or_else(|| match error {
        FilesError::File(error) => file(error),
        FilesError::Archive(error) => archive(error),
        FilesError::NotUnicode(_) => Some("rename it".to_owned()),
        FilesError::Pattern { .. }
        | FilesError::LinkOut { .. }
        | FilesError::BrokenLink { .. }
        | FilesError::DataScheme(_)
        | FilesError::NoPythonFiles(_) => None,
    })
}

fn sdist(error: &SdistError) -> Option<String> {
    match error {
        SdistError::File(error) => file(error),
        SdistError::Files(error) => files(error),
        SdistError::Archive(error) => archive(error),
        SdistError::Process(error) => process(error),
        SdistError::NoPyproject(_)
        | SdistError::Manifest { .. }
        | SdistError::Pattern { .. }
        | SdistError::NoPackage(_)
        | SdistError::BuildScript { .. }
        | SdistError::OutOfReach { .. }
        | SdistError::Cargo { .. }
        | SdistError::Unreadable(_)
        | SdistError::VendorTaken(_)
        | SdistError::OtherLock { .. } => error.hint(),
    }
}

fn archive(error: &ArchiveError) -> Option<String> {
    let hint = match error {
        ArchiveError::Path { .. } => "rename the file, or `exclude` it",
        ArchiveError::Collision { .. } => {
            "rename one of the two, or `exclude` it: `ironwheel plan` names the rule behind each file"
        }
        ArchiveError::CaseCollision { .. } | ArchiveError::FileAndFolder { .. } => "rename one of the two",
    };
    Some(hint.to_owned())
}

fn elf(error: &ElfError) -> Option<String> {
    let hint = match error {
        ElfError::NotElf(_) => "shared objects and programs of Linux are ELF files: is this the right file?",
        ElfError::Malformed { .. } => "the file is damaged or was cut short: make it again",
        ElfError::Text(_) => "give another name",
        ElfError::Refused(_) => "`ironwheel elf show FILE` tells what the file has",
        ElfError::Unfaithful(_) => "this is a fault of ironwheel's: please report it, with the file",
    };
    Some(hint.to_owned())
}

fn write(error: &WriteError) -> Option<String> {
    match error {
        WriteError::File(error) => file(error),
        WriteError::SelfCheck(_) => Some(
            "this is a fault of ironwheel's: please report it with the output of `ironwheel plan -v`"
                .to_owned(),
        ),
    }
}

fn process(error: &ProcessError) -> Option<String> {
    match error {
        ProcessError::Missing(program) if program.ends_with("cargo") || program.ends_with("rustc") => {
            Some("install Rust, and see that `cargo` is on PATH".to_owned())
        }
        ProcessError::Missing(program) => Some(format!("install `{program}`, or put its folder on PATH")),
        ProcessError::Failed { .. } => None,
    }
}

fn file(error: &FileError) -> Option<String> {
    let hint = match error.source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem if error.action == "read" => {
            "see who may read it"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "choose another folder: `-o` for wheels, `--target-dir` for what cargo makes"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "make room, or choose another folder: `-o` for wheels, `--target-dir` for what cargo makes"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file stands where a folder is needed: move it, or choose another folder"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::ArchivePath;
    use crate::audit::Subject;
    use crate::tag::PlatformTag;

    fn not_held(causes: Vec<Cause>) -> String {
        hint(&refusal(causes)).expect("advice")
    }

    fn refusal(causes: Vec<Cause>) -> AuditError {
        let path = ArchivePath::parse("demo.so").unwrap();
        let objections = causes
            .into_iter()
            .map(|cause| Objection {
                subject: Subject::Object(path.clone()),
                cause,
            })
            .collect();
        AuditError::NotHeld {
            what: "shared object",
            wish: "manylinux_2_17".to_owned(),
            first: String::new(),
            objections,
            best: PlatformTag::Manylinux {
                major: 2,
                minor: 34,
                architecture: "x86_64".to_owned(),
            },
        }
    }

    #[test]
    fn each_command_is_told_its_own_flags() {
        let of_repair = |source: BundleError| {
            let error = RepairError::Bundle {
                path: "a.whl".into(),
                source: Box::new(source),
            };
            hint(&error).expect("advice")
        };
        let refusal = || BundleError::Audit(refusal(vec![Cause::OtherLibc]));
        assert!(of_repair(refusal()).ends_with("`--plat manylinux_2_34`"));
        assert!(
            hint(&MakeError::Bundle(refusal()))
                .expect("advice")
                .ends_with("`--compatibility manylinux_2_34`")
        );
        let missing = || BundleError::NotFound {
            missing: BTreeMap::new(),
            needed_by: BTreeSet::new(),
            packages: BTreeSet::new(),
        };
        assert!(of_repair(missing()).ends_with("with `--exclude`"));
        assert!(
            hint(&MakeError::Bundle(missing()))
                .expect("advice")
                .ends_with("with `--exclude-lib`")
        );
        assert_eq!(of_repair(BundleError::MixedWishes), "give `--plat` once");
    }

    #[test]
    fn advice_on_a_platform_names_one_that_holds() {
        let library = "libfoo.so.1".to_owned();
        assert!(not_held(vec![Cause::OtherLibc]).contains("`--compatibility manylinux_2_34`"));
        assert!(not_held(vec![Cause::ForeignLibrary { library }]).contains("statically"));
        assert_eq!(wish("linux_x86_64"), "linux");
        assert_eq!(wish("musllinux_1_2_aarch64"), "musllinux_1_2");
    }

    #[test]
    fn advice_on_libpython_comes_first() {
        let causes = vec![
            Cause::OtherLibc,
            Cause::LinksPython {
                library: "libpython3.11.so.1.0".to_owned(),
            },
        ];
        assert!(not_held(causes).contains("extension-module"));
    }

    #[test]
    fn advice_is_found_behind_a_room_s_own_error() {
        let denied = FileError {
            action: "create the folder",
            path: "/wheels".into(),
            source: ErrorKind::PermissionDenied.into(),
        };
        let error = WriteError::File(denied);
        assert!(hint(&error).expect("advice").contains("`-o`"));
    }

    #[test]
    fn advice_is_found_behind_any_error_that_names_its_cause() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] PlanError);
        assert!(
            hint(&Outer(PlanError::NoInterpreter))
                .expect("advice")
                .contains("abi3")
        );
        assert_eq!(hint(&std::io::Error::other("whatever")), None);
    }
}

//! Takes what was asked. Gives wheels, by whole walks: the only place that strings rooms together. Knows nothing of flags and
//! screens.
//!
//! `Project → Plan → Compiled → Audit → Grafted → Wheel → file`, for each wheel of the plan.

mod early;
mod editable;
mod hooks;
mod inputs;
mod planned;
mod sdist;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub use editable::{Editable, Editing, Finished, edit, editable_wheel};
pub use hooks::{HookError, build_requirements, dist_info, keep_promises, wheel_for_front_end};
pub use planned::{PlanReport, PlannedFile, PlannedSdist, PlannedWheel, SettingLine, plan};
pub use sdist::{SdistWish, sdist, sdist_and_wheels};

use crate::archive::{ArchiveError, ArchivePath, Content, Entry, Tree};
use crate::audit::image::ImageError;
use crate::audit::{Audit, AuditError, Cause, Grafting, Search, bringers};
use crate::bundle::{self, BundleError, Bundled, Wish};
use crate::check::{self, Finding, Profile, Severity, rules};
use crate::compile::{self, CompileError, Compiled};
use crate::elf::{self, ElfError, Facts};
use crate::event::{Carried, Event, Listener, Outside, Stage, WheelMade};
use crate::fs::{self, FileError};
use crate::glue::{self, GlueError};
use crate::graft::Naming;
use crate::graft::objects::{self, Objects};
use crate::host::Host;
use crate::plan::{self, Abi, Job, Part, Plan, PlanError};
use crate::project::bindings::StableAbi;
use crate::project::products::Role;
use crate::project::settings::{AuditMode, Overrides, excluded_globs};
use crate::project::{self, Notice, Project, ProjectError};
use crate::python::{self, Interpreter, PythonError};
use crate::sdist::SdistError;
use crate::tag::{PlatformTag, TagError, WheelFilename, WheelTag};
use crate::wheel::files::{self, FilesError, Selected};
use crate::wheel::papers::{self, Papers};
use crate::wheel::write::{self, Options, Prepared, Wheel, WriteError};
use crate::wheel::{info, metadata, sbom};
use crate::zip::write::Timestamp;

/// Why there is no wheel.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The project cannot be understood.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// There is no interpreter.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// There is nothing to build.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// There is no shared object.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The project's files cannot go into a wheel.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The platform that was asked for does not hold, or a library cannot be put in.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The shared object cannot be read.
    #[error("the shared object cannot be read: {path}", path = path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ElfError,
    },
    /// The wheel has no name.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// Two files for one place.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The wheel cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is no source distribution.
    #[error(transparent)]
    Sdist(#[from] SdistError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The extension has no entry point of its name.
    #[error(
        "the extension exports neither `PyInit_{name}` nor `PyModExport_{name}`, so Python could not import it"
    )]
    NoEntryPoint {
        /// The module's last name.
        name: String,
        /// Entry points that it exports instead.
        found: Vec<String>,
    },
    /// The library has nothing that Python could call.
    #[error("the library of `{package}` exports no function, so Python could call nothing in it")]
    NoFunctions {
        /// The package.
        package: String,
    },
    /// The Python code for a library cannot be written.
    #[error(transparent)]
    Glue(#[from] GlueError),
    /// What was compiled is not what was planned.
    #[error("`{crate_name}` was compiled {found} the stable ABI, but the wheel was planned {planned} it")]
    AbiMismatch {
        /// `pyo3` or `pyo3-ffi`.
        crate_name: String,
        /// `with` or `without`.
        found: &'static str,
        /// `with` or `without`.
        planned: &'static str,
    },
    /// A folder that Python would read otherwise than it is spelt.
    #[error(
        "an editable wheel cannot name the folder of the packages, because Python would cut its line short: {:?}",
        .0.display().to_string()
    )]
    PathFile(PathBuf),
    /// A front end asks for what it cannot have.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The image that the wheel is for is not known.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The image has another C library than the one that is compiled for.
    #[error("what is compiled for `{target}` does not run in `{image}`, which has {has}")]
    OtherCLibrary {
        /// The image.
        image: String,
        /// Its C library.
        has: String,
        /// The target.
        target: String,
    },
    /// A file asks the image's C library for what it does not have.
    #[error("`{file}` needs `{version}` (for `{symbol}`), and `{image}` has {has}")]
    TooNewForImage {
        /// The file, in the wheel.
        file: String,
        /// The newest version that it asks for.
        version: String,
        /// One of the symbols.
        symbol: String,
        /// The image.
        image: String,
        /// Its C library.
        has: String,
    },
    /// There is no linker.
    #[error("rustc needs a linker, and there is none on `PATH`: {program}")]
    NoLinker {
        /// Its name.
        program: String,
        /// Whether somebody gave that name.
        is_given: bool,
    },
    /// There is no standard library for the target.
    #[error("the standard library for `{target}` is not installed: {folder}", folder = folder.display())]
    NoStandardLibrary {
        /// The target.
        target: String,
        /// Where it would be.
        folder: PathBuf,
    },
    /// The finished archive breaks a rule that it breaks in nobody's name but ours.
    #[error("the archive that was made is wrong, which is a fault of ironwheel's: {finding}")]
    Wrong {
        /// The first of what is wrong.
        finding: Finding,
    },
}

impl MakeError {
    /// The program's exit status: 3 where the result breaks the policy asked for, cargo's own where cargo failed, else 1.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        let cargo = match self {
            Self::Project(error) => error.cargo_status(),
            Self::Compile(CompileError::Cargo { status, .. }) => Some(*status),
            _ => None,
        };
        match (cargo, self) {
            (Some(status), _) => cargo_status(status),
            (None, Self::Bundle(BundleError::MixedWishes)) => 2,
            (None, Self::Bundle(error)) if error.breaks_policy() => 3,
            (None, Self::TooNewForImage { .. }) => 3,
            (None, _) => 1,
        }
    }

    /// What to do next, where there is something better than reading the error again.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoEntryPoint { found, .. } if found.is_empty() => Some(
                "write a `#[pymodule]` of that name; a library without one is what a layer of dependencies alone leaves behind"
                    .to_owned(),
            ),
            Self::NoEntryPoint { found, .. } => Some(format!(
                "it exports {}: give `#[pymodule]`, `[lib] name` and `module-name` the same last name",
                found.join(", ")
            )),
            Self::Hook(error) => Some(error.hint()),
            Self::PathFile(_) => Some(
                "rename it: no white space at its end, and nothing in it that ends a line".to_owned(),
            ),
            Self::Wrong { finding } => Some(format!("please report it; {} asks for this", finding.rule.source)),
            Self::Image(error) => Some(error.hint()),
            Self::OtherCLibrary { .. } => Some(
                "build for the image's own kind of system: `--target` with `-unknown-linux-gnu` or `-unknown-linux-musl`, or in a container of it"
                    .to_owned(),
            ),
            Self::TooNewForImage { .. } => Some(
                "build in a container of the image's system or of an older one, or choose a newer image".to_owned(),
            ),
            Self::NoLinker { is_given: true, .. } => Some(
                "install it, or correct `linker` in cargo's configuration or `CARGO_TARGET_…_LINKER`".to_owned(),
            ),
            Self::NoLinker { is_given: false, .. } => Some(
                "install a C compiler: `apt-get install gcc libc6-dev`, `dnf install gcc`, `apk add build-base`".to_owned(),
            ),
            Self::NoStandardLibrary { target, .. } => Some(format!(
                "add it: `rustup target add {target}`; a distribution has it in a package such as `rust-std-static` or `libstd-rust-dev`"
            )),
            Self::AbiMismatch { .. } => Some(
                "the feature is turned on by another crate or a feature of this one: ask for `pyo3/abi3-py3XY` by name".to_owned(),
            ),
            _ => None,
        }
    }
}

/// A status of cargo's as the program's own: 0, 2 and 3 mean something else here.
#[must_use]
pub fn cargo_status(status: i32) -> u8 {
    u8::try_from(status)
        .ok()
        .filter(|status| *status > 3)
        .unwrap_or(101)
}

/// Makes every wheel of the plan, in its order.
pub fn wheels(
    overrides: &Overrides,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Vec<WheelMade>, MakeError> {
    let (project, plan) = survey(overrides, host, listener)?;
    announce(&early::look(&project, host, early::Tools::Needed)?, listener);
    let selected = files::select(&project, &project.data_folder())?;
    announce(&plan.notices, listener);
    announce(&selected.notices, listener);
    listener(Event::Project(inputs::seen(&project, &selected.tree)));
    let _alone = compile::alone(&project.cargo, listener)?;
    let maker = Maker {
        project: &project,
        selected: &selected,
        host,
        listener,
    };
    plan.jobs.iter().map(|job| maker.make(job)).collect()
}

/// Compiles, and writes type stubs of every extension below a folder, laid out as in a wheel. Gives their paths.
pub fn stubs(
    overrides: &Overrides,
    out: &Path,
    host: &Host,
    listener: Listener<'_>,
) -> Result<Vec<PathBuf>, MakeError> {
    let (project, plan) = survey(overrides, host, listener)?;
    announce(&plan.notices, listener);
    let _alone = compile::alone(&project.cargo, listener)?;
    let selected = Selected::default();
    let maker = Maker {
        project: &project,
        selected: &selected,
        host,
        listener,
    };
    // The types are the same for every interpreter.
    let job = plan.jobs.first().ok_or(PlanError::NoInterpreter)?;
    let compiled = maker.compile(job)?;
    let mut written = Vec::new();
    for (part, file) in job.parts.iter().zip(&compiled.files) {
        for (path, entry) in glue::stubs(maker.glue(job, part, file))?.files {
            let target = out.join(path.as_str());
            fs::create_folder(target.parent().unwrap_or(out))?;
            if let Content::Bytes(bytes) = &entry.content {
                fs::put_in_place(&target, bytes, false)?;
            }
            written.push(target);
        }
    }
    Ok(written)
}

/// Compiles what the wheels of the plan will hold, and makes none: Python files, a readme and licences need not be there. Gives
/// how many crates were compiled.
pub fn compile_only(overrides: &Overrides, host: &Host, listener: Listener<'_>) -> Result<usize, MakeError> {
    let clock = begin(Stage::Project, "manifests", listener);
    let project = project::load_to_compile(overrides, host)?;
    end(
        Stage::Project,
        format!("{}, {}", project.metadata.name, project.bindings),
        clock,
        listener,
    );
    let plan = decide(&project, host, listener)?;
    let _alone = compile::alone(&project.cargo, listener)?;
    let selected = Selected::default();
    let maker = Maker {
        project: &project,
        selected: &selected,
        host,
        listener,
    };
    plan.jobs
        .iter()
        .try_fold(0, |sum, job| Ok(sum + maker.compile(job)?.compiled))
}

/// Reads the project and plans what `wheels` would make of it, without compiling anything.
pub fn survey(
    overrides: &Overrides,
    host: &Host,
    listener: Listener<'_>,
) -> Result<(Project, Plan), MakeError> {
    let project = understand(overrides, host, listener)?;
    // Before minutes of compiling, not after.
    check_writable(&project.settings.out.value)?;
    let plan = decide(&project, host, listener)?;
    Ok((project, plan))
}

fn understand(overrides: &Overrides, host: &Host, listener: Listener<'_>) -> Result<Project, MakeError> {
    let clock = begin(Stage::Project, "manifests", listener);
    let project = project::load(overrides, host)?;
    let layout = if project.layout.is_mixed() {
        "mixed"
    } else {
        "pure"
    };
    let bindings = &project.bindings;
    end(
        Stage::Project,
        format!(
            "{} {}, {layout}, {bindings}",
            project.metadata.name, project.version
        ),
        clock,
        listener,
    );
    announce(&project.notices, listener);
    Ok(project)
}

/// Finds the interpreters that a project is built for, and plans its wheels.
pub fn decide(project: &Project, host: &Host, listener: Listener<'_>) -> Result<Plan, MakeError> {
    let settings = &project.settings;
    let asked = settings.interpreters.is_explicit();
    // One wheel serves every Python: there is nothing to look for.
    let find_all = settings.find_interpreters.value && project.bindings.depend_on_python();
    if !asked && !find_all && plan::needs_no_interpreter(project) {
        return Ok(plan::plan(project, &[], false)?);
    }
    let clock = begin(Stage::Python, "interpreters", listener);
    let memory = project.cargo.memory();
    let (cpython, pypy) = project.bindings.pythons();
    let search = python::Search {
        target: &project.cargo.target_triple,
        host_triple: &project.cargo.host_triple,
        cpython,
        pypy,
        requires_python: project.metadata.requires_python_specifiers.as_ref(),
        memory: &memory,
    };
    let interpreters = if asked {
        python::find(&settings.interpreters.value, search, host)?
    } else if find_all {
        match python::find_all(search, host) {
            // A stable ABI with a floor needs none.
            Err(PythonError::NoDefault { .. }) if plan::needs_no_interpreter(project) => Vec::new(),
            found => found?,
        }
    } else if let Some(config) = host.variable("PYO3_CONFIG_FILE") {
        vec![python::given::read(
            &host.absolute(Path::new(config)),
            &project.cargo.target_triple,
        )?]
    } else {
        vec![python::default(search, host)?]
    };
    let found = interpreters
        .iter()
        .map(Interpreter::describe)
        .collect::<Vec<_>>()
        .join(", ");
    end(Stage::Python, found, clock, listener);
    Ok(plan::plan(project, &interpreters, asked)?)
}

/// A wheel cannot be written where no file can be.
fn check_writable(out: &Path) -> Result<(), FileError> {
    fs::create_folder(out)?;
    tempfile::Builder::new()
        .prefix(".ironwheel-")
        .tempfile_in(out)
        .map(drop)
        .map_err(FileError::new("write to the output folder", out))
}

fn begin(stage: Stage, subject: impl Into<String>, listener: Listener<'_>) -> Instant {
    listener(Event::Started {
        stage,
        subject: subject.into(),
    });
    Instant::now()
}

fn end(stage: Stage, outcome: impl Into<String>, clock: Instant, listener: Listener<'_>) {
    listener(Event::Finished {
        stage,
        outcome: outcome.into(),
        duration: clock.elapsed(),
    });
}

fn announce(notices: &[Notice], listener: Listener<'_>) {
    for notice in notices {
        listener(Event::Notice {
            message: notice.message.clone(),
            hint: notice.hint.clone(),
        });
    }
}

/// `demo.libs`, at the wheel's root.
fn libraries_folder(project: &Project) -> String {
    format!("{}.libs", project.metadata.name.escaped())
}

/// The root of the system that libraries are taken from.
fn sysroot(project: &Project) -> PathBuf {
    let asked = &project.settings.sysroot.value;
    asked.clone().unwrap_or_else(|| PathBuf::from("/"))
}

/// What the audit found that is told of the wheel.
struct Proof {
    needed: Vec<String>,
    libraries: Vec<Carried>,
    outside: Vec<Outside>,
    interpreter: Option<String>,
}

/// What every job of a project shares.
struct Maker<'a> {
    project: &'a Project,
    selected: &'a Selected,
    host: &'a Host,
    listener: Listener<'a>,
}

impl Maker<'_> {
    /// Makes one wheel. While cargo is at work the files that are there already are compressed.
    fn make(&self, job: &Job) -> Result<WheelMade, MakeError> {
        let memory = self.project.cargo.memory();
        let options = self.options(&memory);
        let progress = |done, total| (self.listener)(Event::Progress { done, total });
        std::thread::scope(|scope| {
            let preparing = scope.spawn(|| write::prepare(&self.selected.tree, &options, &progress));
            let (wheel, proof) = self.prove(job)?;
            let clock = begin(Stage::Write, wheel.filename.to_string(), self.listener);
            let prepared = preparing
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            self.write(wheel, prepared, &options, proof, clock)
        })
    }

    /// Compiles a job, judges what comes of it and puts in what it lacks: a wheel that is not written yet.
    fn prove(&self, job: &Job) -> Result<(Wheel, Proof), MakeError> {
        let compiled = self.compile(job)?;
        let mut tree = self.gather(job, &compiled)?;
        let clock = begin(Stage::Audit, job.main().path.as_str(), self.listener);
        let objects = objects::find(&tree, self.host.cores())?;
        let facts = self.facts(job, &compiled, &objects)?;
        let bundled = self.bundle(&compiled, &objects, &facts[0], &mut tree)?;
        end(Stage::Audit, bundled.in_words(), clock, self.listener);
        let filename = WheelFilename::new(
            &self.project.metadata.name,
            &self.project.version,
            self.project.settings.build_tag.value.as_ref(),
            WheelTag::new(
                vec![job.python_tag.clone()],
                job.abi_tags.clone(),
                bundled
                    .platforms
                    .iter()
                    .flat_map(PlatformTag::with_aliases)
                    .collect::<Vec<_>>(),
            ),
        )?;
        self.add_dist_info(&filename, &compiled, &mut tree)?;
        let papers = Papers {
            dist_info: &filename.dist_info(),
            folder: &libraries_folder(self.project),
            name: filename.distribution(),
            version: filename.version(),
            closure: &bundled.closure,
            owners: &bundled.owners,
            timestamp: self.host.source_date_epoch(),
            has_bill: self.project.settings.sbom_libraries.value,
        };
        papers::add(&bundled.travellers, &papers, &mut tree)?;
        let needed: BTreeSet<String> = facts.into_iter().flat_map(|facts| facts.needed).collect();
        let proof = Proof {
            needed: needed.into_iter().collect(),
            libraries: bundled.carried(),
            outside: bundled.outside(),
            interpreter: job.interpreter.as_ref().map(Interpreter::describe),
        };
        Ok((Wheel::new(filename, tree), proof))
    }

    fn options<'a>(&'a self, memory: &'a Path) -> Options<'a> {
        Options {
            out: &self.project.settings.out.value,
            compression: self.project.settings.compression.value,
            timestamp: self
                .host
                .source_date_epoch()
                .map_or(Timestamp::EARLIEST, Timestamp::from_unix),
            cores: self.host.cores(),
            memory: Some(memory),
        }
    }

    fn compile(&self, job: &Job) -> Result<Compiled, MakeError> {
        let subject = format!(
            "{} {} for {}",
            self.project.metadata.name,
            self.project.version,
            job.subject()
        );
        let clock = begin(Stage::Compile, subject, self.listener);
        let compiled = compile::compile(self.project, job, self.host, self.listener)?;
        let outcome = match compiled.compiled {
            0 => "nothing to compile".to_owned(),
            1 => "1 crate compiled".to_owned(),
            count => format!("{count} crates compiled"),
        };
        end(Stage::Compile, outcome, clock, self.listener);
        check_abi(job, &compiled)?;
        Ok(compiled)
    }

    /// The facts of what cargo made, each of which must be what it was made for.
    fn facts(&self, job: &Job, compiled: &Compiled, objects: &Objects) -> Result<Vec<Facts>, MakeError> {
        let is_ours = |path: &ArchivePath| job.parts.iter().any(|part| part.path == *path);
        for (path, error) in objects.unreadable.iter().filter(|(path, _)| !is_ours(path)) {
            let notice = Notice::new(format!("`{path}` cannot be judged: {error}"));
            announce(&[notice], self.listener);
        }
        let parts = job.parts.iter().zip(&compiled.files);
        parts
            .map(|(part, file)| {
                let object = objects.objects.iter().find(|object| object.path == part.path);
                let facts = match object {
                    Some(object) => object.facts.clone(),
                    // Whatever it is, reading it says why it is nothing that a loader takes; a static program needs none.
                    None => inspect(&fs::read(file)?, file)?,
                };
                match &part.product.role {
                    Role::Extension(module) => check_entry_point(&facts, module.last())?,
                    Role::Library { .. } if facts.exported.is_empty() => {
                        return Err(MakeError::NoFunctions {
                            package: self.project.cargo.root().name.clone(),
                        });
                    }
                    Role::Library { .. } | Role::Program(_) => {}
                }
                Ok(facts)
            })
            .collect()
    }

    /// Audits the tree, and puts into it what its platform does not promise.
    fn bundle(
        &self,
        compiled: &Compiled,
        objects: &Objects,
        facts: &Facts,
        tree: &mut Tree,
    ) -> Result<Bundled, MakeError> {
        let settings = &self.project.settings;
        let architecture = architecture(&self.project.cargo.target_triple, facts);
        let search = self.search(compiled);
        let given = self.host.variable("_PYTHON_HOST_PLATFORM");
        let wish = Wish {
            // Whoever gives the platform answers for it.
            mode: given.map_or(settings.audit_mode.value, |_| AuditMode::Skip),
            platforms: &settings.compatibility.value,
            also_better: false,
            architecture: &architecture,
            search: &search,
            data: &self.project.data_folder(),
            folder: &libraries_folder(self.project),
            run_path: &settings.run_path.value,
            drop_needed: &BTreeSet::new(),
            naming: Naming::Found,
            strip: settings.strip.value,
            cores: self.host.cores(),
        };
        let mut bundled =
            bundle::bundle(tree, objects, &wish).inspect_err(|error| self.blame(error, compiled))?;
        let doubts: Vec<Notice> = bundled.doubts().into_iter().map(Notice::new).collect();
        announce(&doubts, self.listener);
        let own = objects
            .objects
            .iter()
            .map(|object| (object.path.to_string(), &object.facts));
        let notice = early::hold(self.project, own, &bundled)?;
        announce(notice.as_slice(), self.listener);
        if let Some(given) = given {
            bundled.platforms = vec![PlatformTag::Verbatim(given.replace(['-', '.'], "_"))];
        } else if wish.mode != AuditMode::Skip {
            self.explain(&bundled.audit, &bundled.platforms, wish.grafting());
        }
        Ok(bundled)
    }

    /// Says which crates, or which objects in C, ask for symbols that are too new: the archives tell, the linked file does not.
    fn blame(&self, error: &BundleError, compiled: &Compiled) {
        const SHOWN: usize = 4;
        let BundleError::Audit(AuditError::NotHeld { objections, .. }) = error else {
            return;
        };
        let symbols: BTreeSet<String> = objections
            .iter()
            .filter_map(|objection| match &objection.cause {
                Cause::TooNew { symbols, .. } => Some(symbols.iter().cloned()),
                _ => None,
            })
            .flatten()
            .collect();
        if symbols.is_empty() {
            return;
        }
        let mut archives = compiled.archives.clone();
        archives.extend(compile::standard_library(self.project, self.host));
        for (symbol, bringers) in bringers::bringers(&archives, &symbols) {
            let names = bringers
                .iter()
                .take(SHOWN)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            let more = match bringers.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            announce(
                &[Notice::new(format!(
                    "`{symbol}`, which is too new, is asked for by {names}{more}"
                ))],
                self.listener,
            );
        }
    }

    /// Where the loader would look for libraries, and behind that where the linker found them.
    fn search(&self, compiled: &Compiled) -> Search {
        let settings = &self.project.settings;
        let host = self.host;
        Search {
            sysroot: sysroot(self.project),
            library_path: host.folders(host.variable("LD_LIBRARY_PATH").unwrap_or_default()),
            extra: settings
                .lib_dirs
                .value
                .iter()
                .chain(&compiled.link_search)
                .cloned()
                .collect(),
            exclude: excluded_globs(&settings.exclude_libs.value),
        }
    }

    /// Says why a tag is no better, and where a better one would hold.
    fn explain(&self, audit: &Audit, platforms: &[PlatformTag], grafting: Grafting) {
        let asked = self.project.settings.compatibility.is_explicit();
        let notice = match platforms {
            [chosen @ PlatformTag::Linux { .. }] if !asked => {
                let remaining = audit.remaining(grafting);
                let any = |test: fn(&Cause) -> bool| remaining.iter().any(|objection| test(&objection.cause));
                let hint = if any(|cause| matches!(cause, Cause::LinksPython { .. })) {
                    "turn on PyO3's feature `extension-module`, and see that no build script links libpython"
                } else if any(|cause| matches!(cause, Cause::ForeignLibrary { .. })) {
                    "`--auditwheel repair` puts what it needs into the wheel"
                } else {
                    "build on a system as old as the platform, for instance in its container"
                };
                let reasons = remaining
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("; ");
                Notice::new(format!(
                    "the wheel is tagged `{chosen}` and may not run elsewhere: {reasons}"
                ))
                .hint(hint)
            }
            [chosen] => match audit.better_than(chosen, grafting) {
                Some(better) if asked && !matches!(chosen, PlatformTag::Linux { .. }) => {
                    Notice::new(format!(
                        "the wheel is tagged `{chosen}` as asked, but would hold to `{better}`, which serves more systems"
                    ))
                }
                _ => return,
            },
            _ => return,
        };
        announce(&[notice], self.listener);
    }

    /// Every file of the wheel that is not about the wheel itself.
    fn gather(&self, job: &Job, compiled: &Compiled) -> Result<Tree, MakeError> {
        let mut tree = self.selected.tree.clone();
        let mut notices = Vec::new();
        let out_dir = |name: Option<&str>| self.out_dir(compiled, name);
        files::add_from_out_dirs(self.project, out_dir, &mut tree, &mut notices)?;
        announce(&notices, self.listener);
        self.add_compiled(job, compiled, |file| Ok(fs::read(file)?.into()), &mut tree)?;
        Ok(tree)
    }

    /// Adds what cargo made, and the Python code that goes with it. `content` takes cargo's file.
    fn add_compiled(
        &self,
        job: &Job,
        compiled: &Compiled,
        content: impl Fn(&Path) -> Result<Content, FileError>,
        tree: &mut Tree,
    ) -> Result<(), MakeError> {
        let files = compiled.files.iter().zip(&compiled.debug_files);
        for (part, (file, debug_file)) in job.parts.iter().zip(files) {
            add_part(part, content(file)?, tree)?;
            if self.project.settings.include_debuginfo.value {
                self.add_debuginfo(part, debug_file.as_deref(), tree)?;
            }
            let glue = glue::write(self.glue(job, part, file))?;
            announce(&glue.notices, self.listener);
            for (path, entry) in glue.files {
                self.add_generated(path, entry, tree)?;
            }
        }
        Ok(())
    }

    fn glue<'b>(&'b self, job: &'b Job, part: &'b Part, file: &'b Path) -> glue::Request<'b> {
        glue::Request {
            project: self.project,
            job,
            part,
            file,
            host: self.host,
            listener: self.listener,
        }
    }

    /// Adds the file with debug information under the name by which debuggers look for it.
    fn add_debuginfo(&self, part: &Part, file: Option<&Path>, tree: &mut Tree) -> Result<(), MakeError> {
        let Some(file) = file else {
            announce(
                &[Notice::new(format!(
                    "there is no debug information of {}",
                    part.product.describe()
                ))
                .hint("ask for it in Cargo.toml: `debug = true` in the profile")],
                self.listener,
            );
            return Ok(());
        };
        let entry = Entry {
            content: fs::read(file)?.into(),
            executable: false,
            rule: "debug information".to_owned(),
        };
        Ok(tree.add(ArchivePath::parse(&format!("{}.dwp", part.path))?, entry)?)
    }

    /// Adds a generated file. A stub that the project has, perhaps from an earlier run, makes way for the one of this build; an
    /// `__init__.py` that somebody wrote stays.
    fn add_generated(&self, path: ArchivePath, entry: Entry, tree: &mut Tree) -> Result<(), MakeError> {
        let is_there = tree.get(path.as_str()).is_some();
        if is_there && path.as_str().ends_with("/__init__.py") {
            let notice = Notice::new(format!(
                "the project's own `{path}` stays in place of the generated one"
            ))
            .hint("let it import what the generated code shows");
            announce(&[notice], self.listener);
            return Ok(());
        }
        if !is_there || !is_stub(&path) {
            return Ok(tree.add(path, entry)?);
        }
        announce(
            &[Notice::new(format!(
                "the project's own `{path}` makes way for the one that is generated"
            ))
            .hint("remove it, or do without `generate-stubs`")],
            self.listener,
        );
        tree.put(path, entry);
        Ok(())
    }

    /// The folder that a crate's build script wrote to; the root crate's where no name is given.
    fn out_dir(&self, compiled: &Compiled, name: Option<&str>) -> Option<PathBuf> {
        let id = match name {
            None => self.project.cargo.root_id.clone(),
            Some(name) => self
                .project
                .cargo
                .packages
                .iter()
                .find(|(_, package)| package.name == name)?
                .0
                .clone(),
        };
        compiled.out_dirs.get(&id).cloned()
    }

    fn add_dist_info(
        &self,
        filename: &WheelFilename,
        compiled: &Compiled,
        tree: &mut Tree,
    ) -> Result<(), MakeError> {
        self.add_descriptions(filename, tree)?;
        self.add_bills(filename, compiled, tree)
    }

    /// What is known without compiling: METADATA, WHEEL, the entry points and the licences.
    fn add_descriptions(&self, filename: &WheelFilename, tree: &mut Tree) -> Result<(), MakeError> {
        let folder = filename.dist_info();
        let mut add = |name: &str, entry: Entry| -> Result<(), MakeError> {
            Ok(tree.add(ArchivePath::parse(&format!("{folder}/{name}"))?, entry)?)
        };
        add(
            "METADATA",
            Entry::generated(metadata::render(&self.project.metadata), "core metadata"),
        )?;
        add(
            "WHEEL",
            Entry::generated(info::wheel(filename), "the wheel's own description"),
        )?;
        if let Some(text) = info::entry_points(&self.project.entry_points) {
            add(
                "entry_points.txt",
                Entry::generated(text, "`project.scripts` and `project.entry-points`"),
            )?;
        }
        for file in &self.project.license_files {
            let content = Content::File(file.source.clone());
            add(
                &format!("licenses/{}", file.path),
                Entry {
                    content,
                    executable: false,
                    rule: file.rule.clone(),
                },
            )?;
        }
        Ok(())
    }

    /// Bills of materials.
    fn add_bills(
        &self,
        filename: &WheelFilename,
        compiled: &Compiled,
        tree: &mut Tree,
    ) -> Result<(), MakeError> {
        let folder = filename.dist_info();
        let mut add = |name: &str, entry: Entry| -> Result<(), MakeError> {
            Ok(tree.add(ArchivePath::parse(&format!("{folder}/{name}"))?, entry)?)
        };
        let settings = &self.project.settings;
        if settings.sbom_rust.value {
            let cargo = &self.project.cargo;
            let text = sbom::render(cargo, &compiled.linked, self.host.source_date_epoch());
            add(
                &format!("sboms/{}", sbom::file_name(cargo)),
                Entry::generated(text, "bill of materials of the crates compiled in"),
            )?;
        }
        for path in &settings.sbom_include.value {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let bytes = fs::read(path)?;
            add(
                &format!("sboms/{name}"),
                Entry::generated(bytes, "`sbom.include`"),
            )?;
        }
        Ok(())
    }

    /// Holds the wheel against the standards before anybody gets it. What the project brings with it is told; anything else is
    /// our own fault. Whoever gave the platform or skipped the audit answers for the tag.
    fn judge(&self, wheel: &Wheel) -> Result<(), MakeError> {
        let settings = &self.project.settings;
        let mut members = check::Members::of_tree(&wheel.filename.to_string(), &wheel.tree)?;
        members.left_out = excluded_globs(&settings.exclude_libs.value);
        let is_audited = settings.audit_mode.value != AuditMode::Skip
            && self.host.variable("_PYTHON_HOST_PLATFORM").is_none();
        for (severity, finding) in check::members(&members, is_audited).under(Profile::Standards) {
            // That libpython is linked, `explain` has told.
            if severity != Severity::Error || finding.rule == &rules::ELF_008 {
                continue;
            }
            if !finding.is_about_content() {
                return Err(MakeError::Wrong {
                    finding: finding.clone(),
                });
            }
            announce(
                &[Notice::new(finding.to_string()).hint(finding.rule.advice)],
                self.listener,
            );
        }
        Ok(())
    }

    fn write(
        &self,
        wheel: Wheel,
        prepared: Prepared,
        options: &Options<'_>,
        proof: Proof,
        clock: Instant,
    ) -> Result<WheelMade, MakeError> {
        self.judge(&wheel)?;
        let Proof {
            needed,
            libraries,
            outside,
            interpreter,
        } = proof;
        let filename = wheel.filename.to_string();
        let tags = wheel.filename.tag().expanded();
        let files = wheel.tree.len() + 1;
        let progress = |done, total| (self.listener)(Event::Progress { done, total });
        let written = write::write(wheel, prepared, options, &progress)?;
        end(Stage::Write, filename.as_str(), clock, self.listener);
        let made = WheelMade {
            path: written.path,
            filename,
            sha256: written.sha256,
            size: written.size,
            tags,
            interpreter,
            needed,
            libraries,
            outside,
            files,
        };
        (self.listener)(Event::Wheel(made.clone()));
        Ok(made)
    }
}

/// Something compiled.
fn add_part(part: &Part, content: impl Into<Content>, tree: &mut Tree) -> Result<(), ArchiveError> {
    let rule = match &part.product.role {
        Role::Extension(_) => "the extension",
        Role::Library { .. } => "the library",
        Role::Program(_) => "the program",
    };
    let entry = Entry {
        content: content.into(),
        executable: true,
        rule: rule.to_owned(),
    };
    tree.add(part.path.clone(), entry)
}

fn is_stub(path: &ArchivePath) -> bool {
    Path::new(path.as_str())
        .extension()
        .is_some_and(|extension| extension == "pyi")
}

fn inspect(bytes: &[u8], file: &Path) -> Result<Facts, MakeError> {
    elf::inspect(bytes).map_err(|source| MakeError::Elf {
        path: file.to_owned(),
        source,
    })
}

/// The target's architecture, as tags spell it; the file's own word where the triple has none.
fn architecture(triple: &str, facts: &Facts) -> String {
    match architecture_of(triple) {
        "" => facts.machine.to_string(),
        spelled => spelled.to_owned(),
    }
}

/// The architecture of a target's triple, as tags spell it: what `uname -m` says on such a machine.
fn architecture_of(triple: &str) -> &str {
    match triple.split('-').next().unwrap_or_default() {
        "i386" | "i586" | "i686" => "i686",
        "powerpc64le" => "ppc64le",
        "powerpc64" => "ppc64",
        "riscv64gc" | "riscv64a23" => "riscv64",
        "arm" => "armv6l",
        "armv7" | "thumbv7neon" => "armv7l",
        other => other,
    }
}

/// An extension without an entry point of its name is an empty library: it must never ship.
fn check_entry_point(facts: &Facts, name: &str) -> Result<(), MakeError> {
    let exported: Vec<&str> = facts.exported.iter().map(|symbol| symbol.name.as_str()).collect();
    let prefixes: [&str; 2] = if name.is_ascii() {
        ["PyInit_", "PyModExport_"]
    } else {
        ["PyInitU_", "PyModExportU_"]
    };
    // A name outside ASCII is spelt in Punycode, whose encoding is left to PyO3: any such entry point will do.
    let fits = |symbol: &&str| {
        prefixes.iter().any(|prefix| {
            symbol
                .strip_prefix(prefix)
                .is_some_and(|rest| rest == name || !name.is_ascii())
        })
    };
    if exported.iter().any(fits) {
        return Ok(());
    }
    let found = exported
        .iter()
        .filter(|symbol| symbol.starts_with("PyInit") || symbol.starts_with("PyModExport"))
        .map(|symbol| format!("`{symbol}`"))
        .collect();
    Err(MakeError::NoEntryPoint {
        name: name.to_owned(),
        found,
    })
}

/// The features that cargo really turned on must give the ABI that the wheel is named for.
fn check_abi(job: &Job, compiled: &Compiled) -> Result<(), MakeError> {
    if !matches!(job.main().product.role, Role::Extension(_)) {
        return Ok(());
    }
    let Some((crate_name, features)) = compiled
        .pyo3_features
        .iter()
        .find(|(name, _)| *name == "pyo3-ffi")
    else {
        return Ok(());
    };
    // Where no stable ABI serves the interpreter, PyO3 passes its features over.
    let found = StableAbi::from_features(features.iter().map(String::as_str)).is_some_and(|stable| {
        job.interpreter
            .as_ref()
            .is_none_or(|interpreter| plan::serves(stable, interpreter))
    });
    let planned = job.abi != Abi::Version;
    if found == planned {
        return Ok(());
    }
    let word = |with: bool| if with { "with" } else { "without" };
    Err(MakeError::AbiMismatch {
        crate_name: crate_name.clone(),
        found: word(found),
        planned: word(planned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_are_spelt_as_tags_spell_them() {
        for (triple, expected) in [
            ("x86_64-unknown-linux-gnu", "x86_64"),
            ("armv7-unknown-linux-gnueabihf", "armv7l"),
            ("riscv64gc-unknown-linux-gnu", "riscv64"),
            ("powerpc64le-unknown-linux-gnu", "ppc64le"),
            ("i586-unknown-linux-gnu", "i686"),
        ] {
            assert_eq!(architecture_of(triple), expected);
        }
    }
}

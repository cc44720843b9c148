//! Python code for a library whose interface uniffi describes.
//!
//! <https://mozilla.github.io/uniffi-rs/latest/tutorial/foreign_language_bindings.html>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Glue, GlueError, Request};
use crate::archive::Entry;
use crate::archive::{ArchivePath, Content};
use crate::event::{Event, Listener};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::plan::Part;
use crate::process::{self, Invocation, ProcessError};
use crate::project::Project;
use crate::project::bindings::is_program;
use crate::project::cargo::MemberFacts;
use crate::project::products::Role;

/// Why the files are there, for people.
pub(super) const RULE: &str = "generated from the library by uniffi-bindgen";

/// The generator's name, in a workspace and on `PATH`.
const GENERATOR: &str = "uniffi-bindgen";

/// Adds the generated modules, and an `__init__.py` that shows what they show.
pub(super) fn add(request: Request<'_>, glue: &mut Glue) -> Result<(), GlueError> {
    let Role::Library { module, .. } = &request.part.product.role else {
        return Ok(());
    };
    let out = request.project.cargo.memory().join("uniffi").join(module.last());
    // What an earlier run left there would be taken for this one's.
    if out.exists() {
        std::fs::remove_dir_all(&out).map_err(FileError::new("empty", &out))?;
    }
    fs::create_folder(&out)?;
    generate(request, &out)?;
    let mut names = Vec::new();
    let folder = request.project.layout.code_folder(module);
    for path in written(&out)? {
        let relative = path
            .strip_prefix(&out)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        if let Some(name) = relative.strip_suffix(".py").filter(|name| !name.contains('/')) {
            if external(request).iter().any(|other| other == name) {
                continue;
            }
            names.push(name.to_owned());
        }
        let entry = Entry {
            content: Content::Bytes(std::sync::Arc::new(fs::read(&path)?)),
            executable: false,
            rule: RULE.to_owned(),
        };
        glue.files
            .push((ArchivePath::parse(&format!("{folder}/{relative}"))?, entry));
    }
    if names.is_empty() {
        return Err(GlueError::NoInterface {
            library: request.file.to_owned(),
        });
    }
    if !names.iter().any(|name| name == "__init__") {
        let lines = names
            .iter()
            .map(|name| format!("from .{name} import *  # NOQA\n"));
        glue.add(&format!("{folder}/__init__.py"), lines.collect::<String>(), RULE)?;
    }
    Ok(())
}

/// Runs the generator: the workspace's own, which is of the right version, or else the one on `PATH`.
fn generate(request: Request<'_>, out: &Path) -> Result<(), GlueError> {
    let call = match generator(request.project) {
        Some(member) => through_cargo(request, member, out),
        None => call(request, GENERATOR, arguments(request, out)),
    };
    run(&call, request.host, request.listener)
}

/// The member of the workspace that has the generator: the crate itself, or else another one.
fn generator(project: &Project) -> Option<&MemberFacts> {
    let members = &project.cargo.members;
    let is_generator = |member: &&MemberFacts| {
        let mut targets = member.targets.iter();
        targets.any(|target| is_program(target) && target.name == GENERATOR)
    };
    let of_root = members
        .iter()
        .filter(|member| member.id == project.cargo.root_id)
        .find(is_generator);
    of_root.or_else(|| members.iter().find(is_generator))
}

fn run(call: &Invocation, host: &Host, listener: Listener<'_>) -> Result<(), GlueError> {
    let line = call.line_from(host.working_directory());
    listener(Event::Running { line: line.clone() });
    let finished = match process::stream(call, &mut |_| ()) {
        Err(ProcessError::Missing(program)) if program == GENERATOR => {
            return Err(GlueError::NoUniffiBindgen);
        }
        finished => finished?,
    };
    match finished.status {
        0 => Ok(()),
        status => Err(GlueError::Uniffi { status, line }),
    }
}

/// Compiles the generator, where the workspace has one, so that [`add`] need not.
pub(super) fn prepare(
    project: &Project,
    part: &Part,
    host: &Host,
    listener: Listener<'_>,
) -> Result<(), GlueError> {
    let Some(member) = generator(project) else {
        return Ok(());
    };
    let call = Invocation {
        program: "cargo".to_owned(),
        arguments: words("build", project, member),
        set: BTreeMap::new(),
        unset: other_target(host),
        working_directory: crate_folder(part),
    };
    run(&call, host, listener)
}

fn through_cargo(request: Request<'_>, member: &MemberFacts, out: &Path) -> Invocation {
    let mut words = words("run", request.project, member);
    words.push("--".to_owned());
    words.extend(arguments(request, out));
    Invocation {
        unset: other_target(request.host),
        ..call(request, "cargo", words)
    }
}

/// It runs on this machine, whatever the library is for.
fn other_target(host: &Host) -> Vec<String> {
    let name = "CARGO_BUILD_TARGET";
    host.variable(name).map(|_| name.to_owned()).into_iter().collect()
}

/// The arguments with which cargo compiles the generator.
fn words(command: &str, project: &Project, member: &MemberFacts) -> Vec<String> {
    let settings = &project.settings;
    let mut words: Vec<String> = [command, "--bin", GENERATOR, "--manifest-path"]
        .map(str::to_owned)
        .into();
    words.push(member.manifest.to_string_lossy().into_owned());
    let needed: Vec<String> = member
        .targets
        .iter()
        .filter(|target| target.name == GENERATOR)
        .flat_map(|target| target.required_features.clone())
        .collect();
    if !needed.is_empty() {
        words.extend(["--features".to_owned(), needed.join(",")]);
    }
    if let Some(folder) = &settings.passed.target_dir {
        words.extend(["--target-dir".to_owned(), folder.to_string_lossy().into_owned()]);
    }
    for (flag, on) in [
        ("--locked", settings.locked.value),
        ("--frozen", settings.frozen.value),
        ("--offline", settings.offline.value),
    ] {
        words.extend(on.then(|| flag.to_owned()));
    }
    for value in &settings.config.value {
        words.extend(["--config".to_owned(), value.clone()]);
    }
    for value in &settings.unstable_flags.value {
        words.extend(["-Z".to_owned(), value.clone()]);
    }
    if let Some(jobs) = &settings.passed.jobs {
        words.extend(["--jobs".to_owned(), jobs.clone()]);
    }
    let cargo = &project.cargo;
    if settings.target.value.is_none() && cargo.target_triple != cargo.host_triple {
        // Cargo's configuration names another machine, and the generator runs on this one.
        words.extend(["--target".to_owned(), cargo.host_triple.clone()]);
    }
    words
}

fn arguments(request: Request<'_>, out: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = ["generate", "--no-format", "--language", "python", "--out-dir"]
        .map(str::to_owned)
        .into();
    arguments.push(out.to_string_lossy().into_owned());
    let configuration = crate_folder(request.part).join("uniffi.toml");
    if configuration.is_file() {
        arguments.extend([
            "--config".to_owned(),
            configuration.to_string_lossy().into_owned(),
        ]);
    }
    arguments.extend([
        "--library".to_owned(),
        request.file.to_string_lossy().into_owned(),
    ]);
    arguments
}

fn call(request: Request<'_>, program: &str, arguments: Vec<String>) -> Invocation {
    Invocation {
        program: program.to_owned(),
        arguments,
        set: BTreeMap::new(),
        unset: Vec::new(),
        working_directory: crate_folder(request.part),
    }
}

fn crate_folder(part: &Part) -> PathBuf {
    let manifest = &part.product.manifest;
    manifest.parent().unwrap_or(Path::new("/")).to_owned()
}

/// Modules that other wheels bring: `external_packages` of `[bindings.python]` in uniffi.toml.
fn external(request: Request<'_>) -> Vec<String> {
    let text = std::fs::read_to_string(crate_folder(request.part).join("uniffi.toml")).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    table
        .get("bindings")
        .and_then(|bindings| bindings.get("python")?.get("external_packages")?.as_table())
        .map(|packages| packages.keys().cloned().collect())
        .unwrap_or_default()
}

/// Every file below a folder, sorted.
fn written(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).map_err(FileError::new("read", &folder))? {
            let path = entry.map_err(FileError::new("read", &folder))?.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

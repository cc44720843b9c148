//! What `wheels` would make, told without compiling anything.

use std::path::PathBuf;

use super::{MakeError, add_part, announce, architecture_of, decide, early, understand};
use crate::archive::{ArchivePath, Content, Entry};
use crate::event::Listener;
use crate::glue;
use crate::host::Host;
use crate::plan::{Abi, Job};
use crate::project::settings::{
    AuditMode, Bins, ExtensionWish, Origin, Overrides, SdistGenerator, Setting, Settings, VersionWish,
};
use crate::project::{self, Project};
use crate::python::Interpreter;
use crate::sdist;
use crate::tag::PlatformWish;
use crate::wheel::files::{self, Selected};
use crate::wheel::sbom;

/// What `ironwheel plan` tells.
#[derive(Debug)]
pub struct PlanReport {
    /// The project's name, as written.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The project's folder.
    pub root: PathBuf,
    /// The extension's import path.
    pub module: String,
    /// `pyo3 0.29.3`.
    pub bindings: String,
    /// `pure` or `mixed`.
    pub layout: String,
    /// Why this layout.
    pub layout_reason: String,
    /// The source distribution, where one is asked for.
    pub sdist: Option<PlannedSdist>,
    /// Every wheel.
    pub wheels: Vec<PlannedWheel>,
    /// Every setting.
    pub settings: Vec<SettingLine>,
}

/// A wheel that would be made.
#[derive(Debug)]
pub struct PlannedWheel {
    /// Its file name, with `*` for what only the finished file can tell.
    pub filename: String,
    /// The interpreter; none where the stable ABI needs none.
    pub interpreter: Option<String>,
    /// `version`, `abi3` or `abi3t`.
    pub abi: String,
    /// Why this interface.
    pub reason: String,
    /// The extension's path in the wheel.
    pub extension: String,
    /// Every file, in the wheel's order.
    pub files: Vec<PlannedFile>,
}

/// A source distribution that would be made.
#[derive(Debug)]
pub struct PlannedSdist {
    /// Its file name.
    pub filename: String,
    /// Every file, in the archive's order.
    pub files: Vec<PlannedFile>,
}

/// A file that an archive would hold.
#[derive(Debug)]
pub struct PlannedFile {
    /// Its path in the archive.
    pub path: String,
    /// The rule that admits it.
    pub rule: String,
    /// Where it comes from; none where it is generated.
    pub source: Option<PathBuf>,
}

/// A setting, for people.
#[derive(Debug)]
pub struct SettingLine {
    /// Its name in pyproject.toml.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// Where it comes from.
    pub origin: String,
    /// Whether nobody asked for it.
    pub is_default: bool,
}

/// Tells what `wheels` would make, and `sdist` where that is wished, without compiling anything.
pub fn plan(
    overrides: &Overrides,
    with_sdist: bool,
    host: &Host,
    listener: Listener<'_>,
) -> Result<PlanReport, MakeError> {
    let project = understand(overrides, host, listener)?;
    announce(&early::look(&project, host, early::Tools::NotNeeded)?, listener);
    let plan = decide(&project, host, listener)?;
    let selected = files::select(&project, &project.data_folder())?;
    announce(&plan.notices, listener);
    announce(&selected.notices, listener);
    let wheels = plan
        .jobs
        .iter()
        .map(|job| planned(&project, job, &selected))
        .collect::<Result<Vec<_>, MakeError>>()?;
    let sdist = with_sdist
        .then(|| planned_sdist(&project, listener))
        .transpose()?;
    Ok(PlanReport {
        sdist,
        name: project.metadata.name.as_written().to_owned(),
        version: project.version.to_string(),
        module: project.module.to_string(),
        bindings: project.bindings.to_string(),
        layout: if project.layout.is_mixed() {
            "mixed"
        } else {
            "pure"
        }
        .to_owned(),
        layout_reason: project.layout.reason.clone(),
        wheels,
        settings: setting_lines(&project),
        root: project.root,
    })
}

fn planned_sdist(project: &Project, listener: Listener<'_>) -> Result<PlannedSdist, MakeError> {
    let sdist = sdist::collect(project)?;
    announce(&sdist.notices, listener);
    let files = sdist.files();
    Ok(PlannedSdist {
        filename: format!("{}.tar.gz", sdist.name),
        files: files.into_iter().map(planned_file).collect(),
    })
}

fn planned_file((path, entry): (&ArchivePath, &Entry)) -> PlannedFile {
    PlannedFile {
        path: path.to_string(),
        rule: entry.rule.clone(),
        source: match &entry.content {
            Content::File(source) => Some(source.clone()),
            Content::Bytes(_) => None,
        },
    }
}

fn planned(project: &Project, job: &Job, selected: &Selected) -> Result<PlannedWheel, MakeError> {
    let platform = platform(project);
    let build_tag = project.settings.build_tag.value.as_ref();
    let build_tag = build_tag.map_or_else(String::new, |tag| format!("-{tag}"));
    let filename = format!(
        "{}-{}{}-{}-{}-{platform}.whl",
        project.metadata.name.escaped(),
        project.version,
        build_tag,
        job.python_tag,
        job.abi_tags.join(".")
    );
    let mut tree = selected.tree.clone();
    for part in &job.parts {
        add_part(part, Vec::new(), &mut tree)?;
        for (path, rule) in glue::places(project, part)? {
            tree.add(path, Entry::generated(Vec::new(), rule))?;
        }
    }
    let mut files: Vec<PlannedFile> = tree.iter().map(planned_file).collect();
    files.extend(planned_dist_info(project));
    Ok(PlannedWheel {
        filename,
        interpreter: job.interpreter.as_ref().map(Interpreter::describe),
        abi: match job.abi {
            Abi::Any => "any",
            Abi::Version => "version",
            Abi::Abi3 { .. } => "abi3",
            Abi::Abi3t { .. } => "abi3t",
        }
        .to_owned(),
        reason: job.reason.clone(),
        extension: job.main().path.to_string(),
        files,
    })
}

/// The platform, as far as it is known before the file is there to be looked at.
pub(super) fn platform(project: &Project) -> String {
    let architecture = architecture_of(&project.cargo.target_triple);
    match project.settings.compatibility.value.as_slice() {
        [PlatformWish::Linux] => format!("linux_{architecture}"),
        [wish @ (PlatformWish::Manylinux(..) | PlatformWish::Musllinux(..))] => {
            format!("{wish}_{architecture}")
        }
        _ => "*".to_owned(),
    }
}

fn planned_dist_info(project: &Project) -> Vec<PlannedFile> {
    let folder = format!(
        "{}-{}.dist-info",
        project.metadata.name.escaped(),
        project.version
    );
    let mut files = Vec::new();
    let mut add = |name: String, rule: &str, source: Option<PathBuf>| {
        files.push(PlannedFile {
            path: format!("{folder}/{name}"),
            rule: rule.to_owned(),
            source,
        });
    };
    add("METADATA".to_owned(), "core metadata", None);
    add("WHEEL".to_owned(), "the wheel's own description", None);
    if !project.entry_points.0.is_empty() {
        add(
            "entry_points.txt".to_owned(),
            "`project.scripts` and `project.entry-points`",
            None,
        );
    }
    for file in &project.license_files {
        add(
            format!("licenses/{}", file.path),
            &file.rule,
            Some(file.source.clone()),
        );
    }
    if project.settings.sbom_rust.value {
        let rule = "bill of materials of the crates compiled in";
        add(format!("sboms/{}", sbom::file_name(&project.cargo)), rule, None);
    }
    for path in &project.settings.sbom_include.value {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        add(format!("sboms/{name}"), "`sbom.include`", Some(path.clone()));
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.push(PlannedFile {
        path: format!("{folder}/RECORD"),
        rule: "every file with its hash".to_owned(),
        source: None,
    });
    files
}

/// What is added to a wheel, how it is named, and how editable and optimised builds go.
fn add_newer(settings: &Settings, add: &mut impl FnMut(&'static str, String, &Origin)) {
    for (name, setting) in [
        ("generate-stubs", &settings.generate_stubs),
        ("include-debuginfo", &settings.include_debuginfo),
        ("include-import-lib", &settings.include_import_lib),
        ("pgo", &settings.pgo),
        ("use-base-python", &settings.use_base_python),
        ("sbom.auditwheel", &settings.sbom_libraries),
    ] {
        add(name, setting.value.to_string(), &setting.origin);
    }
    for (name, setting) in [
        ("editable-profile", &settings.editable_profile),
        ("pgo-command", &settings.pgo_command),
        ("for-image", &settings.for_image),
    ] {
        add(name, setting.value.clone().unwrap_or_default(), &setting.origin);
    }
    let group = &settings.pgo_dependency_group;
    add("pgo-dependency-group", group.value.clone(), &group.origin);
    let bins = match &settings.bins.value {
        Bins::None => "false".to_owned(),
        Bins::All => "true".to_owned(),
        Bins::Named(names) => names.join(", "),
    };
    add("bins", bins, &settings.bins.origin);
    let extension = |wish: &ExtensionWish| format!("{} from {}", wish.module, wish.crate_name);
    let extensions: Vec<String> = settings.extensions.value.iter().map(extension).collect();
    add("extensions", extensions.join(", "), &settings.extensions.origin);
    let generator = match settings.sdist_generator.value {
        SdistGenerator::Cargo => "cargo",
        SdistGenerator::Git => "git",
    };
    add(
        "sdist-generator",
        generator.to_owned(),
        &settings.sdist_generator.origin,
    );
    let tag = settings.build_tag.value.as_ref();
    add(
        "build-tag",
        tag.map_or_else(String::new, ToString::to_string),
        &settings.build_tag.origin,
    );
    let version = match &settings.version.value {
        None => String::new(),
        Some(VersionWish::Given(version)) => version.to_string(),
        Some(VersionWish::Git { tag_prefix, .. }) => format!("from git's tags `{tag_prefix}<version>`"),
    };
    add("version", version, &settings.version.origin);
}

#[expect(
    clippy::too_many_lines,
    reason = "a list of all settings, one after the other"
)]
fn setting_lines(project: &Project) -> Vec<SettingLine> {
    let mut lines = Vec::new();
    let settings = &project.settings;
    let mut add = |name: &'static str, value: String, origin: &Origin| {
        lines.push(SettingLine {
            name,
            value,
            origin: origin.to_string(),
            is_default: *origin == Origin::Default,
        });
    };
    let list = |values: Vec<String>| values.join(", ");
    let path = |setting: &Setting<Option<PathBuf>>| {
        setting
            .value
            .as_ref()
            .map_or_else(String::new, |path| path.display().to_string())
    };
    let patterns = |setting: &Setting<Vec<project::settings::Pattern>>| {
        list(setting.value.iter().map(|pattern| pattern.glob.clone()).collect())
    };
    add(
        "out",
        settings.out.value.display().to_string(),
        &settings.out.origin,
    );
    add(
        "profile",
        settings.profile.value.clone(),
        &settings.profile.origin,
    );
    add(
        "features",
        list(
            settings
                .features
                .value
                .iter()
                .map(|feature| feature.name.clone())
                .collect(),
        ),
        &settings.features.origin,
    );
    for (name, setting) in [
        ("all-features", &settings.all_features),
        ("no-default-features", &settings.no_default_features),
        ("locked", &settings.locked),
        ("frozen", &settings.frozen),
        ("offline", &settings.offline),
        ("strip", &settings.strip),
        ("remap-paths", &settings.remap_paths),
        ("sbom.rust", &settings.sbom_rust),
        ("find-interpreter", &settings.find_interpreters),
    ] {
        add(name, setting.value.to_string(), &setting.origin);
    }
    for (name, setting) in [
        ("config", &settings.config),
        ("unstable-flags", &settings.unstable_flags),
        ("rustc-args", &settings.rustc_args),
        ("python-packages", &settings.python_packages),
        ("interpreter", &settings.interpreters),
    ] {
        add(name, list(setting.value.clone()), &setting.origin);
    }
    for (name, setting) in [
        ("target", &settings.target),
        ("module-name", &settings.module_name),
        ("bindings", &settings.bindings),
    ] {
        add(name, setting.value.clone().unwrap_or_default(), &setting.origin);
    }
    add(
        "python-source",
        path(&settings.python_source),
        &settings.python_source.origin,
    );
    add("data", path(&settings.data), &settings.data.origin);
    add("include", patterns(&settings.include), &settings.include.origin);
    add("exclude", patterns(&settings.exclude), &settings.exclude.origin);
    add(
        "compatibility",
        list(
            settings
                .compatibility
                .value
                .iter()
                .map(ToString::to_string)
                .collect(),
        ),
        &settings.compatibility.origin,
    );
    let mode = match settings.audit_mode.value {
        AuditMode::Repair => "repair",
        AuditMode::Check => "check",
        AuditMode::Warn => "warn",
        AuditMode::Skip => "skip",
    };
    add("auditwheel", mode.to_owned(), &settings.audit_mode.origin);
    add_newer(settings, &mut add);
    add(
        "compression",
        format!("{:?}", settings.compression.value).to_lowercase(),
        &settings.compression.origin,
    );
    lines
}

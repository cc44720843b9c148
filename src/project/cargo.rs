//! What cargo knows of the crate and its dependencies: one call of `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, Node, PackageId, TargetKind, semver};

use super::answers::Answers;
use super::load::ProjectError;
use super::pyproject::Document;
use super::settings::{Feature, Settings};
use crate::fs;
use crate::host::Host;
use crate::process::{self, Invocation};
use crate::version::Version;

/// What the crate's own manifest says, workspace inheritance resolved.
#[derive(Debug, Clone)]
pub struct RootManifest {
    /// `package.name`.
    pub name: String,
    /// `package.version`.
    pub version: semver::Version,
    /// `package.description`.
    pub description: Option<String>,
    /// `package.authors`.
    pub authors: Vec<String>,
    /// `package.license`.
    pub license: Option<String>,
    /// `package.license-file`, relative to the manifest.
    pub license_file: Option<PathBuf>,
    /// `package.homepage`.
    pub homepage: Option<String>,
    /// `package.documentation`.
    pub documentation: Option<String>,
    /// `package.repository`.
    pub repository: Option<String>,
    /// `package.keywords`.
    pub keywords: Vec<String>,
    /// `package.readme`, relative to the manifest.
    pub readme: Option<PathBuf>,
    /// `package.readme = false`.
    pub readme_is_off: bool,
    /// `lib.name`, only where it is written.
    pub lib_name: Option<String>,
    /// The manifest.
    pub manifest: PathBuf,
    /// The workspace's root folder.
    pub workspace_root: PathBuf,
}

impl RootManifest {
    /// The version, in Python's spelling.
    pub fn python_version(&self) -> Result<Version, ProjectError> {
        Version::from_cargo(&self.version).map_err(|source| ProjectError::CargoVersion {
            source,
            manifest: self.manifest.clone(),
        })
    }
}

/// A package of the dependency graph.
#[derive(Debug, Clone)]
pub struct PackageFacts {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: semver::Version,
    /// `license`, as its manifest has it.
    pub license: Option<String>,
    /// Where it comes from; nothing for path dependencies.
    pub source: Option<String>,
    /// Its Cargo.toml.
    pub manifest: PathBuf,
    /// Whether it has a build script.
    pub has_build_script: bool,
    /// Features turned on, as far as cargo can tell before compiling.
    pub features: Vec<String>,
    /// `[package.metadata]`, where pyo3-ffi says which Pythons it takes.
    pub extra: serde_json::Value,
    /// Packages it is compiled against (normal dependencies for this target), by id.
    pub normal_dependencies: Vec<String>,
    /// Of these, those that are only there where a feature asks for them: by id, the features any of which does.
    pub optional_dependencies: BTreeMap<String, BTreeSet<String>>,
    /// Packages that its build script is compiled against, by id.
    pub build_dependencies: Vec<String>,
    /// Whether it is a procedural macro.
    pub is_proc_macro: bool,
}

/// A target of the root package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    /// Its name.
    pub name: String,
    /// `lib`, `cdylib`, `bin` …
    pub kinds: Vec<String>,
    /// `cdylib`, `rlib`, `bin` …
    pub crate_types: Vec<String>,
    /// `required-features`.
    pub required_features: Vec<String>,
}

/// A member of the workspace.
#[derive(Debug, Clone)]
pub struct MemberFacts {
    /// Its name.
    pub name: String,
    /// Its opaque id.
    pub id: String,
    /// Its Cargo.toml.
    pub manifest: PathBuf,
    /// Its targets that a wheel can hold.
    pub targets: Vec<TargetFacts>,
}

/// The crate and its dependencies.
#[derive(Debug, Clone)]
pub struct CargoFacts {
    /// The root package's id; opaque.
    pub root_id: String,
    /// The root package's targets that a wheel can hold.
    pub targets: Vec<TargetFacts>,
    /// What each feature of the root package turns on.
    pub feature_table: BTreeMap<String, Vec<String>>,
    /// The members of the workspace, the root package among them.
    pub members: Vec<MemberFacts>,
    /// Every package reachable from the root for this target, by id.
    pub packages: BTreeMap<String, PackageFacts>,
    /// The workspace's root folder.
    pub workspace_root: PathBuf,
    /// The packages that further extensions of the same wheel are made of, by id.
    pub further: Vec<String>,
    /// Cargo's target directory.
    pub target_directory: PathBuf,
    /// The triple that code is compiled for.
    pub target_triple: String,
    /// The triple of this machine's compiler.
    pub host_triple: String,
}

impl CargoFacts {
    /// The root package.
    ///
    /// # Panics
    /// Never: `load` only makes facts that hold their root.
    #[must_use]
    pub fn root(&self) -> &PackageFacts {
        &self.packages[&self.root_id]
    }

    /// The folder where ironwheel keeps what it remembers between builds.
    #[must_use]
    pub fn memory(&self) -> PathBuf {
        self.target_directory.join("ironwheel")
    }

    /// The package of that name nearest to the root, if the crate is built on one.
    #[must_use]
    pub fn package(&self, name: &str) -> Option<&PackageFacts> {
        self.packages.values().find(|package| package.name == name)
    }

    /// Packages without a registry or repository: those whose sources the user edits.
    pub fn local(&self) -> impl Iterator<Item = &PackageFacts> {
        self.packages.values().filter(|package| package.source.is_none())
    }
}

/// Asks cargo about the manifest: one call, filtered for the target.
pub fn ask(
    manifest: &Path,
    settings: &Settings,
    host: &Host,
) -> Result<(CargoFacts, RootManifest), ProjectError> {
    let answers = Answers::open(manifest, settings, host);
    let version = version_call(manifest.parent().unwrap_or(Path::new("/")));
    let host_triple = triple_in(&answers.ask(&version, ask_version)?)?;
    let target_triple = match &settings.target.value {
        Some(target) => target.clone(),
        None => configured_target(manifest, host)?.unwrap_or_else(|| host_triple.clone()),
    };
    let metadata = run_metadata(manifest, settings, &target_triple, &answers)?;
    let root_id = root_id(&metadata, manifest)?;
    let mut packages = reachable(&metadata, &root_id);
    let further = further(&metadata, settings)?;
    for id in &further {
        packages.extend(reachable(&metadata, id));
    }
    let root = &metadata[&root_id];
    if features_are_joined(&metadata, &root_id) {
        scope_features(&mut packages, manifest, settings, &target_triple, &answers)?;
    }
    let workspace_root = metadata.workspace_root.clone().into_std_path_buf();
    let target_directory = settings
        .passed
        .target_dir
        .clone()
        .unwrap_or_else(|| metadata.target_directory.clone().into_std_path_buf());
    let root_manifest = root_manifest(root, manifest, &workspace_root)?;
    let local = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none());
    let local: Vec<PathBuf> = local
        .map(|package| package.manifest_path.clone().into_std_path_buf())
        .collect();
    answers.remember(&target_directory, &workspace_root, &local);
    let facts = CargoFacts {
        root_id: root_id.repr,
        targets: root.targets.iter().filter_map(target_facts).collect(),
        feature_table: root.features.clone(),
        members: members(&metadata),
        further: further.into_iter().map(|id| id.repr.clone()).collect(),
        packages,
        workspace_root,
        target_directory,
        target_triple,
        host_triple,
    };
    Ok((facts, root_manifest))
}

/// A call of cargo in the manifest's folder.
#[must_use]
pub fn cargo(manifest: &Path, arguments: Vec<String>) -> Invocation {
    Invocation {
        program: "cargo".to_owned(),
        arguments,
        set: BTreeMap::new(),
        unset: Vec::new(),
        working_directory: manifest.parent().unwrap_or(Path::new("/")).to_owned(),
    }
}

/// The root folder of a manifest's workspace; nothing where cargo cannot tell, which it says why when it is asked for more.
pub fn workspace_root(manifest: &Path) -> Result<Option<PathBuf>, ProjectError> {
    let mut arguments: Vec<String> = [
        "locate-project",
        "--workspace",
        "--message-format",
        "plain",
        "--manifest-path",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(manifest.to_string_lossy().into_owned());
    let finished = process::capture(&cargo(manifest, arguments))?;
    let text = String::from_utf8_lossy(&finished.stdout);
    let root = Path::new(text.trim()).parent().map(Path::to_owned);
    Ok(root.filter(|_| finished.status == 0))
}

/// This machine's own triple, as the toolchain has it that cargo runs with. Asked in the manifest's folder, where a toolchain file
/// may name another.
pub fn host_triple(folder: &Path) -> Result<String, ProjectError> {
    triple_in(&ask_version(&version_call(folder))?)
}

fn version_call(folder: &Path) -> Invocation {
    cargo(&folder.join("Cargo.toml"), vec!["-vV".to_owned()])
}

fn ask_version(call: &Invocation) -> Result<Vec<u8>, ProjectError> {
    let finished = process::capture(call)?;
    if finished.status == 0 {
        return Ok(finished.stdout);
    }
    Err(ProjectError::Toolchain {
        words: String::from_utf8_lossy(&finished.stderr).trim().to_owned(),
        status: finished.status,
    })
}

fn triple_in(answer: &[u8]) -> Result<String, ProjectError> {
    let text = String::from_utf8_lossy(answer);
    let triple = text.lines().find_map(|line| line.strip_prefix("host: "));
    triple
        .map(|triple| triple.trim().to_owned())
        .ok_or_else(|| ProjectError::Toolchain {
            words: text.trim().to_owned(),
            status: 0,
        })
}

/// `build.target` of cargo's configuration files, from the manifest's folder upwards and then in `CARGO_HOME`.
fn configured_target(manifest: &Path, host: &Host) -> Result<Option<String>, ProjectError> {
    let home = host.tool_folder("CARGO_HOME", ".cargo");
    let folders = manifest
        .parent()
        .into_iter()
        .flat_map(Path::ancestors)
        .map(|folder| folder.join(".cargo"));
    for folder in folders.chain(home) {
        for name in ["config.toml", "config"] {
            let path = folder.join(name);
            if !path.is_file() {
                continue;
            }
            let document = Document::read(&path)?;
            if let Some(build) = document.root().table("build")? {
                // An array of several targets is cargo's affair: the machine is then read off the file it makes.
                if let Ok(Some(target)) = build.text("target") {
                    return Ok(Some(target.value.to_owned()));
                }
            }
        }
    }
    Ok(None)
}

/// Flags that choose features and what cargo may change or download, the same for every call.
#[must_use]
pub fn common_flags(settings: &Settings, features: &[String]) -> Vec<String> {
    let mut flags = feature_flags(settings, features);
    for (flag, on) in [
        ("--locked", settings.locked.value),
        ("--frozen", settings.frozen.value),
        ("--offline", settings.offline.value),
    ] {
        if on {
            flags.push(flag.to_owned());
        }
    }
    flags.extend(configuration_flags(settings));
    flags
}

/// Flags that choose features.
#[must_use]
pub fn feature_flags(settings: &Settings, features: &[String]) -> Vec<String> {
    let mut flags = Vec::new();
    if !features.is_empty() {
        flags.push("--features".to_owned());
        flags.push(features.join(","));
    }
    for (flag, on) in [
        ("--all-features", settings.all_features.value),
        ("--no-default-features", settings.no_default_features.value),
    ] {
        if on {
            flags.push(flag.to_owned());
        }
    }
    flags
}

/// Flags that configure cargo itself.
#[must_use]
pub fn configuration_flags(settings: &Settings) -> Vec<String> {
    let mut flags = Vec::new();
    for value in &settings.config.value {
        flags.push("--config".to_owned());
        flags.push(value.clone());
    }
    for value in &settings.unstable_flags.value {
        flags.push("-Z".to_owned());
        flags.push(value.clone());
    }
    flags
}

/// Features that do not hang on the interpreter.
#[must_use]
pub fn plain_features(features: &[Feature]) -> Vec<String> {
    features
        .iter()
        .filter(|feature| feature.python_version.is_none() && feature.python_implementation.is_none())
        .map(|feature| feature.name.clone())
        .collect()
}

fn run_metadata(
    manifest: &Path,
    settings: &Settings,
    triple: &str,
    answers: &Answers<'_>,
) -> Result<Metadata, ProjectError> {
    let mut arguments: Vec<String> = ["metadata", "--format-version", "1", "--filter-platform", triple]
        .map(str::to_owned)
        .into();
    arguments.push("--manifest-path".to_owned());
    arguments.push(manifest.to_string_lossy().into_owned());
    arguments.extend(common_flags(settings, &plain_features(&settings.features.value)));
    if settings.passed.quiet {
        arguments.push("--quiet".to_owned());
    }
    let invocation = cargo(manifest, arguments);
    let stdout = answers.ask(&invocation, |invocation| {
        let mut stdout = Vec::new();
        // Cargo's own words (downloading, a manifest that does not parse) reach the user as cargo prints them.
        let finished = process::stream(invocation, &mut |line| {
            stdout.extend_from_slice(line);
            stdout.push(b'\n');
        })?;
        if finished.status != 0 {
            return Err(ProjectError::Metadata {
                status: finished.status,
                line: invocation.to_string(),
            });
        }
        Ok(stdout)
    })?;
    serde_json::from_slice(&stdout).map_err(ProjectError::MetadataUnreadable)
}

fn root_id(metadata: &Metadata, manifest: &Path) -> Result<PackageId, ProjectError> {
    if let Some(root) = metadata.resolve.as_ref().and_then(|resolve| resolve.root.clone()) {
        return Ok(root);
    }
    let mut members: Vec<String> = metadata
        .workspace_packages()
        .iter()
        .filter(|package| {
            package
                .targets
                .iter()
                .any(|target| target.kind.contains(&TargetKind::CDyLib))
        })
        .map(|package| package.manifest_path.to_string())
        .collect();
    members.sort();
    Err(ProjectError::VirtualWorkspace {
        manifest: manifest.to_owned(),
        members,
    })
}

/// The members that `extensions` names, less the root package, whose extension is there anyway.
fn further<'a>(metadata: &'a Metadata, settings: &Settings) -> Result<Vec<&'a PackageId>, ProjectError> {
    let wishes = &settings.extensions.value;
    wishes
        .iter()
        .map(|wish| {
            let members = metadata.workspace_packages();
            let found = members.iter().find(|package| package.name == wish.crate_name);
            found.map(|package| &package.id).ok_or_else(|| {
                let mut names: Vec<String> = members
                    .iter()
                    .map(|package| format!("`{}`", package.name))
                    .collect();
                names.sort();
                ProjectError::NoSuchMember {
                    name: wish.crate_name.clone(),
                    there: names.join(", "),
                }
            })
        })
        .collect()
}

fn members(metadata: &Metadata) -> Vec<MemberFacts> {
    let member = |package: &&cargo_metadata::Package| MemberFacts {
        name: package.name.to_string(),
        id: package.id.repr.clone(),
        manifest: package.manifest_path.clone().into_std_path_buf(),
        targets: package.targets.iter().filter_map(target_facts).collect(),
    };
    metadata.workspace_packages().iter().map(member).collect()
}

fn nodes(metadata: &Metadata) -> BTreeMap<&PackageId, &Node> {
    metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|node| (&node.id, node))
        .collect()
}

/// Packages that code or build scripts of the root are compiled against; what only tests use is not among them.
fn reachable(metadata: &Metadata, root: &PackageId) -> BTreeMap<String, PackageFacts> {
    let nodes = nodes(metadata);
    let mut packages = BTreeMap::new();
    let mut waiting = vec![root];
    while let Some(id) = waiting.pop() {
        if packages.contains_key(&id.repr) {
            continue;
        }
        let Some(node) = nodes.get(id) else { continue };
        let of_kind = |kind: DependencyKind| -> Vec<&PackageId> {
            node.deps
                .iter()
                .filter(|dependency| dependency.dep_kinds.iter().any(|info| info.kind == kind))
                .map(|dependency| &dependency.pkg)
                .collect()
        };
        let (normal, build) = (of_kind(DependencyKind::Normal), of_kind(DependencyKind::Build));
        waiting.extend(normal.iter().chain(&build));
        let package = &metadata[id];
        let ids = |list: &[&PackageId]| list.iter().map(|id| id.repr.clone()).collect();
        let has = |kind: &TargetKind| package.targets.iter().any(|target| target.kind.contains(kind));
        packages.insert(
            id.repr.clone(),
            PackageFacts {
                name: package.name.to_string(),
                version: package.version.clone(),
                license: package.license.clone(),
                source: package.source.as_ref().map(|source| source.repr.clone()),
                manifest: package.manifest_path.clone().into_std_path_buf(),
                has_build_script: has(&TargetKind::CustomBuild),
                features: node.features.iter().map(ToString::to_string).collect(),
                extra: package.metadata.clone(),
                normal_dependencies: ids(&normal),
                optional_dependencies: optional_dependencies(metadata, node),
                build_dependencies: ids(&build),
                is_proc_macro: has(&TargetKind::ProcMacro),
            },
        );
    }
    packages
}

/// The normal dependencies of a package that features turn on, with those features.
fn optional_dependencies(metadata: &Metadata, node: &Node) -> BTreeMap<String, BTreeSet<String>> {
    let package = &metadata[&node.id];
    let mut optional = BTreeMap::new();
    for found in &node.deps {
        let target = &metadata[&found.pkg];
        let written: Vec<&cargo_metadata::Dependency> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .filter(|dependency| *dependency.name == **target.name && dependency.req.matches(&target.version))
            .filter(|dependency| {
                let rename = dependency.rename.as_ref();
                rename.is_none_or(|rename| rename.replace('-', "_") == found.name)
            })
            .collect();
        if written.is_empty() || !written.iter().all(|dependency| dependency.optional) {
            continue;
        }
        let asks = |value: &String| {
            written.iter().any(|dependency| {
                let key = dependency.rename.as_deref().unwrap_or(dependency.name.as_str());
                let word = value.strip_prefix("dep:").unwrap_or(value);
                word == key && value != key || value.split_once('/').is_some_and(|(name, _)| name == key)
            })
        };
        let features = package.features.iter();
        let asking = features.filter(|(_, values)| values.iter().any(asks));
        optional.insert(
            found.pkg.repr.clone(),
            asking.map(|(name, _)| name.clone()).collect(),
        );
    }
    optional
}

/// Whether a crate binds Python: how the project does hangs on it.
fn is_bindings(name: &str) -> bool {
    matches!(name, "pyo3" | "pyo3-ffi" | "uniffi")
}

/// Whether the features that cargo's description shows for PyO3 may not be those the extension is built with, or PyO3 may be no
/// dependency of the crate at all: it joins the features of the whole workspace, and those that only tests and build scripts turn on.
fn features_are_joined(metadata: &Metadata, root: &PackageId) -> bool {
    let only_beside = |package: &cargo_metadata::Package| {
        package.dependencies.iter().any(|dependency| {
            dependency.kind != DependencyKind::Normal
                && matches!(dependency.name.as_str(), "pyo3" | "pyo3-ffi")
        })
    };
    metadata.workspace_members.iter().any(|member| {
        let used = || {
            reachable(metadata, member)
                .values()
                .any(|package| is_bindings(&package.name))
        };
        only_beside(&metadata[member]) || (member != root && used())
    })
}

/// Replaces features that the whole workspace turns on by those that this crate turns on, as cargo's own tree tells, and takes out
/// what binds Python for other members alone.
fn scope_features(
    packages: &mut BTreeMap<String, PackageFacts>,
    manifest: &Path,
    settings: &Settings,
    triple: &str,
    answers: &Answers<'_>,
) -> Result<(), ProjectError> {
    let mut arguments: Vec<String> = [
        "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}|{f}",
    ]
    .map(str::to_owned)
    .into();
    for argument in ["--color", "never", "--target", triple, "--manifest-path"] {
        arguments.push(argument.to_owned());
    }
    arguments.push(manifest.to_string_lossy().into_owned());
    arguments.extend(common_flags(settings, &plain_features(&settings.features.value)));
    let invocation = cargo(manifest, arguments);
    let stdout = answers.ask(&invocation, |invocation| {
        let finished = process::capture(invocation)?;
        if finished.status != 0 {
            return Err(ProjectError::Metadata {
                status: finished.status,
                line: invocation.to_string(),
            });
        }
        Ok(finished.stdout)
    })?;
    let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&stdout).lines() {
        let Some((package, features)) = line.rsplit_once('|') else {
            continue;
        };
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let key = (name.to_owned(), version.trim_start_matches('v').to_owned());
        let features = features
            .trim_end_matches(" (*)")
            .split(',')
            .filter(|feature| !feature.is_empty());
        found.entry(key).or_default().extend(features.map(str::to_owned));
    }
    let key = |package: &PackageFacts| (package.name.clone(), package.version.to_string());
    packages.retain(|_, package| !is_bindings(&package.name) || found.contains_key(&key(package)));
    for package in packages.values_mut() {
        if let Some(features) = found.get(&key(package)) {
            package.features = features.iter().cloned().collect();
        }
    }
    Ok(())
}

fn target_facts(target: &cargo_metadata::Target) -> Option<TargetFacts> {
    let outside = [
        TargetKind::Bench,
        TargetKind::CustomBuild,
        TargetKind::Example,
        TargetKind::ProcMacro,
        TargetKind::Test,
    ];
    if target.kind.iter().any(|kind| outside.contains(kind)) {
        return None;
    }
    Some(TargetFacts {
        name: target.name.clone(),
        kinds: target.kind.iter().map(ToString::to_string).collect(),
        crate_types: target.crate_types.iter().map(ToString::to_string).collect(),
        required_features: target.required_features.clone(),
    })
}

fn root_manifest(
    package: &cargo_metadata::Package,
    manifest: &Path,
    workspace_root: &Path,
) -> Result<RootManifest, ProjectError> {
    // Cargo tells the library's name but not whether somebody wrote it, nor whether a missing readme was forbidden.
    let document = Document::read(manifest)?;
    let lib_name = match document.root().table("lib")? {
        Some(lib) => lib.text("name")?.map(|text| text.value.to_owned()),
        None => None,
    };
    let readme_is_off = match document.root().table("package")? {
        Some(package) => matches!(package.boolean("readme"), Ok(Some(false))),
        None => false,
    };
    let path = |path: &Option<cargo_metadata::camino::Utf8PathBuf>| {
        path.clone()
            .map(cargo_metadata::camino::Utf8PathBuf::into_std_path_buf)
    };
    Ok(RootManifest {
        name: package.name.to_string(),
        version: package.version.clone(),
        description: package.description.clone(),
        authors: package.authors.clone(),
        license: package.license.clone(),
        license_file: path(&package.license_file),
        homepage: package.homepage.clone(),
        documentation: package.documentation.clone(),
        repository: package.repository.clone(),
        keywords: package.keywords.clone(),
        readme: path(&package.readme),
        readme_is_off,
        lib_name,
        manifest: fs::normalize(manifest),
        workspace_root: workspace_root.to_owned(),
    })
}

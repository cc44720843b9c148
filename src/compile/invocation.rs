//! The calls of cargo, as data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::remap;
use super::rustflags::{self, Flags};
use crate::host::Host;
use crate::plan::Job;
use crate::process::Invocation;
use crate::project::Project;
use crate::project::cargo::{CargoFacts, common_flags};
use crate::project::products::{Product, Role};
use crate::project::settings::{Passed, Settings};

/// What of a project matters to cargo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub manifest: &'a Path,
    pub cargo: &'a CargoFacts,
    pub settings: &'a Settings,
}

impl<'a> From<&'a Project> for Subject<'a> {
    fn from(project: &'a Project) -> Self {
        Self {
            manifest: &project.manifest,
            cargo: &project.cargo,
            settings: &project.settings,
        }
    }
}

/// Variables that cargo sets for what it runs. Where ironwheel itself is run by cargo they speak of another crate.
const OF_ANOTHER_CARGO: [&str; 21] = [
    "CARGO",
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "CARGO_PRIMARY_PACKAGE",
];

/// The crate that reads PyO3's configuration for the build scripts of all others.
const CONFIGURED_CRATE: &str = "pyo3-build-config";

/// The call that compiles a job.
///
/// `configuration` is PyO3's, unless the user has set one of his own; `flags` are those that every rustc must have.
pub(super) fn cargo_rustc(
    subject: Subject<'_>,
    job: &Job,
    product: &Product,
    host: &Host,
    configuration: Option<&Path>,
    flags: &Flags,
) -> Invocation {
    let mut arguments = vec!["rustc".to_owned()];
    arguments.extend(target(product));
    for argument in ["--message-format", "json-render-diagnostics", "--manifest-path"] {
        arguments.push(argument.to_owned());
    }
    arguments.push(path_text(&product.manifest));
    arguments.extend(what(subject, job, product));
    arguments.extend(
        flags
            .config
            .iter()
            .flat_map(|value| ["--config".to_owned(), value.clone()]),
    );
    arguments.extend(how(&subject.settings.passed));
    arguments.extend(last_rustc(subject));
    let (set, unset) = environment(subject, job, host, configuration, flags);
    Invocation {
        program: "cargo".to_owned(),
        arguments,
        set,
        unset,
        working_directory: working_directory(subject),
    }
}

/// The call that makes cargo forget what it made of packages, for this job's profile and target.
pub(super) fn cargo_clean(subject: Subject<'_>, host: &Host, packages: &[String]) -> Invocation {
    let settings = subject.settings;
    let mut arguments: Vec<String> = ["clean", "--quiet", "--manifest-path"].map(str::to_owned).into();
    arguments.push(path_text(subject.manifest));
    arguments.extend(["--profile".to_owned(), settings.profile.value.clone()]);
    arguments.extend(place(subject));
    for (flag, on) in [
        ("--locked", settings.locked.value),
        ("--frozen", settings.frozen.value),
        ("--offline", settings.offline.value),
    ] {
        arguments.extend(on.then(|| flag.to_owned()));
    }
    for value in &settings.config.value {
        arguments.extend(["--config".to_owned(), value.clone()]);
    }
    for package in packages {
        arguments.extend(["--package".to_owned(), package.clone()]);
    }
    Invocation {
        program: "cargo".to_owned(),
        arguments,
        set: BTreeMap::new(),
        unset: foreign_variables(host),
        working_directory: working_directory(subject),
    }
}

/// Where all calls of cargo run, so that they read the same configuration and choose the same toolchain.
fn working_directory(subject: Subject<'_>) -> PathBuf {
    subject.manifest.parent().unwrap_or(Path::new("/")).to_owned()
}

/// What tells one build of a project from another.
pub(super) fn identity(subject: Subject<'_>, job: &Job, product: &Product) -> Vec<String> {
    let mut arguments = [
        what(subject, job, product),
        last_rustc(subject),
        rustflags::own(subject, job),
        match product.role {
            Role::Extension(_) | Role::Library { .. } => Vec::new(),
            Role::Program(_) => target(product),
        },
    ]
    .concat();
    // These say how cargo comes by the dependencies, not which.
    arguments.retain(|argument| !matches!(argument.as_str(), "--locked" | "--frozen" | "--offline"));
    arguments
}

/// Which of the package's targets is compiled.
fn target(product: &Product) -> Vec<String> {
    match &product.role {
        Role::Extension(_) | Role::Library { .. } => vec!["--lib".to_owned()],
        Role::Program(name) => vec!["--bin".to_owned(), name.clone()],
    }
}

/// What is compiled: everything that makes it another thing than it would be without.
fn what(subject: Subject<'_>, job: &Job, product: &Product) -> Vec<String> {
    let settings = subject.settings;
    let mut arguments = match settings.profile.value.as_str() {
        "release" => vec!["--release".to_owned()],
        profile => vec!["--profile".to_owned(), profile.to_owned()],
    };
    if !product.is_alone {
        arguments.extend(["--crate-type".to_owned(), "cdylib".to_owned()]);
    }
    arguments.extend(place(subject));
    let is_root = product.package == subject.cargo.root_id;
    let features: Vec<String> = job
        .features
        .iter()
        .filter(|feature| is_root || is_of_bindings(feature))
        .cloned()
        .collect();
    arguments.extend(common_flags(settings, &features));
    if subject.cargo.package(CONFIGURED_CRATE).is_some() {
        arguments.extend(["--config".to_owned(), side_by_side(subject, job)]);
    }
    arguments
}

/// Whether a feature is PyO3's, which every extension of a wheel must agree on; others are the root package's own.
fn is_of_bindings(feature: &str) -> bool {
    feature.starts_with("pyo3/") || feature.starts_with("pyo3-ffi/")
}

/// Target and target directory, where they are asked for.
fn place(subject: Subject<'_>) -> Vec<String> {
    let mut arguments = Vec::new();
    if let Some(target) = &subject.settings.target.value {
        arguments.extend(["--target".to_owned(), target.clone()]);
    }
    if let Some(folder) = &subject.settings.passed.target_dir {
        arguments.extend(["--target-dir".to_owned(), path_text(folder)]);
    }
    arguments
}

/// Lets the builds for several interpreters live side by side in one target directory.
///
/// Cargo keeps one result for each distinct way of compiling a crate, and a build script's result is not distinct by the
/// variables that it reads: built for 3.10 and 3.12 in turn, PyO3 would be compiled anew each time. A profile setting is part of
/// what makes a result distinct, and the number of code generation units of a crate that only build scripts use changes
/// nothing else. So each configuration has its own number; pyo3-build-config gets a result for each, and with it whatever is
/// built upon it: pyo3-ffi, pyo3 and the extension. All other dependencies are shared.
fn side_by_side(subject: Subject<'_>, job: &Job) -> String {
    format!(
        "profile.{}.package.{CONFIGURED_CRATE}.codegen-units={}",
        subject.settings.profile.value, job.configuration_number
    )
}

/// How cargo works and speaks: nothing that changes what is compiled.
fn how(passed: &Passed) -> Vec<String> {
    let mut arguments = Vec::new();
    if let Some(jobs) = &passed.jobs {
        arguments.extend(["--jobs".to_owned(), jobs.clone()]);
    }
    if passed.verbose > 0 {
        arguments.push(format!("-{}", "v".repeat(usize::from(passed.verbose))));
    }
    if let Some(color) = &passed.color {
        arguments.extend(["--color".to_owned(), color.clone()]);
    }
    for (flag, on) in [
        ("--quiet", passed.quiet),
        ("--ignore-rust-version", passed.ignore_rust_version),
        ("--timings", passed.timings),
        ("--future-incompat-report", passed.future_incompat_report),
    ] {
        arguments.extend(on.then(|| flag.to_owned()));
    }
    arguments
}

/// What only the extension's own rustc is told.
fn last_rustc(subject: Subject<'_>) -> Vec<String> {
    let settings = subject.settings;
    let mut arguments = remap::last(subject);
    arguments.extend(settings.rustc_args.value.iter().cloned());
    if settings.strip.value {
        arguments.extend(["-C".to_owned(), "strip=symbols".to_owned()]);
    }
    if settings.include_debuginfo.value {
        arguments.extend(["-C".to_owned(), "split-debuginfo=packed".to_owned()]);
    }
    if !arguments.is_empty() {
        arguments.insert(0, "--".to_owned());
    }
    arguments
}

/// The variables that PyO3's build scripts, and those of others that look for a Python, are to see.
fn environment(
    subject: Subject<'_>,
    job: &Job,
    host: &Host,
    configuration: Option<&Path>,
    flags: &Flags,
) -> (BTreeMap<String, String>, Vec<String>) {
    let mut set = BTreeMap::from([
        // Without it cargo names the shared object of a crate that lies at a path by the crate alone, and a build for another
        // interpreter, or a plain `cargo build`, puts its own in that place: everything finished would be linked anew each
        // time. A cargo that takes no notice of it compiles the extension's own crate more often, and nothing worse.
        (
            "__CARGO_DEFAULT_LIB_METADATA".to_owned(),
            remap::mark(subject).to_owned(),
        ),
    ]);
    let mut unset = foreign_variables(host);
    if let Some(configuration) = configuration {
        // Do not link libpython: an extension finds Python's symbols in the program that loads it.
        set.insert("PYO3_BUILD_EXTENSION_MODULE".to_owned(), "1".to_owned());
        if host.variable("PYO3_CONFIG_FILE").is_none() {
            set.insert("PYO3_CONFIG_FILE".to_owned(), path_text(configuration));
        }
    }
    // The interpreter behind a virtual environment: the environment's own path may be another one each time, and whoever takes
    // notice of it would be compiled anew.
    let python = job
        .interpreter
        .as_ref()
        .and_then(|interpreter| interpreter.base_executable.as_ref());
    if let Some(python) = python {
        set.insert("PYO3_PYTHON".to_owned(), path_text(python));
        set.insert("PYTHON_SYS_EXECUTABLE".to_owned(), path_text(python));
        unset.extend(is_set(host, "PYO3_NO_PYTHON"));
    } else if configuration.is_some() {
        set.insert("PYO3_NO_PYTHON".to_owned(), "1".to_owned());
        unset.extend(is_set(host, "PYO3_PYTHON"));
        unset.extend(is_set(host, "PYTHON_SYS_EXECUTABLE"));
    }
    set.extend(flags.set.clone());
    if let Some(wrapper) = &flags.wrapper {
        set.insert("RUSTC_WRAPPER".to_owned(), path_text(&wrapper.path));
    }
    unset.extend(flags.unset.iter().cloned());
    (set, unset)
}

/// Those of another cargo's variables that are set.
fn foreign_variables(host: &Host) -> Vec<String> {
    OF_ANOTHER_CARGO
        .iter()
        .filter_map(|name| is_set(host, name))
        .collect()
}

fn is_set(host: &Host, name: &str) -> Option<String> {
    host.variable(name).map(|_| name.to_owned())
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ModulePath;
    use crate::plan::Abi;
    use crate::project::cargo::{PackageFacts, TargetFacts};
    use crate::project::settings::{Overrides, Tables, resolve};
    use crate::python::{Implementation, known};

    fn host(variables: &[(&str, &str)]) -> Host {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Host::new(variables, PathBuf::from("/w")).unwrap()
    }

    fn package(name: &str) -> PackageFacts {
        PackageFacts {
            name: name.to_owned(),
            version: "1.0.0".parse().unwrap(),
            license: None,
            source: Some("registry".to_owned()),
            manifest: PathBuf::from("/r/Cargo.toml"),
            has_build_script: false,
            features: Vec::new(),
            extra: serde_json::Value::Null,
            normal_dependencies: Vec::new(),
            optional_dependencies: BTreeMap::new(),
            build_dependencies: Vec::new(),
            is_proc_macro: false,
        }
    }

    fn facts(crate_type: &str) -> CargoFacts {
        CargoFacts {
            root_id: "root".to_owned(),
            targets: vec![TargetFacts {
                name: "demo".to_owned(),
                kinds: vec!["lib".to_owned()],
                crate_types: vec![crate_type.to_owned()],
                required_features: Vec::new(),
            }],
            feature_table: BTreeMap::new(),
            members: Vec::new(),
            further: Vec::new(),
            packages: [
                ("root".to_owned(), package("demo")),
                ("b".to_owned(), package(CONFIGURED_CRATE)),
            ]
            .into(),
            workspace_root: PathBuf::from("/w/demo"),
            target_directory: PathBuf::from("/w/target"),
            target_triple: "x86_64-unknown-linux-gnu".to_owned(),
            host_triple: "x86_64-unknown-linux-gnu".to_owned(),
        }
    }

    fn job(base_executable: Option<&str>) -> Job {
        let mut interpreter = known(Implementation::CPython, 12, false, "x86_64-unknown-linux-gnu").unwrap();
        interpreter.executable = base_executable.map(|_| PathBuf::from("/venv/bin/python"));
        interpreter.base_executable = base_executable.map(PathBuf::from);
        Job {
            interpreter: Some(interpreter),
            abi: Abi::Version,
            reason: String::new(),
            python_tag: "cp312".to_owned(),
            abi_tags: vec!["cp312".to_owned()],
            parts: Vec::new(),
            features: vec!["a".to_owned(), "b".to_owned()],
            pyo3_config: Some(String::new()),
            configuration: "cpython-3.12".to_owned(),
            configuration_number: 22,
        }
    }

    fn library(facts: &CargoFacts) -> Product {
        Product {
            package: "root".to_owned(),
            manifest: PathBuf::from("/w/demo/Cargo.toml"),
            is_alone: facts.targets[0].crate_types == ["cdylib"],
            role: Role::Extension(ModulePath::parse("demo").unwrap()),
        }
    }

    fn call(overrides: &Overrides, facts: &CargoFacts, job: &Job, host: &Host) -> Invocation {
        let settings = resolve(overrides, &Tables::default(), Path::new("/w/demo"), host).unwrap();
        let subject = Subject {
            manifest: Path::new("/w/demo/Cargo.toml"),
            cargo: facts,
            settings: &settings,
        };
        cargo_rustc(
            subject,
            job,
            &library(facts),
            host,
            job.pyo3_config
                .as_ref()
                .map(|_| Path::new("/w/target/ironwheel/pyo3/c.txt")),
            &Flags::default(),
        )
    }

    #[test]
    fn the_whole_line() {
        let host = host(&[]);
        let call = call(
            &Overrides::default(),
            &facts("cdylib"),
            &job(Some("/usr/bin/python3.12")),
            &host,
        );
        assert_eq!(
            call.line_from(Path::new("/w/demo")),
            "PYO3_BUILD_EXTENSION_MODULE=1 PYO3_CONFIG_FILE=/w/target/ironwheel/pyo3/c.txt \
             PYO3_PYTHON=/usr/bin/python3.12 PYTHON_SYS_EXECUTABLE=/usr/bin/python3.12 \
             __CARGO_DEFAULT_LIB_METADATA=ironwheel \
             cargo rustc --lib --message-format json-render-diagnostics --manifest-path /w/demo/Cargo.toml --release \
             --features 'a,b' --config 'profile.release.package.pyo3-build-config.codegen-units=22' -- \
             '--remap-path-prefix=/w/demo=/project' '--remap-path-prefix=/w/target=/target'"
        );
    }

    #[test]
    fn every_flag_reaches_cargo() {
        let overrides = Overrides {
            profile: Some("small".to_owned()),
            all_features: true,
            no_default_features: true,
            target: Some("aarch64-unknown-linux-gnu".to_owned()),
            target_dir: Some(PathBuf::from("t")),
            locked: true,
            frozen: true,
            offline: true,
            jobs: Some("3".to_owned()),
            quiet: true,
            verbose: 2,
            config: vec!["net.offline=true".to_owned()],
            unstable_flags: vec!["x".to_owned()],
            ignore_rust_version: true,
            timings: true,
            future_incompat_report: true,
            color: Some("never".to_owned()),
            strip: Some(true),
            rustc_args: vec!["-C".to_owned(), "debuginfo=1".to_owned()],
            ..Overrides::default()
        };
        let mut facts = facts("rlib");
        facts.packages.remove("b");
        let mut job = job(None);
        job.features.clear();
        let call = call(&overrides, &facts, &job, &host(&[]));
        assert_eq!(
            call.arguments[6..].join(" "),
            "--profile small --crate-type cdylib --target aarch64-unknown-linux-gnu --target-dir /w/t --all-features \
             --no-default-features --locked --frozen --offline --config net.offline=true -Z x --jobs 3 -vv --color never \
             --quiet --ignore-rust-version --timings --future-incompat-report -- \
             --remap-path-prefix=/w/demo=/project --remap-path-prefix=/w/target=/target -C debuginfo=1 -C strip=symbols"
        );
    }

    #[test]
    fn without_a_python_build_scripts_are_told_so() {
        let host = host(&[("PYO3_PYTHON", "/venv/bin/python")]);
        let call = call(&Overrides::default(), &facts("cdylib"), &job(None), &host);
        assert_eq!(call.set.get("PYO3_NO_PYTHON").map(String::as_str), Some("1"));
        assert!(!call.set.contains_key("PYO3_PYTHON"));
        assert_eq!(call.unset, ["PYO3_PYTHON"]);
    }

    #[test]
    fn a_program_is_compiled_by_its_name_and_linked_to_the_python_it_embeds() {
        let host = host(&[]);
        let facts = facts("cdylib");
        let settings = resolve(
            &Overrides::default(),
            &Tables::default(),
            Path::new("/w/demo"),
            &host,
        )
        .unwrap();
        let subject = Subject {
            manifest: Path::new("/w/demo/Cargo.toml"),
            cargo: &facts,
            settings: &settings,
        };
        let program = Product {
            role: Role::Program("tool".to_owned()),
            ..library(&facts)
        };
        let job = job(Some("/usr/bin/python3.12"));
        let call = cargo_rustc(subject, &job, &program, &host, None, &Flags::default());
        assert_eq!(call.arguments[..3], ["rustc", "--bin", "tool"]);
        assert_eq!(
            call.set.keys().collect::<Vec<_>>(),
            [
                "PYO3_PYTHON",
                "PYTHON_SYS_EXECUTABLE",
                "__CARGO_DEFAULT_LIB_METADATA"
            ]
        );
    }

    #[test]
    fn a_configuration_of_the_users_own_stays() {
        let host = host(&[("PYO3_CONFIG_FILE", "/mine.txt")]);
        let call = call(&Overrides::default(), &facts("cdylib"), &job(None), &host);
        assert!(!call.set.contains_key("PYO3_CONFIG_FILE"));
    }

    #[test]
    fn another_cargos_variables_are_not_handed_on() {
        let host = host(&[("CARGO", "/c"), ("CARGO_PKG_NAME", "x"), ("CARGO_HOME", "/h")]);
        let call = call(&Overrides::default(), &facts("cdylib"), &job(Some("/p")), &host);
        assert_eq!(call.unset, ["CARGO", "CARGO_PKG_NAME"]);
    }

    #[test]
    fn how_cargo_speaks_makes_no_other_build() {
        let host = host(&[]);
        let facts = facts("cdylib");
        let identity_of = |overrides: &Overrides| {
            let settings = resolve(overrides, &Tables::default(), Path::new("/w/demo"), &host).unwrap();
            let subject = Subject {
                manifest: Path::new("/w/demo/Cargo.toml"),
                cargo: &facts,
                settings: &settings,
            };
            identity(subject, &job(None), &library(&facts))
        };
        let plain = identity_of(&Overrides::default());
        assert_eq!(
            plain,
            identity_of(&Overrides {
                verbose: 1,
                jobs: Some("1".to_owned()),
                frozen: true,
                ..Overrides::default()
            })
        );
        assert_ne!(
            plain,
            identity_of(&Overrides {
                strip: Some(true),
                ..Overrides::default()
            })
        );
    }
}

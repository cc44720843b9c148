//! `ironwheel ci`: a workflow that builds, judges, tests, keeps and publishes wheels.

#![expect(
    clippy::doc_markdown,
    reason = "the comments on flags are help for a terminal, where backticks mean nothing"
)]

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::args::UsageError;
use super::render::Screen;
use crate::fs;
use crate::host::Host;
use crate::plan;
use crate::project::Project;
use crate::project::settings::{Overrides, VersionWish};
use crate::scaffold::ScaffoldError;
use crate::scaffold::ci::{self, CONTAINER, Facts, Machine, Service, Wish};

/// What `ci` takes.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct CiArguments {
    /// Whose workflow: github or gitlab
    #[arg(
        value_name = "SERVICE",
        value_enum,
        hide_possible_values = true,
        help_heading = "Arguments"
    )]
    pub service: ServiceArgument,
    /// Cargo.toml of the crate [default: the one here]
    #[arg(short, long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Machines to build for, ARCH=RUNNER for one's own [default: x86_64,aarch64]
    #[arg(
        short,
        long,
        value_name = "ARCH",
        hide_default_value = true,
        num_args = 1..,
        value_delimiter = ',',
        default_values = ["x86_64", "aarch64"]
    )]
    pub arch: Vec<String>,
    /// Image to build in, `none` for the runner itself [default: rust:1-bullseye]
    #[arg(long, value_name = "IMAGE")]
    pub container: Option<String>,
    /// Debian packages that the build needs
    #[arg(long, value_name = "PACKAGE", num_args = 1.., value_delimiter = ',')]
    pub apt: Vec<String>,
    /// Run the project's tests on the wheels
    #[arg(long)]
    pub pytest: bool,
    /// Compile through sccache
    #[arg(long)]
    pub sccache: bool,
    /// Attest nothing
    #[arg(long)]
    pub skip_attestation: bool,
    /// Publish nothing
    #[arg(long)]
    pub skip_publish: bool,
    /// File to write, `-` to print it [default: where the service looks for it]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print it, and write nothing
    #[arg(long, conflicts_with = "output")]
    pub print: bool,
    /// Take the place of a file that is there
    #[arg(long)]
    pub force: bool,
    /// Maturin's: the systems to build for, of which there is one.
    #[arg(long, hide = true, num_args = 1.., value_delimiter = ',')]
    pub platform: Vec<String>,
    /// Maturin's.
    #[arg(long, hide = true)]
    pub zig: bool,
}

/// Whose workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServiceArgument {
    /// GitHub Actions.
    #[value(help = None)]
    Github,
    /// GitLab CI/CD.
    #[value(help = None)]
    Gitlab,
}

impl CiArguments {
    /// Which project.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        Overrides {
            manifest_path: self.manifest_path.clone(),
            quiet: true,
            ..Overrides::default()
        }
    }

    /// Refuses what only maturin can do.
    pub fn check(&self) -> Result<(), UsageError> {
        const HERE: [&str; 3] = ["all", "linux", "manylinux"];
        if self
            .platform
            .iter()
            .any(|platform| !HERE.contains(&platform.as_str()))
        {
            return Err(UsageError::NotYet {
                written: "--platform",
                subject: "wheels for other systems than Linux with the GNU C library",
                instead: "name machines instead: `--arch x86_64,aarch64`",
            });
        }
        if self.zig {
            return Err(UsageError::NotYet {
                written: "--zig",
                subject: "linking with zig",
                instead: "leave it out: the container's old C library does what it is for",
            });
        }
        Ok(())
    }

    fn wish(&self) -> Wish {
        let machine = |written: &String| match written.split_once('=') {
            Some((architecture, runner)) => Machine {
                architecture: architecture.to_owned(),
                runner: Some(runner.to_owned()),
            },
            None => Machine {
                architecture: written.clone(),
                runner: None,
            },
        };
        let container = self.container.as_deref().unwrap_or(CONTAINER);
        Wish {
            service: self.service(),
            machines: self.arch.iter().map(machine).collect(),
            container: (container != "none").then(|| container.to_owned()),
            packages: self.apt.clone(),
            pytest: self.pytest,
            sccache: self.sccache,
            attest: !self.skip_attestation,
            publish: !self.skip_publish,
            command: self.command(),
        }
    }

    fn service(&self) -> Service {
        match self.service {
            ServiceArgument::Github => Service::Github,
            ServiceArgument::Gitlab => Service::Gitlab,
        }
    }

    /// The call that writes the same workflow again.
    fn command(&self) -> String {
        let service = match self.service {
            ServiceArgument::Github => "github",
            ServiceArgument::Gitlab => "gitlab",
        };
        let mut words = vec!["ironwheel".to_owned(), "ci".to_owned(), service.to_owned()];
        if let Some(manifest) = &self.manifest_path {
            words.extend(["-m".to_owned(), manifest.display().to_string()]);
        }
        words.extend(["--arch".to_owned(), self.arch.join(",")]);
        if let Some(container) = &self.container {
            words.extend(["--container".to_owned(), container.clone()]);
        }
        if !self.apt.is_empty() {
            words.extend(["--apt".to_owned(), self.apt.join(",")]);
        }
        for (flag, on) in [
            ("--pytest", self.pytest),
            ("--sccache", self.sccache),
            ("--skip-attestation", self.skip_attestation),
            ("--skip-publish", self.skip_publish),
        ] {
            words.extend(on.then(|| flag.to_owned()));
        }
        // One line of a comment, whatever a path holds.
        words.join(" ").replace(['\n', '\r'], " ")
    }
}

/// Writes the workflow, or prints it.
///
/// # Errors
/// A machine that nobody lends, a file that is there or cannot be written.
pub fn run(
    arguments: &CiArguments,
    project: &Project,
    host: &Host,
    screen: &Screen,
) -> Result<(), ScaffoldError> {
    let root = root(project);
    let facts = facts(project, &root);
    let text = ci::render(&facts, &arguments.wish())?;
    let service = arguments.service();
    let asked = arguments.output.as_deref();
    if arguments.print || asked == Some(Path::new("-")) {
        let body = Workflow {
            path: service.path(),
            text: &text,
        };
        screen.result(&text, "workflow", &body);
        return Ok(());
    }
    let path = asked.map_or_else(|| root.join(service.path()), |asked| host.absolute(asked));
    let is_ours = std::fs::read(&path).is_ok_and(|present| present == text.as_bytes());
    if path.exists() && !is_ours && !arguments.force {
        return Err(ScaffoldError::InTheWay(path));
    }
    if let Some(folder) = path.parent() {
        fs::create_folder(folder)?;
    }
    fs::write_if_changed(&path, text.as_bytes())?;
    screen.files([path].iter());
    Ok(())
}

/// A workflow that is only printed.
#[derive(Serialize)]
struct Workflow<'a> {
    path: &'a str,
    text: &'a str,
}

/// The repository's root, where services look for workflows; without a repository that of the workspace or the project.
fn root(project: &Project) -> PathBuf {
    let repository = project
        .root
        .ancestors()
        .find(|folder| folder.join(".git").exists());
    let workspace = &project.cargo.workspace_root;
    match repository {
        Some(repository) => repository.to_owned(),
        None if project.root.starts_with(workspace) => workspace.clone(),
        None => project.root.clone(),
    }
}

fn facts(project: &Project, root: &Path) -> Facts {
    let below = |path: &Path| {
        let below = path.strip_prefix(root).ok()?.to_str()?;
        (!below.is_empty()).then(|| below.to_owned())
    };
    let pythons = pythons(project);
    let interpreters = if plan::needs_no_interpreter(project) || !project.bindings.depend_on_python() {
        Vec::new()
    } else if project.bindings.stable().is_some() {
        // The oldest says what the one wheel is for.
        pythons.iter().take(1).cloned().collect()
    } else {
        pythons.clone()
    };
    let has_library = !matches!(project.bindings.kind, crate::project::bindings::Kind::Bin);
    Facts {
        name: project.metadata.name.to_string(),
        module: has_library.then(|| project.module.to_string()),
        pythons,
        interpreters,
        manifest: (project.root != root).then(|| below(&project.manifest)).flatten(),
        workspace: below(&project.cargo.workspace_root),
        needs_history: matches!(project.settings.version.value, Some(VersionWish::Git { .. })),
    }
}

/// The Pythons that the project is for. Where it does not say, those from 3.10 on: older ones are maintained by nobody.
fn pythons(project: &Project) -> Vec<String> {
    const OLDEST: u8 = 10;
    let ((oldest, newest), _) = project.bindings.pythons();
    let floor = project.bindings.stable().and_then(|stable| stable.floor);
    let oldest = floor.map_or(oldest, |(_, minor)| minor.max(oldest));
    let asked = project.metadata.requires_python_specifiers.as_ref();
    let fits = |minor: &u8| match asked {
        // A last release of each: `>=3.9.2` is no word against 3.9.
        Some(specifiers) => specifiers.contains(&pep440_rs::Version::new([3, u64::from(*minor), 99])),
        None => *minor >= OLDEST,
    };
    (oldest..=newest)
        .filter(fits)
        .map(|minor| format!("3.{minor}"))
        .collect()
}

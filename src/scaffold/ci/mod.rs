//! Takes what is known of a project and what is asked. Gives a workflow that builds, judges, tests, keeps and publishes its wheels.
//! Knows nothing of cargo and of files.

use std::fmt::Write as _;

/// Whose workflow it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// GitHub Actions.
    Github,
    /// GitLab CI/CD.
    Gitlab,
}

impl Service {
    /// Where the workflow lies in a repository.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Github => ".github/workflows/wheels.yml",
            Self::Gitlab => ".gitlab-ci.yml",
        }
    }

    /// The runners that it lends, by the architecture of their machines.
    fn runners(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Github => &[("x86_64", "ubuntu-24.04"), ("aarch64", "ubuntu-24.04-arm")],
            Self::Gitlab => &[
                ("x86_64", "saas-linux-small-amd64"),
                ("aarch64", "saas-linux-small-arm64"),
            ],
        }
    }
}

/// Where the wheels are built where nobody says it: an image with Rust, a C compiler and an old C library (2.31), so that the wheels
/// run on most systems.
pub const CONTAINER: &str = "rust:1-bullseye";

/// What is known of the project.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// What Python imports; nothing for programs.
    pub module: Option<String>,
    /// The Pythons that it is for, oldest first: `3.10`.
    pub pythons: Vec<String>,
    /// Those that a wheel is built for by name; none where one wheel serves all of them.
    pub interpreters: Vec<String>,
    /// The crate's manifest, from the repository's root; nothing where it lies there.
    pub manifest: Option<String>,
    /// The workspace's folder, from the repository's root; nothing where it is that.
    pub workspace: Option<String>,
    /// Whether the version comes from git's tags.
    pub needs_history: bool,
}

/// A kind of machine, and the runner that is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// As tags spell it: `x86_64`, `aarch64`.
    pub architecture: String,
    /// The runner's label; nothing for the service's own.
    pub runner: Option<String>,
}

/// What is asked.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct Wish {
    /// Whose workflow.
    pub service: Service,
    /// The machines to build on and for.
    pub machines: Vec<Machine>,
    /// The image to build in; nothing for the runner itself.
    pub container: Option<String>,
    /// Debian's packages that the build needs.
    pub packages: Vec<String>,
    /// Whether the project's own tests are run on the wheels.
    pub pytest: bool,
    /// Whether sccache stands between cargo and rustc.
    pub sccache: bool,
    /// Whether it is attested how the wheels came to be.
    pub attest: bool,
    /// Whether tags are published.
    pub publish: bool,
    /// The call that writes this workflow.
    pub command: String,
}

/// Why there is no workflow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CiError {
    /// The service lends no such machine.
    #[error("there is no runner for `{architecture}` that everybody has: {known}")]
    NoRunner {
        /// The architecture.
        architecture: String,
        /// Those that there are.
        known: String,
    },
    /// Two of one kind.
    #[error("`{0}` is asked for twice")]
    Twice(String),
    /// It would break the workflow, or do something else in it.
    #[error("`{what}` has a letter that has no place in a workflow: {value}")]
    Letters {
        /// The flag.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// GitLab's jobs always run in an image.
    #[error("jobs of GitLab run in images, so there has to be one")]
    NoImage,
}

impl CiError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoRunner { architecture, .. } => {
                format!("name a runner of your own by its label: `--arch {architecture}=LABEL`")
            }
            Self::Twice(_) => "ask for each architecture once".to_owned(),
            Self::Letters { .. } => "letters, digits and `. _ - + : / @` do".to_owned(),
            Self::NoImage => "name it: `--container IMAGE`".to_owned(),
        }
    }
}

/// The release of uv that installs and publishes.
const UV: &str = "0.13.9";

/// Actions by the commit of a release: a tag can be moved, a commit cannot.
const ACTIONS: [(&str, &str); 5] = [
    (
        "@CHECKOUT@",
        "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
    ),
    (
        "@UPLOAD@",
        "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
    ),
    (
        "@DOWNLOAD@",
        "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    ),
    (
        "@SETUP_UV@",
        "astral-sh/setup-uv@20cfd1bf945f4377ade1205e4dbc17946fc9a30d # v10.0.1",
    ),
    (
        "@ATTEST_ACTION@",
        "actions/attest-build-provenance@a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32 # v4.1.0",
    ),
];

const GITHUB_CACHE: &str =
    "      - uses: Swatinem/rust-cache@c19371144df3bb44fab255c43d04cbc2ab54d1c4 # v2.9.1 # zizmor: ignore[cache-poisoning]
        # A release is built of nothing that another run has left behind.
        if: ${{ !startsWith(github.ref, 'refs/tags/') }}
        with:
          key: ${{ matrix.arch }}
          # What a pull request compiles is of use to nobody else.
          save-if: ${{ github.event_name != 'pull_request' }}
";

const GITHUB_SCCACHE: &str =
    "      - uses: mozilla-actions/sccache-action@9e7fa8a12102821edf02ca5dbea1acd0f89a2696 # v0.0.10 # zizmor: ignore[cache-poisoning]
        # A release is built of nothing that another run has left behind.
        if: ${{ !startsWith(github.ref, 'refs/tags/') }}
      - name: Compile through sccache
        if: ${{ !startsWith(github.ref, 'refs/tags/') }}
        run: |
          echo 'RUSTC_WRAPPER=sccache' >> \"$GITHUB_ENV\"
          echo 'SCCACHE_GHA_ENABLED=true' >> \"$GITHUB_ENV\"
";

const GITHUB_SAFE: &str = "      - name: Let git read a checkout of somebody else's
        run: git config --global --add safe.directory \"$GITHUB_WORKSPACE\"
";

const GITHUB_ATTEST: &str = "      - uses: @ATTEST_ACTION@
        with:
          subject-checksums: dist/SHA256SUMS
";

const GITHUB_ATTEST_PERMISSIONS: &str = "      id-token: write # Signs the attestations.
      attestations: write
";

/// The workflow.
///
/// # Errors
/// A machine that nobody lends, and words that would mean something else in a workflow.
pub fn render(facts: &Facts, wish: &Wish) -> Result<String, CiError> {
    check(facts, wish)?;
    let machines = machines(wish)?;
    let text = match wish.service {
        Service::Github => github(facts, wish, &machines),
        Service::Gitlab => gitlab(facts, wish, &machines)?,
    };
    Ok(filled(&text, &[]))
}

/// Architectures with their runners.
fn machines(wish: &Wish) -> Result<Vec<(&str, &str)>, CiError> {
    let runners = wish.service.runners();
    let mut machines: Vec<(&str, &str)> = Vec::new();
    for machine in &wish.machines {
        let architecture = machine.architecture.as_str();
        if machines.iter().any(|(known, _)| *known == architecture) {
            return Err(CiError::Twice(architecture.to_owned()));
        }
        let lent = runners.iter().find(|(known, _)| *known == architecture);
        let runner = machine.runner.as_deref().or(lent.map(|(_, runner)| *runner));
        let Some(runner) = runner else {
            let known: Vec<String> = runners.iter().map(|(known, _)| format!("`{known}`")).collect();
            return Err(CiError::NoRunner {
                architecture: architecture.to_owned(),
                known: known.join(", "),
            });
        };
        machines.push((architecture, runner));
    }
    Ok(machines)
}

/// What people type stands in the workflow as it is, so it must mean nothing there.
fn check(facts: &Facts, wish: &Wish) -> Result<(), CiError> {
    let runners = wish.machines.iter().flat_map(|machine| {
        [Some(&machine.architecture), machine.runner.as_ref()]
            .into_iter()
            .flatten()
            .map(|word| ("--arch", word))
    });
    let packages = wish.packages.iter().map(|package| ("--apt", package));
    let container = wish.container.iter().map(|image| ("--container", image));
    let folders = facts
        .manifest
        .iter()
        .chain(&facts.workspace)
        .map(|path| ("-m", path));
    for (what, value) in runners.chain(packages).chain(container).chain(folders) {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-+:/@".contains(letter);
        if value.is_empty() || !value.chars().all(is_plain) || value.starts_with(['-', '@']) {
            return Err(CiError::Letters {
                what,
                value: value.clone(),
            });
        }
    }
    Ok(())
}

/// The call that builds the wheels.
fn build(facts: &Facts) -> String {
    let mut line = format!("ironwheel build{} --checksums --report -o dist", common(facts));
    for python in &facts.interpreters {
        let _ = write!(line, " -i {python}");
    }
    line
}

fn sdist(facts: &Facts) -> String {
    format!("ironwheel sdist{} --checksums --report -o dist", common(facts))
}

fn common(facts: &Facts) -> String {
    match &facts.manifest {
        Some(manifest) => format!(" -m {manifest} --locked"),
        None => " --locked".to_owned(),
    }
}

/// The oldest and the newest: what breaks, breaks there first.
fn ends(pythons: &[String]) -> Vec<&str> {
    match pythons {
        [] => Vec::new(),
        [only] => vec![only],
        [oldest, .., newest] => vec![oldest, newest],
    }
}

/// What tests need beside the wheel itself: its dependencies come with its own name, which is there already.
fn wanted(facts: &Facts, wish: &Wish, folder: &str) -> String {
    let pytest = if wish.pytest { " pytest" } else { "" };
    format!("--find-links {folder} {}{pytest}", facts.name)
}

fn github(facts: &Facts, wish: &Wish, machines: &[(&str, &str)]) -> String {
    let list = |indent: &str| {
        machines.iter().fold(String::new(), |mut text, (arch, runner)| {
            let _ = writeln!(text, "{indent}- {{ arch: {arch}, runner: {runner} }}");
            text
        })
    };
    let container = wish
        .container
        .as_ref()
        .map_or_else(String::new, |image| format!("    container: {image}\n"));
    let packages = if wish.packages.is_empty() {
        String::new()
    } else {
        let sudo = if wish.container.is_some() { "" } else { "sudo " };
        format!(
            "      - name: Install what it is linked against\n        run: |\n          {sudo}apt-get update -qq\n          \
             {sudo}apt-get install -y --no-install-recommends {}\n",
            wish.packages.join(" ")
        )
    };
    let cache = if wish.sccache {
        GITHUB_SCCACHE.to_owned()
    } else {
        let workspace = facts.workspace.as_ref();
        let workspaces =
            workspace.map_or_else(String::new, |folder| format!("          workspaces: {folder}\n"));
        format!("{GITHUB_CACHE}{workspaces}")
    };
    let test = match &facts.module {
        None => String::new(),
        Some(module) => filled(
            include_str!("github-test.yml"),
            &[
                ("@PYTHONS@", &quoted_list(&ends(&facts.pythons))),
                ("@MACHINES@", &list("          ")),
                ("@NAME@", &facts.name),
                ("@DEPENDENCIES@", &wanted(facts, wish, "dist")),
                ("@MODULE@", module),
                (
                    "@PYTEST@\n",
                    if wish.pytest {
                        "          \"$VIRTUAL_ENV/bin/pytest\" --import-mode=importlib\n"
                    } else {
                        ""
                    },
                ),
            ],
        ),
    };
    let needs = if test.is_empty() {
        "[wheels, sdist]"
    } else {
        "[wheels, sdist, test]"
    };
    let (attest, permissions) = if wish.attest {
        (GITHUB_ATTEST, GITHUB_ATTEST_PERMISSIONS)
    } else {
        ("", "")
    };
    let publish = if wish.publish {
        include_str!("github-publish.yml")
    } else {
        ""
    };
    filled(
        include_str!("github.yml"),
        &[
            ("@COMMAND@", &wish.command),
            ("@CONTAINER@", &container),
            ("@MACHINES@", &list("          ")),
            ("@PACKAGES@", &packages),
            ("@CACHE@", &cache),
            (
                "@HISTORY@",
                if facts.needs_history {
                    "          fetch-depth: 0 # The version is that of the nearest tag.\n"
                } else {
                    ""
                },
            ),
            (
                "@SAFE@",
                if facts.needs_history && wish.container.is_some() {
                    GITHUB_SAFE
                } else {
                    ""
                },
            ),
            ("@PROFILE@", profile(wish)),
            ("@BUILD@", &build(facts)),
            ("@SDIST@", &sdist(facts)),
            ("@TEST@\n", &test),
            ("@NEEDS@", needs),
            ("@ATTEST_PERMISSIONS@", permissions),
            ("@ATTEST@", attest),
            ("@PUBLISH@\n", publish),
        ],
    )
}

fn gitlab(facts: &Facts, wish: &Wish, machines: &[(&str, &str)]) -> Result<String, CiError> {
    let container = wish.container.as_ref().ok_or(CiError::NoImage)?;
    let list = |pythons: &str| {
        machines.iter().fold(String::new(), |mut text, (arch, runner)| {
            let _ = writeln!(text, "      - ARCH: {arch}\n        RUNNER: {runner}{pythons}");
            text
        })
    };
    let inside = |path: &str| match &facts.workspace {
        Some(folder) => format!("{folder}/{path}"),
        None => path.to_owned(),
    };
    let mut packages = String::new();
    if !wish.packages.is_empty() {
        let _ = writeln!(
            packages,
            "    - apt-get update -qq && apt-get install -y -qq --no-install-recommends {}",
            wish.packages.join(" ")
        );
    }
    if wish.sccache {
        packages.push_str("    # The image has to bring sccache.\n    - export RUSTC_WRAPPER=sccache\n");
    }
    let test = match &facts.module {
        None => String::new(),
        Some(module) => filled(
            include_str!("gitlab-test.yml"),
            &[
                (
                    "@MACHINES@",
                    &list(&format!(
                        "\n        PYTHON: {}",
                        quoted_list(&ends(&facts.pythons))
                    )),
                ),
                ("@NAME@", &facts.name),
                ("@DEPENDENCIES@", &wanted(facts, wish, "\"parts/$ARCH\"")),
                ("@MODULE@", module),
                (
                    "@PYTEST@\n",
                    if wish.pytest {
                        "    - /opt/test/bin/pytest --import-mode=importlib\n"
                    } else {
                        ""
                    },
                ),
            ],
        ),
    };
    let publish = if wish.publish {
        include_str!("gitlab-publish.yml")
    } else {
        ""
    };
    Ok(filled(
        include_str!("gitlab.yml"),
        &[
            ("@COMMAND@", &wish.command),
            ("@CONTAINER@", container),
            ("@MACHINES@", &list("")),
            ("@PACKAGES@", &packages),
            (
                "@HISTORY@",
                if facts.needs_history {
                    "  # The version is that of the nearest tag.\n  GIT_DEPTH: \"0\"\n"
                } else {
                    ""
                },
            ),
            ("@LOCK@", &inside("Cargo.lock")),
            ("@TARGET@", &inside("target/")),
            ("@PROFILE@", profile(wish)),
            ("@BUILD@", &build(facts)),
            ("@SDIST@", &sdist(facts)),
            ("@TEST@\n", &test),
            ("@PUBLISH@\n", publish),
        ],
    ))
}

/// What goes to the public index is held against its rules, too.
fn profile(wish: &Wish) -> &'static str {
    if wish.publish { " --profile pypi" } else { "" }
}

/// Versions are texts: `3.10` as a number is 3.1.
fn quoted_list(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("[{}]", words.join(", "))
}

/// A template with its places filled.
fn filled(template: &str, places: &[(&str, &str)]) -> String {
    let versions = [("@VERSION@", env!("CARGO_PKG_VERSION")), ("@UV@", UV)];
    let places = places.iter().chain(&ACTIONS).chain(&versions);
    places.fold(template.to_owned(), |text, (place, words)| {
        text.replace(place, words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            name: "demo".to_owned(),
            module: Some("demo".to_owned()),
            pythons: ["3.10", "3.11", "3.12"].map(str::to_owned).into(),
            interpreters: ["3.10", "3.11", "3.12"].map(str::to_owned).into(),
            manifest: None,
            workspace: None,
            needs_history: false,
        }
    }

    fn wish(service: Service) -> Wish {
        Wish {
            service,
            machines: ["x86_64", "aarch64"]
                .map(|architecture| Machine {
                    architecture: architecture.to_owned(),
                    runner: None,
                })
                .into(),
            container: Some(CONTAINER.to_owned()),
            packages: Vec::new(),
            pytest: false,
            sccache: false,
            attest: true,
            publish: true,
            command: "ironwheel ci github".to_owned(),
        }
    }

    /// Every combination of what can be asked with a yes or no.
    fn all(service: Service) -> Vec<(Facts, Wish)> {
        let mut all = Vec::new();
        for bits in 0_u8..64 {
            let bit = |at: u8| bits >> at & 1 == 1;
            let mut facts = facts();
            facts.needs_history = bit(0);
            facts.module = facts.module.filter(|_| bit(1));
            let container = wish(service).container;
            let wish = Wish {
                pytest: bit(2),
                sccache: bit(3),
                attest: bit(4),
                publish: bit(5),
                container: container.filter(|_| bit(0) || service == Service::Gitlab),
                packages: if bit(3) {
                    vec!["libpq-dev".to_owned()]
                } else {
                    Vec::new()
                },
                ..wish(service)
            };
            all.push((facts, wish));
        }
        all
    }

    #[test]
    fn no_place_stays_open_and_every_action_is_pinned() {
        for service in [Service::Github, Service::Gitlab] {
            for (facts, wish) in all(service) {
                let text = render(&facts, &wish).unwrap();
                let open = text.split_whitespace().find(|word| {
                    word.contains('@') && word.chars().filter(|letter| *letter == '@').count() == 2
                });
                assert_eq!(open, None, "{text}");
                for action in text.lines().filter_map(|line| line.split_once("uses: ")) {
                    let (_, commit) = action.1.split_once('@').expect("a commit");
                    let (commit, release) = commit.split_once(" # v").expect("a release");
                    assert_eq!(commit.len(), 40, "{}", action.1);
                    assert!(commit.chars().all(|letter| letter.is_ascii_hexdigit()));
                    assert!(release.starts_with(|letter: char| letter.is_ascii_digit()));
                }
                assert!(!text.contains("\n\n\n") && text.ends_with('\n') && !text.ends_with("\n\n"));
                assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
            }
        }
    }

    #[test]
    fn only_tags_are_published_and_only_that_job_may() {
        let text = render(&facts(), &wish(Service::Github)).unwrap();
        assert_eq!(text.matches("id-token: write").count(), 2, "attest and publish");
        assert!(text.contains("\npermissions: {}\n"));
        assert!(text.contains("environment: release"));
        let quiet = Wish {
            attest: false,
            publish: false,
            ..wish(Service::Github)
        };
        let text = render(&facts(), &quiet).unwrap();
        assert!(!text.contains("id-token") && !text.contains("uv publish"));
    }

    #[test]
    fn one_wheel_for_many_pythons_asks_for_none() {
        let text = render(&facts(), &wish(Service::Github)).unwrap();
        assert!(text.contains(
            "run: ironwheel build --locked --checksums --report -o dist -i 3.10 -i 3.11 -i 3.12\n"
        ));
        let stable = Facts {
            interpreters: Vec::new(),
            ..facts()
        };
        let text = render(&stable, &wish(Service::Github)).unwrap();
        assert!(text.contains("run: ironwheel build --locked --checksums --report -o dist\n"));
        assert!(text.contains("python: [\"3.10\", \"3.12\"]"));
    }

    #[test]
    fn a_machine_that_nobody_lends_has_to_be_named() {
        let machine = |runner: Option<&str>| Wish {
            machines: vec![Machine {
                architecture: "s390x".to_owned(),
                runner: runner.map(str::to_owned),
            }],
            ..wish(Service::Github)
        };
        let error = render(&facts(), &machine(None)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no runner for `s390x` that everybody has: `x86_64`, `aarch64`"
        );
        assert!(error.hint().ends_with("`--arch s390x=LABEL`"));
        let text = render(&facts(), &machine(Some("our-mainframe"))).unwrap();
        assert!(text.contains("- { arch: s390x, runner: our-mainframe }"));
    }

    #[test]
    fn words_that_mean_something_in_a_workflow_are_refused() {
        for image in ["a b", "x\ny", "${{ secrets.X }}", "", "-x", "a;b"] {
            let wish = Wish {
                container: Some(image.to_owned()),
                ..wish(Service::Github)
            };
            assert!(
                matches!(render(&facts(), &wish), Err(CiError::Letters { .. })),
                "{image}"
            );
        }
        let twice = Wish {
            machines: [wish(Service::Github).machines, wish(Service::Github).machines].concat(),
            ..wish(Service::Github)
        };
        assert_eq!(render(&facts(), &twice), Err(CiError::Twice("x86_64".to_owned())));
        let bare = Wish {
            container: None,
            ..wish(Service::Gitlab)
        };
        assert_eq!(render(&facts(), &bare), Err(CiError::NoImage));
    }
}

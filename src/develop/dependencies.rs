//! What a project needs beside itself: which of it is asked for, and whether an environment has it already.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep508_rs::{
    ExtraName, MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree, Requirement, VerbatimUrl,
    VersionOrUrl,
};

use crate::name::normalize;
use crate::project::pyproject::{Document, DocumentError};
use crate::project::{Project, groups};
use crate::python::environment::{Environment, Places};

/// The group that is installed where nobody names one.
const DEFAULT_GROUP: &str = "dev";

/// What is asked for that the project does not have.
#[derive(Debug, thiserror::Error)]
pub enum DependencyError {
    /// pyproject.toml is wrong.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// No such extra.
    #[error("the project has no extra `{name}`; {}", those("extras", there))]
    NoExtra {
        /// As asked.
        name: String,
        /// What there is.
        there: Vec<String>,
    },
    /// No such group.
    #[error("the project has no dependency group `{name}`; {}", those("groups", there))]
    NoGroup {
        /// As asked.
        name: String,
        /// What there is.
        there: Vec<String>,
    },
}

fn those(kind: &str, names: &[String]) -> String {
    if names.is_empty() {
        format!("it has no {kind} at all")
    } else {
        format!("its {kind} are {}", names.join(", "))
    }
}

/// What of a project's requirements is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// `-E`.
    pub extras: Vec<String>,
    /// `-G`; none for the usual one, where the project has it.
    pub groups: Vec<String>,
}

/// The requirements that hold in an environment: the project's own, those of extras and those of groups, each once and without
/// its marker.
pub fn wanted(
    project: &Project,
    asked: &Asked,
    environment: &Environment,
) -> Result<Vec<Requirement<VerbatimUrl>>, DependencyError> {
    let document = project.pyproject.as_deref().map(Document::read).transpose()?;
    let mut from_groups = Vec::new();
    for name in asked_groups(document.as_ref(), asked)? {
        let found = document
            .as_ref()
            .map(|document| groups::requirements(document, &name))
            .transpose()?
            .flatten();
        from_groups.extend(found.ok_or_else(|| no_group(document.as_ref(), &name))?);
    }
    let there = &project.metadata.provides_extra;
    let mut extras = BTreeSet::new();
    for name in &asked.extras {
        if !there.contains(&normalize(name)) {
            return Err(DependencyError::NoExtra {
                name: name.clone(),
                there: there.clone(),
            });
        }
        extras.insert(normalize(name));
    }
    let own: Vec<Requirement<VerbatimUrl>> = parsed(&project.metadata.requires_dist);
    let name = project.metadata.name.normalized();
    Ok(chosen(&name, &own, &from_groups, extras, environment))
}

/// Of the project's own requirements and those of groups those that hold. A requirement of the project itself, which extras and
/// groups use to name other extras, asks for these.
fn chosen(
    name: &str,
    own: &[Requirement<VerbatimUrl>],
    from_groups: &[Requirement<VerbatimUrl>],
    mut extras: BTreeSet<String>,
    environment: &Environment,
) -> Vec<Requirement<VerbatimUrl>> {
    let markers = markers(environment);
    let holds = |requirement: &Requirement<VerbatimUrl>, extras: &BTreeSet<String>| {
        let extras: Vec<ExtraName> = extras
            .iter()
            .filter_map(|extra| ExtraName::from_str(extra).ok())
            .collect();
        // Where the environment does not say enough of itself, the installer decides.
        markers
            .as_ref()
            .is_none_or(|markers| requirement.evaluate_markers(markers, &extras))
    };
    let is_itself = |requirement: &Requirement<VerbatimUrl>| normalize(requirement.name.as_ref()) == name;
    loop {
        let more: BTreeSet<String> = own
            .iter()
            .chain(from_groups)
            .filter(|requirement| is_itself(requirement) && holds(requirement, &extras))
            .flat_map(|requirement| &requirement.extras)
            .map(|extra| normalize(extra.as_ref()))
            .collect();
        if more.is_subset(&extras) {
            break;
        }
        extras.extend(more);
    }
    let mut found = Vec::new();
    for requirement in own.iter().chain(from_groups) {
        if is_itself(requirement) || !holds(requirement, &extras) {
            continue;
        }
        let bare = Requirement {
            marker: MarkerTree::TRUE,
            ..requirement.clone()
        };
        if !found.contains(&bare) {
            found.push(bare);
        }
    }
    found
}

fn asked_groups(document: Option<&Document>, asked: &Asked) -> Result<Vec<String>, DocumentError> {
    if !asked.groups.is_empty() {
        return Ok(asked.groups.clone());
    }
    let there = document.map_or_else(|| Ok(Vec::new()), groups::names)?;
    Ok(there
        .into_iter()
        .filter(|name| normalize(name) == DEFAULT_GROUP)
        .collect())
}

fn no_group(document: Option<&Document>, name: &str) -> DependencyError {
    DependencyError::NoGroup {
        name: name.to_owned(),
        there: document
            .and_then(|document| groups::names(document).ok())
            .unwrap_or_default(),
    }
}

/// Requirements as texts; what cannot be read is nobody's to check.
fn parsed(texts: &[String]) -> Vec<Requirement<VerbatimUrl>> {
    texts
        .iter()
        .filter_map(|text| Requirement::from_str(text).ok())
        .collect()
}

/// What markers are evaluated by; nothing where the environment does not say enough.
fn markers(environment: &Environment) -> Option<MarkerEnvironment> {
    let get = |name: &str| environment.markers.get(name).map(String::as_str);
    // A Python of a distributor's own calls itself `3.11.2+`, which is no version.
    let version = |name: &str| get(name).map(|version| version.trim_end_matches('+'));
    MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: get("implementation_name")?,
        implementation_version: version("implementation_version")?,
        os_name: get("os_name")?,
        platform_machine: get("platform_machine")?,
        platform_python_implementation: get("platform_python_implementation")?,
        platform_release: get("platform_release")?,
        platform_system: get("platform_system")?,
        platform_version: get("platform_version")?,
        python_full_version: version("python_full_version")?,
        python_version: version("python_version")?,
        sys_platform: get("sys_platform")?,
    })
    .ok()
}

/// Whether an environment has all that is wanted, and all that this needs in turn. Nothing is run to tell it.
#[must_use]
pub fn are_met(wanted: &[Requirement<VerbatimUrl>], environment: &Environment) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let Some(markers) = markers(environment) else {
        return false;
    };
    let installed = Installed::of(&environment.places);
    let mut seen: BTreeSet<(String, Vec<String>)> = BTreeSet::new();
    let mut open = wanted.to_vec();
    while let Some(requirement) = open.pop() {
        let name = normalize(requirement.name.as_ref());
        let extras: Vec<String> = requirement.extras.iter().map(ToString::to_string).collect();
        let Some(distribution) = installed.distributions.get(&name) else {
            return false;
        };
        if !distribution.satisfies(&requirement) {
            return false;
        }
        if seen.insert((name, extras)) {
            let needed = distribution
                .requirements()
                .into_iter()
                .filter(|needed| needed.evaluate_markers(&markers, &requirement.extras));
            open.extend(needed);
        }
    }
    true
}

/// What is installed in an environment, by normalized name.
struct Installed {
    distributions: BTreeMap<String, Distribution>,
}

/// An installed project.
struct Distribution {
    dist_info: PathBuf,
    version: Option<pep440_rs::Version>,
}

impl Installed {
    fn of(places: &Places) -> Self {
        let mut distributions = BTreeMap::new();
        for folder in BTreeSet::from([&places.purelib, &places.platlib]) {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for path in entries.map(|entry| entry.path()) {
                if let Some((name, distribution)) = Distribution::at(&path) {
                    distributions.insert(name, distribution);
                }
            }
        }
        Self { distributions }
    }
}

impl Distribution {
    /// The project that `<name>-<version>.dist-info` tells of.
    fn at(dist_info: &Path) -> Option<(String, Self)> {
        let stem = dist_info.file_name()?.to_str()?.strip_suffix(".dist-info")?;
        let (name, version) = stem.split_once('-')?;
        let distribution = Self {
            version: pep440_rs::Version::from_str(version).ok(),
            dist_info: dist_info.to_owned(),
        };
        Some((normalize(name), distribution))
    }

    fn satisfies(&self, requirement: &Requirement<VerbatimUrl>) -> bool {
        match &requirement.version_or_url {
            None => true,
            Some(VersionOrUrl::VersionSpecifier(specifiers)) => self
                .version
                .as_ref()
                .is_some_and(|version| specifiers.contains(version)),
            Some(VersionOrUrl::Url(url)) => self.is_from(url.raw().as_str()),
        }
    }

    /// Whether it was installed from an address.
    ///
    /// <https://packaging.python.org/en/latest/specifications/direct-url/>
    fn is_from(&self, url: &str) -> bool {
        let origin = std::fs::read(self.dist_info.join("direct_url.json")).ok();
        let Some(origin) = origin.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
        else {
            return false;
        };
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let Some(mut spelled) = text(&origin["url"]) else {
            return false;
        };
        let version_control = &origin["vcs_info"];
        if let Some(system) = text(&version_control["vcs"]) {
            spelled = format!("{system}+{spelled}");
            if let Some(revision) = text(&version_control["requested_revision"]) {
                spelled = format!("{spelled}@{revision}");
            }
        }
        let plain = |url: &str| {
            let before = url.split('#').next().unwrap_or_default();
            before.trim_end_matches('/').to_owned()
        };
        plain(&spelled) == plain(url)
    }

    fn requirements(&self) -> Vec<Requirement<VerbatimUrl>> {
        let text = std::fs::read(self.dist_info.join("METADATA")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let fields: Vec<String> = text
            .lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.strip_prefix("Requires-Dist:"))
            .map(|value| value.trim().to_owned())
            .collect();
        parsed(&fields)
    }
}

/// Whether a package lies in an environment.
#[must_use]
pub fn has_package(name: &str, places: &Places) -> bool {
    let lies_in = |folder: &Path| folder.join(name).join("__init__.py").is_file();
    lies_in(&places.purelib) || lies_in(&places.platlib)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(root: &Path) -> Environment {
        let markers = [
            ("implementation_name", "cpython"),
            ("implementation_version", "3.11.7"),
            ("os_name", "posix"),
            ("platform_machine", "x86_64"),
            ("platform_python_implementation", "CPython"),
            ("platform_release", "6.1"),
            ("platform_system", "Linux"),
            ("platform_version", "#1"),
            ("python_full_version", "3.11.7+"),
            ("python_version", "3.11"),
            ("sys_platform", "linux"),
        ];
        Environment {
            root: root.to_owned(),
            python: root.join("bin/python"),
            places: Places {
                purelib: root.join("p"),
                platlib: root.join("p"),
                scripts: root.join("s"),
                data: root.to_owned(),
                headers: root.join("h"),
            },
            markers: markers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            is_made_by_uv: false,
        }
    }

    fn requirements(texts: &[&str]) -> Vec<Requirement<VerbatimUrl>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let found = parsed(&texts);
        assert_eq!(found.len(), texts.len(), "{texts:?}");
        found
    }

    fn install(root: &Path, name: &str, metadata: &str) -> PathBuf {
        let folder = root.join("p").join(format!("{name}.dist-info"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("METADATA"), metadata).unwrap();
        folder
    }

    #[test]
    fn what_is_wanted_is_what_holds_here() {
        let own = requirements(&[
            "a>=1",
            "b; sys_platform == 'win32'",
            "c; python_full_version >= '3.11.5'",
            "d; extra == 'x'",
            "demo[x]; extra == 'all'",
            "e[z]>2; extra == 'y'",
        ]);
        let folder = tempfile::tempdir().unwrap();
        let environment = environment(folder.path());
        let of = |extras: &[&str], groups: &[&str]| -> Vec<String> {
            let extras = extras.iter().map(|extra| (*extra).to_owned()).collect();
            chosen("demo", &own, &requirements(groups), extras, &environment)
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(of(&[], &[]), ["a>=1", "c"]);
        assert_eq!(of(&["all"], &[]), ["a>=1", "c", "d"]);
        assert_eq!(of(&[], &["Demo[y]", "a>=1", "f"]), ["a>=1", "c", "e[z]>2", "f"]);
    }

    #[test]
    fn an_environment_has_all_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let environment = environment(root);
        let met = |texts: &[&str]| are_met(&requirements(texts), &environment);
        assert!(met(&[]));
        assert!(!met(&["a"]));
        install(
            root,
            "A_b-1.5",
            "Name: A.b\nRequires-Dist: c>=2\nRequires-Dist: d; extra == 'x'\nRequires-Dist: w; os_name == 'nt'\n\nRequires-Dist: no\n",
        );
        assert!(!met(&["a-b>=1"]), "c is missing");
        install(root, "c-2.1", "Requires-Dist: a-b\n");
        assert!(met(&["a-b>=1", "A.B<2"]));
        assert!(!met(&["a-b>=2"]));
        assert!(!met(&["a-b[x]"]), "d is missing");
        install(root, "d-0", "");
        assert!(met(&["a-b[x]", "a-b"]));
    }

    #[test]
    fn an_address_is_met_by_what_came_from_there() {
        let folder = tempfile::tempdir().unwrap();
        let environment = environment(folder.path());
        let info = install(folder.path(), "a-1", "");
        let met = |text: &str| are_met(&requirements(&[text]), &environment);
        assert!(!met("a @ https://example.org/a-1.tar.gz"));
        let write = |text: &str| std::fs::write(info.join("direct_url.json"), text).unwrap();
        write(r#"{"url": "https://example.org/a-1.tar.gz", "archive_info": {}}"#);
        assert!(met("a @ https://example.org/a-1.tar.gz#sha256=00"));
        assert!(!met("a @ https://example.org/a-2.tar.gz"));
        write(
            r#"{"url": "https://example.org/a", "vcs_info": {"vcs": "git", "requested_revision": "main", "commit_id": "0"}}"#,
        );
        assert!(met("a @ git+https://example.org/a@main"));
        assert!(!met("a @ git+https://example.org/a@other"));
    }
}

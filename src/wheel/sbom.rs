//! The bill of materials of the crates compiled in, as `CycloneDX`.
//!
//! The same crates give the same bytes: no serial number, no clock but the one that was asked for, no path of this machine.
//!
//! <https://cyclonedx.org/docs/1.5/json/>, <https://peps.python.org/pep-0770/>

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::project::cargo::{CargoFacts, PackageFacts};
use crate::url::{percent_encoded, without_user};

/// The document's name below `sboms/`.
#[must_use]
pub fn file_name(cargo: &CargoFacts) -> String {
    format!("{}.cyclonedx.json", cargo.root().name)
}

/// The document: the root crate and every crate whose code is in the wheel too. `linked` are their packages, by id; `timestamp` is in
/// seconds since 1970.
///
/// # Panics
/// Never: what is written here can always be written as JSON.
#[must_use]
pub fn render(cargo: &CargoFacts, linked: &BTreeSet<String>, timestamp: Option<u64>) -> String {
    let linked: BTreeMap<&str, &PackageFacts> = cargo
        .packages
        .iter()
        .filter(|(id, _)| linked.contains(*id) || **id == cargo.root_id)
        .map(|(id, package)| (id.as_str(), package))
        .collect();
    let mut components: Vec<Component<'_>> = linked
        .iter()
        .filter(|(id, _)| **id != cargo.root_id)
        .map(|(_, package)| Component::of(cargo, package, "library"))
        .collect();
    components.sort_by(|one, other| one.bom_ref.cmp(&other.bom_ref));
    let mut dependencies: Vec<Dependency> = linked
        .iter()
        .map(|(id, package)| Dependency::of(cargo, id, package, &linked))
        .collect();
    dependencies.sort_by(|one, other| one.reference.cmp(&other.reference));
    let document = Document {
        bom_format: "CycloneDX",
        spec_version: "1.5",
        version: 1,
        metadata: Metadata {
            timestamp: timestamp.map(date_and_time),
            tools: Tools {
                components: [Tool {
                    kind: "application",
                    name: env!("CARGO_PKG_NAME"),
                    version: env!("CARGO_PKG_VERSION"),
                }],
            },
            component: Component::of(cargo, cargo.root(), root_kind(cargo)),
            properties: [Property {
                name: "cdx:rustc:sbom:target:triple",
                value: &cargo.target_triple,
            }],
        },
        components,
        dependencies,
    };
    let mut text =
        serde_json::to_string_pretty(&document).expect("text and numbers can always be written as JSON");
    text.push('\n');
    text
}

fn root_kind(cargo: &CargoFacts) -> &'static str {
    let only_programs = cargo
        .targets
        .iter()
        .all(|target| target.kinds.iter().all(|kind| kind == "bin"));
    if only_programs { "application" } else { "library" }
}

/// The package's address, which also names it within the document.
///
/// <https://github.com/package-url/purl-spec/blob/main/types-doc/cargo-definition.md>
fn package_url(cargo: &CargoFacts, package: &PackageFacts) -> String {
    let mut url = format!(
        "pkg:cargo/{}@{}",
        package.name,
        percent_encoded(&package.version.to_string())
    );
    match &package.source {
        None => {
            let folder = package.manifest.parent();
            let inside = folder.and_then(|folder| folder.strip_prefix(&cargo.workspace_root).ok());
            if let Some(inside) = inside.and_then(|inside| inside.to_str()) {
                let place = if inside.is_empty() {
                    ".".to_owned()
                } else {
                    format!("./{inside}")
                };
                url.push_str("?download_url=");
                url.push_str(&percent_encoded(&format!("file://{place}")));
            }
        }
        Some(source) if source.starts_with("git+") => {
            // `git+https://host/path?branch=main#commit`
            let (repository, commit) = source.split_once('#').unwrap_or((source, ""));
            let repository = repository
                .split_once('?')
                .map_or(repository, |(before, _)| before);
            url.push_str("?vcs_url=");
            let repository = without_user(repository);
            url.push_str(&percent_encoded(&format!("{repository}@{commit}")));
        }
        Some(_) => {}
    }
    url
}

/// `2024-02-29T23:59:59Z`; no later than the last second of the year 9999.
pub(super) fn date_and_time(seconds: u64) -> String {
    const LAST: u64 = 253_402_300_799;
    let seconds = seconds.min(LAST);
    let (year, month, day) = crate::zip::write::civil_date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
    dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools,
    component: Component<'a>,
    properties: [Property<'a>; 1],
}

#[derive(Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Serialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    name: &'a str,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    licenses: Option<[License; 1]>,
    purl: String,
}

impl<'a> Component<'a> {
    fn of(cargo: &CargoFacts, package: &'a PackageFacts, kind: &'static str) -> Self {
        let purl = package_url(cargo, package);
        Self {
            kind,
            bom_ref: purl.clone(),
            name: &package.name,
            version: package.version.to_string(),
            licenses: package.license.as_deref().map(|license| [License::of(license)]),
            purl,
        }
    }
}

/// An SPDX expression, or words where a manifest has something else.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum License {
    Expression(String),
    #[serde(untagged)]
    Words {
        license: Name,
    },
}

#[derive(Serialize)]
struct Name {
    name: String,
}

impl License {
    fn of(written: &str) -> Self {
        // Before SPDX expressions, cargo took `MIT/Apache-2.0` for a choice.
        let expression = written.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ");
        if spdx::Expression::parse(&expression).is_ok() {
            Self::Expression(expression)
        } else {
            Self::Words {
                license: Name {
                    name: written.to_owned(),
                },
            }
        }
    }
}

/// A license as a component has it.
pub(super) fn license_of(written: &str) -> impl Serialize {
    License::of(written)
}

#[derive(Serialize)]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(rename = "dependsOn")]
    depends_on: BTreeSet<String>,
}

impl Dependency {
    fn of(
        cargo: &CargoFacts,
        id: &str,
        package: &PackageFacts,
        linked: &BTreeMap<&str, &PackageFacts>,
    ) -> Self {
        let mut depends_on: BTreeSet<String> = package
            .normal_dependencies
            .iter()
            .filter_map(|id| linked.get(id.as_str()))
            .map(|needed| package_url(cargo, needed))
            .collect();
        if id == cargo.root_id {
            // They stand beside it in the same wheel.
            let further = cargo.further.iter().filter_map(|id| linked.get(id.as_str()));
            depends_on.extend(further.map(|package| package_url(cargo, package)));
        }
        Self {
            reference: package_url(cargo, package),
            depends_on,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::cargo::TargetFacts;

    fn package(name: &str, source: Option<&str>, normal: &[&str], build: &[&str]) -> (String, PackageFacts) {
        let ids = |names: &[&str]| names.iter().map(|name| format!("id:{name}")).collect();
        let facts = PackageFacts {
            name: name.to_owned(),
            version: "1.2.3+x.1".parse().unwrap(),
            license: Some("MIT/Apache-2.0".to_owned()),
            source: source.map(str::to_owned),
            manifest: format!("/secret/place/{name}/Cargo.toml").into(),
            has_build_script: !build.is_empty(),
            features: vec![],
            extra: serde_json::Value::Null,
            normal_dependencies: ids(normal),
            optional_dependencies: BTreeMap::new(),
            build_dependencies: ids(build),
            is_proc_macro: name.ends_with("-macros"),
        };
        (format!("id:{name}"), facts)
    }

    fn cargo() -> CargoFacts {
        let registry = Some("registry+https://example.org/index");
        CargoFacts {
            root_id: "id:demo".to_owned(),
            targets: vec![TargetFacts {
                name: "demo".to_owned(),
                kinds: vec!["cdylib".to_owned()],
                crate_types: vec!["cdylib".to_owned()],
                required_features: vec![],
            }],
            feature_table: BTreeMap::new(),
            members: Vec::new(),
            further: Vec::new(),
            packages: [
                package("demo", None, &["pyo3", "sibling", "forked"], &[]),
                package("sibling", None, &[], &[]),
                package("pyo3", registry, &["pyo3-macros", "libc"], &["config"]),
                package("pyo3-macros", registry, &["syn"], &[]),
                package("syn", registry, &["libc"], &[]),
                package("libc", registry, &[], &[]),
                package("config", registry, &[], &[]),
                package(
                    "forked",
                    Some("git+https://example.org/x.git?branch=main#abc123"),
                    &[],
                    &[],
                ),
            ]
            .into(),
            workspace_root: "/secret/place".into(),
            target_directory: "/secret/target".into(),
            target_triple: "x86_64-unknown-linux-gnu".to_owned(),
            host_triple: "x86_64-unknown-linux-gnu".to_owned(),
        }
    }

    /// All that can be linked.
    fn linked() -> BTreeSet<String> {
        ["demo", "sibling", "pyo3", "libc", "forked"]
            .map(|name| format!("id:{name}"))
            .into()
    }

    fn parsed(timestamp: Option<u64>) -> serde_json::Value {
        serde_json::from_str(&render(&cargo(), &linked(), timestamp)).unwrap()
    }

    #[test]
    fn what_is_not_linked_is_not_there() {
        let document = parsed(None);
        let components = document["components"].as_array().unwrap();
        let names: Vec<_> = components
            .iter()
            .map(|component| component["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["forked", "libc", "pyo3", "sibling"]);
        assert!(!document.to_string().contains("syn"));
    }

    #[test]
    fn the_root_crate_is_the_subject() {
        let document = parsed(None);
        let root = &document["metadata"]["component"];
        assert_eq!(root["name"], "demo");
        assert_eq!(root["version"], "1.2.3+x.1");
        assert_eq!(root["type"], "library");
        assert_eq!(
            document["metadata"]["tools"]["components"][0]["name"],
            "ironwheel"
        );
        assert_eq!(file_name(&cargo()), "demo.cyclonedx.json");
    }

    #[test]
    fn every_component_is_reached_from_the_root() {
        let document = parsed(None);
        let dependencies = document["dependencies"].as_array().unwrap();
        let mut reached = BTreeSet::new();
        let mut open = vec![document["metadata"]["component"]["bom-ref"].as_str().unwrap()];
        while let Some(reference) = open.pop() {
            if reached.insert(reference) {
                let entry = dependencies
                    .iter()
                    .find(|entry| entry["ref"] == reference)
                    .unwrap();
                open.extend(
                    entry["dependsOn"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .filter_map(|on| on.as_str()),
                );
            }
        }
        assert_eq!(reached.len(), 5);
    }

    #[test]
    fn packages_are_named_by_where_they_come_from() {
        let cargo = cargo();
        let url = |name: &str| package_url(&cargo, &cargo.packages[&format!("id:{name}")]);
        assert_eq!(url("libc"), "pkg:cargo/libc@1.2.3%2Bx.1");
        assert_eq!(
            url("sibling"),
            "pkg:cargo/sibling@1.2.3%2Bx.1?download_url=file://./sibling"
        );
        assert_eq!(
            url("forked"),
            "pkg:cargo/forked@1.2.3%2Bx.1?vcs_url=git%2Bhttps://example.org/x.git%40abc123"
        );
    }

    #[test]
    fn nothing_tells_where_and_when_it_was_made() {
        let text = render(&cargo(), &linked(), None);
        assert!(!text.contains("secret"));
        assert!(!text.contains("serialNumber"));
        assert!(!text.contains("timestamp"));
        assert_eq!(
            parsed(Some(1_709_251_199))["metadata"]["timestamp"],
            "2024-02-29T23:59:59Z"
        );
        assert_eq!(date_and_time(0), "1970-01-01T00:00:00Z");
        assert_eq!(date_and_time(u64::MAX), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn licenses_are_expressions_where_they_can_be() {
        let json = |license: &str| serde_json::to_string(&License::of(license)).unwrap();
        assert_eq!(json("MIT/Apache-2.0"), r#"{"expression":"MIT OR Apache-2.0"}"#);
        assert_eq!(json("MIT OR Apache-2.0"), r#"{"expression":"MIT OR Apache-2.0"}"#);
        assert_eq!(json("my own"), r#"{"license":{"name":"my own"}}"#);
    }
}

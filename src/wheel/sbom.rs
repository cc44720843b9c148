//! The bill of materials of the crates compiled in, as `CycloneDX`.
//!
//! The same crates give the same bytes: no serial number, no clock but the one that was asked for, no path of this machine.
//!
//! <https://cyclonedx.org/docs/1.5/json/>, <https://peps.python.org/pep-0770/>

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use crate::project::cargo::{CargoFacts, PackageFacts};

/// The document's name below `sboms/`.
#[must_use]
pub fn file_name(cargo: &CargoFacts) -> String {
    format!("{}.cyclonedx.json", cargo.root().name)
}

/// The document: the root crate and everything that its build for this target uses.
///
/// What ends up in the library is `required`; what only helps to build it (build scripts, procedural macros and what they are
/// made of) is `excluded`. `timestamp` is in seconds since 1970.
///
/// # Panics
/// Never: what is written here can always be written as JSON.
#[must_use]
pub fn render(cargo: &CargoFacts, timestamp: Option<u64>) -> String {
    let linked = linked(cargo);
    let mut components: Vec<Component<'_>> = cargo
        .packages
        .iter()
        .filter(|(id, _)| **id != cargo.root_id)
        .map(|(id, package)| Component::of(cargo, package, "library", linked.contains(id.as_str())))
        .collect();
    components.sort_by(|one, other| one.bom_ref.cmp(&other.bom_ref));
    let mut dependencies: Vec<Dependency> = cargo
        .packages
        .values()
        .map(|package| Dependency::of(cargo, package))
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
            component: Component::of(cargo, cargo.root(), root_kind(cargo), true),
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

/// The packages whose code is in the library, by id.
fn linked(cargo: &CargoFacts) -> BTreeSet<&str> {
    let mut linked = BTreeSet::new();
    let mut open: Vec<&str> = [&cargo.root_id]
        .into_iter()
        .chain(&cargo.further)
        .map(String::as_str)
        .collect();
    while let Some(id) = open.pop() {
        let Some(package) = cargo.packages.get(id) else {
            continue;
        };
        // A procedural macro runs inside the compiler, and so does all that it is made of.
        if !package.is_proc_macro && linked.insert(id) {
            open.extend(package.normal_dependencies.iter().map(String::as_str));
        }
    }
    linked
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
            url.push_str(&percent_encoded(&format!("{repository}@{commit}")));
        }
        Some(_) => {}
    }
    url
}

/// A part of a URL, with everything encoded that could mean something there.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte);
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
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
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    licenses: Option<[License; 1]>,
    purl: String,
}

impl<'a> Component<'a> {
    fn of(cargo: &CargoFacts, package: &'a PackageFacts, kind: &'static str, is_linked: bool) -> Self {
        let purl = package_url(cargo, package);
        Self {
            kind,
            bom_ref: purl.clone(),
            name: &package.name,
            version: package.version.to_string(),
            scope: if is_linked { "required" } else { "excluded" },
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
    fn of(cargo: &CargoFacts, package: &PackageFacts) -> Self {
        Self {
            reference: package_url(cargo, package),
            depends_on: package
                .normal_dependencies
                .iter()
                .chain(&package.build_dependencies)
                .filter_map(|id| cargo.packages.get(id))
                .map(|needed| package_url(cargo, needed))
                .collect(),
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
            feature_table: std::collections::BTreeMap::new(),
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

    fn parsed(timestamp: Option<u64>) -> serde_json::Value {
        serde_json::from_str(&render(&cargo(), timestamp)).unwrap()
    }

    #[test]
    fn what_only_helps_to_build_is_marked() {
        let document = parsed(None);
        let scopes: Vec<_> = document["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|component| {
                (
                    component["name"].as_str().unwrap(),
                    component["scope"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            scopes,
            [
                ("config", "excluded"),
                ("forked", "required"),
                ("libc", "required"),
                ("pyo3-macros", "excluded"),
                ("pyo3", "required"),
                ("sibling", "required"),
                ("syn", "excluded"),
            ]
        );
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
        assert_eq!(reached.len(), 8);
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
        let text = render(&cargo(), None);
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

//! Bills of materials name what is in the wheel, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::case::Case;
use crate::judges;
use crate::place;
use crate::shell::{Shell, variable};

/// The bills of a wheel, in the order of their names: name and text.
fn bills(wheel: &Path) -> Vec<(String, String)> {
    let script = "
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
names = sorted(name for name in archive.namelist() if '/sboms/' in name)
print(json.dumps([[name.split('/')[-1], archive.read(name).decode()] for name in names]))
";
    let said = Shell::new(&place::python().executable)
        .args(["-c", script])
        .arg(wheel)
        .run()
        .succeeded();
    serde_json::from_str(&said).expect("JSON")
}

/// The names and versions of a bill's components.
fn components(text: &str) -> BTreeSet<String> {
    let bill: Value = serde_json::from_str(text).expect("JSON");
    let components = bill["components"].as_array().expect("components").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    components
        .map(|component| format!("{} {}", text(&component["name"]), text(&component["version"])))
        .collect()
}

/// What cargo's own tree says is linked into a crate's library, less the crate itself.
fn tree(case: &Case, manifest: &str) -> BTreeSet<String> {
    let arguments = [
        "tree",
        "--locked",
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p}",
        "--manifest-path",
        manifest,
    ];
    let said = case.shell("cargo").args(arguments).run().succeeded();
    // `name v1.2.3 (/where/it/lies)`, the crate's own line first.
    let crates = said.lines().skip(1).filter(|line| !line.is_empty()).map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next(), words.next());
        format!(
            "{} {}",
            name.expect("a name"),
            version.expect("a version").trim_start_matches('v')
        )
    });
    crates.collect()
}

#[test]
fn a_bill_names_the_crates_that_cargo_links() {
    for (folder, manifest) in [
        ("pure", "Cargo.toml"),
        ("path-dependency", "Cargo.toml"),
        ("workspace-and-strangers", "crates/extension/Cargo.toml"),
    ] {
        let case = Case::of(folder);
        case.build(["-q", "-m", manifest]).succeeds();
        let bills = bills(&case.wheels()[0]);
        assert_eq!(bills.len(), 1, "{folder}");
        let found = components(&bills[0].1);
        assert_eq!(found, tree(&case, manifest), "{folder}");
        assert!(
            !found
                .iter()
                .any(|name| name.starts_with("syn ") || name.starts_with("indexmap ")),
            "{found:?}"
        );
    }
}

#[test]
fn a_wheel_of_the_sources_has_the_bill_of_a_direct_one() {
    let case = Case::of("workspace-and-strangers");
    let build = |out: &str| {
        let out = case.out().join(out);
        let arguments = [
            "build",
            "--locked",
            "-q",
            "-m",
            "crates/extension/Cargo.toml",
            "-o",
        ];
        case.ironwheel(arguments).arg(&out)
    };
    build("direct").run().succeeded();
    build("through").arg("--sdist").run().succeeded();
    let wheel = |out: &str| {
        let names = crate::case::names(&case.out().join(out));
        let name = names
            .iter()
            .find(|name| !name.ends_with(".tar.gz"))
            .expect("a wheel");
        case.out().join(out).join(name)
    };
    let (direct, through) = (bills(&wheel("direct")), bills(&wheel("through")));
    assert_eq!(components(&direct[0].1), components(&through[0].1));
}

/// What the schema's own library says of a bill.
const VALIDATOR: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
for path in sys.argv[1:]:
    error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(path).read())
    print(error or 'good')
";

/// Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does. Needs of Debian `libpq-dev`.
#[test]
fn bills_are_as_their_schema_says() {
    if variable("IRONWHEEL_TEST_PEERS").is_none() {
        return;
    }
    for (folder, manifest, count) in [
        ("pure", "Cargo.toml", 1),
        ("workspace-and-strangers", "crates/extension/Cargo.toml", 1),
        ("postgres-client", "Cargo.toml", 2),
    ] {
        let mut case = Case::of(folder);
        case.set("SOURCE_DATE_EPOCH", "1700000000");
        case.build(["-q", "-m", manifest]).succeeds();
        let bills = bills(&case.wheels()[0]);
        assert_eq!(bills.len(), count, "{folder}");
        let mut call = judges::linter_named("python").args(["-c", VALIDATOR]);
        for (name, text) in &bills {
            let path = case.out().join(name);
            std::fs::write(&path, text).expect("a file");
            call = call.arg(path);
        }
        assert_eq!(call.run().succeeded(), "good\n".repeat(count), "{folder}");
        if folder == "postgres-client" {
            names_debian_s_packages(&bills[0].1);
        }
    }
}

/// Every library belongs to a package that dpkg has in that version.
fn names_debian_s_packages(text: &str) {
    let bill: Value = serde_json::from_str(text).expect("JSON");
    let components = bill["components"].as_array().expect("components");
    let names: Vec<&str> = components.iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(names.contains(&"libpq5"), "{names:?}");
    for component in components {
        let name = component["name"].as_str().expect("a name");
        let installed = Shell::new("dpkg-query")
            .args(["--show", "--showformat", "${Version} ${Architecture}", name])
            .run()
            .succeeded();
        let (version, architecture) = installed.split_once(' ').expect("two words");
        assert_eq!(component["version"], version, "{name}");
        let url = component["purl"].as_str().expect("a package URL");
        assert!(url.starts_with("pkg:deb/debian/"), "{url}");
        assert!(
            url.contains(&format!("?arch={architecture}&distro=debian-")),
            "{url}"
        );
        let files = component["components"].as_array().expect("the files of it");
        assert!(!files.is_empty(), "{name}");
        for file in files {
            let path = file["name"].as_str().expect("a path");
            assert!(path.starts_with("postgres_client.libs/"), "{path}");
        }
    }
}

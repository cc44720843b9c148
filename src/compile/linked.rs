//! Whose code is in what cargo made: the crates that were compiled for the target and that the product stands on.
//!
//! `cargo metadata` joins the features of a whole workspace, and so knows dependencies that this build has nothing to do with. What was
//! compiled, cargo tells as it goes, with the features of each; but not for whom: a crate may have been compiled for build scripts and
//! procedural macros alone. Together they say it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::messages::{Artifact, Messages};
use crate::project::cargo::CargoFacts;
use crate::project::products::Product;

/// The packages whose code is in a product, by id; the product's own is among them.
pub(super) fn linked(cargo: &CargoFacts, product: &Product, messages: &Messages) -> BTreeSet<String> {
    let compiled = compiled(cargo, product, messages);
    let mut linked = BTreeSet::new();
    let mut open = vec![product.package.as_str()];
    while let Some(id) = open.pop() {
        let Some(package) = cargo.packages.get(id) else {
            continue;
        };
        if !linked.insert(id.to_owned()) {
            continue;
        }
        let none = BTreeSet::new();
        let features = compiled.get(id).unwrap_or(&none);
        let is_on = |dependency: &&String| {
            // What the command line turns on in the product's own package, its features need not tell.
            id == product.package
                || package
                    .optional_dependencies
                    .get(*dependency)
                    .is_none_or(|asking| asking.iter().any(|feature| features.contains(feature.as_str())))
        };
        open.extend(
            package
                .normal_dependencies
                .iter()
                .filter(|dependency| compiled.contains_key(dependency.as_str()))
                .filter(is_on)
                .map(String::as_str),
        );
    }
    linked
}

/// The packages with a library that was compiled for the product, with its features. Procedural macros are none.
fn compiled<'m>(
    cargo: &CargoFacts,
    product: &Product,
    messages: &'m Messages,
) -> BTreeMap<&'m str, BTreeSet<&'m str>> {
    let is_for_target = |artifact: &Artifact| {
        let has_triple = |path: &Path| path.iter().any(|part| part == cargo.target_triple.as_str());
        // Where cargo keeps what is for the target apart from what is for this machine.
        let is_apart = messages.file_of(product).is_some_and(has_triple);
        !is_apart || artifact.filenames.iter().any(|path| has_triple(path))
    };
    let libraries = messages.artifacts.iter().filter(|artifact| artifact.is_library());
    let mut by_package: BTreeMap<&str, Vec<&Artifact>> = BTreeMap::new();
    for artifact in libraries.filter(|artifact| is_for_target(artifact)) {
        by_package.entry(&artifact.package_id).or_default().push(artifact);
    }
    let own_level = messages.optimisation_of(product);
    by_package
        .into_iter()
        .map(|(id, artifacts)| {
            // A crate that serves build scripts too may have been compiled twice, for those hardly ever optimised.
            let is_alike = |artifact: &&&Artifact| artifact.profile.opt_level == own_level;
            let several = artifacts.len() > 1 && artifacts.iter().any(|artifact| is_alike(&artifact));
            let artifacts = artifacts.iter().filter(|artifact| !several || is_alike(artifact));
            let features = artifacts.flat_map(|artifact| &artifact.features);
            (id, features.map(String::as_str).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::cargo::PackageFacts;
    use crate::project::products::Role;

    fn package(name: &str, normal: &[&str], optional: &[(&str, &str)]) -> (String, PackageFacts) {
        let facts = PackageFacts {
            name: name.to_owned(),
            version: "1.0.0".parse().unwrap(),
            license: None,
            source: None,
            manifest: format!("/{name}/Cargo.toml").into(),
            has_build_script: false,
            features: vec![],
            extra: serde_json::Value::Null,
            normal_dependencies: normal.iter().map(|name| (*name).to_owned()).collect(),
            optional_dependencies: optional
                .iter()
                .map(|(dependency, feature)| {
                    ((*dependency).to_owned(), BTreeSet::from([(*feature).to_owned()]))
                })
                .collect(),
            build_dependencies: vec![],
            is_proc_macro: name.ends_with("-macros"),
        };
        (name.to_owned(), facts)
    }

    fn cargo() -> CargoFacts {
        CargoFacts {
            root_id: "demo".to_owned(),
            targets: vec![],
            feature_table: BTreeMap::new(),
            members: vec![],
            packages: [
                package("demo", &["pyo3", "regex"], &[]),
                package(
                    "pyo3",
                    &["pyo3-macros", "indexmap", "libc"],
                    &[("indexmap", "indexmap")],
                ),
                package("pyo3-macros", &["syn"], &[]),
                package("syn", &[], &[]),
                package("regex", &["memchr"], &[("memchr", "perf")]),
                package("memchr", &[], &[]),
                package("indexmap", &[], &[]),
                package("libc", &[], &[]),
            ]
            .into(),
            workspace_root: "/".into(),
            further: vec![],
            target_directory: "/t".into(),
            target_triple: "aarch64-unknown-linux-gnu".to_owned(),
            host_triple: "x86_64-unknown-linux-gnu".to_owned(),
        }
    }

    /// A crate that cargo compiled: its name, kind, features, optimisation and file.
    fn artifact(name: &str, kind: &str, features: &[&str], level: &str, file: &str) -> String {
        serde_json::json!({
            "reason": "compiler-artifact", "package_id": name, "features": features, "filenames": [file], "fresh": true,
            "target": {"name": name, "kind": [kind], "crate_types": [kind]}, "profile": {"opt_level": level},
        })
        .to_string()
    }

    fn found(artifacts: &[String]) -> Vec<String> {
        let mut messages = Messages::default();
        for line in artifacts {
            messages.read(line.as_bytes());
        }
        let product = Product {
            package: "demo".to_owned(),
            manifest: "/demo/Cargo.toml".into(),
            is_alone: true,
            role: Role::Library {
                module: crate::name::ModulePath::parse("demo").unwrap(),
                name: "demo".to_owned(),
            },
        };
        linked(&cargo(), &product, &messages).into_iter().collect()
    }

    #[test]
    fn what_was_not_compiled_is_not_linked_and_neither_are_macros() {
        let here = |name: &str, kind: &str| artifact(name, kind, &[], "3", &format!("/t/release/{name}.so"));
        let artifacts = [
            here("demo", "cdylib"),
            here("pyo3", "lib"),
            here("pyo3-macros", "proc-macro"),
            here("syn", "lib"),
            here("regex", "lib"),
            here("libc", "lib"),
        ];
        assert_eq!(found(&artifacts), ["demo", "libc", "pyo3", "regex"]);
    }

    #[test]
    fn an_optional_dependency_that_was_compiled_for_others_is_not_linked() {
        let at = |name: &str, features: &[&str], level: &str| {
            artifact(
                name,
                "lib",
                features,
                level,
                &format!("/t/release/lib{name}.rlib"),
            )
        };
        let own = artifact("demo", "cdylib", &[], "3", "/t/release/libdemo.so");
        let both = [
            own.clone(),
            at("regex", &[], "3"),
            at("regex", &["perf"], "0"),
            at("memchr", &[], "0"),
        ];
        assert_eq!(found(&both), ["demo", "regex"]);
        let asked = [own, at("regex", &["perf"], "3"), at("memchr", &[], "3")];
        assert_eq!(found(&asked), ["demo", "memchr", "regex"]);
    }

    #[test]
    fn what_was_compiled_for_this_machine_alone_is_not_linked_into_another_s_library() {
        let there = "/t/aarch64-unknown-linux-gnu/release";
        let artifacts = [
            artifact("demo", "cdylib", &[], "3", &format!("{there}/libdemo.so")),
            artifact("pyo3", "lib", &[], "3", &format!("{there}/deps/libpyo3.rlib")),
            artifact("libc", "lib", &[], "3", "/t/release/deps/liblibc.rlib"),
        ];
        assert_eq!(found(&artifacts), ["demo", "pyo3"]);
    }
}

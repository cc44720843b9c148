//! The papers of libraries that travel: the licences of the packages they come from, and a bill of materials.
//!
//! The same libraries give the same bytes: no serial number, no clock but the one that was asked for, no path of this machine.
//!
//! <https://cyclonedx.org/docs/1.5/json/>, <https://peps.python.org/pep-0770/>

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::sbom::{date_and_time, license_of};
use crate::archive::{ArchiveError, ArchivePath, Entry, Tree};
use crate::audit::packages::Package;
use crate::audit::{Closure, Place};
use crate::fs;
use crate::graft::Traveller;
use crate::url::percent_encoded;
use crate::zip::deflate::Digest;

/// What the papers are written for.
#[derive(Debug, Clone, Copy)]
pub struct Papers<'a> {
    /// The wheel's metadata folder.
    pub dist_info: &'a str,
    /// The folder of the libraries: `demo.libs`.
    pub folder: &'a str,
    /// The wheel's name, as its file name spells it.
    pub name: &'a str,
    /// The wheel's version.
    pub version: &'a str,
    /// Who needs whom.
    pub closure: &'a Closure,
    /// The packages that the libraries belong to, by the libraries' real paths.
    pub owners: &'a BTreeMap<PathBuf, Package>,
    /// The time to write down, in seconds since 1970; none for none.
    pub timestamp: Option<u64>,
    /// Whether there is a bill of materials.
    pub has_bill: bool,
}

/// Puts the papers into a tree: `licenses/demo.libs/<package>/copyright` and `sboms/auditwheel.cdx.json`, below the wheel's
/// metadata folder. Nothing where nothing travels. A licence that cannot be read is left out: who packed the system may have
/// removed it.
///
/// # Errors
/// Where a package has a name that no archive can hold.
pub fn add(travellers: &[Traveller], papers: &Papers<'_>, tree: &mut Tree) -> Result<(), ArchiveError> {
    if travellers.is_empty() {
        return Ok(());
    }
    for owner in papers.owners.values() {
        for license in &owner.license_files {
            let Ok(text) = fs::read(license) else { continue };
            let name = license.file_name().unwrap_or_default().to_string_lossy();
            let path = format!(
                "{}/licenses/{}/{}/{name}",
                papers.dist_info, papers.folder, owner.name
            );
            let rule = format!("the licence of {}", owner.name);
            tree.put(ArchivePath::parse(&path)?, Entry::generated(text, rule));
        }
    }
    if papers.has_bill {
        // The name that auditwheel and maturin gave it, and that others look for.
        let path = format!("{}/sboms/auditwheel.cdx.json", papers.dist_info);
        let text = bill(travellers, papers);
        let rule = "bill of materials of the libraries that travel";
        tree.put(ArchivePath::parse(&path)?, Entry::generated(text, rule));
    }
    Ok(())
}

fn bill(travellers: &[Traveller], papers: &Papers<'_>) -> String {
    let root = format!(
        "pkg:pypi/{}@{}",
        papers.name.replace('_', "-").to_lowercase(),
        percent_encoded(papers.version)
    );
    let reference = |traveller: &Traveller| match papers.owners.get(&traveller.source) {
        Some(owner) => owner.url(),
        None => traveller.path.to_string(),
    };
    let by_source: BTreeMap<&PathBuf, &Traveller> = travellers
        .iter()
        .map(|traveller| (&traveller.source, traveller))
        .collect();
    let reached = |needs: &mut dyn Iterator<Item = &Place>| -> BTreeSet<String> {
        needs
            .filter_map(|place| match place {
                Place::Machine(path) => by_source.get(path),
                _ => None,
            })
            .map(|traveller| reference(traveller))
            .collect()
    };
    let needs_of_wheel = reached(&mut papers.closure.objects.values().flat_map(BTreeMap::values));
    let mut parts: BTreeMap<String, Part<'_>> = BTreeMap::new();
    for traveller in travellers {
        let own = reference(traveller);
        let part = parts.entry(own.clone()).or_insert_with(|| Part {
            owner: papers.owners.get(&traveller.source),
            files: Vec::new(),
            needs: BTreeSet::new(),
        });
        part.files.push(traveller);
        if let Some(library) = papers.closure.libraries.get(&traveller.source) {
            part.needs.extend(reached(&mut library.needs.values()));
            part.needs.remove(&own);
        }
    }
    let mut dependencies = vec![json!({"ref": root, "dependsOn": needs_of_wheel})];
    dependencies.extend(
        parts
            .iter()
            .map(|(reference, part)| json!({"ref": reference, "dependsOn": part.needs})),
    );
    let components: Vec<Value> = parts
        .iter()
        .map(|(reference, part)| part.component(reference))
        .collect();
    let mut metadata = json!({
        "tools": {"components": [{
            "type": "application", "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")
        }]},
        "component": {
            "type": "library", "bom-ref": root, "name": papers.name, "version": papers.version, "purl": root
        },
    });
    if let Some(seconds) = papers.timestamp {
        metadata["timestamp"] = date_and_time(seconds).into();
    }
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": dependencies,
    });
    format!("{document:#}\n")
}

/// What travels of one package; a library that no package manager knows is a part of its own.
struct Part<'a> {
    owner: Option<&'a Package>,
    files: Vec<&'a Traveller>,
    /// The other parts that it needs.
    needs: BTreeSet<String>,
}

impl Part<'_> {
    fn component(&self, reference: &str) -> Value {
        let Some(owner) = self.owner else {
            let library = self.files[0];
            return json!({
                "type": "library",
                "bom-ref": reference,
                "name": library.soname,
                "hashes": hashes(library),
            });
        };
        let files: Vec<Value> = self.files.iter().map(|library| file(library)).collect();
        let mut component = json!({
            "type": "library",
            "bom-ref": reference,
            "name": owner.name,
            "version": owner.version,
            "purl": reference,
            "components": files,
        });
        if let Some(license) = &owner.license {
            component["licenses"] = json!([license_of(license)]);
        }
        component
    }
}

/// A library as it lies in the wheel.
fn file(library: &Traveller) -> Value {
    json!({
        "type": "file",
        "bom-ref": library.path.as_str(),
        "name": library.path.as_str(),
        "hashes": hashes(library),
    })
}

/// Of the file in the wheel, whose names are edited: whoever has the wheel can look.
fn hashes(library: &Traveller) -> Value {
    json!([{"alg": "SHA-256", "content": Digest::of(&library.bytes).sha256_hex()}])
}

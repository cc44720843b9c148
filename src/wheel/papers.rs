//! The papers of libraries that travel: the licences of the packages they come from, and a bill of materials.
//!
//! The same libraries give the same bytes: no serial number, no clock but the one that was asked for, no path of this machine.
//!
//! <https://cyclonedx.org/docs/1.5/json/>, <https://peps.python.org/pep-0770/>

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::sbom::{date_and_time, license_of, percent_encoded};
use crate::archive::{ArchiveError, ArchivePath, Entry, Tree};
use crate::audit::packages::{Package, Packages};
use crate::audit::{Closure, Place};
use crate::fs;
use crate::graft::Traveller;

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
    /// The root of the system that the libraries were taken from.
    pub sysroot: &'a Path,
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
    let packages = Packages::at(papers.sysroot);
    let owners: BTreeMap<&Path, Package> = travellers
        .iter()
        .filter_map(|traveller| Some((traveller.source.as_path(), packages.owner(&traveller.source)?)))
        .collect();
    for owner in owners.values() {
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
        let text = bill(travellers, papers, &owners);
        let rule = "bill of materials of the libraries that travel";
        tree.put(ArchivePath::parse(&path)?, Entry::generated(text, rule));
    }
    Ok(())
}

fn bill(travellers: &[Traveller], papers: &Papers<'_>, owners: &BTreeMap<&Path, Package>) -> String {
    let root = format!(
        "pkg:pypi/{}@{}",
        papers.name.replace('_', "-").to_lowercase(),
        papers.version
    );
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
            .map(|traveller| traveller.path.to_string())
            .collect()
    };
    let needs_of_wheel = reached(&mut papers.closure.objects.values().flat_map(BTreeMap::values));
    let mut dependencies = vec![json!({"ref": root, "dependsOn": needs_of_wheel})];
    let mut components = Vec::new();
    for traveller in travellers {
        components.push(component(traveller, owners.get(traveller.source.as_path())));
        if let Some(library) = papers.closure.libraries.get(&traveller.source) {
            let needs = reached(&mut library.needs.values());
            dependencies.push(json!({"ref": traveller.path.as_str(), "dependsOn": needs}));
        }
    }
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

fn component(traveller: &Traveller, owner: Option<&Package>) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": traveller.path.as_str(),
        "name": traveller.soname,
        "hashes": [{"alg": "SHA-256", "content": traveller.sha256}],
    });
    if let Some(owner) = owner {
        component["version"] = owner.version.clone().into();
        component["purl"] = package_url(owner).into();
        if let Some(license) = &owner.license {
            component["licenses"] = json!([license_of(license)]);
        }
    }
    component
}

/// `pkg:deb/debian/libpq5@15.14-0%2Bdeb12u1?arch=amd64&distro=debian-12`
///
/// <https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst>
fn package_url(package: &Package) -> String {
    let distribution = package.distribution.as_deref().unwrap_or("linux");
    let distro = match (&package.distribution, &package.release) {
        (Some(name), Some(release)) => {
            format!("&distro={}-{}", percent_encoded(name), percent_encoded(release))
        }
        _ => String::new(),
    };
    format!(
        "pkg:{}/{}/{}@{}?arch={}{distro}",
        package.manager.name(),
        percent_encoded(distribution),
        percent_encoded(&package.name),
        percent_encoded(&package.version),
        percent_encoded(&package.architecture)
    )
}

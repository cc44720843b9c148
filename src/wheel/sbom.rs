//! The bill of materials of the crates compiled in, as `CycloneDX`.

use crate::project::cargo::CargoFacts;

/// The text; `timestamp` in seconds since 1970.
#[must_use]
pub fn render(cargo: &CargoFacts, timestamp: Option<u64>) -> String {
    let _ = (cargo, timestamp);
    todo!()
}

/// The file's name below `sboms/`.
#[must_use]
pub fn file_name(cargo: &CargoFacts) -> String {
    format!("{}.cyclonedx.json", cargo.root().name)
}

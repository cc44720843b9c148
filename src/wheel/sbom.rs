//! The bill of materials of the crates compiled in, as CycloneDX.

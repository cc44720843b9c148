//! A library whose interface is described by itself.

uniffi::setup_scaffolding!();

/// The sum of two numbers.
#[uniffi::export]
pub fn add(one: u32, other: u32) -> u32 {
    one.wrapping_add(other)
}

//! Takes entries. Gives an archive with the same bytes everywhere, and reads archives strictly.
//! Knows nothing of wheels.
//! The only room that names the zip crate.

pub mod deflate;
pub mod read;
pub mod write;

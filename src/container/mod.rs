//! Takes the files that tell how a container image is built: an ignore file, a build context, a Dockerfile. Gives what the builder
//! makes of them, and what is better done otherwise. Knows nothing of crates, and runs no builder.

pub mod advice;
pub mod context;
pub mod dockerfile;
pub mod ignore_file;
mod rules;

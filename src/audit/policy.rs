//! The manylinux and musllinux policies, small enough to read.

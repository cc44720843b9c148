//! One binary, one file per promise.

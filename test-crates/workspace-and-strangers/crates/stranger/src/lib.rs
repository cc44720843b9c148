//! Stays at home.

//! Not needed here.

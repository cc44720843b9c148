//! The call of cargo, as data.

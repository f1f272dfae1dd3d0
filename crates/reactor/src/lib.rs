//! The `reactor` crate.

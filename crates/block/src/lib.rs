//! The `block` crate.

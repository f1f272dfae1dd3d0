//! Fabrics commands: one file each, and which queue takes which.

pub(crate) mod connect;
pub(crate) mod disconnect;
pub(crate) mod property;

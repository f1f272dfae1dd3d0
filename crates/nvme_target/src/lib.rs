//! The `nvme_target` crate.

//! The `nvme_host` crate.

//! The order of life of a service.

pub mod pidfile;
pub mod process_end;

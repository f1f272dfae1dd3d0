#![allow(missing_docs, dead_code)]
pub(crate) fn set_title(_: &str) {}
pub(crate) fn set_command_name(_: &str) {}

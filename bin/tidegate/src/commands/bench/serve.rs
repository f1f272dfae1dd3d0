//! `bench --server`: a worker of front ends.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use daemon::Position;

use crate::{Outcome, message};

/// Whether the command line asks for a worker: that option decides over all others, wherever it stands.
pub(super) fn is_asked(arguments: &[OsString]) -> bool {
    let options = arguments.iter().take_while(|argument| *argument != OsStr::new("--"));
    options.into_iter().any(|argument| {
        let name = argument.as_bytes().split(|&byte| byte == b'=').next().unwrap_or_default();
        matches!(name, b"--server" | b"-server") || argument.as_bytes().starts_with(b"-S")
    })
}

/// Runs a worker to its end.
pub(super) fn run(_: Vec<OsString>, _: Position) -> Outcome {
    message::failure("--server: no worker is built into this program")
}

//! Options of `exec`.

use crate::options::kind::{boolean, number, text};
use crate::options::option::{JobOption, option};

/// Values of these options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecOptions {
    /// The program.
    pub program: Option<String>,
    /// Its arguments; `%r` is the runtime, `%n` the job's name.
    pub arguments: Option<String>,
    /// Seconds between the signal to end and the signal to be killed.
    pub grace_time: u32,
    /// What it prints goes to files.
    pub std_redirect: bool,
}

pub(super) const OPTIONS: &[JobOption] = &[
    option("program", &text(|options| &mut options.exec.program), "The program to run"),
    option(
        "arguments",
        &text(|options| &mut options.exec.arguments),
        "Its arguments; %r is the runtime, %n the job's name",
    ),
    option("grace_time", &number(|options| &mut options.exec.grace_time), "Seconds between SIGTERM and SIGKILL")
        .default("1"),
    option("std_redirect", &boolean(|options| &mut options.exec.std_redirect, false), "Put what it prints into files")
        .default("1"),
];

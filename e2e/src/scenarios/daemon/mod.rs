//! One service as a daemon: start and end, pidfile, control socket, log, init systems.
//!
//! What Open vSwitch's own tests assert is asserted here of both `tidegate target` and `daemon_demo`, with the real
//! `ovs-appctl`; names say the numbers of those tests.

mod backtrace;
mod bad_input;
mod clients;
mod detach;
mod detach_monitor;
mod foreground;
mod monitor;
mod python;
mod runit;
mod s6;
mod socket_activation;
mod start_errors;
mod systemd;
mod unixctl;
mod vlog;

use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::process::{PROMPTLY, Process};
use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[
    foreground::SCENARIO,
    monitor::SCENARIO,
    detach::SCENARIO,
    detach_monitor::SCENARIO,
    start_errors::SCENARIO,
    backtrace::SCENARIO,
    python::SCENARIO,
    unixctl::SCENARIO,
    vlog::SCENARIO,
    clients::SCENARIO,
    bad_input::SCENARIO,
    systemd::SCENARIO,
    socket_activation::SCENARIO,
    s6::SCENARIO,
    runit::SCENARIO,
];

/// A program that is a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    /// The service's name: `NAME.pid`, `NAME.PID.ctl`.
    pub(crate) name: &'static str,
    /// The program's name.
    pub(crate) program: &'static str,
}

/// Both programs.
pub(crate) const SUBJECTS: [Subject; 2] =
    [Subject { name: "demo", program: "daemon_demo" }, Subject { name: "target", program: "tidegate" }];

impl Subject {
    /// Its command line with these options, on a free port.
    pub(crate) fn command(self, context: &Context, options: &[&str]) -> Command {
        let fixed: &[&str] = match self.name {
            "target" => &["target", "memory:1M", "--listen", "127.0.0.1:0", "--discovery", "none"],
            _ => &["--listen=127.0.0.1:0"],
        };
        let mut command = if self.name == "target" { context.tidegate(fixed) } else { context.demo(fixed) };
        command.args(options);
        command
    }

    /// Starts it in the foreground and waits until it is ready.
    pub(crate) fn start(self, context: &Context, options: &[&str]) -> Result<Process, Failure> {
        let process = context.start(self.program, self.command(context, options))?;
        process.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
        Ok(process)
    }
}

/// Runs a check of each program in turn.
fn of_both(context: &Context, check: impl Fn(&Context, Subject) -> Verdict) -> Verdict {
    for subject in SUBJECTS {
        check(context, subject).map_err(|failure| failure.during(subject.program))?;
    }
    Ok(())
}

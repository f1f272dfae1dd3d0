//! daemon.at 175: `--detach --monitor`: the service's parent is a monitor that is nobody's child, which stays the same over a
//! restart and ends with the service.

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::{command_name_of, gone, parent_of, send, status_of_orphan};
use rustix::process::{Signal, getpid, getsid};

use super::{Subject, of_both};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/detach_monitor_175", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    of_both(context, check)
}

fn check(context: &Context, subject: Subject) -> Verdict {
    let command = subject.command(context, &["--detach", "--pidfile", "--monitor"]);
    let launched = context.finish(subject.program, command, PROMPTLY)?;
    ensure_eq!(launched.status, Some(0), "exit status of the command ({})", launched.error);
    let first = context.process_of(subject.name)?;
    context.ask(subject.name, &["version"])?;
    let monitor = parent_of(first)?;
    ensure_eq!(command_name_of(monitor)?, "monitor", "the name of the service's parent");
    ensure_eq!(parent_of(monitor)?, getpid(), "the parent of the monitor: whoever takes orphans");
    ensure_eq!(getsid(Some(first))?, monitor, "the session of the service");
    let directory = std::fs::read_link(format!("/proc/{monitor}/cwd"))?;
    ensure_eq!(directory, std::path::Path::new("/"), "the working directory of the monitor");

    send(first, Signal::SEGV)?;
    let second = context.another_process_of(subject.name, first)?;
    ensure_eq!(parent_of(second)?, monitor, "the parent of the restarted service");
    ensure_eq!(command_name_of(second)?, subject.program, "the name of the restarted service's process");

    send(second, Signal::TERM)?;
    gone(second)?;
    ensure_eq!(status_of_orphan(monitor)?.code(), Some(0), "exit status of the monitor");
    context.nothing_is_left()
}

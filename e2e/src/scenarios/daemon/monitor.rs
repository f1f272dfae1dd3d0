//! daemon.at 173: `--monitor` in the foreground: the started process is the service's parent, starts it again after SEGV, and
//! ends with it.

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::{command_name_of, eventually, gone, parent_of, send, title_of};
use rustix::process::Signal;

use super::{Subject, of_both};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/monitor_173", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    of_both(context, check)
}

fn check(context: &Context, subject: Subject) -> Verdict {
    let mut monitor = subject.start(context, &["--pidfile", "--monitor"])?;
    let first = context.process_of(subject.name)?;
    ensure_eq!(parent_of(first)?, monitor.pid()?, "the parent of the service");
    ensure_eq!(command_name_of(first)?, subject.program, "the name of the service's process");
    ensure_eq!(command_name_of(monitor.pid()?)?, "monitor", "the name of the monitor's process");
    // The title follows readiness by a moment.
    let healthy = format!("tidegate: monitoring pid {first} (healthy)");
    eventually(&healthy, || Ok((title_of(monitor.pid()?)? == healthy).then_some(())))?;

    send(first, Signal::SEGV)?;
    let second = context.another_process_of(subject.name, first)?;
    ensure_eq!(parent_of(second)?, monitor.pid()?, "the parent of the restarted service");
    ensure_eq!(command_name_of(second)?, subject.program, "the name of the restarted service's process");
    let title = format!("tidegate: monitoring pid {second} (1 crashes: pid {first} died, killed (Segmentation fault)");
    eventually(&title, || Ok(title_of(monitor.pid()?)?.starts_with(&title).then_some(())))?;
    e2e::ensure!(title_of(second)?.contains("127.0.0.1:0"), "the service's own command line is {}", title_of(second)?);

    send(second, Signal::TERM)?;
    gone(second)?;
    ensure_eq!(monitor.wait(PROMPTLY)?.code(), Some(0), "exit status of the monitor");
    context.nothing_is_left()
}

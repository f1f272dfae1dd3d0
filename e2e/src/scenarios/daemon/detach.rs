//! daemon.at 174: `--detach`: when the command returns the pidfile is there and the control socket answers; the process is a
//! session of its own with nothing of the caller's; TERM removes all it had.

use std::path::Path;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::{gone, parent_of, send};
use e2e::{ensure, ensure_eq};
use rustix::process::{Signal, getpid, getsid};

use super::{Subject, of_both};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/detach_174", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    of_both(context, check)
}

fn check(context: &Context, subject: Subject) -> Verdict {
    let launched = context.finish(subject.program, subject.command(context, &["--detach", "--pidfile"]), PROMPTLY)?;
    ensure_eq!(launched.status, Some(0), "exit status of the command ({})", launched.error);
    ensure!(launched.output.ends_with("ready\n"), "the command says: {}", launched.output);
    let service = context.process_of(subject.name)?;
    context.ask(subject.name, &["version"])?;
    ensure_eq!(parent_of(service)?, getpid(), "the parent of the service: whoever takes orphans");
    ensure_eq!(getsid(Some(service))?, service, "the session of the service");
    let directory = std::fs::read_link(format!("/proc/{service}/cwd"))?;
    ensure_eq!(directory, Path::new("/"), "the working directory of the service");
    for number in 0..3 {
        let open = std::fs::read_link(format!("/proc/{service}/fd/{number}"))?;
        ensure_eq!(open, Path::new("/dev/null"), "descriptor {number} of the service");
    }
    send(service, Signal::TERM)?;
    gone(service)?;
    context.nothing_is_left()
}

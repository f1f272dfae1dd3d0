//! daemon.at 172: in the foreground with `--pidfile`, the file tells the started process, and TERM removes it.

use std::os::unix::process::ExitStatusExt;

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use rustix::process::Signal;

use super::{Subject, of_both};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/foreground_172", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    of_both(context, check)
}

fn check(context: &Context, subject: Subject) -> Verdict {
    let mut process = subject.start(context, &["--pidfile"])?;
    ensure_eq!(context.process_of(subject.name)?, process.pid()?, "the process of the pidfile");
    let version = context.ask(subject.name, &["version"])?;
    e2e::ensure!(version.starts_with(&format!("{} (Tidegate) ", subject.name)), "version is {version}");
    process.signal(Signal::TERM)?;
    let status = process.wait(PROMPTLY)?;
    ensure_eq!(status.signal(), Some(Signal::TERM.as_raw()), "the signal that it died of, with {status}");
    context.nothing_is_left()
}

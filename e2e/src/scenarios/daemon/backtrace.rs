//! daemon.at 178 and 179: a crash leaves its backtrace in the log: by the service itself (178), and by the monitor, which
//! starts it again (179); `exit` ends both.

use std::fs;
use std::path::Path;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::{eventually, gone, parent_of, send, status_of_orphan};
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::{Subject, of_both};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/backtrace_178_179", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    of_both(context, |context, subject| {
        alone(context, subject)?;
        monitored(context, subject)
    })
}

/// Waits for a line of a log that has all these words.
fn logged(log: &Path, words: &[&str]) -> Result<String, Failure> {
    let has_all = |line: &&str| words.iter().all(|word| line.contains(word));
    let found = eventually(format_args!("a line with {words:?} in the log"), || {
        Ok(fs::read_to_string(log)?.lines().find(has_all).map(str::to_owned))
    });
    found.map_err(|failure| failure.during(fs::read_to_string(log).unwrap_or_default()))
}

fn start(context: &Context, subject: Subject, log: &Path, words: &[&str]) -> Verdict {
    let log_file = format!("--log-file={}", log.display());
    let command = subject.command(context, &[&["--detach", "--pidfile", log_file.as_str()], words].concat());
    let launched = context.finish(subject.program, command, PROMPTLY)?;
    ensure_eq!(launched.status, Some(0), "exit status of the command ({})", launched.error);
    Ok(())
}

fn alone(context: &Context, subject: Subject) -> Verdict {
    let log = context.scratch().path().join(format!("{}.log", subject.name));
    start(context, subject, &log, &[])?;
    let service = context.process_of(subject.name)?;
    send(service, Signal::SEGV)?;
    gone(service)?;
    logged(&log, &["SIGSEGV detected, backtrace:"])?;
    let frames = fs::read_to_string(&log)?.lines().filter(|line| line.contains("0x")).count();
    ensure!(frames > 2, "{frames} frames in the log");
    // As daemon.at has it, a crash leaves pidfile and socket; the next start replaces both.
    ensure_eq!(context.run_directory_entries()?.is_empty(), false, "emptiness of the run directory after a crash");
    start(context, subject, &log, &[])?;
    context.ask(subject.name, &["exit"])?;
    context.nothing_is_left()
}

fn monitored(context: &Context, subject: Subject) -> Verdict {
    let log = context.scratch().path().join(format!("{}.monitored.log", subject.name));
    start(context, subject, &log, &["--monitor"])?;
    let first = context.process_of(subject.name)?;
    let monitor = parent_of(first)?;
    send(first, Signal::SEGV)?;
    context.another_process_of(subject.name, first)?;
    logged(&log, &["(monitor)", "WARN", "crash report", "SIGSEGV detected, backtrace:"])?;
    logged(&log, &["(monitor)", "ERR", "crashed, killed (Segmentation fault)"])?;
    logged(&log, &["(monitor)", "WARN", "1 crashes so far, restarting"])?;
    context.ask(subject.name, &["exit"])?;
    ensure_eq!(status_of_orphan(monitor)?.code(), Some(0), "exit status of the monitor");
    context.nothing_is_left()
}

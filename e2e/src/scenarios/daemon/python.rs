//! daemon-py.at 182 to 188, where they differ from 172 to 179: a panic and a chosen exit status are followed by a restart, one
//! that bails out before it is ready is not, and a detached service lets go of its standard input.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::service::{eventually, parent_of, send, status_of_orphan};
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/python_182_188", needs: &[Need::Program("ovs-appctl"), Need::Program("yes")], run };

fn run(context: &Context) -> Verdict {
    restarts(context)?;
    bails_out(context)?;
    lets_go_of_input(context)
}

/// 182 and 183: an uncaught exception there is a panic here.
fn restarts(context: &Context) -> Verdict {
    let first = context.detached_demo(&["--monitor", "--restart-status=77"])?;
    let monitor = parent_of(first)?;
    // It dies before it answers, so the client sees the connection end.
    let unanswered = context.appctl(&["-t", "demo", "panic", "oh"])?;
    ensure!(unanswered.status != Some(0), "a service that panicked has answered");
    let second = context.another_process_of("demo", first)?;
    ensure!(context.appctl(&["-t", "demo", "quit", "77"])?.status != Some(0), "a service that ended has answered");
    let third = context.another_process_of("demo", second)?;
    ensure_eq!(parent_of(third)?, monitor, "the parent of the third process");
    // A hang-up is a reload here.
    send(third, Signal::HUP)?;
    ensure_eq!(context.ask("demo", &["echo", "still"])?, "still\n", "after a hang-up");
    ensure_eq!(context.process_of("demo")?, third, "the process after a hang-up");
    context.ask("demo", &["exit"])?;
    ensure_eq!(status_of_orphan(monitor)?.code(), Some(0), "exit status of the monitor");
    context.nothing_is_left()
}

/// 185 and 186.
fn bails_out(context: &Context) -> Verdict {
    for words in [&["--detach"][..], &["--detach", "--monitor"]] {
        for status in [1, 3] {
            let fail = format!("--fail=exit:{status}");
            let failed = context.run_demo(&[&["--pidfile", "-vconsole:warn", fail.as_str()], words].concat())?;
            ensure_eq!(failed.status, Some(status), "exit status of {words:?} ({})", failed.error);
            ensure_eq!(failed.error, "failing as told\n", "what {words:?} says");
        }
        let crashed = context.run_demo(&[&["--pidfile", "--fail=signal:11"], words].concat())?;
        ensure_eq!(crashed.status, Some(1), "exit status of {words:?} that crashes ({})", crashed.error);
        ensure!(crashed.error.contains("Segmentation fault"), "{words:?} says: {}", crashed.error);
        // As with the original, what crashes with nobody to clean up after it leaves its files to the next start.
        context.detached_demo(&[])?;
        context.ask("demo", &["exit"])?;
        context.nothing_is_left()?;
    }
    Ok(())
}

/// 187 and 188.
fn lets_go_of_input(context: &Context) -> Verdict {
    for words in [&["--detach", "--pidfile"][..], &["--detach", "--pidfile", "--monitor"]] {
        let mut yes = Command::new("yes").stdout(Stdio::piped()).spawn()?;
        let Some(input) = yes.stdout.take() else { return Ok(()) };
        // As the shell does it: the pipe is the service's alone.
        let mut demo = context.demo(words);
        let status = demo.stdin(input).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        drop(demo);
        ensure_eq!(status.code(), Some(0), "exit status of {words:?}");
        let writer = eventually("the end of the writer", || Ok(yes.try_wait()?)).inspect_err(|_| {
            let _ = yes.kill();
        })?;
        ensure_eq!(writer.signal(), Some(Signal::PIPE.as_raw()), "the signal that ended the writer");
        context.ask("demo", &["exit"])?;
        context.nothing_is_left()?;
    }
    Ok(())
}

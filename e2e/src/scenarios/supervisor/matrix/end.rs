//! Processes that end, stop or hang.

use e2e::context::Context;
use e2e::failure::Failure;
use e2e::process::PROMPTLY;
use e2e::service::{gone, parent_of, send};
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::Row;
use super::bench::{Mode, Setup};

pub(super) const ROWS: &[Row] = &[
    Row {
        fault: "kill -9 of the supervisor",
        theirs: "daemon lives on unsupervised",
        expected: "service ends too; next start clean",
        run: kill_supervisor,
    },
    Row {
        fault: "kill -9 of both",
        theirs: "next start clean, old .ctl left",
        expected: "next start clean, nothing left",
        run: kill_both,
    },
    Row {
        fault: "kill -9 of the service, as by OOM",
        theirs: "not restarted, monitor ends",
        expected: "restarted",
        run: |context, mode| by_signals(context, mode, &[Signal::KILL]),
    },
    Row {
        fault: "SIGSYS, as by seccomp",
        theirs: "not restarted, monitor ends",
        expected: "restarted",
        run: |context, mode| by_signals(context, mode, &[Signal::SYS]),
    },
    Row {
        fault: "SEGV, ABRT, BUS, FPE, ILL",
        theirs: "restarted, 10 s throttle",
        expected: "restarted",
        run: |context, mode| {
            by_signals(context, mode, &[Signal::SEGV, Signal::ABORT, Signal::BUS, Signal::FPE, Signal::ILL])
        },
    },
    Row {
        fault: "XCPU, ALRM",
        theirs: "restarted, 10 s throttle",
        expected: "restarted",
        run: |context, mode| by_signals(context, mode, &[Signal::XCPU, Signal::ALARM]),
    },
    Row {
        fault: "XFSZ",
        theirs: "restarted, 10 s throttle",
        expected: "serves on: the write alone fails",
        run: file_size_signal,
    },
    Row { fault: "SIGSTOP of the service", theirs: "never noticed", expected: "restarted", run: stop },
    Row { fault: "service hangs", theirs: "never noticed", expected: "restarted", run: hang },
];

fn kill_supervisor(context: &Context, mode: Mode) -> Result<String, Failure> {
    let mut bench = Setup::new(mode).start(context)?;
    let service = bench.service()?;
    bench.supervisor.kill();
    gone(service)?;
    Setup::new(mode).start(context)?.end()?;
    Ok("service ends too; next start clean".to_owned())
}

fn kill_both(context: &Context, mode: Mode) -> Result<String, Failure> {
    let mut bench = Setup::new(mode).start(context)?;
    let service = bench.service()?;
    // Stopped, it cannot end by itself when its supervisor does.
    send(service, Signal::STOP)?;
    bench.supervisor.kill();
    send(service, Signal::KILL)?;
    gone(service)?;
    ensure!(!context.run_directory_entries()?.is_empty(), "processes that were killed have cleaned up");
    Setup::new(mode).start(context)?.end()?;
    Ok("next start clean, nothing left".to_owned())
}

fn by_signals(context: &Context, mode: Mode, signals: &[Signal]) -> Result<String, Failure> {
    let bench = Setup::new(mode).start(context)?;
    for &signal in signals {
        let old = bench.service()?;
        send(old, signal)?;
        bench.restarted(old).map_err(|failure| failure.during(format_args!("{signal:?}")))?;
    }
    bench.end()?;
    Ok("restarted".to_owned())
}

/// Ignored, as SIGPIPE is: a file that may not grow is no reason to end.
fn file_size_signal(context: &Context, mode: Mode) -> Result<String, Failure> {
    let bench = Setup::new(mode).start(context)?;
    let service = bench.service()?;
    send(service, Signal::XFSZ)?;
    send(service, Signal::PIPE)?;
    bench.serves()?;
    ensure_eq!(bench.service()?, service, "the process after XFSZ");
    bench.end()?;
    Ok("serves on: the write alone fails".to_owned())
}

fn stop(context: &Context, mode: Mode) -> Result<String, Failure> {
    let bench = Setup::new(mode).start(context)?;
    let old = bench.service()?;
    send(old, Signal::STOP)?;
    bench.restarted(old)?;
    bench.end()?;
    Ok("restarted".to_owned())
}

/// A target cannot be made to hang from outside: the demo can.
fn hang(context: &Context, mode: Mode) -> Result<String, Failure> {
    let words: &[&str] = match mode {
        Mode::Up => &["--many=demo", "--name=up", "--pidfile", "--watchdog=300"],
        Mode::Monitor => &["--monitor", "--pidfile", "--watchdog=300"],
    };
    let mut supervisor = context.start("daemon_demo", context.demo(words))?;
    supervisor.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
    let old = context.process_of("demo")?;
    context.ctl("demo", &["hang"])?;
    let new = context.another_process_of("demo", old)?;
    ensure!(parent_of(new)? == supervisor.pid()?, "the restarted service has another supervisor");
    supervisor.signal(Signal::TERM)?;
    supervisor.wait(PROMPTLY)?;
    context.nothing_is_left()?;
    Ok("restarted".to_owned())
}

//! Crash reports of real processes, numbered as the behaviour they stand for: C is the monitor's section.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use daemon::channel::{Channel, Received};
use daemon::notification::{Notification, decode};
use rustix::io::FdFlags;
use rustix::process::{Pid, Signal, kill_process};

fn fixture(way: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crash_fixture"));
    command.arg(way).stdin(Stdio::null()).env_remove("RUST_BACKTRACE");
    command
}

/// Runs without a supervisor and a log file.
fn alone(way: &str) -> (ExitStatus, String) {
    let Output { status, stderr, .. } = fixture(way).output().unwrap();
    (status, String::from_utf8(stderr).unwrap())
}

/// Runs with a channel: how it ended, the messages that came, what it wrote to standard error.
fn supervised(way: &str) -> (ExitStatus, Vec<Vec<u8>>, String) {
    let (ours, theirs) = Channel::pair().unwrap();
    let number = theirs.as_fd().as_raw_fd();
    let mut command = fixture(way);
    command.arg(format!("--channel={number}"));
    keep_open(&mut command, number);
    let output = command.output().unwrap();
    drop(theirs);
    let mut messages = Vec::new();
    while let Received::Message(message, _) = ours.receive().unwrap() {
        messages.push(message);
    }
    (output.status, messages, String::from_utf8(output.stderr).unwrap())
}

#[expect(unsafe_code, reason = "a descriptor for the child only")]
fn keep_open(command: &mut Command, number: i32) {
    let keep = move || {
        // SAFETY: the parent keeps the descriptor open until the child has ended.
        let descriptor = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
        Ok(rustix::io::fcntl_setfd(descriptor, FdFlags::empty())?)
    };
    // SAFETY: between fork and exec this makes one system call.
    unsafe { command.pre_exec(keep) };
}

/// The one crash report among the messages, which hold nothing else.
fn only_report(messages: &[Vec<u8>]) -> String {
    assert_eq!(messages.len(), 1, "{messages:?}");
    match decode(&messages[0]).as_slice() {
        [Notification::Crash(report)] => report.clone(),
        other => panic!("{other:?}"),
    }
}

const FAULTS: [(&str, i32, &str); 6] = [
    ("write-to-null", libc::SIGSEGV, "SIGSEGV"),
    ("write-to-null-in-thread", libc::SIGSEGV, "SIGSEGV"),
    ("illegal", libc::SIGILL, "SIGILL"),
    ("divide", libc::SIGFPE, "SIGFPE"),
    ("bus", libc::SIGBUS, "SIGBUS"),
    ("abort", libc::SIGABRT, "SIGABRT"),
];

#[test]
fn c13_a_fault_is_reported_to_the_supervisor_and_ends_the_process_by_its_signal() {
    for (way, signal, name) in FAULTS {
        let (status, messages, error) = supervised(way);
        assert_eq!(status.signal(), Some(signal), "{way}: {error}");
        assert_eq!(error, "", "{way}");
        let report = only_report(&messages);
        let mut lines = report.lines();
        assert_eq!(lines.next(), Some(format!("{name} detected, backtrace:").as_str()), "{way}");
        let places = lines.filter(|line| line.starts_with("0x") && line.contains(" <crash_fixture+0x"));
        assert!(places.count() >= 2, "{way}: {report}");
    }
}

#[test]
fn c13_the_first_line_is_where_it_happened() {
    let (_, messages, _) = supervised("write-to-null");
    let report = only_report(&messages);
    assert!(report.lines().nth(1).unwrap().contains("<crash_fixture+0x"), "{report}");
    assert!(report.contains("\nfault address 0x0\n"), "{report}");
}

#[test]
fn c13_without_a_supervisor_the_report_is_appended_to_the_log_with_names() {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("tidegate-crash-{}-{}.log", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let log: PathBuf = std::env::temp_dir().join(name);
    std::fs::write(&log, "earlier\n").unwrap();
    let output = fixture("write-to-null").arg(format!("--log={}", log.display())).output().unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV));
    assert!(text.starts_with("earlier\nSIGSEGV detected, backtrace:\n0x"), "{text}");
    let named = text.split_once("with names:\n").unwrap().1;
    assert!(named.starts_with("SIGSEGV detected, backtrace:\n0x"), "{named}");
    assert!(named.contains("write_to_null") && named.contains("fixture/crash.rs:"), "{named}");
    assert!(!text.contains("handler"), "the handler's own frames are left out: {text}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn c13_without_either_it_goes_to_standard_error() {
    for (way, signal, name) in FAULTS {
        let (status, error) = alone(way);
        assert_eq!(status.signal(), Some(signal), "{way}: {error}");
        assert!(error.starts_with(&format!("{name} detected, backtrace:\n0x")), "{way}: {error}");
    }
}

#[test]
fn c13_a_supervisor_that_is_gone_does_not_swallow_the_report() {
    let (ours, theirs) = Channel::pair().unwrap();
    drop(ours);
    let number = theirs.as_fd().as_raw_fd();
    let mut command = fixture("write-to-null");
    command.arg(format!("--channel={number}"));
    keep_open(&mut command, number);
    let output = command.output().unwrap();
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("SIGSEGV detected, backtrace:\n0x"));
}

#[test]
fn c13_an_overflow_of_the_stack_is_told() {
    for way in ["overflow", "overflow-in-thread", "overflow-in-covered-thread"] {
        let (status, messages, error) = supervised(way);
        assert_eq!(status.signal(), Some(libc::SIGSEGV), "{way}: {error}");
        let report = only_report(&messages);
        assert!(report.contains(", the stack has overflowed\n"), "{way}: {report}");
        assert_eq!(report.lines().filter(|line| line.starts_with("0x")).count(), 64, "{way}: {report}");
    }
}

#[test]
fn c13_a_stack_that_cannot_be_unwound_still_gives_the_first_address() {
    for way in ["smashed-stack", "jump-to-null"] {
        let (status, messages, error) = supervised(way);
        assert_eq!(status.signal(), Some(libc::SIGSEGV), "{way}: {error}");
        let report = only_report(&messages);
        assert!(report.starts_with("SIGSEGV detected, backtrace:\n0x"), "{way}: {report}");
    }
}

#[test]
fn defect_02_a_panic_is_one_crash_message_whatever_its_text() {
    let (status, messages, _) = supervised("panic");
    assert_eq!(status.signal(), Some(libc::SIGABRT));
    let report = only_report(&messages);
    assert!(report.starts_with("thread 'main' panicked at "), "{report}");
    assert!(report.contains("fixture/crash.rs:"), "{report}");
    assert!(report.contains(": READY=1\nsecond line\nbacktrace:\n"), "{report}");
    assert!(report.split_once("backtrace:\n").unwrap().1.contains("fixture/crash.rs:"), "{report}");
}

#[test]
fn c13_a_panic_in_a_thread_ends_the_process_and_is_reported_once() {
    let (status, messages, error) = supervised("panic-in-thread");
    assert_eq!(status.signal(), Some(libc::SIGABRT), "{error}");
    assert!(only_report(&messages).contains("thread 'worker' panicked at "));
    let (status, error) = alone("panic-in-thread");
    assert_eq!(status.signal(), Some(libc::SIGABRT));
    assert!(error.starts_with("thread 'worker' panicked at "), "{error}");
    assert!(!error.contains("SIGABRT detected"), "{error}");
}

#[test]
fn c13_a_report_that_hangs_does_not_keep_the_process() {
    let (status, error) = alone("stuck-allocator");
    assert_eq!(status.signal(), Some(libc::SIGSEGV), "{error}");
    assert!(error.starts_with("SIGSEGV detected, backtrace:\n0x"), "{error}");
    assert!(error.ends_with("with names:\n"), "the names are what hangs: {error}");
}

#[test]
fn c13_a_signal_from_elsewhere_is_told_with_its_sender() {
    let mut command = fixture("wait");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::SEGV).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&format!("\nsent by process {}\n", std::process::id())), "{text}");
    assert!(!text.contains("fault address"), "{text}");
}

#[test]
fn c13_a_signal_that_was_ignored_stays_so() {
    let script = "trap '' SEGV; exec \"$0\" raise-segv";
    let output = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_crash_fixture")]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(output.stdout, b"still here\n");
}

#[test]
fn c13_the_first_process_of_a_namespace_ends_too() {
    let unshare = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child"];
    if !Command::new("unshare").args(unshare).arg("true").status().is_ok_and(|status| status.success()) {
        return;
    }
    let output =
        Command::new("unshare").args(unshare).args([env!("CARGO_BIN_EXE_crash_fixture"), "abort"]).output().unwrap();
    assert_eq!(output.status.code(), Some(128 + libc::SIGABRT), "{output:?}");
}

#[test]
fn c13_threads_that_allocate_never_keep_a_crash_from_ending() {
    for run in 0..40 {
        // With a channel the report allocates nothing; alone it also looks for names, which does.
        let way = ["allocating-threads", "allocating-threads-signalled"][run % 2];
        let (status, reported) = if run % 4 < 3 {
            let (status, messages, error) = supervised(way);
            assert_eq!(error, "", "run {run}");
            (status, only_report(&messages))
        } else {
            alone(way)
        };
        assert_eq!(status.signal(), Some(libc::SIGSEGV), "run {run}");
        assert!(reported.starts_with("SIGSEGV detected, backtrace:\n0x"), "run {run}: {reported}");
    }
}

//! The panic hook: a panic is our own fault, and nothing half-alive is to remain of it.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{INSTALLED, handler};
use crate::notification::{Notification, encode};

/// How long the report of a panic may take, in seconds: it finds names in the debugging information of the binary.
const GUARD_SECONDS: u32 = 30;

/// Whether a panic has been reported, so that the abort which follows it needs no report of its own.
static PANICKED: AtomicBool = AtomicBool::new(false);

pub(super) fn install() {
    std::panic::set_hook(Box::new(report_and_abort));
}

/// Whether the process is about to abort because of a panic.
pub(super) fn has_panicked() -> bool {
    PANICKED.load(Ordering::Acquire)
}

/// Release builds abort after the hook anyway; aborting here gives the other builds the same end. The guard is for a panic
/// in the middle of logging: its lock is held.
fn report_and_abort(info: &PanicHookInfo<'_>) {
    PANICKED.store(true, Ordering::Release);
    handler::arm_guard(libc::SIGABRT, GUARD_SECONDS);
    let report = describe(info, &Backtrace::force_capture());
    if let Some(installed) = INSTALLED.get() {
        let message = || encode(&[Notification::Crash(report.clone())]);
        let sent = installed.sink.channel().is_some_and(|channel| super::send(channel, &message()));
        if !sent && !tracing::dispatcher::has_been_set() {
            super::write(installed.sink.file(), format!("{report}\n").as_bytes());
        }
    }
    tracing::error!(fatal = true, "{report}");
    std::process::abort();
}

/// The thread, the place and the message in the first line, then the backtrace.
fn describe(info: &PanicHookInfo<'_>, backtrace: &Backtrace) -> String {
    let thread = std::thread::current();
    let mut report = format!("thread '{}' panicked", thread.name().unwrap_or("without a name"));
    if let Some(place) = info.location() {
        let _ = write!(report, " at {place}");
    }
    let _ = write!(report, ": {}", info.payload_as_str().unwrap_or("(no message)"));
    let _ = write!(report, "\nbacktrace:\n{backtrace}");
    report
}

//! How this process ends, once it has cleaned up.

use std::process::ExitCode;

use rustix::process::{Signal, getpid, kill_process};

use crate::process_end::ProcessEnd;

/// Ends as a process that `signal` has ended, which is what a shell, a supervisor and an init system want to see.
/// Process 1 of a container cannot die of a signal: it gets the status that a shell would tell, 128 and the number.
pub(crate) fn by_signal(signal: Signal) -> ExitCode {
    if !getpid().is_init() {
        let _ = signal_hook::low_level::emulate_default_handler(signal.as_raw());
        // An ignored or blocked signal does not end us; the status tells the same.
        let _ = kill_process(getpid(), signal);
    }
    ProcessEnd::Killed { signal: signal.as_raw(), core_dumped: false }.into()
}

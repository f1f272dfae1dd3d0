//! How a process ended, and how people are told.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use rustix::process::Signal;

/// The end of a process as `wait` reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessEnd {
    /// It ended by itself with this status.
    Exited(u8),
    /// A signal ended it.
    Killed {
        /// The signal's number.
        signal: i32,
        /// Whether the kernel wrote a core dump.
        core_dumped: bool,
    },
}

impl ProcessEnd {
    /// What a status of `wait` says; `None` when the process has only stopped or continued.
    #[must_use]
    pub fn from_wait_status(status: ExitStatus) -> Option<Self> {
        if let Some(code) = status.code() {
            return Some(Self::Exited(u8::try_from(code & 0xff).unwrap_or(u8::MAX)));
        }
        let signal = status.signal()?;
        Some(Self::Killed { signal, core_dumped: status.core_dumped() })
    }

    /// The exit status with which a parent passes this end on: the status itself, or 128 and the signal's number, as
    /// shells do.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Exited(status) => status,
            Self::Killed { signal, .. } => u8::try_from(128 + (signal & 0x7f)).unwrap_or(u8::MAX),
        }
    }

    /// Whether one of the signals that ask a process to end did it.
    #[must_use]
    pub fn was_asked_for(self) -> bool {
        matches!(self, Self::Killed { signal, .. } if signal == libc::SIGTERM || signal == libc::SIGINT || signal == libc::SIGHUP)
    }
}

impl From<ProcessEnd> for ExitCode {
    fn from(end: ProcessEnd) -> Self {
        Self::from(end.status())
    }
}

impl fmt::Display for ProcessEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exited(status) => write!(f, "exit status {status}"),
            Self::Killed { signal, core_dumped } => {
                write!(f, "killed ({})", signal_description(signal))?;
                f.write_str(if core_dumped { ", core dumped" } else { "" })
            }
        }
    }
}

/// The signals that end a process, with their name and their description.
const DESCRIPTIONS: &[(Signal, &str, &str)] = &[
    (Signal::HUP, "HUP", "Hangup"),
    (Signal::INT, "INT", "Interrupt"),
    (Signal::QUIT, "QUIT", "Quit"),
    (Signal::ILL, "ILL", "Illegal instruction"),
    (Signal::TRAP, "TRAP", "Trace/breakpoint trap"),
    (Signal::ABORT, "ABRT", "Aborted"),
    (Signal::BUS, "BUS", "Bus error"),
    (Signal::FPE, "FPE", "Floating point exception"),
    (Signal::KILL, "KILL", "Killed"),
    (Signal::USR1, "USR1", "User defined signal 1"),
    (Signal::SEGV, "SEGV", "Segmentation fault"),
    (Signal::USR2, "USR2", "User defined signal 2"),
    (Signal::PIPE, "PIPE", "Broken pipe"),
    (Signal::ALARM, "ALRM", "Alarm clock"),
    (Signal::TERM, "TERM", "Terminated"),
    (Signal::STKFLT, "STKFLT", "Stack fault"),
    (Signal::XCPU, "XCPU", "CPU time limit exceeded"),
    (Signal::XFSZ, "XFSZ", "File size limit exceeded"),
    (Signal::VTALARM, "VTALRM", "Virtual timer expired"),
    (Signal::PROF, "PROF", "Profiling timer expired"),
    (Signal::IO, "IO", "I/O possible"),
    (Signal::POWER, "PWR", "Power failure"),
    (Signal::SYS, "SYS", "Bad system call"),
];

/// What a signal means, in the words people know from their shell.
#[must_use]
pub fn signal_description(signal: i32) -> String {
    match DESCRIPTIONS.iter().find(|(known, ..)| known.as_raw() == signal) {
        Some((.., description)) => (*description).to_owned(),
        None => format!("signal {signal}"),
    }
}

/// The number of the signal of that name, with or without `SIG` in front; case does not matter.
#[must_use]
pub fn signal_number(name: &str) -> Option<i32> {
    let name = name.to_ascii_uppercase();
    let short = name.strip_prefix("SIG").unwrap_or(&name);
    DESCRIPTIONS.iter().find(|(_, known, _)| *known == short).map(|(signal, ..)| signal.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_with_its_cause() {
        let segv = ProcessEnd::Killed { signal: libc::SIGSEGV, core_dumped: false };
        assert_eq!(segv.to_string(), "killed (Segmentation fault)");
        let core = ProcessEnd::Killed { signal: libc::SIGABRT, core_dumped: true };
        assert_eq!(core.to_string(), "killed (Aborted), core dumped");
        assert_eq!(ProcessEnd::Exited(3).to_string(), "exit status 3");
        assert_eq!(signal_description(40), "signal 40");
    }

    #[test]
    fn a_raw_status_is_taken_apart() {
        assert_eq!(ProcessEnd::from_wait_status(ExitStatus::from_raw(3 << 8)), Some(ProcessEnd::Exited(3)));
        let core = ProcessEnd::Killed { signal: 11, core_dumped: true };
        assert_eq!(ProcessEnd::from_wait_status(ExitStatus::from_raw(0x80 | 11)), Some(core));
        let stopped = 0x7f | (19 << 8);
        assert_eq!(ProcessEnd::from_wait_status(ExitStatus::from_raw(stopped)), None);
    }

    #[test]
    fn a_signal_is_found_by_its_name() {
        for name in ["SEGV", "SIGSEGV", "segv"] {
            assert_eq!(signal_number(name), Some(libc::SIGSEGV));
        }
        assert_eq!(
            (signal_number("ABRT"), signal_number("SEGFAULT"), signal_number("")),
            (Some(libc::SIGABRT), None, None)
        );
    }

    #[test]
    fn the_status_for_the_shell_names_the_signal() {
        assert_eq!(ProcessEnd::Killed { signal: libc::SIGTERM, core_dumped: false }.status(), 143);
        assert_eq!(ProcessEnd::Exited(7).status(), 7);
    }
}

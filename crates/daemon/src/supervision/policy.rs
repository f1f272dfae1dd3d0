//! When a service is started again.

use std::time::Duration;

use crate::process_end::ProcessEnd;

/// The signals that mean a fault of the program or of the machine, not a wish of an operator.
const FAULT_SIGNALS: [i32; 11] = [
    libc::SIGABRT,
    libc::SIGALRM,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGPIPE,
    libc::SIGSEGV,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    // The kernel's out-of-memory killer and a seccomp filter end a process by these two.
    libc::SIGKILL,
    libc::SIGSYS,
];

/// Which ends of a service are followed by a new start, and how soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartPolicy {
    /// The signals after whose death the service is started again.
    pub signals: Vec<i32>,
    /// The exit statuses after which it is started again.
    pub statuses: Vec<u8>,
    /// The pause before the second restart in a row, counted from the start before; the first restart comes at once.
    pub throttle: Duration,
    /// The pause doubles with each further restart in a row, up to this. Equal to `throttle`: it never grows.
    pub throttle_limit: Duration,
    /// Crashes in a row after which the service is given up; `None`: never.
    pub give_up_after: Option<u32>,
    /// After being ready for so long, a crash counts as the first again.
    pub healthy_after: Duration,
}

impl Default for RestartPolicy {
    /// Restart after a fault or an out-of-memory kill: at once, then 1, 2, 4 … 60 s after the start before. Never give
    /// up. A minute of health is forgiven everything.
    fn default() -> Self {
        Self {
            signals: FAULT_SIGNALS.to_vec(),
            statuses: Vec::new(),
            throttle: Duration::from_secs(1),
            throttle_limit: Duration::from_secs(60),
            give_up_after: None,
            healthy_after: Duration::from_secs(60),
        }
    }
}

impl RestartPolicy {
    /// Whether the service is started again after this end.
    #[must_use]
    pub fn restarts_after(&self, end: ProcessEnd) -> bool {
        match end {
            ProcessEnd::Exited(status) => self.statuses.contains(&status),
            ProcessEnd::Killed { signal, .. } => self.signals.contains(&signal),
        }
    }

    /// How long after the last start the next may follow, with this many crashes in a row.
    #[must_use]
    pub fn pause_after(&self, crashes_in_a_row: u32) -> Duration {
        let doublings = match crashes_in_a_row {
            0 | 1 => return Duration::ZERO,
            more => (more - 2).min(31),
        };
        self.throttle.saturating_mul(1 << doublings).min(self.throttle_limit)
    }

    /// Whether this many crashes in a row are too many.
    #[must_use]
    pub fn gives_up_after(&self, crashes_in_a_row: u32) -> bool {
        self.give_up_after.is_some_and(|limit| crashes_in_a_row >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn killed(signal: i32) -> ProcessEnd {
        ProcessEnd::Killed { signal, core_dumped: false }
    }

    #[test]
    fn c03_faults_are_restarted_and_wishes_are_not() {
        let policy = RestartPolicy::default();
        for signal in FAULT_SIGNALS {
            assert!(policy.restarts_after(killed(signal)), "{signal}");
        }
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1, libc::SIGUSR2] {
            assert!(!policy.restarts_after(killed(signal)), "{signal}");
        }
        assert!(!policy.restarts_after(ProcessEnd::Exited(0)) && !policy.restarts_after(ProcessEnd::Exited(1)));
        let chosen = RestartPolicy { statuses: vec![3], signals: vec![libc::SIGTERM], ..policy };
        assert!(chosen.restarts_after(ProcessEnd::Exited(3)) && chosen.restarts_after(killed(libc::SIGTERM)));
        assert!(!chosen.restarts_after(killed(libc::SIGSEGV)));
    }

    #[test]
    fn the_pause_doubles_up_to_its_limit() {
        let policy = RestartPolicy::default();
        let seconds: Vec<u64> = (0..10).map(|crashes| policy.pause_after(crashes).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(policy.pause_after(u32::MAX), policy.throttle_limit);
    }
}

//! Crash reports on their way to the log.
//!
//! Finding the names in one takes tens of megabytes and up to a second, which the supervisor has neither: a process split off
//! from it does that and ends, while the service is started again.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

use reactor::clock::{self, Duration};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::crash;
use crate::fork::{Forked, fork};
use crate::supervision::ServiceIndex;

/// The longest report with names that is read, in bytes. What a service sends is limited by its message; names are what adds.
const NAMED_LIMIT_BYTES: usize = 1 << 20;

/// How long a supervisor that ends waits for the names in reports that it has not told yet.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// The niceness that gives way to everything else.
const LEAST_URGENT: i32 = 19;

/// A report whose names are being looked for.
#[derive(Debug)]
struct UnderWay {
    service: ServiceIndex,
    process: i32,
    /// What it reads without names.
    raw: String,
    named: Vec<u8>,
    /// Ends with the process that looks for them.
    pipe: File,
}

/// The reports that have not been told yet.
#[derive(Debug, Default)]
pub(super) struct CrashReports(Vec<UnderWay>);

/// A report that is ready to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CrashReport {
    pub(super) service: ServiceIndex,
    pub(super) process: i32,
    pub(super) text: String,
}

impl CrashReports {
    /// Takes a report of that process of that service. Without a process to look for names, it is ready as it is.
    pub(super) fn add(&mut self, service: ServiceIndex, process: i32, raw: String) -> Option<CrashReport> {
        match look_for_names(&raw) {
            Ok(pipe) => {
                self.0.push(UnderWay { service, process, raw, named: Vec::new(), pipe });
                None
            }
            Err(error) => {
                tracing::debug!(%error, "no process to find the names in a crash report");
                Some(CrashReport { service, process, text: raw })
            }
        }
    }

    /// What is to be polled.
    pub(super) fn descriptors<'a>(&'a self, watched: &mut Vec<PollFd<'a>>) {
        watched.extend(self.0.iter().map(|report| PollFd::new(&report.pipe, PollFlags::IN)));
    }

    /// Every report, for a supervisor that ends: those whose names are not found in time are told without.
    pub(super) fn take_all(&mut self) -> Vec<CrashReport> {
        let deadline = clock::now() + LAST_WAIT;
        let mut all = self.take_ready();
        while !self.0.is_empty() && clock::now() < deadline {
            let mut watched = Vec::new();
            self.descriptors(&mut watched);
            let left = Timespec::try_from(deadline.saturating_duration_since(clock::now())).ok();
            let _ = poll(&mut watched, left.as_ref());
            all.append(&mut self.take_ready());
        }
        all.extend(self.0.drain(..).map(|report| UnderWay { named: Vec::new(), ..report }.told()));
        all
    }

    /// The reports whose names have been found.
    pub(super) fn take_ready(&mut self) -> Vec<CrashReport> {
        self.0.extract_if(.., UnderWay::is_complete).map(UnderWay::told).collect()
    }
}

impl UnderWay {
    /// Reads what is there. Returns whether nothing more will come.
    fn is_complete(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.pipe.read(&mut buffer) {
                Ok(0) => return true,
                Ok(length) => self.named.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
            if self.named.len() > NAMED_LIMIT_BYTES {
                return true;
            }
        }
    }

    /// A process that died over the report has told nothing.
    fn told(self) -> CrashReport {
        let Self { service, process, raw, named, .. } = self;
        let named = String::from_utf8(named).ok().filter(|text| !text.is_empty());
        CrashReport { service, process, text: named.unwrap_or(raw) }
    }
}

/// Starts a process that writes the report with names, and returns where.
fn look_for_names(raw: &str) -> io::Result<File> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    match fork()? {
        Forked::Parent(_) => {
            rustix::io::ioctl_fionbio(&read, true)?;
            Ok(File::from(read))
        }
        Forked::Child => write_names(write, raw),
    }
}

/// Ends this process without the clean-up that is its parent's.
fn write_names(pipe: OwnedFd, raw: &str) -> ! {
    // The service that is starting again comes first.
    let _ = rustix::process::nice(LEAST_URGENT);
    let written = File::from(pipe).write_all(crash::symbolise(raw).as_bytes());
    // SAFETY: it ends the process at once; no destructor or handler of the parent's runs.
    #[expect(unsafe_code, reason = "the standard library has no exit without handlers")]
    unsafe {
        libc::_exit(i32::from(written.is_err()))
    }
}

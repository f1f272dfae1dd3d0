//! What a service can still do once it runs: three layers of the kernel, applied when everything is open and before the
//! first thread.
//!
//! | layer | limits | module |
//! |---|---|---|
//! | `no-new-privileges` | rights of executed programs | `no_new_privileges` |
//! | `landlock` | files and TCP ports, from [`Rules`] | `landlock` |
//! | `seccomp` | system calls, from a [`Profile`] | `seccomp` |
//!
//! A layer that the kernel lacks, in part or as a whole, is no error: the [`Report`] says so, and `sandbox/show` shows it.
//! A layer that the kernel has and that cannot be applied is one. A user can switch each off by name ([`Layers`]).
//!
//! Nothing of it can be taken back. It holds for every thread and program that this one starts.

mod landlock;
mod layers;
mod no_new_privileges;
mod profile;
mod report;
mod seccomp;
mod system_calls;

use std::io;
use std::path::PathBuf;

use rustix::thread::{CapabilitySet, capabilities};
use thiserror::Error;

pub use layers::{Layer, Layers, UnknownLayer};
pub use profile::{
    BENCH, BENCH_SESSION, Group, LOCAL, PROFILES, Profile, RADIO, RADIO_LIBRARY, SUPERVISOR, SystemCall, TARGET,
};
pub use report::{Enforcement, Reason, Report, command};

/// What a service needs. Whatever is not named is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Files and directories, with all that is in them, to read.
    pub read: Vec<PathBuf>,
    /// Likewise to read, write, make and remove. Making, renaming and removing take the directory: a service names its run
    /// directory, and the one in which its log is rotated.
    pub write: Vec<PathBuf>,
    /// Likewise to execute, and to read for that. For a supervisor; its profile has to allow it as well.
    pub execute: Vec<PathBuf>,
    /// TCP ports to bind once it runs; 0 is the kernel's choice. Sockets that are bound already need none.
    pub bind_ports: Vec<u16>,
    /// TCP ports to connect to.
    pub connect_ports: Vec<u16>,
    /// System calls.
    pub profile: &'static Profile,
}

impl Rules {
    /// A profile, and no file and no port.
    #[must_use]
    pub fn new(profile: &'static Profile) -> Self {
        Self {
            read: Vec::new(),
            write: Vec::new(),
            execute: Vec::new(),
            bind_ports: Vec::new(),
            connect_ports: Vec::new(),
            profile,
        }
    }
}

/// Why a service is not confined. Some layers may be applied: the process has to end, or be started without the sandbox.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// Threads would stay outside. A fault of the program.
    #[error("a process with {0} threads cannot be confined as a whole")]
    Threads(usize),
    /// The kernel lets only root confine itself without that layer.
    #[error(
        "--no-sandbox=no-new-privileges leaves {0}, which needs it in a process without CAP_SYS_ADMIN; switch {0} off \
         as well, or none"
    )]
    NeedsNoNewPrivileges(Layer),
    /// A file or directory of the rules is not there or cannot be reached.
    #[error("sandbox: cannot give access to {}", .path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The kernel refused it.
    #[error("sandbox: cannot set no-new-privileges (--no-sandbox=all starts without a sandbox)")]
    NoNewPrivileges(#[source] io::Error),
    /// The kernel refused it.
    #[error("sandbox: cannot apply landlock (--no-sandbox=landlock starts without it)")]
    Landlock(#[source] Box<::landlock::RulesetError>),
    /// The kernel refused it.
    #[error("sandbox: cannot apply seccomp (--no-sandbox=seccomp starts without it)")]
    Seccomp(#[source] io::Error),
    /// The profile makes no filter on this architecture.
    #[error("sandbox: no seccomp filter for this architecture (--no-sandbox=seccomp starts without it)")]
    Filter(#[source] Box<seccompiler::BackendError>),
}

/// Confines this process. To be called by its only thread.
///
/// # Errors
/// When a layer that is wanted and that the kernel has cannot be applied.
pub fn apply(rules: &Rules, layers: &Layers) -> Result<Report, SandboxError> {
    let threads = thread_count();
    if threads > 1 {
        return Err(SandboxError::Threads(threads));
    }
    refuse_missing_foundation(layers)?;
    let mut report = Report { layers: Vec::new(), rules: rules.clone() };
    for layer in Layer::all() {
        let enforcement = match layer {
            _ if !layers.wants(layer) => Enforcement::Off(Reason::SwitchedOff),
            Layer::NoNewPrivileges => no_new_privileges::apply()?,
            Layer::Landlock => landlock::apply(rules)?,
            Layer::Seccomp => seccomp::apply(rules)?,
        };
        report.layers.push((layer, enforcement));
    }
    Ok(report)
}

/// Said before anything is applied, and in the user's terms: the kernel would say EPERM or EACCES half-way.
fn refuse_missing_foundation(layers: &Layers) -> Result<(), SandboxError> {
    let is_set = layers.wants(Layer::NoNewPrivileges) || rustix::thread::no_new_privs().unwrap_or(false);
    let is_privileged = capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN));
    let dependent = [Layer::Landlock, Layer::Seccomp].into_iter().find(|layer| layers.wants(*layer));
    match dependent {
        Some(layer) if !is_set && !is_privileged => Err(SandboxError::NeedsNoNewPrivileges(layer)),
        _ => Ok(()),
    }
}

/// How many threads this process has; 1 where there is no `/proc` to ask.
pub(crate) fn thread_count() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

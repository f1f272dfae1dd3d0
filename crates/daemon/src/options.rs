//! What the command line and the configuration say of a service's life.

use std::os::fd::RawFd;
use std::path::PathBuf;
use std::time::Duration;

use crate::hello::Orphans;
use crate::privileges::UserSpecification;
use crate::sandbox::Layers;
use crate::supervision::{RestartPolicy, ServiceTimes};

/// The options that every service takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Leave the caller once ready (`--detach`).
    pub detach: bool,
    /// Stay in the starting directory (`--no-chdir`).
    pub no_chdir: bool,
    /// Where the pidfile is; relative to the run directory. `None`: there is none.
    pub pidfile: Option<PathBuf>,
    /// Take the pidfile over even from a running instance (`--overwrite-pidfile`).
    pub overwrite_pidfile: bool,
    /// Be restarted after a crash (`--monitor`).
    pub monitor: bool,
    /// `USER[:GROUP]` to become (`--user`).
    pub user: Option<UserSpecification>,
    /// The control socket, relative to the run directory; `none`: no socket. `None`: `NAME.PID.ctl`.
    pub unixctl: Option<PathBuf>,
    /// How long the caller of a detached service waits for readiness. `None`: for as long as it takes.
    pub start_timeout: Option<Duration>,
    /// A descriptor to which readiness is told by a newline, as s6 has it.
    pub notification_descriptor: Option<RawFd>,
    /// The layers of the sandbox that are on.
    pub sandbox: Layers,
    /// When a supervised service is started again.
    pub restart: RestartPolicy,
    /// How long a supervised service may take for what it does.
    pub times: ServiceTimes,
    /// What a service does when its supervisor has died.
    pub orphans: Orphans,
}

impl Default for Options {
    /// In the foreground, without a pidfile, as the user who starts it, with every layer of the sandbox.
    fn default() -> Self {
        Self {
            detach: false,
            no_chdir: false,
            pidfile: None,
            overwrite_pidfile: false,
            monitor: false,
            user: None,
            unixctl: None,
            start_timeout: None,
            notification_descriptor: None,
            sandbox: Layers::all(),
            restart: RestartPolicy::default(),
            times: ServiceTimes::default(),
            orphans: Orphans::default(),
        }
    }
}

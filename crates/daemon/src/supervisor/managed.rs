//! One service as the supervisor has it: what it is to be, its sockets, and its process.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use control::PendingAnswer;
use control::client::Client;
use control::server::remove_leftovers;
use reactor::clock::{self, Duration, Instant};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, pidfd_send_signal, wait};

use crate::adoption::{Adopted, Introduction, Reception};
use crate::channel::{Channel, Received};
use crate::hello::{Hello, Orphans};
use crate::listening::ListeningSocket;
use crate::notification::Notification;
use crate::options::Options;
use crate::pidfile::Pidfile;
use crate::position;
use crate::process_end::ProcessEnd;

use super::ServiceDefinition;

/// How long a running service may take to answer that it comes.
const ADOPTION_TIMEOUT: Duration = Duration::from_secs(2);

/// What every service is told of its place.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) detached: bool,
    pub(super) orphans: Orphans,
    /// Where the supervisor was started.
    pub(super) directory: Option<PathBuf>,
}

/// A service and its process, if it has one.
pub(super) struct Managed {
    pub(super) definition: ServiceDefinition,
    pub(super) sockets: Vec<ListeningSocket>,
    process: Option<Process>,
    was_started: bool,
    /// No longer in the configuration.
    pub(super) removed: bool,
    /// The process before, for reports of its end.
    pub(super) last_process: Option<Pid>,
    pub(super) last_crash: Option<(i32, ProcessEnd)>,
    /// What its process said of its crash, until the process has ended.
    pub(super) crash_report: Option<String>,
    /// What it last said of itself.
    pub(super) status: Option<String>,
    /// Operators who wait for it.
    pub(super) waiting: Vec<Waiting>,
}

/// An operator who waits.
pub(super) struct Waiting {
    pub(super) until: Until,
    pub(super) answer: PendingAnswer,
}

/// What an operator waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Stopped,
    /// Ready, with another process than this one.
    ReadyOtherThan(Option<Pid>),
}

/// A running process.
struct Process {
    id: Pid,
    /// `None` once the other end is closed: the end of the process follows.
    channel: Option<Channel>,
    started: Instant,
    /// Of a process that is not our child, which cannot be waited for.
    adopted: Option<OwnedFd>,
    /// Whether it said that it ends.
    stopping: bool,
    crashed: bool,
}

impl Managed {
    pub(super) fn new(definition: ServiceDefinition, sockets: Vec<ListeningSocket>) -> Self {
        Self {
            definition,
            sockets,
            process: None,
            was_started: false,
            removed: false,
            last_process: None,
            last_crash: None,
            crash_report: None,
            status: None,
            waiting: Vec::new(),
        }
    }

    pub(super) fn process_id(&self) -> Option<Pid> {
        self.process.as_ref().map(|process| process.id)
    }

    /// When its process was started.
    pub(super) fn started(&self) -> Option<Instant> {
        self.process.as_ref().map(|process| process.started)
    }

    /// Starts a process: this very program, with the service's arguments, a channel and the sockets.
    pub(super) fn spawn(&mut self, surroundings: &Surroundings) -> io::Result<()> {
        let (ours, theirs) = Channel::pair()?;
        let hello = Hello {
            detached: surroundings.detached,
            first: !self.was_started,
            orphans: surroundings.orphans,
            watchdog: self.definition.times.watchdog,
            directory: surroundings.directory.clone(),
            sockets: self.sockets.iter().map(ListeningSocket::duplicate).collect::<io::Result<_>>()?,
            configuration: self.definition.configuration.clone(),
            fingerprint: self.definition.fingerprint.clone(),
        };
        hello.send(&ours)?;
        let mut command = Command::new("/proc/self/exe");
        command.arg0(std::env::args_os().next().unwrap_or_else(|| "tidegate".into())).args(&self.definition.arguments);
        position::pass_channel(&mut command, theirs.as_fd().as_raw_fd());
        keep_open(&mut command, theirs.as_fd().as_raw_fd());
        if !surroundings.detached {
            // What a terminal sends to its foreground is for the supervisor, which passes it on once.
            command.process_group(0);
        }
        let child = command.spawn()?;
        self.was_started = true;
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no pid"))?;
        self.process = Some(Process {
            id,
            channel: Some(ours),
            started: clock::now(),
            adopted: None,
            stopping: false,
            crashed: false,
        });
        Ok(())
    }

    /// Goes on with a process that an earlier program of this supervisor has started.
    pub(super) fn resume(&mut self, id: Pid, channel: Channel, adopted: Option<OwnedFd>) {
        self.was_started = true;
        self.process = Some(Process {
            id,
            channel: Some(channel),
            started: clock::now(),
            adopted,
            stopping: false,
            crashed: false,
        });
    }

    /// The descriptors of its process, each by what `keep` makes of it: the channel, and the one of a process that was adopted.
    pub(super) fn descriptors_kept<T>(
        &self,
        keep: impl Fn(std::os::fd::BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<(Option<T>, Option<T>)> {
        let Some(process) = &self.process else { return Ok((None, None)) };
        let channel = process.channel.as_ref().map(|channel| keep(channel.as_fd())).transpose()?;
        let adopted = process.adopted.as_ref().map(|adopted| keep(adopted.as_fd())).transpose()?;
        Ok((channel, adopted))
    }

    /// What is to be polled for this service.
    pub(super) fn descriptors<'a>(&'a self, watched: &mut Vec<PollFd<'a>>) {
        if let Some(process) = &self.process {
            watched.extend(process.channel.as_ref().map(|channel| PollFd::new(channel, PollFlags::IN)));
            watched.extend(process.adopted.as_ref().map(|adopted| PollFd::new(adopted, PollFlags::IN)));
        }
    }

    /// The next thing that came through its channel.
    pub(super) fn receive(&mut self) -> Option<Received> {
        let process = self.process.as_mut()?;
        match process.channel.as_ref()?.receive() {
            Ok(Received::Nothing) => None,
            Ok(Received::Closed) => {
                process.channel = None;
                None
            }
            Ok(received) => Some(received),
            Err(error) => {
                tracing::warn!(service = self.definition.name, %error, "a message of the service is lost");
                Some(Received::Message(Vec::new(), Vec::new()))
            }
        }
    }

    /// Offers its part of the configuration to its process, which answers when it comes to it. False: there is nobody to offer it to.
    pub(super) fn offer(&self) -> bool {
        let channel = self.process.as_ref().and_then(|process| process.channel.as_ref());
        let (Some(channel), Some(offer)) = (channel, self.definition.offer()) else { return false };
        offer.send(channel).is_ok()
    }

    /// Remembers what it said of itself.
    pub(super) fn note(&mut self, said: &Notification) {
        let Some(process) = &mut self.process else { return };
        match said {
            Notification::Status(text) => self.status = Some(text.clone()),
            Notification::Stopping => process.stopping = true,
            Notification::Crash(_) => process.crashed = true,
            _ => {}
        }
    }

    /// Sends a signal to its process, which has not been waited for.
    pub(super) fn signal(&self, signal: Signal) {
        let Some(process) = &self.process else { return };
        let sent = match &process.adopted {
            Some(descriptor) => pidfd_send_signal(descriptor, signal),
            None => kill_process(process.id, signal),
        };
        if let Err(error) = sent {
            tracing::warn!(service = self.definition.name, %error, "cannot send a signal");
        }
    }

    /// Its process is gone.
    pub(super) fn forget_process(&mut self, end: ProcessEnd) {
        self.last_process = self.process.take().map(|process| process.id);
        self.status = None;
        tracing::debug!(service = self.definition.name, %end, "process waited for");
    }

    /// What a process that died by a signal could not remove, and one that has become another user was not allowed to.
    pub(super) fn remove_leftovers(&self, run_directory: &Path, options: &Options) {
        let _ = remove_leftovers(run_directory, &self.definition.name);
        let _ = Pidfile::remove_if_stale(&self.pidfile(run_directory, options));
    }

    fn pidfile(&self, run_directory: &Path, options: &Options) -> PathBuf {
        match &options.pidfile {
            // The option is about the one service of a `--monitor`; those of `up` have their own names.
            Some(name) if options.monitor => run_directory.join(name),
            _ => run_directory.join(format!("{}.pid", self.definition.name)),
        }
    }

    /// The end of a process that is not our child, as far as it can be told: by what it said last.
    pub(super) fn end_of_adopted(&self) -> Option<ProcessEnd> {
        let process = self.process.as_ref()?;
        let descriptor = process.adopted.as_ref()?;
        let ended = poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&Timespec::default())) == Ok(1);
        let killed = |signal| ProcessEnd::Killed { signal, core_dumped: false };
        ended.then(|| match process {
            Process { crashed: true, .. } => killed(libc::SIGABRT),
            Process { stopping: true, .. } => ProcessEnd::Exited(0),
            _ => killed(libc::SIGKILL),
        })
    }

    /// The control socket of a process of this service that runs under nobody.
    pub(super) fn running_elsewhere(&self, run_directory: &Path) -> Option<PathBuf> {
        let pidfile = run_directory.join(format!("{}.pid", self.definition.name));
        let holder = Pidfile::holder(&pidfile)?;
        Some(run_directory.join(format!("{}.{holder}.ctl", self.definition.name)))
    }

    /// Takes over a process whose supervisor has died, with its sockets. Says what it was started as.
    pub(super) fn adopt(&mut self, control_socket: &Path, reception: &Reception) -> io::Result<Introduction> {
        let mut client = Client::connect(control_socket, Some(ADOPTION_TIMEOUT)).map_err(io::Error::other)?;
        let place = reception.path().display().to_string();
        client.call("supervisor/adopt", &[place]).map_err(io::Error::other)?.map_err(io::Error::other)?;
        let Adopted { process, channel, sockets, introduction } = reception.receive(&self.definition.name)?;
        let descriptor = pidfd_open(process, PidfdFlags::empty())?;
        self.sockets = sockets;
        self.resume(process, channel, Some(descriptor));
        Ok(introduction)
    }
}

/// Lets a descriptor travel through the exec of `command`.
fn keep_open(command: &mut Command, descriptor: i32) {
    let clear = move || {
        #[expect(
            unsafe_code,
            reason = "rustix wants a borrowed descriptor, which a closure that outlives this call cannot have"
        )]
        // SAFETY: between fork and exec only calls that are safe in a signal handler are made, and fcntl is one.
        let result = unsafe { libc::fcntl(descriptor, libc::F_SETFD, 0) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: see `clear`: it allocates nothing and takes no lock.
    #[expect(unsafe_code, reason = "the standard library closes every descriptor of its own on exec")]
    unsafe {
        command.pre_exec(clear);
    }
}

/// The next process that has ended; `None` when there is none. The end is `None` when it has only stopped.
pub(super) fn wait_for_any() -> Option<(Pid, Option<ProcessEnd>)> {
    let (process, status) = wait(WaitOptions::NOHANG).ok()??;
    Some((process, ProcessEnd::from_wait_status(ExitStatus::from_raw(status.as_raw()))))
}

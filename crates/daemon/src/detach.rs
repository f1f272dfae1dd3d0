//! `--detach`: the caller's process waits until the service is ready, and tells how it went by its exit status.

use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::channel::{Channel, Received};
use crate::crash;
use crate::failure::Failure;
use crate::fork::{Forked, fork};
use crate::notification::{self, Notification};
use crate::process_end::ProcessEnd;

/// How long the caller waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For readiness; `None`: for as long as it takes.
    pub(crate) start: Option<Duration>,
    /// For the end of a service that was not ready in time and has been told so.
    pub(crate) stop: Duration,
}

/// What [`detach`] has made of this process.
pub(crate) enum Detached {
    /// The caller's: it is to end like this.
    Launcher(Result<ExitCode, Failure>),
    /// The one that goes on; the launcher waits at the other end of the channel.
    Service(Channel),
}

/// Splits off a process in a session of its own. The caller's waits for its readiness, its end, or the time limit.
///
/// `attempt` completes "could not …" for the case that the service dies without a word.
pub(crate) fn detach(patience: Patience, attempt: &str) -> Result<Detached, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::running(format_args!("could not {attempt} ({error})"));
    let (launcher, service) = Channel::pair().map_err(|error| failed(&error))?;
    match fork().map_err(|error| failed(&error))? {
        Forked::Parent(child) => {
            drop(service);
            Ok(Detached::Launcher(wait_for(child, &launcher, patience, attempt)))
        }
        Forked::Child => {
            drop(launcher);
            rustix::process::setsid().map_err(|error| failed(&error))?;
            Ok(Detached::Service(service))
        }
    }
}

fn wait_for(child: Pid, channel: &Channel, patience: Patience, attempt: &str) -> Result<ExitCode, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::running(format_args!("could not {attempt} ({error})"));
    match listen(channel, patience.start).map_err(|errno| failed(&errno))? {
        Heard::Ready => return Ok(ExitCode::SUCCESS),
        Heard::Nothing => return Err(give_up(child, channel, patience)),
        Heard::End => {}
    }
    let status = loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => break status,
            Ok(None) | Err(Errno::INTR) => {}
            Err(errno) => return Err(failed(&errno)),
        }
    };
    let end = ProcessEnd::from_wait_status(std::os::unix::process::ExitStatusExt::from_raw(status.as_raw()));
    match end {
        // It has said why by itself.
        Some(end @ ProcessEnd::Exited(1..)) => Ok(end.into()),
        Some(end) if end.was_asked_for() => Ok(end.into()),
        Some(end) => {
            tracing::error!("the service ended before it was ready: {end}");
            Err(failed(&end))
        }
        None => Err(failed(&"it has stopped")),
    }
}

/// What a launcher has heard.
enum Heard {
    Ready,
    End,
    /// None of both in the time for it.
    Nothing,
}

/// Listens until the child is ready or ends, and passes on what it says of a crash.
fn listen(channel: &Channel, limit: Option<Duration>) -> Result<Heard, Errno> {
    let deadline = limit.map(|limit| reactor::clock::now() + limit);
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(reactor::clock::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut [PollFd::new(channel, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) => return Ok(Heard::Nothing),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
        let message = match channel.receive()? {
            Received::Message(message, _) => message,
            Received::Nothing => continue,
            Received::Closed => return Ok(Heard::End),
        };
        for said in notification::decode(&message) {
            match said {
                Notification::Ready => return Ok(Heard::Ready),
                Notification::Crash(report) => tracing::error!("{}", crash::symbolise(&report)),
                _ => {}
            }
        }
    }
}

/// Ends a child that was not ready in time. It is asked first, and killed when it does not listen: a service that is stuck would
/// hold its pidfile, and with it the next start.
fn give_up(child: Pid, channel: &Channel, patience: Patience) -> Failure {
    let _ = kill_process(child, Signal::TERM);
    let _ = kill_process(child, Signal::CONT);
    if matches!(listen(channel, Some(patience.stop)), Ok(Heard::Nothing)) {
        let _ = kill_process(child, Signal::KILL);
    }
    // Gone when the caller goes on: its lock must not be in the way of the next start.
    let _ = waitpid(Some(child), WaitOptions::empty());
    let seconds = patience.start.map_or(0.0, |limit| limit.as_secs_f64());
    Failure::running(format_args!("not ready within {seconds} s (see --start-timeout), and therefore ended"))
}

//! `--detach`: the caller's process waits until the service is ready, and tells how it went by its exit status.

use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::channel::{Channel, Received};
use crate::failure::Failure;
use crate::fork::{Forked, fork};
use crate::notification::{self, Notification};
use crate::process_end::ProcessEnd;

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
pub(crate) fn detach(start_timeout: Option<Duration>, attempt: &str) -> Result<Detached, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::running(format_args!("could not {attempt} ({error})"));
    let (launcher, service) = Channel::pair().map_err(|error| failed(&error))?;
    match fork().map_err(|error| failed(&error))? {
        Forked::Parent(child) => {
            drop(service);
            Ok(Detached::Launcher(wait_for(child, &launcher, start_timeout, attempt)))
        }
        Forked::Child => {
            drop(launcher);
            rustix::process::setsid().map_err(|error| failed(&error))?;
            Ok(Detached::Service(service))
        }
    }
}

fn wait_for(
    child: Pid,
    channel: &Channel,
    start_timeout: Option<Duration>,
    attempt: &str,
) -> Result<ExitCode, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::running(format_args!("could not {attempt} ({error})"));
    let deadline = start_timeout.map(|limit| reactor::clock::now() + limit);
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(reactor::clock::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut [PollFd::new(channel, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) => return Err(give_up(child, start_timeout)),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(failed(&errno)),
        }
        match channel.receive() {
            Ok(Received::Message(message, _)) if notification::decode(&message).contains(&Notification::Ready) => {
                return Ok(ExitCode::SUCCESS);
            }
            Ok(Received::Message(..) | Received::Nothing) => {}
            Ok(Received::Closed) => break,
            Err(errno) => return Err(failed(&errno)),
        }
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

fn give_up(child: Pid, start_timeout: Option<Duration>) -> Failure {
    let _ = kill_process(child, Signal::TERM);
    let _ = kill_process(child, Signal::CONT);
    let seconds = start_timeout.map_or(0.0, |limit| limit.as_secs_f64());
    Failure::running(format_args!("not ready within {seconds} s (see --start-timeout), being ended"))
}

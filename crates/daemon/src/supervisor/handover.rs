//! Upgrade: this process executes the new program in its own place, and the new program goes on with what it finds.
//!
//! Process id, children, locks and descriptors survive an exec. What the old program knew goes into a file without a name
//! (memfd), whose descriptor the environment tells. Signals are blocked over the exec: they wait for the new program.

use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use control::log::Logging;
use control::server::{ControlSocket, FileIdentity};
use control::{Answer, PendingAnswer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};
use serde::{Deserialize, Serialize};

use super::commands::Control;
use super::renewal::Renewals;
use super::{DefinitionSource, Supervisor};
use crate::channel::Channel;
use crate::failure::Failure;
use crate::hello::{memory_file, read_from_start};
use crate::life::Identity;
use crate::listening::ListeningSocket;
use crate::options::Options;
use crate::pidfile::Pidfile;
use crate::serve::Place;
use crate::signals::{self, Signals};
use crate::streams;
use crate::supervision::{Event, ServiceIndex, ServiceState as Condition};

/// The variable that names the descriptor of the state: `FD:PID`, with the process's own id.
const VARIABLE: &str = "TIDEGATE_HANDOVER";

/// The layout of [`State`]. A program that finds another one says so and does not take over.
const LAYOUT: u32 = 1;

/// How long a new program may take for its trial, and for its version.
const TRIAL_LIMIT: Duration = Duration::from_secs(10);

/// What the old program knew, with the numbers of its open descriptors.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    layout: u32,
    version: String,
    services: Vec<ServiceState>,
    control: Option<(RawFd, PathBuf, FileIdentity)>,
    pidfile: Option<(RawFd, PathBuf)>,
    directory: Option<PathBuf>,
    detached: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct ServiceState {
    name: String,
    process: Option<i32>,
    channel: Option<RawFd>,
    adopted: Option<RawFd>,
    ready: bool,
    crashes: u32,
    /// By an operator.
    stopped: bool,
    sockets: Vec<(String, RawFd)>,
}

/// What an old program has left for this one.
#[derive(Debug)]
pub(crate) struct Handover(State);

impl Handover {
    /// Looks whether this process was another program a moment ago.
    ///
    /// # Errors
    /// When it was, and its state cannot be understood.
    pub(crate) fn of_this_process() -> Result<Option<Self>, Failure> {
        let Some(text) = std::env::var_os(VARIABLE).and_then(|text| text.into_string().ok()) else {
            return Ok(None);
        };
        let Some((descriptor, process)) = text.split_once(':') else { return Ok(None) };
        let (Ok(descriptor), Ok(process)) = (descriptor.parse(), process.parse::<u32>()) else { return Ok(None) };
        if process != std::process::id() {
            // Inherited by a process further down.
            return Ok(None);
        }
        let broken = |error: &dyn std::fmt::Display| Failure::running(format_args!("cannot take over ({error})"));
        let text = read_from_start(own(descriptor)).map_err(|error| broken(&error))?;
        let state: State = serde_json::from_str(&text).map_err(|error| broken(&error))?;
        if state.layout != LAYOUT {
            return Err(broken(&format_args!(
                "layout {} of version {}, expected {LAYOUT}",
                state.layout, state.version
            )));
        }
        Ok(Some(Self(state)))
    }
}

/// Owns a descriptor that the old program has left open for this one.
fn own(number: RawFd) -> OwnedFd {
    // SAFETY: the number comes from the state that this very process wrote before the exec, where each descriptor stands
    // once; the exec closed every other one, so nothing else owns it.
    #[expect(unsafe_code, reason = "descriptors that survive an exec have no owner")]
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    let _ = fcntl_setfd(&descriptor, FdFlags::CLOEXEC);
    descriptor
}

impl Supervisor {
    /// Goes on where an old program has stopped, then gives every service the new program.
    pub(crate) fn take_over(
        handover: Handover,
        run_directory: PathBuf,
        identity: Identity,
        options: Options,
        logging: Logging,
        mut source: DefinitionSource,
    ) -> Result<Self, Failure> {
        let state = handover.0;
        tracing::info!(from = state.version, to = identity.version, "taking over");
        let definitions = source.read()?;
        let upstream = crate::life::init_systems(&Options { notification_descriptor: None, ..options.clone() })?;
        let mut place = Place::unsupervised(upstream, &run_directory, options, identity, logging)?;
        place.detached = state.detached;
        let mut supervisor = Self::new(place, Some(source))?;
        signals::unblock_all();
        supervisor.surroundings.directory = state.directory;
        supervisor.pidfile = state.pidfile.map(|(descriptor, path)| Pidfile::taken_over(path, own(descriptor)));
        if let Some((descriptor, path, identity)) = state.control {
            let socket = ControlSocket::from_listener(own(descriptor), &path, identity)
                .map_err(|error| Failure::caused(&error))?;
            supervisor.control = Some(Control::start(socket, &supervisor.place, &supervisor.board)?);
        }
        for service in state.services {
            supervisor.resume(service, &definitions);
        }
        for definition in definitions {
            if supervisor.services.iter().all(|managed| managed.definition.name != definition.name) {
                supervisor.add_bound(definition)?;
            }
        }
        supervisor.renewals = Renewals::of(supervisor.indices().filter(|index| {
            let managed = &supervisor.services[index.0];
            managed.process_id().is_some() && !managed.removed
        }));
        // Whoever ended between the two programs has not been waited for.
        supervisor.reap();
        Ok(supervisor)
    }

    fn resume(&mut self, state: ServiceState, definitions: &[super::ServiceDefinition]) {
        let sockets = state
            .sockets
            .into_iter()
            .map(|(kind, number)| ListeningSocket { kind, listener: TcpListener::from(own(number)) });
        let sockets: Vec<ListeningSocket> = sockets.collect();
        let channel = state.channel.map(|number| Channel::from_descriptor(own(number)));
        let adopted = state.adopted.map(own);
        let Some(definition) = definitions.iter().find(|definition| definition.name == state.name) else {
            tracing::warn!("{}: no longer configured, being ended", state.name);
            if let Some(process) = state.process.and_then(Pid::from_raw) {
                let _ = kill_process(process, Signal::TERM);
            }
            return;
        };
        let index = self.add(definition.clone(), sockets);
        if state.stopped {
            self.supervision.handle(reactor::clock::now(), Event::StopService(index));
        }
        let (Some(process), Some(channel)) = (state.process.and_then(Pid::from_raw), channel) else { return };
        self.services[index.0].resume(process, channel, adopted);
        self.supervision.handle(reactor::clock::now(), Event::Resumed(index, state.ready, state.crashes));
    }

    /// Everything that the next program has to know. Its descriptors are told to stay open.
    fn state(&self) -> io::Result<State> {
        let mut services = Vec::new();
        for (index, managed) in self.services.iter().enumerate().filter(|(_, managed)| !managed.removed) {
            let sockets = managed.sockets.iter().map(|socket| Ok((socket.kind.clone(), kept(&socket.listener)?)));
            let (channel, adopted) = managed.descriptors_kept(|descriptor| kept(descriptor))?;
            services.push(ServiceState {
                name: managed.definition.name.clone(),
                process: managed.process_id().map(Pid::as_raw_pid),
                channel,
                adopted,
                ready: self.supervision.state(ServiceIndex(index)) == Condition::Ready,
                stopped: self.supervision.state(ServiceIndex(index)) == Condition::Stopped,
                crashes: self.supervision.crashes(ServiceIndex(index)),
                sockets: sockets.collect::<io::Result<_>>()?,
            });
        }
        let control = self.control.as_ref().map(|control| control.server.socket());
        let control =
            control.map(|socket| Ok::<_, io::Error>((kept(socket)?, socket.path().to_owned(), socket.identity())));
        let pidfile =
            self.pidfile.as_ref().map(|pidfile| Ok::<_, io::Error>((kept(pidfile)?, pidfile.path().to_owned())));
        Ok(State {
            layout: LAYOUT,
            version: self.place.identity.version.clone(),
            services,
            control: control.transpose()?,
            pidfile: pidfile.transpose()?,
            directory: self.surroundings.directory.clone(),
            detached: self.place.detached,
        })
    }

    /// Executes `program` in the place of this one. Comes back only if that fails.
    fn execute(&mut self, program: &Path) -> io::Error {
        let prepared = self.state().and_then(|state| memory_file(&serde_json::to_string(&state)?));
        let file = match prepared {
            Ok(file) => file,
            Err(error) => return error,
        };
        if let Err(error) = kept(&file) {
            return error;
        }
        let mut arguments = std::env::args_os();
        let mut command = Command::new(program);
        command.arg0(arguments.next().unwrap_or_else(|| program.into())).args(arguments);
        command.env(VARIABLE, format!("{}:{}", file.as_raw_fd(), std::process::id()));
        if let Some(address) = self.place.upstream.notify_address() {
            command.env("NOTIFY_SOCKET", address);
        }
        if let Some(interval) = self.place.watchdog {
            command.env("WATCHDOG_USEC", interval.as_micros().to_string());
        }
        if let Some(directory) = self.surroundings.directory.as_ref().filter(|_| !self.place.detached) {
            command.current_dir(directory);
        }
        let signals = self.signals.as_fd().as_raw_fd();
        // SAFETY: it runs in this process right before the exec, which has one thread; it makes two system calls.
        #[expect(unsafe_code, reason = "the standard library empties the signal mask before an exec")]
        unsafe {
            command.pre_exec(move || Signals::hold_back(signals));
        }
        let error = command.exec();
        signals::unblock_all();
        // The standard library has prepared for another program.
        signals::ignore_failed_writes();
        // What was to stay open must not travel on to the services that this program starts.
        let _ = streams::inherited();
        error
    }
}

/// Lets a descriptor stay open over the exec, and tells its number.
fn kept(descriptor: impl AsFd) -> io::Result<RawFd> {
    fcntl_setfd(&descriptor, FdFlags::empty())?;
    Ok(descriptor.as_fd().as_raw_fd())
}

/// `upgrade [PROGRAM]`: tries the new program, answers, and becomes it.
pub(super) fn upgrade(supervisor: &mut Supervisor, program: Option<PathBuf>, answer: PendingAnswer) {
    let tried = refuse_while_changing(supervisor).and_then(|()| program.map_or_else(own_program, Ok));
    let tried = tried.and_then(|program| {
        let trial = supervisor.source.as_ref().map(|source| source.trial.clone()).unwrap_or_default();
        try_out(&program, &trial, supervisor.surroundings.directory.as_deref()).map(|version| (program, version))
    });
    let (program, version) = match tried {
        Ok(tried) => tried,
        Err(text) => return answer.complete(Err(text)),
    };
    tracing::info!(program = %program.display(), version, "upgrading");
    answer.complete(Ok(Answer::Text(format!("upgrading from {} to {version}", supervisor.place.identity.version))));
    if let Some(control) = &mut supervisor.control {
        // The answer leaves before this program does.
        let _ = control.server.turn(reactor::clock::now());
    }
    supervisor.successor = Some(program);
}

/// What an operator has asked for and is under way would be forgotten.
fn refuse_while_changing(supervisor: &Supervisor) -> Result<(), String> {
    let changing = supervisor.indices().find(|&index| supervisor.supervision.state(index) == Condition::Stopping);
    match changing {
        None => Ok(()),
        Some(index) => {
            let name = &supervisor.services[index.0].definition.name;
            Err(format!("{name} is being stopped or restarted; upgrade when that is done"))
        }
    }
}

impl Supervisor {
    /// Gives way to the program that has been tried out, once no signal waits to be acted on.
    pub(super) fn give_way(&mut self) {
        let Some(program) = self.successor.take() else { return };
        if let Err(reason) = refuse_while_changing(self) {
            tracing::warn!(program = %program.display(), "not upgraded: {reason}");
            return;
        }
        let error = self.execute(&program);
        if error.kind() == io::ErrorKind::Interrupted {
            self.successor = Some(program);
            return;
        }
        tracing::error!(program = %program.display(), %error, "cannot execute the new program; going on as the old one");
    }
}

/// The path from which this program was started, where a newer one may have been put meanwhile.
fn own_program() -> Result<PathBuf, String> {
    let path = std::env::current_exe().map_err(|error| format!("cannot tell where this program is ({error})"))?;
    let text = path.to_string_lossy();
    Ok(text.strip_suffix(" (deleted)").map_or(path.clone(), PathBuf::from))
}

/// Runs a program's trial and asks for its version; a program that cannot do that does not take over.
fn try_out(program: &Path, trial: &[OsString], directory: Option<&Path>) -> Result<String, String> {
    let run = |arguments: &[OsString]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        let output =
            output_in_time(&mut command, TRIAL_LIMIT).map_err(|error| format!("{}: {error}", program.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{} does not do: {}: {}", program.display(), output.status, said.trim()))
    };
    if !trial.is_empty() {
        run(trial)?;
    }
    run(&["--version".into()])
}

/// What a program says until it ends, which has to be within `limit`: meanwhile nobody supervises.
fn output_in_time(command: &mut Command, limit: Duration) -> io::Result<Output> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()?;
    let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no pid"))?;
    let descriptor = pidfd_open(process, PidfdFlags::empty())?;
    let timeout = Timespec::try_from(limit).map_err(io::Error::other)?;
    let ended = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&timeout));
    if ended != Ok(0) {
        return child.wait_with_output();
    }
    let _ = kill_process_group(process, Signal::KILL);
    child.wait()?;
    Err(io::Error::other(format!("no end of its trial within {} s", limit.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_hangs_in_its_trial_is_killed_with_all_that_it_started() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & wait"]).stdin(Stdio::null());
        let error = output_in_time(&mut command, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.to_string(), "no end of its trial within 0.02 s");
    }

    #[test]
    fn what_a_program_says_in_its_trial_is_kept() {
        let mut command = Command::new("sh");
        let output = output_in_time(command.args(["-c", "echo 2; exit 3"]), TRIAL_LIMIT).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b"2\n"[..]));
    }
}

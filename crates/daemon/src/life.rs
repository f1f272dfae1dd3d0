//! The order of life, from the parsed command line to the last file removed. decisions/0002 gives the reasons.
//!
//! ```text
//! run ─┬─ started by a supervisor ───────────────────────────────► serve
//!      └─ started by a person: refuse if running ─► privileges ─► detach ─┬─► serve
//!                                                                         └─► supervise (starts this program again)
//! ```

use std::os::fd::{AsRawFd, RawFd};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use control::log::Logging;

use crate::detach::{Detached, Patience, detach};
use crate::failure::Failure;
use crate::init_system::notification_descriptor::NotificationDescriptor;
use crate::init_system::notify::NotifySocket;
use crate::init_system::{self, Upstream};
use crate::listening::ListeningSocket;
use crate::options::Options;
use crate::pidfile::Pidfile;
use crate::position::Position;
use crate::privileges::{self, Account, AcrossExec};
use crate::run_directory::RunDirectory;
use crate::serve::{self, Place};
use crate::service::Service;
use crate::streams;
use crate::supervisor::{DefinitionSource, Handover, ServiceDefinition, Supervisor};

/// What a supervisor needs to end when its service has ended, beyond the time of that.
const SUPERVISOR_GRACE: Duration = Duration::from_secs(5);

/// What a service is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name: the pidfile is `NAME.pid`, the control socket `NAME.PID.ctl`.
    pub name: String,
    /// The program's version.
    pub version: String,
}

/// Runs a service to its end, in whatever place this process has.
///
/// # Errors
/// What kept the service from starting, or ended it: one line for standard error, and the exit status.
pub fn run(
    position: Position,
    identity: Identity,
    options: Options,
    logging: Logging,
    service: Box<dyn Service>,
) -> Result<ExitCode, Failure> {
    if let Some(supervised) = position.supervised {
        let run_directory = run_directory(None)?;
        let place = Place::supervised(supervised, &run_directory, options, identity, logging);
        return serve::serve(place, service);
    }
    let start = Start::new(position.strangers, &options, &logging)?;
    let mut place = match start.leave_caller(&options)? {
        Left::Caller(ending) => return ending,
        Left::Service(upstream) => Place::unsupervised(upstream, &start.run_directory, options, identity, logging)?,
    };
    place.sockets = start.sockets;
    refuse_unknown_kinds(&place.sockets, service.as_ref())?;
    if place.options.monitor {
        return monitor(place, service.as_ref());
    }
    serve::serve(place, service)
}

/// Runs a supervisor of many services to its end. `definitions` is asked for the services now and at each reload.
///
/// # Errors
/// As [`run`].
pub fn run_supervisor(
    position: Position,
    identity: Identity,
    options: Options,
    logging: Logging,
    definitions: DefinitionSource,
) -> Result<ExitCode, Failure> {
    if let Some(handover) = Handover::of_this_process()? {
        let run_directory = run_directory(None)?;
        return Supervisor::take_over(handover, run_directory, identity, options, logging, definitions)?.run();
    }
    let start = Start::new(position.strangers, &options, &logging)?;
    let upstream = match start.leave_caller(&options)? {
        Left::Caller(ending) => return ending,
        Left::Service(upstream) => upstream,
    };
    let place = Place::unsupervised(upstream, &start.run_directory, options, identity, logging)?;
    Supervisor::of_many(place, definitions)?.run()
}

/// One service, started again when it crashes: its supervisor starts this very command line.
fn monitor(place: Place, service: &dyn Service) -> Result<ExitCode, Failure> {
    let mut sockets = Vec::new();
    for address in service.addresses() {
        match place.sockets.iter().position(|socket| socket.kind == address.kind) {
            // An init system has bound all of that kind.
            Some(_) => {}
            None => sockets.push(ListeningSocket { listener: service.bind(&address)?, kind: address.kind }),
        }
    }
    let definition = ServiceDefinition {
        name: place.identity.name.clone(),
        arguments: std::env::args_os().skip(1).collect(),
        policy: place.options.restart.clone(),
        times: place.options.times,
        addresses: Vec::new(),
        configuration: None,
        fingerprint: String::new(),
        bind: |address| Err(Failure::running(format_args!("{address}: bound by the service"))),
    };
    Supervisor::of_one(place, definition, sockets)?.run()
}

/// A socket from an init system for which the service has no use is a mistake in a unit file.
fn refuse_unknown_kinds(sockets: &[ListeningSocket], service: &dyn Service) -> Result<(), Failure> {
    let known: Vec<String> = service.addresses().into_iter().map(|address| address.kind).collect();
    match sockets.iter().find(|socket| !known.contains(&socket.kind)) {
        None => Ok(()),
        Some(socket) => {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let kind = &socket.kind;
            Err(Failure::usage(format_args!("there is no use for a socket named {kind}; known names: {known}")))
        }
    }
}

/// The run directory, made if it is missing; for the user that this process is going to be.
fn run_directory(account: Option<&Account>) -> Result<PathBuf, Failure> {
    let directory = RunDirectory::of_this_user().map_err(|error| Failure::usage(&error))?;
    let prepared = match account {
        Some(account) => directory.prepare_for(account),
        None => directory.prepare(),
    };
    prepared.map_err(|error| Failure::caused(&error))?;
    Ok(directory.path().to_owned())
}

/// What has to be done while this process is still the caller's.
struct Start {
    run_directory: PathBuf,
    /// From an init system.
    sockets: Vec<ListeningSocket>,
    /// Descriptors that the caller has left open.
    strangers: Vec<RawFd>,
}

impl Start {
    fn new(mut strangers: Vec<RawFd>, options: &Options, logging: &Logging) -> Result<Self, Failure> {
        let sockets = init_system::activation::take_listeners().map_err(|error| Failure::caused(&error))?;
        let sockets: Vec<ListeningSocket> =
            sockets.into_iter().map(|(kind, listener)| ListeningSocket { kind, listener }).collect();
        let named = sockets.iter().map(|socket| socket.listener.as_raw_fd()).chain(options.notification_descriptor);
        let named: Vec<RawFd> = named.collect();
        strangers.retain(|number| !named.contains(number));
        let account = match &options.user {
            Some(_) if !rustix::process::geteuid().is_root() => {
                return Err(Failure::running("only root can use --user option"));
            }
            Some(user) => Some(user.look_up().map_err(|error| Failure::caused(&error))?),
            None => None,
        };
        let run_directory = run_directory(account.as_ref())?;
        if let Some(pidfile) = &options.pidfile
            && !options.overwrite_pidfile
        {
            Pidfile::check(&run_directory.join(pidfile)).map_err(|error| Failure::caused(&error))?;
        }
        if let Some(account) = &account {
            let across_exec = if options.monitor { AcrossExec::PassedOn } else { AcrossExec::Lost };
            become_account(account, across_exec, logging)?;
        }
        Ok(Self { run_directory, sockets, strangers })
    }

    fn leave_caller(&self, options: &Options) -> Result<Left, Failure> {
        let upstream = init_systems(options)?;
        if !options.detach {
            return Ok(Left::Service(upstream));
        }
        let attempt = if options.monitor { "initiate process monitoring" } else { "detach from foreground session" };
        let grace = if options.monitor { SUPERVISOR_GRACE } else { Duration::ZERO };
        let patience = Patience { start: options.start_timeout, stop: options.times.stop + grace };
        match detach(patience, attempt)? {
            Detached::Launcher(ending) => Ok(Left::Caller(ending)),
            Detached::Service(channel) => {
                streams::close(&self.strangers);
                Ok(Left::Service(upstream.with_channel(channel)))
            }
        }
    }
}

/// Who goes on after the caller has been left, or not.
enum Left {
    /// The caller's own process, which has waited.
    Caller(Result<ExitCode, Failure>),
    /// The process that does the work.
    Service(Upstream),
}

/// The init systems that want to hear from this process.
pub(crate) fn init_systems(options: &Options) -> Result<Upstream, Failure> {
    let mut upstream = Upstream::new();
    if let Some(socket) = NotifySocket::take_from_environment().map_err(|error| Failure::caused(&error))? {
        upstream = upstream.with_notify_socket(socket);
    }
    if let Some(number) = options.notification_descriptor {
        let descriptor = NotificationDescriptor::take(number).map_err(|error| Failure::usage(&error))?;
        upstream = upstream.with_descriptor(descriptor);
    }
    Ok(upstream)
}

/// Becomes that user, who gets the log file.
pub(crate) fn become_account(account: &Account, across_exec: AcrossExec, logging: &Logging) -> Result<(), Failure> {
    logging
        .give_file_to(account.user.as_raw(), account.group.as_raw())
        .map_err(|error| Failure::running(format_args!("cannot give the log file to the user ({error})")))?;
    privileges::drop_to_account(account, &[], across_exec).map_err(|error| Failure::caused(&error))
}

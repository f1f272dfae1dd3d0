//! The service itself: takes its pidfile and sockets, opens, confines itself, starts, says that it is ready, and then waits for
//! whatever ends it.
//!
//! Its main thread does nothing but wait: for signals, for the supervisor's end, for the control socket's commands, and, if
//! somebody watches, for the time of the next sign of life.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use control::log::Logging;
use control::server::{ControlSocket, Server, Statistics, remove_leftovers, socket_path};
use control::{Answer, Command, CommandTable, Inspect, Node, PendingAnswer};
use reactor::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions, wait};

use crate::adoption;
use crate::channel::{Channel, Received};
use crate::crash;
use crate::ending;
use crate::failure::Failure;
use crate::hello::Orphans;
use crate::init_system::{self, Upstream};
use crate::life::{self, Identity};
use crate::listening::ListeningSocket;
use crate::notification::Notification;
use crate::offer::Offer;
use crate::options::Options;
use crate::pidfile::{Pidfile, PidfileOptions};
use crate::position::Supervised;
use crate::privileges::{self, AcrossExec};
use crate::sandbox;
use crate::service::{Opened, Renewal, Running, Service};
use crate::signals::Signals;
use crate::streams;
use crate::title;
use crate::wake::Wake;

/// Where and as what a process does its work, supervisor or service.
pub(crate) struct Place {
    pub(crate) identity: Identity,
    pub(crate) options: Options,
    pub(crate) logging: Logging,
    pub(crate) run_directory: PathBuf,
    /// Who is told how it goes.
    pub(crate) upstream: Upstream,
    /// Whether the standard streams are let go of at readiness.
    pub(crate) detached: bool,
    /// Sockets that somebody else has bound.
    pub(crate) sockets: Vec<ListeningSocket>,
    /// Whether a supervisor started this process.
    pub(crate) supervised: bool,
    pub(crate) orphans: Orphans,
    /// What of a configuration this service was started for.
    fingerprint: String,
    /// Between two signs of life that somebody waits for.
    pub(crate) watchdog: Option<Duration>,
    /// Whether this is the first process of the service, whose caller reads where it is served.
    is_first: bool,
    /// What takes the place of the standard streams at readiness.
    null: Option<OwnedFd>,
}

impl Place {
    /// The place of a service under a supervisor.
    pub(crate) fn supervised(
        supervised: Supervised,
        run_directory: &Path,
        options: Options,
        identity: Identity,
        logging: Logging,
    ) -> Self {
        let Supervised { channel, hello } = supervised;
        Self {
            identity,
            options,
            logging,
            run_directory: run_directory.to_owned(),
            upstream: Upstream::new().with_channel(channel),
            detached: hello.detached,
            sockets: hello.sockets,
            supervised: true,
            orphans: hello.orphans,
            fingerprint: hello.fingerprint,
            watchdog: hello.watchdog,
            is_first: hello.first,
            null: None,
        }
    }

    /// The place of a process that stands by itself.
    pub(crate) fn unsupervised(
        upstream: Upstream,
        run_directory: &Path,
        options: Options,
        identity: Identity,
        logging: Logging,
    ) -> Result<Self, Failure> {
        let watchdog = init_system::notify::take_watchdog_interval().map_err(|error| Failure::caused(&error))?;
        Ok(Self {
            identity,
            detached: options.detach,
            orphans: options.orphans,
            fingerprint: String::new(),
            options,
            logging,
            run_directory: run_directory.to_owned(),
            watchdog,
            upstream,
            sockets: Vec::new(),
            supervised: false,
            is_first: true,
            null: None,
        })
    }

    /// Takes the pidfile, if there is to be one.
    pub(crate) fn pidfile(&self, control_socket: Option<&Path>) -> Result<Option<Pidfile>, Failure> {
        let Some(name) = &self.options.pidfile else {
            return Ok(None);
        };
        let options = PidfileOptions {
            overwrite: self.options.overwrite_pidfile,
            control_socket: control_socket.map(Path::to_owned),
        };
        Pidfile::acquire(&self.run_directory.join(name), &options).map(Some).map_err(|error| Failure::caused(&error))
    }

    /// Where the control socket is to be, if there is to be one.
    pub(crate) fn control_path(&self) -> Option<PathBuf> {
        let unixctl = self.options.unixctl.as_deref();
        socket_path(&self.run_directory, &self.identity.name, std::process::id(), unixctl)
    }

    /// Removes what crashed instances have left, and listens for commands.
    pub(crate) fn control_socket(&self, path: Option<PathBuf>) -> Result<Option<ControlSocket>, Failure> {
        if let Err(error) = remove_leftovers(&self.run_directory, &self.identity.name) {
            tracing::warn!(%error, "cannot look for control sockets that crashed instances have left");
        }
        path.map(|path| ControlSocket::bind(&path)).transpose().map_err(Failure::running)
    }

    /// Lets go of the caller's directory, when all that was named from there is open, and prepares to let go of its streams:
    /// what the sandbox would be in the way of.
    pub(crate) fn leave_directory(&mut self) -> Result<(), Failure> {
        if !self.detached {
            return Ok(());
        }
        self.null = Some(streams::null().map_err(|error| Failure::running(format_args!("/dev/null: {error}")))?);
        if self.options.no_chdir {
            return Ok(());
        }
        std::env::set_current_dir("/").map_err(|error| Failure::running(format_args!("/: {error}")))
    }

    /// Has crashes of this process reported from now on.
    pub(crate) fn catch_crashes(&self) -> Result<(), Failure> {
        crash_report::set_channel(self.upstream.channel());
        crash::install(crash_report::sink(&self.logging))
            .map_err(|error| Failure::running(format_args!("cannot catch crashes ({error})")))
    }

    /// Another channel upwards, or none. A crash report never goes to a descriptor that is closed.
    fn set_channel(&mut self, channel: Option<Channel>) {
        crash_report::set_channel(None);
        self.upstream.replace_channel(channel);
        crash_report::set_channel(self.upstream.channel());
    }

    /// Tells that all is served, and lets go of the caller's streams.
    ///
    /// A person who reads the output finds `ready` in its last line, once the whole chain is.
    ///
    /// # Errors
    /// When nobody is there to be told.
    pub(crate) fn announce_ready(&mut self, status: &str) -> Result<(), Failure> {
        if !self.supervised {
            say("ready");
        }
        if self.detached {
            self.logging.detach_console();
        }
        // First, so that a caller whose wait is over finds them closed.
        let leaves_caller = self.null.take().map(|null| streams::replace(&null));
        leaves_caller.transpose().map_err(|error| Failure::running(format_args!("/dev/null: {error}")))?;
        let said =
            [Notification::Ready, Notification::Status(status.to_owned()), Notification::MainPid(std::process::id())];
        if let Err(error) = self.upstream.notify(&said) {
            let failure = Failure::running(format_args!("nobody is there to be told of readiness ({error})"));
            // Standard error may be gone as well.
            tracing::error!("{failure}");
            return Err(failure);
        }
        if self.detached && !self.supervised {
            // The launcher has heard all that it waited for.
            self.set_channel(None);
        }
        Ok(())
    }
}

/// Runs a service to its end.
pub(crate) fn serve(mut place: Place, service: Box<dyn Service>) -> Result<ExitCode, Failure> {
    // The supervisor executes /proc/self/exe, after which the kernel would name the process.
    let _ = title::set_command_name(&program_name());
    let mut signals =
        Signals::catch().map_err(|error| Failure::running(format_args!("cannot catch signals ({error})")))?;
    let keeps_terminal = !place.supervised && terminal::is_controlling();
    let control_path = place.control_path();
    let pidfile = place.pidfile(control_path.as_deref())?;
    let control_socket = place.control_socket(control_path)?;
    place.catch_crashes()?;

    let sockets = take_sockets(&mut place, service.as_ref())?;
    let kept = keep_for_adoption(&place, &sockets)?;
    let opened = service.open(sockets)?;
    place.leave_directory()?;
    let confinement = confine(&place, opened.as_ref())?;
    let running = opened.start()?;

    let wake = Wake::new().map_err(|error| Failure::running(format_args!("no event descriptor ({error})")))?;
    let (requests, inbox) = mpsc::channel();
    let server = match control_socket {
        Some(socket) => Some(start_control(&place, socket, running.as_ref(), confinement, &wake, requests)?),
        None => None,
    };
    let early = signals.pending().into_iter().find(|&signal| ends(signal, keeps_terminal));
    if early.is_none() {
        if place.is_first {
            running.announcement().iter().for_each(|line| say(line));
        }
        place.announce_ready("serving")?;
        tracing::info!("ready");
    }
    let mut attendance = Attendance { place, signals, inbox, wake, running, kept, keeps_terminal, alive_at: None };
    let ending = match early {
        // Asked to end before it was ready: it never was.
        Some(signal) => Ending::Signal(signal),
        None => attendance.wait()?,
    };
    attendance.stop(ending);
    drop(server);
    drop(pidfile);
    Ok(match ending {
        Ending::Asked | Ending::Orphaned => ExitCode::SUCCESS,
        Ending::Signal(signal) => ending::by_signal(signal),
    })
}

/// The sockets that were given, and those that nobody has bound yet.
fn take_sockets(place: &mut Place, service: &dyn Service) -> Result<Vec<ListeningSocket>, Failure> {
    let mut sockets = std::mem::take(&mut place.sockets);
    let given: Vec<String> = sockets.iter().map(|socket| socket.kind.clone()).collect();
    for address in service.addresses() {
        if !given.contains(&address.kind) {
            sockets.push(ListeningSocket { listener: service.bind(&address)?, kind: address.kind });
        }
    }
    Ok(sockets)
}

/// Handles of the sockets for the next supervisor, if this service is to outlive its own.
fn keep_for_adoption(place: &Place, sockets: &[ListeningSocket]) -> Result<Vec<ListeningSocket>, Failure> {
    if !place.supervised || place.orphans == Orphans::Stop {
        return Ok(Vec::new());
    }
    let kept: std::io::Result<_> = sockets.iter().map(ListeningSocket::duplicate).collect();
    kept.map_err(|error| Failure::running(format_args!("cannot keep the listening sockets ({error})")))
}

/// Drops what the service no longer needs: the user, where a supervisor left that to it, and the sandbox.
fn confine(place: &Place, opened: &dyn Opened) -> Result<Arc<sandbox::Report>, Failure> {
    match &place.options.user {
        Some(user) if place.supervised && rustix::process::geteuid().is_root() => {
            let account = user.look_up().map_err(|error| Failure::caused(&error))?;
            life::become_account(&account, AcrossExec::Lost, &place.logging)?;
        }
        Some(_) if place.supervised => {
            privileges::pass_nothing_on().map_err(|error| Failure::caused(&error))?;
        }
        _ => {}
    }
    let mut rules = opened.rules();
    rules.write.push(place.run_directory.clone());
    rules.write.extend(place.logging.file_path().and_then(|path| path.parent().map(Path::to_owned)));
    // For the names in a crash report.
    rules.read.extend(std::env::current_exe());
    let report = sandbox::apply(&rules, &place.options.sandbox).map_err(|error| Failure::caused(&error))?;
    Ok(Arc::new(report))
}

/// What the control thread asks of the main thread.
#[derive(Debug)]
enum Request {
    /// `exit`.
    Exit,
    /// `supervisor/adopt`: a supervisor listens there.
    Adopt(PathBuf, PendingAnswer),
}

fn start_control(
    place: &Place,
    socket: ControlSocket,
    running: &dyn Running,
    confinement: Arc<sandbox::Report>,
    wake: &Wake,
    requests: mpsc::Sender<Request>,
) -> Result<Server, Failure> {
    let statistics = Statistics::default();
    let state = StateTree {
        name: place.identity.name.clone(),
        service: running.state(),
        control: statistics.clone(),
        logging: place.logging.clone(),
        confinement: Arc::clone(&confinement),
        started: clock::now(),
    };
    let (exit, exit_wake) = (requests.clone(), wake.clone());
    let mut table = CommandTable::new(control::Service {
        name: place.identity.name.clone(),
        version: place.identity.version.clone(),
        logging: place.logging.clone(),
        state: Arc::new(state),
        exit: Box::new(move || {
            // The main thread may have ended already.
            let _ = exit.send(Request::Exit);
            exit_wake.wake();
        }),
    });
    table.add(sandbox::command(confinement));
    if place.supervised && place.orphans == Orphans::Keep {
        let wake = wake.clone();
        let adopt = move |call: &control::Call<'_>, answer: PendingAnswer| {
            let _ = requests.send(Request::Adopt(call.argument(0).unwrap_or_default().into(), answer));
            wake.wake();
        };
        table.add(Command::deferred("supervisor/adopt", "SOCKET", 1..=1, adopt).hidden());
    }
    running.commands().into_iter().for_each(|command| table.add(command));
    Server::start(socket, table, statistics)
        .map_err(|error| Failure::running(format_args!("could not initialize control socket ({error})")))
}

/// The root of what `show` prints.
struct StateTree {
    name: String,
    service: Arc<dyn Inspect>,
    control: Statistics,
    logging: Logging,
    confinement: Arc<sandbox::Report>,
    started: Instant,
}

impl Inspect for StateTree {
    fn inspect(&self, node: &mut Node<'_>) {
        node.child("service", |node| {
            node.value("name", self.name.as_str());
            node.value("process", std::process::id());
            node.value("uptime_s", self.started.elapsed().as_secs());
        });
        self.service.inspect(node);
        node.child("control", |node| self.control.inspect(node));
        node.child("log", |node| self.logging.inspect(node));
        node.child("sandbox", |node| self.confinement.inspect(node));
    }
}

/// Why a service ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// `exit` on the control socket.
    Asked,
    /// Its supervisor is gone.
    Orphaned,
    Signal(Signal),
}

/// Whether a signal ends a service. A hang-up does where it means that the terminal is gone.
fn ends(signal: Signal, keeps_terminal: bool) -> bool {
    match signal {
        Signal::TERM | Signal::INT | Signal::ALARM => true,
        Signal::HUP => keeps_terminal,
        _ => false,
    }
}

/// The main thread of a running service.
struct Attendance {
    place: Place,
    signals: Signals,
    inbox: Receiver<Request>,
    wake: Wake,
    running: Box<dyn Running>,
    /// For the next supervisor.
    kept: Vec<ListeningSocket>,
    /// Whether it runs in somebody's terminal.
    keeps_terminal: bool,
    /// When the next sign of life is due.
    alive_at: Option<Instant>,
}

impl Attendance {
    /// Waits until something ends the service.
    fn wait(&mut self) -> Result<Ending, Failure> {
        self.alive_at = self.place.watchdog.map(|limit| clock::now() + limit / 2);
        loop {
            self.pause(self.alive_at)?;
            self.wake.take();
            for signal in self.signals.pending() {
                if ends(signal, self.keeps_terminal) {
                    return Ok(Ending::Signal(signal));
                }
                self.act_on(signal);
            }
            while let Ok(request) = self.inbox.try_recv() {
                match request {
                    Request::Exit => return Ok(Ending::Asked),
                    Request::Adopt(path, answer) => self.join(&path, answer),
                }
            }
            if !self.hear_supervisor() {
                if self.place.orphans == Orphans::Stop {
                    tracing::warn!("the supervisor is gone; ending as well");
                    return Ok(Ending::Orphaned);
                }
                tracing::warn!("the supervisor is gone; going on without it until the next one comes");
                self.place.set_channel(None);
            }
            self.give_sign_of_life();
        }
    }

    /// Sleeps until there is something to look at.
    fn pause(&self, deadline: Option<Instant>) -> Result<(), Failure> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(clock::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let mut watched = vec![PollFd::new(&self.signals, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
        watched.extend(self.place.upstream.channel().map(|channel| PollFd::new(channel, PollFlags::IN)));
        match poll(&mut watched, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(Failure::running(format_args!("cannot wait for events ({errno})"))),
        }
    }

    fn act_on(&mut self, signal: Signal) {
        match signal {
            Signal::HUP => self.reload(),
            // Only the first process of a container has children that it does not know.
            Signal::CHILD if rustix::process::getpid().is_init() => {
                while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
            }
            _ => {}
        }
    }

    fn reload(&mut self) {
        self.tell(&[init_system::notify::reloading_now()]);
        if let Err(error) = self.place.logging.reopen()
            && !matches!(error, control::log::ReopenError::NotConfigured)
        {
            tracing::error!(%error, "the log file stays the old one");
        }
        self.running.reload();
        self.tell(&[Notification::Ready]);
    }

    /// Hears what the supervisor says. False: the other end of the channel has been closed.
    fn hear_supervisor(&mut self) -> bool {
        loop {
            let Some(channel) = self.place.upstream.channel() else { return true };
            match channel.receive() {
                Ok(Received::Message(message, descriptors)) => match Offer::from_message(&message, descriptors) {
                    Ok(offer) => offer.into_iter().for_each(|offer| self.consider(offer)),
                    Err(error) => self.tell(&[Notification::Declined(format!("it cannot be read ({error})"))]),
                },
                Ok(Received::Nothing) => return true,
                Ok(Received::Closed) | Err(_) => return false,
            }
        }
    }

    /// Answers an offered configuration. A next supervisor is told what this process works by.
    fn consider(&mut self, offer: Offer) {
        let answer = match self.running.renew(&offer.configuration) {
            Renewal::Taken => {
                tracing::info!("the configuration has changed; taken");
                self.place.fingerprint = offer.fingerprint;
                Notification::Taken
            }
            Renewal::Restart(reason) => Notification::Declined(reason),
        };
        self.tell(&[answer]);
    }

    fn join(&mut self, path: &Path, answer: PendingAnswer) {
        match adoption::join(path, &self.place.identity, &self.place.fingerprint, &self.kept) {
            Ok(channel) => {
                tracing::info!(supervisor = %path.display(), "taken over by another supervisor");
                self.place.set_channel(Some(channel));
                answer.complete(Ok(Answer::empty()));
            }
            Err(error) => answer.complete(Err(format!("cannot reach the supervisor at {} ({error})", path.display()))),
        }
    }

    fn give_sign_of_life(&mut self) {
        let now = clock::now();
        let (Some(at), Some(limit)) = (self.alive_at, self.place.watchdog) else { return };
        if now < at {
            return;
        }
        self.alive_at = Some(now + limit / 2);
        if self.running.is_well() {
            self.tell(&[Notification::Watchdog]);
        } else {
            tracing::error!("a thread has made no progress; giving no sign of life");
        }
    }

    fn tell(&mut self, said: &[Notification]) {
        // The end of a supervisor is noticed by the end of the channel.
        let _ = self.place.upstream.notify(said);
    }

    /// Ends the service's work. A second signal, or the end of the time for it, cuts that short.
    fn stop(mut self, ending: Ending) {
        if let Ending::Signal(signal) = ending {
            let description = crate::process_end::signal_description(signal.as_raw());
            tracing::warn!("terminating with signal {} ({description})", signal.as_raw());
        }
        self.tell(&[Notification::Stopping]);
        let limit = clock::now() + self.place.options.times.stop;
        let done = Wake::new().ok();
        let (running, finished) = (self.running, done.clone());
        let thread = std::thread::Builder::new().name("stop".to_owned()).spawn(move || {
            running.stop();
            finished.iter().for_each(Wake::wake);
        });
        let Some((done, Ok(_))) = done.map(|done| (done, thread)) else { return };
        while clock::now() < limit && !done.take() {
            let timeout = Timespec::try_from(limit.saturating_duration_since(clock::now())).ok();
            let mut watched = [PollFd::new(&self.signals, PollFlags::IN), PollFd::new(&done, PollFlags::IN)];
            let _ = poll(&mut watched, timeout.as_ref());
            if self.signals.pending().into_iter().any(|signal| ends(signal, self.keeps_terminal)) {
                tracing::warn!("told to end a second time; not waiting for what is under way");
                return;
            }
        }
    }
}

/// A line for the person who started the service.
fn say(line: &str) {
    use std::io::Write;
    let mut output = std::io::stdout().lock();
    // Whoever read it may be gone; the service is not less ready for that.
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// The name of this program, as its caller has it.
fn program_name() -> String {
    let program = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    program.file_name().map_or_else(|| "tidegate".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Where a crash report of this process goes. What the handler of a signal reads has to be static.
mod crash_report {
    use std::os::fd::{AsFd, AsRawFd};
    use std::sync::atomic::{AtomicI32, Ordering};

    use control::log::Logging;

    use crate::channel::Channel;
    use crate::crash::{CrashSink, NO_DESCRIPTOR};

    static CHANNEL: AtomicI32 = AtomicI32::new(NO_DESCRIPTOR);

    pub(super) fn set_channel(channel: Option<&Channel>) {
        let descriptor = channel.map_or(NO_DESCRIPTOR, |channel| channel.as_fd().as_raw_fd());
        CHANNEL.store(descriptor, Ordering::Release);
    }

    pub(super) fn sink(logging: &Logging) -> CrashSink {
        CrashSink { channel: &CHANNEL, log: logging.file_descriptor() }
    }
}

pub(crate) mod terminal {
    use rustix::fs::{Mode, OFlags, open};

    /// Whether this process runs in somebody's terminal, whose end would be told by a hang-up.
    pub(crate) fn is_controlling() -> bool {
        open("/dev/tty", OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).is_ok()
    }
}

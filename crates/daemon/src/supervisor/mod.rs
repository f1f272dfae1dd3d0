//! The supervisor at work: one thread that starts services, listens to them, and does what [`Supervision`] decides.
//!
//! ```text
//!  signals ──┐                                    ┌─► spawn (executes this program), signal
//!  channels ─┼─► events ─► Supervision ─► actions ┼─► readiness upwards, log
//!  control ──┘   (decides, no I/O)                └─► end
//! ```
//! It holds the listening sockets of its services, so that a restart refuses nobody, and nothing else of theirs: no
//! configuration of a protocol, no file, no memory that grows with their work.

mod commands;
mod crash_reports;
mod definition;
mod handover;
mod managed;
mod memory;
mod renewal;
mod view;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use reactor::clock::{self, Instant};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal, setrlimit};

pub use definition::{DefinitionSource, ServiceDefinition};
pub(crate) use handover::Handover;

use crate::adoption::Reception;
use crate::channel::Received;
use crate::ending;
use crate::failure::Failure;
use crate::listening::ListeningSocket;
use crate::notification::{self, Notification};
use crate::pidfile::Pidfile;
use crate::process_end::ProcessEnd;
use crate::serve::{Place, terminal};
use crate::signals::Signals;
use crate::supervision::{Action, Event, Finish, Happening, Report, ServiceIndex, ServiceState, Severity, Supervision};
use crate::title;
use commands::Control;
use crash_reports::{CrashReport, CrashReports};
use managed::{Managed, Surroundings};
use renewal::Renewals;
use view::Board;

/// A supervisor and its services.
pub(crate) struct Supervisor {
    place: Place,
    supervision: Supervision,
    services: Vec<Managed>,
    surroundings: Surroundings,
    signals: Signals,
    control: Option<Control>,
    /// Held for as long as the supervisor runs.
    pidfile: Option<Pidfile>,
    /// Where the services come from; `None` when there is one for good.
    source: Option<DefinitionSource>,
    board: Board,
    renewals: Renewals,
    /// The program that is to take this one's place.
    successor: Option<PathBuf>,
    finish: Option<Finish>,
    /// Whether it runs in somebody's terminal.
    keeps_terminal: bool,
    /// When the init system wants the next sign of life.
    alive_at: Option<Instant>,
    crash_reports: CrashReports,
    /// Crash reports whose names are not looked for yet, with the process that each is about.
    unnamed: Vec<(ServiceIndex, i32, String)>,
}

impl Supervisor {
    /// A supervisor of one service, whose sockets are bound.
    pub(crate) fn of_one(
        place: Place,
        definition: ServiceDefinition,
        mut sockets: Vec<ListeningSocket>,
    ) -> Result<Self, Failure> {
        let mut supervisor = Self::new(place, None)?;
        sockets.append(&mut supervisor.place.sockets);
        supervisor.add(definition, sockets);
        Ok(supervisor)
    }

    /// A supervisor of all the services of a configuration, with a pidfile and a control socket of its own. Services that an
    /// earlier supervisor has left running are taken over.
    pub(crate) fn of_many(place: Place, mut source: DefinitionSource) -> Result<Self, Failure> {
        let definitions = source.read()?;
        let control_path = place.control_path();
        let mut supervisor = Self::new(place, Some(source))?;
        supervisor.pidfile = supervisor.place.pidfile(control_path.as_deref())?;
        let socket = supervisor.place.control_socket(control_path)?;
        supervisor.control =
            socket.map(|socket| Control::start(socket, &supervisor.place, &supervisor.board)).transpose()?;
        let indices: Vec<_> =
            definitions.into_iter().map(|definition| supervisor.add(definition, Vec::new())).collect();
        // What runs holds its sockets: they cannot be bound a second time.
        let outdated = supervisor.adopt_running();
        for index in indices {
            let managed = &mut supervisor.services[index.0];
            managed.sockets = managed.definition.sockets(&managed.sockets)?;
        }
        supervisor.renewals = Renewals::of(outdated.into_iter());
        Ok(supervisor)
    }

    fn new(mut place: Place, source: Option<DefinitionSource>) -> Result<Self, Failure> {
        let signals =
            Signals::catch().map_err(|error| Failure::running(format_args!("cannot catch signals ({error})")))?;
        place.catch_crashes()?;
        let directory = std::env::current_dir().ok();
        place.leave_directory()?;
        // Both are for people only.
        let _ = title::set_command_name("monitor");
        place.logging.set_subprogram("monitor");
        let surroundings = Surroundings { detached: place.detached, orphans: place.options.orphans, directory };
        Ok(Self {
            place,
            supervision: Supervision::new(Vec::new()),
            services: Vec::new(),
            surroundings,
            signals,
            control: None,
            pidfile: None,
            source,
            board: Board::default(),
            renewals: Renewals::default(),
            successor: None,
            finish: None,
            keeps_terminal: terminal::is_controlling(),
            alive_at: None,
            crash_reports: CrashReports::default(),
            unnamed: Vec::new(),
        })
    }

    fn add(&mut self, definition: ServiceDefinition, sockets: Vec<ListeningSocket>) -> ServiceIndex {
        let index = self.supervision.add(definition.policy.clone(), definition.times);
        self.services.push(Managed::new(definition, sockets));
        index
    }

    fn add_bound(&mut self, definition: ServiceDefinition) -> Result<ServiceIndex, Failure> {
        let sockets = definition.sockets(&[])?;
        Ok(self.add(definition, sockets))
    }

    fn indices(&self) -> impl Iterator<Item = ServiceIndex> + use<> {
        (0..self.services.len()).map(ServiceIndex)
    }

    /// Supervises until there is nothing left to supervise.
    ///
    /// # Errors
    /// What kept the services from starting.
    pub(crate) fn run(mut self) -> Result<ExitCode, Failure> {
        self.handle(Event::Start);
        loop {
            if let Some(finish) = self.finish {
                return self.end(finish);
            }
            self.show();
            self.pause()?;
            self.act_on_signals();
            for index in self.indices() {
                self.hear(index);
                self.notice_end_of_adopted(index);
            }
            // Whoever asks is told what has just been heard.
            self.show();
            self.attend_control();
            self.supervision.handle_timeout(clock::now());
            self.carry_out();
            self.renew();
            self.answer_waiting();
            self.give_sign_of_life();
            self.look_for_names();
            let reports = self.crash_reports.take_ready();
            reports.into_iter().for_each(|report| self.tell_of_crash(report));
            self.give_way();
        }
    }

    fn handle(&mut self, event: Event) {
        self.supervision.handle(clock::now(), event);
        self.carry_out();
    }

    /// Sleeps until there is something to look at.
    fn pause(&mut self) -> Result<(), Failure> {
        let control_deadline = self.control.as_ref().and_then(|control| control.server.next_deadline());
        let deadline = [self.supervision.next_deadline(), control_deadline, self.alive_at].into_iter().flatten().min();
        let timeout = deadline.map_or(Ok(None), |deadline| {
            let left = deadline.saturating_duration_since(clock::now());
            // The clock of poll counts in milliseconds less exactly than ours: rather late than in a loop.
            Timespec::try_from(left + Duration::from_millis(1)).map(Some)
        });
        let timeout = timeout.map_err(|_| Failure::running("a deadline beyond all times"))?;
        if self.control.is_none() {
            self.place.logging.rest_file();
        }
        let mut watched = vec![PollFd::new(&self.signals, PollFlags::IN)];
        let control = self.control.as_ref().map(|control| control.server.descriptor());
        watched.extend(control.map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN)));
        for managed in &self.services {
            managed.descriptors(&mut watched);
        }
        self.crash_reports.descriptors(&mut watched);
        match poll(&mut watched, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(Failure::running(format_args!("cannot wait for events ({errno})"))),
        }
    }

    /// What the init system's watchdog waits for: this loop turns. The services are watched by the supervisor itself.
    fn give_sign_of_life(&mut self) {
        let Some(interval) = self.place.watchdog else { return };
        let now = clock::now();
        if self.alive_at.is_none_or(|at| at <= now) {
            let _ = self.place.upstream.notify(&[Notification::Watchdog]);
            self.alive_at = Some(now + interval / 2);
        }
    }

    fn act_on_signals(&mut self) {
        for signal in self.signals.pending() {
            match signal {
                Signal::CHILD => self.reap(),
                Signal::HUP if !self.keeps_terminal => self.reload(),
                Signal::ALARM => self.handle(Event::Stop(Signal::TERM)),
                other => {
                    let description = crate::process_end::signal_description(other.as_raw());
                    tracing::warn!("terminating with signal {} ({description})", other.as_raw());
                    self.handle(Event::Stop(other));
                }
            }
        }
    }

    /// Takes note of every process that has ended. As process 1 these may be strangers.
    fn reap(&mut self) {
        while let Some((process, end)) = managed::wait_for_any() {
            let known = self.indices().find(|index| self.services[index.0].process_id() == Some(process));
            let (Some(index), Some(end)) = (known, end) else { continue };
            // What it said last came before its end.
            self.hear(index);
            self.ended(index, end);
        }
    }

    fn ended(&mut self, index: ServiceIndex, end: ProcessEnd) {
        let managed = &mut self.services[index.0];
        managed.forget_process(end);
        let report = managed.crash_report.take();
        let process = managed.last_process.map_or(0, Pid::as_raw_pid);
        self.handle(Event::Ended(index, end));
        if self.services[index.0].process_id().is_none() {
            // A next process would have done that itself, while it starts.
            self.services[index.0].remove_leftovers(&self.place.run_directory, &self.place.options);
        }
        self.unnamed.extend(report.map(|report| (index, process, report)));
    }

    fn notice_end_of_adopted(&mut self, index: ServiceIndex) {
        if let Some(end) = self.services[index.0].end_of_adopted() {
            self.hear(index);
            self.ended(index, end);
        }
    }

    /// Takes in all that a service has said.
    fn hear(&mut self, index: ServiceIndex) {
        while let Some(received) = self.services[index.0].receive() {
            let Received::Message(message, _) = received else { return };
            for said in notification::decode(&message) {
                self.services[index.0].note(&said);
                match said {
                    // Its names are looked for once the next process has been started.
                    Notification::Crash(report) => self.services[index.0].crash_report = Some(report),
                    Notification::Taken => self.answered(index, None),
                    Notification::Declined(reason) => self.answered(index, Some(&reason)),
                    said => self.handle(Event::Notified(index, said)),
                }
            }
        }
    }

    /// Begins to look for the names in the reports of services that are not starting: those that are need the processor.
    fn look_for_names(&mut self) {
        for (index, process, report) in std::mem::take(&mut self.unnamed) {
            if self.supervision.state(index) == ServiceState::Starting && self.finish.is_none() {
                self.unnamed.push((index, process, report));
            } else if let Some(ready) = self.crash_reports.add(index, process, report) {
                self.tell_of_crash(ready);
            }
        }
    }

    fn tell_of_crash(&self, CrashReport { service, process, text }: CrashReport) {
        let name = &self.services[service.0].definition.name;
        tracing::warn!("{name} (pid {process}): crash report: {text}");
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.supervision.poll_action() {
            match action {
                Action::Spawn(index) => self.spawn(index),
                Action::Signal(index, signal) => self.services[index.0].signal(signal),
                Action::AnnounceReady => self.announce_ready(),
                Action::LimitCoreDumps => {
                    let none = Rlimit { current: Some(0), maximum: Some(0) };
                    let _ = setrlimit(Resource::Core, none);
                }
                Action::Report(report) => self.tell(&report),
                Action::Finish(finish) => self.finish = Some(finish),
            }
        }
    }

    fn spawn(&mut self, index: ServiceIndex) {
        let managed = &mut self.services[index.0];
        let event = match managed.spawn(&self.surroundings) {
            Ok(()) => Event::Spawned(index),
            Err(error) => {
                tracing::error!(service = managed.definition.name, %error, fatal = true, "fork failed");
                Event::SpawnFailed(index)
            }
        };
        self.supervision.handle(clock::now(), event);
    }

    fn announce_ready(&mut self) {
        let count = self.services.len();
        let status = if self.source.is_some() { format!("{count} services run") } else { "monitoring".to_owned() };
        if self.place.announce_ready(&status).is_err() {
            self.supervision.handle(clock::now(), Event::Abandon);
            return;
        }
        tracing::info!("all services are ready");
        memory::release_start();
    }

    fn tell(&mut self, report: &Report) {
        let managed = &mut self.services[report.service.0];
        let name = managed.definition.name.as_str();
        let process = managed.process_id().or(managed.last_process).map_or(0, |process| process.as_raw_pid());
        match report.happening.severity() {
            Severity::Information => tracing::info!("{name} (pid {process}): {}", report.happening),
            Severity::Warning => tracing::warn!("{name} (pid {process}): {}", report.happening),
            Severity::Error => tracing::error!("{name} (pid {process}): {}", report.happening),
        }
        if let Happening::Crashed(end) | Happening::CrashedBeforeReady(end) = report.happening {
            managed.last_crash = Some((process, end));
        }
    }

    /// The process's title and the state for `show`.
    fn show(&mut self) {
        let views = view::of_all(&self.supervision, &self.services);
        if self.board.is_at(&views) {
            return;
        }
        let _ = title::set_title(&view::title(&views, self.source.is_some()));
        self.board.update(views);
    }

    fn end(mut self, finish: Finish) -> Result<ExitCode, Failure> {
        let _ = self.place.upstream.notify(&[Notification::Stopping]);
        self.look_for_names();
        let reports = self.crash_reports.take_all();
        reports.into_iter().for_each(|report| self.tell_of_crash(report));
        if let Some(control) = self.control.take() {
            control.drain();
        }
        drop(self.pidfile.take());
        match finish {
            Finish::Status(status) => Ok(ExitCode::from(status)),
            Finish::Signal(signal) => Ok(ending::by_signal(signal)),
            Finish::StartUpFailed(_, end) if matches!(end, ProcessEnd::Exited(1..)) || end.was_asked_for() => {
                Ok(end.into())
            }
            Finish::StartUpFailed(index, end) => {
                let name = &self.services[index.0].definition.name;
                tracing::error!("{name} ended before it was ready: {end}");
                Err(Failure::running(format_args!("could not initiate process monitoring ({name}: {end})")))
            }
        }
    }

    /// Takes services over that run although their supervisor has died. Returns those that were started as something else than
    /// what is asked for now.
    fn adopt_running(&mut self) -> Vec<ServiceIndex> {
        let path = self.place.run_directory.join(format!("{}.{}.adopt", self.place.identity.name, std::process::id()));
        let mut outdated = Vec::new();
        for index in self.indices() {
            let managed = &mut self.services[index.0];
            let Some(socket) = managed.running_elsewhere(&self.place.run_directory) else { continue };
            let name = managed.definition.name.clone();
            let adopted = Reception::open(&path).and_then(|reception| managed.adopt(&socket, &reception));
            match adopted {
                Ok(found) => {
                    tracing::info!("{name}: runs already, taken over");
                    let is_current = found.version == self.place.identity.version
                        && managed.definition.arguments == found.arguments
                        && managed.definition.fingerprint == found.fingerprint;
                    if !is_current {
                        outdated.push(index);
                    }
                    self.supervision.handle(clock::now(), Event::Resumed(index, true, 0));
                }
                Err(error) => tracing::warn!("{name}: runs already and cannot be taken over ({error})"),
            }
        }
        outdated
    }
}

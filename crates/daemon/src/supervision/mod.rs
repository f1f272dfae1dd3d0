//! The supervisor's mind: which service to start, stop or give up, and when. Pure: events and time in, actions out.
//!
//! ```text
//!   handle(now, event) ─┐                       ┌─ poll_action() → Action
//!   handle_timeout(now) ┴─► a state per service ┴─ next_deadline() → when to call handle_timeout
//! ```
//! After each input the caller carries out the actions in order until there is none. A service has at most one process
//! at any time; a new one is asked for only after the end of the last was reported.
//!
//! Stopping never waits for a throttle: a service without a process is stopped at once.

mod policy;
mod report;
mod service;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Instant;

use rustix::process::Signal;

use crate::notification::Notification;
use crate::process_end::ProcessEnd;

pub use policy::RestartPolicy;
pub use report::{Happening, Report, Severity};
use service::{AfterStop, Idle, Service, State};
pub use service::{ServiceState, ServiceTimes};

/// Which service, by its place in the list that [`Supervision::new`] was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceIndex(pub usize);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Start all services that have no process and that no operator has stopped.
    Start,
    /// The process of a service runs.
    Spawned(ServiceIndex),
    /// There is no process: the kernel refused.
    SpawnFailed(ServiceIndex),
    /// A service said something.
    Notified(ServiceIndex, Notification),
    /// The process of a service has ended and was waited for.
    Ended(ServiceIndex, ProcessEnd),
    /// Stop everything, because of this signal. A repetition is passed on to the services again.
    Stop(Signal),
    /// Stop everything, because nobody is there to be told of readiness.
    Abandon,
    /// Stop everything, because an operator asked for a normal end.
    Exit,
    /// Pass a hang-up on to the services.
    HangUp,
    /// The operator wants this service started, if it has no process.
    StartService(ServiceIndex),
    /// The operator wants this service stopped until told otherwise.
    StopService(ServiceIndex),
    /// The operator wants a new process for this service.
    RestartService(ServiceIndex),
    /// The service is no longer configured: stop it for good.
    RemoveService(ServiceIndex),
    /// The service has a process already, from before this supervisor: whether it is ready, and its crashes so far.
    Resumed(ServiceIndex, bool, u32),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start a process for the service; answer with [`Event::Spawned`] or [`Event::SpawnFailed`] before anything else.
    Spawn(ServiceIndex),
    /// Send a signal to the service's process, which has not been waited for yet.
    Signal(ServiceIndex, Signal),
    /// All services are ready for the first time.
    AnnounceReady,
    /// Processes started from now on leave no core dump: one is enough.
    LimitCoreDumps,
    /// Something that people should read.
    Report(Report),
    /// No service has a process any more and none will get one: end like this.
    Finish(Finish),
}

/// How the supervisor is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// With this exit status.
    Status(u8),
    /// As a process that this signal ended.
    Signal(Signal),
    /// A service ended before it was ready for the first time.
    StartUpFailed(ServiceIndex, ProcessEnd),
}

/// The state of all services.
#[derive(Debug)]
pub struct Supervision {
    services: Vec<Service>,
    actions: VecDeque<Action>,
    /// How to end, once that is decided.
    finish: Option<Finish>,
    /// Whether everything is being stopped.
    stopping: bool,
    announced: bool,
    core_dumps_limited: bool,
    finished: bool,
}

impl Supervision {
    /// A supervisor of services with these policies and times.
    #[must_use]
    pub fn new(services: Vec<(RestartPolicy, ServiceTimes)>) -> Self {
        Self {
            services: services.into_iter().map(|(policy, times)| Service::new(policy, times)).collect(),
            actions: VecDeque::new(),
            finish: None,
            stopping: false,
            announced: false,
            core_dumps_limited: false,
            finished: false,
        }
    }

    /// Adds a service, which has no process until it is started.
    pub fn add(&mut self, policy: RestartPolicy, times: ServiceTimes) -> ServiceIndex {
        self.services.push(Service::new(policy, times));
        ServiceIndex(self.services.len() - 1)
    }

    /// Changes a service's policy and times from the next event on.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set_policy(&mut self, service: ServiceIndex, policy: RestartPolicy, times: ServiceTimes) {
        let service = self.service_mut(service);
        (service.policy, service.times) = (policy, times);
    }

    /// Takes an event in.
    ///
    /// # Panics
    /// When the event names a service that does not exist, or reports a process that cannot be: a fault of the caller.
    pub fn handle(&mut self, now: Instant, event: Event) {
        match event {
            Event::Start => self.start(now),
            Event::Spawned(service) => self.service_mut(service).has_process = true,
            Event::SpawnFailed(service) => self.spawn_failed(now, service),
            Event::Notified(service, notification) => self.notified(now, service, notification),
            Event::Ended(service, end) => self.ended(now, service, end),
            Event::Stop(signal) => self.stop_everything(now, signal, Finish::Signal(signal)),
            Event::Abandon => self.stop_everything(now, Signal::TERM, Finish::Status(1)),
            Event::Exit => self.stop_everything(now, Signal::TERM, Finish::Status(0)),
            Event::HangUp => self.hang_up(),
            Event::StartService(service) => self.start_service(now, service),
            Event::StopService(service) => self.stop_service(now, service, AfterStop::Idle(Idle::Operator)),
            Event::RestartService(service) => self.restart_service(now, service),
            Event::RemoveService(service) => self.stop_service(now, service, AfterStop::Idle(Idle::Ended)),
            Event::Resumed(service, ready, crashes) => self.resume(now, service, ready, crashes),
        }
        self.finish_if_done();
    }

    /// Does what has fallen due.
    pub fn handle_timeout(&mut self, now: Instant) {
        for service in self.indices() {
            if self.service(service).deadline().is_some_and(|deadline| deadline <= now) {
                self.deadline_passed(now, service);
            }
        }
        self.finish_if_done();
    }

    /// When [`Supervision::handle_timeout`] is due next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.services.iter().filter_map(Service::deadline).min()
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What a service is doing, for display.
    ///
    /// # Panics
    /// When there is no such service.
    #[must_use]
    pub fn state(&self, service: ServiceIndex) -> ServiceState {
        self.service(service).display_state()
    }

    /// How often a service has crashed since the supervisor started.
    ///
    /// # Panics
    /// When there is no such service.
    #[must_use]
    pub fn crashes(&self, service: ServiceIndex) -> u32 {
        self.service(service).crashes
    }

    fn indices(&self) -> impl Iterator<Item = ServiceIndex> + use<> {
        (0..self.services.len()).map(ServiceIndex)
    }

    fn service(&self, index: ServiceIndex) -> &Service {
        &self.services[index.0]
    }

    fn service_mut(&mut self, index: ServiceIndex) -> &mut Service {
        &mut self.services[index.0]
    }

    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    fn report(&mut self, service: ServiceIndex, happening: Happening) {
        self.act(Action::Report(Report { service, happening }));
    }

    fn start(&mut self, now: Instant) {
        let idle = self.indices().filter(|&index| self.service(index).state == State::Idle(Idle::NotYet));
        let idle: Vec<_> = idle.collect();
        idle.into_iter().for_each(|index| self.spawn(now, index));
        self.announce_if_all_ready();
    }

    fn resume(&mut self, now: Instant, index: ServiceIndex, ready: bool, crashes: u32) {
        let service = self.service_mut(index);
        assert!(!service.has_process, "a service has one process at most");
        service.has_process = true;
        service.was_ready = true;
        service.crashes = crashes;
        service.last_start = Some(now);
        service.state = if ready {
            State::Ready { since: now, watchdog: service.times.watchdog.map(|limit| now + limit) }
        } else {
            State::Starting { deadline: service.times.start_up.map(|limit| now + limit) }
        };
    }

    fn spawn(&mut self, now: Instant, index: ServiceIndex) {
        let service = self.service_mut(index);
        assert!(!service.has_process, "a service has one process at most");
        service.last_start = Some(now);
        service.hang_up_when_ready = false;
        service.state = State::Starting { deadline: service.times.start_up.map(|limit| now + limit) };
        self.act(Action::Spawn(index));
    }

    fn spawn_failed(&mut self, now: Instant, index: ServiceIndex) {
        if self.is_first_start(index) {
            self.start_up_failed(now, index, ProcessEnd::Exited(1), Happening::SpawnFailed);
        } else {
            self.crashed(now, index, None, Happening::SpawnFailed);
        }
    }

    fn notified(&mut self, now: Instant, index: ServiceIndex, notification: Notification) {
        let service = self.service_mut(index);
        match (notification, service.state) {
            (Notification::Ready, State::Starting { .. }) => {
                service.was_ready = true;
                service.state = State::Ready { since: now, watchdog: service.times.watchdog.map(|limit| now + limit) };
                let hang_up = std::mem::take(&mut service.hang_up_when_ready);
                self.report(index, Happening::Ready);
                if hang_up {
                    self.act(Action::Signal(index, Signal::HUP));
                }
                self.announce_if_all_ready();
            }
            (Notification::Watchdog, State::Ready { since, watchdog: Some(_) }) => {
                service.state = State::Ready { since, watchdog: service.times.watchdog.map(|limit| now + limit) };
            }
            _ => {}
        }
    }

    fn announce_if_all_ready(&mut self) {
        let is_waited_for = |service: &Service| {
            !service.was_ready && !matches!(service.state, State::Idle(Idle::Operator | Idle::Ended))
        };
        if !self.announced && !self.services.iter().any(is_waited_for) {
            self.announced = true;
            self.act(Action::AnnounceReady);
        }
    }

    fn ended(&mut self, now: Instant, index: ServiceIndex, end: ProcessEnd) {
        // Its process id may soon be another's.
        self.actions.retain(|action| !matches!(action, Action::Signal(service, _) if *service == index));
        self.limit_core_dumps_after(end);
        let service = self.service_mut(index);
        assert!(service.has_process, "only a process can end");
        service.has_process = false;
        let (state, restarts) = (service.state, service.policy.restarts_after(end));
        match state {
            State::Stopping { then: AfterStop::Idle(idle), .. } => {
                self.service_mut(index).state = State::Idle(idle);
                self.report(index, Happening::Stopped(end));
            }
            State::Stopping { then: AfterStop::Restart, .. } => self.spawn(now, index),
            State::Stopping { then: AfterStop::Crashed, .. } => self.hung_process_ended(now, index, end),
            State::Starting { .. } if self.is_first_start(index) => {
                self.start_up_failed(now, index, end, Happening::StartUpFailed(end));
            }
            State::Starting { .. } if restarts => {
                self.crashed(now, index, None, Happening::CrashedBeforeReady(end));
            }
            State::Ready { since, .. } if restarts => {
                self.crashed(now, index, Some(since), Happening::Crashed(end));
            }
            State::Starting { .. } | State::Ready { .. } => self.ended_for_good(index, end),
            State::Idle(_) | State::Throttled { .. } => unreachable!("a service without a process cannot end"),
        }
    }

    /// Whether the caller still waits for this service: then a failure is told and not retried. One that is added later does
    /// not end the others.
    fn is_first_start(&self, index: ServiceIndex) -> bool {
        !self.announced && !self.service(index).was_ready
    }

    fn limit_core_dumps_after(&mut self, end: ProcessEnd) {
        if matches!(end, ProcessEnd::Killed { core_dumped: true, .. }) && !self.core_dumps_limited {
            self.core_dumps_limited = true;
            self.act(Action::LimitCoreDumps);
        }
    }

    fn hung_process_ended(&mut self, now: Instant, index: ServiceIndex, end: ProcessEnd) {
        if self.is_first_start(index) {
            // It had its time to start and did not: the status of our own signal would say nothing.
            self.start_up_failed(now, index, ProcessEnd::Exited(1), Happening::StartUpFailed(end));
        } else {
            self.crashed(now, index, None, Happening::Crashed(end));
        }
    }

    fn ended_for_good(&mut self, index: ServiceIndex, end: ProcessEnd) {
        self.service_mut(index).state = State::Idle(Idle::Ended);
        self.report(index, Happening::EndedForGood(end));
        let status = if end.was_asked_for() { 0 } else { end.status() };
        if !matches!(self.finish, Some(Finish::Status(earlier)) if earlier != 0) {
            self.finish = Some(Finish::Status(status));
        }
    }

    fn start_up_failed(&mut self, now: Instant, index: ServiceIndex, end: ProcessEnd, happening: Happening) {
        self.service_mut(index).state = State::Idle(Idle::Ended);
        self.report(index, happening);
        self.stop_everything(now, Signal::TERM, Finish::StartUpFailed(index, end));
    }

    /// Counts a crash and decides on the next start.
    fn crashed(&mut self, now: Instant, index: ServiceIndex, ready_since: Option<Instant>, happening: Happening) {
        self.report(index, happening);
        let service = self.service_mut(index);
        service.count_crash(now, ready_since);
        let (in_a_row, crashes) = (service.crashes_in_a_row, service.crashes);
        if service.policy.gives_up_after(in_a_row) {
            service.state = State::Idle(Idle::GaveUp);
            self.finish = Some(Finish::Status(1));
            return self.report(index, Happening::GaveUp { in_a_row });
        }
        let pause = service.policy.pause_after(in_a_row);
        let until = service.last_start.map_or(now, |start| start + pause);
        if until <= now {
            self.report(index, Happening::Restarting { crashes });
            return self.spawn(now, index);
        }
        service.state = State::Throttled { until };
        self.report(index, Happening::Throttled(until - now));
    }

    fn deadline_passed(&mut self, now: Instant, index: ServiceIndex) {
        match self.service(index).state {
            State::Throttled { .. } => {
                let crashes = self.service(index).crashes;
                self.report(index, Happening::Restarting { crashes });
                self.spawn(now, index);
            }
            State::Starting { .. } => {
                self.report(index, Happening::StartUpTimeout);
                self.ask_to_end(now, index, Signal::TERM, AfterStop::Crashed);
            }
            State::Ready { .. } => {
                self.report(index, Happening::Hangs);
                self.ask_to_end(now, index, Signal::ABORT, AfterStop::Crashed);
            }
            State::Stopping { then, .. } => {
                self.report(index, Happening::Killing);
                self.act(Action::Signal(index, Signal::KILL));
                self.service_mut(index).state = State::Stopping { kill_at: None, then };
            }
            State::Idle(_) => unreachable!("an idle service has no deadline"),
        }
    }

    /// Asks the process of a service to end. A stopped process cannot hear, so it is made to go on.
    fn ask_to_end(&mut self, now: Instant, index: ServiceIndex, signal: Signal, then: AfterStop) {
        let service = self.service_mut(index);
        let kill_at = match service.state {
            State::Stopping { kill_at, .. } => kill_at,
            _ => Some(now + service.times.stop),
        };
        service.state = State::Stopping { kill_at, then };
        self.act(Action::Signal(index, signal));
        self.act(Action::Signal(index, Signal::CONT));
    }

    /// Nothing is started once the end has begun: starts that were asked for and not yet carried out are withdrawn.
    fn stop_everything(&mut self, now: Instant, signal: Signal, finish: Finish) {
        if !self.stopping {
            self.stopping = true;
            self.finish = Some(finish);
        }
        self.actions.retain(|action| !matches!(action, Action::Spawn(_)));
        for index in self.indices() {
            if self.service(index).has_process {
                self.ask_to_end(now, index, signal, AfterStop::Idle(Idle::Ended));
            } else {
                self.service_mut(index).state = State::Idle(Idle::Ended);
            }
        }
    }

    /// A process that has not got as far as to catch signals would die of one: it hears of it when it is ready.
    fn hang_up(&mut self) {
        for index in self.indices() {
            match self.service(index).state {
                State::Ready { .. } => self.act(Action::Signal(index, Signal::HUP)),
                State::Starting { .. } => self.service_mut(index).hang_up_when_ready = true,
                State::Idle(_) | State::Stopping { .. } | State::Throttled { .. } => {}
            }
        }
    }

    fn start_service(&mut self, now: Instant, index: ServiceIndex) {
        match self.service(index).state {
            State::Idle(_) | State::Throttled { .. } if !self.stopping => self.spawn(now, index),
            State::Stopping { kill_at, then: AfterStop::Idle(_) } if !self.stopping => {
                self.service_mut(index).state = State::Stopping { kill_at, then: AfterStop::Restart };
            }
            _ => {}
        }
    }

    fn stop_service(&mut self, now: Instant, index: ServiceIndex, then: AfterStop) {
        if self.stopping {
            return;
        }
        if self.service(index).has_process {
            self.ask_to_end(now, index, Signal::TERM, then);
        } else {
            self.actions.retain(|action| *action != Action::Spawn(index));
            let idle = if let AfterStop::Idle(idle) = then { idle } else { Idle::Operator };
            self.service_mut(index).state = State::Idle(idle);
        }
    }

    fn restart_service(&mut self, now: Instant, index: ServiceIndex) {
        if self.service(index).has_process {
            self.stop_service(now, index, AfterStop::Restart);
        } else {
            self.start_service(now, index);
        }
    }

    /// Ends when no service has a process and none is going to get one without an operator, who then must not be
    /// waited for either.
    fn finish_if_done(&mut self) {
        let done =
            |service: &Service| matches!(service.state, State::Idle(idle) if self.stopping || idle != Idle::Operator);
        let Some(finish) = self.finish else { return };
        if !self.finished && self.services.iter().all(done) {
            self.finished = true;
            self.act(Action::Finish(finish));
        }
    }
}

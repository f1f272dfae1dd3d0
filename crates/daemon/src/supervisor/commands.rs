//! The control socket of a supervisor of many services.
//!
//! Its commands only leave requests: the loop of the supervisor does them when it has served the socket, since both are one
//! thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use control::log::Logging;
use control::server::{AttendedServer, ControlSocket, Statistics};
use control::{Answer, Call, Command, CommandTable, Format, Inspect, Node, PendingAnswer};
use reactor::clock;
use serde_json::json;

use super::managed::{Until, Waiting};
use super::view::{self, Board, View};
use super::{ServiceDefinition, Supervisor, handover};
use crate::failure::Failure;
use crate::init_system;
use crate::listening::ListeningSocket;
use crate::notification::Notification;
use crate::serve::Place;
use crate::supervision::{Event, ServiceIndex, ServiceState};

/// What an operator asks for.
pub(super) enum Request {
    Exit,
    Start(String, PendingAnswer),
    Stop(String, PendingAnswer),
    Restart(String, PendingAnswer),
    Reload(PendingAnswer),
    Upgrade(Option<PathBuf>, PendingAnswer),
}

/// The socket, and what came through it.
pub(super) struct Control {
    pub(super) server: AttendedServer,
    requests: Receiver<Request>,
}

impl Control {
    pub(super) fn start(socket: ControlSocket, place: &Place, board: &Board) -> Result<Self, Failure> {
        let statistics = Statistics::default();
        let (sender, requests) = mpsc::channel();
        let table = table(place, board, &statistics, &sender);
        let server = AttendedServer::new(socket, table, statistics)
            .map_err(|error| Failure::running(format_args!("could not initialize control socket ({error})")))?;
        Ok(Self { server, requests })
    }

    /// Sends what is still to be sent, and removes the socket.
    pub(super) fn drain(mut self) {
        // There is nobody left to tell.
        let _ = self.server.drain();
    }
}

/// A command about one service.
type Ask = fn(String, PendingAnswer) -> Request;

/// The commands about one service, with what they ask for.
const ABOUT_ONE: &[(&str, Ask)] =
    &[("service/restart", Request::Restart), ("service/start", Request::Start), ("service/stop", Request::Stop)];

fn table(place: &Place, board: &Board, statistics: &Statistics, requests: &Sender<Request>) -> CommandTable {
    let exit = requests.clone();
    let state = StateTree { board: board.clone(), control: statistics.clone(), logging: place.logging.clone() };
    let mut table = CommandTable::new(control::Service {
        name: place.identity.name.clone(),
        version: place.identity.version.clone(),
        logging: place.logging.clone(),
        state: Arc::new(state),
        exit: Box::new(move || {
            let _ = exit.send(Request::Exit);
        }),
    });
    let board = board.clone();
    table.add(Command::new("service/list", "", 0..=0, move |call| Ok(list(&board.views(), call))));
    for &(name, ask) in ABOUT_ONE {
        let requests = requests.clone();
        table.add(Command::deferred(name, "SERVICE", 1..=1, move |call, answer| {
            let _ = requests.send(ask(call.argument(0).unwrap_or_default().to_owned(), answer));
        }));
    }
    let reload = requests.clone();
    table.add(Command::deferred("reload", "", 0..=0, move |_, answer| {
        let _ = reload.send(Request::Reload(answer));
    }));
    let upgrade = requests.clone();
    table.add(Command::deferred("upgrade", "[PROGRAM]", 0..=1, move |call, answer| {
        let _ = upgrade.send(Request::Upgrade(call.argument(0).map(PathBuf::from), answer));
    }));
    table
}

fn list(views: &[View], call: &Call<'_>) -> Answer {
    match call.format() {
        Format::Text => Answer::Text(view::table(views)),
        Format::Json => Answer::Json(views.iter().map(describe).collect()),
    }
}

fn describe(view: &View) -> serde_json::Value {
    json!({"name": view.name, "state": view::state_name(view.state), "process": view.process})
}

/// The root of what `show` prints.
struct StateTree {
    board: Board,
    control: Statistics,
    logging: Logging,
}

impl Inspect for StateTree {
    fn inspect(&self, node: &mut Node<'_>) {
        node.child("services", |node| self.board.inspect(node));
        node.child("control", |node| self.control.inspect(node));
        node.child("log", |node| self.logging.inspect(node));
    }
}

impl Supervisor {
    /// Serves the control socket, and does what came through it.
    pub(super) fn attend_control(&mut self) {
        let Some(control) = &mut self.control else { return };
        if let Err(error) = control.server.turn(clock::now()) {
            tracing::error!(per_minute = 5, %error, "the control socket fails");
        }
        let requests: Vec<Request> = control.requests.try_iter().collect();
        requests.into_iter().for_each(|request| self.comply(request));
    }

    fn comply(&mut self, request: Request) {
        match request {
            Request::Exit => self.handle(Event::Exit),
            Request::Start(name, answer) => {
                self.ask(&name, answer, Event::StartService, |_| Until::ReadyOtherThan(None))
            }
            Request::Stop(name, answer) => self.ask(&name, answer, Event::StopService, |_| Until::Stopped),
            Request::Restart(name, answer) => {
                self.ask(&name, answer, Event::RestartService, Until::ReadyOtherThan);
            }
            Request::Reload(answer) => {
                let outcome = self.read_definitions().map(|()| Answer::empty());
                answer.complete(outcome.map_err(|failure| failure.to_string()));
            }
            Request::Upgrade(program, answer) => handover::upgrade(self, program, answer),
        }
    }

    fn ask(
        &mut self,
        name: &str,
        answer: PendingAnswer,
        event: fn(ServiceIndex) -> Event,
        until: impl FnOnce(Option<rustix::process::Pid>) -> Until,
    ) {
        let found = self.indices().find(|index| {
            let managed = &self.services[index.0];
            managed.definition.name == name && !managed.removed
        });
        let Some(index) = found else {
            let names: Vec<_> =
                view::of_all(&self.supervision, &self.services).into_iter().map(|view| view.name).collect();
            return answer.complete(Err(format!("no service \"{name}\": there is {}", names.join(", "))));
        };
        let until = until(self.services[index.0].process_id());
        self.services[index.0].waiting.push(Waiting { until, answer });
        self.handle(event(index));
    }

    /// Tells the operators for whom what they waited for has come, or cannot come any more.
    pub(super) fn answer_waiting(&mut self) {
        for index in self.indices() {
            let state = self.supervision.state(index);
            let managed = &mut self.services[index.0];
            let process = managed.process_id();
            for waiting in std::mem::take(&mut managed.waiting) {
                match (waiting.until, state) {
                    (Until::Stopped, ServiceState::Stopped | ServiceState::Ended | ServiceState::GaveUp) => {
                        waiting.answer.complete(Ok(Answer::empty()));
                    }
                    (Until::ReadyOtherThan(other), ServiceState::Ready) if process != other => {
                        waiting.answer.complete(Ok(Answer::empty()));
                    }
                    (
                        Until::ReadyOtherThan(_),
                        ServiceState::Stopped | ServiceState::Ended | ServiceState::GaveUp | ServiceState::Throttled(_),
                    ) => {
                        let text = format!("{}: {}; see the log", managed.definition.name, view::state_name(state));
                        waiting.answer.complete(Err(text));
                    }
                    _ => managed.waiting.push(waiting),
                }
            }
        }
    }

    /// SIGHUP: the log file, the services, the configuration.
    pub(super) fn reload(&mut self) {
        // As systemd's Type=notify-reload waits for it.
        let _ = self.place.upstream.notify(&[init_system::notify::reloading_now()]);
        if let Err(error) = self.place.logging.reopen()
            && !matches!(error, control::log::ReopenError::NotConfigured)
        {
            tracing::error!(%error, "the log file stays the old one");
        }
        if let Err(failure) = self.read_definitions() {
            tracing::error!("the configuration stays the old one: {failure}");
        }
        self.handle(Event::HangUp);
        let _ = self.place.upstream.notify(&[Notification::Ready]);
    }

    /// Brings the services in line with the configuration: those that it no longer has are stopped, new ones started, and
    /// those whose part of it has changed take it while they run or are restarted. All its sockets are had first: when one cannot be, everything stays.
    fn read_definitions(&mut self) -> Result<(), Failure> {
        let Some(source) = &mut self.source else { return Ok(()) };
        let mut wanted = Vec::new();
        for definition in source.read()? {
            let index = self.indices().find(|index| self.services[index.0].definition.name == definition.name);
            let present = index.map_or(&[][..], |index| &self.services[index.0].sockets);
            wanted.push((index, definition.sockets(present)?, definition));
        }
        for index in self.indices() {
            if !wanted.iter().any(|&(known, ..)| known == Some(index)) {
                self.remove(index);
            }
        }
        for (index, sockets, definition) in wanted {
            match index {
                Some(index) => self.change(index, sockets, definition),
                None => {
                    let index = self.add(definition, sockets);
                    self.handle(Event::StartService(index));
                }
            }
        }
        Ok(())
    }

    fn remove(&mut self, index: ServiceIndex) {
        let managed = &mut self.services[index.0];
        managed.sockets.clear();
        if !std::mem::replace(&mut managed.removed, true) {
            self.handle(Event::RemoveService(index));
        }
    }

    fn change(&mut self, index: ServiceIndex, sockets: Vec<ListeningSocket>, new: ServiceDefinition) {
        let managed = &mut self.services[index.0];
        let was_removed = std::mem::replace(&mut managed.removed, false);
        let starts_as_before = managed.definition.starts_as(&new);
        let same = starts_as_before && managed.definition.fingerprint == new.fingerprint;
        self.supervision.set_policy(index, new.policy.clone(), new.times);
        managed.sockets = sockets;
        managed.definition = new;
        if was_removed {
            self.handle(Event::StartService(index));
        } else if !same {
            let is_ready = self.supervision.state(index) == ServiceState::Ready;
            if !(starts_as_before && is_ready && self.services[index.0].offer()) {
                self.handle(Event::RestartService(index));
            }
        }
    }

    /// What a service makes of the configuration that it was offered.
    pub(super) fn answered(&mut self, index: ServiceIndex, declined: Option<&str>) {
        let name = &self.services[index.0].definition.name;
        let Some(reason) = declined else {
            return tracing::info!("{name}: its section has changed; taken without a restart");
        };
        tracing::info!("{name}: its section has changed; being restarted: {reason}");
        if self.supervision.state(index) == ServiceState::Ready {
            self.handle(Event::RestartService(index));
        }
    }
}

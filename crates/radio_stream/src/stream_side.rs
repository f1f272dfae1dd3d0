//! The shell around the station: its thread, the files, the senders, the link.
//!
//! ```text
//! link reader ──┐
//! feeder ───────┼──► inbox ──► station thread: Station ──► senders, feeder, link writer
//! control ──────┘              (waits until the next chunk is due)
//! ```
//!
//! One thread owns the station and does all of its work; everybody else puts messages into its inbox and is never waited for. A library
//! side that does not read is given up, a sender has an inbox of its own, files are read by the feeder: nothing holds up the clock.
//!
//! Cost: ten wake-ups a second while playing, each of which copies a chunk once. One a second otherwise, to see who listens.

use std::collections::HashMap;

use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender as Channel, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::UNIX_EPOCH;

use control::{Inspect, Node};
use reactor::clock::{self, Duration, Instant};

use crate::feeder::{Fed, Feeder};
use crate::link::{Answer, Event, LinkError, Refusal, Request, Status, StreamEnd, ToLibrary, ToStream};
use crate::piece::Time;
use crate::senders::{SenderChanges, SenderSettings, Senders, StartError};
use crate::station::{Effect, Moment, Station, StationSettings};

/// How often it is looked whether listeners came or went.
const LISTENERS_LOOK: Duration = Duration::from_secs(1);

/// How a stream side is set.
#[derive(Debug, Default)]
pub struct StreamSettings {
    /// The station.
    pub station: StationSettings,
    /// The senders.
    pub senders: SenderSettings,
    /// Who carries out [`Request::Service`].
    pub service: ServiceCommands,
}

/// Carries out commands to the service that the stream side is part of. Called on the station's thread: it must not wait.
pub struct ServiceCommands(pub CarryOut);

/// Carries out the words of a command; what it says, or what was wrong.
pub type CarryOut = Box<dyn FnMut(&[String]) -> Result<String, String> + Send>;

impl Default for ServiceCommands {
    /// There are none.
    fn default() -> Self {
        Self(Box::new(|words| Err(format!("there is no service to {}", words.join(" ")))))
    }
}

impl std::fmt::Debug for ServiceCommands {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ServiceCommands").finish_non_exhaustive()
    }
}

/// Where the output of a control command goes.
pub trait CommandReply: Send {
    /// A part of its output, with its newlines. False: nobody is interested any more, and the command is told so.
    fn output(&mut self, text: &str) -> bool;

    /// The command has ended: 0 success, 1 failure, 2 wrong usage.
    fn ended(self: Box<Self>, status: u8);
}

type Answered = Box<dyn FnOnce(Result<Answer, Refusal>) + Send>;

enum Message {
    /// From the library side, by the number of its link.
    Link(u64, Result<ToStream, LinkError>),
    Attach(UnixStream),
    Fed(Fed),
    Request(Request, Answered),
    Command(Vec<String>, Box<dyn CommandReply>),
    Settings(StationSettings),
    Senders(Box<SenderChanges>),
    Reload,
    Beat,
    Stop,
}

/// What other threads may look at.
struct Shared {
    status: Mutex<Option<Status>>,
    states: Vec<(&'static str, Arc<dyn Inspect>)>,
    /// Signs of life of the station's thread.
    beats: AtomicU64,
    /// Signs of life of the senders' threads, as the station's thread has seen them.
    sender_beats: Mutex<Vec<(&'static str, u64)>>,
}

/// A stream side at work. [`stop`](Self::stop) ends it.
pub struct StreamSide {
    inbox: Channel<Message>,
    thread: JoinHandle<()>,
    shared: Arc<Shared>,
    seen: (u64, Vec<(&'static str, u64)>),
}

impl StreamSide {
    /// Starts senders, files and the station. It has no library side yet; listeners can come.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left behind.
    pub fn start(settings: StreamSettings) -> Result<Self, StartError> {
        let refuse = |source| StartError::Thread { sender: "station", source };
        let senders = Senders::start(settings.senders)?;
        let (inbox, messages) = channel();
        let fed = inbox.clone();
        let feeder = Feeder::start(move |done| drop(fed.send(Message::Fed(done)))).map_err(refuse);
        let feeder = match feeder {
            Ok(feeder) => feeder,
            Err(error) => {
                senders.stop();
                return Err(error);
            }
        };
        let shared = Arc::new(Shared {
            status: Mutex::new(None),
            states: senders.states(),
            beats: AtomicU64::new(0),
            sender_beats: Mutex::default(),
        });
        let own = inbox.clone();
        let station = StationThread::new(settings.station, settings.service, senders, feeder, own, Arc::clone(&shared));
        let thread =
            thread::Builder::new().name("station".to_owned()).spawn(move || station.run(&messages)).map_err(refuse)?;
        Ok(Self { inbox, thread, shared, seen: (0, Vec::new()) })
    }

    /// A library side is there, at the other end of this socket. The one before, if there still is one, is given up.
    pub fn attach(&self, socket: UnixStream) {
        self.tell(Message::Attach(socket));
    }

    /// Asks for something from within this process, and waits for the answer.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        let (sender, receiver) = channel();
        self.tell(Message::Request(request, Box::new(move |answer| drop(sender.send(answer)))));
        receiver.recv().unwrap_or(Err(Refusal::Ending))
    }

    /// Has the library side carry out a control command with all rights. Without a library side it fails at once and says so.
    pub fn command(&self, arguments: Vec<String>, reply: Box<dyn CommandReply>) {
        self.tell(Message::Command(arguments, reply));
    }

    /// The station behaves otherwise from now on.
    pub fn set_station(&self, settings: StationSettings) {
        self.tell(Message::Settings(settings));
    }

    /// The senders are set otherwise from now on. Listeners who still may listen notice nothing.
    pub fn change_senders(&self, changes: SenderChanges) {
        self.tell(Message::Senders(Box::new(changes)));
    }

    /// Tells the library side to read its configuration again.
    pub fn reload(&self) {
        self.tell(Message::Reload);
    }

    /// The status as it was last told; none before the station has begun to work.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.shared.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The state tree.
    #[must_use]
    pub fn state(&self) -> Arc<dyn Inspect> {
        Arc::new(StreamState(Arc::clone(&self.shared)))
    }

    /// The threads that have given no sign of life since the last call, and asks them for the next one. To be called some seconds apart.
    pub fn silent_threads(&mut self) -> Vec<&'static str> {
        let beats = self.shared.beats.load(Relaxed);
        let sender_beats = self.shared.sender_beats.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (seen, seen_senders) = std::mem::replace(&mut self.seen, (beats, sender_beats.clone()));
        self.tell(Message::Beat);
        let mut silent = Vec::new();
        if seen > 0 && beats == seen {
            // What it has seen of the senders is old, then.
            return vec!["station"];
        }
        for (name, beats) in sender_beats {
            if seen_senders.iter().any(|(seen_name, seen)| *seen_name == name && *seen == beats) {
                silent.push(name);
            }
        }
        silent
    }

    /// Ends it: the current song is broken off, listeners are closed, the library side sees the end of its link.
    pub fn stop(self) {
        self.tell(Message::Stop);
        if self.thread.join().is_err() {
            tracing::error!("the station's thread has panicked");
        }
    }

    fn tell(&self, message: Message) {
        // It fails when the thread has ended; whoever waits for an answer sees that by its channel.
        let _ = self.inbox.send(message);
    }
}

/// What the station's thread owns.
struct StationThread {
    station: Station,
    service: ServiceCommands,
    senders: Senders,
    feeder: Feeder,
    inbox: Channel<Message>,
    shared: Arc<Shared>,
    start: Instant,
    started_wall_ms: u64,
    link: Option<StreamEnd>,
    /// Counts links, so that the last words of a former one are known.
    link_number: u64,
    subscribed: bool,
    calls: HashMap<u64, Box<dyn CommandReply>>,
    last_call: u64,
    next_look: Instant,
}

fn wall_ms() -> u64 {
    let passed = clock::wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
}

impl StationThread {
    fn new(
        settings: StationSettings,
        service: ServiceCommands,
        senders: Senders,
        feeder: Feeder,
        inbox: Channel<Message>,
        shared: Arc<Shared>,
    ) -> Self {
        let (start, started_wall_ms) = (clock::now(), wall_ms());
        // The seconds of the wall clock: a station that was started again has other stream numbers than before.
        let seed = u32::try_from((started_wall_ms / 1000) & 0xffff_ffff).unwrap_or_default();
        Self {
            station: Station::new(settings, seed),
            service,
            senders,
            feeder,
            inbox,
            shared,
            start,
            started_wall_ms,
            link: None,
            link_number: 0,
            subscribed: false,
            calls: HashMap::new(),
            last_call: 0,
            next_look: start,
        }
    }

    fn run(mut self, messages: &Receiver<Message>) {
        self.tell_status();
        loop {
            let now = clock::now();
            let due = self.station.next_wakeup().map(|Time(at)| self.start + Duration::from_nanos(at));
            let until = due.map_or(self.next_look, |due| due.min(self.next_look));
            match messages.recv_timeout(until.saturating_duration_since(now)) {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = self.now();
            self.station.advance(now);
            self.carry_out();
            self.look_at_listeners();
            self.shared.beats.fetch_add(1, Relaxed);
        }
        self.end();
    }

    fn now(&self) -> Moment {
        let passed = clock::now().saturating_duration_since(self.start);
        Moment { time: Time(u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)), wall_ms: wall_ms() }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Link(number, message) if number == self.link_number => match message {
                Ok(message) => self.handle_library(message),
                Err(error) => self.lose_link(&error),
            },
            // A former link's last words.
            Message::Link(..) | Message::Stop => {}
            Message::Attach(socket) => self.attach(socket),
            Message::Fed(Fed::Opened { file, opened }) => {
                let now = self.now();
                self.station.handle_opened(now, file, opened);
            }
            Message::Fed(Fed::Loaded { ticket, loaded }) => {
                let now = self.now();
                self.station.handle_loaded(now, ticket, loaded);
            }
            Message::Request(request, answered) => answered(self.answer(request)),
            Message::Command(arguments, reply) => self.pass_command(arguments, reply),
            Message::Settings(settings) => self.station.set_settings(settings),
            Message::Senders(changes) => {
                self.senders.change(*changes);
                self.next_look = clock::now();
            }
            Message::Reload => self.send(&ToLibrary::Event { event: Event::Reload }),
            Message::Beat => {
                let beats = self.senders.beats();
                *self.shared.sender_beats.lock().unwrap_or_else(PoisonError::into_inner) = beats;
                self.senders.ask();
            }
        }
    }

    fn handle_library(&mut self, message: ToStream) {
        match message {
            ToStream::Request { id, request } => {
                let result = self.answer(request);
                // The effects of a request, its events among them, come before its answer.
                self.carry_out();
                self.send(&ToLibrary::Answer { id, result });
            }
            ToStream::CommandOutput { call, text } => {
                let wanted = self.calls.get_mut(&call).is_some_and(|reply| reply.output(&text));
                if !wanted && self.calls.remove(&call).is_some() {
                    self.send(&ToLibrary::Event { event: Event::CommandCancelled { call } });
                }
            }
            ToStream::CommandEnded { call, status } => {
                if let Some(reply) = self.calls.remove(&call) {
                    reply.ended(status);
                }
            }
        }
    }

    fn answer(&mut self, request: Request) -> Result<Answer, Refusal> {
        match request {
            Request::Sender { arguments } => {
                let answer = self.senders.command(&arguments);
                self.next_look = clock::now();
                answer.map(|text| Answer::Text { text }).map_err(|problem| Refusal::Sender { problem })
            }
            Request::Service { words } => {
                let answer = (self.service.0)(&words);
                answer.map(|text| Answer::Text { text }).map_err(|problem| Refusal::Service { problem })
            }
            Request::Status => Ok(Answer::Status { status: Box::new(self.status()) }),
            Request::Subscribe => {
                self.subscribed = true;
                self.station.library_arrived();
                Ok(Answer::Done)
            }
            request => {
                let now = self.now();
                self.station.handle_request(now, request)
            }
        }
    }

    /// Does what the station wants done.
    fn carry_out(&mut self) {
        while let Some(effect) = self.station.next_effect() {
            match effect {
                Effect::Open { file, path } => self.feeder.open(file, path),
                Effect::Load { ticket, file, chunks } => self.feeder.load(ticket, file, chunks),
                Effect::Close { file } => self.feeder.close(file),
                Effect::Piece(piece) => self.senders.piece(&piece),
                Effect::Event(event) => {
                    if let Event::Failed { message, .. } = &event {
                        tracing::warn!("{message}; the song is passed over");
                    }
                    if self.subscribed {
                        self.send(&ToLibrary::Event { event });
                    }
                }
            }
        }
        if self.station.take_status_changed() {
            self.tell_status();
        }
    }

    fn status(&self) -> Status {
        self.station.status(self.now(), self.senders.statuses(), self.started_wall_ms)
    }

    fn tell_status(&mut self) {
        let status = self.status();
        *self.shared.status.lock().unwrap_or_else(PoisonError::into_inner) = Some(status.clone());
        if self.subscribed {
            self.send(&ToLibrary::Event { event: Event::Status { status: Box::new(status) } });
        }
    }

    /// Listeners come and go without the station.
    fn look_at_listeners(&mut self) {
        let now = clock::now();
        if now < self.next_look {
            return;
        }
        self.next_look = now + LISTENERS_LOOK;
        let senders = self.senders.statuses();
        let told = self.shared.status.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = told.as_ref().is_none_or(|told| told.senders != senders);
        drop(told);
        if is_new {
            self.tell_status();
        }
    }

    fn attach(&mut self, socket: UnixStream) {
        self.link_number += 1;
        let (number, inbox) = (self.link_number, self.inbox.clone());
        self.lose_calls();
        self.subscribed = false;
        self.link = match StreamEnd::start(socket, move |message| drop(inbox.send(Message::Link(number, message)))) {
            Ok(link) => Some(link),
            Err(error) => {
                tracing::error!(%error, "the library side cannot be spoken to");
                None
            }
        };
    }

    fn send(&mut self, message: &ToLibrary) {
        if let Some(link) = &self.link
            && let Err(error) = link.send(message)
        {
            self.lose_link(&error);
        }
    }

    fn lose_link(&mut self, error: &LinkError) {
        if self.link.take().is_some() {
            tracing::warn!(%error, "the library side is gone; the stream goes on with the songs that are known");
        }
        self.subscribed = false;
        self.lose_calls();
    }

    /// What was asked of a library side that is gone is not answered any more.
    fn lose_calls(&mut self) {
        for (_, mut reply) in self.calls.drain() {
            reply.output("the library side has ended; it is started again\n");
            reply.ended(1);
        }
    }

    fn pass_command(&mut self, arguments: Vec<String>, mut reply: Box<dyn CommandReply>) {
        if self.link.is_none() {
            reply.output("the library side is not there; it is started again\n");
            reply.ended(1);
            return;
        }
        self.last_call += 1;
        self.calls.insert(self.last_call, reply);
        self.send(&ToLibrary::Event { event: Event::Command { call: self.last_call, arguments } });
    }

    fn end(mut self) {
        let now = self.now();
        // It cannot be refused.
        let _ = self.station.handle_request(now, Request::Stop);
        self.carry_out();
        self.lose_calls();
        self.senders.stop();
    }
}

/// The state of the stream side, to be shown.
struct StreamState(Arc<Shared>);

impl Inspect for StreamState {
    fn inspect(&self, node: &mut Node<'_>) {
        let status = self.0.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        node.child("station", |node| {
            let Some(status) = &status else { return };
            let playback = format!("{:?}", status.playback).to_lowercase();
            node.value("playback", playback);
            node.value("flags", status.flags.to_string());
            node.value("queue_length", status.queue_length);
            node.value("queue_version", status.queue_version);
            node.value("songs_begun", status.songs_begun);
            node.value("late_files", status.late_files);
            let Some(current) = &status.current else { return };
            node.child("current", |node| {
                node.value("title", current.entry.song.title.as_str());
                node.value("path", current.entry.song.path.display().to_string());
                node.value("format", current.format.as_str());
                node.value("position_ms", status.position_ms_at(wall_ms()).unwrap_or_default());
                node.value("duration_ms", current.duration_ms);
            });
        });
        node.child("senders", |node| {
            for (name, state) in &self.0.states {
                node.child(*name, |node| state.inspect(node));
            }
        });
    }
}

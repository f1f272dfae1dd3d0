//! What is said between the front end and one worker, without the connection.
//!
//! ```text
//! Asking    the jobs are sent; the worker says START for each message that has jobs   (or refuses our version: again, in its own)
//! Ready     all jobs are understood
//! Running   RUN is said; progress is asked for; logs and results come
//! Over      the worker has said QUIT
//! ```
//!
//! Bytes come in by [`Conversation::receive`], what is to be told goes out as [`Event`]s, and what is to be sent is
//! [`Conversation::pending_output`]. A [`Failure`] is the end of it. Time comes in as milliseconds.

use bench_wire::message::{
    Eta, FileReply, FrontEndMessage, FrontEndProbe, PROBE_COMPRESSION, Tag, TextOutput, VerifyStates, VerifyTrigger,
    WorkerMessage, WorkerProbe,
};
use bench_wire::session::FrontEndSession;
use bench_wire::{FixedText, ProtocolVersion};

use super::failure::{Failure, Stage};
use super::jobs::WorkerJobs;
use super::results::WorkerResults;

/// A worker that owes an answer and says nothing for this many seconds is given up. fio's front end takes 42.
pub const SILENCE_MAX_S: u64 = 40;
/// Requests for progress that a worker may owe an answer to; there is no use in asking more.
const REQUESTS_MAX: usize = 1;

/// What a worker has said that is of interest to others.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// It speaks another version, which is known now: connect again.
    OtherVersion,
    /// It has told who it is.
    Introduced(WorkerProbe),
    /// A line of its output, or part of one.
    Text(TextOutput),
    /// It has understood all jobs and waits.
    Ready,
    /// One of its jobs runs.
    JobStarted,
    /// How far it is.
    Progress(Eta),
    /// A log.
    Log(Box<bench_wire::log::Log>),
    /// It wants a file, and waits for [`Conversation::answer`].
    FileWanted(Tag, String),
    /// How far its jobs were when a trigger ended them.
    VerifyStates(VerifyStates),
    /// It has said all.
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Asking,
    Ready,
    Running,
    Over,
}

/// The front end's end of a conversation with one worker.
#[derive(Debug)]
pub struct Conversation {
    session: FrontEndSession,
    /// The name by which we call the worker.
    address: String,
    /// JOBLINE, JOB and LOAD_FILE.
    jobs: Vec<FrontEndMessage>,
    compresses_logs: bool,
    phase: Phase,
    /// Messages with jobs that it has understood.
    understood: usize,
    /// A version that it has asked for.
    asked_for: Option<ProtocolVersion>,
    next_tag: u64,
    /// A job of it runs, or has run.
    has_started: bool,
    /// It has said anything at all in its version.
    has_spoken: bool,
    /// When it last said something.
    heard_ms: u64,
    results: WorkerResults,
}

impl Conversation {
    /// A conversation that begins with the messages of these jobs; `address` is what the worker is called.
    ///
    /// # Panics
    /// When there is no message: a worker without jobs never answers.
    #[must_use]
    pub fn new(address: &str, jobs: &WorkerJobs, now_ms: u64) -> Self {
        assert!(!jobs.messages.is_empty(), "a worker without jobs has nothing to say");
        let mut conversation = Self {
            session: FrontEndSession::new(ProtocolVersion::NEWEST),
            address: address.to_owned(),
            jobs: jobs.messages.clone(),
            compresses_logs: jobs.compresses_logs,
            phase: Phase::Asking,
            understood: 0,
            asked_for: None,
            next_tag: 1,
            has_started: false,
            has_spoken: false,
            heard_ms: now_ms,
            results: WorkerResults::default(),
        };
        conversation.greet(ProtocolVersion::NEWEST, now_ms);
        conversation
    }

    fn greet(&mut self, version: ProtocolVersion, now_ms: u64) {
        self.session = FrontEndSession::new(version);
        self.understood = 0;
        self.heard_ms = now_ms;
        let tag = self.tag();
        let flags = if self.compresses_logs { PROBE_COMPRESSION } else { 0 };
        let probe = FrontEndProbe { flags, worker_name: FixedText::new(&self.address) };
        self.session.send(&FrontEndMessage::Probe(tag, probe));
        self.jobs.iter().for_each(|message| self.session.send(message));
    }

    /// A new connection is there, after [`Event::OtherVersion`]: says everything again in the worker's version.
    ///
    /// # Panics
    /// When the worker has not asked for a version.
    pub fn connected_again(&mut self, now_ms: u64) {
        self.greet(self.asked_for.expect("only after an event that says so"), now_ms);
    }

    fn tag(&mut self) -> Tag {
        self.next_tag += 1;
        Tag(self.next_tag)
    }

    /// The version of the protocol.
    #[must_use]
    pub const fn version(&self) -> ProtocolVersion {
        self.session.version()
    }

    /// Where the conversation is; `None` when it is over.
    #[must_use]
    pub const fn stage(&self) -> Option<Stage> {
        match self.phase {
            Phase::Asking => Some(Stage::Asking),
            Phase::Ready => Some(Stage::Ready),
            Phase::Running => Some(Stage::Running),
            Phase::Over => None,
        }
    }

    /// What it has reported.
    #[must_use]
    pub const fn results(&self) -> &WorkerResults {
        &self.results
    }

    /// Takes bytes off `input` until there is an event; `None` when more are needed.
    ///
    /// # Errors
    /// The end of the conversation.
    pub fn receive(&mut self, input: &mut &[u8], now_ms: u64) -> Result<Option<Event>, Failure> {
        self.heard_ms = now_ms;
        loop {
            let message = match self.session.next_message(input) {
                Ok(None) => return Ok(None),
                Ok(Some(message)) => message,
                Err(fault) => return self.refused(fault).map(Some),
            };
            self.has_spoken = true;
            if let Some(event) = self.take(message)? {
                return Ok(Some(event));
            }
        }
    }

    fn refused(&mut self, fault: bench_wire::Fault) -> Result<Event, Failure> {
        let Some(version) = fault.version_to_retry_with().filter(|_| self.phase == Phase::Asking) else {
            return Err(Failure::Protocol(fault));
        };
        if self.asked_for.replace(version).is_some() {
            return Err(Failure::VersionRefused);
        }
        Ok(Event::OtherVersion)
    }

    /// What a message means; `None` when it is for the results.
    fn take(&mut self, message: WorkerMessage) -> Result<Option<Event>, Failure> {
        Ok(Some(match message {
            WorkerMessage::Probe(_, probe) => Event::Introduced(probe),
            WorkerMessage::Text(text) => Event::Text(text),
            WorkerMessage::Start(_) => return Ok(self.understood_one()),
            WorkerMessage::JobStarted => {
                self.has_started = true;
                Event::JobStarted
            }
            WorkerMessage::Eta(_, eta) => Event::Progress(eta),
            WorkerMessage::Log(log) => Event::Log(Box::new(log)),
            WorkerMessage::FileRequest(tag, request) => Event::FileWanted(tag, request.path.to_text().into_owned()),
            WorkerMessage::VerifyStates(states) => Event::VerifyStates(states),
            WorkerMessage::JobReport(report) => return self.results.job(&report).map(|()| None),
            WorkerMessage::GroupStatistics(group) => return self.results.group(&group).map(|()| None),
            WorkerMessage::DiskUtilisation(disk) => return self.results.disk(&disk).map(|()| None),
            WorkerMessage::JobOption(option) => return self.results.option(&option).map(|()| None),
            WorkerMessage::Stop(stop) if stop.signal != 0 => return Err(Failure::Killed(stop.signal)),
            WorkerMessage::Stop(stop) if stop.error != 0 => return Err(Failure::Exited(stop.error)),
            WorkerMessage::Stop(_) => return Ok(None),
            // For graphical front ends.
            WorkerMessage::AddJob(_) | WorkerMessage::UpdateReply(..) => return Ok(None),
            WorkerMessage::Quit if self.phase == Phase::Asking => return Err(Failure::JobsRefused),
            WorkerMessage::Quit => {
                self.phase = Phase::Over;
                Event::Over
            }
        }))
    }

    fn understood_one(&mut self) -> Option<Event> {
        self.understood += 1;
        if self.phase != Phase::Asking || self.understood < self.jobs.len() {
            return None;
        }
        self.phase = Phase::Ready;
        Some(Event::Ready)
    }

    /// The worker has closed the connection.
    ///
    /// # Errors
    /// [`Failure::Disconnected`] unless it had said all.
    pub fn closed(&self) -> Result<(), Failure> {
        self.stage().map_or(Ok(()), |stage| Err(Failure::Disconnected(stage)))
    }

    /// Starts the jobs.
    ///
    /// # Panics
    /// When the worker is not [`Stage::Ready`].
    pub fn run(&mut self, now_ms: u64) {
        assert_eq!(self.phase, Phase::Ready, "RUN comes when all jobs are understood");
        self.phase = Phase::Running;
        self.heard_ms = now_ms;
        self.session.send(&FrontEndMessage::Run);
    }

    /// Asks for the progress, unless an answer is owed or nothing runs. It is also how a worker shows that it is there.
    pub fn ask_progress(&mut self) {
        if self.phase == Phase::Running && self.has_started && self.session.unanswered_etas() < REQUESTS_MAX {
            let tag = self.tag();
            self.session.send(&FrontEndMessage::SendEta(tag));
        }
    }

    /// Ends the jobs; the results come then.
    pub fn stop(&mut self) {
        if self.phase != Phase::Over {
            self.session.send(&FrontEndMessage::Quit);
        }
    }

    /// Has the worker save its verify states, end its jobs and run a command, as fio's `--trigger-remote`.
    pub fn trigger(&mut self, command: &str) {
        if self.phase == Phase::Running {
            self.session.send(&FrontEndMessage::VerifyTrigger(VerifyTrigger { bytes: command.as_bytes().to_vec() }));
        }
    }

    /// Answers [`Event::FileWanted`] with a file, or with an errno.
    pub fn answer(&mut self, tag: Tag, file: Result<Vec<u8>, u32>) {
        let reply = match file {
            Ok(bytes) => FileReply { error: 0, bytes },
            Err(error) => FileReply { error, bytes: Vec::new() },
        };
        self.session.send(&FrontEndMessage::File(tag, reply));
    }

    /// Fails a worker that owes an answer and has been silent for [`SILENCE_MAX_S`]. A worker that has begun to answer may wait with
    /// the jobs: others may be before us.
    ///
    /// # Errors
    /// [`Failure::Silent`].
    pub fn check(&self, now_ms: u64) -> Result<(), Failure> {
        let owes = match self.phase {
            Phase::Asking => !self.has_spoken,
            Phase::Running => self.session.unanswered_etas() > 0,
            Phase::Ready | Phase::Over => false,
        };
        let silent_s = now_ms.saturating_sub(self.heard_ms) / 1000;
        if owes && silent_s >= SILENCE_MAX_S { Err(Failure::Silent(silent_s)) } else { Ok(()) }
    }

    /// What is to be sent.
    #[must_use]
    pub fn pending_output(&self) -> &[u8] {
        self.session.pending_output()
    }

    /// That many bytes of it are sent.
    ///
    /// # Panics
    /// When it is more than are pending.
    pub fn transmitted(&mut self, count: usize) {
        self.session.transmitted(count);
    }
}

//! A front end's end of a connection.

use crate::fault::Fault;
use crate::frame::{MessageReader, MessageWriter};
use crate::limits::UNANSWERED_REQUESTS_MAX;
use crate::message::{FrontEndMessage, Start, Tag, WorkerMessage};
use crate::opcode::Role;
use crate::version::ProtocolVersion;

/// How far a front end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Sends jobs.
    Jobs,
    /// Has said RUN.
    Running,
    /// The worker has said STOP.
    Stopped,
    /// The worker has said QUIT.
    Over,
}

/// A request that an answer is owed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Eta(Tag),
    Probe(Tag),
    Update(Tag),
    File(Tag),
}

/// A front end's end of a connection, without the connection.
///
/// What the front end wants goes into [`Self::send`], and [`Self::pending_output`] is what is to be sent; received bytes go into
/// [`Self::next_message`], which gives back what the worker says.
#[derive(Debug)]
pub struct FrontEndSession {
    reader: MessageReader,
    writer: MessageWriter,
    phase: Phase,
    /// Requests of both ends that have no answer yet.
    unanswered: Vec<Request>,
    announced: Option<Start>,
}

impl FrontEndSession {
    /// A front end that speaks this version. Which one a worker speaks shows only when it refuses another.
    #[must_use]
    pub const fn new(version: ProtocolVersion) -> Self {
        Self {
            reader: MessageReader::of_version(Role::Worker, version),
            writer: MessageWriter::new(version),
            phase: Phase::Jobs,
            unanswered: Vec::new(),
            announced: None,
        }
    }

    /// The version of the connection.
    #[must_use]
    pub const fn version(&self) -> ProtocolVersion {
        self.writer.version()
    }

    /// Whether the worker has said all it has to say: the connection may be closed.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Jobs and reports that the worker has announced; `None` before its START.
    #[must_use]
    pub const fn announced(&self) -> Option<Start> {
        self.announced
    }

    /// Requests for progress that have no answer yet. fio's front end gives a worker up when there are seven.
    #[must_use]
    pub fn unanswered_etas(&self) -> usize {
        self.unanswered.iter().filter(|request| matches!(request, Request::Eta(_))).count()
    }

    /// Takes bytes off `input` until the worker has said something; `None` when more are needed or
    /// it has said QUIT, and then all are taken.
    ///
    /// Answers to nothing are dropped, as fio's front end does, and so is what comes after QUIT: fio's worker may answer a request for
    /// progress that late.
    ///
    /// # Errors
    /// What the worker did wrong, after which the connection has to be closed. From then on the same fault is returned.
    /// [`Fault::version_to_retry_with`] tells whether to connect again, and how.
    pub fn next_message(&mut self, input: &mut &[u8]) -> Result<Option<WorkerMessage>, Fault> {
        let received = self.receive(input);
        if let Err(fault) = received {
            self.reader.fail(fault);
        }
        received
    }

    fn receive(&mut self, input: &mut &[u8]) -> Result<Option<WorkerMessage>, Fault> {
        while !self.is_over()
            && let Some(message) = self.reader.next_message(input)?
        {
            let message = WorkerMessage::decode(&message, self.writer.version())?;
            if self.accept(&message)? {
                return Ok(Some(message));
            }
        }
        if self.is_over() {
            *input = &[];
        }
        Ok(None)
    }

    /// Checks the order of what the worker says; false for an answer to nothing.
    fn accept(&mut self, message: &WorkerMessage) -> Result<bool, Fault> {
        let out_of_order = |rule| Err(Fault::OutOfOrder { opcode: message.opcode(), rule });
        match message {
            WorkerMessage::Quit => self.phase = Phase::Over,
            WorkerMessage::JobStarted if self.phase != Phase::Running => {
                return out_of_order("jobs start between RUN and STOP");
            }
            WorkerMessage::Stop(_) if self.phase != Phase::Running => {
                return out_of_order("STOP comes once, after RUN");
            }
            WorkerMessage::Stop(_) => self.phase = Phase::Stopped,
            WorkerMessage::Start(start) => self.announced = Some(*start),
            WorkerMessage::Eta(tag, _) => return Ok(self.forget(Request::Eta(*tag))),
            WorkerMessage::Probe(tag, _) => return Ok(self.forget(Request::Probe(*tag))),
            WorkerMessage::UpdateReply(tag, _) => return Ok(self.forget(Request::Update(*tag))),
            WorkerMessage::FileRequest(tag, _) => {
                if self.unanswered.len() >= UNANSWERED_REQUESTS_MAX {
                    return out_of_order("too many requests wait for an answer");
                }
                self.unanswered.push(Request::File(*tag));
            }
            _ => {}
        }
        Ok(true)
    }

    fn forget(&mut self, request: Request) -> bool {
        let index = self.unanswered.iter().position(|unanswered| *unanswered == request);
        if let Some(index) = index {
            self.unanswered.swap_remove(index);
        }
        index.is_some()
    }

    /// Appends what the front end wants to the output.
    ///
    /// # Panics
    /// When it is out of order, which is the caller's bug: jobs after RUN, RUN twice, a file that was not asked for, more than
    /// [`UNANSWERED_REQUESTS_MAX`] requests without an answer.
    pub fn send(&mut self, message: &FrontEndMessage) {
        match message {
            FrontEndMessage::Job(_) | FrontEndMessage::JobLine(_) | FrontEndMessage::LoadFile(_) => {
                assert_eq!(self.phase, Phase::Jobs, "jobs come before RUN");
            }
            FrontEndMessage::Run => {
                assert_eq!(self.phase, Phase::Jobs, "RUN comes once");
                self.phase = Phase::Running;
            }
            FrontEndMessage::SendEta(tag) => self.remember(Request::Eta(*tag)),
            FrontEndMessage::Probe(tag, _) => self.remember(Request::Probe(*tag)),
            FrontEndMessage::UpdateJob(tag, _) => self.remember(Request::Update(*tag)),
            FrontEndMessage::File(tag, _) => assert!(self.forget(Request::File(*tag)), "nobody asked for this file"),
            _ => {}
        }
        message.encode(&mut self.writer);
    }

    fn remember(&mut self, request: Request) {
        assert!(self.unanswered.len() < UNANSWERED_REQUESTS_MAX, "too many requests wait for an answer");
        self.unanswered.push(request);
    }

    /// What is to be sent.
    #[must_use]
    pub fn pending_output(&self) -> &[u8] {
        self.writer.pending()
    }

    /// That many bytes of [`Self::pending_output`] are sent.
    ///
    /// # Panics
    /// When it is more than are pending, which is the caller's bug.
    pub fn transmitted(&mut self, count: usize) {
        self.writer.transmitted(count);
    }

    /// The output, to say what [`Self::send`] refuses.
    #[cfg(test)]
    pub(super) const fn writer_for_tests(&mut self) -> &mut MessageWriter {
        &mut self.writer
    }
}

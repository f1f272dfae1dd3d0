//! A worker's end of a connection.

use std::collections::VecDeque;

use crate::fault::Fault;
use crate::frame::{MessageReader, MessageWriter};
use crate::limits::UNANSWERED_REQUESTS_MAX;
use crate::message::{FrontEndMessage, Tag, TextOutput, WorkerMessage};
use crate::opcode::{Opcode, Role};
use crate::version::ProtocolVersion;

/// How far a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Takes jobs.
    Jobs,
    /// Was told to run.
    Running,
    /// Has said STOP.
    Stopped,
    /// Has said QUIT.
    Over,
}

/// A worker's end of a connection, without the connection.
///
/// Received bytes go into [`Self::next_message`], which gives back what the front end wants; what the worker has to say goes into
/// [`Self::send`], and [`Self::pending_output`] is what is to be sent.
#[derive(Debug)]
pub struct WorkerSession {
    reader: MessageReader,
    writer: MessageWriter,
    phase: Phase,
    unanswered_etas: VecDeque<Tag>,
    unanswered_updates: VecDeque<Tag>,
    /// Files that were asked for and have not come.
    requested_files: Vec<Tag>,
}

impl Default for WorkerSession {
    fn default() -> Self {
        Self::new()
    }
}

impl WorkerSession {
    /// A worker that nobody has spoken to.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            reader: MessageReader::new(Role::FrontEnd),
            writer: MessageWriter::new(ProtocolVersion::NEWEST),
            phase: Phase::Jobs,
            unanswered_etas: VecDeque::new(),
            unanswered_updates: VecDeque::new(),
            requested_files: Vec::new(),
        }
    }

    /// The front end's version; `None` until it has said it.
    #[must_use]
    pub const fn version(&self) -> Option<ProtocolVersion> {
        self.reader.version()
    }

    /// Whether the front end may close the connection now without having broken off.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Takes bytes off `input` until the front end has said something; `None` when more are needed, and then all are taken.
    ///
    /// # Errors
    /// What the front end did wrong. Words for it, in a version that names ours, are in the output already; once they are sent, the
    /// connection has to be closed. From then on the same fault is returned.
    pub fn next_message(&mut self, input: &mut &[u8]) -> Result<Option<FrontEndMessage>, Fault> {
        let received = self.receive(input);
        if let Some(version) = self.reader.version() {
            self.writer.set_version(version);
        }
        if let Err(fault) = received {
            self.reader.fail(fault);
            self.complain(&fault);
        }
        received
    }

    fn receive(&mut self, input: &mut &[u8]) -> Result<Option<FrontEndMessage>, Fault> {
        let Some(message) = self.reader.next_message(input)? else {
            return Ok(None);
        };
        let message = FrontEndMessage::decode(&message)?;
        self.check_order(&message)?;
        Ok(Some(message))
    }

    fn check_order(&mut self, message: &FrontEndMessage) -> Result<(), Fault> {
        let out_of_order = |rule| Err(Fault::OutOfOrder { opcode: message.opcode(), rule });
        match message {
            FrontEndMessage::Job(_) | FrontEndMessage::JobLine(_) | FrontEndMessage::LoadFile(_)
                if self.phase != Phase::Jobs =>
            {
                out_of_order("jobs come before RUN")
            }
            FrontEndMessage::Run if self.phase != Phase::Jobs => out_of_order("RUN comes once"),
            FrontEndMessage::Run => {
                self.phase = Phase::Running;
                Ok(())
            }
            FrontEndMessage::SendEta(tag) => remember(&mut self.unanswered_etas, *tag, Opcode::SendEta),
            FrontEndMessage::UpdateJob(tag, _) => remember(&mut self.unanswered_updates, *tag, Opcode::UpdateJob),
            FrontEndMessage::File(tag, _) => match self.requested_files.iter().position(|requested| requested == tag) {
                Some(index) => {
                    self.requested_files.swap_remove(index);
                    Ok(())
                }
                None => out_of_order("nobody asked for this file"),
            },
            _ => Ok(()),
        }
    }

    /// Tells the front end what it did wrong, in the words that fio's server has for a version.
    fn complain(&mut self, fault: &Fault) {
        if self.phase == Phase::Over {
            return;
        }
        let text = match fault {
            Fault::Version { theirs, .. } => format!("fio: bad server cmd version {theirs}\n"),
            other => format!("fio: {other}\n"),
        };
        let text = TextOutput { level: TextOutput::ERROR, bytes: text.into_bytes(), ..TextOutput::default() };
        WorkerMessage::Text(text).encode(&mut self.writer);
        self.phase = Phase::Over;
    }

    /// Requests for progress that have no answer yet, the oldest first.
    pub fn unanswered_etas(&self) -> impl Iterator<Item = Tag> {
        self.unanswered_etas.iter().copied()
    }

    /// Appends what the worker says to the output.
    ///
    /// # Panics
    /// When it is out of order, which is the caller's bug: anything after QUIT or after a fault, STOP or SERVER_START before RUN, STOP
    /// twice, an answer to what was not asked, two requests of a file with one tag.
    pub fn send(&mut self, message: &WorkerMessage) {
        assert!(self.phase != Phase::Over, "{} after QUIT", message.opcode());
        match message {
            WorkerMessage::Quit => self.phase = Phase::Over,
            WorkerMessage::Stop(_) => {
                assert_eq!(self.phase, Phase::Running, "STOP comes once, after RUN");
                self.phase = Phase::Stopped;
            }
            WorkerMessage::JobStarted => assert_eq!(self.phase, Phase::Running, "jobs start between RUN and STOP"),
            WorkerMessage::Eta(tag, _) => forget(&mut self.unanswered_etas, *tag),
            WorkerMessage::UpdateReply(tag, _) => forget(&mut self.unanswered_updates, *tag),
            WorkerMessage::FileRequest(tag, _) => {
                assert!(!self.requested_files.contains(tag), "each request has a tag of its own");
                self.requested_files.push(*tag);
            }
            _ => {}
        }
        message.encode(&mut self.writer);
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
}

/// Remembers that a request wants an answer.
fn remember(requests: &mut VecDeque<Tag>, tag: Tag, opcode: Opcode) -> Result<(), Fault> {
    if requests.len() == UNANSWERED_REQUESTS_MAX {
        return Err(Fault::OutOfOrder { opcode, rule: "too many requests wait for an answer" });
    }
    requests.push_back(tag);
    Ok(())
}

/// Forgets a request that is answered.
fn forget(requests: &mut VecDeque<Tag>, tag: Tag) {
    let index = requests.iter().position(|request| *request == tag).expect("an answer has a request");
    requests.remove(index);
}

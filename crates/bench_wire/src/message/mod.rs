//! Commands as values: what each end says, whatever the version.
//!
//! [`FrontEndMessage`] and [`WorkerMessage`] have a variant for each command of that end. Decoding takes the payload apart by the
//! layout of the version, encoding puts it together again; a payload of another size than the layout's is a fault.

mod course;
mod disk;
mod eta;
mod group;
mod job;
mod options;
mod probe;
mod statistics;
mod text;
mod verify;

pub use course::{Start, Stop, UpdateReply};
pub use disk::{DiskCounters, DiskUtilisation};
pub use eta::Eta;
pub use group::GroupStatistics;
pub(crate) use group::GroupStatisticsWire;
pub use job::{CommandLine, FrontEndKind, JobFile, WorkersJobFile};
pub use options::{JobDetails, JobOption, JobOutline, PackedJob};
pub use probe::{FrontEndProbe, PROBE_COMPRESSION, WorkerProbe};
pub(crate) use statistics::SampleStatisticsWire;
pub use statistics::{Histogram, JobReport, JobStatistics, PriorityStatistics, SampleStatistics, SteadyState};
pub use text::TextOutput;
pub use verify::{
    CompletedWrite, FileReply, FileRequest, ReceivedState, VerifyGenerator, VerifyState, VerifyStates, VerifyTrigger,
};

use crate::fault::{Fault, Problem};
use crate::frame::{Message, MessageWriter};
use crate::layout::job_statistics;
use crate::log::Log;
use crate::opcode::Opcode;
use crate::version::ProtocolVersion;

/// The cookie of a request, which its answer repeats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Tag(pub u64);

/// What a front end says.
#[derive(Debug, Clone, PartialEq)]
pub enum FrontEndMessage {
    /// End all jobs. Reports, STOP and QUIT follow.
    Quit,
    /// End the worker's process of this connection.
    Exit,
    /// A job file to run.
    Job(JobFile),
    /// A command line to run.
    JobLine(CommandLine),
    /// A job file of the worker's to run.
    LoadFile(WorkersJobFile),
    /// How far are the jobs?
    SendEta(Tag),
    /// Who is there?
    Probe(Tag, FrontEndProbe),
    /// Run what was sent.
    Run,
    /// Other options for a job.
    UpdateJob(Tag, PackedJob),
    /// Save the verify state, stop, run a command.
    VerifyTrigger(VerifyTrigger),
    /// The file that was asked for.
    File(Tag, FileReply),
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkerMessage {
    /// All is said.
    Quit,
    /// Output to be shown.
    Text(TextOutput),
    /// What a job did.
    JobReport(Box<JobReport>),
    /// What a group did.
    GroupStatistics(GroupStatistics),
    /// How far the jobs are.
    Eta(Tag, Eta),
    /// Who is here.
    Probe(Tag, WorkerProbe),
    /// Jobs are understood.
    Start(Start),
    /// The jobs have ended.
    Stop(Stop),
    /// What a disk did.
    DiskUtilisation(DiskUtilisation),
    /// A job runs.
    JobStarted,
    /// A job that was understood.
    AddJob(PackedJob),
    /// A log.
    Log(Log),
    /// Whether other options are taken.
    UpdateReply(Tag, UpdateReply),
    /// The verify states.
    VerifyStates(VerifyStates),
    /// Wants a file.
    FileRequest(Tag, FileRequest),
    /// An option of a job.
    JobOption(JobOption),
}

impl FrontEndMessage {
    /// Its command.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Quit => Opcode::Quit,
            Self::Exit => Opcode::Exit,
            Self::Job(_) => Opcode::Job,
            Self::JobLine(_) => Opcode::JobLine,
            Self::LoadFile(_) => Opcode::LoadFile,
            Self::SendEta(_) => Opcode::SendEta,
            Self::Probe(..) => Opcode::Probe,
            Self::Run => Opcode::Run,
            Self::UpdateJob(..) => Opcode::UpdateJob,
            Self::VerifyTrigger(_) => Opcode::VerifyTrigger,
            Self::File(..) => Opcode::SendFile,
        }
    }

    /// Its cookie; zero for a command that is no answer and wants none.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        match self {
            Self::SendEta(tag) | Self::Probe(tag, _) | Self::UpdateJob(tag, _) | Self::File(tag, _) => *tag,
            _ => Tag(0),
        }
    }

    /// Takes a command apart.
    ///
    /// # Errors
    /// What is wrong with the payload, or that a front end does not send this.
    pub fn decode(message: &Message<'_>) -> Result<Self, Fault> {
        let (payload, tag) = (message.payload, Tag(message.tag));
        Ok(match message.opcode {
            Opcode::Quit => nothing(message, Self::Quit)?,
            Opcode::Exit => nothing(message, Self::Exit)?,
            Opcode::Job => Self::Job(JobFile::decode(payload)?),
            Opcode::JobLine => Self::JobLine(CommandLine::decode(payload)?),
            Opcode::LoadFile => Self::LoadFile(WorkersJobFile::decode(payload)?),
            Opcode::SendEta => nothing(message, Self::SendEta(tag))?,
            Opcode::Probe => Self::Probe(tag, FrontEndProbe::decode(payload)?),
            Opcode::Run => nothing(message, Self::Run)?,
            Opcode::UpdateJob => Self::UpdateJob(tag, PackedJob::decode(payload, Opcode::UpdateJob)?),
            Opcode::VerifyTrigger => Self::VerifyTrigger(VerifyTrigger::decode(payload)?),
            Opcode::SendFile => Self::File(tag, FileReply::decode(payload)?),
            opcode => return Err(Fault::Direction { opcode, sender: crate::Role::FrontEnd }),
        })
    }

    /// Appends it to the output, in the output's version.
    pub fn encode(&self, output: &mut MessageWriter) {
        let mut payload = Vec::new();
        match self {
            Self::Quit | Self::Exit | Self::Run | Self::SendEta(_) => {}
            Self::Job(job) => job.encode(&mut payload),
            Self::JobLine(line) => line.encode(&mut payload),
            Self::LoadFile(file) => file.encode(&mut payload),
            Self::Probe(_, probe) => probe.encode(&mut payload),
            Self::UpdateJob(_, job) => job.encode(&mut payload),
            Self::VerifyTrigger(trigger) => trigger.encode(&mut payload),
            Self::File(_, file) => file.encode(&mut payload),
        }
        output.write(self.opcode(), self.tag().0, &payload);
    }
}

impl WorkerMessage {
    /// Its command.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Quit => Opcode::Quit,
            Self::Text(_) => Opcode::Text,
            Self::JobReport(_) => Opcode::JobStatistics,
            Self::GroupStatistics(_) => Opcode::GroupStatistics,
            Self::Eta(..) => Opcode::Eta,
            Self::Probe(..) => Opcode::Probe,
            Self::Start(_) => Opcode::Start,
            Self::Stop(_) => Opcode::Stop,
            Self::DiskUtilisation(_) => Opcode::DiskUtilisation,
            Self::JobStarted => Opcode::ServerStart,
            Self::AddJob(_) => Opcode::AddJob,
            Self::Log(_) => Opcode::Log,
            Self::UpdateReply(..) => Opcode::UpdateJob,
            Self::VerifyStates(_) => Opcode::VerifyTrigger,
            Self::FileRequest(..) => Opcode::SendFile,
            Self::JobOption(_) => Opcode::JobOption,
        }
    }

    /// Its cookie; zero for a command that is no answer and wants none.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        match self {
            Self::Eta(tag, _) | Self::Probe(tag, _) | Self::UpdateReply(tag, _) | Self::FileRequest(tag, _) => *tag,
            _ => Tag(0),
        }
    }

    /// Takes a command of this version apart.
    ///
    /// # Errors
    /// What is wrong with the payload, or that a worker does not send this.
    pub fn decode(message: &Message<'_>, version: ProtocolVersion) -> Result<Self, Fault> {
        let (payload, tag) = (message.payload, Tag(message.tag));
        Ok(match message.opcode {
            Opcode::Quit => nothing(message, Self::Quit)?,
            Opcode::Text => Self::Text(TextOutput::decode(payload)?),
            Opcode::JobStatistics => Self::JobReport(Box::new(job_statistics::decode(payload, version)?)),
            Opcode::GroupStatistics => Self::GroupStatistics(GroupStatistics::decode(payload)?),
            Opcode::Eta => Self::Eta(tag, Eta::decode(payload)?),
            Opcode::Probe => Self::Probe(tag, WorkerProbe::decode(payload)?),
            Opcode::Start => Self::Start(Start::decode(payload)?),
            Opcode::Stop => Self::Stop(Stop::decode(payload)?),
            Opcode::DiskUtilisation => Self::DiskUtilisation(DiskUtilisation::decode(payload)?),
            Opcode::ServerStart => nothing(message, Self::JobStarted)?,
            Opcode::AddJob => Self::AddJob(PackedJob::decode(payload, Opcode::AddJob)?),
            Opcode::Log => Self::Log(Log::decode(payload, version)?),
            Opcode::UpdateJob => Self::UpdateReply(tag, UpdateReply::decode(payload)?),
            Opcode::VerifyTrigger => Self::VerifyStates(VerifyStates::decode(payload)?),
            Opcode::SendFile => Self::FileRequest(tag, FileRequest::decode(payload)?),
            Opcode::JobOption => Self::JobOption(JobOption::decode(payload)?),
            opcode => return Err(Fault::Direction { opcode, sender: crate::Role::Worker }),
        })
    }

    /// Appends it to the output, in the output's version.
    pub fn encode(&self, output: &mut MessageWriter) {
        let version = output.version();
        let mut payload = Vec::new();
        match self {
            Self::Quit | Self::JobStarted => {}
            Self::Text(text) => text.encode(&mut payload),
            Self::JobReport(report) => job_statistics::encode(report, version, &mut payload),
            Self::GroupStatistics(group) => group.encode(&mut payload),
            Self::Eta(_, eta) => eta.encode(&mut payload),
            Self::Probe(_, probe) => probe.encode(&mut payload),
            Self::Start(start) => start.encode(&mut payload),
            Self::Stop(stop) => stop.encode(&mut payload),
            Self::DiskUtilisation(disk) => disk.encode(&mut payload),
            Self::AddJob(job) => job.encode(&mut payload),
            // Its header has a frame of its own.
            Self::Log(log) => return log.encode(output),
            Self::UpdateReply(_, reply) => reply.encode(&mut payload),
            Self::VerifyStates(states) => states.encode(&mut payload),
            Self::FileRequest(_, request) => request.encode(&mut payload),
            Self::JobOption(option) => option.encode(&mut payload),
        }
        output.write(self.opcode(), self.tag().0, &payload);
    }
}

/// A command without payload.
fn nothing<T>(message: &Message<'_>, value: T) -> Result<T, Fault> {
    match message.payload.len() {
        0 => Ok(value),
        found => Err(Problem::Size { expected: 0, found }.of(message.opcode)),
    }
}

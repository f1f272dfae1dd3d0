//! What a worker answers to a front end, without a descriptor: bytes and events come in, bytes and actions go out.
//!
//! ```text
//!  receive(bytes) ─► WorkerSession ─► Session ─► actions: run, end, exit, trigger ─► whoever has the jobs
//!  pending_output() ◄─────────────── Session ◄─ say(message), progress(eta), ended(…) ◄─┘
//! ```
//!
//! Parity: fio's server. Differs where that makes a front end wait: requests for progress are answered at once, with what was
//! seen last, a trigger when the jobs have ended, with the states that they left. ADD_JOB has the beginning of a job's options only. The only file that is ever asked for is the
//! verify state of a job that says `verify_state_load`.

use std::time::Duration;

use bench::command_line::PlannedJob;
use bench::output::announcement::starting_line;
use bench::run::{self, Member};
use bench_wire::message::{
    Eta, FileReply, FileRequest, FrontEndMessage, PROBE_COMPRESSION, PackedJob, Start, Stop, Tag, TextOutput,
    UpdateReply, VerifyState, VerifyStates, WorkerMessage, WorkerProbe,
};
use bench_wire::session::WorkerSession;
use bench_wire::{Fault, FixedText, ProtocolVersion};

use super::jobs::{JobsError, ReadJobs, SentJobs};
use super::permissions::{Permissions, Refusal};
use crate::conversion::to_wire::log::LogTransfer;
use crate::conversion::to_wire::outline;

/// EOPNOTSUPP: jobs are not changed once they were read.
const NOT_SUPPORTED: u32 = 95;

/// What the worker says of itself.
#[derive(Debug, Clone, Default)]
pub struct WorkerIdentity {
    /// The machine's name.
    pub host_name: String,
    /// What front ends show as its version, such as `fio-3.33`.
    pub version: String,
    /// Processors of the machine.
    pub processors: u32,
}

/// What is to be done.
#[derive(Debug)]
pub enum Action {
    /// Run these jobs, and tell by [`Session::say`], [`Session::progress`] and [`Session::ended`] how it goes.
    Run(Box<RunOrder>),
    /// End the jobs; what they did is told.
    End,
    /// End the process.
    Exit,
    /// End the jobs, answer by [`Session::answer_trigger`], and run this command by the shell. It is allowed.
    Trigger(String),
    /// The file that was asked for with that tag.
    File(Tag, FileReply),
}

/// Jobs to run.
#[derive(Debug)]
pub struct RunOrder {
    /// The jobs.
    pub jobs: ReadJobs,
    /// How logs are sent.
    pub transfer: LogTransfer,
    /// How many jobs there are, `numjobs` counted.
    pub members: u32,
}

/// How far a session is.
#[derive(Debug)]
enum Stage {
    /// Jobs come in.
    Collecting,
    /// Jobs run, or wait for their turn.
    Running,
    /// All is said.
    Over,
}

/// A worker's side of one connection.
#[derive(Debug)]
pub struct Session {
    wire: WorkerSession,
    identity: WorkerIdentity,
    permissions: Permissions,
    /// The front end's address, for names of files.
    front_end: String,
    sent: SentJobs,
    jobs: Option<ReadJobs>,
    /// Jobs that were sent were not taken.
    is_refused: bool,
    /// Jobs that were announced.
    announced: usize,
    compresses: bool,
    /// What the front end calls this worker.
    name: String,
    requests: u64,
    /// The front end shows texts for people, and not only JSON or the terse form.
    tells_people: bool,
    members: u32,
    eta: Eta,
    stage: Stage,
    actions: Vec<Action>,
}

impl Session {
    /// A session in which nothing has been said.
    #[must_use]
    pub fn new(identity: WorkerIdentity, permissions: Permissions, front_end: String) -> Self {
        Self {
            wire: WorkerSession::new(),
            identity,
            permissions,
            front_end,
            sent: SentJobs::default(),
            jobs: None,
            is_refused: false,
            announced: 0,
            compresses: false,
            name: String::new(),
            requests: 0,
            tells_people: true,
            members: 0,
            eta: Eta::default(),
            stage: Stage::Collecting,
            actions: Vec::new(),
        }
    }

    /// What it may do.
    #[must_use]
    pub const fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// Takes received bytes; `now` is the time since 1970. What follows is in the output, and in the result.
    ///
    /// # Errors
    /// What the front end did wrong. Words for it are in the output; once they are sent, the connection has to be closed.
    pub fn receive(&mut self, mut input: &[u8], now: Duration) -> Result<Vec<Action>, Fault> {
        while let Some(message) = self.wire.next_message(&mut input)? {
            self.take(message, now);
        }
        Ok(std::mem::take(&mut self.actions))
    }

    fn take(&mut self, message: FrontEndMessage, now: Duration) {
        if self.is_over() {
            return;
        }
        match message {
            FrontEndMessage::Probe(tag, probe) => {
                self.compresses = probe.flags & PROBE_COMPRESSION != 0;
                self.name = probe.worker_name.to_text().into_owned();
                self.introduce(tag);
            }
            FrontEndMessage::JobLine(line) => {
                let added = self.sent.add_line(&line);
                self.read_jobs(added, now);
            }
            FrontEndMessage::Job(file) => {
                let added = self.sent.add_file(&file);
                self.read_jobs(added, now);
            }
            FrontEndMessage::LoadFile(file) => {
                let added = self.sent.add_own_file(&file, &self.permissions);
                self.read_jobs(added, now);
            }
            FrontEndMessage::Run => self.run(now),
            FrontEndMessage::SendEta(tag) => self.wire.send(&WorkerMessage::Eta(tag, self.eta.clone())),
            FrontEndMessage::Quit if matches!(self.stage, Stage::Running) => self.actions.push(Action::End),
            FrontEndMessage::Quit => self.quit(),
            FrontEndMessage::Exit => self.actions.push(Action::Exit),
            FrontEndMessage::UpdateJob(tag, _) => {
                self.wire.send(&WorkerMessage::UpdateReply(tag, UpdateReply { error: NOT_SUPPORTED }));
            }
            FrontEndMessage::VerifyTrigger(trigger) => {
                let command = String::from_utf8_lossy(trigger.command()).into_owned();
                self.trigger(command, now);
            }
            FrontEndMessage::File(tag, reply) => self.actions.push(Action::File(tag, reply)),
        }
    }

    fn introduce(&mut self, tag: Tag) {
        let probe = WorkerProbe {
            host_name: FixedText::new(&self.identity.host_name),
            is_big_endian: cfg!(target_endian = "big"),
            fio_version: FixedText::new(&self.identity.version),
            operating_system: 1,
            architecture: u8::from(cfg!(target_arch = "x86_64")),
            pointer_bytes: u8::try_from(size_of::<usize>()).unwrap_or(8),
            processors: self.identity.processors,
            flags: if self.compresses { PROBE_COMPRESSION } else { 0 },
        };
        self.wire.send(&WorkerMessage::Probe(tag, probe));
    }

    /// Something of the jobs has come.
    fn read_jobs(&mut self, added: Result<(), JobsError>, now: Duration) {
        if self.is_refused {
            return;
        }
        let read = added.and_then(|()| self.sent.read(&self.permissions, &self.front_end));
        let jobs = match read {
            Ok(Some(jobs)) => jobs,
            Ok(None) => return,
            Err(error) => return self.refuse(&error, now),
        };
        let members = run::members(&jobs.plan.jobs);
        self.members = u32::try_from(members.len()).unwrap_or(u32::MAX);
        self.tells_people = jobs.tells_people;
        let announced = std::mem::replace(&mut self.announced, jobs.plan.jobs.len());
        for member in members.iter().filter(|member| member.clone_number == 0 && member.job >= announced) {
            self.add_job(&jobs.plan.jobs[member.job], member);
            let text = run::announce(&jobs.plan.jobs[member.job], &member.name, member.group);
            self.tell(TextOutput::INFORMATION, &text, now);
        }
        for (place, warning) in &jobs.plan.warnings {
            self.tell(TextOutput::INFORMATION, &format!("{place}: note: {warning}\n"), now);
        }
        let reports = reports(&jobs);
        self.wire.send(&WorkerMessage::Start(Start { jobs: self.members, reports }));
        self.jobs = Some(jobs);
    }

    /// What graphical front ends show of a job. Parity: as from fio's server, it comes with the line for people only.
    fn add_job(&mut self, job: &PlannedJob, member: &Member) {
        if !self.tells_people || self.is_over() {
            return;
        }
        let version = self.wire.version().unwrap_or(ProtocolVersion::NEWEST);
        let outline = outline::outline(&job.resolved.options, &member.name);
        let details = outline::details(job);
        if let Some(packed) = PackedJob::of(member.number, member.group, &outline, &details, version) {
            self.wire.send(&WorkerMessage::AddJob(packed));
        }
    }

    /// Jobs that are not taken: the front end is told why, and its RUN is answered by an error, so that it fails. (fio's server
    /// breaks the connection, or says QUIT, which counts as a success.)
    fn refuse(&mut self, error: &JobsError, now: Duration) {
        let text = match error {
            JobsError::Answer(text) => text.clone(),
            error => format!("fio: {}\n", run::chain(error)),
        };
        self.tell(TextOutput::ERROR, &text, now);
        self.wire.send(&WorkerMessage::Start(Start::default()));
        self.jobs = None;
        self.is_refused = true;
    }

    fn run(&mut self, now: Duration) {
        let jobs = self.jobs.take().filter(|jobs| !jobs.parse_only);
        let Some(jobs) = jobs else {
            return self.ended(!self.is_refused);
        };
        let threads = |is_thread: bool| {
            let members = run::members(&jobs.plan.jobs);
            let counted = members
                .iter()
                .filter(|member| jobs.plan.jobs[member.job].resolved.options.threads.thread == is_thread)
                .count();
            u32::try_from(counted).unwrap_or(u32::MAX)
        };
        let starting = starting_line(threads(true), threads(false));
        self.tell(TextOutput::INFORMATION, &starting, now);
        self.eta =
            Eta { pending: self.members, jobs: self.members, unit_base: 4, significant_figures: 4, ..Eta::default() };
        self.stage = Stage::Running;
        let version = self.wire.version().unwrap_or(ProtocolVersion::NEWEST);
        let transfer = LogTransfer { version, compresses: self.compresses };
        self.actions.push(Action::Run(Box::new(RunOrder { jobs, transfer, members: self.members })));
    }

    fn trigger(&mut self, command: String, now: Duration) {
        if !self.permissions.triggers {
            let refusal = Refusal::Trigger.to_string();
            return self.tell(TextOutput::ERROR, &format!("fio: {refusal}\n"), now);
        }
        self.actions.push(Action::Trigger(command));
    }

    /// Answers a trigger: the jobs that have ended left these states.
    pub fn answer_trigger(&mut self, left: &[VerifyState]) {
        if !self.is_over() {
            let version = self.wire.version().unwrap_or(ProtocolVersion::NEWEST);
            self.wire.send(&WorkerMessage::VerifyStates(VerifyStates::of(left, version)));
        }
    }

    /// The jobs begin now: their turn has come.
    pub fn started(&mut self) {
        if matches!(self.stage, Stage::Running) {
            (0..self.members).for_each(|_| self.wire.send(&WorkerMessage::JobStarted));
        }
    }

    /// Says something about the run. Texts get their time.
    pub fn say(&mut self, message: &WorkerMessage, now: Duration) {
        match message {
            WorkerMessage::Text(text) => self.tell_bytes(text.level, text.bytes.clone(), now),
            _ if self.is_over() => {}
            message => self.wire.send(message),
        }
    }

    /// Says a text, whole lines, each by itself: a front end puts the worker's name before it.
    pub fn tell(&mut self, level: u32, text: &str, now: Duration) {
        for line in text.split_inclusive('\n') {
            self.tell_bytes(level, line.as_bytes().to_vec(), now);
        }
    }

    fn tell_bytes(&mut self, level: u32, bytes: Vec<u8>, now: Duration) {
        if self.is_over() || level == TextOutput::INFORMATION && !self.tells_people {
            return;
        }
        let text = TextOutput { level, time_s: now.as_secs(), time_us: u64::from(now.subsec_micros()), bytes };
        self.wire.send(&WorkerMessage::Text(text));
    }

    /// Asks the front end for the verify state of a job, by the name under which fio's front end has put it away.
    /// [`Action::File`] brings it with the tag that is returned; `None` when there is nobody to ask.
    pub fn ask_for_state(&mut self, job: &str, index: u64) -> Option<Tag> {
        if !self.is_running() {
            return None;
        }
        self.requests += 1;
        let tag = Tag(self.requests);
        let job = job.replace('/', ".");
        let path = FixedText::new(&format!("{}-{job}-{index}-verify.state", self.name));
        self.wire.send(&WorkerMessage::FileRequest(tag, FileRequest { path }));
        Some(tag)
    }

    /// How far jobs are, from now on.
    pub fn progress(&mut self, eta: Eta) {
        self.eta = eta;
    }

    /// The jobs have ended, and all results are said.
    pub fn ended(&mut self, succeeded: bool) {
        if self.is_over() {
            return;
        }
        self.wire.send(&WorkerMessage::Stop(Stop { error: u32::from(!succeeded), signal: 0 }));
        self.quit();
    }

    fn quit(&mut self) {
        self.wire.send(&WorkerMessage::Quit);
        self.stage = Stage::Over;
    }

    /// Whether all is said, and the connection may be closed once the output is sent.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over) || self.wire.is_over()
    }

    /// Whether jobs run or wait for their turn.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running) && !self.wire.is_over()
    }

    /// The front end's version; `None` until it has said it.
    #[must_use]
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.wire.version()
    }

    /// What is to be sent.
    #[must_use]
    pub fn pending_output(&self) -> &[u8] {
        self.wire.pending_output()
    }

    /// That many bytes of [`Self::pending_output`] are sent.
    ///
    /// # Panics
    /// When it is more than are pending, which is the caller's bug.
    pub fn transmitted(&mut self, count: usize) {
        self.wire.transmitted(count);
    }
}

/// How many reports of jobs will come: one a job, or one for jobs in a row that are reported together.
fn reports(jobs: &ReadJobs) -> u32 {
    let mut reports = 0;
    let mut last = None;
    for member in run::members(&jobs.plan.jobs) {
        let measured = &jobs.plan.jobs[member.job].resolved.options.measurements;
        if !measured.stats {
            continue;
        }
        if !measured.group_reporting || last != Some(member.group) {
            reports += 1;
        }
        last = Some(member.group);
    }
    reports
}

#[cfg(test)]
mod tests;

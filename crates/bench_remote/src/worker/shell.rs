//! The process of a session: descriptors, time, and the thread that runs jobs, around a [`Session`].
//!
//! One thread waits for all of them. It reads no request and takes no result while [`OUTPUT_BYTES_MAX`] wait to be sent.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::mpsc::SyncSender;

use bench_wire::message::{Eta, Tag, TextOutput, VerifyState};
use reactor::clock::{self, Duration, Instant, SystemTime};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{Shutdown, sockopt};

use super::bell::Bell;
use super::limits::{FAREWELL, LINGER, OUTPUT_BYTES_MAX, SILENCE_BEFORE_RUN, STOP_PATIENCE};
use super::link::{FromListener, FromSession, Heard, Link, Progress, Totals};
use super::permissions::{Permissions, check_space};
use super::runner::{FromRun, Runner};
use super::session::{Action, RunOrder, Session, WorkerIdentity};

/// Most bytes of one read.
const READ_BYTES: usize = 64 << 10;

/// What a pipe that can be written to takes without blocking (`PIPE_BUF`).
const PIPE_WRITE_BYTES: usize = 4096;

/// What a session consists of.
#[derive(Debug)]
pub struct SessionParts {
    /// Where the front end is heard.
    pub input: OwnedFd,
    /// Where it is told; may be the same connection.
    pub output: OwnedFd,
    /// The listener, for a session that one has started.
    pub link: Option<Link>,
    /// What the session may do.
    pub permissions: Permissions,
    /// The front end's address; empty for one on this machine.
    pub front_end: String,
    /// What the worker says of itself.
    pub identity: WorkerIdentity,
}

/// Who the worker is: the machine's name and processors; `version` is what front ends show.
#[must_use]
pub fn identity(version: &str) -> WorkerIdentity {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    WorkerIdentity {
        host_name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        // A front end of ours tells by it whose worker this is.
        version: format!("{version}-tidegate"),
        processors: u32::try_from(processors).unwrap_or(u32::MAX),
    }
}

/// Serves one front end to the end of its session: until everything is said, or it is gone.
///
/// # Errors
/// When the descriptors cannot be used. What a front end does wrong is told to it, and no error.
pub fn serve(parts: SessionParts) -> io::Result<()> {
    let is_socket = sockopt::socket_type(&parts.output).is_ok();
    if is_socket {
        rustix::io::ioctl_fionbio(&parts.output, true)?;
    }
    let run_time = parts.permissions.limits.run_time_s.map(Duration::from_secs);
    let now = clock::now();
    let mut shell = Shell {
        session: Session::new(parts.identity, parts.permissions, parts.front_end),
        input: parts.input,
        output: parts.output,
        is_socket,
        link: parts.link,
        bell: Bell::new()?,
        run: Run::None,
        run_time,
        deadline: Deadline::Silence(now + SILENCE_BEFORE_RUN),
        front_end_is_gone: false,
        awaited: Vec::new(),
        triggers: Vec::new(),
        lingers: false,
    };
    shell.serve()
}

/// What has become of the jobs.
enum Run {
    None,
    /// They wait for their turn.
    Queued(Box<RunOrder>),
    /// They run.
    Under(Runner),
}

/// When something has to have happened.
#[derive(Debug, Clone, Copy)]
enum Deadline {
    /// The front end says something before RUN.
    Silence(Instant),
    /// The run is over.
    RunTime(Instant),
    /// Jobs that were told to end have ended.
    Stop(Instant),
    /// The front end has taken everything.
    Farewell(Instant),
    Never,
}

impl Deadline {
    fn time(self) -> Option<Instant> {
        match self {
            Self::Silence(time) | Self::RunTime(time) | Self::Stop(time) | Self::Farewell(time) => Some(time),
            Self::Never => None,
        }
    }
}

struct Shell {
    session: Session,
    input: OwnedFd,
    output: OwnedFd,
    is_socket: bool,
    link: Option<Link>,
    bell: Bell,
    run: Run,
    run_time: Option<Duration>,
    deadline: Deadline,
    front_end_is_gone: bool,
    /// Jobs that wait for a file of the front end's.
    awaited: Vec<(Tag, SyncSender<io::Result<Vec<u8>>>)>,
    /// Commands that are run when the jobs have saved their states.
    triggers: Vec<String>,
    /// All is sent, and the front end is to close the connection.
    lingers: bool,
}

/// What woke the shell.
#[derive(Default)]
struct Ready {
    input: bool,
    output: bool,
    link: bool,
}

impl Shell {
    fn serve(&mut self) -> io::Result<()> {
        while !self.is_done() {
            let ready = self.wait()?;
            self.bell.hear();
            if ready.link {
                self.hear_listener();
            }
            if ready.input {
                self.read();
            }
            self.take_from_run();
            if ready.output {
                self.write();
            }
            if self.deadline.time().is_some_and(|time| clock::now() >= time) && !self.overdue() {
                break;
            }
        }
        Ok(())
    }

    /// Whether nothing is left to do: everything is sent, or nobody is there to be told, and no job runs.
    fn is_done(&mut self) -> bool {
        if !matches!(self.run, Run::None) {
            return false;
        }
        let told = self.session.is_over() && self.session.pending_output().is_empty();
        if told && self.is_socket && !self.lingers && !self.front_end_is_gone {
            // To close a connection with requests unread would take what was sent last away from the front end.
            self.lingers = true;
            let _ = rustix::net::shutdown(&self.output, Shutdown::Write);
            self.deadline = Deadline::Farewell(clock::now() + LINGER);
        }
        self.front_end_is_gone || told && !self.lingers
    }

    fn is_full(&self) -> bool {
        self.session.pending_output().len() >= OUTPUT_BYTES_MAX
    }

    fn wait(&self) -> io::Result<Ready> {
        let listens = !self.front_end_is_gone && !self.is_full();
        let speaks = !self.front_end_is_gone && !self.session.pending_output().is_empty();
        let flags = |wanted: bool, flags: PollFlags| if wanted { flags } else { PollFlags::empty() };
        let mut polled = vec![PollFd::new(&self.bell, PollFlags::IN)];
        if !self.front_end_is_gone {
            polled.push(PollFd::new(&self.input, flags(listens, PollFlags::IN)));
            polled.push(PollFd::new(&self.output, flags(speaks, PollFlags::OUT)));
        }
        if let Some(link) = &self.link {
            polled.push(PollFd::new(link, PollFlags::IN));
        }
        let left = self.deadline.time().map(|time| time.saturating_duration_since(clock::now()));
        let timeout = left.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let mut events = polled.iter().skip(1).map(|polled| !polled.revents().is_empty());
        let mut next = || events.next().unwrap_or(false);
        let (input, output) = if self.front_end_is_gone { (false, false) } else { (next(), next()) };
        Ok(Ready { input, output, link: next() })
    }

    fn read(&mut self) {
        let mut bytes = vec![0; READ_BYTES];
        let count = match rustix::io::read(&self.input, &mut bytes) {
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::INTR) => return,
            Err(_) => 0,
        };
        if count == 0 {
            return self.lose_front_end();
        }
        if self.lingers {
            return;
        }
        if let Deadline::Silence(_) = self.deadline {
            self.deadline = Deadline::Silence(clock::now() + SILENCE_BEFORE_RUN);
        }
        let was_over = self.session.is_over();
        match self.session.receive(&bytes[..count], since_1970()) {
            Ok(actions) => actions.into_iter().for_each(|action| self.act(action)),
            Err(fault) => {
                tracing::warn!(%fault, "the front end breaks the protocol");
                self.tell_listener(&FromSession::Refused(fault.to_string()));
                self.end_run();
            }
        }
        if self.session.is_over() && !was_over {
            self.deadline = Deadline::Farewell(clock::now() + FAREWELL);
        }
    }

    /// Jobs end with their front end.
    fn lose_front_end(&mut self) {
        self.front_end_is_gone = true;
        self.end_run();
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Run(order) => match &self.link {
                None => self.begin(*order),
                Some(_) => {
                    self.deadline = Deadline::Never;
                    self.tell_listener(&wants(&order, &self.session));
                    self.run = Run::Queued(order);
                }
            },
            Action::End => self.end_run(),
            Action::Exit => self.lose_front_end(),
            Action::File(tag, reply) => {
                if let Some(place) = self.awaited.iter().position(|(awaited, _)| *awaited == tag) {
                    let (_, job) = self.awaited.swap_remove(place);
                    let number = i32::try_from(reply.error).unwrap_or(0);
                    // The job may have been told to end meanwhile.
                    let _ = job.try_send(match number {
                        0 => Ok(reply.bytes),
                        number => Err(io::Error::from_raw_os_error(number)),
                    });
                }
            }
            Action::Trigger(command) => {
                self.triggers.push(command);
                if let Run::Under(runner) = &self.run {
                    runner.pull();
                    self.deadline = Deadline::Stop(clock::now() + STOP_PATIENCE);
                } else {
                    self.end_run();
                    self.pull_triggers(&[]);
                }
            }
        }
    }

    fn begin(&mut self, order: RunOrder) {
        // Others may have run since the jobs were read.
        if let Err(refusal) = check_space(self.session.permissions(), &order.jobs.plan, &order.jobs.settings) {
            return self.fail(&refusal.to_string());
        }
        match Runner::start(order, self.bell.clone()) {
            Ok(runner) => {
                self.session.started();
                self.run = Run::Under(runner);
                self.deadline = self.run_time.map_or(Deadline::Never, |time| Deadline::RunTime(clock::now() + time));
            }
            Err(error) => self.fail(&format!("cannot start a thread: {error}")),
        }
    }

    /// The run ends before it could begin.
    fn fail(&mut self, why: &str) {
        self.run = Run::None;
        self.session.tell(TextOutput::ERROR, &format!("fio: {why}\n"), since_1970());
        self.session.ended(false);
        self.tell_listener(&FromSession::Ended { succeeded: false, totals: Totals::default() });
        self.deadline = Deadline::Farewell(clock::now() + FAREWELL);
    }

    fn end_run(&mut self) {
        // Nobody waits for an answer any more.
        self.awaited.clear();
        match &self.run {
            Run::None => {}
            Run::Queued(_) => self.fail("the jobs were told to end before their turn came"),
            Run::Under(runner) => {
                runner.stop();
                self.deadline = Deadline::Stop(clock::now() + STOP_PATIENCE);
            }
        }
    }

    /// The jobs have left these states: the front end is told, and only then anything is done to the machine.
    fn pull_triggers(&mut self, left: &[VerifyState]) {
        for command in std::mem::take(&mut self.triggers) {
            self.session.answer_trigger(left);
            self.run_trigger(&command);
        }
    }

    fn run_trigger(&mut self, command: &str) {
        tracing::warn!(command, "a front end's trigger runs a command");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Err(error) = shell.spawn() {
            let text = format!("fio: trigger: cannot run /bin/sh: {error}\n");
            self.session.tell(TextOutput::ERROR, &text, since_1970());
        }
    }

    fn hear_listener(&mut self) {
        while let Some(link) = &mut self.link {
            match link.hear() {
                Heard::Nothing => return,
                Heard::Said(FromListener::Terms(_)) => {}
                Heard::Said(FromListener::Place(place)) => {
                    let text = format!("the worker is busy: these jobs wait for their turn, in place {place}\n");
                    self.session.tell(TextOutput::INFORMATION, &text, since_1970());
                }
                Heard::Said(FromListener::Go) => {
                    if let Run::Queued(order) = std::mem::replace(&mut self.run, Run::None) {
                        self.begin(*order);
                    }
                }
                Heard::Said(FromListener::Stop(reason)) => {
                    let text = format!("fio: the worker ends the jobs: {reason}\n");
                    self.session.tell(TextOutput::ERROR, &text, since_1970());
                    self.end_run();
                }
                Heard::Gone => {
                    self.link = None;
                    self.lose_front_end();
                }
            }
        }
    }

    fn tell_listener(&self, message: &FromSession) {
        if let Some(link) = &self.link {
            link.say(message);
        }
    }

    /// Takes what the run says, as far as there is room for it. Without a front end there always is.
    fn take_from_run(&mut self) {
        while self.front_end_is_gone || !self.is_full() {
            let Run::Under(runner) = &self.run else { return };
            match runner.take() {
                None => return,
                Some(FromRun::Say(_)) if self.front_end_is_gone => {}
                Some(FromRun::Say(message)) => self.session.say(&message, since_1970()),
                Some(FromRun::Progress(eta)) => {
                    self.tell_listener(&FromSession::Progress(progress(&eta)));
                    self.session.progress(eta);
                }
                Some(FromRun::WantState { job, index, reply }) => {
                    // Where nobody can be asked, the reply is dropped, which tells the job.
                    self.awaited.extend(self.session.ask_for_state(&job, index).map(|tag| (tag, reply)));
                }
                Some(FromRun::Left(states)) => self.pull_triggers(&states),
                Some(FromRun::Ended { succeeded, totals }) => {
                    // Of a run that has died, no states have come.
                    self.pull_triggers(&[]);
                    self.run = Run::None;
                    self.session.ended(succeeded);
                    self.tell_listener(&FromSession::Ended { succeeded, totals });
                    self.deadline = Deadline::Farewell(clock::now() + FAREWELL);
                }
            }
        }
    }

    fn write(&mut self) {
        let pending = self.session.pending_output();
        if pending.is_empty() {
            return;
        }
        let most = if self.is_socket { usize::MAX } else { PIPE_WRITE_BYTES };
        match rustix::io::write(&self.output, &pending[..pending.len().min(most)]) {
            Ok(count) => {
                self.session.transmitted(count);
                // There may be room for more of the run now.
                self.bell.ring();
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.lose_front_end(),
        }
    }

    /// A deadline has passed. False when the session cannot go on.
    fn overdue(&mut self) -> bool {
        match self.deadline {
            Deadline::RunTime(_) => {
                let limit = self.run_time.unwrap_or_default().as_secs();
                let text = format!("fio: the jobs end after {limit} s: run_time_max_s in [bench] allows no more\n");
                self.session.tell(TextOutput::ERROR, &text, since_1970());
                self.end_run();
                true
            }
            Deadline::Silence(_) => {
                tracing::warn!("the front end says nothing; the session ends");
                false
            }
            Deadline::Stop(_) => {
                tracing::error!("jobs do not end; the session ends without them");
                self.pull_triggers(&[]);
                false
            }
            Deadline::Farewell(_) => false,
            Deadline::Never => true,
        }
    }
}

fn wants(order: &RunOrder, session: &Session) -> FromSession {
    let members = bench::run::members(&order.jobs.plan.jobs);
    let jobs = members.into_iter().filter(|member| member.clone_number == 0).map(|member| member.name).collect();
    FromSession::Wants { jobs, version: session.version().map_or(0, bench_wire::ProtocolVersion::number) }
}

fn progress(eta: &Eta) -> Progress {
    Progress { running: eta.running, elapsed_s: eta.elapsed_s, rate_kib: eta.rate, iops: eta.iops }
}

/// The time that texts carry.
fn since_1970() -> Duration {
    clock::wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Waits for the listener's first words.
///
/// # Errors
/// When they do not come.
pub fn receive_terms(link: &mut Link) -> io::Result<super::link::Terms> {
    let deadline = clock::now() + SILENCE_BEFORE_RUN;
    loop {
        match link.hear() {
            Heard::Said(FromListener::Terms(terms)) => return Ok(*terms),
            Heard::Nothing if clock::now() < deadline => {}
            _ => return Err(io::Error::other("the listener says nothing of what the session may do")),
        }
        let left = deadline.saturating_duration_since(clock::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        poll(&mut [PollFd::from_borrowed_fd(link.as_fd(), PollFlags::IN)], Some(&timeout))?;
    }
}

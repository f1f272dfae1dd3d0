//! The thread that runs a session's jobs, and what it says meanwhile.
//!
//! Results are made one by one, each when there is room for it: a front end that does not read makes its own jobs wait, and holds
//! no more than [`MESSAGES_WAITING_MAX`] messages.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bench::output::Report;
use bench::run::{self, JobLog, Journal, Observer, RunOutcome, RunView, STATES_WITHIN_MS};
use bench::statistics::JobResult;
use bench::verify::StateFile;
use bench_wire::message::{Eta, TextOutput, VerifyState, WorkerMessage};
use reactor::clock::{self, SystemTime};

use super::bell::Bell;
use super::limits::{MESSAGES_WAITING_MAX, STATE_PATIENCE};
use super::link::Totals;
use super::session::RunOrder;
use crate::conversion::to_wire::{self, log::LogTransfer, progress};

/// Milliseconds between two looks at how far jobs are: rates are those of such a while. Shorter ones would jump about.
const LOOK_EVERY_MS: u64 = 500;

/// What a run says.
#[derive(Debug)]
pub(crate) enum FromRun {
    /// Something for the front end.
    Say(WorkerMessage),
    /// How far jobs are.
    Progress(Eta),
    /// The state that an earlier run of a job left is wanted of the front end.
    WantState { job: String, index: u64, reply: SyncSender<io::Result<Vec<u8>>> },
    /// Jobs have left these states: when a trigger was pulled, with I/O still under way, and when all have ended.
    Left(Vec<VerifyState>),
    /// Everything has been said.
    Ended { succeeded: bool, totals: Totals },
}

/// A run under way. Dropped, it ends its jobs and waits for nothing.
#[derive(Debug)]
pub(crate) struct Runner {
    stop: Arc<AtomicBool>,
    pull: Arc<AtomicBool>,
    inbox: Receiver<FromRun>,
}

impl Runner {
    /// Starts the jobs. `bell` rings when there is something to take.
    pub(crate) fn start(order: RunOrder, bell: Bell) -> io::Result<Self> {
        let (stop, pull) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let (sender, inbox) = sync_channel(MESSAGES_WAITING_MAX);
        let (stopped, pulled) = (Arc::clone(&stop), Arc::clone(&pull));
        thread::Builder::new().name("bench-run".to_owned()).spawn(move || {
            let voice = Voice { sender, bell, transfer: order.transfer, left: Mutex::default() };
            run_to_end(&order, &voice, &stopped, &pulled);
        })?;
        Ok(Self { stop, pull, inbox })
    }

    /// Ends the jobs; what they did is still told.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Ends the jobs for a trigger: their states are told before what is under way has come back.
    pub(crate) fn pull(&self) {
        self.pull.store(true, Ordering::Relaxed);
    }

    /// What it says next. `None`: nothing at the moment.
    pub(crate) fn take(&self) -> Option<FromRun> {
        match self.inbox.try_recv() {
            Ok(said) => Some(said),
            Err(TryRecvError::Empty) => None,
            // The thread has died of a fault of ours before it could say so.
            Err(TryRecvError::Disconnected) => Some(FromRun::Ended { succeeded: false, totals: Totals::default() }),
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run_to_end(order: &RunOrder, voice: &Voice, stop: &AtomicBool, pull: &AtomicBool) {
    let began = clock::wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let began_ms = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
    let mut watch = Watch { voice, members: order.members, next_ms: 0, pull, pulled_ms: None, has_left: false };
    let outcome = run::run(&order.jobs.plan.jobs, &order.jobs.settings, voice, &mut watch, stop);
    voice.tell_left();
    let succeeded = !outcome.has_failed;
    let totals = totals(&outcome.results);
    let report = report(outcome, order.jobs.global_options.clone());
    to_wire::results(&report, began_ms).for_each(|message| voice.say(message));
    voice.send(FromRun::Ended { succeeded, totals });
}

fn totals(results: &[JobResult]) -> Totals {
    let mut totals = Totals::default();
    for (index, direction) in results.iter().flat_map(|result| result.measurement.directions.iter().enumerate()) {
        totals.ios[index] += direction.ios;
        totals.bytes[index] += direction.bytes;
    }
    totals
}

fn report(outcome: RunOutcome, global_options: Vec<(String, String)>) -> Report {
    Report { global_options, disks: outcome.disks, ..Report::of_jobs(outcome.results) }
}

/// Where the run's words go.
struct Voice {
    sender: SyncSender<FromRun>,
    bell: Bell,
    transfer: LogTransfer,
    /// By jobs that have ended or were told to, for a trigger that may come.
    left: Mutex<Vec<VerifyState>>,
}

impl Voice {
    fn say(&self, message: WorkerMessage) {
        self.send(FromRun::Say(message));
    }

    /// Waits until there is room, or nobody listens any more.
    fn send(&self, said: FromRun) {
        let _ = self.sender.send(said);
        self.bell.ring();
    }

    /// Tells the states that jobs have left since it was last done.
    fn tell_left(&self) {
        let left = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
        self.send(FromRun::Left(left));
    }

    fn line(&self, level: u32, line: &str) {
        let bytes = format!("{line}\n").into_bytes();
        self.say(WorkerMessage::Text(TextOutput { level, bytes, ..TextOutput::default() }));
    }
}

impl Journal for Voice {
    fn note(&self, line: &str) {
        self.line(TextOutput::INFORMATION, line);
    }

    fn complain(&self, line: &str) {
        self.line(TextOutput::ERROR, line);
    }

    /// Logs are the front end's: none is written here.
    fn take_log(&self, log: &JobLog<'_>) -> bool {
        match to_wire::log::message(log, self.transfer) {
            Some(log) => self.say(WorkerMessage::Log(log)),
            None => {
                let name = &log.file_name;
                let line =
                    format!("{name}: a histogram log is sent compressed only, and the front end takes no such logs");
                self.complain(&line);
            }
        }
        true
    }

    fn state_left(&self, state: &StateFile) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).push(to_wire::verify_state::state(state));
    }

    /// States are where the front end is: what a job leaves here is for nobody.
    fn earlier_state(&self, job: &str, index: u64) -> Option<io::Result<Vec<u8>>> {
        let (reply, answer) = sync_channel(1);
        self.send(FromRun::WantState { job: job.to_owned(), index, reply });
        let gone = || io::Error::new(io::ErrorKind::TimedOut, "the front end does not send it");
        Some(answer.recv_timeout(STATE_PATIENCE).unwrap_or_else(|_| Err(gone())))
    }
}

/// Looks at how far jobs are.
struct Watch<'v> {
    voice: &'v Voice,
    members: u32,
    next_ms: u64,
    /// A trigger was pulled.
    pull: &'v AtomicBool,
    pulled_ms: Option<u64>,
    /// The states have been told for it.
    has_left: bool,
}

impl Watch<'_> {
    /// Tells the states for a trigger as soon as they are saved; those of jobs whose I/O hangs are not waited for.
    fn look_at_trigger(&mut self, now_ms: u64, run: &mut dyn RunView) {
        if self.has_left || !self.pull.load(Ordering::Relaxed) {
            return;
        }
        let pulled_ms = *self.pulled_ms.get_or_insert_with(|| {
            run.end_with_states();
            now_ms
        });
        let missing = run.states_missing();
        if !missing.is_empty() && now_ms.saturating_sub(pulled_ms) < STATES_WITHIN_MS {
            return;
        }
        for job in missing {
            self.voice.complain(&format!(
                "{job}: its I/O hangs: the trigger does not wait for the state of its verification"
            ));
        }
        self.has_left = true;
        self.voice.tell_left();
    }
}

impl Observer for Watch<'_> {
    fn tick(&mut self, now_ms: u64, run: &mut dyn RunView) {
        self.look_at_trigger(now_ms, run);
        if now_ms < self.next_ms {
            return;
        }
        self.next_ms = now_ms + LOOK_EVERY_MS;
        let eta = progress::eta(&run.status(), self.members);
        // Jobs are not kept from being watched by a front end that does not read.
        if self.voice.sender.try_send(FromRun::Progress(eta)).is_ok() {
            self.voice.bell.ring();
        }
    }
}

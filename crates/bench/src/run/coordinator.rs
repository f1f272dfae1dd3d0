//! Starts jobs in their order, lets those of a batch begin together, watches them, ends them, and gathers their results.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, Scope};

use reactor::clock::Duration;

use crate::command_line::PlannedJob;
use crate::engines;
use crate::files::JobFile;
use crate::job_file::Place;
use crate::options::JobOptions;
use crate::options::threads::ExitWhat;
use crate::options::time::ClockSource as ClockOption;
use crate::output::status_line::{RateMeter, Remaining, Status};
use crate::random::Width;
use crate::random::seeds::Purpose;
use crate::statistics::{DiskUtilization, JobResult, Measurement};

use super::clock::{Clock, ClockSource, nanoseconds};
use super::debug::Subjects;
use super::disks::Disks;
use super::ended::JobFailure;
use super::file_locks::RunLocks;
use super::flow::{Flow, Flows};
use super::gate::Gate;
use super::journal::Journal;
use super::limits;
use super::members::{Member, members};
use super::progress::{Watched, status};
use super::ramp::{SizeRamp, SizeRamps};
use super::saved_state;
use super::setup::{JobSetup, RunSettings};
use super::shared::{Oldest, Phase, Shared};
use super::stalls::{LOOK_EVERY_MS, Patience, Stall, Word};
use super::worker::{Context, run_job};

/// Whoever watches a run.
pub trait Observer {
    /// Called about ten times a second with the milliseconds since the run began.
    fn tick(&mut self, now_ms: u64, run: &mut dyn RunView);
}

/// What can be seen of a run while it runs.
pub trait RunView {
    /// How far jobs are, and how fast.
    fn status(&mut self) -> Status;

    /// Bytes that all jobs have moved so far, by direction.
    fn bytes(&self) -> [u64; 3];

    /// Ends all jobs: what they did until then is reported.
    fn end(&mut self);

    /// The same, but jobs that verify save their state first, and wait for what is under way after that.
    fn end_with_states(&mut self);

    /// The jobs whose states are not saved yet after [`end_with_states`](Self::end_with_states).
    fn states_missing(&self) -> Vec<String>;

    /// When no job is left but those that do not end although they were told to, as the kernel does not give their I/O back:
    /// a line for each of them. Nothing can end their threads.
    fn stuck(&self) -> Vec<String>;

    /// The results at the moment without waiting for anybody: of jobs that are stuck what they have counted, and the latencies
    /// that they told last.
    fn give_up(&mut self) -> RunOutcome;

    /// Asks jobs for what they have measured so far. They answer within milliseconds, unless they wait for I/O.
    fn ask(&mut self);

    /// What jobs have measured so far: those that have ended in full, others as they answered last.
    fn interim(&mut self) -> RunOutcome;
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct RunOutcome {
    /// The results, in the order of the jobs; at the end also those of jobs that never began, in which nothing is counted.
    pub results: Vec<JobResult>,
    /// How busy disks were.
    pub disks: Vec<DiskUtilization>,
    /// Milliseconds from the first start to the last end.
    pub elapsed_ms: u64,
    /// How long the run will still take.
    pub remaining: Remaining,
    /// Whether anything went wrong.
    pub has_failed: bool,
}

/// Runs jobs. `stop` ends them early; what they did until then is reported.
pub fn run(
    jobs: &[PlannedJob],
    settings: &RunSettings,
    journal: &dyn Journal,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> RunOutcome {
    let clock = Clock::new(clock_source(jobs));
    let mut places = Vec::new();
    let (mut flows, mut ramps) = (Flows::default(), SizeRamps::default());
    // All members of a job have its options together.
    let options: Vec<_> = jobs.iter().map(|job| Arc::new(job.resolved.options.clone())).collect();
    for member in members(jobs) {
        let options = Arc::clone(&options[member.job]);
        let flow = flows.join(options.threads.flow_id, options.threads.flow);
        let ramp = ramps.join(&options, member.group);
        let (place, place_of_size) = (jobs[member.job].place.clone(), jobs[member.job].place_of_size.clone());
        places.push(Seat { flow, ramp, place, place_of_size, ..Seat::new(member, options) });
    }
    let mut coordinator = Coordinator {
        jobs,
        settings,
        journal,
        clock,
        seats: places,
        disks: Disks::default(),
        locks: RunLocks::default(),
        meter: RateMeter::new(0),
        io_jobs: AtomicU32::new(0),
        next_ask_ms: ASK_EVERY_MS,
        awaits_states: false,
    };
    coordinator.prepare(&|| stop.load(Ordering::Relaxed));
    let seats = std::mem::take(&mut coordinator.seats);
    let shared: Vec<Arc<Shared>> = seats.iter().map(|seat| Arc::clone(&seat.shared)).collect();
    let io_jobs = std::mem::take(&mut coordinator.io_jobs);
    coordinator.seats = seats;
    let (events, inbox) = channel();
    thread::scope(|scope| coordinator.drive(scope, &shared, &io_jobs, &events, &inbox, observer, stop));
    coordinator.outcome()
}

fn clock_source(jobs: &[PlannedJob]) -> ClockSource {
    let by_kernel = |job: &PlannedJob| {
        matches!(job.resolved.options.time.clocksource, ClockOption::ClockGetTime | ClockOption::GetTimeOfDay)
    };
    if jobs.iter().any(by_kernel) { ClockSource::Kernel } else { ClockSource::Processor }
}

/// What the coordinator knows of a member. What only part of its life needs is apart from it, so that many are cheap.
struct Seat {
    member: Member,
    options: Arc<JobOptions>,
    shared: Arc<Shared>,
    /// Where the job stands in its file.
    place: Place,
    /// Where its size stands.
    place_of_size: Place,
    flow: Option<Flow>,
    ramp: Option<SizeRamp>,
    setup: Option<Box<JobSetup>>,
    stage: Stage,
    does_io: bool,
    size: u64,
    start_delay_ns: u64,
    /// When it was let go.
    began_ns: u64,
    /// Its files, by number.
    paths: Vec<Arc<Path>>,
    /// Its I/O may hang: it is asked from time to time what it has measured.
    may_hang: bool,
    stall: Stall,
    patience: Patience,
    /// It was told to end and does not.
    is_stuck: bool,
    result: Option<Box<JobResult>>,
}

// A run of many members has one for each as long as it lasts.
const _: () = assert!(size_of::<Seat>() <= 512);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    SettingUp,
    Ready,
    Running,
    Ended,
}

impl Seat {
    fn new(member: Member, options: Arc<JobOptions>) -> Self {
        Self {
            member,
            options,
            shared: Arc::default(),
            place: Place::default(),
            place_of_size: Place::default(),
            flow: None,
            ramp: None,
            setup: None,
            stage: Stage::Waiting,
            does_io: true,
            size: 0,
            start_delay_ns: 0,
            began_ns: 0,
            paths: Vec::new(),
            may_hang: false,
            stall: Stall::default(),
            patience: Patience::default(),
            is_stuck: false,
            result: None,
        }
    }

    fn is_active(&self) -> bool {
        matches!(self.stage, Stage::SettingUp | Stage::Ready | Stage::Running)
    }

    /// What it has measured; of a job that is stuck what is known of it.
    fn so_far(&self, now_ns: u64) -> Option<JobResult> {
        if self.result.is_some() {
            return self.result.as_deref().cloned();
        }
        let mut measurement = self.shared.answered().or_else(|| self.is_stuck.then(Measurement::default))?;
        if self.is_stuck {
            let (bytes, ios) = self.shared.done();
            let ran_ms = now_ns.saturating_sub(self.shared.began_ns()) / 1_000_000;
            for (direction, (bytes, ios)) in measurement.directions.iter_mut().zip(bytes.into_iter().zip(ios)) {
                (direction.bytes, direction.ios) = (direction.bytes.max(bytes), direction.ios.max(ios));
                direction.runtime_ms = if direction.ios > 0 { ran_ms } else { 0 };
            }
        }
        let mut result = self.member.blank_result(&self.options);
        result.latency_target = limits::latency_target(&self.options).result(self.shared.depth());
        result.runtime_ms = measurement.directions.iter().map(|direction| direction.runtime_ms).max()?;
        Some(JobResult { measurement, ..result })
    }

    fn word_back(&self, io: &Oldest) -> String {
        format!("{}: {} has come back", self.member.name, self.describe(io))
    }

    /// What an I/O of it is, in words.
    fn describe(&self, io: &Oldest) -> String {
        let file = self.paths.get(io.file).map(|path| path.display().to_string()).unwrap_or_default();
        let Oldest { operation, offset, length_bytes, .. } = io;
        format!("{operation} of {length_bytes} bytes at offset {offset} of {file}")
    }
}

/// How often jobs are asked what they have measured: one that hangs later cannot tell any more.
const ASK_EVERY_MS: u64 = 1000;
/// Between two looks while states are waited for.
const STATES_EVERY_MS: u64 = 1;

/// What a job's thread says.
enum Event {
    Ready(usize),
    Ended(usize, Box<JobResult>),
}

struct Coordinator<'r> {
    jobs: &'r [PlannedJob],
    settings: &'r RunSettings,
    journal: &'r dyn Journal,
    clock: Clock,
    seats: Vec<Seat>,
    disks: Disks,
    locks: RunLocks,
    meter: RateMeter,
    /// Jobs that do I/O and have not ended.
    io_jobs: AtomicU32,
    next_ask_ms: u64,
    /// Somebody waits for the states of verification.
    awaits_states: bool,
}

impl<'r> Coordinator<'r> {
    fn now_ms(&self) -> u64 {
        self.clock.now() / 1_000_000
    }

    /// Finds everybody's files; lays them out one after the other unless jobs are to do it themselves.
    fn prepare(&mut self, stop: &dyn Fn() -> bool) {
        let mut io_jobs = 0;
        let job_count = u32::try_from(self.seats.len()).unwrap_or(u32::MAX);
        for seat in &mut self.seats {
            if stop() {
                break;
            }
            let prepared = JobSetup::new(seat.member.clone(), Arc::clone(&seat.options), self.settings, job_count);
            let prepared = prepared.and_then(|mut setup| {
                if seat.options.target_file.create_serialize {
                    setup.lay_out(stop, self.journal)?;
                }
                Ok(setup)
            });
            match prepared {
                Ok(setup) => {
                    seat.does_io = setup.description.traits.does_io;
                    io_jobs += u32::from(seat.does_io);
                    seat.size = setup.layout.size;
                    seat.start_delay_ns = start_delay(&seat.options, &setup);
                    if seat.options.measurements.disk_util && setup.description.traits.uses_files {
                        let now_ms = self.clock.now() / 1_000_000;
                        setup.files.files().iter().for_each(|file| self.disks.watch(file.path(), now_ms));
                    }
                    seat.setup = Some(Box::new(setup));
                }
                Err(failure @ JobFailure::SmallDevice { .. }) => {
                    seat.place = std::mem::take(&mut seat.place_of_size);
                    fail(seat, &failure, self.journal);
                    self.end_all();
                    break;
                }
                // Jobs before it may make its files: it is set up when it starts, and only then has to be right.
                Err(_) if !seat.options.target_file.create_serialize => {
                    seat.does_io =
                        engines::describe(&seat.options.engine.ioengine).is_some_and(|engine| engine.traits.does_io);
                    io_jobs += u32::from(seat.does_io);
                    seat.start_delay_ns = nanoseconds(seat.options.time.startdelay.low);
                }
                Err(failure) => fail(seat, &failure, self.journal),
            }
        }
        self.io_jobs = AtomicU32::new(io_jobs);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what the threads borrow has to outlive the coordinator's own borrows"
    )]
    fn drive<'scope, 'env>(
        &mut self,
        scope: &'scope Scope<'scope, 'env>,
        shared: &'env [Arc<Shared>],
        io_jobs: &'env AtomicU32,
        events: &'env Sender<Event>,
        inbox: &Receiver<Event>,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) where
        'r: 'env,
    {
        let mut gate = Arc::new(Gate::default());
        loop {
            if stop.load(Ordering::Relaxed) {
                self.end_all();
            }
            for index in self.due() {
                self.start(scope, index, shared, io_jobs, events, &gate);
            }
            if self.open_when_ready(&gate) {
                gate = Arc::new(Gate::default());
            }
            if !self.seats.iter().any(|seat| seat.stage != Stage::Ended) {
                return;
            }
            let pause = Duration::from_millis(self.next_look_ms());
            match inbox.recv_timeout(pause) {
                Ok(event) => {
                    self.take(event, io_jobs);
                    while let Ok(event) = inbox.try_recv() {
                        self.take(event, io_jobs);
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            self.watch(observer);
        }
    }

    /// Milliseconds until somebody has to be looked at.
    fn next_look_ms(&self) -> u64 {
        if self.awaits_states {
            return STATES_EVERY_MS;
        }
        let now = self.clock.now();
        let delays = self.seats.iter().filter(|seat| seat.stage == Stage::Waiting);
        let next =
            delays.map(|seat| seat.start_delay_ns.saturating_sub(now).div_ceil(1_000_000)).filter(|&left| left > 0);
        next.min().unwrap_or(LOOK_EVERY_MS).min(LOOK_EVERY_MS)
    }

    /// Whose turn it is.
    fn due(&self) -> Vec<usize> {
        let now = self.clock.now();
        let mut due = Vec::new();
        let mut active = self.seats.iter().any(Seat::is_active);
        for (index, seat) in self.seats.iter().enumerate() {
            if seat.stage != Stage::Waiting {
                continue;
            }
            if seat.member.waits && active {
                break;
            }
            if seat.start_delay_ns > now || self.waits_for_another(seat) {
                continue;
            }
            due.push(index);
            active = true;
        }
        due
    }

    fn waits_for_another(&self, seat: &Seat) -> bool {
        seat.options.threads.wait_for.as_ref().is_some_and(|name| {
            self.seats.iter().any(|other| other.member.name == *name && other.stage != Stage::Ended)
        })
    }

    fn start<'scope, 'env>(
        &mut self,
        scope: &'scope Scope<'scope, 'env>,
        index: usize,
        shared: &'env [Arc<Shared>],
        io_jobs: &'env AtomicU32,
        events: &'env Sender<Event>,
        gate: &Arc<Gate>,
    ) where
        'r: 'env,
    {
        let job_count = u32::try_from(self.seats.len()).unwrap_or(u32::MAX);
        let seat = &mut self.seats[index];
        if !seat.options.target_file.create_serialize {
            match JobSetup::new(seat.member.clone(), Arc::clone(&seat.options), self.settings, job_count) {
                Ok(setup) => seat.setup = Some(Box::new(setup)),
                Err(failure) => return fail(seat, &failure, self.journal),
            }
        }
        let Some(setup) = seat.setup.take() else {
            seat.stage = Stage::Ended;
            return;
        };
        seat.paths = setup.files.paths();
        seat.may_hang = setup.description.traits.keeps_data;
        seat.stage = Stage::SettingUp;
        seat.shared.enter(Phase::SettingUp);
        let (clock, journal, gate, flow) = (self.clock, self.journal, Arc::clone(gate), seat.flow.take());
        let (ramp, locked) = (seat.ramp.take(), seat.options.target_file.lockfile);
        let locks = self.locks.of_job(locked, setup.files.files().iter().map(JobFile::path));
        let (aux_path, place) = (self.settings.aux_path.clone(), seat.place.clone());
        let chosen = self.settings.debug_job.filter(|&number| number < job_count);
        let is_told_of = chosen.is_none_or(|number| number + 1 == seat.member.number);
        let debug = if is_told_of { self.settings.debug } else { Subjects::default() };
        let name = format!("bench-{}", seat.member.number);
        let spawned = thread::Builder::new().name(name).spawn_scoped(scope, move || {
            let context = Context {
                clock,
                shared: &shared[index],
                journal,
                gate,
                flow,
                ramp,
                locks,
                place,
                aux_path,
                debug,
                ready: &|| tell(events, Event::Ready(index)),
                others_run: &|| io_jobs.load(Ordering::Relaxed) > 0,
            };
            let result = run_job(setup, context);
            shared[index].enter(Phase::Ended);
            tell(events, Event::Ended(index, result));
        });
        if let Err(source) = spawned {
            let what = "starting a thread".to_owned();
            fail(&mut self.seats[index], &JobFailure::System { what, source }, self.journal);
        }
    }

    /// Lets those that are ready begin, once nobody of their batch is still being set up.
    fn open_when_ready(&mut self, gate: &Gate) -> bool {
        let any = |stage| self.seats.iter().any(|seat| seat.stage == stage);
        if any(Stage::SettingUp) || !any(Stage::Ready) {
            return false;
        }
        let now = self.clock.now();
        for seat in self.seats.iter_mut().filter(|seat| seat.stage == Stage::Ready) {
            seat.stage = Stage::Running;
            seat.began_ns = now;
        }
        gate.open();
        true
    }

    fn take(&mut self, event: Event, io_jobs: &AtomicU32) {
        match event {
            Event::Ready(index) => self.seats[index].stage = Stage::Ready,
            Event::Ended(index, result) => {
                let seat = &mut self.seats[index];
                seat.stage = Stage::Ended;
                if let Some(Word::Back(io)) = seat.stall.look(None, 0) {
                    self.journal.complain(&seat.word_back(&io));
                }
                if seat.does_io {
                    io_jobs.fetch_sub(1, Ordering::Relaxed);
                }
                let failed = result.error.is_some();
                seat.result = Some(result);
                self.end_others(index, failed);
            }
        }
    }

    /// A job's end may be that of others.
    fn end_others(&mut self, index: usize, failed: bool) {
        let (member, options) = (&self.seats[index].member, &self.seats[index].options);
        let threads = &options.threads;
        if !(threads.exitall || failed && options.error_handling.exitall_on_error) {
            return;
        }
        let (group, stretch, what) = (member.group, member.stretch, threads.exit_what);
        for seat in &mut self.seats {
            let is_meant = match what {
                ExitWhat::All => true,
                ExitWhat::Group => seat.member.group == group,
                ExitWhat::Stonewall => seat.member.stretch == stretch,
            };
            if is_meant {
                end(seat);
            }
        }
    }

    fn end_all(&mut self) {
        self.seats.iter_mut().for_each(end);
    }

    fn watch(&mut self, observer: &mut dyn Observer) {
        let now_ns = self.clock.now();
        let now_ms = now_ns / 1_000_000;
        for seat in self.seats.iter_mut().filter(|seat| seat.stage == Stage::Running) {
            match seat.stall.look(seat.shared.oldest(), now_ns) {
                Some(Word::Hangs(io, seconds)) => {
                    let (name, io) = (&seat.member.name, seat.describe(&io));
                    self.journal
                        .complain(&format!("{name}: {io} has been under way for {seconds} s; the job waits for it"));
                }
                Some(Word::Back(io)) => self.journal.complain(&seat.word_back(&io)),
                None => {}
            }
        }
        for seat in self.seats.iter_mut().filter(|seat| seat.does_io && seat.is_active()) {
            let done = seat.shared.done().1.iter().sum();
            let is_stopped = seat.shared.is_stopped() && seat.shared.phase() != Phase::Ended;
            seat.is_stuck = seat.patience.is_over(is_stopped, done, now_ms);
        }
        if now_ms >= self.next_ask_ms {
            self.next_ask_ms = now_ms + ASK_EVERY_MS;
            let asked = self.seats.iter().filter(|seat| seat.stage == Stage::Running && seat.may_hang);
            asked.for_each(|seat| seat.shared.ask());
        }
        self.awaits_states = self.awaits_states && !self.states_missing().is_empty();
        self.disks.look(now_ms);
        observer.tick(now_ms, self);
    }

    fn status_by(&self, meter: &mut RateMeter) -> Status {
        let watched: Vec<_> = self
            .seats
            .iter()
            .map(|seat| Watched {
                options: &seat.options,
                shared: &seat.shared,
                size: seat.size,
                waits: seat.member.waits,
                seconds_before: seat.began_ns / 1_000_000_000,
            })
            .collect();
        let now_ns = self.clock.now();
        let status = status(&watched, meter, now_ns / 1_000_000);
        let hung = self.seats.iter().filter_map(|seat| seat.stall.told()).map(|io| io.since_ns).min();
        Status { hangs_seconds: hung.map(|since_ns| now_ns.saturating_sub(since_ns) / 1_000_000_000), ..status }
    }

    /// How long the run will still take, as a report says it.
    fn remaining(&self) -> Remaining {
        self.status_by(&mut RateMeter::new(0)).remaining
    }

    fn outcome(mut self) -> RunOutcome {
        let (elapsed_ms, remaining) = (self.now_ms(), self.remaining());
        self.disks.look(elapsed_ms);
        let has_failed = self.seats.iter().any(|seat| seat.shared.has_failed());
        let jobs = self.jobs;
        let shown = self.seats.into_iter().filter(|seat| seat.options.measurements.stats);
        let result = |seat: Seat| {
            let options = listed(&jobs[seat.member.job]);
            let result = seat.result.map_or_else(|| seat.member.blank_result(&seat.options), |result| *result);
            JobResult { options, ..result }
        };
        RunOutcome {
            results: shown.map(result).collect(),
            disks: self.disks.into_results(),
            elapsed_ms,
            remaining,
            has_failed,
        }
    }
}

impl RunView for Coordinator<'_> {
    fn status(&mut self) -> Status {
        let mut meter = std::mem::replace(&mut self.meter, RateMeter::new(0));
        let status = self.status_by(&mut meter);
        self.meter = meter;
        status
    }

    fn bytes(&self) -> [u64; 3] {
        let mut bytes = [0_u64; 3];
        for done in self.seats.iter().map(|seat| seat.shared.done().0) {
            bytes.iter_mut().zip(done).for_each(|(sum, more)| *sum += more);
        }
        bytes
    }

    fn end(&mut self) {
        self.end_all();
    }

    fn end_with_states(&mut self) {
        self.seats.iter().for_each(|seat| seat.shared.save_at_once());
        self.end_all();
        self.awaits_states = true;
    }

    fn states_missing(&self) -> Vec<String> {
        let runs = self.seats.iter().filter(|seat| seat.stage == Stage::Running);
        let missing = runs.filter(|seat| saved_state::is_saved(&seat.options) && !seat.shared.has_saved());
        missing.map(|seat| seat.member.name.clone()).collect()
    }

    fn stuck(&self) -> Vec<String> {
        let active: Vec<&Seat> = self.seats.iter().filter(|seat| seat.is_active()).collect();
        if active.iter().any(|seat| !seat.is_stuck) {
            return Vec::new();
        }
        let line = |seat: &&Seat| match seat.shared.oldest() {
            Some(io) => {
                format!("{}: given up: the kernel does not give back its {}", seat.member.name, seat.describe(&io))
            }
            None => format!("{}: given up: it does not end, and no I/O of it is under way", seat.member.name),
        };
        active.iter().map(line).collect()
    }

    fn give_up(&mut self) -> RunOutcome {
        self.disks.look(self.now_ms());
        RunOutcome { disks: std::mem::take(&mut self.disks).into_results(), ..self.interim() }
    }

    fn ask(&mut self) {
        self.seats.iter().filter(|seat| seat.stage == Stage::Running).for_each(|seat| seat.shared.ask());
    }

    fn interim(&mut self) -> RunOutcome {
        let now_ns = self.clock.now();
        let shown = self.seats.iter().filter(|seat| seat.options.measurements.stats);
        let so_far = |seat: &Seat| {
            let options = listed(&self.jobs[seat.member.job]);
            seat.so_far(now_ns).map(|result| JobResult { options, ..result })
        };
        RunOutcome {
            results: shown.filter_map(so_far).collect(),
            disks: Vec::new(),
            elapsed_ms: now_ns / 1_000_000,
            remaining: self.remaining(),
            has_failed: self.seats.iter().any(|seat| seat.shared.has_failed()),
        }
    }
}

/// The options of the job itself, for results.
fn listed(job: &PlannedJob) -> Vec<(String, String)> {
    job.listed.iter().map(|listed| (listed.name.to_owned(), listed.value.clone().unwrap_or_default())).collect()
}

/// The job never begins, or ends soon.
fn end(seat: &mut Seat) {
    seat.shared.stop();
    if seat.stage == Stage::Waiting {
        seat.stage = Stage::Ended;
    }
}

fn fail(seat: &mut Seat, failure: &JobFailure, journal: &dyn Journal) {
    journal.complain(&failure.line_at(&seat.member.name, &seat.place));
    seat.shared.fail();
    seat.stage = Stage::Ended;
    seat.shared.enter(Phase::Ended);
    let result = seat.result.get_or_insert_with(|| Box::new(seat.member.blank_result(&seat.options)));
    result.error.get_or_insert(failure.result());
}

/// The coordinator listens until the last thread has ended.
fn tell(events: &Sender<Event>, event: Event) {
    let told = events.send(event);
    debug_assert!(told.is_ok(), "the coordinator listens");
}

/// Nanoseconds after the run's start before which the job does not begin, drawn where a range is given.
fn start_delay(options: &JobOptions, setup: &JobSetup) -> u64 {
    let range = options.time.startdelay;
    let (low, high) = (nanoseconds(range.low) / 1000, nanoseconds(range.high) / 1000);
    if low >= high {
        return low * 1000;
    }
    let mut draws = setup.seeds.generator(Purpose::StartDelay, Width::Bits32);
    draws.between(low, high) * 1000
}

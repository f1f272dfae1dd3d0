//! The life of one job in its thread: place, memory, engine, files, wait for the others, I/O, verification, results.

use std::sync::Arc;

use reactor::clock::Duration;

use crate::direction::Direction;
use crate::engines::memory::{IoMemory, LockedMemory};
use crate::engines::{self, Engine, Io, Operation, Place, Setup, Visitor};
use crate::job_file;
use crate::offsets::Offsets;
use crate::options::JobOptions;
use crate::options::verification::VerifyPolicy;
use crate::random::seeds::Purpose;
use crate::statistics::{
    BLOCKS_MAX, BlockLifetimes, JobResult, LatencyTargetResult, Measurement, Recorder, ResourceUsage,
};
use crate::verify::{AfterRun, HeaderRules, HistoryOrder, Phases, VerifyBacklog};

use super::calendar;
use super::check_threads::CheckThreads;
use super::checker::Checker;
use super::clock::Clock;
use super::convert::{content, files, measuring, offsets as offset_options, proving};
use super::core::{Core, CoreParts, DepthSettings, PhaseEnd};
use super::debug::{Subject, Subjects};
use super::ended::{Ended, JobFailure};
use super::file_locks::FileLocks;
use super::flow::Flow;
use super::gate::Gate;
use super::journal::Journal;
use super::latency_target::LatencyTarget;
use super::limits;
use super::pace::Pace;
use super::place;
use super::priorities::Priorities;
use super::proof::{Prover, ProverSettings, SavedWrites};
use super::ramp::SizeRamp;
use super::samples::Samples;
use super::saved_state::{self, Progress};
use super::setup::JobSetup;
use super::shared::{Phase, Shared};
use super::thinking::Thinking;
use super::timing::Timing;
use super::tolerance::Tolerance;
use super::writes::Writes;
use super::written::Written;
use super::{programs, rest};

/// What a job's thread has of the run.
pub(super) struct Context<'r> {
    pub(super) clock: Clock,
    pub(super) shared: &'r Shared,
    pub(super) journal: &'r dyn Journal,
    pub(super) gate: Arc<Gate>,
    pub(super) flow: Option<Flow>,
    pub(super) ramp: Option<SizeRamp>,
    pub(super) locks: Option<FileLocks>,
    /// Where the job stands in its file.
    pub(super) place: job_file::Place,
    pub(super) aux_path: Option<std::path::PathBuf>,
    /// What `--debug` tells of.
    pub(super) debug: Subjects,
    /// Tells the coordinator that the job is ready.
    pub(super) ready: &'r (dyn Fn() + Sync),
    /// Whether jobs that do I/O still run.
    pub(super) others_run: &'r (dyn Fn() -> bool + Sync),
}

/// Runs a job to its end.
pub(super) fn run_job(mut setup: Box<JobSetup>, mut context: Context<'_>) -> Box<JobResult> {
    let began_ns = context.clock.now();
    let (clock, shared, journal) = (context.clock, context.shared, context.journal);
    let mut result = Box::new(setup.member.blank_result(&setup.options));
    result.process = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
    let options = Arc::clone(&setup.options);
    let (debug, place) = (context.debug, std::mem::take(&mut context.place));
    let (name, number) = (result.name.clone(), setup.member.number);
    debug.tell(journal, Subject::Process, || format!("job {name} ({number}): ioengine={}", options.engine.ioengine));
    let (before, after) = (options.threads.exec_prerun.as_deref(), options.threads.exec_postrun.as_deref());
    let mut ended_ns = None;
    let outcome = place::take_place(&setup.options, number - 1)
        .and_then(|()| setup.lay_out(&|| shared.is_stopped(), journal))
        .and_then(|()| setup.set_schedulers())
        .and_then(|()| match before {
            Some(command) => programs::run_unless_stopped(command, &result.name, "prerun", &clock, shared),
            None => Ok(()),
        })
        .and_then(|()| {
            // What was not laid out in full is not there any more.
            if shared.is_stopped() {
                return Ok(());
            }
            let engine = setup.options.engine.ioengine.clone();
            engines::start(&engine, Life { setup, context, result: &mut result, ended_ns: &mut ended_ns })?
        });
    result.usage = place::usage().since(&result.usage);
    let has_ramp = !options.time.ramp_time.is_zero() || options.time.ramp_size > 0;
    let from_ns = if has_ramp { began_ns.max(shared.began_ns()) } else { began_ns };
    result.runtime_ms = ended_ns.unwrap_or_else(|| clock.now()).saturating_sub(from_ns) / 1_000_000;
    debug.tell(journal, Subject::Process, || format!("job {name} ({number}): ended after {} ms", result.runtime_ms));
    shared.enter(Phase::Ended);
    let after = after.map_or(Ok(()), |command| programs::run(command, &result.name, "postrun"));
    for failure in [outcome, after].into_iter().filter_map(Result::err) {
        shared.fail();
        journal.complain(&failure.line_at(&result.name, &place));
        result.error.get_or_insert(failure.result());
    }
    result
}

/// The part of the life that is compiled for each engine.
struct Life<'r, 'l> {
    setup: Box<JobSetup>,
    context: Context<'r>,
    result: &'l mut JobResult,
    /// When its I/O was over: how long the engine takes to go does not count.
    ended_ns: &'l mut Option<u64>,
}

impl Visitor for Life<'_, '_> {
    type Output = Result<(), JobFailure>;

    // Once for each engine, in a frame of its own: one of all engines would be as large as all of them.
    #[inline(never)]
    fn visit<E: Engine>(self) -> Self::Output {
        let Self { setup, context, result, ended_ns } = self;
        let at_once = E::completes_at_once(setup.options.io_depth.iodepth.max(1));
        let mut depth = limits::depth(&setup.options, at_once);
        depth.serialize_overlap |= depth.depth > 1 && proving::overlaps_mislead(&setup.options, &setup.offsets);
        let length_bytes_max = u32::try_from(setup.offsets.largest_block()).unwrap_or(u32::MAX);
        let memory = IoMemory::new(&content::memory(&setup.options), depth.depth, length_bytes_max)?;
        let _locked = match setup.options.buffers.lockmem {
            0 => None,
            bytes => Some(LockedMemory::new(usize::try_from(bytes).unwrap_or(usize::MAX))?),
        };
        let engine = E::new(&Setup {
            depth: depth.depth,
            file_count: u32::try_from(setup.files.files().len()).unwrap_or(u32::MAX),
            length_bytes_max,
            memory: &memory,
            reads: setup.shape().has(Direction::Read),
            writes: setup.shape().has(Direction::Write),
            direct: setup.options.io_type.direct,
            advised_random: files::advice(&setup.options).random(setup.shape().random),
            job_name: &setup.member.name,
            runtime_seconds: setup.options.time.runtime.as_secs(),
            options: &setup.engine_options,
        })?;
        if setup.description.traits.does_io {
            with_io(engine, &memory, setup, context, depth, result, ended_ns)
        } else {
            result.did_other_work = true;
            result.latency_target = limits::latency_target(&setup.options).result(depth.depth);
            without_io(engine, &memory, &setup, &context)
        }
    }
}

/// A job whose engine does something else: one step after another until it is told to end.
#[expect(unsafe_code, reason = "an I/O that refers to nothing but a buffer that lives longer")]
fn without_io<E: Engine>(
    mut engine: E,
    memory: &IoMemory,
    setup: &JobSetup,
    context: &Context<'_>,
) -> Result<(), JobFailure> {
    if let Some(line) = engine.announcement(&setup.member.name) {
        context.journal.note(&line);
    }
    (context.ready)();
    context.gate.wait();
    let Context { clock, shared, .. } = context;
    let began = clock.now();
    shared.set_began(began);
    shared.enter(Phase::Running);
    let end = Timing::new(began, setup.options.time.ramp_time, setup.options.time.runtime).end_ns();
    // A program is given its time to end after the job's own is over.
    let ends_by_time = setup.description.name != "exec";
    let length_bytes = u32::try_from(memory.buffer_bytes()).unwrap_or(u32::MAX);
    while !engine.finished() && !shared.is_stopped() {
        let now = clock.now();
        if ends_by_time && now >= end || setup.engine_options.cpu.exit_on_io_done && !(context.others_run)() {
            break;
        }
        let place = Place { file: 0, descriptor: -1, offset: 0, length_bytes };
        // SAFETY: the engine does no I/O, and the buffer lives longer than it.
        let mut io = unsafe { Io::new(Operation::Read, place, memory.buffer(0)) };
        if let engines::Queued::Done(outcome) = engine.queue(0, &mut io)
            && let Some(number) = outcome.error()
        {
            return Err(JobFailure::Engine { engine: E::DESCRIPTION.name, what: "start", number });
        }
        let worked = Duration::from_nanos(clock.now() - now);
        let until = clock.now().saturating_add(super::clock::nanoseconds(engine.pause(worked)));
        rest::sleep_until(clock, if ends_by_time { until.min(end) } else { until }, shared);
    }
    Ok(())
}

fn with_io<'r, E: Engine>(
    engine: E,
    memory: &'r IoMemory,
    setup: Box<JobSetup>,
    context: Context<'r>,
    depth: DepthSettings,
    result: &mut JobResult,
    ended_ns: &mut Option<u64>,
) -> Result<(), JobFailure> {
    let options = Arc::clone(&setup.options);
    let (largest, repeats) = (setup.offsets.largest_block(), setup.seeds.is_repeatable());
    let mut offsets = offsets(&setup)?;
    let name = setup.member.name.clone();
    let (gate, ready) = (Arc::clone(&context.gate), context.ready);
    let (clock, shared, journal) = (context.clock, context.shared, context.journal);
    let mut core = core(engine, memory, setup, context, depth)?;
    let phases = core.parts().prover.as_ref().map(Prover::phases);
    let open_max = match options.target_file.openfiles {
        0 => usize::MAX,
        count => count as usize,
    };
    let life = move || -> Result<(), Ended> {
        for file in 0..core.parts().files.files().len().min(open_max) {
            core.open(file)?;
            if options.target_file.pre_read {
                shared.enter(Phase::PreReading);
                core.parts().files.pre_read(file, &|| shared.is_stopped())?;
            }
        }
        core.fill_buffers(usize::try_from(largest).unwrap_or(usize::MAX));
        ready();
        gate.wait();
        let began = clock.now();
        core.start(began);
        shared.set_began(began);
        result.started_ms = options.time.job_start_clock_id.and_then(calendar::milliseconds);
        let mut job = Job { core: &mut core, runs_ns: [0; 2], repeats, options: &options, phases };
        let ended = if options.target_file.create_only { Ok(()) } else { job.work(&mut offsets) };
        let runs_ns = job.runs_ns;
        let (ended, closed) = (ended, core.close_all());
        *ended_ns = Some(clock.now());
        let works = !options.target_file.create_only && !phases.is_some_and(|phases| phases.dry_run);
        let progress = core.parts().progress.take();
        let writes = finish(core, &options, runs_ns, &name, result);
        let count = result.measurement.directions[Direction::Write.index()].ios;
        let saved = match (progress, writes) {
            (Some(progress), Some(writes)) => progress.save(writes, count, &offsets, journal),
            _ => Ok(()),
        };
        shared.set_saved();
        if !works {
            // Parity: nothing was looked for, and reports have no latency target.
            result.latency_target = LatencyTargetResult::default();
        }
        ended.and(closed).and(saved.map_err(Ended::from))
    };
    match life() {
        Ok(()) | Err(Ended::Stopped) => Ok(()),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

// A stack keeps each page that was ever touched. So what is large lies on the heap and is made in functions of its own, which
// have left the stack before the loop runs: a job's stack is what the loop needs, and not all that was once moved through it.

#[inline(never)]
fn offsets(setup: &JobSetup) -> Result<Box<Offsets>, JobFailure> {
    Ok(Box::new(Offsets::new(&setup.offsets, &setup.layout, setup.seeds.clone())?))
}

#[inline(never)]
fn core<'r, E: Engine>(
    engine: E,
    memory: &'r IoMemory,
    setup: Box<JobSetup>,
    context: Context<'r>,
    depth: DepthSettings,
) -> Result<Box<Core<'r, E>>, JobFailure> {
    let parts = parts(memory, setup, context, depth, E::completes_at_once(depth.depth))?;
    Ok(Core::new(engine, parts))
}

/// What the I/O loop of the job is made of.
#[inline(never)]
fn parts<'r>(
    memory: &'r IoMemory,
    mut setup: Box<JobSetup>,
    context: Context<'r>,
    depth: DepthSettings,
    at_once: bool,
) -> Result<Box<CoreParts<'r>>, JobFailure> {
    let prover = prover(&setup, &context, depth.depth)?;
    let progress = saved_state::is_saved(&setup.options).then(|| Progress::new(&setup, context.aux_path.as_deref()));
    let draws = setup.seeds.generator(Purpose::Priority, offset_options::width(&setup.options));
    let priorities = Priorities::new(&setup.options, draws)?;
    let lifetimes = lifetimes(&setup)?;
    let check_threads = check_threads(&setup, prover.as_ref(), depth.depth)?;
    let writes = writes(&mut setup, prover.is_some())?;
    let JobSetup { options, member, seeds, files, .. } = *setup;
    let Context { clock, shared, journal, debug, mut flow, ramp, locks, .. } = context;
    let file_count = files.files().len();
    let now = clock.now();
    let measured = measuring::measured(&options, at_once);
    let draws =
        [Purpose::ReadPoisson, Purpose::WritePoisson, Purpose::TrimPoisson].map(|purpose| seeds.taus88(purpose));
    if let Some(flow) = &mut flow {
        flow.begin();
    }
    Ok(Box::new(CoreParts {
        name: member.name,
        memory,
        files,
        clock,
        depth,
        reads_clock: measured.lat || measured.clat || measured.slat || limits::needs_time(&options),
        recorder: Recorder::new(&measuring::recorder(
            &options,
            at_once,
            priorities.as_ref().map_or(&[], Priorities::known),
        )),
        priority: place::io_priority(&options).unwrap_or(0),
        priorities,
        lifetimes,
        samples: Samples::new(limits::samples(&options, member.number, &member.section, measured), now),
        writes,
        prover,
        progress,
        check_threads,
        pace: Pace::new(limits::rates(&options), draws, now),
        think_cycles: options.io_rate.thinkcycles,
        thinking: Thinking::new(limits::thinking(&options), now),
        target: LatencyTarget::new(limits::latency_target(&options), depth.depth, now),
        flow,
        flow_sleep_ns: u64::from(options.threads.flow_sleep) * 1000,
        timing: Timing::new(
            now,
            if ramp.is_some() { Duration::MAX } else { options.time.ramp_time },
            options.time.runtime,
        ),
        ramp,
        used_before: ResourceUsage::default(),
        locks,
        tolerance: Tolerance::new(options.error_handling.clone(), options.io_size.fill_device),
        max_latency_ns: options.io_latency.max_latency.0.map(super::clock::nanoseconds),
        sync_range_flags: limits::sync_range_flags(&options),
        written: (options.io_type.sync_file_range.blocks > 0).then(|| Written::new(file_count)),
        debug,
        latency_from_due: limits::latency_from_due(&options),
        forgets_thinking: options.io_rate.rate_ignore_thinktime,
        shared,
        journal,
    }))
}

/// A job while it does I/O.
struct Job<'c, 'r, 'o, E: Engine> {
    core: &'c mut Core<'r, E>,
    /// Nanoseconds that the job ran, and that it read back what it wrote.
    runs_ns: [u64; 2],
    repeats: bool,
    options: &'o JobOptions,
    phases: Option<Phases>,
}

impl<E: Engine> Job<'_, '_, '_, E> {
    /// Pass after pass, until offsets, time or an error end it.
    fn work(&mut self, offsets: &mut Offsets) -> Result<(), Ended> {
        loop {
            let replays = self.phases.is_some_and(|phases| phases.after_run == AfterRun::Replay);
            let replay = replays.then(|| Box::new(offsets.clone()));
            let before = self.written();
            self.core.parts().files.begin_writing();
            let ended = self.pass(offsets);
            let synced = if self.written() == before { Ok(()) } else { self.sync_stage() };
            if matches!(ended, Ok(PhaseEnd::End) | Err(_)) || synced.is_err() {
                return ended.map(|_| ()).and(synced);
            }
            self.prove(replay, offsets)?;
            if self.core.parts().shared.is_stopped() {
                return Err(Ended::Stopped);
            }
            self.core.close_all()?;
            if self.options.target_file.unlink_each_loop {
                self.core.unlink_before_opening();
            }
            let repeats = self.repeats;
            if let Some(prover) = &mut self.core.parts().prover {
                prover.begin_pass(repeats);
            }
        }
    }

    fn pass(&mut self, offsets: &mut Offsets) -> Result<PhaseEnd, Ended> {
        let parts = self.core.parts();
        let (clock, shared) = (parts.clock, parts.shared);
        let began = clock.now();
        shared.enter(if parts.timing.is_ramping() { Phase::Ramping } else { Phase::Running });
        let ended = if self.phases.is_some_and(|phases| phases.dry_run) {
            self.core.dry_run(offsets)
        } else {
            self.core.run(offsets)
        };
        let from = began.max(self.core.parts().timing.measured_from_ns());
        self.runs_ns[0] += clock.now().saturating_sub(from);
        ended
    }

    /// Reads back what was written, if the job is to.
    fn prove(&mut self, replay: Option<Box<Offsets>>, offsets: &mut Offsets) -> Result<(), Ended> {
        let after = self.phases.map_or(AfterRun::Nothing, |phases| phases.after_run);
        let waits = self.core.parts().prover.as_ref().is_some_and(Prover::has_writes);
        if after == AfterRun::Nothing || !waits && replay.is_none() {
            return Ok(());
        }
        self.core.close_all()?;
        let (clock, shared) = (self.core.parts().clock, self.core.parts().shared);
        shared.enter(Phase::Verifying);
        let (journal, debug) = (self.core.parts().journal, self.core.parts().debug);
        debug.tell(journal, Subject::Verify, || "reading back what was written".to_owned());
        let began = clock.now();
        let ended = match replay {
            Some(mut copy) => self.core.run_replay(&mut copy, offsets),
            None => self.core.run_proof(offsets),
        };
        debug.tell(journal, Subject::Verify, || match &ended {
            Ok(_) => "all was read back".to_owned(),
            Err(_) => "ended before all was read back".to_owned(),
        });
        self.runs_ns[1] += clock.now().saturating_sub(began);
        ended.map(|_| ())
    }

    /// The writes so far, and when they began to count: the end of a ramp forgets those before it.
    fn written(&mut self) -> (u64, u64) {
        let parts = self.core.parts();
        (parts.recorder.completed()[Direction::Write.index()], parts.timing.measured_from_ns())
    }

    /// Makes durable what a pass wrote (`end_fsync`, `end_syncfs`), before it is read back or written again.
    fn sync_stage(&mut self) -> Result<(), Ended> {
        let io_type = &self.options.io_type;
        if !(io_type.end_fsync || io_type.end_syncfs) || !E::DESCRIPTION.traits.does_io {
            return Ok(());
        }
        self.core.parts().shared.enter(Phase::Syncing);
        if io_type.end_syncfs {
            self.core.sync_file_systems()?
        } else {
            self.core.sync_all()?
        }
        self.core.parts().files.end_writing();
        Ok(())
    }
}

fn prover(setup: &JobSetup, context: &Context<'_>, depth: u32) -> Result<Option<Prover>, JobFailure> {
    let Some(verifier) = setup.verifier.clone() else {
        return Ok(None);
    };
    let options = &setup.options;
    let workload = proving::workload(options, &setup.offsets);
    let order = if workload.verified_in_write_order { HistoryOrder::Issued } else { HistoryOrder::Offset };
    let verification = &options.verification;
    let backlog = verification.verify_backlog;
    let width = offset_options::width(options);
    let checker = Checker {
        verifier,
        fatal: verification.verify_fatal,
        goes_on: options.error_handling.continue_on_error.verify,
        dumps: verification.verify_dump,
        aux_path: context.aux_path.clone(),
    };
    let settings = ProverSettings {
        checker: Arc::new(checker),
        rules: HeaderRules::of(&workload),
        phases: Phases::of(&workload),
        order,
        backlog: (backlog > 0 && workload.writes)
            .then(|| VerifyBacklog::new(backlog, u64::from(verification.verify_backlog_batch))),
        trims: proving::trims(options, setup.seeds.generator(Purpose::Trim, width)),
        completed: saved_state::completed(options, setup.files.files().len()),
        saves_synced: verification.verify_policy == VerifyPolicy::Fsynced,
        earlier: saved_state::load(options, &setup.member, context.aux_path.as_deref(), context.journal)?,
        seeds: setup.seeds.generator(Purpose::Verify, width),
        job_number: setup.member.number,
        keeps_data: setup.description.traits.keeps_data,
    };
    Ok(Some(Prover::new(settings, depth)))
}

/// What the blocks of the file go through (`block_error_percentiles`), and bytes of a block.
fn lifetimes(setup: &JobSetup) -> Result<Option<(BlockLifetimes, u64)>, JobFailure> {
    if !setup.options.measurements.block_error_percentiles {
        return Ok(None);
    }
    let block_bytes = setup.offsets.block_sizes[Direction::Trim.index()].minimum.max(1);
    let bytes: u64 = setup.layout.files.iter().map(|file| file.length).sum();
    let blocks = usize::try_from(bytes / block_bytes).unwrap_or(usize::MAX);
    if !(1..=BLOCKS_MAX).contains(&blocks) {
        let text = format!("block_error_percentiles: {blocks} blocks to trim; there must be 1 to {BLOCKS_MAX} of them");
        return Err(JobFailure::Option(text));
    }
    Ok(Some((BlockLifetimes::new(blocks), block_bytes)))
}

/// The threads of `verify_async`.
fn check_threads(setup: &JobSetup, prover: Option<&Prover>, depth: u32) -> Result<Option<CheckThreads>, JobFailure> {
    let verification = &setup.options.verification;
    let (Some(prover), 1..) = (prover, verification.verify_async) else {
        return Ok(None);
    };
    let files = setup.files.files().iter().map(|file| file.path().to_owned()).collect();
    let (count, cpus) = (verification.verify_async, verification.verify_async_cpus.as_ref());
    let threads = CheckThreads::start(count, cpus, prover.checker(), files, depth);
    Ok(Some(threads.map_err(|source| JobFailure::System { what: format!("verify_async={count}"), source })?))
}

fn writes(setup: &mut JobSetup, verifies: bool) -> Result<Option<Writes>, JobFailure> {
    if !setup.shape().has(Direction::Write) || verifies || !setup.description.traits.keeps_data {
        return Ok(None);
    }
    let before = setup.writes.take();
    Ok(Some(before.map_or_else(|| setup.new_writes(), Ok)?))
}

/// What was measured becomes the job's result; logs are written, files removed.
#[expect(
    clippy::boxed_local,
    reason = "outside of its box it would have a place on the stack of the caller while the job runs"
)]
#[inline(never)]
fn finish<E: Engine>(
    core: Box<Core<'_, E>>,
    options: &JobOptions,
    runs_ns: [u64; 2],
    name: &str,
    result: &mut JobResult,
) -> Option<SavedWrites> {
    let results = core.into_results();
    let mut measurement: Measurement = results.recorder.measurement();
    for (index, direction) in measurement.directions.iter_mut().enumerate() {
        let in_run = is_in_run(options, Direction::ALL[index]);
        let ran_ns =
            if in_run { runs_ns[0] } else { 0 } + if index == Direction::Read.index() { runs_ns[1] } else { 0 };
        if direction.bytes > 0 || direction.ios > 0 {
            direction.runtime_ms = ran_ns.div_ceil(1_000_000);
        }
    }
    let mut samples = results.samples;
    samples.add_to(&mut measurement);
    result.measurement = measurement;
    result.blocks = results.lifetimes;
    result.usage = results.used_before;
    let continues = &options.error_handling.continue_on_error;
    if continues.read || continues.write || continues.verify {
        result.continued_errors = Some(results.continued);
    }
    let (target, depth) = results.target.found();
    result.latency_target = target.result(depth);
    // The job does no I/O any more: the thread is free to be where logs are to be compressed.
    if let Some(cores) = &options.measurements.log_compression_cpus
        && let Err(error) = place::allow(cores.as_slice())
    {
        let cores = place::listed(cores.as_slice());
        results.journal.complain(&format!("{name}: log_compression_cpus={cores}: {error}"));
    }
    if let Err((path, error)) = samples.write(results.clock.now(), results.journal) {
        results.journal.complain(&format!("{name}: cannot write the log {}: {error}", path.display()));
    }
    if options.target_file.unlink
        && let Err(error) = results.files.unlink()
    {
        results.journal.complain(&format!("{name}: {}", super::ended::chain(&error)));
    }
    results.saved
}

/// Whether the job does I/O of this direction while it runs, and not only when it reads back what it wrote.
///
/// Parity: later versions of fio. 3.33 divides what a backlog has read by the time after the run, which is next to none.
fn is_in_run(options: &JobOptions, direction: Direction) -> bool {
    let shape = super::convert::Shape::of(options);
    let of_backlog = match direction {
        Direction::Read => options.verification.verify_backlog > 0 && proving::is_wanted(options),
        Direction::Trim => proving::trims_in_run(options),
        Direction::Write => false,
    };
    shape.has(direction) || of_backlog && shape.has(Direction::Write)
}

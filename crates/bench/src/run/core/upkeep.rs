//! What the loop does besides I/O: looking at the time now and then, pauses, files, its beginning and its end.
#![expect(unsafe_code, reason = "fills the buffers of I/Os that are not under way")]

use std::hint::cold_path;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::super::clock::nanoseconds;
use super::super::debug::Subject;
use super::super::ended::{Ended, JobFailure};
use super::super::latency_target::Verdict;
use super::super::place;
use super::super::proof::Prover;
use super::super::rest;
use super::super::shared::Phase;
use super::super::slots::Purpose;
use super::super::timing::Moment;
use super::{Core, CoreParts, CoreResults, IOS_PER_READING, NOT_OPEN, PhaseEnd, WAIT_MAX, WITHOUT_DESCRIPTOR, index};
use crate::direction::Direction;
use crate::engines::{Engine, OpenedFile};
use crate::offsets::{Offsets, Step};

impl<'j, E: Engine> Core<'j, E> {
    /// The time, where latencies are measured; otherwise the time of some I/Os ago.
    #[inline(always)]
    pub(super) fn read_clock(&mut self) -> u64 {
        if self.parts.reads_clock {
            return self.parts.clock.now();
        }
        cold_path();
        if self.until_clock == 0 {
            self.until_clock = IOS_PER_READING;
            self.now_ns = self.parts.clock.now();
        }
        self.until_clock -= 1;
        self.now_ns
    }

    /// What is looked at about once a millisecond.
    #[cold]
    pub(super) fn look(&mut self) -> Result<(), Ended> {
        let now = self.parts.clock.now();
        self.now_ns = now;
        if self.parts.shared.is_stopped() {
            return Err(Ended::Stopped);
        }
        let bytes = self.parts.recorder.bytes();
        match self.moment(now, bytes) {
            Moment::Before => {}
            Moment::RampOver => {
                self.parts.recorder.reset();
                self.parts.used_before = place::usage();
                self.parts.samples.begin(now);
                let CoreParts { debug, journal, .. } = &self.parts;
                debug.tell(*journal, Subject::Time, || "the ramp is over: I/Os count from now on".to_owned());
                self.parts.shared.set_began(now);
                self.parts.shared.enter(Phase::Running);
            }
            Moment::Over => return Err(Ended::Stopped),
        }
        let (bytes, ios) = (self.parts.recorder.bytes(), self.parts.recorder.completed());
        self.parts.samples.look(now, bytes, ios);
        self.parts.pace.check(now, bytes, ios)?;
        self.publish();
        self.search_oldest(now);
        if self.parts.shared.is_asked() {
            self.answer(now);
        }
        match self.parts.target.look(now) {
            Verdict::GoOn | Verdict::Changed => Ok(()),
            Verdict::Found => Err(Ended::Stopped),
            Verdict::Impossible => Err(JobFailure::TargetMissed.into()),
        }
    }

    /// What the time, and the bytes moved so far, say.
    fn moment(&mut self, now: u64, bytes: [u64; 3]) -> Moment {
        let CoreParts { timing, ramp, .. } = &mut self.parts;
        let moment = timing.look(now);
        if moment == Moment::Before && ramp.as_mut().is_some_and(|ramp| ramp.is_over(bytes.iter().sum())) {
            *ramp = None;
            timing.end_ramp(now);
            return Moment::RampOver;
        }
        moment
    }

    /// Tells what was measured so far.
    fn answer(&self, now: u64) {
        let parts = &self.parts;
        let mut measurement = parts.recorder.measurement();
        parts.samples.add_to(&mut measurement);
        let ran_ms = now.saturating_sub(parts.timing.measured_from_ns()).div_ceil(1_000_000);
        for direction in measurement.directions.iter_mut().filter(|direction| direction.ios > 0) {
            direction.runtime_ms = ran_ms;
        }
        parts.shared.answer(measurement, parts.target.depth());
    }

    pub(super) fn publish(&self) {
        let CoreParts { recorder, shared, .. } = &self.parts;
        shared.publish(recorder.bytes(), recorder.completed());
        if self.under_way == 0 {
            shared.clear_oldest();
        }
    }

    /// Nothing came back for a while. Whoever watches is told all that there is to tell: the word to stop may have come, and
    /// nobody knows whether anything else follows.
    #[cold]
    pub(super) fn waited(&mut self, now: u64) {
        self.publish();
        self.next_search_ns = 0;
        self.search_oldest(now);
        if self.parts.shared.is_asked() {
            self.answer(now);
        }
    }

    /// Tells which I/O is waited for longest; once a second, as it goes through all slots.
    fn search_oldest(&mut self, now: u64) {
        if self.under_way == 0 || now < self.next_search_ns {
            return;
        }
        self.next_search_ns = now.saturating_add(nanoseconds(WAIT_MAX));
        let Some(oldest) = self.slots.oldest() else {
            return;
        };
        self.is_waiting = now.saturating_sub(oldest.issued_ns) >= nanoseconds(WAIT_MAX);
        self.parts.shared.set_oldest(oldest);
    }

    /// Some engines do in `commit` what hangs: whoever watches knows its first I/O, unless an older one hangs already.
    #[inline]
    pub(super) fn tell_commit(&self) {
        let shared = self.parts.shared;
        if let (false, true, Some(&first)) = (self.is_waiting, E::DESCRIPTION.traits.keeps_data, self.pending.first()) {
            shared.set_oldest(self.slots.get(first));
        }
    }

    /// Saves the state of the verification now that the job was stopped, if whoever stopped it waits for that.
    pub(super) fn save_at_once(&mut self, offsets: &Offsets) -> Result<(), Ended> {
        let CoreParts { shared, recorder, prover, progress, journal, .. } = &mut self.parts;
        if !shared.is_stopped() || !shared.saves_at_once() {
            return Ok(());
        }
        if let (Some(progress), Some(saved)) = (progress.take(), prover.as_ref().and_then(Prover::saved)) {
            let count = recorder.measurement().directions[Direction::Write.index()].ios;
            progress.save(saved, count, offsets, *journal)?;
        }
        shared.set_saved();
        Ok(())
    }

    pub(super) fn think(&mut self) -> Result<(), Ended> {
        let Some(pause) = self.parts.thinking.due(self.now_ns) else {
            return Ok(());
        };
        self.drain()?;
        self.publish();
        let began = self.parts.clock.now();
        rest::spin_until(&self.parts.clock, began + pause.spin_ns, self.parts.shared);
        let until = (began + pause.spin_ns + pause.sleep_ns).min(self.parts.timing.end_ns());
        self.waking.rest_until(&self.parts.clock, until, self.parts.shared);
        let now = self.parts.clock.now();
        self.now_ns = now;
        self.parts.thinking.ended(now);
        if self.parts.forgets_thinking {
            self.parts.pace.skip_pause(now.saturating_sub(began));
        }
        Ok(())
    }

    /// Opens a file of the job for engine and loop.
    #[cold]
    pub(in crate::run) fn open(&mut self, file: usize) -> Result<(), Ended> {
        self.parts.shared.clear_oldest();
        if std::mem::take(&mut self.unlink_first[file]) {
            self.parts.files.unlink_one(file)?;
        }
        let descriptor = self.parts.files.open(file)?;
        let opened = &self.parts.files.files()[file];
        let extent = opened.extent();
        self.engine.open_file(&OpenedFile {
            index: index(file),
            descriptor,
            path: opened.path(),
            offset: extent.offset,
            length_bytes: extent.length_bytes,
        })?;
        let CoreParts { debug, journal, .. } = &self.parts;
        debug.tell(*journal, Subject::File, || {
            let (name, offset, length) = (opened.path().display(), extent.offset, extent.length_bytes);
            format!("open {name}: off={offset:#x},len={length:#x},fd={descriptor}")
        });
        self.descriptors[file] = if descriptor < 0 { WITHOUT_DESCRIPTOR } else { descriptor };
        let open = self.descriptors.iter().filter(|&&descriptor| descriptor != NOT_OPEN).count();
        self.parts.shared.set_files_open(u32::try_from(open).unwrap_or(u32::MAX));
        Ok(())
    }

    /// The offsets begin a file anew that is open all the time (`time_based`): what was read or written of it is not to make the next
    /// round faster than the first.
    #[cold]
    pub(super) fn file_started_over(&mut self, file: usize) {
        self.parts.files.drop_cached(file);
        let CoreParts { debug, journal, .. } = &self.parts;
        debug.tell(*journal, Subject::File, || format!("start over {}", self.file_name(index(file))));
    }

    /// Files are removed before they are opened the next time (`unlink_each_loop`): those of the last pass stay.
    pub(in crate::run) fn unlink_before_opening(&mut self) {
        self.unlink_first.fill(true);
    }

    /// Closes all files; nothing is under way.
    pub(in crate::run) fn close_all(&mut self) -> Result<(), Ended> {
        debug_assert_eq!(self.slots.taken(), 0, "files are closed when nothing is under way");
        self.parts.shared.clear_oldest();
        let mut result = Ok(());
        for file in 0..self.descriptors.len() {
            if self.descriptors[file] != NOT_OPEN {
                self.engine.close_file(index(file));
                let CoreParts { debug, journal, .. } = &self.parts;
                debug.tell(*journal, Subject::File, || format!("close {}", self.file_name(index(file))));
                result = result.and(self.parts.files.close(file));
                self.descriptors[file] = NOT_OPEN;
            }
        }
        self.parts.files.end_writing();
        self.parts.shared.set_files_open(0);
        Ok(result?)
    }

    /// Makes every file durable (`end_fsync`).
    pub(in crate::run) fn sync_all(&mut self) -> Result<(), Ended> {
        for file in 0..self.descriptors.len() {
            self.begin_sync(file, Purpose::LastSync)?;
            self.drain()?;
        }
        Ok(())
    }

    /// Makes every file system of the job's files durable (`end_syncfs`), each once.
    pub(in crate::run) fn sync_file_systems(&mut self) -> Result<(), Ended> {
        let mut synced = Vec::new();
        for file in 0..self.descriptors.len() {
            if self.descriptors[file] == NOT_OPEN {
                self.open(file)?;
            }
            if self.descriptors[file] == WITHOUT_DESCRIPTOR {
                continue;
            }
            // SAFETY: the file is open, and stays so until `close_all`.
            let descriptor = unsafe { BorrowedFd::borrow_raw(self.descriptors[file]) };
            let failed = |source: Errno| {
                let what = format!("end_syncfs: the file system of {}", self.file_name(index(file)));
                Ended::from(JobFailure::System { what, source: source.into() })
            };
            let device = rustix::fs::fstat(descriptor).map_err(failed)?.st_dev;
            if !synced.contains(&device) {
                rustix::fs::syncfs(descriptor).map_err(failed)?;
                synced.push(device);
            }
        }
        Ok(())
    }

    /// Fills every buffer once, as the first writes take them.
    pub(in crate::run) fn fill_buffers(&mut self, length_bytes: usize) {
        for slot in 0..self.parts.depth.depth {
            let buffer = self.buffer(slot);
            if let Some(writes) = &mut self.parts.writes {
                // SAFETY: the buffer is valid for the longest I/O, and nothing is under way.
                writes.fill(unsafe { std::slice::from_raw_parts_mut(buffer.as_ptr(), length_bytes) });
            }
        }
    }

    /// Tells of an I/O if `--debug` asks for it.
    #[cold]
    pub(super) fn tell_io(&self, slot: u32, event: &str, more: &str) {
        let CoreParts { debug, journal, .. } = &self.parts;
        debug.tell(*journal, Subject::Io, || {
            let slot = self.slots.get(slot);
            let (offset, length, name) = (slot.offset, slot.length_bytes, slot.name());
            format!("{event}: off={offset:#x},len={length:#x},ddir={name},file={}{more}", self.file_name(slot.file))
        });
    }

    pub(super) fn file_name(&self, file: u32) -> String {
        self.parts.files.files()[file as usize].path().display().to_string()
    }

    pub(super) fn engine_failure(&self, what: &'static str, number: Errno) -> Ended {
        JobFailure::Engine { engine: E::DESCRIPTION.name, what, number }.into()
    }

    pub(in crate::run) fn parts(&mut self) -> &mut CoreParts<'j> {
        &mut self.parts
    }

    /// The job begins now: everything that follows time starts from here.
    pub(in crate::run) fn start(&mut self, now_ns: u64) {
        let parts = &mut self.parts;
        parts.timing = parts.timing.restarted(now_ns);
        parts.pace.begin(now_ns);
        parts.thinking.ended(now_ns);
        parts.target.begin(now_ns);
        parts.samples.begin(now_ns);
        let begins = if parts.timing.is_ramping() { "the ramp begins" } else { "the job begins to count" };
        parts.debug.tell(parts.journal, Subject::Time, || begins.to_owned());
        self.now_ns = now_ns;
    }

    /// Goes through a pass without I/O, for what it remembers (`verify_only`).
    pub(in crate::run) fn dry_run(&mut self, offsets: &mut Offsets) -> Result<PhaseEnd, Ended> {
        loop {
            if self.parts.shared.is_stopped() {
                return Err(Ended::Stopped);
            }
            match offsets.next_step() {
                Step::Io(io) if io.direction == Direction::Write => {
                    if let Some(prover) = &mut self.parts.prover {
                        prover.remember(0, index(io.file), io.offset, io.length);
                        prover.write_ended(0, true);
                    }
                }
                Step::Io(_) | Step::Sync { .. } => {}
                Step::PassEnded => return Ok(PhaseEnd::Pass),
                Step::End => return Ok(PhaseEnd::End),
            }
        }
    }

    /// What was measured, and what is left to be done.
    pub(in crate::run) fn into_results(self) -> CoreResults<'j> {
        let CoreParts {
            recorder,
            samples,
            target,
            tolerance,
            used_before,
            files,
            clock,
            journal,
            prover,
            lifetimes,
            ..
        } = self.parts;
        drop(self.check_threads);
        drop(self.engine);
        let saved = prover.as_ref().and_then(Prover::saved);
        let lifetimes = lifetimes.map(|(blocks, _)| blocks).unwrap_or_default();
        CoreResults {
            saved,
            lifetimes,
            recorder,
            samples,
            target,
            continued: tolerance.counted(),
            used_before,
            files,
            clock,
            journal,
        }
    }
}

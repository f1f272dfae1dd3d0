//! What follows from an I/O that is over: statistics, verification, errors, the rest of a short transfer.
#![expect(unsafe_code, reason = "looks at the buffers of I/Os that are over")]

use std::hint::cold_path;

use rustix::io::Errno;

use super::super::check_threads::{Checked, Lent};
use super::super::checker::Wrong;
use super::super::ended::{Ended, JobFailure};
use super::super::samples::LoggedIo;
use super::super::slots::{Purpose, Slot};
use super::{Core, CoreParts};
use crate::direction::Direction;
use crate::engines::{Engine, Outcome};
use crate::statistics::Completion as Measured;
use crate::verify::Reaction;

impl<E: Engine> Core<'_, E> {
    /// `together`: others are seen to be over at the same time.
    #[inline(always)]
    pub(super) fn complete(&mut self, index: u32, outcome: Outcome, now: u64, together: bool) -> Result<(), Ended> {
        let slot = self.slots.get(index);
        if outcome.bytes() < slot.length_bytes - slot.moved_bytes || slot.is_sync() {
            cold_path();
            return self.complete_other(index, outcome, now);
        }
        let (direction, length_bytes) = (slot.direction(), u64::from(slot.length_bytes));
        if together && self.counts_together {
            let slat_ns = slot.issued_ns.saturating_sub(slot.started_ns);
            let clat_ns = now.saturating_sub(slot.issued_ns);
            self.parts.recorder.record_together(direction, length_bytes, slat_ns, clat_ns);
        } else {
            self.parts.recorder.record_completion(direction, measured(slot, now));
        }
        self.slots.put_back(index);
        if self.follows_ends {
            return self.follow_end(index, now);
        }
        if self.parts.prover.is_some() {
            return self.prove(index);
        }
        Ok(())
    }

    /// One that failed or was cut short, or that moves no data.
    #[inline(never)]
    fn complete_other(&mut self, index: u32, outcome: Outcome, now: u64) -> Result<(), Ended> {
        let slot = *self.slots.get(index);
        if let Some(number) = outcome.error() {
            return self.failed(index, slot, number);
        }
        if !slot.is_sync() {
            return self.moved_part(index, slot, outcome.bytes());
        }
        self.slots.put_back(index);
        if let Purpose::Sync(_) = slot.purpose {
            self.parts.recorder.record_sync(now.saturating_sub(slot.issued_ns));
        }
        if let Some(prover) = &mut self.parts.prover {
            prover.sync_succeeded(index);
        }
        Ok(())
    }

    #[cold]
    fn too_late(&self, slot: Slot, took_ns: u64, allowed_ns: u64) -> Ended {
        let failure = JobFailure::TooLate {
            file: self.file_name(slot.file),
            operation: slot.name(),
            offset: slot.offset,
            took_us: took_ns / 1000,
            allowed_us: allowed_ns / 1000,
        };
        failure.into()
    }

    /// What some jobs want of each I/O that is over.
    #[cold]
    fn follow_end(&mut self, index: u32, now: u64) -> Result<(), Ended> {
        self.tell_io(index, "complete", "");
        let slot = *self.slots.get(index);
        let measured = measured(&slot, now);
        let CoreParts { samples, recorder, priority, priorities, lifetimes, written, .. } = &mut self.parts;
        let direction = slot.direction();
        if samples.logs_ios() {
            let priority = if slot.priority == 0 { *priority } else { slot.priority };
            samples.record(direction, &measured, LoggedIo { offset: slot.offset, priority }, now, recorder);
        }
        if let Some(place) = priorities.as_ref().and_then(|known| known.place(direction, slot.priority)) {
            recorder.record_priority(direction, place, measured);
        }
        if let (Some((blocks, block_bytes)), Direction::Trim) = (lifetimes, direction) {
            blocks.trimmed(block_of(slot.offset, *block_bytes));
        }
        if let (Some(written), Direction::Write) = (written, direction) {
            written.add(slot.file, slot.offset, slot.length_bytes);
        }
        if self.parts.prover.is_some() {
            self.prove(index)?;
        }
        let CoreParts { target, thinking, .. } = &mut self.parts;
        if target.is_on() {
            target.record(measured.lat_ns);
        }
        if thinking.is_on() && !thinking.counts_issued() {
            thinking.count(1);
        }
        let allowed = self.parts.max_latency_ns[direction.index()];
        if allowed > 0 && measured.lat_ns > allowed {
            return Err(self.too_late(slot, measured.lat_ns, allowed));
        }
        Ok(())
    }

    /// The rest of a short transfer is an I/O of its own.
    pub(super) fn moved_part(&mut self, index: u32, slot: Slot, bytes: u32) -> Result<(), Ended> {
        if bytes == 0 {
            let failure = JobFailure::NothingMoved {
                file: self.file_name(slot.file),
                operation: slot.name(),
                offset: slot.offset + u64::from(slot.moved_bytes),
                length_bytes: slot.length_bytes - slot.moved_bytes,
            };
            return self.tolerate(index, slot, Errno::IO, failure);
        }
        self.parts.recorder.record_short(slot.direction());
        self.slots.get_mut(index).moved_bytes += bytes;
        self.retries.push(index);
        Ok(())
    }

    pub(super) fn failed(&mut self, index: u32, slot: Slot, number: Errno) -> Result<(), Ended> {
        self.tell_io(index, "complete", &format!(",error={}", number.raw_os_error()));
        let explanation = self.engine.explain().map(|text| format!(" ({text})")).unwrap_or_default();
        let failure = JobFailure::Io {
            file: self.file_name(slot.file),
            number,
            operation: slot.name(),
            offset: slot.offset,
            length_bytes: slot.length_bytes,
            explanation,
        };
        self.tolerate(index, slot, number, failure)
    }

    /// An I/O failed: its slot is free, and the job goes on or ends.
    pub(super) fn tolerate(&mut self, index: u32, slot: Slot, number: Errno, failure: JobFailure) -> Result<(), Ended> {
        self.give_up(index);
        if let Some((blocks, block_bytes)) = &mut self.parts.lifetimes {
            let block = block_of(slot.offset, *block_bytes);
            match slot.purpose {
                Purpose::Io(Direction::Trim) => blocks.trim_failed(block),
                Purpose::Io(Direction::Write) => blocks.write_failed(block),
                _ => {}
            }
        }
        let direction = if slot.purpose == Purpose::Proof { None } else { Some(slot.direction()) };
        if self.parts.tolerance.ends_quietly(number, direction) {
            return Err(Ended::Stopped);
        }
        if self.parts.tolerance.tells(number, direction) {
            self.parts.journal.complain(&failure.line(&self.parts.name));
        }
        if self.parts.tolerance.goes_on(number, direction) { Ok(()) } else { Err(failure.into()) }
    }

    pub(super) fn prove(&mut self, index: u32) -> Result<(), Ended> {
        let slot = self.slots.get(index);
        let (direction, &Slot { purpose, file, length_bytes, offset, .. }) = (slot.direction(), slot);
        let buffer = self.buffer(index);
        let CoreParts { prover, files, .. } = &mut self.parts;
        let Some(prover) = prover else {
            return Ok(());
        };
        prover.ended(direction);
        let expectation = match purpose {
            Purpose::Io(Direction::Read) => prover.own_expectation(offset),
            Purpose::Proof => prover.take_expectation(index),
            Purpose::Io(Direction::Write) => {
                prover.write_ended(index, true);
                prover.write_arrived(file, offset);
                None
            }
            Purpose::Io(Direction::Trim) | Purpose::Sync(_) | Purpose::LastSync => None,
        };
        let Some(expectation) = expectation else {
            return Ok(());
        };
        if let Some(threads) = &mut self.check_threads {
            self.slots.keep(index);
            // SAFETY: the I/O in the slot is over, the slot is kept until its block comes back, and the threads end before
            // the engine and the memory.
            threads.lend(unsafe { Lent::new((index, file), buffer, length_bytes, expectation) });
            return Ok(());
        }
        // SAFETY: the buffer is valid for the longest I/O, and the one in its slot is over.
        let block = unsafe { std::slice::from_raw_parts_mut(buffer.as_ptr(), length_bytes as usize) };
        let wrong = prover.checker().check(&expectation, files.files()[file as usize].path(), block);
        wrong.map_or(Ok(()), |wrong| self.react(&wrong))
    }

    /// A block was wrong.
    #[cold]
    fn react(&mut self, wrong: &Wrong) -> Result<(), Ended> {
        wrong.lines.iter().for_each(|line| self.parts.journal.complain(line));
        match wrong.reaction {
            Reaction::Count => {
                self.parts.tolerance.count(crate::verify::VERIFY_ERROR);
                Ok(())
            }
            Reaction::End => Err(JobFailure::Verify.into()),
        }
    }

    /// Takes back the slots whose blocks other threads have checked; with `wait` at least one, if there is any.
    pub(super) fn take_checked(&mut self, wait: bool) -> Result<(), Ended> {
        let Some(threads) = &mut self.check_threads else {
            return Ok(());
        };
        let mut checked = Vec::new();
        threads.take_back(wait, &mut checked);
        let mut first_end = Ok(());
        for Checked { slot, wrong } in checked {
            self.slots.put_back(slot);
            let end = wrong.map_or(Ok(()), |wrong| self.react(&wrong));
            first_end = first_end.and(end);
        }
        first_end
    }
}

/// How long an I/O took that is over now.
#[inline(always)]
fn measured(slot: &Slot, now: u64) -> Measured {
    Measured {
        bytes: u64::from(slot.length_bytes),
        slat_ns: slot.issued_ns.saturating_sub(slot.started_ns),
        clat_ns: now.saturating_sub(slot.issued_ns),
        lat_ns: now.saturating_sub(slot.started_ns),
    }
}

/// The block that an offset is in.
fn block_of(offset: u64, block_bytes: u64) -> usize {
    usize::try_from(offset / block_bytes.max(1)).unwrap_or(usize::MAX)
}

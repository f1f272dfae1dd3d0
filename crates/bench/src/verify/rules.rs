//! What is done and what is compared, for which workload: fio's conditions in one place.

/// What the rules depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkloadShape {
    /// The job reads (`rw`).
    pub reads: bool,
    /// The job writes.
    pub writes: bool,
    /// Every block has the same length.
    pub fixed_block_size: bool,
    /// Blocks are verified in the order that they were written in, each of them once: the history has
    /// [that order](super::HistoryOrder::Issued).
    pub verified_in_write_order: bool,
    /// `time_based`.
    pub time_based: bool,
    /// `do_verify`.
    pub do_verify: bool,
    /// `verify_only`.
    pub verify_only: bool,
    /// `verify_backlog` is set.
    pub backlog: bool,
    /// Blocks are trimmed while the job runs (`trim_backlog`).
    pub trims_in_run: bool,
    /// There is a time after a pass to read back in: not where the job's time is what ends the first.
    pub passes_end: bool,
    /// `experimental_verify`.
    pub experimental: bool,
    /// `verify_header_seed`, newer than fio 3.33, on unless switched off.
    pub header_seed: bool,
    /// `verify_write_sequence`, newer than fio 3.33, on unless switched off.
    pub write_sequence: bool,
}

/// What a header is compared with besides its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderRules {
    /// The seed, drawn again in the order of verification.
    pub seed: bool,
    /// The number of the write.
    pub number: bool,
}

impl HeaderRules {
    /// The rules for a workload.
    ///
    /// Parity: fio 3.33 compares seeds in jobs that read and write without a backlog, and numbers where blocks have one length,
    /// those of the last write to each. Drawn again (`experimental_verify`), a block that was written twice is found with the number
    /// of the later write, as in later versions. It also compares seeds of random writes without a random map, which come back in
    /// another order and fail for it; here they are not compared.
    #[must_use]
    pub const fn of(shape: &WorkloadShape) -> Self {
        Self {
            seed: shape.reads && shape.writes && !shape.backlog && shape.header_seed && shape.verified_in_write_order,
            number: shape.writes
                && shape.fixed_block_size
                && !shape.time_based
                && !shape.verify_only
                && (!shape.experimental || shape.verified_in_write_order)
                && shape.write_sequence,
        }
    }
}

/// What follows the run of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterRun {
    /// Nothing.
    Nothing,
    /// The writes of the history are read and checked.
    History,
    /// The job's generators begin anew, and what they give again as writes is read and checked (`experimental_verify`). Numbers count
    /// from that of the pass's first write, seeds are drawn as for writes.
    Replay,
}

/// What a job with `verify` does in which phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phases {
    /// The run is only counted, nothing is issued (`verify_only`): it gives the history and the numbers.
    pub dry_run: bool,
    /// Writes are remembered in the history. Not where nobody asks for them, which would be one write more each time.
    pub records_writes: bool,
    /// Every read of the run is checked, not only those out of the history.
    pub checks_every_read: bool,
    /// What comes then.
    pub after_run: AfterRun,
}

impl Phases {
    /// The phases of a workload.
    #[must_use]
    pub const fn of(shape: &WorkloadShape) -> Self {
        let after_run = if !shape.do_verify {
            AfterRun::Nothing
        } else if shape.experimental {
            AfterRun::Replay
        } else {
            AfterRun::History
        };
        Self {
            dry_run: shape.verify_only && shape.writes,
            records_writes: shape.writes
                && shape.do_verify
                && !shape.experimental
                && (shape.backlog || shape.trims_in_run || shape.passes_end),
            checks_every_read: !(shape.reads && shape.writes),
            after_run,
        }
    }
}

/// What a wrong block does to its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The job ends with the error.
    End,
    /// The error is counted, the job goes on.
    Count,
}

impl Reaction {
    /// `fatal` is `verify_fatal`, `goes_on` whether `continue_on_error` has `verify`.
    ///
    /// Parity: fio ends the job even without `verify_fatal`, which only keeps it from looking at the other intervals of the block.
    #[must_use]
    pub const fn to(fatal: bool, goes_on: bool) -> Self {
        if goes_on && !fatal { Self::Count } else { Self::End }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITER: WorkloadShape = WorkloadShape {
        reads: false,
        writes: true,
        fixed_block_size: true,
        verified_in_write_order: true,
        time_based: false,
        do_verify: true,
        verify_only: false,
        backlog: false,
        trims_in_run: false,
        passes_end: true,
        experimental: false,
        header_seed: true,
        write_sequence: true,
    };
    const READER: WorkloadShape = WorkloadShape { reads: true, writes: false, ..WRITER };
    const MIXED: WorkloadShape = WorkloadShape { reads: true, ..WRITER };

    fn rules(shape: WorkloadShape) -> (bool, bool) {
        let rules = HeaderRules::of(&shape);
        (rules.seed, rules.number)
    }

    #[test]
    fn what_a_header_is_compared_with() {
        assert_eq!(rules(READER), (false, false));
        assert_eq!(rules(WRITER), (false, true));
        assert_eq!(rules(MIXED), (true, true));
        assert_eq!(rules(WorkloadShape { backlog: true, ..MIXED }), (false, true));
        assert_eq!(rules(WorkloadShape { verified_in_write_order: false, ..MIXED }), (false, true));
        assert_eq!(rules(WorkloadShape { header_seed: false, write_sequence: false, ..MIXED }), (false, false));
        assert_eq!(rules(WorkloadShape { time_based: true, ..WRITER }), (false, false));
        assert_eq!(rules(WorkloadShape { verify_only: true, ..WRITER }), (false, false));
        assert_eq!(rules(WorkloadShape { fixed_block_size: false, ..WRITER }), (false, false));
        let twice = WorkloadShape { verified_in_write_order: false, ..WRITER };
        assert_eq!(rules(WorkloadShape { experimental: true, ..WRITER }), (false, true));
        assert_eq!(
            (rules(twice), rules(WorkloadShape { experimental: true, ..twice })),
            ((false, true), (false, false))
        );
    }

    #[test]
    fn what_is_done_when() {
        let write = Phases::of(&WRITER);
        assert!(write.records_writes && write.checks_every_read && !write.dry_run);
        assert_eq!(write.after_run, AfterRun::History);
        assert!(!Phases::of(&MIXED).checks_every_read);
        assert!(Phases::of(&READER).checks_every_read && !Phases::of(&READER).records_writes);
        assert!(Phases::of(&WorkloadShape { verify_only: true, ..WRITER }).dry_run);
        let replay = Phases::of(&WorkloadShape { experimental: true, ..WRITER });
        assert_eq!((replay.records_writes, replay.after_run), (false, AfterRun::Replay));
        let none = Phases::of(&WorkloadShape { do_verify: false, ..WRITER });
        assert_eq!((none.records_writes, none.after_run), (false, AfterRun::Nothing));
        let endless = WorkloadShape { passes_end: false, ..WRITER };
        assert!(!Phases::of(&endless).records_writes, "nobody reads them");
        assert!(Phases::of(&WorkloadShape { backlog: true, ..endless }).records_writes);
        assert!(Phases::of(&WorkloadShape { trims_in_run: true, ..endless }).records_writes);
    }

    #[test]
    fn a_wrong_block_ends_the_job_unless_told_otherwise() {
        assert_eq!(Reaction::to(false, false), Reaction::End);
        assert_eq!(Reaction::to(false, true), Reaction::Count);
        assert_eq!(Reaction::to(true, true), Reaction::End);
    }
}

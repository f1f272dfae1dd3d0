//! What is left to do of a request on a file, and which system call comes next. No I/O here.
//!
//! System calls may do less than they were asked for, be interrupted, or not be known to the file system; a transfer goes
//! on until all is done, by another way if need be, or until an error is final.

use std::sync::atomic::{AtomicBool, Ordering};

use reactor::file_call::{CallResult, ClearMode};
use rustix::io::Errno;

use super::FaultKind;
use crate::zeros::ZEROS_BYTES;
use crate::{BlockError, ByteRange, Operation};

/// How often in a row a call is repeated that says "try again", before that counts as an error.
pub(crate) const RETRIES_MAX: u32 = 1000;
/// Most bytes that one read or write call asks for. The kernel does some 2 GiB at most; half of that is a round number.
const CALL_BYTES_MAX: u64 = 1 << 30;

/// The rest of a request.
#[derive(Debug)]
pub(crate) struct Transfer {
    work: Work,
    offset: u64,
    length_bytes: u64,
    done_bytes: u64,
    retries: u32,
    /// Ends with a sync.
    durable_by_flush: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Read,
    Write { durable: bool },
    Deallocate,
    Zero(ZeroMethod),
    Flush,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ZeroMethod {
    Clear(ClearMode),
    Write,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Read into the buffer from `done_bytes` on.
    Read { offset: u64, done_bytes: usize, length_bytes: u32 },
    /// Write the buffer from `done_bytes` on.
    Write { offset: u64, done_bytes: usize, length_bytes: u32, durable: bool },
    /// Write zeros.
    WriteZeros { offset: u64, length_bytes: u32 },
    /// Clear a range.
    Clear { mode: ClearMode, offset: u64, length_bytes: u64 },
    /// Take a turn at the flush gate; its result is the request's.
    Flush,
    /// It is over.
    Over(Result<(), BlockError>),
}

/// Which ways of clearing a range a file has turned out to support. Shared by all threads.
#[derive(Debug)]
pub(crate) struct ClearSupport {
    punch_hole: AtomicBool,
    zero_range: AtomicBool,
}

impl Default for ClearSupport {
    fn default() -> Self {
        Self { punch_hole: AtomicBool::new(true), zero_range: AtomicBool::new(true) }
    }
}

impl ClearSupport {
    fn flag(&self, mode: ClearMode) -> &AtomicBool {
        match mode {
            ClearMode::PunchHole => &self.punch_hole,
            ClearMode::ZeroRange => &self.zero_range,
        }
    }

    fn has(&self, mode: ClearMode) -> bool {
        self.flag(mode).load(Ordering::Relaxed)
    }

    fn lacks(&self, mode: ClearMode) {
        self.flag(mode).store(false, Ordering::Relaxed);
    }
}

impl Transfer {
    /// The work of an operation.
    pub(crate) fn new(operation: Operation<ByteRange>) -> Self {
        let (work, durable_by_flush) = match operation {
            Operation::Read(_) => (Work::Read, false),
            Operation::Write { force_unit_access, .. } => (Work::Write { durable: force_unit_access }, false),
            Operation::Flush => (Work::Flush, false),
            Operation::Deallocate(_) => (Work::Deallocate, false),
            Operation::WriteZeroes { deallocate, force_unit_access, .. } => {
                let mode = if deallocate { ClearMode::PunchHole } else { ClearMode::ZeroRange };
                (Work::Zero(ZeroMethod::Clear(mode)), force_unit_access)
            }
        };
        let (offset, length_bytes) = operation.range().map_or((0, 0), |range| (range.offset(), range.len()));
        Self { work, offset, length_bytes, done_bytes: 0, retries: 0, durable_by_flush }
    }

    /// What comes next.
    pub(crate) fn next(&mut self, support: &ClearSupport) -> Step {
        let left_bytes = self.length_bytes - self.done_bytes;
        if left_bytes == 0 && self.work != Work::Flush {
            return self.finished();
        }
        let offset = self.offset + self.done_bytes;
        match self.work {
            Work::Read => {
                let length_bytes = call_length(left_bytes, CALL_BYTES_MAX);
                Step::Read { offset, done_bytes: self.done_in_buffer(), length_bytes }
            }
            Work::Write { durable } => {
                let length_bytes = call_length(left_bytes, CALL_BYTES_MAX);
                Step::Write { offset, done_bytes: self.done_in_buffer(), length_bytes, durable }
            }
            Work::Deallocate if support.has(ClearMode::PunchHole) => {
                Step::Clear { mode: ClearMode::PunchHole, offset, length_bytes: left_bytes }
            }
            // A hint that the file cannot take.
            Work::Deallocate => Step::Over(Ok(())),
            Work::Zero(ZeroMethod::Clear(mode)) if support.has(mode) => {
                Step::Clear { mode, offset, length_bytes: left_bytes }
            }
            Work::Zero(ZeroMethod::Clear(ClearMode::PunchHole)) => {
                self.work = Work::Zero(ZeroMethod::Clear(ClearMode::ZeroRange));
                self.next(support)
            }
            Work::Zero(ZeroMethod::Clear(ClearMode::ZeroRange)) => {
                self.work = Work::Zero(ZeroMethod::Write);
                self.next(support)
            }
            Work::Zero(ZeroMethod::Write) => {
                Step::WriteZeros { offset, length_bytes: call_length(left_bytes, ZEROS_BYTES as u64) }
            }
            Work::Flush => Step::Flush,
        }
    }

    /// What comes next, after a call of this transfer has returned. Syncs are the flush gate's.
    pub(crate) fn advance(&mut self, result: CallResult, support: &ClearSupport) -> Step {
        let clear_mode = match self.work {
            Work::Deallocate => Some(ClearMode::PunchHole),
            Work::Zero(ZeroMethod::Clear(mode)) => Some(mode),
            Work::Read | Work::Write { .. } | Work::Zero(ZeroMethod::Write) | Work::Flush => None,
        };
        match (result, clear_mode) {
            (Err(error), _) if self.may_retry(error) => {}
            (Err(Errno::OPNOTSUPP | Errno::NOSYS), Some(mode)) => support.lacks(mode),
            (Err(error), _) => return Step::Over(Err(BlockError::from_errno(error))),
            (Ok(_), Some(_)) => self.done_bytes = self.length_bytes,
            (Ok(0), None) if self.work == Work::Read => return Step::Over(Err(BlockError::Truncated)),
            // No file system writes nothing and says so; better an error than another try for ever.
            (Ok(0), None) => return Step::Over(Err(BlockError::Io(Errno::IO))),
            (Ok(count), None) => {
                self.done_bytes += u64::from(count);
                self.retries = 0;
            }
        }
        self.next(support)
    }

    /// Whether a call with this error is to be repeated. Counts.
    pub(crate) fn may_retry(&mut self, error: Errno) -> bool {
        let may_retry = matches!(error, Errno::INTR | Errno::AGAIN) && self.retries < RETRIES_MAX;
        self.retries += u32::from(may_retry);
        may_retry
    }

    /// What kind of work it is, for the log.
    pub(crate) fn name(&self) -> &'static str {
        match self.work {
            Work::Read => "read",
            Work::Write { .. } => "write",
            Work::Deallocate => "deallocate",
            Work::Zero(_) => "write zeroes",
            Work::Flush => "flush",
        }
    }

    /// The same, as far as the log tells kinds apart.
    pub(crate) fn fault_kind(&self) -> FaultKind {
        match self.work {
            Work::Read => FaultKind::Read,
            Work::Write { .. } => FaultKind::Write,
            Work::Deallocate | Work::Zero(_) => FaultKind::Clear,
            Work::Flush => FaultKind::Flush,
        }
    }

    fn finished(&self) -> Step {
        if self.durable_by_flush { Step::Flush } else { Step::Over(Ok(())) }
    }

    fn done_in_buffer(&self) -> usize {
        usize::try_from(self.done_bytes).expect("what is done of a buffer is less than its length")
    }
}

fn call_length(left_bytes: u64, most_bytes: u64) -> u32 {
    u32::try_from(left_bytes.min(most_bytes)).expect("a call is bounded by less than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BlockRange, Geometry};

    const GEOMETRY: Geometry = Geometry { block_size_bytes: 512, block_count: 1 << 30 };

    fn transfer(operation: Operation<BlockRange>) -> Transfer {
        Transfer::new(operation.with_range(|range| GEOMETRY.byte_range(range)).unwrap())
    }

    /// 8 blocks from byte 1024 on.
    const RANGE: BlockRange = BlockRange { first_block: 2, block_count: 8 };

    fn read(offset: u64, done_bytes: usize, length_bytes: u32) -> Step {
        Step::Read { offset, done_bytes, length_bytes }
    }

    #[test]
    fn a_short_read_goes_on_where_it_stopped() {
        let support = ClearSupport::default();
        let mut transfer = transfer(Operation::Read(RANGE));
        assert_eq!(transfer.next(&support), read(1024, 0, 4096));
        assert_eq!(transfer.advance(Ok(100), &support), read(1124, 100, 3996));
        assert_eq!(transfer.advance(Err(Errno::INTR), &support), read(1124, 100, 3996));
        assert_eq!(transfer.advance(Ok(3995), &support), read(5119, 4095, 1));
        assert_eq!(transfer.advance(Ok(1), &support), Step::Over(Ok(())));
    }

    #[test]
    fn a_short_write_goes_on_and_stays_durable() {
        let support = ClearSupport::default();
        let mut transfer = transfer(Operation::Write { range: RANGE, force_unit_access: true });
        let write = |offset, done_bytes, length_bytes| Step::Write { offset, done_bytes, length_bytes, durable: true };
        assert_eq!(transfer.next(&support), write(1024, 0, 4096));
        assert_eq!(transfer.advance(Ok(512), &support), write(1536, 512, 3584));
        assert_eq!(transfer.advance(Err(Errno::NOSPC), &support), Step::Over(Err(BlockError::NoSpace(Errno::NOSPC))));
    }

    #[test]
    fn nothing_read_is_the_end_of_the_file_and_nothing_written_an_error() {
        let support = ClearSupport::default();
        let over = |operation| transfer(operation).advance(Ok(0), &support);
        assert_eq!(over(Operation::Read(RANGE)), Step::Over(Err(BlockError::Truncated)));
        let write = Operation::Write { range: RANGE, force_unit_access: false };
        assert_eq!(over(write), Step::Over(Err(BlockError::Io(Errno::IO))));
    }

    #[test]
    fn trying_again_ends_some_time_unless_something_gets_done() {
        let support = ClearSupport::default();
        let mut transfer = transfer(Operation::Read(RANGE));
        for round in 0..2u64 {
            for _ in 0..RETRIES_MAX {
                assert_eq!(
                    transfer.advance(Err(Errno::AGAIN), &support),
                    read(1024 + round, usize::try_from(round).unwrap(), 4096 - u32::try_from(round).unwrap())
                );
            }
            if round == 0 {
                assert_eq!(transfer.advance(Ok(1), &support), read(1025, 1, 4095));
            }
        }
        assert_eq!(transfer.advance(Err(Errno::AGAIN), &support), Step::Over(Err(BlockError::Io(Errno::AGAIN))));
    }

    #[test]
    fn zeroes_are_cleared_the_way_that_was_asked_or_the_next_best() {
        let clear = |mode| Step::Clear { mode, offset: 1024, length_bytes: 4096 };
        let zeroes = |deallocate| Operation::WriteZeroes { range: RANGE, deallocate, force_unit_access: false };
        let support = ClearSupport::default();
        let mut keeping = transfer(zeroes(false));
        assert_eq!(keeping.next(&support), clear(ClearMode::ZeroRange), "space that is kept is not given back");
        let written = Step::WriteZeros { offset: 1024, length_bytes: 4096 };
        assert_eq!(keeping.advance(Err(Errno::OPNOTSUPP), &support), written);
        assert_eq!(keeping.advance(Ok(96), &support), Step::WriteZeros { offset: 1120, length_bytes: 4000 });
        assert_eq!(keeping.advance(Ok(4000), &support), Step::Over(Ok(())));

        let mut giving_back = transfer(zeroes(true));
        assert_eq!(giving_back.next(&support), clear(ClearMode::PunchHole));
        assert_eq!(giving_back.advance(Err(Errno::OPNOTSUPP), &support), written, "what is known is not tried again");
        assert_eq!(transfer(zeroes(true)).next(&support), written);
        assert_eq!(transfer(Operation::Deallocate(RANGE)).next(&support), Step::Over(Ok(())));

        let support = ClearSupport::default();
        let mut giving_back = transfer(zeroes(true));
        giving_back.next(&support);
        assert_eq!(giving_back.advance(Err(Errno::OPNOTSUPP), &support), clear(ClearMode::ZeroRange));
        assert_eq!(giving_back.advance(Ok(0), &support), Step::Over(Ok(())));
        assert_eq!(
            transfer(zeroes(true)).advance(Err(Errno::IO), &support),
            Step::Over(Err(BlockError::Io(Errno::IO)))
        );
    }

    #[test]
    fn zeros_are_written_in_pieces_of_what_there_is_of_them() {
        let support = ClearSupport::default();
        support.lacks(ClearMode::ZeroRange);
        let range = BlockRange { first_block: 0, block_count: 2049 };
        let mut transfer = transfer(Operation::WriteZeroes { range, deallocate: false, force_unit_access: true });
        let most = u32::try_from(ZEROS_BYTES).unwrap();
        assert_eq!(transfer.next(&support), Step::WriteZeros { offset: 0, length_bytes: most });
        let rest = Step::WriteZeros { offset: u64::from(most), length_bytes: 512 };
        assert_eq!(transfer.advance(Ok(most), &support), rest);
        assert_eq!(transfer.advance(Ok(512), &support), Step::Flush, "force unit access");
    }

    #[test]
    fn large_ranges_are_split_into_calls_that_the_kernel_takes() {
        let support = ClearSupport::default();
        let range = BlockRange { first_block: 0, block_count: 1 << 30 };
        let Step::Read { length_bytes, .. } = transfer(Operation::Read(range)).next(&support) else {
            panic!("a read begins with a read")
        };
        assert_eq!(u64::from(length_bytes), CALL_BYTES_MAX);
        let clear = Step::Clear { mode: ClearMode::PunchHole, offset: 0, length_bytes: 1 << 39 };
        assert_eq!(transfer(Operation::Deallocate(range)).next(&support), clear);
    }
}

//! How far an earlier run got, from the file that fio of any release since 3.33 has left (`verify_state_load`).
//!
//! | version | release | behind the header | verification ends |
//! |---|---|---|---|
//! | 3 | 3.33 – 3.38, and this program | the writes that completed last | near the end, before a write that is not among them |
//! | 4 | 3.39, 3.40 | the same, twice as many | the same |
//! | 5 – 7 | 3.41, 3.42, later | the numbers of writes under way | before the first of these, or the first that was never issued |
//!
//! Files of version 7 also have the numbers of writes that failed, with nothing to tell them from those under way but the depth of the job
//! that reads them: verification ends before those as well, where fio goes on behind them.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::{CompletedWrite, GeneratorWire, StateError, StateFile, body, completed_writes, text};

/// The versions that are read.
pub(super) const VERSIONS: &[u64] = &[3, 4, 5, 6, 7];

/// The number of no write.
const NONE: u64 = u64::MAX;

/// Version 4.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct CompletedState {
    completed_count: U64,
    depth: U32,
    kept_of_each_file: U32,
    file_count: U32,
    padding: U32,
    writes: U64,
    index: U64,
    generator: GeneratorWire,
    name: [u8; 64],
}

/// Versions 5 to 7.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct NumberedState {
    depth: U32,
    padding: U32,
    writes: U64,
    index: U64,
    generator: GeneratorWire,
    name: [u8; 64],
}

const _: () = {
    assert!(size_of::<CompletedState>() == 160);
    assert!(size_of::<NumberedState>() == 144);
};

/// How far an earlier run got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarlierState {
    /// Which writes completed last.
    Completed(StateFile),
    /// Which writes had not completed.
    UnderWay(WritesUnderWay),
}

/// Writes by number, in the order in which they were issued, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritesUnderWay {
    /// Those that had not completed, or had failed.
    pub numbers: Vec<u64>,
    /// How many were issued.
    pub writes: u64,
    /// The job's number in its run, from 0.
    pub index: u64,
    /// The job's name; 63 bytes of it are kept.
    pub name: String,
}

impl EarlierState {
    /// Reads a file; of one larger than [`STATE_FILE_MAXIMUM`](super::STATE_FILE_MAXIMUM) the caller reads no more than that.
    ///
    /// # Errors
    /// A file that is too short, of another version, or corrupt. What is behind the state is ignored, as fio does.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let (version, state) = body(bytes)?;
        match version {
            3 => StateFile::of_state(state).map(Self::Completed),
            4 => completed(state).map(Self::Completed),
            5..=7 => numbered(state).map(Self::UnderWay),
            _ => Err(StateError::Version(version)),
        }
    }

    /// The name of the job.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Completed(state) => &state.name,
            Self::UnderWay(state) => &state.name,
        }
    }

    /// How many writes were issued.
    #[must_use]
    pub const fn writes(&self) -> u64 {
        match self {
            Self::Completed(state) => state.writes,
            Self::UnderWay(state) => state.writes,
        }
    }

    /// Whether verification ends before this block: the write may not have completed when the state was saved.
    ///
    /// `begun` is how many blocks were begun to be read before, `ended` how many of these have been.
    #[must_use]
    pub fn stops_before(&self, begun: u64, ended: u64, write: CompletedWrite) -> bool {
        match self {
            Self::Completed(state) => state.stops_before(ended, write),
            Self::UnderWay(state) => begun >= state.writes || state.numbers.contains(&begun),
        }
    }
}

fn short<T>(state: &[u8]) -> StateError {
    StateError::Short { found: state.len(), wanted: size_of::<T>() as u64 }
}

fn completed(state: &[u8]) -> Result<StateFile, StateError> {
    let (job, writes) = CompletedState::ref_from_prefix(state).map_err(|_| short::<CompletedState>(state))?;
    let (count, kept, file_count) = (job.completed_count.get(), job.kept_of_each_file.get(), job.file_count.get());
    let wrong = || StateError::Counts { completed: count, file_count, depth: kept, size: state.len() as u64 };
    Ok(StateFile {
        completed: completed_writes(count, u64::from(kept) * u64::from(file_count), writes).ok_or_else(wrong)?,
        depth: job.depth.get(),
        file_count,
        writes: job.writes.get(),
        index: job.index.get(),
        generator: job.generator.state(),
        name: text(&job.name),
    })
}

fn numbered(state: &[u8]) -> Result<WritesUnderWay, StateError> {
    let (job, numbers) = NumberedState::ref_from_prefix(state).map_err(|_| short::<NumberedState>(state))?;
    let depth = job.depth.get();
    let (numbers, rest) = numbers.as_chunks::<8>();
    if numbers.len() as u64 != u64::from(depth) || !rest.is_empty() {
        return Err(StateError::Counts { completed: 0, file_count: 1, depth, size: state.len() as u64 });
    }
    let numbers = numbers.iter().map(|number| u64::from_le_bytes(*number)).filter(|&number| number != NONE);
    Ok(WritesUnderWay {
        numbers: numbers.collect(),
        writes: job.writes.get(),
        index: job.index.get(),
        name: text(&job.name),
    })
}

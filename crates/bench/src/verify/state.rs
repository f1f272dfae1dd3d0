//! How far a job got: the file that `verify_state_save` writes, version 3 of fio, and those that `verify_state_load` reads, which are
//! also of later releases ([`EarlierState`]).
//!
//! A run that was stopped leaves the number of its writes and the offsets of the last ones that completed, as many as its depth. A
//! later run that verifies stops where the first one may not have completed a write.

mod earlier;

use std::mem::offset_of;

use thiserror::Error;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub use self::earlier::{EarlierState, WritesUnderWay};
use super::method::header_checksum;

/// How large a state file may be: a million writes under way.
pub const STATE_FILE_MAXIMUM: u64 = 16 << 20;

/// The version that is written.
const VERSION: u64 = 3;

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct FileHeader {
    version: U64,
    /// Bytes behind this header.
    size: U64,
    /// CRC-32C without final inversion of those bytes.
    checksum: U64,
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct JobState {
    completed_count: U64,
    depth: U32,
    file_count: U32,
    writes: U64,
    index: U64,
    generator: GeneratorWire,
    name: [u8; 64],
}

/// `struct thread_rand_state`.
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct GeneratorWire {
    is_wide: U64,
    words: [u8; 48],
}

impl GeneratorWire {
    fn of(state: GeneratorState) -> Self {
        let mut wire = Self { is_wide: U64::ZERO, words: [0; 48] };
        match state {
            GeneratorState::Narrow(words) => wire.words[..12].copy_from_slice(words.map(U32::new).as_bytes()),
            GeneratorState::Wide(words) => {
                wire.is_wide = U64::new(1);
                wire.words[..40].copy_from_slice(words.map(U64::new).as_bytes());
            }
        }
        wire
    }

    fn state(&self) -> GeneratorState {
        if self.is_wide.get() == 0 {
            let (words, _) = self.words.as_chunks::<4>();
            GeneratorState::Narrow(std::array::from_fn(|index| u32::from_le_bytes(words[index])))
        } else {
            let (words, _) = self.words.as_chunks::<8>();
            GeneratorState::Wide(std::array::from_fn(|index| u64::from_le_bytes(words[index])))
        }
    }
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct StoredWrite {
    file: U64,
    offset: U64,
}

const _: () = {
    assert!(size_of::<FileHeader>() == 24);
    assert!(size_of::<JobState>() == 152);
    assert!(offset_of!(JobState, depth) == 8);
    assert!(offset_of!(JobState, writes) == 16);
    assert!(offset_of!(JobState, generator) == 32);
    assert!(size_of::<GeneratorWire>() == 56);
    assert!(offset_of!(JobState, name) == 88);
    assert!(size_of::<StoredWrite>() == 16);
};

/// The state of the generator of offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneratorState {
    /// Of 32 bits.
    Narrow([u32; 3]),
    /// Of 64 bits.
    Wide([u64; 5]),
}

/// A write that completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompletedWrite {
    /// The job's number of the file.
    pub file: u64,
    /// Where in the file, in bytes.
    pub offset: u64,
}

/// How far a job got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile {
    /// The writes that completed last, of each file the newest first.
    pub completed: Vec<CompletedWrite>,
    /// `iodepth`.
    pub depth: u32,
    /// `nrfiles`.
    pub file_count: u32,
    /// How many writes were issued.
    pub writes: u64,
    /// The job's number in its run, from 0.
    pub index: u64,
    /// The generator of offsets.
    pub generator: GeneratorState,
    /// The job's name; 63 bytes of it are kept.
    pub name: String,
}

/// Why a file is no state of a job.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
pub enum StateError {
    /// It ends too early.
    #[error("verify state: the file has {found} bytes, {wanted} were expected; save it again with verify_state_save")]
    Short {
        /// Bytes of the file.
        found: usize,
        /// Bytes that it says it has, or its headers have.
        wanted: u64,
    },
    /// It is of another version.
    #[error(
        "verify state: version {0} of the file is not supported; those of fio since 3.33, 3 to 7, are: save it again with one of them, or with this program"
    )]
    Version(u64),
    /// It changed since it was written.
    #[error("verify state: the file is corrupt: its checksum is {calculated:08x}, it says {found:08x}")]
    Checksum {
        /// What it says.
        found: u64,
        /// What it is.
        calculated: u32,
    },
    /// Its numbers do not fit each other.
    #[error(
        "verify state: the file is corrupt: {completed} writes of {file_count} files at depth {depth} in {size} bytes"
    )]
    Counts {
        /// How many writes it says it has.
        completed: u64,
        /// How many files.
        file_count: u32,
        /// Which depth.
        depth: u32,
        /// How many bytes there are.
        size: u64,
    },
}

/// The checksum of the bytes behind the header of a file: CRC-32C without final inversion.
#[must_use]
pub fn state_checksum(state: &[u8]) -> u32 {
    header_checksum(state)
}

/// The name of the file: fio's, in the directory of `aux-path` if there is one.
///
/// `index` is the job's number in its run, from 0. Each `/` of the job's name becomes a dot.
#[must_use]
pub fn state_file_name(aux_path: Option<&str>, job: &str, index: u64) -> String {
    let job = job.replace('/', ".");
    match aux_path {
        Some(directory) => format!("{directory}/local-{job}-{index}-verify.state"),
        None => format!("local-{job}-{index}-verify.state"),
    }
}

impl StateFile {
    /// The bytes of the file.
    ///
    /// # Panics
    /// If more writes completed than depth and files allow.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let places = self.depth as usize * self.file_count as usize;
        assert!(self.completed.len() <= places, "no more writes than the depth of each file");
        let mut name = [0; 64];
        let kept = self.name.len().min(name.len() - 1);
        name[..kept].copy_from_slice(&self.name.as_bytes()[..kept]);
        let job = JobState {
            completed_count: U64::new(self.completed.len() as u64),
            depth: U32::new(self.depth),
            file_count: U32::new(self.file_count),
            writes: U64::new(self.writes),
            index: U64::new(self.index),
            generator: GeneratorWire::of(self.generator),
            name,
        };
        let size = size_of::<JobState>() + places * size_of::<StoredWrite>();
        let mut bytes = vec![0; size_of::<FileHeader>()];
        bytes.extend_from_slice(job.as_bytes());
        for write in &self.completed {
            let stored = StoredWrite { file: U64::new(write.file), offset: U64::new(write.offset) };
            bytes.extend_from_slice(stored.as_bytes());
        }
        bytes.resize(size_of::<FileHeader>() + size, 0);
        let header = FileHeader {
            version: U64::new(VERSION),
            size: U64::new(size as u64),
            checksum: U64::new(u64::from(state_checksum(&bytes[size_of::<FileHeader>()..]))),
        };
        bytes[..size_of::<FileHeader>()].copy_from_slice(header.as_bytes());
        bytes
    }

    fn of_state(state: &[u8]) -> Result<Self, StateError> {
        let short = || StateError::Short { found: state.len(), wanted: size_of::<JobState>() as u64 };
        let (job, writes) = JobState::ref_from_prefix(state).map_err(|_| short())?;
        let (completed, depth, file_count) = (job.completed_count.get(), job.depth.get(), job.file_count.get());
        let wrong = || StateError::Counts { completed, file_count, depth, size: state.len() as u64 };
        let places = u64::from(depth) * u64::from(file_count);
        Ok(Self {
            completed: completed_writes(completed, places, writes).ok_or_else(wrong)?,
            depth,
            file_count,
            writes: job.writes.get(),
            index: job.index.get(),
            generator: job.generator.state(),
            name: text(&job.name),
        })
    }

    /// Whether verification ends before this block: the write may not have completed when the state was saved.
    ///
    /// `blocks_read` is how many blocks were read so far.
    ///
    /// Parity: fio, which goes on behind the last write that was issued; here it ends there.
    #[must_use]
    pub fn stops_before(&self, blocks_read: u64, write: CompletedWrite) -> bool {
        let depth = u64::from(self.depth);
        let certain = blocks_read < depth || self.writes.saturating_sub(blocks_read) > depth;
        let within = certain && self.writes > depth;
        !within && !self.completed.contains(&write)
    }
}

/// The version of a file that is read, and the state in it.
fn body(bytes: &[u8]) -> Result<(u64, &[u8]), StateError> {
    let found = bytes.len();
    let short = |wanted| StateError::Short { found, wanted };
    let (header, rest) = FileHeader::ref_from_prefix(bytes).map_err(|_| short(size_of::<FileHeader>() as u64))?;
    let version = header.version.get();
    if !earlier::VERSIONS.contains(&version) {
        return Err(StateError::Version(version));
    }
    let size = header.size.get();
    let state = usize::try_from(size)
        .ok()
        .and_then(|size| rest.get(..size))
        .ok_or_else(|| short(size.saturating_add(size_of::<FileHeader>() as u64)))?;
    let calculated = state_checksum(state);
    if header.checksum.get() != u64::from(calculated) {
        return Err(StateError::Checksum { found: header.checksum.get(), calculated });
    }
    Ok((version, state))
}

/// The writes in this many places, of which so many are used; `None` when these are not the bytes of so many.
fn completed_writes(count: u64, places: u64, bytes: &[u8]) -> Option<Vec<CompletedWrite>> {
    let room = places.checked_mul(size_of::<StoredWrite>() as u64)?;
    let used = usize::try_from(count).ok().filter(|_| room == bytes.len() as u64 && count <= places)?;
    let stored = bytes.chunks_exact(size_of::<StoredWrite>()).take(used);
    let write = |write: StoredWrite| CompletedWrite { file: write.file.get(), offset: write.offset.get() };
    Some(stored.filter_map(|bytes| StoredWrite::read_from_bytes(bytes).ok()).map(write).collect())
}

fn text(name: &[u8; 64]) -> String {
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    String::from_utf8_lossy(&name[..end]).into_owned()
}

/// The writes of one file that completed last, as many as the job's depth.
///
/// Memory: 8 bytes for each of the depth.
#[derive(Debug, Clone)]
pub struct CompletedWrites {
    offsets: Vec<u64>,
    depth: usize,
    /// Where the next one goes.
    next: usize,
}

impl CompletedWrites {
    /// None yet.
    ///
    /// # Panics
    /// If `depth` is 0.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        assert_ne!(depth, 0, "a job has at least one I/O under way");
        Self { offsets: Vec::with_capacity(depth), depth, next: 0 }
    }

    /// Remembers one, in place of the oldest.
    pub fn record(&mut self, offset: u64) {
        match self.offsets.get_mut(self.next) {
            Some(oldest) => *oldest = offset,
            None => self.offsets.push(offset),
        }
        self.next = (self.next + 1) % self.depth;
    }

    /// Their offsets, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = u64> {
        let (newer, older) = self.offsets.split_at(self.next.min(self.offsets.len()));
        newer.iter().rev().chain(older.iter().rev()).copied()
    }
}

#[cfg(test)]
mod tests;

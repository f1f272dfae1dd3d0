//! Moving many blocks between a namespace and a stream, several commands at a time.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use crate::buffer::DataBuffer;
use crate::namespace::Namespace;
use crate::queue::{Completion, Request, Transfer};
use crate::session::{Session, SessionError};

/// Blocks of a namespace, and how they are moved.
#[derive(Debug, Clone, Copy)]
pub struct CopyPlan<'n> {
    /// The namespace.
    pub namespace: &'n Namespace,
    /// Where to begin.
    pub first_block: u64,
    /// How many blocks; for a write to the end of the input `None`.
    pub block_count: Option<u64>,
    /// Bytes of one command: at least one block is moved with each.
    pub piece_bytes: u32,
}

/// Why a copy ended early.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The namespace's side.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The output failed.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    /// The input failed.
    #[error("cannot read the input")]
    Input(#[source] io::Error),
    /// The range is not in the namespace.
    #[error("blocks {first_block} to {last_block} are not all in a namespace of {block_count} blocks")]
    OutOfRange {
        /// First block of the range.
        first_block: u64,
        /// Last block of the range.
        last_block: u64,
        /// Blocks of the namespace.
        block_count: u64,
    },
    /// The input does not end with a whole block.
    #[error(
        "the input ends with {excess_bytes} bytes of a block of {block_size_bytes} bytes; \
         {written_blocks} whole blocks before it were written"
    )]
    PartialBlock {
        /// Bytes of the last block that are there.
        excess_bytes: usize,
        /// Bytes of a block.
        block_size_bytes: u32,
        /// Blocks that were written.
        written_blocks: u64,
    },
    /// The input ended before as many blocks as were to be written.
    #[error("the input ends after {written_blocks} of {wanted_blocks} blocks")]
    InputTooShort {
        /// Blocks that were written.
        written_blocks: u64,
        /// Blocks that were to be written.
        wanted_blocks: u64,
    },
    /// The input goes on beyond the end of the namespace.
    #[error("the input is longer than the {room_blocks} blocks from block {first_block} to the end of the namespace")]
    InputTooLong {
        /// First block of the range.
        first_block: u64,
        /// Blocks from there to the end.
        room_blocks: u64,
    },
}

impl CopyPlan<'_> {
    /// Whether the range is in the namespace.
    ///
    /// # Errors
    /// [`CopyError::OutOfRange`].
    pub fn check(&self) -> Result<(), CopyError> {
        self.room().map(|_| ())
    }

    fn blocks_per_piece(&self) -> u32 {
        (self.piece_bytes / self.namespace.block_size_bytes).clamp(1, nvme::nvm::MAXIMUM_BLOCK_COUNT)
    }

    /// Blocks from the first one to the end of the range, or of the namespace.
    fn room(&self) -> Result<u64, CopyError> {
        let total = self.namespace.block_count;
        let room = total.checked_sub(self.first_block).filter(|&room| room > 0);
        let count = self.block_count.or(room).unwrap_or(1);
        match room {
            Some(room) if count <= room => Ok(count),
            _ => Err(CopyError::OutOfRange {
                first_block: self.first_block,
                last_block: self.first_block.saturating_add(count.saturating_sub(1)),
                block_count: total,
            }),
        }
    }

    fn bytes(&self, blocks: u32) -> u32 {
        blocks * self.namespace.block_size_bytes
    }
}

/// Reads blocks and writes them to `output` in order. Calls `progress` with the number of bytes written so far.
/// Returns that number at the end.
///
/// # Errors
/// [`CopyError`]. What was read before the error has been written.
pub fn read_blocks(
    session: &mut Session,
    plan: CopyPlan<'_>,
    output: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, CopyError> {
    let end = plan.first_block + plan.room()?;
    let (mut next_to_read, mut next_to_write, mut written) = (plan.first_block, plan.first_block, 0);
    // Pieces that came before one that they have to follow.
    let mut early: BTreeMap<u64, DataBuffer> = BTreeMap::new();
    let mut free: Vec<DataBuffer> = Vec::new();
    while next_to_write < end {
        while next_to_read < end && session.in_flight() + early.len() < session.depth() {
            let blocks = piece(plan.blocks_per_piece(), end - next_to_read);
            let mut buffer = free.pop().unwrap_or_else(|| DataBuffer::zeroed(plan.bytes(plan.blocks_per_piece())));
            buffer.set_length(plan.bytes(blocks));
            let command = plan.namespace.read_command(next_to_read, blocks);
            session.submit(Request { token: next_to_read, command, transfer: Transfer::Read(buffer) });
            next_to_read += u64::from(blocks);
        }
        let completion = session.wait()?;
        early.insert(completion.token, finished(completion, "Read", plan)?);
        while let Some(buffer) = early.remove(&next_to_write) {
            output.write_all(&buffer).map_err(CopyError::Output)?;
            next_to_write += u64::from(buffer.length() / plan.namespace.block_size_bytes);
            written += u64::from(buffer.length());
            progress(written);
            free.push(buffer);
        }
    }
    output.flush().map_err(CopyError::Output)?;
    Ok(written)
}

/// Writes blocks from `input`: as many as the plan says, or to the end of the input. Calls `progress` with the number
/// of bytes written so far. Returns that number at the end.
///
/// # Errors
/// [`CopyError`]. Blocks before the error may have been written.
pub fn write_blocks(
    session: &mut Session,
    plan: CopyPlan<'_>,
    input: &mut dyn Read,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, CopyError> {
    let room = plan.room()?;
    let end = plan.first_block + room;
    let (mut next, mut written) = (plan.first_block, 0);
    let mut free: Vec<DataBuffer> = Vec::new();
    let mut excess_bytes = 0;
    let mut at_end = false;
    while !at_end || session.in_flight() > 0 {
        while !at_end && session.in_flight() < session.depth() {
            let blocks = piece(plan.blocks_per_piece(), end - next);
            let mut buffer = free.pop().unwrap_or_else(|| DataBuffer::zeroed(plan.bytes(plan.blocks_per_piece())));
            buffer.set_length(plan.bytes(blocks));
            let filled = fill(input, &mut buffer).map_err(CopyError::Input)?;
            let whole_blocks = filled / plan.namespace.block_size_bytes;
            excess_bytes = (filled % plan.namespace.block_size_bytes) as usize;
            at_end = filled < buffer.length() || next + u64::from(whole_blocks) == end;
            if whole_blocks > 0 {
                buffer.set_length(plan.bytes(whole_blocks));
                let command = plan.namespace.write_command(next, whole_blocks, false);
                session.submit(Request { token: next, command, transfer: Transfer::Write(buffer) });
                next += u64::from(whole_blocks);
            }
        }
        if session.in_flight() > 0 {
            let completion = session.wait()?;
            let buffer = finished(completion, "Write", plan)?;
            written += u64::from(buffer.length());
            progress(written);
            free.push(buffer);
        }
    }
    input_ends_well(plan, input, next - plan.first_block, room, excess_bytes)?;
    Ok(written)
}

/// Whether the input ended where it should.
fn input_ends_well(
    plan: CopyPlan<'_>,
    input: &mut dyn Read,
    written_blocks: u64,
    room_blocks: u64,
    excess_bytes: usize,
) -> Result<(), CopyError> {
    if excess_bytes > 0 {
        let block_size_bytes = plan.namespace.block_size_bytes;
        return Err(CopyError::PartialBlock { excess_bytes, block_size_bytes, written_blocks });
    }
    match plan.block_count {
        Some(wanted_blocks) if written_blocks < wanted_blocks => {
            Err(CopyError::InputTooShort { written_blocks, wanted_blocks })
        }
        Some(_) => Ok(()),
        None if written_blocks == room_blocks && fill(input, &mut [0]).map_err(CopyError::Input)? > 0 => {
            Err(CopyError::InputTooLong { first_block: plan.first_block, room_blocks })
        }
        None => Ok(()),
    }
}

/// The buffer of a command that succeeded.
fn finished(completion: Completion, command: &'static str, plan: CopyPlan<'_>) -> Result<DataBuffer, SessionError> {
    let Completion { token: first_block, outcome, buffer } = completion;
    let blocks = u64::from(buffer.length() / plan.namespace.block_size_bytes);
    match outcome {
        Ok(_) => Ok(buffer),
        Err(source) => Err(SessionError::Command { command, first_block, blocks, source }),
    }
}

fn piece(most: u32, left: u64) -> u32 {
    u32::try_from(left).unwrap_or(u32::MAX).min(most)
}

/// Reads until `buffer` is full or the input ends. Returns how many bytes came.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<u32> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // No buffer has 4 GiB.
    Ok(u32::try_from(filled).unwrap_or(u32::MAX))
}

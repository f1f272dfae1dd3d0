//! How far a job was (`struct thread_io_list`, of which the answer to VTRIGGER has one for each job) in each of its layouts.
//!
//! Two versions have two layouts: 107 that of fio 3.38, which is [`v97`], and that of 3.39, which is [`v107`]; 112 had that of [`v113`] in
//! development snapshots for its last weeks. Nothing that is said before tells which it is. A sender takes the layout of the later
//! release. A receiver knows it by the states themselves: in the wrong layout, the lengths do not add up, the word that says whether the
//! generator has 64 bits is a number of it, or the name is empty.

mod v107;
mod v113;
mod v97;

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fixed_text::FixedText;
use crate::message::{ReceivedState, VerifyGenerator, VerifyState};
use crate::version::ProtocolVersion;

/// Appends a state in the layout of this version.
pub(crate) fn encode(state: &VerifyState, version: ProtocolVersion, output: &mut Vec<u8>) {
    match version.number() {
        ..107 => v97::encode(state, output),
        107..113 => v107::encode(state, output),
        113.. => v113::encode(state, output),
    }
}

/// The layouts that a sender of this version may have, the likelier first.
const fn candidates(version: ProtocolVersion) -> &'static [Layout] {
    match version.number() {
        ..107 => &[v97::LAYOUT],
        107 => &[v107::LAYOUT, v97::LAYOUT],
        108..112 => &[v107::LAYOUT],
        112 => &[v107::LAYOUT, v113::LAYOUT],
        113.. => &[v113::LAYOUT],
    }
}

/// A layout, as far as states are told apart and put into files.
#[derive(Clone, Copy)]
struct Layout {
    /// Reads what a state begins with.
    beginning: fn(&[u8]) -> Option<Beginning>,
    /// The version of files with such states, which releases of this version of the protocol read.
    file_version: fn(ProtocolVersion) -> u64,
}

/// What a state begins with.
struct Beginning {
    name: FixedText<64>,
    index: u64,
    /// The generator has 64 bits: 1 or 0.
    is_wide: u64,
    /// Bytes of the whole state; `None` when no number is that large.
    length: Option<u64>,
}

/// Takes this many states apart; `None` when they are in none of the layouts that the version has. Memory: some words for each state.
pub(crate) fn split(jobs: u64, states: &[u8], version: ProtocolVersion) -> Option<Vec<ReceivedState<'_>>> {
    candidates(version).iter().find_map(|layout| split_as(*layout, jobs, states, version))
}

fn split_as(layout: Layout, jobs: u64, states: &[u8], version: ProtocolVersion) -> Option<Vec<ReceivedState<'_>>> {
    let mut rest = states;
    let mut found = Vec::new();
    for _ in 0..jobs {
        let beginning = (layout.beginning)(rest)?;
        if beginning.name.is_empty() || beginning.is_wide > 1 {
            return None;
        }
        let (bytes, after) = rest.split_at_checked(usize::try_from(beginning.length?).ok()?)?;
        rest = after;
        let file_version = (layout.file_version)(version);
        found.push(ReceivedState { name: beginning.name, index: beginning.index, file_version, bytes });
    }
    // fio takes more room than it fills where a job has several files.
    rest.iter().all(|&byte| byte == 0).then_some(found)
}

/// `struct thread_rand_state`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct GeneratorWire {
    is_wide: U64,
    words: [u8; 48],
}

assert_layout!(GeneratorWire, 56, is_wide @ 0, words @ 8);

impl GeneratorWire {
    fn of(generator: VerifyGenerator) -> Self {
        let mut wire = Self { is_wide: U64::ZERO, words: [0; 48] };
        match generator {
            VerifyGenerator::Narrow(words) => wire.words[..12].copy_from_slice(words.map(U32::new).as_bytes()),
            VerifyGenerator::Wide(words) => {
                wire.is_wide = U64::new(1);
                wire.words[..40].copy_from_slice(words.map(U64::new).as_bytes());
            }
        }
        wire
    }
}

wire_structure! {
    /// `struct file_comp`: a write that has completed.
    struct CompletedWriteWire, 16 bytes {
        0 file: U64;
        8 offset: U64;
    }
}

/// Bytes of a state with a list of completed writes.
fn length_with_completed(fixed: usize, kept_of_each_file: u32, files: u32) -> Option<u64> {
    let writes = u64::from(kept_of_each_file) * u64::from(files);
    writes.checked_mul(size_of::<CompletedWriteWire>() as u64)?.checked_add(fixed as u64)
}

/// Appends the writes that have completed, and as many zeros as make up for those that there is room for.
fn completed(state: &VerifyState, output: &mut Vec<u8>) {
    let places = state.places();
    for write in state.completed.iter().take(places) {
        let wire = CompletedWriteWire { file: U64::new(write.file), offset: U64::new(write.offset) };
        output.extend_from_slice(wire.as_bytes());
    }
    let missing = places.saturating_sub(state.completed.len());
    output.resize(output.len() + missing * size_of::<CompletedWriteWire>(), 0);
}

//! How far a job was (`struct thread_io_list`, of which the answer to VTRIGGER has one for each job) in each of its layouts.
//!
//! They are written only: a receiver stores them as they come. Version 107 has two layouts, that of fio 3.38, which is [`v97`], and
//! that of 3.39, which is [`v107`], and nothing that a front end says tells which it is: it is taken for the later. Version 112 had
//! that of [`v113`] in development snapshots for its last weeks.

mod v107;
mod v113;
mod v97;

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::message::{VerifyGenerator, VerifyState};
use crate::version::ProtocolVersion;

/// Appends a state in the layout of this version.
pub(crate) fn encode(state: &VerifyState, version: ProtocolVersion, output: &mut Vec<u8>) {
    match version.number() {
        ..107 => v97::encode(state, output),
        107..113 => v107::encode(state, output),
        113.. => v113::encode(state, output),
    }
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

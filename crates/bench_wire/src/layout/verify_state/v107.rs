//! Versions 107 of fio 3.39 to 112: how many writes of each file are kept stands beside the depth.

use zerocopy::IntoBytes;
use zerocopy::little_endian::{U32, U64};

use super::GeneratorWire;
use crate::fixed_text::FixedText;
use crate::message::VerifyState;

wire_structure! {
    struct StateWire, 160 bytes {
        0 completed: U64;
        8 depth: U32;
        12 kept_of_each_file: U32;
        16 files: U32;
        20 padding: U32;
        24 writes: U64;
        32 index: U64;
        40 generator: GeneratorWire;
        96 name: FixedText<64>;
    }
}

pub(super) fn encode(state: &VerifyState, output: &mut Vec<u8>) {
    let mut wire: StateWire = zerocopy::FromZeros::new_zeroed();
    wire.depth.set(state.depth);
    wire.files.set(state.files);
    wire.writes.set(state.writes);
    wire.index.set(state.index);
    wire.generator = GeneratorWire::of(state.generator);
    wire.name = state.name;
    wire.completed.set(state.completed.len().min(state.places()) as u64);
    wire.kept_of_each_file.set(state.depth);
    output.extend_from_slice(wire.as_bytes());
    super::completed(state, output);
}

//! Versions 113 to 121: the numbers of the writes under way, in place of those that have completed.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, IntoBytes};

use super::{Beginning, GeneratorWire, Layout};
use crate::fixed_text::FixedText;
use crate::message::VerifyState;

/// The number of no write.
const NONE_UNDER_WAY: u64 = u64::MAX;

wire_structure! {
    struct StateWire, 144 bytes {
        0 depth: U32;
        4 padding: U32;
        8 writes: U64;
        16 index: U64;
        24 generator: GeneratorWire;
        80 name: FixedText<64>;
    }
}

pub(super) const LAYOUT: Layout =
    Layout { beginning, file_version: |version| if version.number() < 121 { 5 } else { 7 } };

fn beginning(bytes: &[u8]) -> Option<Beginning> {
    let (wire, _) = StateWire::ref_from_prefix(bytes).ok()?;
    Some(Beginning {
        name: wire.name,
        index: wire.index.get(),
        is_wide: wire.generator.is_wide.get(),
        length: Some(size_of::<StateWire>() as u64 + u64::from(wire.depth.get()) * size_of::<U64>() as u64),
    })
}

/// A state is of a job that has ended: no write is under way.
pub(super) fn encode(state: &VerifyState, output: &mut Vec<u8>) {
    let mut wire: StateWire = zerocopy::FromZeros::new_zeroed();
    wire.depth.set(state.depth);
    wire.writes.set(state.writes);
    wire.index.set(state.index);
    wire.generator = GeneratorWire::of(state.generator);
    wire.name = state.name;
    output.extend_from_slice(wire.as_bytes());
    for _ in 0..state.depth {
        output.extend_from_slice(&NONE_UNDER_WAY.to_le_bytes());
    }
}

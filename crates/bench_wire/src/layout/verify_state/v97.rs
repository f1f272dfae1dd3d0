//! Versions 97 to 106, and 107 of fio 3.38: the writes that completed last, as many as the depth of each file.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, IntoBytes};

use super::{Beginning, GeneratorWire, Layout, length_with_completed};
use crate::fixed_text::FixedText;
use crate::message::VerifyState;

wire_structure! {
    struct StateWire, 152 bytes {
        0 completed: U64;
        8 depth: U32;
        12 files: U32;
        16 writes: U64;
        24 index: U64;
        32 generator: GeneratorWire;
        88 name: FixedText<64>;
    }
}

pub(super) const LAYOUT: Layout = Layout { beginning, file_version: |_| 3 };

fn beginning(bytes: &[u8]) -> Option<Beginning> {
    let (wire, _) = StateWire::ref_from_prefix(bytes).ok()?;
    Some(Beginning {
        name: wire.name,
        index: wire.index.get(),
        is_wide: wire.generator.is_wide.get(),
        length: length_with_completed(size_of::<StateWire>(), wire.depth.get(), wire.files.get()),
    })
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
    output.extend_from_slice(wire.as_bytes());
    super::completed(state, output);
}

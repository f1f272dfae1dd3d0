//! Versions 107 of fio 3.39 to 112: how many writes of each file are kept stands beside the depth.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, IntoBytes};

use super::{Beginning, GeneratorWire, Layout, length_with_completed};
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

pub(super) const LAYOUT: Layout = Layout { beginning, file_version: |_| 4 };

fn beginning(bytes: &[u8]) -> Option<Beginning> {
    let (wire, _) = StateWire::ref_from_prefix(bytes).ok()?;
    Some(Beginning {
        name: wire.name,
        index: wire.index.get(),
        is_wide: wire.generator.is_wide.get(),
        length: length_with_completed(size_of::<StateWire>(), wire.kept_of_each_file.get(), wire.files.get()),
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
    wire.kept_of_each_file.set(state.depth);
    output.extend_from_slice(wire.as_bytes());
    super::completed(state, output);
}

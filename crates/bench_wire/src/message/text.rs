//! A line that the worker wants to be shown.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use super::job::{before_nul, counted};
use crate::fault::Fault;
use crate::layout::field::beginning;
use crate::opcode::Opcode;

/// Part of the worker's output: often a line, sometimes less or more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextOutput {
    /// fio's level of it: [`Self::DEBUG`], [`Self::INFORMATION`] or [`Self::ERROR`].
    pub level: u32,
    /// When it was written: seconds since 1970.
    pub time_s: u64,
    /// When it was written: microseconds of that second.
    pub time_us: u64,
    /// The text as it came.
    pub bytes: Vec<u8>,
}

wire_structure! {
    /// `struct cmd_text_pdu`.
    struct TextWire for TextOutput, 24 bytes {
        0 level: U32 = level;
        4 length: U32;
        8 time_s: U64 = time_s;
        16 time_us: U64 = time_us;
    }
}

impl TextOutput {
    /// The level of what is only for looking for errors.
    pub const DEBUG: u32 = 1;
    /// The level of reports and messages.
    pub const INFORMATION: u32 = 2;
    /// The level of errors.
    pub const ERROR: u32 = 3;

    /// The text before a NUL.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        before_nul(&self.bytes)
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Fault> {
        let parse = || {
            let (wire, rest) = beginning::<TextWire>(payload)?;
            let mut value = Self { bytes: counted(rest, wire.length.get())?.to_vec(), ..Self::default() };
            wire.load(&mut value);
            Ok(value)
        };
        parse().map_err(|problem: crate::Problem| problem.of(Opcode::Text))
    }

    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        let mut wire: TextWire = FromZeros::new_zeroed();
        wire.store(self);
        wire.length.set(u32::try_from(self.bytes.len()).expect("a text is shorter than 4 GiB"));
        output.extend_from_slice(wire.as_bytes());
        output.extend_from_slice(&self.bytes);
    }
}

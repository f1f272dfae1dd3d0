//! The header of a log (`struct cmd_iolog_pdu`) and the samples in it (`struct io_sample`) in each of their layouts.

mod v102;
mod v107;
mod v97;

use zerocopy::{FromZeros, IntoBytes};

use super::field::beginning;
use crate::fault::{Fault, Problem};
use crate::log::{LogEntry, LogHeader, SampleFlags};
use crate::opcode::Opcode;
use crate::version::ProtocolVersion;

/// Reads a log's header; returns what follows it, too.
pub(crate) fn decode_header(payload: &[u8], version: ProtocolVersion) -> Result<(LogHeader, &[u8]), Fault> {
    let mut header = LogHeader::default();
    let rest = match version.number() {
        ..=101 => beginning::<v97::Header>(payload).map(|(wire, rest)| {
            wire.load(&mut header);
            rest
        }),
        102..=106 => beginning::<v102::Header>(payload).map(|(wire, rest)| {
            wire.load(&mut header);
            rest
        }),
        107.. => beginning::<v107::Header>(payload).map(|(wire, rest)| {
            wire.load(&mut header);
            rest
        }),
    };
    rest.map(|rest| (header, rest)).map_err(|problem| problem.of(Opcode::Log))
}

/// Writes a log's header.
pub(crate) fn encode_header(header: &LogHeader, version: ProtocolVersion, output: &mut Vec<u8>) {
    macro_rules! store {
        ($wire:ty) => {{
            let mut wire: $wire = FromZeros::new_zeroed();
            wire.store(header);
            output.extend_from_slice(wire.as_bytes());
        }};
    }
    match version.number() {
        ..=101 => store!(v97::Header),
        102..=106 => store!(v102::Header),
        107.. => store!(v107::Header),
    }
}

/// Reads the fixed part of a sample, and its flags; returns what follows it, too.
pub(crate) fn decode_sample(bytes: &[u8], version: ProtocolVersion) -> Result<(LogEntry, SampleFlags, &[u8]), Problem> {
    let mut entry = LogEntry::default();
    let (direction, rest) = if version.number() <= 101 {
        let (wire, rest) = beginning::<v97::Sample>(bytes)?;
        wire.load(&mut entry);
        (wire.direction.get(), rest)
    } else {
        let (wire, rest) = beginning::<v102::Sample>(bytes)?;
        wire.load(&mut entry);
        (wire.direction.get(), rest)
    };
    let flags = SampleFlags::of(direction);
    entry.direction = flags.direction;
    Ok((entry, flags, rest))
}

/// Writes the fixed part of a sample.
pub(crate) fn encode_sample(entry: &LogEntry, flags: SampleFlags, version: ProtocolVersion, output: &mut Vec<u8>) {
    macro_rules! store {
        ($wire:ty) => {{
            let mut wire: $wire = FromZeros::new_zeroed();
            wire.store(entry);
            wire.direction.set(flags.to_bits());
            output.extend_from_slice(wire.as_bytes());
        }};
    }
    if version.number() <= 101 { store!(v97::Sample) } else { store!(v102::Sample) }
}

/// Bytes of the fixed part of a sample.
pub(crate) const fn fixed_bytes(version: ProtocolVersion) -> usize {
    if version.number() <= 101 { size_of::<v97::Sample>() } else { size_of::<v102::Sample>() }
}

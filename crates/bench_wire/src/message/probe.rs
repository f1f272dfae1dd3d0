//! Who is there: what both ends say of themselves.

use zerocopy::little_endian::{U32, U64};

use crate::fixed_text::FixedText;
use crate::opcode::Opcode;

/// Logs may be sent compressed (front end), or will be (worker).
pub const PROBE_COMPRESSION: u64 = 1;

/// A front end's greeting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrontEndProbe {
    /// [`PROBE_COMPRESSION`] or nothing.
    pub flags: u64,
    /// The name by which the front end calls the worker.
    pub worker_name: FixedText<128>,
}

wire_structure! {
    /// `struct cmd_client_probe_pdu`.
    pub(crate) struct FrontEndProbeWire for FrontEndProbe, 136 bytes {
        0 flags: U64 = flags;
        8 worker_name: FixedText<128> = worker_name;
    }
}

fixed_payload!(FrontEndProbe, FrontEndProbeWire, Opcode::Probe);

/// A worker's answer to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkerProbe {
    /// Its own name.
    pub host_name: FixedText<64>,
    /// Its processor is big endian. What it sends is little endian all the same.
    pub is_big_endian: bool,
    /// Its release, such as `fio-3.33`.
    pub fio_version: FixedText<32>,
    /// Operating system by fio's numbers; Linux is 1 (`os/os.h`).
    pub operating_system: u8,
    /// Architecture by fio's numbers; x86-64 is 1 (`arch/arch.h`).
    pub architecture: u8,
    /// Bytes of a pointer.
    pub pointer_bytes: u8,
    /// Processors that it has.
    pub processors: u32,
    /// [`PROBE_COMPRESSION`] or nothing.
    pub flags: u64,
}

wire_structure! {
    /// `struct cmd_probe_reply_pdu`.
    pub(crate) struct WorkerProbeWire for WorkerProbe, 112 bytes {
        0 host_name: FixedText<64> = host_name;
        64 is_big_endian: u8 = is_big_endian;
        65 fio_version: FixedText<32> = fio_version;
        97 operating_system: u8 = operating_system;
        98 architecture: u8 = architecture;
        99 pointer_bytes: u8 = pointer_bytes;
        100 processors: U32 = processors;
        104 flags: U64 = flags;
    }
}

fixed_payload!(WorkerProbe, WorkerProbeWire, Opcode::Probe);

//! The course of a run: understood, ended.

use zerocopy::little_endian::U32;

use crate::opcode::Opcode;

/// Jobs are understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Start {
    /// Jobs so far.
    pub jobs: u32,
    /// Reports of jobs that will come.
    pub reports: u32,
}

wire_structure! {
    /// `struct cmd_start_pdu`.
    struct StartWire for Start, 8 bytes {
        0 jobs: U32 = jobs;
        4 reports: U32 = reports;
    }
}

fixed_payload!(Start, StartWire, Opcode::Start);

/// The jobs have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stop {
    /// The exit status of the worker's process of this connection; 0 when all is well.
    pub error: u32,
    /// The signal that ended it; 0 when none did.
    pub signal: u32,
}

wire_structure! {
    /// `struct cmd_end_pdu`.
    struct StopWire for Stop, 8 bytes {
        0 error: U32 = error;
        4 signal: U32 = signal;
    }
}

fixed_payload!(Stop, StopWire, Opcode::Stop);

/// Whether other options for a job are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpdateReply {
    /// An errno; 0 when they are.
    pub error: u32,
}

wire_structure! {
    /// The answer to UPDATE_JOB.
    struct UpdateReplyWire for UpdateReply, 4 bytes {
        0 error: U32 = error;
    }
}

fixed_payload!(UpdateReply, UpdateReplyWire, Opcode::UpdateJob);

//! How far the jobs are.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use crate::fault::{Fault, Problem};
use crate::layout::field::beginning;
use crate::opcode::Opcode;

/// Progress of a worker's jobs. Arrays are read, write, trim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Eta {
    /// Jobs that run.
    pub running: u32,
    /// Jobs that run and do not count yet.
    pub ramping: u32,
    /// Jobs that wait.
    pub pending: u32,
    /// Jobs that lay out files.
    pub setting_up: u32,
    /// Least bandwidth that is allowed, in bytes per second.
    pub minimum_rate: [u64; 3],
    /// Bandwidth that is wanted, in bytes per second.
    pub target_rate: [u64; 3],
    /// Bandwidth, in KiB/s.
    pub rate: [u64; 3],
    /// Least I/O per second that is allowed.
    pub minimum_iops: [u32; 3],
    /// I/O per second that is wanted.
    pub target_iops: [u32; 3],
    /// I/O per second.
    pub iops: [u32; 3],
    /// Seconds since the jobs began.
    pub elapsed_s: u64,
    /// Seconds that it will take; [`i32::MAX`] when nobody knows yet, [`u64::MAX`] when nobody will.
    pub remaining_s: u64,
    /// Kilobytes have 1024 bytes.
    pub is_binary: bool,
    /// Bits in a unit of the display: 4 in bytes, 5 in bits.
    pub unit_base: u32,
    /// Digits of numbers in the display: at least 1.
    pub significant_figures: u32,
    /// Files that are open.
    pub open_files: u32,
    /// Jobs in all.
    pub jobs: u32,
    /// A letter for the state of each job, with counts where they repeat: `R(2),P(1)`.
    pub states: Vec<u8>,
}

wire_structure! {
    /// `struct jobs_eta`.
    struct EtaWire for Eta, 168 bytes {
        0 running: U32 = running;
        4 ramping: U32 = ramping;
        8 pending: U32 = pending;
        12 setting_up: U32 = setting_up;
        16 minimum_rate: [U64; 3] = minimum_rate;
        40 target_rate: [U64; 3] = target_rate;
        64 rate: [U64; 3] = rate;
        88 minimum_iops: [U32; 3] = minimum_iops;
        100 target_iops: [U32; 3] = target_iops;
        112 iops: [U32; 3] = iops;
        124 padding: U32;
        128 elapsed_s: U64 = elapsed_s;
        136 remaining_s: U64 = remaining_s;
        144 is_binary: U32 = is_binary;
        148 unit_base: U32 = unit_base;
        152 significant_figures: U32 = significant_figures;
        156 open_files: U32 = open_files;
        160 jobs: U32 = jobs;
        164 padding2: U32;
    }
}

impl Eta {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Fault> {
        let (wire, rest) = beginning::<EtaWire>(payload).map_err(|problem| problem.of(Opcode::Eta))?;
        let Some((0, states)) = rest.split_last() else {
            return Err(Problem::Unterminated { field: "the jobs' states" }.of(Opcode::Eta));
        };
        let mut value = Self { states: states.to_vec(), ..Self::default() };
        wire.load(&mut value);
        Ok(value)
    }

    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        let mut wire: EtaWire = FromZeros::new_zeroed();
        wire.store(self);
        output.extend_from_slice(wire.as_bytes());
        output.extend_from_slice(&self.states);
        output.push(0);
    }
}

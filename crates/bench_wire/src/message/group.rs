//! What the jobs of a group did together.

use zerocopy::little_endian::{U32, U64};

use crate::opcode::Opcode;

/// Statistics of a group. Arrays are read, write, trim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupStatistics {
    /// Run time of the job that ran longest.
    pub longest_run_ms: [u64; 3],
    /// Run time of the job that ran shortest; [`u64::MAX`] when there is none.
    pub shortest_run_ms: [u64; 3],
    /// Bandwidth of the fastest job in bytes per second.
    pub largest_bandwidth: [u64; 3],
    /// Bandwidth of the slowest job in bytes per second; [`u64::MAX`] when there is none.
    pub smallest_bandwidth: [u64; 3],
    /// Bytes moved.
    pub bytes: [u64; 3],
    /// Bandwidth of all in bytes per second.
    pub total_bandwidth: [u64; 3],
    /// Bytes in a kilobyte of the report: 1000 or 1024.
    pub kb_base: u32,
    /// Bits in a unit of the report: 4 in bytes, 5 in bits.
    pub unit_base: u32,
    /// Digits of numbers in the report: at least 1.
    pub significant_figures: u32,
    /// Number of the group, from 0.
    pub group_id: u32,
    /// Whether directions are reported as one: 0 no, 1 only mixed, 2 both.
    pub unified_reporting: u32,
}

wire_structure! {
    /// `struct group_run_stats`.
    pub(crate) struct GroupStatisticsWire for GroupStatistics, 164 bytes {
        0 longest_run_ms: [U64; 3] = longest_run_ms;
        24 shortest_run_ms: [U64; 3] = shortest_run_ms;
        48 largest_bandwidth: [U64; 3] = largest_bandwidth;
        72 smallest_bandwidth: [U64; 3] = smallest_bandwidth;
        96 bytes: [U64; 3] = bytes;
        120 total_bandwidth: [U64; 3] = total_bandwidth;
        144 kb_base: U32 = kb_base;
        148 unit_base: U32 = unit_base;
        152 significant_figures: U32 = significant_figures;
        156 group_id: U32 = group_id;
        160 unified_reporting: U32 = unified_reporting;
    }
}

fixed_payload!(GroupStatistics, GroupStatisticsWire, Opcode::GroupStatistics);

//! Versions 101 to 113: fio 3.36 to 3.41. The start of the job is new.

use zerocopy::little_endian::{U32, U64};

use super::blocks::{Identity, LatencyTarget, Measures, Process, Steady, Tail};
use super::{Appended, BLOCKS, Layout, store_blocks};
use crate::message::JobStatistics;

wire_structure! {
    /// The fixed part.
    pub(super) struct ThreadStatistics for JobStatistics, 183_896 bytes {
        0 identity: Identity;
        268 job_start_ms: U64 = job_start_ms;
        276 process: Process;
        552 measures: Measures;
        150_904 zone_resets: U64 = zone_resets;
        150_912 block_count: U64;
        150_920 blocks: [U32; BLOCKS];
        183_688 kb_base: U32 = kb_base;
        183_692 unit_base: U32 = unit_base;
        183_696 latency_depth: U32 = latency_depth;
        183_700 padding: U32;
        183_704 latency_target: LatencyTarget;
        183_740 steady: Steady;
        183_820 io_priority: U32 = io_priority;
        183_824 steady_iops_at: U64;
        183_832 steady_bandwidth_at: U64;
        183_840 priorities_at: [U64; 3];
        183_864 tail: Tail;
    }
}

impl Layout for ThreadStatistics {
    const KEEPS_LATENCY: bool = false;

    fn load(&self, value: &mut JobStatistics) -> (Appended, u64) {
        Self::load(self, value);
        self.identity.load(value);
        self.process.load(value);
        self.measures.load(value);
        self.latency_target.load(value);
        self.steady.load(&mut value.steady_state);
        self.tail.load(value);
        let appended = Appended {
            iops_at: self.steady_iops_at.get(),
            bandwidth_at: self.steady_bandwidth_at.get(),
            latency_at: None,
            priorities_at: self.priorities_at.map(U64::get),
            priorities: self.tail.priorities.map(U32::get),
        };
        (appended, self.block_count.get())
    }

    fn store(&mut self, value: &JobStatistics, appended: &Appended) {
        Self::store(self, value);
        self.identity.store(value);
        self.process.store(value);
        self.measures.store(value);
        self.latency_target.store(value);
        self.steady.store(&value.steady_state);
        self.tail.store(value);
        self.steady_iops_at.set(appended.iops_at);
        self.steady_bandwidth_at.set(appended.bandwidth_at);
        self.priorities_at = appended.priorities_at.map(U64::new);
        self.tail.priorities = appended.priorities.map(U32::new);
        self.block_count.set(store_blocks(value, &mut self.blocks));
    }

    fn blocks(&self) -> &[U32; BLOCKS] {
        &self.blocks
    }
}

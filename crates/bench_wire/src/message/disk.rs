//! What a disk did while the jobs ran.

use zerocopy::little_endian::{U32, U64};

use crate::fixed_text::FixedText;
use crate::layout::field::{Field, Float64};
use crate::opcode::Opcode;

/// The kernel's counters of a disk, or the sum of several. Arrays are read, write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskCounters {
    /// I/O completed.
    pub ios: [u64; 2],
    /// I/O merged into others.
    pub merges: [u64; 2],
    /// Sectors of 512 bytes.
    pub sectors: [u64; 2],
    /// Time of all I/O.
    pub ticks_ms: [u64; 2],
    /// Time in which there was any I/O.
    pub io_ticks_ms: u64,
    /// Time in the queue, summed over all I/O.
    pub time_in_queue_ms: u64,
}

wire_structure! {
    struct DiskCountersWire for DiskCounters, 80 bytes {
        0 ios: [U64; 2] = ios;
        16 merges: [U64; 2] = merges;
        32 sectors: [U64; 2] = sectors;
        48 ticks_ms: [U64; 2] = ticks_ms;
        64 io_ticks_ms: U64 = io_ticks_ms;
        72 time_in_queue_ms: U64 = time_in_queue_ms;
    }
}

impl Field<DiskCounters> for DiskCountersWire {
    fn load(&self) -> DiskCounters {
        let mut value = DiskCounters::default();
        Self::load(self, &mut value);
        value
    }

    fn store(&mut self, value: &DiskCounters) {
        Self::store(self, value);
    }
}

/// Utilisation of a disk.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DiskUtilisation {
    /// The kernel's name of it.
    pub name: FixedText<64>,
    /// Its own counters.
    pub counters: DiskCounters,
    /// Time over which they were taken.
    pub interval_ms: u64,
    /// The sum over the disks that it consists of.
    pub components: DiskCounters,
    /// How many those are; 0 for a disk of its own.
    pub component_count: u32,
    /// Utilisation of the busiest of them in percent.
    pub busiest_component: f64,
}

wire_structure! {
    /// `struct cmd_du_pdu`.
    struct DiskUtilisationWire for DiskUtilisation, 256 bytes {
        0 name: FixedText<64> = name;
        64 counters: DiskCountersWire = counters;
        144 interval_ms: U64 = interval_ms;
        152 components: DiskCountersWire = components;
        232 component_count: U32 = component_count;
        236 padding: U32;
        240 busiest_component: Float64 = busiest_component;
    }
}

fixed_payload!(DiskUtilisation, DiskUtilisationWire, Opcode::DiskUtilisation);

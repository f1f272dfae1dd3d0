//! How busy disks were.

use bench::statistics::{DiskCounters as Counters, DiskUtilization};
use bench_wire::FixedText;
use bench_wire::message::{DiskCounters, DiskUtilisation};

/// A disk's utilisation.
#[must_use]
pub fn utilisation(disk: &DiskUtilization) -> DiskUtilisation {
    let summary = disk.member_summary().unwrap_or_default();
    DiskUtilisation {
        name: FixedText::new(&disk.name),
        counters: counters(&disk.counters),
        interval_ms: disk.elapsed_ms,
        components: counters(&summary.sums),
        component_count: summary.count,
        busiest_component: summary.busiest,
    }
}

fn counters(counters: &Counters) -> DiskCounters {
    DiskCounters {
        ios: counters.ios,
        merges: counters.merges,
        sectors: counters.sectors,
        ticks_ms: counters.ticks,
        io_ticks_ms: counters.io_ticks,
        time_in_queue_ms: counters.time_in_queue,
    }
}

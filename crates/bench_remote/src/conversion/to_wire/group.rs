//! What the jobs of a group did together.

use bench::statistics::{GroupDirection, GroupResult};
use bench_wire::message::GroupStatistics;

use super::{digits, unified, unit_base};

/// A group's statistics. Of a direction in which nothing was done the smallest values are [`u64::MAX`], as fio has it.
#[must_use]
pub fn statistics(group: &GroupResult) -> GroupStatistics {
    let each = |value: fn(&GroupDirection) -> u64| group.directions.each_ref().map(value);
    let smallest = |value: fn(&GroupDirection) -> u64| {
        group.directions.each_ref().map(|direction| if direction.longest_ms == 0 { u64::MAX } else { value(direction) })
    };
    GroupStatistics {
        longest_run_ms: each(|direction| direction.longest_ms),
        shortest_run_ms: smallest(|direction| direction.shortest_ms),
        largest_bandwidth: each(|direction| direction.fastest),
        smallest_bandwidth: smallest(|direction| direction.slowest),
        bytes: each(|direction| direction.bytes),
        total_bandwidth: each(|direction| direction.aggregate),
        kb_base: group.kilobyte,
        unit_base: unit_base(group.unit),
        significant_figures: digits(group.significant_figures),
        group_id: group.number,
        unified_reporting: unified(group.unified),
    }
}

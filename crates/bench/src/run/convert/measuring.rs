//! What is measured, and how results are shown.

use crate::direction::Direction;
use crate::options::JobOptions;
use crate::options::description::UnitBase;
use crate::options::io_type::UnifiedReporting as UnifiedOption;
use crate::statistics::{BandwidthUnit, LatencyChoice, PercentileList, RecorderSettings, Reporting, UnifiedReporting};

use super::{Shape, proving};

/// The latencies that percentiles are wanted of.
fn percentiles(options: &JobOptions) -> LatencyChoice {
    let measurements = &options.measurements;
    LatencyChoice {
        slat: measurements.slat_percentiles,
        clat: measurements.clat_percentiles,
        lat: measurements.lat_percentiles,
    }
}

/// The latencies that are measured.
pub(in crate::run) fn measured(options: &JobOptions, completes_at_once: bool) -> LatencyChoice {
    let measurements = &options.measurements;
    let reduced = options.time.gtod_reduce;
    LatencyChoice {
        slat: !measurements.disable_slat && !reduced && !completes_at_once,
        clat: !measurements.disable_clat && !reduced,
        lat: !measurements.disable_lat && !reduced,
    }
}

/// What to record.
pub(in crate::run) fn recorder(options: &JobOptions, completes_at_once: bool, priorities: &[u16]) -> RecorderSettings {
    let shape = Shape::of(options);
    let verifies = proving::is_wanted(options);
    RecorderSettings {
        directions: Direction::ALL.map(|direction| {
            shape.has(direction)
                || match direction {
                    Direction::Read => verifies,
                    Direction::Write => false,
                    Direction::Trim => proving::trims_in_run(options),
                }
        }),
        measured: measured(options, completes_at_once),
        percentiles: percentiles(options),
        priorities: priorities.to_vec(),
    }
}

/// How results are shown.
pub(in crate::run) fn reporting(options: &JobOptions) -> Reporting {
    let measurements = &options.measurements;
    let list = &measurements.percentile_list;
    let (percentile_list, percentile_precision) = if list.values.is_empty() {
        (PercentileList::default(), 2)
    } else {
        (PercentileList::new(&list.values), list.digits)
    };
    Reporting {
        group_reporting: measurements.group_reporting,
        unified: match options.io_type.unified_rw_reporting {
            UnifiedOption::None => UnifiedReporting::Split,
            UnifiedOption::Mixed => UnifiedReporting::Mixed,
            UnifiedOption::Both => UnifiedReporting::Both,
        },
        percentiles: percentiles(options),
        percentile_list,
        percentile_precision,
        kilobyte: kilobyte(options),
        unit: match options.description.unit_base {
            UnitBase::Bit => BandwidthUnit::Bits,
            UnitBase::Byte | UnitBase::Automatic => BandwidthUnit::Bytes,
        },
        significant_figures: measurements.significant_figures as usize,
    }
}

/// Whether `k` is 1024 or 1000.
pub(in crate::run) fn kilobyte(options: &JobOptions) -> u32 {
    match options.description.kb_base {
        crate::options::KbBase::Binary => 1024,
        crate::options::KbBase::Decimal => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::find;

    #[test]
    fn percentiles_have_the_digits_that_they_were_given_with() {
        // As fio 3.33 shows them.
        for (list, precision) in
            [(None, 2), (Some("50:99"), 0), (Some("99.5:1"), 1), (Some("1.50"), 2), (Some("99.1234567"), 7)]
        {
            let mut options = JobOptions::default();
            if list.is_some() {
                options.set(find("percentile_list").unwrap(), list).unwrap();
            }
            assert_eq!(reporting(&options).percentile_precision, precision, "{list:?}");
        }
    }
}

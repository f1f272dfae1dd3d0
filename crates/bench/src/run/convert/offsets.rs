//! Which I/Os a job does.

use crate::direction::Direction;
use crate::offsets::layout::{Amount, Extent};
use crate::offsets::settings::{
    BlockSize, Distribution, FileService, Limits, MapPolicy, Order, RandomGenerator, Sequencer, Settings, SpRandom,
    SplitSize, StridedZones, SyncEvery, Zone,
};
use crate::options::io_type::{IoType, RandomDistribution, RandomGenerator as GeneratorOption, RwSequencer};
use crate::options::split::ZoneEntry;
use crate::options::target_file::{FileService as ServiceOption, ZoneMode};
use crate::options::{JobOptions, PerDirection, Share};
use crate::random::Width;
use crate::random::seeds::{Purpose, SeedSettings, Seeds};

use super::{Shape, proving};

/// The settings of the offsets of a job.
pub(in crate::run) fn settings(options: &JobOptions, engine_is_synchronous: bool) -> Settings {
    let shape = Shape::of(options);
    let io = &options.io_type;
    let order = if shape.random {
        Order::Random { change_every: io.rw_sequence_count.max(1) }
    } else {
        Order::Sequential { stride_bytes: io.rw_sequence_add }
    };
    Settings {
        sequencer: match io.rw_sequencer {
            RwSequencer::Sequential => Sequencer::Sequential,
            RwSequencer::Identical => Sequencer::Identical,
        },
        block_sizes: block_sizes(options),
        size_by_order: options.block_size.bs_is_seq_rand,
        unaligned: options.block_size.bs_unaligned,
        alignment: alignment(options),
        random_percent: io.percentage_random.0,
        read_percent: io.rwmixread,
        map: match (io.norandommap, io.softrandommap) {
            (true, _) => MapPolicy::None,
            (false, true) => MapPolicy::Soft,
            (false, false) => MapPolicy::Required,
        },
        generator: match io.random_generator {
            GeneratorOption::Tausworthe => RandomGenerator::Tausworthe,
            GeneratorOption::Tausworthe64 => RandomGenerator::Tausworthe64,
            GeneratorOption::Lfsr => RandomGenerator::Lfsr,
        },
        generator_is_set: options.is_set("random_generator"),
        distribution: distribution(io),
        sprandom: sprandom(options),
        file_service: file_service(options),
        open_files: usize::try_from(options.target_file.openfiles).unwrap_or(usize::MAX),
        sync_every: SyncEvery {
            fsync: u64::from(io.fsync),
            fdatasync: u64::from(io.fdatasync),
            range: u64::from(io.sync_file_range.blocks),
        },
        limits: limits(options, engine_is_synchronous),
        strided: strided(options),
        ..Settings::new(shape.mix, order, 4096)
    }
}

/// Parity: with several files open at a time, fio does as if nothing was said of zones.
fn strided(options: &JobOptions) -> Option<StridedZones> {
    let file = &options.target_file;
    let wanted = file.zonemode == ZoneMode::Strided;
    (wanted && file.openfiles <= 1).then_some(StridedZones {
        size: file.zonesize,
        range: file.zonerange,
        skip: file.zoneskip,
    })
}

/// `blockalign`, where it is another than the smallest block.
fn alignment(options: &JobOptions) -> [u64; 3] {
    let sizes = block_sizes(options);
    Direction::ALL.map(|direction| {
        let align = options.block_size.ba[direction];
        if align == sizes[direction.index()].minimum { 0 } else { align }
    })
}

/// The lengths of I/Os: `bssplit` before `bsrange` before `bs`.
pub(in crate::run) fn block_sizes(options: &JobOptions) -> [BlockSize; 3] {
    let sizes = &options.block_size;
    Direction::ALL.map(|direction| {
        let split = &sizes.bssplit[direction];
        if !split.is_empty() {
            let entries = split.iter().map(|entry| SplitSize { bytes: entry.size, percent: entry.percent });
            return BlockSize::split(entries.collect());
        }
        match sizes.bsrange[direction] {
            Some(range) => BlockSize::range(range.low, range.high),
            None => BlockSize::fixed(sizes.bs[direction]),
        }
    })
}

fn sprandom(options: &JobOptions) -> Option<SpRandom> {
    let disk = &options.sprandom;
    disk.sprandom.then(|| SpRandom {
        regions: disk.spr_num_regions,
        over_provisioning: disk.over_provisioning(),
        cache_bytes: disk.spr_cs,
    })
}

fn distribution(io: &IoType) -> Distribution {
    let zones = |zones: &PerDirection<Vec<ZoneEntry>>| {
        zones.0.each_ref().map(|zones| {
            zones.iter().map(|zone| Zone { access_percent: zone.access_percent, size: zone.size }).collect()
        })
    };
    match &io.random_distribution {
        RandomDistribution::Random => Distribution::Uniform,
        RandomDistribution::Zipf { theta, center } => Distribution::Zipf { theta: *theta, center: *center },
        RandomDistribution::Pareto { power, center } => Distribution::Pareto { h: *power, center: *center },
        RandomDistribution::Normal { deviation, center } => {
            Distribution::Normal { deviation: *deviation, center: *center }
        }
        RandomDistribution::Zoned(entries) => Distribution::Zoned(zones(entries)),
        RandomDistribution::ZonedAbsolute(entries) => Distribution::ZonedAbsolute(zones(entries)),
        RandomDistribution::Sequence(blocks) => {
            Distribution::Sequence { blocks: blocks.clone(), strides: io.random_sequence_stride }
        }
    }
}

fn file_service(options: &JobOptions) -> FileService {
    let file = &options.target_file;
    let (count, center) = (file.file_service_count.max(1), file.file_service_center);
    match file.file_service_type {
        ServiceOption::Random => FileService::Random { count },
        ServiceOption::RoundRobin => FileService::RoundRobin { count },
        ServiceOption::Sequential => FileService::Sequential,
        ServiceOption::Zipf => FileService::Zipf { theta: file.file_service_parameter, center },
        ServiceOption::Pareto => FileService::Pareto { h: file.file_service_parameter, center },
        ServiceOption::Normal => FileService::Normal { deviation: file.file_service_parameter, center },
    }
}

fn limits(options: &JobOptions, engine_is_synchronous: bool) -> Limits {
    Limits {
        io_size: options.io_size.io_size.bytes(),
        number_ios: options.io_type.number_ios,
        loops: options.description.loops.max(1),
        time_based: options.time.time_based,
        engine_is_synchronous,
        verify: proving::is_wanted(options),
        verify_backlog: options.verification.verify_backlog > 0,
        do_verify: options.verification.do_verify,
    }
}

/// Parity: of `offset` fio takes the percentage if there is one.
fn offset(share: Share) -> Amount {
    share.percent().map_or(Amount::Bytes(share.bytes()), Amount::Percent)
}

/// What was given last. fio aborts where bytes of `offset_increment` follow a percentage.
fn increment(share: Share) -> Amount {
    match share {
        Share::Percent(percent) => Amount::Percent(percent),
        Share::Bytes(bytes) | Share::PercentThenBytes { bytes, .. } => Amount::Bytes(bytes),
    }
}

/// How many increments behind the first clone of a job another one starts. Parity: fio counts down, so that of four clones the second is
/// the farthest. Then jobs and their logs are those of fio.
const fn increments(options: &JobOptions, clone_number: u32) -> u32 {
    if clone_number == 0 { 0 } else { options.description.numjobs.saturating_sub(clone_number) }
}

/// Which part of the files is used.
pub(in crate::run) fn extent(options: &JobOptions, clone_number: u32) -> Extent {
    let file_size = options.io_size.filesize.map_or((0, 0), |range| (range.low, range.high));
    let align = options.io_type.offset_align;
    Extent {
        size: options.io_size.size.bytes(),
        size_percent: options.io_size.size.percent().unwrap_or(100),
        file_size,
        io_size_percent: options.io_size.io_size.percent().unwrap_or(100),
        offset: offset(options.io_type.offset),
        offset_align: (align > 0).then(|| u64::from(align)),
        offset_increment: increment(options.io_type.offset_increment),
        clone_number: increments(options, clone_number),
        append: options.io_size.file_append,
    }
}

/// The seeds of a job; `job_number` counts from 1 over the run.
pub(in crate::run) fn seeds(
    options: &JobOptions,
    job_number: u32,
    is_clone: bool,
    entropy: [u64; Purpose::COUNT],
) -> Seeds {
    let io = &options.io_type;
    Seeds::derive(&SeedSettings {
        randseed: options.is_set("randseed").then_some(io.randseed),
        randrepeat: io.randrepeat,
        allrandrepeat: io.allrandrepeat,
        job_number,
        is_clone,
        entropy,
        random: Shape::of(options).random,
    })
}

/// Bits of the job's random numbers.
pub(in crate::run) fn width(options: &JobOptions) -> Width {
    match options.io_type.random_generator {
        GeneratorOption::Tausworthe64 => Width::Bits64,
        GeneratorOption::Tausworthe | GeneratorOption::Lfsr => Width::Bits32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn increments_are_counted_down_behind_the_first_clone() {
        // The first offsets of the clones of one job in logs of fio 3.33: offset_increment=64k, numjobs=4.
        let mut options = JobOptions::default();
        options.description.numjobs = 4;
        assert_eq!([0, 1, 2, 3].map(|number| extent(&options, number).clone_number), [0, 3, 2, 1]);
    }
}

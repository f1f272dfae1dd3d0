//! Options that cannot all be had.

use thiserror::Error;

use crate::direction::Direction;
use crate::options::buffers::DedupeMode;
use crate::options::io_type::RandomGenerator;
use crate::options::target_file::ZoneMode;
use crate::options::{Between, JobOptions, PerDirection};

/// Why a job cannot run as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Contradiction {
    /// `--readonly` and a job that writes or trims.
    #[error("the job writes or trims, and --readonly does not allow it")]
    WritesWithReadonly,
    /// Two limits of one thing.
    #[error("rate and rate_iops exclude each other, and so do rate_min and rate_iops_min")]
    TwoRates,
    /// A least rate above the rate.
    #[error("the least rate of {} is above its rate", .0.name())]
    LeastRateAboveRate(Direction),
    /// Not even one block.
    #[error("size {size} is smaller than the smallest block, {block}")]
    SizeBelowBlock {
        /// Bytes of all files.
        size: u64,
        /// Bytes of the smallest block.
        block: u64,
    },
    /// A size of zones that nothing is made of.
    #[error("zonesize is of no use with zonemode=none: zonemode=strided makes windows of that size")]
    ZoneSizeWithoutMode,
    /// Zones without a size.
    #[error("zonemode=strided needs zonesize: how much is done in a window before the next one")]
    NoZoneSize,
    /// Percentiles of errors with several files.
    #[error("block_error_percentiles is for a job with one file; there are {0}")]
    BlockErrorsOfFiles(u32),
    /// A working set without a size.
    #[error("dedupe_mode=working_set needs a size")]
    WorkingSetWithoutSize,
    /// A working set with several files.
    #[error("dedupe_mode=working_set is for a job with one file; there are {0}")]
    WorkingSetOfFiles(u32),
    /// More blocks are to repeat than there are.
    #[error("{repeated} % of the blocks cannot repeat while {set} % are the set that they repeat")]
    WorkingSetTooLarge {
        /// Blocks that repeat, in per cent.
        repeated: u32,
        /// Blocks of the set, in per cent.
        set: u32,
    },
    /// A memory map of a file that grows.
    #[error("the engine {0} cannot make files longer: leave out file_append")]
    CannotExtend(String),
    /// A job that waits for itself.
    #[error("the job waits for itself")]
    WaitsForItself,
    /// A job that waits for none.
    #[error("there is no job {0} before this one to wait for")]
    WaitsForUnknown(String),
    /// A job that waits for more than one.
    #[error("there is more than one job {0} before this one: wait_for needs a name that is unique")]
    WaitsForSeveral(String),
    /// Jobs of a group that do not measure the same.
    #[error("{0} is not the same in all jobs of the group")]
    GroupDiffers(&'static str),
    /// Two ramps.
    #[error("ramp_time and ramp_size exclude each other")]
    TwoRamps,
    /// Preconditioning of what is not written at random.
    #[error("sprandom needs random writes, {0}")]
    SpRandom(&'static str),
}

impl Contradiction {
    /// The options that it is about: any of them may be the one to change.
    #[must_use]
    pub const fn options(&self) -> &'static [&'static str] {
        match self {
            Self::WritesWithReadonly => &["rw"],
            Self::TwoRates => &["rate", "rate_iops", "rate_min", "rate_iops_min"],
            Self::LeastRateAboveRate(_) => &["rate", "rate_min", "rate_iops", "rate_iops_min"],
            Self::SizeBelowBlock { .. } => &["size", "bs", "bsrange", "bssplit"],
            Self::ZoneSizeWithoutMode => &["zonesize"],
            Self::NoZoneSize => &["zonemode"],
            Self::BlockErrorsOfFiles(_) => &["block_error_percentiles"],
            Self::WorkingSetWithoutSize | Self::WorkingSetOfFiles(_) => &["dedupe_mode"],
            Self::WorkingSetTooLarge { .. } => &["dedupe_percentage", "dedupe_working_set_percentage"],
            Self::CannotExtend(_) => &["file_append"],
            Self::WaitsForItself | Self::WaitsForUnknown(_) | Self::WaitsForSeveral(_) => &["wait_for"],
            Self::GroupDiffers(_) => &["lat_percentiles", "ramp_size"],
            Self::TwoRamps => &["ramp_time", "ramp_size"],
            Self::SpRandom(_) => &["sprandom", "spr_op", "random_generator", "norandommap"],
        }
    }
}

/// Engines that cannot write behind the end of a file.
const CANNOT_EXTEND: [&str; 1] = ["mmap"];

pub(super) fn check(options: &JobOptions, block_sizes: &PerDirection<Between<u64>>) -> Result<(), Contradiction> {
    check_rates(options)?;
    let block = block_sizes.0.iter().map(|range| range.low).min().unwrap_or(0);
    let size = options.io_size.size.bytes();
    if size != 0 && size < block {
        return Err(Contradiction::SizeBelowBlock { size, block });
    }
    match (options.target_file.zonemode, options.target_file.zonesize) {
        (ZoneMode::None, 1..) => return Err(Contradiction::ZoneSizeWithoutMode),
        (ZoneMode::Strided, 0) => return Err(Contradiction::NoZoneSize),
        _ => {}
    }
    let files = options.target_file.nrfiles;
    if options.measurements.block_error_percentiles && files != 1 {
        return Err(Contradiction::BlockErrorsOfFiles(files));
    }
    if options.io_size.file_append && CANNOT_EXTEND.contains(&options.engine.ioengine.as_str()) {
        return Err(Contradiction::CannotExtend(options.engine.ioengine.clone()));
    }
    if options.time.ramp_size > 0 && !options.time.ramp_time.is_zero() {
        return Err(Contradiction::TwoRamps);
    }
    if options.sprandom.sprandom {
        check_sprandom(options)?;
    }
    check_working_set(options)
}

fn check_sprandom(options: &JobOptions) -> Result<(), Contradiction> {
    let io = &options.io_type;
    let over_provisioning = options.sprandom.over_provisioning();
    let refuse = |what| Err(Contradiction::SpRandom(what));
    if !(io.rw.writes() && io.rw.is_random()) {
        return refuse("as rw=randwrite does");
    }
    if io.random_generator != RandomGenerator::Lfsr {
        return refuse("and random_generator=lfsr, which it sets by itself");
    }
    if !io.norandommap {
        return refuse("and norandommap=1, which it sets by itself");
    }
    if options.target_file.nrfiles != 1 {
        return refuse("all to one file");
    }
    if over_provisioning <= 0.0 || over_provisioning >= 1.0 {
        return refuse("and spr_op above 0 and below 1");
    }
    Ok(())
}

fn check_rates(options: &JobOptions) -> Result<(), Contradiction> {
    let rate = &options.io_rate;
    let any = |values: &[u64; 3]| values.iter().any(|value| *value != 0);
    let any_iops = |values: &[u32; 3]| values.iter().any(|value| *value != 0);
    let both = any(&rate.rate.0) && any_iops(&rate.rate_iops.0);
    let both_least = any(&rate.rate_min.0) && any_iops(&rate.rate_iops_min.0);
    if both || both_least {
        return Err(Contradiction::TwoRates);
    }
    for direction in Direction::ALL {
        let bytes = rate.rate[direction] != 0 && rate.rate[direction] < rate.rate_min[direction];
        let blocks = rate.rate_iops[direction] != 0 && rate.rate_iops[direction] < rate.rate_iops_min[direction];
        if bytes || blocks {
            return Err(Contradiction::LeastRateAboveRate(direction));
        }
    }
    Ok(())
}

fn check_working_set(options: &JobOptions) -> Result<(), Contradiction> {
    let buffers = &options.buffers;
    if buffers.dedupe_percentage == 0 || buffers.dedupe_mode != DedupeMode::WorkingSet {
        return Ok(());
    }
    let (repeated, set) = (buffers.dedupe_percentage, buffers.dedupe_working_set_percentage);
    match options.target_file.nrfiles {
        _ if !options.is_set("size") => Err(Contradiction::WorkingSetWithoutSize),
        1 if repeated + set > 100 => Err(Contradiction::WorkingSetTooLarge { repeated, set }),
        1 => Ok(()),
        files => Err(Contradiction::WorkingSetOfFiles(files)),
    }
}

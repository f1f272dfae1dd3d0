//! From what was typed in to what is run: defaults that depend on other options, and contradictions.
//!
//! One step, once all options of a job are known. What fio does in its `fixup_options`, in this order:
//!
//! | what | becomes |
//! |---|---|
//! | blocks without a range | from `bs` to `bs` |
//! | `ba` that is not given, or of sequential I/O | the smallest block |
//! | `ba` other than the smallest block | `norandommap`, with a warning |
//! | `sprandom` | `random_generator=lfsr` and `norandommap`, unless given |
//! | a distribution other than `random` | `norandommap` |
//! | a job that reads | `overwrite`: its file is laid out first |
//! | `iodepth_low`, `iodepth_batch` of 0 or above `iodepth` | `iodepth` |
//! | `iodepth_batch_complete_max` below the smallest | the smallest |
//! | `serialize_overlap` of a job that changes nothing, or one block at a time | off |
//! | `thinktime_spin` above `thinktime` | `thinktime` |
//! | `nrfiles` above the files named; `openfiles` of 0 or above `nrfiles` | these |
//! | `time_based` without `runtime` | off, with a warning |
//! | `fill_device` without `size` | no end of the size |
//! | `verify` | `refill_buffers`, unless given; `verify_interval` that divides every block |
//! | `pre_read` | no `invalidate` |
//! | `buffer_compress_percentage` | of 100: `zero_buffers`; else `refill_buffers`, unless given |
//! | `zero_buffers` | no `scramble_buffers`, unless given |
//! | `atomic` | `direct` |
//! | `disable_lat` … | no `lat_percentiles` … |
//! | `write_bw_log`, `write_iops_log` | averaged over `log_avg_msec`, at most over `bwavgtime`, `iopsavgtime` if given |
//! | `loops` of 0 | 1 |
//!
//! What contradicts itself is refused ([`Contradiction`]); what is done in another way than asked for is a [`Warning`].

use super::block_size::BlockSize;
use super::io_depth::SubmitMode;
use super::io_type::{RandomDistribution, RandomGenerator};
use super::kind::Standing;
use super::measurements::Log;
use super::verification::Verify;
use super::{Between, JobOptions, PerDirection, Share, find};
use crate::direction::Direction;
use crate::engines;

mod contradiction;
mod warning;

pub use contradiction::Contradiction;
pub use warning::Warning;

/// A job's options as it runs by them.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The options with everything in place that depends on others.
    pub options: JobOptions,
    /// Smallest and largest block of each direction.
    pub block_sizes: PerDirection<Between<u64>>,
}

/// What follows from the options of a job. `readonly` refuses jobs that write or trim. Warnings are added to `warnings`.
///
/// # Errors
/// See [`Contradiction`].
pub fn resolve(options: &JobOptions, readonly: bool, warnings: &mut Vec<Warning>) -> Result<Resolved, Contradiction> {
    let mut options = options.clone();
    let is_deprecated = |name: &&str| find(name).is_some_and(|option| option.kind.standing() == Standing::Deprecated);
    warnings.extend(options.set.iter().copied().filter(is_deprecated).map(Warning::Deprecated));
    if readonly && (options.io_type.rw.writes() || options.io_type.rw.trims()) {
        return Err(Contradiction::WritesWithReadonly);
    }
    let block_sizes = block_sizes(&options.block_size);
    resolve_offsets(&mut options, &block_sizes, warnings);
    resolve_depth(&mut options);
    resolve_files(&mut options);
    resolve_time(&mut options, warnings);
    resolve_buffers(&mut options);
    if options.verification.verify != Verify::None {
        resolve_verification(&mut options, &block_sizes, warnings);
    }
    resolve_measurements(&mut options);
    contradiction::check(&options, &block_sizes)?;
    Ok(Resolved { options, block_sizes })
}

fn block_sizes(sizes: &BlockSize) -> PerDirection<Between<u64>> {
    let of = |direction: Direction| {
        let size = sizes.bs[direction];
        sizes.bsrange[direction].unwrap_or(Between { low: size, high: size })
    };
    PerDirection(Direction::ALL.map(of))
}

/// Whether every block of every direction has one size.
fn is_one_size(block_sizes: &PerDirection<Between<u64>>) -> bool {
    let size = block_sizes.0[0].low;
    block_sizes.0.iter().all(|range| range.low == size && range.high == size)
}

fn resolve_offsets(options: &mut JobOptions, block_sizes: &PerDirection<Between<u64>>, warnings: &mut Vec<Warning>) {
    if options.sprandom.sprandom {
        if !options.set.contains("random_generator") {
            options.io_type.random_generator = RandomGenerator::Lfsr;
        }
        if !options.set.contains("norandommap") {
            options.io_type.norandommap = true;
        }
    }
    let (io_type, sizes) = (&mut options.io_type, &mut options.block_size);
    io_type.direct |= io_type.atomic;
    let mut is_aligned = true;
    for direction in Direction::ALL {
        let smallest = block_sizes[direction].low;
        if sizes.ba[direction] == 0 || !io_type.rw.is_random() {
            sizes.ba[direction] = smallest;
        }
        is_aligned &= sizes.ba[direction] == smallest;
    }
    if !is_aligned && !io_type.norandommap {
        warnings.push(Warning::AlignmentWithoutMap);
        io_type.norandommap = true;
    }
    if io_type.norandommap && options.verification.verify != Verify::None && !is_one_size(block_sizes) {
        warnings.push(Warning::VerifyWithoutMap);
    }
    if sizes.bs_unaligned && io_type.direct {
        warnings.push(Warning::UnalignedAndDirect);
    }
    if io_type.random_distribution != RandomDistribution::Random {
        io_type.norandommap = true;
    }
    io_type.overwrite |= io_type.rw.reads();
}

fn resolve_depth(options: &mut JobOptions) {
    let changes_data = options.io_type.rw.writes() || options.io_type.rw.trims();
    let depth = &mut options.io_depth;
    if depth.iodepth_low == 0 || depth.iodepth_low > depth.iodepth {
        depth.iodepth_low = depth.iodepth;
    }
    if depth.iodepth_batch == 0 || depth.iodepth_batch > depth.iodepth {
        depth.iodepth_batch = depth.iodepth;
    }
    depth.iodepth_batch_complete_max = depth.iodepth_batch_complete_max.max(depth.iodepth_batch_complete_min);
    let cannot_overlap = !changes_data || depth.iodepth == 1;
    depth.serialize_overlap &= !cannot_overlap || depth.io_submit_mode == SubmitMode::Offload;
    options.io_rate.thinktime_spin = options.io_rate.thinktime_spin.min(options.io_rate.thinktime);
}

fn resolve_files(options: &mut JobOptions) {
    let files = &mut options.target_file;
    if !files.filename.is_empty() {
        // More files than a 32-bit number counts cannot be named.
        files.nrfiles = files.nrfiles.min(u32::try_from(files.filename.len()).unwrap_or(u32::MAX));
    }
    if files.openfiles == 0 || files.openfiles > files.nrfiles {
        files.openfiles = files.nrfiles;
    }
    if options.io_size.fill_device && options.io_size.size == Share::Bytes(0) {
        options.io_size.size = Share::Bytes(u64::MAX);
    }
}

fn resolve_time(options: &mut JobOptions, warnings: &mut Vec<Warning>) {
    if options.time.time_based && options.time.runtime.is_zero() {
        warnings.push(Warning::TimeBasedWithoutRuntime);
        options.time.time_based = false;
    }
    if options.time.gtod_cpu.is_some() {
        warnings.push(Warning::NoClockThread);
    }
    options.description.loops = options.description.loops.max(1);
}

fn resolve_buffers(options: &mut JobOptions) {
    let refills = options.set.contains("refill_buffers");
    let scrambles = options.set.contains("scramble_buffers");
    let zeroes = options.set.contains("zero_buffers");
    let buffers = &mut options.buffers;
    if buffers.zero_buffers && zeroes && !scrambles {
        buffers.scramble_buffers = false;
    }
    if buffers.buffer_compress_percentage == 100 {
        buffers.zero_buffers = true;
        buffers.buffer_compress_percentage = 0;
    } else if buffers.buffer_compress_percentage > 0 && !refills {
        buffers.refill_buffers = true;
    }
    if options.target_file.pre_read {
        buffers.invalidate = false;
    }
}

fn resolve_verification(
    options: &mut JobOptions,
    block_sizes: &PerDirection<Between<u64>>,
    warnings: &mut Vec<Warning>,
) {
    let rw = options.io_type.rw;
    let writes_and_checks = rw.writes() && options.verification.do_verify;
    if writes_and_checks && options.description.numjobs > 1 && jobs_share_files(options) {
        warnings.push(Warning::WritersShareFiles);
    }
    let is_timed = options.time.time_based && !options.time.runtime.is_zero();
    let at_once = matches!(engines::complete_at_once(&options.engine.ioengine, options.io_depth.iodepth), Ok(true));
    if writes_and_checks && is_timed && at_once && options.verification.verify_backlog == 0 {
        warnings.push(Warning::VerifyNeverStarts);
    }
    if !options.set.contains("refill_buffers") {
        options.buffers.refill_buffers = true;
    }
    let interval = u64::from(options.verification.verify_interval);
    let written = block_sizes[Direction::Write];
    let read = block_sizes[Direction::Read];
    let interval = verify_interval(interval, written, rw.reads().then_some(read.low));
    options.verification.verify_interval = u32::try_from(interval).unwrap_or(u32::MAX);
}

/// Bytes from header to header: what was asked for, if every block is a multiple of it and none is smaller.
fn verify_interval(asked: u64, written: Between<u64>, smallest_read: Option<u64>) -> u64 {
    let mut interval = if asked == 0 && written.low != written.high { written.low } else { asked };
    if interval > written.low {
        interval = written.low;
    } else if let Some(smallest) = smallest_read {
        interval = interval.min(smallest);
    }
    let divides = interval != 0 && written.low.is_multiple_of(interval) && written.high.is_multiple_of(interval);
    if divides { interval } else { greatest_common_divisor(written.low, written.high) }
}

fn greatest_common_divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { greatest_common_divisor(other, one % other) }
}

/// Whether the jobs of `numjobs` write the same files: they do, unless each makes its own by name and number.
fn jobs_share_files(options: &JobOptions) -> bool {
    let files = &options.target_file;
    let format = files.filename_format.as_deref().unwrap_or_default();
    let has_all = ["$jobname", "$jobnum", "$filenum"].iter().all(|keyword| format.contains(keyword));
    !files.filename.is_empty() || !files.unique_filename || !has_all
}

fn resolve_measurements(options: &mut JobOptions) {
    let averages = [options.set.contains("bwavgtime"), options.set.contains("iopsavgtime")];
    let measurements = &mut options.measurements;
    measurements.lat_percentiles &= !measurements.disable_lat;
    measurements.clat_percentiles &= !measurements.disable_clat;
    measurements.slat_percentiles &= !measurements.disable_slat;
    let period = measurements.log_avg_msec;
    if measurements.write_bw_log != Log::Off {
        measurements.bwavgtime = if averages[0] { period.min(measurements.bwavgtime) } else { period };
    }
    if measurements.write_iops_log != Log::Off {
        measurements.iopsavgtime = if averages[1] { period.min(measurements.iopsavgtime) } else { period };
    }
}

#[cfg(test)]
mod tests;

//! What follows from options, and what contradicts itself.

use std::time::Duration;

use super::*;
use crate::options::find;

/// The options of a line `name=value name …`.
fn options(line: &str) -> JobOptions {
    let mut options = JobOptions::default();
    for word in line.split_whitespace() {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        options.set(find(name).unwrap(), value).unwrap();
    }
    options
}

fn resolved(line: &str) -> (Resolved, Vec<Warning>) {
    let mut warnings = Vec::new();
    let resolved = resolve(&options(line), false, &mut warnings).unwrap();
    (resolved, warnings)
}

/// What resolves without a warning.
fn quiet(line: &str) -> Resolved {
    let (resolved, warnings) = resolved(line);
    assert_eq!(warnings, [], "{line}");
    resolved
}

fn contradiction(line: &str) -> String {
    resolve(&options(line), false, &mut Vec::new()).unwrap_err().to_string()
}

#[test]
fn blocks_have_a_range_and_an_alignment() {
    let ranges = |line| quiet(line).block_sizes.0.map(|range| (range.low, range.high));
    assert_eq!(ranges(""), [(4096, 4096); 3]);
    assert_eq!(ranges("bs=8k,16k"), [(8192, 8192), (16_384, 16_384), (16_384, 16_384)]);
    assert_eq!(ranges("bsrange=1k-4k,8k-2k"), [(1024, 4096), (2048, 8192), (2048, 8192)]);
    assert_eq!(ranges("bssplit=4k/50:32k/50,8k"), [(4096, 32_768), (8192, 8192), (8192, 8192)]);
    assert_eq!(quiet("bsrange=1k-4k ba=512").options.block_size.ba.0, [1024; 3], "of sequential I/O it is the block");
    let (with_map, warnings) = resolved("rw=randread ba=512");
    assert_eq!((with_map.options.block_size.ba.0, warnings), ([512; 3], vec![Warning::AlignmentWithoutMap]));
    assert!(with_map.options.io_type.norandommap);
    assert!(!quiet("rw=randread").options.io_type.norandommap);
    assert!(quiet("rw=randread random_distribution=zipf:1.2").options.io_type.norandommap);
    assert_eq!(resolved("rw=randwrite verify=md5 norandommap bsrange=1k-2k").1, [Warning::VerifyWithoutMap]);
    assert_eq!(resolved("bs_unaligned atomic=1").1, [Warning::UnalignedAndDirect]);
}

#[test]
fn depth_follows_iodepth() {
    let depth = |line| {
        let depth = quiet(line).options.io_depth;
        (depth.iodepth_low, depth.iodepth_batch, depth.iodepth_batch_complete_max, depth.serialize_overlap)
    };
    assert_eq!(depth("iodepth=8"), (8, 1, 1, false));
    assert_eq!(depth("iodepth=8 iodepth_low=9 iodepth_batch=9"), (8, 8, 1, false));
    assert_eq!(depth("iodepth=8 iodepth_low=2 iodepth_batch=0 iodepth_batch_complete_min=3"), (2, 8, 3, false));
    assert!(!depth("serialize_overlap=1 iodepth=8").3, "reads do not overlap");
    assert!(!depth("serialize_overlap=1 rw=write").3, "one block does not overlap");
    assert!(depth("serialize_overlap=1 rw=write iodepth=8").3);
    assert!(depth("serialize_overlap=1 io_submit_mode=offload").3);
    let rate = quiet("thinktime=10 thinktime_spin=20").options.io_rate;
    assert_eq!(rate.thinktime_spin, Duration::from_micros(10));
}

#[test]
fn files_are_as_many_as_are_named() {
    let files = |line| {
        let files = quiet(line).options.target_file;
        (files.nrfiles, files.openfiles)
    };
    assert_eq!(files("nrfiles=4"), (4, 4));
    assert_eq!(files("nrfiles=4 openfiles=2"), (4, 2));
    assert_eq!(files("nrfiles=4 filename=a:b"), (2, 2));
    assert_eq!(files("filename=a:b nrfiles=9 openfiles=9"), (2, 2));
    assert_eq!(files("filename=a:b nrfiles=1"), (1, 1));
    assert_eq!(quiet("fill_device=1").options.io_size.size, Share::Bytes(u64::MAX));
    assert_eq!(quiet("fill_device=1 size=50%").options.io_size.size, Share::Percent(50));
}

#[test]
fn switches_imply_others() {
    let (timed, warnings) = resolved("time_based");
    assert_eq!((timed.options.time.time_based, warnings), (false, vec![Warning::TimeBasedWithoutRuntime]));
    assert_eq!(resolved("verifysort=1").1, [Warning::Deprecated("verifysort")]);
    assert!(quiet("time_based runtime=1").options.time.time_based);
    assert!(quiet("atomic=1").options.io_type.direct);
    // What follows of `randseed` is up to the seeds: fio 3.33 looks at it after the first of them are made.
    assert!(quiet("").options.io_type.randrepeat && quiet("randseed=1").options.io_type.randrepeat);
    assert!(quiet("rw=randrw").options.io_type.overwrite && !quiet("rw=write").options.io_type.overwrite);
    assert!(!quiet("pre_read=1").options.buffers.invalidate);
    assert_eq!(quiet("loops=0").options.description.loops, 1);
    let buffers = |line| {
        let buffers = quiet(line).options.buffers;
        (buffers.zero_buffers, buffers.refill_buffers, buffers.scramble_buffers)
    };
    assert_eq!(buffers(""), (false, false, true));
    assert_eq!(buffers("zero_buffers"), (true, false, false));
    assert_eq!(buffers("zero_buffers scramble_buffers=1"), (true, false, true));
    assert_eq!(buffers("buffer_compress_percentage=100"), (true, false, true));
    assert_eq!(buffers("buffer_compress_percentage=50"), (false, true, true));
    assert_eq!(buffers("buffer_compress_percentage=50 refill_buffers=0"), (false, false, true));
    assert_eq!(buffers("rw=write buffer_pattern=0xff"), (false, false, false));
    assert_eq!(buffers("rw=rw buffer_pattern=0xff"), (false, true, false));
    assert_eq!(buffers("dedupe_percentage=10"), (false, true, true));
    let measured = quiet("gtod_reduce=1 slat_percentiles=1").options.measurements;
    assert!(measured.disable_slat && measured.disable_bw_measurement && !measured.slat_percentiles);
    assert!(!measured.clat_percentiles);
    let measured = quiet("gtod_reduce=1 disable_clat=0 clat_percentiles=1").options.measurements;
    assert!(!measured.disable_clat && measured.clat_percentiles);
    let averages = |line| {
        let measured = quiet(line).options.measurements;
        (measured.bwavgtime, measured.iopsavgtime)
    };
    assert_eq!(averages("log_avg_msec=1000"), (500, 500));
    assert_eq!(averages("log_avg_msec=1000 write_bw_log"), (1000, 500));
    assert_eq!(averages("log_avg_msec=1000 write_iops_log=x iopsavgtime=200"), (500, 200));
}

#[test]
fn verification_has_an_interval_that_divides_every_block() {
    let interval = |line: &str| {
        let verified = quiet(&format!("rw=write verify=md5 {line}")).options;
        assert!(verified.buffers.refill_buffers);
        verified.verification.verify_interval
    };
    assert_eq!(interval(""), 4096);
    assert_eq!(interval("bs=8k verify_interval=4k"), 4096);
    assert_eq!(interval("bs=4k verify_interval=16k"), 4096);
    assert_eq!(interval("bs=8k verify_interval=3k"), 8192);
    assert_eq!(interval("bsrange=4k-16k"), 4096);
    assert_eq!(interval("bsrange=6k-16k"), 2048);
    assert_eq!(interval("rw=rw bs=4k,8k verify_interval=8k"), 4096);
    assert!(!quiet("rw=write verify=md5 refill_buffers=0").options.buffers.refill_buffers);
    assert_eq!(quiet("rw=write verify_pattern=0xff").options.verification.verify, Verify::Pattern);
    assert_eq!(quiet("rw=write verify=crc32c verify_pattern=0xff").options.verification.verify, Verify::Crc32c);
    assert_eq!(resolved("rw=write verify=md5 numjobs=2 filename=x").1, [Warning::WritersShareFiles]);
    assert_eq!(resolved("rw=write verify=md5 numjobs=2 filename_format=x.$jobnum").1, [Warning::WritersShareFiles]);
    assert_eq!(resolved("rw=write verify=md5 numjobs=2").1, []);
    for rw in ["write", "randrw"] {
        assert_eq!(resolved(&format!("rw={rw} verify=md5 time_based runtime=1")).1, [Warning::VerifyNeverStarts]);
    }
    assert_eq!(resolved("rw=read verify=md5 time_based runtime=1").1, [], "its reads are checked");
    assert_eq!(resolved("rw=write verify=md5 time_based runtime=1 ioengine=libaio").1, [], "reads back between passes");
    assert_eq!(resolved("rw=write verify=md5 time_based runtime=1 verify_backlog=1").1, []);
}

#[test]
fn preconditioning_brings_its_order() {
    let sprandom = quiet("rw=randwrite sprandom=1").options.io_type;
    assert_eq!((sprandom.random_generator, sprandom.norandommap), (RandomGenerator::Lfsr, true));
    let without = quiet("rw=randwrite spr_op=0.5").options.io_type;
    assert_eq!((without.random_generator, without.norandommap), (RandomGenerator::Tausworthe, false));
}

#[test]
fn no_thread_reads_the_clock_and_that_is_never_fatal() {
    assert_eq!(resolved("gtod_cpu=1").1, [Warning::NoClockThread]);
    assert!(!Warning::NoClockThread.can_be_fatal());
}

#[test]
fn contradictions_are_refused() {
    for (line, text) in [
        ("rate=1m rate_iops=10", "rate and rate_iops exclude each other"),
        ("rate_min=1m rate_iops_min=,10", "rate and rate_iops exclude each other"),
        ("rate=1m,2m rate_min=1m,3m", "the least rate of write is above its rate"),
        ("rate_iops=10 rate_iops_min=11", "the least rate of read is above its rate"),
        ("size=2k", "size 2048 is smaller than the smallest block, 4096"),
        ("zonesize=1m", "zonesize is of no use with zonemode=none"),
        ("zonemode=strided", "zonemode=strided needs zonesize"),
        ("block_error_percentiles=1 nrfiles=2", "block_error_percentiles is for a job with one file; there are 2"),
        ("dedupe_mode=working_set dedupe_percentage=1", "dedupe_mode=working_set needs a size"),
        (
            "dedupe_mode=working_set dedupe_percentage=1 size=1m nrfiles=2",
            "dedupe_mode=working_set is for a job with one file",
        ),
        (
            "dedupe_mode=working_set dedupe_percentage=96 size=1m",
            "96 % of the blocks cannot repeat while 5 % are the set",
        ),
        ("ramp_time=1 ramp_size=1m", "ramp_time and ramp_size exclude each other"),
        ("rw=randread sprandom=1", "sprandom needs random writes, as rw=randwrite does"),
        (
            "rw=randwrite sprandom=1 random_generator=tausworthe",
            "sprandom needs random writes, and random_generator=lfsr",
        ),
        ("rw=randwrite sprandom=1 norandommap=0", "sprandom needs random writes, and norandommap=1"),
        ("rw=randwrite sprandom=1 nrfiles=2", "sprandom needs random writes, all to one file"),
        ("rw=randwrite sprandom=1 spr_op=0", "sprandom needs random writes, and spr_op above 0 and below 1"),
        ("ioengine=mmap file_append=1", "the engine mmap cannot make files longer"),
    ] {
        assert!(contradiction(line).starts_with(text), "{line}: {}", contradiction(line));
    }
    let readonly = |line| resolve(&options(line), true, &mut Vec::new());
    assert_eq!(readonly("rw=trimwrite"), Err(Contradiction::WritesWithReadonly));
    assert_eq!(readonly("rw=randrw"), Err(Contradiction::WritesWithReadonly));
    assert!(readonly("rw=randread").is_ok());
}

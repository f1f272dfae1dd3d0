//! Verification of whole jobs: trims, threads that check, states of earlier runs.

use super::*;

const DEPTHS: [&str; 3] = ["--ioengine=psync", "--ioengine=libaio --iodepth=8", "--ioengine=io_uring --iodepth=16"];

fn settings(folder: &Folder) -> RunSettings {
    RunSettings { aux_path: Some(folder.0.clone()), ..RunSettings::default() }
}

fn ran_in(folder: &Folder, line: &str) -> Ran {
    run_with(line, &settings(folder), &AtomicBool::new(false), |_| {})
}

#[test]
fn what_is_trimmed_reads_as_zeros_and_nothing_else_does() {
    let folder = Folder::new();
    for engine in DEPTHS {
        let line = format!(
            "--name=a --filename={} --rw=randwrite --bs=4k --size=1m --verify=crc32c --trim_percentage=50 \
             --trim_backlog=16 {engine}",
            folder.path("f")
        );
        let ran = ran_in(&folder, &line).fine();
        let (trims, reads) = (ran.direction("a", Direction::Trim).ios, ran.direction("a", Direction::Read).ios);
        // fio chooses the same 131 writes, and says so where it trims none ("131 trim entries leaked"). With several I/Os
        // under way, the last ones are done before their backlog is full.
        assert!((100..=131).contains(&trims) && (trims == 131 || engine.contains("depth")), "{trims} {engine}");
        assert_eq!(reads, 256, "{engine}");
        let bytes = fs::read(folder.path("f")).unwrap();
        let zeros = bytes.chunks(4096).filter(|block| block.iter().all(|&byte| byte == 0)).count();
        assert_eq!(zeros as u64, trims, "{engine}");
    }
}

#[test]
fn what_is_trimmed_and_need_not_be_zero_is_not_read() {
    let folder = Folder::new();
    let line = format!(
        "--name=a --filename={} --rw=write --bs=4k --size=256k --verify=md5 --trim_percentage=100 --trim_backlog=8 \
         --trim_backlog_batch=2 --trim_verify_zero=0",
        folder.path("f")
    );
    let ran = ran_in(&folder, &line).fine();
    let (trims, reads) = (ran.direction("a", Direction::Trim).ios, ran.direction("a", Direction::Read).ios);
    assert_eq!(trims + reads, 64);
    assert!(trims > 0 && reads > 0);
}

/// The order of a job's reads, writes and trims, a letter each, as its log of latencies has them.
fn order_of(options: &str) -> String {
    let folder = Folder::new();
    let prefix = folder.path("log");
    let line = format!(
        "--name=a --filename={} --bs=4k --size=96k --verify=md5 --write_lat_log={prefix} {options}",
        folder.path("f")
    );
    ran_in(&folder, &line).fine();
    let log = fs::read_to_string(format!("{prefix}_clat.1.log")).unwrap();
    log.lines().map(|line| ["r", "w", "t"][line.split(", ").nth(2).unwrap().parse::<usize>().unwrap()]).collect()
}

#[test]
fn what_waits_in_a_backlog_is_not_left_to_the_end_of_the_run() {
    for order in ["write", "randwrite"] {
        let read = order_of(&format!("--rw={order} --verify_backlog=4"));
        assert_eq!(read, "wwwwrrrr".repeat(6), "{order}");
        let trimmed = order_of(&format!("--rw={order} --trim_percentage=100 --trim_backlog=8"));
        assert!(trimmed.starts_with("wwwwwwwwttttttttw") && trimmed.ends_with(&"r".repeat(24)), "{order}: {trimmed}");
    }
}

#[test]
fn what_a_backlog_has_done_took_the_time_of_the_run() {
    let folder = Folder::new();
    for (backlog, direction) in [
        ("--verify_backlog=4", Direction::Read),
        ("--trim_percentage=100 --trim_backlog=4 --trim_verify_zero=0", Direction::Trim),
    ] {
        let line = format!(
            "--name=a --filename={} --rw=write --bs=4k --size=64k --rate_iops=1000 --verify=md5 {backlog}",
            folder.path("f")
        );
        let ran = ran_in(&folder, &line).fine();
        let (done, written) = (ran.direction("a", direction), ran.direction("a", Direction::Write));
        assert!(done.ios > 0 && written.runtime_ms > 0, "{backlog}");
        assert!(done.runtime_ms >= written.runtime_ms, "{backlog}: {} ms", done.runtime_ms);
    }
}

#[test]
fn other_threads_check_and_find_what_is_wrong() {
    let folder = Folder::new();
    let file = folder.path("f");
    for engine in DEPTHS {
        let job = format!("--name=a --filename={file} --bs=4k --size=512k --verify=sha1 --verify_async=3 {engine}");
        let ran = ran_in(&folder, &format!("{job} --rw=randwrite --verify_backlog=16")).fine();
        assert_eq!(ran.direction("a", Direction::Read).ios, 128, "{engine}");
        let mut bytes = fs::read(&file).unwrap();
        bytes[40_000] ^= 1;
        fs::write(&file, bytes).unwrap();
        let counted = ran_in(&folder, &format!("{job} --rw=read --continue_on_error=verify"));
        assert_eq!(counted.job("a").continued_errors.unwrap().total, 1, "{engine}: {:?}", counted.complaints);
        assert_eq!(counted.direction("a", Direction::Read).ios, 128);
        let failed = ran_in(&folder, &format!("{job} --rw=read"));
        assert_eq!(failed.job("a").error.as_ref().map(|error| error.number), Some(crate::verify::VERIFY_ERROR));
        assert!(failed.complaints[0].contains("offset 36864"), "{:?}", failed.complaints);
    }
}

#[test]
fn a_later_run_verifies_as_far_as_the_earlier_one_got() {
    let folder = Folder::new();
    let job = format!("--name=a/b --filename={} --bs=4k --size=256k --verify=crc32c", folder.path("f"));
    for engine in DEPTHS {
        let stopped = ran_in(&folder, &format!("{job} --rw=randwrite --number_ios=20 {engine}")).fine();
        assert_eq!(stopped.direction("a/b", Direction::Write).ios, 20);
        assert!(fs::exists(folder.path("local-a.b-0-verify.state")).unwrap());
        for later in ["--rw=randread", "--rw=randwrite --verify_only"] {
            let ran = ran_in(&folder, &format!("{job} {later} --verify_state_load=1 {engine}")).fine();
            assert_eq!(ran.direction("a/b", Direction::Read).ios, 20, "{later} {engine}");
        }
    }
    fs::write(folder.path("local-a.b-0-verify.state"), b"no state").unwrap();
    let refused = ran_in(&folder, &format!("{job} --rw=read --verify_state_load=1"));
    assert!(refused.complaints[0].contains("local-a.b-0-verify.state: verify state: the file has 8 bytes"));
    fs::remove_file(folder.path("local-a.b-0-verify.state")).unwrap();
    ran_in(&folder, &format!("{job} --rw=write --verify_state_save=0")).fine();
    assert!(!fs::exists(folder.path("local-a.b-0-verify.state")).unwrap());
}

#[test]
fn only_what_a_sync_made_durable_is_verified_if_that_is_the_policy() {
    let folder = Folder::new();
    let job = format!("--name=a --filename={} --bs=4k --size=256k --verify=crc32c", folder.path("f"));
    for sync in ["--fsync=8", "--fdatasync=8", "--fsync=100"] {
        for engine in DEPTHS {
            let line = format!("{job} --rw=randwrite --number_ios=20 --verify_policy=fsynced {sync} {engine}");
            ran_in(&folder, &line).fine();
            let later = ran_in(&folder, &format!("{job} --rw=randread --verify_state_load=1 {engine}")).fine();
            let read = later.direction("a", Direction::Read).ios;
            // With several I/Os under way, the last before the sync may not have arrived when it began.
            let expected = if sync.ends_with("100") {
                0..=0
            } else if engine.contains("depth") {
                1..=16
            } else {
                16..=16
            };
            assert!(expected.contains(&read), "{sync} {engine}: {read}");
        }
    }
}

#[test]
fn a_block_that_is_written_twice_is_proven_by_its_last_write() {
    for (options, written, read) in [
        // Holes that are filled on the way from the end, or not at all: every second block, twice.
        ("--rw=write:4k", 64, 32..=32),
        ("--rw=write:-8k", 64, 60..=64),
        ("--rw=write --io_size=1m", 128, 128..=128),
        ("--rw=randwrite:4", 64, 30..=64),
        ("--rw=randwrite --percentage_random=50", 64, 30..=64),
        ("--rw=randwrite --norandommap --experimental_verify=1", 64, 64..=64),
        ("--rw=randwrite --experimental_verify=1 --loops=3", 192, 192..=192),
        ("--rw=rw:4k --nrfiles=2 --filename_format=v.$filenum", 1, 1..=64),
    ] {
        for engine in DEPTHS {
            let folder = Folder::new();
            let line =
                format!("--name=a --directory={} --bs=4k --size=256k --verify=md5 {options} {engine}", folder.path(""));
            let ran = ran_in(&folder, &line).fine();
            let (writes, reads) = (ran.direction("a", Direction::Write).ios, ran.direction("a", Direction::Read).ios);
            assert!(
                writes >= written && (read.contains(&reads) || options.starts_with("--rw=rw")),
                "{line}: {writes} {reads}"
            );
        }
    }
}

#[test]
fn two_ios_to_a_block_that_is_verified_wait_for_each_other() {
    let block = "--name=a --ioengine=null --iodepth=8 --bs=4k --filesize=4k --io_size=400k";
    for (options, most_at_once) in [
        ("--rw=randwrite --norandommap", 8),
        ("--rw=randwrite --norandommap --verify=md5", 1),
        ("--rw=randwrite --norandommap --verify=md5 --verify_backlog=1", 1),
        ("--rw=randtrimwrite --verify=md5 --norandommap", 1),
        ("--rw=randwrite --verify=md5 --time_based --runtime=20ms --verify_backlog=2", 1),
    ] {
        let levels = ran(&format!("{block} {options}")).fine().job("a").measurement.depth.0;
        let highest = levels.iter().rposition(|count| *count > 0);
        assert_eq!(highest, Some(if most_at_once == 8 { 3 } else { 0 }), "{options}: {levels:?}");
    }
    let waits = |line: &str| {
        let options =
            &plan(&format!("--name=a --size=1m --ioengine=libaio --iodepth=8 {line}")).jobs[0].resolved.options;
        convert::proving::overlaps_mislead(options, &offsets::settings(options, false))
    };
    for alone in ["--rw=write", "--rw=randwrite", "--rw=randwrite --verify_backlog=4", "--rw=read", "--rw=randrw"] {
        assert!(!waits(&format!("{alone} --verify=md5")), "{alone}: each block is written once");
    }
    for again in [
        "--rw=randwrite --time_based --runtime=1 --verify_backlog=4",
        "--rw=randrw --norandommap",
        "--rw=randwrite --nrfiles=2 --file_service_type=zipf:1.2",
        "--rw=write --trim_percentage=10 --trim_backlog=4",
        "--rw=trimwrite",
    ] {
        assert!(waits(&format!("{again} --verify=md5")), "{again}");
        assert!(!waits(again), "{again}: not verified");
    }
}

#[test]
fn what_is_time_based_is_read_back_between_passes_if_those_end() {
    let folder = Folder::new();
    for (engine, limit, reads_back) in [("libaio --iodepth=4", "20s", true), ("psync", "50ms", false)] {
        let line = format!(
            "--name=a --filename={} --rw=randwrite --bs=4k --size=64k --verify=md5 --verify_state_save=0 --time_based \
             --runtime={limit} --ioengine={engine}",
            folder.path("f")
        );
        let stop = AtomicBool::new(false);
        let read = |view: &mut dyn RunView| stop.store(view.bytes()[Direction::Read.index()] > 0, Ordering::Relaxed);
        let ran = run_with(&line, &settings(&folder), &stop, read).fine();
        assert_eq!(ran.direction("a", Direction::Read).ios > 0, reads_back, "{engine}");
    }
}

#[test]
fn files_that_start_over_are_proven_by_their_last_writes() {
    for engine in DEPTHS {
        for service in ["zipf:1.2", "pareto:0.2", "normal:20"] {
            let folder = Folder::new();
            let line = format!(
                "--name=a --directory={} --nrfiles=4 --file_service_type={service} --rw=randwrite --bs=4k --size=256k \
                 --verify=md5 --verify_state_save=0 {engine}",
                folder.path("")
            );
            let ran = ran_in(&folder, &line).fine();
            let (written, read) = (ran.direction("a", Direction::Write).ios, ran.direction("a", Direction::Read).ios);
            assert!(written == 64 && (20..64).contains(&read), "{line}: {written}, {read}");
        }
    }
}

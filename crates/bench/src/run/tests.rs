//! Whole runs of small jobs, as the command line gives them.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use reactor::clock::{self, Duration};

use super::*;
use crate::command_line::{self, Plan};
use crate::direction::Direction;
use crate::job_file::Host;
use crate::statistics::{DirectionResult, JobResult};

mod proofs;
mod stopped;

/// A folder of a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("bench-run-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug, Default)]
struct Words {
    notes: Mutex<Vec<String>>,
    complaints: Mutex<Vec<String>>,
}

impl Journal for Words {
    fn note(&self, line: &str) {
        self.notes.lock().unwrap().push(line.to_owned());
    }

    fn complain(&self, line: &str) {
        self.complaints.lock().unwrap().push(line.to_owned());
    }
}

/// Does something at each tick.
struct Each<F: FnMut(&mut dyn RunView)>(F);

impl<F: FnMut(&mut dyn RunView)> Observer for Each<F> {
    fn tick(&mut self, _now_ms: u64, run: &mut dyn RunView) {
        (self.0)(run);
    }
}

/// What came of a run.
struct Ran {
    outcome: RunOutcome,
    notes: Vec<String>,
    complaints: Vec<String>,
}

impl Ran {
    fn job(&self, name: &str) -> &JobResult {
        self.outcome.results.iter().find(|result| result.name == name).expect("a result of that name")
    }

    fn direction(&self, name: &str, direction: Direction) -> &DirectionResult {
        &self.job(name).measurement.directions[direction.index()]
    }

    fn fine(self) -> Self {
        assert!(!self.outcome.has_failed, "{:?}", self.complaints);
        self
    }
}

fn plan(line: &str) -> Plan {
    let words = line.split_whitespace().map(OsString::from).collect();
    match command_line::parse(words, &mut Host).unwrap() {
        command_line::Outcome::Run(invocation) => invocation.plan().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn run_with(line: &str, settings: &RunSettings, stop: &AtomicBool, tick: impl FnMut(&mut dyn RunView)) -> Ran {
    run_plan(&plan(line), settings, stop, tick)
}

fn run_plan(plan: &Plan, settings: &RunSettings, stop: &AtomicBool, tick: impl FnMut(&mut dyn RunView)) -> Ran {
    let words = Words::default();
    // What jobs leave, their states among it, is to go with the run.
    let folder = Folder::new();
    let mut settings = settings.clone();
    settings.aux_path.get_or_insert_with(|| folder.0.clone());
    let outcome = run(&plan.jobs, &settings, &words, &mut Each(tick), stop);
    let (notes, complaints) = (words.notes.into_inner().unwrap(), words.complaints.into_inner().unwrap());
    Ran { outcome, notes, complaints }
}

fn ran(line: &str) -> Ran {
    run_with(line, &RunSettings::default(), &AtomicBool::new(false), |_| {})
}

#[test]
fn a_job_does_all_of_its_size_and_no_more() {
    let folder = Folder::new();
    let ran = ran(&format!("--name=a --filename={} --size=1m --bs=4k --rw=randread", folder.path("f"))).fine();
    let read = ran.direction("a", Direction::Read);
    assert_eq!((read.ios, read.bytes, read.clat.statistics.samples), (256, 1 << 20, 256));
    assert!(read.runtime_ms > 0 && read.clat.statistics.minimum > 0);
    assert_eq!(ran.direction("a", Direction::Write).ios, 0);
    assert_eq!(ran.notes, ["a: Laying out IO file (1 file / 1MiB)"]);
    assert_eq!(fs::metadata(folder.path("f")).unwrap().len(), 1 << 20);
}

#[test]
fn every_engine_verifies_what_it_wrote_at_any_depth() {
    for engine in crate::engines::TABLE.iter().filter(|engine| engine.traits.keeps_data && engine.traits.uses_files) {
        for options in [
            "--rw=write --iodepth=1",
            "--rw=randwrite --iodepth=16",
            "--rw=randwrite --iodepth=8 --bsrange=1k-16k --norandommap",
            "--rw=randrw --iodepth=4 --verify_backlog=16",
            "--rw=randwrite --experimental_verify=1 --iodepth=4",
            "--rw=randwrite --loops=2 --iodepth_batch=4 --iodepth=8 --iodepth_batch_complete_min=2",
        ] {
            let folder = Folder::new();
            let line = format!(
                "--name=a --filename={} --size=512k --bs=4k --verify=crc32c --ioengine={} {options}",
                folder.path("f"),
                engine.name
            );
            let ran = ran(&line);
            assert!(!ran.outcome.has_failed, "{line}: {:?}", ran.complaints);
            let written = ran.direction("a", Direction::Write);
            let read = ran.direction("a", Direction::Read);
            assert!(written.ios > 0 && read.ios > 0, "{line}");
        }
    }
}

#[test]
fn wrong_data_is_found_told_and_dumped() {
    let folder = Folder::new();
    let file = folder.path("f");
    let job = format!("--name=a --filename={file} --size=64k --bs=4k --verify=md5 --verify_dump=1");
    ran(&format!("{job} --rw=write")).fine();
    let mut bytes = fs::read(&file).unwrap();
    bytes[5 * 4096 + 2000] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let settings = RunSettings { aux_path: Some(folder.0.clone()), ..RunSettings::default() };
    let line = format!("{job} --rw=read");
    let wrong = run_with(&line, &settings, &AtomicBool::new(false), |_| {});
    let error = wrong.job("a").error.clone().unwrap();
    assert_eq!(error.number, crate::verify::VERIFY_ERROR);
    let told = format!("md5: verify failed at file {file} offset 20480, length 4096");
    assert!(wrong.complaints.iter().any(|line| line.starts_with(&told)), "{:?}", wrong.complaints);
    assert_eq!(fs::read(folder.path("f.20480.received")).unwrap(), bytes[5 * 4096..6 * 4096]);
    let expected = fs::read(folder.path("f.20480.expected")).unwrap();
    assert_eq!(expected[2000], bytes[5 * 4096 + 2000] ^ 1);
    let goes_on = run_with(&format!("{line} --continue_on_error=verify"), &settings, &AtomicBool::new(false), |_| {});
    assert!(!goes_on.outcome.has_failed);
    assert_eq!(goes_on.job("a").continued_errors.unwrap().total, 1);
    assert_eq!(goes_on.direction("a", Direction::Read).ios, 16);
}

#[test]
fn verify_only_proves_what_an_earlier_run_wrote() {
    let folder = Folder::new();
    let job = format!("--name=a --filename={} --size=256k --bs=4k --verify=crc32 --rw=randwrite", folder.path("f"));
    ran(&format!("{job} --do_verify=0")).fine();
    let proven = ran(&format!("{job} --verify_only")).fine();
    assert_eq!(proven.direction("a", Direction::Write).ios, 0);
    assert_eq!(proven.direction("a", Direction::Read).ios, 64);
}

#[test]
fn errors_name_file_place_and_cause_and_end_the_job() {
    let folder = Folder::new();
    let file = folder.path("f");
    fs::write(&file, vec![0; 64 << 10]).unwrap();
    let ran = ran(&format!(
        "--name=a --filename={file} --rw=write --size=16k --bs=4k --ioengine=psync --filename=/dev/full --size=16k"
    ));
    let error = ran.job("a").error.clone().unwrap();
    assert_eq!(error.number, libc::ENOSPC);
    assert_eq!(error.message, "io_u error on file /dev/full: No space left on device: write offset=0, buflen=4096");
    assert!(ran.outcome.has_failed && ran.complaints.iter().any(|line| line.contains(&error.message)));
}

#[test]
fn errors_that_are_ignored_are_counted_and_a_full_disk_is_not_continued() {
    let line = "--name=a --filename=/dev/full --rw=write --size=16k --bs=4k --ioengine=psync";
    let fatal = ran(&format!("{line} --continue_on_error=write"));
    assert_eq!(fatal.job("a").error.as_ref().unwrap().number, libc::ENOSPC);
    let ignored = ran(&format!("{line} --ignore_error=,ENOSPC")).fine();
    let errors = ignored.job("a").continued_errors.unwrap();
    assert_eq!((errors.total, errors.first), (4, libc::ENOSPC));
    assert_eq!(ignored.direction("a", Direction::Write).bytes, 0);
    let filled = ran(&format!("{line} --fill_device=1")).fine();
    assert_eq!(filled.direction("a", Direction::Write).bytes, 0);
}

#[test]
fn a_stonewall_waits_and_groups_are_told_apart() {
    let line = "--ioengine=null --size=64k --bs=4k --name=a --numjobs=2 --name=b --stonewall --name=c --new_group";
    let ran = ran(line).fine();
    let groups: Vec<_> = ran.outcome.results.iter().map(|result| (result.name.as_str(), result.group)).collect();
    assert_eq!(groups, [("a", 0), ("a", 0), ("b", 1), ("c", 2)]);
    assert!(ran.outcome.results.iter().all(|result| result.measurement.directions[0].bytes == 64 << 10));
}

#[test]
fn a_job_that_waits_for_another_finds_what_it_wrote() {
    let folder = Folder::new();
    let common = format!("--filename={} --size=256k --bs=4k --verify=crc32c", folder.path("f"));
    let line = format!("{common} --name=w --rw=write --do_verify=0 --name=r --rw=read --wait_for=w");
    let ran = ran(&line).fine();
    assert_eq!(ran.direction("r", Direction::Read).ios, 64);
}

#[test]
fn a_job_without_create_serialize_looks_at_its_files_when_it_starts() {
    let folder = Folder::new();
    let line = format!(
        "--filename={} --bs=4k --name=a --rw=write --size=64k --name=b --stonewall --create_serialize=0 --rw=read",
        folder.path("f")
    );
    // The size is that of the file, which is not there before.
    let ran = ran(&line).fine();
    assert_eq!(ran.direction("b", Direction::Read).bytes, 64 << 10);
    assert!(ran.notes.iter().all(|note| !note.starts_with("b: Laying out")), "{:?}", ran.notes);
}

#[test]
fn what_is_wrong_with_the_options_names_the_place_of_the_job() {
    let folder = Folder::new();
    let file = folder.path("j.fio");
    fs::write(&file, "[global]\nsize=64k\n[a]\nrw=write\nverify=pattern\n").unwrap();
    assert_eq!(ran(&file).complaints, [format!("{file}:3: [a]: verify=pattern needs verify_pattern")]);
}

#[test]
fn a_loop_between_blocks_takes_its_time() {
    let ran = ran("--name=a --ioengine=null --size=40k --bs=4k --thinkcycles=20000").fine();
    assert_eq!(ran.direction("a", Direction::Read).ios, 10);
}

#[test]
fn a_ramp_of_a_size_is_forgotten_by_the_job_or_its_group() {
    let job = "--ioengine=null --size=64m --bs=4k --rate_iops=4000 --number_ios=1000 --ramp_size=1m";
    let alone = ran(&format!("--name=a {job}")).fine();
    let ios = alone.direction("a", Direction::Read).ios;
    assert!((1..=1000 - 256).contains(&ios), "a quarter of it is the ramp: {ios}");
    // Both move half of the ramp.
    let group = ran(&format!("--group_reporting=1 --ramp_size=1m --name=a {job} --name=b {job}")).fine();
    for name in ["a", "b"] {
        let ios = group.direction(name, Direction::Read).ios;
        assert!((1000 - 256..1000).contains(&ios), "{name}: {ios}");
    }
    let timed = ran("--name=a --ioengine=null --size=1g --bs=4k --ramp_size=16k --runtime=100ms --time_based").fine();
    assert!((90..5000).contains(&timed.direction("a", Direction::Read).runtime_ms));
}

#[test]
fn jobs_lock_the_files_that_they_share() {
    let folder = Folder::new();
    for mode in ["exclusive", "readwrite"] {
        let line = format!(
            "--filename={} --size=256k --bs=4k --lockfile={mode} --name=a --rw=randwrite --numjobs=2 --name=b --rw=randread \
             --ioengine=libaio --iodepth=8",
            folder.path("f")
        );
        let ran = ran(&line).fine();
        assert_eq!((ran.direction("a", Direction::Write).ios, ran.direction("b", Direction::Read).ios), (64, 64));
    }
}

#[test]
fn file_systems_are_synced_at_the_end() {
    let folder = Folder::new();
    ran(&format!("--name=a --directory={} --nrfiles=2 --size=64k --rw=write --end_syncfs=1", folder.path(""))).fine();
    let refused = ran("--name=a --ioengine=null --size=64k --rw=write --end_syncfs=1");
    assert_eq!(refused.complaints, ["a: ioengine=null has no file system to sync: leave out end_syncfs"]);
}

#[test]
fn a_job_tells_when_it_began_if_it_is_to() {
    let began =
        |options: &str| ran(&format!("--name=a --ioengine=null --size=4k {options}")).fine().job("a").started_ms;
    assert_eq!(began(""), None);
    assert!(began("--job_start_clock_id=0") > Some(1_700_000_000_000));
    assert!(began("--job_start_clock_id=1") < began("--job_start_clock_id=0"));
    let refused = ran("--name=a --ioengine=null --size=4k --job_start_clock_id=99");
    assert_eq!(refused.complaints, ["a: job_start_clock_id=99: the system has no clock of that number"]);
}

#[test]
fn time_ends_a_job_and_a_ramp_is_forgotten() {
    let began = clock::now();
    let timed =
        ran("--name=a --ioengine=null --size=1m --bs=4k --runtime=200ms --ramp_time=100ms --time_based --rw=randread")
            .fine();
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300));
    let read = timed.direction("a", Direction::Read);
    assert!(read.ios > 256, "again and again");
    let counted =
        ran("--name=a --ioengine=null --size=4m --bs=4k --rate_iops=5000 --number_ios=1000 --ramp_time=100ms").fine();
    let ios = counted.direction("a", Direction::Read).ios;
    assert!(ios < 1000, "what was done in the ramp does not count: {ios}");
    let ran_ms = timed.job("a").runtime_ms;
    assert!(Duration::from_millis(ran_ms + 100) <= took, "{ran_ms} of {took:?}: fio's job_runtime is without the ramp");
}

#[test]
fn the_word_to_stop_ends_jobs_with_what_they_did() {
    let stop = AtomicBool::new(false);
    let line = "--name=a --ioengine=null --size=1m --time_based --runtime=1h --name=b --ioengine=null --size=1m --thinktime=1h \
                --name=c --ioengine=null --size=1m --stonewall";
    let mut seen = Vec::new();
    let ran = run_with(line, &RunSettings::default(), &stop, |run| {
        let status = run.status();
        if status.run_states == "R(2),P(1)" {
            stop.store(true, Ordering::Relaxed);
        }
        seen.push(status.run_states);
    })
    .fine();
    assert!(seen.iter().any(|states| states == "R(2),P(1)"), "{seen:?}");
    assert!(ran.direction("a", Direction::Read).ios > 0);
    assert_eq!(ran.direction("b", Direction::Read).ios, 1);
    assert_eq!(ran.direction("c", Direction::Read).ios, 0, "the third has never begun");
}

#[test]
fn results_so_far_can_be_had_while_jobs_run() {
    let stop = AtomicBool::new(false);
    let line = "--name=a --ioengine=null --size=4k --name=b --ioengine=null --size=1m --time_based --runtime=1h";
    let mut so_far = Vec::new();
    run_with(line, &RunSettings::default(), &stop, |run| {
        so_far = run.interim().results;
        run.ask();
        stop.store(so_far.len() == 2, Ordering::Relaxed);
    })
    .fine();
    assert_eq!(so_far.iter().map(|result| result.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let read = &so_far[1].measurement.directions[0];
    assert!(read.ios > 0 && read.runtime_ms > 0 && read.clat.statistics.samples > 0);
}

#[test]
fn rates_and_pauses_take_their_time() {
    for (options, least_ms) in [
        ("--rate_iops=1000", 49),
        ("--rate=4m,4m", 48),
        ("--thinktime=2ms --thinktime_blocks=2", 46),
        ("--thinktime=2ms --thinktime_spin=1ms --thinktime_blocks=2 --iodepth=4", 24),
        ("--rate_iops=1000 --rate_process=poisson --io_submit_mode=offload --iodepth=4", 20),
    ] {
        let began = clock::now();
        let ran = ran(&format!("--name=a --ioengine=null --bs=4k --size=200k {options}")).fine();
        assert_eq!(ran.direction("a", Direction::Read).ios, 50, "{options}");
        assert!(began.elapsed() >= Duration::from_millis(least_ms), "{options}: {:?}", began.elapsed());
    }
}

#[test]
fn overlaps_wait_for_each_other_and_weights_share_the_work() {
    let block = "--ioengine=null --iodepth=8 --rw=randwrite --norandommap --bs=4k --filesize=4k --io_size=400k";
    for (options, most_at_once) in [("", 8), ("--serialize_overlap=1", 1)] {
        let ran = ran(&format!("--name=a {block} {options}")).fine();
        let levels = ran.job("a").measurement.depth.0;
        assert_eq!(levels.iter().sum::<u64>(), 100, "{options}");
        assert_eq!(levels.iter().rposition(|count| *count > 0), Some(usize::from(most_at_once == 8) * 3), "{levels:?}");
    }
    // Half of the time that the one with the larger weight needs: when it is done, the other is alone.
    let folder = Folder::new();
    let log = folder.path("l");
    let both = format!("--ioengine=null --size=4m --number_ios=600 --thinktime=1ms --thread --write_lat_log={log}");
    ran(&format!("--name=a {both} --flow_id=7 --flow=9 --name=b {both} --flow_id=7 --flow=1")).fine();
    let times = fs::read_to_string(format!("{log}_lat.2.log")).unwrap();
    let times: Vec<u64> = times.lines().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    let early = times.iter().filter(|at_ms| **at_ms < 300).count();
    assert!(times.len() == 600 && early > 0 && early < 160, "{early} with a weight of 1 beside 300 with one of 9");
}

#[test]
fn a_transfer_that_comes_in_parts_is_one() {
    const BYTES: usize = 256 << 10;
    let folder = Folder::new();
    let path = folder.path("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let mut pipe = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let writer = std::thread::spawn(move || {
        let data = b"tidegate".repeat(BYTES / 8);
        data.chunks(1000).try_for_each(|part| std::io::Write::write_all(&mut pipe, part))
    });
    let check = "--verify=pattern --verify_pattern=\"tidegate\"";
    let line = format!("--name=a --filename={path} --ioengine=sync --rw=read --bs=64k --size={BYTES} {check}");
    let ran = ran(&line).fine();
    let read = ran.direction("a", Direction::Read);
    assert_eq!((read.ios, read.bytes), (4, BYTES as u64));
    assert!(read.short > 0, "the pipe has no room for an I/O");
    writer.join().unwrap().unwrap();
}

#[test]
fn latencies_count_from_when_ios_were_due_if_that_is_asked_for() {
    let mean = |options: &str| {
        let ran = ran(&format!("--name=a --ioengine=null --size=80m --rate_iops=100m {options}")).fine();
        ran.direction("a", Direction::Read).lat.statistics.mean
    };
    // One is due each 10 ns, which no machine keeps up with: the later ones are late by most of the run.
    let (begun, due) = (mean(""), mean("--io_submit_mode=offload"));
    assert!(due > 5.0 * begun, "{due} ns from when they were due, {begun} ns from when they began");
}

#[test]
fn a_job_that_is_too_slow_or_too_late_fails() {
    let slow = ran(
        "--name=a --ioengine=null --bs=4k --size=1m --thinktime=1ms --rate_iops_min=90000 --rate_cycle=20 --time_based --runtime=60",
    );
    assert!(slow.job("a").error.as_ref().unwrap().message.starts_with("rate_iops_min=90000 not met, only got "));
    // Only the directions that a job has are looked at.
    ran("--name=a --ioengine=null --bs=4k --size=12m --rw=write --rate=4m --rate_min=100k --rate_cycle=20").fine();
    let folder = Folder::new();
    let late = ran(&format!(
        "--name=a --filename={} --bs=64k --size=1m --rw=write --fsync=1 --max_latency=1",
        folder.path("f")
    ));
    assert!(
        late.job("a").error.as_ref().unwrap().message.starts_with("max_latency exceeded: the write at offset 0 of ")
    );
}

#[test]
fn the_end_of_one_job_can_be_that_of_others() {
    let line = "--ioengine=null --size=4k --exitall --name=a --name=b --time_based --runtime=1h";
    let ended = ran(line).fine();
    assert!(ended.direction("b", Direction::Read).ios > 0);
    let line = "--ioengine=null --size=64k --name=a --filename=/dev/full --ioengine=psync --rw=write --exitall_on_error \
                --name=b --ioengine=null --time_based --runtime=1h";
    assert!(ran(line).outcome.has_failed);
}

#[test]
fn syncs_come_as_often_as_asked_and_count_by_themselves() {
    let folder = Folder::new();
    // What fio 3.33 reports for the same options.
    for (options, counted, measured) in [
        ("--fsync=4", 15, 15),
        ("--fdatasync=8", 0, 7),
        ("--sync_file_range=write:16", 0, 3),
        ("--end_fsync=1", 0, 0),
        ("--fsync_on_close=1", 0, 0),
    ] {
        let line = format!("--name=a --filename={} --rw=write --size=256k --bs=4k {options}", folder.path("f"));
        let ran = ran(&line).fine();
        let measurement = &ran.job("a").measurement;
        assert_eq!((measurement.syncs, measurement.sync.statistics.samples), (counted, measured), "{options}");
        assert_eq!(ran.direction("a", Direction::Write).ios, 64);
    }
}

/// `/dev/null` takes writes and refuses to be made durable.
#[test]
fn each_pass_ends_with_its_sync_and_what_is_durable_is_not_synced_again() {
    let line = "--name=a --filename=/dev/null --rw=write --size=16k --bs=4k --loops=2 --ioengine=psync";
    let synced = ran(&format!("{line} --end_fsync=1"));
    let error = synced.job("a").error.as_ref().unwrap();
    assert!(error.message.contains("fsync offset=0"), "{}", error.message);
    assert_eq!(error.number, libc::EINVAL);
    assert_eq!(synced.direction("a", Direction::Write).bytes, 16 << 10);
    ran("--name=a --filename=/dev/zero --rw=read --size=16k --bs=4k --end_fsync=1 --fsync_on_close=1").fine();
    // No fsync of such a file succeeds, but its file system can be synced: then closing has nothing left to do.
    let closed = ran(&format!("{line} --fsync_on_close=1"));
    assert_eq!(closed.job("a").error.as_ref().map(|error| error.number), Some(libc::EINVAL));
    ran(&format!("{line} --end_syncfs=1 --fsync_on_close=1")).fine();
}

/// What fio 3.33 does with the same options.
#[test]
fn reads_that_verify_count_for_the_next_pass() {
    let folder = Folder::new();
    for (options, written, read) in [
        ("--rw=randwrite --io_size=96k", 16, 16),
        ("--rw=write --io_size=150k", 32, 32),
        ("--rw=randwrite --number_ios=20 --loops=2", 24, 24),
        ("--rw=randwrite --io_size=32k --loops=3", 24, 24),
    ] {
        let file = folder.path("f");
        let ran = ran(&format!("--name=a --filename={file} --size=64k --bs=4k --verify=crc32c {options}")).fine();
        let ios = |direction| ran.direction("a", direction).ios;
        assert_eq!((ios(Direction::Write), ios(Direction::Read)), (written, read), "{options}");
    }
}

#[test]
fn an_io_that_takes_too_long_is_told_with_its_place() {
    let ran = ran("--name=a --filename=/dev/zero --ioengine=psync --rw=read --size=64m --bs=64m --max_latency=1us");
    let error = ran.job("a").error.as_ref().unwrap();
    assert!(error.message.starts_with("max_latency exceeded: the read at offset 0 of /dev/zero took "));
    assert_eq!(error.number, libc::ETIMEDOUT);
}

#[test]
fn debug_tells_of_what_it_is_asked_for() {
    let words = ["io", "file", "process", "verify", "time"].map(str::to_owned);
    let line = "--name=a --ioengine=psync --filename=/dev/full --rw=write --size=4k --bs=4k --ignore_error=,ENOSPC";
    let told = |words: &[String]| {
        let settings = RunSettings { debug: Subjects::of(words).0, ..RunSettings::default() };
        let ran = run_with(line, &settings, &AtomicBool::new(false), |_| {}).fine();
        let events = ran.complaints.iter().map(|line| {
            let (subject, rest) = line.split_once(' ').unwrap();
            format!("{subject}: {}", rest.trim_start().split_once(' ').unwrap().1.trim_start())
        });
        events.collect::<Vec<_>>()
    };
    assert_eq!(told(&[]), Vec::<String>::new());
    let io = "off=0x0,len=0x1000,ddir=write,file=/dev/full";
    let expected = [format!("io: queue: {io}"), format!("io: complete: {io},error=28")];
    assert_eq!(told(&words[..1]), expected);
    let all = told(&words);
    assert_eq!(all.len(), 7, "{all:?}");
    assert_eq!(all[0], "process: job a (1): ioengine=psync");
    assert!(all[1].starts_with("file: open /dev/full: off=0x0,len=0x1000,fd="), "{all:?}");
    assert_eq!((all[2].as_str(), all[5].as_str()), ("time: the job begins to count", "file: close /dev/full"));
}

#[test]
fn debug_tells_of_one_job_if_one_is_chosen() {
    let line = "--ioengine=null --size=4k --name=a --numjobs=2 --name=b";
    let told = |job: Option<u32>| {
        let debug = Subjects::of(&["process".to_owned()]).0;
        let settings = RunSettings { debug, debug_job: job, ..RunSettings::default() };
        let mut lines = run_with(line, &settings, &AtomicBool::new(false), |_| {}).fine().complaints;
        lines.retain(|line| line.contains("ioengine=null"));
        let mut jobs: Vec<_> = lines.iter().map(|line| line.split("job ").nth(1).unwrap()[..5].to_owned()).collect();
        jobs.sort();
        jobs
    };
    assert_eq!(told(None), ["a (1)", "a (2)", "b (3)"]);
    assert_eq!((told(Some(0)), told(Some(2))), (vec!["a (1)".to_owned()], vec!["b (3)".to_owned()]));
    assert_eq!(told(Some(3)), told(None));
}

/// As with fio 3.33, which gives the processors out by the number of a job in the run.
#[test]
fn jobs_that_split_processors_take_turns_also_if_they_are_no_clones() {
    let ran =
        ran("--ioengine=null --size=4k --cpus_allowed=0,1023 --cpus_allowed_policy=split --name=a --name=b --name=c");
    let failed = ["a", "b", "c"].map(|name| ran.job(name).error.is_some());
    assert_eq!(failed, [false, true, false], "{:?}", ran.complaints);
}

#[test]
fn a_job_without_io_is_announced_by_its_engine() {
    let ran = ran("--name=a --ioengine=cpuio --cpuload=50 --cpuchunks=1000 --runtime=1ms --numjobs=2").fine();
    assert_eq!(ran.notes, ["a (noop): ioengine=cpuio, cpuload=50, cpucycle=1000"; 2]);
}

#[test]
fn several_files_loops_and_unlinking() {
    let folder = Folder::new();
    let line = format!(
        "--name=a --directory={} --nrfiles=3 --size=96k --bs=4k --rw=write --loops=2 --unlink=1",
        folder.0.display()
    );
    let written = ran(&line).fine();
    assert_eq!(written.direction("a", Direction::Write).bytes, (2 * 96) << 10);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    let line =
        format!("--name=a --directory={} --nrfiles=3 --openfiles=1 --size=96k --rw=randread", folder.0.display());
    let read = ran(&line).fine();
    assert_eq!(read.direction("a", Direction::Read).ios, 24);
    let names: Vec<_> = (0..3).map(|number| folder.0.join(format!("a.0.{number}")).exists()).collect();
    assert_eq!(names, [true; 3]);
}

#[test]
fn logs_hold_a_line_for_each_io() {
    let folder = Folder::new();
    let prefix = folder.path("log");
    let line = format!(
        "--name=a --ioengine=null --size=64k --bs=4k --rw=randread --write_lat_log={prefix} --write_bw_log={prefix} --log_offset=1 --iodepth=2"
    );
    ran(&line).fine();
    for kind in ["lat", "clat", "slat", "bw"] {
        let log = fs::read_to_string(format!("{prefix}_{kind}.1.log")).unwrap();
        assert_eq!(log.lines().count(), 16, "{kind}: {log}");
        assert!(log.lines().all(|line| line.split(", ").count() >= 5), "{log}");
    }
}

#[test]
fn a_job_that_fails_leaves_its_logs() {
    let folder = Folder::new();
    let (file, prefix) = (folder.path("f"), folder.path("log"));
    // The job writes to its file first, and then finds no room in the other.
    let line = format!(
        "--name=a --filename={file}:/dev/full --nrfiles=2 --file_service_type=sequential --size=64k --bs=4k --rw=write \
         --write_lat_log={prefix}"
    );
    let failed = ran(&line);
    assert_eq!(failed.job("a").error.as_ref().map(|error| error.number), Some(libc::ENOSPC), "{:?}", failed.complaints);
    let log = fs::read_to_string(format!("{prefix}_lat.1.log")).unwrap();
    assert_eq!(log.lines().count(), 8, "{log}");
}

#[test]
fn what_is_not_allowed_is_not_done() {
    let folder = Folder::new();
    let refused = ran("--name=a --ioengine=null --size=4k --exec_prerun=/bin/true");
    assert!(refused.job("a").error.as_ref().unwrap().message.contains("--allow-exec"));
    let allowed = RunSettings { allow_exec: true, ..RunSettings::default() };
    let line = format!(
        "--name={} --ioengine=null --size=4k --exec_prerun=/bin/pwd --exec_postrun=/bin/false",
        folder.path("a")
    );
    let ran = run_with(&line, &allowed, &AtomicBool::new(false), |_| {});
    assert!(fs::metadata(folder.path("a.prerun.txt")).unwrap().len() > 1);
    assert!(
        ran.outcome.has_failed
            && ran.complaints.iter().any(|line| line.contains("exec_postrun=/bin/false: exit status: 1"))
    );
}

#[test]
fn a_busy_neighbour_ends_with_the_jobs_it_is_for() {
    let line = "--name=cpu --ioengine=cpuio --cpuload=50 --cpuchunks=1000 --exit_on_io_done=1 \
                --name=io --ioengine=null --size=1m --time_based --runtime=50ms";
    let ran = ran(line).fine();
    assert_eq!(ran.job("cpu").measurement.ios(), 0);
    assert!(ran.direction("io", Direction::Read).ios > 0);
}

#[test]
fn a_latency_that_cannot_be_kept_is_told_and_one_that_can_ends_the_search() {
    let line = "--name=a --ioengine=null --size=1m --time_based --runtime=60 --iodepth=8 --latency_window=5ms";
    let found = ran(&format!("{line} --latency_target=1s --latency_percentile=50")).fine();
    assert_eq!(found.job("a").latency_target.depth, 8);
}

#[test]
fn trims_of_each_block_are_counted_until_it_fails() {
    // fio 3.33 aborts before it reports them.
    let job = "--name=a --ioengine=null --rw=randtrim --bs=4k --size=256k --block_error_percentiles=1 --loops=3";
    let ran = ran(job).fine();
    let blocks = &ran.job("a").blocks;
    assert_eq!(blocks.percentiles(&crate::statistics::PercentileList::new(&[1.0, 99.0])), [3, 3]);
    assert_eq!(blocks.states()[1], ("trimmed", 64));
}

#[test]
fn some_ios_have_a_priority_and_are_told_apart() {
    let folder = Folder::new();
    for engine in ["libaio", "io_uring"] {
        let job = format!(
            "--name=a --filename={} --ioengine={engine} --iodepth=4 --rw=randread --bs=4k --size=1m \
             --cmdprio_percentage=25 --cmdprio_class=2 --cmdprio=6",
            folder.path("f")
        );
        let ran = ran(&job).fine();
        let known = ran.direction("a", Direction::Read).priorities_in_use();
        let counts: Vec<_> = known.iter().map(|known| (known.priority, known.latency.statistics.samples)).collect();
        // As many as fio draws with the seed of the first job.
        assert_eq!(counts, [(0, 201), (2 << 13 | 6, 55)], "{engine}");
    }
}

//! Runs that are stopped, whatever their jobs are doing at that moment: they end at once, and every job is reported.

use std::sync::Arc;

use super::*;

/// Engines, and what one of their jobs needs besides a name.
const ENGINES: [&str; 13] = [
    "sync",
    "psync",
    "vsync",
    "pvsync",
    "pvsync2",
    "libaio",
    "io_uring",
    "mmap",
    "splice",
    "null",
    "falloc",
    "ftruncate",
    "cpuio",
];

/// What jobs do until they are stopped.
const MOMENTS: [&str; 7] = [
    "--time_based --runtime=1h",
    "--time_based --runtime=1h --ramp_time=1h",
    "--thinktime=1000s",
    "--thinktime=1000s --thinktime_spin=1000s",
    "--rate_iops=1",
    "--time_based --runtime=1h --iodepth=4 --fsync=3",
    "--time_based --runtime=1h --flow=1 --flow_sleep=1000000000 --name=b --ioengine=null --size=4k --flow=1000 --rate_iops=1",
];

/// Runs until something was done, if it is to be, and then stops.
fn stopped(line: &str, waits: bool) -> Ran {
    stopped_plan(&plan(line), waits)
}

fn stopped_plan(plan: &Plan, waits: bool) -> Ran {
    let stop = AtomicBool::new(false);
    let settings = RunSettings { allow_exec: true, ..RunSettings::default() };
    let mut looks = 0;
    run_plan(plan, &settings, &stop, |view| {
        looks += 1;
        if looks > 1 && (!waits || view.bytes().iter().any(|&bytes| bytes > 0)) {
            stop.store(true, Ordering::Relaxed);
        }
    })
}

#[test]
fn whatever_the_engine_and_whatever_it_waits_for_it_ends_and_reports() {
    for engine in ENGINES {
        for moment in MOMENTS {
            let folder = Folder::new();
            let workload = if engine == "splice" { "read" } else { "randwrite" };
            let load = if engine == "cpuio" { " --cpuload=5" } else { "" };
            let line = format!(
                "--name=a --ioengine={engine} --bs=4k --size=64k --rw={workload}{load} --filename={} {moment}",
                folder.path("f")
            );
            let ran = stopped(&line, engine != "cpuio").fine();
            let result = ran.job("a");
            assert!(result.error.is_none(), "{line}: {:?}", result.error);
            assert!(engine == "cpuio" || result.measurement.directions.iter().any(|way| way.bytes > 0), "{line}");
        }
    }
}

#[test]
fn a_run_that_verifies_ends_in_either_phase() {
    for proof in ["--verify=crc32c --loops=1000000", "--verify=md5 --time_based --runtime=1h --verify_backlog=4"] {
        for engine in ["psync", "libaio --iodepth=4 --verify_async=2", "io_uring --iodepth=4"] {
            let folder = Folder::new();
            let line = format!(
                "--name=a --ioengine={engine} --bs=4k --size=64k --rw=randwrite --verify_state_save=0 {proof} --filename={}",
                folder.path("f")
            );
            assert!(stopped(&line, true).fine().direction("a", Direction::Write).bytes > 0, "{line}");
        }
    }
}

#[test]
fn jobs_that_never_began_are_reported_with_nothing_in_them() {
    for waiting in ["--stonewall", "--wait_for=a", "--startdelay=1h"] {
        let line = format!(
            "--name=a --ioengine=null --size=1t --time_based --runtime=1h --name=b --ioengine=null --size=4k {waiting}"
        );
        let ran = stopped(&line, true).fine();
        assert_eq!(ran.outcome.results.iter().map(|result| result.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(ran.direction("b", Direction::Read).ios, 0, "{waiting}");
    }
}

#[test]
fn a_program_before_the_job_is_ended() {
    let folder = Folder::new();
    let name = folder.path("j");
    let mut plan = plan(&format!("--name={name} --ioengine=null --size=4k"));
    plan.jobs[0].resolved.options.threads.exec_prerun = Some("exec sleep 3600".to_owned());
    let ran = stopped_plan(&plan, false).fine();
    assert_eq!(ran.direction(&name, Direction::Read).ios, 0, "it has begun although it was stopped");
}

#[test]
fn laying_out_a_file_ends_and_leaves_nothing() {
    /// Stops the run as soon as it lays out.
    struct Stopper(Arc<AtomicBool>);
    impl Journal for Stopper {
        fn note(&self, line: &str) {
            assert!(line.contains("Laying out"), "{line}");
            self.0.store(true, Ordering::Relaxed);
        }
        fn complain(&self, line: &str) {
            panic!("{line}");
        }
    }
    for serialize in [1, 0] {
        let folder = Folder::new();
        let plan = plan(&format!(
            "--name=a --create_serialize={serialize} --size=1t --fallocate=none --rw=randread --filename={} --name=b --ioengine=null --size=4k",
            folder.path("f")
        ));
        let stop = Arc::new(AtomicBool::new(false));
        let journal = Stopper(Arc::clone(&stop));
        let outcome = run(&plan.jobs, &RunSettings::default(), &journal, &mut Each(|_: &mut dyn RunView| {}), &stop);
        assert!(!outcome.has_failed && outcome.results.len() == 2, "{outcome:?}");
        assert!(!fs::exists(folder.path("f")).unwrap(), "half of a file is left");
    }
}

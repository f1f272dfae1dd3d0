//! Section C: the supervisor of one service, `--monitor`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::harness::{
    Foreground, Place, descriptors, exists, is_root, kill, note, parent, proc_file, state, title, wait_for,
    wait_for_end, who_answers,
};

const NO_THROTTLE: &str = "--throttle=0";
/// Longer than any test.
const LONG_THROTTLE: &str = "--throttle=3600000";

#[test]
fn c01_the_supervisor_is_the_parent_and_stays() {
    let place = Place::new();
    let first = place.detach(&["--monitor", NO_THROTTLE]);
    let supervisor = parent(first);
    place.raise("demo", libc::SIGSEGV);
    let second = place.successor("demo", first);
    assert_eq!(parent(second), supervisor);
    kill(second, Signal::TERM);
    wait_for_end(supervisor);
    assert!(!exists(second));
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn c01_in_the_foreground_it_keeps_its_streams_and_ends_with_the_service() {
    for (command, arguments, status) in [("exit", &[][..], 0), ("raise", &["15"], 0), ("quit", &["7"], 7)] {
        let place = Place::new();
        let demo = place.start(&["--monitor", "--listen=127.0.0.1:0"]);
        assert_eq!(who_answers(demo.address()).unwrap(), place.pid("demo"));
        let streams = descriptors(demo.pid()).into_iter().filter(|(number, _)| (1..3).contains(number));
        assert!(streams.map(|(_, file)| file).all(|file| file.to_string_lossy().starts_with("pipe:")));
        let _ = place.call("demo", command, arguments);
        assert_eq!(demo.end().code(), Some(status), "{command}");
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn c02_both_show_what_they_are() {
    let place = Place::new();
    let demo = place.start(&["--monitor", NO_THROTTLE]);
    let first = place.pid("demo");
    assert_eq!(proc_file(demo.pid(), "comm"), "monitor\n");
    wait_for("health", || (title(demo.pid()) == format!("tidegate: monitoring pid {first} (healthy)")).then_some(()));
    place.raise("demo", libc::SIGSEGV);
    let second = place.successor("demo", first);
    let expected =
        format!("tidegate: monitoring pid {second} (1 crashes: pid {first} died, killed (Segmentation fault)");
    wait_for(&expected, || title(demo.pid()).starts_with(&expected).then_some(()));
    let program = env!("CARGO_BIN_EXE_daemon_demo");
    assert_eq!(proc_file(second, "comm"), "daemon_demo\n");
    assert_eq!(title(second), format!("{program} --pidfile --monitor {NO_THROTTLE}"));
}

#[test]
fn c03_faults_are_followed_by_a_restart() {
    let place = Place::new();
    let mut service = place.detach(&["--monitor", NO_THROTTLE]);
    let faults = [
        libc::SIGABRT,
        libc::SIGALRM,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGSEGV,
        libc::SIGXCPU,
        libc::SIGKILL,
        libc::SIGSYS,
    ];
    for signal in faults {
        place.raise("demo", signal);
        service = place.successor("demo", service);
    }
    for signal in [libc::SIGPIPE, libc::SIGXFSZ, libc::SIGHUP] {
        assert_eq!(place.call("demo", "raise", &[&signal.to_string()]), Ok(String::new()), "survived");
    }
    let _ = place.call("demo", "panic", &["told to"]);
    place.successor("demo", service);
}

#[test]
fn c03_wishes_are_followed_by_the_end() {
    let wishes = [
        (libc::SIGINT, 0),
        (libc::SIGQUIT, 131),
        (libc::SIGTRAP, 133),
        (libc::SIGUSR1, 138),
        (libc::SIGUSR2, 140),
        (libc::SIGSTKFLT, 144),
        (libc::SIGVTALRM, 154),
        (libc::SIGPROF, 155),
        (libc::SIGIO, 157),
        (libc::SIGPWR, 158),
    ];
    for (signal, status) in wishes {
        let place = Place::new();
        let demo = place.start(&["--monitor", NO_THROTTLE]);
        place.raise("demo", signal);
        assert_eq!(demo.end().code(), Some(status), "{signal}");
    }
}

#[test]
fn c03_the_statuses_and_the_number_of_crashes_are_a_policy() {
    let place = Place::new();
    let demo = place.start(&["--monitor", NO_THROTTLE, "--restart-status=7", "--give-up=2"]);
    let first = place.pid("demo");
    let _ = place.call("demo", "quit", &["7"]);
    place.successor("demo", first);
    let _ = place.call("demo", "quit", &["7"]);
    let ended = demo.end();
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("exit status 7"), "{ended:?}");
}

#[test]
fn c04_while_throttled_there_is_no_service_and_its_files_are_gone() {
    let place = Place::new();
    let demo = place.start(&["--monitor", LONG_THROTTLE, &place.option("--log-file", "log")]);
    crash_twice(&place);
    place.wait_for_text("log", "waiting");
    wait_for("a supervisor with nothing to monitor", || title(demo.pid()).contains("died").then_some(()));
    assert_eq!(place.names(), ["log"]);
}

/// The first restart comes at once, the next one later.
fn crash_twice(place: &Place) {
    let first = place.pid("demo");
    place.raise("demo", libc::SIGSEGV);
    let second = place.successor("demo", first);
    place.raise("demo", libc::SIGSEGV);
    wait_for_end(second);
}

#[test]
fn c04_the_throttle_ends() {
    let place = Place::new();
    place.detach(&["--monitor", "--throttle=100"]);
    for _ in 0..3 {
        let service = place.pid("demo");
        place.raise("demo", libc::SIGSEGV);
        place.successor("demo", service);
    }
}

#[test]
fn defect_10_a_throttled_supervisor_leaves_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        let demo = place.start(&["--monitor", LONG_THROTTLE, &place.option("--log-file", "log")]);
        crash_twice(&place);
        place.wait_for_text("log", "waiting");
        let ended = demo.end_by(signal);
        assert_eq!(ended.signal(), Some(signal.as_raw()), "{ended:?}");
        let log = fs::read_to_string(place.file("log")).unwrap();
        assert_eq!(log.matches(", restarting").count(), 1, "no third instance: {log}");
    }
}

#[test]
fn defect_11_what_ends_the_supervisor_ends_the_service() {
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT, Signal::SEGV, Signal::KILL] {
        let place = Place::new();
        let demo = place.start(&["--monitor"]);
        let service = place.pid("demo");
        kill(demo.pid(), signal);
        // Its output ends when the service has ended as well.
        assert_eq!(demo.end().signal(), Some(signal.as_raw()));
        wait_for_end(service);
        assert_eq!(place.names(), [""; 0], "{signal:?}");
    }
}

#[test]
fn defect_11_a_hang_up_of_a_supervisor_reloads_the_service() {
    let place = Place::new();
    let service = place.detach(&["--monitor", &place.option("--log-file", "log")]);
    kill(parent(service), Signal::HUP);
    place.wait_for_text("log", "reloaded");
    assert_eq!(place.call("demo", "version", &[]), Ok("demo (Tidegate) 1".into()));
}

#[test]
fn a_service_that_does_not_end_is_killed_after_its_time() {
    let place = Place::new();
    let demo = place.start(&["--monitor", "--stop-timeout=50"]);
    let service = place.pid("demo");
    kill(service, Signal::STOP);
    wait_for("the stop", || (state(service) == "T").then_some(()));
    // It is woken up to hear the signal, so it ends by itself all the same.
    assert_eq!(demo.end_by(Signal::TERM).signal(), Some(15));
    assert!(!exists(service));
}

#[test]
fn c08_defect_12_an_instance_that_dies_before_readiness_is_told_with_its_own_cause_and_tried_again() {
    let place = Place::new();
    let (fail_if, log) = (place.option("--fail-if", "fail"), place.option("--log-file", "log"));
    let service = place.detach(&["--monitor", "--throttle=50", "--fail=signal:8", &fail_if, &log]);
    fs::write(place.file("fail"), "").unwrap();
    place.raise("demo", libc::SIGSEGV);
    let text = place.wait_for_text("log", "Floating point exception");
    assert!(text.contains("Segmentation fault"), "{text}");
    fs::remove_file(place.file("fail")).unwrap();
    place.successor("demo", service);
}

#[test]
fn c08_an_instance_that_cannot_start_any_more_ends_the_service_with_its_status() {
    let place = Place::new();
    fs::write(place.file("data"), "").unwrap();
    let demo = place.start(&["--monitor", &place.option("--open", "data")]);
    fs::remove_file(place.file("data")).unwrap();
    place.raise("demo", libc::SIGSEGV);
    let ended = demo.end();
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("data: No such file or directory"), "{ended:?}");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn c09_when_there_is_no_process_to_be_had_it_is_tried_again() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    fs::create_dir(place.file("own")).unwrap();
    // A user of its own, since the limit counts all that a user runs.
    let user = (1 << 30) + std::process::id();
    std::os::unix::fs::chown(place.file("own"), Some(user), Some(user)).unwrap();
    let identity = format!("--reuid={user}");
    let group = format!("--regid={user}");
    let log = place.option("--log-file", "own/log");
    let program = env!("CARGO_BIN_EXE_daemon_demo");
    let arguments = [&identity, &group, "--clear-groups", program, "--monitor", "--pidfile", "--throttle=50", &log]
        .map(|text: &str| text);
    let mut command = place.command("setpriv", &arguments);
    let demo = Foreground::start(command.env("TIDEGATE_RUNDIR", place.file("own")));
    let limit = |limit: &str| {
        let process = demo.pid().to_string();
        let prlimit = [&identity, &group, "--clear-groups", "prlimit", "--pid", &process, limit];
        assert!(Command::new("setpriv").args(prlimit).status().unwrap().success());
    };
    let limits = proc_file(demo.pid(), "limits");
    let line = limits.lines().find(|line| line.starts_with("Max processes")).unwrap();
    let usual = format!("--nproc={}:", line.split_whitespace().nth(2).unwrap());
    limit("--nproc=1:");
    let service = place.pid("own/demo");
    kill(service, Signal::SEGV);
    place.wait_for_text("own/log", "fork failed");
    limit(&usual);
    wait_for("another process", || {
        let process = fs::read_to_string(place.file("own/demo.pid")).ok()?.trim().parse::<i32>().ok()?;
        (process != service && exists(process)).then_some(())
    });
}

#[test]
fn c10_one_core_dump_is_enough() {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    let place = Place::new();
    let script = "cd \"$TIDEGATE_RUNDIR\" && ulimit -c unlimited && exec \"$0\" --monitor --pidfile --throttle=0";
    let demo = Foreground::start(&mut place.command("sh", &["-c", script, env!("CARGO_BIN_EXE_daemon_demo")]));
    let first = place.pid("demo");
    let limit = |process| {
        let limits = proc_file(process, "limits");
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        line.split_whitespace().skip(4).take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limit(first), ["unlimited"; 2]);
    place.raise("demo", libc::SIGSEGV);
    let second = place.successor("demo", first);
    if !title(demo.pid()).contains("core dumped") {
        note(&format!("skipped: this machine writes no core dumps (core_pattern {pattern})"));
        return;
    }
    assert_eq!((limit(demo.pid()), limit(second)), (vec!["0".to_owned(); 2], vec!["0".to_owned(); 2]));
}

#[test]
fn c11_a_service_that_is_stopped_or_hangs_is_noticed() {
    let place = Place::new();
    let mut service = place.detach(&["--monitor", NO_THROTTLE, "--watchdog=500"]);
    kill(service, Signal::STOP);
    service = place.successor("demo", service);
    place.call("demo", "hang", &[]).unwrap();
    place.successor("demo", service);
}

#[test]
fn c11_a_supervisor_that_was_stopped_catches_up() {
    let place = Place::new();
    let service = place.detach(&["--monitor", NO_THROTTLE]);
    let supervisor = parent(service);
    kill(supervisor, Signal::STOP);
    wait_for("the stop", || (state(supervisor) == "T").then_some(()));
    place.raise("demo", libc::SIGSEGV);
    wait_for("the end", || (state(service) == "Z").then_some(()));
    kill(supervisor, Signal::CONT);
    place.successor("demo", service);
}

#[test]
fn c12_a_supervisor_does_not_hold_a_log_file_that_was_rotated() {
    let place = Place::new();
    let service = place.detach(&["--monitor", NO_THROTTLE, &place.option("--log-file", "log")]);
    let supervisor = parent(service);
    let holds = |process: i32| descriptors(process).iter().any(|(_, file)| file.starts_with(place.file("log")));
    wait_for("rest", || (!holds(supervisor)).then_some(()));
    assert!(holds(service));
    fs::rename(place.file("log"), place.file("rotated")).unwrap();
    place.raise("demo", libc::SIGSEGV);
    place.successor("demo", service);
    place.wait_for_text("log", "monitor");
}

#[test]
fn defect_13_nobody_logs_to_a_file_that_was_not_asked_for() {
    let place = Place::new();
    let first = place.detach(&["--monitor", NO_THROTTLE]);
    place.raise("demo", libc::SIGSEGV);
    let second = place.successor("demo", first);
    for process in [second, parent(second)] {
        let files: Vec<PathBuf> = descriptors(process)
            .into_iter()
            .map(|(_, file)| file)
            .filter(|file| file.starts_with("/") && file != Path::new("/dev/null") && *file != place.file("demo.pid"))
            .collect();
        assert!(files.is_empty(), "{process}: {files:?}");
    }
    assert_eq!(place.names(), [format!("demo.{second}.ctl"), "demo.pid".into(), "demo.pid.owner".into()]);
}

#[test]
fn c13_the_supervisor_logs_the_backtrace_with_names() {
    let place = Place::new();
    let service = place.detach(&["--monitor", NO_THROTTLE, &place.option("--log-file", "log")]);
    place.raise("demo", libc::SIGSEGV);
    place.successor("demo", service);
    let log = place.wait_for_text("log", "daemon_demo::main");
    let line = log.lines().find(|line| line.contains("SIGSEGV detected, backtrace:")).unwrap();
    assert!(line.contains("WARN") && line.contains(&format!("demo (pid {service}): crash report: ")), "{line}");
    let crash = log.lines().find(|line| line.contains("killed (Segmentation fault)")).unwrap();
    assert!(crash.contains(&format!("pid {service}")), "{crash}");
    assert!(log.find("restarting") < log.find("SIGSEGV detected"), "nobody waits for the names: {log}");
}

#[test]
fn c13_the_backtrace_is_logged_even_if_it_was_the_last_crash() {
    let place = Place::new();
    let demo = place.start(&["--monitor", "--give-up=1", &place.option("--log-file", "log")]);
    place.raise("demo", libc::SIGSEGV);
    assert_eq!(demo.end().code(), Some(1));
    let log = fs::read_to_string(place.file("log")).unwrap();
    assert!(log.contains("SIGSEGV detected, backtrace:"), "{log}");
}

#[test]
fn connections_during_a_restart_wait_and_are_answered() {
    let place = Place::new();
    let demo = place.start(&["--monitor", "--throttle=300", "--listen=127.0.0.1:0"]);
    for _ in 0..2 {
        let service = place.pid("demo");
        place.raise("demo", libc::SIGSEGV);
        wait_for_end(service);
        assert_ne!(who_answers(demo.address()).unwrap(), service);
    }
}

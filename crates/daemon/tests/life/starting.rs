//! Section A: starting, `--detach`, readiness.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::Signal;

use crate::harness::{
    Foreground, Place, Started, descriptors, exists, kill, parent, proc_file, read_to_end, run, stat_field,
    wait_for_end,
};

/// The two ways to leave the caller.
const WAYS: [&[&str]; 2] = [&[], &["--monitor"]];

#[test]
fn a01_success_means_that_all_is_served() {
    for way in WAYS {
        let place = Place::new();
        let process = place.detach(way);
        assert_eq!(place.call("demo", "version", &[]), Ok("demo (Tidegate) 1".into()));
        assert!(exists(process));
    }
}

#[test]
fn a02_the_status_of_a_failed_start_is_the_services_own_and_so_are_the_words() {
    for way in [&[][..], &["--monitor"], &["--detach"], &["--detach", "--monitor"]] {
        let place = Place::new();
        let ended = place.run(&[&["--pidfile", "--fail=exit:3", "-vconsole:warn"], way].concat());
        assert_eq!((ended.code(), ended.stderr.as_str()), (Some(3), "failing as told\n"), "{way:?}");
    }
}

#[test]
fn a03_a_death_without_a_word_is_told_with_its_cause() {
    for (fail, cause) in [("exit:0", "exit status 0"), ("signal:11", "killed (Segmentation fault")] {
        for (way, attempt) in WAYS.iter().zip(["detach from foreground session", "initiate process monitoring"]) {
            let place = Place::new();
            let ended = place.run(&[&["--detach", &format!("--fail={fail}")], *way].concat());
            assert_eq!(ended.code(), Some(1), "{ended:?}");
            let last = ended.stderr.lines().last().unwrap();
            let expected = format!("daemon_demo: could not {attempt} (");
            assert!(last.starts_with(&expected) && last.contains(cause), "{ended:?}");
        }
    }
}

#[test]
fn a03_a_crash_before_readiness_is_told_with_its_backtrace() {
    let place = Place::new();
    let ended = place.run(&["--detach", "--fail=signal:11"]);
    assert!(ended.stderr.contains("SIGSEGV detected, backtrace:"), "{ended:?}");
    assert!(ended.stderr.contains("raise"), "with names: {ended:?}");
}

#[test]
fn a04_wrong_usage_is_one_line_and_status_2() {
    let place = Place::new();
    for (wrong, text) in [("--nonsense", "unknown option --nonsense"), ("-vfoo", "\"foo\"")] {
        let ended = place.run(&["--detach", wrong]);
        assert_eq!((ended.code(), ended.stderr.lines().count()), (Some(2), 1), "{ended:?}");
        assert!(ended.stderr.starts_with("daemon_demo: ") && ended.stderr.contains(text), "{ended:?}");
    }
}

#[test]
fn a04_a_fatal_error_is_one_line_and_status_1() {
    let place = Place::new();
    for way in [&[][..], &["--detach"], &["--detach", "--monitor"]] {
        let ended = place.run(&[&["--pidfile", "-vconsole:warn", &place.option("--open", "absent")], way].concat());
        let expected =
            format!("daemon_demo: {}: No such file or directory (os error 2)\n", place.file("absent").display());
        assert_eq!((ended.code(), ended.stderr), (Some(1), expected));
        assert_eq!(place.names(), [""; 0], "{way:?}");
    }
}

#[test]
fn a05_defect_01_when_the_caller_is_killed_nothing_stays() {
    for way in WAYS {
        let place = Place::new();
        place.fifo("slow");
        let open = place.option("--open", "slow");
        let caller = Started::by(&mut place.demo(&[&["--detach", "--pidfile", &open], way].concat()));
        let process = place.wait_for_pidfile("demo");
        let supervisor = parent(process);
        assert_eq!(caller.end_by(Signal::KILL).signal(), Some(9));
        place.open_fifo("slow");
        wait_for_end(process);
        if !way.is_empty() {
            wait_for_end(supervisor);
        }
        assert_eq!(place.names(), ["slow"], "{way:?}");
    }
}

#[test]
fn a05_a_start_that_takes_too_long_is_ended() {
    for way in WAYS {
        let place = Place::new();
        place.fifo("slow");
        let open = place.option("--open", "slow");
        let limits = ["--start-timeout=100", "--stop-timeout=100"];
        let ended = place.run(&[&["--detach", "--pidfile", &open][..], &limits, way].concat());
        assert_eq!(ended.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains("not ready within 0.1 s") || ended.stderr.contains("could not"), "{ended:?}");
        // It held the lock; now another start is possible at once.
        place.detach(&[]);
    }
}

#[test]
fn a06_a_start_that_is_told_to_end_says_so() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        for way in WAYS {
            let place = Place::new();
            place.fifo("slow");
            let open = place.option("--open", "slow");
            let caller = Started::by(&mut place.demo(&[&["--detach", "--pidfile", &open], way].concat()));
            kill(place.wait_for_pidfile("demo"), signal);
            place.open_fifo("slow");
            assert_eq!(caller.end().code(), Some(status), "{way:?}");
            assert_eq!(place.names(), ["slow"], "{way:?}");
        }
    }
}

#[test]
fn defect_02_a_crash_before_readiness_is_not_taken_for_readiness() {
    let place = Place::new();
    let ended = place.run(&["--detach", "--monitor", "--fail=signal:11"]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert_eq!(place.names(), [""; 0], "and nothing goes on in a loop");
}

#[test]
fn a08_it_leads_a_session_of_its_own_and_belongs_to_nobody() {
    for way in WAYS {
        let place = Place::new();
        let service = place.detach(way);
        let leader = if way.is_empty() { service } else { parent(service) };
        let (group, session) = (5, 6);
        for process in [service, leader] {
            let found = [group, session].map(|field| stat_field(process, field));
            assert_eq!(found, [i64::from(leader); 2]);
        }
        assert_ne!(parent(leader), i32::try_from(std::process::id()).unwrap());
        assert_eq!(stat_field(leader, 7), 0, "no terminal");
    }
}

#[test]
fn a09_the_standard_streams_are_let_go_of() {
    for way in WAYS {
        let place = Place::new();
        // `cat` ends when nobody holds the other end any more.
        let ended = run(&mut place.command("sh", &["-c", &piped(way), env!("CARGO_BIN_EXE_daemon_demo")]));
        assert_eq!((ended.code(), ended.stdout.as_str()), (Some(0), "ready\n"), "{ended:?}");
        let service = place.pid("demo");
        for process in [service, if way.is_empty() { service } else { parent(service) }] {
            let streams: Vec<PathBuf> =
                descriptors(process).into_iter().filter(|&(number, _)| number < 3).map(|(_, file)| file).collect();
            assert_eq!(streams, [Path::new("/dev/null"); 3]);
        }
    }
}

fn piped(way: &[&str]) -> String {
    format!("\"$0\" --detach --pidfile {} | cat", way.join(" "))
}

#[test]
fn a09_streams_that_were_closed_stay_out_of_the_way() {
    for way in WAYS {
        let place = Place::new();
        let log = place.option("--log-file", "log");
        let script = format!("exec 0<&- 1>&- 2>&-; \"$0\" --detach --pidfile {log} {}", way.join(" "));
        let ended = run(&mut place.command("sh", &["-c", &script, env!("CARGO_BIN_EXE_daemon_demo")]));
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        let service = place.pid("demo");
        place.call("demo", "log", &["heard"]).unwrap();
        place.wait_for_text("log", "heard");
        let null: Vec<_> = descriptors(service).into_iter().filter(|(number, _)| *number < 3).collect();
        assert!(null.len() == 3 && null.iter().all(|(_, file)| file == Path::new("/dev/null")), "{null:?}");
    }
}

#[test]
fn defect_03_what_the_caller_left_open_is_closed() {
    for way in WAYS {
        let place = Place::new();
        let (read, write) = std::io::pipe().unwrap();
        let number = write.as_raw_fd();
        let mut command = place.demo(&[&["--detach", "--pidfile"], way].concat());
        keep_open(&mut command, number);
        assert_eq!(run(&mut command).code(), Some(0));
        drop((write, command));
        assert_eq!(read_to_end(read), "");
        assert!(exists(place.pid("demo")), "it runs, and the pipe has no writer any more");
    }
}

#[expect(unsafe_code, reason = "a descriptor that a child inherits")]
fn keep_open(command: &mut std::process::Command, number: i32) {
    let keep = move || {
        // SAFETY: takes no pointers; the parent keeps the descriptor open until the child has been started.
        let result = unsafe { libc::fcntl(number, libc::F_SETFD, 0) };
        if result < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: between fork and exec this makes one system call.
    unsafe { command.pre_exec(keep) };
}

#[test]
fn a10_defect_04_nobody_stays_in_the_callers_directory() {
    for way in WAYS {
        for (option, expected) in [(&[][..], Path::new("/")), (&["--no-chdir"], Path::new("started"))] {
            let place = Place::new();
            let started = place.file("started");
            fs::create_dir(&started).unwrap();
            let mut command = place.demo(&[&["--detach", "--pidfile"], way, option].concat());
            assert_eq!(run(command.current_dir(&started)).code(), Some(0));
            let service = place.pid("demo");
            for process in [service, if way.is_empty() { service } else { parent(service) }] {
                let directory = fs::read_link(format!("/proc/{process}/cwd")).unwrap();
                assert_eq!(directory, place.path().join(expected), "{way:?} {option:?}");
            }
        }
    }
}

#[test]
fn a10_in_the_foreground_the_directory_stays() {
    let place = Place::new();
    let mut command = place.demo(&["--pidfile"]);
    let demo = Foreground::start(command.current_dir(place.path()));
    assert_eq!(fs::read_link(format!("/proc/{}/cwd", demo.pid())).unwrap(), place.path());
}

#[test]
fn a11_umask_and_environment_stay_but_for_what_an_init_system_set() {
    let place = Place::new();
    let notify = std::os::unix::net::UnixDatagram::bind(place.file("notify")).unwrap();
    let script = "umask 027; TIDEGATE_MARK='kept as it is' exec \"$0\" --detach --pidfile --monitor";
    let mut command = place.command("sh", &["-c", script, env!("CARGO_BIN_EXE_daemon_demo")]);
    let ended = run(command.env("NOTIFY_SOCKET", place.file("notify")));
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    drop(notify);
    let service = place.pid("demo");
    assert!(proc_file(service, "status").contains("\nUmask:\t0027\n"));
    let environment = proc_file(service, "environ");
    assert!(environment.split('\0').any(|variable| variable == "TIDEGATE_MARK=kept as it is"));
    assert!(!environment.contains("NOTIFY_SOCKET"), "{environment}");
}

#[test]
fn a12_a_signal_that_was_ignored_stays_so() {
    let place = Place::new();
    let script = "trap '' TERM HUP; exec \"$0\" --pidfile";
    let demo = Foreground::start(&mut place.command("sh", &["-c", script, env!("CARGO_BIN_EXE_daemon_demo")]));
    kill(demo.pid(), Signal::TERM);
    kill(demo.pid(), Signal::HUP);
    // Were they caught, the answer would not come, or the main thread would act on them before it acts on the exit.
    assert_eq!(place.call("demo", "echo", &["still here"]), Ok("still here".into()));
    assert_eq!(place.call("demo", "exit", &[]), Ok(String::new()));
    let ended = demo.end();
    assert_eq!(ended.code(), Some(0));
    assert!(!ended.stderr.contains("terminating"), "{ended:?}");
}

#[test]
fn a12_a_reader_that_goes_away_ends_nothing() {
    let place = Place::new();
    let mut command = place.demo(&["--pidfile", "-vconsole:info"]);
    let (read, write) = std::io::pipe().unwrap();
    let demo = Foreground::start(command.stderr(Stdio::from(write)));
    drop((read, command));
    assert_eq!(place.call("demo", "log", &["to nobody"]), Ok(String::new()));
    assert_eq!(place.call("demo", "exit", &[]), Ok(String::new()));
    assert_eq!(demo.end().code(), Some(0));
}

#[test]
fn a_file_at_its_limit_ends_nothing() {
    for way in [&[][..], &["--monitor"]] {
        let place = Place::new();
        let log = place.option("--log-file", "log");
        let script = format!("ulimit -f 8; exec \"$0\" --pidfile {log} {}", way.join(" "));
        let demo = Foreground::start(&mut place.command("sh", &["-c", &script, env!("CARGO_BIN_EXE_daemon_demo")]));
        let service = place.pid("demo");
        let long = "x".repeat(1000);
        for _ in 0..20 {
            assert_eq!(place.call("demo", "log", &[&long]), Ok(String::new()));
        }
        assert_eq!(place.pid("demo"), service, "{way:?}");
        assert_eq!(place.call("demo", "exit", &[]), Ok(String::new()));
        assert_eq!(demo.end().code(), Some(0));
    }
}

#[test]
fn c15_a_signal_that_asks_for_the_end_is_what_it_dies_of() {
    for (signal, name) in [(Signal::TERM, "Terminated"), (Signal::INT, "Interrupt"), (Signal::ALARM, "Alarm clock")] {
        let place = Place::new();
        let demo = place.start(&[]);
        let ended = demo.end_by(signal);
        assert_eq!(ended.signal(), Some(signal.as_raw()), "{ended:?}");
        let expected = format!("terminating with signal {} ({name})", signal.as_raw());
        assert!(ended.stderr.contains("WARN") && ended.stderr.contains(&expected), "{ended:?}");
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn a_second_signal_does_not_wait_for_what_is_under_way() {
    let place = Place::new();
    let demo = place.start(&["--stop-timeout=1000000", &place.option("--log-file", "log")]);
    place.call("demo", "stay", &[]).unwrap();
    kill(demo.pid(), Signal::TERM);
    place.wait_for_text("log", "terminating with signal 15");
    assert_eq!(demo.end_by(Signal::TERM).signal(), Some(15));
    assert_eq!(place.names(), ["log"]);
}

#[test]
fn what_is_under_way_has_a_limit() {
    let place = Place::new();
    let demo = place.start(&["--stop-timeout=50"]);
    place.call("demo", "stay", &[]).unwrap();
    assert_eq!(demo.end_by(Signal::TERM).signal(), Some(15));
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_hang_up_reloads_where_there_is_no_terminal() {
    let place = Place::new();
    let service = place.detach(&[&place.option("--log-file", "log")]);
    fs::rename(place.file("log"), place.file("log.1")).unwrap();
    kill(service, Signal::HUP);
    place.wait_for_text("log", "reloaded");
    assert_eq!(place.call("demo", "version", &[]), Ok("demo (Tidegate) 1".into()));
    // `script` gives its command a terminal to control, and hangs up when its own input ends.
    let place = Place::new();
    let command = format!("{} --pidfile", env!("CARGO_BIN_EXE_daemon_demo"));
    let mut terminal = place.command("script", &["-qec", &command, "/dev/null"]);
    let terminal = Foreground::start(&mut terminal);
    kill(place.pid("demo"), Signal::HUP);
    assert_eq!(terminal.end().code(), Some(129));
    assert_eq!(place.names(), [""; 0]);
}

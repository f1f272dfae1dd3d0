//! Section B through the whole service; `tests/pidfile.rs` has the rest.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::process::Signal;

use crate::harness::{Ended, Foreground, Place, Started, exists, is_root, kill, parent, run, wait_for_end};

#[test]
fn b01_names_mode_and_whose_number() {
    let place = Place::new();
    let absolute = place.option("--pidfile", "absolute");
    for (option, file) in [("--pidfile", "demo.pid"), ("--pidfile=relative", "relative"), (&absolute, "absolute")] {
        for (umask, mode) in [("022", 0o644), ("077", 0o600)] {
            let script = format!("umask {umask}; exec \"$0\" --monitor {option}");
            let demo = Foreground::start(&mut place.command("sh", &["-c", &script, env!("CARGO_BIN_EXE_daemon_demo")]));
            let text = fs::read_to_string(place.file(file)).unwrap();
            let service: i32 = text.strip_suffix('\n').unwrap().parse().unwrap();
            assert_eq!(parent(service), demo.pid(), "the service's number, not the supervisor's");
            assert_eq!(fs::metadata(place.file(file)).unwrap().permissions().mode() & 0o7777, mode);
            assert_eq!(demo.end_by(Signal::TERM).signal(), Some(15));
            assert_eq!(place.names(), [""; 0]);
        }
    }
}

#[test]
fn b01_without_the_option_there_is_none() {
    let place = Place::new();
    let demo = Foreground::start(&mut place.demo(&[]));
    assert_eq!(place.names(), [format!("demo.{}.ctl", demo.pid())]);
}

#[test]
fn b02_the_file_is_there_before_readiness() {
    let place = Place::new();
    place.fifo("slow");
    let demo = Started::by(&mut place.demo(&["--detach", "--pidfile", &place.option("--open", "slow")]));
    assert!(exists(place.wait_for_pidfile("demo")));
    place.open_fifo("slow");
    assert_eq!(demo.end().code(), Some(0));
}

#[test]
fn b06_a_second_start_is_refused_in_every_way() {
    let place = Place::new();
    let first = place.detach(&[]);
    for way in [&[][..], &["--detach"], &["--monitor"], &["--detach", "--monitor"]] {
        let ended = place.run(&[&["--pidfile"], way].concat());
        let file = place.file("demo.pid");
        let expected = format!("daemon_demo: {}: already running as pid {first}, aborting\n", file.display());
        assert_eq!((ended.code(), ended.stderr), (Some(1), expected), "{way:?}");
    }
    assert_eq!(place.call("demo", "version", &[]), Ok("demo (Tidegate) 1".into()));
}

#[test]
fn b08_a_leftover_of_another_tool_is_not_in_the_way() {
    let place = Place::new();
    fs::write(place.file("demo.pid.tmp"), "1\n").unwrap();
    place.detach(&[]);
    assert_eq!(fs::read_to_string(place.file("demo.pid.tmp")).unwrap(), "1\n", "and it is not touched");
}

#[test]
fn b09_of_many_simultaneous_starts_one_wins() {
    for way in [&[][..], &["--monitor"]] {
        let place = Place::new();
        let mut command = place.demo(&[&["--detach", "--pidfile"], way].concat());
        let starts: Vec<_> = (0..8).map(|_| Started::by(&mut command)).collect();
        let ends: Vec<_> = starts.into_iter().map(Started::end).collect();
        let codes: Vec<_> = ends.iter().map(|end| end.code().unwrap()).collect();
        assert_eq!((count(&codes, 0), count(&codes, 1)), (1, 7), "{ends:?}");
        for loser in ends.iter().filter(|end| end.code() != Some(0)) {
            assert!(loser.stderr.contains("already running as pid"), "{loser:?}");
        }
        let service = place.pid("demo");
        assert_eq!(place.names(), [format!("demo.{service}.ctl"), "demo.pid".into(), "demo.pid.owner".into()]);
    }
}

fn count(codes: &[i32], wanted: i32) -> usize {
    codes.iter().filter(|&&code| code == wanted).count()
}

#[test]
fn b10_a_directory_that_takes_no_file_is_a_start_error() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    // A file system of one inode, and one that is read-only.
    for (options, reason) in [("nr_inodes=1", "No space left on device"), ("ro", "Read-only file system")] {
        let script = format!(
            "mount -t tmpfs -o {options} none \"$TIDEGATE_RUNDIR\" && exec \"$0\" --detach --pidfile --monitor"
        );
        let ended =
            run(&mut place.command("unshare", &["--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_daemon_demo")]));
        assert!(refused(&ended, reason), "{ended:?}");
    }
    let ended = place.run(&["--pidfile=absent/demo.pid"]);
    assert!(refused(&ended, "No such file or directory"), "{ended:?}");
    assert_eq!(place.names(), [""; 0]);
}

fn refused(ended: &Ended, reason: &str) -> bool {
    ended.code() == Some(1) && ended.stderr.starts_with("daemon_demo: ") && ended.stderr.contains(reason)
}

#[test]
fn b11_defect_05_overwriting_takes_the_file_and_the_older_instance_leaves_it_alone() {
    let place = Place::new();
    let older = place.detach(&[]);
    let newer = place.detach(&["--overwrite-pidfile"]);
    assert_ne!(older, newer);
    kill(older, Signal::TERM);
    wait_for_end(older);
    assert_eq!(place.pid("demo"), newer);
    assert_eq!(place.call("demo", "version", &[]), Ok("demo (Tidegate) 1".into()));
}

#[test]
fn b14_what_asks_for_the_end_leaves_nothing_and_what_kills_leaves_a_stale_file() {
    let place = Place::new();
    for signal in [Signal::TERM, Signal::INT, Signal::ALARM] {
        place.start(&[]).end_by(signal);
        assert_eq!(place.names(), [""; 0], "{signal:?}");
    }
    for signal in [Signal::KILL, Signal::SEGV, Signal::QUIT, Signal::USR1] {
        let demo = place.start(&[]);
        let service = demo.pid();
        assert_eq!(demo.end_by(signal).signal(), Some(signal.as_raw()));
        assert_eq!(place.pid("demo"), service, "{signal:?}");
    }
    place.start(&[]).end_by(Signal::TERM);
    assert_eq!(place.names(), [""; 0], "and the next start took all of that away");
}

#[test]
fn defect_08_sockets_of_crashed_instances_do_not_pile_up() {
    let place = Place::new();
    for _ in 0..3 {
        place.start(&[]).end_by(Signal::KILL);
    }
    let demo = place.start(&[]);
    assert_eq!(place.names(), [format!("demo.{}.ctl", demo.pid()), "demo.pid".into(), "demo.pid.owner".into()]);
    assert!(Path::new(&place.file("demo.pid")).metadata().unwrap().nlink() == 1);
}

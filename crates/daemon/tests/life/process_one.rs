//! C14, DEFECT 14: as the first process of a container.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::harness::{Foreground, Place, exists, is_root, kill, wait_for};

/// The demo as process 1, after `before` in its shell. Returns who waits for it, and its id out here.
fn start(place: &Place, before: &str, arguments: &str) -> (Foreground, i32) {
    let script = format!("{before} exec \"$0\" --pidfile {arguments}");
    let program = env!("CARGO_BIN_EXE_daemon_demo");
    let unshare = ["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", &script, program];
    let container = Foreground::start(&mut place.command("unshare", &unshare));
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", container.pid())).unwrap();
    let process = children.trim().parse().unwrap();
    (container, process)
}

#[test]
fn c14_defect_14_as_process_one_a_signal_ends_it_with_the_status_of_a_shell() {
    if !is_root() {
        return;
    }
    for arguments in ["", "--monitor"] {
        for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
            let place = Place::new();
            let (container, process) = start(&place, "", arguments);
            kill(process, signal);
            let ended = container.end();
            assert_eq!(ended.code(), Some(status), "{arguments} {ended:?}");
            assert_eq!(place.names(), [""; 0]);
        }
    }
}

#[test]
fn c14_as_process_one_it_reaps_orphans() {
    if !is_root() {
        return;
    }
    for arguments in ["", "--monitor"] {
        let place = Place::new();
        place.fifo("wait");
        // Its parent ends at once.
        let before = "(cat \"$TIDEGATE_RUNDIR/wait\" >/dev/null 2>&1 &)";
        let (_container, process) = start(&place, &format!("{before};"), arguments);
        let orphan = wait_for("the orphan", || {
            let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap();
            let children = children.split_whitespace().map(|child| child.parse::<i32>().unwrap());
            children.into_iter().find(|child| fs::read_to_string(format!("/proc/{child}/comm")).unwrap() == "cat\n")
        });
        place.open_fifo("wait");
        wait_for("its burial", || (!Path::new(&format!("/proc/{orphan}")).exists()).then_some(()));
        assert!(exists(process), "{arguments}");
    }
}

#[test]
fn c14_a_supervisor_as_process_one_restarts_its_service() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let (container, process) = start(&place, "", "--monitor --throttle=0");
    let socket = |not: Option<&String>| {
        place
            .names()
            .into_iter()
            .find(|name| Path::new(name).extension().is_some_and(|end| end == "ctl") && Some(name) != not)
    };
    let first = socket(None).unwrap();
    let _ = crate::harness::call(&place.file(&first), "raise", &["11"]);
    let second = wait_for("another service", || socket(Some(&first)));
    wait_for("its answer", || crate::harness::call(&place.file(&second), "version", &[]).ok());
    kill(process, Signal::TERM);
    assert_eq!(container.end().code(), Some(143));
}

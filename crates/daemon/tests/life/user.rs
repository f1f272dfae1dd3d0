//! Section D through the whole service; `tests/confinement/privileges.rs` has the rest.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use rustix::process::Signal;

use crate::harness::{Foreground, Place, is_root, kill, parent, proc_file, run, wait_for, wait_for_end};

const NOBODY: u32 = 65534;

/// In a run directory that is not there yet: it becomes the user's.
fn demo(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.demo(&[&["--pidfile"], arguments].concat());
    command.env("TIDEGATE_RUNDIR", place.file("run"));
    command
}

#[test]
fn d01_only_known_users_and_only_by_root() {
    let place = Place::new();
    if is_root() {
        let ended = run(&mut demo(&place, &["--user=nobody-at-all"]));
        assert_eq!((ended.code(), ended.stderr.lines().count()), (Some(1), 1), "{ended:?}");
        assert!(ended.stderr.contains("nobody-at-all"), "{ended:?}");
        let program = env!("CARGO_BIN_EXE_daemon_demo");
        let mut command = place.command("setpriv", &["--reuid=65534", "--clear-groups", program, "--user=nobody"]);
        let ended = run(&mut command);
        assert_eq!((ended.code(), ended.stderr.as_str()), (Some(1), "daemon_demo: only root can use --user option\n"));
    }
    let ended = place.run(&["--user=a:b:c"]);
    assert_eq!((ended.code(), ended.stderr.lines().count()), (Some(2), 1), "{ended:?}");
}

#[test]
fn d02_service_and_supervisor_run_as_the_user_and_so_are_their_files() {
    if !is_root() {
        return;
    }
    for way in [&[][..], &["--monitor", "--throttle=0"]] {
        let place = Place::new();
        let log = place.option("--log-file", "log");
        let ended = run(&mut demo(&place, &[&["--detach", "--user=nobody:nogroup", &log], way].concat()));
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        let service = place.pid("run/demo");
        for process in [service, if way.is_empty() { service } else { parent(service) }] {
            let status = proc_file(process, "status");
            assert!(status.contains("\nUid:\t65534\t65534\t65534\t65534\n"), "{status}");
            assert!(status.contains("\nGroups:\t \n"), "{status}");
        }
        for file in ["run", "run/demo.pid", &format!("run/demo.{service}.ctl"), "log"] {
            assert_eq!(fs::metadata(place.file(file)).unwrap().uid(), NOBODY, "{file}");
        }
        assert!(place.call("run/demo", "version", &[]).is_ok());
        if way.is_empty() {
            kill(service, Signal::TERM);
            wait_for_end(service);
        } else {
            let supervisor = parent(service);
            place.raise("run/demo", libc::SIGSEGV);
            let second = wait_for("another process", || {
                let process = fs::read_to_string(place.file("run/demo.pid")).ok()?.trim().parse().ok()?;
                (process != service).then_some(process)
            });
            assert!(proc_file(second, "status").contains("\nUid:\t65534\t65534\t65534\t65534\n"));
            kill(supervisor, Signal::TERM);
            wait_for_end(supervisor);
        }
        assert!(fs::read_dir(place.file("run")).unwrap().next().is_none(), "the user can remove what it made");
    }
}

#[test]
fn d03_what_stays_of_roots_power() {
    if !is_root() {
        return;
    }
    for way in [&[][..], &["--monitor"]] {
        let place = Place::new();
        let demo = Foreground::start(&mut demo(&place, &[&["--user=nobody"], way].concat()));
        let status = proc_file(place.pid("run/demo"), "status");
        let capabilities = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        // IPC_LOCK and NET_BIND_SERVICE.
        let kept = 1 << 14 | 1 << 10;
        assert_eq!(["CapPrm:", "CapEff:"].map(capabilities), [kept; 2], "{way:?}");
        assert_eq!(["CapInh:", "CapAmb:", "CapBnd:"].map(capabilities), [0; 3], "{way:?}");
        drop(demo);
    }
}

#[test]
fn d03_a_port_below_1024_is_bound_by_the_user() {
    if !is_root() {
        return;
    }
    for way in ["", "--monitor"] {
        let place = Place::new();
        // A network of its own: the port may be taken in the machine's.
        let script = format!("ip link set lo up && exec \"$0\" --pidfile --user=nobody --listen=127.0.0.1:7 {way}");
        let mut command = place.command("unshare", &["--net", "sh", "-c", &script, env!("CARGO_BIN_EXE_daemon_demo")]);
        let demo = Foreground::start(command.env("TIDEGATE_RUNDIR", place.file("run")));
        assert_eq!(demo.announced, ["demo 127.0.0.1:7"]);
    }
}

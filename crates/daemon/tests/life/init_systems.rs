//! systemd and s6 before the whole service. `tests/init_system.rs` has the words by themselves.

use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Foreground, Place, kill, read_to_end, run, who_answers};

struct Systemd(UnixDatagram);

impl Systemd {
    fn at(place: &Place, command: &mut Command) -> Self {
        let path = place.file("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        command.env("NOTIFY_SOCKET", path);
        Self(socket)
    }

    fn hears(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let length = self.0.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap().lines().map(str::to_owned).collect()
    }
}

#[test]
fn init_systemd_hears_the_whole_life() {
    for way in [&[][..], &["--monitor"]] {
        let place = Place::new();
        let mut command = place.demo(&[&["--pidfile"], way].concat());
        let systemd = Systemd::at(&place, &mut command);
        let demo = Foreground::start(&mut command);
        let ready = systemd.hears();
        assert!(ready.contains(&"READY=1".into()), "{ready:?}");
        assert!(ready.contains(&format!("MAINPID={}", demo.pid())), "{ready:?}");
        kill(demo.pid(), Signal::HUP);
        let reloading = systemd.hears();
        assert_eq!(reloading[0], "RELOADING=1");
        assert!(reloading[1].starts_with("MONOTONIC_USEC="), "{reloading:?}");
        assert_eq!(systemd.hears(), ["READY=1"]);
        kill(demo.pid(), Signal::TERM);
        assert_eq!(systemd.hears(), ["STOPPING=1"]);
        assert_eq!(demo.end().signal(), Some(15));
    }
}

#[test]
fn init_systemds_watchdog_hears_of_a_service_that_is_well() {
    for way in [&[][..], &["--monitor"]] {
        let place = Place::new();
        let mut command = place.demo(&[&["--pidfile"], way].concat());
        let systemd = Systemd::at(&place, command.env("WATCHDOG_USEC", "100000"));
        let _demo = Foreground::start(&mut command);
        assert!(systemd.hears().contains(&"READY=1".into()));
        assert_eq!([systemd.hears(), systemd.hears()], [["WATCHDOG=1"], ["WATCHDOG=1"]]);
    }
}

#[test]
fn init_systemds_watchdog_hears_nothing_of_a_service_that_hangs() {
    let place = Place::new();
    let mut command = place.demo(&["--pidfile", &place.option("--log-file", "log")]);
    let systemd = Systemd::at(&place, command.env("WATCHDOG_USEC", "100000"));
    let _demo = Foreground::start(&mut command);
    place.call("demo", "hang", &[]).unwrap();
    place.wait_for_text("log", "no sign of life");
    systemd.0.set_nonblocking(true).unwrap();
    let mut bytes = [0; 4096];
    while systemd.0.recv(&mut bytes).is_ok() {}
    place.wait_for_text("log", "no sign of life");
    assert!(systemd.0.recv(&mut bytes).is_err());
}

/// Puts descriptors in the places from 3 on, and says so in the environment.
#[expect(unsafe_code, reason = "descriptors for the child only")]
fn pass(command: &mut Command, sockets: Vec<OwnedFd>) {
    let place = move || {
        for (number, socket) in (3..).zip(&sockets) {
            // SAFETY: takes no pointers. Tests open nothing below 10 that the child needs.
            let result: RawFd = unsafe { libc::dup2(socket.as_raw_fd(), number) };
            if result < 0 {
                return Err(std::io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: between fork and exec this makes system calls only.
    unsafe { command.pre_exec(place) };
}

/// A descriptor with a number that [`pass`] does not need.
fn high(descriptor: impl Into<OwnedFd>) -> OwnedFd {
    rustix::io::fcntl_dupfd_cloexec(descriptor.into(), 100).unwrap()
}

fn activated(place: &Place, name: &str, way: &[&str]) -> Command {
    let script = format!("export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name}; exec \"$0\" \"$@\"");
    let arguments = ["-c", &script, env!("CARGO_BIN_EXE_daemon_demo"), "--pidfile", "--listen=127.0.0.1:1"];
    place.command("sh", &[&arguments, way].concat())
}

#[test]
fn init_a_socket_from_systemd_takes_the_place_of_the_address_and_outlives_crashes() {
    for way in [&[][..], &["--monitor", "--throttle=0"]] {
        let place = Place::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut command = activated(&place, "demo", way);
        pass(&mut command, vec![high(listener)]);
        let demo = Foreground::start(&mut command);
        assert_eq!(demo.address(), address);
        let service = place.pid("demo");
        assert_eq!(who_answers(address).unwrap(), service);
        if !way.is_empty() {
            place.raise("demo", libc::SIGSEGV);
            place.successor("demo", service);
            assert_ne!(who_answers(address).unwrap(), service);
        }
    }
}

#[test]
fn init_a_socket_for_which_there_is_no_use_is_a_wrong_unit_file() {
    for way in [&[][..], &["--monitor"]] {
        let place = Place::new();
        let mut command = activated(&place, "other", way);
        pass(&mut command, vec![high(TcpListener::bind("127.0.0.1:0").unwrap())]);
        let ended = run(&mut command);
        assert_eq!(ended.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains("no use for a socket named other; known names: demo"), "{ended:?}");
    }
}

#[test]
fn init_s6_gets_its_newline_from_the_whole_chain() {
    for way in [&[][..], &["--monitor"]] {
        let place = Place::new();
        let (read, write) = std::io::pipe().unwrap();
        let mut command = place.demo(&[&["--pidfile", "--notification-fd=3"], way].concat());
        pass(&mut command, vec![high(write)]);
        let _demo = Foreground::start(&mut command);
        drop(command);
        assert_eq!(read_to_end(read), "\n", "and the end: nobody keeps it open");
    }
}

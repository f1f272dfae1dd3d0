//! The pidfile between real processes, numbered as the behaviour it stands for: B is the pidfile's section.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use daemon::pidfile::{Pidfile, PidfileError, PidfileOptions, PidfileOwner};

/// A directory of its own for each test, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tidegate-pidfile-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn pidfile(&self) -> PathBuf {
        self.0.join("service.pid")
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(pidfile: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daemon_fixture"));
    command.arg(pidfile).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A process that holds a pidfile; killed when the test fails.
struct Instance(Child);

impl Instance {
    /// The instance, or what it said when it refused.
    fn start(pidfile: &Path, arguments: &[&str]) -> Result<Self, String> {
        Self::wait_until_ready(command(pidfile, arguments).spawn().unwrap())
    }

    fn wait_until_ready(mut child: Child) -> Result<Self, String> {
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        if line == "ready\n" {
            return Ok(Self(child));
        }
        let mut text = String::new();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{text}");
        Err(text)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Lets it end as it wants to.
    fn end(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn content(pidfile: &Path) -> String {
    fs::read_to_string(pidfile).unwrap()
}

#[test]
fn b01_b14_the_file_holds_the_pid_while_the_process_lives() {
    let directory = Directory::new();
    let instance = Instance::start(&directory.pidfile(), &[]).unwrap();
    assert_eq!(content(&directory.pidfile()), format!("{}\n", instance.pid()));
    assert_eq!(directory.names(), ["service.pid", "service.pid.owner"]);
    instance.end();
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn b03_a_second_look_at_ones_own_file_does_not_lose_the_lock() {
    let directory = Directory::new();
    let held = Pidfile::acquire(&directory.pidfile(), &PidfileOptions::default()).unwrap();
    let own = i32::try_from(std::process::id()).unwrap();
    let again = Pidfile::acquire(&directory.pidfile(), &PidfileOptions::default());
    assert!(matches!(again, Err(PidfileError::AlreadyRunning { pid, .. }) if pid == own));
    assert!(matches!(Pidfile::check(&directory.pidfile()), Err(PidfileError::AlreadyRunning { .. })));
    assert!(Instance::start(&directory.pidfile(), &[]).is_err(), "the lock is still there");
    drop(held);
    Instance::start(&directory.pidfile(), &[]).unwrap().end();
}

#[test]
fn b04_an_unlocked_file_is_stale_whatever_it_says() {
    let directory = Directory::new();
    let own = std::process::id().to_string();
    let long = "9".repeat(100_000);
    for stale in ["", "1\n", "hello", "-5\n", "999999\n", own.as_str(), long.as_str()] {
        fs::write(directory.pidfile(), stale).unwrap();
        let instance = Instance::start(&directory.pidfile(), &[]).unwrap();
        assert_eq!(content(&directory.pidfile()), format!("{}\n", instance.pid()));
        instance.end();
    }
}

#[test]
fn b06_a_second_instance_is_refused_and_the_first_undisturbed() {
    let directory = Directory::new();
    let first = Instance::start(&directory.pidfile(), &[]).unwrap();
    let refusal = Instance::start(&directory.pidfile(), &[]).err().unwrap();
    let path = directory.pidfile();
    let expected = format!("daemon_fixture: {}: already running as pid {}, aborting\n", path.display(), first.pid());
    assert_eq!(refusal, expected);
    assert_eq!(content(&path), format!("{}\n", first.pid()));
    first.end();
}

#[test]
fn b07_the_lock_counts_and_not_the_number() {
    let directory = Directory::new();
    let first = Instance::start(&directory.pidfile(), &[]).unwrap();
    for lie in ["", "1\n", "hello"] {
        fs::write(directory.pidfile(), lie).unwrap();
        let refusal = Instance::start(&directory.pidfile(), &[]).err().unwrap();
        assert!(refusal.contains(&format!("already running as pid {}", first.pid())), "{refusal}");
    }
    first.end();
}

#[test]
fn b07_what_is_no_file_is_named() {
    let directory = Directory::new();
    fs::create_dir(directory.pidfile()).unwrap();
    let refusal = Instance::start(&directory.pidfile(), &[]).err().unwrap();
    assert!(refusal.contains("it is a directory"), "{refusal}");
    fs::remove_dir(directory.pidfile()).unwrap();
    let _listener = UnixListener::bind(directory.pidfile()).unwrap();
    let refusal = Instance::start(&directory.pidfile(), &[]).err().unwrap();
    assert!(refusal.contains("it is a socket"), "{refusal}");
}

#[test]
fn b09_of_twenty_simultaneous_starts_one_wins_and_nothing_is_left() {
    let directory = Directory::new();
    for stale in [false, true, true] {
        if stale {
            fs::write(directory.pidfile(), "77\n").unwrap();
        }
        let started: Vec<Child> = (0..20).map(|_| command(&directory.pidfile(), &[]).spawn().unwrap()).collect();
        let (winners, losers): (Vec<_>, Vec<_>) =
            started.into_iter().map(Instance::wait_until_ready).partition(Result::is_ok);
        assert_eq!((winners.len(), losers.len()), (1, 19));
        for refusal in losers.into_iter().filter_map(Result::err) {
            assert!(refusal.contains("already running as pid"), "{refusal}");
        }
        winners.into_iter().flatten().for_each(Instance::end);
        assert_eq!(directory.names(), [""; 0]);
    }
}

#[test]
fn b10_a_file_that_cannot_be_written_leaves_nothing() {
    let directory = Directory::new();
    // No file may grow in this shell: what a full disk is to a program, without a disk.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$1\"";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_daemon_fixture")])
        .arg(directory.pidfile())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("write failed"), "{output:?}");
    assert_eq!(directory.names(), [""; 0]);

    let refusal = Instance::start(&directory.0.join("absent/service.pid"), &[]).err().unwrap();
    assert!(refusal.contains("create failed (No such file or directory"), "{refusal}");
}

#[test]
fn defect_05_an_older_instance_does_not_remove_the_newer_ones_file() {
    let directory = Directory::new();
    let first = Instance::start(&directory.pidfile(), &[]).unwrap();
    let second = Instance::start(&directory.pidfile(), &["--overwrite"]).unwrap();
    first.end();
    assert_eq!(content(&directory.pidfile()), format!("{}\n", second.pid()));
    assert!(Instance::start(&directory.pidfile(), &[]).is_err(), "the second still holds its lock");

    fs::remove_file(directory.pidfile()).unwrap();
    let third = Instance::start(&directory.pidfile(), &[]).unwrap();
    second.end();
    assert_eq!(content(&directory.pidfile()), format!("{}\n", third.pid()));
    assert_eq!(PidfileOwner::read(&PidfileOwner::path(&directory.pidfile())).unwrap().pid, Some(third.pid()));
    third.end();
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn defect_06_a_planted_link_is_not_followed() {
    let directory = Directory::new();
    let victim = directory.0.join("victim");
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, directory.pidfile()).unwrap();
    let refusal = Instance::start(&directory.pidfile(), &[]).err().unwrap();
    assert!(refusal.contains("it is a symbolic link"), "{refusal}");

    fs::remove_file(directory.pidfile()).unwrap();
    fs::hard_link(&victim, directory.pidfile()).unwrap();
    symlink(&victim, PidfileOwner::path(&directory.pidfile())).unwrap();
    let refusal = Instance::start(&directory.pidfile(), &[]).err().unwrap();
    assert!(refusal.contains("write failed"), "the owner file is not written through a link either: {refusal}");
    fs::remove_file(PidfileOwner::path(&directory.pidfile())).ok();
    Instance::start(&directory.pidfile(), &[]).unwrap().end();
    assert_eq!(content(&victim), "precious");
    assert_eq!(fs::metadata(&victim).unwrap().nlink(), 1);
}

#[test]
fn defect_06_a_directory_that_anyone_may_write_to_is_refused_unless_it_is_sticky() {
    let directory = Directory::new();
    fs::set_permissions(&directory.0, fs::Permissions::from_mode(0o777)).unwrap();
    let refusal = Instance::start(&directory.pidfile(), &[]).err().unwrap();
    assert!(refusal.contains("anyone may write to this directory"), "{refusal}");
    assert_eq!(directory.names(), [""; 0]);
    fs::set_permissions(&directory.0, fs::Permissions::from_mode(0o1777)).unwrap();
    Instance::start(&directory.pidfile(), &[]).unwrap().end();
}

/// A process in a PID namespace of its own; `None` where the machine does not allow that.
fn in_another_namespace(pidfile: &Path, arguments: &[&str]) -> Option<Result<Instance, String>> {
    let unshare = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child"];
    if !Command::new("unshare").args(unshare).arg("true").status().is_ok_and(|status| status.success()) {
        return None;
    }
    let child = Command::new("unshare")
        .args(unshare)
        .arg(env!("CARGO_BIN_EXE_daemon_fixture"))
        .arg(pidfile)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Some(Instance::wait_until_ready(child))
}

#[test]
#[expect(clippy::print_stdout, reason = "what is not checked is said")]
fn defect_07_a_holder_in_another_pid_namespace_is_judged_by_its_control_socket() {
    let directory = Directory::new();
    let socket = directory.0.join("service.ctl");
    let argument = format!("--socket={}", socket.display());
    let listener = UnixListener::bind(&socket).unwrap();
    let Some(first) = in_another_namespace(&directory.pidfile(), &[&argument]) else {
        return println!("not checked: this machine allows no PID namespaces");
    };
    let first = first.unwrap();
    assert_eq!(content(&directory.pidfile()), "1\n", "the pid as the holder sees it");
    let refusal = in_another_namespace(&directory.pidfile(), &[]).unwrap().err().unwrap();
    assert!(refusal.contains("already running in another PID namespace"), "{refusal}");
    let refusal = Instance::start(&directory.pidfile(), &[]).err().unwrap();
    assert!(refusal.contains("already running as pid"), "seen from the parent namespace: {refusal}");

    // Not only dropped: a child that another test is just starting may have the descriptor for a moment longer.
    rustix::net::shutdown(&listener, rustix::net::Shutdown::Both).unwrap();
    let second = in_another_namespace(&directory.pidfile(), &[]).unwrap().unwrap();
    first.end();
    assert_eq!(directory.names(), ["service.ctl", "service.pid", "service.pid.owner"]);
    second.end();
}

#[test]
fn killed_at_random_moments_with_twenty_starters_racing_exactly_one_runs() {
    let directory = Directory::new();
    let mut holders = 0;
    while holders < 200 {
        let started: Vec<Child> = (0..20).map(|_| command(&directory.pidfile(), &[]).spawn().unwrap()).collect();
        // Some are killed on their way, at whatever moment they have come to.
        let (doomed, left): (Vec<_>, Vec<_>) =
            started.into_iter().enumerate().partition(|(index, _)| index % 4 == holders % 4);
        for (_, mut child) in doomed {
            child.kill().unwrap();
            child.wait().unwrap();
            holders += 1;
        }
        let results: Vec<_> = left.into_iter().map(|(_, child)| Instance::wait_until_ready(child)).collect();
        let winners: Vec<Instance> = results.into_iter().filter_map(Result::ok).collect();
        assert!(winners.len() <= 1, "two hold the same pidfile");
        for winner in winners {
            assert_eq!(content(&directory.pidfile()), format!("{}\n", winner.pid()));
            winner.kill();
            holders += 1;
        }
    }
    Instance::start(&directory.pidfile(), &[]).unwrap().end();
    assert_eq!(directory.names(), [""; 0], "nothing is left of all of them");
}

#[test]
fn a_start_while_the_holder_leaves_never_ends_with_a_file_that_has_no_name() {
    let directory = Directory::new();
    for _ in 0..50 {
        let mut holder = Instance::start(&directory.pidfile(), &[]).unwrap();
        let started: Vec<Child> = (0..8).map(|_| command(&directory.pidfile(), &[]).spawn().unwrap()).collect();
        drop(holder.0.stdin.take());
        let winners: Vec<Instance> =
            started.into_iter().map(Instance::wait_until_ready).filter_map(Result::ok).collect();
        assert!(winners.len() <= 1, "two hold the same pidfile");
        for winner in winners {
            assert_eq!(content(&directory.pidfile()), format!("{}\n", winner.pid()));
            winner.end();
        }
        assert!(holder.0.wait().unwrap().success());
    }
}

#[test]
fn a_check_changes_nothing() {
    let directory = Directory::new();
    assert!(Pidfile::check(&directory.pidfile()).is_ok());
    assert_eq!(directory.names(), [""; 0]);
    File::create(directory.pidfile()).unwrap();
    assert!(Pidfile::check(&directory.pidfile()).is_ok());
    assert_eq!(content(&directory.pidfile()), "");
}

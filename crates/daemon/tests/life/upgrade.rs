//! Another program takes the supervisor's place, and then the places of its services.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Foreground, Place, descriptors, exists, kill, parent, run, wait_for, wait_for_end, who_answers};

const PROGRAM: &str = env!("CARGO_BIN_EXE_daemon_demo");

/// Makes a program out of a file, `-` for what is written to it. Another process does that: a file that is open for writing
/// in this one, or in a process that is being started meanwhile, cannot be executed.
fn install(from: &str, to: &Path, text: &str) {
    let mut command = Command::new("install");
    let from = if from == "-" { "/dev/stdin" } else { from };
    let mut child = command.args(["-m", "755", from]).arg(to).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn script(place: &Place, name: &str, text: &str) -> String {
    let path = place.file(name);
    install("-", &path, &format!("#!/bin/sh\n{text}\n"));
    path.display().to_string()
}

/// The same program with another version.
fn second_version(place: &Place) -> String {
    script(place, "second", &format!("DAEMON_DEMO_VERSION=2 exec {PROGRAM} \"$@\""))
}

fn address(place: &Place, name: &str) -> SocketAddr {
    let shown = place.call(name, "show", &["addresses/demo"]).unwrap();
    shown.split_whitespace().last().unwrap().parse().unwrap()
}

fn wait_for_version(place: &Place, name: &str, version: &str) {
    let expected = format!("{name} (Tidegate) {version}");
    wait_for(&expected, || {
        let text = fs::read_to_string(place.file(&format!("{name}.pid"))).ok()?;
        let answer = place.call_process(name, text.trim().parse().ok()?, "version", &[]);
        (answer == Ok(expected.clone())).then_some(())
    });
}

/// Asks all the time who answers; ends with the error of the first who was refused.
fn ask_all_the_time(address: SocketAddr, enough: Arc<AtomicBool>) -> std::thread::JoinHandle<Result<usize, String>> {
    std::thread::spawn(move || {
        let mut answers = 0;
        while !enough.load(Ordering::Acquire) {
            std::net::TcpStream::connect_timeout(&address, Duration::from_secs(30))
                .map_err(|error| error.to_string())?;
            answers += 1;
        }
        Ok(answers)
    })
}

#[test]
fn upgrade_another_version_takes_over_and_nobody_is_refused() {
    let place = Place::new();
    let supervisor = place.detach(&["--many=one,two", "--throttle=0", &place.option("--log-file", "log")]);
    let old = ["one", "two"].map(|name| place.pid(name));
    let enough = Arc::new(AtomicBool::new(false));
    let addresses = ["one", "two"].map(|name| address(&place, name));
    let clients = addresses.map(|address| ask_all_the_time(address, Arc::clone(&enough)));
    let answer = place.call("demo", "upgrade", &[&second_version(&place)]);
    assert_eq!(answer, Ok("upgrading from 1 to daemon_demo 2".into()));
    for name in ["demo", "one", "two"] {
        wait_for_version(&place, name, "2");
    }
    assert_eq!(place.pid("demo"), supervisor, "the same process");
    let new = ["one", "two"].map(|name| place.pid(name));
    for (old, new) in old.into_iter().zip(new) {
        assert_ne!(old, new);
        assert_eq!(parent(new), supervisor);
        assert!(!exists(old));
    }
    assert_eq!(["one", "two"].map(|name| address(&place, name)), addresses);
    enough.store(true, Ordering::Release);
    for client in clients {
        assert!(client.join().unwrap().unwrap() > 0);
    }
    let log = fs::read_to_string(place.file("log")).unwrap();
    let renewed: Vec<&str> = log.lines().filter(|line| line.contains("being restarted as the new program")).collect();
    assert_eq!(renewed.len(), 2, "{log}");
    // The lock is still held.
    let ended = place.run(&["--many=one", "--pidfile"]);
    assert!(
        ended.code() == Some(1) && ended.stderr.contains(&format!("already running as pid {supervisor}")),
        "{ended:?}"
    );
    kill(supervisor, Signal::TERM);
    wait_for_end(supervisor);
    assert_eq!(place.names(), ["log", "second"]);
}

#[test]
fn upgrade_services_are_renewed_one_after_the_other() {
    let place = Place::new();
    let supervisor = place.detach(&["--many=one,two", &place.option("--log-file", "log")]);
    let [one, two] = ["one", "two"].map(|name| place.pid(name));
    place.call("demo", "upgrade", &[]).unwrap();
    let new_one = place.successor("one", one);
    let new_two = place.successor("two", two);
    assert_eq!([new_one, new_two].map(parent), [supervisor; 2]);
    let log = place.wait_for_text("log", &format!("two (pid {new_two}): ready"));
    let place_of = |text: &str| log.rfind(text).unwrap_or_else(|| panic!("{text}: {log}"));
    assert!(place_of(&format!("one (pid {new_one}): ready")) < place_of("two: being restarted"), "{log}");
}

#[test]
fn upgrade_to_a_copy_that_lies_elsewhere() {
    let place = Place::new();
    let supervisor = place.detach(&["--many=one"]);
    let one = place.pid("one");
    let copy = place.file("copy");
    install(PROGRAM, &copy, "");
    place.call("demo", "upgrade", &[&copy.display().to_string()]).unwrap();
    let new = place.successor("one", one);
    for process in [supervisor, new] {
        assert_eq!(fs::read_link(format!("/proc/{process}/exe")).unwrap(), copy);
    }
}

#[test]
fn upgrade_without_a_path_takes_what_lies_in_the_programs_place() {
    let place = Place::new();
    let copy = place.file("copy");
    install(PROGRAM, &copy, "");
    let ended = run(&mut place.command(&copy.display().to_string(), &["--detach", "--pidfile", "--many=one"]));
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    let (supervisor, one) = (place.pid("demo"), place.pid("one"));
    // As a package manager does it: the file is another one, under the same name.
    install(PROGRAM, &place.file("newer"), "");
    fs::rename(place.file("newer"), &copy).unwrap();
    let link = || fs::read_link(format!("/proc/{supervisor}/exe")).unwrap();
    assert!(link().to_string_lossy().ends_with(" (deleted)"));
    place.call("demo", "upgrade", &[]).unwrap();
    place.successor("one", one);
    assert_eq!(link(), copy);
}

#[test]
fn upgrade_a_program_that_will_not_do_is_refused_with_its_words() {
    let place = Place::new();
    let supervisor = place.detach(&["--many=one"]);
    let one = place.pid("one");
    let bad = [
        (script(&place, "bad", "echo 'no such option' >&2; exit 3"), "exit status: 3: no such option"),
        (place.file("absent").display().to_string(), "No such file or directory"),
        (script(&place, "crash", "kill -SEGV $$"), "signal: 11"),
        ("/dev/null".to_owned(), "Permission denied"),
    ];
    for (program, reason) in bad {
        let error = place.call("demo", "upgrade", &[&program]).unwrap_err();
        assert!(error.contains(&program) && error.contains(reason), "{error}");
    }
    assert_eq!((place.pid("demo"), place.pid("one")), (supervisor, one));
    assert_eq!(place.call("demo", "version", &[]), Ok("demo (Tidegate) 1".into()));
}

#[test]
fn upgrade_that_fails_at_the_last_moment_goes_on_as_before() {
    let place = Place::new();
    let supervisor = place.detach(&["--many=one,two", "--throttle=0", &place.option("--log-file", "log")]);
    // Gone when it is to be executed.
    let fleeting = script(&place, "fleeting", "case $1 in --version) rm \"$0\"; echo 2;; esac");
    place.call("demo", "upgrade", &[&fleeting]).unwrap();
    place.wait_for_text("log", "cannot execute the new program; going on as the old one");
    assert_eq!(place.call("demo", "version", &[]), Ok("demo (Tidegate) 1".into()));
    let one = place.pid("one");
    place.raise("one", libc::SIGSEGV);
    let one = place.successor("one", one);
    let inherited = descriptors(one).into_iter().filter(|(_, file)| file.to_string_lossy().starts_with("/memfd:"));
    assert_eq!(inherited.count(), 0, "nothing that was to survive the exec travels on");
    let sockets =
        |process| descriptors(process).iter().filter(|(_, file)| file.to_string_lossy().starts_with("socket:")).count();
    let two = place.pid("two");
    wait_for("as many sockets as in a process from before", || (sockets(one) == sockets(two)).then_some(()));
    assert_eq!(place.pid("demo"), supervisor);
}

#[test]
fn upgrade_leaves_alone_what_the_operator_has_stopped() {
    let place = Place::new();
    place.detach(&["--many=one,two"]);
    let two = place.pid("two");
    place.call("demo", "service/stop", &["one"]).unwrap();
    place.call("demo", "upgrade", &[]).unwrap();
    place.successor("two", two);
    let table = place.call("demo", "service/list", &[]).unwrap();
    assert!(table.lines().any(|line| line.starts_with("one ") && line.contains(" stopped ")), "{table}");
    assert!(!place.file("one.pid").exists());
    assert_eq!(place.call("demo", "service/start", &["one"]), Ok(String::new()));
}

#[test]
fn upgrade_again_and_again_and_signals_meanwhile_are_not_lost() {
    let place = Place::new();
    let supervisor = place.detach(&["--many=one", "--throttle=0", &place.option("--log-file", "log")]);
    for _ in 0..3 {
        let one = place.pid("one");
        place.call("demo", "upgrade", &[]).unwrap();
        place.successor("one", one);
    }
    let _ = place.call("demo", "upgrade", &[]);
    // Whether it comes before, during or after the exec.
    kill(supervisor, Signal::TERM);
    wait_for_end(supervisor);
    assert_eq!(place.names(), ["log"]);
}

#[test]
fn upgrade_a_service_that_was_adopted_stays_and_is_renewed() {
    let place = Place::new();
    let arguments = ["--many=one", "--orphans=keep", "--throttle=0"];
    let first = place.detach(&arguments);
    let one = place.pid("one");
    kill(first, Signal::KILL);
    wait_for_end(first);
    let second = place.detach(&arguments);
    assert_eq!(place.pid("one"), one);
    let address = address(&place, "one");
    place.call("demo", "upgrade", &[&second_version(&place)]).unwrap();
    wait_for_version(&place, "one", "2");
    let new = place.pid("one");
    assert_eq!((parent(new), who_answers(address).unwrap()), (second, new));
}

#[test]
fn upgrade_systemd_is_told_anew() {
    let place = Place::new();
    let socket = std::os::unix::net::UnixDatagram::bind(place.file("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut command: Command = place.demo(&["--pidfile", "--many=one"]);
    let demo = Foreground::start(command.env("NOTIFY_SOCKET", place.file("notify")));
    let hear = || {
        let mut bytes = [0; 4096];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let expected = |text: String| text.contains("READY=1\n") && text.contains(&format!("MAINPID={}", demo.pid()));
    assert!(expected(hear()));
    place.call("demo", "upgrade", &[]).unwrap();
    assert!(expected(hear()));
    assert!(Path::new(&place.file("notify")).exists());
}

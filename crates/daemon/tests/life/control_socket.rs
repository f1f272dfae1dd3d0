//! E1–E3, E12 and the log, as they go through the whole life of a service. `crates/control` has the rest.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

use rustix::process::Signal;

use crate::harness::{Foreground, Place, call, kill, run, wait_for_end};

#[test]
fn e01_where_it_is_and_whose() {
    let place = Place::new();
    let absolute = place.option("--unixctl", "absolute.ctl");
    for (option, file) in
        [(None, None), (Some("--unixctl=relative.ctl"), Some("relative.ctl")), (Some(&absolute), Some("absolute.ctl"))]
    {
        for way in [None, Some("--monitor")] {
            let arguments: Vec<&str> = ["--pidfile"].into_iter().chain(option).chain(way).collect();
            let demo = Foreground::start(&mut place.demo(&arguments));
            let default = format!("demo.{}.ctl", place.pid("demo"));
            let file = place.file(file.unwrap_or(&default));
            assert_eq!(call(&file, "version", &[]), Ok("demo (Tidegate) 1".into()), "{arguments:?}");
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(demo.end_by(Signal::TERM).signal(), Some(15));
            assert_eq!(place.names(), [""; 0]);
        }
    }
    let demo = place.start(&["--unixctl=none"]);
    assert_eq!(place.names(), ["demo.pid", "demo.pid.owner"]);
    assert_eq!(demo.end_by(Signal::TERM).signal(), Some(15));
}

#[test]
fn e01_a_restarted_service_takes_the_named_socket_again() {
    let place = Place::new();
    let first = place.detach(&["--monitor", "--throttle=0", &place.option("--unixctl", "named")]);
    let _ = call(&place.file("named"), "raise", &["11"]);
    wait_for_end(first);
    let answer = crate::harness::wait_for("an answer", || call(&place.file("named"), "version", &[]).ok());
    assert_eq!(answer, "demo (Tidegate) 1");
}

#[test]
fn e02_a_socket_that_cannot_be_bound_is_a_start_error() {
    for way in [&[][..], &["--detach"], &["--monitor"], &["--detach", "--monitor"]] {
        let place = Place::new();
        let ended = place.run(&[&["--pidfile", "-vconsole:warn", "--unixctl=absent/demo.ctl"], way].concat());
        assert_eq!((ended.code(), ended.stderr.lines().count()), (Some(1), 1), "{ended:?}");
        assert!(ended.stderr.contains("could not initialize control socket"), "{ended:?}");
        assert_eq!(place.names(), [""; 0], "{way:?}");
    }
}

#[test]
fn e03_a_socket_that_somebody_serves_is_left_alone() {
    let place = Place::new();
    let owner = UnixListener::bind(place.file("taken")).unwrap();
    let ended = place.run(&["--detach", "--pidfile", "--unixctl=taken"]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(place.file("taken").exists());
    drop(owner);
    // Nobody listens any more.
    place.detach(&["--unixctl=taken"]);
    assert_eq!(call(&place.file("taken"), "version", &[]), Ok("demo (Tidegate) 1".into()));
}

#[test]
fn e12_an_exit_is_answered_and_so_is_what_came_with_it() {
    for way in [&[][..], &["--monitor"]] {
        let place = Place::new();
        let demo = place.start(way);
        let path = place.file(&format!("demo.{}.ctl", place.pid("demo")));
        let mut socket = UnixStream::connect(path).unwrap();
        let requests = r#"{"id":1,"method":"exit","params":[]}{"id":2,"method":"echo","params":["after"]}"#;
        socket.write_all(requests.as_bytes()).unwrap();
        let mut answers = String::new();
        socket.read_to_string(&mut answers).unwrap();
        assert!(answers.contains("after"), "{answers}");
        assert_eq!(demo.end().code(), Some(0), "{way:?}");
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn e12_an_exit_waits_for_no_command_that_blocks() {
    let place = Place::new();
    let demo = place.start(&[]);
    let path = place.file(&format!("demo.{}.ctl", demo.pid()));
    let mut blocked = UnixStream::connect(&path).unwrap();
    blocked.write_all(br#"{"id":1,"method":"block","params":[]}"#).unwrap();
    assert_eq!(call(&path, "exit", &[]), Ok(String::new()));
    assert_eq!(demo.end().code(), Some(0));
}

#[test]
fn defect_18_a_relative_log_file_is_the_same_after_the_directory_was_left() {
    for way in [&[][..], &["--monitor", "--throttle=0"]] {
        let place = Place::new();
        let mut command = place.demo(&[&["--detach", "--pidfile", "--log-file=log"], way].concat());
        let ended = run(command.current_dir(place.path()));
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        fs::rename(place.file("log"), place.file("rotated")).unwrap();
        assert_eq!(place.call("demo", "vlog/reopen", &[]), Ok(String::new()));
        place.call("demo", "log", &["into the new file"]).unwrap();
        place.wait_for_text("log", "into the new file");
        if !way.is_empty() {
            let service = place.pid("demo");
            place.raise("demo", libc::SIGSEGV);
            place.successor("demo", service);
            assert!(!std::path::Path::new("/log").exists());
        }
    }
}

#[test]
fn the_console_is_silent_after_the_start() {
    let place = Place::new();
    let ended = place.run(&["--detach", "--pidfile", "-vconsole:info", &place.option("--log-file", "log")]);
    assert_eq!(ended.code(), Some(0));
    let service = place.pid("demo");
    place.call("demo", "log", &["for the file only"]).unwrap();
    place.wait_for_text("log", "for the file only");
    let levels = place.call("demo", "vlog/list", &[]).unwrap();
    let words: Vec<&str> = levels.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!(words[1], "OFF", "{levels}");
    kill(service, Signal::TERM);
}

//! A service outlives its supervisor (`--orphans=keep`), and the next one takes it over.

use std::fs;
use std::net::TcpListener;

use rustix::process::Signal;

use crate::harness::{Place, exists, kill, parent, wait_for, wait_for_end, who_answers};

/// A port that was free a moment ago.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn supervisor(place: &Place, line: &str) -> i32 {
    fs::write(place.file("services"), line).unwrap();
    let file = place.option("--many-file", "services");
    place.detach(&["--throttle=0", "--orphans=keep", &file, &place.option("--log-file", "log")])
}

fn kill_hard(process: i32) {
    kill(process, Signal::KILL);
    wait_for_end(process);
}

#[test]
fn a_service_that_is_kept_goes_on_and_is_taken_over_with_its_sockets() {
    for listen in ["127.0.0.1:0".to_owned(), free_port()] {
        let place = Place::new();
        let line = format!("one --listen={listen}\n");
        let first = supervisor(&place, &line);
        let service = place.pid("one");
        let address = place.call("one", "show", &["addresses/demo"]).unwrap();
        let address = address.split_whitespace().last().unwrap().parse().unwrap();
        kill_hard(first);
        assert_eq!(who_answers(address).unwrap(), service, "nobody is there, and it serves");
        let second = supervisor(&place, &line);
        assert_eq!((place.pid("one"), who_answers(address).unwrap()), (service, service));
        assert_ne!(parent(service), second, "it is no child");
        // As with a child: a crash is followed by a restart, with the same socket.
        place.raise("one", libc::SIGSEGV);
        let third = place.successor("one", service);
        assert_eq!((parent(third), who_answers(address).unwrap()), (second, third));
        kill(second, Signal::TERM);
        wait_for_end(second);
        assert!(!exists(third));
        assert_eq!(place.names(), ["log", "services"]);
    }
}

#[test]
fn what_was_taken_over_is_the_same_process() {
    let place = Place::new();
    let first = supervisor(&place, "one\ntwo\n");
    let services = ["one", "two"].map(|name| place.pid(name));
    kill_hard(first);
    let second = supervisor(&place, "one\ntwo\n");
    assert_eq!(["one", "two"].map(|name| place.pid(name)), services);
    let table = place.call("demo", "service/list", &[]).unwrap();
    assert_eq!(table.matches(" ready ").count(), 2, "{table}");
    // Told to end, it ends, and is waited for.
    assert_eq!(place.call("demo", "service/stop", &["one"]), Ok(String::new()));
    assert!(!exists(services[0]));
    kill(second, Signal::TERM);
    wait_for_end(second);
    assert!(!exists(services[1]));
}

#[test]
fn what_was_taken_over_and_is_killed_is_restarted() {
    let place = Place::new();
    let first = supervisor(&place, "one\n");
    let service = place.pid("one");
    kill_hard(first);
    let second = supervisor(&place, "one\n");
    kill(service, Signal::KILL);
    assert_eq!(parent(place.successor("one", service)), second);
}

#[test]
fn what_is_asked_for_differently_now_is_restarted() {
    let place = Place::new();
    let first = supervisor(&place, "one\ntwo\n");
    let services = ["one", "two"].map(|name| place.pid(name));
    kill_hard(first);
    let second = supervisor(&place, "one\ntwo --no-db\n");
    let two = place.successor("two", services[1]);
    assert_eq!((parent(two), place.pid("one")), (second, services[0]));
}

#[test]
fn a_supervisor_that_dies_twice_is_replaced_twice() {
    let place = Place::new();
    let mut supervising = supervisor(&place, "one\n");
    let service = place.pid("one");
    for _ in 0..2 {
        kill_hard(supervising);
        supervising = supervisor(&place, "one\n");
        assert_eq!(place.pid("one"), service);
    }
}

#[test]
fn while_nobody_supervises_it_a_service_still_listens_to_its_operator() {
    let place = Place::new();
    let first = supervisor(&place, "one\n");
    let service = place.pid("one");
    kill_hard(first);
    assert_eq!(place.call("one", "exit", &[]), Ok(String::new()));
    wait_for_end(service);
    wait_for("its files to go", || (!place.file("one.pid").exists()).then_some(()));
    supervisor(&place, "one\n");
    assert_ne!(place.pid("one"), service);
}

//! A supervisor of many services: its commands and its reload.

use std::fs;
use std::net::TcpListener;

use rustix::process::Signal;

use crate::harness::{Place, exists, kill, parent, title, wait_for, wait_for_end, who_answers};

/// A supervisor of the services in the file `services`, which has these lines.
fn supervisor(place: &Place, lines: &str, options: &[&str]) -> i32 {
    fs::write(place.file("services"), lines).unwrap();
    let file = place.option("--many-file", "services");
    place.detach(&[&["--throttle=0", &file, &place.option("--log-file", "log")], options].concat())
}

fn rows(place: &Place) -> Vec<(String, String)> {
    let table = place.call("demo", "service/list", &[]).unwrap();
    let row = |line: &str| {
        let words: Vec<&str> = line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
        (words[0].to_owned(), words[1].to_owned())
    };
    table.lines().skip(1).map(row).collect()
}

fn states(place: &Place) -> String {
    let rows: Vec<String> = rows(place).into_iter().map(|(name, state)| format!("{name} {state}")).collect();
    rows.join(", ")
}

#[test]
fn many_services_are_ready_when_the_start_ends_and_gone_when_it_is_told_to_end() {
    let place = Place::new();
    let supervisor = supervisor(&place, "one\ntwo\n", &[]);
    assert_eq!(states(&place), "one ready, two ready");
    let services = ["one", "two"].map(|name| place.pid(name));
    for service in services {
        assert_eq!(parent(service), supervisor);
    }
    assert_eq!(title(supervisor), "tidegate: supervising 2 services (healthy)");
    kill(supervisor, Signal::TERM);
    wait_for_end(supervisor);
    assert!(!services.into_iter().any(exists));
    assert_eq!(place.names(), ["log", "services"]);
}

#[test]
fn one_of_many_that_cannot_start_is_a_start_error_and_the_others_are_ended() {
    let place = Place::new();
    fs::write(place.file("services"), "one\ntwo --fail=exit:4\n").unwrap();
    let ended = place.run(&["--detach", "--pidfile", &place.option("--many-file", "services")]);
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    assert_eq!(place.names(), ["services"]);
}

#[test]
fn an_exit_ends_all() {
    let place = Place::new();
    let supervisor = supervisor(&place, "one\ntwo\n", &[]);
    assert_eq!(place.call("demo", "exit", &[]), Ok(String::new()));
    wait_for_end(supervisor);
    assert_eq!(place.names(), ["log", "services"]);
}

#[test]
fn a_service_that_crashes_is_restarted_and_the_others_are_not() {
    let place = Place::new();
    supervisor(&place, "one\ntwo\n", &[]);
    let (one, two) = (place.pid("one"), place.pid("two"));
    place.raise("one", libc::SIGSEGV);
    place.successor("one", one);
    assert_eq!(place.pid("two"), two);
    let shown = place.call("demo", "show", &["services/one/last_crash"]).unwrap();
    assert!(shown.contains(&format!("pid {one} died, killed (Segmentation fault)")), "{shown}");
}

#[test]
fn the_operator_stops_starts_and_restarts() {
    let place = Place::new();
    supervisor(&place, "one\ntwo\n", &[]);
    let one = place.pid("one");
    assert_eq!(place.call("demo", "service/stop", &["one"]), Ok(String::new()));
    assert!(!exists(one), "the answer comes when it is done");
    assert_eq!(states(&place), "one stopped, two ready");
    assert_eq!(place.call("demo", "service/start", &["one"]), Ok(String::new()));
    let one = place.pid("one");
    assert_eq!(place.call("demo", "service/restart", &["one"]), Ok(String::new()));
    assert_ne!(place.pid("one"), one);
    let error = place.call("demo", "service/stop", &["three"]).unwrap_err();
    assert_eq!(error, "no service \"three\": there is one, two");
}

#[test]
fn a_start_that_fails_is_told_to_who_asked_for_it() {
    let place = Place::new();
    let fail_if = place.option("--fail-if", "fail");
    supervisor(&place, &format!("one --fail=exit:4 {fail_if}\ntwo\n"), &[]);
    fs::write(place.file("fail"), "").unwrap();
    let error = place.call("demo", "service/restart", &["one"]).unwrap_err();
    assert_eq!(error, "one: ended; see the log");
    fs::remove_file(place.file("fail")).unwrap();
    assert_eq!(place.call("demo", "service/start", &["one"]), Ok(String::new()));
    assert_eq!(states(&place), "one ready, two ready");
}

#[test]
fn a_reload_adds_removes_and_changes_services_and_leaves_the_others_alone() {
    for by_signal in [false, true] {
        let place = Place::new();
        let supervisor = supervisor(&place, "stays\ngoes\nchanges\n", &[]);
        let [stays, goes, changes] = ["stays", "goes", "changes"].map(|name| place.pid(name));
        fs::write(place.file("services"), "stays\nchanges --no-db\ncomes\n").unwrap();
        if by_signal {
            kill(supervisor, Signal::HUP);
        } else {
            assert_eq!(place.call("demo", "reload", &[]), Ok(String::new()));
        }
        wait_for("the change", || {
            (states(&place) == "stays ready, changes ready, comes ready" && place.pid("changes") != changes)
                .then_some(())
        });
        wait_for_end(goes);
        assert_eq!(place.pid("stays"), stays);
        assert!(title(place.pid("changes")).ends_with("--no-db"));
        assert_eq!(place.call("comes", "version", &[]), Ok("comes (Tidegate) 1".into()));
    }
}

#[test]
fn a_service_that_was_removed_can_come_back() {
    let place = Place::new();
    supervisor(&place, "one\ntwo\n", &[]);
    let two = place.pid("two");
    fs::write(place.file("services"), "one\n").unwrap();
    place.call("demo", "reload", &[]).unwrap();
    fs::write(place.file("services"), "one\ntwo\n").unwrap();
    place.call("demo", "reload", &[]).unwrap();
    place.successor("two", two);
    wait_for("readiness", || (states(&place) == "one ready, two ready").then_some(()));
}

#[test]
fn a_reload_that_cannot_be_had_changes_nothing() {
    let place = Place::new();
    supervisor(&place, "one\ntwo\n", &[]);
    let [one, two] = ["one", "two"].map(|name| place.pid(name));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let wrong = [
        (format!("one --no-db\nthree --listen={address}\n"), "Address already in use"),
        ("one --listen=nowhere\n".into(), "no ADDR:PORT"),
    ];
    for (lines, reason) in wrong {
        fs::write(place.file("services"), lines).unwrap();
        let error = place.call("demo", "reload", &[]).unwrap_err();
        assert!(error.contains(reason), "{error}");
        assert_eq!((states(&place).as_str(), place.pid("one"), place.pid("two")), ("one ready, two ready", one, two));
    }
    // Its socket is still there for the process after this one.
    place.raise("two", libc::SIGSEGV);
    let two = place.successor("two", two);
    let address = place.call("two", "show", &["addresses/demo"]).unwrap();
    assert_eq!(who_answers(address.split_whitespace().last().unwrap().parse().unwrap()).unwrap(), two);
}

#[test]
fn a_service_that_is_added_and_cannot_start_ends_no_other() {
    let place = Place::new();
    supervisor(&place, "one\n", &[]);
    let one = place.pid("one");
    fs::write(place.file("services"), "one\ntwo --fail=exit:4\n").unwrap();
    assert_eq!(place.call("demo", "reload", &[]), Ok(String::new()));
    wait_for("its end", || (states(&place) == "one ready, two ended").then_some(()));
    assert_eq!(place.pid("one"), one);
}

#[test]
fn a_hang_up_during_a_start_kills_nobody() {
    let place = Place::new();
    place.fifo("slow");
    let supervisor = supervisor(&place, "one\n", &[]);
    let open = place.option("--open", "slow");
    fs::write(place.file("services"), format!("one\ntwo {open}\n")).unwrap();
    kill(supervisor, Signal::HUP);
    let two = place.wait_for_pidfile("two");
    kill(supervisor, Signal::HUP);
    // It acts on signals before it answers.
    assert_eq!(place.call("demo", "version", &[]), Ok("demo (Tidegate) 1".into()));
    place.open_fifo("slow");
    wait_for("readiness", || (states(&place) == "one ready, two ready").then_some(()));
    assert_eq!(place.pid("two"), two);
}

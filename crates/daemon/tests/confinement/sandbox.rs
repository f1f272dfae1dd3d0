//! The sandbox around real processes. Numbers of errors are the kernel's: 1 is EPERM, 13 EACCES.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use crate::steps::{Directory, Ended, Steps, note, run};
use control::Format;
use control::client::Client;
use reactor::clock::Duration;
use serde_json::Value;

const PERMISSION_DENIED: &str = "error 13";
const NOT_PERMITTED: &str = "error 1";

/// The version of Landlock that the kernel has; 0: none. What it cannot enforce, tests do not expect.
fn landlock_version() -> u64 {
    let shown = shown(&run(&["confine", "show"]));
    let landlock = &shown["landlock"];
    match landlock["state"].as_str().unwrap() {
        "on" => 6,
        "partly on" => 6 - landlock["not_limited"].as_str().unwrap().split("; ").count() as u64,
        _ => {
            note("skipped: this kernel enforces no Landlock");
            0
        }
    }
}

/// What `sandbox/show` shows.
fn shown(ended: &Ended) -> Value {
    let line =
        ended.lines().into_iter().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{}", ended.text()));
    serde_json::from_str(line).unwrap()
}

fn step(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

#[test]
fn a_file_inside_can_be_read_and_one_outside_cannot() {
    if landlock_version() == 0 {
        return;
    }
    let directory = Directory::new();
    let (inside, outside) = (directory.file("inside/a"), directory.file("outside/a"));
    let single = directory.file("outside/single");
    let rules = [step("read-rule", inside.parent().unwrap()), step("read-rule", &single)];
    let attempts = [
        step("read", &inside),
        step("list", inside.parent().unwrap()),
        step("read", &single),
        step("read", &outside),
        step("list", outside.parent().unwrap()),
        step("write", &inside),
        step("remove", &inside),
        step("read-in-a-thread", &outside),
        "read=/proc/self/maps".to_owned(),
        "read=/etc/passwd".to_owned(),
        "write=/dev/null".to_owned(),
    ];
    let mut all: Vec<&str> = rules.iter().map(String::as_str).collect();
    all.push("confine");
    all.extend(attempts.iter().map(String::as_str));
    let ended = run(&all);
    let outcomes: Vec<_> = attempts.iter().map(|attempt| ended.outcome(attempt)).collect();
    let no = PERMISSION_DENIED;
    assert_eq!(outcomes, ["ok", "ok", "ok", no, no, no, no, no, "ok", no, "ok"], "{}", ended.text());
    assert!(inside.exists());
}

#[test]
fn a_directory_to_write_to_takes_files_and_its_links_lead_nowhere_else() {
    if landlock_version() == 0 {
        return;
    }
    let directory = Directory::new();
    let (kept, secret) = (directory.file("inside/kept"), directory.file("outside/secret"));
    let (link, new) = (directory.join("inside/link"), directory.join("inside/new"));
    symlink(&secret, &link).unwrap();
    let attempts = [
        step("write", &kept),
        step("write", &new),
        step("remove", &new),
        step("read", &link),
        step("write", &link),
        step("read", &directory.join("inside/../outside/secret")),
        step("write", &directory.join("outside/new")),
        step("remove", &secret),
    ];
    let rule = step("write-rule", &directory.join("inside"));
    let mut all = vec![rule.as_str(), "confine"];
    all.extend(attempts.iter().map(String::as_str));
    let ended = run(&all);
    let outcomes: Vec<_> = attempts.iter().map(|attempt| ended.outcome(attempt)).collect();
    let no = PERMISSION_DENIED;
    assert_eq!(outcomes, ["ok", "ok", "ok", no, no, no, no, no], "{}", ended.text());
}

#[test]
fn ports_are_bound_and_connected_to_by_number() {
    if landlock_version() < 4 {
        return;
    }
    let (listed, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let [listed_port, other_port] = [&listed, &other].map(|listener| listener.local_addr().unwrap().port());
    let (to_listed, to_other) = (format!("connect={listed_port}"), format!("connect={other_port}"));
    let refused_bind = format!("bind={other_port}");
    let rule = format!("connect-rule={listed_port}");
    let ended = run(&[&rule, "bind-rule=0", "confine", &to_listed, &to_other, "bind=0", &refused_bind]);
    assert_eq!(ended.outcome(&to_listed), "ok");
    assert_eq!(ended.outcome(&to_other), PERMISSION_DENIED);
    assert_eq!(ended.outcome("bind=0"), "ok");
    assert_eq!(ended.outcome(&refused_bind), PERMISSION_DENIED);
    let nothing = run(&["confine", "bind=0"]);
    assert_eq!(nothing.outcome("bind=0"), PERMISSION_DENIED, "a port that the kernel chooses has to be asked for");
}

#[test]
fn a_path_of_the_rules_that_is_not_there_is_an_error_with_its_name() {
    if landlock_version() == 0 {
        return;
    }
    let directory = Directory::new();
    let rule = step("read-rule", &directory.join("missing"));
    let ended = run(&[&rule, "confine", "thread"]);
    let words = format!("sandbox: cannot give access to {}: No such file", directory.join("missing").display());
    assert!(ended.outcome("confine").starts_with(&words), "{}", ended.text());
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn what_only_an_intruder_does_ends_the_process() {
    // Landlock refuses to execute with an error first; without it, it is seccomp alone that the test sees.
    for attempt in ["execute=/bin/true", "chroot=/"] {
        let ended = run(&["confine=landlock", attempt, "thread"]);
        assert_eq!(ended.lines(), ["confine=landlock: ok"], "{attempt}");
        assert_eq!(ended.status.signal(), Some(libc::SIGSYS), "{attempt}");
    }
}

#[test]
fn what_the_profile_does_not_name_fails_and_the_process_goes_on() {
    let attempts = ["netlink", "become-root", "spawn=/bin/true", "map-executable", "make-executable", "signal=parent"];
    let mut all = vec!["confine=landlock"];
    all.extend(attempts);
    all.extend(["signal=self", "thread", "read=/etc/passwd"]);
    let ended = run(&all);
    for attempt in attempts {
        assert_eq!(ended.outcome(attempt), NOT_PERMITTED, "{attempt}");
    }
    for allowed in ["signal=self", "thread", "read=/etc/passwd"] {
        assert_eq!(ended.outcome(allowed), "ok", "{allowed}");
    }
    assert!(ended.status.success());
}

#[test]
fn a_process_can_still_end_itself_by_a_signal() {
    let ended = run(&["confine", "abort"]);
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{}", ended.text());
}

#[test]
fn a_local_service_opens_no_network_socket() {
    let ended = run(&["profile=local", "confine=landlock", "bind=0"]);
    assert_eq!(ended.outcome("bind=0"), NOT_PERMITTED);
}

#[test]
fn a_supervisor_executes_and_confines_its_services() {
    let inner =
        run(&["profile=supervisor", "confine=landlock", "spawn=/bin/true", "profile=target", "confine", "thread"]);
    assert!(inner.lines().iter().all(|line| line.ends_with(": ok")), "{}", inner.text());
    let ended = run(&["profile=supervisor", "confine=landlock", "chroot=/"]);
    assert_eq!(ended.status.signal(), Some(libc::SIGSYS));
}

#[test]
fn each_layer_is_switched_off_by_its_name() {
    let directory = Directory::new();
    let read = step("read", &directory.file("outside/a"));
    for (without, layer, lifted) in
        [("landlock", "landlock", read.as_str()), ("seccomp", "seccomp", "netlink"), ("all", "seccomp", "netlink")]
    {
        let confine = format!("confine={without}");
        let ended = run(&[&confine, "show", lifted]);
        let shown = shown(&ended);
        assert_eq!(shown[layer]["state"], "off");
        assert_eq!(shown[layer]["why"], "switched off by --no-sandbox");
        assert_eq!(ended.outcome(lifted), "ok");
        let others = ["no-new-privileges", "landlock", "seccomp"].into_iter().filter(|other| *other != layer);
        for other in others {
            assert_eq!(shown[other]["state"] == "off", without == "all", "{other} without {without}");
        }
        assert!(!ended.text().contains("sandbox: "), "what is wanted is not warned of: {}", ended.text());
    }
    let refused = run(&["confine=apparmor"]);
    assert!(refused.outcome("confine=apparmor").contains("no-new-privileges, landlock, seccomp"));
}

#[test]
fn the_status_of_the_process_says_what_is_on() {
    let status = |confine: &str| {
        let waiting = Steps::start(&[confine, "wait"]);
        let text = fs::read_to_string(format!("/proc/{}/status", waiting.pid())).unwrap();
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        [field("NoNewPrivs:"), field("Seccomp:"), field("Seccomp_filters:")]
    };
    assert_eq!(status("confine"), ["1", "2", "3"]);
    assert_eq!(status("confine=seccomp"), ["1", "0", "0"]);
    assert_eq!(status("confine=all"), ["0", "0", "0"]);
}

#[test]
fn without_no_new_privileges_only_root_is_confined() {
    if !rustix::process::geteuid().is_root() {
        note("skipped: only root can drop privileges");
        return;
    }
    let as_root = run(&["confine=no-new-privileges", "netlink"]);
    assert_eq!(as_root.outcome("netlink"), NOT_PERMITTED);
    let as_user = run(&["drop=nobody", "confine=no-new-privileges", "thread"]);
    let words = as_user.outcome("confine=no-new-privileges");
    assert!(words.starts_with("--no-sandbox=no-new-privileges leaves landlock"), "{words}");
    assert_eq!(as_user.status.code(), Some(1));
    let user_alone = run(&["drop=nobody", "confine", "netlink"]);
    assert_eq!(user_alone.outcome("netlink"), NOT_PERMITTED);
}

#[test]
fn a_kernel_without_landlock_is_told_of_and_no_error() {
    let ended = run(&["hide-landlock", "confine", "show", "read=/etc/passwd", "netlink"]);
    let shown = shown(&ended);
    assert_eq!(shown["landlock"]["state"], "off");
    assert_eq!(shown["landlock"]["why"], "this kernel does not have it");
    assert_eq!(shown["seccomp"]["state"], "on");
    assert_eq!(ended.outcome("read=/etc/passwd"), "ok");
    assert_eq!(ended.outcome("netlink"), NOT_PERMITTED);
    let warning = "sandbox: landlock is off: this kernel does not have it";
    assert!(ended.lines().contains(&warning), "{}", ended.text());
}

#[test]
fn a_process_with_threads_is_refused() {
    let ended = run(&["early-thread", "confine"]);
    assert_eq!(ended.outcome("confine"), "a process with 2 threads cannot be confined as a whole");
}

#[test]
fn a_confined_service_shows_its_sandbox_on_its_control_socket() {
    let directory = Directory::new();
    let inside = directory.file("inside/a");
    let socket = directory.join("inside/control");
    let rule = step("write-rule", inside.parent().unwrap());
    let waiting = Steps::start(&[&rule, "confine", &step("serve", &socket), "wait"]);
    let mut client = Client::connect(&socket, Some(Duration::from_secs(30))).unwrap();
    let text = client.call("sandbox/show", &[]).unwrap().unwrap();
    let text = text.as_str().unwrap();
    assert!(text.contains("\nseccomp:\n  state: on\n  profile: target\n"), "{text}");
    client.set_format(Format::Json).unwrap().unwrap();
    let value = client.call("sandbox/show", &[]).unwrap().unwrap();
    assert_eq!(value["seccomp"]["profile"], "target");
    if landlock_version() > 0 {
        assert_eq!(value["landlock"]["write"][0], inside.parent().unwrap().to_str().unwrap());
    }
    assert!(waiting.end().status.success());
    assert!(!socket.exists(), "it can remove its socket");
}

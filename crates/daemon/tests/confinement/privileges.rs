//! Dropping privileges in real processes, numbered as the behaviour it stands for: D is the section of `--user`. Users
//! `nobody` and `daemon` are those that every Linux has.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::steps::{Directory, Steps, note, run};

/// The capabilities that stay: CAP_NET_BIND_SERVICE is number 10, CAP_IPC_LOCK 14.
const KEPT: u64 = 1 << 10 | 1 << 14;

/// Whether the test can drop anything; says so when it cannot.
fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        note("skipped: only root can drop privileges");
    }
    is_root
}

/// `/proc/PID/status` by field.
struct Status(BTreeMap<String, String>);

impl Status {
    fn of(process: u32) -> Self {
        let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        Self(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    fn field(&self, name: &str) -> &str {
        &self.0[name]
    }

    fn numbers(&self, name: &str) -> Vec<u32> {
        self.field(name).split_whitespace().map(|number| number.parse().unwrap()).collect()
    }

    fn capabilities(&self, set: &str) -> u64 {
        u64::from_str_radix(self.field(set), 16).unwrap()
    }
}

fn id_of(kind: &str, name: &str) -> u32 {
    let text = fs::read_to_string(format!("/etc/{kind}")).unwrap();
    let entry = text.lines().find(|line| line.split(':').next() == Some(name)).unwrap();
    entry.split(':').nth(2).unwrap().parse().unwrap()
}

#[test]
fn d01_unknown_users_and_groups_end_the_start() {
    if !is_root() {
        return;
    }
    for (specification, words) in [
        ("tidegate-nobody", "user tidegate-nobody not found, aborting."),
        ("nobody:tidegate-nobody", "group tidegate-nobody not found, aborting."),
        ("nobody:daemon", "Invalid --user option nobody:daemon (user nobody is not in group daemon), aborting."),
    ] {
        let step = format!("drop={specification}");
        let ended = run(&[&step, "become-root"]);
        assert_eq!(ended.text(), format!("{step}: {words}\n"));
        assert_eq!(ended.status.code(), Some(1));
    }
}

#[test]
fn d01_only_root_drops_privileges() {
    let ended = run(&["drop=nobody", "drop=nobody"]);
    let lines = ended.lines();
    assert_eq!(lines.last(), Some(&"drop=nobody: only root can use --user option"));
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn d01_a_number_needs_no_entry() {
    if !is_root() {
        return;
    }
    let waiting = Steps::start(&["drop=424242:434343", "wait"]);
    let status = Status::of(waiting.pid());
    assert_eq!((status.numbers("Uid"), status.numbers("Gid")), (vec![424_242; 4], vec![434_343; 4]));
}

#[test]
fn d02_what_is_made_for_the_user_and_by_it_is_the_users() {
    if !is_root() {
        return;
    }
    let directory = Directory::new();
    directory.open_to_everyone();
    let run_directory = directory.join("run");
    let pidfile = run_directory.join("service.pid");
    let waiting = Steps::start(&[
        &format!("run-directory={},nobody", run_directory.display()),
        "drop=nobody",
        &format!("pidfile={}", pidfile.display()),
        "wait",
    ]);
    for path in [&run_directory, &pidfile] {
        assert_eq!(fs::metadata(path).unwrap().uid(), id_of("passwd", "nobody"), "{}", path.display());
    }
    assert!(waiting.end().status.success());
    assert!(!pidfile.exists(), "the user can remove its pidfile");
}

#[test]
fn d03_ids_groups_and_capabilities_are_the_users() {
    if !is_root() {
        return;
    }
    for (specification, user) in [("nobody", "nobody"), ("daemon:daemon", "daemon"), ("root", "root"), ("", "root")] {
        let waiting = Steps::start(&["burden", &format!("drop={specification}"), "wait"]);
        let status = Status::of(waiting.pid());
        let id = id_of("passwd", user);
        assert_eq!(status.numbers("Uid"), [id; 4], "real, effective, saved, of the file system");
        let group: u32 = status.numbers("Gid")[0];
        assert_eq!(status.numbers("Gid"), [group; 4]);
        assert!(user == "nobody" || group == id, "{user} has the group of its own number");
        assert_eq!(status.field("Groups"), "");
        for (set, expected) in [("CapPrm", KEPT), ("CapEff", KEPT), ("CapInh", 0), ("CapAmb", 0), ("CapBnd", 0)] {
            assert_eq!(status.capabilities(set), expected, "{set} of {user}");
        }
        assert_eq!(status.field("NoNewPrivs"), "0", "that is the sandbox's");
    }
}

#[test]
fn d03_a_program_may_keep_more_and_nobody_gets_anything_back() {
    if !is_root() {
        return;
    }
    let ended = run(&["keep=net-admin", "drop=nobody", "become-root", "drop=nobody"]);
    let expected =
        "keep=net-admin: ok\ndrop=nobody: ok\nbecome-root: error 1\ndrop=nobody: only root can use --user option\n";
    assert_eq!(ended.text(), expected);
    let waiting = Steps::start(&["keep=net-admin", "keep=sys-nice", "drop=nobody", "wait"]);
    let status = Status::of(waiting.pid());
    assert_eq!(status.capabilities("CapEff"), KEPT | 1 << 12 | 1 << 23);
}

#[test]
fn d03_what_is_executed_has_no_capabilities_unless_they_are_passed_on() {
    if !is_root() {
        return;
    }
    for (drop, expected) in [("drop=nobody", 0), ("drop=root", 0), ("drop-for-exec=nobody", KEPT)] {
        let program = Steps::start_cat(&["burden", drop, "execute=/bin/cat"]);
        let status = Status::of(program.pid());
        assert_eq!(status.capabilities("CapEff"), expected, "{drop}");
        assert_eq!(status.capabilities("CapBnd"), 0, "{drop}");
    }
}

#[test]
fn d03_threads_would_keep_what_is_dropped() {
    if !is_root() {
        return;
    }
    let ended = run(&["early-thread", "drop=nobody"]);
    let words = "drop=nobody: privileges cannot be dropped by a process with 2 threads";
    assert_eq!(ended.lines().last(), Some(&words));
}

//! What is around a service: clients, the clock, a container, its log.

use std::fs;
use std::os::unix::net::UnixStream;

use e2e::context::Context;
use e2e::failure::Failure;
use e2e::process::PROMPTLY;
use e2e::service::{command_name_of, eventually, is_alive, parent_of, send};
use e2e::{ensure, ensure_eq};
use rustix::process::{Pid, Signal};

use super::Row;
use super::bench::{Mode, Setup};

pub(super) const ROWS: &[Row] = &[
    Row {
        fault: "idle clients use all descriptors",
        theirs: "control lost, 100 % CPU",
        expected: "control answers",
        run: idle_clients,
    },
    Row {
        fault: "clock set back 60 s, forward 1 h",
        theirs: "restart 70 s late; no harm",
        expected: "not done here: no clock but the monotonic one is read (supervision::tests)",
        run: clock,
    },
    Row {
        fault: "container's process 1, and TERM",
        theirs: "daemon 139, monitor deaf",
        expected: "status 143, service ended",
        run: container,
    },
    Row {
        fault: "folder of the log gone",
        theirs: "logs on to the old inode, reopen reports error",
        expected: "logs on to the old inode, reopen reports error",
        run: log_folder_gone,
    },
];

/// More than the limit on descriptors that the service is started with.
const CLIENTS: usize = 150;

fn idle_clients(context: &Context, mode: Mode) -> Result<String, Failure> {
    let bench = Setup::new(mode).under(&["prlimit", "--nofile=100"]).start(context)?;
    let names: &[&str] = if mode == Mode::Up { &["target", "up"] } else { &["target"] };
    for name in names {
        let socket = context.run_directory().join(format!("{name}.{}.ctl", context.process_of(name)?));
        let clients: Result<Vec<_>, _> = (0..CLIENTS).map(|_| UnixStream::connect(&socket)).collect();
        let clients = clients?;
        context.ctl(name, &["version"])?;
        drop(clients);
    }
    bench.end()?;
    Ok("control answers".to_owned())
}

/// The time of the whole machine is not this scenario's to set, and a namespace of times has no wall clock.
#[expect(clippy::unnecessary_wraps, reason = "a row of the table")]
fn clock(_context: &Context, _mode: Mode) -> Result<String, Failure> {
    Ok("not done here: no clock but the monotonic one is read (supervision::tests)".to_owned())
}

fn container(context: &Context, mode: Mode) -> Result<String, Failure> {
    let prefix = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let mut unshare = context.start("unshare", Setup::new(mode).under(&prefix).command(context)?)?;
    unshare.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
    let first = child_of(unshare.pid()?)?;
    ensure_eq!(command_name_of(first)?, "monitor", "the name of the container's first process");
    let service = child_of(first)?;
    ensure_eq!(parent_of(service)?, first, "the parent of the service");
    send(first, Signal::TERM)?;
    let status = unshare.wait(PROMPTLY)?;
    ensure!(!is_alive(service), "the service has outlived its container");
    context.nothing_is_left()?;
    Ok(format!("status {}, service ended", status.code().unwrap_or(-1)))
}

/// The only child of a process.
fn child_of(process: Pid) -> Result<Pid, Failure> {
    eventually(format_args!("a child of {process}"), || {
        let text = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
        Ok(text.split_whitespace().next().and_then(|number| Pid::from_raw(number.parse().ok()?)))
    })
}

fn log_folder_gone(context: &Context, mode: Mode) -> Result<String, Failure> {
    let folder = context.scratch().path().join("logs");
    fs::create_dir_all(&folder)?;
    let path = folder.join("target.log");
    let bench = Setup { log: Some(&path), ..Setup::new(mode) }.start(context)?;
    let old = fs::File::open(&path)?;
    fs::remove_dir_all(&folder)?;
    let refused = context.run(&["ctl", "-t", "target", "vlog/reopen"])?;
    ensure_eq!(refused.status, Some(2), "status of vlog/reopen ({})", refused.error);
    ensure!(refused.error.contains("target.log"), "it says: {}", refused.error);
    context.ctl("target", &["vlog/message", "still here"])?;
    ensure!(std::io::read_to_string(old)?.contains("still here"), "the message is not in the old file");
    bench.serves()?;
    bench.end()?;
    Ok("logs on to the old inode, reopen reports error".to_owned())
}

//! `tidegate up` without a configuration: addresses, a line to try, `ready`; ends cleanly on SIGTERM and on Ctrl-C, by that
//! signal; leaves nothing behind. Its ports are fixed, so it runs in a network of its own.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use e2e::context::{Context, ready};
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "cli/demo", needs: &[Need::Root, Need::Program("unshare"), Need::Program("ip")], run };

fn run(context: &Context) -> Verdict {
    for signal in [Signal::TERM, Signal::INT] {
        ends_cleanly(context, signal).map_err(|failure| failure.during(format_args!("{signal:?}")))?;
    }
    let left: Vec<_> = std::fs::read_dir(context.scratch().path())?
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| name != "run")
        .collect();
    ensure!(left.is_empty(), "written outside the run directory: {left:?}");
    Ok(())
}

fn ends_cleanly(context: &Context, signal: Signal) -> Result<(), Failure> {
    let tidegate = context.tidegate(&["up"]);
    let mut isolated = Command::new("unshare");
    isolated.args(["--net", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]).arg(tidegate.get_program());
    isolated.args(tidegate.get_args()).env_clear().current_dir(context.scratch().path());
    isolated.envs(tidegate.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut target = ready(context.start("tidegate up", isolated)?)?;

    ensure_eq!(target.address, SocketAddr::from(([127, 0, 0, 1], 4420)), "address of the I/O controllers");
    let discovery = SocketAddr::from(([127, 0, 0, 1], 8009));
    ensure_eq!(target.discovery, Some(discovery), "address of the discovery service");
    let said = target.process.transcript().text(e2e::process::Stream::Output);
    ensure!(said.contains("nvme connect -t tcp -a 127.0.0.1 -s 4420"), "no line to try in: {said}");
    ensure!(said.ends_with("ready\n"), "`ready` is not the last line of: {said}");

    target.process.signal(signal)?;
    let status = target.process.wait(PROMPTLY)?;
    ensure_eq!(status.signal(), Some(signal.as_raw()), "the signal that it died of");
    let complaints = target.process.transcript().text(e2e::process::Stream::Error);
    for line in complaints.lines() {
        ensure!(line.contains(&format!("terminating with signal {} ", signal.as_raw())), "it complained: {complaints}");
    }
    context.nothing_is_left()
}

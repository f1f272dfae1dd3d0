//! Clients run out of patience with a command that hangs, and `exit` ends the service and leaves no socket.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::Demo;

pub(super) const SCENARIO: Scenario = Scenario { name: "control/trouble", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    let mut demo = Demo::start(context)?;
    let mut theirs = Command::new("ovs-appctl");
    theirs.env("OVS_RUNDIR", &demo.run_directory).args(["-T", "1", "-t", "demo", "block"]);
    let ours = context.tidegate(&["ctl", "-T", "1", "-t", "demo", "block"]);
    for (name, command) in [("ovs-appctl", theirs), ("tidegate ctl", ours)] {
        let status = context.start(name, command)?.wait(PROMPTLY)?;
        ensure_eq!(status.signal(), Some(Signal::ALARM.as_raw()), "the signal that ends {name}, which has {status}");
    }
    ensure_eq!(demo.ask(&["echo", "alive"])?, "alive\n", "another client meanwhile");

    ensure_eq!(demo.ask(&["exit"])?, "", "the answer to exit");
    demo.exits.recv()?;
    if let Some(server) = demo.server.take() {
        server.stop();
    }
    ensure!(!demo.socket().exists(), "the socket is still there");
    let gone = context.run(&["ctl", "-t", "demo", "version"])?;
    ensure_eq!(gone.status, Some(1), "status when the service is gone");
    Ok(())
}

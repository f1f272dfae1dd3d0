//! Under runit: `runsv` starts the target again when it is killed, and `sv` ends it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::{eventually, gone, send};
use rustix::process::Signal;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/runit", needs: &[Need::Program("runsv"), Need::Program("sv")], run };

fn run(context: &Context) -> Verdict {
    let folder = context.scratch().path().join("service");
    fs::create_dir(&folder)?;
    let script = format!(
        "#!/bin/sh\nexport TIDEGATE_RUNDIR={}\nexec {} target memory:1M --listen 127.0.0.1:0 --discovery none --pidfile\n",
        context.run_directory().display(),
        context.binary().display()
    );
    fs::write(folder.join("run"), script)?;
    fs::set_permissions(folder.join("run"), fs::Permissions::from_mode(0o755))?;
    let mut runsv = Command::new("runsv");
    runsv.arg(&folder);
    let mut supervisor = context.start("runsv", runsv)?;
    let first = eventually("the service under runit", || Ok(context.process_of("target").ok()))?;
    send(first, Signal::KILL)?;
    let second = context.another_process_of("target", first)?;
    let mut exit = Command::new("sv");
    exit.args(["-w", "20", "force-shutdown"]).arg(&folder);
    ensure_eq!(context.finish("sv", exit, PROMPTLY)?.status, Some(0), "exit status of sv force-shutdown");
    gone(second)?;
    supervisor.wait(PROMPTLY)?;
    context.nothing_is_left()
}

//! Under s6: `s6-svwait -U` returns when the target has said that it is ready, on the descriptor of `notification-fd`; s6 starts
//! it again when it is killed, and ends it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::{gone, send};
use rustix::process::Signal;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/s6", needs: &[Need::Program("s6-supervise"), Need::Program("s6-svwait")], run };

fn run(context: &Context) -> Verdict {
    let folder = context.scratch().path().join("service");
    fs::create_dir(&folder)?;
    fs::write(folder.join("notification-fd"), "3\n")?;
    let script = format!(
        "#!/bin/sh\nexport TIDEGATE_RUNDIR={}\nexec {} target memory:1M --listen 127.0.0.1:0 --discovery none --pidfile \
         --notification-fd=3\n",
        context.run_directory().display(),
        context.binary().display()
    );
    fs::write(folder.join("run"), script)?;
    fs::set_permissions(folder.join("run"), fs::Permissions::from_mode(0o755))?;
    let mut supervise = Command::new("s6-supervise");
    supervise.arg(&folder);
    // A folder that nobody supervises yet cannot be waited for, so it is supervised from the start.
    let mut supervisor = context.start("s6-supervise", supervise)?;
    e2e::service::eventually("s6's control fifo", || Ok(folder.join("supervise/control").exists().then_some(())))?;
    wait_until_ready(context, &folder)?;
    let first = context.process_of("target")?;
    send(first, Signal::KILL)?;
    context.another_process_of("target", first)?;
    wait_until_ready(context, &folder)?;
    let second = context.process_of("target")?;
    let mut down = Command::new("s6-svc");
    down.arg("-dx").arg(&folder);
    ensure_eq!(context.finish("s6-svc", down, PROMPTLY)?.status, Some(0), "exit status of s6-svc -dx");
    gone(second)?;
    supervisor.wait(PROMPTLY)?;
    context.nothing_is_left()
}

fn wait_until_ready(context: &Context, folder: &std::path::Path) -> Verdict {
    let mut wait = Command::new("s6-svwait");
    wait.args(["-U", "-t", "20000"]).arg(folder);
    let waited = context.finish("s6-svwait", wait, PROMPTLY)?;
    ensure_eq!(waited.status, Some(0), "exit status of s6-svwait -U ({})", waited.error);
    Ok(())
}

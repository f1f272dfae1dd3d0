//! Another user is not served, not even when somebody has opened the socket's mode to all; root is.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::Demo;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "control/strangers",
    needs: &[Need::Root, Need::Program("setpriv"), Need::Program("ovs-appctl")],
    run,
};

const STRANGER: &str = "--reuid=65534";

fn run(context: &Context) -> Verdict {
    let demo = Demo::start(context)?;
    for folder in [context.scratch().path(), &demo.run_directory] {
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    }
    let ask = || {
        let mut command = Command::new("setpriv");
        command.args([STRANGER, "ovs-appctl", "-t"]).arg(demo.socket()).arg("version");
        context.finish("ovs-appctl as a stranger", command, PROMPTLY)
    };
    let by_mode = ask()?;
    ensure_eq!(by_mode.status, Some(1), "status of a stranger at a closed socket");
    ensure!(by_mode.error.contains("Permission denied"), "it says: {}", by_mode.error);
    fs::set_permissions(demo.socket(), Permissions::from_mode(0o666))?;
    let by_credentials = ask()?;
    // Whether it dies of writing to a closed connection or notices when it reads is a matter of time.
    ensure!(by_credentials.status != Some(0), "a stranger was served");
    ensure_eq!(by_credentials.output, "", "what a stranger got at an open socket");
    ensure_eq!(demo.ask(&["version"])?, "demo (Tidegate) 7\n", "root meanwhile");
    let refused = context.run(&["ctl", "-t", "demo", "show", "control/refused"])?;
    ensure_eq!(refused.output, "1\n", "the number of refused connections");
    Ok(())
}

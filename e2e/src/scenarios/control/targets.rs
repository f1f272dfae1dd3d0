//! A service is found by socket path, by name and, by our client, by process id and without being named at all.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::Demo;

pub(super) const SCENARIO: Scenario = Scenario { name: "control/targets", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    let nobody = context.run(&["ctl", "version"])?;
    ensure_eq!(nobody.status, Some(1), "status without any service");
    ensure!(nobody.error.starts_with("tidegate: no service is running in "), "it says: {}", nobody.error);

    let demo = Demo::start(context)?;
    let (socket, process) = (demo.socket().display().to_string(), std::process::id().to_string());
    ensure_eq!(demo.ask(&["version"])?, "demo (Tidegate) 7\n", "ovs-appctl by name");
    ensure_eq!(demo.appctl(&["-t", &socket, "version"])?.output, "demo (Tidegate) 7\n", "ovs-appctl by path");
    let pidfile = demo.run_directory.join("demo.pid").display().to_string();
    for target in [&["-t", &socket][..], &["-t", &pidfile], &["--target=demo"], &["-t", &process], &[]] {
        let answer = context.run(&[&["ctl"], target, &["version"]].concat())?;
        ensure_eq!(answer.output, "demo (Tidegate) 7\n", "ctl {target:?} ({})", answer.error);
    }
    let list = context.run(&["ctl", "--list"])?.output;
    ensure_eq!(list.split_whitespace().collect::<Vec<_>>(), ["demo", &process, &socket], "ctl --list");

    let unknown = context.run(&["ctl", "-t", "radio", "version"])?;
    ensure_eq!(unknown.status, Some(1), "status for a service that does not run");
    let error = format!("; running: demo ({process})\n");
    ensure!(unknown.error.ends_with(&error), "it names those that run: {}", unknown.error);
    let missing = context.run(&["ctl", "-t", "/nonexistent", "version"])?;
    ensure_eq!(missing.status, Some(1), "status for a socket that does not exist");
    let error = "tidegate: cannot connect to \"/nonexistent\": No such file or directory";
    ensure!(missing.error.starts_with(error), "it says: {}", missing.error);
    Ok(())
}

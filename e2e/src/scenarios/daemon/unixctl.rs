//! unixctl-py.at 634 to 636, against a detached service: both clients agree on answers, errors and wrong targets.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/unixctl_634_636", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    std::fs::create_dir_all(context.run_directory())?;
    bad_targets(context)?;
    let service = context.detached_demo(&["--no-db"])?;
    let socket = context.run_directory().join(format!("demo.{service}.ctl")).display().to_string();
    for target in ["demo", &socket] {
        for (words, status, output, error) in [
            (&["version"][..], 0, "demo (Tidegate) 1\n", ""),
            (&["echo", "robot", "ninja"], 2, "", "\"echo\" command takes at most 1 arguments\n"),
            (&["echo", "robot"], 0, "robot\n", ""),
            (&["echo"], 2, "", "\"echo\" command requires at least 1 arguments\n"),
            (&["echo_error", "robot"], 2, "", "robot\n"),
            (
                &["bogus"],
                2,
                "",
                "\"bogus\" is not a valid command (use \"list-commands\" to see a list of valid commands)\n",
            ),
            (&["log", "heard"], 0, "", ""),
        ] {
            let theirs = context.appctl(&[&["-t", target], words].concat())?;
            let ours = context.run(&[&["ctl", "-t", target], words].concat())?;
            for (program, finished) in [("ovs-appctl", theirs), ("tidegate", ours)] {
                ensure_eq!(finished.status, Some(status), "status of {program} {words:?} ({})", finished.error);
                ensure_eq!(finished.output, output, "what {program} {words:?} prints");
                ensure!(finished.error.starts_with(error), "{program} {words:?} says: {}", finished.error);
            }
        }
        let list = context.ask(target, &["list-commands"])?;
        for command in
            ["  block", "  echo                    ARG", "  exit", "  list-commands", "  version", "  vlog/set"]
        {
            ensure!(list.lines().any(|line| line.starts_with(command)), "{command} is not in {list}");
        }
        ensure_eq!(context.ctl(target, &["list-commands"])?, list, "both clients' lists");
    }
    context.ask("demo", &["exit"])?;
    context.nothing_is_left()
}

/// 635 and 636.
fn bad_targets(context: &Context) -> Verdict {
    let path = context.run_directory().join("nobody.pid").display().to_string();
    let theirs = context.appctl(&["-t", "nobody", "version"])?;
    ensure_eq!(theirs.status, Some(1), "status of ovs-appctl for a service that does not run");
    ensure!(theirs.error.contains(&path), "ovs-appctl says: {}", theirs.error);
    let ours = context.run(&["ctl", "-t", "nobody", "version"])?;
    ensure_eq!(ours.status, Some(1), "status of tidegate ctl for a service that does not run");
    ensure!(ours.error.contains("nobody"), "tidegate ctl says: {}", ours.error);
    for (program, finished) in [
        ("ovs-appctl", context.appctl(&["-t", "/nonexistent/x.ctl", "version"])?),
        ("tidegate ctl", context.run(&["ctl", "-t", "/nonexistent/x.ctl", "version"])?),
    ] {
        ensure_eq!(finished.status, Some(1), "status of {program} for a socket that does not exist");
        let said = finished.error.contains("cannot connect to \"/nonexistent/x.ctl\"");
        ensure!(said, "{program} says: {}", finished.error);
    }
    Ok(())
}

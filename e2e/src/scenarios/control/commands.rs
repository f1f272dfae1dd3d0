//! Both clients call commands and print the same: answers, errors, wrong numbers of arguments.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::Demo;

pub(super) const SCENARIO: Scenario = Scenario { name: "control/commands", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    let demo = Demo::start(context)?;
    for (words, status, output, error) in [
        (&["version"][..], 0, "demo (Tidegate) 7\n", ""),
        (&["echo", "robot ninja"], 0, "robot ninja\n", ""),
        (&["echo", "two\nlines\n"], 0, "two\nlines\n", ""),
        (&["echo", ""], 0, "", ""),
        (&["memory/show"], 0, "sessions:2\n", ""),
        (&["echo_error", "sad"], 2, "", "sad\n"),
        (&["echo"], 2, "", "\"echo\" command requires at least 1 arguments\n"),
        (&["echo", "a", "b"], 2, "", "\"echo\" command takes at most 1 arguments\n"),
        (&["nope"], 2, "", "\"nope\" is not a valid command (use \"list-commands\" to see a list of valid commands)\n"),
        (&["vlog/reopen"], 2, "", "Logging to file not configured\n"),
    ] {
        let theirs = demo.appctl(&[&["-t", "demo"], words].concat())?;
        let ours = context.run(&[&["ctl", "-t", "demo"], words].concat())?;
        for (program, finished) in [("ovs-appctl", theirs), ("tidegate", ours)] {
            ensure_eq!(finished.status, Some(status), "status of {program} {words:?} ({})", finished.error);
            ensure_eq!(finished.output, output, "what {program} {words:?} prints");
            let verdict =
                if status == 0 { String::new() } else { format!("{program}: demo: server returned an error\n") };
            ensure_eq!(finished.error, format!("{error}{verdict}"), "what {program} {words:?} complains of");
        }
    }
    let list = demo.ask(&["list-commands"])?;
    ensure!(list.starts_with("The available commands are:\n  block                   \n"), "the list is {list}");
    ensure_eq!(context.run(&["ctl", "-t", "demo", "list-commands"])?.output, list, "both clients' lists");
    Ok(())
}

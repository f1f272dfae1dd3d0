//! The control socket takes every command, with all rights.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::server::start;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/ctl", needs: &[Need::Program("ssh-keygen"), Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[("anna", "none")], &[])?;
    radio.imported()?;
    let help = context.ctl("radio", &["help"])?;
    ensure!(help.contains("\n next ") && !help.contains("\n!"), "every right: {help}");
    let listed = context.ctl("radio", &["list-commands"])?;
    for name in ["addmood", "why", "stat", "sender", "vlog/set", "exit"] {
        ensure!(listed.contains(&format!("\n  {name} ")), "{name} in {listed}");
    }
    let status = context.ctl("radio", &["stat"])?;
    ensure!(status.starts_with("status: stopped\n"), "stat does not follow here: {status}");
    context.ctl("radio", &["addmood", "all", "-c", "true"])?;
    ensure_eq!(context.ctl("radio", &["catmood", "all"])?.trim_end(), "true", "a mood that came as a word");
    ensure_eq!(context.ask("radio", &["lsmood"])?.trim_end(), "all", "by ovs-appctl");
    let ls = context.ctl("radio", &["ls", "-l=p"])?;
    ensure_eq!(ls.matches(":basename: ").count(), 3, "options with a value: {ls}");
    for (words, text) in [
        (&["addmood", "x"][..], "the control socket has no standard input"),
        (&["jmp", "50"], "nothing is playing or paused"),
        (&["select", "m/none"], "none"),
        (&["next", "now"], "unexpected argument 'now' found"),
    ] {
        let failed = context.run(&[&["ctl", "-t", "radio"], words].concat())?;
        ensure_eq!(failed.status, Some(2), "{words:?}: {}", failed.output);
        ensure!(failed.error.contains(text), "{words:?}: {}", failed.error);
    }
    context.ctl("radio", &["play"])?;
    let state = context.ctl("radio", &["show", "station"])?;
    ensure!(state.contains("playback: playing"), "{state}");
    Ok(())
}

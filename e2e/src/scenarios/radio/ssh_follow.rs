//! `stat` follows: what changes is told when it changes, until whoever listens has gone.

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Stream};
use e2e::scenario::Scenario;
use e2e::service::eventually;

use super::server::start;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/ssh_follow", needs: &[Need::Program("ssh"), Need::Program("ssh-keygen")], run };

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[("anna", "all")], &[])?;
    radio.imported()?;
    let mut follower = context.start("ssh anna stat", radio.ssh_command("anna", &[], &["stat"]))?;
    let says = |line: &'static str| follower.wait_for(line, PROMPTLY, move |said| said.starts_with(line).then_some(()));
    says("status: stopped")?;
    radio.output("anna", &["play"])?;
    says("status: playing")?;
    says("basename: ")?;
    radio.output("anna", &["pause"])?;
    says("status: paused")?;
    let said = follower.transcript().text(Stream::Output);
    ensure!(said.matches("afs_mode: ").count() == 1, "what did not change is told once: {said}");
    follower.kill();
    eventually("the end of a command that nobody listens to", || {
        radio.output("anna", &["play"])?;
        let tasks = radio.output("anna", &["tasks"])?;
        radio.output("anna", &["pause"])?;
        Ok((!tasks.contains(" stat")).then_some(()))
    })
}

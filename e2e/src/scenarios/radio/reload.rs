//! SIGHUP and `hup` read the users again; a users file that is wrong is complained about with file and line, and changes nothing.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::server::{make_key, start, start_again, three_songs, write_users};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/reload", needs: &[Need::Program("ssh"), Need::Program("ssh-keygen")], run };

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[("anna", "all")], &[])?;
    make_key(context, "bert")?;
    ensure_eq!(radio.ssh("bert", &["version"])?.status, Some(255), "bert, before");
    write_users(context, &[("anna", "all"), ("bert", "VR")])?;
    radio.process.signal(Signal::HUP)?;
    eventually("bert to be let in", || Ok((radio.ssh("bert", &["version"])?.status == Some(0)).then_some(())))?;

    let users = context.scratch().path().join("users");
    let before = std::fs::read_to_string(&users)?;
    std::fs::write(&users, format!("{before}user carl nokey.pub AR\n"))?;
    radio.output("anna", &["hup"])?;
    let complaint = radio.logged("users:3: ")?;
    ensure!(complaint.contains("nokey.pub: cannot read it") && complaint.contains("stay who they were"), "{complaint}");
    radio.output("bert", &["version"])?;

    // At the start the same is a reason not to start.
    let music = three_songs(context)?;
    drop(radio);
    let refused = start_again(context, music, &[]).map(|_| ());
    ensure!(refused.is_err(), "it started with a wrong users file");
    let mut command =
        context.tidegate(&["radio", "serve", "--library", "music", "--users", "users", "--state", "other"]);
    command.args(["--http", "127.0.0.1:0", "--mpd", "none", "--ssh", "none"]);
    let finished = context.finish("tidegate radio", command, e2e::process::PROMPTLY)?;
    ensure_eq!(finished.status, Some(2), "status: {}", finished.error);
    ensure!(finished.error.contains("users:3: "), "{}", finished.error);
    Ok(())
}

//! The library side is killed, twice in a row: whoever listens hears every frame, ssh clients are let in again on the same port, and what
//! was known is known.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::service::{eventually, send};
use e2e::{ensure, ensure_eq};
use rustix::process::{Pid, Signal};

use super::server::{Listener, start};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/crash", needs: &[Need::Program("ssh"), Need::Program("ssh-keygen")], run };

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[("anna", "all")], &["--autoplay"])?;
    radio.imported()?;
    radio.output("anna", &["addatt", "rock"])?;
    let mut listener = Listener::connect(radio.http)?;
    listener.frames(40)?;
    for crash in 1..=2 {
        let old = radio.library_process()?;
        let process = old.parse().ok().and_then(Pid::from_raw);
        send(process.ok_or_else(|| e2e::failure::Failure::new(format!("no process: {old}")))?, Signal::KILL)?;
        // A song and a half: the next one has to come from somewhere.
        listener.frames(120)?;
        eventually("another library side", || {
            let new = radio.library_process()?;
            Ok((new != old && new.parse::<u32>().is_ok()).then_some(()))
        })?;
        let restarts = context.ctl("radio", &["show", "library_process/restarts"])?;
        ensure_eq!(restarts.trim(), crash.to_string(), "restarts");
        // Not before it listens, but without being refused.
        ensure_eq!(radio.output("anna", &["lsatt"])?, "rock\n", "what was known");
    }
    listener.frames(200)?;
    ensure!(listener.songs.len() >= 5, "songs: {:?}", listener.songs);
    ensure_eq!(radio.log().matches("the library side has ended (killed (Killed)").count(), 2, "complaints");
    Ok(())
}

//! A directory of songs becomes a station: it plays by itself, song follows song without a gap, what was played is remembered across
//! a restart, and nothing but its state is left behind.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Stream};
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::server::{Listener, start, start_again};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/serve", needs: &[Need::Program("ssh"), Need::Program("ssh-keygen")], run };

fn run(context: &Context) -> Verdict {
    let mut radio = start(context, &[("anna", "all")], &["--autoplay", "--seed", "1"])?;
    let mut listener = Listener::connect(radio.http)?;
    // Four songs of 77 frames, and more.
    listener.frames(320)?;
    ensure!(listener.songs.len() >= 4, "songs: {:?}", listener.songs);
    for pair in listener.songs.windows(2) {
        ensure!(pair[0] != pair[1], "a song followed itself: {:?}", listener.songs);
    }
    let first_three: std::collections::BTreeSet<_> = listener.songs.iter().take(3).collect();
    ensure_eq!(first_three.len(), 3, "different songs among the first three of {:?}", listener.songs);

    let key = context.scratch().path().join("station/ssh_host_ed25519_key");
    ensure_eq!(key.metadata()?.permissions().mode() & 0o777, 0o600, "mode of the host key");
    radio.process.signal(Signal::TERM)?;
    let status = radio.process.wait(PROMPTLY)?;
    ensure_eq!(status.signal(), Some(Signal::TERM.as_raw()), "the signal that it died of");
    let log = radio.process.transcript().text(Stream::Error);
    ensure!(!log.contains("|ERR|"), "{log}");
    context.nothing_is_left()?;

    let again = start_again(context, radio.music.clone(), &[])?;
    again.imported()?;
    let listed = again.output("anna", &["ls", "-l=v"])?;
    let played: u64 = listed.lines().filter_map(|line| line.strip_prefix("num_played: ")?.parse::<u64>().ok()).sum();
    ensure!(played >= 4, "{played} times played: {listed}");
    ensure_eq!(again.item("anna", "status")?, "stopped", "without --autoplay");
    Ok(())
}

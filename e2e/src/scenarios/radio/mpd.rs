//! `mpc` drives the radio by MPD's protocol: each group of commands, what a station does not have, passwords, and clients that
//! misbehave beside it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use e2e::context::{Context, Finished};
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::mpd_station::{address, start};
use super::server::{Listener, Radio};

pub(super) const SCENARIO: Scenario = Scenario { name: "radio/mpd", needs: &[Need::Program("mpc")], run };

/// Commands in an order in which each has something to work on: words, and what is printed, among other things.
const SCRIPT: &[(&[&str], &str)] = &[
    (&["version"], "mpd version: 0.23"),
    // The database.
    (&["update", "--wait"], ""),
    (&["ls"], "jazz\nmisterioso.mp3"),
    (&["listall"], "jazz/all blues.mp3\njazz/so what.mp3\nmisterioso.mp3"),
    (&["find", "artist", "Miles"], "jazz/so what.mp3"),
    (&["find", "((Artist == \"Miles\") AND (Title != \"So What\"))"], "jazz/all blues.mp3"),
    (&["search", "title", "MISTER"], "misterioso.mp3"),
    (&["list", "album", "artist", "Miles"], "Blue"),
    (&["list", "artist", "group", "album"], "Miles"),
    (&["stats"], "Songs:        3"),
    // The queue.
    (&["clear"], ""),
    (&["add", "misterioso.mp3"], ""),
    (&["insert", "jazz/so what.mp3"], ""),
    (&["findadd", "title", "All Blues"], ""),
    (&["playlist", "-f", "%file%"], "misterioso.mp3"),
    (&["move", "1", "2"], ""),
    (&["shuffle"], ""),
    (&["del", "1"], ""),
    // Playing.
    (&["play"], "[playing] #1/"),
    (&["seek", "50%"], "0:1"),
    (&["toggle"], "[paused]"),
    (&["toggle"], "[playing]"),
    (&["next"], "[playing]"),
    (&["prev"], "0:00"),
    (&["current", "-f", "%title%"], ""),
    (&["single", "once"], "single: once"),
    (&["single", "off"], "single: off"),
    (&["random", "on"], "random: on"),
    (&["random", "off"], "random: off"),
    // Stored playlists.
    (&["save", "evening"], ""),
    (&["lsplaylists"], "evening"),
    (&["playlist", "-f", "%file%", "evening"], ".mp3"),
    (&["load", "evening"], "loading: evening"),
    (&["rm", "evening"], ""),
    // Stickers.
    (&["sticker", "misterioso.mp3", "set", "rating", "7"], ""),
    (&["sticker", "misterioso.mp3", "get", "rating"], "rating=7"),
    (&["sticker", "", "find", "rating"], "misterioso.mp3: rating=7"),
    (&["sticker", "misterioso.mp3", "delete", "rating"], ""),
    // Senders as outputs.
    (&["outputs"], "(http) is enabled"),
    (&["disable", "1"], "(http) is disabled"),
    (&["enable", "1"], "(http) is enabled"),
    // The rest.
    (&["channels"], ""),
    (&["replaygain"], "replay_gain_mode: off"),
    (&["mount"], "music"),
    (&["stop"], "volume: n/a"),
];

/// What a station does not have: words, and what is said instead.
const REFUSED: &[(&[&str], &str)] = &[
    (&["volume", "50"], "no mixer"),
    (&["consume", "off"], "is consumed"),
    (&["crossfade", "3"], "not decoded"),
    (&["add", "nowhere.mp3"], "No such directory"),
    (&["load", "nothing"], "No such playlist"),
    (&["sendmessage", "room", "hello"], "nobody is subscribed"),
];

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[])?;
    radio.imported()?;
    let address = address(&radio)?;
    for (words, expected) in SCRIPT {
        let said = mpc(context, address, words)?;
        ensure!(said.status == Some(0), "mpc {words:?}: {}", said.error);
        ensure!(said.output.contains(expected), "mpc {words:?}: {expected:?} in {}", said.output);
    }
    for (words, reason) in REFUSED {
        let said = mpc(context, address, words)?;
        ensure!(said.status != Some(0) && said.error.contains(reason), "mpc {words:?}: {:?}", said.error);
    }
    idle(context, address)?;
    strangers(context, &radio, address)
}

/// A client that waits is told.
fn idle(context: &Context, address: SocketAddr) -> Verdict {
    let waiting = context.start("mpc idle", command(address, &["idle", "sticker"]))?;
    // However often the waiting client has not begun to wait yet: the change is repeated until it has heard one.
    let heard =
        || waiting.wait_for("sticker", std::time::Duration::from_millis(200), |line| (line == "sticker").then_some(()));
    for number in 0..50 {
        let number = number.to_string();
        mpc(context, address, &["sticker", "misterioso.mp3", "set", "round", &number])?;
        if heard().is_ok() {
            return Ok(());
        }
    }
    heard()
}

/// Clients that send rubbish or too much are cut off; the stream is whole.
fn strangers(context: &Context, radio: &Radio<'_>, address: SocketAddr) -> Verdict {
    ensure_eq!(mpc(context, address, &["play"])?.status, Some(0), "mpc play");
    let mut listener = Listener::connect(radio.http)?;
    listener.frames(20)?;
    for bytes in [&b"\xff\x00 GET / HTTP/1.1\r\n\r\n"[..], &vec![b'x'; 1 << 20], b"idle\nstatus\n", b""] {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PROMPTLY))?;
        // It may be cut off in the middle, and what it says then does not matter.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let said = mpc(context, address, &["status"])?;
    ensure!(said.output.contains("[playing]"), "{}", said.output);
    listener.frames(20)
}

fn command(address: SocketAddr, words: &[&str]) -> Command {
    let mut command = Command::new(PathBuf::from("mpc"));
    command.args(["-h", &address.ip().to_string(), "-p", &address.port().to_string()]).args(words);
    command
}

fn mpc(context: &Context, address: SocketAddr, words: &[&str]) -> Result<Finished, Failure> {
    context.finish("mpc", command(address, words), PROMPTLY)
}

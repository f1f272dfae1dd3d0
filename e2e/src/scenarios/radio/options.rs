//! What `serve` is told at the start holds from the start: who may listen and how many, targets of udp with their ttl and header interval,
//! senders that wait, the first mood, the delay before it plays, the time of announcement, and choices that a seed repeats.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Stream};
use e2e::scenario::Scenario;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};
use radio_stream::receiver::{Delivery, Receiver};
use reactor::clock;
use rustix::process::Signal;

use super::mpd_station::{Client, address};
use super::server::{Listener, Radio, put_song, start, start_again, three_songs, write_users};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "radio/options",
    needs: &[Need::Program("ssh"), Need::Program("ssh-keygen"), Need::Program("python3")],
    run,
};

/// Longer than any scenario.
const NEVER_MS: &str = "600000";

/// Joins a group on the loopback interface, and prints the time to live of the first packet that comes.
const RECEIVE_TTL: &str = "
import socket, sys
RECEIVE_TTL = 12
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(('239.7.7.7', 0))
receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('239.7.7.7') + socket.inet_aton('127.0.0.1'))
receiver.setsockopt(socket.IPPROTO_IP, RECEIVE_TTL, 1)
print('port', receiver.getsockname()[1], flush=True)
_, ancillary, _, _ = receiver.recvmsg(2000, 100)
print('ttl', int.from_bytes(ancillary[0][2], sys.byteorder), flush=True)
";

fn run(context: &Context) -> Verdict {
    several_addresses(context)?;
    http_sender(context)?;
    udp_sender(context)?;
    multicast(context)?;
    first_mood(context)?;
    beginning(context)?;
    seed(context)
}

/// Ends a radio, so that the next one can have its name.
fn end(mut radio: Radio<'_>) -> Verdict {
    radio.process.signal(Signal::TERM)?;
    radio.process.wait(PROMPTLY).map(drop)
}

/// Each address of a kind is one to come to, and each comes to the same radio.
fn several_addresses(context: &Context) -> Verdict {
    let options =
        ["--autoplay", "--http", "127.0.0.2:0", "--ssh", "127.0.0.2:0", "--mpd", "127.0.0.1:0", "--mpd", "127.0.0.2:0"];
    let mut radio = start(context, &[("anna", "all")], &options)?;
    let said = radio.process.transcript().text(Stream::Output);
    let of = |label: &str| -> Vec<SocketAddr> {
        let addresses = said.lines().filter_map(|line| line.strip_prefix(label));
        addresses
            .filter_map(|text| text.trim().trim_start_matches("http://").trim_end_matches('/').parse().ok())
            .collect()
    };
    let (http, ssh, mpd) = (of("listen "), of("ssh "), of("mpd "));
    ensure_eq!((http.len(), ssh.len(), mpd.len()), (2, 2, 2), "addresses in {said}");
    for address in http {
        Listener::connect(address)?.frames(5)?;
    }
    let mut clients = mpd.iter().map(|address| Client::connect(*address)).collect::<Result<Vec<_>, _>>()?;
    clients[0].done("subscribe both")?;
    ensure_eq!(clients[1].done("channels")?.value("channel"), Some("both"), "a channel of the other address");
    for address in ssh {
        radio.ssh = address;
        radio.output("anna", &["version"])?;
    }
    end(radio)
}

fn http_sender(context: &Context) -> Verdict {
    let radio =
        start(context, &[("anna", "all")], &["--autoplay", "--http-max-clients", "1", "--http-access", "127.0.0.2"])?;
    let mut listener = Listener::connect(radio.http)?;
    listener.frames(10)?;
    ensure!(answer(radio.http, "127.0.0.1")?.contains(" 503 "), "one too many");
    ensure!(answer(radio.http, "127.0.0.2")?.contains(" 403 "), "a network that may not");
    listener.frames(10)?;
    end(radio)?;
    let closed = ["--autoplay", "--http-default-deny", "--http-access", "127.0.0.2", "--http-no-autostart"];
    let radio = start(context, &[("anna", "all")], &closed)?;
    ensure!(!answer(radio.http, "127.0.0.2").is_ok_and(|answer| answer.contains(" 200 ")), "before it is switched on");
    radio.output("anna", &["sender", "http", "on"])?;
    ensure!(answer(radio.http, "127.0.0.1")?.contains(" 403 "), "a network that is not allowed");
    ensure!(answer(radio.http, "127.0.0.2")?.contains(" 200 "), "the one that is");
    end(radio)
}

/// The beginning of an answer to somebody who connects from this address.
fn answer(http: SocketAddr, from: &str) -> Result<String, Failure> {
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None)?;
    rustix::net::bind(&socket, &SocketAddr::new(from.parse()?, 0))?;
    rustix::net::connect(&socket, &http)?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PROMPTLY))?;
    stream.write_all(b"GET /mp3 HTTP/1.0\r\n\r\n")?;
    let mut begin = [0; 16];
    stream.read_exact(&mut begin)?;
    Ok(String::from_utf8_lossy(&begin).into_owned())
}

/// A target hears nothing before the sender is switched on, and then headers again and again.
fn udp_sender(context: &Context) -> Verdict {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let target = format!("{}/1000:2:3", socket.local_addr()?);
    let options = ["--autoplay", "--udp-no-autostart", "--udp-target", &target, "--udp-header-interval", "50"];
    let radio = start(context, &[("anna", "all")], &options)?;
    let mut listener = Listener::connect(radio.http)?;
    listener.frames(40)?;
    socket.set_nonblocking(true)?;
    let silence = socket.recv(&mut [0; 2000]);
    ensure!(silence.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "it sends before it is switched on");
    radio.output("anna", &["sender", "udp", "on"])?;
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(PROMPTLY))?;
    let status = radio.output("anna", &["sender", "udp", "status"])?;
    ensure!(status.contains(&target), "{status}");
    // A receiver that lost all but the header of a stream has it from the next one on: here, many a second.
    let (mut receiver, mut buffer, mut headers) = (Receiver::new(), [0; 2000], 0);
    while headers < 3 {
        let count = socket.recv(&mut buffer)?;
        receiver.receive(&buffer[..count])?;
        while let Some(delivery) = receiver.next_delivery() {
            if matches!(delivery, Delivery::Begin(_)) {
                headers += 1;
                receiver = Receiver::new();
                break;
            }
        }
    }
    end(radio)
}

fn multicast(context: &Context) -> Verdict {
    let mut command = Command::new("python3");
    command.args(["-c", RECEIVE_TTL]);
    let receiver = context.start("python3", command)?;
    let said = |word: &str| {
        receiver.wait_for(word, PROMPTLY, |line| line.strip_prefix(word).map(|rest| rest.trim().to_owned()))
    };
    let target = format!("239.7.7.7:{}", said("port ")?);
    let options = ["--autoplay", "--udp-target", &target, "--udp-mcast-iface", "lo", "--udp-ttl", "7"];
    let radio = start(context, &[("anna", "all")], &options)?;
    ensure_eq!(said("ttl ")?, "7", "the time to live");
    end(radio)
}

/// What is selected first is what `--initial-mode` says, until somebody selects something.
fn first_mood(context: &Context) -> Verdict {
    let radio = start(context, &[("anna", "all")], &[])?;
    radio.imported()?;
    radio.output("anna", &["addmood", "two", "-c", "'path =| \"*/two.mp3\"'"])?;
    end(radio)?;
    let music = three_songs(context)?;
    let radio = start_again(context, music.clone(), &["--initial-mode", "m/two"])?;
    eventually("the mood", || Ok((radio.item("anna", "afs_mode")? == "m/two").then_some(())))?;
    radio.output("anna", &["select", "dummy"])?;
    end(radio)?;
    let radio = start_again(context, music, &["--initial-mode", "m/two"])?;
    radio.imported()?;
    ensure_eq!(radio.item("anna", "afs_mode")?, "dummy", "what somebody has selected");
    end(radio)
}

/// It waits before it plays by itself; what was announced begins no earlier than it was announced for.
fn beginning(context: &Context) -> Verdict {
    let announce = Duration::from_millis(1500);
    let options = ["--autoplay", "--autoplay-delay", NEVER_MS, "--announce-time", "1500"];
    let radio = start(context, &[("anna", "all")], &options)?;
    radio.imported()?;
    ensure_eq!(radio.item("anna", "status")?, "stopped", "before the delay is over");
    let mut listener = Listener::connect(radio.http)?;
    let told = clock::now();
    radio.output("anna", &["play"])?;
    listener.frames(1)?;
    // A lower bound: however slow the machine is, it holds.
    ensure!(clock::now().saturating_duration_since(told) >= announce, "it began before its time");
    end(radio)?;
    let radio = start(context, &[("anna", "all")], &["--autoplay", "--autoplay-delay", "1"])?;
    eventually("the stream", || Ok((radio.item("anna", "status")? == "playing").then_some(())))?;
    end(radio)
}

/// The same library and the same seed are the same choice; another seed is another.
fn seed(context: &Context) -> Verdict {
    let music = context.scratch().path().join("many");
    std::fs::create_dir_all(&music)?;
    for song in 1..=9 {
        put_song(&music.join(format!("{song}.mp3")), song, 77)?;
    }
    write_users(context, &[("anna", "all")])?;
    std::fs::remove_dir_all(context.scratch().path().join("station"))?;
    let radio = start_again(context, music.clone(), &[])?;
    radio.imported()?;
    end(radio)?;
    let mut choices = Vec::new();
    for seed in ["7", "7", "8"] {
        choices.push(choice(context, &music, seed)?);
    }
    ensure_eq!(choices[0], choices[1], "one seed");
    ensure!(choices[0] != choices[2], "two seeds: {:?}", choices[0]);
    Ok(())
}

/// What is chosen ahead out of all that there is, before anything was played.
fn choice(context: &Context, music: &Path, seed: &str) -> Result<Vec<String>, Failure> {
    let radio = start_again(context, music.to_owned(), &["--mpd", "127.0.0.1:0", "--seed", seed])?;
    let mut client = Client::connect(address(&radio)?)?;
    let chosen = eventually("songs ahead", || {
        let queue = client.done("playlistinfo")?;
        let files: Vec<String> = queue.values("file").into_iter().map(str::to_owned).collect();
        Ok((files.len() == 3).then_some(files))
    })?;
    end(radio)?;
    Ok(chosen)
}

//! `up` reads `[radio]` again on SIGHUP: who may listen, how many, passwords, targets and the station's name change in place, and a listener
//! hears every frame meanwhile. A wrong file is complained about with its line and changes nothing; what takes a restart says so.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Process};
use e2e::scenario::Scenario;
use e2e::service::{eventually, send};
use e2e::{ensure, ensure_eq};
use rustix::process::{Pid, Signal};

use super::mpd_station::Client;
use super::server::{Listener, three_songs};

pub(super) const SCENARIO: Scenario = Scenario { name: "radio/renewal", needs: &[Need::Program("curl")], run };

/// What changes from one configuration to the next.
struct Configuration<'a> {
    station: &'a str,
    password: &'a str,
    clients_max: &'a str,
    denied: &'a str,
    target: SocketAddr,
    more: &'a str,
}

impl Configuration<'_> {
    fn write(&self, context: &Context) -> Verdict {
        let Self { station, password, clients_max, denied, target, more } = self;
        let text = format!(
            "[radio]\nlibrary = [\"{music}\"]\nstate = \"station\"\nhttp = \"127.0.0.1:0\"\nmpd = \"127.0.0.1:0\"\nssh = \"none\"\n\
             autoplay = true\nmpd_rights = \"AR,VR\"\nstation_name = \"{station}\"\n{more}\n\
             [radio.mpd_passwords]\n{password} = \"all\"\n\
             [radio.http_sender]\nmax_clients = {clients_max}\naccess = [\"{denied}\"]\n\
             [radio.udp_sender]\ntargets = [\"{target}\"]\n",
            music = context.scratch().path().join("music").display(),
        );
        Ok(std::fs::write(context.scratch().path().join("tidegate.toml"), text)?)
    }
}

fn run(context: &Context) -> Verdict {
    three_songs(context)?;
    let (first, second) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    let old = Configuration {
        station: "Old Harbour",
        password: "anchor",
        clients_max: "5",
        denied: "192.0.2.0/24",
        target: first.local_addr()?,
        more: "",
    };
    old.write(context)?;
    let up = context.start("tidegate up", context.tidegate(&["up", "-c", "tidegate.toml", "-vconsole:info"]))?;
    up.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
    let (http, mpd) = (address(context, "http")?, address(context, "mpd")?);
    let process = context.process_of("radio")?;
    let mut listener = Listener::connect(http)?;
    listener.frames(40)?;
    heard_by(&first)?;
    let mut client = Client::connect(mpd)?;
    ensure!(client.ask("pause 0")?.refusal.contains("permission"), "without the password");
    client.done("password anchor")?;
    client.done("pause 0")?;

    let new = Configuration {
        station: "New Harbour",
        password: "compass",
        clients_max: "1",
        denied: "127.0.0.2",
        target: second.local_addr()?,
        ..old
    };
    new.write(context)?;
    hang_up(&up, "radio: its section has changed; taken without a restart")?;
    listener.frames(40)?;
    heard_by(&second)?;
    ensure!(client.ask("pause 0")?.refusal.contains("permission"), "the old password is none any more");
    client.done("password compass")?;
    client.done("pause 0")?;
    ensure!(answer(http)?.contains(" 503 "), "a second listener");
    ensure_eq!(
        curl(context, http, &["--interface", "127.0.0.2", "-o", "/dev/null", "-w", "%{http_code}"])?,
        "403",
        "127.0.0.2"
    );
    ensure!(curl(context, http, &["-I"])?.contains("icy-name: New Harbour"), "the station's name");

    refused(context, &up, &new)?;
    listener.frames(40)?;
    remembered(context, mpd)?;
    listener.frames(120)?;
    ensure_eq!(context.process_of("radio")?, process, "the process");

    Configuration { more: "seed = 5", ..new }.write(context)?;
    hang_up(&up, "radio: its section has changed; being restarted: what is new in seed takes one")?;
    context.another_process_of("radio", process)?;
    ensure_eq!((address(context, "http")?, address(context, "mpd")?), (http, mpd), "the addresses after a restart");
    Listener::connect(http)?.frames(20)
}

/// A configuration that is wrong leaves everything as it is.
fn refused(context: &Context, up: &Process, new: &Configuration<'_>) -> Verdict {
    let wrong = Configuration { clients_max: "\"many\"", denied: "127.0.0.1", ..*new };
    wrong.write(context)?;
    // Its line is counted from the empty one behind the station's name.
    let text = std::fs::read_to_string(context.scratch().path().join("tidegate.toml"))?;
    let line = text.lines().position(|line| line.starts_with("max_clients")).unwrap_or_default() + 1;
    up.signal(Signal::HUP)?;
    let complaint =
        up.wait_for("the complaint", PROMPTLY, |line| line.contains("stays the old one").then(|| line.to_owned()))?;
    ensure!(complaint.contains(&format!("tidegate.toml:{line}: ")), "{complaint}");
    let status = context.ctl("radio", &["sender", "http", "status"])?;
    ensure!(status.contains("limit 1)") && status.contains("deny 127.0.0.2/32"), "{status}");
    Ok(())
}

/// A library side that is started again knows what was changed.
fn remembered(context: &Context, mpd: SocketAddr) -> Verdict {
    let shown = || context.ctl("radio", &["show", "library_process/process"]);
    let old = shown()?;
    let process = old.trim().parse().ok().and_then(Pid::from_raw);
    send(process.ok_or_else(|| Failure::new(format!("no process: {old}")))?, Signal::KILL)?;
    eventually("another library side", || {
        let new = shown()?;
        Ok((new != old && new.trim().parse::<u32>().is_ok()).then_some(()))
    })?;
    let mut client = Client::connect(mpd)?;
    ensure!(client.ask("password anchor")?.refusal.contains("incorrect"), "the old password");
    client.done("password compass")?;
    client.done("pause 0").map(drop)
}

fn hang_up(up: &Process, said: &str) -> Verdict {
    up.signal(Signal::HUP)?;
    up.wait_for(said, PROMPTLY, |line| line.contains(said).then_some(()))
}

fn address(context: &Context, kind: &str) -> Result<SocketAddr, Failure> {
    Ok(context.ctl("up", &["show", &format!("services/radio/sockets/{kind}")])?.trim().parse()?)
}

/// Waits for a packet that comes after all that is there already.
fn heard_by(socket: &UdpSocket) -> Verdict {
    socket.set_nonblocking(true)?;
    let mut buffer = [0; 2000];
    while !matches!(socket.recv(&mut buffer), Err(error) if error.kind() == ErrorKind::WouldBlock) {}
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(PROMPTLY))?;
    socket.recv(&mut buffer)?;
    Ok(())
}

/// The beginning of an answer to somebody who wants to listen.
fn answer(http: SocketAddr) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(http)?;
    stream.set_read_timeout(Some(PROMPTLY))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut begin = [0; 16];
    stream.read_exact(&mut begin)?;
    Ok(String::from_utf8_lossy(&begin).into_owned())
}

fn curl(context: &Context, http: SocketAddr, options: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new("curl");
    command.args(["-q", "-s", "--max-time", "20"]).args(options).arg(format!("http://{http}/"));
    Ok(context.finish("curl", command, PROMPTLY)?.output.trim_end().to_owned())
}

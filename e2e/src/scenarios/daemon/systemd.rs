//! What systemd hears of a service of `Type=notify-reload`, on the socket that it would give: start, reload, signs of life, end,
//! and which process it is after `--detach`; from `target`, `target --monitor` and `up`.

use std::os::unix::net::UnixDatagram;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::{parent_of, send};
use e2e::{ensure, ensure_eq};
use reactor::clock;
use rustix::process::{Pid, Signal};

use super::SUBJECTS;

pub(super) const SCENARIO: Scenario = Scenario { name: "daemon/systemd", needs: &[], run };

const CONFIGURATION: &str = "[target]\ndevices = [\"memory:1M\"]\nlisten = [\"127.0.0.1:0\"]\ndiscovery = []\n";

fn run(context: &Context) -> Verdict {
    let listener = Listener::new(context)?;
    std::fs::write(context.scratch().path().join("tidegate.toml"), CONFIGURATION)?;
    let target = |words: &[&str]| SUBJECTS[1].command(context, &[&["--pidfile"], words].concat());
    let up = context.tidegate(&["up", "-c", "tidegate.toml"]);
    for (name, command) in [("target", target(&[])), ("target --monitor", target(&["--monitor"])), ("up", up)] {
        foreground(context, &listener, command).map_err(|failure| failure.during(name))?;
    }
    for (name, command) in [("target", target(&["--detach"])), ("target --monitor", target(&["--detach", "--monitor"]))]
    {
        detached(context, &listener, command).map_err(|failure| failure.during(format_args!("{name} --detach")))?;
    }
    wrong_addresses(context)
}

/// systemd's end.
struct Listener {
    socket: UnixDatagram,
    path: String,
}

impl Listener {
    fn new(context: &Context) -> Result<Self, Failure> {
        let path = context.scratch().path().join("notify");
        let socket = UnixDatagram::bind(&path)?;
        socket.set_read_timeout(Some(PROMPTLY))?;
        Ok(Self { socket, path: path.display().to_string() })
    }

    /// The lines of the next messages, up to and with the one that has a line that begins with `word`.
    fn hear(&self, word: &str) -> Result<Vec<String>, Failure> {
        let mut lines: Vec<String> = Vec::new();
        let mut datagram = [0; 4096];
        let until = clock::now() + PROMPTLY;
        while !lines.iter().any(|line| line.starts_with(word)) {
            let length = self
                .socket
                .recv(&mut datagram)
                .map_err(|error| Failure::from(error).during(format_args!("waiting for {word}, after {lines:?}")))?;
            // Signs of life come for ever.
            ensure!(clock::now() < until, "no {word} in {lines:?}");
            lines.extend(String::from_utf8_lossy(&datagram[..length]).lines().map(str::to_owned));
        }
        Ok(lines)
    }

    /// Forgets what has come.
    fn drain(&self) -> Verdict {
        self.socket.set_nonblocking(true)?;
        while self.socket.recv(&mut [0; 4096]).is_ok() {}
        Ok(self.socket.set_nonblocking(false)?)
    }
}

fn foreground(context: &Context, listener: &Listener, mut command: std::process::Command) -> Verdict {
    listener.drain()?;
    command.env("NOTIFY_SOCKET", &listener.path).env("WATCHDOG_USEC", "200000");
    let mut process = context.start("tidegate", command)?;
    let lines = listener.hear("READY=1")?;
    ensure!(lines.iter().any(|line| line.starts_with("STATUS=")), "no status in {lines:?}");
    let main = format!("MAINPID={}", process.pid()?);
    ensure!(lines.contains(&main), "no {main} in {lines:?}");
    listener.hear("WATCHDOG=1")?;
    listener.hear("WATCHDOG=1")?;

    // A reload as systemd asks for it. The process has no terminal here, as under systemd.
    send(process.pid()?, Signal::HUP)?;
    let lines = listener.hear("RELOADING=1")?;
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let stamp = lines.iter().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")?.parse::<i64>().ok());
    let stamp = stamp.ok_or_else(|| Failure::new(format!("no MONOTONIC_USEC in {lines:?}")))?;
    let age = (now.tv_sec * 1_000_000 + now.tv_nsec / 1000) - stamp;
    ensure!((0..60_000_000).contains(&age), "MONOTONIC_USEC is {age} us ago");
    listener.hear("READY=1")?;

    send(process.pid()?, Signal::TERM)?;
    listener.hear("STOPPING=1")?;
    process.wait(PROMPTLY)?;
    context.nothing_is_left()
}

fn detached(context: &Context, listener: &Listener, mut command: std::process::Command) -> Verdict {
    listener.drain()?;
    command.env("NOTIFY_SOCKET", &listener.path);
    let launched = context.finish("tidegate", command, PROMPTLY)?;
    ensure_eq!(launched.status, Some(0), "exit status of the command ({})", launched.error);
    let lines = listener.hear("READY=1")?;
    let main = lines.iter().find_map(|line| line.strip_prefix("MAINPID=")?.parse().ok()).and_then(Pid::from_raw);
    let main = main.ok_or_else(|| Failure::new(format!("no MAINPID in {lines:?}")))?;
    let service = context.process_of("target")?;
    ensure!(main == service || main == parent_of(service)?, "MAINPID={main} is neither {service} nor its monitor");
    send(main, Signal::TERM)?;
    listener.hear("STOPPING=1")?;
    context.nothing_is_left()
}

fn wrong_addresses(context: &Context) -> Verdict {
    for address in ["relative/path", "/nonexistent/notify"] {
        let mut command = SUBJECTS[1].command(context, &["--pidfile"]);
        command.env("NOTIFY_SOCKET", address);
        let refused = context.finish("tidegate", command, PROMPTLY)?;
        ensure_eq!(refused.status, Some(1), "exit status for NOTIFY_SOCKET={address} ({})", refused.error);
        ensure!(refused.error.contains(address), "it says: {}", refused.error);
        ensure_eq!(refused.error.lines().count(), 1, "lines of {}", refused.error);
    }
    context.nothing_is_left()
}

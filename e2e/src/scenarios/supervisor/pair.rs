//! Two targets, a and b, under one `up`; and clients that only connect.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use e2e::bystander::Bystander;
use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::process::{PROMPTLY, Process};
use e2e::wire::Peer;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

/// The name of a service's subsystem.
pub(super) fn nqn(name: &str) -> String {
    format!("nqn.2026-11.io.tidegate:{name}")
}

/// The section of one target.
pub(super) fn section(name: &str) -> String {
    format!(
        "[[target]]\nname = \"{name}\"\nnqn = \"{}\"\ndevices = [\"memory:4M\"]\nlisten = [\"127.0.0.1:0\"]\n\
         discovery = []\n[target.service.restart]\nthrottle_s = 0.001\nthrottle_limit_s = 0.01\n",
        nqn(name)
    )
}

/// A running `up`.
pub(super) struct Pair<'c> {
    context: &'c Context,
    pub(super) up: Process,
}

impl<'c> Pair<'c> {
    /// Writes the configuration, with `head` at its beginning, and starts `up` with these options.
    pub(super) fn start(context: &'c Context, head: &str, options: &[&str]) -> Result<Self, Failure> {
        write(context, &format!("{head}{}{}", section("a"), section("b")))?;
        let mut command = context.tidegate(&["up", "-c", "tidegate.toml", "-vconsole:info"]);
        command.args(options);
        let up = context.start("tidegate up", command)?;
        up.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
        Ok(Self { context, up })
    }

    /// Where a service is reached.
    pub(super) fn address(&self, name: &str) -> Result<SocketAddr, Failure> {
        address(self.context, name)
    }

    /// A host that works with one of them all the time.
    pub(super) fn bystander(&self, name: &str) -> Result<Bystander, Failure> {
        Bystander::start_at(self.address(name)?, &nqn(name))
    }

    /// Ends it; all of it has to be gone.
    pub(super) fn end(mut self) -> Verdict {
        self.up.signal(Signal::TERM)?;
        self.up.wait(PROMPTLY)?;
        self.context.nothing_is_left()
    }
}

/// Writes the configuration.
pub(super) fn write(context: &Context, text: &str) -> Verdict {
    Ok(std::fs::write(context.scratch().path().join("tidegate.toml"), text)?)
}

/// Where `up` has bound a service.
pub(super) fn address(context: &Context, name: &str) -> Result<SocketAddr, Failure> {
    Ok(context.ctl("up", &["show", &format!("services/{name}/sockets/io")])?.trim().parse()?)
}

/// What one client has seen.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Seen {
    /// Connections that were served.
    pub(super) served: u64,
    /// Connections that were taken, and closed because their server ended.
    pub(super) cut: u64,
}

/// A client that connects again and again, each time to the answer to its first message.
pub(super) struct Caller {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Seen, Failure>>,
}

impl Caller {
    pub(super) fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let of_thread = Arc::clone(&stop);
        let thread = std::thread::spawn(move || call(address, &of_thread));
        Self { stop, thread }
    }

    /// Ends it. A connection that was refused has failed it.
    pub(super) fn finish(self) -> Result<Seen, Failure> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().map_err(|_| Failure::new("the caller panicked"))?
    }
}

fn call(address: SocketAddr, stop: &AtomicBool) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Acquire) {
        let peer = Peer::connect(address)
            .map_err(|failure| failure.during(format_args!("connection {} was refused", seen.served + seen.cut + 1)))?;
        match peer.initialize() {
            Ok(_) => seen.served += 1,
            Err(_) => seen.cut += 1,
        }
    }
    Ok(seen)
}

/// Demands that no caller was refused, and that nearly all were served.
pub(super) fn nobody_was_refused(callers: Vec<Caller>, restarts: u64) -> Verdict {
    ensure!(!callers.is_empty(), "nobody called");
    for caller in callers {
        let seen = caller.finish()?;
        ensure!(seen.served > 0, "nobody was served: {seen:?}");
        // One caller has one connection at a time, so an instance that ends cuts one.
        ensure!(seen.cut <= restarts, "{} connections were cut by {restarts} restarts", seen.cut);
    }
    Ok(())
}

/// Demands that a service runs as one process, the one of its pidfile, and that it answers.
pub(super) fn runs_once(context: &Context, name: &str) -> Verdict {
    let version = context.ctl(name, &["version"])?;
    ensure!(version.starts_with(name), "{name} answers with {version}");
    let prefix = format!("{name}.");
    let sockets: Vec<String> = context
        .run_directory_entries()?
        .into_iter()
        .filter(|entry| entry.starts_with(&prefix) && entry.ends_with(".ctl"))
        .collect();
    ensure_eq!(sockets, [format!("{name}.{}.ctl", context.process_of(name)?)], "control sockets of {name}");
    Ok(())
}

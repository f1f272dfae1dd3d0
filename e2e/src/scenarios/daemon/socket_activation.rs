//! Sockets from systemd's own `systemd-socket-activate`, by their names: the first connection starts the target, `io` and
//! `discovery` are served on them, and a name that means nothing is refused.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use e2e::context::{Context, Target, ready};
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Process};
use e2e::scenario::Scenario;
use e2e::wire::Peer;
use e2e::{ensure, ensure_eq};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/socket_activation", needs: &[Need::Program("systemd-socket-activate")], run };

fn run(context: &Context) -> Verdict {
    serves(context, &[])?;
    serves(context, &["--monitor"])?;
    unknown_name(context)
}

/// An address that was free a moment ago: the program that binds it knows no port 0.
fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn activate(context: &Context, names: &str, listen: &[SocketAddr], words: &[&str]) -> Result<Process, Failure> {
    let mut command = Command::new("systemd-socket-activate");
    command.arg(format!("--fdname={names}"));
    for address in listen {
        command.arg(format!("--listen={address}"));
    }
    for name in ["TIDEGATE_RUNDIR", "TIDEGATE_STATEDIR"] {
        let value = context.run_directory();
        command.arg(format!("--setenv={name}={}", value.display()));
    }
    command.arg(context.binary()).args(["target", "memory:1M", "--pidfile"]).args(words);
    command.current_dir(context.scratch().path());
    let process = context.start("systemd-socket-activate", command)?;
    process.wait_for("that it listens", PROMPTLY, |line| {
        line.contains(&format!("Listening on {}", listen[listen.len() - 1])).then_some(())
    })?;
    Ok(process)
}

fn serves(context: &Context, words: &[&str]) -> Verdict {
    let (io, discovery) = (free_address()?, free_address()?);
    let activator = activate(context, "io:discovery", &[io, discovery], words)?;
    // Whoever comes first waits in the backlog.
    let first = TcpStream::connect(io)?;
    let target: Target = ready(activator)?;
    ensure_eq!(target.address, io, "address of the I/O controllers");
    ensure_eq!(target.discovery, Some(discovery), "address of the discovery service");
    drop(first);
    let (_admin, controller_id) = Peer::admin_queue(&target)?;
    let mut queue = Peer::io_queue(&target, controller_id)?;
    ensure!(queue.write(0, &[7; 512])?.is_success(), "a write through the given socket");
    Peer::initialized(discovery)?;
    context.ctl("target", &["exit"])?;
    context.nothing_is_left()
}

fn unknown_name(context: &Context) -> Verdict {
    let address = free_address()?;
    let mut activator = activate(context, "radio", &[address], &[])?;
    let _first = TcpStream::connect(address)?;
    let status = activator.wait(PROMPTLY)?;
    ensure_eq!(status.code(), Some(2), "exit status for a socket named radio");
    activator.wait_for("the name and those that are known", PROMPTLY, |line| {
        (line.contains("radio") && line.contains("io")).then_some(())
    })?;
    context.nothing_is_left()
}

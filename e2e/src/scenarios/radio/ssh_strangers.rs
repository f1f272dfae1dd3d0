//! Who is not to come in does not: unknown names, others' keys, passwords, keys that were taken away; and a thousand connections on
//! which nobody logs in are gone after ten seconds, while those who may come in still do.

use std::io::Read;
use std::net::TcpStream;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::server::{Radio, make_key, start, write_users};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/ssh_strangers", needs: &[Need::Program("ssh"), Need::Program("ssh-keygen")], run };

const HALF_OPEN: usize = 1000;

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[("anna", "all"), ("bert", "VR")], &[])?;
    make_key(context, "eve")?;
    let refused = |what: &str, user: &str, options: &[&str]| -> Verdict {
        let tried = context.finish("ssh", radio.ssh_command(user, options, &["version"]), PROMPTLY)?;
        ensure_eq!(tried.status, Some(255), "{what}: {}", tried.output);
        ensure!(tried.error.contains("Permission denied (publickey)"), "{what}: {}", tried.error);
        Ok(())
    };
    refused("a name that nobody has", "eve", &[])?;
    radio.logged("no such user")?;
    refused("another's key", "anna", &["-i", "eve", "-o", "IdentityFile=eve", "-l", "bert"])?;
    refused("a password", "anna", &["-o", "PubkeyAuthentication=no"])?;
    half_open(&radio)?;
    revoked(&radio)
}

fn half_open(radio: &Radio<'_>) -> Verdict {
    let mut connections = Vec::new();
    for _ in 0..HALF_OPEN {
        connections.push(TcpStream::connect(radio.ssh)?);
    }
    radio.output("anna", &["version"])?;
    for connection in &mut connections {
        connection.set_read_timeout(Some(PROMPTLY))?;
        let mut greeting = Vec::new();
        // Its end is what is waited for; the kernel may tell it as a reset.
        let _ = connection.read_to_end(&mut greeting);
        ensure!(greeting.starts_with(b"SSH-2.0-"), "{greeting:?}");
    }
    radio.logged("nobody has logged in within 10 s")?;
    radio.output("anna", &["version"])?;
    Ok(())
}

/// A session that is open when its key is taken away ends.
fn revoked(radio: &Radio<'_>) -> Verdict {
    let context = radio.context;
    let mut session = context.start("ssh bert stat", radio.ssh_command("bert", &[], &["stat"]))?;
    session.wait_for("the status", PROMPTLY, |line| line.starts_with("status: ").then_some(()))?;
    write_users(context, &[("anna", "all")])?;
    radio.process.signal(Signal::HUP)?;
    let status = session.wait(PROMPTLY)?;
    ensure_eq!(status.code(), Some(255), "the end of a session whose key is no more");
    radio.logged("the user's key or rights have been changed")?;
    ensure_eq!(radio.ssh("bert", &["version"])?.status, Some(255), "bert, afterwards");
    radio.output("anna", &["version"])?;
    Ok(())
}

//! Two thousand connections that say nothing: others are served beside them, memory stays bounded, and they go.

use e2e::bystander::Bystander;
use e2e::context::Context;
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::wire::Peer;
use rustix::process::{Resource, getrlimit, setrlimit};

use super::undisturbed;

pub(super) const SCENARIO: Scenario = Scenario { name: "hostile/idle_connections", needs: &[], run };

const CONNECTIONS: usize = 2000;

/// Most memory for each connection that has said nothing, in bytes.
const CONNECTION_BYTES_MAX: u64 = 8192;

fn run(context: &Context) -> Verdict {
    // Both ends are descriptors, one of them here; the target inherits what is set here.
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;

    undisturbed(context, |target| {
        let before = target.process.resident_bytes()?;
        let mut peers = Vec::new();
        for number in 0..CONNECTIONS {
            // Every other one gets as far as a connection can without being a queue.
            let peer = if number % 2 == 0 { Peer::connect(target.address) } else { Peer::initialized(target.address) };
            peers.push(peer.map_err(|failure| failure.during(format_args!("connection {number}")))?);
        }
        let late = Bystander::start(target)?;
        late.progress()?;
        let each = target.process.resident_bytes()?.saturating_sub(before) / CONNECTIONS as u64;
        ensure!(each <= CONNECTION_BYTES_MAX, "{each} bytes of memory for each idle connection");
        for (number, mut peer) in peers.into_iter().enumerate() {
            peer.expect_closed().map_err(|failure| failure.during(format_args!("connection {number}")))?;
        }
        late.progress()?;
        late.finish()
    })
}

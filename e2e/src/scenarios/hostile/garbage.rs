//! What speaks another protocol is told that its first byte is no PDU type, and is let go.

use e2e::context::{Context, Target};
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::wire::Peer;
use nvme::tcp::FatalErrorStatus;

use super::undisturbed;

pub(super) const SCENARIO: Scenario = Scenario { name: "hostile/garbage", needs: &[], run };

fn run(context: &Context) -> Verdict {
    undisturbed(context, |target| {
        say(target, b"GET / HTTP/1.1\r\nHost: target\r\n\r\n")?;
        // The beginning of a TLS handshake.
        say(target, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on")?;
        say(target, b"SSH-2.0-OpenSSH_9.2\r\n")?;
        // More than a target reads at once: what is left unread must not turn its answer into a reset.
        say(target, &vec![0xff; 1 << 20])
    })
}

fn say(target: &Target, bytes: &[u8]) -> Verdict {
    let mut peer = Peer::connect(target.address)?;
    // The target may close while the rest is still being sent; what counts is what it says.
    let _ = peer.send(bytes);
    peer.expect_termination(FatalErrorStatus::INVALID_PDU_HEADER_FIELD, 0)
}

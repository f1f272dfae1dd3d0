//! A PDU of a type that does not exist, or that only controllers send: Invalid PDU Header Field at offset 0, before and after
//! Connect.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::wire::{Peer, command_header};
use nvme::tcp::FatalErrorStatus;
use nvme::tcp::pdu::{CommonHeader, PduType};
use zerocopy::IntoBytes;

use super::undisturbed;

pub(super) const SCENARIO: Scenario = Scenario { name: "hostile/unknown_type", needs: &[], run };

/// 08h lies in the middle of the assigned types, 0Ah behind them; the others are of the wrong direction.
const TYPES: &[PduType] =
    &[PduType(0x08), PduType(0x0a), PduType(0xff), PduType::RESPONSE_CAPSULE, PduType::CONTROLLER_DATA];

fn run(context: &Context) -> Verdict {
    undisturbed(context, |target| {
        for &pdu_type in TYPES {
            let header = CommonHeader { pdu_type, ..command_header(0) };
            let bytes = [header.as_bytes(), &[0; 64]].concat();
            let (admin, controller_id) = Peer::admin_queue(target)?;
            let peers = [
                ("before ICReq", Peer::connect(target.address)?),
                ("before Connect", Peer::initialized(target.address)?),
                ("on an I/O queue", Peer::io_queue(target, controller_id)?),
                ("on an Admin queue", admin),
            ];
            for (place, mut peer) in peers {
                peer.send(&bytes)?;
                peer.expect_termination(FatalErrorStatus::INVALID_PDU_HEADER_FIELD, 0)
                    .map_err(|failure| failure.during(format_args!("type {:02X}h {place}", pdu_type.0)))?;
            }
        }
        Ok(())
    })
}

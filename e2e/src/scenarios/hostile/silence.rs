//! Half of something and then silence: closed when its time is over, wherever it stopped. All wait at the same time.

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::scenario::Scenario;
use e2e::wire::{Peer, Reply, command_header};
use nvme::base::command::SglDescriptor;
use nvme::nvm::{NvmOpcode, ReadWrite};
use nvme::tcp::pdu::InitializeRequest;
use zerocopy::IntoBytes;

use super::undisturbed;

pub(super) const SCENARIO: Scenario = Scenario { name: "hostile/silence", needs: &[], run };

fn run(context: &Context) -> Verdict {
    undisturbed(context, |target| {
        let nothing = Peer::connect(target.address)?;

        let mut half_request = Peer::connect(target.address)?;
        half_request.send(&InitializeRequest::new(0, 0, 0).as_bytes()[..64])?;

        let no_connect = Peer::initialized(target.address)?;

        let (admin, controller_id) = Peer::admin_queue(target)?;
        let mut half_header = Peer::io_queue(target, controller_id)?;
        half_header.send(&command_header(0).as_bytes()[..7])?;

        // A command whose data were asked for and never come.
        let (other_admin, controller_id) = Peer::admin_queue(target)?;
        let mut no_data = Peer::io_queue(target, controller_id)?;
        let write = ReadWrite {
            first_block: 0,
            block_count: 256,
            force_unit_access: false,
            limited_retry: false,
            deallocate: false,
            protection: 0,
        };
        let mut entry = write.command(NvmOpcode::WRITE, 1);
        entry.data_pointer = SglDescriptor::transport(256 * 512);
        no_data.submit(&entry, &[])?;
        match no_data.receive()? {
            Reply::ReadyToTransfer(_) => {}
            other => return Err(Failure::new(format!("a write was answered with {other:?}"))),
        }

        let peers = [
            ("nothing at all", nothing),
            ("half an ICReq", half_request),
            ("no Connect", no_connect),
            ("half a header", half_header),
            ("no data for an R2T", no_data),
        ];
        for (case, mut peer) in peers {
            // With or without a last word.
            match peer.receive() {
                Ok(Reply::Terminated { .. } | Reply::Closed) => {}
                Ok(other) => return Err(Failure::new(format!("{other:?}")).during(case)),
                Err(failure) => return Err(failure.during(case)),
            }
        }
        drop((admin, other_admin));
        Ok(())
    })
}

//! Lengths that no proper host sends: refused before they size anything.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::wire::{Peer, Reply, command_header};
use e2e::{ensure, ensure_eq};
use nvme::base::command::{SglDescriptor, SubmissionQueueEntry};
use nvme::nvm::{NvmOpcode, ReadWrite};
use nvme::tcp::FatalErrorStatus;
use nvme::tcp::pdu::{CommandCapsule, CommonHeader, InitializeRequest};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U32;

use super::undisturbed;

pub(super) const SCENARIO: Scenario = Scenario { name: "hostile/length_above_limit", needs: &[], run };

fn run(context: &Context) -> Verdict {
    undisturbed(context, |target| {
        // An ICReq of more than 128 bytes: PLEN, at offset 4, is wrong.
        let mut request = InitializeRequest::new(0, 0, 0);
        request.common.pdu_length = U32::new(u32::MAX);
        let mut peer = Peer::connect(target.address)?;
        peer.send(request.as_bytes())?;
        peer.expect_termination(FatalErrorStatus::INVALID_PDU_HEADER_FIELD, 4)?;

        // A capsule with 4 GiB of data in it.
        for length in [u32::MAX, 1 << 31, 72 + 8192 + 4] {
            let common = CommonHeader { pdu_length: U32::new(length), data_offset: 72, ..command_header(0) };
            let mut entry = SubmissionQueueEntry::new(NvmOpcode::WRITE.0, 1);
            entry.data_pointer = SglDescriptor::in_capsule(0, length - 72);
            let (admin, controller_id) = Peer::admin_queue(target)?;
            let mut peer = Peer::io_queue(target, controller_id)?;
            peer.send(CommandCapsule { common, entry }.as_bytes())?;
            peer.expect_termination(FatalErrorStatus::LIMIT_EXCEEDED, 0)
                .map_err(|failure| failure.during(format_args!("PLEN {length}")))?;
            drop(admin);
        }

        // A read of more than the controller transfers in one command: an error of the command, not of the connection.
        let (_admin, controller_id) = Peer::admin_queue(target)?;
        let mut peer = Peer::io_queue(target, controller_id)?;
        let block_count = 1 << 16;
        let read = ReadWrite {
            first_block: 0,
            block_count,
            force_unit_access: false,
            limited_retry: false,
            deallocate: false,
            protection: 0,
        };
        let mut entry = read.command(NvmOpcode::READ, 1);
        entry.data_pointer = SglDescriptor::transport(block_count * 512);
        peer.submit(&entry, &[])?;
        let Reply::Completed(completion) = peer.receive()? else {
            return Err(e2e::failure::Failure::new("a read of 32 MiB was not refused"));
        };
        ensure!(!completion.status().is_success(), "a read of 32 MiB succeeded");
        let mut block = [0; 512];
        ensure_eq!(peer.read(0, &mut block)?.is_success(), true, "the read after it");
        Ok(())
    })
}

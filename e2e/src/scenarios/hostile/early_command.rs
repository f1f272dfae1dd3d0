//! Commands before their time: before ICReq the connection is terminated, before Connect the command fails with Command
//! Sequence Error and the connection may still become a queue.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::wire::{Peer, command_header};
use e2e::{ensure, ensure_eq};
use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::property::PropertyOffset;
use nvme::base::status::Status;
use nvme::fabrics::{ConnectData, PropertyGet, PropertySize};
use nvme::nvm::NvmOpcode;
use nvme::tcp::FatalErrorStatus;
use nvme::tcp::pdu::CommandCapsule;
use zerocopy::IntoBytes;

use super::undisturbed;

pub(super) const SCENARIO: Scenario = Scenario { name: "hostile/early_command", needs: &[], run };

fn run(context: &Context) -> Verdict {
    undisturbed(context, |target| {
        let keep_alive = SubmissionQueueEntry::new(AdminOpcode::KEEP_ALIVE.0, 0);
        let mut peer = Peer::connect(target.address)?;
        peer.send(CommandCapsule { common: command_header(0), entry: keep_alive }.as_bytes())?;
        peer.expect_termination(FatalErrorStatus::PDU_SEQUENCE_ERROR, 0)?;

        let property = PropertyGet::new(PropertyOffset::CAPABILITIES, PropertySize::EIGHT_BYTES);
        let early = [keep_alive, *property.as_entry(), SubmissionQueueEntry::new(NvmOpcode::FLUSH.0, 1)];
        let mut peer = Peer::initialized(target.address)?;
        for entry in early {
            let status = peer.command(entry, &[], &mut [])?.status();
            ensure!(status.same_code(Status::COMMAND_SEQUENCE_ERROR), "opcode {:02X}h: {status}", entry.opcode);
        }
        let completion = peer.connect_queue(0, ConnectData::DYNAMIC_CONTROLLER, &target.nqn)?;
        ensure_eq!(completion.status(), Status::SUCCESS, "Connect after them");
        Ok(())
    })
}

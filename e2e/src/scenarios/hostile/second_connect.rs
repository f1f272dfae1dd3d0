//! Connect on a connection that is a queue already fails with Command Sequence Error; the queue stays.

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::wire::Peer;
use nvme::base::status::Status;
use nvme::fabrics::ConnectData;

use super::undisturbed;

pub(super) const SCENARIO: Scenario = Scenario { name: "hostile/second_connect", needs: &[], run };

fn run(context: &Context) -> Verdict {
    undisturbed(context, |target| {
        let (mut admin, controller_id) = Peer::admin_queue(target)?;
        let again = admin.connect_queue(0, ConnectData::DYNAMIC_CONTROLLER, &target.nqn)?.status();
        ensure!(again.same_code(Status::COMMAND_SEQUENCE_ERROR), "second Connect of the Admin queue: {again}");
        admin.enable()?;

        let mut io = Peer::io_queue(target, controller_id)?;
        let again = io.connect_queue(1, controller_id, &target.nqn)?.status();
        // An I/O queue knows no Connect; either way the specification has it fail, and the queue works on.
        ensure!(!again.is_success(), "second Connect of an I/O queue succeeded");
        let mut block = [0; 512];
        let status = io.read(0, &mut block)?;
        ensure!(status.is_success(), "read after the second Connect: {status}");

        // The same queue on another connection, while the first is alive.
        let mut twin = Peer::initialized(target.address)?;
        let taken = twin.connect_queue(1, controller_id, &target.nqn)?.status();
        ensure!(!taken.is_success(), "queue 1 was given away twice");
        let status = io.read(0, &mut block)?;
        ensure!(status.is_success(), "read after the attempt to take the queue: {status}");
        Ok(())
    })
}

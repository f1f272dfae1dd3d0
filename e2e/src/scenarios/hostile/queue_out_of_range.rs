//! Connect with parameters that do not fit fails with the status that names the parameter by its offset.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::wire::Peer;
use e2e::{ensure, ensure_eq};
use nvme::base::status::Status;
use nvme::fabrics::{ConnectData, ConnectResult, InvalidParameter};

use super::undisturbed;

pub(super) const SCENARIO: Scenario = Scenario { name: "hostile/queue_out_of_range", needs: &[], run };

fn run(context: &Context) -> Verdict {
    undisturbed(context, |target| {
        let (_admin, controller_id) = Peer::admin_queue(target)?;
        let nqn = target.nqn.as_str();
        let no_controller = controller_id ^ 0x4000;
        let cases = [
            ("queue 4000", 4000, controller_id, nqn, InvalidParameter::QUEUE_ID),
            ("queue 65535", 65535, controller_id, nqn, InvalidParameter::QUEUE_ID),
            ("a controller that does not exist", 1, no_controller, nqn, InvalidParameter::CONTROLLER_ID),
            ("an Admin queue of a given controller", 0, controller_id, nqn, InvalidParameter::CONTROLLER_ID),
            (
                "a subsystem that does not exist",
                0,
                ConnectData::DYNAMIC_CONTROLLER,
                "nqn.2026-11.io.tidegate:nowhere",
                InvalidParameter::SUBSYSTEM_NQN,
            ),
        ];
        for (case, queue_id, controller_id, nqn, parameter) in cases {
            let mut peer = Peer::initialized(target.address)?;
            let completion = peer.connect_queue(queue_id, controller_id, nqn)?;
            let status = completion.status();
            ensure!(status.same_code(Status::CONNECT_INVALID_PARAMETERS), "{case}: {status}");
            let result = ConnectResult::parse(status, completion.result_dword0());
            ensure_eq!(result, ConnectResult::InvalidParameter(parameter), "{case}");
        }
        Ok(())
    })
}

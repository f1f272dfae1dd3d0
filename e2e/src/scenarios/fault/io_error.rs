//! A disk with bad blocks under a namespace, in a guest that has target, host and disk: media errors for the bad blocks and for
//! them alone.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::kernel::{self, Script};
use e2e::needs::Need;
use e2e::scenario::Scenario;

pub(super) const SCENARIO: Scenario = Scenario { name: "fault/io_error", needs: NEEDS, run };

const NEEDS: &[Need] = &{
    let mut needs = [Need::Program("dmsetup"); kernel::NEEDS.len() + 1];
    let mut index = 0;
    while index < kernel::NEEDS.len() {
        needs[index] = kernel::NEEDS[index];
        index += 1;
    }
    needs
};

/// The port is not used: target and host are in the same guest.
const NO_PORT: u16 = 1;

fn run(context: &Context) -> Verdict {
    Script::new("io_error", 2).option("--tool", context.binary()).option("--tool", "dmsetup").run(context, NO_PORT)
}

//! The target is killed with I/O in flight and started again: the host resumes without an error, and what it wrote before is
//! there.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::kernel::{NEEDS, SCRIPT_LIMIT, Script};
use e2e::scenario::Scenario;

use super::FILE_BYTES;

pub(super) const SCENARIO: Scenario = Scenario { name: "kernel/reconnect", needs: NEEDS, run };

fn run(context: &Context) -> Verdict {
    let file = context.scratch().sparse_file("disk.img", FILE_BYTES)?.display().to_string();
    let mut target = context.target(&[&file])?;
    let guest = Script::new("reconnect", 2).variable("PERSIST", "1").start(context, target.address.port())?;
    // The script says so with its load under way.
    guest.process.wait_for("READY", SCRIPT_LIMIT, |line| (line == "READY").then_some(()))?;
    let address = target.address.to_string();
    target.process.kill();
    let _again = context.target_at(&address, &[&file])?;
    guest.passes()
}

//! The power is cut while a namespace is written: every block whose flush was acknowledged is on the disk after the next boot.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::kernel::{NEEDS, SCRIPT_LIMIT, Script};
use e2e::process::Stream;
use e2e::scenario::Scenario;

pub(super) const SCENARIO: Scenario = Scenario { name: "kernel/flushed_survives_power_cut", needs: NEEDS, run };

/// The power is cut after this block.
const CUT_AFTER: u64 = 40;

/// The port is not used: target and host are in the same guest.
const NO_PORT: u16 = 1;

fn run(context: &Context) -> Verdict {
    let disk = context.scratch().sparse_file("vdb", 256 << 20)?;
    let script = |phase: &str| {
        Script::new("power_cut", 2).option("--disk", &disk).option("--tool", context.binary()).variable("PHASE", phase)
    };
    let mut guest = script("write").start(context, NO_PORT)?;
    let flushed = |line: &str| line.strip_prefix("FLUSHED ")?.parse::<u64>().ok();
    guest
        .process
        .wait_for("a flushed block", SCRIPT_LIMIT, |line| flushed(line).filter(|&number| number >= CUT_AFTER))?;
    guest.process.kill();
    let said = guest.process.transcript().text(Stream::Output);
    let last = said.lines().filter_map(flushed).max().unwrap_or(CUT_AFTER);
    script("check").variable("LAST", &last.to_string()).run(context, NO_PORT)
}

//! An address that cannot be listened on: exit status 1 and one line that names it.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;

use super::refused;

pub(super) const SCENARIO: Scenario = Scenario { name: "cli/port_in_use", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let first = context.target(&["memory:1M"])?;
    let address = first.address.to_string();
    let second = context.run(&["target", "-l", &address, "--discovery", "none", "memory:1M"])?;
    refused(&second, 1, &[&address, "in use"])?;
    let discovery = context.run(&["target", "-l", "127.0.0.1:0", "--discovery", &address, "memory:1M"])?;
    refused(&discovery, 1, &[&address, "in use"])?;
    // An address of the range for documentation is no machine's own.
    let foreign = context.run(&["target", "-l", "192.0.2.1:4420", "--discovery", "none", "memory:1M"])?;
    refused(&foreign, 1, &["192.0.2.1:4420"])
}

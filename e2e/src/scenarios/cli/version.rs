//! `--version` says name and version in one line.

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;

pub(super) const SCENARIO: Scenario = Scenario { name: "cli/version", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let version = context.run(&["--version"])?;
    ensure_eq!(version.status, Some(0), "exit status");
    ensure_eq!(version.output, format!("tidegate {}\n", env!("CARGO_PKG_VERSION")), "standard output");
    Ok(())
}

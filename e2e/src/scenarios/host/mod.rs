//! `tidegate nvme`: our own host, as people and scripts use it.

mod backends;
mod copy;
mod inspect;
mod outage;
mod perf;
mod refusals;

use e2e::context::{Context, Finished, Target};
use e2e::failure::Failure;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use serde_json::Value;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] =
    &[inspect::SCENARIO, copy::SCENARIO, backends::SCENARIO, refusals::SCENARIO, perf::SCENARIO, outage::SCENARIO];

/// Runs `tidegate nvme SUBCOMMAND ADDR ARGUMENTS` to its end.
fn nvme(context: &Context, subcommand: &str, target: &Target, arguments: &[&str]) -> Result<Finished, Failure> {
    let address = target.address.to_string();
    let mut command = context.tidegate(&["nvme", subcommand, &address]);
    command.args(arguments);
    context.finish(&format!("tidegate nvme {subcommand}"), command, PROMPTLY)
}

/// The same, and demands success.
fn nvme_well(context: &Context, subcommand: &str, target: &Target, arguments: &[&str]) -> Result<String, Failure> {
    let finished = nvme(context, subcommand, target, arguments)?;
    if finished.status != Some(0) || !finished.error.is_empty() {
        let Finished { status, error, .. } = finished;
        return Err(Failure::new(format!("nvme {subcommand} {arguments:?} ended with {status:?}: {error}")));
    }
    Ok(finished.output)
}

/// The same with `--json`, as one JSON document.
fn nvme_json(context: &Context, subcommand: &str, target: &Target, arguments: &[&str]) -> Result<Value, Failure> {
    let output = nvme_well(context, subcommand, target, &[arguments, &["--json"]].concat())?;
    serde_json::from_str(&output).map_err(|error| Failure::from(error).during(format_args!("the JSON of {subcommand}")))
}

/// So many bytes that differ from one place to another.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251 + at / 65_521).to_le_bytes()[0]).collect()
}

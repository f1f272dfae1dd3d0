//! Peers that break the rules, over real sockets. Each gets the answer that the specification gives it and loses its own
//! connection at most; a host beside it works on, and no memory is kept.

mod early_command;
mod garbage;
mod idle_connections;
mod length_above_limit;
mod queue_out_of_range;
mod second_connect;
mod silence;
mod unknown_type;

use e2e::bystander::Bystander;
use e2e::context::{Context, Target};
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[
    garbage::SCENARIO,
    unknown_type::SCENARIO,
    length_above_limit::SCENARIO,
    early_command::SCENARIO,
    second_connect::SCENARIO,
    queue_out_of_range::SCENARIO,
    silence::SCENARIO,
    idle_connections::SCENARIO,
];

/// How much more memory a target may have after the attack than before it, in bytes: what its allocator and its pools keep.
/// A target that believed a length of 4 GiB, or kept what 2000 connections left, would have far more.
const MEMORY_GROWTH_MAX: u64 = 24 << 20;

/// Starts a target with a host at work, lets the attack happen, and checks that neither was impressed.
fn undisturbed(context: &Context, attack: impl FnOnce(&Target) -> Verdict) -> Verdict {
    let mut target = context.target(&["memory:16M"])?;
    let bystander = Bystander::start(&target)?;
    let before = target.process.resident_bytes()?;
    attack(&target)?;
    bystander.progress()?;
    bystander.finish()?;
    ensure!(target.process.is_running()?, "the target ended");
    let grown = target.process.resident_bytes()?.saturating_sub(before);
    ensure!(grown <= MEMORY_GROWTH_MAX, "the target has {grown} bytes of memory more than before");
    Ok(())
}

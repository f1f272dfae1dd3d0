//! Services under `up` and `--monitor`: what they survive, and that no client is refused meanwhile.

mod chaos;
mod matrix;
mod orphans;
mod pair;
mod reload;
mod restarts;
mod upgrade;

use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] =
    &[reload::SCENARIO, restarts::SCENARIO, upgrade::SCENARIO, orphans::SCENARIO, chaos::SCENARIO, matrix::SCENARIO];

//! Services under `up` and `--monitor`: what they survive, and that no client is refused meanwhile.

use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[];

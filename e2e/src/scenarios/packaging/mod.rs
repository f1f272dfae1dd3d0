//! What a package installs: units that systemd accepts and rates as confined, scripts that a shell can read.

mod scripts;
mod units;

use e2e::scenario::Scenario;

pub(super) const TABLE: &[Scenario] = &[units::SCENARIO, scripts::SCENARIO];

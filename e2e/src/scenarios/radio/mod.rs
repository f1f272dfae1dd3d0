//! The radio, as its listeners and its operators see it.

mod library;

use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[library::SCENARIO];

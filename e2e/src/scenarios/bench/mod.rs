//! The load generator beside fio: the same job files, and what both make of them.

mod case;
mod comparison;
mod difference;
mod pair;

use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = comparison::TABLE;

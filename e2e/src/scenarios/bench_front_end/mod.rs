//! The front end: `tidegate bench --client` with real workers of fio and our own.

mod failures;
mod live_view;
mod logs;
mod many;
mod network;
mod orders;
mod reports;
mod ssh;
mod trigger;
mod worker;

use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[
    reports::JSON,
    reports::NORMAL,
    reports::TWO_WORKERS,
    many::SCENARIO,
    logs::PLAIN,
    logs::HISTOGRAM,
    logs::STORED,
    orders::ORDERS,
    failures::JOB,
    failures::REFUSED,
    failures::UNREACHABLE,
    failures::KILLED,
    failures::INTERRUPTED,
    live_view::KEYS,
    live_view::DYING,
    live_view::HUNG,
    trigger::SCENARIO,
    network::TWO,
    network::FOUR,
    ssh::WORKER,
    ssh::REFUSED,
];

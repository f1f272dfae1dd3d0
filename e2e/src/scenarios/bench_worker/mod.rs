//! The load generator's worker, driven by fio's own front end, and by peers that are none.

mod clients;
mod failing;
mod front_end;
mod hostile;
mod logs;
mod networks;
mod refusals;
mod reports;
mod service;
mod space;
mod trigger;
mod verify_state;
mod worker;

use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[
    reports::SCENARIO,
    logs::FIO,
    logs::UNCOMPRESSED,
    clients::PARALLEL,
    clients::QUEUED,
    clients::KILLED,
    failing::SCENARIO,
    verify_state::SCENARIO,
    trigger::SCENARIO,
    space::SCENARIO,
    refusals::JOBS,
    refusals::COMMANDS,
    networks::SCENARIO,
    service::DAEMON,
    service::CONFINED,
    service::SUPERVISED,
    hostile::PEERS,
    hostile::IDLE,
];

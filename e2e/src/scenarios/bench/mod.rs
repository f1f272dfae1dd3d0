//! The load generator beside fio: the same job files, and what both make of them.

mod bins;
mod case;
mod comparison;
mod damage;
pub(super) mod difference;
mod hung;
mod interrupted;
mod loop_device;
mod mounted;
mod nvme_tcp;
mod pair;
mod random_jobs;
mod status_line;
mod stored_logs;
mod terse;
mod text;
mod trigger;
mod trouble;

use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[
    comparison::WORKLOADS,
    comparison::ENGINES,
    comparison::JOBS,
    comparison::PROOFS,
    comparison::REPORTS,
    comparison::REFUSALS,
    random_jobs::SCENARIO,
    interrupted::SCENARIO,
    mounted::SCENARIO,
    trouble::FULL,
    trouble::FAILING,
    trouble::SMALL,
    trouble::TRIMS,
    trouble::PROGRAMS,
    trouble::UTILISATION,
    trouble::SCHEDULER,
    hung::TOLD,
    hung::STOPPED,
    hung::TRIGGERED,
    status_line::SCENARIO,
    stored_logs::SCENARIO,
    terse::SCENARIO,
    trigger::SCENARIO,
    nvme_tcp::SCENARIO,
    nvme_tcp::KILLED,
    damage::SCENARIO,
    nvme_tcp::HUNG,
];

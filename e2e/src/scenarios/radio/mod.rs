//! The radio: what real players receive, who controls it and how, and what disturbs it.

mod crash;
mod ctl;
mod mpd;
mod reload;
mod serve;
mod server;
mod ssh_commands;
mod ssh_follow;
mod ssh_shell;
mod ssh_strangers;

use e2e::scenario::Scenario;

pub(super) const TABLE: &[Scenario] = &[
    serve::SCENARIO,
    ctl::SCENARIO,
    mpd::SCENARIO,
    ssh_shell::SCENARIO,
    ssh_follow::SCENARIO,
    ssh_commands::SCENARIO,
    crash::SCENARIO,
    reload::SCENARIO,
    ssh_strangers::SCENARIO,
];

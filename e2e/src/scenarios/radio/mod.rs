//! The radio: what real players receive, who controls it and how, and what disturbs it.

mod bad_files;
mod crash;
mod ctl;
mod full_disk;
mod library;
mod moods;
mod mpd;
mod mpd_comparison;
mod mpd_malp;
mod mpd_ncmpcpp;
mod mpd_station;
mod options;
mod reload;
mod renewal;
mod serve;
mod server;
mod ssh_commands;
mod ssh_follow;
mod ssh_shell;
mod ssh_strangers;
mod stream_crowd;
mod stream_deleted;
mod stream_formats;
mod stream_loss;
mod stream_players;
mod stream_requests;
mod stream_station;
mod stream_udp;

use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[
    library::SCENARIO,
    serve::SCENARIO,
    ctl::SCENARIO,
    mpd::SCENARIO,
    mpd_comparison::SCENARIO,
    mpd_malp::SCENARIO,
    mpd_ncmpcpp::SCENARIO,
    moods::SCENARIO,
    ssh_shell::SCENARIO,
    ssh_follow::SCENARIO,
    ssh_commands::SCENARIO,
    crash::SCENARIO,
    options::SCENARIO,
    reload::SCENARIO,
    renewal::SCENARIO,
    bad_files::SCENARIO,
    full_disk::SCENARIO,
    ssh_strangers::SCENARIO,
    stream_formats::SCENARIO,
    stream_players::SCENARIO,
    stream_requests::SCENARIO,
    stream_crowd::SCENARIO,
    stream_deleted::SCENARIO,
    stream_udp::SCENARIO,
    stream_loss::SCENARIO,
];

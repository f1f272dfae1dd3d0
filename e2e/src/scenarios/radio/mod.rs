//! The radio: what real players receive, and what disturbs them.

mod stream_crowd;
mod stream_deleted;
mod stream_formats;
mod stream_players;
mod stream_requests;
mod stream_station;
mod stream_udp;

use e2e::scenario::Scenario;

pub(super) const TABLE: &[Scenario] = &[
    stream_formats::SCENARIO,
    stream_players::SCENARIO,
    stream_requests::SCENARIO,
    stream_crowd::SCENARIO,
    stream_deleted::SCENARIO,
    stream_udp::SCENARIO,
];

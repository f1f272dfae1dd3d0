//! Players play it: ffmpeg decodes without a complaint, mpv plays to the time that it was asked for.

use std::process::Command;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::stream_station::{PATIENCE, for_each_format, song, station};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/stream_players", needs: &[Need::Program("ffmpeg"), Need::Program("mpv")], run };

fn run(context: &Context) -> Verdict {
    for_each_format(|name, codec| one_format(context, name, codec))
}

fn one_format(context: &Context, name: &str, codec: &[&str]) -> Verdict {
    let folder = context.scratch().path().join(name.replace('.', "-"));
    song(context, &folder, name, codec, 20, 330)?;
    let station = station(context, &folder, &[])?;
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-loglevel", "error", "-t", "3", "-i", &station.url("/"), "-f", "null", "-"]);
    let decoded = context.finish("ffmpeg", ffmpeg, PATIENCE)?;
    ensure_eq!(decoded.status, Some(0), "ffmpeg");
    ensure!(decoded.error.trim().is_empty(), "ffmpeg complains: {}", decoded.error);
    let mut mpv = Command::new("mpv");
    mpv.args(["--no-config", "--no-video", "--ao=null", "--length=3", "--msg-level=all=error", &station.url("/")]);
    let played = context.finish("mpv", mpv, PATIENCE)?;
    ensure_eq!(played.status, Some(0), "mpv");
    Ok(())
}

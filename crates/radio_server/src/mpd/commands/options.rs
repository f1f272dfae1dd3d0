//! Options of playing. Most of them a station has decided; setting them to what they are is accepted, so that clients that restore
//! their state are not held up.

use radio_stream::link::{Playback, Request};

use super::super::refusal::Refusal;
use super::{CONTROL, Call, Entry, entry};
use crate::rights::Rights;
use crate::station::wall_ms;

pub(super) const ENTRIES: &[Entry] = &[
    entry("consume", CONTROL, (1, 1), |call| {
        decided(call, true, "a station's queue is consumed: what was played is gone")
    }),
    entry("repeat", CONTROL, (1, 1), |call| {
        decided(call, false, "nothing repeats; a mood or playlist goes on for ever")
    }),
    entry("random", CONTROL, (1, 1), random),
    entry("single", CONTROL, (1, 1), single),
    entry("crossfade", CONTROL, (1, 1), |call| zero(call, "songs are not decoded, so that they cannot be faded")),
    entry("mixrampdb", CONTROL, (1, 1), mix_ramp),
    entry("mixrampdelay", CONTROL, (1, 1), mix_ramp),
    entry("setvol", CONTROL, (1, 1), |call| no_mixer(call, 0)),
    entry("volume", CONTROL, (1, 1), |call| no_mixer(call, -100)),
    entry("getvol", Rights::STREAM_READ, (0, 0), |_| Ok(())),
    entry("replay_gain_mode", CONTROL, (1, 1), replay_gain_mode),
    entry("replay_gain_status", Rights::STREAM_READ, (0, 0), replay_gain_status),
];

/// Songs are not decoded, so that nothing comes of it.
fn mix_ramp(call: &mut Call<'_>) -> Result<(), Refusal> {
    let text = call.argument(0);
    text.parse::<f64>().map(drop).map_err(|_| Refusal::argument(format_args!("Float expected: {text}")))
}

fn no_mixer(call: &Call<'_>, least: i32) -> Result<(), Refusal> {
    let volume: i32 = call.number(0)?;
    if !(least..=100).contains(&volume) {
        return Err(Refusal::argument(format_args!("Number too large: {volume}")));
    }
    Err(Refusal::not_here("problems setting volume: there is no mixer; listeners have their own"))
}

fn decided(call: &Call<'_>, is: bool, reason: &'static str) -> Result<(), Refusal> {
    if call.switch(0)? == is { Ok(()) } else { Err(Refusal::not_here(reason)) }
}

fn zero(call: &Call<'_>, reason: &'static str) -> Result<(), Refusal> {
    if call.number::<u32>(0)? == 0 { Ok(()) } else { Err(Refusal::not_here(reason)) }
}

/// What was asked for is played at random. Remembered, as MPD does: a station that starts anew goes on so.
fn random(call: &mut Call<'_>) -> Result<(), Refusal> {
    let on = call.switch(0)?;
    call.ask(Request::Random { seed: on.then(wall_ms) })?;
    Ok(call.server.context.program.remember_random(on)?)
}

/// `oneshot` stops behind the current song; `0` takes that back.
fn single(call: &mut Call<'_>) -> Result<(), Refusal> {
    let status = call.station()?;
    match call.argument(0) {
        "oneshot" => call.ask(Request::NoMore).map(drop),
        "0" if status.flags.no_more && status.playback == Playback::Playing => call.ask(Request::Play).map(drop),
        "0" => Ok(()),
        "1" => {
            Err(Refusal::not_here("a station does not stop behind every song; single oneshot stops behind this one"))
        }
        other => Err(Refusal::argument(format_args!("Unrecognized single mode: {other}; expected 0 or oneshot"))),
    }
}

fn replay_gain_mode(call: &mut Call<'_>) -> Result<(), Refusal> {
    match call.argument(0) {
        "off" => Ok(()),
        "track" | "album" | "auto" => Err(Refusal::not_here("songs are not decoded; listeners apply their gain")),
        other => Err(Refusal::argument(format_args!("Unrecognized replay gain mode: {other}"))),
    }
}

fn replay_gain_status(call: &mut Call<'_>) -> Result<(), Refusal> {
    call.reply.line("replay_gain_mode", "off");
    Ok(())
}

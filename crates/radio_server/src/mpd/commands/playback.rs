//! Play, pause, stop, next, and places within a song.

use radio_stream::link::{EntryId, Playback, Request};

use super::super::refusal::Refusal;
use super::{CONTROL, Call, Entry, entry};

pub(super) const ENTRIES: &[Entry] = &[
    entry("play", CONTROL, (0, 1), play),
    entry("playid", CONTROL, (0, 1), play_id),
    entry("pause", CONTROL, (0, 1), pause),
    entry("stop", CONTROL, (0, 0), |call| call.ask(Request::Stop).map(drop)),
    entry("next", CONTROL, (0, 0), |call| call.ask(Request::Next).map(drop)),
    entry("previous", CONTROL, (0, 0), previous),
    entry("seek", CONTROL, (2, 2), seek),
    entry("seekid", CONTROL, (2, 2), seek_id),
    entry("seekcur", CONTROL, (1, 1), seek_current),
];

fn play(call: &mut Call<'_>) -> Result<(), Refusal> {
    match call.argument(0) {
        "" | "-1" => call.ask(Request::Play).map(drop),
        position => play_at(call, super::number(position)?),
    }
}

fn play_id(call: &mut Call<'_>) -> Result<(), Refusal> {
    match call.argument(0) {
        "" | "-1" => call.ask(Request::Play).map(drop),
        id => {
            let id = super::number(id)?;
            let current = call.station()?.current.as_ref().map(|current| current.entry.id.0);
            if current == Some(id) { call.ask(Request::Play).map(drop) } else { play_entry(call, id) }
        }
    }
}

fn play_at(call: &mut Call<'_>, position: u32) -> Result<(), Refusal> {
    if position == 0 && call.station()?.current.is_some() {
        return call.ask(Request::Play).map(drop);
    }
    let id = call.at(position)?;
    play_entry(call, id.0)
}

fn play_entry(call: &mut Call<'_>, id: u32) -> Result<(), Refusal> {
    call.ask(Request::PlayEntry { id: EntryId(id) }).map(drop)
}

fn pause(call: &mut Call<'_>) -> Result<(), Refusal> {
    let playback = call.station()?.playback;
    let pause = if call.arguments.is_empty() { playback == Playback::Playing } else { call.switch(0)? };
    match (pause, playback) {
        (true, Playback::Playing) => call.ask(Request::Pause).map(drop),
        (false, Playback::Paused) => call.ask(Request::Play).map(drop),
        // Parity: nothing else can be paused or goes on.
        _ => Ok(()),
    }
}

/// What was played is gone from the queue: the current song begins again.
fn previous(call: &mut Call<'_>) -> Result<(), Refusal> {
    call.ask(Request::Seek { position_ms: 0 }).map(drop)
}

fn seek(call: &mut Call<'_>) -> Result<(), Refusal> {
    let position: u32 = call.number(0)?;
    let position_ms = milliseconds(call.argument(1))?;
    if position != 0 || call.station()?.current.is_none() {
        play_at(call, position)?;
    }
    call.ask(Request::Seek { position_ms }).map(drop)
}

fn seek_id(call: &mut Call<'_>) -> Result<(), Refusal> {
    let id: u32 = call.number(0)?;
    let position_ms = milliseconds(call.argument(1))?;
    let current = call.station()?.current.as_ref().map(|current| current.entry.id.0);
    if current != Some(id) {
        play_entry(call, id)?;
    }
    call.ask(Request::Seek { position_ms }).map(drop)
}

fn seek_current(call: &mut Call<'_>) -> Result<(), Refusal> {
    let text = call.argument(0);
    let request = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(forward), _) => Request::FastForward { delta_ms: signed(milliseconds(forward)?) },
        (_, Some(back)) => Request::FastForward { delta_ms: -signed(milliseconds(back)?) },
        _ => Request::Seek { position_ms: milliseconds(text)? },
    };
    call.ask(request).map(drop)
}

/// Longest time that one can go to: a week.
const POSITION_MAX_MS: u64 = 7 * 24 * 3600 * 1000;

/// Seconds with decimals.
pub(super) fn milliseconds(text: &str) -> Result<u64, Refusal> {
    let malformed = || Refusal::argument(format_args!("Float expected: {text}"));
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && decimals.is_empty() || !digits(whole) || !digits(decimals) {
        return Err(malformed());
    }
    let seconds: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| malformed())? };
    let padded: String = decimals.chars().chain("000".chars()).take(3).collect();
    let thousandths: u64 = padded.parse().map_err(|_| malformed())?;
    Ok(seconds.saturating_mul(1000).saturating_add(thousandths).min(POSITION_MAX_MS))
}

fn signed(milliseconds: u64) -> i64 {
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_decimals_or_not() {
        for (text, expected) in
            [("3", 3000), ("3.5", 3500), ("0.0019", 1), (".25", 250), ("99999999999999", POSITION_MAX_MS)]
        {
            assert_eq!(milliseconds(text), Ok(expected), "{text}");
        }
        for text in ["", ".", "x", "1e3", "-1", "1.5.2"] {
            assert!(milliseconds(text).is_err(), "{text}");
        }
    }
}

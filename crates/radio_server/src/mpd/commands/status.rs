//! What is heard at the moment, and what there is.

use radio_library::search::{Filter, Tag};
use radio_library::song::SongId;
use radio_stream::link::Playback;

use super::super::refusal::Refusal;
use super::super::reply::Seconds;
use super::{Call, Entry, READ, entry};
use crate::rights::Rights;
use crate::station::wall_ms;

pub(super) const ENTRIES: &[Entry] = &[
    entry("status", Rights::STREAM_READ, (0, 0), status),
    entry("currentsong", READ, (0, 0), current_song),
    entry("stats", READ, (0, 0), statistics),
    entry("clearerror", Rights::STREAM_WRITE, (0, 0), |_| Ok(())),
];

fn status(call: &mut Call<'_>) -> Result<(), Refusal> {
    let status = call.station()?;
    let single = if status.flags.no_more { "oneshot" } else { "0" };
    let reply = &mut *call.reply;
    reply.line("repeat", 0);
    reply.line("random", u8::from(status.random));
    reply.line("single", single);
    reply.line("consume", 1);
    reply.line("partition", "default");
    reply.line("playlist", status.queue_version);
    reply.line("playlistlength", status.queue_length);
    reply.line("mixrampdb", 0);
    let state = match status.playback {
        Playback::Playing => "play",
        Playback::Paused => "pause",
        Playback::Stopped => "stop",
    };
    reply.line("state", state);
    if let Some(current) = &status.current {
        let elapsed_ms = status.position_ms_at(wall_ms()).unwrap_or(0);
        reply.line("song", 0);
        reply.line("songid", current.entry.id);
        reply.line("time", format_args!("{}:{}", elapsed_ms / 1000, current.duration_ms.saturating_add(500) / 1000));
        reply.line("elapsed", Seconds(elapsed_ms));
        reply.line("duration", Seconds(current.duration_ms));
        let song = call.server.context.library.catalogue().song(SongId(current.entry.song.id)).cloned();
        if let Some(song) = song {
            reply.line("bitrate", song.technical.bitrate_kbit);
            // Nothing is decoded here, so that nobody knows how many bits a sample will have.
            reply.line("audio", format_args!("{}:*:{}", song.technical.frequency_hz, song.technical.channels));
        }
    }
    if let Some(next) = status.next {
        reply.line("nextsong", status.next_position);
        reply.line("nextsongid", next);
    }
    let import = call.server.context.import.state();
    if import.running {
        reply.line("updating_db", import.ended + 1);
    }
    Ok(())
}

fn current_song(call: &mut Call<'_>) -> Result<(), Refusal> {
    if let Some(current) = call.station()?.current.as_ref() {
        call.queued(0, &current.entry);
    }
    Ok(())
}

fn statistics(call: &mut Call<'_>) -> Result<(), Refusal> {
    let status = call.station()?;
    let catalogue = call.server.context.library.catalogue();
    let different = |name: &str| {
        let values = Tag::named(name).map(|tag| catalogue.list(&[tag], &Filter::everything())).unwrap_or_default();
        values.iter().flatten().filter(|value| !value.is_empty()).count()
    };
    let uptime_ms = wall_ms().saturating_sub(status.started_wall_ms);
    call.reply.line("artists", different("Artist"));
    call.reply.line("albums", different("Album"));
    call.reply.line("songs", catalogue.len());
    call.reply.line("uptime", uptime_ms / 1000);
    let all = catalogue.count(&Filter::everything(), None);
    call.reply.line("db_playtime", all.first().map_or(0, |all| all.duration_ms / 1000));
    let newest_s = catalogue.songs().map(|song| song.statistics.added_s).max().unwrap_or(0);
    call.reply.line("db_update", newest_s);
    // Silence is not counted apart.
    call.reply.line("playtime", if status.songs_begun == 0 { 0 } else { uptime_ms / 1000 });
    Ok(())
}

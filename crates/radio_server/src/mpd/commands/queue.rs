//! Looking at the queue.

use radio_stream::link::{Answer, Entry as QueueEntry, EntryId, Request};

use super::super::filter::{self, Manner};
use super::super::refusal::Refusal;
use super::{ANY, Call, Entry, READ, entry, range};

pub(super) const ENTRIES: &[Entry] = &[
    entry("playlist", READ, (0, 0), names),
    entry("playlistinfo", READ, (0, 1), information),
    entry("playlistid", READ, (0, 1), by_id),
    entry("playlistfind", READ, (1, ANY), |call| filtered(call, Manner::FIND)),
    entry("playlistsearch", READ, (1, ANY), |call| filtered(call, Manner::SEARCH)),
    entry("plchanges", READ, (1, 2), changes),
    entry("plchangesposid", READ, (1, 2), changed_ids),
];

fn names(call: &mut Call<'_>) -> Result<(), Refusal> {
    for (position, entry) in call.queue(0..u32::MAX)? {
        let name = call.places.name(&entry.song.path);
        call.reply.line(&format!("{position}:file"), name);
    }
    Ok(())
}

fn information(call: &mut Call<'_>) -> Result<(), Refusal> {
    let wanted = if call.arguments.is_empty() { 0..u32::MAX } else { range(call.argument(0))? };
    let start = wanted.start;
    let entries = call.queue(wanted)?;
    // Parity: a single position has to exist, a range to begin in the queue or at its end.
    if entries.is_empty()
        && let Some(argument) = call.arguments.first()
        && (!argument.contains(':') || start > call.station()?.queue_length)
    {
        return Err(Refusal::argument("Bad song index"));
    }
    show(call, &entries);
    Ok(())
}

fn by_id(call: &mut Call<'_>) -> Result<(), Refusal> {
    if call.arguments.is_empty() {
        let entries = call.queue(0..u32::MAX)?;
        show(call, &entries);
        return Ok(());
    }
    let found = call.found(EntryId(call.number(0)?))?;
    show(call, &[found]);
    Ok(())
}

fn filtered(call: &mut Call<'_>, manner: Manner) -> Result<(), Refusal> {
    let filter = filter::parse(call.arguments, manner, &call.places)?;
    let songs = call.server.context.library.catalogue().find(&filter);
    let numbers: std::collections::HashSet<i64> = songs.iter().map(|song| song.id.0).collect();
    let mut entries = call.queue(0..u32::MAX)?;
    entries.retain(|(_, entry)| numbers.contains(&entry.song.id));
    show(call, &entries);
    Ok(())
}

fn changes(call: &mut Call<'_>) -> Result<(), Refusal> {
    let entries = changed(call)?;
    show(call, &entries);
    Ok(())
}

fn changed_ids(call: &mut Call<'_>) -> Result<(), Refusal> {
    for (position, entry) in changed(call)? {
        call.reply.line("cpos", position);
        call.reply.line("Id", entry.id);
    }
    Ok(())
}

/// What changed since a version. Parity: everything, when the version is none that there was.
fn changed(call: &Call<'_>) -> Result<Vec<(u32, QueueEntry)>, Refusal> {
    // Parity: some clients mean everything by -1.
    let since: u32 = if call.argument(0) == "-1" { u32::MAX } else { call.number(0)? };
    let wanted = if call.arguments.len() < 2 { 0..u32::MAX } else { range(call.argument(1))? };
    if since > call.station()?.queue_version {
        return call.queue(wanted);
    }
    let mut changed = Vec::new();
    let mut from = wanted.start;
    while let Answer::Queue { entries, more_from, .. } = call.ask(Request::Changes { since, from })? {
        changed.extend(entries.into_iter().filter(|(position, _)| wanted.contains(position)));
        match more_from {
            Some(next) if next > from && next < wanted.end => from = next,
            _ => break,
        }
    }
    Ok(changed)
}

fn show(call: &mut Call<'_>, entries: &[(u32, QueueEntry)]) {
    for (position, entry) in entries {
        call.queued(*position, entry);
    }
}

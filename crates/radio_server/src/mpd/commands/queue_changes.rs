//! Changing the queue. Songs that are added come behind those that were asked for and before what the mood chose.
//!
//! Priorities are kept and shown always, and decide while the order is random, as in MPD. Tags can be given to songs that are no local
//! files, and all songs here are: such commands are refused as MPD refuses them, after everything else was found right.

use std::sync::Arc;

use radio_library::search::Tag;
use radio_library::song::Song;
use radio_stream::limits::PAGE_ENTRIES_MAX;
use radio_stream::link::{Answer, EntryId, Part, Request};

use super::super::refusal::{Code, Refusal};
use super::playback::milliseconds;
use super::{ADD, CONTROL, Call, Entry, entry, number, range};
use crate::program::station_song;

pub(super) const ENTRIES: &[Entry] = &[
    entry("add", ADD, (1, 2), add),
    entry("addid", ADD, (1, 2), add_id),
    entry("delete", CONTROL, (1, 1), delete),
    entry("deleteid", CONTROL, (1, 1), delete_id),
    entry("clear", CONTROL, (0, 0), |call| {
        call.ask(Request::Clear { keep_current: false, keep_chosen: false }).map(drop)
    }),
    entry("move", CONTROL, (2, 2), move_range),
    entry("moveid", CONTROL, (2, 2), move_id),
    entry("swap", CONTROL, (2, 2), swap),
    entry("swapid", CONTROL, (2, 2), swap_ids),
    entry("shuffle", CONTROL, (0, 1), shuffle),
    entry("prio", CONTROL, (2, super::ANY), prioritize),
    entry("prioid", CONTROL, (2, super::ANY), prioritize_ids),
    entry("rangeid", CONTROL, (2, 2), cut),
    entry("addtagid", CONTROL, (3, 3), edit_tags),
    entry("cleartagid", CONTROL, (1, 2), edit_tags),
];

fn add(call: &mut Call<'_>) -> Result<(), Refusal> {
    let songs = call.named_songs(call.argument(0))?;
    let position = position(call, 1)?;
    put(call, &songs, position).map(drop)
}

fn add_id(call: &mut Call<'_>) -> Result<(), Refusal> {
    let song = call.named_song(call.argument(0))?;
    let position = position(call, 1)?;
    if let Some(id) = put(call, &[song], position)?.first() {
        call.reply.line("Id", id);
    }
    Ok(())
}

/// The position that an argument names: a number, or `+n` and `-n` behind and before the current song. None: no argument.
pub(super) fn position(call: &Call<'_>, index: usize) -> Result<Option<u32>, Refusal> {
    let Some(text) = call.arguments.get(index) else { return Ok(None) };
    let first = u32::from(call.station()?.current.is_some());
    Ok(Some(match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(behind), _) => number::<u32>(behind)?.saturating_add(first),
        // Before the current song is nothing: as near to it as can be.
        (_, Some(before)) => number::<u32>(before).map(|_| first)?,
        _ => number::<u32>(text)?.max(first),
    }))
}

/// Puts songs into the queue, as many at a time as the station takes.
pub(super) fn put(call: &Call<'_>, songs: &[Arc<Song>], position: Option<u32>) -> Result<Vec<EntryId>, Refusal> {
    let mut added = Vec::new();
    let mut position = position;
    for page in songs.chunks(PAGE_ENTRIES_MAX) {
        let songs = page.iter().map(|song| station_song(song)).collect();
        if let Answer::Added { ids } = call.ask(Request::Add { songs, position })? {
            let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            position = position.map(|position| position.saturating_add(count));
            added.extend(ids);
        }
    }
    Ok(added)
}

fn delete(call: &mut Call<'_>) -> Result<(), Refusal> {
    let ids: Vec<EntryId> = call.queue(range(call.argument(0))?)?.into_iter().map(|(_, entry)| entry.id).collect();
    if ids.is_empty() {
        return Err(Refusal::argument("Bad song index"));
    }
    call.ask(Request::Remove { ids }).map(drop)
}

fn delete_id(call: &mut Call<'_>) -> Result<(), Refusal> {
    let id = EntryId(call.number(0)?);
    match call.ask(Request::Remove { ids: vec![id] })? {
        Answer::Changed { count: 0 } => Err(Refusal::no_exist("No such song")),
        _ => Ok(()),
    }
}

fn move_range(call: &mut Call<'_>) -> Result<(), Refusal> {
    let entries = call.queue(range(call.argument(0))?)?;
    let Some((start, _)) = entries.first() else { return Err(Refusal::argument("Bad song index")) };
    let to = position(call, 1)?.unwrap_or(0);
    let last = u32::try_from(entries.len() - 1).unwrap_or(u32::MAX);
    for (index, (_, entry)) in (0..).zip(&entries) {
        // Each that moves back closes the gap that it leaves, so that all of them go to where the last one will be.
        let position = if to > *start { to.saturating_add(last) } else { to.saturating_add(index) };
        call.ask(Request::Move { id: entry.id, position })?;
    }
    Ok(())
}

fn move_id(call: &mut Call<'_>) -> Result<(), Refusal> {
    let id = EntryId(call.number(0)?);
    let position = position(call, 1)?.unwrap_or(0);
    call.ask(Request::Move { id, position }).map(drop)
}

fn swap(call: &mut Call<'_>) -> Result<(), Refusal> {
    let (one, other): (u32, u32) = (call.number(0)?, call.number(1)?);
    let (one, other) = (call.at(one)?, call.at(other)?);
    swap_entries(call, one, other)
}

fn swap_ids(call: &mut Call<'_>) -> Result<(), Refusal> {
    let (one, other) = (EntryId(call.number(0)?), EntryId(call.number(1)?));
    swap_entries(call, one, other)
}

fn swap_entries(call: &Call<'_>, one: EntryId, other: EntryId) -> Result<(), Refusal> {
    let first = u32::from(call.station()?.current.is_some());
    let mut ids: Vec<EntryId> = call.queue(first..u32::MAX)?.into_iter().map(|(_, entry)| entry.id).collect();
    let place = |id: EntryId| ids.iter().position(|known| *known == id);
    let (Some(left), Some(right)) = (place(one), place(other)) else {
        return Err(Refusal::no_exist("No such song, or it is playing"));
    };
    ids.swap(left, right);
    // Only what stands before the later of the two has another place, or counts as asked for.
    ids.truncate(left.max(right) + 1);
    call.ask(Request::Reorder { ids }).map(drop)
}

fn shuffle(call: &mut Call<'_>) -> Result<(), Refusal> {
    let first = u32::from(call.station()?.current.is_some());
    let wanted = if call.arguments.is_empty() { first..u32::MAX } else { range(call.argument(0))? };
    let wanted = wanted.start.max(first)..wanted.end;
    let mut ids: Vec<EntryId> = call.queue(first..wanted.end)?.into_iter().map(|(_, entry)| entry.id).collect();
    let start = usize::try_from(wanted.start - first).unwrap_or(usize::MAX).min(ids.len());
    let mut random = crate::station::wall_ms() | 1;
    let shuffled = &mut ids[start..];
    for place in (1..shuffled.len()).rev() {
        // xorshift64: no more than a shuffle needs.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let other = usize::try_from(random % (place as u64 + 1)).unwrap_or(0);
        shuffled.swap(place, other);
    }
    call.ask(Request::Reorder { ids }).map(drop)
}

/// The priority that the first argument is.
fn priority(call: &Call<'_>) -> Result<u8, Refusal> {
    let text = call.argument(0);
    // MPD has -1 and 256 as one: neither fits.
    let wanted: i64 = number(text)?;
    u8::try_from(wanted).map_err(|_| Refusal::argument(format_args!("Number too large: {text}")))
}

fn prioritize(call: &mut Call<'_>) -> Result<(), Refusal> {
    let priority = priority(call)?;
    for text in &call.arguments[1..] {
        let wanted = range(text)?;
        // Parity: a range may begin at the end of the queue, and is empty then.
        if wanted.start > call.station()?.queue_length {
            return Err(Refusal::argument("Bad song index"));
        }
        let ids: Vec<EntryId> = call.queue(wanted)?.into_iter().map(|(_, entry)| entry.id).collect();
        call.ask(Request::Prioritize { ids, priority })?;
    }
    Ok(())
}

fn prioritize_ids(call: &mut Call<'_>) -> Result<(), Refusal> {
    let priority = priority(call)?;
    for text in &call.arguments[1..] {
        let id = EntryId(number(text)?);
        if let Answer::Changed { count: 0 } = call.ask(Request::Prioritize { ids: vec![id], priority })? {
            return Err(Refusal::no_exist("No such song"));
        }
    }
    Ok(())
}

/// Plays a part of a song only.
fn cut(call: &mut Call<'_>) -> Result<(), Refusal> {
    let id = EntryId(call.number(0)?);
    let (start_ms, end_ms) = part(call.argument(1)).ok_or_else(|| Refusal::argument("Bad range"))?;
    let entry = call.entry(id)?;
    if call.station()?.current.is_some_and(|current| current.entry.id == id) {
        return Err(Refusal::new(Code::Permission, "Cannot edit the current song"));
    }
    let duration_ms = entry.song.duration_ms;
    if start_ms > duration_ms {
        return Err(Refusal::argument("Invalid start offset"));
    }
    // Parity: an end at or behind that of the song is none.
    let end_ms = Some(end_ms).filter(|end_ms| *end_ms > 0 && *end_ms < duration_ms);
    let part = (start_ms > 0 || end_ms.is_some()).then_some(Part { start_ms, end_ms });
    call.ask(Request::Cut { id, part }).map(drop)
}

/// `START:END` in seconds with decimals, each of which may be left out; 0 is none.
fn part(text: &str) -> Option<(u64, u64)> {
    let (start, end) = text.split_once(':')?;
    let time = |text: &str| if text.is_empty() { Some(0) } else { milliseconds(text).ok() };
    let (start_ms, end_ms) = (time(start)?, time(end)?);
    (end_ms == 0 || start_ms < end_ms).then_some((start_ms, end_ms))
}

/// `addtagid ID TAG VALUE`, `cleartagid ID [TAG]`.
fn edit_tags(call: &mut Call<'_>) -> Result<(), Refusal> {
    let id = EntryId(call.number(0)?);
    if let Some(name) = call.arguments.get(1)
        && Tag::named(name).is_none()
    {
        return Err(Refusal::argument(format_args!("Unknown tag type: {name}")));
    }
    call.entry(id)?;
    Err(Refusal::new(Code::Permission, "Cannot edit tags of local file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_a_beginning_before_their_end() {
        for (text, expected) in [
            ("1:2", (1000, 2000)),
            ("1.2345:7.9999", (1234, 7999)),
            (":4.25", (0, 4250)),
            ("2.5:", (2500, 0)),
            (":", (0, 0)),
            ("0:0", (0, 0)),
            ("0:0.001", (0, 1)),
        ] {
            assert_eq!(part(text), Some(expected), "{text}");
        }
        for text in ["", "5", "5:5", "5:4", "0.0019:0.001", "-1:4", "1:-4", "1:2:3", "1 : 2", "x:", ":x", "nan:4"] {
            assert_eq!(part(text), None, "{text}");
        }
    }
}

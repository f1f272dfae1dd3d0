//! The table of MPD's commands: a file for each group, a line in it for each command, a line here for each group.

mod database;
mod directories;
mod messages;
mod options;
mod outputs;
mod partitions;
mod pictures;
mod playback;
mod queue;
mod queue_changes;
mod reflection;
mod session;
mod status;
mod stickers;
mod stored_playlists;

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use radio_library::song::{Song, SongId};
use radio_stream::limits::PAGE_ENTRIES_MAX;
use radio_stream::link::{Answer, Entry as QueueEntry, EntryId, Request, Status};

use super::Server;
use super::client::Client;
use super::input::Batch;
use super::places::Places;
use super::refusal::{Code, Refusal};
use super::reply::Reply;
use crate::rights::Rights;
use crate::sessions::{Task, count};

/// One command.
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// What a client needs to give it.
    rights: Rights,
    /// How many arguments it takes at least, and at most.
    arguments: (usize, usize),
    run: fn(&mut Call<'_>) -> Result<(), Refusal>,
}

/// Any number of arguments.
const ANY: usize = usize::MAX;

/// To look at the queue and the library: both are shown together everywhere.
const READ: Rights = Rights::LIBRARY_READ.and(Rights::STREAM_READ);
/// To change what is heard.
const CONTROL: Rights = Rights::STREAM_READ.and(Rights::STREAM_WRITE);
/// To put songs into the queue.
const ADD: Rights = READ.and(Rights::STREAM_WRITE);
/// To change what is known.
const WRITE: Rights = Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE);

const fn entry(
    name: &'static str,
    rights: Rights,
    arguments: (usize, usize),
    run: fn(&mut Call<'_>) -> Result<(), Refusal>,
) -> Entry {
    Entry { name, rights, arguments, run }
}

/// Every group of commands.
pub(super) const TABLE: &[&[Entry]] = &[
    status::ENTRIES,
    playback::ENTRIES,
    options::ENTRIES,
    queue::ENTRIES,
    queue_changes::ENTRIES,
    database::ENTRIES,
    directories::ENTRIES,
    stored_playlists::ENTRIES,
    stickers::ENTRIES,
    pictures::ENTRIES,
    outputs::ENTRIES,
    messages::ENTRIES,
    partitions::ENTRIES,
    session::ENTRIES,
    reflection::ENTRIES,
];

/// Each command with the rights that it needs, by name.
pub(super) fn rights() -> Vec<(&'static str, Rights)> {
    let mut rights: Vec<_> = entries().map(|entry| (entry.name, entry.rights)).collect();
    rights.sort_unstable_by_key(|(name, _)| *name);
    rights
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().copied().flatten()
}

/// Carries commands out, up to the first that is refused.
pub(super) fn run(server: &Server, client: &mut Client, batch: &Batch, reply: &mut Reply) {
    for (place, command) in batch.commands().enumerate() {
        let (name, result) = match command {
            Ok(words) => {
                let result = run_one(server, client, &words, reply).and_then(|()| reply.check());
                (words.into_iter().next().unwrap_or_default(), result)
            }
            Err(refusal) => (String::new(), Err(refusal)),
        };
        if let Err(refusal) = result {
            count(&server.context.sessions.counters().failed_commands);
            // Parity: a command that is unknown has no name in its refusal.
            let name = if entries().any(|entry| entry.name == name) { name.as_str() } else { "" };
            let line = refusal.line(place, name);
            tracing::debug!(peer = %client.peer, "mpd: refused: {}", line.trim_end());
            reply.raw(line.as_bytes());
            return;
        }
        if batch.acknowledge_each {
            reply.raw(b"list_OK\n");
        }
    }
    reply.raw(b"OK\n");
}

fn run_one(server: &Server, client: &mut Client, words: &[String], reply: &mut Reply) -> Result<(), Refusal> {
    let [name, arguments @ ..] = words else { return Err(Refusal::new(Code::Unknown, "No command given")) };
    let unknown = || Refusal::new(Code::Unknown, format_args!("unknown command \"{name}\""));
    let entry = entries().find(|entry| entry.name == name).ok_or_else(unknown)?;
    if !server.rights(client).include(entry.rights) {
        let message = format_args!("you don't have permission for \"{name}\"");
        return Err(Refusal::new(Code::Permission, message));
    }
    let (least, most) = entry.arguments;
    if !(least..=most).contains(&arguments.len()) {
        let problem = match arguments.len() {
            _ if least == most => "wrong number of",
            few if few < least => "too few",
            _ => "too many",
        };
        return Err(Refusal::argument(format_args!("{problem} arguments for \"{name}\"")));
    }
    let sessions = &server.context.sessions;
    count(&sessions.counters().commands);
    let _task = sessions.begin(Task {
        number: 0,
        front: "mpd",
        user: "mpd".into(),
        peer: client.peer.clone(),
        command: name.clone(),
        since: reactor::clock::now(),
    });
    let places = server.places()?;
    (entry.run)(&mut Call { server, client, arguments, reply, places })
}

/// A command being carried out.
struct Call<'a> {
    server: &'a Server,
    client: &'a mut Client,
    arguments: &'a [String],
    reply: &'a mut Reply,
    places: Places,
}

impl Call<'_> {
    /// An argument that the table says is there.
    fn argument(&self, index: usize) -> &str {
        self.arguments.get(index).map_or("", String::as_str)
    }

    fn number<T: FromStr>(&self, index: usize) -> Result<T, Refusal> {
        number(self.argument(index))
    }

    /// `0` or `1`.
    fn switch(&self, index: usize) -> Result<bool, Refusal> {
        match self.argument(index) {
            "0" => Ok(false),
            "1" => Ok(true),
            other => Err(Refusal::argument(format_args!("Boolean (0/1) expected: {other}"))),
        }
    }

    fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        Ok(self.server.context.station.ask(request)?)
    }

    /// What the station does now. Asked for, because what it has told may be older than what this client has just changed.
    fn station(&self) -> Result<Box<Status>, Refusal> {
        match self.ask(Request::Status)? {
            Answer::Status { status } => Ok(status),
            _ => Err(Refusal::system("the station did not say how it is")),
        }
    }

    /// A part of the queue, by positions.
    fn queue(&self, range: Range<u32>) -> Result<Vec<(u32, QueueEntry)>, Refusal> {
        let page = u32::try_from(PAGE_ENTRIES_MAX).unwrap_or(u32::MAX);
        let mut found = Vec::new();
        let mut from = range.start;
        while from < range.end {
            let count = page.min(range.end - from);
            let Answer::Queue { entries, more_from, .. } = self.ask(Request::List { from, count })? else { break };
            found.extend(entries);
            match more_from {
                Some(next) if next > from => from = next,
                _ => break,
            }
        }
        Ok(found)
    }

    /// The entry at a position.
    fn at(&self, position: u32) -> Result<EntryId, Refusal> {
        let entries = self.queue(position..position.saturating_add(1))?;
        entries.first().map(|(_, entry)| entry.id).ok_or_else(|| Refusal::argument("Bad song index"))
    }

    /// The entry of a number, with its position.
    fn found(&self, id: EntryId) -> Result<(u32, QueueEntry), Refusal> {
        let found = self.queue(0..u32::MAX)?.into_iter().find(|(_, entry)| entry.id == id);
        found.ok_or_else(|| Refusal::no_exist("No such song"))
    }

    /// The entry of a number.
    fn entry(&self, id: EntryId) -> Result<QueueEntry, Refusal> {
        self.found(id).map(|(_, entry)| entry)
    }

    /// A song of the queue, with its place in it.
    fn queued(&mut self, position: u32, entry: &QueueEntry) {
        let song = self.server.context.library.catalogue().song(SongId(entry.song.id)).cloned();
        match song {
            Some(song) => self.reply.song(&song, entry.part, &self.places, &self.client.tags),
            // It has left the library meanwhile.
            None => {
                self.reply.line("file", self.places.name(&entry.song.path));
                self.reply.line("Title", &entry.song.title);
            }
        }
        self.reply.line("Pos", position);
        self.reply.line("Id", entry.id);
        if entry.priority > 0 {
            self.reply.line("Prio", entry.priority);
        }
    }

    fn song(&mut self, song: &Song) {
        self.reply.song(song, None, &self.places, &self.client.tags);
    }

    /// The song that a client names.
    fn named_song(&self, name: &str) -> Result<Arc<Song>, Refusal> {
        let path = self.places.path(name)?;
        let song = self.server.context.library.catalogue().song_at(&path).cloned();
        song.ok_or_else(|| Refusal::no_exist("No such song"))
    }

    /// The songs that a client names: one, or all of a directory.
    fn named_songs(&self, name: &str) -> Result<Vec<Arc<Song>>, Refusal> {
        let path = self.places.path(name)?;
        let songs: Vec<_> = self.server.context.library.catalogue().below(&path).cloned().collect();
        if songs.is_empty() { Err(Refusal::no_exist("No such directory")) } else { Ok(songs) }
    }
}

/// A number, in MPD's words when it is none.
fn number<T: FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| {
        let expected = if text.starts_with('-') { "Number is negative or too large" } else { "Integer expected" };
        Refusal::argument(format_args!("{expected}: {text}"))
    })
}

/// `POSITION`, `START:END` or `START:`. Parity: MPD takes `-1`, from the time before ranges, for all.
fn range(text: &str) -> Result<Range<u32>, Refusal> {
    let range = match text.split_once(':') {
        None if text == "-1" => 0..u32::MAX,
        None => {
            let position: u32 = number(text)?;
            position..position.saturating_add(1)
        }
        Some((start, "")) => number(start)?..u32::MAX,
        Some((start, end)) => number(start)?..number(end)?,
    };
    if range.start > range.end {
        return Err(Refusal::argument(format_args!("Bad range: {text}")));
    }
    Ok(range)
}

/// The part of a list that a range names.
fn slice<'a, T>(items: &'a [T], range: &Range<u32>) -> &'a [T] {
    let place = |position: u32| usize::try_from(position).unwrap_or(usize::MAX).min(items.len());
    &items[place(range.start)..place(range.end)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_name_once() {
        let names: Vec<_> = entries().map(|entry| entry.name).collect();
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len());
        assert!(entries().all(|entry| entry.arguments.0 <= entry.arguments.1));
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(range("3"), Ok(3..4));
        assert_eq!(range("3:7"), Ok(3..7));
        assert_eq!(range("3:"), Ok(3..u32::MAX));
        assert_eq!(range("-1"), Ok(0..u32::MAX));
        assert_eq!(slice(&[0, 1, 2, 3], &(1..3)), [1, 2]);
        assert!(slice(&[0], &(5..9)).is_empty());
        for text in ["", "x", "7:3", "-2", "-1:", "1:x"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}

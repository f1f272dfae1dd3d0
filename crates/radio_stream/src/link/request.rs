//! What the library side asks the stream side for.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Entry, EntryId, Part, Song, Status};

/// A message from the library side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "message")]
pub enum ToStream {
    /// Something that is answered under the same number.
    Request {
        /// The library side's number; repeated in the answer.
        id: u64,
        /// What is asked.
        request: Request,
    },
    /// Some output of a control command ([`Event::Command`](super::Event::Command)). Not answered.
    CommandOutput {
        /// The call.
        call: u64,
        /// Text, with its newlines.
        text: String,
    },
    /// A control command has ended. Not answered.
    CommandEnded {
        /// The call.
        call: u64,
        /// Its exit status: 0 success, 1 failure, 2 wrong usage.
        status: u8,
    },
}

/// What can be asked for. Positions count from 0, where the song that is playing (or paused, or would be) is; the rest of the
/// queue follows in the order in which it will be played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "request")]
pub enum Request {
    /// Plays: goes on where it was paused, or begins with the first song of the queue. Without one it begins as soon as there is
    /// one. Forgets `NoMore`. Answer: [`Answer::Done`].
    Play,
    /// Plays this entry now. It is taken to the front of the queue; the song before it ends as skipped.
    PlayEntry {
        /// The entry.
        id: EntryId,
    },
    /// Stops where it is; `Play` goes on from there.
    Pause,
    /// Stops and gives the current song up: `Play` begins with the next one.
    Stop,
    /// Ends the current song as skipped. Goes on with the next one if it was playing, else stays silent.
    Next,
    /// Goes to a part of the current song, to the chunk that contains it.
    Jump {
        /// Hundredths of the song, 0 to 100. At 100 the song ends.
        percent: u8,
    },
    /// Goes to a time within the current song, to the chunk that contains it. Beyond its end the song ends.
    Seek {
        /// From its beginning, in milliseconds.
        position_ms: u64,
    },
    /// Goes forward or back within the current song. Before its beginning is its beginning; beyond its end the song ends.
    FastForward {
        /// Milliseconds; negative goes back.
        delta_ms: i64,
    },
    /// Stops at the end of the current song.
    NoMore,
    /// Puts songs that somebody asked for into the queue. Answer: [`Answer::Added`].
    Add {
        /// The songs, at most [`PAGE_ENTRIES_MAX`](crate::limits::PAGE_ENTRIES_MAX).
        songs: Vec<Song>,
        /// The position of the first of them; at least 1 while there is a current song. None: behind all that was asked for,
        /// before what was chosen. Whatever stands before an entry that was asked for counts as asked for.
        position: Option<u32>,
    },
    /// Takes entries out. Those that are not there are passed over. The current song, if it is among them, ends as skipped.
    /// Answer: [`Answer::Changed`].
    Remove {
        /// The entries.
        ids: Vec<EntryId>,
    },
    /// Moves an entry to a position; it counts as asked for. The current song cannot be moved. Answer: [`Answer::Changed`].
    Move {
        /// The entry.
        id: EntryId,
        /// Where it stands afterwards; at least 1 while there is a current song.
        position: u32,
    },
    /// Puts all of these to the front of the queue (behind the current song), in this order, as asked for: shuffles, sorts, swaps.
    /// Those that are not there are passed over. Answer: [`Answer::Changed`].
    Reorder {
        /// The entries.
        ids: Vec<EntryId>,
    },
    /// What was asked for is played at random, those with the highest priority first; what was chosen comes after it, in its order.
    /// Positions stay as they are. What comes next stays next when songs are added, unless one has a higher priority.
    /// Answer: [`Answer::Done`].
    Random {
        /// Decides the order, so that it is another one each time; none: as the queue stands. Nothing changes when it is random
        /// already.
        seed: Option<u64>,
    },
    /// Gives entries a priority. Those that are not there are passed over. One that is not 0 makes an entry asked for.
    /// Answer: [`Answer::Changed`].
    Prioritize {
        /// The entries.
        ids: Vec<EntryId>,
        /// The priority.
        priority: u8,
    },
    /// Plays a part of an entry's song only, or all of it again. It counts as asked for. The current song stays as it is.
    /// Answer: [`Answer::Changed`].
    Cut {
        /// The entry.
        id: EntryId,
        /// The part; none: all of it.
        part: Option<Part>,
    },
    /// Empties the queue. Answer: [`Answer::Changed`].
    Clear {
        /// Leaves the current song. Otherwise it ends as skipped, and the station is stopped.
        keep_current: bool,
        /// Leaves what was chosen.
        keep_chosen: bool,
    },
    /// A part of the queue. Answer: [`Answer::Queue`].
    List {
        /// The position of the first entry.
        from: u32,
        /// How many, at most [`PAGE_ENTRIES_MAX`](crate::limits::PAGE_ENTRIES_MAX); what is asked above that is left out.
        count: u32,
    },
    /// What changed in the queue since a version: entries that were added, moved or changed. What is gone shows in the length.
    /// Answer: [`Answer::Queue`], a page of it that begins at position `from`.
    Changes {
        /// The version that the asker knows.
        since: u32,
        /// The first position to look at.
        from: u32,
    },
    /// What the mood or the playlist chose, after [`Event::SongsWanted`](super::Event::SongsWanted). Songs beyond what is wanted
    /// are left out. Answer: [`Answer::Added`] with those that were taken.
    Ahead {
        /// The songs in their order.
        songs: Vec<Song>,
        /// Replaces what was chosen before: the mood has changed.
        replace: bool,
    },
    /// A command to a sender, as paraslash's `sender` takes it: `["http", "deny", "10.0.0.0/8"]`; no word: the list of senders.
    /// Answer: [`Answer::Text`].
    Sender {
        /// The words after `sender`.
        arguments: Vec<String>,
    },
    /// A command to the service that the station is part of, and not to the station: `reload`, `end`, `log [SPEC]`.
    /// Answer: [`Answer::Text`].
    Service {
        /// The words.
        words: Vec<String>,
    },
    /// What the station does. Answer: [`Answer::Status`].
    Status,
    /// Events are sent from now on. The first one is the status. Answer: [`Answer::Done`].
    Subscribe,
}

/// What is answered to a request that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// It is done.
    Done,
    /// Songs were put into the queue.
    Added {
        /// Their entries, in order.
        ids: Vec<EntryId>,
    },
    /// The queue was changed.
    Changed {
        /// How many entries were concerned.
        count: u32,
    },
    /// A part of the queue.
    Queue {
        /// Each entry with its position, ascending.
        entries: Vec<(u32, Entry)>,
        /// The version of the queue.
        version: u32,
        /// Entries in the whole queue.
        length: u32,
        /// Where the next page begins; none: this was the last.
        more_from: Option<u32>,
    },
    /// Lines for people, with a newline at the end of each.
    Text {
        /// The lines.
        text: String,
    },
    /// What the station does.
    Status {
        /// It.
        status: Box<Status>,
    },
}

/// Why a request was not carried out. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "refusal")]
pub enum Refusal {
    /// There is no such entry in the queue.
    #[error("there is no entry {id} in the queue")]
    NoSuchEntry {
        /// The number that was given.
        id: EntryId,
    },
    /// The position is beyond the end, or the current song's.
    #[error("position {position} is not in {first} to {last}")]
    BadPosition {
        /// What was given.
        position: u32,
        /// The first that is possible.
        first: u32,
        /// The last that is possible.
        last: u32,
    },
    /// The current song stays where it is.
    #[error("the current song cannot be moved or cut")]
    CurrentSong,
    /// The queue is full.
    #[error("the queue has {length} entries, and {limit} is the most")]
    QueueFull {
        /// Entries in it.
        length: u32,
        /// The limit.
        limit: u32,
    },
    /// A request names too many songs at once.
    #[error("{count} songs at once, and {limit} is the most")]
    TooManySongs {
        /// Songs in the request.
        count: u32,
        /// The limit.
        limit: u32,
    },
    /// A path that is not absolute, or too long.
    #[error("not the path of a song: {path}")]
    BadPath {
        /// The path as far as it is text.
        path: String,
    },
    /// Nothing is current that one could move within.
    #[error("nothing is playing or paused")]
    NothingCurrent,
    /// More than the whole.
    #[error("{percent} percent: 0 to 100 is accepted")]
    BadPercent {
        /// What was given.
        percent: u8,
    },
    /// A command to a sender that it does not take. Says what it would take.
    #[error("{problem}")]
    Sender {
        /// One line, or some for usage.
        problem: String,
    },
    /// A command to the service that it does not take, or cannot carry out.
    #[error("{problem}")]
    Service {
        /// One line.
        problem: String,
    },
    /// The stream side is ending.
    #[error("the stream side is ending")]
    Ending,
}

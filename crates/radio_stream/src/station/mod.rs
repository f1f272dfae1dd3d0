//! The station: what plays, when each chunk is due, what comes next. Sans-IO: time, requests, opened files and loaded chunks come
//! in; effects come out.
//!
//! ```text
//! handle_request ─┐                        ┌─ Effect::Open, Load, Close ──► feeder ──► handle_opened, handle_loaded
//! handle_opened ──┼──► Station ── effects ─┼─ Effect::Piece ──► senders
//! handle_loaded ──┤                        └─ Effect::Event ──► library side
//! advance(now) ───┘   next_wakeup: when to call advance again
//! ```
//!
//! # The clock
//! A song begins at a point in time, its *base*; sample s of it is due s/rate after the base, computed anew for each chunk from
//! integers. The next song's base is where the one before it ends, to the nanosecond below. So the error of a day is the number of
//! songs in nanoseconds. Songs that follow each other have no gap: the last chunk of one and the first of the next are due one
//! chunk's duration apart.
//!
//! A late call of [`Station::advance`], or a late file, is made up for at once, but for at most [`CATCH_UP_NS_MAX`]: what is later than
//! that moves the base (the machine slept; nobody wants a minute of music at once).
//!
//! # Ahead
//! The song after the current one is opened and its first chunks are loaded long before its time; chunks of the current one are
//! loaded some seconds ahead. The file stays open while it is played, so that it may be deleted.
//!
//! Invariants: at most one load is under way for a song; what comes back late, for a song that was given up or jumped within, is
//! known by its ticket and dropped.

mod feed;
pub mod queue;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod transport;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use radio_media::Inspected;

use crate::limits::SONGS_AHEAD_MAX;
use crate::link::{
    Answer, Current, EndReason, Entry, EntryId, Event, FailureKind, Flags, Part, Playback, Refusal, Request,
    SenderStatus, Status,
};
use crate::piece::{Piece, SentChunk, Time};
use feed::Feed;
use queue::Queue;

/// How far behind the clock may be and still make up for it.
pub const CATCH_UP_NS_MAX: u64 = 1_000_000_000;

/// How a station behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StationSettings {
    /// How long before its first chunk a stream is announced to senders, in nanoseconds. Where nothing was playing, the first chunk
    /// waits for as long.
    pub announce_ns: u64,
    /// Begins to play by itself so long after the start, in nanoseconds.
    pub autoplay_ns: Option<u64>,
    /// Songs that wait in the queue, below which more are wanted; at most [`SONGS_AHEAD_MAX`].
    pub songs_ahead: u32,
}

impl Default for StationSettings {
    fn default() -> Self {
        Self { announce_ns: 300_000_000, autoplay_ns: None, songs_ahead: 3 }
    }
}

/// Now, on both clocks. Only people are told the wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// What everything is timed by. Never goes back.
    pub time: Time,
    /// Milliseconds since 1970.
    pub wall_ms: u64,
}

/// What the station wants done.
#[derive(Debug)]
pub enum Effect {
    /// Open and inspect a file; [`Station::handle_opened`] takes what comes of it.
    Open {
        /// The station's number of the file; never used again.
        file: u64,
        /// Where it is.
        path: PathBuf,
    },
    /// Read chunks of an opened file; [`Station::handle_loaded`] takes what comes of it.
    Load {
        /// To be given back.
        ticket: u64,
        /// The file.
        file: u64,
        /// Offset and length of each chunk in the file.
        chunks: Vec<(u64, u32)>,
    },
    /// The file is not needed any more.
    Close {
        /// The file.
        file: u64,
    },
    /// Something for all senders.
    Piece(Piece),
    /// Something for the library side.
    Event(Event),
}

/// Why a file could not be opened or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of trouble.
    pub kind: FailureKind,
    /// One line: what, where, what would be accepted.
    pub message: String,
}

/// The song at position 0.
#[derive(Debug)]
struct Playing {
    feed: Feed,
    /// When sample `base_sample` is due; none until the first chunk is there, and while it is paused.
    base: Option<Time>,
    /// While there is no base, the sample that the song goes on with, if it has begun.
    base_sample: u64,
    /// The base is not before this.
    not_before: Time,
    /// Whether `not_before` is where the song before ended, so that being late for it is to be made up for.
    is_seam: bool,
    /// Whether its stream was begun for the senders.
    stream_begun: bool,
    /// When its first chunk was sent, on the wall clock.
    began_wall_ms: Option<u64>,
    sent_samples: u64,
    reposition: bool,
    /// Where to begin, if that was asked for before the file was open.
    wanted: Option<Place>,
}

/// A place in a song.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Percent(u8),
    Milliseconds(u64),
}

impl Place {
    /// The sample there, which may be behind the last one.
    fn sample(self, samples: u64, rate: u32) -> u64 {
        let sample = match self {
            Self::Percent(percent) => u128::from(samples) * u128::from(percent) / 100,
            Self::Milliseconds(position_ms) => u128::from(position_ms) * u128::from(rate) / 1000,
        };
        u64::try_from(sample).unwrap_or(u64::MAX)
    }
}

/// The station.
#[derive(Debug)]
pub struct Station {
    settings: StationSettings,
    queue: Queue,
    playing: bool,
    no_more: bool,
    autoplay_at: Option<Time>,
    current: Option<Playing>,
    /// What is prepared to follow.
    next: Option<Feed>,
    /// Where the song before ended, if the next one can follow without a gap.
    seam: Option<Time>,
    /// Whether senders were told that nothing is played.
    silent: bool,
    last_stream: u32,
    last_ticket: u64,
    last_file: u64,
    /// How many songs the library side was told are wanted.
    wanted_told: u32,
    effects: VecDeque<Effect>,
    status_changed: bool,
    songs_begun: u64,
    late_files: u64,
}

impl Station {
    /// A station with an empty queue. The first stream has the number after `stream_seed`: not the same each time, so that
    /// receivers that outlive the station see that it is another stream.
    #[must_use]
    pub fn new(settings: StationSettings, stream_seed: u32) -> Self {
        let mut station = Self {
            settings: StationSettings { songs_ahead: settings.songs_ahead.min(SONGS_AHEAD_MAX), ..settings },
            queue: Queue::default(),
            playing: false,
            no_more: false,
            autoplay_at: settings.autoplay_ns.map(Time),
            current: None,
            next: None,
            seam: None,
            silent: true,
            last_stream: stream_seed,
            last_ticket: 0,
            last_file: 0,
            wanted_told: 0,
            effects: VecDeque::new(),
            status_changed: true,
            songs_begun: 0,
            late_files: 0,
        };
        station.want_songs();
        station
    }

    /// Behaves otherwise from now on. Autoplay is a matter of the start and is not looked at.
    pub fn set_settings(&mut self, settings: StationSettings) {
        self.settings = StationSettings { songs_ahead: settings.songs_ahead.min(SONGS_AHEAD_MAX), ..settings };
        self.want_songs();
    }

    /// The queue.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What is to be done, in order. To be asked after each call until there is nothing more.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Whether the status has changed since this was last asked.
    pub fn take_status_changed(&mut self) -> bool {
        std::mem::take(&mut self.status_changed)
    }

    /// A new library side is there: it is told what is wanted.
    pub fn library_arrived(&mut self) {
        self.wanted_told = 0;
        self.status_changed = true;
        self.want_songs();
    }

    /// Carries a request out. Requests about senders and about the link are not the station's.
    ///
    /// # Errors
    /// [`Refusal`]; nothing has changed then.
    pub fn handle_request(&mut self, now: Moment, request: Request) -> Result<Answer, Refusal> {
        let answer = match request {
            Request::Play => self.play(now),
            Request::PlayEntry { id } => self.play_entry(now, id),
            Request::Pause => self.pause(now),
            Request::Stop => self.stop(now),
            Request::Next => self.skip(now),
            Request::Jump { percent } => self.jump(now, percent),
            Request::Seek { position_ms } => self.go_to(now, Place::Milliseconds(position_ms)),
            Request::FastForward { delta_ms } => self.fast_forward(now, delta_ms),
            Request::NoMore => {
                self.no_more = self.playing || self.current.is_some();
                Ok(Answer::Done)
            }
            Request::Add { songs, position } => self.queue.add(songs, position),
            Request::Remove { ids } => Ok(self.remove(now, &ids)),
            Request::Move { id, position } => self.queue.relocate(id, position),
            Request::Reorder { ids } => Ok(self.queue.reorder(&ids)),
            Request::Random { seed } => {
                self.queue.randomize(seed);
                Ok(Answer::Done)
            }
            Request::Prioritize { ids, priority } => Ok(self.queue.prioritize(&ids, priority)),
            Request::Cut { id, part } => self.cut(id, part),
            Request::Clear { keep_current, keep_chosen } => {
                if !keep_current {
                    self.end_current(now, EndReason::Skipped);
                    self.playing = false;
                }
                Ok(self.queue.clear(keep_chosen))
            }
            Request::List { from, count } => return Ok(self.queue.page(from, count, None)),
            Request::Changes { since, from } => return Ok(self.queue.page(from, u32::MAX, Some(since))),
            Request::Ahead { songs, replace } => {
                let wanted = usize::try_from(self.settings.songs_ahead).unwrap_or(usize::MAX);
                let answer = self.queue.add_chosen(songs, replace, wanted);
                // What is still wanted after an answer is not asked for again: there are no more for now.
                self.wanted_told = self.wanted();
                answer
            }
            Request::Status | Request::Subscribe | Request::Sender { .. } | Request::Service { .. } => {
                return Ok(Answer::Done);
            }
        };
        if answer.is_ok() {
            self.status_changed = true;
            self.autoplay_at = self.autoplay_at.filter(|_| !self.playing);
        }
        self.advance(now);
        answer
    }

    /// Takes an opened file, or why it cannot be played.
    pub fn handle_opened(&mut self, now: Moment, file: u64, opened: Result<Arc<Inspected>, Failure>) {
        let feeds = self.current.iter_mut().map(|playing| &mut playing.feed).chain(&mut self.next);
        let Some(feed) = feeds.into_iter().find(|feed| feed.file == file) else {
            // Given up meanwhile; the file was closed when it was.
            return;
        };
        match opened {
            Ok(song) => {
                feed.open(song);
                let opened = self.current.as_mut().filter(|current| current.feed.file == file);
                if let Some(place) = opened.and_then(|current| current.wanted.take()) {
                    let _ = self.go_to(now, place);
                }
            }
            Err(failure) => self.pass_over(file, failure),
        }
        self.status_changed = true;
        self.advance(now);
    }

    /// A song that has not begun cannot be played.
    fn pass_over(&mut self, file: u64, failure: Failure) {
        let given_up = if let Some(next) = self.next.take_if(|next| next.file == file) {
            self.queue.drop_entry(next.entry.id);
            next
        } else if let Some(current) = self.current.take() {
            self.queue.drop_current();
            self.seam = current.is_seam.then_some(current.not_before);
            current.feed
        } else {
            return;
        };
        let (id, song) = (given_up.entry.id, given_up.entry.song);
        let Failure { kind, message } = failure;
        // What could not be opened is not closed.
        self.effects.push_back(Effect::Event(Event::Failed { id, song, kind, message }));
    }

    /// Takes loaded chunks, or why they could not be read.
    pub fn handle_loaded(&mut self, now: Moment, ticket: u64, loaded: Result<Vec<Vec<u8>>, Failure>) {
        let feeds = self.current.iter_mut().map(|playing| &mut playing.feed).chain(&mut self.next);
        if let Some(feed) = feeds.into_iter().find(|feed| feed.load == Some(ticket)) {
            feed.loaded(loaded);
        }
        self.advance(now);
    }

    /// When [`advance`](Self::advance) has something to do again, if nothing else happens.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Time> {
        let autoplay = self.autoplay_at;
        let playing = self.current.as_ref().filter(|_| self.playing).and_then(|current| self.due(current));
        autoplay.into_iter().chain(playing).min()
    }

    /// Does all that is due.
    pub fn advance(&mut self, now: Moment) {
        if self.autoplay_at.is_some_and(|at| at <= now.time) {
            self.autoplay_at = None;
            self.playing = true;
            self.status_changed = true;
        }
        loop {
            self.prepare(now);
            if !self.playing || !self.step(now) {
                break;
            }
        }
        if (!self.playing || self.current.is_none()) && !std::mem::replace(&mut self.silent, true) {
            self.effects.push_back(Effect::Piece(Piece::Silence));
        }
        self.want_songs();
        self.load_ahead();
    }

    /// The status, but for the senders and the start, which the shell knows.
    #[must_use]
    pub fn status(&self, now: Moment, senders: Vec<SenderStatus>, started_wall_ms: u64) -> Status {
        let current = self.current.as_ref().and_then(|playing| self.current_status(playing, now));
        let playback = match (self.playing, self.current.is_some()) {
            (true, _) => Playback::Playing,
            (false, true) => Playback::Paused,
            (false, false) => Playback::Stopped,
        };
        let begun = self.current.as_ref().is_some_and(|playing| playing.began_wall_ms.is_some());
        let flags = Flags {
            playing: self.playing,
            next: !begun,
            reposition: self.current.as_ref().is_some_and(|playing| playing.reposition),
            no_more: self.no_more,
        };
        Status {
            playback,
            flags,
            current,
            next: self.queue.next().map(|entry| entry.id),
            next_position: u32::try_from(self.queue.next_position()).unwrap_or(u32::MAX),
            random: self.queue.is_random(),
            queue_version: self.queue.version(),
            queue_length: u32::try_from(self.queue.len()).unwrap_or(u32::MAX),
            senders,
            songs_begun: self.songs_begun,
            late_files: self.late_files,
            started_wall_ms,
        }
    }

    /// From the moment on that a song is taken from the queue, whether or not its file is open yet: a client that has started the
    /// station and asks what is played is told.
    fn current_status(&self, playing: &Playing, now: Moment) -> Option<Current> {
        let entry = self.queue.iter().next()?.clone();
        let part = entry.part;
        let shown_ms = |song_ms| part.map_or(song_ms, |part| part.duration_ms(song_ms));
        let Some(song) = playing.feed.song() else {
            return Some(Current {
                duration_ms: shown_ms(entry.song.duration_ms),
                entry,
                format: String::new(),
                media_type: String::new(),
                chunks: 0,
                next_chunk: 0,
                chunk_bytes_max: 0,
                position_ms: 0,
                at_wall_ms: now.wall_ms,
                stream_start_wall_ms: now.wall_ms,
                began_wall_ms: now.wall_ms,
            });
        };
        let rate = u64::from(song.chunks.sample_rate());
        let (chunks, samples) = (playing.feed.chunks(), playing.feed.samples());
        let next_chunk = playing.feed.next_send() - chunks.start;
        let sample = playing.base.map_or(playing.base_sample, |base| {
            let passed = u128::from(now.time.since(base)) * u128::from(rate) / 1_000_000_000;
            playing.base_sample.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
        });
        let position_ms = milliseconds(sample.clamp(samples.start, samples.end) - samples.start, rate);
        Some(Current {
            duration_ms: shown_ms(song.technical.duration_ms()),
            entry,
            format: song.format.name.to_owned(),
            media_type: song.format.media_type().to_owned(),
            chunks: chunks.len() as u64,
            next_chunk: next_chunk as u64,
            chunk_bytes_max: song.chunks.chunk_bytes_max(),
            position_ms,
            at_wall_ms: now.wall_ms,
            stream_start_wall_ms: now.wall_ms.saturating_sub(position_ms),
            began_wall_ms: playing.began_wall_ms.unwrap_or(now.wall_ms),
        })
    }

    fn wanted(&self) -> u32 {
        let waiting = u32::try_from(self.queue.waiting_count()).unwrap_or(u32::MAX);
        self.settings.songs_ahead.saturating_sub(waiting)
    }

    fn want_songs(&mut self) {
        let count = self.wanted();
        if count != self.wanted_told {
            self.wanted_told = count;
            if count > 0 {
                self.effects.push_back(Effect::Event(Event::SongsWanted { count }));
            }
        }
    }
}

/// `samples` at `rate` in milliseconds.
fn milliseconds(samples: u64, rate: u64) -> u64 {
    u64::try_from(u128::from(samples) * 1000 / u128::from(rate.max(1))).unwrap_or(u64::MAX)
}

/// `samples` at `rate` in nanoseconds, rounded down: exact for each chunk, whatever came before.
fn nanoseconds(samples: u64, rate: u32) -> u64 {
    u64::try_from(u128::from(samples) * 1_000_000_000 / u128::from(rate.max(1))).unwrap_or(u64::MAX)
}

//! What is played next.
//!
//! A [`Choice`] is given all songs once and then follows the library's changes. Which songs it chooses from is its [`Mode`]: all of
//! them, those that a mood admits, or a playlist. It keeps what is admissible and what scores depend on, so that a mood is asked about a
//! song that was played and about no other. Asking for the next song takes a nanosecond for each admissible one (`ranking.rs` says why).
//!
//! ```text
//! library ── changes ──▶ Choice ── upcoming(pending, count, now) ──▶ station
//! ```
//!
//! Choosing changes nothing: songs count as played when the library says so. Songs that were handed out and have not begun are
//! named as `pending`, and count as played in their turn. What [`Choice::upcoming`] says is what will be played, if each song is
//! played to its end and nothing else happens.
//!
//! Equal songs, equal times and an equal seed give equal choices. No song follows itself while there is another, except where a
//! playlist says so.

mod block;
#[cfg(test)]
pub(crate) mod invented;
mod playlist;
mod ranking;
mod selection;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::Arc;

pub use self::playlist::Playlist;
use self::playlist::Rotation;
use self::ranking::{Place, Ranking, Slot};
pub use self::selection::{Selection, SelectionError};
use crate::change::{AttributeTable, Change, What};
use crate::mood::{LinePart, Mood, MoodError, SONGS_AT_ONCE, Set};
use crate::score::{History, Score, random};
use crate::song::{Song, SongId};

/// Songs for which a further thread is worth while: asking a mood about them takes ten times as long as starting it.
const SONGS_OF_THREAD_MIN: usize = 8192;

/// Threads that a mood is asked on. It is asked for some milliseconds, and a station has other things to do.
const THREADS_MAX: usize = 4;

/// What songs are chosen from.
#[derive(Debug, Clone)]
pub enum Mode {
    /// All songs, by their statistics: paraslash's dummy mood.
    Everything,
    /// The songs that a mood admits, by its scores and their statistics.
    Mood {
        /// The mood's name.
        name: String,
        /// The mood.
        mood: Mood,
    },
    /// The songs of a playlist, in its order.
    Playlist {
        /// The playlist's name.
        name: String,
        /// The playlist.
        playlist: Playlist,
    },
}

/// Why it is a song's turn, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// By its score.
    Scored {
        /// The score and its parts.
        score: Score,
        /// The mood's lines behind its part.
        lines: Vec<LinePart>,
    },
    /// By its place: so many songs of the playlist come before it.
    Listed {
        /// How many.
        before: usize,
    },
}

/// Chooses songs.
#[derive(Debug, Clone)]
pub struct Choice {
    seed: u64,
    attributes: Arc<AttributeTable>,
    songs: BTreeMap<SongId, Row>,
    last_played: Option<SongId>,
    source: Source,
}

#[derive(Debug, Clone)]
struct Row {
    song: Arc<Song>,
    facts: Facts,
    /// Where the ranking has it, if it is admissible and songs are ranked.
    slot: Option<Slot>,
}

/// What is asked of every song whatever the mood is, kept beside it: 50,000 songs are not in the processor's caches.
#[derive(Debug, Clone, Copy)]
struct Facts {
    id: SongId,
    history: History,
    has_fault: bool,
}

impl Facts {
    fn of(song: &Song) -> Self {
        Self { id: song.id, history: History::of(song), has_fault: song.fault.is_some() }
    }
}

impl Row {
    fn new(song: Arc<Song>, slot: Option<Slot>) -> Self {
        Self { facts: Facts::of(&song), song, slot }
    }
}

#[derive(Debug, Clone)]
enum Source {
    /// None: all songs.
    Ranked {
        mood: Option<(String, Mood)>,
        ranking: Ranking,
    },
    Listed {
        name: String,
        rotation: Rotation,
    },
}

impl Choice {
    /// Chooses from all of these songs. The seed decides between songs of equal scores, and random scores.
    pub fn new(seed: u64, songs: impl IntoIterator<Item = Arc<Song>>, attributes: Arc<AttributeTable>) -> Self {
        let songs: BTreeMap<_, _> = songs.into_iter().map(|song| (song.id, Row::new(song, None))).collect();
        let played = songs.values().filter_map(|row| Some((row.song.statistics.last_played_s?, row.song.id)));
        let last_played = played.max().map(|(_, song)| song);
        let source = Source::Ranked { mood: None, ranking: Ranking::default() };
        let mut choice = Self { seed, attributes, songs, last_played, source };
        choice.admit_all();
        choice
    }

    /// Chooses from something else from now on. Evaluates a mood for every song.
    ///
    /// # Errors
    /// When the mood names an attribute that the library does not have. The choice stays as it was.
    pub fn select(&mut self, mode: Mode) -> Result<(), MoodError> {
        let mood = match mode {
            Mode::Everything => None,
            Mode::Mood { name, mut mood } => {
                mood.resolve(&self.attributes)?;
                Some((name, mood))
            }
            Mode::Playlist { name, playlist } => {
                self.source = Source::Listed { name, rotation: Rotation::new(playlist) };
                self.admit_all();
                return Ok(());
            }
        };
        match &mut self.source {
            Source::Ranked { mood: before, .. } => *before = mood,
            Source::Listed { .. } => self.source = Source::Ranked { mood, ranking: Ranking::default() },
        }
        self.admit_all();
        Ok(())
    }

    /// What songs are chosen from.
    pub fn selection(&self) -> Selection {
        match &self.source {
            Source::Ranked { mood: None, .. } => Selection::Everything,
            Source::Ranked { mood: Some((name, _)), .. } => Selection::Mood(name.clone()),
            Source::Listed { name, .. } => Selection::Playlist(name.clone()),
        }
    }

    /// The playlist that is being played.
    pub fn playlist(&self) -> Option<&Playlist> {
        match &self.source {
            Source::Ranked { .. } => None,
            Source::Listed { rotation, .. } => Some(rotation.playlist()),
        }
    }

    /// Follows a change of the library. A mood or playlist that changed is selected again by whoever can read it.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Added(song) => self.set(song),
            Change::Changed { song, what } => {
                self.set(song);
                if *what == What::Played {
                    self.last_played = Some(song.id);
                    if let Source::Listed { rotation, .. } = &mut self.source {
                        rotation.played(song.id);
                    }
                }
            }
            Change::Removed(song) => self.remove(*song),
            Change::AttributeTable(table) => {
                self.attributes = Arc::clone(table);
                if let Source::Ranked { mood: Some((_, mood)), .. } = &mut self.source {
                    // A name that is no more is an attribute that no song has.
                    let _unknown = mood.resolve(table);
                    self.admit_all();
                }
            }
            Change::Blob { .. } | Change::Sticker | Change::Roots => {}
        }
    }

    /// The songs that follow when the `pending` ones, which were handed out and have not begun, are over: at most `count`, fewer only
    /// when nothing is admissible. `now_s` is when the first of all these begins, in seconds since 1970.
    ///
    /// Cost: the ranking's best, once for each song. A mood is asked once for each.
    pub fn upcoming(&self, pending: &[SongId], count: usize, now_s: u64) -> Vec<Arc<Song>> {
        match &self.source {
            Source::Ranked { ranking, .. } => Preview::new(self, ranking, now_s).run(pending, count),
            Source::Listed { rotation, .. } => self.upcoming_of_list(rotation, pending, count),
        }
    }

    /// Whether a song is admissible: the mood admits it, or the playlist names it, and it has no fault.
    pub fn admits(&self, song: SongId) -> bool {
        match &self.source {
            Source::Ranked { .. } => self.songs.get(&song).is_some_and(|row| row.slot.is_some()),
            Source::Listed { rotation, .. } => rotation.contains(song),
        }
    }

    /// How many songs are admissible.
    pub fn admissible_count(&self) -> usize {
        match &self.source {
            Source::Ranked { ranking, .. } => ranking.len(),
            Source::Listed { rotation, .. } => rotation.len(),
        }
    }

    /// Why it is a song's turn, or not; none when it is not admissible.
    pub fn standing(&self, song: SongId, now_s: u64) -> Option<Standing> {
        match &self.source {
            Source::Ranked { ranking, .. } => {
                let row = self.songs.get(&song)?;
                let place = ranking.place(row.slot?)?;
                let score = ranking.scale(now_s).score(place.mood, place.history);
                Some(Standing::Scored { score, lines: self.line_parts(&row.song) })
            }
            Source::Listed { rotation, .. } => {
                let before = rotation.ordered().position(|listed| listed == song)?;
                Some(Standing::Listed { before })
            }
        }
    }

    /// The admissible songs, the next one first, with their standings; at most `count`. A playlist's song that comes more than once is
    /// told once.
    pub fn ordered(&self, now_s: u64, count: usize) -> Vec<(Arc<Song>, Standing)> {
        match &self.source {
            Source::Ranked { ranking, .. } => {
                let scale = ranking.scale(now_s);
                let scored = ranking.ordered(&scale, count).into_iter().filter_map(|song| {
                    let row = self.songs.get(&song)?;
                    let place = ranking.place(row.slot?)?;
                    let score = scale.score(place.mood, place.history);
                    Some((Arc::clone(&row.song), Standing::Scored { score, lines: self.line_parts(&row.song) }))
                });
                scored.collect()
            }
            Source::Listed { rotation, .. } => {
                let mut told = std::collections::HashSet::new();
                let first = rotation.ordered().enumerate().filter(|(_, song)| told.insert(*song)).take(count);
                let listed = first.filter_map(|(before, song)| {
                    Some((Arc::clone(&self.songs.get(&song)?.song), Standing::Listed { before }))
                });
                listed.collect()
            }
        }
    }

    fn upcoming_of_list(&self, rotation: &Rotation, pending: &[SongId], count: usize) -> Vec<Arc<Song>> {
        let mut queue: VecDeque<SongId> = rotation.ordered().collect();
        for song in pending {
            if let Some(place) = queue.iter().position(|queued| queued == song) {
                queue.remove(place);
                queue.push_back(*song);
            }
        }
        // Each goes behind all others when it is played, which is where a cycle has it.
        let songs = queue.iter().cycle().take(count).filter_map(|song| self.songs.get(song));
        songs.map(|row| Arc::clone(&row.song)).collect()
    }

    fn line_parts(&self, song: &Song) -> Vec<LinePart> {
        self.mood().map_or_else(Vec::new, |mood| mood.parts(song, self.seed))
    }

    /// Where a song stands; none when it is not admissible. Only where songs are ranked.
    fn place(&self, song: &Song) -> Option<Place> {
        let mut places = Vec::with_capacity(1);
        self.place_together(self.mood(), &[(song, Facts::of(song))], &mut places);
        places.pop()?
    }

    fn mood(&self) -> Option<&Mood> {
        match &self.source {
            Source::Ranked { mood: Some((_, mood)), .. } => Some(mood),
            Source::Ranked { mood: None, .. } | Source::Listed { .. } => None,
        }
    }

    /// Where songs stand, at most [`SONGS_AT_ONCE`].
    fn place_together(&self, mood: Option<&Mood>, songs: &[(&Song, Facts)], places: &mut Vec<Option<Place>>) {
        let Some((first, _)) = songs.first() else { return };
        let mut asked = [*first; SONGS_AT_ONCE];
        asked.iter_mut().zip(songs).for_each(|(asked, (song, _))| *asked = song);
        let playable = Set::of(songs.len(), |place| !songs[place].1.has_fault);
        let scores = match mood {
            Some(mood) => mood.scores(&asked, playable, self.seed),
            None => std::array::from_fn(|place| playable.contains(place).then_some(0)),
        };
        places.extend(songs.iter().zip(scores).map(|((_, facts), mood)| {
            let tie = random::number(self.seed, [facts.id.0.cast_unsigned()]);
            Some(Place { mood: mood?, history: facts.history, tie })
        }));
    }

    /// Asks the mood about every song, or looks for every path of the playlist.
    fn admit_all(&mut self) {
        let places = match &self.source {
            Source::Ranked { .. } => self.places(),
            Source::Listed { .. } => Vec::new(),
        };
        match &mut self.source {
            Source::Listed { rotation, .. } => {
                for row in self.songs.values_mut() {
                    row.slot = None;
                    rotation.set(row.song.id, row.song.fault.is_none().then_some(row.song.path.as_path()));
                }
            }
            Source::Ranked { ranking, .. } => {
                ranking.clear();
                for (row, place) in self.songs.values_mut().zip(places) {
                    row.slot = place.and_then(|place| ranking.insert(row.facts.id, place));
                }
            }
        }
    }

    /// Where every song stands; found on several threads when there are many.
    fn places(&self) -> Vec<Option<Place>> {
        let songs: Vec<(&Song, Facts)> = self.songs.values().map(|row| (&*row.song, row.facts)).collect();
        let place_all = |songs: &[(&Song, Facts)]| {
            // Regular expressions keep what they work with for one thread only; others would wait for each other.
            let mood = self.mood().cloned();
            let mut places = Vec::with_capacity(songs.len());
            for together in songs.chunks(SONGS_AT_ONCE) {
                self.place_together(mood.as_ref(), together, &mut places);
            }
            places
        };
        if songs.len() <= SONGS_OF_THREAD_MIN {
            return place_all(&songs);
        }
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = processors.min(songs.len() / SONGS_OF_THREAD_MIN).clamp(1, THREADS_MAX);
        let (own, others) = songs.split_at(songs.len() / threads);
        std::thread::scope(|scope| {
            let parts = others.chunks(others.len().div_ceil(threads.max(2) - 1).max(1));
            let running: Vec<_> = parts.map(|part| scope.spawn(move || place_all(part))).collect();
            let mut places = place_all(own);
            for part in running {
                places.extend(part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            places
        })
    }

    fn set(&mut self, song: &Arc<Song>) {
        let before = self.songs.get(&song.id).and_then(|row| row.slot);
        let admissible = match &mut self.source {
            Source::Listed { rotation, .. } => {
                rotation.set(song.id, song.fault.is_none().then_some(song.path.as_path()));
                None
            }
            Source::Ranked { .. } => self.place(song),
        };
        let mut slot = before;
        if let Source::Ranked { ranking, .. } = &mut self.source
            && before.and_then(|slot| ranking.place(slot)) != admissible
        {
            if let Some(before) = before {
                ranking.remove(before);
            }
            slot = admissible.and_then(|place| ranking.insert(song.id, place));
        }
        self.songs.insert(song.id, Row::new(Arc::clone(song), slot));
    }

    fn remove(&mut self, song: SongId) {
        let Some(row) = self.songs.remove(&song) else { return };
        match (&mut self.source, row.slot) {
            (Source::Ranked { ranking, .. }, Some(slot)) => ranking.remove(slot),
            (Source::Ranked { .. }, None) => {}
            (Source::Listed { rotation, .. }, _) => rotation.set(song, None),
        }
        if self.last_played == Some(song) {
            self.last_played = None;
        }
    }
}

/// The future of ranked songs: what would be chosen if songs were played, without playing them. Songs that were played in it stand
/// beside the ranking, which is not touched.
struct Preview<'a> {
    choice: &'a Choice,
    ranking: &'a Ranking,
    /// The songs that were played in this future; no place: not admissible any more.
    played: BTreeMap<SongId, (Arc<Song>, Option<Place>)>,
    totals: crate::score::Totals,
    admissible: usize,
    previous: Option<SongId>,
    newest_s: u64,
    now_ms: u64,
}

impl<'a> Preview<'a> {
    fn new(choice: &'a Choice, ranking: &'a Ranking, now_s: u64) -> Self {
        Self {
            choice,
            ranking,
            played: BTreeMap::new(),
            totals: ranking.totals(),
            admissible: ranking.len(),
            previous: choice.last_played,
            newest_s: ranking.newest_s(),
            now_ms: now_s.saturating_mul(1000),
        }
    }

    fn run(mut self, pending: &[SongId], count: usize) -> Vec<Arc<Song>> {
        for song in pending {
            self.play(*song);
        }
        let mut songs = Vec::with_capacity(count.min(self.choice.songs.len()));
        while songs.len() < count {
            let Some(song) = self.best() else { break };
            songs.extend(self.choice.songs.get(&song).map(|row| Arc::clone(&row.song)));
            self.play(song);
        }
        songs
    }

    fn best(&self) -> Option<SongId> {
        let now_s = (self.now_ms / 1000).max(self.newest_s);
        let scale = self.totals.scale(now_s);
        let repeated = |song| self.admissible > 1 && self.previous == Some(song);
        let passed_over =
            self.played.keys().chain(&self.previous).filter(|song| self.played.contains_key(song) || repeated(**song));
        let slots: Vec<Slot> = passed_over.filter_map(|song| self.choice.songs.get(song)?.slot).collect();
        let waiting = self.ranking.best(&scale, &slots);
        let again = self.played.iter().filter(|(song, _)| !repeated(**song));
        let again = again.filter_map(|(song, (_, place))| Some((place.as_ref()?.rank(*song, &scale), *song)));
        again.chain(waiting).max().map(|(_, song)| song)
    }

    fn play(&mut self, id: SongId) {
        let Some(row) = self.choice.songs.get(&id) else { return };
        let in_ranking = || row.slot.and_then(|slot| self.ranking.place(slot));
        let (song, before) = self.played.remove(&id).unwrap_or_else(|| (Arc::clone(&row.song), in_ranking()));
        let now_s = self.now_ms / 1000;
        let mut after = Song::clone(&song);
        after.statistics.play_count = after.statistics.play_count.saturating_add(1);
        after.statistics.last_played_s = Some(now_s);
        let place = self.choice.place(&after);
        if let Some(before) = before {
            self.totals.remove(before.history);
            self.admissible -= 1;
        }
        if let Some(place) = place {
            self.totals.add(place.history);
            self.admissible += 1;
            self.newest_s = self.newest_s.max(place.history.last_played_s);
        }
        self.now_ms = self.now_ms.saturating_add(after.technical.duration_ms);
        self.previous = Some(id);
        self.played.insert(id, (Arc::new(after), place));
    }
}

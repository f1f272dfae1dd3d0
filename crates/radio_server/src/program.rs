//! The station's programme: what is played next goes to the station, and what it played comes back into the library.
//!
//! ```text
//! library ── changes ──► choice (at once, in the changing thread)
//!    ▲                      │ upcoming
//!    │ played, failed       ▼
//!    └───── program thread ──── songs ahead ──► station
//! ```
//! The station asks for songs when it has too few ahead. If there are none it is told when there are. What was chosen is replaced when
//! something was selected, and when songs were changed in a way that may have made them inadmissible; being played and being added are
//! no such changes. Which songs are ahead is asked of the station each time: it knows what was moved, removed or passed over.
//!
//! Cost: a song that begins is one transaction in the library and O(log n) in the choice.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use radio_library::change::{BlobKind, Change, What};
use radio_library::choice::{Choice, Mode, Playlist, Selection, Standing};
use radio_library::mood::Mood;
use radio_library::song::{Song, SongId};
use radio_library::{Library, LibraryError};
use radio_stream::limits::PAGE_ENTRIES_MAX;
use radio_stream::link::{self, Answer, Event, LibraryEnd, Origin, Request};

use crate::station::wall_ms;

/// Songs that are chosen ahead of time when everything is chosen anew.
const SONGS_AHEAD: usize = 8;

/// Songs that began and wait to be noted; of more, the oldest are given up.
const UNNOTED_MAX: usize = 1000;

/// What the library remembers the selection under.
const SELECTION_SETTING: &str = "selection";

/// What the library remembers under that what was asked for is played at random: `1`, or something else if it is not.
const RANDOM_SETTING: &str = "random";

/// Why nothing else was selected. What was selected before stays.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// Neither a mood nor a playlist.
    #[error(transparent)]
    Name(#[from] radio_library::choice::SelectionError),
    /// The library has none of that name, or cannot be read.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The mood's text is wrong.
    #[error("mood {name:?}: {source}")]
    Mood {
        /// The mood's name.
        name: String,
        /// What is wrong, and where.
        source: radio_library::mood::MoodError,
    },
    /// The mood is no text.
    #[error("mood {0:?} is not in UTF-8")]
    NotText(String),
}

/// The programme. One for the process.
#[derive(Debug)]
pub struct Program {
    library: Arc<Library>,
    choice: Arc<Mutex<Choice>>,
    /// Held from when it is decided what to choose from until it is done and remembered: who reads the selected mood anew must not undo
    /// another selection, and of two selections the one that is remembered is the one that holds.
    selecting: Mutex<()>,
    messages: Sender<Message>,
}

/// What the program thread acts on.
#[derive(Debug)]
enum Message {
    Station(Event),
    /// Songs came.
    More,
    /// What was chosen may not be admissible any more.
    Again,
    /// A mood or playlist has another content.
    Blob(BlobKind, String),
}

impl Program {
    /// Selects what was selected last, else `initial`, else everything, and starts the thread.
    ///
    /// # Errors
    /// When the library cannot be read or the kernel has no thread left.
    pub fn start(
        library: Arc<Library>,
        link: LibraryEnd,
        seed: u64,
        initial: Option<&str>,
    ) -> Result<Arc<Self>, std::io::Error> {
        let (messages, inbox) = channel();
        let choice = follow(&library, seed, messages.clone());
        let program = Arc::new(Self { library, choice, selecting: Mutex::default(), messages });
        program.select_initially(initial);
        let worker = Worker { program: Arc::clone(&program), link, wanted: 0, unnoted: VecDeque::new() };
        std::thread::Builder::new().name("program".to_owned()).spawn(move || worker.run(&inbox))?;
        Ok(program)
    }

    /// Hands over what the station says. Never blocks.
    pub fn happened(&self, event: Event) {
        // The thread ends with the process only.
        let _ = self.messages.send(Message::Station(event));
    }

    /// What songs are chosen from.
    #[must_use]
    pub fn selection(&self) -> Selection {
        self.choice().selection()
    }

    /// Chooses from something else from now on, and remembers that.
    ///
    /// # Errors
    /// [`SelectError`]; what was selected before stays.
    pub fn select(&self, name: &str) -> Result<(), SelectError> {
        let selection: Selection = name.parse()?;
        let _selecting = self.selecting();
        self.load(&selection)?;
        self.library.set_setting(SELECTION_SETTING, &selection.to_string())?;
        let _ = self.messages.send(Message::Again);
        Ok(())
    }

    /// Remembers whether what was asked for is played at random, for a station that starts anew.
    ///
    /// # Errors
    /// When the library cannot be written.
    pub fn remember_random(&self, on: bool) -> Result<(), LibraryError> {
        self.library.set_setting(RANDOM_SETTING, if on { "1" } else { "0" })
    }

    /// Asks the choice something. It must not call the library meanwhile.
    pub fn with_choice<T>(&self, ask: impl FnOnce(&Choice) -> T) -> T {
        ask(&self.choice())
    }

    fn choice(&self) -> MutexGuard<'_, Choice> {
        self.choice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn selecting(&self) -> MutexGuard<'_, ()> {
        self.selecting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn select_initially(&self, initial: Option<&str>) {
        let remembered = self.library.setting(SELECTION_SETTING).ok().flatten();
        let Some(name) = remembered.as_deref().or(initial) else { return };
        let selected = name.parse().map_err(SelectError::from).and_then(|selection| self.load(&selection));
        if let Err(error) = selected {
            tracing::error!("cannot select {name}: {error}; choosing from all songs");
        }
    }

    /// Reads it and chooses from it. Whoever calls it is [selecting](Self::selecting), but at the start.
    fn load(&self, selection: &Selection) -> Result<(), SelectError> {
        let mode = match selection {
            Selection::Everything => Mode::Everything,
            Selection::Mood(name) => {
                let text = String::from_utf8(self.library.blob(BlobKind::Mood, name)?)
                    .map_err(|_| SelectError::NotText(name.clone()))?;
                let mood = Mood::parse(&text).map_err(|source| SelectError::Mood { name: name.clone(), source })?;
                Mode::Mood { name: name.clone(), mood }
            }
            Selection::Playlist(name) => {
                let playlist = Playlist::parse(&self.library.blob(BlobKind::Playlist, name)?);
                Mode::Playlist { name: name.clone(), playlist }
            }
        };
        let name = match selection {
            Selection::Mood(name) => name.clone(),
            _ => String::new(),
        };
        self.choice().select(mode).map_err(|source| SelectError::Mood { name, source })
    }
}

/// A choice that follows the library.
fn follow(library: &Library, seed: u64, messages: Sender<Message>) -> Arc<Mutex<Choice>> {
    // Changes that come before the snapshot is turned into a choice wait for the lock.
    let slot: Arc<Mutex<Option<Arc<Mutex<Choice>>>>> = Arc::new(Mutex::new(None));
    let filled = Arc::clone(&slot);
    let mut filling = slot.lock().unwrap_or_else(PoisonError::into_inner);
    let snapshot = library.subscribe(move |changes| {
        let slot = filled.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(choice) = slot.as_ref() else { return };
        {
            let mut choice = choice.lock().unwrap_or_else(PoisonError::into_inner);
            changes.iter().for_each(|change| choice.apply(change));
        }
        announce(changes, &messages);
    });
    let choice = Arc::new(Mutex::new(Choice::new(seed, snapshot.songs, snapshot.attributes)));
    *filling = Some(Arc::clone(&choice));
    drop(filling);
    choice
}

/// Tells the program thread what may concern it.
fn announce(changes: &[Change], messages: &Sender<Message>) {
    let (mut more, mut again) = (false, false);
    for change in changes {
        match change {
            Change::Added(_) => more = true,
            Change::Removed(_) | Change::AttributeTable(_) => again = true,
            Change::Changed { what, .. } => again |= !matches!(what, What::Played | What::Blobs),
            Change::Blob { kind: kind @ (BlobKind::Mood | BlobKind::Playlist), name } => {
                let _ = messages.send(Message::Blob(*kind, name.clone()));
            }
            Change::Blob { .. } | Change::Roots | Change::Sticker => {}
        }
    }
    if again {
        let _ = messages.send(Message::Again);
    } else if more {
        let _ = messages.send(Message::More);
    }
}

/// The program thread.
struct Worker {
    program: Arc<Program>,
    link: LibraryEnd,
    /// Songs that the station waits for.
    wanted: usize,
    /// Songs that began while the library took nothing, because its disk is full for one, and when. They are noted as soon as it does,
    /// and count as played meanwhile.
    unnoted: VecDeque<(link::Song, u64)>,
}

impl Worker {
    fn run(mut self, inbox: &Receiver<Message>) {
        self.restore_random();
        self.catch_up();
        while let Ok(first) = inbox.recv() {
            let (mut provide, mut again) = (false, false);
            // What piled up meanwhile is acted on once.
            for message in std::iter::once(first).chain(std::iter::from_fn(|| inbox.try_recv().ok())) {
                match message {
                    Message::Station(event) => provide |= self.station(event),
                    Message::More => provide = true,
                    Message::Again => again = true,
                    Message::Blob(kind, name) => again |= self.blob(kind, &name),
                }
            }
            if again {
                self.replace();
            } else if provide && self.wanted > 0 {
                self.provide();
            }
        }
    }

    /// A station that started anew plays at random if the one before it did.
    fn restore_random(&self) {
        let remembered = self.program.library.setting(RANDOM_SETTING).ok().flatten();
        if remembered.as_deref() == Some("1")
            && let Err(error) = self.link.ask(Request::Random { seed: Some(wall_ms()) })
        {
            tracing::warn!(%error, "the station does not play at random, as it did");
        }
    }

    /// Notes the song that is being played, if it began while there was no library side to hear of it.
    fn catch_up(&mut self) {
        let Ok(Answer::Status { status }) = self.link.ask(Request::Status) else { return };
        let Some(current) = status.current.filter(|_| !status.flags.next) else { return };
        let (id, began_s) = (SongId(current.entry.song.id), current.began_wall_ms / 1000);
        let is_known = |song: &Arc<Song>| song.statistics.last_played_s.is_some_and(|played_s| played_s >= began_s);
        let unheard = self.program.library.catalogue().song(id).is_some_and(|song| !is_known(song));
        if unheard {
            self.note_played(&current.entry.song, current.began_wall_ms);
        }
    }

    /// Notes that a song was played, behind those that could not be noted before.
    fn note_played(&mut self, song: &link::Song, wall_ms: u64) {
        self.unnoted.push_back((song.clone(), wall_ms / 1000));
        while let Some((song, began_s)) = self.unnoted.front() {
            match self.program.library.played(SongId(song.id), *began_s) {
                Ok(()) => {}
                Err(error @ LibraryError::NoSuchSong(_)) => {
                    tracing::warn!(path = %song.path.display(), %error, "cannot note that it was played");
                }
                Err(error) => {
                    let waiting = self.unnoted.len();
                    tracing::warn!(%error, waiting, "cannot note yet what was played");
                    break;
                }
            }
            self.unnoted.pop_front();
        }
        if self.unnoted.len() > UNNOTED_MAX {
            self.unnoted.pop_front();
        }
    }

    /// Acts on what the station says; whether songs are to be sent.
    fn station(&mut self, event: Event) -> bool {
        match event {
            Event::SongsWanted { count } => {
                self.wanted = usize::try_from(count).unwrap_or(usize::MAX);
                return true;
            }
            Event::Began { song, wall_ms, .. } => self.note_played(&song, wall_ms),
            Event::Failed { song, message, .. } => {
                if let Err(error) = self.program.library.failed(SongId(song.id), &message) {
                    tracing::warn!(path = %song.path.display(), %error, "cannot note that it could not be played");
                }
            }
            _ => {}
        }
        false
    }

    /// A mood or playlist changed; whether it is the one that is being played.
    fn blob(&self, kind: BlobKind, name: &str) -> bool {
        let _selecting = self.program.selecting();
        let selection = self.program.selection();
        let concerned = match (&selection, kind) {
            (Selection::Mood(selected), BlobKind::Mood) | (Selection::Playlist(selected), BlobKind::Playlist) => {
                selected == name
            }
            _ => false,
        };
        if concerned && let Err(error) = self.program.load(&selection) {
            tracing::warn!("{selection} stays as it was: {error}");
            return false;
        }
        concerned
    }

    /// Sends the songs that are wanted, if there are.
    fn provide(&mut self) {
        let pending = self.pending(|_| true);
        let songs = self.upcoming(&pending, self.wanted);
        if !songs.is_empty() {
            self.send(songs, false);
        }
    }

    /// Chooses everything anew that was chosen ahead.
    fn replace(&mut self) {
        let pending = self.pending(|origin| origin == Origin::Asked);
        let songs = self.upcoming(&pending, SONGS_AHEAD.max(self.wanted));
        self.send(songs, true);
    }

    fn upcoming(&self, pending: &[SongId], count: usize) -> Vec<link::Song> {
        let now_s = wall_ms() / 1000;
        let songs = self.program.choice().upcoming(pending, count, now_s);
        songs.iter().map(|song| station_song(song)).collect()
    }

    fn send(&mut self, songs: Vec<link::Song>, replace: bool) {
        let nothing = songs.is_empty();
        match self.link.ask(Request::Ahead { songs, replace }) {
            // The station asks anew when it lacks more. If nothing is admissible, it gets what comes.
            Ok(_) => self.wanted = if nothing { SONGS_AHEAD } else { 0 },
            Err(error) => tracing::warn!(%error, "the station took no songs"),
        }
    }

    /// The songs that the library does not know of as played: those that could not be noted, and those that the station has and that
    /// have not begun, for as far as it makes a difference.
    fn pending(&self, which: impl Fn(Origin) -> bool) -> Vec<SongId> {
        let count = u32::try_from(PAGE_ENTRIES_MAX).unwrap_or(u32::MAX);
        let current = match self.link.ask(Request::Status) {
            Ok(Answer::Status { status }) => status.current.map(|current| current.entry.id),
            _ => None,
        };
        let Ok(Answer::Queue { entries, .. }) = self.link.ask(Request::List { from: 0, count }) else {
            return Vec::new();
        };
        let unnoted = self.unnoted.iter().map(|(song, _)| SongId(song.id));
        let waiting = entries.into_iter().map(|(_, entry)| entry).filter(|entry| Some(entry.id) != current);
        unnoted.chain(waiting.filter(|entry| which(entry.origin)).map(|entry| SongId(entry.song.id))).collect()
    }
}

/// A song as the station needs it.
#[must_use]
pub fn station_song(song: &Song) -> link::Song {
    link::Song { id: song.id.0, path: song.path.clone(), title: title(song), duration_ms: song.technical.duration_ms }
}

/// What listeners read: `ARTIST - TITLE`, or as much of it as is known, or the file's name.
fn title(song: &Song) -> String {
    let (artist, title) = (&song.tags.artist, &song.tags.title);
    match (artist.is_empty(), title.is_empty()) {
        (false, false) => format!("{artist} - {title}"),
        (true, false) => title.clone(),
        _ => song.path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    }
}

/// A standing as one number: a score, or how far behind in the playlist.
#[must_use]
pub fn score_of(standing: &Standing) -> i64 {
    match standing {
        Standing::Scored { score, .. } => score.total,
        Standing::Listed { before } => -i64::try_from(*before).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use radio_stream::link::{EntryId, FailureKind};

    use super::*;
    use crate::testing::Bench;

    /// The names of the songs of the next requests for songs ahead, and whether they replace others.
    fn ahead(bench: &Bench) -> (Vec<String>, bool) {
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        match bench.next_request() {
            Request::Ahead { songs, replace } => (songs.iter().map(|song| name(&song.path)).collect(), replace),
            other => panic!("{other:?}"),
        }
    }

    /// Looks at requests until one is as it is to be: what comes twice is no harm.
    fn ahead_until(bench: &Bench, wanted: impl Fn(&[String], bool) -> bool) {
        loop {
            let (songs, replace) = ahead(bench);
            if wanted(&songs, replace) {
                return;
            }
        }
    }

    fn entry_of(bench: &Bench, name: &str) -> link::Song {
        let path = bench.song(name);
        station_song(bench.context.library.catalogue().song_at(Path::new(&path)).unwrap())
    }

    #[test]
    fn songs_are_sent_when_they_are_wanted_and_as_soon_as_there_are_some() {
        let bench = Bench::new();
        bench.happens(Event::SongsWanted { count: 2 });
        bench.put_song("one", 1);
        bench.put_song("two", 2);
        bench.run(&format!("add {}", bench.music.display())).printed();
        let (songs, replace) = ahead(&bench);
        assert_eq!((songs.len(), replace), (2, false));
        bench.happens(Event::SongsWanted { count: 1 });
        assert_eq!(ahead(&bench).0.len(), 1);
    }

    /// A mood that is read anew because it has another content is not chosen from again by that.
    #[test]
    fn what_was_selected_stays_selected_while_moods_change() {
        let bench = Bench::with_songs();
        bench.run("addmood m -c 'path =| \"*\"'").printed();
        let list = bench.song("two");
        assert_eq!(bench.run_as(crate::rights::Rights::ALL, "addpl l", &list).status, 0);
        let messages = bench.context.program.messages.clone();
        for round in 0..200 {
            bench.run("select m/m").printed();
            messages.send(Message::Blob(BlobKind::Mood, "m".to_owned())).unwrap();
            bench.run("select p/l").printed();
            let selection = bench.context.program.selection().to_string();
            assert_eq!(selection, "p/l", "round {round}");
            assert_eq!(bench.run("ls -a -b").printed(), "two.mp3\n", "round {round}");
        }
    }

    #[test]
    fn what_is_played_is_counted_and_what_fails_is_not_chosen_again() {
        let bench = Bench::with_songs();
        let (one, two) = (entry_of(&bench, "one"), entry_of(&bench, "two"));
        bench.happens(Event::Began { id: EntryId(1), song: one, wall_ms: 5_000_000 });
        bench.happens(Event::Failed {
            id: EntryId(2),
            song: two,
            kind: FailureKind::Corrupt,
            message: "no frames".to_owned(),
        });
        // The failure makes what was chosen doubtful.
        ahead_until(&bench, |songs, replace| replace && !songs.contains(&"two".to_owned()));
        let played = bench.run(&format!("ls -l=v {}", bench.song("one"))).printed();
        assert!(played.contains("num_played: 1\n"), "{played}");
        let failed = bench.run(&format!("ls -l=v {}", bench.song("two"))).printed();
        assert!(failed.contains("fault: no frames\n"), "{failed}");
    }

    #[test]
    fn a_selected_mood_that_changes_is_selected_again_unless_it_is_wrong() {
        let bench = Bench::with_songs();
        bench.run("addmood m -c true").printed();
        bench.run("select m/m").printed();
        assert!(ahead(&bench).1);
        bench.run("addmood m -c 'path =| \"*/one.mp3\"'").printed();
        let is_one = |songs: &[String]| !songs.is_empty() && songs.iter().all(|name| name == "one");
        ahead_until(&bench, |songs, replace| replace && is_one(songs));
        bench.context.library.put_blob(BlobKind::Mood, "m", b"titel").unwrap();
        bench.run("touch -n 7 '*'").printed();
        let (songs, _) = ahead(&bench);
        assert!(is_one(&songs), "as it was: {songs:?}");
    }

    #[test]
    fn a_selection_of_nothing_waits_for_a_song_that_comes() {
        let bench = Bench::with_songs();
        bench.run("addmood m -c 'path =| \"*/four.mp3\"'").printed();
        assert_eq!(bench.run("select m/m").status, 0);
        ahead_until(&bench, |songs, replace| replace && songs.is_empty());
        bench.put_song("four", 4);
        bench.run(&format!("add {}", bench.music.display())).printed();
        ahead_until(&bench, |songs, _| !songs.is_empty() && songs.iter().all(|name| name == "four"));
    }

    #[test]
    fn a_title_says_as_much_as_is_known() {
        let bench = Bench::with_songs();
        let mut song = Song::clone(bench.context.library.catalogue().songs().next().unwrap());
        assert_eq!(title(&song), "one");
        song.tags.title = "T".to_owned();
        assert_eq!(title(&song), "T");
        song.tags.artist = "A".to_owned();
        assert_eq!(title(&song), "A - T");
    }
}

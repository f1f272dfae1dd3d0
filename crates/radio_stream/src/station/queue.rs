//! What is played, and in which order: the current song, what somebody asked for, what was chosen ahead.
//!
//! Position 0 is the current song while there is one. An entry that is done leaves the queue. Whatever stands before an entry that
//! was asked for counts as asked for: somebody fixed its place.
//!
//! While the order is random, what comes next is not what stands first, but one of those that were asked for: of those with the
//! highest priority the one that is next already, else the one with the largest hash of its number and priority. So an entry that
//! gets another priority gets another place among those that have it, and nothing has to be kept but a seed. Parity: MPD, which
//! keeps the shuffled order itself.
//!
//! Cost: a change visits every entry whose position changes, since MPD clients want to know them, and while the order is random every
//! one that was asked for; there are at most [`QUEUE_ENTRIES_MAX`]. What comes next is known, and costs nothing to ask.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;

use crate::limits::{PAGE_ENTRIES_MAX, PATH_BYTES_MAX, QUEUE_ENTRIES_MAX, TITLE_BYTES_MAX};
use crate::link::{Answer, Entry, EntryId, Origin, Part, Refusal, Song};

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    entries: VecDeque<Entry>,
    /// Whether the first entry is the current song.
    has_current: bool,
    /// What decides the random order, while it is random.
    seed: Option<u64>,
    /// Where the entry stands that comes next; behind the last one if nothing waits.
    next: usize,
    /// That entry, while the order is random: it stays next when others come.
    kept_next: Option<EntryId>,
    last_id: u32,
    version: u32,
}

impl Queue {
    /// Grows by one with each change.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// How many entries there are, the current song included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every entry in its order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entries that wait, in the order in which they stand.
    pub fn waiting(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().skip(self.first_free())
    }

    /// How many entries wait.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.entries.len() - self.first_free()
    }

    /// The entry that comes next.
    #[must_use]
    pub fn next(&self) -> Option<&Entry> {
        self.entries.get(self.next)
    }

    /// Where the entry stands that comes next; behind the last one if nothing waits.
    #[must_use]
    pub fn next_position(&self) -> usize {
        self.next
    }

    /// Whether what was asked for is played at random.
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.seed.is_some()
    }

    /// The first position that is not the current song's.
    fn first_free(&self) -> usize {
        usize::from(self.has_current)
    }

    fn position_of(&self, id: EntryId) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id == id)
    }

    /// Takes the entry that comes next as the current song, to position 0.
    pub(super) fn take_next(&mut self) -> Option<Entry> {
        debug_assert!(!self.has_current, "the song before has been given up");
        let entry = self.entries.remove(self.next)?;
        self.entries.push_front(entry.clone());
        self.has_current = true;
        if self.next > 0 {
            self.changed_in(0, self.next + 1);
        } else {
            self.find_next();
        }
        Some(entry)
    }

    /// Puts an entry to the front and makes it the next, whatever the order is; to be taken before anything else happens.
    pub(super) fn bring_forward(&mut self, id: EntryId) {
        self.reorder(&[id]);
        self.next = self.first_free();
    }

    /// Plays what was asked for at random from now on, or in its order.
    pub(super) fn randomize(&mut self, seed: Option<u64>) {
        if self.seed.is_some() != seed.is_some() {
            self.seed = seed;
            self.kept_next = None;
            self.find_next();
        }
    }

    /// Looks for what comes next. Whatever changes the queue ends with it.
    fn find_next(&mut self) {
        let first_free = self.first_free();
        self.next = first_free;
        let Some(seed) = self.seed else { return };
        let kept = self.kept_next;
        let rank = |entry: &Entry| (entry.priority, Some(entry.id) == kept, hash(seed, entry));
        let asked = self.waiting().take_while(|entry| entry.origin == Origin::Asked).enumerate();
        let best = asked.max_by_key(|(_, entry)| rank(entry)).map_or(0, |(place, _)| place);
        self.next = first_free + best;
        self.kept_next = self.next().map(|entry| entry.id);
    }

    /// Gives entries a priority.
    pub(super) fn prioritize(&mut self, ids: &[EntryId], priority: u8) -> Answer {
        let wanted: HashSet<_> = ids.iter().collect();
        let places: Vec<usize> = (0..self.entries.len()).filter(|at| wanted.contains(&self.entries[*at].id)).collect();
        let count = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let differing: Vec<usize> =
            places.into_iter().filter(|place| self.entries[*place].priority != priority).collect();
        let Some(last) = differing.last() else { return Answer::Changed { count } };
        // Each of them finds its place among those that have this priority anew.
        self.kept_next = self.kept_next.filter(|kept| !wanted.contains(kept));
        self.version = self.version.wrapping_add(1);
        for place in &differing {
            let entry = &mut self.entries[*place];
            (entry.priority, entry.version) = (priority, self.version);
        }
        self.settle(last + 1);
        self.find_next();
        Answer::Changed { count }
    }

    /// Sets what of an entry is played.
    pub(super) fn cut(&mut self, id: EntryId, part: Option<Part>) -> Result<Answer, Refusal> {
        let place = self.position_of(id).ok_or(Refusal::NoSuchEntry { id })?;
        if place < self.first_free() {
            return Err(Refusal::CurrentSong);
        }
        self.entries[place].part = part;
        self.changed_in(place, place + 1);
        self.settle(place + 1);
        Ok(Answer::Changed { count: 1 })
    }

    /// Removes the current song.
    pub(super) fn drop_current(&mut self) {
        if std::mem::take(&mut self.has_current) {
            self.entries.pop_front();
            self.changed_from(0);
        }
    }

    /// Removes the entry that comes next.
    pub(super) fn drop_next(&mut self) {
        if self.entries.remove(self.next).is_some() {
            self.changed_from(self.next);
        }
    }

    /// Removes an entry that cannot be played.
    pub(super) fn drop_entry(&mut self, id: EntryId) -> Option<Entry> {
        let position = self.position_of(id).filter(|position| *position >= self.first_free())?;
        let entry = self.entries.remove(position);
        self.changed_from(position);
        entry
    }

    /// Begins a new version, in which all entries from a position on have changed.
    fn changed_from(&mut self, position: usize) {
        self.changed_in(position, self.entries.len());
    }

    fn changed_in(&mut self, first: usize, end: usize) {
        self.version = self.version.wrapping_add(1);
        for entry in self.entries.range_mut(first.min(end)..end) {
            entry.version = self.version;
        }
        self.find_next();
    }

    /// Puts songs that were asked for at a position, or behind all others that were.
    pub(super) fn add(&mut self, songs: Vec<Song>, position: Option<u32>) -> Result<Answer, Refusal> {
        self.check(&songs)?;
        let behind_asked =
            self.entries.iter().rposition(|entry| entry.origin == Origin::Asked).map_or(0, |last| last + 1);
        let position = match position {
            Some(position) => self.place(position, self.entries.len())?,
            None => behind_asked.max(self.first_free()),
        };
        let ids = self.insert(songs, position, Origin::Asked);
        self.settle(position);
        Ok(Answer::Added { ids })
    }

    /// Appends what was chosen, up to `wanted` entries that wait.
    pub(super) fn add_chosen(&mut self, mut songs: Vec<Song>, replace: bool, wanted: usize) -> Result<Answer, Refusal> {
        self.check(&songs)?;
        if replace {
            let first_free = self.first_free();
            let before = self.entries.len();
            let mut position = 0;
            self.entries.retain(|entry| {
                position += 1;
                position <= first_free || entry.origin == Origin::Asked
            });
            if self.entries.len() < before {
                self.changed_from(first_free);
            }
        }
        songs.truncate(wanted.saturating_sub(self.waiting_count()));
        let ids = self.insert(songs, self.entries.len(), Origin::Chosen);
        Ok(Answer::Added { ids })
    }

    fn insert(&mut self, songs: Vec<Song>, position: usize, origin: Origin) -> Vec<EntryId> {
        if songs.is_empty() {
            return Vec::new();
        }
        let tail = self.entries.split_off(position);
        let mut ids = Vec::with_capacity(songs.len());
        for mut song in songs {
            self.last_id = self.last_id.wrapping_add(1);
            song.title.truncate(song.title.floor_char_boundary(TITLE_BYTES_MAX));
            let id = EntryId(self.last_id);
            self.entries.push_back(Entry { id, song, origin, priority: 0, part: None, version: 0 });
            ids.push(id);
        }
        self.entries.extend(tail);
        self.changed_from(position);
        ids
    }

    fn check(&self, songs: &[Song]) -> Result<(), Refusal> {
        let short = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        if songs.len() > PAGE_ENTRIES_MAX {
            return Err(Refusal::TooManySongs { count: short(songs.len()), limit: short(PAGE_ENTRIES_MAX) });
        }
        if let Some(song) = songs.iter().find(|song| !is_usable(&song.path)) {
            return Err(Refusal::BadPath { path: song.path.to_string_lossy().into_owned() });
        }
        if self.entries.len() + songs.len() > QUEUE_ENTRIES_MAX {
            return Err(Refusal::QueueFull { length: short(self.entries.len()), limit: short(QUEUE_ENTRIES_MAX) });
        }
        Ok(())
    }

    /// A position that a song may take, when there are `last` others before it at most.
    fn place(&self, position: u32, last: usize) -> Result<usize, Refusal> {
        let first = self.first_free();
        let wanted = usize::try_from(position).unwrap_or(usize::MAX);
        if (first..=last).contains(&wanted) {
            return Ok(wanted);
        }
        let short = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        Err(Refusal::BadPosition { position, first: short(first), last: short(last.max(first)) })
    }

    /// Makes everything before a position that is asked for asked for. It has no priority, so that it is not above what comes next.
    fn settle(&mut self, position: usize) {
        for place in self.first_free()..position {
            if self.entries[place].origin != Origin::Asked {
                self.entries[place].origin = Origin::Asked;
                self.entries[place].version = self.version;
            }
        }
    }

    /// Takes entries out; whether the current song is among them is for the caller to look at.
    pub(super) fn remove(&mut self, ids: &[EntryId]) -> Answer {
        let (before, first_free) = (self.entries.len(), self.first_free());
        let wanted: HashSet<_> = ids.iter().collect();
        let Some(first) = self.entries.iter().skip(first_free).position(|entry| wanted.contains(&entry.id)) else {
            return Answer::Changed { count: 0 };
        };
        let mut place = 0;
        self.entries.retain(|entry| {
            place += 1;
            place <= first_free || !wanted.contains(&entry.id)
        });
        self.changed_from(first_free + first);
        Answer::Changed { count: u32::try_from(before - self.entries.len()).unwrap_or(u32::MAX) }
    }

    /// Moves an entry.
    pub(super) fn relocate(&mut self, id: EntryId, position: u32) -> Result<Answer, Refusal> {
        let from = self.position_of(id).ok_or(Refusal::NoSuchEntry { id })?;
        if from < self.first_free() {
            return Err(Refusal::CurrentSong);
        }
        let to = self.place(position, self.entries.len() - 1)?;
        if let Some(mut entry) = self.entries.remove(from) {
            entry.origin = Origin::Asked;
            self.entries.insert(to, entry);
        }
        self.changed_in(from.min(to), from.max(to) + 1);
        self.settle(to);
        Ok(Answer::Changed { count: 1 })
    }

    /// Puts these to the front, in their order.
    pub(super) fn reorder(&mut self, ids: &[EntryId]) -> Answer {
        let first_free = self.first_free();
        let mut rest: VecDeque<Entry> = self.entries.split_off(first_free);
        let places: HashMap<EntryId, usize> = rest.iter().enumerate().map(|(place, entry)| (entry.id, place)).collect();
        let mut taken = vec![false; rest.len()];
        let mut count = 0;
        for id in ids {
            let Some(&place) = places.get(id).filter(|place| !taken[**place]) else { continue };
            taken[place] = true;
            count += 1;
            self.entries.push_back(Entry { origin: Origin::Asked, ..rest[place].clone() });
        }
        let mut place = 0;
        rest.retain(|_| {
            place += 1;
            !taken[place - 1]
        });
        self.entries.append(&mut rest);
        if count > 0 {
            self.changed_from(first_free);
        }
        Answer::Changed { count }
    }

    /// Removes all that waits, but what was chosen if that is kept.
    pub(super) fn clear(&mut self, keep_chosen: bool) -> Answer {
        let ids: Vec<EntryId> = self
            .waiting()
            .filter(|entry| !(keep_chosen && entry.origin == Origin::Chosen))
            .map(|entry| entry.id)
            .collect();
        self.remove(&ids)
    }

    /// A page of the queue: entries from a position on that changed after a version, at most `count`.
    #[must_use]
    pub fn page(&self, from: u32, count: u32, since: Option<u32>) -> Answer {
        let limit = usize::try_from(count).unwrap_or(usize::MAX).min(PAGE_ENTRIES_MAX);
        let first = usize::try_from(from).unwrap_or(usize::MAX).min(self.entries.len());
        let mut entries = Vec::new();
        let mut more_from = None;
        for (position, entry) in (from..).zip(self.entries.range(first..)) {
            if since.is_some_and(|since| entry.version.wrapping_sub(since).cast_signed() <= 0) {
                continue;
            }
            if entries.len() == limit {
                more_from = Some(position);
                break;
            }
            entries.push((position, entry.clone()));
        }
        let length = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        Answer::Queue { entries, version: self.version, length, more_from }
    }

    /// What must hold between any two requests.
    #[cfg(test)]
    pub(super) fn assert_consistent(&self) {
        let ids: HashSet<_> = self.entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), self.entries.len(), "ids are unique");
        assert!(!self.has_current || !self.entries.is_empty());
        let waiting: Vec<_> = self.waiting().map(|entry| entry.origin).collect();
        let asked = waiting.iter().take_while(|origin| **origin == Origin::Asked).count();
        assert!(waiting[asked..].iter().all(|origin| *origin == Origin::Chosen), "asked before chosen: {waiting:?}");
        assert!(
            self.waiting().all(|entry| entry.origin == Origin::Asked || entry.priority == 0 && entry.part.is_none())
        );
        let Some(next) = self.next() else {
            assert_eq!((self.waiting_count(), self.next), (0, self.entries.len()));
            return;
        };
        assert!(self.next >= self.first_free());
        assert!(self.is_random() || self.next == self.first_free());
        assert!(next.origin == Origin::Asked || self.next == self.first_free(), "what was asked for comes first");
        assert!(self.waiting().all(|entry| !self.is_random() || entry.priority <= next.priority));
    }
}

/// A number that says nothing about the entry. SplitMix64's mixing.
fn hash(seed: u64, entry: &Entry) -> u64 {
    let numbers = u64::from(entry.id.0) << 8 | u64::from(entry.priority);
    let mixed = seed.wrapping_add(numbers.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn is_usable(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    path.is_absolute() && bytes.len() <= PATH_BYTES_MAX && !bytes.contains(&0)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::testing::Random;

    fn songs(names: &str) -> Vec<Song> {
        let song = |name: char| Song {
            id: i64::from(u32::from(name)),
            path: PathBuf::from(format!("/{name}")),
            title: name.to_string(),
            duration_ms: 0,
        };
        names.chars().map(song).collect()
    }

    fn names(queue: &Queue) -> String {
        queue.iter().map(|entry| entry.song.title.as_str()).collect()
    }

    fn id(queue: &Queue, name: char) -> EntryId {
        queue.iter().find(|entry| entry.song.title == name.to_string()).unwrap().id
    }

    fn filled() -> Queue {
        let mut queue = Queue::default();
        queue.add_chosen(songs("xyz"), false, 3).unwrap();
        queue.add(songs("abc"), None).unwrap();
        queue
    }

    #[test]
    fn asked_songs_come_before_chosen_ones() {
        let mut queue = filled();
        assert_eq!(names(&queue), "abcxyz");
        assert_eq!(queue.take_next().unwrap().song.title, "a");
        queue.add(songs("d"), None).unwrap();
        assert_eq!(names(&queue), "abcdxyz");
        queue.add(songs("e"), Some(1)).unwrap();
        assert_eq!(names(&queue), "aebcdxyz");
        queue.drop_current();
        assert_eq!(names(&queue), "ebcdxyz");
    }

    #[test]
    fn what_stands_before_an_asked_song_is_asked_for() {
        let mut queue = filled();
        queue.add(songs("d"), Some(5)).unwrap();
        queue.assert_consistent();
        queue.add_chosen(songs("n"), true, 10).unwrap();
        assert_eq!(names(&queue), "abcxydn", "z was replaced, x and y were not");
        let z = id(&queue, 'n');
        queue.relocate(z, 0).unwrap();
        assert_eq!(names(&queue), "nabcxyd");
    }

    #[test]
    fn chosen_songs_are_taken_as_far_as_they_are_wanted() {
        let mut queue = filled();
        assert_eq!(queue.add_chosen(songs("uvw"), false, 7), Ok(Answer::Added { ids: vec![EntryId(7)] }));
        assert_eq!(names(&queue), "abcxyzu");
    }

    #[test]
    fn the_current_song_stays_where_it_is() {
        let mut queue = filled();
        let current = queue.take_next().unwrap().id;
        let bad = Refusal::BadPosition { position: 0, first: 1, last: 6 };
        assert_eq!(queue.add(songs("d"), Some(0)), Err(bad));
        assert_eq!(queue.relocate(current, 2), Err(Refusal::CurrentSong));
        assert_eq!(queue.remove(&[current]), Answer::Changed { count: 0 });
        assert_eq!(queue.clear(true), Answer::Changed { count: 2 });
        assert_eq!(queue.clear(false), Answer::Changed { count: 3 });
        assert_eq!(names(&queue), "a");
    }

    /// What is played if nothing else happens.
    fn played(queue: &Queue) -> String {
        let mut queue = Queue { entries: queue.entries.clone(), ..*queue };
        let mut played = String::new();
        while let Some(entry) = queue.take_next() {
            played.push_str(&entry.song.title);
            queue.assert_consistent();
            queue.drop_current();
        }
        played
    }

    #[test]
    fn priorities_are_shown_and_do_nothing_while_the_order_is_not_random() {
        let mut queue = filled();
        let (since, c) = (queue.version(), id(&queue, 'c'));
        assert_eq!(queue.prioritize(&[c, EntryId(99)], 7), Answer::Changed { count: 1 });
        let Answer::Queue { entries, .. } = queue.page(0, 10, Some(since)) else { panic!() };
        let changed: Vec<_> = entries.iter().map(|(place, entry)| (*place, entry.priority)).collect();
        assert_eq!(changed, [(2, 7)]);
        assert_eq!((played(&queue).as_str(), queue.next_position()), ("abcxyz", 0));
        let version = queue.version();
        assert_eq!(queue.prioritize(&[c], 7), Answer::Changed { count: 1 });
        assert_eq!(queue.version(), version, "nothing has changed");
    }

    #[test]
    fn at_random_every_order_of_what_was_asked_for_comes_up_and_the_rest_follows() {
        let mut orders = HashMap::new();
        for seed in 0..600 {
            let mut queue = filled();
            queue.randomize(Some(seed));
            *orders.entry(played(&queue)).or_insert(0) += 1;
            assert_eq!(names(&queue), "abcxyz", "positions stay");
        }
        assert!(orders.len() == 6 && orders.values().all(|times| *times > 60), "{orders:?}");
        assert!(orders.keys().all(|order| order.ends_with("xyz")), "{orders:?}");
    }

    #[test]
    fn at_random_priorities_decide_and_within_one_chance() {
        let mut first = HashMap::new();
        for seed in 0..300 {
            let mut queue = filled();
            queue.randomize(Some(seed));
            let (a, c, y) = (id(&queue, 'a'), id(&queue, 'c'), id(&queue, 'y'));
            queue.prioritize(&[a, c], 5);
            queue.prioritize(&[y], 200);
            let order = played(&queue);
            assert!(order.starts_with('y') && ["ac", "ca"].contains(&&order[1..3]), "{order}");
            assert!(
                order.ends_with('z') && order[3..5].contains(['b', 'x']),
                "what stands before y is asked for: {order}"
            );
            *first.entry(order[1..3].to_owned()).or_insert(0) += 1;
        }
        assert!(first.len() == 2 && first.values().all(|times| *times > 90), "{first:?}");
    }

    #[test]
    fn what_comes_next_stays_next_unless_another_is_raised_above_it() {
        for seed in 0..50 {
            let mut queue = filled();
            queue.randomize(Some(seed));
            let next = queue.next().unwrap().clone();
            queue.add(songs("defghijk"), None).unwrap();
            queue.add(songs("lm"), Some(0)).unwrap();
            let d = id(&queue, 'd');
            queue.relocate(d, 0).unwrap();
            queue.randomize(Some(seed + 1));
            assert_eq!(queue.next().unwrap().id, next.id, "it is random already");
            queue.prioritize(&[d], 1);
            assert_eq!(queue.next().unwrap().id, d);
            queue.prioritize(&[next.id], 1);
            assert_eq!(queue.next().unwrap().id, d, "the same is not above it");
            queue.prioritize(&[next.id], 2);
            assert_eq!(queue.next().unwrap().id, next.id);
            queue.randomize(None);
            assert_eq!(queue.next_position(), 0);
        }
    }

    #[test]
    fn one_that_gets_another_priority_finds_its_place_anew() {
        let others = (0..200).filter(|seed| {
            let mut queue = filled();
            queue.randomize(Some(*seed));
            let next = queue.next().unwrap().id;
            let all: Vec<EntryId> = queue.waiting().take(3).map(|entry| entry.id).collect();
            queue.prioritize(&all, 9);
            queue.next().unwrap().id != next
        });
        assert!((60..190).contains(&others.count()));
    }

    #[test]
    fn pages_tell_what_changed_since_a_version() {
        let mut queue = filled();
        let since = queue.version();
        let c = id(&queue, 'c');
        queue.relocate(c, 1).unwrap();
        let Answer::Queue { entries, version, length, more_from } = queue.page(0, 10, Some(since)) else { panic!() };
        let changed: Vec<_> = entries.iter().map(|(place, entry)| (*place, entry.song.title.as_str())).collect();
        assert_eq!(changed, [(1, "c"), (2, "b")]);
        assert_eq!((version, length, more_from), (queue.version(), 6, None));
        let Answer::Queue { entries, more_from, .. } = queue.page(2, 2, None) else { panic!() };
        assert_eq!((entries.len(), more_from), (2, Some(4)));
    }

    #[test]
    fn unusable_songs_and_too_many_are_refused() {
        let mut queue = filled();
        let relative = Song { path: PathBuf::from("a.mp3"), ..songs("a").remove(0) };
        assert!(matches!(queue.add(vec![relative], None), Err(Refusal::BadPath { .. })));
        let many = vec![songs("a").remove(0); PAGE_ENTRIES_MAX + 1];
        assert!(matches!(queue.add(many.clone(), None), Err(Refusal::TooManySongs { .. })));
        let refused = (0..).find_map(|_| queue.add(many[..PAGE_ENTRIES_MAX].to_vec(), None).err());
        assert!(matches!(refused, Some(Refusal::QueueFull { .. })));
        assert!(queue.len() <= QUEUE_ENTRIES_MAX);
    }

    #[test]
    fn whatever_is_asked_the_queue_stays_consistent() {
        let mut random = Random::seeded();
        let mut queue = Queue::default();
        for _ in 0..3000 {
            let before = (queue.version(), names(&queue));
            let ids: Vec<EntryId> = (0..3).map(|_| EntryId(u32::try_from(random.below(40)).unwrap())).collect();
            let position = u32::try_from(random.below(10)).unwrap();
            match random.below(12) {
                0 => drop(queue.add(songs("ab"), None)),
                1 => drop(queue.add(songs("cd"), Some(position))),
                2 => drop(queue.add_chosen(songs("xyz"), random.chance(20), 6)),
                3 => drop(queue.remove(&ids)),
                4 => drop(queue.relocate(ids[0], position)),
                5 => drop(queue.reorder(&ids)),
                6 if random.chance(10) => drop(queue.clear(random.chance(50))),
                7 if !queue.has_current => drop(queue.take_next()),
                8 => queue.drop_current(),
                9 => drop(queue.prioritize(&ids, random.byte() % 3)),
                10 => drop(queue.cut(ids[0], random.chance(50).then_some(Part { start_ms: 1, end_ms: None }))),
                11 if random.chance(30) => queue.randomize(random.chance(70).then(|| random.next())),
                _ => {}
            }
            queue.assert_consistent();
            assert!(before.1 == names(&queue) || before.0 != queue.version(), "a change has a version");
        }
    }
}

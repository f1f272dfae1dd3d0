//! Songs in the order of their scores, kept while songs are played and the clock runs.
//!
//! A song that is played moves the means of all songs, and so every score. No sorted list of scores can be kept up to date; but
//! songs with the same score of the mood and the same number of plays keep their order among themselves, oldest first, whatever the
//! means are (see [`crate::score`]). So a [`Ranking`] is one sorted set for each pair of these numbers that occurs. Only the first of
//! each set can be the best of all.
//!
//! Cost, of `n` songs in `b` sets: a song that changes, O(log n); the best, `b` exact comparisons; `m` best, `b` and then
//! O(m log b). `b` is small: numbers of plays are few (100 different ones need 5,000 plays), and scores of moods are sums of few
//! lines; with random scores there are 101 times as many.

use std::cmp::Reverse;
use std::collections::btree_set::Iter;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::score::{History, Scale, Totals};
use crate::song::SongId;

/// Where a song stands in a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// What the mood gives it.
    pub(super) mood: i32,
    pub(super) history: History,
    /// Decides between equal scores; smaller is first.
    pub(super) tie: u64,
}

/// How good a song is: greater is better. Never the same for two songs.
pub(super) type Rank = (i128, Reverse<u64>, Reverse<SongId>);

impl Place {
    pub(super) fn rank(&self, song: SongId, scale: &Scale) -> Rank {
        (scale.rank(self.mood, self.history), Reverse(self.tie), Reverse(song))
    }

    fn class(&self) -> Class {
        Class { mood: self.mood, plays: self.history.plays }
    }

    fn member(&self, song: SongId) -> Member {
        (self.history.last_played_s, self.tie, song)
    }
}

/// What the songs of one sorted set have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    mood: i32,
    plays: u64,
}

/// Last played, tie, song: the smallest is the best of its set.
type Member = (u64, u64, SongId);

/// Ranked songs.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranking {
    classes: BTreeMap<Class, BTreeSet<Member>>,
    totals: Totals,
    songs: usize,
}

impl Ranking {
    /// All of them at once: sorted once each.
    pub(super) fn new(places: impl IntoIterator<Item = (SongId, Place)>) -> Self {
        let mut members: BTreeMap<Class, Vec<Member>> = BTreeMap::new();
        let (mut totals, mut songs) = (Totals::default(), 0);
        for (song, place) in places {
            members.entry(place.class()).or_default().push(place.member(song));
            totals.add(place.history);
            songs += 1;
        }
        // Sets are made of sorted members several times as fast.
        let sorted = |(class, mut members): (Class, Vec<Member>)| {
            members.sort_unstable();
            (class, members.into_iter().collect())
        };
        let classes = members.into_iter().map(sorted).collect();
        Self { classes, totals, songs }
    }

    pub(super) fn insert(&mut self, song: SongId, place: Place) {
        self.classes.entry(place.class()).or_default().insert(place.member(song));
        self.totals.add(place.history);
        self.songs += 1;
    }

    /// Takes a song out. `place` is what it was inserted with.
    pub(super) fn remove(&mut self, song: SongId, place: Place) {
        let class = place.class();
        let Some(members) = self.classes.get_mut(&class) else { return };
        if !members.remove(&place.member(song)) {
            return;
        }
        if members.is_empty() {
            self.classes.remove(&class);
        }
        self.totals.remove(place.history);
        self.songs -= 1;
    }

    pub(super) fn len(&self) -> usize {
        self.songs
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// When the song that was played last was played.
    pub(super) fn newest_s(&self) -> u64 {
        self.classes.values().filter_map(|members| members.last()).map(|member| member.0).max().unwrap_or(0)
    }

    /// What the scores are at a time. A clock that was set back does not make ages negative.
    pub(super) fn scale(&self, now_s: u64) -> Scale {
        self.totals.scale(now_s.max(self.newest_s()))
    }

    /// The best song that `passed_over` does not hold for.
    pub(super) fn best(&self, scale: &Scale, passed_over: impl Fn(SongId) -> bool) -> Option<(Rank, SongId)> {
        let first = |(class, members): (&Class, &BTreeSet<Member>)| {
            let member = members.iter().find(|member| !passed_over(member.2))?;
            Some((rank(*class, *member, scale), member.2))
        };
        self.classes.iter().filter_map(first).max()
    }

    /// All songs, best first.
    pub(super) fn ordered<'a>(&'a self, scale: &'a Scale) -> impl Iterator<Item = SongId> + 'a {
        let mut heads = BinaryHeap::with_capacity(self.classes.len());
        for (class, members) in &self.classes {
            push(&mut heads, *class, members.iter(), scale);
        }
        std::iter::from_fn(move || {
            let head = heads.pop()?;
            push(&mut heads, head.class, head.rest, scale);
            Some(head.song)
        })
    }
}

fn rank(class: Class, member: Member, scale: &Scale) -> Rank {
    let (last_played_s, tie, song) = member;
    let history = History { plays: class.plays, last_played_s };
    (scale.rank(class.mood, history), Reverse(tie), Reverse(song))
}

fn push<'a>(heads: &mut BinaryHeap<Head<'a>>, class: Class, mut rest: Iter<'a, Member>, scale: &Scale) {
    if let Some(member) = rest.next() {
        heads.push(Head { rank: rank(class, *member, scale), song: member.2, class, rest });
    }
}

/// The best song of a set that has not been given out, ordered by its rank.
struct Head<'a> {
    rank: Rank,
    song: SongId,
    class: Class,
    rest: Iter<'a, Member>,
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Head<'_> {}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

//! Choices against sorting and against starting anew, and each rule by itself.

use std::collections::HashMap;

use super::invented::{any_song, plain_song};
use super::*;
use crate::mood::invented::{any_expression_mood, any_line};
use crate::song::AttributeId;
use crate::testing::Random;

fn table() -> Arc<AttributeTable> {
    Arc::new(
        (0..).map(AttributeId).zip(["jazz", "sick", "instrumental", "two words", "x"].map(str::to_owned)).collect(),
    )
}

fn choice(songs: &[Song]) -> Choice {
    Choice::new(7, songs.iter().cloned().map(Arc::new), table())
}

fn mood(text: &str) -> Mode {
    Mode::Mood { name: "m".to_owned(), mood: Mood::parse(text).unwrap() }
}

fn playlist(text: &str) -> Mode {
    Mode::Playlist { name: "p".to_owned(), playlist: Playlist::parse(text.as_bytes()) }
}

fn numbers(songs: &[Arc<Song>]) -> Vec<i64> {
    songs.iter().map(|song| song.id.0).collect()
}

fn plain(count: i64) -> Vec<Song> {
    (1..=count).map(plain_song).collect()
}

/// What the library says when a song is played.
fn play(choice: &mut Choice, song: &Song, now_s: u64) {
    let mut song = song.clone();
    song.statistics.play_count += 1;
    song.statistics.last_played_s = Some(now_s);
    choice.apply(&Change::Changed { song: Arc::new(song), what: What::Played });
}

/// Plays `count` songs one after the other, each to its end.
fn play_on(choice: &mut Choice, count: usize, now_s: u64) -> Vec<i64> {
    let mut now_ms = now_s * 1000;
    let mut played = Vec::new();
    for _ in 0..count {
        let Some(song) = choice.upcoming(&[], 1, now_ms / 1000).pop() else { break };
        play(choice, &song, now_ms / 1000);
        now_ms += song.technical.duration_ms;
        played.push(song.id.0);
    }
    played
}

#[test]
fn every_song_is_played_once_before_one_is_played_twice() {
    let mut choice = choice(&plain(50));
    let mut played = play_on(&mut choice, 50, 1_700_000_000);
    assert_ne!(played, (1..=50).collect::<Vec<_>>(), "the seed shuffles songs that do not differ");
    played.sort_unstable();
    assert_eq!(played, (1..=50).collect::<Vec<_>>());
}

#[test]
fn rarely_played_and_long_ago_played_songs_come_first() {
    let mut songs = plain(3);
    for (song, (plays, last)) in songs.iter_mut().zip([(5, 1000), (1, 3000), (1, 2000)]) {
        song.statistics.play_count = plays;
        song.statistics.last_played_s = Some(last);
    }
    assert_eq!(numbers(&choice(&songs).upcoming(&[], 2, 4000)), [3, 2]);
}

#[test]
fn seeds_decide_and_the_same_seed_decides_the_same() {
    let order = |seed| {
        let songs = plain(20).into_iter().map(Arc::new);
        numbers(&Choice::new(seed, songs, table()).upcoming(&[], 20, 1000))
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
}

#[test]
fn no_song_follows_itself_while_there_is_another() {
    let mut songs = plain(2);
    songs[0].tags.artist = "loved".to_owned();
    let mut choice = choice(&songs);
    choice.select(mood("accept\nscore 1000 if artist_matches loved")).unwrap();
    assert_eq!(play_on(&mut choice, 6, 1000), [1, 2, 1, 2, 1, 2]);
    choice.apply(&Change::Removed(SongId(2)));
    assert_eq!(play_on(&mut choice, 2, 9000), [1, 1], "alone it is better than silence");
}

#[test]
fn what_is_not_admissible_is_not_chosen() {
    let mut songs = plain(3);
    songs[0].fault = Some("no frames".to_owned());
    songs[1].attributes = vec![AttributeId(1)];
    let mut choice = choice(&songs);
    assert_eq!(choice.admissible_count(), 2);
    choice.select(mood("!is_set(\"sick\")")).unwrap();
    assert_eq!(numbers(&choice.upcoming(&[], 2, 5)), [3, 3]);
    assert!(!choice.admits(SongId(1)) && !choice.admits(SongId(2)) && choice.admits(SongId(3)));
    choice.select(mood("false")).unwrap();
    assert!(choice.upcoming(&[], 2, 5).is_empty());
    assert_eq!(choice.standing(SongId(3), 5), None);
}

#[test]
fn an_unknown_attribute_leaves_the_selection_as_it_was() {
    let mut choice = choice(&plain(1));
    choice.select(mood("true")).unwrap();
    let error = choice.select(Mode::Mood { name: "n".to_owned(), mood: Mood::parse("is_set(\"jaz\")").unwrap() });
    assert!(error.unwrap_err().to_string().contains("did you mean jazz?"));
    assert_eq!(choice.selection(), Selection::Mood("m".to_owned()));
}

#[test]
fn an_attribute_that_gets_another_name_is_looked_up_again() {
    let mut songs = plain(2);
    songs[0].attributes = vec![AttributeId(0)];
    let mut choice = choice(&songs);
    choice.select(mood("is_set(\"jazz\")")).unwrap();
    assert_eq!(choice.admissible_count(), 1);
    choice.apply(&Change::AttributeTable(Arc::new([(AttributeId(0), "blues".to_owned())].into())));
    assert_eq!(choice.admissible_count(), 0);
    choice.apply(&Change::AttributeTable(table()));
    assert_eq!(choice.admissible_count(), 1);
}

#[test]
fn standings_say_why() {
    let mut songs = plain(2);
    songs[0].tags.year = Some(1959);
    let mut choice = choice(&songs);
    choice.select(mood("accept with score 30 if year = 1959\naccept")).unwrap();
    let Some(Standing::Scored { score, lines }) = choice.standing(SongId(1), 9) else { panic!("no standing") };
    assert_eq!((score.total, score.mood), (30, 30));
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].text, "accept with score 30 if year = 1959");
    let ordered: Vec<_> = choice.ordered(9, usize::MAX).into_iter().map(|(song, _)| song.id.0).collect();
    assert_eq!(ordered, [1, 2]);
}

#[test]
fn playlists_are_played_in_their_order_round_and_round() {
    let mut choice = choice(&plain(4));
    choice.select(playlist("#EXTM3U\n/music/3.mp3\r\n/music/missing.mp3\n\n/music/1.mp3\n/music/4.mp3")).unwrap();
    assert_eq!(choice.selection(), Selection::Playlist("p".to_owned()));
    assert_eq!(choice.playlist().unwrap().paths().len(), 4, "what is missing is kept");
    assert_eq!(choice.admissible_count(), 3);
    assert_eq!(play_on(&mut choice, 5, 1000), [3, 1, 4, 3, 1]);
    assert_eq!(choice.standing(SongId(4), 0), Some(Standing::Listed { before: 0 }));
    assert_eq!(choice.standing(SongId(2), 0), None);
}

#[test]
fn a_path_of_a_playlist_that_comes_later_has_its_place() {
    let mut songs = plain(3);
    let second = songs.remove(1);
    let mut choice = choice(&songs);
    choice.select(playlist("/music/1.mp3\n/music/2.mp3\n/music/3.mp3")).unwrap();
    assert_eq!(numbers(&choice.upcoming(&[], 2, 0)), [1, 3]);
    choice.apply(&Change::Added(Arc::new(second.clone())));
    assert_eq!(numbers(&choice.upcoming(&[], 3, 0)), [1, 2, 3]);
    let renamed = Song { path: "/music/other.mp3".into(), ..second };
    choice.apply(&Change::Changed { song: Arc::new(renamed), what: What::File });
    assert_eq!(numbers(&choice.upcoming(&[], 2, 0)), [1, 3]);
}

#[test]
fn a_playlist_may_repeat_a_song() {
    let mut choice = choice(&plain(2));
    choice.select(playlist("/music/1.mp3\n/music/1.mp3\n/music/2.mp3")).unwrap();
    assert_eq!(play_on(&mut choice, 6, 1000), [1, 1, 2, 1, 1, 2]);
    assert_eq!(choice.ordered(0, usize::MAX).len(), 2);
}

#[test]
fn a_song_that_was_asked_for_in_between_is_not_heard_twice() {
    let songs = plain(3);
    let mut choice = choice(&songs);
    choice.select(playlist("/music/1.mp3\n/music/2.mp3\n/music/3.mp3")).unwrap();
    assert_eq!(numbers(&choice.upcoming(&[SongId(2)], 3, 0)), [1, 3, 2]);
    play(&mut choice, &songs[1], 5);
    assert_eq!(numbers(&choice.upcoming(&[], 3, 0)), [1, 3, 2]);
}

const MOODS: &[&str] = &[
    "true",
    "year < 1960 || is_set(\"jazz\")",
    "num_played < 3",
    "accept if artist_matches M\naccept with score 60 if year < 1960\nscore -30 if channels = 1\ndeny if is_set sick",
    "score random",
    "score random\nscore 100 if num_played <= 1\ndeny if num_played > 6",
];

fn any_mode(random: &mut Random, songs: &HashMap<SongId, Song>) -> Mode {
    match random.below(4) {
        0 => Mode::Everything,
        1 => {
            let ids: Vec<_> = songs.keys().copied().collect();
            let lines = (0..random.below(20)).map(|_| match random.below(4) {
                0 => "/music/nothing.mp3\n".to_owned(),
                _ if ids.is_empty() => String::new(),
                _ => format!("{}\n", songs[random.of(&ids)].path.display()),
            });
            playlist(&lines.collect::<String>())
        }
        _ => match random.below(3) {
            0 => mood(MOODS[random.below(6) as usize]),
            1 => mood(&any_expression_mood(random, 3)),
            _ => mood(&(0..=random.below(4)).map(|_| any_line(random) + "\n").collect::<String>()),
        },
    }
}

/// One change of the library that can happen to these songs, which are changed too.
fn any_change(random: &mut Random, songs: &mut HashMap<SongId, Song>, next: &mut i64, now_s: u64) -> Change {
    let ids: Vec<_> = songs.keys().copied().collect();
    if ids.is_empty() || random.below(8) == 0 {
        *next += 1;
        let song = any_song(random, *next);
        songs.insert(song.id, song.clone());
        return Change::Added(Arc::new(song));
    }
    let id = *random.of(&ids);
    if random.below(8) == 0 {
        songs.remove(&id);
        return Change::Removed(id);
    }
    let fresh = any_song(random, id.0);
    let song = songs.get_mut(&id).unwrap();
    let what = *random.of(&[What::Played, What::Played, What::Attributes, What::File, What::Statistics]);
    match what {
        What::Played => {
            song.statistics.play_count += 1;
            song.statistics.last_played_s = Some(now_s);
        }
        What::Attributes => song.attributes = fresh.attributes,
        What::Statistics => song.statistics = fresh.statistics,
        What::File | What::Blobs => *song = fresh,
    }
    Change::Changed { song: Arc::new(song.clone()), what }
}

/// Ranked songs, by sorting all of them.
fn by_sorting(choice: &Choice, now_s: u64) -> Vec<i64> {
    let places: Vec<(SongId, Place)> =
        choice.songs.values().filter_map(|row| Some((row.song.id, choice.place(&row.song)?))).collect();
    let mut totals = crate::score::Totals::default();
    places.iter().for_each(|(_, place)| totals.add(place.history));
    let newest = places.iter().map(|(_, place)| place.history.last_played_s).max().unwrap_or(0);
    let scale = totals.scale(now_s.max(newest));
    let mut ranked: Vec<_> = places.into_iter().map(|(song, place)| (place.rank(song, &scale), song.0)).collect();
    ranked.sort_unstable_by(|left, right| right.cmp(left));
    ranked.into_iter().map(|(_, song)| song).collect()
}

#[test]
fn following_changes_is_the_same_as_starting_anew() {
    let mut random = Random::new();
    for _ in 0..60 {
        let mut songs: HashMap<SongId, Song> =
            (1..30).map(|id| any_song(&mut random, id)).map(|song| (song.id, song)).collect();
        let (mut next, mut now_s) = (30, 2_000_000);
        let mut followed = Choice::new(3, songs.values().cloned().map(Arc::new), table());
        let mode = any_mode(&mut random, &songs);
        followed.select(mode.clone()).unwrap();
        for _ in 0..60 {
            now_s += 1 + u64::from(random.below(100));
            followed.apply(&any_change(&mut random, &mut songs, &mut next, now_s));
            if matches!(mode, Mode::Playlist { .. }) {
                continue;
            }
            let mut fresh = Choice::new(3, songs.values().cloned().map(Arc::new), table());
            fresh.select(mode.clone()).unwrap();
            assert_eq!(followed.ordered(now_s, usize::MAX), fresh.ordered(now_s, usize::MAX));
            let ordered: Vec<_> = followed.ordered(now_s, usize::MAX).iter().map(|(song, _)| song.id.0).collect();
            assert_eq!(ordered, by_sorting(&followed, now_s));
            let again = followed.last_played.map(|song| song.0).filter(|_| ordered.len() > 1);
            let next = ordered.iter().copied().find(|song| Some(*song) != again);
            assert_eq!(numbers(&followed.upcoming(&[], 1, now_s)), next.into_iter().collect::<Vec<_>>());
            let few = usize::try_from(random.below(10)).unwrap();
            let best: Vec<_> = followed.ordered(now_s, few).iter().map(|(song, _)| song.id.0).collect();
            assert_eq!(best, ordered[..few.min(ordered.len())]);
            assert_eq!(followed.admissible_count(), fresh.admissible_count());
            let admitted = followed.songs.keys().filter(|song| followed.admits(**song)).count();
            assert_eq!(admitted, followed.admissible_count());
        }
        if let Mode::Playlist { playlist, .. } = &mode {
            let present =
                |path: &&std::path::PathBuf| songs.values().any(|song| song.path == **path && song.fault.is_none());
            let expected = playlist.paths().iter().filter(present).count();
            let Source::Listed { rotation, .. } = &followed.source else { panic!("not a playlist") };
            assert_eq!(rotation.ordered().count(), expected);
        }
    }
}

/// A place with numbers that floating point cannot tell apart when they are multiplied by large weights.
fn any_place(random: &mut Random) -> Place {
    let far = *random.of(&[0, 1, 1_700_000_000, crate::score::TIME_COUNTED_MAX_S - 3]);
    Place {
        mood: *random.of(&[0, 1, -1, crate::mood::MOOD_SCORE_MAX, -crate::mood::MOOD_SCORE_MAX]),
        history: History {
            plays: *random.of(&[0, 1, 2, crate::score::PLAYS_COUNTED_MAX - 1, crate::score::PLAYS_COUNTED_MAX]),
            last_played_s: far + u64::from(random.below(3)),
        },
        tie: u64::from(random.below(3)),
    }
}

#[test]
fn the_best_is_the_first_in_exact_order_that_is_not_passed_over() {
    let mut random = Random::new();
    for _ in 0..300 {
        let (mut ranking, mut slots) = (Ranking::default(), HashMap::new());
        let few = random.below(2) == 0;
        let same = any_place(&mut random);
        for id in 0..i64::from(random.below(400)) {
            if random.below(4) == 0 && !slots.is_empty() {
                let gone = *random.of(&slots.keys().copied().collect::<Vec<_>>());
                ranking.remove(slots.remove(&gone).unwrap());
            }
            let place = if few { Place { tie: u64::from(random.below(5)), ..same } } else { any_place(&mut random) };
            slots.insert(SongId(id), ranking.insert(SongId(id), place).unwrap());
        }
        let newest = slots.values().map(|slot| ranking.place(*slot).unwrap().history.last_played_s).max().unwrap_or(0);
        assert_eq!((ranking.newest_s(), ranking.len()), (newest, slots.len()));
        let scale = ranking.scale(newest + u64::from(random.below(3)));
        let ordered = ranking.ordered(&scale, usize::MAX);
        let first = ordered.iter().take(random.below(5) as usize).copied();
        let any = (0..random.below(4)).map(|_| SongId(i64::from(random.below(400))));
        let passed_over: Vec<Slot> = first.chain(any).filter_map(|song| slots.get(&song).copied()).collect();
        let expected = ordered.iter().copied().find(|song| !passed_over.contains(&slots[song]));
        assert_eq!(ranking.best(&scale, &passed_over).map(|(_, song)| song), expected);
    }
}

/// Fewer plays make up exactly for fewer seconds, in numbers that floating point rounds.
#[test]
fn songs_of_equal_scores_are_equal_whatever_is_rounded() {
    let mut random = Random::new();
    for _ in 0..300 {
        let (plays, age_s) = (1 + u64::from(random.below(50)), 1 + u64::from(random.below(1 << 31)));
        let now_s = age_s + 1_000_000;
        // The means are `plays` and `age_s`, each a thousand times.
        let mut totals = crate::score::Totals::default();
        (0..1000).for_each(|_| totals.add(History { plays, last_played_s: now_s - age_s }));
        let scale = totals.scale(now_s);
        let mut ranking = Ranking::default();
        for (id, history) in [(1, (plays, 77)), (2, (0, 77 + age_s))] {
            let history = History { plays: history.0, last_played_s: history.1 };
            ranking.insert(SongId(id), Place { mood: 3, history, tie: u64::from(random.below(9)) }).unwrap();
        }
        let ordered = ranking.ordered(&scale, usize::MAX);
        let best = ranking.best(&scale, &[]).map(|(rank, song)| (rank.0, song));
        let exact = scale.rank(3, History { plays, last_played_s: 77 });
        assert_eq!(best, Some((exact, ordered[0])));
    }
}

/// More songs than one thread is asked about.
#[test]
fn a_mood_is_asked_about_every_song_on_several_threads() {
    let songs: Vec<Song> = (1..=3 * i64::try_from(SONGS_OF_THREAD_MIN).unwrap() + 1)
        .map(|id| {
            let mut song = plain_song(id);
            song.tags.year = i32::try_from(id % 100).ok();
            song
        })
        .collect();
    let mut choice = choice(&songs);
    choice.select(mood("year < 50")).unwrap();
    for song in &songs {
        assert_eq!(choice.admits(song.id), song.id.0 % 100 < 50, "{}", song.id.0);
    }
    let slots = choice.songs.values().filter_map(|row| row.slot);
    assert_eq!(slots.collect::<std::collections::BTreeSet<_>>().len(), choice.admissible_count());
}

#[test]
fn what_is_announced_is_what_is_played() {
    let mut random = Random::new();
    for _ in 0..60 {
        let songs: HashMap<SongId, Song> =
            (1..20).map(|id| any_song(&mut random, id)).map(|song| (song.id, song)).collect();
        let mut choice = Choice::new(u64::from(random.below(1000)), songs.values().cloned().map(Arc::new), table());
        choice.select(any_mode(&mut random, &songs)).unwrap();
        let announced = numbers(&choice.upcoming(&[], 40, 3_000_000));
        let first: Vec<SongId> = announced.iter().take(3).map(|song| SongId(*song)).collect();
        let rest = numbers(&choice.upcoming(&first, 37, 3_000_000));
        assert_eq!(rest[..], announced[announced.len().min(3)..], "handed out songs are not handed out again");
        assert_eq!(play_on(&mut choice, 40, 3_000_000), announced);
    }
}

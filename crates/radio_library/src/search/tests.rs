//! Searches against what a plain look at every song finds, and what MPD's clients ask for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use regex::Regex;

use super::*;
use crate::catalogue::{Catalogue, Directory};
use crate::change::{AttributeTable, Change, What};
use crate::song::{Song, SongId};
use crate::testing::{Random, song};

fn catalogue(songs: Vec<Song>) -> Catalogue {
    Catalogue::new(songs, AttributeTable::new())
}

/// Four songs that a person would know.
fn four() -> Catalogue {
    let mut songs = Vec::new();
    for (number, path, artist, title, album, date, genre, track) in [
        (1, "/m/Björk/Post/01.mp3", "Björk", "Army of Me", "Post", "1995-06-13", "Pop", Some(1)),
        (2, "/m/Björk/Post/02.mp3", "Björk", "Hyperballad", "Post", "1995-06-13", "Pop", Some(2)),
        (3, "/m/Miles/x.mp3", "Miles Davis", "So What", "Kind of Blue", "1959", "Jazz", Some(1)),
        (4, "/m/a b.mp3", "", "", "", "", "", None),
    ] {
        let mut song = song(number, path);
        let tags = &mut song.tags;
        (tags.artist, tags.title, tags.album) = (artist.to_owned(), title.to_owned(), album.to_owned());
        (tags.date, tags.genre, tags.track) = (date.to_owned(), genre.to_owned(), track);
        song.technical.duration_ms = 1000 * number.unsigned_abs();
        song.file.modified_ns = number * 1_000_000_000;
        song.statistics.added_s = number.unsigned_abs() * 10;
        songs.push(song);
    }
    songs[2].tags.others = vec![("Composer".to_owned(), "Davis".to_owned())];
    catalogue(songs)
}

fn found(catalogue: &Catalogue, filter: &Filter) -> Vec<i64> {
    catalogue.find(filter).iter().map(|song| song.id.0).collect()
}

fn tag(name: &str) -> Field {
    Field::Tag(Tag::named(name).unwrap())
}

fn text(field: Field, how: How, case: Case, text: &str) -> Filter {
    Filter::Text { field, how, case, text: text.to_owned() }
}

#[test]
fn words_are_found_anywhere_whatever_their_case_and_accents() {
    let catalogue = four();
    for (words, expected) in [
        ("bjork", &[1, 2][..]),
        ("BJÖRK army", &[1]),
        ("army bjork", &[1]),
        ("davis", &[3]),
        ("a b.mp3", &[4]),
        ("nothing", &[]),
        ("", &[1, 2, 3, 4]),
    ] {
        assert_eq!(found(&catalogue, &Filter::words(words)), expected, "{words}");
    }
}

#[test]
fn fields_are_compared_as_they_are_asked_for() {
    let catalogue = four();
    for (field, how, case, what, expected) in [
        (tag("Artist"), How::Equal, Case::Exact, "Björk", &[1, 2][..]),
        (tag("Artist"), How::Equal, Case::Exact, "bjork", &[]),
        (tag("Artist"), How::Equal, Case::Folded, "bjork", &[1, 2]),
        (tag("Artist"), How::Equal, Case::Exact, "", &[4]),
        (tag("Artist"), How::StartsWith, Case::Folded, "miles", &[3]),
        (tag("Title"), How::Contains, Case::Exact, "ball", &[2]),
        (tag("Title"), How::Contains, Case::Exact, "Post", &[]),
        (tag("AlbumArtist"), How::Equal, Case::Exact, "Miles Davis", &[3]),
        (tag("Composer"), How::Equal, Case::Exact, "Davis", &[3]),
        (tag("Track"), How::Equal, Case::Exact, "1", &[1, 3]),
        (Field::AnyTag, How::Equal, Case::Exact, "2", &[2]),
        (Field::AnyTag, How::Contains, Case::Folded, "davis", &[3]),
        (Field::AnyTag, How::Contains, Case::Folded, "x.mp3", &[]),
        (Field::Path(0), How::Equal, Case::Exact, "/m/Miles/x.mp3", &[3]),
        (Field::Path(0), How::Contains, Case::Folded, "bjork", &[1, 2]),
        (Field::Path(3), How::Equal, Case::Exact, "Miles/x.mp3", &[3]),
        (Field::Path(3), How::StartsWith, Case::Folded, "MILES", &[3]),
        (Field::Path(0), How::Contains, Case::Folded, "/m/", &[1, 2, 3, 4]),
        (Field::Path(3), How::Contains, Case::Folded, "/m/", &[]),
        (Field::Path(99), How::Contains, Case::Folded, "x", &[]),
        (Field::Anything, How::Equal, Case::Exact, "1", &[]),
    ] {
        assert_eq!(found(&catalogue, &text(field, how, case, what)), expected, "{field:?} {how:?} {case:?} {what}");
    }
}

#[test]
fn conditions_are_joined_and_turned_round() {
    let catalogue = four();
    let jazz = text(tag("Genre"), How::Equal, Case::Exact, "Jazz");
    let pop = text(tag("Genre"), How::Equal, Case::Exact, "Pop");
    let first = text(tag("Track"), How::Equal, Case::Exact, "1");
    let not = |filter: &Filter| Filter::Not(Box::new(filter.clone()));
    for (filter, expected) in [
        (Filter::everything(), &[1, 2, 3, 4][..]),
        (Filter::Any(vec![]), &[]),
        (Filter::All(vec![pop.clone(), first.clone()]), &[1]),
        (Filter::Any(vec![jazz.clone(), first.clone()]), &[1, 3]),
        (not(&jazz), &[1, 2, 4]),
        (Filter::All(vec![not(&jazz), first]), &[1]),
        (Filter::Regex { field: tag("Date"), regex: Regex::new("^19(59|60)").unwrap() }, &[3]),
        (Filter::Below(PathBuf::from("/m/Björk")), &[1, 2]),
        (Filter::Below(PathBuf::from("/m/Bj")), &[]),
        (Filter::All(vec![Filter::Below(PathBuf::from("/m")), pop]), &[1, 2]),
        (Filter::ModifiedSince(3), &[3, 4]),
        (Filter::AddedSince(20), &[2, 3, 4]),
    ] {
        assert_eq!(found(&catalogue, &filter), expected, "{filter:?}");
    }
}

#[test]
fn lists_have_each_combination_once_and_in_order() {
    let catalogue = four();
    let tags = |names: &[&str]| names.iter().map(|name| Tag::named(name).unwrap()).collect::<Vec<_>>();
    assert_eq!(catalogue.list(&tags(&["Artist"]), &Filter::everything()), [[""], ["Björk"], ["Miles Davis"]]);
    assert_eq!(
        catalogue.list(&tags(&["AlbumArtist", "Album"]), &Filter::everything()),
        [["", ""], ["Björk", "Post"], ["Miles Davis", "Kind of Blue"]]
    );
    let count = |value: &str, songs, duration_ms| Count { value: value.to_owned(), songs, duration_ms };
    assert_eq!(catalogue.count(&Filter::everything(), None), [count("", 4, 10_000)]);
    assert_eq!(catalogue.count(&Filter::Any(vec![]), None), [count("", 0, 0)]);
    let bjork = Filter::All(vec![text(tag("Artist"), How::Equal, Case::Exact, "Björk")]);
    assert_eq!(catalogue.list(&tags(&["Artist"]), &bjork), [["Björk"]]);
    assert_eq!(
        catalogue.count(&bjork, None).iter().map(|count| count.songs).sum::<u64>(),
        found(&catalogue, &bjork).len() as u64
    );
    let by_genre = catalogue.count(&Filter::everything(), Tag::named("genre"));
    assert_eq!(by_genre, [count("", 1, 4000), count("Jazz", 1, 3000), count("Pop", 2, 3000)]);
}

#[test]
fn a_tag_with_several_values_is_listed_under_each() {
    let mut one = song(1, "/a");
    one.tags.artist = "A".to_owned();
    one.tags.others = vec![("Artist".to_owned(), "B".to_owned())];
    one.tags.genre = "G".to_owned();
    let catalogue = catalogue(vec![one]);
    let tags = ["Artist", "Genre"].map(|name| Tag::named(name).unwrap());
    assert_eq!(catalogue.list(&tags, &Filter::everything()), [["A", "G"], ["B", "G"]]);
    assert_eq!(found(&catalogue, &text(tag("Artist"), How::Equal, Case::Exact, "B")), [1]);
    assert_eq!(found(&catalogue, &Filter::Not(Box::new(text(tag("Artist"), How::Equal, Case::Exact, "B")))), [0; 0]);
}

#[test]
fn a_directory_has_what_is_in_it_and_not_what_is_below() {
    let songs = ["/m/a/1", "/m/a/b/2", "/m/a/b/c/3", "/m/a b/4", "/m/a.x", "/n/5"];
    let catalogue = catalogue(songs.iter().zip(1..).map(|(path, number)| song(number, path)).collect());
    let look = |path: &str| {
        let Directory { directories, songs } = catalogue.directory(Path::new(path));
        let directories = directories.iter().map(|path| format!("{}/", path.display()));
        directories.chain(songs.iter().map(|song| song.path.display().to_string())).collect::<Vec<_>>()
    };
    assert_eq!(look("/"), ["/m/", "/n/"]);
    assert_eq!(look("/m"), ["/m/a b/", "/m/a/", "/m/a.x"]);
    assert_eq!(look("/m/a/"), ["/m/a/b/", "/m/a/1"]);
    assert_eq!(look("/m/a/b/c"), ["/m/a/b/c/3"]);
    assert!(look("/m/none").is_empty());
    let below = |path: &str| catalogue.below(Path::new(path)).map(|song| song.id.0).collect::<Vec<_>>();
    assert_eq!(below("/m/a"), [1, 2, 3]);
    assert_eq!(below("/m/a.x"), [5]);
    assert_eq!(below("/"), [4, 5, 1, 2, 3, 6]);
}

#[test]
fn random_searches_find_what_a_plain_look_finds_after_random_changes() {
    let mut random = Random::new();
    let mut catalogue = catalogue(Vec::new());
    for round in 0..2000 {
        let id = SongId(i64::from(random.below(200)));
        let known = catalogue.song(id).cloned();
        match known {
            Some(_) if random.below(3) == 0 => catalogue.apply(&Change::Removed(id)),
            known => {
                let mut song = song(id.0, &format!("/m/{}/{}", random.below(5), id.0));
                song.tags.title = format!("{} É {}", random.word(4), random.word(4));
                song.tags.artist = random.word(2);
                song.tags.track = Some(random.below(10));
                let is_new = known.is_none();
                let song = Arc::new(song);
                catalogue.apply(&if is_new { Change::Added(song) } else { Change::Changed { song, what: What::File } });
            }
        }
        if round % 10 == 0 {
            let filter = random_filter(&mut random, 2);
            let expected: Vec<i64> =
                catalogue.songs().filter(|song| plainly(song, &filter)).map(|song| song.id.0).collect();
            assert_eq!(found(&catalogue, &filter), expected, "{filter:?}");
        }
    }
}

fn random_filter(random: &mut Random, depth: u32) -> Filter {
    if depth > 0 {
        let mut part = || random_filter(random, depth - 1);
        let parts = vec![part(), part()];
        match random.below(4) {
            0 => return Filter::All(parts),
            1 => return Filter::Any(parts),
            2 => return Filter::Not(Box::new(random_filter(random, depth - 1))),
            _ => {}
        }
    }
    if random.below(8) == 0 {
        return Filter::Below(PathBuf::from(format!("/m/{}", random.below(6))));
    }
    let fields = [tag("Title"), tag("Artist"), tag("Track"), tag("AlbumArtist"), Field::AnyTag, Field::Path(0)];
    let how = [How::Equal, How::Contains, How::StartsWith][random.below(3) as usize];
    let case = [Case::Exact, Case::Folded][random.below(2) as usize];
    let what = match random.below(5) {
        0 => random.below(12).to_string(),
        1 => format!("{} e", random.word(1)),
        2 => String::new(),
        _ => random.word(2),
    };
    text(fields[random.below(6) as usize], how, case, &what)
}

/// The same in the plainest way.
fn plainly(song: &Song, filter: &Filter) -> bool {
    match filter {
        Filter::All(parts) => parts.iter().all(|part| plainly(song, part)),
        Filter::Any(parts) => parts.iter().any(|part| plainly(song, part)),
        Filter::Not(part) => !plainly(song, part),
        Filter::Below(base) => song.path.starts_with(base),
        Filter::Text { field, how, case, text } => {
            let tags: Vec<Tag> = match field {
                Field::Tag(tag) => vec![*tag],
                Field::AnyTag => Tag::all().collect(),
                _ => Vec::new(),
            };
            let mut values: Vec<String> = Vec::new();
            for tag in tags {
                let of_tag = tag.values(&song.tags);
                values.extend(if of_tag.is_empty() {
                    vec![String::new()]
                } else {
                    of_tag.into_iter().map(Into::into).collect()
                });
            }
            if matches!(field, Field::Path(_)) {
                values.push(song.path.display().to_string());
            }
            let plain = |text: &str| match case {
                Case::Exact => text.to_owned(),
                Case::Folded => text.to_lowercase().replace('é', "e"),
            };
            let wanted = plain(text);
            values.iter().map(|value| plain(value)).any(|value| match how {
                How::Equal => value == wanted,
                How::Contains => value.contains(&wanted),
                How::StartsWith => value.starts_with(&wanted),
            })
        }
        other => panic!("{other:?}"),
    }
}

//! What there is of something: the values of a tag, and how many songs have each.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Tag;
use crate::song::Song;

/// How many songs have a value, and how long they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The value; empty for songs without one, and when nothing was grouped.
    pub value: String,
    /// Songs.
    pub songs: u64,
    /// Playing time of all in milliseconds.
    pub duration_ms: u64,
}

/// The combinations of values that these tags have in the songs, each once and in order. A song without a value has the empty one.
pub(crate) fn list<'a>(songs: impl Iterator<Item = &'a Arc<Song>>, tags: &[Tag]) -> Vec<Vec<String>> {
    let mut found: BTreeSet<Vec<Cow<'a, str>>> = BTreeSet::new();
    let mut last: Vec<Vec<Cow<'a, str>>> = Vec::new();
    let mut values = vec![Vec::new(); tags.len()];
    for song in songs {
        for (tag, values) in tags.iter().zip(&mut values) {
            tag.values_into(&song.tags, values);
        }
        // Neighbours are of one album more often than not.
        if values != last {
            found.extend(combinations(&values));
            last.clone_from(&values);
        }
    }
    found.into_iter().map(|values| values.into_iter().map(Cow::into_owned).collect()).collect()
}

/// Counts the songs, all together or for each value of a tag.
pub(crate) fn count<'a>(songs: impl Iterator<Item = &'a Arc<Song>>, group: Option<Tag>) -> Vec<Count> {
    let mut found: BTreeMap<Cow<'a, str>, (u64, u64)> = BTreeMap::new();
    if group.is_none() {
        found.insert(Cow::Borrowed(""), (0, 0));
    }
    for song in songs {
        for value in group.map_or_else(|| vec![Cow::Borrowed("")], |tag| values(song, tag)) {
            let (songs, duration_ms) = found.entry(value).or_default();
            *songs += 1;
            *duration_ms += song.technical.duration_ms;
        }
    }
    let count =
        |(value, (songs, duration_ms)): (Cow<'_, str>, _)| Count { value: value.into_owned(), songs, duration_ms };
    found.into_iter().map(count).collect()
}

/// The values, or the empty one.
fn values(song: &Song, tag: Tag) -> Vec<Cow<'_, str>> {
    let values = tag.values(&song.tags);
    if values.is_empty() { vec![Cow::Borrowed("")] } else { values }
}

/// One of each, in every way.
fn combinations<'a>(values: &[Vec<Cow<'a, str>>]) -> Vec<Vec<Cow<'a, str>>> {
    values.iter().fold(vec![Vec::new()], |prefixes, next| {
        let longer = |prefix: &Vec<Cow<'a, str>>| {
            let prefix = prefix.clone();
            let empty = next.is_empty().then_some(&Cow::Borrowed(""));
            next.iter()
                .chain(empty)
                .map(move |value| prefix.iter().cloned().chain([value.clone()]).collect())
                .collect::<Vec<_>>()
        };
        prefixes.iter().flat_map(longer).collect()
    })
}

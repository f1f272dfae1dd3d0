//! Answering a filter.
//!
//! Wherever the filter asks for a text, one pass over [`super::Text`] finds the songs that can fulfil it, and only those are looked
//! at. A filter without a text, or with one that must not be there, looks at every song, which costs some 100 ns each.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::fold::{fold, fold_into};
use super::{Case, Field, Filter, How, Tag, Text};
use crate::catalogue::Catalogue;
use crate::song::Song;

/// The songs that fulfil the filter, in the order of paths.
pub(crate) fn find(catalogue: &Catalogue, filter: &Filter) -> Vec<Arc<Song>> {
    let mut evaluation = Evaluation { text: catalogue.text(), scratch: Vec::new() };
    let compiled = Compiled::new(filter);
    if let Some(needle) = needle(filter) {
        let songs = catalogue.text().songs_with(&needle).into_iter();
        let mut found: Vec<_> = songs.filter(|song| evaluation.fulfils(song, &compiled)).cloned().collect();
        // Stable: what comes nearly in order is sorted with few comparisons.
        found.sort_by(|one, other| one.path.as_os_str().cmp(other.path.as_os_str()));
        return found;
    }
    let base = base(filter).unwrap_or(Path::new("/"));
    catalogue.below(base).filter(|song| evaluation.fulfils(song, &compiled)).cloned().collect()
}

/// A folded text that every song that fulfils the filter contains: the longest, which the fewest contain.
fn needle(filter: &Filter) -> Option<Vec<u8>> {
    match filter {
        Filter::All(parts) => parts.iter().filter_map(needle).max_by_key(Vec::len),
        Filter::Text { field: Field::Tag(tag), .. } if !tag.is_text() => None,
        // Track and disc are tags too, and in no text.
        Filter::Text { field: Field::AnyTag, text, .. } if text.bytes().all(|byte| byte.is_ascii_digit()) => None,
        Filter::Text { text, .. } => Some(fold(text)).filter(|folded| !folded.is_empty()),
        _ => None,
    }
}

/// The directory that every song that fulfils the filter is in.
fn base(filter: &Filter) -> Option<&Path> {
    match filter {
        Filter::All(parts) => parts.iter().find_map(base),
        Filter::Below(base) => Some(base),
        _ => None,
    }
}

/// A filter whose texts are folded once.
enum Compiled<'a> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Exact { field: Field, how: How, text: &'a str },
    Folded { field: Field, how: How, folded: Vec<u8>, finder: Box<Finder<'static>> },
    Other(&'a Filter),
}

impl<'a> Compiled<'a> {
    fn new(filter: &'a Filter) -> Self {
        let all = |parts: &'a [Filter]| parts.iter().map(Compiled::new).collect();
        match filter {
            Filter::All(parts) => Self::All(all(parts)),
            Filter::Any(parts) => Self::Any(all(parts)),
            Filter::Not(part) => Self::Not(Box::new(Self::new(part))),
            Filter::Text { field, how, case: Case::Exact, text } => Self::Exact { field: *field, how: *how, text },
            Filter::Text { field, how, case: Case::Folded, text } => {
                let folded = fold(text);
                let finder = Box::new(Finder::new(&folded).into_owned());
                Self::Folded { field: *field, how: *how, folded, finder }
            }
            _ => Self::Other(filter),
        }
    }
}

struct Evaluation<'a> {
    text: &'a Text,
    /// For the fold of a value.
    scratch: Vec<u8>,
}

impl Evaluation<'_> {
    fn fulfils(&mut self, song: &Song, filter: &Compiled<'_>) -> bool {
        match filter {
            Compiled::All(parts) => parts.iter().all(|part| self.fulfils(song, part)),
            Compiled::Any(parts) => parts.iter().any(|part| self.fulfils(song, part)),
            Compiled::Not(part) => !self.fulfils(song, part),
            Compiled::Exact { field, how, text } => any_value(song, *field, |value| match how {
                How::Equal => value == *text,
                How::Contains => value.contains(text),
                How::StartsWith => value.starts_with(text),
            }),
            Compiled::Folded { field: Field::Anything, how: How::Contains, finder, .. } => {
                self.text.all_fields(song.id).is_some_and(|row| finder.find(row).is_some())
            }
            Compiled::Folded { field, how, folded, finder } => any_value(song, *field, |value| {
                self.scratch.clear();
                fold_into(value, &mut self.scratch);
                match how {
                    How::Equal => self.scratch == *folded,
                    How::Contains => finder.find(&self.scratch).is_some(),
                    How::StartsWith => self.scratch.starts_with(folded),
                }
            }),
            Compiled::Other(filter) => fulfils_other(song, filter),
        }
    }
}

/// The conditions that are no text.
fn fulfils_other(song: &Song, filter: &Filter) -> bool {
    match filter {
        Filter::Regex { field, regex } => any_value(song, *field, |value| regex.is_match(value)),
        Filter::Below(base) => song.path.starts_with(base),
        Filter::Audio { frequency_hz, channels } => {
            let audio = &song.technical;
            frequency_hz.is_none_or(|wanted| wanted == audio.frequency_hz)
                && channels.is_none_or(|wanted| wanted == audio.channels)
        }
        Filter::ModifiedSince(since_s) => i128::from(song.file.modified_ns) >= i128::from(*since_s) * 1_000_000_000,
        Filter::AddedSince(since_s) => song.statistics.added_s >= *since_s,
        // These were compiled to what they are.
        Filter::All(_) | Filter::Any(_) | Filter::Not(_) | Filter::Text { .. } => false,
    }
}

/// Whether `holds` is true for one of the values of the field, or for the empty text when it has none.
fn any_value(song: &Song, field: Field, mut holds: impl FnMut(&str) -> bool) -> bool {
    let mut in_tag = |tag: Tag| tag.any_value(&song.tags, &mut holds).unwrap_or_else(|| holds(""));
    match field {
        Field::Tag(tag) => in_tag(tag),
        Field::AnyTag => Tag::all().any(in_tag),
        Field::Path(behind) => holds(&path_behind(song, behind)),
        Field::Anything => Tag::all().filter(|tag| tag.is_text()).any(&mut in_tag) || holds(&path_behind(song, 0)),
    }
}

fn path_behind(song: &Song, bytes: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(song.path.as_os_str().as_bytes().get(bytes..).unwrap_or_default())
}

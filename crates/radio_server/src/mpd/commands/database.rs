//! Questions about the library: find, search, count, list.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use radio_library::search::{Filter, Tag};
use radio_library::song::{Song, SongId};

use super::super::filter::{self, Manner};
use super::super::refusal::Refusal;
use super::queue_changes::{position, put};
use super::stored_playlists::{append, paths};
use super::{ADD, ANY, Call, Entry, READ, WRITE, entry, range, slice};

pub(super) const ENTRIES: &[Entry] = &[
    entry("find", READ, (1, ANY), |call| show(call, Manner::FIND)),
    entry("search", READ, (1, ANY), |call| show(call, Manner::SEARCH)),
    entry("findadd", ADD, (1, ANY), |call| add(call, Manner::FIND)),
    entry("searchadd", ADD, (1, ANY), |call| add(call, Manner::SEARCH)),
    entry("searchplaylist", READ, (2, ANY), show_of_playlist),
    entry("searchaddpl", READ.and(WRITE), (2, ANY), add_to_playlist),
    entry("count", READ, (1, ANY), |call| count(call, Manner::FIND)),
    entry("searchcount", READ, (1, ANY), |call| count(call, Manner::SEARCH)),
    entry("list", READ, (1, ANY), list),
];

/// A question with what clients put behind it.
struct Question {
    filter: Filter,
    sort: Option<Sort>,
    window: std::ops::Range<u32>,
    position: Option<u32>,
}

/// What of a stored playlist a filter lets through, in the playlist's order. Parity: MPD 0.24.
fn show_of_playlist(call: &mut Call<'_>) -> Result<(), Refusal> {
    let question = Question::read(call, &call.arguments[1..], Manner::SEARCH)?;
    let paths = paths(call, call.argument(0))?;
    let found: Vec<Arc<Song>> = {
        let catalogue = call.server.context.library.catalogue();
        let fitting: HashSet<SongId> = catalogue.find(&question.filter).into_iter().map(|song| song.id).collect();
        let songs = paths.iter().filter_map(|path| catalogue.song_at(path));
        songs.filter(|song| fitting.contains(&song.id)).cloned().collect()
    };
    slice(&found, &question.window).iter().for_each(|song| call.song(song));
    Ok(())
}

#[derive(Clone, Copy)]
enum SortBy {
    Tag(Tag),
    LastModified,
    Added,
}

struct Sort {
    by: SortBy,
    descending: bool,
}

impl Question {
    fn read(call: &Call<'_>, arguments: &[String], manner: Manner) -> Result<Self, Refusal> {
        let (mut sort, mut window, mut position_index) = (None, 0..u32::MAX, None);
        let mut rest = arguments;
        while let [others @ .., name, value] = rest {
            match name.as_str() {
                "sort" => sort = Some(Sort::read(value)?),
                "window" => window = range(value)?,
                "position" => position_index = Some(call.arguments.len() - (arguments.len() - rest.len()) - 1),
                _ => break,
            }
            rest = others;
        }
        let position = match position_index {
            Some(index) => position(call, index)?,
            None => None,
        };
        Ok(Self { filter: filter::parse(rest, manner, &call.places)?, sort, window, position })
    }

    fn songs(&self, call: &Call<'_>) -> Vec<Arc<Song>> {
        let mut songs = call.server.context.library.catalogue().find(&self.filter);
        if let Some(sort) = &self.sort {
            // Stable: songs that do not differ stay in the order of paths.
            songs.sort_by(|left, right| sort.compare(left, right));
        }
        slice(&songs, &self.window).to_vec()
    }
}

impl Sort {
    fn read(text: &str) -> Result<Self, Refusal> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let by = match name.to_ascii_lowercase().as_str() {
            "last-modified" | "lastmodified" => SortBy::LastModified,
            "added" => SortBy::Added,
            _ => Tag::named(name).map(SortBy::Tag).ok_or_else(|| Refusal::argument("Unknown sort tag"))?,
        };
        Ok(Self { by, descending })
    }

    fn compare(&self, left: &Song, right: &Song) -> Ordering {
        let order = match self.by {
            SortBy::LastModified => left.file.modified_ns.cmp(&right.file.modified_ns),
            SortBy::Added => left.statistics.added_s.cmp(&right.statistics.added_s),
            SortBy::Tag(tag) => match tag.name() {
                "Track" => left.tags.track.cmp(&right.tags.track),
                "Disc" => left.tags.disc.cmp(&right.tags.disc),
                _ => tag.values(&left.tags).cmp(&tag.values(&right.tags)),
            },
        };
        if self.descending { order.reverse() } else { order }
    }
}

fn show(call: &mut Call<'_>, manner: Manner) -> Result<(), Refusal> {
    let songs = Question::read(call, call.arguments, manner)?.songs(call);
    songs.iter().for_each(|song| call.song(song));
    Ok(())
}

fn add(call: &mut Call<'_>, manner: Manner) -> Result<(), Refusal> {
    let question = Question::read(call, call.arguments, manner)?;
    let songs = question.songs(call);
    put(call, &songs, question.position).map(drop)
}

fn add_to_playlist(call: &mut Call<'_>) -> Result<(), Refusal> {
    let question = Question::read(call, &call.arguments[1..], Manner::SEARCH)?;
    let paths: Vec<_> = question.songs(call).iter().map(|song| song.path.clone()).collect();
    append(call, call.argument(0), &paths, question.position)
}

fn count(call: &mut Call<'_>, manner: Manner) -> Result<(), Refusal> {
    let (arguments, groups) = split_groups(call.arguments)?;
    if groups.len() > 1 {
        return Err(Refusal::argument("only one group is possible"));
    }
    let filter = filter::parse(arguments, manner, &call.places)?;
    let group = groups.first().copied();
    let counts = call.server.context.library.catalogue().count(&filter, group);
    for count in counts {
        if let Some(tag) = group {
            call.reply.line(tag.name(), &count.value);
        }
        call.reply.line("songs", count.songs);
        call.reply.line("playtime", count.duration_ms / 1000);
    }
    Ok(())
}

/// `list TYPE [FILTER] [group TYPE]…`: each value once, below the values of the groups, of which the last is the outermost.
fn list(call: &mut Call<'_>) -> Result<(), Refusal> {
    let kind = call.argument(0).to_owned();
    let (arguments, mut tags) = split_groups(&call.arguments[1..])?;
    // Parity: before filters had types, the one argument of `list album` was an artist.
    let legacy: Vec<String>;
    let arguments = match arguments {
        [artist] if kind.eq_ignore_ascii_case("album") && !artist.starts_with('(') => {
            legacy = vec!["artist".to_owned(), artist.clone()];
            &legacy
        }
        _ => arguments,
    };
    let filter = filter::parse(arguments, Manner::FIND, &call.places)?;
    if kind.eq_ignore_ascii_case("file") || kind.eq_ignore_ascii_case("filename") {
        let songs = call.server.context.library.catalogue().find(&filter);
        songs.iter().for_each(|song| call.reply.line("file", call.places.name(&song.path)));
        return Ok(());
    }
    let tag = Tag::named(&kind).ok_or_else(|| Refusal::argument(format_args!("Unknown tag type: {kind}")))?;
    if tags.contains(&tag) {
        return Err(Refusal::argument("Conflicting group"));
    }
    tags.push(tag);
    let rows = call.server.context.library.catalogue().list(&tags, &filter);
    let mut above: Vec<String> = Vec::new();
    for row in rows {
        let same = row.iter().zip(&above).take_while(|(now, before)| now == before).count();
        for (tag, value) in tags.iter().zip(&row).skip(same.min(tags.len() - 1)) {
            call.reply.line(tag.name(), value);
        }
        above = row;
    }
    Ok(())
}

/// What stands before the `group` pairs at the end, and the groups, the last first.
fn split_groups(arguments: &[String]) -> Result<(&[String], Vec<Tag>), Refusal> {
    let (mut rest, mut groups) = (arguments, Vec::new());
    while let [others @ .., word, name] = rest {
        if word != "group" {
            break;
        }
        let tag = Tag::named(name).ok_or_else(|| Refusal::argument(format_args!("Unknown tag type: {name}")))?;
        if groups.contains(&tag) {
            return Err(Refusal::argument("Conflicting group"));
        }
        groups.push(tag);
        rest = others;
    }
    Ok((rest, groups))
}

//! `ls`: songs, in six forms. A form is a file here and a line in [`MODES`]; a key to sort by is a line in [`KEYS`].

mod chunks;
mod long;
mod mbox;
mod parser_friendly;
mod short;
mod verbose;

use std::cmp::Ordering;
use std::sync::Arc;

use clap::{Arg, ArgAction, Command};
use radio_library::song::{Song, SongId};

use super::{Call, CommandEntry, CommandError};
use crate::context::Context;
use crate::rights::Rights;

/// `ls`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "ls",
    rights: Rights::LIBRARY_READ,
    arguments,
    reads_input: false,
    run,
    words: super::no_words,
};

/// How a song is written.
struct Mode {
    letter: &'static str,
    name: &'static str,
    write: fn(&mut Call<'_>, &Row, &Options) -> Result<(), CommandError>,
}

const MODES: &[Mode] = &[
    Mode { letter: "s", name: "short", write: short::write },
    Mode { letter: "l", name: "long", write: long::write },
    Mode { letter: "v", name: "verbose", write: verbose::write },
    Mode { letter: "p", name: "parser-friendly", write: parser_friendly::write },
    Mode { letter: "m", name: "mbox", write: mbox::write },
    Mode { letter: "c", name: "chunk-table", write: chunks::write },
];

/// What songs can be sorted by.
struct Key {
    letter: &'static str,
    name: &'static str,
    compare: fn(&Row, &Row) -> Ordering,
}

const KEYS: &[Key] = &[
    Key { letter: "p", name: "path", compare: |one, other| one.song.path.cmp(&other.song.path) },
    Key { letter: "s", name: "score", compare: |one, other| other.score.cmp(&one.score) },
    Key { letter: "l", name: "lastplayed", compare: |one, other| last_played(one).cmp(&last_played(other)) },
    Key {
        letter: "n",
        name: "numplayed",
        compare: |one, other| one.song.statistics.play_count.cmp(&other.song.statistics.play_count),
    },
    Key {
        letter: "f",
        name: "frequency",
        compare: |one, other| one.song.technical.frequency_hz.cmp(&other.song.technical.frequency_hz),
    },
    Key {
        letter: "c",
        name: "channels",
        compare: |one, other| one.song.technical.channels.cmp(&other.song.technical.channels),
    },
    Key { letter: "i", name: "image-id", compare: |one, other| one.song.image.cmp(&other.song.image) },
    Key { letter: "y", name: "lyrics-id", compare: |one, other| one.song.lyrics.cmp(&other.song.lyrics) },
    Key {
        letter: "b",
        name: "bitrate",
        compare: |one, other| one.song.technical.bitrate_kbit.cmp(&other.song.technical.bitrate_kbit),
    },
    Key {
        letter: "d",
        name: "duration",
        compare: |one, other| one.song.technical.duration_ms.cmp(&other.song.technical.duration_ms),
    },
    Key {
        letter: "a",
        name: "audio-format",
        compare: |one, other| one.song.technical.format.cmp(&other.song.technical.format),
    },
    Key { letter: "h", name: "hash", compare: |one, other| one.song.content_hash.cmp(&other.song.content_hash) },
];

fn last_played(row: &Row) -> Option<u64> {
    row.song.statistics.last_played_s
}

/// A song in the list.
struct Row {
    song: Arc<Song>,
    /// Its score, if it is admissible.
    score: Option<i64>,
}

/// What concerns each line.
struct Options {
    basename: bool,
    unix_date: bool,
}

impl Options {
    /// The song's name as it is to be written.
    fn name(&self, song: &Song) -> String {
        match song.path.file_name() {
            Some(name) if self.basename => name.to_string_lossy().into_owned(),
            _ => song.path.display().to_string(),
        }
    }

    /// A time as it is to be written.
    fn time(&self, seconds: Option<u64>) -> String {
        match seconds {
            None => "never".to_owned(),
            Some(seconds) if self.unix_date => seconds.to_string(),
            Some(seconds) => crate::times::local(seconds),
        }
    }
}

fn names<T>(table: &[T], name: impl Fn(&T) -> (&'static str, &'static str)) -> Vec<&'static str> {
    table.iter().flat_map(|entry| [name(entry).0, name(entry).1]).collect()
}

fn arguments() -> Command {
    let flag = |name: &'static str, short, help: &'static str| {
        Arg::new(name).short(short).long(name).action(ArgAction::SetTrue).help(help)
    };
    let list = |pairs: Vec<&'static str>| {
        pairs.chunks(2).map(|pair| format!("{} {}", pair[0], pair[1])).collect::<Vec<_>>().join(", ")
    };
    let modes = names(MODES, |mode| (mode.letter, mode.name));
    let keys = names(KEYS, |key| (key.letter, key.name));
    Command::new("ls")
        .about("List songs")
        .after_help(format!(
            "Modes: {}.\nKeys: {}.\nAdmissible is what the selected mood or playlist lets play. With -a the list is sorted by score, best \
             first, unless -s is given.",
            list(modes.clone()),
            list(keys.clone())
        ))
        .arg(
            Arg::new("listing-mode")
                .short('l')
                .long("listing-mode")
                .value_name("MODE")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("l")
                .default_value("s")
                .hide_possible_values(true)
                .value_parser(clap::builder::PossibleValuesParser::new(modes))
                .help("How each song is written; -l alone: long"),
        )
        .arg(flag("basename", 'b', "Without directories").overrides_with("full-path"))
        .arg(flag("full-path", 'F', "With directories, which is the default").overrides_with("basename"))
        .arg(flag("admissible", 'a', "Only songs that are admissible"))
        .arg(flag("inadmissible", 'A', "Only songs that are not admissible").conflicts_with("admissible"))
        .arg(flag("reverse", 'r', "The other way round"))
        .arg(flag("unix-date", 'd', "Times in seconds since 1970"))
        .arg(
            Arg::new("sort")
                .short('s')
                .long("sort")
                .value_name("KEY")
                .hide_possible_values(true)
                .value_parser(clap::builder::PossibleValuesParser::new(keys))
                .help("What to sort by"),
        )
        .arg(Arg::new("patterns").value_name("PATTERN").num_args(0..).help("Only paths like these"))
}

fn rows(context: &Context, patterns: &[radio_library::pattern::Pattern]) -> Result<Vec<Row>, CommandError> {
    let songs: Vec<Arc<Song>> = {
        let catalogue = context.library.catalogue();
        if patterns.is_empty() {
            catalogue.songs().cloned().collect()
        } else {
            catalogue.like(patterns).map_err(CommandError::caused)?
        }
    };
    let scores: std::collections::HashMap<SongId, i64> = context.scores().into_iter().collect();
    Ok(songs.into_iter().map(|song| Row { score: scores.get(&song.id).copied(), song }).collect())
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let mut rows = rows(call.context, &call.patterns("patterns")?)?;
    let (admissible, inadmissible) = (call.flag("admissible"), call.flag("inadmissible"));
    rows.retain(|row| row.score.is_some() || !admissible);
    rows.retain(|row| row.score.is_none() || !inadmissible);
    let wanted = call.value("sort").unwrap_or(if admissible { "s" } else { "p" });
    if let Some(key) = KEYS.iter().find(|key| key.letter == wanted || key.name == wanted) {
        rows.sort_by(|one, other| (key.compare)(one, other).then_with(|| one.song.path.cmp(&other.song.path)));
    }
    if call.flag("reverse") {
        rows.reverse();
    }
    let options = Options { basename: call.flag("basename"), unix_date: call.flag("unix-date") };
    let wanted = call.value("listing-mode").unwrap_or("s");
    let mode = MODES.iter().find(|mode| mode.letter == wanted || mode.name == wanted);
    let write = mode.map_or(short::write as fn(&mut Call<'_>, &Row, &Options) -> _, |mode| mode.write);
    rows.iter().try_for_each(|row| write(call, row, &options))
}

//! What is known about a song and the stream, as items with names: what `stat` and `ls -l=p` print.
//!
//! Names and order are paraslash's. Of its items, those of its `audiod` (`decoder_flags`, `audiod_status`, `audiod_uptime`) belong to the
//! listening side and are not here; `mtime`, `last_played` and `current_time` are in seconds since 1970 in the parser-friendly
//! form.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use radio_library::Library;
use radio_library::change::BlobKind;
use radio_library::song::Song;
use radio_stream::link::{Playback, Status};

use crate::times;

/// An item: a name and a value.
pub type Item = (&'static str, String);

/// How items are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `name: value`, a line each. Control characters of a value are blanks here: a tag could be a line of its own, or clear the
    /// terminal.
    Plain,
    /// Four hexadecimal digits with the length of the rest in bytes, a colon, `name: value`, and a line end that is not counted: a value
    /// may contain anything. One that four digits are too few for is cut.
    LengthPrefixed,
}

/// Writes items in a form.
#[must_use]
pub fn render(items: &[Item], form: Form) -> String {
    let mut text = String::new();
    for (name, value) in items {
        let _ = match form {
            Form::Plain => writeln!(text, "{name}: {}", value.replace(char::is_control, " ")),
            Form::LengthPrefixed => {
                let value = &value[..value.floor_char_boundary(0xffff - name.len() - 2)];
                let length = name.len() + 2 + value.len();
                writeln!(text, "{length:04x}:{name}: {value}")
            }
        };
    }
    text
}

/// The items that changed, came, or (with an empty value) went.
#[must_use]
pub fn changes(before: &[Item], after: &[Item]) -> Vec<Item> {
    let old: BTreeMap<&str, &str> = before.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let new: BTreeMap<&str, &str> = after.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let changed = after.iter().filter(|(name, value)| old.get(name) != Some(&value.as_str())).cloned();
    let gone = before.iter().filter(|(name, _)| !new.contains_key(name)).map(|(name, _)| (*name, String::new()));
    changed.chain(gone).collect()
}

/// What is known about a song: everything but the stream.
#[must_use]
pub fn of_song(library: &Library, song: &Song, score: Option<i64>, form: Form) -> Vec<Item> {
    let time = |seconds: u64| match form {
        Form::Plain => times::local(seconds),
        Form::LengthPrefixed => seconds.to_string(),
    };
    let name = |kind, id: Option<i64>| {
        id.and_then(|id| library.blobs(kind, &[]).ok()?.into_iter().find(|blob| blob.id == id)).map(|blob| blob.name)
    };
    let file_name = song.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let directory = song.path.parent().map(|path| path.display().to_string()).unwrap_or_default();
    let names = attribute_names(library, song);
    let bitmap = attribute_bitmap(song);
    let modified_s = u64::try_from(song.file.modified_ns / 1_000_000_000).unwrap_or(0);
    let (technical, tags) = (&song.technical, &song.tags);
    let stereo = if technical.channels == 1 { "mono" } else { "stereo" };
    let number = |value: Option<i64>| value.unwrap_or(0).to_string();
    let mut items: Vec<Item> = vec![
        ("path", song.path.display().to_string()),
        ("basename", file_name),
        ("directory", directory),
        ("hash", hexadecimal(&song.content_hash)),
        ("format", technical.format.clone()),
        ("bitrate", format!("{} kbit/s", technical.bitrate_kbit)),
        ("frequency", format!("{} Hz", technical.frequency_hz)),
        ("channels", technical.channels.to_string()),
        ("techinfo", format!("{}, {} Hz, {stereo}", technical.format, technical.frequency_hz)),
        ("duration", times::duration(technical.duration_ms)),
        ("seconds_total", (technical.duration_ms / 1000).to_string()),
        ("file_size", song.file.size_bytes.to_string()),
        ("mtime", time(modified_s)),
        ("num_played", song.statistics.play_count.to_string()),
        ("last_played", song.statistics.last_played_s.map_or_else(|| "never".to_owned(), time)),
        ("attributes_txt", names.join(" ")),
        ("attributes_bitmap", bitmap),
        ("image_id", number(song.image)),
        ("image_name", name(BlobKind::Image, song.image).unwrap_or_default()),
        ("lyrics_id", number(song.lyrics)),
        ("lyrics_name", name(BlobKind::Lyrics, song.lyrics).unwrap_or_default()),
        ("amplification", song.statistics.amplification.to_string()),
        ("artist", tags.artist.clone()),
        ("title", tags.title.clone()),
        ("album", tags.album.clone()),
        ("year", tags.year.map(|year| year.to_string()).unwrap_or_default()),
        ("comment", tags.comment.clone()),
    ];
    items.extend(score.map(|score| ("score", score.to_string())));
    items.extend(song.fault.clone().map(|fault| ("fault", fault)));
    items
}

/// What the stream does.
#[must_use]
pub fn of_stream(status: &Status, now_ms: u64, form: Form) -> Vec<Item> {
    let playback = match status.playback {
        Playback::Playing => "playing",
        Playback::Paused => "paused",
        Playback::Stopped => "stopped",
    };
    let listeners: u32 = status.senders.iter().map(|sender| sender.listeners).sum();
    let uptime_s = now_ms.saturating_sub(status.started_wall_ms) / 1000;
    let mut items: Vec<Item> = vec![
        ("status", playback.to_owned()),
        ("status_flags", status.flags.to_string()),
        ("listeners", listeners.to_string()),
        // Of minutes, so that it does not count as a change each second.
        ("uptime", times::minutes(uptime_s)),
    ];
    if let Some(current) = &status.current {
        let offset_ms = status.position_ms_at(now_ms).unwrap_or(0);
        let chunks = current.chunks.max(1);
        items.extend([
            ("num_chunks", current.chunks.to_string()),
            (
                "chunk_time",
                format!("{}.{:03}", current.duration_ms / chunks, current.duration_ms * 1000 / chunks % 1000),
            ),
            ("max_chunk_size", current.chunk_bytes_max.to_string()),
            ("media_type", current.media_type.clone()),
            (
                "stream_start",
                match form {
                    Form::Plain => times::local(current.stream_start_wall_ms / 1000),
                    Form::LengthPrefixed => {
                        let start = current.stream_start_wall_ms;
                        format!("{}.{:06}", start / 1000, start % 1000 * 1000)
                    }
                },
            ),
            ("offset", offset_ms.to_string()),
            ("play_time", format!("{} [{}]", times::duration(offset_ms), times::duration(current.duration_ms))),
        ]);
    }
    items
}

/// The names of a song's attributes.
pub(crate) fn attribute_names(library: &Library, song: &Song) -> Vec<String> {
    let table = std::sync::Arc::clone(library.catalogue().attributes());
    let is_set = |id| song.attributes.contains(id);
    table.iter().filter(|(id, _)| is_set(id)).map(|(_, name)| name.to_string()).collect()
}

/// The attributes as bits, the first attribute last, as long as needed.
fn attribute_bitmap(song: &Song) -> String {
    let bits = song.attributes.last().map_or(1, |id| id.0 + 1).min(4096);
    let bit = |number| if song.attributes.iter().any(|id| id.0 == number) { '1' } else { '0' };
    (0..bits).rev().map(bit).collect()
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(pairs: &[(&'static str, &str)]) -> Vec<Item> {
        pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    #[test]
    fn the_length_covers_name_and_value_whatever_is_in_them() {
        let items = items(&[("title", "a\nb"), ("path", "\u{e4}")]);
        assert_eq!(render(&items, Form::Plain), "title: a b\npath: \u{e4}\n");
        assert_eq!(render(&items, Form::LengthPrefixed), "000a:title: a\nb\n0008:path: \u{e4}\n");
    }

    #[test]
    fn a_value_is_one_line_and_no_longer_than_its_length_can_say() {
        assert_eq!(render(&items(&[("title", "a\r\n\x1b[2Jb\u{9b}")]), Form::Plain), "title: a   [2Jb \n");
        for length in [0xffff - 9, 0xffff - 8, 0x1_0000] {
            let text = render(&items(&[("comment", &"\u{e4}".repeat(length))]), Form::LengthPrefixed);
            let (digits, rest) = text.split_once(':').unwrap();
            let said = usize::from_str_radix(digits, 16).unwrap();
            assert!(digits.len() == 4 && said + 1 == rest.len() && said > 0xfffd, "{digits}");
        }
    }

    #[test]
    fn only_changes_are_told_and_what_is_gone_becomes_empty() {
        let before = items(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let after = items(&[("a", "1"), ("b", "4"), ("d", "5")]);
        assert_eq!(changes(&before, &after), items(&[("b", "4"), ("d", "5"), ("c", "")]));
        assert!(changes(&after, &after).is_empty());
    }
}

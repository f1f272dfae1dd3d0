//! What a client is answered: lines of `Name: value`.

use std::fmt::{self, Write as _};

use radio_library::search::Tag;
use radio_library::song::Song;
use radio_stream::link::Part;

use super::calendar;
use super::limits::ANSWER_BYTES_MAX;
use super::places::Places;
use super::refusal::Refusal;

/// The answer to the commands that are being carried out.
#[derive(Debug, Default)]
pub(super) struct Reply {
    bytes: Vec<u8>,
    overflowed: bool,
}

impl Reply {
    /// A line. Newlines in the value become blanks: they would begin a line of their own.
    pub(super) fn line(&mut self, name: &str, value: impl fmt::Display) {
        if self.bytes.len() > ANSWER_BYTES_MAX {
            self.overflowed = true;
            return;
        }
        let start = self.bytes.len() + name.len() + 2;
        // Writing to memory does not fail.
        let _ = write!(self, "{name}: {value}");
        for byte in self.bytes[start..].iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
        self.bytes.push(b'\n');
    }

    /// Something as it is.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// All of it, ready for the next.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// # Errors
    /// When the answer is longer than answers may be.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if self.overflowed {
            return Err(Refusal::system("the answer is too long; ask for a part of it (window)"));
        }
        Ok(())
    }

    /// All that is known about a song, of which a part is played or all. `tags` are those that the client wants.
    pub(super) fn song(&mut self, song: &Song, part: Option<Part>, places: &Places, tags: &TagMask) {
        self.line("file", places.name(&song.path));
        if let Some(part) = part {
            match part.end_ms {
                Some(end_ms) => self.line("Range", format_args!("{}-{}", Seconds(part.start_ms), Seconds(end_ms))),
                None => self.line("Range", format_args!("{}-", Seconds(part.start_ms))),
            }
        }
        if let Ok(modified_ns) = u64::try_from(song.file.modified_ns) {
            self.line("Last-Modified", calendar::written(modified_ns / 1_000_000_000));
        }
        self.line("Added", calendar::written(song.statistics.added_s));
        self.line("Format", format_args!("{}:*:{}", song.technical.frequency_hz, song.technical.channels));
        for tag in Tag::all().filter(|tag| tags.wants(*tag)) {
            for value in tag.own_values(&song.tags) {
                self.line(tag.name(), value);
            }
        }
        let song_ms = song.technical.duration_ms;
        let duration_ms = part.map_or(song_ms, |part| part.duration_ms(song_ms));
        self.line("Time", duration_ms.saturating_add(500) / 1000);
        self.line("duration", Seconds(duration_ms));
    }
}

impl fmt::Write for Reply {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Milliseconds as seconds with three decimals.
pub(super) struct Seconds(pub(super) u64);

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// The tags that a client wants to be told of.
#[derive(Debug, Clone)]
pub(super) struct TagMask(Vec<Tag>);

impl Default for TagMask {
    fn default() -> Self {
        Self(Self::offered().collect())
    }
}

impl TagMask {
    /// The tags that there are. Parity: MPD leaves comments out unless it is configured otherwise.
    pub(super) fn offered() -> impl Iterator<Item = Tag> {
        Tag::all().filter(|tag| tag.name() != "Comment")
    }

    pub(super) fn wants(&self, tag: Tag) -> bool {
        self.0.contains(&tag)
    }

    pub(super) fn set(&mut self, tag: Tag, wanted: bool) {
        self.0.retain(|known| *known != tag);
        if wanted {
            self.0.push(tag);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_begin_a_line() {
        let mut reply = Reply::default();
        reply.line("Title", "a\nOK\r\nb");
        assert_eq!(reply.take(), b"Title: a OK  b\n");
        assert_eq!(Seconds(61_005).to_string(), "61.005");
    }
}

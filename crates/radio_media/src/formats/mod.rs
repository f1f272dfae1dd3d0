//! The formats, one file each, and what they have in common.
//!
//! A format is found by what a file begins with, never by its name: the format whose first frame or signature stands first is it.
//! A new one is a file here and a line in [`TABLE`].

mod aac;
mod flac;
mod foreign;
mod frame_stream;
mod m4a;
mod mp3;
mod opus;
mod surroundings;
mod vorbis;

use std::fmt;
use std::ops::Range;

pub(crate) use aac::AdtsHeader;
pub(crate) use flac::crc8 as flac_crc8;

use crate::chunk::ChunkTableBuilder;
use crate::error::{MediaError, Notes};
use crate::framing::Carriage;
use crate::inspect::Gapless;
use crate::limits::LEADING_BYTES_MAX;
use crate::payload_hash::PayloadHash;
use crate::source::Window;
use crate::tags::{Loudness, TagSource};

/// What a stream is made of, and thereby which listeners a song can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Container {
    /// MPEG audio frames, one after the other.
    Mp3,
    /// Ogg pages; each song is a logical stream of its own.
    Ogg,
    /// AAC frames with ADTS headers.
    Aac,
}

impl Container {
    /// Every container.
    pub const ALL: [Self; 3] = [Self::Mp3, Self::Ogg, Self::Aac];

    /// Its name, as mounts are named.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Ogg => "ogg",
            Self::Aac => "aac",
        }
    }

    /// The media type of a stream.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Ogg => "audio/ogg",
            Self::Aac => "audio/aac",
        }
    }
}

/// An audio format.
pub struct Format {
    /// Its name: `mp3`, `ogg`, `opus`, `flac`, `aac` or `m4a`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub description: &'static str,
    /// What it is sent as.
    pub container: Container,
    /// Whether tags are looked for behind the audio. Where every frame or page says where it ends, they are found to be none, and
    /// payload that looks like a tag is not mistaken for one.
    has_tags_behind: bool,
    /// Where a file of this format begins in its first bytes, tags not counted.
    recognises: fn(&[u8]) -> Option<usize>,
    /// Finds everything that is to be sent.
    scan: fn(&mut Scan<'_>) -> Result<Scanned, MediaError>,
}

/// Every format.
pub const TABLE: &[&Format] =
    &[&mp3::FORMAT, &vorbis::FORMAT, &opus::FORMAT, &flac::FORMAT, &aac::FORMAT, &m4a::FORMAT];

impl Format {
    /// The media type that it is sent with.
    #[must_use]
    pub const fn media_type(&self) -> &'static str {
        self.container.media_type()
    }

    /// The format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|format| format.name == name).copied()
    }

    /// Finds everything in a file of this format.
    pub(crate) fn scan(&self, scan: &mut Scan<'_>) -> Result<Scanned, MediaError> {
        (self.scan)(scan)
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

/// What a format works on: the file, and what is collected of it.
pub(crate) struct Scan<'a> {
    pub(crate) window: Window<'a>,
    /// Where the audio is, without the tags around it.
    pub(crate) audio: Range<u64>,
    pub(crate) hash: PayloadHash<'a>,
    pub(crate) notes: Notes,
}

impl Scan<'_> {
    /// Adds a packet that is one range of the file to the hash and to the table.
    pub(crate) fn packet(
        &mut self,
        chunks: &mut ChunkTableBuilder,
        range: Range<u64>,
        samples: u32,
    ) -> Result<(), MediaError> {
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        self.hash.add(self.window.exactly(range.start, length, "a frame")?);
        chunks.frame(range, samples)
    }

    /// Bytes from `offset` on, up to the end of the audio, at most `count`.
    pub(crate) fn audio_bytes(&mut self, offset: u64, count: usize) -> Result<&[u8], MediaError> {
        let rest = usize::try_from(self.audio.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.window.at_most(offset, count.min(rest))
    }
}

/// What a format has found.
pub(crate) struct Scanned {
    /// The codec and its form, such as `MPEG-1 layer III`.
    pub(crate) codec: &'static str,
    /// Sampling rate that is heard, in Hz.
    pub(crate) frequency_hz: u32,
    pub(crate) channels: u32,
    /// Bits of a sample, where the format has such.
    pub(crate) sample_bits: Option<u32>,
    pub(crate) chunks: ChunkTableBuilder,
    /// Decoded samples at the start that players leave out of a stream.
    pub(crate) skipped: u64,
    /// Samples of a stream that are heard, if fewer than there are.
    pub(crate) samples_max: Option<u64>,
    pub(crate) gapless: Option<Gapless>,
    /// What the format itself, not a tag, says of loudness.
    pub(crate) loudness: Loudness,
    pub(crate) carriage: Carriage,
    pub(crate) tag_source: TagSource,
}

/// Where the audio is between the tags of a file, and its format.
pub(crate) fn recognise(window: &mut Window<'_>) -> Result<(&'static Format, Range<u64>), MediaError> {
    if window.length() == 0 {
        return Err(MediaError::Empty);
    }
    let start = surroundings::audio_start(window)?;
    let head = window.at_most(start, LEADING_BYTES_MAX)?;
    let found = TABLE.iter().filter_map(|format| Some(((format.recognises)(head)?, *format)));
    let Some((offset, format)) = found.min_by_key(|(offset, _)| *offset) else {
        return Err(foreign::refusal(head));
    };
    if offset > 0
        && let refusal @ MediaError::Unsupported { .. } = foreign::refusal(head)
    {
        return Err(refusal);
    }
    let end = if format.has_tags_behind { surroundings::audio_end(window, start)? } else { window.length() };
    Ok((format, start + offset as u64..end))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        let names: HashSet<_> = TABLE.iter().map(|format| format.name).collect();
        assert_eq!(names.len(), TABLE.len());
        for format in TABLE {
            assert_eq!(Format::named(format.name), Some(*format));
            assert!(!format.description.is_empty() && format.media_type().starts_with("audio/"));
        }
        assert_eq!(Format::named("wma"), None);
    }
}

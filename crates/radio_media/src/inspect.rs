//! Everything about a file in one pass.

use crate::chunk::ChunkTable;
use crate::error::{MediaError, Note, Notes};
use crate::formats::{self, Format, Scan};
use crate::framing::Carriage;
use crate::payload_hash::PayloadHash;
use crate::source::{ReadAt, Window};
use crate::tags::{self, Loudness, Picture, Tags};

/// Everything about a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    /// Its format.
    pub format: &'static Format,
    /// What its frames say.
    pub technical: Technical,
    /// What is sent at one time.
    pub chunks: ChunkTable,
    /// BLAKE3 over the audio payload: the same for the same sound, however it is named and tagged. AAC has the same hash in
    /// ADTS frames and in MP4, FLAC frames have theirs wherever they are.
    pub content_hash: [u8; 32],
    /// What its tags say.
    pub tags: Tags,
    /// The words, if they are in the tags.
    pub lyrics: Option<String>,
    /// Pictures in the tags, if they were wanted.
    pub pictures: Vec<Picture>,
    /// How loud it is, if the file says it.
    pub loudness: Loudness,
    /// What is odd about it.
    pub notes: Vec<Note>,
    pub(crate) carriage: Carriage,
}

/// What the frames of a file say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Technical {
    /// The codec and its form, such as `MPEG-1 layer III`.
    pub codec: &'static str,
    /// Samples that a listener of the stream hears, at the rate of the chunk table.
    pub samples: u64,
    /// The rate at which they are counted, in Hz.
    pub sample_rate: u32,
    /// Sampling rate that is heard, in Hz. With SBR it is twice the rate at which frames are counted.
    pub frequency_hz: u32,
    /// Channels.
    pub channels: u32,
    /// Bits of a sample, for formats that keep samples as they are.
    pub sample_bits: Option<u32>,
    /// Bytes of audio payload.
    pub payload_bytes: u64,
    /// Samples that were added when the file was encoded, if it says so.
    pub gapless: Option<Gapless>,
}

impl Technical {
    /// How long the song plays when it is sent, in milliseconds, rounded.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        milliseconds(self.samples, self.sample_rate)
    }

    /// Mean bit rate of the payload in kbit/s, rounded.
    #[must_use]
    pub fn bitrate_kbit(&self) -> u32 {
        let bits = u128::from(self.payload_bytes) * 8 * u128::from(self.sample_rate);
        let divisor = u128::from(self.samples.max(1)) * 1000;
        u32::try_from((bits + divisor / 2) / divisor).unwrap_or(u32::MAX)
    }
}

/// `samples` at `rate` in milliseconds, rounded.
fn milliseconds(samples: u64, rate: u32) -> u64 {
    let rate = u128::from(rate.max(1));
    u64::try_from((u128::from(samples) * 1000 + rate / 2) / rate).unwrap_or(u64::MAX)
}

/// Samples that an encoder adds before and after the music. A stream has them, because frames are sent whole; a player of the file
/// can leave them out. Counted at the rate of the chunk table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gapless {
    /// Before the music, with the delay of a decoder.
    pub delay: u32,
    /// After it.
    pub padding: u32,
}

/// What is wanted of a file beside its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Tags, lyrics, loudness.
    pub tags: bool,
    /// The pictures among the tags.
    pub pictures: bool,
}

impl Wanted {
    /// What a station needs to send a song: frames, and tags for the stream's header.
    pub const STREAM: Self = Self { tags: true, pictures: false };
    /// Everything.
    pub const ALL: Self = Self { tags: true, pictures: true };
}

/// Inspects files one after the other in the same buffers. One a thread.
#[derive(Debug)]
pub struct Inspector {
    wanted: Wanted,
    window: Vec<u8>,
    gathered: Vec<u8>,
}

impl Inspector {
    /// An inspector that looks for what is wanted.
    #[must_use]
    pub const fn new(wanted: Wanted) -> Self {
        Self { wanted, window: Vec::new(), gathered: Vec::new() }
    }

    /// Reads a file from front to end.
    ///
    /// # Errors
    /// Why it cannot be played. Tags that cannot be read are no error, but a note.
    pub fn inspect(&mut self, source: &dyn ReadAt) -> Result<Inspected, MediaError> {
        let mut window = Window::new(source, &mut self.window)?;
        let (format, audio) = formats::recognise(&mut window)?;
        let hash = PayloadHash::new(&mut self.gathered);
        let mut scan = Scan { window, audio, hash, notes: Notes::default() };
        let scanned = format.scan(&mut scan)?;
        let chunks = scanned.chunks.finish(scanned.skipped, scanned.samples_max)?;
        let technical = Technical {
            codec: scanned.codec,
            samples: chunks.samples(),
            sample_rate: chunks.sample_rate(),
            frequency_hz: scanned.frequency_hz,
            channels: scanned.channels,
            sample_bits: scanned.sample_bits,
            payload_bytes: scan.hash.bytes(),
            gapless: scanned.gapless,
        };
        let mut found = tags::Found { loudness: scanned.loudness, ..tags::Found::default() };
        if self.wanted.tags {
            tags::read(source, &mut scan, &scanned.tag_source, self.wanted.pictures, &mut found);
        }
        Ok(Inspected {
            format,
            technical,
            chunks,
            content_hash: scan.hash.finish(),
            tags: found.tags,
            lyrics: found.lyrics,
            pictures: found.pictures,
            loudness: found.loudness,
            notes: scan.notes.into_vec(),
            carriage: scanned.carriage,
        })
    }
}

/// Reads a file from front to end and says everything about it.
///
/// # Errors
/// Why it cannot be played. Tags that cannot be read are no error, but a note.
pub fn inspect(source: &dyn ReadAt) -> Result<Inspected, MediaError> {
    Inspector::new(Wanted::ALL).inspect(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_rounded_and_not_cut() {
        let technical = Technical {
            codec: "x",
            samples: 3 * 44_100 + 22,
            sample_rate: 44_100,
            frequency_hz: 44_100,
            channels: 2,
            sample_bits: None,
            payload_bytes: 48_000,
            gapless: Some(Gapless { delay: 1105, padding: 1100 }),
        };
        assert_eq!(technical.duration_ms(), 3000);
        assert_eq!(technical.bitrate_kbit(), 128);
        assert_eq!(milliseconds(u64::MAX, 0), u64::MAX);
        assert_eq!(milliseconds(23, 44_100), 1, "22.05 samples are half a millisecond");
    }
}

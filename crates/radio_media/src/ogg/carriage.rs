//! A song as a logical stream: its header pages, and a page for each chunk.

use super::comment;
use super::writer::{PageWriter, Place};
use crate::chunk::ChunkTable;
use crate::tags::{Loudness, Tags};

/// What a codec puts around comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommentForm {
    /// A packet of type 3 with a framing bit.
    Vorbis,
    /// `OpusTags`.
    Opus,
    /// The last metadata block of FLAC.
    Flac,
}

impl CommentForm {
    /// The comment packet.
    fn packet(self, tags: &Tags, loudness: &Loudness) -> Vec<u8> {
        let comments = comment::comments(tags, loudness, self);
        match self {
            Self::Vorbis => [b"\x03vorbis", &comments[..], &[1]].concat(),
            Self::Opus => [b"OpusTags", &comments[..]].concat(),
            Self::Flac => {
                let [_, high, middle, low] = u32::try_from(comments.len()).unwrap_or(0).to_be_bytes();
                [&[0x84, high, middle, low], &comments[..]].concat()
            }
        }
    }
}

/// What a logical stream of a song is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OggCarriage {
    /// The first packet.
    pub(crate) identification: Vec<u8>,
    /// The first packet when playing does not begin with the first chunk, if it is another one then.
    pub(crate) identification_within: Option<Vec<u8>>,
    pub(crate) comment: CommentForm,
    /// A packet that follows the comments.
    pub(crate) setup: Option<Vec<u8>>,
    /// Samples that a player leaves out at the start: they count in granule positions.
    pub(crate) pre_skip: u64,
}

/// One playing of a song.
#[derive(Debug)]
pub(crate) struct OggStream {
    writer: PageWriter,
    header: Vec<u8>,
    /// Granule position of the start of the song.
    base: u64,
    /// Sample of the song that playing began with.
    start: u64,
    /// Position after what was sent.
    position: u64,
    /// Holds a packet that needs several pages.
    packet: Vec<u8>,
    is_ended: bool,
}

impl OggStream {
    /// Begins to play a song with its chunk `first`.
    pub(crate) fn new(
        carriage: &OggCarriage,
        tags: &Tags,
        loudness: &Loudness,
        chunks: &ChunkTable,
        serial: u32,
        first: usize,
    ) -> Self {
        let mut writer = PageWriter::new(serial);
        let mut header = Vec::new();
        let identification = match &carriage.identification_within {
            Some(within) if first > 0 => within,
            _ => &carriage.identification,
        };
        writer.packet(identification, 0, Place::First, &mut header);
        writer.packet(&carriage.comment.packet(tags, loudness), 0, Place::Within, &mut header);
        if let Some(setup) = &carriage.setup {
            writer.packet(setup, 0, Place::Within, &mut header);
        }
        let start = chunks.chunk(first).start;
        let base = carriage.pre_skip;
        Self { writer, header, base, start, position: base, packet: Vec::new(), is_ended: false }
    }

    pub(crate) fn header(&self) -> &[u8] {
        &self.header
    }

    /// Appends the pages of a chunk.
    pub(crate) fn chunk(&mut self, chunks: &ChunkTable, index: usize, raw: &[u8], out: &mut Vec<u8>) {
        let chunk = chunks.chunk(index);
        let end = chunk.start + u64::from(chunk.samples);
        let granule = self.base + end.saturating_sub(self.start);
        self.is_ended = index + 1 == chunks.len();
        self.position = granule;
        let place = if self.is_ended { Place::Last } else { Place::Within };
        let parts = chunks.parts(index);
        let mut lengths = [0; 255];
        let mut count = 0;
        let mut length = 0;
        for part in parts.clone() {
            length += part.range.len();
            if part.is_last {
                lengths[count] = length;
                count += 1;
                length = 0;
            }
        }
        let lengths = &lengths[..count];
        let body = parts.map(|part| &raw[part.range]);
        if let [length] = lengths
            && *length >= 255 * 255
        {
            self.packet.clear();
            body.for_each(|part| self.packet.extend_from_slice(part));
            self.writer.packet(&self.packet, granule, place, out);
        } else {
            self.writer.packets(lengths.iter().copied(), body, granule, place, out);
        }
    }

    /// Appends the end of the stream, unless it has come.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.is_ended {
            self.is_ended = true;
            self.writer.end(self.position, out);
        }
    }
}

//! How a song is sent: what comes before it, and what a chunk of the file becomes.
//!
//! Songs in a row make one stream: MPEG frames and ADTS frames need nothing between them, Ogg pages get a serial number of their
//! own for each time a song is played, with granule positions that count from the start of playing.
//!
//! Cost: nothing for MPEG; copying the payload once, and a checksum over it, for Ogg; copying it for MP4.

use std::sync::Arc;

use crate::formats::AdtsHeader;
use crate::inspect::Inspected;
use crate::ogg::{OggCarriage, OggStream};

/// What the payload of a format becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Carriage {
    /// What stands in the file.
    Frames,
    /// AAC frames, which get a header each.
    Adts(AdtsHeader),
    /// Packets in Ogg pages.
    Ogg(OggCarriage),
}

/// The sending of one song, from one chunk on to the end or to where it is broken off.
///
/// A jump within the song is a new one: listeners get a new beginning, and sane times.
#[derive(Debug)]
pub struct Framing {
    song: Arc<Inspected>,
    first: usize,
    /// The logical stream, for formats that are sent as one.
    ogg: Option<OggStream>,
}

impl Framing {
    /// Sends a song from the chunk `first` on, under a serial number that no other song of the stream has near by.
    ///
    /// # Panics
    /// When there is no chunk `first`.
    #[must_use]
    pub fn new(song: Arc<Inspected>, serial: u32, first: usize) -> Self {
        assert!(first < song.chunks.len(), "a song begins with one of its chunks");
        let ogg = match &song.carriage {
            Carriage::Frames | Carriage::Adts(_) => None,
            Carriage::Ogg(carriage) => {
                Some(OggStream::new(carriage, &song.tags, &song.loudness, &song.chunks, serial, first))
            }
        };
        Self { song, first, ogg }
    }

    /// The song.
    #[must_use]
    pub const fn song(&self) -> &Arc<Inspected> {
        &self.song
    }

    /// The chunk that it begins with.
    #[must_use]
    pub const fn first(&self) -> usize {
        self.first
    }

    /// What a listener has to get before any chunk: at the start of the song, and when it joins later. Empty for formats whose
    /// frames say everything.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        self.ogg.as_ref().map_or(&[], OggStream::header)
    }

    /// Appends the chunk `index`, whose bytes in the file are `raw`, as it is sent.
    ///
    /// Chunks come in order, each once, from the first on.
    ///
    /// # Panics
    /// When `raw` is not as long as the chunk.
    pub fn frame(&mut self, index: usize, raw: &[u8], out: &mut Vec<u8>) {
        let chunk = self.song.chunks.chunk(index);
        assert_eq!(raw.len(), chunk.length as usize, "a chunk is read whole");
        match (&self.song.carriage, &mut self.ogg) {
            (_, Some(ogg)) => ogg.chunk(&self.song.chunks, index, raw, out),
            (Carriage::Adts(header), _) => {
                for part in self.song.chunks.parts(index) {
                    let frame = &raw[part.range];
                    out.extend_from_slice(&header.for_frame(frame.len()));
                    out.extend_from_slice(frame);
                }
            }
            (Carriage::Frames | Carriage::Ogg(_), None) => out.extend_from_slice(raw),
        }
    }

    /// Appends what ends a song that is broken off before its last chunk, so that players know that no more comes of it.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(ogg) = &mut self.ogg {
            ogg.finish(out);
        }
    }
}

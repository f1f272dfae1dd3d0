//! How long the packets of an Ogg stream play, and what of them players leave out.
//!
//! Durations come from the packets; granule positions only say what is left out at the beginning and the end (Vorbis I, appendix
//! A.2; RFC 7845 §4.4 and §4.5). Positions that begin anywhere, and gaps after damage, make no difference to listeners of a
//! stream, who get what is there.

use super::reader::PageReader;
use crate::chunk::ChunkTableBuilder;
use crate::error::{MediaError, Note};
use crate::formats::Scan;

/// All packets of a stream with their times.
pub(crate) struct Timeline {
    pub(crate) chunks: ChunkTableBuilder,
    /// Decoded samples that are left out at the start.
    pub(crate) skipped: u64,
    /// Samples that are heard.
    pub(crate) samples: u64,
}

impl Timeline {
    /// Reads all audio packets. `duration` says how many samples a packet with these first bytes decodes to; none if it is
    /// no audio.
    pub(crate) fn read(
        scan: &mut Scan<'_>,
        pages: &mut PageReader,
        sample_rate: u32,
        pre_skip: u64,
        mut duration: impl FnMut(&[u8]) -> Option<u32>,
    ) -> Result<Self, MediaError> {
        let start = scan.audio.start;
        let mut chunks = ChunkTableBuilder::of_packets(sample_rate);
        let mut position: Option<u64> = None;
        let (mut cut_before, mut cut_after) = (0, 0);
        while pages.next(scan, true)? {
            let before = chunks.decoded();
            for packet in pages.packets() {
                let offset = pages.parts(packet).first().map_or(0, |part| part.start);
                match duration(packet.lead()) {
                    Some(samples) => chunks.packet(pages.parts(packet), samples)?,
                    None => scan.notes.add(Note::Ignored { offset, what: "a packet that is no audio" }),
                }
            }
            let samples = chunks.decoded() - before;
            let Some(granule) = pages.granule else { continue };
            if pages.is_last && !pages.is_after_damage {
                let expected = position.unwrap_or(before).saturating_add(samples);
                cut_after = expected.saturating_sub(granule).min(samples);
            } else if position.is_none() && pre_skip == 0 {
                cut_before = chunks.decoded().saturating_sub(granule);
            }
            position = Some(granule);
        }
        if chunks.is_empty() {
            return Err(MediaError::NoFrames { offset: start });
        }
        let skipped = (pre_skip + cut_before).min(chunks.decoded());
        let samples = (chunks.decoded() - skipped).saturating_sub(cut_after);
        Ok(Self { chunks, skipped, samples })
    }
}

//! FLAC: sent as FLAC in Ogg, for which every player takes songs in a row. Files may have either container.
//!
//! Specification: RFC 9639.

mod frame;
mod in_ogg;
mod native;

pub(crate) use frame::crc8;

use super::{Container, Format, Scan, Scanned};
use crate::error::{MediaError, Note};
use crate::framing::Carriage;
use crate::ogg::{CommentForm, OggCarriage, first_packets};
use crate::tags::Loudness;

pub(super) const FORMAT: Format =
    Format { name: "flac", description: "FLAC", container: Container::Ogg, has_tags_behind: true, recognises, scan };

fn recognises(head: &[u8]) -> Option<usize> {
    (head.starts_with(native::SIGNATURE) || first_packets(head).any(in_ogg::is_flac)).then_some(0)
}

fn scan(scan: &mut Scan<'_>) -> Result<Scanned, MediaError> {
    let start = scan.audio.start;
    let is_native = scan.audio_bytes(start, native::SIGNATURE.len())? == native::SIGNATURE;
    let (stream, chunks, tag_source) = if is_native { native::read(scan)? } else { in_ogg::read(scan)? };
    if stream.samples > 0 && stream.samples != chunks.decoded() {
        let what = "the number of samples in the header";
        scan.notes.add(Note::Contradiction { what, claimed: stream.samples, found: chunks.decoded() });
    }
    Ok(Scanned {
        codec: "FLAC",
        frequency_hz: stream.frequency_hz,
        channels: stream.channels.into(),
        sample_bits: Some(stream.sample_bits.into()),
        chunks,
        skipped: 0,
        samples_max: None,
        gapless: None,
        loudness: Loudness::default(),
        carriage: Carriage::Ogg(OggCarriage {
            identification: stream.ogg_packet(),
            identification_within: Some(stream.without_totals().ogg_packet()),
            comment: CommentForm::Flac,
            setup: None,
            pre_skip: 0,
        }),
        tag_source,
    })
}

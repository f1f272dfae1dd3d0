//! The audio track that is played.

use super::boxes::{Boxes, FoundBox, number};
use super::configuration::Configuration;
use super::sample_table::SampleTableBoxes;
use crate::error::MediaError;

/// An audio track with AAC.
#[derive(Debug)]
pub(super) struct Track<'a> {
    /// Its number.
    pub(super) id: u32,
    pub(super) configuration: Configuration,
    pub(super) sample_table: SampleTableBoxes<'a>,
    /// Units a second of times of the track.
    pub(super) time_scale: u32,
    /// The edit list.
    pub(super) edits: Option<FoundBox<'a>>,
}

/// Codecs by the names that MP4 has for them.
const FOREIGN_CODECS: &[([u8; 4], &str)] = &[
    (*b"alac", "Apple Lossless (ALAC)"),
    (*b"fLaC", "FLAC in MP4"),
    (*b"Opus", "Opus in MP4"),
    (*b"ac-3", "AC-3 in MP4"),
    (*b"ec-3", "E-AC-3 in MP4"),
    (*b".mp3", "MP3 in MP4"),
    (*b"samr", "AMR in MP4"),
    (*b"drms", "a protected file (FairPlay)"),
    (*b"enca", "a protected file (Common Encryption)"),
];

impl<'a> Track<'a> {
    /// The first track of a `moov` box, at `offset`, with AAC; why there is none otherwise.
    pub(super) fn find(movie: &'a [u8], offset: u64) -> Result<Self, MediaError> {
        let mut refusal = None;
        for track in Boxes::new(movie, offset).filter(|found| found.kind == *b"trak") {
            let is_audio = track
                .descendant(&[b"mdia", b"hdlr"])
                .is_some_and(|handler| handler.content.get(8..12).is_some_and(|kind| kind == b"soun"));
            if !is_audio {
                continue;
            }
            match Self::parse(&track) {
                Ok(track) => return Ok(track),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal
            .unwrap_or(MediaError::Unsupported { what: "MP4 without an audio track", instead: "add audio to it" }))
    }

    fn parse(track: &FoundBox<'a>) -> Result<Self, MediaError> {
        let malformed = |offset, expected| MediaError::Malformed { offset, expected };
        let expected = "a sample table (mdia, minf, stbl) of MP4";
        let table = track.descendant(&[b"mdia", b"minf", b"stbl"]).ok_or(malformed(track.offset, expected))?;
        let description = table.child(b"stsd").ok_or(malformed(table.offset, "a sample description (stsd) of MP4"))?;
        let expected = "a media header (mdhd) of MP4";
        let header = track.descendant(&[b"mdia", b"mdhd"]).ok_or(malformed(track.offset, expected))?;
        let is_long = header.content.first() == Some(&1);
        let time_scale = number(header.content, if is_long { 20 } else { 12 })
            .filter(|scale| *scale > 0)
            .ok_or(malformed(header.offset, expected))?;
        let expected = "a track header (tkhd) of MP4";
        let track_header = track.child(b"tkhd").ok_or(malformed(track.offset, expected))?;
        let is_track_long = track_header.content.first() == Some(&1);
        let id = number(track_header.content, if is_track_long { 20 } else { 12 });
        Ok(Self {
            id: id.ok_or(malformed(track_header.offset, expected))?,
            configuration: configuration(&description)?,
            sample_table: SampleTableBoxes::find(&table)?,
            time_scale,
            edits: track.descendant(&[b"edts", b"elst"]),
        })
    }
}

/// The configuration of the first sample entry of an `stsd` box.
fn configuration(description: &FoundBox<'_>) -> Result<Configuration, MediaError> {
    let expected = "an mp4a entry with an esds box";
    let malformed = MediaError::Malformed { offset: description.offset, expected };
    let entries = description.content.get(8..).unwrap_or_default();
    let Some(entry) = Boxes::new(entries, description.offset + 8).next() else { return Err(malformed) };
    if entry.kind != *b"mp4a" {
        let known = FOREIGN_CODECS.iter().find(|(kind, _)| *kind == entry.kind);
        let what = known.map_or("MP4 with a codec that is not AAC", |(_, name)| *name);
        return Err(MediaError::Unsupported { what, instead: "convert it to flac, opus or AAC" });
    }
    // QuickTime's versions 1 and 2 have more fields before the boxes.
    let fields = match entry.content.get(8..10) {
        Some([0, 1]) => 28 + 16,
        Some([0, 2]) => 28 + 36,
        _ => 28,
    };
    let Some(children) = entry.content.get(fields..) else { return Err(malformed) };
    let children = Boxes::new(children, entry.offset + fields as u64);
    let direct = children.clone().find(|child| child.kind == *b"esds");
    let wrapped = || children.clone().find(|child| child.kind == *b"wave").and_then(|wave| wave.child(b"esds"));
    let Some(descriptor) = direct.or_else(wrapped) else { return Err(malformed) };
    let (object, specific) = elementary_stream(descriptor.content).ok_or(malformed)?;
    match object {
        0x40 | 0x66..=0x68 => Configuration::parse(specific, descriptor.offset),
        0x69 | 0x6b => {
            let instead = "take the MP3 out of it, for instance with ffmpeg -i IN -c copy OUT.mp3";
            Err(MediaError::Unsupported { what: "MP3 in MP4", instead })
        }
        _ => {
            let instead = "convert it to flac, opus or AAC";
            Err(MediaError::Unsupported { what: "MP4 with a codec that is not AAC", instead })
        }
    }
}

/// The object type indication and the decoder's specific information of an `esds` box.
fn elementary_stream(content: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, stream, _) = descriptor(content.get(4..)?)?;
    if tag != 3 {
        return None;
    }
    let flags = *stream.get(2)?;
    let mut place = 3;
    if flags & 0x80 != 0 {
        place += 2;
    }
    if flags & 0x40 != 0 {
        place += 1 + usize::from(*stream.get(place)?);
    }
    if flags & 0x20 != 0 {
        place += 2;
    }
    let (tag, decoder, _) = descriptor(stream.get(place..)?)?;
    if tag != 4 {
        return None;
    }
    let mut rest = decoder.get(13..)?;
    let object = *decoder.first()?;
    while let Some((tag, body, behind)) = descriptor(rest) {
        if tag == 5 {
            return Some((object, body));
        }
        rest = behind;
    }
    Some((object, &[]))
}

/// The tag and the body of a descriptor, and what follows it.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, mut rest) = bytes.split_first()?;
    let mut length = 0;
    for _ in 0..4 {
        let (byte, behind) = rest.split_first()?;
        rest = behind;
        length = length << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    // Some writers claim more than there is.
    let (body, behind) = rest.split_at(length.min(rest.len()));
    Some((*tag, body, behind))
}

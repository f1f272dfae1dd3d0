//! The information frame that encoders put before the first frame: a frame of silence whose main data describe the file. It is not
//! music and is not sent.
//!
//! Layouts: Xing's and Fraunhofer's (VBRI) published descriptions of their headers, and LAME's of its extension.

use super::header::MpegHeader;
use crate::formats::frame_stream::FrameHeader;
use crate::inspect::Gapless;
use crate::tags::{Gain, Loudness};

/// What an information frame says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Information {
    /// Frames of the file, this one not counted.
    pub(super) frames: Option<u64>,
    pub(super) gapless: Option<Gapless>,
    pub(super) loudness: Loudness,
}

/// A decoder's own delay in samples, which LAME's count leaves out.
const DECODER_DELAY: u32 = 529;

/// What the frame says, if it is an information frame.
pub(super) fn parse(header: &MpegHeader, frame: &[u8]) -> Option<Information> {
    if header.layer != 3 {
        return None;
    }
    let checksum = if header.has_checksum { 2 } else { 0 };
    let places = [0, checksum].map(|more| MpegHeader::BYTES + more + header.side_information_bytes());
    for place in places {
        let body = frame.get(place..)?;
        if body.starts_with(b"Xing") || body.starts_with(b"Info") {
            return Some(xing(&body[4..]));
        }
    }
    let vbri = frame.get(MpegHeader::BYTES + 32..)?;
    vbri.starts_with(b"VBRI").then(|| Information { frames: number(vbri, 14).map(u64::from), ..Information::default() })
}

/// Four bytes at `place`, the highest first.
fn number(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(place..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// What follows the mark of Xing's header.
fn xing(body: &[u8]) -> Information {
    let flags = number(body, 0).unwrap_or(0);
    let mut place = 4;
    let mut frames = None;
    for (flag, bytes) in [(1, 4), (2, 4), (4, 100), (8, 4)] {
        if flags & flag != 0 {
            if flag == 1 {
                frames = number(body, place).map(u64::from);
            }
            place += bytes;
        }
    }
    let mut information = Information { frames, ..Information::default() };
    if let Some(extension) = body.get(place..place + 24) {
        lame(extension, &mut information);
    }
    information
}

/// LAME's extension: nine bytes of the encoder's name, then fields.
fn lame(extension: &[u8], information: &mut Information) {
    if !extension[..4].iter().all(u8::is_ascii_alphanumeric) {
        return;
    }
    let (a, b, c) = (u32::from(extension[21]), u32::from(extension[22]), u32::from(extension[23]));
    let (delay, padding) = (a << 4 | b >> 4, (b & 15) << 8 | c);
    if delay > 0 || padding > 0 {
        let delay = delay + DECODER_DELAY;
        information.gapless = Some(Gapless { delay, padding: padding.saturating_sub(DECODER_DELAY) });
    }
    for place in [15, 17] {
        let field = u16::from_be_bytes([extension[place], extension[place + 1]]);
        let gain = Gain::from_tenths(if field & 0x200 == 0 { 1 } else { -1 } * i32::from(field & 0x1ff));
        match field >> 13 {
            1 if field & 0x1ff != 0 => information.loudness.track_gain = Some(gain),
            2 if field & 0x1ff != 0 => information.loudness.album_gain = Some(gain),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of MPEG-1 layer III with Xing's header as LAME writes it.
    fn frame(mark: &[u8; 4]) -> Vec<u8> {
        let mut frame = vec![0; 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0]);
        frame[36..40].copy_from_slice(mark);
        frame[43] = 0x0f;
        frame[44..48].copy_from_slice(&1000_u32.to_be_bytes());
        let extension = 40 + 4 + 4 + 4 + 100 + 4;
        frame[extension..extension + 9].copy_from_slice(b"LAME3.100");
        frame[extension + 15..extension + 17].copy_from_slice(&(1_u16 << 13 | 3 << 10 | 0x200 | 62).to_be_bytes());
        frame[extension + 21..extension + 24].copy_from_slice(&[0x24, 0x04, 0x6e]);
        frame
    }

    #[test]
    fn an_information_frame_is_found_and_read() {
        let frame = frame(b"Info");
        let header = MpegHeader::parse(&[0xff, 0xfb, 0x90, 0]).unwrap();
        let information = parse(&header, &frame).unwrap();
        assert_eq!(information.frames, Some(1000));
        assert_eq!(information.gapless, Some(Gapless { delay: 576 + 529, padding: 0x46e - 529 }));
        assert_eq!(information.loudness.track_gain, Some(Gain::from_tenths(-62)));
        assert_eq!(information.loudness.album_gain, None);
        for length in 0..frame.len() {
            let _ = parse(&header, &frame[..length]);
        }
    }

    #[test]
    fn fraunhofers_is_found_too_and_music_is_none() {
        let header = MpegHeader::parse(&[0xff, 0xfb, 0x90, 0]).unwrap();
        let mut vbri = vec![0; 417];
        vbri[36..40].copy_from_slice(b"VBRI");
        vbri[50..54].copy_from_slice(&77_u32.to_be_bytes());
        assert_eq!(parse(&header, &vbri), Some(Information { frames: Some(77), ..Information::default() }));
        assert_eq!(parse(&header, &[0; 417]), None);
    }
}

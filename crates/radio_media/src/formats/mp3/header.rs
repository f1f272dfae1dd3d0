//! The header of an MPEG audio frame: four bytes that say how long the frame is.
//!
//! Specifications: ISO/IEC 11172-3 §2.4.1.3 (MPEG-1), ISO/IEC 13818-3 §2.4.2 (MPEG-2, lower sampling rates). MPEG-2.5 is
//! Fraunhofer's extension to still lower ones.

use crate::formats::frame_stream::FrameHeader;

/// Version of MPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Mpeg1,
    Mpeg2,
    Mpeg25,
}

/// A header whose fields all have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MpegHeader {
    pub(super) version: Version,
    /// 1 to 3.
    pub(super) layer: u8,
    /// Whether a checksum of two bytes follows the header.
    pub(super) has_checksum: bool,
    /// kbit/s; zero is free format.
    pub(super) bitrate_kbit: u32,
    pub(super) frequency_hz: u32,
    pub(super) is_padded: bool,
    pub(super) is_mono: bool,
}

/// kbit/s by index, for each kind of frame; index 15 is no rate.
const BITRATES: [[u16; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

impl FrameHeader for MpegHeader {
    const BYTES: usize = 4;
    const FRAME_BYTES_MAX: usize = 5761;
    const FRAME: &'static str = "an MPEG audio frame";

    fn parse(bytes: &[u8]) -> Option<Self> {
        let [sync, b, c, d] = *bytes.first_chunk()?;
        if sync != 0xff || b & 0xe0 != 0xe0 {
            return None;
        }
        let version = match b >> 3 & 3 {
            0 => Version::Mpeg25,
            2 => Version::Mpeg2,
            3 => Version::Mpeg1,
            _ => return None,
        };
        let layer = 4 - (b >> 1 & 3);
        let is_mpeg1 = version == Version::Mpeg1;
        let row = match (is_mpeg1, layer) {
            (_, 4) => return None,
            (true, layer) => usize::from(layer) - 1,
            (false, 1) => 3,
            (false, _) => 4,
        };
        let bitrate = BITRATES[row].get(usize::from(c >> 4))?;
        let frequency = [44_100, 48_000, 32_000].get(usize::from(c >> 2 & 3))?;
        let halvings = [0, 1, 2][version as usize];
        if d & 3 == 2 {
            // Reserved emphasis: nobody writes it, and it keeps pictures and text from looking like frames.
            return None;
        }
        Some(Self {
            version,
            layer,
            has_checksum: b & 1 == 0,
            bitrate_kbit: u32::from(*bitrate),
            frequency_hz: frequency >> halvings,
            is_padded: c & 2 != 0,
            is_mono: d >> 6 == 3,
        })
    }

    fn samples(&self) -> u32 {
        match (self.layer, self.version) {
            (1, _) => 384,
            (3, Version::Mpeg2 | Version::Mpeg25) => 576,
            _ => 1152,
        }
    }

    fn frame_bytes(&self) -> Option<usize> {
        if self.bitrate_kbit == 0 {
            return None;
        }
        let padding = u32::from(self.is_padded);
        let bytes = if self.layer == 1 {
            (12_000 * self.bitrate_kbit / self.frequency_hz + padding) * 4
        } else {
            self.samples() / 8 * 1000 * self.bitrate_kbit / self.frequency_hz + padding
        };
        Some(bytes as usize)
    }

    fn unhashed_bytes(&self) -> usize {
        // MPEG frames are nowhere without their headers.
        0
    }

    /// What may change from frame to frame does not count.
    fn belongs_with(&self, other: &Self) -> bool {
        self.version == other.version
            && self.layer == other.layer
            && self.frequency_hz == other.frequency_hz
            && self.is_mono == other.is_mono
    }

    /// In free format there have to be others of its kind behind it, at equal distances but for padding.
    fn is_believed_without_length(&self, bytes: &[u8]) -> bool {
        let bytes = &bytes[..bytes.len().min(3 * Self::FRAME_BYTES_MAX)];
        let is_next = |place: usize| {
            let next = bytes.get(place..).and_then(Self::parse);
            next.is_some_and(|next| next.bitrate_kbit == 0 && next.belongs_with(self))
        };
        let mut distances = memchr::memchr_iter(0xff, bytes).skip(1).filter(|distance| is_next(*distance));
        distances.any(|distance| (2 * distance - 4..=2 * distance + 4).any(is_next))
    }
}

impl MpegHeader {
    /// Bytes of side information, which come between the header (with its checksum) and the main data in layer III.
    pub(super) const fn side_information_bytes(&self) -> usize {
        match (self.version, self.is_mono) {
            (Version::Mpeg1, false) => 32,
            (Version::Mpeg1, true) | (_, false) => 17,
            (_, true) => 9,
        }
    }

    /// The codec's name.
    pub(super) const fn codec(&self) -> &'static str {
        match (self.version, self.layer) {
            (Version::Mpeg1, 1) => "MPEG-1 layer I",
            (Version::Mpeg1, 2) => "MPEG-1 layer II",
            (Version::Mpeg1, _) => "MPEG-1 layer III",
            (Version::Mpeg2, 1) => "MPEG-2 layer I",
            (Version::Mpeg2, 2) => "MPEG-2 layer II",
            (Version::Mpeg2, _) => "MPEG-2 layer III",
            (Version::Mpeg25, 1) => "MPEG-2.5 layer I",
            (Version::Mpeg25, 2) => "MPEG-2.5 layer II",
            (Version::Mpeg25, _) => "MPEG-2.5 layer III",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_headers() {
        for (bytes, codec, kbit, hertz, length, samples) in [
            ([0xff, 0xfb, 0x90, 0x00], "MPEG-1 layer III", 128, 44_100, 417, 1152),
            ([0xff, 0xfb, 0x92, 0xc0], "MPEG-1 layer III", 128, 44_100, 418, 1152),
            ([0xff, 0xfb, 0xe4, 0x00], "MPEG-1 layer III", 320, 48_000, 960, 1152),
            ([0xff, 0xfd, 0xa8, 0x00], "MPEG-1 layer II", 192, 32_000, 864, 1152),
            ([0xff, 0xff, 0xc0, 0x00], "MPEG-1 layer I", 384, 44_100, 416, 384),
            ([0xff, 0xf3, 0x80, 0x00], "MPEG-2 layer III", 64, 22_050, 208, 576),
            ([0xff, 0xf5, 0x84, 0x00], "MPEG-2 layer II", 64, 24_000, 384, 1152),
            ([0xff, 0xe3, 0x48, 0x00], "MPEG-2.5 layer III", 32, 8_000, 288, 576),
        ] {
            let header = MpegHeader::parse(&bytes).unwrap();
            let found = (header.codec(), header.bitrate_kbit, header.frequency_hz);
            assert_eq!(found, (codec, kbit, hertz));
            assert_eq!((header.frame_bytes(), header.samples()), (Some(length), samples), "{codec}");
        }
        assert_eq!(MpegHeader::parse(&[0xff, 0xfb, 0x00, 0]).unwrap().frame_bytes(), None, "free format");
    }

    #[test]
    fn of_all_headers_none_panics_and_none_is_absurd() {
        let mut accepted = 0;
        for number in 0..=0x00ff_ffff_u32 {
            let [_, b, c, d] = number.to_be_bytes();
            let Some(header) = MpegHeader::parse(&[0xff, b, c, d]) else { continue };
            accepted += 1;
            assert!((8_000..=48_000).contains(&header.frequency_hz));
            assert!(header.frame_bytes().is_none_or(|bytes| (24..=5761).contains(&bytes)), "{header:?}");
        }
        // 3 versions × 3 layers × 2 (checksum) × 15 rates × 3 frequencies × 2 (padding) × 2 (private) × 256 × 3/4 (emphasis)
        assert_eq!(accepted, 3 * 3 * 2 * 15 * 3 * 2 * 2 * 192);
    }
}

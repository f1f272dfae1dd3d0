//! The header of an MPEG audio frame: four bytes that say how long the frame is.
//!
//! Specifications: ISO/IEC 11172-3 §2.4.1.3 (MPEG-1), ISO/IEC 13818-3 §2.4.2 (MPEG-2, lower sampling rates). MPEG-2.5 is
//! Fraunhofer's extension to still lower ones.

/// Version of MPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Mpeg1,
    Mpeg2,
    Mpeg25,
}

/// A header whose fields all have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
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

impl FrameHeader {
    /// Bytes of a header.
    pub(super) const BYTES: usize = 4;

    /// The header that `bytes` are, if they are one.
    pub(super) fn parse(bytes: [u8; 4]) -> Option<Self> {
        let [sync, b, c, d] = bytes;
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

    /// Samples that a frame decodes to, for each channel.
    pub(super) const fn samples(&self) -> u32 {
        match (self.layer, self.version) {
            (1, _) => 384,
            (3, Version::Mpeg2 | Version::Mpeg25) => 576,
            _ => 1152,
        }
    }

    /// Bytes of the frame with its header; none in free format, where no field says it.
    pub(super) const fn frame_bytes(&self) -> Option<usize> {
        if self.bitrate_kbit == 0 {
            return None;
        }
        let padding = self.is_padded as u32;
        let bytes = if self.layer == 1 {
            (12_000 * self.bitrate_kbit / self.frequency_hz + padding) * 4
        } else {
            self.samples() / 8 * 1000 * self.bitrate_kbit / self.frequency_hz + padding
        };
        Some(bytes as usize)
    }

    /// Whether both can be frames of one stream: what may change from frame to frame does not count.
    pub(super) fn belongs_with(&self, other: &Self) -> bool {
        self.version == other.version
            && self.layer == other.layer
            && self.frequency_hz == other.frequency_hz
            && self.is_mono == other.is_mono
    }

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
            let header = FrameHeader::parse(bytes).unwrap();
            let found = (header.codec(), header.bitrate_kbit, header.frequency_hz);
            assert_eq!(found, (codec, kbit, hertz));
            assert_eq!((header.frame_bytes(), header.samples()), (Some(length), samples), "{codec}");
        }
        assert_eq!(FrameHeader::parse([0xff, 0xfb, 0x00, 0]).unwrap().frame_bytes(), None, "free format");
    }

    #[test]
    fn of_all_headers_none_panics_and_none_is_absurd() {
        let mut accepted = 0;
        for number in 0..=0x00ff_ffff_u32 {
            let [_, b, c, d] = number.to_be_bytes();
            let Some(header) = FrameHeader::parse([0xff, b, c, d]) else { continue };
            accepted += 1;
            assert!((8_000..=48_000).contains(&header.frequency_hz));
            assert!(header.frame_bytes().is_none_or(|bytes| (24..=5761).contains(&bytes)), "{header:?}");
        }
        // 3 versions × 3 layers × 2 (checksum) × 15 rates × 3 frequencies × 2 (padding) × 2 (private) × 256 × 3/4 (emphasis)
        assert_eq!(accepted, 3 * 3 * 2 * 15 * 3 * 2 * 2 * 192);
    }
}

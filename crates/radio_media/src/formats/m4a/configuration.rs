//! AudioSpecificConfig: what a decoder has to know before the first frame.

use crate::error::MediaError;
use crate::formats::aac::FREQUENCIES;

/// What the configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Configuration {
    /// Of the core: 2 is AAC-LC.
    pub(super) object_type: u32,
    /// Rate of the core.
    pub(super) core_frequency_hz: u32,
    /// Rate that is heard.
    pub(super) frequency_hz: u32,
    /// As ADTS counts them: 7 is eight channels.
    pub(super) channels: u8,
    /// Whether the upper half of the spectrum is described (HE-AAC).
    pub(super) has_sbr: bool,
}

/// Object types that say that SBR, or SBR and PS, come with another one.
const SBR: u32 = 5;
const PARAMETRIC_STEREO: u32 = 29;

impl Configuration {
    /// Reads the configuration that stands at `offset` of the file.
    pub(super) fn parse(bytes: &[u8], offset: u64) -> Result<Self, MediaError> {
        let mut bits = Bits { bytes, place: 0 };
        Self::read(&mut bits).ok_or(MediaError::Malformed { offset, expected: "an AudioSpecificConfig" }).and_then(
            |(configuration, is_short)| match configuration.object_type {
                1..=4 if is_short => Err(unsupported("AAC with 960 samples a frame")),
                1..=4 if configuration.channels == 0 => Err(unsupported("AAC with a channel layout of its own")),
                1..=4 => Ok(configuration),
                23 | 39 => Err(unsupported("AAC-LD or AAC-ELD")),
                32..=34 => Err(unsupported("MPEG audio in MP4")),
                36 => Err(unsupported("MPEG-4 ALS")),
                42 => Err(unsupported("xHE-AAC (USAC)")),
                _ => Err(unsupported("MPEG-4 audio of an object type that is not AAC")),
            },
        )
    }

    /// The configuration, and whether frames have 960 samples.
    fn read(bits: &mut Bits<'_>) -> Option<(Self, bool)> {
        let mut object_type = object_type(bits)?;
        let core_frequency_hz = frequency(bits)?;
        let channels = u8::try_from(bits.take(4)?).ok()?;
        let mut frequency_hz = core_frequency_hz;
        let mut has_sbr = false;
        if object_type == SBR || object_type == PARAMETRIC_STEREO {
            has_sbr = true;
            frequency_hz = frequency(bits)?;
            object_type = self::object_type(bits)?;
        }
        let mut is_short = false;
        if (1..=4).contains(&object_type) {
            is_short = bits.take(1)? == 1;
            if bits.take(1)? == 1 {
                bits.take(14)?;
            }
            bits.take(1)?;
            // SBR may be told behind it, so that old decoders do not see it.
            if !has_sbr && channels != 0 && bits.take(11) == Some(0x2b7) && self::object_type(bits) == Some(SBR) {
                has_sbr = bits.take(1) == Some(1);
                frequency_hz = frequency(bits).filter(|_| has_sbr).unwrap_or(core_frequency_hz);
            }
        }
        Some((Self { object_type, core_frequency_hz, frequency_hz, channels, has_sbr }, is_short))
    }
}

fn unsupported(what: &'static str) -> MediaError {
    MediaError::Unsupported { what, instead: "encode it as AAC-LC or HE-AAC" }
}

fn object_type(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(5)? {
        31 => Some(32 + bits.take(6)?),
        number => Some(number),
    }
}

fn frequency(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(4)? {
        15 => bits.take(24),
        index => FREQUENCIES.get(index as usize).copied(),
    }
}

/// Bits, the highest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut number = 0;
        for place in self.place..self.place + count {
            let byte = self.bytes.get(place / 8)?;
            number = number << 1 | u32::from(byte >> (7 - place % 8) & 1);
        }
        self.place += count;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<(u32, u32, u32, u8, bool), String> {
        let found = Configuration::parse(bytes, 0).map_err(|error| error.to_string())?;
        let Configuration { object_type, core_frequency_hz, frequency_hz, channels, has_sbr } = found;
        Ok((object_type, core_frequency_hz, frequency_hz, channels, has_sbr))
    }

    #[test]
    fn configurations_of_known_encoders() {
        assert_eq!(parse(&[0x12, 0x10]), Ok((2, 44_100, 44_100, 2, false)), "AAC-LC, 44.1 kHz, stereo");
        assert_eq!(parse(&[0x11, 0x90, 0x56, 0xe5, 0x00]), Ok((2, 48_000, 48_000, 2, false)), "FFmpeg says: no SBR");
        assert_eq!(parse(&[0x2b, 0x92, 0x08, 0x00]), Ok((2, 22_050, 44_100, 2, true)), "HE-AAC, said at first");
        assert_eq!(parse(&[0x13, 0x90, 0x56, 0xe5, 0xa0]), Ok((2, 22_050, 44_100, 2, true)), "HE-AAC, said behind");
        assert_eq!(parse(&[0xeb, 0x8a, 0x08, 0x00]), Ok((2, 22_050, 44_100, 1, true)), "HE-AAC v2");
    }

    #[test]
    fn what_adts_cannot_carry_is_refused_by_its_name() {
        assert!(parse(&[0x12, 0x14]).unwrap_err().starts_with("AAC with 960"), "frames of 960 samples");
        assert!(parse(&[0x12, 0x00]).unwrap_err().contains("channel layout of its own"));
        assert!(parse(&[0xf9, 0x48, 0x42]).unwrap_err().starts_with("xHE-AAC"));
        assert!(parse(&[0x12]).unwrap_err().contains("AudioSpecificConfig expected"));
        assert!(parse(&[]).is_err());
    }
}

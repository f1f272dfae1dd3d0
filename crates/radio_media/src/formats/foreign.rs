//! Formats that are known and not played: refused by their name, so that people know what to do.

use crate::error::MediaError;

/// A format that is not played.
struct Foreign {
    name: &'static str,
    /// What a file of it has, and where.
    signatures: &'static [(usize, &'static [u8])],
    instead: &'static str,
}

const CONVERT: &str = "convert it to flac, opus or mp3";
const NO_AUDIO: &str = "it is no audio file";

const TABLE: &[Foreign] = &[
    Foreign { name: "WAVE", signatures: &[(0, b"RIFF"), (8, b"WAVE")], instead: CONVERT },
    Foreign { name: "WAVE with 64 bits", signatures: &[(0, b"RF64")], instead: CONVERT },
    Foreign { name: "AVI", signatures: &[(0, b"RIFF"), (8, b"AVI ")], instead: NO_AUDIO },
    Foreign { name: "AIFF", signatures: &[(0, b"FORM"), (8, b"AIF")], instead: CONVERT },
    Foreign { name: "Windows Media (ASF)", signatures: &[(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")], instead: CONVERT },
    Foreign { name: "Matroska or WebM", signatures: &[(0, b"\x1a\x45\xdf\xa3")], instead: CONVERT },
    Foreign { name: "Monkey's Audio", signatures: &[(0, b"MAC ")], instead: CONVERT },
    Foreign { name: "WavPack", signatures: &[(0, b"wvpk")], instead: CONVERT },
    Foreign { name: "Musepack", signatures: &[(0, b"MPCK")], instead: CONVERT },
    Foreign { name: "Musepack", signatures: &[(0, b"MP+")], instead: CONVERT },
    Foreign { name: "True Audio", signatures: &[(0, b"TTA1")], instead: CONVERT },
    Foreign { name: "DSF", signatures: &[(0, b"DSD ")], instead: CONVERT },
    Foreign { name: "DSDIFF", signatures: &[(0, b"FRM8")], instead: CONVERT },
    Foreign { name: "Core Audio", signatures: &[(0, b"caff")], instead: CONVERT },
    Foreign { name: "AU", signatures: &[(0, b".snd")], instead: CONVERT },
    Foreign { name: "AMR", signatures: &[(0, b"#!AMR")], instead: CONVERT },
    Foreign { name: "RealAudio", signatures: &[(0, b".RMF")], instead: CONVERT },
    Foreign {
        name: "AAC with an ADIF header",
        signatures: &[(0, b"ADIF")],
        instead: "convert it to ADTS (.aac) or m4a",
    },
    Foreign { name: "Speex", signatures: &[(0, b"OggS"), (28, b"Speex   ")], instead: CONVERT },
    Foreign { name: "Ogg without Vorbis, Opus or FLAC", signatures: &[(0, b"OggS")], instead: CONVERT },
    Foreign { name: "MIDI", signatures: &[(0, b"MThd")], instead: CONVERT },
    Foreign { name: "a playlist (M3U)", signatures: &[(0, b"#EXTM3U")], instead: "add it as a playlist" },
    Foreign { name: "a playlist (PLS)", signatures: &[(0, b"[playlist]")], instead: "add it as a playlist" },
    Foreign { name: "JPEG", signatures: &[(0, b"\xff\xd8\xff")], instead: NO_AUDIO },
    Foreign { name: "PNG", signatures: &[(0, b"\x89PNG")], instead: NO_AUDIO },
    Foreign { name: "GIF", signatures: &[(0, b"GIF8")], instead: NO_AUDIO },
    Foreign { name: "PDF", signatures: &[(0, b"%PDF")], instead: NO_AUDIO },
    Foreign { name: "a zip archive", signatures: &[(0, b"PK\x03\x04")], instead: "unpack it" },
    Foreign { name: "a gzip archive", signatures: &[(0, b"\x1f\x8b")], instead: "unpack it" },
    Foreign { name: "an executable", signatures: &[(0, b"\x7fELF")], instead: NO_AUDIO },
    Foreign { name: "a transport stream", signatures: &[(0, b"G"), (188, b"G"), (376, b"G")], instead: CONVERT },
];

/// Why a file that begins with `head` is refused.
pub(super) fn refusal(head: &[u8]) -> MediaError {
    let has = |(offset, bytes): &(usize, &[u8])| head.get(*offset..).is_some_and(|rest| rest.starts_with(bytes));
    match TABLE.iter().find(|foreign| foreign.signatures.iter().all(has)) {
        Some(foreign) => MediaError::Unsupported { what: foreign.name, instead: foreign.instead },
        None => MediaError::Unrecognised,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_format_is_refused_by_its_name() {
        assert_eq!(refusal(b"RIFF\0\0\0\0WAVEfmt ").to_string(), "WAVE is not played; convert it to flac, opus or mp3");
        assert_eq!(refusal(b"RIFF\0\0\0\0AVI LIST").to_string(), "AVI is not played; it is no audio file");
        assert!(matches!(refusal(b"RIFF"), MediaError::Unrecognised));
        assert!(matches!(refusal(b""), MediaError::Unrecognised));
    }
}

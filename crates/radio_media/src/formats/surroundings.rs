//! What stands around the audio and is not sent: ID3v2 and APE before it; ID3v1, APE, Lyrics3 and ID3v2 footers after it.
//!
//! Specifications: ID3v2.4.0 §3.1 and §3.4, ID3v1, APEv2, Lyrics3 v1 and v2, as their authors published them.

use crate::error::MediaError;
use crate::limits::LEADING_TAGS_MAX;
use crate::source::Window;

const ID3V1_BYTES: u64 = 128;
const ID3V1_EXTENDED_BYTES: u64 = 227;
const ID3V2_HEADER_BYTES: u64 = 10;
const APE_HEADER_BYTES: u64 = 32;
/// The longest Lyrics3 v1, with its marks.
const LYRICS_V1_BYTES: u64 = 5100 + 11 + 9;

/// Where the audio begins: behind every tag before it.
pub(super) fn audio_start(window: &mut Window<'_>) -> Result<u64, MediaError> {
    let mut start = 0;
    for _ in 0..LEADING_TAGS_MAX {
        let header = window.at_most(start, 32)?;
        let Some(bytes) = leading_tag_bytes(header) else { break };
        if bytes >= window.length() - start {
            return Err(MediaError::Truncated {
                offset: start,
                expected: "a tag and audio behind it",
                length: window.length(),
            });
        }
        start += bytes;
        start += padding(window, start)?;
    }
    Ok(start)
}

/// Bytes of the tag that begins with `header`, if one does. Its claim is not checked.
pub(super) fn leading_tag_bytes(header: &[u8]) -> Option<u64> {
    match header {
        [b'I', b'D', b'3', major, minor, flags, a, b, c, d, ..]
            if *major != 0xff && *minor != 0xff && (a | b | c | d) & 0x80 == 0 =>
        {
            let size = [a, b, c, d].iter().fold(0, |size, byte| size << 7 | u64::from(**byte));
            let footer = if flags & 0x10 != 0 { ID3V2_HEADER_BYTES } else { 0 };
            Some(ID3V2_HEADER_BYTES + size + footer)
        }
        [b'A', b'P', b'E', b'T', b'A', b'G', b'E', b'X', ..] => {
            let size = header.get(12..16)?;
            let size = size.iter().rev().fold(0, |size, byte| size << 8 | u64::from(*byte));
            Some(APE_HEADER_BYTES + size)
        }
        _ => None,
    }
}

/// Zeroes behind a tag, which some editors leave.
fn padding(window: &mut Window<'_>, start: u64) -> Result<u64, MediaError> {
    let mut zeroes = 0;
    loop {
        let bytes = window.at_most(start + zeroes, 4096)?;
        let count = bytes.iter().take_while(|byte| **byte == 0).count();
        zeroes += count as u64;
        if count < 4096 {
            return Ok(zeroes);
        }
    }
}

/// Where the audio that begins at `start` ends: before every tag behind it.
pub(super) fn audio_end(window: &mut Window<'_>, start: u64) -> Result<u64, MediaError> {
    let mut end = window.length();
    for _ in 0..LEADING_TAGS_MAX {
        let bytes = trailing_tag_bytes(window, start, end)?;
        if bytes == 0 {
            break;
        }
        end -= bytes;
    }
    Ok(end)
}

/// Bytes of the tag that ends at `end`; zero if none does, or if it claims to begin before `start`.
fn trailing_tag_bytes(window: &mut Window<'_>, start: u64, end: u64) -> Result<u64, MediaError> {
    let room = end - start;
    let tail = tail(window, end, room.min(ID3V1_BYTES))?;
    let bytes = if room >= ID3V1_BYTES && tail.starts_with(b"TAG") {
        id3v1_bytes(window, end, room)?
    } else if let Some(footer) = tail.last_chunk::<32>()
        && footer.starts_with(b"APETAGEX")
    {
        let size = u32::from_le_bytes([footer[12], footer[13], footer[14], footer[15]]);
        let has_header = footer[23] & 0x80 != 0;
        u64::from(size) + if has_header { APE_HEADER_BYTES } else { 0 }
    } else if tail.ends_with(b"LYRICS200") {
        let digits = tail.get(tail.len().wrapping_sub(15)..tail.len() - 9).unwrap_or_default();
        std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok()).map_or(0, |size| size + 15)
    } else if tail.ends_with(b"LYRICSEND") {
        lyrics_v1_bytes(window, end, room)?
    } else if let Some([b'3', b'D', b'I', _, _, _, a, b, c, d]) = tail.last_chunk::<10>() {
        let size = [a, b, c, d].iter().fold(0, |size, byte| size << 7 | u64::from(**byte & 0x7f));
        size + 2 * ID3V2_HEADER_BYTES
    } else {
        0
    };
    Ok(if bytes <= room { bytes } else { 0 })
}

/// The last `count` bytes before `end`.
fn tail<'w>(window: &'w mut Window<'_>, end: u64, count: u64) -> Result<&'w [u8], MediaError> {
    window.at_most(end - count, usize::try_from(count).unwrap_or(usize::MAX))
}

/// Bytes of ID3v1 with the extension that may stand before it.
fn id3v1_bytes(window: &mut Window<'_>, end: u64, room: u64) -> Result<u64, MediaError> {
    let both = ID3V1_BYTES + ID3V1_EXTENDED_BYTES;
    let extended = room >= both && tail(window, end, both)?.starts_with(b"TAG+");
    Ok(if extended { both } else { ID3V1_BYTES })
}

/// Bytes of Lyrics3 v1, which begins with a mark and has no length.
fn lyrics_v1_bytes(window: &mut Window<'_>, end: u64, room: u64) -> Result<u64, MediaError> {
    let tail = tail(window, end, room.min(LYRICS_V1_BYTES))?;
    let begin = memchr::memmem::rfind(tail, b"LYRICSBEGIN");
    Ok(begin.map_or(0, |begin| (tail.len() - begin) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(bytes: &[u8]) -> (u64, u64) {
        let mut buffer = Vec::new();
        let source: &[u8] = bytes;
        let mut window = Window::new(&source, &mut buffer).unwrap();
        let start = audio_start(&mut window).unwrap();
        (start, audio_end(&mut window, start).unwrap())
    }

    fn id3v1() -> Vec<u8> {
        let mut tag = b"TAG".to_vec();
        tag.resize(128, b' ');
        tag
    }

    /// An APE tag, with a header or without.
    fn ape(has_header: bool, items: &[u8]) -> Vec<u8> {
        let size = u32::try_from(items.len() + 32).unwrap().to_le_bytes();
        let ends = |is_header: u8| {
            let flags = [0, 0, 0, u8::from(has_header) << 7 | is_header << 5];
            [b"APETAGEX\xd0\x07\0\0", &size[..], &[1, 0, 0, 0], &flags, &[0; 8]].concat()
        };
        [if has_header { ends(1) } else { Vec::new() }, items.to_vec(), ends(0)].concat()
    }

    #[test]
    fn tags_before_the_audio_are_stepped_over() {
        let id3 = b"ID3\x04\0\0\0\0\x01\x02".iter().copied().chain([9; 130]).collect::<Vec<u8>>();
        assert_eq!(surroundings(&[&id3[..], b"audio"].concat()), (140, 145));
        let with_footer = [b"ID3\x04\0\x10\0\0\0\x02xx3DI\x04\0\x10\0\0\0\x02", &[0; 5000][..], b"audio"].concat();
        assert_eq!(surroundings(&with_footer), (5022, 5027), "padding behind it too");
        assert_eq!(surroundings(&[&id3[..], &id3, b"audio"].concat()), (280, 285));
        assert_eq!(surroundings(b"ID3\xff\0\0\0\0\0\0audio"), (0, 15), "no version 255");
    }

    #[test]
    fn tags_behind_the_audio_are_left_away() {
        let lyrics_v2 = b"LYRICSBEGININD00001x000020LYRICS200";
        let lyrics_v1 = b"LYRICSBEGINla la laLYRICSEND";
        let mut extended = b"TAG+".to_vec();
        extended.resize(227, 0);
        for parts in [
            vec![id3v1()],
            vec![extended, id3v1()],
            vec![ape(false, b"item")],
            vec![ape(true, b"item")],
            vec![ape(true, b"item"), lyrics_v2.to_vec(), id3v1()],
            vec![lyrics_v1.to_vec(), id3v1()],
            vec![b"ID3\x04\0\x10\0\0\0\x02xx3DI\x04\0\x10\0\0\0\x02".to_vec()],
        ] {
            let tags = parts.concat();
            let (_, end) = surroundings(&[b"audio", &tags[..]].concat());
            assert_eq!(end, 5, "{}", String::from_utf8_lossy(&tags));
        }
        assert_eq!(surroundings(b"audio3DI").1, 8, "not a whole footer");
    }

    #[test]
    fn a_tag_that_claims_more_than_there_is_is_no_tag() {
        let mut lying = ape(false, b"item");
        lying[18] = 0xff;
        assert_eq!(surroundings(&[b"audio", &lying[..]].concat()).1, 5 + lying.len() as u64);
        let mut buffer = Vec::new();
        let source: &[u8] = b"ID3\x04\0\0\x7f\x7f\x7f\x7faudio";
        let mut window = Window::new(&source, &mut buffer).unwrap();
        assert!(matches!(audio_start(&mut window), Err(MediaError::Truncated { offset: 0, .. })));
    }
}

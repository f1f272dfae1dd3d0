//! The comments in the header of a stream: what of a song's tags is told to listeners. Pictures are not, because everyone who
//! joins gets the header.
//!
//! Specification: the Vorbis I comment header (§5), which Opus and FLAC have taken over.

use super::carriage::CommentForm;
use crate::limits::COMMENT_BYTES_MAX;
use crate::tags::{Loudness, Tags};

const VENDOR: &str = "tidegate";

/// The comments of a song, without what the form puts around them.
pub(super) fn comments(tags: &Tags, loudness: &Loudness, form: CommentForm) -> Vec<u8> {
    let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    let gain = |gain: Option<crate::tags::Gain>| match (form, gain) {
        (_, None) => String::new(),
        (CommentForm::Opus, Some(gain)) => gain.to_r128().to_string(),
        (_, Some(gain)) => gain.to_string(),
    };
    let gain_names = match form {
        CommentForm::Opus => ["R128_TRACK_GAIN", "R128_ALBUM_GAIN"],
        CommentForm::Vorbis | CommentForm::Flac => ["REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_ALBUM_GAIN"],
    };
    let fields = [
        ("TITLE", tags.title.clone()),
        ("ARTIST", tags.artist.clone()),
        ("ALBUM", tags.album.clone()),
        ("ALBUMARTIST", tags.album_artist.clone()),
        ("DATE", tags.date.clone()),
        ("GENRE", tags.genre.clone()),
        ("TRACKNUMBER", number(tags.track)),
        ("DISCNUMBER", number(tags.disc)),
        (gain_names[0], gain(loudness.track_gain)),
        (gain_names[1], gain(loudness.album_gain)),
    ];
    let mut bytes = Vec::new();
    put(VENDOR, &mut bytes);
    let fields: Vec<_> = fields.iter().filter(|(_, text)| !text.is_empty()).collect();
    bytes.extend(u32::try_from(fields.len()).unwrap_or(0).to_le_bytes());
    for (name, text) in fields {
        let text = &text[..text.floor_char_boundary(COMMENT_BYTES_MAX)];
        put(&format!("{name}={text}"), &mut bytes);
    }
    bytes
}

/// A text with its length before it.
fn put(text: &str, bytes: &mut Vec<u8>) {
    bytes.extend(u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
    bytes.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::Gain;

    #[test]
    fn comments_say_what_is_known_and_no_more() {
        let tags = Tags { title: "a".to_owned(), track: Some(7), ..Tags::default() };
        let loudness = Loudness { track_gain: Some(Gain::from_tenths(-62)), ..Loudness::default() };
        let bytes = comments(&tags, &loudness, CommentForm::Vorbis);
        let expected = [
            &b"\x08\0\0\0tidegate\x03\0\0\0\x07\0\0\0TITLE=a\x0d\0\0\0TRACKNUMBER=7"[..],
            b"\x1e\0\0\0REPLAYGAIN_TRACK_GAIN=-6.20 dB",
        ];
        assert_eq!(bytes, expected.concat());
        let opus = comments(&Tags::default(), &loudness, CommentForm::Opus);
        assert!(opus.ends_with(b"R128_TRACK_GAIN=-2867"), "{}", String::from_utf8_lossy(&opus));
        let long = Tags { title: "x".repeat(100_000), ..Tags::default() };
        assert!(comments(&long, &Loudness::default(), CommentForm::Flac).len() < 2 * COMMENT_BYTES_MAX);
    }
}

//! MPEG files made of frames that are counted.

use std::sync::Arc;

use crate::error::{MediaError, Note};
use crate::framing::Framing;
use crate::inspect::inspect;

/// `count` frames of MPEG-1 layer III, 128 kbit/s, 44.1 kHz, whose contents are all different and have no byte 0xff.
fn frames(count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for index in 0..count {
        let mut frame = vec![u8::try_from(index % 250).unwrap(); 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x00]);
        bytes.extend(frame);
    }
    bytes
}

#[test]
fn frames_are_found_and_sent_as_they_stand() {
    let bytes = frames(10);
    let song = Arc::new(inspect(&bytes).unwrap());
    assert_eq!((song.format.name, song.format.media_type()), ("mp3", "audio/mpeg"));
    assert_eq!(song.technical.codec, "MPEG-1 layer III");
    assert_eq!((song.technical.samples, song.technical.channels), (11_520, 2));
    assert_eq!(song.technical.bitrate_kbit(), 128);
    assert_eq!(song.content_hash, *blake3::hash(&bytes).as_bytes());
    assert!(song.notes.is_empty(), "{:?}", song.notes);
    let mut framing = Framing::new(Arc::clone(&song), 1, 0);
    let mut sent = framing.header().to_vec();
    let mut raw = Vec::new();
    for (index, chunk) in song.chunks.iter().enumerate() {
        chunk.read(&bytes, &mut raw).unwrap();
        framing.frame(index, &raw, &mut sent);
    }
    assert_eq!(sent, bytes);
}

#[test]
fn tags_around_and_within_are_not_sent_and_change_no_hash() {
    let audio = frames(12);
    let id3 = [b"ID3\x03\0\0\0\0\x02\x00", &[0; 256][..]].concat();
    let id3v1 = [b"TAG".to_vec(), vec![b' '; 125]].concat();
    let plain = inspect(&audio).unwrap();
    let tagged = inspect(&[&id3[..], &audio, &id3v1].concat()).unwrap();
    assert_eq!(tagged.content_hash, plain.content_hash);
    assert_eq!(tagged.chunks.chunk(0).offset, 266);
    assert_eq!(tagged.technical, plain.technical);
    let within = [&audio[..417 * 5], &id3, &audio[417 * 5..]].concat();
    let joined = inspect(&within).unwrap();
    assert_eq!(joined.content_hash, plain.content_hash);
    assert_eq!(joined.technical.samples, plain.technical.samples);
    assert_eq!(joined.notes, [Note::Skipped { offset: 417 * 5, bytes: 266, places: 1 }]);
}

#[test]
fn damage_is_stepped_over() {
    let audio = frames(40);
    for rubbish in [&[0; 1][..], &[0xff; 5000], b"rubbish \xff\xfb\x90\x00 rubbish", &[7; 200_000]] {
        let damaged = [rubbish, &audio[..417 * 20], rubbish, &audio[417 * 20..]].concat();
        if rubbish.len() >= crate::limits::LEADING_BYTES_MAX {
            assert!(matches!(inspect(&damaged), Err(MediaError::Unrecognised)));
        }
        let damaged = &damaged[if rubbish.len() > 50_000 { rubbish.len() } else { 0 }..];
        let song = inspect(&damaged).unwrap();
        assert_eq!(song.technical.samples, 40 * 1152, "{} bytes", rubbish.len());
        let Note::Skipped { bytes, places: 1, .. } = song.notes[0] else { panic!("{:?}", song.notes) };
        assert_eq!(bytes, rubbish.len() as u64);
    }
}

#[test]
fn a_cut_file_is_played_up_to_its_last_whole_frame() {
    let audio = frames(5);
    for cut in 3 * 417 + 1..4 * 417 {
        let song = inspect(&audio[..cut].to_vec()).unwrap();
        assert_eq!(song.technical.samples, 3 * 1152);
        assert_eq!(song.notes.len(), 1, "{cut}: {:?}", song.notes);
    }
}

#[test]
fn an_information_frame_is_not_sent() {
    let mut bytes = frames(9);
    bytes[4..417].fill(0);
    bytes[36..40].copy_from_slice(b"Xing");
    bytes[43] = 1;
    bytes[47] = 20;
    let song = inspect(&bytes).unwrap();
    assert_eq!(song.technical.samples, 8 * 1152);
    assert_eq!(song.chunks.chunk(0).offset, 417);
    let what = "the count of frames in the information frame";
    assert_eq!(song.notes, [Note::Contradiction { what, claimed: 20, found: 8 }]);
}

#[test]
fn a_stream_of_another_kind_in_the_same_file_is_left_out() {
    let mut other = Vec::new();
    for _ in 0..10 {
        let mut frame = vec![1; 384];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x94, 0x00]);
        other.extend(frame);
    }
    let song = inspect(&[frames(10), other, frames(4)].concat()).unwrap();
    assert_eq!(song.technical.samples, 14 * 1152);
    assert_eq!(song.notes, [Note::Skipped { offset: 4170, bytes: 3840, places: 1 }]);
}

#[test]
fn free_format_and_what_is_no_audio_are_refused() {
    let mut free = Vec::new();
    for index in 0..10 {
        let mut frame = vec![1; 500 + index % 2];
        frame[..4].copy_from_slice(&[0xff, 0xfb, if index % 2 == 0 { 0x00 } else { 0x02 }, 0x00]);
        free.extend(frame);
    }
    let error = inspect(&free).unwrap_err();
    assert!(matches!(error, MediaError::Unsupported { what: "MPEG audio in free format", .. }), "{error}");
    assert!(matches!(inspect(&vec![0xff; 3000]), Err(MediaError::Unrecognised)));
    assert!(matches!(inspect(&vec![0; 300_000]), Err(MediaError::Unrecognised)));
    assert!(matches!(inspect(&Vec::new()), Err(MediaError::Empty)));
    assert!(matches!(inspect(&b"ID3\x04\0\0\0\0\x0f\0 only a tag".to_vec()), Err(MediaError::Truncated { .. })));
}

//! Real encoders' files: what is found in them, and that every format keeps what all formats promise.

use std::path::PathBuf;
use std::sync::Arc;

use radio_media::conformance::stream;
use radio_media::formats::TABLE;
use radio_media::{Container, Framing, Gapless, Inspected, Inspector, MediaError, Note, Wanted, inspect};

/// Every file that is played.
const PLAYED: &[&str] = &[
    "lame_vbr.mp3",
    "lame_cbr.mp3",
    "mpeg25.mp3",
    "layer2.mp3",
    "vorbis.ogg",
    "opusenc.opus",
    "ffmpeg_mono.opus",
    "flac.flac",
    "flac_24.flac",
    "flac.oga",
    "adts.aac",
    "moov_behind.m4a",
    "moov_before.m4a",
    "fragmented.m4a",
];

fn bytes(name: &str) -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/corpus", name].iter().collect();
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn song(name: &str) -> Arc<Inspected> {
    Arc::new(inspect(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// Codec, frequency, channels, samples of the stream, gapless, mean bit rate.
type Expected = (&'static str, u32, u32, u64, Option<(u32, u32)>, u32);

#[test]
fn what_encoders_wrote_is_found() {
    // Samples as `ffprobe -count_packets`, `opusinfo`, `ogginfo` and `metaflac` count them.
    let expected: &[(&str, Expected)] = &[
        ("lame_vbr.mp3", ("MPEG-1 layer III", 44_100, 2, 28 * 1152, Some((1105, 281)), 69)),
        ("lame_cbr.mp3", ("MPEG-1 layer III", 32_000, 2, 21 * 1152, Some((1105, 687)), 96)),
        ("mpeg25.mp3", ("MPEG-2.5 layer III", 11_025, 1, 16 * 576, None, 16)),
        ("layer2.mp3", ("MPEG-1 layer II", 44_100, 2, 10 * 1152, None, 96)),
        ("vorbis.ogg", ("Vorbis", 44_100, 2, 30_870, None, 24)),
        ("opusenc.opus", ("Opus", 48_000, 2, 33_600, None, 70)),
        ("ffmpeg_mono.opus", ("Opus", 48_000, 1, 33_600, None, 34)),
        ("flac.flac", ("FLAC", 44_100, 2, 11_025, None, 247)),
        ("flac_24.flac", ("FLAC", 48_000, 1, 12_000, None, 179)),
        ("flac.oga", ("FLAC", 44_100, 2, 11_025, None, 247)),
        ("adts.aac", ("AAC-LC", 44_100, 2, 32 * 1024, None, 60)),
        ("moov_behind.m4a", ("AAC-LC", 44_100, 2, 32 * 1024, Some((1024, 874)), 60)),
        ("moov_before.m4a", ("AAC-LC", 44_100, 2, 32 * 1024, Some((1024, 874)), 60)),
    ];
    for (name, expected) in expected {
        let song = song(name);
        let found = &song.technical;
        let gapless = found.gapless.map(|Gapless { delay, padding }| (delay, padding));
        let found = (found.codec, found.frequency_hz, found.channels, found.samples, gapless, found.bitrate_kbit());
        assert_eq!(found, *expected, "{name}");
        assert_eq!(song.notes, [], "{name}");
    }
}

#[test]
fn tags_of_every_kind_are_read() {
    for name in ["lame_vbr.mp3", "vorbis.ogg"] {
        let song = song(name);
        let tags = &song.tags;
        let texts = [&tags.title, &tags.artist, &tags.album, &tags.genre];
        assert_eq!(texts, ["Tone", "Sine", "Waves", "Ambient"], "{name}");
        assert_eq!((tags.year, tags.track), (Some(2026), Some(3)), "{name}");
    }
    let mp3 = song("lame_vbr.mp3");
    assert_eq!(mp3.lyrics.as_deref(), Some("la la\nla"));
    assert_eq!(mp3.loudness.track_gain.unwrap().hundredths(), -620, "the tag, not LAME's guess");
    assert_eq!((mp3.pictures.len(), mp3.pictures[0].media_type.as_str()), (1, "image/png"));
    assert!(mp3.pictures[0].data.starts_with(b"\x89PNG"));
    let opus = song("opusenc.opus");
    assert_eq!(opus.loudness.track_gain.unwrap().hundredths(), 300, "-2 dB towards -23 LUFS");
    assert_eq!((opus.tags.title.as_str(), opus.lyrics.as_deref()), ("Tone", Some("la la")));
    let flac = song("flac.flac");
    assert_eq!((flac.tags.artist.as_str(), flac.loudness.track_peak), ("Sine", Some(0.298)));
    assert_eq!(flac.pictures.len(), 1);
    assert_eq!(song("moov_behind.m4a").tags.artist, "Sine");
    assert_eq!(song("flac.oga").tags.title, "Tone");
    let without = Inspector::new(Wanted::STREAM).inspect(&bytes("flac.flac")).unwrap();
    assert_eq!((without.pictures.len(), without.tags.title.as_str()), (0, "Tone"));
}

#[test]
fn tags_that_were_added_later_are_read_and_change_nothing_else() {
    let id3v2 = b"ID3\x03\0\0\0\0\0\x14TIT2\0\0\0\x04\0\0\0New\0\0\0\0\0\0".as_slice();
    let mut id3v1 = b"TAGOld".to_vec();
    id3v1.resize(128, 0);
    for (name, parts, title) in [
        ("lame_cbr.mp3", [&b""[..], &id3v1], "Old"),
        ("lame_cbr.mp3", [id3v2, &id3v1], "New"),
        ("adts.aac", [id3v2, b""], "New"),
        ("adts.aac", [b"", &id3v1], "Old"),
        ("flac.flac", [id3v2, b""], "Tone"),
    ] {
        let tagged = inspect(&[parts[0], &bytes(name), parts[1]].concat()).unwrap();
        let plain = song(name);
        assert_eq!(tagged.tags.title, title, "{name}");
        assert_eq!((tagged.content_hash, &tagged.technical), (plain.content_hash, &plain.technical), "{name}");
        assert_eq!(tagged.notes, [], "{name}");
    }
}

#[test]
fn chunks_follow_each_other_and_play_for_as_long_as_they_should() {
    for name in PLAYED {
        let song = song(name);
        let mut start = 0;
        for (index, chunk) in song.chunks.iter().enumerate() {
            assert_eq!(chunk.start, start, "{name}, chunk {index}");
            start += u64::from(chunk.samples);
            let milliseconds = u64::from(chunk.samples) * 1000 / u64::from(song.chunks.sample_rate());
            let is_last = index + 1 == song.chunks.len();
            assert!(milliseconds <= 250, "{name}, chunk {index}: {milliseconds} ms");
            assert!(milliseconds >= 85 || is_last, "{name}, chunk {index}: {milliseconds} ms");
            assert!(chunk.range().end <= bytes(name).len() as u64);
            assert_eq!(song.chunks.at_sample(chunk.start), index, "{name}");
        }
        assert_eq!(song.chunks.samples(), song.technical.samples, "{name}");
    }
}

#[test]
fn the_stream_has_the_payload_of_the_file_and_plays_as_long() {
    for name in PLAYED {
        let (file, song) = (bytes(name), song(name));
        let sent = stream(&file, &song, 0);
        let received = inspect(&sent).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(received.content_hash, song.content_hash, "{name}");
        assert_eq!(received.technical.samples, song.technical.samples, "{name}");
        assert_eq!(received.technical.payload_bytes, song.technical.payload_bytes, "{name}");
        assert_eq!(received.format.container, song.format.container, "{name}");
        assert_eq!(received.notes, [], "{name}");
        if song.format.container == Container::Ogg {
            assert_eq!(received.tags, song.tags, "{name}: what is known is told to listeners");
        }
    }
}

#[test]
fn frames_that_stand_in_the_file_as_they_are_sent_are_not_touched() {
    for name in ["lame_cbr.mp3", "mpeg25.mp3", "layer2.mp3", "adts.aac"] {
        let (file, song) = (bytes(name), song(name));
        let first = usize::try_from(song.chunks.chunk(0).offset).unwrap();
        let sent = stream(&file, &song, 0);
        assert!(file[first..].starts_with(&sent), "{name}");
    }
}

#[test]
fn playing_that_begins_within_a_song_gives_the_rest_of_it_and_sane_times() {
    for name in PLAYED {
        let (file, song) = (bytes(name), song(name));
        for first in 1..song.chunks.len() {
            let sent = stream(&file, &song, first);
            let received = inspect(&sent).unwrap_or_else(|error| panic!("{name} from {first}: {error}"));
            assert_eq!(received.notes, [], "{name} from {first}");
            let rest = song.technical.samples - song.chunks.chunk(first).start;
            // A decoder of Vorbis gets nothing out of the first packet that it sees, and one of Opus leaves its pre-skip out.
            let lost = rest.saturating_sub(received.technical.samples);
            assert!(lost <= 2048 && received.technical.samples <= rest, "{name} from {first}: {lost} of {rest}");
            if !matches!(song.format.name, "ogg" | "opus") {
                assert_eq!(lost, 0, "{name} from {first}");
            }
        }
    }
}

/// A page: flags, granule position, serial number, page number, body.
type Page = (u8, u64, u32, u32, Vec<u8>);

fn pages(bytes: &[u8]) -> Vec<Page> {
    let mut rest = bytes;
    let mut pages = Vec::new();
    while !rest.is_empty() {
        let segments = usize::from(rest[26]);
        let body: usize = rest[27..27 + segments].iter().map(|segment| usize::from(*segment)).sum();
        let (page, behind) = rest.split_at(27 + segments + body);
        let number = |place: usize| u32::from_le_bytes(*page[place..].first_chunk().expect("a page has 27 bytes"));
        let granule = u64::from(number(6)) | u64::from(number(10)) << 32;
        pages.push((page[5], granule, number(14), number(18), page[27 + segments..].to_vec()));
        rest = behind;
    }
    pages
}

#[test]
fn pages_are_numbered_and_say_the_time_since_playing_began() {
    for (name, header_pages) in [("vorbis.ogg", 3), ("opusenc.opus", 2), ("flac.flac", 2)] {
        let (file, song) = (bytes(name), song(name));
        for first in 0..song.chunks.len() {
            let pages = pages(&stream(&file, &song, first));
            let head = &pages[0].4;
            let pre_skip = if name == "opusenc.opus" { u64::from(u16::from_le_bytes([head[10], head[11]])) } else { 0 };
            assert!(name != "opusenc.opus" || pre_skip == 312);
            assert_eq!(pages.len(), header_pages + song.chunks.len() - first, "{name}: a page for each chunk");
            for (index, (flags, granule, serial, number, _)) in pages.iter().enumerate() {
                assert_eq!((*serial, *number as usize), (1, index), "{name}");
                let is_last = index + 1 == pages.len();
                assert_eq!(
                    *flags,
                    if index == 0 {
                        2
                    } else if is_last {
                        4
                    } else {
                        0
                    },
                    "{name}, page {index}"
                );
                let expected = index.checked_sub(header_pages).map_or(0, |index| {
                    let chunk = song.chunks.chunk(first + index);
                    pre_skip + chunk.start + u64::from(chunk.samples) - song.chunks.chunk(first).start
                });
                assert_eq!(*granule, expected, "{name} from {first}, page {index}");
            }
        }
    }
}

#[test]
fn a_song_that_is_broken_off_ends_its_stream() {
    for name in ["vorbis.ogg", "opusenc.opus", "flac.flac"] {
        let (file, song) = (bytes(name), song(name));
        let mut framing = Framing::new(Arc::clone(&song), 5, 0);
        let mut sent = framing.header().to_vec();
        let mut raw = Vec::new();
        song.chunks.chunk(0).read(&file, &mut raw).unwrap();
        framing.frame(0, &raw, &mut sent);
        framing.finish(&mut sent);
        let length = sent.len();
        framing.finish(&mut sent);
        assert_eq!(sent.len(), length, "a second end is none");
        let received = inspect(&sent).unwrap();
        assert_eq!(received.technical.samples, song.chunks.chunk(0).samples.into(), "{name}");
        let of_flac = |note: &Note| matches!(note, Note::Contradiction { .. }) && name == "flac.flac";
        assert!(received.notes.iter().all(of_flac), "{name}: {:?}", received.notes);
    }
}

#[test]
fn identity_does_not_depend_on_containers_and_tags() {
    assert_eq!(song("moov_behind.m4a").content_hash, song("moov_before.m4a").content_hash);
    assert_eq!(song("flac.flac").content_hash, song("flac.oga").content_hash);
    assert_eq!(song("moov_behind.m4a").content_hash, song("adts.aac").content_hash);
    let hashes: std::collections::HashSet<_> = PLAYED.iter().map(|name| song(name).content_hash).collect();
    assert_eq!(hashes.len(), PLAYED.len() - 3, "all others differ");
}

#[test]
fn what_is_not_played_is_refused_by_its_name() {
    let refusal = |bytes: &[u8]| inspect(&bytes).unwrap_err();
    let error = refusal(&bytes("alac.m4a"));
    assert!(matches!(error, MediaError::Unsupported { what: "Apple Lossless (ALAC)", .. }), "{error}");
    let ogg = bytes("vorbis.ogg");
    let error = refusal(&[&ogg[..], &ogg].concat());
    assert!(matches!(error, MediaError::Unsupported { what: "a chained Ogg file", .. }), "{error}");
}

#[test]
fn streams_beside_the_audio_are_left_out() {
    // The pages of another stream, each after one of Vorbis: first pages come first.
    let (vorbis, opus) = (bytes("vorbis.ogg"), bytes("opusenc.opus"));
    let pages = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let mut starts: Vec<_> = memchr::memmem::find_iter(bytes, b"OggS").collect();
        starts.push(bytes.len());
        starts.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
    };
    let (vorbis, opus) = (pages(&vorbis), pages(&opus));
    let mut mixed = Vec::new();
    for index in 0..vorbis.len().max(opus.len()) {
        mixed.extend(vorbis.get(index).into_iter().chain(opus.get(index)).flatten());
    }
    let found = inspect(&mixed).unwrap();
    assert_eq!(found.content_hash, song("vorbis.ogg").content_hash);
    assert!(matches!(found.notes[..], [Note::Ignored { what: "another Ogg stream", .. }]), "{:?}", found.notes);
}

#[test]
fn every_format_has_a_file_here() {
    for format in TABLE {
        assert!(PLAYED.iter().any(|name| song(name).format == *format), "{}", format.name);
    }
}

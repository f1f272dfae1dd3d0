//! MP4 files that are put together box by box: the forms that the encoders at hand do not write.

use std::sync::Arc;

use crate::conformance;
use crate::error::{MediaError, Note};
use crate::formats::aac::AdtsHeader;
use crate::formats::frame_stream::FrameHeader;
use crate::inspect::{Gapless, Inspected, inspect};

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes()[..], kind, content].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// `esds` with this AudioSpecificConfig.
fn esds(configuration: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
    let specific = [&[5, length(configuration)], configuration].concat();
    let decoder = [&[0x40, 0x15][..], &[0; 11], &specific].concat();
    let decoder = [&[4, 0x80, 0x80, length(&decoder)], &decoder[..]].concat();
    let stream = [&[0, 1, 0][..], &decoder, &[6, 1, 2]].concat();
    boxed(b"esds", &[&[0, 0, 0, 0, 3, length(&stream)], &stream[..]].concat())
}

/// What a file is made of.
struct Recipe {
    configuration: Vec<u8>,
    sizes: Vec<u8>,
    sizes_kind: &'static [u8; 4],
    has_long_offsets: bool,
    is_quick_time: bool,
    time_scale: u32,
    edit: Option<(u32, u32)>,
    remark: Option<&'static str>,
}

/// Sizes of the frames: two chunks of two, one of one, with other data between them.
const FRAMES: [u32; 5] = [100, 7, 200, 33, 150];
const BETWEEN: usize = 50;

impl Default for Recipe {
    fn default() -> Self {
        Self {
            configuration: vec![0x12, 0x10],
            sizes: numbers(&[0, 0, 5, 100, 7, 200, 33, 150]),
            sizes_kind: b"stsz",
            has_long_offsets: false,
            is_quick_time: false,
            time_scale: 44_100,
            edit: None,
            remark: None,
        }
    }
}

impl Recipe {
    /// The frames, the first byte of each its number.
    fn frames() -> Vec<Vec<u8>> {
        (1..).zip(FRAMES).map(|(number, size)| [&[number][..], &vec![7; size as usize - 1]].concat()).collect()
    }

    fn file(&self) -> Vec<u8> {
        let start = boxed(b"ftyp", b"M4A \0\0\0\0");
        let frames = Self::frames();
        let mut data = Vec::new();
        let mut offsets = Vec::new();
        for chunk in [0..2, 2..4, 4..5_usize] {
            offsets.push(u32::try_from(start.len() + 8 + data.len()).unwrap());
            frames[chunk].iter().for_each(|frame| data.extend(frame));
            data.extend([0xee; BETWEEN]);
        }
        [start, boxed(b"mdat", &data), self.movie(&offsets)].concat()
    }

    fn movie(&self, offsets: &[u32]) -> Vec<u8> {
        let descriptor = esds(&self.configuration);
        let (version, extra) = if self.is_quick_time { (1, 16) } else { (0, 0) };
        let entry = [&[0, 0, 0, 0, 0, 0, 0, 1, 0, version][..], &[0; 18], &vec![0; extra]].concat();
        let descriptor = if self.is_quick_time { boxed(b"wave", &descriptor) } else { descriptor };
        let entry = boxed(b"mp4a", &[entry, descriptor].concat());
        let offsets = if self.has_long_offsets {
            let offsets: Vec<u8> = offsets.iter().flat_map(|offset| u64::from(*offset).to_be_bytes()).collect();
            boxed(b"co64", &[numbers(&[0, 3]), offsets].concat())
        } else {
            boxed(b"stco", &[numbers(&[0, 3]), numbers(offsets)].concat())
        };
        let table = [
            boxed(b"stsd", &[numbers(&[0, 1]), entry].concat()),
            boxed(b"stsc", &numbers(&[0, 2, 1, 2, 1, 3, 1, 1])),
            boxed(self.sizes_kind, &self.sizes),
            offsets,
        ];
        let media = [
            boxed(b"mdhd", &numbers(&[0, 0, 0, self.time_scale, 0, 0])),
            boxed(b"hdlr", &[&numbers(&[0, 0])[..], b"soun", &[0; 12]].concat()),
            boxed(b"minf", &boxed(b"stbl", &table.concat())),
        ];
        let edits = self.edit.map_or_else(Vec::new, |(duration, begin)| {
            boxed(b"edts", &boxed(b"elst", &numbers(&[0, 1, duration, begin, 0x10000])))
        });
        let track = [boxed(b"tkhd", &numbers(&[0, 0, 0, 1])), edits, boxed(b"mdia", &media.concat())].concat();
        let remark = self.remark.map_or_else(Vec::new, |text| {
            let item = [
                boxed(b"mean", b"\0\0\0\0com.apple.iTunes"),
                boxed(b"name", b"\0\0\0\0iTunSMPB"),
                boxed(b"data", &[&numbers(&[1, 0])[..], text.as_bytes()].concat()),
            ];
            let list = boxed(b"ilst", &boxed(b"----", &item.concat()));
            boxed(b"udta", &boxed(b"meta", &[&[0; 4][..], &list].concat()))
        });
        let text_track = boxed(b"trak", &boxed(b"mdia", &boxed(b"hdlr", &[&numbers(&[0, 0])[..], b"text"].concat())));
        let header = boxed(b"mvhd", &numbers(&[0, 0, 0, 1000]));
        boxed(b"moov", &[header, text_track, boxed(b"trak", &track), remark].concat())
    }
}

/// The frames that listeners get.
fn received(file: &[u8], song: &Arc<Inspected>) -> Vec<Vec<u8>> {
    let stream = conformance::stream(&file, song, 0);
    let mut rest = &stream[..];
    let mut frames = Vec::new();
    while let Some(header) = AdtsHeader::parse(rest) {
        let (frame, behind) = rest.split_at(header.frame_bytes().unwrap());
        frames.push(frame[7..].to_vec());
        rest = behind;
    }
    assert_eq!(rest, b"");
    frames
}

#[test]
fn frames_are_found_whatever_the_form_of_the_tables() {
    let sixteen_bits =
        Recipe { sizes_kind: b"stz2", sizes: numbers(&[0, 16, 5, 100 << 16 | 7, 200 << 16 | 33]), ..Recipe::default() };
    let with_sixteen = Recipe { sizes: [sixteen_bits.sizes, vec![0, 150]].concat(), ..sixteen_bits };
    let bytes = Recipe {
        sizes_kind: b"stz2",
        sizes: [numbers(&[0, 8, 5]), vec![100, 7, 200, 33, 150]].concat(),
        ..Recipe::default()
    };
    for recipe in [
        Recipe::default(),
        Recipe { has_long_offsets: true, ..Recipe::default() },
        Recipe { is_quick_time: true, ..Recipe::default() },
        with_sixteen,
        bytes,
    ] {
        let file = recipe.file();
        let song = conformance::check(&file).unwrap();
        assert_eq!(received(&file, &song), Recipe::frames());
        assert_eq!((song.technical.samples, song.technical.codec), (5 * 1024, "AAC-LC"));
        assert_eq!(song.technical.gapless, None);
    }
}

#[test]
fn what_the_encoder_added_is_told() {
    let gapless = |recipe: Recipe| inspect(&recipe.file()).unwrap().technical.gapless;
    let remark = " 00000000 00000840 000001CA 0000000000000D36 00000000 00000000";
    assert_eq!(
        gapless(Recipe { remark: Some(remark), edit: Some((1, 2)), ..Recipe::default() }),
        Some(Gapless { delay: 0x840, padding: 0x1ca }),
        "iTunes' remark comes first"
    );
    // 80 ms of 44.1 kHz are 3528 samples; 5120 - 1024 - 3528 remain.
    let edited = Recipe { edit: Some((80, 1024)), ..Recipe::default() };
    assert_eq!(gapless(edited), Some(Gapless { delay: 1024, padding: 568 }));
    let half = Recipe { edit: Some((80, 512)), time_scale: 22_050, ..Recipe::default() };
    assert_eq!(gapless(half), Some(Gapless { delay: 1024, padding: 568 }), "in units of the track");
    assert_eq!(gapless(Recipe { remark: Some("rubbish"), ..Recipe::default() }), None);
}

#[test]
fn sbr_is_heard_at_twice_the_rate_and_counted_at_the_cores() {
    let song = inspect(&Recipe { configuration: vec![0x2b, 0x92, 0x08, 0x00], ..Recipe::default() }.file()).unwrap();
    let technical = &song.technical;
    assert_eq!((technical.codec, technical.frequency_hz, technical.sample_rate), ("HE-AAC", 44_100, 22_050));
    assert_eq!(technical.duration_ms(), 5 * 1024 * 1000 / 22_050);
    let usac = Recipe { configuration: vec![0xf9, 0x48, 0x42], ..Recipe::default() };
    assert!(matches!(inspect(&usac.file()), Err(MediaError::Unsupported { what: "xHE-AAC (USAC)", .. })));
}

#[test]
fn frames_that_cannot_be_sent_are_left_out_and_noted() {
    let sizes =
        |frames: [u32; 5]| Recipe { sizes: [numbers(&[0, 0, 5]), numbers(&frames)].concat(), ..Recipe::default() };
    let song = inspect(&sizes([100, 7, 9000, 33, 150]).file()).unwrap();
    assert!(matches!(song.notes[..], [Note::Truncated { .. }]), "{:?}", song.notes);
    assert_eq!(song.technical.samples, 2 * 1024);
    let empty = inspect(&sizes([100, 0, 200, 33, 150]).file()).unwrap();
    assert!(matches!(empty.notes[..], [Note::Ignored { .. }]), "{:?}", empty.notes);
    assert_eq!(empty.technical.samples, 4 * 1024);
}

#[test]
fn frames_that_are_named_again_and_again_are_refused() {
    let mut file = Recipe::default().file();
    let offsets = memchr::memmem::rfind(&file, b"stco").unwrap() + 8;
    let first: [u8; 4] = *file[offsets + 4..].first_chunk().unwrap();
    file[offsets + 8..offsets + 12].copy_from_slice(&first);
    file[offsets + 12..offsets + 16].copy_from_slice(&first);
    assert!(inspect(&file).is_ok(), "no longer than the file: not worth a word");
    let sizes = memchr::memmem::rfind(&file, b"stsz").unwrap() + 16;
    for place in (sizes..sizes + 20).step_by(4) {
        file[place..place + 4].copy_from_slice(&300_u32.to_be_bytes());
    }
    let error = inspect(&file).unwrap_err();
    assert!(matches!(error, MediaError::Malformed { expected: "frames that do not overlap", .. }), "{error}");
}

#[test]
fn fragments_say_where_frames_are_in_several_ways() {
    let movie = Recipe { sizes: numbers(&[0, 0, 0]), ..Recipe::default() }.movie(&[0, 0, 0]);
    let start = [boxed(b"ftyp", b"iso5\0\0\0\0"), movie].concat();
    let frames = Recipe::frames();
    // Two frames with durations and sizes at a distance from the box, one behind them of the default size.
    let fragment = |distance: u32| {
        let header = boxed(b"tfhd", &numbers(&[0x02_0018, 1, 1024, FRAMES[2]]));
        let first = boxed(b"trun", &numbers(&[0x301, 2, distance, 1024, FRAMES[0], 1024, FRAMES[1]]));
        let second = boxed(b"trun", &numbers(&[0, 1]));
        let other = boxed(b"traf", &boxed(b"tfhd", &numbers(&[0, 9])));
        boxed(b"moof", &[other, boxed(b"traf", &[header, first, second].concat())].concat())
    };
    let distance = u32::try_from(fragment(0).len()).unwrap() + 8;
    let data = boxed(b"mdat", &frames[..3].concat());
    // One more, from a place in the file.
    let before = [start, fragment(distance), data].concat();
    let place = |length: usize| u32::try_from(before.len() + length + 8).unwrap();
    let absolute = |length: usize| {
        let header = boxed(b"tfhd", &numbers(&[0x01, 1, 0, place(length)]));
        let run = boxed(b"trun", &numbers(&[0x204, 2, 0, FRAMES[3], FRAMES[4]]));
        boxed(b"moof", &boxed(b"traf", &[header, run].concat()))
    };
    let last = absolute(absolute(0).len());
    let file = [before.clone(), last, boxed(b"mdat", &frames[3..].concat())].concat();
    let song = conformance::check(&file).unwrap();
    assert_eq!(received(&file, &song), frames);
    assert_eq!(song.notes, []);
}

#[test]
fn a_run_that_claims_more_frames_than_the_file_has_bytes_ends_there() {
    let movie = Recipe { sizes: numbers(&[0, 0, 0]), ..Recipe::default() }.movie(&[0, 0, 0]);
    let header = boxed(b"tfhd", &numbers(&[0x10, 1, 100]));
    let run = boxed(b"trun", &numbers(&[0, u32::MAX]));
    let fragment = boxed(b"moof", &boxed(b"traf", &[header, run].concat()));
    let file = [boxed(b"ftyp", b"iso5\0\0\0\0"), movie, fragment, vec![0; 200]].concat();
    let song = conformance::check(&file).unwrap();
    assert_eq!(song.technical.samples, 2 * 1024, "two frames of 100 bytes");
    assert!(matches!(song.notes[..], [Note::Truncated { .. }, ..]), "{:?}", song.notes);
}

#[test]
fn a_cut_movie_box_plays_everything_or_nothing() {
    let file = Recipe { remark: Some(" 0 1 2"), edit: Some((80, 0)), ..Recipe::default() }.file();
    let whole = inspect(&file).unwrap();
    assert_eq!(whole.technical.samples, 5 * 1024);
    for length in file.len() - 500..file.len() {
        match inspect(&&file[..length]) {
            Ok(cut) => assert_eq!(cut.content_hash, whole.content_hash, "{length}"),
            Err(error) => assert!(!error.is_transient(), "{length}: {error}"),
        }
    }
}

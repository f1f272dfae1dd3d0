//! Broken, cut and hostile files: each is played as far as it goes, or refused with a reason; never more than that.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use radio_media::{MediaError, Note, ReadAt, conformance, inspect};

const FILES: &[&str] = &[
    "lame_vbr.mp3",
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
    "alac.m4a",
];

fn bytes(name: &str) -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/corpus", name].iter().collect();
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Random numbers from `SEED`, or from a seed that is printed.
struct Random(u64);

impl Random {
    #[expect(clippy::print_stderr, reason = "whoever looks at a failure needs the seed")]
    fn new() -> Self {
        let given = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("SEED={seed}");
        Self(seed | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("it is below a usize")
    }
}

/// Damages bytes in one of several ways.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let place = random.below(bytes.len());
    match random.below(6) {
        0 => bytes[place] ^= 1 << random.below(8),
        1 => bytes[place] = [0, 0xff, 0x7f, 0x80, 1][random.below(5)],
        2 => {
            let end = bytes.len().min(place + random.below(64));
            bytes.drain(place..end);
        }
        3 => {
            let rubbish: Vec<_> = (0..random.below(64)).map(|_| random.below(256).to_le_bytes()[0]).collect();
            bytes.splice(place..place, rubbish);
        }
        4 => {
            let from = random.below(bytes.len());
            let piece = bytes[from..bytes.len().min(from + random.below(2000))].to_vec();
            bytes.splice(place..place, piece);
        }
        _ => {
            let end = bytes.len().min(place + 4);
            bytes[place..end].fill(0xff);
        }
    }
    if bytes.is_empty() {
        bytes.push(0);
    }
}

#[test]
fn random_damage_is_survived() {
    let mut random = Random::new();
    for name in FILES {
        let original = bytes(name);
        for _ in 0..25 {
            let mut file = original.clone();
            for _ in 0..=random.below(4) {
                damage(&mut file, &mut random);
            }
            let _ = conformance::check(&file);
        }
    }
}

#[test]
fn a_file_may_be_cut_anywhere() {
    for name in FILES {
        let file = bytes(name);
        let whole = inspect(&file).map(|song| song.technical.samples).unwrap_or(0);
        for length in (0..file.len()).step_by(97) {
            match conformance::check(&&file[..length]) {
                Ok(song) => assert!(song.technical.samples <= whole, "{name} cut to {length}"),
                Err(MediaError::Read { .. }) => panic!("{name} cut to {length}: nothing failed to be read"),
                Err(_) => {}
            }
        }
    }
}

/// Gives out a few bytes at a time, and interrupts now and then.
struct Stuttering<'a>(&'a [u8], Cell<u64>);

impl ReadAt for Stuttering<'_> {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let turn = self.1.get();
        self.1.set(turn + 1);
        if turn.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = buffer.len().min(1 + usize::from((turn % 7).to_le_bytes()[0]) * 300);
        self.0.read_at(offset, &mut buffer[..count])
    }
}

#[test]
fn how_a_source_gives_out_its_bytes_makes_no_difference() {
    for name in FILES {
        let file = bytes(name);
        let stuttering = Stuttering(&file, Cell::new(0));
        match (inspect(&file), inspect(&stuttering)) {
            (Ok(one), Ok(other)) => assert_eq!(one, other, "{name}"),
            (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string(), "{name}"),
            (one, other) => panic!("{name}: {one:?}, {other:?}"),
        }
    }
}

#[test]
fn a_source_that_fails_is_not_the_files_fault() {
    struct Failing;
    impl ReadAt for Failing {
        fn length(&self) -> io::Result<u64> {
            Ok(1 << 20)
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is broken"))
        }
    }
    let error = inspect(&Failing).unwrap_err();
    assert!(error.is_transient() && matches!(error, MediaError::Read { offset: 0, .. }), "{error}");
}

/// A file of which only pieces are there; the rest is zero.
struct Sparse(Vec<(u64, Vec<u8>)>, u64, Cell<u64>);

impl ReadAt for Sparse {
    fn length(&self) -> io::Result<u64> {
        Ok(self.1)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.1.saturating_sub(offset)).unwrap_or(usize::MAX));
        buffer[..count].fill(0);
        for (start, bytes) in &self.0 {
            for (index, byte) in bytes.iter().enumerate() {
                let place = (start + index as u64).checked_sub(offset).and_then(|place| usize::try_from(place).ok());
                if let Some(slot) = place.and_then(|place| buffer[..count].get_mut(place)) {
                    *slot = *byte;
                }
            }
        }
        self.2.set(self.2.get() + count as u64);
        Ok(count)
    }
}

#[test]
fn a_tag_of_100_megabytes_is_stepped_over_and_told() {
    let audio = bytes("lame_cbr.mp3");
    let size: u32 = 100 << 20;
    let synchsafe = [21, 14, 7, 0].map(|shift| u8::try_from(size >> shift & 0x7f).unwrap());
    let mut head = [&b"ID3\x03\0\0"[..], &synchsafe].concat();
    // One frame that claims nearly all of it.
    head.extend(b"APIC");
    head.extend((size - 10).to_be_bytes());
    head.extend([0, 0]);
    let start = u64::from(size) + 10;
    let file = Sparse(vec![(0, head), (start, audio.clone())], start + audio.len() as u64, Cell::new(0));
    let song = inspect(&file).unwrap();
    assert_eq!(song.content_hash, inspect(&audio).unwrap().content_hash);
    assert!(song.notes.iter().any(|note| matches!(note, Note::Tags { .. })), "{:?}", song.notes);
    assert!(file.2.get() < 200 << 20, "{} bytes were read", file.2.get());
}

#[test]
fn a_large_file_of_nothing_is_refused_after_a_look_at_its_beginning() {
    let file = Sparse(Vec::new(), 1 << 40, Cell::new(0));
    assert!(matches!(inspect(&file), Err(MediaError::Unrecognised)));
    assert!(file.2.get() < 1 << 20);
    for signature in [&b"OggS"[..], b"fLaC", b"\0\0\0\x08ftyp"] {
        let file = Sparse(vec![(0, signature.to_vec())], 1 << 30, Cell::new(0));
        assert!(inspect(&file).is_err());
        assert!(file.2.get() < 4 << 20, "{signature:?}: {} bytes were read", file.2.get());
    }
}

#[test]
fn claims_of_mp4_are_held_against_limits() {
    let file = bytes("moov_behind.m4a");
    let find = |kind: &[u8]| memchr::memmem::rfind(&file, kind).unwrap();
    let with = |place: usize, value: u32| {
        let mut changed = file.clone();
        changed[place..place + 4].copy_from_slice(&value.to_be_bytes());
        inspect(&changed)
    };
    let sizes = find(b"stsz");
    assert!(matches!(with(sizes + 12, u32::MAX), Err(MediaError::TooLarge { unit: "samples", .. })));
    assert!(matches!(with(sizes + 12, 1 << 20), Err(MediaError::Malformed { .. })), "more than the box has");
    assert!(matches!(with(find(b"stco") + 8, 1 << 30), Err(MediaError::Malformed { .. })));
    assert!(matches!(with(find(b"stsc") + 16, 0), Err(MediaError::Malformed { .. })), "no samples in a chunk");
    let beyond = with(find(b"stco") + 12, u32::MAX);
    assert!(matches!(beyond, Err(MediaError::NoFrames { .. })), "{beyond:?}");
    let movie = find(b"moov") - 4;
    let mut large = file[..movie].to_vec();
    large.extend(b"\0\0\0\x01moov\0\0\0\0\x7f\xff\xff\xff");
    let error = inspect(&Sparse(vec![(0, large)], 1 << 32, Cell::new(0))).unwrap_err();
    assert!(matches!(error, MediaError::TooLarge { what: "the moov box", .. }), "{error}");
}

#[test]
fn flac_that_is_made_to_be_slow_is_given_up() {
    // Headers with right checksums one behind the other, and no frame that ends.
    let original = bytes("flac.flac");
    let frame = memchr::memmem::find(&original, b"\xff\xf8").unwrap();
    let mut file = original[..frame].to_vec();
    for _ in 0..9_000 {
        file.extend_from_slice(&original[frame..frame + 6]);
        file.push(0x55);
    }
    let error = inspect(&file).unwrap_err();
    assert!(matches!(error, MediaError::Malformed { .. }), "{error}");
}

#[test]
fn damage_in_the_midst_costs_what_it_hits() {
    for name in ["vorbis.ogg", "opusenc.opus", "flac_24.flac", "flac.oga", "lame_vbr.mp3", "adts.aac"] {
        // Pages of encoders may have all of a short song; ours have a chunk.
        let original = bytes(name);
        let song = Arc::new(inspect(&original).unwrap());
        let mut file = conformance::stream(&original, &song, 0);
        let place = file.len() * 7 / 8;
        file[place..place + 20].fill(0xaa);
        let damaged = conformance::check(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let lost = song.technical.samples - damaged.technical.samples;
        assert!(lost > 0 || matches!(name, "lame_vbr.mp3" | "adts.aac"), "{name}: who has checksums finds damage");
        let chunk = song.chunks.chunk(0).samples.max(song.chunks.chunk(1).samples);
        assert!(lost <= 2 * u64::from(chunk), "{name}: {lost} samples of chunks of {chunk}");
    }
}

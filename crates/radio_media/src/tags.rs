//! What a file says about itself: tags, pictures, lyrics, loudness.
//!
//! Reading is lofty's; this module bounds what it reads, and says what is taken where several tags disagree: the first that has
//! a field, in the order in which the format prefers them. Broken tags do not keep a file from being played.

use std::fmt;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use lofty::config::{GlobalOptions, ParseOptions, ParsingMode, apply_global_options};
use lofty::file::{FileType, TaggedFile, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::{ItemKey, Tag};

use crate::error::Note;
use crate::formats::Scan;
use crate::limits::{
    OTHER_TAGS_MAX, PICTURE_BYTES_MAX, PICTURES_MAX, TAG_ALLOCATION_BYTES_MAX, TAG_BYTES_MAX, TEXT_BYTES_MAX,
};
use crate::source::ReadAt;

/// What tags say; empty when they do not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Who plays.
    pub artist: String,
    /// Whose album it is, where that is somebody else.
    pub album_artist: String,
    /// What it is called.
    pub title: String,
    /// The album.
    pub album: String,
    /// The year, from the date.
    pub year: Option<i32>,
    /// The date as it stands there.
    pub date: String,
    /// The genre.
    pub genre: String,
    /// The number on the disc.
    pub track: Option<u32>,
    /// The disc.
    pub disc: Option<u32>,
    /// A remark.
    pub comment: String,
    /// All others that MPD knows, and further values of those: name as MPD writes it (`Composer`, `MUSICBRAINZ_TRACKID`) and
    /// value, in the order of names.
    pub others: Vec<(String, String)>,
}

/// Tags that are kept by name, in the order of names.
const OTHERS: &[(&str, ItemKey)] = &[
    ("AlbumArtistSort", ItemKey::AlbumArtistSortOrder),
    ("AlbumSort", ItemKey::AlbumTitleSortOrder),
    ("ArtistSort", ItemKey::TrackArtistSortOrder),
    ("Composer", ItemKey::Composer),
    ("ComposerSort", ItemKey::ComposerSortOrder),
    ("Conductor", ItemKey::Conductor),
    ("Grouping", ItemKey::ContentGroup),
    ("Label", ItemKey::Label),
    ("MUSICBRAINZ_ALBUMARTISTID", ItemKey::MusicBrainzReleaseArtistId),
    ("MUSICBRAINZ_ALBUMID", ItemKey::MusicBrainzReleaseId),
    ("MUSICBRAINZ_ARTISTID", ItemKey::MusicBrainzArtistId),
    ("MUSICBRAINZ_RELEASEGROUPID", ItemKey::MusicBrainzReleaseGroupId),
    ("MUSICBRAINZ_RELEASETRACKID", ItemKey::MusicBrainzTrackId),
    ("MUSICBRAINZ_TRACKID", ItemKey::MusicBrainzRecordingId),
    ("MUSICBRAINZ_WORKID", ItemKey::MusicBrainzWorkId),
    ("Mood", ItemKey::Mood),
    ("Movement", ItemKey::Movement),
    ("MovementNumber", ItemKey::MovementNumber),
    ("OriginalDate", ItemKey::OriginalReleaseDate),
    ("Performer", ItemKey::Performer),
    ("TitleSort", ItemKey::TrackTitleSortOrder),
    ("Work", ItemKey::Work),
];

/// A picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its media type, such as `image/jpeg`; empty if the file does not say it.
    pub media_type: String,
    /// Whether it is the front cover.
    pub is_front_cover: bool,
    /// What it shows.
    pub description: String,
    /// The picture.
    pub data: Vec<u8>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {} bytes", self.media_type, self.data.len())
    }
}

/// By how much to amplify, in hundredths of a decibel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gain(i32);

impl Gain {
    /// So many tenths of a decibel.
    pub(crate) const fn from_tenths(tenths: i32) -> Self {
        Self(tenths.saturating_mul(10))
    }

    /// A gain of R128 (RFC 7845 §5.2.1), in 1/256 dB towards -23 LUFS, as one towards -18 LUFS.
    pub(crate) fn from_r128(gain: i16) -> Self {
        Self((i32::from(gain) * 100 + 128).div_euclid(256) + 500)
    }

    /// The gain in 1/256 dB towards -23 LUFS.
    pub(crate) fn to_r128(self) -> i32 {
        ((self.0 - 500) * 256 + 50).div_euclid(100)
    }

    /// What `-6.20 dB` means, or a number without the unit.
    fn parse(text: &str) -> Option<Self> {
        let number = text.trim().trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).trim();
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
        let whole: i32 = whole.parse().ok().filter(|whole| (0..=200).contains(whole))?;
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits = fraction.bytes().map(|byte| i32::from(byte - b'0')).chain([0, 0]);
        let hundredths = digits.next()? * 10 + digits.next()?;
        Some(Self(sign * (whole * 100 + hundredths)))
    }

    /// In hundredths of a decibel.
    #[must_use]
    pub const fn hundredths(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Gain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let size = self.0.unsigned_abs();
        write!(formatter, "{sign}{}.{:02} dB", size / 100, size % 100)
    }
}

/// How loud a song is. Gains lead to -18 LUFS, as ReplayGain 2 has them; peaks are parts of full scale.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Loudness {
    /// For the song by itself.
    pub track_gain: Option<Gain>,
    /// For the song as a part of its album.
    pub album_gain: Option<Gain>,
    /// The song's highest sample.
    pub track_peak: Option<f32>,
    /// The album's highest sample.
    pub album_peak: Option<f32>,
}

/// Everything that was found in tags.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) tags: Tags,
    pub(crate) lyrics: Option<String>,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) loudness: Loudness,
}

/// Where the tags of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TagSource {
    /// Where lofty looks for them.
    File(FileType),
    /// In metadata blocks as FLAC has them: those of Ogg, whose packets are found by us, whatever else is in the file.
    Blocks(Vec<u8>),
}

/// Metadata blocks that say nothing of the stream.
const NO_STREAM: [u8; 4 + 4 + 34] = {
    let mut bytes = [0; 42];
    (bytes[0], bytes[1], bytes[2], bytes[3], bytes[7]) = (b'f', b'L', b'a', b'C', 34);
    bytes
};

impl TagSource {
    /// Vorbis comments as a block.
    pub(crate) fn comments(comments: &[u8]) -> Self {
        let [_, high, middle, low] = u32::try_from(comments.len()).unwrap_or(0).to_be_bytes();
        Self::Blocks([&NO_STREAM[..], &[0x84, high, middle, low], comments].concat())
    }

    /// Whole metadata blocks, of which the last says that it is.
    pub(crate) fn blocks(blocks: &[u8]) -> Self {
        Self::Blocks([&NO_STREAM[..], blocks].concat())
    }
}

/// Reads the tags of a file. What cannot be read is noted.
pub(crate) fn read(source: &dyn ReadAt, scan: &mut Scan<'_>, place: &TagSource, pictures: bool, found: &mut Found) {
    let parse = |pictures| match (place, scan.window.whole()) {
        (TagSource::Blocks(blocks), _) => parse(Cursor::new(blocks), FileType::Flac, pictures),
        (TagSource::File(kind), Some(bytes)) => parse(Cursor::new(bytes), *kind, pictures),
        (TagSource::File(kind), None) => {
            parse(io::BufReader::new(Bounded::new(source, scan.window.length())), *kind, pictures)
        }
    };
    let first = parse(pictures);
    let file = match first {
        Err(problem) if pictures => {
            // A picture that is too large must not cost the title.
            let second = parse(false);
            scan.notes.add(Note::Tags { problem });
            second
        }
        other => other,
    };
    match file {
        Ok(file) => take(file, found),
        Err(problem) => scan.notes.add(Note::Tags { problem }),
    }
}

fn parse<R: Read + Seek>(reader: R, file_type: FileType, pictures: bool) -> Result<TaggedFile, String> {
    // Lofty keeps it for each thread.
    apply_global_options(GlobalOptions::new().allocation_limit(TAG_ALLOCATION_BYTES_MAX));
    let options =
        ParseOptions::new().read_properties(false).read_cover_art(pictures).parsing_mode(ParsingMode::Relaxed);
    Probe::with_file_type(reader, file_type).options(options).read().map_err(|error| chain(&error))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// A source as lofty wants it, which ends in an error when more is read than tags may have.
struct Bounded<'a> {
    source: &'a dyn ReadAt,
    length: u64,
    position: u64,
    left: u64,
}

impl<'a> Bounded<'a> {
    fn new(source: &'a dyn ReadAt, length: u64) -> Self {
        Self { source, length, position: 0, left: TAG_BYTES_MAX }
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("they are longer than is read"));
        }
        let room = usize::try_from(self.left).map_or(buffer.len(), |left| buffer.len().min(left));
        let count = self.source.read_at(self.position, &mut buffer[..room])?;
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

impl Seek for Bounded<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(distance) => self.length.checked_add_signed(distance),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Takes what is known out of all tags of a file.
fn take(mut file: TaggedFile, found: &mut Found) {
    let first = file.primary_tag().map(Tag::tag_type);
    let mut order: Vec<_> = file.tags().iter().map(Tag::tag_type).collect();
    order.sort_by_key(|kind| Some(*kind) != first);
    for kind in order {
        if let Some(tag) = file.remove(kind) {
            take_tag(tag, found);
        }
    }
}

fn take_tag(mut tag: Tag, found: &mut Found) {
    let tags = &mut found.tags;
    for (field, keys) in [
        (&mut tags.artist, &[ItemKey::TrackArtist, ItemKey::TrackArtists][..]),
        (&mut tags.album_artist, &[ItemKey::AlbumArtist, ItemKey::AlbumArtists]),
        (&mut tags.title, &[ItemKey::TrackTitle]),
        (&mut tags.album, &[ItemKey::AlbumTitle]),
        (&mut tags.date, &[ItemKey::RecordingDate, ItemKey::ReleaseDate, ItemKey::Year, ItemKey::OriginalReleaseDate]),
        (&mut tags.genre, &[ItemKey::Genre]),
        (&mut tags.comment, &[ItemKey::Comment, ItemKey::Description]),
    ] {
        if field.is_empty() {
            *field = keys.iter().map(|key| joined(&tag, *key)).find(|text| !text.is_empty()).unwrap_or_default();
        }
    }
    if tags.others.is_empty() {
        tags.others = others(&tag);
    }
    tags.year = tags.year.or_else(|| year(&tags.date));
    tags.track = tags.track.or_else(|| number(&tag, ItemKey::TrackNumber));
    tags.disc = tags.disc.or_else(|| number(&tag, ItemKey::DiscNumber));
    let lyrics = [ItemKey::UnsyncLyrics, ItemKey::Lyrics].map(|key| joined(&tag, key));
    found.lyrics = found.lyrics.take().or_else(|| lyrics.into_iter().find(|text| !text.is_empty()));
    take_loudness(&tag, &mut found.loudness);
    while found.pictures.len() < PICTURES_MAX && tag.picture_count() > 0 {
        take_picture(tag.remove_picture(0), &mut found.pictures);
    }
}

/// The tags that are kept by name.
fn others(tag: &Tag) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, key) in OTHERS {
        for value in tag.get_strings(*key).flat_map(|value| value.split('\0')).map(str::trim) {
            if !value.is_empty() && found.len() < OTHER_TAGS_MAX {
                found.push(((*name).to_owned(), bounded(value)));
            }
        }
    }
    found
}

fn take_picture(picture: lofty::picture::Picture, pictures: &mut Vec<Picture>) {
    if picture.data().is_empty() || picture.data().len() > PICTURE_BYTES_MAX {
        return;
    }
    pictures.push(Picture {
        media_type: picture.mime_type().map_or_else(String::new, |kind| bounded(kind.as_str())),
        is_front_cover: picture.pic_type() == lofty::picture::PictureType::CoverFront,
        description: picture.description().map_or_else(String::new, bounded),
        data: picture.into_data(),
    });
}

fn take_loudness(tag: &Tag, loudness: &mut Loudness) {
    let gain = |key| tag.get_string(key).and_then(Gain::parse);
    let r128 = |key| Some(Gain::from_r128(tag.get_string(key)?.trim().parse().ok()?));
    let peak = |key| tag.get_string(key)?.trim().parse().ok().filter(|peak| (0.0..100.0).contains(peak));
    loudness.track_gain =
        gain(ItemKey::ReplayGainTrackGain).or_else(|| r128(ItemKey::R128TrackGain)).or(loudness.track_gain);
    loudness.album_gain =
        gain(ItemKey::ReplayGainAlbumGain).or_else(|| r128(ItemKey::R128AlbumGain)).or(loudness.album_gain);
    loudness.track_peak = loudness.track_peak.or_else(|| peak(ItemKey::ReplayGainTrackPeak));
    loudness.album_peak = loudness.album_peak.or_else(|| peak(ItemKey::ReplayGainAlbumPeak));
}

/// All values of a key, joined with `; `.
fn joined(tag: &Tag, key: ItemKey) -> String {
    let mut text = String::new();
    for value in tag.get_strings(key) {
        for value in value.split('\0').map(str::trim).filter(|value| !value.is_empty()) {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(&bounded(value));
            if text.len() > TEXT_BYTES_MAX {
                return bounded(&text);
            }
        }
    }
    text
}

/// A text, cut where texts have to end.
fn bounded(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_owned()
}

/// The number of `3`, `03` or `3/12`.
fn number(tag: &Tag, key: ItemKey) -> Option<u32> {
    let text = tag.get_string(key)?;
    text.split('/').next()?.trim().parse().ok()
}

/// The year of a date: the first four digits in a row.
fn year(date: &str) -> Option<i32> {
    let digits = date.as_bytes().windows(4).find(|window| window.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|year| *year > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_read_as_people_write_them() {
        for (text, hundredths) in [
            ("-6.20 dB", Some(-620)),
            ("+3.5 dB", Some(350)),
            ("0.07", Some(7)),
            ("-0.5", Some(-50)),
            ("-11,4dB", Some(-1140)),
            ("12", Some(1200)),
            ("", None),
            ("loud", None),
            ("1e9", None),
            ("999 dB", None),
        ] {
            assert_eq!(Gain::parse(text).map(Gain::hundredths), hundredths, "{text}");
        }
        assert_eq!(Gain::from_r128(-256).hundredths(), 400);
        assert_eq!(Gain::from_tenths(-5).to_string(), "-0.50 dB");
        assert_eq!(Gain::from_r128(0).to_string(), "+5.00 dB");
    }

    #[test]
    fn the_year_is_found_in_a_date() {
        let found = ["1959", "1959-08-17", "17.08.1959", "59", "", "0000"].map(year);
        assert_eq!(found, [Some(1959), Some(1959), Some(1959), None, None, None]);
    }

    #[test]
    fn texts_are_cut_between_letters() {
        let text = "ä".repeat(TEXT_BYTES_MAX);
        assert_eq!(bounded(&text).len(), TEXT_BYTES_MAX);
        assert_eq!(bounded(&format!("x{text}")).len(), TEXT_BYTES_MAX - 1);
    }

    #[test]
    fn reading_ends_where_tags_have_to() {
        struct Endless;
        impl ReadAt for Endless {
            fn length(&self) -> io::Result<u64> {
                Ok(u64::MAX)
            }
            fn read_at(&self, _: u64, buffer: &mut [u8]) -> io::Result<usize> {
                Ok(buffer.len())
            }
        }
        let mut reader = Bounded::new(&Endless, u64::MAX);
        let read = io::copy(&mut reader.by_ref().take(TAG_BYTES_MAX), &mut io::sink()).unwrap();
        assert_eq!(read, TAG_BYTES_MAX);
        assert!(reader.read(&mut [0]).is_err());
        assert!(reader.seek(SeekFrom::Current(-1)).is_ok());
        assert!(reader.seek(SeekFrom::Current(i64::MIN)).is_err());
    }
}

//! Songs for the tests of moods and of the choice.

use std::path::PathBuf;

use crate::song::{AttributeId, Song};
use crate::testing::{Random, song};

/// A song with nothing but a number and a path.
pub(crate) fn plain_song(id: i64) -> Song {
    let mut song = song(id, &format!("/music/{id}.mp3"));
    song.technical.format = "mp3".to_owned();
    song.technical.duration_ms = 180_000;
    song
}

const WORDS: &[&str] = &["Miles", "blue", "Monk", "live", "a b", "Ä", "x/y", "\u{212a}", "日\t", "a\\b", ""];

/// A song with a bit of everything.
pub(crate) fn any_song(random: &mut Random, id: i64) -> Song {
    let mut song = plain_song(id);
    let mut word = || random.of(WORDS).to_string();
    song.path = PathBuf::from(format!("/music/{}/{}/{id}.mp3", word(), word()));
    song.tags.artist = word() + &word();
    song.tags.title = word();
    song.tags.album = word();
    song.tags.album_artist = word();
    song.tags.genre = word();
    song.tags.comment = word() + "\n" + &word();
    song.tags.year = (random.below(3) > 0).then(|| 1950 + i32::try_from(random.below(20)).unwrap());
    song.technical.duration_ms = 1000 * u64::from(1 + random.below(500));
    song.technical.channels = 1 + random.below(2);
    song.technical.format = (*random.of(&["mp3", "flac"])).to_owned();
    song.technical.bitrate_kbit = 64 * random.below(6);
    song.technical.frequency_hz = *random.of(&[0, 44_100, 48_000]);
    song.image = (random.below(3) == 0).then_some(7);
    song.lyrics = (random.below(3) == 0).then_some(1);
    song.statistics.added_s = u64::from(random.below(3));
    song.statistics.play_count = u64::from(random.below(5));
    song.statistics.last_played_s = (random.below(2) == 0).then(|| 1_000_000 + u64::from(random.below(1000)));
    song.attributes = (0..4).filter(|_| random.below(3) == 0).map(AttributeId).collect();
    song.fault = (random.below(20) == 0).then(|| "no frames".to_owned());
    song
}

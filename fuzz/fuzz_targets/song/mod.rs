//! A song for moods to judge.

use radio_library::song::{FileState, Song, SongId, Statistics, Tags, Technical};

/// A song with this word in its texts and this number in its numbers.
pub fn song(tag: &str, number: u8) -> Song {
    let tags = Tags { artist: tag.to_owned(), title: tag.to_owned(), year: Some(number.into()), ..Tags::default() };
    Song {
        id: SongId(number.into()),
        content_hash: [number; 32],
        path: tag.into(),
        file: FileState::default(),
        tags,
        technical: Technical::default(),
        statistics: Statistics { play_count: number.into(), ..Statistics::default() },
        attributes: Vec::new(),
        image: None,
        lyrics: None,
        fault: None,
    }
}

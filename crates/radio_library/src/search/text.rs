//! All text of the library in one piece, folded, for searches by its parts.
//!
//! A row for each song: its fields with a separator after each and a mark at the end. A search for a word is one pass of `memmem`
//! over all rows, some gigabytes a second; nothing has to be kept in step but this. 50,000 songs are some 8 MB and take a third of
//! a millisecond. FTS5 with trigrams takes twice as long, has to be written in every transaction, and has no answer for words of one
//! or two letters (docs/measurements/radio-library.md).
//!
//! A row that changes is marked as dead and written anew at the end; when a quarter of the bytes is dead, the living ones move
//! together. So a change costs the length of its row.

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::fold::fold_into;
use crate::song::{Song, SongId, Tags};

/// After each field.
const FIELD_END: u8 = 0x1f;
/// After each row.
const ROW_END: u8 = 0x1e;
/// Dead bytes below which nothing moves.
const DEAD_BYTES_MIN: usize = 64 << 10;

/// The text of all songs.
#[derive(Debug, Default)]
pub(crate) struct Text {
    bytes: Vec<u8>,
    /// In the order of their starts.
    rows: Vec<Row>,
    row_of: HashMap<SongId, usize>,
    dead_bytes: usize,
}

#[derive(Debug, Clone)]
struct Row {
    start: usize,
    /// None: dead.
    song: Option<Arc<Song>>,
}

impl Text {
    /// Adds the text of a song, or puts it into the place of what was there.
    pub(crate) fn put(&mut self, song: &Arc<Song>) {
        self.remove(song.id);
        let start = self.bytes.len();
        write_row(song, &mut self.bytes);
        self.row_of.insert(song.id, self.rows.len());
        self.rows.push(Row { start, song: Some(Arc::clone(song)) });
    }

    /// A song of which something else is different.
    pub(crate) fn renew(&mut self, song: &Arc<Song>) {
        if let Some(index) = self.row_of.get(&song.id) {
            self.rows[*index].song = Some(Arc::clone(song));
        }
    }

    /// Removes the text of a song.
    pub(crate) fn remove(&mut self, id: SongId) {
        let Some(index) = self.row_of.remove(&id) else {
            return;
        };
        self.dead_bytes += self.row(index).len();
        self.rows[index].song = None;
        if self.dead_bytes > DEAD_BYTES_MIN && self.dead_bytes > self.bytes.len() / 4 {
            self.compact();
        }
    }

    /// The folded text of a song, path and separators included. A word without control characters is within one field.
    pub(crate) fn all_fields(&self, id: SongId) -> Option<&[u8]> {
        self.row_of.get(&id).map(|index| self.row(*index))
    }

    /// The songs that have `folded` in any field, in the order of rows: nearly that of paths, since that is how they come.
    pub(crate) fn songs_with(&self, folded: &[u8]) -> Vec<&Arc<Song>> {
        let finder = Finder::new(folded);
        let mut found = Vec::new();
        let mut at = 0;
        let mut row = 0;
        while let Some(offset) = self.bytes.get(at..).and_then(|rest| finder.find(rest)) {
            let hit = at + offset;
            row += self.rows[row..].partition_point(|row| row.start <= hit) - 1;
            found.extend(&self.rows[row].song);
            at = self.end(row);
            row += 1;
            if row >= self.rows.len() {
                break;
            }
        }
        found
    }

    fn row(&self, index: usize) -> &[u8] {
        &self.bytes[self.rows[index].start..self.end(index)]
    }

    fn end(&self, index: usize) -> usize {
        self.rows.get(index + 1).map_or(self.bytes.len(), |next| next.start)
    }

    fn compact(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.dead_bytes);
        let mut rows = Vec::with_capacity(self.row_of.len());
        for (index, row) in self.rows.iter().enumerate() {
            let Some(song) = &row.song else { continue };
            self.row_of.insert(song.id, rows.len());
            rows.push(Row { start: bytes.len(), song: row.song.clone() });
            bytes.extend_from_slice(self.row(index));
        }
        (self.bytes, self.rows, self.dead_bytes) = (bytes, rows, 0);
    }
}

fn write_row(song: &Song, bytes: &mut Vec<u8>) {
    let Tags { title, artist, album_artist, album, genre, date, comment, others, .. } = &song.tags;
    let path = song.path.to_string_lossy();
    let fields: [&str; 8] = [&path, title, artist, album_artist, album, genre, date, comment];
    for field in fields.into_iter().chain(others.iter().map(|(_, value)| value.as_str())) {
        fold_into(field, bytes);
        bytes.push(FIELD_END);
    }
    bytes.push(ROW_END);
}

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::*;
    use crate::testing::{Random, song};

    fn numbers(text: &Text, word: &str) -> Vec<i64> {
        let mut found: Vec<i64> = text.songs_with(&fold(word)).into_iter().map(|song| song.id.0).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn songs_are_found_once_by_whatever_they_contain() {
        let mut text = Text::default();
        for (number, title) in [(1, "Amber amber"), (2, "Neon"), (3, "Chamber")] {
            let mut song = song(number, &format!("/m/{number}"));
            song.tags.title = title.to_owned();
            text.put(&Arc::new(song));
        }
        assert_eq!(numbers(&text, "AMBER"), [1, 3]);
        assert_eq!(numbers(&text, "neon"), [2]);
        assert_eq!(numbers(&text, "/m/"), [1, 2, 3]);
        assert!(numbers(&text, "amberneon").is_empty(), "a word does not go on in the next row");
        text.remove(SongId(3));
        assert_eq!(numbers(&text, "amber"), [1]);
    }

    #[test]
    fn many_changes_leave_what_a_scan_would_find() {
        let mut random = Random::new();
        let mut text = Text::default();
        let mut songs = HashMap::new();
        for _ in 0..20_000 {
            let id = i64::from(random.below(500));
            if random.below(4) == 0 {
                text.remove(SongId(id));
                songs.remove(&id);
            } else {
                let mut song = song(id, &format!("/music/{id}"));
                song.tags.title = random.word(3);
                song.tags.artist = random.word(40);
                text.put(&Arc::new(song.clone()));
                songs.insert(id, song);
            }
        }
        assert!(text.bytes.len() < 200_000, "dead rows were moved out: {} bytes", text.bytes.len());
        for _ in 0..200 {
            let word = random.word(2);
            let mut expected: Vec<i64> = songs
                .iter()
                .filter(|(id, song)| {
                    [&song.tags.title, &song.tags.artist, &format!("/music/{id}")]
                        .iter()
                        .any(|field| field.contains(&word))
                })
                .map(|(id, _)| *id)
                .collect();
            expected.sort_unstable();
            assert_eq!(numbers(&text, &word), expected, "{word}");
        }
    }
}

//! All songs in memory: what every question is answered from.
//!
//! It follows the [`Change`]s of the library as any subscriber does, only first. 50,000 songs take some 50 MB. Whoever holds the
//! catalogue holds changes up, so a question is asked and the catalogue let go; rows can be kept, they are shared.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::change::{AttributeTable, Change};
use crate::error::LibraryError;
use crate::pattern::Pattern;
use crate::search::{self, Count, Filter, Tag, Text};
use crate::song::{AttributeId, Song, SongId};

/// Every song, by its number, its path and its hash, and every attribute.
#[derive(Debug, Default)]
pub struct Catalogue {
    songs: HashMap<SongId, Arc<Song>>,
    /// The bytes of paths, whose order keeps what is in a directory together.
    by_path: BTreeMap<Box<[u8]>, Arc<Song>>,
    by_hash: HashMap<[u8; 32], Vec<SongId>>,
    text: Text,
    attributes: Arc<AttributeTable>,
}

/// What is in a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// The directories in it that have songs somewhere below, in order.
    pub directories: Vec<PathBuf>,
    /// The songs in it, in the order of paths.
    pub songs: Vec<Arc<Song>>,
}

impl Catalogue {
    pub(crate) fn new(mut songs: Vec<Song>, attributes: AttributeTable) -> Self {
        // What is in order is faster to build, and to sort again when it was searched.
        songs.sort_unstable_by(|one, other| one.path.as_os_str().cmp(other.path.as_os_str()));
        let mut catalogue = Self { attributes: Arc::new(attributes), ..Self::default() };
        for song in songs {
            catalogue.put(Arc::new(song));
        }
        catalogue
    }

    /// How many songs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.songs.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.songs.is_empty()
    }

    /// The song of a number.
    #[must_use]
    pub fn song(&self, id: SongId) -> Option<&Arc<Song>> {
        self.songs.get(&id)
    }

    /// The song at a path.
    #[must_use]
    pub fn song_at(&self, path: &Path) -> Option<&Arc<Song>> {
        self.by_path.get(path.as_os_str().as_bytes())
    }

    /// The songs that sound the same: every file of one recording, in the order in which they came.
    pub fn songs_of(&self, content_hash: &[u8; 32]) -> impl Iterator<Item = &Arc<Song>> {
        self.by_hash.get(content_hash).into_iter().flatten().filter_map(|id| self.songs.get(id))
    }

    /// Every song in the order of paths, which is by bytes.
    pub fn songs(&self) -> impl Iterator<Item = &Arc<Song>> {
        self.by_path.values()
    }

    /// The song at this path and those below it, in the order of paths.
    pub fn below(&self, path: &Path) -> impl Iterator<Item = &Arc<Song>> {
        let itself = self.by_path.get(path.as_os_str().as_bytes());
        let below = directory_prefix(path);
        let last = end_of(&below);
        let range = (Bound::Excluded(below.into_boxed_slice()), Bound::Excluded(last));
        itself.into_iter().chain(self.by_path.range(range).map(|(_, song)| song))
    }

    /// What is in a directory, one level deep. Costs a look-up for each directory in it, whatever is below those.
    #[must_use]
    pub fn directory(&self, path: &Path) -> Directory {
        let prefix = directory_prefix(path);
        let mut directory = Directory::default();
        let end = end_of(&prefix);
        let mut from = prefix.clone().into_boxed_slice();
        while let Some((key, song)) = self.by_path.range((Bound::Excluded(from), Bound::Excluded(end.clone()))).next() {
            let name = &key[prefix.len()..];
            match name.iter().position(|byte| *byte == b'/') {
                None => {
                    directory.songs.push(Arc::clone(song));
                    from = key.clone();
                }
                Some(length) => {
                    let inner = &key[..prefix.len() + length];
                    directory.directories.push(PathBuf::from(std::ffi::OsStr::from_bytes(inner)));
                    from = end_of(&[inner, b"/"].concat());
                }
            }
        }
        directory
    }

    /// The songs whose paths are like any of these patterns, in the order of paths.
    ///
    /// # Errors
    /// [`LibraryError::NothingMatches`] names the first pattern that no song is like.
    pub fn like(&self, patterns: &[Pattern]) -> Result<Vec<Arc<Song>>, LibraryError> {
        if let [pattern] = patterns
            && let Some(path) = pattern.literal()
        {
            let song = self.song_at(path).ok_or_else(|| LibraryError::NothingMatches(pattern.to_string()))?;
            return Ok(vec![Arc::clone(song)]);
        }
        let mut matched = vec![false; patterns.len()];
        let mut like_any = |song: &&Arc<Song>| {
            // Every pattern is tried: one that is never needed is not one that nothing is like.
            let mut any = false;
            for (pattern, matched) in patterns.iter().zip(&mut matched) {
                let like = pattern.matches_path(&song.path);
                *matched |= like;
                any |= like;
            }
            any
        };
        let songs = self.songs().filter(|song| like_any(song)).cloned().collect();
        match patterns.iter().zip(matched).find(|(_, matched)| !matched) {
            Some((pattern, _)) => Err(LibraryError::NothingMatches(pattern.to_string())),
            None => Ok(songs),
        }
    }

    /// The songs that fulfil a filter, in the order of paths.
    #[must_use]
    pub fn find(&self, filter: &Filter) -> Vec<Arc<Song>> {
        search::find(self, filter)
    }

    /// The combinations of values that `tags` have in the songs that fulfil the filter, each once and in order; a song without a
    /// value has the empty one.
    #[must_use]
    pub fn list(&self, tags: &[Tag], filter: &Filter) -> Vec<Vec<String>> {
        if filter.is_everything() {
            // Without taking hold of each song and letting it go, which writes to all of them.
            return search::list(self.songs(), tags);
        }
        search::list(self.find(filter).iter(), tags)
    }

    /// How many songs fulfil the filter and how long they are: all together, or for each value of a tag.
    #[must_use]
    pub fn count(&self, filter: &Filter, group: Option<Tag>) -> Vec<Count> {
        if filter.is_everything() {
            return search::count(self.songs(), group);
        }
        search::count(self.find(filter).iter(), group)
    }

    /// The names of all attributes.
    #[must_use]
    pub fn attributes(&self) -> &Arc<AttributeTable> {
        &self.attributes
    }

    /// The attribute of a name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<AttributeId> {
        self.attributes.iter().find(|(_, other)| *other == name).map(|(id, _)| *id)
    }

    pub(crate) fn text(&self) -> &Text {
        &self.text
    }

    pub(crate) fn apply(&mut self, change: &Change) {
        match change {
            Change::Added(song) => self.put(Arc::clone(song)),
            Change::Changed { song, .. } => {
                let text_is_same =
                    self.songs.get(&song.id).is_some_and(|old| old.tags == song.tags && old.path == song.path);
                if text_is_same {
                    self.text.renew(song);
                    self.unlink(song.id);
                    self.link(Arc::clone(song));
                } else {
                    self.remove(song.id);
                    self.put(Arc::clone(song));
                }
            }
            Change::Removed(id) => self.remove(*id),
            Change::AttributeTable(table) => self.attributes = Arc::clone(table),
            Change::Blob { .. } | Change::Roots | Change::Sticker => {}
        }
    }

    fn put(&mut self, song: Arc<Song>) {
        self.text.put(&song);
        self.link(song);
    }

    fn remove(&mut self, id: SongId) {
        self.text.remove(id);
        self.unlink(id);
    }

    fn link(&mut self, song: Arc<Song>) {
        self.by_path.insert(song.path.as_os_str().as_bytes().into(), Arc::clone(&song));
        self.by_hash.entry(song.content_hash).or_default().push(song.id);
        self.songs.insert(song.id, song);
    }

    fn unlink(&mut self, id: SongId) {
        let Some(song) = self.songs.remove(&id) else {
            return;
        };
        let key = song.path.as_os_str().as_bytes();
        // Two songs that change places: the path may be the other's already.
        if self.by_path.get(key).is_some_and(|other| other.id == id) {
            self.by_path.remove(key);
        }
        if let Some(songs) = self.by_hash.get_mut(&song.content_hash) {
            songs.retain(|other| *other != id);
            if songs.is_empty() {
                self.by_hash.remove(&song.content_hash);
            }
        }
    }
}

/// How the paths of everything in a directory begin.
fn directory_prefix(path: &Path) -> Vec<u8> {
    let mut bytes = path.as_os_str().as_bytes().to_vec();
    while bytes.last() == Some(&b'/') {
        bytes.pop();
    }
    bytes.push(b'/');
    bytes
}

/// The first path after all that begin with a prefix, which ends in a slash: no path has the byte after it there.
fn end_of(prefix: &[u8]) -> Box<[u8]> {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end.into_boxed_slice()
}

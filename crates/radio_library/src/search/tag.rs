//! Tags by the names that MPD has for them.

use std::borrow::Cow;
use std::fmt;

use crate::song::Tags;

/// One of the tags that MPD knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag(&'static Entry);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Entry {
    name: &'static str,
    /// What stands for it where a file has none.
    instead: Option<&'static str>,
}

const fn entry(name: &'static str) -> Entry {
    Entry { name, instead: None }
}

const fn or(name: &'static str, instead: &'static str) -> Entry {
    Entry { name, instead: Some(instead) }
}

/// Every tag, in the order in which `tagtypes` lists them. Parity: MPD 0.23, with its substitutes.
static TABLE: &[Entry] = &[
    entry("Artist"),
    or("ArtistSort", "Artist"),
    entry("Album"),
    or("AlbumSort", "Album"),
    or("AlbumArtist", "Artist"),
    or("AlbumArtistSort", "AlbumArtist"),
    entry("Title"),
    or("TitleSort", "Title"),
    entry("Track"),
    entry("Name"),
    entry("Genre"),
    entry("Mood"),
    entry("Date"),
    entry("OriginalDate"),
    entry("Composer"),
    or("ComposerSort", "Composer"),
    entry("Performer"),
    entry("Conductor"),
    entry("Work"),
    entry("Movement"),
    entry("MovementNumber"),
    entry("Ensemble"),
    entry("Location"),
    entry("Grouping"),
    entry("Comment"),
    entry("Disc"),
    entry("Label"),
    entry("MUSICBRAINZ_ARTISTID"),
    entry("MUSICBRAINZ_ALBUMID"),
    entry("MUSICBRAINZ_ALBUMARTISTID"),
    entry("MUSICBRAINZ_TRACKID"),
    entry("MUSICBRAINZ_RELEASETRACKID"),
    entry("MUSICBRAINZ_WORKID"),
    entry("MUSICBRAINZ_RELEASEGROUPID"),
];

impl Tag {
    /// The tag of this name; case does not count.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)).map(Self)
    }

    /// Every tag.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(Self)
    }

    /// Its name as MPD writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Its values in the tags of a song. Where there is none, those of the tag that stands for it: of `AlbumArtist`, the artist.
    #[must_use]
    pub fn values(self, tags: &Tags) -> Vec<Cow<'_, str>> {
        let mut values = Vec::new();
        self.values_into(tags, &mut values);
        values
    }

    /// Whether `holds` is true for one of the values; none without a value. Allocates nothing for texts.
    pub(super) fn any_value(self, tags: &Tags, holds: &mut impl FnMut(&str) -> bool) -> Option<bool> {
        let mut found = None;
        if let Some(first) = self.first(tags) {
            found = Some(holds(&first));
        }
        for (_, value) in tags.others.iter().filter(|(name, _)| name == self.0.name) {
            if found == Some(true) {
                break;
            }
            found = Some(holds(value));
        }
        match self.0.instead.and_then(Self::named) {
            Some(instead) if found.is_none() => instead.any_value(tags, holds),
            _ => found,
        }
    }

    /// Puts the values into `values`, which is emptied before.
    pub(super) fn values_into<'a>(self, tags: &'a Tags, values: &mut Vec<Cow<'a, str>>) {
        values.clear();
        values.extend(self.first(tags));
        let others = tags.others.iter().filter(|(name, _)| name == self.0.name);
        values.extend(others.map(|(_, value)| Cow::Borrowed(value.as_str())));
        if let Some(instead) = self.0.instead.and_then(Self::named)
            && values.is_empty()
        {
            instead.values_into(tags, values);
        }
    }

    /// Its values in the tags of a song, and nothing instead.
    #[must_use]
    pub fn own_values(self, tags: &Tags) -> Vec<Cow<'_, str>> {
        let others = tags.others.iter().filter(|(name, _)| name == self.0.name);
        self.first(tags).into_iter().chain(others.map(|(_, value)| Cow::Borrowed(value.as_str()))).collect()
    }

    /// Whether its values are among the text that is searched through.
    pub(super) fn is_text(self) -> bool {
        !matches!(self.0.name, "Track" | "Disc")
    }

    fn first(self, tags: &Tags) -> Option<Cow<'_, str>> {
        let text = match self.0.name {
            "Artist" => &tags.artist,
            "Album" => &tags.album,
            "AlbumArtist" => &tags.album_artist,
            "Title" => &tags.title,
            "Genre" => &tags.genre,
            "Date" => &tags.date,
            "Comment" => &tags.comment,
            "Track" => return tags.track.map(|track| Cow::Owned(track.to_string())),
            "Disc" => return tags.disc.map(|disc| Cow::Owned(disc.to_string())),
            _ => return None,
        };
        (!text.is_empty()).then_some(Cow::Borrowed(text.as_str()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_all_its_values_and_a_substitute_where_it_has_none() {
        let others =
            [("Artist", "B"), ("Composer", "C")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let tags = Tags { artist: "A".to_owned(), track: Some(3), others, ..Tags::default() };
        let values = |name: &str| Tag::named(name).unwrap().values(&tags).join("|");
        assert_eq!(values("artist"), "A|B");
        assert_eq!(values("AlbumArtistSort"), "A|B");
        assert_eq!(values("ComposerSort"), "C");
        assert_eq!(values("track"), "3");
        assert_eq!(values("Title"), "");
        assert!(Tag::named("albumartist").unwrap().own_values(&tags).is_empty());
        assert_eq!(Tag::named("artists"), None);
    }

    #[test]
    fn every_substitute_is_a_tag() {
        for entry in TABLE {
            assert!(entry.instead.is_none_or(|instead| Tag::named(instead).is_some()), "{}", entry.name);
        }
    }
}

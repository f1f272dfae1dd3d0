//! The form of the document.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::song::{FileState, Song, Tags, Technical};

/// The whole of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) tidegate_radio_library: u32,
    #[serde(default)]
    pub(super) attributes: Vec<String>,
    #[serde(default)]
    pub(super) images: Vec<BlobRecord>,
    #[serde(default)]
    pub(super) lyrics: Vec<BlobRecord>,
    #[serde(default)]
    pub(super) moods: Vec<BlobRecord>,
    #[serde(default)]
    pub(super) playlists: Vec<BlobRecord>,
    #[serde(default)]
    pub(super) recordings: Vec<RecordingRecord>,
    #[serde(default)]
    pub(super) stickers: Vec<StickerRecord>,
    #[serde(default)]
    pub(super) roots: Vec<Bytes>,
    #[serde(default)]
    pub(super) refused_files: Vec<RefusedRecord>,
    #[serde(default)]
    pub(super) settings: Vec<SettingRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlobRecord {
    pub(super) name: String,
    pub(super) content: Bytes,
}

/// Everything that is known about what is heard.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordingRecord {
    pub(super) content_hash: Hash,
    pub(super) added_s: u64,
    #[serde(default)]
    pub(super) play_count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_played_s: Option<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) amplification: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lyrics: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) attributes: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) stickers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) played_s: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) former_paths: Vec<Bytes>,
    #[serde(default)]
    pub(super) files: Vec<FileRecord>,
}

/// A song.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileRecord {
    pub(super) path: Bytes,
    size_bytes: u64,
    modified_ns: i64,
    format: String,
    duration_ms: u64,
    bitrate_kbit: u32,
    frequency_hz: u32,
    channels: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    artist: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    album_artist: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    album: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    year: Option<i32>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    date: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    genre: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    track: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disc: Option<u32>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    comment: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<String>,
}

impl FileRecord {
    pub(super) fn new(song: &Song) -> Self {
        let Song { path, file, tags, technical, fault, .. } = song.clone();
        Self {
            path: Bytes::of(&path),
            size_bytes: file.size_bytes,
            modified_ns: file.modified_ns,
            format: technical.format,
            duration_ms: technical.duration_ms,
            bitrate_kbit: technical.bitrate_kbit,
            frequency_hz: technical.frequency_hz,
            channels: technical.channels,
            artist: tags.artist,
            album_artist: tags.album_artist,
            title: tags.title,
            album: tags.album,
            year: tags.year,
            date: tags.date,
            genre: tags.genre,
            track: tags.track,
            disc: tags.disc,
            comment: tags.comment,
            others: tags.others,
            fault,
        }
    }

    pub(super) fn file(&self) -> FileState {
        FileState { size_bytes: self.size_bytes, modified_ns: self.modified_ns }
    }

    pub(super) fn technical(&self) -> Technical {
        Technical {
            format: self.format.clone(),
            duration_ms: self.duration_ms,
            bitrate_kbit: self.bitrate_kbit,
            frequency_hz: self.frequency_hz,
            channels: self.channels,
        }
    }

    pub(super) fn tags(&self) -> Tags {
        Tags {
            artist: self.artist.clone(),
            album_artist: self.album_artist.clone(),
            title: self.title.clone(),
            album: self.album.clone(),
            year: self.year,
            date: self.date.clone(),
            genre: self.genre.clone(),
            track: self.track,
            disc: self.disc,
            comment: self.comment.clone(),
            others: self.others.clone(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StickerRecord {
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefusedRecord {
    pub(super) path: Bytes,
    pub(super) size_bytes: u64,
    pub(super) modified_ns: i64,
    pub(super) reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingRecord {
    pub(super) name: String,
    pub(super) value: String,
}

/// A text, or bytes that are none: `"text"` or `{"hex": "ff00"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Bytes {
    pub(super) fn of(path: &Path) -> Self {
        Self(path.as_os_str().as_bytes().to_vec())
    }

    pub(super) fn into_path(self) -> PathBuf {
        PathBuf::from(OsString::from_vec(self.0))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text, or {\"hex\": DIGITS}")]
enum Written<'a> {
    Text(std::borrow::Cow<'a, str>),
    Hex { hex: std::borrow::Cow<'a, str> },
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Written::Text(text.into()).serialize(serializer),
            Err(_) => Written::Hex { hex: hexadecimal(&self.0).into() }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Ok(Self(text.into_owned().into_bytes())),
            Written::Hex { hex } => {
                let bytes = from_hexadecimal(&hex);
                bytes.map(Self).ok_or_else(|| serde::de::Error::custom("expected pairs of hexadecimal digits"))
            }
        }
    }
}

/// A content hash as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash(pub(super) [u8; 32]);

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hexadecimal(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = from_hexadecimal(&text).and_then(|bytes| bytes.try_into().ok());
        hash.map(Self).ok_or_else(|| serde::de::Error::custom("a content hash has 64 hexadecimal digits"))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_default(number: &u8) -> bool {
    *number == 0
}

//! What the server remembers about one client.

use radio_library::search::Tag;

use super::changes::Counts;
use super::reply::TagMask;

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    /// Not another's while the server runs.
    pub(super) number: u64,
    /// From where.
    pub(super) peer: String,
    /// The password that it gave last, if it was right.
    pub(super) password: Option<String>,
    /// What it wants to know of songs.
    pub(super) tags: TagMask,
    /// Bytes of a picture in one answer.
    pub(super) binary_bytes: usize,
    /// The changes that it was told of.
    pub(super) seen: Counts,
}

/// Parity: MPD.
const BINARY_BYTES_DEFAULT: usize = 8192;

impl Client {
    pub(super) fn new(number: u64, peer: String, seen: Counts) -> Self {
        Self { number, peer, password: None, tags: TagMask::default(), binary_bytes: BINARY_BYTES_DEFAULT, seen }
    }

    /// The tags that it wants, in order.
    pub(super) fn wanted_tags(&self) -> impl Iterator<Item = Tag> {
        Tag::all().filter(|tag| self.tags.wants(*tag))
    }
}

//! `added`.

use super::{Keyword, Read, saturate};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "added",
    read: Read::Number(|song| saturate(song.statistics.added_s)),
    method: None,
    summary: "When the song came into the library, in seconds since 1970.",
    example: "added > 1735689600",
};

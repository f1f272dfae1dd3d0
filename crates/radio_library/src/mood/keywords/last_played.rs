//! `last_played`.

use super::{Keyword, Read, saturate};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "last_played",
    read: Read::Number(|song| song.statistics.last_played_s.map_or(0, saturate)),
    method: None,
    summary: "When the song was played last, in seconds since 1970; 0: never.",
    example: "last_played == 0",
};

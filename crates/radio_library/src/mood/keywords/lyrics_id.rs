//! `lyrics_id`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "lyrics_id",
    read: Read::Number(|song| song.lyrics.unwrap_or(0)),
    method: Some(Method { name: "lyrics_id", argument: Argument::Comparison, example: "lyrics_id = 0" }),
    summary: "The number of the song's lyrics; 0: none.",
    example: "lyrics_id == 0",
};

//! `num_played`.

use super::{Argument, Keyword, Method, Read, saturate};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "num_played",
    read: Read::Number(|song| saturate(song.statistics.play_count)),
    method: Some(Method { name: "num_played", argument: Argument::Comparison, example: "num_played < 3" }),
    summary: "How often the song was played.",
    example: "num_played < 3",
};

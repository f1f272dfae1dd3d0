//! `duration`.

use super::{Keyword, Read, saturate};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "duration",
    read: Read::Number(|song| saturate(song.technical.duration_ms / 1000)),
    method: None,
    summary: "The playing time, in whole seconds.",
    example: "duration < 600",
};

//! `channels`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "channels",
    read: Read::Number(|song| i64::from(song.technical.channels)),
    method: Some(Method { name: "channels", argument: Argument::Comparison, example: "channels = 2" }),
    summary: "How many channels there are.",
    example: "channels == 2",
};

//! `bitrate`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "bitrate",
    read: Read::Number(|song| i64::from(song.technical.bitrate_kbit)),
    method: Some(Method { name: "bitrate", argument: Argument::Comparison, example: "bitrate >= 192" }),
    summary: "The mean bit rate, in kbit/s.",
    example: "bitrate >= 192",
};

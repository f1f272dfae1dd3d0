//! `frequency`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "frequency",
    read: Read::Number(|song| i64::from(song.technical.frequency_hz)),
    method: Some(Method { name: "frequency", argument: Argument::Comparison, example: "frequency = 44100" }),
    summary: "The sampling rate, in Hz.",
    example: "frequency == 44100",
};

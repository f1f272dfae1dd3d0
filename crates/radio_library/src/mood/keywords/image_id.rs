//! `image_id`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "image_id",
    read: Read::Number(|song| song.image.unwrap_or(0)),
    method: Some(Method { name: "image_id", argument: Argument::Comparison, example: "image_id != 0" }),
    summary: "The number of the song's picture; 0: none.",
    example: "image_id != 0",
};

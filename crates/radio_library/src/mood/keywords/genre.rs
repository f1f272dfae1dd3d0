//! `genre`.

use super::{Keyword, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "genre",
    read: Read::Text(|song| song.tags.genre.as_bytes()),
    method: None,
    summary: "The genre.",
    example: "genre =~ /jazz/i",
};

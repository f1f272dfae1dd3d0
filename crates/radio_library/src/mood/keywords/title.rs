//! `title`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "title",
    read: Read::Text(|song| song.tags.title.as_bytes()),
    method: Some(Method {
        name: "title_matches",
        argument: Argument::RegularExpression,
        example: "title_matches [Bb]lue",
    }),
    summary: "What the song is called.",
    example: "title =~ /blue/i",
};

//! `artist`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "artist",
    read: Read::Text(|song| song.tags.artist.as_bytes()),
    method: Some(Method {
        name: "artist_matches",
        argument: Argument::RegularExpression,
        example: "artist_matches ^Miles",
    }),
    summary: "Who plays.",
    example: "artist =~ /^Miles/",
};

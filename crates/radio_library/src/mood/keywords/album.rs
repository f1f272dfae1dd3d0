//! `album`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "album",
    read: Read::Text(|song| song.tags.album.as_bytes()),
    method: Some(Method {
        name: "album_matches",
        argument: Argument::RegularExpression,
        example: "album_matches '^Kind of Blue$'",
    }),
    summary: "The album.",
    example: r#"album == "Kind of Blue""#,
};

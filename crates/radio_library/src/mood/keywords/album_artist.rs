//! `album_artist`.

use super::{Keyword, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "album_artist",
    read: Read::Text(|song| song.tags.album_artist.as_bytes()),
    method: None,
    summary: "Whose album it is, where the tags say it.",
    example: r#"album_artist == "Various Artists""#,
};

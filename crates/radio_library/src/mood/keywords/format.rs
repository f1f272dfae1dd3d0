//! `format`.

use super::{Keyword, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "format",
    read: Read::Text(|song| song.technical.format.as_bytes()),
    method: None,
    summary: "`mp3`, `ogg`, `opus`, `flac`, `aac` or `m4a`.",
    example: r#"format == "flac""#,
};

//! `true`.

use super::{Keyword, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "true",
    read: Read::Constant(true),
    method: None,
    summary: "Holds for every song.",
    example: "true",
};

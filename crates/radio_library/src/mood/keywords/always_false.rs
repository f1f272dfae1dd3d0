//! `false`.

use super::{Keyword, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "false",
    read: Read::Constant(false),
    method: None,
    summary: "Holds for no song.",
    example: "false",
};

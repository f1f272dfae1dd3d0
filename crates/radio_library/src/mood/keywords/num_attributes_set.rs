//! `num_attributes_set`.

use super::{Argument, Keyword, Method, Read, count};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "num_attributes_set",
    read: Read::Number(|song| count(song.attributes.len())),
    method: Some(Method { name: "no_attributes_set", argument: Argument::Zero, example: "no_attributes_set" }),
    summary: "How many attributes are set.",
    example: "num_attributes_set == 0",
};

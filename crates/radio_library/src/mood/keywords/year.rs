//! `year`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "year",
    read: Read::Number(|song| song.tags.year.map_or(0, i64::from)),
    method: Some(Method { name: "year", argument: Argument::Comparison, example: "year < 1960" }),
    summary: "The year of the date in the tags; 0: none.",
    example: "year >= 1955 && year < 1960",
};

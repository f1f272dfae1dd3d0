//! `is_set`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "is_set",
    read: Read::Attribute,
    method: Some(Method { name: "is_set", argument: Argument::Attribute, example: "is_set instrumental" }),
    summary: "Whether the song has this attribute. A name that the library does not know is an error.",
    example: r#"is_set("instrumental") && !is_set("sick")"#,
};

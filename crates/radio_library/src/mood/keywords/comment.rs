//! `comment`.

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "comment",
    read: Read::Text(|song| song.tags.comment.as_bytes()),
    method: Some(Method {
        name: "comment_matches",
        argument: Argument::RegularExpression,
        example: "comment_matches live",
    }),
    summary: "The remark in the tags.",
    example: r#"comment != """#,
};

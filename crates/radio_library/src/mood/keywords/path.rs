//! `path`.

use std::os::unix::ffi::OsStrExt;

use super::{Argument, Keyword, Method, Read};

pub(super) const KEYWORD: Keyword = Keyword {
    name: "path",
    read: Read::Text(|song| song.path.as_os_str().as_bytes()),
    method: Some(Method { name: "path_matches", argument: Argument::Wildcard, example: "path_matches /music/live/*" }),
    summary: "The absolute path of the file.",
    example: r#"path =| "/music/live/*""#,
};

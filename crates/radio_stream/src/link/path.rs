//! Paths in JSON: a string where the path is one, else an array of its bytes. Nothing of a path is ever lost.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Read {
    Text(String),
    Bytes(Vec<u8>),
}

pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    path.to_str().map_or_else(|| Written::Bytes(path.as_os_str().as_bytes()), Written::Text).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(match Read::deserialize(deserializer)? {
        Read::Text(text) => PathBuf::from(text),
        Read::Bytes(bytes) => PathBuf::from(OsString::from_vec(bytes)),
    })
}

//! A document of a library with any records: it is read as a whole or not at all, what is in memory is what is in the file, and what is
//! written of it is read again as the same.
#![no_main]

use std::path::{Path, PathBuf};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use radio_library::Library;
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
enum Name<'a> {
    /// One of a few, so that records name each other.
    Known(u8),
    Other(&'a str),
}

impl Name<'_> {
    fn text(&self) -> String {
        match self {
            Self::Known(number) => ["a", "b", "jazz", "cover", "x y"][usize::from(*number % 5)].to_owned(),
            Self::Other(text) => (*text).to_owned(),
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Recording<'a> {
    hash: u8,
    numbers: [u64; 3],
    last_played_s: Option<u64>,
    amplification: u8,
    blobs: (Option<Name<'a>>, Option<Name<'a>>),
    attributes: Vec<Name<'a>>,
    stickers: Vec<(Name<'a>, &'a str)>,
    played_s: Vec<u64>,
    former_paths: Vec<&'a [u8]>,
    files: Vec<File<'a>>,
}

#[derive(Arbitrary, Debug)]
struct File<'a> {
    path: &'a [u8],
    modified_ns: i64,
    numbers: [u32; 3],
    texts: (&'a str, &'a str),
    year: Option<i32>,
    track: Option<u32>,
    others: Vec<(&'a str, &'a str)>,
    fault: Option<&'a str>,
}

#[derive(Arbitrary, Debug)]
struct Document<'a> {
    attributes: Vec<Name<'a>>,
    blobs: Vec<(u8, Name<'a>, &'a [u8])>,
    recordings: Vec<Recording<'a>>,
    stickers: Vec<(Name<'a>, Name<'a>, Name<'a>, &'a str)>,
    roots: Vec<&'a [u8]>,
    refused: Vec<(&'a [u8], u64, i64, &'a str)>,
    settings: Vec<(Name<'a>, &'a str)>,
    /// A member that no record has.
    stray: Option<&'a str>,
}

fn bytes(bytes: &[u8]) -> Value {
    let hex = || bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    std::str::from_utf8(bytes).map_or_else(|_| json!({"hex": hex()}), |text| json!(text))
}

/// A path. Nearly all are absolute, as they have to be.
fn path(path: &[u8]) -> Value {
    if path == b"." { bytes(path) } else { bytes(&[b"/", path].concat()) }
}

fn names(names: &[Name<'_>]) -> Vec<String> {
    names.iter().map(Name::text).collect()
}

fn file(file: &File<'_>) -> Value {
    let [size_bytes, duration_ms, other] = file.numbers;
    json!({
        "path": path(file.path), "size_bytes": size_bytes, "modified_ns": file.modified_ns, "format": file.texts.0,
        "duration_ms": duration_ms, "bitrate_kbit": other, "frequency_hz": other, "channels": other,
        "artist": file.texts.1, "title": file.texts.0, "year": file.year, "track": file.track, "others": file.others,
        "fault": file.fault,
    })
}

fn recording(recording: &Recording<'_>) -> Value {
    let [added_s, play_count, _] = recording.numbers;
    let stickers: std::collections::BTreeMap<_, _> =
        recording.stickers.iter().map(|(name, value)| (name.text(), *value)).collect();
    json!({
        "content_hash": format!("{:02x}", recording.hash % 8).repeat(32), "added_s": added_s, "play_count": play_count,
        "last_played_s": recording.last_played_s, "amplification": recording.amplification,
        "image": recording.blobs.0.as_ref().map(Name::text), "lyrics": recording.blobs.1.as_ref().map(Name::text),
        "attributes": names(&recording.attributes), "stickers": stickers, "played_s": recording.played_s,
        "former_paths": recording.former_paths.iter().map(|former| path(former)).collect::<Vec<_>>(),
        "files": recording.files.iter().map(file).collect::<Vec<_>>(),
    })
}

fn text(document: &Document<'_>) -> String {
    let mut value = json!({
        "tidegate_radio_library": 1, "attributes": names(&document.attributes),
        "recordings": document.recordings.iter().map(recording).collect::<Vec<_>>(),
        "roots": document.roots.iter().map(|root| path(root)).collect::<Vec<_>>(),
    });
    for (number, kind) in ["images", "lyrics", "moods", "playlists"].into_iter().enumerate() {
        let blobs = document.blobs.iter().filter(|(kind, ..)| usize::from(kind % 4) == number);
        value[kind] = blobs.map(|(_, name, content)| json!({"name": name.text(), "content": bytes(content)})).collect();
    }
    let stickers = document.stickers.iter().map(|(kind, subject, name, value)| {
        json!({"kind": kind.text(), "subject": subject.text(), "name": name.text(), "value": value})
    });
    value["stickers"] = stickers.collect();
    let refused = document.refused.iter().map(|(refused, size_bytes, modified_ns, reason)| {
        json!({"path": path(refused), "size_bytes": size_bytes, "modified_ns": modified_ns, "reason": reason})
    });
    value["refused_files"] = refused.collect();
    let settings = document.settings.iter().map(|(name, value)| json!({"name": name.text(), "value": value}));
    value["settings"] = settings.collect();
    if let Some(stray) = document.stray {
        value[stray] = json!(1);
    }
    value.to_string()
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("tidegate-fuzz-document-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(folder: &Path) -> Library {
    Library::open(folder).expect("a library that can be opened")
}

fn export(library: &Library) -> String {
    let mut document = Vec::new();
    library.export(&mut document).expect("memory takes it");
    String::from_utf8(document).expect("JSON is text")
}

fuzz_target!(|document: Document<'_>| {
    let folder = Folder::new();
    let library = open(&folder.0.join("one"));
    let empty = export(&library);
    if library.load(&mut text(&document).as_bytes()).is_err() {
        assert_eq!(export(&library), empty, "all or nothing");
        return;
    }
    let written = export(&library);
    library.load(&mut written.as_bytes()).expect("what was written is read");
    assert_eq!(export(&library), written, "it is known already");
    let songs = library.subscribe(|_| {}).songs;
    drop(library);
    let library = open(&folder.0.join("one"));
    assert_eq!(export(&library), written, "what is in memory is what is in the file");
    assert_eq!(library.subscribe(|_| {}).songs, songs);
    let other = open(&folder.0.join("other"));
    other.load(&mut written.as_bytes()).expect("what was written is read");
    assert_eq!(export(&other), written);
});

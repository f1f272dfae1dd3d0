//! A library that is written and read again is the same library.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::*;
use crate::attributes::AttributeChange;
use crate::change::BlobKind;
use crate::import::ImportOptions;
use crate::library::Library;
use crate::pattern::{Pattern, Slashes};
use crate::statistics::Touch;
use crate::stickers::StickerSubject;
use crate::testing::{Scratch, mp3};

fn all() -> [Pattern; 1] {
    [Pattern::new("*", Slashes::Ordinary).unwrap()]
}

/// A library in which everything is used.
fn full(scratch: &Scratch) -> Library {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let library = Library::open(&scratch.path().join("full")).unwrap();
    let music = scratch.path().join("music");
    fs::create_dir(&music).unwrap();
    let import = || {
        library
            .import(std::slice::from_ref(&music), &ImportOptions::new(77), &mut |_| ControlFlow::Continue(()))
            .unwrap();
    };
    fs::write(music.join("a.mp3"), mp3(1, &[("TIT2", "Titel \u{e4}\u{1f3b5}"), ("TRCK", "4"), ("TDRC", "2001")]))
        .unwrap();
    fs::write(music.join(OsStr::from_bytes(b"b\xff.mp3")), mp3(2, &[])).unwrap();
    fs::write(music.join("copy.mp3"), mp3(1, &[("TIT2", "copy")])).unwrap();
    fs::write(music.join("gone.mp3"), mp3(3, &[])).unwrap();
    fs::write(music.join("noise.mp3"), "noise").unwrap();
    import();
    let song = |name: &str| library.catalogue().song_at(&music.join(name)).unwrap().id;
    library.played(song("a.mp3"), 1000).unwrap();
    library.played(song("gone.mp3"), 2000).unwrap();
    library.add_attributes(&["calm", "unused"]).unwrap();
    library.set_attributes(&[AttributeChange::parse("calm+").unwrap()], &all()).unwrap();
    let image = library.put_blob(BlobKind::Image, "cover", b"\xff\xd8\x00").unwrap();
    let lyrics = library.put_blob(BlobKind::Lyrics, "words", "la la \u{e4}".as_bytes()).unwrap();
    library.put_blob(BlobKind::Mood, "fine", b"artist =~ /x/").unwrap();
    library.put_blob(BlobKind::Playlist, "list", b"/m/a\n").unwrap();
    let touch = Touch { image: Some(image), lyrics: Some(lyrics), amplification: Some(9), ..Touch::default() };
    library.touch(&all(), &touch, 0).unwrap();
    library.set_sticker(StickerSubject::Song(song("a.mp3")), "rating", "8").unwrap();
    library.set_sticker(StickerSubject::Other { kind: "playlist", name: "list" }, "colour", "red").unwrap();
    library.set_setting("selected", "m/fine").unwrap();
    library.failed(song("copy.mp3"), "it ends early").unwrap();
    fs::remove_file(music.join("gone.mp3")).unwrap();
    fs::rename(music.join("a.mp3"), music.join("z.mp3")).unwrap();
    import();
    library
}

fn text(library: &Library) -> String {
    let mut document = Vec::new();
    library.export(&mut document).unwrap();
    String::from_utf8(document).unwrap()
}

#[test]
fn nothing_is_lost_on_the_way() {
    let scratch = Scratch::new("exchange");
    let library = full(&scratch);
    let document = text(&library);
    serde_json::from_str::<serde_json::Value>(&document).unwrap();
    for part in [
        "Titel \u{e4}\u{1f3b5}",
        "\"hex\":\"ffd800\"",
        "\"played_s\":[2000]",
        "\"former_paths\"",
        "it ends early",
        "noise.mp3",
    ] {
        assert!(document.contains(part), "{part} in {document}");
    }
    let other = Library::open(&scratch.path().join("other")).unwrap();
    let loaded = other.load(&mut document.as_bytes()).unwrap();
    assert_eq!(loaded, Loaded { recordings: 3, songs_added: 3, songs_known: 0, blobs: 4 });
    assert_eq!(text(&other), document);
    // What is in memory is what is in the file.
    drop(other);
    let other = Library::open(&scratch.path().join("other")).unwrap();
    assert_eq!(text(&other), document);
    let again = other.load(&mut document.as_bytes()).unwrap();
    assert_eq!(again, Loaded { recordings: 3, songs_added: 0, songs_known: 3, blobs: 4 });
    assert_eq!(text(&other), document, "a second time changes nothing");
    let found = other.check(crate::check::Check::ALL).unwrap();
    assert!(found.iter().all(|finding| !finding.problem.contains("not there")), "{found:?}");
}

#[test]
fn the_document_has_what_both_know_and_the_rest_stays() {
    let scratch = Scratch::new("exchange_merge");
    let library = full(&scratch);
    let path: PathBuf = scratch.path().join("music/z.mp3");
    let before = library.catalogue().song_at(&path).unwrap().clone();
    let document = text(&library);
    library
        .touch(&[Pattern::new(path.to_str().unwrap(), Slashes::Ordinary).unwrap()], &Touch::default(), 9999)
        .unwrap();
    library.put_blob(BlobKind::Mood, "fine", b"other").unwrap();
    library.put_blob(BlobKind::Mood, "mine", b"mine").unwrap();
    library.add_attributes(&["mine"]).unwrap();
    library.load(&mut document.as_bytes()).unwrap();
    assert_eq!(*library.catalogue().song_at(&path).unwrap(), before);
    assert_eq!(library.blob(BlobKind::Mood, "fine").unwrap(), b"artist =~ /x/");
    assert_eq!(library.blob(BlobKind::Mood, "mine").unwrap(), b"mine");
    assert!(library.catalogue().attribute("mine").is_some());
}

#[test]
fn what_is_no_document_is_refused_with_its_place_and_changes_nothing() {
    let scratch = Scratch::new("exchange_bad");
    let library = full(&scratch);
    let before = text(&library);
    let refused = |document: &str, parts: &[&str]| {
        let error = library.load(&mut document.as_bytes()).unwrap_err();
        let mut text = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            text = format!("{text}: {cause}");
        }
        for part in parts {
            assert!(text.contains(part), "'{part}' in '{text}'");
        }
    };
    refused("", &["line 1"]);
    refused("{}", &["tidegate_radio_library"]);
    refused("{\"tidegate_radio_library\": 9}", &["later version"]);
    refused("{\"tidegate_radio_library\": 1,\n\"songs\": []}", &["unknown field `songs`", "line 2"]);
    refused(
        "{\"tidegate_radio_library\": 1, \"recordings\": [\n{\"content_hash\": \"00\", \"added_s\": 1}]}",
        &["64 hex", "line 2"],
    );
    refused("{\"tidegate_radio_library\": 1, \"attributes\": [\"new\", \"a/b\"]}", &["'a/b' cannot be a name"]);
    let file = "{\"path\": \"relative\", \"size_bytes\": 1, \"modified_ns\": 1, \"format\": \"mp3\", \"duration_ms\": 1, \
                \"bitrate_kbit\": 1, \"frequency_hz\": 1, \"channels\": 1}";
    let hash = "0".repeat(64);
    let recording = format!("{{\"content_hash\": \"{hash}\", \"added_s\": 1, \"files\": [{file}]}}");
    refused(
        &format!("{{\"tidegate_radio_library\": 1, \"recordings\": [{recording}]}}"),
        &["'relative': is not absolute"],
    );
    for paths in ["\"roots\": [\"/m\", \"\"]", "\"roots\": [{\"hex\": \"ff\"}]"] {
        refused(&format!("{{\"tidegate_radio_library\": 1, {paths}}}"), &["is not absolute"]);
    }
    let former = format!("{{\"content_hash\": \"{hash}\", \"added_s\": 1, \"former_paths\": [\"x\"]}}");
    refused(&format!("{{\"tidegate_radio_library\": 1, \"recordings\": [{former}]}}"), &["'x': is not absolute"]);
    let file = "{\"path\": \"y\", \"size_bytes\": 1, \"modified_ns\": 1, \"reason\": \"\"}";
    refused(&format!("{{\"tidegate_radio_library\": 1, \"refused_files\": [{file}]}}"), &["'y': is not absolute"]);
    assert_eq!(text(&library), before);
}

#[test]
fn directories_within_others_are_the_same_in_any_order() {
    let scratch = Scratch::new("exchange_roots");
    for (name, roots) in [("one", "\"/m/a\", \"/m\", \"/n\""), ("two", "\"/n\", \"/m\", \"/m/a\"")] {
        let library = Library::open(&scratch.path().join(name)).unwrap();
        library.load(&mut format!("{{\"tidegate_radio_library\": 1, \"roots\": [{roots}]}}").as_bytes()).unwrap();
        assert_eq!(library.roots().unwrap(), [PathBuf::from("/m"), PathBuf::from("/n")]);
    }
}

#[test]
fn an_end_that_cannot_be_written_is_an_error() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let scratch = Scratch::new("exchange_full");
    let library = Library::open(&scratch.path().join("library")).unwrap();
    assert!(matches!(library.export(&mut Full), Err(ExchangeError::Write(_))));
}

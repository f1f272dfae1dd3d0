//! Each thing that can be wrong is found, and nothing else.

use std::fs;
use std::ops::ControlFlow;

use super::*;
use crate::change::BlobKind;
use crate::import::ImportOptions;
use crate::testing::{Scratch, mp3};

fn library(scratch: &Scratch) -> Library {
    let library = Library::open(&scratch.path().join("library")).unwrap();
    let music = scratch.path().join("music");
    fs::create_dir_all(&music).unwrap();
    for (name, sound) in [("a", 1), ("b", 2), ("c", 3)] {
        fs::write(music.join(format!("{name}.mp3")), mp3(sound, &[])).unwrap();
    }
    import(&library, &music);
    library
}

fn import(library: &Library, path: &std::path::Path) {
    library.import(&[path.to_owned()], &ImportOptions::new(1), &mut |_| ControlFlow::Continue(())).unwrap();
}

/// The findings in words, without the scratch directory's name.
fn found(library: &Library, scratch: &Scratch, checks: &[Check]) -> Vec<String> {
    let findings = library.check(checks).unwrap();
    let music = format!("{}/", scratch.path().join("music").display());
    findings.iter().map(|finding| finding.to_string().replace(&music, "")).collect()
}

#[test]
fn a_library_in_order_has_no_findings() {
    let scratch = Scratch::new("check_order");
    let library = library(&scratch);
    library.put_blob(BlobKind::Mood, "fine", b"year < 1960").unwrap();
    let path = scratch.path().join("music/a.mp3");
    library.put_blob(BlobKind::Playlist, "fine", format!("#EXTM3U\n{}\n", path.display()).as_bytes()).unwrap();
    assert_eq!(found(&library, &scratch, Check::ALL), [""; 0]);
}

#[test]
fn every_check_is_in_the_table() {
    assert_eq!(Check::ALL, TABLE.iter().map(|(check, _)| *check).collect::<Vec<_>>());
}

#[test]
fn what_is_wrong_with_files_is_named_with_its_remedy() {
    let scratch = Scratch::new("check_files");
    let library = library(&scratch);
    let music = scratch.path().join("music");
    fs::write(music.join("noise.mp3"), "noise").unwrap();
    fs::remove_file(music.join("b.mp3")).unwrap();
    import(&library, &music);
    fs::remove_file(music.join("a.mp3")).unwrap();
    fs::write(music.join("c.mp3"), mp3(3, &[("TIT2", "new")])).unwrap();
    let id = library.catalogue().song_at(&music.join("c.mp3")).unwrap().id;
    library.failed(id, "it ends early").unwrap();
    let found = found(&library, &scratch, &[Check::Files]);
    assert_eq!(found.len(), 5, "{found:#?}");
    for (finding, beginning) in found.iter().zip([
        "problem: a.mp3: its file is gone; import its directory again",
        "note: c.mp3: its file changed since it was read; import",
        "problem: c.mp3: it ends early; it is not chosen",
        "note: noise.mp3: no audio in the first",
        "note: 1 recordings: they have no file any more",
    ]) {
        assert!(finding.starts_with(beginning), "{finding}");
    }
}

#[test]
fn what_is_wrong_with_names_is_named_with_its_remedy() {
    let scratch = Scratch::new("check_names");
    let library = library(&scratch);
    let music = scratch.path().join("music");
    library.add_attributes(&["unused"]).unwrap();
    library.put_blob(BlobKind::Mood, "bad", b"broken").unwrap();
    library.put_blob(BlobKind::Mood, "lost", b"is_set(\"unusd\")").unwrap();
    library.put_blob(BlobKind::Mood, "worse", b"ab\xff").unwrap();
    library.put_blob(BlobKind::Playlist, "empty", b"\n").unwrap();
    fs::rename(music.join("a.mp3"), music.join("z.mp3")).unwrap();
    import(&library, &music);
    let list = format!("{0}/a.mp3\n{0}/none.mp3\nb.mp3\n", music.display());
    library.put_blob(BlobKind::Playlist, "mixed", list.as_bytes()).unwrap();
    let found = found(&library, &scratch, &[Check::Attributes, Check::Moods, Check::Playlists]);
    assert_eq!(
        found,
        [
            "note: attribute 'unused': no song has it; `setatt unused+ PATTERN` gives it to songs, `rmatt unused` removes it",
            "problem: mood 'bad': line 1, column 1: found \"broken\", expected a keyword; put a right one with `addmood bad`",
            "problem: mood 'lost': line 1, column 8: no attribute is called \"unusd\"; did you mean unused?; `addatt unusd`, or put a right one with `addmood lost`",
            "problem: mood 'worse': byte 2 is no UTF-8; put a right one with `addmood worse`",
            "note: playlist 'empty': it is empty; `rmpl empty` removes it",
            "note: playlist 'mixed': a.mp3 is z.mp3 now; it is played; write the new path into the playlist at leisure",
            "problem: playlist 'mixed': none.mp3 is not in the library; it is skipped; `add none.mp3` if it is there, or remove the line",
            "problem: playlist 'mixed': b.mp3 is not an absolute path; a playlist has one absolute path a line",
        ]
    );
}

#[test]
fn remedies_can_be_given_as_they_are_written() {
    let scratch = Scratch::new("check_quotes");
    let library = library(&scratch);
    library.add_attributes(&["late night", "a*b"]).unwrap();
    library.put_blob(BlobKind::Mood, "it's", b"broken").unwrap();
    library.put_blob(BlobKind::Mood, "lost", b"is_set(\"so so\")").unwrap();
    library.put_blob(BlobKind::Playlist, "what [live]?", b"\n").unwrap();
    library.put_blob(BlobKind::Playlist, "x", b"/no such/a b.mp3\n").unwrap();
    let found = found(&library, &scratch, &[Check::Attributes, Check::Moods, Check::Playlists]).join("\n");
    let commands: Vec<Vec<String>> =
        found.split('`').skip(1).step_by(2).map(|command| shell_words::split(command).unwrap()).collect();
    let expected: [&[&str]; 9] = [
        &["setatt", "late night+", "PATTERN"],
        &["rmatt", "late night"],
        &["setatt", "a*b+", "PATTERN"],
        &["rmatt", r"a\*b"],
        &["addmood", "it's"],
        &["addatt", "so so"],
        &["addmood", "lost"],
        &["rmpl", r"what \[live]\?"],
        &["add", "/no such/a b.mp3"],
    ];
    assert_eq!(commands, expected, "{found}");
}

#[test]
fn damage_of_the_file_is_found() {
    let scratch = Scratch::new("check_damage");
    let library = library(&scratch);
    let rename = "UPDATE song SET recording_id = 99 WHERE id = 1";
    library
        .read(|connection| {
            connection.pragma_update(None, "foreign_keys", false)?;
            connection.execute(rename, ())
        })
        .unwrap();
    let found = found(&library, &scratch, &[Check::Database]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("1 rows of the table song belong to nothing"), "{found:?}");
}

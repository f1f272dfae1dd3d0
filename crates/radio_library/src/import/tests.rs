//! Imports of directories that change.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::{Arc, Mutex};

use super::*;
use crate::attributes::AttributeChange;
use crate::change::What;
use crate::pattern::{Pattern, Slashes};
use crate::song::{Song, Tags};
use crate::testing::{Scratch, mp3};

/// A library, a directory of music, and all changes.
struct Bench {
    scratch: Scratch,
    library: Library,
    changes: Arc<Mutex<Vec<Change>>>,
}

impl Bench {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        fs::create_dir(scratch.path().join("music")).unwrap();
        let library = Library::open(&scratch.path().join("library")).unwrap();
        let changes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&changes);
        let snapshot = library.subscribe(move |changes| sink.lock().unwrap().extend_from_slice(changes));
        assert!(snapshot.songs.is_empty());
        Self { scratch, library, changes }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join("music").join(name)
    }

    /// Writes a file that sounds like `sound` and has this title.
    fn write(&self, name: &str, sound: u64, title: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, mp3(sound, &[("TIT2", title), ("TPE1", "Artist")])).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to).parent().unwrap()).unwrap();
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn import(&self) -> ImportSummary {
        self.import_with(&ImportOptions::new(1000))
    }

    fn import_with(&self, options: &ImportOptions) -> ImportSummary {
        self.library.import(&[self.path("")], options, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    fn song(&self, name: &str) -> Arc<Song> {
        Arc::clone(self.library.catalogue().song_at(&self.path(name)).unwrap_or_else(|| panic!("no song {name}")))
    }

    fn names(&self) -> Vec<String> {
        let prefix = self.path("");
        let catalogue = self.library.catalogue();
        catalogue.songs().map(|song| song.path.strip_prefix(&prefix).unwrap().display().to_string()).collect()
    }

    fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.changes.lock().unwrap())
    }

    /// The same library as a process after this one sees it.
    fn reopened(self) -> Self {
        let Self { scratch, library, changes } = self;
        let before: Vec<_> = library.catalogue().songs().cloned().collect();
        drop(library);
        let library = Library::open(&scratch.path().join("library")).unwrap();
        let after: Vec<_> = library.catalogue().songs().cloned().collect();
        assert_eq!(before, after, "what is in memory is what is in the file");
        Self { scratch, library, changes }
    }
}

fn pattern(path: &Path) -> [Pattern; 1] {
    [Pattern::new(path.to_str().unwrap(), Slashes::Ordinary).unwrap()]
}

/// (added, renamed, updated, replaced, refused, removed)
fn counts(summary: &ImportSummary) -> [u64; 6] {
    [summary.added, summary.renamed, summary.updated, summary.replaced, summary.refused, summary.removed]
}

#[test]
fn files_become_songs_with_what_their_tags_and_frames_say() {
    let bench = Bench::new("become_songs");
    let tags = [
        ("TIT2", "Title"),
        ("TPE1", "Artist"),
        ("TPE2", "Band"),
        ("TALB", "Album"),
        ("TDRC", "1999-02-03"),
        ("TCON", "Jazz"),
        ("TRCK", "3/12"),
        ("TPOS", "2"),
        ("TCOM", "Composer\0Another"),
    ];
    fs::write(bench.path("a.mp3"), mp3(1, &tags)).unwrap();
    bench.write("sub/b.MP3", 2, "B");
    fs::write(bench.path("cover.jpg"), "no audio").unwrap();
    let summary = bench.import();
    assert_eq!(counts(&summary), [2, 0, 0, 0, 0, 0]);
    assert_eq!(bench.names(), ["a.mp3", "sub/b.MP3"]);
    let song = bench.song("a.mp3");
    let Tags { artist, album_artist, title, album, year, date, genre, track, disc, .. } = &song.tags;
    assert_eq!(
        [artist, album_artist, title, album, date, genre],
        ["Artist", "Band", "Title", "Album", "1999-02-03", "Jazz"]
    );
    let others = song.tags.others.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    assert_eq!(others, ["Composer=Composer", "Composer=Another"]);
    assert_eq!((*year, *track, *disc), (Some(1999), Some(3), Some(2)));
    assert_eq!(
        (song.technical.format.as_str(), song.technical.frequency_hz, song.technical.bitrate_kbit),
        ("mp3", 44_100, 128)
    );
    assert_eq!(song.technical.duration_ms, 261);
    assert_eq!(song.statistics.added_s, 1000);
    assert!(matches!(&bench.take_changes()[..], [Change::Roots, Change::Added(_), Change::Added(_)]));
    assert_eq!(bench.library.roots().unwrap(), [bench.path("").components().collect::<PathBuf>()]);
    bench.reopened();
}

#[test]
fn what_did_not_change_is_not_read_again() {
    let bench = Bench::new("not_read_again");
    bench.write("a.mp3", 1, "A");
    bench.write("b.mp3", 2, "B");
    fs::write(bench.path("bad.mp3"), "no audio at all").unwrap();
    assert_eq!(counts(&bench.import()), [2, 0, 0, 0, 1, 0]);
    bench.take_changes();
    let summary = bench.import();
    assert!(!summary.changed(), "{summary:?}");
    assert_eq!(summary.seen, 3);
    assert!(bench.take_changes().is_empty());
    assert_eq!(bench.library.refused_files().unwrap()[0].path, bench.path("bad.mp3"));

    let lazy = ImportOptions { effort: Effort::Lazy, ..ImportOptions::new(1000) };
    bench.write("a.mp3", 1, "Another title");
    assert!(!bench.import_with(&lazy).changed());
    assert_eq!(bench.song("a.mp3").tags.title, "A");
    let force = ImportOptions { effort: Effort::Force, ..ImportOptions::new(1000) };
    assert_eq!(counts(&bench.import_with(&force)), [0, 0, 2, 0, 1, 0]);
    assert_eq!(bench.song("a.mp3").tags.title, "Another title");

    bench.write("bad.mp3", 3, "mended");
    assert_eq!(counts(&bench.import()), [1, 0, 0, 0, 0, 0]);
    assert!(bench.library.refused_files().unwrap().is_empty());
}

#[test]
fn a_file_that_is_named_and_cannot_be_played_is_told_each_time() {
    let bench = Bench::new("named_and_refused");
    let never_played = bench.path("never played.mp3");
    let once_a_song = bench.path("once a song.mp3");
    bench.write("once a song.mp3", 1, "A");
    bench.import();
    for path in [&never_played, &once_a_song] {
        fs::write(path, "no audio at all").unwrap();
    }
    assert_eq!(counts(&bench.import()), [0, 0, 0, 0, 2, 0]);
    let named = |path: &Path, effort| {
        let options = ImportOptions { effort, ..ImportOptions::new(1000) };
        counts(&bench.library.import(&[path.to_owned()], &options, &mut |_| ControlFlow::Continue(())).unwrap())
    };
    for path in [&never_played, &once_a_song] {
        assert_eq!(named(path, Effort::Changed), [0, 0, 0, 0, 1, 0], "{}", path.display());
        assert_eq!(named(path, Effort::Lazy), [0; 6], "{}", path.display());
    }
    assert!(!bench.import().changed(), "they are not named now");
}

#[test]
fn a_refused_file_that_is_gone_is_forgotten() {
    let bench = Bench::new("refused_and_gone");
    for name in ["bad.mp3", "worse.mp3"] {
        fs::write(bench.path(name), "no audio at all").unwrap();
    }
    bench.import();
    fs::remove_file(bench.path("bad.mp3")).unwrap();
    bench.import();
    let refused: Vec<_> = bench.library.refused_files().unwrap().into_iter().map(|refused| refused.path).collect();
    assert_eq!(refused, [bench.path("worse.mp3")]);
}

#[test]
fn renamed_and_retagged_songs_keep_what_is_known_about_them() {
    let bench = Bench::new("renamed");
    bench.write("a.mp3", 1, "A");
    bench.import();
    let id = bench.song("a.mp3").id;
    bench.library.played(id, 5000).unwrap();
    bench.library.add_attributes(&["calm"]).unwrap();
    let calm = AttributeChange::parse("calm+").unwrap();
    bench.library.set_attributes(&[calm], &pattern(&bench.path("a.mp3"))).unwrap();
    let known = bench.song("a.mp3");

    bench.rename("a.mp3", "deep/er/b.mp3");
    bench.take_changes();
    assert_eq!(counts(&bench.import()), [0, 1, 0, 0, 0, 0]);
    let song = bench.song("deep/er/b.mp3");
    assert_eq!((song.id, &song.statistics, &song.attributes), (id, &known.statistics, &known.attributes));
    assert!(matches!(&bench.take_changes()[..], [Change::Changed { what: What::File, .. }]));
    assert_eq!(bench.library.resolve(&bench.path("a.mp3")).unwrap().unwrap().id, id, "its old path still leads to it");

    bench.write("deep/er/b.mp3", 1, "A longer title");
    assert_eq!(counts(&bench.import()), [0, 0, 1, 0, 0, 0]);
    let song = bench.song("deep/er/b.mp3");
    assert_eq!((song.id, song.statistics.play_count), (id, 1));
    assert_eq!(song.tags.title, "A longer title");
    bench.reopened();
}

#[test]
fn a_song_that_goes_and_comes_back_is_known() {
    let bench = Bench::new("comes_back");
    bench.write("a.mp3", 1, "A");
    bench.write("b.mp3", 2, "B");
    bench.import();
    bench.library.played(bench.song("a.mp3").id, 5000).unwrap();
    let id = bench.song("a.mp3").id;
    fs::remove_file(bench.path("a.mp3")).unwrap();
    bench.take_changes();
    assert_eq!(counts(&bench.import()), [0, 0, 0, 0, 0, 1]);
    assert_eq!(bench.take_changes(), [Change::Removed(id)]);
    assert_eq!(bench.names(), ["b.mp3"]);

    let bench = bench.reopened();
    bench.write("again.mp3", 1, "A");
    bench.import();
    let song = bench.song("again.mp3");
    assert_ne!(song.id, id, "numbers are not used again");
    assert_eq!((song.statistics.play_count, song.statistics.added_s), (1, 1000));

    fs::remove_file(bench.path("again.mp3")).unwrap();
    bench.import();
    assert_eq!(bench.library.forget().unwrap(), 1);
    bench.write("again.mp3", 1, "A");
    bench.import();
    assert_eq!(bench.song("again.mp3").statistics.play_count, 0);
}

#[test]
fn files_that_sound_the_same_share_what_is_known() {
    let bench = Bench::new("same_sound");
    bench.write("a.mp3", 1, "On the album");
    bench.write("b.mp3", 1, "On the best of");
    assert_eq!(counts(&bench.import()), [2, 0, 0, 0, 0, 0]);
    assert_ne!(bench.song("a.mp3").id, bench.song("b.mp3").id);
    bench.take_changes();
    let id = bench.song("b.mp3").id;
    bench.library.played(id, 5000).unwrap();
    let changes = bench.take_changes();
    assert_eq!(changes.len(), 2);
    for change in changes {
        assert!(matches!(change, Change::Changed { song, what } if (song.id == id) == (what == What::Played)));
    }
    assert_eq!(bench.song("b.mp3").statistics, bench.song("a.mp3").statistics);
    assert_eq!(bench.song("b.mp3").tags.title, "On the best of");
    assert_eq!(bench.library.history(10).unwrap().len(), 1);

    // A third one is no renaming while both others are there; it is one once one of them is gone.
    bench.write("c.mp3", 1, "C");
    assert_eq!(counts(&bench.import()), [1, 0, 0, 0, 0, 0]);
    bench.rename("b.mp3", "d.mp3");
    assert_eq!(counts(&bench.import()), [0, 1, 0, 0, 0, 0]);
    assert_eq!(bench.names(), ["a.mp3", "c.mp3", "d.mp3"]);
    bench.reopened();
}

#[test]
fn a_file_that_is_changed_in_place_keeps_what_was_known_unless_another_still_sounds_so() {
    let bench = Bench::new("in_place");
    bench.write("a.mp3", 1, "A");
    bench.import();
    bench.library.played(bench.song("a.mp3").id, 5000).unwrap();
    bench.write("a.mp3", 2, "A, louder");
    assert_eq!(counts(&bench.import()), [0, 0, 0, 1, 0, 0]);
    assert_eq!(bench.song("a.mp3").statistics.play_count, 1);

    bench.write("copy.mp3", 2, "copy");
    bench.import();
    bench.write("a.mp3", 3, "something else");
    bench.import();
    assert_eq!(bench.song("a.mp3").statistics.play_count, 0);
    assert_eq!(bench.song("copy.mp3").statistics.play_count, 1);
    bench.reopened();
}

#[test]
fn songs_that_change_places_keep_what_is_known_about_what_is_heard() {
    let bench = Bench::new("change_places");
    bench.write("a.mp3", 1, "one");
    bench.write("b.mp3", 2, "two, longer");
    bench.import();
    bench.library.played(bench.song("a.mp3").id, 5000).unwrap();
    bench.rename("a.mp3", "c");
    bench.rename("b.mp3", "a.mp3");
    bench.rename("c", "b.mp3");
    assert_eq!(counts(&bench.import()), [0, 0, 0, 2, 0, 0]);
    assert_eq!(bench.song("b.mp3").statistics.play_count, 1);
    assert_eq!(bench.song("b.mp3").tags.title, "one");
    assert_eq!(bench.song("a.mp3").statistics.play_count, 0);
    bench.reopened();
}

#[test]
fn a_song_whose_file_breaks_has_a_fault_until_it_is_mended() {
    let bench = Bench::new("fault");
    bench.write("a.mp3", 1, "A");
    bench.import();
    bench.library.played(bench.song("a.mp3").id, 5000).unwrap();
    fs::write(bench.path("a.mp3"), "not any more").unwrap();
    assert_eq!(counts(&bench.import()), [0, 0, 0, 0, 1, 0]);
    assert!(bench.song("a.mp3").fault.as_ref().unwrap().contains("no audio"));
    assert!(!bench.import().changed(), "it is not read again before it changes");
    bench.write("a.mp3", 1, "mended");
    bench.import();
    assert_eq!((bench.song("a.mp3").fault.clone(), bench.song("a.mp3").statistics.play_count), (None, 1));

    bench.library.failed(bench.song("a.mp3").id, "it ends in the middle").unwrap();
    assert_eq!(bench.song("a.mp3").fault.as_deref(), Some("it ends in the middle"));
    bench.reopened();
}

#[test]
fn what_cannot_be_read_is_named_and_its_songs_are_kept() {
    let bench = Bench::new("unreadable");
    bench.write("open/a.mp3", 1, "A");
    bench.write("closed/b.mp3", 2, "B");
    symlink(bench.path(""), bench.path("open/loop")).unwrap();
    symlink(bench.path("nowhere.mp3"), bench.path("dangling.mp3")).unwrap();
    let problems = |summary: &ImportSummary| summary.problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    let summary = bench.import();
    assert_eq!(summary.added, 2);
    assert_eq!(summary.problem_count, 2, "{:?}", problems(&summary));
    assert!(problems(&summary)[0].contains("dangling.mp3: "), "{:?}", problems(&summary));
    assert!(problems(&summary)[1].contains("open/loop: leads back to "), "{:?}", problems(&summary));

    // Root may read everything, so this shows something to others only.
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(bench.path("closed"), fs::Permissions::from_mode(0o0)).unwrap();
        let summary = bench.import();
        fs::set_permissions(bench.path("closed"), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(problems(&summary).iter().any(|problem| problem.contains("closed: ")), "{:?}", problems(&summary));
        assert_eq!(summary.removed, 0);
    }
}

#[test]
fn a_disk_that_is_not_mounted_removes_nothing() {
    let bench = Bench::new("unmounted");
    bench.write("a.mp3", 1, "A");
    bench.import();
    fs::remove_file(bench.path("a.mp3")).unwrap();
    let summary = bench.import();
    assert_eq!((summary.removed, summary.problem_count), (0, 1));
    assert!(
        summary.problems[0].to_string().contains("is empty, but the library has 1 songs"),
        "{}",
        summary.problems[0]
    );
    fs::remove_dir(bench.path("")).unwrap();
    let summary = bench.library.rescan(&ImportOptions::new(1), &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(summary.problems[0].to_string().contains("is not there"), "{}", summary.problems[0]);
    assert_eq!(bench.library.catalogue().len(), 1);
    let error =
        bench.library.import(&[bench.path("other")], &ImportOptions::new(1), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(error, Err(LibraryError::File { .. })));
}

#[test]
fn files_that_are_named_themselves_are_read_whatever_they_end_in() {
    let bench = Bench::new("named");
    bench.write("song", 1, "A");
    bench.write("other", 2, "B");
    assert_eq!(bench.import().seen, 0);
    let options = ImportOptions { remember: false, ..ImportOptions::new(1) };
    let summary = bench.library.import(&[bench.path("song")], &options, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(counts(&summary), [1, 0, 0, 0, 0, 0]);
    let all = ImportOptions { selection: Selection::All, ..ImportOptions::new(1) };
    assert_eq!(counts(&bench.import_with(&all)), [1, 0, 0, 0, 0, 0]);
    assert!(!bench.import().changed(), "songs with other names are not missing");
}

#[test]
fn a_stopped_import_goes_on_where_it_was() {
    let bench = Bench::new("stopped");
    for number in 0..50 {
        bench.write(&format!("{number:02}.mp3"), number, "x");
    }
    let options = ImportOptions::new(1);
    let summary = bench.library.import(&[bench.path("")], &options, &mut |progress| match progress {
        Progress::Found { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(summary.unwrap().stopped);
    assert_eq!(bench.import().added, 50);
    assert_eq!(bench.library.catalogue().len(), 50);
}

#[test]
fn roots_within_others_are_not_kept_twice() {
    let bench = Bench::new("roots");
    bench.write("one/a.mp3", 1, "A");
    bench.write("two/b.mp3", 2, "B");
    let import = |name: &str| {
        let options = ImportOptions::new(1);
        bench.library.import(&[bench.path(name)], &options, &mut |_| ControlFlow::Continue(())).unwrap();
        bench.library.roots().unwrap()
    };
    assert_eq!(import("one"), [bench.path("one")]);
    assert_eq!(import("two/"), [bench.path("one"), bench.path("two")]);
    let all: PathBuf = bench.path("").components().collect();
    assert_eq!(import(""), std::slice::from_ref(&all));
    assert_eq!(import("one/../two"), std::slice::from_ref(&all));
    bench.library.forget_root(&all).unwrap();
    assert!(bench.library.roots().unwrap().is_empty());
    assert_eq!(bench.library.catalogue().len(), 2);
}

#[test]
fn bytes_that_are_no_text_are_a_path_all_the_same() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::new("bytes");
    let path = bench.path("").join(OsStr::from_bytes(b"caf\xe9.mp3"));
    fs::write(&path, mp3(1, &[])).unwrap();
    bench.import();
    assert!(bench.library.catalogue().song_at(&path).is_some());
    assert!(!bench.import().changed());
    bench.reopened();
}

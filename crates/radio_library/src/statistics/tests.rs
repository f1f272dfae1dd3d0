//! What is known about songs, as people change it.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;

use super::*;
use crate::attributes::AttributeChange;
use crate::import::ImportOptions;
use crate::pattern::Slashes;
use crate::stickers::StickerSubject;
use crate::testing::{Scratch, mp3};

/// A library of `a.mp3`, `b.mp3` and `c/d.mp3`, and what it tells.
struct Bench {
    scratch: Scratch,
    library: Library,
    changes: Arc<Mutex<Vec<Change>>>,
}

impl Bench {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let music = scratch.path().join("m");
        fs::create_dir_all(music.join("c")).unwrap();
        for (name, sound) in [("a.mp3", 1), ("b.mp3", 2), ("c/d.mp3", 3)] {
            fs::write(music.join(name), mp3(sound, &[])).unwrap();
        }
        let library = Library::open(&scratch.path().join("library")).unwrap();
        library.import(&[music], &ImportOptions::new(1), &mut |_| ControlFlow::Continue(())).unwrap();
        let changes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&changes);
        assert_eq!(library.subscribe(move |changes| sink.lock().unwrap().extend_from_slice(changes)).songs.len(), 3);
        Self { scratch, library, changes }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join("m").join(name)
    }

    fn song(&self, name: &str) -> Arc<Song> {
        Arc::clone(self.library.catalogue().song_at(&self.path(name)).unwrap())
    }

    /// Patterns below the directory.
    fn patterns(&self, names: &[&str]) -> Vec<Pattern> {
        names.iter().map(|name| Pattern::new(self.path(name).to_str().unwrap(), Slashes::Ordinary).unwrap()).collect()
    }

    fn set(&self, changes: &[&str], names: &[&str]) -> Result<Vec<Arc<Song>>, LibraryError> {
        let changes: Vec<_> = changes.iter().map(|change| AttributeChange::parse(change).unwrap()).collect();
        self.library.set_attributes(&changes, &self.patterns(names))
    }

    /// Names of the attributes of a song.
    fn attributes(&self, name: &str) -> Vec<String> {
        let song = self.song(name);
        let catalogue = self.library.catalogue();
        song.attributes.iter().map(|id| catalogue.attributes()[id].clone()).collect()
    }

    fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.changes.lock().unwrap())
    }
}

/// What is in memory is what is in the file.
impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let stored = self.library.read(store::songs::all_songs).unwrap();
        let catalogue = self.library.catalogue();
        assert_eq!(stored.len(), catalogue.len());
        for song in stored {
            assert_eq!(song, **catalogue.song(song.id).unwrap());
        }
    }
}

fn names(patterns: &[&str]) -> Vec<Pattern> {
    patterns.iter().map(|pattern| Pattern::new(pattern, Slashes::Ordinary).unwrap()).collect()
}

#[test]
fn a_played_song_is_counted_and_remembered() {
    let bench = Bench::new("played");
    let (a, b) = (bench.song("a.mp3").id, bench.song("b.mp3").id);
    bench.library.played(a, 10).unwrap();
    bench.library.played(b, 20).unwrap();
    bench.library.played(a, 30).unwrap();
    let statistics = &bench.song("a.mp3").statistics;
    assert_eq!((statistics.play_count, statistics.last_played_s), (2, Some(30)));
    let changes = bench.take_changes();
    assert!(
        matches!(&changes[..], [Change::Changed { what: What::Played, song }, _, _] if song.id == a),
        "{changes:?}"
    );
    let history = bench.library.history(2).unwrap();
    assert_eq!(
        history.iter().map(|played| (played.song.as_ref().unwrap().id, played.played_s)).collect::<Vec<_>>(),
        [(a, 30), (b, 20)]
    );
    assert!(matches!(bench.library.played(SongId(99), 1), Err(LibraryError::NoSuchSong(_))));
}

#[test]
fn touch_sets_what_it_is_told_and_plays_once_without() {
    let bench = Bench::new("touch");
    let touched = bench.library.touch(&bench.patterns(&["a.mp3"]), &Touch::default(), 77).unwrap();
    assert_eq!(touched.len(), 1);
    let song = bench.song("a.mp3");
    assert_eq!((song.statistics.play_count, song.statistics.last_played_s), (1, Some(77)));
    assert!(bench.library.history(9).unwrap().is_empty(), "it was not heard");

    let image = bench.library.put_blob(BlobKind::Image, "cover", b"x").unwrap();
    let touch = Touch {
        play_count: Some(5),
        last_played_s: Some(0),
        image: Some(image),
        amplification: Some(7),
        ..Touch::default()
    };
    bench.take_changes();
    assert_eq!(bench.library.touch(&bench.patterns(&["*"]), &touch, 1).unwrap().len(), 3);
    assert_eq!(bench.take_changes().len(), 3);
    let song = bench.song("c/d.mp3");
    assert_eq!((song.statistics.play_count, song.statistics.last_played_s), (5, None));
    assert_eq!((song.image, song.lyrics, song.statistics.amplification), (Some(image), None, 7));
    bench.library.touch(&bench.patterns(&["*"]), &touch, 1).unwrap();
    assert!(bench.take_changes().is_empty(), "nothing is different");

    bench.library.touch(&bench.patterns(&["a.mp3"]), &Touch { image: Some(0), ..Touch::default() }, 1).unwrap();
    assert_eq!(bench.song("a.mp3").image, None);
    let wrong = Touch { lyrics: Some(99), ..Touch::default() };
    let error = bench.library.touch(&bench.patterns(&["*"]), &wrong, 1).unwrap_err();
    assert_eq!(error.to_string(), "there is no lyrics '99'");
    let error = bench.library.touch(&bench.patterns(&["*", "x*"]), &touch, 1).unwrap_err();
    assert!(error.to_string().starts_with("nothing matches '") && error.to_string().ends_with("/x*'"), "{error}");
}

#[test]
fn information_is_copied_as_far_as_it_is_wanted() {
    let bench = Bench::new("cpsi");
    bench.library.add_attributes(&["calm", "loud"]).unwrap();
    bench.set(&["calm+"], &["a.mp3"]).unwrap();
    bench.set(&["loud+"], &["b.mp3"]).unwrap();
    let lyrics = bench.library.put_blob(BlobKind::Lyrics, "words", b"x").unwrap();
    let touch = Touch { play_count: Some(5), last_played_s: Some(50), lyrics: Some(lyrics), ..Touch::default() };
    bench.library.touch(&bench.patterns(&["a.mp3"]), &touch, 1).unwrap();
    let nothing =
        CopySelection { attributes: false, image: false, lyrics: false, last_played: false, play_count: false };
    let some = CopySelection { play_count: true, ..nothing };
    bench.library.copy_information(&bench.path("a.mp3"), &bench.patterns(&["b.mp3"]), some).unwrap();
    let song = bench.song("b.mp3");
    assert_eq!((song.statistics.play_count, song.statistics.last_played_s, song.lyrics), (5, None, None));
    assert_eq!(bench.attributes("b.mp3"), ["loud"]);
    bench.library.copy_information(&bench.path("a.mp3"), &bench.patterns(&["*"]), CopySelection::ALL).unwrap();
    for name in ["b.mp3", "c/d.mp3"] {
        let song = bench.song(name);
        assert_eq!(
            (song.statistics.play_count, song.statistics.last_played_s, song.lyrics),
            (5, Some(50), Some(lyrics))
        );
        assert_eq!(bench.attributes(name), ["calm"]);
    }
    let error = bench.library.copy_information(&bench.path("x"), &bench.patterns(&["*"]), some).unwrap_err();
    assert!(matches!(error, LibraryError::NoSuchSong(_)));
}

#[test]
fn removed_songs_are_gone_and_their_numbers_not_given_again() {
    let bench = Bench::new("remove");
    let ids: Vec<_> = ["a.mp3", "b.mp3"].map(|name| bench.song(name).id).into();
    assert_eq!(bench.library.remove(&bench.patterns(&["?.mp3"])).unwrap().len(), 2);
    assert_eq!(bench.take_changes(), ids.iter().copied().map(Change::Removed).collect::<Vec<_>>());
    assert_eq!(bench.library.catalogue().len(), 1);
    assert!(bench.path("a.mp3").exists());
    bench.library.import(&[bench.path("")], &ImportOptions::new(1), &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(!ids.contains(&bench.song("a.mp3").id));
}

#[test]
fn there_are_as_many_attributes_as_somebody_wants() {
    let bench = Bench::new("attributes");
    let all: Vec<String> = (0..200).map(|number| format!("attribute {number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(bench.library.add_attributes(&all).unwrap().len(), 200);
    assert!(bench.library.add_attributes(&all).unwrap().is_empty());
    let changes: Vec<String> = all.iter().map(|name| format!("{name}+")).collect();
    bench.set(&changes.iter().map(String::as_str).collect::<Vec<_>>(), &["a.mp3"]).unwrap();
    assert_eq!(bench.attributes("a.mp3"), all);
    assert!(bench.song("a.mp3").attributes.is_sorted());

    bench.set(&["attribute 7-", "attribute 8-", "attribute 8+"], &["a.mp3"]).unwrap();
    assert!(!bench.attributes("a.mp3").contains(&"attribute 7".to_owned()));
    assert!(bench.attributes("a.mp3").contains(&"attribute 8".to_owned()));
    bench.library.rename_attribute("attribute 8", "eight").unwrap();
    assert!(bench.attributes("a.mp3").contains(&"eight".to_owned()));

    bench.take_changes();
    let removed = bench.library.remove_attributes(&names(&["attribute 1*"])).unwrap();
    assert_eq!(removed.len(), 111);
    let changes = bench.take_changes();
    assert!(
        matches!(&changes[..], [Change::Changed { what: What::Attributes, .. }, Change::AttributeTable(table)] if table.len() == 89),
        "the song first, then the table: {changes:?}"
    );
    assert_eq!(bench.attributes("a.mp3").len(), 88);
    assert_eq!(bench.library.attribute_counts().iter().filter(|(_, _, songs)| *songs == 1).count(), 88);
}

#[test]
fn attributes_that_are_none_are_named() {
    let bench = Bench::new("attributes_wrong");
    bench.library.add_attributes(&["instrumental", "calm"]).unwrap();
    let refused = |result: Result<(), LibraryError>, text: &str| assert_eq!(result.unwrap_err().to_string(), text);
    refused(
        bench.set(&["instrumentel+"], &["*"]).map(drop),
        "there is no attribute 'instrumentel'; did you mean 'instrumental'?",
    );
    refused(bench.set(&["xyz+"], &["*"]).map(drop), "there is no attribute 'xyz'");
    refused(bench.library.rename_attribute("calm", "instrumental"), "there is an attribute 'instrumental' already");
    refused(bench.library.remove_attributes(&names(&["q*"])).map(drop), "nothing matches 'q*'");
    for name in ["", "a\nb", "a/b"] {
        assert!(matches!(bench.library.add_attributes(&["fine", name]), Err(LibraryError::BadName { .. })));
    }
    assert!(bench.library.catalogue().attribute("fine").is_none(), "all or none");
    assert!(AttributeChange::parse("calm").is_none() && AttributeChange::parse("+").is_none());
}

#[test]
fn blobs_of_every_kind_are_added_listed_renamed_and_removed() {
    let bench = Bench::new("blobs");
    for kind in BlobKind::ALL {
        let id = bench.library.put_blob(kind, "one", b"1").unwrap();
        bench.library.put_blob(kind, "two", b"\0\xff").unwrap();
        assert_eq!(bench.library.put_blob(kind, "one", b"changed").unwrap(), id);
        assert_eq!(bench.library.blob(kind, "one").unwrap(), b"changed");
        assert_eq!(bench.library.blob_of(kind, id).unwrap(), b"changed");
        let listed = bench.library.blobs(kind, &[]).unwrap();
        assert_eq!(
            listed.iter().map(|blob| (blob.name.as_str(), blob.length_bytes)).collect::<Vec<_>>(),
            [("one", 7), ("two", 2)]
        );
        assert_eq!(bench.library.blobs(kind, &names(&["t*"])).unwrap().len(), 1);

        bench.take_changes();
        bench.library.rename_blob(kind, "one", "three").unwrap();
        let told = ["one", "three"].map(|name| Change::Blob { kind, name: name.to_owned() });
        assert_eq!(bench.take_changes(), told);
        assert_eq!(bench.library.blob_of(kind, id).unwrap(), b"changed");
        assert!(matches!(bench.library.rename_blob(kind, "two", "three"), Err(LibraryError::NameTaken { .. })));
        let error = bench.library.blob(kind, "thre").unwrap_err();
        assert_eq!(error.to_string(), format!("there is no {kind} 'thre'; did you mean 'three'?"));
        assert!(bench.library.remove_blobs(kind, &[]).unwrap().is_empty(), "nothing was named");
        assert_eq!(bench.library.remove_blobs(kind, &names(&["*"])).unwrap().len(), 2);
        assert!(bench.library.blobs(kind, &[]).unwrap().is_empty());
        assert!(bench.library.put_blob(kind, "again", b"").unwrap() > id, "numbers are not given again");
    }
}

#[test]
fn songs_lose_an_image_that_is_removed() {
    let bench = Bench::new("image_removed");
    let image = bench.library.put_blob(BlobKind::Image, "cover", b"x").unwrap();
    let touch = Touch { image: Some(image), ..Touch::default() };
    bench.library.touch(&bench.patterns(&["a.mp3"]), &touch, 1).unwrap();
    bench.take_changes();
    bench.library.remove_blobs(BlobKind::Image, &names(&["cover"])).unwrap();
    assert_eq!(bench.song("a.mp3").image, None);
    assert!(matches!(&bench.take_changes()[..], [Change::Changed { what: What::Blobs, .. }, Change::Blob { .. }]));
}

#[test]
fn playlists_are_paths_in_order_with_those_that_are_missing() {
    let bench = Bench::new("playlist");
    let content = b"#EXTM3U\n/m/b.mp3\r\n\n/m/a.mp3\n/m/b.mp3\n/m/\xff".to_vec();
    bench.library.put_blob(BlobKind::Playlist, "list", &content).unwrap();
    use std::os::unix::ffi::OsStrExt;
    let paths = bench.library.playlist("list").unwrap();
    let bytes: Vec<_> = paths.iter().map(|path| path.as_os_str().as_bytes()).collect();
    assert_eq!(bytes, [&b"/m/b.mp3"[..], b"/m/a.mp3", b"/m/b.mp3", b"/m/\xff"]);
}

#[test]
fn stickers_stay_with_what_is_heard() {
    let bench = Bench::new("stickers");
    let subject = StickerSubject::Song(bench.song("a.mp3").id);
    bench.library.set_sticker(subject, "rating", "8").unwrap();
    bench.library.set_sticker(subject, "rating", "9").unwrap();
    bench.library.set_sticker(subject, "note", "x").unwrap();
    assert_eq!(bench.take_changes(), vec![Change::Sticker; 3]);
    fs::rename(bench.path("a.mp3"), bench.path("z.mp3")).unwrap();
    bench.library.import(&[bench.path("")], &ImportOptions::new(1), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(bench.library.sticker(subject, "rating").unwrap().as_deref(), Some("9"));
    let pairs = [("note", "x"), ("rating", "9")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(bench.library.stickers(subject).unwrap(), pairs);
    let found = bench.library.songs_with_sticker("rating").unwrap();
    assert_eq!((found.len(), found[0].1.as_str(), &found[0].0.path), (1, "9", &bench.path("z.mp3")));

    let album = StickerSubject::Other { kind: "Album", name: "Post" };
    bench.library.set_sticker(album, "rating", "7").unwrap();
    assert_eq!(bench.library.others_with_sticker("Album", "rating").unwrap(), [("Post".to_owned(), "7".to_owned())]);
    assert_eq!(bench.library.sticker_names().unwrap(), ["note", "rating"]);
    assert_eq!(bench.library.remove_sticker(subject, Some("none")).unwrap(), 0);
    assert_eq!(bench.library.remove_sticker(subject, None).unwrap(), 2);
    assert_eq!(bench.library.remove_sticker(album, Some("rating")).unwrap(), 1);
    assert!(bench.library.sticker_names().unwrap().is_empty());
    let long = "x".repeat(crate::limits::STICKER_BYTES_MAX + 1);
    assert!(matches!(bench.library.set_sticker(album, "a", &long), Err(LibraryError::StickerTooLarge { .. })));
}

#[test]
fn settings_outlast_what_is_open() {
    let bench = Bench::new("settings");
    assert_eq!(bench.library.setting("selected").unwrap(), None);
    bench.library.set_setting("selected", "m/fine").unwrap();
    bench.library.set_setting("selected", "p/list").unwrap();
    assert_eq!(bench.library.setting("selected").unwrap().as_deref(), Some("p/list"));
}

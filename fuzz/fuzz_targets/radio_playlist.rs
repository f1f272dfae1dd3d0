//! A playlist of any bytes: its paths are its lines but for comments and empty ones, and what a song's turn is follows from it alone.
//! Input: the playlist, and which songs are played.
#![no_main]

mod song;

use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use radio_library::change::{Change, What};
use radio_library::choice::{Choice, Mode, Playlist};
use radio_library::song::{Song, SongId};
use song::song;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (text, played) = input;
    let playlist = Playlist::parse(text);
    let lines = playlist.paths().iter().map(|path| path.as_os_str().as_bytes());
    assert!(lines.clone().all(|line| !line.is_empty() && !line.starts_with(b"#") && !line.contains(&b'\n')));
    let written: Vec<u8> = lines.flat_map(|line| [line, b"\r\n"].concat()).collect();
    assert_eq!(Playlist::parse(&written), playlist);

    let songs: Vec<Arc<Song>> = (0..)
        .zip(playlist.paths())
        .take(8)
        .map(|(number, path)| Arc::new(Song { id: SongId(number), path: path.clone(), ..song("", 0) }))
        .collect();
    let mut choice = Choice::new(1, songs.iter().cloned(), Arc::default());
    let mode = Mode::Playlist { name: "p".to_owned(), playlist };
    choice.select(mode).expect("a playlist names no attribute");
    for number in played {
        let expected = choice.upcoming(&[], 3, 0);
        let Some(song) = songs.get(usize::from(*number)) else { continue };
        choice.apply(&Change::Changed { song: Arc::clone(song), what: What::Played });
        if let [first, second, third] = &expected[..]
            && first.id == song.id
        {
            let next: Vec<_> = choice.upcoming(&[], 2, 0).iter().map(|song| song.id).collect();
            assert_eq!(next, [second.id, third.id], "what was said is what comes");
        }
        assert!(choice.admissible_count() >= expected.len().min(1));
    }
});

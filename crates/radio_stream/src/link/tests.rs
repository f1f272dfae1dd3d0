//! The framing, and both ends over a real socket pair.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;

use super::*;
use crate::limits::{MESSAGE_BYTES_MAX, PAGE_ENTRIES_MAX, PATH_BYTES_MAX, TITLE_BYTES_MAX};

fn song(path: &str) -> Song {
    Song { id: 7, path: PathBuf::from(path), title: "Artist - Title".to_owned(), duration_ms: 1234 }
}

#[test]
fn a_path_that_is_no_text_survives() {
    let path = PathBuf::from(OsString::from_vec(b"/music/\xff\xfe.mp3".to_vec()));
    let odd = Song { path, ..song("") };
    let message = ToStream::Request { id: 1, request: Request::Add { songs: vec![odd, song("/a\n")], position: None } };
    let mut frames = Frames::default();
    frames.receive(&encode(&message).unwrap());
    assert_eq!(frames.next_message::<ToStream>().unwrap(), Some(message));
}

#[test]
fn a_part_lasts_as_long_as_there_is_a_song() {
    for (start_ms, end_ms, expected) in
        [(0, None, 100), (30, Some(70), 40), (30, Some(170), 70), (30, None, 70), (130, None, 0), (130, Some(140), 0)]
    {
        assert_eq!(Part { start_ms, end_ms }.duration_ms(100), expected, "{start_ms} to {end_ms:?}");
    }
}

#[test]
fn the_longest_page_fits_into_a_message() {
    let worst = Song {
        id: i64::MIN,
        path: PathBuf::from(OsString::from_vec(vec![0xff; PATH_BYTES_MAX])),
        title: "\u{1}".repeat(TITLE_BYTES_MAX),
        duration_ms: u64::MAX,
    };
    let entry = Entry {
        id: EntryId(u32::MAX),
        song: worst,
        origin: Origin::Chosen,
        priority: u8::MAX,
        part: Some(Part { start_ms: u64::MAX, end_ms: Some(u64::MAX) }),
        version: u32::MAX,
    };
    let answer = Answer::Queue {
        entries: vec![(u32::MAX, entry); PAGE_ENTRIES_MAX],
        version: u32::MAX,
        length: u32::MAX,
        more_from: Some(u32::MAX),
    };
    encode(&ToLibrary::Answer { id: u64::MAX, result: Ok(answer) }).unwrap();
}

#[test]
fn messages_arrive_in_any_pieces() {
    let messages: Vec<ToStream> =
        (0..20).map(|id| ToStream::Request { id, request: Request::Jump { percent: 50 } }).collect();
    let bytes: Vec<u8> = messages.iter().flat_map(|message| encode(message).unwrap()).collect();
    for size in [1, 2, 3, 7, 64, bytes.len()] {
        let mut frames = Frames::default();
        let mut received = Vec::new();
        for piece in bytes.chunks(size) {
            frames.receive(piece);
            while let Some(message) = frames.next_message::<ToStream>().unwrap() {
                received.push(message);
            }
        }
        assert_eq!(received, messages, "in pieces of {size}");
    }
}

#[test]
fn a_length_above_the_limit_is_refused_before_its_bytes_come() {
    let mut frames = Frames::default();
    let length = u32::try_from(MESSAGE_BYTES_MAX + 1).unwrap();
    frames.receive(&length.to_be_bytes());
    assert!(matches!(frames.next_message::<ToStream>(), Err(LinkError::TooLong { .. })));
}

#[test]
fn nonsense_is_refused() {
    for body in [&b"{"[..], b"[]", br#"{"message":"request","id":1,"request":{"request":"fly"}}"#] {
        let mut frames = Frames::default();
        frames.receive(&u32::try_from(body.len()).unwrap().to_be_bytes());
        frames.receive(body);
        assert!(matches!(frames.next_message::<ToStream>(), Err(LinkError::Malformed(_))));
    }
}

type Received<T> = mpsc::Receiver<Result<T, LinkError>>;

/// Both ends; what the stream side receives, and what the library side is told.
fn pair() -> (StreamEnd, LibraryEnd, Received<ToStream>, Received<Event>) {
    let (near, far) = UnixStream::pair().unwrap();
    let (sender, received) = mpsc::channel();
    let stream = StreamEnd::start(near, move |message| drop(sender.send(message))).unwrap();
    let (sender, happened) = mpsc::channel();
    let library = LibraryEnd::start(far, move |event| drop(sender.send(event))).unwrap();
    (stream, library, received, happened)
}

#[test]
fn requests_are_answered_and_events_told() {
    let (stream, library, received, happened) = pair();
    let (sender, answers) = mpsc::channel();
    for request in [Request::Play, Request::Pause] {
        let sender = sender.clone();
        library.request(request, move |answer| drop(sender.send(answer)));
    }
    for (number, expected) in [(1, Request::Play), (2, Request::Pause)] {
        let message = received.recv().unwrap().unwrap();
        assert_eq!(message, ToStream::Request { id: number, request: expected });
    }
    stream.send(&ToLibrary::Event { event: Event::SongsWanted { count: 3 } }).unwrap();
    stream.send(&ToLibrary::Answer { id: 2, result: Err(Refusal::NothingCurrent) }).unwrap();
    stream.send(&ToLibrary::Answer { id: 1, result: Ok(Answer::Done) }).unwrap();
    assert_eq!(happened.recv().unwrap().unwrap(), Event::SongsWanted { count: 3 });
    assert_eq!(answers.recv().unwrap(), Err(RequestError::Refused(Refusal::NothingCurrent)));
    assert_eq!(answers.recv().unwrap(), Ok(Answer::Done));
}

#[test]
fn whoever_waits_hears_of_the_end() {
    let (stream, library, received, happened) = pair();
    let (sender, answers) = mpsc::channel();
    library.request(Request::Play, move |answer| drop(sender.send(answer)));
    received.recv().unwrap().unwrap();
    drop(stream);
    assert_eq!(answers.recv().unwrap(), Err(RequestError::Lost));
    assert!(happened.recv().unwrap().is_err());
    assert!(received.recv().unwrap().is_err());
    assert_eq!(library.ask(Request::Play), Err(RequestError::Lost));
    assert!(library.command_ended(1, 0).is_err());
}

#[test]
fn a_peer_that_does_not_read_is_given_up_and_holds_nobody_up() {
    let (near, _far) = UnixStream::pair().unwrap();
    let end = StreamEnd::start(near, |_| {}).unwrap();
    let event = ToLibrary::Event { event: Event::Command { call: 1, arguments: vec!["x".repeat(1 << 20)] } };
    let refused = (0..100).find_map(|_| end.send(&event).err());
    assert!(matches!(refused, Some(LinkError::Stuck { .. })), "{refused:?}");
    assert!(matches!(end.send(&event), Err(LinkError::Gone)));
}

//! The stream side as a whole: files, station, http sender and link, in real time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};

use control::State;
use radio_stream::link::{
    Answer, EndReason, Event, LibraryEnd, LinkError, Playback, Refusal, Request, RequestError, Song,
};
use radio_stream::senders::{SenderSettings, http, udp};
use radio_stream::station::StationSettings;
use radio_stream::stream_side::{CommandReply, StreamSettings, StreamSide};
use reactor::clock::Duration;

/// A folder with songs that goes away.
struct Music(PathBuf);

impl Music {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("radio-stream-side-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A song of mp3 frames, which says its name in each of them; 38 frames play for a second.
    fn song(&self, name: char, frames: usize) -> (Song, Vec<u8>) {
        let mut frame = vec![0xff, 0xfb, 0x90, 0x44];
        frame.resize(36, 0);
        frame.resize(417, u8::try_from(name).unwrap());
        let bytes = frame.repeat(frames);
        let path = self.0.join(format!("{name}.mp3"));
        std::fs::write(&path, &bytes).unwrap();
        (Song { id: i64::from(u32::from(name)), path, title: name.to_string(), duration_ms: 0 }, bytes)
    }
}

impl Drop for Music {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn stream_side() -> (StreamSide, SocketAddr) {
    let socket = http::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = socket.local_addr().unwrap();
    let senders =
        SenderSettings { http: Some(http::HttpSettings::new(vec![socket])), udp: Some(udp::UdpSettings::default()) };
    let station = StationSettings { songs_ahead: 2, ..StationSettings::default() };
    (StreamSide::start(StreamSettings { station, senders, ..StreamSettings::default() }).unwrap(), address)
}

/// A library side that hears of everything.
fn library(stream_side: &StreamSide) -> (LibraryEnd, Receiver<Result<Event, LinkError>>) {
    let (near, far) = UnixStream::pair().unwrap();
    stream_side.attach(near);
    let (sender, events) = channel();
    let library = LibraryEnd::start(far, move |event| drop(sender.send(event))).unwrap();
    assert_eq!(library.ask(Request::Subscribe), Ok(Answer::Done));
    (library, events)
}

/// The next event of which something can be made.
fn next<T>(events: &Receiver<Result<Event, LinkError>>, pick: impl Fn(Event) -> Option<T>) -> T {
    loop {
        let event = events.recv_timeout(Duration::from_secs(60)).expect("an event comes").expect("the link stands");
        if let Some(picked) = pick(event) {
            return picked;
        }
    }
}

fn wanted(event: Event) -> Option<u32> {
    if let Event::SongsWanted { count } = event { Some(count) } else { None }
}

fn listen(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    stream
}

/// The next bytes of a stream; those of the head come first.
fn hear(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

fn skip_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(hear(stream, 1));
    }
}

#[test]
fn songs_reach_a_listener_frame_for_frame_and_the_library_side_hears_of_them() {
    let music = Music::new("songs");
    let ((a, a_bytes), (b, b_bytes)) = (music.song('a', 50), music.song('b', 40));
    let gone = Song { path: music.0.join("gone.mp3"), ..a.clone() };
    let (stream_side, address) = stream_side();
    let mut listener = listen(address);
    let (library, events) = library(&stream_side);
    assert_eq!(next(&events, wanted), 2);
    let add = Request::Add { songs: vec![a.clone(), gone, b.clone()], position: None };
    assert!(matches!(library.ask(add), Ok(Answer::Added { ids }) if ids.len() == 3));
    library.ask(Request::Play).unwrap();
    skip_head(&mut listener);
    let expected = [a_bytes, b_bytes].concat();
    assert!(hear(&mut listener, expected.len()) == expected);
    let mut story = Vec::new();
    while story.len() < 4 {
        story.push(next(&events, |event| match event {
            Event::Began { song, .. } => Some(format!("{} began", song.title)),
            Event::Ended { song, reason: EndReason::Finished, played_ms, .. } => {
                Some(format!("{} ended {played_ms}", song.title))
            }
            Event::Failed { message, .. } => Some(message),
            _ => None,
        }));
    }
    story.sort_by_key(|line| !line.contains("gone.mp3"));
    assert!(story[0].contains("gone.mp3: ") && story[0].contains("No such file"), "{story:?}");
    assert_eq!(story[1..], ["a began", "a ended 1306", "b began"]);
    assert!(State::of(&*stream_side.state(), "senders/http/listeners").unwrap().to_string().starts_with('1'));
    stream_side.stop();
    assert_eq!(listener.read(&mut [0]).unwrap(), 0);
    assert!(events.iter().any(|event| event.is_err()), "the library side sees the end");
}

#[test]
fn a_library_side_that_is_gone_is_not_heard_and_the_next_one_is_told_everything() {
    let music = Music::new("gone");
    let ((a, a_bytes), (b, b_bytes)) = (music.song('a', 60), music.song('b', 60));
    let (stream_side, address) = stream_side();
    let (first, events) = library(&stream_side);
    first.ask(Request::Ahead { songs: vec![a, b], replace: false }).unwrap();
    first.ask(Request::Play).unwrap();
    let mut listener = listen(address);
    skip_head(&mut listener);
    hear(&mut listener, 417);
    first.close();
    assert!(events.iter().any(|event| event.is_err()));
    assert_eq!(first.ask(Request::Next), Err(RequestError::Lost));
    let expected = [&a_bytes[417..], &b_bytes].concat();
    assert!(hear(&mut listener, expected.len()) == expected, "both songs are heard without a library side");
    let (second, events) = library(&stream_side);
    assert_eq!(next(&events, wanted), 2);
    assert!(
        next(&events, |event| if let Event::Status { status } = event { Some(status) } else { None }).songs_begun >= 2
    );
    drop(second);
    stream_side.stop();
}

/// Says what it is told.
struct Reply(Sender<String>, bool);

impl CommandReply for Reply {
    fn output(&mut self, text: &str) -> bool {
        self.1 && self.0.send(text.to_owned()).is_ok()
    }

    fn ended(self: Box<Self>, status: u8) {
        let _ = self.0.send(format!("ended {status}"));
    }
}

#[test]
fn control_commands_go_to_the_library_side_and_their_output_comes_back() {
    let (stream_side, _) = stream_side();
    let (sender, said) = channel();
    let give = |words: &str, interested: bool| {
        stream_side.command(vec![words.to_owned()], Box::new(Reply(sender.clone(), interested)));
    };
    give("early", true);
    assert!(said.recv().unwrap().contains("not there"));
    assert_eq!(said.recv().unwrap(), "ended 1");
    let (library, events) = library(&stream_side);
    let call = |events: &Receiver<_>| {
        next(
            events,
            |event| if let Event::Command { call, arguments } = event { Some((call, arguments)) } else { None },
        )
    };
    give("ls", true);
    let (number, arguments) = call(&events);
    assert_eq!(arguments, ["ls"]);
    library.command_output(number, "one\n".into()).unwrap();
    library.command_ended(number, 2).unwrap();
    assert_eq!((said.recv().unwrap(), said.recv().unwrap()), ("one\n".to_owned(), "ended 2".to_owned()));
    give("stat", false);
    let (number, _) = call(&events);
    library.command_output(number, "x\n".into()).unwrap();
    let cancelled = next(&events, |event| if let Event::CommandCancelled { call } = event { Some(call) } else { None });
    assert_eq!(cancelled, number);
    give("stat", true);
    call(&events);
    library.close();
    assert!(said.recv().unwrap().contains("has ended"));
    assert_eq!(said.recv().unwrap(), "ended 1");
    stream_side.stop();
}

#[test]
fn requests_from_within_are_answered_and_threads_give_signs_of_life() {
    let (mut stream_side, address) = stream_side();
    let sender = |words: &[&str]| Request::Sender { arguments: words.iter().map(ToString::to_string).collect() };
    let Ok(Answer::Text { text }) = stream_side.ask(sender(&[])) else { panic!("no list") };
    assert!(text.contains(&address.to_string()) && text.lines().count() == 2, "{text}");
    let Ok(Answer::Text { text }) = stream_side.ask(sender(&["udp", "help"])) else { panic!("no help") };
    assert!(text.contains("sender udp add TARGET"), "{text}");
    let Err(Refusal::Sender { problem }) = stream_side.ask(sender(&["dccp"])) else { panic!("there is none") };
    assert_eq!(problem, "there is no sender \"dccp\"; there is http, udp");
    let Err(Refusal::Sender { problem }) = stream_side.ask(sender(&["http", "fly"])) else { panic!("it does not") };
    assert!(problem.contains("allow NETWORK, deny NETWORK"), "{problem}");
    assert_eq!(stream_side.status().unwrap().playback, Playback::Stopped);
    for _ in 0..4 {
        let quiet = (0..100_000).find(|_| {
            // An answer is behind the question for a sign of life; the senders may need another moment.
            stream_side.ask(Request::Status).unwrap();
            stream_side.silent_threads().is_empty()
        });
        assert!(quiet.is_some(), "each thread gives signs of life");
    }
    stream_side.stop();
}

//! The sender over real sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use radio_media::Container;

use super::*;
use crate::piece::{SentChunk, StreamInfo};

struct Station {
    sender: Box<dyn Sender>,
    address: SocketAddr,
}

impl Station {
    fn new(change: impl FnOnce(&mut HttpSettings)) -> Self {
        let socket = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = socket.local_addr().unwrap();
        let mut http = HttpSettings::new(vec![socket]);
        change(&mut http);
        let sender = start(&mut SenderSettings { http: Some(http), ..SenderSettings::default() }).unwrap().unwrap();
        Self { sender, address }
    }

    fn begin(&mut self, id: u32, container: Container) {
        let header = if container == Container::Ogg { b"HEADER".to_vec() } else { Vec::new() };
        let title = format!("song {id}");
        self.sender.piece(&Piece::Begin(Arc::new(StreamInfo { id, format: "x", container, title, header })));
    }

    fn chunk(&mut self, bytes: &[u8]) {
        let chunk = SentChunk { stream: 1, bytes: bytes.to_vec(), start_ns: 0, duration_ns: 100_000_000 };
        self.sender.piece(&Piece::Chunk(Arc::new(chunk)));
    }

    /// A connection that has asked.
    fn ask(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// The whole answer to a request that does not lead to a stream.
    fn answer(&self, request: &str) -> String {
        let mut text = String::new();
        self.ask(request).read_to_string(&mut text).unwrap();
        text
    }

    /// Waits for something that another thread does, and goes on doing something that moves it.
    fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        for _ in 0..100_000 {
            if done(self) {
                return;
            }
            std::thread::yield_now();
        }
        panic!("{what} did not happen");
    }

    fn listeners(&self) -> u32 {
        self.sender.status().listeners
    }
}

/// The head, and as many bytes of the stream.
fn hear(stream: &mut TcpStream, count: usize) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let mut body = vec![0; count];
    stream.read_exact(&mut body).unwrap();
    (String::from_utf8(head).unwrap(), body)
}

const GET: &str = "GET / HTTP/1.1\r\nHost: radio\r\n\r\n";

#[test]
fn listeners_hear_the_stream_from_a_chunk_on() {
    let mut station = Station::new(|_| {});
    station.begin(1, Container::Ogg);
    station.chunk(b"first");
    let mut early = station.ask(GET);
    let (head, body) = hear(&mut early, 11);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("Content-Type: audio/ogg\r\n"), "{head}");
    assert_eq!(body, b"HEADERfirst");
    station.chunk(b"second");
    let mut more = [0; 6];
    early.read_exact(&mut more).unwrap();
    assert_eq!(&more, b"second");
    station.sender.stop();
    assert_eq!(early.read(&mut more).unwrap(), 0);
}

#[test]
fn whoever_comes_before_the_music_waits_for_it() {
    let mut station = Station::new(|_| {});
    let mut early = station.ask(GET);
    let mut family = station.ask("GET /mp3 HTTP/1.0\r\n\r\n");
    station.until("the family's listener", |station| station.listeners() == 1);
    assert!(station.answer("HEAD / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 503 "));
    station.begin(1, Container::Mp3);
    station.chunk(b"music");
    for stream in [&mut early, &mut family] {
        assert_eq!(hear(stream, 5).1, b"music");
    }
    assert!(station.answer("HEAD / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 "));
    station.sender.stop();
}

#[test]
fn another_container_ends_the_default_mount_and_not_the_others() {
    let mut station = Station::new(|_| {});
    station.begin(1, Container::Mp3);
    station.chunk(b"mp3");
    let (mut default, mut family) = (station.ask(GET), station.ask("GET /mp3 HTTP/1.1\r\n\r\n"));
    hear(&mut default, 3);
    hear(&mut family, 3);
    station.begin(2, Container::Ogg);
    station.chunk(b"ogg");
    let mut rest = Vec::new();
    default.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    assert!(hear(&mut station.ask(GET), 9).0.contains("audio/ogg"));
    station.begin(3, Container::Mp3);
    station.chunk(b"again");
    let mut more = [0; 5];
    family.read_exact(&mut more).unwrap();
    assert_eq!(&more, b"again");
    station.sender.stop();
}

#[test]
fn requests_that_cannot_be_answered_are_told_why() {
    let mut station = Station::new(|_| {});
    station.begin(1, Container::Mp3);
    for (request, status) in [
        ("GET /nothing HTTP/1.1\r\n\r\n".to_owned(), "404"),
        ("DELETE / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde".to_owned(), "405"),
        ("hello\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/3.0\r\n\r\n".to_owned(), "505"),
        (format!("GET / HTTP/1.1\r\nCookie: {}\r\n\r\n", "x".repeat(100_000)), "431"),
        ("OPTIONS / HTTP/1.1\r\n\r\n".to_owned(), "204"),
    ] {
        let answer = station.answer(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
    }
    assert_eq!(station.listeners(), 0);
    station.sender.stop();
}

#[test]
fn access_limits_and_the_switch_hold_for_new_and_old_listeners() {
    let mut station = Station::new(|settings| settings.clients_max = Some(1));
    station.begin(1, Container::Mp3);
    station.chunk(b"music");
    let mut listener = station.ask(GET);
    hear(&mut listener, 5);
    assert!(station.answer(GET).starts_with("HTTP/1.1 503 "), "one is the most");
    let command = |station: &mut Station, words: &[&str]| {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        station.sender.command(&words).unwrap()
    };
    command(&mut station, &["deny", "127.0.0.0/8"]).unwrap();
    assert_eq!(listener.read(&mut [0]).unwrap_or(0), 0, "its network is denied");
    assert!(station.answer(GET).starts_with("HTTP/1.1 403 "));
    command(&mut station, &["allow", "127.0.0.1"]).unwrap();
    let mut listener = station.ask(GET);
    hear(&mut listener, 5);
    assert!(command(&mut station, &["deny", "everybody"]).unwrap_err().contains("10.0.0.0/8"));
    assert!(command(&mut station, &["deny"]).unwrap_err().contains("one argument"));
    station.sender.switch(false);
    assert_eq!(listener.read(&mut [0]).unwrap_or(0), 0);
    assert!(station.answer(GET).starts_with("HTTP/1.1 503 "));
    let report = station.sender.report();
    assert!(report.contains("off") && report.contains("deny 127.0.0.0/8"), "{report}");
    station.sender.stop();
}

#[test]
fn a_listener_that_stalls_is_dropped_and_the_others_hear_everything() {
    let mut station = Station::new(|settings| {
        settings.lag = Duration::from_millis(500);
        // Turns come quickly then.
        settings.burst = Duration::from_millis(400);
    });
    station.begin(1, Container::Mp3);
    station.chunk(&[0; 1000]);
    // Its buffer is small, so that it is full soon.
    let small = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    small.set_recv_buffer_size(4096).unwrap();
    small.connect(&station.address.into()).unwrap();
    let mut stalled = TcpStream::from(small);
    stalled.write_all(GET.as_bytes()).unwrap();
    let mut good = station.ask(GET);
    hear(&mut good, 1000);
    station.until("both listen", |station| station.listeners() == 2);
    let mut heard = vec![0; 2_000_000];
    let mut expected = 1_u8;
    // Chunks of 100 ms: the buffers of the stalled one are full some time.
    station.until("one is dropped", |station| {
        station.chunk(&vec![expected; heard.len()]);
        good.read_exact(&mut heard).unwrap();
        assert!(heard.iter().all(|byte| *byte == expected));
        expected = expected.wrapping_add(1);
        station.listeners() == 1
    });
    assert!(station.sender.report().contains("1 dropped as too slow"));
    drop(stalled);
    station.sender.stop();
}

#[test]
fn two_hundred_listeners_leave_at_once_and_one_stays() {
    let mut station = Station::new(|_| {});
    station.begin(1, Container::Mp3);
    station.chunk(b"music");
    let leaving: Vec<TcpStream> = (0..200).map(|_| station.ask(GET)).collect();
    let mut stays = station.ask(GET);
    hear(&mut stays, 5);
    station.until("all listen", |station| station.listeners() == 201);
    drop(leaving);
    station.until("they are gone", |station| station.listeners() == 1);
    station.chunk(b"more");
    let mut more = [0; 4];
    stays.read_exact(&mut more).unwrap();
    assert_eq!(&more, b"more");
    station.sender.stop();
}

#[test]
fn the_thread_is_woken_for_what_changes_and_once_a_second_for_chunks() {
    let chunk = |duration_ns| Piece::Chunk(Arc::new(SentChunk { stream: 1, bytes: vec![], start_ns: 0, duration_ns }));
    let mut attention = Attention::default();
    for _ in 0..2 {
        assert!(attention.is_wanted(&Piece::Silence));
        let wanted: Vec<usize> = (0..34).filter(|_| attention.is_wanted(&chunk(100_000_000))).collect();
        assert_eq!(wanted, [0, 11, 22, 33]);
    }
    assert!((0..3).all(|_| attention.is_wanted(&chunk(3_000_000_000))), "long chunks");
}

#[test]
fn what_waited_in_the_inbox_is_heard_by_the_next_listener() {
    let mut station = Station::new(|_| {});
    station.begin(1, Container::Mp3);
    for number in 0..50 {
        station.chunk(&[number; 1000]);
    }
    let (_, body) = hear(&mut station.ask(GET), 40_000);
    assert!(body.chunks(1000).zip(10..).all(|(chunk, number)| chunk == [number; 1000]), "the last four seconds");
    station.sender.stop();
}

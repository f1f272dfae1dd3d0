//! Absurd requests get an answer or the door, and who listens hears nothing of it.

use std::io::{Read, Write};
use std::net::TcpStream;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;
use reactor::clock::Duration;

use super::stream_station::{PATIENCE, Station, packets, place_of, song, station};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/stream_requests", needs: &[Need::Program("ffmpeg"), Need::Program("curl")], run };

fn run(context: &Context) -> Verdict {
    let folder = context.scratch().path().join("music");
    let path = song(context, &folder, "song.mp3", &["-b:a", "128k"], 4, 440)?;
    let station = station(context, &folder, &[])?;
    let recording = context.scratch().path().join("heard.mp3");
    let mut listener = station.record(context, "/", 10, &recording)?;
    let huge = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(10_000));
    for (request, status) in [
        ("GET /no/such/mount HTTP/1.1\r\n\r\n", "404"),
        ("GET /../../etc/passwd HTTP/1.1\r\n\r\n", "404"),
        ("PUT / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "405"),
        ("SOURCE /mp3 ICE/1.0\r\n\r\n", "505"),
        ("GET / HTTP/9.9\r\n\r\n", "505"),
        ("\0\0\0\0\r\n\r\n", "400"),
        (&huge, "431"),
        (&many, "431"),
        ("OPTIONS / HTTP/1.1\r\n\r\n", "204"),
    ] {
        let answer = ask(&station, request)?;
        let begin: String = request.chars().take(30).collect();
        ensure!(answer.contains(&format!(" {status} ")), "{begin:?}: {answer:?}");
    }
    // Connections that say nothing, or half of something, are left standing.
    let idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(station.address)).collect::<Result<_, _>>()?;
    for (number, mut stream) in idle.iter().enumerate() {
        if number % 2 == 0 {
            stream.write_all(b"GET / HT")?;
        }
    }
    listener.wait(PATIENCE)?;
    let expected = packets(context, &path)?;
    ensure!(place_of(&expected, &packets(context, &recording)?).is_some(), "the listener missed something");
    Ok(())
}

/// Asks, and reads the answer to its end. A server that has had enough may close while we still talk.
fn ask(station: &Station, request: &str) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(station.address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..count]);
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

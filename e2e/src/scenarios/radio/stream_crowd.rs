//! One listener stalls, two hundred leave at once: the others hear everything.

use std::io::{Read, Write};
use std::net::TcpStream;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;

use super::stream_station::{PATIENCE, packets, place_of, song, station};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/stream_crowd", needs: &[Need::Program("ffmpeg"), Need::Program("curl")], run };

fn run(context: &Context) -> Verdict {
    let folder = context.scratch().path().join("music");
    let path = song(context, &folder, "song.mp3", &["-b:a", "128k"], 4, 440)?;
    let station = station(context, &folder, &[])?;
    let recording = context.scratch().path().join("heard.mp3");
    let mut listener = station.record(context, "/mp3", 12, &recording)?;
    let crowd: Vec<TcpStream> = (0..201)
        .map(|_| {
            let mut stream = TcpStream::connect(station.address)?;
            stream.write_all(b"GET /mp3 HTTP/1.1\r\n\r\n")?;
            // Each hears something, and no more: from now on it stalls.
            stream.read_exact(&mut [0; 1000])?;
            Ok(stream)
        })
        .collect::<Result<_, std::io::Error>>()?;
    let mut crowd = crowd.into_iter();
    let stalled = crowd.next();
    drop(crowd);
    listener.wait(PATIENCE)?;
    drop(stalled);
    let expected = packets(context, &path)?;
    let heard = packets(context, &recording)?;
    let twice = [expected.clone(), expected].concat();
    ensure!(
        place_of(&twice, &heard).is_some(),
        "two songs in a row are not whole in the {} packets heard",
        heard.len()
    );
    Ok(())
}

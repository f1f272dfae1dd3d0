//! A file that is deleted while it is played is played to its end, and the station goes on with the next.

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;

use super::stream_station::{PATIENCE, packets, place_of, song, station};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/stream_deleted", needs: &[Need::Program("ffmpeg"), Need::Program("curl")], run };

fn run(context: &Context) -> Verdict {
    let folder = context.scratch().path().join("music");
    let files = [
        song(context, &folder, "one.mp3", &["-b:a", "128k"], 5, 440)?,
        song(context, &folder, "two.mp3", &["-b:a", "128k"], 5, 550)?,
    ];
    let expected = [packets(context, &files[0])?, packets(context, &files[1])?];
    let station = station(context, &folder, &["--no-watch"])?;
    let recording = context.scratch().path().join("heard.mp3");
    let mut listener = station.record(context, "/", 16, &recording)?;
    // Both are known when one of them is heard for a second.
    let mut stream = std::net::TcpStream::connect(station.address)?;
    std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\n\r\n")?;
    std::io::Read::read_exact(&mut stream, &mut vec![0; 20_000])?;
    for file in &files {
        std::fs::remove_file(file)?;
    }
    listener.wait(PATIENCE)?;
    let heard = packets(context, &recording)?;
    ensure!(
        expected.iter().any(|song| place_of(song, &heard) == Some(0)),
        "the deleted song was not played to its end"
    );
    let status = context.run(&["ctl", "-t", "radio", "stat", "-n=1"])?;
    ensure!(status.status == Some(0), "the station does not answer any more: {}", status.error);
    Ok(())
}

//! A udp target that is added at run time hears the song byte for byte, with one packet in ten lost on the way.

use std::net::UdpSocket;

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;
use radio_stream::receiver::{Delivery, Receiver};

use super::stream_station::{PATIENCE, packets, song, station};

pub(super) const SCENARIO: Scenario = Scenario { name: "radio/stream_udp", needs: &[Need::Program("ffmpeg")], run };

fn run(context: &Context) -> Verdict {
    let folder = context.scratch().path().join("music");
    let path = song(context, &folder, "song.ogg", &["-c:a", "libvorbis"], 4, 440)?;
    let station = station(context, &folder, &[])?;
    station.process.wait_for("ready", PATIENCE, |line| (line == "ready").then_some(()))?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let target = format!("{}/1400:16:24", socket.local_addr()?);
    let added = context.run(&["ctl", "-t", "radio", "sender", "udp", "add", &target])?;
    ensure_eq!(added.status, Some(0), "sender udp add: {}", added.error);
    let heard = receive(&socket)?;
    let recording = context.scratch().path().join("heard.ogg");
    std::fs::write(&recording, heard)?;
    ensure_eq!(packets(context, &recording)?, packets(context, &path)?, "packets of one stream");
    let deleted = context.run(&["ctl", "-t", "radio", "sender", "udp", "delete", &socket.local_addr()?.to_string()])?;
    ensure_eq!(deleted.status, Some(0), "sender udp delete: {}", deleted.error);
    Ok(())
}

/// Receives one stream from its beginning to its end, without every tenth packet.
fn receive(socket: &UdpSocket) -> Result<Vec<u8>, Failure> {
    let mut receiver = Receiver::new();
    let mut buffer = [0; 2000];
    let mut stream: Option<Vec<u8>> = None;
    let mut ends = 0;
    for number in 1_u64.. {
        let count = socket.recv(&mut buffer)?;
        if number.is_multiple_of(10) {
            continue;
        }
        receiver.receive(&buffer[..count])?;
        while let Some(delivery) = receiver.next_delivery() {
            match delivery {
                // The first stream was joined in its middle.
                Delivery::Begin(header) if ends > 0 => stream = Some(header.bytes),
                Delivery::Data(bytes) => {
                    if let Some(stream) = &mut stream {
                        stream.extend_from_slice(&bytes);
                    }
                }
                Delivery::Lost(count) => return Err(Failure::new(format!("{count} groups are lost"))),
                Delivery::End => {
                    ends += 1;
                    if let Some(stream) = stream {
                        return Ok(stream);
                    }
                }
                Delivery::Begin(_) => {}
            }
        }
    }
    Err(Failure::new("nothing was received"))
}

//! A station for MPD's clients: songs with tags, and a client that speaks the protocol line by line.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::process::PROMPTLY;

use super::server::{Radio, put_song, start_again, write_users};

/// A song: its path below the music, artist, title, album.
pub(super) const SONGS: [(&str, &str, &str, &str); 3] = [
    ("jazz/so what.mp3", "Miles", "So What", "Blue"),
    ("jazz/all blues.mp3", "Miles", "All Blues", "Blue"),
    ("misterioso.mp3", "Monk", "Misterioso", "Round"),
];

/// A radio that MPD's clients reach, with [`SONGS`] of half a minute each: none ends while a script runs.
pub(super) fn start<'a>(context: &'a Context, options: &[&str]) -> Result<Radio<'a>, Failure> {
    let music = context.scratch().path().join("music");
    std::fs::create_dir_all(music.join("jazz"))?;
    for (number, (path, artist, title, album)) in (1..).zip(SONGS) {
        put_song(&music.join(path), number, 1150)?;
        put_tags(&music.join(path), &[("TPE1", artist), ("TIT2", title), ("TALB", album), ("TDRC", "1959")])?;
    }
    write_users(context, &[])?;
    start_again(context, music, &[&["--mpd", "127.0.0.1:0"], options].concat())
}

/// Puts an ID3v2.4 tag before a file.
pub(super) fn put_tags(path: &Path, tags: &[(&str, &str)]) -> Verdict {
    let mut frames = Vec::new();
    for (name, text) in tags {
        frames.extend_from_slice(name.as_bytes());
        // Seven bits a byte: the texts are shorter than 127.
        frames.extend_from_slice(&[0, 0, 0, u8::try_from(text.len() + 1)?, 0, 0, 3]);
        frames.extend_from_slice(text.as_bytes());
    }
    let mut bytes = b"ID3\x04\0\0\0\0\0".to_vec();
    bytes.push(u8::try_from(frames.len())?);
    bytes.extend(frames);
    bytes.extend(std::fs::read(path)?);
    Ok(std::fs::write(path, bytes)?)
}

/// Where the radio listens for MPD's clients.
pub(super) fn address(radio: &Radio<'_>) -> Result<SocketAddr, Failure> {
    let line = radio
        .process
        .wait_for("mpd ", PROMPTLY, |line| line.strip_prefix("mpd ").map(|rest| rest.trim().to_owned()))?;
    Ok(line.parse()?)
}

/// A client.
pub(super) struct Client(BufReader<TcpStream>);

/// What a command was answered.
#[derive(Debug)]
pub(super) struct Reply {
    /// Names and values, in their order.
    pub(super) pairs: Vec<(String, String)>,
    /// The line that says why it was refused; empty when it was not.
    pub(super) refusal: String,
}

impl Client {
    /// Connects, and hears the greeting.
    pub(super) fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PROMPTLY))?;
        let mut client = Self(BufReader::new(stream));
        let greeting = client.line()?;
        let version = greeting.strip_prefix("OK MPD ").unwrap_or_default();
        let numbers: Vec<Option<u32>> = version.split('.').map(|number| number.parse().ok()).collect();
        // M.A.L.P. takes three numbers and nothing else.
        ensure!(numbers.len() == 3 && numbers.iter().all(Option::is_some), "the greeting: {greeting:?}");
        Ok(client)
    }

    /// Gives a command, or a list of commands, and hears the whole answer.
    pub(super) fn ask(&mut self, command: &str) -> Result<Reply, Failure> {
        self.send(command)?;
        let mut pairs = Vec::new();
        loop {
            let line = self.line()?;
            if line == "OK" {
                return Ok(Reply { pairs, refusal: String::new() });
            }
            if line.starts_with("ACK ") {
                return Ok(Reply { pairs, refusal: line });
            }
            let (name, value) = line.split_once(": ").ok_or_else(|| Failure::new(format!("{command}: {line:?}")))?;
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Gives a command that must not be refused.
    pub(super) fn done(&mut self, command: &str) -> Result<Reply, Failure> {
        let reply = self.ask(command)?;
        ensure!(reply.refusal.is_empty(), "{command}: {}", reply.refusal);
        Ok(reply)
    }

    /// Says something, without waiting for an answer.
    pub(super) fn send(&mut self, command: &str) -> Verdict {
        Ok(self.0.get_mut().write_all(format!("{command}\n").as_bytes())?)
    }

    /// The next line.
    pub(super) fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        ensure!(line.ends_with('\n'), "the connection has ended after {line:?}");
        Ok(line.trim_end_matches('\n').to_owned())
    }
}

impl Reply {
    /// The first value of a name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a name.
    pub(super) fn values(&self, name: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect()
    }
}

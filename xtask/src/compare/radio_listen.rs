//! The listeners of `compare radio-stream`: one thread, so many connections to one mount, counting what comes.
//!
//! It prints a line when all have heard something (or the time for that is over), another one after the seconds in which it
//! measured. Its own work is part of what the machine does, for both sides the same.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use clap::{Arg, ArgMatches, Command, value_parser};
use mio::net::TcpStream;
use mio::{Interest, Token};
use reactor::clock::{self, Duration, Instant};
use reactor::{EventLoop, IdlePolicy};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Comparison;
use crate::task::{TaskError, say};

pub(super) const COMPARISON: Comparison = Comparison { arguments, run };

/// How long after the last connection was begun it is waited for the last one to hear something.
const HEARD_LIMIT: Duration = Duration::from_secs(40);
/// Connections that are begun between two looks at the others.
const BATCH: usize = 50;

fn arguments() -> Command {
    let number = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u64)).required(true).help(help)
    };
    Command::new("radio-listen")
        .about("The load of `compare radio-stream`: many listeners")
        .arg(number("port", "Where the station is, on this machine"))
        .arg(Arg::new("path").long("path").value_name("PATH").default_value("/"))
        .arg(number("listeners", "How many"))
        .arg(number("rate", "Connections begun a second; 0: all at once"))
        .arg(number("seconds", "How long to measure when they are there"))
}

/// One listener.
struct Listener {
    stream: TcpStream,
    begun: Instant,
    asked: bool,
    /// When the first byte after the head of the answer came.
    first_sound: Option<Instant>,
    last_byte: Instant,
    bytes: u64,
    gap_max: Duration,
    closed: bool,
    head: Head,
}

/// How an answer began.
#[derive(Default)]
struct Head {
    /// `HTTP/1.1 200`.
    begin: [u8; 12],
    length: usize,
    /// Bytes of the empty line at its end that have come.
    end: usize,
}

impl Head {
    const END: &[u8] = b"\r\n\r\n";

    /// Takes what came; what is left of it is sound.
    fn take<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        for (place, byte) in bytes.iter().enumerate() {
            if self.end == Self::END.len() {
                return &bytes[place..];
            }
            if let Some(next) = self.begin.get_mut(self.length) {
                *next = *byte;
                self.length += 1;
            }
            self.end = if *byte == Self::END[self.end] { self.end + 1 } else { usize::from(*byte == Self::END[0]) };
        }
        &[]
    }

    fn is_success(&self) -> bool {
        self.begin.ends_with(b"200")
    }
}

/// What a run came to. Times are in microseconds, rates in bit/s.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Heard {
    /// Listeners that were answered 200.
    pub(super) answered: u64,
    /// Those whose first sound came within a second of their connecting.
    pub(super) within_a_second: u64,
    /// Time to the first sound.
    pub(super) first_sound_us_mean: u64,
    pub(super) first_sound_us_max: u64,
    /// Connections that ended while it was measured.
    pub(super) dropped: u64,
    /// What the slowest got.
    pub(super) bits_per_second_min: u64,
    /// The longest time in which somebody got nothing.
    pub(super) gap_us_max: u64,
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let number = |name: &str| matches.get_one::<u64>(name).copied().unwrap_or_default();
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    let port = u16::try_from(number("port"))?;
    let path = matches.get_one::<String>("path").cloned().unwrap_or_default();
    let mut crowd = Crowd::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), &path)?;
    crowd.gather(usize::try_from(number("listeners"))?, number("rate"))?;
    say("gathered");
    let seconds = number("seconds");
    crowd.measure(Duration::from_secs(seconds))?;
    say(serde_json::to_string(&crowd.heard(seconds))?);
    // Whoever started this looks at the station while they are all there still.
    let _ = io::stdin().read(&mut [0]);
    Ok(())
}

struct Crowd {
    event_loop: EventLoop,
    address: SocketAddr,
    request: Vec<u8>,
    listeners: Vec<Listener>,
    buffer: Vec<u8>,
}

impl Crowd {
    fn new(address: SocketAddr, path: &str) -> io::Result<Self> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: radio\r\nUser-Agent: load\r\n\r\n").into_bytes();
        let event_loop = EventLoop::new(IdlePolicy { spin: Duration::ZERO })?;
        Ok(Self { event_loop, address, request, listeners: Vec::new(), buffer: vec![0; 256 << 10] })
    }

    /// Connects them all and waits until each has heard something.
    fn gather(&mut self, count: usize, rate: u64) -> Result<(), TaskError> {
        let start = clock::now();
        while self.listeners.len() < count {
            let passed = start.elapsed().as_micros();
            let due = if rate == 0 { count } else { usize::try_from(passed * u128::from(rate) / 1_000_000)? + 1 };
            for _ in 0..BATCH.min(due.min(count).saturating_sub(self.listeners.len())) {
                self.connect()?;
            }
            let more = self.listeners.len() < due.min(count);
            self.turn(more, clock::now() + Duration::from_millis(1))?;
        }
        let limit = clock::now() + HEARD_LIMIT;
        while self.listeners.iter().any(|listener| listener.first_sound.is_none() && !listener.closed)
            && clock::now() < limit
        {
            self.turn(false, clock::now() + Duration::from_millis(20))?;
        }
        Ok(())
    }

    fn measure(&mut self, time: Duration) -> Result<(), TaskError> {
        let now = clock::now();
        self.listeners.retain(|listener| !listener.closed || listener.first_sound.is_some());
        for listener in &mut self.listeners {
            listener.bytes = 0;
            listener.gap_max = Duration::ZERO;
            listener.last_byte = now;
        }
        let end = now + time;
        while clock::now() < end {
            self.turn(false, end)?;
        }
        for listener in self.listeners.iter_mut().filter(|listener| !listener.closed) {
            listener.gap_max = listener.gap_max.max(end.saturating_duration_since(listener.last_byte));
        }
        Ok(())
    }

    fn connect(&mut self) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        let token = Token(self.listeners.len());
        self.event_loop.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let now = clock::now();
        self.listeners.push(Listener {
            stream,
            begun: now,
            asked: false,
            first_sound: None,
            last_byte: now,
            bytes: 0,
            gap_max: Duration::ZERO,
            closed: false,
            head: Head::default(),
        });
        Ok(())
    }

    fn turn(&mut self, more_to_do: bool, deadline: Instant) -> io::Result<()> {
        let ready: Vec<usize> =
            self.event_loop.turn(more_to_do, Some(deadline))?.iter().map(|event| event.token().0).collect();
        let now = self.event_loop.now();
        for index in ready {
            if let Some(listener) = self.listeners.get_mut(index).filter(|listener| !listener.closed) {
                listener.progress(&self.request, &mut self.buffer, now);
            }
        }
        Ok(())
    }

    fn heard(&self, seconds: u64) -> Heard {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let answered: Vec<&Listener> = self
            .listeners
            .iter()
            .filter(|listener| listener.first_sound.is_some() && listener.head.is_success())
            .collect();
        let first: Vec<u64> = answered
            .iter()
            .filter_map(|listener| Some(micros(listener.first_sound?.saturating_duration_since(listener.begun))))
            .collect();
        let alive = answered.iter().filter(|listener| !listener.closed);
        Heard {
            answered: answered.len() as u64,
            within_a_second: first.iter().filter(|time| **time <= 1_000_000).count() as u64,
            first_sound_us_mean: first.iter().sum::<u64>() / (first.len() as u64).max(1),
            first_sound_us_max: first.iter().copied().max().unwrap_or_default(),
            dropped: answered.iter().filter(|listener| listener.closed).count() as u64,
            bits_per_second_min: alive
                .clone()
                .map(|listener| listener.bytes * 8 / seconds.max(1))
                .min()
                .unwrap_or_default(),
            gap_us_max: alive.map(|listener| micros(listener.gap_max)).max().unwrap_or_default(),
        }
    }
}

impl Listener {
    fn progress(&mut self, request: &[u8], buffer: &mut [u8], now: Instant) {
        if !self.asked {
            match self.stream.write(request) {
                Ok(_) => self.asked = true,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => return,
                Err(_) => self.closed = true,
            }
        }
        loop {
            match self.stream.read(buffer) {
                Ok(0) => self.closed = true,
                Ok(count) => {
                    if self.first_sound.is_none() && !self.head.take(&buffer[..count]).is_empty() {
                        self.first_sound = Some(now);
                    }
                    self.gap_max = self.gap_max.max(now.saturating_duration_since(self.last_byte));
                    self.last_byte = now;
                    self.bytes += count as u64;
                    // Edge-triggered: a short read has emptied it.
                    if count == buffer.len() {
                        continue;
                    }
                    return;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.closed = true,
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_begins_behind_the_head_however_it_is_cut() {
        let answer = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n\r\nsound";
        for cut in 0..answer.len() {
            let mut head = Head::default();
            let sound = [head.take(&answer[..cut]), head.take(&answer[cut..])].concat();
            assert_eq!((sound.as_slice(), head.is_success()), (&b"\r\nsound"[..], true), "cut at {cut}");
        }
    }
}

//! The yardstick of the target: what the kernel's loopback allows one core to serve, with no protocol at all.
//!
//! A request has 72 bytes, a response 24, as many as the capsules of NVMe/TCP; a read is answered with its data behind
//! the response, a write brings its data behind the request. Both sides run on the same event loop as the target, read
//! all that is there, answer all of it with one write, and spin as long before they sleep. What is left out is what is
//! to be measured: parsing, commands, queues, devices.
//!
//! `bare-loop serve` prints its port and serves one connection; `bare-loop drive` keeps requests outstanding on it and
//! prints how many were answered.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use clap::{Arg, ArgMatches, Command, value_parser};
use mio::{Interest, Token};
use reactor::clock::{self, Duration};
use reactor::vectored::{DestinationList, PIECES_MAX, SourceList};
use reactor::{EventLoop, IdlePolicy, affinity};

use super::Comparison;
use crate::task::{TaskError, say};

pub(super) const COMPARISON: Comparison = Comparison { arguments, run };

const REQUEST_BYTES: usize = 72;
const RESPONSE_BYTES: usize = 24;
const DISK_BYTES: usize = 256 << 20;
const RECEIVE_BYTES: usize = 256 * 1024;
const SEND_BYTES: usize = 512 * 1024;

fn arguments() -> Command {
    Command::new("bare-loop")
        .about("The yardstick of `compare target`: a request loop without a protocol")
        .arg(Arg::new("side").value_name("serve|drive").required(true).value_parser(["serve", "drive"]))
        .arg(Arg::new("core").long("core").value_name("CORE").value_parser(value_parser!(usize)).required(true))
        .arg(Arg::new("port").long("port").value_name("PORT").value_parser(value_parser!(u16)).default_value("0"))
        .arg(
            Arg::new("kind")
                .long("kind")
                .value_name("read|write")
                .value_parser(["read", "write"])
                .default_value("read"),
        )
        .arg(Arg::new("size").long("size").value_name("BYTES").value_parser(value_parser!(u32)).default_value("4096"))
        .arg(Arg::new("depth").long("depth").value_name("N").value_parser(value_parser!(u32)).default_value("32"))
        .arg(Arg::new("seconds").long("seconds").value_name("N").value_parser(value_parser!(u64)).default_value("2"))
        .arg(Arg::new("congestion").long("congestion-control").value_name("NAME"))
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    affinity::pin_to_core(matches.get_one("core").copied().unwrap_or(0))?;
    let congestion = matches.get_one::<String>("congestion").map(String::as_str);
    let port = matches.get_one("port").copied().unwrap_or(0);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if matches.get_one::<String>("side").is_some_and(|side| side == "serve") {
        let listener = TcpListener::bind(address)?;
        say(listener.local_addr()?.port());
        let (stream, _) = listener.accept()?;
        return Ok(Server::new(Connection::new(stream, congestion)?).serve()?);
    }
    let plan = Plan {
        is_read: matches.get_one::<String>("kind").is_none_or(|kind| kind == "read"),
        size: matches.get_one("size").copied().unwrap_or(4096),
        depth: matches.get_one("depth").copied().unwrap_or(32),
        time: Duration::from_secs(matches.get_one("seconds").copied().unwrap_or(2)),
    };
    let stream = TcpStream::connect(address)?;
    say(Driver::new(Connection::new(stream, congestion)?, plan).drive()?);
    Ok(())
}

/// A socket on an event loop of its own.
struct Connection {
    stream: mio::net::TcpStream,
    event_loop: EventLoop,
    staging: Vec<u8>,
    readable: bool,
    writable: bool,
}

impl Connection {
    fn new(stream: TcpStream, congestion_control: Option<&str>) -> Result<Self, TaskError> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        if let Some(name) = congestion_control {
            rustix::net::sockopt::set_tcp_congestion(&stream, name)?;
        }
        let event_loop = EventLoop::new(IdlePolicy::DEFAULT)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        event_loop.registry().register(&mut stream, Token(0), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, event_loop, staging: vec![0; RECEIVE_BYTES], readable: true, writable: true })
    }

    /// Waits until there may be something to do.
    fn wait(&mut self, output_pending: bool) -> io::Result<()> {
        let more_to_do = self.readable || (self.writable && output_pending);
        for event in self.event_loop.turn(more_to_do, None)? {
            self.readable |= event.is_readable() || event.is_read_closed();
            self.writable |= event.is_writable();
        }
        Ok(())
    }

    /// Receives into `place`, then into the staging buffer. `None`: nothing there; 0: the other side has closed.
    fn receive(&mut self, place: &mut [u8]) -> io::Result<Option<usize>> {
        if !self.readable {
            return Ok(None);
        }
        let mut destinations = DestinationList::new();
        let offered = place.len() + self.staging.len();
        if !place.is_empty() {
            destinations.push(place);
        }
        destinations.push(&mut self.staging);
        match destinations.receive(self.stream.as_fd()) {
            Ok(count) => {
                self.readable = count == offered;
                Ok(Some(count))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(Some(0)),
            Err(error) => Err(error),
        }
    }

    /// Sends the list. Returns how much went out.
    fn send(&mut self, sources: &SourceList<'_>) -> io::Result<usize> {
        match sources.send(self.stream.as_fd()) {
            Ok(count) => {
                self.writable = count == sources.byte_count();
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.writable = false;
                Ok(0)
            }
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
            Err(error) => Err(error),
        }
    }
}

/// A request, as the first bytes of its 72 say it.
#[derive(Clone, Copy)]
struct Request {
    is_read: bool,
    size: usize,
    offset: usize,
}

impl Request {
    fn encode(self) -> [u8; REQUEST_BYTES] {
        let mut bytes = [0; REQUEST_BYTES];
        bytes[0] = u8::from(self.is_read);
        bytes[8..16].copy_from_slice(&(self.size as u64).to_le_bytes());
        bytes[16..24].copy_from_slice(&(self.offset as u64).to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Self {
        let number = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[at..at + 8]);
            usize::try_from(u64::from_le_bytes(number)).unwrap_or(usize::MAX)
        };
        let (size, offset) = (number(8), number(16));
        assert!(offset.saturating_add(size) <= DISK_BYTES, "a request within the disk");
        Self { is_read: bytes[0] == 1, size, offset }
    }
}

/// A part of the output: from the responses, or from the disk.
#[derive(Clone, Copy)]
enum Piece {
    Response(usize),
    Disk { offset: usize, size: usize },
}

struct Server {
    connection: Connection,
    disk: Vec<u8>,
    /// A request that has come in part.
    partial: Vec<u8>,
    /// The rest of a write's data: where it goes, and how much there is.
    incoming: (usize, usize),
    output: std::collections::VecDeque<Piece>,
    sources: SourceList<'static>,
}

static RESPONSE: [u8; RESPONSE_BYTES] = [0; RESPONSE_BYTES];

impl Server {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            disk: vec![0x5a; DISK_BYTES],
            partial: Vec::new(),
            incoming: (0, 0),
            output: std::collections::VecDeque::new(),
            sources: SourceList::new(),
        }
    }

    fn serve(&mut self) -> io::Result<()> {
        loop {
            self.connection.wait(!self.output.is_empty())?;
            let (offset, size) = self.incoming;
            match self.connection.receive(&mut self.disk[offset..offset + size])? {
                Some(0) => return Ok(()),
                Some(count) => {
                    let in_place = count.min(size);
                    self.arrived(in_place);
                    let staging = std::mem::take(&mut self.connection.staging);
                    self.take(&staging[..count - in_place]);
                    self.connection.staging = staging;
                }
                None => {}
            }
            self.transmit()?;
        }
    }

    fn arrived(&mut self, count: usize) {
        if count > 0 {
            let (offset, size) = self.incoming;
            self.incoming = (offset + count, size - count);
            if size == count {
                self.output.push_back(Piece::Response(RESPONSE_BYTES));
            }
        }
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (offset, size) = self.incoming;
            if size > 0 {
                let (data, rest) = bytes.split_at(bytes.len().min(size));
                self.disk[offset..offset + data.len()].copy_from_slice(data);
                bytes = rest;
                self.arrived(data.len());
                continue;
            }
            if self.partial.is_empty() && bytes.len() >= REQUEST_BYTES {
                let (request, rest) = bytes.split_at(REQUEST_BYTES);
                bytes = rest;
                self.begin(Request::decode(request));
                continue;
            }
            let (part, rest) = bytes.split_at(bytes.len().min(REQUEST_BYTES - self.partial.len()));
            self.partial.extend_from_slice(part);
            bytes = rest;
            if self.partial.len() == REQUEST_BYTES {
                let request = Request::decode(&self.partial);
                self.partial.clear();
                self.begin(request);
            }
        }
    }

    fn begin(&mut self, request: Request) {
        if request.is_read {
            self.output.push_back(Piece::Response(RESPONSE_BYTES));
            self.output.push_back(Piece::Disk { offset: request.offset, size: request.size });
        } else {
            self.incoming = (request.offset, request.size);
        }
    }

    fn transmit(&mut self) -> io::Result<()> {
        if self.output.is_empty() || !self.connection.writable {
            return Ok(());
        }
        let mut sources = std::mem::take(&mut self.sources).reuse();
        for piece in &self.output {
            match *piece {
                Piece::Response(rest) => sources.push(&RESPONSE[RESPONSE_BYTES - rest..]),
                Piece::Disk { offset, size } => sources.push(&self.disk[offset..offset + size]),
            }
            if sources.byte_count() >= SEND_BYTES || sources.piece_count() >= PIECES_MAX {
                break;
            }
        }
        let mut sent = self.connection.send(&sources)?;
        self.sources = sources.reuse();
        while sent > 0
            && let Some(piece) = self.output.front_mut()
        {
            let rest = match piece {
                Piece::Response(rest) => rest,
                Piece::Disk { offset, size } => {
                    *offset += sent.min(*size);
                    size
                }
            };
            let count = sent.min(*rest);
            *rest -= count;
            sent -= count;
            if *rest == 0 {
                self.output.pop_front();
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Plan {
    is_read: bool,
    size: u32,
    depth: u32,
    time: Duration,
}

struct Driver {
    connection: Connection,
    plan: Plan,
    /// Data of writes.
    data: Vec<u8>,
    /// Requests that are not all out: bytes of the first that are out already.
    pending: std::collections::VecDeque<[u8; REQUEST_BYTES]>,
    first_sent: usize,
    received: usize,
    random: u64,
    sources: SourceList<'static>,
}

impl Driver {
    fn new(connection: Connection, plan: Plan) -> Self {
        Self {
            connection,
            plan,
            data: vec![0xa5; plan.size as usize],
            pending: std::collections::VecDeque::new(),
            first_sent: 0,
            received: 0,
            random: 1,
            sources: SourceList::new(),
        }
    }

    /// Returns answers per second.
    fn drive(&mut self) -> io::Result<u64> {
        for _ in 0..self.plan.depth {
            self.request();
        }
        let answer_bytes = RESPONSE_BYTES + if self.plan.is_read { self.plan.size as usize } else { 0 };
        let began = clock::now();
        let mut answers = 0_u64;
        while self.connection.event_loop.now() < began + self.plan.time {
            self.transmit()?;
            self.connection.wait(!self.pending.is_empty())?;
            match self.connection.receive(&mut [])? {
                Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(count) => self.received += count,
                None => {}
            }
            while self.received >= answer_bytes {
                self.received -= answer_bytes;
                answers += 1;
                self.request();
            }
        }
        let elapsed = self.connection.event_loop.now() - began;
        Ok(u64::try_from(u128::from(answers) * 1_000_000_000 / elapsed.as_nanos().max(1)).unwrap_or(u64::MAX))
    }

    fn request(&mut self) {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = self.plan.size as usize;
        let place = usize::try_from(self.random >> 33).unwrap_or(0) % (DISK_BYTES / size);
        self.pending.push_back(Request { is_read: self.plan.is_read, size, offset: place * size }.encode());
    }

    fn transmit(&mut self) -> io::Result<()> {
        if self.pending.is_empty() || !self.connection.writable {
            return Ok(());
        }
        let data: &[u8] = if self.plan.is_read { &[] } else { &self.data };
        let mut sources = std::mem::take(&mut self.sources).reuse();
        let mut skip = self.first_sent;
        for request in &self.pending {
            for part in [request.as_slice(), data] {
                let skipped = skip.min(part.len());
                skip -= skipped;
                if skipped < part.len() {
                    sources.push(&part[skipped..]);
                }
            }
            if sources.byte_count() >= SEND_BYTES || sources.piece_count() + 1 >= PIECES_MAX {
                break;
            }
        }
        self.first_sent += self.connection.send(&sources)?;
        self.sources = sources.reuse();
        let whole = REQUEST_BYTES + data.len();
        self.pending.drain(..self.first_sent / whole);
        self.first_sent %= whole;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_answered() {
        for (is_read, size) in [(true, 512), (false, 512), (true, 300_000), (false, 300_000)] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (stream, _) = listener.accept().unwrap();
                Server::new(Connection::new(stream, None).unwrap()).serve().unwrap();
            });
            let plan = Plan { is_read, size, depth: 8, time: Duration::from_millis(200) };
            let stream = TcpStream::connect(address).unwrap();
            let per_second = Driver::new(Connection::new(stream, None).unwrap(), plan).drive().unwrap();
            assert!(per_second > 0, "{is_read}, {size}");
            server.join().unwrap();
        }
    }
}

//! The http sender: every player that opens a URL.
//!
//! ```text
//! station ── pieces ──► ring (one copy of the stream) ──► 25 slots, one every 40 ms ──► writev to each listener of the slot
//!                                                   └───► a new listener: head, header, burst in one writev
//! ```
//!
//! # Mounts
//! - `/` is what is played, in its own format. A listener of it gets one container: where the next song has another one, the
//!   connection ends after the last byte, and a player that comes again gets the new one. (Bytes of another format under the same
//!   `Content-Type` would be noise to nearly every player.)
//! - `/mp3`, `/ogg`, `/aac` are what is played in this container. Their listeners stay connected and hear nothing while another one
//!   is played. FLAC, Opus and Vorbis are all in `/ogg`.
//!
//! While the station is paused or stopped, listeners stay; whoever comes meanwhile hears the stream when it goes on.
//!
//! # Ahead
//! A new listener gets the last seconds at once ([`HttpSettings::burst`], from a chunk's beginning), so that players begin at
//! once and have that much in their buffer: an interruption of the network of up to so long is not heard. From then on the stream
//! comes at its own speed, a write a second (with a burst of less than four seconds: four in the time of it). A listener that is behind by
//! more than [`HttpSettings::lag`] is dropped and counted.
//!
//! # Cost
//! One thread, which wakes up once for each slot that has listeners, and once a second without. A listener: a writev a second, some 200
//! bytes, and what the kernel buffers. The stream is copied once into the ring, whatever the number of listeners.
//!
//! # What it does not implement
//! No TLS, no keep-alive, no ranges, no authentication: a proxy in front brings the first, and the others have no meaning for a stream.

mod connection;
mod icy;
mod listening;
mod reactor_thread;
mod request;
mod response;
mod ring;
mod shared;
mod socket;
#[cfg(test)]
mod tests;
mod wheel;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Sender as Channel, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use control::{Inspect, Node};
use reactor::clock::Duration;
use reactor::{EventLoop, IdlePolicy, RemoteWaker};

use super::access::{AccessList, Network};
use super::{Kind, Sender, SenderChanges, SenderSettings, StartError, one_argument};
use crate::link::SenderStatus;
use crate::piece::Piece;
use reactor_thread::{HttpThread, Message};
#[doc(hidden)]
pub use request::fuzz as fuzz_request;
pub use response::Description;
use ring::RingSettings;
use shared::{Control, Counters, Shared};
pub use socket::bind;

pub(super) const KIND: Kind = Kind {
    name: "http",
    summary: "streams to every player that opens a URL",
    commands: &[
        ("allow NETWORK", "lets this network listen, such as 10.0.0.0/8"),
        ("deny NETWORK", "does not; its listeners are closed"),
    ],
    start,
};

/// How the http sender is set.
#[derive(Debug)]
pub struct HttpSettings {
    /// Sockets that listen, from [`bind`].
    pub sockets: Vec<std::net::TcpListener>,
    /// Whether it sends from the start on.
    pub on: bool,
    /// Who may listen.
    pub access: AccessList,
    /// Most listeners at a time. None: as many as the process may have descriptors.
    pub clients_max: Option<u32>,
    /// What a new listener gets at once, of the last seconds.
    pub burst: Duration,
    /// How far a listener may be behind.
    pub lag: Duration,
    /// What the station says about itself.
    pub description: Description,
}

impl HttpSettings {
    /// How much new listeners get at once unless it is said otherwise.
    pub const BURST_DEFAULT: Duration = Duration::from_secs(4);
    /// How far listeners may be behind unless it is said otherwise.
    pub const LAG_DEFAULT: Duration = Duration::from_secs(20);

    /// Everybody may listen at these sockets.
    #[must_use]
    pub fn new(sockets: Vec<std::net::TcpListener>) -> Self {
        Self {
            sockets,
            on: true,
            access: AccessList::default(),
            clients_max: None,
            burst: Self::BURST_DEFAULT,
            lag: Self::LAG_DEFAULT,
            description: Description::default(),
        }
    }
}

/// What of it can be changed while it works. It takes the place of what was said before, at the start or since.
#[derive(Debug)]
pub struct HttpChanges {
    /// Who may listen; others who listen are closed.
    pub access: AccessList,
    /// Most listeners at a time. Nobody is closed for it.
    pub clients_max: Option<u32>,
    /// What the station says about itself to new listeners.
    pub description: Description,
}

/// The http sender at work.
struct HttpSender {
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared>,
    messages: Channel<Message>,
    waker: RemoteWaker,
    attention: Attention,
    thread: JoinHandle<()>,
}

fn start(settings: &mut SenderSettings) -> Result<Option<Box<dyn Sender>>, StartError> {
    let Some(settings) = settings.http.take() else { return Ok(None) };
    let refuse = |source| StartError::Thread { sender: KIND.name, source };
    let addresses = settings
        .sockets
        .iter()
        .map(std::net::TcpListener::local_addr)
        .collect::<Result<Vec<_>, _>>()
        .map_err(refuse)?;
    // The thread wakes up for turns and for whoever comes: nothing is won by asking in between.
    let event_loop = EventLoop::new(IdlePolicy { spin: Duration::ZERO }).map_err(refuse)?;
    let waker = event_loop.waker();
    let control = Control { on: settings.on, access: settings.access, clients_max: settings.clients_max };
    let shared = Arc::new(Shared { control: Mutex::new(control), counters: Counters::default() });
    let (messages, inbox) = channel();
    let nanoseconds = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let ring = RingSettings { burst_ns: nanoseconds(settings.burst), lag_ns: nanoseconds(settings.lag) };
    let thread = HttpThread::new(event_loop, settings.sockets, inbox, Arc::clone(&shared), settings.description, ring)
        .map_err(refuse)?;
    let thread =
        std::thread::Builder::new().name("http sender".to_owned()).spawn(move || thread.run()).map_err(refuse)?;
    Ok(Some(Box::new(HttpSender { addresses, shared, messages, waker, attention: Attention::default(), thread })))
}

/// For which pieces the thread is woken. It looks into its inbox whenever it has something to do, and has something to do with chunks
/// at its turns only.
#[derive(Debug, Default)]
struct Attention {
    /// Audio that may still be put into the inbox before the thread is woken, in nanoseconds.
    unheard_ns: u64,
}

impl Attention {
    /// Audio that waits in the inbox at most, in nanoseconds.
    const UNHEARD_NS_MAX: u64 = 1_000_000_000;

    fn is_wanted(&mut self, piece: &Piece) -> bool {
        let (left, otherwise) = match piece {
            Piece::Chunk(chunk) => (self.unheard_ns.checked_sub(chunk.duration_ns), Self::UNHEARD_NS_MAX),
            // The chunk after it is the first for a while.
            Piece::Announce(_) | Piece::Begin(_) | Piece::End { .. } | Piece::Silence => (None, 0),
        };
        self.unheard_ns = left.unwrap_or(otherwise);
        left.is_none()
    }
}

impl HttpSender {
    fn tell(&self, message: Message) {
        if self.messages.send(message).is_ok() {
            self.waker.wake();
        }
    }

    fn permit(&self, arguments: &[String], allowed: bool) -> Result<String, String> {
        let text = one_argument(arguments, "NETWORK, such as 10.0.0.0/8 or 192.168.1.7")?;
        let network: Network = text.parse().map_err(|error: super::access::NoNetwork| error.to_string())?;
        let mut control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
        control.access.set(network, allowed).map_err(|error| error.to_string())?;
        drop(control);
        self.tell(Message::ControlChanged);
        Ok(String::new())
    }
}

impl Sender for HttpSender {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn piece(&mut self, piece: &Piece) {
        let message = Message::Piece(piece.clone());
        if self.attention.is_wanted(piece) {
            self.tell(message);
        } else {
            // It fails when the thread has ended.
            let _ = self.messages.send(message);
        }
    }

    fn switch(&mut self, on: bool) {
        self.shared.control.lock().unwrap_or_else(PoisonError::into_inner).on = on;
        self.tell(Message::ControlChanged);
    }

    fn command(&mut self, arguments: &[String]) -> Option<Result<String, String>> {
        match arguments.first()?.as_str() {
            "allow" => Some(self.permit(arguments, true)),
            "deny" => Some(self.permit(arguments, false)),
            _ => None,
        }
    }

    fn change(&mut self, changes: &mut SenderChanges) {
        let Some(HttpChanges { access, clients_max, description }) = changes.http.take() else { return };
        let mut control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
        (control.access, control.clients_max) = (access, clients_max);
        drop(control);
        self.tell(Message::Described(description));
        self.tell(Message::ControlChanged);
    }

    fn status(&self) -> SenderStatus {
        let on = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner).on;
        let listeners = u32::try_from(self.shared.counters.listeners.load(Relaxed)).unwrap_or(u32::MAX);
        SenderStatus { name: KIND.name.to_owned(), on, listeners, detail: self.urls().join(" ") }
    }

    fn report(&self) -> String {
        let control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = &self.shared.counters;
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed);
        let mut text = format!("http sender: {}\n", if control.on { "on" } else { "off" });
        let _ = writeln!(text, "listening on: {}", self.urls().join(" "));
        let limit = control.clients_max.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
        let _ = writeln!(
            text,
            "listeners: {} (most {}, limit {limit})",
            count(&counters.listeners),
            count(&counters.listeners_max)
        );
        let (joined, refused, slow) = (count(&counters.joined), count(&counters.refused), count(&counters.too_slow));
        let _ = writeln!(text, "so far: {joined} listened, {refused} refused, {slow} dropped as too slow");
        let _ = writeln!(
            text,
            "access: {} unless a network says otherwise",
            if control.access.default_deny { "denied" } else { "allowed" }
        );
        for (network, allowed) in control.access.rules() {
            let _ = writeln!(text, "  {} {network}", if allowed { "allow" } else { "deny" });
        }
        text
    }

    fn state(&self) -> Arc<dyn Inspect> {
        Arc::new(HttpState(Arc::clone(&self.shared)))
    }

    fn ask(&self) {
        self.tell(Message::Beat);
    }

    fn beats(&self) -> u64 {
        self.shared.counters.beats.load(Relaxed)
    }

    fn stop(self: Box<Self>) {
        self.tell(Message::Stop);
        if self.thread.join().is_err() {
            tracing::error!("the thread of the http sender has panicked");
        }
    }
}

impl HttpSender {
    fn urls(&self) -> Vec<String> {
        self.addresses.iter().map(|address| format!("http://{address}/")).collect()
    }
}

/// The state of the sender, to be shown.
struct HttpState(Arc<Shared>);

impl Inspect for HttpState {
    fn inspect(&self, node: &mut Node<'_>) {
        let on = self.0.control.lock().unwrap_or_else(PoisonError::into_inner).on;
        let counters = &self.0.counters;
        node.value("on", on);
        for (name, counter) in [
            ("listeners", &counters.listeners),
            ("listeners_max", &counters.listeners_max),
            ("joined", &counters.joined),
            ("connections", &counters.connections),
            ("refused", &counters.refused),
            ("too_slow", &counters.too_slow),
            ("bytes", &counters.bytes),
            ("writes", &counters.writes),
            ("ring_bytes", &counters.ring_bytes),
        ] {
            node.value(name, counter.load(Relaxed));
        }
    }
}

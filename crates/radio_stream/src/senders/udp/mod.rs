//! The udp sender: packets with forward error correction to unicast and multicast targets.
//!
//! ```text
//! station ── pieces ──► for each slicing (packet size, k of n): groups of up to half a second ──► packets
//!                                                                                                    │
//!                                                           evenly over the time of the group ◄──────┘
//!                                                           packet by packet, target by target: sendmmsg
//! ```
//! docs/reference/radio-udp.md specifies the packets. A group is cut into k slices of data, to which n−k of repair are added; any k
//! of them restore it. The header of the stream is a group of its own, sent when the stream is announced, again every
//! [`UdpSettings::header_interval`], and whenever a target is added.
//!
//! A stream with a chunk, or a header, that does not fit into a group is not sent to targets of that slicing; others get it.
//!
//! # Cost
//! A group is encoded once for all targets of a slicing. A packet costs its share of a sendmmsg, some microseconds on loopback. The
//! thread wakes up for packets that are due, at most every half millisecond; without targets never.
//!
//! # What it does not implement
//! No congestion control, no retransmission, no encryption; a target that is gone is sent to until it is deleted.

mod group;
mod lane;
mod shared;
mod socket;
mod target;
#[cfg(test)]
mod tests;
mod udp_thread;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Sender as Channel, channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use control::{Inspect, Node};
use reactor::clock::Duration;

use super::{Kind, Sender, SenderChanges, SenderSettings, StartError, some_arguments};
use crate::limits::UDP_TARGETS_MAX;
use crate::link::SenderStatus;
use crate::piece::Piece;
use shared::{Control, LATENESS_BOUNDS_US, Shared};
pub use socket::Multicast;
use socket::Sockets;
pub use target::{NoTarget, PORT_DEFAULT, Slicing, Target, WrittenTarget};
use udp_thread::{Message, UdpThread};

pub(super) const KIND: Kind = Kind {
    name: "udp",
    summary: "sends packets with forward error correction to unicast and multicast targets",
    commands: &[
        ("add TARGET…", "sends to each HOST[:PORT][/PACKET_BYTES:K:N], such as 224.0.1.38:8000/1400:16:20"),
        ("delete HOST[:PORT]…", "does not any more"),
    ],
    start,
};

/// How the udp sender is set.
#[derive(Debug, Clone)]
pub struct UdpSettings {
    /// Whether it sends from the start on.
    pub on: bool,
    /// Where to.
    pub targets: Vec<Target>,
    /// The port of targets that name none.
    pub port_default: u16,
    /// How multicast packets leave.
    pub multicast: Multicast,
    /// How often the header of a stream is sent again; every 100 ms at most.
    pub header_interval: Duration,
}

impl Default for UdpSettings {
    fn default() -> Self {
        Self {
            on: true,
            targets: Vec::new(),
            port_default: PORT_DEFAULT,
            multicast: Multicast::default(),
            header_interval: Duration::from_secs(2),
        }
    }
}

/// What of it can be changed while it works. It takes the place of what was said before, at the start or since.
#[derive(Debug)]
pub struct UdpChanges {
    /// Where to.
    pub targets: Vec<Target>,
    /// Targets whose names are to be looked up: they come when that is done.
    pub named: Vec<WrittenTarget>,
    /// How multicast packets leave.
    pub multicast: Multicast,
    /// How often the header of a stream is sent again; every 100 ms at most.
    pub header_interval: Duration,
}

/// The udp sender at work.
struct UdpSender {
    port_default: u16,
    shared: Arc<Shared>,
    messages: Channel<Message>,
    thread: JoinHandle<()>,
}

fn start(settings: &mut SenderSettings) -> Result<Option<Box<dyn Sender>>, StartError> {
    let Some(settings) = settings.udp.take() else { return Ok(None) };
    let refuse = |source| StartError::Thread { sender: KIND.name, source };
    let sockets = Sockets::open(&settings.multicast).map_err(refuse)?;
    let shared = Arc::new(Shared::default());
    *shared.control.lock().unwrap_or_else(PoisonError::into_inner) =
        Control { on: settings.on, targets: settings.targets };
    let (messages, inbox) = channel();
    let thread = UdpThread::new(sockets, inbox, Arc::clone(&shared), settings.header_interval);
    let thread =
        std::thread::Builder::new().name("udp sender".to_owned()).spawn(move || thread.run()).map_err(refuse)?;
    Ok(Some(Box::new(UdpSender { port_default: settings.port_default, shared, messages, thread })))
}

/// Puts targets on the list, all or none. A target with the same address is replaced.
fn add(shared: &Shared, targets: &[Target]) -> Result<(), String> {
    let mut seen = HashSet::new();
    // The last word on an address counts.
    let mut targets: Vec<Target> = targets.iter().rev().filter(|target| seen.insert(target.address)).copied().collect();
    targets.reverse();
    let mut control = shared.control.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = control.targets.iter().filter(|known| !seen.contains(&known.address)).count();
    if kept + targets.len() > UDP_TARGETS_MAX {
        return Err(format!("there are {} targets, and {UDP_TARGETS_MAX} is the most", control.targets.len()));
    }
    control.targets.retain(|known| !seen.contains(&known.address));
    control.targets.extend(targets);
    Ok(())
}

/// Takes targets off the list, all or none.
fn delete(shared: &Shared, addresses: &[(&String, Option<SocketAddr>)]) -> Result<(), String> {
    let mut control = shared.control.lock().unwrap_or_else(PoisonError::into_inner);
    let known: HashSet<SocketAddr> = control.targets.iter().map(|target| target.address).collect();
    let is_known = |address: &Option<SocketAddr>| address.is_some_and(|address| known.contains(&address));
    if let Some((text, _)) = addresses.iter().find(|(_, address)| !is_known(address)) {
        return Err(format!("{text} is no target; \"sender udp status\" lists them"));
    }
    let gone: HashSet<SocketAddr> = addresses.iter().filter_map(|(_, address)| *address).collect();
    control.targets.retain(|known| !gone.contains(&known.address));
    Ok(())
}

/// Looks a target's name up and adds it. It may take a minute.
fn look_up(shared: &Shared, messages: &Channel<Message>, written: &WrittenTarget) {
    let WrittenTarget { host, port, slicing } = written;
    let added = match (host.as_str(), *port).to_socket_addrs().map(|mut found| found.next()) {
        Ok(Some(address)) => add(shared, &[Target { address, slicing: *slicing }]),
        Ok(None) => Err("the name has no address".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    match added {
        Ok(()) => drop(messages.send(Message::TargetsChanged)),
        Err(problem) => tracing::warn!("udp target {host}: {problem}"),
    }
}

impl UdpSender {
    fn tell(&self, message: Message) {
        // It fails when the thread has ended.
        let _ = self.messages.send(message);
    }

    fn add(&self, arguments: &[String]) -> Result<String, String> {
        let usage = "HOST[:PORT][/PACKET_BYTES:K:N], such as 224.0.1.38:8000/1400:16:20";
        let (mut numeric, mut named) = (Vec::new(), Vec::new());
        for text in some_arguments(arguments, usage)? {
            let written = WrittenTarget::parse(text, self.port_default).map_err(|error| error.to_string())?;
            match written.numeric() {
                Some(target) => numeric.push(target),
                None => named.push(written),
            }
        }
        add(&self.shared, &numeric)?;
        self.tell(Message::TargetsChanged);
        if named.is_empty() {
            return Ok(String::new());
        }
        let names: Vec<&str> = named.iter().map(|written| written.host.as_str()).collect();
        let told = format!("{}: being looked up; \"sender udp status\" lists what was found\n", names.join(", "));
        self.look_up(named).map_err(|error| error.to_string())?;
        Ok(told)
    }

    /// Adds targets as soon as it is known what addresses their names have. Nobody may wait for that here.
    fn look_up(&self, named: Vec<WrittenTarget>) -> std::io::Result<()> {
        let (shared, messages) = (Arc::clone(&self.shared), self.messages.clone());
        let look_up = move || named.iter().for_each(|written| look_up(&shared, &messages, written));
        std::thread::Builder::new().name("look-up".to_owned()).spawn(look_up).map(drop)
    }

    fn delete(&self, arguments: &[String]) -> Result<String, String> {
        let mut addresses = Vec::new();
        for text in some_arguments(arguments, "ADDRESS[:PORT] as \"sender udp status\" lists it")? {
            let written = WrittenTarget::parse(text, self.port_default).map_err(|error| error.to_string())?;
            addresses.push((text, written.numeric().map(|target| target.address)));
        }
        delete(&self.shared, &addresses)?;
        self.tell(Message::TargetsChanged);
        Ok(String::new())
    }
}

impl Sender for UdpSender {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn piece(&mut self, piece: &Piece) {
        let is_of_use = !matches!(piece, Piece::Chunk(_)) || {
            let control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
            control.on && !control.targets.is_empty()
        };
        // Without targets the thread need not wake up ten times a second.
        if is_of_use {
            self.tell(Message::Piece(piece.clone()));
        }
    }

    fn switch(&mut self, on: bool) {
        self.shared.control.lock().unwrap_or_else(PoisonError::into_inner).on = on;
        self.tell(Message::TargetsChanged);
    }

    fn command(&mut self, arguments: &[String]) -> Option<Result<String, String>> {
        match arguments.first()?.as_str() {
            "add" => Some(self.add(arguments)),
            "delete" => Some(self.delete(arguments)),
            _ => None,
        }
    }

    fn change(&mut self, changes: &mut SenderChanges) {
        let Some(UdpChanges { mut targets, named, multicast, header_interval }) = changes.udp.take() else { return };
        targets.truncate(UDP_TARGETS_MAX);
        self.shared.control.lock().unwrap_or_else(PoisonError::into_inner).targets = targets;
        self.tell(Message::Set { multicast, header_interval });
        self.tell(Message::TargetsChanged);
        if named.is_empty() {
            return;
        }
        if let Err(error) = self.look_up(named) {
            tracing::error!("udp targets: their names cannot be looked up ({error})");
        }
    }

    fn status(&self) -> SenderStatus {
        let control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
        let listeners = u32::try_from(control.targets.len()).unwrap_or(u32::MAX);
        let detail = format!("{listeners} targets, port {}", self.port_default);
        SenderStatus { name: KIND.name.to_owned(), on: control.on, listeners, detail }
    }

    fn report(&self) -> String {
        let control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
        let slicings = self.shared.slicings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = format!("udp sender: {}\n", if control.on { "on" } else { "off" });
        let (packets, unsent) = (self.shared.packets.load(Relaxed), self.shared.unsent.load(Relaxed));
        let _ = writeln!(text, "packets: {packets} sent, {unsent} that the kernel did not take");
        let _ = writeln!(text, "targets: {}", control.targets.len());
        for target in &control.targets {
            let state = slicings.iter().find(|state| state.slicing == target.slicing);
            let refusal = state.and_then(|state| state.refusal.as_deref());
            let _ = writeln!(text, "  {target}{}", refusal.map(|refusal| format!(" ({refusal})")).unwrap_or_default());
        }
        text
    }

    fn state(&self) -> Arc<dyn Inspect> {
        Arc::new(UdpState(Arc::clone(&self.shared)))
    }

    fn ask(&self) {
        self.tell(Message::Beat);
    }

    fn beats(&self) -> u64 {
        self.shared.beats.load(Relaxed)
    }

    fn stop(self: Box<Self>) {
        self.tell(Message::Stop);
        if self.thread.join().is_err() {
            tracing::error!("the thread of the udp sender has panicked");
        }
    }
}

/// The state of the sender, to be shown.
struct UdpState(Arc<Shared>);

impl Inspect for UdpState {
    fn inspect(&self, node: &mut Node<'_>) {
        let (on, targets) = {
            let control = self.0.control.lock().unwrap_or_else(PoisonError::into_inner);
            (control.on, control.targets.len())
        };
        node.value("on", on);
        node.value("targets", targets as u64);
        node.value("packets", self.0.packets.load(Relaxed));
        node.value("unsent", self.0.unsent.load(Relaxed));
        node.child("packets_by_lateness", |node| {
            let bounds = LATENESS_BOUNDS_US.iter().map(|bound| format!("up_to_{bound}_us")).chain(["more".to_owned()]);
            for (name, count) in bounds.zip(&self.0.lateness) {
                node.value(name, count.load(Relaxed));
            }
        });
    }
}

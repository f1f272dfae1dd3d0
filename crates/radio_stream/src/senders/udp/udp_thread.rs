//! The thread of the udp sender: groups the stream for each slicing, and sends every packet at its time.
//!
//! It sleeps until the next packet is due, but not for less than [`QUANTUM`]: with a thousand targets packets are due every 25 µs, and
//! those of half a millisecond go out in one call. The kernel's timer slack is set to the least.

use std::num::NonZeroU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};

use reactor::clock::{self, Duration, Instant};

use super::group::{Group, Grouper};
use super::lane::Lane;
use super::shared::{LATENESS_BOUNDS_US, Shared, SlicingState};
use super::socket::{BATCH, Multicast, Sockets};
use super::target::{Slicing, Target};
use crate::piece::{Piece, StreamInfo};

/// Packets that are due within this time go out together.
const QUANTUM: Duration = Duration::from_micros(500);
/// A header that is awaited is spread over this time, as paraslash does it; one that is sent again over half the time between two.
const HEADER_NS: u64 = 200_000_000;
/// Headers are not sent more often, whatever the settings say.
const HEADER_INTERVAL_MIN: Duration = Duration::from_millis(100);
/// A lane that is later than this sends a tenth faster until it is not.
const LATE_NS: u64 = 100_000_000;

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    Piece(Piece),
    /// The list of targets or the switch has changed.
    TargetsChanged,
    Set {
        multicast: Multicast,
        header_interval: Duration,
    },
    Beat,
    Stop,
}

/// All targets with one slicing.
#[derive(Debug)]
struct Profile {
    grouper: Grouper,
    targets: Arc<[std::net::SocketAddr]>,
    data: Lane,
    headers: Lane,
    /// When the header is sent again.
    header_due_ns: u64,
}

/// The state of the thread.
pub(super) struct UdpThread {
    sockets: Sockets,
    inbox: Receiver<Message>,
    shared: Arc<Shared>,
    header_interval_ns: u64,
    start: Instant,
    profiles: Vec<Profile>,
    /// What is being sent.
    stream: Option<Arc<StreamInfo>>,
    announced: u32,
    /// How many slicings do not fit the stream, as it was last told.
    refused_told: usize,
    last_pass: Instant,
}

impl UdpThread {
    pub(super) fn new(
        sockets: Sockets,
        inbox: Receiver<Message>,
        shared: Arc<Shared>,
        header_interval: Duration,
    ) -> Self {
        let start = clock::now();
        let header_interval_ns = interval_ns(header_interval);
        Self {
            sockets,
            inbox,
            shared,
            header_interval_ns,
            start,
            profiles: Vec::new(),
            stream: None,
            announced: 0,
            refused_told: 0,
            last_pass: start,
        }
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self) {
        // It fails on kernels that do not know it; then packets are 50 µs later.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        self.targets_changed();
        loop {
            let message = match self.next_due() {
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => {
                    let at = (self.start + Duration::from_nanos(due)).max(self.last_pass + QUANTUM);
                    self.inbox.recv_timeout(at.saturating_duration_since(clock::now()))
                }
            };
            match message {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.last_pass = clock::now();
            self.pass();
            self.shared.beats.fetch_add(1, Relaxed);
        }
    }

    fn now_ns(&self) -> u64 {
        let passed = self.last_pass.saturating_duration_since(self.start);
        u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
    }

    fn next_due(&self) -> Option<u64> {
        let headers =
            self.stream.as_ref().and_then(|_| self.profiles.iter().map(|profile| profile.header_due_ns).min());
        let packets = self.profiles.iter().flat_map(|profile| [profile.data.next_due(), profile.headers.next_due()]);
        packets.flatten().chain(headers).min()
    }

    fn handle(&mut self, message: Message) {
        self.last_pass = clock::now();
        match message {
            Message::Piece(piece) => self.take_piece(&piece),
            Message::TargetsChanged => self.targets_changed(),
            Message::Set { multicast, header_interval } => self.set(&multicast, header_interval),
            Message::Beat | Message::Stop => {}
        }
    }

    fn take_piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Announce(info) => {
                self.announced = info.id;
                self.send_header(info);
            }
            Piece::Begin(info) => {
                self.stream = Some(Arc::clone(info));
                if self.announced != info.id {
                    self.send_header(info);
                }
            }
            Piece::End { .. } => self.stream = None,
            Piece::Chunk(_) | Piece::Silence => {}
        }
        let now_ns = self.now_ns();
        let mut groups = Vec::new();
        for profile in &mut self.profiles {
            profile.grouper.piece(piece, &mut groups);
            for group in groups.drain(..) {
                profile.push(now_ns, group);
            }
        }
        let refused = self.profiles.iter().filter(|profile| profile.grouper.refusal().is_some()).count();
        if std::mem::replace(&mut self.refused_told, refused) != refused {
            self.tell_state();
        }
    }

    fn send_header(&mut self, info: &StreamInfo) {
        let now_ns = self.now_ns();
        for profile in &mut self.profiles {
            profile.send_header(now_ns, info, self.header_interval_ns, HEADER_NS);
        }
    }

    fn set(&mut self, multicast: &Multicast, header_interval: Duration) {
        if let Err(error) = self.sockets.set(multicast) {
            tracing::error!(%error, "udp: multicast leaves as before");
        }
        self.header_interval_ns = interval_ns(header_interval);
        // The next one comes after the new interval, not after what is left of the old.
        let next = self.now_ns().saturating_add(self.header_interval_ns);
        self.profiles.iter_mut().for_each(|profile| profile.header_due_ns = profile.header_due_ns.min(next));
    }

    /// Sorts the targets by their slicing.
    fn targets_changed(&mut self) {
        let (on, targets) = {
            let control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
            (control.on, control.targets.clone())
        };
        let targets = if on { targets } else { Vec::new() };
        let mut slicings: Vec<Slicing> = Vec::new();
        for target in &targets {
            if !slicings.contains(&target.slicing) {
                slicings.push(target.slicing);
            }
        }
        self.profiles.retain(|profile| slicings.contains(&profile.grouper.slicing()));
        let now_ns = self.now_ns();
        for slicing in slicings {
            let own = targets.iter().filter(|target: &&Target| target.slicing == slicing).map(|target| target.address);
            let own: Arc<[std::net::SocketAddr]> = own.collect();
            let position = self.profiles.iter().position(|profile| profile.grouper.slicing() == slicing);
            let position = position.unwrap_or_else(|| {
                self.profiles.push(Profile::new(slicing, self.stream.as_ref()));
                self.profiles.len() - 1
            });
            let profile = &mut self.profiles[position];
            let grown = own.len() > profile.targets.len();
            profile.targets = own;
            if let Some(info) = self.stream.as_ref().filter(|_| grown) {
                profile.send_header(now_ns, info, self.header_interval_ns, HEADER_NS);
            }
        }
        self.tell_state();
    }

    fn tell_state(&self) {
        let state = self.profiles.iter().map(|profile| SlicingState {
            slicing: profile.grouper.slicing(),
            refusal: profile.grouper.refusal().map(str::to_owned),
        });
        *self.shared.slicings.lock().unwrap_or_else(PoisonError::into_inner) = state.collect();
    }

    /// Sends all that is due.
    fn pass(&mut self) {
        let now_ns = self.now_ns();
        for profile in &mut self.profiles {
            if let Some(info) = self.stream.as_ref().filter(|_| profile.header_due_ns <= now_ns) {
                profile.send_header(now_ns, info, self.header_interval_ns, self.header_interval_ns / 2);
            }
            for lane in [&mut profile.headers, &mut profile.data] {
                send_lane(lane, now_ns, &self.sockets, &self.shared);
            }
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn send_lane(lane: &mut Lane, now_ns: u64, sockets: &Sockets, shared: &Shared) {
    loop {
        let mut due = Vec::with_capacity(BATCH);
        lane.take_due(now_ns, BATCH, &mut due);
        if due.is_empty() {
            return;
        }
        let sent = sockets.send(&due);
        shared.packets.fetch_add(sent as u64, Relaxed);
        shared.unsent.fetch_add((due.len() - sent) as u64, Relaxed);
        for (_, _, at) in &due {
            let late_us = now_ns.saturating_sub(*at) / 1000;
            let bucket =
                LATENESS_BOUNDS_US.iter().position(|bound| late_us <= *bound).unwrap_or(LATENESS_BOUNDS_US.len());
            shared.lateness[bucket].fetch_add(1, Relaxed);
        }
        drop(due);
        lane.tidy();
    }
}

/// From one header to the next, in nanoseconds.
fn interval_ns(header_interval: Duration) -> u64 {
    nanoseconds(header_interval.max(HEADER_INTERVAL_MIN))
}

impl Profile {
    fn new(slicing: Slicing, stream: Option<&Arc<StreamInfo>>) -> Self {
        let mut grouper = Grouper::new(slicing);
        if let Some(info) = stream {
            grouper.join(info);
        }
        Self { grouper, targets: Arc::default(), data: Lane::default(), headers: Lane::default(), header_due_ns: 0 }
    }

    fn push(&mut self, now_ns: u64, group: Group) {
        let behind_ns = self.data.behind(now_ns);
        let duration_ns = if behind_ns > LATE_NS { group.duration_ns / 10 * 9 } else { group.duration_ns };
        self.data.push(now_ns, group, duration_ns, &self.targets);
    }

    fn send_header(&mut self, now_ns: u64, info: &StreamInfo, interval_ns: u64, duration_ns: u64) {
        self.header_due_ns = now_ns.saturating_add(interval_ns);
        if let Some(group) = self.grouper.header(info) {
            self.headers.push(now_ns, group, duration_ns, &self.targets);
        }
    }
}

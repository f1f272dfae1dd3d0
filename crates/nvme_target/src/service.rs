//! Starting and stopping a target: binds, builds the subsystem, starts a poll group per core.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use block::Backend;
use reactor::{EventLoop, IdlePolicy, RemoteWaker};

use crate::gauges::GroupGauges;
use crate::heartbeat::Heartbeat;
use crate::inspect::ServiceState;
use crate::poll_group::{Message, PollGroup, PollGroupOptions};
use crate::socket::{self, BoundListener, SocketOptions};
use crate::subsystem::{Listener, ListenerKind, SettingsError, Target, TargetSettings};

/// Where the poll groups run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// So many threads, each where the scheduler puts it. At least one.
    Floating(usize),
    /// A thread bound to each of these cores.
    Pinned(Vec<usize>),
}

impl Placement {
    fn cores(&self) -> Vec<Option<usize>> {
        match self {
            Self::Floating(count) => vec![None; (*count).max(1)],
            Self::Pinned(cores) => cores.iter().copied().map(Some).collect(),
        }
    }
}

/// How a target is served, apart from what it is.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// Addresses of the I/O controllers. Port 0 takes a free port.
    pub listen: Vec<SocketAddr>,
    /// Addresses of the discovery service alone. It is reached at the addresses in `listen` as well.
    pub discovery: Vec<SocketAddr>,
    /// Threads and cores.
    pub placement: Placement,
    /// What an idle thread does before it sleeps.
    pub idle: IdlePolicy,
    /// What is set on each connection's socket.
    pub socket: SocketOptions,
    /// How file devices do their work.
    pub backend: Backend,
}

impl ServiceOptions {
    /// The sockets that are inherited, and new ones for the kinds of which none is.
    fn listeners(&self, inherited: Vec<BoundListener>) -> Result<Vec<BoundListener>, StartError> {
        let mut listeners = inherited;
        for (kind, addresses) in [(ListenerKind::Io, &self.listen), (ListenerKind::Discovery, &self.discovery)] {
            if listeners.iter().all(|listener| listener.kind != kind) {
                for &address in addresses {
                    listeners.push(socket::bind(address, kind)?);
                }
            }
        }
        Ok(listeners)
    }
}

/// Why a target did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings contradict each other or a limit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// An address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address as it was given.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// A congestion control was refused.
    #[error(
        "the kernel refuses congestion control {name:?}; those that it has are in \
         /proc/sys/net/ipv4/tcp_available_congestion_control"
    )]
    CongestionControl {
        /// The algorithm that was asked for.
        name: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// A thread could not be bound to its core.
    #[error("cannot bind a thread to core {core}")]
    Core {
        /// The core that was asked for.
        core: usize,
        /// What the kernel said.
        source: io::Error,
    },
    /// The kernel has no threads, descriptors or rings left.
    #[error("cannot start a poll group")]
    PollGroup(#[source] io::Error),
}

/// A target that is being served. Dropping it stops it.
#[derive(Debug)]
pub struct Service {
    target: Arc<Target>,
    listeners: Vec<Listener>,
    state: ServiceState,
    gauges: Arc<[GroupGauges]>,
    addresses: Arc<[GroupAddress]>,
    groups: Vec<RunningGroup>,
}

#[derive(Debug)]
struct RunningGroup {
    sender: Sender<Message>,
    waker: RemoteWaker,
    thread: Option<JoinHandle<()>>,
}

/// One end of each group's inbox.
#[derive(Debug, Clone)]
pub(crate) struct GroupAddress {
    pub(crate) sender: Sender<Message>,
    pub(crate) waker: RemoteWaker,
}

impl GroupAddress {
    /// Delivers a message. A group that has ended needs no messages any more.
    pub(crate) fn send(&self, message: Message) {
        if self.sender.send(message).is_ok() {
            self.waker.wake();
        }
    }
}

impl Service {
    /// Binds all addresses, then starts the poll groups. When it returns, hosts can connect.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left behind.
    pub fn start(settings: TargetSettings, options: &ServiceOptions) -> Result<Self, StartError> {
        Self::start_with(settings, options, Vec::new())
    }

    /// As [`start`](Self::start), with sockets that listen already, from whoever started this process. Those of a kind are
    /// used in the place of all addresses of that kind in `options`.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left behind.
    pub fn start_with(
        mut settings: TargetSettings,
        options: &ServiceOptions,
        inherited: Vec<BoundListener>,
    ) -> Result<Self, StartError> {
        options.socket.check()?;
        let mut sockets = Vec::new();
        for bound in options.listeners(inherited)? {
            let (socket, listener) = bound.prepare()?;
            settings.listeners.push(listener);
            sockets.push((socket, listener.kind));
        }
        let listeners = settings.listeners.clone();
        let target = Target::new(settings)?;

        let cores = options.placement.cores();
        let mut inboxes: Vec<(EventLoop, Receiver<Message>)> = Vec::new();
        let mut group_addresses = Vec::new();
        for _ in &cores {
            let event_loop = EventLoop::new(options.idle).map_err(StartError::PollGroup)?;
            let (sender, receiver) = channel();
            group_addresses.push(GroupAddress { sender, waker: event_loop.waker() });
            inboxes.push((event_loop, receiver));
        }
        let group_addresses: Arc<[GroupAddress]> = group_addresses.into();
        let gauges: Arc<[GroupGauges]> = cores.iter().map(|_| GroupGauges::default()).collect();
        let mut service = Self {
            state: ServiceState::new(Arc::clone(&target), Arc::clone(&gauges), cores.clone().into()),
            target: Arc::clone(&target),
            listeners,
            gauges: Arc::clone(&gauges),
            addresses: Arc::clone(&group_addresses),
            groups: Vec::new(),
        };
        for (index, (event_loop, inbox)) in inboxes.into_iter().enumerate() {
            let group_options = PollGroupOptions {
                index,
                core: cores[index],
                target: Arc::clone(&target),
                groups: Arc::clone(&group_addresses),
                gauges: Arc::clone(&gauges),
                // One group accepts for all: the kernel's own spreading (SO_REUSEPORT) hashes, and a host's few
                // queues would pile up on one core.
                listeners: if index == 0 { std::mem::take(&mut sockets) } else { Vec::new() },
                socket: options.socket.clone(),
                backend: options.backend,
            };
            service.groups.push(spawn(group_options, event_loop, inbox)?);
        }
        Ok(service)
    }

    /// Where hosts connect to, with the ports that were taken for port 0.
    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// What is being served.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Its live state, to be shown. Cheap; it may be taken before the control socket is there and kept after the end.
    #[must_use]
    pub fn state(&self) -> &ServiceState {
        &self.state
    }

    /// Asks the poll groups whether they still come around.
    #[must_use]
    pub fn heartbeat(&self) -> Heartbeat {
        Heartbeat::new(Arc::clone(&self.addresses), Arc::clone(&self.gauges))
    }

    /// Stops accepting, lets commands in flight end for up to [`DRAIN_LIMIT`](crate::limits::DRAIN_LIMIT), closes all connections and waits for
    /// the threads.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        for group in &self.groups {
            let _ = group.sender.send(Message::Stop);
            group.waker.wake();
        }
        for group in &mut self.groups {
            if let Some(thread) = group.thread.take() {
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the thread and waits until its rings and pools exist, so that a failure is reported by `start`.
fn spawn(
    options: PollGroupOptions,
    event_loop: EventLoop,
    inbox: Receiver<Message>,
) -> Result<RunningGroup, StartError> {
    let (started, ready) = channel();
    let own = options.groups[options.index].clone();
    let thread = std::thread::Builder::new()
        .name(format!("poll group {}", options.index))
        .spawn(move || match PollGroup::new(options, event_loop, inbox) {
            Ok(mut group) => {
                let _ = started.send(Ok(()));
                group.run();
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        })
        .map_err(StartError::PollGroup)?;
    match ready.recv() {
        Ok(Ok(())) => Ok(RunningGroup { sender: own.sender, waker: own.waker, thread: Some(thread) }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(StartError::PollGroup(io::Error::other("its thread ended while starting"))),
    }
}

//! The control socket of a running service: a thread of its own ([`Server`]), off the data path, or a part of another
//! loop ([`AttendedServer`]), for a program that has one thread only.
//!
//! One epoll, no spinning. Each turn serves every connection that has something to say, a few requests of each, so that
//! none can starve another. It keeps a spare descriptor, so that a service that has used up its descriptors can still be
//! asked what for.

mod attended;
mod peer;
mod socket;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

pub use attended::AttendedServer;
use reactor::{RemoteWaker, clock};
pub use socket::{AdoptError, BindError, BindFailure, ControlSocket, FileIdentity, remove_leftovers, socket_path};

use crate::command::CommandTable;
use crate::state::{Inspect, Node};

/// What the server counts. A cheap handle; make it first, and it can be part of the state that the server shows.
#[derive(Debug, Clone, Default)]
pub struct Statistics(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    open: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    evicted: AtomicU64,
    requests: AtomicU64,
    protocol_errors: AtomicU64,
}

impl Inspect for Statistics {
    fn inspect(&self, node: &mut Node<'_>) {
        let counters = &*self.0;
        for (name, counter) in [
            ("connections", &counters.open),
            ("accepted", &counters.accepted),
            ("refused", &counters.refused),
            ("evicted", &counters.evicted),
            ("requests", &counters.requests),
            ("protocol_errors", &counters.protocol_errors),
        ] {
            node.value(name, counter.load(Ordering::Relaxed));
        }
    }
}

/// A running control server. Dropped, it stops: requests that have arrived are still answered, the socket file is
/// removed.
pub struct Server {
    stop: Arc<AtomicBool>,
    waker: RemoteWaker,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts to serve `table` at `socket`.
    ///
    /// # Errors
    /// When the system grants no thread, epoll instance or descriptor.
    pub fn start(socket: ControlSocket, table: CommandTable, statistics: Statistics) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let attended = AttendedServer::new(socket, table, statistics)?;
        let waker = attended.waker();
        let told_to_stop = Arc::clone(&stop);
        let run = move || {
            if let Err(error) = attend(attended, &told_to_stop) {
                tracing::error!(%error, "the control socket is lost: epoll failed");
            }
        };
        let thread = std::thread::Builder::new().name("control".to_owned()).spawn(run)?;
        Ok(Self { stop, waker, thread: Some(thread) })
    }

    /// Stops and waits until the socket file is gone.
    pub fn stop(self) {
        drop(self);
    }
}

/// The loop of the control thread. When told to stop, it answers what has arrived and ends.
fn attend(mut server: AttendedServer, stop: &AtomicBool) -> io::Result<()> {
    let mut now = clock::now();
    while !stop.load(Ordering::Acquire) {
        server.turn(now)?;
        now = server.wait(server.next_deadline())?;
    }
    server.drain()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.waker.wake();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the control thread has panicked");
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("thread", &self.thread).finish_non_exhaustive()
    }
}

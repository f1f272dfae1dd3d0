//! The MPD front: `mpc`, ncmpcpp, M.A.L.P. and every other client of MPD's protocol 0.23.
//!
//! ```text
//! accept ─▶ connection ─▶ input (bytes to steps, no sockets) ─▶ commands (one table) ─▶ library, station
//!               ▲                                                      │
//!               └── changes (what idle tells of) ◀── library, station ─┘
//! ```
//! # A station as MPD shows it
//! The queue is the station's: the current song is at position 0, the rest follows in the order in which it will be played, and a
//! song that was played is gone (`consume` is always on). Its tail is what the mood or the playlist chose; songs that are added come
//! before that. With `random` on, what was asked for is played at random, and by priority. Nothing repeats, and there is no mixer.
//! `single oneshot` is paraslash's `nomore`.
//! Outputs are senders. What MPD has and a station does not is answered by an error that says so.
//!
//! # What it does not implement
//! Partitions and mounts beyond the ones that are always there, songs that are no files of the library (and with them tags of queue
//! entries, `addtagid`), crossfade, replay gain, fingerprints, neighbours.
//!
//! # Cost
//! A task for each connection; commands run on threads that may block, one at a time for each client. A list of songs is built in
//! memory and sent at once.

mod calendar;
mod changes;
mod channels;
mod client;
mod commands;
mod connection;
mod filter;
mod input;
mod limits;
mod line;
mod places;
mod reference;
mod refusal;
mod reply;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use radio_library::change::Change;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};

use self::changes::{Changes, of_library, of_station};
use self::channels::Channels;
use self::client::Client;
#[doc(hidden)]
pub use self::filter::fuzz as fuzz_filter;
#[doc(hidden)]
pub use self::input::fuzz as fuzz_input;
use self::limits::CLIENTS_MAX;
use self::places::Places;
pub use self::reference::reference_page;
use self::refusal::Refusal;
use crate::context::Context;
use crate::limits::ACCEPT_PAUSE;
use crate::listeners::Listeners;
use crate::rights::Rights;

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// What a client may do that has given no password.
    pub rights: Rights,
    /// Passwords, and the rights that come with each.
    pub passwords: Vec<(String, Rights)>,
}

impl Access {
    /// The rights that come with a password; `None`: it is none.
    #[must_use]
    pub fn of_password(&self, given: &str) -> Option<Rights> {
        // Every password is compared, and all of it, so that the time does not tell how much of it is right.
        let mut found = None;
        for (password, rights) in &self.passwords {
            let length_differs = u8::from(password.len() != given.len());
            let differs = password
                .bytes()
                .zip(given.bytes())
                .fold(length_differs, |differs, (left, right)| differs | (left ^ right));
            if differs == 0 {
                found = Some(*rights);
            }
        }
        found
    }
}

impl Default for Access {
    /// Everything for everybody. Parity: MPD without passwords in its configuration.
    fn default() -> Self {
        Self { rights: Rights::ALL, passwords: Vec::new() }
    }
}

/// What all connections share.
#[derive(Debug)]
struct Server {
    context: Arc<Context>,
    /// Looked at for each command: it may change at any time.
    access: watch::Receiver<Access>,
    changes: Changes,
    channels: Channels,
    clients: AtomicU64,
    places: Arc<Mutex<KnownPlaces>>,
}

/// Where the music is, as far as it was asked of the library.
#[derive(Debug, Clone, Default)]
struct KnownPlaces {
    /// How often the directories of music have changed.
    changes: u64,
    places: Option<Places>,
}

/// Serves clients for as long as it is polled. When the access changes, so do the rights of those who are connected.
pub async fn serve(mut listeners: Listeners, context: Arc<Context>, access: watch::Receiver<Access>) {
    let server = Server::new(context, access);
    let seats = Arc::new(Semaphore::new(CLIENTS_MAX));
    tokio::spawn(Arc::clone(&server).follow_station());
    loop {
        match listeners.accept().await {
            Ok((stream, peer)) => {
                let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
                    tracing::warn!(%peer, "mpd: there are {CLIENTS_MAX} clients already; closing this one");
                    continue;
                };
                let (server, client) = (Arc::clone(&server), server.client(peer.to_string()));
                tokio::spawn(async move {
                    connection::run(server, client, stream).await;
                    drop(seat);
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: it passes when connections end.
                tracing::warn!(%error, "mpd: cannot accept a connection; trying again in a second");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Server {
    fn new(context: Arc<Context>, access: watch::Receiver<Access>) -> Arc<Self> {
        let changes = Changes::default();
        let told = changes.clone();
        let places: Arc<Mutex<KnownPlaces>> = Arc::default();
        let known = Arc::clone(&places);
        // What there is already is nothing to tell of.
        drop(context.library.subscribe(move |changes| {
            if changes.contains(&Change::Roots) {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                *known = KnownPlaces { changes: known.changes + 1, places: None };
            }
            told.happened(&of_library(changes));
        }));
        Arc::new(Self { context, access, changes, channels: Channels::default(), clients: AtomicU64::new(0), places })
    }

    /// Where the music is.
    fn places(&self) -> Result<Places, Refusal> {
        let known = self.places.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(places) = known.places {
            return Ok(places);
        }
        let places = Places::new(&self.context.library.roots()?);
        let mut now = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        // What was asked while they changed is not kept.
        if now.changes == known.changes {
            now.places = Some(places.clone());
        }
        Ok(places)
    }

    fn client(&self, peer: String) -> Client {
        let number = self.clients.fetch_add(1, Ordering::Relaxed);
        Client::new(number, peer, self.changes.now())
    }

    /// What a client may do: a password that is no longer one gives nothing.
    fn rights(&self, client: &Client) -> Rights {
        let access = self.access.borrow();
        let by_password = client.password.as_deref().and_then(|password| access.of_password(password));
        by_password.unwrap_or(access.rights)
    }

    /// Tells of what changes in the station.
    async fn follow_station(self: Arc<Self>) {
        let mut watched = self.context.station.watch();
        let mut before = watched.borrow_and_update().clone();
        while watched.changed().await.is_ok() {
            let after = watched.borrow_and_update().clone();
            if let (Some(before), Some(after)) = (&before, &after) {
                self.changes.happened(&of_station(before, after));
            }
            before = after;
        }
    }
}

//! The ssh front: `ssh -p 2990 user@host COMMAND`, and a shell when no command is given.
//!
//! ```text
//!  accept ─► connection ─► Login (russh's handler: keys, channels) ─► channel ─► a command, or the shell
//!               │ cut after 10 s without a login, and when the user is no more
//! ```
//! [`host_key`] is the server's own key. Users come from [`Users`](crate::users::Users), by public key only: passwords are
//! refused. Nothing but commands is to be had: no forwarding, no agent, no subsystem, no environment.
//!
//! Cost: a task for each connection and for each channel, and a thread for each command that runs.

mod channel;
mod cut;
pub mod host_key;
mod login;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use russh::keys::PrivateKey;
use russh::{MethodKind, MethodSet, SshId};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::context::Context;
use crate::limits::{
    ACCEPT_PAUSE, HALF_OPEN_CONNECTIONS_MAXIMUM, LOGIN_ATTEMPTS_MAXIMUM, LOGIN_TIMEOUT, SESSIONS_MAXIMUM,
};
use crate::listeners::Listeners;
use crate::sessions::count;

use cut::CuttableStream;
use login::Login;

/// How long a refusal takes, so that its time tells nothing.
const REFUSAL_TIME: std::time::Duration = std::time::Duration::from_millis(500);

/// How much a client may send ahead on a channel, in bytes.
const WINDOW_BYTES: u32 = 256 << 10;

/// Time without a word from a client after which it is asked for one.
const KEEPALIVE_INTERVAL: std::time::Duration = std::time::Duration::from_secs(30);

/// Accepts connections until the sender of `end` is dropped or used, and is over when those that there are then are.
pub async fn serve(
    mut listeners: Listeners,
    key: PrivateKey,
    context: Arc<Context>,
    mut end: oneshot::Receiver<Infallible>,
) {
    let server = Arc::new(Server {
        config: Arc::new(config(key)),
        half_open: Arc::new(Semaphore::new(HALF_OPEN_CONNECTIONS_MAXIMUM)),
        sessions: AtomicUsize::new(0),
        context,
    });
    // Each connection has a sender; without one the receiver has nothing more to wait for.
    let (open, mut all_over) = mpsc::channel::<Infallible>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listeners.accept() => accepted,
            _ = &mut end => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (server, open) = (Arc::clone(&server), open.clone());
                tokio::spawn(async move {
                    server.connection(stream, peer.to_string()).await;
                    drop(open);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "ssh: cannot accept a connection; trying again in a second");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Nobody is to wait for an answer that nobody gives.
    drop((listeners, open));
    all_over.recv().await;
}

fn config(key: PrivateKey) -> russh::server::Config {
    russh::server::Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-tidegate")),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: REFUSAL_TIME,
        auth_rejection_time_initial: Some(std::time::Duration::ZERO),
        keys: vec![key],
        max_auth_attempts: LOGIN_ATTEMPTS_MAXIMUM,
        window_size: WINDOW_BYTES,
        inactivity_timeout: None,
        keepalive_interval: Some(KEEPALIVE_INTERVAL),
        nodelay: true,
        ..russh::server::Config::default()
    }
}

struct Server {
    config: Arc<russh::server::Config>,
    half_open: Arc<Semaphore>,
    sessions: AtomicUsize,
    context: Arc<Context>,
}

impl Server {
    /// A connection from its first byte to its end.
    async fn connection(&self, stream: TcpStream, peer: String) {
        let counters = self.context.sessions.counters();
        count(&counters.connections);
        let Ok(place) = Arc::clone(&self.half_open).try_acquire_owned() else {
            count(&counters.turned_away);
            tracing::warn!(%peer, "ssh: too many connections on which nobody has logged in; closing this one");
            return;
        };
        let _ = stream.set_nodelay(true);
        let (stream, cut) = CuttableStream::new(stream);
        let (login, mut logged_in) = Login::new(Arc::clone(&self.context), peer.clone());
        let session = async {
            match russh::server::run_stream(Arc::clone(&self.config), stream, login).await {
                Ok(session) => session.await,
                Err(error) => Err(error),
            }
        };
        tokio::pin!(session);
        let user = tokio::select! {
            ended = &mut session => return self.ended(&peer, ended.err()),
            () = tokio::time::sleep(LOGIN_TIMEOUT) => {
                count(&counters.login_timeouts);
                tracing::info!(%peer, "ssh: nobody has logged in within {} s", LOGIN_TIMEOUT.as_secs());
                drop(cut);
                let _ = session.await;
                return;
            }
            user = login::arrival(&mut logged_in) => user,
        };
        let Some(user) = user else { return };
        drop(place);
        let _seat = Seat::take(&self.sessions);
        if self.sessions.load(Ordering::Relaxed) > SESSIONS_MAXIMUM {
            count(&counters.turned_away);
            tracing::warn!(%peer, "ssh: there are {SESSIONS_MAXIMUM} sessions already; closing this one");
            return;
        }
        let mut users = self.context.users();
        tokio::select! {
            ended = &mut session => self.ended(&peer, ended.err()),
            () = login::revocation(&mut users, &user) => {
                tracing::info!(user = user.name, %peer, "ssh: the user's key or rights have been changed; ending the session");
                drop(cut);
                let _ = session.await;
            }
        }
    }

    fn ended(&self, peer: &str, error: Option<russh::Error>) {
        if let Some(error) = error {
            tracing::debug!(%peer, %error, "ssh: connection ended");
        }
    }
}

/// One of the sessions.
struct Seat<'a>(&'a AtomicUsize);

impl<'a> Seat<'a> {
    fn take(sessions: &'a AtomicUsize) -> Self {
        sessions.fetch_add(1, Ordering::Relaxed);
        Self(sessions)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

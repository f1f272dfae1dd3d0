//! Who is at the other end of a connection, and what channels are opened there.

use std::collections::HashMap;
use std::sync::Arc;

use russh::keys::PublicKey;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, Pty};
use tokio::sync::watch;

use super::channel::{self, Request, TerminalSize};
use crate::commands::Origin;
use crate::context::Context;
use crate::limits::{CHANNELS_PER_SESSION_MAXIMUM, COMMAND_LINE_BYTES_MAXIMUM};
use crate::sessions::count;
use crate::users::{UserEntry, Users};

/// The handler of one connection. It ends with the connection, and with it everything that was started there.
pub(super) struct Login {
    context: Arc<Context>,
    peer: String,
    /// Filled when somebody has logged in.
    arrived: watch::Sender<Option<UserEntry>>,
    user: Option<UserEntry>,
    /// Channels on which nothing runs yet.
    waiting: HashMap<ChannelId, Waiting>,
    /// Each channel holds a copy.
    open: Arc<()>,
}

/// A channel on which nothing runs yet.
struct Waiting {
    channel: Channel<Msg>,
    terminal: Option<TerminalSize>,
}

/// Waits until somebody has logged in. `None` if the connection ended before.
pub(super) async fn arrival(arrived: &mut watch::Receiver<Option<UserEntry>>) -> Option<UserEntry> {
    arrived.wait_for(Option::is_some).await.ok().and_then(|user| user.clone())
}

/// Waits until the users file no longer says the same of this user and key.
pub(super) async fn revocation(users: &mut watch::Receiver<Arc<Users>>, user: &UserEntry) {
    if users.wait_for(|users| !users.entries().contains(user)).await.is_err() {
        // The service ends; that is told otherwise.
        std::future::pending::<()>().await;
    }
}

impl Login {
    /// A connection on which nobody has logged in yet, and where the user will appear.
    pub(super) fn new(context: Arc<Context>, peer: String) -> (Self, watch::Receiver<Option<UserEntry>>) {
        let (arrived, receiver) = watch::channel(None);
        let waiting = HashMap::new();
        (Self { context, peer, arrived, user: None, waiting, open: Arc::new(()) }, receiver)
    }

    fn find(&self, name: &str, key: &PublicKey) -> Option<UserEntry> {
        let users = self.context.users().borrow().clone();
        let matches = |entry: &&UserEntry| entry.name == name && entry.key.key_data() == key.key_data();
        users.entries().iter().find(matches).cloned()
    }

    fn refuse(&self, name: &str, why: &str) -> Auth {
        count(&self.context.sessions.counters().refused_logins);
        tracing::info!(user = name, peer = self.peer, "ssh: refused: {why}");
        Auth::reject()
    }

    fn start(&mut self, id: ChannelId, request: Request, session: &mut Session) -> Result<(), russh::Error> {
        let (Some(waiting), Some(user)) = (self.waiting.remove(&id), &self.user) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let user = crate::users::User { name: user.name.as_str().into(), rights: user.rights };
        let origin = Origin { user, front: "ssh", peer: self.peer.clone() };
        let (context, open) = (Arc::clone(&self.context), Arc::clone(&self.open));
        tokio::spawn(async move {
            channel::run(waiting.channel, waiting.terminal, request, context, origin).await;
            drop(open);
        });
        Ok(())
    }
}

impl Handler for Login {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, _password: &str) -> Result<Auth, Self::Error> {
        Ok(self.refuse(user, "a password was tried; only public keys are accepted"))
    }

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        if self.find(user, offer.public_key).is_some() {
            return Ok(Auth::Accept);
        }
        let known = self.context.users().borrow().knows(user);
        Ok(self.refuse(user, if known { "not one of the user's keys" } else { "no such user" }))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let Some(entry) = self.find(user, key.public_key) else {
            return Ok(self.refuse(user, "not one of the user's keys"));
        };
        self.user = Some(entry);
        Ok(Auth::Accept)
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Self::Error> {
        count(&self.context.sessions.counters().logins);
        if let Some(user) = &self.user {
            tracing::info!(user = user.name, peer = self.peer, rights = %user.rights, "ssh: logged in");
        }
        self.arrived.send_replace(self.user.clone());
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.waiting.len() + Arc::strong_count(&self.open) > CHANNELS_PER_SESSION_MAXIMUM {
            // Dropped without an answer, the handle refuses.
            return Ok(());
        }
        reply.accept().await;
        self.waiting.insert(channel.id(), Waiting { channel, terminal: None });
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.waiting.remove(&channel);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        columns: u32,
        _rows: u32,
        _pixel_width: u32,
        _pixel_height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.waiting.get_mut(&channel) {
            Some(waiting) => {
                waiting.terminal = Some(TerminalSize { columns });
                session.channel_success(channel)
            }
            None => session.channel_failure(channel),
        }
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.start(channel, Request::Shell, session)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if command.len() > COMMAND_LINE_BYTES_MAXIMUM {
            return session.channel_failure(channel);
        }
        let line = String::from_utf8_lossy(command).into_owned();
        self.start(channel, Request::Command(line), session)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        _value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }
}

//! What an init system gives a service and wants to hear from it: systemd, s6, and whoever speaks their conventions.
//!
//! [`notify`] is sd_notify's datagrams, [`notification_descriptor`] s6's newline, [`activation`] takes listening sockets
//! that were opened before the service started. [`Upstream`] says each thing to all who wait for it: these two and the
//! supervisor's channel.
//!
//! Everything that is found in the environment is taken out of it, so that no child believes it to be its own. That is
//! possible only before the first thread starts.

pub mod activation;
pub mod notification_descriptor;
pub mod notify;

mod descriptor;
mod environment;

use rustix::io::Errno;

use crate::channel::Channel;
use crate::notification::{Notification, encode};
use notification_descriptor::NotificationDescriptor;
use notify::NotifySocket;

pub use descriptor::DescriptorError;
pub use environment::EnvironmentError;

/// The supervisor's or launcher's end of the channel is closed: nobody waits for this service any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the process that started this one is gone")]
pub struct Gone;

/// All who want to know how this service is.
#[derive(Debug, Default)]
pub struct Upstream {
    channel: Option<Channel>,
    notify_socket: Option<NotifySocket>,
    descriptor: Option<NotificationDescriptor>,
}

impl Upstream {
    /// Nobody, until told otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also the supervisor or launcher behind this channel.
    #[must_use]
    pub fn with_channel(mut self, channel: Channel) -> Self {
        self.channel = Some(channel);
        self
    }

    /// Also the init system behind this socket.
    #[must_use]
    pub fn with_notify_socket(mut self, socket: NotifySocket) -> Self {
        self.notify_socket = Some(socket);
        self
    }

    /// Also whoever reads from this descriptor.
    #[must_use]
    pub fn with_descriptor(mut self, descriptor: NotificationDescriptor) -> Self {
        self.descriptor = Some(descriptor);
        self
    }

    /// The channel, if there is one: descriptors arrive through it.
    #[must_use]
    pub fn channel(&self) -> Option<&Channel> {
        self.channel.as_ref()
    }

    /// Another supervisor's channel in the place of the one that has gone, or none.
    pub fn replace_channel(&mut self, channel: Option<Channel>) {
        self.channel = channel;
    }

    /// Where the init system listens, for the program that takes this one's place.
    #[must_use]
    pub fn notify_address(&self) -> Option<String> {
        self.notify_socket.as_ref().map(|socket| socket.address().to_string())
    }

    /// Says all of this to everyone, in one message each. An init system that cannot be told is logged and otherwise
    /// ignored: a service that works is not ended for it.
    ///
    /// # Errors
    /// [`Gone`] when the channel's other end is closed. The others have been told even then.
    pub fn notify(&self, notifications: &[Notification]) -> Result<(), Gone> {
        let message = encode(notifications);
        if let Some(socket) = &self.notify_socket
            && let Err(error) = socket.send(&message)
        {
            tracing::warn!("cannot notify the init system at {}: {error}", socket.address());
        }
        if let Some(descriptor) = &self.descriptor
            && notifications.contains(&Notification::Ready)
            && let Err(error) = descriptor.announce_ready()
        {
            tracing::warn!("cannot announce readiness on the notification descriptor: {error}");
        }
        match self.channel.as_ref().map_or(Ok(()), |channel| channel.send(&message)) {
            Ok(()) => Ok(()),
            Err(Errno::PIPE | Errno::CONNRESET) => Err(Gone),
            Err(errno) => {
                tracing::warn!("cannot notify the supervisor: {}", std::io::Error::from(errno));
                Ok(())
            }
        }
    }
}

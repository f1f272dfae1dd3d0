//! What a service has to be, so that it can be detached, supervised, controlled and confined like every other.
//!
//! The three traits are the three states of a service's life: described, opened, running. Each step consumes the one
//! before, so nothing can happen out of order: threads exist only after the sandbox, files are opened only before it.

use std::ffi::OsString;
use std::net::TcpListener;
use std::sync::Arc;

use control::log::Logging;
use control::{Command, Inspect};

use crate::failure::Failure;
use crate::listening::{ListenAddress, ListeningSocket};
use crate::sandbox::{Layers, Rules};

/// What processes that a service starts have to be told, so that they log where it logs and are confined as it is.
#[derive(Debug, Clone)]
pub struct Inheritance {
    /// The arguments that say where and what to log.
    pub log_arguments: Vec<OsString>,
    /// The log itself.
    pub logging: Logging,
    /// The layers of the sandbox that are on.
    pub sandbox: Layers,
}

/// A service that has been asked for and has done nothing yet.
pub trait Service {
    /// Takes what the processes that it starts have to be told. For services that start some; called first.
    fn inherit(&mut self, _: Inheritance) {}

    /// Where it is to be reached. Whoever is first in the chain binds them: the supervisor, else the service itself.
    fn addresses(&self) -> Vec<ListenAddress>;

    /// Binds one address and listens.
    ///
    /// # Errors
    /// One line that says what was in the way and what to do.
    fn bind(&self, address: &ListenAddress) -> Result<TcpListener, Failure>;

    /// Opens all that it needs for as long as it lives: files, disks, databases. No thread may be started. `sockets` are in
    /// the place of its addresses, those of one kind in the order of [`Service::addresses`].
    ///
    /// # Errors
    /// One line that says what was in the way and what to do.
    fn open(self: Box<Self>, sockets: Vec<ListeningSocket>) -> Result<Box<dyn Opened>, Failure>;
}

/// A service that has all it needs.
pub trait Opened {
    /// What of the system it still has to reach.
    fn rules(&self) -> Rules;

    /// Starts its threads. When it returns, clients are served.
    ///
    /// # Errors
    /// One line that says what was in the way and what to do.
    fn start(self: Box<Self>) -> Result<Box<dyn Running>, Failure>;
}

/// What a running service makes of another configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// It works by it from now on.
    Taken,
    /// It has to be started again for it, and nothing has changed yet: what takes that, in a few words.
    Restart(String),
}

/// A service at work.
pub trait Running: Send {
    /// Its part of the state tree.
    fn state(&self) -> Arc<dyn Inspect>;

    /// Control commands of its own.
    fn commands(&self) -> Vec<Command> {
        Vec::new()
    }

    /// What people read on standard output when it is ready, a line each.
    fn announcement(&self) -> Vec<String> {
        Vec::new()
    }

    /// Called at regular times, when somebody watches: whether each of its threads has made progress since the last call.
    fn is_well(&mut self) -> bool {
        true
    }

    /// Re-reads what it can change while it runs.
    fn reload(&mut self) {}

    /// Its section of the configuration has changed; this is the whole text, which the supervisor has found right. What it cannot change
    /// while it runs makes it be started again.
    fn renew(&mut self, _: &str) -> Renewal {
        Renewal::Restart("it takes no change while it runs".to_owned())
    }

    /// Lets what is under way end, and ends.
    fn stop(self: Box<Self>);
}

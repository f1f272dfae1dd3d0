//! What a supervisor is told to run.

use std::ffi::OsString;
use std::net::TcpListener;

use crate::failure::Failure;
use crate::listening::{ListenAddress, ListeningSocket};
use crate::offer::Offer;
use crate::supervision::{RestartPolicy, ServiceTimes};

/// One service.
#[derive(Debug, Clone)]
pub struct ServiceDefinition {
    /// Its name.
    pub name: String,
    /// The arguments of this very program that run it in the foreground.
    pub arguments: Vec<OsString>,
    /// When it is started again.
    pub policy: RestartPolicy,
    /// How long it may take for what it does.
    pub times: ServiceTimes,
    /// What the supervisor binds for it.
    pub addresses: Vec<ListenAddress>,
    /// The configuration that it is given.
    pub configuration: Option<String>,
    /// What of the configuration is about this service: another one is offered to it at a reload.
    pub fingerprint: String,
    /// Binds an address as the service would.
    pub bind: fn(&ListenAddress) -> Result<TcpListener, Failure>,
}

impl ServiceDefinition {
    /// A socket for each address: a handle of one of `present` that serves it, else a new one.
    ///
    /// # Errors
    /// When one cannot be had. `present` is what it was.
    pub(crate) fn sockets(&self, present: &[ListeningSocket]) -> Result<Vec<ListeningSocket>, Failure> {
        let mut present: Vec<&ListeningSocket> = present.iter().collect();
        let socket = |address: &ListenAddress| match present.iter().position(|socket| socket.serves(address)) {
            Some(place) => present.swap_remove(place).duplicate().map_err(Failure::running),
            None => Ok(ListeningSocket { kind: address.kind.clone(), listener: (self.bind)(address)? }),
        };
        self.addresses.iter().map(socket).collect()
    }

    /// Whether a process that was started for `other` has the arguments and addresses of this one.
    pub(crate) fn starts_as(&self, other: &Self) -> bool {
        self.arguments == other.arguments && self.addresses == other.addresses
    }

    /// Its part of the configuration, for a process that runs.
    pub(crate) fn offer(&self) -> Option<Offer> {
        let configuration = self.configuration.clone()?;
        Some(Offer { configuration, fingerprint: self.fingerprint.clone() })
    }
}

/// Where the definitions of a supervisor's services come from.
pub struct DefinitionSource {
    /// Reads and checks them.
    read: Box<dyn FnMut() -> Result<Vec<ServiceDefinition>, Failure>>,
    /// Arguments with which a new program is tried before it takes over: it must end with status 0.
    pub(crate) trial: Vec<OsString>,
}

impl DefinitionSource {
    /// `read` is called at the start and at each reload; `trial` as in `check -c FILE`.
    pub fn new(read: impl FnMut() -> Result<Vec<ServiceDefinition>, Failure> + 'static, trial: Vec<OsString>) -> Self {
        Self { read: Box::new(read), trial }
    }

    pub(crate) fn read(&mut self) -> Result<Vec<ServiceDefinition>, Failure> {
        (self.read)()
    }
}

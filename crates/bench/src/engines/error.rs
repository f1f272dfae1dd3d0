//! Why an engine cannot be used.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use nvme::fabrics::NqnError;
use nvme_host::{ConnectError, IdentityError, NamespaceError};

/// Why an engine did not start, or does not take a file.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such engine.
    #[error("there is no ioengine {name}; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// All there are.
        known: String,
    },
    /// The kernel refuses something that the engine needs.
    #[error("{engine}: {what} failed")]
    System {
        /// The engine.
        engine: &'static str,
        /// The system call, or what it is for.
        what: &'static str,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// A file cannot be used in the engine's way.
    #[error("{engine}: {what} of {} failed", path.display())]
    File {
        /// The engine.
        engine: &'static str,
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// An option that the engine cannot do without is missing or has no use.
    #[error("{engine}: {problem}")]
    Option {
        /// The engine.
        engine: &'static str,
        /// What is wrong and what would be accepted.
        problem: &'static str,
    },
    /// A target's name has another form.
    #[error(
        "{engine}: `{target}`: {problem}; expected tcp:ADDRESS:PORT/NQN[/NAMESPACE], as tcp:127.0.0.1:4420/nqn.2016-06.io.example:one/1"
    )]
    Target {
        /// The engine.
        engine: &'static str,
        /// What was given.
        target: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A target's NQN is none.
    #[error("nvme_tcp: `{target}`")]
    Nqn {
        /// What was given.
        target: String,
        /// What is wrong with it.
        #[source]
        source: NqnError,
    },
    /// This machine's NVMe identity cannot be used.
    #[error("nvme_tcp: this host has no identity")]
    Identity(#[from] IdentityError),
    /// The controller cannot be reached or refuses.
    #[error("nvme_tcp: {address}")]
    Connect {
        /// The controller.
        address: SocketAddr,
        /// Why.
        #[source]
        source: ConnectError,
    },
    /// The namespace cannot be used.
    #[error("nvme_tcp: {address}: namespace {namespace}")]
    Namespace {
        /// The controller.
        address: SocketAddr,
        /// The namespace.
        namespace: u32,
        /// Why.
        #[source]
        source: NamespaceError,
    },
    /// The controller allows less than the job asks for.
    #[error("nvme_tcp: {address} allows {allowed} {what}, {wanted} are asked for")]
    Limit {
        /// The controller.
        address: SocketAddr,
        /// Of what.
        what: &'static str,
        /// How much it allows.
        allowed: u64,
        /// How much was asked for.
        wanted: u64,
    },
}

impl EngineError {
    /// The error number for results: the kernel's, or `EINVAL` where it is the job's fault.
    #[must_use]
    pub fn error_number(&self) -> i32 {
        match self {
            Self::System { source, .. } | Self::File { source, .. } => source.raw_os_error().unwrap_or(libc::EINVAL),
            _ => libc::EINVAL,
        }
    }
}

//! What can go wrong, told so that an operator knows what happened and where.
//!
//! Three layers: [`ConnectionLost`] ends a queue and everything outstanding on it; [`CommandError`] is the fate of one
//! command; [`ConnectError`] is why there is no controller or no queue.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use nvme::base::status::Status;
use nvme::fabrics::InvalidParameter;
use nvme::tcp::Fault;
use reactor::clock::Duration;

/// Why a connection ended. Cheap to clone: every outstanding command is told the same cause.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the connection is lost")]
pub struct ConnectionLost(#[source] Arc<ConnectionFailure>);

impl ConnectionLost {
    pub(crate) fn new(failure: ConnectionFailure) -> Self {
        Self(Arc::new(failure))
    }

    /// What ended the connection.
    #[must_use]
    pub fn failure(&self) -> &ConnectionFailure {
        &self.0
    }
}

/// The event that ended a connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionFailure {
    /// The controller closed it.
    #[error("the controller closed it")]
    Closed,
    /// The socket or its event loop failed.
    #[error("the socket failed")]
    Socket(#[source] io::Error),
    /// The controller broke the protocol; it has been told.
    #[error("the controller broke the protocol")]
    Fault(#[source] Fault),
    /// The controller says that this host broke the protocol (C2HTermReq).
    #[error("the controller terminated it: {0}")]
    Terminated(String),
    /// A command was not completed in time; its buffer is free again only because the connection is gone.
    #[error("a command was not completed within {0:?}")]
    CommandTimedOut(Duration),
    /// This side let it go: the controller handle was dropped, or the queue was.
    #[error("this host closed it")]
    ClosedByHost,
}

/// The fate of a command that did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommandError {
    /// The controller carried the command out and says that it failed.
    #[error("the controller answered: {status}")]
    Status {
        /// The controller's verdict.
        status: Status,
        /// The command specific result that came with it.
        result: u64,
    },
    /// The data that came back do not match their digest.
    #[error("the data are damaged: their digest does not match")]
    DataDigest,
    /// The command succeeded, but fewer data came than it asks for.
    #[error("the controller sent {received} of {expected} bytes and called that a success")]
    DataMissing {
        /// Bytes that were asked for.
        expected: u32,
        /// Bytes that came.
        received: u32,
    },
    /// The command was not completed in time. Whether it was carried out is unknown.
    #[error("no completion within {0:?}")]
    TimedOut(Duration),
    /// The connection ended first. Whether the command was carried out is unknown.
    #[error(transparent)]
    ConnectionLost(#[from] ConnectionLost),
}

impl CommandError {
    /// Whether the same command may succeed on a new connection.
    #[must_use]
    pub fn is_transport(&self) -> bool {
        match self {
            Self::ConnectionLost(_) | Self::TimedOut(_) | Self::DataDigest => true,
            Self::Status { .. } | Self::DataMissing { .. } => false,
        }
    }
}

/// Why there is no connection to a controller, or no queue on it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No TCP connection.
    #[error("cannot reach {address}")]
    Unreachable {
        /// Where it was tried.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The machine refuses a socket option, an event loop or a thread.
    #[error("cannot set up the connection")]
    Local(#[source] io::Error),
    /// The connection ended while it was being set up.
    #[error("{address} did not complete the connection")]
    Handshake {
        /// The peer.
        address: SocketAddr,
        /// What ended it.
        #[source]
        source: ConnectionLost,
    },
    /// Not established within the time allowed.
    #[error("{address} did not complete the connection within {limit:?}")]
    TimedOut {
        /// The peer.
        address: SocketAddr,
        /// The time allowed.
        limit: Duration,
    },
    /// Connect was refused because of one of its parameters.
    #[error("the controller refuses the {parameter} of Connect for queue {queue_id}")]
    InvalidParameter {
        /// Queue that was to be created.
        queue_id: u16,
        /// The parameter.
        parameter: InvalidParameter,
    },
    /// Connect was refused.
    #[error("the controller refuses Connect for queue {queue_id}: {status}")]
    Refused {
        /// Queue that was to be created.
        queue_id: u16,
        /// The controller's answer.
        status: Status,
    },
    /// The controller wants the host to authenticate, which is not implemented.
    #[error("the controller demands authentication, which this host does not offer")]
    AuthenticationRequired,
    /// A command of the start-up sequence failed.
    #[error("{command} failed")]
    StartUp {
        /// The command's name.
        command: &'static str,
        /// Its fate.
        #[source]
        source: CommandError,
    },
    /// The controller did not become ready in the time that it names itself.
    #[error("the controller did not become ready within {0:?}")]
    NotReady(Duration),
    /// The controller reports a fatal error.
    #[error("the controller reports a fatal error (CSTS.CFS)")]
    Fatal,
    /// The controller cannot be used by this host.
    #[error("the controller cannot be used: {0}")]
    Unusable(&'static str),
    /// More I/O queues than the controller grants.
    #[error("the controller grants {granted} I/O queues, queue {queue_id} is one too many")]
    TooManyQueues {
        /// Queue that was asked for.
        queue_id: u16,
        /// I/O queues that are granted.
        granted: u16,
    },
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn a_lost_connection_tells_every_command_the_same_cause() {
        let lost = ConnectionLost::new(ConnectionFailure::Socket(io::Error::other("cable")));
        for error in [CommandError::from(lost.clone()), lost.into()] {
            assert!(error.is_transport());
            let cause = error.source().unwrap();
            assert_eq!(cause.to_string(), "the socket failed");
            assert_eq!(cause.source().unwrap().to_string(), "cable");
        }
    }

    #[test]
    fn an_answer_of_the_controller_is_not_worth_a_new_connection() {
        assert!(!CommandError::Status { status: Status::LBA_OUT_OF_RANGE, result: 0 }.is_transport());
        assert!(!CommandError::DataMissing { expected: 512, received: 0 }.is_transport());
    }
}

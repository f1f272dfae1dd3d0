//! NVMe over Fabrics: Connect, Disconnect, Property Get and Set, and the names of hosts and subsystems.
//!
//! A Fabrics command is a [`SubmissionQueueEntry`](crate::base::command::SubmissionQueueEntry) with opcode 7Fh whose byte 4 is the command type. The command structures here are
//! views of the same 64 bytes: `from_entry` costs nothing, `as_entry` gives the entry to send.
//!
//! Spec: NVMe Base 2.0 §6 (commands), §4.5 (names).

mod connect;
mod nqn;
mod property;

pub use connect::{
    AuthenticationRequirements, ConnectCommand, ConnectData, ConnectResult, DisconnectCommand, InvalidParameter,
    NQN_FIELD_BYTES,
};
pub use nqn::{DISCOVERY_NQN, Nqn, NqnError};
pub use property::{PropertyGet, PropertySet, PropertySize};

open_enum! {
    /// Type of a Fabrics command (FCTYPE), byte 4 of the submission queue entry.
    ///
    /// Spec: NVMe Base 2.0 §6.
    pub struct FabricsCommandType(u8) {
        PROPERTY_SET = 0x00, "Property Set";
        CONNECT = 0x01, "Connect";
        PROPERTY_GET = 0x04, "Property Get";
        AUTHENTICATION_SEND = 0x05, "Authentication Send";
        AUTHENTICATION_RECEIVE = 0x06, "Authentication Receive";
        DISCONNECT = 0x08, "Disconnect";
    }
}

/// The view of a submission queue entry as one Fabrics command, and back.
macro_rules! entry_view {
    ($view:ty) => {
        impl $view {
            /// The same 64 bytes as this command. Nothing is checked: the caller has looked at opcode and command type.
            #[inline]
            #[must_use]
            pub const fn from_entry(entry: &crate::base::command::SubmissionQueueEntry) -> &Self {
                zerocopy::transmute_ref!(entry)
            }

            /// The same 64 bytes as a submission queue entry.
            #[inline]
            #[must_use]
            pub const fn as_entry(&self) -> &crate::base::command::SubmissionQueueEntry {
                zerocopy::transmute_ref!(self)
            }
        }
    };
}
use entry_view;

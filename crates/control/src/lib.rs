//! The control socket.
#![expect(missing_docs)]
pub mod limits;
pub mod wire;

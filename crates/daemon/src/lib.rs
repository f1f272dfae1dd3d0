//! The order of life of a service: the parts of it that decide.
//!
//! Start reading at [`supervision`]: what the supervisor of services does, as a pure state machine. [`pidfile`] says
//! that a service runs, [`channel`] carries what it says, [`notification`] is how a service speaks about itself, [`process_end`] how its end is told.
//!
//! What this crate does not do: it starts no process and does not detach, drop privileges or bind sockets.

pub mod channel;
pub mod crash;
pub mod init_system;
pub mod notification;
pub mod pidfile;
pub mod process_end;
pub mod supervision;
pub mod title;

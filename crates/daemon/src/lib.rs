//! The order of life of a service: the parts of it that decide.
//!
//! Start reading at [`supervision`]: what the supervisor of services does, as a pure state machine. [`pidfile`] says
//! that a service runs, [`channel`] carries what it says, [`notification`] is how a service speaks about itself, [`process_end`] how its end is told.
//! [`run_directory`] is where its files are, [`privileges`] who it is, [`sandbox`] what it can still do once it runs.
//!
//! What this crate does not do: it starts no process and does not detach or bind sockets.

pub mod channel;
pub mod notification;
pub mod pidfile;
pub mod privileges;
pub mod process_end;
pub mod run_directory;
pub mod sandbox;
pub mod supervision;

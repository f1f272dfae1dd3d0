//! The order of life of a service, and the supervisor that keeps it alive.
//!
//! ```text
//!  life::run ─┬─► detach ──────┐
//!             │                ├─► serve: pidfile, sockets, sandbox, threads, ready, wait, clean up
//!             └─► supervisor ──┘   (a service is this program, executed again)
//!                   │
//!                supervision: which service to start, stop or give up, and when; pure
//! ```
//! Start reading at [`life`] (the order), [`service`] (what a service has to be) and [`supervision`] (what a supervisor
//! decides). [`pidfile`] says that a service runs, [`channel`] carries what it says, [`notification`] is how a service speaks
//! about itself, [`process_end`] how its end is told.
//!
//! What this crate does not do: it knows no service by name, reads no configuration file and parses no command line.

mod log_shim;
mod adoption;
pub mod sandbox;
pub mod privileges;
mod run_directory;
mod crash;mod title;mod init_system;
pub mod channel;
mod detach;
mod ending;
mod failure;
mod fork;
mod hello;
pub mod life;
mod listening;
pub mod notification;
mod options;
pub mod pidfile;
mod position;
pub mod process_end;
mod serve;
pub mod service;
mod signals;
mod streams;
pub mod supervision;
pub mod supervisor;
mod wake;

pub use failure::Failure;
pub use hello::Orphans;
pub use life::Identity;
pub use listening::{ListenAddress, ListeningSocket};
pub use options::Options;
pub use position::Position;
pub use supervisor::{DefinitionSource, ServiceDefinition};

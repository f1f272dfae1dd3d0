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
//! about itself, [`process_end`] how its end is told. [`run_directory`] is where its files are, [`privileges`] who it is,
//! [`sandbox`] what it can still do once it runs. [`crash`] is what remains of it when it dies of a fault, [`title`] what `ps`
//! shows, [`init_system`] how systemd and s6 are spoken to.
//!
//! What this crate does not do: it knows no service by name, reads no configuration file and parses no command line.

mod adoption;
pub mod channel;
pub mod crash;
mod detach;
mod ending;
mod failure;
mod fork;
mod hello;
pub mod init_system;
pub mod life;
mod listening;
pub mod notification;
mod offer;
mod options;
pub mod pidfile;
mod position;
pub mod privileges;
pub mod process_end;
pub mod run_directory;
pub mod sandbox;
mod serve;
pub mod service;
mod signals;
mod streams;
pub mod supervision;
mod supervisor;
pub mod title;
mod wake;

pub use failure::Failure;
pub use hello::Orphans;
pub use life::Identity;
pub use listening::{ListenAddress, ListeningSocket};
pub use options::Options;
pub use position::Position;
pub use supervisor::{DefinitionSource, ServiceDefinition};

//! The radio as a service: one table of commands, and the fronts that they are given through.
//!
//! ```text
//!  stream side (the service)                 library side (a child, started again when it ends)
//!  ┌───────────────────────────┐   link     ┌──────────────────────────────────────────────┐
//!  │ radio_stream: station,    │◄──────────►│ program: what is played next, what was played│
//!  │ senders; library_process: │            │ commands ◄─ ssh, shell, MPD, control socket  │
//!  │ starts and watches ──────────────────► │ radio_library                                │
//!  └───────────────────────────┘            └──────────────────────────────────────────────┘
//! ```
//! Start reading at [`commands`] (the table), [`context`] (what commands and fronts work on) and [`library_side`] (what runs).
//! [`service`] and [`library_process`] are the stream side's part of it. [`users`] and [`rights`] say who may do what.

pub mod commands;
pub mod context;
mod control_calls;
mod control_front;
mod histories;
pub mod importer;
pub mod library_process;
pub mod library_side;
pub mod limits;
pub mod listeners;
pub mod mpd;
pub mod program;
pub mod renewal;
pub mod rights;
mod running;
pub mod service;
pub mod sessions;
pub mod settings;
mod shell;
pub mod ssh;
mod state_directory;
pub mod station;
pub mod status_items;
#[cfg(test)]
mod testing;
mod times;
pub mod users;

#[doc(hidden)]
pub use shell::fuzz as fuzz_shell;

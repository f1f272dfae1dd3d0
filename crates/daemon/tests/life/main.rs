//! The life of a whole service, `daemon_demo`, from its start to its end, as processes. Each test is named after the number of the
//! behaviour that it stands for (docs/daemon.md).

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

mod adoption;
mod control_socket;
mod harness;
mod init_systems;
mod many;
mod monitor;
mod pidfile;
mod process_one;
mod starting;
mod upgrade;
mod user;

//! Tests of the core, without sockets and devices: a test a rule, driven through [`Queue`](crate::queue::Queue) as the
//! I/O shell does.

mod admin;
mod connect;
mod events;
mod harness;
mod keep_alive;
mod nvm;
mod operations;
mod properties;
mod settings;

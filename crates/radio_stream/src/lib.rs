//! The virtual streaming system: what plays when, and how it reaches everybody who listens.
//!
//! ```text
//! library side ── link ── station (sans-IO) ── pieces, each at its time ──► senders: http, udp
//! (other process)            │        ▲
//!                     open, load      └── chunks, framed, a few seconds ahead
//!                            ▼        │
//!                         feeder threads ── radio_media, files
//! ```
//!
//! - [`link`]: requests, events and status, and the socket pair that carries them. There is no second way to the station.
//!
//! # What it does not implement
//! Nothing is decoded or encoded, nothing is chosen: what comes next is what the library side says.

pub mod fec;
mod feeder;
pub mod limits;
pub mod link;
pub mod packet;
pub mod piece;
pub mod receiver;
pub mod senders;
pub mod station;
pub mod stream_side;
#[cfg(test)]
mod testing;

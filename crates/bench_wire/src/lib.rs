//! fio's client/server protocol, versions 97 (fio 3.33) to 121 (development after 3.42), for both ends.
//!
//! What it is: frames, the layouts of each version, every command as a typed value, and the order that both ends keep to. Bytes come in,
//! values and bytes go out.
//!
//! What it does not do: no sockets, no clock, no threads, no random numbers, no policy. It neither runs jobs nor prints reports, and
//! timeouts are its caller's.
//!
//! ```text
//!  session/    the order of commands at either end: WorkerSession, FrontEndSession     ← begin here
//!  message/    commands as values, one file for each kind
//!  layout/     structures as they are on the wire; one module for each distinct layout, chosen by the peer's version
//!  frame/      24-byte header, checksums, fragments of 1024 bytes
//!  log         samples inside a log, zlib streams
//!  float, fixed_text, opcode, version, limits
//! ```
//!
//! Invariants: whatever a peer sends is a [`Fault`] or a value, never a panic; every length meets a limit of [`limits`] before it
//! sizes anything; everything is little endian whatever the machine. Values are neutral: what a version lacks is `None` or zero when
//! it is read and is left out when it is written; each such field says so.
//!
//! Cost: received payload is copied once, into one buffer for each connection that grows with what has arrived, and its checksum is
//! one more pass over it. A job's statistics are 180 KiB on the wire and mostly zeros; histograms without a sample take no memory.
//!
//! Sources: fio's `server.h`, `server.c`, `client.c`, `stat.h`, `iolog.h` and `lib/ieee754.c` of each release, read for layout and
//! behaviour; sessions of real programs, which the tests replay. `docs/reference/bench-wire.md` has the table of versions.

#[macro_use]
mod macros;

mod fault;
mod fixed_text;
pub mod float;
pub mod frame;
mod layout;
pub mod limits;
pub mod log;
pub mod message;
mod opcode;
pub mod session;
mod version;

pub use fault::{Fault, Problem};
pub use fixed_text::FixedText;
pub use opcode::{Opcode, Role};
pub use version::ProtocolVersion;

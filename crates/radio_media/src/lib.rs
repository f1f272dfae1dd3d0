//! Audio formats without decoding: where a file's frames are, how long they play, and how they are sent on.
//!
//! ```text
//! file ── ReadAt ── inspect ─┬─ ChunkTable: file range, start and duration of each chunk, in samples
//!                            ├─ content hash over the audio payload, technical facts
//!                            └─ tags, pictures, lyrics, loudness (lofty)
//!
//! chunk i, read from the file ── Framing ── bytes of a stream that players understand
//! ```
//!
//! - [`inspect`]: reads a file once and says everything about it. [`Inspector`] keeps its buffers for the next file.
//! - [`formats`]: one file for each format, and the table of them.
//! - [`chunk`]: what is sent at one time.
//! - [`framing`]: chunks and headers as they go to listeners; songs in a row make one stream.
//! - [`tags`]: what a file says about itself.
//! - [`source`]: where bytes come from.
//! - [`conformance`]: what is true of every file that is played; for tests.
//! - [`synthesis`]: a few seconds of music for a radio without a library.
//! - [`limits`]: every limit with its reason.
//!
//! Whatever a file claims is checked before it is believed: frames by the frames beside them, pages and FLAC frames by their
//! checksums, every length by a limit. Damage within a file is stepped over and told as a [`Note`]; a file that cannot be played
//! is a [`MediaError`] that names the byte and what was expected there.
//!
//! # What it does not implement
//! No decoding, no encoding (but for [`synthesis`]), no writing of tags. No chained Ogg, no free-format MPEG, no ALAC: each is refused by its name.
//!
//! # Cost
//! A file is read once from front to end in pieces of [`limits::WINDOW_BYTES`], a small one with a single call; the tags of a
//! file that fits into the window cost no further read. Hashing is the greatest part of the work. Allocations a file: its chunk
//! table, its tags, and nothing for frames or pages.
//!
//! `examples/scan_cost.rs` on one core of an AMD EPYC, from the page cache, with opening, closing and tags: 10 to 15 µs for files
//! of 6 to 8 KB of every format; after that 1.8 GB/s for FLAC with all its checksums, and 1.4 to 1.7 GB/s for the others.

pub mod chunk;
pub mod conformance;
mod error;
pub mod formats;
pub mod framing;
mod inspect;
pub mod limits;
mod ogg;
mod payload_hash;
pub mod source;
pub mod synthesis;
pub mod tags;

pub use chunk::{Chunk, ChunkTable};
pub use error::{MediaError, Note};
pub use formats::{Container, Format};
pub use framing::Framing;
pub use inspect::{Gapless, Inspected, Inspector, Technical, Wanted, inspect};
pub use source::ReadAt;

//! Ogg: pages that carry packets, read from files and written to streams.
//!
//! ```text
//! file ── PageReader (checksums, damage) ── packets of one logical stream ── codec: samples ── ChunkTable
//! chunk ── PageWriter (own serial and page numbers, granule positions from the start of playing) ── stream
//! ```
//!
//! A file with several streams at once is read for the first audio among them. Streams one after the other in a file, which
//! would need headers in its midst, are refused.
//!
//! Specification: RFC 3533.

mod carriage;
mod comment;
mod page;
mod reader;
#[cfg(test)]
mod tests;
mod timeline;
mod writer;

pub(crate) use carriage::{CommentForm, OggCarriage, OggStream};
pub(crate) use page::first_packets;
pub(crate) use reader::PageReader;
pub(crate) use timeline::Timeline;

/// Pages do not have this: no packet ends on the page.
const NO_GRANULE: u64 = u64::MAX;

/// Most bytes of a page's header: 27, and a segment table.
const HEADER_BYTES_MAX: usize = 27 + 255;

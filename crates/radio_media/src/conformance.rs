//! What is true of every file that is played, whatever is in it: for tests and fuzz targets.

use std::sync::Arc;

use crate::error::MediaError;
use crate::formats::Container;
use crate::framing::Framing;
use crate::inspect::{Inspected, inspect};
use crate::limits::{CHUNK_BYTES_MAX, CHUNKS_MAX};
use crate::source::ReadAt;

/// Bytes that a stream may have for each byte of payload, and for each chunk, at most.
const GROWTH_MAX: (usize, usize) = (9, 1 << 10);

/// Inspects a file, and checks what was found: chunks that are in the file and follow each other, a stream that can be made of
/// them, from the beginning and from the midst, and that is played again where it has headers of its own.
///
/// # Errors
/// Why the file is not played, which is no breach of anything.
///
/// # Panics
/// When something is not as it has to be.
pub fn check(source: &dyn ReadAt) -> Result<Arc<Inspected>, MediaError> {
    let song = match inspect(source) {
        Ok(song) => Arc::new(song),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Err(error);
        }
    };
    let length = source.length().unwrap_or(0);
    check_chunks(&song, length);
    for first in [0, song.chunks.len() / 2, song.chunks.len() - 1] {
        let stream = stream(source, &song, first);
        let again = inspect(&stream);
        if song.format.container == Container::Ogg {
            assert!(again.is_ok(), "what is sent from chunk {first} on is not played: {again:?}");
        }
    }
    Ok(song)
}

fn check_chunks(song: &Inspected, length: u64) {
    assert!(!song.chunks.is_empty() && song.chunks.len() <= CHUNKS_MAX);
    let mut start = 0;
    for chunk in song.chunks.iter() {
        assert_eq!(chunk.start, start, "chunks follow each other");
        assert!(chunk.length > 0 && chunk.length <= CHUNK_BYTES_MAX, "{chunk:?}");
        assert!(chunk.range().end <= length, "{chunk:?} is in the file");
        start += u64::from(chunk.samples);
    }
    assert_eq!(start, song.technical.samples);
    let memory = song.chunks.memory_bytes() as u64;
    assert!(memory <= 4096 + 64 * length, "a table of {memory} bytes for a file of {length}");
    for note in &song.notes {
        assert!(!note.to_string().is_empty());
    }
}

/// What listeners get from the chunk `first` on.
///
/// # Panics
/// When a chunk cannot be read.
#[must_use]
pub fn stream(source: &dyn ReadAt, song: &Arc<Inspected>, first: usize) -> Vec<u8> {
    let mut framing = Framing::new(Arc::clone(song), 1, first);
    let mut out = framing.header().to_vec();
    let mut raw = Vec::new();
    for index in first..song.chunks.len() {
        let before = out.len();
        song.chunks.chunk(index).read(source, &mut raw).expect("a chunk is in the file");
        framing.frame(index, &raw, &mut out);
        assert!(out.len() - before <= raw.len() * GROWTH_MAX.0 + GROWTH_MAX.1, "chunk {index} grows beyond measure");
    }
    framing.finish(&mut out);
    out
}

//! The options of a job about what its writes carry, put together.

use super::{Pattern, SeedSource, fill_compressible, fill_random};

/// What the buffers of writes are filled with when verify does not fill them.
#[derive(Debug, Clone)]
pub struct ContentSettings {
    /// Zeroes (`zero_buffers`).
    pub zero: bool,
    /// Bytes of the user's (`buffer_pattern`); where content is compressible, in place of its zeroes.
    pub pattern: Option<Pattern>,
    /// How much of each chunk compresses away, in percent (`buffer_compress_percentage`).
    pub compress_percentage: u8,
    /// Bytes of a chunk of compression, 0 for a whole block (`buffer_compress_chunk`). Duplicates are made of such chunks, too.
    pub compress_chunk: usize,
    /// Whether deduplication was asked for.
    pub deduplicates: bool,
}

impl Default for ContentSettings {
    /// Random bytes, chunks of 512 bytes.
    fn default() -> Self {
        Self { zero: false, pattern: None, compress_percentage: 0, compress_chunk: 512, deduplicates: false }
    }
}

/// What happens to a buffer that was written once when it is to be written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refill {
    /// It is filled anew.
    Fill,
    /// It is changed a little: [`scramble`](super::scramble).
    Scramble,
    /// It stays.
    Keep,
}

impl Refill {
    /// What a write without verify does.
    ///
    /// `refill` is `refill_buffers` after its implications (a pattern in a job that reads, deduplication and verify turn it on),
    /// `scramble` is `scramble_buffers` after its own (`zero_buffers` and a pattern turn its default off).
    ///
    /// Parity: fio refills first, and does not scramble what is to compress or to be a duplicate.
    #[must_use]
    pub const fn of(refill: bool, scramble: bool, content: &ContentSettings) -> Self {
        if refill {
            Self::Fill
        } else if scramble && content.compress_percentage == 0 && !content.deduplicates {
            Self::Scramble
        } else {
            Self::Keep
        }
    }
}

/// Fills the buffers of a job's writes.
pub struct WriteBuffers<G> {
    settings: ContentSettings,
    seeds: SeedSource<G>,
}

impl<G: FnMut() -> u64 + Clone> WriteBuffers<G> {
    /// Puts the settings together.
    #[must_use]
    pub const fn new(settings: ContentSettings, seeds: SeedSource<G>) -> Self {
        Self { settings, seeds }
    }

    /// Fills `buffer` for the next write. `smallest_write` is that of the job, in bytes, and not 0: what one seed is for when content is
    /// compressible or duplicate, unless its chunks are smaller.
    pub fn fill(&mut self, buffer: &mut [u8], smallest_write: usize) {
        let settings = &self.settings;
        if settings.compress_percentage > 0 || settings.deduplicates {
            let piece_length = match settings.compress_chunk {
                0 => smallest_write,
                chunk => chunk.min(smallest_write),
            };
            let pieces = buffer.len().div_ceil(piece_length);
            let mut rest = buffer;
            self.seeds.seeds_of_write(pieces, |_, seed| {
                let length = piece_length.min(rest.len());
                let (piece, behind) = std::mem::take(&mut rest).split_at_mut(length);
                fill_compressible(piece, seed, settings.compress_percentage, settings.pattern.as_ref());
                rest = behind;
            });
        } else if let Some(pattern) = &settings.pattern {
            pattern.fill(buffer, 0);
        } else if settings.zero {
            buffer.fill(0);
        } else {
            self.seeds.seeds_of_write(1, |_, seed| fill_random(buffer, seed));
        }
    }
}

#[cfg(test)]
mod tests;

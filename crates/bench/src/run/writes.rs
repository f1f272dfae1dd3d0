//! What a write carries: filled, changed a little, or left as it is.

use crate::buffers::{ContentSettings, Dedupe, DedupeMode, Refill, SeedSource, WorkingSet, WriteBuffers, scramble};
use crate::random::Width;
use crate::random::percent;
use crate::random::seeds::{Purpose, Seeds};

/// Which buffers repeat others (`dedupe_percentage`, `dedupe_mode`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DedupeSettings {
    /// Percent of writes that repeat; 0: none.
    pub percentage: u8,
    /// They repeat one of so many blocks; 0: the block before.
    pub working_set_blocks: u64,
    /// Jobs of the run, which share a working set by the same seeds.
    pub job_count: u32,
}

/// Fills a buffer with what the job's options say, for a job whose smallest write has so many bytes.
type Fill = Box<dyn FnMut(&mut [u8], usize) + Send>;

/// Fills the buffers of a job.
pub(super) struct Writes {
    refill: Refill,
    smallest_write: usize,
    fill: Fill,
}

impl Writes {
    pub(super) fn new(
        content: &ContentSettings,
        refill: Refill,
        dedupe: DedupeSettings,
        seeds: &Seeds,
        width: Width,
        smallest_write: u64,
    ) -> Self {
        let mut generator = seeds.generator(Purpose::Buffer, width);
        let source = move || generator.next_number();
        let smallest = usize::try_from(smallest_write).unwrap_or(usize::MAX).max(1);
        let chunk = if content.compress_chunk == 0 { smallest } else { content.compress_chunk.min(smallest) };
        let seeds_of = if dedupe.percentage == 0 {
            SeedSource::unique(source)
        } else {
            let mode = if dedupe.working_set_blocks == 0 {
                DedupeMode::Repeat
            } else {
                let pieces = (smallest / chunk.max(1)).max(1) as u64;
                DedupeMode::WorkingSet(WorkingSet::new(
                    std::slice::from_ref(&source),
                    u64::from(dedupe.job_count.max(1)),
                    dedupe.working_set_blocks,
                    pieces,
                ))
            };
            let mut shares = seeds.taus88(Purpose::Dedupe);
            let mut places = seeds.generator(Purpose::DedupeWorkingSet, width);
            SeedSource::deduplicated(
                source,
                Dedupe {
                    percentage: dedupe.percentage,
                    mode,
                    percent: Box::new(move || u64::from(percent(&mut shares))),
                    index: Box::new(move |last| places.between(0, last)),
                },
            )
        };
        let mut buffers = WriteBuffers::new(content.clone(), seeds_of);
        let fill = Box::new(move |buffer: &mut [u8], smallest_write| buffers.fill(buffer, smallest_write));
        Self { refill, smallest_write: smallest, fill }
    }

    /// Fills a buffer for the first time.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) {
        (self.fill)(buffer, self.smallest_write);
    }

    /// Fills a block of a file that is laid out. Parity: as if the job's writes were all so long.
    pub(super) fn fill_laid_out(&mut self, block: &mut [u8]) {
        (self.fill)(block, block.len());
    }

    /// Prepares a buffer that was used before for a write at this offset and time.
    #[inline]
    pub(super) fn prepare(&mut self, buffer: &mut [u8], offset: u64, now_ns: u64) {
        match self.refill {
            Refill::Keep => {}
            Refill::Scramble => scramble(buffer, offset, now_ns / 1_000_000_000, now_ns % 1_000_000_000),
            Refill::Fill => self.fill(buffer),
        }
    }
}

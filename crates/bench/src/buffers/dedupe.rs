//! Which seed is next: a new one, or one that was there before.
//!
//! fio makes duplicates by copying the state of the buffers' generator, so the sources here are generic over a generator that can
//! be copied. Memory: a generator for each unique block of a working set (40 bytes with fio's 64-bit generator).

use super::next_seed;

/// Where a duplicate's content comes from.
#[derive(Debug, Clone)]
pub enum DedupeMode<G> {
    /// It repeats the content that is made from the state behind the last unique one (`dedupe_mode=repeat`).
    Repeat,
    /// It is one of a fixed set of contents (`dedupe_mode=working_set`).
    WorkingSet(WorkingSet<G>),
}

/// The generators of the contents that duplicates are taken from.
#[derive(Debug, Clone)]
pub struct WorkingSet<G> {
    states: Vec<G>,
}

/// How many contents a working set has: `percentage` of the job's bytes, in blocks of its smallest write.
#[must_use]
pub const fn working_set_blocks(job_bytes: u64, percentage: u8, smallest_write: u64) -> u64 {
    job_bytes.wrapping_mul(percentage as u64) / 100 / smallest_write
}

impl<G: FnMut() -> u64 + Clone> WorkingSet<G> {
    /// A set of `unique_blocks` contents, at least one.
    ///
    /// `jobs` are the buffer generators of the jobs that share the set in their first state, beginning with this job's own and then
    /// in the jobs' order, round to the one before it: with `dedupe_global` every job, otherwise this one alone.
    /// `jobs_in_run` is how many jobs the run has. `seeds_per_block` is how many seeds the fill of one block draws: the block size
    /// divided by the chunk of compression, or 1.
    ///
    /// # Panics
    /// Without any generator.
    pub fn new(jobs: &[G], jobs_in_run: u64, unique_blocks: u64, seeds_per_block: u64) -> Self {
        let mut turn = jobs.iter().cycle();
        let mut generator = turn.next().expect("a working set has this job's generator").clone();
        let blocks_per_job = (unique_blocks / jobs_in_run.max(1)).max(1);
        let mut states = vec![generator.clone()];
        for block in 1..unique_blocks {
            for _ in 0..seeds_per_block {
                next_seed(&mut generator);
            }
            if jobs.len() > 1
                && block % blocks_per_job == 0
                && let Some(next) = turn.next()
            {
                generator = next.clone();
            }
            states.push(generator.clone());
        }
        Self { states }
    }
}

/// The settings of deduplication and its random choices.
pub struct Dedupe<G> {
    /// How many of 100 writes are duplicates (`dedupe_percentage`).
    pub percentage: u8,
    /// Where their content comes from.
    pub mode: DedupeMode<G>,
    /// A random number from 1 to 100, out of the job's stream for this choice.
    pub percent: Box<dyn FnMut() -> u64 + Send>,
    /// A random number from 0 to its argument, inclusive, out of the job's stream for working sets.
    pub index: Box<dyn FnMut(u64) -> u64 + Send>,
}

/// The seeds of a job's write buffers.
pub struct SeedSource<G> {
    generator: G,
    /// The generator behind the last unique write.
    previous: G,
    dedupe: Option<Dedupe<G>>,
}

impl<G: FnMut() -> u64 + Clone> SeedSource<G> {
    /// New seeds only.
    pub fn unique(generator: G) -> Self {
        Self { previous: generator.clone(), generator, dedupe: None }
    }

    /// Now and then a seed that was there before; a percentage of 0 is as without.
    pub fn deduplicated(generator: G, dedupe: Dedupe<G>) -> Self {
        let dedupe = Some(dedupe).filter(|dedupe| dedupe.percentage > 0);
        Self { previous: generator.clone(), generator, dedupe }
    }

    /// Calls `fill` with the seed of each of `pieces` pieces of one write.
    ///
    /// One write is unique or a duplicate as a whole.
    pub(super) fn seeds_of_write(&mut self, pieces: usize, mut fill: impl FnMut(usize, u64)) {
        let Some(dedupe) = &mut self.dedupe else {
            return (0..pieces).for_each(|piece| fill(piece, next_seed(&mut self.generator)));
        };
        if dedupe.percentage >= 100 {
            // The generator never moves: all pieces are the same.
            self.previous = self.generator.clone();
            let seed = next_seed(&mut self.previous.clone());
            return (0..pieces).for_each(|piece| fill(piece, seed));
        }
        if (dedupe.percent)() > u64::from(dedupe.percentage) {
            (0..pieces).for_each(|piece| fill(piece, next_seed(&mut self.generator)));
            self.previous = self.generator.clone();
            return;
        }
        let mut duplicate = match &dedupe.mode {
            DedupeMode::Repeat => self.previous.clone(),
            DedupeMode::WorkingSet(set) => {
                let chosen = (dedupe.index)(set.states.len() as u64 - 1);
                let last = set.states.len() - 1;
                set.states[usize::try_from(chosen).unwrap_or(last).min(last)].clone()
            }
        };
        (0..pieces).for_each(|piece| fill(piece, next_seed(&mut duplicate)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(start: u64) -> impl FnMut() -> u64 + Clone {
        let mut next = start;
        move || {
            next += 1;
            next
        }
    }

    fn seeds<G: FnMut() -> u64 + Clone>(source: &mut SeedSource<G>, pieces: usize) -> Vec<u64> {
        let mut seeds = Vec::new();
        source.seeds_of_write(pieces, |_, seed| seeds.push(seed));
        seeds
    }

    fn dedupe<G>(percentage: u8, mode: DedupeMode<G>, percents: &'static [u64], index: u64) -> Dedupe<G> {
        let mut percents = percents.iter();
        Dedupe {
            percentage,
            mode,
            percent: Box::new(move || *percents.next().expect("enough draws")),
            index: Box::new(move |last| index.min(last)),
        }
    }

    #[test]
    fn unique_seeds_move_on() {
        let mut source = SeedSource::unique(counter(0));
        assert_eq!(seeds(&mut source, 2), [2, 12]);
        assert_eq!(seeds(&mut source, 1), [30]);
    }

    #[test]
    fn everything_duplicate_is_one_seed_for_ever() {
        let mut source = SeedSource::deduplicated(counter(0), dedupe(100, DedupeMode::Repeat, &[], 0));
        assert_eq!(seeds(&mut source, 3), [2, 2, 2]);
        assert_eq!(seeds(&mut source, 1), [2]);
    }

    /// The state behind the last unique write is that of the next unique one: the copy comes first, the original after it.
    #[test]
    fn a_repeat_has_the_seeds_of_the_next_unique_write() {
        let mut source = SeedSource::deduplicated(counter(0), dedupe(40, DedupeMode::Repeat, &[41, 40, 1, 100], 0));
        assert_eq!(seeds(&mut source, 2), [2, 12]);
        assert_eq!(seeds(&mut source, 2), [30, 56]);
        assert_eq!(seeds(&mut source, 2), [30, 56]);
        assert_eq!(seeds(&mut source, 2), [30, 56]);
    }

    #[test]
    fn a_working_set_holds_the_first_unique_writes() {
        let set = WorkingSet::new(&[counter(0)], 1, 3, 2);
        let mut source =
            SeedSource::deduplicated(counter(0), dedupe(50, DedupeMode::WorkingSet(set), &[99, 99, 99, 1], 2));
        let unique = [seeds(&mut source, 2), seeds(&mut source, 2), seeds(&mut source, 2)];
        assert_eq!(seeds(&mut source, 2), unique[2]);
    }

    #[test]
    fn a_global_set_takes_turns_between_the_jobs() {
        let set = WorkingSet::new(&[counter(0), counter(100)], 2, 4, 1);
        let first: Vec<u64> = set.states.into_iter().map(|mut state| next_seed(&mut state)).collect();
        assert_eq!(first, [2, 12, 101 * 102, 103 * 104]);
    }
}

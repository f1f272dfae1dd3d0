//! What is asked of the namespace: which blocks, reads or writes, in which order.

use nvme_host::Namespace;

/// In which order blocks are addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    Random,
    Sequential,
}

/// What the command line asks for.
#[derive(Debug)]
pub(super) struct Workload {
    pub(super) namespace: Namespace,
    /// Bytes of one command, a multiple of the block size.
    pub(super) size_bytes: u32,
    /// Reads among 100 commands.
    pub(super) read_percent: u8,
    pub(super) pattern: Pattern,
    pub(super) queue_depth: u16,
    pub(super) queues: u16,
    pub(super) seed: u64,
}

impl Workload {
    /// Blocks of one command.
    pub(super) fn blocks(&self) -> u32 {
        self.size_bytes / self.namespace.block_size_bytes
    }

    /// How many commands it takes to cover the namespace.
    pub(super) fn places(&self) -> u64 {
        self.namespace.block_count / u64::from(self.blocks())
    }

    /// The choices of one queue.
    pub(super) fn choices(&self, queue: u16) -> Choices {
        let (places, queues) = (self.places(), u64::from(self.queues));
        // The parts of all queues differ by one place at most.
        let part_start =
            |queue: u64| u64::try_from(u128::from(places) * u128::from(queue) / u128::from(queues)).unwrap_or(0);
        let start = part_start(u64::from(queue));
        Choices {
            random: Random(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(queue))),
            pattern: self.pattern,
            read_percent: self.read_percent,
            blocks: u64::from(self.blocks()),
            places,
            part: start..part_start(u64::from(queue) + 1),
            next: start,
        }
    }
}

/// One command to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) is_read: bool,
    pub(super) first_block: u64,
}

/// The endless choices of one queue.
#[derive(Debug, Clone)]
pub(super) struct Choices {
    random: Random,
    pattern: Pattern,
    read_percent: u8,
    blocks: u64,
    places: u64,
    part: std::ops::Range<u64>,
    next: u64,
}

impl Choices {
    #[inline]
    pub(super) fn next(&mut self) -> Choice {
        let place = match self.pattern {
            Pattern::Random => self.random.below(self.places),
            Pattern::Sequential => {
                let place = self.next;
                self.next = if place + 1 == self.part.end { self.part.start } else { place + 1 };
                place
            }
        };
        let is_read = match self.read_percent {
            100 => true,
            0 => false,
            percent => self.random.below(100) < u64::from(percent),
        };
        Choice { is_read, first_block: place * self.blocks }
    }

    /// Fills a buffer with bytes that do not compress.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.random.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// SplitMix64: a counter through a mixing function, evenly spread over 64 bits.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    #[inline]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, each as likely as any other but for one part in 2^64.
    #[inline]
    fn below(&mut self, limit: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(limit);
        u64::try_from(product >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::FromZeros;

    use super::*;

    fn workload(pattern: Pattern, read_percent: u8, queues: u16) -> Workload {
        let identity = Box::new(nvme::base::identify::IdentifyNamespace::new_zeroed());
        let namespace = Namespace { id: 1, block_size_bytes: 512, block_count: 83, uuid: None, identity };
        Workload { namespace, size_bytes: 4096, read_percent, pattern, queue_depth: 1, queues, seed: 1 }
    }

    #[test]
    fn sequential_queues_cover_the_namespace_and_begin_again() {
        let workload = workload(Pattern::Sequential, 100, 3);
        let mut places = Vec::new();
        for queue in 0..3 {
            let mut choices = workload.choices(queue);
            let part = choices.part.clone();
            let walk: Vec<_> = part.clone().map(|_| choices.next().first_block / 8).collect();
            assert_eq!(walk, part.clone().collect::<Vec<_>>());
            assert_eq!(choices.next().first_block / 8, part.start, "begins again");
            places.extend(walk);
        }
        assert_eq!(places, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn random_commands_stay_in_the_namespace_and_reach_all_of_it() {
        let mut choices = workload(Pattern::Random, 100, 1).choices(0);
        let mut seen = [false; 10];
        for _ in 0..1000 {
            let Choice { first_block, is_read } = choices.next();
            assert!(is_read && first_block % 8 == 0 && first_block + 8 <= 80, "block {first_block}");
            seen[usize::try_from(first_block / 8).unwrap()] = true;
        }
        assert_eq!(seen, [true; 10]);
    }

    #[test]
    fn the_mix_is_as_asked() {
        for percent in [0, 30, 70, 100] {
            let mut choices = workload(Pattern::Random, percent, 1).choices(0);
            let reads = (0..10_000).filter(|_| choices.next().is_read).count();
            assert!(reads.abs_diff(usize::from(percent) * 100) < 200, "{reads} of 10000 for {percent} %");
        }
    }

    #[test]
    fn queues_choose_differently_and_seeds_repeat() {
        let workload = workload(Pattern::Random, 50, 2);
        let first = |queue| {
            let mut choices = workload.choices(queue);
            (0..16).map(|_| choices.next()).collect::<Vec<_>>()
        };
        assert_ne!(first(0), first(1));
        assert_eq!(first(1), first(1));
    }
}

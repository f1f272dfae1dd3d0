//! The map against a plain list of blocks.

use super::*;
use crate::random::taus258::Taus258;

/// The same by looking at each block.
struct Model(Vec<bool>);

impl Model {
    fn next_free(&self, block: u64) -> Option<u64> {
        let blocks = self.0.len() as u64;
        (1..=blocks).map(|step| (block + step) % blocks).find(|at| !self.0[position(*at)])
    }

    fn take_run(&mut self, block: u64, count: u64) -> u64 {
        let free = |at: &u64| self.0.get(position(*at)).is_none_or(|taken| !taken);
        let taken = (block..block + count).take_while(free).count();
        let end = (position(block) + taken).min(self.0.len());
        self.0[position(block).min(end)..end].fill(true);
        taken as u64
    }
}

#[test]
fn every_answer_is_that_of_a_plain_list() {
    let mut random = Taus258::new(20_231);
    for blocks in [1, 2, 63, 64, 65, 127, 128, 129, 4095, 4096, 4097, 5000, 64 * 64 * 64 + 1] {
        let mut map = RandomMap::new(blocks).unwrap();
        let mut model = Model(vec![false; position(blocks)]);
        let rounds = blocks.min(6000) * 2;
        for _ in 0..rounds {
            let block = random.next_number() % blocks;
            assert_eq!(map.is_free(block), !model.0[position(block)]);
            assert_eq!(map.next_free(block), model.next_free(block), "{blocks} blocks, {block}");
            if random.next_number().is_multiple_of(4) {
                // Runs may reach a little beyond the end.
                let count = random.next_number() % 150 + 1;
                assert_eq!(
                    map.take_run(block, count),
                    model.take_run(block, count),
                    "{blocks} blocks, {block}+{count}"
                );
            } else if let Some(free) = map.next_free(block) {
                map.take(free);
                model.0[position(free)] = true;
            }
        }
        map.clear();
        assert!((0..blocks).all(|block| map.is_free(block)));
        assert_eq!(map.next_free(blocks - 1), Some(0));
    }
}

#[test]
fn a_full_map_has_nothing_left() {
    for blocks in [1, 64, 65, 4096, 4100] {
        let mut map = RandomMap::new(blocks).unwrap();
        assert_eq!(map.take_run(0, blocks), blocks);
        assert!((0..blocks).all(|block| map.next_free(block).is_none()));
        assert_eq!(map.next_free(blocks), None);
        assert!(map.is_free(blocks));
    }
}

#[test]
fn the_block_itself_comes_last() {
    let mut map = RandomMap::new(100).unwrap();
    map.take_run(0, 40);
    map.take_run(41, 59);
    assert_eq!(map.next_free(40), Some(40));
    assert_eq!(map.next_free(99), Some(40));
}

#[test]
fn a_map_that_no_memory_holds_is_refused() {
    assert!(RandomMap::new(u64::MAX).is_err());
    assert_eq!(RandomMap::new(4096).unwrap().words.len(), 65);
}

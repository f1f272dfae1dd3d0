//! Whose turn it is to be written to: each listener once a round, spread evenly over it.

use reactor::clock::Duration;

/// Slots of a round.
const SLOTS: usize = 25;

/// From one slot to the next. A round is half a second: two writes a listener and second, each of which carries all that has come
/// since the one before. Players have seconds in their buffers, given to them when they came.
pub(super) const SLOT_TIME: Duration = Duration::from_millis(20);

/// Where a listener is in the wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    slot: u8,
    index: u32,
}

/// The keys of all listeners, each in one slot.
#[derive(Debug)]
pub(super) struct Wheel {
    slots: [Vec<u32>; SLOTS],
    /// The slot that comes next.
    next: usize,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Self { slots: std::array::from_fn(|_| Vec::new()), next: 0 }
    }

    /// The slot whose turn it is, and the one after it for the next time.
    pub(super) fn advance(&mut self) -> usize {
        let slot = self.next;
        self.next = (self.next + 1) % SLOTS;
        slot
    }

    /// How many listeners are in a slot.
    pub(super) fn len(&self, slot: usize) -> usize {
        self.slots[slot].len()
    }

    /// A listener of a slot.
    pub(super) fn key(&self, slot: usize, index: usize) -> Option<u32> {
        self.slots[slot].get(index).copied()
    }

    /// Puts a listener, who was just written to, into the emptiest slot.
    pub(super) fn insert(&mut self, key: u32) -> Position {
        let lengths = self.slots.iter().enumerate().map(|(slot, keys)| (keys.len(), slot));
        let (length, slot) = lengths.min().unwrap_or_default();
        self.slots[slot].push(key);
        Position { slot: u8::try_from(slot).unwrap_or_default(), index: u32::try_from(length).unwrap_or_default() }
    }

    /// Takes a listener out. Another one may take its place: its key and its new position.
    pub(super) fn remove(&mut self, position: Position) -> Option<(u32, Position)> {
        let (slot, index) = (usize::from(position.slot), usize::try_from(position.index).ok()?);
        self.slots[slot].swap_remove(index);
        self.slots[slot].get(index).map(|key| (*key, position))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::testing::Random;

    #[test]
    fn everybody_has_one_turn_a_round_and_turns_are_spread() {
        let mut random = Random::seeded();
        let mut wheel = Wheel::new();
        let mut positions: BTreeMap<u32, Position> = BTreeMap::new();
        for key in 0..1000 {
            if random.chance(40) && !positions.is_empty() {
                let gone = *positions.keys().nth(random.below(positions.len())).unwrap();
                let position = positions.remove(&gone).unwrap();
                if let Some((moved, position)) = wheel.remove(position) {
                    assert!(positions.insert(moved, position).is_some());
                }
            } else {
                let position = wheel.insert(key);
                positions.insert(key, position);
            }
            let lengths = (0..SLOTS).map(|slot| wheel.len(slot));
            assert_eq!(lengths.sum::<usize>(), positions.len());
        }
        let mut turns: Vec<u32> = Vec::new();
        for _ in 0..SLOTS {
            let slot = wheel.advance();
            assert!(wheel.len(slot) <= positions.len() / SLOTS + 10);
            turns.extend((0..wheel.len(slot)).filter_map(|index| wheel.key(slot, index)));
        }
        turns.sort_unstable();
        assert_eq!(turns, positions.keys().copied().collect::<Vec<_>>());
    }
}

//! Whose turn it is to be written to: each listener once a round, spread evenly over it. No clock: time comes in.
//!
//! A round is a quarter of what listeners have in their buffers from the start, a second at most. Slots with nobody in them are passed
//! over: a wheel with one listener has one turn a round.

use reactor::clock::{Duration, Instant};

/// Slots of a round.
const SLOTS: usize = 25;
/// The shortest round, for listeners that get next to nothing at once.
const ROUND_MIN: Duration = Duration::from_millis(100);
/// The longest round: from one write to a listener to the next. Whoever has four seconds in hand does not notice.
pub(super) const ROUND_MAX: Duration = Duration::from_secs(1);

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
    slot_time: Duration,
    /// The slot that comes next.
    next: usize,
    /// When.
    next_at: Instant,
}

impl Wheel {
    /// A wheel for listeners that get `burst` at once, whose first slot comes `now`.
    pub(super) fn new(burst: Duration, now: Instant) -> Self {
        let round = (burst / 4).clamp(ROUND_MIN, ROUND_MAX);
        let slots = std::array::from_fn(|_| Vec::new());
        Self { slots, slot_time: round / u32::try_from(SLOTS).unwrap_or(1), next: 0, next_at: now }
    }

    /// Everybody has had a turn after this.
    pub(super) fn round(&self) -> Duration {
        self.slot_time * u32::try_from(SLOTS).unwrap_or(1)
    }

    /// When somebody's turn is next.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let empty = (0..SLOTS).position(|step| !self.slots[(self.next + step) % SLOTS].is_empty())?;
        Some(self.next_at + self.slot_time * u32::try_from(empty).unwrap_or(0))
    }

    /// The slot whose turn it is, once. Turns that were missed are not made up for: each one sends all there is anyway.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<usize> {
        self.due_at().filter(|at| *at <= now)?;
        while self.slots[self.next].is_empty() {
            self.step();
        }
        let slot = self.next;
        self.step();
        if self.next_at < now {
            self.next_at = now + self.slot_time;
        }
        Some(slot)
    }

    fn step(&mut self) {
        self.next = (self.next + 1) % SLOTS;
        self.next_at += self.slot_time;
    }

    /// How many listeners are in a slot.
    pub(super) fn len(&self, slot: usize) -> usize {
        self.slots[slot].len()
    }

    /// A listener of a slot.
    pub(super) fn key(&self, slot: usize, index: usize) -> Option<u32> {
        self.slots[slot].get(index).copied()
    }

    /// Puts a listener, who was just written to, into the emptiest slot; of several into the one that comes last.
    pub(super) fn insert(&mut self, key: u32, now: Instant) -> Position {
        // After days without listeners there would be many steps.
        if self.due_at().is_none() {
            self.next_at = now;
        }
        while self.next_at <= now && self.slots[self.next].is_empty() {
            self.step();
        }
        let latest_first = (0..SLOTS).rev().map(|step| (self.next + step) % SLOTS);
        let slot = latest_first.min_by_key(|slot| self.slots[*slot].len()).unwrap_or_default();
        let length = self.slots[slot].len();
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

    /// What the http sender gives at once unless it is said otherwise.
    const BURST: Duration = Duration::from_secs(4);

    /// The turns up to a time: when, and whose.
    fn turns(wheel: &mut Wheel, until: Instant) -> Vec<(Instant, Vec<u32>)> {
        let mut turns = Vec::new();
        while let Some(at) = wheel.due_at().filter(|at| *at <= until) {
            let slot = wheel.take_due(at).unwrap();
            turns.push((at, (0..wheel.len(slot)).filter_map(|index| wheel.key(slot, index)).collect()));
        }
        turns
    }

    #[test]
    fn everybody_has_one_turn_a_round_and_turns_are_spread() {
        let mut random = Random::seeded();
        let start = reactor::clock::now();
        let mut wheel = Wheel::new(BURST, start);
        let mut positions: BTreeMap<u32, Position> = BTreeMap::new();
        for key in 0..1000 {
            if random.chance(40) && !positions.is_empty() {
                let gone = *positions.keys().nth(random.below(positions.len())).unwrap();
                let position = positions.remove(&gone).unwrap();
                if let Some((moved, position)) = wheel.remove(position) {
                    assert!(positions.insert(moved, position).is_some());
                }
            } else {
                let position = wheel.insert(key, start);
                positions.insert(key, position);
            }
            let lengths = (0..SLOTS).map(|slot| wheel.len(slot));
            assert_eq!(lengths.sum::<usize>(), positions.len());
        }
        let end = wheel.due_at().unwrap() + wheel.round() - Duration::from_nanos(1);
        let turns = turns(&mut wheel, end);
        assert!(turns.iter().all(|(_, keys)| keys.len() <= positions.len() / SLOTS + 10));
        let mut keys: Vec<u32> = turns.into_iter().flat_map(|(_, keys)| keys).collect();
        keys.sort_unstable();
        assert_eq!(keys, positions.keys().copied().collect::<Vec<_>>());
    }

    #[test]
    fn a_listener_alone_has_one_turn_a_round_and_the_first_a_round_after_it_came() {
        let mut random = Random::seeded();
        let start = reactor::clock::now();
        let mut wheel = Wheel::new(BURST, start);
        assert_eq!(wheel.round(), ROUND_MAX);
        let (first, second) = (start + Duration::from_millis(random.below(5000) as u64), Duration::from_millis(777));
        wheel.insert(1, first);
        wheel.insert(2, first + second);
        let turns = turns(&mut wheel, first + ROUND_MAX * 10);
        for (key, came) in [(1, first), (2, first + second)] {
            let mut last = came;
            for (at, _) in turns.iter().filter(|(_, keys)| keys.contains(&key)) {
                let passed = at.saturating_duration_since(last);
                assert!(passed <= ROUND_MAX && passed + 2 * wheel.slot_time >= ROUND_MAX, "{key}: {passed:?}");
                last = *at;
            }
        }
        assert!(turns.len() <= 20, "{} turns", turns.len());
    }

    #[test]
    fn turns_that_were_missed_are_not_made_up_for() {
        let start = reactor::clock::now();
        let mut wheel = Wheel::new(BURST, start);
        for key in 0..100 {
            wheel.insert(key, start);
        }
        let late = start + Duration::from_secs(60);
        assert!(wheel.take_due(late).is_some() && wheel.take_due(late).is_none());
        assert_eq!(wheel.due_at(), Some(late + wheel.slot_time));
    }

    #[test]
    fn a_short_burst_makes_short_rounds() {
        let now = reactor::clock::now();
        for (burst_ms, round_ms) in [(0, 100), (400, 100), (2000, 500), (4000, 1000), (60_000, 1000)] {
            let round = Wheel::new(Duration::from_millis(burst_ms), now).round();
            assert_eq!(round, Duration::from_millis(round_ms));
        }
    }
}

//! The fixed array of I/Os of a job, and which of them are free.

use crate::direction::Direction;
use crate::engines::Operation;
use crate::offsets::SyncKind;

/// What an I/O is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Of the job.
    Io(Direction),
    /// Reads back what was written; what is expected stands beside the slot.
    Proof,
    /// Makes data durable.
    Sync(SyncKind),
    /// The same once more at the end of the job, which counts for nothing.
    LastSync,
}

/// An I/O that is free, waits, or is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) purpose: Purpose,
    /// 0: the job's.
    pub(super) priority: u16,
    pub(super) file: u32,
    pub(super) length_bytes: u32,
    /// Of these, moved by a shorter transfer before.
    pub(super) moved_bytes: u32,
    pub(super) offset: u64,
    pub(super) started_ns: u64,
    pub(super) issued_ns: u64,
}

impl Slot {
    pub(super) const FREE: Self = Self {
        purpose: Purpose::Io(Direction::Read),
        priority: 0,
        file: 0,
        length_bytes: 0,
        moved_bytes: 0,
        offset: 0,
        started_ns: 0,
        issued_ns: 0,
    };

    /// Which way its data go.
    #[inline]
    pub(super) fn direction(&self) -> Direction {
        match self.purpose {
            Purpose::Io(direction) => direction,
            Purpose::Proof | Purpose::Sync(_) | Purpose::LastSync => Direction::Read,
        }
    }

    /// Whether it moves no data.
    #[inline]
    pub(super) fn is_sync(&self) -> bool {
        matches!(self.purpose, Purpose::Sync(_) | Purpose::LastSync)
    }

    /// What the engine is asked for by an I/O of the job.
    #[inline]
    pub(super) fn operation_of(direction: Direction) -> Operation {
        match direction {
            Direction::Read => Operation::Read,
            Direction::Write => Operation::Write,
            Direction::Trim => Operation::Trim,
        }
    }

    /// What the engine is asked for. `sync_range_flags` are those of `sync_file_range`.
    #[inline]
    pub(super) fn operation(&self, sync_range_flags: u32) -> Operation {
        match self.purpose {
            Purpose::Io(direction) => Self::operation_of(direction),
            Purpose::Proof => Operation::Read,
            Purpose::Sync(SyncKind::Fsync) | Purpose::LastSync => Operation::Sync,
            Purpose::Sync(SyncKind::Fdatasync) => Operation::DataSync,
            Purpose::Sync(SyncKind::Range) => Operation::SyncRange(sync_range_flags),
        }
    }

    /// For messages.
    pub(super) fn name(&self) -> &'static str {
        NAMES[self.kind() as usize]
    }

    /// The number of its name in [`NAMES`].
    #[inline]
    pub(super) fn kind(&self) -> u8 {
        match self.purpose {
            Purpose::Io(Direction::Read) => 0,
            Purpose::Io(Direction::Write) => 1,
            Purpose::Io(Direction::Trim) => 2,
            Purpose::Proof => 3,
            Purpose::Sync(SyncKind::Fsync) | Purpose::LastSync => 4,
            Purpose::Sync(SyncKind::Fdatasync) => 5,
            Purpose::Sync(SyncKind::Range) => 6,
        }
    }
}

/// What I/Os are called in messages.
pub(super) const NAMES: [&str; 7] = ["read", "write", "trim", "verify read", "fsync", "fdatasync", "sync_file_range"];

/// All slots of a job.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Box<[Slot]>,
    /// The free ones stand behind those that are taken, the next one first.
    order: Box<[u32]>,
    taken: u32,
}

impl Slots {
    pub(super) fn new(depth: u32) -> Self {
        // The lowest is taken first: its buffer is the warmest.
        Self { slots: vec![Slot::FREE; depth as usize].into_boxed_slice(), order: (0..depth).collect(), taken: 0 }
    }

    /// Slots that are taken.
    #[inline]
    pub(super) fn taken(&self) -> u32 {
        self.taken
    }

    /// Takes a slot.
    #[inline]
    pub(super) fn take(&mut self) -> Option<u32> {
        let slot = *self.order.get(self.taken as usize)?;
        self.taken += 1;
        Some(slot)
    }

    /// Gives a slot back.
    #[inline]
    pub(super) fn put_back(&mut self, slot: u32) {
        self.taken -= 1;
        self.order[self.taken as usize] = slot;
    }

    /// Takes a slot again that was given back last.
    pub(super) fn keep(&mut self, slot: u32) {
        let last = self.take();
        debug_assert_eq!(last, Some(slot), "the slot was given back last");
    }

    fn free(&self) -> &[u32] {
        &self.order[self.taken as usize..]
    }

    #[inline]
    pub(super) fn get(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    /// All of these were issued at this time.
    #[inline]
    pub(super) fn set_issued(&mut self, slots: &[u32], issued_ns: u64) {
        let all = &mut *self.slots;
        slots.iter().for_each(|&slot| all[slot as usize].issued_ns = issued_ns);
    }

    /// The I/O that began first of those that are taken. Looks at all of them.
    pub(super) fn oldest(&self) -> Option<&Slot> {
        let mut is_free = vec![false; self.slots.len()];
        self.free().iter().for_each(|&slot| is_free[slot as usize] = true);
        let taken = self.slots.iter().zip(is_free).filter(|(_, is_free)| !is_free);
        taken.map(|(slot, _)| slot).min_by_key(|slot| slot.issued_ns)
    }

    /// Whether the range overlaps one that is taken. Looks at all of them: for jobs whose I/Os wait for each other only.
    pub(super) fn overlaps(&self, file: u32, offset: u64, length_bytes: u32) -> bool {
        let end = offset + u64::from(length_bytes);
        (0_u32..).zip(&self.slots).any(|(index, slot)| {
            let overlaps = slot.file == file
                && slot.offset < end
                && offset < slot.offset + u64::from(slot.length_bytes)
                && !slot.is_sync();
            overlaps && !self.free().contains(&index)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_taken_lowest_first_and_overlaps_are_of_those_only() {
        let mut slots = Slots::new(3);
        assert_eq!((slots.take(), slots.take(), slots.taken()), (Some(0), Some(1), 2));
        for (slot, offset) in [(0, 0), (1, 8192)] {
            *slots.get_mut(slot) = Slot { offset, length_bytes: 4096, file: 1, ..Slot::FREE };
        }
        (slots.get_mut(0).issued_ns, slots.get_mut(1).issued_ns) = (20, 10);
        assert_eq!(slots.oldest().map(|slot| slot.offset), Some(8192));
        assert!(slots.overlaps(1, 8192 + 100, 10) && slots.overlaps(1, 4095, 1));
        assert!(!slots.overlaps(1, 4096, 4096) && !slots.overlaps(2, 0, 4096));
        slots.put_back(1);
        assert_eq!(slots.oldest().map(|slot| slot.offset), Some(0));
        assert!(!slots.overlaps(1, 8192, 4096));
        assert_eq!((slots.take(), slots.take(), slots.take()), (Some(1), Some(2), None));
    }
}

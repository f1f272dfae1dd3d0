//! Whether the next I/O reads, writes, trims or syncs (`rw`, `rwmixread`, `fsync`, `fdatasync`, `sync_file_range`).

use super::settings::{Mix, SyncEvery};
use crate::direction::Direction;
use crate::random::percent;
use crate::random::taus88::Taus88;

/// Which call brings data to the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncKind {
    /// `fsync`.
    Fsync,
    /// `fdatasync`.
    Fdatasync,
    /// `sync_file_range`.
    Range,
}

/// What is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Io(Direction),
    Sync(SyncKind),
}

/// The choice and its state.
#[derive(Debug, Clone)]
pub(super) struct Directions {
    mix: Mix,
    read_percent: u32,
    sync_every: SyncEvery,
    syncs: bool,
    generator: Taus88,
    /// The direction of the window of a mixed job.
    current: Direction,
    /// The window ends when so many I/Os of its direction were issued in all.
    window_end: u64,
    issued: [u64; 3],
    last_was_sync: bool,
}

impl Directions {
    pub(super) fn new(mix: Mix, read_percent: u32, sync_every: SyncEvery, generator: Taus88) -> Self {
        Self {
            mix,
            read_percent,
            sync_every,
            syncs: mix.has(Direction::Write) && sync_every != SyncEvery::default(),
            generator,
            current: Direction::Read,
            window_end: 0,
            issued: [0; 3],
            last_was_sync: false,
        }
    }

    /// Starts the draws from another generator.
    pub(super) fn seed(&mut self, generator: Taus88) {
        self.generator = generator;
    }

    /// Another pass begins.
    pub(super) fn restart(&mut self) {
        self.window_end = 0;
        self.last_was_sync = false;
    }

    /// Whether any step may be a sync.
    pub(super) fn may_sync(&self) -> bool {
        self.syncs
    }

    /// The next direction, before the caller may change it by [`Self::settle`].
    #[inline]
    pub(super) fn choose(&mut self) -> Choice {
        if self.syncs
            && let Some(kind) = self.sync_is_due()
        {
            return Choice::Sync(kind);
        }
        Choice::Io(match self.mix {
            Mix::Read => Direction::Read,
            Mix::Write | Mix::TrimWrite => Direction::Write,
            Mix::Trim => Direction::Trim,
            Mix::ReadWrite => self.mixed(),
        })
    }

    /// The direction that is used in the end.
    #[inline]
    pub(super) fn settle(&mut self, direction: Direction) {
        self.current = direction;
    }

    /// An I/O was issued.
    #[inline]
    pub(super) fn count(&mut self, direction: Direction) {
        self.issued[direction.index()] += 1;
        self.last_was_sync = false;
    }

    /// I/Os of each direction so far.
    #[inline]
    pub(super) fn issued(&self) -> &[u64; 3] {
        &self.issued
    }

    /// A sync was issued.
    pub(super) fn count_sync(&mut self) {
        self.last_was_sync = true;
    }

    fn mixed(&mut self) -> Direction {
        if self.issued[self.current.index()] >= self.window_end {
            let drawn =
                if percent(&mut self.generator) <= self.read_percent { Direction::Read } else { Direction::Write };
            if drawn != self.current {
                // The window that ended sets the end of the next one: its I/Os times the other direction's share.
                let share = match self.current {
                    Direction::Read => 100 - self.read_percent.min(100),
                    _ => self.read_percent,
                };
                self.window_end = self.issued[self.current.index()].wrapping_mul(u64::from(share)) / 100;
            }
            self.current = drawn;
        }
        self.current
    }

    fn sync_is_due(&self) -> Option<SyncKind> {
        let writes = self.issued[Direction::Write.index()];
        if self.last_was_sync || writes == 0 {
            return None;
        }
        let due = |every: u64| every > 0 && writes.is_multiple_of(every);
        let SyncEvery { fsync, fdatasync, range } = self.sync_every;
        [(fsync, SyncKind::Fsync), (fdatasync, SyncKind::Fdatasync), (range, SyncKind::Range)]
            .into_iter()
            .find_map(|(every, kind)| due(every).then_some(kind))
    }
}

//! When blocks are verified or trimmed while the job still writes.

use crate::direction::Direction;

/// When to verify during the run (`verify_backlog`, `verify_backlog_batch`).
#[derive(Debug, Clone)]
pub struct VerifyBacklog {
    every: u64,
    batch: u64,
    left: u64,
}

impl VerifyBacklog {
    /// Verifies `batch` blocks, or `every` if that is 0, whenever `every` writes wait for it.
    ///
    /// # Panics
    /// If `every` is 0, which is no backlog.
    #[must_use]
    pub const fn new(every: u64, batch: u64) -> Self {
        assert!(every != 0, "a backlog has a length");
        Self { every, batch: if batch == 0 { every } else { batch }, left: 0 }
    }

    /// Whether the next I/O should read a block to verify it.
    ///
    /// `waiting` is the [length of the history](super::History::len), `last` the direction that was completed last: a batch does not
    /// begin behind a read. Before the first completion that is a read, too.
    pub fn wants(&mut self, waiting: usize, last: Direction) -> bool {
        if waiting == 0 {
            return false;
        }
        if self.left == 0 && last != Direction::Read && (waiting as u64).is_multiple_of(self.every) {
            self.left = self.batch;
        }
        self.left > 0
    }

    /// A block was taken out of the history to be verified.
    pub const fn took(&mut self) {
        self.left = self.left.saturating_sub(1);
    }
}

/// When to trim during the run (`trim_backlog`, `trim_backlog_batch`).
#[derive(Debug, Clone)]
pub struct TrimBacklog {
    every: u64,
    batch: u64,
    left: u64,
}

impl TrimBacklog {
    /// Trims `batch` blocks, or `every` if that is 0, behind the first one, whenever `every` writes wait to be verified.
    ///
    /// # Panics
    /// If `every` is 0, which is no backlog.
    #[must_use]
    pub const fn new(every: u64, batch: u64) -> Self {
        assert!(every != 0, "a backlog has a length");
        Self { every, batch: if batch == 0 { every } else { batch }, left: 0 }
    }

    /// Whether the next I/O should be a trim.
    ///
    /// `waiting` is the length of the history, `to_trim` how many of them [wait to be trimmed](super::History::trims_waiting), `last`
    /// the direction that was completed last.
    ///
    /// Parity: as fio counts, the trim that begins a batch is not of it.
    pub fn wants(&mut self, waiting: usize, to_trim: usize, last: Direction) -> bool {
        if to_trim == 0 {
            false
        } else if self.left > 0 {
            self.left -= 1;
            true
        } else if last != Direction::Read && (waiting as u64).is_multiple_of(self.every) {
            self.left = self.batch;
            true
        } else {
            false
        }
    }
}

/// Whether a write is to be trimmed later (`trim_percentage`).
///
/// `random` is drawn from the job's stream for trims, whose largest number is `largest`; without a percentage fio draws nothing.
#[must_use]
pub const fn chooses_trim(random: u64, largest: u64, percentage: u8) -> bool {
    random <= (largest / 100).saturating_mul(percentage as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a job of synchronous writes and returns its I/O as letters.
    fn run(writes: usize, mut wants: impl FnMut(&mut usize, Direction) -> bool, letter: char) -> String {
        let (mut waiting, mut written, mut last, mut story) = (0, 0, Direction::Read, String::new());
        while written < writes {
            if wants(&mut waiting, last) {
                last = if letter == 'v' { Direction::Read } else { Direction::Trim };
                story.push(letter);
            } else {
                (waiting, written, last) = (waiting + 1, written + 1, Direction::Write);
                story.push('w');
            }
        }
        story
    }

    fn verifies(every: u64, batch: u64, writes: usize) -> String {
        let mut backlog = VerifyBacklog::new(every, batch);
        run(
            writes,
            |waiting, last| {
                let wants = backlog.wants(*waiting, last);
                if wants {
                    backlog.took();
                    *waiting -= 1;
                }
                wants
            },
            'v',
        )
    }

    #[test]
    fn a_batch_of_the_backlog_or_less() {
        assert_eq!(verifies(3, 0, 7), "wwwvvvwwwvvvw");
        assert_eq!(verifies(3, 1, 8), "wwwvwvwvwvwvw");
    }

    #[test]
    fn a_batch_larger_than_the_backlog_goes_on_later() {
        assert_eq!(verifies(2, 3, 6), "wwvvwvwwvvw");
    }

    #[test]
    fn a_batch_does_not_begin_behind_a_read() {
        let mut backlog = VerifyBacklog::new(2, 1);
        assert!(!backlog.wants(4, Direction::Read) && !backlog.wants(3, Direction::Write));
        assert!(backlog.wants(4, Direction::Write) && backlog.wants(4, Direction::Read));
        let mut backlog = TrimBacklog::new(2, 1);
        assert!(!backlog.wants(4, 4, Direction::Read) && !backlog.wants(3, 3, Direction::Write));
        assert!(backlog.wants(4, 4, Direction::Trim) && backlog.wants(3, 3, Direction::Read));
    }

    #[test]
    fn a_part_of_the_writes_is_trimmed() {
        let largest = u64::from(u32::MAX);
        let chosen =
            |percentage| (1..=1000).filter(|part| chooses_trim(largest / 1000 * part, largest, percentage)).count();
        assert_eq!((chosen(1), chosen(30), chosen(99)), (10, 300, 990));
        assert!(chooses_trim(u64::MAX / 100, u64::MAX, 1) && !chooses_trim(u64::MAX / 100 + 1, u64::MAX, 1));
    }

    #[test]
    fn the_first_trim_is_not_of_the_batch() {
        let mut backlog = TrimBacklog::new(4, 2);
        let story = run(
            8,
            |waiting, last| {
                let wants = backlog.wants(*waiting, *waiting, last);
                *waiting -= usize::from(wants);
                wants
            },
            't',
        );
        assert_eq!(story, "wwwwtttwwwtttw");
    }
}

//! Blocks on their way from the thread that reads them to the threads that verify them (`verify_async`).
//!
//! It is the plain state: the runner puts a lock around it and wakes whom the answers say. fio's list has no bound other than its
//! I/O units; here a full queue makes the reading thread verify the block itself instead of waiting.

use std::collections::VecDeque;

/// The queue is full or closed; the block comes back.
#[derive(Debug, PartialEq, Eq)]
pub struct QueueFull<T>(
    /// What was to be queued.
    pub T,
);

/// A bounded queue of blocks to verify, and what became of those that left it.
#[derive(Debug)]
pub struct CheckQueue<T> {
    waiting: VecDeque<T>,
    capacity: usize,
    /// Taken and not yet finished.
    taken: usize,
    closed: bool,
}

impl<T> CheckQueue<T> {
    /// Room for `capacity` blocks, allocated here and never again.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { waiting: VecDeque::with_capacity(capacity), capacity, taken: 0, closed: false }
    }

    /// Adds a block. Wake one verifying thread after it.
    ///
    /// # Errors
    /// The block, if there is no room or the queue is closed: verify it here.
    pub fn push(&mut self, block: T) -> Result<(), QueueFull<T>> {
        if self.closed || self.waiting.len() >= self.capacity {
            return Err(QueueFull(block));
        }
        self.waiting.push_back(block);
        Ok(())
    }

    /// Takes the oldest block to verify it. Each one taken is to be [finished](Self::finish).
    pub fn take(&mut self) -> Option<T> {
        let block = self.waiting.pop_front()?;
        self.taken += 1;
        Some(block)
    }

    /// A taken block is verified. With `stop` (`verify_fatal` and a wrong block) the queue closes and what waits is dropped.
    ///
    /// Returns whether nothing is under way any more: wake the thread that waits for the end.
    ///
    /// # Panics
    /// If none was taken.
    pub fn finish(&mut self, stop: bool) -> bool {
        assert_ne!(self.taken, 0, "a finished block was taken before");
        self.taken -= 1;
        if stop {
            self.closed = true;
            self.waiting.clear();
        }
        self.is_idle()
    }

    /// Takes no more blocks; those that wait are still verified. Wake every verifying thread after it.
    pub const fn close(&mut self) {
        self.closed = true;
    }

    /// Whether a verifying thread is to end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.closed && self.waiting.is_empty()
    }

    /// Whether nothing waits and nothing is being verified.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.taken == 0 && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_leave_in_order_and_the_bound_holds() {
        let mut queue = CheckQueue::new(2);
        assert_eq!((queue.push(1), queue.push(2), queue.push(3)), (Ok(()), Ok(()), Err(QueueFull(3))));
        assert_eq!(queue.take(), Some(1));
        assert_eq!(queue.push(3), Ok(()));
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some(2), Some(3), None));
        assert!(!queue.finish(false) && !queue.finish(false));
        assert!(!queue.is_idle());
        assert!(queue.finish(false));
    }

    #[test]
    fn a_closed_queue_still_empties() {
        let mut queue = CheckQueue::new(2);
        assert_eq!(queue.push(1), Ok(()));
        queue.close();
        assert_eq!(queue.push(2), Err(QueueFull(2)));
        assert!(!queue.is_finished());
        assert_eq!(queue.take(), Some(1));
        assert!(queue.is_finished());
    }

    #[test]
    fn a_stop_drops_what_waits() {
        let mut queue = CheckQueue::new(3);
        assert_eq!((queue.push(1), queue.push(2)), (Ok(()), Ok(())));
        assert_eq!(queue.take(), Some(1));
        assert!(queue.finish(true));
        assert!(queue.is_finished());
        assert_eq!(queue.take(), None);
    }

    #[test]
    #[should_panic(expected = "was taken before")]
    fn what_was_not_taken_cannot_finish() {
        CheckQueue::<u8>::new(1).finish(false);
    }
}

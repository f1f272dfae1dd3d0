//! I/O that hangs is told while it hangs, and a job that cannot be ended for it is given up.

use super::clock::nanoseconds;
use super::shared::Oldest;
use reactor::clock::Duration;

/// How often the coordinator looks.
pub(super) const LOOK_EVERY_MS: u64 = 100;
/// How long an I/O is under way before that is told. It is told again each time that the time has doubled.
const TELL_AFTER: Duration = Duration::from_secs(10);
/// How long a job that is to end may do nothing before it is given up. fio waits for 300 s.
const GIVE_UP_AFTER_MS: u64 = 10_000;

/// What is to be told of an I/O.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It has been under way for so many seconds.
    Hangs(Oldest, u64),
    /// It came back after that.
    Back(Oldest),
}

/// Watches the I/O of one job.
#[derive(Debug, Default)]
pub(super) struct Stall {
    told: Option<Oldest>,
    /// How often.
    count: u32,
}

impl Stall {
    /// Looks at the I/O that is waited for longest. Returns what is to be told now.
    pub(super) fn look(&mut self, oldest: Option<Oldest>, now_ns: u64) -> Option<Word> {
        if let Some(told) = self.told.filter(|told| oldest != Some(*told)) {
            *self = Self::default();
            return Some(Word::Back(told));
        }
        let oldest = oldest?;
        let waited = now_ns.saturating_sub(oldest.since_ns);
        if waited < nanoseconds(TELL_AFTER).saturating_mul(1 << self.count.min(32)) {
            return None;
        }
        self.told = Some(oldest);
        self.count += 1;
        Some(Word::Hangs(oldest, waited / 1_000_000_000))
    }

    /// The I/O that hangs, if that was told.
    pub(super) fn told(&self) -> Option<Oldest> {
        self.told
    }
}

/// Watches a job that is to end.
#[derive(Debug, Default)]
pub(super) struct Patience {
    done: u64,
    since_ms: Option<u64>,
}

impl Patience {
    /// Looks at whether the job is to end and how many I/Os it has done. Returns whether it is to be given up.
    pub(super) fn is_over(&mut self, is_stopped: bool, done: u64, now_ms: u64) -> bool {
        if !is_stopped {
            return false;
        }
        let since_ms = *self.since_ms.get_or_insert(now_ms);
        if done != self.done {
            (self.done, self.since_ms) = (done, Some(now_ms));
            return false;
        }
        now_ms.saturating_sub(since_ms) >= GIVE_UP_AFTER_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn io(since_ns: u64) -> Oldest {
        Oldest { since_ns, operation: "write", file: 0, offset: 4096, length_bytes: 512 }
    }

    #[test]
    fn an_io_that_hangs_is_told_less_and_less_often_and_once_more_when_it_is_back() {
        let mut stall = Stall::default();
        let mut told = Vec::new();
        for now in (0..100 * SECOND).step_by(100_000_000) {
            told.extend(stall.look(Some(io(5 * SECOND)), now));
        }
        let hangs = |seconds| Word::Hangs(io(5 * SECOND), seconds);
        assert_eq!(told, [hangs(10), hangs(20), hangs(40), hangs(80)]);
        assert_eq!(stall.told(), Some(io(5 * SECOND)));
        assert_eq!(stall.look(Some(io(100 * SECOND)), 100 * SECOND), Some(Word::Back(io(5 * SECOND))));
        assert_eq!(stall.look(Some(io(100 * SECOND)), 109 * SECOND), None, "the next one has not hung for long");
        assert_eq!(stall.look(Some(io(100 * SECOND)), 110 * SECOND), Some(Word::Hangs(io(100 * SECOND), 10)));
        assert_eq!(stall.look(None, 111 * SECOND), Some(Word::Back(io(100 * SECOND))));
        assert_eq!(stall.look(None, 500 * SECOND), None);
    }

    #[test]
    fn a_job_is_given_up_when_it_is_to_end_and_does_nothing() {
        let mut patience = Patience::default();
        assert!(!patience.is_over(false, 7, 0) && !patience.is_over(false, 7, 100_000), "it is not to end");
        assert!(!patience.is_over(true, 7, 100_000));
        assert!(!patience.is_over(true, 8, 105_000), "it does something");
        assert!(!patience.is_over(true, 8, 114_999) && patience.is_over(true, 8, 115_000));
    }
}

//! Pauses between I/Os: `thinktime` and its kin.

use reactor::clock::Duration;

use super::clock::nanoseconds;

/// When and how long a job pauses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ThinkSettings {
    /// `thinktime`: how long; zero: never.
    pub pause: Duration,
    /// `thinktime_spin`: so much of it with a busy processor.
    pub spin: Duration,
    /// `thinktime_blocks`: after so many I/Os; at least 1.
    pub blocks: u32,
    /// `thinktime_blocks_type=issue`: counted when they are issued, not when they are over.
    pub counts_issued: bool,
    /// `thinktime_iotime`: after so much time of I/O as well; zero: by I/Os alone.
    pub io_time: Duration,
}

/// A pause that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) spin_ns: u64,
    pub(super) sleep_ns: u64,
}

/// Counts towards the next pause.
#[derive(Debug)]
pub(super) struct Thinking {
    settings: ThinkSettings,
    counted: u32,
    since_ns: u64,
}

impl Thinking {
    pub(super) fn new(settings: ThinkSettings, now_ns: u64) -> Self {
        Self { settings, counted: 0, since_ns: now_ns }
    }

    /// Whether there are pauses at all.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        !self.settings.pause.is_zero()
    }

    /// Whether I/Os count when they are issued.
    pub(super) fn counts_issued(&self) -> bool {
        self.settings.counts_issued
    }

    /// So many more I/Os count.
    pub(super) fn count(&mut self, ios: u32) {
        self.counted = self.counted.saturating_add(ios);
    }

    /// The pause that is due now, if one is. The next begins to count when [`ended`](Self::ended) says so.
    pub(super) fn due(&mut self, now_ns: u64) -> Option<Pause> {
        let settings = &self.settings;
        let by_time = nanoseconds(settings.io_time);
        let is_time = by_time > 0 && now_ns.saturating_sub(self.since_ns) >= by_time;
        let by_blocks = by_time == 0 || settings.blocks > 1;
        let is_full = by_blocks && self.counted >= settings.blocks.max(1);
        if !self.is_on() || !(is_time && self.counted > 0 || is_full) {
            return None;
        }
        self.counted = 0;
        let (pause_ns, spin_ns) = (nanoseconds(settings.pause), nanoseconds(settings.spin));
        let spin_ns = spin_ns.min(pause_ns);
        Some(Pause { spin_ns, sleep_ns: pause_ns - spin_ns })
    }

    /// The pause is over.
    pub(super) fn ended(&mut self, now_ns: u64) {
        self.since_ns = now_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: ThinkSettings = ThinkSettings {
        pause: Duration::from_micros(100),
        spin: Duration::from_micros(30),
        blocks: 3,
        counts_issued: false,
        io_time: Duration::ZERO,
    };

    #[test]
    fn a_pause_comes_after_so_many_ios() {
        let mut thinking = Thinking::new(PAUSE, 0);
        thinking.count(2);
        assert_eq!(thinking.due(0), None);
        thinking.count(1);
        assert_eq!(thinking.due(0), Some(Pause { spin_ns: 30_000, sleep_ns: 70_000 }));
        assert_eq!(thinking.due(0), None);
        assert_eq!(Thinking::new(ThinkSettings { pause: Duration::ZERO, ..PAUSE }, 0).due(9), None);
    }

    #[test]
    fn or_after_so_much_time_of_io() {
        let settings = ThinkSettings { io_time: Duration::from_millis(1), blocks: 1, ..PAUSE };
        let mut thinking = Thinking::new(settings, 0);
        thinking.count(50);
        assert_eq!(thinking.due(999_999), None);
        assert!(thinking.due(1_000_000).is_some());
        thinking.ended(1_200_000);
        thinking.count(1);
        assert_eq!(thinking.due(2_199_999), None);
        assert!(thinking.due(2_200_000).is_some());
    }
}

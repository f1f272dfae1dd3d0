//! I/O that hangs is told while it hangs.

/// How long nothing may come back before it is told, and told again.
const TELL_AFTER_MS: u64 = 30_000;

/// Watches one job.
#[derive(Debug, Default)]
pub(super) struct Stall {
    done: u64,
    since_ms: u64,
}

impl Stall {
    /// Looks at how many I/Os were done and are under way. Returns for how many seconds nothing has come back, when that is
    /// to be told.
    pub(super) fn look(&mut self, done: u64, under_way: u32, now_ms: u64) -> Option<u64> {
        if done != self.done || under_way == 0 {
            (self.done, self.since_ms) = (done, now_ms);
            return None;
        }
        let stalled = now_ms.saturating_sub(self.since_ms);
        if stalled < TELL_AFTER_MS {
            return None;
        }
        // The next word comes when the time has doubled.
        let told = stalled / TELL_AFTER_MS;
        (told.is_power_of_two() && stalled % TELL_AFTER_MS < LOOK_EVERY_MS).then_some(stalled / 1000)
    }
}

/// How often the coordinator looks: a word falls into one look.
pub(super) const LOOK_EVERY_MS: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_told_after_a_while_and_then_less_and_less_often() {
        let mut stall = Stall::default();
        let mut told = Vec::new();
        for now in (0..300_000).step_by(usize::try_from(LOOK_EVERY_MS).unwrap()) {
            // Something comes back at 5 s, then nothing.
            told.extend(stall.look(u64::from(now >= 5000), 4, now));
        }
        assert_eq!(told, [30, 60, 120, 240]);
        assert_eq!(stall.look(1, 0, 400_000), None, "nothing is under way");
    }
}

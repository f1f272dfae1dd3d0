//! When to try again after a connection was lost.

use reactor::clock::Duration;

/// How patient a host is. Delays double from the first to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconnectPolicy {
    /// Delay before the second attempt; the first is made at once.
    pub first_delay: Duration,
    /// Longest delay between two attempts.
    pub longest_delay: Duration,
    /// Give up when this much delay has been spent; `None`: never.
    pub patience: Option<Duration>,
}

impl ReconnectPolicy {
    /// One attempt, no second.
    pub const NEVER: Self = Self {
        first_delay: Duration::from_millis(100),
        longest_delay: Duration::from_millis(100),
        patience: Some(Duration::ZERO),
    };
}

impl Default for ReconnectPolicy {
    /// From 100 ms to 10 s, for ten minutes in all: as long as the Linux host keeps a lost controller.
    fn default() -> Self {
        Self {
            first_delay: Duration::from_millis(100),
            longest_delay: Duration::from_secs(10),
            patience: Some(Duration::from_secs(600)),
        }
    }
}

/// The delays of one series of attempts.
#[derive(Debug, Clone)]
pub struct Backoff {
    policy: ReconnectPolicy,
    next: Duration,
    spent: Duration,
}

impl Backoff {
    /// A new series.
    #[must_use]
    pub fn new(policy: ReconnectPolicy) -> Self {
        Self { policy, next: policy.first_delay.min(policy.longest_delay), spent: Duration::ZERO }
    }

    /// How long to wait before the next attempt. `None`: give up.
    ///
    /// `random` spreads hosts that lost the same target at the same moment: the delay is between half of its nominal
    /// value and all of it.
    pub fn next_delay(&mut self, random: u32) -> Option<Duration> {
        if self.policy.patience.is_some_and(|patience| self.spent >= patience) {
            return None;
        }
        let half = self.next / 2;
        let delay = half + half.mul_f64(f64::from(random) / f64::from(u32::MAX));
        self.next = (self.next * 2).min(self.policy.longest_delay);
        self.spent += delay;
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: ReconnectPolicy = ReconnectPolicy {
        first_delay: Duration::from_millis(100),
        longest_delay: Duration::from_millis(500),
        patience: Some(Duration::from_millis(1600)),
    };

    #[test]
    fn delays_double_up_to_the_longest_and_end_with_the_patience() {
        let mut backoff = Backoff::new(POLICY);
        let delays: Vec<_> =
            std::iter::from_fn(|| backoff.next_delay(u32::MAX)).map(|delay| delay.as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 500, 500]);
    }

    #[test]
    fn randomness_takes_off_half_at_most() {
        for random in [0, 1, 0x8000_0000, u32::MAX] {
            let delay = Backoff::new(POLICY).next_delay(random).unwrap();
            assert!((Duration::from_millis(50)..=Duration::from_millis(100)).contains(&delay), "{delay:?}");
        }
    }

    #[test]
    fn never_means_no_second_attempt() {
        assert_eq!(Backoff::new(ReconnectPolicy::NEVER).next_delay(0), None);
    }
}

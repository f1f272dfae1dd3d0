//! How fast: when the next I/O may begin (`rate`, `rate_iops`, `rate_process`), and whether a job is too slow
//! (`rate_min`, `rate_iops_min`).
//!
//! Each direction has a time at which its next I/O is due. With `linear` it follows from how much was issued, so that a
//! delay is caught up; with `poisson` the distances are drawn, on average as long. Costs a job without rates one comparison
//! an I/O.

use crate::direction::Direction;
use crate::random::taus88::Taus88;

const SECOND_NS: u64 = 1_000_000_000;
/// So long a job may be slower than it has to be. Parity: fio.
const SETTLING_NS: u64 = 2 * SECOND_NS;

/// What a job may do a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RateSettings {
    /// Bytes a second, by direction; 0: no limit.
    pub bytes: [u64; 3],
    /// I/Os a second, by direction; 0: no limit.
    pub ios: [u32; 3],
    /// Fewest bytes a second, by direction; 0: any.
    pub bytes_min: [u64; 3],
    /// Fewest I/Os a second, by direction; 0: any.
    pub ios_min: [u32; 3],
    /// Milliseconds over which the fewest are looked at.
    pub cycle_ms: u64,
    /// Distances are drawn: a Poisson process.
    pub poisson: bool,
    /// The job reads and writes: the one that is behind goes first.
    pub mixed: bool,
}

/// A job that is slower than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{option}={wanted} not met, only got {got} in {cycle_ms} ms ({direction})")]
pub(super) struct TooSlow {
    /// The option that is not kept.
    pub option: &'static str,
    /// In which direction.
    pub direction: &'static str,
    /// What was to be done a second: bytes, or I/Os.
    pub wanted: u64,
    /// What was done a second.
    pub got: u64,
    /// Over how long.
    pub cycle_ms: u64,
}

/// When the next I/O of each direction is due.
#[derive(Debug)]
pub(super) struct Pace {
    settings: RateSettings,
    limited: bool,
    has_minimum: bool,
    /// Nanoseconds of the job at which each direction may go on.
    due_ns: [u64; 3],
    /// From the I/O of each direction that was issued last to the next one.
    distance_ns: [u64; 3],
    draws: [Taus88; 3],
    settled_ns: u64,
    /// When the least rates were looked at, and what had been done by then.
    checked_ns: Option<u64>,
    checked: ([u64; 3], [u64; 3]),
}

impl Pace {
    pub(super) fn new(settings: RateSettings, draws: [Taus88; 3], began_ns: u64) -> Self {
        let limited = settings.bytes.iter().any(|&rate| rate > 0) || settings.ios.iter().any(|&rate| rate > 0);
        let has_minimum =
            settings.bytes_min.iter().any(|&rate| rate > 0) || settings.ios_min.iter().any(|&rate| rate > 0);
        let checked = ([0; 3], [0; 3]);
        let settled_ns = began_ns.saturating_add(SETTLING_NS);
        Self {
            settings,
            limited,
            has_minimum,
            due_ns: [began_ns; 3],
            distance_ns: [0; 3],
            draws,
            settled_ns,
            checked_ns: None,
            checked,
        }
    }

    /// The job begins now.
    pub(super) fn begin(&mut self, now_ns: u64) {
        self.due_ns = [now_ns; 3];
        self.settled_ns = now_ns.saturating_add(SETTLING_NS);
    }

    /// Whether anything has to be looked at.
    #[inline]
    pub(super) fn is_limited(&self) -> bool {
        self.limited
    }

    /// When the next I/O of the direction is due.
    #[inline]
    pub(super) fn due_ns(&self, direction: Direction) -> u64 {
        self.due_ns[direction.index()]
    }

    /// The direction that a mixed job goes on in: the other one if that is due and this one is not.
    pub(super) fn redirect(&self, direction: Direction) -> Direction {
        let other = match direction {
            Direction::Read => Direction::Write,
            Direction::Write => Direction::Read,
            Direction::Trim => return direction,
        };
        let is_limited = |direction: Direction| {
            self.settings.bytes[direction.index()] > 0 || self.settings.ios[direction.index()] > 0
        };
        let both = self.settings.mixed && is_limited(direction) && is_limited(other);
        if both && self.due_ns(other) < self.due_ns(direction) { other } else { direction }
    }

    /// An I/O is issued that was due at its time: when is the next one?
    pub(super) fn issued(&mut self, direction: Direction, bytes: u64) {
        let index = direction.index();
        let distance = self.distance_of(index, bytes);
        let distance = if self.settings.poisson { drawn(distance, &mut self.draws[index]) } else { distance };
        self.distance_ns[index] = distance;
        self.due_ns[index] = self.due_ns[index].saturating_add(distance);
    }

    /// Nanoseconds that an I/O of so many bytes stands for.
    fn distance_of(&self, index: usize, bytes: u64) -> u64 {
        let (rate, ios) = (self.settings.bytes[index], u64::from(self.settings.ios[index]));
        let by_bytes = |rate: u64| {
            let distance = u128::from(bytes) * u128::from(SECOND_NS) / u128::from(rate);
            u64::try_from(distance).unwrap_or(u64::MAX)
        };
        match (rate, ios) {
            (0, 0) => 0,
            (0, ios) => SECOND_NS / ios,
            (rate, 0) => by_bytes(rate),
            (rate, ios) => by_bytes(rate).max(SECOND_NS / ios),
        }
    }

    /// The job has paused for so long, which is not caught up (`rate_ignore_thinktime`): the rate is that of the time between pauses.
    ///
    /// Parity: fio 3.33, where after a pause of an I/O's distance or more the next one begins at once, in a linear process.
    pub(super) fn skip_pause(&mut self, pause_ns: u64) {
        for (due, &distance) in self.due_ns.iter_mut().zip(&self.distance_ns) {
            let begins_at_once = !self.settings.poisson && distance <= pause_ns;
            *due = due.saturating_add(if begins_at_once { pause_ns - distance } else { pause_ns });
        }
    }

    /// Whether the job keeps its least rate.
    pub(super) fn check(&mut self, now_ns: u64, bytes: [u64; 3], ios: [u64; 3]) -> Result<(), TooSlow> {
        if !self.has_minimum || now_ns < self.settled_ns {
            return Ok(());
        }
        let Some(checked_ns) = self.checked_ns else {
            (self.checked_ns, self.checked) = (Some(now_ns), (bytes, ios));
            return Ok(());
        };
        let spent_ms = now_ns.saturating_sub(checked_ns) / 1_000_000;
        if spent_ms < self.settings.cycle_ms.max(1) {
            return Ok(());
        }
        for direction in Direction::ALL {
            let index = direction.index();
            let per_second = |now: u64, before: u64| now.saturating_sub(before).saturating_mul(1000) / spent_ms;
            for (option, wanted, got) in [
                ("rate_min", self.settings.bytes_min[index], per_second(bytes[index], self.checked.0[index])),
                (
                    "rate_iops_min",
                    u64::from(self.settings.ios_min[index]),
                    per_second(ios[index], self.checked.1[index]),
                ),
            ] {
                if got < wanted {
                    return Err(TooSlow { option, direction: direction.name(), wanted, got, cycle_ms: spent_ms });
                }
            }
        }
        (self.checked_ns, self.checked) = (Some(now_ns), (bytes, ios));
        Ok(())
    }
}

/// A distance of a Poisson process whose distances are so long on average.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a random number of nanoseconds, not negative"
)]
fn drawn(average_ns: u64, draws: &mut Taus88) -> u64 {
    // Above 0 and at most 1, so that the logarithm is finite.
    let unit = (f64::from(draws.next_number()) + 1.0) / 4_294_967_296.0;
    (-unit.ln() * average_ns as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(settings: RateSettings) -> Pace {
        Pace::new(settings, std::array::from_fn(|_| Taus88::new(7)), 1000)
    }

    #[test]
    fn without_rates_everything_is_due() {
        let mut pace = pace(RateSettings::default());
        assert!(!pace.is_limited());
        pace.issued(Direction::Read, 4096);
        assert_eq!(pace.due_ns(Direction::Read), 1000);
    }

    #[test]
    fn a_rate_spaces_ios_and_delays_are_caught_up() {
        let settings = RateSettings { bytes: [4096 * 1000, 0, 0], ios: [0, 500, 0], ..RateSettings::default() };
        let mut pace = pace(settings);
        for expected in [1000, 1_001_000, 2_001_000] {
            assert_eq!(pace.due_ns(Direction::Read), expected);
            pace.issued(Direction::Read, 4096);
        }
        pace.issued(Direction::Read, 8192);
        assert_eq!(pace.due_ns(Direction::Read), 5_001_000, "twice the bytes, twice the time");
        pace.issued(Direction::Write, 1);
        assert_eq!(pace.due_ns(Direction::Write), 2_001_000);
    }

    #[test]
    fn pauses_that_are_not_caught_up_put_everything_off() {
        let settings = RateSettings { ios: [1000, 0, 0], ..RateSettings::default() };
        let mut linear = pace(settings);
        linear.issued(Direction::Read, 4096);
        linear.skip_pause(300_000);
        assert_eq!(linear.due_ns(Direction::Read), 1_301_000);
        linear.skip_pause(5_000_000);
        assert_eq!(linear.due_ns(Direction::Read), 5_301_000, "at once when the pause is over, had it been due before");
        let mut poisson = pace(RateSettings { poisson: true, ..settings });
        poisson.issued(Direction::Read, 4096);
        let due_ns = poisson.due_ns(Direction::Read);
        poisson.skip_pause(50_000_000);
        assert_eq!(poisson.due_ns(Direction::Read), due_ns + 50_000_000);
    }

    #[test]
    fn a_poisson_process_keeps_the_rate_on_average() {
        let settings = RateSettings { ios: [1000, 0, 0], poisson: true, ..RateSettings::default() };
        let mut pace = pace(settings);
        let mut distances = Vec::new();
        for _ in 0..10_000 {
            let before = pace.due_ns(Direction::Read);
            pace.issued(Direction::Read, 4096);
            distances.push(pace.due_ns(Direction::Read) - before);
        }
        let total: u64 = distances.iter().sum();
        assert!((9_500_000_000..10_500_000_000).contains(&total), "{total} ns for 10000 I/Os of 1 ms");
        let short = distances.iter().filter(|&&distance| distance < 1_000_000).count();
        // 1 - 1/e of them are below the average.
        assert!((6100..6550).contains(&short), "{short} of 10000 below the average");
    }

    #[test]
    fn a_least_rate_is_looked_at_once_a_cycle() {
        let settings = RateSettings { ios_min: [0, 100, 0], cycle_ms: 1000, ..RateSettings::default() };
        let mut pace = pace(settings);
        let second = |number: u64| 1000 + number * SECOND_NS;
        assert_eq!(pace.check(second(1), [0; 3], [0; 3]), Ok(()), "it settles");
        assert_eq!(pace.check(second(2), [0; 3], [0, 7, 0]), Ok(()));
        assert_eq!(pace.check(second(2) + SECOND_NS / 2, [0; 3], [0, 7, 0]), Ok(()), "the cycle is not over");
        assert_eq!(pace.check(second(3), [0; 3], [0, 107, 0]), Ok(()));
        let slow = pace.check(second(4), [0; 3], [0, 206, 0]).unwrap_err();
        assert_eq!(slow.to_string(), "rate_iops_min=100 not met, only got 99 in 1000 ms (write)");
    }
}

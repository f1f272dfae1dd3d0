//! When a job begins to count, when it ends, and when the loop looks next.

use super::clock::nanoseconds;
use reactor::clock::Duration;

/// How long the loop goes on without looking up.
const LOOK_EVERY_NS: u64 = 1_000_000;

/// What a look at the time says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// The job goes on.
    Before,
    /// The ramp is over: what was counted is forgotten.
    RampOver,
    /// The job's time is over.
    Over,
}

/// The times of a job, in nanoseconds of the run's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    ramp_ends_ns: Option<u64>,
    end_ns: u64,
    /// What `runtime` is; `None`: no limit.
    runtime_ns: Option<u64>,
    next_look_ns: u64,
    measured_from_ns: u64,
}

impl Timing {
    /// A job that begins now. A `ramp` of [`Duration::MAX`] ends by [`Timing::end_ramp`]. A `runtime` of zero is no limit; it counts from the end of the ramp.
    pub(super) fn new(began_ns: u64, ramp: Duration, runtime: Duration) -> Self {
        let ramp_ends_ns = began_ns.saturating_add(nanoseconds(ramp));
        let end_ns = if runtime.is_zero() { u64::MAX } else { ramp_ends_ns.saturating_add(nanoseconds(runtime)) };
        let ramp_ends_ns = (!ramp.is_zero()).then_some(ramp_ends_ns);
        let runtime_ns = (!runtime.is_zero()).then(|| nanoseconds(runtime));
        let mut timing = Self { ramp_ends_ns, end_ns, runtime_ns, next_look_ns: 0, measured_from_ns: began_ns };
        timing.schedule(began_ns);
        timing
    }

    /// The same times, for a job that begins at another time.
    pub(super) fn restarted(&self, began_ns: u64) -> Self {
        let shift = |at: u64| if at == u64::MAX { at } else { at - self.measured_from_ns + began_ns };
        let mut timing = Self {
            ramp_ends_ns: self.ramp_ends_ns.map(shift),
            end_ns: shift(self.end_ns),
            runtime_ns: self.runtime_ns,
            next_look_ns: 0,
            measured_from_ns: began_ns,
        };
        timing.schedule(began_ns);
        timing
    }

    #[inline]
    pub(super) fn next_look_ns(&self) -> u64 {
        self.next_look_ns
    }

    /// When the job has to end; `u64::MAX`: never.
    pub(super) fn end_ns(&self) -> u64 {
        self.end_ns
    }

    /// Since when I/Os count.
    pub(super) fn measured_from_ns(&self) -> u64 {
        self.measured_from_ns
    }

    /// Whether nothing counts yet.
    pub(super) fn is_ramping(&self) -> bool {
        self.ramp_ends_ns.is_some()
    }

    /// The ramp is over, whatever the time: what counts begins now.
    pub(super) fn end_ramp(&mut self, now_ns: u64) {
        self.ramp_ends_ns = None;
        self.measured_from_ns = now_ns;
        self.end_ns = self.runtime_ns.map_or(u64::MAX, |runtime| now_ns.saturating_add(runtime));
        self.schedule(now_ns);
    }

    pub(super) fn look(&mut self, now_ns: u64) -> Moment {
        if now_ns >= self.end_ns {
            return Moment::Over;
        }
        let moment = match self.ramp_ends_ns {
            Some(ramp_ends_ns) if now_ns >= ramp_ends_ns => {
                self.ramp_ends_ns = None;
                self.measured_from_ns = now_ns;
                Moment::RampOver
            }
            _ => Moment::Before,
        };
        self.schedule(now_ns);
        moment
    }

    fn schedule(&mut self, now_ns: u64) {
        let ramp = self.ramp_ends_ns.unwrap_or(u64::MAX);
        self.next_look_ns = now_ns.saturating_add(LOOK_EVERY_NS).min(self.end_ns).min(ramp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_comes_before_the_time_that_counts() {
        let mut timing = Timing::new(1_000, Duration::from_micros(300), Duration::from_millis(2));
        assert!(timing.is_ramping());
        assert_eq!((timing.next_look_ns(), timing.end_ns()), (301_000, 2_301_000));
        assert_eq!(timing.look(200_000), Moment::Before);
        assert_eq!(timing.look(301_500), Moment::RampOver);
        assert_eq!((timing.measured_from_ns(), timing.is_ramping()), (301_500, false));
        assert_eq!(timing.next_look_ns(), 1_301_500);
        assert_eq!(timing.look(2_000_000), Moment::Before);
        assert_eq!(timing.next_look_ns(), 2_301_000);
        assert_eq!(timing.look(2_301_000), Moment::Over);
        let later = Timing::new(1_000, Duration::from_micros(300), Duration::ZERO).restarted(5_000);
        assert_eq!((later.next_look_ns(), later.end_ns(), later.measured_from_ns()), (305_000, u64::MAX, 5_000));
    }

    #[test]
    fn a_ramp_of_a_size_ends_when_it_is_told() {
        let mut timing = Timing::new(0, Duration::MAX, Duration::from_millis(2)).restarted(1_000);
        assert_eq!((timing.is_ramping(), timing.end_ns()), (true, u64::MAX));
        assert_eq!(timing.look(5_000_000), Moment::Before);
        timing.end_ramp(6_000_000);
        assert_eq!((timing.is_ramping(), timing.measured_from_ns(), timing.end_ns()), (false, 6_000_000, 8_000_000));
        assert_eq!(timing.look(8_000_000), Moment::Over);
    }

    #[test]
    fn without_a_runtime_there_is_no_end() {
        let mut timing = Timing::new(5, Duration::ZERO, Duration::ZERO);
        assert_eq!((timing.end_ns(), timing.next_look_ns()), (u64::MAX, 1_000_005));
        assert_eq!(timing.look(u64::MAX - 1), Moment::Before);
    }
}

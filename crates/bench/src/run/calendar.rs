//! The clocks of the system by their numbers (`log_alternate_epoch_clock_id`, `job_start_clock_id`).

use rustix::time::{ClockId, DynamicClockId, clock_gettime_dynamic};

/// The clock of the calendar.
pub(super) const REAL_TIME: u32 = 0;

/// Milliseconds of the clock of that number, as `clock_gettime` counts them; `None`: there is none.
pub(super) fn milliseconds(id: u32) -> Option<u64> {
    let id = match id {
        REAL_TIME => ClockId::Realtime,
        1 => ClockId::Monotonic,
        2 => ClockId::ProcessCPUTime,
        3 => ClockId::ThreadCPUTime,
        4 => ClockId::MonotonicRaw,
        5 => ClockId::RealtimeCoarse,
        6 => ClockId::MonotonicCoarse,
        7 => ClockId::Boottime,
        8 => ClockId::RealtimeAlarm,
        9 => ClockId::BoottimeAlarm,
        11 => return time(DynamicClockId::Tai),
        _ => return None,
    };
    time(DynamicClockId::Known(id))
}

fn time(clock: DynamicClockId<'_>) -> Option<u64> {
    let time = clock_gettime_dynamic(clock).ok()?;
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    Some(part(time.tv_sec) * 1000 + part(time.tv_nsec) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_those_of_the_system() {
        let [real, up, booted] = [0, 1, 7].map(|id| milliseconds(id).unwrap());
        assert!(real > 1_700_000_000_000 && up < real && up <= booted);
        let again = milliseconds(1).unwrap();
        assert!((up..up + 60_000).contains(&again));
        assert_eq!([10, 12].map(milliseconds), [None; 2]);
    }
}

//! How far all workers are together.

use bench::output::status_line::{Remaining, Status};

/// The sum of what workers say: rates and counts add up, the longest time counts, and the states of all jobs stand one behind the other.
///
/// Differs from fio in this: it adds up the times that runs have taken, and shows the states of the last worker's jobs.
#[must_use]
pub fn sum<'a>(all: impl Iterator<Item = &'a Status>) -> Option<Status> {
    let mut sum: Option<Status> = None;
    for one in all {
        match &mut sum {
            None => sum = Some(one.clone()),
            Some(sum) => add(sum, one),
        }
    }
    sum
}

fn add(sum: &mut Status, one: &Status) {
    let counts = [
        (&mut sum.running, one.running),
        (&mut sum.ramping, one.ramping),
        (&mut sum.setting_up, one.setting_up),
        (&mut sum.files_open, one.files_open),
        (&mut sum.minimum_iops, one.minimum_iops),
        (&mut sum.target_iops, one.target_iops),
    ];
    for (count, more) in counts {
        *count = count.saturating_add(more);
    }
    for (rate, more) in sum.rate.iter_mut().chain(&mut sum.iops).zip(one.rate.iter().chain(&one.iops)) {
        *rate = rate.saturating_add(*more);
    }
    sum.minimum_rate = sum.minimum_rate.saturating_add(one.minimum_rate);
    sum.target_rate = sum.target_rate.saturating_add(one.target_rate);
    sum.elapsed_seconds = sum.elapsed_seconds.max(one.elapsed_seconds);
    sum.remaining = longest(sum.remaining, one.remaining);
    sum.run_states = joined(&sum.run_states, &one.run_states);
}

/// Who does not know yet has just begun: what others know counts. Who never will makes all unknown.
fn longest(one: Remaining, other: Remaining) -> Remaining {
    match (one, other) {
        (Remaining::Unmeasurable, _) | (_, Remaining::Unmeasurable) => Remaining::Unmeasurable,
        (Remaining::Unknown, known) | (known, Remaining::Unknown) => known,
        (Remaining::Seconds(one), Remaining::Seconds(other)) => Remaining::Seconds(one.max(other)),
    }
}

/// `R(2),P(1)` behind `r(1),R(3)`: letters that meet are counted as one.
fn joined(one: &str, other: &str) -> String {
    let (Some((before, last)), Some((first, after))) = (split_last(one), split_first(other)) else {
        return [one, other].into_iter().filter(|states| !states.is_empty()).collect::<Vec<_>>().join(",");
    };
    match (counted(last), counted(first)) {
        (Some((letter, count)), Some((same, more))) if letter == same => {
            format!("{before}{letter}({}){after}", u64::from(count) + u64::from(more))
        }
        _ => format!("{one},{other}"),
    }
}

/// All but the last state, with the comma, and the last.
fn split_last(states: &str) -> Option<(&str, &str)> {
    (!states.is_empty()).then(|| states.rfind(',').map_or(("", states), |comma| states.split_at(comma + 1)))
}

/// The first state, and the rest with the comma.
fn split_first(states: &str) -> Option<(&str, &str)> {
    (!states.is_empty()).then(|| states.find(',').map_or((states, ""), |comma| states.split_at(comma)))
}

fn counted(state: &str) -> Option<(char, u32)> {
    let letter = state.chars().next()?;
    let count = state[letter.len_utf8()..].strip_prefix('(')?.strip_suffix(')')?.parse().ok()?;
    Some((letter, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::from_wire;
    use bench_wire::message::Eta;

    fn status(running: u32, remaining_s: u64, states: &str) -> Status {
        let rate = [u64::from(running) * 100, 0, 7];
        let states = states.as_bytes().to_vec();
        from_wire::status(&Eta { running, remaining_s, rate, elapsed_s: 5, states, ..Eta::default() })
    }

    #[test]
    fn rates_add_up_and_the_longest_time_counts() {
        let all = [status(1, 3, "r(1),R(2)"), status(2, 9, "R(2),P(1)"), status(4, 0x7fff_ffff, "_(1)")];
        let sum = sum(all.iter()).unwrap();
        assert_eq!((sum.running, sum.rate, sum.elapsed_seconds), (7, [700, 0, 21], 5));
        assert_eq!((sum.remaining, sum.run_states.as_str()), (Remaining::Seconds(9), "r(1),R(4),P(1),_(1)"));
        assert_eq!(super::sum([].iter()), None);
        assert_eq!(longest(Remaining::Seconds(3), Remaining::Unmeasurable), Remaining::Unmeasurable);
    }

    #[test]
    fn states_are_joined_whatever_they_are() {
        for (one, other, expected) in [
            ("", "", ""),
            ("R(1)", "", "R(1)"),
            ("", "R(1)", "R(1)"),
            ("R(1)", "R(1)", "R(2)"),
            ("a(1),R(1)", "R(4294967295),b(1)", "a(1),R(4294967296),b(1)"),
            ("R", "R", "R,R"),
            ("\u{e9}(x)", "\u{e9}(1)", "\u{e9}(x),\u{e9}(1)"),
        ] {
            assert_eq!(joined(one, other), expected);
        }
    }
}

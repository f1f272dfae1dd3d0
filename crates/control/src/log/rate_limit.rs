//! At most so many messages a minute from one place in the program, and a word about the ones that were dropped.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use reactor::clock::{Duration, Instant};

const MINUTE: Duration = Duration::from_mins(1);

/// Messages that were not logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dropped {
    count: u64,
    since_first: Duration,
    since_last: Duration,
}

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, since_first, since_last } = self;
        write!(
            formatter,
            "Dropped {count} log messages in last {} seconds (most recently, {} seconds ago) due to excessive rate",
            since_first.as_secs(),
            since_last.as_secs()
        )
    }
}

/// Token buckets, one for each place.
#[derive(Debug)]
pub(super) struct Limiter<K> {
    buckets: HashMap<K, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    /// What a message costs: the time between two at the highest lasting rate.
    cost: Duration,
    /// What a full bucket holds.
    credit_max: Duration,
    credit: Duration,
    filled_at: Instant,
    /// Number, first and last of the messages dropped since the last one that passed.
    dropped: Option<(u64, Instant, Instant)>,
}

impl<K: Eq + Hash + Clone> Limiter<K> {
    pub(super) fn new() -> Self {
        Self { buckets: HashMap::new() }
    }

    /// Whether a message from `place` may pass that may come `per_minute` times a minute, all of them at once if it was
    /// quiet before. With one that passes comes what was dropped before it.
    pub(super) fn take(&mut self, place: &K, per_minute: u32, now: Instant) -> Option<Option<Dropped>> {
        let bucket = self.buckets.entry(place.clone()).or_insert_with(|| Bucket::new(per_minute.max(1), now));
        bucket.take(now)
    }

    /// The places whose last drop is a minute ago and has not been told since.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<(K, Dropped)> {
        let told = |(place, bucket): (&K, &mut Bucket)| {
            let (_, _, last) = bucket.dropped?;
            let overdue = now.saturating_duration_since(last) >= MINUTE;
            overdue.then(|| bucket.tell(now)).flatten().map(|dropped| (place.clone(), dropped))
        };
        self.buckets.iter_mut().filter_map(told).collect()
    }
}

impl Bucket {
    fn new(per_minute: u32, now: Instant) -> Self {
        Self { cost: MINUTE / per_minute, credit_max: MINUTE, credit: MINUTE, filled_at: now, dropped: None }
    }

    fn take(&mut self, now: Instant) -> Option<Option<Dropped>> {
        let gained = now.saturating_duration_since(self.filled_at);
        self.credit = self.credit.saturating_add(gained).min(self.credit_max);
        self.filled_at = now;
        match self.credit.checked_sub(self.cost) {
            Some(rest) => {
                self.credit = rest;
                Some(self.tell(now))
            }
            None => {
                let (count, first, _) = self.dropped.unwrap_or((0, now, now));
                self.dropped = Some((count + 1, first, now));
                None
            }
        }
    }

    fn tell(&mut self, now: Instant) -> Option<Dropped> {
        let (count, first, last) = self.dropped.take()?;
        Some(Dropped {
            count,
            since_first: now.saturating_duration_since(first),
            since_last: now.saturating_duration_since(last),
        })
    }
}

#[cfg(test)]
mod tests {
    use reactor::clock;

    use super::*;

    #[test]
    fn f08_five_at_once_then_one_in_twelve_seconds() {
        let start = clock::now();
        let mut limiter = Limiter::new();
        let mut passed = Vec::new();
        for second in 0..60 {
            if let Some(dropped) = limiter.take(&"site", 5, start + Duration::from_secs(second)) {
                passed.push((second, dropped.map(|dropped| dropped.to_string())));
            }
        }
        let told = |count, first, last| {
            Some(format!(
                "Dropped {count} log messages in last {first} seconds (most recently, {last} seconds ago) due to \
                 excessive rate"
            ))
        };
        let expected = (0..5).map(|second| (second, None)).chain([
            (12, told(7, 7, 1)),
            (24, told(11, 11, 1)),
            (36, told(11, 11, 1)),
            (48, told(11, 11, 1)),
        ]);
        assert_eq!(passed, expected.collect::<Vec<_>>());
    }

    #[test]
    fn f08_a_long_silence_saves_up_no_more_than_a_minute_s_worth() {
        let start = clock::now();
        let mut limiter = Limiter::new();
        assert_eq!(limiter.take(&"site", 5, start), Some(None));
        let later = start + Duration::from_hours(1);
        assert_eq!((0..20).filter(|_| limiter.take(&"site", 5, later).is_some()).count(), 5);
    }

    #[test]
    fn f08_places_do_not_share_a_bucket_and_a_rest_is_told_once() {
        let start = clock::now();
        let mut limiter = Limiter::new();
        for place in ["a", "b"] {
            assert_eq!(limiter.take(&place, 1, start), Some(None));
        }
        assert_eq!(limiter.take(&"a", 1, start), None);
        assert_eq!(limiter.overdue(start + Duration::from_secs(59)), []);
        let overdue = limiter.overdue(start + Duration::from_secs(60));
        assert_eq!(overdue.iter().map(|(place, dropped)| (*place, dropped.count)).collect::<Vec<_>>(), [("a", 1)]);
        assert_eq!(limiter.overdue(start + Duration::from_secs(600)), []);
    }
}

//! Songs that a mood is asked about together: a bit of one number for each.

/// Songs of a set: as many as a number has bits.
pub(crate) const SONGS_AT_ONCE: usize = 64;

/// Some of up to [`SONGS_AT_ONCE`] songs, by their places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Set(u64);

impl Set {
    /// The first song alone.
    pub(crate) const FIRST: Self = Self(1);

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn contains(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The places, ascending.
    pub(crate) fn places(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let place = rest.trailing_zeros() as usize;
            (rest != 0).then(|| {
                rest &= rest - 1;
                place
            })
        })
    }

    /// Those for which something holds.
    pub(crate) fn filter(self, holds: impl FnMut(usize) -> bool) -> Self {
        Self::collect(self.places(), holds)
    }

    /// The places below `count`, which is at most [`SONGS_AT_ONCE`], for which something holds.
    pub(crate) fn of(count: usize, holds: impl FnMut(usize) -> bool) -> Self {
        Self::collect(0..count, holds)
    }

    fn collect(places: impl Iterator<Item = usize>, mut holds: impl FnMut(usize) -> bool) -> Self {
        Self(places.fold(0, |set, place| set | (u64::from(holds(place)) << place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_that_were_put_in() {
        for count in [0, 1, 2, 63, 64] {
            let set = Set::of(count, |place| place % 3 != 1);
            let places: Vec<usize> = (0..count).filter(|place| place % 3 != 1).collect();
            assert_eq!(set.places().collect::<Vec<_>>(), places, "{count}");
            assert_eq!(set.is_empty(), places.is_empty(), "{count}");
            assert!((0..SONGS_AT_ONCE).all(|place| set.contains(place) == places.contains(&place)), "{count}");
        }
        assert_eq!(Set::FIRST.places().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn sets_are_joined_and_parted() {
        let (even, third) = (Set::of(10, |place| place % 2 == 0), Set::of(10, |place| place % 3 == 0));
        let places = |set: Set| set.places().collect::<Vec<_>>();
        assert_eq!(places(even.and(third)), [0, 6]);
        assert_eq!(places(even.or(third)), [0, 2, 3, 4, 6, 8, 9]);
        assert_eq!(places(even.without(third)), [2, 4, 8]);
        assert_eq!(places(even.filter(|place| place > 3)), [4, 6, 8]);
    }
}

//! The counts of a histogram, in memory of their own.
//!
//! An allocator clears what it hands out, and so touches all of it. These come from the kernel as zeros that are not there yet:
//! memory is taken by those of the four pages that something was counted in, and the latencies of one device lie in one or
//! two. Cost: a system call to make them and one to give them back; a count is an access as to any other array.
#![expect(unsafe_code, reason = "a mapping seen as the array that it is")]

use std::alloc::{Layout, handle_alloc_error};
use std::fmt;

use reactor::mapping::Mapping;

use super::histogram::BUCKETS;

type Array = [u64; BUCKETS];

/// A count for each bucket.
pub(super) struct Counts(Mapping);

impl Counts {
    /// Nothing was counted, and no memory is taken. Ends the process when the kernel has no addresses left, as any allocation does.
    pub(super) fn new() -> Self {
        Mapping::new(size_of::<Array>()).map_or_else(|_| handle_alloc_error(Layout::new::<Array>()), Self)
    }

    /// All counts.
    #[inline]
    pub(super) fn as_array(&self) -> &Array {
        // SAFETY: the mapping has the bytes of the array, begins at a page and holds zeros or counts. It lives as long as `self`, and
        // is written only through `as_array_mut`, which borrows it alone.
        unsafe { self.0.base().cast().as_ref() }
    }

    /// All counts, to be changed.
    #[inline]
    pub(super) fn as_array_mut(&mut self) -> &mut Array {
        // SAFETY: as in `as_array`; nobody else has a reference while `self` is borrowed alone.
        unsafe { self.0.base().cast().as_mut() }
    }
}

impl Clone for Counts {
    fn clone(&self) -> Self {
        let mut clone = Self::new();
        for (count, mine) in clone.as_array_mut().iter_mut().zip(self.as_array()) {
            // A store, even of zero, would take the page.
            if *mine != 0 {
                *count = *mine;
            }
        }
        clone
    }
}

impl PartialEq for Counts {
    fn eq(&self, other: &Self) -> bool {
        self.as_array() == other.as_array()
    }
}

impl Eq for Counts {}

/// The buckets that have a count: equal counts are equal in words, wherever they lie.
impl fmt::Debug for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let buckets = self.as_array().iter().enumerate();
        formatter.debug_map().entries(buckets.filter(|&(_, &count)| count != 0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use reactor::mapping::PAGE_BYTES;

    use super::*;
    use crate::statistics::Histogram;
    use crate::statistics::histogram::bucket_of;

    /// How many pages of these counts take memory: bit 56 of a page's entry says that it is there and ours alone, which the page of
    /// zeros that the kernel shows to readers is not.
    fn pages_taken(counts: &Array) -> usize {
        let pagemap = File::open("/proc/self/pagemap").unwrap();
        let first = counts.as_ptr().addr() / PAGE_BYTES;
        let pages = size_of::<Array>().div_ceil(PAGE_BYTES);
        let is_there = |page: &usize| {
            let mut entry = [0; 8];
            pagemap.read_exact_at(&mut entry, 8 * *page as u64).unwrap();
            u64::from_ne_bytes(entry) >> 56 & 1 == 1
        };
        (first..first + pages).filter(is_there).count()
    }

    #[test]
    fn only_pages_that_were_counted_in_take_memory() {
        let mut histogram = Histogram::new();
        assert_eq!(pages_taken(histogram.counts()), 0);
        for nanoseconds in [60, 90, 5000] {
            histogram.record(nanoseconds);
        }
        assert_eq!(pages_taken(histogram.counts()), 1, "some nanoseconds to some microseconds");
        histogram.record(70_000_000);
        assert_eq!(pages_taken(histogram.counts()), 2, "and milliseconds");
    }

    #[test]
    fn copies_sums_and_resets_take_no_more() {
        let mut one = Histogram::new();
        one.record(80);
        let mut sum = one.clone();
        assert_eq!(pages_taken(sum.counts()), 1);
        sum.merge(&one);
        sum.reset();
        assert_eq!(sum, Histogram::new());
        sum.merge(&one);
        assert_eq!((sum.counts()[bucket_of(80)], pages_taken(sum.counts())), (1, 1));
    }

    #[test]
    fn equal_counts_are_equal_in_words() {
        let mut counts = Counts::new();
        assert_eq!(format!("{counts:?}"), "{}");
        (counts.as_array_mut()[3], counts.as_array_mut()[70]) = (2, 1);
        let words = format!("{:?}", counts.clone());
        assert_eq!((words.as_str(), format!("{counts:?}").as_str()), ("{3: 2, 70: 1}", words.as_str()));
    }
}

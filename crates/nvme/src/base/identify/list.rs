//! Lists of namespaces and of controllers.
//!
//! Spec: NVMe Base 2.0 §4.4 (Controller List and Namespace List).

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Namespace identifiers in ascending order, 4096 bytes; unused entries are zero.
///
/// Spec: NVMe Base 2.0 §4.4.2.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct NamespaceList {
    /// The entries.
    pub entries: [U32; Self::CAPACITY],
}

assert_layout!(NamespaceList, 4096, entries @ 0);

impl NamespaceList {
    /// Most identifiers of one list.
    pub const CAPACITY: usize = 1024;
    /// Highest identifier that a list can be asked to begin after.
    ///
    /// Spec: NVMe Base 2.0 §5.17.2.2: FFFFFFFEh and FFFFFFFFh are an Invalid Namespace or Format.
    pub const LAST_BEGINNING: u32 = 0xffff_fffd;

    /// The first identifiers above `after`, as many as fit. `identifiers` is in ascending order.
    #[must_use]
    pub fn after(after: u32, identifiers: impl IntoIterator<Item = u32>) -> Self {
        let mut list = Self::new_zeroed();
        let above = identifiers.into_iter().filter(|&identifier| identifier > after);
        for (entry, identifier) in list.entries.iter_mut().zip(above) {
            *entry = U32::new(identifier);
        }
        list
    }

    /// The identifiers: those before the first zero.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.entries.iter().map(|entry| entry.get()).take_while(|&identifier| identifier != 0)
    }

    /// Whether every entry is used, so that the next list may hold more.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        let [.., last] = &self.entries;
        last.get() != 0
    }
}

/// Controller identifiers in ascending order, 4096 bytes; unused entries are zero.
///
/// Spec: NVMe Base 2.0 §4.4.1.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ControllerList {
    /// Entries used.
    pub count: U16,
    /// The entries.
    pub entries: [U16; Self::CAPACITY],
}

assert_layout!(ControllerList, 4096, count @ 0, entries @ 2);

impl ControllerList {
    /// Most identifiers of one list.
    pub const CAPACITY: usize = 2047;

    /// The first identifiers from `first` on, as many as fit. `identifiers` is in ascending order.
    #[must_use]
    pub fn from(first: u16, identifiers: impl IntoIterator<Item = u16>) -> Self {
        let mut list = Self::new_zeroed();
        let mut count = 0;
        let selected = identifiers.into_iter().filter(|&identifier| identifier >= first);
        for (entry, identifier) in list.entries.iter_mut().zip(selected) {
            *entry = U16::new(identifier);
            count += 1;
        }
        list.count = U16::new(count);
        list
    }

    /// The identifiers: as many as the count says, and at most as fit.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.entries.iter().map(|entry| entry.get()).take(usize::from(self.count.get()))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use zerocopy::{FromZeros, IntoBytes};

    use super::{ControllerList, NamespaceList};

    #[test]
    fn namespace_list_holds_what_is_above_and_nothing_else() {
        let list = NamespaceList::after(2, [1, 2, 3, 0x0102_0304]);
        let (used, unused) = list.as_bytes().split_at(8);
        assert_eq!(used, [3, 0, 0, 0, 4, 3, 2, 1]);
        assert!(unused.iter().all(|&byte| byte == 0));
        assert_eq!(list.iter().collect::<Vec<_>>(), [3, 0x0102_0304]);
        assert!(!list.is_full());
        assert_eq!(NamespaceList::after(0x0102_0304, [1, 0x0102_0304]), NamespaceList::new_zeroed());
    }

    #[test]
    fn namespace_list_stops_where_it_is_full() {
        let list = NamespaceList::after(0, 1..=1024);
        assert!(list.is_full());
        assert_eq!(NamespaceList::after(0, 1..=2000), list);
        assert!(!NamespaceList::after(0, 1..=1023).is_full());
        let next = NamespaceList::after(list.iter().last().unwrap(), 1..=2000);
        assert_eq!(next.iter().collect::<Vec<_>>(), (1025..=2000).collect::<Vec<_>>());
    }

    #[test]
    fn controller_list_counts() {
        let list = ControllerList::from(5, [1, 5, 0x0706]);
        let (used, unused) = list.as_bytes().split_at(6);
        assert_eq!(used, [2, 0, 5, 0, 6, 7]);
        assert!(unused.iter().all(|&byte| byte == 0));
        assert_eq!(list.iter().collect::<Vec<_>>(), [5, 0x0706]);
        assert_eq!(ControllerList::from(0, 0..=u16::MAX).count.get(), 2047);
    }

    #[test]
    fn a_count_beyond_the_list_is_harmless() {
        let mut list = ControllerList::from(0, [7]);
        list.count = u16::MAX.into();
        assert_eq!(list.iter().count(), ControllerList::CAPACITY);
    }
}

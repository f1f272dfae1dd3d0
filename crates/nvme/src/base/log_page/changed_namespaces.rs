//! Changed Namespace List: which namespaces came, went or changed since the page was last read.
//!
//! Spec: NVMe Base 2.0 §5.16.1.5.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Changed Namespace List, 4096 bytes: identifiers in ascending order, unused entries zero. When more than fit have changed, the first
/// entry is FFFFFFFFh and the rest zero.
///
/// Spec: NVMe Base 2.0 §5.16.1.5.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ChangedNamespaceList {
    /// The entries.
    pub entries: [U32; Self::CAPACITY],
}

assert_layout!(ChangedNamespaceList, 4096, entries @ 0);

impl ChangedNamespaceList {
    /// Most identifiers of the page.
    pub const CAPACITY: usize = 1024;
    /// The first entry when more namespaces changed than fit.
    pub const TOO_MANY: u32 = 0xffff_ffff;

    /// The page for these identifiers, which are in ascending order.
    #[must_use]
    pub fn new(identifiers: impl IntoIterator<Item = u32>) -> Self {
        let mut page = Self::new_zeroed();
        let mut identifiers = identifiers.into_iter();
        for (entry, identifier) in page.entries.iter_mut().zip(&mut identifiers) {
            *entry = U32::new(identifier);
        }
        if identifiers.next().is_some() { Self::too_many() } else { page }
    }

    /// The page that says that more namespaces changed than fit.
    #[must_use]
    pub fn too_many() -> Self {
        let mut page = Self::new_zeroed();
        let [first, ..] = &mut page.entries;
        *first = U32::new(Self::TOO_MANY);
        page
    }

    /// Whether more namespaces changed than fit, so that any may have.
    #[must_use]
    pub const fn is_too_many(&self) -> bool {
        let [first, ..] = &self.entries;
        first.get() == Self::TOO_MANY
    }

    /// The identifiers: those before the first zero; none when there are too many.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let entries: &[U32] = if self.is_too_many() { &[] } else { &self.entries };
        entries.iter().map(|entry| entry.get()).take_while(|&identifier| identifier != 0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use zerocopy::IntoBytes;

    use super::ChangedNamespaceList;

    #[test]
    fn bytes() {
        let page = ChangedNamespaceList::new([3, 0x0102_0304]);
        let (used, unused) = page.as_bytes().split_at(8);
        assert_eq!(used, [3, 0, 0, 0, 4, 3, 2, 1]);
        assert!(unused.iter().all(|&byte| byte == 0));
        assert_eq!(page.iter().collect::<Vec<_>>(), [3, 0x0102_0304]);
    }

    #[test]
    fn as_many_as_fit_and_one_more() {
        assert_eq!(ChangedNamespaceList::new(1..=1024).iter().count(), 1024);
        let page = ChangedNamespaceList::new(1..=1025);
        let (used, unused) = page.as_bytes().split_at(4);
        assert_eq!(used, [0xff; 4]);
        assert!(unused.iter().all(|&byte| byte == 0));
        assert!(page.is_too_many());
        assert_eq!(page.iter().count(), 0);
    }
}

//! Anonymous memory straight from the kernel: page-aligned, zero-filled, and backed by pages only where it was touched.
#![expect(unsafe_code, reason = "mmap and friends; a mapping is the only owner of its range")]

use std::io;
use std::ptr::NonNull;

/// Bytes in a page, at least on every machine that Linux runs on. Mappings begin at a multiple of it.
pub const PAGE_BYTES: usize = 4096;

/// A range of private anonymous memory. Dropping it gives the range back.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    length_bytes: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread; the value hands out an address and nothing else.
unsafe impl Send for Mapping {}
// SAFETY: through a shared reference only the address and the length can be had, which never change.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `length_bytes` of zeros that can be read and written. No memory is reserved: a page is taken when it is first
    /// written, and reading one that was never written gives zeros.
    ///
    /// # Errors
    /// When the length is zero or the kernel has no such range of addresses left (or, with strict overcommit, no such
    /// amount of memory).
    pub fn new(length_bytes: usize) -> io::Result<Self> {
        Self::with_protection(length_bytes, libc::PROT_READ | libc::PROT_WRITE)
    }

    /// Maps `length_bytes` of zeros that nobody can write.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn zeros(length_bytes: usize) -> io::Result<Self> {
        Self::with_protection(length_bytes, libc::PROT_READ)
    }

    fn with_protection(length_bytes: usize, protection: libc::c_int) -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: no address is asked for, so no existing mapping is touched.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), length_bytes, protection, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(base.cast())
            .map(|base| Self { base, length_bytes })
            .ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    /// The first byte. Valid for [`len`](Self::len) bytes while the mapping lives.
    #[must_use]
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length_bytes
    }

    /// Whether the mapping has no bytes, which no mapping has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length_bytes == 0
    }

    /// Gives the pages of a range back to the kernel; the range then reads as zeros. `offset` and `length_bytes` are
    /// multiples of [`PAGE_BYTES`].
    ///
    /// # Errors
    /// What `madvise` reports (`EINVAL` when the machine's pages are larger than [`PAGE_BYTES`] and the range does not
    /// fall on their bounds).
    ///
    /// # Panics
    /// When the range is not within the mapping.
    pub fn discard(&self, offset: usize, length_bytes: usize) -> io::Result<()> {
        assert!(
            offset <= self.length_bytes && length_bytes <= self.length_bytes - offset,
            "discard beyond the mapping"
        );
        let base = self.base.as_ptr().wrapping_add(offset);
        // SAFETY: the range lies within this mapping (asserted). It stays mapped; its content becomes zero, which is a
        // write like any other to those who share the mapping by raw pointers.
        let result = unsafe { libc::madvise(base.cast(), length_bytes, libc::MADV_DONTNEED) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `with_protection` and is unmapped here only. Whoever uses its address beyond
        // the life of the mapping has said so in a SAFETY proof of its own.
        let result = unsafe { libc::munmap(self.base.as_ptr().cast(), self.length_bytes) };
        debug_assert_eq!(result, 0, "munmap of a whole mapping does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_zero_keeps_what_is_written_and_forgets_what_is_discarded() {
        let mapping = Mapping::new(3 * PAGE_BYTES).unwrap();
        assert_eq!((mapping.base().as_ptr().addr() % PAGE_BYTES, mapping.len()), (0, 3 * PAGE_BYTES));
        let at = |page: usize| mapping.base().as_ptr().wrapping_add(page * PAGE_BYTES);
        for page in 0..3 {
            // SAFETY: within the mapping, which nobody else knows.
            unsafe {
                assert_eq!(at(page).read(), 0);
            }
            // SAFETY: the same.
            unsafe { at(page).write(7) };
        }
        mapping.discard(PAGE_BYTES, PAGE_BYTES).unwrap();
        // SAFETY: the same.
        let bytes: Vec<u8> = (0..3).map(|page| unsafe { at(page).read() }).collect();
        assert_eq!(bytes, [7, 0, 7]);
    }

    #[test]
    #[should_panic(expected = "beyond the mapping")]
    fn discards_nothing_beyond_itself() {
        let _ = Mapping::new(PAGE_BYTES).unwrap().discard(PAGE_BYTES, PAGE_BYTES);
    }

    #[test]
    fn no_bytes_are_no_mapping() {
        assert!(Mapping::new(0).is_err());
    }
}

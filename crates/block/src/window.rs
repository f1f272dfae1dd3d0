//! Memory of a device, lent for the length of a command.
#![expect(unsafe_code, reason = "the memory is shared between threads and hosts, so no reference to it may exist")]

use reactor::mapping::Mapping;

use crate::Access;

/// A range of a device's memory. The kernel receives into it and sends from it by address; the process copies in and out.
///
/// Others may read and write the same bytes at the same moment: other hosts, through other threads. No order is kept
/// between them, as on a disk; so the bytes are never looked at through a reference. The memory is never unmapped, so a
/// window is good for as long as anyone keeps it. One that outlives its device reads zeros, and what is written to it is
/// lost.
#[derive(Debug)]
pub struct Window {
    base: *mut u8,
    length_bytes: usize,
    access: Access,
}

impl Window {
    /// A window of `length_bytes` at `offset` of a mapping.
    ///
    /// # Panics
    /// When that is not within the mapping.
    pub(crate) fn new(mapping: &'static Mapping, offset: usize, length_bytes: usize, access: Access) -> Self {
        assert!(offset <= mapping.len() && length_bytes <= mapping.len() - offset, "window beyond the mapping");
        Self { base: mapping.base().as_ptr().wrapping_add(offset), length_bytes, access }
    }

    /// The first byte, to read from. Valid for [`len`](Self::len) bytes, for ever.
    #[must_use]
    pub fn as_ptr(&self) -> *const u8 {
        self.base
    }

    /// The first byte, to write to. Valid for [`len`](Self::len) bytes, for ever.
    ///
    /// # Panics
    /// When the window was lent for reading.
    #[must_use]
    pub fn as_mut_ptr(&self) -> *mut u8 {
        assert!(self.access == Access::Write, "a window for reading is not written");
        self.base
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length_bytes
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length_bytes == 0
    }

    /// Copies bytes into the window.
    ///
    /// # Panics
    /// When they do not fit behind `offset`, or the window was lent for reading.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset <= self.length_bytes && bytes.len() <= self.length_bytes - offset, "write beyond the window");
        // SAFETY: the destination lies within the window (asserted), which stays mapped and may be written; the source
        // is a slice.
        unsafe { copy_shared(bytes.as_ptr(), self.as_mut_ptr().wrapping_add(offset), bytes.len()) };
    }

    /// Copies bytes out of the window.
    ///
    /// # Panics
    /// When there are not so many behind `offset`.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) {
        assert!(offset <= self.length_bytes && bytes.len() <= self.length_bytes - offset, "read beyond the window");
        // SAFETY: the source lies within the window (asserted), which stays mapped; the destination is a slice.
        unsafe { copy_shared(self.base.wrapping_add(offset), bytes.as_mut_ptr(), bytes.len()) };
    }

    /// Copies another window of the same length.
    ///
    /// # Panics
    /// When it is shorter, or this one was lent for reading.
    pub(crate) fn copy_from(&self, source: &Self) {
        assert!(source.length_bytes >= self.length_bytes, "copy of a shorter window");
        // SAFETY: both windows are mapped and as long (asserted). They do not overlap: the source is the zeros, which
        // nobody lends for writing.
        unsafe { copy_shared(source.base, self.as_mut_ptr(), self.length_bytes) };
    }
}

/// Copies bytes of which others may read or write either side at the same moment. Each byte is copied at some moment
/// during the call; that is all there is to say.
///
/// # Safety
/// `length_bytes` bytes are mapped at both addresses, may be read at `source` and written at `destination`, and do not
/// overlap. Whoever else uses them meanwhile does so in this way or is the kernel.
#[cfg(target_arch = "x86_64")]
unsafe fn copy_shared(source: *const u8, destination: *mut u8, length_bytes: usize) {
    // Not `ptr::copy`: Rust calls a plain copy that races with another one undefined, whatever the machine does.
    // SAFETY: the instruction reads and writes the two ranges that the caller vouches for, byte by byte as far as the
    // language is concerned. The direction flag is clear, as Rust and the ABI have it.
    unsafe {
        std::arch::asm!(
            "rep movsb",
            inout("rcx") length_bytes => _,
            inout("rsi") source => _,
            inout("rdi") destination => _,
            options(nostack, preserves_flags),
        );
    }
}

/// As above, for other machines.
///
/// # Safety
/// As above.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn copy_shared(source: *const u8, destination: *mut u8, length_bytes: usize) {
    use std::sync::atomic::{AtomicU8, Ordering};
    for index in 0..length_bytes {
        // SAFETY: within the source, which the caller vouches for; an AtomicU8 has the layout of a byte.
        let from = unsafe { AtomicU8::from_ptr(source.add(index).cast_mut()) };
        // SAFETY: within the destination, which the caller vouches for.
        let to = unsafe { AtomicU8::from_ptr(destination.add(index)) };
        to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use reactor::mapping::PAGE_BYTES;

    use super::*;
    use crate::zeros::zeros;

    fn mapping() -> &'static Mapping {
        Box::leak(Box::new(Mapping::new(PAGE_BYTES).unwrap()))
    }

    #[test]
    fn what_is_written_is_read_back_at_its_offset_and_nowhere_else() {
        let mapping = mapping();
        let window = Window::new(mapping, 512, 512, Access::Write);
        for offset in [0, 1, 7, 8, 255, 505] {
            window.write(offset, &[0xaa; 7]);
            let mut around = [0xff; 9];
            let before = offset.saturating_sub(1);
            let length = 9.min(512 - before);
            window.read(before, &mut around[..length]);
            assert_eq!(around[..length].iter().filter(|&&byte| byte == 0xaa).count(), 7, "offset {offset}");
            window.write(offset, &[0; 7]);
        }
        window.write(512, &[]);
    }

    #[test]
    #[should_panic(expected = "write beyond the window")]
    fn nothing_is_written_past_the_end() {
        Window::new(mapping(), 0, 512, Access::Write).write(510, &[0; 3]);
    }

    #[test]
    #[should_panic(expected = "read beyond the window")]
    fn nothing_is_read_past_the_end() {
        Window::new(mapping(), 0, 512, Access::Read).read(usize::MAX, &mut [0; 3]);
    }

    #[test]
    #[should_panic(expected = "not written")]
    fn a_window_for_reading_is_not_written() {
        Window::new(zeros().unwrap(), 0, 512, Access::Read).write(0, &[1]);
    }

    #[test]
    #[should_panic(expected = "beyond the mapping")]
    fn no_window_is_larger_than_its_mapping() {
        let _ = Window::new(mapping(), 4000, 512, Access::Read);
    }
}

//! The stack on which a thread handles its own faults: a stack that has overflowed cannot serve.

use std::cell::RefCell;
use std::io;
use std::ptr::{self, NonNull};

/// The size of such a stack, in bytes: unwinding needs some 10 KiB, finding names some 50 KiB. Pages that are never
/// touched take no memory.
pub(super) const SIZE_BYTES: usize = 256 * 1024;

/// An inaccessible part below it, in bytes: an overflow of this stack too is a fault and no overwriting.
const GUARD_BYTES: usize = 64 * 1024;

thread_local! {
    static COVER: RefCell<Option<AlternateStack>> = const { RefCell::new(None) };
}

/// Gives the calling thread a large stack for crash reports until it ends. Once a thread is enough.
///
/// # Errors
/// When there is no memory for it.
pub fn cover_this_thread() -> io::Result<()> {
    COVER.with(|cover| {
        let mut cover = cover.borrow_mut();
        if cover.is_none() {
            *cover = Some(AlternateStack::enter()?);
        }
        Ok(())
    })
}

/// Whether the calling thread is covered. Safe in a signal handler: one system call.
#[expect(unsafe_code, reason = "signal stacks have no safe interface")]
pub(super) fn is_ours() -> bool {
    let mut present = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: 0, ss_size: 0 };
    // SAFETY: the description is valid to write to, and nothing is changed.
    let result = unsafe { libc::sigaltstack(ptr::null(), &raw mut present) };
    result == 0 && present.ss_size == SIZE_BYTES
}

#[derive(Debug)]
struct AlternateStack {
    mapping: NonNull<libc::c_void>,
}

impl AlternateStack {
    #[expect(unsafe_code, reason = "signal stacks have no safe interface")]
    fn enter() -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK | libc::MAP_NORESERVE;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at a place of the kernel's choice overlaps nothing.
        let mapping = unsafe { libc::mmap(ptr::null_mut(), GUARD_BYTES + SIZE_BYTES, protection, flags, -1, 0) };
        let Some(mapping) = NonNull::new(mapping).filter(|mapping| mapping.as_ptr() != libc::MAP_FAILED) else {
            return Err(io::Error::last_os_error());
        };
        let stack = Self { mapping };
        // SAFETY: the range is the lower part of the mapping just made, which nothing refers to yet.
        if unsafe { libc::mprotect(mapping.as_ptr(), GUARD_BYTES, libc::PROT_NONE) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let bottom = mapping.as_ptr().wrapping_byte_add(GUARD_BYTES);
        let description = libc::stack_t { ss_sp: bottom, ss_flags: 0, ss_size: SIZE_BYTES };
        // SAFETY: the stack described stays mapped until `drop` has taken it away from this same thread: the value
        // lives in this thread's own storage.
        if unsafe { libc::sigaltstack(&raw const description, ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(stack)
    }
}

impl Drop for AlternateStack {
    #[expect(unsafe_code, reason = "signal stacks have no safe interface")]
    fn drop(&mut self) {
        let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        // SAFETY: the description is valid; this thread is not on that stack: destructors do not run in a handler.
        unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) };
        // SAFETY: the mapping is this value's own, and the kernel has just forgotten it as a stack.
        unsafe { libc::munmap(self.mapping.as_ptr(), GUARD_BYTES + SIZE_BYTES) };
    }
}

//! A small fixed pool of I/O buffers for one thread.
//!
//! Buffers come in four sizes. A request takes the smallest that fits and is free. All lie in one mapping, page-aligned,
//! so they suit `O_DIRECT` and can be registered with an io_uring as one piece; pages that were never used take no
//! memory. A buffer goes back when it is dropped.
//!
//! Cost: taking and returning are a few instructions on a list that never grows. No lock, no allocation.
//!
//! Invariants: a buffer's place in the mapping belongs to one [`IoBuffer`] at a time, and the mapping lives as long as
//! the pool or any of its buffers. All are bound to one thread; another thread or the kernel may be handed the bytes by
//! address while the owner keeps the [`IoBuffer`] and does not touch it.
#![expect(unsafe_code, reason = "buffers are slices of one mapping; each is handed out once")]

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::ptr::NonNull;
use std::rc::Rc;

use crate::mapping::Mapping;

/// How many buffers of which size a pool has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeClass {
    /// Size of each buffer. A multiple of the page size.
    pub buffer_bytes: usize,
    /// How many there are.
    pub count: u32,
}

/// What [`BufferPool::new`] has: 32 MiB in all, a quarter of them for small I/O. Ordered by size.
pub const DEFAULT_CLASSES: [SizeClass; 4] = [
    SizeClass { buffer_bytes: 4 * 1024, count: 1024 },
    SizeClass { buffer_bytes: 32 * 1024, count: 128 },
    SizeClass { buffer_bytes: 128 * 1024, count: 64 },
    SizeClass { buffer_bytes: LARGEST_BUFFER_BYTES, count: 16 },
];

/// The largest length that [`BufferPool::allocate`] can ever grant.
pub const LARGEST_BUFFER_BYTES: usize = 1024 * 1024;

/// Address space that a [`BufferPool::new`] takes, in bytes.
#[must_use]
pub fn pool_bytes() -> usize {
    DEFAULT_CLASSES.iter().map(|class| class.buffer_bytes * class.count as usize).sum()
}

/// The buffers of one thread.
#[derive(Debug)]
pub struct BufferPool(Rc<Inner>);

struct Inner {
    mapping: Mapping,
    classes: Box<[Class]>,
}

struct Class {
    size: SizeClass,
    /// Where its buffers begin in the mapping.
    offset: usize,
    free: RefCell<Vec<u32>>,
}

impl BufferPool {
    /// A pool with the [`DEFAULT_CLASSES`].
    ///
    /// # Errors
    /// When the kernel refuses the mapping.
    pub fn new() -> io::Result<Self> {
        Self::with_classes(&DEFAULT_CLASSES)
    }

    fn with_classes(sizes: &[SizeClass]) -> io::Result<Self> {
        let mut offset = 0;
        let mut classes = Vec::new();
        for &size in sizes {
            classes.push(Class { size, offset, free: RefCell::new((0..size.count).rev().collect()) });
            offset += size.buffer_bytes * size.count as usize;
        }
        Ok(Self(Rc::new(Inner { mapping: Mapping::new(offset)?, classes: classes.into() })))
    }

    /// A buffer of `length_bytes`. `None` when all that are large enough are taken, or when it is larger than
    /// [`LARGEST_BUFFER_BYTES`].
    ///
    /// Its content is whatever its last user left there.
    #[must_use]
    pub fn allocate(&self, length_bytes: usize) -> Option<IoBuffer> {
        self.0.classes.iter().enumerate().find_map(|(class_index, class)| {
            if class.size.buffer_bytes < length_bytes {
                return None;
            }
            let index = class.free.borrow_mut().pop()?;
            let offset = class.offset + index as usize * class.size.buffer_bytes;
            // In range: the mapping was made as long as all classes together.
            let base = self.0.mapping.base().as_ptr().wrapping_add(offset);
            let base = NonNull::new(base)?;
            Some(IoBuffer { pool: Rc::clone(&self.0), class_index, index, base, length_bytes })
        })
    }

    /// First byte and length of the memory that all buffers lie in, to be registered with the kernel.
    #[must_use]
    pub fn memory(&self) -> (NonNull<u8>, usize) {
        (self.0.mapping.base(), self.0.mapping.len())
    }

    /// The same pool once more, to keep its memory mapped.
    #[must_use]
    pub fn share(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.classes.iter().map(|class| (class.size, class.free.borrow().len())))
            .finish()
    }
}

/// A buffer out of a [`BufferPool`], as long as was asked for. Goes back when dropped.
pub struct IoBuffer {
    pool: Rc<Inner>,
    class_index: usize,
    index: u32,
    base: NonNull<u8>,
    length_bytes: usize,
}

impl IoBuffer {
    /// Its bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: the range is within the mapping that `pool` keeps, zero-initialised by the kernel, and belongs to this
        // value alone; `&self` rules out writers for the life of the slice.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.length_bytes) }
    }

    /// Its bytes, to change.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`; `&mut self` rules out everybody else.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), self.length_bytes) }
    }

    /// The first byte. Valid for [`len`](Self::len) bytes, to read and write, until the buffer is dropped; whoever uses
    /// it sees to it that no slice of the buffer is alive meanwhile.
    #[must_use]
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Length in bytes, as was asked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length_bytes
    }

    /// Whether no bytes were asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length_bytes == 0
    }
}

impl Drop for IoBuffer {
    fn drop(&mut self) {
        // Never grows: the list was made with room for all buffers of the class.
        self.pool.classes[self.class_index].free.borrow_mut().push(self.index);
    }
}

impl fmt::Debug for IoBuffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IoBuffer({} bytes at {:p})", self.length_bytes, self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::PAGE_BYTES;

    const SMALL: [SizeClass; 2] =
        [SizeClass { buffer_bytes: 4096, count: 2 }, SizeClass { buffer_bytes: 32 * 1024, count: 1 }];

    #[test]
    fn takes_the_smallest_that_fits_then_a_larger_one_then_none() {
        let pool = BufferPool::with_classes(&SMALL).unwrap();
        let class = |buffer: &IoBuffer| buffer.class_index;
        let first = pool.allocate(1).unwrap();
        let second = pool.allocate(4096).unwrap();
        let third = pool.allocate(512).unwrap();
        assert_eq!([class(&first), class(&second), class(&third)], [0, 0, 1]);
        assert_eq!([first.len(), second.len(), third.len()], [1, 4096, 512]);
        assert!(pool.allocate(512).is_none());
        drop(second);
        assert!(pool.allocate(4097).is_none());
        assert_eq!(class(&pool.allocate(4096).unwrap()), 0);
        drop(third);
        assert_eq!(class(&pool.allocate(4097).unwrap()), 1);
        assert!(pool.allocate(32 * 1024 + 1).is_none());
    }

    #[test]
    fn buffers_are_aligned_apart_and_within_the_memory() {
        let pool = BufferPool::new().unwrap();
        let mut buffers = Vec::new();
        for length in [4096, 32 * 1024, 128 * 1024, LARGEST_BUFFER_BYTES] {
            buffers.extend(std::iter::from_fn(|| pool.allocate(length)).take(3));
        }
        assert!(pool.allocate(LARGEST_BUFFER_BYTES + 1).is_none());
        let (base, length) = pool.memory();
        let mut ranges: Vec<_> = buffers
            .iter()
            .map(|buffer| {
                let start = buffer.base().as_ptr().addr();
                start..start + buffer.len()
            })
            .collect();
        ranges.sort_by_key(|range| range.start);
        assert_eq!(ranges.len(), 12);
        assert!(ranges.iter().all(|range| range.start.is_multiple_of(PAGE_BYTES)));
        assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
        assert!(ranges[0].start >= base.as_ptr().addr() && ranges[11].end <= base.as_ptr().addr() + length);
    }

    #[test]
    fn content_is_the_owners_and_outlives_the_pool() {
        let pool = BufferPool::with_classes(&SMALL).unwrap();
        let (mut first, mut second) = (pool.allocate(4096).unwrap(), pool.allocate(4096).unwrap());
        drop(pool);
        first.as_mut_slice().fill(1);
        second.as_mut_slice().fill(2);
        assert!(first.as_slice().iter().all(|&byte| byte == 1));
        assert!(second.as_slice().iter().all(|&byte| byte == 2));
    }

    #[test]
    fn every_buffer_comes_back() {
        let pool = BufferPool::with_classes(&SMALL).unwrap();
        for _ in 0..3 {
            let all: Vec<_> = std::iter::from_fn(|| pool.allocate(100)).collect();
            assert_eq!(all.len(), 3);
        }
    }
}

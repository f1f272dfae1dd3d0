//! Copies from and to a mapping of the file: a page fault instead of a system call.
//!
//! The mapping covers the job's part of the file and is made with the first I/O. With `direct=1`, the range is written
//! back and dropped after each I/O, as fio does. Where the file is cut short or the file system is full, the kernel sends
//! SIGBUS; [`fault`] turns that into an I/O error.
#![expect(unsafe_code, reason = "mappings of files")]

use std::ptr::NonNull;

use rustix::io::Errno;

use super::file_call::{self, last_error};
use super::{Description, Engine, EngineError, Io, OpenedFile, Operation, Outcome, Queued, Setup, Traits};

/// The options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MmapOptions {
    /// `thp`: ask for transparent huge pages, with a private mapping.
    pub huge_pages: bool,
}

/// The engine: a mapping a file.
#[derive(Debug)]
pub(super) struct MmapEngine {
    protection: libc::c_int,
    huge_pages: bool,
    direct: bool,
    /// The advice about it, if the kernel is told.
    order: Option<libc::c_int>,
    files: Vec<FileMapping>,
}

#[derive(Debug, Default)]
struct FileMapping {
    offset: u64,
    length_bytes: u64,
    memory: Option<Mapped>,
}

/// A part of a file in memory.
#[derive(Debug)]
struct Mapped {
    base: NonNull<u8>,
    offset: u64,
    length_bytes: usize,
}

impl Engine for MmapEngine {
    const DESCRIPTION: Description = Description {
        name: "mmap",
        summary: "memory mapped files: mmap(2), copying, msync(2)",
        traits: Traits { extends_files: false, opens_for_writing: false, ..Traits::SYNCHRONOUS },
    };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        fault::catch().map_err(|source| EngineError::System { engine: "mmap", what: "sigaction", source })?;
        let mut files = Vec::new();
        files.resize_with(setup.file_count as usize, FileMapping::default);
        Ok(Self {
            // A page that is written in part is read first.
            protection: if setup.writes { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ },
            huge_pages: setup.options.mmap.huge_pages,
            direct: setup.direct,
            order: setup.advised_random.map(|random| if random { libc::MADV_RANDOM } else { libc::MADV_SEQUENTIAL }),
            files,
        })
    }

    fn open_file(&mut self, file: &OpenedFile<'_>) -> Result<(), EngineError> {
        self.files[file.index as usize] =
            FileMapping { offset: file.offset, length_bytes: file.length_bytes, memory: None };
        Ok(())
    }

    fn close_file(&mut self, file: u32) {
        self.files[file as usize].memory = None;
    }

    #[inline]
    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        let result = match io.operation() {
            Operation::Read | Operation::Write => self.copy(io),
            Operation::Trim => return Queued::Done(file_call::without_data(io)),
            Operation::Sync | Operation::DataSync | Operation::SyncRange(_) => self.write_back(io),
        };
        Queued::Done(result.map_or_else(Outcome::failed, |()| Outcome::complete(io)))
    }
}

impl MmapEngine {
    #[inline]
    fn copy(&mut self, io: &mut Io) -> Result<(), Errno> {
        let length = io.length_bytes() as usize;
        let memory = self.memory_of(io)?;
        let page = memory.place(io.offset());
        let whole = fault::guard(page, length, || {
            if io.operation() == Operation::Write {
                // SAFETY: the mapping covers the range, and the buffer is not part of it. Others may write to the file at
                // the same moment: bytes are bytes.
                unsafe { page.copy_from_nonoverlapping(io.buffer(), length) };
            } else {
                // SAFETY: the same.
                unsafe { io.buffer().copy_from_nonoverlapping(page, length) };
            }
        });
        if !whole {
            // A page of the mapping is not the file's any more.
            self.files[io.file_index()].memory = None;
            return Err(Errno::IO);
        }
        if self.direct { drop_pages(page, length) } else { Ok(()) }
    }

    /// The mapping that the I/O lies in.
    #[inline]
    fn memory_of(&mut self, io: &Io) -> Result<&Mapped, Errno> {
        let index = io.file_index();
        let file = &self.files[index];
        if !file.memory.as_ref().is_some_and(|memory| memory.covers(io)) {
            let (offset, length_bytes) = if file.length_bytes > 0 && file.covers(io) {
                (file.offset, file.length_bytes)
            } else {
                (io.offset(), u64::from(io.length_bytes()))
            };
            self.files[index].memory = None;
            self.files[index].memory = Some(self.map(io, offset, length_bytes)?);
        }
        self.files[index].memory.as_ref().ok_or(Errno::IO)
    }

    fn map(&self, io: &Io, offset: u64, length_bytes: u64) -> Result<Mapped, Errno> {
        // A mapping begins at a page.
        let start = offset - offset % reactor::mapping::PAGE_BYTES as u64;
        let length_bytes = usize::try_from(length_bytes + offset - start).map_err(|_| Errno::NOMEM)?;
        let flags = if self.huge_pages { libc::MAP_PRIVATE } else { libc::MAP_SHARED };
        let place = libc::off_t::try_from(start).map_err(|_| Errno::OVERFLOW)?;
        // SAFETY: no address is asked for, so no existing mapping is touched.
        let base =
            unsafe { libc::mmap(std::ptr::null_mut(), length_bytes, self.protection, flags, io.descriptor(), place) };
        let base = NonNull::new(base.cast::<u8>()).filter(|base| base.as_ptr().cast() != libc::MAP_FAILED);
        let base = base.ok_or_else(last_error)?;
        for advice in self.order.into_iter().chain(self.huge_pages.then_some(libc::MADV_HUGEPAGE)) {
            // SAFETY: the range is the mapping just made. Advice may be refused.
            unsafe { libc::madvise(base.as_ptr().cast(), length_bytes, advice) };
        }
        Ok(Mapped { base, offset: start, length_bytes })
    }

    fn write_back(&self, io: &Io) -> Result<(), Errno> {
        let Some(memory) = &self.files[io.file_index()].memory else {
            return Ok(());
        };
        // SAFETY: the range is that of the mapping.
        let result = unsafe { libc::msync(memory.base.as_ptr().cast(), memory.length_bytes, libc::MS_SYNC) };
        if result == 0 { Ok(()) } else { Err(last_error()) }
    }
}

/// Writes the pages of a range back and lets them go.
fn drop_pages(start: NonNull<u8>, length_bytes: usize) -> Result<(), Errno> {
    let inside = start.as_ptr().addr() % reactor::mapping::PAGE_BYTES;
    // SAFETY: mappings begin at a page, so the page that the range begins in is part of its mapping.
    let page = unsafe { start.sub(inside) };
    let length_bytes = length_bytes + inside;
    // SAFETY: the range lies within a mapping.
    if unsafe { libc::msync(page.as_ptr().cast(), length_bytes, libc::MS_SYNC) } != 0 {
        return Err(last_error());
    }
    // SAFETY: the same; the content is in the file.
    if unsafe { libc::madvise(page.as_ptr().cast(), length_bytes, libc::MADV_DONTNEED) } != 0 {
        return Err(last_error());
    }
    Ok(())
}

impl FileMapping {
    fn covers(&self, io: &Io) -> bool {
        io.offset() >= self.offset
            && io.offset() + u64::from(io.length_bytes()) <= self.offset.saturating_add(self.length_bytes)
    }
}

impl Mapped {
    #[inline]
    fn covers(&self, io: &Io) -> bool {
        io.offset() >= self.offset
            && io.offset() + u64::from(io.length_bytes()) <= self.offset + self.length_bytes as u64
    }

    #[inline]
    fn place(&self, offset: u64) -> NonNull<u8> {
        let inside = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
        assert!(inside < self.length_bytes, "the offset lies within the mapping");
        // SAFETY: it does (asserted).
        unsafe { self.base.add(inside) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped in `map` and unmapped here only; no reference into it is kept.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.length_bytes) };
    }
}

/// Turns SIGBUS during a copy into an error.
///
/// The handler puts an anonymous page where the file has none, so that the copy goes on, and leaves a note. A fault
/// anywhere else ends the process, as it does without the handler.
mod fault {
    use std::cell::Cell;
    use std::io;
    use std::ptr::NonNull;
    use std::sync::OnceLock;

    use reactor::mapping::PAGE_BYTES;

    thread_local! {
        /// Addresses that this thread copies from or to, and whether one of them was missing.
        static RANGE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
        static MISSED: Cell<bool> = const { Cell::new(false) };
    }

    /// Installs the handler, once a process.
    pub(super) fn catch() -> io::Result<()> {
        static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
        INSTALLED.get_or_init(install).map_err(io::Error::from_raw_os_error)
    }

    fn install() -> Result<(), i32> {
        // SAFETY: all zeros is a valid `sigaction`.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = (handle as extern "C" fn(_, _, _)) as usize;
        action.sa_flags = libc::SA_SIGINFO;
        // SAFETY: the handler has the signature that SA_SIGINFO demands and does only what is safe in a handler.
        let result = unsafe { libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut()) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error().raw_os_error().unwrap_or(0)) }
    }

    /// Copies. Returns whether every byte was there.
    #[inline]
    pub(super) fn guard(start: NonNull<u8>, length_bytes: usize, copy: impl FnOnce()) -> bool {
        let start = start.as_ptr().addr();
        RANGE.set((start, start + length_bytes));
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
        copy();
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
        RANGE.set((0, 0));
        !MISSED.replace(false)
    }

    extern "C" fn handle(_signal: libc::c_int, information: *mut libc::siginfo_t, _context: *mut libc::c_void) {
        // SAFETY: the kernel passes the information of a fault.
        let information = unsafe { &*information };
        // SAFETY: SIGBUS comes with an address.
        let address = unsafe { information.si_addr() }.addr();
        let (start, end) = RANGE.get();
        let page = address - address % PAGE_BYTES;
        if page + PAGE_BYTES <= start || page >= end {
            // Not ours: the instruction is repeated and then ends the process.
            // SAFETY: sets the default action; no memory is passed.
            unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) };
            return;
        }
        MISSED.set(true);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        let place = std::ptr::without_provenance_mut(page);
        // SAFETY: the page belongs to the file's mapping, which is given up after the copy.
        unsafe { libc::mmap(place, PAGE_BYTES, protection, flags, -1, 0) };
    }
}

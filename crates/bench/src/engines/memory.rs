//! The memory of a job's I/Os: one mapping with a buffer for each slot, of the kind that the job asks for.
//!
//! Buffers begin at a multiple of the alignment; each following one begins where the longest I/O of the one before ends,
//! rounded up to 512 bytes, so that all of them suit direct I/O. Pages are taken when they are first touched.
#![expect(unsafe_code, reason = "mmap, shmget and friends; a mapping is the only owner of its range")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use reactor::mapping::PAGE_BYTES;

/// Each buffer begins at a multiple of this within the mapping: the smallest block of direct I/O.
const BUFFER_STEP_BYTES: usize = 512;
/// Size of a huge page where none is given. Parity: `hugepage-size`.
pub const HUGE_PAGE_BYTES: usize = 2 << 20;
/// Most bytes of buffers in one job.
pub const MEMORY_BYTES_MAX: usize = 1 << 46;

/// Where memory comes from. Parity: `iomem`, without `cudamalloc`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MemoryKind {
    /// `malloc`: ordinary memory.
    #[default]
    Malloc,
    /// `shm`: a System V shared memory segment.
    Shm,
    /// `shmhuge`: the same, of huge pages.
    ShmHuge,
    /// `mmap`: anonymous memory, or a private mapping of a file.
    Mmap,
    /// `mmaphuge`: huge pages, or a shared mapping of a file on hugetlbfs.
    MmapHuge,
    /// `mmapshared`: a shared mapping of a file, or shared anonymous memory.
    MmapShared,
}

/// What memory a job wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemorySettings {
    /// Where it comes from.
    pub kind: MemoryKind,
    /// The file behind `mmap:FILE` and its like. One that was not there is removed afterwards.
    pub file: Option<PathBuf>,
    /// `iomem_align`: the first buffer begins at a multiple of this; 0 or less than a page: at a page.
    pub alignment_bytes: usize,
    /// `hugepage-size`: bytes of a huge page, a power of two.
    pub huge_page_bytes: usize,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self { kind: MemoryKind::Malloc, file: None, alignment_bytes: 0, huge_page_bytes: HUGE_PAGE_BYTES }
    }
}

/// Why there is no memory.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// More than the machine can address.
    #[error("{depth} buffers of {length_bytes} bytes are more than a job may have")]
    TooMuch {
        /// Slots of the job.
        depth: u32,
        /// Longest I/O.
        length_bytes: u32,
    },
    /// Not a power of two.
    #[error("{what} is {bytes} bytes; it has to be a power of two")]
    PowerOfTwo {
        /// The option.
        what: &'static str,
        /// What it was given.
        bytes: usize,
    },
    /// The file behind the mapping.
    #[error("iomem: cannot use the file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// The kernel gives none.
    #[error("iomem: no {bytes} bytes of {what}{hint}")]
    Refused {
        /// Bytes that were asked for.
        bytes: usize,
        /// Of which memory.
        what: &'static str,
        /// What may help.
        hint: &'static str,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
}

/// The buffers of a job.
#[derive(Debug)]
pub struct IoMemory {
    range: Range,
    first: NonNull<u8>,
    step_bytes: usize,
    depth: u32,
}

// SAFETY: the memory belongs to the process, not to a thread; the value hands out addresses and nothing else.
unsafe impl Send for IoMemory {}
// SAFETY: through a shared reference only addresses can be had, which never change.
unsafe impl Sync for IoMemory {}

impl IoMemory {
    /// Buffers for `depth` slots and I/Os of up to `length_bytes` bytes.
    ///
    /// # Errors
    /// When the settings contradict themselves or the kernel has no such memory.
    pub fn new(settings: &MemorySettings, depth: u32, length_bytes: u32) -> Result<Self, MemoryError> {
        let alignment_bytes = settings.alignment_bytes.max(PAGE_BYTES);
        for (what, bytes) in [("iomem_align", alignment_bytes), ("hugepage-size", settings.huge_page_bytes)] {
            if !bytes.is_power_of_two() {
                return Err(MemoryError::PowerOfTwo { what, bytes });
            }
        }
        let step_bytes = (length_bytes as usize).next_multiple_of(BUFFER_STEP_BYTES).max(BUFFER_STEP_BYTES);
        let total = step_bytes.checked_mul(depth as usize).and_then(|bytes| bytes.checked_add(alignment_bytes));
        let total = total.filter(|&total| total <= MEMORY_BYTES_MAX);
        let total = total.ok_or(MemoryError::TooMuch { depth, length_bytes })?;
        let range = Range::new(settings, total)?;
        let padding = range.base.as_ptr().align_offset(alignment_bytes);
        // SAFETY: the range is longer than all buffers by a whole alignment, and the padding is less than that.
        let first = unsafe { range.base.add(padding) };
        Ok(Self { range, first, step_bytes, depth })
    }

    /// The buffer of a slot, valid for the longest I/O while this lives.
    ///
    /// # Panics
    /// When there is no such slot.
    #[inline]
    #[must_use]
    pub fn buffer(&self, slot: u32) -> NonNull<u8> {
        assert!(slot < self.depth, "slot {slot} of {}", self.depth);
        // SAFETY: the buffer lies within the range (asserted).
        unsafe { self.first.add(slot as usize * self.step_bytes) }
    }

    /// Slots that there are buffers for.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Bytes of each buffer: the longest I/O, rounded up to 512.
    #[must_use]
    pub fn buffer_bytes(&self) -> usize {
        self.step_bytes
    }

    /// Bytes of memory that were asked of the kernel.
    #[must_use]
    pub fn total_bytes(&self) -> usize {
        self.range.length_bytes
    }
}

/// A range of memory and how to give it back.
#[derive(Debug)]
struct Range {
    base: NonNull<u8>,
    length_bytes: usize,
    shared_segment: bool,
    /// A file to be removed at the end.
    remove: Option<PathBuf>,
}

impl Range {
    fn new(settings: &MemorySettings, total: usize) -> Result<Self, MemoryError> {
        let huge = total.next_multiple_of(settings.huge_page_bytes);
        let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        match settings.kind {
            MemoryKind::Malloc => Self::map(total, private, "memory"),
            MemoryKind::Shm => Self::segment(total, 0),
            MemoryKind::ShmHuge => Self::segment(huge, libc::SHM_HUGETLB),
            MemoryKind::Mmap => match &settings.file {
                Some(path) => Self::map_file(path, total, libc::MAP_PRIVATE),
                None => Self::map(total, private, "memory"),
            },
            MemoryKind::MmapShared => match &settings.file {
                Some(path) => Self::map_file(path, total, libc::MAP_SHARED),
                None => Self::map(total, libc::MAP_SHARED | libc::MAP_ANONYMOUS, "shared memory"),
            },
            MemoryKind::MmapHuge => match &settings.file {
                Some(path) => Self::map_file(path, huge, libc::MAP_SHARED),
                None => Self::map(huge, private | libc::MAP_HUGETLB, "huge pages"),
            },
        }
    }

    fn map(length_bytes: usize, flags: libc::c_int, what: &'static str) -> Result<Self, MemoryError> {
        let base = mmap(length_bytes, flags, -1).map_err(|source| refused(length_bytes, what, source))?;
        Ok(Self { base, length_bytes, shared_segment: false, remove: None })
    }

    fn map_file(path: &Path, length_bytes: usize, flags: libc::c_int) -> Result<Self, MemoryError> {
        let wrong = |source| MemoryError::File { path: path.to_owned(), source };
        let existed = path.exists();
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(wrong)?;
        let remove = (!existed).then(|| path.to_owned());
        let mapped = (|| {
            if file.metadata()?.len() < length_bytes as u64 {
                file.set_len(length_bytes as u64)?;
            }
            mmap(length_bytes, flags, file.as_raw_fd())
        })();
        match mapped {
            Ok(base) => Ok(Self { base, length_bytes, shared_segment: false, remove }),
            Err(error) => {
                if let Some(path) = remove {
                    let _ = std::fs::remove_file(path);
                }
                Err(wrong(error))
            }
        }
    }

    /// A segment that goes away with its last user.
    fn segment(length_bytes: usize, flags: libc::c_int) -> Result<Self, MemoryError> {
        let what = if flags == 0 { "shared memory (shmget)" } else { "huge pages (shmget)" };
        // SAFETY: makes a segment; no memory is passed.
        let id = unsafe { libc::shmget(libc::IPC_PRIVATE, length_bytes, libc::IPC_CREAT | 0o600 | flags) };
        if id < 0 {
            return Err(refused(length_bytes, what, io::Error::last_os_error()));
        }
        // SAFETY: no address is asked for, so no existing mapping is touched.
        let base = unsafe { libc::shmat(id, std::ptr::null(), 0) };
        let error = io::Error::last_os_error();
        // SAFETY: marks our own segment for removal, which happens when it is detached.
        unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) };
        match NonNull::new(base.cast::<u8>()).filter(|base| base.as_ptr().addr() != usize::MAX) {
            Some(base) => Ok(Self { base, length_bytes, shared_segment: true, remove: None }),
            None => Err(refused(length_bytes, what, error)),
        }
    }
}

fn refused(bytes: usize, what: &'static str, source: io::Error) -> MemoryError {
    let hint = if what.starts_with("huge") { "; huge pages are set aside with `sysctl vm.nr_hugepages=N`" } else { "" };
    MemoryError::Refused { bytes, what, hint, source }
}

fn mmap(length_bytes: usize, flags: libc::c_int, file: libc::c_int) -> io::Result<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: no address is asked for, so no existing mapping is touched.
    let base = unsafe { libc::mmap(std::ptr::null_mut(), length_bytes, protection, flags, file, 0) };
    if base == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(base.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

impl Drop for Range {
    fn drop(&mut self) {
        let base = self.base.as_ptr().cast();
        if self.shared_segment {
            // SAFETY: attached in `segment` and detached here only.
            unsafe { libc::shmdt(base) };
        } else {
            // SAFETY: mapped in `mmap` and unmapped here only. Users of buffers are gone, as `IoMemory::buffer` demands.
            unsafe { libc::munmap(base, self.length_bytes) };
        }
        if let Some(path) = &self.remove {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Memory that is kept from everybody else, to make the machine seem smaller. Parity: `lockmem`.
#[derive(Debug)]
pub struct LockedMemory {
    _range: Range,
}

impl LockedMemory {
    /// Takes and pins so many bytes.
    ///
    /// # Errors
    /// When the kernel has no such memory, or allows no such amount to be locked (`RLIMIT_MEMLOCK`).
    pub fn new(bytes: usize) -> Result<Self, MemoryError> {
        let range = Range::map(bytes, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, "memory")?;
        // SAFETY: the range is our own mapping.
        if unsafe { libc::mlock(range.base.as_ptr().cast(), bytes) } != 0 {
            let source = io::Error::last_os_error();
            let hint = "; the limit is `ulimit -l`";
            return Err(MemoryError::Refused { bytes, what: "locked memory (lockmem)", hint, source });
        }
        Ok(Self { _range: range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes to the ends of each buffer and reads all of them back.
    fn use_all(memory: &IoMemory, length_bytes: usize) {
        for slot in 0..memory.depth() {
            let [value, ..] = (slot + 1).to_le_bytes();
            // SAFETY: the buffer is valid for its length.
            unsafe { memory.buffer(slot).write_bytes(value, length_bytes) };
        }
        for slot in 0..memory.depth() {
            let [value, ..] = (slot + 1).to_le_bytes();
            // SAFETY: the same, and it was written.
            let bytes = unsafe { std::slice::from_raw_parts(memory.buffer(slot).as_ptr(), length_bytes) };
            assert!(bytes.iter().all(|&byte| byte == value), "slot {slot}");
        }
    }

    #[test]
    fn every_kind_gives_aligned_buffers_that_do_not_overlap() {
        for kind in [MemoryKind::Malloc, MemoryKind::Shm, MemoryKind::Mmap, MemoryKind::MmapShared] {
            for (alignment_bytes, length_bytes) in [(0, 1000), (8192, 4096), (65536, 512)] {
                let settings = MemorySettings { kind, alignment_bytes, ..MemorySettings::default() };
                let memory = IoMemory::new(&settings, 5, length_bytes).unwrap();
                let first = memory.buffer(0).as_ptr().addr();
                assert_eq!(first % alignment_bytes.max(PAGE_BYTES), 0, "{kind:?} {alignment_bytes}");
                assert_eq!(memory.buffer(1).as_ptr().addr() - first, length_bytes.next_multiple_of(512) as usize);
                use_all(&memory, length_bytes as usize);
            }
        }
    }

    #[test]
    fn a_file_that_was_not_there_goes_away_again_and_one_that_was_stays() {
        let folder = std::env::temp_dir().join(format!("bench-memory-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for existed in [false, true] {
            let path = folder.join(format!("behind-{existed}"));
            if existed {
                std::fs::write(&path, b"x").unwrap();
            }
            let settings =
                MemorySettings { kind: MemoryKind::MmapShared, file: Some(path.clone()), ..MemorySettings::default() };
            let memory = IoMemory::new(&settings, 2, 4096).unwrap();
            use_all(&memory, 4096);
            drop(memory);
            assert_eq!(path.exists(), existed);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_cannot_be_is_told() {
        let odd = MemorySettings { alignment_bytes: 5000, ..MemorySettings::default() };
        assert_eq!(
            IoMemory::new(&odd, 1, 512).unwrap_err().to_string(),
            "iomem_align is 5000 bytes; it has to be a power of two"
        );
        let error = IoMemory::new(&MemorySettings::default(), u32::MAX, u32::MAX).unwrap_err();
        assert!(matches!(error, MemoryError::TooMuch { .. }), "{error}");
        let nowhere = MemorySettings {
            kind: MemoryKind::Mmap,
            file: Some("/nonexistent/file".into()),
            ..MemorySettings::default()
        };
        assert!(matches!(IoMemory::new(&nowhere, 1, 512), Err(MemoryError::File { .. })));
    }

    #[test]
    fn locked_memory_is_resident() {
        let locked = LockedMemory::new(1 << 20).unwrap();
        let mut pages = vec![0_u8; 256];
        // SAFETY: the range is that of the mapping, and there is a byte of answer for each of its pages.
        let result = unsafe { libc::mincore(locked._range.base.as_ptr().cast(), 1 << 20, pages.as_mut_ptr()) };
        assert_eq!(result, 0);
        assert!(pages.iter().all(|page| page & 1 == 1));
    }
}

//! What process lists show of this process: its title (`ps`, `/proc/PID/cmdline`) and its command name (`top`,
//! `/proc/PID/comm`).
//!
//! The kernel takes the title from wherever it is told the arguments lie. It is told of memory of our own, so a title is
//! never cut, and neither the real arguments nor the environment are written over: both stay readable. Linux 3.18 and
//! `CONFIG_CHECKPOINT_RESTORE`, which every distribution sets; no privilege is needed.

use std::ffi::CString;
use std::io;
use std::sync::{Mutex, PoisonError};

/// The longest command name, in bytes: what the kernel keeps.
pub const COMMAND_NAME_LIMIT_BYTES: usize = 15;

/// The title that the kernel reads, for as long as it may do so.
static SHOWN: Mutex<Option<Box<[u8]>>> = Mutex::new(None);

/// Shows this text in the place of the command line, whatever its length. It does not pass on to what is executed later.
/// For a process with one thread: the kernel has to be told where the heap ends, and another thread could move that.
///
/// # Errors
/// When the kernel cannot do it or `/proc` is missing; then nothing has changed. Good to log, no reason to stop.
pub fn set_title(text: &str) -> io::Result<()> {
    let title: Box<[u8]> = text.bytes().map(|byte| if byte == 0 { b' ' } else { byte }).chain([0]).collect();
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let mut map = MemoryMap::showing(&title, &stat).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    map.apply()?;
    // Only now may the title before be freed.
    *shown = Some(title);
    Ok(())
}

/// Names the calling thread; from the main thread, the process. At most [`COMMAND_NAME_LIMIT_BYTES`] of it are kept.
///
/// # Errors
/// When the name contains a zero byte.
pub fn set_command_name(name: &str) -> io::Result<()> {
    let name = CString::new(&name[..name.floor_char_boundary(COMMAND_NAME_LIMIT_BYTES)])?;
    Ok(rustix::thread::set_name(&name)?)
}

/// The kernel's `struct prctl_mm_map`: where it takes the parts of a process to be.
#[repr(C)]
#[derive(Debug)]
struct MemoryMap {
    start_code: u64,
    end_code: u64,
    start_data: u64,
    end_data: u64,
    start_brk: u64,
    /// Filled in by [`MemoryMap::apply`].
    brk: u64,
    start_stack: u64,
    arg_start: u64,
    arg_end: u64,
    env_start: u64,
    env_end: u64,
    /// None: the auxiliary vector stays.
    auxv: u64,
    auxv_size: u32,
    /// No descriptor: the executable stays.
    exe_fd: u32,
}

impl MemoryMap {
    /// What holds now, according to `/proc/self/stat`, with other arguments. `None` when a field is missing.
    fn showing(title: &[u8], stat: &str) -> Option<Self> {
        // The fields as proc(5) numbers them; the first two, which may hold any character, are skipped.
        let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let arg_start = u64::try_from(title.as_ptr().addr()).ok()?;
        Some(Self {
            start_code: field(26)?,
            end_code: field(27)?,
            start_data: field(45)?,
            end_data: field(46)?,
            start_brk: field(47)?,
            brk: 0,
            start_stack: field(28)?,
            arg_start,
            arg_end: arg_start + u64::try_from(title.len()).ok()?,
            env_start: field(50)?,
            env_end: field(51)?,
            auxv: 0,
            auxv_size: 0,
            exe_fd: u32::MAX,
        })
    }

    #[expect(unsafe_code, reason = "rustix has no PR_SET_MM_MAP")]
    fn apply(&mut self) -> io::Result<()> {
        // Last, since each allocation may move it.
        self.brk = heap_end();
        let (map, size) = (std::ptr::from_ref(self), size_of::<Self>());
        // SAFETY: the kernel reads `size` bytes of a structure of the layout that it documents, and itself reads no
        // memory through the addresses but for others to look at. All of them are what holds already, except for the
        // arguments, which nothing in the process finds by way of the kernel; `SHOWN` keeps those.
        let result = unsafe { libc::prctl(libc::PR_SET_MM, libc::PR_SET_MM_MAP, map, size, 0) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

/// The end of the heap that the C library may grow, which `/proc` does not tell.
#[expect(unsafe_code, reason = "a system call that has no safe interface")]
fn heap_end() -> u64 {
    // SAFETY: an address that the kernel refuses changes nothing; it answers with the end as it is.
    let end = unsafe { libc::syscall(libc::SYS_brk, 0) };
    end.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c02_the_layout_is_the_kernels() {
        let mut size: libc::c_uint = 0;
        #[expect(unsafe_code, reason = "rustix has no PR_SET_MM_MAP_SIZE")]
        // SAFETY: the kernel writes one number to a valid place.
        let result = unsafe { libc::prctl(libc::PR_SET_MM, libc::PR_SET_MM_MAP_SIZE, &raw mut size, 0, 0) };
        assert_eq!((result, size as usize), (0, size_of::<MemoryMap>()));
    }

    #[test]
    fn fields_are_found_behind_any_name() {
        let numbers: Vec<String> = (3..=52).map(|number| number.to_string()).collect();
        let map = MemoryMap::showing(b"x\0", &format!("1 (a) b) {}", numbers.join(" "))).unwrap();
        assert_eq!((map.start_code, map.start_stack, map.start_brk, map.env_end), (26, 28, 47, 51));
        assert_eq!(map.arg_end - map.arg_start, 2);
        assert!(MemoryMap::showing(b"", "1 (a) 3 4 5").is_none());
    }
}

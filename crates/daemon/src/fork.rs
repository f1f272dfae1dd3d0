//! The one place that forks.

use std::io;

use rustix::process::Pid;

/// Which of the two processes this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forked {
    /// The one that went on; the other's process id.
    Parent(Pid),
    /// The new one.
    Child,
}

/// Splits this process in two.
///
/// # Errors
/// When there are other threads, whose locks the child could wait for in vain; when the kernel grants no process.
pub(crate) fn fork() -> io::Result<Forked> {
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        return Err(io::Error::other(format!("{threads} threads run; a process that splits may have one only")));
    }
    // SAFETY: this is the only thread, so every lock of the allocator and of the standard library is free in the child,
    // which may do all that the parent may.
    #[expect(unsafe_code, reason = "rustix has no fork")]
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Forked::Child),
        pid => Pid::from_raw(pid).map(Forked::Parent).ok_or_else(|| io::Error::other("fork gave a negative id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a13_a_process_with_threads_does_not_split() {
        // The test runs in a thread beside the main one.
        let refused = fork().unwrap_err();
        assert!(refused.to_string().contains("threads run"), "{refused}");
    }
}
